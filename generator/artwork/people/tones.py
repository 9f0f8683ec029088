"""Lit colours: from one colour, those of a soft ball of it in the light."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from generator.artwork.colour import WHITE, Colour
from generator.artwork.people.person import Person


@dataclass(frozen=True, slots=True)
class Tones:
    """From where the light falls to where it does not."""

    shine: Colour
    light: Colour
    base: Colour
    shade: Colour
    deep: Colour
    line: Colour
    """Of folds and gaps: a dark of the same hue."""
    rim: Colour
    """Light from behind, along the lower right edge."""


_SKIN = (
    (0.00, 0.925, 0.028, 55.0),
    (0.15, 0.885, 0.047, 58.0),
    (0.30, 0.835, 0.064, 60.0),
    (0.45, 0.755, 0.078, 61.0),
    (0.60, 0.655, 0.085, 58.0),
    (0.75, 0.545, 0.079, 53.0),
    (0.90, 0.440, 0.063, 48.0),
    (1.00, 0.375, 0.048, 44.0),
)
"""Skin tone, then lightness, chroma and hue of its middle. The ends are a little nearer to the
middle than people's are: white eyes and dark brows must still stand out from them."""


def skin_colour(tone: float, undertone: float) -> Colour:
    """The middle colour of skin; the traits of those names."""
    for (t0, *low), (t1, *high) in pairwise(_SKIN):
        if tone <= t1:
            u = (tone - t0) / (t1 - t0)
            lightness, chroma, hue = (a + (b - a) * u for a, b in zip(low, high, strict=True))
            break
    return Colour.oklch(lightness, chroma * (1 + 0.07 * undertone), hue + 10.5 * undertone)


def skin_tones(person: Person) -> Tones:
    """Skin in the light: shadows turn red, as light does that went through skin."""
    base = skin_colour(person.skin_tone, person.undertone)
    dark = person.skin_tone
    return Tones(
        shine=base.shifted(0.10 + 0.07 * dark, 0.75, 4),
        light=base.shifted(0.045 + 0.02 * dark, 0.95, 3),
        base=base,
        shade=base.shifted(-0.070 + 0.012 * dark, 1.35, -9),
        deep=base.shifted(-0.150 + 0.045 * dark, 1.5, -14),
        line=base.shifted(-0.36 + 0.17 * dark, 1.15, -18),
        rim=base.shifted(0.07 + 0.05 * dark, 1.05, 8),
    )


def hair_tones(colour: str) -> Tones:
    """Hair in the light: glossy, and never quite black."""
    base = Colour.hex(colour)
    lightness = base.as_oklch()[0]
    if lightness < 0.24:
        base = base.shifted(0.24 - lightness)
        lightness = 0.24
    pale = lightness
    return Tones(
        shine=base.shifted(0.20 - 0.07 * pale, 0.9, 4),
        light=base.shifted(0.095 - 0.02 * pale, 1.0, 2),
        base=base,
        shade=base.shifted(-0.055 - 0.03 * pale, 1.1, -4),
        deep=base.shifted(-0.09 - 0.09 * pale, 1.15, -8),
        line=base.shifted(-0.13 - 0.16 * pale, 1.1, -10),
        rim=base.shifted(0.15, 0.9, 4),
    )


def cloth_tones(colour: str) -> Tones:
    """Cloth or plastic in the light."""
    base = Colour.hex(colour)
    lightness = base.as_oklch()[0]
    if lightness < 0.26:
        base = base.shifted(0.26 - lightness)
    return Tones(
        shine=base.shifted(0.13, 0.9),
        light=base.shifted(0.06),
        base=base,
        shade=base.shifted(-0.08, 1.08, -3),
        deep=base.shifted(-0.16, 1.1, -6),
        line=base.shifted(-0.26, 1.0, -8),
        rim=base.mixed(WHITE, 0.45),
    )
