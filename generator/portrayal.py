"""The drawing that looks like a person: from traits that were read to traits that are drawn.

A caricaturist's order: what is seen first from afar (hair's outline and colour, beard, glasses,
skin) is drawn plainly or not at all, never half; proportions are drawn as far off the ordinary as
they are in the person, and noise is not.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from generator.artwork.people.person import Person
from generator.artwork.people.tones import skin_colour
from generator.cielab import ciede2000, lab, srgb
from generator.traits import Lab, Traits

_FULL_LASHES, _FEW_LASHES = 0.65, 0.15
_PLUCKED = 0.45
"""By how much brows are drawn thinner than they were read; chosen by looking at thirty people."""
_EYES = {
    "dark": "#3d2616",
    "brown": "#6b4423",
    "hazel": "#7d6a35",
    "green": "#5f8a5a",
    "blue": "#4f86b8",
    "grey": "#7f93a3",
}
_RECEDING = 0.3
"""Odds above which hair is drawn receding."""
_STEEL, _SILVER, _PLASTIC = "#5c5f68", "#8b8e95", "#2b2b30"
"""Of which frames are drawn: thin ones on pale skin, thin ones on dark skin, thick ones."""
_LIFT = 7.0
"""By how much L* of pale skin is drawn lighter than cheeks are in photographs: on a bright ground
and with colours as full as a drawing's, the very same colour looks tanned."""
_DRAWN_HEADWEAR = {
    "cap": "cap",
    "hat": "beanie",
    "beanie": "beanie",
    "headscarf": "headscarf",
    "turban": "turban",
}
"""No brim is drawn yet: a beanie leaves the face as free as a hat does."""
_COILED_BACK = 0.7
"""How high a forehead at least is drawn where coiled hair recedes: combed back it is not."""
_OFF = 2.2
"""Standard deviations from the mean that are drawn as the utmost."""


def person_of(traits: Traits) -> Person:
    """The person to draw."""
    tone, undertone = _skin(traits.skin)
    made_up = _made_up(traits)
    delicate = _delicate(traits, made_up)
    hair = _hair(traits, delicate)
    headwear = "none"
    if traits.length["hidden"] > 0.5:
        headwear = _DRAWN_HEADWEAR[traits.likeliest("headwear")]
    if headwear != "none":
        hair = "crew" if delicate < 0.5 else "shoulder"
    glasses, dark = _glasses(traits)
    m = traits.measures
    age = _age(traits)
    forehead = _drawn(m["forehead"])
    if hair == "coiled" and traits.receding > _RECEDING:
        forehead = max(forehead, _COILED_BACK)
    # A smile widens the mouth and thins the lips, so both count half.
    return Person(
        skin_tone=tone,
        undertone=undertone,
        face_width=_drawn(m["face_width"] - 0.5 * m["face_length"]),
        face_length=_drawn(m["face_length"]),
        jaw=_drawn(m["jaw"]),
        cheeks=_drawn(m["cheeks"]),
        forehead=forehead,
        hair=hair,
        hair_colour=_hex(traits.hair),
        headwear=headwear,
        headwear_colour=_hex(traits.worn),
        # Among long hair and lipstick brows are plucked, which is less than a photograph's pixel.
        brow_thickness=max(-1.0, _drawn(m["brow_thickness"]) - _PLUCKED * delicate),
        brow_arch=_drawn(m["brow_arch"]),
        brow_colour=_hex(_between(traits.hair, traits.brows, 0.5, darker=4.0)),
        eye_size=_drawn(m["eye_size"]),
        eye_roundness=_drawn(m["eye_roundness"]),
        eye_tilt=_drawn(m["eye_tilt"]),
        eye_colour=_eyes(traits),
        lashes=_FEW_LASHES + (_FULL_LASHES - _FEW_LASHES) * delicate,
        nose_width=_drawn(m["nose_width"]),
        nose_length=_drawn(m["nose_length"]),
        mouth_width=_drawn(0.5 * m["mouth_width"]),
        lip_fullness=_drawn(0.7 * m["lip_fullness"]),
        lipstick=made_up,
        lip_colour=_hex(traits.lips),
        beard=_beard(traits),
        beard_colour=_hex(_between(traits.hair, traits.jaw, 0.35, darker=3.0)),
        age=age,
        rosiness=float(np.clip((traits.skin[1] - 8) / 16, 0, 1)),
        glasses=glasses,
        glasses_colour=_PLASTIC if glasses != "oval" else _SILVER if tone > 0.6 else _STEEL,
        sunglasses=dark,
    )


def in_thick_frames(person: Person) -> Person:
    """The same person, for small pictures, in which a frame of wire is less than a pixel."""
    if person.glasses == "none" or person.sunglasses:
        return person
    return replace(person, glasses="rectangle", glasses_colour=_PLASTIC)


@cache
def _skins() -> tuple[NDArray[np.float64], list[tuple[float, float]]]:
    """Every skin that can be drawn, and its traits."""
    traits = [(t / 60, u / 4) for t in range(61) for u in range(-4, 5)]
    colours = [skin_colour(*each) for each in traits]
    values = np.array([(c.red, c.green, c.blue) for c in colours])
    return np.asarray(lab(values), np.float64), traits


def _skin(colour: Lab) -> tuple[float, float]:
    """Tone and undertone of the drawn skin that differs least; the ordinary one, if in doubt."""
    colours, traits = _skins()
    lightness, a, b = colour
    lifted = lightness + _LIFT * float(np.clip((lightness - 35) / 25, 0, 1))
    off = ciede2000(colours, np.array((lifted, a, b))) + 1.5 * np.abs(
        [under for _, under in traits]
    )
    return traits[int(off.argmin())]


def _hair(traits: Traits, delicate: float) -> str:
    """The style: by length first, then by what is striking about it."""
    odds = {kind: p for kind, p in traits.length.items() if kind != "hidden"}
    length = max(odds, key=lambda kind: odds[kind])
    curly, fringe, receding = traits.curly > 0.5, traits.fringe > 0.5, traits.receding > _RECEDING
    coiled = traits.coiled > 0.5
    if length == "bald":
        return "horseshoe" if _grey(traits) > 0.4 or receding else "bald"
    if length == "very short":
        if odds["bald"] > 0.3 and not receding:
            return "shaved"
        return "coiled" if coiled else "receding" if receding else "crew"
    if length == "short":
        if curly and not receding:
            return "curly_short"
        if coiled or receding:
            return "coiled" if coiled else "receding"
        # Nearly as likely medium: neither a cropped head nor a bob would be like that.
        if delicate > 0.6 or odds["medium"] > 0.7 * odds["short"]:
            return "pixie"
        if fringe:
            return "crop"
        return "slicked_back" if traits.measures["forehead"] > 0.9 else "side_part"
    if length == "medium":
        if curly:
            return "afro" if coiled else "curly_short"
        return "bob" if fringe else "layered"
    if length == "tied":
        return "bun"
    if curly:
        return "curly_long"
    if fringe:
        return "long_fringe"
    return "long_wavy" if traits.curly > 0.2 else "long_straight"


def _beard(traits: Traits) -> str:
    kind = traits.likeliest("beard")
    return "short" if kind == "full" else kind


def _glasses(traits: Traits) -> tuple[str, bool]:
    kind = traits.likeliest("glasses")
    if kind == "none":
        return "none", False
    if kind == "sun":
        return "aviator", True
    return ("rectangle" if traits.thick > 0.5 else "oval"), False


def _age(traits: Traits) -> float:
    """Years, from the face, grey hair and receding hair: a guess for the drawing alone."""
    # Faces tell ages from hair cut away; grey hair takes them half way to an old person's.
    years = traits.age + 0.5 * _grey(traits) * max(0.0, 68 - traits.age) + 4 * traits.receding
    # Guesses lie nearer to the middle than people, and a drawing's folds are faint until sixty.
    years += 0.5 * max(0.0, years - 42)
    return float(np.clip(years, 20, 80))


def _grey(traits: Traits) -> float:
    return traits.colour["grey"] + traits.colour["white"]


def _made_up(traits: Traits) -> float:
    """How opaque lipstick is: lips much redder than the skin around wear some."""
    redder = traits.lips[1] - traits.skin[1]
    if traits.likeliest("beard") != "none" or redder < 14:
        return 0.0
    return float(np.clip((redder - 10) / 14, 0.3, 0.9))


def _delicate(traits: Traits, made_up: float) -> float:
    """0 to 1, for lashes, rims, short styles: with long hair and lipstick, without a beard."""
    if traits.likeliest("beard") != "none":
        return 0.0
    long = traits.length["medium"] + traits.length["long"] + traits.length["tied"]
    thin = float(np.clip(0.4 - 0.4 * traits.measures["brow_thickness"], 0, 1))
    return float(np.clip(0.75 * long + 0.8 * made_up + 0.15 * thin, 0, 1))


def _eyes(traits: Traits) -> str:
    """A name's colour: irises of a few pixels tell light from dark, and blue from brown."""
    lightness, a, b = traits.eyes
    pale = lightness - 0.5 * traits.skin[0]
    dark_hair = traits.colour["black"] > 0.4
    if pale < 0 or dark_hair or (b > 8 and a > 4):
        return _EYES["dark" if lightness < 22 else "brown"]
    if b < 0:
        return _EYES["blue"]
    if b < 5:
        return _EYES["grey"]
    return _EYES["green" if a < 3 else "hazel"]


def _drawn(deviations: float) -> float:
    return float(np.clip(deviations / _OFF, -1, 1))


def _between(one: Lab, other: Lab, share: float, darker: float) -> Lab:
    lightness, a, b = (x + (y - x) * share for x, y in zip(one, other, strict=True))
    return max(8.0, lightness - darker), a, b


def _hex(colour: Lab) -> str:
    red, green, blue = (int(v) for v in srgb(np.array(colour)))
    return f"#{red:02x}{green:02x}{blue:02x}"


_LENGTHS = {
    "bald": ("bald", "horseshoe"),
    "very short": ("shaved", "crew", "coiled", "cornrows"),
    "medium": ("bob", "layered", "afro", "curly_short", "dreadlocks"),
    "long": ("shoulder", "long_straight", "long_wavy", "long_fringe", "curly_long", "braids"),
    "tied": ("ponytail", "bun"),
}
"""Of which length the drawn styles look; all others are short."""


def seen_in(person: Person, read: Traits) -> Traits:
    """The traits that a drawing shows, as `read` from photographs would tell them.

    From the named traits of the drawing, not from its pixels: kinds are certain.

    Args:
        person: Who is drawn.
        read: Where what drawings do not show is taken from: odds on hair's name, brows, lips.
    """
    style = next((k for k, styles in _LENGTHS.items() if person.hair in styles), "short")
    # Short curls are drawn alike for hair to the ears and to the chin, coils for that and shorter.
    alike = {"curly_short": "medium", "coiled": "very short"}.get(person.hair)
    if alike and read.length["short"] > read.length[alike]:
        style = "short"
    length = "hidden" if person.headwear != "none" else style
    skin = skin_colour(person.skin_tone, person.undertone)
    beard = "full" if person.beard == "short" else person.beard
    glasses = "sun" if person.sunglasses else "none" if person.glasses == "none" else "clear"
    shown = {
        name: float(getattr(person, name)) * _OFF for name in read.measures if hasattr(person, name)
    }
    shown["face_width"] += 0.5 * shown["face_length"]
    return replace(
        read,
        skin=_lab_of((skin.red, skin.green, skin.blue)),
        hair=_lab_of(_rgb(person.hair_colour)),
        glasses={kind: float(kind == glasses) for kind in read.glasses},
        beard={kind: float(kind == beard) for kind in read.beard},
        length={kind: float(kind == length) for kind in read.length},
        headwear={kind: float(kind == person.headwear) for kind in read.headwear},
        fringe=float(person.hair in ("crop", "long_fringe", "bob")),
        receding=float(person.hair in ("receding", "horseshoe")),
        curly=float(person.hair in ("curly_short", "curly_long", "afro")),
        coiled=float(person.hair in ("coiled", "afro")),
        thick=float(person.glasses not in ("none", "oval", "aviator")),
        measures={**read.measures, **shown},
    )


def _rgb(colour: str) -> tuple[int, int, int]:
    value = int(colour.removeprefix("#"), 16)
    return value >> 16, value >> 8 & 255, value & 255


def _lab_of(colour: tuple[float, float, float]) -> Lab:
    lightness, a, b = (float(v) for v in lab(np.array(colour)))
    return lightness, a, b
