"""Weights as the networks use them: what `Tensors` hold, in the layouts that convolutions want.

Names stay those of ada-pytorch. Kernels become [k, k, in, out], dense ones [in, out], the constant
[4, 4, c]; the numbers are the same, so `stored(prepared(t))` is `t` again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from keras import ops
from numpy.typing import NDArray

from generator.checkpoints.shapes import discriminator_shapes, generator_shapes
from generator.configuration import Configuration, Tensors

Weights: TypeAlias = Mapping[str, Any]
"""Name to a tensor of the backend that Keras runs on."""

_FIRST_DENSE = "b4.fc.weight"
"""Of the discriminator: it reads a picture of 4 x 4 pixels, flattened."""

_BUFFERS = ("w_avg", "noise_const")


def prepared(tensors: Tensors) -> dict[str, Any]:
    """From the stored layout to the networks', as float32 tensors of the backend."""
    return {
        name: ops.convert_to_tensor(np.asarray(_turned(name, array), np.float32, order="C"))
        for name, array in tensors.items()
    }


def stored(weights: Weights) -> dict[str, NDArray[np.float32]]:
    """From the networks' layout to the stored one, as numpy arrays."""
    return {
        name: np.asarray(_turned_back(name, np.asarray(ops.convert_to_numpy(tensor))), order="C")
        for name, tensor in weights.items()
    }


def trained(weights: Weights) -> dict[str, Any]:
    """Without what is not trained: the average of w and the noise constants."""
    return {name: value for name, value in weights.items() if not name.endswith(_BUFFERS)}


def fresh_generator(configuration: Configuration, rng: np.random.Generator) -> Tensors:
    """Random weights of a new generator, in the stored layout.

    Source: Karras et al. 2020, official implementation: unit normal weights under equalised
    learning rates, those of the mapping's layers over their rate of 0.01; styles begin at 1.
    """
    tensors: dict[str, NDArray[np.float32]] = {}
    for name, shape in generator_shapes(configuration).items():
        if name.endswith(("weight", "const")):
            scale = 100.0 if name.startswith("mapping.fc") else 1.0
            tensors[name] = rng.normal(0.0, scale, shape).astype(np.float32)
        else:
            tensors[name] = np.zeros(shape, np.float32)
        if name.endswith("affine.bias"):
            # Of AdaIN's styles the first half scales, the second shifts.
            scales = shape[0] // (2 if _is_adaptive(name, configuration) else 1)
            tensors[name][:scales] = 1.0
    return tensors


def fresh_discriminator(configuration: Configuration, rng: np.random.Generator) -> Tensors:
    """Random weights of a new discriminator, in the stored layout."""
    tensors: dict[str, NDArray[np.float32]] = {}
    for name, shape in discriminator_shapes(configuration).items():
        if name.endswith("weight"):
            scale = 100.0 if name.startswith("mapping.fc") else 1.0
            tensors[name] = rng.normal(0.0, scale, shape).astype(np.float32)
        else:
            tensors[name] = np.zeros(shape, np.float32)
    return tensors


def _is_adaptive(name: str, configuration: Configuration) -> bool:
    return configuration.style == "adain" and ".torgb." not in name


def _turned(name: str, array: NDArray[np.generic]) -> NDArray[np.generic]:
    if name.endswith(_FIRST_DENSE):
        # Its rows are channels first; pixels come with their channels last here.
        out, length = array.shape
        return array.reshape(out, length // 16, 4, 4).transpose(2, 3, 1, 0).reshape(length, out)
    if array.ndim == 4:
        return array.transpose(2, 3, 1, 0)
    if array.ndim == 3:
        return array.transpose(1, 2, 0)
    if array.ndim == 2 and not name.endswith("noise_const"):
        return array.T
    return array


def _turned_back(name: str, array: NDArray[np.generic]) -> NDArray[np.generic]:
    if name.endswith(_FIRST_DENSE):
        length, out = array.shape
        return array.reshape(4, 4, length // 16, out).transpose(3, 2, 0, 1).reshape(out, length)
    if array.ndim == 4:
        return array.transpose(3, 2, 0, 1)
    if array.ndim == 3:
        return array.transpose(2, 0, 1)
    if array.ndim == 2 and not name.endswith("noise_const"):
        return array.T
    return array
