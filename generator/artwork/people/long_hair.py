"""Long hair: loose, tied and braided."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from generator.artwork.people.build import MIDDLE, mirrored
from generator.artwork.people.coiffure import Hair, cap, fringe
from generator.artwork.people.strands import lock, rope
from generator.artwork.people.tones import Tones
from generator.artwork.svg import Drawing, curve, ellipse, stroke, together


def _panel(
    drawing: Drawing, hair: Hair, side: float, low: float, *, tuck: float = 40.0, wave: float = 0.0
) -> None:
    """Long hair behind the head, in its shade."""
    frame, h, tones = hair.frame, hair.frame.half, hair.tones
    dark = Tones(
        tones.base,
        tones.shade,
        tones.deep,
        tones.deep,
        tones.line,
        tones.line.shifted(-0.04),
        tones.base,
    )
    left = [
        (MIDDLE - 30, frame.crown - 14),
        (MIDDLE - h * 0.8, frame.crown + 10),
        (MIDDLE - (h + side), 190),
        (MIDDLE - (h + side + 4), 320),
        (MIDDLE - (h + side - tuck * 0.25), low - 44),
        (MIDDLE - (h + side - tuck - 12), low - 8),
    ]
    right = mirrored(left)
    lock(drawing, dark, left, right, gloss=0.0, wave=wave, seed=70, strands=22)


def _curtains(
    drawing: Drawing,
    hair: Hair,
    low: float,
    *,
    part: float = 0.0,
    side: float = 22.0,
    wave: float = 0.0,
    tip: float = 22.0,
) -> None:
    """Two falls of hair from a parting, before the ears."""
    frame, h = hair.frame, hair.frame.half
    top, line = frame.crown, frame.hairline
    for s in (-1, 1):
        p = part * h
        outer = [
            (MIDDLE + p - s * 4, top - 16),
            (MIDDLE + p * 0.4 + s * h * 0.42, top - 22),
            (MIDDLE + s * h * 0.90, top + 34),
            (MIDDLE + s * (h + side), 190),
            (MIDDLE + s * (h + side + 5), 290),
            (MIDDLE + s * (h + side + 2), (290 + low) / 2),
            (MIDDLE + s * (h + side - 0.35 * tip), low - 42),
            (MIDDLE + s * (h + side - tip - 12), low - 5),
        ]
        inner = [
            (MIDDLE + p - s * 1, line - 8),
            (MIDDLE + p * 0.6 + s * h * 0.30, line + 8),
            (MIDDLE + s * h * 0.66, line + 36),
            (MIDDLE + s * (h - 17), 200),
            (MIDDLE + s * (h - 13), 290),
            (MIDDLE + s * (h - 20), (290 + low) / 2),
            (MIDDLE + s * (h - 38), low - 40),
            (MIDDLE + s * (h - 62), low - 2),
        ]
        lock(
            drawing,
            hair.tones,
            outer,
            inner,
            seed=80 + s,
            strands=15,
            sheen=(0.18, 0.34),
            wave=s * wave,
            skin=hair.skin,
            head=hair.head,
        )


def _bangs(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    line = frame.hairline
    upper = [
        (MIDDLE - h * 0.90, line + 66),
        (MIDDLE - h * 0.72, line + 4),
        (MIDDLE - h * 0.32, frame.crown + 8),
        (MIDDLE, frame.crown),
        (MIDDLE + h * 0.32, frame.crown + 8),
        (MIDDLE + h * 0.72, line + 4),
        (MIDDLE + h * 0.90, line + 66),
    ]
    y = line + 55
    tips = [
        (
            MIDDLE - h * 0.86 + 1.72 * h * i / 14,
            y + (3 if i % 2 else -3) + 15 * abs(i / 7 - 1) ** 2.4,
        )
        for i in range(15)
    ]
    fringe(drawing, hair, upper, tips, gloss=1.2)


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


def _layered_behind(drawing: Drawing, hair: Hair) -> None:
    _panel(drawing, hair, 38, 408, tuck=44)


def _layered(drawing: Drawing, hair: Hair) -> None:
    """Full and to the chin, swept from a parting over one temple, its ends turned in."""
    frame, h = hair.frame, hair.frame.half
    top, line = frame.crown, frame.hairline
    part = MIDDLE + h * 0.34
    for s in (-1, 1):
        for out, low, seed in ((0, 408, 31), (5, 338, 41)):
            outer = [
                (MIDDLE + s * h * 0.40, top - 22),
                (MIDDLE + s * h * 0.92, top + 16),
                (MIDDLE + s * (h + 30 + out), 140),
                (MIDDLE + s * (h + 38 + out), 226),
                (MIDDLE + s * (h + 40 + out), low - 96),
                (MIDDLE + s * (h + 34 + out), low - 44),
                (MIDDLE + s * (h + 4 + 2 * out), low),
            ]
            inner = [
                (MIDDLE + s * h * 0.46, line - 4),
                (MIDDLE + s * h * 0.74, line + 34),
                (MIDDLE + s * (h - 16), 184),
                (MIDDLE + s * (h - 9), 250),
                (MIDDLE + s * (h - 9), low - 90),
                (MIDDLE + s * (h - 16), low - 42),
                (MIDDLE + s * (h - 30 + 3 * out), low - 6),
            ]
            lock(
                drawing,
                hair.tones,
                outer,
                inner,
                seed=seed + s,
                strands=12,
                sheen=(0.2, 0.38),
                skin=hair.skin,
                head=hair.head,
            )
    lock(
        drawing,
        hair.tones,
        [
            (part - 12, top - 22),
            (MIDDLE + h * 0.72, top - 16),
            (MIDDLE + h + 18, 108),
            (MIDDLE + h + 38, 186),
            (MIDDLE + h + 40, 268),
        ],
        [
            (part, line - 8),
            (MIDDLE + h * 0.64, line + 16),
            (MIDDLE + h * 0.86, 158),
            (MIDDLE + h - 4, 208),
            (MIDDLE + h + 12, 266),
        ],
        seed=51,
        strands=14,
        skin=hair.skin,
        head=hair.head,
    )
    over = [
        (part + 6, top + 4),
        (MIDDLE + h * 0.04, top - 38),
        (MIDDLE - h * 0.58, top - 28),
        (MIDDLE - h - 14, 112),
        (MIDDLE - h - 38, 214),
        (MIDDLE - h - 40, 292),
    ]
    under = [
        (part + 12, line + 2),
        (MIDDLE + h * 0.18, line + 18),
        (MIDDLE - h * 0.24, line + 32),
        (MIDDLE - h * 0.68, 166),
        (MIDDLE - h - 2, 226),
        (MIDDLE - h - 14, 290),
    ]
    feather_over = [
        (part + 4, top - 6),
        (MIDDLE + h * 0.02, top - 30),
        (MIDDLE - h * 0.42, top - 8),
        (MIDDLE - h * 0.74, 120),
        (MIDDLE - h + 2, 200),
    ]
    feather_under = [
        (part + 12, line - 6),
        (MIDDLE + h * 0.16, line + 12),
        (MIDDLE - h * 0.22, line + 27),
        (MIDDLE - h * 0.60, 156),
        (MIDDLE - h + 4, 204),
    ]
    for upper, lower, seed in ((over, under, 52), (feather_over, feather_under, 53)):
        lock(
            drawing,
            hair.tones,
            upper,
            lower,
            seed=seed,
            strands=18,
            sheen=(0.28, 0.52),
            skin=hair.skin,
            head=hair.head,
        )


def _braids_behind(drawing: Drawing, hair: Hair) -> None:
    frame = hair.frame
    drawing.shape(curve([*frame.over(6, 10, 320), (MIDDLE, 330)]), hair.tones.line)


def _braids(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    top, line = frame.crown, frame.hairline
    for s in (-1, 1):
        x = MIDDLE + s * (h + 14)
        rope(
            drawing,
            hair.tones,
            [(MIDDLE + s * (h + 4), 296), (x + s * 8, 350), (x + s * 4, 410), (x - s * 8, 462)],
            44,
            pieces=7,
        )
        end = (x - s * 9, 464)
        lock(
            drawing,
            hair.tones,
            [(end[0] - 9, 462), (end[0] - 15, 484), (end[0] - 3, 503)],
            [(end[0] + 9, 462), (end[0] + 15, 484), (end[0] + 4, 503)],
            strands=5,
            gloss=0.4,
        )
        drawing.shape(
            ellipse(end, 13, 7), drawing.lit([(0.0, hair.tones.rim), (1.0, hair.tones.line)])
        )
        outer = [
            (MIDDLE - s * 4, top - 14),
            (MIDDLE + s * h * 0.44, top - 17),
            (MIDDLE + s * h * 0.94, top + 46),
            (MIDDLE + s * (h + 13), 190),
            (MIDDLE + s * (h + 16), 260),
            (MIDDLE + s * (h + 8), 310),
        ]
        inner = [
            (MIDDLE - s * 1, line - 8),
            (MIDDLE + s * h * 0.32, line + 8),
            (MIDDLE + s * h * 0.68, line + 40),
            (MIDDLE + s * (h - 15), 196),
            (MIDDLE + s * (h - 8), 256),
            (MIDDLE + s * (h - 3), 306),
        ]
        lock(
            drawing,
            hair.tones,
            outer,
            inner,
            seed=90 + s,
            strands=13,
            skin=hair.skin,
            head=hair.head,
        )


def _pulled(drawing: Drawing, hair: Hair) -> None:
    """Drawn back tightly, with a sheen."""
    cap(drawing, hair, 11, 4, low=256, temple=6, strands=44, gloss=1.2)


def _ponytail_behind(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    top = frame.crown
    lock(
        drawing,
        hair.tones,
        [
            (MIDDLE + 34, top + 4),
            (MIDDLE + 92, top - 38),
            (MIDDLE + h + 28, top + 8),
            (MIDDLE + h + 74, 170),
            (MIDDLE + h + 74, 300),
            (MIDDLE + h + 52, 372),
            (MIDDLE + h + 16, 424),
        ],
        [
            (MIDDLE + 52, top + 40),
            (MIDDLE + 100, top + 24),
            (MIDDLE + h - 2, 130),
            (MIDDLE + h + 14, 210),
            (MIDDLE + h + 24, 300),
            (MIDDLE + h + 22, 366),
            (MIDDLE + h + 13, 422),
        ],
        seed=100,
        strands=15,
        sheen=(0.22, 0.45),
        wave=3,
    )


def _ponytail(drawing: Drawing, hair: Hair) -> None:
    _pulled(drawing, hair)


def _bun_behind(drawing: Drawing, hair: Hair) -> None:
    x, y, r = MIDDLE, hair.frame.crown - 2, 43.0
    tones = hair.tones
    drawing.shape(
        ellipse((x, y), r + 5, r),
        drawing.radial(
            (x - 14, y - 16), r * 1.7, [(0.0, tones.light), (0.45, tones.base), (1.0, tones.deep)]
        ),
    )
    with drawing.within(ellipse((x, y), r + 5, r)):
        arcs = [
            stroke(
                [
                    (x - 46 + 9 * i, y + 34),
                    (x - 34 + 9 * i, y - 6 - 3 * (i % 3)),
                    (x - 2 + 8 * i, y - 40),
                ],
                4.5,
            )
            for i in range(9)
        ]
        drawing.shape(together(arcs), tones.line, opacity=0.3)
        glints = [
            stroke(
                [(x - 40 + 11 * i, y + 2), (x - 30 + 11 * i, y - 14), (x - 18 + 10 * i, y - 24)], 6
            )
            for i in range(5)
        ]
        drawing.shape(together(glints), tones.shine, opacity=0.5, blur=1.2)


def _bun(drawing: Drawing, hair: Hair) -> None:
    _pulled(drawing, hair)


BEHIND: Mapping[str, Callable[[Drawing, Hair], None]] = {
    "braids": _braids_behind,
    "ponytail": _ponytail_behind,
    "bun": _bun_behind,
    "bob": _bob_behind,
    "layered": _layered_behind,
    "shoulder": _shoulder_behind,
    "long_straight": _long_straight_behind,
    "long_wavy": _long_wavy_behind,
    "long_fringe": _long_fringe_behind,
}
BEFORE: Mapping[str, Callable[[Drawing, Hair], None]] = {
    "braids": _braids,
    "ponytail": _ponytail,
    "bun": _bun,
    "bob": _bob,
    "layered": _layered,
    "shoulder": _shoulder,
    "long_straight": _long_straight,
    "long_wavy": _long_wavy,
    "long_fringe": _long_fringe,
}
