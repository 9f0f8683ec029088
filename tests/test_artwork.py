"""The drawn emoji: seven unmistakable faces of one hand, and files that match the code."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from generator import cli
from generator.artwork import cards, classic, face, icons
from generator.artwork.colour import BLACK, WHITE, Colour
from generator.artwork.expressions import REST, expression
from generator.artwork.mouth import lips
from generator.artwork.palette import YELLOW, skin
from generator.artwork.render import render, thrifty
from generator.artwork.sheet import laid, sheet
from generator.artwork.svg import Drawing, curve, ellipse, number, rounded
from tests.fakes import disc_set
from vcam_emoji import emoji_set
from vcam_emoji.resources import asset
from vcam_emoji.types import Emotion

SHARES = st.floats(0, 1)


# Drawing.


@given(st.floats(-1e4, 1e4))
def test_numbers_are_short_and_near(value: float) -> None:
    text = number(value)
    assert abs(float(text) - value) <= 0.0051
    assert "e" not in text
    assert text != "-0"


def test_the_same_drawing_gives_the_same_text() -> None:
    assert classic.head(Emotion.FEAR).svg() == classic.head(Emotion.FEAR).svg()


def test_a_placed_drawing_keeps_its_own_paints() -> None:
    inner, outer = Drawing(10, 10), Drawing(10, 10)
    red = inner.linear((0, 0), (1, 1), [(0.0, Colour(255, 0, 0)), (1.0, BLACK)])
    inner.shape(ellipse((5, 5), 4), red)
    blue = outer.linear((0, 0), (1, 1), [(0.0, Colour(0, 0, 255)), (1.0, BLACK)])
    outer.shape(rounded((0, 0), 10, 10, 1), blue)
    outer.place(inner, (5, 5), 0.5)
    svg = outer.svg()
    assert svg.count('id="d0"') == svg.count('id="d1"') == 1
    assert svg.index('fill="url(#d0)"') < svg.index('fill="url(#d1)"')
    assert svg.index("#0000ff") < svg.index("#ff0000")


def test_words_are_escaped() -> None:
    drawing = Drawing(10, 10)
    drawing.write("<b> & co", (5, 5), 4, WHITE, "sans-serif")
    assert "&lt;b&gt; &amp; co" in drawing.svg()


@given(st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), min_size=3, max_size=12))
def test_a_curve_passes_through_its_points(points: list[tuple[float, float]]) -> None:
    told = [float(each) for each in re.findall(r"-?[\d.]+", curve(points).text)]
    through = list(zip(told[::2], told[1::2], strict=True))[::3]
    # It begins at the first point and comes back to it; numbers have one decimal.
    for found, point in zip(through, [*points, points[0]], strict=True):
        assert found == pytest.approx(point, abs=0.0501)


@given(SHARES)
def test_colours_mix_between_the_two(share: float) -> None:
    mixed = WHITE.mixed(BLACK, share)
    assert 0 <= mixed.red <= 255
    assert Colour.hex(str(mixed)).red == round(mixed.red)


def test_thrift_costs_one_grey_level() -> None:
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    stepped = thrifty(np.dstack([every] * 4))
    assert np.abs(stepped[..., :3].astype(int) - every[..., None]).max() <= 1
    assert np.array_equal(stepped[..., 3], every)


# Expressions.


@pytest.mark.parametrize("emotion", list(Emotion))
def test_no_intensity_is_the_face_at_rest(emotion: Emotion) -> None:
    assert expression(emotion, 0) == REST
    plain = skin(emotion, 0)
    assert (plain.middle, plain.top_share) == (YELLOW.middle, 0)


@given(st.sampled_from(list(Emotion)), SHARES)
def test_lips_never_cross(emotion: Emotion, intensity: float) -> None:
    upper, lower = lips(expression(emotion, intensity))
    assert all(low[1] >= high[1] for high, low in zip(upper, lower, strict=True))


@given(st.sampled_from(list(Emotion)), SHARES)
def test_every_intensity_can_be_drawn(emotion: Emotion, intensity: float) -> None:
    svg = classic.head(emotion, intensity).svg()
    assert "nan" not in svg
    assert "inf" not in svg


# What is shipped.


def shipped(emotion: Emotion, side: int = 96) -> NDArray[np.uint8]:
    image = emoji_set.load(asset("emoji/classic")).images[emotion][-1][1]
    small = cv2.resize(laid(image.pixels, (128,) * 3), (side, side), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def test_no_two_emotions_look_alike_when_small() -> None:
    small = {each: shipped(each, 24).astype(int) for each in Emotion}
    for one, other in combinations(Emotion, 2):
        assert np.abs(small[one] - small[other]).mean() > 5, f"{one} and {other}"


def test_the_shape_of_the_face_alone_tells_emotions_apart() -> None:
    def shape(emotion: Emotion) -> NDArray[np.float64]:
        grey = cv2.cvtColor(shipped(emotion, 48), cv2.COLOR_BGR2GRAY).astype(np.float64)
        inside = grey[8:40, 8:40] - cv2.GaussianBlur(grey, (0, 0), 6)[8:40, 8:40]
        return inside / np.linalg.norm(inside)

    shapes = {each: shape(each) for each in Emotion}
    for one, other in combinations(Emotion, 2):
        assert (shapes[one] * shapes[other]).sum() < 0.9, f"{one} and {other}"


def test_eyes_are_where_the_anchors_say() -> None:
    neutral = emoji_set.load(asset("emoji/classic")).images[Emotion.NEUTRAL][-1][1]
    height, width = neutral.pixels.shape[:2]
    for x, y in (neutral.anchors.left_eye, neutral.anchors.right_eye):
        column, row = round(x * width), round(y * height)
        pupil = neutral.pixels[row - 8 : row + 8, column - 8 : column + 8, :3]
        assert pupil.mean() < 90
    x, y = neutral.anchors.mouth
    lip = neutral.pixels[round(y * height) - 8 : round(y * height) + 8, round(x * width), :3]
    assert lip.mean(axis=1).min() < 60


def test_the_shipped_artwork_is_small() -> None:
    assert sum(file.stat().st_size for file in asset("emoji/classic").iterdir()) < 1_500_000
    for name in cards.NAMES:
        assert (asset("cards") / f"{name}.png").stat().st_size < 80_000


@pytest.mark.parametrize("name", list(icons.SIZES))
def test_every_icon_is_shipped_in_its_size(name: str) -> None:
    pixels = cv2.imread(str(asset("icons") / f"{name}.png"), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    assert pixels.shape == (icons.SIZES[name], icons.SIZES[name], 4)


def test_tray_icons_differ_at_22_pixels() -> None:
    small = {}
    for name in icons.SIZES:
        pixels = cv2.imread(str(asset("icons") / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        assert pixels is not None
        flat = laid(pixels.astype(np.uint8, copy=False), (128,) * 3)
        small[name] = cv2.resize(flat, (22, 22), interpolation=cv2.INTER_AREA).astype(int)
    del small["vcam-emoji"]
    for one, other in combinations(small, 2):
        assert np.abs(small[one] - small[other]).mean() > 12, f"{one} and {other}"


@pytest.mark.generator
@pytest.mark.parametrize("emotion", [Emotion.NEUTRAL, Emotion.HAPPY])
def test_the_shipped_set_is_what_the_code_draws(emotion: Emotion) -> None:
    pytest.importorskip("resvg_py")
    drawn = laid(render(classic.head(emotion), 96), (128,) * 3).astype(int)
    # Small drawings are sampled elsewhere than large ones made small: edges may differ a little.
    assert np.abs(drawn - shipped(emotion)).mean() < 2.5


@pytest.mark.generator
def test_a_drawing_is_transparent_around_the_head() -> None:
    pytest.importorskip("resvg_py")
    pixels = render(face.draw(REST, YELLOW), 64)
    assert pixels.shape == (64, 64, 4)
    assert pixels[0, 0, 3] == 0
    assert pixels[32, 32, 3] == 255


# The renderer's seam, the contact sheet, the command line.


def test_any_renderer_will_do() -> None:
    asked = []

    def flat(svg: str, width: int, height: int) -> NDArray[np.uint8]:
        asked.append(svg[:4])
        return np.full((height, width, 4), 255, np.uint8)

    drawn = classic.classic(side=32, renderer=flat)
    assert set(drawn.images) == set(Emotion)
    assert drawn.images[Emotion.SAD][-1][1].pixels.shape == (32, 32, 4)
    assert set(asked) == {"<svg"}


def test_a_contact_sheet_shows_every_picture() -> None:
    assert sheet(disc_set(side=64), sides=(64, 16)).shape == (
        2 * (64 + 16) + 2 * (16 + 16),
        64 * 7,
        3,
    )


@pytest.mark.parametrize(
    "arguments",
    [["artwork", "classic"], ["artwork", "cards", "--sheet", "x.png"]],
)
def test_nothing_to_do_is_a_sentence_and_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 2


def test_an_unknown_picture_is_status_2() -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["artwork", "mona-lisa", "--out", "x"])
    assert caught.value.code == 2


@pytest.mark.generator
def test_a_folder_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("resvg_py")
    (tmp_path / "file").write_bytes(b"")
    assert cli.main(["artwork", "icons", "--out", str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.generator
def test_icons_are_written_the_same_every_time(tmp_path: Path) -> None:
    pytest.importorskip("resvg_py")
    assert cli.main(["artwork", "icons", "--out", str(tmp_path)]) == 0
    for name in icons.SIZES:
        assert (tmp_path / f"{name}.png").read_bytes() == icons.encoded(name)
