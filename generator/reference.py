"""Slow twins of `ops` in plain numpy: what each operation means, loop by loop, in float64.

They take and give the same shapes. Nothing but the tests runs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]


def upfirdn(
    x: Array,
    taps: Sequence[float],
    up: int = 1,
    down: int = 1,
    pad: tuple[int, int] = (0, 0),
    gain: float = 1.0,
) -> Array:
    """See `ops.upfirdn`; the filter is applied as a two-dimensional one."""
    n, h, w, c = x.shape
    filled = np.zeros((n, h * up, w * up, c))
    filled[:, ::up, ::up] = x
    before, after = pad
    grown = np.pad(
        filled, ((0, 0), (max(before, 0), max(after, 0)), (max(before, 0), max(after, 0)), (0, 0))
    )
    grown = grown[:, max(-before, 0) : grown.shape[1] - max(-after, 0)]
    grown = grown[:, :, max(-before, 0) : grown.shape[2] - max(-after, 0)]
    kernel = np.outer(taps, taps)[::-1, ::-1]
    kernel = kernel / kernel.sum() * gain
    k = len(taps)
    rows, columns = grown.shape[1] - k + 1, grown.shape[2] - k + 1
    result = np.zeros((n, rows, columns, c))
    for row in range(rows):
        for column in range(columns):
            patch = grown[:, row : row + k, column : column + k]
            result[:, row, column] = np.einsum("nijc,ij->nc", patch, kernel)
    return result[:, ::down, ::down]


def modulated_conv(
    x: Array, kernel: Array, style: Array, demodulate: bool = True, up: int = 1
) -> Array:
    """Equations 1 and 3 of Karras et al. 2020 as they stand: weights for each picture."""
    taps = (1.0, 3.0, 3.0, 1.0)
    results = []
    for picture, scales in zip(x, style, strict=True):
        own = kernel * scales[None, None, :, None]
        if demodulate:
            own = own / np.sqrt((own**2).sum(axis=(0, 1, 2), keepdims=True) + 1e-8)
        held = picture[None]
        if up == 2:
            # The picture with zeros between its pixels, convolved (not correlated: hence the
            # flip) over all that the kernel touches, then filtered.
            n, h, w, c = held.shape
            filled = np.zeros((n, 2 * h - 1, 2 * w - 1, c))
            filled[:, ::2, ::2] = held
            k = kernel.shape[0] - 1
            full = np.pad(filled, ((0, 0), (k, k), (k, k), (0, 0)))
            results.append(upfirdn(_valid(full, own[::-1, ::-1]), taps, pad=(1, 1), gain=4.0))
        else:
            k = kernel.shape[0] // 2
            results.append(_valid(np.pad(held, ((0, 0), (k, k), (k, k), (0, 0))), own))
    return np.concatenate(results)


def adaptive_instance_norm(x: Array, scale: Array, bias: Array) -> Array:
    """Equation 1 of Karras et al. 2019 as it stands."""
    result = np.empty_like(x)
    for n in range(x.shape[0]):
        for c in range(x.shape[3]):
            plane = x[n, :, :, c]
            spread = np.sqrt(plane.var() + 1e-8)
            result[n, :, :, c] = scale[n, c] * (plane - plane.mean()) / spread + bias[n, c]
    return result


def activate(
    x: Array,
    bias: Array | None,
    activation: str,
    gain: float = 1.0,
    clamp: float | None = None,
) -> Array:
    """See `ops.activate`."""
    y = x if bias is None else x + bias
    if activation == "lrelu":
        y = np.where(y < 0, y * 0.2, y) * np.sqrt(2)
    y = y * gain
    return y if clamp is None else np.clip(y, -clamp * gain, clamp * gain)


def with_minibatch_deviation(x: Array, group: int | None) -> Array:
    """See `ops.with_minibatch_deviation`."""
    n = len(x)
    groups = n // (n if group is None else min(group, n))
    spread = np.empty((*x.shape[:3], 1))
    for picture in range(n):
        mates = x[picture % groups :: groups]
        spread[picture] = np.sqrt(mates.var(axis=0) + 1e-8).mean()
    return np.concatenate([x, spread], axis=3)


def _valid(x: Array, kernel: Array) -> Array:
    k = kernel.shape[0]
    rows, columns = x.shape[1] - k + 1, x.shape[2] - k + 1
    result = np.empty((x.shape[0], rows, columns, kernel.shape[3]))
    for row in range(rows):
        for column in range(columns):
            patch = x[:, row : row + k, column : column + k]
            result[:, row, column] = np.einsum("nijc,ijco->no", patch, kernel)
    return result
