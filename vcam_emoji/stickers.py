"""Emoji sets as stickers, in the form that each messenger takes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from vcam_emoji import files
from vcam_emoji.emoji_set import EmojiSet
from vcam_emoji.errors import EmojiSetError

Form = Literal["webp", "png"]


@dataclass(frozen=True, slots=True)
class Platform:
    """What a messenger demands of a sticker."""

    side: int | None
    """Width and height in pixels; None keeps the set's own."""
    form: Form
    most_bytes: int | None
    margin: int = 0
    """Pixels left free on each side."""
    icon_side: int | None = None
    """Of the picture that stands for the whole pack, a PNG; None where there is none."""
    icon_bytes: int | None = None


PLATFORMS = {
    "telegram": Platform(512, "webp", 512_000),
    "whatsapp": Platform(512, "webp", 100_000, margin=16, icon_side=96, icon_bytes=50_000),
    "discord": Platform(320, "png", 512_000),
    "slack": Platform(128, "png", 128_000),
    "png": Platform(None, "png", None),
}
"""As known in 2026, not looked up at run time. Limits that are given in KB are read as thousands of
bytes, the smaller reading."""


@dataclass(frozen=True, slots=True)
class Sticker:
    file: str
    bytes: int
    size: tuple[int, int]
    """Width and height in pixels."""


def export(emoji_set: EmojiSet, platform: str, folder: Path) -> list[Sticker]:
    """Write a sticker for each image of a set; what else is in the folder stays.

    Emotions at full intensity are called `happy.webp`, others `happy-0.5.webp`.

    Args:
        emoji_set: What to write.
        platform: One of `PLATFORMS`.
        folder: Made if it is not there.

    Raises:
        EmojiSetError: if a drawing cannot be made small enough, or the folder not be written.
    """
    wanted = PLATFORMS[platform]
    encoded = {
        f"{name}.{wanted.form}": _encoded(_placed(picture, wanted.side, wanted.margin), wanted)
        for name, picture in _pictures(emoji_set)
    }
    if wanted.icon_side is not None:
        happy = next(picture for name, picture in _pictures(emoji_set) if name == "happy")
        icon = Platform(wanted.icon_side, "png", wanted.icon_bytes)
        encoded["icon.png"] = _encoded(_placed(happy, wanted.icon_side, 0), icon)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in encoded.items():
            files.write(folder / name, content)
        return [_read_back(folder / name) for name in encoded]
    except OSError as error:
        raise EmojiSetError(
            f"{folder} cannot be written: {error.strerror or error}.",
            "Name another folder with --out.",
        ) from error


def _pictures(emoji_set: EmojiSet) -> Iterator[tuple[str, Image.Image]]:
    """Name and drawing (straight alpha), cut to the one box that holds every drawing of the set.

    One box for all, so that a smaller mouth does not make a larger head.
    """
    drawings = {
        emotion if intensity == 1.0 else f"{emotion}-{intensity:g}": image.pixels
        for emotion, images in emoji_set.images.items()
        for intensity, image in images
    }
    boxes = []
    for pixels in drawings.values():
        rows, columns = (np.flatnonzero(pixels[:, :, 3].any(axis=axis)) for axis in (1, 0))
        h, w = pixels.shape[:2]
        boxes.append((columns[0] / w, rows[0] / h, (columns[-1] + 1) / w, (rows[-1] + 1) / h))
    x0, y0 = np.min(boxes, axis=0)[:2]
    x1, y1 = np.max(boxes, axis=0)[2:]
    for name, pixels in drawings.items():
        h, w = pixels.shape[:2]
        part = pixels[round(y0 * h) : round(y1 * h), round(x0 * w) : round(x1 * w)]
        yield name, Image.fromarray(np.ascontiguousarray(part[:, :, [2, 1, 0, 3]]), "RGBA")


def _placed(picture: Image.Image, side: int | None, margin: int) -> Image.Image:
    """In the middle of a transparent square, as large as its margin allows."""
    if side is None:
        return picture
    room = side - 2 * margin
    scale = room / max(picture.size)
    width, height = (min(room, max(1, round(length * scale))) for length in picture.size)
    # Premultiplied while it is resampled, or the colour of what is transparent bleeds in.
    small = picture.convert("RGBa").resize((width, height), Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    square.paste(small.convert("RGBA"), ((side - width) // 2, (side - height) // 2))
    return square


def _encoded(picture: Image.Image, wanted: Platform) -> bytes:
    """The best that fits: lossless, then with fewer and fewer details."""
    smallest = 0
    for attempt in _webps(picture) if wanted.form == "webp" else _pngs(picture):
        if wanted.most_bytes is None or len(attempt) <= wanted.most_bytes:
            return attempt
        smallest = len(attempt)
    raise EmojiSetError(
        f"A drawing takes {smallest // 1000} KB, more than the {(wanted.most_bytes or 0) // 1000} "
        "KB that are allowed.",
        "Use a set with less grain in its drawings, or another --for.",
    )


def _webps(picture: Image.Image) -> Iterator[bytes]:
    yield _saved(picture, "WEBP", lossless=True, method=4)
    for quality in (95, 90, 85, 75, 60, 45, 30, 15):
        yield _saved(picture, "WEBP", quality=quality, method=4)


def _pngs(picture: Image.Image) -> Iterator[bytes]:
    yield _saved(picture, "PNG")
    yield _saved(picture, "PNG", optimize=True)
    for colours in (256, 128, 64, 32):
        few = picture.quantize(colours, method=Image.Quantize.FASTOCTREE)
        yield _saved(few, "PNG", optimize=True)


def _saved(picture: Image.Image, form: str, **how: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form, **how)
    return stream.getvalue()


def _read_back(path: Path) -> Sticker:
    """What really is on disk."""
    with Image.open(path) as picture:
        alpha = np.asarray(picture.convert("RGBA"))[:, :, 3]
        if alpha.min() == 255 or alpha.max() == 0:
            raise EmojiSetError(f"{path} was written, but shows no drawing on a clear ground.")
        return Sticker(path.name, path.stat().st_size, picture.size)
