"""How like people are what networks draw of them, beside what is drawn as vectors.

Everything is read off the pixels by the judge of drawings, at 64 pixels on the same ground, and
held against what was seen in the photographs by looking. The people are held out of every training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

import numpy as np
from numpy.typing import NDArray

from generator.artwork.people.person import Person
from generator.judge.answers import KINDS, Judge, Readings, apart, distance
from generator.judge.gallery import EMOTIONS
from generator.labels import Label
from generator.people import person_of
from vcam_emoji.types import Emotion

OTHERS = 19
"""Beside the right one, in retrieval: 20 in all."""
_TRIALS = 20
_NEUTRAL = EMOTIONS.index(Emotion.NEUTRAL)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one way to draw people."""

    photographs: int
    emotion: float
    """Share of drawings, every emotion in full, whose emotion the judge reads right."""
    glasses_f1: float
    """Of any glasses in the drawing, against the label of the photograph."""
    beard_f1: float
    skin: float
    """Median CIEDE2000 between the drawing and what was read from the photograph."""
    hair: float
    constancy: float
    """Distance between two emotions of one person over that of two people."""
    two_photographs: float
    """Distance between the drawings of two photographs of one person over that of two people."""
    top_1: float
    """A person's vector drawing among 20 people's drawings of this way, from other photographs
    where there are some: how often the right one is nearest."""
    top_3: float


def judged(
    judge: Judge,
    told: Sequence[Label],
    people: Mapping[str, Person],
    drawn: Callable[[str], NDArray[np.uint8]],
) -> Figures:
    """The figures.

    Args:
        judge: Reads drawings.
        told: Photographs with labels.
        people: As whom the looks read from each photograph are drawn.
        drawn: A photograph's file to [7, 64, 64, 3], RGB: every emotion in full, in the order of
            `Emotion`.
    """
    files = [each.file for each in told]
    seen = {file: judge.read(drawn(file)) for file in files}
    right = [each.emotions.argmax(axis=1) == np.arange(len(EMOTIONS)) for each in seen.values()]
    rest = {file: each[_NEUTRAL : _NEUTRAL + 1] for file, each in seen.items()}
    wanted = {file: _said(people[file]) for file in files}
    parts = np.concatenate([apart(rest[file], wanted[file]) for file in files])
    own: dict[str, list[str]] = {}
    for file in files:
        own.setdefault(person_of(file), []).append(file)
    pairs = [pair for each in own.values() for pair in combinations(each, 2)]
    firsts = [each[0] for each in own.values()]
    means = {file: each.mean() for file, each in seen.items()}
    strangers = list(combinations(firsts, 2))
    between = float(np.mean([distance(means[a], means[b])[0] for a, b in strangers]))
    same = float(np.mean([distance(means[a], means[b])[0] for a, b in pairs])) if pairs else 0.0
    ranks = _ranks(own, rest, wanted)
    return Figures(
        photographs=len(files),
        emotion=float(np.mean(right)),
        glasses_f1=_f1([(each.glasses, _kind(rest[each.file], "glasses")) for each in told]),
        beard_f1=_f1([(each.beard, _kind(rest[each.file], "beard")) for each in told]),
        skin=float(np.median(parts[:, 0])) * 20,
        hair=float(np.median(parts[:, 1])) * 20,
        constancy=_within(seen) / max(between, 1e-9),
        two_photographs=same / max(between, 1e-9),
        top_1=float(np.mean([rank == 1 for rank in ranks])),
        top_3=float(np.mean([rank <= 3 for rank in ranks])),
    )


def _said(person: Person) -> Readings:
    """What a judge who errs in nothing says of a person."""
    from generator.judge.answers import kinds, numbers

    nothing = np.zeros((1, len(EMOTIONS)), np.float32)
    return Readings(nothing, numbers(person)[0][None], kinds(person)[0][None])


def _kind(reading: Readings, what: str) -> str:
    start = 0
    for name, options in KINDS.items():
        if name == what:
            return options[int(reading.odds[0, start : start + len(options)].argmax())]
        start += len(options)
    raise KeyError(what)


def _within(seen: Mapping[str, Readings]) -> float:
    one, other = np.array(list(combinations(range(len(EMOTIONS)), 2))).T
    return float(np.mean([distance(each[one], each[other]).mean() for each in seen.values()]))


def _ranks(
    own: Mapping[str, Sequence[str]],
    rest: Mapping[str, Readings],
    wanted: Mapping[str, Readings],
) -> list[int]:
    chance = Random(0)
    found = []
    for person, files in own.items():
        others = sorted(set(own) - {person})
        for _ in range(_TRIALS // 4):
            # The last photograph's looks, the first one's drawing: the same where there is one.
            right = distance(rest[files[0]], wanted[files[-1]])[0]
            among = chance.sample(others, min(OTHERS, len(others)))
            nearer = sum(
                distance(rest[own[each][0]], wanted[files[-1]])[0] < right for each in among
            )
            found.append(1 + nearer)
    return found


def _f1(pairs: Sequence[tuple[str, str]]) -> float:
    known = [(told != "none", found != "none") for told, found in pairs if told]
    hits = sum(t and f for t, f in known)
    return 2 * hits / max(sum(t + f for t, f in known), 1)
