"""What StyleGAN2 minimises, and how it takes steps, in the papers' symbols.

G is the generator, D the discriminator, f the mapping and g the synthesis: G = g after f. Each
function is pure, differentiable, and gives a mean over the pictures it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from keras import ops

from generator import chance
from generator.autodiff import gradient
from generator.ops import Tensor


def generator_loss(fake_logits: Tensor) -> Tensor:
    """Non-saturating: E[softplus(-D(G(z)))].

    Source: Goodfellow et al. 2014, section 3.
    """
    return ops.mean(ops.softplus(-fake_logits))


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Logistic: E[softplus(-D(x))] + E[softplus(D(G(z)))]."""
    return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))


def r1(discriminate: Callable[[Tensor], Tensor], x: Tensor, gamma: float) -> Tensor:
    """R1: gamma / 2 * E[|grad D(x)|^2] over real pictures.

    Args:
        discriminate: [n, h, w, 3] to logits [n, 1]; augmentation is part of it.
        x: [n, h, w, 3], real.
        gamma: Its weight.

    Source: Mescheder et al. 2018, equation 9.
    """
    slope = gradient(lambda pictures: ops.sum(discriminate(pictures)))(x)
    return 0.5 * gamma * ops.mean(ops.sum(ops.square(slope), axis=(1, 2, 3)))


def path_lengths(synthesize: Callable[[Tensor], Tensor], ws: Tensor, y: Tensor) -> Tensor:
    """|J_w^T y| of each picture: how far it moves for a step in w.

    Args:
        synthesize: ws [n, num_ws, w_dim] to pictures [n, h, w, 3].
        ws: [n, num_ws, w_dim].
        y: [n, h, w, 3], unit normal.

    Returns:
        [n], the root of the mean over layers.

    Source: Karras et al. 2020, section 3.2; y is divided by the root of the number of pixels, as
    in appendix B.
    """
    y = y / sqrt(y.shape[1] * y.shape[2])
    slope = gradient(lambda ws: ops.sum(synthesize(ws) * y))(ws)
    return ops.sqrt(ops.mean(ops.sum(ops.square(slope), axis=2), axis=1) + 1e-12)


def path_length_penalty(lengths: Tensor, a: Tensor) -> Tensor:
    """E[(|J_w^T y| - a)^2], a the running mean of the lengths: equation 4."""
    return ops.mean(ops.square(lengths - a))


def style_mixed(ws: Tensor, other: Tensor, key: chance.Key, probability: float) -> Tensor:
    """Give some pictures the styles of another latent from a random layer on.

    Args:
        ws: [n, num_ws, w_dim].
        other: Likewise.
        key: For chance.
        probability: That a picture is mixed.

    Source: Karras et al. 2019, section 3.1.
    """
    n, count = ws.shape[0], ws.shape[1]
    cut = 1.0 + ops.floor(chance.uniform(chance.fold(key, 0), (n, 1)) * (count - 1))
    cut = ops.where(chance.uniform(chance.fold(key, 1), (n, 1)) < probability, cut, float(count))
    layers = ops.arange(count, dtype="float32")[None]
    return ops.where((layers < cut)[:, :, None], ws, other)


@dataclass(frozen=True, slots=True)
class Adam:
    """Adam without a first moment (beta1 = 0, as StyleGAN uses it).

    Source: Kingma and Ba 2015, algorithm 1.
    """

    rate: float
    beta2: float = 0.99
    epsilon: float = 1e-8

    def lazy(self, interval: int) -> Adam:
        """For weights that are regularised every `interval` steps, by a step of its own.

        c = interval / (interval + 1), because there are so many more steps.

        Source: Karras et al. 2020, appendix B, "Lazy regularization".
        """
        c = interval / (interval + 1)
        return Adam(self.rate * c, self.beta2**c, self.epsilon)

    def step(
        self,
        weights: Mapping[str, Tensor],
        slopes: Mapping[str, Tensor],
        v: Mapping[str, Tensor],
        t: Tensor,
        along: Mapping[str, Tensor] | None = None,
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """One step down the slopes.

        Args:
            weights: By name.
            slopes: Of the same names; what is not finite counts as 0.
            v: Second moments, of the same names.
            t: How many steps there were, this one included.
            along: What to step along instead of the slopes, such as their running mean.

        Returns:
            New weights and second moments.
        """
        unbiased = 1.0 - ops.power(self.beta2, ops.cast(t, "float32"))
        stepped, moments = {}, {}
        for name, weight in weights.items():
            slope = ops.where(ops.isfinite(slopes[name]), slopes[name], 0.0)
            moments[name] = self.beta2 * v[name] + (1.0 - self.beta2) * ops.square(slope)
            size = ops.sqrt(moments[name] / unbiased) + self.epsilon
            way = slope if along is None else along[name]
            stepped[name] = weight - self.rate * way / size
        return stepped, moments


def averaged(
    average: Mapping[str, Tensor],
    weights: Mapping[str, Tensor],
    images: Any,
    *,
    batch: int,
    half_life: float,
    ramp_up: float = 0.05,
) -> dict[str, Tensor]:
    """Exponential moving average of weights, after a batch.

    Args:
        average: So far.
        weights: To be taken in.
        images: Real pictures shown so far.
        batch: Pictures in a batch.
        half_life: In pictures.
        ramp_up: No half-life is longer than this share of `images`.

    Source: Karras et al. 2018, "Progressive growing", section 4; the ramp: Karras et al. 2020, ADA.
    """
    lasting = ops.minimum(float(half_life), ops.cast(images, "float32") * ramp_up)
    beta = ops.power(0.5, batch / ops.maximum(lasting, 1e-8))
    return {name: weights[name] + (average[name] - weights[name]) * beta for name in average}
