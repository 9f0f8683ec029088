"""How a network is trained: every number, kept with the run. The defaults are rules, not tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from generator.configuration import Configuration

Augmentation: TypeAlias = Literal["ada", "fixed", "none"]
"""p adapted to how much D overfits; p held; no changes at all."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Source of the rules: configuration `auto` of Karras et al. 2020, ADA, table 3 and code."""

    configuration: Configuration
    batch: int
    """Pictures in a step, over all devices."""
    kimg: float
    """Thousands of real pictures to be shown."""
    rate: float
    """Of Adam, for both networks."""
    gamma: float
    """Weight of R1."""
    average: float
    """Half-life of the averaged weights, in pictures."""
    ramp_up: float = 0.05
    """No half-life is longer than this share of the pictures shown so far."""
    r1_interval: int = 16
    path_interval: int = 4
    path_weight: float = 2.0
    path_decay: float = 0.01
    path_share: int = 2
    """Path lengths are measured on a batch divided by this."""
    mixing: float = 0.9
    """Probability that a picture takes the styles of two latents."""
    augmentation: Augmentation = "ada"
    changes: str = "bgc"
    """Letters of the kinds of change: Blit, Geometry, Colour, Filtering, Noise, Cutout."""
    p: float = 0.0
    """Probability of each change, at the start or throughout."""
    target: float = 0.6
    """What ADA holds r_t at."""
    mirror: bool = False
    """Whether pictures are as good the other way round."""
    half: bool = False
    """bfloat16 in the four largest resolutions."""
    freeze: int = 0
    """How many of D's largest resolutions stay as they came."""
    seed: int = 0

    @property
    def half_from(self) -> int | None:
        return max(self.configuration.resolution // 8, 8) if self.half else None


def recipe(configuration: Configuration, batch: int | None = None, **chosen: Any) -> Recipe:
    """By resolution and batch; whatever is chosen (fields of `Recipe`, not None) stands.

    Args:
        configuration: Of the networks; the minibatch deviation's group is fitted to the batch.
        batch: Pictures in a step; None takes the rule's.
        chosen: Any other field.
    """
    r = configuration.resolution
    batch = batch or max(4, min(4096 // r, 32))
    group = min(batch, configuration.group_size or batch)
    rules = Recipe(
        configuration=replace(configuration, group_size=group),
        batch=batch,
        kimg=25_000.0,
        rate=0.002 if r >= 1024 else 0.0025,
        gamma=0.0002 * r**2 / batch,
        average=batch * 10_000 / 32,
    )
    return replace(rules, **{name: value for name, value in chosen.items() if value is not None})
