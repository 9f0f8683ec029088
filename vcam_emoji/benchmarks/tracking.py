"""How steadily and how promptly faces are tracked on clips in which their place is known.

Run it with: python -m vcam_emoji.benchmarks.tracking [--json]

- `tremble_px`: root mean square, over the clips with a still face and the camera's noise, of how
  far the midpoint of the eyes moves against its mean from one second to the next.
- `lag_frames`: by how many frames the true path has to be delayed to fit the tracked one best,
  over the clips with a moving face: 0 is no lag.
- `tracked_share`: share of the frames in which the face is tracked where it is (its eyes' midpoint
  within a quarter of the face's height, seen in that very frame), the first frame not counted.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import hypot
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vcam_emoji.clips import Clip, tracking_clips
from vcam_emoji.errors import VcamEmojiError
from vcam_emoji.types import Face, FaceTracker

_NEAR = 0.25
_SETTLED = 10
"""Frames at the start that do not count for tremble and lag."""


@dataclass(slots=True)
class Path:
    """Where a face's eyes are, truly and as tracked, frame by frame."""

    true: list[tuple[float, float]] = field(default_factory=list)
    tracked: list[tuple[float, float]] = field(default_factory=list)
    """NaN where it was not tracked."""
    ids: set[int] = field(default_factory=set)
    cpu_s: float = 0.0

    def tremble(self) -> float:
        """Pixels, of a still face."""
        spots = np.array(self.tracked[_SETTLED:])
        seconds = [part for part in np.array_split(spots, max(1, len(spots) // 30)) if len(part)]
        squares = [((part - np.nanmean(part, axis=0)) ** 2).sum(axis=1) for part in seconds]
        return float(np.sqrt(np.nanmean(np.concatenate(squares))))

    def lag(self) -> float:
        """Frames, of a moving face."""
        true, tracked = np.array(self.true), np.array(self.tracked)
        delays = np.arange(-2.0, 4.01, 0.05)
        misfits = [_misfit(true, tracked, float(delay)) for delay in delays]
        return float(delays[int(np.argmin(misfits))])

    @property
    def moves(self) -> bool:
        return float(np.ptp(np.array(self.true), axis=0).max()) > 20

    @property
    def share(self) -> float:
        return float(np.isfinite(np.array(self.tracked[1:])).all(axis=1).mean())


def follow(clip: Clip, tracker: FaceTracker) -> Path:
    """Track the clip's one face through it."""
    tracker.reset()
    path = Path()
    for staged in clip:
        start = time.process_time()
        faces = tracker.update(staged.frame)
        path.cpu_s += time.process_time() - start
        if len(staged.faces) != 1:
            continue
        true = staged.faces[0]
        face = _nearest(faces, true.points.eyes)
        eyes = face.points.eyes if face is not None else (float("nan"), float("nan"))
        if face is not None:
            off = hypot(eyes[0] - true.points.eyes[0], eyes[1] - true.points.eyes[1])
            if off > _NEAR * true.box.height:
                eyes = (float("nan"), float("nan"))
            else:
                path.ids.add(face.id)
        path.true.append(true.points.eyes)
        path.tracked.append(eyes)
    return path


def measure(
    clips: Sequence[Clip] | None = None, tracker: FaceTracker | None = None
) -> dict[str, Any]:
    """Tremble, lag and share over the clips of `vcam_emoji.clips.tracking_clips`.

    Raises:
        ModelError: if faces cannot be found here.
    """
    if tracker is None:
        from vcam_emoji.tracking import open_tracker

        tracker = open_tracker()
    chosen = tracking_clips() if clips is None else clips
    paths = {clip.name: follow(clip, tracker) for clip in chosen}
    still = [path.tremble() for path in paths.values() if not path.moves]
    moving = [path.lag() for path in paths.values() if path.moves]
    frames = sum(len(path.true) for path in paths.values())
    return {
        "tremble_px": round(float(np.sqrt(np.mean(np.square(still)))), 3) if still else None,
        "lag_frames": round(float(np.mean(moving)), 3) if moving else None,
        "worst_lag_frames": round(max(moving), 3) if moving else None,
        "tracked_share": round(float(np.mean([path.share for path in paths.values()])), 4),
        "frames": frames,
        "ids_per_face": round(float(np.mean([len(path.ids) for path in paths.values()])), 2),
        "cpu_ms_per_frame": round(1e3 * sum(p.cpu_s for p in paths.values()) / max(1, frames), 2),
    }


def _nearest(faces: Sequence[Face], spot: tuple[float, float]) -> Face | None:
    seen = [face for face in faces if face.lost_s == 0]
    return min(
        seen,
        key=lambda face: hypot(face.points.eyes[0] - spot[0], face.points.eyes[1] - spot[1]),
        default=None,
    )


def _misfit(true: NDArray[np.float64], tracked: NDArray[np.float64], delay: float) -> float:
    """Mean squared distance to the true path as it was `delay` frames ago, offset removed."""
    frames = np.arange(_SETTLED, len(true) - 3)
    at = frames - delay
    delayed = np.stack([np.interp(at, np.arange(len(true)), true[:, i]) for i in (0, 1)], axis=1)
    errors = tracked[frames] - delayed
    return float(np.nanmean((errors - np.nanmean(errors, axis=0)) ** 2))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(
        prog="python -m vcam_emoji.benchmarks.tracking", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    try:
        result = measure()
    except VcamEmojiError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    lines = [f"{name:18}{value}" for name, value in result.items()]
    sys.stdout.write((json.dumps(result) if options.json else "\n".join(lines)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
