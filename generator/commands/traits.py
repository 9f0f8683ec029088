"""`traits`: read a person's looks from photos, fit the readers; and `evaluate traits`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vcam_emoji.errors import UsageError


def register(commands: Any) -> None:
    """Add the command to a parser's subparsers."""
    traits = commands.add_parser("traits", help="read a person's looks from photos")
    kinds = traits.add_subparsers(required=True, metavar="WHAT")
    read = kinds.add_parser("read", help="hair, skin, glasses, beard and proportions")
    read.add_argument("photos", type=Path, nargs="+", metavar="PHOTO", help="all of one person")
    read.add_argument(
        "--no-align", action="store_true", help="the photos are aligned, square crops already"
    )
    read.add_argument("--drawing", type=Path, help="PNG to write: the person as they are drawn")
    read.add_argument("--json", action="store_true", help="print one JSON object")
    read.set_defaults(run=_read)
    train = kinds.add_parser("train", help="fit the readers to the labels in the program")
    train.add_argument("data", type=Path, metavar="DATA", help="the archive faces128.zip")
    train.add_argument(
        "--ages", type=Path, required=True, metavar="FAIRFACE", help="its archive, for ages"
    )
    train.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="to write")
    train.set_defaults(run=_train)


def register_evaluation(kinds: Any) -> None:
    """Add `traits` to what `evaluate` judges."""
    judge = kinds.add_parser("traits", help="how well looks are read, on held-out people")
    judge.add_argument("data", type=Path, metavar="DATA", help="the archive faces128.zip")
    judge.add_argument("--json", action="store_true", help="print one JSON object")
    judge.set_defaults(run=_evaluate)


def _read(options: argparse.Namespace) -> int:
    from generator import gate, photos
    from generator.reader import Reader
    from vcam_emoji.faces import open_finder

    finder = None if options.no_align else open_finder()
    crops = []
    for path in options.photos:
        photo = photos.read(path)
        if finder is not None:
            crops.append(gate.aligned(photo, 256, finder=finder).image)
            continue
        if photo.shape[0] != photo.shape[1]:
            raise UsageError(f"{path} is not square.", "Leave --no-align away.")
        crops.append(photo[:, :, ::-1].copy())
    found = Reader().read(crops)
    if options.drawing is not None:
        _draw(found, options.drawing)
    if options.json:
        print(json.dumps(found.as_dict()))
        return 0
    for what in ("length", "colour", "glasses", "beard"):
        kind = found.likeliest(what)
        print(f"{what:10} {kind} ({getattr(found, what)[kind]:.0%})")
    if found.likeliest("glasses") == "clear":
        print(f"{'thick rims':10} {found.thick:.0%}")
    for what in ("fringe", "receding", "curly", "coiled"):
        print(f"{what:10} {getattr(found, what):.0%}")
    print(f"{'age':10} {found.age:.0f}")
    for what in ("skin", "hair"):
        print(f"{what:10} L* {getattr(found, what)[0]:.0f}, a* {getattr(found, what)[1]:.0f}, "
              f"b* {getattr(found, what)[2]:.0f}")  # fmt: skip
    return 0


def _draw(found: Any, file: Path) -> None:
    import cv2
    import numpy as np

    from generator.artwork.people.portrait import draw
    from generator.portrayal import person_of
    from vcam_emoji.types import Emotion

    picture = draw(person_of(found), Emotion.NEUTRAL)
    encoded = cv2.imencode(".png", np.ascontiguousarray(picture[..., [2, 1, 0, 3]]))[1]
    try:
        file.write_bytes(encoded.tobytes())
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {error.strerror}.", "Name a file in a folder that is yours."
        ) from error


def _train(options: argparse.Namespace) -> int:
    from generator import trait_training

    readers = trait_training.train(options.data, _tell)
    readers = trait_training.aged(readers, options.ages, _tell)
    try:
        trait_training.save(readers, options.out)
    except OSError as error:
        raise UsageError(
            f"{options.out} cannot be written: {error.strerror}.", "Name another file."
        ) from error
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from generator.trait_figures import judged

    found = asdict(judged(options.data, _tell))
    if options.json:
        print(json.dumps(found))
        return 0
    for name, value in found.items():
        print(f"{name.replace('_', ' '):18} {value:.3g}")
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
