"""Training: epochs of a learner, each judged with averaged weights and stored."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence

import keras

from vcam_emoji.errors import DataError
from vcam_emoji.training import networks
from vcam_emoji.training.data import Faces, divided
from vcam_emoji.training.figures import figures
from vcam_emoji.training.learner import Examples, Learner, smoothed
from vcam_emoji.training.networks import logits
from vcam_emoji.training.plan import Plan
from vcam_emoji.training.recipe import Recipe
from vcam_emoji.training.run import Arrays, Epoch, Run, State, assign, values
from vcam_emoji.training.unlabelled import Guesses, joined
from vcam_emoji.types import Emotion

_KEEP_EVERY_S = 60.0
"""An epoch on an accelerator takes less than storing it."""


def train(
    run: Run,
    recipe: Recipe,
    faces: Faces,
    on_steps: Callable[[int], None] = lambda _: None,
    start: Arrays | None = None,
    teachers: Sequence[keras.Model] = (),
    guesses: Guesses | None = None,
) -> Iterator[Epoch]:
    """Train on emotions from where the run's folder stands to the end of its plan.

    Args:
        run: Its folder.
        recipe: What `run` was begun with.
        faces: Divided by `data.divided`; what is held out chooses the best epoch.
        on_steps: Called with how many batches were done.
        start: Weights to begin with; a run that goes on has its own.
        teachers: Networks to learn from beside the labels.
        guesses: Faces to learn from that nobody labelled.

    Yields:
        Every epoch as it ends.

    Raises:
        DataError: there are too few pictures, or the stored state does not fit.
    """
    training, held_out = divided(faces, recipe.seed)
    groups = (len(Emotion),)
    targets = smoothed(training.targets(recipe.share_of_votes), recipe.label_smoothing, groups)
    examples = Examples(training.images, targets, training.labels, groups)
    if guesses is not None:
        examples = joined(examples, guesses, recipe.share_of_unlabelled, recipe.balance)

    def judge(model: keras.Model) -> tuple[float, float]:
        found = figures(held_out.labels, logits(model, held_out.images))
        return found.accuracy, found.macro_f1

    yield from learn(run, recipe, examples, judge, on_steps, start, teachers)


def learn(
    run: Run,
    recipe: Recipe,
    examples: Examples,
    judge: Callable[[keras.Model], tuple[float, float]],
    on_steps: Callable[[int], None],
    start: Arrays | None = None,
    teachers: Sequence[keras.Model] = (),
) -> Iterator[Epoch]:
    """Learn any examples, as `train` does.

    Args:
        run: Its folder.
        recipe: What `run` was begun with.
        examples: To learn.
        judge: A model to its accuracy and macro-F1 on what is held out.
        on_steps: Called with how many batches were done.
        start: Weights to begin with, perhaps with other answers.
        teachers: Networks to learn from beside the targets.
    """
    if len(examples.images) < recipe.batch:
        raise DataError(
            f"There are {len(examples.images)} pictures to train on, "
            f"less than a batch of {recipe.batch}.",
            "Give more pictures, or a smaller --batch.",
        )
    keras.utils.set_random_seed(recipe.seed)
    answers = sum(examples.groups)
    model = networks.build(recipe.network, recipe.precision, answers)
    averaged = networks.build(recipe.network, answers=answers)
    if run.started:
        state = run.state()
    else:
        if start is not None:
            begin_with(model, start)
        state = State(0, 0.0, [], [], values(model.weights))
    learner = _learner(model, recipe, examples, teachers, state)
    plan = Plan(recipe, learner.steps, state.seconds)
    best, kept = run.best_accuracy(), -math.inf

    for number in itertools.count(state.epoch + 1):
        if number > 1 and plan.share((number - 1) * learner.steps) >= 1:
            return
        begun = plan.seconds
        loss = learner.learn(number, plan, on_steps)
        average = learner.average()
        assign(averaged.weights, average)
        accuracy, macro_f1 = judge(averaged)
        done = plan.share(number * learner.steps) >= 1
        seconds = plan.seconds
        epoch = Epoch(number, loss, accuracy, macro_f1, seconds - begun, accuracy > best)
        if epoch.best:
            best = accuracy
            run.keep_best(average, epoch)
        run.log(epoch)
        if done or time.monotonic() - kept > _KEEP_EVERY_S:
            run.keep(State(number, seconds, *learner.state(), average))
            kept = time.monotonic()
        yield epoch
        if not math.isfinite(loss):
            raise DataError("The training diverged.", "Begin again with a lower learning rate.")
        if done:
            return


def begin_with(model: keras.Model, weights: Arrays) -> None:
    """Take over trained weights; a last layer for other answers begins by chance.

    Raises:
        DataError: they are of another network.
    """
    head = next(len(each.weights) for each in reversed(model.layers) if each.weights)
    if [each.shape for each in weights[-head:]] == [tuple(v.shape) for v in model.weights[-head:]]:
        assign(model.weights, weights)
    else:
        assign(model.weights[:-head], weights[:-head])


def _learner(
    model: keras.Model,
    recipe: Recipe,
    examples: Examples,
    teachers: Sequence[keras.Model],
    state: State,
) -> Learner:
    if keras.backend.backend() == "jax":
        from vcam_emoji.training.device import DeviceLearner

        return DeviceLearner(model, recipe, examples, teachers, state)
    from vcam_emoji.training.host import HostLearner

    return HostLearner(model, recipe, examples, teachers, state)
