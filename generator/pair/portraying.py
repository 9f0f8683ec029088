"""From a person to their emoji set through a pair of networks.

There are four ways to a person:

- `encoder`: the latent that the encoder makes of the photograph.
- `photo`: from there, what draws the photograph best with the network of faces (w+).
- `traits`: what the encoder makes of the drawing of the looks that were read from the photograph,
  and from there what draws, with the network of emoji, that person's emotions best (w+). Attributes
  lead: what a blurred photograph does not say about a pair of glasses, the readers do.
- `tuned`: likewise, and the network of emoji then learns that person, around that latent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.artwork.people.person import Person
from generator.artwork.people.sets import ANCHORS, steps
from generator.blending import Switch
from generator.pair import couples, leading
from generator.pair.leading import LEAD, Lead
from generator.pair.pair import Pair
from generator.pictures import Picture
from generator.portrayal import in_thick_frames
from generator.projection import Recipe, project
from vcam_emoji.emoji_set import EmojiImage, EmojiSet
from vcam_emoji.errors import UsageError
from vcam_emoji.types import Emotion

Way: TypeAlias = Literal["encoder", "photo", "traits", "tuned"]
WAYS: tuple[Way, ...] = get_args(Way)

LARGEST = 512
"""Pixels that the sharpening network makes."""
_PAINT = 24
"""Grey levels from the ground."""
_ROOM = 5
"""Pixels of 64: the shape of a blend is the photograph's, half as far beyond the drawing's."""
_SEEN = 64
"""Alpha from which on parts hang together; what is fainter is an edge, or a stain."""
_EDGE = 7
"""Pixels: an edge reaches half as far out."""
SEARCH = Recipe(steps=80, space="w+", rate=0.05, shake=0.0)


class Sharpener(Protocol):
    """Whoever makes small pictures large."""

    def sharpen(self, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Heads on `couples.GROUND`, [n, 64, 64, 3] RGB, to cut out ones, [n, 512, 512, 4] RGBA."""
        ...


def introduced(
    pair: Pair,
    photo: Picture | None,
    person: Person,
    way: Way,
    search: Recipe = SEARCH,
    lead: Lead = LEAD,
) -> tuple[Pair, NDArray[np.float32]]:
    """Networks that draw a person, and the person's ws at rest, [num_ws, w_dim].

    Args:
        pair: Taught.
        photo: [n, n, 3] RGB, aligned as FFHQ is; None will do where traits lead.
        person: As the looks read from photographs are drawn; traits lead there.
        way: See above.
        search: How far `photo` is searched from the encoder's guess.
        lead: How far traits lead.
    """
    side = pair.configuration.resolution
    if way in ("encoder", "photo"):
        if photo is None:
            raise ValueError(f"the way {way} begins at a photograph")
        small = cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA).astype(np.uint8)
        ws: NDArray[np.float32] = pair.meet(small[None])[0]
        if way == "photo":
            ws = project(pair.faces, small, search, begin=ws).ws
        return pair, ws
    moods = [(emotion, step) for emotion in Emotion for step in steps(emotion)]
    # What is tuned learns a frame of wire, if it can be seen; to others it is less than a pixel.
    who = person if way == "tuned" else in_thick_frames(person)
    drawings = couples.drawn(who, side, moods)
    begin = pair.meet(drawings[moods.index((Emotion.NEUTRAL, 1.0))][None])[0]
    full = [number for number, (_, intensity) in enumerate(moods) if intensity == 1.0]
    ws = leading.searched(pair, drawings[full], [moods[each] for each in full], begin, lead)
    if way == "tuned":
        pair = leading.tuned(pair, drawings, moods, ws, lead)
    return pair, ws


def pictures(
    pair: Pair, ws: NDArray[np.float32], emotion: Emotion, intensities: tuple[float, ...]
) -> NDArray[np.uint8]:
    """A person in an emotion, [n, r, r, 3] on `couples.GROUND`, one for each intensity."""
    many = np.repeat(ws[None], len(intensities), axis=0)
    strength = np.array(intensities, np.float32)
    felt = pair.all_felt(many, [emotion] * len(intensities), strength)
    drawn = pair.emoji.draw(felt)
    return drawn if pair.alone is None else _on_ground(drawn, pair.alone.draw(felt))


def _on_ground(drawn: NDArray[np.uint8], outlines: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blends, with ground where drawings of the same people have ground.

    A network of faces draws what is behind people, too, and some of it stains a blend.

    Args:
        drawn: [n, r, r, 3].
        outlines: Likewise.
    """
    found = drawn.copy()
    for picture, outline in zip(found, outlines, strict=True):
        person = np.abs(outline.astype(int) - couples.GROUND).max(axis=2) >= _PAINT
        around = cv2.dilate(person.astype(np.uint8), np.ones((_ROOM, _ROOM), np.uint8))
        picture[around == 0] = couples.GROUND
    return found


def blends(pair: Pair, ws: NDArray[np.float32], chosen: Switch | None) -> list[tuple[str, Picture]]:
    """A person at rest by the network of faces and by three blends, with labels.

    Args:
        pair: Taught, and not tuned to anybody.
        ws: [num_ws, w_dim].
        chosen: The switch that draws, which lies in the middle if there are three about it.
    """
    resolutions, rest = pair.configuration.resolutions, ws[None]
    shown = [
        (f"from {switch.resolution}", pair.blended(switch).emoji.draw(rest)[0])
        for switch in (chosen or Switch(resolutions[0])).neighbours(resolutions)
    ]
    return [("by faces", pair.faces.draw(rest)[0]), *reversed(shown)]


def emoji_set(
    pair: Pair,
    sharpener: Sharpener,
    ws: NDArray[np.float32],
    name: str,
    size: int = LARGEST,
    drawing: Callable[[Emotion], None] = lambda _emotion: None,
) -> EmojiSet:
    """The set of a person: seven emotions, each in three intensities.

    Args:
        pair: Draws them.
        sharpener: Makes them large, and cuts them out.
        ws: [num_ws, w_dim], at rest.
        name: Of the set.
        size: Pixels, up to `LARGEST`.
        drawing: Is told before each picture what is drawn.

    Raises:
        UsageError: the size is larger.
    """
    if size > LARGEST:
        raise UsageError(
            f"The networks cannot draw {size} pixels.", f"--size {LARGEST} is the most."
        )
    images = {}
    for emotion in Emotion:
        strengths = steps(emotion)
        small = pictures(pair, ws, emotion, strengths)
        drawn = []
        for strength, picture in zip(strengths, small, strict=True):
            drawing(emotion)
            pixels = _head_alone(sharpener.sharpen(picture[None])[0])
            drawn.append((strength, EmojiImage(_bgra(pixels, size), ANCHORS)))
        images[emotion] = tuple(drawn)
    return EmojiSet(
        name=name,
        title=name,
        author="Drawn by vcam-emoji-generator",
        licence="GPL-2.0-or-later",
        provenance="Drawn by a StyleGAN2 that learnt from drawings, from a photograph's latent.",
        images=images,
    )


def _head_alone(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGBA without what hangs together with nothing in the middle.

    A ground that is not quite its colour, as far from the people who were learnt it may be, is
    taken for paint in places.
    """
    _, parts = cv2.connectedComponents((pixels[..., 3] >= _SEEN).astype(np.uint8), connectivity=4)
    part = parts[tuple(side // 2 for side in parts.shape)]
    if part == 0:  # then there is no telling what the head is
        return pixels
    head = cv2.dilate((parts == part).astype(np.uint8), np.ones((_EDGE, _EDGE), np.uint8))
    return np.where(head[..., None] > 0, pixels, np.uint8(0))


def _bgra(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Straight alpha, at a size; colours are averaged as much as they are seen."""
    if size < pixels.shape[0]:
        whole = pixels.astype(np.float32)
        whole[..., :3] *= whole[..., 3:] / 255
        whole = np.asarray(cv2.resize(whole, (size, size), interpolation=cv2.INTER_AREA))
        alpha = whole[..., 3:]
        colour = np.divide(
            whole[..., :3] * 255, alpha, out=np.zeros_like(whole[..., :3]), where=alpha > 0
        )
        pixels = np.rint(np.dstack([colour, alpha]).clip(0, 255)).astype(np.uint8)
    return np.ascontiguousarray(pixels[..., [2, 1, 0, 3]])
