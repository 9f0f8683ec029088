"""Writers of the three public forms, as their makers' code writes them, from weights by our names.

They go the other way than the readers do and share nothing with them. Classes of the makers' code
stand in `sys.modules` under their right names while a pickle is written; torch is not needed.
"""

from __future__ import annotations

import io
import pickle
import re
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import starmap
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.checkpoints.shapes import (
    Hints,
    configuration_of,
    discriminator_shapes,
    generator_shapes,
)
from generator.configuration import Checkpoint, Configuration

GOLDEN = Path(__file__).parents[2] / "shared/data/stylegan2-golden"
SMALL = Configuration(
    resolution=16,
    z_dim=6,
    w_dim=5,
    mapping_layers=2,
    channel_base=64,
    channel_max=8,
)
Array = NDArray[Any]


def random_checkpoint(configuration: Configuration, seed: int = 0) -> Checkpoint:
    """Every tensor of both networks; style biases such that one can be taken off and put back."""
    rng = np.random.default_rng(seed)

    def fill(shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
        return {
            name: (
                rng.uniform(0.5, 2, shape)
                if name.endswith("affine.bias")
                else rng.standard_normal(shape)
            ).astype(np.float32)
            for name, shape in shapes.items()
        }

    generator = fill(generator_shapes(configuration))
    discriminator = fill(discriminator_shapes(configuration, mapping_layers=2))
    return Checkpoint(configuration, generator, discriminator)


def golden(file: Path) -> Checkpoint:
    """Weights as stylegan2-ada-pytorch itself made them."""
    held = np.load(file)
    generator, discriminator = (
        {
            name[2:]: held[name]
            for name in held.files
            if name.startswith(f"{network}/") and not name.endswith("resample_filter")
        }
        for network in "GD"
    )
    configuration = configuration_of(generator, discriminator, Hints())
    return Checkpoint(configuration, generator, discriminator)


# --- TensorFlow 1


def tensorflow(checkpoint: Checkpoint, **arguments: Any) -> bytes:
    """`(G, D, Gs)` as stylegan2 writes it; G is another network than Gs, as after training."""
    c = checkpoint.configuration
    top: list[tuple[str, Array]] = []
    parts: dict[str, list[tuple[str, Array]]] = {"mapping": [], "synthesis": []}
    for name, value in checkpoint.generator.items():
        if name == "mapping.w_avg":
            top.append(("dlatent_avg", value))
            continue
        part, _, rest = name.partition(".")
        parts[part].append(_tensorflow_generator(rest, value, c))
    parts["synthesis"].insert(0, ("lod", np.zeros((), np.float32)))
    said: dict[str, Any] = {
        "num_channels": c.channels,
        "resolution": c.resolution,
        "label_size": c.c_dim,
    }
    said |= {"fmap_base": c.channel_base // 2, "fmap_max": c.channel_max}
    said |= {} if c.conv_clamp is None else {"conv_clamp": c.conv_clamp}
    g_said = said | {"architecture": c.generator, "latent_size": c.z_dim, "dlatent_size": c.w_dim}
    g_said |= {"mapping_layers": c.mapping_layers} | arguments
    d_said = said | {"architecture": c.discriminator, "mbstd_group_size": c.group_size}
    d_said |= {"mapping_lrmul": 0.01} if c.c_dim else {}
    with _pretending("dnnlib.tflib.network.Network", "dnnlib.util.EasyDict") as fakes:

        def network(variables: list[tuple[str, Array]], said: dict[str, Any], **inner: Any) -> Any:
            made = fakes["Network"].__new__(fakes["Network"])
            made.__dict__ = {
                "version": 4,
                "name": "G",
                "static_kwargs": fakes["EasyDict"](said),
                "components": fakes["EasyDict"](inner),
                "build_module_src": "raise SystemExit('the source was run')",
                "build_func_name": "G_main",
                "variables": variables,
            }
            return made

        averaged = network(top, g_said, **{name: network(held, {}) for name, held in parts.items()})
        other = network([(name, value + 1) for name, value in top], g_said)
        judge = network(
            [_tensorflow_discriminator(*item, c) for item in checkpoint.discriminator.items()],
            d_said,
        )
        return pickle.dumps((other, judge, averaged), protocol=4)


def _tensorflow_generator(name: str, value: Array, c: Configuration) -> tuple[str, Array]:
    if match := re.fullmatch(r"fc(\d+)\.(\w+)", name):
        return f"Dense{match[1]}/{match[2]}", value.T
    if match := re.fullmatch(r"embed\.(\w+)", name):
        return f"LabelEmbed/{match[1]}", value.T
    if name == "b4.const":
        return "4x4/Const/const", value[None]
    match = re.fullmatch(r"b(\d+)\.(\w+)\.(.+)", name)
    assert match
    r, layer, leaf = int(match[1]), match[2], match[3]
    if leaf == "noise_const":
        level = r.bit_length() - 1
        index = 0 if r == 4 else 2 * level - (5 if layer == "conv0" else 4)
        return f"noise{index}", value[None, None]
    scope = {
        "conv0": f"{r}x{r}/Conv0_up",
        "conv1": f"{r}x{r}/Conv1" if r > 4 else "4x4/Conv",
        "skip": f"{r}x{r}/Skip",
        "torgb": "ToRGB_lod0" if c.generator == "orig" else f"{r}x{r}/ToRGB",
    }[layer]
    if leaf == "weight":
        value = value.transpose(2, 3, 1, 0)
        value = value[::-1, ::-1] if layer in ("conv0", "skip") else value
    if leaf == "affine.weight":
        return f"{scope}/mod_weight", value.T
    if leaf == "affine.bias":
        return f"{scope}/mod_bias", value - np.float32(1)
    # TensorFlow gives a variable without dimensions as a number of numpy's, not as an array.
    return f"{scope}/{leaf}", value[()]


def _tensorflow_discriminator(name: str, value: Array, c: Configuration) -> tuple[str, Array]:
    scope, _, leaf = name.rpartition(".")
    if leaf == "weight":
        value = value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T
    if scope == "mapping.embed":
        return f"LabelEmbed/{leaf}", value
    if scope.startswith("mapping.fc"):
        return f"Mapping{scope[10:]}/{leaf}", value
    if scope == "b4.out":
        return f"Output/{leaf}", value
    r, _, layer = scope[1:].partition(".")
    if layer == "fromrgb" and c.discriminator == "orig":
        return f"FromRGB_lod0/{leaf}", value
    names = {
        "fromrgb": "FromRGB",
        "conv0": "Conv0",
        "conv1": "Conv1_down",
        "skip": "Skip",
        "conv": "Conv",
        "fc": "Dense0",
    }
    return f"{r}x{r}/{names[layer]}/{leaf}", value


# --- stylegan2-ada-pytorch


def ada(checkpoint: Checkpoint, **arguments: Any) -> bytes:
    """The dictionary that training saves; G is another network than G_ema."""
    c = checkpoint.configuration
    synthesis: dict[str, Any] = {"channel_base": c.channel_base, "channel_max": c.channel_max}
    synthesis |= {"conv_clamp": c.conv_clamp, "architecture": c.generator, "num_fp16_res": 4}
    g_said: dict[str, Any] = {"z_dim": c.z_dim, "c_dim": c.c_dim, "w_dim": c.w_dim}
    g_said |= {"img_resolution": c.resolution, "img_channels": c.channels}
    d_said: dict[str, Any] = {
        "c_dim": c.c_dim,
        "img_resolution": c.resolution,
        "img_channels": c.channels,
    }
    d_said |= {"architecture": c.discriminator, "conv_clamp": c.conv_clamp}
    d_said |= {"channel_base": c.channel_base, "channel_max": c.channel_max}
    names = (
        "torch_utils.persistence._reconstruct_persistent_obj",
        "dnnlib.util.EasyDict",
        *_TORCH,
    )
    with _pretending(*names) as fakes:
        easy = fakes["EasyDict"]
        g_said["mapping_kwargs"] = easy({"num_layers": c.mapping_layers})
        g_said["synthesis_kwargs"] = easy(synthesis | arguments)
        d_said["epilogue_kwargs"] = easy(mbstd_group_size=c.group_size)

        def module(tensors: Mapping[str, Array], said: object, path: str = "") -> Any:
            own, inner = _split(tensors)
            state: dict[str, Any] = {
                "training": False,
                "_parameters": OrderedDict(),
                "_buffers": OrderedDict(resample_filter=tensor(np.ones((4, 4), np.float32) / 16)),
                "_non_persistent_buffers_set": set(),
                "_forward_hooks": OrderedDict(),
                "_modules": OrderedDict(
                    (name, module(held, {}, f"{path}{name}.")) for name, held in inner.items()
                ),
                "_init_args": (),
                "_init_kwargs": said,
            }
            if path.endswith(("conv0.", "conv1.", "conv.", "torgb.")):
                state["conv_clamp"] = c.conv_clamp
            if path == "b4.":
                state["_modules"]["mbstd"] = _Call(
                    fakes["_reconstruct_persistent_obj"],
                    {"state": {"group_size": c.group_size, "num_channels": 1}},
                )
            for name, value in own.items():
                if name in ("noise_const", "w_avg"):
                    state["_buffers"][name] = tensor(value)
                else:
                    state["_parameters"][name] = _Call(
                        fakes["_rebuild_parameter"], tensor(value), True, OrderedDict()
                    )
            meta = {"type": "class", "version": 6, "class_name": "Module", "state": state}
            meta["module_src"] = "raise SystemExit('the source was run')"
            return _Call(fakes["_reconstruct_persistent_obj"], meta)

        def tensor(value: Array) -> Any:
            storage = _Call(fakes["_load_from_bytes"], _legacy(_Storage(value, "0"), fakes))
            return _tensor(value, storage, fakes)

        averaged = module(checkpoint.generator, g_said)
        other = {name: value * 0 for name, value in checkpoint.generator.items()}
        saved = {
            "G": module(other, g_said),
            "D": module(checkpoint.discriminator, d_said) if checkpoint.discriminator else None,
            "G_ema": averaged,
            "augment_pipe": None,
            "training_set_kwargs": easy(class_name="training.dataset.ImageFolderDataset"),
        }
        return pickle.dumps(saved, protocol=3)


def _split(tensors: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, dict[str, Array]]]:
    own: dict[str, Array] = {}
    inner: dict[str, dict[str, Array]] = {}
    for name, value in tensors.items():
        first, dot, rest = name.partition(".")
        if dot:
            inner.setdefault(first, {})[rest] = value
        else:
            own[name] = value
    return own, inner


# --- rosinality's stylegan2-pytorch


def rosinality(checkpoint: Checkpoint, latent_avg: bool = True) -> bytes:
    """Torch's zip, as `convert_weight.py` (with an average w) or training (without) saves it."""
    arrays: list[Array] = []
    names = ("torch.FloatStorage", "torch._utils._rebuild_tensor_v2", "argparse.Namespace")
    with _pretending(*names) as fakes:

        def tensor(value: Array) -> Any:
            arrays.append(value)
            return _tensor(value, _Storage(value, str(len(arrays) - 1)), fakes)

        saved = _rosinality_state(checkpoint, latent_avg, tensor)
        saved["args"] = fakes["Namespace"].__new__(fakes["Namespace"])
        saved["args"].__dict__ = {"size": checkpoint.configuration.resolution}
        content = _dumps(saved, fakes, legacy=False)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/byteorder", b"little")
        for index, value in enumerate(arrays):
            archive.writestr(f"archive/data/{index}", value.tobytes())
        archive.writestr("archive/version", b"3\n")
    return stream.getvalue()


def rosinality_legacy(checkpoint: Checkpoint) -> bytes:
    """The same content in the form that torch wrote before 1.6."""
    with _pretending("torch.FloatStorage", "torch._utils._rebuild_tensor_v2") as fakes:
        numbers = iter(range(100_000))

        def tensor(value: Array) -> Any:
            return _tensor(value, _Storage(value, str(next(numbers))), fakes)

        return _legacy(_rosinality_state(checkpoint, True, tensor), fakes)


def _rosinality_state(checkpoint: Checkpoint, latent_avg: bool, tensor: Any) -> dict[str, Any]:
    g = OrderedDict(
        (name, tensor(value))
        for name, value in starmap(_rosinality_generator, checkpoint.generator.items())
        if name != "latent_avg"
    )
    g["convs.0.conv.blur.kernel"] = tensor(np.ones((4, 4), np.float32))
    top = checkpoint.configuration.resolution
    d = OrderedDict(
        (_rosinality_discriminator(name, top), tensor(value))
        for name, value in checkpoint.discriminator.items()
    )
    saved: dict[str, Any] = {"g": OrderedDict(), "d": d, "g_ema": g}
    if latent_avg:
        saved["latent_avg"] = tensor(checkpoint.generator["mapping.w_avg"])
    return saved


def _rosinality_generator(name: str, value: Array) -> tuple[str, Array]:
    if name == "mapping.w_avg":
        return "latent_avg", value
    if match := re.fullmatch(r"mapping\.fc(\d+)\.(\w+)", name):
        return f"style.{int(match[1]) + 1}.{match[2]}", value
    if name == "synthesis.b4.const":
        return "input.input", value[None]
    match = re.fullmatch(r"synthesis\.b(\d+)\.(\w+)\.(.+)", name)
    assert match
    r, layer, leaf = int(match[1]), match[2], match[3]
    level = r.bit_length() - 1
    if leaf == "noise_const":
        index = 0 if r == 4 else 2 * level - (5 if layer == "conv0" else 4)
        return f"noises.noise_{index}", value[None, None]
    k = level - 3
    if r == 4:
        scope = {"conv1": "conv1", "torgb": "to_rgb1"}[layer]
    else:
        scope = {
            "conv0": f"convs.{2 * k}",
            "conv1": f"convs.{2 * k + 1}",
            "torgb": f"to_rgbs.{k}",
        }[layer]
    if leaf == "bias" and layer == "torgb":
        return f"{scope}.bias", value.reshape(1, -1, 1, 1)
    if leaf == "weight":
        return f"{scope}.conv.weight", value[None]
    if leaf == "noise_strength":
        return f"{scope}.noise.weight", value.reshape(1)
    if leaf == "bias":
        return f"{scope}.activate.bias", value
    return f"{scope}.conv.modulation.{leaf.removeprefix('affine.')}", value


def _rosinality_discriminator(name: str, top: int) -> str:
    block, layer, leaf = name.split(".")
    if layer == "fromrgb":
        return "convs.0.0.weight" if leaf == "weight" else "convs.0.1.bias"
    if name.startswith("b4."):
        last = {"conv": ("final_conv.0", "final_conv.1"), "fc": ("final_linear.0",) * 2}
        last["out"] = ("final_linear.1",) * 2
        return f"{last[layer][leaf == 'bias']}.{leaf}"
    i = top.bit_length() - int(block[1:]).bit_length() + 1
    return (
        f"convs.{i}."
        + {
            "conv0.weight": "conv1.0.weight",
            "conv0.bias": "conv1.1.bias",
            "conv1.weight": "conv2.1.weight",
            "conv1.bias": "conv2.2.bias",
            "skip.weight": "skip.1.weight",
        }[f"{layer}.{leaf}"]
    )


# --- what torch writes

_TORCH = (
    "torch.FloatStorage",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter",
    "torch.storage._load_from_bytes",
)


class _Call:
    """What a pickle stores as a call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.reduced = (function, arguments)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.reduced


class _Storage:
    def __init__(self, value: Array, key: str) -> None:
        self.value, self.key = value, key


def _tensor(value: Array, storage: Any, fakes: dict[str, Any]) -> _Call:
    strides = tuple(step // 4 for step in np.ascontiguousarray(value).strides[: value.ndim])
    return _Call(
        fakes["_rebuild_tensor_v2"], storage, 0, value.shape, strides, False, OrderedDict()
    )


def _dumps(
    value: Any, fakes: dict[str, Any], legacy: bool, storages: dict[str, Array] | None = None
) -> bytes:
    class Pickler(pickle.Pickler):
        def persistent_id(self, given: Any) -> Any:
            if not isinstance(given, _Storage):
                return None
            if storages is not None:
                storages[given.key] = given.value
            identity = ("storage", fakes["FloatStorage"], given.key, "cuda:0", given.value.size)
            return (*identity, None) if legacy else identity

    stream = io.BytesIO()
    Pickler(stream, protocol=2).dump(value)
    return stream.getvalue()


def _legacy(value: Any, fakes: dict[str, Any]) -> bytes:
    storages: dict[str, Array] = {}
    sizes = {"short": 2, "int": 4, "long": 4}
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": sizes}
    content = b"".join(pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001, system))
    content += _dumps(value, fakes, legacy=True, storages=storages)
    content += pickle.dumps(sorted(storages), 2)
    for key in sorted(storages):
        held = np.ascontiguousarray(storages[key], np.float32)
        content += held.size.to_bytes(8, "little") + held.tobytes()
    return content


@contextmanager
def _pretending(*names: str) -> Iterator[dict[str, Any]]:
    """Classes under these names, which `pickle` finds where it looks for them."""
    before = dict(sys.modules)
    fakes: dict[str, Any] = {}
    try:
        for full in names:
            path, _, name = full.rpartition(".")
            for depth in range(1, path.count(".") + 2):
                part = ".".join(path.split(".")[:depth])
                if part in before and part in sys.modules and sys.modules[part] is before[part]:
                    sys.modules[part] = ModuleType(part)
                sys.modules.setdefault(part, ModuleType(part))
            base = (dict,) if name == "EasyDict" else ()
            fakes[name] = type(name, base, {"__module__": path})
            setattr(sys.modules[path], name, fakes[name])
        yield fakes
    finally:
        for name in set(sys.modules) - set(before):
            del sys.modules[name]
        sys.modules.update(before)
