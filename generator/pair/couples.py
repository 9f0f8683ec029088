"""What a pair learns from: photographs, and the people in them as they are drawn."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from generator import data
from generator.artwork.people.person import Person
from generator.artwork.people.portrait import Sitter
from generator.people import held_out
from generator.pictures import Picture
from vcam_emoji.errors import DataError
from vcam_emoji.types import Emotion

EMOTIONS = tuple(Emotion)
GROUND = (190, 220, 250)
"""RGB of what drawings lie on: light, and unlike skin and most hair."""
LEAST = 8
"""Fewer people are no data set."""


@dataclass(frozen=True)
class Couples:
    """Photographs and drawings: n photographs, and of m >= n people drawings.

    The first n rows of drawings belong to the photographs. Of the others there is none: they are
    people by chance, who have often what is rare in photographs (a turban, a mohawk, an afro).
    """

    photos: NDArray[np.uint8]
    """[n, side, side, 3], RGB, aligned as FFHQ is."""
    drawings: NDArray[np.uint8]
    """[m, k, side, side, 3], RGB, on `GROUND`: the same person, first at rest, then in other moods;
    k is at least 2."""
    emotions: NDArray[np.int64]
    """[m, k], places in `Emotion`."""
    intensities: NDArray[np.float32]
    """[m, k], 0 to 1."""

    def __len__(self) -> int:
        return len(self.photos)

    @property
    def side(self) -> int:
        """Of the pictures, in pixels."""
        return int(self.photos.shape[1])

    def save(self, file: Path) -> None:
        """Write what `opened` reads, beside its place and renamed."""
        beside = file.with_name(f".{file.name}.part.npz")
        np.savez(beside, **{name: getattr(self, name) for name in self.__dataclass_fields__})
        beside.replace(file)


def opened(file: Path) -> Couples:
    """Couples that were saved.

    Raises:
        DataError: the file is missing, or holds something else.
    """
    try:
        with np.load(file, allow_pickle=False) as kept:
            found = Couples(**{name: kept[name] for name in Couples.__dataclass_fields__})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{file} holds no photographs with drawings: {error}.",
            "Make it: vcam-emoji-generator pair couples PHOTOS --out FILE.npz",
        ) from error
    n, side = len(found.photos), found.photos.shape[1]
    m, k = found.drawings.shape[:2] if found.drawings.ndim == 5 else (0, 0)
    shapes = (
        (found.photos, np.uint8, (n, side, side, 3)),
        (found.drawings, np.uint8, (m, k, side, side, 3)),
        (found.emotions, np.int64, (m, k)),
        (found.intensities, np.float32, (m, k)),
    )
    fits = all(array.dtype == kind and array.shape == shape for array, kind, shape in shapes)
    if (
        not fits
        or not LEAST <= n <= m
        or k < 2
        or not 0 <= found.emotions.min() <= found.emotions.max() < 7
    ):
        raise DataError(
            f"{file} holds no photographs with drawings.",
            "Make it: vcam-emoji-generator pair couples PHOTOS --out FILE.npz",
        )
    return found


def flat(pixels: NDArray[np.uint8]) -> Picture:
    """A drawing [h, w, 4] with straight alpha, on `GROUND`: [h, w, 3]."""
    alpha = pixels[..., 3:].astype(np.float32) / 255
    laid = pixels[..., :3] * alpha + np.array(GROUND, np.float32) * (1 - alpha)
    return np.rint(laid).astype(np.uint8)


def moods(number: int, count: int) -> list[tuple[Emotion, float]]:
    """In which moods a person is drawn: at rest, in a full emotion, and in others by chance."""
    chance = Random(f"moods {number}")
    felt = [emotion for emotion in Emotion if emotion is not Emotion.NEUTRAL]
    chosen = [(Emotion.NEUTRAL, 1.0), (chance.choice(felt), 1.0)]
    chosen += [(chance.choice(felt), round(chance.uniform(0.2, 1.0), 3)) for _ in range(count - 2)]
    return chosen[:count]


def drawn(person: Person, side: int, wanted: Sequence[tuple[Emotion, float]]) -> NDArray[np.uint8]:
    """[k, side, side, 3]: the person on `GROUND` in each mood."""
    sitter = Sitter(person, side)
    return np.stack([flat(sitter.draw(emotion, intensity)) for emotion, intensity in wanted])


def gathered(
    archive: Path,
    side: int,
    each: int = 5,
    most: int | None = None,
    strangers: int = 0,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Couples:
    """Read everyone's looks from aligned photographs, and draw them.

    People who are held out are left out.

    Args:
        archive: Aligned photographs, a zip such as `faces128.zip`.
        side: Pixels of what is learnt.
        each: Drawings of each person.
        most: Photographs at most; None takes all.
        strangers: How many people by chance are drawn too.
        progress: Is told how many people are drawn, and how many there are.

    Raises:
        DataError: the archive cannot be read, or holds too few photographs.
    """
    from generator.portrayal import person_of
    from generator.reader import Reader

    reader = Reader()
    found = list(_photos(archive))[:most]
    if len(found) < LEAST:
        raise DataError(
            f"{archive} holds {len(found)} photographs to learn from; {LEAST} are the least.",
            "It must be a zip of aligned photographs, such as faces128.zip.",
        )
    photos, drawings = [], []
    whole = len(found) + strangers
    for number, encoded in enumerate(found):
        photo = data.decoded(encoded, 128, GROUND)
        photos.append(cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA))
        drawings.append(drawn(person_of(reader.read([photo])), side, moods(number, each)))
        progress(number + 1, whole)
    for number in range(len(found), whole):
        drawings.append(drawn(Person.random(number - len(found)), side, moods(number, each)))
        progress(number + 1, whole)
    wanted = [moods(number, each) for number in range(whole)]
    return Couples(
        np.stack(photos).astype(np.uint8),
        np.stack(drawings),
        np.array([[EMOTIONS.index(emotion) for emotion, _ in row] for row in wanted], np.int64),
        np.array([[intensity for _, intensity in row] for row in wanted], np.float32),
    )


def _photos(archive: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(archive) as opened_archive:
            for name in sorted(opened_archive.namelist()):
                if name.lower().endswith(data.SUFFIXES) and not held_out(name):
                    yield opened_archive.read(name)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{archive} cannot be read: {error}.", "Name a zip of aligned photographs."
        ) from error
