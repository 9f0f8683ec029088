"""The skin of the classic set: yellow, and what each emotion makes of it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from generator.artwork.colour import Colour
from vcam_emoji.types import Emotion


@dataclass(frozen=True, slots=True)
class Skin:
    """A lit ball's colours, from where the light falls to where it does not."""

    shine: Colour
    light: Colour
    middle: Colour
    shade: Colour
    edge: Colour
    rim: Colour
    """Light from behind, along the lower right edge."""
    line: Colour
    """Of folds, lashes and lips: a dark of the same hue."""
    top: Colour
    """What tints the forehead."""
    top_share: float
    blush: Colour

    def towards(self, other: Skin, share: float) -> Skin:
        """A mixture: 0 is this skin, 1 the other."""
        mixed = {}
        for each in fields(self):
            ours, theirs = getattr(self, each.name), getattr(other, each.name)
            mixed[each.name] = (
                ours.mixed(theirs, share)
                if isinstance(ours, Colour)
                else ours + (theirs - ours) * share
            )
        return Skin(**mixed)


def _skin(colours: str, top_share: float = 0.0) -> Skin:
    shine, light, middle, shade, edge, rim, line, top, blush = map(Colour.hex, colours.split())
    return Skin(shine, light, middle, shade, edge, rim, line, top, top_share, blush)


YELLOW = _skin("#fff3a3 #ffdd57 #ffc52e #f79a1c #d96d0c #ffd873 #5a2a0e #ffdd57 #ff6f4d")

SKINS = {
    Emotion.ANGRY: _skin(
        "#ffc39a #ff8a5c #f4583a #d4301f #9c1a14 #ff9a6b #470d0c #d41e18 #d4301f", 0.55
    ),
    Emotion.DISGUST: _skin(
        "#eef6a0 #c3dc4e #94c23a #5f9427 #3c6b1c #c9e86b #26400f #7fb42f #5f9427", 0.15
    ),
    Emotion.FEAR: _skin(
        "#fdf6c4 #ffe27d #fbcd55 #e0a24a #a8743c #ffe6a0 #4a2a1e #6f8fe8 #f79a5c", 0.8
    ),
    Emotion.SAD: _skin(
        "#fff0b0 #ffd968 #f8bf45 #e3953a #b5692a #ffdf8e #52280f #7fa6e6 #f77a5c", 0.22
    ),
}


def skin(emotion: Emotion, tint: float) -> Skin:
    """The skin of an emotion, from 0 (yellow) to 1 (its own colour)."""
    return YELLOW.towards(SKINS.get(emotion, YELLOW), tint)
