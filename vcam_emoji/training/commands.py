"""What each command of `python -m vcam_emoji.training` does."""

from __future__ import annotations

import argparse
import json
import zipfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vcam_emoji.errors import UsageError, how_to_install_generator
from vcam_emoji.resources import asset
from vcam_emoji.training import data
from vcam_emoji.training.bar import Bar
from vcam_emoji.training.processor import PLAIN, precision, use_its_best_kernels
from vcam_emoji.training.recipe import Recipe

# Keras takes seconds to import and needs an extra: each command imports it where it needs it.
if TYPE_CHECKING:
    from vcam_emoji.training.run import Arrays, Run
    from vcam_emoji.training.unlabelled import Guesses

NAMED = ("network", "epochs", "minutes", "batch", "learning_rate", "balance", "seed", "precision")
"""Parts of a recipe that have options of their own."""


def train(arguments: argparse.Namespace) -> None:
    _require_keras()
    from vcam_emoji.training.train import train as trained

    run, recipe = _planned(arguments)
    faces = _faces(arguments.data, recipe)
    training, _ = data.divided(faces, recipe.seed)
    start, teachers = helped(replace(recipe, start="") if run.started else recipe)
    guesses = _guesses(run, recipe)
    if not arguments.resume:
        run.begin(recipe)
    if guesses is not None:
        run.keep_guesses(guesses.scores)
    shown = len(training) + (0 if guesses is None else len(guesses.images))
    with Bar(recipe, shown, run.epochs()) as bar:
        bar.tell(trained(run, recipe, faces, bar.step, start, teachers, guesses))
    bar.console.print(f"Done. Ship it with: python -m vcam_emoji.training export {run.folder} DATA")


def pretrain(arguments: argparse.Namespace) -> None:
    _require_keras()
    from vcam_emoji.training import attributes

    run, recipe = _planned(arguments)
    faces = attributes.load(arguments.data)
    if not arguments.resume:
        run.begin(recipe)
    with Bar(recipe, len(faces.images), run.epochs()) as bar:
        bar.tell(attributes.pretrain(run, recipe, faces, bar.step))
    bar.console.print(
        f"Done. Go on with: python -m vcam_emoji.training train DATA --from {run.folder}"
    )


def ablate(arguments: argparse.Namespace) -> None:
    _require_keras()
    from vcam_emoji.training.ablation import TABLE
    from vcam_emoji.training.ablation import ablate as rows

    recipe = _recipe(arguments)
    names = arguments.only or list(TABLE)
    if unknown := [name for name in names if name not in TABLE]:
        raise UsageError(
            f"There is no row {unknown[0]!r} in the table.", f"It has: {'; '.join(TABLE)}."
        )
    faces = _faces(arguments.data, recipe)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for row in rows(arguments.out, recipe, faces, {n: TABLE[n] for n in names}, helped):
        print(f"{row.accuracy:.2%}  macro-F1 {row.macro_f1:.2%}  {row.epochs} epochs  {row.name}")
    print(f"Done: {arguments.out / 'table.md'}")


def _faces(path: Path, recipe: Recipe) -> data.Faces:
    faces = data.load(path)
    return data.with_more(faces, data.load(Path(recipe.also))) if recipe.also else faces


def helped(recipe: Recipe) -> tuple[Arrays | None, list[Any]]:
    """The weights to begin with, and the teachers, that a recipe names."""
    from vcam_emoji.training import weights

    teachers = [weights.teacher(Path(each), recipe.precision) for each in recipe.teachers]
    return weights.taken(Path(recipe.start))[1] if recipe.start else None, teachers


def _guesses(run: Run, recipe: Recipe) -> Guesses | None:
    """Of the recipe's unlabelled faces; a run that goes on keeps those that it began with."""
    from vcam_emoji.training import unlabelled, weights

    if not recipe.unlabelled:
        return None
    guessing = recipe.teachers or ((recipe.start,) if recipe.start else ())
    if not guessing:
        raise UsageError(
            "Nobody is there to answer for unlabelled faces.",
            "Name trained weights with --from or --teachers.",
        )
    images = unlabelled.load(Path(recipe.unlabelled))
    if run.started:
        return unlabelled.Guesses(images, run.guesses(len(images)))
    return unlabelled.guessed(images, [weights.teacher(Path(e), PLAIN) for e in guessing])


def evaluate(arguments: argparse.Namespace) -> None:
    from vcam_emoji.emotion_network import EmotionNetwork
    from vcam_emoji.training.figures import calibration_error, figures, timed_scores
    from vcam_emoji.training.robustness import robustness

    faces = data.load(arguments.data)
    split: data.Split | Literal["all"] = arguments.split or (
        "public" if "public" in faces.splits else "all"
    )
    if split != "all":
        faces = faces.split(split)
    if not len(faces):
        raise UsageError(f"{arguments.data} has no {split} split.", "Measure it all: --split all")
    network = EmotionNetwork(arguments.model)
    scores, ms = timed_scores(network, faces)
    found: dict[str, Any] = {**asdict(figures(faces.labels, scores)), "ms_per_face": ms}
    found["calibration_error"] = calibration_error(faces.labels, scores)
    if arguments.robustness:
        found["robustness"] = robustness(network, faces)
    if arguments.json:
        print(json.dumps(found))
        return
    recalls = "  ".join(f"{name} {share:.1%}" for name, share in found["recall"].items())
    print(f"faces     {found['n']}, {split}")
    print(f"accuracy  {found['accuracy']:.2%}")
    print(f"macro-F1  {found['macro_f1']:.2%}")
    print(f"recall    {recalls}")
    print(f"ECE       {found['calibration_error']:.3f}")
    print(f"time      {ms:.2f} ms a face, one thread")
    for name, accuracy in found.get("robustness", {}).items():
        print(f"{accuracy:.2%}    {name}")


def export(arguments: argparse.Namespace) -> None:
    _require_keras()
    from vcam_emoji.training.export import export as exported
    from vcam_emoji.training.weights import taken

    taken(arguments.source)
    out = arguments.out or asset("models/emotion")
    said = exported(
        arguments.source,
        data.load(arguments.data),
        arguments.form,
        out,
        arguments.note,
        arguments.mirrored,
        arguments.undo_votes,
    )
    public = said["public"]
    print(
        f"{out / said['file']}: {said['bytes'] / 1000:.0f} kB, "
        f"public {public['accuracy']:.2%} (Keras {public['keras_accuracy']:.2%}), "
        f"macro-F1 {public['macro_f1']:.2%}, {public['ms_per_face']:.2f} ms a face"
    )


def mix(arguments: argparse.Namespace) -> None:
    _require_keras()
    from vcam_emoji.training.run import Run
    from vcam_emoji.training.weights import mix as mixed

    out = Run(arguments.out)
    if out.recipe_file.exists():
        raise UsageError(f"There is a run in {out.folder} already.", "Name another folder.")
    mixed(Run(arguments.folder), arguments.other, arguments.share, out)
    print(f"{out.folder}: ship it with python -m vcam_emoji.training export {out.folder} DATA")


def keep(arguments: argparse.Namespace) -> None:
    _require_keras()
    from vcam_emoji.training.run import Run
    from vcam_emoji.training.weights import keep as kept

    kept(Run(arguments.folder), arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")


def pack(arguments: argparse.Namespace) -> None:
    data.may_be_written(arguments.out)
    if _is_of_attributes(arguments.data):
        _require_keras()
        from vcam_emoji.training import attributes

        arrays = attributes.packed(attributes.load(arguments.data), arguments.error)
    else:
        arrays = data.packed(data.load(arguments.data), arguments.error)
    data.store(arrays, arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")


def _is_of_attributes(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return b"gender" in archive.read("index.csv").partition(b"\n")[0]
    except (OSError, KeyError, zipfile.BadZipFile):
        return False


def _planned(arguments: argparse.Namespace) -> tuple[Run, Recipe]:
    """The run's folder and its recipe: as it began, or as the options say."""
    from vcam_emoji.training.run import Run

    recipe = _recipe(arguments)
    run = Run(arguments.folder or Path("runs") / recipe.network)
    if arguments.resume:
        return run, run.recipe()
    if run.started:
        raise UsageError(
            f"There is a run in {run.folder} already.",
            "Go on with --resume, or name another folder with --run.",
        )
    return run, recipe


def _recipe(arguments: argparse.Namespace) -> Recipe:
    from vcam_emoji.training.networks import NETWORKS

    named = {name: getattr(arguments, name) for name in NAMED}
    recipe = replace(Recipe(), **named | {"precision": arguments.precision or precision()})
    if getattr(arguments, "start", None):
        recipe = replace(recipe, start=str(arguments.start))
    if getattr(arguments, "also", None):
        recipe = replace(recipe, also=str(arguments.also))
    if getattr(arguments, "unlabelled", None):
        recipe = replace(recipe, unlabelled=str(arguments.unlabelled))
    if getattr(arguments, "teachers", None):
        recipe = replace(recipe, teachers=tuple(arguments.teachers.split(",")))
    pairs = [text.partition("=") for text in arguments.set]
    recipe = recipe.changed({name: value for name, _, value in pairs})
    if recipe.network not in NETWORKS:
        known = ", ".join(NETWORKS)
        raise UsageError(f"There is no network {recipe.network!r}.", f"Choose one of: {known}.")
    return recipe


def _require_keras() -> None:
    use_its_best_kernels()
    try:
        import keras  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"Training needs Keras and TensorFlow, which are not installed ({error}).",
            how_to_install_generator(),
        ) from error
