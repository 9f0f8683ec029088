"""Each face's emotion, read by the network and kept steady.

A new emotion takes over once enough speaks for it: by how much its log score leads that of the
emotion shown is added up over time, and falls back to nothing when it trails (a cumulative sum
test for a change, Page 1954, "Continuous inspection schemes"). So a clear change shows at once, a
slight one later, and a wavering face not at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vcam_emoji.calibration import Scores, offsets, shifted
from vcam_emoji.emotion_input import crop
from vcam_emoji.emotion_network import EMOTIONS, EmotionNetwork, Scorer
from vcam_emoji.settings import Calibration, Reading
from vcam_emoji.types import EmotionEstimate, Face, Frame

_CLEAREST = 1.0
"""A lead counts no more than this, so that no single reading decides."""
_LONGEST_S = 0.07
"""Nor does a reading count for longer than this, however long ago the one before was."""
_SUSPECT = 0.15
"""Share of the evidence from which a face is read in every frame, to be sure soon."""
_FAINTEST = 1e-6


@dataclass(slots=True)
class _Steadied:
    """What is remembered of one face."""

    scores: Scores
    """[7], smoothed."""
    emotion: int
    read: float
    """When the face was last read; seconds, as `Frame.time`."""
    since: float
    """When `emotion` took over."""
    evidence: Scores
    """[7], what speaks for each other emotion: lead in log score times seconds."""
    estimate: EmotionEstimate

    @classmethod
    def first(cls, raw: Scores, offsets: Scores, now: float) -> _Steadied:
        """From a single reading."""
        scores = shifted(raw, offsets)
        best = int(scores.argmax())
        estimate = _estimate(scores, best, raw)
        return cls(scores, best, now, now, np.zeros(len(EMOTIONS), np.float32), estimate)

    def add(self, raw: Scores, offsets: Scores, now: float, how: Reading) -> None:
        """Take in a new reading."""
        scores, elapsed = shifted(raw, offsets), now - self.read
        self.read = now
        weight = 1.0 if how.smoothing_s == 0 else -math.expm1(-elapsed / how.smoothing_s)
        self.scores += np.float32(weight) * (scores - self.scores)
        logs = np.log(np.maximum(scores, _FAINTEST))
        lead = np.clip(logs - logs[self.emotion] - how.hysteresis, -_CLEAREST, _CLEAREST)
        lead[self.emotion] = 0
        self.evidence += np.float32(min(elapsed, _LONGEST_S)) * lead
        np.maximum(self.evidence, 0, out=self.evidence)
        best = int(self.evidence.argmax())
        enough = self.evidence[best] > how.evidence
        if enough and now - self.since >= how.minimum_hold_s:
            self.emotion, self.since = best, now
            self.evidence[:] = 0
        self.estimate = _estimate(self.scores, self.emotion, raw)

    def is_due(self, now: float, how: Reading) -> bool:
        """Whether to read it again in a frame of that time."""
        suspected = self.evidence.max() > _SUSPECT * how.evidence
        # Frame times jitter by a millisecond or two around a multiple of the frame's length.
        return bool(suspected) or now - self.read >= how.every_s - 0.002


def _estimate(scores: Scores, emotion: int, raw: Scores) -> EmotionEstimate:
    return EmotionEstimate(tuple(scores.tolist()), EMOTIONS[emotion], tuple(raw.tolist()))


class SteadyReader:
    """Reads faces, corrects the scores for the person, and steadies each face by itself.

    An `EmotionReader`.
    """

    def __init__(
        self,
        network: Scorer,
        reading: Callable[[], Reading],
        calibration: Callable[[], Calibration] = Calibration,
    ) -> None:
        """Read with `network`.

        Args:
            network: Scores single crops.
            reading: How steadily; asked once a frame, so a change shows at once.
            calibration: This person's offsets; asked once a frame. They are for the largest
                face: who else comes into the picture has a face of their own.
        """
        self._network = network
        self._reading = reading
        self._calibration = calibration
        self._faces: dict[int, _Steadied] = {}

    def read(self, frame: Frame, faces: Sequence[Face]) -> Mapping[int, EmotionEstimate]:
        """An estimate for every face, by `Face.id`; faces not among them are forgotten.

        A face that is held but not seen (`lost_s` > 0) keeps what it last showed.
        """
        how, now, known = self._reading(), frame.time, self._faces
        due = [face for face in faces if self._is_due(face, now, how)]
        if due:
            own = offsets(self._calibration())
            largest = max(faces, key=lambda face: face.box.area)
            crops = np.stack([crop(frame.image, face) for face in due])
            for face, scores in zip(due, self._network.scores(crops), strict=True):
                added = own if face is largest else _NOTHING
                steadied = known.get(face.id)
                if steadied is None or now < steadied.read:
                    known[face.id] = _Steadied.first(scores, added, now)
                else:
                    steadied.add(scores, added, now, how)
        if len(known) > len(faces):
            here = {face.id for face in faces}
            self._faces = known = {key: known[key] for key in known if key in here}
        return {face.id: known[face.id].estimate for face in faces}

    def _is_due(self, face: Face, now: float, how: Reading) -> bool:
        steadied = self._faces.get(face.id)
        if steadied is None or now < steadied.read:
            return True
        return face.lost_s == 0 and steadied.is_due(now, how)

    def reset(self) -> None:
        """Forget every face."""
        self._faces = {}


_NOTHING = np.zeros(len(EMOTIONS), np.float32)


def open_reader(
    reading: Callable[[], Reading], calibration: Callable[[], Calibration] = Calibration
) -> SteadyReader:
    """A reader with the shipped network.

    Raises:
        ModelError: the network is missing or damaged.
    """
    return SteadyReader(EmotionNetwork(), reading, calibration)
