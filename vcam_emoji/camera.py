"""Webcam, video file or photos as a source of frames; a webcam comes back by itself."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vcam_emoji import devices
from vcam_emoji.capture import Capture, Raw, open_capture
from vcam_emoji.devices import CameraDevice
from vcam_emoji.errors import CameraError, reason
from vcam_emoji.playback import Photos, VideoFile
from vcam_emoji.types import Frame, FrameSource

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what, in seconds."""

    frame_s: float = 0.25
    """The next frame may take so long before None is given, so that a card can be shown."""
    stall_s: float = 2.0
    """A camera that sent pictures and then none for so long is opened again."""
    first_s: float = 5.0
    """An opened camera may take so long to its first picture: some adjust to the light first."""
    same_s: float = 5.0
    """So long may every picture be the same, to the last bit: a sensor's noise sees to that."""
    shortest_retry_s: float = 0.2
    longest_retry_s: float = 3.0


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
    if not devices.is_device(camera):
        played = _played(camera, fps)
        if played is not None:
            return played
    chosen = Chosen(camera)
    return Webcam(lambda: open_capture(chosen.now(), width, height, fps), camera)


def _played(camera: str, fps: int) -> FrameSource | None:
    """The file or folder of that name; None if it is none, and so may be a webcam's name."""
    hint = "See: vcam-emoji devices"
    try:
        path = Path(camera).expanduser()
        if path.is_dir():
            return Photos(path, fps)
        if path.is_file():
            return VideoFile(path)
    except (OSError, RuntimeError) as error:  # the latter of a home folder that nobody has
        raise CameraError(f"{camera} cannot be opened: {reason(error)}.", hint) from error
    if path.suffix and ("/" in camera or "\\" in camera):
        raise CameraError(f"There is no file {camera}.", hint)
    return None


class Chosen:
    """The camera that a person named, wherever it is plugged in."""

    def __init__(
        self, wanted: str, cameras: Callable[[], list[CameraDevice]] = devices.cameras
    ) -> None:
        self._wanted = wanted
        self._cameras = cameras
        self._last: CameraDevice | None = None

    def now(self) -> CameraDevice:
        """Where it is now.

        Once found it is known by its name: with it unplugged, its index may mean another camera,
        which points at something else.

        Raises:
            CameraError: if it is not there.
        """
        known = self._cameras()
        if self._last is None:
            self._last = devices.find(self._wanted, known)
            return self._last
        last = self._last
        same = [each for each in known if each.name == last.name and not each.virtual]
        if not same:
            raise CameraError(f"{last.name} was unplugged.", "Plug it in again.")
        # Of two that are alike, the one in the same place.
        self._last = min(same, key=lambda each: each.path != last.path)
        return self._last


@dataclass(frozen=True, slots=True)
class _Grabbed:
    raw: Raw
    time: float
    capture: Capture

    def decoded(self) -> Frame | None:
        """The frame, or None if it arrived damaged."""
        image = self.capture.decode(self.raw)
        if image is None:
            return None
        # What a decoder left as it came is kept, to tell a camera that is stuck.
        return Frame(image, self.time, fresh=not np.may_share_memory(image, self.raw))


class Webcam:
    """A `FrameSource` from a live camera, opened and opened again by a thread of its own."""

    def __init__(
        self, opener: Callable[[], Capture], name: str, patience: Patience | None = None
    ) -> None:
        """Start looking for the camera, without waiting for it.

        Args:
            opener: Opens the camera, or raises CameraError.
            name: What to call it until it is open.
            patience: How long to wait for what.
        """
        self._opener = opener
        self._patience = patience or Patience()
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
            if (frame := grabbed.decoded()) is not None:
                # Nothing of it is kept here: whoever takes it is the only one to hold it.
                waiting = [frame]
                del frame
                yield waiting.pop()

    def _take(self) -> _Grabbed | None:
        with self._news:
            self._news.wait_for(
                lambda: self._newest is not None or self._stop.is_set(), self._patience.frame_s
            )
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
        pause = self._patience.shortest_retry_s
        while not self._stop.is_set():
            try:
                with contextlib.closing(self._opener()) as capture:
                    self._description = capture.description
                    came = self._grab(capture)
            except CameraError as error:
                came = False
                self._say(str(error))
            except Exception as error:
                # Whatever a driver does, the camera must be able to come back.
                came = False
                log.exception("The camera failed in a way that nobody foresaw.")
                self._say(f"The camera failed: {error}. It is tried again.")
            pause = self._patience.shortest_retry_s if came else pause
            self._stop.wait(pause)
            pause = min(self._patience.longest_retry_s, pause * 2)

    def _grab(self, capture: Capture) -> bool:
        """Keep the newest picture until the camera stalls or is gone.

        Returns:
            Whether pictures came.
        """
        allowed, came = self._patience.first_s, False
        last = changed = time.monotonic()
        previous: Raw | None = None
        while not self._stop.is_set():
            try:
                raw = capture.grab(self._patience.frame_s)
            except CameraError as error:
                self._say(str(error))
                return came
            now = time.monotonic()
            if raw is not None:
                last, allowed, came = now, self._patience.stall_s, True
                if previous is None or not _same(raw, previous):
                    changed = now
                previous = raw
                self._say(self._stuck() if now - changed > self._patience.same_s else "")
                with self._news:
                    self._newest = _Grabbed(raw, now, capture)
                    self._news.notify()
            elif now - last > allowed:
                self._say(self._silent())
                break
        return came

    def _stuck(self) -> str:
        return (
            f"{self._description} sends the same picture over and over. "
            "If its shutter is open, unplug it and plug it in again."
        )

    def _silent(self) -> str:
        return (
            f"{self._description} sends no pictures. "
            "It is opened again; if that does not help, unplug it and plug it in again."
        )

    def _say(self, trouble: str) -> None:
        """Remember what is wrong, and log it once."""
        if trouble and trouble != self._trouble:
            log.warning("%s", trouble)
        self._trouble = trouble


def _same(raw: Raw, previous: Raw) -> bool:
    """Whether two pictures are the same; the samples settle it nearly always, and cheaply."""
    if raw.shape != previous.shape or not np.array_equal(raw[::997], previous[::997]):
        return False
    return np.array_equal(raw, previous)
