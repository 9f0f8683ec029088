"""What a face does: every feature's position as a number, and the seven emotions in them.

All are offsets from a face at rest, so a weaker emotion is a mixture of the two.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from vcam_emoji.types import Emotion


@dataclass(frozen=True, slots=True)
class Expression:
    """A face's muscles. Lengths are 1/512 of the drawing; shares are 0 to 1.

    Left and right are the picture's.
    """

    # Brows.
    brow_inner: float = 0.0
    """How far the ends near the nose are raised."""
    brow_outer: float = 0.0
    brow_arch: float = 12.0
    """How far the middle lies above the line between the ends."""
    brow_squeeze: float = 0.0
    """How far the inner ends come towards each other."""
    brow_tilt: float = 0.0
    """How much higher the right brow is, and by how much the left is lower."""

    # Eyes.
    eye_size: float = 1.0
    upper_lid: float = 0.1
    """Share of the eye that the upper lid covers."""
    lid_slant: float = 0.0
    """How much lower the upper lid's inner end is than its outer end."""
    lid_bow: float = 26.0
    """How far the upper lid is arched."""
    lower_lid: float = 0.04
    lower_bow: float = -8.0
    """How far the lower lid is arched upwards, as over a smiling cheek."""
    squint: float = 0.0
    """Share by which the left eye is narrower than the right."""
    iris: float = 1.0
    pupil: float = 1.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0

    # Mouth.
    mouth_y: float = 0.0
    mouth_width: float = 52.0
    """Half of it."""
    mouth_lift: float = 5.0
    """How far the corners lie above the mouth's middle."""
    upper_lip: float = 0.0
    """How far the middle of the upper lip lies above the mouth's middle."""
    lower_lip: float = 0.0
    """How far the middle of the lower lip lies below it."""
    upper_square: float = 0.6
    """0: a pointed arch; 1: a box."""
    lower_square: float = 0.6
    mouth_wave: float = 0.0
    """Height of the waves that the lips make."""
    sneer: float = 0.0
    """How far the right half of the upper lip is pulled up."""
    teeth_top: float = 0.0
    """How far the teeth reach down from the upper lip."""
    clench: float = 0.0
    """Share of the mouth that closed teeth fill."""
    tongue: float = 0.0
    """How far the tongue rises in the mouth."""
    tongue_out: float = 0.0
    """How far it hangs out."""

    # What else shows.
    blush: float = 0.35
    tear: float = 0.0
    sweat: float = 0.0
    wrinkle: float = 0.0
    """Folds over the nose."""
    frown: float = 0.0
    """Folds between the brows."""
    tint: float = 0.0
    """How much of the emotion's colour the skin takes on."""

    def towards(self, other: Expression, share: float) -> Expression:
        """A mixture: 0 is this expression, 1 the other."""
        return Expression(
            **{
                each.name: getattr(self, each.name)
                + (getattr(other, each.name) - getattr(self, each.name)) * share
                for each in fields(self)
            }
        )


REST = Expression()

EXPRESSIONS = {
    Emotion.NEUTRAL: REST,
    Emotion.HAPPY: Expression(
        brow_inner=10,
        brow_outer=10,
        brow_arch=22,
        upper_lid=0.06,
        lower_lid=0.27,
        lower_bow=9,
        iris=1.06,
        mouth_y=-14,
        mouth_width=104,
        mouth_lift=26,
        upper_lip=-10,
        lower_lip=92,
        upper_square=0.45,
        lower_square=0.62,
        teeth_top=34,
        tongue=46,
        blush=0.9,
    ),
    Emotion.SAD: Expression(
        brow_inner=34,
        brow_outer=-16,
        brow_arch=4,
        brow_squeeze=10,
        upper_lid=0.26,
        lid_slant=-22,
        lower_lid=0.06,
        iris=1.06,
        gaze_y=8,
        mouth_y=18,
        mouth_width=56,
        mouth_lift=-34,
        upper_lip=4,
        lower_lip=2,
        upper_square=0.5,
        lower_square=0.5,
        blush=0.3,
        tear=1,
        tint=1,
    ),
    Emotion.ANGRY: Expression(
        brow_inner=-44,
        brow_outer=22,
        brow_arch=-2,
        brow_squeeze=20,
        upper_lid=0.29,
        lid_slant=34,
        lid_bow=0,
        lower_lid=0.1,
        lower_bow=-6,
        iris=0.88,
        pupil=0.85,
        gaze_y=4,
        mouth_y=6,
        mouth_width=76,
        mouth_lift=-20,
        upper_lip=22,
        lower_lip=20,
        upper_square=0.8,
        lower_square=0.85,
        clench=1,
        blush=0.0,
        frown=1,
        tint=1,
    ),
    Emotion.FEAR: Expression(
        brow_inner=44,
        brow_outer=6,
        brow_arch=8,
        brow_squeeze=12,
        eye_size=1.14,
        upper_lid=-0.05,
        lower_lid=-0.05,
        iris=0.66,
        pupil=0.6,
        mouth_y=14,
        mouth_width=70,
        mouth_lift=-16,
        upper_lip=20,
        lower_lip=24,
        upper_square=0.75,
        lower_square=0.85,
        mouth_wave=5,
        clench=0.9,
        blush=0.0,
        sweat=1,
        tint=1,
    ),
    Emotion.DISGUST: Expression(
        brow_inner=-30,
        brow_outer=4,
        brow_arch=6,
        brow_squeeze=14,
        brow_tilt=12,
        upper_lid=0.27,
        lid_bow=8,
        lid_slant=8,
        lower_lid=0.2,
        lower_bow=4,
        squint=0.28,
        iris=0.94,
        gaze_x=-14,
        gaze_y=4,
        mouth_y=4,
        mouth_width=66,
        mouth_lift=-24,
        upper_lip=8,
        lower_lip=26,
        upper_square=0.6,
        lower_square=0.6,
        sneer=16,
        tongue_out=64,
        blush=0.0,
        wrinkle=1,
        tint=1,
    ),
    Emotion.SURPRISE: Expression(
        brow_inner=46,
        brow_outer=36,
        brow_arch=30,
        eye_size=1.14,
        upper_lid=-0.05,
        lower_lid=-0.05,
        iris=0.86,
        pupil=0.8,
        mouth_y=14,
        mouth_width=40,
        mouth_lift=0,
        upper_lip=46,
        lower_lip=60,
        upper_square=0.58,
        lower_square=0.58,
        teeth_top=16,
        tongue=30,
        blush=0.5,
    ),
}


def expression(emotion: Emotion, intensity: float = 1.0) -> Expression:
    """A face showing an emotion, from 0 (at rest) to 1 (fully)."""
    # Half an emotion must still be read as that one: two thirds of the way do it.
    return REST.towards(EXPRESSIONS[emotion], intensity**0.6)
