"""How alike two people look, by their traits; and who among many is meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from generator.cielab import ciede2000
from generator.traits import LENGTHS, MEASURES, Odds, Traits

WEIGHTS: Mapping[str, float] = {
    "skin": 1.0,
    "hair": 1.2,
    "brows": 0.4,
    "lips": 0.3,
    "jaw": 0.4,
    "glasses": 0.7,
    "beard": 1.2,
    "length": 1.2,
    "fringe": 0.4,
    "receding": 0.8,
    "curly": 0.8,
    "measures": 1.6,
}
"""What each trait counts for. Glasses are told best but are taken off and put on, so they count
less than hair and beard."""
_FAR = 20.0
"""CIEDE2000 between two colours that are as unlike as skin or hair of two people may well be."""
_STEPS = {kind: at for at, kind in enumerate(("bald", "very short", "short", "medium", "long"))}


def distance(one: Traits, other: Traits) -> float:
    """How unlike two people are: 0 for the same traits, about 1 for two at random.

    The weighted mean, over `WEIGHTS`, of
    - colours: CIEDE2000 over 20, at most 1.5
    - glasses, beard: half the sum of the differences of their odds
    - length: the difference of expected lengths in five steps, bald to long, over 2.5; hidden and
      tied hair tell little, so odds on them make it count less
    - fringe, receding, curly: the difference of their odds
    - measures: the root of the mean square of their differences, in standard deviations, over 1.4
    """
    parts: dict[str, tuple[float, float]] = {}
    for name in ("skin", "hair", "brows", "lips", "jaw"):
        off = float(ciede2000(np.array(getattr(one, name)), np.array(getattr(other, name))))
        parts[name] = (min(off / _FAR, 1.5), 1.0)
    for name in ("glasses", "beard"):
        a, b = getattr(one, name), getattr(other, name)
        parts[name] = (sum(abs(a[kind] - b[kind]) for kind in a) / 2, 1.0)
    (here, sure), (there, also) = _length(one.length), _length(other.length)
    parts["length"] = (min(abs(here - there) / 2.5, 1.5), sure * also)
    for name in ("fringe", "receding", "curly"):
        parts[name] = (abs(getattr(one, name) - getattr(other, name)), sure * also)
    off = np.array([one.measures[name] - other.measures[name] for name in MEASURES])
    parts["measures"] = (min(float(np.sqrt((off**2).mean())) / 1.4, 1.5), 1.0)
    total = sum(WEIGHTS[name] * counts for name, (_, counts) in parts.items())
    return sum(WEIGHTS[name] * counts * far for name, (far, counts) in parts.items()) / total


def rank(wanted: Traits, right: Traits, others: Sequence[Traits]) -> int:
    """1 if the right one is nearest, 2 if one of the others is nearer, and so on."""
    own = distance(wanted, right)
    return 1 + sum(distance(wanted, other) < own for other in others)


def _length(odds: Odds) -> tuple[float, float]:
    """The expected step of the length, and how much is told about it."""
    told = sum(odds[kind] for kind in LENGTHS if kind in _STEPS)
    if told < 1e-6:
        return 2.0, 0.0
    return sum(odds[kind] * step for kind, step in _STEPS.items()) / told, told
