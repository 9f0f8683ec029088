"""Whom the finder overlooks, by FairFace's groups and by how light the picture is.

Run it with: python -m vcam_emoji.benchmarks.overlooked FAIRFACE [--faces N] [--json]

FAIRFACE is the zip that `vcam_emoji.benchmarks.fairness` reads. Its pictures are grey, soft, cut
off at brows and chin. Each face is looked for twice: in a room, 90 to 260 pixels large and tilted
by up to 25 degrees (composed as `vcam_emoji.benchmarks.cropping` does), and alone, enlarged until
it fills the picture. It is overlooked where no detection has its centre near the face's.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vcam_emoji.benchmarks.cropping import placed, places
from vcam_emoji.benchmarks.fairness import Crops, People, compared, load, tables
from vcam_emoji.errors import VcamEmojiError
from vcam_emoji.faces.region import Region
from vcam_emoji.types import FaceFinder, Image

_FILLED = 256
"""Sides of the picture that a face fills."""
_NEAR = 0.3
"""How far a detection's centre may be off, in sides of the crop."""
_DARK, _LIGHT = 80, 130
"""Mean grey levels of crops between which most lie."""


def measure(people: People, finder: FaceFinder) -> dict[str, Any]:
    """By grouping and group: n, and the share overlooked `in a room` and `filling the picture`."""
    whole = Region(_FILLED / 2, _FILLED / 2, _FILLED, 0)
    roomy, filling = [], []
    for number, (crop, at) in enumerate(zip(people.crops, places(len(people.crops)), strict=True)):
        roomy.append(_overlooked(finder, placed(crop, at, number), at))
        filling.append(_overlooked(finder, _enlarged(crop), whole))
    columns = {"in a room": np.array(roomy), "filling the picture": np.array(filling)}
    light = np.array([_light(crop) for crop in people.crops])
    return compared(columns, {**people.groups, "light": light})


def _overlooked(finder: FaceFinder, image: Image, at: Region) -> bool:
    return all(
        math.dist(each.box.centre, (at.x, at.y)) > _NEAR * at.side for each in finder.find(image)
    )


def _enlarged(crop: Crops) -> Image:
    large = cv2.resize(crop, (_FILLED, _FILLED), interpolation=cv2.INTER_CUBIC)
    return np.repeat(large.astype(np.uint8, copy=False)[..., None], 3, axis=2)


def _light(crop: Crops) -> str:
    mean = float(crop.mean())
    if mean < _DARK:
        return f"0 to {_DARK} grey levels"
    return f"{_DARK} to {_LIGHT}" if mean < _LIGHT else f"{_LIGHT} and more"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print tables or one JSON object."""
    from vcam_emoji.faces import open_finder

    parser = argparse.ArgumentParser(
        prog="python -m vcam_emoji.benchmarks.overlooked", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("data", type=Path, help="FairFace as a zip")
    parser.add_argument(
        "--faces", type=int, default=700, help="so many, evenly spread (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args(arguments)
    try:
        found = measure(load(asked.data, asked.faces), open_finder())
    except VcamEmojiError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    sys.stdout.write(json.dumps(found) + "\n" if asked.json else _text(found))
    return 0


def _text(found: dict[str, Any]) -> str:
    everyone = ", ".join(
        f"{100 * found['all'][name][0]:.1f} % {name}" for name in list(found["all"])[1:]
    )
    said = f"Overlooked of {found['n']:,} faces of FairFace: {everyone}."
    return "\n".join([said, *tables(found)]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
