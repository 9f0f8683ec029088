"""How much of "I always look sad" a calibration takes back, and what it costs.

Run it with: python -m vcam_emoji.benchmarks.calibrating FER2013 [--curve] [--json]

Persons are made up, because the data names none: all faces of the held-out split become one
person's by the same change. Half of the persons are changed in what the network answers (one
emotion's log score raised by 1 to 2.5, the others scattered a little), the others in the picture
(brows lowered, mouth corners drawn down, dim light, both at once). Each is calibrated on a dozen
faces labelled neutral, with or without a dozen of happy, sad, surprise and angry; all figures are
of the person's other faces.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.calibration import PRIOR, Scores, fitted, offsets, shifted
from vcam_emoji.emotion_network import EMOTIONS, EmotionNetwork
from vcam_emoji.errors import VcamEmojiError
from vcam_emoji.types import Emotion

Crops: TypeAlias = NDArray[np.uint8]
Labels: TypeAlias = NDArray[np.int64]

_SAMPLES = 12
_SHOWN = (Emotion.ANGRY, Emotion.HAPPY, Emotion.SAD, Emotion.SURPRISE)
_LEANING = (Emotion.ANGRY, Emotion.DISGUST, Emotion.FEAR, Emotion.SAD, Emotion.SURPRISE)
_PERSONS = 20
_NEUTRAL = EMOTIONS.index(Emotion.NEUTRAL)


def lowered(crops: Crops, by: float, row: float, columns: Sequence[float]) -> Crops:
    """Faces whose features near a row, and near some columns of it, sit lower.

    Args:
        crops: [n, 48, 48].
        by: Pixels.
        row: Where, in pixels.
        columns: Where along the row, in pixels.

    Returns:
        Like `crops`.
    """
    ys, xs = np.mgrid[: crops.shape[1], : crops.shape[2]].astype(np.float32)
    near = np.max([np.exp(-(((xs - at) / 6) ** 2)) for at in columns], axis=0)
    source = (ys - by * near * np.exp(-(((ys - row) / 5) ** 2))).astype(np.float32)
    moved = [
        cv2.remap(each, xs, source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for each in crops
    ]
    return np.array(moved, np.uint8)


def _dimmed(crops: Crops) -> Crops:
    darker: Crops = (0.3 * crops + 8).astype(np.uint8)
    return darker


_CHANGES: dict[str, Callable[[Crops], Crops]] = {
    "lowered brows": lambda crops: lowered(crops, 3.5, 15, (17, 31)),
    "mouth corners down": lambda crops: lowered(crops, 3.5, 37, (14, 34)),
    "dim light": _dimmed,
    "all three": lambda crops: _dimmed(
        lowered(lowered(crops, 2.5, 15, (17, 31)), 2.5, 37, (14, 34))
    ),
}


def persons(crops: Crops, scores: Scores, network: EmotionNetwork) -> list[tuple[str, Scores]]:
    """What the network answers to each made-up person's faces."""
    rng = np.random.default_rng(1)
    made = []
    for number in range(_PERSONS):
        leaning = _LEANING[number % len(_LEANING)]
        added = rng.normal(0, 0.3, len(EMOTIONS))
        added[EMOTIONS.index(leaning)] = rng.uniform(1.0, 2.5)
        made.append((f"leans to {leaning}", shifted(scores, added.astype(np.float32))))
    for name, change in _CHANGES.items():
        made += [(name, network.scores(change(crops)))] * (_PERSONS // len(_CHANGES))
    return made


def judge(
    made: Sequence[tuple[str, Scores]], labels: Labels, shown: Sequence[Emotion], prior: float
) -> dict[str, Any]:
    """Calibrate each person and measure what is read of the faces that were not used for it."""
    rows: dict[str, list[list[float]]] = {}
    for seed, (name, scores) in enumerate(made):
        order = np.random.default_rng([seed, 2]).permutation(len(labels))
        used = {
            emotion: order[labels[order] == EMOTIONS.index(emotion)][:_SAMPLES]
            for emotion in (Emotion.NEUTRAL, *shown)
        }
        own = fitted({emotion: scores[rows] for emotion, rows in used.items()}, prior)
        rest = np.setdiff1d(order, np.concatenate(list(used.values())))
        after = shifted(scores, offsets(own))
        row = [*_rates(scores[rest], labels[rest]), *_rates(after[rest], labels[rest])]
        rows.setdefault(name, []).append(row)
    return {
        "all": _described([row for each in rows.values() for row in each]),
        **{name: _described(each) for name, each in rows.items()},
    }


def _rates(scores: Scores, labels: Labels) -> tuple[float, float]:
    """False alarms of faces labelled neutral, and mean recall of the others' emotions."""
    right = scores.argmax(axis=1) == labels
    recall = [right[labels == each].mean() for each in range(len(EMOTIONS)) if each in labels]
    return 1 - float(recall[_NEUTRAL]), float(np.mean(recall[:_NEUTRAL]))


def _described(rows: Sequence[Sequence[float]]) -> dict[str, float]:
    before, recall, after, then = (round(float(each), 4) for each in np.mean(rows, axis=0))
    return {
        "false_alarms": before,
        "calibrated": after,
        "expressions_recalled": recall,
        "expressions_calibrated": then,
    }


def _held_out(data: Path) -> tuple[Crops, Labels]:
    from vcam_emoji.training.data import load

    faces = load(data)
    held_out = faces.only(faces.splits != "train")
    faces = held_out if len(held_out) else faces
    return faces.images, faces.labels


def measure(data: Path) -> dict[str, Any]:
    """False alarms of the face at rest before and after, by kind of person.

    Raises:
        DataError: the data set cannot be read.
        ModelError: there is no emotion network.
    """
    crops, labels = _held_out(data)
    network = EmotionNetwork()
    scores = network.scores(crops)
    made = persons(crops, scores, network)
    false_alarms, recalled = _rates(scores, labels)
    unchanged = {"false_alarms": false_alarms, "expressions_recalled": recalled}
    return {
        "persons": len(made),
        "unchanged": {name: round(each, 4) for name, each in unchanged.items()},
        "neutral_only": judge(made, labels, (), PRIOR),
        "with_emotions": judge(made, labels, _SHOWN, PRIOR),
    }


def curve(data: Path) -> str:
    """A table over priors: the one that is used was chosen from it."""
    crops, labels = _held_out(data)
    network = EmotionNetwork()
    made = persons(crops, network.scores(crops), network)
    lines = ["prior   false alarms -> calibrated   expressions -> calibrated   (with emotions)"]
    for prior in (0.03, 0.06, 0.1, 0.13, 0.2, 0.3):
        neutral, more = (judge(made, labels, shown, prior)["all"] for shown in ((), _SHOWN))
        lines.append(f"{prior:5.2f}   {_line(neutral)}   ({_line(more)})")
    return "\n".join(lines)


def _line(found: Mapping[str, float]) -> str:
    return (
        f"{found['false_alarms']:.1%} -> {found['calibrated']:.1%}   "
        f"{found['expressions_recalled']:.1%} -> {found['expressions_calibrated']:.1%}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(
        prog="python -m vcam_emoji.benchmarks.calibrating", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("data", type=Path, help="a data set that training reads")
    parser.add_argument("--curve", action="store_true", help="try several priors")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args(arguments)
    try:
        if asked.curve:
            print(curve(asked.data))
            return 0
        found = measure(asked.data)
    except VcamEmojiError as error:
        print(f"calibrating: {error}", file=sys.stderr)
        return error.exit_status
    if asked.json:
        print(json.dumps(found))
        return 0
    print(f"persons            {found['persons']}")
    print(f"unchanged          false alarms {found['unchanged']['false_alarms']:.1%}")
    for kind in ("neutral_only", "with_emotions"):
        print(kind.replace("_", " "))
        for name, each in found[kind].items():
            print(f"  {name:20}{_line(each)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
