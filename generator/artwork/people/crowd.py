"""People by number: traits drawn as they occur, and so that each can be learnt apart.

Skin, hair colour and texture, and age go together among people, but not strictly: every style
occurs with every skin, only more or less often. What fashion decides (glasses, earrings, headwear)
is independent of all else.
"""

from __future__ import annotations

from random import Random

from generator.artwork.colour import Colour
from generator.artwork.people.person import BEARDS, EARRINGS, GLASSES, HAIR, HEADWEAR, Person

_SHORT = {
    "bald": 1.0,
    "shaved": 2.0,
    "crew": 3.0,
    "crop": 3.0,
    "side_part": 4.0,
    "slicked_back": 2.0,
    "quiff": 3.0,
    "spiky": 2.0,
    "receding": 2.0,
    "horseshoe": 1.0,
    "undercut": 2.0,
    "mohawk": 0.8,
}
_LONG = {
    "pixie": 2.5,
    "braids": 2.0,
    "ponytail": 3.0,
    "bun": 3.0,
    "bob": 3.5,
    "shoulder": 3.5,
    "long_straight": 4.0,
    "long_wavy": 4.0,
    "long_fringe": 3.0,
    "curly_long": 3.0,
}
_FIRST = tuple(style for style in HAIR if style not in ("layered", "coiled"))
"""Styles that people were numbered with: another one must not make others of them all."""
_LAYERED = {"bob": 0.6, "shoulder": 0.35}
_COILED_CROPS = {"crew": 0.8, "shaved": 0.5, "crop": 0.6, "side_part": 0.6, "curly_short": 0.3}
"""Which share wears the style as what came later, at most."""
_COILED = {"curly_short": 2.2, "afro": 2.2, "cornrows": 1.6, "dreadlocks": 1.6}
_OLD = ("bald", "horseshoe", "receding", "slicked_back", "side_part", "bob", "pixie", "curly_short")


def person(seed: int) -> Person:
    """The person of that number, the same every time."""
    chance = Random(f"vcam_emoji person {seed}")
    tone = chance.betavariate(1.05, 1.25)
    age = 18 + 72 * chance.betavariate(1.3, 2.4)
    # A leaning in looks, not a gender: it moves odds, and everything stays possible.
    lean = chance.betavariate(0.5, 0.5)
    colour = _hair_colour(chance, tone, age)
    style = _later(seed, tone, _hair_style(chance, tone, age, lean))
    beard = _beard(chance, lean)
    natural = Colour.hex(colour)
    if natural.as_oklch()[1] > 0.14:
        natural = Colour.hex(_hair_colour(chance, tone, min(age, 50), dyed=0.0))
    made_up = max(0.0, 1.2 * (1 - lean) - 0.35)
    glasses = chance.choice(GLASSES[1:]) if chance.random() < 0.30 + 0.15 * (age > 50) else "none"
    return Person(
        skin_tone=tone,
        undertone=_normal(chance, 0.45),
        face_width=_normal(chance, 0.42),
        face_length=_normal(chance, 0.42),
        jaw=_normal(chance, 0.4, 0.35 * (2 * lean - 1)),
        cheeks=_normal(chance, 0.42),
        forehead=_normal(chance, 0.4),
        ear_size=_normal(chance, 0.4),
        hair=style,
        hair_colour=colour,
        headwear=chance.choice(HEADWEAR[1:]) if chance.random() < 0.12 else "none",
        headwear_colour=str(_cloth(chance)),
        brow_thickness=_normal(chance, 0.4, 0.25 * (2 * lean - 1)),
        brow_arch=_normal(chance, 0.45, -0.2 * (2 * lean - 1)),
        brow_colour=str(natural.shifted(chance.uniform(-0.09, -0.01))),
        eye_size=_normal(chance, 0.45),
        eye_roundness=_normal(chance, 0.45),
        eye_tilt=_normal(chance, 0.45),
        eye_fold=max(0.0, chance.uniform(-1.2, 1.0)),
        eye_colour=_eye_colour(chance, tone),
        lashes=min(1.0, max(0.0, chance.gauss(0.15 + 0.6 * (1 - lean), 0.2))),
        nose_width=_normal(chance, 0.42, 0.3 * (tone - 0.45)),
        nose_length=_normal(chance, 0.42),
        nose_bridge=_normal(chance, 0.45),
        mouth_width=_normal(chance, 0.42),
        lip_fullness=_normal(chance, 0.42, 0.45 * (tone - 0.45) + 0.2 * (1 - lean)),
        lipstick=chance.uniform(0.3, 1.0) if chance.random() < 0.6 * made_up else 0.0,
        lip_colour=str(
            Colour.oklch(
                chance.uniform(0.42, 0.62), chance.uniform(0.10, 0.19), chance.uniform(0, 32)
            )
        ),
        beard=beard,
        beard_colour=str(natural.shifted(chance.uniform(-0.03, 0.02), 1.05))
        if age < 45 or chance.random() < 0.5
        else str(natural.mixed(Colour(205, 205, 205), chance.uniform(0.2, 0.8))),
        age=age,
        freckles=chance.uniform(0.2, 1.0) if chance.random() < 0.22 * (1.15 - tone) + 0.02 else 0.0,
        rosiness=chance.betavariate(2, 3),
        glasses=glasses,
        glasses_colour=str(_frame(chance)),
        sunglasses=glasses != "none" and chance.random() < 0.14,
        earrings=chance.choice(EARRINGS[1:])
        if chance.random() < 0.12 + 0.4 * (1 - lean)
        else "none",
        earring_colour=chance.choice(("#e2b64c", "#c9ced6", "#d79a7a", "#3fa7a0", "#c2405c")),
    )


def _normal(chance: Random, spread: float, middle: float = 0.0) -> float:
    return min(1.0, max(-1.0, chance.gauss(middle, spread)))


def _weighted(chance: Random, odds: dict[str, float]) -> str:
    return chance.choices(list(odds), weights=list(odds.values()))[0]


def _hair_style(chance: Random, tone: float, age: float, lean: float) -> str:
    if chance.random() < 0.12:
        return chance.choice(_FIRST)
    odds = {name: weight * (0.12 + lean) for name, weight in _SHORT.items()}
    odds |= {name: weight * (0.10 + (1 - lean) * 0.9) for name, weight in _LONG.items()}
    odds |= {
        name: weight * (0.08 + 1.5 * max(0.0, tone - 0.35)) for name, weight in _COILED.items()
    }
    for name in _OLD:
        odds[name] *= 1 + 1.6 * max(0.0, (age - 45) / 45)
    for name in ("bald", "horseshoe", "receding"):
        odds[name] *= 0.3 + 2.2 * max(0.0, (age - 28) / 60)
    return _weighted(chance, odds)


def _later(seed: int, tone: float, style: str) -> str:
    """Styles that came later: some of those who would have another like it wear them.

    Of those with a bob, and of fewer with hair to the shoulders, some wear it layered; cropped
    hair is coiled, the oftener the darker the skin.
    """
    if Random(f"vcam_emoji layered {seed}").random() < _LAYERED.get(style, 0.0):
        return "layered"
    coiled = _COILED_CROPS.get(style, 0.0) * min(1.0, max(0.1, 2.5 * (tone - 0.35)))
    return "coiled" if Random(f"vcam_emoji coiled {seed}").random() < coiled else style


def _hair_colour(chance: Random, tone: float, age: float, dyed: float = 0.09) -> str:
    if chance.random() < dyed:
        hue = chance.choice((350.0, 12.0, 150.0, 200.0, 250.0, 285.0, 315.0))
        return str(Colour.oklch(chance.uniform(0.45, 0.72), chance.uniform(0.15, 0.2), hue))
    # How dark and how red, as the two pigments of hair are: pale skin goes with more of both.
    dark = chance.betavariate(1.6 + 3.2 * tone, 1.5)
    red = (chance.random() ** 3 if dark < 0.75 else 0.15 * chance.random()) * (1.1 - 0.9 * tone)
    lightness = 0.84 - 0.62 * dark**0.8
    natural = Colour.oklch(
        lightness,
        (0.035 + 0.06 * (1 - abs(2 * dark - 0.8))) * (1 + 0.75 * red),
        78 - 38 * red - 16 * dark,
    )
    grey = chance.gauss((age - 52) / 26, 0.3)
    grey = min(1.0, max(0.0, grey)) if age > 36 else 0.0
    silver = Colour.oklch(chance.uniform(0.62, 0.9), 0.006, 260)
    return str(natural.mixed(silver, grey))


def _eye_colour(chance: Random, tone: float) -> str:
    if chance.random() < max(0.06, 0.72 - 1.3 * tone):
        kind = chance.choice(("blue", "blue", "green", "grey", "hazel"))
        return str(
            {
                "blue": Colour.oklch(chance.uniform(0.48, 0.62), chance.uniform(0.07, 0.12), 245),
                "green": Colour.oklch(chance.uniform(0.48, 0.60), chance.uniform(0.06, 0.10), 140),
                "grey": Colour.oklch(chance.uniform(0.5, 0.62), 0.02, 240),
                "hazel": Colour.oklch(chance.uniform(0.46, 0.56), 0.085, 85),
            }[kind]
        )
    return str(Colour.oklch(chance.uniform(0.30, 0.48), chance.uniform(0.05, 0.085), 55))


def _beard(chance: Random, lean: float) -> str:
    if chance.random() > 0.62 * max(0.0, lean - 0.35) / 0.65 + 0.02:
        return "none"
    return chance.choice(BEARDS[1:])


def _cloth(chance: Random) -> Colour:
    return Colour.oklch(
        chance.uniform(0.35, 0.8), chance.uniform(0.02, 0.16), chance.uniform(0, 360)
    )


def _frame(chance: Random) -> Colour:
    if chance.random() < 0.5:
        return Colour.oklch(chance.uniform(0.2, 0.34), 0.01, 270)
    return Colour.oklch(
        chance.uniform(0.35, 0.7), chance.uniform(0.04, 0.17), chance.uniform(0, 360)
    )
