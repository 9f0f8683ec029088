"""The tray icon: puts `menu` on the screen with pystray, and keeps it like the newest status.

pystray is imported only when an icon is to be shown, because its import opens the display.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from vcam_emoji import tray_host
from vcam_emoji.commands import Command, GetSettings, Status
from vcam_emoji.errors import TrayError, VcamEmojiError
from vcam_emoji.menu import SEPARATOR, Item, headline, icon_name, menu, shortened
from vcam_emoji.resources import asset

log = logging.getLogger(__name__)

Cameras: TypeAlias = Callable[[], Sequence[tuple[str, str]]]
"""The cameras to choose from: what `devices.camera` is set to, and the name for people."""

REFRESH_S = 1.0
_CAMERAS_EVERY = 10
"""Cameras are looked for at every so many refreshes: asking them wakes those that sleep."""

_GLIB = "gi.repository.GLib"


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
        pystray = _pystray()
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
        tray_host.check()


def _pystray() -> Any:
    if sys.platform == "linux":
        # Of its ways to show an icon there only this one has a menu.
        os.environ.setdefault("PYSTRAY_BACKEND", "appindicator")
    try:
        return importlib.import_module("pystray")
    except ImportError as error:
        raise TrayError("There is no tray icon, because pystray cannot be used here.") from error


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
                items = (*map(Item, shortened(self._refused)), *items)
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
