"""How often a face is seen: the hard clips through tracking, the guard and the painter.

What counts. Of every face the composer placed, the skin that shows in the frame is known pixel by
pixel. The published picture P is compared with the raw picture R there:

- *Its own grain.* What is finer than 2.5 pixels in R, its texture and the camera's noise, is a
  fingerprint that nothing else has. A pixel is uncovered when in the 15 pixels square around it P
  carries the same fingerprint: correlation above 0.8, and at least a quarter of its strength. So a
  face mixed half and half with something counts, and a smooth surface that happens to have the
  colour of skin does not. (At 0.6, lines of an emoji that happened to lie along those of the face
  under it counted, where not one pixel was the camera's.)
- *Its features.* What lies between a tenth and a fortieth of the face's size (eyes, nose, mouth)
  is compared over the whole face. Where that correlates above 0.6, and a quarter of its strength
  is left, the face as a whole is uncovered: it was blurred, but not enough.

A frame is uncovered when that holds for more than 1 % of the visible skin of any one face in it.

Beside it stands what a program would publish that trusts its detector: frames in which the
detector, looking at that frame alone, finds nothing where a face is.

Run it: `python -m vcam_emoji.benchmarks.privacy --json`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji import cards
from vcam_emoji.cards import Card
from vcam_emoji.clips import Clip, TrueFace, benchmark_clip, hard_clips, tracking_clips
from vcam_emoji.emoji_set import EmojiSet
from vcam_emoji.painting import Painter
from vcam_emoji.privacy import Guard
from vcam_emoji.settings import Look, Safety
from vcam_emoji.types import (
    Detection,
    Emotion,
    Expression,
    FaceFinder,
    FaceTracker,
    Image,
)

Floats: TypeAlias = NDArray[np.float32]

UNCOVERED_SHARE = 0.01
"""A frame is uncovered when more of a face's visible skin than this is."""

_SURVIVES = 0.25
_GRAIN_CORRELATES = 0.8
_FEATURES_CORRELATE = 0.6
_GRAIN = 2.5
_WINDOW = 15
_SETTLING_S = 1.0
_LEAST_SKIN = 64
"""A face of fewer pixels than this is not one."""


@dataclass(frozen=True, slots=True)
class ClipReport:
    """What was published of one clip."""

    clip: str
    frames: int
    uncovered_frames: int
    worst_share: float
    """Of a face's visible skin, in the clip's worst frame."""
    detector_missed_frames: int
    hidden_frames: int
    """Blurred as a whole, or a card."""
    blurred_area: float
    """Share of the area of all other frames that was blurred in place, away from heads; the first
    second, in which the room gets known, is left out."""


def uncovered_share(raw: Image, published: Image, face: TrueFace) -> float:
    """Which share of a face's visible skin is uncovered, as the module says."""
    height, width = raw.shape[:2]
    size = max(8.0, min(face.box.width, face.box.height))
    room = size / 4
    box = face.box
    x0, y0 = max(0, int(box.x0 - room)), max(0, int(box.y0 - room))
    x1, y1 = min(width, int(box.x1 + room) + 1), min(height, int(box.y1 + room) + 1)
    if x0 >= x1 or y0 >= y1:
        return 0.0
    skin = face.skin((width, height))[y0:y1, x0:x1] > 0
    if int(skin.sum()) < _LEAST_SKIN:
        return 0.0
    before = raw[y0:y1, x0:x1].astype(np.float32)
    after = published[y0:y1, x0:x1].astype(np.float32)
    features = (_band(each, size / 40, size / 10)[skin] for each in (before, after))
    if _kept(_products(*features).sum(axis=(1, 2)), _FEATURES_CORRELATE):
        return 1.0
    grain = _products(_band(before, 0, _GRAIN), _band(after, 0, _GRAIN)).sum(axis=-1)
    around = np.stack([cv2.blur(each, (_WINDOW, _WINDOW)) for each in grain])
    kept = _kept(around, _GRAIN_CORRELATES)
    return float((kept & skin).sum() / skin.sum())


def _band(part: Floats, fine: float, coarse: float) -> Floats:
    """What is coarser than `fine` and finer than `coarse`, in pixels (sigmas)."""
    sharp = cv2.GaussianBlur(part, (0, 0), fine) if fine > 0.3 else part
    band: Floats = sharp - cv2.GaussianBlur(part, (0, 0), coarse)
    return band


def _products(before: Floats, after: Floats) -> Floats:
    """[3, ...]: before squared, after squared, both."""
    return np.stack([before * before, after * after, before * after])


def _kept(products: Floats, correlates: float) -> NDArray[np.bool_]:
    """Whether the same detail is there, from local sums of `_products`."""
    before, after, both = products[0] + 1e-3, products[1] + 1e-3, products[2]
    kept: NDArray[np.bool_] = (both > _SURVIVES * before) & (
        both > correlates * np.sqrt(before * after)
    )
    return kept


def missed(
    faces: Sequence[TrueFace], detections: Sequence[Detection], size: tuple[int, int]
) -> bool:
    """Whether a face, half of whose skin shows at least, has no detection where it is."""
    for face in faces:
        box = face.box.clipped(*size)
        if face.visible < 0.5 or box.area < _LEAST_SKIN:
            continue
        if all(box.iou(each.box.clipped(*size)) < 0.3 for each in detections):
            return True
    return False


def watch(
    clip: Clip,
    tracker: FaceTracker,
    finder: FaceFinder | None,
    emoji_set: EmojiSet,
    limit: int | None,
) -> ClipReport:
    """Publish one clip in `replace` and look at what left."""
    guard = Guard(lambda size: cards.picture(Card.HIDDEN, size), Safety)
    painter, look = Painter(emoji_set), Look()
    tracker.reset()
    frames = uncovered = missed_frames = hidden = sharp = 0
    worst = blurred = 0.0
    emotions = list(Emotion)
    for staged in clip:
        if limit is not None and frames >= limit:
            break
        frame = staged.frame
        raw = frame.image.copy()
        faces = tracker.update(frame)
        # The expressions change now and then, so that fades are in the picture too.
        shown = Expression(emotions[int(frame.time) % len(emotions)])
        publication = guard.publishable(
            frame, faces, {face.id: shown for face in faces}, painter, look, tracker.watch
        )
        frames += 1
        shares = [uncovered_share(raw, publication.image, face) for face in staged.faces]
        worst = max([worst, *shares])
        uncovered += any(share > UNCOVERED_SHARE for share in shares)
        hidden += publication.hidden
        if not publication.hidden and frame.time >= _SETTLING_S:
            blurred += publication.blurred_share
            sharp += 1
        if finder is not None:
            missed_frames += missed(staged.faces, finder.find(raw), clip.size)
    return ClipReport(
        clip.name,
        frames,
        uncovered,
        round(worst, 4),
        missed_frames,
        hidden,
        round(blurred / max(1, sharp), 4),
    )


def measure(size: tuple[int, int] = (1280, 720), limit: int | None = None) -> dict[str, Any]:
    """The figures over all hard clips, and over calm ones what the care costs.

    Args:
        size: Width and height of the clips.
        limit: Frames of each clip to play; all by default.

    Returns:
        `frames`, `uncovered_frames`, `detector_missed_frames`, `worst_share`, `clips` (a list of
        `ClipReport` as objects), and `calm` with `frames`, `hidden_frames`, `blurred_area` and
        `clips` over clips of people who merely sit there.

    Raises:
        ModelError: if faces cannot be found here.
        EmojiSetError: if the shipped set is damaged.
    """
    from vcam_emoji.faces import open_finder
    from vcam_emoji.tracking import open_tracker

    tracker, finder, emoji_set = open_tracker(), open_finder(), _shipped_set()
    hard = [watch(clip, tracker, finder, emoji_set, limit) for clip in hard_clips(size)]
    calm_clips = [benchmark_clip(1, size), benchmark_clip(2, size), *tracking_clips(size)]
    calm = [watch(clip, tracker, None, emoji_set, limit) for clip in calm_clips]
    return {
        **_sum(hard),
        "clips": [asdict(each) for each in hard],
        "calm": {**_sum(calm), "clips": [asdict(each) for each in calm]},
    }


def _sum(reports: Sequence[ClipReport]) -> dict[str, Any]:
    shown = sum(each.frames - each.hidden_frames for each in reports)
    blurred = sum(each.blurred_area * (each.frames - each.hidden_frames) for each in reports)
    return {
        "frames": sum(each.frames for each in reports),
        "uncovered_frames": sum(each.uncovered_frames for each in reports),
        "detector_missed_frames": sum(each.detector_missed_frames for each in reports),
        "worst_share": max((each.worst_share for each in reports), default=0.0),
        "hidden_frames": sum(each.hidden_frames for each in reports),
        "blurred_area": round(blurred / max(1, shown), 5),
    }


def _shipped_set() -> EmojiSet:
    from vcam_emoji import emoji_set
    from vcam_emoji.resources import asset

    return emoji_set.load(asset("emoji/classic"))


def _table(report: Mapping[str, Any]) -> str:
    lines = [f"{'clip':36}{'frames':>8}{'uncovered':>11}{'missed':>8}{'hidden':>8}{'blurred':>9}"]
    for each in [*report["clips"], *report["calm"]["clips"]]:
        lines.append(
            f"{each['clip']:36}{each['frames']:8}{each['uncovered_frames']:11}"
            f"{each['detector_missed_frames']:8}{each['hidden_frames']:8}{each['blurred_area']:9.1%}"
        )
    lines.append(
        f"Uncovered: {report['uncovered_frames']} of {report['frames']} frames; "
        f"the detector alone missed {report['detector_missed_frames']}."
    )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(
        prog="python -m vcam_emoji.benchmarks.privacy", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--limit", type=int, help="frames of each clip to play")
    options = parser.parse_args(arguments)
    report = measure(limit=options.limit)
    sys.stdout.write((json.dumps(report) if options.json else _table(report)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
