"""Hair styles by name: what of them lies behind the head and what before it."""

from __future__ import annotations

from generator.artwork.people import curly_hair, long_hair, short_hair
from generator.artwork.people.build import Build
from generator.artwork.people.coiffure import Hair
from generator.artwork.people.person import Person
from generator.artwork.people.tones import Tones, hair_tones
from generator.artwork.svg import Drawing

_BEHIND = {**short_hair.BEHIND, **curly_hair.BEHIND, **long_hair.BEHIND}
_BEFORE = {**short_hair.BEFORE, **curly_hair.BEFORE, **long_hair.BEFORE}


def hides_ears(person: Person) -> bool:
    """Whether the style leaves no ear free."""
    hiding = (
        "curly_long", "bob", "layered", "long_fringe", "long_straight", "pixie", "shoulder",
    )  # fmt: skip
    return person.hair in hiding


def hair_of(person: Person, frame: Build, skin: Tones) -> Hair:
    """The hair of a person."""
    return Hair(person.hair, hair_tones(person.hair_colour), skin, frame, frame.outline())


def draw_behind(drawing: Drawing, hair: Hair) -> None:
    """What the head hides a part of."""
    if hair.style in _BEHIND:
        _BEHIND[hair.style](drawing, hair)


def draw_before(drawing: Drawing, hair: Hair) -> None:
    """What hides a part of the head."""
    if hair.style in _BEFORE:
        _BEFORE[hair.style](drawing, hair)
