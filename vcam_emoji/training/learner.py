"""What learns: the seam between the loop of epochs and the two ways to pass over pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from vcam_emoji.training.plan import Plan
from vcam_emoji.training.recipe import Recipe
from vcam_emoji.training.run import Arrays

Tensor: TypeAlias = Any
"""Of whichever backend Keras runs on."""


@dataclass(frozen=True, slots=True)
class Examples:
    """What is learnt: pictures and the answers wanted."""

    images: NDArray[np.uint8]
    """[n, 48, 48]."""
    targets: NDArray[np.float32]
    """[n, k]; in each group the row sums to 1."""
    classes: NDArray[np.int64]
    """[n], by which rare pictures are shown oftener."""
    groups: tuple[int, ...]
    """How many of the k answers belong to each question; they sum to k."""
    odds: NDArray[np.float64] | None = None
    """[n], summing to 1: how often each is shown; by its class where None."""


class Learner(Protocol):
    """Passes over the examples, and holds all that changes on the way."""

    steps: int
    """Batches in an epoch."""

    def learn(self, epoch: int, plan: Plan, on_steps: Callable[[int], None]) -> float:
        """Pass over the examples once, or until the plan is done; the mean loss.

        Chance comes from the recipe's seed and the number of the epoch alone.
        """
        ...

    def average(self) -> Arrays:
        """Exponential moving average of the network's weights."""
        ...

    def state(self) -> tuple[Arrays, Arrays]:
        """Of the network's variables and of the optimizer's."""
        ...


def smoothed(targets: NDArray[np.float32], share: float, groups: Sequence[int]) -> Tensor:
    """Label smoothing (Szegedy et al. 2016, section 7), in each group by itself."""
    even = np.concatenate([np.full(n, 1 / n, np.float32) for n in groups])
    return ((1 - share) * targets + share * even).astype(np.float32)


def cross_entropy(targets: Tensor, logits: Tensor, groups: Sequence[int]) -> Tensor:
    """[n, k] and [n, k] to [n]: the sum over groups."""
    total, start = 0.0, 0
    for n in groups:
        part = ops.log_softmax(ops.cast(logits[:, start : start + n], "float32"))
        total -= ops.sum(targets[:, start : start + n] * part, axis=-1)
        start += n
    return total


def taught(
    targets: Tensor, pictures: Tensor, teachers: Sequence[Callable[[Tensor], Tensor]], how: Recipe
) -> Tensor:
    """Targets with the teachers' softened answers, averaged over teachers, mixed in.

    Args:
        targets: [n, 7].
        pictures: [n, 48, 48, 1], as the student sees them.
        teachers: Pictures to logits.
        how: Its share and temperature.

    Source: Hinton et al. 2015, "Distilling the knowledge in a neural network"; on the very view
    of the student: Beyer et al. 2022, "Knowledge distillation: a good teacher is patient and
    consistent".
    """
    if not teachers:
        return targets
    soft = [ops.softmax(teacher(pictures) / how.teacher_temperature) for teacher in teachers]
    mean = sum(soft[1:], soft[0]) / len(soft)
    return (1 - how.share_of_teachers) * targets + how.share_of_teachers * mean


def order(examples: Examples, balance: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """[n], the rows of one epoch: each once, or some oftener than others."""
    n, odds = len(examples.classes), examples.odds
    if odds is None and balance == 0:
        return rng.permutation(n)
    return rng.choice(n, n, p=rarer_oftener(examples.classes, balance) if odds is None else odds)


def rarer_oftener(classes: NDArray[np.int64], balance: float) -> NDArray[np.float64]:
    """[n] to [n], summing to 1: one of a class of n pictures counts n to the minus `balance`."""
    weight = np.bincount(classes)[classes] ** -balance
    odds: NDArray[np.float64] = weight / weight.sum()
    return odds


def kept(decay: float, step: Tensor) -> Tensor:
    """What stays of the average; the first steps count for more, or the start would linger."""
    return ops.minimum(decay, (1 + step) / (10 + step))


def optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    """The recipe's; normalisations and biases do not decay."""
    if recipe.optimizer == "sgd":
        made = keras.optimizers.SGD(
            recipe.learning_rate, momentum=0.9, nesterov=True, weight_decay=recipe.weight_decay
        )
    else:
        made = keras.optimizers.AdamW(recipe.learning_rate, weight_decay=recipe.weight_decay)
    made.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
    return made
