"""What an emoji shows: pinned, else a reaction, else the one read, else neutral."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vcam_emoji.cues import Cues, Reaction, expression
from vcam_emoji.types import Emotion, EmotionEstimate, Expression

SCORES = st.lists(st.floats(0.001, 1), min_size=7, max_size=7).map(
    lambda raw: tuple(each / sum(raw) for each in raw)
)
ESTIMATES = st.builds(EmotionEstimate, SCORES, st.sampled_from(Emotion))


def test_without_any_estimate_a_face_is_neutral() -> None:
    assert expression(None, Cues(), 0.0) == Expression(Emotion.NEUTRAL)


@given(ESTIMATES)
def test_the_label_read_is_shown_with_an_intensity_between_0_and_1(
    estimate: EmotionEstimate,
) -> None:
    shown = expression(estimate, Cues(), 0.0)
    assert shown.emotion is estimate.emotion
    assert 0.0 <= shown.intensity <= 1.0


@given(ESTIMATES, st.sampled_from(Emotion), st.floats(0, 100))
def test_a_reaction_wins_until_its_time_is_over(
    estimate: EmotionEstimate, reaction: Emotion, now: float
) -> None:
    cues = Cues(reaction=Reaction(reaction, until=50.0))
    wanted = reaction if now < 50.0 else estimate.emotion
    assert expression(estimate, cues, now).emotion is wanted


@given(ESTIMATES, st.sampled_from(Emotion), st.sampled_from(Emotion))
def test_a_pinned_emotion_wins_over_a_reaction(
    estimate: EmotionEstimate, pinned: Emotion, reaction: Emotion
) -> None:
    cues = Cues(pinned, Reaction(reaction, until=1e9))
    assert expression(estimate, cues, 0.0) == Expression(pinned)
