"""The operations that StyleGAN2 is made of, on `keras.ops`, for TensorFlow and JAX alike.

Pictures and activations are [n, h, w, c] everywhere in the generator, kernels [k, k, in, out].
Resampling is written as sums of shifted pictures instead of convolutions by single-channel
kernels: compilers fuse the sums, and their gradients' gradients are as cheap as themselves.
The slow twins of these functions, which say what each one means, are in `reference`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import sqrt
from typing import Any, Literal, TypeAlias

import keras
import numpy as np
from keras import ops

from generator.autodiff import sliced

Tensor: TypeAlias = Any
"""Of the backend that Keras runs on."""

FILTER = (1.0, 3.0, 3.0, 1.0)
"""Taps of StyleGAN2's resampling filter along one axis, before they are made to sum to 1."""

Activation = Literal["linear", "lrelu"]


def upfirdn(
    x: Tensor,
    taps: Sequence[float],
    *,
    up: int = 1,
    down: int = 1,
    pad: tuple[int, int] = (0, 0),
    gain: float = 1.0,
) -> Tensor:
    """Insert zeros, pad, filter, and keep every `down`th pixel; the same along both axes.

    Args:
        x: [n, h, w, c].
        taps: Of a separable filter; made to sum to 1.
        up: Each pixel is followed by this less one zeros.
        down: Step between the pixels that are kept.
        pad: Zeros before and after, once the zeros in between are there; negative ones crop.
        gain: Times the result.

    Returns:
        [n, h', w', c] with h' = (h * up + sum(pad) - len(taps)) // down + 1.

    Source: Karras et al. 2019, "StyleGAN2", reference operation `upfirdn2d`.
    """
    total = float(sum(taps))
    scaled = [tap / total * sqrt(gain) for tap in reversed(taps)]
    for axis in (1, 2):
        x = _along(x, axis, scaled, up, down, pad)
    return x


def upsample(x: Tensor) -> Tensor:
    """Twice the size: [n, h, w, c] to [n, 2h, 2w, c]. The usual `upfirdn`, without its zeros."""
    for axis in (1, 2):
        near = ops.multiply(x, 0.75)
        before, after = _shifted(x, axis, 1), _shifted(x, axis, -1)
        pair = ops.stack([near + 0.25 * before, near + 0.25 * after], axis=axis + 1)
        shape = list(x.shape)
        shape[axis] *= 2
        x = ops.reshape(pair, [-1, *shape[1:]])
    return x


def downsample(x: Tensor) -> Tensor:
    """Half the size: [n, h, w, c] to [n, h/2, w/2, c]."""
    return upfirdn(x, FILTER, down=2, pad=(1, 1))


def conv(x: Tensor, kernel: Tensor, *, up: int = 1, down: int = 1) -> Tensor:
    """Convolve, at twice or half the size if asked.

    Args:
        x: [n, h, w, i].
        kernel: [k, k, i, o], k 1 or 3.
        up: 1 or 2.
        down: 1 or 2.

    Returns:
        [n, h * up / down, w * up / down, o].
    """
    k = kernel.shape[0]
    kernel = ops.cast(kernel, x.dtype)
    if up == 2 and k == 1:
        return upsample(ops.conv(x, kernel, padding="valid"))
    if up == 2 and on_cpu():
        return upfirdn(_transposed_conv(x, kernel), FILTER, pad=(1, 0), gain=4.0)
    if up == 2:
        turned = ops.transpose(kernel, (0, 1, 3, 2))  # Keras wants [k, k, o, i] here
        x = ops.conv_transpose(x, turned, strides=2, padding="valid")
        return upfirdn(x, FILTER, pad=(1, 1), gain=4.0)
    if down == 2 and k == 1:
        return ops.conv(downsample(x), kernel, padding="valid")
    if down == 2:
        x = upfirdn(x, FILTER, pad=(2, 2))
        return ops.conv(x, kernel, strides=2, padding="valid")
    return ops.conv(x, kernel, padding="same")


def modulated_conv(
    x: Tensor, kernel: Tensor, style: Tensor, *, demodulate: bool = True, up: int = 1
) -> Tensor:
    """Convolve each picture with weights scaled by its own style, then renormalise.

    Scaling what goes in and what comes out equals scaling the weights, and needs no convolution
    of its own for each picture.

    Args:
        x: [n, h, w, i].
        kernel: [k, k, i, o].
        style: [n, i], one scale for each input channel.
        demodulate: Bring each output channel to unit expected variance.
        up: 2 doubles the size.

    Returns:
        [n, h * up, w * up, o].

    Source: Karras et al. 2020, section 2.2, equations 1-3.
    """
    y = conv(x * ops.cast(style, x.dtype)[:, None, None, :], kernel, up=up)
    if not demodulate:
        return y
    energy = ops.matmul(ops.square(style), ops.sum(ops.square(kernel), axis=(0, 1)))
    return y * ops.cast(ops.rsqrt(energy + 1e-8), y.dtype)[:, None, None, :]


def adaptive_instance_norm(x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """Give each channel of each picture a mean and a deviation of its own.

    Args:
        x: [n, h, w, c].
        scale: [n, c], y_s.
        bias: [n, c], y_b.

    Returns:
        [n, h, w, c].

    Source: Karras et al. 2019, "A style-based generator architecture", equation 1.
    """
    full = ops.cast(x, "float32")
    mean = ops.mean(full, axis=(1, 2), keepdims=True)
    centred = full - mean
    deviation = ops.rsqrt(ops.mean(ops.square(centred), axis=(1, 2), keepdims=True) + 1e-8)
    y = scale[:, None, None, :] * centred * deviation + bias[:, None, None, :]
    return ops.cast(y, x.dtype)


def activate(
    x: Tensor,
    bias: Tensor | None,
    activation: Activation,
    *,
    gain: float = 1.0,
    clamp: float | None = None,
) -> Tensor:
    """Add a bias to each channel, bend, scale, clamp.

    Args:
        x: [..., c].
        bias: [c], or None.
        activation: `lrelu` falls to a fifth below 0, and is scaled by sqrt 2 to keep the variance.
        gain: Beside that.
        clamp: Largest magnitude, before `gain` is applied to it.
    """
    if bias is not None:
        x = x + ops.cast(bias, x.dtype)
    if activation == "lrelu":
        x = ops.leaky_relu(x, 0.2) * (sqrt(2.0) * gain)
    elif gain != 1.0:
        x = x * gain
    if clamp is not None:
        x = ops.clip(x, -clamp * gain, clamp * gain)
    return x


def dense(x: Tensor, kernel: Tensor, bias: Tensor | None, *, rate: float = 1.0) -> Tensor:
    """A fully connected layer at an equalised learning rate.

    Args:
        x: [n, i].
        kernel: [i, o], of unit variance divided by `rate`.
        bias: [o], or None.
        rate: Times the learning rate of the rest.

    Returns:
        [n, o].

    Source: Karras et al. 2018, "Progressive growing of GANs", section 4.1.
    """
    x = ops.matmul(x, kernel * (rate / sqrt(kernel.shape[0])))
    return x if bias is None else x + bias * rate


def normalised(x: Tensor) -> Tensor:
    """[n, d], each row at a mean square of 1."""
    return x * ops.rsqrt(ops.mean(ops.square(x), axis=1, keepdims=True) + 1e-8)


def with_minibatch_deviation(x: Tensor, group: int | None) -> Tensor:
    """Append how much the pictures of a group differ, as one more channel.

    Args:
        x: [n, h, w, c]; n must be a multiple of the group, or less than it.
        group: Pictures in a group; None takes all.

    Returns:
        [n, h, w, c + 1].

    Source: Karras et al. 2018, "Progressive growing of GANs", section 3.
    """
    n, h, w, c = x.shape
    size = n if group is None else min(group, n)
    # Groups are strided: picture j is in group j modulo their number.
    y = ops.reshape(ops.cast(x, "float32"), (size, n // size, h, w, c))
    y = y - ops.mean(y, axis=0, keepdims=True)
    y = ops.sqrt(ops.mean(ops.square(y), axis=0) + 1e-8)
    y = ops.tile(ops.mean(y, axis=(1, 2, 3)), (size,))
    spread = ops.broadcast_to(ops.cast(y, x.dtype)[:, None, None, None], (n, h, w, 1))
    return ops.concatenate([x, spread], axis=3)


_TAPS = np.zeros((2, 2, 3), np.float32)
"""[pixel before or this one, even or odd place, tap] of a transposed convolution by 3 taps."""
_TAPS[0, 0, 2] = _TAPS[1, 0, 0] = _TAPS[1, 1, 1] = 1.0


def _transposed_conv(x: Tensor, kernel: Tensor) -> Tensor:
    """A transposed convolution of stride 2, as a plain one that finds four pixels at a time.

    XLA takes eighteen times as long over the kernel's gradient of the transposed one, on a CPU.

    Args:
        x: [n, h, w, i].
        kernel: [3, 3, i, o].

    Returns:
        [n, 2h + 2, 2w + 2, o]; the last row and column are 0.
    """
    _, h, w, i = x.shape
    o = kernel.shape[3]
    taps = ops.cast(_TAPS, kernel.dtype)
    four = ops.reshape(ops.einsum("apt,bqu,tuio->abipqo", taps, taps, kernel), (2, 2, i, 4 * o))
    y = ops.conv(ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), four, padding="valid")
    y = ops.transpose(ops.reshape(y, (-1, h + 1, w + 1, 2, 2, o)), (0, 1, 3, 2, 4, 5))
    return ops.reshape(y, (-1, 2 * h + 2, 2 * w + 2, o))


def _along(
    x: Tensor, axis: int, taps: Sequence[float], up: int, down: int, pad: tuple[int, int]
) -> Tensor:
    length = x.shape[axis]
    if up > 1:
        holes = [ops.zeros_like(x)] * (up - 1)
        shape = list(x.shape)
        shape[axis] = length = length * up
        x = ops.reshape(ops.stack([x, *holes], axis=axis + 1), [-1, *shape[1:]])
    before, after = pad
    if before > 0 or after > 0:
        widths = [(0, 0)] * 4
        widths[axis] = (max(before, 0), max(after, 0))
        x = ops.pad(x, widths)
    first, last = max(-before, 0), length + max(before, 0) + max(after, 0) - max(-after, 0)
    count = (last - first - len(taps)) // down + 1
    pixels = [x] if down == 1 else _every(x, axis, first, count + (len(taps) - 1) // down, down)
    first = first if down == 1 else 0
    total = None
    for shift, tap in enumerate(taps):
        start = first + shift // down
        part = sliced(pixels[shift % down], axis, start, start + count) * tap
        total = part if total is None else total + part
    return total


def _every(x: Tensor, axis: int, first: int, count: int, step: int) -> list[Tensor]:
    """Every `step`th pixel from `first` on, from the one after it on, and so on; `count` of each.

    An index with a step would do, but see `sliced`.
    """
    lacking = max(first + count * step - x.shape[axis], 0)
    widths = [(0, 0)] * 4
    widths[axis] = (0, lacking)
    x = sliced(ops.pad(x, widths), axis, first, first + count * step)
    shape = list(x.shape)
    shape[axis : axis + 1] = [count, step]
    parts = ops.split(ops.reshape(x, [-1, *shape[1:]]), step, axis=axis + 1)
    return [ops.squeeze(each, axis + 1) for each in parts]


def _shifted(x: Tensor, axis: int, by: int) -> Tensor:
    """The neighbour before (1) or after (-1) each pixel, 0 beyond the border."""
    widths = [(0, 0)] * 4
    widths[axis] = (1, 0) if by > 0 else (0, 1)
    start = 0 if by > 0 else 1
    return sliced(ops.pad(x, widths), axis, start, start + x.shape[axis])


@cache
def on_cpu() -> bool:
    """Whether there is nothing faster to compute on."""
    if backend() == "jax":
        import jax

        return bool(jax.default_backend() == "cpu")
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")


def backend() -> str:
    """`tensorflow` or `jax`."""
    name: str = keras.backend.backend()
    return name
