"""Pictures to learn from: read as they are found, in an order that can be resumed."""

import io
import time
import zipfile
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from generator import data, people
from vcam_emoji.errors import DataError

Pixels = NDArray[np.uint8]


def encoded(pixels: Pixels, form: str = "png", **more: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form, **more)
    return stream.getvalue()


def flat(value: int, side: int = 16) -> Pixels:
    return np.full((side, side, 3), value, np.uint8)


def numbered(n: int) -> Pixels:
    """Pictures whose pixels are their number; the left half is brighter by 100."""
    pixels = np.arange(n, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    pixels[:, :, :2] += 100
    return pixels


def test_a_folder_is_read_with_all_its_subfolders_and_forms(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for i in range(8):
        form = ("png", "jpeg", "webp")[i % 3]
        place = tmp_path / ("a" if i % 2 else "a/b") / f"{i}.{form}"
        place.write_bytes(encoded(flat(20 * i), form))
    (tmp_path / "notes.txt").write_text("not a picture")
    found = data.load(tmp_path, 8)
    assert found.pixels.shape == (8, 8, 8, 3)
    assert found.skipped == ()
    assert sorted(round(float(p.mean()) / 20) for p in found.pixels) == list(range(8))


def test_a_zip_is_read_as_its_folder_is(tmp_path: Path) -> None:
    folder, archive = tmp_path / "folder", tmp_path / "pictures.zip"
    folder.mkdir()
    with zipfile.ZipFile(archive, "w") as out:
        for i in range(9):
            content = encoded(flat(i))
            (folder / f"{i}.png").write_bytes(content)
            out.writestr(f"deep/{i}.png", content)
            out.writestr(f"__MACOSX/deep/{i}.png", b"")
    one, other = data.load(folder, 8), data.load(archive, 8)
    np.testing.assert_array_equal(one.pixels, other.pixels)
    assert one.fingerprint == other.fingerprint


def test_held_out_people_are_left_out_when_asked(tmp_path: Path) -> None:
    for number in range(120):
        picture = Image.new("RGB", (8, 8), (number, 0, 0))
        picture.save(tmp_path / f"{number:04}.png")
    found = data.load(tmp_path, 8, wanted=lambda name: not people.held_out(name))
    left = {number for number in range(120) if people.held_out(f"{number:04}.png")}
    assert left
    assert {int(each) for each in found.pixels[:, 0, 0, 0]} == set(range(120)) - left


def test_a_broken_picture_is_named_and_left_out(tmp_path: Path) -> None:
    for i in range(8):
        (tmp_path / f"{i}.png").write_bytes(encoded(flat(i)))
    whole = encoded(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("no picture")
    told: list[str] = []
    found = data.load(tmp_path, 8, warn=told.append)
    assert len(found.pixels) == 8
    assert [line.split(":")[0] for line in told] == ["cut.png", "text.jpg"]
    assert found.skipped == tuple(told)


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "few"])
def test_what_is_no_data_set_is_refused(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "data"
    if kind == "text":
        place.write_text("no zip")
    elif kind != "missing":
        place.mkdir()
    if kind == "few":
        (place / "one.png").write_bytes(encoded(flat(1)))
    with pytest.raises(DataError):
        data.load(place, 8)


def test_transparent_pictures_lie_on_the_background() -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, :4] = (255, 0, 0, 255)
    found = data.decoded(encoded(pixels), 8, (10, 20, 30))
    np.testing.assert_array_equal(found[0, 0], (255, 0, 0))
    np.testing.assert_array_equal(found[0, 7], (10, 20, 30))


def test_pictures_are_cut_square_averaged_down_and_upright() -> None:
    wide = np.zeros((8, 32, 3), np.uint8)
    wide[:, 12:20:2] = 200  # of the middle square, every other column
    np.testing.assert_array_equal(data.decoded(encoded(wide), 4, (0, 0, 0)), flat(100, 4))
    turned = np.zeros((8, 8, 3), np.uint8)
    turned[:4] = 250
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    found = data.decoded(encoded(turned, exif=exif), 8, (0, 0, 0))
    np.testing.assert_array_equal(found, turned[::-1])


@given(n=st.integers(1, 30), batch=st.integers(1, 12), start=st.integers(0, 20))
def test_a_run_can_begin_anywhere_in_the_order(n: int, batch: int, start: int) -> None:
    whole = list(islice(data.batches(numbered(n), batch, 3, True), start + 3))
    later = list(islice(data.batches(numbered(n), batch, 3, True, start), 3))
    np.testing.assert_array_equal(whole[start:], later)


def test_each_epoch_shows_every_picture_once_in_an_order_of_its_own() -> None:
    stream = data.batches(numbered(12), 4, 0, False)
    epochs = [[int(p[0, 3, 0]) for _ in range(3) for p in next(stream)] for _ in range(2)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(12))] * 2
    assert epochs[0] != epochs[1]


def test_about_half_of_the_pictures_are_mirrored() -> None:
    batch = next(data.batches(numbered(100), 100, 0, True))
    mirrored = sum(int(p[0, 0, 0]) < int(p[0, 3, 0]) for p in batch)
    assert 30 < mirrored < 70
    batch = next(data.batches(numbered(100), 100, 0, False))
    assert all(int(p[0, 0, 0]) > int(p[0, 3, 0]) for p in batch)


def test_batches_are_made_ahead_and_in_order() -> None:
    with data.Ahead(data.batches(numbered(20), 5, 1, False), depth=4) as ahead:
        deadline = time.monotonic() + 20
        while ahead.waiting < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert ahead.waiting == 4
        for expected in islice(data.batches(numbered(20), 5, 1, False), 9):
            np.testing.assert_array_equal(ahead.take(), expected)
