"""The clips that benchmarks and tests play: hard ones for privacy, measured moves, plain load."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vcam_emoji.clips.portraits import Portrait, portraits
from vcam_emoji.clips.staging import Placement, StagedClip
from vcam_emoji.clips.things import Occluder, Thing
from vcam_emoji.clips.truth import Clip
from vcam_emoji.errors import UsageError

_FPS = 30.0
_DESK = 0.305
"""A face at desk distance is 220 pixels of 720."""


def smooth(value: float, low: float, high: float) -> float:
    """0 below `low`, 1 above `high`, and without a corner in between."""
    t = min(max((value - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def between(low: float, high: float, t: float) -> float:
    """From `low` at t = 0 to `high` at t = 1."""
    return low + (high - low) * t


def sway(t: float, seed: int = 0) -> tuple[float, float]:
    """How a person who sits still moves: right and down, about +-1, smooth, t in seconds."""
    x = math.sin(1.3 * t + seed) + 0.5 * math.sin(2.9 * t + 2.1 * seed)
    y = math.sin(1.7 * t + 1 + 1.7 * seed) + 0.4 * math.sin(3.7 * t + seed)
    return x / 1.5, y / 1.4


def hard_clips(
    size: tuple[int, int] = (1280, 720), people: Sequence[Portrait] | None = None
) -> list[Clip]:
    """Scenes in which finding and following faces fails: 3 to 6 seconds each, always the same.

    Args:
        size: Width and height.
        people: Two who play; the shipped portraits if not given.
    """
    collins, hopper = (people or portraits())[:2]
    clips: list[Clip] = []

    def add(
        name: str, seconds: float, place: Callable[[float], Sequence[Placement]], **rest: Any
    ) -> None:
        clips.append(
            StagedClip(
                name,
                size,
                _FPS,
                round(seconds * _FPS),
                lambda index: place(index / _FPS),
                **{"shutter": 0.5, "noise": 3.0, "seed": len(clips), **rest},
            )
        )

    for who in (collins, hopper):
        add(f"fast motion, {who.name}", 5, _fast(who))
    for side, away in (("left", (-1, 0)), ("right", (1, 0)), ("top", (0, -1)), ("bottom", (0, 1))):
        add(f"leaving and entering, {side}", 5, _leaving(collins if away[0] else hopper, away))
    add("a hand before the face", 6, _hand(collins, Thing.HAND))
    add("a sheet before the face", 5, _hand(hopper, Thing.CARD))
    for who in (collins, hopper):
        add(f"head turned away and back, {who.name}", 5, _turning(who))
    add("light going out and on", 6, _still(hopper), light=_lights_out, noise=3.0)
    add("dim and noisy", 4, _still(collins), light=lambda _: 0.25, noise=3.5)
    add("two faces crossing", 6, _crossing(collins, hopper))
    add("motion blur", 5, _shaking(hopper), shutter=0.9)
    add("tilt to 60 degrees", 6, _tilting(collins))
    add("jumps", 5, _jumping(collins, hopper))
    add("popping up", 5, _popping(hopper))
    add("a second person entering", 6, _second(collins, hopper))
    add("near and far", 6, _zooming(collins))
    add("in and out beside another", 6, _in_and_out(collins, hopper))
    add("low beside another from the start", 3, _low(collins, hopper))
    add("far away and coming to rest", 6, _coming_to_rest(collins, hopper))
    dim: dict[str, Any] = {"light": lambda _: 0.25, "noise": 3.5}
    add("a second person entering in dim light", 6, _second(collins, hopper), **dim)
    add("in and out beside another in dim light", 6, _in_and_out(collins, hopper), **dim)
    return clips


def _fast(who: Portrait) -> Callable[[float], Sequence[Placement]]:
    def place(t: float) -> Sequence[Placement]:
        pace = 3.0 + 1.2 * t
        x = 0.5 + 0.28 * math.sin(pace * t)
        y = 0.42 + 0.1 * math.sin(1.7 * pace * t + 1)
        return [Placement(who, (x, y), _DESK, roll=10 * math.sin(2 * t))]

    return place


def _leaving(who: Portrait, away: tuple[int, int]) -> Callable[[float], Sequence[Placement]]:
    def place(t: float) -> Sequence[Placement]:
        out = smooth(t, 1.0, 2.0) - smooth(t, 2.8, 3.6)
        x, y = 0.5 + 0.75 * out * away[0], 0.45 + 0.85 * out * away[1]
        return [Placement(who, (x, y), _DESK, roll=8 * out * away[0])]

    return place


def _hand(who: Portrait, thing: Thing) -> Callable[[float], Sequence[Placement]]:
    def place(t: float) -> Sequence[Placement]:
        dx, dy = sway(t)
        there = smooth(t, 0.8, 1.4) - smooth(t, 3.2, 3.8)
        wave = 0.35 * math.sin(5 * t) * smooth(t, 1.8, 2.4)
        occluder = Occluder(
            thing,
            (between(1.9, 0.05, there) + wave, between(2.4, 0.3, there)),
            height=1.35,
            roll=between(40, -6, there) + 12 * wave,
        )
        at = 0.5 + 0.01 * dx, 0.46 + 0.01 * dy
        return [Placement(who, at, 0.33, occluder=occluder if there > 0 else None)]

    return place


def _turning(who: Portrait) -> Callable[[float], Sequence[Placement]]:
    def place(t: float) -> Sequence[Placement]:
        yaw = 125 * (smooth(t, 0.7, 1.5) - smooth(t, 2.3, 3.1)) - 70 * (
            smooth(t, 3.3, 3.8) - smooth(t, 4.2, 4.7)
        )
        dx, dy = sway(t, 2)
        return [Placement(who, (0.5 + 0.01 * dx, 0.45 + 0.01 * dy), _DESK, yaw=yaw)]

    return place


def _still(who: Portrait) -> Callable[[float], Sequence[Placement]]:
    def place(t: float) -> Sequence[Placement]:
        dx, dy = sway(t, 4)
        return [Placement(who, (0.5 + 0.02 * dx, 0.45 + 0.015 * dy), _DESK, roll=3 * dx)]

    return place


def _lights_out(index: int) -> float:
    t = index / _FPS
    # Off and on at a switch, then slowly down and up as a cloud passes.
    if 1.0 <= t < 2.2:
        return 0.03
    return 1 - 0.94 * (smooth(t, 3.0, 4.0) - smooth(t, 4.6, 5.4))


def _crossing(a: Portrait, b: Portrait) -> Callable[[float], Sequence[Placement]]:
    def place(t: float) -> Sequence[Placement]:
        over = smooth(t, 0.8, 2.6) - smooth(t, 3.4, 5.0)
        return [
            Placement(a, (between(0.25, 0.75, over), 0.44), 0.27, id=0, roll=4 * math.sin(t)),
            Placement(b, (between(0.75, 0.25, over), 0.47), 0.33, id=1),
        ]

    return place


def _shaking(who: Portrait) -> Callable[[float], Sequence[Placement]]:
    def place(t: float) -> Sequence[Placement]:
        x = 0.5 + 0.11 * math.sin(9 * t) * (0.4 + 0.6 * math.sin(0.9 * t) ** 2)
        y = 0.46 + 0.05 * math.sin(13 * t + 1)
        return [Placement(who, (x, y), _DESK)]

    return place


def _tilting(who: Portrait) -> Callable[[float], Sequence[Placement]]:
    def place(t: float) -> Sequence[Placement]:
        roll = 60 * math.sin(2 * math.pi * t / 3)
        return [Placement(who, (0.5 + 0.0012 * roll, 0.45), _DESK, roll=roll)]

    return place


def _jumping(a: Portrait, b: Portrait) -> Callable[[float], Sequence[Placement]]:
    rng = np.random.default_rng(21)
    shots = [
        (
            rng.uniform(0.2, 0.8),
            rng.uniform(0.35, 0.6),
            rng.uniform(0.15, 0.5),
            rng.uniform(-25, 25),
        )
        for _ in range(16)
    ]

    def place(t: float) -> Sequence[Placement]:
        shot = int(max(t, 0) / 0.33)
        x, y, height, roll = shots[shot % len(shots)]
        who = a if shot % 2 else b
        return [Placement(who, (x, y), height, id=shot, roll=roll, flip=shot % 3 == 0)]

    return place


def _popping(who: Portrait) -> Callable[[float], Sequence[Placement]]:
    def place(t: float) -> Sequence[Placement]:
        shown = (t % 1.1) > 0.5
        turn = int(max(t, 0) / 1.1)
        x = (0.5, 0.3, 0.7, 0.45, 0.6)[turn % 5]
        return [Placement(who, (x, 0.46), (0.3, 0.2, 0.42)[turn % 3], id=turn, visible=shown)]

    return place


def _second(a: Portrait, b: Portrait) -> Callable[[float], Sequence[Placement]]:
    def place(t: float) -> Sequence[Placement]:
        dx, dy = sway(t, 1)
        inside = smooth(t, 1.5, 2.8) - smooth(t, 4.2, 5.2)
        return [
            Placement(b, (between(1.25, 0.76, inside), 0.5), 0.24, id=1),
            Placement(a, (0.38 + 0.01 * dx, 0.46 + 0.01 * dy), _DESK, id=0),
        ]

    return place


def _in_and_out(a: Portrait, b: Portrait) -> Callable[[float], Sequence[Placement]]:
    def place(t: float) -> Sequence[Placement]:
        dx, dy = sway(t, 1)
        # Away for as long as it takes to be forgotten; back low, close to the other's shoulder.
        out = smooth(t, 1.0, 1.6) - smooth(t, 3.2, 3.8)
        low = smooth(t, 1.6, 3.2)
        return [
            Placement(a, (0.36 + 0.01 * dx, 0.42 + 0.01 * dy), _DESK, id=0),
            Placement(b, (between(0.72, 1.3, out), between(0.48, 0.66, low)), 0.24, id=1),
        ]

    return place


def _low(a: Portrait, b: Portrait) -> Callable[[float], Sequence[Placement]]:
    def place(t: float) -> Sequence[Placement]:
        (ax, ay), (bx, by) = sway(t, 1), sway(t, 3)
        return [
            Placement(a, (0.3 + 0.004 * ax, 0.45 + 0.004 * ay), 0.3, id=0),
            Placement(b, (0.72 + 0.004 * bx, 1.0 + 0.004 * by), 0.25, id=1),
        ]

    return place


def _coming_to_rest(a: Portrait, b: Portrait) -> Callable[[float], Sequence[Placement]]:
    def place(t: float) -> Sequence[Placement]:
        (ax, ay), (bx, by) = sway(t, 1), sway(t, 3)
        inside = smooth(t, 1.5, 2.3)
        far = between(1.2, 0.78, inside) + 0.001 * bx, 0.4 + 0.001 * by
        return [
            Placement(b, far, 0.08, id=1),
            Placement(a, (0.3 + 0.004 * ax, 0.45 + 0.004 * ay), 0.3, id=0),
        ]

    return place


def _zooming(who: Portrait) -> Callable[[float], Sequence[Placement]]:
    def place(t: float) -> Sequence[Placement]:
        height = math.exp(between(math.log(0.08), math.log(0.95), 0.5 - 0.5 * math.cos(t * 2.1)))
        return [Placement(who, (0.5, 0.48), height)]

    return place


def tracking_clips(size: tuple[int, int] = (1280, 720)) -> list[Clip]:
    """One face that moves in a way that is known exactly, for tremble and lag: 4 seconds each."""
    return [
        StagedClip(
            f"{name}, {who.name}",
            size,
            _FPS,
            120,
            lambda index, who=who, move=move: [move(who, index / _FPS)],  # type: ignore[misc]
            noise=3.0,
            seed=100 + number,
        )
        for who in portraits()[:2]
        for number, (name, move) in enumerate(_MOVES.items())
    ]


def _start(who: Portrait, t: float) -> Placement:
    """Still, then with a start to the right and to rest, and back again."""
    there = smooth(t, 0.8, 1.6) - smooth(t, 2.4, 3.2)
    return Placement(who, (between(0.3, 0.7, there), 0.45), _DESK)


_MOVES: dict[str, Callable[[Portrait, float], Placement]] = {
    "still": lambda who, _: Placement(who, (0.5, 0.45), _DESK),
    "to and fro": lambda who, t: Placement(who, (0.5 + 0.15 * math.sin(3.5 * t), 0.45), _DESK),
    "starting to move": _start,
    "nearer and farther": lambda who, t: Placement(
        who, (0.5, 0.47), _DESK * 1.6 ** math.sin(2.5 * t)
    ),
    "tilt": lambda who, t: Placement(who, (0.5, 0.45), _DESK, roll=35 * math.sin(2.5 * t)),
}


def benchmark_clip(
    faces: int = 1, size: tuple[int, int] = (1280, 720), seconds: float = 4.0
) -> StagedClip:
    """People who sit before the camera and move a little, for measuring speed.

    Raises:
        UsageError: for more than four faces or none.
    """
    if not 1 <= faces <= 4:
        raise UsageError(f"The benchmark clip has one to four faces, not {faces}.")
    collins, hopper = portraits()[:2]
    seats = (
        [(collins, 0.5, 0.45, _DESK, False)]
        if faces == 1
        else [
            (hopper, 0.87, 0.36, 0.17, True),
            (collins, 0.62, 0.38, 0.2, True),
            (hopper, 0.38, 0.42, 0.24, False),
            (collins, 0.14, 0.45, 0.27, False),
        ][4 - faces :]
    )

    def place(index: int) -> Sequence[Placement]:
        placements = []
        for number, (who, x, y, height, flip) in enumerate(seats):
            dx, dy = sway(index / _FPS, number)
            at = x + 0.012 * dx, y + 0.012 * dy
            placements.append(
                Placement(
                    who, at, height * (1 + 0.03 * dy), number, roll=4 * dx, yaw=6 * dy, flip=flip
                )
            )
        return placements

    name = "one face" if faces == 1 else f"{faces} faces"
    return StagedClip(
        name, size, _FPS, round(seconds * _FPS), place, noise=2.5, shutter=0.4, seed=7
    )
