"""Drawings of many people with what each shows, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.artwork.people.muscles import CLOSEST
from generator.artwork.people.person import Person
from generator.artwork.people.portrait import Sitter
from generator.artwork.people.sets import INTENSITIES, steps
from vcam_emoji.errors import DataError
from vcam_emoji.types import Emotion

SIDE = 64
"""Pixels of a judged drawing: what is told at this size is unmistakable at 96."""

EMOTIONS = tuple(Emotion)
FIRST_JUDGED = 1_000_000
"""The number of the first person who is judged: judges learn from lower ones."""

Flat: TypeAlias = NDArray[np.uint8]
"""[n, 64, 64, 3], RGB."""


class Pose(NamedTuple):
    """How a person is drawn."""

    emotion: Emotion
    intensity: float = 1.0
    lips: float = 1.0
    """How far they part, of how far everyone's do."""


Poses: TypeAlias = tuple[Pose, ...]
FULL: Poses = tuple(Pose(emotion) for emotion in Emotion)
CLOSED: Poses = tuple(Pose(emotion, lips=least) for emotion, least in CLOSEST.items())
"""Lips as closed as they may be."""


@dataclass(frozen=True)
class Gallery:
    """Drawings, one row each."""

    pixels: NDArray[np.uint8]
    """[n, 64, 64, 4], red, green, blue and straight alpha."""
    people: NDArray[np.int64]
    """[n], the person's number."""
    emotions: NDArray[np.int64]
    """[n], places in `Emotion`."""
    intensities: NDArray[np.float64]
    """[n]."""

    def __len__(self) -> int:
        return len(self.pixels)

    def save(self, file: Path) -> None:
        """Write what `opened` reads."""
        beside = file.with_name(f".{file.name}.part.npz")
        np.savez(beside, **{name: getattr(self, name) for name in self.__dataclass_fields__})
        beside.replace(file)


def opened(file: Path) -> Gallery:
    """A gallery that was saved.

    Raises:
        DataError: it is none.
    """
    try:
        with np.load(file, allow_pickle=False) as kept:
            return Gallery(**{name: kept[name] for name in Gallery.__dataclass_fields__})
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{file} holds no drawings: {error}", "Name a file to draw anew."
        ) from error


def every_pose(_number: int) -> Poses:
    """All that a set has: each emotion in each intensity."""
    return tuple(Pose(emotion, step) for emotion in Emotion for step in steps(emotion, INTENSITIES))


def closed(_number: int) -> Poses:
    """The emotions that photographs steer, with lips as closed as they may be."""
    return CLOSED


def one_of_each(number: int) -> Poses:
    """Every emotion once, its intensity by chance, and half of the time the lips: to learn from."""
    chance = Random(f"poses {number}")
    return tuple(
        Pose(
            emotion,
            1.0 if emotion is Emotion.NEUTRAL else round(chance.uniform(0.33, 1.0), 3),
            chance.choice((1.0, round(chance.random(), 3))),
        )
        for emotion in Emotion
    )


def drawn(
    numbers: Sequence[int],
    poses: Callable[[int], Poses],
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Gallery:
    """Draw people by number.

    Args:
        numbers: Of `Person.random`.
        poses: How each is drawn; a function of a module where several processes draw.
        jobs: Processes that draw.
        progress: Is told after each person how many there are, and how many will be.
    """
    pixels, people, emotions, intensities = [], [], [], []
    for done, (number, pictures) in enumerate(_mapped(numbers, poses, jobs), start=1):
        pixels.append(pictures)
        for each in poses(number):
            people.append(number)
            emotions.append(EMOTIONS.index(each.emotion))
            intensities.append(each.intensity)
        progress(done, len(numbers))
    return Gallery(
        np.concatenate(pixels), np.array(people), np.array(emotions), np.array(intensities)
    )


def portraits(person: Person, poses: Poses) -> NDArray[np.uint8]:
    """[len(poses), 64, 64, 4] of one person; lips are those of the emotion's last pose."""
    sitter = Sitter(person, SIDE, lips={each.emotion: each.lips for each in poses})
    return np.stack([sitter.draw(each.emotion, each.intensity) for each in poses])


def laid(pixels: NDArray[np.uint8], ground: NDArray[Any]) -> Flat:
    """Drawings on flat grounds.

    Args:
        pixels: [n, 64, 64, 4].
        ground: [n, 3], RGB.
    """
    alpha = pixels[..., 3:].astype(np.float32) / 255
    flat = pixels[..., :3] * alpha + ground[:, None, None, :].astype(np.float32) * (1 - alpha)
    return np.rint(flat).astype(np.uint8)


def grounds(count: int, seed: int) -> NDArray[np.uint8]:
    """[count, 3], colours by chance, light, dark and in between."""
    return np.random.default_rng(seed).integers(0, 256, (count, 3), dtype=np.uint8)


def grey(flat: Flat) -> Flat:
    """The same without colour, still with three channels."""
    one = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in flat]
    return np.repeat(np.stack(one)[..., None], 3, axis=3).astype(np.uint8)


def small(flat: Flat, side: int) -> Flat:
    """As they look at `side` pixels, enlarged again."""
    return np.stack([_reduced(each, side) for each in flat])


def _reduced(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    less = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(less, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def _mapped(
    numbers: Sequence[int], poses: Callable[[int], Poses], jobs: int
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    if jobs <= 1 or len(numbers) < 4:
        for number in numbers:
            yield number, _person(number, poses)
        return
    # Spawned, not forked: the caller may have threads.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        same: Iterable[Callable[[int], Poses]] = [poses] * len(numbers)
        try:
            yield from zip(numbers, pool.map(_person, numbers, same, chunksize=4), strict=True)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _person(number: int, poses: Callable[[int], Poses]) -> NDArray[np.uint8]:
    return portraits(Person.random(number), poses(number))
