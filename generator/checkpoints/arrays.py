"""The globals by which pickles hold containers and numpy's arrays, as inert values."""

from __future__ import annotations

import codecs
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from generator.checkpoints.errors import Refused
from generator.checkpoints.unpickling import Global, Instance, Table, as_key

AnyArray: TypeAlias = NDArray[np.generic]
Floats: TypeAlias = NDArray[np.float32]
AnyDType: TypeAlias = np.dtype[Any]

_RANK_LIMIT = 8
_CODES = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}


class DType:
    """`numpy.dtype`: a code such as f4, and a byte order that comes with the state."""

    def __init__(self, code: object = "", _align: object = False, _copy: object = True) -> None:
        if type(code) is not str or code not in _CODES:
            said = f" of the type `{code[:20]}`" if isinstance(code, str) else ""
            raise Refused(f"it holds numbers{said}, which no weight has")
        self.value: AnyDType = np.dtype(code)

    def restore(self, state: object) -> None:
        order = state[1] if type(state) is tuple and len(state) >= 2 else None
        if type(order) is not str or order not in ("<", ">", "|", "="):
            raise Refused("its pickle is damaged: a number type has no byte order")
        if order in "<>":
            self.value = self.value.newbyteorder("<" if order == "<" else ">")


class Array:
    """`numpy.ndarray`: empty until its state comes."""

    __slots__ = ("value",)

    def __init__(self, value: AnyArray | None = None) -> None:
        self.value = value

    def restore(self, state: object) -> None:
        if type(state) is not tuple or len(state) != 5:
            raise Refused("its pickle is damaged: an array has no state")
        _version, shape, dtype, fortran, raw = state
        self.value = _array(raw, dtype, shape, fortran is True)


def numpy_globals() -> dict[str, Global]:
    """What numpy arrays, scalars and types are pickled with, by numpy 1 and 2."""
    table = {
        "numpy.dtype": DType,
        "numpy.ndarray": never,
        "_codecs.encode": _encode,
    }
    for core in ("numpy.core", "numpy._core"):
        table[f"{core}.multiarray._reconstruct"] = _reconstruct
        table[f"{core}.multiarray.scalar"] = _scalar
        table[f"{core}.numeric._frombuffer"] = _frombuffer
    return as_globals(table)


def plain_globals() -> dict[str, Global]:
    """Containers that are no more than themselves."""
    return as_globals(
        {
            "collections.OrderedDict": _table,
            "dnnlib.util.EasyDict": _table,
            "builtins.set": _set,
            "__builtin__.set": _set,
        }
    )


def instance(name: str) -> Global:
    """A class of which only name and state are kept."""
    return Global(name, lambda *_: Instance(name))


def as_globals(table: dict[str, Any]) -> dict[str, Global]:
    return {name: Global(name, build) for name, build in table.items()}


def never(*_: object) -> object:
    raise Refused("its pickle calls a class that such a file only names")


def sizes_of(shape: object) -> tuple[int, ...]:
    """The same, if it is a shape: at most eight whole numbers."""
    if (
        type(shape) is not tuple
        or len(shape) > _RANK_LIMIT
        or not all(type(n) is int and 0 <= n < 1 << 40 for n in shape)
    ):
        raise Refused("its pickle is damaged: an array has no shape")
    return shape


def _table(items: object = ()) -> Table:
    """Old pickles hand an OrderedDict a list of [key, value]."""
    if isinstance(items, dict):
        return Table(items)
    if not isinstance(items, list | tuple):
        raise Refused("its pickle makes a dictionary of something that is no list")
    if not all(isinstance(item, list | tuple) and len(item) == 2 for item in items):
        raise Refused("its pickle makes a dictionary of something that is no pairs")
    return Table((as_key(key), value) for key, value in items)


def _set(values: object = ()) -> set[Any]:
    if not isinstance(values, list | tuple):
        raise Refused("its pickle makes a set of something that is no list")
    return {as_key(value) for value in values}


def _encode(text: object, encoding: object = "") -> bytes:
    """How protocol 2 writes bytes."""
    if type(text) is not str or type(encoding) is not str or encoding not in ("latin1", "latin-1"):
        raise Refused("its pickle holds bytes that are not written as such")
    return codecs.latin_1_encode(text)[0]


def _reconstruct(_kind: object, _shape: object, _code: object) -> Array:
    return Array()


def _scalar(dtype: object, raw: object = b"") -> float | int | bool:
    value: float | int | bool = _array(raw, dtype, (), fortran=False).item()
    return value


def _frombuffer(raw: object, dtype: object, shape: object, order: object) -> Array:
    return Array(_array(raw, dtype, shape, type(order) is str and order == "F"))


def _array(raw: object, dtype: object, shape: object, fortran: bool) -> AnyArray:
    sizes = sizes_of(shape)
    if not isinstance(raw, bytes | memoryview) or not isinstance(dtype, DType):
        raise Refused("its pickle is damaged: an array has no numbers")
    if prod(sizes) * dtype.value.itemsize != len(raw):
        raise Refused(f"an array claims the shape {list(sizes)}, but has {len(raw)} bytes")
    return np.frombuffer(raw, dtype.value).reshape(sizes, order="F" if fortran else "C")
