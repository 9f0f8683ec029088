"""Every error a person may see: one sentence on what happened, and a hint what to do.

VcamEmojiError
|-- UsageError             a bad argument or value            exit status 2
|-- CameraError            no frames can be had
|   `-- CameraBusyError    another program holds the camera
|-- VirtualCameraError     frames cannot be published
|-- ModelError             a shipped or given network does not load
|-- EmojiSetError          an emoji set is refused            exit status 2
|-- SettingsError          a settings file or value is refused exit status 2
|-- PhotoError             a picture cannot be used           exit status 2
|-- CalibrationError       a recording of a face is refused exit status 2
|-- DataError              a data set cannot be read          exit status 2
|-- TrayError              no tray icon can be shown
|-- AutostartError         starting at login cannot be changed
`-- ControlError           the running service cannot be reached
    |-- NotRunningError
    `-- AlreadyRunningError                                  exit status 3
"""

from __future__ import annotations

import sys


def reason(error: Exception) -> str:
    """What the system says of an error, as the end of a sentence."""
    return (getattr(error, "strerror", None) or str(error)).rstrip(".")


def how_to_install_generator() -> str:
    """A hint: what the generator and training need beside the service."""
    return f'Install it, in the checkout: "{sys.executable}" -m pip install -e ".[generator]"'


class VcamEmojiError(Exception):
    """What happened, with the cure. Only the command line turns it into text and a status."""

    exit_status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        """One sentence, ending with a full stop."""
        self.hint = hint
        """What to do now: a sentence or a command; may be empty."""

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class UsageError(VcamEmojiError):
    exit_status = 2


class CameraError(VcamEmojiError): ...


class CameraBusyError(CameraError): ...


class VirtualCameraError(VcamEmojiError): ...


class ModelError(VcamEmojiError): ...


class AutostartError(VcamEmojiError): ...


class EmojiSetError(VcamEmojiError):
    exit_status = 2


class SettingsError(VcamEmojiError):
    exit_status = 2


class PhotoError(VcamEmojiError):
    exit_status = 2


class CalibrationError(VcamEmojiError):
    exit_status = 2


class DataError(VcamEmojiError):
    exit_status = 2


class TrayError(VcamEmojiError): ...


class ControlError(VcamEmojiError): ...


class NotRunningError(ControlError): ...


class AlreadyRunningError(ControlError):
    exit_status = 3
