"""The icons of the program and of its states in the tray, readable at 22 pixels."""

from __future__ import annotations

from generator.artwork import face
from generator.artwork.colour import WHITE, Colour
from generator.artwork.expressions import EXPRESSIONS, REST
from generator.artwork.palette import YELLOW, Skin
from generator.artwork.render import Renderer, render, resvg
from generator.artwork.svg import Drawing, capsule, ellipse, rounded
from vcam_emoji import png
from vcam_emoji.types import Emotion

_GREY = Skin(
    shine=Colour.hex("#f4f5f8"),
    light=Colour.hex("#d5d9e0"),
    middle=Colour.hex("#b9bfca"),
    shade=Colour.hex("#8f97a6"),
    edge=Colour.hex("#6b7382"),
    rim=Colour.hex("#e3e6ec"),
    line=Colour.hex("#3a414e"),
    top=Colour.hex("#d5d9e0"),
    haze=Colour.hex("#d5d9e0"),
    blush=Colour.hex("#b9bfca"),
    top_share=0.0,
)
_INK = Colour.hex("#2a2140")
_ALARM = Colour.hex("#e01b3c")

SIZES = {
    "vcam-emoji": 256,
    "tray-live": 64,
    "tray-paused": 64,
    "tray-hidden": 64,
    "tray-trouble": 64,
}
"""Every icon and its side in pixels."""


def draw(name: str) -> Drawing:
    """An icon by its name."""
    happy = EXPRESSIONS[Emotion.HAPPY]
    if name == "tray-paused":
        drawing = face.ball(_GREY)
        for x in (186, 326):
            drawing.shape(capsule((x, 168), (x, 332), 42), _INK)
            drawing.shape(capsule((x, 168), (x, 332), 32), WHITE)
        return drawing
    if name == "tray-hidden":
        drawing = face.draw(REST, YELLOW)
        drawing.shape(rounded((22, 152), 468, 146, 40), _INK)
        drawing.shape(rounded((44, 168), 424, 26, 13), WHITE, opacity=0.25)
        return drawing
    drawing = face.draw(happy, YELLOW)
    if name == "tray-trouble":
        drawing.shape(ellipse((376, 376), 134), WHITE)
        drawing.shape(ellipse((376, 376), 116), _ALARM)
        drawing.shape(capsule((376, 318), (376, 386), 21), WHITE)
        drawing.shape(ellipse((376, 442), 24), WHITE)
    return drawing


def encoded(name: str, renderer: Renderer = resvg) -> bytes:
    """An icon as a PNG."""
    return png.encode(render(draw(name), SIZES[name], renderer))
