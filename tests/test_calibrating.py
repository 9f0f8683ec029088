"""The benchmark of calibration, on persons that are made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.test_calibration import seen
from tests.test_emotion_input import smooth
from vcam_emoji.benchmarks.calibrating import judge, lowered, main
from vcam_emoji.calibration import EMOTIONS, PRIOR
from vcam_emoji.types import Emotion

LABELS = np.repeat(np.arange(len(EMOTIONS)), 40)
WORLD = np.concatenate(
    [seen(40, seed=i, **{"neutral": 0.3, str(each): 0.5}) for i, each in enumerate(EMOTIONS)]
)


def test_who_always_looks_sad_has_false_alarms_until_calibrated() -> None:
    sad = WORLD * np.array([1, 1, 1, 1, 90, 1, 1], np.float32)
    sad /= sad.sum(axis=1, keepdims=True)
    found = judge([("sad", sad)], LABELS, (), PRIOR)["sad"]
    assert found["false_alarms"] > 0.9
    assert found["calibrated"] < 0.3


def test_a_strong_prior_changes_nothing() -> None:
    found = judge([("anyone", WORLD)], LABELS, (Emotion.HAPPY,), 1e6)["all"]
    assert found["false_alarms"] == found["calibrated"]
    assert found["expressions_recalled"] == found["expressions_calibrated"]


def test_only_what_is_to_be_lowered_moves_and_it_moves_down() -> None:
    crops = np.zeros((1, 48, 48), np.uint8)
    crops[0, 14:17] = 255
    moved = lowered(crops, 3, 15, (24,))
    assert (moved[0, :, 24] > 128).nonzero()[0].mean() == pytest.approx(17.5, abs=1.2)
    assert (moved[0, :, 0] > 128).nonzero()[0].mean() == 15
    np.testing.assert_array_equal(lowered(crops, 0, 15, (24,)), crops)


def test_the_command_reads_any_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = np.stack([smooth(seed) for seed in range(len(LABELS))])
    np.savez(tmp_path / "faces.npz", images=images, labels=LABELS)
    assert main([str(tmp_path / "faces.npz")]) == 0
    assert "lowered brows" in capsys.readouterr().out
    assert main([str(tmp_path / "none.npz")]) == 2
