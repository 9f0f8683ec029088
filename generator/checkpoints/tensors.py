"""Torch's tensors: views of storages, which lie in a zip, behind a pickle, or inside of one."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from generator.checkpoints.archive import records
from generator.checkpoints.arrays import AnyArray, AnyDType, as_globals, never, sizes_of
from generator.checkpoints.errors import Refused
from generator.checkpoints.unpickling import Budget, Global, unpickle

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
"""The first of the five pickles that torch wrote before 1.6, and still writes inside of pickles."""

_STORAGES = {
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "DoubleStorage": "<f8",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
}


@dataclass(slots=True)
class Storage:
    """A flat run of numbers. In the older form they are reached after the tensors are built."""

    dtype: AnyDType
    numel: int
    data: memoryview | None = None

    def fill(self, data: memoryview) -> None:
        if len(data) != self.numel * self.dtype.itemsize:
            raise Refused(f"a storage claims {self.numel} numbers, but has {len(data)} bytes")
        self.data = data


@dataclass(frozen=True, slots=True)
class Tensor:
    """A view of a storage; offset and strides count numbers, not bytes."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> AnyArray:
        if self.storage.data is None:
            raise Refused("it lacks a storage that it refers to")
        if 0 in self.shape:
            raise Refused("it holds an empty tensor where weights are expected")
        numbers: AnyArray = np.frombuffer(self.storage.data, self.storage.dtype)
        return np.lib.stride_tricks.as_strided(
            numbers[self.offset :],
            self.shape,
            tuple(step * numbers.itemsize for step in self.strides),
            writeable=False,
        )


def torch_globals(known: dict[str, Global], budget: Budget) -> dict[str, Global]:
    """What tensors are pickled with.

    Args:
        known: globals of the pickles that storages inside of a pickle are.
        budget: what is left to be spent on the file.
    """
    table: dict[str, Any] = {
        "torch._utils._rebuild_tensor_v2": _tensor,
        "torch._utils._rebuild_parameter": lambda data, *_: data,
        "torch.storage._load_from_bytes": lambda data: load_legacy(_view(data), known, budget),
    }
    for name in _STORAGES:
        table[f"torch.{name}"] = never
    return as_globals(table)


def load_zip(data: memoryview, known: dict[str, Global], budget: Budget) -> object:
    """Read what torch has written since 1.6: a zip of `data.pkl` and the storages' numbers.

    Raises:
        Refused: if a storage is missing or shorter or longer than claimed.
    """
    parts = records(data)
    folder = next((name[: -len("data.pkl")] for name in parts if name.endswith("/data.pkl")), None)
    if folder is None:
        raise Refused("it is a zip, but none that torch wrote: it lacks data.pkl")
    if bytes(parts.get(f"{folder}byteorder", b"little")) != b"little":
        raise Refused("it was written on a big-endian machine")
    storages: dict[str, Storage] = {}

    def persistent(identity: object) -> Storage:
        dtype, key, numel = _described(identity)
        if key not in storages:
            if f"{folder}data/{key}" not in parts:
                raise Refused(f"it lacks the storage {key}")
            storages[key] = Storage(dtype, numel)
            storages[key].fill(parts[f"{folder}data/{key}"])
        return _same(storages[key], dtype, numel)

    return unpickle(parts[f"{folder}data.pkl"], known, budget, persistent)[0]


def load_legacy(data: memoryview, known: dict[str, Global], budget: Budget) -> object:
    """Read what torch wrote before 1.6, and still writes inside of pickles.

    Five pickles (magic number, protocol, system, the object, the storages' keys), then for each
    key an int64 count and as many numbers, little-endian.
    """
    storages: dict[str, Storage] = {}

    def persistent(identity: object) -> Storage:
        dtype, key, numel = _described(identity)
        return _same(storages.setdefault(key, Storage(dtype, numel)), dtype, numel)

    at = 0
    values = []
    for table in ({}, {}, {}, known, {}):
        value, size = unpickle(data[at:], table, budget, persistent if table else None)
        values.append(value)
        at += size
    magic, protocol, system, value, keys = values
    if type(magic) is not int or magic != LEGACY_MAGIC or protocol != 1001:
        raise Refused("it holds a storage that is none of torch's")
    if type(system) is not dict or system.get("little_endian") is not True:
        raise Refused("it was written on a big-endian machine")
    if type(keys) is not list or not all(type(key) is str for key in keys):
        raise Refused("its pickle is damaged: its storages have no keys")
    if sorted(keys) != sorted(storages):
        raise Refused("it lacks a storage that it refers to")
    for key in keys:
        target = storages[key]
        end = at + 8 + target.numel * target.dtype.itemsize
        if end > len(data):
            raise Refused(f"it is cut short: the storage {key} is not whole")
        if int.from_bytes(data[at : at + 8], "little") != target.numel:
            raise Refused(f"the storage {key} has another length than claimed")
        target.fill(data[at + 8 : end])
        at = end
    return value


def _described(identity: object) -> tuple[AnyDType, str, int]:
    """Type, key and length of `("storage", type, key, place, numel, view)`; zips lack the last."""
    if type(identity) is not tuple or len(identity) not in (5, 6):
        raise Refused("it refers to something outside of it that is no storage")
    word, kind, key, numel = identity[0], identity[1], identity[2], identity[4]
    name = kind.name.removeprefix("torch.") if isinstance(kind, Global) else ""
    if type(word) is not str or word != "storage" or name not in _STORAGES:
        raise Refused("it refers to something outside of it that is no storage")
    if type(key) is not str or type(numel) is not int or not 0 <= numel < 1 << 40:
        raise Refused("its pickle is damaged: a storage is not described as one")
    if len(identity) == 6 and identity[5] is not None:
        raise Refused("it holds a view of a storage, which only very old files do")
    return np.dtype(_STORAGES[name]), key, numel


def _same(storage: Storage, dtype: AnyDType, numel: int) -> Storage:
    if storage.dtype != dtype or storage.numel != numel:
        raise Refused("a storage is claimed with two lengths")
    return storage


def _tensor(storage: object, offset: object, size: object, stride: object, *_: object) -> Tensor:
    sizes, strides = sizes_of(size), sizes_of(stride)
    if type(storage) is not Storage or type(offset) is not int or not 0 <= offset < 1 << 40:
        raise Refused("its pickle is damaged: a tensor has no storage")
    if len(sizes) != len(strides):
        raise Refused("its pickle is damaged: a tensor's sizes and strides differ in number")
    count: int = prod(sizes)
    last = offset + sum((n - 1) * step for n, step in zip(sizes, strides, strict=True))
    if count > storage.numel or (count and last >= storage.numel):
        raise Refused(
            f"a tensor claims the shape {list(sizes)} of a storage of {storage.numel} numbers"
        )
    return Tensor(storage, offset, sizes, strides)


def _view(data: object) -> memoryview:
    if not isinstance(data, bytes | memoryview):
        raise Refused("its pickle is damaged: a storage has no bytes")
    return memoryview(data)
