"""Eyes and brows of an emoji head."""

from __future__ import annotations

from math import pi, sin, sqrt

from generator.artwork.colour import WHITE, Colour
from generator.artwork.expressions import Expression
from generator.artwork.palette import Skin
from generator.artwork.svg import Drawing, Outline, Point, between, curve, ellipse, stroke

EYE_X = 84.0
"""From the middle of the face."""
EYE_Y = 226.0
_RX, _RY = 53.0, 62.0
_STEPS = 36

_IRIS_EDGE = Colour.hex("#2b1206")
_IRIS = Colour.hex("#6b3413")
_IRIS_LIGHT = Colour.hex("#d48a3c")
_PUPIL = Colour.hex("#140804")
_SHADOW = Colour.hex("#4b5a86")
"""Of the lid on the white of the eye."""
_BROW_LIGHT = Colour.hex("#8a5429")
_WATER = Colour.hex("#9fd8fb")


def draw_eye(drawing: Drawing, expression: Expression, skin: Skin, side: int) -> None:
    """One eye; `side` is -1 for the left and 1 for the right of the picture."""
    cx, cy = 256 + side * EYE_X, EYE_Y
    rx, ry = _RX * expression.eye_size, _RY * expression.eye_size
    upper, lower = _lids(expression, side, (cx, cy), rx, ry)
    opening = between(upper, lower)
    _socket(drawing, skin, (cx, cy), rx, ry)
    _upper_lid(drawing, skin, upper, (cx, cy), rx, ry)
    _lower_lid(drawing, skin, lower, (cx, cy), rx, ry)
    ball = drawing.radial(
        (cx - rx * 0.2, cy - ry * 0.1),
        ry * 1.15,
        [(0.0, WHITE), (0.62, Colour.hex("#f7f9ff")), (1.0, Colour.hex("#bfcae3"))],
    )
    drawing.shape(opening, ball)
    _iris(drawing, expression, (cx, cy), side, opening)
    # The upper lid's shadow on the ball follows the lid.
    shadow = between([(x, y - 16) for x, y in upper], [(x, y + 9) for x, y in upper])
    drawing.shape(shadow, _SHADOW, opacity=0.5, blur=6, clip=opening)
    if expression.tear > 0:
        water = between([(x, y - 9) for x, y in lower], [(x, y + 6) for x, y in lower])
        drawing.shape(water, _WATER, opacity=0.85 * expression.tear, blur=2.5, clip=opening)
    drawing.shape(stroke(lower[2:-2], 5.0), skin.edge.mixed(skin.line, 0.35), opacity=0.8)
    _lash(drawing, skin, upper)


def _lids(
    expression: Expression, side: int, centre: Point, rx: float, ry: float
) -> tuple[list[Point], list[Point]]:
    """The upper and lower border of what is open, left to right."""
    narrow = expression.squint if side < 0 else 0.0
    upper_share = expression.upper_lid + narrow * 0.35
    lower_share = expression.lower_lid + narrow * 0.3
    upper, lower = [], []
    for i in range(_STEPS + 1):
        # Points are denser at the corners, where the ball is steep.
        u = -1 + 2 * i / _STEPS
        u = u * (1.5 - 0.5 * u * u)
        ball = ry * sqrt(max(0.0, 1 - u * u))
        inner = -u * side
        lid = -ry + 2 * ry * upper_share + expression.lid_slant * inner + expression.lid_bow * u * u
        under = ry - 2 * ry * lower_share - expression.lower_bow * (1 - u * u)
        top, bottom = max(-ball, lid), min(ball, under)
        if top > bottom:
            top = bottom = max(-ball, min(ball, (top + bottom) / 2))
        upper.append((centre[0] + u * rx, centre[1] + top))
        lower.append((centre[0] + u * rx, centre[1] + bottom))
    return upper, lower


def _socket(drawing: Drawing, skin: Skin, centre: Point, rx: float, ry: float) -> None:
    """The ball lies in the face, not on it: a shade around and a light edge below."""
    (cx, cy) = centre
    drawing.shape(ellipse((cx, cy + 4), rx + 8, ry + 7), skin.edge, opacity=0.45, blur=9)
    drawing.shape(ellipse((cx, cy + 8), rx - 2, ry + 1), skin.light, opacity=0.8, blur=4)


def _upper_lid(
    drawing: Drawing, skin: Skin, upper: list[Point], centre: Point, rx: float, ry: float
) -> None:
    """Skin drawn down over the ball: darkest in the crease, lit where it bulges."""
    (cx, cy) = centre
    crease = [(x, cy - (ry + 3) * sqrt(max(0.0, 1 - ((x - cx) / (rx + 3)) ** 2))) for x, _ in upper]
    top, bottom = cy - ry - 3, max(y for _, y in upper)
    fill = drawing.linear(
        (cx, top),
        (cx, max(bottom, top + 20)),
        [(0.0, skin.shade), (0.3, skin.middle), (0.75, skin.light), (1.0, skin.middle)],
    )
    drawing.shape(between(crease, upper), fill, stroke=fill, width=2)
    drawing.shape(stroke(crease[4:-4], 6.0), skin.edge, opacity=0.55, blur=1.6)


def _lower_lid(
    drawing: Drawing, skin: Skin, lower: list[Point], centre: Point, rx: float, ry: float
) -> None:
    """Skin pushed up over the ball by the cheek."""
    (cx, cy) = centre
    bag = [(x, cy + (ry + 2) * sqrt(max(0.0, 1 - ((x - cx) / (rx + 2)) ** 2))) for x, _ in lower]
    top, bottom = min(y for _, y in lower), cy + ry + 2
    fill = drawing.linear(
        (cx, top),
        (cx, max(bottom, top + 20)),
        [(0.0, skin.light), (0.35, skin.light.mixed(skin.middle, 0.6)), (1.0, skin.middle)],
    )
    drawing.shape(between(lower, bag), fill, stroke=fill, width=2)
    drawing.shape(stroke(bag[5:-5], 6.0), skin.edge, opacity=0.4, blur=3)


def _iris(
    drawing: Drawing, expression: Expression, centre: Point, side: int, opening: Outline
) -> None:
    # Both eyes look at one who sits before them: a little inwards.
    x = centre[0] + expression.gaze_x - side * 5
    y = centre[1] + expression.gaze_y + 2
    r = 35 * expression.iris
    drawing.shape(ellipse((x, y), r), _IRIS_EDGE, clip=opening)
    inside = drawing.radial(
        (x, y + r * 0.42),
        r * 1.15,
        [(0.0, _IRIS_LIGHT), (0.45, _IRIS), (1.0, _IRIS_EDGE)],
    )
    drawing.shape(ellipse((x, y), r * 0.92), inside, clip=opening)
    drawing.shape(ellipse((x, y), r * 0.56 * expression.pupil), _PUPIL, clip=opening)
    shine = r * 0.32 if expression.iris > 0.8 else r * 0.38
    drawing.shape(ellipse((x - r * 0.34, y - r * 0.36), shine), WHITE, clip=opening)
    drawing.shape(ellipse((x + r * 0.4, y + r * 0.42), r * 0.16), WHITE, opacity=0.85, clip=opening)


def _lash(drawing: Drawing, skin: Skin, upper: list[Point]) -> None:
    """A line over the eye, thickest in the middle."""
    top, bottom = [], []
    for i, (x, y) in enumerate(upper):
        thick = 8.5 * sin(pi * i / (len(upper) - 1)) ** 0.7
        top.append((x, y - thick))
        bottom.append((x, y + 1.0))
    drawing.shape(between(top, bottom), skin.line, stroke=skin.line, width=2.5)


def draw_brow(drawing: Drawing, expression: Expression, skin: Skin, side: int) -> None:
    """One brow, full at the nose and pointed at the temple."""
    tilt = expression.brow_tilt * side
    base = EYE_Y - _RY * max(1.0, expression.eye_size) - 30
    inner = 256 + side * (38 - expression.brow_squeeze), base - expression.brow_inner - tilt
    outer = 256 + side * 138, base + 8 - expression.brow_outer - tilt
    count = 24
    above, below = [], []
    for i in range(count + 1):
        u = i / count
        x = inner[0] + (outer[0] - inner[0]) * u
        y = inner[1] + (outer[1] - inner[1]) * u - expression.brow_arch * sin(pi * u**0.9)
        # A round head, the most weight at a third, a tail that thins out.
        thick = 14.0 * sqrt(min(1.0, u / 0.13 * (2 - min(u / 0.13, 1.0)))) * (1 - 0.78 * u**1.8)
        thick *= sqrt(min(1.0, (1 - u) / 0.06))
        above.append((x, y - thick))
        below.append((x, y + thick))
    ring = [*above, *reversed(below[1:-1])]
    drawing.shape(curve([(x, y + 7) for x, y in ring]), skin.edge, opacity=0.5, blur=5)
    top, bottom = min(y for _, y in above), max(y for _, y in below)
    fill = drawing.linear(
        (256, top),
        (256, bottom),
        [(0.0, _BROW_LIGHT.mixed(skin.line, 0.2)), (0.75, skin.line), (1.0, skin.line)],
    )
    drawing.shape(curve(ring), fill)
    shine = stroke([(x, y + 5.5) for x, y in above[3:-5]], 5.0)
    drawing.shape(shine, WHITE, opacity=0.16, blur=1)
