"""Learning batch by batch: pictures are varied on the host, Keras takes the step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np

from vcam_emoji.emotion_input import scaled
from vcam_emoji.training import learner, sharpness
from vcam_emoji.training.augment import varied
from vcam_emoji.training.learner import Examples, Tensor
from vcam_emoji.training.plan import Plan
from vcam_emoji.training.recipe import Recipe
from vcam_emoji.training.run import Arrays, State, assign, values


class HostLearner:
    """A `Learner` under any Keras backend; what a CPU wants."""

    def __init__(
        self,
        model: keras.Model,
        recipe: Recipe,
        examples: Examples,
        teachers: Sequence[keras.Model],
        state: State,
    ) -> None:
        """Begin from a state; one without variables takes the model as it is."""
        self._model, self._recipe, self._examples = model, recipe, examples
        self._teachers = [teacher.predict_on_batch for teacher in teachers]
        self.steps = len(examples.images) // recipe.batch
        self._optimizer = learner.optimizer(recipe)
        self._optimizer.build(model.trainable_variables)

        def loss(targets: Tensor, logits: Tensor) -> Tensor:
            return learner.cross_entropy(targets, logits, examples.groups)

        # XLA was measured on a CPU: five times slower than oneDNN on the separable convolutions.
        model.compile(self._optimizer, loss=loss, jit_compile=False)
        rho = recipe.sharpness
        self._step = sharpness.step(model, self._optimizer, loss, rho) if rho else None
        if state.variables:
            assign(model.variables, state.variables)
            assign(self._optimizer.variables, state.optimizer)
        self._average = state.average

    def learn(self, epoch: int, plan: Plan, on_steps: Callable[[int], None]) -> float:
        how, examples, losses = self._recipe, self._examples, list[float]()
        rng = np.random.default_rng([how.seed, epoch])
        rows = learner.order(examples, how.balance, rng)
        batches = rows[: self.steps * how.batch].reshape(self.steps, -1)
        for step, batch in enumerate(batches, start=(epoch - 1) * self.steps):
            if losses and plan.share(step) >= 1:
                break
            self._optimizer.learning_rate = plan.rate(step)
            pictures = scaled(varied(examples.images[batch], how.variation, rng))
            targets = examples.targets[batch]
            if how.mixup > 0:
                share = np.float32(rng.beta(how.mixup, how.mixup))
                pictures = share * pictures + (1 - share) * np.roll(pictures, 1, axis=0)
                targets = share * targets + (1 - share) * np.roll(targets, 1, axis=0)
            targets = learner.taught(targets, pictures, self._teachers, how)
            take = self._step or self._model.train_on_batch
            losses.append(float(take(pictures, targets)))
            self._add_to_average(float(learner.kept(how.average_decay, step)))
            on_steps(1)
        return float(np.mean(losses))

    def average(self) -> Arrays:
        return self._average

    def state(self) -> tuple[Arrays, Arrays]:
        return values(self._model.variables), values(self._optimizer.variables)

    def _add_to_average(self, kept: float) -> None:
        for mean, now in zip(self._average, values(self._model.weights), strict=True):
            np.add(kept * mean, (1 - kept) * now, out=mean)
