"""A round emoji head, drawn from an expression and a skin."""

from __future__ import annotations

from math import cos, pi, sin

from generator.artwork.colour import BLACK, WHITE, Colour
from generator.artwork.expressions import Expression
from generator.artwork.eyes import EYE_X, EYE_Y, draw_brow, draw_eye
from generator.artwork.mouth import MOUTH_Y, draw_mouth
from generator.artwork.palette import Skin
from generator.artwork.svg import Drawing, Outline, Point, curve, drop, ellipse, stroke
from vcam_emoji.emoji_set import Anchors

SIDE = 512.0
CENTRE = (256.0, 250.0)
RADIUS = 234.0

_WATER = (Colour.hex("#d9f4ff"), Colour.hex("#7fcdfb"), Colour.hex("#2b8fe6"))


def draw(expression: Expression, skin: Skin) -> Drawing:
    """The head on nothing, `SIDE` wide and high."""
    drawing = ball(skin)
    _cheeks(drawing, expression, skin)
    _folds(drawing, expression, skin)
    for side in (-1, 1):
        draw_eye(drawing, expression, skin, side)
    for side in (-1, 1):
        draw_brow(drawing, expression, skin, side)
    draw_mouth(drawing, expression, skin)
    _water(drawing, expression)
    return drawing


ANCHORS = Anchors(
    ((256 - EYE_X) / SIDE, EYE_Y / SIDE),
    ((256 + EYE_X) / SIDE, EYE_Y / SIDE),
    (0.5, MOUTH_Y / SIDE),
)
"""Of every expression: where they followed the mouth, the head would jump as it changes."""


def ball(skin: Skin) -> Drawing:
    """The bare head."""
    drawing = Drawing(SIDE, SIDE)
    (x, y), r = CENTRE, RADIUS
    head = ellipse(CENTRE, r)
    drawing.shape(ellipse((x, y + 12), r - 3), BLACK, opacity=0.3, blur=6)
    # Whole to the very edge: nothing of a face may show through.
    drawing.shape(
        head,
        drawing.radial(
            (x - 42, y - 78),
            r * 1.36,
            [
                (0.0, skin.light.mixed(skin.shine, 0.5)),
                (0.28, skin.light),
                (0.6, skin.middle),
                (0.86, skin.shade),
                (1.0, skin.edge),
            ],
        ),
    )
    # The side turned away from the light, and light from behind along its edge.
    drawing.shape(
        head,
        drawing.radial(
            (x - 30, y - 46),
            r * 1.24,
            [(0.0, skin.edge, 0.0), (0.74, skin.edge, 0.0), (1.0, skin.edge, 0.55)],
        ),
    )
    if skin.top_share > 0:
        drawing.shape(
            head,
            drawing.linear(
                (x, y - r),
                (x, y + r * 0.3),
                [
                    (0.0, skin.top, skin.top_share),
                    (0.4, skin.top.mixed(skin.haze, 0.45), skin.top_share * 0.66),
                    (1.0, skin.haze, 0.0),
                ],
            ),
        )
    drawing.shape(
        _crescent((x, y), r - 5, 17, 0.02 * pi, 0.62 * pi),
        skin.rim,
        opacity=0.75,
        blur=5,
        clip=head,
    )
    drawing.shape(
        _crescent((x, y), r - 3, 10, 1.05 * pi, 1.72 * pi), WHITE, opacity=0.5, blur=4, clip=head
    )
    _gloss(drawing)
    return drawing


def _crescent(centre: Point, radius: float, thick: float, start: float, end: float) -> Outline:
    """A sickle along a circle, pointed at both ends; angles run clockwise from the right."""
    count = 24
    outer, inner = [], []
    for i in range(count + 1):
        angle = start + (end - start) * i / count
        swell = thick * sin(pi * i / count)
        outer.append((centre[0] + radius * cos(angle), centre[1] + radius * sin(angle)))
        near = radius - swell
        inner.append((centre[0] + near * cos(angle), centre[1] + near * sin(angle)))
    return curve([*outer, *reversed(inner)])


def _cheeks(drawing: Drawing, expression: Expression, skin: Skin) -> None:
    head = ellipse(CENTRE, RADIUS)
    for side in (-1, 1):
        x, y = 256 + side * 142, 318
        drawing.shape(
            ellipse((x, y), 62, 46),
            drawing.radial(
                (x, y),
                62,
                [(0.0, skin.blush, 0.62), (0.5, skin.blush, 0.34), (1.0, skin.blush, 0.0)],
                squash=46 / 62,
            ),
            opacity=expression.blush,
            clip=head,
        )


def _folds(drawing: Drawing, expression: Expression, skin: Skin) -> None:
    """Wrinkles of the nose and between the brows: a dark line with a light one below it."""
    folds: list[tuple[list[Point], float, float]] = []
    for y, reach in ((240, 21), (258, 25)):
        across = [i / 6 for i in range(-6, 7)]
        points = [(256 + reach * u, y + 5 * u * u) for u in across]
        folds.append((points, 6.5, expression.wrinkle * 0.7))
    for side in (-1, 1):
        points = [(256 + side * (15 - 5 * sin(pi * i / 5)), 184 - 7 * i) for i in range(6)]
        folds.append((points, 8.0, expression.frown))
    for points, width, share in folds:
        below = [(x, y + 4.5) for x, y in points]
        drawing.shape(stroke(below, width), skin.shine, opacity=0.55 * share, blur=1.5)
        drawing.shape(stroke(points, width), skin.line, opacity=0.7 * share)


def _water(drawing: Drawing, expression: Expression) -> None:
    if expression.tear > 0:
        size = 0.5 + 0.5 * expression.tear
        _drop(drawing, (256 - EYE_X - 12, 282), 24 * size, 82 * size, min(1.0, 2 * expression.tear))
    if expression.sweat > 0:
        size = 0.5 + 0.5 * expression.sweat
        _drop(drawing, (414, 108), 23 * size, 76 * size, min(1.0, 2 * expression.sweat), lean=6)


def _drop(
    drawing: Drawing, tip: Point, radius: float, length: float, share: float, lean: float = 0.0
) -> None:
    (x, y), (pale, middle, deep) = tip, _WATER
    outline = drop(tip, radius, length, lean)
    bx, by = x + lean, y + length - radius
    drawing.shape(drop((x, y + 7), radius, length, lean), BLACK, opacity=0.22 * share, blur=4)
    fill = drawing.radial(
        (bx - radius * 0.1, by + radius * 0.45),
        length * 0.8,
        [(0.0, pale), (0.3, middle), (1.0, deep)],
    )
    drawing.shape(outline, fill, opacity=share)
    drawing.shape(
        ellipse((bx - radius * 0.36, by - radius * 0.2), radius * 0.2, radius * 0.36),
        WHITE,
        opacity=0.95 * share,
    )
    drawing.shape(
        curve(
            [
                (bx + radius * 0.62 * cos(a), by + radius * 0.62 * sin(a))
                for a in (0.1 * pi, 0.25 * pi, 0.4 * pi)
            ],
            closed=False,
        ),
        stroke=WHITE,
        width=radius * 0.14,
        opacity=0.6 * share,
    )


def _gloss(drawing: Drawing) -> None:
    """The lamp's reflection on the forehead."""
    (x, y), r = CENTRE, RADIUS
    drawing.shape(
        ellipse((x - 70, y - 168), 92, 34),
        drawing.radial(
            (x - 70, y - 168),
            92,
            [(0.0, WHITE, 0.75), (0.6, WHITE, 0.3), (1.0, WHITE, 0.0)],
            squash=34 / 92,
        ),
        clip=ellipse((x, y), r),
    )
