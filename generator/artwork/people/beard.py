"""Beards: they follow the mouth and the jaw, and part for the lips."""

from __future__ import annotations

from random import Random

from generator.artwork.people.build import MIDDLE, MOUTH_Y, NOSE_Y, Build, sampled
from generator.artwork.people.mouth import borders
from generator.artwork.people.muscles import Muscles
from generator.artwork.people.person import Person
from generator.artwork.people.strands import Strand, brushed, lock, stubble
from generator.artwork.people.tones import Tones, hair_tones
from generator.artwork.svg import Drawing, Point, curve


def draw_beard(
    drawing: Drawing, person: Person, muscles: Muscles, skin: Tones, frame: Build
) -> None:
    """The beard under the mouth's drawing: lips and teeth lie over it."""
    tones = hair_tones(person.beard_colour)
    if person.beard == "stubble":
        _stubble(drawing, muscles, skin, tones, frame)
    elif person.beard in ("short", "full"):
        _full(drawing, person, muscles, skin, tones, frame)
    elif person.beard == "goatee":
        _goatee(drawing, person, muscles, skin, tones, frame)


def draw_moustache(drawing: Drawing, person: Person, muscles: Muscles, skin: Tones) -> None:
    """What grows over the upper lip; it hangs over the mouth's border."""
    if person.beard not in ("moustache", "goatee", "short", "full"):
        return
    tones = hair_tones(person.beard_colour)
    upper, _ = borders(person, muscles)
    last = len(upper) - 1
    thick = {"moustache": 21.0, "goatee": 13.0, "short": 14.0, "full": 18.0}[person.beard]
    reach = {"moustache": 15.0, "goatee": 9.0, "short": 11.0, "full": 14.0}[person.beard]
    # It rides on the upper lip, between that and the nose.
    for side in (-1, 1):
        half = [upper[last // 2 + side * round(last / 2 * u)] for u in (0.0, 0.25, 0.5, 0.75, 1.0)]
        low = [(x, min(y, MOUTH_Y + 4) - 3.5) for x, y in half]
        end = (low[-1][0] + side * reach, half[-1][1] + 3)
        lower = [(low[0][0] - side * 1, low[0][1] - 1), *low[1:], end]
        roof = NOSE_Y + 15.5
        upper_edge = [
            (MIDDLE - side * 1, max(roof + 2, low[0][1] - thick)),
            (low[1][0], max(roof, low[1][1] - thick - 2)),
            (low[2][0], low[2][1] - thick - 1),
            (low[3][0] + side * 3, low[3][1] - thick * 0.86),
            (low[4][0] + side * 6, low[4][1] - thick * 0.46),
            (end[0] + side * 1, end[1] - 1),
        ]
        drawing.shape(
            curve([(x, y + 5) for x, y in [*lower, *reversed(upper_edge)]]),
            skin.deep,
            opacity=0.4,
            blur=4,
        )
        lock(
            drawing,
            tones,
            upper_edge,
            lower,
            strands=9,
            sheen=(0.2, 0.5),
            gloss=0.65,
            seed=31 + side,
        )


def _area(
    muscles: Muscles, frame: Build, *, top: float, width: float, chin: float
) -> tuple[list[Point], list[Point]]:
    """The outer border of a beard on jaw and chin, and the inner one on the cheeks."""
    ys = (top, top + 34, 330.0, 366.0, 400.0, 424.0)
    right = [(MIDDLE + frame.half_at(y) + width * min(1.0, (y - top) / 90), y) for y in ys]
    low = frame.chin - 12
    bottom = [
        (MIDDLE + frame.half_at(low) + 0.7 * width, low + 0.35 * chin),
        (MIDDLE + 36, frame.chin - 3 + 0.9 * chin),
        (MIDDLE, frame.chin + chin),
    ]
    outer = [*right, *bottom]
    left = [(512 - x, y) for x, y in reversed(outer[:-1])]
    inner_right = [
        (MIDDLE + frame.half_at(top) - 9, top),
        (MIDDLE + frame.half_at(300) - 18, 302),
        (MIDDLE + frame.half_at(340) - 30, 338 - 4 * muscles.cheek),
        (MIDDLE + 84, 357 - 9 * muscles.cheek),
        (MIDDLE + 62, 352 - 8 * muscles.cheek),
        (MIDDLE + 34, NOSE_Y + 17),
        (MIDDLE, NOSE_Y + 20),
    ]
    inner_left = [(512 - x, y) for x, y in reversed(inner_right[:-1])]
    return [*outer, *left], [*inner_right, *inner_left]


def _stubble(drawing: Drawing, muscles: Muscles, skin: Tones, tones: Tones, frame: Build) -> None:
    outer, inner = _area(muscles, frame, top=268, width=0, chin=0)
    colour = tones.deep.mixed(skin.shade, 0.30)
    with drawing.within(frame.outline()):
        stubble(drawing, colour, curve([*outer, *reversed(inner)]), 0.95, dots=520)


def _full(
    drawing: Drawing, person: Person, muscles: Muscles, skin: Tones, tones: Tones, frame: Build
) -> None:
    long = person.beard == "full"
    outer, inner = _area(
        muscles,
        frame,
        top=258,
        width=9.0 if long else 3.0,
        chin=min(32.0, 498 - frame.chin) if long else 9.0,
    )
    if long:
        outer = _waved_border(outer)
    shape = curve([*outer, *reversed(inner)])
    drawing.shape(
        curve([*((x, y) for x, y in outer), *reversed([(x, y - 6) for x, y in inner])]),
        skin.deep,
        opacity=0.5,
        blur=5,
        clip=frame.outline(),
    )
    fill = drawing.radial(
        (MIDDLE - 44, 384),
        190,
        [(0.0, tones.light), (0.3, tones.base), (0.7, tones.shade), (1.0, tones.deep)],
    )
    drawing.shape(shape, fill)
    with drawing.within(shape):
        drawing.shape(shape, stroke=tones.deep, width=13, opacity=0.5, blur=4)
        _hairs(drawing, tones, frame, long)


def _waved_border(outer: list[Point]) -> list[Point]:
    """Its lower border in soft tufts."""
    points = sampled(outer, 40)
    found = []
    for i, (x, y) in enumerate(points):
        low = max(0.0, (y - 380) / 110)
        out = 4.2 * low * (1 if i % 2 else -0.6)
        dx, dy = (x - MIDDLE) / 150, (y - 340) / 150
        found.append((x + dx * out, min(502.0, y + dy * out)))
    return found


def _hairs(drawing: Drawing, tones: Tones, frame: Build, long: bool) -> None:
    """Strands that run from the cheeks and the mouth down to the chin."""
    chance = Random(77)
    dark: list[Strand] = []
    light: list[Strand] = []
    shine: list[Strand] = []
    for i in range(96):
        u = chance.uniform(-1, 1)
        v = chance.random()
        side = 1 if u > 0 else -1
        x = MIDDLE + u * 150
        y = 280 + v * (frame.chin - 262)
        bend = 10 * u * (1 - v)
        length = (15 if not long else 22) * chance.uniform(0.7, 1.3)
        path = [(x, y), (x - side * 1.5 + bend * 0.2, y + length * 0.5), (x - u * 9, y + length)]
        (dark, light, shine)[i % 3].append((path, chance.uniform(2.4, 4.0)))
    brushed(drawing, dark, tones.line, 0.42)
    brushed(drawing, light, tones.light, 0.5)
    brushed(drawing, shine, tones.shine, 0.26)


def _goatee(
    drawing: Drawing, person: Person, muscles: Muscles, skin: Tones, tones: Tones, frame: Build
) -> None:
    """On the chin, up to the lower lip: it grows out of the skin, so its borders are soft."""
    _, lower = borders(person, muscles)
    lip = lower[len(lower) // 2][1] + 10
    low = min(frame.chin + 15, 502)
    # However far the jaw drops, it stays as wide.
    right = [
        (MIDDLE + 15, lip - 1),
        (MIDDLE + 21, lip + 11),
        (MIDDLE + 39, (lip + low) / 2 - 2),
        (MIDDLE + 42, low - 26),
        (MIDDLE + 29, low - 8),
        (MIDDLE, low),
    ]
    shape = curve([*right, *((512 - x, y) for x, y in reversed(right[:-1]))])
    drawing.shape(shape, tones.base.mixed(skin.shade, 0.35), opacity=0.6, blur=5)
    fill = drawing.radial(
        (MIDDLE - 14, lip + 12), 80, [(0.0, tones.light), (0.45, tones.base), (1.0, tones.deep)]
    )
    drawing.shape(shape, fill, blur=0.9)
    with drawing.within(shape):
        drawing.shape(shape, stroke=tones.deep, width=9, opacity=0.4, blur=3)
        _hairs(drawing, tones, frame, False)
