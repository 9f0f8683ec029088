"""What BlazeFace sees in a square part of a picture, as faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vcam_emoji.faces.anatomy import oval_box, roll_of
from vcam_emoji.faces.blazeface import BlazeFace, Candidates, Floats
from vcam_emoji.faces.region import Region
from vcam_emoji.types import Box, Detection, FivePoints, Image

_MOUTH_SHARE = 0.8
"""Width of a mouth at rest against the distance of the eyes; BlazeFace knows only its middle."""


_FILLING = 0.7
"""A face this high, in shares of the picture's shorter side, fills it."""


@dataclass(frozen=True, slots=True)
class Square:
    """A part of a picture in pixels; it may reach beyond."""

    x: int
    y: int
    side: int

    @property
    def box(self) -> Box:
        return Box(self.x, self.y, self.x + self.side, self.y + self.side)


@dataclass(frozen=True, slots=True)
class Oval:
    """An annotator's oval against a detector's square box, in shares of its side."""

    width: float
    height: float
    lift: float
    """How far its centre lies above the square's."""


# Medians over the faces of WIDER FACE's validation photographs of which a detector sees the half.
WHOLE_FRAME = Oval(0.9, 1.2, 0.05)
CLOSE_UP = Oval(0.87, 1.12, 0.05)


def squares(width: int, height: int) -> list[Square]:
    """The whole picture, then overlapping squares of its shorter side along the longer one.

    Of a very long picture the squares are larger, so that there are few of them.
    """
    long = max(width, height)
    short = max(min(width, height), -(-long // 4))
    whole = Square(0, 0, long)
    if long < 1.2 * short:
        return [whole]
    count = max(2, -(-10 * (long - short) // (6 * short)) + 1)
    starts = [round(at) for at in np.linspace(0, long - short, count)]
    wide = width > height
    return [whole, *(Square(at if wide else 0, 0 if wide else at, short) for at in starts)]


def propose(detector: BlazeFace, image: Image, square: Square, threshold: float) -> list[Detection]:
    """The faces that a detector sees in a square of a picture, black beyond its borders."""
    x, y, side = square.x, square.y, square.side
    part = image[max(y, 0) : y + side, max(x, 0) : x + side]
    scale = detector.size / side
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    left, top = (min(round(max(-at, 0) * scale), detector.size - 1) for at in (x, y))
    view = np.zeros((detector.size, detector.size, 3), np.uint8)
    there = view[top : top + size[1], left : left + size[0]]
    there[:] = _resized(part, size, scale)[: there.shape[0], : there.shape[1]]
    seen = _merged(detector.look(view, threshold))
    return [
        as_face(float(score), _shifted(row / scale, x, y), WHOLE_FRAME)
        for score, row in zip(seen.scores, seen.values, strict=True)
    ]


def around(width: int, height: int) -> Square:
    """The picture with half its longer side beyond each border of that side."""
    long = max(width, height)
    return Square(width // 2 - long, height // 2 - long, 2 * long)


def filling(detector: BlazeFace, image: Image, threshold: float) -> list[Detection]:
    """The faces that fill a picture, seen with room around it.

    The detectors were taught on faces with a head and a room around them: of crops of FairFace that
    a face fills they miss two in five, and with this room one in thirty. Smaller faces they judge
    better without: there the room more than doubled the false alarms.
    """
    height, width = image.shape[:2]
    seen = propose(detector, image, around(width, height), threshold)
    return [each for each in seen if each.box.height > _FILLING * min(width, height)]


def _resized(part: Image, size: tuple[int, int], scale: float) -> Image:
    """At that width and height; averaged where many pixels are left out.

    OpenCV averages whole numbers of pixels ten times as fast as broken ones.
    """
    if scale < 0.25:
        half = (max(1, part.shape[1] // 2), max(1, part.shape[0] // 2))
        part = cv2.resize(part, half, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    if scale < 0.5:
        double = (2 * size[0], 2 * size[1])
        part = cv2.resize(part, double, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
        return cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return cv2.resize(part, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def close_up(detector: BlazeFace, image: Image, region: Region) -> Detection | None:
    """The face in the middle of a region, turned upright, however weakly it shows."""
    seen = detector.look(region.view(image, detector.size), 0.02)
    middle = detector.size / 2
    near = np.abs(seen.values[:, :2] - middle).max(axis=1) < 0.2 * detector.size
    seen = _merged(Candidates(seen.scores[near], seen.values[near]))
    if not len(seen.scores):
        return None
    row = seen.values[0].reshape(8, 2)
    spots = region.to_frame(np.delete(row, 1, axis=0), detector.size)
    size = row[1] * (region.side / detector.size)
    values = np.concatenate([spots[0], size, spots[1:].reshape(-1)])
    return as_face(float(seen.scores[0]), values, CLOSE_UP)


def as_face(score: float, values: Floats, oval: Oval) -> Detection:
    """A face from a row of `Candidates.values`, in pixels of the frame."""
    x, y, width, height = (float(each) for each in values[:4])
    spots = [(float(a), float(b)) for a, b in values[4:12].reshape(4, 2)]
    left_eye, right_eye, nose, mouth = spots
    half_x = (right_eye[0] - left_eye[0]) * _MOUTH_SHARE / 2
    half_y = (right_eye[1] - left_eye[1]) * _MOUTH_SHARE / 2
    points = FivePoints(
        left_eye,
        right_eye,
        nose,
        (mouth[0] - half_x, mouth[1] - half_y),
        (mouth[0] + half_x, mouth[1] + half_y),
    )
    roll = roll_of(points)
    side = (width + height) / 2
    box = oval_box(x, y, oval.width * side, oval.height * side, roll, lift=oval.lift * side)
    return Detection(box, score, points, roll)


def mean_of(first: Detection, second: Detection) -> Detection:
    """Halfway between two looks at the same face, with the second's score."""
    corners = [
        (getattr(first.box, each) + getattr(second.box, each)) / 2
        for each in ("x0", "y0", "x1", "y1")
    ]
    points = FivePoints(
        *((float(x), float(y)) for x, y in (first.points.array() + second.points.array()) / 2)
    )
    return Detection(Box(*corners), second.score, points, roll_of(points))


def distinct(
    detections: Sequence[Detection], overlap: float, inside: float = 1.0
) -> list[Detection]:
    """The best of every group that overlaps, best first.

    Args:
        detections: In any order.
        overlap: Those whose IoU is more are one.
        inside: Of which more than this share lies in a better one's box, is a part of it: an eye
            with its brow makes a small face of its own.
    """
    kept: list[Detection] = []
    for each in sorted(detections, key=lambda one: -one.score):
        if all(
            each.box.iou(other.box) <= overlap and _share_in(each.box, other.box) <= inside
            for other in kept
        ):
            kept.append(each)
    return kept


def _share_in(box: Box, other: Box) -> float:
    wide = min(box.x1, other.x1) - max(box.x0, other.x0)
    high = min(box.y1, other.y1) - max(box.y0, other.y0)
    return max(wide, 0.0) * max(high, 0.0) / max(box.area, 1e-6)


def _shifted(values: Floats, x: float, y: float) -> Floats:
    values[[0, *range(4, 16, 2)]] += x
    values[[1, *range(5, 16, 2)]] += y
    return values


def _merged(seen: Candidates, overlap: float = 0.3) -> Candidates:
    """One candidate a face: those that overlap the best are averaged, weighted by their scores."""
    values = seen.values
    low, high = values[:, :2] - values[:, 2:4] / 2, values[:, :2] + values[:, 2:4] / 2
    areas = values[:, 2] * values[:, 3]
    left = np.arange(len(values))
    scores, rows = [], []
    while len(left):
        best = left[0]
        shared = np.minimum(high[left], high[best]) - np.maximum(low[left], low[best])
        common = shared.clip(0).prod(axis=1)
        group = common > overlap * (areas[left] + areas[best] - common)
        weights = seen.scores[left[group]]
        rows.append(weights @ values[left[group]] / weights.sum())
        scores.append(seen.scores[best])
        left = left[~group]
    return Candidates(np.array(scores, np.float32), np.array(rows, np.float32).reshape(-1, 16))
