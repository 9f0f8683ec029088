from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from vcam_emoji.devices import CameraDevice
from vcam_emoji.errors import VirtualCameraError
from vcam_emoji.virtual_camera import VideoFile, candidates, open_sink

WEBCAM = CameraDevice("/dev/video0", "HD Webcam", 0)
FED = CameraDevice("/dev/video10", "Virtual Camera", None, virtual=True, fed=True)
FREE = CameraDevice("/dev/video11", "Virtual Camera 2", None, virtual=True)


def test_without_a_virtual_camera_the_hint_is_the_line_that_makes_one() -> None:
    with pytest.raises(VirtualCameraError, match="No virtual camera was found") as caught:
        candidates("auto", [WEBCAM])
    assert "modprobe v4l2loopback" in caught.value.hint
    assert "exclusive_caps=1" in caught.value.hint
    assert 'card_label="Virtual Camera"' in caught.value.hint


@pytest.mark.parametrize("output", ["auto", "v4l2loopback"])
def test_a_free_virtual_camera_goes_before_one_that_another_program_feeds(output: str) -> None:
    assert candidates(output, [WEBCAM, FED, FREE]) == [FREE, FED]


def test_a_path_means_that_device_alone() -> None:
    assert candidates("/dev/video10", [WEBCAM, FED, FREE]) == [FED]


def test_a_webcam_is_no_output() -> None:
    with pytest.raises(VirtualCameraError, match=r"HD Webcam .* is a webcam"):
        candidates("/dev/video0", [WEBCAM, FREE])


def test_a_missing_path_names_those_that_are_there() -> None:
    with pytest.raises(VirtualCameraError, match="no virtual camera at /dev/video33") as caught:
        candidates("/dev/video33", [WEBCAM, FREE])
    assert "/dev/video11 (Virtual Camera 2)" in caught.value.hint


def test_a_missing_path_is_made_by_the_line_in_the_hint() -> None:
    with pytest.raises(VirtualCameraError) as caught:
        candidates("/dev/video33", [WEBCAM])
    assert "video_nr=33" in caught.value.hint


def test_a_word_that_means_nothing_is_refused() -> None:
    with pytest.raises(VirtualCameraError, match="There is no output called 'obs'"):
        candidates("obs", [WEBCAM])


@pytest.mark.parametrize(("asked", "size"), [((641, 481), (640, 480)), ((640, 480), (640, 480))])
def test_sizes_are_even(asked: tuple[int, int], size: tuple[int, int]) -> None:
    sink = open_sink("none", *asked, 30)
    assert sink.size == size
    sink.send(np.zeros((size[1], size[0], 3), np.uint8))
    sink.close()


def test_a_video_file_appears_whole_when_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    sink = open_sink(str(path), 161, 121, 25)
    assert sink.size == (160, 120)
    red = np.zeros((120, 160, 3), np.uint8)
    red[..., 2] = 255
    for _ in range(10):
        sink.send(red)
    assert not path.exists()
    sink.close()
    sink.close()
    assert [each.name for each in tmp_path.iterdir()] == ["out.mp4"]
    video = cv2.VideoCapture(str(path))
    assert video.get(cv2.CAP_PROP_FPS) == 25
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 10
    _, image = video.read()
    np.testing.assert_allclose(image.reshape(-1, 3).mean(0), (0, 0, 255), atol=8)


def film_of(path: Path, times: Sequence[float]) -> float:
    """Seconds that a film of pictures sent at those times plays."""
    now = [0.0]
    sink = VideoFile(path, 64, 48, 20, clock=lambda: now[0])
    for each in times:
        now[0] = each
        sink.send(np.zeros((48, 64, 3), np.uint8))
    sink.close()
    video = cv2.VideoCapture(str(path))
    return float(video.get(cv2.CAP_PROP_FRAME_COUNT) / video.get(cv2.CAP_PROP_FPS))


@pytest.mark.parametrize("rate", [5, 12.5, 20, 30, 60])
def test_a_film_plays_as_long_as_it_took(tmp_path: Path, rate: float) -> None:
    times = np.arange(0, 10, 1 / rate)
    assert film_of(tmp_path / "out.mp4", times.tolist()) == pytest.approx(10, abs=0.6)


def test_a_machine_that_slept_leaves_no_hour_of_one_picture(tmp_path: Path) -> None:
    assert film_of(tmp_path / "out.mp4", [0, 0.05, 0.1, 3600, 3600.05]) < 1


def test_no_film_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(b"a film of yesterday")
    for _ in range(2):
        sink = open_sink(str(path), 64, 48, 25)
        sink.send(np.zeros((48, 64, 3), np.uint8))
        sink.close()
    assert "out-3.mp4" in sink.description
    assert path.read_bytes() == b"a film of yesterday"
    assert {each.name for each in tmp_path.iterdir()} == {"out.mp4", "out-2.mp4", "out-3.mp4"}


def test_the_home_folder_of_nobody_is_one_sentence() -> None:
    with pytest.raises(VirtualCameraError, match="cannot be written"):
        open_sink("~nobody-at-all/out.mp4", 64, 48, 25)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(VirtualCameraError, match="There is no folder"):
        open_sink(str(tmp_path / "nowhere" / "out.mp4"), 160, 120, 25)
