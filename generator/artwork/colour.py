"""Colours that can be mixed."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, radians, sin


@dataclass(frozen=True, slots=True)
class Colour:
    """sRGB, each 0 to 255."""

    red: float
    green: float
    blue: float

    @classmethod
    def hex(cls, text: str) -> Colour:
        """A colour as style sheets write it, such as `#ffcc33`."""
        value = int(text.removeprefix("#"), 16)
        return cls(value >> 16, value >> 8 & 255, value & 255)

    def mixed(self, other: Colour, share: float) -> Colour:
        """Towards `other`: 0 is this colour, 1 the other."""
        return Colour(
            self.red + (other.red - self.red) * share,
            self.green + (other.green - self.green) * share,
            self.blue + (other.blue - self.blue) * share,
        )

    @classmethod
    def oklch(cls, lightness: float, chroma: float, hue: float) -> Colour:
        """A colour as it is seen, clipped to what a screen shows.

        Args:
            lightness: 0 (black) to 1 (white).
            chroma: 0 (grey) to about 0.3.
            hue: Degrees: 30 red, 60 orange, 110 yellow, 145 green, 250 blue, 330 purple.

        Source: Ottosson 2020, "A perceptual color space for image processing".
        """
        a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
        long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
        medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
        short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
        return cls(
            _encoded(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
            _encoded(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
            _encoded(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
        )

    def as_oklch(self) -> tuple[float, float, float]:
        """Lightness, chroma and hue in degrees: the inverse of `oklch`."""
        red, green, blue = (_decoded(value) for value in (self.red, self.green, self.blue))
        long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
        medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
        short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
        a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
        b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
        lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
        return lightness, hypot(a, b), degrees(atan2(b, a))

    def shifted(self, lightness: float = 0.0, chroma: float = 1.0, hue: float = 0.0) -> Colour:
        """Lighter by a share of the whole range, `chroma` times as colourful, turned in hue."""
        own = self.as_oklch()
        return Colour.oklch(min(1.0, max(0.0, own[0] + lightness)), own[1] * chroma, own[2] + hue)

    def __str__(self) -> str:
        return f"#{round(self.red):02x}{round(self.green):02x}{round(self.blue):02x}"


def _encoded(linear: float) -> float:
    linear = min(1.0, max(0.0, linear))
    share = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
    return 255 * share


def _decoded(value: float) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


WHITE = Colour(255, 255, 255)
BLACK = Colour(0, 0, 0)
