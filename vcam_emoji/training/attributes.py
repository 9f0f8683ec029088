"""Pre-training on who a face belongs to: age, gender and race, as FairFace gives them.

Only the trunk of the network is kept; the answers to these questions are thrown away.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.errors import DataError
from vcam_emoji.training.data import photo
from vcam_emoji.training.figures import macro_f1
from vcam_emoji.training.learner import Examples, smoothed
from vcam_emoji.training.mosaic import mosaics, pictures
from vcam_emoji.training.networks import logits
from vcam_emoji.training.recipe import Recipe
from vcam_emoji.training.run import Epoch, Run
from vcam_emoji.training.train import learn

QUESTIONS: dict[str, tuple[str, ...]] = {
    "age": (
        "0-2",
        "3-9",
        "10-19",
        "20-29",
        "30-39",
        "40-49",
        "50-59",
        "60-69",
        "more than 70",
    ),
    "gender": ("Male", "Female"),
    "race": (
        "White",
        "Latino_Hispanic",
        "Black",
        "Indian",
        "East Asian",
        "Southeast Asian",
        "Middle Eastern",
    ),
}
GROUPS = tuple(map(len, QUESTIONS.values()))
_FORM = "Give a zip with pictures and an index.csv: file, age, gender, race; or what 'pack' wrote."


@dataclass(frozen=True, slots=True)
class Attributes:
    images: NDArray[np.uint8]
    """[n, 48, 48], grey, framed as FER-2013 frames a face."""
    answers: NDArray[np.int64]
    """[n, 3], places in the lists of `QUESTIONS`."""


def load(path: Path) -> Attributes:
    """Read FairFace as a zip, or packed.

    Raises:
        DataError: it is not there, damaged, or another data set.
    """
    try:
        if path.suffix.lower() == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                answers = arrays["answers"].astype(np.int64)
                return Attributes(pictures(dict(arrays), len(answers)), answers)
        with zipfile.ZipFile(path) as archive:
            index = io.StringIO(archive.read("index.csv").decode("utf-8-sig"))
            rows = list(csv.DictReader(index))
            images = [photo(archive.read(row["file"]), row["file"]) for row in rows]
        answers = [[known.index(row[name]) for name, known in QUESTIONS.items()] for row in rows]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read as attributes of faces: {error}.", _FORM) from error
    if not rows:
        raise DataError(f"{path} holds no pictures.", _FORM)
    return Attributes(np.stack(images), np.array(answers, np.int64))


def packed(attributes: Attributes, error: int) -> dict[str, NDArray[np.generic]]:
    """Arrays for a .npz file that `load` reads."""
    return {**mosaics(attributes.images, error), "answers": attributes.answers.astype(np.uint8)}


def pretrain(
    run: Run, recipe: Recipe, attributes: Attributes, on_steps: Callable[[int], None]
) -> Iterator[Epoch]:
    """Train as `train.train` does; a tenth is held out, accuracy is the mean over questions."""
    rows = np.random.default_rng(recipe.seed).permutation(len(attributes.images))
    cut = len(rows) // 10
    held_out, training = rows[:cut], rows[cut:]
    answers = attributes.answers[training]
    hot = [np.eye(n, dtype=np.float32)[answers[:, i]] for i, n in enumerate(GROUPS)]
    targets = smoothed(np.concatenate(hot, axis=1), recipe.label_smoothing, GROUPS)
    examples = Examples(attributes.images[training], targets, answers[:, 0], GROUPS)

    def judge(model: keras.Model) -> tuple[float, float]:
        found = logits(model, attributes.images[held_out])
        groups = np.split(found, np.cumsum(GROUPS)[:-1], axis=1)
        truth = attributes.answers[held_out]
        right = [(part.argmax(axis=1) == truth[:, i]).mean() for i, part in enumerate(groups)]
        means = [macro_f1(truth[:, i], part.argmax(axis=1)) for i, part in enumerate(groups)]
        return float(np.mean(right)), float(np.mean(means))

    yield from learn(run, recipe, examples, judge, on_steps)
