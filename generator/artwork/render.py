"""Drawings into pixels. Whatever turns SVG text into a picture can be put in resvg's place."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from generator.artwork.svg import Drawing
from vcam_emoji import png
from vcam_emoji.errors import UsageError, how_to_install_generator


class Renderer(Protocol):
    """Turns SVG text into pixels."""

    def __call__(self, svg: str, width: int, height: int) -> NDArray[np.uint8]:
        """[height, width, 4], BGR and straight alpha."""
        ...


def resvg(svg: str, width: int, height: int) -> NDArray[np.uint8]:
    """The renderer that we use: small, fast, and the same on every machine."""
    try:
        import resvg_py
    except ImportError as error:
        raise UsageError(
            "Drawing needs the package resvg-py.",
            how_to_install_generator(),
        ) from error
    # Without text there is nothing to look up in the system's fonts, and reading them is slow.
    encoded = resvg_py.svg_to_bytes(
        svg_string=svg, width=width, height=height, skip_system_fonts="<text" not in svg
    )
    return png.decode(bytes(encoded))


def render(drawing: Drawing, width: int, renderer: Renderer = resvg) -> NDArray[np.uint8]:
    """The drawing at that width in pixels: [h, w, 4], BGR and straight alpha."""
    height = round(width * drawing.height / drawing.width)
    return renderer(drawing.svg(), width, height)


def thrifty(pixels: NDArray[np.uint8], step: int = 2) -> NDArray[np.uint8]:
    """The picture with colours in steps of a few grey levels; alpha is kept.

    Nobody sees it, and a PNG of it is a quarter smaller.
    """
    whole = (pixels[..., :3].astype(np.uint16) + step // 2) // step * step
    return np.dstack([np.minimum(whole, 255).astype(np.uint8), pixels[..., 3]])
