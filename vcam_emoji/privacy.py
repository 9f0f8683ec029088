"""What may be published: the fail-closed rule."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vcam_emoji.commands import Mode
from vcam_emoji.painting import Painter, cover
from vcam_emoji.settings import Look, Safety
from vcam_emoji.types import Expression, Face, Frame, Image

log = logging.getLogger(__name__)

_SURE_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Publication:
    """The one picture that may leave for a frame."""

    image: Image
    """Of the frame's size. Not to be written to."""
    hidden: bool = False
    """It is blurred as a whole, or a card."""
    reason: str = ""
    """Why it is hidden, in a few words."""


class Guard:
    """Decides, frame by frame, what of it may be seen."""

    def __init__(
        self, hidden_card: Callable[[tuple[int, int]], Image], safety: Callable[[], Safety]
    ) -> None:
        """With the card for a width and height, and the settings as they are now."""
        self._hidden_card = hidden_card
        self._safety = safety
        self.reset()

    def reset(self) -> None:
        """Forget everything: the next frame is from another scene."""
        self._seen: dict[int, int] = {}
        self._last_sure: float | None = None
        self._began: float | None = None

    def publishable(
        self,
        frame: Frame,
        faces: Sequence[Face],
        expressions: Mapping[int, Expression],
        painter: Painter,
        look: Look,
    ) -> Publication:
        """What of this frame may be seen. Never raises: what goes wrong ends in the card."""
        if look.mode is Mode.OFF:
            return Publication(frame.image)
        try:
            return self._judged(frame, faces, expressions, painter, look)
        except Exception:  # whatever it is, the frame stays in
            log.exception("A frame was hidden because judging it failed.")
            self.reset()
            return self._card(frame, "something went wrong")

    def _judged(
        self,
        frame: Frame,
        faces: Sequence[Face],
        expressions: Mapping[int, Expression],
        painter: Painter,
        look: Look,
    ) -> Publication:
        safety = self._safety()
        self._seen = {face.id: self._seen.get(face.id, 0) + 1 for face in faces if face.lost_s == 0}
        if self._began is None:
            self._began = frame.time
        if any(count >= _SURE_FRAMES for count in self._seen.values()):
            self._last_sure = frame.time
        image = frame.image.copy()
        if look.mode is Mode.REPLACE:
            doubt = frame.time - (self._began if self._last_sure is None else self._last_sure)
            held = safety.hold_s if self._last_sure is not None else 0.0
            if doubt > held + safety.blur_s:
                return self._card(frame, "no face is tracked")
            if doubt > held or self._last_sure is None:
                return Publication(_blurred(image), True, "no face is tracked")
        kept = [face for face in faces if face.lost_s <= safety.hold_s]
        covers = [cover(face).grown(1 + face.lost_s) for face in reversed(kept)]
        painter.paint(image, covers, expressions, look, frame.time)
        return Publication(image)

    def _card(self, frame: Frame, reason: str) -> Publication:
        height, width = frame.image.shape[:2]
        return Publication(self._hidden_card((width, height)), True, reason)


def _blurred(image: Image) -> Image:
    height, width = image.shape[:2]
    tiny = cv2.resize(image, (20, max(2, round(20 * height / width))), interpolation=cv2.INTER_AREA)
    small = cv2.resize(
        tiny, (160, max(2, round(160 * height / width))), interpolation=cv2.INTER_CUBIC
    )
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR).astype(
        np.uint8, copy=False
    )
