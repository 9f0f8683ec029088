"""The mouth of an emoji head: one outline for a line, a smile, a scream or a snarl."""

from __future__ import annotations

from math import pi, sin

from generator.artwork.colour import BLACK, WHITE, Colour
from generator.artwork.expressions import Expression
from generator.artwork.palette import Skin
from generator.artwork.svg import Drawing, Outline, Point, between, curve, ellipse, line, stroke

MOUTH_Y = 346.0
_STEPS = 40

_DEEP = Colour.hex("#2c060c")
_THROAT = Colour.hex("#7a1626")
_TEETH = Colour.hex("#fdfdff")
_TEETH_SHADE = Colour.hex("#b9c1d6")
_GAP = Colour.hex("#8f86a3")
_TONGUE = Colour.hex("#f2606f")
_TONGUE_LIGHT = Colour.hex("#ff9a9c")
_TONGUE_DARK = Colour.hex("#b8283f")


def draw_mouth(drawing: Drawing, expression: Expression, skin: Skin) -> None:
    """The lips' outline and what they show."""
    upper, lower = lips(expression)
    outline = between(upper, lower)
    opened = max(b[1] - a[1] for a, b in zip(upper, lower, strict=True))
    _bed(drawing, skin, upper, lower)
    drawing.shape(outline, skin.line, stroke=skin.line, width=11)
    if opened > 6:
        top, bottom = min(y for _, y in upper), max(y for _, y in lower)
        fill = drawing.linear((256, top), (256, bottom), [(0.0, _DEEP), (1.0, _THROAT)])
        drawing.shape(outline, fill)
        _tongue(drawing, expression, outline, bottom)
        _teeth(drawing, expression, outline, upper, lower)
        shadow = between([(x, y - 12) for x, y in upper], [(x, y + 7) for x, y in upper])
        drawing.shape(shadow, _DEEP, opacity=0.45, blur=5, clip=outline)
    if expression.tongue_out > 0:
        _hanging_tongue(drawing, expression, skin, lower)


def lips(expression: Expression) -> tuple[list[Point], list[Point]]:
    """The upper and the lower border of the mouth, left to right."""
    y0 = MOUTH_Y + expression.mouth_y
    upper, lower = [], []
    for i in range(_STEPS + 1):
        t = i / _STEPS
        upper.append(_on(expression, t, y0 - expression.upper_lip, expression.upper_square, y0))
        lower.append(_on(expression, t, y0 + expression.lower_lip, expression.lower_square, y0))
    wave = expression.mouth_wave
    waved = [
        (x, y + wave * sin(4 * pi * i / _STEPS) * sin(pi * i / _STEPS))
        for i, (x, y) in enumerate(upper)
    ]
    sneer = [
        (x, y - expression.sneer * max(0.0, sin(pi * ((i / _STEPS) * 1.6 - 0.6))) ** 2)
        for i, (x, y) in enumerate(waved)
    ]
    low = [
        (x, max(sneer[i][1], y + wave * sin(4 * pi * i / _STEPS + 0.6) * sin(pi * i / _STEPS)))
        for i, (x, y) in enumerate(lower)
    ]
    return sneer, low


def _on(expression: Expression, t: float, middle: float, square: float, y0: float) -> Point:
    """A point of a lip: a Bezier curve between the corners, through `middle` half way."""
    w, corner = expression.mouth_width, y0 - expression.mouth_lift
    # At half way the curve is 1/4 of the corners and 3/4 of the controls.
    control = (middle - corner / 4) / 0.75
    a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    reach = w * (square * 4 / 3 + (1 - square) / 3)
    return 256 - a * w - b * reach + c * reach + d * w, (a + d) * corner + (b + c) * control


def _bed(drawing: Drawing, skin: Skin, upper: list[Point], lower: list[Point]) -> None:
    """The lips' shade above and the light on the rim below: the mouth lies in the skin."""
    outline = between(upper, lower)
    drawing.shape(outline, skin.edge, stroke=skin.edge, width=26, opacity=0.42, blur=7)
    rim = stroke([(x, y + 10) for x, y in lower[3:-3]], 9.0)
    drawing.shape(rim, skin.shine, opacity=0.7, blur=2.5)
    pout = stroke([(x * 0.62 + 256 * 0.38, y + 26) for x, y in lower[8:-8]], 16.0)
    drawing.shape(pout, skin.edge, opacity=0.3, blur=7)


def _tongue(drawing: Drawing, expression: Expression, outline: Outline, bottom: float) -> None:
    if expression.tongue <= 0:
        return
    rise, wide = expression.tongue, expression.mouth_width * 0.62
    y = bottom - rise
    shape = ellipse((256, y + rise), wide, rise)
    fill = drawing.radial(
        (256 - wide * 0.2, y + rise * 0.6),
        wide * 1.2,
        [(0.0, _TONGUE_LIGHT), (0.45, _TONGUE), (1.0, _TONGUE_DARK)],
    )
    drawing.shape(shape, fill, clip=outline)
    groove = line([(256, y + rise * 0.45), (256, bottom)])
    drawing.shape(groove, stroke=_TONGUE_DARK, width=5, opacity=0.6, blur=1.5, clip=outline)


def _teeth(
    drawing: Drawing,
    expression: Expression,
    outline: Outline,
    upper: list[Point],
    lower: list[Point],
) -> None:
    top, bottom = min(y for _, y in upper), max(y for _, y in lower)
    white = drawing.linear(
        (256, top), (256, bottom), [(0.0, _TEETH_SHADE), (0.22, _TEETH), (1.0, _TEETH)]
    )
    if expression.clench > 0:
        shown = min(1.0, expression.clench * 1.5)
        rows = between([(x, y + 4) for x, y in upper], [(x, y - 4) for x, y in lower])
        drawing.shape(rows, white, opacity=shown, clip=outline)
        middle = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in zip(upper, lower, strict=True)]
        drawing.shape(stroke(middle, 5.0, 0.6, 0.6), _GAP, opacity=0.9 * shown, clip=rows)
        for k in range(-5, 6):
            # Teeth stand on a curve: those at the sides are seen from the side.
            x = 256 + expression.mouth_width * 1.02 * sin(k * 0.26)
            gap = line([(x, top - 5), (x, bottom + 5)])
            drawing.shape(gap, stroke=_GAP, width=2.4, opacity=0.55 * shown, clip=rows)
        shade = drawing.radial(
            (256, (top + bottom) / 2),
            expression.mouth_width,
            [(0.0, _DEEP, 0.0), (0.55, _DEEP, 0.0), (1.0, _DEEP, 0.45)],
        )
        drawing.shape(outline, shade)
    if expression.teeth_top > 0:
        edge = [(x, y + expression.teeth_top) for x, y in upper]
        reach = between([(x, y - 8) for x, y in upper], edge)
        drawing.shape(
            between([(x, y - 8) for x, y in upper], [(x, y + 6) for x, y in edge]),
            _DEEP,
            opacity=0.5,
            blur=3,
            clip=outline,
        )
        fill = drawing.linear(
            (256, top),
            (256, max(y for _, y in edge)),
            [(0.0, _TEETH_SHADE), (0.4, _TEETH), (1.0, _TEETH)],
        )
        drawing.shape(reach, fill, clip=outline)


def _hanging_tongue(
    drawing: Drawing, expression: Expression, skin: Skin, lower: list[Point]
) -> None:
    """Out over the lower lip; where it is still in the mouth it has no edge."""
    out, lip = expression.tongue_out, lower[_STEPS // 2][1]
    x, y, wide = 252.0, lip - 22, 35.0
    rim = [
        (x - wide * 0.92, y),
        (x - wide * 0.98, lip),
        (x - wide * 1.04, lip + out * 0.45),
        (x - wide * 0.8, lip + out * 0.85),
        (x, lip + out),
        (x + wide * 0.8, lip + out * 0.85),
        (x + wide * 1.04, lip + out * 0.45),
        (x + wide * 0.98, lip),
        (x + wide * 0.92, y),
    ]
    shape = curve([*rim, (x, y - 8)])
    drawing.shape(curve([(a, b + 8) for a, b in rim[1:-1]]), BLACK, opacity=0.3, blur=6)
    drawing.shape(curve(rim[1:-1], closed=False), stroke=skin.line, width=10)
    fill = drawing.linear(
        (x, y - 8),
        (x, lip + out),
        [
            (0.0, _THROAT),
            (0.25, _TONGUE_DARK),
            (0.5, _TONGUE),
            (1.0, _TONGUE_LIGHT),
        ],
    )
    drawing.shape(shape, fill)
    groove = stroke([(x, lip - 8 + i * (out * 0.72 + 8) / 6) for i in range(7)], 7.0, 0.5)
    drawing.shape(groove, _TONGUE_DARK, opacity=0.65, blur=1)
    gleam = ellipse((x - wide * 0.5, lip + out * 0.62), 6, 11)
    drawing.shape(gleam, WHITE, opacity=0.6, blur=1.5)
    # The lip's shadow over its root.
    drawing.shape(
        between([(a, b - 4) for a, b in lower], [(a, b + 7) for a, b in lower]),
        _DEEP,
        opacity=0.28,
        blur=4,
        clip=shape,
    )
