"""Personal calibration: offsets that make one person's face at rest read as neutral.

Some faces look sad, angry or surprised to the network while they show nothing. A few seconds of
such a face at rest say by how much, and offsets added to its log scores take it back; samples of
emotions keep those from being taken back with it. Only scores are kept while this is done, and
only the seven offsets afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vcam_emoji.settings import LARGEST_OFFSET, Calibration
from vcam_emoji.types import Emotion

EMOTIONS = tuple(Emotion)

Scores: TypeAlias = NDArray[np.float32]
"""[n, 7], the network's own, rows summing to 1."""

PRIOR = 0.08
"""Inverse variance of an offset before anything was seen; the face at rest weighs 1 against it.

From `benchmarks.calibrating --curve`: below, expressions are taken back together with the false
alarms; above, false alarms are left.
"""
_OTHERS = 0.5
"""What all emotions that were shown weigh together."""
_STEPS = 40
_FAINTEST = 1e-6


def fitted(samples: Mapping[Emotion, Scores], prior: float = PRIOR) -> Calibration:
    """The offsets under which what was shown is read most likely.

    They are biases of a logistic regression on the log scores (vector scaling of Guo et al. 2017
    without its scales) with a Gaussian prior around 0, so that an emotion of which the face at
    rest shows nothing keeps its offset. Neutral has none: raising it would lower all the others
    alike, and take back twice as many expressions for the same false alarms.

    Args:
        samples: Each emotion's as it was shown, however many there are of each.
        prior: Above 0; the larger, the smaller the offsets.

    Returns:
        Offsets within `LARGEST_OFFSET`.
    """
    logs = {
        emotion: np.log(np.maximum(scores, _FAINTEST)).astype(np.float64)
        for emotion, scores in samples.items()
    }
    others = len(logs.keys() - {Emotion.NEUTRAL})
    weights = {each: 1.0 if each is Emotion.NEUTRAL else _OTHERS / others for each in logs}
    wanted = np.array([weights.get(emotion, 0.0) for emotion in EMOTIONS])
    free = np.array([emotion is not Emotion.NEUTRAL for emotion in EMOTIONS])
    added = np.zeros(len(EMOTIONS))
    for _ in range(_STEPS):
        gradient, curvature = prior * added - wanted, prior * np.eye(len(EMOTIONS))
        for emotion, each in logs.items():
            p = _softmax(each + added)
            gradient += weights[emotion] * p.mean(axis=0)
            curvature += weights[emotion] * (np.diag(p.mean(axis=0)) - p.T @ p / len(p))
        # Halved, for Newton's steps overshoot where the scores are far off.
        added[free] -= 0.5 * np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
        added = np.clip(added, -LARGEST_OFFSET, LARGEST_OFFSET)
    names = (str(emotion) for emotion, is_free in zip(EMOTIONS, free, strict=True) if is_free)
    return Calibration(**dict(zip(names, np.round(added[free], 3).tolist(), strict=True)))


@lru_cache(maxsize=4)
def offsets(calibration: Calibration) -> Scores:
    """[7], in the order of `Emotion`."""
    added = calibration.model_dump()
    return np.array([added.get(emotion, 0.0) for emotion in EMOTIONS], np.float32)


def shifted(scores: Scores, added: Scores) -> Scores:
    """Scores with offsets added to their logarithms.

    Args:
        scores: [..., 7], rows summing to 1.
        added: [7].

    Returns:
        Like `scores`.
    """
    raised = np.maximum(scores, _FAINTEST) * np.exp(added)
    result: Scores = (raised / raised.sum(axis=-1, keepdims=True)).astype(np.float32)
    return result


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return result
