"""`make` and `adjust`: one's own emoji set, from photos."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.commands import options as shared
from vcam_emoji.errors import UsageError

if TYPE_CHECKING:
    from generator.artwork.people.person import Person
    from generator.making import Say, Sitting
    from vcam_emoji.emoji_set import EmojiSet


def register(commands: Any) -> None:
    """Add the commands to a parser's subparsers."""
    make = commands.add_parser("make", help="your own emoji set, from a selfie or several")
    make.add_argument("photos", type=Path, nargs="+", metavar="PHOTO|FOLDER", help="all of you")
    make.add_argument("--name", default="me", help="of the set (me)")
    _drawing(make)
    make.add_argument("--replace", action="store_true", help="also over a set of that name")
    make.set_defaults(run=_make)
    adjust = commands.add_parser("adjust", help="change the traits of a set that was made")
    adjust.add_argument("name", metavar="SET")
    _drawing(adjust)
    adjust.set_defaults(run=_adjust)


def _drawing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trait", action="append", default=[], metavar="NAME=VALUE",
        help="set a trait, such as hair=bob (all: artwork people traits); may be said again",
    )  # fmt: skip
    parser.add_argument("--size", type=int, default=512, help="pixels of each picture (512)")
    parser.add_argument("--use", action="store_true", help="show it at once in the service")
    parser.add_argument(
        "--sheet", type=shared.picture_file, metavar="FILE.png", help="a picture of what was made"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _make(options: argparse.Namespace) -> int:
    from generator import making
    from generator.artwork.people.person import varied

    _check(options)
    if not options.replace:
        _free(options.name)
    with _progress(options.json) as say:
        sitting = making.sit(options.photos, say)
        person = varied(making.portrait(sitting), options.trait)
        say("drawing seven emotions")
        drawn = making.draw(person, options.name, options.size)
        making.install(drawn, person, options.replace)
    for line in sitting.refused:
        print(f"Left out: {line}", file=sys.stderr)
    return _tell(options, drawn, person, sitting)


def _adjust(options: argparse.Namespace) -> int:
    from generator import making
    from generator.artwork.people.person import varied

    _check(options)
    if not options.trait:
        raise UsageError("Nothing to adjust.", "Say what, such as --trait hair=bob")
    person = varied(making.remembered(options.name), options.trait)
    with _progress(options.json) as say:
        say("drawing seven emotions")
        drawn = making.draw(person, options.name, options.size)
        making.install(drawn, person, replaces=True)
    return _tell(options, drawn, person, None)


def _check(options: argparse.Namespace) -> None:
    from generator.making import checked_name

    checked_name(options.name)
    if not 64 <= options.size <= 1024:
        raise UsageError(f"--size cannot be {options.size}.", "It is from 64 to 1024.")


def _free(name: str) -> None:
    from vcam_emoji import emoji_set

    if name in emoji_set.available():
        raise UsageError(
            f"There is an emoji set called {name!r} already.",
            "Choose another --name, or say --replace.",
        )


def _tell(
    options: argparse.Namespace, drawn: EmojiSet, person: Person, sitting: Sitting | None
) -> int:
    if options.sheet is not None:
        _sheet(options.sheet, drawn, sitting)
    used = options.use and _use(drawn.name)
    if options.json:
        print(json.dumps({"set": drawn.name, "used": used, "person": person.traits()}))
        return 0
    seen = person.traits()
    plain = ("hair", "hair_colour", "headwear", "beard", "glasses", "eye_colour")
    print(f"{drawn.name}: " + ", ".join(f"{key} {seen[key]}" for key in plain))
    print(f"Something is not like you? vcam-emoji-generator adjust {drawn.name} --trait hair=bob")
    if not used:
        print(f"Use it: vcam-emoji sets use {drawn.name}")
    return 0


def _use(name: str) -> bool:
    """Through the command line, which knows whether a service runs."""
    command = [sys.executable, "-m", "vcam_emoji.cli", "sets", "use", name]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0


def _sheet(file: Path, drawn: EmojiSet, sitting: Sitting | None) -> None:
    """The photos beside the seven emotions."""
    import cv2
    import numpy as np

    from generator.pictures import grid, png, write
    from vcam_emoji.types import Emotion

    shown: list[Any] = [] if sitting is None else [*sitting.crops[:2]]
    labels = ["photo"] * len(shown)
    for emotion in Emotion:
        pixels = cv2.resize(
            drawn.images[emotion][-1][1].pixels, (256, 256), interpolation=cv2.INTER_AREA
        ).astype(np.float32)
        alpha = pixels[..., 3:] / 255
        flat = pixels[..., 2::-1] * alpha + 244 * (1 - alpha)
        shown.append(np.rint(flat).astype(np.uint8))
        labels.append(str(emotion))
    write(file, png(grid([shown], columns=labels)))


@contextmanager
def _progress(silent: bool) -> Iterator[Say]:
    """A line that says which stage is being worked on."""
    from rich.console import Console

    console = Console(stderr=True, quiet=silent)
    with console.status("") as status:
        yield lambda stage: status.update(f"{stage} ...")
