"""The sharpener: one small network from a soft drawing of 64 pixels to a crisp one of 512.

It is fully convolutional and has no normalisation, so that it computes the same in training, on
pieces, as in use, on whole pictures. All that is costly is computed small. Its weights are an
archive of plain arrays: nothing in it is executed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from generator import keras_archive
from generator.ops import Tensor
from generator.pair.couples import GROUND
from vcam_emoji.errors import ModelError
from vcam_emoji.resources import asset

SIDE = 64
"""Pixels of what is sharpened."""
TIMES = 8
"""How many times larger it is afterwards."""
SHIPPED = "models/sharpener/sharpener.npz"

_FORMAT = "vcam-emoji-sharpener/1"
_HINT = "Train one: vcam-emoji-generator pair sharpen-train --out FILE.npz"
_NEAR, _FAR = 32, 64
"""Channels at the picture's size, and at half of it."""
_BLOCKS = 4
_PAINTS = 4
"""Colours between which a place may choose, beside nothing."""
_DECIDED = 8.0
"""Times the logits: paints should not mix."""
_SURE = 0.02
"""Alpha so near to none or all is none or all: what lies far from any edge must be exactly so."""


@dataclass(frozen=True, slots=True)
class About:
    """What a sharpener learnt from; of several trainings, all of it."""

    people: int
    """The number after that of the last person."""
    seed: int
    """Of the last training."""
    minutes: float
    """Beside drawing."""
    steps: int

    def knows(self, number: int) -> bool:
        """Whether it may have learnt from drawings of the person of that number."""
        return number < self.people


def build(side: int = SIDE) -> keras.Model:
    """A fresh network, for `scaled` pictures of that side; its weights fit any even one.

    It tells, small, some paints for each place and how much each would like to be there. Both are
    enlarged smoothly, and only then each place is given to a paint, or to nothing: so edges are
    crisp and even however little the network knows.

    [n, side, side, 3] to [n, 8 side, 8 side, 4]: red, green and blue times alpha, and alpha.
    """
    pictures = keras.Input((side, side, 3))
    near = ops.relu(_conv(_NEAR)(pictures))
    x = ops.relu(_conv(_FAR, strides=2)(near))
    for _ in range(_BLOCKS):
        x = x + _conv(_FAR, gain=0.1)(ops.relu(_conv(_FAR)(x)))
    x = ops.relu(near + rearranged(_conv(4 * _NEAR)(x), 2))
    x = ops.relu(_conv(_NEAR + _PAINTS * 4)(x))
    x = _conv(4 * _PAINTS + 1, gain=0.02)(x)
    # A fresh network keys by the distance from the ground, and paints lighter and darker.
    apart = ops.max(ops.abs(pictures), axis=-1, keepdims=True)
    nothing = x[..., :1] + 4 * (0.12 - apart)
    shades = np.repeat(np.linspace(-0.15, 0.15, _PAINTS, dtype=np.float32), 3)
    flat = pictures + np.array(GROUND, np.float32) / 255
    paints = x[..., 1 + _PAINTS :] + shades + ops.tile(flat, (1, 1, 1, _PAINTS))
    small = ops.concatenate([nothing, x[..., 1 : 1 + _PAINTS], paints], axis=-1)
    large = enlarged(small)
    share = ops.softmax(_DECIDED * large[..., : 1 + _PAINTS], axis=-1)
    colour = sum(
        share[..., 1 + k : 2 + k] * large[..., 1 + _PAINTS + 3 * k : 4 + _PAINTS + 3 * k]
        for k in range(_PAINTS)
    )
    return keras.Model(pictures, ops.concatenate([colour, 1 - share[..., :1]], axis=-1))


def enlarged(x: Tensor) -> Tensor:
    """Smoothly, by cubic B-splines: [n, s, s, c] to [n, 8 s, 8 s, c], in between what it was.

    Source: Unser 1999, "Splines: a perfect fit for signal and image processing".
    """
    rows = _splines(x.shape[1])
    return ops.einsum("xj,nyjc->nyxc", rows, ops.einsum("yi,nijc->nyjc", rows, x))


def _splines(side: int) -> NDArray[np.float32]:
    """[8 side, side], what each small pixel adds to each large one; beyond the border it stays."""
    at = (np.arange(TIMES * side) + 0.5) / TIMES - 0.5
    found = np.zeros((TIMES * side, side), np.float32)
    for small in range(-2, side + 2):
        off = np.abs(at - small)
        weight = np.where(off < 1, 2 / 3 - off**2 + off**3 / 2, (2 - off).clip(0) ** 3 / 6)
        found[:, min(max(small, 0), side - 1)] += weight
    return found


def rearranged(x: Tensor, times: int) -> Tensor:
    """Channels to pixels: [n, h, w, c times^2] to [n, h times, w times, c].

    Source: Shi et al. 2016, "Real-time single image and video super-resolution using an efficient
    sub-pixel convolutional neural network", equation 4.
    """
    h, w, channels = x.shape[1:]
    c = channels // times**2
    x = ops.reshape(x, (-1, h, w, times, times, c))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, h * times, w * times, c))


def scaled(flat: NDArray[Any]) -> NDArray[np.float32]:
    """What the network takes: 0 on `GROUND`, so that beyond the border there is ground, too.

    Args:
        flat: [..., 3], 0 to 255.
    """
    return (flat.astype(np.float32) - np.array(GROUND, np.float32)) / np.float32(255)


class Sharpener:
    """A trained network."""

    def __init__(self, model: keras.Model, about: About) -> None:
        self.model = model
        self.about = about

    def sharpen(self, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Enlarge drawings eightfold, make them crisp, and cut them out.

        Args:
            pictures: [n, 64, 64, 3], RGB, drawn heads on `couples.GROUND`.

        Returns:
            [n, 512, 512, 4], RGB and straight alpha; nothing is left of the ground.
        """
        large = np.empty((len(pictures), TIMES * SIDE, TIMES * SIDE, 4), np.uint8)
        # One at a time: it is as quick, takes less memory, and no picture hangs on its neighbours.
        for at, picture in enumerate(pictures):
            found = self.model(scaled(picture)[None], training=False)
            large[at] = _cut_out(np.asarray(ops.convert_to_numpy(found), np.float32)[0])
        return large

    def save(self, file: Path) -> None:
        """Write float16 weights and what they learnt from.

        Raises:
            UsageError: it cannot be written.
        """
        keras_archive.save(self.model, file, _FORMAT, asdict(self.about))


def load(file: Path | None = None) -> Sharpener:
    """The shipped sharpener, or another.

    Raises:
        ModelError: it is missing, or no sharpener.
    """
    model = build()
    file = file or asset(SHIPPED)
    told = keras_archive.load(model, file, _FORMAT, "sharpener", _HINT)
    try:
        return Sharpener(model, About(**told))
    except TypeError as error:
        raise ModelError(f"{file} holds no sharpener: {error}", _HINT) from error


def _cut_out(found: NDArray[np.float32]) -> NDArray[np.uint8]:
    """[h, w, 4], colour times alpha and alpha, to straight alpha, where it is sure without rest."""
    alpha = ((found[..., 3:] - _SURE) / (1 - 2 * _SURE)).clip(0, 1)
    colour = np.divide(found[..., :3], alpha, out=np.zeros_like(found[..., :3]), where=alpha > 0)
    return np.asarray(np.rint(np.dstack([colour, alpha]).clip(0, 1) * 255), np.uint8)


def _conv(filters: int, gain: float = 2.0, strides: int = 1) -> layers.Layer:
    """A convolution of 3 x 3 whose fresh weights keep (2, before a ReLU) or calm what passes."""
    scaling = keras.initializers.VarianceScaling(gain)
    return layers.Conv2D(filters, 3, strides, "same", kernel_initializer=scaling)
