"""`augment.varied` for an accelerator: the same kinds of variation, a batch at a time.

Pure: all chance comes in as numbers, so it compiles under any Keras backend. It need not give the
same pictures as OpenCV, but the same kinds as often and as strongly.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from keras import ops

from vcam_emoji.emotion_input import SIZE
from vcam_emoji.training.augment import Variation

Tensor: TypeAlias = Any

DRAWS = 25
"""How many uniform numbers a picture takes when it is varied in every way."""


def varied(images: Tensor, how: Variation, chance: Tensor, grain: Tensor) -> Tensor:
    """New pictures, each varied by chance.

    Args:
        images: [n, 48, 48], 0 to 255.
        how: The limits.
        chance: [n, DRAWS], uniform from 0 to 1.
        grain: [n, 48, 48], standard normal: the noise of a camera.

    Returns:
        [n, 48, 48, 1], from -1 to 1, as `emotion_input.scaled` gives them.
    """
    draws = iter(ops.unstack(chance, DRAWS, axis=1))

    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * next(draws)

    x = _warped(ops.cast(images, "float32"), how, between)
    gain = _each(ops.exp(between(-how.contrast, how.contrast)))
    x = (x - 127.5) * gain + 127.5 + _each(between(-how.brightness, how.brightness))
    x = _grey_levels(x)
    if how.side_light > 0:
        x = _lit_from_a_side(x, next(draws) < how.side_light, between)
    if how.camera > 0:
        x = _as_a_poor_camera(x, next(draws) < how.camera, grain, between)
    if how.erase > 0:
        x = _erased(x, next(draws) < how.erase, between)
    return x[..., None] * (2 / 255) - 1


def _warped(x: Tensor, how: Variation, between: Any) -> Tensor:
    angle = between(-how.rotation, how.rotation) * (math.pi / 180)
    factor = ops.exp(between(-how.scale, how.scale))
    mirror = ops.where(between(-1, 1) < 0, -1.0, 1.0)
    cosine, sine = ops.cos(angle) / factor, ops.sin(angle) / factor
    middle = (SIZE - 1) / 2
    xx, xy, yx, yy = mirror * cosine, -mirror * sine, sine, cosine
    right = middle + between(-how.shift, how.shift) - middle * (xx + xy)
    down = middle + between(-how.shift, how.shift) - middle * (yx + yy)
    nothing = ops.zeros_like(angle)
    warps = ops.stack([xx, xy, right, yx, yy, down, nothing, nothing], axis=1)
    warped = ops.image.affine_transform(
        x[..., None], warps, "bilinear", fill_mode="nearest", data_format="channels_last"
    )
    return warped[..., 0]


def _lit_from_a_side(x: Tensor, which: Tensor, between: Any) -> Tensor:
    angle, depth = between(0, 2 * math.pi), between(0.3, 0.8)
    along = np.linspace(-1, 1, SIZE, dtype=np.float32)
    ramp = (
        _each(ops.cos(angle)) * along[None, None, :] + _each(ops.sin(angle)) * along[None, :, None]
    )
    lit = x * (1 - _each(depth) * ops.clip(0.5 + 0.5 * ramp, 0, 1))
    return _grey_levels(ops.where(_each(which), lit, x))


def _as_a_poor_camera(x: Tensor, which: Tensor, grain: Tensor, between: Any) -> Tensor:
    soft, sigma = between(0, 1) < 0.5, between(0.4, 1.2)
    dim, light = between(0, 1) < 0.5, between(0.2, 0.8)
    noisy, strength = between(0, 1) < 0.5, between(2, 8)
    packed, quality = between(0, 1) < 0.5, between(25, 80)
    y = ops.where(_each(soft), _blurred(x, sigma), x)
    y = y * _each(ops.where(dim, light, 1.0))
    y = _grey_levels(y + grain * _each(ops.where(noisy, strength, 0.0)))
    y = ops.where(_each(packed), _jpeg(y, quality), y)
    return ops.where(_each(which), y, x)


def _blurred(x: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian, a sigma for each picture; seven taps hold all of 1.2 px but a hundredth."""
    reach = np.arange(-3, 4, dtype=np.float32)
    taps = ops.exp(-(reach[None] ** 2) / (2 * sigma[:, None] ** 2))
    taps = taps / ops.sum(taps, axis=1, keepdims=True)
    for axis in (1, 2):
        width = [(0, 0), (0, 0), (0, 0)]
        width[axis] = (3, 3)
        padded = ops.pad(x, width, mode="reflect")
        parts = [
            padded[:, i : i + SIZE] if axis == 1 else padded[:, :, i : i + SIZE] for i in range(7)
        ]
        x = sum(_each(taps[:, i]) * part for i, part in enumerate(parts))
    return x


def _jpeg(x: Tensor, quality: Tensor) -> Tensor:
    """What JPEG leaves of a grey picture: the cosine coefficients of 8 x 8 blocks, rounded.

    Source: ITU-T T.81, annexes A.3.3 and K.1; the table's scaling as in libjpeg.
    """
    scale = ops.where(quality < 50, 5000 / quality, 200 - 2 * quality)
    table = ops.clip(ops.floor((_LUMINANCE[None] * _each(scale) + 50) / 100), 1, 255)
    blocks = ops.reshape(x - 128, (-1, SIZE // 8, 8, SIZE // 8, 8))
    waves = ops.einsum("ui,nyixj,vj->nyxuv", _COSINES, blocks, _COSINES)
    table = table[:, None, None]
    waves = ops.round(waves / table) * table
    blocks = ops.einsum("ui,nyxuv,vj->nyixj", _COSINES, waves, _COSINES)
    return _grey_levels(ops.reshape(blocks, (-1, SIZE, SIZE)) + 128)


def _erased(x: Tensor, which: Tensor, between: Any) -> Tensor:
    height, width = ops.floor(between(6, 20)), ops.floor(between(6, 20))
    top = ops.floor(between(0, 1) * (SIZE - height))
    left = ops.floor(between(0, 1) * (SIZE - width))
    grey = ops.floor(between(0, 256))
    place = np.arange(SIZE, dtype=np.float32)
    rows = (place >= top[:, None]) & (place < (top + height)[:, None])
    columns = (place >= left[:, None]) & (place < (left + width)[:, None])
    hole = rows[:, :, None] & columns[:, None, :] & _each(which)
    return ops.where(hole, _each(grey), x)


def _grey_levels(x: Tensor) -> Tensor:
    return ops.clip(ops.round(x), 0, 255)


def _each(values: Tensor) -> Tensor:
    """[n] to [n, 1, 1]."""
    return values[:, None, None]


_COSINES = np.array(
    [
        [
            math.sqrt((1 if u == 0 else 2) / 8) * math.cos((2 * i + 1) * u * math.pi / 16)
            for i in range(8)
        ]
        for u in range(8)
    ],
    np.float32,
)
_LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)
