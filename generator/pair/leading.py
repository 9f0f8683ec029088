"""From drawings of a person to what draws them: a latent that all emotions share, a tuned network.

Whoever is searched for at rest alone is found where the directions of emotions were never taught
to lead: the face is right, and its smile is weak. But drawings can be had of every emotion, so all
of them say which latent it is. What no latent of the network draws (a hair style it has hardly
seen, the rims of glasses), the network then learns for this one person, around that latent.

Sources: Abdal et al. 2019, "Image2StyleGAN" (the search in w+); Zhu et al. 2020, "In-domain GAN
inversion" (beginning at an encoder's guess); Roich et al. 2021, "Pivotal tuning for latent-based
editing of real images".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from math import cos, pi
from typing import Any, TypeAlias

import numpy as np
from keras import ops, tree
from numpy.typing import NDArray

from generator import networks
from generator.autodiff import compiled, value_and_gradient
from generator.cloud import Cloud
from generator.configuration import Configuration
from generator.losses import Adam
from generator.ops import Tensor
from generator.pair.couples import EMOTIONS
from generator.pair.pair import Pair
from generator.pair.teaching import felt, unlike
from generator.weights import trained
from vcam_emoji.types import Emotion

Moods: TypeAlias = Sequence[tuple[Emotion, float]]

_AVERAGED = 10_000
"""Latents of which the deviations of w are taken."""
_INERTIA = 0.9
"""Adam's beta1. Every step sees all drawings, so slopes hardly change from one to the next, and
going on as before gets a tenth further than StyleGAN's 0 does."""


@dataclass(frozen=True, slots=True)
class Lead:
    """How far is searched and tuned."""

    searched: int = 40
    """Steps along the latent."""
    rate: float = 0.15
    """Of Adam in the search, in deviations of w, at first; it falls along a cosine to 0."""
    tuned: int = 120
    """Steps of the network of emoji and of the directions."""
    tuning_rate: float = 0.01
    """Likewise, of their weights."""
    features: float = 4.0
    """How much more a pixel counts where eyes, brows and mouth are."""


LEAD = Lead()


def searched(
    pair: Pair,
    drawings: NDArray[np.uint8],
    moods: Moods,
    begin: NDArray[np.float32],
    lead: Lead = LEAD,
) -> NDArray[np.float32]:
    """The ws [num_ws, w_dim], at rest, with which the pair draws a person most like the drawings.

    Args:
        pair: Taught.
        drawings: [k, r, r, 3] RGB on `couples.GROUND`.
        moods: Of each of them.
        begin: Ws to start from, such as an encoder's.
        lead: How far.
    """
    cloud = Cloud.of(pair.emoji, _AVERAGED, 0)
    frame = {
        **_frame(drawings, moods),
        "weights": dict(pair.emoji.weights),
        "directions": ops.convert_to_tensor(pair.directions),
        "average": ops.convert_to_tensor(cloud.average),
        "axes": ops.convert_to_tensor(cloud.axes),
    }
    x = {"latent": {"v": ops.convert_to_tensor(cloud.v_of(begin))}}
    step = _stepping(_search_loss, pair.configuration, lead.features)
    x = _descended(step, frame, x, lead.rate, lead.searched)
    found: NDArray[np.float32] = ops.convert_to_numpy(_ws(x["latent"]["v"], frame))
    return found


def tuned(
    pair: Pair,
    drawings: NDArray[np.uint8],
    moods: Moods,
    ws: NDArray[np.float32],
    lead: Lead = LEAD,
) -> Pair:
    """The pair, its network of emoji and its directions changed so that the person is drawn right.

    Args:
        pair: Taught.
        drawings: As for `searched`.
        moods: Of each of them.
        ws: [num_ws, w_dim], of the person at rest; they stay.
        lead: How far.
    """
    frame = {**_frame(drawings, moods), "ws": ops.convert_to_tensor(ws)}
    x = {
        "M": trained(pair.emoji.weights),
        "D": {"directions": ops.convert_to_tensor(pair.directions)},
    }
    step = _stepping(_tuning_loss, pair.configuration, lead.features)
    x = _descended(step, frame, x, lead.tuning_rate, lead.tuned)
    emoji = replace(pair.emoji, weights={**pair.emoji.weights, **x["M"]})
    directions: NDArray[np.float32] = ops.convert_to_numpy(x["D"]["directions"])
    return replace(pair, emoji=emoji, directions=directions, alone=None)


def _frame(drawings: NDArray[np.uint8], moods: Moods) -> dict[str, Tensor]:
    numbers = np.array([EMOTIONS.index(emotion) for emotion, _ in moods], np.int32)
    strengths = np.array([intensity for _, intensity in moods], np.float32)
    return {
        "wanted": ops.convert_to_tensor(drawings.astype(np.float32) * np.float32(2 / 255) - 1),
        "emotions": ops.convert_to_tensor(numbers),
        "intensities": ops.convert_to_tensor(strengths),
    }


def _descended(step: Callable[..., Any], frame: Any, x: Any, rate: float, steps: int) -> Any:
    moments = tuple(tree.map_structure(ops.zeros_like, x) for _ in range(2))
    for number in range(steps):
        falling = rate * (0.5 + 0.5 * cos(pi * number / steps))
        numbers = np.float32(falling), np.int32(number + 1)
        x, moments = step(frame, x, moments, *map(ops.convert_to_tensor, numbers))
    return x


@lru_cache(maxsize=4)
def _stepping(
    loss: Callable[..., Tensor], configuration: Configuration, features: float
) -> Callable[..., Any]:
    """Compiled: that takes seconds, so that one person after another shares it."""
    return compiled(partial(_stepped, loss, configuration, features))


def _stepped(
    loss: Callable[..., Tensor],
    c: Configuration,
    features: float,
    frame: Any,
    x: Any,
    moments: Any,
    rate: Tensor,
    t: Tensor,
) -> Any:
    """X after a step, with the running means of its slopes and of their squares."""
    _, slopes = value_and_gradient(lambda own: (loss(c, features, frame, own), ()))(x)
    means, squares = moments
    means = tree.map_structure(
        lambda old, slope: (
            _INERTIA * old + (1.0 - _INERTIA) * ops.where(ops.isfinite(slope), slope, 0.0)
        ),
        means,
        slopes,
    )
    unbiased = 1.0 - ops.power(_INERTIA, ops.cast(t, "float32"))
    along = tree.map_structure(lambda each: each / unbiased, means)
    adam = Adam(rate)
    stepped = {
        part: adam.step(own, slopes[part], squares[part], t, along[part]) for part, own in x.items()
    }
    x, squares = ({part: each[at] for part, each in stepped.items()} for at in (0, 1))
    return x, (means, squares)


def _search_loss(c: Configuration, features: float, frame: Any, x: Any) -> Tensor:
    ws = _ws(x["latent"]["v"], frame)
    return _wrong(c, features, frame, ws, frame["weights"], frame["directions"])


def _tuning_loss(c: Configuration, features: float, frame: Any, x: Any) -> Tensor:
    return _wrong(c, features, frame, frame["ws"], x["M"], x["D"]["directions"])


def _wrong(
    c: Configuration, features: float, frame: Any, ws: Tensor, weights: Any, directions: Tensor
) -> Tensor:
    many = ops.repeat(ws[None], frame["wanted"].shape[0], axis=0)
    moved = felt(many, directions, frame["emotions"], frame["intensities"])
    return unlike(networks.synthesize(weights, c, moved, "none"), frame["wanted"], features)


def _ws(v: Tensor, frame: Any) -> Tensor:
    return frame["average"] + ops.matmul(v, frame["axes"])
