"""One person's hair, and what several styles have in common."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sin
from random import Random

from generator.artwork.people import strands
from generator.artwork.people.build import MIDDLE, Build, sampled
from generator.artwork.people.strands import Strand, coat, hairline, stubble
from generator.artwork.people.tones import Tones
from generator.artwork.svg import Drawing, Outline, Point, curve


@dataclass(frozen=True, slots=True)
class Hair:
    """One person's hair, ready to be drawn in its style."""

    style: str
    tones: Tones
    skin: Tones
    frame: Build
    head: Outline


def cap(
    drawing: Drawing,
    hair: Hair,
    top: float,
    side: float,
    *,
    low: float = 260.0,
    temple: float = 0.0,
    peak: float = 0.0,
    lean: float = 0.0,
    gloss: float = 1.0,
    strands: int = 32,
) -> None:
    frame = hair.frame
    coat(
        drawing,
        hair.tones,
        frame.over(side, top, low),
        hairline(frame, low=low, temple=temple, peak=peak),
        lean=lean,
        gloss=gloss,
        strands=strands,
        skin=hair.skin,
        head=hair.head,
    )


def fringe(
    drawing: Drawing, hair: Hair, upper: list[Point], tips: list[Point], gloss: float = 1.0
) -> None:
    """Hair down over the forehead, ending in tips."""
    strands.cast(
        drawing, hair.skin, hair.head, curve([*upper, *((x, y + 8) for x, y in reversed(tips))])
    )
    high = min(y for _, y in upper)
    outline = curve([*sampled(upper, 16), *sampled(list(reversed(tips)), len(tips) * 3)])
    fill = drawing.linear(
        (0, high),
        (0, max(y for _, y in tips)),
        [
            (0.0, hair.tones.base),
            (0.35, hair.tones.base.mixed(hair.tones.light, 0.5)),
            (0.7, hair.tones.base),
            (1.0, hair.tones.shade),
        ],
    )
    drawing.shape(outline, fill)
    with drawing.within(outline):
        top, bottom = sampled(upper, 24), sampled(tips, 24)
        chance = Random(4)
        dark: list[Strand] = []
        light: list[Strand] = []
        shine: list[Strand] = []
        for i in range(25):
            (ax, ay), (bx, by) = top[i], bottom[i]

            def at(
                t: float, ax: float = ax, ay: float = ay, bx: float = bx, by: float = by
            ) -> Point:
                return ax + (bx - ax) * t + 4 * sin(pi * t), ay + (by - ay) * t

            a = chance.uniform(0.1, 0.5)
            (dark if i % 2 else light).append(
                ([at(a), at(a + 0.25), at(min(1.0, a + 0.5))], chance.uniform(3, 5))
            )
            b = chance.uniform(0.42, 0.52)
            shine.append(([at(b), at(b + 0.1), at(b + 0.22)], chance.uniform(5, 8)))
        strands.brushed(drawing, dark, hair.tones.line, 0.34)
        strands.brushed(drawing, light, hair.tones.light, 0.55)
        strands.brushed(drawing, shine, hair.tones.shine, 0.42 * gloss, blur=1.4)


def faded(drawing: Drawing, hair: Hair) -> None:
    """Sides so short that skin shows, more towards the ears."""
    frame = hair.frame
    with drawing.within(hair.head):
        for side in (-1, 1):
            patch = [
                (MIDDLE + side * (frame.half_at(y) + 3), y)
                for y in (120.0, 160.0, 200.0, 240.0, 268.0)
            ]
            inner = [
                (MIDDLE + side * (frame.half_at(y) - w), y)
                for y, w in (
                    (268.0, 7.0),
                    (232.0, 15.0),
                    (200.0, 20.0),
                    (150.0, 36.0),
                    (118.0, 40.0),
                )
            ]
            fill = drawing.linear(
                (0, 120),
                (0, 276),
                [(0.0, hair.tones.base), (0.5, hair.tones.base, 0.8), (1.0, hair.tones.base, 0.15)],
            )
            drawing.shape(curve([*patch, *inner]), fill, blur=2)


def shaved(drawing: Drawing, hair: Hair, low: float = 262.0) -> None:
    frame = hair.frame
    area = curve([*frame.over(0, 1, low), *reversed(hairline(frame, low=low, temple=4))])
    with drawing.within(hair.head):
        colour = hair.tones.base.mixed(hair.skin.shade, 0.25)
        stubble(drawing, colour, area, 1.25, dots=420)


def spiked(arc: list[Point], count: int, long: float, centre: Point, lean: float) -> list[Point]:
    """The arc with spikes that point away from a centre, tapering off at its ends."""
    points = []
    for i in range(count * 4 + 1):
        u = i / (count * 4)
        x, y = sampled(arc, count * 4)[i]
        run = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) ** 0.5
        out = (0.0, 0.42, 1.0, 0.30)[i % 4] * long * (0.42 + 0.58 * sin(pi * u))
        points.append(
            (x + (x - centre[0]) / run * out + lean * out, y + (y - centre[1]) / run * out)
        )
    return points
