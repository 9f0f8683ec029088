"""A clip played as if it were a camera."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from vcam_emoji.clips.show import demo_clip
from vcam_emoji.clips.staging import StagedClip
from vcam_emoji.types import Frame, FrameSource


class ClipSource:
    """Plays a clip over and over in real time; who is slow misses frames, as with a camera."""

    def __init__(
        self,
        clip: StagedClip,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clip = clip
        self._clock = clock
        self._sleep = sleep
        self._closed = False

    def __iter__(self) -> Iterator[Frame | None]:
        start, shown = self._clock(), -1
        while not self._closed:
            now = self._clock()
            due = int((now - start) * self._clip.fps)
            if due <= shown:
                self._sleep(max(0.0, start + (shown + 1) / self._clip.fps - now))
                # The clock may stand a hair before the frame's time after sleeping for it.
                due = shown + 1
            shown = due
            staged = self._clip.stage(shown % len(self._clip))
            yield Frame(staged.frame.image, start + shown / self._clip.fps)

    @property
    def description(self) -> str:
        width, height = self._clip.size
        return f"{self._clip.name}, {width}x{height} at {self._clip.fps:g}"

    @property
    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        self._closed = True


def demo_source(size: tuple[int, int], fps: float) -> FrameSource:
    """The camera named `demo`."""
    return ClipSource(demo_clip(size, fps).clip)
