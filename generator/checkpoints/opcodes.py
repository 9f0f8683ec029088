"""The operations of pickle protocols 2 to 5 that networks are written with.

Those of protocols 0 and 1, extension registries and buffers outside of the file are left out: an
operation that is not here is refused.

Source: CPython, Lib/pickletools.py, "opcodes".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from generator.checkpoints.errors import Refused

if TYPE_CHECKING:
    from generator.checkpoints.unpickling import Machine


def _call_with_keywords(machine: Machine) -> None:
    keywords = machine.pop()
    if type(keywords) is not dict or keywords:
        raise Refused("its pickle builds an object with keywords, which no such file needs")
    machine.call()


OPERATIONS: dict[int, Callable[[Machine], Any]] = {
    # What frames it.
    0x80: lambda m: m.take(1),  # PROTO
    0x95: lambda m: m.take(8),  # FRAME: the length it claims is of no use to us
    # Plain values.
    ord("N"): lambda m: m.push(None),
    0x88: lambda m: m.push(True),
    0x89: lambda m: m.push(False),
    ord("J"): lambda m: m.push(m.number("<i")),
    ord("K"): lambda m: m.push(m.number("<B")),
    ord("M"): lambda m: m.push(m.number("<H")),
    0x8A: lambda m: m.integer(m.number("<B")),
    ord("G"): lambda m: m.push(m.number(">d")),
    ord("B"): lambda m: m.raw(m.number("<I")),
    ord("C"): lambda m: m.raw(m.number("<B")),
    0x8E: lambda m: m.raw(m.number("<Q")),
    0x96: lambda m: m.raw(m.number("<Q")),  # BYTEARRAY8: ours never changes
    ord("X"): lambda m: m.text(m.number("<I")),
    0x8C: lambda m: m.text(m.number("<B")),
    # Containers.
    ord("("): lambda m: m.mark(),
    ord(")"): lambda m: m.push(()),
    ord("t"): lambda m: m.push(tuple(m.since_mark())),
    0x85: lambda m: m.tuple_of(1),
    0x86: lambda m: m.tuple_of(2),
    0x87: lambda m: m.tuple_of(3),
    ord("]"): lambda m: m.push([]),
    ord("a"): lambda m: m.append([m.pop()]),
    ord("e"): lambda m: m.append(m.since_mark()),
    ord("}"): lambda m: m.push({}),
    ord("s"): lambda m: m.set_items(m.two()),
    ord("u"): lambda m: m.set_items(m.since_mark()),
    0x8F: lambda m: m.push(set()),
    0x90: lambda m: m.add(m.since_mark()),
    # The stack and the memo.
    ord("0"): lambda m: m.drop(),
    ord("1"): lambda m: m.since_mark(),
    ord("q"): lambda m: m.put(m.number("<B")),
    ord("r"): lambda m: m.put(m.number("<I")),
    0x94: lambda m: m.put(len(m.memo)),
    ord("h"): lambda m: m.get(m.number("<B")),
    ord("j"): lambda m: m.get(m.number("<I")),
    # Names and what is made of them.
    ord("c"): lambda m: m.find(m.line(), m.line()),
    0x93: lambda m: m.find(*m.two()),
    ord("R"): lambda m: m.call(),
    0x81: lambda m: m.call(),
    0x92: _call_with_keywords,
    ord("b"): lambda m: m.build(),
    ord("Q"): lambda m: m.persist(m.pop()),
}
