"""`make --network` and `adjust --network`: a set through any two networks of one shape."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from generator.commands import finishing
from vcam_emoji.errors import UsageError

if TYPE_CHECKING:
    from generator.blended import Latents, Networks
    from generator.blending import Switch
    from generator.pictures import Picture
    from vcam_emoji.emoji_set import EmojiSet

_MOST_STEPS = 10_000
_STEPS = 500


def register(parser: argparse.ArgumentParser, projects: bool) -> None:
    """Add what chooses the networks and their blend, and if photos are projected, how far."""
    group = parser.add_argument_group("a blend of networks (docs/pair.md)")
    group.add_argument(
        "--network",
        type=Path,
        metavar="DIR",
        help="others than ship, two in a folder, called faces and emoji; photos named sad.jpg and "
        "so on are drawn as those emotions",
    )
    group.add_argument(
        "--resolution",
        type=int,
        help="layers above are those of emoji (of DIR: 32, or half of what they draw; of the pair "
        "that ships: all)",
    )
    group.add_argument("--width", type=float, default=0.0, help="of a soft switch, in layers (0)")
    group.add_argument(
        "--strength", type=float, default=1.0, help="of the layers of emoji, 0 to 1 (1)"
    )
    if projects:
        group.add_argument(
            "--steps", type=int, help=f"of each photo's projection, with --network ({_STEPS})"
        )
        group.add_argument(
            "--seed", type=_seed, help="of its chance; also with --by networks --way photo (0)"
        )


def switched(options: argparse.Namespace) -> bool:
    """Whether anything was said of a blend."""
    return options.resolution is not None or options.width != 0 or options.strength != 1


def refuse_switch(options: argparse.Namespace) -> None:
    """Raises `UsageError` if a blend is wanted where nothing is blended."""
    if switched(options):
        raise UsageError(
            "--resolution, --width and --strength are for networks.",
            "Say --by networks, or --network DIR, when you make a set.",
        )


def _seed(text: str) -> int:
    """Raises `argparse.ArgumentTypeError` for what is no seed."""
    if not re.fullmatch(r"\d{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no seed, such as 7")
    return int(text)


def another(resolution: int | None) -> int:
    """Where a blend could switch that is not the one that was just made."""
    return 8 if resolution == 16 else 16


def refuse_steps(options: argparse.Namespace) -> None:
    """Raises `UsageError` if steps of a projection are said where nothing is projected."""
    if options.steps is not None:
        raise UsageError("--steps is for --network.", "Say --network DIR too.")


def switch_of(options: argparse.Namespace, otherwise: Switch | None) -> Switch | None:
    """Where layers of the pair that ships are switched.

    Args:
        options: Checked.
        otherwise: What counts where nothing else is said.

    Raises:
        UsageError: a width or strength is said of no blend at all.
    """
    if not switched(options):
        return otherwise
    from generator.blending import Switch

    if options.resolution is not None:
        return Switch(options.resolution, options.width, options.strength)
    if otherwise is None:
        raise UsageError(
            "--width and --strength are of a blend.", "Say where: --resolution 8, for example."
        )
    return Switch(otherwise.resolution, options.width, options.strength)


def make(options: argparse.Namespace) -> int:
    """A set from photos, whose checked options name a folder of networks."""
    if options.camera is not None or options.trait or options.way is not None:
        raise UsageError(
            "--network takes photos, and neither --camera nor --trait nor --way.",
            "make --camera --keep DIR takes some.",
        )
    steps = _STEPS if options.steps is None else options.steps
    if not 1 <= steps <= _MOST_STEPS:
        raise UsageError(f"{steps} steps lead nowhere.", f"Choose 1 to {_MOST_STEPS}.")
    if not options.replace:
        finishing.check_free(options.name)
    from generator import backend

    # First, for it is too late once anything has imported Keras.
    backend.use()
    from generator import blended, making
    from generator.projection import Recipe
    from vcam_emoji.types import Emotion

    networks = blended.Networks.of(options.network)
    switch = _switch(options, networks)
    blend = networks.blended(switch)
    recipe = Recipe(steps=steps, space="w+", seed=options.seed or 0)
    found = making.photos_in(options.photos)
    crops, refused = making.crops_by_emotion(found, networks.resolution)
    for line in refused:
        print(f"Left out: {line}", file=sys.stderr)
    states = {
        emotion: making.latents_of(options.name).with_suffix(f".{emotion}.search")
        for emotion in Emotion
    }
    making.make_room()
    cost = blended.cost(1, networks, recipe) / recipe.steps
    try:
        with finishing.progress(options.json, cost * recipe.steps * len(crops)) as say:
            latents, projected = blended.projected(
                networks,
                crops,
                recipe,
                states.__getitem__,
                lambda emotion: say(f"projecting: {emotion}", cost),
            )
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        return 130
    drawn = blended.emoji_set(blend, latents, options.name, options.size)
    making.install(drawn, None, options.replace, latents=latents)
    for state in states.values():
        state.unlink(missing_ok=True)
    before = [("photo", next(iter(crops.values()))), ("projected", projected)]
    before += blended.strengths(networks, latents, switch)
    return _tell(options, drawn, latents, switch, before)


def adjust(options: argparse.Namespace) -> int:
    """The same person by another blend, from the latents that were kept."""
    if options.trait:
        raise UsageError("Networks know no traits.", "Say --resolution or --width.")
    from generator import backend, making

    if not options.replace:
        making.check_whose(options.name)
    # First, for it is too late once anything has imported Keras.
    backend.use()
    from generator import blended

    latents = blended.kept(making.latents_of(options.name))
    networks = blended.Networks.of(options.network)
    switch = _switch(options, networks)
    c = networks.faces.configuration
    if next(iter(latents.values())).shape != (c.num_ws, c.w_dim):
        raise UsageError("The set was made with networks of another shape.", "Name those.")
    drawn = blended.emoji_set(networks.blended(switch), latents, options.name, options.size)
    making.install(drawn, None, True, latents=latents)
    before = blended.strengths(networks, latents, switch)
    return _tell(options, drawn, latents, switch, before)


def _switch(options: argparse.Namespace, networks: Networks) -> Switch:
    from generator import blended
    from generator.blending import Switch

    resolution = options.resolution
    if resolution is None:
        resolution = blended.default_switch(networks).resolution
    return Switch(resolution, options.width, options.strength)


def _tell(
    options: argparse.Namespace,
    drawn: EmojiSet,
    latents: Latents,
    switch: Switch,
    before: list[tuple[str, Picture]],
) -> int:
    used = finishing.shown_and_used(options, drawn, before)
    if options.json:
        print(json.dumps({"set": drawn.name, "used": used, "emotions": list(latents)}))
        return 0
    print(f"{drawn.name}: drawn from photos of {', '.join(latents)}")
    print(
        f"Another blend: vcam-emoji-generator adjust {drawn.name} --network DIR "
        f"--resolution {another(switch.resolution)}"
    )
    if not used:
        print(f"Use it: vcam-emoji sets use {drawn.name}")
    return 0
