"""Every face of a single picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vcam_emoji.faces.anatomy import box_of, five_points, oval_box, region_of, roll_of
from vcam_emoji.faces.blazeface import BlazeFace, Floats
from vcam_emoji.faces.mesh import FaceMesh
from vcam_emoji.types import Box, Detection, FivePoints, Image


@dataclass(frozen=True, slots=True)
class Finder:
    """`FaceFinder`: BlazeFace proposes, the face mesh looks at each proposal and places it."""

    detector: BlazeFace
    mesh: FaceMesh
    threshold: float = 0.4

    def find(self, image: Image) -> Sequence[Detection]:
        """Every face in a BGR picture, best score first."""
        height, width = image.shape[:2]
        side = max(height, width)
        proposals = _proposals(self.detector, image, (0, 0, side), self.threshold)
        found = [self._placed(image, proposal) for proposal in merged(proposals)]
        return sorted(found, key=lambda each: -each.score)

    def _placed(self, image: Image, proposal: Detection) -> Detection:
        seen = self.mesh.look(image, region_of(proposal.box, proposal.roll, 1.5))
        if seen.presence < 0.5:
            return proposal
        points = five_points(seen.points)
        roll = roll_of(points)
        return Detection(box_of(seen.points, roll), proposal.score, points, roll)


def _proposals(
    detector: BlazeFace, image: Image, square: tuple[int, int, int], threshold: float
) -> list[Detection]:
    """What the detector sees in the square (x, y, side) of a picture, black beyond its borders."""
    x, y, side = square
    part = image[max(0, y) : y + side, max(0, x) : x + side]
    scale = detector.size / side
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    view = np.zeros((detector.size, detector.size, 3), np.uint8)
    view[: size[1], : size[0]] = cv2.resize(part, size, interpolation=cv2.INTER_LINEAR)
    seen = detector.look(view, threshold)
    values = seen.values / scale
    values[:, 0] += x
    values[:, 1] += y
    values[:, 4::2] += x
    values[:, 5::2] += y
    return [_detection(float(s), v) for s, v in zip(seen.scores, values, strict=True)]


def _detection(score: float, values: Floats) -> Detection:
    """A face from the 16 values of a `Candidates` row."""
    x, y, width, height = (float(each) for each in values[:4])
    left_eye, right_eye, nose, mouth = ((float(a), float(b)) for a, b in values[4:12].reshape(4, 2))
    across = (right_eye[0] - left_eye[0]) / 2 * 0.8, (right_eye[1] - left_eye[1]) / 2 * 0.8
    points = FivePoints(
        left_eye,
        right_eye,
        nose,
        (mouth[0] - across[0], mouth[1] - across[1]),
        (mouth[0] + across[0], mouth[1] + across[1]),
    )
    roll = roll_of(points)
    side = (width + height) / 2
    return Detection(oval_box(x, y, 0.85 * side, 1.06 * side, roll), score, points, roll)


def merged(detections: Sequence[Detection], overlap: float = 0.3) -> list[Detection]:
    """One detection a face: overlapping ones are averaged, weighted by their scores."""
    left = sorted(detections, key=lambda each: -each.score)
    faces = []
    while left:
        group = [each for each in left if each.box.iou(left[0].box) > overlap]
        left = [each for each in left if each not in group]
        faces.append(_average(group))
    return faces


def _average(group: Sequence[Detection]) -> Detection:
    weights = np.array([each.score for each in group])
    weights = weights / weights.sum()
    boxes = np.array([(b.x0, b.y0, b.x1, b.y1) for b in (each.box for each in group)])
    points = np.tensordot(weights, np.stack([each.points.array() for each in group]), 1)
    five = FivePoints(*((float(x), float(y)) for x, y in points))
    box = Box(*(float(each) for each in weights @ boxes))
    return Detection(box, group[0].score, five, roll_of(five))
