"""Pictures laid out, labelled and written: grids, strips, films, curves. All RGB, [h, w, 3]."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vcam_emoji.errors import UsageError

Picture = NDArray[np.uint8]

_PAPER = (255, 255, 255)
_INK = (30, 30, 30)
_GAP = 4


def grid(
    pictures: Sequence[Sequence[Picture | None]],
    columns: Sequence[str] = (),
    rows: Sequence[str] = (),
) -> Picture:
    """Pictures of one size in rows, with labels above columns and before rows.

    Args:
        pictures: Row by row; None leaves a place empty.
        columns: One label for each column, or none at all; may have several lines.
        rows: One label for each row, or none at all.
    """
    sides = next(each.shape for row in pictures for each in row if each is not None)
    height, width = sides[:2]
    # Small pictures are enlarged to whole multiples, so that a label fits above them.
    zoom = max(1, -(-(96 if columns else 64) // width))
    height, width = height * zoom, width * zoom
    size = min(max(width // 9, 11), 40)
    font = ImageFont.load_default(size)
    lines = max((label.count("\n") + 1 for label in columns), default=0)
    top = lines * (size + 4) + _GAP if columns else 0
    left = int(max((font.getlength(label) for label in rows), default=-2 * _GAP)) + 2 * _GAP
    count = max(len(row) for row in pictures)
    sheet = Image.new(
        "RGB",
        (left + count * (width + _GAP) + _GAP, top + len(pictures) * (height + _GAP) + _GAP),
        _PAPER,
    )
    pen = ImageDraw.Draw(sheet)
    for at, label in enumerate(columns):
        middle = left + _GAP + at * (width + _GAP) + width / 2
        pen.text((middle, top), label, _INK, font, anchor="md", align="center")
    for at, label in enumerate(rows):
        middle = top + _GAP + at * (height + _GAP) + height / 2
        pen.text((left - _GAP, middle), label, _INK, font, anchor="rm")
    for y, row in enumerate(pictures):
        for x, picture in enumerate(row):
            if picture is not None:
                drawn = Image.fromarray(picture).resize((width, height), Image.Resampling.NEAREST)
                place = left + _GAP + x * (width + _GAP), top + _GAP + y * (height + _GAP)
                sheet.paste(drawn, place)
    return np.asarray(sheet)


def curves(
    lines: Sequence[tuple[str, Sequence[float]]], across: str, size: tuple[int, int] = (640, 240)
) -> Picture:
    """Each line in a chart of its own, one below the other, with its first, best and last value.

    Args:
        lines: (what it is, its values, one for each step).
        across: What the steps are.
        size: Of one chart in pixels.
    """
    width, height = size
    font = ImageFont.load_default(13)
    sheet = Image.new("RGB", (width, height * len(lines)), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for at, (title, values) in enumerate(lines):
        x0, y0, x1, y1 = 70, at * height + 30, width - 20, (at + 1) * height - 34
        low, high = min(values), max(values)
        reach = (high - low) or 1.0
        for share in (0.0, 0.5, 1.0):
            y = y1 - share * (y1 - y0)
            pen.line((x0, y, x1, y), (225, 225, 225))
            pen.text((x0 - 6, y), f"{low + share * reach:.3g}", _INK, font, anchor="rm")
        steps = max(len(values) - 1, 1)
        for step in (0, steps // 2, steps):
            pen.text((x0 + step / steps * (x1 - x0), y1 + 6), str(step), _INK, font, anchor="mt")
        points = [
            (x0 + step / steps * (x1 - x0), y1 - (value - low) / reach * (y1 - y0))
            for step, value in enumerate(values)
        ]
        pen.line(points, (200, 60, 40), width=2)
        pen.text((x0, y0 - 8), f"{title}: {values[-1]:.3g} at last", _INK, font, anchor="ls")
        pen.text((x1, y1 + 20), across, _INK, font, anchor="rt")
    return np.asarray(sheet)


def png(picture: Picture) -> bytes:
    """A picture as a PNG file."""
    return cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()


def write(path: Path, content: bytes) -> None:
    """Write beside a file's place and rename, so that it is there whole or not at all.

    Raises:
        UsageError: it cannot be written.
    """
    with _place_for(path) as new:
        new.write_bytes(content)


def film(path: Path, pictures: Iterable[Picture], fps: float) -> None:
    """Write an mp4, beside its place and renamed.

    Raises:
        UsageError: it cannot be written.
    """
    writer: cv2.VideoWriter | None = None
    with _place_for(path) as new:
        for picture in pictures:
            if writer is None:
                four = cv2.VideoWriter.fourcc(*"mp4v")
                writer = cv2.VideoWriter(str(new), four, fps, picture.shape[1::-1])
            if not writer.isOpened():
                raise UsageError(f"{path} cannot be written as mp4.", "Write a .png instead.")
            writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        if writer is not None:
            writer.release()


@contextmanager
def _place_for(path: Path) -> Iterator[Path]:
    """A file of that name beside the path, which takes its place at the end."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as place:
            new = Path(place) / path.name
            yield new
            new.replace(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}.", "Is its folder yours?"
        ) from error
