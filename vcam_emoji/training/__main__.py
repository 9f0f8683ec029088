"""`python -m vcam_emoji.training train|evaluate|export`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from vcam_emoji.errors import UsageError, VcamEmojiError
from vcam_emoji.resources import asset
from vcam_emoji.training import data
from vcam_emoji.training.recipe import FORMS, Recipe

_Parser: TypeAlias = argparse.ArgumentParser

_DATA = "fer2013.csv, a zip, a .npz, or a folder with one folder of photos for each emotion"
_FOLDER = "where recipe, log and weights are kept (runs/NETWORK)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0 done, 1 could not be done, 2 was asked wrongly, 130 interrupted.
    """
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except VcamEmojiError as error:
        print(f"training: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vcam_emoji.training", description="The emotion network of vcam-emoji."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, run: Callable[[argparse.Namespace], None], text: str) -> _Parser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    recipe = Recipe()
    train = add("train", _train, "Train a network, or go on where a run stopped.")
    train.add_argument("data", type=Path, metavar="DATA", help=_DATA)
    train.add_argument("--run", dest="folder", type=Path, metavar="FOLDER", help=_FOLDER)
    train.add_argument("--resume", action="store_true", help="go on with that run, as it began")
    train.add_argument("--network", default=recipe.network, help="%(default)s")
    train.add_argument("--epochs", type=_positive, default=recipe.epochs, help="%(default)s")
    train.add_argument("--batch", type=_positive, default=recipe.batch, help="%(default)s")
    train.add_argument("--learning-rate", type=float, default=recipe.learning_rate)
    train.add_argument(
        "--balance", type=float, default=recipe.balance, help="0 to 1: show rare classes oftener"
    )
    train.add_argument("--seed", type=int, default=recipe.seed, help="%(default)s")
    precisions = ["float32", "mixed_bfloat16"]
    train.add_argument("--precision", choices=precisions, default=recipe.precision)

    evaluate = add("evaluate", _evaluate, "Measure the shipped network, or another.")
    evaluate.add_argument("data", type=Path, metavar="DATA", help=_DATA)
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    evaluate.add_argument("--model", type=Path, help="a .tflite file (the shipped one)")
    evaluate.add_argument(
        "--split",
        choices=[*get_args(data.Split), "all"],
        help="(public, or all)",
    )

    export = add("export", _export, "Turn a run's best weights into the network that ships.")
    export.add_argument("folder", type=Path, metavar="RUN", help="the run's folder")
    export.add_argument("data", type=Path, metavar="DATA", help="what it was trained on")
    export.add_argument("--form", choices=FORMS, default="float16", help="%(default)s")
    export.add_argument("--note", default="", help="what else the card is to say of the training")
    export.add_argument("--out", type=Path, help="a folder (the one that ships)")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _train(arguments: argparse.Namespace) -> None:
    _require_keras()
    from vcam_emoji.training.networks import NETWORKS
    from vcam_emoji.training.run import Run
    from vcam_emoji.training.train import train

    if arguments.network not in NETWORKS:
        known = ", ".join(NETWORKS)
        raise UsageError(f"There is no network {arguments.network!r}.", f"Choose one of: {known}.")
    run = Run(arguments.folder or Path("runs") / arguments.network)
    if arguments.resume:
        recipe = run.recipe()
    elif run.started:
        raise UsageError(
            f"There is a run in {run.folder} already.",
            "Go on with --resume, or name another folder with --run.",
        )
    else:
        recipe = replace(
            Recipe(),
            network=arguments.network,
            epochs=arguments.epochs,
            batch=arguments.batch,
            learning_rate=arguments.learning_rate,
            balance=arguments.balance,
            seed=arguments.seed,
            precision=arguments.precision,
        )
    faces = data.load(arguments.data)
    training, _ = data.divided(faces, recipe.seed)
    if not arguments.resume:
        run.begin(recipe)

    console = Console(soft_wrap=True)
    with _progress(console) as progress:
        steps = len(training) // recipe.batch
        task = progress.add_task(
            recipe.network, total=recipe.epochs * steps, completed=len(run.epochs()) * steps
        )
        for epoch in train(run, recipe, faces, lambda: progress.advance(task)):
            left = (recipe.epochs - epoch.number) * epoch.seconds / 60
            progress.console.print(
                f"epoch {epoch.number}/{recipe.epochs}  loss {epoch.loss:.4f}  "
                f"public {epoch.accuracy:.2%}  macro-F1 {epoch.macro_f1:.2%}"
                f"{'  best' if epoch.best else ''}  {epoch.seconds:.0f} s, {left:.0f} min left",
                highlight=False,
            )
    console.print(f"Done. Ship it with: python -m vcam_emoji.training export {run.folder} DATA")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        speed_estimate_period=600,
        disable=not console.is_terminal,
    )


def _evaluate(arguments: argparse.Namespace) -> None:
    from vcam_emoji.emotions import EmotionNetwork
    from vcam_emoji.training.figures import figures, timed_scores

    faces = data.load(arguments.data)
    split: data.Split | Literal["all"] = arguments.split or (
        "public" if "public" in faces.splits else "all"
    )
    if split != "all":
        faces = faces.split(split)
    if not len(faces):
        raise UsageError(f"{arguments.data} has no {split} split.", "Measure it all: --split all")
    scores, ms = timed_scores(EmotionNetwork(arguments.model), faces)
    found = {**asdict(figures(faces.labels, scores)), "ms_per_face": ms}
    if arguments.json:
        print(json.dumps(found))
        return
    recalls = "  ".join(f"{name} {share:.1%}" for name, share in found["recall"].items())
    print(f"faces     {found['n']}, {split}")
    print(f"accuracy  {found['accuracy']:.2%}")
    print(f"macro-F1  {found['macro_f1']:.2%}")
    print(f"recall    {recalls}")
    print(f"time      {ms:.2f} ms a face, one thread")


def _export(arguments: argparse.Namespace) -> None:
    _require_keras()
    from vcam_emoji.training.export import export
    from vcam_emoji.training.run import Run

    run = Run(arguments.folder)
    run.recipe()
    out = arguments.out or asset("models/emotion")
    said = export(run, data.load(arguments.data), arguments.form, out, arguments.note)
    public = said["public"]
    print(
        f"{out / said['file']}: {said['bytes'] / 1000:.0f} kB, "
        f"public {public['accuracy']:.2%} (Keras {public['keras_accuracy']:.2%}), "
        f"macro-F1 {public['macro_f1']:.2%}, {public['ms_per_face']:.2f} ms a face"
    )


def _require_keras() -> None:
    try:
        import keras  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"Training needs Keras and TensorFlow, which are not installed ({error}).",
            "Install them with: python -m pip install 'vcam-emoji[generator]'",
        ) from error


if __name__ == "__main__":
    raise SystemExit(main())
