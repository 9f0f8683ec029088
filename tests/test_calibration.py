"""Offsets for one person: they take back what the face at rest is taken for, and little else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcam_emoji.calibration import EMOTIONS, Scores, fitted, offsets, shifted
from vcam_emoji.settings import LARGEST_OFFSET, Calibration
from vcam_emoji.types import Emotion

SAD, NEUTRAL = EMOTIONS.index(Emotion.SAD), EMOTIONS.index(Emotion.NEUTRAL)


def seen(n: int = 30, seed: int = 0, **shares: float) -> Scores:
    """[n, 7] scores around those shares, each sample a little different."""
    rng = np.random.default_rng(seed)
    logs = np.log([shares.get(str(emotion), 0.01) for emotion in EMOTIONS])
    raised = np.exp(logs + rng.normal(0, 0.2, (n, len(EMOTIONS))))
    scores: Scores = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    return scores


def neutral_share(scores: Scores, own: Calibration) -> float:
    return float((shifted(scores, offsets(own)).argmax(axis=1) == NEUTRAL).mean())


def test_a_face_that_always_looks_sad_is_read_as_neutral() -> None:
    at_rest = seen(sad=0.7, neutral=0.2)
    own = fitted({Emotion.NEUTRAL: at_rest})
    assert neutral_share(at_rest, Calibration()) == 0
    assert neutral_share(seen(sad=0.7, neutral=0.2, seed=1), own) > 0.9
    assert own.sad < -1
    assert abs(own.happy) < 0.2 * abs(own.sad), "of which the face shows nothing"


def test_sadness_itself_is_still_read_as_such() -> None:
    own = fitted({Emotion.NEUTRAL: seen(sad=0.7, neutral=0.2)})
    scores = shifted(seen(sad=0.95, neutral=0.02), offsets(own))
    assert (scores.argmax(axis=1) == SAD).mean() > 0.9


def test_a_face_that_is_read_rightly_is_hardly_changed() -> None:
    own = fitted({Emotion.NEUTRAL: seen(neutral=0.95)})
    assert max(abs(each) for each in own.model_dump().values()) < 0.2


def test_what_was_shown_on_purpose_is_kept() -> None:
    at_rest, shown = seen(sad=0.5, neutral=0.4), seen(sad=0.55, neutral=0.35, happy=0.06, seed=2)
    alone = fitted({Emotion.NEUTRAL: at_rest})
    both = fitted({Emotion.NEUTRAL: at_rest, Emotion.SAD: shown})
    assert both.sad > alone.sad


def test_an_emotion_that_is_hard_to_read_is_raised_when_it_is_shown() -> None:
    own = fitted({Emotion.NEUTRAL: seen(neutral=0.9), Emotion.FEAR: seen(neutral=0.5, fear=0.3)})
    assert own.fear > 0.3


@given(
    st.dictionaries(
        st.sampled_from(EMOTIONS),
        st.lists(
            st.lists(st.floats(0, 1), min_size=7, max_size=7).filter(lambda row: sum(row) > 0.1),
            min_size=1,
            max_size=5,
        ),
        min_size=1,
    )
)
def test_offsets_are_bounded_whatever_was_seen(
    samples: dict[Emotion, list[list[float]]],
) -> None:
    scores = {
        emotion: (np.array(rows) / np.sum(rows, axis=1, keepdims=True)).astype(np.float32)
        for emotion, rows in samples.items()
    }
    own = fitted(scores)
    assert max(abs(each) for each in own.model_dump().values()) <= LARGEST_OFFSET


def test_offsets_are_in_the_order_of_the_emotions_and_neutral_has_none() -> None:
    added = offsets(Calibration(angry=1, surprise=-2))
    assert added.tolist() == [1, 0, 0, 0, 0, -2, 0]


@pytest.mark.parametrize("shape", [(7,), (3, 7), (2, 3, 7)])
def test_shifted_scores_sum_to_one(shape: tuple[int, ...]) -> None:
    scores = np.full(shape, 1 / 7, np.float32)
    moved = shifted(scores, offsets(Calibration(happy=2)))
    np.testing.assert_allclose(moved.sum(axis=-1), 1, atol=1e-5)
    assert (moved.argmax(axis=-1) == EMOTIONS.index(Emotion.HAPPY)).all()
