"""What is seen behind an emoji in `replace`: the room, or the head's surroundings drawn inwards.

Nothing of the head goes into it. What the room looks like there is taken from the plate, where it
was seen before. Elsewhere only the colours of a ring around the head are read, and inside they are
continued by the harmonic function with those values on the rim (Poisson's integral for the disc),
the smoothest surface that fits them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.plate import Plate, Shares
from vcam_emoji.sheet import Area, blend
from vcam_emoji.types import Box, Image

Floats: TypeAlias = NDArray[np.float32]

FEATHER = 1.13
"""Where the backdrop has faded out, as a multiple of the head's outline; at 1 it is opaque."""

_ANGLES = 40
_RADII = (1.14, 1.22, 1.30)
"""Where the ring is read, as multiples of the head's outline: just outside of the feather."""
_GRID = 24
"""The backdrop is computed as a grid of that many points across and down, then enlarged."""
_RIM = 0.96
"""Poisson's kernel is read up to here: at 1 it is a spike between two samples."""
_STEP = 1.04
"""Backdrops come in sizes that are this far apart."""
_JAW, _COLLAR = 0.6, 0.95
"""From where to where the room gives way to the guess, in half heights below the middle: the chin
is at 0.8."""
_EDGE = 80
"""Opacity of the guess, of 255, from which on all pixels may be the room's."""
_SAME_COLOUR = 4.0
"""Grey levels by which the surroundings may wander before the backdrop follows."""


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
        return self.placed(_circle(count) * np.float32(factor))

    def placed(self, local: Floats) -> Floats:
        """Back from the coordinates of `local`."""
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


@lru_cache(maxsize=1)
def _rings() -> Floats:
    """[radii, angles, 2]: where the ring is read around the unit circle."""
    circle = _circle(_ANGLES)
    return np.stack([circle * np.float32(factor) for factor in _RADII])


def ring(image: Image, head: Ellipse, others: Sequence[Ellipse] = ()) -> Floats:
    """The colours around a head, [angles, 3], smooth along the ring.

    Where the ring leaves the frame or crosses another head, the nearest readable part speaks for
    it; where nothing is readable it is a dark grey.
    """
    height, width = image.shape[:2]
    places = head.placed(_rings())
    at = places - np.float32(0.5)
    colours = cv2.remap(image, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    inside = ((places >= 0) & (places < (width, height))).all(axis=-1)
    for other in others:
        inside &= other.radius(places) > FEATHER
    blur = _along_the_ring()
    if inside.all():
        smooth: Floats = blur @ colours.mean(axis=0, dtype=np.float32)
        return smooth
    weight = inside.astype(np.float32)
    sums = np.einsum("rac,ra->ac", colours.astype(np.float32), weight)
    counts = weight.sum(axis=0)
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

    step: int
    """Pixels of the rectangle to one of `small`, across and down."""
    small: Image
    """[h/step, w/step, 3], 255 on the head, 0 outside."""
    keep: Image
    """[h, w, 3], how much of the frame is kept: 0 on the head, 255 outside."""
    spans: tuple[NDArray[np.int64], NDArray[np.int64]]
    """Of each row of `small`, the first column that is not clear, and the first after those."""
    open: Shares
    """[h/step, w/step], where the room may be put: 255 beside the head; falling to 0 at the edge,
    and where neck and collar are below the head, for the room would be seen through them."""
    pattern: Shares
    """[h, w], 0 to 254: from which share on a pixel is the room's."""

    def colours(self, grid: Image) -> Image:
        """The colours of `surface` times the opacity, [h/step, w/step, 3]."""
        coarse = cv2.resize(grid, self.small.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return _bytes(cv2.multiply(coarse, self.small, dst=coarse, scale=1 / 255))


def shade(half_width: float, half_height: float, roll: float) -> Shade:
    """The shade of a head of that size and tilt."""
    head = Ellipse((0.0, 0.0), half_width, half_height, roll)
    box = head.box(FEATHER)
    step = next((step for step in (4, 2) if min(half_width, half_height) >= 25 * step), 1)
    coarse = max(8, ceil(box.width / step)), max(8, ceil(box.height / step))
    steps_x = (np.arange(coarse[0], dtype=np.float32) + np.float32(0.5)) - coarse[0] / 2
    steps_y = (np.arange(coarse[1], dtype=np.float32) + np.float32(0.5)) - coarse[1] / 2
    x, y = np.meshgrid(steps_x * step, steps_y * step)
    radius = head.radius(np.stack([x, y], axis=-1).astype(np.float32))
    # Opaque a step of the coarse grid further out, so that its enlargement is opaque on the head.
    opaque = min(1 + (step + 1) / min(half_width, half_height), FEATHER - 0.01)
    fall = np.clip((FEATHER - radius) / (FEATHER - opaque), 0, 1)
    soft = (fall * fall * (3 - 2 * fall) * 255 + 0.5).astype(np.uint8)
    small = cv2.merge([soft, soft, soft]).astype(np.uint8, copy=False)
    size = (coarse[0] * step, coarse[1] * step)
    keep = cv2.bitwise_not(cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR))
    seen = soft > 0
    first, last = seen.argmax(axis=1), coarse[0] - seen[:, ::-1].argmax(axis=1)
    spans = np.where(seen.any(axis=1), first, coarse[0]), np.where(seen.any(axis=1), last, 0)
    whole = cv2.cvtColor(keep, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
    down = head.local(np.stack([x, y], axis=-1).astype(np.float32))[..., 1]
    above = np.clip((_COLLAR - down) / (_COLLAR - _JAW), 0, 1) * 255
    inside = np.minimum(soft / _EDGE, 1.0) * 255
    return Shade(
        step, small, whole, spans, np.minimum(above, inside).astype(np.uint8), _pattern(size)
    )


@lru_cache(maxsize=1)
def _tile() -> Shares:
    """Interleaved gradient noise (Jimenez 2014): even at every scale, and without a raster."""
    x, y = np.arange(128), np.arange(128)[:, None]
    noise = np.mod(52.9829189 * np.mod(0.06711056 * x + 0.00583715 * y, 1), 1)
    tile: Shares = (noise * 255).astype(np.uint8)
    return tile


def _pattern(size: tuple[int, int]) -> Shares:
    rows, columns = ceil(size[1] / 128), ceil(size[0] / 128)
    return np.ascontiguousarray(np.tile(_tile(), (rows, columns))[: size[1], : size[0]])


@dataclass(frozen=True, slots=True)
class Backdrop:
    """What is laid over one head before its emoji."""

    x: int
    y: int
    """Corner of the head's feathered rectangle in the frame."""
    shape: tuple[float, float, float]
    """Half width, half height and roll."""
    shade: Shade
    rim: Floats
    colours: Image
    """Of the guess, [h/step, w/step, 3]."""

    def lay(self, image: Image, but: Area | None = None, room: Plate | None = None) -> None:
        """Lay it over a frame, in place, except where something else will hide it.

        Args:
            image: The frame.
            but: What will be hidden.
            room: What is remembered of the room, and is shown instead where it is.
        """
        step, (rows, columns) = self.shade.step, self.shade.small.shape[:2]
        share = room.share(self.x, self.y, step, (columns, rows)) if room else None
        seen = None if share is None else _bytes(cv2.min(share, self.shade.open))
        parts = [self._span(0, rows)]
        if but is not None:
            # In steps of the coarse grid, rounded inwards.
            hole = Area(
                max(0, -((self.x - but.x0) // step)),
                max(0, -((self.y - but.y0) // step)),
                min(columns, (but.x1 - self.x) // step),
                min(rows, (but.y1 - self.y) // step),
            )
            if hole:
                beside = self._span(hole.y0, hole.y1)
                parts = [
                    self._span(0, hole.y0),
                    beside._replace(x1=min(beside.x1, hole.x0)),
                    beside._replace(x0=max(beside.x0, hole.x1)),
                    self._span(hole.y1, rows),
                ]
        for each in parts:
            self._lay(image, each)
            if room is not None and seen is not None:
                self._lay_room(image, each, room, seen)

    def _span(self, top: int, bottom: int) -> Area:
        """All of some rows of the coarse grid that is not clear."""
        if top >= bottom:
            return Area(0, 0, 0, 0)
        first, last = self.shade.spans
        return Area(int(first[top:bottom].min()), top, int(last[top:bottom].max()), bottom)

    def _lay(self, image: Image, at: Area) -> None:
        """Lay the guess in one rectangle of the coarse grid."""
        place, seen = self._places(image, at)
        if seen:
            colours = self._enlarged(self.colours, at)[seen.shifted(-place.x0, -place.y0).part()]
            in_frame = seen.shifted(self.x, self.y).part()
            blend(image[in_frame], colours, self.shade.keep[seen.part()])

    def _lay_room(self, image: Image, at: Area, room: Plate, share: Shares) -> None:
        """Put the room over the guess in one rectangle, pixel by pixel, by that share of them.

        Whole pixels are put, in a pattern, for mixing them would cost four times as much; and so
        nothing of the frame comes through.
        """
        x, y, w, h = cv2.boundingRect(share[at.part()])
        at = Area(x, y, x + w, y + h).shifted(at.x0, at.y0)
        place, seen = self._places(image, at)
        if not seen:
            return
        in_frame = seen.shifted(self.x, self.y)
        large = self._enlarged(share, at)[seen.shifted(-place.x0, -place.y0).part()]
        put = cv2.compare(large, self.shade.pattern[seen.part()], cv2.CMP_GT)
        cv2.copyTo(room.lit(in_frame), put, image[in_frame.part()])

    def _places(self, image: Image, at: Area) -> tuple[Area, Area]:
        """A rectangle of the coarse grid in pixels from the corner: all of it, and what is seen."""
        step = self.shade.step
        place = Area(at.x0 * step, at.y0 * step, at.x1 * step, at.y1 * step)
        return place, place.clipped(Area.of(image).shifted(-self.x, -self.y))

    def _enlarged(self, coarse: Image, at: Area) -> Image:
        """A rectangle of the coarse grid, at the frame's size."""
        step, (rows, columns) = self.shade.step, coarse.shape[:2]
        if step == 1:
            return coarse[at.part()]
        around = Area(at.x0 - 1, at.y0 - 1, at.x1 + 1, at.y1 + 1).clipped(Area(0, 0, columns, rows))
        size = ((around.x1 - around.x0) * step, (around.y1 - around.y0) * step)
        large = cv2.resize(coarse[around.part()], size, interpolation=cv2.INTER_LINEAR)
        x, y = (at.x0 - around.x0) * step, (at.y0 - around.y0) * step
        inner = large[y : y + (at.y1 - at.y0) * step, x : x + (at.x1 - at.x0) * step]
        return inner.astype(np.uint8, copy=False)


def _bytes(picture: NDArray[Any]) -> NDArray[np.uint8]:
    """The same, for the type checker: what OpenCV's types leave open."""
    return picture.astype(np.uint8, copy=False)


def behind(
    image: Image, head: Ellipse, others: Sequence[Ellipse], before: Backdrop | None
) -> Backdrop:
    """The backdrop of a head, from its surroundings in a frame; as it was, where it still fits."""
    shape = _shape(head, before.shape if before else None)
    rim = ring(image, Ellipse(head.centre, *shape), others)
    shaded = before.shade if before and before.shape == shape else shade(*shape)
    if before and shaded is before.shade and np.abs(rim - before.rim).max() <= _SAME_COLOUR:
        rim, colours = before.rim, before.colours
    else:
        colours = shaded.colours(surface(rim, shape[2], shape[1] / shape[0]))
    height, width = shaded.keep.shape[:2]
    x, y = round(head.centre[0] - width / 2), round(head.centre[1] - height / 2)
    return Backdrop(x, y, shape, shaded, rim, colours)


def _shape(head: Ellipse, before: tuple[float, float, float] | None) -> tuple[float, float, float]:
    """Half width, half height and roll of the backdrop: the head's, rounded up so that they stay.

    A cover that trembles would have a new shade computed in every frame, for nothing to be seen.
    """
    # Rounded, as heads of one form differ in the last digit.
    aspect = ceil(head.half_height / head.half_width * 100 - 1e-6) / 100
    if before is not None and 1 <= before[0] / (head.half_width + 1) <= 1.08:
        wide = before[0]
    else:
        wide = _STEP ** ceil(log(head.half_width + 1, _STEP))
    roll = 4.0 * round(head.roll / 4)
    if before is not None and abs(before[2] - head.roll) < 3:
        roll = before[2]
    return wide, wide * aspect, roll
