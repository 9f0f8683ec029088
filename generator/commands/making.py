"""`make` and `adjust`: one's own emoji set, from photos or before the camera."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.commands import finishing, portraying
from generator.commands import options as shared
from vcam_emoji import files
from vcam_emoji.errors import UsageError

if TYPE_CHECKING:
    from generator.blending import Switch
    from generator.making import Remembered
    from generator.pair.portraying import Way
    from generator.pictures import Picture
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
    _drawing(make, "512")
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
    adjust.add_argument(
        "--replace", action="store_true", help="also over a set that took its place since"
    )
    _result(adjust)
    _drawing(adjust, "as it was")
    portraying.register(adjust, projects=False)
    adjust.set_defaults(run=_adjust)


def _drawing(parser: argparse.ArgumentParser, size: str) -> None:
    group = parser.add_argument_group("the drawing")
    group.add_argument(
        "--trait", action="append", default=[], metavar="NAME=VALUE",
        help="set a trait, such as hair=bob (all: artwork people traits); may be said again",
    )  # fmt: skip
    group.add_argument("--size", type=int, help=f"pixels of each picture ({size})")


def _result(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--use", action="store_true", help="show it at once in the service")
    parser.add_argument(
        "--sheet", type=shared.picture_file, metavar="FILE.png", help="a picture of what was made"
    )
    parser.add_argument(
        "--open", action="store_true", help="show it when it is done (as NAME.png if not told)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _make(options: argparse.Namespace) -> int:
    from generator import backend
    from generator.making import USUAL_SIZE

    options.size = USUAL_SIZE if options.size is None else options.size
    _check(options)
    if bool(options.photos) == (options.camera is not None):
        raise UsageError(
            "Photos, or the camera?", "Name photos of you, or a folder of them; or say --camera."
        )
    if options.network is not None:
        return portraying.make(options)
    _check_for_shipped(options)
    _check_before_sitting(options)
    if not options.replace:
        finishing.check_free(options.name)
    switch = None
    if options.by == "networks":
        _check_for_networks(options, options.way)
        switch = portraying.switch_of(options, None)
        backend.use()
    with finishing.said_when_stopped("Stopped. Nothing was made."):
        drawn, who, before = _made(options, switch)
    return _tell(options, drawn, who, before)


def _made(
    options: argparse.Namespace, switch: Switch | None
) -> tuple[EmojiSet, Remembered, list[tuple[str, Picture]]]:
    """The set, installed, what it was drawn from, and what comes before it on a sheet."""
    from generator import making
    from generator.artwork.people.person import varied

    posed = None if options.camera is None else _posed(options)
    photos = making.photos_in(options.photos)
    cost = making.cost if options.by == "vectors" else making.cost_by_networks
    with finishing.progress(options.json, cost(len(photos), options.size)) as say:
        sitting = making.sit(photos, say) if posed is None else making.seated(posed, say)
        person = varied(making.portrait(sitting), options.trait)
        before = [("photo", crop) for crop in sitting.crops[:2]]
        if options.by == "vectors":
            who = making.Remembered(person, sitting.lips)
            drawn = making.draw(who, options.name, options.size, say)
            making.install(drawn, who, options.replace, say)
        else:
            how = making.ByNetworks(options.way or "tuned", switch)
            who = making.Remembered(person, {}, how)
            found = making.draw_by_networks(
                who, options.name, options.size, sitting.crops[0], say, options.seed or 0
            )
            drawn, before = found.drawn, [*before, *found.blends]
            making.install(drawn, who, options.replace, say, found.latents)
    for line in sitting.refused:
        print(f"Left out: {line}", file=sys.stderr)
    if sitting.unlike:
        print("The photos look unlike each other. Is each of them of you?", file=sys.stderr)
    if sitting.lips and who.networks is not None:
        shown = ", ".join(sitting.lips)
        print(f"Left out: how you look {shown}. Photos steer vectors alone.", file=sys.stderr)
    return drawn, who, before


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
    from generator import backend, making
    from generator.artwork.people.person import varied

    said = options.trait or options.size is not None or portraying.switched(options)
    options.size = making.size_of(options.name) if options.size is None else options.size
    _check(options)
    if options.network is not None:
        return portraying.adjust(options)
    before = making.remembered(options.name)
    if not said:
        raise UsageError("Nothing to adjust.", f"Say what, such as --trait {_other(before)}")
    if not options.replace:
        making.check_whose(options.name)
    who = replace(before, person=varied(before.person, options.trait))
    if before.networks is None:
        portraying.refuse_switch(options)
    else:
        _check_for_networks(options, before.networks.way)
        switch = portraying.switch_of(options, before.networks.switch)
        who = replace(who, networks=replace(before.networks, switch=switch))
        backend.use()
    with finishing.said_when_stopped("Stopped. The set is as it was."):
        drawn, blends = _drawn_again(options, who)
    return _tell(options, drawn, who, blends)


def _drawn_again(
    options: argparse.Namespace, who: Remembered
) -> tuple[EmojiSet, Sequence[tuple[str, Picture]]]:
    """The set, installed, and what comes before it on a sheet."""
    from generator import making

    if who.networks is None:
        with finishing.progress(options.json, making.cost(0, options.size)) as say:
            drawn = making.draw(who, options.name, options.size, say)
            making.install(drawn, who, True, say)
        return drawn, []
    with finishing.progress(options.json, making.cost_by_networks(0, options.size)) as say:
        found = making.draw_by_networks(who, options.name, options.size, say=say)
        making.install(found.drawn, who, True, say, found.latents)
    return found.drawn, found.blends


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
        options.sheet = files.free(Path(f"{options.name}.png"))
    if options.sheet is not None:
        finishing.check_place(options.sheet)


def _check_for_shipped(options: argparse.Namespace) -> None:
    """Raises `UsageError` for what makes no sense but with networks of one's own."""
    portraying.refuse_steps(options)
    if options.by == "vectors":
        portraying.refuse_switch(options)
    if options.camera is None and (options.emotions or options.keep):
        raise UsageError("--emotions and --keep are for the camera.", "Say --camera too.")
    if options.way is not None and options.by != "networks":
        raise UsageError("--way is for networks.", "Say --by networks too.")
    if options.by == "networks" and options.emotions:
        raise UsageError("--emotions steers vectors alone.", "Leave it, or --by networks, out.")
    if options.seed is not None and options.way != "photo":
        raise UsageError(
            "--seed is for what is searched by chance.",
            "Say --network DIR, or --by networks --way photo.",
        )


def _check_before_sitting(options: argparse.Namespace) -> None:
    """Raises `UsageError` for what would fail when the photos are taken already."""
    from generator.artwork.people.person import Person, varied

    # Whether they wear a frame, which dark lenses need, is not known yet.
    varied(Person(glasses="round"), options.trait)
    if options.keep is not None:
        finishing.check_place(options.keep / "straight-1.png")


def _check_for_networks(options: argparse.Namespace, way: Way | None) -> None:
    """Raises `UsageError` for what the pair that ships cannot do by that way (None: tuned)."""
    if options.size > 512:
        raise UsageError("The networks cannot draw so large.", "--size 512 is the most.")
    from generator.making import ByNetworks

    if options.trait and not ByNetworks(way or "tuned").led_by_traits:
        raise UsageError(
            "--trait is for sets that are led by traits.", "Make it by the way tuned or traits."
        )


def _tell(
    options: argparse.Namespace,
    drawn: EmojiSet,
    who: Remembered,
    before: Sequence[tuple[str, Picture]],
) -> int:
    used = finishing.shown_and_used(options, drawn, before)
    seen = who.person.traits()
    if options.json:
        print(json.dumps({"set": drawn.name, "used": used, "person": seen}))
        return 0
    if who.networks is None or who.networks.led_by_traits:
        plain = ("hair", "hair_colour", "headwear", "beard", "glasses", "eye_colour")
        print(f"{drawn.name}: " + ", ".join(f"{key} {seen[key]}" for key in plain))
        if who.lips:
            print("Lips part as in your photos of: " + ", ".join(who.lips))
        print(
            f"Something is not like you? vcam-emoji-generator adjust {drawn.name} "
            f"--trait {_other(who)}"
        )
    if who.networks is not None:
        switch = who.networks.switch
        resolution = portraying.another(None if switch is None else switch.resolution)
        print(f"Another blend: vcam-emoji-generator adjust {drawn.name} --resolution {resolution}")
    if not used:
        print(f"Use it: vcam-emoji sets use {drawn.name}")
    return 0


def _other(who: Remembered) -> str:
    """A trait, as it is said, that the person does not have."""
    return "hair=pixie" if who.person.hair == "bob" else "hair=bob"
