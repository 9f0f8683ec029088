"""Files of rosinality's stylegan2-pytorch: torch's own form, a dictionary with `g_ema`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from generator.checkpoints.arrays import Floats
from generator.checkpoints.errors import Refused
from generator.checkpoints.shapes import Hints, shape_of
from generator.checkpoints.translation import Take, Translation, table

_LEAVES = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "noise.weight": "noise_strength",
    "activate.bias": "bias",
    "bias": "bias",
}
_LEAVES_D = {
    "conv1.0.weight": "conv0.weight",
    "conv1.1.bias": "conv0.bias",
    "conv2.1.weight": "conv1.weight",
    "conv2.2.bias": "conv1.bias",
    "skip.1.weight": "skip.weight",
}
_LAST_D = {
    "final_conv.0.weight": "b4.conv.weight",
    "final_conv.1.bias": "b4.conv.bias",
    "final_linear.0.weight": "b4.fc.weight",
    "final_linear.0.bias": "b4.fc.bias",
    "final_linear.1.weight": "b4.out.weight",
    "final_linear.1.bias": "b4.out.bias",
}
_LATENTS, _WIDTH_LIMIT = 4096, 4096


def is_this(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("g_ema"), dict)


def translate(value: Mapping[str, Any], take: Take) -> Translation:
    """Read `g_ema`, `latent_avg` and, where it is there, `d`.

    Files saved in training lack the average w; it is then taken over latents, as that code does.

    Raises:
        Refused: if a tensor is none of such a network.
    """
    tensors = _generator(value["g_ema"], take)
    notes: tuple[str, ...] = ()
    if value.get("latent_avg") is not None:
        tensors["mapping.w_avg"] = take(value["latent_avg"], "latent_avg").reshape(-1)
    else:
        with np.errstate(over="ignore", invalid="ignore"):  # told when it is written
            tensors["mapping.w_avg"] = _average_w(tensors)
        notes = (f"It holds no average w; it was taken over {_LATENTS} latents.",)
    discriminator = _discriminator(table(value.get("d")), take)
    return Translation(
        "file of rosinality's stylegan2-pytorch", tensors, discriminator, Hints(), {}, notes
    )


def _generator(state: Mapping[Any, Any], take: Take) -> dict[str, Floats]:
    tensors: dict[str, Floats] = {}
    for name, value in state.items():
        if type(name) is not str:
            raise Refused("it holds a tensor without a name")
        if name.endswith(".kernel"):
            continue
        # With one dimension of length 1 in front of most.
        array = take(value, name)
        if name == "input.input":
            tensors["synthesis.b4.const"] = _first(array, name)
        elif match := re.fullmatch(r"style\.(\d{1,3})\.(weight|bias)", name):
            tensors[f"mapping.fc{int(match[1]) - 1}.{match[2]}"] = array
        elif match := re.fullmatch(r"noises\.noise_(\d{1,2})", name):
            n = int(match[1])
            layer = f"synthesis.b{2 ** ((n + 5) // 2)}.conv{(n + 1) % 2}"
            tensors[f"{layer}.noise_const"] = _first(_first(array, name), name)
        elif match := re.fullmatch(r"(conv1|to_rgb1|convs\.\d{1,2}|to_rgbs\.\d{1,2})\.(.+)", name):
            leaf = _LEAVES.get(match[2])
            if leaf is None:
                raise Refused(f"it holds a tensor that StyleGAN2 does not have: {name}")
            if leaf in ("weight", "noise_strength"):
                array = _first(array, name)
            elif leaf == "bias":
                array = array.reshape(-1)
            tensors[f"synthesis.{_layer(match[1])}.{leaf}"] = array
        else:
            raise Refused(f"it holds a tensor that StyleGAN2 does not have: {name}")
    return tensors


def _layer(name: str) -> str:
    if name == "conv1":
        return "b4.conv1"
    if name == "to_rgb1":
        return "b4.torgb"
    kind, _, digits = name.partition(".")
    index = int(digits)
    if kind == "to_rgbs":
        return f"b{8 << index}.torgb"
    return f"b{8 << (index // 2)}.conv{index % 2}"


def _discriminator(state: Mapping[Any, Any], take: Take) -> dict[str, Floats]:
    blocks = [int(m[1]) for name in state if (m := re.match(r"convs\.(\d{1,2})\.", str(name)))]
    resolution = 4 << max(blocks, default=0)
    tensors: dict[str, Floats] = {}
    for name, value in state.items():
        if type(name) is not str:
            raise Refused("it holds a tensor without a name")
        if name.endswith(".kernel"):
            continue
        match = re.fullmatch(r"convs\.([1-9]\d?)\.(.+)", name)
        if name in _LAST_D:
            ours = _LAST_D[name]
        elif name in ("convs.0.0.weight", "convs.0.1.bias"):
            ours = f"b{resolution}.fromrgb.{name.rpartition('.')[2]}"
        elif match and match[2] in _LEAVES_D:
            ours = f"b{resolution >> (int(match[1]) - 1)}.{_LEAVES_D[match[2]]}"
        else:
            raise Refused(f"it holds a tensor that StyleGAN2 does not have: d.{name}")
        tensors[ours] = take(value, name)
    return tensors


def _average_w(tensors: Mapping[str, Floats]) -> Floats:
    """The mean of w over latents drawn with seed 0.

    Source: Karras et al. 2019 (StyleGAN), appendix B; the layers of the mapping network as in the
    official code, with a learning rate multiplier of 0.01.
    """
    z_dim = shape_of(tensors, "mapping.fc0.weight", 2)[1]
    if z_dim > _WIDTH_LIMIT:
        raise Refused(f"mapping.fc0.weight takes latents of {z_dim} numbers")
    w = np.random.default_rng(0).standard_normal((_LATENTS, z_dim)).astype(np.float32)
    w /= np.sqrt(np.mean(np.square(w), axis=1, keepdims=True) + 1e-8)
    layer = 0
    while f"mapping.fc{layer}.weight" in tensors:
        weight = tensors[f"mapping.fc{layer}.weight"]
        bias = tensors.get(f"mapping.fc{layer}.bias", np.zeros(0, np.float32))
        square = weight.ndim == 2 and weight.shape[1] == w.shape[1]
        if not square or bias.shape != weight.shape[:1] or len(bias) > _WIDTH_LIMIT:
            raise Refused(f"mapping.fc{layer} does not fit the layer before it")
        gain = np.float32(0.01 / np.sqrt(weight.shape[1]))
        w = w @ (weight.T * gain) + bias * np.float32(0.01)
        w = np.where(w < 0, w * np.float32(0.2), w) * np.float32(np.sqrt(2))
        layer += 1
    return np.asarray(w.mean(axis=0), np.float32)


def _first(array: Floats, name: str) -> Floats:
    if array.ndim == 0 or array.shape[0] != 1:
        raise Refused(f"{name} has shape {list(array.shape)}, where 1 is expected in front")
    front: Floats = array[0]
    return front
