"""Each face's emotion, read by the network and kept steady."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vcam_emoji.emotion_input import SIZE, crop, scaled
from vcam_emoji.errors import ModelError
from vcam_emoji.litert import Network
from vcam_emoji.resources import asset
from vcam_emoji.settings import Reading
from vcam_emoji.types import Emotion, EmotionEstimate, Face, Frame

EMOTIONS = tuple(Emotion)

READ_EVERY_S = 0.05
"""A face is read again when its last reading is this old: every other frame at 30 a second.

An expression takes a third of a second to form, so the frames between would cost as much again
and change no label.
"""


class Scorer(Protocol):
    """What `SteadyReader` needs of a network."""

    def scores(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[n, 48, 48] crops of `emotion_input.crop` to [n, 7], rows summing to 1."""
        ...


class EmotionNetwork:
    """The shipped network, or another of the same form."""

    def __init__(self, path: Path | None = None, threads: int = 1) -> None:
        """Load it.

        Raises:
            ModelError: the model is missing, damaged, or not an emotion network.
        """
        self._network = Network(path or asset("models/emotion/emotion.tflite"), threads)
        took = [each.shape for each in self._network.inputs]
        gave = [each.shape for each in self._network.outputs]
        wanted = [(1, SIZE, SIZE, 1)], [(1, len(EMOTIONS))]
        if (took, gave) != wanted:
            raise ModelError(
                f"{self._network.path.name} is no emotion network: "
                f"it turns {took} into {gave}, not {wanted[0]} into {wanted[1]}."
            )

    def scores(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Read crops, one after the other: batches were measured to gain nothing on one core.

        Args:
            crops: [n, 48, 48], as `emotion_input.crop` cuts them.

        Returns:
            [n, 7], in the order of `Emotion`, rows summing to 1.
        """
        pictures = scaled(crops)
        scores = np.empty((len(crops), len(EMOTIONS)), np.float32)
        for row, picture in zip(scores, pictures, strict=True):
            (row[:],) = self._network.run(picture[None])
        return scores


@dataclass(slots=True)
class _Steadied:
    """What is remembered of one face."""

    scores: NDArray[np.float32]
    """[7], smoothed."""
    emotion: int
    read: float
    """When the face was last read; seconds, as `Frame.time`."""
    since: float
    """When `emotion` took over."""
    estimate: EmotionEstimate

    def add(self, scores: NDArray[np.float32], now: float, how: Reading) -> None:
        """Take in a new reading."""
        elapsed = now - self.read
        weight = 1.0 if how.smoothing_s == 0 else -math.expm1(-elapsed / how.smoothing_s)
        self.scores += np.float32(weight) * (scores - self.scores)
        self.read = now
        best = int(self.scores.argmax())
        leads = self.scores[best] - self.scores[self.emotion] > how.hysteresis
        if leads and now - self.since >= how.minimum_hold_s:
            self.emotion, self.since = best, now
        self.estimate = _estimate(self.scores, self.emotion)


def _estimate(scores: NDArray[np.float32], emotion: int) -> EmotionEstimate:
    return EmotionEstimate(tuple(scores.tolist()), EMOTIONS[emotion])


class SteadyReader:
    """Reads faces and steadies each by itself: smoothing, hysteresis, minimum hold.

    An `EmotionReader`.
    """

    def __init__(self, network: Scorer, reading: Callable[[], Reading]) -> None:
        """Read with `network`.

        Args:
            network: Scores single crops.
            reading: How steadily; asked once a frame, so a change shows at once.
        """
        self._network = network
        self._reading = reading
        self._faces: dict[int, _Steadied] = {}

    def read(self, frame: Frame, faces: Sequence[Face]) -> Mapping[int, EmotionEstimate]:
        """An estimate for every face, by `Face.id`; faces not among them are forgotten.

        A face that is held but not seen (`lost_s` > 0) keeps what it last showed.
        """
        how, now, known = self._reading(), frame.time, self._faces
        due = [face for face in faces if self._is_due(face, now)]
        if due:
            crops = np.stack([crop(frame.image, face) for face in due])
            for face, scores in zip(due, self._network.scores(crops), strict=True):
                steadied = known.get(face.id)
                if steadied is None or now < steadied.read:
                    best = int(scores.argmax())
                    first = _estimate(scores, best)
                    known[face.id] = _Steadied(scores.copy(), best, now, now, first)
                else:
                    steadied.add(scores, now, how)
        if len(known) > len(faces):
            here = {face.id for face in faces}
            self._faces = known = {key: known[key] for key in known if key in here}
        return {face.id: known[face.id].estimate for face in faces}

    def _is_due(self, face: Face, now: float) -> bool:
        steadied = self._faces.get(face.id)
        if steadied is None or now < steadied.read:
            return True
        # Frame times jitter by a millisecond or two around a multiple of the frame's length.
        return face.lost_s == 0 and now - steadied.read >= READ_EVERY_S - 0.002

    def reset(self) -> None:
        """Forget every face."""
        self._faces = {}


def open_reader(reading: Callable[[], Reading]) -> SteadyReader:
    """A reader with the shipped network.

    Raises:
        ModelError: the network is missing or damaged.
    """
    return SteadyReader(EmotionNetwork(), reading)
