"""Personal calibration: offsets that make one person's face at rest read as neutral.

Some faces look sad, angry or surprised to the network while they show nothing. A few seconds of
such a face at rest say by how much, and offsets added to its log scores take it back; samples of
emotions keep those from being taken back with it. Only scores are kept while this is done, and
only the seven offsets afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vcam_emoji.errors import CalibrationError
from vcam_emoji.settings import LARGEST_OFFSET, Calibration
from vcam_emoji.types import Emotion, EmotionEstimate, Face

EMOTIONS = tuple(Emotion)

Scores: TypeAlias = NDArray[np.float32]
"""[n, 7], the network's own, rows summing to 1."""

_PRIOR = 0.05
"""Inverse variance of an offset before anything was seen, in units of one emotion's samples.

From `benchmarks.calibrating --curve`: less takes expressions back together with the false alarms,
more leaves false alarms.
"""
_FAINTEST = 1e-6
_FEWEST = 8
_ALONE = 0.8
_STEADY = 0.25
"""Mean total variation from the mean scores, 0 to 1. Held expressions before a noisy camera stay
below 0.2 (99 of 100 in `benchmarks.steadiness`); a changing face is at 0.4."""


def fitted(samples: Mapping[Emotion, Scores]) -> Calibration:
    """The offsets under which what was shown is read most likely.

    They are the biases of a logistic regression on the log scores (vector scaling of Guo et al.
    2017 without its scales) with a Gaussian prior around 0, so that an emotion of which the face
    at rest shows nothing keeps its offset.

    Args:
        samples: Each emotion's as it was shown; every emotion counts the same.

    Returns:
        Offsets within `LARGEST_OFFSET`.
    """
    logs = [np.log(np.maximum(each, _FAINTEST)).astype(np.float64) for each in samples.values()]
    wanted = np.array([float(emotion in samples) for emotion in EMOTIONS])
    added = np.zeros(len(EMOTIONS))
    for _ in range(50):
        gradient, curvature = _PRIOR * added - wanted, _PRIOR * np.eye(len(EMOTIONS))
        for each in logs:
            p = _softmax(each + added)
            gradient += p.mean(axis=0)
            curvature += np.diag(p.mean(axis=0)) - p.T @ p / len(p)
        # Halved, for Newton's steps overshoot where the scores are far off.
        step = 0.5 * np.linalg.solve(curvature, gradient)
        added = np.clip(added - step, -LARGEST_OFFSET, LARGEST_OFFSET)
    return Calibration(**dict(zip(EMOTIONS, np.round(added, 3).tolist(), strict=True)))


@lru_cache(maxsize=4)
def offsets(calibration: Calibration) -> Scores:
    """[7], in the order of `Emotion`."""
    return np.array([getattr(calibration, emotion) for emotion in Emotion], np.float32)


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


def read_right(scores: Scores, emotion: Emotion, calibration: Calibration) -> float:
    """Share of samples in which that emotion scores best."""
    best = shifted(scores, offsets(calibration)).argmax(axis=1)
    return float((best == EMOTIONS.index(emotion)).mean())


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return result


@dataclass(slots=True)
class Recording:
    """What is seen of one person showing one emotion."""

    emotion: Emotion
    frames: int = 0
    none: int = 0
    """Frames without a face."""
    several: int = 0
    """Frames with more than one."""
    _samples: list[tuple[float, ...]] = field(default_factory=list)

    def add(self, faces: Sequence[Face], estimate: EmotionEstimate | None) -> None:
        """Take in one frame.

        Args:
            faces: Those of the frame.
            estimate: Of the only one.
        """
        self.frames += 1
        seen = [face for face in faces if face.lost_s == 0]
        self.none += not seen
        self.several += len(seen) > 1
        if len(seen) != 1 or estimate is None or not estimate.raw:
            return
        # Most frames are not read anew; the same reading twice would count double.
        if not self._samples or self._samples[-1] != estimate.raw:
            self._samples.append(estimate.raw)

    def scores(self) -> Scores:
        """All of it, [n, 7].

        Raises:
            CalibrationError: if this is not one face holding one expression.
        """
        again = "Sit alone before the camera, in good light, and try again."
        if not self.frames:
            raise CalibrationError("No picture came from the camera.", "See: vcam-emoji status")
        if self.several > (1 - _ALONE) * self.frames:
            raise CalibrationError("There are several faces in the picture.", again)
        if self.none > (1 - _ALONE) * self.frames:
            raise CalibrationError("There is no face in the picture.", again)
        if len(self._samples) < _FEWEST:
            raise CalibrationError(
                f"The face was read only {len(self._samples)} times.", "Record for longer."
            )
        scores = np.array(self._samples, np.float32)
        if unsteadiness(scores) > _STEADY:
            raise CalibrationError(
                "The face did not hold its expression.", "Hold it, and your head, still."
            )
        return scores


def unsteadiness(scores: Scores) -> float:
    """How far scores are from their mean, on average: total variation, 0 to 1."""
    return float(np.abs(scores - scores.mean(axis=0)).sum(axis=1).mean() / 2)
