"""`make` and `adjust`: one's own emoji set, from photos or before the camera."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.commands import finishing, portraying
from generator.commands import options as shared
from vcam_emoji.errors import UsageError

if TYPE_CHECKING:
    from generator.artwork.people.person import Person
    from generator.making import Sitting
    from generator.pair.portraying import Way
    from generator.posing import Posed
    from vcam_emoji.emoji_set import EmojiSet
    from vcam_emoji.types import Emotion

_STEERED = ("happy", "angry", "surprise", "fear")
"""As `generator.manner.STEERED`, without importing what can draw."""


def register(commands: Any) -> None:
    """Add the commands to a parser's subparsers."""
    make = commands.add_parser("make", help="your own emoji set, from a selfie or several")
    make.add_argument(
        "photos",
        type=Path,
        nargs="*",
        metavar="PHOTO|FOLDER",
        help="all of you; one named happy.jpg tells how you part your lips then "
        f"({', '.join(_STEERED)})",
    )
    make.add_argument("--name", default="me", help="of the set (me)")
    make.add_argument("--replace", action="store_true", help="also over a set of that name")
    _result(make)
    _drawing(make)
    camera = make.add_argument_group("before the camera")
    camera.add_argument(
        "--camera",
        nargs="?",
        const="0",
        metavar="CAMERA",
        help="take the photos now, telling you what to do; index, path or name (0)",
    )
    camera.add_argument(
        "--emotions",
        type=_emotions,
        default=(),
        metavar="happy,...",
        help="also how you part your lips in: " + ", ".join(_STEERED),
    )
    camera.add_argument("--keep", type=Path, metavar="DIR", help="keep the photos there")
    pair = make.add_argument_group("by the StyleGAN2 pair that ships, of 64 px")
    pair.add_argument(
        "--by",
        choices=("vectors", "networks"),
        default="vectors",
        help="what draws (vectors)",
    )
    pair.add_argument(
        "--way",
        choices=shared.WAYS,
        help="with --by networks, what leads to you (tuned)",
    )
    portraying.register(make, projects=True)
    make.set_defaults(run=_make)
    adjust = commands.add_parser("adjust", help="change the traits of a set that was made")
    adjust.add_argument("name", metavar="SET")
    _result(adjust)
    _drawing(adjust)
    portraying.register(adjust, projects=False)
    adjust.set_defaults(run=_adjust)


def _drawing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the drawing")
    group.add_argument(
        "--trait", action="append", default=[], metavar="NAME=VALUE",
        help="set a trait, such as hair=bob (all: artwork people traits); may be said again",
    )  # fmt: skip
    group.add_argument("--size", type=int, default=512, help="pixels of each picture (512)")


def _result(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--use", action="store_true", help="show it at once in the service")
    parser.add_argument(
        "--sheet", type=shared.picture_file, metavar="FILE.png", help="a picture of what was made"
    )
    parser.add_argument("--open", action="store_true", help="show that picture when it is done")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _make(options: argparse.Namespace) -> int:
    from generator import backend, making
    from generator.artwork.people.person import varied

    _check(options)
    if bool(options.photos) == (options.camera is not None):
        raise UsageError(
            "Photos, or the camera?", "Name photos of you, or a folder of them; or say --camera."
        )
    if options.network is not None:
        return portraying.make(options)
    portraying.refuse_switch(options)
    if options.camera is None and (options.emotions or options.keep):
        raise UsageError("--emotions and --keep are for the camera.", "Say --camera too.")
    if options.way is not None and options.by != "networks":
        raise UsageError("--way is for networks.", "Say --by networks too.")
    if options.trait and options.way in ("photo", "encoder"):
        raise UsageError("--trait is for the ways tuned and traits.", "Leave --way out.")
    if options.by == "networks":
        if options.emotions:
            raise UsageError("--emotions steers vectors alone.", "Leave it, or --by networks, out.")
        backend.use()
        if options.size > 512:
            raise UsageError("The networks cannot draw so large.", "--size 512 is the most.")
    if not options.replace:
        finishing.check_free(options.name)
    posed = None if options.camera is None else _posed(options)
    found = making.photos_in(options.photos)
    cost = making.cost if options.by == "vectors" else making.cost_by_networks
    with finishing.progress(options.json, cost(len(found), options.size)) as say:
        sitting = making.sit(found, say) if posed is None else making.seated(posed, say)
        person = varied(making.portrait(sitting), options.trait)
        who = making.Remembered(person, sitting.lips) if options.by == "vectors" else None
        if who is not None:
            drawn = making.draw(who, options.name, options.size, say)
        else:
            way: Way = options.way if options.way is not None else "tuned"
            drawn = making.draw_by_networks(sitting, person, way, options.name, options.size, say)
        making.install(drawn, who, options.replace, say)
    for line in sitting.refused:
        print(f"Left out: {line}", file=sys.stderr)
    return _tell(options, drawn, person, sitting, adjustable=who is not None)


def _posed(options: argparse.Namespace) -> Posed:
    """What the camera takes, while the person is told what to do."""
    from generator import making, posing, webcam

    def say(sentence: str) -> None:
        if not options.json:
            print(sentence, file=sys.stderr, flush=True)

    with webcam.opened(options.camera) as pictures:
        posed = posing.pose(pictures, posing.Eyes(), options.emotions, say)
    say(f"{len(posed.straight) + len(posed.felt)} photos were taken. The camera is off.")
    if options.keep is not None:
        for file in making.keep(posed, options.keep):
            say(f"Kept: {file}")
    return posed


def _adjust(options: argparse.Namespace) -> int:
    from generator import making
    from generator.artwork.people.person import varied

    _check(options)
    if options.network is not None:
        return portraying.adjust(options)
    portraying.refuse_switch(options)
    if not options.trait:
        raise UsageError("Nothing to adjust.", "Say what, such as --trait hair=bob")
    before = making.remembered(options.name)
    person = varied(before.person, options.trait)
    who = making.Remembered(person, before.lips)
    with finishing.progress(options.json, making.cost(0, options.size)) as say:
        drawn = making.draw(who, options.name, options.size, say)
        making.install(drawn, who, True, say)
    return _tell(options, drawn, person, None)


def _emotions(text: str) -> tuple[Emotion, ...]:
    """Emotions that a photo can steer, written as `happy,angry`.

    Raises:
        argparse.ArgumentTypeError: for any other.
    """
    from vcam_emoji.types import Emotion

    found = dict.fromkeys(each.strip() for each in text.split(","))
    for each in found:
        if each not in _STEERED:
            raise argparse.ArgumentTypeError(
                f"{each!r} cannot be steered by a photo; these can: {', '.join(_STEERED)}"
            )
    return tuple(Emotion(each) for each in found)


def _check(options: argparse.Namespace) -> None:
    from generator.making import checked_name

    checked_name(options.name)
    if not 64 <= options.size <= 1024:
        raise UsageError(f"--size cannot be {options.size}.", "It is from 64 to 1024.")
    if options.open and options.sheet is None:
        raise UsageError("There is no picture to open.", "Say where: --sheet FILE.png")


def _tell(
    options: argparse.Namespace,
    drawn: EmojiSet,
    person: Person,
    sitting: Sitting | None,
    adjustable: bool = True,
) -> int:
    before = [] if sitting is None else [("photo", crop) for crop in sitting.crops[:2]]
    used = finishing.shown_and_used(options, drawn, before)
    if options.json:
        print(json.dumps({"set": drawn.name, "used": used, "person": person.traits()}))
        return 0
    seen = person.traits()
    plain = ("hair", "hair_colour", "headwear", "beard", "glasses", "eye_colour")
    print(f"{drawn.name}: " + ", ".join(f"{key} {seen[key]}" for key in plain))
    if sitting is not None and adjustable and sitting.lips:
        print("Lips part as in your photos of: " + ", ".join(sitting.lips))
    if adjustable:
        print(
            f"Something is not like you? vcam-emoji-generator adjust {drawn.name} --trait hair=bob"
        )
    if not used:
        print(f"Use it: vcam-emoji sets use {drawn.name}")
    return 0
