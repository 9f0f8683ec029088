"""Something laid over a part of the frame, cut into pieces so that little of it is blended.

Blending costs ten times what copying does. So a sheet is cut into a few strips; of each strip only
what is neither clear nor opaque is blended, and what is clear is left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.types import Image

_CUTS = (0.0, 0.16, 0.84, 1.0)
"""Where strips end, in shares of the height: about the best for a disc. With more of them less is
blended, but each piece has its price too."""


class Area(NamedTuple):
    """A rectangle of whole pixels: x0, y0 inside, x1, y1 outside.

    A tuple, because dozens are made in every frame.
    """

    x0: int
    y0: int
    x1: int
    y1: int

    @classmethod
    def of(cls, image: Image) -> Area:
        """All of a picture."""
        return cls(0, 0, image.shape[1], image.shape[0])

    def __bool__(self) -> bool:
        return self.x0 < self.x1 and self.y0 < self.y1

    def clipped(self, other: Area) -> Area:
        """What both share; it may be nothing."""
        (x0, y0, x1, y1), (left, top, right, bottom) = self, other
        return Area(max(x0, left), max(y0, top), min(x1, right), min(y1, bottom))

    def shifted(self, dx: int, dy: int) -> Area:
        x0, y0, x1, y1 = self
        return Area(x0 + dx, y0 + dy, x1 + dx, y1 + dy)

    def part(self) -> tuple[slice, slice]:
        """As an index of an array of rows."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)


@dataclass(frozen=True, slots=True)
class Piece:
    """`frame * keep / 255 + colour` within a rectangle."""

    at: Area
    """In pixels of the frame, but for its sheet's shift."""
    colour: Image
    keep: Image | None
    """None where nothing of the frame is kept."""

    def lay(self, image: Image, dx: int, dy: int) -> None:
        at = self.at.shifted(dx, dy)
        seen = at.clipped(Area.of(image))
        if not seen:
            return
        colour, keep = self.colour, self.keep
        if seen != at:
            part = seen.shifted(-at.x0, -at.y0).part()
            colour, keep = colour[part], None if keep is None else keep[part]
        below = image[seen.part()]
        if keep is None:
            below[:] = colour
        else:
            blend(below, colour, keep)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Pieces that do not overlap."""

    pieces: Sequence[Piece]
    dx: int = 0
    dy: int = 0

    def lay(self, image: Image) -> None:
        """Lay it over a frame, in place."""
        for each in self.pieces:
            each.lay(image, self.dx, self.dy)

    def moved(self, dx: int, dy: int) -> Sheet:
        return replace(self, dx=self.dx + dx, dy=self.dy + dy)

    def opaque(self) -> Area | None:
        """The largest rectangle through which nothing is seen, in pixels of the frame."""
        solid = [each.at for each in self.pieces if each.keep is None]
        largest = max(solid, key=lambda at: (at.x1 - at.x0) * (at.y1 - at.y0), default=None)
        return largest.shifted(self.dx, self.dy) if largest else None


def blend(below: Image, colour: Image, keep: Image) -> None:
    """`below * keep / 255 + colour`, in place."""
    cv2.multiply(below, keep, dst=below, scale=1 / 255)
    cv2.add(below, colour, dst=below)


def cut(art: NDArray[np.uint8], x: int, y: int) -> Sheet:
    """A sheet of a premultiplied picture [h, w, 4] with its corner at that place."""
    alpha = cv2.extractChannel(art, 3)
    height = alpha.shape[0]
    pieces = []
    ends = [round(share * height) for share in _CUTS]
    for top, bottom in itertools.pairwise(ends):
        if top == bottom:
            continue
        strip = alpha[top:bottom]
        seen = np.flatnonzero(strip.max(axis=0))
        if not len(seen):
            continue
        left, right = int(seen[0]), int(seen[-1]) + 1
        inner = _opaque(strip.min(axis=0), left, right)
        for x0, x1, solid in ((left, inner[0], False), (*inner, True), (inner[1], right, False)):
            if x0 == x1:
                continue
            part = art[top:bottom, x0:x1]
            colour = cv2.cvtColor(part, cv2.COLOR_BGRA2BGR).astype(np.uint8, copy=False)
            keep = None if solid else _kept(strip[:, x0:x1].astype(np.uint8, copy=False))
            pieces.append(Piece(Area(x0, top, x1, bottom).shifted(x, y), colour, keep))
    return Sheet(pieces)


def _opaque(least: NDArray[np.uint8], left: int, right: int) -> tuple[int, int]:
    """The columns around the middle in which the least alpha is 255; empty at `right` if none."""
    middle = (left + right) // 2
    if least[middle] < 255:
        return right, right
    clear = np.flatnonzero(least[left:right] < 255) + left
    before, after = clear[clear < middle], clear[clear > middle]
    return (
        int(before[-1]) + 1 if len(before) else left,
        int(after[0]) if len(after) else right,
    )


def _kept(alpha: NDArray[np.uint8]) -> Image:
    clear = cv2.bitwise_not(alpha)
    return cv2.cvtColor(clear, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
