"""Pictures from a webcam for as long as a person sits before it.

The service's own source of frames opens a camera again and again in the background, for a service
must not end. Here a person waits: what cannot be opened is said at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from vcam_emoji import control, devices
from vcam_emoji.capture import Capture, open_capture
from vcam_emoji.commands import GetStatus
from vcam_emoji.devices import CameraDevice
from vcam_emoji.errors import CameraBusyError, CameraError, ControlError
from vcam_emoji.playback import Photos, VideoFile
from vcam_emoji.types import Image

_WIDTH, _HEIGHT, _FPS = 1280, 720, 30
_WAIT_S = 0.25


@contextlib.contextmanager
def opened(camera: str) -> Iterator[Iterator[Image | None]]:
    """A camera's newest pictures, BGR, while the context lasts; None where none came for a moment.

    Args:
        camera: Index, device path or part of a name of a webcam; a video file; a folder of photos.

    Raises:
        CameraBusyError: another program has it; if that is the service, it says so.
        CameraError: there is none, or it fails.
    """
    path = _path(camera)
    if path is not None:
        with contextlib.closing(_played(path)) as source:
            yield (None if frame is None else frame.image for frame in source)
        return
    with contextlib.closing(_open(camera)) as capture:
        yield _pictures(capture)


def _path(camera: str) -> Path | None:
    """The film, or the folder of photos, that is meant; None for a camera."""
    if camera.isdecimal() or camera.startswith("/dev/"):
        return None
    try:
        path = Path(camera).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError):
        # Longer than a path may be, where one may not look, or the home of nobody: a name then.
        return None


def _played(path: Path) -> Photos | VideoFile:
    try:
        return Photos(path, _FPS) if path.is_dir() else VideoFile(path)
    except OSError as error:
        raise CameraError(
            f"{path} cannot be read: {error.strerror or error}.", "May you read it?"
        ) from error


def _open(camera: str) -> Capture:
    try:
        return open_capture(_found(camera), _WIDTH, _HEIGHT, _FPS)
    except CameraBusyError as error:
        if not _service_runs():
            raise
        raise CameraBusyError(
            "The running service has the camera, and gives pictures of you to no other program.",
            "End it for as long as this takes: vcam-emoji quit",
        ) from error


def _found(camera: str) -> CameraDevice:
    try:
        return devices.find(camera)
    except CameraError as error:
        if any(not each.virtual for each in devices.cameras()):
            raise
        # A service waits for a camera to be plugged in; this does not.
        raise CameraError(
            error.message, "Plug one in and try again, or name photos of you instead."
        ) from error


def _service_runs() -> bool:
    try:
        control.ask(GetStatus())
    except ControlError:
        return False
    return True


def _pictures(capture: Capture) -> Iterator[Image | None]:
    while True:
        raw = capture.grab(_WAIT_S)
        yield None if raw is None else capture.decode(raw)
