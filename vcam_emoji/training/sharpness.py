"""Steps that look for wide valleys: the slope is taken where the loss is worst near by.

Labels that are wrong make narrow pits in the loss, which a network that learns by heart falls into.

Source: Foret et al. 2021, "Sharpness-aware minimization for efficiently improving generalization".
Which way is worst is judged by half of the batch: that takes a quarter off the work, and small
parts are what the paper found best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from vcam_emoji.training.learner import Tensor


def uphill(slopes: Sequence[Tensor], rho: float) -> list[Tensor]:
    """How far weights move to where the loss is worst, all of them together by `rho`."""
    length = ops.sqrt(sum(ops.sum(ops.square(each)) for each in slopes))
    return [each * (rho / (length + 1e-12)) for each in slopes]


def step(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: Callable[[Tensor, Tensor], Tensor],
    rho: float,
) -> Callable[[Any, Any], Tensor]:
    """A training step where Keras runs on TensorFlow.

    Args:
        model: Is changed by it.
        optimizer: Built for the model.
        loss: Targets and logits to a loss for each picture.
        rho: As for `uphill`.

    Returns:
        Pictures and targets to the mean loss at the worst place near by.
    """
    import tensorflow as tf

    variables = model.trainable_variables

    def slopes(pictures: Tensor, targets: Tensor) -> tuple[Tensor, list[Tensor]]:
        with tf.GradientTape() as tape:
            found = tf.reduce_mean(loss(targets, model(pictures, training=True)))
        return found, tape.gradient(found, [v.value for v in variables])

    def taken(pictures: Tensor, targets: Tensor) -> Tensor:
        half = pictures.shape[0] // 2
        moves = uphill(slopes(pictures[:half], targets[:half])[1], rho)
        for variable, move in zip(variables, moves, strict=True):
            variable.assign_add(move)
        found, downhill = slopes(pictures, targets)
        for variable, move in zip(variables, moves, strict=True):
            variable.assign_sub(move)
        optimizer.apply(downhill, variables)
        return found

    compiled = tf.function(taken)
    return lambda pictures, targets: compiled(*map(tf.convert_to_tensor, (pictures, targets)))
