"""The colours of skin and hair as they would be in other photographs of the same person.

A photograph's light cannot be told from its background alone. But pictures of one person in several
lights say which of all that is seen goes with the person: a ridge regression, from what was read in
one photograph to the mean of what was read in the others of the same person.

What is foretold lies nearer to the mean than people do, because what is not known is left out; so
it is stretched until people differ as much as they did, about the mean that they had.

Source: learning constancy by regression: Funt and Xiong 2004, "Estimating illumination chromaticity
via support vector regression"; there from pictures with a known light, here from pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COLOURS = ("skin", "hair")
PENALTY = 0.01
"""Share of each feature's variance that holds its weight back; 0.003 to 0.03 did as well."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Constancy:
    """What was fitted."""

    mean: Floats
    """[k], of the features."""
    deviation: Floats
    """[k]."""
    weights: Mapping[str, Floats]
    """[k, 3], by `COLOURS`."""
    offset: Mapping[str, Floats]
    """[3]."""

    def __post_init__(self) -> None:
        """Raises `ValueError` if shapes do not fit."""
        k = len(self.mean)
        for name in COLOURS:
            if self.weights[name].shape != (k, 3) or self.offset[name].shape != (3,):
                raise ValueError(f"constancy of {name} has the shape {self.weights[name].shape}")

    def colour(self, what: str, features: Floats) -> Floats:
        """[..., 3], CIE Lab of `skin` or `hair`, from features [..., k]."""
        found = (features - self.mean) / self.deviation @ self.weights[what] + self.offset[what]
        # No skin is blacker than coal or lighter than snow, however odd the photograph.
        found[..., 0] = found[..., 0].clip(5, 97)
        return np.asarray(found, np.float64)


def fitted(
    features: Floats,
    people: Sequence[str],
    read: Mapping[str, Floats],
    spread: Mapping[str, Floats],
) -> Constancy:
    """Learn from people with several photographs; those with one say nothing and are left out.

    Args:
        features: [n, k].
        people: [n], who is in each photograph.
        read: By `COLOURS`, [n, 3]: what each photograph itself says, in CIE Lab.
        spread: By `COLOURS`, [n, 3]: colours that on average are what they should be, and differ
            among people as much as they should.
    """
    own: dict[str, list[int]] = {}
    for row, person in enumerate(people):
        own.setdefault(person, []).append(row)
    several = [rows for rows in own.values() if len(rows) > 1]
    rows = np.array(sorted(row for each in several for row in each))
    mean, deviation = features[rows].mean(axis=0), features[rows].std(axis=0) + 1e-6
    x = (features[rows] - mean) / deviation
    weights, offset = {}, {}
    for name in COLOURS:
        wanted = np.zeros_like(read[name])
        for each in several:
            total = read[name][each].sum(axis=0)
            wanted[each] = (total - read[name][each]) / (len(each) - 1)
        middle = wanted[rows].mean(axis=0)
        # Half way to what they should be on average: the whole way, pale skin came out too pale.
        meant = (middle + spread[name][rows].mean(axis=0)) / 2
        held = np.eye(x.shape[1]) * PENALTY * len(x)
        slope = np.linalg.solve(x.T @ x + held, x.T @ (wanted[rows] - middle))
        reach = np.sqrt(spread[name][rows].var(axis=0).sum() / (x @ slope).var(axis=0).sum())
        weights[name], offset[name] = slope * reach, meant
    return Constancy(mean, deviation, weights, offset)
