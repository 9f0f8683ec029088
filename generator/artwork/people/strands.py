"""What hair is made of: locks, short coats, curls and ropes, each with its own light."""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, cos, hypot, pi, sin
from random import Random
from typing import TypeAlias

from generator.artwork.colour import Colour
from generator.artwork.people.build import Build, sampled
from generator.artwork.people.tones import Tones
from generator.artwork.svg import Drawing, Outline, Point, curve, ellipse, lines, stroke, together

_STEPS = 14


Strand: TypeAlias = tuple[Sequence[Point], float]
"""Where it runs, and how wide it is in its middle."""


def brushed(
    drawing: Drawing, many: Sequence[Strand], colour: Colour, opacity: float, blur: float = 0.0
) -> None:
    """Many tapered strands of a colour; where each would be a pixel, half as many plain lines."""
    if drawing.detail >= 0.5:
        each = [stroke(path, width) for path, width in many]
        drawing.shape(together(each), colour, opacity=opacity, blur=blur)
        return
    few = many[::2]
    mean = sum(width for _, width in few) / len(few)
    drawing.shape(
        lines([path for path, _ in few]),
        stroke=colour,
        width=mean * 1.05,
        opacity=opacity,
        blur=blur,
    )


def lock(
    drawing: Drawing,
    tones: Tones,
    a: Sequence[Point],
    b: Sequence[Point],
    *,
    strands: int = 16,
    sheen: tuple[float, float] = (0.16, 0.42),
    gloss: float = 1.0,
    wave: float = 0.0,
    seed: int = 1,
    skin: Tones | None = None,
    head: Outline | None = None,
) -> None:
    """Hair that runs from where both borders begin to where they end.

    Args:
        drawing: What it is drawn on.
        tones: Of the hair.
        a: The border that the light falls on: outer or upper.
        b: The other border, running the same way.
        strands: How many of each kind.
        sheen: Where along it light is reflected, as shares of its length.
        gloss: How much.
        wave: Height of the waves that it makes.
        seed: Of the strands' places.
        skin: With `head`, what its shadow falls on.
        head: Where that ends.
    """
    first, second = _waved(sampled(a, _STEPS), wave), _waved(sampled(b, _STEPS), wave)
    end = _cap(first[-2], first[-1], second[-1])
    start = _cap(second[1], second[0], first[0])
    outline = curve([*first, *end, *reversed(second), *start])
    if skin is not None and head is not None:
        cast(drawing, skin, head, curve([*first, *((x, y + 9) for x, y in reversed(second))]))
    drawing.shape(outline, _fall(drawing, tones, outline))
    with drawing.within(outline):
        drawing.shape(outline, stroke=tones.deep, width=13, opacity=0.55, blur=4)
        _run(drawing, tones, first, second, strands, sheen, gloss, seed)


def _cap(before: Point, one: Point, other: Point) -> list[Point]:
    """The round end of a lock, between the ends of its borders."""
    wide = hypot(other[0] - one[0], other[1] - one[1])
    if wide < 9:
        return []
    run = hypot(one[0] - before[0], one[1] - before[1]) or 1.0
    out = min(10.0, wide * 0.16)
    ox, oy = (one[0] - before[0]) / run * out, (one[1] - before[1]) / run * out
    points = [_mix(one, other, u) for u in (0.2, 0.5, 0.8)]
    return [(x + ox, y + oy) for x, y in points]


def _waved(points: list[Point], wave: float) -> list[Point]:
    if not wave:
        return points
    count = len(points) - 1
    return [
        (x + wave * min(1.0, 3 * i / count) * sin(4.6 * pi * i / count + 0.4), y)
        for i, (x, y) in enumerate(points)
    ]


def _fall(drawing: Drawing, tones: Tones, outline: Outline) -> str:
    left, top, right, bottom = outline.box
    return drawing.linear(
        (left * 0.6 + right * 0.4, top),
        (left * 0.4 + right * 0.6, max(bottom, top + 40)),
        [(0.0, tones.light), (0.22, tones.base), (0.65, tones.shade), (1.0, tones.deep)],
    )


def _run(
    drawing: Drawing,
    tones: Tones,
    first: list[Point],
    second: list[Point],
    count: int,
    sheen: tuple[float, float],
    gloss: float,
    seed: int,
) -> None:
    chance = Random(seed)
    steps = len(first) - 1

    pace = 1 if drawing.detail >= 0.5 else 2

    def strand(u: float, start: int, end: int, width: float) -> Strand:
        points = [_mix(first[i], second[i], u) for i in range(start, end + 1, pace)]
        return points, width

    dark, light, shine = [], [], []
    for i in range(count):
        u = (i + chance.uniform(0.2, 0.8)) / count
        start = chance.randrange(0, steps // 3)
        end = min(steps, start + chance.randrange(steps // 2, steps))
        dark.append(strand(u, start, end, chance.uniform(3.0, 5.5)))
    for i in range(count):
        u = (i + chance.uniform(0.2, 0.8)) / count
        start = chance.randrange(0, steps // 2)
        end = min(steps, start + chance.randrange(steps // 3, steps * 2 // 3))
        light.append(strand(u, start, end, chance.uniform(2.0, 4.2)))
    low, high = round(sheen[0] * steps), max(round(sheen[1] * steps), round(sheen[0] * steps) + 2)
    for i in range(round(count * 0.9)):
        u = (i + chance.uniform(0.15, 0.85)) / round(count * 0.9)
        start = max(0, low + chance.randrange(-1, 2))
        end = min(steps, high + chance.randrange(-1, 2))
        shine.append(strand(0.08 + 0.84 * u, start, max(end, start + 2), chance.uniform(4.0, 8.0)))
    brushed(drawing, dark, tones.line, 0.30)
    brushed(drawing, light, tones.light, 0.55)
    if gloss > 0:
        brushed(drawing, shine, tones.shine, min(1.0, 0.50 * gloss), blur=1.3)


def coat(
    drawing: Drawing,
    tones: Tones,
    outer: Sequence[Point],
    inner: Sequence[Point],
    *,
    lean: float = 0.0,
    strands: int = 30,
    gloss: float = 1.0,
    steps: int = 24,
    seed: int = 2,
    skin: Tones | None = None,
    head: Outline | None = None,
) -> None:
    """Hair that grows from its inner border to its outer one, over the head from left to right.

    Args:
        drawing: What it is drawn on.
        tones: Of the hair.
        outer: Over the head, left to right.
        inner: The hairline, left to right.
        lean: How far the strands lie to the right.
        strands: How many of each kind.
        gloss: How much light is reflected.
        steps: Pieces of its borders.
        seed: Of the strands' places.
        skin: With `head`, what its shadow falls on.
        head: Where that ends.
    """
    chance = Random(seed)
    first, second = sampled(outer, steps), sampled(inner, steps)
    outline = curve([*first, *reversed(second)])
    if skin is not None and head is not None:
        cast(drawing, skin, head, curve([*first, *((x, y + 7) for x, y in reversed(second))]))
    left, top, right, _ = outline.box
    fill = drawing.radial(
        (left * 0.62 + right * 0.38, top + 46),
        (right - left) * 0.72,
        [(0.0, tones.light), (0.35, tones.base), (0.8, tones.shade), (1.0, tones.deep)],
    )
    drawing.shape(outline, fill)
    with drawing.within(outline):
        drawing.shape(outline, stroke=tones.deep, width=12, opacity=0.5, blur=4)

        pieces = 4 if drawing.detail >= 0.5 else 2

        def grown(u: float, start: float, end: float, width: float) -> Strand:
            at = u * steps
            k = min(steps - 1, int(at))
            root = _mix(second[k], second[k + 1], at - k)
            tip = _mix(first[k], first[k + 1], at - k)
            side = lean * (1 - abs(2 * u - 1))
            points = []
            for i in range(pieces + 1):
                t = start + (end - start) * i / pieces
                x, y = _mix(root, tip, t)
                points.append((x + side * t * t, y))
            return points, width

        dark, light, shine = [], [], []
        for i in range(strands):
            u = (i + chance.random()) / strands
            start = chance.uniform(0.0, 0.3)
            dark.append(grown(u, start, start + chance.uniform(0.4, 0.7), chance.uniform(3, 5)))
            u = (i + chance.random()) / strands
            start = chance.uniform(0.0, 0.5)
            light.append(grown(u, start, start + chance.uniform(0.3, 0.5), chance.uniform(2.4, 4)))
            u = 0.12 + 0.62 * (i + chance.random()) / strands
            start = chance.uniform(0.38, 0.5)
            shine.append(grown(u, start, start + chance.uniform(0.2, 0.34), chance.uniform(4, 7)))
        brushed(drawing, dark, tones.line, 0.28)
        brushed(drawing, light, tones.light, 0.5)
        if gloss > 0:
            brushed(drawing, shine, tones.shine, 0.5 * gloss, blur=1.4)
        rim = [(x - 3, y + 2) for x, y in first[steps * 5 // 8 : steps - 1]]
        drawing.shape(stroke(rim, 6), tones.rim, opacity=0.6, blur=2)


def curls(
    drawing: Drawing, tones: Tones, places: Sequence[tuple[float, float, float]], seed: int = 3
) -> None:
    """Curls: each a small ball with a spiral, at x, y and radius, the first ones behind."""
    if not places:
        return
    # None reaches beyond the drawing.
    places = [(min(503 - r, max(9 + r, x)), min(503 - r, max(9 + r, y)), r) for x, y, r in places]
    chance = Random(seed)
    bumps = [ellipse((x, y), r) for x, y, r in places]
    left, top, right, bottom = together(bumps).box
    wide, high = right - left, bottom - top
    body = drawing.radial(
        (left + wide * 0.36, top + high * 0.16),
        max(wide, high) * 0.82,
        [(0.0, tones.light), (0.28, tones.base), (0.65, tones.shade), (1.0, tones.deep)],
    )
    drawing.shape(together(bumps), tones.line)
    drawing.shape(together([ellipse((x - 0.8, y - 1.2), r - 2.4) for x, y, r in places]), body)
    _spirals(drawing, tones, places, (left, top, right, bottom), chance)


def fleece(
    drawing: Drawing,
    tones: Tones,
    area: Outline,
    places: Sequence[tuple[float, float, float]],
    seed: int = 3,
) -> None:
    """Coils too tight and short to stand out: one coat, with a spiral at x, y and radius."""
    left, top, right, bottom = area.box
    fill = drawing.radial(
        (left * 0.62 + right * 0.38, top + 0.3 * (bottom - top)),
        (right - left) * 0.72,
        [(0.0, tones.light), (0.35, tones.base), (0.8, tones.shade), (1.0, tones.deep)],
    )
    drawing.shape(area, fill)
    with drawing.within(area):
        _spirals(drawing, tones, places, area.box, Random(seed))
        drawing.shape(area, stroke=tones.deep, width=10, opacity=0.5, blur=4)


def _spirals(
    drawing: Drawing,
    tones: Tones,
    places: Sequence[tuple[float, float, float]],
    box: tuple[float, float, float, float],
    chance: Random,
) -> None:
    """The turns of curls at x, y and radius, with light on those above and to the left."""
    left, top, right, bottom = box
    fine = 2 if drawing.detail >= 0.5 else 1
    dark, light, shine = [], [], []
    for x, y, r in places:
        turn = chance.uniform(-0.5, 0.5)
        dark.append(_arc(x, y, r * 0.84, turn - 0.5, turn + 2.3, 4 * fine))
        dark.append(_arc(x + r * 0.05, y + r * 0.08, r * 0.36, turn - 0.9, turn + 2.4, 3 * fine))
        light.append(_arc(x, y, r * 0.62, turn - 3.3, turn - 0.9, 4 * fine))
        if y < top + (bottom - top) * 0.62 and x < left + (right - left) * 0.72:
            shine.append(_arc(x, y, r * 0.66, turn - 2.7, turn - 1.6, 2 * fine))
    size = sum(r for _, _, r in places) / len(places)
    drawing.shape(lines(dark), stroke=tones.line, width=size * 0.17, opacity=0.55)
    drawing.shape(lines(light), stroke=tones.light, width=size * 0.24, opacity=0.5)
    if shine:
        drawing.shape(lines(shine), stroke=tones.shine, width=size * 0.22, opacity=0.5)


def _arc(x: float, y: float, r: float, start: float, end: float, count: int) -> list[Point]:
    step = (end - start) / (count - 1)
    return [(x + r * cos(start + i * step), y + r * sin(start + i * step)) for i in range(count)]


def rope(
    drawing: Drawing, tones: Tones, path: Sequence[Point], width: float, *, pieces: int = 9
) -> None:
    """A braid along a path: plaits that lie over each other in turn, thinner at the end."""
    points = sampled(path, pieces * 2)
    lit = drawing.lit([(0.0, tones.light), (0.45, tones.base), (1.0, tones.deep)])
    drawing.shape(stroke(points, width * 0.9, 0.9, 0.5), tones.line)
    for i in range(pieces * 2 - 1):
        (x, y), (nx, ny) = points[i], points[i + 1]
        run = hypot(nx - x, ny - y) or 1.0
        ax, ay = (nx - x) / run, (ny - y) / run
        side = 1 if i % 2 else -1
        w = width * (1 - 0.38 * i / (pieces * 2))
        cx, cy = x - ay * side * w * 0.22, y + ax * side * w * 0.22
        angle = atan2(ay, ax) - side * 0.62
        leaf = _leaf(cx, cy, w * 0.66, w * 0.36, angle)
        drawing.shape(leaf, lit, stroke=tones.line, width=1.2)
        glint = _leaf(cx - w * 0.06, cy - w * 0.08, w * 0.30, w * 0.07, angle)
        drawing.shape(glint, tones.shine, opacity=0.5)


def _leaf(x: float, y: float, long: float, wide: float, angle: float) -> Outline:
    c, s = cos(angle), sin(angle)
    shape = ((-1, 0), (-0.45, -0.85), (0.35, -0.8), (1, 0), (0.35, 0.8), (-0.45, 0.85))
    return curve(
        [(x + u * long * c - v * wide * s, y + u * long * s + v * wide * c) for u, v in shape]
    )


def tube(
    drawing: Drawing, tones: Tones, path: Sequence[Point], width: float, seed: int = 5
) -> None:
    """A dreadlock: a round cord with rings."""
    points = sampled(path, 12)
    xs = [x for x, _ in points]
    shape = stroke(points, width, 0.85, 0.62)
    fill = drawing.linear(
        (min(xs) - width / 2, 0),
        (max(xs) + width / 2, 0),
        [(0.0, tones.base), (0.3, tones.light), (0.7, tones.shade), (1.0, tones.deep)],
    )
    drawing.shape(shape, fill, stroke=tones.line, width=2.0)
    chance = Random(seed)
    rings = []
    for i in range(1, 12):
        (x, y), (nx, ny) = points[i - 1], points[i]
        run = hypot(nx - x, ny - y) or 1.0
        ox, oy = -(ny - y) / run * width * 0.36, (nx - x) / run * width * 0.36
        tilt = chance.uniform(1, 4)
        rings.append(
            curve(
                [(nx - ox, ny - oy - tilt), (nx, ny + 2.5), (nx + ox, ny + oy - tilt)], closed=False
            )
        )
    drawing.shape(together(rings), stroke=tones.line, width=1.8, opacity=0.5)
    light = [(x - width * 0.16, y) for x, y in points[1:-1]]
    drawing.shape(stroke(light, width * 0.22), tones.shine, opacity=0.32)


def stubble(
    drawing: Drawing, colour: Colour, area: Outline, share: float, seed: int = 7, dots: int = 170
) -> None:
    """Hair too short to lie: a shade with soft borders, and dots in it."""
    drawing.shape(area, colour, opacity=0.5 * share, blur=5)
    chance = Random(seed)
    left, top, right, bottom = area.box
    marks = []
    for _ in range(dots):
        x, y = chance.uniform(left, right), chance.uniform(top, bottom)
        marks.append([(x, y), (x + 0.6, y + 0.8)])
    drawing.shape(lines(marks), stroke=colour, width=2.4, opacity=0.55 * share, clip=area)


def cast(drawing: Drawing, skin: Tones, head: Outline, shape: Outline) -> None:
    """The soft shadow of a shape on the head."""
    drawing.shape(shape, skin.deep.mixed(skin.line, 0.25), opacity=0.5, blur=7, clip=head)


def _mix(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def hairline(
    frame: Build, *, low: float = 258.0, temple: float = 0.0, peak: float = 0.0
) -> list[Point]:
    """The border of hair on the face, left to right.

    Args:
        frame: The head.
        low: Where the sideburns end.
        temple: How far the corners have gone up.
        peak: How far the middle lies lower than the rest.
    """
    h, top = frame.half, frame.hairline
    left = [
        (256 - frame.half_at(low) + 1, low),
        (256 - frame.half_at(low - 26) + 13, low - 26),
        (256 - frame.half_at(205) + 19, 205),
        (256 - h * 0.80, top + 52 - temple * 0.7),
        (256 - h * 0.60, top + 14 - temple),
        (256 - h * 0.30, top + 1 - temple * 0.4),
    ]
    return [*left, (256, top + peak), *((512 - x, y) for x, y in reversed(left))]
