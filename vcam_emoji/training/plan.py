"""How far a training run has come, and how fast it learns there."""

from __future__ import annotations

import math
import time

from vcam_emoji.training.recipe import Recipe


class Plan:
    """A warm-up, then down along a cosine to 0, over the recipe's epochs or over its minutes.

    Source: Loshchilov and Hutter 2017, "SGDR", equation 5, without restarts.
    """

    def __init__(self, recipe: Recipe, steps: int, seconds: float) -> None:
        """Begin, or go on.

        Args:
            recipe: Its epochs, or its minutes, are the whole.
            steps: In an epoch.
            seconds: How long the run has trained before.
        """
        self._recipe, self._steps = recipe, steps
        self._begun = time.monotonic() - seconds

    @property
    def seconds(self) -> float:
        """How long the run has trained, all in all."""
        return time.monotonic() - self._begun

    def share(self, step: int) -> float:
        """What is done when so many steps are: 0 to 1, or more."""
        if self._recipe.minutes > 0:
            return self.seconds / (60 * self._recipe.minutes)
        return step / (self._recipe.epochs * self._steps)

    def rate(self, step: int) -> float:
        """The learning rate of a step, the first being 0."""
        warm = self._recipe.warm_up_epochs * self._steps
        risen = min(1.0, (step + 1) / warm) if warm else 1.0
        fallen = 0.5 + 0.5 * math.cos(math.pi * min(1.0, self.share(step)))
        return self._recipe.learning_rate * risen * fallen
