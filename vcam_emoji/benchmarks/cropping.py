"""What the live path loses against ready-made crops: find, track, crop, classify.

Run it with: python -m vcam_emoji.benchmarks.cropping FER2013 [--faces 600] [--json]
For training: python -m vcam_emoji.benchmarks.cropping FER2013 --split train --keep CUTS.npz

There are no photographs with known expressions, so they are composed: each labelled crop is put
into a picture of its own, 640 x 480, as a face of 90 to 260 pixels, off the middle and tilted by up
to 25 degrees, its surroundings faded out. The shipped tracker sees a few frames of it, and what the
live path cuts there is classified as in a call. The ready-made crop is the data set's own picture,
to which both the accuracy and the place of the cut are compared. Such a face ends at the crop's
border, where a photograph's goes on: what is cut beside it is greyer here than in a call.

What is kept for training is cut likewise, but each face fades into a blur of another picture, so
that a network does not learn to wait for grey.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.emotion_input import SIZE, crop, framing
from vcam_emoji.emotion_network import EmotionNetwork
from vcam_emoji.errors import DataError, VcamEmojiError
from vcam_emoji.faces.region import Region
from vcam_emoji.tracking import Tracker, open_tracker
from vcam_emoji.types import Face, Frame, Image

if TYPE_CHECKING:
    from vcam_emoji.training.data import Faces

_WIDTH, _HEIGHT = 640, 480
_FRAMES = 4
"""So many the tracker gets to see; the last one counts."""
_SMALLEST, _LARGEST = 90.0, 260.0
_TILT = 25.0
_MARGIN = 0.5
"""Of the crop's side, on each side of it, in which its border fades into what is beside it."""
_GREY = 127.0
_BLUR_BESIDE = 6.0
"""Pixels of the standard deviation: no second face may be told in it."""
_FACES = 600
_AT_ONCE = 64
"""Faces that a process is given."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the live path cut a face, against where its crop is."""

    right: float
    """Too far to the right along the face, in sides of the crop."""
    down: float
    scale: float
    """Side of the cut over that of the crop."""
    turned: float
    """Degrees; who is tilted in the data set's own picture is turned upright by the live path."""


def placed(
    still: NDArray[np.uint8], at: Region, seed: int = 0, other: NDArray[np.uint8] | None = None
) -> Image:
    """A picture in which a crop is the face at that place.

    Args:
        still: [48, 48], grey.
        at: The square that the crop fills.
        seed: Of the camera's noise.
        other: Any picture, grey, a blur of which is beside the face; plain grey where None.

    Returns:
        [480, 640, 3].
    """
    margin = round(_MARGIN * SIZE)
    wide = cv2.copyMakeBorder(still, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    soft = cv2.GaussianBlur(wide, (0, 0), 4)
    inside = np.zeros(wide.shape, np.float32)
    inside[margin:-margin, margin:-margin] = 1
    # The crop itself stays as it is; beside it, what its border goes on with blurs into grey.
    kept = np.maximum(cv2.GaussianBlur(inside, (0, 0), 1.0), inside)
    reach = cv2.GaussianBlur(inside, (0, 0), margin / 2)
    beside: Any = _GREY
    if other is not None:
        large = cv2.resize(other, wide.shape[::-1], interpolation=cv2.INTER_LINEAR)
        beside = cv2.GaussianBlur(large, (0, 0), _BLUR_BESIDE)
    faded = kept * wide + (1 - kept) * (reach * soft + (1 - reach) * beside)
    scale, turn = at.side / SIZE, math.radians(at.roll)
    c, s = scale * math.cos(turn), scale * math.sin(turn)
    middle = (wide.shape[0] - 1) / 2
    to_frame = np.array(
        [
            [c, -s, at.x - 0.5 - middle * (c - s)],
            [s, c, at.y - 0.5 - middle * (s + c)],
        ]
    )
    picture = cv2.warpAffine(
        faded.astype(np.float32),
        to_frame,
        (_WIDTH, _HEIGHT),
        flags=cv2.INTER_CUBIC,
        borderValue=(127,),
    )
    noise = np.random.default_rng(seed).normal(0, 2, picture.shape)
    grey = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def places(n: int) -> Iterator[Region]:
    """Where each of n faces is: spread over sizes, tilts and the frame."""
    rng = np.random.default_rng(3)
    for _ in range(n):
        side = rng.uniform(_SMALLEST, _LARGEST)
        room_x, room_y = (_WIDTH - 1.3 * side) / 2, (_HEIGHT - 1.3 * side) / 2
        yield Region(
            _WIDTH / 2 + rng.uniform(-room_x, room_x),
            _HEIGHT / 2 + rng.uniform(-room_y, room_y),
            side,
            rng.uniform(-_TILT, _TILT),
        )


def seen(tracker: Tracker, image: Image, at: Region) -> Face | None:
    """The face that the tracker has there after a few frames; None if it has none."""
    tracker.reset()
    faces: Sequence[Face] = ()
    for number in range(_FRAMES):
        faces = tracker.update(Frame(image, number / 30))
    near = [each for each in faces if math.dist(each.box.centre, (at.x, at.y)) < 0.4 * at.side]
    return max(near, key=lambda each: each.box.area, default=None)


def cut_of(face: Face, at: Region) -> Cut:
    """How the live path's crop of a face lies against the true one."""
    live, turn = framing(face), math.radians(at.roll)
    dx, dy = (live.x - at.x) / at.side, (live.y - at.y) / at.side
    return Cut(
        dx * math.cos(turn) + dy * math.sin(turn),
        dy * math.cos(turn) - dx * math.sin(turn),
        live.side / at.side,
        (live.roll - at.roll + 180) % 360 - 180,
    )


@dataclass(frozen=True, slots=True)
class Task:
    """A face to be composed, found and cut."""

    still: NDArray[np.uint8]
    at: Region
    seed: int
    other: NDArray[np.uint8] | None


def tasks(stills: NDArray[np.uint8], varied: bool = False) -> list[Task]:
    """Each of [n, 48, 48] crops at a place of its own.

    Args:
        stills: Grey.
        varied: With a blur of another of them beside each, instead of grey.
    """
    beside = np.random.default_rng(5).permutation(len(stills)) if varied else None
    return [
        Task(still, at, row, None if beside is None else stills[beside[row]])
        for row, (still, at) in enumerate(zip(stills, places(len(stills)), strict=True))
    ]


def live_cuts(asked: Sequence[Task]) -> list[tuple[NDArray[np.uint8], Cut] | None]:
    """What the live path cuts of each, [48, 48]; None where it finds no face there.

    Raises:
        ModelError: a network is missing.
    """
    parts = [asked[i : i + _AT_ONCE] for i in range(0, len(asked), _AT_ONCE)]
    if len(parts) < 2:
        return _cut(asked)
    with ProcessPoolExecutor() as processes:
        return [each for part in processes.map(_cut, parts) for each in part]


_own_tracker = cache(open_tracker)
"""Of this process."""


def _cut(asked: Sequence[Task]) -> list[tuple[NDArray[np.uint8], Cut] | None]:
    found: list[tuple[NDArray[np.uint8], Cut] | None] = []
    for each in asked:
        image = placed(each.still, each.at, each.seed, each.other)
        face = seen(_own_tracker(), image, each.at)
        found.append(None if face is None else (crop(image, face), cut_of(face, each.at)))
    return found


def source(data: Path, n: int | None, split: str) -> Faces:
    """Labelled crops.

    Args:
        data: A data set that training reads.
        n: How many of its faces, evenly spread; all of them where None.
        split: Of the data set; all of it if it has none of that name.

    Raises:
        DataError: the data set cannot be read.
    """
    from vcam_emoji.training.data import load

    everything = load(data)
    chosen = everything.only(everything.splits == split)
    faces = chosen if len(chosen) else everything
    if n is None or n >= len(faces):
        return faces
    return faces.only(np.linspace(0, len(faces) - 1, n).astype(np.int64))


def measure(data: Path, n: int, split: str = "public") -> dict[str, Any]:
    """Accuracy of the live path and of ready-made crops, on the faces that were found.

    Args:
        data: A data set that training reads.
        n: How many of its faces, evenly spread.
        split: Of the data set; all of it if it has none of that name.

    Raises:
        DataError: the data set cannot be read.
        ModelError: a network is missing.
    """
    faces = source(data, n, split)
    found = live_cuts(tasks(faces.images))
    rows = np.array([row for row, each in enumerate(found) if each is not None], np.int64)
    if not len(rows):
        return {"faces": len(faces), "found": 0.0}
    live = np.stack([each[0] for each in found if each is not None])
    cuts = [each[1] for each in found if each is not None]
    labels, network = faces.labels[rows], EmotionNetwork()
    ready, path = (network.scores(crops).argmax(axis=1) for crops in (faces.images[rows], live))
    table = np.array([(each.right, each.down, each.scale, each.turned) for each in cuts])
    return {
        "faces": len(faces),
        "found": round(len(rows) / len(faces), 4),
        "accuracy_ready_made": round(float((ready == labels).mean()), 4),
        "accuracy_live": round(float((path == labels).mean()), 4),
        "loss_points": round(100 * float((ready == labels).mean() - (path == labels).mean()), 2),
        "same_answer": round(float((ready == path).mean()), 4),
        "cut": {
            name: {
                "median": round(float(np.median(column)), 4),
                "spread": round(float(np.subtract(*np.percentile(column, (84, 16)))) / 2, 4),
            }
            for name, column in zip(("right", "down", "scale", "turned"), table.T, strict=True)
        },
    }


def keep(data: Path, n: int | None, split: str, out: Path) -> dict[str, Any]:
    """Store what the live path cuts, with its labels, as a data set that training reads.

    Args:
        data: A data set that training reads.
        n: How many of its faces, evenly spread; all of them where None.
        split: Of the data set; all of it if it has none of that name.
        out: The .npz file to write.

    Raises:
        DataError: the data set cannot be read, or no face of it is found.
        ModelError: a network is missing.
        UsageError: the file cannot be written.
    """
    from vcam_emoji.training.data import may_be_written, packed, store

    may_be_written(out)
    faces = source(data, n, split)
    found = live_cuts(tasks(faces.images, varied=True))
    rows = np.array([row for row, each in enumerate(found) if each is not None], np.int64)
    if not len(rows):
        raise DataError(f"No face is found in {data.name}.", "It needs crops of faces.")
    live = np.stack([each[0] for each in found if each is not None])
    store(packed(replace(faces.only(rows), images=live), 0), out)
    return {"faces": len(faces), "kept": len(rows), "file": str(out)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(
        prog="python -m vcam_emoji.benchmarks.cropping", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("data", type=Path, help="a data set that training reads")
    parser.add_argument("--faces", type=int, help=f"how many ({_FACES}; all with --keep)")
    parser.add_argument("--split", default="public", help="of the data set (%(default)s)")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="CUTS.npz",
        help="measure nothing; store what is cut, for 'vcam_emoji.training train --also'",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args(arguments)
    try:
        if asked.keep is None:
            found = measure(asked.data, asked.faces or _FACES, asked.split)
        else:
            found = keep(asked.data, asked.faces, asked.split, asked.keep)
    except VcamEmojiError as error:
        print(f"cropping: {error}", file=sys.stderr)
        return error.exit_status
    print(json.dumps(found) if asked.json else json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
