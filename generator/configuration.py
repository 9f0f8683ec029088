"""What a StyleGAN2 is built like, and the one form in which its weights are passed around.

Weights are a plain mapping from name to array, by the names and layouts of stylegan2-ada-pytorch
(`synthesis.b8.conv0.weight` is [O, I, kh, kw], `mapping.fc0.weight` is [O, I]): readers of other
forms translate into it, networks translate from it, and nothing else needs to know a layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Architecture: TypeAlias = Literal["skip", "orig", "resnet"]
"""How a picture is gathered or taken in: summed over resolutions, at the end only, residual."""

Style: TypeAlias = Literal["demodulation", "adain"]
"""How a style works: on the weights (StyleGAN2), or on the normalised activations (StyleGAN)."""

Tensors: TypeAlias = Mapping[str, NDArray[np.generic]]
"""By ada-pytorch name, without `G.` or `D.` before it; resample filters are never among them."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Shape of a generator and its discriminator."""

    resolution: int
    """Sides of the picture in pixels, a power of two, 8 or more."""
    z_dim: int = 512
    w_dim: int = 512
    c_dim: int = 0
    """Length of a label; 0 means that the network takes none."""
    mapping_layers: int = 8
    channel_base: int = 16384
    """Channels times resolution, until `channel_max` caps it (config F at 1024 px: 32768)."""
    channel_max: int = 512
    channels: int = 3
    """Of the picture: 3 is RGB."""
    generator: Architecture = "skip"
    discriminator: Architecture = "resnet"
    style: Style = "demodulation"
    conv_clamp: float | None = None
    """Activations are cut off at this times their gain; None lets them run."""
    group_size: int | None = 4
    """Of the minibatch standard deviation; None takes the whole batch."""

    def width(self, resolution: int) -> int:
        """Channels of the layers at that resolution."""
        return min(self.channel_base // resolution, self.channel_max)

    @property
    def resolutions(self) -> tuple[int, ...]:
        """4, 8, ... up to the picture's."""
        return tuple(2**n for n in range(2, self.resolution.bit_length()))

    @property
    def num_ws(self) -> int:
        """How many w one picture takes: one for each convolution, and one for the last to-RGB."""
        return 2 * (len(self.resolutions))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Networks as they are stored, in numpy arrays."""

    configuration: Configuration
    generator: Tensors = field(default_factory=dict)
    """Averaged weights (G_ema): what pictures are made with. `mapping.w_avg` is among them."""
    discriminator: Tensors = field(default_factory=dict)
    """Empty where the file held none."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """Where it comes from: JSON values only."""
