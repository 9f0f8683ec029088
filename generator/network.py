"""A network ready to draw: opened from where it is kept, with seeds for faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from generator import networks
from generator.autodiff import compiled
from generator.checkpoints.reading import load
from generator.configuration import Checkpoint, Configuration
from generator.ops import Tensor
from generator.weights import Weights, prepared
from vcam_emoji.errors import UsageError

_PIXELS_AT_ONCE = 4 * 256 * 256
"""Drawn in one call: more is not faster, and takes memory."""


@dataclass(frozen=True, slots=True)
class Network:
    """A generator, and the discriminator it was trained with if that was kept."""

    configuration: Configuration
    weights: Weights
    discriminator: Weights
    """Empty where there is none."""

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Network:
        """Take the arrays of a checkpoint to the backend."""
        return cls(
            checkpoint.configuration,
            prepared(checkpoint.generator),
            prepared(checkpoint.discriminator),
        )

    @property
    def w_avg(self) -> Tensor:
        """[w_dim]."""
        return self.weights["mapping.w_avg"]

    def map(self, z: NDArray[np.float32], labels: NDArray[np.int64] | None = None) -> Tensor:
        """Z [n, z_dim] to w [n, w_dim]; labels are [n], for networks that take them.

        Raises:
            UsageError: a label is missing, is not known, or is of no use here.
        """
        c = None
        classes = self.configuration.c_dim
        if classes:
            if labels is None or labels.min() < 0 or labels.max() >= classes:
                raise UsageError(
                    f"This network draws {classes} classes.",
                    f"Say which: --label 0 to --label {classes - 1}.",
                )
            c = ops.convert_to_tensor(np.eye(classes, dtype=np.float32)[labels])
        elif labels is not None:
            raise UsageError("This network knows no classes.", "Leave --label out.")
        return networks.map_latents(self.weights, self.configuration, ops.convert_to_tensor(z), c)

    def faces(
        self,
        seeds: Sequence[int],
        psi: float = 1.0,
        cutoff: int | None = None,
        label: int | None = None,
    ) -> Tensor:
        """The ws of seeds: [n, num_ws, w_dim].

        Args:
            seeds: One for each face; the same seed is the same z as in the public StyleGAN2 tools.
            psi: See `networks.truncated`.
            cutoff: As there.
            label: For networks that take one.

        Raises:
            UsageError: as `map` does.
        """
        labels = None if label is None else np.full(len(seeds), label, np.int64)
        w = self.map(latents(seeds, self.configuration.z_dim), labels)
        return networks.truncated(
            networks.broadcast(w, self.configuration), self.w_avg, psi, cutoff
        )

    def draw(self, ws: Any) -> NDArray[np.uint8]:
        """Ws [n, num_ws, w_dim] to pictures [n, resolution, resolution, 3], RGB."""
        step = max(1, _PIXELS_AT_ONCE // self.configuration.resolution**2)
        synthesis = _synthesis(self.configuration)
        return np.concatenate(
            [
                as_bytes(synthesis(dict(self.weights), ws[at : at + step]))
                for at in range(0, ws.shape[0], step)
            ]
        )


@cache
def _synthesis(configuration: Configuration) -> Callable[[Any, Any], Any]:
    """Weights and ws to pictures, compiled: a sixth less time than layer by layer."""
    return compiled(lambda weights, ws: networks.synthesize(weights, configuration, ws))


def latents(seeds: Sequence[int], z_dim: int) -> NDArray[np.float32]:
    """[n, z_dim], unit normal, by the generator that the public StyleGAN2 tools use."""
    rows = [np.random.RandomState(seed).randn(z_dim) for seed in seeds]
    return np.stack(rows).astype(np.float32)


def as_bytes(pictures: Tensor) -> NDArray[np.uint8]:
    """Pictures of -1 to 1 as grey levels, rounded, beyond that cut off."""
    values = np.asarray(ops.convert_to_numpy(pictures), np.float32)
    levels: NDArray[np.uint8] = np.clip(values * 127.5 + 128.0, 0, 255).astype(np.uint8)
    return levels


def open_network(path: Path) -> Network:
    """Read a network of any form, ready to draw.

    Raises:
        CheckpointError: as `reading.load` does.
    """
    return Network.of(load(path))
