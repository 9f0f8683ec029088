"""Clips composed from portraits, in which the place of every face is known.

The demo, the benchmarks and the tests play them where a person would sit before a camera.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from vcam_emoji.types import Box, FivePoints, Frame, Points


@dataclass(frozen=True, slots=True)
class TrueFace:
    """A face as the clip's composer placed it."""

    id: int
    """The same person throughout the clip."""
    box: Box
    points: FivePoints
    roll: float
    """Degrees, as in `Detection.roll`."""
    outline: Points
    """The skin of the face as a polygon, hairline to chin; it may reach out of the frame."""


@dataclass(frozen=True, slots=True)
class StagedFrame:
    frame: Frame
    """`Frame.time` advances by exactly 1/fps from 0: a clip is the same on every machine."""
    faces: tuple[TrueFace, ...]
    """Those of which any part is inside the frame and not hidden, back to front."""


class Clip(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        ...

    @property
    def fps(self) -> float: ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[StagedFrame]: ...
