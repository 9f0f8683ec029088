"""Putting portraits before the room, frame by frame, as a webcam would see it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.clips.heads import head_rows, turned
from vcam_emoji.clips.portraits import Portrait
from vcam_emoji.clips.room import room
from vcam_emoji.clips.things import Occluder, outline_of, premultiplied, sprite
from vcam_emoji.clips.truth import StagedFrame, TrueFace, fill
from vcam_emoji.types import Box, FivePoints, Frame, Image, Points

_CUT = 0.12
"""A move of more than this share of the frame's diagonal in a frame is a cut, without blur."""

_LEAST_VISIBLE = 0.002
"""Less of a face than this is no face in the frame: edges are not exact to the pixel."""


@dataclass(frozen=True, slots=True)
class Placement:
    """One person in one frame."""

    portrait: Portrait
    at: tuple[float, float]
    """Middle of the face, in widths and heights of the frame."""
    height: float
    """Height of the face, hairline to chin, in heights of the frame."""
    id: int = 0
    """Who it is, the same throughout the clip."""
    roll: float = 0.0
    """Tilt of the head in degrees, clockwise positive, upright 0."""
    yaw: float = 0.0
    """Turn of the head in degrees, to the picture's right positive; beyond 90 no face shows."""
    flip: bool = False
    """Whether the person is mirrored."""
    brightness: float = 1.0
    blur: float = 0.0
    """Out of focus: sigma, in heights of the face."""
    occluder: Occluder | None = None
    visible: bool = True
    """False: not in the frame at all."""


@dataclass(frozen=True, slots=True, eq=False)
class StagedClip:
    """A clip that is composed as it plays. Two of the same arguments give the same pixels."""

    name: str
    size: tuple[int, int]
    fps: float
    n: int
    """Frames."""
    place: Callable[[int], Sequence[Placement]]
    """The people of frame i, back to front. Asked for i = -1 too, for the blur of frame 0."""
    light: Callable[[int], float] = lambda _: 1.0
    """Light in the room in frame i: 1 is day, 0 is dark."""
    noise: float = 2.0
    """The camera's noise in grey levels, sigma; it rises as the light falls."""
    shutter: float = 0.0
    """Share of the time between two frames in which the shutter is open: 0 is without blur."""
    seed: int = 0

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[StagedFrame]:
        return (self.stage(index) for index in range(self.n))

    def stage(self, index: int) -> StagedFrame:
        """Compose frame `index`, which need not be the next one."""
        now = [each for each in self.place(index) if each.visible]
        before = {each.id: each for each in self.place(index - 1) if each.visible}
        image = room(self.size).copy()
        figures = [_figure(each, self.size) for each in now]
        for placement, figure in zip(now, figures, strict=True):
            motion = self._motion(placement, before.get(placement.id))
            _draw(image, figure.pixels, figure.matrix, placement, motion)
            if figure.thing is not None:
                pixels, matrix, _ = figure.thing
                _draw(image, pixels, matrix, placement, (0.0, 0.0))
        _expose(image, self.light(index), self.noise, (self.seed, index))
        faces = tuple(_truth(figures, self.size))
        return StagedFrame(Frame(image, index / self.fps), faces)

    def _motion(self, now: Placement, before: Placement | None) -> tuple[float, float]:
        """The way the person goes while the shutter is open, in pixels."""
        if before is None or self.shutter == 0:
            return 0.0, 0.0
        width, height = self.size
        x, y = (now.at[0] - before.at[0]) * width, (now.at[1] - before.at[1]) * height
        if math.hypot(x, y) > _CUT * math.hypot(width, height):
            return 0.0, 0.0
        return x * self.shutter, y * self.shutter


_Matrix = NDArray[np.float64]
"""[2, 3], from pixels of a picture to pixels of the frame, centres at halves."""


@dataclass(frozen=True, slots=True, eq=False)
class _Figure:
    pixels: NDArray[np.uint8]
    """[h, w, 4], premultiplied."""
    matrix: _Matrix
    """From `pixels` to the frame."""
    portrait: Portrait
    """Flipped and turned as it is placed."""
    place: _Matrix
    """From pixels of `portrait` to the frame."""
    id: int
    roll: float
    skin: float
    """Area of the face seen from the front, in pixels of the frame."""
    silhouette: Points
    """In pixels of the frame."""
    thing: tuple[NDArray[np.uint8], _Matrix, Points] | None
    """What is before the face: picture, matrix, outline in pixels of the frame."""


def _figure(placement: Placement, size: tuple[int, int]) -> _Figure:
    width, height = size
    portrait = _flipped(placement.portrait) if placement.flip else placement.portrait
    box = portrait.box
    at = placement.at[0] * width, placement.at[1] * height
    scale = placement.height * height / box.height
    place = matrix = _similarity(box.centre, at, scale, placement.roll - portrait.roll)
    silhouette = _apply(place, _silhouette(portrait))
    skin = float(cv2.contourArea(portrait.outline)) * scale**2
    if placement.yaw:
        rows = head_rows(portrait)
        pixels = _pyramid(portrait)[0].copy()
        portrait = turned(portrait, placement.yaw)
        pixels[rows] = premultiplied(portrait.image[rows], portrait.alpha[rows])
        while scale < 0.6:
            # Shrunk by halves first: one bilinear step below a half would skip pixels.
            pixels, matrix, scale = _halved(pixels), matrix @ _DOUBLE, scale * 2
    else:
        level = max(0, math.ceil(math.log2(0.6 / scale))) if scale < 0.6 else 0
        pixels = _pyramid(portrait)[min(level, _LEVELS - 1)]
        for _ in range(min(level, _LEVELS - 1)):
            matrix = matrix @ _DOUBLE
    thing = None
    if placement.occluder is not None:
        thing = _before_face(placement.occluder, at, placement.height * height)
    return _Figure(
        pixels, matrix, portrait, place, placement.id, placement.roll, skin, silhouette, thing
    )


def _before_face(
    occluder: Occluder, face: tuple[float, float], face_height: float
) -> tuple[NDArray[np.uint8], _Matrix, Points]:
    drawn = sprite(occluder.thing)
    at = face[0] + occluder.at[0] * face_height, face[1] + occluder.at[1] * face_height
    matrix = _similarity(
        drawn.middle, at, occluder.height * face_height / drawn.height, occluder.roll
    )
    return drawn.pixels, matrix, _apply(matrix, drawn.outline)


def _similarity(
    centre: tuple[float, float], to: tuple[float, float], scale: float, roll: float
) -> _Matrix:
    """Scale and turn about `centre` (clockwise in the picture), which comes to lie at `to`."""
    cos, sin = scale * math.cos(math.radians(roll)), scale * math.sin(math.radians(roll))
    turn = np.array([[cos, -sin], [sin, cos]])
    shift = np.array(to) - turn @ np.array(centre)
    return np.hstack([turn, shift[:, None]])


_DOUBLE = np.array([[2.0, 0, 0], [0, 2.0, 0], [0, 0, 1.0]])

_LEVELS = 5


@lru_cache(maxsize=64)
def _pyramid(portrait: Portrait) -> tuple[NDArray[np.uint8], ...]:
    levels = [premultiplied(portrait.image, portrait.alpha)]
    while len(levels) < _LEVELS:
        levels.append(_halved(levels[-1]))
    return tuple(levels)


def _halved(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    h, w = pixels.shape[:2]
    # An odd last row is doubled, so that the scale is a half exactly.
    even = cv2.copyMakeBorder(pixels, 0, h % 2, 0, w % 2, cv2.BORDER_REPLICATE)
    half = cv2.resize(even, ((w + 1) // 2, (h + 1) // 2), interpolation=cv2.INTER_AREA)
    return half.astype(np.uint8, copy=False)


@lru_cache(maxsize=64)
def _flipped(portrait: Portrait) -> Portrait:
    return portrait.flipped()


@lru_cache(maxsize=64)
def _silhouette(portrait: Portrait) -> Points:
    return outline_of(np.pad(portrait.alpha, 1)) - 1


def _apply(matrix: _Matrix, points: Points) -> Points:
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def _draw(
    image: Image,
    pixels: NDArray[np.uint8],
    matrix: _Matrix,
    placement: Placement,
    motion: tuple[float, float],
) -> None:
    """Blend a premultiplied picture into the frame, where it lies in it."""
    h, w = pixels.shape[:2]
    corners = _apply(matrix, np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32))
    sigma = placement.blur * placement.height * image.shape[0]
    reach = math.ceil(max(abs(motion[0]), abs(motion[1])) / 2 + 3 * sigma) + 1
    x0, y0 = np.floor(corners.min(axis=0)).astype(int) - reach
    x1, y1 = np.ceil(corners.max(axis=0)).astype(int) + reach
    # A margin beyond the frame, so blur takes in what is just outside.
    x0, y0 = max(x0, -reach), max(y0, -reach)
    x1, y1 = min(x1, image.shape[1] + reach), min(y1, image.shape[0] + reach)
    if x1 - x0 <= abs(motion[0]) + 2 or y1 - y0 <= abs(motion[1]) + 2:
        # All of it is outside, farther than its blur reaches.
        return
    local = matrix.copy()
    # warpAffine counts from the centre of the first pixel.
    local[:, 2] += local[:, :2] @ (0.5, 0.5) - (x0 + 0.5, y0 + 0.5)
    warped = cv2.warpAffine(
        pixels,
        local,
        (int(x1 - x0), int(y1 - y0)),
        flags=cv2.INTER_LINEAR,
        borderValue=(0, 0, 0, 0),
    )
    if sigma > 0.3:
        warped = cv2.GaussianBlur(warped, (0, 0), sigma)
    warped, (dx, dy) = _streaked(warped.astype(np.uint8, copy=False), motion)
    x0, y0, x1, y1 = x0 + dx, y0 + dy, x1 - dx, y1 - dy
    fx0, fy0, fx1, fy1 = max(x0, 0), max(y0, 0), min(x1, image.shape[1]), min(y1, image.shape[0])
    if fx0 >= fx1 or fy0 >= fy1:
        return
    warped = warped[fy0 - y0 : fy1 - y0, fx0 - x0 : fx1 - x0]
    person = cv2.cvtColor(warped, cv2.COLOR_BGRA2BGR)
    if placement.brightness != 1:
        person = cv2.convertScaleAbs(person, alpha=placement.brightness)
    through = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(warped, 3)), cv2.COLOR_GRAY2BGR)
    region = image[fy0:fy1, fx0:fx1]
    behind = cv2.multiply(region, through, scale=1 / 255)
    cv2.add(behind, person, dst=region)


def _streaked(
    pixels: NDArray[np.uint8], motion: tuple[float, float]
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The picture smeared along `motion`, and how much smaller it is for that at each side.

    Averaging it with itself at half the way, then a quarter, and so on, is a box filter in the
    logarithm of the steps that a kernel takes.
    """
    dx, dy = (math.ceil(abs(way) / 2) for way in motion)
    left_x, left_y = 2 * dx, 2 * dy
    down_right = motion[0] * motion[1] >= 0
    while left_x or left_y:
        sx, sy = (left_x + 1) // 2, (left_y + 1) // 2
        left_x, left_y = left_x - sx, left_y - sy
        h, w = pixels.shape[0] - sy, pixels.shape[1] - sx
        y0, y1 = (0, sy) if down_right else (sy, 0)
        first, second = pixels[y0 : y0 + h, :w], pixels[y1 : y1 + h, sx : sx + w]
        pixels = cv2.addWeighted(first, 0.5, second, 0.5, 0).astype(np.uint8, copy=False)
    return pixels, (dx, dy)


def _expose(image: Image, light: float, noise: float, seed: tuple[int, int]) -> None:
    """Dim the frame in place, and add what noise a camera has in that light."""
    light = min(max(light, 0.0), 1.0)
    if light < 1:
        cv2.convertScaleAbs(image, dst=image, alpha=light)
    strength = noise * (1 + 2.5 * (1 - light))
    if strength > 0:
        height, width = image.shape[:2]
        bank = _noise(width, height)
        rng = np.random.default_rng(seed)
        x, y = (int(v) for v in rng.integers(0, _PLAY, 2))
        grain = bank[y : y + height, x : x + width]
        gain = strength / _BANK_SIGMA
        cv2.addWeighted(image, 1.0, grain, gain, -128 * gain, dst=image)


_PLAY = 97
"""The bank of noise is so much larger than a frame, in pixels, and is cut at random places."""

_BANK_SIGMA = 16.0


@lru_cache(maxsize=4)
def _noise(width: int, height: int) -> NDArray[np.uint8]:
    """Grain about 128, a little soft as after a camera's own compression."""
    rng = np.random.default_rng(77)
    white = rng.standard_normal((height + _PLAY, width + _PLAY, 3), dtype=np.float32)
    grain = cv2.GaussianBlur(white, (0, 0), 0.7)
    grain = grain * (_BANK_SIGMA / float(grain.std()))
    result: NDArray[np.uint8] = np.clip(grain + 128.5, 0, 255).astype(np.uint8)
    return result


def _truth(figures: Sequence[_Figure], size: tuple[int, int]) -> Iterator[TrueFace]:
    """The faces of which something shows, back to front."""
    for index, figure in enumerate(figures):
        outline = _apply(figure.place, figure.portrait.outline)
        five = _apply(figure.place, figure.portrait.points.array())
        low, high = outline.min(axis=0), outline.max(axis=0)
        before = [each.silhouette for each in figures[index + 1 :]]
        before += [each.thing[2] for each in figures[index:] if each.thing is not None]
        hidden = tuple(each for each in before if _touch(each, low, high))
        visible = _area(outline, hidden, size) / max(figure.skin, 1e-6)
        if visible < _LEAST_VISIBLE:
            continue
        yield TrueFace(
            id=figure.id,
            box=Box(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
            points=FivePoints(*((float(x), float(y)) for x, y in five)),
            roll=figure.roll,
            outline=outline,
            hidden=hidden,
            visible=min(visible, 1.0),
        )


def _area(outline: Points, hidden: Sequence[Points], size: tuple[int, int]) -> float:
    """Pixels of the outline that are inside the frame and not hidden."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    inside = bool((low >= 0).all() and (high <= size).all())
    if inside and not hidden:
        return float(cv2.contourArea(outline))
    low = np.floor(np.clip(low, 0, size))
    w, h = (np.ceil(np.clip(high, 0, size)) - low).astype(int)
    if w <= 0 or h <= 0:
        return 0.0
    mask = np.zeros((h, w), np.uint8)
    fill(mask, outline - low.astype(np.float32), 1)
    for polygon in hidden:
        fill(mask, polygon - low.astype(np.float32), 0)
    return float(cv2.countNonZero(mask))


def _touch(polygon: Points, low: NDArray[np.float32], high: NDArray[np.float32]) -> bool:
    return bool((polygon.min(axis=0) < high).all() and (polygon.max(axis=0) > low).all())
