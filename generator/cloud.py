"""How the w of a network lie: their average, and how far they spread along which axes.

A search in W moves best where a step in any direction is equally likely, so it moves in v, with
w = average + v @ axes: the w of random latents are unit normal in it. A mapping network stretches
W by a factor of hundreds between directions; without this, Adam takes steps too large along some
and too small along others.

Source: Zhu et al. 2020, "Improved StyleGAN embedding: where are the good latents?", section 3.1
(there in P, before the mapping's last activation).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from keras import ops
from numpy.typing import NDArray

from generator.network import Network

Floats = NDArray[np.float32]

_NARROWEST = 0.03
"""Deviations below this share of their mean count as this: nothing in W is out of reach."""


@dataclass(frozen=True, slots=True)
class Cloud:
    average: Floats
    """[w_dim]."""
    axes: Floats
    """[w_dim, w_dim], rows as long as the deviation along them."""

    @classmethod
    def of(cls, network: Network, count: int, seed: int) -> Cloud:
        """Map that many random latents, of random classes if the network knows some."""
        c = network.configuration
        rng = np.random.default_rng((seed, 0))
        z = rng.standard_normal((count, c.z_dim)).astype(np.float32)
        labels = rng.integers(0, c.c_dim, count) if c.c_dim else None
        w = np.asarray(ops.convert_to_numpy(network.map(z, labels)), np.float64)
        average = w.mean(axis=0)
        centred = w - average
        variances, directions = np.linalg.eigh(centred.T @ centred / count)
        deviations = np.sqrt(variances.clip(0))
        floor = max(_NARROWEST * float(np.sqrt(np.mean(variances.clip(0)))), 1e-6)
        axes = directions.T * np.maximum(deviations, floor)[:, None]
        return cls(average.astype(np.float32), axes.astype(np.float32))

    def v_of(self, w: Floats) -> Floats:
        """[..., w_dim] to the same in v."""
        lengths = np.square(self.axes).sum(axis=1)
        v: Floats = ((w - self.average) @ self.axes.T / lengths).astype(np.float32)
        return v
