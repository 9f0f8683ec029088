"""Hair styles: what of them lies behind the head and what before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, pi, sin
from random import Random

from generator.artwork.people import strands
from generator.artwork.people.build import Build, mirrored, sampled
from generator.artwork.people.person import Person
from generator.artwork.people.strands import coat, curls, hairline, lock, rope, stubble, tube
from generator.artwork.people.tones import Tones, hair_tones
from generator.artwork.svg import Drawing, Outline, Point, curve, ellipse, stroke

MIDDLE = 256.0


@dataclass(frozen=True, slots=True)
class Hair:
    """One person's hair, ready to be drawn in its style."""

    style: str
    tones: Tones
    skin: Tones
    frame: Build
    head: Outline

    def behind(self, drawing: Drawing) -> None:
        """What the head hides a part of."""
        if self.style in _BEHIND:
            _BEHIND[self.style](drawing, self)

    def before(self, drawing: Drawing) -> None:
        """What hides a part of the head."""
        if self.style in _BEFORE:
            _BEFORE[self.style](drawing, self)


def hair_of(person: Person, frame: Build, skin: Tones) -> Hair:
    """The hair of a person."""
    return Hair(person.hair, hair_tones(person.hair_colour), skin, frame, frame.outline())


# Short.


def _shaved(drawing: Drawing, hair: Hair, low: float = 262.0) -> None:
    frame = hair.frame
    area = curve([*frame.over(0, 1, low), *reversed(hairline(frame, low=low, temple=4))])
    with drawing.within(hair.head):
        colour = hair.tones.base.mixed(hair.skin.shade, 0.25)
        stubble(drawing, colour, area, 1.25, dots=420)


def _faded(drawing: Drawing, hair: Hair) -> None:
    """Sides so short that skin shows, more towards the ears."""
    frame = hair.frame
    with drawing.within(hair.head):
        for side in (-1, 1):
            patch = [(MIDDLE + side * (frame.half_at(y) + 3), y) for y in (120.0, 160.0, 200.0, 240.0, 268.0)]
            inner = [(MIDDLE + side * (frame.half_at(y) - w), y) for y, w in ((268.0, 7.0), (232.0, 15.0), (200.0, 20.0), (150.0, 36.0), (118.0, 40.0))]
            fill = drawing.linear((0, 120), (0, 276), [(0.0, hair.tones.base), (0.5, hair.tones.base, 0.8), (1.0, hair.tones.base, 0.15)])
            drawing.shape(curve([*patch, *inner]), fill, blur=2)


def _crew(drawing: Drawing, hair: Hair) -> None:
    _faded(drawing, hair)
    frame = hair.frame
    outer, inner = frame.over(3, 19, 176), hairline(frame, low=176 + 24)[1:-1]
    inner = [(MIDDLE - frame.half_at(178) + 4, 182), *inner[2:-2], (MIDDLE + frame.half_at(178) - 4, 182)]
    coat(drawing, hair.tones, outer, inner, skin=hair.skin, head=hair.head, gloss=0.8, strands=34)


def _cap(drawing: Drawing, hair: Hair, top: float, side: float, *, low: float = 260.0,
         temple: float = 0.0, peak: float = 0.0, lean: float = 0.0, gloss: float = 1.0, strands: int = 32) -> None:  # fmt: skip
    frame = hair.frame
    coat(drawing, hair.tones, frame.over(side, top, low), hairline(frame, low=low, temple=temple, peak=peak),
         lean=lean, gloss=gloss, strands=strands, skin=hair.skin, head=hair.head)  # fmt: skip


def _crop(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    _cap(drawing, hair, 20, 6, low=252, gloss=0.6)
    y = frame.hairline + 42
    tips = []
    count = 11
    for i in range(count + 1):
        x = MIDDLE - h * 0.74 + 1.48 * h * i / count
        tips.append((x, y + (7 if i % 2 else -9) + 16 * abs(i / count * 2 - 1) ** 2))
    upper = [(MIDDLE - h * 0.80, frame.hairline + 46), (MIDDLE - h * 0.66, frame.hairline - 4), (MIDDLE - h * 0.3, frame.crown + 22),
             (MIDDLE, frame.crown + 14), (MIDDLE + h * 0.3, frame.crown + 22), (MIDDLE + h * 0.66, frame.hairline - 4),
             (MIDDLE + h * 0.80, frame.hairline + 46)]  # fmt: skip
    _fringe(drawing, hair, upper, tips)


def _fringe(drawing: Drawing, hair: Hair, upper: list[Point], tips: list[Point], gloss: float = 1.0) -> None:
    """Hair down over the forehead, ending in tips."""
    strands.cast(drawing, hair.skin, hair.head, curve([*upper, *((x, y + 8) for x, y in reversed(tips))]))
    high = min(y for _, y in upper)
    outline = curve([*sampled(upper, 16), *sampled(list(reversed(tips)), len(tips) * 3)])
    fill = drawing.linear((0, high), (0, max(y for _, y in tips)),
                          [(0.0, hair.tones.base), (0.35, hair.tones.base.mixed(hair.tones.light, 0.5)), (0.7, hair.tones.base), (1.0, hair.tones.shade)])  # fmt: skip
    drawing.shape(outline, fill)
    with drawing.within(outline):
        top, bottom = sampled(upper, 24), sampled(tips, 24)
        chance = Random(4)
        dark, light, shine = [], [], []
        for i in range(25):
            (ax, ay), (bx, by) = top[i], bottom[i]
            def at(t: float, ax: float = ax, ay: float = ay, bx: float = bx, by: float = by) -> Point:
                return ax + (bx - ax) * t + 4 * sin(pi * t), ay + (by - ay) * t
            a = chance.uniform(0.1, 0.5)
            (dark if i % 2 else light).append(([at(a), at(a + 0.25), at(min(1.0, a + 0.5))], chance.uniform(3, 5)))
            b = chance.uniform(0.42, 0.52)
            shine.append(([at(b), at(b + 0.1), at(b + 0.22)], chance.uniform(5, 8)))
        strands.brushed(drawing, dark, hair.tones.line, 0.34)
        strands.brushed(drawing, light, hair.tones.light, 0.55)
        strands.brushed(drawing, shine, hair.tones.shine, 0.42 * gloss, blur=1.4)


def _side_part(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    top, line = frame.crown, frame.hairline
    _cap(drawing, hair, 14, 7, low=262, gloss=0.3)
    part = MIDDLE - h * 0.36
    lock(drawing, hair.tones,
         [(part - 6, line - 16), (part - 40, top + 10), (MIDDLE - h * 0.80, top + 50), (MIDDLE - h - 8, 160), (MIDDLE - h - 6, 236)],
         [(part, line + 2), (part - 26, line + 8), (MIDDLE - h * 0.74, line + 42), (MIDDLE - h + 12, 190), (MIDDLE - h + 3, 240)],
         seed=2, strands=11, skin=hair.skin, head=hair.head)  # fmt: skip
    lock(drawing, hair.tones,
         [(part - 14, line - 8), (part + 8, top - 14), (MIDDLE + h * 0.18, top - 27), (MIDDLE + h * 0.70, top + 2), (MIDDLE + h + 8, 136), (MIDDLE + h + 7, 226)],
         [(part - 8, line + 6), (part + 20, line + 12), (MIDDLE + h * 0.16, line + 17), (MIDDLE + h * 0.58, line + 24), (MIDDLE + h * 0.86, 172), (MIDDLE + h - 3, 230)],
         seed=3, strands=20, skin=hair.skin, head=hair.head)  # fmt: skip


def _slicked_back(drawing: Drawing, hair: Hair) -> None:
    _cap(drawing, hair, 15, 5, low=262, temple=12, peak=4, strands=44, gloss=1.25)


def _quiff(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    top, line = frame.crown, frame.hairline
    _faded(drawing, hair)
    _cap(drawing, hair, 10, 3, low=200, gloss=0.3)
    lock(drawing, hair.tones,
         [(MIDDLE - h * 0.74, line + 34), (MIDDLE - h * 0.86, top + 34), (MIDDLE - h * 0.44, top - 24), (MIDDLE + h * 0.16, top - 44), (MIDDLE + h * 0.72, top - 16), (MIDDLE + h * 0.88, line + 20)],
         [(MIDDLE - h * 0.62, line + 28), (MIDDLE - h * 0.52, line + 4), (MIDDLE - h * 0.2, line - 6), (MIDDLE + h * 0.2, line - 2), (MIDDLE + h * 0.56, line + 8), (MIDDLE + h * 0.76, line + 34)],
         seed=6, strands=24, sheen=(0.30, 0.62), skin=hair.skin, head=hair.head)  # fmt: skip


def _spiked(arc: list[Point], count: int, long: float, centre: Point, lean: float) -> list[Point]:
    """The arc with spikes that point away from a centre, tapering off at its ends."""
    points = []
    for i in range(count * 4 + 1):
        u = i / (count * 4)
        x, y = sampled(arc, count * 4)[i]
        run = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) ** 0.5
        out = (0.0, 0.42, 1.0, 0.30)[i % 4] * long * (0.42 + 0.58 * sin(pi * u))
        points.append((x + (x - centre[0]) / run * out + lean * out, y + (y - centre[1]) / run * out))
    return points


def _spiky(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    _faded(drawing, hair)
    inner = hairline(frame, low=200)[1:-1]
    inner = [(MIDDLE - frame.half_at(172) + 4, 180), *inner[2:-2], (MIDDLE + frame.half_at(172) - 4, 180)]
    back = _spiked(frame.over(-10, -2, 172), 8, 44, (MIDDLE, 260), 0.12)
    coat(drawing, hair.tones, back, inner, strands=40, gloss=0.5, steps=64, skin=hair.skin, head=hair.head)
    arc = [(MIDDLE - h * 0.84, 150), (MIDDLE - h * 0.62, frame.crown + 34), (MIDDLE, frame.crown + 16), (MIDDLE + h * 0.62, frame.crown + 34), (MIDDLE + h * 0.84, 150)]
    front = _spiked(arc, 7, 40, (MIDDLE - 10, 300), 0.10)
    line = [(MIDDLE - h * 0.80, frame.hairline + 46), (MIDDLE - h * 0.56, frame.hairline + 12), (MIDDLE, frame.hairline), (MIDDLE + h * 0.56, frame.hairline + 12), (MIDDLE + h * 0.80, frame.hairline + 46)]
    coat(drawing, hair.tones, front, line, strands=34, gloss=1.0, steps=56, seed=5)


def _receding(drawing: Drawing, hair: Hair) -> None:
    _cap(drawing, hair, 11, 6, low=262, temple=34, peak=-14, strands=38, gloss=0.9)


def _horseshoe(drawing: Drawing, hair: Hair) -> None:
    """Round the back of the head from ear to ear, and nothing on top."""
    frame = hair.frame
    with drawing.within(hair.head):
        for side in (-1, 1):
            colour = hair.tones.base
            edge = [(MIDDLE + side * (frame.half_at(y) + 4), y) for y in (150.0, 190.0, 230.0, 266.0)]
            inner = [(MIDDLE + side * (frame.half_at(y) - w), y) for y, w in ((262.0, 4.0), (234.0, 15.0), (205.0, 20.0), (176.0, 17.0), (152.0, 6.0))]
            drawing.shape(curve([*edge, *inner]), colour, opacity=0.9, blur=3.5)
            hairs = [stroke([(MIDDLE + side * (frame.half_at(y) - 17 + 3 * (k % 2)), y - 6), (MIDDLE + side * (frame.half_at(y) - 8), y), (MIDDLE + side * (frame.half_at(y) + 3), y + 10)], 3.4) for k, y in enumerate((172.0, 184.0, 196.0, 208.0, 220.0, 232.0, 244.0))]
            drawing.shape(strands.together(hairs), hair.tones.light, opacity=0.6)


def _horseshoe_behind(drawing: Drawing, hair: Hair) -> None:
    frame = hair.frame
    for side in (-1, 1):
        outer = [(MIDDLE + side * (frame.half_at(y) + w), y) for y, w in ((146.0, -4.0), (172.0, 9.0), (214.0, 18.0), (262.0, 23.0), (304.0, 16.0), (330.0, -2.0))]
        inner = [(MIDDLE + side * (frame.half_at(y) - w), y) for y, w in ((150.0, 2.0), (180.0, 20.0), (214.0, 30.0), (262.0, 30.0), (300.0, 30.0), (326.0, 30.0))]
        lock(drawing, hair.tones, outer, inner, strands=9, seed=8 + side, gloss=0.6)


def _undercut(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    top, line = frame.crown, frame.hairline
    _shaved(drawing, hair)
    lock(drawing, hair.tones,
         [(MIDDLE - h * 0.60, line + 8), (MIDDLE - h * 0.66, top + 8), (MIDDLE - h * 0.1, top - 30), (MIDDLE + h * 0.62, top - 16), (MIDDLE + h + 2, top + 50), (MIDDLE + h + 10, 176)],
         [(MIDDLE - h * 0.54, line + 12), (MIDDLE - h * 0.3, line + 4), (MIDDLE + h * 0.1, line + 8), (MIDDLE + h * 0.5, line + 18), (MIDDLE + h * 0.80, line + 48), (MIDDLE + h - 4, 186)],
         seed=9, strands=22, sheen=(0.25, 0.55), skin=hair.skin, head=hair.head)  # fmt: skip


def _mohawk(drawing: Drawing, hair: Hair) -> None:
    frame = hair.frame
    _shaved(drawing, hair)
    top, line = frame.crown, frame.hairline
    for low, wide, long, seed in ((8.0, 42.0, 30.0, 5), (36.0, 35.0, 28.0, 6)):
        arc = [(MIDDLE - wide, line + low - 40), (MIDDLE - wide * 0.9, top - 8 + low), (MIDDLE, top - 22 + low), (MIDDLE + wide * 0.9, top - 8 + low), (MIDDLE + wide, line + low - 40)]
        outer = [(MIDDLE - 20, line + low - 12), *_spiked(arc, 5, long, (MIDDLE, line + 30), 0.06), (MIDDLE + 20, line + low - 12)]
        inner = [(MIDDLE - 20, line + low - 10), (MIDDLE, line + low - 4), (MIDDLE + 20, line + low - 10)]
        coat(drawing, hair.tones, outer, inner, strands=22, gloss=0.9, steps=50, seed=seed, skin=hair.skin, head=hair.head)


def _pixie(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    top, line = frame.crown, frame.hairline
    _cap(drawing, hair, 22, 9, low=286, gloss=0.5)
    for side in (-1, 1):
        edge = [(MIDDLE + side * (h + 5), 180), (MIDDLE + side * (h + 8), 240), (MIDDLE + side * (h - 8), 312)]
        inner = [(MIDDLE + side * (h - 26), 176), (MIDDLE + side * (h - 20), 238), (MIDDLE + side * (h - 12), 308)]
        lock(drawing, hair.tones, edge, inner, seed=11 + side, strands=7, skin=hair.skin, head=hair.head)
    lock(drawing, hair.tones,
         [(MIDDLE + h * 0.42, top + 2), (MIDDLE + h * 0.1, top - 26), (MIDDLE - h * 0.5, top - 4), (MIDDLE - h * 0.96, 130), (MIDDLE - h - 2, 214)],
         [(MIDDLE + h * 0.56, line + 8), (MIDDLE + h * 0.22, line + 34), (MIDDLE - h * 0.24, line + 50), (MIDDLE - h * 0.62, 178), (MIDDLE - h * 0.88, 218)],
         seed=12, strands=18, sheen=(0.3, 0.55), skin=hair.skin, head=hair.head)  # fmt: skip
    lock(drawing, hair.tones,
         [(MIDDLE + h * 0.38, top + 4), (MIDDLE + h * 0.7, top + 2), (MIDDLE + h * 1.02, 124), (MIDDLE + h + 4, 200)],
         [(MIDDLE + h * 0.46, line + 4), (MIDDLE + h * 0.62, line + 22), (MIDDLE + h * 0.82, 164), (MIDDLE + h - 10, 206)],
         seed=13, strands=10, skin=hair.skin, head=hair.head)  # fmt: skip


# Curls.


def _cloud(hair: Hair, side: float, top: float, low: float, size: float, seed: int) -> list[tuple[float, float, float]]:
    """Places of curls over the head, from its outline inwards."""
    chance = Random(seed)
    places = []
    for ring in range(4):
        inset = ring * size * 0.95
        arc = hair.frame.over(side - inset, top - inset, low, steps=20)
        count = max(6, round(20 - 2.2 * ring))
        for x, y in sampled(arc, count):
            r = size * chance.uniform(0.86, 1.18)
            places.append((x + chance.uniform(-4, 4), y + chance.uniform(-4, 4), r))
    return places


def _fronted(hair: Hair, places: list[tuple[float, float, float]], drop: float = 0.0) -> list[tuple[float, float, float]]:
    """Those that leave the face free."""
    line = sampled(hairline(hair.frame, low=262), 60)
    def free(x: float, y: float, r: float) -> bool:
        near = min(line, key=lambda p: abs(p[0] - x))
        if abs(x - MIDDLE) > hair.frame.half * 0.86:
            return abs(x - MIDDLE) > hair.frame.half_at(y) - 13 - 0.2 * r or y < 150
        return y < near[1] + drop - r * 0.35
    return [each for each in places if free(*each)]


def _curly_short(drawing: Drawing, hair: Hair) -> None:
    with_shadow = curve([*hair.frame.over(8, 20, 250), *((x, y + 14) for x, y in reversed(hairline(hair.frame, low=250)))])
    strands.cast(drawing, hair.skin, hair.head, with_shadow)
    drawing.shape(curve([*hair.frame.over(4, 14, 250), *reversed(hairline(hair.frame, low=250))]), hair.tones.deep)
    curls(drawing, hair.tones, _fronted(hair, _cloud(hair, 6, 18, 244, 21, 21), 16), seed=22)


def _curly_long_behind(drawing: Drawing, hair: Hair) -> None:
    chance = Random(31)
    frame = hair.frame
    places = []
    for row in range(9):
        y = 190 + row * 31
        for side in (-1, 1):
            for k in range(3):
                x = MIDDLE + side * (frame.half + 34 - 26 * k + 8 * sin(row * 1.3) - max(0, row - 6) * 9)
                places.append((x + chance.uniform(-5, 5), y + chance.uniform(-6, 6), chance.uniform(20, 27)))
    drawing.shape(curve([*frame.over(20, 18, 440), (MIDDLE + 90, 462), (MIDDLE - 90, 462)]), hair.tones.line)
    curls(drawing, hair.tones, places, seed=32)


def _curly_long(drawing: Drawing, hair: Hair) -> None:
    _curly_short_wide(drawing, hair, 18, 22)


def _curly_short_wide(drawing: Drawing, hair: Hair, side: float, top: float) -> None:
    strands.cast(drawing, hair.skin, hair.head, curve([*hair.frame.over(8, 20, 300), *((x, y + 14) for x, y in reversed(hairline(hair.frame, low=300)))]))
    drawing.shape(curve([*hair.frame.over(side - 4, top - 6, 290), *reversed(hairline(hair.frame, low=290))]), hair.tones.deep)
    curls(drawing, hair.tones, _fronted(hair, _cloud(hair, side, top, 330, 24, 33), 18), seed=34)


def _afro_behind(drawing: Drawing, hair: Hair) -> None:
    chance = Random(41)
    places = []
    for ring, (radius, count) in enumerate(((172.0, 30), (148.0, 26), (124.0, 22))):
        for i in range(count):
            a = pi * (0.80 + 1.40 * i / (count - 1))
            x = MIDDLE + radius * 1.17 * cos(a)
            y = 196 + radius * sin(a)
            places.append((x + chance.uniform(-3, 3), y + chance.uniform(-3, 3), chance.uniform(19, 24) + ring))
    drawing.shape(ellipse((MIDDLE, 200), 200, 176), hair.tones.deep)
    curls(drawing, hair.tones, places, seed=42)


def _afro(drawing: Drawing, hair: Hair) -> None:
    strands.cast(drawing, hair.skin, hair.head, curve([*hair.frame.over(8, 20, 262), *((x, y + 12) for x, y in reversed(hairline(hair.frame, low=262)))]))
    drawing.shape(curve([*hair.frame.over(12, 26, 262), *reversed(hairline(hair.frame, low=262))]), hair.tones.shade)
    curls(drawing, hair.tones, _fronted(hair, _cloud(hair, 14, 30, 262, 17, 43), 8), seed=44)


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
            path = [(MIDDLE + side * (frame.half - 30 + x * 0.3), 150), (MIDDLE + side * (frame.half + x * 0.75), 250), (MIDDLE + side * (frame.half - 2 + x * 0.9), 360), (MIDDLE + side * (frame.half - 6 + x), low)]
            tube(drawing, hair.tones, path, 23, seed=50 + i)


def _dreads(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    area = curve([*frame.over(10, 16, 200), *reversed(hairline(frame, low=200))])
    strands.cast(drawing, hair.skin, hair.head, area)
    drawing.shape(area, hair.tones.deep)
    for i, u in enumerate((0.94, 0.76, 0.58, 0.40, 0.22, 0.05)):
        for side in (-1, 1):
            root = (MIDDLE + side * 8, frame.crown - 6 + 56 * (1 - u) ** 1.2)
            path = [root, (MIDDLE + side * h * (0.30 + 0.28 * u), frame.crown - 14 + 54 * (1 - u)), (MIDDLE + side * h * (0.74 + 0.26 * u), frame.crown + 58 + 34 * (1 - u)), (MIDDLE + side * (h + 14 - 22 * (1 - u)), 186 + 34 * (1 - u)), (MIDDLE + side * (h + 10 - 18 * (1 - u)), 262 + 20 * u)]
            tube(drawing, hair.tones, path, 22, seed=60 + i)


# Long.


def _panel(drawing: Drawing, hair: Hair, side: float, low: float, *, tuck: float = 30.0, wave: float = 0.0) -> None:
    """Long hair behind the head, in its shade."""
    frame, h, tones = hair.frame, hair.frame.half, hair.tones
    dark = Tones(tones.base, tones.shade, tones.deep, tones.deep, tones.line, tones.line.shifted(-0.04), tones.base)
    left = [(MIDDLE - 30, frame.crown - 14), (MIDDLE - h * 0.8, frame.crown + 10), (MIDDLE - (h + side), 190), (MIDDLE - (h + side + 4), 320), (MIDDLE - (h + side - tuck * 0.25), low - 44), (MIDDLE - (h + side - tuck), low - 6)]
    right = mirrored(left)
    lock(drawing, dark, left, right, gloss=0.0, wave=wave, seed=70, strands=22)


def _curtains(drawing: Drawing, hair: Hair, low: float, *, part: float = 0.0, side: float = 22.0, wave: float = 0.0, tip: float = 22.0) -> None:
    """Two falls of hair from a parting, before the ears."""
    frame, h = hair.frame, hair.frame.half
    top, line = frame.crown, frame.hairline
    for s in (-1, 1):
        p = part * h
        outer = [(MIDDLE + p - s * 4, top - 16), (MIDDLE + p * 0.4 + s * h * 0.42, top - 22), (MIDDLE + s * h * 0.90, top + 34), (MIDDLE + s * (h + side), 190), (MIDDLE + s * (h + side + 5), 290), (MIDDLE + s * (h + side + 2), (290 + low) / 2), (MIDDLE + s * (h + side - tip), low)]
        inner = [(MIDDLE + p - s * 1, line - 8), (MIDDLE + p * 0.6 + s * h * 0.30, line + 8), (MIDDLE + s * h * 0.66, line + 36), (MIDDLE + s * (h - 17), 200), (MIDDLE + s * (h - 13), 290), (MIDDLE + s * (h - 20), (290 + low) / 2), (MIDDLE + s * (h - 26), low - 8)]
        lock(drawing, hair.tones, outer, inner, seed=80 + s, strands=15, sheen=(0.18, 0.34), wave=s * wave, skin=hair.skin, head=hair.head)


def _bangs(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    line = frame.hairline
    upper = [(MIDDLE - h * 0.90, line + 66), (MIDDLE - h * 0.72, line + 4), (MIDDLE - h * 0.32, frame.crown + 8), (MIDDLE, frame.crown), (MIDDLE + h * 0.32, frame.crown + 8), (MIDDLE + h * 0.72, line + 4), (MIDDLE + h * 0.90, line + 66)]
    y = line + 55
    tips = [(MIDDLE - h * 0.86 + 1.72 * h * i / 14, y + (3 if i % 2 else -3) + 15 * abs(i / 7 - 1) ** 2.4) for i in range(15)]
    _fringe(drawing, hair, upper, tips, gloss=1.2)


def _long_straight_behind(drawing: Drawing, hair: Hair) -> None:
    _panel(drawing, hair, 26, 498)


def _long_straight(drawing: Drawing, hair: Hair) -> None:
    _curtains(drawing, hair, 494)


def _long_wavy_behind(drawing: Drawing, hair: Hair) -> None:
    _panel(drawing, hair, 34, 496, wave=9)


def _long_wavy(drawing: Drawing, hair: Hair) -> None:
    _curtains(drawing, hair, 488, part=0.28, side=30, wave=10)


def _long_fringe_behind(drawing: Drawing, hair: Hair) -> None:
    _panel(drawing, hair, 22, 498, tuck=18)


def _long_fringe(drawing: Drawing, hair: Hair) -> None:
    _curtains(drawing, hair, 496, side=18, tip=14)
    _bangs(drawing, hair)


def _shoulder_behind(drawing: Drawing, hair: Hair) -> None:
    _panel(drawing, hair, 30, 470, tuck=24)


def _shoulder(drawing: Drawing, hair: Hair) -> None:
    _curtains(drawing, hair, 462, part=-0.34, side=28, tip=16, wave=4)


def _bob_behind(drawing: Drawing, hair: Hair) -> None:
    _panel(drawing, hair, 30, 420, tuck=62)


def _bob(drawing: Drawing, hair: Hair) -> None:
    _curtains(drawing, hair, 416, side=28, tip=52)
    _bangs(drawing, hair)


def _braids_behind(drawing: Drawing, hair: Hair) -> None:
    frame = hair.frame
    drawing.shape(curve([*frame.over(6, 10, 320), (MIDDLE, 330)]), hair.tones.line)


def _braids(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    top, line = frame.crown, frame.hairline
    for s in (-1, 1):
        x = MIDDLE + s * (h + 14)
        rope(drawing, hair.tones, [(MIDDLE + s * (h + 4), 296), (x + s * 8, 350), (x + s * 4, 410), (x - s * 8, 462)], 44, pieces=7)
        end = (x - s * 9, 464)
        lock(drawing, hair.tones, [(end[0] - 9, 462), (end[0] - 15, 484), (end[0] - 3, 503)], [(end[0] + 9, 462), (end[0] + 15, 484), (end[0] + 4, 503)], strands=5, gloss=0.4)
        drawing.shape(ellipse(end, 13, 7), drawing.lit([(0.0, hair.tones.rim), (1.0, hair.tones.line)]))
        outer = [(MIDDLE - s * 4, top - 14), (MIDDLE + s * h * 0.44, top - 17), (MIDDLE + s * h * 0.94, top + 46), (MIDDLE + s * (h + 13), 190), (MIDDLE + s * (h + 16), 260), (MIDDLE + s * (h + 8), 310)]
        inner = [(MIDDLE - s * 1, line - 8), (MIDDLE + s * h * 0.32, line + 8), (MIDDLE + s * h * 0.68, line + 40), (MIDDLE + s * (h - 15), 196), (MIDDLE + s * (h - 8), 256), (MIDDLE + s * (h - 3), 306)]
        lock(drawing, hair.tones, outer, inner, seed=90 + s, strands=13, skin=hair.skin, head=hair.head)


def _pulled(drawing: Drawing, hair: Hair) -> None:
    """Drawn back tightly, with a sheen."""
    _cap(drawing, hair, 11, 4, low=256, temple=6, strands=44, gloss=1.2)


def _ponytail_behind(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    top = frame.crown
    lock(drawing, hair.tones,
         [(MIDDLE + 34, top + 4), (MIDDLE + 92, top - 38), (MIDDLE + h + 28, top + 8), (MIDDLE + h + 74, 170), (MIDDLE + h + 72, 300), (MIDDLE + h + 38, 410)],
         [(MIDDLE + 52, top + 40), (MIDDLE + 100, top + 24), (MIDDLE + h - 2, 130), (MIDDLE + h + 14, 210), (MIDDLE + h + 24, 310), (MIDDLE + h + 26, 408)],
         seed=100, strands=15, sheen=(0.22, 0.45), wave=3)  # fmt: skip


def _ponytail(drawing: Drawing, hair: Hair) -> None:
    _pulled(drawing, hair)


def _bun_behind(drawing: Drawing, hair: Hair) -> None:
    x, y, r = MIDDLE, hair.frame.crown - 2, 43.0
    tones = hair.tones
    drawing.shape(ellipse((x, y), r + 5, r), drawing.radial((x - 14, y - 16), r * 1.7, [(0.0, tones.light), (0.45, tones.base), (1.0, tones.deep)]))
    with drawing.within(ellipse((x, y), r + 5, r)):
        arcs = [stroke([(x - 46 + 9 * i, y + 34), (x - 34 + 9 * i, y - 6 - 3 * (i % 3)), (x - 2 + 8 * i, y - 40)], 4.5) for i in range(9)]
        drawing.shape(strands.together(arcs), tones.line, opacity=0.3)
        glints = [stroke([(x - 40 + 11 * i, y + 2), (x - 30 + 11 * i, y - 14), (x - 18 + 10 * i, y - 24)], 6) for i in range(5)]
        drawing.shape(strands.together(glints), tones.shine, opacity=0.5, blur=1.2)


def _bun(drawing: Drawing, hair: Hair) -> None:
    _pulled(drawing, hair)


_BEHIND: Mapping[str, Callable[[Drawing, Hair], None]] = {
    "horseshoe": _horseshoe_behind,
    "curly_long": _curly_long_behind,
    "afro": _afro_behind,
    "dreadlocks": _dreads_behind,
    "braids": _braids_behind,
    "ponytail": _ponytail_behind,
    "bun": _bun_behind,
    "bob": _bob_behind,
    "shoulder": _shoulder_behind,
    "long_straight": _long_straight_behind,
    "long_wavy": _long_wavy_behind,
    "long_fringe": _long_fringe_behind,
}
_BEFORE: Mapping[str, Callable[[Drawing, Hair], None]] = {
    "shaved": _shaved,
    "crew": _crew,
    "crop": _crop,
    "side_part": _side_part,
    "slicked_back": _slicked_back,
    "quiff": _quiff,
    "spiky": _spiky,
    "receding": _receding,
    "horseshoe": _horseshoe,
    "undercut": _undercut,
    "mohawk": _mohawk,
    "pixie": _pixie,
    "curly_short": _curly_short,
    "curly_long": _curly_long,
    "afro": _afro,
    "cornrows": _cornrows,
    "dreadlocks": _dreads,
    "braids": _braids,
    "ponytail": _ponytail,
    "bun": _bun,
    "bob": _bob,
    "shoulder": _shoulder,
    "long_straight": _long_straight,
    "long_wavy": _long_wavy,
    "long_fringe": _long_fringe,
}
