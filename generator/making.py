"""From photos of a person to their own emoji set.

The person's looks are read from the photos and drawn (`reader`, `portrayal`, `artwork.people`).
What is kept is the drawn set and the traits it was drawn from, so that it can be adjusted without
the photos; nothing of a photo is kept.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator import gate, photos
from generator.artwork.people.person import Person
from generator.artwork.people.sets import emoji_set as drawn_set
from generator.pictures import Picture
from generator.portrayal import person_of
from generator.reader import Reader
from generator.traits import Traits
from vcam_emoji import emoji_set, files, paths
from vcam_emoji.emoji_set import EmojiSet
from vcam_emoji.errors import PhotoError, UsageError
from vcam_emoji.faces import open_finder

Say = Callable[[str], None]

_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
_CROP = 256
_NAME = r"[a-z0-9][a-z0-9_-]{0,63}"


@dataclass(frozen=True, slots=True)
class Sitting:
    """What photos told of a person."""

    traits: Traits
    crops: tuple[Picture, ...]
    """[256, 256, 3] RGB each, aligned; they stay in memory."""
    refused: tuple[str, ...]
    """Photos that would not do, each with its reason."""


def sit(paths_given: Sequence[Path], say: Say = lambda _line: None) -> Sitting:
    """Read a person's looks from photos of them; photos that will not do are left out.

    Args:
        paths_given: Photos, or folders of them.
        say: Is told what is looked at.

    Raises:
        PhotoError: there is no photo, or none will do: then the reason of the first.
    """
    found = [photo for path in paths_given for photo in _photos(path)]
    finder, crops, refused = open_finder(), [], []
    first: PhotoError | None = None
    for number, path in enumerate(found, start=1):
        say(f"photo {number} of {len(found)}")
        try:
            crops.append(gate.aligned(photos.read(path), _CROP, finder=finder).image)
        except PhotoError as error:
            first = first or PhotoError(f"{path.name}: {error.message}", error.hint)
            refused.append(f"{path.name}: {error.message} {error.hint}".rstrip())
    if not crops:
        raise first or PhotoError("There is no photo.", "Name a photo or a folder of photos.")
    say("looks")
    return Sitting(Reader().read(crops), tuple(crops), tuple(refused))


def portrait(sitting: Sitting) -> Person:
    """How they are drawn, before anything is adjusted."""
    return person_of(sitting.traits)


def checked_name(name: str) -> str:
    """The name itself.

    Raises:
        UsageError: no set can be called so.
    """
    if not re.fullmatch(_NAME, name):
        raise UsageError(
            f"A set cannot be called {name!r}.", "Use lower-case letters, digits, - and _."
        )
    return name


def draw(person: Person, name: str, size: int) -> EmojiSet:
    """The set of a person: seven emotions, each in three intensities."""
    return drawn_set(person, checked_name(name), size=size)


def install(drawn: EmojiSet, person: Person, replaces: bool) -> None:
    """Put the set among the person's own, and the traits where `adjust` finds them.

    Raises:
        EmojiSetError: the name is taken, or nothing can be written.
        UsageError: the traits cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        beside = Path(folder) / drawn.name
        emoji_set.save(drawn, beside)
        emoji_set.add(beside, replaces=replaces)
    kept = _kept(drawn.name)
    try:
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write(kept, person.to_json().encode())
    except OSError as error:
        raise UsageError(
            f"{kept} cannot be written: {error.strerror or error}.",
            "The set is there, but cannot be adjusted later.",
        ) from error


def remembered(name: str) -> Person:
    """The person a set was drawn from.

    Raises:
        UsageError: it was not made here, or the traits are damaged.
    """
    kept = _kept(checked_name(name))
    try:
        text = kept.read_bytes()
    except OSError as error:
        raise UsageError(
            f"There are no traits of a set {name!r} to adjust.",
            f"Make it first: vcam-emoji-generator make PHOTO --name {name}",
        ) from error
    return Person.from_json(text)


def _kept(name: str) -> Path:
    return paths.people() / f"{name}.json"


def _photos(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.iterdir() if each.suffix.lower() in _SUFFIXES)
    if not found:
        raise PhotoError(f"There are no photos in {path}.", "Put some JPEG or PNG files there.")
    return found
