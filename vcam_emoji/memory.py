"""Keeping a process that runs all day small."""

from __future__ import annotations

import contextlib
import ctypes
import sys

_M_ARENA_MAX = -8
"""From glibc's `malloc.h`."""


def one_arena() -> None:
    """Have all threads share one heap; to be called before they start.

    Otherwise glibc keeps one for each, with what is free in one of no use to the others. They
    hardly ever allocate at the same time here.
    """
    _glibc("mallopt", _M_ARENA_MAX, 1)


def return_what_is_free() -> None:
    """Have the allocator give the system what the process has freed; glibc keeps it otherwise."""
    _glibc("malloc_trim", 0)


def _glibc(function: str, *arguments: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            getattr(ctypes.CDLL(None), function)(*arguments)
