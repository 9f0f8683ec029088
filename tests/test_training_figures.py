from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcam_emoji.training.augment import Variation, varied
from vcam_emoji.training.figures import (
    calibration_error,
    figures,
    near_duplicates,
    temperature,
)


def one_hot(answers: list[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.eye(7, dtype=np.float32)[answers]


def pictures(n: int, seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (n, 48, 48), dtype=np.uint8)


def test_figures_of_a_known_confusion() -> None:
    found = figures(np.array([0, 0, 0, 3, 3, 6]), one_hot([0, 0, 3, 3, 3, 0]))
    assert found.n == 6
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.recall == pytest.approx({"angry": 2 / 3, "happy": 1, "neutral": 0})
    assert found.macro_f1 == pytest.approx((4 / 6 + 4 / 5 + 0) / 3)
    assert found.confusion[0] == [2, 0, 0, 1, 0, 0, 0]
    assert sum(map(sum, found.confusion)) == 6


@given(st.lists(st.integers(0, 6), min_size=1, max_size=50))
def test_perfect_answers_score_one(labels: list[int]) -> None:
    found = figures(np.array(labels), one_hot(labels))
    assert found.accuracy == found.macro_f1 == 1
    assert set(found.recall.values()) == {1.0}


def test_calibration_error_is_the_gap_between_confidence_and_being_right() -> None:
    labels = np.array([0] * 10)
    sure = np.full((10, 7), 0.2 / 6, np.float32)
    sure[:8, 0], sure[8:, 1] = 0.8, 0.8
    assert calibration_error(labels, sure) == pytest.approx(0, abs=1e-6)
    assert calibration_error(np.array([1] * 10), sure) == pytest.approx(0.6, abs=1e-6)
    assert calibration_error(np.array([0]), one_hot([0])) == 0


@pytest.mark.parametrize("true", [0.5, 1.0, 2.5])
def test_the_temperature_that_warmed_the_logits_is_found(true: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 7))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (shares.cumsum(axis=1) < rng.random((len(shares), 1))).sum(axis=1)
    found = temperature(labels, (logits * true).astype(np.float32))
    assert found == pytest.approx(true, rel=0.05)


def test_near_duplicates_are_found_though_relit() -> None:
    known = np.repeat(np.repeat(pictures(20)[:, :12, :12], 4, axis=1), 4, axis=2)
    relit = (known[3].astype(float) * 0.7 + 20).astype(np.uint8)
    other = np.repeat(np.repeat(pictures(1, 9)[:, :12, :12], 4, axis=1), 4, axis=2)
    flat = np.full((1, 48, 48), 90, np.uint8)
    asked = np.concatenate([relit[None], other, flat])
    assert near_duplicates(asked, known).tolist() == [True, False, False]


def test_the_same_chance_varies_alike() -> None:
    everything = Variation(erase=0.5, camera=0.8)
    first, second = (varied(pictures(16), everything, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.shape == (16, 48, 48)
    assert first.dtype == np.uint8


def test_without_variation_a_picture_only_ever_turns_into_its_mirror_image() -> None:
    still = Variation(rotation=0, shift=0, scale=0, contrast=0, brightness=0)
    images = pictures(32)
    mirrored = 0
    for before, after in zip(images, varied(images, still, np.random.default_rng(0)), strict=True):
        if not np.array_equal(before, after):
            np.testing.assert_array_equal(before[:, ::-1], after)
            mirrored += 1
    assert 8 < mirrored < 24


def test_variation_leaves_the_given_pictures_alone() -> None:
    images = pictures(8)
    varied(images, Variation(erase=1, camera=1), np.random.default_rng(0))
    np.testing.assert_array_equal(images, pictures(8))
