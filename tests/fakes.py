"""Stand-ins for the seams, shared by all tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vcam_emoji.emoji_set import Anchors, EmojiImage, EmojiSet
from vcam_emoji.types import (
    Box,
    Emotion,
    EmotionEstimate,
    Face,
    FivePoints,
    Frame,
    Image,
    Watch,
)

DISC_COLOURS = {
    Emotion.ANGRY: (0, 0, 255),
    Emotion.DISGUST: (0, 255, 0),
    Emotion.FEAR: (255, 0, 255),
    Emotion.HAPPY: (0, 255, 255),
    Emotion.SAD: (255, 0, 0),
    Emotion.SURPRISE: (255, 255, 0),
    Emotion.NEUTRAL: (128, 128, 128),
}
"""BGR."""


def face(
    centre: tuple[float, float] = (320, 240),
    size: float = 120,
    identity: int = 1,
    lost_s: float = 0,
) -> Face:
    """An upright face, `size` pixels high, with features where a frontal face has them."""
    (cx, cy), w, h = centre, size * 0.78, size
    points = FivePoints(
        left_eye=(cx - 0.2 * w, cy - 0.12 * h),
        right_eye=(cx + 0.2 * w, cy - 0.12 * h),
        nose=(cx, cy + 0.06 * h),
        left_mouth=(cx - 0.17 * w, cy + 0.24 * h),
        right_mouth=(cx + 0.17 * w, cy + 0.24 * h),
    )
    box = Box(cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
    return Face(identity, box, points, roll=0.0, score=0.95, lost_s=lost_s)


def noise(size: tuple[int, int] = (640, 480), seed: int = 0) -> Image:
    """A picture with detail everywhere, so that nothing can be shown unnoticed."""
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)


@dataclass
class FakeSource:
    """Yields the given frames, then ends."""

    frames: Iterable[Frame | None]
    description: str = "a fake camera"
    trouble: str = ""
    closed: bool = False

    def __iter__(self) -> Iterator[Frame | None]:
        for frame in self.frames:
            if self.closed:
                return
            yield frame

    def close(self) -> None:
        self.closed = True


@dataclass
class RecordingSink:
    """Keeps every picture sent."""

    size: tuple[int, int] = (640, 480)
    description: str = "a fake virtual camera"
    sent: list[Image] = field(default_factory=list)
    closed: bool = False
    watched: bool = True
    on_send: Callable[[Image], None] = lambda _: None

    def send(self, image: Image) -> None:
        assert image.shape == (self.size[1], self.size[0], 3)
        self.sent.append(image.copy())
        self.on_send(image)

    def close(self) -> None:
        self.closed = True


SEEN = Watch()


@dataclass
class FakeTracker:
    """Sees the faces it is told to, in every frame."""

    faces: Sequence[Face] = ()
    fails: BaseException | None = None
    resets: int = 0
    watch: Watch = SEEN

    def update(self, frame: Frame) -> Sequence[Face]:
        if self.fails is not None:
            raise self.fails
        return self.faces

    def reset(self) -> None:
        self.resets += 1


@dataclass
class FakeReader:
    """Reads the same emotion on every face."""

    emotion: Emotion = Emotion.HAPPY

    def read(self, frame: Frame, faces: Sequence[Face]) -> Mapping[int, EmotionEstimate]:
        scores = tuple(0.88 if each is self.emotion else 0.02 for each in Emotion)
        return {face.id: EmotionEstimate(scores, self.emotion) for face in faces}

    def reset(self) -> None:
        pass


def disc_set(name: str = "discs", side: int = 128) -> EmojiSet:
    """A set of plain discs, each emotion in a colour of its own (`DISC_COLOURS`)."""
    ys, xs = np.mgrid[:side, :side] + 0.5
    inside = np.hypot(xs - side / 2, ys - side / 2) < side * 0.48
    anchors = Anchors((0.35, 0.42), (0.65, 0.42), (0.5, 0.7))
    images = {}
    for emotion, colour in DISC_COLOURS.items():
        pixels = np.zeros((side, side, 4), np.uint8)
        pixels[inside] = (*colour, 255)
        images[emotion] = ((1.0, EmojiImage(pixels, anchors)),)
    return EmojiSet(name, "Discs", "tests", "CC0-1.0", "Drawn by the tests.", images)
