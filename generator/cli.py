"""The command line of the generator: `vcam-emoji-generator`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from generator.artwork import commands as artwork
from generator.backend import BACKENDS, full_precision, use
from generator.checkpoints import commands as checkpoints
from generator.commands import blending, projection, sampling, training
from vcam_emoji.errors import VcamEmojiError


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
    artwork.register(commands)
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


if __name__ == "__main__":
    sys.exit(main())
