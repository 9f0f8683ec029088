"""An hour of frames as fast as they go, while everything that can be asked is asked.

`python -m vcam_emoji.benchmarks.endurance [--frames N]` runs the real service over a clip, with
a sink that keeps nothing, and reports memory along the way, requests answered and raw frames
seen by the sink (there must be none: the mode is `replace` or a card throughout).
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from vcam_emoji.benchmarks.speed import Encoded
from vcam_emoji.benchmarks.startup import rss_mb
from vcam_emoji.clips import demo_clip
from vcam_emoji.commands import (
    Command,
    GetStatus,
    Pause,
    Pin,
    React,
    ReloadSets,
    Resume,
    SetSetting,
    Unpin,
)
from vcam_emoji.errors import VcamEmojiError
from vcam_emoji.service import Opener, Service
from vcam_emoji.settings import Devices, SettingsStore
from vcam_emoji.types import Frame, FrameSink, FrameSource, Image

_CLIP_FRAMES = 240
_SAMPLES = 12
_REQUESTS: tuple[Command, ...] = (
    GetStatus(),
    Pause(),
    Resume(),
    Pin("happy"),
    React("angry", 0.5),
    Unpin(),
    SetSetting("look.scale", 1.2),
    SetSetting("look.scale", 1.0),
    SetSetting("look.opacity", 99),
    Pin("nonsense"),
    ReloadSets(),
)


class _Unpaced:
    """A clip over and over, as fast as it is asked for."""

    description = "endurance"
    trouble = ""

    def __init__(self, frames: list[Encoded]) -> None:
        self._frames = frames

    def __iter__(self) -> Iterator[Frame | None]:
        for number in itertools.count():
            yield Frame(self._frames[number % len(self._frames)].decode(), number / 30)

    def close(self) -> None:
        pass


class _Checking:
    """Counts what comes, and what of it is a frame as the camera took it."""

    description = "endurance"
    watched = True

    def __init__(self, frames: list[Encoded], size: tuple[int, int]) -> None:
        self.size = size
        self._raw = {frame.decode()[::16, ::16].tobytes() for frame in frames}
        self.sent = 0
        self.raw = 0

    def send(self, image: Image) -> None:
        self.sent += 1
        self.raw += np.ascontiguousarray(image[::16, ::16]).tobytes() in self._raw

    def close(self) -> None:
        pass


def measure(frames: int, size: tuple[int, int] = (1280, 720)) -> dict[str, Any]:
    """Publish that many frames under load, and say what became of memory and the face."""
    clip = [Encoded.of(each.frame) for each in itertools.islice(demo_clip(size).clip, _CLIP_FRAMES)]
    sink = _Checking(clip, size)

    class Endless(Opener):
        def source(self, devices: Devices) -> FrameSource:  # noqa: ARG002
            return _Unpaced(clip)

        def sink(self, devices: Devices) -> FrameSink:  # noqa: ARG002
            return sink

    memory: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        service = Service(SettingsStore(Path(folder) / "settings.json"), Endless())
        service.start()
        asking = threading.Thread(target=_ask, args=(service,), daemon=True)
        asking.start()
        while sink.sent < frames and not service.stopping.is_set():
            if sink.sent >= frames * (len(memory) + 1) / _SAMPLES:
                memory.append(round(rss_mb(), 1))
            time.sleep(0.05)
        service.close()
        asking.join(timeout=5)
    return {"frames": sink.sent, "raw_frames": sink.raw, "rss_mb": memory}


def _ask(service: Service) -> None:
    asked = random.Random(1)
    while not service.stopping.wait(0.02):
        with suppress(VcamEmojiError):
            service.handle(asked.choice(_REQUESTS))
        if asked.random() < 0.05:
            service.housekeeping()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=108_000, help="an hour at 30 by default")
    result = measure(parser.parse_args().frames)
    print(json.dumps(result))
    return 0 if result["raw_frames"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
