"""The kernel's numbers are the only contract here; real devices are in tests/lab."""

from __future__ import annotations

import sys

import pytest

if sys.platform != "linux":
    pytest.skip("Video4Linux is Linux's", allow_module_level=True)
assert sys.platform == "linux"

from vcam_emoji import v4l2  # noqa: E402


@pytest.mark.skipif(sys.maxsize < 2**32, reason="the numbers below are those of 64-bit systems")
def test_requests_have_the_numbers_that_the_kernel_gives_them() -> None:
    numbers = {
        v4l2._QUERYCAP: 0x80685600,
        v4l2._ENUM_FMT: 0xC0405602,
        v4l2._G_FMT: 0xC0D05604,
        v4l2._S_FMT: 0xC0D05605,
        v4l2._REQBUFS: 0xC0145608,
        v4l2._QUERYBUF: 0xC0585609,
        v4l2._QBUF: 0xC058560F,
        v4l2._DQBUF: 0xC0585611,
        v4l2._STREAMON: 0x40045612,
        v4l2._STREAMOFF: 0x40045613,
        v4l2._G_PARM: 0xC0CC5615,
        v4l2._S_PARM: 0xC0CC5616,
        v4l2._ENUM_FRAMESIZES: 0xC02C564A,
        v4l2._ENUM_FRAMEINTERVALS: 0xC034564B,
    }
    assert [hex(each) for each in numbers] == [hex(each) for each in numbers.values()]


def test_a_device_that_is_not_there_says_so() -> None:
    with pytest.raises(FileNotFoundError):
        v4l2.Device("/dev/video-that-is-not-there")


def test_a_file_that_is_no_device_says_so() -> None:
    with v4l2.Device("/dev/null") as device, pytest.raises(OSError, match="ioctl"):
        device.identity()


def test_fourccs_are_read_as_they_are_written() -> None:
    assert [v4l2._fourcc(v4l2._code(each)) for each in ("MJPG", "Y10 ")] == ["MJPG", "Y10 "]
    big_endian = 1 << 31
    assert v4l2._fourcc(v4l2._code("Y16 ") | big_endian) == "Y16 "
