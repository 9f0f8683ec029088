"""Google's face mesh: 468 landmarks from an upright view of one face.

Source: Kartynnik et al. 2019, "Real-time facial surface geometry from monocular video on mobile
GPUs".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vcam_emoji.faces.region import Region
from vcam_emoji.litert import Network
from vcam_emoji.types import Image, Points


@dataclass(frozen=True, slots=True)
class Mesh:
    points: Points
    """[468, 2], pixels of the frame."""
    presence: float
    """How surely the view shows a face, 0 to 1."""


class FaceMesh:
    """Looks at a region of a frame, turned upright."""

    def __init__(self, model: Path) -> None:
        self._network = Network(model)
        shape, outputs = self._network.inputs[0].shape, self._network.outputs
        self._size = shape[1]
        self._input = np.empty(shape, np.float32)
        self._presence_at, self._points_at = sorted(range(2), key=lambda at: outputs[at].shape[-1])

    def look(self, image: Image, region: Region) -> Mesh:
        """The mesh that fits the view best; it means nothing where `presence` is low."""
        view = region.view(image, self._size)
        rgb = cv2.cvtColor(view, cv2.COLOR_BGR2RGB)
        np.multiply(rgb, np.float32(1 / 255), out=self._input[0])
        outputs = self._network.run(self._input)
        points = outputs[self._points_at].reshape(-1, 3)[:, :2]
        logit = float(outputs[self._presence_at].reshape(-1)[0])
        return Mesh(region.to_frame(points, self._size), 1 / (1 + np.exp(-np.clip(logit, -50, 50))))
