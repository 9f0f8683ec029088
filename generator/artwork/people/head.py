"""Skin: the head, its ears and nose, what age and the sun wrote on it."""

from __future__ import annotations

from math import cos, pi, sin
from random import Random

from generator.artwork.colour import WHITE, Colour
from generator.artwork.people.build import EYE_X, EYE_Y, MIDDLE, MOUTH_Y, NOSE_Y, Build
from generator.artwork.people.muscles import Muscles
from generator.artwork.people.person import Person
from generator.artwork.people.tones import Tones
from generator.artwork.svg import Drawing, Point, curve, ellipse, stroke, together
from vcam_emoji.types import Emotion

_WASH = {
    Emotion.ANGRY: (29.0, 0.155),
    Emotion.FEAR: (262.0, 0.075),
    Emotion.DISGUST: (130.0, 0.115),
    Emotion.SAD: (262.0, 0.055),
}
"""Hue and chroma that a feeling gives to the skin. Its lightness stays, so that no skin drowns."""


def draw_ears(drawing: Drawing, person: Person, tones: Tones, frame: Build) -> None:
    """Both ears, behind the head."""
    old = max(0.0, (person.age - 40) / 50)
    rx, ry = 23 + 4 * person.ear_size, 35 + 6 * person.ear_size + 4 * old
    for side in (-1, 1):
        x, y = ear(frame, side)
        rim = [
            (x + side * rx * a, y + ry * b)
            for a, b in (
                (-0.9, -0.75),
                (-0.2, -1.0),
                (0.65, -0.86),
                (1.0, -0.35),
                (0.86, 0.2),
                (0.48, 0.72),
                (0.1, 1.0),
                (-0.45, 0.92),
                (-0.9, 0.5),
            )
        ]
        fill = drawing.radial(
            (x - 6, y - 12), ry * 1.7, [(0.0, tones.light), (0.5, tones.base), (1.0, tones.deep)]
        )
        shape = curve(rim)
        drawing.shape(shape, fill)
        with drawing.within(shape):
            inner = [
                (x + side * rx * (0.12 + 0.5 * cos(a)), y - ry * 0.1 + ry * 0.62 * sin(a))
                for a in (pi * (-0.75 + i * 0.2) for i in range(7))
            ]
            drawing.shape(stroke(inner, 9, 0.4, 0.3), tones.deep, opacity=0.55, blur=2.2)
            drawing.shape(
                ellipse((x - side * rx * 0.2, y + ry * 0.08), rx * 0.5, ry * 0.45),
                tones.deep,
                opacity=0.5,
                blur=4,
            )
            if side > 0:
                drawing.shape(
                    curve(rim[1:6], closed=False), stroke=tones.rim, width=4, opacity=0.8, blur=1.4
                )


def ear(frame: Build, side: int) -> Point:
    """The middle of an ear."""
    return MIDDLE + side * (frame.half_at(272) + 7), 272


def draw_head(
    drawing: Drawing, person: Person, tones: Tones, frame: Build, muscles: Muscles, feeling: Emotion
) -> None:
    """The head as a lit ball, with cheeks, sockets and the light behind."""
    outline = frame.outline()
    fill = drawing.radial(
        (212, 196),
        330,
        [
            (0.0, tones.light),
            (0.34, tones.base.mixed(tones.light, 0.35)),
            (0.68, tones.base),
            (0.93, tones.shade),
            (1.0, tones.deep),
        ],
    )
    drawing.shape(outline, fill)
    with drawing.within(outline):
        # The border turns away from the light, most at the lower right.
        drawing.shape(outline, stroke=tones.shade, width=46, opacity=0.75, blur=17)
        below = [(x + 8, y + 9) for x, y in _lower_rim(frame)]
        drawing.shape(
            curve(below, closed=False), stroke=tones.deep, width=46, opacity=0.45, blur=13
        )
        _wash(drawing, tones, muscles, feeling)
        _cheeks(drawing, person, tones, muscles)
        _lights(drawing, tones, frame)
        rim = [(x - 2, y - 3) for x, y in _lower_rim(frame)[4:]]
        drawing.shape(curve(rim, closed=False), stroke=tones.rim, width=5.5, opacity=0.8, blur=3.0)


def _lower_rim(frame: Build) -> list[Point]:
    """The border from the left of the jaw round to the right temple."""
    left = [(MIDDLE - frame.half_at(y), y) for y in (360.0, 400.0, 430.0)]
    right = [(MIDDLE + frame.half_at(y), y) for y in (430.0, 400.0, 350.0, 290.0, 230.0, 180.0)]
    bottom = [(MIDDLE - 52, frame.chin - 8), (MIDDLE, frame.chin), (MIDDLE + 52, frame.chin - 8)]
    return [*left, *bottom, *right]


def _lights(drawing: Drawing, tones: Tones, frame: Build) -> None:
    """Soft reflections: forehead, cheek bones, chin."""
    spots = (
        (MIDDLE - 38, 142.0, 92.0, 40.0, 0.55),
        (MIDDLE - EYE_X - 30, EYE_Y + 64, 34.0, 22.0, 0.5),
        (MIDDLE + EYE_X + 22, EYE_Y + 64, 30.0, 20.0, 0.32),
        (MIDDLE - 5, frame.chin - 26, 34.0, 13.0, 0.42),
    )
    for x, y, rx, ry, share in spots:
        glow = drawing.radial(
            (x, y),
            rx,
            [(0.0, tones.shine, share), (0.5, tones.shine, share * 0.4), (1.0, tones.shine, 0.0)],
            squash=ry / rx,
        )
        drawing.shape(ellipse((x, y), rx, ry), glow)


def _cheeks(drawing: Drawing, person: Person, tones: Tones, muscles: Muscles) -> None:
    share = min(
        0.9, (0.04 + 0.62 * person.rosiness + 0.5 * muscles.blush) * (1 - 0.3 * person.skin_tone)
    )
    lightness, chroma, _ = tones.base.as_oklch()
    red = Colour.oklch(lightness - 0.045, min(0.2, chroma + 0.075), 25)
    lift = 10 * muscles.cheek
    for side in (-1, 1):
        x, y = MIDDLE + side * (EYE_X + 27), EYE_Y + 82 - lift
        glow = drawing.radial(
            (x, y), 52, [(0.0, red, share), (0.5, red, 0.5 * share), (1.0, red, 0.0)], squash=0.74
        )
        drawing.shape(ellipse((x, y), 52, 38.5), glow)


def _wash(drawing: Drawing, tones: Tones, muscles: Muscles, feeling: Emotion) -> None:
    if feeling not in _WASH or muscles.tint <= 0:
        return
    hue, chroma = _WASH[feeling]
    lightness = tones.base.as_oklch()[0]
    strong = chroma * (0.75 + 0.35 * lightness)
    lift = -0.035 if feeling is Emotion.ANGRY else 0.05 * (0.8 - lightness)
    colour = Colour.oklch(lightness + lift, strong, hue)
    share = {Emotion.ANGRY: 0.45, Emotion.DISGUST: 0.34}.get(feeling, 0.42) * muscles.tint
    spots: tuple[tuple[float, float, float, float], ...]
    if feeling is Emotion.ANGRY:
        spots = (
            (MIDDLE, 205.0, 150.0, 110.0),
            (MIDDLE - 88, 325.0, 80.0, 64.0),
            (MIDDLE + 88, 325.0, 80.0, 64.0),
        )
    elif feeling is Emotion.DISGUST:
        spots = ((MIDDLE - 84, 338.0, 78.0, 74.0), (MIDDLE + 84, 338.0, 78.0, 74.0))
    else:
        spots = ((MIDDLE, 104.0, 190.0, 112.0),)
    for x, y, rx, ry in spots:
        glow = drawing.radial(
            (x, y),
            rx,
            [(0.0, colour, share), (0.55, colour, 0.7 * share), (1.0, colour, 0.0)],
            squash=ry / rx,
        )
        drawing.shape(ellipse((x, y), rx, ry), glow)


def draw_nose(drawing: Drawing, person: Person, tones: Tones, muscles: Muscles) -> None:
    """A soft ball with wings; its tip is where photographs have it."""
    wide = 24 + 6.5 * person.nose_width + 2 * max(0.0, muscles.nostril / 5)
    x, y = MIDDLE, NOSE_Y - 4 + 5 * person.nose_length - 0.35 * muscles.nostril
    high = 0.5 + 0.5 * person.nose_bridge
    # The bridge: light on it, shade beside it.
    top = EYE_Y + 4
    for side, share in ((-1, 0.20), (1, 0.34)):
        flank = [
            (x + side * (10 + 3 * high), top),
            (x + side * (9 + 2 * high), top + 36),
            (x + side * wide * 0.72, y - 8),
        ]
        drawing.shape(
            stroke(flank, 11, 0.5, 0.6), tones.deep, opacity=share * (0.1 + 1.65 * high), blur=5
        )
    drawing.shape(
        stroke([(x - 2, top + 2), (x - 2, top + 30), (x - 3, y - 14)], 9, 0.5, 0.6),
        tones.shine,
        opacity=0.10 + 0.75 * high,
        blur=3.5,
    )
    # Shadow under the ball, then wings, then the ball.
    drawing.shape(ellipse((x + 3, y + 15), wide * 0.98, 8.5), tones.deep, opacity=0.6, blur=5)
    for side in (-1, 1):
        wing = (x + side * wide * 0.74, y + 5 - 0.5 * muscles.nostril)
        fill = drawing.radial(
            (wing[0] - 3, wing[1] - 5),
            17,
            [(0.0, tones.light), (0.5, tones.base), (1.0, tones.shade)],
        )
        drawing.shape(ellipse(wing, 11.5, 9.5), fill)
        crease = [
            (wing[0] + side * 12 * cos(a), wing[1] + 10 * sin(a))
            for a in (-0.9, -0.45, 0.0, 0.45, 0.95)
        ]
        drawing.shape(
            stroke(crease, 4.2, 0.2, 0.3), tones.deep.mixed(tones.line, 0.35), opacity=0.6, blur=0.9
        )
    ball = [
        (x - wide * 0.78, y - 1),
        (x - wide * 0.56, y - 15),
        (x, y - 21),
        (x + wide * 0.56, y - 15),
        (x + wide * 0.78, y - 1),
        (x + wide * 0.5, y + 11),
        (x, y + 15),
        (x - wide * 0.5, y + 11),
    ]
    fill = drawing.radial(
        (x - 5, y - 6),
        wide * 1.15,
        [
            (0.0, tones.light),
            (0.45, tones.base.mixed(tones.light, 0.5)),
            (0.8, tones.base.mixed(tones.shade, 0.4), 0.9),
            (1.0, tones.shade, 0.0),
        ],
    )
    drawing.shape(curve(ball), fill)
    for side in (-1, 1):
        hole = [
            (x + side * (wide * 0.2), y + 12.5),
            (x + side * wide * 0.42, y + 9.5 - 0.2 * muscles.nostril),
            (x + side * wide * 0.62, y + 12),
        ]
        drawing.shape(stroke(hole, 6.4, 0.35, 0.35), tones.line, opacity=0.72, blur=0.8)
    drawing.shape(ellipse((x - wide * 0.24, y - 7), wide * 0.3, 5.2), WHITE, opacity=0.5, blur=2.2)


def draw_marks(drawing: Drawing, person: Person, tones: Tones, muscles: Muscles) -> None:
    """Freckles, and the folds of age and of feelings."""
    _freckles(drawing, person, tones)
    old = max(0.0, (person.age - 34) / 56)
    folds: list[tuple[list[Point], float, float]] = []
    raised = min(1.0, max(0.0, muscles.brow_inner / 28))
    for i, share in enumerate((1.0, 0.8, 0.6)):
        y = 172 - 19 * i - 6 * raised
        strength = share * min(1.0, 1.05 * old * (0.55 + 0.6 * raised) + 0.42 * raised * (i < 2))
        line = [(MIDDLE + u * (62 - 8 * i), y + 7 * u * u - 3 * cos(4 * u)) for u in _spread(9)]
        folds.append((line, 4.6, strength * 0.8))
    corner = 0.55 * muscles.cheek + 0.95 * old
    for side in (-1, 1):
        x0, y0 = MIDDLE + side * 42, NOSE_Y + 9
        x1, y1 = MIDDLE + side * (60 + 16 * muscles.cheek), MOUTH_Y - 8 * muscles.cheek
        line = [
            (x0, y0),
            (x0 + side * 13, y0 + 11),
            ((x0 + x1) / 2 + side * 13, (y0 + y1) / 2 + 6),
            (x1 + side * 4, y1 + 6),
        ]
        folds.append((line, 5.4, min(0.85, corner)))
        bag = [(MIDDLE + side * (EYE_X + 33 * u), EYE_Y + 37 + 7 * (1 - u * u)) for u in _spread(6)]
        folds.append((bag, 4.6, min(0.8, 0.8 * old + 0.25 * muscles.cheek)))
        for i in range(3):
            x, y = MIDDLE + side * (EYE_X + 44), EYE_Y + 4 + 8 * (i - 1)
            foot = [(x, y), (x + side * 9, y - 2 + 4 * (i - 1)), (x + side * 17, y + 7 * (i - 1))]
            folds.append(
                (
                    foot,
                    3.4,
                    min(
                        0.75,
                        1.1 * max(0.0, old - 0.12)
                        + 0.22 * muscles.cheek * (muscles.lower_lid > 0.2),
                    ),
                )
            )
        knit = [
            (MIDDLE + side * (11 - 2.5 * sin(pi * u)), EYE_Y - 62 + 34 * u)
            for u in (0.0, 0.3, 0.6, 1.0)
        ]
        folds.append((knit, 5.0, max(muscles.frown, 0.45 * max(0.0, old - 0.25))))
    if muscles.wrinkle > 0:
        for i in range(3):
            y = EYE_Y + 20 + 15 * i
            line = [(MIDDLE + u * (19 + 3 * i), y - 6 * (1 - u * u)) for u in _spread(6)]
            folds.append((line, 4.4, muscles.wrinkle * 0.75))
    for points, width, share in folds:
        if share < 0.03:
            continue
        lit = [(x, y + width * 0.75) for x, y in points]
        drawing.shape(stroke(lit, width), tones.shine, opacity=0.5 * share, blur=1.4)
        drawing.shape(
            stroke(points, width),
            tones.deep.mixed(tones.line, 0.45),
            opacity=0.72 * share,
            blur=0.8,
        )


def _spread(count: int) -> list[float]:
    return [-1 + 2 * i / (count - 1) for i in range(count)]


def _freckles(drawing: Drawing, person: Person, tones: Tones) -> None:
    if person.freckles < 0.04:
        return
    chance = Random(11)
    spots = []
    for _ in range(46):
        u, v, r = chance.uniform(-1, 1), chance.gauss(0, 1), chance.uniform(1.7, 3.3)
        x = MIDDLE + u * 118
        y = EYE_Y + 66 + 13 * v - 16 * (1 - abs(u)) ** 2
        spots.append(ellipse((x, y), r, r * 0.85))
    shown = spots[: round(10 + 36 * person.freckles)]
    colour = tones.deep.shifted(-0.03, 1.15, 4)
    drawing.shape(together(shown), colour, opacity=0.28 + 0.36 * person.freckles)
