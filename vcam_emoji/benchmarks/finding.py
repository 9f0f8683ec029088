"""How many faces the finder finds in single frames, and how many it makes up.

Run it with: python -m vcam_emoji.benchmarks.finding wider100.zip [--json]

The photographs are WIDER FACE's (validation part, 100 of them, with every face's box). They are
composed into 1280x720 frames that put one face at a time where a webcam would show it. A face
counts as found when a detection overlaps its annotated box with an IoU of 0.5 or more; of a tilted
face the box is that around the tilted oval. Detections
on the photograph's other faces count neither way; those on no face at all are false.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import cos, radians, sin
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from vcam_emoji.errors import DataError, VcamEmojiError
from vcam_emoji.faces.anatomy import oval_box
from vcam_emoji.types import Box, Detection, FaceFinder, Image

FRAME = (1280, 720)
SMALLEST = 60
"""Pixels: lower faces of the photographs are neither asked for nor false."""
SHARPEST = 80
"""Only faces of the photographs that are as high as this are enlarged or turned: the pictures were
enlarged from 416 pixels once already, and of a lower face there is nothing left to see."""
IOU = 0.5


@dataclass(frozen=True, slots=True)
class Scene:
    """How a photograph's face is put before the camera."""

    name: str
    height: float | None
    """Pixels of the face in the frame; None leaves the photograph as it is, with all its faces."""
    roll: float = 0.0
    light: float = 1.0
    """What is left of the light; the camera's noise stays."""
    noise: float = 0.0
    """Standard deviation of the noise in grey levels."""


SCENES = (
    Scene("as they are, 60 px and more", None),
    Scene("desk distance, 220 px", 220),
    Scene("dim and noisy", 220, light=0.2, noise=8),
    Scene("roll 20", 220, roll=20),
    Scene("roll 40", 220, roll=40),
    Scene("roll 60", 220, roll=60),
    Scene("450 px", 450),
    Scene("650 px", 650),
    Scene("90 px", 90),
    Scene("60 px", 60),
)


@dataclass(frozen=True, slots=True)
class Composed:
    """A frame and its truth."""

    image: Image
    wanted: tuple[Box, ...]
    others: tuple[Box, ...]
    """Faces that count neither way."""


@dataclass(frozen=True, slots=True)
class Photograph:
    image: Image
    faces: tuple[Box, ...]


def photographs(archive: Path) -> Iterator[Photograph]:
    """The pictures of `wider100.zip` with their boxes.

    Raises:
        DataError: if it is not there or has another form.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            boxes: dict[str, list[Box]] = {}
            with opened.open("boxes.csv") as table:
                for row in csv.DictReader(io.TextIOWrapper(table, "utf-8")):
                    box = Box(*(float(row[key]) for key in ("x0", "y0", "x1", "y1")))
                    boxes.setdefault(row["file"], []).append(box)
            for name, faces in boxes.items():
                picture = cv2.imdecode(np.frombuffer(opened.read(name), np.uint8), cv2.IMREAD_COLOR)
                if picture is None:
                    raise DataError(f"The picture {name} in {archive} cannot be read.")
                yield Photograph(picture.astype(np.uint8, copy=False), tuple(faces))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{archive} is not the archive of photographs with a boxes.csv.",
            "Give the path of wider100.zip.",
        ) from error


def composed(photograph: Photograph, scene: Scene) -> Iterator[Composed]:
    """The frames that a scene makes of a photograph: one for each face that is large enough."""
    if scene.height is None:
        large = [each for each in photograph.faces if each.height >= SMALLEST]
        others = tuple(each for each in photograph.faces if each.height < SMALLEST)
        yield Composed(photograph.image, tuple(large), others)
        return
    for face in (each for each in photograph.faces if each.height >= SHARPEST):
        yield _framed(photograph, face, scene.height, scene)


def _framed(photograph: Photograph, face: Box, height: float, scene: Scene) -> Composed:
    scale = height / face.height
    c, s = scale * cos(radians(scene.roll)), scale * sin(radians(scene.roll))
    x, y = face.centre
    # A seat before a camera: the face a little above the middle.
    at = (FRAME[0] / 2, max(FRAME[1] * 0.45, height * 0.55))
    matrix = np.array([[c, -s, at[0] - c * x + s * y], [s, c, at[1] - s * x - c * y]])
    pixels = matrix.copy()
    pixels[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    source = photograph.image
    if scale < 0.5:
        source = cv2.GaussianBlur(source, (0, 0), 0.25 / scale).astype(np.uint8, copy=False)
    image = cv2.warpAffine(source, pixels, FRAME, flags=cv2.INTER_LINEAR)
    if scene.light != 1 or scene.noise:
        rng = np.random.default_rng(round(x * 1000 + y))
        noisy = image * scene.light + rng.normal(0, scene.noise, image.shape)
        image = noisy.clip(0, 255)

    def placed(box: Box) -> Box:
        px, py = matrix[:, :2] @ box.centre + matrix[:, 2]
        return oval_box(px, py, box.width * scale, box.height * scale, scene.roll)

    others = tuple(placed(each) for each in photograph.faces if each is not face)
    return Composed(image.astype(np.uint8), (placed(face),), others)


@dataclass(slots=True)
class Count:
    """What came of one scene."""

    faces: int = 0
    found: int = 0
    false: int = 0
    roll_errors: list[float] = field(default_factory=list)
    """Degrees between the roll reported and that of the scene, for the faces found."""

    @property
    def recall(self) -> float:
        return self.found / max(1, self.faces)

    @property
    def precision(self) -> float:
        return self.found / max(1, self.found + self.false)

    def add(self, frame: Composed, detections: Sequence[Detection], roll: float) -> None:
        missing = list(frame.wanted)
        self.faces += len(missing)
        for each in sorted(detections, key=lambda one: -one.score):
            hit = max(missing, key=lambda face: face.iou(each.box), default=None)
            if hit is not None and hit.iou(each.box) >= IOU:
                missing.remove(hit)
                self.found += 1
                self.roll_errors.append(abs((each.roll - roll + 180) % 360 - 180))
            elif not any(_same(face, each.box) for face in frame.others):
                self.false += 1


def _same(face: Box, box: Box) -> bool:
    """Generous, because the others' boxes are small, and cut off at the border of the frame."""
    return face.iou(box) >= 0.3 or _within(face, box.centre) or _within(box, face.centre)


def _within(box: Box, point: tuple[float, float]) -> bool:
    return box.x0 <= point[0] <= box.x1 and box.y0 <= point[1] <= box.y1


def measure(
    archive: Path, finder: FaceFinder, scenes: Sequence[Scene] = SCENES
) -> dict[str, dict[str, float]]:
    """Recall and precision of each scene, and the roll's error where the scene turns faces.

    Raises:
        DataError: if the photographs cannot be read.
    """
    counts = {scene.name: Count() for scene in scenes}
    seconds = dict.fromkeys(counts, 0.0)
    frames = dict.fromkeys(counts, 0)
    for photograph in photographs(archive):
        for scene in scenes:
            for frame in composed(photograph, scene):
                start = time.process_time()
                detections = finder.find(frame.image)
                seconds[scene.name] += time.process_time() - start
                frames[scene.name] += 1
                counts[scene.name].add(frame, detections, scene.roll)
    table = {}
    for scene in scenes:
        count = counts[scene.name]
        table[scene.name] = {
            "faces": count.faces,
            "recall": round(count.recall, 3),
            "precision": round(count.precision, 3),
            "cpu_ms": round(1e3 * seconds[scene.name] / max(1, frames[scene.name]), 1),
        }
        if scene.height is not None and count.roll_errors:
            table[scene.name]["roll_error"] = round(median(count.roll_errors), 1)
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table or one JSON object."""
    from vcam_emoji.faces import open_finder

    parser = argparse.ArgumentParser(
        prog="python -m vcam_emoji.benchmarks.finding", description=__doc__.partition("\n")[0]
    )
    parser.add_argument(
        "photographs",
        nargs="?",
        type=Path,
        default=Path("../shared/data/wider100.zip"),
        help="wider100.zip (%(default)s)",
    )
    parser.add_argument("--scene", action="append", help="only scenes whose name has this in it")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    scenes = [
        each
        for each in SCENES
        if options.scene is None or any(part in each.name for part in options.scene)
    ]
    try:
        table = measure(options.photographs, open_finder(), scenes)
    except VcamEmojiError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    sys.stdout.write((json.dumps(table) if options.json else _text(table)) + "\n")
    return 0


def _text(table: Mapping[str, Mapping[str, float]]) -> str:
    lines = [
        f"{'scene':30}{'faces':>6}{'recall':>8}{'precision':>11}{'roll error':>12}{'CPU ms':>8}"
    ]
    for name, row in table.items():
        lines.append(
            f"{name:30}{row['faces']:6}{row['recall']:8.3f}{row['precision']:11.3f}"
            f"{row.get('roll_error', float('nan')):12.1f}{row['cpu_ms']:8.1f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
