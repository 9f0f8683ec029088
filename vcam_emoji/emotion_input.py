"""What the emotion network sees: one grey, upright, 48 x 48 crop in [-1, 1].

Preprocessing is part of the model: fed with other pixels, or framed otherwise, the same weights
lose ten points and more. So training and the live path both take their input from here.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.types import Face, Image

SIZE = 48
"""Sides of a crop in pixels, as in FER-2013."""

Crop: TypeAlias = NDArray[np.uint8]
"""[48, 48], grey, 0 to 255."""

_BOX_PER_SIDE = 0.898
_RISE = 0.028
"""How FER-2013 frames a face: side sqrt(w h) / 0.898 of the detector's box, centre 0.028 sides
above its centre; fitted to where a detector finds the faces in the data set's own pictures."""


def framing(face: Face) -> tuple[float, float, float]:
    """The square around a face as FER-2013 cuts it.

    Returns:
        Centre x and y and the side, in pixels of the frame. The square is tilted by `face.roll`.
    """
    side = math.sqrt(max(face.box.area, 1.0)) / _BOX_PER_SIDE
    roll = math.radians(face.roll)
    x, y = face.box.centre
    return x + _RISE * side * math.sin(roll), y - _RISE * side * math.cos(roll), side


def crop(image: Image, face: Face) -> Crop:
    """Cut a face out of a BGR picture, turned upright; beyond the picture its edge is repeated."""
    x, y, side = framing(face)
    part, left, top, shrink = _reduced(image, x, y, side)
    roll, step = math.radians(face.roll), side / SIZE
    cosine, sine = math.cos(roll) * step / shrink, math.sin(roll) * step / shrink
    # Crop pixel (i, j) has its centre at i + 0.5, and warpAffine counts centres from 0.
    middle = (SIZE - 1) / 2
    to_part = np.array(
        [
            [cosine, -sine, (x - left) / shrink - 0.5 - middle * (cosine - sine)],
            [sine, cosine, (y - top) / shrink - 0.5 - middle * (sine + cosine)],
        ]
    )
    upright = cv2.warpAffine(
        part,
        to_part,
        (SIZE, SIZE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cv2.cvtColor(upright, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)


def _reduced(image: Image, x: float, y: float, side: float) -> tuple[Image, int, int, int]:
    """The part of the picture that the square can touch, reduced by a whole factor.

    A large face sampled at 48 x 48 points would alias, and its noise would not average out.

    Returns:
        The part, the frame position of its top left corner, and by how much it was reduced.
    """
    height, width = image.shape[:2]
    shrink = max(1, int(side / SIZE))
    reach = side * math.sqrt(0.5) + shrink
    left = min(max(0, math.floor(x - reach)), width - 1)
    top = min(max(0, math.floor(y - reach)), height - 1)
    right = min(max(left + 1, math.ceil(x + reach)), width)
    bottom = min(max(top + 1, math.ceil(y + reach)), height)
    columns, rows = (right - left) // shrink, (bottom - top) // shrink
    if shrink == 1 or columns == 0 or rows == 0:
        return image[top:bottom, left:right], left, top, 1
    part = image[top : top + rows * shrink, left : left + columns * shrink]
    reduced = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
    return reduced.astype(np.uint8, copy=False), left, top, shrink


def scaled(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the network takes.

    Args:
        crops: [n, 48, 48], grey, 0 to 255.

    Returns:
        [n, 48, 48, 1], from -1 to 1.
    """
    if crops.ndim != 3 or crops.shape[1:] != (SIZE, SIZE):
        raise ValueError(f"crops must be [n, {SIZE}, {SIZE}], got {list(crops.shape)}")
    return crops[..., None].astype(np.float32) * np.float32(2 / 255) - np.float32(1)
