"""What `doctor` asks of a machine: the only place where its checks touch the system."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from vcam_emoji import devices, paths, settings
from vcam_emoji.devices import CameraDevice, Details
from vcam_emoji.errors import ControlError, VcamEmojiError
from vcam_emoji.settings import Settings


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

    def settings(self) -> Settings:
        """What the person chose.

        Raises:
            SettingsError: if the file is refused.
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

    open_reader(lambda: Settings().reading)


def _try_emoji_set(name: str = Settings().look.emoji_set) -> None:
    from vcam_emoji import emoji_set

    emoji_set.load(emoji_set.find(name))


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
        try:
            TRIALS[what]()
        except VcamEmojiError as error:
            return error
        except ImportError as error:
            missing = error.name or str(error)
            return VcamEmojiError(f"The Python module {missing} is missing.")
        return None

    def settings(self) -> Settings:
        return settings.load(paths.settings_file())

    def trouble_with_set(self, name: str) -> VcamEmojiError | None:
        try:
            _try_emoji_set(name)
        except VcamEmojiError as error:
            return error
        return None
