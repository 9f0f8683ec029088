"""How alike two pictures look, measured without a network that would have to be downloaded.

Two judges, both joined by the plain difference of the pixels, which alone knows colours exactly.
The bands of a Laplacian pyramid: edges at every scale, without knowledge of what they are of. Or
the discriminator's activations in the place of LPIPS' VGG network: it has learnt what matters in
pictures of its domain. Measured (`docs/networks.md`), the pyramid comes nearer to pictures and to
a network's own faces, at half the time; the discriminator keeps edges a little stronger.

Sources: Bojanowski et al. 2018, "Optimizing the latent space of generative networks", section 3
(the Laplacian pyramid as a loss); Zhang et al. 2018, "The unreasonable effectiveness of deep
features as a perceptual metric" (features made unit vectors at each place; squared differences
averaged over places).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keras import ops

from generator import networks
from generator.network import Network
from generator.ops import Tensor, downsample, upsample

PIXEL_WEIGHT = 10.0
"""Of the mean squared difference of pixels, beside the perceptual part."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Tensors without shape: what is minimised, and its parts."""

    perceptual: Tensor
    pixels: Tensor

    @property
    def total(self) -> Tensor:
        return self.perceptual + PIXEL_WEIGHT * self.pixels


def features(network: Network, pictures: Tensor) -> list[Tensor]:
    """What `difference` compares, of pictures [n, r, r, 3], -1 to 1; the pictures come last.

    The discriminator judges where the network has one, else the pyramid.
    """
    if network.discriminator:
        return [*_seen(network, pictures), pictures]
    return [*bands(pictures), pictures]


def difference(one: Sequence[Tensor], other: Sequence[Tensor]) -> Difference:
    """Of two pictures' `features`."""
    *deep, pixels = (ops.mean(ops.square(a - b)) for a, b in zip(one, other, strict=True))
    perceptual = deep[0]
    for part in deep[1:]:
        perceptual = perceptual + part
    return Difference(perceptual, pixels)


def _seen(network: Network, pictures: Tensor) -> list[Tensor]:
    """The discriminator's first convolution at each resolution."""
    seen: dict[str, Tensor] = {}
    c = network.configuration
    networks.discriminate(network.discriminator, c, pictures, _no_label(network), seen.__setitem__)
    found = []
    for r in reversed(c.resolutions[1:]):
        x = seen[f"b{r}.conv0"]
        found.append(x * ops.rsqrt(ops.mean(ops.square(x), axis=3, keepdims=True) + 1e-8))
    return found


def _no_label(network: Network) -> Tensor | None:
    """Labels only reach the logits, which nobody looks at here."""
    classes = network.configuration.c_dim
    return ops.zeros((1, classes)) if classes else None


def bands(pictures: Tensor) -> list[Tensor]:
    """Of [n, r, r, 3]: a Laplacian pyramid down to 4 pixels.

    Each band is weighted to count alike in natural images.
    """
    found = []
    weight = 4.0
    while pictures.shape[1] > 4:
        smaller = downsample(pictures)
        found.append((pictures - upsample(smaller)) * weight)
        pictures = smaller
        weight /= 2**0.5
    return [*found, pictures]
