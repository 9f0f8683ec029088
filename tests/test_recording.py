"""Recording a face for a calibration: what is taken, what is refused, and that it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from tests import fakes
from tests.test_calibration import seen
from vcam_emoji.calibration import Scores
from vcam_emoji.commands import CalibrationStatus
from vcam_emoji.errors import CalibrationError, SettingsError
from vcam_emoji.recording import Recorder, Recording, calibrated, unsteadiness
from vcam_emoji.settings import Calibration
from vcam_emoji.types import Emotion, EmotionEstimate, Face

FACE = fakes.face()
AT_REST = seen(60, sad=0.7, neutral=0.2)


def estimates(scores: Scores) -> Iterator[EmotionEstimate]:
    for row in scores:
        raw = tuple(row.tolist())
        yield EmotionEstimate(raw, Emotion.SAD, raw)


def recording(faces: Sequence[Face] = (FACE,), scores: Scores = AT_REST) -> Recording:
    made = Recording(Emotion.NEUTRAL)
    for estimate in estimates(scores):
        made.add(faces, estimate)
    return made


def test_every_reading_of_one_face_is_a_sample() -> None:
    np.testing.assert_allclose(recording().scores(), AT_REST, atol=1e-6)


def test_a_frame_that_was_not_read_anew_counts_once() -> None:
    made = Recording(Emotion.NEUTRAL)
    for estimate in estimates(AT_REST):
        for _ in range(4):
            made.add([FACE], estimate)
    assert len(made.scores()) == len(AT_REST)


def test_nothing_is_learned_from_somebody_elses_face() -> None:
    made = Recording(Emotion.NEUTRAL)
    for i, estimate in enumerate(estimates(AT_REST)):
        made.add([FACE, fakes.face(identity=2)] if i % 10 == 0 else [FACE], estimate)
    assert len(made.scores()) == len(AT_REST) - 6


changing = np.concatenate([seen(20, sad=0.9), seen(20, happy=0.9)])


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (Recording(Emotion.NEUTRAL), "No picture"),
        (recording(faces=()), "no face"),
        (recording(faces=(FACE, FACE)), "several faces"),
        (recording(scores=AT_REST[:3]), "only 3 times"),
        (recording(scores=changing), "did not hold"),
    ],
)
def test_what_is_no_recording_of_one_calm_face_is_refused(made: Recording, said: str) -> None:
    with pytest.raises(CalibrationError, match=said) as refused:
        made.scores()
    assert refused.value.hint
    assert refused.value.exit_status == 2


def test_a_held_face_is_steadier_than_a_changing_one() -> None:
    assert unsteadiness(AT_REST) < 0.1 < 0.4 < unsteadiness(changing)


def test_a_broad_smile_is_no_face_at_rest() -> None:
    with pytest.raises(CalibrationError, match="happy beyond correction"):
        calibrated({Emotion.NEUTRAL: seen(happy=0.999, neutral=1e-5)})


def test_a_calibration_tells_what_it_changed() -> None:
    own, said = calibrated({Emotion.NEUTRAL: AT_REST})
    assert own.sad < 0
    assert said.mistaken == "sad"
    assert said.before == {"neutral": 0}
    assert said.after["neutral"] > 0.9
    assert said.recorded == {"neutral": 60}


# While the live path runs.


def closed(recorder: Recorder, now: float) -> CalibrationStatus:
    """The status once the recording was closed, on whatever thread."""
    for _ in range(500):
        status = recorder.status(now)
        if not status.recording:
            return status
        time.sleep(0.01)
    raise AssertionError("the recording never ended")


def play(recorder: Recorder, scores: Scores, start: float) -> CalibrationStatus:
    for at, estimate in zip(count(start, 0.1), estimates(scores), strict=False):
        recorder.watch([FACE], {FACE.id: estimate}, at)
    return closed(recorder, start + 0.1 * len(scores))


def test_a_recording_waits_runs_ends_and_is_kept() -> None:
    kept: list[Calibration] = []
    recorder = Recorder(kept.append)
    recorder.begin(Emotion.NEUTRAL, 4, 2, 100.0)
    waiting = recorder.status(101.0)
    assert (waiting.recording, waiting.starts_in_s, waiting.progress) == ("neutral", 1.0, 0)
    assert recorder.status(104.0).progress == 0.5
    said = play(recorder, AT_REST, 102.0)
    assert 39 <= said.recorded["neutral"] <= 41, "what came later is not in it"
    assert [each.sad < 0 for each in kept] == [True]


def test_other_emotions_add_to_neutral_and_neutral_begins_anew() -> None:
    recorder = Recorder(lambda _: None)
    with pytest.raises(CalibrationError, match="at rest"):
        recorder.begin(Emotion.HAPPY, 4, 0, 0)
    recorder.begin(Emotion.NEUTRAL, 4, 0, 0)
    play(recorder, AT_REST, 0)
    recorder.begin(Emotion.HAPPY, 4, 0, 10)
    assert set(play(recorder, seen(60, happy=0.8), 10).recorded) == {"neutral", "happy"}
    recorder.begin(Emotion.NEUTRAL, 4, 0, 20)
    assert set(play(recorder, AT_REST, 20).recorded) == {"neutral"}


def test_what_is_refused_changes_nothing_and_says_why() -> None:
    kept: list[Calibration] = []
    recorder = Recorder(kept.append)
    recorder.begin(Emotion.NEUTRAL, 4, 0, 0)
    good = play(recorder, AT_REST, 0)
    recorder.begin(Emotion.NEUTRAL, 4, 0, 10)
    refused = play(recorder, np.concatenate([changing, changing]), 10)
    assert "hold" in refused.refused
    assert replace(refused, refused="", hint="") == good
    assert len(kept) == 1
    recorder.begin(Emotion.HAPPY, 4, 0, 20)
    assert not recorder.status(20).refused, "a new try"


def test_it_ends_even_if_no_frame_ever_comes() -> None:
    recorder = Recorder(lambda _: None)
    recorder.begin(Emotion.NEUTRAL, 4, 0, 0)
    assert recorder.status(7.9).recording == "neutral"
    assert "No picture" in closed(recorder, 9.1).refused


def test_a_machine_too_busy_to_read_often_gets_twice_the_time() -> None:
    recorder = Recorder(lambda _: None)
    recorder.begin(Emotion.NEUTRAL, 4, 0, 0)
    for i, estimate in enumerate(estimates(AT_REST[:20])):
        recorder.watch([FACE], {FACE.id: estimate}, i * 0.7)
    assert closed(recorder, 14).recorded == {"neutral": 8}


def test_settings_that_cannot_be_written_are_told() -> None:
    def full(_: Calibration) -> None:
        raise SettingsError("The disk is full.", "Make room.")

    recorder = Recorder(full)
    recorder.begin(Emotion.NEUTRAL, 4, 0, 0)
    assert play(recorder, AT_REST, 0).refused == "The disk is full."


def test_only_one_thing_is_recorded_at_a_time_and_it_can_be_stopped() -> None:
    recorder = Recorder(lambda _: None)
    recorder.begin(Emotion.NEUTRAL, 4, 0, 0)
    with pytest.raises(CalibrationError, match="being recorded"):
        recorder.begin(Emotion.NEUTRAL, 4, 0, 1)
    recorder.forget()
    assert recorder.status(1) == CalibrationStatus()
