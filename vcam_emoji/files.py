"""One file, written whole or not at all, and over no other where that matters."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import tempfile
from pathlib import Path


def free(path: Path) -> Path:
    """That path, or the first of `NAME-2`, `NAME-3` and so on at which there is nothing."""
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in itertools.count(2))
    places = itertools.chain([path], numbered)
    return next(each for each in places if not each.exists() and not each.is_symlink())


def write(path: Path, content: bytes) -> None:
    """Write beside the file's place, then rename; what was there stays if anything fails.

    Raises:
        OSError: if that is not possible.
    """
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if sys.platform != "win32":
                # Made for its owner alone; other programs are to open it.
                os.fchmod(file.fileno(), 0o644)
        Path(beside).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(beside).unlink()
        raise
