"""What a network is built like, as plain data."""

from __future__ import annotations

from typing import Any

from generator.checkpoints.shapes import parameters
from generator.configuration import Checkpoint


def described(checkpoint: Checkpoint) -> dict[str, Any]:
    """A network's shape as plain data."""
    c = checkpoint.configuration
    synthesis = {k: v for k, v in checkpoint.generator.items() if k.startswith("synthesis.")}
    blocks = []
    for r in c.resolutions:
        own = {k: v for k, v in synthesis.items() if k.startswith(f"synthesis.b{r}.")}
        layers = sorted({k.split(".")[2] for k in own if k.endswith(".weight")})
        blocks.append(
            {
                "resolution": r,
                "channels": c.width(r),
                "layers": [each for each in ("conv0", "conv1", "skip", "torgb") if each in layers],
                "parameters": parameters(own),
            }
        )
    return {
        "resolution": c.resolution,
        "num_ws": c.num_ws,
        "z_dim": c.z_dim,
        "w_dim": c.w_dim,
        "c_dim": c.c_dim,
        "mapping_layers": c.mapping_layers,
        "channel_base": c.channel_base,
        "channel_max": c.channel_max,
        "generator": c.generator,
        "discriminator": c.discriminator if checkpoint.discriminator else None,
        "style": c.style,
        "conv_clamp": c.conv_clamp,
        "parameters": {
            "mapping": parameters(checkpoint.generator) - parameters(synthesis),
            "synthesis": parameters(synthesis),
            "discriminator": parameters(checkpoint.discriminator),
        },
        "blocks": blocks,
        "about": dict(checkpoint.about),
    }
