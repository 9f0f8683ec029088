"""From a picture to the latent that draws it.

Starting at the average w, Adam follows the gradient of how different the drawn picture looks. W is
shaken ever less, so that the search does not end in the first hollow; the noise maps are found
too, and kept from storing the picture: they stay normal, and uncorrelated at every scale.

Source: Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN", appendix D.
Other than there, the search moves along the axes of `cloud` (where the paper's shaking of 0.05
times the deviation of w is about 1), and the difference is that of `perception`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from math import cos, log10, pi
from pathlib import Path
from typing import Any, Literal

import numpy as np
from keras import ops, tree
from numpy.typing import NDArray

from generator import networks
from generator.autodiff import compiled, value_and_gradient
from generator.cloud import Cloud
from generator.configuration import Configuration
from generator.network import Network, as_bytes
from generator.ops import Tensor
from generator.perception import difference, features
from generator.pictures import Picture
from generator.search import Search, fingerprint, keep, kept
from vcam_emoji.errors import DataError

Floats = NDArray[np.float32]

Space = Literal["w", "w+"]
"""One w for all layers, or one for each: nearer to the picture, farther from the network's own."""


Judge = Literal["pyramid", "discriminator"]
"""What says how different two pictures look, see `perception`."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that, besides network and picture, decides the result."""

    steps: int = 500
    space: Space = "w"
    judge: Judge = "pyramid"
    seed: int = 0
    rate: float = 0.1
    """Adam's learning rate at its highest, in deviations of w; the noise maps' too."""
    ramp_up: float = 0.05
    ramp_down: float = 0.25
    """Shares of the steps in which it rises and falls."""
    shake: float = 0.4
    """Deviation of the noise added to w at first, in deviations of w. The paper has about 1; a
    network's own face is recovered 2 to 4 dB better with less."""
    shake_until: float = 0.75
    """Share of the steps after which there is none."""
    noise_weight: float = 1e5
    """Of the noise maps' correlations."""
    averaged: int = 10_000
    """Latents of which the average and the deviations of w are taken."""


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


def project(
    network: Network,
    target: Picture,
    recipe: Recipe | None = None,
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
            it is there. Whoever named it removes it.
        save_every: Steps between that.
        progress: Is told after each step how many were taken.

    Raises:
        DataError: the picture has another size, the network lacks the discriminator that is to
            judge, or the state is of another search.
    """
    recipe = recipe or Recipe()
    if recipe.judge == "pyramid":
        network = replace(network, discriminator={})
    elif not network.discriminator:
        raise DataError("The network holds no discriminator.", "Let the pyramid judge.")
    side = network.configuration.resolution
    if target.shape != (side, side, 3):
        raise DataError(
            f"The picture is {target.shape[1]}x{target.shape[0]}, the network draws {side}x{side}.",
            "Scale it first.",
        )
    name = fingerprint(network, target, recipe, begin)
    search = kept(state, name) if state is not None and state.exists() else None
    cloud = Cloud.of(network, recipe.averaged, recipe.seed)
    search = search or _begun(network.configuration, recipe, cloud, begin)
    wanted = features(network, ops.convert_to_tensor(target[None].astype(np.float32) / 127.5 - 1))
    frame = {
        "generator": network.weights,
        "discriminator": network.discriminator,
        "wanted": wanted,
        "average": ops.convert_to_tensor(cloud.average),
        "axes": ops.convert_to_tensor(cloud.axes),
    }
    advance = _advancing(network.configuration, recipe.noise_weight)
    progress(search.step)
    while search.step < recipe.steps:
        numbers = (_rate(recipe, search.step), search.step + 1)
        values, search.x, search.moments = advance(
            frame,
            search.x,
            search.moments,
            *(ops.convert_to_tensor(np.float32(each)) for each in numbers),
            ops.convert_to_tensor(_shaking(recipe, search.step, search.x["v"].shape)),
        )
        perceptual, pixels = (float(each) for each in values)
        search.perceptual.append(perceptual)
        search.pixels.append(decibels(pixels))
        if state is not None and (search.step % save_every == 0 or search.step == recipe.steps):
            keep(state, name, search)
        progress(search.step)
    return _found(network, frame, target, search)


def correlation(noise: Mapping[str, Tensor]) -> Tensor:
    """How much neighbours in noise maps [n, r, r, 1] agree, at every scale down to 8 pixels."""
    total = 0.0
    for plane in noise.values():
        while True:
            for axis in (1, 2):
                total = total + ops.square(ops.mean(plane * ops.roll(plane, 1, axis=axis)))
            if plane.shape[1] <= 8:
                break
            n, side = plane.shape[0], plane.shape[1] // 2
            plane = ops.mean(ops.reshape(plane, (n, side, 2, side, 2, 1)), axis=(2, 4))
    return total


def decibels(mean_square: float) -> float:
    """PSNR of pictures whose values lie in -1 to 1, from their mean squared difference."""
    return 10 * log10(4 / max(mean_square, 1e-10))


def _rate(recipe: Recipe, step: int) -> float:
    """Up in a line, down along a cosine."""
    t = step / recipe.steps
    down = min(1.0, (1 - t) / recipe.ramp_down)
    up = min(1.0, (step + 1) / (recipe.steps * recipe.ramp_up))
    return recipe.rate * (0.5 - 0.5 * cos(pi * down)) * up


def _shaking(recipe: Recipe, step: int, shape: tuple[int, ...]) -> Floats:
    # A generator of its own for each step: a search that goes on shakes as if it had not stopped.
    rng = np.random.default_rng((recipe.seed, 1, step))
    left = max(0.0, 1 - step / recipe.steps / recipe.shake_until)
    return (recipe.shake * left**2 * rng.standard_normal(shape)).astype(np.float32)


def _begun(c: Configuration, recipe: Recipe, cloud: Cloud, begin: Floats | None) -> Search:
    v = np.zeros((c.num_ws, c.w_dim), np.float32) if begin is None else cloud.v_of(begin)
    if recipe.space == "w":
        v = v.mean(axis=0, keepdims=True)
    rng = np.random.default_rng((recipe.seed, 2))
    x = {"v": ops.convert_to_tensor(v[None])}
    for layer, shape in networks.noise_shapes(c, 1).items():
        x[layer] = ops.convert_to_tensor(rng.standard_normal(shape).astype(np.float32))
    nothing = {name: ops.zeros_like(each) for name, each in x.items()}
    return Search(x, {"mean": nothing, "square": nothing})


@lru_cache(maxsize=2)
def _advancing(configuration: Configuration, noise_weight: float) -> Callable[..., Any]:
    """`_advanced`, compiled: that takes seconds, so one search after another shares it."""
    return compiled(partial(_advanced, configuration, noise_weight))


def _advanced(
    configuration: Configuration,
    noise_weight: float,
    frame: Mapping[str, Any],
    x: dict[str, Tensor],
    moments: dict[str, dict[str, Tensor]],
    rate: Tensor,
    step: Tensor,
    shaken: Tensor,
) -> Any:
    """One step of Adam: ((perceptual difference, mean squared error), x, moments)."""
    network = Network(configuration, frame["generator"], frame["discriminator"])

    def loss(x: dict[str, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        noise = _noise_of(x)
        picture = networks.synthesize(
            network.weights, configuration, _ws_of(x["v"] + shaken, frame, configuration), noise
        )
        found = difference(features(network, _shown(picture)), frame["wanted"])
        rule = noise_weight * correlation(noise)
        return found.total + rule, (found.perceptual, found.pixels)

    (_, values), slope = value_and_gradient(loss)(x)
    mean, square = (moments[each] for each in ("mean", "square"))
    mean = tree.map_structure(lambda m, g: 0.9 * m + 0.1 * g, mean, slope)
    square = tree.map_structure(lambda s, g: 0.999 * s + 0.001 * g * g, square, slope)
    fast, slow = rate / (1 - ops.power(0.9, step)), 1 - ops.power(0.999, step)
    moved = tree.map_structure(
        lambda y, m, s: y - fast * m / (ops.sqrt(s / slow) + 1e-8), x, mean, square
    )
    normal = {layer: _normal(plane) for layer, plane in _noise_of(moved).items()}
    return values, {"v": moved["v"]} | normal, {"mean": mean, "square": square}


def _noise_of(x: dict[str, Tensor]) -> dict[str, Tensor]:
    return {layer: plane for layer, plane in x.items() if layer != "v"}


def _ws_of(v: Tensor, frame: Mapping[str, Any], configuration: Configuration) -> Tensor:
    """V [1, 1 or num_ws, w_dim] to ws [1, num_ws, w_dim]."""
    w = frame["average"] + ops.matmul(v, frame["axes"])
    return w if v.shape[1] > 1 else networks.broadcast(w[:, 0], configuration)


def _shown(picture: Tensor) -> Tensor:
    """Cut off as a target's grey levels are, but for a slope that leads back from there."""
    return 0.98 * ops.clip(picture, -1.0, 1.0) + 0.02 * picture


def _normal(plane: Tensor) -> Tensor:
    plane = plane - ops.mean(plane)
    return plane * ops.rsqrt(ops.mean(ops.square(plane)))


def _found(
    network: Network, frame: Mapping[str, Any], target: Picture, search: Search
) -> Projection:
    c = network.configuration
    ws = _ws_of(search.x["v"], frame, c)
    noise = _noise_of(search.x)
    picture = as_bytes(networks.synthesize(network.weights, c, ws, noise))[0]
    wrong = np.mean(np.square((picture.astype(np.float64) - target) / 127.5))
    return Projection(
        np.asarray(ops.convert_to_numpy(ws))[0],
        {
            layer: np.asarray(ops.convert_to_numpy(plane))[0, :, :, 0]
            for layer, plane in noise.items()
        },
        picture,
        decibels(float(wrong)),
        tuple(search.perceptual),
        tuple(search.pixels),
    )
