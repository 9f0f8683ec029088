"""Whether a Linux desktop has a place for a tray icon, and what is missing if it has none."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
from typing import Any

from vcam_emoji.errors import TrayError

_PACKAGES = "sudo apt install python3-gi gir1.2-ayatanaappindicator3-0.1"
_WATCHER = "org.kde.StatusNotifierWatcher"
_ELSEWHERE = "Everything can be done without it: vcam-emoji --help"


def check() -> None:
    """Whether an icon with a menu can be shown.

    Raises:
        TrayError: why not, with what a person must do.
    """
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise TrayError("There is no tray icon, because there is no display.", _ELSEWHERE)
    _borrow_gi()
    try:
        gi = importlib.import_module("gi")
        gi.require_version("Gtk", "3.0")
        try:
            gi.require_version("AyatanaAppIndicator3", "0.1")
        except ValueError:
            gi.require_version("AppIndicator3", "0.1")
        displays = _gi("Gtk").init_check()[0]
    except (ImportError, ValueError) as error:
        raise TrayError(
            "There is no tray icon, because packages are missing.", _PACKAGES
        ) from error
    if not displays:
        raise TrayError("There is no tray icon, because the display cannot be opened.", _ELSEWHERE)
    if not _has_host():
        raise TrayError(
            "There is no tray icon, because this desktop has no place for one.",
            "GNOME has one with the extension 'AppIndicator and KStatusNotifierItem Support'. "
            + _ELSEWHERE,
        )


def _gi(namespace: str) -> Any:
    return importlib.import_module(f"gi.repository.{namespace}")


def _has_host() -> bool:
    """Whether something shows the icons of programs."""
    glib, gio = _gi("GLib"), _gi("Gio")
    try:
        bus = gio.bus_get_sync(gio.BusType.SESSION, None)
        answer = bus.call_sync(
            _WATCHER,
            "/StatusNotifierWatcher",
            "org.freedesktop.DBus.Properties",
            "Get",
            glib.Variant("(ss)", (_WATCHER, "IsStatusNotifierHostRegistered")),
            None,
            gio.DBusCallFlags.NONE,
            2000,
            None,
        )
    except glib.Error:
        return False
    return bool(answer.unpack()[0])


def _borrow_gi() -> None:
    """Let a virtual environment see the distribution's PyGObject, and nothing else of it.

    PyGObject has no wheels, and a package manager's own works in every environment of the same
    Python version.
    """
    if importlib.util.find_spec("gi") is not None:
        return
    version = f"python3.{sys.version_info.minor}"
    folders = ["/usr/lib/python3/dist-packages"] + [
        f"/usr/{lib}/{version}/site-packages" for lib in ("lib64", "lib")
    ]
    found = importlib.machinery.PathFinder.find_spec("gi", folders)
    if found is None or found.loader is None:
        return
    module = importlib.util.module_from_spec(found)
    sys.modules["gi"] = module
    try:
        found.loader.exec_module(module)
    except ImportError:
        # Made for another version of Python.
        del sys.modules["gi"]
