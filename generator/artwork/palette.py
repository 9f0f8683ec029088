"""The skin of the classic set: yellow, and what each emotion makes of it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

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
    haze: Colour
    """What that tint fades into, half way down the face."""
    blush: Colour
    top_share: float
    """How opaque the tint is, 0 to 1."""

    def towards(self, other: Skin, share: float) -> Skin:
        """A mixture: 0 is this skin, 1 the other."""
        mixed: dict[str, Any] = {}
        for each in fields(self):
            ours, theirs = getattr(self, each.name), getattr(other, each.name)
            mixed[each.name] = (
                ours.mixed(theirs, share)
                if isinstance(ours, Colour)
                else ours + (theirs - ours) * share
            )
        return Skin(**mixed)


def _skin(colours: str, top_share: float = 0.0) -> Skin:
    """A skin from its colours, in the order of the fields."""
    listed = map(Colour.hex, colours.split())
    shine, light, middle, shade, edge, rim, line, top, haze, blush = listed
    return Skin(shine, light, middle, shade, edge, rim, line, top, haze, blush, top_share)


YELLOW = _skin("#fff3a3 #ffdd57 #ffc52e #f79a1c #d96d0c #ffd873 #5a2a0e #ffdd57 #ffdd57 #ff6f4d")

SKINS = {
    Emotion.ANGRY: _skin(
        "#ffbf94 #ff7d52 #f4502f #d12b1b #951310 #ff9a6b #470d0c #c9150f #f4502f #d4301f", 0.42
    ),
    Emotion.DISGUST: _skin(
        "#eef6a0 #c3dc4e #94c23a #5f9427 #3c6b1c #c9e86b #26400f #7fb42f #94c23a #5f9427", 0.15
    ),
    Emotion.FEAR: _skin(
        "#fff6bd #ffe27a #ffcf4d #f0a23a #c9782c #ffe49a #452a2a #5f86f0 #e6ecff #f79a5c", 0.92
    ),
    Emotion.SAD: _skin(
        "#fff3b5 #ffe07a #fcc84a #ee9d35 #c4701f #ffe296 #55290f #fcc84a #fcc84a #f77a5c"
    ),
}


def skin(emotion: Emotion, tint: float) -> Skin:
    """The skin of an emotion, from 0 (yellow) to 1 (its own colour)."""
    own = SKINS.get(emotion, YELLOW)
    # The forehead's tint comes early and in its own colour: between yellow and blue lies mud.
    plain = replace(YELLOW, top=own.top, haze=own.haze)
    return replace(plain.towards(own, tint), top_share=own.top_share * min(1.0, 1.4 * tint))
