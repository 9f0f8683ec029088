"""The build of a head: where its borders and features are, in units of the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

from generator.artwork.people import alignment
from generator.artwork.people.muscles import Muscles
from generator.artwork.people.person import Person
from generator.artwork.svg import Outline, Point, curve

SIDE = 512.0
MIDDLE = SIDE / 2
EYE_X = alignment.EYE_X * SIDE
EYE_Y = alignment.EYE_Y * SIDE
NOSE_Y = alignment.NOSE_Y * SIDE
MOUTH_Y = alignment.MOUTH_Y * SIDE
_WIDEST = 272.0
"""How far down the head is widest."""
_STEPS = 9


@dataclass(frozen=True, slots=True)
class Build:
    """The skull, skin over it, and no hair."""

    half: float
    """Half of the head's width where it is widest."""
    crown: float
    """The top of the skull, without hair."""
    chin: float
    hairline: float
    """Where hair begins over the middle of the forehead."""
    square: float
    """Exponent of the lower half: 2 is an ellipse, more is squarer."""
    taper: float
    """Share by which it narrows towards the chin."""
    fullness: float
    """Share by which the cheeks bulge."""

    def half_at(self, y: float) -> float:
        """Half of the head's width at a height."""
        if y <= _WIDEST:
            t = min(1.0, (_WIDEST - y) / (_WIDEST - self.crown))
            return float(self.half * (1 - t**2.55) ** (1 / 2.55))
        t = min(1.0, (y - _WIDEST) / (self.chin - _WIDEST))
        plain = (1 - t**self.square) ** (1 / self.square)
        bulge = 1 + self.fullness * sin(pi * min(1.0, t * 1.25)) - self.taper * t**1.4
        return float(self.half * plain * bulge)

    def outline(self) -> Outline:
        """The head without ears."""
        right = [self._lower(i * pi / 2 / _STEPS) for i in range(_STEPS + 1)]
        up = [self._upper(i * pi / 2 / _STEPS) for i in range(1, _STEPS + 1)]
        half = [*reversed(right), *up]
        left = [(SIDE - x, y) for x, y in reversed(half[1:-1])]
        return curve([*half, *left])

    def _lower(self, angle: float) -> Point:
        t = sin(angle) ** (2 / self.square)
        y = _WIDEST + t * (self.chin - _WIDEST)
        plain = max(0.0, cos(angle)) ** (2 / self.square)
        bulge = 1 + self.fullness * sin(pi * min(1.0, t * 1.25)) - self.taper * t**1.4
        return MIDDLE + self.half * plain * bulge, y

    def _upper(self, angle: float) -> Point:
        t = sin(angle) ** (2 / 2.55)
        return MIDDLE + self.half * max(0.0, cos(angle)) ** (2 / 2.55), _WIDEST - t * (
            _WIDEST - self.crown
        )

    def over(self, side: float, top: float, low: float, steps: int = 14) -> list[Point]:
        """An arc over the head from the left to the right.

        Args:
            side: Distance from the head's sides.
            top: Distance from the crown.
            low: Where it begins and ends.
            steps: Pieces.
        """
        half, peak = self.half + side, self.crown - top
        points = []
        for i in range(steps + 1):
            angle = pi * i / steps
            across, up = cos(angle), sin(angle)
            x = abs(across) ** (2 / 2.55) * (1 if across > 0 else -1)
            points.append((MIDDLE - half * x, _WIDEST - (_WIDEST - peak) * up ** (2 / 2.55)))
        if low > _WIDEST:
            below = [(MIDDLE - half, _WIDEST + (low - _WIDEST) * i / 3) for i in range(3, 0, -1)]
            return [*below, *points, *((SIDE - x, y) for x, y in reversed(below))]
        return [(x, y) for x, y in points if y <= low]


def build(person: Person, muscles: Muscles) -> Build:
    """The head of a person; the jaw drops, and smiling cheeks fill it."""
    young = (person.age - 30) / 60
    return Build(
        half=152 + 13 * person.face_width,
        crown=52.0,
        chin=459 + 10 * person.face_length + muscles.jaw,
        hairline=112 - 15 * person.forehead,
        square=2.26 + 0.40 * person.jaw + 0.10 * max(0.0, young),
        taper=0.12 - 0.12 * person.jaw + 0.02 * person.face_length,
        fullness=0.040 + 0.05 * person.cheeks + 0.015 * muscles.cheek,
    )


def sampled(points: Sequence[Point], steps: int) -> list[Point]:
    """`steps` + 1 points along the smooth line through the points (Catmull-Rom)."""
    last = len(points) - 1
    found = []
    for i in range(steps + 1):
        at = i / steps * last
        k = min(int(at), last - 1)
        u = at - k
        p0, p1 = points[max(0, k - 1)], points[k]
        p2, p3 = points[k + 1], points[min(last, k + 2)]
        found.append(
            tuple(
                0.5
                * (
                    2 * b
                    + (c - a) * u
                    + (2 * a - 5 * b + 4 * c - d) * u * u
                    + (3 * b - a - 3 * c + d) * u**3
                )
                for a, b, c, d in zip(p0, p1, p2, p3, strict=True)
            )
        )
    return [(x, y) for x, y in found]


def mirrored(points: Sequence[Point]) -> list[Point]:
    """The same on the other side of the face, in the same order."""
    return [(SIDE - x, y) for x, y in points]
