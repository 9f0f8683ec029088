"""What a judge tells of a drawing: the emotion, and the traits by which people are told apart.

A trait that a drawing does not show (hair under a turban, the beard's colour of a shaved chin) is
not asked for: such places are masked in learning, and the network learns to guess there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from generator.artwork.colour import Colour
from generator.artwork.people.person import BEARDS, GLASSES, HAIR, HEADWEAR, TRAITS, Person
from generator.artwork.people.tones import skin_colour
from generator.cielab import ciede2000, lab

KINDS: Mapping[str, tuple[str, ...]] = {
    "hair": HAIR, "headwear": HEADWEAR, "beard": BEARDS, "glasses": GLASSES,
    "sunglasses": ("no", "yes"),
}  # fmt: skip
MEASURES = (
    "face_width", "face_length", "jaw", "cheeks", "forehead", "brow_thickness", "brow_arch",
    "eye_size", "eye_roundness", "eye_tilt", "nose_width", "nose_length", "mouth_width",
    "lip_fullness", "lashes", "lipstick", "freckles", "age",
)  # fmt: skip
COLOURS = ("skin", "hair_colour")

NUMBERS = len(MEASURES) + 3 * len(COLOURS)
ODDS = sum(len(kinds) for kinds in KINDS.values())

_MIDDLE = np.array((60.0, 10.0, 15.0))
_SPREAD = np.array((25.0, 15.0, 15.0))
"""Brings CIE Lab of skin and hair to about -1 to 1."""
_FAR = 20.0
"""CIEDE2000 between colours of two people that are as unlike as may well be."""
_UNDER = ("headscarf", "turban")
"""What hides all hair."""

Floats = NDArray[np.float32]


def numbers(person: Person) -> tuple[Floats, Floats]:
    """The measures and colours of a person, each about -1 to 1, and 1 where a drawing shows it."""
    bare = person.headwear not in _UNDER and person.hair != "bald"
    values = np.concatenate([
        [_scaled(name, getattr(person, name)) for name in MEASURES],
        _coloured(skin_colour(person.skin_tone, person.undertone)),
        _coloured(Colour.hex(person.hair_colour)),
    ])  # fmt: skip
    shown = np.ones(NUMBERS)
    shown[-3:] = bare
    if person.sunglasses:
        for name in ("eye_size", "eye_roundness", "eye_tilt", "lashes"):
            shown[MEASURES.index(name)] = 0
    if person.headwear != "none":
        shown[MEASURES.index("forehead")] = 0
    return values.astype(np.float32), shown.astype(np.float32)


def kinds(person: Person) -> tuple[Floats, Floats]:
    """[ODDS], 1 at each kind that a person has, one for each of `KINDS`; and 1 where it shows."""
    values, shown = [], []
    for name, options in KINDS.items():
        own = getattr(person, name)
        own = ("no", "yes")[own] if isinstance(own, bool) else own
        seen = name != "hair" or person.headwear == "none"
        values += [float(each == own) for each in options]
        shown += [float(seen)] * len(options)
    return np.array(values, np.float32), np.array(shown, np.float32)


def _scaled(name: str, value: float) -> float:
    rule = TRAITS[name]
    low, high = float(rule["low"]), float(rule["high"])
    return 2 * (float(value) - low) / (high - low) - 1


def _coloured(colour: Colour) -> NDArray[np.float64]:
    found = lab(np.array((colour.red, colour.green, colour.blue)))
    return np.asarray((found - _MIDDLE) / _SPREAD)


@dataclass(frozen=True)
class Readings:
    """What a judge says of n drawings."""

    emotions: Floats
    """[n, 7], odds in the order of `Emotion`."""
    numbers: Floats
    """[n, NUMBERS]."""
    odds: Floats
    """[n, ODDS], of each of `KINDS` together 1."""

    def __getitem__(self, rows: NDArray[np.intp] | slice) -> Readings:
        return Readings(self.emotions[rows], self.numbers[rows], self.odds[rows])

    def mean(self) -> Readings:
        """One row: what they say together of one person."""
        return Readings(*(
            each.mean(axis=0, keepdims=True)
            for each in (self.emotions, self.numbers, self.odds)
        ))  # fmt: skip


class Judge(Protocol):
    """Whoever reads drawings."""

    def read(self, flat: NDArray[np.uint8]) -> Readings:
        """What drawings show.

        Args:
            flat: [n, 64, 64, 3], RGB, on flat grounds.
        """
        ...


PARTS = ("skin", "hair colour", "hair", "headwear", "beard", "glasses", "measures")


def apart(one: Readings, other: Readings) -> NDArray[np.float64]:
    """How unlike the people of each row look: [n, PARTS], each 0 for the same.

    - skin, hair colour: CIEDE2000 over 20, at most 1.5
    - hair, headwear, beard, glasses with whether they are dark: half the sum of the differences of
      the odds of each kind
    - measures: the mean of the differences of all `MEASURES`, each over a third of its range, about
      how far two people are apart
    """
    count = len(MEASURES)
    found = {}
    for at, name in enumerate(("skin", "hair colour")):
        place = slice(count + 3 * at, count + 3 * at + 3)
        colours = (each.numbers[:, place] * _SPREAD + _MIDDLE for each in (one, other))
        found[name] = np.minimum(ciede2000(*colours) / _FAR, 1.5)
    start = 0
    for name, options in KINDS.items():
        place = slice(start, start + len(options))
        start += len(options)
        found[name] = np.abs(one.odds[:, place] - other.odds[:, place]).sum(axis=1) / 2
    found["glasses"] = np.maximum(found["glasses"], found["sunglasses"])
    measures = np.abs(one.numbers[:, :count] - other.numbers[:, :count]).mean(axis=1) / (2 / 3)
    return np.stack([*(found[name] for name in PARTS[:-1]), measures], axis=1).astype(np.float64)


def distance(one: Readings, other: Readings) -> NDArray[np.float64]:
    """[n], the mean of `PARTS`: 0 for the same traits."""
    return np.asarray(apart(one, other).mean(axis=1))
