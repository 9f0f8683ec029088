"""What flows through the live path, and the seams between its stages.

A `Frame` comes from a `FrameSource`, becomes `Face`s, then an `EmotionEstimate` for each, then an
`Expression` to show, and leaves through a `FrameSink`. Positions are pixels of the frame, x to
the right and y down, with the centre of the first pixel at 0.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
"""[h, w, 3], BGR, 0 to 255."""

Points: TypeAlias = NDArray[np.float32]
"""[n, 2], x and y in pixels."""


class Emotion(StrEnum):
    """The seven classes, in the order of FER-2013's labels: scores are stored in this order."""

    ANGRY = "angry"
    DISGUST = "disgust"
    FEAR = "fear"
    HAPPY = "happy"
    SAD = "sad"
    SURPRISE = "surprise"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture from a camera."""

    image: Image
    """BGR uint8 [h, w, 3]. Stages do not write to it; the last one, if it is `fresh`, may."""
    time: float
    """Seconds on `time.monotonic()`'s clock when the picture was taken."""
    fresh: bool = False
    """Nobody else keeps the image: what is published may be painted right on it."""


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle, in pixels; it may reach beyond the frame."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        return max(0.0, self.width) * max(0.0, self.height)

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def scaled(self, factor: float) -> Box:
        """The same centre, both sides times `factor`."""
        (cx, cy), w, h = self.centre, self.width * factor / 2, self.height * factor / 2
        return Box(cx - w, cy - h, cx + w, cy + h)

    def clipped(self, width: float, height: float) -> Box:
        """The part inside a frame of that size; its area is 0 where there is none."""
        return Box(
            min(max(self.x0, 0.0), width),
            min(max(self.y0, 0.0), height),
            min(max(self.x1, 0.0), width),
            min(max(self.y1, 0.0), height),
        )

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 to 1."""
        w = min(self.x1, other.x1) - max(self.x0, other.x0)
        h = min(self.y1, other.y1) - max(self.y0, other.y0)
        if w <= 0 or h <= 0:
            return 0.0
        return w * h / (self.area + other.area - w * h)


@dataclass(frozen=True, slots=True)
class FivePoints:
    """Where a face's features are. Left and right are the picture's, not the person's."""

    left_eye: tuple[float, float]
    right_eye: tuple[float, float]
    nose: tuple[float, float]
    left_mouth: tuple[float, float]
    right_mouth: tuple[float, float]

    @property
    def eyes(self) -> tuple[float, float]:
        """Midpoint of the eyes."""
        (ax, ay), (bx, by) = self.left_eye, self.right_eye
        return (ax + bx) / 2, (ay + by) / 2

    @property
    def mouth(self) -> tuple[float, float]:
        """Midpoint of the mouth corners."""
        (ax, ay), (bx, by) = self.left_mouth, self.right_mouth
        return (ax + bx) / 2, (ay + by) / 2

    def array(self) -> Points:
        """[5, 2] float32, in the order of the fields."""
        rows = (self.left_eye, self.right_eye, self.nose, self.left_mouth, self.right_mouth)
        return np.array(rows, np.float32)


@dataclass(frozen=True, slots=True)
class Detection:
    """A face in one picture, without memory of earlier pictures."""

    box: Box
    """Tight on the face as annotators draw it: brow or hairline to chin, cheek to cheek."""
    score: float
    """Confidence that this is a face, 0 to 1."""
    points: FivePoints
    roll: float
    """Head tilt in degrees, in (-180, 180], clockwise in the picture positive, upright 0."""


@dataclass(frozen=True, slots=True)
class Face:
    """A tracked face: a `Detection` with an identity, smoothed."""

    id: int
    """Stable while the face is tracked; never used again for another face."""
    box: Box
    points: FivePoints
    roll: float
    """As in `Detection`."""
    score: float
    lost_s: float = 0.0
    """Seconds since it was last really seen: 0 in a frame that shows it, more while it is held."""


@dataclass(frozen=True, slots=True)
class EmotionEstimate:
    """What one face shows, steadied over time."""

    scores: tuple[float, ...]
    """One per `Emotion`, in its order, summing to 1, smoothed."""
    emotion: Emotion
    """The label to act on, once enough spoke for it; not always the largest score."""
    raw: tuple[float, ...] = ()
    """The network's newest scores, neither calibrated nor smoothed; empty if not by a network."""


@dataclass(frozen=True, slots=True)
class Expression:
    """What an emoji is to show."""

    emotion: Emotion
    intensity: float = 1.0
    """0 (hardly) to 1 (fully)."""


class FaceFinder(Protocol):
    """Finds faces in a single picture."""

    def find(self, image: Image) -> Sequence[Detection]:
        """Every face in a BGR picture, best score first."""
        ...


class FaceWatcher(FaceFinder, Protocol):
    """A finder that looks at a part of the picture at a time, and knows where it was in doubt."""

    @property
    def squares(self) -> Sequence[Box]:
        """The parts of the last picture that are looked at in turn; the first one is all of it."""
        ...

    @property
    def looked(self) -> Sequence[Box]:
        """Those of them that were looked at in the last picture."""
        ...

    @property
    def suspects(self) -> Sequence[Box]:
        """Where the last picture shows what may be a face, however weakly; faces are among them."""
        ...


@dataclass(frozen=True, slots=True)
class Watch:
    """What a tracker knows of the picture beside the faces it reports."""

    time: float = float("inf")
    """Of the last frame that was looked at as a whole; as it stands here, of every one."""
    suspects: Sequence[Box] = ()
    """Where something has been of late that may be a face, but no reported one."""
    parts: Sequence[tuple[Box, float]] = ()
    """The parts that are looked at more closely, since small faces do not show in the whole, and
    the time of the last frame in which each was; none where the whole is close enough."""


class FaceFollower(Protocol):
    """Finds one face again, cheaply, near where it last was."""

    def follow(self, image: Image, last: Detection) -> Detection | None:
        """The same face in a newer BGR picture, or None if it is not (surely) there."""
        ...


class FaceTracker(Protocol):
    """Gives faces an identity across frames."""

    def update(self, frame: Frame) -> Sequence[Face]:
        """The faces of this frame, largest first, those held for a moment (`lost_s` > 0) too."""
        ...

    @property
    def watch(self) -> Watch:
        """What is known beside them, as of that frame."""
        ...

    def reset(self) -> None:
        """Forget everything: the next frame is from another scene."""
        ...


class EmotionReader(Protocol):
    """Reads each face's emotion and keeps it steady."""

    def read(self, frame: Frame, faces: Sequence[Face]) -> Mapping[int, EmotionEstimate]:
        """An estimate for every face, by `Face.id`."""
        ...

    def reset(self) -> None:
        """Forget every face."""
        ...


class FrameSource(Protocol):
    """Where frames come from: a camera, a video file, photos, a clip."""

    def __iter__(self) -> Iterator[Frame | None]:
        """Newest frames, one by one; None each time none came for a moment, so a card can be shown.

        A live source never ends by itself; a file ends, unless it was opened to loop.
        """
        ...

    @property
    def description(self) -> str:
        """For people: name, size and rate, such as `HD Webcam, 1280x720 at 30`."""
        ...

    @property
    def trouble(self) -> str:
        """One sentence on why no frames come, or an empty string."""
        ...

    def close(self) -> None: ...


class FrameSink(Protocol):
    """Where frames go: the virtual camera, a video file, nowhere."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, even numbers, fixed while it is open."""
        ...

    @property
    def description(self) -> str:
        """For people: device, size and rate."""
        ...

    @property
    def watched(self) -> bool:
        """Whether anyone takes the pictures; True where that cannot be known."""
        ...

    def send(self, image: Image) -> None:
        """Publish a BGR picture of exactly `size`."""
        ...

    def close(self) -> None: ...
