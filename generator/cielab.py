"""Colours as people see them: CIE 1976 L*a*b* and the CIEDE2000 difference."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]

_WHITE = np.array((0.95047, 1.0, 1.08883))
"""D65, as sRGB's white is."""
_TO_XYZ = np.array(
    (
        (0.4124564, 0.3575761, 0.1804375),
        (0.2126729, 0.7151522, 0.0721750),
        (0.0193339, 0.1191920, 0.9503041),
    )
)
_FROM_XYZ = np.linalg.inv(_TO_XYZ)


def linear(srgb: NDArray[Any]) -> Array:
    """Light from sRGB values.

    Args:
        srgb: [..., 3], 0 to 255.

    Returns:
        [..., 3], 0 to 1.
    """
    v = np.asarray(srgb, np.float64) / 255
    light: Array = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    return light


def from_linear(light: Array) -> Array:
    """[..., 3] CIE Lab from linear light of sRGB's primaries, 0 to 1."""
    t = np.maximum(light, 0) @ _TO_XYZ.T / _WHITE
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), axis=-1)


def lab(srgb: NDArray[Any]) -> Array:
    """[..., 3] CIE Lab from sRGB values, 0 to 255."""
    return from_linear(linear(srgb))


def srgb(colour: NDArray[Any]) -> NDArray[np.uint8]:
    """[..., 3] sRGB values from CIE Lab; what no screen shows is cut off."""
    colour = np.asarray(colour, np.float64)
    y = (colour[..., 0] + 16) / 116
    f = np.stack((y + colour[..., 1] / 500, y, y - colour[..., 2] / 200), axis=-1)
    t = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    light = np.clip(t * _WHITE @ _FROM_XYZ.T, 0, 1)
    v = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(v * 255), np.uint8)


def ciede2000(one: NDArray[Any], other: NDArray[Any]) -> Array:
    """How different two colours look; 1 is just seen beside each other.

    Args:
        one: [..., 3], CIE Lab.
        other: [..., 3], CIE Lab.

    Source: Sharma, Wu and Dalal 2005, "The CIEDE2000 color-difference formula", equations 2-22.
    """
    l1, a1, b1 = np.moveaxis(np.asarray(one, np.float64), -1, 0)
    l2, a2, b2 = np.moveaxis(np.asarray(other, np.float64), -1, 0)
    c7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    g = 0.5 * (1 - np.sqrt(c7 / (c7 + 25.0**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    grey = c1 * c2 == 0

    turn = h2 - h1
    turn = np.where(turn > 180, turn - 360, np.where(turn < -180, turn + 360, turn))
    turn = np.where(grey, 0.0, turn)
    dl, dc = l2 - l1, c2 - c1
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)

    lightness, c = (l1 + l2) / 2, (c1 + c2) / 2
    far = np.abs(h1 - h2) > 180
    h = (h1 + h2) / 2 + np.where(far, np.where(h1 + h2 < 360, 180.0, -180.0), 0.0)
    h = np.where(grey, h1 + h2, h)
    t = (
        1
        - 0.17 * np.cos(np.radians(h - 30))
        + 0.24 * np.cos(np.radians(2 * h))
        + 0.32 * np.cos(np.radians(3 * h + 6))
        - 0.20 * np.cos(np.radians(4 * h - 63))
    )
    sl = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)
    sc, sh = 1 + 0.045 * c, 1 + 0.015 * c * t
    rc = 2 * np.sqrt(c**7 / (c**7 + 25.0**7))
    rt = -np.sin(np.radians(60 * np.exp(-(((h - 275) / 25) ** 2)))) * rc
    dl, dc, dh = dl / sl, dc / sc, dh / sh
    found: Array = np.sqrt(dl**2 + dc**2 + dh**2 + rt * dc * dh)
    return found
