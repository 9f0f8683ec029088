"""Which tensors a StyleGAN2 has, of which shape; and its configuration read off them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from generator.checkpoints.errors import Refused
from generator.configuration import Architecture, Checkpoint, Configuration, Style, Tensors

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Hints:
    """What shapes cannot tell, from the arguments a network was built with."""

    channel_base: int | None = None
    channel_max: int | None = None
    conv_clamp: float | None = None
    group_size: int | None = 4


def generator_shapes(c: Configuration) -> Shapes:
    """Every tensor of a generator, buffers (`w_avg`, `noise_const`) among them."""
    shapes: Shapes = {"mapping.w_avg": (c.w_dim,)}
    features = c.z_dim
    if c.c_dim:
        shapes |= _dense("mapping.embed", c.w_dim, c.c_dim)
        features += c.w_dim
    for i in range(c.mapping_layers):
        shapes |= _dense(f"mapping.fc{i}", c.w_dim, features)
        features = c.w_dim
    shapes["synthesis.b4.const"] = (c.width(4), 4, 4)
    for r in c.resolutions:
        b, o = f"synthesis.b{r}", c.width(r)
        if r > 4:
            i = c.width(r // 2)
            shapes |= _styled(f"{b}.conv0", o, i, c, r)
            if c.generator == "resnet":
                shapes[f"{b}.skip.weight"] = (o, i, 1, 1)
        shapes |= _styled(f"{b}.conv1", o, o, c, r)
        if c.generator == "skip" or r == c.resolution:
            shapes[f"{b}.torgb.weight"] = (c.channels, o, 1, 1)
            shapes[f"{b}.torgb.bias"] = (c.channels,)
            shapes |= _dense(f"{b}.torgb.affine", o, c.w_dim)
    return shapes


def discriminator_shapes(c: Configuration, mapping_layers: int = 8) -> Shapes:
    """Every tensor of a discriminator; its own mapping network is there only with labels."""
    shapes: Shapes = {}
    for r in reversed(c.resolutions):
        b, i = f"b{r}", c.width(r)
        if r == c.resolution or c.discriminator == "skip":
            shapes |= {f"{b}.fromrgb.weight": (i, c.channels, 1, 1), f"{b}.fromrgb.bias": (i,)}
        if r > 4:
            o = c.width(r // 2)
            shapes |= {f"{b}.conv0.weight": (i, i, 3, 3), f"{b}.conv0.bias": (i,)}
            shapes |= {f"{b}.conv1.weight": (o, i, 3, 3), f"{b}.conv1.bias": (o,)}
            if c.discriminator == "resnet":
                shapes[f"{b}.skip.weight"] = (o, i, 1, 1)
    n = c.width(4)
    if c.c_dim:
        shapes |= _dense("mapping.embed", n, c.c_dim)
        for k in range(mapping_layers):
            shapes |= _dense(f"mapping.fc{k}", n, n)
    shapes |= {"b4.conv.weight": (n, n + 1, 3, 3), "b4.conv.bias": (n,)}
    shapes |= _dense("b4.fc", n, n * 16)
    shapes |= _dense("b4.out", n if c.c_dim else 1, n)
    return shapes


def configuration_of(generator: Tensors, discriminator: Tensors, hints: Hints) -> Configuration:
    """Read a configuration off names and shapes.

    Raises:
        Refused: naming the tensor that is missing or does not fit.
    """
    widths = {
        int(match[1]): shape_of(generator, name, 4)[0]
        for name in generator
        if (match := re.fullmatch(r"synthesis\.b(\d{1,5})\.conv1\.weight", name))
    }
    resolution = max(widths, default=0)
    expected = [2**n for n in range(2, max(resolution.bit_length(), 4))]
    for r in expected:
        if r not in widths:
            raise Refused(f"it lacks the tensor synthesis.b{r}.conv1.weight")
    if resolution & (resolution - 1) or len(widths) != len(expected):
        raise Refused(f"its resolutions {sorted(widths)} are not the powers of two from 4 up")
    c_dim = shape_of(generator, "mapping.embed.weight", 2)[1] if _embeds(generator) else 0
    w_dim, features = shape_of(generator, "mapping.fc0.weight", 2)
    channel_max = max(widths.values())
    below = [r for r, width in widths.items() if width < channel_max] or [resolution]
    # Rounded down at each resolution, so the largest product is the nearest to what was meant.
    base, top = max(widths[r] * r for r in below), channel_max
    if hints.channel_base and hints.channel_max:
        given = (hints.channel_base, hints.channel_max)
        if all(min(given[0] // r, given[1]) == width for r, width in widths.items()):
            base, top = given
    return Configuration(
        resolution=resolution,
        z_dim=features - (w_dim if c_dim else 0),
        w_dim=w_dim,
        c_dim=c_dim,
        mapping_layers=_count(generator),
        channel_base=base,
        channel_max=top,
        channels=shape_of(generator, f"synthesis.b{resolution}.torgb.weight", 4)[0],
        generator=_architecture(
            f"synthesis.b{resolution}.skip.weight" in generator,
            "synthesis.b4.torgb.weight" in generator,
        ),
        discriminator=_architecture(
            f"b{resolution}.skip.weight" in discriminator or not discriminator,
            "b4.fromrgb.weight" in discriminator,
        ),
        style=_style(generator),
        conv_clamp=hints.conv_clamp,
        group_size=hints.group_size,
    )


def checked(checkpoint: Checkpoint) -> Checkpoint:
    """The same, once every tensor is there in its shape and no other is.

    Raises:
        Refused: naming the first tensor that is missing, unknown, or of another shape.
    """
    c = checkpoint.configuration
    _agree(checkpoint.generator, generator_shapes(c))
    if checkpoint.discriminator:
        _agree(
            checkpoint.discriminator,
            discriminator_shapes(c, _count(checkpoint.discriminator)),
        )
    return checkpoint


def parameters(tensors: Tensors) -> int:
    """How many numbers are trained: averages and noise constants are not."""
    return sum(
        prod(value.shape)
        for name, value in tensors.items()
        if not name.endswith(("w_avg", "noise_const"))
    )


def shape_of(tensors: Tensors, name: str, rank: int) -> tuple[int, ...]:
    if name not in tensors:
        raise Refused(f"it lacks the tensor {name}")
    shape = tensors[name].shape
    if len(shape) != rank or 0 in shape:
        raise Refused(f"{name} has shape {list(shape)}, where {rank} dimensions are expected")
    return shape


def _agree(tensors: Mapping[str, NDArray[np.generic]], shapes: Shapes) -> None:
    for name, shape in shapes.items():
        if name not in tensors:
            raise Refused(f"it lacks the tensor {name}")
        if tensors[name].shape != shape:
            got, expected = list(tensors[name].shape), list(shape)
            raise Refused(f"{name} has shape {got}, but {expected} is expected")
    for name in tensors:
        if name not in shapes:
            raise Refused(f"it holds a tensor that such a network does not have: {name}")


def _styled(name: str, o: int, i: int, c: Configuration, r: int) -> Shapes:
    # A style scales what goes into a convolution, or scales and shifts what comes out of it.
    styles = 2 * o if c.style == "adain" else i
    return {
        f"{name}.weight": (o, i, 3, 3),
        f"{name}.bias": (o,),
        f"{name}.noise_strength": (),
        f"{name}.noise_const": (r, r),
        **_dense(f"{name}.affine", styles, c.w_dim),
    }


def _dense(name: str, o: int, i: int) -> Shapes:
    return {f"{name}.weight": (o, i), f"{name}.bias": (o,)}


def _embeds(tensors: Tensors) -> bool:
    return "mapping.embed.weight" in tensors


def _count(tensors: Tensors) -> int:
    count = 0
    while f"mapping.fc{count}.weight" in tensors:
        count += 1
    return count


def _style(generator: Tensors) -> Style:
    outputs = shape_of(generator, "synthesis.b4.conv1.weight", 4)[0]
    styles = shape_of(generator, "synthesis.b4.conv1.affine.weight", 2)[0]
    return "adain" if styles == 2 * outputs else "demodulation"


def _architecture(residual: bool, everywhere: bool) -> Architecture:
    return "resnet" if residual else "skip" if everywhere else "orig"
