"""Faces across frames: who is who, where they are now, and who has just blinked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vcam_emoji.types import Box, Detection, Face, FaceFinder, FaceFollower, FivePoints, Frame

HOLD_S = 0.5
"""A face that is not seen is held this long."""
FIND_EVERY_S = 0.4
"""All faces are looked for again this often while some are tracked."""
SAME_FACE_IOU = 0.25


@dataclass(slots=True)
class _Track:
    id: int
    last: Detection
    seen: float
    """Time of the frame that last showed it."""
    velocity: tuple[float, float] = (0.0, 0.0)
    """Pixels a second."""

    def predicted(self, now: float) -> Detection:
        """Where it should be: its velocity fades while it is not seen."""
        coasting = min(now - self.seen, 0.1)
        return _moved(self.last, self.velocity[0] * coasting, self.velocity[1] * coasting)

    def sees(self, detection: Detection, now: float) -> None:
        elapsed = max(now - self.seen, 1e-3)
        (ax, ay), (bx, by) = self.last.box.centre, detection.box.centre
        self.velocity = ((bx - ax) / elapsed, (by - ay) / elapsed)
        self.last, self.seen = detection, now

    def face(self, now: float) -> Face:
        at = self.predicted(now)
        return Face(self.id, at.box, at.points, at.roll, at.score, now - self.seen)


@dataclass(slots=True)
class Tracker:
    """`FaceTracker`: finds now and then, follows in between."""

    finder: FaceFinder
    follower: FaceFollower
    _tracks: list[_Track] = field(default_factory=list)
    _next_id: int = 1
    _found_at: float = float("-inf")

    def update(self, frame: Frame) -> Sequence[Face]:
        """The faces of this frame, largest first, those held for a moment (`lost_s` > 0) too."""
        now, image = frame.time, frame.image
        lost = False
        for track in self._tracks:
            again = self.follower.follow(image, track.predicted(now))
            if again is None:
                lost = True
            else:
                track.sees(again, now)
        if lost or not self._tracks or now - self._found_at >= FIND_EVERY_S:
            self._found_at = now
            self._match(self.finder.find(image), now)
        self._tracks = [track for track in self._tracks if now - track.seen <= HOLD_S]
        faces = (track.face(now) for track in self._tracks)
        return sorted(faces, key=lambda face: -face.box.area)

    def reset(self) -> None:
        """Forget everything: the next frame is from another scene."""
        self._tracks.clear()
        self._found_at = float("-inf")

    def _match(self, detections: Sequence[Detection], now: float) -> None:
        for detection in detections:
            best = max(
                self._tracks,
                key=lambda track: track.predicted(now).box.iou(detection.box),
                default=None,
            )
            if best is None or best.predicted(now).box.iou(detection.box) < SAME_FACE_IOU:
                self._tracks.append(_Track(self._next_id, detection, now))
                self._next_id += 1
            elif best.seen < now:
                best.sees(detection, now)


def open_tracker() -> Tracker:
    """A tracker with the shipped models.

    Raises:
        ModelError: if they are missing or damaged.
    """
    from vcam_emoji.faces import open_finder, open_follower

    return Tracker(open_finder(), open_follower())


def _moved(detection: Detection, dx: float, dy: float) -> Detection:
    box, points = detection.box, detection.points.array() + np.array((dx, dy))
    return Detection(
        Box(box.x0 + dx, box.y0 + dy, box.x1 + dx, box.y1 + dy),
        detection.score,
        FivePoints(*((float(x), float(y)) for x, y in points)),
        detection.roll,
    )
