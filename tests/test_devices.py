from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vcam_emoji import devices
from vcam_emoji.devices import CameraDevice
from vcam_emoji.errors import CameraError

INNER = CameraDevice("/dev/video0", "Integrated Camera", 0)
OUTER = CameraDevice("/dev/video4", "HD Pro Webcam C920", 1)
OURS = CameraDevice("/dev/video10", "Virtual Camera", None, virtual=True)
KNOWN = [INNER, OUTER, OURS]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("0", INNER),
        ("1", OUTER),
        ("4", OUTER),
        ("/dev/video4", OUTER),
        ("c920", OUTER),
        ("CAMERA", INNER),
    ],
)
def test_a_camera_is_found_by_index_path_or_part_of_its_name(
    wanted: str, found: CameraDevice
) -> None:
    assert devices.find(wanted, KNOWN) is found


def test_a_whole_name_means_that_camera_and_not_a_longer_one() -> None:
    longer = CameraDevice("/dev/video0", "HD Webcam C270", 0)
    plain = CameraDevice("/dev/video2", "HD Webcam", 1)
    assert devices.find("HD Webcam", [longer, plain]) is plain
    assert devices.find("hd webcam", [longer, plain]) is plain


def test_of_cameras_that_are_called_alike_the_path_tells_which() -> None:
    path = r"\\?\usb#vid_046d&pid_0825&mi_00#7&1#{65e8773d}\global"
    first = CameraDevice(path.replace("7&1", "7&0"), "C270", 0)
    second = CameraDevice(path, "C270", 1)
    assert devices.find(path, [first, second]) is second
    assert devices.is_webcam(path)


@pytest.mark.parametrize("wanted", ["/dev/video10", "virtual"])
def test_a_virtual_camera_is_refused_as_a_source(wanted: str) -> None:
    with pytest.raises(CameraError, match="is a virtual camera") as caught:
        devices.find(wanted, KNOWN)
    assert "0 (Integrated Camera), 1 (HD Pro Webcam C920)" in caught.value.hint


@pytest.mark.parametrize("wanted", ["10", "2", "/dev/video9", "kinect"])
def test_what_is_not_there_is_named_with_what_is(wanted: str) -> None:
    with pytest.raises(CameraError) as caught:
        devices.find(wanted, KNOWN)
    assert "Integrated Camera" in caught.value.hint


def test_with_no_camera_at_all_the_hint_is_to_plug_one_in() -> None:
    with pytest.raises(CameraError, match="No camera was found") as caught:
        devices.find("0", [OURS])
    assert "Plug one in" in caught.value.hint


def test_a_link_to_a_device_is_followed() -> None:
    # /dev/fd is a link on every Linux; cameras have theirs below /dev/v4l/by-id.
    camera = CameraDevice(os.path.realpath("/dev/fd"), "Linked", 0)
    assert devices.find("/dev/fd", [camera]) is camera


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_whoever_holds_a_file_open_is_named(tmp_path: Path) -> None:
    held = tmp_path / "device"
    held.touch()
    assert devices.holders(str(held)) == []
    code = "import sys; f = open(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(held)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert [each.rpartition(" ")[2] for each in devices.holders(str(held))] == [
            f"({process.pid})"
        ]
        process.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="the lister needs a package elsewhere")
def test_the_list_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert devices.run(argparse.Namespace(json=True)) == 0
    listed = json.loads(capsys.readouterr().out)
    assert set(listed) == {"devices"}


def test_listing_needs_no_cv2() -> None:
    code = "import sys, vcam_emoji.devices, vcam_emoji.doctor; sys.exit('cv2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
