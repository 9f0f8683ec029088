"""A pickle read as data: a machine of our own that can build plain values and nothing else.

Python's own unpickler imports what a file names and allocates what a file claims. This one knows
the opcodes that networks are written with (`opcodes.py`), looks a global up in the table it was
given, and refuses any other by its name. It holds no import, no attribute access and no call but
those to the table's functions. Long byte strings are views into the file, so nothing is allocated
that the file does not hold; and every operation is paid for from a budget that all pickles of one
file share, nested ones too.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from generator.checkpoints.errors import Refused
from generator.checkpoints.opcodes import OPERATIONS

STEPS_LIMIT = 500_000
"""A 1024 px network of stylegan2-ada-pytorch, of which three are pickled, takes about 70,000."""
TEXT_LIMIT = 64 << 20
"""Bytes of text in one file: source code and names come to less than one million."""
MEMO_LIMIT = 1_000_000
DEPTH_LIMIT = 500
LINE_LIMIT = 4096
INTEGER_LIMIT = 64
"""Bytes of an integer; torch's magic number has ten."""
KEY_LIMIT = 1 << 16
"""Of a whole number used as a key; larger ones could be chosen to collide."""

_VIEW_FROM = 1024


@dataclass(frozen=True, slots=True)
class Global:
    """A name that the file may use: what it is called with becomes what `build` returns."""

    name: str
    build: Callable[..., Any]


class Table(dict[Any, Any]):
    """What the file calls an OrderedDict or an EasyDict; a state it is given is dropped."""

    def restore(self, _state: object) -> None: ...


class Instance:
    """What the file calls an object of some class: its class's name and its state."""

    __slots__ = ("name", "state")

    def __init__(self, name: str, state: Any = None) -> None:
        self.name = name
        self.state = state

    def restore(self, state: object) -> None:
        self.state = state


@dataclass(slots=True)
class Budget:
    """What reading one file may cost, over all the pickles in it."""

    steps: int = STEPS_LIMIT
    text: int = TEXT_LIMIT

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise Refused(f"its pickle takes more than {STEPS_LIMIT} operations")

    def spend_text(self, size: int) -> None:
        self.text -= size
        if self.text < 0:
            raise Refused(f"its pickle claims more than {TEXT_LIMIT >> 20} MB of text")


class Mark: ...


MARK = Mark()


def unpickle(
    data: memoryview,
    known: Mapping[str, Global],
    budget: Budget,
    persistent: Callable[[object], object] | None = None,
) -> tuple[Any, int]:
    """Read one pickle from the start of `data`.

    Args:
        data: the file's bytes, of which the pickle may be the beginning.
        known: globals by `module.name`.
        budget: what is left to be spent on the file.
        persistent: what a persistent id stands for; None refuses them.

    Returns:
        The value, and how many bytes the pickle took. Byte strings of 1 kB and more are views.

    Raises:
        Refused: if a global is unknown, a limit is passed, or the pickle is damaged or cut short.
    """
    machine = Machine(data, known, budget, persistent)
    try:
        return machine.run(), machine.position
    except (IndexError, KeyError, ValueError, TypeError, AttributeError, struct.error) as error:
        raise Refused(f"its pickle is damaged near byte {machine.position}") from error
    except (OverflowError, MemoryError, RecursionError) as error:
        raise Refused(f"its pickle claims too much near byte {machine.position}") from error


class Machine:
    """A stack, a memo and a place in the file; every method is a step of an operation."""

    def __init__(
        self,
        data: memoryview,
        known: Mapping[str, Global],
        budget: Budget,
        persistent: Callable[[object], object] | None,
    ) -> None:
        self.data = data
        self.known = known
        self.budget = budget
        self.persistent = persistent
        self.position = 0
        self.depth = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        while True:
            self.budget.spend(1)
            code = self.take(1)[0]
            if code == 0x2E:  # STOP
                if len(self.stack) != 1 or self.stack[0] is MARK:
                    raise Refused("its pickle is damaged: it ends with more or less than one value")
                return self.stack.pop()
            operation = OPERATIONS.get(code)
            if operation is None:
                raise Refused(f"its pickle uses operation {code:#04x}, which such files never do")
            operation(self)

    def take(self, count: int) -> memoryview:
        end = self.position + count
        if end > len(self.data):
            left = len(self.data) - self.position
            raise Refused(f"it is cut short: its pickle claims {count} bytes where {left} are left")
        part = self.data[self.position : end]
        self.position = end
        return part

    def number(self, layout: str) -> Any:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def line(self) -> str:
        window = bytes(self.data[self.position : self.position + LINE_LIMIT])
        end = window.find(b"\n")
        if end < 0:
            raise Refused("it is cut short, or holds a line longer than such a file ever does")
        self.position += end + 1
        return window[:end].decode("utf-8")

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        value = self.stack.pop()
        if value is MARK:
            raise Refused("its pickle is damaged: a value is missing")
        return value

    def top(self) -> Any:
        value = self.stack[-1]
        if value is MARK:
            raise Refused("its pickle is damaged: a value is missing")
        return value

    def drop(self) -> None:
        if self.stack.pop() is MARK:
            self.depth -= 1

    def mark(self) -> None:
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise Refused(f"its pickle is nested deeper than {DEPTH_LIMIT} levels")
        self.stack.append(MARK)

    def since_mark(self) -> list[Any]:
        at = len(self.stack) - 1
        while self.stack[at] is not MARK:
            if at <= 0:
                raise Refused("its pickle is damaged: it closes what it did not open")
            at -= 1
        values = self.stack[at + 1 :]
        del self.stack[at:]
        self.depth -= 1
        return values

    def put(self, index: int) -> None:
        if not 0 <= index < MEMO_LIMIT:
            raise Refused(f"its pickle claims a memo of {index} entries")
        self.memo[index] = self.top()

    def get(self, index: int) -> None:
        if index not in self.memo:
            raise Refused(f"its pickle is damaged: memo entry {index} was never made")
        self.push(self.memo[index])

    def integer(self, length: int) -> None:
        if length > INTEGER_LIMIT:
            raise Refused(f"its pickle claims an integer of {length} bytes")
        self.push(int.from_bytes(self.take(length), "little", signed=True))

    def raw(self, length: int) -> None:
        part = self.take(length)
        self.push(part if length >= _VIEW_FROM else bytes(part))

    def text(self, length: int) -> None:
        part = self.take(length)
        self.budget.spend_text(length)
        self.push(str(part, "utf-8"))

    def find(self, module: object, name: object) -> None:
        # Only then may they be put into a text: a list of lists of lists could fill the memory.
        if type(module) is not str or type(name) is not str:
            raise Refused("its pickle is damaged: a name is no text")
        full = f"{module[:100]}.{name[:100]}"
        if full not in self.known:
            raise Refused(f"it names `{full}`, which is none of the few things such a file needs")
        self.push(self.known[full])

    def call(self) -> None:
        arguments, function = self.pop(), self.pop()
        if type(function) is not Global or type(arguments) is not tuple:
            raise Refused("its pickle calls something that is no function it may name")
        self.budget.spend(len(arguments))
        for value in arguments:
            # What a function copies is paid for again and again, as often as it is called.
            if isinstance(value, list | tuple | dict | set):
                self.budget.spend(len(value))
            elif isinstance(value, str | bytes):
                self.budget.spend(len(value) // 64)
        self.push(function.build(*arguments))

    def build(self) -> None:
        state = self.pop()
        target = self.top()
        if not hasattr(type(target), "restore"):
            raise Refused("its pickle gives a state to something that takes none")
        target.restore(state)

    def append(self, values: list[Any]) -> None:
        target = self.top()
        if type(target) is not list:
            raise Refused("its pickle appends to something that is no list")
        target.extend(values)

    def set_items(self, values: list[Any]) -> None:
        target = self.top()
        if type(target) not in (dict, Table):
            raise Refused("its pickle puts items into something that is no dictionary")
        if len(values) % 2:
            raise Refused("its pickle is damaged: a key has no value")
        for key, value in zip(values[::2], values[1::2], strict=True):
            target[as_key(key)] = value

    def add(self, values: list[Any]) -> None:
        target = self.top()
        if type(target) is not set:
            raise Refused("its pickle adds to something that is no set")
        target.update(as_key(value) for value in values)

    def persist(self, identity: object) -> None:
        if self.persistent is None:
            raise Refused("it refers to something outside of it")
        self.push(self.persistent(identity))

    def two(self) -> list[Any]:
        second = self.pop()
        return [self.pop(), second]

    def tuple_of(self, count: int) -> None:
        values = [self.pop() for _ in range(count)]
        self.push(tuple(reversed(values)))


def as_key(value: Any) -> Any:
    """The same, if it is a text or a small whole number.

    Numbers of choice could all share one hash, and a tuple of tuples would take forever to hash.
    """
    if type(value) is str or (type(value) is int and 0 <= value < KEY_LIMIT):
        return value
    raise Refused("its pickle uses something as a key that is no plain name")
