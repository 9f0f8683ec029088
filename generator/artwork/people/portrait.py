"""A person's head in an emotion, put together and made pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from generator.artwork.people import beard, eyes, hair, head, mouth, water, worn
from generator.artwork.people.build import SIDE, build
from generator.artwork.people.muscles import muscles as felt
from generator.artwork.people.person import Person
from generator.artwork.people.tones import skin_tones
from generator.artwork.render import Renderer, render, resvg
from generator.artwork.svg import Drawing, rounded
from vcam_emoji.types import Emotion


def portrait(person: Person, emotion: Emotion, intensity: float = 1.0) -> Drawing:
    """The drawing of a person's head in an emotion."""
    drawing = Drawing(SIDE, SIDE)
    muscles, tones = felt(emotion, intensity), skin_tones(person)
    frame = build(person, muscles)
    style = hair.hair_of(person, frame, tones)
    worn.draw_behind(drawing, person, frame)
    _hair(drawing, person, style.behind)
    head.draw_ears(drawing, person, tones, frame)
    head.draw_head(drawing, person, tones, frame, muscles, emotion)
    head.draw_marks(drawing, person, tones, frame, muscles)
    beard.draw_beard(drawing, person, muscles, tones, frame)
    mouth.draw_mouth(drawing, person, muscles, tones)
    beard.draw_moustache(drawing, person, muscles, tones)
    head.draw_nose(drawing, person, tones, muscles)
    for side in (-1, 1):
        eyes.draw_eye(drawing, person, muscles, tones, eyes.opening(person, muscles, side))
    _hair(drawing, person, style.before)
    if not worn.hides_ears(person):
        worn.draw_earrings(drawing, person, frame)
    worn.draw_headwear(drawing, person, tones, frame)
    worn.draw_glasses(drawing, person, tones, frame)
    for side in (-1, 1):
        eyes.draw_brow(drawing, person, muscles, tones, side)
    water.draw_water(drawing, muscles)
    return drawing


def _hair(drawing: Drawing, person: Person, paint: Callable[[Drawing], None]) -> None:
    """Only what shows under what is worn."""
    if worn.hides_hair(person):
        return
    below = worn.hair_below(person)
    if not below:
        paint(drawing)
        return
    with drawing.within(rounded((0, below), SIDE, SIDE - below, 0)):
        paint(drawing)


def draw(
    person: Person, emotion: Emotion, intensity: float = 1.0, size: int = 512,
    renderer: Renderer = resvg,
) -> NDArray[np.uint8]:  # fmt: skip
    """A person's head in an emotion, on nothing.

    Returns:
        [size, size, 4], red, green, blue and straight (not premultiplied) alpha.
    """
    return render(portrait(person, emotion, intensity), size, renderer)[..., [2, 1, 0, 3]]
