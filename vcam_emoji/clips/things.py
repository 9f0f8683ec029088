"""What passes between a face and the camera: a hand, a card. Drawn by our own code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import pairwise
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.types import Points

_WIDE, _HIGH, _ARM = 360, 480, 700
"""Size of a hand or a card, and of the arm below the hand, in pixels."""


class Thing(StrEnum):
    HAND = "hand"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class Occluder:
    """A thing held before a face."""

    thing: Thing
    at: tuple[float, float]
    """Its middle, from the middle of the face, in heights of the face, right and down."""
    height: float = 1.2
    """Of the hand without its arm, or of the card, in heights of the face."""
    roll: float = 0.0
    """Degrees, clockwise positive."""


_Drawn: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Colour [h, w, 3] and alpha [h, w]."""


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    pixels: NDArray[np.uint8]
    """[h, w, 4], BGR times alpha, and alpha."""
    outline: Points
    """Of what is solid, in pixels."""
    middle: tuple[float, float] = (_WIDE / 2, _HIGH / 2)
    """Of the hand without its arm, or of the card, in pixels."""
    height: float = _HIGH
    """Of the same."""


@cache
def sprite(thing: Thing) -> Sprite:
    """The picture of a thing."""
    colour, alpha = _hand() if thing is Thing.HAND else _card()
    return Sprite(premultiplied(colour, alpha), outline_of(alpha))


def premultiplied(colour: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[h, w, 4]: colour times alpha, and alpha."""
    scaled = cv2.multiply(colour, cv2.cvtColor(alpha, cv2.COLOR_GRAY2BGR), scale=1 / 255)
    result = cv2.cvtColor(scaled, cv2.COLOR_BGR2BGRA).astype(np.uint8, copy=False)
    result[..., 3] = alpha
    return result


def outline_of(alpha: NDArray[np.uint8]) -> Points:
    """The largest solid piece as a polygon, within about a pixel."""
    contours, _ = cv2.findContours(
        (alpha > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    largest = max(contours, key=cv2.contourArea)
    # Contours run through the centres of the border pixels.
    return (cv2.approxPolyDP(largest, 1.0, True)[:, 0, :] + 0.5).astype(np.float32)


def _hand() -> _Drawn:
    """The back of an open hand with a piece of sleeve."""
    height, width, ss = _HIGH + _ARM, _WIDE, 2
    large = np.zeros((height * ss, width * ss), np.uint8)

    def limb(x0: int, y0: int, x1: int, y1: int, thick: int) -> None:
        cv2.line(large, (x0 * ss, y0 * ss), (x1 * ss, y1 * ss), (255,), thick * ss, cv2.LINE_AA)

    fingers = [
        (118, 210, 92, 66, 44),
        (165, 196, 158, 34, 46),
        (212, 200, 224, 48, 45),
        (252, 222, 286, 98, 39),
    ]
    for finger in fingers:
        limb(*finger)
    limb(120, 318, 40, 216, 46)
    cv2.ellipse(large, (184 * ss, 276 * ss), (92 * ss, 98 * ss), 0, 0, 360, (255,), -1, cv2.LINE_AA)
    limb(188, 330, 192, _HIGH, 124)
    limb(192, _HIGH, 204, height + 80, 150)
    shape = cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)
    # Light from the upper left: the blurred shape, shifted, darkens the far edges.
    depth = cv2.GaussianBlur(shape, (0, 0), 11).astype(np.float32) / 255
    light = 0.62 + 0.4 * np.roll(depth, (6, 8), (0, 1))
    skin = np.array([128, 160, 212], np.float32)
    colour = skin * light[..., None]
    creases = np.zeros((height, width), np.float32)
    for x0, y0, x1, y1, _ in fingers:
        for t in (0.32, 0.64):
            x, y = x0 + (x1 - x0) * t, y0 + (y1 - y0) * t
            cv2.ellipse(creases, (round(x), round(y)), (13, 4), 0, 0, 360, (1,), 1, cv2.LINE_AA)
    for (x0, y0, *_), (u0, v0, *_) in pairwise(fingers):
        cv2.line(
            creases,
            ((x0 + u0) // 2, (y0 + v0) // 2 + 14),
            ((x0 + u0) // 2, (y0 + v0) // 2 - 20),
            (1.6,),
            3,
            cv2.LINE_AA,
        )
    colour *= 1 - 0.13 * cv2.GaussianBlur(creases, (0, 0), 1.5)[..., None]
    sleeve = np.clip((np.arange(height) - 416) / 3, 0, 1)[:, None, None]
    colour = colour * (1 - sleeve) + np.array([118, 84, 62], np.float32) * light[..., None] * sleeve
    return np.clip(colour, 0, 255).astype(np.uint8), shape.astype(np.uint8, copy=False)


def _card() -> _Drawn:
    """A sheet of paper with lines of writing."""
    height, width = _HIGH, _WIDE
    shape = np.zeros((height, width), np.uint8)
    shape[6:-6, 6:-6] = 255
    y = np.linspace(1, 0.9, height)[:, None, None]
    colour = np.array([226, 234, 236], np.float32) * y * np.ones((1, width, 1))
    colour = np.ascontiguousarray(colour, np.float32)
    rng = np.random.default_rng(2)
    for line in range(60, height - 60, 26):
        end = int(rng.integers(200, width - 50))
        cv2.line(colour, (44, line), (end, line), (120, 104, 96), 4, cv2.LINE_AA)
    alpha = cv2.GaussianBlur(shape, (0, 0), 0.8).astype(np.uint8, copy=False)
    return np.clip(colour, 0, 255).astype(np.uint8), alpha
