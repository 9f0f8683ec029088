"""BlazeFace, Google's small face detectors: a square picture in, boxes and six points out.

Source: Bazarevsky et al. 2019, "BlazeFace: sub-millisecond neural face detection on mobile GPUs".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.litert import Network
from vcam_emoji.types import Image

Floats = NDArray[np.float32]

_GRIDS = {896: ((16, 2), (8, 6)), 2304: ((48, 1),)}
"""Number of anchors -> (cells a side, anchors a cell) of each feature map, coarse ones last."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What one run of the detector saw, strongest first, not yet merged."""

    scores: Floats
    """[n], 0 to 1."""
    values: Floats
    """[n, 16] in pixels of the input picture: centre x, y, width, height of a square box, then x, y
    of the picture's left eye, right eye, nose tip, mouth, left ear, right ear."""


class BlazeFace:
    """One of the detectors: short range at 128 px, back camera at 256, full range at 192."""

    def __init__(self, model: Path) -> None:
        self._network = Network(model)
        shape, outputs = self._network.inputs[0].shape, self._network.outputs
        self.size = shape[1]
        """Side of the square input, in pixels."""
        self._input = np.empty(shape, np.float32)
        self._scores_at, self._values_at = sorted(range(2), key=lambda at: outputs[at].shape[-1])
        count = outputs[self._scores_at].shape[1]
        self._anchors = _anchors(count) * np.float32(self.size)

    def look(self, image: Image, threshold: float) -> Candidates:
        """Everything that looks like a face in a BGR picture of exactly `size` squared."""
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        np.multiply(rgb, np.float32(1 / 127.5), out=self._input[0])
        self._input -= 1
        outputs = self._network.run(self._input)
        logits = outputs[self._scores_at].reshape(-1)
        values = outputs[self._values_at].reshape(len(logits), 16)
        # A few anchors answer with a size of nothing or less, which no face has.
        real = (values[:, 2:4] > 1).all(axis=1)
        chosen = np.flatnonzero(real & (logits > np.log(threshold / (1 - threshold))))
        chosen = chosen[np.argsort(-logits[chosen])]
        values = values[chosen]
        anchors = self._anchors[chosen]
        # Width and height (columns 2 and 3) are absolute; all else is relative to the anchor.
        values[:, 0:2] += anchors
        values[:, 4:] += np.tile(anchors, 6)
        scores = 1 / (1 + np.exp(-logits[chosen].clip(-50, 50)))
        return Candidates(scores.astype(np.float32), values)

    def rest(self, idle_s: float) -> None:
        """Give its memory back, until it is asked again, if that was so many seconds ago."""
        self._network.rest(idle_s)


def _anchors(count: int) -> Floats:
    """[count, 2], the centres x, y of the anchors in shares of the side."""
    rows = []
    for cells, per_cell in _GRIDS[count]:
        line = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
        rows.append(np.repeat(grid, per_cell, axis=0))
    return np.concatenate(rows)
