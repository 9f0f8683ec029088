"""The room behind people, remembered from when it was seen: what film calls a clean plate.

Only what was shown sharply anyway is ever remembered, so nothing becomes visible by it that was
not: it is for the backdrop of a head, which without it can only guess what is behind.
"""

from __future__ import annotations

from math import ceil, floor
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.light import relit
from vcam_emoji.sheet import Area
from vcam_emoji.surroundings import Cells
from vcam_emoji.types import Image

Shares: TypeAlias = NDArray[np.uint8]
"""[h, w], how much of something there is at each place, 0 to 255."""

_STRANGE = 12
"""Grey levels by which a cell may differ from what is remembered before it is taken anew."""
_MOST_STRANGE = 0.2
"""Share of cells beyond which it is not the same room."""
_SAME_LIGHT = 0.02
_LEAST_CELLS = 40
"""So many must be in sight for the light to be measured."""
_INWARDS = np.ones((5, 5), np.uint8)
"""A cell is used once its neighbours, two deep, are remembered too: edges are soft by then."""


class Plate:
    """A picture of the room in one light, known in some of its cells; one object per frame size."""

    def __init__(self, size: tuple[int, int], grid: tuple[int, int]) -> None:
        """For frames of that width and height, with so many columns and rows of cells."""
        self._size, self._grid = size, grid
        self.image: Image = np.zeros((size[1], size[0], 3), np.uint8)
        """Black where nothing is remembered yet."""
        self._light: NDArray[np.float32] = np.ones(3, np.float32)
        """By how much each channel is brighter now than in `image`."""
        self._other_light = False
        self._sure = True
        self._means: Image = np.zeros((grid[1], grid[0], 3), np.uint8)
        self._cells: Cells = np.zeros((grid[1], grid[0]), np.uint8)
        self._soft: Shares = self._cells
        """How far each cell is to be used, 0 to 255."""

    def doubt(self) -> None:
        """The room may be another one: none of it is used until enough is in sight to tell."""
        self._sure = False
        self._soft = np.zeros_like(self._soft)

    def forget(self, cells: Cells) -> None:
        """These are not the room, whatever was taken for it."""
        self._cells = cv2.bitwise_and(self._cells, cv2.bitwise_not(cells))  # type: ignore[assignment]
        if self._sure:
            self._soft = _softened(self._cells)

    def follow(self, means: Image, shown: Cells) -> None:
        """Follow the light, with the arguments of `remember`; it costs a tenth of that."""
        some = np.s_[::5, ::5]
        in_sight = cv2.bitwise_and(shown[some], self._cells[some]) != 0
        if np.count_nonzero(in_sight) >= _LEAST_CELLS:
            self._compare(means[some][in_sight], self._means[some][in_sight])

    def remember(self, image: Image, means: Image, shown: Cells) -> None:
        """Take what is new from a frame.

        Args:
            image: The frame, before anything is painted on it.
            means: Of its cells, [rows, columns, 3].
            shown: The cells, 255 each, that hold nothing but the room and are shown sharply.
        """
        self.follow(means, shown)
        if not self._sure:
            return
        expected = relit(self._means, self._light) if self._other_light else self._means
        alike = cv2.inRange(cv2.absdiff(means, expected), (0, 0, 0), (_STRANGE,) * 3)
        new = cv2.bitwise_and(shown, cv2.bitwise_not(cv2.bitwise_and(alike, self._cells)))
        x, y, w, h = cv2.boundingRect(new)
        if w == 0:
            return
        cells = Area(x, y, x + w, y + h).part()
        wide, high = self._size[0] / self._grid[0], self._size[1] / self._grid[1]
        at = Area(floor(x * wide), floor(y * high), ceil((x + w) * wide), ceil((y + h) * high))
        seen, colours = image[at.part()], means[cells]
        if self._other_light:
            back = np.float32(1) / self._light
            seen, colours = relit(seen, back), relit(colours, back)
        mask = cv2.resize(new, self._size, interpolation=cv2.INTER_NEAREST_EXACT)[at.part()]
        cv2.copyTo(seen, mask, self.image[at.part()])
        cv2.copyTo(colours, new[cells], self._means[cells])
        self._cells = cv2.bitwise_or(self._cells, new)  # type: ignore[assignment]
        self._soft = _softened(self._cells)

    def share(self, x: int, y: int, step: int, size: tuple[int, int]) -> Shares | None:
        """How far the room is to be used in a rectangle of the frame, 0 to 255.

        Args:
            x: Left edge of the rectangle, in pixels of the frame; it may lie outside.
            y: Top edge.
            step: Pixels to one of the answer's, across and down.
            size: Of the answer, width and height.

        Returns:
            None where nothing is remembered.
        """
        across, down = self._grid[0] / self._size[0], self._grid[1] / self._size[1]
        x0, x1 = int(x * across), int((x + size[0] * step) * across) + 2
        y0, y1 = int(y * down), int((y + size[1] * step) * down) + 2
        if not self._soft[max(0, y0 - 1) : max(0, y1), max(0, x0 - 1) : max(0, x1)].any():
            return None
        # OpenCV puts the first pixel's centre at 0, we put it at 0.5.
        place = np.array(
            [
                [step * across, 0, (x + step / 2) * across - 0.5],
                [0, step * down, (y + step / 2) * down - 0.5],
            ]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        share = cv2.warpAffine(
            self._soft, place, size, flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        return share.astype(np.uint8, copy=False)

    def lit(self, at: Area) -> Image:
        """A part of the room in the light of now; not to be written to."""
        part = self.image[at.part()]
        return relit(part, self._light) if self._other_light else part

    def _compare(self, now: Image, then: Image) -> None:
        """Follow the light, and see whether it is still the room.

        Args:
            now: Some cells in sight as they look, [n, 3].
            then: As they are remembered.
        """
        light = np.median(now / np.maximum(then, np.float32(1)), axis=0)
        if not self._sure:
            self._sure = True
            off = np.abs(now - then * light).max(axis=1)
            if np.count_nonzero(off > _STRANGE) > _MOST_STRANGE * len(now):
                self._cells, light = np.zeros_like(self._cells), np.ones(3)
            self._soft = _softened(self._cells)
        self._light = light.astype(np.float32)
        self._other_light = bool(np.abs(self._light - 1).max() > _SAME_LIGHT)


def _softened(cells: Cells) -> Shares:
    """How far to use each, with soft edges that lie within what is known."""
    soft = cv2.blur(cv2.erode(cells, _INWARDS), (3, 3))
    return soft.astype(np.uint8, copy=False)
