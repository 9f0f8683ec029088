"""Layer swapping: the low resolutions of one network under the high ones of another.

A generator's layers stand in a row, two to each resolution: level 0 (at 4 pixels the constant,
above it `conv0`, which doubles the size, and the residual generator's `skip`) and level 1 (`conv1`
and `torgb`). A switch at resolution r and level n lies after level n of resolution 2r, less one
layer: at level 0 everything from 2r upward is swapped, at level 1 all that but 2r's `conv0`. So at
the full resolution nothing is swapped.

Only the synthesis network's trained tensors are blended (affine layers and noise strengths among
them). Mapping, average w and noise constants are those of the network that gives the low
resolutions, so the same seed is the same pose and shape.

Source: Pinkney and Adler 2020, "Resolution dependent GAN interpolation for controllable image
synthesis between domains". The hard switch is counted as in their published script; the middle of
the soft one lies at the same place here, between two layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from generator.configuration import Checkpoint, Tensors
from vcam_emoji.errors import DataError, UsageError

What = Literal["high", "low"]
"""Which resolutions the second network gives."""

_NOISE = "noise_const"

Array: TypeAlias = NDArray[np.generic]


def blend(
    first: Checkpoint,
    second: Checkpoint,
    resolution: int,
    level: int = 0,
    width: float = 0.0,
    what: What = "high",
    strength: float = 1.0,
) -> Checkpoint:
    """A generator of two, without a discriminator: none was trained with it.

    Args:
        first: Gives the low resolutions, or the high ones if `what` is `low`.
        second: Of the same shape; gives the others.
        resolution: Of the switch: 4, 8, ... up to the networks' own.
        level: 0 or 1, see above.
        width: Of a soft switch, in layers: a layer x layers above the switch takes a share of
            1 / (1 + exp(-x / width)) from the network of the high resolutions. 0 switches hard.
        what: The resolutions that `second` gives.
        strength: Of what `second` gives, 0 to 1: the rest of its share stays with `first`.

    Raises:
        UsageError: there is no such switch.
        DataError: the networks differ in shape.
    """
    low, high = (first, second) if what == "high" else (second, first)
    _agree(first, second)
    resolutions = low.configuration.resolutions
    if resolution not in resolutions:
        raise UsageError(
            f"There is no switch at {resolution} pixels.",
            f"Choose one of: {', '.join(map(str, resolutions))}.",
        )
    if level not in (0, 1):
        raise UsageError(f"There is no level {level}.", "Choose 0 or 1.")
    if not 0 <= width < float("inf"):
        raise UsageError(f"A switch cannot be {width} layers wide.", "0 switches hard.")
    if not 0 <= strength <= 1:
        raise UsageError(f"A blend cannot be {strength} strong.", "Choose 0 to 1.")
    generator = dict(low.generator)
    for name in blended_names(low.generator):
        share = high_share(name, resolution, level, width)
        share = strength * share if what == "high" else 1 - strength + strength * share
        generator[name] = _mixed(low.generator[name], high.generator[name], share)
    about = {
        "blend": {
            "low": dict(low.about),
            "high": dict(high.about),
            "resolution": resolution,
            "level": level,
            "width": width,
            "strength": strength,
        }
    }
    return replace(low, generator=generator, discriminator={}, about=about)


@dataclass(frozen=True, slots=True)
class Switch:
    """Where the layers of a network of faces end and those of one of emoji begin."""

    resolution: int
    width: float = 0.0
    strength: float = 1.0

    def blend(self, faces: Checkpoint, emoji: Checkpoint) -> Checkpoint:
        """Raises `UsageError` or `DataError` as the function `blend` does."""
        return blend(faces, emoji, self.resolution, width=self.width, strength=self.strength)

    def neighbours(self, resolutions: Sequence[int]) -> list[Switch]:
        """Three of these resolutions, this one in the middle if there are any on both sides."""
        first = max(0, min(resolutions.index(self.resolution) - 1, len(resolutions) - 3))
        return [replace(self, resolution=each) for each in resolutions[first : first + 3]]


def blended_names(generator: Tensors) -> list[str]:
    """The tensors that a blend touches."""
    return [
        name for name in generator if name.startswith("synthesis.") and not name.endswith(_NOISE)
    ]


def high_share(name: str, resolution: int, level: int, width: float) -> float:
    """How much of a tensor comes from the network of the high resolutions: 0 to 1."""
    x = position(name) - switch_at(resolution, level)
    if width == 0:
        return float(x > 0)
    exponent = -x / width
    return 0.0 if exponent > 700 else 1 / (1 + exp(exponent))


def switch_at(resolution: int, level: int = 0) -> float:
    """Where a switch stands in the row of `position`.

    That is between two layers, so that a soft one tends to the hard one as it narrows.
    """
    return 2 * _octave(resolution) + level + 1.5


def position(name: str) -> int:
    """Where a synthesis tensor's layer stands in the row: 0 is the constant."""
    _, block, layer, *_ = name.split(".")
    return 2 * _octave(int(block[1:])) + int(layer in ("conv1", "torgb"))


def _octave(resolution: int) -> int:
    return resolution.bit_length() - 3


def _mixed(low: Array, high: Array, share: float) -> Array:
    if share in (0.0, 1.0):
        return high if share else low
    a, b = low.astype(np.float32), high.astype(np.float32)
    return a + np.float32(share) * (b - a)


def _agree(first: Checkpoint, second: Checkpoint) -> None:
    for name in dict.fromkeys([*blended_names(first.generator), *blended_names(second.generator)]):
        shapes = [
            list(one.generator[name].shape) if name in one.generator else None
            for one in (first, second)
        ]
        if shapes[0] != shapes[1]:
            a, b = ("missing" if shape is None else str(shape) for shape in shapes)
            raise DataError(
                f"The networks differ: {name} is {a} in the first and {b} in the second.",
                "Blend networks of one shape, best one that was fine-tuned from the other.",
            )
    for field in ("style", "conv_clamp"):
        a, b = (getattr(one.configuration, field) for one in (first, second))
        if a != b:
            raise DataError(
                f"The networks differ: {field} is {a} in the first and {b} in the second.",
                "Blend networks that were built alike.",
            )
