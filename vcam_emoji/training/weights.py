"""Trained weights to begin with or to learn from: a run's folder, or one compact file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np

from vcam_emoji.errors import DataError
from vcam_emoji.training import networks, published
from vcam_emoji.training.recipe import Recipe
from vcam_emoji.training.run import Arrays, Run, assign, packed, unpacked


def keep(run: Run, out: Path) -> None:
    """Write a run's best weights as float16, with its recipe: a quarter of what the run takes.

    Raises:
        DataError: the run has none, or they do not fit into float16.
    """
    halves = [each.astype(np.float16) for each in run.best()[0]]
    if not all(np.isfinite(each).all() for each in halves):
        raise DataError(f"The weights in {run.folder} are too large for float16.")
    recipe = np.frombuffer(json.dumps(asdict(run.recipe())).encode(), np.uint8)
    half = out.with_suffix(".half")
    half.write_bytes(packed({"weights": halves, "recipe": [recipe]}))
    half.replace(out)


def taken(path: Path) -> tuple[Recipe, Arrays]:
    """The recipe and the best weights of a run's folder, or of a file that `keep` wrote.

    Of a published network (`published.trunk`) too, though its last layer answers something else.

    Raises:
        DataError: it is none of them.
    """
    if path.suffix == ".json":
        return Recipe(network="teacher-mobilenet"), published.trunk(path)
    if path.is_dir():
        run = Run(path)
        return run.recipe(), run.best()[0]
    groups = unpacked(path)
    try:
        recipe = Recipe.parsed(groups["recipe"][0].tobytes().decode(), path)
        return recipe, [each.astype(np.float32) for each in groups["weights"]]
    except (KeyError, ValueError) as error:
        raise DataError(
            f"{path} holds no trained weights.", "Give a run's folder, or what 'keep' wrote."
        ) from error


def mix(run: Run, other: Path, share: float, out: Run) -> None:
    """Begin a run's folder whose best weights lie on the way from other weights to a run's.

    Where one training went on from the other's weights, the middle is often better than either.

    Args:
        run: Its log and best weights are taken.
        other: A run's folder, or a file that `keep` wrote.
        share: Of `run`'s weights, 0 to 1.
        out: Where the result goes, with the recipe of the larger part; it can be exported, but not
            trained on with `--resume`.

    Raises:
        DataError: weights are missing, or of two different networks.

    Source: Wortsman et al. 2022, "Model soups", and "Robust fine-tuning of zero-shot models".
    """
    mine, epoch, _ = run.best()
    recipe, theirs = taken(other)
    if [each.shape for each in mine] != [each.shape for each in theirs]:
        raise DataError(f"{run.folder} and {other} hold weights of two different networks.")
    mixed = [
        (share * a + (1 - share) * b).astype(np.float32) for a, b in zip(mine, theirs, strict=True)
    ]
    out.begin(run.recipe() if share >= 0.5 else recipe)
    for each in run.epochs():
        out.log(each)
    out.keep_best(mixed, next(each for each in run.epochs() if each.number == epoch))


def teacher(path: Path, precision: str) -> keras.Model:
    """A trained network to learn from.

    Raises:
        DataError: it is not there, or damaged.
    """
    recipe, arrays = taken(path)
    model = networks.build(recipe.network, precision)
    assign(model.weights, arrays)
    return model
