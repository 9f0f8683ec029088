"""The command line of the generator: `vcam-emoji-generator`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from generator.artwork import commands as artwork
from generator.checkpoints import commands as checkpoints
from generator.commands import (
    blending,
    evaluation,
    judging,
    making,
    pairing,
    parity,
    projection,
    sampling,
    training,
    traits,
)
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
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; leave nothing for the interpreter to flush.
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vcam-emoji-generator",
        description="What personal emoji are made with, offline: drawings, networks, photos.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    making.register(commands)
    artwork.register(commands)
    checkpoints.register(commands)
    sampling.register(commands)
    blending.register(commands)
    projection.register(commands)
    training.register(commands)
    pairing.register(commands)
    parity.register(commands)
    traits.register(commands)
    judging.register(commands)
    evaluation.register(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
