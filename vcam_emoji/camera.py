"""Webcam, video file or photos as a source of frames; a webcam comes back by itself."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vcam_emoji import devices
from vcam_emoji.capture import Capture, Raw, open_capture
from vcam_emoji.errors import CameraError
from vcam_emoji.playback import Photos, VideoFile
from vcam_emoji.types import Frame, FrameSource

log = logging.getLogger(__name__)

PATIENCE_S = 0.25
"""How long the next frame may take before None is given, so that a card can be shown."""
STALL_S = 2.0
"""A camera that sent pictures and then none for so long is opened again."""
FIRST_S = 5.0
"""How long an opened camera may take to its first picture: some adjust to the light first."""
SHORTEST_RETRY_S = 0.2
LONGEST_RETRY_S = 3.0


def open_source(camera: str, width: int, height: int, fps: int) -> FrameSource:
    """Where frames come from.

    Args:
        camera: Index, device path or part of a name of a webcam; a video file; a folder of photos.
        width: Wanted of a webcam, which gives what comes nearest; files keep their own.
        height: As `width`.
        fps: Wanted of a webcam; the rate at which photos are repeated.

    Returns:
        A webcam is opened in the background and its troubles are told by `trouble`; it never
        raises, be it missing or busy.

    Raises:
        CameraError: if a file or folder is not what it should be.
    """
    path = Path(camera).expanduser()
    if not camera.isdecimal() and not camera.startswith("/dev/"):
        if path.is_dir():
            return Photos(path, fps)
        if path.is_file():
            return VideoFile(path)
        if path.suffix and ("/" in camera or "\\" in camera):
            raise CameraError(f"There is no file {camera}.", "See: vcam-emoji devices")
    return Webcam(lambda: open_capture(devices.find(camera), width, height, fps), camera)


@dataclass(frozen=True, slots=True)
class _Grabbed:
    raw: Raw
    time: float
    capture: Capture


class Webcam:
    """A `FrameSource` from a live camera, opened and opened again by a thread of its own."""

    def __init__(self, opener: Callable[[], Capture], name: str) -> None:
        """Start looking for the camera, without waiting for it.

        Args:
            opener: Opens the camera, or raises CameraError.
            name: What to call it until it is open.
        """
        self._opener = opener
        self._description = name
        self._trouble = ""
        self._newest: _Grabbed | None = None
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    @property
    def description(self) -> str:
        return self._description

    @property
    def trouble(self) -> str:
        return self._trouble

    def __iter__(self) -> Iterator[Frame | None]:
        while not self._stop.is_set():
            grabbed = self._take()
            if grabbed is None:
                if not self._stop.is_set():
                    yield None
                continue
            # Decoded here, not by the grabber: a frame that is never taken costs nothing.
            image = grabbed.capture.decode(grabbed.raw)
            if image is not None:
                yield Frame(image, grabbed.time)

    def _take(self) -> _Grabbed | None:
        with self._news:
            self._news.wait_for(lambda: self._newest or self._stop.is_set(), PATIENCE_S)
            grabbed, self._newest = self._newest, None
            return grabbed

    def close(self) -> None:
        self._stop.set()
        with self._news:
            self._news.notify_all()
        # A driver may hang in the middle of opening; the thread then ends by itself, later.
        self._thread.join(timeout=2)

    # The grabber's thread.

    def _run(self) -> None:
        pause = SHORTEST_RETRY_S
        while not self._stop.is_set():
            try:
                capture = self._opener()
                try:
                    self._description = capture.description
                    if self._grab(capture):
                        pause = SHORTEST_RETRY_S
                finally:
                    capture.close()
            except CameraError as error:
                self._say(str(error))
            except Exception as error:
                # Whatever a driver does, the camera must be able to come back.
                log.exception("The camera failed in a way that nobody foresaw.")
                self._say(f"The camera failed: {error}. It is tried again.")
            self._stop.wait(pause)
            pause = min(LONGEST_RETRY_S, pause * 2)

    def _grab(self, capture: Capture) -> bool:
        """Keep the newest picture until the camera fails.

        Returns:
            Whether pictures had come before it stalled.
        """
        last, patience, came = time.monotonic(), FIRST_S, False
        while not self._stop.is_set():
            raw = capture.grab(PATIENCE_S)
            now = time.monotonic()
            if raw is not None:
                last, patience, came = now, STALL_S, True
                self._say("")
                with self._news:
                    self._newest = _Grabbed(raw, now, capture)
                    self._news.notify()
            elif now - last > patience:
                self._say(
                    f"{self._description} sends no pictures. "
                    "It is opened again; if that does not help, unplug it and plug it in again."
                )
                break
        return came

    def _say(self, trouble: str) -> None:
        """Remember what is wrong, and log it once."""
        if trouble and trouble != self._trouble:
            log.warning("%s", trouble)
        self._trouble = trouble
