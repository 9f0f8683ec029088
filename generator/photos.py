"""Photographs from a person's disk, decoded with limits and turned as their camera says."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from vcam_emoji import types
from vcam_emoji.errors import PhotoError

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
_LARGEST = 500_000_000
"""Pixels; the largest cameras in phones take 200 million."""
_ENOUGH = 4096
"""Pixels of the longer side: more is not needed to find a face, and only takes memory."""
_HINT = "Give a JPEG, PNG or WebP file."
_UNKNOWN = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"), "a HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "an AVIF"),
}
"""What phones write and is not decoded here, by the brand that such a file begins with."""


def read(path: Path) -> types.Image:
    """A photograph, upright, BGR; one of more than 4096 pixels a side comes smaller.

    Raises:
        PhotoError: there is none, or it is none that can be read.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PhotoError(f"There is no photo {path}.", "Check the path.") from error
    except OSError as error:
        raise unreadable(path, error) from error
    if content[4:8] == b"ftyp" and content[8:12] in _UNKNOWN:
        raise PhotoError(
            f"{path} is {_UNKNOWN[content[8:12]]} photo, which cannot be read here.",
            "Export it as JPEG; iPhones do so when the photo is sent by mail.",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, on large pictures: they are welcome here
            return _decoded(content)
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise PhotoError(f"{path} is not a picture.", _HINT) from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise PhotoError(f"{path} is damaged.", "Copy it again, or take another.") from error


def unreadable(path: Path, error: OSError) -> PhotoError:
    """What is said of a photo, or a folder of them, that the disk does not give."""
    return PhotoError(
        f"{path} cannot be read: {error.strerror or error}.",
        "Give a JPEG, PNG or WebP file, or a folder of them, that you may read.",
    )


def _decoded(content: bytes) -> types.Image:
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, _LARGEST // 2
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
            # JPEG decodes to a half, a quarter or an eighth by itself.
            opened.draft("RGB", (_ENOUGH, _ENOUGH))
            turned = ImageOps.exif_transpose(opened)
            if max(turned.size) > _ENOUGH:
                turned.thumbnail((_ENOUGH, _ENOUGH), reducing_gap=2.0)
            if turned.mode in ("RGBA", "LA", "P", "PA"):
                clear = turned.convert("RGBA")
                paper = Image.new("RGBA", clear.size, (255, 255, 255, 255))
                turned = Image.alpha_composite(paper, clear)
            pixels = np.asarray(turned.convert("RGB"), np.uint8)
    finally:
        Image.MAX_IMAGE_PIXELS = before
    return np.ascontiguousarray(pixels[:, :, ::-1])
