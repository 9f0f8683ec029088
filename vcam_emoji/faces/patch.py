"""How a face has moved since a moment ago, to a fraction of a pixel and at little cost.

Inverse compositional image alignment (Baker and Matthews 2004, "Lucas-Kanade 20 years on", section
3.2) of the face's oval at 32 by 32 pixels, for a similarity (shift, scale, turn) and, so that the
light may change, gain and offset of the grey levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.faces.region import Region
from vcam_emoji.types import Image

Floats = NDArray[np.float32]

_SIZE = 32
_STEPS = 4
_STILL = 0.02
"""Pixels of the patch: a step as small as this ends the search."""


@dataclass(frozen=True, slots=True)
class Match:
    """Where a patch was found again."""

    region: Region
    likeness: float
    """Correlation with the patch, at most 1; 1 is the very same picture."""


class Patch:
    """The look of a region of a frame."""

    def __init__(self, image: Image, region: Region) -> None:
        self.region = region
        """Where it was taken."""
        look = _look(image, region).view(region)
        along = (np.arange(_SIZE, dtype=np.float32) + 0.5) - _SIZE / 2
        x, y = np.meshgrid(along, along)
        weight = np.exp(-(((x / 0.42) ** 2 + (y / 0.5) ** 2) / (_SIZE**2)) * 2).reshape(-1)
        dx = cv2.Sobel(look, cv2.CV_32F, 1, 0, scale=1 / 8)
        dy = cv2.Sobel(look, cv2.CV_32F, 0, 1, scale=1 / 8)
        flat = look - look.mean()
        # d look / d (scale, turn, shift x, shift y, gain, offset), each [1024].
        slopes = (x * dx + y * dy, x * dy - y * dx, dx, dy, flat, np.ones_like(flat))
        jacobian = np.stack([each.reshape(-1) for each in slopes], axis=1)
        weighted = jacobian * weight[:, None]
        self._look, self._weight = look.reshape(-1), weight / weight.sum()
        hessian = (jacobian.T @ weighted).astype(np.float64)
        # A patch without any pattern cannot be found again; the ridge keeps it where it is.
        hessian[np.diag_indices(6)] += 1e-3 * np.diag(hessian) + 1e-6
        self._solve: Floats = (np.linalg.inv(hessian) @ weighted.T).astype(np.float32)
        self._normal = self._look - self._weight @ self._look
        self._contrast = float(np.sqrt(self._weight @ self._normal**2))

    def find(self, image: Image, guess: Region) -> Match:
        """Where it is in another frame, searched from a guess that is about a tenth off at most."""
        around = _look(image, guess)
        region = guess
        for _ in range(_STEPS):
            view = around.view(region).reshape(-1)
            scale, turn, dx, dy = (float(v) for v in (self._solve @ (view - self._look))[:4])
            region = _stepped_back(region, scale, turn, dx, dy)
            if hypot(dx, dy) < _STILL and hypot(scale, turn) * _SIZE / 2 < _STILL:
                break
        return Match(region, self._likeness(around.view(region).reshape(-1)))

    def _likeness(self, view: Floats) -> float:
        normal = view - self._weight @ view
        contrast = float(np.sqrt(self._weight @ normal**2))
        shared = float(self._weight @ (normal * self._normal))
        return shared / max(contrast * self._contrast, 1e-6)


def _stepped_back(region: Region, scale: float, turn: float, dx: float, dy: float) -> Region:
    """The region after undoing a small similarity of its view, in pixels of the view."""
    a, b = 1 + scale, turn
    unit = region.side / _SIZE
    c, s = cos(radians(region.roll)), sin(radians(region.roll))
    # Inverse of v -> (a, b) v + d, applied to the centre v = 0.
    norm = a * a + b * b
    vx, vy = -(a * dx + b * dy) / norm, -(a * dy - b * dx) / norm
    return Region(
        region.x + unit * (c * vx - s * vy),
        region.y + unit * (s * vx + c * vy),
        region.side / hypot(a, b),
        region.roll - degrees(atan2(b, a)),
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """A part of a frame, grey and small, from which views are cheap."""

    grey: NDArray[np.uint8]
    x: float
    y: float
    """Where its corner lies in the frame."""
    factor: float

    def view(self, region: Region) -> Floats:
        """[32, 32] of a region given in the frame."""
        inner = Region(
            (region.x - self.x) / self.factor,
            (region.y - self.y) / self.factor,
            region.side / self.factor,
            region.roll,
        )
        view = inner.warped(self.grey, _SIZE)
        return cv2.GaussianBlur(view, (3, 3), 0).astype(np.float32)


def _look(image: Image, region: Region) -> _Look:
    height, width = image.shape[:2]
    factor = max(1, round(region.side / (1.5 * _SIZE)))
    reach = 0.8 * region.side
    x0 = int(min(max(region.x - reach, 0), width - factor))
    y0 = int(min(max(region.y - reach, 0), height - factor))
    across = max(1, int(min(2 * reach, width - x0)) // factor)
    down = max(1, int(min(2 * reach, height - y0)) // factor)
    part = image[y0 : y0 + down * factor, x0 : x0 + across * factor]
    if factor >= 4:
        # Of many pixels 16 are enough, found in a third of the time that averaging all takes.
        double = (2 * across, 2 * down)
        part = cv2.resize(part, double, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
    small = cv2.resize(part, (across, down), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    return _Look(grey, x0, y0, factor)
