"""The command line of the generator: `vcam-emoji-generator`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from generator.backend import BACKENDS, full_precision, use
from generator.checkpoints import commands as checkpoints
from generator.commands import blending, projection, sampling, training
from vcam_emoji.errors import UsageError, VcamEmojiError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except VcamEmojiError as error:
        print(error.message, file=sys.stderr)
        if error.hint:
            print(error.hint, file=sys.stderr)
        return error.exit_status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vcam-emoji-generator", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    artwork = commands.add_parser("artwork", help="draw what is shipped: a set, cards, icons")
    artwork.add_argument("what", choices=("classic", "cards", "icons"))
    artwork.add_argument("--out", type=Path, help="folder (or, for a set, a .zip) to write")
    artwork.add_argument("--sheet", type=Path, help="write a contact sheet of the set, a PNG")
    artwork.set_defaults(run=_artwork)
    parity = commands.add_parser("parity", help="compare with what the public StyleGAN2 computed")
    parity.add_argument("file", type=Path, metavar="FILE.npz", help="weights and recorded outputs")
    parity.add_argument("--backend", choices=BACKENDS, help="what Keras runs on (tensorflow)")
    parity.add_argument("--conv-clamp", type=float, help="as the networks were built with")
    parity.add_argument("--group-size", type=int, default=4, help="of the minibatch deviation (4)")
    parity.add_argument("--json", action="store_true", help="print one JSON object")
    parity.set_defaults(run=_parity)
    checkpoints.register(commands)
    sampling.register(commands)
    blending.register(commands)
    projection.register(commands)
    training.register(commands)
    return parser


def _artwork(options: argparse.Namespace) -> int:
    if options.out is None and options.sheet is None:
        raise UsageError("Nothing to write.", "Say where: --out FOLDER or --sheet FILE.png")
    if options.what == "classic":
        return _set(options.out, options.sheet)
    if options.sheet is not None:
        raise UsageError(f"There is no contact sheet of the {options.what}.", "Use --out FOLDER.")
    from generator.artwork import cards, icons

    if options.what == "cards":
        _write({f"{name}.png": cards.encoded(name) for name in cards.NAMES}, options.out)
    else:
        _write({f"{name}.png": icons.encoded(name) for name in icons.SIZES}, options.out)
    return 0


def _parity(options: argparse.Namespace) -> int:
    use(options.backend)
    from generator import parity

    golden = parity.load(options.file)
    checkpoint = parity.checkpoint_of(golden, options.conv_clamp, options.group_size)
    with full_precision():
        found = parity.compare(golden, checkpoint)
    if options.json:
        print(json.dumps(asdict(found)))
        return 0
    for group, difference in sorted(found.groups.items()):
        print(f"{group:26} {difference:.1e}")
    print(f"{'worst':26} {found.worst:.1e}")
    if found.left_out:
        print(f"Not compared: {', '.join(found.left_out)}")
    return 0


def _set(out: Path | None, sheet_file: Path | None) -> int:
    from generator.artwork.classic import classic
    from vcam_emoji import emoji_set

    drawn = classic()
    if out is not None:
        emoji_set.save(drawn, out)
    if sheet_file is not None:
        from generator.artwork.sheet import sheet

        _write({sheet_file.name: _png(sheet(drawn))}, sheet_file.parent)
    return 0


def _png(image: NDArray[np.uint8]) -> bytes:
    import cv2

    return cv2.imencode(".png", image)[1].tobytes()


def _write(files: dict[str, bytes], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written: {error.strerror}.", "Is it a folder that is yours?"
        ) from error


if __name__ == "__main__":
    sys.exit(main())
