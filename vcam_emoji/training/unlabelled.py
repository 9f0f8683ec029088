"""Faces that nobody labelled, learnt from by what trained weights say of them.

A network that learnt 28 thousand noisy labels knows its own pictures better than others. More
faces, answered by itself or by a teacher as they are, and shown to the student varied, hold it to
one answer for one face whatever the camera does.

Source: Xie et al. 2020, "Self-training with noisy student improves ImageNet classification".
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.errors import DataError
from vcam_emoji.training.data import PHOTOS, photo
from vcam_emoji.training.learner import Examples, rarer_oftener
from vcam_emoji.training.networks import logits

_FORM = "Give a zip or a folder of photos, each one face framed as FER-2013 frames it."


@dataclass(frozen=True, slots=True)
class Guesses:
    """Faces, and what they are taken for."""

    images: NDArray[np.uint8]
    """[n, 48, 48]."""
    scores: NDArray[np.float32]
    """[n, 7], rows summing to 1."""


def load(path: Path) -> NDArray[np.uint8]:
    """Every photo of a zip or folder, by name, as [n, 48, 48] grey crops.

    Raises:
        DataError: it is not there, damaged, or holds no photos.
    """
    try:
        if path.is_dir():
            files = sorted(each for each in path.rglob("*") if each.suffix.lower() in PHOTOS)
            images = [photo(each.read_bytes(), each.name) for each in files]
        else:
            with zipfile.ZipFile(path) as archive:
                names = sorted(n for n in archive.namelist() if Path(n).suffix.lower() in PHOTOS)
                images = [photo(archive.read(name), name) for name in names]
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read as faces: {error}.", _FORM) from error
    if not images:
        raise DataError(f"{path} holds no photos.", _FORM)
    return np.stack(images)


def guessed(images: NDArray[np.uint8], teachers: Sequence[keras.Model]) -> Guesses:
    """What networks make of faces as they are, the mean over each and its mirror image.

    Args:
        images: [n, 48, 48].
        teachers: At least one, [n, 48, 48, 1] to seven logits.
    """
    views = images, images[:, :, ::-1]
    answers = [logits(each, seen) for each in teachers for seen in views]
    scores = [keras.ops.convert_to_numpy(keras.ops.softmax(each)) for each in answers]
    return Guesses(images, np.mean(scores, axis=0, dtype=np.float32))


def joined(examples: Examples, guesses: Guesses, share: float, balance: float) -> Examples:
    """Labelled faces and guessed ones together.

    Args:
        examples: Of one question: emotions.
        guesses: What comes after them.
        share: How much of what is shown is guessed, 0 to 1.
        balance: How much oftener rare classes are shown, among either.
    """
    classes = guesses.scores.argmax(axis=1)
    own, others = rarer_oftener(examples.classes, balance), rarer_oftener(classes, balance)
    return Examples(
        np.concatenate([examples.images, guesses.images]),
        np.concatenate([examples.targets, guesses.scores]),
        np.concatenate([examples.classes, classes]),
        examples.groups,
        np.concatenate([(1 - share) * own, share * others]),
    )
