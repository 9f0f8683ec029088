"""How near made pictures are to real ones, without downloading a network.

The measure is the Frechet distance between two Gaussians fitted to features, as in FID; but the
features are those of a small convolutional network of random, fixed weights, so its figures
compare runs of ours with each other and with nobody else's. It is called FRD: Frechet random
feature distance. Random convolutions tell textures, colours and coarse shapes apart.

Source: Heusel et al. 2017 for the distance; Naeem et al. 2020, section 4, for random features.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from generator.ops import Tensor

_WIDTHS = (32, 64, 96, 128)
_SEED = 20_200_515


@dataclass(frozen=True, slots=True)
class Gaussian:
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


def features(pictures: Tensor) -> Tensor:
    """Mean and deviation of each channel at each of four scales.

    Args:
        pictures: [n, h, h, 3], -1 to 1, h 8 or more.

    Returns:
        [n, 640].
    """
    x, found = pictures, []
    for scale, kernel in enumerate(_kernels()):
        x = _halved(x) if scale else x
        x = ops.leaky_relu(ops.conv(x, ops.convert_to_tensor(kernel), padding="same"), 0.2)
        mean = ops.mean(x, axis=(1, 2))
        found += [mean, ops.sqrt(ops.mean(ops.square(x - mean[:, None, None]), axis=(1, 2)) + 1e-8)]
    return ops.concatenate(found, axis=1)


def _halved(x: Tensor) -> Tensor:
    n, h, w, c = x.shape
    return ops.mean(ops.reshape(x, (n, h // 2, 2, w // 2, 2, c)), axis=(2, 4))


@cache
def _kernels() -> tuple[NDArray[np.float32], ...]:
    rng = np.random.default_rng(_SEED)
    kernels, width = [], 3
    for wider in _WIDTHS:
        kernel = rng.normal(0, np.sqrt(2 / (9 * width)), (3, 3, width, wider))
        kernels.append(kernel.astype(np.float32))
        width = wider
    return tuple(kernels)


def gaussian(batches: Iterable[Any]) -> Gaussian:
    """Of features, [n, d] each, over all batches."""
    rows = np.concatenate([np.asarray(ops.convert_to_numpy(b), np.float64) for b in batches])
    return Gaussian(rows.mean(axis=0), np.cov(rows, rowvar=False))


def distance(a: Gaussian, b: Gaussian) -> float:
    """|m - m'|^2 + tr(C + C' - 2 (C C')^(1/2))."""
    root = _root(a.covariance)
    between = np.linalg.eigvalsh(root @ b.covariance @ root)
    cross = np.sqrt(np.clip(between, 0, None)).sum()
    away = float(((a.mean - b.mean) ** 2).sum())
    total = float(np.trace(a.covariance) + np.trace(b.covariance))
    return max(away + total - 2 * float(cross), 0.0)


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T)
