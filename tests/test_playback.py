from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vcam_emoji.camera import open_source
from vcam_emoji.errors import CameraError
from vcam_emoji.playback import PHOTO_S, Clock, Photos, VideoFile


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Twelve frames at 25 a second; each is as bright as ten times its number."""
    path = tmp_path / "talk.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (96, 64))
    for count in range(12):
        writer.write(np.full((64, 96, 3), 10 * count, np.uint8))
    writer.release()
    return path


def photo(path: Path, brightness: int) -> Path:
    encoded = cv2.imencode(path.suffix, np.full((40, 60, 3), brightness, np.uint8))[1]
    path.write_bytes(encoded.tobytes())
    return path


def test_every_frame_of_a_video_comes_once_and_then_it_ends(video: Path) -> None:
    frames = [each for each in VideoFile(video, realtime=False) if each is not None]
    seen = [round(float(each.image.mean()) / 10) for each in frames]
    assert seen == list(range(12))
    steps = np.diff([each.time for each in frames])
    np.testing.assert_allclose(steps, 1 / 25, atol=1e-6)


def test_a_video_can_go_on_from_its_beginning(video: Path) -> None:
    frames = itertools.islice(VideoFile(video, loop=True, realtime=False), 15)
    seen = [round(float(each.image.mean()) / 10) for each in frames if each is not None]
    assert seen == [*range(12), 0, 1, 2]


def test_a_video_keeps_its_own_rate(video: Path) -> None:
    frames = [each for each in VideoFile(video) if each is not None]
    # A busy machine drops frames that are late, but none comes early.
    start = frames[0].time
    assert all(abs((each.time - start) * 25 % 1 - 0.5) > 0.49 for each in frames)
    assert time.monotonic() >= frames[-1].time


def test_a_video_that_is_closed_ends(video: Path) -> None:
    source = VideoFile(video, loop=True)
    assert source.description == "talk.mp4, 96x64 at 25"
    seen = 0
    for _ in source:
        seen += 1
        source.close()
    assert seen == 1


def test_a_video_that_is_too_much_for_the_machine_is_played_slower(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    source = VideoFile(video)

    class Slow:
        """Takes twice and a half the time that each frame is shown."""

        frames = 0

        def grab(self) -> bool:
            self.frames += 1
            now[0] += 0.1
            return self.frames <= 100

        def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
            return True, np.zeros((4, 4, 3), np.uint8)

        def release(self) -> None:
            pass

    monkeypatch.setattr(source, "_video", Slow())
    monkeypatch.setattr(source._clock._stopped, "wait", lambda seconds: None)
    late = [now[0] - each.time for each in source if each is not None]
    assert 20 <= len(late) <= 60
    assert max(late) < 0.5


def test_what_is_no_video_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"not a video" * 100)
    with pytest.raises(CameraError, match=r"talk\.mp4 is not a video"):
        open_source(str(path), 640, 480, 30)


def test_a_missing_file_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="There is no file"):
        open_source(str(tmp_path / "talk.mp4"), 640, 480, 30)


def test_photos_are_shown_by_name_each_for_a_second_round_and_round(tmp_path: Path) -> None:
    for name, brightness in (("b.png", 50), ("a.PNG", 20), ("c.jpg", 90)):
        photo(tmp_path / name, brightness)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("no picture either")
    rate = 4
    source = Photos(tmp_path, rate, realtime=False)
    shown = itertools.islice(source, int(4 * PHOTO_S * rate))
    seen = [round(float(each.image.mean())) for each in shown if each is not None]
    assert seen == [20] * rate + [50] * rate + [90] * rate + [20] * rate


def test_photos_that_are_gone_are_told_of_once_a_tick_and_it_can_be_stopped(
    tmp_path: Path,
) -> None:
    for name in ("a.png", "b.png"):
        photo(tmp_path / name, 20)
    source = Photos(tmp_path, 2, realtime=False)
    shown = iter(source)
    assert next(shown) is not None
    for each in tmp_path.iterdir():
        each.unlink()
    assert next(shown) is not None
    assert [next(shown), next(shown)] == [None, None]
    assert "can be read any more" in source.trouble
    photo(tmp_path / "b.png", 50)
    assert any(next(shown) is not None for _ in range(2))
    assert source.trouble == ""
    (tmp_path / "b.png").unlink()
    source.close()
    assert all(each is not None for each in shown)


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(CameraError, match="There is no photo"):
        open_source(str(tmp_path), 640, 480, 30)


def test_a_folder_and_a_file_are_told_from_a_camera(tmp_path: Path, video: Path) -> None:
    photo(tmp_path / "a.png", 1)
    assert isinstance(open_source(str(tmp_path), 640, 480, 30), Photos)
    assert isinstance(open_source(str(video), 640, 480, 30), VideoFile)


def test_a_clock_that_is_stopped_stops_whoever_waits_for_it() -> None:
    clock = Clock(1e-3, realtime=True)
    times = iter(clock)
    next(times)
    threading.Timer(0.05, clock.stop).start()
    assert list(times) == []
