"""Lips and what they show."""

from __future__ import annotations

from math import exp, pi, sin

from generator.artwork.colour import BLACK, WHITE, Colour
from generator.artwork.mouth import MOUTH_Y as CLASSIC_Y
from generator.artwork.mouth import lips as classic_lips
from generator.artwork.people.build import MIDDLE, MOUTH_Y
from generator.artwork.people.muscles import Muscles
from generator.artwork.people.person import Person
from generator.artwork.people.tones import Tones
from generator.artwork.svg import Drawing, Outline, Point, between, curve, ellipse, line, stroke

_DEEP = Colour.hex("#2a060c")
_THROAT = Colour.hex("#86202c")
_TEETH = Colour.hex("#fdfcfa")
_TEETH_SHADE = Colour.hex("#c4c6d4")
_GAP = Colour.hex("#9a93a8")
_TONGUE = Colour.hex("#ee6b75")
_TONGUE_LIGHT = Colour.hex("#ff9c9d")
_TONGUE_DARK = Colour.hex("#b8364a")


def borders(person: Person, muscles: Muscles) -> tuple[list[Point], list[Point]]:
    """The upper and the lower border of the mouth's opening, left to right."""
    wide = 1 + 0.10 * person.mouth_width
    upper, lower = classic_lips(muscles)
    # A closed mouth's corners lie where photographs have them, whatever the middle does.
    y0 = MOUTH_Y - CLASSIC_Y + 2.5

    def moved(points: list[Point]) -> list[Point]:
        return [(MIDDLE + (x - MIDDLE) * wide, y + y0) for x, y in points]

    return moved(upper), moved(lower)


def lip_colour(person: Person, tones: Tones) -> Colour:
    """Of bare lips: the skin's, redder; then as much lipstick as there is."""
    lightness, chroma, _ = tones.base.as_oklch()
    old = max(0.0, (person.age - 45) / 45)
    bare = Colour.oklch(
        lightness * 0.83 - 0.012,
        min(0.15, chroma * (0.9 - 0.25 * old) + 0.05),
        22 + 8 * person.skin_tone,
    )
    return bare.mixed(Colour.hex(person.lip_colour), 0.85 * person.lipstick)


def draw_mouth(drawing: Drawing, person: Person, muscles: Muscles, tones: Tones) -> None:
    """Lips around an opening; in it teeth and tongue."""
    upper, lower = borders(person, muscles)
    opened = max(b[1] - a[1] for a, b in zip(upper, lower, strict=True))
    shape = between(upper, lower)
    _lips(drawing, person, muscles, tones, upper, lower)
    if opened > 3:
        top, bottom = min(y for _, y in upper), max(y for _, y in lower)
        fill = drawing.linear((MIDDLE, top), (MIDDLE, bottom), [(0.0, _DEEP), (1.0, _THROAT)])
        drawing.shape(shape, fill)
        with drawing.within(shape):
            _tongue(drawing, muscles, bottom)
            _teeth(drawing, muscles, upper, lower)
            shade = between([(x, y - 9) for x, y in upper], [(x, y + 5) for x, y in upper])
            drawing.shape(shade, _DEEP, opacity=0.5, blur=3.2)
    if muscles.tongue_out > 0:
        _hanging_tongue(drawing, muscles, lower)


def _lips(
    drawing: Drawing,
    person: Person,
    muscles: Muscles,
    tones: Tones,
    upper: list[Point],
    lower: list[Point],
) -> None:
    own = lip_colour(person, tones)
    full = 1 + 0.55 * person.lip_fullness - 0.2 * max(0.0, (person.age - 45) / 45)
    # Lips stretched by a wide mouth are thinner.
    stretch = 1.12 - 0.30 * max(0.0, (muscles.mouth_width - 45) / 25)
    above, below = 8.2 * full * stretch, 11.0 * full * stretch
    count = len(upper) - 1
    high, low = [], []
    for i, ((ux, uy), (lx, ly)) in enumerate(zip(upper, lower, strict=True)):
        s = -1 + 2 * i / count
        bow = (
            (1 - abs(s) ** 2.1)
            * (1 - 0.34 * exp(-((s / 0.15) ** 2)))
            * (1 + 0.12 * exp(-(((abs(s) - 0.3) / 0.2) ** 2)))
        )
        high.append((ux, uy - above * bow - 0.8))
        low.append((lx, ly + below * (1 - abs(s) ** 2.3) ** 0.8 + 0.8))
    # The mouth lies in the skin: shade around it, more under the lower lip.
    drawing.shape(between(high, low), tones.deep, stroke=tones.deep, width=7, opacity=0.30, blur=5)
    pout = [(MIDDLE + (x - MIDDLE) * 0.6, y + 9) for x, y in low[8:-8]]
    drawing.shape(stroke(pout, 11), tones.deep, opacity=0.42, blur=4.5)
    top, bottom = min(y for _, y in high), max(y for _, y in low)
    above_fill = drawing.linear(
        (MIDDLE, top),
        (MIDDLE, top + above + 6),
        [(0.0, own.shifted(0.02)), (1.0, own.shifted(-0.055, 1.05))],
    )
    below_fill = drawing.linear(
        (MIDDLE, bottom - below - 3),
        (MIDDLE, bottom),
        [(0.0, own.shifted(0.0)), (0.4, own.shifted(0.045)), (1.0, own.shifted(-0.05, 1.05, -4))],
    )
    drawing.shape(between(high, [(x, y + 1) for x, y in upper]), above_fill)
    drawing.shape(between([(x, y - 1) for x, y in lower], low), below_fill)
    gleam = [(MIDDLE + (x - MIDDLE) * 0.5 - 3, y + below * 0.42) for x, y in lower[9:-9]]
    drawing.shape(stroke(gleam, 4.2 * full), WHITE, opacity=0.30 + 0.25 * person.lipstick, blur=1.5)
    ridge = [(MIDDLE + (x - MIDDLE) * 0.5, y - 2.5) for x, y in high[10:-10]]
    drawing.shape(stroke(ridge, 4), tones.shine, opacity=0.38, blur=1.6)
    # The line where they meet, ending in a small dent at each corner.
    dark = own.shifted(-0.24, 1.05, -6).mixed(tones.line, 0.45)
    seam = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in zip(upper, lower, strict=True)]
    if max(b[1] - a[1] for a, b in zip(upper, lower, strict=True)) <= 3:
        drawing.shape(stroke(seam, 5.6, 0.5, 0.5), dark)
    else:
        drawing.shape(between(upper, lower), stroke=dark, width=3.4)
    for side, end, before in ((-1, seam[0], seam[2]), (1, seam[-1], seam[-3])):
        rise = (end[1] - before[1]) * 0.5
        dent = [(before[0], before[1]), end, (end[0] + side * 4.5, end[1] + rise)]
        drawing.shape(stroke(dent, 6.0, 0.6, 0.3), dark, opacity=0.85, blur=0.8)
        glow = ellipse((end[0] + side * 6, end[1] + 7), 6, 4.5)
        drawing.shape(glow, tones.deep, opacity=0.30, blur=3)


def _tongue(drawing: Drawing, muscles: Muscles, bottom: float) -> None:
    if muscles.tongue <= 0:
        return
    rise, wide = muscles.tongue, muscles.mouth_width * 0.62
    y = bottom - rise
    fill = drawing.radial(
        (MIDDLE - wide * 0.2, y + rise * 0.6),
        wide * 1.2,
        [(0.0, _TONGUE_LIGHT), (0.45, _TONGUE), (1.0, _TONGUE_DARK)],
    )
    drawing.shape(ellipse((MIDDLE, y + rise), wide, rise), fill)
    groove = line([(MIDDLE, y + rise * 0.4), (MIDDLE, bottom)])
    drawing.shape(groove, stroke=_TONGUE_DARK, width=3.4, opacity=0.55, blur=1)


def _teeth(drawing: Drawing, muscles: Muscles, upper: list[Point], lower: list[Point]) -> None:
    top, bottom = min(y for _, y in upper), max(y for _, y in lower)
    white = drawing.linear(
        (MIDDLE, top), (MIDDLE, bottom), [(0.0, _TEETH_SHADE), (0.2, _TEETH), (1.0, _TEETH)]
    )
    if muscles.clench > 0:
        shown = min(1.0, muscles.clench * 1.5)
        rows = between([(x, y + 2) for x, y in upper], [(x, y - 2) for x, y in lower])
        drawing.shape(rows, white, opacity=shown)
        middle = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in zip(upper, lower, strict=True)]
        drawing.shape(stroke(middle, 3.4, 0.6, 0.6), _GAP, opacity=0.9 * shown)
        for k in range(-4, 5):
            # Teeth stand on a curve: those at the sides are seen from the side.
            x = MIDDLE + muscles.mouth_width * 1.02 * sin(k * 0.32)
            drawing.shape(
                line([(x, top - 3), (x, bottom + 3)]), stroke=_GAP, width=1.7, opacity=0.5 * shown
            )
        shade = drawing.radial(
            (MIDDLE, (top + bottom) / 2),
            muscles.mouth_width,
            [(0.0, _DEEP, 0.0), (0.55, _DEEP, 0.0), (1.0, _DEEP, 0.5)],
        )
        drawing.shape(between(upper, lower), shade)
    if muscles.teeth_top > 0:
        reach = muscles.teeth_top
        count = len(upper) - 1
        edge = [
            (x, y + reach * (0.55 + 0.45 * sin(pi * i / count))) for i, (x, y) in enumerate(upper)
        ]
        row = between([(x, y - 6) for x, y in upper], edge)
        drawing.shape(
            between([(x, y - 6) for x, y in upper], [(x, y + 5) for x, y in edge]),
            _DEEP,
            opacity=0.5,
            blur=2.4,
        )
        drawing.shape(row, white)
        for k in (-2, -1, 0, 1, 2):
            x = MIDDLE + muscles.mouth_width * 0.9 * sin(k * 0.33)
            drawing.shape(
                line([(x, top - 3), (x, top + reach * 1.9)]),
                stroke=_TEETH_SHADE,
                width=1.5,
                opacity=0.5,
                clip=row,
            )


def _hanging_tongue(drawing: Drawing, muscles: Muscles, lower: list[Point]) -> None:
    """Out over the lower lip; where it is still in the mouth it has no edge."""
    out, lip = muscles.tongue_out, lower[len(lower) // 2][1]
    x, y, wide = MIDDLE - 2.0, lip - 14, 24.0
    rim = [
        (x - wide * 0.92, y),
        (x - wide, lip),
        (x - wide * 1.05, lip + out * 0.45),
        (x - wide * 0.8, lip + out * 0.85),
        (x, lip + out),
        (x + wide * 0.8, lip + out * 0.85),
        (x + wide * 1.05, lip + out * 0.45),
        (x + wide, lip),
        (x + wide * 0.92, y),
    ]
    shape = curve([*rim, (x, y - 5)])
    drawing.shape(curve([(a, b + 6) for a, b in rim[1:-1]]), BLACK, opacity=0.35, blur=4)
    drawing.shape(curve(rim[1:-1], closed=False), stroke=_TONGUE_DARK.mixed(_DEEP, 0.4), width=4.5)
    fill = drawing.linear(
        (x, y - 5),
        (x, lip + out),
        [(0.0, _THROAT), (0.25, _TONGUE_DARK), (0.5, _TONGUE), (1.0, _TONGUE_LIGHT)],
    )
    drawing.shape(shape, fill)
    groove = stroke([(x, lip - 5 + i * (out * 0.7 + 5) / 6) for i in range(7)], 5.0, 0.5)
    drawing.shape(groove, _TONGUE_DARK, opacity=0.65, blur=0.8)
    drawing.shape(ellipse((x - wide * 0.5, lip + out * 0.62), 4, 8), WHITE, opacity=0.6, blur=1.2)
    _roof(drawing, lower, shape)


def _roof(drawing: Drawing, lower: list[Point], shape: Outline) -> None:
    """The lip's shadow over the tongue's root."""
    band = between([(a, b - 3) for a, b in lower], [(a, b + 5) for a, b in lower])
    drawing.shape(band, _DEEP, opacity=0.3, blur=2.6, clip=shape)
