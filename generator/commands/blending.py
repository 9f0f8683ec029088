"""`blend`: the low resolutions of one network under the high ones of another."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from generator.backend import use
from generator.commands import options as shared
from vcam_emoji.errors import UsageError


def register(commands: Any) -> None:
    """Add the command to a parser's subparsers."""
    blend = commands.add_parser(
        "blend",
        help="swap layers between two networks",
        description="Above the switch the layers are the second network's, up to it the first's.",
    )
    blend.add_argument("first", type=Path, metavar="A", help="folder or file of a network")
    blend.add_argument("second", type=Path, metavar="B", help="another of the same shape")
    blend.add_argument(
        "--resolution", type=int, help="of the switch: what lies above it is swapped (4, 8, ...)"
    )
    blend.add_argument(
        "--level", type=int, choices=(0, 1), default=0, help="1 keeps one layer more (0)"
    )
    blend.add_argument(
        "--width", type=float, default=0.0, help="of a soft switch, in layers (0: hard)"
    )
    blend.add_argument(
        "--what", choices=("high", "low"), default="high", help="resolutions B gives (high)"
    )
    blend.add_argument(
        "--strength",
        type=float,
        default=1.0,
        help="of what B gives; the rest stays A's (1)",
    )
    blend.add_argument("--out", type=Path, metavar="DIR", help="folder for the blended network")
    blend.add_argument(
        "--grid",
        type=shared.picture_file,
        metavar="FILE.png",
        help="draw the same faces at a switch at every resolution",
    )
    blend.add_argument("--seeds", type=shared.seeds, default=[0, 1, 2, 3], help="of the grid (0-3)")
    shared.drawing(blend)
    blend.set_defaults(run=_blend)


def _blend(options: argparse.Namespace) -> int:
    if options.out is None and options.grid is None:
        raise UsageError("Nothing to write.", "Say where: --out DIR or --grid FILE.png")
    if options.out is not None and options.resolution is None:
        raise UsageError("Where to switch is not said.", "Add --resolution, such as 32.")
    shared.check_drawing(options)
    from generator.blending import blend
    from generator.checkpoints import native
    from generator.checkpoints.reading import load

    first, second = load(options.first), load(options.second)
    how = (options.level, options.width, options.what, options.strength)
    blended = blend(first, second, options.resolution or 4, *how)
    picture = None
    if options.grid is not None:
        use(options.backend)
        from generator.sampling import blends

        truncation = (options.psi, options.cutoff, options.label)
        picture = blends(first, second, options.seeds, how, truncation)
    if options.out is not None:
        native.save(blended, options.out)
        print(f"Written: {options.out}")
    if picture is not None:
        from generator.pictures import png, write

        write(options.grid, png(picture))
        print(f"Written: {options.grid}")
    return 0
