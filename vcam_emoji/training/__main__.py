"""`python -m vcam_emoji.training train|evaluate|export`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

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
from vcam_emoji.training import data
from vcam_emoji.training.recipe import Recipe


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0 done, 1 could not be done, 2 was asked wrongly, 130 interrupted.
    """
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except VcamEmojiError as error:
        print(f"training: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vcam_emoji.training", description="The emotion network of vcam-emoji."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    recipe = Recipe()

    train = commands.add_parser("train", help="train a network, or go on where a run stopped")
    train.add_argument("data", type=Path, help="fer2013.csv, a zip, a .npz or a folder")
    train.add_argument("--run", dest="folder", type=Path, required=True, help="the run's folder")
    train.add_argument("--network", default=recipe.network)
    train.add_argument("--epochs", type=int, default=recipe.epochs)
    train.add_argument("--batch", type=int, default=recipe.batch)
    train.add_argument("--learning-rate", type=float, default=recipe.learning_rate)
    train.add_argument("--seed", type=int, default=recipe.seed)
    train.add_argument(
        "--precision", choices=["float32", "mixed_bfloat16"], default=recipe.precision
    )
    train.add_argument("--resume", action="store_true", help="go on with that run, as it began")
    train.set_defaults(run=_train)
    return parser


def _train(arguments: argparse.Namespace) -> int:
    _require_keras()
    from vcam_emoji.training.networks import NETWORKS
    from vcam_emoji.training.run import Run
    from vcam_emoji.training.train import train

    run = Run(arguments.folder)
    if arguments.resume:
        recipe = run.recipe()
    else:
        if run.started:
            raise UsageError(f"There is a run in {run.folder} already.", "Go on with: --resume")
        recipe = replace(
            Recipe(),
            network=arguments.network,
            epochs=arguments.epochs,
            batch=arguments.batch,
            learning_rate=arguments.learning_rate,
            seed=arguments.seed,
            precision=arguments.precision,
        )
    if recipe.network not in NETWORKS:
        known = ", ".join(NETWORKS)
        raise UsageError(f"There is no network {recipe.network!r}.", f"Choose one of: {known}.")
    faces = data.load(arguments.data)
    if not arguments.resume:
        run.begin(recipe)

    steps = len(faces.split("train")) // recipe.batch
    done = len(run.epochs()) * steps
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    console = Console()
    with Progress(*columns, console=console, speed_estimate_period=600) as progress:
        bar = progress.add_task(recipe.network, total=recipe.epochs * steps, completed=done)
        for epoch in train(run, recipe, faces, lambda: progress.advance(bar)):
            left = (recipe.epochs - epoch.number) * epoch.seconds / 60
            progress.console.print(
                f"epoch {epoch.number}/{recipe.epochs}  loss {epoch.loss:.4f}  "
                f"public {epoch.accuracy:.2%}  macro-F1 {epoch.macro_f1:.2%}"
                f"{'  best' if epoch.best else ''}  {epoch.seconds:.0f} s, {left:.0f} min left",
                highlight=False,
            )
    return 0


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
