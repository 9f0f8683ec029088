"""`vcam-emoji-generator artwork`: what is shipped, people, and the drawings networks learn from."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from vcam_emoji.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from generator.artwork.people.person import Person

_SHEETS = ("hair", "skin", "emotions", "intensities", "worn", "people")
_JPEG = [1, 88]
"""OpenCV's key for quality, and the quality."""
_EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and what it can draw."""
    artwork = commands.add_parser("artwork", help="draw: shipped sets, people, training data")
    kinds = artwork.add_subparsers(required=True, metavar="WHAT")
    for kind, about in (
        ("classic", "the round yellow set"), ("cards", "the still pictures"),
        ("icons", "the icons"),
    ):  # fmt: skip
        shipped = kinds.add_parser(kind, help=f"{about} that the program ships")
        shipped.add_argument("--out", type=Path, help="folder (or, for a set, a .zip) to write")
        shipped.add_argument("--sheet", type=Path, help="write a contact sheet of the set, a PNG")
        shipped.set_defaults(run=_shipped, what=kind)
    _people(kinds.add_parser("people", help="heads of people"))
    data = kinds.add_parser("dataset", help="many people in every emotion, with labels")
    data.add_argument("--people", type=int, default=1053, help="how many (1053: 20,007 drawings)")
    data.add_argument("--size", type=int, default=128, help="pixels of each (128)")
    data.add_argument("--seed", type=int, default=0, help="number of the first person (0)")
    data.add_argument("--intensities", default="0.33,0.66,1", help="of every emotion (0.33,0.66,1)")
    data.add_argument("--format", default="png", help="png or webp (png)")
    data.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (all cores)")
    data.add_argument("--out", type=Path, required=True, help="folder or .zip to write")
    data.set_defaults(run=_dataset)


def _people(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    one = kinds.add_parser("set", help="one person's emoji set")
    _person_options(one)
    one.add_argument("--name", help="of the set (person-SEED)")
    one.add_argument("--title", default="", help="of the set, for people")
    one.add_argument("--size", type=int, default=512, help="pixels of each picture (512)")
    one.add_argument("--out", type=Path, help="folder or .zip to write")
    one.add_argument("--install", action="store_true", help="put it among your own sets")
    one.add_argument(
        "--replace", action="store_true", help="with --install: also over one of that name"
    )
    one.set_defaults(run=_one_set)
    picture = kinds.add_parser("draw", help="one picture")
    _person_options(picture)
    picture.add_argument("--emotion", choices=_EMOTIONS, default="neutral")
    picture.add_argument("--intensity", type=float, default=1.0, help="0 to 1 (1)")
    picture.add_argument("--size", type=int, default=512, help="pixels (512)")
    picture.add_argument("--out", type=Path, required=True, help="PNG to write")
    picture.set_defaults(run=_picture)
    sheet = kinds.add_parser("sheet", help="a contact sheet")
    sheet.add_argument("kind", choices=_SHEETS)
    sheet.add_argument("--seed", type=int, default=0, help="number of the first person (0)")
    sheet.add_argument("--side", type=int, default=160, help="pixels of each picture (160)")
    sheet.add_argument("--dark", action="store_true", help="on a dark ground")
    sheet.add_argument("--out", type=Path, required=True, help="PNG or JPEG to write")
    sheet.set_defaults(run=_sheet)
    traits = kinds.add_parser("traits", help="what a person's traits may be")
    traits.add_argument("--json", action="store_true", help="print one JSON object")
    traits.set_defaults(run=_traits)
    align = kinds.add_parser("align", help="measure where photographs have eyes and mouth")
    align.add_argument("photographs", type=Path, metavar="PHOTOS.zip")
    align.add_argument("--count", type=int, default=500, help="how many to look at (500)")
    align.set_defaults(run=_align)


def _person_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, help="the person of that number")
    parser.add_argument("--person", type=Path, metavar="FILE.json", help="a person's traits")
    parser.add_argument(
        "--trait", action="append", default=[], metavar="NAME=VALUE",
        help="a trait that differs, such as hair=bob; may be said again",
    )  # fmt: skip


def _person(options: argparse.Namespace) -> Person:
    from generator.artwork.people.person import Person, varied

    if options.seed is not None and options.person is not None:
        raise UsageError("A person is given twice.", "Use --seed or --person, not both.")
    person = Person() if options.seed is None else Person.random(options.seed)
    if options.person is not None:
        try:
            person = Person.from_json(options.person.read_bytes())
        except OSError as error:
            raise UsageError(
                f"{options.person} cannot be read: {error.strerror}.", "Name a person's JSON file."
            ) from error
    return varied(person, options.trait)


def _one_set(options: argparse.Namespace) -> int:
    from generator.artwork.people.sets import PICTURES, processes_for
    from generator.artwork.people.sets import emoji_set as drawn_set
    from generator.commands import finishing
    from vcam_emoji import emoji_set

    if options.out is None and not options.install:
        raise UsageError("Nothing to write.", "Say where: --out FOLDER, or --install")
    _within("size", options.size, 16, 1024)
    name = options.name or f"person-{options.seed if options.seed is not None else 'drawn'}"
    with finishing.progress(silent=False, whole=PICTURES) as say:
        drawn = drawn_set(
            _person(options),
            name,
            options.title,
            options.size,
            drawing=lambda emotion: say(f"drawing: {emotion}", 1),
            processes=processes_for(options.size),
        )
    if options.out is not None:
        emoji_set.save(drawn, options.out)
        print(f"Written: {options.out}")
    if options.install:
        with tempfile.TemporaryDirectory() as folder:
            emoji_set.save(drawn, Path(folder) / name)
            emoji_set.add(Path(folder) / name, replaces=options.replace)
        print(f"Use it: vcam-emoji sets use {name}")
    return 0


def _picture(options: argparse.Namespace) -> int:
    from generator.artwork.people.portrait import draw
    from vcam_emoji.types import Emotion

    _within("size", options.size, 16, 1024)
    _within("intensity", options.intensity, 0, 1)
    pixels = draw(_person(options), Emotion(options.emotion), options.intensity, options.size)
    _write_image(options.out, pixels[..., [2, 1, 0, 3]])
    return 0


def _sheet(options: argparse.Namespace) -> int:
    from generator.artwork.people.sheets import sheet

    _within("side", options.side, 16, 512)
    _write_image(options.out, sheet(options.kind, options.seed, options.side, options.dark))
    return 0


def _traits(options: argparse.Namespace) -> int:
    from generator.artwork.people.person import TRAITS

    if options.json:
        print(json.dumps({name: dict(rule) for name, rule in TRAITS.items()}))
        return 0
    for name, rule in TRAITS.items():
        if "options" in rule:
            what = ", ".join(rule["options"])
        elif "colour" in rule:
            what = "#rrggbb"
        else:
            what = f"{rule['low']} to {rule['high']}" if "low" in rule else "true or false"
        print(f"{name:16} {rule['about']}\n{'':16} {what}; else {rule['default']}")
    return 0


def _align(options: argparse.Namespace) -> int:
    from generator.artwork.people.alignment import measure

    print(json.dumps(asdict(measure(options.photographs, options.count)), indent=1))
    return 0


def _dataset(options: argparse.Namespace) -> int:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from generator.artwork.people.dataset import Plan, write

    try:
        intensities = tuple(float(each) for each in options.intensities.split(","))
    except ValueError as error:
        raise UsageError("--intensities are no numbers.", "Write them as 0.33,0.66,1.") from error
    plan = Plan(options.people, options.size, options.seed, intensities, options.format)
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns) as bar:
            task = bar.add_task("drawings", total=plan.total)
            write(plan, options.out, options.jobs, lambda done, _: bar.update(task, completed=done))
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        return 130
    return 0


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(f"--{name} cannot be {value}.", f"It is from {low} to {high}.")


# What is shipped.


def _shipped(options: argparse.Namespace) -> int:
    if options.out is None and options.sheet is None:
        raise UsageError("Nothing to write.", "Say where: --out FOLDER or --sheet FILE.png")
    if options.what == "classic":
        return _classic(options.out, options.sheet)
    if options.sheet is not None:
        raise UsageError(f"There is no contact sheet of the {options.what}.", "Use --out FOLDER.")
    from generator.artwork import cards, icons

    if options.what == "cards":
        _write({f"{name}.png": cards.encoded(name) for name in cards.NAMES}, options.out)
    else:
        _write({f"{name}.png": icons.encoded(name) for name in icons.SIZES}, options.out)
    return 0


def _classic(out: Path | None, sheet_file: Path | None) -> int:
    from generator.artwork.classic import classic
    from vcam_emoji import emoji_set

    drawn = classic()
    if out is not None:
        emoji_set.save(drawn, out)
    if sheet_file is not None:
        from generator.artwork.sheet import sheet

        _write_image(sheet_file, sheet(drawn))
    return 0


def _write_image(file: Path, image: NDArray[np.uint8]) -> None:
    import cv2

    kind = file.suffix.lower()
    if kind not in (".png", ".jpg", ".jpeg"):
        raise UsageError(f"{file} is no picture's name.", "It ends in .png or .jpg.")
    encoded = cv2.imencode(kind, image, _JPEG if kind != ".png" else [])[1].tobytes()
    _write({file.name: encoded}, file.parent)
    print(f"Written: {file}")


def _write(files: dict[str, bytes], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written: {error.strerror}.", "Is it a folder that is yours?"
        ) from error
