"""Contact sheets of people: for looking at, and for the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.artwork.people.person import BEARDS, EARRINGS, GLASSES, HAIR, HEADWEAR, Person
from generator.artwork.people.portrait import draw
from generator.artwork.sheet import laid
from vcam_emoji.types import Emotion, Image

Cell: TypeAlias = tuple[Person, Emotion, float]

_LIGHT, _DARK = (246, 243, 240), (52, 44, 40)
_NATURAL = ("#221915", "#3a2618", "#6b4423", "#8a5a2b", "#d9b36a", "#b5502a", "#a3a3a8", "#e8e4dc")


def sheet(kind: str, seed: int, side: int, dark: bool = False) -> Image:
    """A sheet of that kind: BGR, a row for each row of `KINDS`.

    Args:
        kind: One of `KINDS`.
        seed: Of the first person, where people are by chance.
        side: Pixels of each picture.
        dark: Whether it lies on a dark ground.
    """
    return laid_out(list(KINDS[kind](seed)), side, _DARK if dark else _LIGHT)


def laid_out(rows: Sequence[Sequence[Cell]], side: int, ground: Sequence[int]) -> Image:
    """Pictures in rows, each `side` pixels wide and high."""
    widest = max(len(row) for row in rows)
    whole = np.empty((side * len(rows), side * widest, 3), np.uint8)
    whole[:] = ground
    for i, row in enumerate(rows):
        for k, (person, emotion, intensity) in enumerate(row):
            picture = _small(draw(person, emotion, intensity, _drawn_at(side)), side)
            flat = laid(np.ascontiguousarray(picture[..., [2, 1, 0, 3]]), ground)
            whole[i * side : (i + 1) * side, k * side : (k + 1) * side] = flat
    return whole


def _drawn_at(side: int) -> int:
    """Small ones are drawn larger, as a call scales emoji down."""
    return side if side > 256 else 2 * side


def _small(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    alpha = pixels[..., 3:].astype(np.float32) / 255
    flat = np.dstack([pixels[..., :3] * alpha, pixels[..., 3].astype(np.float32)])
    flat = cv2.resize(flat, (side, side), interpolation=cv2.INTER_AREA)
    share = np.maximum(flat[..., 3:] / 255, 1e-4)
    straight = np.dstack([flat[..., :3] / share, flat[..., 3]])
    return np.asarray(np.rint(straight.clip(0, 255)), np.uint8)


def _hair(seed: int) -> Iterator[list[Cell]]:
    """Every hair style, over the whole range of skin and of natural colours."""
    columns = 7
    for start in range(0, len(HAIR), columns):
        row: list[Cell] = []
        for i, style in enumerate(HAIR[start : start + columns], start):
            tone = (i * 0.37 + 0.05) % 1.0
            colour = _NATURAL[i % 3 if tone > 0.6 else (i * 5) % len(_NATURAL)]
            person = replace(
                Person.random(seed + i),
                hair=style,
                hair_colour=colour,
                brow_colour=colour,
                headwear="none",
                sunglasses=False,
                glasses="none",
                skin_tone=tone,
            )
            row.append((person, Emotion.HAPPY if i % 3 == 0 else Emotion.NEUTRAL, 1.0))
        yield row


def _skin(seed: int) -> Iterator[list[Cell]]:
    """One person's features in every skin."""
    for undertone in (-0.8, 0.0, 0.8):
        yield [
            (
                replace(
                    Person.random(seed),
                    skin_tone=i / 8,
                    undertone=undertone,
                    glasses="none",
                    sunglasses=False,
                    headwear="none",
                ),
                (Emotion.NEUTRAL, Emotion.HAPPY)[i % 2],
                1.0,
            )
            for i in range(9)
        ]


def _emotions(seed: int) -> Iterator[list[Cell]]:
    """People by chance in all emotions."""
    for i in range(8):
        yield [(Person.random(seed + i), emotion, 1.0) for emotion in Emotion]


def _intensities(seed: int) -> Iterator[list[Cell]]:
    """Two people from no feeling to all of it."""
    for i in range(2):
        for step in (0.33, 0.66, 1.0):
            yield [(Person.random(seed + i), emotion, step) for emotion in Emotion]


def _worn(seed: int) -> Iterator[list[Cell]]:
    """Beards, glasses, headwear and earrings."""
    feelings = (Emotion.NEUTRAL, Emotion.HAPPY, Emotion.ANGRY, Emotion.SAD, Emotion.SURPRISE)
    plain = [
        replace(
            Person.random(seed + i), glasses="none", sunglasses=False, headwear="none", beard="none"
        )
        for i in range(9)
    ]
    for offset in (0, 3):
        yield [
            (
                replace(plain[i], beard=each, hair="crew", beard_colour=plain[i].hair_colour),
                feelings[(i + offset) % 5],
                1.0,
            )
            for i, each in enumerate(BEARDS)
        ]
    yield [
        (replace(plain[i], glasses=each), feelings[i % 5], 1.0)
        for i, each in enumerate(GLASSES[1:])
    ]
    yield [
        (replace(plain[i], glasses=each, sunglasses=True), feelings[i % 5], 1.0)
        for i, each in enumerate(GLASSES[1:])
    ]
    yield [
        (replace(plain[i], headwear=each), feelings[i % 5], 1.0)
        for i, each in enumerate((*HEADWEAR[1:], *HEADWEAR[1:4]))
    ]
    yield [
        (replace(plain[i], earrings=each, hair="bun"), feelings[i % 2], 1.0)
        for i, each in enumerate(EARRINGS[1:])
    ]


def _people(seed: int) -> Iterator[list[Cell]]:
    """A crowd by chance, each with a feeling."""
    emotions = list(Emotion)
    for i in range(6):
        yield [
            (Person.random(seed + 9 * i + k), emotions[(3 * i + 5 * k) % 7], 1.0) for k in range(9)
        ]


KINDS: Mapping[str, Callable[[int], Iterator[list[Cell]]]] = {
    "hair": _hair,
    "skin": _skin,
    "emotions": _emotions,
    "intensities": _intensities,
    "worn": _worn,
    "people": _people,
}
"""What there are sheets of."""
