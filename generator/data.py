"""Pictures to learn from: a folder or a zip of them, in any order, of any size.

Everything is decoded once, cut to the middle square, averaged down to the resolution and kept in
memory as uint8. The order depends on seed and epoch alone, so a run can begin anywhere in it.
"""

from __future__ import annotations

import hashlib
import io
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from queue import Empty, Full, Queue
from threading import Event, Thread
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from vcam_emoji.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
LEAST = 8
"""Fewer pictures than this are no data set."""
_LARGEST = 64 << 20
"""Bytes of one file."""

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Pictures:
    pixels: NDArray[np.uint8]
    """[n, resolution, resolution, 3], RGB."""
    skipped: tuple[str, ...] = ()
    """Files that could not be read, each with the reason."""

    @property
    def fingerprint(self) -> str:
        """Changes with any pixel."""
        return hashlib.sha256(self.pixels.tobytes()).hexdigest()[:16]


def load(
    path: Path,
    resolution: int,
    background: Colour = (255, 255, 255),
    warn: Callable[[str], None] = lambda _line: None,
    wanted: Callable[[str], bool] = lambda _name: True,
) -> Pictures:
    """Read all pictures of a folder or zip, in the order of their names.

    Args:
        path: A folder, searched with all its subfolders, or a zip.
        resolution: Sides of the result in pixels; smaller pictures are enlarged.
        background: RGB, under what is transparent.
        warn: Is told each file that is skipped.
        wanted: Which files are read at all, by name.

    Raises:
        DataError: nothing is there, or too few pictures can be read.
    """
    found: list[NDArray[np.uint8]] = []
    skipped: list[str] = []
    for name, read in _files(path):
        if not wanted(name):
            continue
        try:
            found.append(decoded(read(), resolution, background))
        except _UNREADABLE as error:
            skipped.append(f"{name}: {str(error) or type(error).__name__}")
            warn(skipped[-1])
    if len(found) < LEAST:
        raise DataError(
            f"{path} holds {len(found)} pictures that can be read; {LEAST} are the least.",
            f"It must be a folder or zip of {', '.join(s[1:] for s in SUFFIXES)} files."
            + (f" The first that was skipped is {skipped[0]}" if skipped else ""),
        )
    return Pictures(np.stack(found), tuple(skipped))


_UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError, zipfile.BadZipFile,
               NotImplementedError, RuntimeError, EOFError)  # fmt: skip
"""What Pillow and zipfile raise over broken or hostile files."""


def _files(path: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if _wanted(PurePosixPath(file.as_posix())) and file.is_file():
                read = partial(_limited, file.stat().st_size, file.read_bytes)
                yield file.relative_to(path).as_posix(), read
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
                if _wanted(PurePosixPath(entry.filename)):
                    read = partial(_limited, entry.file_size, partial(archive.read, entry))
                    yield entry.filename, read
    except FileNotFoundError as error:
        raise DataError(f"{path} is not there.", "Name a folder or a zip of pictures.") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path} is neither a folder nor a zip.", "Name a folder or a zip of pictures."
        ) from error


def _wanted(place: PurePosixPath) -> bool:
    return place.suffix.lower() in SUFFIXES and "__MACOSX" not in place.parts


def _limited(size: int, read: Callable[[], bytes]) -> bytes:
    if size > _LARGEST:
        raise ValueError(f"larger than {_LARGEST >> 20} MB")
    return read()


def decoded(encoded: bytes, resolution: int, background: Colour) -> NDArray[np.uint8]:
    """One picture: upright, flat, square, [resolution, resolution, 3] RGB."""
    with warnings.catch_warnings(), Image.open(io.BytesIO(encoded)) as picture:
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        picture.draft("RGB", (2 * resolution, 2 * resolution))
        upright = ImageOps.exif_transpose(picture)
        if upright.has_transparency_data:
            clear = upright.convert("RGBA")
            upright = Image.new("RGBA", clear.size, (*background, 255))
            upright.alpha_composite(clear)
        flat = upright.convert("RGB")
    width, height = flat.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    method = Image.Resampling.BOX if side >= resolution else Image.Resampling.BICUBIC
    box = (left, top, left + side, top + side)
    return np.asarray(flat.resize((resolution, resolution), method, box=box))


def batches(
    pixels: NDArray[np.uint8], batch: int, seed: int, mirror: bool, start: int = 0
) -> Iterator[NDArray[np.uint8]]:
    """Endlessly, every picture once in an epoch, each epoch in an order of its own.

    Args:
        pixels: [n, h, w, 3].
        batch: Pictures in each; a batch may span epochs.
        seed: Of the order.
        mirror: Turn half of the pictures, by chance.
        start: Batches to leave out: the rest is what it would have been.
    """
    n = len(pixels)
    place = start * batch
    epoch, (order, turned) = -1, (np.empty(0, np.int64), np.empty(0, np.bool_))
    while True:
        chosen = np.empty((batch, *pixels.shape[1:]), np.uint8)
        for i in range(batch):
            if (place + i) // n != epoch:
                epoch = (place + i) // n
                rng = np.random.default_rng((seed, epoch))
                order, turned = rng.permutation(n), rng.random(n) < 0.5
            at = (place + i) % n
            picture = pixels[order[at]]
            chosen[i] = picture[:, ::-1] if mirror and turned[at] else picture
        place += batch
        yield chosen


class Ahead:
    """An iterator whose next few values are made while nobody waits for them."""

    def __init__(self, values: Iterator[NDArray[np.uint8]], depth: int = 8) -> None:
        self._values = values
        self._queue: Queue[NDArray[np.uint8]] = Queue(depth)
        self._over = Event()
        self._thread = Thread(target=self._run, name="batches", daemon=True)

    def __enter__(self) -> Ahead:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def waiting(self) -> int:
        """How many values lie ready."""
        return self._queue.qsize()

    def take(self) -> NDArray[np.uint8]:
        """The next value."""
        while True:
            try:
                return self._queue.get(timeout=1.0)
            except Empty:
                if not self._thread.is_alive():
                    raise RuntimeError("The pictures have run out.") from None

    def _run(self) -> None:
        for value in self._values:
            while not self._over.is_set():
                try:
                    self._queue.put(value, timeout=0.2)
                    break
                except Full:
                    continue
            if self._over.is_set():
                return
