"""From photographs to aligned crops, and the gate before it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Pillow

from generator import photos
from generator.alignment import MeshedFace, cut, find, transform
from generator.gate import Aligned, Gate, Quality, aligned
from vcam_emoji.errors import PhotoError
from vcam_emoji.faces import Finder, open_finder
from vcam_emoji.faces.region import Region
from vcam_emoji.resources import asset
from vcam_emoji.types import Image

FACES = Path(__file__).parents[2] / "shared" / "data" / "faces128.zip"
PEOPLE = ("hopper", "collins")


@cache
def finder() -> Finder:
    return open_finder()


@cache
def portrait(name: str) -> Image:
    image = photos.read(asset("demo") / f"{name}.jpg")
    image.flags.writeable = False
    return image


@cache
def face_of(name: str) -> MeshedFace:
    return find(portrait(name), finder())[0]


def into(photo: Image, size: int = 128) -> Aligned:
    return aligned(photo, size, finder=finder())


def difference(a: Image, b: Image) -> float:
    """Mean difference of grey levels in the middle, where both show the photo."""
    inner = slice(a.shape[0] // 5, -a.shape[0] // 5)
    return float(np.abs(a[inner, inner].astype(float) - b[inner, inner]).mean())


def turned(photo: Image, degrees: float, scale: float = 1.0) -> Image:
    """Clockwise, on a larger sheet."""
    side = round(1.5 * scale * max(photo.shape[:2]))
    border = cv2.BORDER_REPLICATE
    matrix = turning(photo, degrees, scale)
    return cv2.warpAffine(photo, matrix, (side, side), borderMode=border).astype(np.uint8)


def turning(photo: Image, degrees: float, scale: float) -> NDArray[np.float64]:
    height, width = photo.shape[:2]
    side = round(1.5 * scale * max(height, width))
    matrix: NDArray[np.float64] = np.array(
        cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, scale)
    )
    matrix[:, 2] += side / 2 - np.array((width, height)) / 2
    return matrix


# --- the crop ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PEOPLE)
def test_eyes_and_mouth_come_to_where_ffhq_has_them(name: str) -> None:
    found = into(portrait(name), 256)
    (face,) = find(found.image[:, :, ::-1].copy(), finder())
    crop = face.crop
    assert abs(crop.x - 128) < 2.5
    assert abs(crop.y - 128) < 2.5
    assert abs(crop.side / 256 - 1) < 0.03
    assert abs(crop.roll) < 1.5


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize(("degrees", "scale"), [(30, 1.0), (-45, 0.8), (0, 1.7), (90, 1.0)])
def test_a_tilted_or_scaled_photo_gives_the_same_crop(
    name: str, degrees: float, scale: float
) -> None:
    photo, plain = portrait(name), into(portrait(name))
    other = into(turned(photo, degrees, scale))
    # From a crop's pixels by way of both photos back to a crop's pixels.
    back = np.vstack([cv2.invertAffineTransform(plain.transform), (0, 0, 1)])
    matrix = np.vstack([turning(photo, degrees, scale), (0, 0, 1)])
    there = other.transform @ matrix @ back
    for at in ((64, 64), (20, 20), (108, 20), (64, 108)):
        assert np.abs(there[:, :2] @ at + there[:, 2] - at).max() < 4
    assert difference(plain.image, other.image) < 15


def test_the_transform_takes_the_photos_landmarks_to_the_crops() -> None:
    found = into(portrait("hopper"))
    eye = found.transform[:, :2] @ (found.face.left_eye - 0.5) + found.transform[:, 2] + 0.5
    (again,) = find(found.image[:, :, ::-1].copy(), finder())
    assert np.abs(eye - again.left_eye).max() < 2


@given(
    st.floats(20, 80),
    st.floats(20, 80),
    st.floats(10, 120),
    st.floats(-180, 180),
    st.integers(8, 90),
)
def test_a_crop_shows_what_the_transform_says(
    x: float, y: float, side: float, roll: float, size: int
) -> None:
    # Colours that are the coordinates themselves: what a pixel shows tells where it was taken.
    rows, columns = np.mgrid[0:100, 0:100]
    photo = np.stack([2 * columns, 2 * rows, np.zeros_like(rows)], axis=2).astype(np.uint8)
    crop = Region(x, y, side, roll)
    image = cut(photo, crop, size).astype(float)[:, :, ::-1] / 2
    back = cv2.invertAffineTransform(transform(crop, size))
    for at in ((size // 2, size // 2), (size // 4, size // 2), (size // 2, size // 3)):
        expected = back[:, :2] @ at + back[:, 2]
        if (expected > side / 8 + 2).all() and (expected < 97 - side / 8).all():
            assert np.abs(image[at[1], at[0], :2] - expected).max() < 2.5


def test_beyond_the_photo_its_mirror_image_goes_on_without_a_hard_edge() -> None:
    photo = portrait("collins")[60:, 150:]
    image = cut(photo, face_at(photo).crop, 128).astype(int)
    assert np.abs(np.diff(image, axis=0)).mean(axis=(1, 2)).max() < 40
    assert image.min(axis=(1, 2)).max() > 0
    assert (image.std(axis=2) > 0).mean() > 0.5


def face_at(photo: Image) -> MeshedFace:
    return find(photo, finder())[0]


def test_a_crop_far_outside_and_of_one_pixel_is_still_a_picture() -> None:
    photo = portrait("collins")
    assert cut(photo, Region(0, 0, 3000, 45), 64).shape == (64, 64, 3)
    assert cut(photo, Region(100, 100, 1, 0), 16).shape == (16, 16, 3)
    assert cut(np.full((1, 1, 3), 9, np.uint8), Region(0, 0, 50, 10), 8).shape == (8, 8, 3)


@pytest.mark.shared
@pytest.mark.skipif(not FACES.exists(), reason="the training data does not lie beside the checkout")
def test_what_ffhq_would_cut_is_hardly_moved() -> None:
    moved = []
    with zipfile.ZipFile(FACES) as archive:
        names = [name for name in archive.namelist() if name.endswith(".jpg")]
        for name in names[:: len(names) // 30]:
            photo = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_COLOR)
            assert photo is not None
            crop = find(photo.astype(np.uint8), finder())[0].crop
            moved.append((crop.x - 64, crop.y - 64, 100 * (crop.side / 128 - 1), crop.roll))
    x, y, side, roll = np.median(np.abs(moved), axis=0)
    assert x < 0.5
    assert y < 0.5
    assert side < 3
    assert roll < 0.8


# --- the gate ------------------------------------------------------------------------------------


def ellipse(
    photo: Image, at: tuple[float, float], axes: tuple[float, float], colour: object
) -> Image:
    painted = photo.copy()
    centre, radii = (tuple(round(each) for each in pair) for pair in (at, axes))
    cv2.ellipse(painted, centre, radii, 0, 0, 360, colour, -1)  # type: ignore[call-overload]
    return painted


def small(photo: Image) -> Image:
    tiny = cv2.resize(photo, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA)
    return cv2.copyMakeBorder(tiny, 90, 90, 90, 90, cv2.BORDER_REPLICATE).astype(np.uint8)


def blurred(photo: Image) -> Image:
    return cv2.GaussianBlur(photo, (0, 0), face_at(photo).crop.side / 60).astype(np.uint8)


def masked(photo: Image) -> Image:
    face = face_at(photo)
    mouth, side = face.mouth, face.crop.side
    return ellipse(photo, (mouth[0], mouth[1]), (0.2 * side, 0.13 * side), (200, 160, 110))


def with_a_hand_over_an_eye(photo: Image) -> Image:
    face = face_at(photo)
    (x, y), side = face.left_eye, face.crop.side
    cheek = photo[round(float(y + 0.13 * side)), round(float(x))].tolist()
    return ellipse(photo, (x, y), (0.12 * side, 0.12 * side), cheek)


def below(photo: Image) -> Image:
    face = face_at(photo)
    return photo[: round(float(face.mouth[1]))]


def right_half(photo: Image) -> Image:
    return photo[:, round(face_at(photo).crop.x) :]


SPOILT: list[tuple[Callable[[Image], Image], str]] = [
    (lambda photo: np.full_like(photo, 127), "No face was found"),
    (lambda photo: (photo * 0.01).astype(np.uint8), "too dark to find a face"),
    (lambda photo: np.concatenate([photo, photo], axis=1), "2 faces of about the same size"),
    (small, "too small"),
    (blurred, "blurred"),
    (lambda photo: (photo * 0.2).astype(np.uint8), "too dark"),
    (lambda photo: np.clip(photo * 2.2, 0, 255).astype(np.uint8), "too bright"),
    (below, "cut off"),
    (right_half, "cut off"),
    (masked, "covered"),
    (with_a_hand_over_an_eye, "covered"),
]


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize(("spoil", "told"), SPOILT)
def test_a_photo_that_will_not_do_is_told_why_and_what_to_do(
    name: str, spoil: Callable[[Image], Image], told: str
) -> None:
    with pytest.raises(PhotoError, match=told) as caught:
        into(spoil(portrait(name)))
    assert caught.value.hint.endswith(".")
    assert caught.value.exit_status == 2


def test_a_face_turned_away_is_refused() -> None:
    good = into(portrait("hopper")).quality
    for field, value in (("yaw", 0.5), ("yaw", -0.5), ("pitch", 0.05), ("pitch", 1.2)):
        values = {each.name: getattr(good, each.name) for each in fields(Quality)}
        with pytest.raises(PhotoError, match="turned away"):
            Gate().check(Quality(**(values | {field: value})))


def test_of_several_faces_one_far_larger_is_taken() -> None:
    photo = portrait("collins")
    far = cv2.resize(photo, None, fx=0.35, fy=0.35, interpolation=cv2.INTER_AREA)
    both = np.concatenate([photo, np.zeros((512, far.shape[1], 3), np.uint8)], axis=1)
    both[: far.shape[0], 512:] = far
    found = into(both)
    assert found.quality.faces == 2
    assert difference(found.image, into(photo).image) < 4


def test_a_gate_can_be_opened_wider() -> None:
    photo = small(portrait("hopper"))
    assert aligned(photo, 32, Gate(side=20), finder()).image.shape == (32, 32, 3)


# --- reading -------------------------------------------------------------------------------------


def test_a_photo_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    upright = portrait("collins")
    exif = Pillow.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    lying = Pillow.fromarray(np.rot90(upright[:, :, ::-1]).copy())
    lying.save(tmp_path / "photo.jpg", exif=exif, quality=95)
    assert np.abs(photos.read(tmp_path / "photo.jpg").astype(int) - upright).mean() < 3


def test_a_huge_photo_comes_smaller(tmp_path: Path) -> None:
    Pillow.new("RGB", (9000, 6000), (10, 20, 30)).save(tmp_path / "huge.jpg")
    image = photos.read(tmp_path / "huge.jpg")
    assert image.shape == (2731, 4096, 3)
    assert np.abs(image[0, 0].astype(int) - (30, 20, 10)).max() < 4


def test_transparency_becomes_paper(tmp_path: Path) -> None:
    Pillow.new("RGBA", (8, 8), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (photos.read(tmp_path / "clear.png") == 255).all()


def test_what_is_no_photo_is_refused_in_a_sentence(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Pillow.fromarray(portrait("collins")).save(whole, "PNG")
    for name, content, told in (
        ("none.jpg", None, "There is no photo"),
        ("empty.jpg", b"", "is not a picture"),
        ("text.jpg", b"hello" * 40, "is not a picture"),
        ("phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is a HEIC photo"),
        ("cut.png", whole.getvalue()[:5000], "is damaged"),
        ("anim.gif", b"GIF89a" + b"\0" * 40, "is not a picture"),
    ):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(PhotoError, match=told):
            photos.read(tmp_path / name)
    with pytest.raises(PhotoError):
        photos.read(tmp_path)
