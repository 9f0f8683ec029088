"""`python -m vcam_emoji.training train|pretrain|evaluate|export|ablate|mix|keep|pack`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias, get_args

from vcam_emoji.errors import VcamEmojiError
from vcam_emoji.training import commands, data
from vcam_emoji.training.processor import FAST, PLAIN
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


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m vcam_emoji.training", description="The emotion network of vcam-emoji."
    )
    known = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, run: Callable[[argparse.Namespace], None], text: str) -> _Parser:
        command = known.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    train = add("train", commands.train, "Train a network, or go on where a run stopped.")
    train.add_argument("data", type=Path, metavar="DATA", help=_DATA)
    train.add_argument("--run", dest="folder", type=Path, metavar="FOLDER", help=_FOLDER)
    train.add_argument("--resume", action="store_true", help="go on with that run, as it began")
    train.add_argument(
        "--also", type=Path, metavar="DATA", help="more labelled faces to learn from, likewise"
    )
    train.add_argument(
        "--unlabelled",
        type=Path,
        metavar="FACES",
        help="a zip or folder of faces to learn from too, as the weights of --from answer them",
    )
    _add_recipe(train)

    pretrain = add("pretrain", commands.pretrain, "Train on age, gender and race of faces first.")
    pretrain.add_argument("data", type=Path, metavar="DATA", help="FairFace as a zip, or packed")
    pretrain.add_argument("--run", dest="folder", type=Path, metavar="FOLDER", help=_FOLDER)
    pretrain.add_argument("--resume", action="store_true", help="go on with that run, as it began")
    _add_recipe(pretrain)

    evaluate = add("evaluate", commands.evaluate, "Measure the shipped network, or another.")
    evaluate.add_argument("data", type=Path, metavar="DATA", help=_DATA)
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    evaluate.add_argument(
        "--robustness", action="store_true", help="also with worse light, crops and cameras"
    )
    evaluate.add_argument("--model", type=Path, help="a .tflite file (the shipped one)")
    splits = [*get_args(data.Split), "all"]
    evaluate.add_argument("--split", choices=splits, help="(public, or all)")

    export = add("export", commands.export, "Turn a run's best weights into what ships.")
    export.add_argument("source", type=Path, metavar="RUN", help="its folder, or what keep wrote")
    export.add_argument("data", type=Path, metavar="DATA", help="what it was trained on")
    export.add_argument("--form", choices=FORMS, default="dynamic", help="%(default)s")
    export.add_argument(
        "--mirrored", action="store_true", help="look at the mirror image too: twice the work"
    )
    export.add_argument(
        "--undo-votes",
        type=_strength,
        default=0.0,
        metavar="STRENGTH",
        help="make emotions as common as labels have them, where votes say otherwise: 1 wholly",
    )
    export.add_argument("--note", default="", help="what else the card is to say of the training")
    export.add_argument("--out", type=Path, help="a folder (the one that ships)")

    ablate = add("ablate", commands.ablate, "Measure what each part of a recipe brings.")
    ablate.add_argument("data", type=Path, metavar="DATA", help=_DATA)
    ablate.add_argument("--out", type=Path, default=Path("runs/ablation"), help="%(default)s")
    ablate.add_argument("--only", action="append", metavar="ROW", help="this row; may be repeated")
    _add_recipe(ablate)

    mix = add("mix", commands.mix, "Average a run's best weights with those it began from.")
    mix.add_argument("folder", type=Path, metavar="RUN", help="the run's folder")
    mix.add_argument("other", type=Path, metavar="WEIGHTS", help="a run, or what keep wrote")
    mix.add_argument("out", type=Path, metavar="OUT", help="a new run's folder, to be exported")
    mix.add_argument("--share", type=_share, default=0.5, help="of RUN (%(default)s)")

    keep = add("keep", commands.keep, "Write a run's best weights into one compact file.")
    keep.add_argument("folder", type=Path, metavar="RUN", help="the run's folder")
    keep.add_argument("out", type=Path, metavar="OUT.npz", help="for --from and --teachers")

    pack = add("pack", commands.pack, "Make a data set small, to send it to another machine.")
    pack.add_argument("data", type=Path, metavar="DATA", help=_DATA + ", or FairFace")
    pack.add_argument("out", type=Path, metavar="OUT.npz", help="what train and pretrain read")
    pack.add_argument(
        "--error", type=int, choices=range(9), default=1, help="grey levels lost (%(default)s)"
    )
    return parser


def _add_recipe(command: _Parser) -> None:
    recipe = Recipe()
    command.add_argument("--network", default=recipe.network, help="%(default)s")
    command.add_argument("--epochs", type=_positive, default=recipe.epochs, help="%(default)s")
    command.add_argument(
        "--minutes", type=float, default=recipe.minutes, help="so long, however many epochs it is"
    )
    command.add_argument("--batch", type=_positive, default=recipe.batch, help="%(default)s")
    command.add_argument(
        "--learning-rate", type=float, default=recipe.learning_rate, help="%(default)s"
    )
    command.add_argument(
        "--balance", type=float, default=recipe.balance, help="0 to 1: show rare classes oftener"
    )
    command.add_argument("--seed", type=int, default=recipe.seed, help="%(default)s")
    command.add_argument(
        "--precision", choices=[PLAIN, FAST], help="(bfloat16 where the hardware has it)"
    )
    command.add_argument(
        "--from", dest="start", type=Path, metavar="RUN", help="begin with its weights"
    )
    command.add_argument("--teachers", metavar="RUN[,RUN]", help="learn from these networks too")
    command.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="any part of the recipe"
    )


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError
    return share


def _strength(text: str) -> float:
    strength = float(text)
    if not 0 <= strength <= 5:
        raise ValueError
    return strength


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    raise SystemExit(main())
