"""The tray icon: a menu that is a function of the service's status, and its way onto the screen.

`menu` is pure and knows no tray; below it a thin adapter hands the items to pystray, which is
imported only when an icon is to be shown, because its import opens the display.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import importlib.util
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from vcam_emoji.commands import (
    Command,
    GetSettings,
    Mode,
    Pause,
    Pin,
    Quit,
    React,
    Resume,
    SetMode,
    SetSetting,
    State,
    Status,
    Unpin,
    UseSet,
)
from vcam_emoji.errors import TrayError, VcamEmojiError
from vcam_emoji.resources import asset
from vcam_emoji.types import Emotion

log = logging.getLogger(__name__)

Cameras: TypeAlias = Callable[[], Sequence[tuple[str, str]]]
"""The cameras to choose from: what `devices.camera` is set to, and the name for people."""

REFRESH_S = 1.0
_CAMERAS_EVERY = 10
"""Cameras are looked for at every so many refreshes: asking them wakes those that sleep."""
_LONGEST_LINE = 60
"""Characters of a trouble in the menu; the rest is in `vcam-emoji status`."""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the menu."""

    title: str
    command: Command | None = None
    """What choosing it asks of the service; None for a heading, a separator or a submenu."""
    checked: bool | None = None
    """Whether it is ticked; None if it cannot be."""
    radio: bool = False
    """One of several, of which exactly one is ticked."""
    children: tuple[Item, ...] = ()

    @property
    def enabled(self) -> bool:
        """Whether there is anything to choose; a heading is merely read."""
        return self.command is not None or bool(self.children)


SEPARATOR = Item("-")

_MODES = {
    Mode.REPLACE: "Hide the whole head",
    Mode.OVERLAY: "Emoji over the face",
    Mode.OFF: "Plain camera, no emoji",
    Mode.CARD: "Still picture",
}


def menu(status: Status, cameras: Sequence[tuple[str, str]] = ()) -> tuple[Item, ...]:
    """What the menu says and offers in that status.

    Args:
        status: An answer to `GetSettings`, so that it holds the settings.
        cameras: As `Cameras` returns them.
    """
    paused = status.state == State.PAUSED
    return (
        Item(_heading(status)),
        *map(Item, _shortened(status.trouble)),
        SEPARATOR,
        Item("Resume", Resume()) if paused else Item("Pause", Pause()),
        Item("Faces", children=_modes(status)),
        Item("React", children=tuple(Item(each.title(), React(each)) for each in Emotion)),
        Item("Emotion shown", children=_pins(status)),
        Item("Emoji set", children=_sets(status)),
        Item("Camera", children=_cameras(status, cameras)),
        *_mirror(status),
        SEPARATOR,
        Item("Quit", Quit()),
    )


def headline(status: Status) -> str:
    """The state in a few words."""
    match status.state:
        case State.LIVE if status.mode == Mode.OFF:
            return "Live: your plain camera is shown"
        case State.LIVE:
            return "Live"
        case State.PAUSED:
            return "Paused: a still picture is shown"
        case State.HIDDEN:
            return "Hidden: no face is surely covered"
        case State.NO_CAMERA:
            return "No camera"
        case State.STOPPING:
            return "Stopping"
        case _:
            return "Starting"


_ON = {
    Mode.REPLACE: "On: your head is hidden",
    Mode.OVERLAY: "On: an emoji lies over your face",
    Mode.OFF: "On: your plain camera is shown",
    Mode.CARD: "On: a still picture is shown",
}


def _heading(status: Status) -> str:
    """The state for the menu, without what comes and goes with a face in the picture.

    A menu that is open closes when it changes, under the mouse of whoever is reading it.
    """
    if status.state in (State.STARTING, State.LIVE, State.HIDDEN) and status.mode in _ON:
        return _ON[Mode(status.mode)]
    return headline(status)


def icon_name(status: Status) -> str:
    """Which shipped icon shows that status."""
    if status.state == State.PAUSED:
        return "paused"
    if status.state == State.NO_CAMERA or status.trouble:
        return "trouble"
    return "live" if status.state == State.LIVE else "hidden"


def _shortened(text: str) -> Iterator[str]:
    if text:
        yield text if len(text) <= _LONGEST_LINE else text[: _LONGEST_LINE - 1].rstrip() + "…"


def _modes(status: Status) -> tuple[Item, ...]:
    return tuple(
        Item(title, SetMode(mode), checked=status.mode == mode, radio=True)
        for mode, title in _MODES.items()
    )


def _pins(status: Status) -> tuple[Item, ...]:
    own = Item("My own, as it changes", Unpin(), checked=not status.pinned, radio=True)
    pins = (
        Item(f"Always {each}", Pin(each), checked=status.pinned == each, radio=True)
        for each in Emotion
    )
    return own, SEPARATOR, *pins


def _sets(status: Status) -> tuple[Item, ...]:
    return tuple(
        Item(name, UseSet(name), checked=status.emoji_set == name, radio=True)
        for name in status.emoji_sets
    )


def _cameras(status: Status, cameras: Sequence[tuple[str, str]]) -> tuple[Item, ...]:
    """The cameras found, and the one that is set even if it is not there now."""
    ticked = _set_camera(status, cameras)
    offered = list(cameras)
    if ticked and all(value != ticked for value, _ in offered):
        offered.insert(0, (ticked, status.camera_description or ticked))
    return tuple(
        Item(title, SetSetting("devices.camera", value), checked=value == ticked, radio=True)
        for value, title in offered
    )


def _set_camera(status: Status, cameras: Sequence[tuple[str, str]]) -> str:
    """Which of the cameras is set; a person may have named it in another way, as by its index."""
    if all(value != status.camera for value, _ in cameras):
        for value, title in cameras:
            if status.camera_description.startswith(title):
                return value
    return status.camera


def _mirror(status: Status) -> Iterator[Item]:
    look = status.settings.get("look")
    if isinstance(look, Mapping) and "mirror" in look:
        mirrored = bool(look["mirror"])
        yield Item(
            "Mirror what others see", SetSetting("look.mirror", not mirrored), checked=mirrored
        )


# Onto the screen.


def real_cameras() -> list[tuple[str, str]]:
    """The webcams of this machine, by name, because their numbers change with the sockets."""
    from vcam_emoji import devices

    found = [each for each in devices.cameras() if not each.virtual]
    names = [each.name for each in found]
    return [
        (each.name, each.name)
        if names.count(each.name) == 1
        else (each.path or str(each.index), f"{each.name} ({each.path or each.index})")
        for each in found
    ]


def run_tray(
    handle: Callable[[Command], Status], stop: threading.Event, cameras: Cameras = real_cameras
) -> bool:
    """Show the icon until `stop` is set; called on the main thread.

    Returns:
        False, at once and with the reason in the log, where no icon can be shown.
    """
    try:
        check()
        _choose_backend()
        pystray = importlib.import_module("pystray")
    except TrayError as error:
        log.warning("%s", error)
        return False
    _Tray(pystray, handle, stop, cameras).run()
    return stop.is_set()


def check() -> None:
    """Whether an icon with a menu can be shown here.

    Raises:
        TrayError: why not, with what a person must do.
    """
    if sys.platform == "linux":
        _check_linux()


class _Tray:
    """Keeps a pystray icon like the newest status."""

    def __init__(
        self,
        pystray: Any,
        handle: Callable[[Command], Status],
        stop: threading.Event,
        cameras: Cameras,
    ) -> None:
        self._pystray = pystray
        self._handle = handle
        self._stop = stop
        self._cameras = cameras
        self._found: Sequence[tuple[str, str]] = ()
        self._lock = threading.Lock()
        self._refused = ""
        self._items: tuple[Item, ...] = ()
        self._icon_name = ""
        self._icon = pystray.Icon("vcam_emoji", menu=pystray.Menu(self._native_items))

    def run(self) -> None:
        self._refresh()
        with _signals_kept(), _end_without_notifications():
            self._icon.run(setup=self._watch)

    def _watch(self, icon: Any) -> None:
        """On a thread of its own, once the icon is ready: follow the status until the end."""
        try:
            icon.visible = True
            turn = 0
            while not self._stop.is_set():
                if turn % _CAMERAS_EVERY == 0:
                    self._look_for_cameras()
                self._refresh()
                _let_signals_in()
                turn += 1
                self._stop.wait(REFRESH_S)
        finally:
            icon.stop()

    def _look_for_cameras(self) -> None:
        with contextlib.suppress(VcamEmojiError):
            self._found = self._cameras()

    def _refresh(self) -> None:
        """Show the newest status; an open menu is only disturbed by what really changed."""
        with self._lock:
            status = self._handle(GetSettings())
            items = menu(status, self._found)
            if self._refused:
                items = (*map(Item, _shortened(self._refused)), *items)
            if items != self._items:
                self._items = items
                self._icon.update_menu()
            if icon_name(status) != self._icon_name:
                self._icon_name = icon_name(status)
                self._icon.icon = _picture(self._icon_name)
            self._icon.title = f"vcam-emoji: {headline(status)}"

    def _native_items(self) -> Iterator[Any]:
        return (self._native(item) for item in self._items)

    def _native(self, item: Item) -> Any:
        """One item for pystray."""
        pystray = self._pystray
        if item is SEPARATOR:
            return pystray.Menu.SEPARATOR
        if item.children:
            submenu = pystray.Menu(*(self._native(child) for child in item.children))
            return pystray.MenuItem(item.title, submenu)
        return pystray.MenuItem(
            item.title,
            lambda: self._choose(item.command),
            checked=None if item.checked is None else lambda _: bool(item.checked),
            radio=item.radio,
            enabled=item.enabled,
        )

    def _choose(self, command: Command | None) -> None:
        if command is None:
            return
        try:
            self._handle(command)
            self._refused = ""
        except VcamEmojiError as error:
            self._refused = str(error)
        self._refresh()


def _picture(name: str) -> Any:
    from PIL import Image

    with Image.open(asset(f"icons/tray-{name}.png")) as image:
        return image.convert("RGBA")


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Have our own Ctrl-C: the tray's loop sets one that ends the process without a last card."""
    ours = signal.getsignal(signal.SIGINT)

    def restore() -> bool:
        signal.signal(signal.SIGINT, ours)
        return False

    glib = sys.modules.get(_GLIB)
    if glib is not None:
        glib.idle_add(restore)
    try:
        yield
    finally:
        restore()


def _let_signals_in() -> None:
    """Wake the main thread on Windows, where it waits in a call that Ctrl-C does not end."""
    if sys.platform == "win32":
        import ctypes

        nothing = 0
        ctypes.windll.user32.PostThreadMessageW(
            threading.main_thread().native_id, nothing, nothing, nothing
        )


@contextlib.contextmanager
def _end_without_notifications() -> Iterator[None]:
    """At its end pystray takes back a notification, which fails where nobody shows any."""
    glib = sys.modules.get(_GLIB)
    try:
        yield
    except Exception as error:
        if glib is None or not isinstance(error, glib.Error):
            raise
        log.debug("The tray ended with: %s", error)


# Linux: what an icon needs there.

_PACKAGES = "sudo apt install python3-gi gir1.2-ayatanaappindicator3-0.1"
_GLIB = "gi.repository.GLib"
_WATCHER = "org.kde.StatusNotifierWatcher"
_ELSEWHERE = "Everything can be done without it: vcam-emoji --help"


def _choose_backend() -> None:
    """Of pystray's ways to show an icon on Linux only this one has a menu."""
    if sys.platform == "linux":
        os.environ["PYSTRAY_BACKEND"] = "appindicator"


def _check_linux() -> None:
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
