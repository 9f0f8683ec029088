"""Short hair, from a shade to a quiff."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from generator.artwork.people.build import MIDDLE, mirrored
from generator.artwork.people.coiffure import Hair, cap, faded, fringe, shaved, spiked
from generator.artwork.people.strands import coat, hairline, lock
from generator.artwork.svg import Drawing, curve, stroke, together


def _crew(drawing: Drawing, hair: Hair) -> None:
    faded(drawing, hair)
    frame = hair.frame
    outer, inner = frame.over(3, 19, 176), hairline(frame, low=176 + 24)[1:-1]
    inner = [
        (MIDDLE - frame.half_at(178) + 4, 182),
        *inner[2:-2],
        (MIDDLE + frame.half_at(178) - 4, 182),
    ]
    coat(drawing, hair.tones, outer, inner, skin=hair.skin, head=hair.head, gloss=0.8, strands=34)


def _crop(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    cap(drawing, hair, 20, 6, low=252, gloss=0.6)
    y = frame.hairline + 42
    tips = []
    count = 11
    for i in range(count + 1):
        x = MIDDLE - h * 0.74 + 1.48 * h * i / count
        tips.append((x, y + (7 if i % 2 else -9) + 16 * abs(i / count * 2 - 1) ** 2))
    # It falls from the crown, so no seam shows.
    upper = frame.over(5, 19, frame.hairline + 30)
    fringe(drawing, hair, upper, tips)


def _side_part(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    top, line = frame.crown, frame.hairline
    cap(drawing, hair, 14, 7, low=262, gloss=0.3)
    part = MIDDLE - h * 0.36
    lock(
        drawing,
        hair.tones,
        [
            (part - 6, line - 16),
            (part - 40, top + 10),
            (MIDDLE - h * 0.80, top + 50),
            (MIDDLE - h - 8, 160),
            (MIDDLE - h - 6, 236),
        ],
        [
            (part, line + 2),
            (part - 26, line + 8),
            (MIDDLE - h * 0.74, line + 42),
            (MIDDLE - h + 12, 190),
            (MIDDLE - h + 3, 240),
        ],
        seed=2,
        strands=11,
        skin=hair.skin,
        head=hair.head,
    )
    lock(
        drawing,
        hair.tones,
        [
            (part - 14, line - 8),
            (part + 8, top - 14),
            (MIDDLE + h * 0.18, top - 27),
            (MIDDLE + h * 0.70, top + 2),
            (MIDDLE + h + 8, 136),
            (MIDDLE + h + 7, 226),
        ],
        [
            (part - 8, line + 6),
            (part + 20, line + 12),
            (MIDDLE + h * 0.16, line + 17),
            (MIDDLE + h * 0.58, line + 24),
            (MIDDLE + h * 0.86, 172),
            (MIDDLE + h - 3, 230),
        ],
        seed=3,
        strands=20,
        skin=hair.skin,
        head=hair.head,
    )


def _slicked_back(drawing: Drawing, hair: Hair) -> None:
    cap(drawing, hair, 15, 5, low=262, temple=12, peak=4, strands=44, gloss=1.25)


def _quiff(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    top, line = frame.crown, frame.hairline
    faded(drawing, hair)
    cap(drawing, hair, 10, 3, low=200, gloss=0.3)
    lock(
        drawing,
        hair.tones,
        [
            (MIDDLE - h * 0.74, line + 34),
            (MIDDLE - h * 0.86, top + 34),
            (MIDDLE - h * 0.44, top - 24),
            (MIDDLE + h * 0.16, top - 44),
            (MIDDLE + h * 0.72, top - 16),
            (MIDDLE + h * 0.88, line + 20),
        ],
        [
            (MIDDLE - h * 0.62, line + 28),
            (MIDDLE - h * 0.52, line + 4),
            (MIDDLE - h * 0.2, line - 6),
            (MIDDLE + h * 0.2, line - 2),
            (MIDDLE + h * 0.56, line + 8),
            (MIDDLE + h * 0.76, line + 34),
        ],
        seed=6,
        strands=24,
        sheen=(0.30, 0.62),
        skin=hair.skin,
        head=hair.head,
    )


def _spiky(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    faded(drawing, hair)
    inner = hairline(frame, low=200)[1:-1]
    inner = [
        (MIDDLE - frame.half_at(172) + 4, 180),
        *inner[2:-2],
        (MIDDLE + frame.half_at(172) - 4, 180),
    ]
    back = spiked(frame.over(-10, -2, 172), 8, 44, (MIDDLE, 260), 0.12)
    coat(
        drawing,
        hair.tones,
        back,
        inner,
        strands=40,
        gloss=0.5,
        steps=64,
        skin=hair.skin,
        head=hair.head,
    )
    arc = [
        (MIDDLE - h * 0.84, 150),
        (MIDDLE - h * 0.62, frame.crown + 34),
        (MIDDLE, frame.crown + 16),
        (MIDDLE + h * 0.62, frame.crown + 34),
        (MIDDLE + h * 0.84, 150),
    ]
    front = spiked(arc, 7, 40, (MIDDLE - 10, 300), 0.10)
    line = [
        (MIDDLE - h * 0.80, frame.hairline + 46),
        (MIDDLE - h * 0.56, frame.hairline + 12),
        (MIDDLE, frame.hairline),
        (MIDDLE + h * 0.56, frame.hairline + 12),
        (MIDDLE + h * 0.80, frame.hairline + 46),
    ]
    coat(drawing, hair.tones, front, line, strands=34, gloss=1.0, steps=56, seed=5)


def _receding(drawing: Drawing, hair: Hair) -> None:
    cap(drawing, hair, 11, 6, low=262, temple=34, peak=-14, strands=38, gloss=0.9)


def _horseshoe(drawing: Drawing, hair: Hair) -> None:
    """Round the back of the head from ear to ear, and nothing on top."""
    frame = hair.frame
    with drawing.within(hair.head):
        for side in (-1, 1):
            colour = hair.tones.base
            edge = [
                (MIDDLE + side * (frame.half_at(y) + 4), y) for y in (150.0, 190.0, 230.0, 266.0)
            ]
            inner = [
                (MIDDLE + side * (frame.half_at(y) - w), y)
                for y, w in (
                    (262.0, 4.0),
                    (234.0, 15.0),
                    (205.0, 20.0),
                    (176.0, 17.0),
                    (152.0, 6.0),
                )
            ]
            drawing.shape(curve([*edge, *inner]), colour, opacity=0.9, blur=3.5)
            hairs = [
                stroke(
                    [
                        (MIDDLE + side * (frame.half_at(y) - 17 + 3 * (k % 2)), y - 6),
                        (MIDDLE + side * (frame.half_at(y) - 8), y),
                        (MIDDLE + side * (frame.half_at(y) + 3), y + 10),
                    ],
                    3.4,
                )
                for k, y in enumerate((172.0, 184.0, 196.0, 208.0, 220.0, 232.0, 244.0))
            ]
            drawing.shape(together(hairs), hair.tones.light, opacity=0.6)


def _horseshoe_behind(drawing: Drawing, hair: Hair) -> None:
    frame = hair.frame
    for side in (-1, 1):
        outer = [
            (MIDDLE + side * (frame.half_at(y) + w), y)
            for y, w in (
                (146.0, -4.0),
                (172.0, 9.0),
                (214.0, 18.0),
                (262.0, 23.0),
                (304.0, 16.0),
                (330.0, -2.0),
            )
        ]
        inner = [
            (MIDDLE + side * (frame.half_at(y) - w), y)
            for y, w in (
                (150.0, 2.0),
                (180.0, 20.0),
                (214.0, 30.0),
                (262.0, 30.0),
                (300.0, 30.0),
                (326.0, 30.0),
            )
        ]
        lock(drawing, hair.tones, outer, inner, strands=9, seed=8 + side, gloss=0.6)


def _undercut(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    top, line = frame.crown, frame.hairline
    shaved(drawing, hair)
    lock(
        drawing,
        hair.tones,
        [
            (MIDDLE - h * 0.60, line + 8),
            (MIDDLE - h * 0.66, top + 8),
            (MIDDLE - h * 0.1, top - 30),
            (MIDDLE + h * 0.62, top - 16),
            (MIDDLE + h + 2, top + 50),
            (MIDDLE + h + 10, 176),
        ],
        [
            (MIDDLE - h * 0.54, line + 12),
            (MIDDLE - h * 0.3, line + 4),
            (MIDDLE + h * 0.1, line + 8),
            (MIDDLE + h * 0.5, line + 18),
            (MIDDLE + h * 0.80, line + 48),
            (MIDDLE + h - 4, 186),
        ],
        seed=9,
        strands=22,
        sheen=(0.25, 0.55),
        skin=hair.skin,
        head=hair.head,
    )


def _mohawk(drawing: Drawing, hair: Hair) -> None:
    frame = hair.frame
    shaved(drawing, hair)
    top, line = frame.crown, frame.hairline
    for low, wide, long, seed in ((12.0, 40.0, 30.0, 5), (38.0, 40.0, 28.0, 6)):
        arc = [
            (MIDDLE - wide, line + low - 26),
            (MIDDLE - wide * 0.96, top + 2 + low),
            (MIDDLE, top - 14 + low),
            (MIDDLE + wide * 0.96, top + 2 + low),
            (MIDDLE + wide, line + low - 26),
        ]
        outer = [
            (MIDDLE - 36, line + low - 16),
            *spiked(arc, 5, long, (MIDDLE, line + 60), 0.06),
            (MIDDLE + 36, line + low - 16),
        ]
        inner = [
            (MIDDLE - 36, line + low - 14),
            (MIDDLE - 20, line + low - 1),
            (MIDDLE, line + low + 4),
            (MIDDLE + 20, line + low - 1),
            (MIDDLE + 36, line + low - 14),
        ]
        coat(
            drawing,
            hair.tones,
            outer,
            inner,
            strands=22,
            gloss=0.9,
            steps=50,
            seed=seed,
            skin=hair.skin,
            head=hair.head,
        )


def _pixie_behind(drawing: Drawing, hair: Hair) -> None:
    frame, h = hair.frame, hair.frame.half
    left = [
        (MIDDLE - 20, frame.crown - 20),
        (MIDDLE - h * 0.9, frame.crown + 20),
        (MIDDLE - h - 26, 170),
        (MIDDLE - h - 27, 240),
        (MIDDLE - h - 10, 306),
        (MIDDLE - h + 14, 340),
    ]
    lock(drawing, hair.tones, left, mirrored(left), gloss=0.0, strands=12, seed=10)


def _pixie(drawing: Drawing, hair: Hair) -> None:
    """Full and feathered: swept over the forehead, and over the tops of the ears."""
    frame, h = hair.frame, hair.frame.half
    top, line = frame.crown, frame.hairline
    part = MIDDLE + h * 0.36
    for side in (-1, 1):
        for out, low, seed in ((0, 330, 11), (4, 282, 21)):
            edge = [
                (MIDDLE + side * h * 0.56, top - 8),
                (MIDDLE + side * (h + 2), top + 46),
                (MIDDLE + side * (h + 24 + out), 158),
                (MIDDLE + side * (h + 26 + out), low - 74),
                (MIDDLE + side * (h + 16 + out), low - 28),
                (MIDDLE + side * (h - 4 + 3 * out), low),
            ]
            inner = [
                (MIDDLE + side * h * 0.5, line - 2),
                (MIDDLE + side * h * 0.74, line + 34),
                (MIDDLE + side * (h - 20), 172),
                (MIDDLE + side * (h - 13), low - 84),
                (MIDDLE + side * (h - 10), low - 36),
                (MIDDLE + side * (h - 8 + 2 * out), low - 3),
            ]
            lock(
                drawing,
                hair.tones,
                edge,
                inner,
                seed=seed + side,
                strands=9,
                sheen=(0.28, 0.46),
                skin=hair.skin,
                head=hair.head,
            )
    lock(
        drawing,
        hair.tones,
        [
            (part - 10, top - 18),
            (MIDDLE + h * 0.66, top - 12),
            (MIDDLE + h + 10, 116),
            (MIDDLE + h + 27, 178),
            (MIDDLE + h + 22, 226),
        ],
        [
            (part, line - 6),
            (MIDDLE + h * 0.62, line + 20),
            (MIDDLE + h * 0.84, 160),
            (MIDDLE + h - 8, 196),
            (MIDDLE + h + 2, 224),
        ],
        seed=13,
        strands=14,
        skin=hair.skin,
        head=hair.head,
    )
    for reach, lift, seed in ((1.0, 0, 12), (0.62, 8, 14)):
        lock(
            drawing,
            hair.tones,
            [
                (part + 6, top + 10 - lift),
                (MIDDLE + h * 0.02, top - 32 + lift * 0.5),
                (MIDDLE - h * 0.56 * reach, top - 22 + lift),
                (MIDDLE - (h + 2) * reach, 118 - lift),
                (MIDDLE - (h + 24) * reach, 210 - 4 * lift),
            ],
            [
                (part + 12, line + 6 - lift),
                (MIDDLE + h * 0.20, line + 26 - lift),
                (MIDDLE - h * 0.22 * reach, line + 44 - lift),
                (MIDDLE - h * 0.66 * reach, 178 - lift),
                (MIDDLE - (h - 2) * reach, 222 - 4 * lift),
            ],
            seed=seed,
            strands=18,
            sheen=(0.3, 0.55),
            skin=hair.skin,
            head=hair.head,
        )


BEHIND: Mapping[str, Callable[[Drawing, Hair], None]] = {
    "horseshoe": _horseshoe_behind,
    "pixie": _pixie_behind,
}
BEFORE: Mapping[str, Callable[[Drawing, Hair], None]] = {
    "horseshoe": _horseshoe,
    "shaved": shaved,
    "crew": _crew,
    "crop": _crop,
    "side_part": _side_part,
    "slicked_back": _slicked_back,
    "quiff": _quiff,
    "spiky": _spiky,
    "receding": _receding,
    "undercut": _undercut,
    "mohawk": _mohawk,
    "pixie": _pixie,
}
