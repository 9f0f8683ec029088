from __future__ import annotations

import math
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import fakes
from vcam_emoji.emotion_input import BOX_PER_SIDE, DROP, SIZE, crop, framing, scaled
from vcam_emoji.types import Box, Face, Image


def smooth(seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """[48, 48], like a face no finer than its pixels."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(40, 215, (8, 8)).astype(np.float32)
    fine = cv2.resize(coarse, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    return np.clip(fine, 0, 255).astype(np.uint8)


def photographed(
    picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    centre: tuple[float, float],
    side: float,
    roll: float,
) -> tuple[Image, Face]:
    """A frame in which that crop appears as a face, and the face as a tracker would report it."""
    c, s = math.cos(math.radians(roll)) * side / SIZE, math.sin(math.radians(roll)) * side / SIZE
    middle = (SIZE - 1) / 2
    to_frame = np.array(
        [
            [c, -s, centre[0] - 0.5 - middle * (c - s)],
            [s, c, centre[1] - 0.5 - middle * (s + c)],
        ]
    )
    grey = cv2.warpAffine(picture, to_frame, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    frame = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
    # The inverse of FER's framing: the box is smaller than the crop, and higher along the face.
    height = side * BOX_PER_SIDE / math.sqrt(0.8)
    width = height * 0.8
    x = centre[0] + DROP * side * math.sin(math.radians(roll))
    y = centre[1] - DROP * side * math.cos(math.radians(roll))
    box = Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return frame, Face(1, box, fakes.face().points, roll, 0.9)


@settings(deadline=None, max_examples=40)
@given(
    st.floats(200, 440), st.floats(200, 280), st.floats(60, 190), st.floats(-60, 60), st.integers(0)
)
def test_the_live_path_cuts_what_training_saw(
    x: float, y: float, side: float, roll: float, seed: int
) -> None:
    picture = smooth(seed)
    frame, face = photographed(picture, (x, y), side, roll)
    inner = np.s_[4:-4, 4:-4]
    live, trained = scaled(crop(frame, face)[None]), scaled(picture[None])
    assert np.abs(live - trained)[0][inner].mean() < 4 * 2 / 255


def test_the_framing_is_that_of_fer() -> None:
    region = framing(fakes.face(centre=(300, 200), size=100))
    side = math.sqrt(78 * 100) / BOX_PER_SIDE
    assert (region.x, region.y) == pytest.approx((300, 200 + DROP * side))
    assert region.side == pytest.approx(side)


def test_a_large_face_is_averaged_so_that_noise_does_not_alias() -> None:
    noisy = fakes.noise((1280, 960))
    small, large = fakes.face((640, 480), 60), fakes.face((640, 480), 700)
    assert crop(noisy, large).std() < 0.5 * crop(noisy, small).std()


@pytest.mark.parametrize("centre", [(0, 0), (639, 479), (-500, 200), (10_000, 10_000), (320, -90)])
@pytest.mark.parametrize("size", [0.5, 30, 200, 3000])
def test_a_face_at_or_beyond_the_border_gives_a_crop(
    centre: tuple[float, float], size: float
) -> None:
    picture = crop(fakes.noise(), fakes.face(centre, size))
    assert picture.shape == (SIZE, SIZE)
    assert picture.dtype == np.uint8


def test_scaling_reaches_from_minus_one_to_one() -> None:
    values = scaled(np.array([0, 255], np.uint8).repeat(SIZE * SIZE).reshape(2, SIZE, SIZE))
    assert values.shape == (2, SIZE, SIZE, 1)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values[0], -1, atol=1e-6)
    np.testing.assert_allclose(values[1], 1, atol=1e-6)


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="48, 48"):
        scaled(np.zeros((1, 64, 64), np.uint8))


def test_reading_emotions_imports_no_training_framework() -> None:
    code = "import sys, vcam_emoji.emotions; print(*(m for m in sys.modules if m in "
    code += "('keras', 'tensorflow', 'jax')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stdout.strip()
