"""StyleGAN2: the mapping, the synthesis network and the discriminator, as functions of weights.

Each takes its weights as a mapping from ada-pytorch names to tensors (see `weights`), and returns
tensors; nothing is kept between calls. So gradients, averages, blends and freezing are arithmetic
on mappings, and the same code runs under `tf.function` and `jax.jit`.

Symbols are the papers': z a latent, w its image under the mapping, ws one w for each layer,
psi the truncation. Pictures are [n, h, w, 3], RGB, -1 to 1.

Source: Karras et al. 2019 (StyleGAN), 2020 (StyleGAN2), 2020 (ADA).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Literal, TypeAlias

from keras import ops

from generator.configuration import Configuration
from generator.ops import (
    Tensor,
    activate,
    adaptive_instance_norm,
    conv,
    dense,
    downsample,
    modulated_conv,
    normalised,
    upsample,
    with_minibatch_deviation,
)
from generator.weights import Weights

Noise: TypeAlias = Literal["const", "none"] | Mapping[str, Tensor]
"""The picture's own constants, none at all, or [n, r, r, 1] by layer (`noise_shapes`)."""

Record: TypeAlias = Callable[[str, Tensor], None]
"""Is shown every activation with its ada-pytorch name."""

MAPPING_RATE = 0.01
"""Learning rate of the mapping's layers, as a share of the rest's."""


def _unrecorded(_name: str, _value: Tensor) -> None:
    pass


# --- mapping ---------------------------------------------------------------------------------


def map_latents(
    weights: Weights,
    configuration: Configuration,
    z: Tensor,
    c: Tensor | None = None,
    record: Record = _unrecorded,
) -> Tensor:
    """Z to w.

    Args:
        weights: Of the generator.
        configuration: Its shape.
        z: [n, z_dim], unit normal.
        c: [n, c_dim], one-hot labels; None where the network takes none.
        record: See `Record`.

    Returns:
        [n, w_dim], not truncated.
    """
    x = normalised(z)
    if configuration.c_dim:
        x = ops.concatenate([x, _embedded(weights, c, record)], axis=1)
    return _mapped(weights, x, record)


def broadcast(w: Tensor, configuration: Configuration) -> Tensor:
    """[n, w_dim] to ws [n, num_ws, w_dim], the same for each layer."""
    return ops.repeat(w[:, None, :], configuration.num_ws, axis=1)


def truncated(ws: Tensor, w_avg: Tensor, psi: float, cutoff: int | None = None) -> Tensor:
    """Bring ws nearer to the average, in the first `cutoff` layers or in all.

    Args:
        ws: [n, num_ws, w_dim].
        w_avg: [w_dim].
        psi: 1 leaves them, 0 makes them the average.
        cutoff: How many layers; None is all.

    Source: Karras et al. 2019, "StyleGAN", appendix B.
    """
    count = ws.shape[1] if cutoff is None else min(cutoff, ws.shape[1])
    near = w_avg + (ws[:, :count] - w_avg) * psi
    return near if count == ws.shape[1] else ops.concatenate([near, ws[:, count:]], axis=1)


def mixed(ws: Tensor, other: Tensor, layer: int) -> Tensor:
    """Style mixing: `ws` below that layer, `other` from it on. All are [n, num_ws, w_dim]."""
    return ops.concatenate([ws[:, :layer], other[:, layer:]], axis=1)


# --- synthesis -------------------------------------------------------------------------------


def synthesize(
    weights: Weights,
    configuration: Configuration,
    ws: Tensor,
    noise: Noise = "const",
    record: Record = _unrecorded,
    half_from: int | None = None,
) -> Tensor:
    """Ws to pictures.

    Args:
        weights: Of the generator.
        configuration: Its shape.
        ws: [n, num_ws, w_dim].
        noise: What is added to each layer.
        record: See `Record`.
        half_from: From that resolution on activations are bfloat16; None keeps float32.

    Returns:
        [n, resolution, resolution, 3] float32, about -1 to 1.
    """
    g = _Generator(weights, configuration, noise, record)
    constant = weights["synthesis.b4.const"]
    x = ops.repeat(constant[None], ws.shape[0], axis=0)
    picture = None
    layer = 0
    for r in configuration.resolutions:
        x = ops.cast(x, "bfloat16" if half_from is not None and r >= half_from else "float32")
        b = f"synthesis.b{r}"
        residual = configuration.generator == "resnet" and r > 4
        shortcut = g.shortcut(f"{b}.skip", x) if residual else None
        if r > 4:
            x = g.styled(f"{b}.conv0", x, ws[:, layer], up=2)
            layer += 1
        x = g.styled(f"{b}.conv1", x, ws[:, layer], gain=sqrt(0.5) if residual else 1.0)
        layer += 1
        if shortcut is not None:
            x = shortcut + x
        if picture is not None:
            picture = upsample(picture)
        if configuration.generator == "skip" or r == configuration.resolution:
            y = ops.cast(g.to_rgb(f"{b}.torgb", x, ws[:, layer]), "float32")
            picture = y if picture is None else picture + y
        record(f"{b}:0", x)
        if picture is not None:
            record(f"{b}:1", picture)
    return picture


def noise_shapes(configuration: Configuration, n: int) -> dict[str, tuple[int, int, int, int]]:
    """Of what `synthesize` takes as noise, by layer: [n, r, r, 1]."""
    names = [("synthesis.b4.conv1", 4)]
    for r in configuration.resolutions[1:]:
        names += [(f"synthesis.b{r}.conv0", r), (f"synthesis.b{r}.conv1", r)]
    return {name: (n, r, r, 1) for name, r in names}


class _Generator:
    """The layers of one call."""

    def __init__(
        self, weights: Weights, configuration: Configuration, noise: Noise, record: Record
    ) -> None:
        self.weights = weights
        self.configuration = configuration
        self.noise = noise
        self.record = record

    def style(self, name: str, w: Tensor) -> Tensor:
        y = dense(w, self.weights[f"{name}.affine.weight"], self.weights[f"{name}.affine.bias"])
        self.record(f"{name}.affine", y)
        return y

    def styled(self, name: str, x: Tensor, w: Tensor, up: int = 1, gain: float = 1.0) -> Tensor:
        weights, style = self.weights, self.style(name, w)
        adaptive = self.configuration.style == "adain"
        kernel = weights[f"{name}.weight"]
        if adaptive:
            x = conv(x, kernel / sqrt(9 * kernel.shape[2]), up=up)
        else:
            x = modulated_conv(x, kernel, style, up=up)
        if self.noise == "const":
            x = x + self._noise(name, weights[f"{name}.noise_const"][None, :, :, None], x)
        elif self.noise != "none":
            x = x + self._noise(name, self.noise[name], x)
        clamp = self.configuration.conv_clamp
        x = activate(x, weights[f"{name}.bias"], "lrelu", gain=gain, clamp=clamp)
        if adaptive:
            half = style.shape[1] // 2
            x = adaptive_instance_norm(x, style[:, :half], style[:, half:])
        self.record(name, x)
        return x

    def _noise(self, name: str, plane: Tensor, x: Tensor) -> Tensor:
        return ops.cast(plane * self.weights[f"{name}.noise_strength"], x.dtype)

    def to_rgb(self, name: str, x: Tensor, w: Tensor) -> Tensor:
        kernel = self.weights[f"{name}.weight"]
        style = self.style(name, w) * (1.0 / sqrt(kernel.shape[2]))
        x = modulated_conv(x, kernel, style, demodulate=False)
        clamp = self.configuration.conv_clamp
        x = activate(x, self.weights[f"{name}.bias"], "linear", clamp=clamp)
        self.record(name, x)
        return x

    def shortcut(self, name: str, x: Tensor) -> Tensor:
        kernel = self.weights[f"{name}.weight"]
        y = conv(x, kernel / sqrt(kernel.shape[2]), up=2)
        y = activate(y, None, "linear", gain=sqrt(0.5), clamp=self.configuration.conv_clamp)
        self.record(name, y)
        return y


# --- discriminator ---------------------------------------------------------------------------


def discriminate(
    weights: Weights,
    configuration: Configuration,
    pictures: Tensor,
    c: Tensor | None = None,
    record: Record = _unrecorded,
    half_from: int | None = None,
) -> Tensor:
    """Pictures to logits: above 0 they seem real.

    Args:
        weights: Of the discriminator.
        configuration: Its shape.
        pictures: [n, resolution, resolution, 3].
        c: [n, c_dim], one-hot labels; None where the network takes none.
        record: See `Record`.
        half_from: From that resolution on activations are bfloat16; None keeps float32.

    Returns:
        [n, 1] float32.
    """
    d = _Discriminator(weights, configuration, record)
    x: Tensor | None = None
    for r in reversed(configuration.resolutions[1:]):
        dtype = "bfloat16" if half_from is not None and r >= half_from else "float32"
        pictures = ops.cast(pictures, dtype)
        x = None if x is None else ops.cast(x, dtype)
        b = f"b{r}"
        if r == configuration.resolution or configuration.discriminator == "skip":
            y = d.convolved(f"{b}.fromrgb", pictures)
            x = y if x is None else x + y
            if configuration.discriminator == "skip":
                pictures = downsample(pictures)
        if configuration.discriminator == "resnet":
            shortcut = d.convolved(f"{b}.skip", x, down=2, gain=sqrt(0.5), plain=True)
            x = d.convolved(f"{b}.conv0", x)
            x = shortcut + d.convolved(f"{b}.conv1", x, down=2, gain=sqrt(0.5))
        else:
            x = d.convolved(f"{b}.conv1", d.convolved(f"{b}.conv0", x), down=2)
        record(f"{b}:0", x)
    x = ops.cast(x, "float32")
    if configuration.discriminator == "skip":
        x = x + d.convolved("b4.fromrgb", ops.cast(pictures, "float32"))
    embedded = None
    if configuration.c_dim:
        embedded = _mapped(weights, _embedded(weights, c, record), record)
        record("mapping", embedded)
    return d.judged(x, embedded)


class _Discriminator:
    """The layers of one call."""

    def __init__(self, weights: Weights, configuration: Configuration, record: Record) -> None:
        self.weights = weights
        self.configuration = configuration
        self.record = record

    def convolved(
        self, name: str, x: Tensor, down: int = 1, gain: float = 1.0, plain: bool = False
    ) -> Tensor:
        kernel = self.weights[f"{name}.weight"]
        y = conv(x, kernel / sqrt(kernel.shape[0] ** 2 * kernel.shape[2]), down=down)
        bias = None if plain else self.weights[f"{name}.bias"]
        clamp = self.configuration.conv_clamp
        y = activate(y, bias, "linear" if plain else "lrelu", gain=gain, clamp=clamp)
        self.record(name, y)
        return y

    def judged(self, x: Tensor, embedded: Tensor | None) -> Tensor:
        weights, record = self.weights, self.record
        x = with_minibatch_deviation(x, self.configuration.group_size)
        record("b4.mbstd", x)
        x = self.convolved("b4.conv", x)
        x = ops.reshape(x, (x.shape[0], -1))
        x = activate(dense(x, weights["b4.fc.weight"], None), weights["b4.fc.bias"], "lrelu")
        record("b4.fc", x)
        x = dense(x, weights["b4.out.weight"], weights["b4.out.bias"])
        record("b4.out", x)
        if embedded is not None:
            x = ops.sum(x * embedded, axis=1, keepdims=True) / sqrt(embedded.shape[1])
        record("b4", x)
        return x


def _embedded(weights: Weights, c: Tensor, record: Record) -> Tensor:
    y = dense(c, weights["mapping.embed.weight"], weights["mapping.embed.bias"])
    record("mapping.embed", y)
    return normalised(y)


def _mapped(weights: Weights, x: Tensor, record: Record) -> Tensor:
    layer = 0
    while (name := f"mapping.fc{layer}.weight") in weights:
        x = dense(x, weights[name], weights[f"mapping.fc{layer}.bias"], rate=MAPPING_RATE)
        x = activate(x, None, "lrelu")
        record(f"mapping.fc{layer}", x)
        layer += 1
    return x
