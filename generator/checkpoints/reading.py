"""Read a network, whatever form it lies in: our own, or one of the three public ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from generator.checkpoints import ada_form, native, rosinality_form, tensorflow_form
from generator.checkpoints.arrays import instance, numpy_globals, plain_globals
from generator.checkpoints.errors import CheckpointError, Refused
from generator.checkpoints.official import by_sha256
from generator.checkpoints.tensors import LEGACY_MAGIC, load_legacy, load_zip, torch_globals
from generator.checkpoints.translation import Take, Translation, finish, taker
from generator.checkpoints.unpickling import Budget, Global, unpickle
from generator.configuration import Checkpoint

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes that are done, and with all that there are."""

_SIZE_LIMIT = 3 << 30
"""A training checkpoint of a 1024 px network with its optimizers has 1.3 GB."""
_PIECE = 8 << 20
_HINT = (
    "Nothing in it was run. A network of NVIDIA's stylegan2 or stylegan2-ada-pytorch (.pkl), of "
    "rosinality's stylegan2-pytorch (.pt), or a folder of our own is read."
)


def load(place: Path, progress: Progress = lambda _done, _all: None) -> Checkpoint:
    """Read a folder of our own, or a file of any public form.

    Args:
        place: the folder or file.
        progress: told while a file is read.

    Returns:
        Weights in float32 by our names. Arrays may be views, and may not be writable.

    Raises:
        CheckpointError: if it is missing, damaged, none of the forms, or anything but data.
    """
    try:
        if place.is_dir():
            if not native.is_ours(place):
                raise Refused(f"it is a folder without {native.DESCRIPTION}")
            return native.load(place)
        if place.name in (native.DESCRIPTION, native.WEIGHTS):
            return native.load(place.parent)
        return _load_file(place, progress)
    except Refused as reason:
        whole = "cut short" not in str(reason)
        raise CheckpointError(
            f"{place.name or place} is not read: {reason}.",
            _HINT if whole else "It may not have come whole: get it again.",
        ) from reason
    except OSError as error:
        raise CheckpointError(
            f"{place} cannot be read: {error.strerror or error}.", "Is the name right?"
        ) from error
    except MemoryError as error:
        raise CheckpointError(
            f"{place.name} needs more memory than there is.", "Close other programs."
        ) from error


def _load_file(file: Path, progress: Progress) -> Checkpoint:
    data, digest = _read(file, progress)
    about: dict[str, Any] = {"file": file.name, "sha256": digest}
    known = by_sha256(digest)
    if known is not None:
        about |= {"name": known.name, "licence": known.licence, "source": known.source}
    return finish(translated(data), about)


def translated(data: memoryview) -> Translation:
    """Read the bytes of a file.

    Raises:
        Refused: if they are damaged, none of the three forms, or anything but data.
    """
    if bytes(data[:4]) == b"PK\3\4":
        value: Any = load_zip(data, *_tables())
    elif bytes(data[:1]) == b"\x80":
        known, budget = _tables()
        value, _ = unpickle(data, known, budget)
        if type(value) is int and value == LEGACY_MAGIC:
            value = load_legacy(data, known, budget)
    else:
        raise Refused("it is neither a pickle nor a file of torch")
    take: Take = taker(len(data))
    if tensorflow_form.is_this(value):
        return tensorflow_form.translate(value, take)
    if ada_form.is_this(value):
        return ada_form.translate(value, take)
    if rosinality_form.is_this(value):
        return rosinality_form.translate(value, take)
    raise Refused("it holds no StyleGAN2 in any of the three public forms")


def _tables() -> tuple[dict[str, Global], Budget]:
    """Every global that is known, and what reading one file may cost."""
    budget = Budget()
    known = plain_globals() | numpy_globals()
    known |= torch_globals(known | torch_globals({}, budget), budget)
    known |= ada_form.persistent_globals()
    # Arguments that rosinality's code saves beside the weights.
    for name in (tensorflow_form.NETWORK, "argparse.Namespace"):
        known[name] = instance(name)
    return known, budget


def _read(file: Path, progress: Progress) -> tuple[memoryview, str]:
    size = file.stat().st_size
    if not file.is_file():
        raise Refused("it is no file")
    if size > _SIZE_LIMIT:
        raise Refused(f"it has {size / 1e9:.1f} GB, more than any StyleGAN2")
    content = bytearray(size)
    view, digest, done = memoryview(content), hashlib.sha256(), 0
    with file.open("rb", buffering=0) as stream:
        while done < size and (got := stream.readinto(view[done : done + _PIECE])):
            digest.update(view[done : done + got])
            done += got
            progress(done, size)
    return view[:done].toreadonly(), digest.hexdigest()
