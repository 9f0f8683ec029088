"""A person's head in an emotion, put together and made pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from generator.artwork.people import (
    beard,
    earrings,
    eyes,
    glasses,
    hair,
    head,
    headwear,
    mouth,
    water,
)
from generator.artwork.people.build import SIDE, build
from generator.artwork.people.coiffure import Hair
from generator.artwork.people.muscles import REST, Muscles
from generator.artwork.people.muscles import muscles as felt
from generator.artwork.people.person import Person
from generator.artwork.people.tones import skin_tones
from generator.artwork.render import Renderer, render, resvg
from generator.artwork.svg import Drawing
from vcam_emoji.types import Emotion

NOTHING_SAID: Mapping[Emotion, float] = {}

Layer = NDArray[np.float32]
"""[size, size, 4], red, green, blue times alpha, and alpha; 0 to 1."""


class Sitter:
    """A person who is drawn again and again: what no feeling moves is drawn once."""

    def __init__(
        self,
        person: Person,
        size: int = 512,
        renderer: Renderer = resvg,
        lips: Mapping[Emotion, float] = NOTHING_SAID,
        fineness: int = 1,
    ) -> None:
        """Prepare to draw.

        Args:
            person: Who.
            size: Pixels.
            renderer: Makes them of vectors.
            lips: How far this person parts the lips in an emotion, of how far everyone does.
            fineness: How many times larger it is drawn, and then averaged. Shapes that share an
                outline lie over each other, and each lets its edge through only in part, so that
                the edge of all is too hard; drawn twice as large it is as soft as it should be.
        """
        self.person = person
        self.size = size
        self._fineness = fineness
        self._renderer = renderer
        self._lips = lips
        self._tones = skin_tones(person)
        self._rest = build(person, REST)
        self._still: tuple[Layer, Layer] | None = None

    def draw(self, emotion: Emotion, intensity: float = 1.0) -> NDArray[np.uint8]:
        """The head in an emotion, on nothing.

        Returns:
            [size, size, 4], red, green, blue and straight (not premultiplied) alpha.
        """
        if self._still is None:
            self._still = self._pixels(self._behind()), self._pixels(self._before())
        behind, before = self._still
        face, brows = self._face(emotion, intensity), self._brows(emotion, intensity)
        whole = behind
        for layer in (self._pixels(face), before, self._pixels(brows)):
            whole = layer + whole * (1 - layer[..., 3:])
        fine = self._fineness
        whole = whole.reshape(self.size, fine, self.size, fine, 4).mean(axis=(1, 3))
        alpha = whole[..., 3:]
        colour = np.divide(
            whole[..., :3], alpha, out=np.zeros_like(whole[..., :3]), where=alpha > 0
        )
        return np.asarray(np.rint(np.dstack([colour, alpha]).clip(0, 1) * 255), np.uint8)

    def _pixels(self, drawing: Drawing) -> Layer:
        fine = self.size * self._fineness
        straight = render(drawing, fine, self._renderer).astype(np.float32) / 255
        alpha = straight[..., 3:]
        return np.dstack([straight[..., 2::-1] * alpha, alpha])

    def _sheet(self) -> Drawing:
        return Drawing(SIDE, SIDE, self.size / SIDE)

    def _behind(self) -> Drawing:
        drawing = self._sheet()
        headwear.draw_behind(drawing, self.person, self._rest)
        self._hair(drawing, hair.draw_behind)
        if not headwear.hides_ears(self.person) and not hair.hides_ears(self.person):
            head.draw_ears(drawing, self.person, self._tones, self._rest)
        return drawing

    def _face(self, emotion: Emotion, intensity: float) -> Drawing:
        drawing, person, tones = self._sheet(), self.person, self._tones
        muscles = self._felt(emotion, intensity)
        frame = build(person, muscles)
        head.draw_head(drawing, person, tones, frame, muscles, emotion)
        head.draw_marks(drawing, person, tones, muscles)
        beard.draw_beard(drawing, person, muscles, tones, frame)
        mouth.draw_mouth(drawing, person, muscles, tones)
        beard.draw_moustache(drawing, person, muscles, tones)
        head.draw_nose(drawing, person, tones, muscles)
        for side in (-1, 1):
            eyes.draw_eye(drawing, person, muscles, tones, eyes.opening(person, muscles, side))
        return drawing

    def _before(self) -> Drawing:
        drawing, person = self._sheet(), self.person
        glasses.draw_glasses(drawing, person, self._tones, self._rest)
        self._hair(drawing, hair.draw_before)
        if not headwear.hides_ears(person):
            earrings.draw_earrings(drawing, person, self._rest)
        headwear.draw_headwear(drawing, person, self._tones, self._rest)
        return drawing

    def _brows(self, emotion: Emotion, intensity: float) -> Drawing:
        drawing, muscles = self._sheet(), self._felt(emotion, intensity)
        for side in (-1, 1):
            border = headwear.border(self.person)
            eyes.draw_brow(drawing, self.person, muscles, self._tones, side, border)
        water.draw_water(drawing, muscles, 52.0 if self.person.sunglasses else 34.0)
        return drawing

    def _felt(self, emotion: Emotion, intensity: float) -> Muscles:
        return felt(emotion, intensity, self._lips.get(emotion, 1.0))

    def _hair(self, drawing: Drawing, paint: Callable[[Drawing, Hair], None]) -> None:
        """Only what shows under what is headwear."""
        if headwear.hides_hair(self.person):
            return
        own = hair.hair_of(self.person, self._rest, self._tones)
        uncovered = headwear.uncovered(self.person, self._rest)
        if uncovered is None:
            paint(drawing, own)
            return
        with drawing.within(uncovered):
            paint(drawing, own)


def draw(
    person: Person, emotion: Emotion, intensity: float = 1.0, size: int = 512
) -> NDArray[np.uint8]:
    """A person's head in an emotion, on nothing: `Sitter.draw`, for once."""
    return Sitter(person, size).draw(emotion, intensity)
