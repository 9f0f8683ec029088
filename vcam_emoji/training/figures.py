"""How right a network is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vcam_emoji.types import Emotion

_CLASSES = len(Emotion)


@dataclass(frozen=True, slots=True)
class Figures:
    n: int
    accuracy: float
    """0 to 1, as all shares here."""
    macro_f1: float
    """Mean over the classes that occur, as truth or as answer."""
    recall: dict[str, float]
    """By emotion; only of those that occur."""
    confusion: list[list[int]]
    """[truth][answer], in the order of `Emotion`."""


def figures(labels: NDArray[np.int64], scores: NDArray[np.float32]) -> Figures:
    """Compare answers with the truth.

    Args:
        labels: [n].
        scores: [n, 7], logits or probabilities.
    """
    answers = scores.argmax(axis=1)
    confusion = np.bincount(labels * _CLASSES + answers, minlength=_CLASSES**2)
    confusion = confusion.reshape(_CLASSES, _CLASSES)
    right, truths, given = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    occurs = truths + given > 0
    f1 = 2 * right[occurs] / (truths + given)[occurs]
    recall = {
        str(emotion): float(right[i] / truths[i]) for i, emotion in enumerate(Emotion) if truths[i]
    }
    return Figures(
        len(labels),
        float(right.sum() / len(labels)),
        float(f1.mean()),
        recall,
        confusion.tolist(),
    )
