"""Video4Linux devices, spoken to directly: what they are, what they offer, and their pictures.

OpenCV hides why a camera does not open and waits up to ten seconds for a picture. The kernel says
it at once: `OSError` with `EBUSY`, `EACCES`, `ENODEV` passes through here untouched.

Source: the kernel's `include/uapi/linux/videodev2.h`.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import select
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# For mypy on other systems: nothing below is theirs.
assert sys.platform == "linux"

LOOPBACK_DRIVER = "v4l2 loopback"
"""How v4l2loopback names itself: a virtual camera."""

_CAPTURE = 1
"""V4L2_BUF_TYPE_VIDEO_CAPTURE"""
_OUTPUT = 2
"""V4L2_BUF_TYPE_VIDEO_OUTPUT"""
_MMAP = 1
"""V4L2_MEMORY_MMAP"""
_BUFFERS = 4

_CAN_CAPTURE = 0x1
_CAN_OUTPUT = 0x2
_HAS_DEVICE_CAPS = 0x80000000
_BUFFER_ERROR = 0x40
_RATE_CAN_BE_SET = 0x1000
_DISCRETE = 1


# Structures of videodev2.h.


class _Capability(ctypes.Structure):
    _fields_ = (
        ("driver", ctypes.c_char * 16),
        ("card", ctypes.c_char * 32),
        ("bus_info", ctypes.c_char * 32),
        ("version", ctypes.c_uint32),
        ("capabilities", ctypes.c_uint32),
        ("device_caps", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32 * 3),
    )


class _FormatDescription(ctypes.Structure):
    _fields_ = (
        ("index", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("description", ctypes.c_char * 32),
        ("pixelformat", ctypes.c_uint32),
        ("mbus_code", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32 * 3),
    )


class _Picture(ctypes.Structure):
    """The kernel's v4l2_pix_format."""

    _fields_ = tuple(
        (name, ctypes.c_uint32)
        for name in (
            "width",
            "height",
            "pixelformat",
            "field",
            "bytesperline",
            "sizeimage",
            "colorspace",
            "priv",
            "flags",
            "ycbcr_enc",
            "quantization",
            "xfer_func",
        )
    )


class _FormatUnion(ctypes.Union):
    # The pointer gives the union the alignment that v4l2_window has in the kernel's.
    _fields_ = (
        ("pix", _Picture),
        ("pointer", ctypes.c_void_p),
        ("raw", ctypes.c_uint8 * 200),
    )


class _Format(ctypes.Structure):
    _fields_ = (("type", ctypes.c_uint32), ("fmt", _FormatUnion))


class _Fraction(ctypes.Structure):
    _fields_ = (("numerator", ctypes.c_uint32), ("denominator", ctypes.c_uint32))


class _CaptureParameters(ctypes.Structure):
    _fields_ = (
        ("capability", ctypes.c_uint32),
        ("capturemode", ctypes.c_uint32),
        ("timeperframe", _Fraction),
        ("extendedmode", ctypes.c_uint32),
        ("readbuffers", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32 * 4),
    )


class _ParametersUnion(ctypes.Union):
    _fields_ = (("capture", _CaptureParameters), ("raw", ctypes.c_uint8 * 200))


class _Parameters(ctypes.Structure):
    _fields_ = (("type", ctypes.c_uint32), ("parm", _ParametersUnion))


class _Request(ctypes.Structure):
    """The kernel's v4l2_requestbuffers."""

    _fields_ = (
        ("count", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("memory", ctypes.c_uint32),
        ("capabilities", ctypes.c_uint32),
        ("flags", ctypes.c_uint8),
        ("reserved", ctypes.c_uint8 * 3),
    )


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("microseconds", ctypes.c_long))


class _Timecode(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("digits", ctypes.c_uint8 * 4),
        ("userbits", ctypes.c_uint8 * 4),
    )


class _Place(ctypes.Union):
    _fields_ = (("offset", ctypes.c_uint32), ("userptr", ctypes.c_ulong))


class _Buffer(ctypes.Structure):
    _fields_ = (
        ("index", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("bytesused", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("field", ctypes.c_uint32),
        ("timestamp", _Time),
        ("timecode", _Timecode),
        ("sequence", ctypes.c_uint32),
        ("memory", ctypes.c_uint32),
        ("m", _Place),
        ("length", ctypes.c_uint32),
        ("reserved2", ctypes.c_uint32),
        ("request_fd", ctypes.c_int32),
    )


class _Steps(ctypes.Structure):
    """Widths and heights from, to, in steps; of a discrete size the first two: its sides."""

    _fields_ = (("numbers", ctypes.c_uint32 * 6),)


class _FrameSize(ctypes.Structure):
    _fields_ = (
        ("index", ctypes.c_uint32),
        ("pixel_format", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("size", _Steps),
        ("reserved", ctypes.c_uint32 * 2),
    )


class _FrameInterval(ctypes.Structure):
    _fields_ = (
        ("index", ctypes.c_uint32),
        ("pixel_format", ctypes.c_uint32),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
        ("interval", _Fraction * 3),
        ("reserved", ctypes.c_uint32 * 2),
    )


class _Subscription(ctypes.Structure):
    """The kernel's v4l2_event_subscription."""

    _fields_ = (
        ("type", ctypes.c_uint32),
        ("id", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32 * 5),
    )


class _EventUnion(ctypes.Union):
    # As long as the kernel's; a 64-bit value in it gives it that alignment there.
    _fields_ = (("count", ctypes.c_uint32), ("value", ctypes.c_int64), ("raw", ctypes.c_uint8 * 64))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_uint32),
        ("u", _EventUnion),
        ("pending", ctypes.c_uint32),
        ("sequence", ctypes.c_uint32),
        ("timestamp", ctypes.c_long * 2),
        ("id", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32 * 8),
    )


_CLIENT_USAGE = 0x08000000 + 0x08E00000 + 1
"""V4L2_EVENT_PRI_CLIENT_USAGE: v4l2loopback's own event, since its version 0.13."""
_SEND_INITIAL = 1
"""V4L2_EVENT_SUB_FL_SEND_INITIAL"""


_READ, _WRITE = 2, 1


def _request(direction: int, number: int, size: int) -> int:
    return direction << 30 | size << 16 | ord("V") << 8 | number


_BOTH = _READ | _WRITE
_QUERYCAP = _request(_READ, 0, ctypes.sizeof(_Capability))
_ENUM_FMT = _request(_BOTH, 2, ctypes.sizeof(_FormatDescription))
_G_FMT = _request(_BOTH, 4, ctypes.sizeof(_Format))
_S_FMT = _request(_BOTH, 5, ctypes.sizeof(_Format))
_REQBUFS = _request(_BOTH, 8, ctypes.sizeof(_Request))
_QUERYBUF = _request(_BOTH, 9, ctypes.sizeof(_Buffer))
_QBUF = _request(_BOTH, 15, ctypes.sizeof(_Buffer))
_DQBUF = _request(_BOTH, 17, ctypes.sizeof(_Buffer))
_STREAMON = _request(_WRITE, 18, ctypes.sizeof(ctypes.c_int))
_STREAMOFF = _request(_WRITE, 19, ctypes.sizeof(ctypes.c_int))
_G_PARM = _request(_BOTH, 21, ctypes.sizeof(_Parameters))
_S_PARM = _request(_BOTH, 22, ctypes.sizeof(_Parameters))
_ENUM_FRAMESIZES = _request(_BOTH, 74, ctypes.sizeof(_FrameSize))
_ENUM_FRAMEINTERVALS = _request(_BOTH, 75, ctypes.sizeof(_FrameInterval))
_DQEVENT = _request(_READ, 89, ctypes.sizeof(_Event))
_SUBSCRIBE_EVENT = _request(_WRITE, 90, ctypes.sizeof(_Subscription))
_UNSUBSCRIBE_EVENT = _request(_WRITE, 91, ctypes.sizeof(_Subscription))


# What a device is and offers.


@dataclass(frozen=True, slots=True)
class Identity:
    path: str
    name: str
    driver: str
    captures: bool
    """Pictures can be read from it, now: a virtual camera says so only while it is fed."""
    takes: bool
    """Pictures can be written to it."""

    @property
    def virtual(self) -> bool:
        return self.driver == LOOPBACK_DRIVER


@dataclass(frozen=True, slots=True)
class Offer:
    """One picture format of a camera."""

    fourcc: str
    """Four letters, such as `MJPG` or `YUYV`."""
    width: int
    height: int
    fps: float
    """The highest rate at this size; 0 where the device does not say."""


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What the device agreed to."""

    fourcc: str
    width: int
    height: int
    stride: int
    """Bytes in a row of the (first) plane; 0 for compressed pictures."""
    fps: float
    """0 where the device does not say."""


def _code(fourcc: str) -> int:
    return int.from_bytes(fourcc.encode("ascii"), "little")


def _fourcc(code: int) -> str:
    return (code & 0x7FFFFFFF).to_bytes(4, "little").decode("ascii", "replace")


def paths() -> list[str]:
    """The video devices of this machine, by number."""
    found = (each for each in Path("/dev").glob("video*") if each.name[5:].isdecimal())
    return [str(each) for each in sorted(found, key=lambda each: int(each.name[5:]))]


class Device:
    """An open video device; every method lets the kernel's `OSError` through."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._maps: list[mmap.mmap] = []

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, request: int, argument: ctypes.Structure | ctypes.c_int) -> None:
        while True:
            try:
                # The kernel's errno and the argument's new contents are the whole answer.
                fcntl.ioctl(self._fd, request, argument)
                return
            except InterruptedError:
                continue

    def identity(self) -> Identity:
        about = _Capability()
        self._ask(_QUERYCAP, about)
        can = about.device_caps if about.capabilities & _HAS_DEVICE_CAPS else about.capabilities
        return Identity(
            self._path,
            about.card.decode("utf-8", "replace"),
            about.driver.decode("utf-8", "replace"),
            bool(can & _CAN_CAPTURE),
            bool(can & _CAN_OUTPUT),
        )

    def offers(self, among: Collection[str]) -> list[Offer]:
        """Every size of some formats; where sizes come in steps, the smallest and the largest."""
        return [
            Offer(fourcc, width, height, self._highest_rate(fourcc, width, height))
            for fourcc in self._fourccs()
            if fourcc in among
            for width, height in self._sizes(fourcc)
        ]

    def _enumerate(self, request: int, argument: ctypes.Structure) -> Iterator[None]:
        for index in range(256):
            argument.index = index
            try:
                self._ask(request, argument)
            except OSError as error:
                # EINVAL ends every list; ENOTTY is a driver without this list.
                if error.errno in (errno.EINVAL, errno.ENOTTY):
                    return
                raise
            yield

    def _fourccs(self) -> list[str]:
        about = _FormatDescription(type=_CAPTURE)
        return [_fourcc(about.pixelformat) for _ in self._enumerate(_ENUM_FMT, about)]

    def _sizes(self, fourcc: str) -> list[tuple[int, int]]:
        about = _FrameSize(pixel_format=_code(fourcc))
        sizes = []
        for _ in self._enumerate(_ENUM_FRAMESIZES, about):
            n = about.size.numbers
            if about.type != _DISCRETE:
                return [(n[0], n[3]), (n[1], n[4])]
            sizes.append((n[0], n[1]))
        return sizes

    def _highest_rate(self, fourcc: str, width: int, height: int) -> float:
        about = _FrameInterval(pixel_format=_code(fourcc), width=width, height=height)
        best = 0.0
        for _ in self._enumerate(_ENUM_FRAMEINTERVALS, about):
            shortest = about.interval[0]
            if shortest.numerator:
                best = max(best, shortest.denominator / shortest.numerator)
            if about.type != _DISCRETE:
                break
        return best

    def busy(self) -> bool:
        """Whether another program streams from it; asking neither starts it nor lights its LED."""
        try:
            self._ask(_REQBUFS, _Request(count=1, type=_CAPTURE, memory=_MMAP))
            self._ask(_REQBUFS, _Request(count=0, type=_CAPTURE, memory=_MMAP))
        except OSError as error:
            if error.errno == errno.EBUSY:
                return True
            raise
        return False

    def takes(self) -> tuple[str, int, int]:
        """Fourcc, width and height of the pictures that a virtual camera takes now."""
        current = _Format(type=_OUTPUT)
        self._ask(_G_FMT, current)
        pix = current.fmt.pix
        return _fourcc(pix.pixelformat), pix.width, pix.height

    def streamed(self) -> bool:
        """Whether any program takes pictures from a virtual camera; asking takes microseconds.

        v4l2loopback tells each change by an event, of which one may be lost. So nothing is counted:
        whoever subscribes anew is told how it stands.

        Raises:
            OSError: if the driver does not tell; v4l2loopback before 0.13 does not.
        """
        about = _Subscription(type=_CLIENT_USAGE, flags=_SEND_INITIAL)
        self._ask(_UNSUBSCRIBE_EVENT, about)
        self._ask(_SUBSCRIBE_EVENT, about)
        event = _Event()
        self._ask(_DQEVENT, event)
        return bool(event.u.count)

    # Streaming.

    def negotiate(self, fourcc: str, width: int, height: int, fps: float) -> Negotiated:
        """Ask for a format, size and rate; the device answers with what comes nearest."""
        wanted = _Format(type=_CAPTURE)
        wanted.fmt.pix.width, wanted.fmt.pix.height = width, height
        wanted.fmt.pix.pixelformat = _code(fourcc)
        self._ask(_S_FMT, wanted)
        got = wanted.fmt.pix
        return Negotiated(
            _fourcc(got.pixelformat), got.width, got.height, got.bytesperline, self._set_rate(fps)
        )

    def _set_rate(self, fps: float) -> float:
        rate = _Parameters(type=_CAPTURE)
        capture = rate.parm.capture
        # A driver without a rate to set refuses these two; it then runs at its own.
        with contextlib.suppress(OSError):
            self._ask(_G_PARM, rate)
            if capture.capability & _RATE_CAN_BE_SET:
                capture.timeperframe = _Fraction(1000, round(fps * 1000))
                self._ask(_S_PARM, rate)
        period = capture.timeperframe
        return period.denominator / period.numerator if period.numerator else 0.0

    def start(self) -> None:
        asked = _Request(count=_BUFFERS, type=_CAPTURE, memory=_MMAP)
        self._ask(_REQBUFS, asked)
        for index in range(asked.count):
            buffer = _Buffer(index=index, type=_CAPTURE, memory=_MMAP)
            self._ask(_QUERYBUF, buffer)
            self._maps.append(
                mmap.mmap(
                    self._fd,
                    buffer.length,
                    mmap.MAP_SHARED,
                    mmap.PROT_READ | mmap.PROT_WRITE,
                    offset=buffer.m.offset,
                )
            )
            self._ask(_QBUF, buffer)
        self._ask(_STREAMON, ctypes.c_int(_CAPTURE))

    def read(self, timeout_s: float) -> NDArray[np.uint8] | None:
        """The newest picture as the camera sent it, copied, or None if none came in time.

        Pictures that waited behind it are dropped, and so is one that the driver marks as damaged.
        """
        poller = select.poll()
        poller.register(self._fd, select.POLLIN)
        if not poller.poll(timeout_s * 1000):
            return None
        newest = self._dequeue()
        if newest is None:
            return None
        while (newer := self._dequeue()) is not None:
            self._ask(_QBUF, newest)
            newest = newer
        try:
            if newest.flags & _BUFFER_ERROR or not newest.bytesused:
                return None
            data = np.frombuffer(self._maps[newest.index], np.uint8, newest.bytesused)
            return data.copy()
        finally:
            self._ask(_QBUF, newest)

    def _dequeue(self) -> _Buffer | None:
        buffer = _Buffer(type=_CAPTURE, memory=_MMAP)
        try:
            self._ask(_DQBUF, buffer)
        except BlockingIOError:
            return None
        return buffer

    def stop(self) -> None:
        """Give the buffers back, also when it was unplugged meanwhile."""
        with contextlib.suppress(OSError):
            self._ask(_STREAMOFF, ctypes.c_int(_CAPTURE))
        for each in self._maps:
            each.close()
        self._maps.clear()
        with contextlib.suppress(OSError):
            self._ask(_REQBUFS, _Request(count=0, type=_CAPTURE, memory=_MMAP))

    def close(self) -> None:
        if self._fd >= 0:
            self.stop()
            os.close(self._fd)
            self._fd = -1
