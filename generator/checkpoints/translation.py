"""What the readers of the public forms have in common: from what a file says to a Checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from generator.checkpoints.arrays import Array, Floats
from generator.checkpoints.errors import Refused
from generator.checkpoints.shapes import Hints, checked, configuration_of
from generator.checkpoints.tensors import Tensor
from generator.configuration import Checkpoint, Tensors

Take: TypeAlias = Callable[[object, str], Floats]
"""The array that a file holds under a name, as float32."""


@dataclass(frozen=True, slots=True)
class Translation:
    """Weights by our names, and what the file says of itself."""

    form: str
    generator: Tensors
    discriminator: Tensors = field(default_factory=dict)
    hints: Hints = field(default_factory=Hints)
    said: Mapping[str, object] = field(default_factory=dict)
    """Arguments that must agree with the shapes, by the name of our configuration's field."""
    notes: tuple[str, ...] = ()
    """Sentences for the person."""


def taker(size: int) -> Take:
    """A `Take` that gives out no more numbers than a file of that many bytes can hold.

    Many names may point at the same numbers, so a small file could ask for much room.
    """
    left = size

    def take(value: object, name: str) -> Floats:
        nonlocal left
        array: object = value
        if isinstance(value, Tensor):
            array = value.array()
        elif isinstance(value, Array):
            array = value.value
        elif type(value) in (int, float):
            array = np.float32(float(value))  # type: ignore[arg-type]
        if not isinstance(array, np.ndarray | np.generic) or array.dtype.kind != "f":
            raise Refused(f"{name} holds no floating point numbers")
        left -= array.nbytes
        if left < 0:
            raise Refused("its tensors claim more numbers than the file holds")
        with np.errstate(over="ignore", invalid="ignore"):  # told when it is written
            return np.asarray(array).astype(np.float32, copy=False)

    return take


def finish(translation: Translation, about: Mapping[str, Any]) -> Checkpoint:
    """Put a configuration to the weights, and hold both against what the file says of itself.

    Raises:
        Refused: naming the first tensor or argument that does not fit.
    """
    t = translation
    configuration = configuration_of(t.generator, t.discriminator, t.hints)
    for name, value in t.said.items():
        found = getattr(configuration, name)
        if type(value) in (int, str) and value != found:
            raise Refused(f"its arguments say `{name}` {value}, but its tensors say {found}")
    about = {"form": t.form, **about}
    if t.notes:
        about["notes"] = list(t.notes)
    return checked(Checkpoint(configuration, t.generator, t.discriminator, about))


def table(value: object) -> Mapping[str, Any]:
    """The same, if it is a dictionary; nothing where there is none."""
    return value if isinstance(value, dict) else {}


def number(value: object, name: str) -> float | None:
    """An argument that is a positive number, or is left out."""
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 < value < 1e6:  # type: ignore[operator]
        raise Refused(f"its argument `{name}` is no positive number")
    return float(value)  # type: ignore[arg-type]


def whole(value: object, name: str) -> int | None:
    """An argument that is a positive whole number, or is left out."""
    if value is None:
        return None
    if type(value) is not int or not 0 < value < 1 << 24:
        raise Refused(f"its argument `{name}` is no positive whole number")
    return value


def other_than(arguments: Mapping[str, Any], ours: Mapping[str, object]) -> str | None:
    """The first argument by which a network differs from all that ours can be, in words."""
    for name, expected in ours.items():
        value = arguments.get(name, expected)
        plain = list(value) if isinstance(value, list | tuple) and len(value) < 20 else value
        if type(plain) is list and not all(type(item) in (int, float) for item in plain):
            return f"`{name}` is no list of numbers"
        if type(plain) not in (list, int, float, str, bool, type(None)) or plain != expected:
            return f"its `{name}` is not {expected!r}"
    return None
