"""What is known of every frame of a composed clip: whose face is where, and what of it shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.types import Box, FivePoints, Frame, Points

_SHIFT = 4
"""Polygons are filled with 1/16 pixel precision."""


@dataclass(frozen=True, slots=True)
class TrueFace:
    """A face as the clip's composer placed it."""

    id: int
    """The same person throughout the clip."""
    box: Box
    points: FivePoints
    roll: float
    """Degrees, as in `Detection.roll`."""
    outline: Points
    """The skin of the face as a polygon, hairline to chin; it may reach out of the frame."""
    hidden: tuple[Points, ...] = ()
    """Polygons of what is in front of the face: a hand, a card, another person."""
    visible: float = 1.0
    """Share of the skin of this face, seen from the front, that shows in this frame."""

    def skin(self, size: tuple[int, int]) -> NDArray[np.uint8]:
        """[h, w], 255 where skin of this face shows in a frame of that (width, height)."""
        width, height = size
        mask = np.zeros((height, width), np.uint8)
        fill(mask, self.outline, 255)
        for polygon in self.hidden:
            fill(mask, polygon, 0)
        return mask


@dataclass(frozen=True, slots=True)
class StagedFrame:
    frame: Frame
    """`Frame.time` advances by exactly 1/fps from 0: a clip is the same on every machine."""
    faces: tuple[TrueFace, ...]
    """Those of which any part is inside the frame and not hidden, back to front."""


class Clip(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        ...

    @property
    def fps(self) -> float: ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[StagedFrame]: ...


def fill(mask: NDArray[np.uint8], polygon: Points, value: int) -> None:
    """Fill a polygon, whose pixel centres are at halves, into a mask in place."""
    # OpenCV counts from the centre of the first pixel, and wants fixed-point integers.
    corners = np.round((polygon - 0.5) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(mask, [corners], (value,), cv2.LINE_8, _SHIFT)
