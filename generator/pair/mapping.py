"""A mapping from random z to w as people have them, so that a pair draws people who do not exist.

F and M are taught on the w of photographs; which w there are, the mapping learns afterwards, from
their distribution alone: along random directions, as many z as photographs must lie alike.

Source: Deshpande et al. 2018, "Generative modeling using the sliced Wasserstein distance".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from generator import chance, networks
from generator.autodiff import compiled, value_and_gradient
from generator.configuration import Configuration
from generator.losses import Adam
from generator.ops import Tensor
from generator.weights import Weights, fresh_generator, prepared

_BATCH = 1024
_DIRECTIONS = 128
_RATE = 1.0
"""At first. Of a mapping's weights, which are a hundred times what they stand for."""


def fitted(
    w: NDArray[np.float32],
    configuration: Configuration,
    steps: int = 1500,
    seed: int = 0,
    tell: Callable[[int, float], None] = lambda _step, _distance: None,
) -> Weights:
    """The weights of a mapping.

    Args:
        w: [n, w_dim], of people.
        configuration: Of the networks it is for.
        steps: Of gradient descent.
        seed: Of its beginning, and of chance.
        tell: Is told after each step how far the two distributions are apart.
    """
    rng = np.random.default_rng(seed)
    whole = prepared(fresh_generator(configuration, rng))
    weights = {name: x for name, x in whole.items() if name.startswith("mapping.fc")}
    v = {name: ops.zeros_like(x) for name, x in weights.items()}
    step = compiled(_Step(configuration))
    key = chance.key(seed)
    for number in range(steps):
        chosen = w[rng.integers(0, len(w), _BATCH)]
        rate = _RATE * (0.5 + 0.5 * np.cos(np.pi * number / steps))
        distance, weights, v = step(
            weights,
            v,
            ops.convert_to_tensor(chosen),
            chance.fold(key, number),
            ops.convert_to_tensor(np.float32(max(rate, 1e-6))),
            ops.convert_to_tensor(np.int32(number + 1)),
        )
        tell(number + 1, float(distance))
    return weights


def apart(one: Tensor, other: Tensor, directions: Tensor) -> Tensor:
    """Squared sliced 2-Wasserstein distance between samples [n, d], along [d, k] unit vectors."""
    a, b = (ops.sort(ops.matmul(each, directions), axis=0) for each in (one, other))
    return ops.mean(ops.square(a - b))


class _Step:
    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    def __call__(
        self, weights: Any, v: Any, wanted: Tensor, key: Any, rate: Tensor, t: Tensor
    ) -> Any:
        c = self._configuration
        z = chance.normal(chance.fold(key, 0), (_BATCH, c.z_dim))
        directions = chance.normal(chance.fold(key, 1), (c.w_dim, _DIRECTIONS))
        directions = directions * ops.rsqrt(ops.sum(ops.square(directions), axis=0, keepdims=True))

        def loss(own: Any) -> Any:
            return apart(networks.map_latents(own, c, z), wanted, directions), ()

        (distance, _), slopes = value_and_gradient(loss)(weights)
        weights, v = Adam(rate).step(weights, slopes, v, t)
        return distance, weights, v
