"""Which emotion an emoji shows: pinned, else a reaction, else the one read, else neutral."""

from __future__ import annotations

from dataclasses import dataclass

from vcam_emoji.types import Emotion, EmotionEstimate, Expression


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emotion shown once."""

    emotion: Emotion
    until: float
    """Seconds on `time.monotonic()`'s clock."""


@dataclass(frozen=True, slots=True)
class Cues:
    """What the person asked for by hand."""

    pinned: Emotion | None = None
    reaction: Reaction | None = None

    def at(self, now: float) -> Emotion | None:
        """The emotion asked for at that time, if any."""
        if self.pinned is not None:
            return self.pinned
        if self.reaction is not None and now < self.reaction.until:
            return self.reaction.emotion
        return None


NOTHING_ASKED = Cues()


def expression(estimate: EmotionEstimate | None, cues: Cues, now: float) -> Expression:
    """What one face's emoji shows."""
    asked = cues.at(now)
    if asked is not None:
        return Expression(asked)
    if estimate is None:
        return Expression(Emotion.NEUTRAL)
    return Expression(estimate.emotion, _intensity(estimate))


def _intensity(estimate: EmotionEstimate) -> float:
    """The score of the emotion shown, stretched so that an even race reads as a hint of it."""
    score = estimate.scores[list(Emotion).index(estimate.emotion)]
    return min(1.0, max(0.0, (score - 0.2) / 0.6))
