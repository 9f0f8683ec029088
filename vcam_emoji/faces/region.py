"""A turned square of a frame: what the networks look at, and the way back to the frame."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.types import Image, Points


@dataclass(frozen=True, slots=True)
class Region:
    """A square whose upright direction is tilted by `roll`."""

    x: float
    y: float
    """Its centre in the frame."""
    side: float
    roll: float
    """Degrees clockwise, as in `Detection`."""

    def view(self, image: Image, size: int) -> Image:
        """The region turned upright, at `size` by `size` pixels; grey beyond the frame."""
        shrink = self.side / size
        if shrink >= 2:
            return self._shrunken_view(image, size, int(shrink))
        return self.warped(image, size)

    def warped(self, image: Image, size: int) -> Image:
        """As `view`, without averaging where many pixels become one; one channel will do too."""
        return _warp(image, self._to_view(size), size)

    def to_frame(self, points: Points, size: int) -> Points:
        """[n, 2] points of a view of that size, in the frame."""
        matrix = cv2.invertAffineTransform(self._to_view(size))
        return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)

    def _to_view(self, size: int) -> NDArray[np.float64]:
        """[2, 3], frame to view, both with the first pixel's centre at 0.5."""
        scale = size / self.side
        c, s = scale * cos(radians(self.roll)), scale * sin(radians(self.roll))
        return np.array(
            [
                [c, s, size / 2 - c * self.x - s * self.y],
                [-s, c, size / 2 + s * self.x - c * self.y],
            ]
        )

    def _shrunken_view(self, image: Image, size: int, factor: int) -> Image:
        """As `view`, averaging pixels first: skipped pixels would make still points tremble."""
        height, width = image.shape[:2]
        reach = self.side / 2 * (abs(cos(radians(self.roll))) + abs(sin(radians(self.roll))))
        x0, y0 = (max(0, int(at - reach) // factor * factor) for at in (self.x, self.y))
        x1 = min(width, int(self.x + reach) + factor) // factor * factor
        y1 = min(height, int(self.y + reach) + factor) // factor * factor
        if x1 <= x0 or y1 <= y0:
            return _warp(image, self._to_view(size), size)
        small = cv2.resize(
            image[y0:y1, x0:x1],
            ((x1 - x0) // factor, (y1 - y0) // factor),
            interpolation=cv2.INTER_AREA,
        )
        inner = Region(
            (self.x - x0) / factor, (self.y - y0) / factor, self.side / factor, self.roll
        )
        return _warp(small.astype(np.uint8, copy=False), inner._to_view(size), size)


def _warp(image: Image, matrix: NDArray[np.float64], size: int) -> Image:
    # OpenCV puts the first pixel's centre at 0, we put it at 0.5.
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    view = cv2.warpAffine(image, shifted, (size, size), borderValue=(127, 127, 127))
    return view.astype(np.uint8, copy=False)
