"""What is worn on the head."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sin

from generator.artwork.colour import WHITE
from generator.artwork.people.build import MIDDLE, Build, mirrored, sampled
from generator.artwork.people.person import Person
from generator.artwork.people.strands import cast
from generator.artwork.people.tones import Tones, cloth_tones
from generator.artwork.svg import (
    Drawing,
    Outline,
    Point,
    curve,
    ellipse,
    line,
    polygon,
    stroke,
    together,
)

_BRIM = {"cap": 128.0, "beanie": 122.0}
_BORDER = {"cap": 176.0, "beanie": 147.0, "turban": 146.0}
"""How far down what is worn reaches where brows are raised to it."""


def uncovered(person: Person, frame: Build) -> Outline | None:
    """Where hair may show under a cap: it comes out from under its border, and falls."""
    if person.headwear not in _BRIM:
        return None
    y, h = _BRIM[person.headwear] + 14, frame.half
    side = [
        (MIDDLE + h * 0.9, y),
        (MIDDLE + h + 6, y + 2),
        (MIDDLE + h + 26, y + 22),
        (MIDDLE + h + 52, y + 62),
        (512, 250),
    ]
    return polygon(
        [(512, 512), (0, 512), *sampled(mirrored(list(reversed(side))), 12), *sampled(side, 12)]
    )


def border(person: Person) -> float:
    """Above which no brow is raised; 0 where none comes near what is worn."""
    return _BORDER.get(person.headwear, 0.0)


def hides_hair(person: Person) -> bool:
    """Whether no hair shows at all."""
    return person.headwear in ("headscarf", "turban")


def hides_ears(person: Person) -> bool:
    """Whether earrings would hang from cloth."""
    return person.headwear == "headscarf"


def draw_behind(drawing: Drawing, person: Person, frame: Build) -> None:
    """What of a scarf lies behind the head."""
    if person.headwear != "headscarf":
        return
    tones, h = cloth_tones(person.headwear_colour), frame.half
    left = [
        (MIDDLE - 90, frame.crown - 18),
        (MIDDLE - h - 16, 150),
        (MIDDLE - h - 26, 280),
        (MIDDLE - h - 14, 390),
        (MIDDLE - h + 14, 460),
        (MIDDLE - 78, 500),
        (MIDDLE, 505),
    ]
    drawing.shape(curve([*left, *reversed(mirrored(left[:-1]))]), tones.deep)


def draw_headwear(drawing: Drawing, person: Person, skin: Tones, frame: Build) -> None:
    """What is worn on the head, over the hair."""
    if person.headwear in _HEADWEAR:
        _HEADWEAR[person.headwear](drawing, cloth_tones(person.headwear_colour), skin, frame)


def _dome(
    drawing: Drawing, tones: Tones, frame: Build, side: float, top: float, low: float
) -> Outline:
    arc = frame.over(side, top, low)
    shape = curve(
        [
            *arc,
            (MIDDLE + frame.half * 0.5, low - 12),
            (MIDDLE, low - 17),
            (MIDDLE - frame.half * 0.5, low - 12),
        ]
    )
    fill = drawing.radial(
        (206, frame.crown + 8),
        260,
        [
            (0.0, tones.shine),
            (0.22, tones.light),
            (0.5, tones.base),
            (0.85, tones.shade),
            (1.0, tones.deep),
        ],
    )
    drawing.shape(shape, fill)
    return shape


def _cap(drawing: Drawing, tones: Tones, skin: Tones, frame: Build) -> None:
    h, head = frame.half, frame.outline()
    dome = _dome(drawing, tones, frame, 9, 22, 158)
    with drawing.within(dome):
        drawing.shape(dome, stroke=tones.deep, width=16, opacity=0.55, blur=6)
        for u in (-0.62, 0.0, 0.62):
            seam = [
                (MIDDLE + u * 14, frame.crown - 22),
                (MIDDLE + u * h * 0.78, frame.crown + 34),
                (MIDDLE + u * h * 1.02, 150),
            ]
            drawing.shape(curve(seam, closed=False), stroke=tones.deep, width=2.6, opacity=0.75)
            drawing.shape(
                curve([(x + 2.4, y) for x, y in seam], closed=False),
                stroke=tones.shine,
                width=1.4,
                opacity=0.5,
            )
    drawing.shape(
        ellipse((MIDDLE, frame.crown - 20), 13, 7),
        drawing.lit([(0.0, tones.shine), (1.0, tones.shade)]),
        stroke=tones.deep,
        width=1.2,
    )
    brim_low = [
        (MIDDLE - h - 2, 146),
        (MIDDLE - h * 0.84, 170),
        (MIDDLE - h * 0.45, 176),
        (MIDDLE, 178),
        (MIDDLE + h * 0.45, 176),
        (MIDDLE + h * 0.84, 170),
        (MIDDLE + h + 2, 146),
    ]
    brim_top = [
        (MIDDLE + h * 0.78, 128),
        (MIDDLE + h * 0.4, 114),
        (MIDDLE, 110),
        (MIDDLE - h * 0.4, 114),
        (MIDDLE - h * 0.78, 128),
    ]
    brim = curve([*brim_low, *brim_top])
    cast(drawing, skin, head, curve([*((x, y + 13) for x, y in brim_low), *brim_top]))
    fill = drawing.linear(
        (0, 108),
        (0, 180),
        [(0.0, tones.base), (0.45, tones.light), (0.8, tones.base), (1.0, tones.deep)],
    )
    drawing.shape(brim, fill, stroke=tones.deep, width=1.6)
    drawing.shape(
        curve([(x * 0.94 + MIDDLE * 0.06, y - 6) for x, y in brim_low[1:-1]], closed=False),
        stroke=tones.deep,
        width=1.6,
        opacity=0.7,
        dash="5 4",
    )
    drawing.shape(ellipse((MIDDLE - 46, 130), 56, 7), WHITE, opacity=0.28, blur=4)


def _beanie(drawing: Drawing, tones: Tones, skin: Tones, frame: Build) -> None:
    h, head = frame.half, frame.outline()
    dome = _dome(drawing, tones, frame, 11, 34, 150)
    with drawing.within(dome):
        drawing.shape(dome, stroke=tones.deep, width=18, opacity=0.5, blur=7)
        ribs = []
        for i in range(13):
            u = -1 + 2 * i / 12
            ribs.append(
                curve(
                    [
                        (MIDDLE + u * 22, frame.crown - 40),
                        (MIDDLE + u * h * 0.92, frame.crown + 24),
                        (MIDDLE + u * (h + 16), 150),
                    ],
                    closed=False,
                )
            )
        drawing.shape(together(ribs), stroke=tones.deep, width=5, opacity=0.38, blur=1)
        drawing.shape(
            together([_moved(r, 6) for r in ribs]),
            stroke=tones.shine,
            width=3,
            opacity=0.30,
            blur=1,
        )
    top = [
        (MIDDLE - h - 14, 120),
        (MIDDLE - h * 0.5, 104),
        (MIDDLE, 99),
        (MIDDLE + h * 0.5, 104),
        (MIDDLE + h + 14, 120),
    ]
    low = [
        (MIDDLE + h + 12, 164),
        (MIDDLE + h * 0.5, 152),
        (MIDDLE, 148),
        (MIDDLE - h * 0.5, 152),
        (MIDDLE - h - 12, 164),
    ]
    cuff = curve([*sampled(top, 10), *sampled(low, 10)])
    cast(
        drawing, skin, head, curve([*sampled(top, 10), *((x, y + 10) for x, y in sampled(low, 10))])
    )
    drawing.shape(
        cuff,
        drawing.linear(
            (0, 98),
            (0, 166),
            [(0.0, tones.shade), (0.3, tones.light), (0.7, tones.base), (1.0, tones.deep)],
        ),
    )
    with drawing.within(cuff):
        stitches = [
            line(
                [
                    (MIDDLE + (h + 12) * sin(k * 0.094), 96),
                    (MIDDLE + (h + 10) * sin(k * 0.094), 168),
                ]
            )
            for k in range(-16, 17)
        ]
        drawing.shape(together(stitches), stroke=tones.deep, width=4, opacity=0.45, blur=0.8)
        drawing.shape(
            together([_moved(s, 4) for s in stitches]),
            stroke=tones.shine,
            width=2.4,
            opacity=0.4,
            blur=0.8,
        )


def _moved(outline: Outline, by: float) -> Outline:
    """The same outline to the right."""
    left, top, right, bottom = outline.box
    numbers = outline.text.replace("M", " M ").replace("L", " L ").replace("C", " C ").split()
    moved, across = [], True
    for each in numbers:
        if each in "MLC":
            moved.append(each)
        else:
            moved.append(f"{float(each) + by:.1f}" if across else each)
            across = not across
    return Outline(" ".join(moved), (left + by, top, right + by, bottom))


def _headband(drawing: Drawing, tones: Tones, skin: Tones, frame: Build) -> None:
    h, y = frame.half, frame.hairline
    # It goes round the head, so it is lower and narrower where it turns away.
    edge = frame.half_at(y + 58) + 5
    top = [
        (MIDDLE - edge, y + 50),
        (MIDDLE - h * 0.76, y + 2),
        (MIDDLE - h * 0.36, y - 26),
        (MIDDLE, y - 33),
        (MIDDLE + h * 0.36, y - 26),
        (MIDDLE + h * 0.76, y + 2),
        (MIDDLE + edge, y + 50),
    ]
    low = [(x, b + (18 if b > y + 40 else 33)) for x, b in reversed(top)]
    band = curve([*sampled(top, 14), *sampled(low, 14)])
    cast(
        drawing,
        skin,
        frame.outline(),
        curve([*sampled(top, 14), *((a, b + 6) for a, b in sampled(low, 14))]),
    )
    drawing.shape(
        band,
        drawing.linear(
            (0, y - 30), (0, y + 60), [(0.0, tones.light), (0.4, tones.base), (1.0, tones.shade)]
        ),
    )
    with drawing.within(band):
        drawing.shape(band, stroke=tones.deep, width=8, opacity=0.5, blur=3)
        shine = [(a, b + 11) for a, b in top[1:4]]
        drawing.shape(stroke(sampled(shine, 6), 8), tones.shine, opacity=0.7, blur=2)


def _headscarf(drawing: Drawing, tones: Tones, skin: Tones, frame: Build) -> None:
    """Around the face, over the ears and under the chin."""
    h = frame.half
    left = [
        (MIDDLE - 70, frame.crown - 26),
        (MIDDLE - h - 4, 104),
        (MIDDLE - h - 24, 220),
        (MIDDLE - h - 22, 330),
        (MIDDLE - h + 10, 430),
        (MIDDLE - 86, 492),
        (MIDDLE, 505),
    ]
    outer = [(MIDDLE, frame.crown - 34), *left]
    face_left = [
        (MIDDLE, frame.hairline - 8),
        (MIDDLE - h * 0.52, frame.hairline + 4),
        (MIDDLE - h * 0.84, 168),
        (MIDDLE - h + 13, 262),
        (MIDDLE - h + 24, 340),
        (MIDDLE - 92, 412),
        (MIDDLE - 46, frame.chin - 13),
        (MIDDLE, frame.chin - 5),
    ]
    border = [*outer, *reversed(mirrored(outer[1:-1]))]
    face = [*face_left, *reversed(mirrored(face_left[1:-1]))]
    cast(
        drawing,
        skin,
        frame.outline(),
        _with_hole(border, [(x + (MIDDLE - x) * 0.05, y + (290 - y) * 0.05 + 3) for x, y in face]),
    )
    shape = _with_hole(border, face)
    fill = drawing.radial(
        (190, 110),
        400,
        [
            (0.0, tones.shine),
            (0.2, tones.light),
            (0.5, tones.base),
            (0.85, tones.shade),
            (1.0, tones.deep),
        ],
    )
    drawing.shape(shape, fill, punch=True)
    with drawing.within(curve(border)):
        drawing.shape(curve(border), stroke=tones.deep, width=16, opacity=0.45, blur=6)
        folds, lights = [], []
        for k, out in enumerate((0.26, 0.5, 0.74)):
            for s in (-1, 1):
                path = [
                    (MIDDLE + s * 4, frame.hairline - 8 - out * 60),
                    *(
                        (
                            MIDDLE + s * (MIDDLE - (a[0] + (b[0] - a[0]) * out)),
                            a[1] + (b[1] - a[1]) * out,
                        )
                        for a, b in zip(sampled(face_left[1:], 6), sampled(left, 6), strict=True)
                    ),
                ]
                folds.append(stroke(sampled(path, 12), 6 + 2 * k, 0.0, 0.3))
                lights.append(stroke([(x - 5, y - 3) for x, y in sampled(path, 12)], 5, 0.0, 0.2))
        drawing.shape(together(folds), tones.deep, opacity=0.42, blur=2)
        drawing.shape(together(lights), tones.shine, opacity=0.38, blur=2)
    drawing.shape(curve(face), stroke=tones.deep, width=6, opacity=0.8, blur=1)
    drawing.shape(curve(face), stroke=tones.light, width=3.4)


def _with_hole(border: list[Point], hole: list[Point]) -> Outline:
    """An area with a hole, both as closed curves: the hole runs the other way round."""
    return together([curve(border), curve(list(reversed(hole)))])


def _turban(drawing: Drawing, tones: Tones, skin: Tones, frame: Build) -> None:
    """Wound in bands that cross over the forehead."""
    h, top = frame.half, frame.crown
    low = frame.hairline + 12
    outline = [
        (MIDDLE - h - 8, 214),
        (MIDDLE - h - 22, 140),
        (MIDDLE - h * 0.86, 52),
        (MIDDLE - h * 0.36, top - 40),
        (MIDDLE, top - 45),
        (MIDDLE + h * 0.36, top - 40),
        (MIDDLE + h * 0.86, 52),
        (MIDDLE + h + 22, 140),
        (MIDDLE + h + 8, 214),
        (MIDDLE + h - 10, 188),
        (MIDDLE + h * 0.62, low + 24),
        (MIDDLE, low - 14),
        (MIDDLE - h * 0.62, low + 24),
        (MIDDLE - h + 10, 188),
    ]
    shape = curve(outline)
    cast(
        drawing,
        skin,
        frame.outline(),
        curve([(x, y + (9 if i > 8 else 0)) for i, (x, y) in enumerate(outline)]),
    )
    drawing.shape(
        shape,
        drawing.radial(
            (200, 60),
            300,
            [(0.0, tones.light), (0.4, tones.base), (0.85, tones.shade), (1.0, tones.deep)],
        ),
    )
    with drawing.within(shape):
        for s in (-1, 1):
            for i in range(6):
                start = (MIDDLE + s * (h + 22), 206 - 30 * i)
                bend = (MIDDLE + s * h * 0.5, 118 - 25 * i)
                end = (MIDDLE - s * (26 + 4 * i), low - 6 - 22 * i)
                path = sampled([start, bend, end], 8)
                lower = [(x, y + 29) for x, y in path]
                band = curve([*path, *reversed(lower)])
                fill = drawing.linear(
                    (0, end[1] - 30),
                    (0, end[1] + 80),
                    [
                        (0.0, tones.shine),
                        (0.35, tones.light),
                        (0.65, tones.base),
                        (1.0, tones.shade),
                    ],
                )
                drawing.shape(band, fill, stroke=tones.deep, width=2.2)
        drawing.shape(shape, stroke=tones.deep, width=18, opacity=0.5, blur=7)
    jewel = [
        (MIDDLE, low - 34),
        (MIDDLE + 26, low - 20),
        (MIDDLE, low - 8),
        (MIDDLE - 26, low - 20),
    ]
    drawing.shape(curve(jewel), tones.base, opacity=0.9, blur=2)


_HEADWEAR: Mapping[str, Callable[[Drawing, Tones, Tones, Build], None]] = {
    "cap": _cap,
    "beanie": _beanie,
    "headband": _headband,
    "headscarf": _headscarf,
    "turban": _turban,
}
