"""How right a network is, and how well it knows it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vcam_emoji.training.data import Faces
from vcam_emoji.types import Emotion

if TYPE_CHECKING:
    # The machine that trains needs nothing of the live path.
    from vcam_emoji.emotion_network import Scorer

_CLASSES = len(Emotion)


@dataclass(frozen=True, slots=True)
class Figures:
    """All shares are 0 to 1."""

    n: int
    accuracy: float
    macro_f1: float
    """Mean over the classes that occur, as truth or as answer."""
    recall: dict[str, float]
    """By emotion; only of those that occur."""
    confusion: list[list[int]]
    """[truth][answer], in the order of `Emotion`."""


def figures(labels: NDArray[np.int64], scores: NDArray[np.float32]) -> Figures:
    """Compare answers with the truth.

    Args:
        labels: [n], n > 0.
        scores: [n, 7], logits or probabilities.
    """
    confusion = _confusion(labels, scores.argmax(axis=1), _CLASSES)
    right, truths = np.diag(confusion), confusion.sum(axis=1)
    recall = {
        str(emotion): float(right[i] / truths[i]) for i, emotion in enumerate(Emotion) if truths[i]
    }
    accuracy = float(right.sum() / len(labels))
    return Figures(len(labels), accuracy, _macro_f1(confusion), recall, confusion.tolist())


def macro_f1(labels: NDArray[np.int64], answers: NDArray[np.int64]) -> float:
    """Mean of F1 over the classes that occur, of any number of classes."""
    return _macro_f1(_confusion(labels, answers, int(max(labels.max(), answers.max())) + 1))


def _confusion(
    labels: NDArray[np.int64], answers: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    places = np.bincount(labels * classes + answers, minlength=classes**2)
    return places.reshape(classes, classes)


def _macro_f1(confusion: NDArray[np.int64]) -> float:
    together = confusion.sum(axis=0) + confusion.sum(axis=1)
    occurs = together > 0
    return float((2 * np.diag(confusion)[occurs] / together[occurs]).mean())


def timed_scores(network: Scorer, faces: Faces) -> tuple[NDArray[np.float32], float]:
    """Score every picture by itself, as the live path does.

    Returns:
        [n, 7], and the median time of one, scaling included, in milliseconds.
    """
    scores = np.empty((len(faces), _CLASSES), np.float32)
    times = np.empty(len(faces))
    for i, image in enumerate(faces.images):
        start = time.perf_counter()
        scores[i] = network.scores(image[None])[0]
        times[i] = time.perf_counter() - start
    return scores, float(np.median(times)) * 1e3


def calibration_error(
    labels: NDArray[np.int64], scores: NDArray[np.float32], bins: int = 15
) -> float:
    """Expected calibration error: how far confidence is from being right, on average.

    Args:
        labels: [n].
        scores: [n, 7], rows summing to 1.
        bins: Of equal width.

    Source: Guo et al. 2017, "On calibration of modern neural networks", equation 3.
    """
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = np.bincount(place, right - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(labels))


def temperature(labels: NDArray[np.int64], logits: NDArray[np.float32]) -> float:
    """What logits are to be divided by so that confidence fits best; answers stay the same.

    Returns:
        The one of least negative log likelihood between 0.2 and 5.

    Source: Guo et al. 2017, section 4.2.
    """

    def loss(log_temperature: float) -> float:
        z = logits.astype(np.float64) / np.exp(log_temperature)
        z -= z.max(axis=1, keepdims=True)
        likelihood = z[np.arange(len(z)), labels] - np.log(np.exp(z).sum(axis=1))
        return -float(likelihood.mean())

    low, high = np.log(0.2), np.log(5.0)
    golden = (np.sqrt(5) - 1) / 2
    while high - low > 1e-4:
        left, right = high - golden * (high - low), low + golden * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def near_duplicates(
    of: NDArray[np.uint8], among: NDArray[np.uint8], correlation: float = 0.98
) -> NDArray[np.bool_]:
    """Which pictures nearly occur in another set: FER-2013 repeats about a tenth of itself.

    Args:
        of: [n, 48, 48].
        among: [m, 48, 48].
        correlation: At 16 x 16 pixels, from which two pictures count as the same.

    Returns:
        [n].
    """
    known = _small(among).T
    best = [(part @ known).max(axis=1) for part in np.array_split(_small(of), len(of) // 256 + 1)]
    return np.concatenate(best) > correlation


def _small(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[n, 256], each row of mean 0 and length 1."""
    n, size = len(images), images.shape[1]
    step = size // 16
    cells = images.reshape(n, 16, step, 16, step).astype(np.float32)
    rows: NDArray[np.float32] = cells.mean(axis=(2, 4)).reshape(n, -1)
    rows -= rows.mean(axis=1, keepdims=True)
    # A flat picture has length 0 and resembles nothing.
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return rows
