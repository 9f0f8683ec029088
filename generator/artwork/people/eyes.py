"""Eyes, lashes and brows."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin, sqrt

from generator.artwork.colour import BLACK, WHITE, Colour
from generator.artwork.people.build import EYE_X, EYE_Y, MIDDLE, sampled
from generator.artwork.people.muscles import Muscles
from generator.artwork.people.person import Person
from generator.artwork.people.tones import Tones, hair_tones
from generator.artwork.svg import (
    Drawing,
    Outline,
    Point,
    between,
    curve,
    ellipse,
    line,
    stroke,
    together,
)

_STEPS = 22
_SHADOW = Colour.hex("#4b5577")
_WATER = Colour.hex("#a5dcff")
_PINK = Colour.hex("#e89a94")


@dataclass(frozen=True, slots=True)
class Opening:
    """One open eye."""

    x: float
    y: float
    side: int
    """-1 the left, 1 the right of the picture."""
    half: float
    high: float
    low: float
    """How far it reaches above and below the middle when it is wide open."""
    upper: list[Point]
    lower: list[Point]

    @property
    def outline(self) -> Outline:
        return between(self.upper, self.lower)


def opening(person: Person, muscles: Muscles, side: int) -> Opening:
    """Where the lids are."""
    old = max(0.0, (person.age - 45) / 45)
    size = (1 + 0.10 * person.eye_size) * muscles.eye_size
    half = 40.5 * size * (1 - 0.03 * person.eye_roundness)
    high = 34.5 * size * (1 + 0.13 * person.eye_roundness - 0.10 * person.eye_fold)
    low = 28.0 * size * (1 + 0.10 * person.eye_roundness - 0.06 * person.eye_fold)
    x, y = MIDDLE + side * EYE_X, EYE_Y + 1.5
    narrow = muscles.squint if side < 0 else 0.0
    shut = muscles.upper_lid + 0.35 * narrow + 0.05 * old + 0.04 * person.eye_fold
    raised = muscles.lower_lid + 0.3 * narrow
    tilt = 3.2 + 4.0 * person.eye_tilt - 2.0 * old
    upper, lower = [], []
    for i in range(_STEPS + 1):
        # Points are denser at the corners, where the lids are steep.
        u = -1 + 2 * i / _STEPS
        u = u * (1.5 - 0.5 * u * u)
        outer = u * side
        slope = -tilt * outer
        top_arc = -high * (1 - u * u) ** 0.60
        low_arc = low * (1 - u * u) ** 0.66
        lid = (
            -high + (high + low) * shut + muscles.lid_slant * -outer * 0.8 + 9 * u * u * (shut > 0)
        )
        under = low - (high + low) * raised - muscles.lower_bow * (1 - u * u)
        # Lids meet the ball in a soft bend.
        top = _largest(top_arc, lid, 5.0) if shut > 0.02 else top_arc
        bottom = -_largest(-low_arc, -under, 4.0)
        if abs(u) > 0.999:
            top = bottom = 0.0
        if top > bottom:
            top = bottom = max(-high, min(low, (top + bottom) / 2))
        upper.append((x + u * half, y + top + slope))
        lower.append((x + u * half, y + bottom + slope))
    return Opening(x, y, side, half, high, low, upper, lower)


def _largest(a: float, b: float, soft: float) -> float:
    return (a + b + sqrt((a - b) ** 2 + soft * soft)) / 2 - soft * soft / (4 * soft + abs(a - b))


def draw_eye(
    drawing: Drawing, person: Person, muscles: Muscles, tones: Tones, eye: Opening
) -> None:
    """One eye with its lids and lashes."""
    x, y, side = eye.x, eye.y, eye.side
    socket = drawing.radial(
        (x, y - 4),
        eye.half * 1.55,
        [(0.0, tones.deep, 0.55), (0.62, tones.deep, 0.34), (1.0, tones.deep, 0.0)],
        squash=0.88,
    )
    drawing.shape(ellipse((x, y - 4), eye.half * 1.55, eye.half * 1.37), socket)
    _lid(drawing, person, tones, eye)
    shape = eye.outline
    ball = drawing.radial(
        (x - eye.half * 0.15, y + 2),
        eye.half * 1.12,
        [(0.0, WHITE), (0.6, Colour.hex("#fbfbfd")), (1.0, Colour.hex("#c3c9d9"))],
    )
    drawing.shape(shape, ball)
    with drawing.within(shape):
        tear_duct = (x - side * eye.half * 0.98, eye.lower[0 if side > 0 else -1][1] + 1)
        drawing.shape(ellipse(tear_duct, 6.5, 5), _PINK, opacity=0.8, blur=1.2)
        _iris(drawing, person, muscles, eye)
        shade = between([(a, b - 12) for a, b in eye.upper], [(a, b + 7) for a, b in eye.upper])
        drawing.shape(shade, _SHADOW, opacity=0.5, blur=3.6)
        if muscles.tear > 0:
            water = between([(a, b - 7) for a, b in eye.lower], [(a, b + 5) for a, b in eye.lower])
            drawing.shape(water, _WATER, opacity=0.9 * muscles.tear, blur=1.6)
    rim = eye.lower[1:-1]
    drawing.shape(stroke(rim, 3.6, 0.3, 0.3), tones.deep.mixed(tones.line, 0.5), opacity=0.75)
    _lashes(drawing, person, tones, eye)


def _iris(drawing: Drawing, person: Person, muscles: Muscles, eye: Opening) -> None:
    own = Colour.hex(person.eye_colour)
    r = 25.5 * muscles.iris * (1 + 0.04 * person.eye_size)
    # Both eyes look at one who sits before them: a little inwards.
    x, y = eye.x + muscles.gaze_x - eye.side * 2.0, eye.y + muscles.gaze_y - 0.5
    edge = own.shifted(-0.17, 1.0)
    drawing.shape(ellipse((x, y), r), edge.mixed(BLACK, 0.35))
    inside = drawing.radial(
        (x, y + r * 0.38),
        r * 1.12,
        [(0.0, own.shifted(0.20, 1.1, 6)), (0.42, own.shifted(0.05, 1.08)), (1.0, edge)],
    )
    drawing.shape(ellipse((x, y), r * 0.9), inside)
    rays = [
        line(
            [
                (x + r * 0.5 * cos(a), y + r * 0.5 * sin(a)),
                (x + r * 0.84 * cos(a), y + r * 0.84 * sin(a)),
            ]
        )
        for a in (2 * pi * (i + 0.3 * (i % 3)) / 18 for i in range(18))
    ]
    drawing.shape(together(rays), stroke=own.shifted(0.24, 1.0, 6), width=1.1, opacity=0.4)
    drawing.shape(ellipse((x, y), r * 0.5 * muscles.pupil), Colour.hex("#0d0807"))
    drawing.shape(ellipse((x - r * 0.33, y - r * 0.38), r * 0.29, r * 0.27), WHITE, opacity=0.96)
    drawing.shape(ellipse((x + r * 0.36, y + r * 0.40), r * 0.13), WHITE, opacity=0.75)


def _lid(drawing: Drawing, person: Person, tones: Tones, eye: Opening) -> None:
    """Skin drawn down over the ball: darkest in the crease, lit where it bulges."""
    reach = 9.0 - 4.0 * person.eye_fold
    arc = []
    for i, (x, y) in enumerate(eye.upper):
        u = -1 + 2 * i / _STEPS
        u = u * (1.5 - 0.5 * u * u)
        slope = y if abs(u) > 0.99 else None
        top = eye.y - (eye.high + reach) * (1 - u * u) ** 0.55
        arc.append((x, slope if slope is not None else min(top, y - 2)))
    top, bottom = eye.y - eye.high - reach, max(y for _, y in eye.upper)
    fill = drawing.linear(
        (eye.x, top),
        (eye.x, max(bottom, top + 14)),
        [(0.0, tones.shade), (0.35, tones.base), (0.75, tones.light), (1.0, tones.base)],
    )
    drawing.shape(between(arc, eye.upper), fill)
    crease = [(x, y + 0.5) for x, y in arc[3:-3]]
    drawing.shape(
        stroke(crease, 3.4, 0.2, 0.2),
        tones.deep.mixed(tones.line, 0.4),
        opacity=0.75 * (1 - 0.85 * person.eye_fold),
        blur=0.9,
    )


def _lashes(drawing: Drawing, person: Person, tones: Tones, eye: Opening) -> None:
    dark = Colour.hex("#1c110d").mixed(tones.line, 0.16)
    points = eye.upper if eye.side > 0 else list(reversed(eye.upper))
    # From the nose outwards the line thickens, and ends in a small wing.
    body = points[1:]
    thick = 5.0 + 2.8 * person.lashes
    wing = (body[-1][0] + eye.side * (3 + 4 * person.lashes), body[-1][1] - 1 - 5 * person.lashes)
    path = [*body, wing]
    upper, lower = [], []
    for i, (x, y) in enumerate(path):
        u = i / (len(path) - 1)
        half = thick * (0.28 + 0.72 * sin(pi * min(1.0, 0.12 + u * 0.74)))
        half = half * (1 - u) / 0.12 if u > 0.88 else half
        upper.append((x, y - half * 0.72))
        lower.append((x, y + half * 0.28))
    drawing.shape(between(upper, lower), dark)
    if person.lashes > 0.42:
        long = 11 * (person.lashes - 0.15)
        hairs = []
        for k, share in ((0.62, 0.75), (0.76, 0.95), (0.89, 1.1)):
            x, y = path[round(k * (len(path) - 2))]
            lean = eye.side * (0.35 + 1.1 * (k - 0.5))
            tip = (x + long * share * lean * 1.35, y - 4 - long * share * (1.25 - 0.6 * (k - 0.5)))
            bend = ((x + tip[0]) / 2 + eye.side * 2.5, (y + tip[1]) / 2 + 1.5)
            hairs.append(stroke([(x, y), bend, tip], 4.4, 1.0, 0.0))
        drawing.shape(together(hairs), dark)


def draw_brow(
    drawing: Drawing,
    person: Person,
    muscles: Muscles,
    tones: Tones,
    side: int,
    border: float = 0.0,
) -> None:
    """One brow, over hair and frames: it is half of what a face says.

    Args:
        drawing: To draw in.
        person: Whose.
        muscles: What they feel.
        tones: Of the skin.
        side: -1 the picture's left, 1 the right.
        border: How far down headwear reaches; no brow is raised above that.
    """
    thick = 13.0 + 5.0 * person.brow_thickness
    y = EYE_Y - 57 - 3.0 * person.eye_size - 0.25 * thick + 2
    tilt = -side * muscles.brow_tilt
    inner = (MIDDLE + side * (31 - 0.55 * muscles.brow_squeeze), y + 3 - muscles.brow_inner + tilt)
    outer = (MIDDLE + side * (103 - 0.15 * muscles.brow_squeeze), y + 7 - muscles.brow_outer + tilt)
    arch = 10 + 6.5 * person.brow_arch + muscles.brow_arch
    points = []
    for u in (0.0, 0.22, 0.45, 0.68, 0.86, 1.0):
        hook = -muscles.brow_bend * max(0.0, 1 - u / 0.3)
        bow = arch * (sin(pi * u**1.25) if u < 1 else 0.0)
        points.append(
            (
                inner[0] + (outer[0] - inner[0]) * u,
                inner[1] + (outer[1] - inner[1]) * u - bow + hook,
            )
        )
    top = min(y for _, y in points)
    sunk = max(0.0, border - (top - 0.6 * thick))
    # Pushed down, a brow gets flatter: as it is, one that is raised would look angry so low.
    flat = max(0.5, 1 - sunk / 60)
    smooth = sampled([(x, top + sunk + (y - top) * flat) for x, y in points], 12)
    upper, lower = [], []
    for i, (px, py) in enumerate(smooth):
        u = i / 12
        half = (
            thick
            / 2
            * (0.78 + 0.3 * sin(pi * min(1.0, u * 1.5)))
            * min(1.0, (1.02 - u) / 0.5) ** 0.7
        )
        upper.append((px, py - half))
        lower.append((px, py + half))
    first = (smooth[0][0] - side * thick * 0.28, smooth[0][1])
    shape = curve([first, *upper, *reversed(lower)])
    hair = hair_tones(person.brow_colour)
    # Brows of the skin's own lightness would say nothing: they keep a distance from it.
    hair = _apart(hair, tones)
    drawing.shape(
        curve([(a, b + 4) for a, b in (first, *upper, *reversed(lower))]),
        tones.deep,
        opacity=0.4,
        blur=3,
    )
    fill = drawing.linear(
        (0, y - 24 + sunk),
        (0, y + 14 + sunk),
        [(0.0, hair.base), (0.6, hair.shade), (1.0, hair.deep)],
    )
    drawing.shape(shape, fill)
    with drawing.within(shape):
        strands = []
        for i in range(11):
            k = i / 10 * 0.92
            at = smooth[min(11, round(k * 12))]
            rise = thick * (0.62 - 0.55 * k)
            strands.append(
                line(
                    [
                        (at[0] - side * 3, at[1] + thick * 0.5),
                        (at[0] + side * (6 + 6 * k), at[1] + thick * 0.3 - rise),
                    ]
                )
            )
        drawing.shape(together(strands), stroke=hair.light, width=1.5, opacity=0.42)
        drawing.shape(
            together([line([(a[0] + side * 3.5, a[1]) for a in _ends(s)]) for s in strands]),
            stroke=hair.line,
            width=1.4,
            opacity=0.4,
        )


def _ends(outline: Outline) -> list[Point]:
    x0, y0, x1, y1 = outline.box
    return [(x0, y1), (x1, y0)]


def _apart(hair: Tones, skin: Tones) -> Tones:
    gap = skin.base.as_oklch()[0] - hair.base.as_oklch()[0]
    if gap >= 0.14 or gap <= -0.2:
        return hair
    by = min(0.14 - gap, 0.2) if gap > -0.06 else -(0.2 + gap)
    if skin.base.as_oklch()[0] - by - hair.base.as_oklch()[0] < -1:
        return hair
    return Tones(*(getattr(hair, n).shifted(-by) for n in Tones.__slots__))
