"""What the generator's training minimises is what the papers write, on whichever backend."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("keras")
from keras import ops

from generator import chance
from generator.autodiff import gradient
from generator.configuration import Configuration
from generator.losses import (
    Adam,
    averaged,
    discriminator_loss,
    generator_loss,
    path_length_penalty,
    path_lengths,
    r1,
    style_mixed,
)
from generator.recipe import recipe

pytestmark = pytest.mark.generator


def tensor(values: Any) -> Any:
    return ops.convert_to_tensor(np.asarray(values, np.float32))


def array(found: Any) -> NDArray[np.float32]:
    return np.asarray(ops.convert_to_numpy(found))


def test_losses_are_the_logistic_ones() -> None:
    real, fake = np.array([[2.0], [-1.0]]), np.array([[0.5], [-3.0]])
    sigmoid = [1 / (1 + np.exp(-x)) for x in (real, fake)]
    expected = -np.log(sigmoid[0]).mean() - np.log(1 - sigmoid[1]).mean()
    assert float(discriminator_loss(tensor(real), tensor(fake))) == pytest.approx(expected, 1e-5)
    assert float(generator_loss(tensor(fake))) == pytest.approx(-np.log(sigmoid[1]).mean(), 1e-5)


def test_losses_of_hopeless_logits_stay_finite() -> None:
    assert float(generator_loss(tensor([[-1e4]]))) == pytest.approx(1e4)


def test_r1_of_a_linear_judge_is_half_gamma_times_its_weights_squared() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(1, 4, 4, 3))
    found = r1(
        lambda x: ops.sum(x * tensor(a), axis=(1, 2, 3))[:, None],
        tensor(rng.normal(size=(5, 4, 4, 3))),
        3.0,
    )
    assert float(found) == pytest.approx(1.5 * (a**2).sum(), 1e-5)


def test_r1_can_be_lowered_along_its_gradient() -> None:
    """Second order: the slope of a slope."""
    x = tensor(np.random.default_rng(1).normal(size=(3, 4, 4, 3)))

    def penalty(scale: Any) -> Any:
        return r1(lambda x: ops.sum(ops.square(x) * scale, axis=(1, 2, 3))[:, None], x, 2.0)

    # |grad|^2 = (2 s x)^2, so the penalty is 4 s^2 E|x|^2, and its slope 8 s E|x|^2.
    energy = float((array(x) ** 2).sum()) / 3
    assert float(gradient(penalty)(tensor(0.7))) == pytest.approx(8 * 0.7 * energy, 1e-4)


def test_path_lengths_of_a_linear_generator_are_those_of_its_matrix() -> None:
    rng = np.random.default_rng(2)
    m, y = rng.normal(size=(6, 4 * 4 * 3)), rng.normal(size=(2, 4, 4, 3))
    ws = rng.normal(size=(2, 3, 6))

    def synthesize(ws: Any) -> Any:
        return ops.reshape(ops.matmul(ops.sum(ws, axis=1), tensor(m)), (2, 4, 4, 3))

    found = array(path_lengths(synthesize, tensor(ws), tensor(y)))
    expected = np.linalg.norm(y.reshape(2, -1) / 4 @ m.T, axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    mean = expected.mean()
    penalty = float(path_length_penalty(tensor(expected), tensor(mean)))
    assert penalty == pytest.approx(expected.var(), 1e-3)


def test_mixed_styles_change_at_one_layer_and_never_at_the_first() -> None:
    ws, other = ops.zeros((400, 6, 2)), ops.ones((400, 6, 2))
    found = array(style_mixed(ws, other, chance.key(4), 0.9))[:, :, 0]
    assert (np.diff(found, axis=1) >= 0).all()
    assert (found[:, 0] == 0).all()
    mixed = found[:, -1] == 1
    assert 0.84 < mixed.mean() < 0.96
    assert set(found[mixed].sum(axis=1)) == {1, 2, 3, 4, 5}


def test_the_first_step_of_adam_is_its_rate_in_the_slope_s_direction() -> None:
    weights, v = {"a": tensor([1.0, -2.0, 3.0])}, {"a": tensor([0.0, 0.0, 0.0])}
    slopes = {"a": tensor([0.5, -1e-3, 0.0])}
    stepped, moments = Adam(0.1).step(weights, slopes, v, ops.convert_to_tensor(1))
    np.testing.assert_allclose(array(stepped["a"]), [0.9, -1.9, 3.0], rtol=1e-4)
    np.testing.assert_allclose(array(moments["a"]), 0.01 * array(slopes["a"]) ** 2, rtol=1e-4)


def test_lazy_regularisation_is_paid_for_in_rate_and_memory() -> None:
    lazy = Adam(0.002).lazy(16)
    assert lazy.rate == pytest.approx(0.002 * 16 / 17)
    assert lazy.beta2 == pytest.approx(0.99 ** (16 / 17))


def test_a_slope_that_is_not_finite_moves_nothing() -> None:
    weights, v = {"a": tensor([1.0, 1.0])}, {"a": tensor([1.0, 1.0])}
    slopes = {"a": tensor([np.nan, np.inf])}
    stepped, moments = Adam(0.1).step(weights, slopes, v, ops.convert_to_tensor(9))
    np.testing.assert_array_equal(array(stepped["a"]), [1.0, 1.0])
    assert np.isfinite(array(moments["a"])).all()


@pytest.mark.parametrize(("images", "kept"), [(1, 0.0), (2000, 0.5), (10_000_000, 0.5**0.01)])
def test_the_average_begins_at_the_weights_and_ramps_up(images: int, kept: float) -> None:
    found = averaged(
        {"a": tensor(0.0)},
        {"a": tensor(1.0)},
        images,
        batch=100,
        half_life=10_000,
    )
    assert float(found["a"]) == pytest.approx(1 - kept, abs=1e-3)


def test_the_rules_follow_resolution_and_batch() -> None:
    small, large = recipe(Configuration(64)), recipe(Configuration(1024))
    assert (small.batch, large.batch) == (32, 4)
    assert small.gamma == pytest.approx(0.0002 * 64**2 / 32)
    assert (small.rate, large.rate) == (0.0025, 0.002)
    assert large.average == pytest.approx(1250)
    assert recipe(Configuration(64), 2).configuration.group_size == 2
    assert recipe(Configuration(64), gamma=9.0, rate=None).gamma == 9.0
