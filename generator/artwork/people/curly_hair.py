"""Curls, and hair in cords."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import cos, pi, sin
from random import Random

from generator.artwork.people import strands
from generator.artwork.people.build import MIDDLE, mirrored, sampled
from generator.artwork.people.coiffure import Hair, faded
from generator.artwork.people.strands import curls, fleece, hairline, tube
from generator.artwork.people.tones import Tones
from generator.artwork.svg import Drawing, Point, curve, ellipse, stroke


def _cloud(
    hair: Hair, side: float, top: float, low: float, size: float, seed: int, rings: int = 4
) -> list[tuple[float, float, float]]:
    """Places of curls over the head, from its outline inwards."""
    chance = Random(seed)
    places = []
    for ring in range(rings):
        inset = ring * size * 0.95
        arc = hair.frame.over(side - inset, top - inset, low, steps=20)
        count = max(6, round(20 - 2.2 * ring))
        for x, y in sampled(arc, count):
            r = size * chance.uniform(0.86, 1.18)
            places.append((x + chance.uniform(-4, 4), y + chance.uniform(-4, 4), r))
    return places


def _fronted(
    hair: Hair, places: list[tuple[float, float, float]], drop: float = 0.0
) -> list[tuple[float, float, float]]:
    """Those that leave the face free."""
    line = sampled(hairline(hair.frame, low=262), 60)

    def free(x: float, y: float, r: float) -> bool:
        near = min(line, key=lambda p: abs(p[0] - x))
        if abs(x - MIDDLE) > hair.frame.half * 0.86:
            return abs(x - MIDDLE) > hair.frame.half_at(y) - 13 - 0.2 * r or y < 150
        return y < near[1] + drop - r * 0.35

    return [each for each in places if free(*each)]


def _coiled(drawing: Drawing, hair: Hair) -> None:
    """Cropped close, of tight coils, with a crisp border and faded sides."""
    frame, h = hair.frame, hair.frame.half
    faded(drawing, hair)
    line = [
        (MIDDLE - frame.half_at(182) + 5, 188),
        (MIDDLE - h * 0.80, frame.hairline + 50),
        (MIDDLE - h * 0.70, frame.hairline + 12),
        (MIDDLE - h * 0.36, frame.hairline + 1),
    ]
    inner = [*line, (MIDDLE, frame.hairline - 2), *mirrored(line[::-1])]
    outer = frame.over(3, 13, 180)
    area = curve([*outer, *reversed(inner)])
    below = [(x, y + 6) for x, y in reversed(inner)]
    strands.cast(drawing, hair.skin, hair.head, curve([*outer, *below]))
    left, top, right, bottom = area.box
    chance = Random(51)
    places = []
    for row in range(round((bottom - top) / 9)):
        for k in range(round((right - left) / 9)):
            x = left + 9 * (k + 0.5 * (row % 2)) + chance.uniform(-2, 2)
            places.append((x, top + 9 * row + chance.uniform(-2, 2), chance.uniform(5.5, 7.5)))
    fleece(drawing, hair.tones, area, places, seed=52)


def _curly_short(drawing: Drawing, hair: Hair) -> None:
    with_shadow = curve(
        [
            *hair.frame.over(8, 20, 250),
            *((x, y + 14) for x, y in reversed(hairline(hair.frame, low=250))),
        ]
    )
    strands.cast(drawing, hair.skin, hair.head, with_shadow)
    drawing.shape(
        curve([*hair.frame.over(4, 14, 250), *reversed(hairline(hair.frame, low=250))]),
        hair.tones.deep,
    )
    curls(drawing, hair.tones, _fronted(hair, _cloud(hair, 6, 18, 244, 21, 21), 16), seed=22)


def _curly_long_behind(drawing: Drawing, hair: Hair) -> None:
    chance = Random(31)
    frame = hair.frame
    places = []
    for row in range(9):
        y = 190 + row * 31
        for side in (-1, 1):
            for k in range(3):
                x = MIDDLE + side * (
                    frame.half + 34 - 26 * k + 8 * sin(row * 1.3) - max(0, row - 6) * 9
                )
                places.append(
                    (x + chance.uniform(-5, 5), y + chance.uniform(-6, 6), chance.uniform(20, 27))
                )
    drawing.shape(
        curve([*frame.over(20, 18, 440), (MIDDLE + 90, 462), (MIDDLE - 90, 462)]), hair.tones.line
    )
    curls(drawing, hair.tones, places, seed=32)


def _curly_long(drawing: Drawing, hair: Hair) -> None:
    _curly_short_wide(drawing, hair, 18, 22)


def _curly_short_wide(drawing: Drawing, hair: Hair, side: float, top: float) -> None:
    strands.cast(
        drawing,
        hair.skin,
        hair.head,
        curve(
            [
                *hair.frame.over(8, 20, 300),
                *((x, y + 14) for x, y in reversed(hairline(hair.frame, low=300))),
            ]
        ),
    )
    drawing.shape(
        curve([*hair.frame.over(side - 4, top - 6, 290), *reversed(hairline(hair.frame, low=290))]),
        hair.tones.deep,
    )
    curls(drawing, hair.tones, _fronted(hair, _cloud(hair, side, top, 330, 24, 33), 18), seed=34)


def _afro_behind(drawing: Drawing, hair: Hair) -> None:
    chance = Random(41)
    places = []
    for ring, (radius, count) in enumerate(((172.0, 30), (148.0, 26), (124.0, 22))):
        for i in range(count):
            a = pi * (0.80 + 1.40 * i / (count - 1))
            x = MIDDLE + radius * 1.17 * cos(a)
            y = 196 + radius * sin(a)
            places.append(
                (
                    x + chance.uniform(-3, 3),
                    y + chance.uniform(-3, 3),
                    chance.uniform(19, 24) + ring,
                )
            )
    drawing.shape(ellipse((MIDDLE, 200), 200, 176), hair.tones.deep)
    curls(drawing, hair.tones, places, seed=42)


def _afro(drawing: Drawing, hair: Hair) -> None:
    strands.cast(
        drawing,
        hair.skin,
        hair.head,
        curve(
            [
                *hair.frame.over(8, 20, 262),
                *((x, y + 12) for x, y in reversed(hairline(hair.frame, low=262))),
            ]
        ),
    )
    drawing.shape(
        curve([*hair.frame.over(12, 26, 262), *reversed(hairline(hair.frame, low=262))]),
        hair.tones.shade,
    )
    places = _fronted(hair, _cloud(hair, 14, 30, 262, 17, 43, rings=6), 8)
    # A last row that frays the hairline.
    chance = Random(45)
    row = [
        (x + chance.uniform(-5, 5), y - 8 + chance.uniform(-7, 5), chance.uniform(11, 16))
        for x, y in sampled(hairline(hair.frame, low=240), 26)[3:-3]
    ]
    curls(drawing, hair.tones, [*places, *row], seed=44)


def _cornrows(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    area = curve([*frame.over(2, 5, 236), *reversed(hairline(frame, low=236))])
    strands.cast(drawing, hair.skin, hair.head, area)
    drawing.shape(area, hair.skin.deep.mixed(hair.tones.line, 0.62))
    with drawing.within(area):
        for i in range(9):
            u = -1 + 2 * i / 8
            start = (MIDDLE + u * h * 0.94, frame.hairline + 4 + 92 * abs(u) ** 2.4)
            end = (MIDDLE + u * h * 0.30, frame.crown - 8)
            bend = (MIDDLE + u * h * 0.80, (start[1] + end[1]) / 2 - 4)
            _row(drawing, hair.tones, [start, bend, end])


def _row(drawing: Drawing, tones: Tones, path: list[Point]) -> None:
    points = sampled(path, 10)
    drawing.shape(stroke(points, 21, 0.8, 0.7), tones.deep)
    drawing.shape(stroke(points, 17, 0.8, 0.7), tones.base)
    spine = curve(points, closed=False)
    drawing.shape(spine, stroke=tones.line, width=15, opacity=0.6, dash="2.2 6.4")
    left = curve([(x - 2.5, y - 1) for x, y in points], closed=False)
    drawing.shape(left, stroke=tones.shine, width=4, opacity=0.55, dash="3 5.6")


def _dreads_behind(drawing: Drawing, hair: Hair) -> None:
    frame = hair.frame
    drawing.shape(curve([*frame.over(14, 12, 400), (MIDDLE, 420)]), hair.tones.line)
    for i, (x, low) in enumerate(((46, 452), (30, 470), (14, 476), (-4, 470), (-24, 456))):
        for side in (-1, 1):
            path = [
                (MIDDLE + side * (frame.half - 30 + x * 0.3), 150),
                (MIDDLE + side * (frame.half + x * 0.75), 250),
                (MIDDLE + side * (frame.half - 2 + x * 0.9), 360),
                (MIDDLE + side * (frame.half - 6 + x), low),
            ]
            tube(drawing, hair.tones, path, 23, seed=50 + i)


def _dreads(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    area = curve([*frame.over(10, 16, 200), *reversed(hairline(frame, low=200))])
    strands.cast(drawing, hair.skin, hair.head, area)
    drawing.shape(area, hair.tones.deep)
    for i, u in enumerate((0.94, 0.76, 0.58, 0.40, 0.22, 0.05)):
        for side in (-1, 1):
            root = (MIDDLE + side * 8, frame.crown - 6 + 56 * (1 - u) ** 1.2)
            path = [
                root,
                (MIDDLE + side * h * (0.30 + 0.28 * u), frame.crown - 14 + 54 * (1 - u)),
                (MIDDLE + side * h * (0.74 + 0.26 * u), frame.crown + 58 + 34 * (1 - u)),
                (MIDDLE + side * (h + 14 - 22 * (1 - u)), 186 + 34 * (1 - u)),
                (MIDDLE + side * (h + 10 - 18 * (1 - u)), 262 + 20 * u),
            ]
            tube(drawing, hair.tones, path, 22, seed=60 + i)


BEHIND: Mapping[str, Callable[[Drawing, Hair], None]] = {
    "curly_long": _curly_long_behind,
    "afro": _afro_behind,
    "dreadlocks": _dreads_behind,
}
BEFORE: Mapping[str, Callable[[Drawing, Hair], None]] = {
    "curly_long": _curly_long,
    "afro": _afro,
    "dreadlocks": _dreads,
    "coiled": _coiled,
    "curly_short": _curly_short,
    "cornrows": _cornrows,
}
