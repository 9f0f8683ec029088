"""Colours that can be mixed."""

from __future__ import annotations

from dataclasses import dataclass


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

    def __str__(self) -> str:
        return f"#{round(self.red):02x}{round(self.green):02x}{round(self.blue):02x}"


WHITE = Colour(255, 255, 255)
BLACK = Colour(0, 0, 0)
