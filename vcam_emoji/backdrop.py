"""What is seen behind an emoji in `replace`: the head's surroundings, drawn inwards smoothly.

Nothing of the head goes into it: only the colours of a ring around the head are read, and inside
they are continued by the harmonic function with those values on the rim (Poisson's integral for
the disc), the smoothest surface that fits them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.types import Box, Image

Floats: TypeAlias = NDArray[np.float32]

FEATHER = 1.13
"""Where the backdrop has faded out, as a multiple of the head's outline; at 1 it is opaque."""

_ANGLES = 40
_RADII = (1.14, 1.22, 1.30)
"""Where the ring is read, as multiples of the head's outline: just outside of the feather."""
_GRID = 16
"""The backdrop is computed as a grid of that many points across and down, then enlarged."""
_RIM = 0.96
"""Poisson's kernel is read up to here: at 1 it is a spike between two samples."""


@dataclass(frozen=True, slots=True)
class Ellipse:
    """A tilted ellipse, in pixels."""

    centre: tuple[float, float]
    half_width: float
    half_height: float
    roll: float
    """Degrees clockwise in the picture."""

    def box(self, factor: float = 1.0) -> Box:
        """The upright rectangle around it, after both axes were multiplied by `factor`."""
        right, down = self._axes()
        x = float(np.hypot(right[0], down[0])) * factor
        y = float(np.hypot(right[1], down[1])) * factor
        return Box(self.centre[0] - x, self.centre[1] - y, self.centre[0] + x, self.centre[1] + y)

    def radius(self, points: Floats) -> Floats:
        """For points [..., 2]: 0 at the centre, 1 on the outline, proportional between."""
        distance: Floats = np.linalg.norm(self.local(points), axis=-1).astype(np.float32)
        return distance

    def local(self, points: Floats) -> Floats:
        """Points [..., 2] in the coordinates in which the ellipse is the unit circle."""
        angle = np.radians(self.roll)
        cos, sin = np.cos(angle), np.sin(angle)
        turn = np.array(
            [
                [cos / self.half_width, -sin / self.half_height],
                [sin / self.half_width, cos / self.half_height],
            ],
            np.float32,
        )
        local: Floats = (points - np.asarray(self.centre, np.float32)) @ turn
        return local

    def outline(self, factor: float = 1.0, count: int = 32) -> Floats:
        """[count, 2]: points on the ellipse with its axes times `factor`, clockwise."""
        return self._place(_circle(count) * np.float32(factor))

    def _place(self, local: Floats) -> Floats:
        right, down = self._axes()
        axes = np.array([right, down], np.float32)
        placed: Floats = local @ axes + np.asarray(self.centre, np.float32)
        return placed

    def _axes(self) -> tuple[tuple[float, float], tuple[float, float]]:
        angle = np.radians(self.roll)
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        right = (cos * self.half_width, sin * self.half_width)
        down = (-sin * self.half_height, cos * self.half_height)
        return right, down


@lru_cache(maxsize=8)
def _circle(count: int) -> Floats:
    angles = np.arange(count, dtype=np.float32) * np.float32(2 * np.pi / count)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def ring(image: Image, head: Ellipse, others: Sequence[Ellipse] = ()) -> Floats:
    """The colours around a head, [angles, 3], smooth along the ring.

    Where the ring leaves the frame or crosses another head, the nearest readable part speaks for
    it; where nothing is readable it is a dark grey.
    """
    height, width = image.shape[:2]
    places = np.stack([head.outline(factor, _ANGLES) for factor in _RADII])
    at = places - np.float32(0.5)
    colours = cv2.remap(image, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    inside = (places >= 0).all(axis=-1) & (places < (width, height)).all(axis=-1)
    for other in others:
        inside &= other.radius(places) > FEATHER
    weight = inside.astype(np.float32)
    sums = np.einsum("rac,ra->ac", colours.astype(np.float32), weight)
    counts = weight.sum(axis=0)
    blur = _along_the_ring()
    known = blur @ counts
    total = blur @ sums
    if known.max() < 1e-3:
        return np.full((_ANGLES, 3), 48, np.float32)
    colours_around: Floats = total / np.maximum(known, 1e-9)[:, None]
    return colours_around


@lru_cache(maxsize=1)
def _along_the_ring() -> Floats:
    """A circular smoothing with a narrow core, and tails that reach across where all is unknown."""
    steps = np.arange(_ANGLES)
    gap = np.abs(steps[:, None] - steps[None, :])
    gap = np.minimum(gap, _ANGLES - gap).astype(np.float64)
    kernel = np.exp(-0.5 * (gap / 1.0) ** 2) + 1e-6 * np.exp(-gap / 1.5)
    weights: Floats = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
    return weights


def surface(rim: Floats, roll: float, aspect: float) -> Image:
    """The colours inside a rim as a small grid over the feathered head's upright rectangle.

    Args:
        rim: [angles, 3], from `ring`.
        roll: Degrees; half a degree is as good as none, so it is rounded and its weights kept.
        aspect: The head's half height over its half width.
    """
    weights = _poisson(round(roll / 2) * 2 % 360, round(aspect, 2))
    grid = (weights @ rim).reshape(_GRID, _GRID, 3)
    colours: Image = np.clip(grid + 0.5, 0, 255).astype(np.uint8)
    return colours


@lru_cache(maxsize=64)
def _poisson(roll: int, aspect: float) -> Floats:
    """[grid * grid, angles]: what each rim sample contributes to each point of the grid."""
    head = Ellipse((0.0, 0.0), 1.0, aspect, roll)
    box = head.box(FEATHER)
    steps = (np.arange(_GRID, dtype=np.float32) + np.float32(0.5)) / np.float32(_GRID)
    x, y = np.meshgrid(box.x0 + steps * box.width, box.y0 + steps * box.height)
    local = head.local(np.stack([x, y], axis=-1).astype(np.float32).reshape(-1, 2))
    distance = np.linalg.norm(local, axis=1)
    r = np.minimum(distance / FEATHER, _RIM)
    direction = local / np.maximum(distance, 1e-6)[:, None]
    towards = direction @ _circle(_ANGLES).T
    kernel = (1 - r**2)[:, None] / (1 - 2 * r[:, None] * towards + (r**2)[:, None])
    weights: Floats = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
    return weights


@dataclass(frozen=True, slots=True)
class Shade:
    """How opaque the backdrop of a head is over its feathered rectangle.

    Kept smaller where heads are large: the feather is smooth, and so is what it is multiplied with.
    """

    size: tuple[int, int]
    """Width and height of the rectangle, in pixels."""
    small: Image
    """[h/step, w/step, 3], 255 on the head, 0 outside."""
    keep: Image
    """[h, w, 3], how much of the frame is kept: 0 on the head, 255 outside."""

    def paint(self, grid: Image) -> Image:
        """The colours of `surface`, at the rectangle's size, times the opacity."""
        coarse = cv2.resize(grid, self.small.shape[1::-1], interpolation=cv2.INTER_CUBIC)
        cv2.multiply(coarse, self.small, dst=coarse, scale=1 / 255)
        whole = cv2.resize(coarse, self.size, interpolation=cv2.INTER_LINEAR)
        return whole.astype(np.uint8, copy=False)


@lru_cache(maxsize=4)
def shade(half_width: float, half_height: float, roll: float) -> Shade:
    """The shade of a head of that size and tilt."""
    head = Ellipse((0.0, 0.0), half_width, half_height, roll)
    box = head.box(FEATHER)
    size = max(8, ceil(box.width)), max(8, ceil(box.height))
    step = next((step for step in (4, 2) if min(half_width, half_height) >= 25 * step), 1)
    coarse = max(2, size[0] // step), max(2, size[1] // step)
    steps_x = (np.arange(coarse[0], dtype=np.float32) + np.float32(0.5)) / coarse[0] - 0.5
    steps_y = (np.arange(coarse[1], dtype=np.float32) + np.float32(0.5)) / coarse[1] - 0.5
    x, y = np.meshgrid(steps_x * size[0], steps_y * size[1])
    radius = head.radius(np.stack([x, y], axis=-1).astype(np.float32))
    # Opaque a step of the coarse grid further out, so that its enlargement is opaque on the head.
    opaque = min(1 + (step + 1) / min(half_width, half_height), FEATHER - 0.01)
    fall = np.clip((FEATHER - radius) / (FEATHER - opaque), 0, 1)
    soft = (fall * fall * (3 - 2 * fall) * 255 + 0.5).astype(np.uint8)
    small = cv2.merge([soft, soft, soft]).astype(np.uint8, copy=False)
    keep = cv2.bitwise_not(cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR))
    return Shade(size, small, cv2.merge([keep, keep, keep]).astype(np.uint8, copy=False))
