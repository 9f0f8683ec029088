"""Our own form: a folder with `network.json` and `weights.safetensors`.

`network.json` holds the configuration, where the network comes from, the type of the numbers and
the SHA-256 of the weights. The weights are in the layout of safetensors: a little-endian u64, that
many bytes of JSON (name to dtype, shape and offsets), then the numbers, little-endian, row by row.
Names are those of ada-pytorch after `generator.` or `discriminator.`.
Source of the layout: https://huggingface.co/docs/safetensors, "Format".
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, fields
from math import prod
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from generator.checkpoints.errors import CheckpointError, Refused
from generator.checkpoints.shapes import checked
from generator.configuration import Architecture, Checkpoint, Configuration, Style

FORMAT = "vcam-emoji-network/1"
DESCRIPTION, WEIGHTS = "network.json", "weights.safetensors"
Precision = Literal["float32", "float16"]

_TYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}
_HEADER_LIMIT = 8 << 20
_DESCRIPTION_LIMIT = 8 << 20
_WEIGHTS_LIMIT = 3 << 30


def save(
    checkpoint: Checkpoint,
    folder: Path,
    precision: Precision = "float32",
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    """Write beside the folder's place and rename, so that it is there whole or not at all.

    Args:
        checkpoint: with or without a discriminator.
        folder: a new or empty one, or one of a network, which is replaced.
        precision: of every number.
        progress: told how many bytes are written, and how many there are.

    Raises:
        CheckpointError: if a tensor does not fit, float16 cannot hold a value, or the folder
            holds something else or cannot be written.
    """
    try:
        checked(checkpoint)
    except Refused as reason:
        raise CheckpointError(
            f"The network is not written: {reason}.", "Its configuration and weights must agree."
        ) from reason
    arrays = _arrays(checkpoint, precision)
    if folder.exists() and not is_ours(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise CheckpointError(
            f"{folder} holds something else than a network.", "Name a new folder with --out."
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as place:
            new = Path(place) / "new"
            new.mkdir()
            digest = _write_weights(arrays, new / WEIGHTS, progress)
            description = {
                "format": FORMAT,
                "precision": precision,
                "sha256": digest,
                "configuration": asdict(checkpoint.configuration),
                "about": dict(checkpoint.about),
            }
            text = json.dumps(description, indent=2, allow_nan=False)
            (new / DESCRIPTION).write_text(text + "\n", encoding="utf-8")
            _take_place(new, folder, Path(place) / "old")
    except OSError as error:
        raise CheckpointError(
            f"{folder} cannot be written: {error.strerror}.", "Is it a folder that is yours?"
        ) from error


def _take_place(new: Path, folder: Path, old: Path) -> None:
    if not folder.exists():
        new.replace(folder)
        return
    folder.replace(old)
    try:
        new.replace(folder)
    except OSError:
        old.replace(folder)
        raise


def is_ours(folder: Path) -> bool:
    return (folder / DESCRIPTION).is_file()


def load(folder: Path) -> Checkpoint:
    """Read a folder; every number comes as float32.

    Raises:
        Refused: if hash, names, shapes or types are not what the description says.
    """
    description = _description(folder / DESCRIPTION)
    configuration = _configuration(description.get("configuration"))
    about = description.get("about", {})
    if not isinstance(about, dict):
        raise Refused(f"`about` in {DESCRIPTION} is no table")
    try:
        if (folder / WEIGHTS).stat().st_size > _WEIGHTS_LIMIT:
            raise Refused(f"{WEIGHTS} is larger than any StyleGAN2")
        content = (folder / WEIGHTS).read_bytes()
    except FileNotFoundError as error:
        raise Refused(f"{WEIGHTS} is missing beside {DESCRIPTION}") from error
    if hashlib.sha256(content).hexdigest() != description.get("sha256"):
        raise Refused(f"{WEIGHTS} is not the file that {DESCRIPTION} describes (its SHA-256)")
    tensors = _read_weights(content)
    networks: dict[str, dict[str, NDArray[np.generic]]] = {"generator": {}, "discriminator": {}}
    for name, value in tensors.items():
        network, _, rest = name.partition(".")
        if network not in networks:
            raise Refused(f"it holds a tensor that such a network does not have: {name}")
        networks[network][rest] = value
    return checked(Checkpoint(configuration, **networks, about=about))


def _arrays(checkpoint: Checkpoint, precision: Precision) -> dict[str, NDArray[np.generic]]:
    dtype = np.dtype("<f4" if precision == "float32" else "<f2")
    arrays: dict[str, NDArray[np.generic]] = {}
    for network in ("generator", "discriminator"):
        for name, value in getattr(checkpoint, network).items():
            with np.errstate(over="ignore"):
                array = np.asarray(value).astype(dtype, order="C")
            if not np.isfinite(array).all():
                raise CheckpointError(
                    f"{network}.{name} holds a value that {precision} cannot.",
                    "Keep it in float32." if precision == "float16" else "Is the network whole?",
                )
            arrays[f"{network}.{name}"] = array
    return arrays


def _write_weights(
    arrays: Mapping[str, NDArray[np.generic]], file: Path, progress: Callable[[int, int], None]
) -> str:
    header: dict[str, object] = {}
    end = 0
    for name, array in arrays.items():
        begin, end = end, end + array.nbytes
        kind = "F32" if array.dtype.itemsize == 4 else "F16"
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    digest = hashlib.sha256()
    with file.open("wb") as stream:
        done = 0
        for part in _parts(struct.pack("<Q", len(text)) + text, arrays):
            digest.update(part)
            done += stream.write(part)
            progress(done, 8 + len(text) + end)
        stream.flush()
        os.fsync(stream.fileno())
    return digest.hexdigest()


def _parts(header: bytes, arrays: Mapping[str, NDArray[np.generic]]) -> Iterator[bytes]:
    yield header
    for array in arrays.values():
        yield array.tobytes()


def _read_weights(content: bytes) -> dict[str, NDArray[np.generic]]:
    if len(content) < 8:
        raise Refused(f"{WEIGHTS} is cut short")
    (length,) = struct.unpack_from("<Q", content)
    if length > min(_HEADER_LIMIT, len(content) - 8):
        raise Refused(f"{WEIGHTS} claims a header of {length} bytes")
    header = _json(content[8 : 8 + length], WEIGHTS)
    data = memoryview(content)[8 + length :]
    header.pop("__metadata__", None)
    tensors: dict[str, NDArray[np.generic]] = {}
    places: list[tuple[int, int]] = []
    for name, entry in header.items():
        try:
            dtype = _TYPES[entry["dtype"]]
            shape = tuple(entry["shape"])
            begin, end = entry["data_offsets"]
            sound = all(type(n) is int and 0 <= n <= len(data) for n in (*shape, begin, end))
        except (KeyError, TypeError, ValueError) as error:
            raise Refused(f"{name} is not described as a tensor in {WEIGHTS}") from error
        if not sound or len(shape) > 8 or prod(shape) * dtype.itemsize != end - begin:
            raise Refused(f"{name} claims a shape or place that {WEIGHTS} does not hold")
        array: NDArray[np.generic] = np.frombuffer(data[begin:end], dtype).reshape(shape)
        tensors[name] = array
        places.append((begin, end))
    # End to end, so that no small file asks for much room by naming the same numbers often.
    places.sort()
    at = 0
    for begin, end in places:
        if begin != at:
            raise Refused(f"the tensors in {WEIGHTS} overlap, or leave gaps")
        at = end
    if at != len(data):
        raise Refused(f"{WEIGHTS} holds more than its tensors, or less")
    return {name: array.astype(np.float32, copy=False) for name, array in tensors.items()}


def _description(file: Path) -> dict[str, Any]:
    if file.stat().st_size > _DESCRIPTION_LIMIT:
        raise Refused(f"{DESCRIPTION} is larger than such a description ever is")
    description = _json(file.read_bytes(), DESCRIPTION)
    if description.get("format") != FORMAT:
        raise Refused(f"{DESCRIPTION} does not say `{FORMAT}`")
    return description


def _json(content: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{name} holds no valid JSON") from error
    if not isinstance(value, dict):
        raise Refused(f"{name} holds no table")
    return value


def _configuration(value: object) -> Configuration:
    known = {item.name for item in fields(Configuration)}
    if not isinstance(value, dict) or "resolution" not in value or not set(value) <= known:
        raise Refused(f"the configuration in {DESCRIPTION} has not the expected fields")
    configuration = Configuration(**value)
    for name in known:
        got = getattr(configuration, name)
        if name in ("generator", "discriminator"):
            sound = got in get_args(Architecture)
        elif name == "style":
            sound = got in get_args(Style)
        elif name == "conv_clamp":
            sound = got is None or (type(got) in (int, float) and 0 < got < float("inf"))
        elif name == "group_size":
            sound = got is None or (type(got) is int and got > 0)
        else:
            sound = type(got) is int and (0 if name == "c_dim" else 1) <= got <= 1 << 20
        if not sound:
            raise Refused(f"`{name}` in {DESCRIPTION} is {str(got)[:40]!r}, which it cannot be")
    r = configuration.resolution
    if not 8 <= r <= 4096 or r & (r - 1) or not 1 <= configuration.mapping_layers <= 64:
        raise Refused(f"`resolution` or `mapping_layers` in {DESCRIPTION} cannot be that")
    return configuration
