"""Playing the demo's clip through the live path, and what was seen in it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Protocol

from vcam_emoji.clips.show import ScriptedReaction, Show
from vcam_emoji.cues import NOTHING_ASKED, Cues, Reaction
from vcam_emoji.emoji_set import EmojiSet
from vcam_emoji.pipeline import Directions, Processed
from vcam_emoji.settings import Look
from vcam_emoji.types import Emotion, Frame, FrameSink


class Stage(Protocol):
    """The live path, as `pipeline.Stages` is."""

    def process(self, frame: Frame | None, directions: Directions) -> Processed: ...


@dataclass(slots=True)
class Tally:
    """What was seen while the clip played."""

    frames: int = 0
    hidden: int = 0
    """Frames of which nothing was shown, because no face was surely covered."""
    most_faces: int = 0
    """Seen at once."""
    shown: Counter[Emotion] = field(default_factory=Counter)
    """How many emojis of each emotion were painted, counted in every frame."""
    recognised: Counter[Emotion] = field(default_factory=Counter)
    """The same, of those that were read from the face and not asked for."""
    live_s: list[float] = field(default_factory=list)
    """For each frame, seconds from the frame to the picture published."""
    stages_ms: dict[str, list[float]] = field(default_factory=dict)

    @property
    def fps(self) -> float:
        """Frames a second of the live path alone, by its median, lest other programs count."""
        return 1 / median(self.live_s) if self.live_s else 0.0

    def count(self, processed: Processed, asked: Emotion | None, seconds: float) -> None:
        self.frames += 1
        self.live_s.append(seconds)
        for name, ms in processed.laps_ms.items():
            self.stages_ms.setdefault(name, []).append(ms)
        self.most_faces = max(self.most_faces, len(processed.faces))
        if processed.hidden or processed.card is not None:
            self.hidden += 1
            return
        for expression in processed.expressions.values():
            self.shown[expression.emotion] += 1
            if asked is None:
                self.recognised[expression.emotion] += 1


class Watcher(Protocol):
    def __call__(self, index: int, frame: Frame, done: Processed, asked: Emotion | None) -> None:
        """See frame `index` of the clip, what became of it, and the emotion asked for by hand."""
        ...


def perform(
    show: Show,
    stages: Stage,
    emoji_set: EmojiSet,
    look: Look,
    watch: Watcher,
    sink: FrameSink | None = None,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> Tally:
    """Play the clip once, every frame; in real time at most where someone may be watching."""
    tally = Tally()
    start = clock()
    for index, staged in enumerate(show.clip):
        cues = cues_at(show.reactions, staged.frame.time)
        asked = cues.at(staged.frame.time)
        directions = Directions(look, cues, emoji_set)
        began = clock()
        processed = stages.process(staged.frame, directions)
        spent = clock() - began
        if sink is not None:
            sleep(max(0.0, start + index / show.clip.fps - clock()))
            began = clock()
            sink.send(processed.image)
            spent += clock() - began
        tally.count(processed, asked, spent)
        watch(index, staged.frame, processed, asked)
    return tally


def cues_at(reactions: tuple[ScriptedReaction, ...], now: float) -> Cues:
    """What is asked for by hand at a time of the clip."""
    for each in reactions:
        if each.at <= now < each.at + each.seconds:
            return Cues(reaction=Reaction(each.emotion, each.at + each.seconds))
    return NOTHING_ASKED
