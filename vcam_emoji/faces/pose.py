"""Place, size and tilt of a face, and its points relative to them: what moves as one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, hypot, log, radians, sin, sqrt

import numpy as np

from vcam_emoji.faces.anatomy import oval_box
from vcam_emoji.faces.region import Region
from vcam_emoji.types import Detection, FivePoints, Points

_USUAL_ASPECT = 1.25


@dataclass(frozen=True, slots=True)
class Pose:
    x: float
    y: float
    """Centre of the face's oval, in pixels of the frame."""
    height: float
    """Of the oval along the face, in pixels."""
    aspect: float
    """Height over width of the oval."""
    roll: float
    """Degrees, as in `Detection`."""
    shape: Points
    """[5, 2], the five points from the centre along the face's own axes, in heights."""

    @classmethod
    def of(cls, seen: Detection, aspect: float = _USUAL_ASPECT) -> Pose:
        """The pose in a detection.

        An oval's box says nothing about its aspect at 45 degrees; from 25 on `aspect` is used.
        """
        box, c, s = seen.box, cos(radians(seen.roll)), sin(radians(seen.roll))
        if c * c - s * s > 0.64:
            w2, h2 = box.width**2, box.height**2
            across = max(w2 * c * c - h2 * s * s, 0.1 * w2)
            along = max(h2 * c * c - w2 * s * s, 0.1 * h2)
            aspect = min(max(sqrt(along / across), 0.9), 1.8)
        height = hypot(box.width, box.height) / hypot(1, 1 / aspect)
        x, y = box.centre
        turned = (seen.points.array() - (x, y)) @ np.array([[c, -s], [s, c]])
        return cls(x, y, height, aspect, seen.roll, (turned / max(height, 1e-6)).astype(np.float32))

    def detection(self, score: float) -> Detection:
        """Back to what the stages speak of."""
        c, s = cos(radians(self.roll)), sin(radians(self.roll))
        points = self.shape @ (np.array([[c, s], [-s, c]]) * self.height) + (self.x, self.y)
        five = FivePoints(*((float(x), float(y)) for x, y in points))
        box = oval_box(self.x, self.y, self.height / self.aspect, self.height, self.roll)
        return Detection(box, score, five, self.roll)

    def region(self, room: float) -> Region:
        """The turned square around the face, `room` times its height."""
        return Region(self.x, self.y, self.height * room, self.roll)

    def shifted(self, dx: float, dy: float) -> Pose:
        return replace(self, x=self.x + dx, y=self.y + dy)

    def carried(self, before: Region, after: Region) -> Pose:
        """Moved as the region moved, in which it is fixed."""
        grown, turned = after.side / before.side, radians(after.roll - before.roll)
        dx, dy = (self.x - before.x) * grown, (self.y - before.y) * grown
        return replace(
            self,
            x=after.x + cos(turned) * dx - sin(turned) * dy,
            y=after.y + sin(turned) * dx + cos(turned) * dy,
            height=self.height * grown,
            roll=wrapped(self.roll + after.roll - before.roll),
        )

    def blended(self, other: Pose, gain: float, shape_gain: float) -> Pose:
        """`gain` of the way to another pose, `shape_gain` for the points within the face."""

        def towards(a: float, b: float) -> float:
            return a + gain * (b - a)

        return Pose(
            towards(self.x, other.x),
            towards(self.y, other.y),
            towards(self.height, other.height),
            towards(self.aspect, other.aspect),
            wrapped(self.roll + gain * wrapped(other.roll - self.roll)),
            self.shape + np.float32(shape_gain) * (other.shape - self.shape),
        )

    def strangeness(self, other: Pose) -> float:
        """How far another pose is off, in what a mesh's word is off on a still face (about 1)."""
        return max(
            hypot(other.x - self.x, other.y - self.y) / (0.005 * self.height),
            abs(log(other.height / self.height)) / 0.012,
            abs(wrapped(other.roll - self.roll)) / 1.0,
        )


def wrapped(degrees: float) -> float:
    """The same angle in (-180, 180]."""
    return -((180 - degrees) % 360 - 180)
