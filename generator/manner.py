"""How a person shows an emotion, as far as drawings follow it: whether and how far lips part.

Of what a photograph of a felt face tells, this alone is sure enough: brows move by a few pixels and
with the head's tilt, but who smiles with closed lips does so plainly.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from generator.alignment import MeshedFace
from generator.artwork.people.muscles import CLOSEST
from vcam_emoji.types import Emotion

STEERED = tuple(CLOSEST)
"""The emotions that a photograph can steer."""

_CLOSED = 0.035
"""Gap of the lips' inner borders, in distances of the eyes, below which a mouth is closed: of 120
aligned photographs, those up to here were, by looking."""
_OPEN: Mapping[Emotion, float] = {
    Emotion.HAPPY: 0.16, Emotion.ANGRY: 0.14, Emotion.FEAR: 0.18, Emotion.SURPRISE: 0.25,
}  # fmt: skip
"""The gap at which an emotion is drawn as for everyone: a broad smile with teeth has 0.16."""
_INNER = (13, 14)
"""Points of the mesh in the middle of the lips' inner borders."""


def lips(emotion: Emotion, face: MeshedFace) -> float:
    """How far the lips part, of how far they do for everyone: 0 closed, 1 as for everyone.

    Args:
        emotion: Which of `STEERED` the face shows.
        face: The face, showing it.
    """
    upper, lower = face.mesh[list(_INNER)]
    gap = float(np.hypot(*(upper - lower)) / np.hypot(*(face.right_eye - face.left_eye)))
    return float(np.clip((gap - _CLOSED) / (_OPEN[emotion] - _CLOSED), 0, 1))
