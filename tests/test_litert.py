from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vcam_emoji.errors import ModelError
from vcam_emoji.litert import Network
from vcam_emoji.resources import asset


def test_a_missing_network_is_named() -> None:
    with pytest.raises(ModelError, match=r"nowhere\.tflite is missing"):
        Network(Path("nowhere.tflite"))


@pytest.mark.parametrize("content", [b"", b"no model at all", b"TFL3" * 100])
def test_a_damaged_network_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="damaged") as caught:
        Network(path)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(asset("models/emotion/emotion.tflite"))


def test_outputs_belong_to_the_caller(network: Network) -> None:
    shape = network.inputs[0].shape
    (first,) = network.run(np.zeros(shape, np.float32))
    kept = first.copy()
    network.run(np.ones(shape, np.float32))
    np.testing.assert_array_equal(first, kept)


def test_an_array_that_does_not_fit_is_refused_with_what_fits(network: Network) -> None:
    with pytest.raises(ModelError, match=r"float32 \(1, 2, 2, 1\).*takes float32 \(1, 48, 48, 1\)"):
        network.run(np.zeros((1, 2, 2, 1), np.float32))
    with pytest.raises(ModelError, match="float64"):
        network.run(np.zeros((1, 48, 48, 1)))


def test_the_number_of_arrays_is_checked(network: Network) -> None:
    with pytest.raises(ModelError, match="takes 1 arrays, got 0"):
        network.run()


def test_a_network_that_rested_answers_as_before(network: Network) -> None:
    picture = np.full(network.inputs[0].shape, 0.5, np.float32)
    (before,) = network.run(picture)
    network.rest(idle_s=0)
    (after,) = network.run(picture)
    np.testing.assert_array_equal(after, before)


def test_a_network_whose_file_went_while_it_rested_says_so(tmp_path: Path) -> None:
    path = tmp_path / "emotion.tflite"
    path.write_bytes(asset("models/emotion/emotion.tflite").read_bytes())
    network = Network(path)
    path.unlink()
    network.rest(idle_s=60)
    network.run(np.zeros(network.inputs[0].shape, np.float32))
    network.rest(idle_s=0)
    with pytest.raises(ModelError, match="is missing"):
        network.run(np.zeros(network.inputs[0].shape, np.float32))


@pytest.mark.parametrize(
    ("model", "tap", "shape"),
    [
        ("emotion/emotion.tflite", 86, (2, 6, 6, 160)),
        ("selfie_segmentation.tflite", 48, (1, 32, 32, 24)),
        ("face_detection_full_range_sparse.tflite", 211, (1, 24, 24, 128)),
    ],
)
def test_an_inner_tensor_comes_after_outputs_that_stay_as_they_were(
    model: str, tap: int, shape: tuple[int, ...]
) -> None:
    plain, tapped = Network(asset(f"models/{model}")), Network(asset(f"models/{model}"), taps=[tap])
    picture = np.random.default_rng(0).random(plain.inputs[0].shape, np.float32)
    *outputs, inner = tapped.run(picture)
    assert inner.shape == shape
    assert inner.std() > 0
    for expected, given in zip(plain.run(picture), outputs, strict=True):
        np.testing.assert_array_equal(given, expected)


@pytest.mark.parametrize("content", [b"", b"no model at all", b"TFL3" * 100])
def test_a_damaged_network_cannot_be_tapped(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        Network(path, taps=[1])


def test_a_quantised_output_is_given_as_what_it_stands_for() -> None:
    network = Network(asset("models/image_classifier.tflite"), taps=[155])
    picture = np.random.default_rng(0).integers(0, 256, network.inputs[0].shape, np.uint8)
    odds, inner = network.run(picture)
    assert odds.dtype == np.float32
    assert odds.sum() == pytest.approx(1, abs=0.3)
    assert inner.dtype == np.float32
    assert inner.min() < 0 < inner.max()


def test_nothing_is_said_when_a_network_is_opened_and_what_else_is_said_is_kept() -> None:
    code = (
        "import os; from vcam_emoji import litert; from vcam_emoji.resources import asset\n"
        "file = asset('models') / 'face_landmark.tflite'\n"
        "litert.Network(file)\n"
        "with litert._without_greeting(): os.write(2, b'something else\\n')\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stderr == "something else\n"
