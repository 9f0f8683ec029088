"""Many small pictures as few large ones, so that a data set travels in half its size.

A leased machine takes a limited tree; lossless WebP of 64 x 64 faces at once, with grey levels
rounded by what the caller allows, is far smaller than a zip of single pictures.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.emotion_input import SIZE
from vcam_emoji.errors import DataError

_SIDE = 64
"""Faces along each side of a mosaic."""


def mosaics(images: NDArray[np.uint8], error: int) -> dict[str, NDArray[np.uint8]]:
    """Encode pictures.

    Args:
        images: [n, 48, 48].
        error: Grey levels by which a pixel may be wrong; 0 is lossless.

    Returns:
        Arrays for a .npz file, which `pictures` reads.
    """
    step = 2 * error + 1
    rounded = ((images.astype(np.uint16) + error) // step).astype(np.uint8)
    parts = np.array_split(rounded, math.ceil(len(images) / _SIDE**2))
    encoded = {f"mosaic/{i:03}": _encoded(part) for i, part in enumerate(parts)}
    return encoded | {"mosaic_step": np.array([step], np.uint8)}


def pictures(arrays: dict[str, NDArray[np.generic]], n: int) -> NDArray[np.uint8]:
    """Decode what `mosaics` encoded.

    Returns:
        [n, 48, 48].

    Raises:
        DataError: a mosaic is damaged, or they hold fewer pictures.
    """
    step = int(arrays["mosaic_step"].astype(int).item())
    names = sorted(name for name in arrays if name.startswith("mosaic/"))
    counts = [len(part) for part in np.array_split(np.arange(n), max(1, len(names)))]
    parts = [_decoded(arrays[name], m) for name, m in zip(names, counts, strict=False)]
    if sum(map(len, parts)) != n:
        raise DataError(f"The data set should hold {n} pictures and holds fewer.")
    whole = np.concatenate(parts).astype(np.uint16)
    return np.minimum(whole * step, 255).astype(np.uint8, copy=False)


def _encoded(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows = math.ceil(len(images) / _SIDE)
    tiles = np.zeros((rows * _SIDE, SIZE, SIZE), np.uint8)
    tiles[: len(images)] = images
    grid = tiles.reshape(rows, _SIDE, SIZE, SIZE).swapaxes(1, 2).reshape(rows * SIZE, -1)
    colour = cv2.cvtColor(grid, cv2.COLOR_GRAY2BGR)  # WebP knows no grey
    # From 101 on, quality means lossless.
    _, encoded = cv2.imencode(".webp", colour, [cv2.IMWRITE_WEBP_QUALITY, 101])
    return np.asarray(encoded, np.uint8).ravel()


def _decoded(encoded: NDArray[np.generic], n: int) -> NDArray[np.uint8]:
    try:
        grid = cv2.imdecode(encoded.astype(np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        grid = None
    if grid is None or grid.shape[0] % SIZE or grid.shape[1] != _SIDE * SIZE:
        raise DataError("A mosaic of the data set is damaged.")
    rows = grid.shape[0] // SIZE
    tiles = grid[..., 0].reshape(rows, SIZE, _SIDE, SIZE).swapaxes(1, 2).reshape(-1, SIZE, SIZE)
    return tiles[:n].astype(np.uint8, copy=False)
