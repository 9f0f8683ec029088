from __future__ import annotations

import errno
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcam_emoji import devices
from vcam_emoji.devices import CameraDevice
from vcam_emoji.errors import CameraBusyError, CameraError
from vcam_emoji.types import Image

if sys.platform != "linux":
    pytest.skip("only Linux shows us what a camera sends", allow_module_level=True)
assert sys.platform == "linux"

from vcam_emoji.capture import Jpegs, decoded, explained, preferences  # noqa: E402
from vcam_emoji.v4l2 import Negotiated, Offer  # noqa: E402

RED = (0, 0, 255)
WEBCAM = CameraDevice("/dev/video7", "HD Webcam", 0)


def sent(fourcc: str, picture: Image) -> Image:
    """What a camera would send of a BGR picture, as a row of bytes."""
    if fourcc in ("MJPG", "JPEG"):
        return cv2.imencode(".jpg", picture)[1].astype(np.uint8).ravel()
    if fourcc == "BGR3":
        return picture.ravel()
    if fourcc == "RGB3":
        return picture[..., ::-1].ravel()
    if fourcc == "GREY":
        return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.uint8).ravel()
    h, w = picture.shape[:2]
    planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).astype(np.uint8).ravel()
    y, u, v = np.split(planes, [h * w, h * w * 5 // 4])
    match fourcc:
        case "YU12":
            return planes
        case "YV12":
            return np.concatenate([y, v, u])
        case "NV12":
            return np.concatenate([y, np.stack([u, v], 1).ravel()])
        case "NV21":
            return np.concatenate([y, np.stack([v, u], 1).ravel()])
    chroma = np.stack([u, v], 1).reshape(h // 2, 1, w // 2, 2).repeat(2, 1).reshape(h, w)
    order = (y.reshape(h, w), chroma) if fourcc == "YUYV" else (chroma, y.reshape(h, w))
    return np.stack(order, 2).ravel()


@pytest.mark.parametrize("fourcc", devices.READABLE)
def test_a_red_left_half_is_red_in_every_format(fourcc: str) -> None:
    picture = np.zeros((32, 64, 3), np.uint8)
    picture[:, :32] = RED
    stride = 64 * {"YUYV": 2, "UYVY": 2, "RGB3": 3, "BGR3": 3}.get(fourcc, 1)
    raw = sent(fourcc, picture)
    jpeg = fourcc in ("MJPG", "JPEG")
    got = Jpegs().decode(raw) if jpeg else decoded(raw, Negotiated(fourcc, 64, 32, stride, 30))
    assert got is not None
    assert got.shape == (32, 64, 3)
    left, right = got[:, 4:28].reshape(-1, 3), got[:, 36:60].reshape(-1, 3)
    expected = (76, 76, 76) if fourcc == "GREY" else RED
    np.testing.assert_allclose(np.median(left, axis=0), expected, atol=6)
    np.testing.assert_allclose(np.median(right, axis=0), (0, 0, 0), atol=6)


@pytest.mark.parametrize("fourcc", [each for each in devices.READABLE if each[0] not in "MJ"])
def test_a_picture_cut_short_is_none(fourcc: str) -> None:
    whole = sent(fourcc, np.zeros((32, 64, 3), np.uint8))
    assert decoded(whole[:-1], Negotiated(fourcc, 64, 32, 0, 30)) is None


@given(st.binary(max_size=400))
def test_bytes_that_are_no_jpeg_are_none(data: bytes) -> None:
    assert Jpegs().decode(np.frombuffer(b"\0" + data, np.uint8)) is None


@given(st.binary(max_size=400))
def test_bytes_that_only_begin_as_a_jpeg_are_none(data: bytes) -> None:
    assert Jpegs().decode(np.frombuffer(b"\xff\xd8" + data, np.uint8)) is None


def test_a_jpeg_cut_short_is_none_once_the_camera_is_known_to_end_them() -> None:
    whole = sent("MJPG", np.full((64, 64, 3), 90, np.uint8))
    jpegs = Jpegs()
    assert jpegs.decode(whole) is not None
    assert jpegs.decode(whole[: whole.size // 2]) is None
    assert jpegs.decode(whole) is not None


def test_a_jpeg_that_is_padded_is_whole() -> None:
    whole = sent("MJPG", np.full((64, 64, 3), 90, np.uint8))
    padded = np.concatenate([whole, np.zeros(1500, np.uint8)])
    jpegs = Jpegs()
    assert jpegs.decode(whole) is not None
    assert jpegs.decode(padded) is not None


@given(cut=st.floats(0.3, 0.99))
def test_nothing_of_an_earlier_picture_shows_through_a_damaged_jpeg(cut: float) -> None:
    whole = sent("MJPG", np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    torn = np.append(whole[: int(whole.size * cut)], whole[-2:])
    found = []
    for earlier in (0, 255):
        # Given back at once, so that the decoder's next picture lies in the same memory.
        np.full((64, 64, 3), earlier, np.uint8)
        found.append(Jpegs().decode(torn))
    one, other = found
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one, other)


def test_a_camera_that_never_ends_its_jpegs_is_read_all_the_same() -> None:
    whole = sent("MJPG", np.full((64, 64, 3), 90, np.uint8))
    jpegs = Jpegs()
    assert jpegs.decode(whole[:-2]) is not None
    assert jpegs.decode(whole[:-2]) is not None


def test_padding_at_the_end_of_rows_is_left_out() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (8, 16, 3), np.uint8)
    padded = np.concatenate([picture.reshape(8, 48), np.full((8, 16), 99, np.uint8)], 1)
    got = decoded(padded.ravel(), Negotiated("BGR3", 16, 8, 64, 30))
    assert got is not None
    np.testing.assert_array_equal(got, picture)


def test_the_wanted_size_comes_first_and_raw_goes_before_jpeg_at_a_full_rate() -> None:
    offers = [
        Offer("MJPG", 1280, 720, 30),
        Offer("YUYV", 1280, 720, 30),
        Offer("YUYV", 640, 480, 30),
        Offer("MJPG", 1920, 1080, 30),
    ]
    assert preferences(offers, 1280, 720, 30)[:2] == [("YUYV", 1280, 720), ("MJPG", 1280, 720)]


def test_jpeg_goes_before_raw_that_is_too_slow() -> None:
    usb2 = [Offer("YUYV", 1280, 720, 10), Offer("MJPG", 1280, 720, 30)]
    assert preferences(usb2, 1280, 720, 30)[0] == ("MJPG", 1280, 720)


def test_a_full_rate_at_a_smaller_size_goes_before_a_slide_show() -> None:
    offers = [Offer("YUYV", 1280, 720, 5), Offer("YUYV", 640, 480, 30)]
    assert preferences(offers, 1280, 720, 30)[0] == ("YUYV", 640, 480)


def test_a_little_below_the_rate_is_no_reason_for_a_smaller_picture() -> None:
    offers = [Offer("YUYV", 1280, 720, 25), Offer("YUYV", 640, 480, 30)]
    assert preferences(offers, 1280, 720, 30)[0] == ("YUYV", 1280, 720)
    offers = [Offer("MJPG", 1280, 720, 30), Offer("MJPG", 640, 480, 60)]
    assert preferences(offers, 1280, 720, 60)[0] == ("MJPG", 1280, 720)


def test_a_camera_that_tells_no_rates_is_believed_to_be_fast_enough() -> None:
    assert preferences([Offer("YUYV", 640, 480, 0)], 640, 480, 30) == [("YUYV", 640, 480)]


@given(st.lists(st.builds(
    Offer,
    st.sampled_from(devices.READABLE),
    st.integers(1, 4000),
    st.integers(1, 4000),
    st.floats(0, 240),
)))  # fmt: skip
def test_every_offer_is_tried_once(offers: list[Offer]) -> None:
    tried = preferences(offers, 1280, 720, 30)
    assert len(tried) == len(set(tried))
    assert set(tried) == {(each.fourcc, each.width, each.height) for each in offers}


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EACCES, "may not use"),
        (errno.ENODEV, "unplugged"),
        (errno.ENOENT, "unplugged"),
        (errno.ENOSPC, "USB"),
        (errno.EIO, "input/output error"),
    ],
)
def test_a_refusal_names_the_camera_the_reason_and_a_cure(number: int, said: str) -> None:
    error = explained(OSError(number, "x"), WEBCAM)
    assert said in error.message
    assert "HD Webcam" in error.message
    assert error.hint
    assert not isinstance(error, CameraBusyError)


def test_a_busy_camera_is_an_error_of_its_own() -> None:
    assert isinstance(explained(OSError(errno.EBUSY, "x"), WEBCAM), CameraBusyError)


def test_a_camera_that_is_gone_is_a_camera_error() -> None:
    from vcam_emoji.capture import open_capture

    with pytest.raises(CameraError, match="unplugged"):
        open_capture(CameraDevice("/dev/video-gone", "Gone", 0), 640, 480, 30)
