"""`sample`, `mix`, `interpolate` and `info`: look at a network."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.backend import use
from generator.commands import options as shared
from vcam_emoji.errors import UsageError

if TYPE_CHECKING:
    from generator.network import Network


def register(commands: Any) -> None:
    """Add the commands to a parser's subparsers."""
    sample = commands.add_parser("sample", help="draw faces by seed")
    sample.add_argument("network", type=Path, metavar="NETWORK", help="folder or file of a network")
    sample.add_argument("--seeds", type=shared.seeds, default=list(range(16)), help="(0-15)")
    sample.add_argument("--out", type=shared.picture_file, required=True, metavar="FILE.png")
    shared.drawing(sample)
    sample.set_defaults(run=_sample)

    mix = commands.add_parser("mix", help="give faces the styles of others, from a layer on")
    mix.add_argument("network", type=Path, metavar="NETWORK", help="folder or file of a network")
    mix.add_argument("--rows", type=shared.seeds, default=[0, 1, 2], help="seeds (0-2)")
    mix.add_argument("--columns", type=shared.seeds, default=[3, 4, 5, 6], help="seeds (3-6)")
    mix.add_argument("--layer", type=int, default=4, help="first layer of the columns' styles (4)")
    mix.add_argument("--out", type=shared.picture_file, required=True, metavar="FILE.png")
    shared.drawing(mix)
    mix.set_defaults(run=_mix)

    way = commands.add_parser("interpolate", help="go from face to face")
    way.add_argument("network", type=Path, metavar="NETWORK", help="folder or file of a network")
    way.add_argument("--seeds", type=shared.seeds, default=[0, 1, 2, 3], help="(0-3)")
    way.add_argument("--frames", type=int, help="from one to the next (strip: 4, film: 30)")
    way.add_argument("--fps", type=float, default=30.0, help="of a film (30)")
    way.add_argument("--loop", action="store_true", help="and back to the first")
    way.add_argument("--out", type=shared.film_file, required=True, metavar="FILE.png|FILE.mp4")
    shared.drawing(way)
    way.set_defaults(run=_interpolate)

    info = commands.add_parser("info", help="what a network is built like")
    info.add_argument("network", type=Path, metavar="NETWORK", help="folder or file of a network")
    info.add_argument("--json", action="store_true", help="print one JSON object")
    info.set_defaults(run=_info)


def _sample(options: argparse.Namespace) -> int:
    network = _opened(options)
    from generator import sampling
    from generator.pictures import png, write

    ws = _faces(network, options.seeds, options)
    write(options.out, png(sampling.sheet(network, options.seeds, ws)))
    print(f"Written: {options.out}")
    return 0


def _mix(options: argparse.Namespace) -> int:
    network = _opened(options)
    from generator import sampling
    from generator.pictures import png, write

    layers = network.configuration.num_ws
    if not 0 < options.layer < layers:
        raise UsageError(
            f"Styles cannot be mixed at layer {options.layer}.", f"Choose 1 to {layers - 1}."
        )
    rows, columns = (
        (seeds, _faces(network, seeds, options)) for seeds in (options.rows, options.columns)
    )
    write(options.out, png(sampling.mixing(network, rows, columns, options.layer)))
    print(f"Written: {options.out}")
    return 0


def _interpolate(options: argparse.Namespace) -> int:
    strip = options.out.suffix.lower() == ".png"
    frames = options.frames if options.frames is not None else (4 if strip else 30)
    most = 64 if strip else 100_000
    if not 1 <= frames * len(options.seeds) <= most:
        raise UsageError(
            f"{frames * len(options.seeds)} pictures do not make a {'strip' if strip else 'film'}.",
            f"Let --frames times the seeds be 1 to {most}.",
        )
    if not 1 <= options.fps <= 240:
        raise UsageError(f"A film cannot run at {options.fps:g} pictures a second.", "1 to 240.")
    network = _opened(options)
    from generator import sampling
    from generator.pictures import film, grid, png, write

    ws = _faces(network, options.seeds, options)
    pictures = sampling.between(network, ws, frames, options.loop)
    if strip:
        write(options.out, png(grid([list(pictures)])))
        print(f"Written: {options.out}")
    else:
        film(options.out, pictures, options.fps)
        print(f"Written: {options.out}")
    return 0


def _info(options: argparse.Namespace) -> int:
    from generator.checkpoints.reading import load
    from generator.description import described

    facts = described(load(options.network))
    print(json.dumps(facts) if options.json else _text(facts))
    return 0


def _text(facts: dict[str, Any]) -> str:
    side, counts = facts["resolution"], facts["parameters"]
    lines = [
        f"{side}x{side} pixels, {facts['generator']} generator, {facts['style']}",
        f"mapping        {counts['mapping']:>12,} parameters, {facts['mapping_layers']} layers",
        f"  z {facts['z_dim']}, w {facts['w_dim']}, {facts['c_dim'] or 'no'} classes",
        f"synthesis      {counts['synthesis']:>12,} parameters, {facts['num_ws']} w a picture",
    ]
    for block in facts["blocks"]:
        name = f"  {block['resolution']}x{block['resolution']}"
        lines.append(
            f"{name:14} {block['parameters']:>12,} parameters, {block['channels']} channels: "
            f"{', '.join(block['layers'])}"
        )
    if facts["discriminator"]:
        lines.append(
            f"discriminator  {counts['discriminator']:>12,} parameters, {facts['discriminator']}"
        )
    else:
        lines.append("discriminator             none")
    if facts["about"]:
        lines.append(f"about          {json.dumps(facts['about'], ensure_ascii=False)}")
    return "\n".join(lines)


def _opened(options: argparse.Namespace) -> Network:
    shared.check_drawing(options)
    use(options.backend)
    from generator.network import open_network

    return open_network(options.network)


def _faces(network: Network, seeds: list[int], options: argparse.Namespace) -> Any:
    return network.faces(seeds, options.psi, options.cutoff, options.label)
