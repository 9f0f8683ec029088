"""`pair sharpen-train`: teach the sharpening network; and `evaluate sharpening`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.commands import options as shared
from vcam_emoji.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_PEOPLE = 2000
_SHOWN = 6
_SEED = 0


def register(kinds: Any) -> None:
    """Add `sharpen-train` to what `pair` does."""
    train = kinds.add_parser("sharpen-train", help="draw people by chance and teach a sharpener")
    train.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="to write")
    train.add_argument(
        "--people", type=int, default=300, help="to learn from, 2 MB of memory each (300)"
    )
    train.add_argument("--minutes", type=float, default=20, help="of learning, beside drawing (20)")
    train.add_argument("--from", type=Path, dest="before", metavar="FILE.npz", help="go on with it")
    train.add_argument("--seed", type=int, default=0, help="of weights and spoiling (0)")
    train.add_argument(
        "--drawings", type=Path, metavar="FILE.npz",
        help="where the drawings are kept; what lies there already is not drawn again",
    )  # fmt: skip
    shared.backend(train)
    train.set_defaults(run=_train)


def register_evaluation(kinds: Any) -> None:
    """Add `sharpening` to what `evaluate` judges."""
    judge = kinds.add_parser(
        "sharpening", help="sharpened drawings of other people, beside plain enlargement"
    )
    judge.add_argument("--people", type=int, default=20, help="who are drawn (20)")
    judge.add_argument("--sharpener", type=Path, metavar="FILE.npz", help="another than is shipped")
    judge.add_argument(
        "--picture", type=shared.picture_file, metavar="FILE.png", help="a sheet of some of them"
    )
    shared.backend(judge)
    judge.add_argument("--json", action="store_true", help="print one JSON object")
    judge.set_defaults(run=_evaluate)


def _train(options: argparse.Namespace) -> int:
    from generator import backend

    if not 1 <= options.people <= _MOST_PEOPLE:
        raise UsageError(
            f"--people cannot be {options.people}.", f"It is from 1 to {_MOST_PEOPLE}."
        )
    if not 0 < options.minutes <= 10_000:
        raise UsageError(f"--minutes cannot be {options.minutes:g}.", "Say --minutes 20.")
    backend.use(options.backend)
    from generator.pair import sharp_learning, sharpening

    before = None if options.before is None else sharpening.load(options.before)
    kept: Path | None = options.drawings
    if kept is not None and kept.exists():
        drawings = sharp_learning.opened(kept)
    else:
        drawings = sharp_learning.drawn(range(options.people), progress=_drawing)
        if kept is not None:
            drawings.save(kept)
    sharp_learning.taught(drawings, options.minutes, options.seed, _tell, before).save(options.out)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from generator import backend
    from generator.judge.gallery import FIRST_JUDGED

    if not 1 <= options.people <= _MOST_PEOPLE:
        raise UsageError(
            f"--people cannot be {options.people}.", f"It is from 1 to {_MOST_PEOPLE}."
        )
    backend.use(options.backend)
    from generator.pair import sharp_learning, sharpening

    sharpener = sharpening.load(options.sharpener)
    numbers = range(FIRST_JUDGED, FIRST_JUDGED + options.people)
    if sharpener.about.knows(numbers[0]):
        raise UsageError(
            "That sharpener learnt from people it would be judged on.", "Train another."
        )
    drawings = sharp_learning.drawn(numbers, each=1, progress=_drawing)
    pictures = sharp_learning.examples(drawings, _SEED)
    plain, sharp = sharp_learning.bicubic(pictures), sharpener.sharpen(pictures)
    told = {
        "people": options.people,
        "sharpened": asdict(sharp_learning.judged(drawings.pixels, sharp)),
        "bicubic": asdict(sharp_learning.judged(drawings.pixels, plain)),
    }
    if options.picture is not None:
        _sheet(options.picture, pictures, {
            "bicubic": plain, "sharpened": sharp, "as it\nshould be": drawings.pixels,
        })  # fmt: skip
    if options.json:
        print(json.dumps(told))
        return 0
    print(f"{'':14} {'sharpened':>10} {'bicubic':>10}")
    for name, value in told["sharpened"].items():
        print(f"{name.replace('_', ' '):14} {value:10.2f} {told['bicubic'][name]:10.2f}")
    return 0


def _sheet(file: Path, pictures: NDArray[np.uint8], rows: dict[str, NDArray[np.uint8]]) -> None:
    """The first ones, one column each: what was given, and what became of it, on light grey."""
    import cv2
    import numpy as np

    from generator.pair.sharp_learning import LARGE
    from generator.pictures import grid, png, write

    def laid(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        alpha = pixels[..., 3:].astype(np.float32) / 255
        return np.rint(pixels[..., :3] * alpha + 240 * (1 - alpha)).astype(np.uint8)

    given = [
        cv2.resize(each, (LARGE, LARGE), interpolation=cv2.INTER_NEAREST).astype(np.uint8)
        for each in pictures[:_SHOWN]
    ]
    shown = [given, *([laid(each) for each in row[:_SHOWN]] for row in rows.values())]
    write(file, png(grid(shown, rows=["given", *rows])))


def _drawing(done: int, people: int) -> None:
    if done % 20 == 0 or done == people:
        _tell(f"{done} of {people} people drawn")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
