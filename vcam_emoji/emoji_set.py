"""The format of an emoji set, shared with the generator: what it holds, loading, saving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vcam_emoji.types import Emotion, Expression


@dataclass(frozen=True, slots=True)
class Anchors:
    """Where the features of a drawing are, as fractions of its width and height, from top left."""

    left_eye: tuple[float, float]
    right_eye: tuple[float, float]
    mouth: tuple[float, float]


@dataclass(frozen=True, slots=True)
class EmojiImage:
    pixels: NDArray[np.uint8]
    """[h, w, 4], BGR and straight (not premultiplied) alpha."""
    anchors: Anchors


@dataclass(frozen=True, slots=True)
class EmojiSet:
    name: str
    """How it is chosen: lower-case letters, digits, `-` and `_`."""
    title: str
    author: str
    licence: str
    provenance: str
    """How the pictures came about, in a sentence."""
    images: Mapping[Emotion, tuple[tuple[float, EmojiImage], ...]]
    """For every emotion its images by rising intensity, the last one 1.0."""
    warnings: tuple[str, ...] = ()
    """What was mended while loading, such as an emotion that falls back to neutral."""

    def image(self, expression: Expression) -> EmojiImage:
        """The image whose intensity is nearest."""
        images = self.images[expression.emotion]
        return min(images, key=lambda each: abs(each[0] - expression.intensity))[1]


def load(path: Path) -> EmojiSet:
    """Read a set from a folder or a zip.

    Raises:
        EmojiSetError: when it is malformed, with the one reason that a person can mend.
    """
    raise NotImplementedError(path)


def save(emoji_set: EmojiSet, path: Path) -> None:
    """Write a set as a folder, or a zip if `path` ends in `.zip`, whole or not at all."""
    raise NotImplementedError(path, emoji_set)
