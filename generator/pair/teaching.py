"""Teaches an encoder and two generators at once: a photograph and its drawing from one w.

E takes a photograph to w, F draws the photograph from w, and M draws the person as an emoji from w
and from what they feel: w + intensity * direction. M begins as a copy of F, so that layers of one
fit under those of the other. Because every person is shown both ways, what a drawing needs to know
(skin, hair, glasses, beard) is in w, and a w is the same person in both: likeness is taught, not
hoped for.

There is no adversary here, so F's photographs are soft; `train --from` sharpens them afterwards.

A state is a nested dictionary of tensors and holds all that the next step depends on:

    weights     E, F, M and `directions`, by name
    average     the same, averaged over steps: what is kept in the end
    v           Adam's second moments
    t           steps taken, int32
    key         what chance starts from

Sources: the reconstruction of a photograph through w: Richardson et al. 2021, "Encoding in style";
fine-tuning and swapping layers: Pinkney and Adler 2020; directions for expressions: Shen et al.
2020, "Interpreting the latent space of GANs".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import cos, pi
from typing import Any, TypeAlias

import numpy as np
from keras import ops, tree
from numpy.typing import NDArray

from generator import chance, networks
from generator.autodiff import compiled, value_and_gradient
from generator.checkpoints.shapes import discriminator_shapes
from generator.configuration import Configuration, Tensors
from generator.losses import Adam
from generator.ops import Tensor
from generator.pair.couples import EMOTIONS, Couples
from generator.perception import bands
from generator.weights import fresh_generator, prepared, trained
from vcam_emoji.types import Emotion

State: TypeAlias = Any

_AVERAGE = 0.999
_NEUTRAL = EMOTIONS.index(Emotion.NEUTRAL)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the result, beside the couples and the time."""

    configuration: Configuration
    batch: int = 32
    rate: float = 0.0025
    """Of Adam, at first; it falls along a cosine to 0."""
    alone: float = 0.3
    """Share of the time in which photographs are learnt alone, before M begins as F."""
    shake: float = 0.1
    """Deviation of the noise on w, whose own is about 1: near w then are near people."""
    tame: float = 1e-3
    """Weight of the mean square of w."""
    light: float = 0.1
    """Photographs are made lighter or darker by as much, and each colour by a third of it."""
    seed: int = 0


def fresh(recipe: Recipe) -> State:
    """The state before the first step."""
    rng = np.random.default_rng(recipe.seed)
    c = recipe.configuration
    weights = {
        "E": prepared(fresh_encoder(c, rng)),
        "F": trained(prepared(fresh_generator(c, rng))),
    }
    return {
        "weights": weights,
        "average": tree.map_structure(lambda x: x + 0.0, weights),
        "v": tree.map_structure(ops.zeros_like, weights),
        "t": ops.convert_to_tensor(np.array(0, np.int32)),
        "key": chance.key(recipe.seed),
    }


def with_drawings(state: State, recipe: Recipe) -> State:
    """The state once M is there, a copy of F, and nobody's face moves yet."""
    c = recipe.configuration
    still = ops.convert_to_tensor(np.zeros((len(EMOTIONS), c.num_ws, c.w_dim), np.float32))

    def joined(part: str, emoji: Any, directions: Any) -> dict[str, Any]:
        return {**state[part], "M": emoji, "D": {"directions": directions}}

    copy = tree.map_structure(lambda x: x + 0.0, state["weights"]["F"])
    return {
        **state,
        "weights": joined("weights", copy, still),
        "average": joined(
            "average", tree.map_structure(lambda x: x + 0.0, state["average"]["F"]), still + 0.0
        ),
        "v": joined("v", tree.map_structure(ops.zeros_like, copy), still + 0.0),
    }


def encoder_configuration(c: Configuration) -> Configuration:
    """A discriminator's without labels, that looks at each picture by itself."""
    return replace(c, c_dim=0, group_size=1, discriminator="resnet")


def encoder_shapes(c: Configuration) -> dict[str, tuple[int, ...]]:
    """Of every tensor, stored: a discriminator's, with a w in the place of the logit."""
    shapes = discriminator_shapes(encoder_configuration(c))
    features = shapes["b4.out.weight"][1]
    return {**shapes, "b4.out.weight": (c.w_dim, features), "b4.out.bias": (c.w_dim,)}


def fresh_encoder(c: Configuration, rng: np.random.Generator) -> Tensors:
    """Random weights, in the stored layout."""
    return {
        name: rng.normal(0.0, 1.0, shape).astype(np.float32)
        if name.endswith("weight")
        else np.zeros(shape, np.float32)
        for name, shape in encoder_shapes(c).items()
    }


def encode(weights: Mapping[str, Tensor], c: Configuration, photos: Tensor) -> Tensor:
    """Photographs [n, r, r, 3], -1 to 1, to w [n, w_dim]."""
    return networks.discriminate(weights, encoder_configuration(c), photos)


def felt(ws: Tensor, directions: Tensor, emotion: Tensor, intensity: Tensor) -> Tensor:
    """Ws of people who feel something.

    Args:
        ws: [n, num_ws, w_dim], at rest.
        directions: [7, num_ws, w_dim], in the order of `Emotion`; that of neutral counts as 0.
        emotion: [n], int.
        intensity: [n], 0 to 1.
    """
    kept = np.ones((len(EMOTIONS), 1, 1), np.float32)
    kept[_NEUTRAL] = 0.0
    return ws + ops.take(directions * kept, emotion, axis=0) * intensity[:, None, None]


def unlike(one: Tensor, other: Tensor) -> Tensor:
    """How different pictures [n, r, r, 3] look: absolute differences, of pixels and of edges."""
    parts = zip(bands(one), bands(other), strict=True)
    return sum(ops.mean(ops.abs(a - b)) for a, b in parts) + 2.0 * ops.mean(ops.abs(one - other))


class Teacher:
    """Takes steps; compiled once for each phase."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._steps: dict[str, Callable[..., Any]] = {
            phase: compiled(lambda s, b, r, phase=phase: self._stepped(phase, s, b, r), (0,))
            for phase in ("photos", "both")
        }

    def step(self, state: State, batch: Any, share: float) -> tuple[State, Mapping[str, Tensor]]:
        """One step.

        Args:
            state: It is used up.
            batch: From `batches`.
            share: Of the time, 0 to 1: the rate falls along it.

        Returns:
            The state after it, and how unlike the photographs and the drawings were.
        """
        phase = "both" if "M" in state["weights"] else "photos"
        rate = self.recipe.rate * (0.5 + 0.5 * cos(pi * min(share, 1.0)))
        found: tuple[State, Mapping[str, Tensor]] = self._steps[phase](
            state, batch, ops.convert_to_tensor(np.float32(max(rate, 1e-6)))
        )
        return found

    def _stepped(self, phase: str, state: State, batch: Any, rate: Tensor) -> Any:
        recipe, c = self.recipe, self.recipe.configuration
        photos = ops.cast(batch["photos"], "float32") * (2 / 255) - 1.0
        n = photos.shape[0]
        key = chance.fold(state["key"], state["t"])
        shaken = recipe.shake * chance.normal(key, (n, c.w_dim))

        def loss(weights: Any) -> Any:
            w = encode(weights["E"], c, photos)
            ws = networks.broadcast(w + shaken, c)
            seen = unlike(networks.synthesize(weights["F"], c, ws, "none"), photos)
            total, told = seen + recipe.tame * ops.mean(ops.square(w)), {"photos": seen}
            if phase == "both":
                drawings = ops.cast(batch["drawings"], "float32") * (2 / 255) - 1.0
                moved = felt(
                    ws, weights["D"]["directions"], batch["emotions"], batch["intensities"]
                )
                made = networks.synthesize(weights["M"], c, moved, "none")
                told["drawings"] = unlike(made, drawings)
                total = total + told["drawings"]
            return total, told

        (_, told), slopes = value_and_gradient(loss)(state["weights"])
        t = state["t"] + 1
        adam = Adam(rate)
        weights, v = {}, {}
        for part, own in state["weights"].items():
            weights[part], v[part] = adam.step(own, slopes[part], state["v"][part], t)
        kept = ops.minimum(
            _AVERAGE, (1.0 + ops.cast(t, "float32")) / (10.0 + ops.cast(t, "float32"))
        )
        average = tree.map_structure(
            lambda old, new: new + (old - new) * kept, state["average"], weights
        )
        return {**state, "weights": weights, "average": average, "v": v, "t": t}, told


def batch_of(
    couples: Couples, recipe: Recipe, rows: NDArray[np.int64], rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """Photographs of these rows with one drawing each, half of them mirrored, in varied light."""
    column = rng.integers(0, couples.drawings.shape[1], len(rows))
    photos, drawings = couples.photos[rows].astype(np.float32), couples.drawings[rows, column]
    turned = rng.random(len(rows)) < 0.5
    photos[turned], drawings[turned] = photos[turned, :, ::-1], drawings[turned, :, ::-1]
    lighter = 1 + recipe.light * rng.uniform(-1, 1, (len(rows), 1, 1, 1))
    tinted = 1 + recipe.light / 3 * rng.uniform(-1, 1, (len(rows), 1, 1, 3))
    return {
        "photos": np.rint((photos * lighter * tinted).clip(0, 255)).astype(np.uint8),
        "drawings": drawings,
        "emotions": couples.emotions[rows, column].astype(np.int32),
        "intensities": couples.intensities[rows, column],
    }
