"""How old a person looks, so that the drawing is not of somebody else's age.

A ridge regression on what the mesh's network sees of the face, and on edges, fitted to faces
whose age onlookers guessed. Those faces are grey, small and cut off at brows and chin, so every
photograph is made so before it is looked at.

A regression's guesses lie nearer to the mean than people do. They are stretched half way back: all
the way would draw some of the young as old.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.descriptors import Vector, edges, pooled
from vcam_emoji.faces.region import Region
from vcam_emoji.litert import Network
from vcam_emoji.resources import asset
from vcam_emoji.types import Points

CROP = 64
"""Side of a face as the ages were learnt from, pixels."""
_MESH, _TAP = "face_landmark.tflite", 113
_EYES = ((33, 133), (362, 263))
_VIEW = 192
_FILLS = 140
"""Pixels of the view that a crop takes: the mesh wants room around a face."""
_LEFT, _RIGHT = np.array((72.0, 82.0)), np.array((120.0, 82.0))
"""Where the view's eyes are brought."""
_WIDE, _BELOW = 2.05, 0.28
"""Side of such a crop, and how far its middle lies under the eyes', in distances of the eyes."""
_EDGES = (slice(30, 174), slice(36, 156))
"""Rows and columns of the view, from the forehead to the chin."""


@dataclass(frozen=True, slots=True)
class Ages:
    """What was fitted."""

    mean: NDArray[np.float64]
    """[k], of what is seen."""
    deviation: NDArray[np.float64]
    """[k]."""
    weights: NDArray[np.float64]
    """[k]."""
    offset: float
    """Years."""
    stretch: float
    """How much farther from the middle, `offset`, a guess is drawn out."""

    def __post_init__(self) -> None:
        """Raises `ValueError` if shapes do not fit."""
        k = self.mean.shape
        if len(k) != 1 or self.deviation.shape != k or self.weights.shape != k:
            raise ValueError(f"ages have the shapes {k} and {self.weights.shape}")

    def years(self, vector: NDArray[Any]) -> float:
        """How old someone looks, from what `Onlooker` saw."""
        return self.offset + self.stretch * float(standard(vector, self) @ self.weights)


def standard(vectors: NDArray[Any], ages: Ages) -> NDArray[np.float64]:
    """[..., k], in deviations from the mean; what is far out of the ordinary counts less."""
    return np.clip((vectors - ages.mean) / ages.deviation, -5, 5)


class Onlooker:
    """Sees what tells an age; keeps its network loaded."""

    def __init__(self) -> None:
        """Load it.

        Raises:
            ModelError: it is missing or damaged.
        """
        self._mesh = Network(asset("models") / _MESH, taps=(_TAP,))
        sizes = [each.shape[-1] for each in self._mesh.outputs[:2]]
        self._points_at = sizes.index(max(sizes))

    def vector(self, crop: NDArray[np.uint8]) -> Vector:
        """What is seen of a face.

        Args:
            crop: [n, n], grey, as `framed` cuts it.
        """
        scale = _FILLS / len(crop)
        start = (_VIEW - _FILLS) / 2
        into = np.array(((scale, 0, start), (0, scale, start)))
        points = self._look(_warped(crop, into))[self._points_at].reshape(-1, 3)[:, :2]
        left, right = (points[list(each)].mean(axis=0) for each in _EYES)
        levelled = _between(left, right) @ np.vstack([into, (0, 0, 1)])
        view = _warped(crop, levelled)
        inner = self._look(view)[-1][0]
        small = cv2.resize(view[_EDGES], (60, 72), interpolation=cv2.INTER_AREA)
        patch = (small - small.mean()) / (small.std() + 8) * 20
        return np.concatenate([pooled(inner, 3), edges(patch.astype(np.float32), 12)])

    def _look(self, view: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        return self._mesh.run(np.repeat(view[None, :, :, None] / np.float32(255), 3, axis=3))


def framed(grey: NDArray[np.uint8], mesh: Points) -> NDArray[np.uint8]:
    """[64, 64], a face cut out as those are that ages were learnt from.

    Args:
        grey: A picture.
        mesh: [468, 2], the face's landmarks in it.
    """
    left, right = (mesh[list(each)].mean(axis=0).astype(float) for each in _EYES)
    across = right - left
    eyes = max(float(np.hypot(*across)), 1.0)
    roll = float(np.degrees(np.arctan2(across[1], across[0])))
    x, y = (left + right) / 2 + _BELOW * np.array((-across[1], across[0]))
    cut = Region(float(x), float(y), _WIDE * eyes, roll).warped(grey, 2 * CROP)
    return np.asarray(cv2.resize(cut, (CROP, CROP), interpolation=cv2.INTER_AREA), np.uint8)


def _between(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.float64]:
    """[2, 3], what brings two eyes to where the view has them."""
    across = right - left
    apart = max(float(np.hypot(*across)), 10.0)
    c, s = across / apart * (_RIGHT - _LEFT)[0] / apart
    turn = np.array(((c, s), (-s, c)))
    return np.column_stack([turn, (_LEFT + _RIGHT) / 2 - turn @ (left + right) / 2])


def _warped(crop: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.uint8]:
    # What a face is surrounded by differs between photographs and crops: here it never shows.
    view = cv2.warpAffine(
        crop,
        matrix,
        (_VIEW, _VIEW),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(view, np.uint8)
