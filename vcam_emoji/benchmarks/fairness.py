"""Whom the emotion network serves less well, as far as labels allow.

Run it with: python -m vcam_emoji.benchmarks.fairness FAIRFACE [--faces N] [--json]

FAIRFACE is a zip of grey faces framed as FER-2013 frames them, with an `index.csv` of file, age,
gender and race (FairFace, Karkkainen and Joo 2021). Nobody labelled their expressions, so nobody
can say whose are read rightly. What can be said, for each group: how often the answer stays the
same when the picture is mirrored, darkened, or blurred and moved by a pixel (where it does not,
one of the two is wrong); how sure the network is; and how often it sees nothing, happiness, or
something bad. People of all groups smile and rest their faces about as often in such photographs,
so large differences are more likely the network's than theirs. Race is FairFace's word, given by
onlookers; it stands here for skin tone and all else that comes with it.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.emotion_input import SIZE
from vcam_emoji.emotion_network import EMOTIONS, EmotionNetwork, Scorer
from vcam_emoji.errors import DataError, VcamEmojiError
from vcam_emoji.types import Emotion

Crops: TypeAlias = NDArray[np.uint8]

_GROUPINGS = ("race", "gender", "age")
_BAD = (Emotion.ANGRY, Emotion.DISGUST, Emotion.FEAR, Emotion.SAD)
_MEASURES = {
    "agreement": "same answer when mirrored, darkened, blurred",
    "confidence": "mean score of the answer",
    "neutral": "read as neutral",
    "happy": "read as happy",
    "bad": "read as angry, disgust, fear or sad",
}


@dataclass(frozen=True, slots=True)
class People:
    """Faces and what onlookers said about them."""

    crops: Crops
    """[n, 48, 48]."""
    groups: dict[str, NDArray[np.str_]]
    """By grouping, such as `age`: [n], each one's group."""


def load(path: Path, n: int | None = None) -> People:
    """Read FairFace as a zip.

    Args:
        path: The zip.
        n: So many of its faces, evenly spread; None takes all.

    Raises:
        DataError: it is not there or has another form.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            rows = list(csv.DictReader(io.StringIO(archive.read("index.csv").decode("utf-8-sig"))))
            if n is not None and n < len(rows):
                rows = [rows[i] for i in np.linspace(0, len(rows) - 1, n).astype(int)]
            crops = [_crop(archive.read(row["file"])) for row in rows]
            groups = {name: np.array([row[name] for row in rows]) for name in _GROUPINGS}
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, cv2.error) as error:
        raise DataError(
            f"{path.name} cannot be read: {error}.",
            "Give a zip with grey faces and an index.csv of file, age, gender and race.",
        ) from error
    if not crops:
        raise DataError(f"{path.name} holds no faces.")
    return People(np.stack(crops), groups)


def _crop(encoded: bytes) -> Crops:
    image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise ValueError("a picture is damaged")
    small = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def _mirrored(crops: Crops) -> Crops:
    return np.ascontiguousarray(crops[:, :, ::-1])


def _darkened(crops: Crops) -> Crops:
    darker: Crops = (crops * 0.4).astype(np.uint8)
    return darker


def _blurred(crops: Crops) -> Crops:
    moved = np.roll(crops, (1, 1), axis=(1, 2))
    return np.array([cv2.GaussianBlur(each, (0, 0), 0.8) for each in moved], np.uint8)


_CHANGES: tuple[Callable[[Crops], Crops], ...] = (_mirrored, _darkened, _blurred)


def measure(people: People, network: Scorer) -> dict[str, Any]:
    """By grouping and group: n, the measures of `_MEASURES`, and half an interval of 95 %.

    `gap` is the largest difference between two groups, for each grouping and measure, beyond what
    chance alone would make (the sum of the two half intervals).
    """
    scores = network.scores(people.crops)
    answers = scores.argmax(axis=1)
    agreed = np.mean(
        [network.scores(change(people.crops)).argmax(axis=1) == answers for change in _CHANGES],
        axis=0,
    )
    columns = {
        "agreement": agreed,
        "confidence": scores.max(axis=1),
        "neutral": answers == EMOTIONS.index(Emotion.NEUTRAL),
        "happy": answers == EMOTIONS.index(Emotion.HAPPY),
        "bad": np.isin(answers, [EMOTIONS.index(each) for each in _BAD]),
    }
    return compared(columns, people.groups)


def compared(
    columns: Mapping[str, NDArray[Any]], groups: Mapping[str, NDArray[np.str_]]
) -> dict[str, Any]:
    """The means of columns over everyone and over each group, as `measure` gives them.

    Args:
        columns: By measure: [n], a number or a truth for each person.
        groups: By grouping: [n], each one's group.
    """
    n = len(next(iter(columns.values())))
    result: dict[str, Any] = {"n": n, "all": _row(columns, np.ones(n, bool))}
    for grouping, said in groups.items():
        rows = {group: _row(columns, said == group) for group in _in_order(set(said.tolist()))}
        gap = {name: _gap([row[name] for row in rows.values()]) for name in columns}
        result[grouping] = {"groups": rows, "gap": gap}
    return result


def _row(columns: Mapping[str, NDArray[Any]], which: NDArray[np.bool_]) -> dict[str, Any]:
    n = int(which.sum())
    row: dict[str, Any] = {"n": n}
    for name, column in columns.items():
        chosen = column[which].astype(np.float64)
        row[name] = [
            round(float(chosen.mean()), 4),
            round(1.96 * float(chosen.std()) / math.sqrt(n), 4),
        ]
    return row


def _gap(shares: Sequence[Sequence[float]]) -> float:
    return round(max(max(0.0, a - b - (da + db)) for a, da in shares for b, db in shares), 4)


def _in_order(groups: set[str]) -> list[str]:
    def age(group: str) -> float:
        digits = "".join(each if each.isdigit() else " " for each in group).split()
        return float(digits[0]) if digits else 0.0

    return sorted(groups, key=lambda group: (age(group), group))


def markdown(found: dict[str, Any]) -> str:
    """The section of the model card, without polish."""
    lines = [
        "## Whom it serves less well",
        "",
        f"On {found['n']:,} faces of FairFace (Karkkainen and Joo 2021), whose expressions nobody "
        "labelled: "
        + "; ".join(f"*{name}*: {text}" for name, text in _MEASURES.items())
        + ". In percent, with half an interval of 95 %; *gap* is the largest difference between "
        "two groups beyond these. Race is FairFace's word, given by onlookers, and stands for "
        "skin tone and all that comes with it. Measured with `python -m "
        "vcam_emoji.benchmarks.fairness FAIRFACE`.",
    ]
    return "\n".join([*lines, *tables(found)]) + "\n"


def tables(found: Mapping[str, Any]) -> list[str]:
    """Lines of Markdown: a table for each grouping of what `compared` gave."""
    names, lines = list(found["all"])[1:], []
    for grouping, compared_groups in list(found.items())[2:]:
        lines += [
            "",
            f"| {grouping} | n | {' | '.join(names)} |",
            f"|---|---|{'---|' * len(names)}",
        ]
        for group, row in compared_groups["groups"].items():
            cells = (f"{100 * row[name][0]:.1f} ± {100 * row[name][1]:.1f}" for name in names)
            lines.append(f"| {group.replace('_', ' ')} | {row['n']} | {' | '.join(cells)} |")
        gaps = (f"{100 * compared_groups['gap'][name]:.1f}" for name in names)
        lines.append(f"| *gap* | | {' | '.join(gaps)} |")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print tables or one JSON object."""
    parser = argparse.ArgumentParser(
        prog="python -m vcam_emoji.benchmarks.fairness", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("data", type=Path, help="FairFace as a zip")
    parser.add_argument("--faces", type=int, help="so many, evenly spread (all)")
    parser.add_argument("--model", type=Path, help="a .tflite file (the shipped one)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args(arguments)
    try:
        found = measure(load(asked.data, asked.faces), EmotionNetwork(asked.model))
    except VcamEmojiError as error:
        print(f"fairness: {error}", file=sys.stderr)
        return error.exit_status
    print(json.dumps(found) if asked.json else markdown(found), end="\n" if asked.json else "")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
