"""CPU and wall time of the live path a frame, against the floor of decoding and copying it.

Floor and full path take turns over the same frames in one run, so that their ratio holds even
where the machine is busy with other things.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from vcam_emoji.capture import Jpegs, Raw
from vcam_emoji.clips import benchmark_clip
from vcam_emoji.pipeline import Directions, Stages
from vcam_emoji.service import Opener
from vcam_emoji.settings import Settings
from vcam_emoji.types import Frame, Image

SCENARIOS = {
    "720p-1face": (1, (1280, 720)),
    "720p-4faces": (4, (1280, 720)),
    "1080p-1face": (1, (1920, 1080)),
}
_FPS = 30.0
_TURN = 30
"""Frames between a turn of the floor and one of the full path."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A frame as a webcam sends it."""

    jpeg: Raw
    time: float

    @classmethod
    def of(cls, frame: Frame) -> Encoded:
        _, jpeg = cv2.imencode(".jpg", frame.image, [cv2.IMWRITE_JPEG_QUALITY, 85])
        return cls(np.asarray(jpeg, np.uint8).ravel(), frame.time)

    def decode(self) -> Image:
        """As any program would; the live path has a decoder of its own."""
        image = cv2.imdecode(self.jpeg, cv2.IMREAD_COLOR)
        assert image is not None
        return image.astype(np.uint8, copy=False)


def measure(seconds: float = 10.0) -> dict[str, Any]:
    """Every scenario, over that much of each clip."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        return {name: _scenario(*each, seconds) for name, each in SCENARIOS.items()}
    finally:
        cv2.setNumThreads(threads)


def _scenario(faces: int, size: tuple[int, int], seconds: float) -> dict[str, Any]:
    frames = _encoded(faces, size, round(seconds * _FPS))
    settings = Settings()
    stages, directions = open_stages(settings, size)
    for each in frames[:_TURN]:
        stages.process(Frame(each.decode(), each.time, fresh=True), directions)
    planes = np.empty((size[1] * 3 // 2, size[0]), np.uint8)
    copy = np.empty((size[1], size[0], 3), np.uint8)
    jpegs = Jpegs()
    floor_cpu, cpu, wall = [], [], []
    laps: dict[str, list[float]] = {}
    seen = 0
    for start in range(_TURN, len(frames) - _TURN + 1, _TURN):
        turn = frames[start : start + _TURN]
        before = time.process_time()
        for each in turn:
            np.copyto(copy, each.decode())
        floor_cpu.append((time.process_time() - before) / len(turn) * 1e3)
        before = time.process_time()
        for each in turn:
            began = time.perf_counter()
            image = jpegs.decode(each.jpeg)
            assert image is not None
            decoded = time.perf_counter()
            processed = stages.process(Frame(image, each.time, fresh=True), directions)
            sending = time.perf_counter()
            # What a virtual camera costs: its own pixel format, then one copy into the driver.
            cv2.cvtColor(processed.image, cv2.COLOR_BGR2YUV_I420, planes)
            planes.copy()
            done = time.perf_counter()
            wall.append((done - began) * 1e3)
            seen += len(processed.faces)
            steps = {"decode": (decoded - began) * 1e3, **processed.laps_ms}
            for stage, lap in {**steps, "send": (done - sending) * 1e3}.items():
                laps.setdefault(stage, []).append(lap)
            # As the loop of the service does, so that the next frame gets the same memory.
            del image, processed
        cpu.append((time.process_time() - before) / len(turn) * 1e3)
    return {
        "cpu_ms_per_frame": round(statistics.median(cpu), 3),
        "wall_ms_median": round(statistics.median(wall), 3),
        "wall_ms_p95": round(float(np.percentile(wall, 95)), 3),
        "floor_ms": round(statistics.median(floor_cpu), 3),
        "times_floor": round(
            statistics.median(a / b for a, b in zip(cpu, floor_cpu, strict=True)), 3
        ),
        "stages_ms": {name: round(statistics.fmean(each), 3) for name, each in laps.items()},
        "faces_per_frame": round(seen / len(wall), 3),
    }


def open_stages(settings: Settings, size: tuple[int, int]) -> tuple[Stages, Directions]:
    """The live path as the service opens it."""
    from vcam_emoji import emoji_set

    chosen = emoji_set.load(emoji_set.find(settings.look.emoji_set))
    stages, _ = Opener().stages(lambda: settings, chosen, size)
    return stages, Directions(settings.look, emoji_set=chosen)


def _encoded(faces: int, size: tuple[int, int], count: int) -> Sequence[Encoded]:
    clip = benchmark_clip(faces=faces, size=size, seconds=count / _FPS)
    return [Encoded.of(staged.frame) for staged in clip]
