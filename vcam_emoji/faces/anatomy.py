"""From landmarks to a face: its five points, its tilt and its box."""

from __future__ import annotations

from math import atan2, cos, degrees, hypot, radians, sin

import numpy as np

from vcam_emoji.faces.region import Region
from vcam_emoji.types import Box, FivePoints, Points

_EYES = ((33, 133), (362, 263))
"""Corners of the picture's left and right eye among the mesh's points."""
_NOSE, _LEFT_MOUTH, _RIGHT_MOUTH = 1, 61, 291
_FOREHEAD = 0.15
"""How far the hairline lies above the mesh, in shares of its height: the value with which the boxes
overlap the annotators' of WIDER FACE best (median IoU 0.83, without it 0.77)."""
_ASPECT = 1.25
"""Height over width of an upright face as annotators draw it (median of WIDER FACE's boxes)."""


def five_points(mesh: Points) -> FivePoints:
    """The five of the mesh's 468 points."""
    return FivePoints(
        *(_pair((mesh[a] + mesh[b]) / 2) for a, b in _EYES),
        *(_pair(mesh[at]) for at in (_NOSE, _LEFT_MOUTH, _RIGHT_MOUTH)),
    )


def roll_of(points: FivePoints) -> float:
    """Degrees, as in `Detection`, from the line of the eyes and that from eyes to mouth."""
    (lx, ly), (rx, ry) = points.left_eye, points.right_eye
    (ex, ey), (mx, my) = points.eyes, points.mouth
    # Both lines point along x once the second is turned back by a quarter: longer counts more.
    return degrees(atan2(ry - ly - (mx - ex), rx - lx + (my - ey)))


def box_of(mesh: Points, roll: float) -> Box:
    """The upright box around the face's oval, which is measured along the face's own axes."""
    c, s = cos(radians(roll)), sin(radians(roll))
    across, along = mesh @ np.array((c, s)), mesh @ np.array((-s, c))
    u0, u1, v0, v1 = across.min(), across.max(), along.min(), along.max()
    v0 -= _FOREHEAD * (v1 - v0)
    u, v = (u0 + u1) / 2, (v0 + v1) / 2
    return oval_box(c * u - s * v, s * u + c * v, u1 - u0, v1 - v0, roll)


def oval_box(
    x: float, y: float, width: float, height: float, roll: float, lift: float = 0.0
) -> Box:
    """The upright box around an oval that is tilted by `roll`, its centre `lift` above (x, y)."""
    c, s = cos(radians(roll)), sin(radians(roll))
    x, y = x + s * lift, y - c * lift
    w, h = hypot(width * c, height * s) / 2, hypot(width * s, height * c) / 2
    return Box(float(x - w), float(y - h), float(x + w), float(y + h))


def region_of(box: Box, roll: float, room: float) -> Region:
    """The turned square around a face's oval, `room` times its longer side.

    The sum of squares of an oval's box's sides does not change as it turns, so neither does the
    region: only the face's size and place count.
    """
    height = hypot(box.width, box.height) / hypot(1, 1 / _ASPECT)
    x, y = box.centre
    return Region(x, y, height * room, roll)


def _pair(point: Points) -> tuple[float, float]:
    return float(point[0]), float(point[1])
