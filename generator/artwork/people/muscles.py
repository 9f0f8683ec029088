"""What a person's face does: the seven emotions in the muscles of `generator.artwork.expressions`.

The numbers are for these heads: lengths are 1/512 of the drawing, eyes are smaller than those of
the round yellow set, and there is a chin that drops.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from generator.artwork.expressions import Expression
from vcam_emoji.types import Emotion


@dataclass(frozen=True, slots=True)
class Muscles(Expression):
    """As the classic set's, and what only a head with cheeks and a jaw can do."""

    brow_arch: float = 0.0
    """Added to the person's own."""
    lid_bow: float = 0.0
    lower_bow: float = 0.0
    mouth_width: float = 50.0
    mouth_lift: float = 5.0
    blush: float = 0.0
    """Added to the person's own."""
    jaw: float = 0.0
    """How far the chin drops."""
    cheek: float = 0.0
    """How far the cheeks are raised, 0 to 1: a fold from the nose to the corners of the mouth."""
    nostril: float = 0.0
    """How far the wings of the nose are pulled up."""
    brow_bend: float = 0.0
    """How far brows are drawn into an S: the inner end hooks up."""

    def towards(self, other: Expression, share: float) -> Muscles:
        """A mixture: 0 is this face, 1 the other."""
        return Muscles(
            **{
                each.name: getattr(self, each.name)
                + (getattr(other, each.name) - getattr(self, each.name)) * share
                for each in fields(self)
            }
        )


REST = Muscles(upper_lid=0.14, lower_lid=0.05, lower_bow=2)

FEELINGS: Mapping[Emotion, Muscles] = {
    Emotion.NEUTRAL: REST,
    Emotion.HAPPY: Muscles(
        brow_inner=7,
        brow_outer=7,
        brow_arch=6,
        upper_lid=0.10,
        lower_lid=0.24,
        lower_bow=10,
        iris=1.05,
        mouth_width=68,
        mouth_lift=20,
        upper_lip=-7,
        lower_lip=52,
        upper_square=0.42,
        lower_square=0.62,
        teeth_top=23,
        tongue=27,
        blush=0.5,
        cheek=1.0,
        jaw=7,
    ),
    Emotion.SAD: Muscles(
        brow_inner=25,
        brow_outer=-17,
        brow_arch=-4,
        brow_squeeze=9,
        brow_bend=5,
        upper_lid=0.26,
        lid_slant=-13,
        lower_lid=0.05,
        iris=1.08,
        gaze_y=5,
        mouth_y=3,
        mouth_width=43,
        mouth_lift=-23,
        upper_lip=5,
        lower_lip=4,
        upper_square=0.5,
        lower_square=0.5,
        tear=1,
        tint=1,
        frown=0.35,
    ),
    Emotion.ANGRY: Muscles(
        brow_inner=-29,
        brow_outer=15,
        brow_arch=-6,
        brow_squeeze=17,
        upper_lid=0.30,
        lid_slant=18,
        lid_bow=0,
        lower_lid=0.12,
        iris=0.86,
        pupil=0.85,
        gaze_y=2,
        mouth_y=2,
        mouth_width=52,
        mouth_lift=-13,
        upper_lip=15,
        lower_lip=15,
        upper_square=0.85,
        lower_square=0.9,
        clench=1,
        frown=1,
        nostril=5,
        tint=1,
        cheek=0.25,
    ),
    Emotion.FEAR: Muscles(
        brow_inner=29,
        brow_outer=5,
        brow_arch=-4,
        brow_squeeze=12,
        brow_bend=6,
        eye_size=1.16,
        upper_lid=-0.05,
        lower_lid=-0.05,
        iris=0.66,
        pupil=0.62,
        mouth_y=3,
        mouth_width=53,
        mouth_lift=-11,
        upper_lip=13,
        lower_lip=18,
        upper_square=0.75,
        lower_square=0.85,
        mouth_wave=3.4,
        clench=0.9,
        sweat=1,
        tint=1,
        frown=0.4,
        jaw=4,
    ),
    Emotion.DISGUST: Muscles(
        brow_inner=-19,
        brow_outer=4,
        brow_arch=4,
        brow_squeeze=13,
        brow_tilt=9,
        upper_lid=0.28,
        lid_slant=5,
        lower_lid=0.24,
        lower_bow=4,
        squint=0.24,
        iris=0.94,
        gaze_x=-8,
        gaze_y=2,
        mouth_y=1,
        mouth_width=46,
        mouth_lift=-18,
        upper_lip=7,
        lower_lip=19,
        upper_square=0.6,
        lower_square=0.6,
        sneer=13,
        tongue_out=44,
        wrinkle=1,
        frown=0.6,
        nostril=8,
        cheek=0.7,
        tint=1,
    ),
    Emotion.SURPRISE: Muscles(
        brow_inner=29,
        brow_outer=23,
        brow_arch=13,
        eye_size=1.15,
        upper_lid=-0.05,
        lower_lid=-0.05,
        iris=0.84,
        pupil=0.8,
        mouth_y=2,
        mouth_width=30,
        mouth_lift=0,
        upper_lip=24,
        lower_lip=42,
        upper_square=0.72,
        lower_square=0.74,
        teeth_top=8,
        tongue=18,
        jaw=16,
        blush=0.15,
    ),
}


CLOSEST: Mapping[Emotion, float] = {
    Emotion.HAPPY: 0.12, Emotion.ANGRY: 0.0, Emotion.SURPRISE: 0.55, Emotion.FEAR: 0.55,
}  # fmt: skip
"""The emotions that are shown with open lips, and the least share of it with which each is still
unmistakable. In the others nothing opens that could stay closed."""

_EARLY: Mapping[Emotion, float] = {Emotion.ANGRY: 0.45, Emotion.HAPPY: 0.5}
"""Half an emotion must still be read as that one: two thirds of the way do it. A little anger and
a little joy, which pale brows, glasses and beards hide most, go further (`evaluate drawings`)."""

_OPENING = ("upper_lip", "lower_lip", "teeth_top", "tongue", "clench", "jaw", "mouth_wave")


def muscles(emotion: Emotion, intensity: float, lips: float = 1.0) -> Muscles:
    """A face showing an emotion, from 0 (at rest) to 1 (fully).

    Args:
        emotion: Which.
        intensity: How strongly.
        lips: How far they part of how far they do for everyone, 0 (closed) to 1; for those of
            `CLOSEST`, which says how little may be.
    """
    goal = FEELINGS[emotion]
    if emotion in CLOSEST and lips < 1:
        share = max(lips, CLOSEST[emotion])
        less = {
            name: getattr(REST, name) + (getattr(goal, name) - getattr(REST, name)) * share
            for name in _OPENING
        }
        if emotion is Emotion.HAPPY:
            # What no teeth say, the corners must.
            less["mouth_lift"] = goal.mouth_lift + 9 * (1 - share)
        goal = replace(goal, **less)
    return REST.towards(goal, intensity ** _EARLY.get(emotion, 0.6))
