"""Eyes and brows of an emoji head."""

from __future__ import annotations

from math import pi, sin, sqrt

from generator.artwork.colour import WHITE, Colour
from generator.artwork.expressions import Expression
from generator.artwork.palette import Skin
from generator.artwork.svg import Drawing, Point, between, curve, ellipse, line

EYE_X = 84.0
"""From the middle of the face."""
EYE_Y = 226.0
_RX, _RY = 53.0, 62.0
_STEPS = 36

_IRIS_EDGE = Colour.hex("#2b1206")
_IRIS = Colour.hex("#6b3413")
_IRIS_LIGHT = Colour.hex("#c97f35")
_PUPIL = Colour.hex("#140804")
_SHADOW = Colour.hex("#4b5a86")
"""Of the lid on the white of the eye."""
_BROW_LIGHT = Colour.hex("#7d4a22")


def draw_eye(drawing: Drawing, expression: Expression, skin: Skin, side: int) -> None:
    """One eye; `side` is -1 for the left and 1 for the right of the picture."""
    cx, cy = 256 + side * EYE_X, EYE_Y
    rx, ry = _RX * expression.eye_size, _RY * expression.eye_size
    upper, lower = _lids(expression, side, rx, ry)
    opening = between([(cx + x, cy + y) for x, y in upper], [(cx + x, cy + y) for x, y in lower])
    # The socket: the ball lies in the face, not on it.
    drawing.shape(ellipse((cx, cy + 5), rx + 9, ry + 8), skin.edge, opacity=0.5, blur=8)
    _lid_skin(drawing, skin, (cx, cy), rx, ry)
    ball = drawing.radial(
        (cx - rx * 0.2, cy - ry * 0.1),
        ry * 1.15,
        [(0.0, WHITE), (0.62, Colour.hex("#f7f9ff")), (1.0, Colour.hex("#c3cde4"))],
    )
    drawing.shape(opening, ball)
    _iris(drawing, expression, (cx, cy), rx, ry, side, opening)
    # The upper lid's shadow on the ball follows the lid.
    shadow = between(
        [(cx + x, cy + y - 16) for x, y in upper], [(cx + x, cy + y + 9) for x, y in upper]
    )
    drawing.shape(shadow, _SHADOW, opacity=0.5, blur=6, clip=opening)
    _lash(drawing, skin, (cx, cy), upper)
    low = line([(cx + x, cy + y) for x, y in lower[3:-3]])
    drawing.shape(low, stroke=skin.edge, width=4, opacity=0.75)


def _lids(
    expression: Expression, side: int, rx: float, ry: float
) -> tuple[list[Point], list[Point]]:
    """The upper and lower border of what is open, left to right, from the eye's middle."""
    narrow = expression.squint if side < 0 else 0.0
    upper_share = expression.upper_lid + narrow * 0.35
    lower_share = expression.lower_lid + narrow * 0.3
    upper, lower = [], []
    for i in range(_STEPS + 1):
        u = -1 + 2 * i / _STEPS
        ball = ry * sqrt(max(0.0, 1 - u * u))
        inner = -u * side
        lid = -ry + 2 * ry * upper_share + expression.lid_slant * inner
        lid -= expression.lid_bow * (1 - u * u) - expression.lid_bow
        under = ry - 2 * ry * lower_share - expression.lower_bow * (1 - u * u)
        top = max(-ball, lid)
        bottom = min(ball, under)
        if top > bottom:
            top = bottom = max(-ball, min(ball, (top + bottom) / 2))
        upper.append((u * rx, top))
        lower.append((u * rx, bottom))
    return upper, lower


def _lid_skin(drawing: Drawing, skin: Skin, centre: Point, rx: float, ry: float) -> None:
    """The lids, as a ball of skin of which the opening is cut out by what is drawn next."""
    (cx, cy) = centre
    fill = drawing.linear(
        (cx, cy - ry - 3),
        (cx, cy + ry + 3),
        [
            (0.0, skin.shade),
            (0.2, skin.middle.mixed(skin.light, 0.3)),
            (0.5, skin.shade),
            (0.8, skin.middle.mixed(skin.light, 0.5)),
            (1.0, skin.shade),
        ],
    )
    drawing.shape(ellipse(centre, rx + 3, ry + 3), fill)


def _iris(
    drawing: Drawing,
    expression: Expression,
    centre: Point,
    rx: float,
    ry: float,
    side: int,
    opening: str,
) -> None:
    # Both eyes look at one who sits before them: a little inwards.
    x = centre[0] + expression.gaze_x - side * 5
    y = centre[1] + expression.gaze_y + 2
    r = 34 * expression.iris
    drawing.shape(ellipse((x, y), r), _IRIS_EDGE, clip=opening)
    inside = drawing.radial(
        (x, y + r * 0.42),
        r * 1.15,
        [(0.0, _IRIS_LIGHT), (0.45, _IRIS), (1.0, _IRIS_EDGE)],
    )
    drawing.shape(ellipse((x, y), r * 0.92), inside, clip=opening)
    drawing.shape(ellipse((x, y), r * 0.56 * expression.pupil), _PUPIL, clip=opening)
    drawing.shape(ellipse((x - r * 0.34, y - r * 0.38), r * 0.32), WHITE, clip=opening)
    drawing.shape(ellipse((x + r * 0.4, y + r * 0.42), r * 0.16), WHITE, opacity=0.85, clip=opening)


def _lash(drawing: Drawing, skin: Skin, centre: Point, upper: list[Point]) -> None:
    """A line over the eye, thickest in the middle."""
    top, bottom = [], []
    for i, (x, y) in enumerate(upper):
        thick = 3.0 + 5.5 * sin(pi * i / (len(upper) - 1))
        top.append((centre[0] + x, centre[1] + y - thick))
        bottom.append((centre[0] + x, centre[1] + y + 1.0))
    drawing.shape(between(top, bottom), skin.line, stroke=skin.line, width=2)


def draw_brow(drawing: Drawing, expression: Expression, skin: Skin, side: int) -> None:
    """One brow, full at the nose and pointed at the temple."""
    tilt = expression.brow_tilt * side
    base = EYE_Y - _RY * max(1.0, expression.eye_size) - 30
    inner = 256 + side * (34 - expression.brow_squeeze), base - expression.brow_inner - tilt
    outer = 256 + side * 140, base + 8 - expression.brow_outer - tilt
    count = 20
    above, below = [], []
    for i in range(count + 1):
        u = i / count
        x = inner[0] + (outer[0] - inner[0]) * u
        y = inner[1] + (outer[1] - inner[1]) * u - expression.brow_arch * sin(pi * u**0.9)
        thick = 12.5 * (1 - 0.62 * u**2.2) * min(1.0, 0.55 + 2.2 * u)
        above.append((x, y - thick))
        below.append((x, y + thick))
    outline = curve([*above, *reversed(below)])
    lower = curve([(x, y + 7) for x, y in (*above, *reversed(below))])
    drawing.shape(lower, skin.edge, opacity=0.55, blur=5)
    top, bottom = min(y for _, y in above), max(y for _, y in below)
    fill = drawing.linear(
        (256, top),
        (256, bottom),
        [(0.0, _BROW_LIGHT.mixed(skin.line, 0.25)), (0.7, skin.line), (1.0, skin.line)],
    )
    drawing.shape(outline, fill)
    shine = line([(x, y + 5) for x, y in above[3:-4]])
    drawing.shape(shine, stroke=WHITE, width=3, opacity=0.16, blur=1)
