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

from vcam_emoji.faces.region import Region
from vcam_emoji.types import Face, Image

SIZE = 48
"""Sides of a crop in pixels, as in FER-2013."""

Crop: TypeAlias = NDArray[np.uint8]
"""[48, 48], grey, 0 to 255."""

BOX_PER_SIDE = 0.915
DROP = 0.02
"""How FER-2013 frames a face: side sqrt(w h) / 0.915 of the tracker's box, centre 0.02 sides below
its centre; medians over 800 faces for training (`benchmarks.cropping --split train`)."""


def framing(face: Face) -> Region:
    """The square around a face as FER-2013 cuts it, tilted as the face is."""
    side = math.sqrt(max(face.box.area, 1.0)) / BOX_PER_SIDE
    roll = math.radians(face.roll)
    x, y = face.box.centre
    return Region(
        x - DROP * side * math.sin(roll), y + DROP * side * math.cos(roll), side, face.roll
    )


def crop(image: Image, face: Face) -> Crop:
    """Cut a face out of a BGR picture, turned upright."""
    upright = framing(face).view(image, SIZE)
    return cv2.cvtColor(upright, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)


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
