"""Starting at login: whether it does, from now on, no longer. One file, three systems.

Linux: an entry in the desktop's autostart folder (freedesktop.org, "Desktop Application Autostart
Specification"). macOS: a launch agent (launchd.plist(5)). Windows: a value of the person's Run key.
"""

from __future__ import annotations

import configparser
import contextlib
import importlib
import plistlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vcam_emoji import files, paths
from vcam_emoji.errors import AutostartError

_RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
_VALUE = "vcam_emoji"


def is_enabled() -> bool:
    """Whether the service starts at login, as far as this program had it so."""
    if sys.platform == "win32":
        return _in_registry()
    if sys.platform == "darwin":
        return agent().is_file()
    return bool(by_systemd()) or _is_wanted(entry())


def enable() -> None:
    """Start at every login from now on, with the settings as they will be then.

    Raises:
        AutostartError: if that cannot be kept.
    """
    with _told():
        if sys.platform == "win32":
            write_registry(subprocess.list2cmdline(command()))
        elif sys.platform == "darwin":
            _write(agent(), as_agent(command()))
        elif not by_systemd():
            _write(entry(), as_entry(command()))


def disable() -> None:
    """Start at login no longer.

    Raises:
        AutostartError: if something else starts it, or that cannot be kept.
    """
    with _told():
        if sys.platform == "win32":
            write_registry(None)
        elif sys.platform == "darwin":
            agent().unlink(missing_ok=True)
        else:
            entry().unlink(missing_ok=True)
    if sys.platform == "linux" and by_systemd():
        raise AutostartError(
            "systemd starts vcam_emoji at login.", "Run: systemctl --user disable vcam-emoji"
        )


def command() -> list[str]:
    """What is to be run at login: this installation, without a window of its own."""
    here = Path(sys.executable)
    if sys.platform == "win32":
        silent = here.with_name("pythonw.exe")
        return [str(silent if silent.exists() else here), "-m", "vcam_emoji.cli", "run"]
    script = here.with_name("vcam-emoji")
    words = [str(script)] if script.exists() else [str(here), "-m", "vcam_emoji.cli"]
    return [*words, "run"]


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AutostartError(
            f"Starting at login could not be changed: {error.strerror or error}.",
            f"Check the permissions of {error.filename}." if error.filename else "",
        ) from error


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, content)


# Linux.


def entry() -> Path:
    return paths.user_configuration() / "autostart" / "vcam-emoji.desktop"


def as_entry(words: Sequence[str]) -> bytes:
    """A desktop entry that runs these words."""
    line = " ".join(map(_quoted, words))
    return f"""[Desktop Entry]
Type=Application
Name=vcam_emoji
Comment=Be in the call as your own emoji
Exec={line}
Icon=vcam-emoji
Terminal=false
""".encode()


def _quoted(word: str) -> str:
    """As the Desktop Entry Specification has it: for the command, then for a string of the file."""
    for each in '\\"`$':
        word = word.replace(each, f"\\{each}")
    word = word.replace("\\", "\\\\").replace("%", "%%")
    return f'"{word}"'


def _is_wanted(path: Path) -> bool:
    """Whether an entry is there and was not switched off by a desktop's own settings."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        said = parser["Desktop Entry"]
    except (OSError, ValueError, configparser.Error, KeyError):
        return False
    switched_off = said.get("X-GNOME-Autostart-enabled", "true").lower() == "false"
    return said.get("Hidden", "false").lower() != "true" and not switched_off


def by_systemd() -> list[Path]:
    """Where systemd keeps that it starts the unit of `installers/linux`."""
    units = paths.user_configuration() / "systemd" / "user"
    return list(units.glob("*.wants/vcam-emoji.service"))


# macOS.


def agent() -> Path:
    return Path.home() / "Library" / "LaunchAgents" / "vcam_emoji.plist"


def as_agent(words: Sequence[str]) -> bytes:
    """A launch agent that runs these words at login."""
    about = {"Label": "vcam_emoji", "ProgramArguments": list(words), "RunAtLoad": True}
    return plistlib.dumps(about)


# Windows.


def _registry() -> Any:
    return importlib.import_module("winreg")


def _in_registry() -> bool:
    registry = _registry()
    try:
        with registry.OpenKey(registry.HKEY_CURRENT_USER, _RUN_KEY) as key:
            return bool(registry.QueryValueEx(key, _VALUE)[0])
    except OSError:
        return False


def write_registry(line: str | None) -> None:
    """Have a command line run at login, or none of ours."""
    registry = _registry()
    with registry.CreateKey(registry.HKEY_CURRENT_USER, _RUN_KEY) as key:
        if line is not None:
            registry.SetValueEx(key, _VALUE, 0, registry.REG_SZ, line)
            return
        with contextlib.suppress(FileNotFoundError):
            registry.DeleteValue(key, _VALUE)
