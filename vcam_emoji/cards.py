"""The friendly still pictures that are published instead of the camera."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from vcam_emoji.resources import asset
from vcam_emoji.types import Image


class Card(StrEnum):
    STARTING = "starting"
    PAUSED = "paused"
    NO_CAMERA = "no-camera"
    HIDDEN = "hidden"
    """Frames come, but a face may be uncovered in them."""
    TROUBLE = "trouble"


@lru_cache(maxsize=1)
def picture(card: Card, size: tuple[int, int]) -> Image:
    """The card at that width and height, whole, on its own background; do not write to it.

    A card is the last thing that can be shown, so this never fails: where the shipped picture
    cannot be read, it is a plain one.
    """
    drawn = _read(asset("cards") / f"{card}.png")
    image = (
        np.full((size[1], size[0], 3), (58, 44, 40), np.uint8)
        if drawn is None
        else fit(drawn, size)
    )
    image.flags.writeable = False
    return image


def put_away() -> None:
    """Forget the card kept ready, a few MB, until one is asked for again."""
    picture.cache_clear()


def _read(path: Path) -> Image | None:
    try:
        encoded = np.frombuffer(path.read_bytes(), np.uint8)
        image = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        return None
    return None if image is None else image.astype(np.uint8, copy=False)


def fit(image: Image, size: tuple[int, int]) -> Image:
    """The whole picture at that size, undistorted, with bars in the colour of its corner."""
    (height, width), (wide, high) = image.shape[:2], size
    if (width, height) == size:
        return image
    scale = min(wide / width, high / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    shrinks = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(image, inner, interpolation=shrinks)
    if inner == size:
        return small.astype(np.uint8, copy=False)
    canvas = np.empty((high, wide, 3), np.uint8)
    canvas[:] = image[0, 0]
    x, y = (wide - inner[0]) // 2, (high - inner[1]) // 2
    canvas[y : y + inner[1], x : x + inner[0]] = small
    return canvas
