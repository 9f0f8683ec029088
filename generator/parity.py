"""Does our StyleGAN2 compute what the public one does? Compare with what was recorded from it.

A golden file is an `.npz` of weights (`G/...`, `D/...`, by ada-pytorch name), inputs (`z`, `c`),
and what came out: `w` and its truncations, pictures (`img_...`), each layer's activation
(`act/G/...`, `act/D/...`), logits, and two gradients. Configuration is read off the weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from keras import ops
from numpy.typing import NDArray

from generator import networks
from generator.autodiff import compiled, gradient
from generator.checkpoints.errors import Refused
from generator.checkpoints.shapes import Hints, checked, configuration_of
from generator.configuration import Checkpoint
from generator.weights import prepared
from vcam_emoji.errors import DataError

Arrays = Mapping[str, NDArray[np.float32]]

_HINT = "It must be an .npz of weights, inputs and recorded outputs, as in docs/networks.md."


@dataclass(frozen=True, slots=True)
class Parity:
    worst: float
    """Of all groups."""
    groups: dict[str, float]
    """Largest difference of a group's tensors, each over the range of what was recorded."""
    left_out: tuple[str, ...]
    """What was recorded under names that mean nothing to us."""


def load(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read a golden file.

    Raises:
        DataError: it is not there, or no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.", _HINT) from error
    except (ValueError, BadZipFile, AttributeError) as error:
        raise DataError(f"{path} is no golden file.", _HINT) from error


def checkpoint_of(
    golden: Arrays, conv_clamp: float | None = None, group_size: int | None = 4
) -> Checkpoint:
    """The networks of a golden file.

    Args:
        golden: What `load` gave.
        conv_clamp: As the networks were built with; None looks for it in the activations.
        group_size: Of the minibatch standard deviation: no tensor tells it.

    Raises:
        DataError: the weights are of no StyleGAN2.
    """
    try:
        generator, discriminator = (
            {
                name.removeprefix(prefix): array
                for name, array in golden.items()
                if name.startswith(prefix) and not name.endswith("resample_filter")
            }
            for prefix in ("G/", "D/")
        )
        hints = Hints(conv_clamp=conv_clamp or _clamp_of(golden), group_size=group_size)
        configuration = configuration_of(generator, discriminator, hints)
        return checked(Checkpoint(configuration, generator, discriminator))
    except Refused as reason:
        raise DataError(f"Its weights are of no StyleGAN2: {reason}.", _HINT) from reason


def compare(golden: Arrays, checkpoint: Checkpoint) -> Parity:
    """Compute everything that was recorded and take the differences."""
    groups: dict[str, float] = {}
    left = {name for name in golden if name not in ("z", "c") and name[:2] not in ("G/", "D/")}
    for name, group, got in _computed(golden, checkpoint):
        if name not in golden:
            continue
        left.discard(name)
        expected = np.asarray(golden[name], np.float64)
        extent = float(expected.max() - expected.min()) or 1.0
        values = _recorded_layout(got)
        if values.shape != expected.shape:
            raise DataError(
                f"{name} has shape {list(expected.shape)} in the file, "
                f"but such a network gives {list(values.shape)}.",
                _HINT,
            )
        found = float(np.abs(values - expected).max()) / extent
        # Not-a-number must not pass for agreement.
        groups[group] = max(groups.get(group, 0.0), found if found == found else float("inf"))
    if not groups:
        raise DataError("It holds weights, but nothing that was recorded with them.", _HINT)
    return Parity(max(groups.values()), groups, tuple(sorted(left)))


def _computed(golden: Arrays, checkpoint: Checkpoint) -> Iterator[tuple[str, str, Any]]:
    """(name in the file, group, value) of all that such a file may record.

    Everything is compiled, as it is in training: this is what has to agree.
    """
    c = checkpoint.configuration
    weights = prepared(checkpoint.generator)
    z, labels = (ops.convert_to_tensor(golden[name]) for name in ("z", "c"))

    def mapped(weights: Any, z: Any, labels: Any) -> Any:
        seen: dict[str, Any] = {}
        w = networks.map_latents(weights, c, z, labels, seen.__setitem__)
        return seen | {"mapping": networks.broadcast(w, c)}

    def drawn(weights: Any, ws: Any) -> Any:
        seen: dict[str, Any] = {}
        image = networks.synthesize(weights, c, ws, "const", seen.__setitem__)
        return image, seen

    def energy_slope(weights: Any, ws: Any) -> Any:
        picture = partial(networks.synthesize, weights, c)
        return gradient(lambda ws: ops.mean(ops.square(picture(ws))))(ws)

    draw = compiled(drawn)
    seen = compiled(mapped)(weights, z, labels)
    ws = seen["mapping"]
    yield "w", "mapping", ws
    for name in golden:
        if name.startswith(("w_psi", "img_const_psi")):
            psi, _, cutoff = name.partition("psi")[2].partition("_cut")
            last = int(cutoff) if cutoff else None
            near = networks.truncated(ws, weights["mapping.w_avg"], float(psi), last)
            is_image = name.startswith("img")
            yield name, "truncation", draw(weights, near)[0] if is_image else near
        elif name.startswith("w_mix"):
            layer = int(name.removeprefix("w_mix"))
            mix = networks.mixed(ws, ops.roll(ws, -1, axis=0), layer)
            yield name, "style mixing", mix
            yield f"img_mix{layer}", "style mixing", draw(weights, mix)[0]
    image, drawn_seen = draw(weights, ws)
    yield "img_const", "images", image
    yield "img_nofuse", "images", image
    if "img_none" in golden:
        plain = compiled(lambda weights, ws: networks.synthesize(weights, c, ws, "none"))
        yield "img_none", "images", plain(weights, ws)
    for name, value in (seen | drawn_seen).items():
        group = "mapping" if name.startswith("mapping") else "generator activations"
        yield f"act/G/{name}", group, value
    if "dmeansq_dw" in golden:
        yield "dmeansq_dw", "gradients", compiled(energy_slope)(weights, ws)
    if checkpoint.discriminator:
        yield from _judged(golden, checkpoint, image, labels)


def _judged(
    golden: Arrays, checkpoint: Checkpoint, image: Any, labels: Any
) -> Iterator[tuple[str, str, Any]]:
    c = checkpoint.configuration
    weights = prepared(checkpoint.discriminator)

    def judged(weights: Any, image: Any, labels: Any) -> Any:
        seen: dict[str, Any] = {}
        return networks.discriminate(weights, c, image, labels, seen.__setitem__), seen

    def slope(weights: Any, image: Any, labels: Any) -> Any:
        return gradient(lambda x: ops.sum(networks.discriminate(weights, c, x, labels)))(image)

    logits, seen = compiled(judged)(weights, image, labels)
    for name, value in seen.items():
        yield f"act/D/{name}", "discriminator activations", value
    yield "D_logits", "logits", logits
    if "dD_dimg" in golden:
        yield "dD_dimg", "gradients", compiled(slope)(weights, image, labels)


def _recorded_layout(tensor: Any) -> NDArray[np.float64]:
    array = np.asarray(ops.convert_to_numpy(tensor), np.float64)
    return array.transpose(0, 3, 1, 2) if array.ndim == 4 else array


def _clamp_of(golden: Arrays) -> float | None:
    """Where activations pile up at one magnitude they were cut off there.

    The second convolution of a residual block is left out: its cut is scaled with its gain.
    """
    layers = ("b4.conv1", ".conv0", ".fromrgb", "b4.conv")
    sizes = [
        np.abs(array).ravel()
        for name, array in golden.items()
        if name.startswith("act/") and name.endswith(layers)
    ]
    if not sizes:
        return None
    every = np.concatenate(sizes)
    top = every.max()
    return float(top) if (every == top).sum() > 1 else None
