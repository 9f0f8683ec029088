"""Teaches an encoder and two generators at once: a photograph and its drawing from one w.

E takes a photograph to w, F draws the photograph from w, and M draws the person as an emoji from w
and from what they feel: w + intensity * direction. M begins as a copy of F, so that layers of one
fit under those of the other. Because every person is shown both ways, what a drawing needs to know
(skin, hair, glasses, beard) is in w, and a w is the same person in both: likeness is taught, not
hoped for.

A photograph of 64 pixels does not say all that its drawing has, and where M cannot know it draws
the middle of what may be, which is a blur. So E takes the drawing of a person at rest to w, too:
from there nothing is unknown, M learns to draw sharply, and attributes lead by a way that is short.

So that layers of F fit under those of M in the end as they did at first, every other step draws
emoji by a blend: the coarse layers of F under the fine ones of M, with a switch by chance.

There is no adversary here, so F's photographs are soft; `train --from` sharpens them afterwards.

A state is a nested dictionary of tensors and holds all that the next step depends on:

    weights     E, F, M and `directions`, by name
    average     the same, averaged over steps: what is kept in the end
    v           Adam's second moments
    t           steps taken, int32
    key         what chance starts from

Sources: the reconstruction of a photograph through w: Richardson et al. 2021, "Encoding in style";
fine-tuning and swapping layers: Pinkney and Adler 2020 (teaching the blends is ours); directions
for expressions: Shen et al. 2020, "Interpreting the latent space of GANs".
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
from generator.blending import position, switch_at
from generator.checkpoints.shapes import discriminator_shapes
from generator.configuration import Configuration, Tensors
from generator.losses import Adam
from generator.ops import Tensor
from generator.pair.couples import EMOTIONS, Couples
from generator.perception import bands
from generator.weights import Weights, fresh_generator, prepared, trained
from vcam_emoji.types import Emotion

State: TypeAlias = Any

_AVERAGE = 0.999
_NOWHERE = -1.0
"""A switch below every layer: M alone draws."""
_NEUTRAL = EMOTIONS.index(Emotion.NEUTRAL)
_ACROSS, _DOWN = (0.22, 0.78), (0.3, 0.84)
"""Where eyes, brows and mouth are drawn, shares of the side."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the result, beside the couples and the time."""

    configuration: Configuration
    batch: int = 16
    """People in a step."""
    moods: int = 2
    """Drawings for each photograph in a step, at least 2: one of its person, the others of someone
    who is known by a drawing at rest."""
    half_from: int | None = None
    """From that resolution on activations are bfloat16; None keeps float32."""
    rate: float = 0.0025
    """Of Adam, at first; it falls along a cosine to 0."""
    alone: float = 0.2
    """Share of the time in which photographs are learnt alone, before M begins as F."""
    shake: float = 0.1
    """Deviation of the noise on w, whose own is about 1, for each layer by itself: near w then are
    near people, also where a search has left the w that are the same in all layers."""
    features: float = 4.0
    """How much more a pixel of a drawing counts where eyes, brows and mouth are."""
    blended: float = 0.5
    """Share of the steps in which a blend draws the emoji."""
    tame: float = 1e-3
    """Weight of the mean square of w."""
    light: float = 0.1
    """Photographs are made lighter or darker by as much, and each colour by a third of it."""
    seed: int = 0


def fresh(recipe: Recipe, weights: Any = None) -> State:
    """The state before the first step: of random E and F, or of those weights."""
    if weights is None:
        rng = np.random.default_rng(recipe.seed)
        c = recipe.configuration
        weights = {
            "E": prepared(fresh_encoder(c, rng)),
            "F": trained(prepared(fresh_generator(c, rng))),
        }
    return {
        "weights": _copied(weights),
        "average": _copied(weights),
        "v": tree.map_structure(ops.zeros_like, weights),
        "t": ops.convert_to_tensor(np.array(0, np.int32)),
        "key": chance.key(recipe.seed),
    }


def with_drawings(state: State, recipe: Recipe) -> State:
    """The state once M is there, a copy of F, and nobody's face moves yet."""
    c = recipe.configuration
    still = ops.convert_to_tensor(np.zeros((len(EMOTIONS), c.num_ws, c.w_dim), np.float32))

    def joined(part: str) -> dict[str, Any]:
        return {**state[part], **_copied({"M": state[part]["F"], "D": {"directions": still}})}

    weights = joined("weights")
    new = {part: tree.map_structure(ops.zeros_like, weights[part]) for part in ("M", "D")}
    return {**state, "weights": weights, "average": joined("average"), "v": {**state["v"], **new}}


def _copied(weights: Any) -> Any:
    """Tensors of their own, for a step gives their memory back."""
    return tree.map_structure(lambda x: x + 0.0, weights)


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


def encode(
    weights: Mapping[str, Tensor], c: Configuration, photos: Tensor, half_from: int | None = None
) -> Tensor:
    """Photographs, or drawings of people at rest, to w.

    Args:
        weights: Of E.
        c: Of the generators.
        photos: [n, r, r, 3], -1 to 1.
        half_from: As in `networks`.

    Returns:
        [n, w_dim].
    """
    return networks.discriminate(weights, encoder_configuration(c), photos, half_from=half_from)


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


def switches(c: Configuration) -> tuple[int, ...]:
    """The resolutions up to which layers of F are taught under those of M.

    M needs the last two to draw.
    """
    return c.resolutions[:-2] or c.resolutions[:1]


def under(faces: Weights, emoji: Weights, switch: Tensor) -> dict[str, Any]:
    """A generator with the layers of `faces` below a place in the row of `blending.position`."""
    return {
        name: ops.where(switch < position(name), own, faces[name])
        if name.startswith("synthesis.")
        else own
        for name, own in emoji.items()
    }


def unlike(one: Tensor, other: Tensor, features: float = 1.0) -> Tensor:
    """How different pictures look: absolute differences, of pixels and of edges.

    Args:
        one: [n, r, r, 3], aligned as FFHQ is.
        other: Likewise.
        features: How much more a pixel counts where eyes, brows and mouth are.
    """
    found = 0.0
    for a, b in [*zip(bands(one), bands(other), strict=True), (2.0 * one, 2.0 * other)]:
        apart = ops.abs(a - b)
        if features != 1.0:
            apart = apart * attention(int(a.shape[1]), features)
        found = found + ops.mean(apart)
    return found


def attention(side: int, features: float) -> NDArray[np.float32]:
    """How much each pixel counts, [1, side, side, 1]; 1 on average, so that rates stay right."""
    middle = (np.arange(side, dtype=np.float32) + 0.5) / side
    across, down = ((low < middle) & (middle < high) for low, high in (_ACROSS, _DOWN))
    weights = np.where(down[:, None] & across[None], np.float32(features), np.float32(1.0))
    found: NDArray[np.float32] = (weights / weights.mean())[None, :, :, None]
    return found


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
        photos, rest, drawings = (_scaled(batch[each]) for each in ("photos", "rest", "drawings"))
        n = photos.shape[0]
        met = ops.concatenate([photos, rest]) if phase == "both" else photos
        key = chance.fold(state["key"], state["t"])
        shaken = recipe.shake * chance.normal(key, (met.shape[0], c.num_ws, c.w_dim))

        def drawn(weights: Any, ws: Any) -> Any:
            return networks.synthesize(weights, c, ws, "none", half_from=recipe.half_from)

        def loss(weights: Any) -> Any:
            w = encode(weights["E"], c, met, recipe.half_from)
            ws = networks.broadcast(w, c) + shaken
            seen = unlike(drawn(weights["F"], ws[:n]), photos)
            total, told = seen + recipe.tame * ops.mean(ops.square(w)), {"photos": seen}
            if phase == "both":
                # First from the photographs, then, mood by mood, from drawings at rest.
                many = ops.concatenate([ws, *[ws[n:]] * (drawings.shape[0] // n - 2)])
                moved = felt(
                    many, weights["D"]["directions"], batch["emotions"], batch["intensities"]
                )
                emoji = under(weights["F"], weights["M"], batch["switch"])
                told["drawings"] = unlike(drawn(emoji, moved), drawings, recipe.features)
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


def _scaled(pictures: Tensor) -> Tensor:
    return ops.cast(pictures, "float32") * (2 / 255) - 1.0


def batch_of(
    couples: Couples,
    recipe: Recipe,
    rows: NDArray[np.int64],
    drawn: NDArray[np.int64],
    rng: np.random.Generator,
) -> dict[str, NDArray[Any]]:
    """Photographs of these rows, half of them mirrored, in varied light; and drawings.

    Each photograph comes with a drawing of its person in a mood by chance. As many people, of
    whom there need be no photograph, come with their drawing at rest and others. A drawing is
    never mirrored: hair is parted and tears run on one side in all of them, and who has to draw
    both draws neither.

    Args:
        couples: What is learnt from.
        recipe: In how many moods.
        rows: [n], of the photographs.
        drawn: Rows of the people of whom n are chosen.
        rng: For chance.

    Returns:
        `photos` [n, r, r, 3], `rest` likewise, and `drawings` [n * moods, r, r, 3] with `emotions`
        and `intensities`: of the photographs' people first, then mood by mood of the others. And
        `switch`, below which layers of F draw them: a place in the row of `blending.position`.
    """
    n, known = len(rows), couples.drawings.shape[1]
    others = rng.choice(drawn, n)
    moods = rng.random((n, known)).argsort(axis=1)[:, : recipe.moods - 1].T
    who = np.concatenate([rows, np.tile(others, len(moods))])
    column = np.concatenate([rng.integers(0, known, n), moods.ravel()])
    photos = couples.photos[rows].astype(np.float32)
    turned = rng.random(n) < 0.5
    photos[turned] = photos[turned, :, ::-1]
    lighter = 1 + recipe.light * rng.uniform(-1, 1, (n, 1, 1, 1))
    tinted = 1 + recipe.light / 3 * rng.uniform(-1, 1, (n, 1, 1, 3))
    blends = rng.random() < recipe.blended
    switch = switch_at(int(rng.choice(switches(recipe.configuration)))) if blends else _NOWHERE
    return {
        "switch": np.float32(switch),
        "photos": np.rint((photos * lighter * tinted).clip(0, 255)).astype(np.uint8),
        "rest": couples.drawings[others, 0],
        "drawings": couples.drawings[who, column],
        "emotions": couples.emotions[who, column].astype(np.int32),
        "intensities": couples.intensities[who, column],
    }
