"""Recording a person's expressions for a calibration, while the live path runs.

One expression at a time: neutral first, which begins anew, then others that add to it. When a
recording ends, the offsets are fitted to all there is of this person. What is refused changes
nothing. Only the network's scores are remembered, and only until neutral is recorded again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vcam_emoji.calibration import EMOTIONS, Scores, fitted, offsets, shifted
from vcam_emoji.commands import CalibrationStatus
from vcam_emoji.errors import CalibrationError, VcamEmojiError
from vcam_emoji.settings import LARGEST_OFFSET, Calibration
from vcam_emoji.types import Emotion, EmotionEstimate, Face

log = logging.getLogger(__name__)

_FEWEST = 8
_ALONE = 0.8
_STEADY = 0.2
"""Mean total variation from the mean scores, 0 to 1. Of expressions held before a noisy camera 99
in 100 stay below 0.12 (`benchmarks.steadiness`); one that changes half way is at 0.37."""
_AT_REST = 0.5
"""Share of samples that must be neutral where an offset has reached its limit."""
_GRACE_S = 1.0
"""How long after its end a recording is closed even if no frame comes."""


@dataclass(slots=True)
class Recording:
    """What is seen of one person showing one emotion."""

    emotion: Emotion
    frames: int = 0
    none: int = 0
    """Frames without a face."""
    several: int = 0
    """Frames with more than one."""
    _samples: list[tuple[float, ...]] = field(default_factory=list)

    def add(self, seen: Sequence[Face], estimate: EmotionEstimate | None) -> None:
        """Take in one frame.

        Args:
            seen: The faces that it really shows.
            estimate: Of the first one.
        """
        self.frames += 1
        self.none += not seen
        self.several += len(seen) > 1
        if len(seen) != 1 or estimate is None or not estimate.raw:
            return
        # Most frames are not read anew; the same reading twice would count double.
        if not self._samples or self._samples[-1] != estimate.raw:
            self._samples.append(estimate.raw)

    @property
    def is_enough(self) -> bool:
        return len(self._samples) >= _FEWEST

    def scores(self) -> Scores:
        """All of it, [n, 7].

        Raises:
            CalibrationError: if this is not one face holding one expression.
        """
        again = "Sit alone before the camera, in good light, and try again."
        if not self.frames:
            raise CalibrationError("No picture came from the camera.", "Ask: vcam-emoji status")
        if self.several > (1 - _ALONE) * self.frames:
            raise CalibrationError("There are several faces in the picture.", again)
        if self.none > (1 - _ALONE) * self.frames:
            raise CalibrationError("There is no face in the picture.", again)
        if not self.is_enough:
            raise CalibrationError(
                f"The face was read only {len(self._samples)} times.", "Record for longer."
            )
        scores = np.array(self._samples, np.float32)
        if unsteadiness(scores) > _STEADY:
            raise CalibrationError(
                "The face did not hold its expression.", "Hold it, and your head, still."
            )
        return scores


def unsteadiness(scores: Scores) -> float:
    """How far scores are from their mean, on average: total variation, 0 to 1."""
    return float(np.abs(scores - scores.mean(axis=0)).sum(axis=1).mean() / 2)


def calibrated(samples: Mapping[Emotion, Scores]) -> tuple[Calibration, CalibrationStatus]:
    """The calibration that fits recordings, neutral among them, and what it makes of them.

    Raises:
        CalibrationError: the face at rest shows too much to be one.
    """
    own = fitted(samples)
    added = offsets(own)
    before = {str(each): _share_read(scores, each) for each, scores in samples.items()}
    after = {
        str(each): _share_read(shifted(scores, added), each) for each, scores in samples.items()
    }
    counts = np.bincount(samples[Emotion.NEUTRAL].argmax(axis=1), minlength=len(EMOTIONS))
    counts[EMOTIONS.index(Emotion.NEUTRAL)] = 0
    mistaken = str(EMOTIONS[int(counts.argmax())]) if counts.any() else ""
    if np.abs(added).max() >= LARGEST_OFFSET and after[Emotion.NEUTRAL] < _AT_REST:
        raise CalibrationError(
            f"The face at rest looks {mistaken} beyond correction.",
            "Relax your face, let the light come from the front, and try again.",
        )
    recorded = {str(each): len(scores) for each, scores in samples.items()}
    return own, CalibrationStatus(recorded=recorded, before=before, after=after, mistaken=mistaken)


def _share_read(scores: Scores, emotion: Emotion) -> float:
    right = scores.argmax(axis=1) == EMOTIONS.index(emotion)
    return round(float(right.mean()), 3)


@dataclass(frozen=True, slots=True)
class _UnderWay:
    recording: Recording
    begins: float
    """On the clock of `Frame.time`."""
    ends: float

    def is_over(self, now: float) -> bool:
        """On a machine too busy to read the face often, twice the time is given."""
        longest = self.ends + (self.ends - self.begins)
        return now >= (self.ends if self.recording.is_enough else longest)


class Recorder:
    """Watches the live path while an expression is recorded; safe to use from several threads."""

    def __init__(self, keep: Callable[[Calibration], None]) -> None:
        """`keep` is called with each new calibration, on a thread of its own."""
        self._keep = keep
        self._lock = threading.Lock()
        self._samples: dict[Emotion, Scores] = {}
        self._under_way: _UnderWay | None = None
        self._closing: _UnderWay | None = None
        self._last = CalibrationStatus()

    def begin(self, emotion: Emotion, seconds: float, delay_s: float, now: float) -> None:
        """Record from `now` + `delay_s` on.

        Raises:
            CalibrationError: if one is recorded already, or neutral was not recorded yet.
        """
        with self._lock:
            if self._under_way is not None:
                raise CalibrationError(
                    f"{self._under_way.recording.emotion.title()} is being recorded.",
                    "Wait until that is done.",
                )
            if emotion is not Emotion.NEUTRAL and Emotion.NEUTRAL not in self._samples:
                raise CalibrationError(
                    "Your face at rest was not recorded yet.",
                    "Begin with: vcam-emoji calibrate",
                )
            begins = now + delay_s
            self._under_way = _UnderWay(Recording(emotion), begins, begins + seconds)
            self._last = replace(self._last, refused="", hint="")

    def watch(
        self, faces: Sequence[Face], estimates: Mapping[int, EmotionEstimate], now: float
    ) -> None:
        """Take in what is seen in a frame; called by the live thread alone, and never waits."""
        under_way = self._under_way
        if under_way is None or under_way is self._closing or now < under_way.begins:
            return
        if not under_way.is_over(now):
            seen = [face for face in faces if face.lost_s == 0]
            under_way.recording.add(seen, estimates.get(seen[0].id) if seen else None)
            return
        # Fitting and writing the settings would hold up a frame.
        self._closing = under_way
        threading.Thread(target=self.close_if_over, args=(now,), daemon=True).start()

    def close_if_over(self, now: float) -> None:
        """End a recording whose time is over, and fit to it."""
        with self._lock:
            under_way = self._under_way
            if under_way is None or not under_way.is_over(now):
                return
            emotion = under_way.recording.emotion
            try:
                samples = {} if emotion is Emotion.NEUTRAL else dict(self._samples)
                samples[emotion] = under_way.recording.scores()
                own, said = calibrated(samples)
                self._keep(own)
                self._samples, self._last = samples, said
            except VcamEmojiError as error:
                self._last = replace(self._last, refused=error.message, hint=error.hint)
            except Exception:
                # Nobody waits for this thread: whoever asks must be told.
                log.exception("A recording could not be used.")
                self._last = replace(self._last, refused="It failed.", hint="The log says why.")
            finally:
                self._under_way = None

    @property
    def busy(self) -> bool:
        """Whether a recording is under way, or will begin in a moment."""
        return self._under_way is not None

    def forget(self) -> None:
        """Drop what was recorded, and stop what is being recorded."""
        with self._lock:
            self._samples, self._under_way = {}, None
            self._last = CalibrationStatus()

    def status(self, now: float) -> CalibrationStatus:
        """What is going on, and what came of the last recording."""
        under_way = self._under_way
        if under_way is None:
            return self._last
        if under_way.is_over(now - _GRACE_S):
            self.close_if_over(now)
            return self._last
        length = under_way.ends - under_way.begins
        return replace(
            self._last,
            recording=str(under_way.recording.emotion),
            starts_in_s=round(max(0.0, under_way.begins - now), 2),
            progress=round(min(1.0, max(0.0, (now - under_way.begins) / length)), 3),
        )
