"""Where frames go: a virtual camera, a video file, nowhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2

from vcam_emoji import devices
from vcam_emoji.errors import VirtualCameraError
from vcam_emoji.types import FrameSink, Image


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
        return VideoFile(Path(output).expanduser(), width, height, fps)
    if sys.platform == "linux":
        return _open_loopback(output, width, height, fps)
    return VirtualCamera(None, None if output == "auto" else output, width, height, fps)


def _open_loopback(output: str, width: int, height: int, fps: int) -> FrameSink:
    found = devices.outputs()
    if output.startswith("/dev/"):
        path = os.path.realpath(output)
        found = [each for each in found if each.path == path]
    if not found:
        raise VirtualCameraError("No virtual camera was found.", f"Run: {devices.LOAD_MODULE}")
    reasons = []
    for each in found:
        try:
            return VirtualCamera(each.path, "v4l2loopback", width, height, fps)
        except VirtualCameraError as error:
            reasons.append(error)
    raise reasons[0]


class VirtualCamera:
    """A `FrameSink` that other programs see as a camera."""

    def __init__(
        self, device: str | None, backend: str | None, width: int, height: int, fps: int
    ) -> None:
        import pyvirtualcam

        try:
            self._camera = pyvirtualcam.Camera(
                width, height, fps, fmt=pyvirtualcam.PixelFormat.BGR, device=device, backend=backend
            )
        except RuntimeError as error:
            raise VirtualCameraError(f"{device or backend} does not open: {error}.") from error

    @property
    def size(self) -> tuple[int, int]:
        return self._camera.width, self._camera.height

    @property
    def description(self) -> str:
        camera = self._camera
        return f"{camera.device}, {camera.width}x{camera.height} at {camera.fps:g}"

    def send(self, image: Image) -> None:
        self._camera.send(image)

    def close(self) -> None:
        self._camera.close()


class VideoFile:
    """A `FrameSink` that writes an MP4; the file appears, whole, when it is closed."""

    def __init__(self, path: Path, width: int, height: int, fps: int) -> None:
        self._path = path
        self._partial = path.with_name(f".{path.stem}.partial.mp4")
        self._size = width, height
        self._fps = fps
        self._open = True
        if not path.parent.is_dir():
            raise VirtualCameraError(f"There is no folder {path.parent}.", "Make it first.")
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

    def send(self, image: Image) -> None:
        self._writer.write(image)

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

    def send(self, image: Image) -> None:
        """Let it go."""

    def close(self) -> None:
        """Nothing is held."""
