"""From photos of a person to their own emoji set.

The person's looks are read from the photos and drawn (`reader`, `portrayal`, `artwork.people`).
What is kept is the drawn set and the traits it was drawn from, so that it can be adjusted without
the photos; nothing of a photo is kept.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from generator import gate, likeness, manner, photos
from generator.artwork.people.person import Person
from generator.artwork.people.sets import PICTURES, processes_for
from generator.artwork.people.sets import emoji_set as drawn_set
from generator.pictures import Picture, png, write
from generator.portrayal import person_of
from generator.reader import Reader
from generator.traits import Traits, merged
from vcam_emoji import emoji_set, files, paths
from vcam_emoji.emoji_set import EmojiSet
from vcam_emoji.errors import PhotoError, UsageError
from vcam_emoji.faces import Finder, open_finder
from vcam_emoji.types import Emotion

if TYPE_CHECKING:
    from generator.blended import Latents
    from generator.blending import Switch
    from generator.pair.portraying import Way
    from generator.posing import Posed

Say = Callable[[str, float], None]
"""Is told before each step what is done, and what it costs: seconds on a quiet core."""

_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif")
"""Of photos in a folder. The last three are there to be told of: `photos` says why not."""
_CROP = 256
_PHOTO_S, _LOOKS_S = 0.15, 0.15
_OPENED_S, _SEARCHED_S, _SHARPENED_S = 8.0, 20.0, 0.3
_LIPS, _NETWORKS, _SIZE, _SET = "lips", "networks", "size", "set"
"""Beside the traits: how far lips part, where networks drew, pixels, a digest of the set."""
USUAL_SIZE = 512
"""Pixels of a set of which nothing else was said."""
_UNLIKE = 0.33
"""Two photos of one person were never that far apart among 24 pairs; of two people's most are."""
_FROM_PHOTOS = ("photo", "encoder")
"""Ways that traits do not lead."""
_NAME = r"[a-z0-9][a-z0-9_-]{0,63}"


Lips: TypeAlias = Mapping[Emotion, float]
"""How far a person parts the lips in an emotion, of how far everyone is drawn to: 0 to 1."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """What photos told of a person."""

    traits: Traits
    crops: tuple[Picture, ...]
    """[256, 256, 3] RGB each, aligned, the clearest first; they stay in memory."""
    refused: tuple[str, ...] = ()
    """Photos that would not do, each with its reason."""
    lips: Lips = field(default_factory=dict)
    unlike: bool = False
    """Whether photos look as if they were of different people."""


@dataclass(frozen=True, slots=True)
class ByNetworks:
    """How the pair that ships draws someone."""

    way: Way
    switch: Switch | None = None
    """Where layers of faces end; None draws by the network of emoji alone."""

    @property
    def led_by_traits(self) -> bool:
        return self.way not in _FROM_PHOTOS


@dataclass(frozen=True, slots=True)
class Remembered:
    """From what a set was drawn."""

    person: Person
    lips: Lips
    networks: ByNetworks | None = None
    """None: vectors drew it."""


@dataclass(frozen=True, slots=True)
class DrawnByNetworks:
    """What the pair made of a person."""

    drawn: EmojiSet
    latents: Latents
    """The person at rest; empty where traits led, for they lead there again."""
    blends: Sequence[tuple[str, Picture]]
    """The same person by the network of faces and by three blends, with labels."""


def photos_in(paths_given: Sequence[Path]) -> list[Path]:
    """The photos that are meant by photos and folders of them.

    Raises:
        PhotoError: a folder has none, or cannot be read.
    """
    return [photo for path in paths_given for photo in _photos(path)]


def cost(photos: int, size: int) -> float:
    """Seconds on a quiet core that all of it takes: `photos` taken or read, a set of that size."""
    drawn = _ready_s(size) + PICTURES * _picture_s(size)
    return photos * _PHOTO_S + _LOOKS_S + drawn + _written_s(size)


def _ready_s(size: int) -> float:
    """Until the first picture is drawn: what no feeling moves, and processes that begin."""
    return 0.7 + 0.8 * (size / 512) ** 2


def _picture_s(size: int) -> float:
    """A picture, or its share of the time in which several are drawn at once."""
    return (0.03 + 0.8 * (size / 512) ** 2) / processes_for(size)


def _written_s(size: int) -> float:
    return 1.0 * (size / 512) ** 2


def sit(found: Sequence[Path], say: Say = lambda *_: None) -> Sitting:
    """Read a person's looks from photos of them; photos that will not do are left out.

    Args:
        found: Photos. One named after an emotion, such as `happy.jpg` or `happy-2.png`, steers that
            emotion, and counts for looks only where there is no other.
        say: Is told what is looked at.

    Raises:
        PhotoError: there is no photo, or none will do: then the reason of the first.
    """
    seen, refused = _looked_at(found, _CROP, manner.STEERED, say)
    seen.sort(key=_clearest_first)
    say("looks", _LOOKS_S)
    calm = [each.image for felt, each in seen if felt is None]
    crops = tuple(calm or [each.image for _, each in seen])
    lips = {
        emotion: fmean(manner.lips(emotion, each.face) for felt, each in seen if felt is emotion)
        for emotion in manner.STEERED
        if any(felt is emotion for felt, _ in seen)
    }
    reader = Reader()
    told = [reader.read([each]) for each in crops]
    unlike = any(likeness.distance(told[0], each) > _UNLIKE for each in told[1:])
    return Sitting(merged(told), crops, tuple(refused), lips, unlike)


def crops_by_emotion(
    found: Sequence[Path], side: int, say: Say = lambda *_: None
) -> tuple[dict[Emotion, Picture], tuple[str, ...]]:
    """Aligned photos by the emotion that each is named after, neutral or what stands for it first.

    Args:
        found: Photos; of several of an emotion the clearest counts, no emotion is neutral.
        side: Pixels of each.
        say: Is told what is looked at.

    Returns:
        [side, side, 3] RGB by emotion, and the photos that would not do, each with its reason.

    Raises:
        PhotoError: as `sit` does.
    """
    seen, refused = _looked_at(found, side, tuple(Emotion), say)
    seen.sort(key=lambda each: (each[0] is not None, _clearest_first(each)))
    crops: dict[Emotion, Picture] = {}
    for felt, each in seen:
        crops.setdefault(felt or Emotion.NEUTRAL, each.image)
    return crops, tuple(refused)


def _looked_at(
    found: Sequence[Path], side: int, steered: Sequence[Emotion], say: Say
) -> tuple[list[tuple[Emotion | None, gate.Aligned]], list[str]]:
    """Photos with the emotion that each is to steer, and why others were refused.

    Raises:
        PhotoError: none will do.
    """
    finder, seen = open_finder(), list[tuple[Emotion | None, gate.Aligned]]()
    refused = list[str]()
    first: PhotoError | None = None
    for number, path in enumerate(found, start=1):
        say(f"photo {number} of {len(found)}", _PHOTO_S)
        try:
            seen.append(_seen_in(path, side, steered, finder))
        except PhotoError as error:
            first = first or error
            refused.append(str(error))
    if not seen:
        raise first or PhotoError("There is no photo.", "Name a photo or a folder of photos.")
    return seen, refused


def _seen_in(
    path: Path, side: int, steered: Sequence[Emotion], finder: Finder
) -> tuple[Emotion | None, gate.Aligned]:
    """The emotion that a photo is to steer, and the face in it.

    Raises:
        PhotoError: it will not do; the sentence names it.
    """
    photo = photos.read(path)
    try:
        return _felt(path, steered), gate.aligned(photo, side, finder=finder)
    except PhotoError as error:
        raise PhotoError(f"{path.name}: {error.message}", error.hint) from error


def _clearest_first(each: tuple[Emotion | None, gate.Aligned]) -> float:
    """A key to sort by: how sharp a photo is, less the more the face is turned in it."""
    quality = each[1].quality
    return -quality.sharpness * (1 - abs(quality.yaw) / gate.Gate().yaw)


def _felt(path: Path, steered: Sequence[Emotion]) -> Emotion | None:
    """The emotion that a photo is to steer, by its name; none for most.

    Raises:
        PhotoError: no photo can steer that one.
    """
    word = re.sub(r"[-_ ]?\d+$", "", path.stem.lower())
    if word not in set(Emotion) or word == Emotion.NEUTRAL:
        return None
    if word not in steered:
        raise PhotoError(
            f"No photo can steer how you look {word} yet.", f"These can be: {', '.join(steered)}."
        )
    return Emotion(word)


def seated(posed: Posed, say: Say = lambda *_: None) -> Sitting:
    """Read a person's looks, and how they show emotions, from what the camera took."""
    say("looks", _LOOKS_S)
    crops = tuple(each.seen.image for each in posed.straight)
    lips = {emotion: manner.lips(emotion, taken.seen.face) for emotion, taken in posed.felt.items()}
    return Sitting(Reader().read(crops), crops, lips=lips)


def keep(posed: Posed, folder: Path) -> list[Path]:
    """Write the pictures that were taken into a folder.

    Raises:
        UsageError: it cannot be written.
    """
    named = [(f"straight-{at}", each) for at, each in enumerate(posed.straight, start=1)]
    named += [(str(emotion), each) for emotion, each in posed.felt.items()]
    written = []
    for name, each in named:
        written.append(folder / f"{name}.png")
        write(written[-1], png(cv2.cvtColor(each.picture, cv2.COLOR_BGR2RGB).astype(np.uint8)))
    return written


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


def draw(who: Remembered, name: str, size: int, say: Say = lambda *_: None) -> EmojiSet:
    """The set of a person: seven emotions, each in three intensities."""
    say("getting ready to draw", _ready_s(size))
    return drawn_set(
        who.person,
        checked_name(name),
        size=size,
        lips=who.lips,
        drawing=lambda emotion: say(f"drawing: {emotion}", _picture_s(size)),
        processes=processes_for(size),
    )


def draw_by_networks(
    who: Remembered,
    name: str,
    size: int,
    photo: Picture | None = None,
    say: Say = lambda *_: None,
    seed: int = 0,
) -> DrawnByNetworks:
    """The same, drawn by the pair of StyleGAN2 networks that ships.

    Args:
        who: Says how; where traits lead, they are those.
        name: Of the set.
        size: Pixels.
        photo: Of the person, aligned. None draws again whom a set of that name was made of.
        say: As in `draw`.
        seed: Of the chance in a search by the way `photo`.

    Raises:
        CheckpointError, ModelError: the networks are missing or damaged.
        UsageError: the size is more than they can draw, there is no such blend, or what was kept
            of the person is missing or damaged.
    """
    say("opening networks", _OPENED_S)
    from generator import blended
    from generator.pair import pair, portraying, sharpening

    how, taught, sharpener = who.networks or ByNetworks("tuned"), pair.load(), sharpening.load()
    draws = taught if how.switch is None else taught.blended(how.switch)
    say("looking for you", _SEARCHED_S)
    if how.led_by_traits or photo is not None:
        search = replace(portraying.SEARCH, seed=seed)
        draws, ws = portraying.introduced(draws, photo, who.person, how.way, search)
    else:
        ws = blended.kept(latents_of(name))[Emotion.NEUTRAL]
    drawn = portraying.emoji_set(
        draws,
        sharpener,
        ws,
        checked_name(name),
        size,
        drawing=lambda emotion: say(f"drawing: {emotion}", _SHARPENED_S),
    )
    latents = {} if how.led_by_traits else {Emotion.NEUTRAL: ws}
    return DrawnByNetworks(drawn, latents, portraying.blends(taught, ws, how.switch))


def cost_by_networks(photos: int, size: int) -> float:
    """As `cost`, for networks."""
    drawn = _OPENED_S + _SEARCHED_S + PICTURES * _SHARPENED_S
    return photos * _PHOTO_S + _LOOKS_S + drawn + _written_s(size)


def install(
    drawn: EmojiSet,
    who: Remembered | None,
    replaces: bool,
    say: Say = lambda *_: None,
    latents: Latents | None = None,
) -> None:
    """Put the set among the person's own, and what it was drawn from where `adjust` finds it.

    Args:
        drawn: The set.
        who: From what it was drawn; None where two given networks drew it.
        replaces: Whether a set of that name may go.
        say: Is told what is done.
        latents: From what two given networks drew it.

    Raises:
        EmojiSetError: the name is taken, or nothing can be written.
        UsageError: the traits cannot be written.
    """
    size = len(drawn.images[Emotion.NEUTRAL][-1][1].pixels)
    say("writing", _written_s(size))
    with tempfile.TemporaryDirectory() as folder:
        beside = Path(folder) / drawn.name
        emoji_set.save(drawn, beside)
        digest = _digest(beside)
        # What a set of that name was drawn from before is deleted by it.
        emoji_set.add(beside, replaces=replaces)
    if who is None and not latents:
        return
    told: dict[str, Any] = {_SIZE: size, _SET: digest}
    if who is not None:
        told |= who.person.traits() | ({_LIPS: dict(who.lips)} if who.lips else {})
        if who.networks is not None:
            told[_NETWORKS] = asdict(who.networks)
    try:
        _keep(drawn.name, told, latents)
    except UsageError as error:
        raise UsageError(
            error.message, "The set is there, but cannot be adjusted later."
        ) from error


def _keep(name: str, told: Mapping[str, Any], latents: Latents | None) -> None:
    """Write what `adjust` needs.

    Raises:
        UsageError: it cannot be written.
    """
    make_room()
    if latents:
        from generator import blended

        blended.keep(latents, latents_of(name))
    try:
        files.write(_kept(name), json.dumps(told).encode())
    except OSError as error:
        raise UsageError(f"{_kept(name)} cannot be written: {error.strerror or error}.") from error


def remembered(name: str) -> Remembered:
    """What a set was drawn from.

    Raises:
        UsageError: it was not made here, or not from traits, or the traits are damaged.
    """
    told = _told(name)
    lips, networks = told.pop(_LIPS, {}), told.pop(_NETWORKS, None)
    for key in (_SIZE, _SET):
        told.pop(key, None)
    if not told:
        raise _traitless(name)
    try:
        known = {Emotion(name): min(1.0, max(0.0, float(share))) for name, share in lips.items()}
        how = None if networks is None else _by_networks(**networks)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(name) from error
    return Remembered(Person.from_json(json.dumps(told)), known, how)


def size_of(name: str) -> int:
    """Pixels of a set that was made here.

    Raises:
        UsageError: what is kept of it is damaged.
    """
    size = _told(name).get(_SIZE, USUAL_SIZE)
    if not isinstance(size, int):
        raise _damaged(name)
    return size


def check_whose(name: str) -> None:
    """Refuse to draw over a set that another one took the place of.

    Raises:
        UsageError: the set of that name is not the one that was made here.
        EmojiSetError: it does not load.
    """
    digest = _told(name).get(_SET)
    if digest is None or name not in emoji_set.available():
        return
    if digest != _digest(emoji_set.find(name)):
        raise UsageError(
            f"The emoji set {name!r} is not the one that was made here, or was edited since.",
            "Say --replace to draw over it.",
        )


def _digest(place: Path) -> str:
    """Of all that a set in a folder or zip shows and says."""
    shown = emoji_set.load(place)
    words = shown.name, shown.title, shown.author, shown.licence, shown.provenance
    digest = hashlib.sha256(repr(words).encode())
    for emotion in Emotion:
        for intensity, image in shown.images[emotion]:
            where = str(emotion), intensity, *astuple(image.anchors)
            digest.update(repr(where).encode())
            digest.update(bytes(image.drawing))
    return digest.hexdigest()


def _told(name: str) -> dict[str, Any]:
    """What is kept of a set by name; nothing where none was made here.

    Raises:
        UsageError: it is damaged, or no set can be called so.
    """
    try:
        told = json.loads(_kept(checked_name(name)).read_bytes())
    except OSError:
        return {}
    except ValueError as error:
        raise _damaged(name) from error
    if not isinstance(told, dict):
        raise _damaged(name)
    return told


def _damaged(name: str) -> UsageError:
    return UsageError(
        f"The traits of the set {name!r} are damaged.", f"Make it again: --name {name}"
    )


def _traitless(name: str) -> UsageError:
    if latents_of(name).exists():
        return UsageError(
            f"The set {name!r} was made with networks of your own.",
            f"Name them: vcam-emoji-generator adjust {name} --network DIR",
        )
    return UsageError(
        f"There are no traits of a set {name!r} to adjust.",
        f"Make it first: vcam-emoji-generator make PHOTO --name {name}",
    )


def _by_networks(way: Way, switch: Mapping[str, float] | None) -> ByNetworks:
    """Raises `ValueError`, `TypeError` or `KeyError` for what was never kept so."""
    from generator.blending import Switch
    from generator.commands.options import WAYS

    if way not in WAYS:
        raise ValueError(way)
    if switch is None:
        return ByNetworks(way)
    how = int(switch["resolution"]), float(switch["width"]), float(switch["strength"])
    return ByNetworks(way, Switch(*how))


def make_room() -> None:
    """Make the folder of what sets were drawn from, for its owner alone.

    Raises:
        UsageError: it cannot be made.
    """
    folder = paths.people()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be made: {error.strerror or error}.", "Is its folder yours?"
        ) from error


def latents_of(name: str) -> Path:
    """Where the latents of a set that two given networks drew are kept."""
    return paths.people() / f"{name}.npz"


def _kept(name: str) -> Path:
    return paths.people() / f"{name}.json"


def _photos(path: Path) -> list[Path]:
    try:
        if not path.is_dir():
            return [path]
        found = sorted(each for each in path.iterdir() if each.suffix.lower() in _SUFFIXES)
    except OSError as error:
        raise photos.unreadable(path, error) from error
    if not found:
        raise PhotoError(f"There are no photos in {path}.", "Put some JPEG or PNG files there.")
    return found
