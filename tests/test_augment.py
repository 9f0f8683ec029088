"""ADA's changes: none at p = 0, the right ones when asked, and slopes through all of them."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("keras")
from keras import ops

from generator import augment, chance
from generator.augment import BGC, NOTHING, Changes, adapted, augmented, recoloured, warped
from generator.autodiff import compiled, gradient

pytestmark = pytest.mark.generator

EVERYTHING = Changes(blit=True, geometry=True, colour=True, filtering=True, noise=True, cutout=True)
Array = NDArray[np.float32]


def tensor(values: Any) -> Any:
    return ops.convert_to_tensor(np.asarray(values, np.float32))


def array(found: Any) -> Array:
    return np.asarray(ops.convert_to_numpy(found))


def noise(n: int = 4, side: int = 16) -> Array:
    return np.random.default_rng(0).uniform(-1, 1, (n, side, side, 3)).astype(np.float32)


def smooth(n: int = 4, side: int = 16) -> Array:
    """Pictures of low frequency, so that resampling loses little."""
    y, x = np.mgrid[:side, :side] / side
    waves = [np.cos(np.pi * (i % 3 * x + (i + 1) % 2 * y) + i) for i in range(3 * n)]
    return np.stack(waves, axis=2).reshape(side, side, n, 3).transpose(2, 0, 1, 3).astype("f")


@cache
def augmenter(changes: Changes) -> Any:
    return compiled(lambda x, key, p: augmented(x, key, p, changes))


def changed(x: Array, p: float, changes: Changes, seed: int = 0) -> Array:
    return array(augmenter(changes)(tensor(x), chance.key(seed), tensor(p)))


def test_the_wavelet_is_orthogonal_to_itself_at_even_shifts() -> None:
    h = np.array(augment.SYM6)
    products = [float(h[2 * k :] @ h[: len(h) - 2 * k]) for k in range(6)]
    np.testing.assert_allclose(products, [1, 0, 0, 0, 0, 0], atol=1e-11)
    assert h.sum() == pytest.approx(np.sqrt(2))


def test_nothing_changes_at_p_0() -> None:
    x = noise(side=8)
    np.testing.assert_allclose(changed(x, 0.0, EVERYTHING), x, atol=2e-6)
    np.testing.assert_array_equal(changed(x, 1.0, NOTHING), x)


def test_the_same_key_makes_the_same_changes_and_another_makes_others() -> None:
    x = noise()
    first = changed(x, 0.8, EVERYTHING)
    np.testing.assert_array_equal(first, changed(x, 0.8, EVERYTHING))
    assert np.abs(first - changed(x, 0.8, EVERYTHING, seed=1)).max() > 0.1


def test_about_as_many_pictures_change_as_p_says() -> None:
    x = noise(n=200)
    for p in (0.2, 0.7):
        moved = np.abs(changed(x, p, Changes(True, False, False)) - x).max(axis=(1, 2, 3)) > 1e-3
        # Where chosen, half are mirrored, three of four turned, and 15 of 16 shifted.
        untouched = (1 - p / 2) * (1 - 3 * p / 4) * (1 - 15 * p / 16)
        assert 1 - moved.mean() == pytest.approx(untouched, abs=0.1)


def test_blits_without_shifts_are_the_eight_symmetries_of_a_square() -> None:
    x = noise(n=1, side=8)
    whole = np.repeat(x, 300, axis=0)
    found = changed(whole, 1.0, Changes(True, False, False))
    square = [np.rot90(y, turns) for y in (x[0], x[0][:, ::-1]) for turns in range(4)]
    seen = [
        next((i for i, s in enumerate(square) if np.abs(s - y).max() < 1e-4), None) for y in found
    ]
    # A quarter is not shifted at this size.
    assert {i for i in seen if i is not None} == set(range(8))


def test_a_shift_by_whole_pixels_loses_nothing() -> None:
    x = noise(n=2)
    m = np.tile(np.eye(3), (2, 1, 1))
    m[:, :2, 2] = (3, -2)
    found = array(warped(tensor(x), tensor(m)))
    np.testing.assert_allclose(found[:, 5:, :10], x[:, 3:14, 3:13], atol=1e-5)


def test_a_quarter_turn_by_the_warp_is_rot90() -> None:
    x = smooth()
    turn = np.tile([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]], (4, 1, 1))
    found = array(warped(tensor(x), tensor(turn)))
    np.testing.assert_allclose(found, np.rot90(x, axes=(1, 2)), atol=0.06)


def test_a_smaller_picture_is_the_larger_one_seen_from_further_away() -> None:
    """What moves beyond the border comes back mirrored: the mean stays within the extremes."""
    x = np.full((1, 16, 16, 3), (0.3, -0.2, 0.9), np.float32)
    m = np.diag([3.0, 2.0, 1.0])[None]
    np.testing.assert_allclose(array(warped(tensor(x), tensor(m))), x, atol=1e-5)


def test_turning_hue_keeps_greys_and_brightness() -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(-1, 1, (5, 4, 4, 3))
    angle = tensor(rng.uniform(-np.pi, np.pi, 5))
    matrix = ops.concatenate([augment._turned_hue(angle), ops.zeros((5, 3, 1))], axis=2)
    found = array(recoloured(tensor(x), matrix))
    np.testing.assert_allclose(found.mean(axis=3), x.mean(axis=3), atol=1e-5)
    grey = np.repeat(x[..., :1], 3, axis=3)
    np.testing.assert_allclose(array(recoloured(tensor(grey), matrix)), grey, atol=1e-5)


def test_inverted_luma_is_its_own_inverse_and_keeps_colourfulness() -> None:
    matrix = augment._along_luma(tensor([-1.0]), tensor([1.0]))
    np.testing.assert_allclose(array(ops.matmul(matrix, matrix))[0], np.eye(3), atol=1e-6)
    x = np.random.default_rng(3).uniform(-1, 1, (1, 4, 4, 3))
    full = ops.concatenate([matrix, ops.zeros((1, 3, 1))], axis=2)
    found = array(recoloured(tensor(x), full))
    np.testing.assert_allclose(found.mean(axis=3), -x.mean(axis=3), atol=1e-5)
    np.testing.assert_allclose(
        found - found.mean(axis=3, keepdims=True), x - x.mean(axis=3, keepdims=True), atol=1e-5
    )


def test_the_bands_of_the_filter_make_the_picture_again() -> None:
    np.testing.assert_allclose(augment._bands(16).sum(axis=0), np.eye(16), atol=1e-6)


def test_cutout_takes_at_most_a_quarter_away() -> None:
    found = changed(np.ones((30, 16, 16, 3), np.float32), 1.0, replace(NOTHING, cutout=True))
    gone = (found == 0).mean(axis=(1, 2, 3))
    assert gone.max() <= 0.26
    assert gone.mean() > 0.1


def test_slopes_through_the_changes_are_right_to_second_order() -> None:
    """Along a line, first and second derivative agree with differences."""
    x, step = tensor(noise(n=2, side=8)), tensor(noise(n=2, side=8)[::-1].copy())
    weight = tensor(np.random.default_rng(4).normal(size=(2, 8, 8, 3)))

    def value(x: Any) -> Any:
        y = augmented(x, chance.key(5), tensor(0.9), BGC)
        return ops.sum(weight * y * y * y)

    def line(t: Any) -> Any:
        return value(x + t * step)

    first = compiled(gradient(line))
    second = compiled(gradient(gradient(line)))
    along = compiled(line)
    t = 0.05
    near = [float(along(tensor(s))) for s in (-t, 0.0, t)]
    # A cubic: these differences are exact but for rounding and t squared times the third slope.
    assert float(first(tensor(0.0))) == pytest.approx((near[2] - near[0]) / (2 * t), rel=2e-2)
    slopes = [float(first(tensor(s))) for s in (-t, t)]
    assert float(second(tensor(0.0))) == pytest.approx((slopes[1] - slopes[0]) / (2 * t), rel=1e-2)


def test_p_rises_while_d_is_too_sure_and_falls_while_it_is_not() -> None:
    p = tensor(0.1)
    assert float(adapted(p, tensor(0.9), 500)) == pytest.approx(0.101)
    assert float(adapted(p, tensor(0.1), 500)) == pytest.approx(0.099)
    assert float(adapted(tensor(0.0), tensor(0.1), 500)) == 0.0
    assert float(adapted(tensor(1.0), tensor(1.0), 500)) == 1.0
