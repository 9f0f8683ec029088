"""Finding faces in a stream: each time another part of the picture, so that no frame costs much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vcam_emoji.faces.finder import Finder
from vcam_emoji.faces.proposals import filling, propose, squares
from vcam_emoji.types import Box, Detection, Image

_SEEKING = 0.3
_WATCHING = 0.4
"""Proposals below this get no closer look."""
_SUSPECTED = 0.3
"""Proposals from here on are told: they hold a third of the faces that are found by no look."""
_REMEMBERED = 5
"""Glances for which a judgement holds."""
_REST_S = 3.0
"""The networks that are asked only where a face is missing or doubtful are let go when idle for so
long."""


@dataclass(slots=True)
class Seeker:
    """`FaceWatcher` for frames in which a face is missing, or all are.

    The whole picture is looked at every time, by the back-camera and the full-range detector in
    turn; with the latter, which costs half as much, one part is looked at more closely. Every
    fourth time a face is looked for that fills the picture.
    """

    finder: Finder
    turn: int = 0
    suspects: Sequence[Box] = ()
    """Where the last picture shows what may be a face, however weakly; faces are among them."""
    squares: Sequence[Box] = ()
    looked: Sequence[Box] = ()

    def find(self, image: Image) -> Sequence[Detection]:
        """The faces that this turn shows, best first."""
        self.turn += 1
        whole, *parts = squares(image.shape[1], image.shape[0])
        part = parts[self.turn // 2 % len(parts)] if parts else whole
        self.squares = [each.box for each in (whole, *parts)]
        self.looked = [whole.box] if self.turn % 2 else [whole.box, part.box]
        if self.turn % 2:
            proposals = propose(self.finder.back, image, whole, _SEEKING)
            if self.turn % 4 == 3:
                proposals += filling(self.finder.back, image, _SEEKING)
            weak = []
        else:
            glimpsed = propose(self.finder.wide, image, whole, _SUSPECTED)
            proposals = [each for each in glimpsed if each.score >= _WATCHING]
            weak = [each for each in glimpsed if each.score < _WATCHING]
            proposals += propose(self.finder.back, image, part, _SEEKING)
        self.suspects = [each.box for each in [*proposals, *weak]]
        return self.finder.judged(image, proposals)


@dataclass(slots=True)
class Watcher:
    """`FaceWatcher` for frames in which all known faces are followed: is there another one?

    The full-range detector looks at the whole and at each part in turn. What stays where it was
    judged a moment ago is not judged again.
    """

    finder: Finder
    turn: int = 0
    suspects: Sequence[Box] = ()
    """Where the last picture shows what may be a face, however weakly; faces are among them."""
    squares: Sequence[Box] = ()
    looked: Sequence[Box] = ()
    _known: list[Sequence[Detection]] = field(default_factory=list)

    def find(self, image: Image) -> Sequence[Detection]:
        """The faces that this turn shows, known ones not placed anew."""
        self.turn += 1
        self.finder.rest(_REST_S)
        every = squares(image.shape[1], image.shape[0])
        square = every[(self.turn - 1) % len(every)]
        self.squares, self.looked = [each.box for each in every], [square.box]
        glimpsed = propose(self.finder.wide, image, square, _SUSPECTED)
        self.suspects = [each.box for each in glimpsed]
        proposals = [each for each in glimpsed if each.score >= _WATCHING]
        known = [each for seen in self._known for each in seen]
        old = [each for each in proposals if _overlaps(each, known)]
        new = [each for each in proposals if not _overlaps(each, old)]
        judged = self.finder.judged(image, new)
        # Only what was judged now is remembered: else an error would be believed for ever.
        self._known = [*self._known[1 - _REMEMBERED :], judged]
        return [*old, *judged]


def _overlaps(one: Detection, others: Sequence[Detection]) -> bool:
    return any(one.box.iou(other.box) > 0.4 for other in others)
