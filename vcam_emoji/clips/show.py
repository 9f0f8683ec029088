"""The demo's clip: two people before the camera, and when which reaction is to fire."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vcam_emoji.clips.portraits import portraits
from vcam_emoji.clips.scenes import smooth, sway
from vcam_emoji.clips.staging import Placement, StagedClip
from vcam_emoji.types import Emotion

_SECONDS = 24.0


@dataclass(frozen=True, slots=True)
class ScriptedReaction:
    """An emotion that is asked for at a time of the clip, as a person would by hotkey."""

    at: float
    """Seconds."""
    emotion: Emotion
    seconds: float = 1.5


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of the clip worth a picture."""

    at: float
    """Seconds."""
    title: str


@dataclass(frozen=True, slots=True)
class Show:
    clip: StagedClip
    reactions: tuple[ScriptedReaction, ...]
    moments: tuple[Moment, ...]


_REACTIONS = (
    ScriptedReaction(3.0, Emotion.SURPRISE),
    ScriptedReaction(6.1, Emotion.ANGRY),
    ScriptedReaction(11.2, Emotion.DISGUST),
    ScriptedReaction(13.9, Emotion.SAD),
    ScriptedReaction(17.3, Emotion.FEAR),
    ScriptedReaction(20.6, Emotion.HAPPY),
    ScriptedReaction(22.4, Emotion.NEUTRAL, 1.2),
)

_MOMENTS = (
    Moment(2.3, "Just sitting there"),
    Moment(3.7, "Leaning in"),
    Moment(5.35, "Tilting the head"),
    Moment(6.85, "Tilting the other way"),
    Moment(7.93, "Leaving the picture"),
    Moment(10.8, "Someone else comes in"),
    Moment(11.9, "Looking aside"),
    Moment(13.6, "Both together"),
    Moment(14.8, "Heads together"),
    Moment(17.9, "The light goes down"),
    Moment(19.97, "Near and far"),
    Moment(21.4, "Side by side"),
)


def demo_clip(size: tuple[int, int] = (1280, 720), fps: float = 30.0) -> Show:
    """24 seconds that end as they begin, so they can be played over and over."""
    collins, hopper = portraits()[:2]

    def place(index: int) -> Sequence[Placement]:
        t = index / fps % _SECONDS
        ax, ay = sway(t, 0)
        bx, by = sway(t, 3)
        left = smooth(t, 7.4, 8.5) - smooth(t, 11.9, 12.9)
        # After coming back she sits on the left, until the other has gone.
        aside = smooth(t, 10.0, 10.1) - smooth(t, 22.6, 23.8)
        lean = smooth(t, 2.6, 3.3) - smooth(t, 4.1, 4.8)
        tilt = 34 * math.sin(math.pi * smooth(t, 4.8, 6.1)) - 34 * math.sin(
            math.pi * smooth(t, 6.2, 7.5)
        )
        back = smooth(t, 18.6, 19.4) - smooth(t, 20.0, 20.7)
        first = Placement(
            collins,
            (
                0.5 - 0.23 * aside - 0.85 * left + 0.012 * ax - 0.05 * back,
                0.46 + 0.012 * ay + 0.05 * lean,
            ),
            0.3 * (1 + 0.55 * lean) * (1 - 0.07 * aside - 0.45 * back),
            id=0,
            roll=2.5 * ax + tilt,
            yaw=8 * ay * (1 - lean),
        )
        inside = smooth(t, 8.9, 10.0) - smooth(t, 22.2, 23.4)
        middle = smooth(t, 8.9, 10.0) - smooth(t, 12.0, 13.0)
        glance = -42 * (smooth(t, 11.2, 11.7) - smooth(t, 12.2, 12.7))
        second = Placement(
            hopper,
            (
                1.3 - 0.57 * inside - 0.2 * middle + 0.01 * bx - 0.1 * back,
                0.5 + 0.01 * by,
            ),
            0.29 * (1 + 0.4 * back + 0.06 * middle),
            id=1,
            roll=2 * by + 9 * (smooth(t, 14.0, 14.6) - smooth(t, 15.4, 16.0)),
            yaw=6 * bx + glance,
            visible=inside > 0,
        )
        return [first, second]

    def light(index: int) -> float:
        t = index / fps % _SECONDS
        return 1 - 0.72 * (smooth(t, 16.2, 17.2) - smooth(t, 18.2, 18.9))

    clip = StagedClip(
        "demo", size, fps, round(_SECONDS * fps), place, light, noise=2.2, shutter=0.45, seed=1
    )
    return Show(clip, _REACTIONS, _MOMENTS)
