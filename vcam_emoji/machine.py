"""What `doctor` asks of a machine: the only place where its checks touch the system."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from vcam_emoji import devices, paths
from vcam_emoji.devices import CameraDevice, Details
from vcam_emoji.errors import ControlError, SettingsError, VcamEmojiError

if TYPE_CHECKING:
    from vcam_emoji.settings import Settings


@dataclass(frozen=True, slots=True)
class Choices:
    """What of the settings matters here; plain, for it is asked for without pydantic, too."""

    camera: str
    own_set: str
    """Name of the emoji set, empty where it is the shipped one."""
    keeps_camera_on: bool
    """Even while nobody watches."""
    output: str = "auto"

    @classmethod
    def of(cls, settings: Settings) -> Choices:
        chosen, shipped = settings.look.emoji_set, type(settings)().look.emoji_set
        own = "" if chosen == shipped else chosen
        keeps = settings.standby.after_s == 0
        return cls(settings.devices.camera, own, keeps, settings.devices.output)


class Machine(Protocol):
    """A computer, as far as it matters to us."""

    @property
    def system(self) -> str:
        """`linux`, `win32` or `darwin`."""
        ...

    @property
    def release(self) -> str:
        """Version of the operating system, such as `13.4` on macOS."""
        ...

    def read(self, path: str) -> bytes | None:
        """A file, or None if it cannot be read."""
        ...

    def files(self, folder: str) -> list[str]:
        """Paths of the files in a folder; none if there is no such folder."""
        ...

    def output(self, *command: str) -> str | None:
        """What a command prints, or None if there is none such or it fails."""
        ...

    def package(self, module: str, distribution: str) -> str | None:
        """Version of an installed package, or None if it cannot be imported."""
        ...

    def cameras(self) -> list[CameraDevice]: ...

    def details(self, camera: CameraDevice) -> Details: ...

    def registered(self, class_id: str) -> bool:
        """Whether Windows knows a component by that identifier."""
        ...

    def service_pid(self) -> int | None:
        """The process of the running service, if one runs."""
        ...

    def trouble_with(self, what: str) -> VcamEmojiError | None:
        """Why one of `TRIALS` fails here, or None if it works."""
        ...

    def choices(self) -> Choices:
        """What the person chose.

        Raises:
            SettingsError: if the settings are refused, or cannot be read here.
        """
        ...

    def trouble_with_set(self, name: str) -> VcamEmojiError | None:
        """Why the emoji set of that name does not load, or None if it does."""
        ...


def _try_faces() -> None:
    from vcam_emoji.tracking import open_tracker

    open_tracker()


def _try_emotions() -> None:
    from vcam_emoji.emotions import open_reader
    from vcam_emoji.settings import Settings

    open_reader(lambda: Settings().reading)


def _try_emoji_set() -> None:
    from vcam_emoji import emoji_set
    from vcam_emoji.settings import Settings

    emoji_set.load(emoji_set.find(Settings().look.emoji_set))


def _try_tray() -> None:
    from vcam_emoji import tray

    tray.check()


TRIALS: dict[str, Callable[[], None]] = {
    "faces": _try_faces,
    "emotions": _try_emotions,
    "emoji set": _try_emoji_set,
    "tray": _try_tray,
}
"""What is tried out, by name; each raises VcamEmojiError if it does not work."""


class ThisMachine:
    """The `Machine` that we run on."""

    system = sys.platform
    release = platform.mac_ver()[0] or platform.release()

    def read(self, path: str) -> bytes | None:
        try:
            return Path(path).read_bytes()
        except OSError:
            return None

    def files(self, folder: str) -> list[str]:
        try:
            return sorted(str(each) for each in Path(folder).iterdir())
        except OSError:
            return []

    def output(self, *command: str) -> str | None:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout

    def package(self, module: str, distribution: str) -> str | None:
        if importlib.util.find_spec(module) is None:
            return None
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            # The same module can come from another package: opencv-python-headless, say.
            return ""

    def cameras(self) -> list[CameraDevice]:
        return devices.cameras()

    def details(self, camera: CameraDevice) -> Details:
        return devices.details(camera)

    def registered(self, class_id: str) -> bool:
        if sys.platform == "win32":
            import winreg

            with (
                contextlib.suppress(OSError),
                winreg.OpenKey(winreg.HKEY_CLASSES_ROOT, rf"CLSID\{{{class_id}}}"),
            ):
                return True
        return False

    def service_pid(self) -> int | None:
        from vcam_emoji.commands import GetStatus
        from vcam_emoji.control import ask

        try:
            return ask(GetStatus()).pid
        except ControlError:
            return None

    def trouble_with(self, what: str) -> VcamEmojiError | None:
        return _trouble(TRIALS[what])

    def choices(self) -> Choices:
        try:
            from vcam_emoji import settings

            return Choices.of(settings.load(paths.settings_file()))
        except ImportError as error:
            raise SettingsError(_missing(error)) from error

    def trouble_with_set(self, name: str) -> VcamEmojiError | None:
        def load() -> None:
            from vcam_emoji import emoji_set

            emoji_set.load(emoji_set.find(name))

        return _trouble(load)


def _trouble(trial: Callable[[], None]) -> VcamEmojiError | None:
    try:
        trial()
    except VcamEmojiError as error:
        return error
    except ImportError as error:
        return VcamEmojiError(_missing(error))
    return None


def _missing(error: ImportError) -> str:
    return f"The Python module {error.name or error} is missing."
