"""Contact sheets: every picture of a set, large and small, on light and dark."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.emoji_set import EmojiSet
from vcam_emoji.types import Emotion, Image

_GROUNDS = ((246, 246, 246), (52, 44, 40))


def laid(pixels: NDArray[np.uint8], ground: Sequence[int]) -> Image:
    """A BGRA picture on a flat colour."""
    alpha = pixels[..., 3:].astype(np.float32) / 255
    mixed = pixels[..., :3] * alpha + np.array(ground, np.float32) * (1 - alpha)
    return np.round(mixed).astype(np.uint8)


def sheet(emoji_set: EmojiSet, sides: Sequence[int] = (192, 96, 32)) -> Image:
    """One row for each size and ground, a column for each picture."""
    pictures = [image for emotion in Emotion for _, image in emoji_set.images[emotion]]
    rows = []
    for side in sides:
        for ground in _GROUNDS:
            cell = max(sides)
            row = np.empty((side + 16, cell * len(pictures), 3), np.uint8)
            row[:] = ground
            for i, image in enumerate(pictures):
                flat = laid(image.pixels, ground)
                small = cv2.resize(flat, (side, side), interpolation=cv2.INTER_AREA)
                x = i * cell + (cell - side) // 2
                row[8 : 8 + side, x : x + side] = small
            rows.append(row)
    return np.concatenate(rows)
