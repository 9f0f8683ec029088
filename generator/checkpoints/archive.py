"""The zip that torch writes: every record stored as it is, so that each is a view of the file.

Python's own reader would make room for as many records as a file claims, and unpack them. Here
nothing is unpacked, nothing is written, and a record's name is a key and never a path.

Source of the layout: PKWARE, APPNOTE.TXT, 4.3 and 4.5.3 (zip64).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise

from generator.checkpoints.errors import Refused

RECORDS_LIMIT = 20_000
"""A training checkpoint with its optimizers has some 1,500."""

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")


def records(data: memoryview) -> dict[str, memoryview]:
    """Every record by its name, its check sum verified.

    Raises:
        Refused: if the zip is damaged or cut short, or holds what torch never writes: compressed,
            encrypted or overlapping records, a name twice.
    """
    try:
        return _records(data)
    except (struct.error, UnicodeDecodeError) as error:
        raise Refused("its zip is damaged") from error


def _records(data: memoryview) -> dict[str, memoryview]:
    found: dict[str, memoryview] = {}
    places: list[tuple[int, int]] = []
    for name, method, flags, crc, packed, size, at in _entries(data):
        if method != 0 or packed != size:
            raise Refused(f"its zip holds {name} compressed, which torch never does")
        if flags & 0x2041:
            raise Refused(f"its zip holds {name} encrypted")
        if name in found:
            raise Refused(f"its zip holds {name} twice")
        local = _LOCAL.unpack(_part(data, at, _LOCAL.size))
        if local[0] != b"PK\3\4":
            raise Refused(f"its zip is damaged: {name} is not where it should be")
        start = at + _LOCAL.size + local[9] + local[10]
        found[name] = _part(data, start, size)
        places.append((at, start + size))
        if zlib.crc32(found[name]) != crc:
            raise Refused(f"its zip is damaged: {name} does not match its check sum")
    places.sort()
    if any(end > start for (_, end), (start, _) in pairwise(places)):
        raise Refused("its zip holds records that overlap, which torch never writes")
    return found


def _entries(data: memoryview) -> Iterator[tuple[str, int, int, int, int, int, int]]:
    """Name, method, flags, check sum, packed size, size and place of each record."""
    count, at = _directory(data)
    if count > RECORDS_LIMIT:
        raise Refused(f"its zip claims {count} records")
    for _ in range(count):
        entry = _ENTRY.unpack(_part(data, at, _ENTRY.size))
        if entry[0] != b"PK\1\2":
            raise Refused("its zip is damaged: its directory is not whole")
        packed, size, length, extra_length, place = *entry[8:12], entry[16]
        name = bytes(_part(data, at + _ENTRY.size, length)).decode("utf-8")
        extra = _part(data, at + _ENTRY.size + length, extra_length)
        wide = iter(_wide(extra))
        # In this order, and only those that did not fit.
        size = next(wide, size) if size == 0xFFFFFFFF else size
        packed = next(wide, packed) if packed == 0xFFFFFFFF else packed
        place = next(wide, place) if place == 0xFFFFFFFF else place
        yield name, entry[4], entry[3], entry[7], packed, size, place
        at += _ENTRY.size + length + extra_length + entry[12]


def _directory(data: memoryview) -> tuple[int, int]:
    """How many records there are, and where their list begins."""
    # Torch writes no comment, so the end is the end.
    end = _END.unpack(_part(data, len(data) - _END.size, _END.size))
    if end[0] != b"PK\5\6":
        raise Refused("its zip is cut short: it has no end")
    count, at = end[4], end[6]
    if count == 0xFFFF or at == 0xFFFFFFFF:
        place = len(data) - _END.size - _LOCATOR.size
        locator = _LOCATOR.unpack(_part(data, place, _LOCATOR.size))
        wide = _END64.unpack(_part(data, locator[2], _END64.size))
        if locator[0] != b"PK\6\7" or wide[0] != b"PK\6\6":
            raise Refused("its zip is damaged: its directory is not where it should be")
        count, at = wide[7], wide[9]
    return count, at


def _wide(extra: memoryview) -> list[int]:
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == 1:
            usable = min(length, len(extra) - 4) // 8
            return list(struct.unpack_from(f"<{usable}Q", extra, 4))
        extra = extra[4 + length :]
    return []


def _part(data: memoryview, start: int, size: int) -> memoryview:
    if start < 0 or size < 0 or start + size > len(data):
        raise Refused("its zip is damaged or cut short: it claims more than there is")
    return data[start : start + size]
