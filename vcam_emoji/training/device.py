"""Learning on an accelerator: everything stays there, and many steps are one compiled call.

A small network's step takes an H100 a few milliseconds, less than a host takes to vary and send
a batch. So pictures lie on the device as bytes, are varied there (`augment_ops`), and the host
only says which rows come next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import keras
import numpy as np
from jax import numpy as jnp

from vcam_emoji.training import learner, sharpness
from vcam_emoji.training.augment_ops import DRAWS, varied
from vcam_emoji.training.learner import Examples, Tensor
from vcam_emoji.training.plan import Plan
from vcam_emoji.training.recipe import Recipe
from vcam_emoji.training.run import Arrays, State, assign

_STEPS_A_CALL = 64
"""At most; between calls the host sets the learning rate and looks at the clock."""


class DeviceLearner:
    """A `Learner` where Keras runs on JAX."""

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
        self._optimizer = learner.optimizer(recipe)
        self._optimizer.build(model.trainable_variables)
        if state.variables:
            assign(model.variables, state.variables)
            assign(self._optimizer.variables, state.optimizer)
        whole = len(examples.images) // recipe.batch
        self._calls = max(1, -(-whole // _STEPS_A_CALL))
        # Calls of one length are compiled once; the last few batches of an epoch are left out.
        self.steps = whole // self._calls * self._calls
        self._teachers = [(each, _values(each)) for each in teachers]
        self._data = jnp.asarray(examples.images), jnp.asarray(examples.targets)
        self._state = {
            # Copies: each call takes over the memory of the state it was given.
            "trained": [jnp.array(v.value) for v in model.trainable_variables],
            "other": [jnp.array(v.value) for v in model.non_trainable_variables],
            "optimizer": [jnp.array(v.value) for v in self._optimizer.variables],
            "average": [jnp.array(each) for each in state.average],
        }
        self._pass = jax.jit(self._passed, donate_argnums=0)

    def learn(self, epoch: int, plan: Plan, on_steps: Callable[[int], None]) -> float:
        how, losses = self._recipe, list[float]()
        rng = np.random.default_rng([how.seed, epoch])
        rows = learner.order(self._examples, how.balance, rng)
        rows = rows[: self.steps * how.batch].reshape(self._calls, -1, how.batch)
        shares = rng.beta(how.mixup or 1, how.mixup or 1, rows.shape[:2])
        keys = jax.random.split(jax.random.key(int(rng.integers(2**31))), self._calls)
        step, n = (epoch - 1) * self.steps, rows.shape[1]
        for key, batches, blends in zip(keys, rows, shares, strict=True):
            if losses and plan.share(step) >= 1:
                break
            coming = {
                "rows": jnp.asarray(batches, jnp.int32),
                "key": jax.random.split(key, n),
                "blend": jnp.asarray(blends, jnp.float32),
                "rate": jnp.asarray([plan.rate(step + i) for i in range(n)], jnp.float32),
                "step": jnp.arange(step, step + n, dtype=jnp.float32),
            }
            known = [values for _, values in self._teachers]
            self._state, loss = self._pass(self._state, coming, self._data, known)
            losses.append(float(loss))  # waits, so that the clock tells the truth
            step += n
            on_steps(n)
        return float(np.mean(losses))

    def average(self) -> Arrays:
        return [np.array(each, np.float32) for each in self._state["average"]]

    def state(self) -> tuple[Arrays, Arrays]:
        trained, other = iter(self._state["trained"]), iter(self._state["other"])
        is_trained = {id(v) for v in self._model.trainable_variables}
        variables = [
            np.array(next(trained if id(v) in is_trained else other)) for v in self._model.variables
        ]
        return variables, [np.array(each) for each in self._state["optimizer"]]

    def _passed(
        self, state: dict[str, Any], coming: dict[str, Any], data: Any, known: Any
    ) -> tuple[dict[str, Any], Tensor]:
        step = partial(self._stepped, data, known)
        state, losses = jax.lax.scan(step, state, coming)
        return state, jnp.mean(losses)

    def _stepped(
        self, data: Any, known: Any, state: dict[str, Any], now: dict[str, Any]
    ) -> tuple[dict[str, Any], Tensor]:
        pictures, targets = self._shown(data, known, now)

        def loss_of(trained: Any, n: int) -> tuple[Tensor, Any]:
            variables = trained, state["other"]
            logits, other = self._model.stateless_call(*variables, pictures[:n], training=True)
            losses = learner.cross_entropy(targets[:n], logits, self._examples.groups)
            return jnp.mean(losses), other

        slopes_of = jax.value_and_grad(loss_of, has_aux=True)
        place, rho = state["trained"], self._recipe.sharpness
        if rho:
            _, slopes = slopes_of(place, len(pictures) // 2)
            moves = sharpness.uphill(slopes, rho)
            place = [value + move for value, move in zip(place, moves, strict=True)]
        (loss, other), slopes = slopes_of(place, len(pictures))
        settings = [
            now["rate"] if v.path.endswith("learning_rate") else value
            for v, value in zip(self._optimizer.variables, state["optimizer"], strict=True)
        ]
        trained, settings = self._optimizer.stateless_apply(settings, slopes, state["trained"])
        kept = learner.kept(self._recipe.average_decay, now["step"])
        average = [
            kept * mean + (1 - kept) * value
            for mean, value in zip(state["average"], self._weights(trained, other), strict=True)
        ]
        after = {"trained": trained, "other": other, "optimizer": settings, "average": average}
        return after, loss

    def _shown(self, data: Any, known: Any, now: dict[str, Any]) -> tuple[Tensor, Tensor]:
        """A batch as the network sees it, and what it is to answer."""
        how, (images, targets) = self._recipe, data
        chance, grain = jax.random.split(now["key"])
        batch, wanted = images[now["rows"]], targets[now["rows"]]
        draws = jax.random.uniform(chance, (len(batch), DRAWS))
        pictures = varied(batch, how.variation, draws, jax.random.normal(grain, batch.shape))
        if how.mixup > 0:
            share = now["blend"]
            pictures = share * pictures + (1 - share) * jnp.roll(pictures, 1, axis=0)
            wanted = share * wanted + (1 - share) * jnp.roll(wanted, 1, axis=0)
        teachers = [
            partial(_answer, model, values)
            for (model, _), values in zip(self._teachers, known, strict=True)
        ]
        return pictures, learner.taught(wanted, pictures, teachers, how)

    def _weights(self, trained: Sequence[Tensor], other: Sequence[Tensor]) -> list[Tensor]:
        """In the order of the model's weights."""
        model = self._model
        now = dict(zip(map(id, model.trainable_variables), trained, strict=True))
        now.update(zip(map(id, model.non_trainable_variables), other, strict=True))
        return [now[id(each)] for each in model.weights]


def _values(model: keras.Model) -> tuple[list[Tensor], list[Tensor]]:
    return (
        [v.value for v in model.trainable_variables],
        [v.value for v in model.non_trainable_variables],
    )


def _answer(
    model: keras.Model, values: tuple[list[Tensor], list[Tensor]], pictures: Tensor
) -> Tensor:
    logits, _ = model.stateless_call(*values, pictures, training=False)
    return logits
