"""Ridge regression on standardised vectors, one column per class.

With some two thousand labels and a few thousand numbers it is held back by a strong penalty, is
fitted in seconds, and is read without executing anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Classifier:
    """Which of some classes a vector belongs to."""

    classes: tuple[str, ...]
    weights: NDArray[np.float32]
    """[numbers, classes], for vectors as they are: the standardisation is folded in."""
    offset: NDArray[np.float32]
    """[classes]."""

    def scores(self, vectors: Floats) -> NDArray[np.float64]:
        """[n, classes], how far each speaks for each class; 0 is undecided."""
        return np.asarray(vectors @ self.weights + self.offset, np.float64)


def fit(
    vectors: Floats,
    labels: NDArray[np.str_],
    classes: tuple[str, ...],
    penalty: float,
    evenness: float = 0.5,
) -> Classifier:
    """Fit to labelled vectors.

    Args:
        vectors: [n, numbers].
        labels: [n], each one of the classes.
        classes: In the order of the columns.
        penalty: On the weights, in shares of the vectors' mean energy.
        evenness: 0 counts every vector the same, 1 every class.
    """
    mean = vectors.mean(axis=0)
    deviation = vectors.std(axis=0)
    deviation = deviation + 0.05 * float(np.sqrt((vectors.astype(np.float64) ** 2).mean()))
    x = ((vectors - mean) / deviation).astype(np.float64)
    hit = labels[:, None] == np.array(classes)[None]
    counts = np.maximum(hit.sum(axis=0), 1)
    weight = (len(labels) / counts[hit.argmax(axis=1)]) ** evenness
    weight /= weight.mean()
    y = np.where(hit, 1.0, -1.0)
    offset = (weight[:, None] * y).sum(axis=0) / weight.sum()
    # The dual form: there are fewer vectors than numbers.
    centre = (weight[:, None] * x).sum(axis=0) / weight.sum()
    x -= centre
    kernel = x @ x.T
    held = penalty * np.trace(kernel) / len(x)
    dual = np.linalg.solve(kernel + np.diag(held / weight), y - offset)
    weights = (x.T @ dual) / deviation[:, None]
    constant = offset - (mean + centre * deviation) @ weights
    return Classifier(classes, weights.astype(np.float32), constant.astype(np.float32))
