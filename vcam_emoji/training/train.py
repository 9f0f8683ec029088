"""Training: soft targets, varied pictures, AdamW along a cosine, averaged weights."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import keras
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.emotion_input import scaled
from vcam_emoji.errors import DataError
from vcam_emoji.training import networks
from vcam_emoji.training.augment import varied
from vcam_emoji.training.data import Faces, divided
from vcam_emoji.training.figures import figures
from vcam_emoji.training.recipe import Recipe
from vcam_emoji.training.run import Arrays, Epoch, Run, State, assign, values


def train(
    run: Run, recipe: Recipe, faces: Faces, on_step: Callable[[], None] = lambda: None
) -> Iterator[Epoch]:
    """Train from where the run's folder stands to its last epoch.

    Chance comes from the seed and the number of the epoch alone, so a run that was stopped and
    resumed passes over the same pictures as one that was not.

    Args:
        run: Its folder; each epoch is stored in it before it is yielded.
        recipe: What `run` was begun with.
        faces: Divided by `data.divided`; what is held out chooses the best epoch.
        on_step: Called after each batch.

    Yields:
        Every epoch as it ends.

    Raises:
        DataError: there are too few pictures, or the stored state does not fit.
    """
    training, held_out = divided(faces, recipe.seed)
    steps = len(training) // recipe.batch
    if steps == 0:
        raise DataError(
            f"There are {len(training)} pictures to train on, less than a batch of {recipe.batch}.",
            "Give more pictures, or a smaller --batch.",
        )
    keras.utils.set_random_seed(recipe.seed)
    model = networks.build(recipe.network, recipe.precision)
    averaged = networks.build(recipe.network)
    optimizer = _optimizer(recipe, steps)
    optimizer.build(model.trainable_variables)
    # XLA was measured on a CPU: five times slower than oneDNN on the separable convolutions.
    model.compile(optimizer, loss=_loss(recipe), jit_compile=keras.backend.backend() == "jax")
    state = run.state() if run.started else State(0, 0.0, [], [], values(model.weights))
    if run.started:
        assign(model.variables, state.variables)
        assign(optimizer.variables, state.optimizer)
    targets = training.targets(recipe.share_of_votes)
    average, best = state.average, state.best_accuracy

    for number in range(state.epoch + 1, recipe.epochs + 1):
        start, losses = time.monotonic(), []
        rng = np.random.default_rng([recipe.seed, number])
        order = _order(training.labels, recipe.balance, rng)
        batches = order[: steps * recipe.batch].reshape(steps, -1)
        for step, rows in enumerate(batches, start=(number - 1) * steps):
            pictures = scaled(varied(training.images[rows], recipe.variation, rng))
            losses.append(float(model.train_on_batch(pictures, targets[rows])))
            _add_to_average(average, model, recipe.average_decay, step)
            on_step()
        assign(averaged.weights, average)
        found = figures(held_out.labels, logits(averaged, held_out.images))
        epoch = Epoch(
            number,
            float(np.mean(losses)),
            found.accuracy,
            found.macro_f1,
            time.monotonic() - start,
            found.accuracy > best,
        )
        best = max(best, found.accuracy)
        stored = State(number, best, values(model.variables), values(optimizer.variables), average)
        run.keep(stored, epoch)
        yield epoch
        if not math.isfinite(epoch.loss):
            raise DataError("The training diverged.", "Begin again with a lower learning rate.")


def logits(model: keras.Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[n, 48, 48] grey pictures to [n, 7]."""
    parts = [
        np.asarray(keras.ops.convert_to_numpy(model.predict_on_batch(scaled(part))))
        for part in np.array_split(images, math.ceil(len(images) / 256))
    ]
    return np.concatenate(parts).astype(np.float32)


def _order(
    labels: NDArray[np.int64], balance: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """[n], the rows of one epoch: each once, or the rarer the oftener."""
    if balance == 0:
        return rng.permutation(len(labels))
    weight = np.bincount(labels)[labels] ** -balance
    return rng.choice(len(labels), len(labels), p=weight / weight.sum())


def _optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    warm_up = round(recipe.warm_up_epochs * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0 if warm_up else recipe.learning_rate,
        max(1, recipe.epochs * steps - warm_up),
        warmup_target=recipe.learning_rate if warm_up else None,
        warmup_steps=warm_up,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
    return optimizer


def _loss(recipe: Recipe) -> keras.losses.Loss:
    return keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=recipe.label_smoothing
    )


def _add_to_average(average: Arrays, model: keras.Model, decay: float, step: int) -> None:
    """In place; the first steps count for more, or the random start would linger."""
    kept = min(decay, (1 + step) / (10 + step))
    for mean, variable in zip(average, model.weights, strict=True):
        now = np.asarray(keras.ops.convert_to_numpy(variable))
        np.add(kept * mean, (1 - kept) * now, out=mean)
