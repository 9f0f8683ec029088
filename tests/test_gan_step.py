"""A step of the generator's training, on whichever backend Keras runs on."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("keras")
from keras import ops

from generator import networks, weights
from generator.configuration import Checkpoint, Configuration
from generator.recipe import Recipe, recipe
from generator.step import Step, fresh, frozen_names
from generator.training import checkpoint, flattened, restored

pytestmark = pytest.mark.generator

SMALL = Configuration(8, z_dim=8, w_dim=8, mapping_layers=1, channel_base=64, channel_max=8)
RECIPE = replace(
    recipe(SMALL, 4, seed=5, kimg=1.0, gamma=0.1), freeze=1, r1_interval=2, path_interval=2
)


def beginning(how: Recipe = RECIPE) -> Any:
    rng = np.random.default_rng(how.seed)
    c = how.configuration
    begun = Checkpoint(c, weights.fresh_generator(c, rng), weights.fresh_discriminator(c, rng))
    return fresh(begun, how)


def reals(number: int = 0) -> Any:
    rng = np.random.default_rng((7, number))
    return ops.convert_to_tensor(rng.integers(0, 255, (4, 8, 8, 3)).astype(np.uint8))


@cache
def step() -> Step:
    return Step(RECIPE, fused=False)


@cache
def after(steps: int) -> tuple[dict[str, NDArray[Any]], dict[str, float]]:
    state = beginning()
    seen: dict[str, float] = {}
    for number in range(steps):
        state, found = step()(state, reals(number), number)
        seen |= {name: float(value) for name, value in found.items()}
    return flattened(state), seen


def test_a_step_trains_both_networks_and_counts() -> None:
    before, (now, seen) = flattened(beginning()), after(2)
    moved = {name for name in before if not np.array_equal(before[name], now[name])}
    assert {"images", "a", "p", "w_avg", "r/sum"} - moved <= {"p"}
    assert {name for name in before if name.startswith("G/") and name not in moved} == set()
    assert int(now["images"]) == 8
    # The lazy phases are steps of their own: 1 and 1 of 2.
    assert (int(now["t/G"]), int(now["t/D"])) == (3, 3)
    assert all(np.isfinite(value).all() for value in now.values())
    assert set(seen) == {
        "loss_G", "loss_D", "D_real", "D_fake", "r_t", "p", "R1", "path", "path_length"
    }  # fmt: skip
    assert all(np.isfinite(value) for value in seen.values())


def test_frozen_layers_of_d_stay_and_all_others_move() -> None:
    before, (now, _) = flattened(beginning()), after(2)
    frozen = tuple(f"D/{name}" for name in frozen_names(RECIPE))
    for name in before:
        if name.startswith("D/"):
            assert np.array_equal(before[name], now[name]) == name.startswith(frozen), name


def test_the_same_step_from_the_same_state_is_the_same() -> None:
    """A state that went through arrays, as a file holds them, goes on bit for bit."""
    arrays, _ = after(2)
    whole = [flattened(step()(restored(arrays), reals(2), 2)[0]) for _ in range(2)]
    for name, value in whole[0].items():
        np.testing.assert_array_equal(value, whole[1][name], err_msg=name)
        np.testing.assert_array_equal(value, after(3)[0][name], err_msg=name)


def test_d_learns_to_tell_what_it_is_shown_from_what_g_makes() -> None:
    """The real pictures are always the same four, so their logits rise above those of fakes."""
    state, apart = beginning(), []
    for number in range(50):
        state, found = step()(state, reals(), number)
        apart.append(float(found["D_real"]) - float(found["D_fake"]))
    assert np.mean(apart[-20:]) > np.mean(apart[:10]) + 0.1


def test_reals_and_fakes_judged_together_do_not_share_a_group() -> None:
    """Interleaved, a group of the minibatch deviation holds one kind: logits are the same."""
    rng = np.random.default_rng(1)
    c = replace(SMALL, group_size=4)
    d = weights.prepared(weights.fresh_discriminator(c, rng))
    reals, fakes = (
        ops.convert_to_tensor(rng.normal(size=(8, 8, 8, 3)).astype(np.float32)) for _ in range(2)
    )
    both = ops.reshape(ops.stack([reals, fakes], axis=1), (16, 8, 8, 3))
    together = np.asarray(ops.convert_to_numpy(networks.discriminate(d, c, both))).reshape(8, 2)
    for i, alone in enumerate((reals, fakes)):
        expected = np.asarray(ops.convert_to_numpy(networks.discriminate(d, c, alone)))[:, 0]
        np.testing.assert_allclose(together[:, i], expected, rtol=1e-4, atol=1e-5)


def test_what_is_kept_is_the_average_with_the_mean_of_w() -> None:
    arrays, _ = after(2)
    kept = checkpoint(RECIPE, restored(arrays), {})
    np.testing.assert_array_equal(kept.generator["mapping.w_avg"], arrays["w_avg"])
    bias = "synthesis.b8.conv1.bias"
    np.testing.assert_array_equal(kept.generator[bias], arrays[f"G_ema/{bias}"])
    again = weights.prepared(kept.generator)
    assert set(again) == set(
        weights.prepared(weights.fresh_generator(SMALL, np.random.default_rng()))
    )
