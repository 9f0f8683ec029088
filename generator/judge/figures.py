"""Figures of drawn sets, from their pixels: emotion, constancy, likeness of two photographs, edges.

The people who are judged are others than those the judge learnt from.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.artwork.people.person import Person
from generator.artwork.people.portrait import Sitter
from generator.artwork.people.sets import emoji_set as drawn_set
from generator.judge.answers import PARTS, Judge, apart, distance
from generator.judge.gallery import (
    EMOTIONS,
    FULL,
    Gallery,
    grey,
    grounds,
    laid,
    portraits,
    small,
)
from vcam_emoji import emoji_set
from vcam_emoji.types import Emotion

_SMALL = 32
_FINER = 4
"""How many times finer the drawing is from which the true alpha is averaged."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EmotionFigures:
    """Shares of drawings whose emotion the judge reads right."""

    people: int
    drawings: int
    right: float
    without_colour: float
    """The same drawings in grey: what geometry alone says."""
    at_32_pixels: float
    by_emotion: Mapping[str, float]
    by_intensity: Mapping[str, float]
    by_skin: Mapping[str, float]
    """Of skin tones up to 1/3, up to 2/3 and above."""
    worn: Mapping[str, float]
    closed: Mapping[str, float]
    """By emotion, where a photograph steers it: in full, with lips as closed as they may be."""
    confusion: Mapping[str, Mapping[str, int]]
    """How many drawings of each emotion were read as which."""


@dataclass(frozen=True, slots=True)
class ConstancyFigures:
    """How alike the drawings of one set look, by the distance of `answers.distance`."""

    people: int
    within: float
    """Mean distance between two emotions of one person, both in full."""
    between: float
    """The same between two people."""
    ratio: float
    by_part: Mapping[str, float]
    """The ratio in each of the distance's parts."""
    by_emotion: Mapping[str, float]
    """Mean distance of each emotion from the same person's neutral face, over `between`."""


@dataclass(frozen=True, slots=True)
class PhotoFigures:
    """How alike the sets are that two photographs of one held-out person give."""

    people: int
    photographs: int
    pairs: int
    """Of photographs of one person."""
    same: float
    """Mean distance between the sets of such a pair."""
    others: float
    """The same between two people's sets."""
    ratio: float
    by_part: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class EdgeFigures:
    """Written PNGs against the drawing's true coverage, from one four times finer; alpha 0 to 1."""

    pictures: int
    size: int
    mean: float
    """Mean error over all pixels."""
    at_edges: float
    """Mean error over pixels that are neither clear nor opaque in truth."""
    worst: float
    """The largest error of any pixel."""


def emotions(
    judge: Judge, gallery: Gallery, closed: Gallery
) -> tuple[EmotionFigures, NDArray[np.int64]]:
    """How well emotions are read, and as which each drawing was read.

    Args:
        judge: Reads them.
        gallery: Every pose of people.
        closed: The poses of `gallery.closed`.

    Returns:
        The figures, and [n], places in `Emotion`.
    """
    flat = laid(gallery.pixels, grounds(len(gallery), 0))

    def read(pictures: NDArray[np.uint8]) -> NDArray[np.int64]:
        return np.asarray(judge.read(pictures).emotions.argmax(axis=1), np.int64)

    found = read(flat)
    right = found == gallery.emotions
    numbers, rows = np.unique(gallery.people, return_inverse=True)
    who = [Person.random(int(each)) for each in numbers]

    def of(holds: Callable[[Person], bool]) -> float:
        return _share(right[np.array([holds(each) for each in who])[rows]])

    shut = read(laid(closed.pixels, grounds(len(closed), 3))) == closed.emotions
    table = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    np.add.at(table, (gallery.emotions, found), 1)
    figures = EmotionFigures(
        people=len(numbers),
        drawings=len(gallery),
        right=_share(right),
        without_colour=_share(read(grey(flat)) == gallery.emotions),
        at_32_pixels=_share(read(small(flat, _SMALL)) == gallery.emotions),
        by_emotion={str(e): _share(right[gallery.emotions == i]) for i, e in enumerate(EMOTIONS)},
        by_intensity={
            f"{step:g}": _share(
                right[
                    (gallery.intensities == step)
                    & (gallery.emotions != EMOTIONS.index(Emotion.NEUTRAL))
                ]
            )
            for step in np.unique(gallery.intensities)
        },
        by_skin={
            name: of(lambda each, low=low: low <= each.skin_tone < low + 1 / 3 + 1e-9)  # type: ignore[misc]
            for name, low in (("pale", 0.0), ("medium", 1 / 3), ("dark", 2 / 3))
        },
        worn={
            "glasses": of(lambda each: each.glasses != "none" and not each.sunglasses),
            "sunglasses": of(lambda each: each.sunglasses),
            "beard": of(lambda each: each.beard != "none"),
            "headwear": of(lambda each: each.headwear != "none"),
            "none of these": of(
                lambda each: (each.glasses, each.beard, each.headwear) == ("none",) * 3
            ),
        },
        closed={
            str(EMOTIONS[each]): _share(shut[closed.emotions == each])
            for each in np.unique(closed.emotions)
        },
        confusion={
            str(e): {str(o): int(n) for o, n in zip(EMOTIONS, row, strict=True)}
            for e, row in zip(EMOTIONS, table, strict=True)
        },
    )
    return figures, found


def constancy(judge: Judge, gallery: Gallery) -> ConstancyFigures:
    """How alike a person's emotions look, and how unlike two people."""
    full = np.flatnonzero(gallery.intensities == 1)
    order = np.lexsort((gallery.emotions[full], gallery.people[full]))
    rows = full[order]
    seen = judge.read(laid(gallery.pixels[rows], grounds(len(rows), 1)))
    count = len(EMOTIONS)
    people = len(rows) // count
    one, other = np.array(list(combinations(range(count), 2))).T
    starts = count * np.arange(people)[:, None]
    own = apart(seen[(starts + one).ravel()], seen[(starts + other).ravel()])
    # Each person against the next few, each emotion against any.
    chance = np.random.default_rng(0)
    far = np.concatenate([
        apart(
            seen[(starts.ravel() + chance.integers(0, count, people))],
            seen[(np.roll(starts.ravel(), step) + chance.integers(0, count, people))],
        )
        for step in range(1, min(people, 21))
    ])  # fmt: skip
    neutral = EMOTIONS.index(Emotion.NEUTRAL)
    between = float(far.mean())
    return ConstancyFigures(
        people=people,
        within=float(own.mean()),
        between=between,
        ratio=float(own.mean()) / between,
        by_part=_ratios(own, far),
        by_emotion={
            str(emotion): float(
                distance(seen[starts.ravel() + at], seen[starts.ravel() + neutral]).mean()
            )
            / between
            for at, emotion in enumerate(EMOTIONS)
            if at != neutral
        },
    )


def alike(judge: Judge, drawn: Mapping[str, Person], key: Callable[[str], str]) -> PhotoFigures:
    """How alike the sets of two photographs of one person are.

    Args:
        judge: Reads the drawings.
        drawn: Who was drawn after each photograph, by its file.
        key: The person in a photograph.
    """
    sets = {
        file: judge.read(laid(portraits(person, FULL), grounds(len(FULL), 2))).mean()
        for file, person in drawn.items()
    }
    people: dict[str, list[str]] = {}
    for file in drawn:
        people.setdefault(key(file), []).append(file)
    pairs = [pair for files in people.values() for pair in combinations(files, 2)]
    strangers = list(combinations([files[0] for files in people.values()], 2))

    def far(couples: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        return np.concatenate([apart(sets[a], sets[b]) for a, b in couples])

    own, other = far(pairs), far(strangers)
    return PhotoFigures(
        people=len(people),
        photographs=len(drawn),
        pairs=len(pairs),
        same=float(own.mean()),
        others=float(other.mean()),
        ratio=float(own.mean() / other.mean()),
        by_part=_ratios(own, other),
    )


def edges(people: Sequence[Person], size: int = 512) -> EdgeFigures:
    """How exact the alpha of written sets is."""
    off, soft = [], []
    for person in people:
        with tempfile.TemporaryDirectory() as folder:
            emoji_set.save(drawn_set(person, "judged", size=size), Path(folder) / "judged")
            written = emoji_set.load(Path(folder) / "judged")
        finer = Sitter(person, size * _FINER)
        for emotion in Emotion:
            alpha = finer.draw(emotion)[..., 3].astype(np.float32) / 255
            true = cv2.resize(alpha, (size, size), interpolation=cv2.INTER_AREA)
            got = written.images[emotion][-1][1].pixels[..., 3].astype(np.float32) / 255
            off.append(np.abs(got - true))
            soft.append((true > 0) & (true < 1))
    errors, edge = np.stack(off), np.stack(soft)
    return EdgeFigures(
        pictures=len(errors),
        size=size,
        mean=float(errors.mean()),
        at_edges=float(errors[edge].mean()),
        worst=float(errors.max()),
    )


def _share(right: NDArray[np.bool_]) -> float:
    """Rounded to a hundredth of a percent; 0 of none is 0."""
    return round(float(right.mean()), 4) if len(right) else 0.0


def _ratios(own: NDArray[np.float64], other: NDArray[np.float64]) -> dict[str, float]:
    shares = own.mean(axis=0) / np.maximum(other.mean(axis=0), 1e-9)
    return {name: float(share) for name, share in zip(PARTS, shares, strict=True)}
