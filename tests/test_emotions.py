from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests import fakes
from vcam_emoji.emotion_network import EMOTIONS, EmotionNetwork
from vcam_emoji.emotions import SteadyReader, open_reader
from vcam_emoji.errors import ModelError
from vcam_emoji.resources import asset
from vcam_emoji.settings import Calibration, Reading
from vcam_emoji.types import Emotion, EmotionEstimate, Frame

FACE = fakes.face()
HAPPY, SAD = EMOTIONS.index(Emotion.HAPPY), EMOTIONS.index(Emotion.SAD)


def scores_of(emotion: int, share: float = 0.88) -> NDArray[np.float32]:
    scores = np.full(7, (1 - share) / 6, np.float32)
    scores[emotion] = share
    return scores


@dataclass
class ScriptedNetwork:
    """Answers the same for every crop, until it is told otherwise."""

    answer: NDArray[np.float32]
    crops: int = 0

    def scores(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.crops += len(crops)
        return np.tile(self.answer, (len(crops), 1))


def play(
    answers: Sequence[NDArray[np.float32]], how: Reading, every_s: float = 0.1
) -> list[EmotionEstimate]:
    """What one face is said to show while the network answers one by one."""
    network = ScriptedNetwork(answers[0])
    reader = SteadyReader(network, lambda: how)
    estimates = []
    for i, answer in enumerate(answers):
        network.answer = answer
        estimates.append(reader.read(frame(i * every_s), [FACE])[FACE.id])
    return estimates


def frame(time: float) -> Frame:
    return Frame(np.zeros((480, 640, 3), np.uint8), time)


raw_scores = st.lists(
    st.lists(st.floats(0.001, 1), min_size=7, max_size=7).map(
        lambda values: (np.array(values) / np.sum(values)).astype(np.float32)
    ),
    min_size=1,
    max_size=40,
)
ways = st.builds(
    Reading,
    smoothing_s=st.floats(0, 3),
    hysteresis=st.floats(0, 1),
    evidence=st.floats(0, 2),
    minimum_hold_s=st.floats(0, 2),
    every_s=st.floats(0, 1),
)
AT_ONCE = Reading(smoothing_s=0, hysteresis=0, evidence=0, minimum_hold_s=0, every_s=0)


@settings(deadline=None)
@given(raw_scores, ways)
def test_smoothed_scores_sum_to_one(answers: list[NDArray[np.float32]], how: Reading) -> None:
    for estimate in play(answers, how):
        assert sum(estimate.scores) == pytest.approx(1, abs=1e-4)
        assert min(estimate.scores) >= 0


@settings(deadline=None)
@given(raw_scores, ways)
def test_no_label_is_given_up_before_its_minimum_hold(
    answers: list[NDArray[np.float32]], how: Reading
) -> None:
    labels = [estimate.emotion for estimate in play(answers, how)]
    switches = [i for i in range(1, len(labels)) if labels[i] != labels[i - 1]]
    for earlier, later in zip([0, *switches], switches, strict=False):
        assert (later - earlier) * 0.1 >= how.minimum_hold_s - 1e-6


@settings(deadline=None)
@given(raw_scores, ways)
def test_a_constant_face_never_switches(answers: list[NDArray[np.float32]], how: Reading) -> None:
    assert len({estimate.emotion for estimate in play([answers[0]] * 20, how)}) == 1


def test_a_new_label_needs_evidence_for_as_long_as_it_takes() -> None:
    how = Reading(hysteresis=0.1, evidence=0.5, minimum_hold_s=0, every_s=0)
    lead = np.log(0.6 / 0.3) - 0.1
    slight = np.array([0, 0, 0, 0.3, 0.6, 0.1, 0], np.float32)
    labels = [each.emotion for each in play([scores_of(HAPPY)] + [slight] * 40, how, 1 / 30)]
    assert labels.index(Emotion.SAD) == np.ceil(0.5 / lead * 30 + 1e-6)


def test_the_clearer_the_sooner() -> None:
    how = Reading(minimum_hold_s=0, every_s=0)
    delays = []
    for share in (0.94, 0.6, 0.56):
        then = np.full(7, 0.0, np.float32)
        then[SAD], then[HAPPY] = share, 1 - share - 0.05
        shown = play([scores_of(HAPPY)] + [then] * 90, how, 1 / 30)
        delays.append([each.emotion for each in shown].index(Emotion.SAD))
    assert delays == sorted(set(delays))


def test_what_trails_uses_up_its_evidence() -> None:
    how = Reading(minimum_hold_s=0, every_s=0)
    wavering = [scores_of(HAPPY), scores_of(SAD)] * 60
    assert {each.emotion for each in play(wavering, how, 1 / 30)} == {Emotion.HAPPY}


def test_a_lead_within_the_hysteresis_changes_nothing() -> None:
    how = AT_ONCE.model_copy(update={"hysteresis": 0.5})
    near = np.array([0, 0, 0, 0.42, 0.58, 0, 0], np.float32)
    labels = [each.emotion for each in play([scores_of(HAPPY), near, scores_of(SAD)], how)]
    assert labels == [Emotion.HAPPY, Emotion.HAPPY, Emotion.SAD]


def test_no_single_reading_after_a_gap_decides() -> None:
    how = Reading(minimum_hold_s=0)
    shown = play([scores_of(HAPPY), scores_of(SAD), scores_of(HAPPY)], how, every_s=1.0)
    assert {each.emotion for each in shown} == {Emotion.HAPPY}


def test_smoothing_forgets_by_its_time_constant_whatever_the_frame_rate() -> None:
    how = Reading(smoothing_s=0.5, every_s=0)
    first, then = scores_of(HAPPY), scores_of(SAD)
    slow = play([first] + [then] * 5, how, every_s=0.2)[-1]
    fast = play([first] + [then] * 10, how, every_s=0.1)[-1]
    np.testing.assert_allclose(slow.scores, fast.scores, atol=1e-5)
    share = (slow.scores[HAPPY] - then[HAPPY]) / (first[HAPPY] - then[HAPPY])
    assert share == pytest.approx(np.exp(-2), abs=1e-4)


def test_a_change_of_the_settings_shows_on_the_next_frame() -> None:
    how = replace_hold(AT_ONCE, 5)
    network = ScriptedNetwork(scores_of(HAPPY))
    reader = SteadyReader(network, lambda: how)
    reader.read(frame(0), [FACE])
    network.answer = scores_of(SAD)
    assert reader.read(frame(1), [FACE])[FACE.id].emotion is Emotion.HAPPY
    how = replace_hold(how, 0)
    assert reader.read(frame(1.1), [FACE])[FACE.id].emotion is Emotion.SAD


def replace_hold(how: Reading, seconds: float) -> Reading:
    return how.model_copy(update={"minimum_hold_s": seconds})


def test_faces_are_steadied_each_by_itself_and_forgotten_when_they_go() -> None:
    network = ScriptedNetwork(scores_of(HAPPY))
    reader = SteadyReader(network, lambda: Reading(minimum_hold_s=5))
    other = fakes.face((100, 100), identity=2)
    reader.read(frame(0), [FACE])
    network.answer = scores_of(SAD)
    both = reader.read(frame(0.1), [FACE, other])
    assert (both[1].emotion, both[2].emotion) == (Emotion.HAPPY, Emotion.SAD)
    assert set(reader.read(frame(0.2), [other])) == {2}
    assert reader.read(frame(0.3), [FACE])[1].emotion is Emotion.SAD, "a newcomer has no past"


def test_a_lost_face_keeps_what_it_last_showed() -> None:
    network = ScriptedNetwork(scores_of(HAPPY))
    reader = SteadyReader(network, lambda: Reading(smoothing_s=0, minimum_hold_s=0))
    seen = reader.read(frame(0), [FACE])[1]
    network.answer = scores_of(SAD)
    assert reader.read(frame(1), [replace(FACE, lost_s=0.3)])[1] is seen
    assert network.crops == 1


def test_a_face_first_met_while_lost_gets_an_estimate_too() -> None:
    reader = SteadyReader(ScriptedNetwork(scores_of(SAD)), Reading)
    assert reader.read(frame(0), [replace(FACE, lost_s=0.1)])[1].emotion is Emotion.SAD


def test_a_calm_face_is_read_now_and_then() -> None:
    network = ScriptedNetwork(scores_of(HAPPY))
    reader = SteadyReader(network, lambda: Reading(every_s=0.15))
    for i in range(30):
        reader.read(frame(i / 30), [FACE])
    assert network.crops == 6


def test_a_face_that_may_be_changing_is_read_in_every_frame_until_that_is_sure() -> None:
    network = ScriptedNetwork(scores_of(HAPPY))
    reader = SteadyReader(network, Reading)
    reads = []
    for i in range(60):
        if i == 20:
            network.answer = scores_of(SAD)
        before = network.crops
        estimate = reader.read(frame(i / 30), [FACE])[FACE.id]
        reads.append(network.crops - before)
        if estimate.emotion is Emotion.SAD:
            break
    assert reads[-4:] == [1, 1, 1, 1]
    calm = [reader.read(frame(3 + i / 30), [FACE]) and network.crops for i in range(30)]
    assert len(set(calm)) <= 7, "and then as before"


def test_every_frame_is_read_where_they_come_slowly() -> None:
    network = ScriptedNetwork(scores_of(HAPPY))
    reader = SteadyReader(network, Reading)
    for i in range(10):
        reader.read(frame(i / 5), [FACE])
    assert network.crops == 10


def test_offsets_change_what_is_read_and_show_on_the_next_frame() -> None:
    network = ScriptedNetwork(scores_of(SAD, 0.5))
    own = Calibration()
    reader = SteadyReader(network, lambda: AT_ONCE, lambda: own)
    assert reader.read(frame(0), [FACE])[1].emotion is Emotion.SAD
    own = Calibration(sad=-3)
    estimate = reader.read(frame(1), [FACE])[1]
    assert estimate.emotion is not Emotion.SAD
    assert sum(estimate.scores) == pytest.approx(1, abs=1e-4)
    assert estimate.raw == pytest.approx(tuple(network.answer))


def test_offsets_are_the_largest_faces_alone() -> None:
    network = ScriptedNetwork(scores_of(SAD, 0.5))
    reader = SteadyReader(network, lambda: AT_ONCE, lambda: Calibration(sad=-3))
    small = fakes.face((100, 100), size=60, identity=2)
    read = reader.read(frame(0), [small, FACE])
    assert read[2].emotion is Emotion.SAD
    assert read[1].emotion is not Emotion.SAD


def test_a_clock_that_jumps_back_starts_afresh() -> None:
    network = ScriptedNetwork(scores_of(HAPPY))
    reader = SteadyReader(network, lambda: Reading(minimum_hold_s=5))
    reader.read(frame(100), [FACE])
    network.answer = scores_of(SAD)
    assert reader.read(frame(0), [FACE])[1].emotion is Emotion.SAD


def test_reset_forgets_every_face() -> None:
    network = ScriptedNetwork(scores_of(HAPPY))
    reader = SteadyReader(network, lambda: Reading(minimum_hold_s=5))
    reader.read(frame(0), [FACE])
    reader.reset()
    network.answer = scores_of(SAD)
    assert reader.read(frame(0.01), [FACE])[1].emotion is Emotion.SAD


def test_no_faces_give_no_estimates() -> None:
    assert not SteadyReader(ScriptedNetwork(scores_of(HAPPY)), Reading).read(frame(0), [])


def test_a_missing_network_is_said_and_nothing_pretends_to_read(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="missing"):
        EmotionNetwork(tmp_path / "emotion.tflite")


def test_another_network_is_not_taken_for_one_of_emotions() -> None:
    with pytest.raises(ModelError, match="no emotion network"):
        EmotionNetwork(asset("models/face_landmark.tflite"))


def test_the_shipped_network_is_the_one_of_its_card() -> None:
    folder = asset("models/emotion")
    said = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    content = (folder / said["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == said["sha256"]
    assert f"{said['public']['accuracy']:.2%}" in (folder / "README.md").read_text(encoding="utf-8")


def test_the_shipped_network_scores_any_crop() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (5, 48, 48), dtype=np.uint8)
    scores = EmotionNetwork().scores(crops)
    assert scores.shape == (5, 7)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-3)
    assert EmotionNetwork().scores(crops[:0]).shape == (0, 7)


def test_the_shipped_reader_reads_a_frame() -> None:
    estimate = open_reader(Reading).read(Frame(fakes.noise(), 0), [FACE])[FACE.id]
    assert estimate.emotion in EMOTIONS
