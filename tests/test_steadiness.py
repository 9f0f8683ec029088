from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.test_emotion_input import smooth
from vcam_emoji.benchmarks.steadiness import (
    FPS,
    Disturbance,
    faces,
    held,
    labels,
    measure,
    steadiness,
    stills,
)
from vcam_emoji.emotion_input import crop
from vcam_emoji.emotion_network import EMOTIONS
from vcam_emoji.settings import Reading
from vcam_emoji.types import Emotion

CALM = Disturbance(sway=0, tilt=0, wander=0, noise=0, flicker=0, drift=0)
AT_ONCE = Reading(hysteresis=0, evidence=0, minimum_hold_s=0, every_s=0)


def answers(*emotions: Emotion, frames: int = 90) -> NDArray[np.float32]:
    """[n, frames, 7]: stills that are read with certainty."""
    rows = np.eye(7, dtype=np.float32)[[EMOTIONS.index(emotion) for emotion in emotions]]
    return np.repeat(rows[:, None], frames, axis=1)


def test_an_undisturbed_still_is_cropped_as_it_is() -> None:
    still = smooth()
    (frame, *_), (face, *_) = held(still, CALM, 0.1, 1), faces(CALM, 0.1, 1)
    inner = np.s_[4:-4, 4:-4]
    difference = crop(frame.image, face).astype(float) - still
    assert np.abs(difference[inner]).mean() < 4


def test_swaying_and_tilting_alone_change_little_in_the_crop() -> None:
    still, how = smooth(), Disturbance(wander=0, noise=0, flicker=0, drift=0)
    seen = [
        crop(frame.image, face).astype(float)
        for frame, face in zip(held(still, how, 2, 3), faces(how, 2, 3), strict=True)
    ]
    assert np.abs(np.diff(seen, axis=0))[:, 4:-4, 4:-4].mean() < 4


def test_the_same_seed_disturbs_alike() -> None:
    first, second = (held(smooth(), Disturbance(), 0.2, 5) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.image, b.image)


def test_expressions_read_with_certainty_never_switch() -> None:
    found = steadiness(answers(Emotion.HAPPY, Emotion.SAD), Reading())
    assert found.switches_per_minute == found.switches_per_minute_unsteadied == 0
    assert found.switched_stills == 0


def test_an_answer_that_alternates_is_counted_and_steadied() -> None:
    alternating = answers(Emotion.HAPPY, frames=300)
    alternating[0, ::2] = answers(Emotion.SAD, frames=150)[0]
    alternating[0, ::4] = answers(Emotion.SAD, frames=75)[0]
    found = steadiness(alternating, Reading())
    assert found.switches_per_minute_unsteadied > 1000
    assert found.switches_per_minute == 0


def test_a_change_shows_at_once_where_nothing_is_steadied() -> None:
    found = steadiness(answers(Emotion.HAPPY, Emotion.SAD), AT_ONCE)
    assert found.changes == 1
    assert found.missed_changes == 0
    assert found.latency_ms_median is not None
    assert found.latency_ms_median == 0
    assert found.reads_per_second == FPS
    assert found.glitches_shown == 1


def test_more_evidence_is_later() -> None:
    pair = answers(Emotion.HAPPY, Emotion.SAD)
    delays = [
        steadiness(pair, Reading(evidence=evidence)).latency_ms_median or 0
        for evidence in (0.15, 0.3, 0.6)
    ]
    assert delays == sorted(set(delays))


def test_a_blink_does_not_show_and_a_calm_face_is_not_read_in_every_frame() -> None:
    found = steadiness(answers(Emotion.HAPPY, Emotion.SAD), Reading())
    assert found.glitches_shown == 0
    assert found.reads_per_second < FPS / 3


def test_a_change_that_never_shows_is_missed() -> None:
    pair = answers(Emotion.HAPPY, Emotion.SAD)
    pair[1] = 0.5 * (answers(Emotion.SAD)[0] + answers(Emotion.HAPPY)[0])
    pair[1, :, EMOTIONS.index(Emotion.SAD)] += 0.02
    found = steadiness(pair, Reading(hysteresis=0.3))
    assert found.missed_changes == 1
    assert found.latency_ms_median is None


def test_stills_of_one_expression_have_no_latency() -> None:
    found = steadiness(answers(Emotion.HAPPY, Emotion.HAPPY), Reading())
    assert found.changes == 0
    assert found.latency_ms_median is None


def test_labels_are_those_of_the_reader() -> None:
    assert set(labels(answers(Emotion.FEAR)[0], Reading())) == {Emotion.FEAR}


def test_the_shipped_portraits_are_stills_for_strangers() -> None:
    squares = stills(None, 60)
    assert len(squares) >= 4
    assert all(square.ndim == 2 and square.shape[0] == square.shape[1] for square in squares)


@pytest.mark.parametrize("seconds", [0.5])
def test_the_shipped_network_is_measured(seconds: float) -> None:
    found = measure(n=3, seconds=seconds)
    assert found["stills"] >= 3
    assert found["source"]
