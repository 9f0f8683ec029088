"""Layer swapping: what is swapped where, and what stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.blending import What, blend, blended_names, high_share, position
from generator.checkpoints.shapes import discriminator_shapes, generator_shapes
from generator.configuration import Checkpoint, Configuration
from vcam_emoji.errors import DataError, UsageError

SMALL = Configuration(
    resolution=16, z_dim=6, w_dim=8, mapping_layers=2, channel_base=64, channel_max=8
)
RESIDUAL = replace(SMALL, generator="resnet")

resolutions = st.sampled_from(SMALL.resolutions)
levels = st.sampled_from((0, 1))
widths = st.floats(0, 20)


def random(seed: int, c: Configuration = SMALL) -> Checkpoint:
    rng = np.random.default_rng(seed)
    parts = (generator_shapes(c), discriminator_shapes(c))
    return Checkpoint(
        c, *({n: rng.normal(size=s).astype(np.float32) for n, s in part.items()} for part in parts)
    )


A, B = random(1), random(2)


def from_b(blended: Checkpoint) -> set[str]:
    """The layers, such as `b8.conv0`, of which every blended tensor is B's; all others are A's."""
    found: dict[str, set[bool]] = {}
    for name in blended_names(A.generator):
        value = blended.generator[name]
        is_a, is_b = (np.array_equal(value, each.generator[name]) for each in (A, B))
        assert is_a != is_b, name
        _, block, layer, *_ = name.split(".")
        found.setdefault(f"{block}.{layer}", set()).add(is_b)
    assert all(len(origins) == 1 for origins in found.values())
    return {layer for layer, origins in found.items() if origins == {True}}


ABOVE_8 = {"b16.conv0", "b16.conv1", "b16.torgb"}
ABOVE_4 = {"b8.conv0", "b8.conv1", "b8.torgb"} | ABOVE_8


@pytest.mark.parametrize(
    ("resolution", "level", "swapped"),
    [
        (16, 0, set()),
        (16, 1, set()),
        (8, 0, ABOVE_8),
        (8, 1, ABOVE_8 - {"b16.conv0"}),
        (4, 0, ABOVE_4),
        (4, 1, ABOVE_4 - {"b8.conv0"}),
    ],
)
def test_a_switch_swaps_what_lies_above_it(resolution: int, level: int, swapped: set[str]) -> None:
    assert from_b(blend(A, B, resolution, level)) == swapped


def test_the_residual_generators_shortcut_goes_with_the_layer_that_doubles_the_size() -> None:
    assert position("synthesis.b8.skip.weight") == position("synthesis.b8.conv0.weight") == 2


def test_at_the_full_resolution_nothing_is_swapped() -> None:
    for what, whole in (("high", A), ("low", B)):
        blended = blend(A, B, 16, what=what)  # type: ignore[arg-type]
        assert set(blended.generator) == set(whole.generator)
        for name, value in blended.generator.items():
            np.testing.assert_array_equal(value, whole.generator[name])


@given(resolutions, levels, widths)
def test_mapping_average_and_noise_stay_those_of_the_low_resolutions(
    resolution: int, level: int, width: float
) -> None:
    blended = blend(A, B, resolution, level, width)
    kept = set(A.generator) - set(blended_names(A.generator))
    assert {"mapping.w_avg", "mapping.fc0.weight", "synthesis.b8.conv0.noise_const"} <= kept
    for name in kept:
        np.testing.assert_array_equal(blended.generator[name], A.generator[name])


@given(resolutions, levels, widths)
def test_a_network_blended_with_itself_is_itself(resolution: int, level: int, width: float) -> None:
    blended = blend(A, A, resolution, level, width)
    for name, value in blended.generator.items():
        np.testing.assert_array_equal(value, A.generator[name])


@given(resolutions, levels, widths)
def test_giving_the_low_ones_is_the_other_giving_the_high_ones(
    resolution: int, level: int, width: float
) -> None:
    one = blend(A, B, resolution, level, width, "low")
    other = blend(B, A, resolution, level, width, "high")
    for name, value in one.generator.items():
        np.testing.assert_array_equal(value, other.generator[name])


@given(resolutions, levels)
def test_a_soft_switch_tends_to_the_hard_one_as_it_narrows(resolution: int, level: int) -> None:
    hard, soft = (blend(A, B, resolution, level, width) for width in (0.0, 1e-3))
    for name, value in hard.generator.items():
        np.testing.assert_array_equal(value, soft.generator[name])


@given(resolutions, levels, st.floats(0.01, 20))
def test_a_soft_switch_rises_layer_by_layer_and_is_even_about_its_place(
    resolution: int, level: int, width: float
) -> None:
    row = [
        f"synthesis.b{r}.{layer}.weight" for r in SMALL.resolutions for layer in ("conv0", "conv1")
    ]
    shares = [high_share(name, resolution, level, width) for name in row]
    assert all(0 <= share <= 1 for share in shares)
    assert shares == sorted(shares)
    first = 2 * SMALL.resolutions.index(resolution) + level + 2
    if first < len(row):
        assert shares[first] + shares[first - 1] == pytest.approx(1)
        assert shares[first] == pytest.approx(1 / (1 + np.exp(-0.5 / width)))


@pytest.mark.parametrize("what", ["high", "low"])
def test_a_weaker_blend_leaves_more_of_the_first(what: What) -> None:
    none, half, whole = (blend(A, B, 8, what=what, strength=share) for share in (0.0, 0.5, 1.0))
    for name in blended_names(A.generator):
        np.testing.assert_array_equal(none.generator[name], A.generator[name])
        between = (A.generator[name].astype(np.float32) + whole.generator[name].astype("f")) / 2
        off = half.generator[name].astype(np.float32) - between
        assert np.abs(off).max() < 1e-6


def test_a_blend_has_no_discriminator_and_says_what_it_is_of() -> None:
    a = replace(A, about={"name": "faces"})
    blended = blend(a, B, 8, 1, 0.5)
    assert not blended.discriminator
    assert blended.about["blend"] == {
        "low": {"name": "faces"},
        "high": {},
        "resolution": 8,
        "level": 1,
        "width": 0.5,
        "strength": 1.0,
    }


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (
            random(3, replace(SMALL, resolution=8)),
            "synthesis.b16.conv0.weight is [4, 8, 3, 3] in the first and missing in the second",
        ),
        (
            random(3, replace(SMALL, channel_max=4)),
            "synthesis.b4.const is [8, 4, 4] in the first and [4, 4, 4] in the second",
        ),
        (
            random(3, RESIDUAL),
            "synthesis.b4.torgb.weight is [3, 8, 1, 1] in the first and missing in the second",
        ),
        (
            replace(A, configuration=replace(SMALL, conv_clamp=256.0)),
            "conv_clamp is None in the first and 256.0 in the second",
        ),
    ],
)
def test_a_mismatch_is_told_by_the_first_tensor_that_differs(other: Checkpoint, told: str) -> None:
    with pytest.raises(DataError) as caught:
        blend(A, other, 8)
    assert told in caught.value.message


def test_there_is_no_switch_but_at_the_networks_resolutions() -> None:
    for resolution, level, width in ((32, 0, 0), (6, 0, 0), (8, 2, 0), (8, 0, -1), (8, 0, np.nan)):
        with pytest.raises(UsageError):
            blend(A, B, resolution, level, width)
