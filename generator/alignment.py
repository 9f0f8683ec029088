"""From a photograph to the crop that face networks know: eyes and mouth where FFHQ has them.

Source: Karras et al. 2018, "Progressive growing of GANs", appendix C (the crop of CelebA-HQ, which
FFHQ took over). Landmarks are Google's face mesh's instead of dlib's; over the pictures of an
FFHQ-aligned set that moves the crop by 0.2 pixels of 128 and 1.6 % in size (medians; 95 % lie
within 0.7 pixels and 3.3 %).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import atan2, ceil, cos, degrees, hypot, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.pictures import Picture
from vcam_emoji.faces import Finder, open_finder
from vcam_emoji.faces.anatomy import region_of
from vcam_emoji.faces.region import Region
from vcam_emoji.types import Detection, Image, Points

_LEFT_EYE = (33, 160, 158, 133, 153, 144)
_RIGHT_EYE = (362, 385, 387, 263, 373, 380)
"""Points of the mesh that stand for dlib's six around each eye, of which the mean is taken."""
_MOUTH = (61, 291)

_LOOKS = ((1.3, 0), (1.2, -5), (1.2, 5), (1.45, -5), (1.45, 5))
"""Sides of the mesh's views in heights of the face, and their turns in degrees. The mean of several
looks depends less on where the photo's pixels lie: turned and scaled, a portrait's crop differs by
0.5 % in size, with one look by 0.9 %."""


@dataclass(frozen=True)
class MeshedFace:
    """One face of a photograph, with its landmarks."""

    detection: Detection
    mesh: Points
    """[468, 2], pixels of the photograph."""
    presence: float
    """How surely the mesh is on a face, 0 to 1."""

    @property
    def left_eye(self) -> Points:
        """[2], the eye on the picture's left."""
        return _mean(self.mesh, _LEFT_EYE)

    @property
    def right_eye(self) -> Points:
        return _mean(self.mesh, _RIGHT_EYE)

    @property
    def mouth(self) -> Points:
        return _mean(self.mesh, _MOUTH)

    @cached_property
    def crop(self) -> Region:
        """The square that FFHQ would have cut."""
        eyes, across = (self.left_eye + self.right_eye) / 2, self.right_eye - self.left_eye
        down = self.mouth - eyes
        x, y = eyes + 0.1 * down
        # Both lines tell the tilt: that of the eyes, and that to the mouth turned by a quarter.
        right = across + np.array((down[1], -down[0]))
        half = max(2.0 * hypot(*across), 1.8 * hypot(*down))
        return Region(float(x), float(y), 2 * half, degrees(atan2(right[1], right[0])))


def find(photo: Image, finder: Finder | None = None) -> list[MeshedFace]:
    """The faces of a photograph, largest first.

    Raises:
        ModelError: the shipped models are missing.
    """
    finder = finder or open_finder()
    found: list[MeshedFace] = []
    for seen in finder.find(photo):
        looks = [
            finder.closer.mesh.look(photo, region_of(seen.box, seen.roll + turn, room))
            for room, turn in _LOOKS
        ]
        mesh: Points = np.mean([look.points for look in looks], axis=0, dtype=np.float32)
        face = MeshedFace(seen, mesh, looks[0].presence)
        if not any(_on_one_head(face, other) for other in found):
            found.append(face)
    return sorted(found, key=lambda each: -each.crop.side)


def cut(photo: Image, crop: Region, size: int) -> Picture:
    """A turned square of a photograph.

    Beyond the photograph its mirror image goes on, ever more blurred.

    Args:
        photo: BGR.
        crop: Which.
        size: Sides of the result in pixels.

    Returns:
        [size, size, 3], RGB.
    """
    factor = max(1, int(crop.side / size / 2))
    if factor > 1:
        small = (max(1, photo.shape[1] // factor), max(1, photo.shape[0] // factor))
        sx, sy = (new / old for new, old in zip(small, photo.shape[1::-1], strict=True))
        photo = cv2.resize(photo, small, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        crop = Region(crop.x * sx, crop.y * sy, crop.side * (sx + sy) / 2, crop.roll)
    photo, crop = _extended(photo, crop)
    # Drawn larger and averaged where pixels are lost, so that none is skipped.
    finer = size * max(1, ceil(crop.side / size))
    how = cv2.INTER_CUBIC if crop.side < size else cv2.INTER_LINEAR
    view = cv2.warpAffine(photo, transform(crop, finer), (finer, finer), flags=how)
    if finer != size:
        view = cv2.resize(view, (size, size), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(view, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def transform(crop: Region, size: int) -> NDArray[np.float64]:
    """[2, 3], from pixels of a photograph to those of the crop at that size, as OpenCV counts."""
    scale = size / crop.side
    c, s = scale * cos(radians(crop.roll)), scale * sin(radians(crop.roll))
    matrix = np.array([[c, s, 0.0], [-s, c, 0.0]])
    # OpenCV puts the first pixel's centre at 0, regions put it at 0.5.
    matrix[:, 2] = size / 2 - 0.5 - matrix[:, :2] @ (crop.x - 0.5, crop.y - 0.5)
    return matrix


def _on_one_head(face: MeshedFace, other: MeshedFace) -> bool:
    """Brow and hair of a large face are sometimes taken for a face of their own."""
    crop = other.crop
    away = np.array((face.crop.x - crop.x, face.crop.y - crop.y)) / crop.side
    c, s = cos(radians(crop.roll)), sin(radians(crop.roll))
    return bool(abs(away @ (c, s)) < 0.12 and abs(away @ (-s, c)) < 0.45)


def _mean(mesh: Points, indices: tuple[int, ...]) -> Points:
    middle: Points = np.mean(mesh[list(indices)], axis=0, dtype=np.float32)
    return middle


def _extended(photo: Image, crop: Region) -> tuple[Image, Region]:
    """The part of a photograph around a crop, its mirror image where it ends."""
    reach = crop.side / 2 * (abs(cos(radians(crop.roll))) + abs(sin(radians(crop.roll)))) + 3
    x0, y0 = int(np.floor(crop.x - reach)), int(np.floor(crop.y - reach))
    x1, y1 = int(np.ceil(crop.x + reach)), int(np.ceil(crop.y + reach))
    height, width = photo.shape[:2]
    left, top, right, bottom = max(-x0, 0), max(-y0, 0), max(x1 - width, 0), max(y1 - height, 0)
    inner = photo[max(y0, 0) : min(y1, height), max(x0, 0) : min(x1, width)]
    moved = Region(crop.x - x0, crop.y - y0, crop.side, crop.roll)
    if not (left or top or right or bottom):
        return inner, moved
    wide = cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_REFLECT)
    beyond = np.ones(wide.shape[:2], np.uint8)
    beyond[top : top + inner.shape[0], left : left + inner.shape[1]] = 0
    depth = cv2.distanceTransform(beyond, cv2.DIST_L2, 3)[..., None] / crop.side
    soft = cv2.GaussianBlur(wide, (0, 0), max(0.02 * crop.side, 0.5)).astype(np.float32)
    plain = np.median(inner.reshape(-1, 3), axis=0).astype(np.float32)
    mixed = wide + (soft - wide) * np.minimum(depth / 0.05, 1)
    mixed += (plain - mixed) * np.minimum(depth / 0.4, 1)
    return np.clip(mixed + 0.5, 0, 255).astype(np.uint8), moved
