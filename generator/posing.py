"""A person before the camera: told what to do, and taken when they do it.

First pictures that look straight at the camera, the sharpest of those that pass the photo gate;
then one for each wished emotion, when the emotion network sees it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from generator.alignment import cut, find, transform
from generator.gate import Aligned, Gate, judged
from vcam_emoji.emotion_input import crop
from vcam_emoji.emotion_network import EMOTIONS, EmotionNetwork
from vcam_emoji.errors import CameraError, PhotoError
from vcam_emoji.faces import open_finder
from vcam_emoji.types import Emotion, Face, Image

Say = Callable[[str], None]

STRAIGHT = "Look straight at the camera, with a calm face."
_CROP = 256


class Sight(Protocol):
    """What is seen in one picture."""

    def look(self, picture: Image) -> Aligned:
        """The face of a BGR picture.

        Raises:
            PhotoError: it will not do, with the reason and what to do.
        """
        ...

    def feeling(self, picture: Image, seen: Aligned) -> tuple[Emotion, float]:
        """The emotion that the face shows, and how likely it is."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what, in seconds, and how many pictures are enough."""

    straight_s: float = 30.0
    emotion_s: float = 15.0
    silent_s: float = 5.0
    """So long may the camera send nothing."""
    among: int = 8
    """Of so many good pictures the sharpest are kept,"""
    kept: int = 3
    """and so many of them."""
    held: int = 2
    """An emotion is taken at so many pictures in which it is seen."""


@dataclass(frozen=True)
class Pose:
    """One picture that was taken."""

    picture: Image
    """BGR, as the camera gave it."""
    seen: Aligned


@dataclass(frozen=True)
class Posed:
    """What was taken."""

    straight: tuple[Pose, ...]
    """The sharpest first, at least one."""
    felt: Mapping[Emotion, Pose]
    missed: tuple[Emotion, ...]
    """Those that were wished and not seen in time."""


class Eyes:
    """`Sight` with the shipped networks."""

    def __init__(self) -> None:
        """Load them.

        Raises:
            ModelError: they are missing or damaged.
        """
        self._finder = open_finder()
        self._network = EmotionNetwork()

    def look(self, picture: Image) -> Aligned:
        faces = find(picture, self._finder)
        if not faces:
            if np.percentile(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), 95) < Gate().light:
                raise PhotoError("It is too dark to see a face.", "Turn a lamp on before you.")
            raise PhotoError("No face is seen.", "Sit in the middle of the picture, not too far.")
        quality = judged(picture, faces)
        if quality.rival > Gate().rival:
            raise PhotoError(f"{quality.faces} faces are seen.", "Sit alone before the camera.")
        Gate().check(quality)
        face = faces[0]
        image = cut(picture, face.crop, _CROP)
        return Aligned(image, quality, face, transform(face.crop, _CROP))

    def feeling(self, picture: Image, seen: Aligned) -> tuple[Emotion, float]:
        found = seen.face.detection
        face = Face(1, found.box, found.points, found.roll, found.score)
        (scores,) = self._network.scores(crop(picture, face)[None])
        best = int(scores.argmax())
        return EMOTIONS[best], float(scores[best])


def pose(
    pictures: Iterable[Image | None],
    sight: Sight,
    wanted: Sequence[Emotion],
    say: Say,
    patience: Patience | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Posed:
    """Take pictures of a person, telling them what to do.

    Args:
        pictures: The camera's newest, None where none came for a moment.
        sight: Sees what is in them.
        wanted: Emotions to show after the calm face.
        say: Is told each sentence for the person, when it changes.
        patience: How long to wait.
        clock: Seconds.

    Raises:
        CameraError: no pictures come.
        PhotoError: in none could the person be seen well: the last reason.
    """
    patience = patience or Patience()
    sitting = _Sitting(iter(pictures), sight, _once(say), patience, clock)
    straight = sitting.straight()
    felt, missed = {}, []
    for emotion in wanted:
        taken = sitting.showing(emotion)
        if taken is None:
            missed.append(emotion)
            say(f"No {emotion} face was seen in {patience.emotion_s:.0f} seconds: it is left out.")
        else:
            felt[emotion] = taken
    return Posed(straight, felt, tuple(missed))


@dataclass(slots=True)
class _Sitting:
    pictures: Iterable[Image | None]
    sight: Sight
    say: Say
    patience: Patience
    clock: Callable[[], float]

    def straight(self) -> tuple[Pose, ...]:
        """The sharpest of the first good pictures."""
        self.say(STRAIGHT)
        good: list[Pose] = []
        reason: PhotoError | None = None
        for picture in self._until(self.patience.straight_s):
            try:
                seen = self.sight.look(picture)
            except PhotoError as error:
                reason = error
                if not good:
                    self.say(str(error))
                continue
            self.say(STRAIGHT)
            good.append(Pose(picture, seen))
            if len(good) >= self.patience.among:
                break
        if not good:
            raise reason or CameraError(
                "No picture came from the camera.", "See: vcam-emoji doctor"
            )
        good.sort(key=lambda each: -each.seen.quality.sharpness)
        return tuple(good[: self.patience.kept])

    def showing(self, emotion: Emotion) -> Pose | None:
        """The picture that shows an emotion most clearly, once it is seen often enough."""
        self.say(f"Now look {emotion}, as you do for that emoji, and hold it.")
        seen_in: list[tuple[float, Pose]] = []
        for picture in self._until(self.patience.emotion_s):
            try:
                seen = self.sight.look(picture)
            except PhotoError:
                continue
            felt, likely = self.sight.feeling(picture, seen)
            if felt is emotion:
                seen_in.append((likely, Pose(picture, seen)))
            if len(seen_in) >= self.patience.held:
                break
        return max(seen_in, key=lambda each: each[0])[1] if seen_in else None

    def _until(self, seconds: float) -> Iterable[Image]:
        """Pictures until the time is up.

        Raises:
            CameraError: the camera sends nothing.
        """
        start = last = self.clock()
        for picture in self.pictures:
            now = self.clock()
            if picture is not None:
                last = now
                yield picture
            elif now - last > self.patience.silent_s:
                raise CameraError(
                    "The camera sends no pictures.", "Open its shutter, or plug it in again."
                )
            if self.clock() - start > seconds:
                return


def _once(say: Say) -> Say:
    """Says a sentence only if it is another than the last."""
    last = ""

    def changed(sentence: str) -> None:
        nonlocal last
        if sentence != last:
            last = sentence
            say(sentence)

    return changed
