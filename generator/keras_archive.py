"""A small Keras network's weights in a file: an archive of plain arrays, never executed."""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from generator.pictures import write
from vcam_emoji.errors import ModelError

_ABOUT = "about"


def arrays(model: keras.Model) -> list[NDArray[np.float32]]:
    """A network's weights, as `assign` takes them."""
    return [np.asarray(ops.convert_to_numpy(w.value)) for w in model.trainable_weights]


def assign(model: keras.Model, found: Sequence[NDArray[Any]]) -> None:
    """Give a network weights that another one of its kind has.

    Raises:
        ValueError: they do not fit, or are no numbers.
    """
    wanted = [tuple(each.shape) for each in model.trainable_weights]
    got = [each.shape for each in found]
    if wanted != got:
        raise ValueError(f"got weights of the shapes {got}, expected {wanted}")
    for variable, value in zip(model.trainable_weights, found, strict=True):
        if not math.isfinite(float(np.abs(value).max())):
            raise ValueError("a weight is not finite")
        variable.assign(value.astype(np.float32))


def save(model: keras.Model, file: Path, kind: str, about: Mapping[str, Any]) -> None:
    """Write float16 weights and what is told about them; beside its place first, then renamed.

    Args:
        model: Whose weights.
        file: An `.npz`.
        kind: The format's name and version.
        about: What `load` gives back; JSON can hold it.

    Raises:
        UsageError: it cannot be written.
    """
    kept = {f"w{at:02d}": each.astype(np.float16) for at, each in enumerate(arrays(model))}
    told = np.frombuffer(json.dumps({"format": kind, **about}).encode(), np.uint8)
    memory = io.BytesIO()
    np.savez_compressed(memory, allow_pickle=False, **{_ABOUT: told}, **kept)
    write(file, memory.getvalue())


def load(model: keras.Model, file: Path, kind: str, what: str, hint: str) -> dict[str, Any]:
    """Give a fresh network the weights of a file, and return what was told about them.

    Args:
        model: Of the shape that was saved.
        file: As `save` writes it; from anybody.
        kind: The format it must have.
        what: The network's name in errors, such as "judge".
        hint: How to come by one.

    Raises:
        ModelError: it is missing, or holds no such network.
    """
    try:
        with np.load(file, allow_pickle=False) as kept:
            about = dict(json.loads(kept[_ABOUT].tobytes()))
            found = [kept[name] for name in sorted(kept.files) if name != _ABOUT]
        if about.pop("format", None) != kind:
            raise ValueError(f"its format is not {kind!r}")
        assign(model, found)
    except FileNotFoundError as error:
        raise ModelError(f"There is no {what} {file}.", hint) from error
    except (
        OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error
    ) as error:  # fmt: skip
        raise ModelError(f"{file} holds no {what}: {error}", hint) from error
    return about
