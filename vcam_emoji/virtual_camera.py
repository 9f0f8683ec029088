"""Where frames go: a virtual camera, a video file, nowhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from vcam_emoji import devices, files
from vcam_emoji.devices import CameraDevice
from vcam_emoji.errors import VirtualCameraError, reason
from vcam_emoji.types import FrameSink, Image

if sys.platform == "linux":
    from vcam_emoji import v4l2
    from vcam_emoji.viewers import Viewers


def open_sink(output: str, width: int, height: int, fps: int) -> FrameSink:
    """Open what frames are published to.

    Args:
        output: `auto` for the first virtual camera that opens; a device path or the name of a
            pyvirtualcam backend; a path ending in `.mp4`; `none`.
        width: Of the published picture; an odd one is made even, because browsers insist.
        height: As `width`.
        fps: What programs that watch are told; frames may come at another rate.

    Raises:
        VirtualCameraError: if it cannot be had, with the cure.
    """
    width, height = width & ~1, height & ~1
    if output == "none":
        return Nowhere(width, height)
    if output.lower().endswith(".mp4"):
        try:
            return VideoFile(Path(output).expanduser(), width, height, fps)
        except (OSError, RuntimeError) as error:  # the latter of a home folder that nobody has
            raise VirtualCameraError(
                f"{output} cannot be written: {reason(error)}.", "Choose another folder."
            ) from error
    if sys.platform == "linux":
        return _open_loopback(output, width, height, fps)
    return _open_elsewhere(output, width, height, fps)


def _open_loopback(output: str, width: int, height: int, fps: int) -> FrameSink:
    refusals = []
    for each in candidates(output, devices.cameras()):
        try:
            return _open_one(each, width, height, fps)
        except VirtualCameraError as error:
            refusals.append(error)
    raise refusals[0]


def candidates(output: str, known: list[CameraDevice]) -> list[CameraDevice]:
    """The virtual cameras of a Linux machine that `output` may mean, at least one.

    Raises:
        VirtualCameraError: if there is none.
    """
    if output in ("auto", "v4l2loopback"):
        found = [each for each in known if each.virtual]
        if not found:
            raise VirtualCameraError("No virtual camera was found.", _cure())
        # The free ones first, so that two services can run side by side.
        return sorted(found, key=lambda each: each.fed)
    path = os.path.realpath(output)
    named = next((each for each in known if each.path == path), None)
    if named is not None and named.virtual:
        return [named]
    if named is not None:
        raise VirtualCameraError(f"{named.name} ({path}) is a webcam, not a virtual camera.", _LIST)
    others = ", ".join(f"{each.path} ({each.name})" for each in known if each.virtual)
    if others:
        raise VirtualCameraError(f"There is no virtual camera at {path}.", f"There is: {others}.")
    number = path.removeprefix("/dev/video")
    if number.isdecimal():
        module = devices.LOAD_MODULE.replace("video_nr=10", f"video_nr={number}")
        raise VirtualCameraError(f"There is no virtual camera at {path}.", f"Run: {module}")
    raise VirtualCameraError(f"There is no output called {output!r}.", _LIST)


def _open_one(chosen: CameraDevice, width: int, height: int, fps: int) -> VirtualCamera:
    where = f"{chosen.name} ({chosen.path})"
    if chosen.trouble:
        raise VirtualCameraError(
            f"You may not send to {where}: {chosen.trouble.lower()}.",
            "Run: sudo usermod -aG video $USER, then log out and in again.",
        )
    if chosen.fed:
        by = ", ".join(devices.holders(chosen.path)) or "the other program that sends to it"
        raise VirtualCameraError(
            f"{where} already gets its picture from another program.", f"Close {by}."
        )
    camera = VirtualCamera(width, height, fps, chosen.path, "v4l2loopback", chosen.name)
    fourcc, taken_width, taken_height = _taken(chosen.path)
    if (fourcc, taken_width, taken_height) == (_SENT, width, height):
        return camera
    # A program that still shows it holds it to the pictures of an earlier run; pyvirtualcam does
    # not look, and would send what that program can only misread.
    camera.close()
    if fourcc != _SENT or taken_width % 2 or taken_height % 2:
        raise VirtualCameraError(
            f"{where} insists on {taken_width}x{taken_height} {fourcc} pictures.",
            "Close the programs that show it.",
        )
    return VirtualCamera(taken_width, taken_height, fps, chosen.path, "v4l2loopback", chosen.name)


_SENT = "YU12"
"""What pyvirtualcam turns BGR into on Linux."""


def _taken(path: str) -> tuple[str, int, int]:
    """Fourcc, width and height that a virtual camera on Linux really takes."""
    if sys.platform == "linux":
        try:
            with v4l2.Device(path) as device:
                return device.takes()
        except OSError as error:
            raise VirtualCameraError(f"{path} does not open again.", _cure()) from error
    raise AssertionError("only Linux has device paths")


def _open_elsewhere(output: str, width: int, height: int, fps: int) -> FrameSink:
    import pyvirtualcam.camera

    backends = list(pyvirtualcam.camera.BACKENDS)
    if output not in ("auto", *backends):
        return VirtualCamera(width, height, fps, output, None, output)
    return VirtualCamera(width, height, fps, None, None if output == "auto" else output)


_LIST = "See: vcam-emoji devices"


def _cure() -> str:
    """What makes a virtual camera on this system."""
    if sys.platform == "win32":
        return (
            "Install OBS Studio (https://obsproject.com), start its virtual camera once, "
            "stop it and close OBS."
        )
    if sys.platform == "darwin":
        return (
            "Install OBS Studio 30 or newer (https://obsproject.com), start its virtual camera "
            "once, allow it in System Settings, and close OBS."
        )
    return f"Run: {devices.LOAD_MODULE} (if that fails: vcam-emoji doctor)"


class VirtualCamera:
    """A `FrameSink` that other programs see as a camera."""

    def __init__(
        self,
        width: int,
        height: int,
        fps: int,
        device: str | None,
        backend: str | None,
        name: str = "",
    ) -> None:
        """Open a virtual camera through pyvirtualcam.

        Args:
            width: Even.
            height: Even.
            fps: What programs that watch are told, where the system has a place for it.
            device: pyvirtualcam's name for it, or None for the first one.
            backend: One of pyvirtualcam's, or None for the first that works.
            name: As other programs list it; where empty, `device` is.

        Raises:
            VirtualCameraError: if it does not open.
        """
        import pyvirtualcam

        # pyvirtualcam turns BGR into the device's format in less time than cv2 would.
        bgr = pyvirtualcam.PixelFormat.BGR
        try:
            self._camera = pyvirtualcam.Camera(
                width, height, fps, fmt=bgr, device=device, backend=backend
            )
        except RuntimeError as error:
            where = name or device or "The virtual camera"
            said = " ".join(str(error).split()).rstrip(".")
            raise VirtualCameraError(f"{where} does not open: {said}.", _cure()) from error
        self._name = name or self._camera.device
        if sys.platform == "linux":
            self._viewers = Viewers(self._camera.device)

    @property
    def size(self) -> tuple[int, int]:
        return self._camera.width, self._camera.height

    @property
    def description(self) -> str:
        camera = self._camera
        where = f" ({camera.device})" if self._name != camera.device else ""
        return f"{self._name}{where}, {camera.width}x{camera.height} at {camera.fps:g}"

    @property
    def watched(self) -> bool:
        if sys.platform == "linux":
            return self._viewers.any
        return True

    def send(self, image: Image) -> None:
        self._camera.send(image)

    def close(self) -> None:
        if sys.platform == "linux":
            self._viewers.close()
        self._camera.close()


_AHEAD_S = 0.5
"""Pictures may come that much earlier than they are played: a burst is no higher rate."""
_LONGEST_GAP_S = 10.0
"""What is longer without a picture is left out of a film."""


class VideoFile:
    """A `FrameSink` that writes an MP4; the file appears, whole, when it is closed.

    It plays as long as it took: pictures that come more seldom are repeated, and left out where
    they come too often.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        fps: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin a file at `path`, or with a number added where there is one already.

        Raises:
            VirtualCameraError: if it cannot be written.
            OSError: if the folder may not be looked into.
        """
        if not path.parent.is_dir():
            raise VirtualCameraError(f"There is no folder {path.parent}.", "Make it first.")
        # No film is ever written over.
        path = files.free(path)
        self._path = path
        self._partial = path.with_name(f".{path.stem}.partial.mp4")
        self._size = width, height
        self._fps = fps
        self._open = True
        self._clock = clock
        self._began: float | None = None
        self._written = 0
        self._writer = cv2.VideoWriter(
            str(self._partial), cv2.VideoWriter.fourcc(*"mp4v"), fps, self._size
        )
        if not self._writer.isOpened():
            raise VirtualCameraError(f"{path} cannot be written.", "Choose another folder.")

    @property
    def size(self) -> tuple[int, int]:
        return self._size

    @property
    def description(self) -> str:
        width, height = self._size
        return f"{self._path}, {width}x{height} at {self._fps}"

    @property
    def watched(self) -> bool:
        return True

    def send(self, image: Image) -> None:
        now = self._clock()
        if self._began is None:
            self._began = now
        behind = (now - self._began) * self._fps - self._written
        if behind > _LONGEST_GAP_S * self._fps:
            # The machine slept.
            self._began += behind / self._fps
            behind = 0.0
        if behind < -_AHEAD_S * self._fps:
            return
        for _ in range(max(1, int(behind))):
            self._writer.write(image)
            self._written += 1

    def close(self) -> None:
        if self._open:
            self._open = False
            self._writer.release()
            self._partial.replace(self._path)


class Nowhere:
    """A `FrameSink` that keeps nothing."""

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height

    @property
    def size(self) -> tuple[int, int]:
        return self._size

    @property
    def description(self) -> str:
        return "nowhere"

    @property
    def watched(self) -> bool:
        return True

    def send(self, image: Image) -> None:
        """Let it go."""

    def close(self) -> None:
        """Nothing is held."""
