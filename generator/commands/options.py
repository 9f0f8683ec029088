"""What several commands are told in the same words."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from generator.backend import BACKENDS
from vcam_emoji.errors import UsageError

WAYS = ("tuned", "traits", "photo", "encoder")
"""To a person through the pair. Spelled out, for importing `pair` costs Keras; a test compares."""
_MOST_SEEDS = 4096


def backend(parser: argparse.ArgumentParser) -> None:
    """Add `--backend`."""
    parser.add_argument("--backend", choices=BACKENDS, help="what Keras runs on (tensorflow)")


def drawing(parser: argparse.ArgumentParser) -> None:
    """Add what decides how faces of a network are drawn."""
    parser.add_argument("--psi", type=float, default=0.7, help="truncation: 1 is none (0.7)")
    parser.add_argument("--cutoff", type=int, help="truncate only so many layers, from the first")
    parser.add_argument("--label", type=int, help="class, for networks that know some")
    backend(parser)


def check_drawing(options: argparse.Namespace) -> None:
    """Refuse what no network can draw.

    Raises:
        UsageError: saying what.
    """
    if not -2 <= options.psi <= 2:
        raise UsageError(f"A truncation of {options.psi:g} draws nothing.", "Choose -2 to 2.")
    if options.cutoff is not None and options.cutoff < 1:
        raise UsageError(f"{options.cutoff} layers cannot be truncated.", "Choose 1 or more.")


def seeds(text: str) -> list[int]:
    """Seeds written as `0-15`, `3`, or `1,5,9-12`.

    Raises:
        argparse.ArgumentTypeError: it is written otherwise, or they are too many.
    """
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})(?:-(\d{1,9}))?\s*", part)
        if match is None:
            raise argparse.ArgumentTypeError(f"{text!r} is no list of seeds, such as 0-15 or 1,5,9")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or len(found) + last - first >= _MOST_SEEDS:
            raise argparse.ArgumentTypeError(f"{text!r} is not 1 to {_MOST_SEEDS} seeds")
        found += range(first, last + 1)
    return found


def picture_file(text: str) -> Path:
    """A file to write, `.png`.

    Raises:
        argparse.ArgumentTypeError: it is called otherwise.
    """
    return _file(text, (".png",))


def film_file(text: str) -> Path:
    """A file to write, `.png` or `.mp4`.

    Raises:
        argparse.ArgumentTypeError: it is called otherwise.
    """
    return _file(text, (".png", ".mp4"))


def _file(text: str, endings: tuple[str, ...]) -> Path:
    path = Path(text)
    try:
        fits = path.suffix.lower() in endings and not path.is_dir()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error.strerror}") from error
    if not fits:
        raise argparse.ArgumentTypeError(f"{text!r} is no file name ending in {'/'.join(endings)}")
    return path
