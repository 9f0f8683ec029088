"""Whether any program takes pictures from a virtual camera, so that nobody is filmed for no one.

v4l2loopback says so itself since its version 0.13. Where it does not, the kernel tells of each
program that opens or closes the device (inotify). That is less: a program may hold it open and take
nothing, and one of another container may open it by a name of its own.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import time
from collections.abc import Callable
from typing import Protocol

from vcam_emoji import devices, v4l2

# For mypy on other systems: they have no such device.
assert sys.platform == "linux"

LOOKED_AT_S = 0.3
"""A program that lists cameras opens each for less than that, and closes it again."""

_OPEN, _CLOSE_WRITE, _CLOSE_NOWRITE, _OVERFLOW = 0x20, 0x8, 0x10, 0x4000
"""IN_OPEN, IN_CLOSE_WRITE, IN_CLOSE_NOWRITE, IN_Q_OVERFLOW"""
_HEADER = struct.Struct("iIII")
"""struct inotify_event, without the name that follows."""


class _Tells(Protocol):
    @property
    def any(self) -> bool: ...
    def close(self) -> None: ...


class Viewers:
    """Those who watch one virtual camera, as well as this system tells."""

    def __init__(self, path: str) -> None:
        """`path` is open already, by whoever sends to it."""
        self._tells: _Tells | None = None
        for ask in (_Streams, Openers):
            try:
                self._tells = ask(path)
                break
            except OSError:
                continue

    @property
    def any(self) -> bool:
        """Whether there is one; True where nothing tells."""
        try:
            return self._tells is None or self._tells.any
        except OSError:
            # The module is being unloaded, say. Sending will fail then, and tell why.
            return True

    def close(self) -> None:
        if self._tells is not None:
            self._tells.close()
            self._tells = None


class _Streams:
    """What v4l2loopback tells."""

    def __init__(self, path: str) -> None:
        self._device = v4l2.Device(path)
        try:
            self._device.streamed()
        except OSError:
            self._device.close()
            raise

    @property
    def any(self) -> bool:
        return self._device.streamed()

    def close(self) -> None:
        self._device.close()


class Openers:
    """Counts the programs that have a file open, beside those that have it open for us."""

    def __init__(self, path: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to count.

        Raises:
            OSError: if the kernel does not tell.
        """
        self._path = path
        self._clock = clock
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        wanted = _OPEN | _CLOSE_WRITE | _CLOSE_NOWRITE
        if self._fd < 0 or libc.inotify_add_watch(self._fd, os.fsencode(path), wanted) < 0:
            number = ctypes.get_errno()
            self.close()
            raise OSError(number, os.strerror(number), path)
        self._restart()

    def _restart(self) -> None:
        self._count = len(devices.holders(self._path))
        self._since = float("-inf")

    @property
    def any(self) -> bool:
        """Whether one has had it open for `LOOKED_AT_S`."""
        self._take_in()
        return self._count > 0 and self._clock() - self._since >= LOOKED_AT_S

    def _take_in(self) -> None:
        before = self._count
        try:
            told = os.read(self._fd, 1 << 16)
        except BlockingIOError:
            return
        at = 0
        while at < len(told):
            _, what, _, length = _HEADER.unpack_from(told, at)
            at += _HEADER.size + length
            if what & _OVERFLOW:
                self._restart()
                return
            self._count += 1 if what & _OPEN else -1
        # Whoever had it open unseen when counting began may close it now.
        self._count = max(0, self._count)
        if self._count and not before:
            self._since = self._clock()

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
