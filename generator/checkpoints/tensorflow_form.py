"""NVIDIA's TensorFlow 1 pickles, of stylegan2 and stylegan2-ada: `(G, D, Gs)`.

Each is a `dnnlib.tflib.network.Network`, whose state holds variables by name, HWIO, dense layers
[in, out]; upsampling kernels are flipped, and style biases lack the 1 they are applied with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from generator.checkpoints.arrays import Floats
from generator.checkpoints.errors import Refused
from generator.checkpoints.shapes import Hints
from generator.checkpoints.translation import (
    Take,
    Translation,
    number,
    other_than,
    table,
    whole,
)
from generator.checkpoints.unpickling import Instance

NETWORK = "dnnlib.tflib.network.Network"

_SAME = {"resample_kernel": [1, 3, 3, 1], "nonlinearity": "lrelu"}
_SAME_G = {**_SAME, "mapping_nonlinearity": "lrelu", "mapping_lrmul": 0.01, "use_noise": True}
_LAYERS_G = {"Conv": "conv1", "Conv0_up": "conv0", "Conv1": "conv1", "ToRGB": "torgb"}
_LAYERS_D = {
    "FromRGB": "fromrgb",
    "Conv0": "conv0",
    "Conv1_down": "conv1",
    "Skip": "skip",
    "Conv": "conv",
    "Dense0": "fc",
}
_DEPTH_LIMIT, _VARIABLES_LIMIT = 4, 5000


def is_this(value: object) -> bool:
    found = value if type(value) is tuple and len(value) == 3 else (value,)
    return all(isinstance(network, Instance) and network.name == NETWORK for network in found)


def translate(value: object, take: Take) -> Translation:
    """Read `(G, D, Gs)`, or Gs alone.

    Raises:
        Refused: if a variable is unknown, or the network is built as ours cannot be.
    """
    networks = value if isinstance(value, tuple) else (None, None, value)
    state, discriminator = table(networks[2].state), networks[1]
    given = table(state.get("static_kwargs"))
    different = other_than(given, _SAME_G)
    if different:
        raise Refused(f"its generator is built as ours cannot be: {different}")
    base = whole(given.get("fmap_base", 16384), "fmap_base")
    notes: tuple[str, ...] = ()
    found: dict[str, Floats] = {}
    group_size: int | None = 4
    if discriminator is not None:
        d_given = table(table(discriminator.state).get("static_kwargs"))
        different = _discriminator_differs(d_given, given)
        if different:
            notes = (f"Its discriminator is left out: {different}.",)
        else:
            found = _discriminator(table(discriminator.state), take)
            group_size = whole(d_given.get("mbstd_group_size", 4), "mbstd_group_size")
    return Translation(
        "TensorFlow 1 pickle of NVIDIA",
        _generator(state, take),
        found,
        Hints(
            channel_base=None if base is None else base * 2,
            channel_max=whole(given.get("fmap_max", 512), "fmap_max"),
            conv_clamp=number(given.get("conv_clamp"), "conv_clamp"),
            group_size=group_size,
        ),
        {
            "resolution": given.get("resolution"),
            "c_dim": given.get("label_size"),
            "z_dim": given.get("latent_size"),
            "w_dim": given.get("dlatent_size"),
            "channels": given.get("num_channels"),
            "mapping_layers": given.get("mapping_layers"),
        },
        notes,
    )


def _discriminator_differs(given: Mapping[str, Any], generator: Mapping[str, Any]) -> str | None:
    same: dict[str, object] = {**_SAME, "conv_clamp": generator.get("conv_clamp")}
    if given.get("label_size"):
        # What it was written with when nothing is said is ten times ours.
        return other_than({"mapping_lrmul": 0.1, **given}, {**same, "mapping_lrmul": 0.01})
    return other_than(given, same)


def _variables(state: Mapping[str, Any]) -> dict[str, Any]:
    version = state.get("version")
    if type(version) is not int or version < 4:
        raise Refused("it was written by a version of the official code before StyleGAN2")
    found: dict[str, Any] = {}
    _collect(state, "", found, 0)
    return found


def _collect(state: Mapping[str, Any], prefix: str, found: dict[str, Any], depth: int) -> None:
    variables = state.get("variables")
    if depth > _DEPTH_LIMIT or not isinstance(variables, list):
        raise Refused("its networks hold no list of variables")
    for item in variables:
        if not isinstance(item, tuple | list) or len(item) != 2 or type(item[0]) is not str:
            raise Refused("its networks hold no list of variables")
        if len(found) >= _VARIABLES_LIMIT:
            raise Refused(f"its networks hold more than {_VARIABLES_LIMIT} variables")
        found[prefix + item[0][:200]] = item[1]
    for name, part in table(state.get("components")).items():
        if isinstance(part, Instance) and part.name == NETWORK and type(name) is str:
            _collect(table(part.state), f"{prefix}{name[:200]}/", found, depth + 1)


def _generator(state: Mapping[str, Any], take: Take) -> dict[str, Floats]:
    variables = _variables(state)
    top = _resolution(variables, r"synthesis/(\d{1,4})x\d{1,4}/Conv1/weight")
    tensors: dict[str, Floats] = {}
    for name, value in variables.items():
        scope, _, leaf = name.rpartition("/")
        if leaf == "lod":
            continue
        if name == "dlatent_avg":
            tensors["mapping.w_avg"] = take(value, name)
        elif match := re.fullmatch(r"noise(\d{1,2})", leaf):
            tensors[_noise_name(int(match[1]))] = _of_rank(take(value, name), 4, name)[0, 0]
        elif leaf == "const":
            tensors["synthesis.b4.const"] = _of_rank(take(value, name), 4, name)[0]
        elif match := re.fullmatch(r"mapping/Dense(\d{1,3})", scope):
            tensors |= _layer(f"mapping.fc{match[1]}", leaf, take(value, name))
        elif scope == "mapping/LabelEmbed":
            tensors |= _layer("mapping.embed", leaf, take(value, name))
        elif match := re.fullmatch(r"synthesis/ToRGB_lod(\d{1,2})", scope):
            # Progressive growing leaves the smaller ones behind, unused.
            if match[1] == "0":
                tensors |= _layer(f"synthesis.b{top}.torgb", leaf, take(value, name))
        elif match := re.fullmatch(r"synthesis/(\d{1,4})x\1/(\w+)", scope):
            layer = "skip" if match[2] == "Skip" else _LAYERS_G.get(match[2])
            if layer is None:
                raise Refused(f"it holds a variable that StyleGAN2 does not have: {name}")
            array = take(value, name)
            if leaf == "weight" and layer in ("conv0", "skip"):
                array = _of_rank(array, 4, name)[::-1, ::-1]
            tensors |= _layer(f"synthesis.b{match[1]}.{layer}", leaf, array)
        else:
            raise Refused(f"it holds a variable that StyleGAN2 does not have: {name}")
    return tensors


def _discriminator(state: Mapping[str, Any], take: Take) -> dict[str, Floats]:
    variables = _variables(state)
    top = _resolution(variables, r"(\d{1,4})x\d{1,4}/Conv0/weight")
    tensors: dict[str, Floats] = {}
    for name, value in variables.items():
        scope, _, leaf = name.rpartition("/")
        if leaf == "lod":
            continue
        if scope == "Output":
            tensors |= _layer("b4.out", leaf, take(value, name))
        elif scope == "LabelEmbed":
            tensors |= _layer("mapping.embed", leaf, take(value, name))
        elif match := re.fullmatch(r"Mapping(\d{1,3})", scope):
            tensors |= _layer(f"mapping.fc{match[1]}", leaf, take(value, name))
        elif match := re.fullmatch(r"FromRGB_lod(\d{1,2})", scope):
            if match[1] == "0":
                tensors |= _layer(f"b{top}.fromrgb", leaf, take(value, name))
        elif (match := re.fullmatch(r"(\d{1,4})x\1/(\w+)", scope)) and match[2] in _LAYERS_D:
            tensors |= _layer(f"b{match[1]}.{_LAYERS_D[match[2]]}", leaf, take(value, name))
        else:
            raise Refused(f"it holds a variable that StyleGAN2 does not have: D/{name}")
    return tensors


def _layer(layer: str, leaf: str, array: Floats) -> dict[str, Floats]:
    if leaf == "weight":
        rank4 = array.ndim == 4
        return {f"{layer}.weight": array.transpose(3, 2, 0, 1) if rank4 else array.T}
    if leaf == "mod_weight":
        return {f"{layer}.affine.weight": array.T}
    if leaf == "mod_bias":
        return {f"{layer}.affine.bias": array + np.float32(1)}
    if leaf in ("bias", "noise_strength"):
        return {f"{layer}.{leaf}": array}
    raise Refused(f"it holds a variable that StyleGAN2 does not have: {layer}.{leaf}")


def _noise_name(index: int) -> str:
    """Noise 0 belongs to 4 px, then two to each resolution."""
    return f"synthesis.b{2 ** ((index + 5) // 2)}.conv{(index + 1) % 2}.noise_const"


def _resolution(names: Mapping[str, Any], pattern: str) -> int:
    found = [int(match[1]) for name in names if (match := re.fullmatch(pattern, name))]
    return max(found, default=0)


def _of_rank(array: Floats, rank: int, name: str) -> Floats:
    if array.ndim != rank or 0 in array.shape:
        raise Refused(f"{name} has shape {list(array.shape)}, where {rank} dimensions are expected")
    return array
