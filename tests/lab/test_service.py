"""The service with real devices and a real browser."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.lab.conftest import QUADRANTS, Lab, Portrait
from tests.lab.guest import Report

assert sys.platform == "linux"  # for mypy: the lab is skipped elsewhere

pytestmark = [pytest.mark.lab, pytest.mark.timeout(330)]

FRAMES = 90


@pytest.fixture(scope="module")
def meeting(lab: Lab, portrait: Portrait) -> Report:
    x, y = portrait.face
    png = lab.folder / "seen.png"
    return lab.act(
        "meeting",
        *(str(x), str(y), str(png), str(FRAMES)),
        options=("--feed", str(portrait.path), "--no-vivid"),
    )


def test_the_service_reads_the_webcam_and_publishes(meeting: Report) -> None:
    live = meeting["live"]
    assert live["state"] == "live"
    assert live["camera_description"] == "Webcam, 1280x720 at 30, YUYV"
    assert live["output"] == "Virtual Camera (/dev/video10), 1280x720 at 30"
    assert len(live["faces"]) == 1
    assert live["trouble"] == ""


@pytest.mark.usefixtures("chromium")
def test_a_browser_lists_the_virtual_camera_by_its_label_and_shows_it(meeting: Report) -> None:
    seen = meeting["seen"]
    assert seen.get("ok"), seen
    assert "Virtual Camera" in seen["cameras"]
    assert seen["selected"] == "Virtual Camera"
    assert seen["video"] == {"width": 1280, "height": 720}
    assert seen["distinct_top_rows"] > 1


@pytest.mark.usefixtures("chromium")
def test_a_red_emoji_is_red_in_the_browser(meeting: Report, portrait: Portrait, lab: Lab) -> None:
    (shot,) = meeting["seen"]["shots"]
    (colour,) = shot["pixels"].values()
    np.testing.assert_allclose(colour, (255, 0, 0), atol=24)
    picture = cv2.imread(str(lab.folder / "seen.png"))
    assert picture is not None
    assert picture.shape == (720, 1280, 3)


@pytest.mark.usefixtures("chromium")
def test_the_browser_gets_most_of_what_the_service_publishes(meeting: Report) -> None:
    """A ratio: service, browser and webcam share the guest's one processor with whatever runs."""
    seen = meeting["seen"]
    assert seen["frames_delivered"] >= FRAMES
    assert seen["fps_delivered"] >= 0.4 * meeting["after"]["fps"]


def test_a_second_start_is_refused_with_a_sentence(meeting: Report) -> None:
    second = meeting["second_start"]
    assert second["status"] == 3
    assert "already running" in second["said"]
    assert "vcam-emoji quit" in second["said"]


def test_the_service_ends_cleanly_when_asked_and_when_terminated(meeting: Report) -> None:
    assert meeting["ended"] == 0
    assert meeting["terminated"] == 0


@pytest.mark.usefixtures("chromium")
def test_the_virtual_camera_survives_a_second_run(meeting: Report) -> None:
    assert meeting["second_run"]["output"] == "Virtual Camera (/dev/video10), 1280x720 at 30"
    assert meeting["second_seen"].get("ok"), meeting["second_seen"]


@pytest.mark.usefixtures("chromium")
def test_the_camera_is_open_only_while_a_browser_shows_the_virtual_one(
    lab: Lab, quadrants: Path
) -> None:
    report = lab.act("on_demand", options=("--feed", str(quadrants), "--no-vivid"))
    assert report["before"]["status"]["state"] == "standby"
    assert not report["before"]["filmed_by"]
    assert "Virtual Camera" in report["listed"]["cameras"]
    assert report["after_listing"]["status"]["frames"] == 0, "listing cameras opens none"
    assert not report["after_listing"]["filmed_by"]
    assert report["watched"]["status"]["state"] == "live"
    assert len(report["watched"]["filmed_by"]) == 1
    assert report["seen"].get("ok"), report["seen"]
    (shot,) = report["seen"]["shots"]
    np.testing.assert_allclose(shot["pixels"]["80,60"], QUADRANTS["80,60"], atol=24)
    assert report["after"]["status"]["state"] == "standby"
    assert not report["after"]["filmed_by"]


def test_without_the_drivers_help_viewers_are_those_who_hold_it_open(lab: Lab) -> None:
    report = lab.act("openers", options=("--no-webcam", "--no-vivid"))
    assert report == {"before": False, "listed": False, "watched": True, "after": False}


@pytest.mark.usefixtures("chromium")
@pytest.mark.parametrize("form", ["yuyv", "mjpeg"])
def test_the_webcams_colours_are_right_in_the_browser(lab: Lab, quadrants: Path, form: str) -> None:
    options = ("--feed", str(quadrants), "--feed-format", form, "--no-vivid")
    report = lab.act("plain", options=options)
    assert report["status"]["state"] == "live"
    (shot,) = report["seen"]["shots"]
    for place, expected in QUADRANTS.items():
        np.testing.assert_allclose(shot["pixels"][place], expected, atol=24, err_msg=place)
    grey = shot["pixels"]["560,300"]
    assert max(grey) - min(grey) < 12


def test_a_camera_that_is_busy_or_unplugged_is_named_and_comes_back(lab: Lab) -> None:
    report = lab.act("troubles", options=("--no-webcam",))
    assert "vivid (/dev/video20) is used by another program." in report["busy"]["trouble"]
    assert "Close v4l2-ctl" in report["busy"]["trouble"]
    assert report["busy"]["state"] == "no camera"
    findings = {each["name"]: each for each in report["doctor"]["findings"]}
    assert "used by v4l2-ctl" in findings["camera"]["message"]
    assert findings["v4l2loopback"]["ok"]
    assert findings["virtual camera"]["ok"]
    listed = {each["path"]: each for each in report["devices"]["devices"]}
    assert listed["/dev/video20"]["busy"]
    assert listed["/dev/video20"]["index"] == 0
    assert listed["/dev/video10"]["virtual"]
    assert report["free"]["state"] == "live"
    assert report["free"]["trouble"] == ""
    assert report["unplugged"]["state"] == "no camera"
    assert report["unplugged"]["trouble"] == "vivid was unplugged. Plug it in again."
    assert report["plugged"]["state"] == "live"
    assert report["reset"]["frames"] > report["plugged"]["frames"] + 30


def test_a_camera_that_falls_silent_is_named_and_comes_back(lab: Lab, quadrants: Path) -> None:
    report = lab.act("stall", options=("--feed", str(quadrants), "--no-vivid"))
    assert report["live"]["state"] == "live"
    assert "Webcam, 640x360" in report["silent"]["trouble"]
    assert "sends no pictures." in report["silent"]["trouble"]
    assert report["again"]["state"] == "live"
    assert report["again"]["frames"] > report["silent"]["frames"]


def test_a_missing_module_is_named_and_the_doctors_command_mends_it(lab: Lab) -> None:
    report = lab.act("no_module", options=("--no-vivid", "--virtual", "0"))
    assert "No virtual camera was found." in report["missing"]["trouble"]
    assert "sudo modprobe v4l2loopback" in report["missing"]["trouble"]
    assert "exclusive_caps=1" in report["missing"]["trouble"]
    assert report["doctor"]["status"] == 1
    assert report["loaded"] == 0
    assert report["live"]["state"] == "live"
    assert report["live"]["output"] == "Virtual Camera (/dev/video10), 640x360 at 30"


def test_a_virtual_camera_is_never_read_and_never_taken_from_another_program(lab: Lab) -> None:
    report = lab.act("own_output", options=("--no-vivid",))
    assert "is a virtual camera, not a webcam." in report["refused"]["trouble"]
    taken = report["taken"]["trouble"]
    assert "Virtual Camera (/dev/video10) already gets its picture from another program." in taken
    assert "Close ffmpeg" in taken


def test_a_program_that_still_watches_keeps_its_picture_size(lab: Lab) -> None:
    """Else it would be sent what it can only misread."""
    report = lab.act("watcher", options=("--no-webcam", "--no-vivid"))
    assert report == {"first": [640, 360], "while_watched": [640, 360], "then": [320, 240]}


def test_a_set_is_made_before_the_webcam_and_no_photo_is_kept(lab: Lab, portrait: Portrait) -> None:
    pytest.importorskip("resvg_py")
    feed = ("--feed", str(portrait.path), "--no-vivid")
    seen = lab.act("selfie", options=feed)
    assert seen["status"] == 0
    assert "Look straight at the camera" in seen["told"]
    assert "3 photos were taken. The camera is off." in seen["told"]
    assert {"neutral.png", "happy.png", "fear-0.33.png"} <= set(seen["set"])
    assert not seen["pictures_elsewhere"]
