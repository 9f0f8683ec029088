from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vcam_emoji.backdrop import Ellipse, behind
from vcam_emoji.plate import Plate
from vcam_emoji.sheet import Area
from vcam_emoji.surroundings import Surroundings
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


SIZE = (640, 480)
HEAD = Ellipse((320.0, 200.0), 90.0, 120.0, 8.0)
FACE = (255, 0, 255)


def striped() -> Image:
    """Finer than any guess."""
    image = wall(120)
    image[:, ::6] = 60
    return image


def plate(image: Image, hidden: list[tuple[int, int, int, int]] | None = None) -> Plate:
    scene = Surroundings(SIZE)
    scene.look(image, 0.0)
    shown = np.full(scene.grid[::-1], 255, np.uint8)
    for x, y, w, h in hidden or []:
        shown[y : y + h, x : x + w] = 0
    remembered = Plate(SIZE, scene.grid)
    remembered.remember(image, scene.now, shown)
    return remembered


def with_face(image: Image) -> tuple[Image, NDArray[np.bool_]]:
    ys, xs = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float32) + np.float32(0.5)
    on_head = HEAD.radius(np.dstack([xs, ys])) <= 1
    image = image.copy()
    image[on_head] = FACE
    return image, on_head


def test_behind_a_head_is_the_room_as_it_was_seen() -> None:
    image, on_head = with_face(striped())
    behind(image, HEAD, [], None).lay(image, room=plate(striped()))
    on_head[230:] = False
    assert np.array_equal(image[on_head], striped()[on_head])


def test_neck_and_collar_are_guessed_and_not_seen_through() -> None:
    image, on_head = with_face(striped())
    behind(image, HEAD, [], None).lay(image, room=plate(striped()))
    below = on_head.copy()
    below[: round(200 + 0.97 * 120)] = False
    assert below.any()
    assert image[below].std() < 3 < striped()[below].std()


@given(
    hidden=st.lists(
        st.tuples(st.integers(0, 159), st.integers(0, 119), st.integers(1, 80), st.integers(1, 80)),
        max_size=4,
    ),
    art=st.none() | st.tuples(st.integers(180, 300), st.integers(60, 200), st.integers(330, 460)),
)
@settings(deadline=None)
def test_whatever_is_known_of_the_room_nothing_of_the_face_is_left(
    hidden: list[tuple[int, int, int, int]], art: tuple[int, int, int] | None
) -> None:
    image, on_head = with_face(striped())
    hole = None if art is None else Area(art[0], art[1], art[2], art[1] + 60)
    behind(image, HEAD, [], None).lay(image, hole, plate(striped(), hidden))
    if hole is not None:
        on_head[hole.part()] = False
    # A face is all red and blue and no green; wall and guess are grey.
    assert np.ptp(image[on_head].astype(int), axis=-1).max() <= 12
