"""The demo's contact sheet: moments before and after, with captions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from vcam_emoji import cards
from vcam_emoji.demo import lettering
from vcam_emoji.demo.caption import Label, Tone, write
from vcam_emoji.errors import UsageError
from vcam_emoji.types import Image

_COLUMNS = 3
_PICTURE = 400
"""Width of one picture, in pixels."""
_EDGE = 56
_GAP = 40
_BETWEEN = 6
_BELOW = 92
"""Height of the captions below each pair."""
_HEAD = 168
_GROUND = (40, 31, 27)


@dataclass(frozen=True, slots=True)
class Shot:
    """One moment."""

    before: Image
    after: Image
    title: str
    said: tuple[Label, ...]


def contact_sheet(shots: list[Shot], title: str, subtitle: str) -> Image:
    """All moments in a grid, each before and after. [h, w, 3] BGR."""
    first = shots[0].before if shots else np.zeros((9, 16, 3), np.uint8)
    small = _PICTURE, round(_PICTURE * first.shape[0] / first.shape[1])
    pair = 2 * _PICTURE + _BETWEEN
    rows = max(1, -(-len(shots) // _COLUMNS))
    wide = 2 * _EDGE + _COLUMNS * pair + (_COLUMNS - 1) * _GAP
    high = _HEAD + rows * (small[1] + _BELOW) + _EDGE - 24
    sheet = np.full((high, wide, 3), _GROUND, np.uint8)
    lettering.text(sheet, (_EDGE, 66), title, 52)
    lettering.text(sheet, (_EDGE, 122), subtitle, 27, lettering.FAINT)
    _legend(sheet, (wide - _EDGE, 122))
    for number, shot in enumerate(shots):
        x = _EDGE + number % _COLUMNS * (pair + _GAP)
        y = _HEAD + number // _COLUMNS * (small[1] + _BELOW)
        lettering.panel(sheet, (x, y), cards.fit(shot.before, small), 16)
        after = x + _PICTURE + _BETWEEN
        lettering.panel(sheet, (after, y), cards.fit(shot.after, small), 16)
        middle = y + small[1] + 32
        lettering.text(sheet, (x + 4, middle), shot.title, 25)
        write(sheet, (after, middle), shot.said, 19, _PICTURE + _GAP)
    return sheet


def _legend(sheet: Image, right_middle: tuple[int, int]) -> None:
    """What the colours mean, ending at the right."""
    words = (
        Label("recognised from the face", Tone.RECOGNISED),
        Label("reaction fired by hand", Tone.REACTION),
    )
    x = right_middle[0] - sum(lettering.width(each.words, 22) + 37 for each in words) + 11
    write(sheet, (x, right_middle[1]), words, 22, right_middle[0] - x + 1)


def save(sheet: Image, path: Path) -> None:
    """Write the sheet as PNG, whole or not at all.

    Raises:
        UsageError: when nothing can be written there.
    """
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        _, encoded = cv2.imencode(path.suffix, sheet)
        part.write_bytes(encoded.tobytes())
        part.replace(path)
    except OSError as error:
        raise UsageError(
            f"The contact sheet cannot be written to {path.parent}: {error.strerror}.",
            "Choose another folder with --out.",
        ) from error
