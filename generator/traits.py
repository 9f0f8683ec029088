"""What makes a person recognisable, as read from photographs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, TypeAlias

Lab: TypeAlias = tuple[float, float, float]
"""CIE Lab under D65."""
Odds: TypeAlias = Mapping[str, float]
"""How likely each kind is; together 1."""

GLASSES = ("none", "clear", "sun")
FRAMES = ("thin", "thick")
"""Of glasses: wire or no rim; a rim that is seen from afar."""
BEARDS = ("none", "stubble", "moustache", "goatee", "full")
LENGTHS = ("bald", "very short", "short", "medium", "long", "tied", "hidden")
"""Bald on top; shaved or cropped; to the ears; to the chin; to the shoulders or below; tied back;
under something worn."""
HEADWEAR = ("cap", "hat", "beanie", "headscarf", "turban")
"""With a peak; with a brim, and what else is stiff; close to the head, helmets too; over head and
neck; wound."""
MEASURES = (
    "face_width", "face_length", "jaw", "cheeks", "eye_size", "eye_roundness", "eye_tilt",
    "brow_thickness", "brow_arch", "brow_height", "nose_width", "nose_length", "mouth_width",
    "lip_fullness", "forehead", "wrinkles",
)  # fmt: skip
"""Proportions of the face; what each is, `generator.measures` says."""

_WORN = 0.6
"""Odds of none below which something is worn or grown: where few are, F1 is best at a threshold of
about half its own value (Lipton et al. 2014, "Thresholding classifiers to maximize F1 score")."""


@dataclass(frozen=True, slots=True)
class Traits:
    """A person's looks, from one photograph or several."""

    skin: Lab
    """Of the lit cheeks; part of the light's colour is taken out."""
    lips: Lab
    colour: Odds
    """How likely each name of a hair colour is."""
    hair: Lab
    """Of most of the hair; where there is none, of the brows."""
    brows: Lab
    eyes: Lab
    """Of the irises: a hint, for they are a few pixels wide."""
    jaw: Lab
    """Of chin and upper lip: a beard's, where there is one."""
    worn: Lab
    """Of what is above the forehead: of the headwear, where there is one."""
    glasses: Odds
    beard: Odds
    length: Odds
    headwear: Odds
    """What it is that hides the hair, if something does."""
    fringe: float
    """How likely hair hangs over the forehead, 0 to 1."""
    receding: float
    curly: float
    coiled: float
    """How likely its curls are tight coils, in short hair, where single ones are not seen."""
    thick: float
    """How likely the frame of the glasses is a heavy one, where some are worn."""
    age: float
    """Years that onlookers would guess from the face alone."""
    measures: Mapping[str, float]
    """`MEASURES` by name, in standard deviations from the mean of many people."""
    confidence: Mapping[str, float]
    """How far to trust skin, hair, eyes, glasses, beard, length and measures, 0 to 1."""
    photos: int = 1

    @property
    def colour_name(self) -> str:
        """The likeliest name of the hair's colour, such as `dark brown`."""
        return self.likeliest("colour")

    def likeliest(self, what: str) -> str:
        """The likeliest kind of `glasses`, `beard`, `length`, `colour` or `headwear`."""
        odds: Odds = getattr(self, what)
        if odds.get("none", 1.0) < _WORN:
            return max((kind for kind in odds if kind != "none"), key=lambda kind: odds[kind])
        return max(odds, key=lambda kind: odds[kind])

    def as_dict(self) -> dict[str, Any]:
        """Everything by name, of numbers and text, as JSON writes it."""
        return asdict(self)


def merged(several: Sequence[Traits]) -> Traits:
    """One person's traits from those of several photographs of them.

    Colours and measures are medians, so that one photograph in odd light does not count; kinds are
    voted on, each photograph with its odds.

    Args:
        several: At least one.
    """
    if len(several) == 1:
        return several[0]

    def colour(name: str) -> Lab:
        values = [getattr(each, name) for each in several]
        lightness, a, b = (median(each) for each in zip(*values, strict=True))
        return lightness, a, b

    def mean(values: Sequence[float]) -> float:
        return sum(values) / len(values)

    def by_name(name: str, how: Callable[[Sequence[float]], float]) -> dict[str, float]:
        keys = getattr(several[0], name)
        return {key: how([getattr(each, name)[key] for each in several]) for key in keys}

    return Traits(
        skin=colour("skin"),
        lips=colour("lips"),
        hair=colour("hair"),
        brows=colour("brows"),
        eyes=colour("eyes"),
        jaw=colour("jaw"),
        worn=colour("worn"),
        colour=by_name("colour", mean),
        glasses=by_name("glasses", mean),
        beard=by_name("beard", mean),
        length=by_name("length", mean),
        headwear=by_name("headwear", mean),
        fringe=mean([each.fringe for each in several]),
        receding=mean([each.receding for each in several]),
        curly=mean([each.curly for each in several]),
        coiled=mean([each.coiled for each in several]),
        thick=mean([each.thick for each in several]),
        age=median([each.age for each in several]),
        measures=by_name("measures", median),
        confidence=by_name("confidence", max),
        photos=sum(each.photos for each in several),
    )
