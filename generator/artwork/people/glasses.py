"""Glasses: frames, lenses and their shadow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, pi, sin

from generator.artwork.colour import WHITE, Colour
from generator.artwork.people.build import EYE_X, EYE_Y, MIDDLE, Build, mirrored, sampled
from generator.artwork.people.person import Person
from generator.artwork.people.tones import Tones, cloth_tones
from generator.artwork.svg import Drawing, Outline, Point, curve, stroke, together


def _super(rx: float, up: float, down: float, power: float, drop: float = 0.0) -> list[Point]:
    """A soft rectangle; `drop` lowers its outer half's bottom, as aviators'."""
    points = []
    for i in range(20):
        a = 2 * pi * i / 20
        c, s = cos(a), sin(a)
        x = rx * abs(c) ** (2 / power) * (1 if c > 0 else -1)
        y = (down if s > 0 else up) * abs(s) ** (2 / power) * (1 if s > 0 else -1)
        points.append((x, y + drop * max(0.0, s) * (x / rx)))
    return points


def _cat_eye() -> list[Point]:
    return [
        (
            x + (6 if y < 0 and x > 0 else 0) * (x / 50),
            y - (14 * max(0.0, x / 50) ** 2 if y < 0 else 0),
        )
        for x, y in _super(50, 36, 41, 2.5)
    ]


_LENSES: Mapping[str, tuple[Callable[[], list[Point]], float]] = {
    "round": (lambda: _super(49, 49, 49, 2.0), 7.0),
    "oval": (lambda: _super(53, 38, 40, 2.1), 5.5),
    "square": (lambda: _super(51, 44, 46, 4.2), 9.0),
    "rectangle": (lambda: _super(55, 33, 36, 4.0), 7.5),
    "cat_eye": (_cat_eye, 9.0),
    "aviator": (lambda: _super(54, 38, 53, 2.6, 5.0), 4.5),
    "browline": (lambda: _super(52, 40, 45, 2.8), 4.5),
    "wayfarer": (
        lambda: [(x * (1.0 + 0.08 * (-y / 44)), y) for x, y in _super(53, 41, 47, 3.4)],
        12.0,
    ),
}


def draw_glasses(drawing: Drawing, person: Person, skin: Tones, frame: Build) -> None:
    """The frame, what the lenses reflect, and their shadow on the face."""
    if person.glasses == "none":
        return
    shape, width = _LENSES[person.glasses]
    tones = cloth_tones(person.glasses_colour)
    y = EYE_Y + 5
    right = [(MIDDLE + EYE_X + a, y + b) for a, b in shape()]
    lenses = [curve(mirrored(right)), curve(right)]
    both = together(lenses)
    bridge_y = y - (12 if person.glasses in ("aviator", "browline", "wayfarer", "square") else 7)
    inner = min(x for x, _ in right)
    bridge = [
        (512 - inner - 1, bridge_y),
        (MIDDLE - 5, bridge_y - 7),
        (MIDDLE + 5, bridge_y - 7),
        (inner + 1, bridge_y),
    ]
    outer_x = max(x for x, _ in right)
    hinge = [
        (outer_x - 3, y - 14),
        ((outer_x + MIDDLE + frame.half) / 2, y - 16),
        (MIDDLE + frame.half_at(236) - 1, y - 13),
    ]
    arms = [curve(hinge, closed=False), curve(mirrored(hinge), closed=False)]
    # Shadow on the skin.
    lower = together(
        [
            curve([(a + 3, b + 7) for a, b in mirrored(right)]),
            curve([(a + 3, b + 7) for a, b in right]),
        ]
    )
    drawing.shape(
        lower,
        stroke=skin.deep.mixed(skin.line, 0.3),
        width=width,
        opacity=0.42,
        blur=4,
        clip=frame.outline(),
    )
    if person.sunglasses:
        dark = drawing.linear(
            (0, y - 48),
            (0, y + 52),
            [
                (0.0, Colour.hex("#10131a")),
                (0.6, Colour.hex("#2a303c")),
                (1.0, Colour.hex("#4b5566")),
            ],
        )
        drawing.shape(both, dark, opacity=0.95)
    else:
        drawing.shape(both, WHITE, opacity=0.07)
    for lens, side in zip(lenses, (-1, 1), strict=True):
        x = MIDDLE + side * EYE_X
        with drawing.within(lens):
            share = 0.30 if person.sunglasses else 0.15
            glare = [(x - 46, y + 14), (x - 8, y - 52), (x + 12, y - 52), (x - 34, y + 34)]
            drawing.shape(curve(glare), WHITE, opacity=share, blur=1.5)
            thin = [(x + 4, y + 22), (x + 30, y - 24), (x + 36, y - 24), (x + 12, y + 22)]
            drawing.shape(curve(thin), WHITE, opacity=share * 0.6, blur=1.5)
    for arm in arms:
        drawing.shape(arm, stroke=tones.deep, width=max(6.0, width * 0.85))
    drawing.shape(curve(bridge, closed=False), stroke=tones.shade, width=max(5.0, width * 0.8))
    drawing.shape(
        curve([(a, b - 1.5) for a, b in bridge], closed=False),
        stroke=tones.shine,
        width=2,
        opacity=0.7,
    )
    fill = drawing.linear(
        (0, y - 50), (0, y + 54), [(0.0, tones.light), (0.5, tones.base), (1.0, tones.shade)]
    )
    drawing.shape(both, stroke=tones.deep, width=width + 1.6)
    drawing.shape(both, stroke=fill, width=width - 0.6)
    if person.glasses in ("browline", "wayfarer", "cat_eye"):
        _brow_bars(drawing, right, tones, 15.0 if person.glasses == "browline" else width + 2)
    glints = [line_of(points) for points in (right[11:16], mirrored(right)[15:19])]
    drawing.shape(together(glints), stroke=tones.rim, width=max(1.6, width * 0.26), opacity=0.85)


def line_of(points: list[Point]) -> Outline:
    """An open smooth line."""
    return curve(points, closed=False)


def _brow_bars(drawing: Drawing, right: list[Point], tones: Tones, width: float) -> None:
    """The heavy upper rim."""
    top = sampled([right[i % 20] for i in (10, 11, 12, 13, 15, 17, 18, 19, 20)], 14)
    for points in (top, mirrored(top)):
        drawing.shape(stroke(points, width, 0.55, 0.62), tones.base, stroke=tones.deep, width=1.4)
