"""A person's emoji set: seven emotions, each in three intensities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from generator.artwork.people.alignment import EYE_X, EYE_Y, MOUTH_Y
from generator.artwork.people.person import Person
from generator.artwork.people.portrait import NOTHING_SAID, Sitter
from generator.artwork.render import Renderer, resvg, thrifty
from vcam_emoji.emoji_set import Anchors, EmojiImage, EmojiSet
from vcam_emoji.types import Emotion

ANCHORS = Anchors((0.5 - EYE_X, EYE_Y), (0.5 + EYE_X, EYE_Y), (0.5, MOUTH_Y))
INTENSITIES = (0.33, 0.66, 1.0)


def steps(emotion: Emotion, intensities: Sequence[float] = INTENSITIES) -> tuple[float, ...]:
    """The intensities that differ from each other: a neutral face has one."""
    return (1.0,) if emotion is Emotion.NEUTRAL else tuple(intensities)


PICTURES = sum(len(steps(emotion)) for emotion in Emotion)
"""In a set."""


def emoji_set(
    person: Person,
    name: str,
    title: str = "",
    size: int = 512,
    renderer: Renderer = resvg,
    lips: Mapping[Emotion, float] = NOTHING_SAID,
    drawing: Callable[[Emotion], None] = lambda _emotion: None,
) -> EmojiSet:
    """The set of a person.

    Args:
        person: Who is drawn.
        name: Of the set.
        title: For people; the name, where there is none.
        size: Pixels.
        renderer: Makes them of vectors.
        lips: As `Sitter` takes it.
        drawing: Is told before each of `PICTURES` what is drawn.

    Raises:
        UsageError: if the renderer is not installed.
    """
    sitter = Sitter(person, size, renderer, lips, fineness=2)

    def drawn(emotion: Emotion, step: float) -> tuple[float, EmojiImage]:
        drawing(emotion)
        return step, EmojiImage(_bgra(sitter.draw(emotion, step)), ANCHORS)

    return EmojiSet(
        name=name,
        title=title or name,
        author="Drawn by vcam-emoji-generator",
        licence="GPL-2.0-or-later",
        provenance="Drawn by generator.artwork.people, as vectors, from a person's traits.",
        images={
            emotion: tuple(drawn(emotion, step) for step in steps(emotion)) for emotion in Emotion
        },
    )


def _bgra(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return thrifty(np.ascontiguousarray(pixels[..., [2, 1, 0, 3]]))
