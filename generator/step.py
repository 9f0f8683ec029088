"""One step of training, as pure functions from (state, real pictures) to (state, what was seen).

A state is a nested dictionary of tensors, and holds all that the next step depends on:

    G, D        weights that are trained, by name
    G_ema       G's running average, which pictures are made with in the end
    w_avg       [w_dim], the running mean of w
    v, t        Adam's second moments and count of steps, for G and for D
    a           the running mean of the path lengths
    p           probability of each change in augmentation
    r           sum of sign D(x), and of how many steps
    images      how many real pictures were shown, int32
    key         what chance starts from
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from keras import ops

from generator import chance, devices, networks
from generator.augment import BGC, NOTHING, Changes, adapted, augmented
from generator.autodiff import compiled, value_and_gradient
from generator.configuration import Checkpoint
from generator.losses import (
    Adam,
    averaged,
    discriminator_loss,
    generator_loss,
    path_length_penalty,
    path_lengths,
    r1,
    style_mixed,
)
from generator.ops import Tensor
from generator.recipe import Recipe
from generator.weights import prepared, trained

State: TypeAlias = Any
Seen: TypeAlias = Any
"""Scalars by name."""

W_AVG_DECAY = 0.995
ADA_INTERVAL = 4
"""Steps between two changes of p."""


def fresh(checkpoint: Checkpoint, recipe: Recipe) -> State:
    """The state before the first step, from networks that are new or come from elsewhere."""
    g = prepared(checkpoint.generator)
    d = prepared(checkpoint.discriminator)
    weights = trained(g)

    def zeros(like: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: ops.convert_to_tensor(np.zeros(v.shape, "f")) for name, v in like.items()}

    return {
        "G": weights,
        "D": d,
        # Not the same tensors: a step gives the memory of both back.
        "G_ema": trained(prepared(checkpoint.generator)),
        "w_avg": g["mapping.w_avg"],
        "v": {"G": zeros(weights), "D": zeros(d)},
        "t": {name: _number(0, "int32") for name in ("G", "D")},
        "a": _number(0.0),
        "p": _number(recipe.p),
        "r": {"sum": _number(0.0), "steps": _number(0.0)},
        "images": _number(0, "int32"),
        "key": chance.key(recipe.seed),
    }


def _number(value: float, dtype: str = "float32") -> Tensor:
    return ops.convert_to_tensor(np.array(value, dtype))


def changes_of(recipe: Recipe) -> Changes:
    """Which changes there are, by their letters."""
    if recipe.augmentation == "none":
        return NOTHING
    if recipe.changes == "bgc":
        return BGC
    return Changes(*(letter in recipe.changes for letter in "bgcfnu"))


class Step:
    """The phases of a recipe, compiled. Called with a state, that state must not be used again.

    `devices.using` must be in force as it will be when the step is called; `fused` as in
    `autodiff.compiled`.
    """

    def __init__(self, recipe: Recipe, fused: bool = True) -> None:
        self.recipe = recipe
        self.changes = changes_of(recipe)
        self.optimizers = {
            "G": Adam(recipe.rate).lazy(recipe.path_interval),
            "D": Adam(recipe.rate).lazy(recipe.r1_interval),
        }
        self.frozen = frozen_names(recipe)
        self.phases = {
            # `tf.distribute` gathers what XLA would have to.
            phase.__name__: compiled(
                devices.mapped(phase), donated=(0,), fused=fused and not devices.several()
            )
            for phase in (self.path, self.r1, self.main)
        }

    def __call__(self, state: State, reals: Tensor, number: int) -> tuple[State, Seen]:
        """All phases that are due.

        Args:
            state: Before.
            reals: [n, resolution, resolution, 3] uint8, RGB.
            number: Of the step, from 0: tells which lazy phases are due.
        """
        due = ["main"]
        if number % self.recipe.r1_interval == 0:
            due.insert(0, "r1")
        if number % self.recipe.path_interval == 0 and self.recipe.path_weight:
            due.insert(0, "path")
        seen: Seen = {}
        for name in due:
            state, found = self.phases[name](state, reals)
            seen |= found
        return state, seen

    # --- phases ------------------------------------------------------------------------------

    def main(self, state: State, reals: Tensor) -> tuple[State, Seen]:
        """G against D, then D against G; averages and counters."""
        recipe, n = self.recipe, reals.shape[0]
        key = chance.fold(chance.fold(state["key"], state["images"]), 0)
        x = _pictures(reals)

        def fool(g: Any) -> Any:
            fakes, w = self._made(g, chance.fold(key, 0), n)
            logits = self._judged(state["D"], self._changed(fakes, chance.fold(key, 1), state["p"]))
            return generator_loss(logits), (w, logits)

        (loss_g, (w, _)), slopes = value_and_gradient(fool)(state["G"])
        state = self._stepped(state, "G", slopes)
        nearest = devices.mean(ops.mean(w, axis=0))
        w_avg = nearest + (state["w_avg"] - nearest) * W_AVG_DECAY

        fakes, _ = self._made(state["G"], chance.fold(key, 2), n)
        seen_fakes = self._changed(fakes, chance.fold(key, 3), state["p"])
        seen_reals = self._changed(x, chance.fold(key, 4), state["p"])
        # Side by side, the minibatch deviation's groups hold either reals or fakes.
        both = ops.reshape(ops.stack([seen_reals, seen_fakes], axis=1), (-1, *x.shape[1:]))

        def tell_apart(d: Any) -> Any:
            logits = ops.reshape(self._judged({**state["D"], **d}, both), (n, 2))
            return discriminator_loss(logits[:, 0], logits[:, 1]), logits

        (loss_d, logits), slopes = value_and_gradient(tell_apart)(self._unfrozen(state["D"]))
        state = self._stepped(state, "D", slopes)

        batch = recipe.batch
        sign = devices.mean(ops.mean(ops.sign(logits[:, 0])))
        state = {
            **state,
            "G_ema": averaged(
                state["G_ema"],
                state["G"],
                state["images"] + batch,
                batch=batch,
                half_life=recipe.average,
                ramp_up=recipe.ramp_up,
            ),
            "w_avg": w_avg,
            "images": state["images"] + batch,
            **self._adapted(state, sign),
        }
        seen = {
            "loss_G": devices.mean(loss_g),
            "loss_D": devices.mean(loss_d),
            "D_real": devices.mean(ops.mean(logits[:, 0])),
            "D_fake": devices.mean(ops.mean(logits[:, 1])),
            "r_t": sign,
            # Not the state's own tensor: that one's memory goes to the next step.
            "p": state["p"] + 0.0,
        }
        return state, seen

    def r1(self, state: State, reals: Tensor) -> tuple[State, Seen]:
        """R1 on D, for all the steps in which it is left out."""
        recipe = self.recipe
        key = chance.fold(chance.fold(state["key"], state["images"]), 1)
        x = _pictures(reals)

        def flatten(d: Any) -> Any:
            weights = {**state["D"], **d}

            def judged(pictures: Tensor) -> Tensor:
                return self._judged(weights, self._changed(pictures, key, state["p"]))

            penalty = r1(judged, x, recipe.gamma)
            return penalty * recipe.r1_interval, penalty

        (_, penalty), slopes = value_and_gradient(flatten)(self._unfrozen(state["D"]))
        return self._stepped(state, "D", slopes), {"R1": devices.mean(penalty)}

    def path(self, state: State, reals: Tensor) -> tuple[State, Seen]:
        """Path length regularisation of G, for all the steps in which it is left out."""
        recipe = self.recipe
        n = max(reals.shape[0] // recipe.path_share, 1)
        key = chance.fold(chance.fold(state["key"], state["images"]), 2)
        side = recipe.configuration.resolution
        y = devices.spread(chance.normal(chance.fold(key, 1), (n, side, side, 3)))
        noise = self._noise(chance.fold(key, 2), n)

        def even_out(g: Any) -> Any:
            ws, _ = self._styles(g, chance.fold(key, 0), n)
            lengths = path_lengths(lambda ws: self._synthesized(g, ws, noise), ws, y)
            found = ops.stop_gradient(devices.mean(ops.mean(lengths)))
            a = state["a"] + recipe.path_decay * (found - state["a"])
            penalty = path_length_penalty(lengths, a)
            return penalty * (recipe.path_weight * recipe.path_interval), (penalty, a)

        (_, (penalty, a)), slopes = value_and_gradient(even_out)(state["G"])
        state = {**self._stepped(state, "G", slopes), "a": a}
        return state, {"path": devices.mean(penalty), "path_length": a + 0.0}

    # --- parts -------------------------------------------------------------------------------

    def _styles(self, g: Any, key: chance.Key, n: int) -> tuple[Tensor, Tensor]:
        """Ws of random latents, mixed, and the w of the first ones."""
        c = self.recipe.configuration
        z = devices.spread(chance.normal(chance.fold(key, 0), (n, c.z_dim)))
        w = networks.map_latents(g, c, z)
        ws = networks.broadcast(w, c)
        if self.recipe.mixing:
            z = devices.spread(chance.normal(chance.fold(key, 1), (n, c.z_dim)))
            other = networks.broadcast(networks.map_latents(g, c, z), c)
            ws = style_mixed(ws, other, chance.fold(key, 2), self.recipe.mixing)
        return ws, w

    def _noise(self, key: chance.Key, n: int) -> dict[str, Tensor]:
        shapes = networks.noise_shapes(self.recipe.configuration, n)
        return {
            name: devices.spread(chance.normal(chance.fold(key, i), shape))
            for i, (name, shape) in enumerate(shapes.items())
        }

    def _synthesized(self, g: Any, ws: Tensor, noise: Mapping[str, Tensor]) -> Tensor:
        recipe = self.recipe
        return networks.synthesize(g, recipe.configuration, ws, noise, half_from=recipe.half_from)

    def _made(self, g: Any, key: chance.Key, n: int) -> tuple[Tensor, Tensor]:
        """Pictures of random latents, and their first w."""
        ws, w = self._styles(g, chance.fold(key, 0), n)
        return self._synthesized(g, ws, self._noise(chance.fold(key, 1), n)), w

    def _judged(self, d: Any, pictures: Tensor) -> Tensor:
        recipe = self.recipe
        return networks.discriminate(d, recipe.configuration, pictures, half_from=recipe.half_from)

    def _changed(self, pictures: Tensor, key: chance.Key, p: Tensor) -> Tensor:
        return augmented(pictures, key, p, self.changes)

    def _stepped(self, state: State, network: str, slopes: Mapping[str, Tensor]) -> State:
        """The state after one step of Adam on a network."""
        weights = {name: state[network][name] for name in slopes}
        t = state["t"][network] + 1
        v = {name: state["v"][network][name] for name in slopes}
        slopes = devices.mean(slopes)
        weights, v = self.optimizers[network].step(weights, slopes, v, t)
        return {
            **state,
            network: {**state[network], **weights},
            "v": {**state["v"], network: {**state["v"][network], **v}},
            "t": {**state["t"], network: t},
        }

    def _unfrozen(self, d: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: value for name, value in d.items() if not name.startswith(self.frozen)}

    def _adapted(self, state: State, sign: Tensor) -> dict[str, Any]:
        total, steps = state["r"]["sum"] + sign, state["r"]["steps"] + 1.0
        if self.recipe.augmentation != "ada":
            return {"r": {"sum": total * 0.0, "steps": steps * 0.0}}
        due = steps >= ADA_INTERVAL
        shown = self.recipe.batch * ADA_INTERVAL
        p = adapted(state["p"], total / steps, shown, self.recipe.target)
        kept = ops.where(due, 0.0, 1.0)
        return {
            "p": ops.where(due, p, state["p"]),
            "r": {"sum": total * kept, "steps": steps * kept},
        }


def frozen_names(recipe: Recipe) -> tuple[str, ...]:
    """How the names of D's frozen layers begin.

    Source: Mo et al. 2020, "Freeze the discriminator"; ADA, appendix C.
    """
    largest = sorted(recipe.configuration.resolutions, reverse=True)
    return tuple(f"b{r}." for r in largest[: recipe.freeze])


def _pictures(reals: Tensor) -> Tensor:
    """Uint8 to -1 .. 1."""
    return ops.cast(reals, "float32") * (2 / 255) - 1.0
