"""Where a projection stands: all that its next step needs, kept in a file and taken up again."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from keras import ops
from numpy.typing import NDArray

from generator.network import Network
from generator.pictures import Picture, write
from vcam_emoji.errors import DataError

if TYPE_CHECKING:
    from generator.projection import Recipe


@dataclass(slots=True)
class Search:
    x: dict[str, Any]
    """`v` [1, 1 or num_ws, w_dim], see `cloud`, and noise maps [1, r, r, 1] by layer."""
    moments: dict[str, dict[str, Any]]
    """Adam's `mean` and `square`, as `x`."""
    perceptual: list[float] = field(default_factory=list)
    pixels: list[float] = field(default_factory=list)
    """One value for each step taken, as in `Projection`."""

    @property
    def step(self) -> int:
        return len(self.perceptual)


def fingerprint(
    network: Network, target: Picture, recipe: Recipe, begin: NDArray[np.float32] | None
) -> str:
    """A digest of all that decides a search."""
    digest = hashlib.sha256(target.tobytes())
    digest.update(json.dumps([asdict(recipe), asdict(network.configuration)]).encode())
    if begin is not None:
        digest.update(begin.tobytes())
    for weights in (network.weights, network.discriminator):
        for name in sorted(weights):
            digest.update(name.encode())
            digest.update(np.asarray(ops.convert_to_numpy(weights[name])).tobytes())
    return digest.hexdigest()


def keep(file: Path, name: str, search: Search) -> None:
    """Write a search whole or not at all, under its fingerprint.

    Raises:
        UsageError: it cannot be written.
    """
    arrays: dict[str, Any] = {
        "name": np.array(name),
        "curves": np.array([search.perceptual, search.pixels]),
    }
    for part, tensors in (("x", search.x), *search.moments.items()):
        arrays |= {f"{part}/{key}": ops.convert_to_numpy(each) for key, each in tensors.items()}
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    write(file, content.getvalue())


def kept(file: Path, name: str) -> Search:
    """Take a search up again.

    Raises:
        DataError: the file is damaged, or holds a search of another fingerprint.
    """
    try:
        with np.load(file, allow_pickle=False) as arrays:
            found = str(arrays["name"])
            perceptual, pixels = arrays["curves"].tolist()
            parts: dict[str, dict[str, Any]] = {"x": {}, "mean": {}, "square": {}}
            for each in arrays.files:
                part, _, key = each.partition("/")
                if key:
                    parts[part][key] = ops.convert_to_tensor(arrays[each])
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise DataError(f"{file} is damaged.", "Remove it to begin again.") from error
    if found != name:
        raise DataError(
            f"{file} is of another projection: picture, network or settings differ.",
            "Name another folder with --out, or remove that file.",
        )
    return Search(parts.pop("x"), parts, perceptual, pixels)
