"""From a picture to the latent that draws it.

Starting at the average w, Adam follows the gradient of how different the drawn picture looks. W is
shaken ever less, so that the search does not end in the first hollow; the noise maps are found
too, and kept from storing the picture: they stay normal, and uncorrelated at every scale.

Source: Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN", appendix D.
Other than there, the difference is that of `perception`.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from math import cos, log10, pi
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

import numpy as np
from keras import ops, tree
from numpy.typing import NDArray

from generator import networks
from generator.autodiff import compiled, value_and_gradient
from generator.network import Network, as_bytes
from generator.ops import Tensor
from generator.perception import difference, features
from generator.pictures import Picture, write
from vcam_emoji.errors import DataError

Floats = NDArray[np.float32]

Space = Literal["w", "w+"]
"""One w for all layers, or one for each: nearer to the picture, farther from the network's own."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that, besides network and picture, decides the result."""

    steps: int = 500
    space: Space = "w"
    seed: int = 0
    rate: float = 0.1
    """Adam's learning rate at its highest."""
    ramp_up: float = 0.05
    ramp_down: float = 0.25
    """Shares of the steps in which it rises and falls."""
    shake: float = 0.05
    """First deviation of the noise added to w, in deviations of w."""
    shake_until: float = 0.75
    """Share of the steps after which there is none."""
    noise_weight: float = 1e5
    """Of the noise maps' correlations."""
    averaged: int = 10_000
    """Latents of which the average and the deviation of w are taken."""


@dataclass(frozen=True, slots=True)
class Projection:
    """What was found."""

    ws: Floats
    """[num_ws, w_dim]."""
    noise: Mapping[str, Floats]
    """[r, r] by layer."""
    picture: Picture
    """[r, r, 3], RGB."""
    psnr: float
    """Of the picture against the target, in dB."""
    perceptual: tuple[float, ...]
    """How different it looked, after each step."""
    pixels: tuple[float, ...]
    """PSNR in dB, after each step."""


@dataclass(slots=True)
class _Search:
    """Where it stands: all that the next step needs."""

    x: dict[str, Any]
    """`w` [1, 1 or num_ws, w_dim] and `noise`, [1, r, r, 1] by layer."""
    mean: dict[str, Any]
    square: dict[str, Any]
    """Adam's moments, as `x`."""
    spread: float
    """Deviation of w, as in the paper: the root of its mean squared distance from the average."""
    perceptual: list[float] = field(default_factory=list)
    pixels: list[float] = field(default_factory=list)

    @property
    def step(self) -> int:
        return len(self.perceptual)


def project(
    network: Network,
    target: Picture,
    recipe: Recipe = Recipe(),
    *,
    begin: Floats | None = None,
    state: Path | None = None,
    save_every: int = 50,
    progress: Callable[[int], None] = lambda _step: None,
) -> Projection:
    """Find the latent.

    Args:
        network: Of the target's resolution.
        target: [r, r, 3], RGB.
        recipe: How.
        begin: Ws [num_ws, w_dim] to start from, such as an encoder's; None is the average w.
        state: A file in which the search is kept from time to time, and from which it goes on if
            it is there. It is removed at the end.
        save_every: Steps between that.
        progress: Is told after each step how many were taken.

    Raises:
        DataError: the picture has another size, or the state is of another search.
    """
    side = network.configuration.resolution
    if target.shape != (side, side, 3):
        raise DataError(
            f"The picture is {target.shape[1]}x{target.shape[0]}, the network draws {side}x{side}.",
            "Scale it first.",
        )
    wanted = features(network, ops.convert_to_tensor(target[None].astype(np.float32) / 127.5 - 1))
    name = _name_of(network, target, recipe, begin)
    search = _kept(state, name) if state is not None and state.exists() else None
    search = search or _begun(network, recipe, begin)
    advance = compiled(lambda *given: _advanced(network.configuration, recipe, *given))
    progress(search.step)
    while search.step < recipe.steps:
        t = search.step / recipe.steps
        shake = search.spread * recipe.shake * max(0.0, 1 - t / recipe.shake_until) ** 2
        # A generator of its own for each step, so that a search that goes on shakes alike.
        rng = np.random.default_rng((recipe.seed, 1, search.step))
        shaken = shake * rng.standard_normal(search.x["w"].shape)
        values, search.x, search.mean, search.square = advance(
            (network.weights, network.discriminator),
            wanted,
            search.x,
            search.mean,
            search.square,
            *(ops.convert_to_tensor(np.float32(each)) for each in (_rate(recipe, t), search.step)),
            ops.convert_to_tensor(shaken.astype(np.float32)),
        )
        perceptual, pixels = (float(each) for each in values)
        search.perceptual.append(perceptual)
        search.pixels.append(_decibels(pixels))
        if state is not None and (search.step % save_every == 0 or search.step == recipe.steps):
            _keep(state, name, search)
        progress(search.step)
    return _found(network, target, search)


def _rate(recipe: Recipe, t: float) -> float:
    """Up in a line, down along a cosine."""
    down = min(1.0, (1 - t) / recipe.ramp_down)
    return recipe.rate * (0.5 - 0.5 * cos(pi * down)) * min(1.0, t / recipe.ramp_up)


def _begun(network: Network, recipe: Recipe, begin: Floats | None) -> _Search:
    c = network.configuration
    rng = np.random.default_rng((recipe.seed, 0))
    z = rng.standard_normal((recipe.averaged, c.z_dim)).astype(np.float32)
    labels = rng.integers(0, c.c_dim, recipe.averaged) if c.c_dim else None
    w = np.asarray(ops.convert_to_numpy(network.map(z, labels)))
    average = w.mean(axis=0)
    spread = float(np.sqrt(np.square(w - average).sum() / len(w)))
    start = average[None] if begin is None else begin
    if recipe.space == "w":
        start = start.mean(axis=0, keepdims=True)
    elif len(start) == 1:
        start = np.repeat(start, c.num_ws, axis=0)
    noise = {
        layer: rng.standard_normal(shape).astype(np.float32)
        for layer, shape in networks.noise_shapes(c, 1).items()
    }
    x = _tensors({"w": start[None].astype(np.float32), "noise": noise})
    nothing = tree.map_structure(ops.zeros_like, x)
    return _Search(x, nothing, nothing, spread)


def _advanced(
    configuration: Any,
    recipe: Recipe,
    weights: tuple[Any, Any],
    wanted: list[Tensor],
    x: dict[str, Any],
    mean: dict[str, Any],
    square: dict[str, Any],
    rate: Tensor,
    step: Tensor,
    shaken: Tensor,
) -> Any:
    """One step of Adam: ((perceptual difference, mean squared error), x, mean, square)."""
    network = Network(configuration, *weights)

    def loss(x: dict[str, Any]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        ws = _broadcast(x["w"] + shaken, network)
        picture = networks.synthesize(network.weights, configuration, ws, x["noise"])
        picture = _shown(picture)
        found = difference(features(network, picture), wanted)
        kept = recipe.noise_weight * correlation(x["noise"])
        return found.total + kept, (found.perceptual, found.pixels)

    (_, values), slope = value_and_gradient(loss)(x)
    mean = tree.map_structure(lambda m, g: 0.9 * m + 0.1 * g, mean, slope)
    square = tree.map_structure(lambda v, g: 0.999 * v + 0.001 * g * g, square, slope)
    fast = rate / (1 - ops.power(0.9, step + 1))
    slow = 1 - ops.power(0.999, step + 1)
    x = tree.map_structure(
        lambda y, m, v: y - fast * m / (ops.sqrt(v / slow) + 1e-8), x, mean, square
    )
    return (
        values,
        {"w": x["w"], "noise": {k: _normal(n) for k, n in x["noise"].items()}},
        mean,
        square,
    )


def correlation(noise: Mapping[str, Tensor]) -> Tensor:
    """How much neighbours in noise maps [n, r, r, 1] agree, at every scale down to 8 pixels."""
    total = 0.0
    for plane in noise.values():
        while True:
            for axis in (1, 2):
                total = total + ops.square(ops.mean(plane * ops.roll(plane, 1, axis=axis)))
            if plane.shape[1] <= 8:
                break
            plane = ops.average_pool(plane, 2)
    return total


def _shown(picture: Tensor) -> Tensor:
    """Cut off where the target was, but for a slope that leads back from there."""
    return 0.98 * ops.clip(picture, -1.0, 1.0) + 0.02 * picture


def _normal(plane: Tensor) -> Tensor:
    plane = plane - ops.mean(plane)
    return plane * ops.rsqrt(ops.mean(ops.square(plane)))


def _broadcast(w: Tensor, network: Network) -> Tensor:
    return w if w.shape[1] > 1 else networks.broadcast(w[:, 0], network.configuration)


def _found(network: Network, target: Picture, search: _Search) -> Projection:
    ws = _broadcast(search.x["w"], network)
    drawn = networks.synthesize(network.weights, network.configuration, ws, search.x["noise"])
    picture = as_bytes(drawn)[0]
    wrong = np.mean(np.square((picture.astype(np.float64) - target) / 127.5))
    arrays = _arrays(search.x)
    return Projection(
        np.asarray(ops.convert_to_numpy(ws))[0],
        {layer: plane[0, :, :, 0] for layer, plane in arrays["noise"].items()},
        picture,
        _decibels(float(wrong)),
        tuple(search.perceptual),
        tuple(search.pixels),
    )


def _decibels(mean_square: float) -> float:
    """PSNR of pictures whose values lie in -1 to 1."""
    return 10 * log10(4 / max(mean_square, 1e-10))


# --- what is kept between steps ------------------------------------------------------------------


def _name_of(network: Network, target: Picture, recipe: Recipe, begin: Floats | None) -> str:
    """A digest of all that decides the search."""
    digest = hashlib.sha256(target.tobytes())
    digest.update(json.dumps([asdict(recipe), asdict(network.configuration)]).encode())
    if begin is not None:
        digest.update(begin.tobytes())
    for weights in (network.weights, network.discriminator):
        for name in sorted(weights):
            digest.update(name.encode() + ops.convert_to_numpy(weights[name]).tobytes())
    return digest.hexdigest()


def _keep(file: Path, name: str, search: _Search) -> None:
    arrays: dict[str, Any] = {"name": np.array(name), "spread": np.array(search.spread)}
    arrays["curves"] = np.array([search.perceptual, search.pixels])
    for part in ("x", "mean", "square"):
        tensors = _arrays(getattr(search, part))
        arrays[f"{part}/w"] = tensors["w"]
        arrays |= {f"{part}/noise/{layer}": plane for layer, plane in tensors["noise"].items()}
    content = io.BytesIO()
    np.savez(content, **arrays)
    write(file, content.getvalue())


def _kept(file: Path, name: str) -> _Search:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            if str(arrays["name"]) != name:
                raise DataError(
                    f"{file} is of another search: the picture, network or settings differ.",
                    "Name another folder with --out, or remove that file.",
                )
            parts = [
                {
                    "w": arrays[f"{part}/w"],
                    "noise": {
                        each.removeprefix(f"{part}/noise/"): arrays[each]
                        for each in arrays.files
                        if each.startswith(f"{part}/noise/")
                    },
                }
                for part in ("x", "mean", "square")
            ]
            perceptual, pixels = arrays["curves"].tolist()
            spread = float(arrays["spread"])
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise DataError(f"{file} is damaged.", "Remove it to begin again.") from error
    x, mean, square = map(_tensors, parts)
    return _Search(x, mean, square, spread, perceptual, pixels)


def _tensors(arrays: Any) -> Any:
    return tree.map_structure(ops.convert_to_tensor, arrays)


def _arrays(tensors: Any) -> Any:
    return tree.map_structure(lambda each: np.asarray(ops.convert_to_numpy(each)), tensors)
