"""Video files and folders of photos, played as if they were a camera."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from vcam_emoji.errors import CameraError
from vcam_emoji.types import Frame, Image

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
PHOTO_S = 1.0
"""How long each photo is shown."""

_FALLBACK_FPS = 30.0
_MOST_DROPPED = 3
"""On end; a film that is still late then is too much for this machine, and is played slower."""


class VideoFile:
    """A `FrameSource` from a video file."""

    def __init__(self, path: Path, *, loop: bool = False, realtime: bool = True) -> None:
        """Open the file.

        Args:
            path: Any video that OpenCV's FFmpeg reads.
            loop: Begin again at the end.
            realtime: Keep the file's own rate, dropping frames that are late; else every frame is
                given as fast as it is taken, timed as if at the file's rate.

        Raises:
            CameraError: if it is not a video.
        """
        self._path = path
        self._loop = loop
        self._video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._video.isOpened() or not self._video.grab():
            self._video.release()
            raise CameraError(f"{path} is not a video that can be read.", _hint(path))
        self._rewind()
        fps = self._video.get(cv2.CAP_PROP_FPS)
        self._fps = fps if 0 < fps <= 1000 else _FALLBACK_FPS
        self._clock = Clock(self._fps, realtime=realtime)
        self._size = tuple(
            int(self._video.get(each))
            for each in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )

    @property
    def description(self) -> str:
        width, height = self._size
        return f"{self._path.name}, {width}x{height} at {self._fps:g}"

    @property
    def trouble(self) -> str:
        return ""

    def __iter__(self) -> Iterator[Frame | None]:
        dropped = 0
        for due in self._clock:
            if not self._video.grab():
                if not self._loop:
                    return
                self._rewind()
                if not self._video.grab():
                    return
            if self._clock.late(due) and dropped < _MOST_DROPPED:
                dropped += 1
                continue
            if dropped == _MOST_DROPPED:
                self._clock.slow_down()
            dropped = 0
            ok, image = self._video.retrieve()
            if ok:
                yield Frame(image.astype(np.uint8, copy=False), due, fresh=True)

    def _rewind(self) -> None:
        self._video.release()
        self._video.open(str(self._path), cv2.CAP_FFMPEG)

    def close(self) -> None:
        self._clock.stop()
        self._video.release()


class Photos:
    """A `FrameSource` from a folder: each photo for a second, round and round."""

    def __init__(self, folder: Path, fps: float, *, realtime: bool = True) -> None:
        """Find the photos.

        Raises:
            CameraError: if there is none that can be read.
        """
        self._folder = folder
        self._fps = fps
        self._paths = sorted(
            each for each in folder.iterdir() if each.suffix.lower() in PHOTO_SUFFIXES
        )
        if all(_photo(each) is None for each in self._paths):
            raise CameraError(
                f"There is no photo in {folder}.", f"Put {', '.join(sorted(PHOTO_SUFFIXES))} there."
            )
        self._clock = Clock(fps, realtime=realtime)
        self._trouble = ""

    @property
    def description(self) -> str:
        return f"{len(self._paths)} photos of {self._folder.name}"

    @property
    def trouble(self) -> str:
        return self._trouble

    def __iter__(self) -> Iterator[Frame | None]:
        times = iter(self._clock)
        missed = 0
        for path in itertools.cycle(self._paths):
            image = _photo(path)
            if image is None:
                missed += 1
                if missed >= len(self._paths):
                    self._trouble = f"No photo of {self._folder} can be read any more."
                    if next(times, None) is None:
                        return
                    yield None
                continue
            missed, self._trouble = 0, ""
            for due in itertools.islice(times, max(1, round(PHOTO_S * self._fps))):
                yield Frame(image, due)
            if self._clock.stopped:
                return

    def close(self) -> None:
        self._clock.stop()


class Clock(Iterable[float]):
    """The times at which frames are due, waited for one by one."""

    def __init__(self, fps: float, *, realtime: bool) -> None:
        self._period = 1 / fps
        self._realtime = realtime
        self._stopped = threading.Event()
        self._start = self._due = 0.0

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def __iter__(self) -> Iterator[float]:
        """Yield each time, in seconds on `time.monotonic()`'s clock, when it has come."""
        self._start = time.monotonic()
        for count in itertools.count():
            due = self._start + count * self._period
            if self._realtime:
                self._stopped.wait(max(0.0, due - time.monotonic()))
            if self._stopped.is_set():
                return
            self._due = due
            yield due

    def slow_down(self) -> None:
        """The frame that is due now is in time, and those after it are due as much later."""
        self._start += max(0.0, time.monotonic() - self._due)

    def late(self, due: float) -> bool:
        """Whether the next frame is due as well, so that this one would only add delay."""
        return self._realtime and time.monotonic() > due + self._period

    def stop(self) -> None:
        self._stopped.set()


def _photo(path: Path) -> Image | None:
    """BGR, turned upright by its EXIF orientation; None for what is no picture."""
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError:
        return None
    # Not cv2.imread: on Windows it cannot open paths with other than ASCII letters.
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    return None if image is None else image.astype(np.uint8, copy=False)


def _hint(path: Path) -> str:
    if path.suffix.lower() in PHOTO_SUFFIXES:
        return "To show photos, give the folder that they are in."
    return "Give an MP4, MKV, WebM or AVI file."
