"""The camera lab: a second kernel with cameras, in which a scene of `guest.py` is acted out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.lab.guest import Report
from vcam_emoji.clips import benchmark_clip
from vcam_emoji.types import Image

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Lab:
    command: Path
    folder: Path
    """Where the guest may write."""

    def act(self, scene: str, *words: str, options: tuple[str, ...] = ()) -> Report:
        """Act out a scene in the guest and bring back its report."""
        report = self.folder / f"{scene}.json"
        report.unlink(missing_ok=True)
        browser = self.command.with_name("browser-client")
        done = subprocess.run(
            [
                *(str(self.command), "run", "--rw", str(self.folder), "--timeout", "280"),
                *("--env", f"VCAM_LAB_BROWSER={browser}", *options, "--"),
                *(sys.executable, "-m", "tests.lab.guest", scene, str(report), *words),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        if not report.exists():
            pytest.fail(f"no report, status {done.returncode}:\n{done.stdout}\n{done.stderr}")
        brought: Report = json.loads(report.read_text())
        print(json.dumps(brought, indent=1))
        print(done.stderr)
        return brought


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """The lab, set up; tests are skipped where there is none."""
    command = Path(os.environ.get("VCAM_LAB") or ROOT.parent / "shared/vcam-lab/vcam-lab")
    if not command.exists():
        pytest.skip(f"there is no camera lab at {command}; VCAM_LAB names another")
    done = subprocess.run([command, "setup"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"the camera lab could not be set up: {done.stderr.strip()[-300:]}")
    return Lab(command, tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="session")
def chromium() -> None:
    """Tests of what a browser shows are skipped where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    if not os.environ.get("CHROMIUM") and not any(map(shutil.which, names)):
        pytest.skip("no Chromium is installed; CHROMIUM names one")


def write_video(path: Path, pictures: Iterator[Image], size: tuple[int, int], fps: float) -> None:
    """A video of nearly the given pixels: the lab's webcam shows it over and over."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, size)
    for picture in pictures:
        writer.write(picture)
    writer.release()


@dataclass(frozen=True)
class Portrait:
    """A video of one person, and where their face stays."""

    path: Path
    face: tuple[int, int]


@pytest.fixture(scope="session")
def portrait(lab: Lab) -> Portrait:
    size = (1280, 720)
    frames = list(benchmark_clip(1, size, seconds=3))
    path = lab.folder / "portrait.avi"
    write_video(path, (each.frame.image for each in frames), size, 30)
    centres = np.array([each.faces[0].box.centre for each in frames])
    assert np.ptp(centres, axis=0).max() < 120, "the face must stay where the browser looks"
    x, y = centres.mean(axis=0).round().astype(int)
    return Portrait(path, (int(x), int(y)))


QUADRANTS = {"80,60": (255, 0, 0), "560,60": (0, 255, 0), "80,300": (0, 0, 255)}
"""Red, green and blue, by a place in their middle; the fourth quadrant moves."""


@pytest.fixture(scope="session")
def quadrants(lab: Lab) -> Path:
    """A video of red, green and blue, and a grey that changes so that no frame is as the last."""

    def pictures() -> Iterator[Image]:
        for count in range(30):
            picture = np.full((360, 640, 3), 60 + count, np.uint8)
            picture[:180, :320] = (0, 0, 255)
            picture[:180, 320:] = (0, 255, 0)
            picture[180:, :320] = (255, 0, 0)
            yield picture

    path = lab.folder / "quadrants.avi"
    write_video(path, pictures(), (640, 360), 15)
    return path
