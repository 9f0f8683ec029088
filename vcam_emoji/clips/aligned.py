"""Portraits made of face photos that are aligned by eyes and mouth as FFHQ's are.

For measuring on many people; nobody measured these faces, so what is told of each is that of the
average face in such photos, and the outline is drawn a little inside it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.clips.portraits import Portrait
from vcam_emoji.errors import DataError
from vcam_emoji.types import FivePoints, Image, Points

_POINTS = FivePoints((0.371, 0.465), (0.629, 0.465), (0.5, 0.62), (0.4, 0.734), (0.6, 0.734))
"""As shares of the photo's side; read off the mean of 800 photos."""
_CENTRE, _HALF_WIDTH, _HALF_HEIGHT = (0.5, 0.545), 0.23, 0.34
"""Of the face as an ellipse, in the same unit."""
_ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}


def aligned_portraits(path: Path, count: int, seed: int = 0) -> tuple[Portrait, ...]:
    """A random choice of the photos in a folder or a zip, always the same for a seed.

    Raises:
        DataError: when there are no such photos.
    """
    names = sorted(_names(path))
    if not names:
        raise DataError(f"There are no photos in {path}.", "Give a folder or a zip of face photos.")
    picked = np.random.default_rng(seed).permutation(len(names))[:count]
    return tuple(_portrait(Path(names[at]).stem, _read(path, names[at])) for at in picked)


def _names(path: Path) -> Iterator[str]:
    try:
        if path.is_dir():
            found = [str(each.relative_to(path)) for each in path.rglob("*")]
        else:
            with zipfile.ZipFile(path) as archive:
                found = archive.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is neither a folder nor a zip of photos.") from error
    return (name for name in found if Path(name).suffix.lower() in _ENDINGS)


def _read(path: Path, name: str) -> Image:
    if path.is_dir():
        content = (path / name).read_bytes()
    else:
        with zipfile.ZipFile(path) as archive:
            content = archive.read(name)
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise DataError(f"{name} in {path} is not a picture.")
    return image.astype(np.uint8, copy=False)


def _portrait(name: str, image: Image) -> Portrait:
    side = image.shape[0]
    turn = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    outline: Points = np.stack(
        [
            (_CENTRE[0] + _HALF_WIDTH * np.cos(turn)) * side,
            (_CENTRE[1] + _HALF_HEIGHT * np.sin(turn)) * side,
        ],
        axis=1,
    ).astype(np.float32)
    five = [(float(x), float(y)) for x, y in _POINTS.array() * side]
    beside = image[round(0.3 * side) : round(0.5 * side), [round(0.2 * side), round(0.8 * side)]]
    blue, green, red = (float(value) for value in np.median(beside.reshape(-1, 3), axis=0))
    return Portrait(
        name, image, _mask(side), FivePoints(*five), outline, 0.0, (blue, green, red)
    ).with_body_below()


def _mask(side: int) -> NDArray[np.uint8]:
    """An arch with a soft edge: round above, straight below."""
    y, x = (np.mgrid[:side, :side].astype(np.float32) + 0.5) / side
    away = np.abs((x - 0.5) / 0.47) ** 4 + np.abs(np.minimum(y - 0.5, 0) / 0.49) ** 4
    mask: NDArray[np.uint8] = np.round(np.clip((1 - away) * 4, 0, 1) * 255).astype(np.uint8)
    return mask
