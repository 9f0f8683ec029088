"""The format of an emoji set, shared with the generator: what it holds, finding, loading, saving.

A set is a folder or a zip with `set.json` and RGBA PNGs beside it; `docs/emoji-sets.md` is its
specification. Sets come from strangers: they are read as data, within limits, and whatever is
malformed is refused with one sentence.
"""

from __future__ import annotations

import json
import re
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji import paths
from vcam_emoji.errors import EmojiSetError
from vcam_emoji.resources import asset
from vcam_emoji.types import Emotion, Expression

FORMAT = 1
"""The version of the format that is written; older ones are read."""
LARGEST_SIDE = 2048
"""Pixels of an image's width or height."""
SMALLEST_SIDE = 16
LARGEST_FILE = 16 * 1024 * 1024
"""Bytes of one image as stored."""
LARGEST_SET = 128 * 1024 * 1024
"""Bytes of a whole set, unpacked."""
MOST_FILES = 128

_MANIFEST = "set.json"
_LARGEST_MANIFEST = 256 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}(/[A-Za-z0-9][A-Za-z0-9._-]{0,127})?")


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


# Where sets are.


def available() -> list[str]:
    """The names of the person's own sets and the shipped ones, sorted."""
    folders = (paths.emoji_sets(), asset("emoji"))
    names = {each.stem for folder in folders if folder.is_dir() for each in folder.iterdir()}
    return sorted(name for name in names if _NAME.fullmatch(name) and _look_up(name) is not None)


def find(name: str) -> Path:
    """Where the set of that name is; a person's own set wins over a shipped one.

    Raises:
        EmojiSetError: if there is none.
    """
    found = _look_up(name) if _NAME.fullmatch(name) else None
    if found is None:
        there = ", ".join(available()) or "none"
        raise EmojiSetError(f"There is no emoji set {name!r:.80}.", f"There are: {there}.")
    return found


def _look_up(name: str) -> Path | None:
    for folder in (paths.emoji_sets(), asset("emoji")):
        if (folder / name / _MANIFEST).is_file():
            return folder / name
        if (folder / f"{name}.zip").is_file():
            return folder / f"{name}.zip"
    return None


def add(path: Path) -> str:
    """Take a set into the person's folder, in place of an own set of the same name.

    Returns:
        Its name.

    Raises:
        EmojiSetError: if it is malformed; nothing has changed then.
    """
    loaded = load(path)
    save(loaded, paths.emoji_sets() / loaded.name)
    (paths.emoji_sets() / f"{loaded.name}.zip").unlink(missing_ok=True)
    return loaded.name


def remove(name: str) -> None:
    """Delete one of the person's own sets.

    Raises:
        EmojiSetError: if there is none, or it is a shipped one.
    """
    found = find(name)
    if found.parent != paths.emoji_sets():
        raise EmojiSetError(f"The set {name!r} is shipped and stays.", "Use another one instead.")
    if found.is_dir():
        shutil.rmtree(found)
    else:
        found.unlink()


# Reading.


class _Files(Protocol):
    def read(self, name: str, largest: int) -> bytes:
        """A file of the set; raises `EmojiSetError` if it is missing or larger."""
        ...


@dataclass(frozen=True, slots=True)
class _Folder:
    path: Path

    def read(self, name: str, largest: int) -> bytes:
        file = self.path / name
        try:
            if not file.resolve().is_relative_to(self.path.resolve()):
                raise EmojiSetError(f"{name!r} leads out of the set.", "A set holds no links.")
            if not file.is_file():
                raise EmojiSetError(f"The set lacks its file {name!r}.", f"Looked in {self.path}.")
            with file.open("rb") as stream:
                content = stream.read(largest + 1)
        except (OSError, RuntimeError, ValueError) as error:
            raise EmojiSetError(f"The file {name!r} cannot be read.", str(error)) from error
        return _within(content, name, largest)


@dataclass(frozen=True, slots=True)
class _Zip:
    archive: zipfile.ZipFile
    path: Path

    def read(self, name: str, largest: int) -> bytes:
        try:
            with self.archive.open(name) as stream:
                # Read to the limit and no further: the size a zip claims need not be true.
                content = stream.read(largest + 1)
        except KeyError:
            raise EmojiSetError(
                f"The set lacks its file {name!r}.", f"Looked in {self.path}."
            ) from None
        except _ZIP_ERRORS as error:
            raise EmojiSetError(f"The file {name!r} cannot be unpacked.", str(error)) from error
        return _within(content, name, largest)


_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    RuntimeError,
    NotImplementedError,
    EOFError,
    ValueError,
    struct.error,
)
"""What `zipfile` raises for archives that are damaged, encrypted or packed in rare ways."""


def _within(content: bytes, name: str, largest: int) -> bytes:
    if len(content) > largest:
        raise EmojiSetError(
            f"The file {name!r} is too large.", f"At most {largest // 1024} KB are read."
        )
    return content


def load(path: Path) -> EmojiSet:
    """Read a set from a folder or a zip.

    Raises:
        EmojiSetError: when it is malformed, with the one reason that a person can mend.
    """
    if path.is_dir():
        return _loaded(_Folder(path))
    if not path.is_file():
        raise EmojiSetError(f"There is no emoji set at {path}.", "Give a folder or a zip file.")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_FILES:
                raise EmojiSetError(f"The set has {len(entries)} files.", f"At most {MOST_FILES}.")
            if sum(each.file_size for each in entries) > LARGEST_SET:
                raise EmojiSetError(
                    "Unpacked the set would be too large.", f"At most {LARGEST_SET >> 20} MB."
                )
            return _loaded(_Zip(archive, path))
    except _ZIP_ERRORS as error:
        raise EmojiSetError(f"{path.name} is not a readable zip file.", str(error)) from error


def _loaded(files: _Files) -> EmojiSet:
    manifest = _manifest(files.read(_MANIFEST, _LARGEST_MANIFEST))
    version = manifest.get("format")
    if not isinstance(version, int) or not 1 <= version <= FORMAT:
        raise EmojiSetError(
            f"The set has format {version!r:.40}; this version reads 1 to {FORMAT}.",
            "Update vcam_emoji, or export the set again.",
        )
    name = _text(manifest, "name")
    if not _NAME.fullmatch(name):
        raise EmojiSetError(
            f"The set's name {name!r:.80} is not one.", "Lower-case letters, digits, - and _."
        )
    listed = manifest.get("images")
    if not isinstance(listed, dict):
        raise EmojiSetError('"images" in set.json must be a group of emotions.', _SEE)
    unknown = sorted(set(listed) - set(Emotion))
    warnings = [f"The set {name!r} has an unknown emotion {each!r:.40}." for each in unknown]
    images: dict[Emotion, tuple[tuple[float, EmojiImage], ...]] = {}
    read: dict[str, NDArray[np.uint8]] = {}
    left = LARGEST_SET
    for emotion in Emotion:
        entries = listed.get(emotion)
        if entries is None:
            continue
        if not isinstance(entries, list) or not entries or len(entries) > MOST_FILES:
            raise EmojiSetError(f'"{emotion}" in set.json must be a list of images.', _SEE)
        found: dict[float, EmojiImage] = {}
        for entry in entries:
            if not isinstance(entry, dict):
                raise EmojiSetError(f'An image of "{emotion}" must be a group.', _SEE)
            file = _file_name(entry)
            if file not in read:
                read[file] = _pixels(files.read(file, LARGEST_FILE), file)
                left -= read[file].nbytes
                if left < 0:
                    raise EmojiSetError(
                        "The images are too large together.", f"At most {LARGEST_SET >> 20} MB."
                    )
            intensity = _fraction(entry.get("intensity", 1.0), f"the intensity of {file!r}")
            found[intensity] = EmojiImage(read[file], _anchors(entry, file))
        strongest = max(found)
        found[1.0] = found[strongest]
        images[emotion] = tuple(sorted(found.items(), key=lambda pair: pair[0]))
    if Emotion.NEUTRAL not in images:
        raise EmojiSetError("The set has no image for neutral.", "It is what the others fall to.")
    missing = [emotion for emotion in Emotion if emotion not in images]
    if missing:
        warnings.append(f"The set {name!r} has no {', '.join(missing)}: neutral is shown instead.")
    return EmojiSet(
        name,
        _text(manifest, "title"),
        _text(manifest, "author"),
        _text(manifest, "licence"),
        _text(manifest, "provenance"),
        {emotion: images.get(emotion, images[Emotion.NEUTRAL]) for emotion in Emotion},
        tuple(warnings),
    )


_SEE = "See docs/emoji-sets.md."


def _manifest(text: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EmojiSetError(f"set.json is not JSON: {error!s:.120}.", _SEE) from error
    if not isinstance(manifest, dict):
        raise EmojiSetError("set.json must be one JSON object.", _SEE)
    return manifest


def _text(manifest: Mapping[str, Any], key: str) -> str:
    value = manifest.get(key)
    if not isinstance(value, str) or not value or len(value) > 2000:
        raise EmojiSetError(f'"{key}" in set.json must be a text.', _SEE)
    return value


def _file_name(entry: Mapping[str, Any]) -> str:
    file = entry.get("file")
    if not isinstance(file, str) or not _FILE.fullmatch(file) or ".." in file:
        raise EmojiSetError(
            f"{file!r:.120} is not a file of the set.", "Name a PNG beside set.json."
        )
    return str(PurePosixPath(file))


def _fraction(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise EmojiSetError(f"{what[:80]} must be 0 to 1, got {value!r:.40}.", _SEE)
    return float(value)


def _anchors(entry: Mapping[str, Any], file: str) -> Anchors:
    given = entry.get("anchors")
    if not isinstance(given, dict):
        raise EmojiSetError(f"The image {file!r} has no anchors.", _SEE)
    points = []
    for key in ("left_eye", "right_eye", "mouth"):
        point = given.get(key)
        if not isinstance(point, list) or len(point) != 2:
            raise EmojiSetError(f"The anchor {key} of {file!r} must be [x, y].", _SEE)
        x, y = (_fraction(value, f"the anchor {key} of {file!r}") for value in point)
        points.append((x, y))
    (lx, ly), (rx, ry), (mx, my) = points
    if rx - lx < 0.02 or abs(my - (ly + ry) / 2) < 0.02:
        raise EmojiSetError(
            f"The anchors of {file!r} make no face.",
            "The left eye is left of the right one, the mouth apart from both.",
        )
    return Anchors((lx, ly), (rx, ry), (mx, my))


_PNG = b"\x89PNG\r\n\x1a\n"


def _pixels(encoded: bytes, file: str) -> NDArray[np.uint8]:
    """[h, w, 4] BGRA. The size is read off the header first: a small PNG may claim a huge one."""
    if len(encoded) < 33 or not encoded.startswith(_PNG) or encoded[12:16] != b"IHDR":
        raise EmojiSetError(f"{file!r} is not a PNG.", "Save it as a PNG with transparency.")
    width, height, depth, kind = struct.unpack(">IIBB", encoded[16:26])
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in (width, height)):
        raise EmojiSetError(
            f"{file!r} is {width} x {height} pixels.",
            f"Sides of {SMALLEST_SIDE} to {LARGEST_SIDE} are read; 512 is a good size.",
        )
    if depth != 8 or kind != 6:
        raise EmojiSetError(
            f"{file!r} has no transparency of its own.", "Save it as an 8-bit RGBA PNG."
        )
    try:
        decoded = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise EmojiSetError(f"{file!r} cannot be decoded.", "Save it again.") from error
    if decoded is None or decoded.shape != (height, width, 4) or decoded.dtype != np.uint8:
        raise EmojiSetError(f"{file!r} cannot be decoded.", "Save it again as an RGBA PNG.")
    return decoded.astype(np.uint8, copy=False)


# Writing.


def save(emoji_set: EmojiSet, path: Path) -> None:
    """Write a set as a folder, or a zip if `path` ends in `.zip`, whole or not at all.

    Raises:
        EmojiSetError: if it cannot be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".set-", dir=path.parent) as scratch:
            fresh = Path(scratch) / "set"
            fresh.mkdir()
            _write(emoji_set, fresh)
            if path.suffix == ".zip":
                packed = Path(scratch) / "set.zip"
                _pack(fresh, packed)
                packed.replace(path)
            else:
                if path.exists():
                    path.replace(Path(scratch) / "old")
                fresh.replace(path)
    except OSError as error:
        raise EmojiSetError(f"The set cannot be written to {path}.", str(error)) from error


def _write(emoji_set: EmojiSet, folder: Path) -> None:
    images: dict[str, list[dict[str, Any]]] = {}
    written: dict[int, str] = {}
    for emotion, levels in emoji_set.images.items():
        images[emotion] = []
        for intensity, image in levels:
            key = id(image.pixels)
            if key not in written:
                whole = intensity == 1.0
                written[key] = f"{emotion}.png" if whole else f"{emotion}-{intensity:.2f}.png"
                _, png = cv2.imencode(".png", image.pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])
                (folder / written[key]).write_bytes(png.tobytes())
            anchors = image.anchors
            images[emotion].append(
                {
                    "file": written[key],
                    "intensity": intensity,
                    "anchors": {
                        "left_eye": list(anchors.left_eye),
                        "right_eye": list(anchors.right_eye),
                        "mouth": list(anchors.mouth),
                    },
                }
            )
    manifest = {
        "format": FORMAT,
        "name": emoji_set.name,
        "title": emoji_set.title,
        "author": emoji_set.author,
        "licence": emoji_set.licence,
        "provenance": emoji_set.provenance,
        "images": images,
    }
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _pack(folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as packed:
        for file in sorted(folder.iterdir()):
            # Fixed times, so that the same set is the same file; PNGs are compressed already.
            info = zipfile.ZipInfo(file.name, (1980, 1, 1, 0, 0, 0))
            packed.writestr(info, file.read_bytes(), zipfile.ZIP_STORED)
