"""The loop: a frame comes, its faces are found, read and covered, and what may be shown leaves."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np

from vcam_emoji import cards
from vcam_emoji.cards import Card
from vcam_emoji.commands import Mode
from vcam_emoji.cues import NOTHING_ASKED, Cues, expression
from vcam_emoji.emoji_set import EmojiSet
from vcam_emoji.painting import Painter
from vcam_emoji.privacy import Guard
from vcam_emoji.settings import Look
from vcam_emoji.types import (
    EmotionEstimate,
    EmotionReader,
    Expression,
    Face,
    FaceTracker,
    Frame,
    FrameSink,
    FrameSource,
    Image,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Directions:
    """All that the person decides, read once a frame, so that no frame mixes two wishes."""

    look: Look
    cues: Cues = NOTHING_ASKED
    emoji_set: EmojiSet | None = None
    """None when no set could be loaded: then no face can be covered."""
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Processed:
    """What became of one frame."""

    image: Image
    """What was published, at the sink's size; it holds until the next frame but one."""
    card: Card | None = None
    """The card that was published instead of the frame."""
    hidden: bool = False
    """The frame was blurred as a whole, or a card took its place, for the face's sake."""
    reason: str = ""
    """Why it was hidden, in a few words."""
    faces: Sequence[Face] = ()
    estimates: Mapping[int, EmotionEstimate] = field(default_factory=dict)
    expressions: Mapping[int, Expression] = field(default_factory=dict)
    laps_ms: Mapping[str, float] = field(default_factory=dict)
    """Wall time of each stage, in milliseconds."""


class Watcher(Protocol):
    def __call__(self, frame: Frame | None, processed: Processed) -> None: ...


class Stages:
    """From one frame to the one picture that may leave."""

    def __init__(
        self,
        tracker: FaceTracker,
        reader: EmotionReader | None,
        painter: Painter,
        guard: Guard,
        size: tuple[int, int],
    ) -> None:
        """Without a reader every face shows neutral, unless it is directed by hand."""
        self._tracker = tracker
        self._reader = reader
        self._painter = painter
        self._guard = guard
        self._size = size
        self._watching = False
        self._failure = ""

    def process(self, frame: Frame | None, directions: Directions) -> Processed:
        """Never raises: what goes wrong is logged and ends in a card."""
        look = directions.look
        if directions.paused or look.mode is Mode.CARD:
            return self._instead(Card.PAUSED)
        if frame is None:
            return self._instead(Card.NO_CAMERA)
        try:
            if look.mode is Mode.OFF:
                self._forget()
                return Processed(self._fitted(frame.image, look.mirror))
            if directions.emoji_set is None:
                return self._instead(Card.TROUBLE, "no emoji set could be loaded")
            return self._covered(frame, look, directions.cues, directions.emoji_set)
        except Exception as error:  # whatever it is, the frame stays in
            reason = f"{type(error).__name__}: {error}"
            if reason != self._failure:
                # Once, not thirty times a second.
                log.exception("The picture is hidden because a stage failed.")
            self._failure = reason
            return self._instead(Card.TROUBLE, reason)

    def _covered(self, frame: Frame, look: Look, cues: Cues, emoji_set: EmojiSet) -> Processed:
        self._watching = True
        if self._painter.emoji_set is not emoji_set:
            self._painter.use(emoji_set)
        start = time.perf_counter()
        faces = self._tracker.update(frame)
        tracked = time.perf_counter()
        estimates = self._reader.read(frame, faces) if self._reader is not None else {}
        shown = {face.id: expression(estimates.get(face.id), cues, frame.time) for face in faces}
        read = time.perf_counter()
        watch = self._tracker.watch
        publication = self._guard.publishable(frame, faces, shown, self._painter, look, watch)
        # A card has words on it, and a blurred frame has no sides: neither is mirrored.
        mirror = look.mirror and not publication.hidden
        image = self._fitted(publication.image, mirror)
        done = time.perf_counter()
        self._failure = ""
        if not publication.hidden:
            cards.put_away()
        laps = {
            "faces": (tracked - start) * 1e3,
            "emotions": (read - tracked) * 1e3,
            "painting": (done - read) * 1e3,
        }
        hidden, reason = publication.hidden, publication.reason
        return Processed(image, None, hidden, reason, faces, estimates, shown, laps)

    def _fitted(self, image: Image, mirror: bool) -> Image:
        if mirror:
            image = cv2.flip(image, 1).astype(np.uint8, copy=False)
        return cards.fit(image, self._size)

    def _instead(self, card: Card, reason: str = "") -> Processed:
        self._forget()
        return Processed(cards.picture(card, self._size), card, card is Card.TROUBLE, reason)

    def _forget(self) -> None:
        """After a gap the next frame may show anything: nothing known of earlier ones holds."""
        if self._watching:
            self._watching = False
            self._tracker.reset()
            self._guard.reset()
            if self._reader is not None:
                self._reader.reset()


def run(
    source: FrameSource,
    sink: FrameSink,
    stages: Stages,
    directions: Callable[[], Directions],
    watch: Watcher,
    going: Callable[[], bool],
) -> bool:
    """Publish what comes from `source` until it ends or `going()` is false; last comes a card.

    Returns:
        Whether the source ended by itself.
    """
    try:
        for frame in source:
            if not going():
                return False
            processed = stages.process(frame, directions())
            sink.send(processed.image)
            watch(frame, processed)
            # Let go, so that the next frame is decoded into the same memory.
            del frame, processed
        return True
    finally:
        sink.send(cards.picture(Card.PAUSED, sink.size))
