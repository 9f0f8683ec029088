"""PNG files from strangers: judged by their bytes before anything decodes them."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Bits a sample may have, by colour type."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a PNG says of itself."""

    width: int
    height: int
    alpha: bool
    """Whether it can be transparent anywhere."""


def header(encoded: bytes) -> Header:
    """Read a PNG's header, and check that the file is whole.

    Every chunk's length and checksum is looked at, because decoders fill what a broken file
    lacks with whatever they like.

    Raises:
        ValueError: saying in a few words, without a subject, why it is not a sound PNG.
    """
    if not encoded.startswith(_SIGNATURE):
        raise ValueError("is not a PNG")
    found: Header | None = None
    transparent = False
    data = memoryview(encoded)
    at = len(_SIGNATURE)
    while True:
        if at + 12 > len(data):
            raise ValueError("is a PNG cut short")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            raise ValueError("is a PNG cut short")
        if struct.unpack_from(">I", data, end)[0] != zlib.crc32(data[at + 4 : end]):
            raise ValueError("is a damaged PNG")
        if (kind == b"IHDR") != (found is None):
            raise ValueError("is a damaged PNG")
        if kind == b"IHDR":
            found = _claims(bytes(data[at + 8 : end]))
        elif kind == b"acTL":
            raise ValueError("is an animated PNG")
        elif kind == b"tRNS":
            transparent = True
        elif kind == b"IEND":
            assert found is not None
            return Header(found.width, found.height, found.alpha or transparent)
        at = end + 4


def _claims(body: bytes) -> Header:
    if len(body) != 13:
        raise ValueError("is a damaged PNG")
    width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", body)
    if not width or not height or depth not in _DEPTHS.get(colour, ()):
        raise ValueError("is a damaged PNG")
    return Header(width, height, alpha=colour in (4, 6))


def decode(encoded: bytes) -> NDArray[np.uint8]:
    """The picture in a PNG whose `header` is known to be sound and of a bearable size.

    Returns:
        [h, w, 4], BGR and straight alpha, opaque where the file knows no transparency.

    Raises:
        ValueError: as `header` does.
    """
    try:
        pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ValueError("is a damaged PNG") from error
    if pixels is None:
        raise ValueError("is a damaged PNG")
    if pixels.dtype == np.uint16:
        pixels = (pixels.astype(np.float32) / 257 + 0.5).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGRA)
    elif pixels.shape[2] == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2BGRA)
    elif pixels.shape[2] == 2:
        grey, alpha = cv2.split(pixels)
        pixels = cv2.merge([grey, grey, grey, alpha])
    return np.ascontiguousarray(pixels, np.uint8)


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """A [h, w, 4] BGRA picture as a PNG, as small as zlib makes it."""
    _, encoded = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return encoded.tobytes()
