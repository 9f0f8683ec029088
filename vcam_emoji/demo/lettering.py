"""Text and rounded shapes for the demo's pictures, drawn with Pillow's own typeface."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from vcam_emoji.types import Image

Colour: TypeAlias = tuple[int, int, int]
"""BGR."""

INK: Colour = (240, 236, 232)
FAINT: Colour = (160, 150, 142)
GROUND: Colour = (36, 28, 24)


def text(image: Image, at: tuple[int, int], words: str, size: int, colour: Colour = INK) -> int:
    """Write words in place, the middle of the line at height `at[1]`.

    Returns:
        Where they end, x in pixels.
    """
    mask = _letters(words, size)
    return _stamp(image, mask, (at[0], at[1] - mask.shape[0] // 2), colour)


def width(words: str, size: int) -> int:
    """How wide the words are, in pixels."""
    return int(_letters(words, size).shape[1])


def pill(image: Image, at: tuple[int, int], words: str, size: int, colour: Colour) -> int:
    """Write words on a rounded label of that colour; dark on bright and bright on dark.

    Returns:
        Where it ends, x in pixels.
    """
    pad, high = round(size * 0.6), round(size * 1.7)
    letters = _letters(words, size)
    shape = _rounded(letters.shape[1] + 2 * pad, high, high // 2)
    end = _stamp(image, shape, (at[0], at[1] - high // 2), colour)
    bright = 0.11 * colour[0] + 0.59 * colour[1] + 0.3 * colour[2] > 120
    text(image, (at[0] + pad, at[1]), words, size, GROUND if bright else INK)
    return end


def panel(image: Image, at: tuple[int, int], picture: Image, radius: int) -> None:
    """Put a picture in place with rounded corners."""
    high, wide = picture.shape[:2]
    x, y = at
    region = image[y : y + high, x : x + wide]
    shape = _rounded(2 * radius, 2 * radius, radius)
    below = region.copy()
    region[:] = picture
    for rows in (slice(0, radius), slice(-radius, None)):
        for columns in (slice(0, radius), slice(-radius, None)):
            outside = 1 - shape[rows, columns, None].astype(np.float32) / 255
            corner = region[rows, columns]
            corner[:] = np.round(corner * (1 - outside) + below[rows, columns] * outside)


def _stamp(image: Image, mask: NDArray[np.uint8], at: tuple[int, int], colour: Colour) -> int:
    """Paint a colour through a mask in place, cut at the picture's edges; where it ends in x."""
    x, y = at
    top, left = max(0, -y), max(0, -x)
    region = image[max(y, 0) : y + mask.shape[0], max(x, 0) : x + mask.shape[1]]
    part = mask[top : top + region.shape[0], left : left + region.shape[1], None]
    share = part.astype(np.float32) / 255
    region[:] = np.round(region * (1 - share) + np.array(colour, np.float32) * share)
    return x + int(mask.shape[1])


@lru_cache(maxsize=512)
def _letters(words: str, size: int) -> NDArray[np.uint8]:
    font = ImageFont.load_default(size)
    _, _, right, _ = font.getbbox(words)
    # Every line of one size has the same height, so that lines of words stand level.
    canvas = Pillow.new("L", (max(1, int(right) + 1), round(size * 1.3)), 0)
    ImageDraw.Draw(canvas).text((0, round(size * 0.98)), words, fill=255, font=font, anchor="ls")
    return np.asarray(canvas, np.uint8)


@lru_cache(maxsize=128)
def _rounded(wide: int, high: int, radius: int) -> NDArray[np.uint8]:
    canvas = Pillow.new("L", (wide * 4, high * 4), 0)
    corners = (0, 0, wide * 4 - 1, high * 4 - 1)
    ImageDraw.Draw(canvas).rounded_rectangle(corners, radius * 4, fill=255)
    return np.asarray(canvas.resize((wide, high), Pillow.Resampling.BOX), np.uint8)
