"""What is said below a picture of the demo: what was recognised, what was asked for by hand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vcam_emoji.demo.lettering import Colour, pill, width
from vcam_emoji.pipeline import Processed
from vcam_emoji.types import Emotion, Image


class Tone(Enum):
    """The colour of a label says where the emotion comes from."""

    RECOGNISED = (176, 200, 84)
    REACTION = (74, 176, 250)
    HIDDEN = (120, 108, 100)

    @property
    def colour(self) -> Colour:
        blue, green, red = self.value
        return blue, green, red


@dataclass(frozen=True, slots=True)
class Label:
    words: str
    tone: Tone


def labels(processed: Processed, asked: Emotion | None) -> tuple[Label, ...]:
    """One label for each face that is covered, from left to right.

    Args:
        processed: What became of the frame.
        asked: The emotion asked for by hand at that time, if any.
    """
    if processed.hidden or processed.card is not None:
        return (Label(f"hidden: {processed.reason or 'no face'}", Tone.HIDDEN),)
    if asked is not None and processed.faces:
        return (Label(f"reaction: {asked}", Tone.REACTION),)
    faces = sorted(processed.faces, key=lambda face: face.box.centre[0])
    read = [processed.estimates.get(face.id) for face in faces]
    return tuple(
        Label("no emotion read", Tone.HIDDEN)
        if each is None
        else Label(f"recognised: {each.emotion}", Tone.RECOGNISED)
        for each in read
    )


def write(image: Image, at: tuple[int, int], said: tuple[Label, ...], size: int, room: int) -> None:
    """Put labels side by side in place, as many as fit into `room` pixels."""
    x, gap = at[0], round(size * 0.5)
    for label in said:
        wide = width(label.words, size) + 2 * round(size * 0.6)
        if x + wide > at[0] + room:
            break
        x = pill(image, (x, at[1]), label.words, size, label.tone.colour) + gap
