from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vcam_emoji.backdrop import Ellipse, behind
from vcam_emoji.types import Image


def wall(grey: int) -> Image:
    return np.full((480, 640, 3), grey, np.uint8)


@given(st.floats(60, 160), st.floats(1.1, 1.5), st.floats(0, 2 * np.pi))
def test_a_head_that_moves_keeps_its_shade(width: float, aspect: float, angle: float) -> None:
    head = Ellipse((320.0, 240.0), width, width * aspect, 0.0)
    # What comes of the same form at another place: the last digits differ.
    moved = Ellipse(
        (320 + 9 * np.cos(angle), 240 + 9 * np.sin(angle)),
        width * (1 - 1e-12),
        width * aspect * (1 + 1e-12),
        0.0,
    )
    before = behind(wall(120), head, [], None)
    assert behind(wall(120), moved, [], before).shade is before.shade


def test_a_wall_in_another_light_gives_new_colours_in_the_same_shade() -> None:
    head = Ellipse((320.0, 240.0), 90.0, 120.0, 0.0)
    before = behind(wall(120), head, [], None)
    now = behind(wall(200), head, [], before)
    assert now.shade is before.shade
    middle = now.shade.small.shape[0] // 2, now.shade.small.shape[1] // 2
    assert abs(int(now.colours[middle][0]) - 200) <= 2


@given(st.floats(30, 200), st.floats(1.0, 1.6))
def test_the_backdrop_is_never_smaller_than_the_head(width: float, aspect: float) -> None:
    shape = behind(wall(120), Ellipse((320.0, 240.0), width, width * aspect, 0.0), [], None).shape
    assert shape[0] >= width
    assert shape[1] >= width * aspect
