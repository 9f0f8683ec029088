"""The demo's film: before and after side by side."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from vcam_emoji import cards
from vcam_emoji.demo import lettering
from vcam_emoji.demo.caption import Label, write
from vcam_emoji.errors import UsageError
from vcam_emoji.types import Image

_PANEL = 800
"""Width of each picture, in pixels."""
_EDGE = 16
_STRIP = 60
"""Height of the captions below."""


class SideBySide:
    """Writes a film; it appears under its name when it is whole, and not at all otherwise."""

    def __init__(self, path: Path, size: tuple[int, int], fps: float) -> None:
        """Open the film beside `path`.

        Raises:
            UsageError: when nothing can be written there.
        """
        self._path = path
        self._part = path.with_name(f".{path.stem}.part{path.suffix}")
        self._panel = _PANEL, round(_PANEL * size[1] / size[0])
        wide, high = 2 * _PANEL + 3 * _EDGE, self._panel[1] + _EDGE + _STRIP
        self._ground = np.full((high + high % 2, wide, 3), lettering.GROUND, np.uint8)
        self._frames = 0
        # H.264 is not in the OpenCV of the package registry; MPEG-4 plays nearly everywhere.
        code = cv2.VideoWriter.fourcc(*"mp4v")
        self._writer = cv2.VideoWriter(str(self._part), code, fps, self._ground.shape[1::-1])
        if not self._writer.isOpened():
            raise UsageError(
                f"No film can be written to {path.parent}.", "Choose another folder with --out."
            )

    def write(self, before: Image, after: Image, said: tuple[Label, ...]) -> None:
        canvas = self._ground.copy()
        for number, picture in enumerate((before, after)):
            x = _EDGE + number * (_PANEL + _EDGE)
            lettering.panel(canvas, (x, _EDGE), _shrunk(picture, self._panel), 14)
        middle = _EDGE + self._panel[1] + _STRIP // 2
        lettering.text(canvas, (_EDGE + 6, middle), "the camera", 24, lettering.FAINT)
        x = 2 * _EDGE + _PANEL
        end = lettering.text(canvas, (x + 6, middle), "what others see", 24, lettering.FAINT)
        write(canvas, (end + 24, middle), said, 22, self._ground.shape[1] - end - 24 - _EDGE)
        self._writer.write(canvas)
        self._frames += 1

    def __enter__(self) -> SideBySide:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.release()
        if kind is not None:
            self._part.unlink(missing_ok=True)
            return
        self._check()
        self._part.replace(self._path)

    def _check(self) -> None:
        """Open the film again.

        Raises:
            UsageError: when it holds not what was written, as on a full disk.
        """
        film = cv2.VideoCapture(str(self._part))
        whole = film.isOpened() and film.read()[0]
        whole = whole and int(film.get(cv2.CAP_PROP_FRAME_COUNT)) == self._frames
        film.release()
        if not whole:
            self._part.unlink(missing_ok=True)
            raise UsageError(
                f"The film in {self._path.parent} did not become whole.",
                "Is the disk full? Choose another folder with --out.",
            )


def _shrunk(picture: Image, size: tuple[int, int]) -> Image:
    high, wide = picture.shape[:2]
    if abs(wide * size[1] - high * size[0]) > wide:
        return cards.fit(picture, size)
    # A fifth of the time that averaging over areas takes, and no worse on a film.
    return cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
