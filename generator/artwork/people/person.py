"""Who is drawn: every trait of a person by name, with its bounds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, get_type_hints

from vcam_emoji.errors import UsageError

HAIR = (
    "bald", "shaved", "crew", "crop", "side_part", "slicked_back", "quiff", "spiky", "receding",
    "horseshoe", "undercut", "mohawk", "pixie", "curly_short", "curly_long", "afro", "cornrows",
    "dreadlocks", "braids", "ponytail", "bun", "bob", "shoulder", "long_straight", "long_wavy",
    "long_fringe", "layered", "coiled",
)  # fmt: skip
HEADWEAR = ("none", "cap", "beanie", "headband", "headscarf", "turban")
BEARDS = ("none", "stubble", "moustache", "goatee", "short", "full")
GLASSES = (
    "none", "round", "oval", "square", "rectangle", "cat_eye", "aviator", "browline", "wayfarer",
)  # fmt: skip
EARRINGS = ("none", "stud", "hoop", "drop")


def _number(low: float, high: float, default: float, about: str) -> Any:
    return field(default=default, metadata={"low": low, "high": high, "about": about})


def _choice(options: tuple[str, ...], default: str, about: str) -> Any:
    return field(default=default, metadata={"options": options, "about": about})


def _colour(default: str, about: str) -> Any:
    return field(default=default, metadata={"colour": True, "about": about})


def _yes(default: bool, about: str) -> Any:
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True, slots=True)
class Person:
    """A person's looks. Numbers that go from -1 to 1 are ordinary at 0.

    Raises:
        UsageError: where a trait is out of its bounds, naming it.
    """

    # Skin and the shape of the head.
    skin_tone: float = _number(0, 1, 0.3, "0 the palest skin, 1 the darkest")
    undertone: float = _number(-1, 1, 0.0, "-1 rosy, 0 even, 1 golden")
    face_width: float = _number(-1, 1, 0.0, "narrow to wide")
    face_length: float = _number(-1, 1, 0.0, "short to long, from the eyes to the chin")
    jaw: float = _number(-1, 1, 0.0, "pointed to square")
    cheeks: float = _number(-1, 1, 0.0, "lean to full")
    forehead: float = _number(-1, 1, 0.0, "a low to a high hairline")
    ear_size: float = _number(-1, 1, 0.0, "small to large")

    # Hair.
    hair: str = _choice(HAIR, "side_part", "the hair style")
    hair_colour: str = _colour("#4a2f1f", "of the hair on the head")
    headwear: str = _choice(HEADWEAR, "none", "what is worn over the hair")
    headwear_colour: str = _colour("#3b6fb5", "of what is worn")

    # Brows and eyes.
    brow_thickness: float = _number(-1, 1, 0.0, "thin to bushy")
    brow_arch: float = _number(-1, 1, 0.0, "straight to arched")
    brow_colour: str = _colour("#3e281b", "of the brows")
    eye_size: float = _number(-1, 1, 0.0, "small to large")
    eye_roundness: float = _number(-1, 1, 0.0, "narrow to round")
    eye_tilt: float = _number(-1, 1, 0.0, "outer corners low to high")
    eye_fold: float = _number(0, 1, 0.0, "0 a lid with a deep crease, 1 a lid without one")
    eye_colour: str = _colour("#6b4423", "of the irises")
    lashes: float = _number(0, 1, 0.2, "hardly seen to long")

    # Nose and mouth.
    nose_width: float = _number(-1, 1, 0.0, "narrow to broad")
    nose_length: float = _number(-1, 1, 0.0, "short to long")
    nose_bridge: float = _number(-1, 1, 0.0, "flat to high")
    mouth_width: float = _number(-1, 1, 0.0, "narrow to wide")
    lip_fullness: float = _number(-1, 1, 0.0, "thin to full")
    lipstick: float = _number(0, 1, 0.0, "none to opaque")
    lip_colour: str = _colour("#c2334d", "of the lipstick")

    # Beard.
    beard: str = _choice(BEARDS, "none", "the beard")
    beard_colour: str = _colour("#4a2f1f", "of the beard, its own")

    # Age.
    age: float = _number(18, 90, 30, "years; draws folds, lids and lips")
    freckles: float = _number(0, 1, 0.0, "none to many")
    rosiness: float = _number(0, 1, 0.35, "how red the cheeks are at rest")

    # What is worn.
    glasses: str = _choice(GLASSES, "none", "the frame")
    glasses_colour: str = _colour("#2b2b30", "of the frame")
    sunglasses: bool = _yes(False, "whether the lenses are dark")
    earrings: str = _choice(EARRINGS, "none", "at both ears")
    earring_colour: str = _colour("#e2b64c", "of the metal")

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, _checked(each.name, getattr(self, each.name)))
        if self.sunglasses and self.glasses == "none":
            raise UsageError(
                "The trait sunglasses needs a frame.",
                f"Give the trait glasses, one of: {', '.join(GLASSES[1:])}.",
            )

    @staticmethod
    def random(seed: int) -> Person:
        """The person of that number, the same every time."""
        from generator.artwork.people.crowd import person

        return person(seed)

    @classmethod
    def from_json(cls, text: str | bytes) -> Person:
        """A person from an object of traits; those that are not named stay ordinary.

        Raises:
            UsageError: for what is no such object, or names or bounds that are not a person's.
        """
        try:
            traits = json.loads(text)
        except ValueError as error:
            raise UsageError(
                "The person is not valid JSON.", 'Write an object: {"skin_tone": 0.4}'
            ) from error
        if not isinstance(traits, dict):
            raise UsageError("The person is no JSON object.", 'Write: {"skin_tone": 0.4}')
        unknown = sorted(set(traits) - set(TRAITS))
        if unknown:
            raise UsageError(
                f"A person has no trait {unknown[0]!r}.", f"There are: {', '.join(TRAITS)}."
            )
        return cls(**traits)

    def to_json(self) -> str:
        """All traits as a JSON object, which `from_json` reads."""
        return json.dumps(self.traits())

    def traits(self) -> dict[str, Any]:
        """All traits by name."""
        return asdict(self)


TRAITS: Mapping[str, Mapping[str, Any]] = {
    each.name: {**each.metadata, "default": each.default} for each in fields(Person)
}
"""What each trait may be: `low` and `high`, `options` or `colour`; its default; what it is."""
_TYPES = get_type_hints(Person)


def _checked(name: str, value: Any) -> Any:
    rule, kind = TRAITS[name], _TYPES[name]
    if kind is bool:
        if not isinstance(value, bool):
            raise _refused(name, value, "true or false")
        return value
    if kind is float:
        # A bool is an int to Python, and not a number is within no bounds.
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if not fits or not rule["low"] <= value <= rule["high"]:
            raise _refused(name, value, f"a number from {rule['low']} to {rule['high']}")
        return float(value)
    if "options" in rule:
        if value not in rule["options"]:
            raise _refused(name, value, f"one of: {', '.join(rule['options'])}")
        return value
    if not isinstance(value, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise _refused(name, value, "a colour such as #4a2f1f")
    return value.lower()


def _refused(name: str, value: Any, wanted: str) -> UsageError:
    return UsageError(f"The trait {name} cannot be {value!r}.", f"It is {wanted}.")


def varied(person: Person, said: Sequence[str]) -> Person:
    """The same person but for the traits that are said, each as `hair=bob`.

    Raises:
        UsageError: for what is no trait, or out of its bounds.
    """
    changes: dict[str, Any] = {}
    for each in said:
        name, equals, value = each.partition("=")
        if not equals or name not in TRAITS:
            raise UsageError(
                f"--trait cannot be {each!r}.", "See: vcam-emoji-generator artwork people traits"
            )
        changes[name] = _value(name, value)
    return Person.from_json(json.dumps({**person.traits(), **changes}))


def _value(name: str, text: str) -> Any:
    """What is written as words is a word; all else is what JSON makes of it."""
    if "options" in TRAITS[name] or "colour" in TRAITS[name]:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
