"""What the benchmark counts of a step."""

from dataclasses import replace

import pytest

pytest.importorskip("keras")

from generator.benchmark import flop, matrix_rate, multiplications
from generator.configuration import Configuration
from generator.recipe import recipe

pytestmark = pytest.mark.generator

EIGHT = Configuration(8, channel_base=64, channel_max=16)  # 16 channels at 4 px, 8 at 8 px


def test_the_convolutions_of_the_smallest_networks_are_counted_by_hand() -> None:
    conv1_of_4 = 9 * 16 * 16 * 16
    rgb_of_4 = 3 * 16 * 16
    upward = 9 * 16 * 8 * 16
    conv1_of_8, rgb_of_8 = 9 * 8 * 8 * 64, 3 * 8 * 64
    generator = conv1_of_4 + rgb_of_4 + upward + conv1_of_8 + rgb_of_8
    from_rgb, conv0, downward, skip = 3 * 8 * 64, 9 * 8 * 8 * 64, 9 * 8 * 16 * 16, 8 * 16 * 16
    last = 9 * 17 * 16 * 16
    assert multiplications(EIGHT) == (generator, from_rgb + conv0 + downward + skip + last)


def test_rarer_regularisation_costs_less() -> None:
    often = recipe(EIGHT, 4, r1_interval=1, path_interval=1)
    seldom = replace(often, r1_interval=16, path_interval=4)
    assert flop(often) > flop(seldom) > 2 * (4 * multiplications(EIGHT)[0])


def test_a_rate_is_measured() -> None:
    assert matrix_rate("float32", size=64) > 0
