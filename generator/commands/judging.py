"""`judge`: teach the judge of drawings; and `evaluate drawings`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.commands import options as shared
from vcam_emoji.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from generator.artwork.people.person import Person
    from generator.judge.gallery import Gallery

_MOST_SHOWN = 48
_ACROSS = 8


def register(commands: Any) -> None:
    """Add the command to a parser's subparsers."""
    judge = commands.add_parser("judge", help="the network that judges drawings")
    kinds = judge.add_subparsers(required=True, metavar="WHAT")
    train = kinds.add_parser("train", help="draw people by chance and teach a judge on them")
    train.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="to write")
    train.add_argument("--people", type=int, default=2400, help="to learn from (2400)")
    train.add_argument("--epochs", type=int, default=6, help="(6)")
    train.add_argument("--from", type=Path, dest="before", metavar="FILE.npz", help="go on with it")
    train.add_argument("--seed", type=int, default=0, help="of weights and variations (0)")
    train.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes that draw")
    train.add_argument(
        "--drawings", type=Path, metavar="FILE.npz",
        help="where the drawings are kept; what lies there already is not drawn again",
    )  # fmt: skip
    shared.backend(train)
    train.set_defaults(run=_train)


def register_evaluation(kinds: Any) -> None:
    """Add `drawings` to what `evaluate` judges."""
    judge = kinds.add_parser(
        "drawings", help="emotion, constancy and edges of drawn sets, on their pixels"
    )
    judge.add_argument(
        "data", type=Path, nargs="?", metavar="DATA",
        help="the archive faces128.zip: also how alike the sets of two photos of one person are",
    )  # fmt: skip
    judge.add_argument("--people", type=int, default=150, help="who are drawn (150)")
    judge.add_argument("--size", type=int, default=512, help="of the PNGs whose edges count (512)")
    judge.add_argument("--judge", type=Path, metavar="FILE.npz", help="another than is shipped")
    judge.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes that draw")
    judge.add_argument(
        "--mistakes", type=shared.picture_file, metavar="FILE.png", help="a sheet of misread ones"
    )
    shared.backend(judge)
    judge.add_argument("--json", action="store_true", help="print one JSON object")
    judge.set_defaults(run=_evaluate)


def _train(options: argparse.Namespace) -> int:
    from generator import backend
    from generator.judge import gallery

    if not 2 <= options.people <= gallery.FIRST_JUDGED or options.epochs < 1:
        raise UsageError("There is too little, or too much, to learn from.", "Say --people 2400.")
    backend.use(options.backend)
    kept: Path | None = options.drawings
    if kept is not None and kept.exists():
        drawn = gallery.opened(kept)
    else:
        drawn = gallery.drawn(range(options.people), gallery.one_of_each, options.jobs, _drawing)
        if kept is not None:
            drawn.save(kept)
    from generator.judge import network
    from generator.judge.learning import taught

    before = None if options.before is None else network.load(options.before)
    taught(drawn, options.epochs, options.seed, _tell, before).save(options.out)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from generator import backend
    from generator.artwork.people.person import Person
    from generator.judge import gallery

    if options.people < 2:
        raise UsageError(f"--people cannot be {options.people}.", "It takes 2 or more.")
    if not 64 <= options.size <= 1024:
        raise UsageError(f"--size cannot be {options.size}.", "It is from 64 to 1024.")
    backend.use(options.backend)
    from generator.judge import figures, network
    from generator.people import person_of

    judge = network.load(options.judge)
    numbers = range(gallery.FIRST_JUDGED, gallery.FIRST_JUDGED + options.people)
    if judge.about.knows(numbers[0]) or judge.about.knows(numbers[-1]):
        raise UsageError("That judge learnt from the people it would judge.", "Train another.")
    # Before minutes of drawing, so that an archive that cannot be used is said at once.
    portrayed = None if options.data is None else _portrayed(options.data)
    drawn = gallery.drawn(numbers, gallery.every_pose, options.jobs, _drawing)
    closed = gallery.drawn(numbers, gallery.closed, options.jobs)
    felt, found = figures.emotions(judge, drawn, closed)
    told: dict[str, Any] = {
        "emotions": asdict(felt),
        "constancy": asdict(figures.constancy(judge, drawn)),
        "edges": asdict(figures.edges([Person.random(numbers[0])], options.size)),
    }
    if portrayed is not None:
        told["photographs"] = asdict(figures.alike(judge, portrayed, person_of))
    if options.mistakes is not None:
        _sheet(options.mistakes, drawn, found)
    if options.json:
        print(json.dumps(told))
        return 0
    for about, values in told.items():
        print(about)
        for name, value in values.items():
            print(f"  {name.replace('_', ' '):16} {_said(value)}")
    return 0


def _portrayed(data: Path) -> dict[str, Person]:
    """Who is drawn after each photograph of the held-out people."""
    from generator.labels import labels
    from generator.people import held_out
    from generator.portrayal import person_of as portrayed
    from generator.reader import Reader
    from generator.trait_training import pictures

    reader = Reader()
    files = [label.file for label in labels() if held_out(label.file)]
    found = {}
    with pictures(data) as read:
        for at, file in enumerate(files):
            found[file] = portrayed(reader.read([read(file)]))
            if at % 50 == 0:
                _tell(f"{at} of {len(files)} photographs")
    return found


def _sheet(file: Path, drawn: Gallery, found: NDArray[np.int64]) -> None:
    """The misread ones, as they were drawn and as what they were read."""
    import numpy as np

    from generator.artwork.people.person import Person
    from generator.artwork.people.portrait import draw
    from generator.judge.gallery import EMOTIONS
    from generator.pictures import grid, png, write

    shown, said = [], []
    for row in np.flatnonzero(found != drawn.emotions)[:_MOST_SHOWN]:
        emotion, intensity = EMOTIONS[drawn.emotions[row]], float(drawn.intensities[row])
        pixels = draw(Person.random(int(drawn.people[row])), emotion, intensity, 192)
        alpha = pixels[..., 3:].astype(np.float32) / 255
        shown.append(np.rint(pixels[..., :3] * alpha + 240 * (1 - alpha)).astype(np.uint8))
        said.append(f"{emotion} {intensity:g}\nas {EMOTIONS[found[row]]}")
    if not shown:
        _tell("No drawing was misread: there is no sheet.")
        return
    rows = [
        grid([shown[i : i + _ACROSS]], columns=said[i : i + _ACROSS])
        for i in range(0, len(shown), _ACROSS)
    ]
    width = max(each.shape[1] for each in rows)
    whole = [
        np.pad(each, ((0, 0), (0, width - each.shape[1]), (0, 0)), constant_values=255)
        for each in rows
    ]
    write(file, png(np.concatenate(whole)))


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_said(each)}" for name, each in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _drawing(done: int, people: int) -> None:
    if done % 100 == 0 or done == people:
        _tell(f"{done} of {people} people drawn")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
