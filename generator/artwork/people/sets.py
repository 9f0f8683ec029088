"""A person's emoji set: seven emotions, each in three intensities."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from generator.artwork.people.alignment import EYE_X, EYE_Y, MOUTH_Y
from generator.artwork.people.person import Person
from generator.artwork.people.portrait import NOTHING_SAID, Sitter
from generator.artwork.render import Renderer, resvg, thrifty
from vcam_emoji import png
from vcam_emoji.emoji_set import Anchors, EmojiImage, EmojiSet
from vcam_emoji.types import Emotion

ANCHORS = Anchors((0.5 - EYE_X, EYE_Y), (0.5 + EYE_X, EYE_Y), (0.5, MOUTH_Y))
INTENSITIES = (0.33, 0.66, 1.0)


def steps(emotion: Emotion, intensities: Sequence[float] = INTENSITIES) -> tuple[float, ...]:
    """The intensities that differ from each other: a neutral face has one."""
    return (1.0,) if emotion is Emotion.NEUTRAL else tuple(intensities)


PICTURES = sum(len(steps(emotion)) for emotion in Emotion)
"""In a set."""


_WORTH_SHARING = 256
"""Pixels: smaller sets are drawn before other processes have begun."""


def processes_for(size: int) -> int:
    """How many processes a set of that size is drawn by on this machine: one for each core."""
    if size < _WORTH_SHARING:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), PICTURES)
    return min(os.cpu_count() or 1, PICTURES)


def emoji_set(
    person: Person,
    name: str,
    title: str = "",
    size: int = 512,
    renderer: Renderer = resvg,
    lips: Mapping[Emotion, float] = NOTHING_SAID,
    drawing: Callable[[Emotion], None] = lambda _emotion: None,
    processes: int = 1,
) -> EmojiSet:
    """The set of a person.

    Args:
        person: Who is drawn.
        name: Of the set.
        title: For people; the name, where there is none.
        size: Pixels.
        renderer: Makes them of vectors.
        lips: As `Sitter` takes it.
        drawing: Is told before each of `PICTURES` what is drawn.
        processes: That draw at the same time. More than one start Python anew and import the
            caller's main module, which must expect that.

    Raises:
        UsageError: if the renderer is not installed.
    """
    images: dict[Emotion, tuple[tuple[float, EmojiImage], ...]] = dict.fromkeys(Emotion, ())
    wanted = [(emotion, step) for emotion in Emotion for step in steps(emotion)]
    with _pictures((person, size, renderer, lips), wanted, processes) as pictures:
        for emotion, step in wanted:
            drawing(emotion)
            images[emotion] += ((step, EmojiImage(next(pictures), ANCHORS)),)
    return EmojiSet(
        name=name,
        title=title or name,
        author="Drawn by vcam-emoji-generator",
        licence="GPL-2.0-or-later",
        provenance="Drawn by generator.artwork.people, as vectors, from a person's traits.",
        images=images,
    )


_How: TypeAlias = tuple[Person, int, Renderer, Mapping[Emotion, float]]
"""The person, pixels, the renderer and lips."""


@contextmanager
def _pictures(
    how: _How, wanted: Sequence[tuple[Emotion, float]], processes: int
) -> Iterator[Iterator[bytes]]:
    """The drawings that are wanted, in turn, as PNGs."""
    if processes < 2:
        sitter = _sitter(how)
        yield (_png(sitter, *each) for each in wanted)
        return
    # Not forked: Keras may run in this process, whose threads a fork would leave behind.
    anew = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, anew, _begin, (how,))
    try:
        emotions, intensities = zip(*wanted, strict=True)
        yield pool.map(_picture, emotions, intensities)
    except BaseException:
        # Whoever stopped it is told so now, not when the pictures under way are done.
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    else:
        pool.shutdown()


def _sitter(how: _How) -> Sitter:
    return Sitter(*how, fineness=2)


_own: list[Sitter] = []
"""In a process of a pool: who is drawn."""


def _begin(how: _How) -> None:
    # Ctrl-C reaches all of them; the one that gives out the work ends it for all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _own.append(_sitter(how))


def _picture(emotion: Emotion, step: float) -> bytes:
    return _png(_own[0], emotion, step)


def _png(sitter: Sitter, emotion: Emotion, step: float) -> bytes:
    # Packed where it is drawn, since that takes half as long as drawing it.
    return png.encode(_bgra(sitter.draw(emotion, step)))


def _bgra(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return thrifty(np.ascontiguousarray(pixels[..., [2, 1, 0, 3]]))
