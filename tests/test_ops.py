"""Each fast operation computes what its slow twin says, on whichever backend Keras runs on."""

from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

pytest.importorskip("keras")
from keras import ops as k

from generator import ops, reference
from generator.ops import FILTER

pytestmark = pytest.mark.generator

Array: TypeAlias = NDArray[np.float64]

TAPS = st.lists(st.floats(-1, 1), min_size=1, max_size=6).filter(lambda taps: abs(sum(taps)) > 0.2)


def tensor(array: Array) -> Any:
    return k.convert_to_tensor(np.asarray(array, np.float32))


def numbers(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape)


def agree(fast: Any, slow: Array, tolerance: float = 2e-5) -> None:
    fast = np.asarray(k.convert_to_numpy(fast))
    assert fast.shape == slow.shape
    np.testing.assert_allclose(
        fast, slow, rtol=tolerance, atol=tolerance * (1 + np.abs(slow).max())
    )


@settings(max_examples=25, deadline=None)
@given(
    taps=TAPS,
    up=st.integers(1, 3),
    down=st.integers(1, 3),
    pad=st.tuples(st.integers(-1, 6), st.integers(-1, 6)),
    side=st.integers(4, 6),
)
def test_upfirdn_is_zeros_padding_filter_and_decimation(
    taps: list[float], up: int, down: int, pad: tuple[int, int], side: int
) -> None:
    if side * up + sum(pad) < len(taps):
        return
    x = numbers(1, 2, side, side + 1, 3)
    agree(
        ops.upfirdn(tensor(x), taps, up=up, down=down, pad=pad, gain=2.0),
        reference.upfirdn(x, taps, up, down, pad, 2.0),
        # Taps that nearly cancel are blown up when they are made to sum to 1.
        tolerance=2e-4,
    )


def test_upsampling_is_the_filter_over_zeros() -> None:
    x = numbers(2, 2, 4, 6, 3)
    agree(ops.upsample(tensor(x)), reference.upfirdn(x, FILTER, up=2, pad=(2, 1), gain=4.0))


def test_downsampling_is_every_second_filtered_pixel() -> None:
    x = numbers(3, 2, 4, 8, 3)
    agree(ops.downsample(tensor(x)), reference.upfirdn(x, FILTER, down=2, pad=(1, 1)))


def test_flat_pictures_stay_flat_away_from_the_border() -> None:
    flat = np.full((1, 8, 8, 1), 0.7)
    larger = np.asarray(ops.upsample(tensor(flat)))[0, 2:-2, 2:-2, 0]
    smaller = np.asarray(ops.downsample(tensor(flat)))[0, 1:-1, 1:-1, 0]
    np.testing.assert_allclose(larger, 0.7, atol=1e-6)
    np.testing.assert_allclose(smaller, 0.7, atol=1e-6)


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize(("side", "up"), [(1, 1), (3, 1), (3, 2)])
def test_scaling_activations_equals_scaling_each_pictures_weights(
    up: int, demodulate: bool, side: int
) -> None:
    x, kernel = numbers(4, 3, 5, 4, 2), numbers(5, side, side, 2, 6)
    style = numbers(6, 3, 2) + 1
    agree(
        ops.modulated_conv(tensor(x), tensor(kernel), tensor(style), demodulate=demodulate, up=up),
        reference.modulated_conv(x, kernel, style, demodulate, up),
    )


def test_demodulated_outputs_have_unit_variance_whatever_the_style() -> None:
    x = numbers(7, 4, 32, 32, 16)
    kernel, style = numbers(8, 3, 3, 16, 8), np.exp(numbers(9, 4, 16))
    y = np.asarray(ops.modulated_conv(tensor(x), tensor(kernel), tensor(style)))
    assert y[:, 1:-1, 1:-1].var() == pytest.approx(1.0, abs=0.1)


def test_a_shortcut_at_twice_the_size_is_a_convolution_and_a_filter() -> None:
    x, kernel = numbers(10, 1, 4, 4, 2), numbers(11, 1, 1, 2, 3)
    mapped = np.einsum("nhwi,io->nhwo", x, kernel[0, 0])
    agree(
        ops.conv(tensor(x), tensor(kernel), up=2),
        reference.upfirdn(mapped, FILTER, up=2, pad=(2, 1), gain=4.0),
    )


def test_adaptive_instance_normalisation_gives_each_channel_its_mean_and_deviation() -> None:
    x, scale, bias = numbers(12, 2, 8, 8, 3) * 5 + 2, numbers(13, 2, 3), numbers(14, 2, 3)
    y = ops.adaptive_instance_norm(tensor(x), tensor(scale), tensor(bias))
    agree(y, reference.adaptive_instance_norm(x, scale, bias))
    np.testing.assert_allclose(np.asarray(y).mean(axis=(1, 2)), bias, atol=1e-4)
    np.testing.assert_allclose(np.asarray(y).std(axis=(1, 2)), np.abs(scale), atol=1e-3)


@pytest.mark.parametrize("activation", ["linear", "lrelu"])
@pytest.mark.parametrize("clamp", [None, 0.5])
def test_activations_bend_scale_and_clamp(activation: ops.Activation, clamp: float | None) -> None:
    x, bias = numbers(15, 2, 3, 3, 4), numbers(16, 4)
    agree(
        ops.activate(tensor(x), tensor(bias), activation, gain=0.7, clamp=clamp),
        reference.activate(x, bias, activation, 0.7, clamp),
    )


@pytest.mark.parametrize(("n", "group"), [(1, 4), (4, 4), (8, 4), (6, 2), (4, None)])
def test_the_minibatch_deviation_tells_how_much_a_group_differs(n: int, group: int | None) -> None:
    x = numbers(17, n, 4, 4, 3)
    agree(
        ops.with_minibatch_deviation(tensor(x), group),
        reference.with_minibatch_deviation(x, group),
    )


def test_a_batch_of_one_picture_repeated_has_no_deviation() -> None:
    x = np.repeat(numbers(18, 1, 4, 4, 3), 4, axis=0)
    spread = np.asarray(ops.with_minibatch_deviation(tensor(x), 4))[..., -1]
    np.testing.assert_allclose(spread, 1e-4, atol=1e-6)
