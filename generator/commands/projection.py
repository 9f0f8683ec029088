"""`project`: from a photograph to the latent of a network that draws it."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.backend import use
from generator.commands import options as shared
from vcam_emoji.errors import UsageError

if TYPE_CHECKING:
    from generator.pictures import Picture
    from generator.projection import Projection, Recipe

STATE = ".search.npz"
"""Kept in the folder until the projection is done."""
_MOST_STEPS = 100_000


def register(commands: Any) -> None:
    """Add the command to a parser's subparsers."""
    project = commands.add_parser("project", help="find the latent that draws a photo's face")
    project.add_argument("photo", type=Path, metavar="PHOTO", help="JPEG, PNG or WebP")
    project.add_argument(
        "--network", type=Path, required=True, help="folder or file of the network that draws"
    )
    project.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write")
    project.add_argument(
        "--space",
        choices=("w", "w+"),
        default="w",
        help="one w for all layers, or one for each: nearer, but farther from the network's own",
    )
    project.add_argument(
        "--judge",
        choices=("pyramid", "discriminator"),
        default="pyramid",
        help="of likeness: edges at every scale, or what the network's discriminator sees (slower)",
    )
    project.add_argument("--steps", type=int, default=500, help="(500)")
    project.add_argument("--seed", type=int, default=0, help="(0)")
    project.add_argument(
        "--no-align", action="store_true", help="the photo is an aligned, square crop already"
    )
    project.add_argument("--json", action="store_true", help="print one JSON object")
    shared.backend(project)
    project.set_defaults(run=_project)


def _project(options: argparse.Namespace) -> int:
    if not 1 <= options.steps <= _MOST_STEPS:
        raise UsageError(f"{options.steps} steps lead nowhere.", f"Choose 1 to {_MOST_STEPS}.")
    if not 0 <= options.seed < 2**32:
        raise UsageError(f"{options.seed} is no seed.", "Choose 0 to 4294967295.")
    if (options.out / "projection.json").exists():
        raise UsageError(f"{options.out} holds a projection already.", "Name a new folder.")
    if options.out.exists() and not options.out.is_dir():
        raise UsageError(f"{options.out} is no folder.", "Name a new one with --out.")
    from generator.checkpoints.reading import load

    checkpoint = load(options.network)
    target = _target(options, checkpoint.configuration.resolution)
    use(options.backend)
    from generator.network import Network
    from generator.projection import Recipe, project

    recipe = Recipe(
        steps=options.steps, space=options.space, judge=options.judge, seed=options.seed
    )
    try:
        with _progress(recipe.steps) as report:
            found = project(
                Network.of(checkpoint),
                target,
                recipe,
                state=options.out / STATE,
                progress=report,
            )
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        return 130
    facts = _write(options.out, target, recipe, found, str(options.network))
    (options.out / STATE).unlink(missing_ok=True)
    if options.json:
        print(json.dumps(facts))
    else:
        print(f"{found.psnr:.1f} dB after {options.steps} steps; see {options.out}.")
    return 0


def _target(options: argparse.Namespace, side: int) -> Picture:
    """[side, side, 3], RGB."""
    import cv2
    import numpy as np

    from generator import photos
    from generator.gate import aligned

    photo = photos.read(options.photo)
    if not options.no_align:
        found = aligned(photo, side)
        if found.quality.faces > 1:
            print(f"Taking the largest of {found.quality.faces} faces.", file=sys.stderr)
        return found.image
    height, width = photo.shape[:2]
    if height != width:
        raise UsageError(f"{options.photo} is {width}x{height}, not square.", "Drop --no-align.")
    how = cv2.INTER_AREA if width > side else cv2.INTER_CUBIC
    scaled = cv2.resize(photo, (side, side), interpolation=how) if width != side else photo
    return cv2.cvtColor(scaled, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def _write(
    folder: Path, target: Picture, recipe: Recipe, found: Projection, network: str
) -> dict[str, Any]:
    """Everything that was found; the description comes last."""
    import numpy as np

    from generator.pictures import curves, grid, png, write

    arrays = io.BytesIO()
    noise = {f"noise/{layer}": plane for layer, plane in found.noise.items()}
    np.savez(arrays, allow_pickle=False, w=found.ws, **noise)
    write(folder / "w.npz", arrays.getvalue())
    write(folder / "target.png", png(target))
    write(folder / "projected.png", png(found.picture))
    beside = grid([[target, found.picture]], ["photo", f"projected, {found.psnr:.1f} dB"])
    write(folder / "side-by-side.png", png(beside))
    lines = (
        ("PSNR in dB", found.pixels),
        ("Perceptual difference", found.perceptual),
    )
    write(folder / "convergence.png", png(curves(lines, "step")))
    facts = {
        "psnr": round(found.psnr, 3),
        "network": network,
        "recipe": asdict(recipe),
        "convergence": {"psnr": found.pixels, "perceptual": found.perceptual},
    }
    write(folder / "projection.json", (json.dumps(facts, indent=1) + "\n").encode())
    return facts


@contextmanager
def _progress(steps: int) -> Iterator[Callable[[int], None]]:
    """A bar on the error stream, where somebody is there to see it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeLeft())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("Projecting", total=steps)
        yield lambda step: bar.update(task, completed=step)
