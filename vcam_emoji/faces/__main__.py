"""`python -m vcam_emoji.faces PHOTO... [--json]`: the faces in photographs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vcam_emoji.errors import PhotoError, VcamEmojiError
from vcam_emoji.faces import open_finder
from vcam_emoji.types import Detection, FaceFinder, Image


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the faces of each photograph: one JSON object a line, or a table."""
    parser = argparse.ArgumentParser(
        prog="python -m vcam_emoji.faces", description="Find the faces in photographs."
    )
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    parser.add_argument("--json", action="store_true", help="print one JSON object a photo")
    options = parser.parse_args(arguments)
    try:
        finder = open_finder()
        for path in options.photos:
            report = found(path, finder)
            sys.stdout.write((json.dumps(report) if options.json else _text(report)) + "\n")
    except VcamEmojiError as error:
        if options.json:
            sys.stdout.write(json.dumps({"error": error.message, "hint": error.hint}) + "\n")
        else:
            sys.stderr.write(f"{error.message}\n  {error.hint}\n")
        return error.exit_status
    return 0


def found(path: Path, finder: FaceFinder) -> dict[str, Any]:
    """The faces of a photograph as plain data, best score first.

    Raises:
        PhotoError: if it is no picture.
    """
    return {"photo": str(path), "faces": [_plain(each) for each in finder.find(read(path))]}


def read(path: Path) -> Image:
    """A photograph, turned as its camera says, BGR.

    Raises:
        PhotoError: if it is no picture.
    """
    try:
        # Not cv2.imread: it prints to standard error, and on Windows fails on other alphabets.
        content = np.frombuffer(path.read_bytes(), np.uint8)
        image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    except (OSError, cv2.error) as error:
        raise _refused(path) from error
    if image is None:
        raise _refused(path)
    return image.astype(np.uint8, copy=False)


def _refused(path: Path) -> PhotoError:
    if not path.is_file():
        return PhotoError(f"There is no photo {path}.", "Check the path.")
    return PhotoError(f"{path} is not a picture.", "Give a JPEG, PNG or WebP file.")


def _plain(face: Detection) -> dict[str, Any]:
    box = face.box
    return {
        "box": [round(each, 1) for each in (box.x0, box.y0, box.x1, box.y1)],
        "score": round(face.score, 4),
        "roll": round(face.roll, 1),
        "points": {
            name: [round(x, 1), round(y, 1)] for name, (x, y) in asdict(face.points).items()
        },
    }


def _text(report: Mapping[str, Any]) -> str:
    faces = report["faces"]
    lines = [f"{report['photo']}: {len(faces)} face{'' if len(faces) == 1 else 's'}"]
    for face in faces:
        x0, y0, x1, y1 = face["box"]
        lines.append(
            f"  {x1 - x0:.0f}x{y1 - y0:.0f} at ({x0:.0f}, {y0:.0f}), "
            f"score {face['score']:.2f}, tilt {face['roll']:+.0f} degrees"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
