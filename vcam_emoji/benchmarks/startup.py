"""From the start of the process to the first card and the first live frame, memory, and rest.

The service runs in a process of its own, as `vcam-emoji run` does, on JPEGs that come as a webcam
sends them and with a sink that only notes when frames come.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from vcam_emoji.capture import Jpegs, Raw
from vcam_emoji.commands import State
from vcam_emoji.types import FrameSource, Image

if TYPE_CHECKING:
    from vcam_emoji.service import Service

_SECONDS = 10.0
_FPS = 30.0
_STATUS_RUNS = 5
_RESTED_S = 5.0
"""While nobody watches, until its share of a processor is told."""
_SETTLED_S = 6.0
"""Of the live picture, until memory is measured: what only the start needed is let go by then."""


def measure() -> dict[str, Any]:
    """From the start on, all in the median of three starts.

    `first_card_s`, `first_live_s`, `rss_mb`, `status_s`; `standby_cpu_percent` of one processor
    while nobody watches, and `wake_s` from the first who does to the live picture.
    """
    from vcam_emoji.clips import benchmark_clip

    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip"
        clip.mkdir()
        for number, staged in enumerate(
            benchmark_clip(faces=1, size=(1280, 720), seconds=_SECONDS)
        ):
            _, jpeg = cv2.imencode(".jpg", staged.frame.image, [cv2.IMWRITE_JPEG_QUALITY, 85])
            (clip / f"{number:04}.jpg").write_bytes(jpeg.tobytes())
        runs = [_run(clip, Path(folder)) for _ in range(3)]
    return {key: sorted(run[key] for run in runs)[1] for key in runs[0]}


def _run(clip: Path, folder: Path) -> dict[str, float]:
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "XDG_CONFIG_HOME": str(folder)}
    answer = subprocess.run(
        [sys.executable, "-m", "vcam_emoji.benchmarks.startup", str(clip), str(time.monotonic())],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    measured: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return measured


class _Recorded:
    """A `Capture` that sends the JPEGs of a folder, round and round, at a webcam's pace."""

    description = "recorded webcam, 1280x720 at 30, MJPG"

    def __init__(self, folder: Path) -> None:
        self._files = cycle(sorted(folder.iterdir()))
        self._due = time.monotonic()
        self._jpegs = Jpegs()

    def grab(self, timeout_s: float) -> Raw | None:
        self._due = max(self._due + 1 / _FPS, time.monotonic() - timeout_s)
        time.sleep(max(0.0, self._due - time.monotonic()))
        return np.frombuffer(next(self._files).read_bytes(), np.uint8)

    def decode(self, raw: Raw) -> Image | None:
        return self._jpegs.decode(raw)

    def close(self) -> None:
        pass


@dataclass
class _StopwatchSink:
    """Notes when the first picture came, and the first that differs from it."""

    size: tuple[int, int] = (1280, 720)
    description: str = "stopwatch"
    times: list[float] = field(default_factory=list)
    watched: bool = True

    def send(self, image: Image) -> None:  # noqa: ARG002 - only the moment counts
        self.times.append(time.monotonic())

    def close(self) -> None:
        pass


def _child(clip: str, started: float) -> dict[str, float]:
    from vcam_emoji import control
    from vcam_emoji.service import Opener, Service
    from vcam_emoji.settings import Devices, SettingsStore
    from vcam_emoji.types import FrameSink

    sink = _StopwatchSink()

    class Stopwatched(Opener):
        def source(self, devices: Devices) -> FrameSource:  # noqa: ARG002
            from vcam_emoji.camera import Webcam

            return Webcam(lambda: _Recorded(Path(clip)), "recorded webcam")

        def sink(self, devices: Devices) -> FrameSink:  # noqa: ARG002
            return sink

    own = {"devices.camera": clip, "standby.after_s": 0.1}
    store = SettingsStore(Path(clip).with_name("settings.json"), own)
    service = Service(store, Stopwatched())
    with control.Server(service.handle):
        service.start()
        live = 0.0
        while not service.stopping.is_set():
            if not live and service.status().state == State.LIVE:
                live = time.monotonic()
            if live and time.monotonic() - live > _SETTLED_S:
                break
            time.sleep(0.005)
        asked = time.perf_counter()
        for _ in range(_STATUS_RUNS):
            subprocess.run(
                [sys.executable, "-m", "vcam_emoji.cli", "status"],
                check=True,
                stdout=subprocess.DEVNULL,
            )
        status_s = (time.perf_counter() - asked) / _STATUS_RUNS
        memory = rss_mb()
        sink.watched = False
        _wait_for(service, State.STANDBY)
        used = time.process_time()
        time.sleep(_RESTED_S)
        used = time.process_time() - used
        watched = time.monotonic()
        sink.watched = True
        _wait_for(service, State.LIVE)
        wake_s = time.monotonic() - watched
        service.close()
    return {
        "first_card_s": round(sink.times[0] - started, 3),
        "first_live_s": round(live - started, 3),
        "status_s": round(status_s, 3),
        "rss_mb": round(memory, 1),
        "standby_cpu_percent": round(100 * used / _RESTED_S, 2),
        "wake_s": round(wake_s, 3),
    }


def _wait_for(service: Service, state: State) -> None:
    while service.status().state != state and not service.stopping.is_set():
        time.sleep(0.005)


def rss_mb() -> float:
    """Resident memory now; where the system does not tell, the most there ever was; else 0."""
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return 0.0


if __name__ == "__main__":
    print(json.dumps(_child(sys.argv[1], float(sys.argv[2]))))
