"""The set that comes with the program: seven round yellow heads."""

from __future__ import annotations

from generator.artwork import face
from generator.artwork.expressions import expression
from generator.artwork.palette import skin
from generator.artwork.render import Renderer, render, resvg, thrifty
from generator.artwork.svg import Drawing
from vcam_emoji.emoji_set import EmojiImage, EmojiSet
from vcam_emoji.types import Emotion

SIDE = 512
"""Pixels."""


def head(emotion: Emotion, intensity: float = 1.0) -> Drawing:
    """The drawing of one emotion."""
    shown = expression(emotion, intensity)
    return face.draw(shown, skin(emotion, shown.tint))


def image(
    emotion: Emotion, intensity: float = 1.0, side: int = SIDE, renderer: Renderer = resvg
) -> EmojiImage:
    """One emotion in pixels."""
    pixels = render(head(emotion, intensity), side, renderer)
    return EmojiImage(thrifty(pixels), face.ANCHORS)


def classic(side: int = SIDE, renderer: Renderer = resvg) -> EmojiSet:
    """The whole set: neutral, and every other emotion by half and in full."""
    return EmojiSet(
        name="classic",
        title="Classic",
        author="The vcam_emoji authors",
        licence="GPL-2.0-or-later",
        provenance="Drawn by generator.artwork, as vectors, from numbers.",
        images={
            emotion: tuple(
                (step, image(emotion, step, side, renderer))
                for step in ((1.0,) if emotion is Emotion.NEUTRAL else (0.5, 1.0))
            )
            for emotion in Emotion
        },
    )
