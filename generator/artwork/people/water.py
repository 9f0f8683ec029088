"""Tears and sweat."""

from __future__ import annotations

from math import cos, pi

from generator.artwork.colour import BLACK, WHITE, Colour
from generator.artwork.people.build import EYE_X, EYE_Y, MIDDLE
from generator.artwork.people.muscles import Muscles
from generator.artwork.svg import Drawing, Point, curve, drop, ellipse

_PALE, _MIDDLE, _DEEP = (Colour.hex(each) for each in ("#e4f5ff", "#86cdfa", "#2f88dc"))


def draw_water(drawing: Drawing, muscles: Muscles, below: float = 34.0) -> None:
    """Over everything: it runs down a cheek, `below` the eye, or stands on the temple."""
    if muscles.tear > 0:
        size = 0.45 + 0.55 * muscles.tear
        _drop(
            drawing,
            (MIDDLE - EYE_X - 10, EYE_Y + below),
            18 * size,
            62 * size,
            min(1.0, 2 * muscles.tear),
        )
    if muscles.sweat > 0:
        size = 0.45 + 0.55 * muscles.sweat
        _drop(
            drawing, (MIDDLE + 112, 148), 16 * size, 54 * size, min(1.0, 2 * muscles.sweat), lean=4
        )


def _drop(
    drawing: Drawing, tip: Point, radius: float, length: float, share: float, lean: float = 0.0
) -> None:
    x, y = tip
    bx, by = x + lean, y + length - radius
    drawing.shape(drop((x, y + 5), radius, length, lean), BLACK, opacity=0.25 * share, blur=3)
    fill = drawing.radial(
        (bx - radius * 0.1, by + radius * 0.45),
        length * 0.8,
        [(0.0, _PALE), (0.35, _MIDDLE), (1.0, _DEEP)],
    )
    drawing.shape(drop(tip, radius, length, lean), fill, opacity=share, stroke=_DEEP, width=1.2)
    gleam = ellipse((bx - radius * 0.36, by - radius * 0.2), radius * 0.2, radius * 0.36)
    drawing.shape(gleam, WHITE, opacity=0.95 * share)
    rim = [
        (bx + radius * 0.62 * cos(a), by + radius * 0.62 * cos(a - pi / 2))
        for a in (0.3, 0.8, 1.25)
    ]
    drawing.shape(curve(rim, closed=False), stroke=WHITE, width=radius * 0.14, opacity=0.6 * share)
