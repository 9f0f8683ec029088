"""The format of an emoji set, shared with the generator: what it holds, loading, saving.

The format itself is described in `docs/emoji-sets.md`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from vcam_emoji import parcel, paths, png
from vcam_emoji.errors import EmojiSetError
from vcam_emoji.resources import asset
from vcam_emoji.types import Emotion, Expression

FORMAT = 1
MANIFEST = "set.json"
LARGEST_SIDE = 2048
"""Pixels."""
MOST_PIXELS = 24_000_000
"""Of all images together: 96 MB when decoded."""
_SMALLEST_SIDE = 16
_LARGEST_FILE = 16 << 20
_LARGEST_MANIFEST = 1 << 20
_LEAST_APART = 0.02
"""Features nearer to each other than this share of the drawing give no direction."""
_LEAST_SOLID = 0.05
"""A drawing with less opaque area than this hides nobody."""
_NAME = r"[a-z0-9][a-z0-9_-]{0,63}"


@dataclass(frozen=True, slots=True)
class Anchors:
    """Where the features of a drawing are, as fractions of its width and height, from top left."""

    left_eye: tuple[float, float]
    right_eye: tuple[float, float]
    mouth: tuple[float, float]


@dataclass(frozen=True, slots=True)
class EmojiImage:
    drawing: NDArray[np.uint8] | bytes
    """As `pixels`, or a PNG that was judged sound: a set takes a tenth of the memory so."""
    anchors: Anchors

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """[h, w, 4], BGR and straight (not premultiplied) alpha; a PNG is decoded each time."""
        return png.decode(self.drawing) if isinstance(self.drawing, bytes) else self.drawing


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


# What `set.json` says, as it is on disk.


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="forbid")


_Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1)]
_Side: TypeAlias = Annotated[int, Field(ge=_SMALLEST_SIDE, le=LARGEST_SIDE, strict=True)]


def _on_a_line(words: str) -> str:
    # Terminals take orders in control characters.
    if any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in words):
        raise ValueError("must be one line without control characters")
    return words


_Words: TypeAlias = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_on_a_line)]
_EmotionName: TypeAlias = Annotated[str, Field(max_length=64)]


class _StoredAnchors(_Stored):
    left_eye: tuple[_Fraction, _Fraction]
    right_eye: tuple[_Fraction, _Fraction]
    mouth: tuple[_Fraction, _Fraction]


class _StoredImage(_Stored):
    file: str = Field(min_length=1, max_length=100)
    intensity: float = Field(1.0, gt=0, le=1)
    anchors: _StoredAnchors


class _Version(_Stored, extra="ignore"):
    format: int = Field(strict=True)


class _Manifest(_Version, extra="ignore"):
    name: str = Field(pattern=f"^{_NAME}$")
    title: _Words
    author: _Words
    licence: _Words
    provenance: _Words
    size: tuple[_Side, _Side]
    emotions: Annotated[
        dict[_EmotionName, Annotated[list[_StoredImage], Field(min_length=1, max_length=16)]],
        Field(max_length=32),
    ]


def load(path: Path) -> EmojiSet:
    """Read a set from a folder or a zip.

    Raises:
        EmojiSetError: when it is malformed, with the one reason that a person can mend.
    """
    return _unpacked(_read(path))


def save(emoji_set: EmojiSet, path: Path) -> None:
    """Write a set as a folder, or a zip if `path` ends in `.zip`, whole or not at all.

    What is at `path` is replaced.

    Raises:
        EmojiSetError: when it cannot be written, or is not a set that `load` would take.
    """
    files = _packed(emoji_set)
    _unpacked(files)
    _write(files, path)


def available() -> list[str]:
    """The names of all sets: the person's own and the shipped ones. None is opened for it."""
    return sorted({name for shelf in _shelves() for name in _on(shelf)})


def find(name: str) -> Path:
    """Where the set of that name is; the person's own goes before a shipped one.

    Raises:
        EmojiSetError: if there is none.
    """
    for shelf in _shelves():
        if name in (sets := _on(shelf)):
            return sets[name]
    raise EmojiSetError(
        f"There is no emoji set called {name!r}.", f"There are: {', '.join(available()) or 'none'}."
    )


def add(path: Path, *, replaces: bool = False) -> str:
    """Take a set into the person's own, as it is on disk, and return its name.

    What was kept of whom an earlier set of that name shows is deleted: this one shows another.

    Args:
        path: The folder or zip.
        replaces: Whether it may take the place of an own set of the same name.

    Raises:
        EmojiSetError: if it is malformed, cannot be written, or the name is taken.
    """
    files = _read(path)
    name = _unpacked(files).name
    own = _on(paths.emoji_sets())
    if name in own and not replaces:
        raise EmojiSetError(
            f"You have an emoji set called {name!r} already.",
            f"Remove it first: vcam-emoji sets remove {name}",
        )
    target = paths.emoji_sets() / name
    _write(files, target)
    if name in own and own[name] != target:
        _delete(own[name])
    _forget(name)
    return name


def remove(name: str) -> None:
    """Delete one of the person's own sets, and what is kept of whom it shows.

    That is deleted as well where the set itself is gone, or was never finished.

    Raises:
        EmojiSetError: if it is not there, is a shipped one, or cannot be deleted.
    """
    own = _on(paths.emoji_sets())
    if name in own:
        _delete(own[name])
        _forget(name)
        return
    if name not in available() and re.fullmatch(_NAME, name) and _forget(name):
        return
    find(name)
    raise EmojiSetError(
        f"The emoji set {name!r} is part of the program and stays.",
        "Only sets that you added can be removed.",
    )


def _forget(name: str) -> bool:
    """Delete what the generator keeps of whom a set shows; whether there was anything.

    Raises:
        EmojiSetError: if that is not possible.
    """
    # No name of a set has a dot, so that these are no other set's.
    kept = list(paths.people().glob(f"{name}.*"))
    for each in kept:
        try:
            each.unlink(missing_ok=True)
        except OSError as error:
            raise EmojiSetError(
                f"{each} cannot be removed: {error.strerror or error}.", "May you write there?"
            ) from error
    return bool(kept)


def _shelves() -> tuple[Path, Path]:
    return paths.emoji_sets(), asset("emoji")


def _on(shelf: Path) -> dict[str, Path]:
    """The sets in a folder by name. Hidden ones are half written or half deleted."""
    try:
        entries = sorted(shelf.iterdir())
    except OSError:
        return {}
    sets = {}
    for entry in entries:
        if (entry / MANIFEST).is_file():
            sets[entry.name] = entry
        elif entry.suffix == ".zip" and entry.is_file():
            sets.setdefault(entry.stem, entry)
    return {name: entry for name, entry in sets.items() if re.fullmatch(_NAME, name)}


def _write(files: Mapping[str, bytes], path: Path) -> None:
    try:
        parcel.write(files, path)
    except OSError as error:
        raise EmojiSetError(
            f"The emoji set cannot be written to {path}: {error.strerror or error}.",
            "Is there room, and may you write there?",
        ) from error


def _delete(path: Path) -> None:
    try:
        parcel.delete(path)
    except OSError as error:
        raise EmojiSetError(
            f"{path} cannot be removed: {error.strerror or error}.", "May you write there?"
        ) from error


# Files into a set, and back.

_Files: TypeAlias = dict[str, bytes]
"""The manifest and every image that it names, by file name."""


def _read(path: Path) -> _Files:
    """The files of a set as they are on disk; the manifest is valid, the images are unseen."""
    hint = "An emoji set is a folder or a zip with set.json and its PNG images."
    try:
        with parcel.opened(path, MANIFEST, _LARGEST_FILE) as read:
            files = {MANIFEST: read(MANIFEST)}
            for image in _images(_manifest(files[MANIFEST])):
                if image.file not in files:
                    files[image.file] = read(image.file)
            return files
    except parcel.ParcelError as error:
        raise EmojiSetError(str(error), hint) from error


def _manifest(encoded: bytes) -> _Manifest:
    if len(encoded) > _LARGEST_MANIFEST:
        raise EmojiSetError(f"{MANIFEST} is larger than 1 MB.", "Is it really a manifest?")
    try:
        version = _Version.model_validate_json(encoded).format
        if version != FORMAT:
            raise EmojiSetError(
                f"The emoji set is of format {version}, known is {FORMAT}.",
                "A newer vcam_emoji may know it." if version > FORMAT else "Make it anew.",
            )
        manifest = _Manifest.model_validate_json(encoded)
    except ValidationError as error:
        raise EmojiSetError(
            f"{MANIFEST} is not valid: {_first(error)}.", "See docs/emoji-sets.md for an example."
        ) from error
    if Emotion.NEUTRAL not in manifest.emotions:
        raise EmojiSetError(
            "The emoji set has no neutral image.", "It is the one that no set can do without."
        )
    total = manifest.size[0] * manifest.size[1] * len({each.file for each in _images(manifest)})
    if total > MOST_PIXELS:
        raise EmojiSetError(
            f"The images have {total / 1e6:.0f} million pixels, {MOST_PIXELS / 1e6:.0f} may be.",
            "512 x 512 is sharp enough for any call.",
        )
    return manifest


def _first(error: ValidationError) -> str:
    """The first thing wrong, in a line."""
    what = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in what["loc"])
    said = what["msg"][:1].lower() + what["msg"][1:]
    line = " ".join(f"{where}: {said}".removeprefix(": ").split())[:300].rstrip(".")
    return "".join(each if each.isprintable() else "?" for each in line)


def _images(manifest: _Manifest) -> Iterator[_StoredImage]:
    """The images of known emotions, neutral first."""
    for emotion in sorted(Emotion, key=lambda each: each is not Emotion.NEUTRAL):
        yield from manifest.emotions.get(emotion, ())


def _unpacked(files: Mapping[str, bytes]) -> EmojiSet:
    manifest = _manifest(files[MANIFEST])
    warnings = [
        f"{each!r} is no emotion and is left out."
        for each in manifest.emotions
        if each not in set(Emotion)
    ]
    seen: set[str] = set()
    for image in _images(manifest):
        if image.file in seen:
            continue
        seen.add(image.file)
        try:
            opaque = _judged(files[image.file], manifest.size)
        except ValueError as error:
            raise EmojiSetError(
                f"{image.file} {error}.", "Every image is a PNG with transparency around the head."
            ) from error
        if opaque:
            warnings.append(f"{image.file} has no transparency and will show as a rectangle.")
    images: dict[Emotion, tuple[tuple[float, EmojiImage], ...]] = {}
    for emotion in sorted(Emotion, key=lambda each: each is not Emotion.NEUTRAL):
        stored = manifest.emotions.get(emotion)
        if stored is None:
            images[emotion] = images[Emotion.NEUTRAL]
            warnings.append(f"The set has no {emotion} image and shows neutral instead.")
        else:
            images[emotion] = _steps(emotion, stored, files)
    return EmojiSet(
        manifest.name,
        manifest.title,
        manifest.author,
        manifest.licence,
        manifest.provenance,
        {emotion: images[emotion] for emotion in Emotion},
        tuple(warnings),
    )


def _judged(encoded: bytes, size: tuple[int, int]) -> bool:
    """Whether a picture that can be taken knows no transparency.

    Raises:
        ValueError: why not, in a few words without a subject.
    """
    header = png.header(encoded)
    if (header.width, header.height) != size:
        raise ValueError(
            f"is {header.width} x {header.height} pixels, {MANIFEST} says {size[0]} x {size[1]}"
        )
    pixels = png.decode(encoded)
    if pixels.shape != (size[1], size[0], 4):
        raise ValueError("is a damaged PNG")
    if np.count_nonzero(pixels[..., 3] >= 128) < _LEAST_SOLID * pixels[..., 3].size:
        raise ValueError("is all but empty and would hide nobody")
    return not header.alpha


def _steps(
    emotion: Emotion, stored: list[_StoredImage], files: Mapping[str, bytes]
) -> tuple[tuple[float, EmojiImage], ...]:
    """An emotion's images by rising intensity."""
    steps = {
        each.intensity: EmojiImage(files[each.file], _anchors(each))
        for each in sorted(stored, key=lambda each: each.intensity)
    }
    if len(steps) != len(stored):
        raise EmojiSetError(
            f"Two {emotion} images have the same intensity.", "Give each its own, up to 1."
        )
    if 1.0 not in steps:
        raise EmojiSetError(
            f"No {emotion} image has intensity 1.", "The strongest one of each emotion has it."
        )
    return tuple(steps.items())


def _anchors(image: _StoredImage) -> Anchors:
    anchors = image.anchors
    (lx, ly), (rx, ry), (mx, my) = anchors.left_eye, anchors.right_eye, anchors.mouth
    if rx - lx < _LEAST_APART:
        raise EmojiSetError(
            f"The anchors of {image.file} do not have the left eye left of the right one.",
            "Left and right are the picture's, not the person's.",
        )
    if my - (ly + ry) / 2 < _LEAST_APART:
        raise EmojiSetError(
            f"The anchors of {image.file} do not have the mouth below the eyes.",
            "They are fractions of width and height, counted from the top left corner.",
        )
    return Anchors((lx, ly), (rx, ry), (mx, my))


def _packed(emoji_set: EmojiSet) -> _Files:
    """The files of a set. Emotions that share neutral's images share its files, too."""
    names: dict[int, str] = {}
    files: _Files = {}
    emotions: dict[str, list[dict[str, Any]]] = {}
    neutral = emoji_set.images[Emotion.NEUTRAL]
    for emotion in sorted(Emotion, key=lambda each: each is not Emotion.NEUTRAL):
        images = emoji_set.images[emotion]
        if images is neutral and emotion is not Emotion.NEUTRAL:
            continue
        emotions[emotion] = []
        for intensity, image in images:
            if id(image) not in names:
                step = "" if intensity == 1 else f"-{intensity}"
                names[id(image)] = f"{emotion}{step}.png"
                drawing = image.drawing
                packed = drawing if isinstance(drawing, bytes) else png.encode(drawing)
                files[names[id(image)]] = packed
            emotions[emotion].append(_described(names[id(image)], intensity, image.anchors))
    height, width = neutral[-1][1].pixels.shape[:2]
    manifest = {
        "format": FORMAT,
        "name": emoji_set.name,
        "title": emoji_set.title,
        "author": emoji_set.author,
        "licence": emoji_set.licence,
        "provenance": emoji_set.provenance,
        "size": [width, height],
        "emotions": {emotion: emotions[emotion] for emotion in Emotion if emotion in emotions},
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    return {MANIFEST: text.encode(), **dict(sorted(files.items()))}


def _described(file: str, intensity: float, anchors: Anchors) -> dict[str, Any]:
    points = {"left_eye": anchors.left_eye, "right_eye": anchors.right_eye, "mouth": anchors.mouth}
    return {
        "file": file,
        "intensity": intensity,
        "anchors": {name: [round(x, 4) for x in point] for name, point in points.items()},
    }
