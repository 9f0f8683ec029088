"""What is known of the picture around the tracked heads, on a coarse grid of cells.

A cell is *known* once it has been quiet for a while under a tracker that was awake and found no
face there. As long as it looks as it did then, it may be shown. Everything else is in doubt: what
has never been quiet, and what has changed since.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.light import relit
from vcam_emoji.sheet import blend
from vcam_emoji.types import Box, Image, Points

Cells: TypeAlias = NDArray[np.uint8]
"""[rows, columns], 255 for yes and 0 for no."""

COLUMNS = 160
_BLOCKS = 12
"""What is in doubt is shown with that many blocks across the frame, smoothly joined."""
_BLOCKS_A_FACE = 3.5
"""And with no more than that many across the widest face that may be in it."""

_LEAST_CHANGE = 9.0
"""Grey levels by which a quiet cell may wander without having changed."""
_NOISE_FACTOR = 7.0
"""And at least so many standard deviations of what the camera's noise leaves in a cell."""
_MOST_CHANGE = 14.0
"""But no more, however noisy: in dim light a whole face differs from a wall by little more."""
_BRIGHTER, _DARKER = 1.7, 0.6
"""The whole picture may brighten and darken that much before nothing of it is known any more."""
_CUT = 0.1
"""A face this close to a part's border, in shares of the part's side, may be cut by it."""
_SETTLE_EVERY = 8
"""Frames between two steps by which known cells follow slow daylight."""
_JOIN = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
_EDGE = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
_RIM = cv2.getStructuringElement(cv2.MORPH_RECT, (5, 5))
_SPECK = np.ones((2, 2), np.uint8)


class Surroundings:
    """Judges cell by cell; one object per frame size."""

    def __init__(self, size: tuple[int, int]) -> None:
        """For frames of that width and height."""
        self.size = size
        rows = max(2, round(COLUMNS * size[1] / size[0]))
        self.grid = (COLUMNS, rows)
        shape = (rows, COLUMNS)
        self._scale = np.array([COLUMNS / size[0], rows / size[1]], np.float32)
        self.now: Image = np.zeros((*shape, 3), np.uint8)
        """Mean colour of each cell in the frame last looked at."""
        self._recent = np.zeros((*shape, 3), np.uint8)
        self._trusted = np.zeros((*shape, 3), np.uint8)
        self._known: Cells = np.zeros(shape, np.uint8)
        self._since = np.zeros(shape, np.float32)
        self._frames = 0
        self._noise = 1.0
        self.changed: Cells = np.full(shape, 255, np.uint8)
        """Unlike what is known, or not known at all, in the frame last looked at."""
        self.upheaval = False
        """Most of what was known has changed at once."""

    def look(self, image: Image, now: float) -> None:
        """Take in a frame; `now` is seconds on any clock that began when this object did."""
        before = self.now
        self.now = _cells(image, self.grid)
        if self._frames == 0:
            before, self._recent = self.now, self.now.copy()
        self._frames += 1
        limit = self._limit(before)
        stirred = _differ(self.now, self._recent, limit)
        cv2.copyTo(self.now, stirred, self._recent)
        self.disturb(stirred, now)
        gain = self._gain()
        expected = self._trusted
        if np.abs(gain - 1).max() > 0.01:
            expected = relit(self._trusted, gain)
        changed = _differ(self.now, expected, limit)
        known = cv2.countNonZero(self._known)
        strange = cv2.countNonZero(cv2.bitwise_and(changed, self._known))
        self.changed = cv2.bitwise_or(changed, cv2.bitwise_not(self._known))  # type: ignore[assignment]
        steady = gain.min() > _DARKER and gain.max() < _BRIGHTER
        self.upheaval = known > 0.2 * changed.size and (strange > 0.5 * known or not steady)
        if self._frames % _SETTLE_EVERY == 0:
            self._follow_daylight()

    def quiet(self, now: float, seconds: float) -> Cells:
        """Cells that have looked the same for so long."""
        longer = cv2.inRange(self._since, -1e9, now - seconds)
        return longer.astype(np.uint8, copy=False)

    def quiet_since(self, times: NDArray[np.float32]) -> Cells:
        """Cells that have looked the same since before these times, [rows, columns]."""
        longer = cv2.compare(self._since, times, cv2.CMP_LE)
        return longer.astype(np.uint8, copy=False)

    def looked_at(self, whole: float, parts: Sequence[tuple[Box, float]]) -> NDArray[np.float32]:
        """When each cell was last looked at, [rows, columns].

        Args:
            whole: When the picture was looked at as a whole.
            parts: And when closely, in parts; a part does not count where it cuts faces.
        """
        if not parts:
            return np.full(self._known.shape, whole, np.float32)
        closely = np.full(self._known.shape, -np.inf, np.float32)
        (width, height), (columns, rows) = self.size, self.grid
        for box, time in parts:
            cut = _CUT * min(box.width, box.height)
            x0 = round((box.x0 + cut) * columns / width) if box.x0 > 0 else 0
            y0 = round((box.y0 + cut) * rows / height) if box.y0 > 0 else 0
            x1 = round((box.x1 - cut) * columns / width) if box.x1 < width else columns
            y1 = round((box.y1 - cut) * rows / height) if box.y1 < height else rows
            part = closely[y0:y1, x0:x1]
            np.maximum(part, np.float32(time), out=part)
        return np.minimum(closely, np.float32(whole))

    def unlearn(self, cells: Cells) -> None:
        """These cells held a face, so what was known of them is not what it was taken for."""
        cv2.bitwise_and(self._known, cv2.bitwise_not(cells), dst=self._known)
        cv2.bitwise_or(self.changed, cells, dst=self.changed)

    def disturb(self, cells: Cells, now: float) -> None:
        """Cells that nothing can be said of now: their quiet starts anew."""
        np.copyto(self._since, np.float32(now), where=cells != 0)

    def learn(self, cells: Cells) -> None:
        """These cells hold no face: as they look now they may be shown."""
        cv2.copyTo(self.now, cells, self._trusted)
        cv2.bitwise_or(self._known, cells, dst=self._known)
        cv2.bitwise_and(self.changed, cv2.bitwise_not(cells), dst=self.changed)

    def forget(self) -> None:
        """Nothing is known any more."""
        self._known[:] = 0
        self.changed[:] = 255

    def doubtful(self, explained: Cells, suspect: Cells, widest: float) -> Cells:
        """What must not be seen sharply.

        Args:
            explained: Where tracked people are, so that change is theirs. What moves into there
                from outside stays in doubt for a head's length.
            suspect: In doubt whatever it looks like.
            widest: Width in pixels of the widest face that may move in.
        """
        outside = cv2.bitwise_and(self.changed, cv2.bitwise_not(explained))
        seeds = cv2.morphologyEx(outside, cv2.MORPH_OPEN, _SPECK)
        if not cv2.countNonZero(seeds):
            return suspect
        reach = min(max(8, round(1.3 * widest * float(self._scale[0]))), COLUMNS // 2)
        near = cv2.dilate(seeds, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
        spill = cv2.bitwise_and(cv2.bitwise_and(near, explained), self.changed)
        doubt = cv2.bitwise_or(cv2.bitwise_or(seeds, spill), suspect)
        doubt = cv2.morphologyEx(doubt, cv2.MORPH_CLOSE, _JOIN)
        result: Cells = cv2.dilate(doubt, _EDGE).astype(np.uint8, copy=False)
        return result

    def frost(self, image: Image, cells: Cells, widest: float) -> None:
        """Blur these cells in an image of the frame last looked at, in place, with soft edges.

        Args:
            image: Of the size of the frame.
            cells: Which.
            widest: Width in pixels of the widest face that may be seen in it.
        """
        x, y, w, h = cv2.boundingRect(cells)
        if w == 0:
            return
        columns, rows = self.grid
        x0, y0, x1, y1 = max(0, x - 4), max(0, y - 4), min(columns, x + w + 4), min(rows, y + h + 4)
        grown = cv2.dilate(cells, _RIM)
        soft = cv2.blur(grown, (3, 3))[y0:y1, x0:x1]
        # Mixed on the grid, as far as that goes: a frame has some 64 pixels to a cell.
        shade = cv2.cvtColor(soft, cv2.COLOR_GRAY2BGR)
        colours = cv2.multiply(self.pane(widest)[y0:y1, x0:x1], shade, scale=1 / 255)
        left, top = round(x0 / self._scale[0]), round(y0 / self._scale[1])
        right, bottom = round(x1 / self._scale[0]), round(y1 / self._scale[1])
        size = (right - left, bottom - top)
        colour = cv2.resize(colours, size, interpolation=cv2.INTER_LINEAR)
        # Enlarged as one channel, which costs less than three.
        keep = cv2.resize(cv2.bitwise_not(soft), size, interpolation=cv2.INTER_LINEAR)
        kept = cv2.cvtColor(keep, cv2.COLOR_GRAY2BGR)
        part = image[top:bottom, left:right]
        blend(part, colour.astype(np.uint8, copy=False), kept.astype(np.uint8, copy=False))

    def pane(self, widest: float) -> Image:
        """The frame last looked at, behind frosted glass: [rows, columns, 3]."""
        columns, rows = self.grid
        # While nobody is known, whoever comes may fill the frame.
        widest = widest or float(self.size[0])
        across = min(_BLOCKS, max(4, int(_BLOCKS_A_FACE * self.size[0] / widest)))
        blocks = (across, max(2, round(across * rows / columns)))
        coarse = cv2.resize(self.now, blocks, interpolation=cv2.INTER_AREA)
        smooth = cv2.resize(coarse, self.grid, interpolation=cv2.INTER_CUBIC)
        return smooth.astype(np.uint8, copy=False)

    def inside(self, *shapes: Points) -> Cells:
        """Cells within any of these polygons of pixels of the frame."""
        cells: Cells = np.zeros(self._known.shape, np.uint8)
        limit = 16.0 * 4 * COLUMNS
        for shape in shapes:
            corners = np.rint(shape * (self._scale * 16) - 8)
            fixed = corners.clip(-limit, limit).astype(np.int32)
            cv2.fillPoly(cells, [fixed], (255,), cv2.LINE_8, 4)
        return cells

    def _limit(self, before: Image) -> float:
        """How far a quiet cell may wander, by the noise until now: a picture that moves is none."""
        limit = min(max(_LEAST_CHANGE, _NOISE_FACTOR * self._noise), _MOST_CHANGE)
        step = self.now[::5, ::5, 1].astype(np.int16) - before[::5, ::5, 1]
        # Of Gaussian noise the median of absolute differences is 0.95 standard deviations.
        noise = float(_median(np.abs(step).ravel())) / 0.95
        self._noise += min(max(noise - self._noise, -0.2), 0.03)
        return limit

    def _gain(self) -> NDArray[np.float32]:
        """By how much each channel is brighter than what is known: exposure, white balance."""
        known = self._known[::5, ::5] != 0
        if np.count_nonzero(known) < 40:
            return np.ones(3, np.float32)
        now = self.now[::5, ::5][known].astype(np.float32) + np.float32(4)
        then = self._trusted[::5, ::5][known].astype(np.float32) + np.float32(4)
        return _median(now / then).astype(np.float32)

    def _follow_daylight(self) -> None:
        same = cv2.bitwise_not(self.changed)
        moved = cv2.addWeighted(self._trusted, 0.85, self.now, 0.15, 0)
        cv2.copyTo(moved, same, self._trusted)


def _median(values: NDArray[np.generic]) -> NDArray[np.float32]:
    """Along the first axis, the upper of two; `np.median` takes five times as long for few."""
    middle = len(values) // 2
    return np.asarray(np.partition(values, middle, axis=0)[middle], np.float32)


def _cells(image: Image, grid: tuple[int, int]) -> Image:
    """Means of about 16 pixels spread over each cell: near enough, and a tenth of the time."""
    double = (grid[0] * 2, grid[1] * 2)
    if image.shape[1] >= double[0] * 2:
        image = cv2.resize(image, double, interpolation=cv2.INTER_LINEAR).astype(
            np.uint8, copy=False
        )
    return cv2.resize(image, grid, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _differ(a: Image, b: Image, limit: float) -> Cells:
    """Cells in which any channel differs by more than `limit`."""
    most = floor(limit)
    same = cv2.inRange(cv2.absdiff(a, b), (0, 0, 0), (most, most, most))
    return cv2.bitwise_not(same).astype(np.uint8, copy=False)
