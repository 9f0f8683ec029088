from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import fakes
from vcam_emoji.plate import Plate
from vcam_emoji.sheet import Area
from vcam_emoji.surroundings import Cells, Surroundings
from vcam_emoji.types import Image

SIZE = (640, 360)
EVERYTHING = Area(0, 0, *SIZE)


def room(size: tuple[int, int] = SIZE, seed: int = 1) -> Image:
    """No pixel of it is black, which is what a plate holds where nothing is remembered."""
    return fakes.noise(size, seed=seed) // 2 + 60


def means(image: Image) -> tuple[Image, tuple[int, int]]:
    scene = Surroundings((image.shape[1], image.shape[0]))
    scene.look(image, 0.0)
    return scene.now, scene.grid


def plate_of(image: Image, shown: Cells | None = None) -> Plate:
    cells, grid = means(image)
    plate = Plate((image.shape[1], image.shape[0]), grid)
    plate.remember(image, cells, np.full(grid[::-1], 255, np.uint8) if shown is None else shown)
    return plate


def look(plate: Plate, image: Image) -> None:
    """All of a frame is the room, and in sight."""
    cells, grid = means(image)
    plate.remember(image, cells, np.full(grid[::-1], 255, np.uint8))


def used(plate: Plate) -> float:
    share = plate.share(0, 0, 1, SIZE)
    return 0.0 if share is None else float((share == 255).mean())


def darker(image: Image, by: float) -> Image:
    dim: Image = np.round(image * by).astype(np.uint8)
    return dim


def test_of_a_room_never_seen_nothing_is_used() -> None:
    grid = means(room())[1]
    plate = Plate(SIZE, grid)
    plate.remember(room(), means(room())[0], np.zeros(grid[::-1], np.uint8))
    assert plate.share(0, 0, 4, (160, 90)) is None


def test_of_a_room_seen_as_a_whole_all_is_used_as_it_was() -> None:
    plate = plate_of(room())
    assert used(plate) == 1.0
    assert np.array_equal(plate.lit(EVERYTHING), room())


@given(
    st.lists(
        st.tuples(st.integers(0, 159), st.integers(0, 89), st.integers(1, 60), st.integers(1, 60)),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([SIZE, (500, 282), (1000, 562), (1278, 720)]),
    st.sampled_from([1, 2, 4]),
)
@settings(deadline=None)
def test_nothing_is_used_that_was_not_shown(
    hidden: list[tuple[int, int, int, int]], size: tuple[int, int], step: int
) -> None:
    image = room(size)
    grid = means(image)[1]
    shown = np.full(grid[::-1], 255, np.uint8)
    for x, y, w, h in hidden:
        shown[y : y + h, x : x + w] = 0
    plate = plate_of(image, shown)
    share = plate.share(0, 0, step, (size[0] // step, size[1] // step))
    if share is None:
        return
    for dy in range(step):
        for dx in range(step):
            pixels = plate.image[dy::step, dx::step][: share.shape[0], : share.shape[1]]
            assert pixels[share > 0].all()


@pytest.mark.parametrize("corner", [(-300, -200), (500, 300), (5000, 5000), (-5000, 40)])
def test_a_head_may_lie_outside_of_the_frame(corner: tuple[int, int]) -> None:
    share = plate_of(room()).share(*corner, 4, (100, 120))
    assert share is None or share.shape == (120, 100)


def test_the_room_is_shown_in_the_light_of_now() -> None:
    plate = plate_of(room())
    dim = darker(room(), 0.8)
    look(plate, dim)
    assert np.abs(plate.lit(EVERYTHING).astype(int) - dim).max() <= 2


def test_what_was_moved_in_the_room_is_taken_anew() -> None:
    plate = plate_of(room())
    changed = room()
    changed[100:200, 100:200] = 30
    look(plate, changed)
    assert np.array_equal(plate.lit(EVERYTHING), changed)


def test_what_is_taken_in_another_light_fits_to_the_rest() -> None:
    half = np.full(means(room())[1][::-1], 255, np.uint8)
    half[:, 80:] = 0
    plate = plate_of(room(), half)
    dim = darker(room(), 0.7)
    look(plate, dim)
    assert np.abs(plate.image.astype(int) - room()).max() <= 4


def test_in_doubt_nothing_of_it_is_used_until_it_is_seen_to_be_the_same_room() -> None:
    plate = plate_of(room())
    plate.doubt()
    assert used(plate) == 0.0
    look(plate, darker(room(), 0.4))
    assert used(plate) == 1.0
    assert np.abs(plate.lit(EVERYTHING).astype(int) - darker(room(), 0.4)).max() <= 3


def test_another_room_is_remembered_in_place_of_the_one_before() -> None:
    plate = plate_of(room())
    plate.doubt()
    other = room(seed=2)[:, ::-1] // 2 + np.linspace(0, 120, SIZE[0], dtype=np.uint8)[:, None]
    look(plate, other)
    look(plate, other)
    assert np.array_equal(plate.lit(EVERYTHING), other)
