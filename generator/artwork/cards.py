"""The still pictures that are shown instead of the camera: a head, a word, a calm ground."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2

from generator.artwork import face
from generator.artwork.colour import BLACK, WHITE, Colour
from generator.artwork.expressions import EXPRESSIONS, REST, Expression
from generator.artwork.palette import YELLOW, Skin, skin
from generator.artwork.render import Renderer, render, resvg, thrifty
from generator.artwork.svg import Drawing, capsule, ellipse, rounded
from vcam_emoji.types import Emotion

WIDTH, HEIGHT = 1280, 720
_FONT = "URW Gothic, Nunito, DejaVu Sans, sans-serif"
_HEAD = 316.0
"""Its size on the card."""

_ASLEEP = replace(
    REST, upper_lid=0.96, lower_lid=0.02, lid_bow=-26, brow_inner=2, brow_outer=-6, brow_arch=18,
    mouth_width=44, mouth_lift=12, blush=0.8,
)  # fmt: skip
_WAKING = replace(
    REST, brow_inner=14, brow_outer=10, brow_arch=20, mouth_width=70, mouth_lift=22, upper_lid=0.06,
    gaze_y=-9, gaze_x=9, blush=0.8,
)  # fmt: skip
_SEEKING = replace(
    REST, brow_inner=26, brow_outer=0, brow_arch=8, upper_lid=0.06, gaze_x=-19, gaze_y=3,
    mouth_width=34, mouth_lift=-9, blush=0.4, brow_tilt=6,
)  # fmt: skip
_PEEKING = replace(
    REST, brow_inner=24, brow_outer=20, brow_arch=22, upper_lid=0.02, gaze_y=6, blush=0.8,
)  # fmt: skip
_SORRY = replace(
    EXPRESSIONS[Emotion.FEAR], eye_size=1.04, iris=0.92, pupil=0.9, sweat=1, tint=0,
    clench=0.9, mouth_width=62, upper_lip=14, lower_lip=16, mouth_lift=-8,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Card:
    words: str
    expression: Expression
    skin: Skin
    ground: Colour


_CARDS = {
    "starting": _Card("Starting…", _WAKING, YELLOW, Colour.hex("#4350b8")),
    "paused": _Card("Camera paused", _ASLEEP, YELLOW, Colour.hex("#2c375f")),
    "no-camera": _Card("No camera right now", _SEEKING, YELLOW, Colour.hex("#27707f")),
    "hidden": _Card("Just a moment", _PEEKING, YELLOW, Colour.hex("#6a49ab")),
    "trouble": _Card(
        "Something went wrong — picture hidden",
        _SORRY,
        skin(Emotion.FEAR, 0.35),
        Colour.hex("#93465f"),
    ),
}
"""By the names of the files."""

NAMES = tuple(_CARDS)


def draw(name: str) -> Drawing:
    """A card by its name."""
    card = _CARDS[name]
    drawing = Drawing(WIDTH, HEIGHT)
    drawing.shape(rounded((0, 0), WIDTH, HEIGHT, 0), card.ground)
    # Flat discs: a gradient over the whole width shows bands in a compressed call.
    for x, y, r in ((640, 310, 262), (640, 310, 214)):
        drawing.shape(ellipse((x, y), r), WHITE, opacity=0.07)
    if name == "hidden":
        _peek(drawing, card)
    else:
        drawing.place(face.draw(card.expression, card.skin), (640, 312), _HEAD / face.SIDE)
    if name == "paused":
        _sleep(drawing)
    size = 66 if len(card.words) < 24 else 50
    drawing.write(card.words, (640, 622), size, WHITE, _FONT)
    return drawing


def _sleep(drawing: Drawing) -> None:
    for x, y, size in ((806, 214, 40), (846, 166, 54), (898, 108, 70)):
        drawing.write("z", (x, y), size, Colour.hex("#c9d4ff"), _FONT)


def _peek(drawing: Drawing, card: _Card) -> None:
    """The head looks over a wall and holds on to it."""
    wall = 372.0
    drawing.place(face.draw(card.expression, card.skin), (640, 352), _HEAD / face.SIDE)
    below = card.ground.mixed(BLACK, 0.16)
    drawing.shape(rounded((0, wall), WIDTH, HEIGHT - wall, 0), below)
    drawing.shape(rounded((0, wall), WIDTH, 6, 0), WHITE, opacity=0.35)
    for side in (-1, 1):
        for i in range(4):
            x = 640 + side * (196 + i * 27)
            length = (44, 52, 50, 42)[i]
            top = wall - 16
            drawing.shape(
                capsule((x, top + 6), (x, top + length + 2), 12.5), BLACK, opacity=0.3, blur=4
            )
            fill = drawing.linear(
                (x - 12, top),
                (x + 12, top + length),
                [(0.0, card.skin.light), (0.5, card.skin.middle), (1.0, card.skin.shade)],
            )
            drawing.shape(capsule((x, top), (x, top + length - 12), 12.5), fill)


def encoded(name: str, renderer: Renderer = resvg) -> bytes:
    """A card as a PNG."""
    pixels = thrifty(render(draw(name), WIDTH, renderer), step=3)
    _, png = cv2.imencode(".png", pixels[..., :3], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return png.tobytes()
