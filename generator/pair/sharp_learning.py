"""Teaches the sharpening network on drawings, spoilt as a soft generator spoils them."""

from __future__ import annotations

import math
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import cv2
import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from generator.artwork.people.person import Person
from generator.artwork.people.portrait import Sitter
from generator.judge.gallery import one_of_each
from generator.keras_archive import arrays, assign
from generator.ops import Tensor
from generator.pair.couples import GROUND
from generator.pair.sharpening import SIDE, TIMES, About, Sharpener, build, scaled
from vcam_emoji.errors import DataError

LARGE = SIDE * TIMES
"""Pixels of a drawing as it should be."""
PIECE = 32
"""Pixels of the spoilt pieces that are learnt from."""
_BORDER = 2 * TIMES
_BATCH = 4
_RATE = 1.5e-3
_WARM = 50
"""Steps until that rate."""
_STEPS = 0.25
"""Weight of the steps from pixel to pixel. It forbids ripples and specks. More of it blurs: where
an edge is unsure by a pixel, no edge at all has the least error in steps."""


@dataclass(frozen=True)
class Drawings:
    """Drawings as they should be, one row each."""

    pixels: NDArray[np.uint8]
    """[n, 512, 512, 4], RGB and straight alpha."""
    people: NDArray[np.int64]
    """[n], the person's number."""

    def __len__(self) -> int:
        return len(self.pixels)

    def save(self, file: Path) -> None:
        """Write what `opened` reads, beside its place and renamed."""
        beside = file.with_name(f".{file.name}.part.npz")
        np.savez_compressed(
            beside, **{name: getattr(self, name) for name in self.__dataclass_fields__}
        )
        beside.replace(file)


def opened(file: Path) -> Drawings:
    """Drawings that were saved.

    Raises:
        DataError: the file is missing, or holds something else.
    """
    try:
        with np.load(file, allow_pickle=False) as kept:
            found = Drawings(**{name: kept[name] for name in Drawings.__dataclass_fields__})
        wanted = (len(found.people), LARGE, LARGE, 4)
        if found.pixels.shape != wanted or found.pixels.dtype != np.uint8 or not len(found):
            got = f"{found.pixels.shape} {found.pixels.dtype}"
            raise ValueError(f"got pixels {got}, expected {wanted} uint8")
    except (
        OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error
    ) as error:  # fmt: skip
        raise DataError(
            f"{file} holds no drawings: {error}.", "Name a file to draw anew."
        ) from error
    return found


def drawn(
    numbers: Sequence[int],
    each: int = 2,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Drawings:
    """Draw people by number, in moods by chance.

    Args:
        numbers: Of `Person.random`.
        each: Drawings of each, 7 at most.
        progress: Is told after each person how many there are, and how many will be.
    """
    pixels, people = [], []
    for done, number in enumerate(numbers, start=1):
        poses = Random(f"sharp {number}").sample(one_of_each(number), each)
        sitter = Sitter(Person.random(number), LARGE, lips={p.emotion: p.lips for p in poses})
        pixels += [sitter.draw(pose.emotion, pose.intensity) for pose in poses]
        people += [number] * each
        progress(done, len(numbers))
    return Drawings(np.stack(pixels), np.array(people, np.int64))


@dataclass(frozen=True, slots=True)
class Spoiling:
    """How a small drawing is spoilt; lengths in pixels of the small one, colours in grey levels."""

    blur: tuple[float, float] = (0.35, 1.1)
    """Deviation, from and to; each piece has two, and goes over from one to the other."""
    colour: float = 5.0
    """Deviation of what is wrong over wide areas, at most."""
    ground: float = 2.0
    """Deviation of the ground from what it should be."""
    noise: float = 3.0
    """Deviation, at most."""
    warp: float = 0.5
    """Deviation of how far places move; the large drawing moves alike."""
    warped: float = 0.4
    """Share of pieces that are."""


def piece(
    pixels: NDArray[np.uint8], side: int, chance: np.random.Generator, how: Spoiling
) -> NDArray[np.float32]:
    """Some part of a drawing, warped and mirrored by chance.

    Args:
        pixels: [512, 512, 4], straight alpha.
        side: Of the part, in pixels of the drawing.
        chance: Draws all that is by chance.
        how: Within which bounds.

    Returns:
        [side, side, 4], colour times alpha and alpha, 0 to 1.
    """
    reach = pixels.shape[0] - side
    # Borders would be rare if they were as likely as every other place.
    y, x = (
        int(at) for at in chance.integers(-reach // 8, reach + reach // 8 + 1, 2).clip(0, reach)
    )
    part = _premultiplied(pixels[y : y + side, x : x + side])
    if chance.random() < 0.5:
        part = part[:, ::-1]
    if chance.random() < how.warped:
        moved = _smooth(chance, side, 2, 3) * (TIMES * how.warp)
        at = np.mgrid[:side, :side].astype(np.float32)
        part = cv2.remap(
            part, at[1] + moved[..., 0], at[0] + moved[..., 1], cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        ).clip(0, 1)  # fmt: skip
    return np.asarray(part, np.float32)


def spoilt(
    large: NDArray[np.float32], chance: np.random.Generator, how: Spoiling
) -> NDArray[np.uint8]:
    """A drawing on `GROUND` as a soft generator would make it.

    Args:
        large: [8 s, 8 s, 4], colour times alpha and alpha, 0 to 1.
        chance: Draws all that is by chance.
        how: Within which bounds.

    Returns:
        [s, s, 3], RGB.
    """
    side = large.shape[0] // TIMES
    ground = np.array(GROUND, np.float32) + chance.normal(0, how.ground, 3).astype(np.float32)
    less = cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)
    flat = less[..., :3] * 255 + ground * (1 - less[..., 3:])
    one, other = (cv2.GaussianBlur(flat, (0, 0), chance.uniform(*how.blur)) for _ in range(2))
    share = (0.5 + _smooth(chance, side, 1, 3)).clip(0, 1)
    flat = one * share + other * (1 - share)
    flat += _smooth(chance, side, 3, 4) * chance.uniform(0, how.colour) * less[..., 3:]
    flat += chance.normal(0, chance.uniform(0, how.noise), flat.shape)
    return np.asarray(flat.clip(0, 255).round(), np.uint8)


def _smooth(
    chance: np.random.Generator, side: int, channels: int, waves: int
) -> NDArray[np.float32]:
    """[side, side, channels], numbers of about unit deviation that change slowly."""
    few = chance.normal(0, 1, (waves, waves, channels)).astype(np.float32)
    large = cv2.resize(few, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large.reshape(side, side, channels), np.float32)


class Batches:
    """Pieces of drawings, spoilt, with what they should become; without end."""

    def __init__(self, drawings: Drawings, seed: int, spoiling: Spoiling | None = None) -> None:
        self._drawings = drawings
        self._how = spoiling or Spoiling()
        self._chance = np.random.default_rng(seed)

    def __iter__(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Each [n, s, s, 3] as the network takes them, and [n, 8 s, 8 s, 4] as it should answer."""
        while True:
            rows = self._chance.integers(0, len(self._drawings), _BATCH)
            large = np.stack([
                piece(self._drawings.pixels[row], PIECE * TIMES, self._chance, self._how)
                for row in rows
            ])  # fmt: skip
            yield scaled(np.stack([spoilt(each, self._chance, self._how) for each in large])), large


def loss(true: Tensor, found: Tensor) -> Tensor:
    """[n], mean absolute error of colour and alpha, and of their steps from pixel to pixel.

    Args:
        true: [n, s, s, 4], colour times alpha and alpha.
        found: The same. At its border it saw less than it will in use, and is not asked.
    """
    off = (found - true)[:, _BORDER:-_BORDER, _BORDER:-_BORDER]
    whole = ops.mean(ops.abs(off), axis=(1, 2, 3))
    across = ops.mean(ops.abs(off[:, :, 1:] - off[:, :, :-1]), axis=(1, 2, 3))
    down = ops.mean(ops.abs(off[:, 1:] - off[:, :-1]), axis=(1, 2, 3))
    return whole + _STEPS * (across + down)


def taught(
    drawings: Drawings,
    minutes: float,
    seed: int,
    report: Callable[[str], None] = lambda _line: None,
    before: Sharpener | None = None,
) -> Sharpener:
    """A sharpener that learnt from drawings.

    Args:
        drawings: What it learns from.
        minutes: How long, once it is compiled.
        seed: Of weights and spoiling.
        report: Told how it goes.
        before: A sharpener that goes on learning; None begins with a fresh one.
    """
    keras.utils.set_random_seed(seed)
    model = build(PIECE)
    about = About(0, seed, 0.0, 0)
    if before is not None:
        about = before.about
        assign(model, arrays(before.model))
    optimizer = keras.optimizers.Adam(_RATE, beta_2=0.99, clipnorm=1.0)
    # XLA makes steps a quarter quicker, but half a minute passes before the first.
    model.compile(optimizer=optimizer, loss=loss, jit_compile=minutes > 2)
    start, share = math.inf, 0.0
    for step, (pictures, true) in enumerate(Batches(drawings, seed), start=1):
        warm = min(1.0, step / _WARM)
        optimizer.learning_rate = _RATE * warm * (0.5 + 0.5 * math.cos(math.pi * share))
        found = float(model.train_on_batch(pictures, true))
        start = min(start, time.monotonic())  # compiling does not count
        share = (time.monotonic() - start) / (60 * minutes)
        if step % 100 == 0:
            report(f"step {step}, {share:.0%} of the time: loss {found:.5f}")
            model.reset_metrics()  # until then, it is the mean of all steps
        if share >= 1:
            break
    people = max(about.people, int(drawings.people.max()) + 1)
    about = About(people, seed, about.minutes + minutes, about.steps + step)
    whole = build()
    assign(whole, arrays(model))
    return Sharpener(whole, about)


@dataclass(frozen=True, slots=True)
class Figures:
    """How far drawings are from what they should be; colour is times alpha."""

    colour_psnr: float
    """Decibels."""
    alpha_psnr: float
    """Decibels."""
    colour_error: float
    """Mean, in grey levels."""
    alpha_error: float
    """Mean, in grey levels."""
    edge_error: float
    """Mean of colour and alpha where an edge is near, in grey levels."""


def judged(true: NDArray[np.uint8], found: NDArray[np.uint8]) -> Figures:
    """Compare drawings with what they should be, both [n, h, w, 4] with straight alpha."""
    squares, errors, near, edges = np.zeros(2), np.zeros(2), 0.0, 0
    for one, other in zip(true, found, strict=True):
        wanted = _premultiplied(one)
        off = np.abs(_premultiplied(other) - wanted)
        for at, part in enumerate((off[..., :3], off[..., 3])):
            squares[at] += np.square(part).mean() / len(true)
            errors[at] += part.mean() / len(true)
        edge = _edges(wanted)
        near += float(off[edge].sum())
        edges += 4 * int(edge.sum())
    psnr = -10 * np.log10(np.maximum(squares, 1e-12))
    colour, alpha = 255 * errors
    return Figures(*map(float, (*psnr, colour, alpha, 255 * near / max(edges, 1))))


def bicubic(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What is to be bettered: drawings enlarged, and keyed by how far they are from `GROUND`.

    Args:
        pictures: [n, 64, 64, 3], RGB.

    Returns:
        [n, 512, 512, 4], straight alpha.
    """
    found = np.empty((len(pictures), LARGE, LARGE, 4), np.uint8)
    for at, picture in enumerate(pictures):
        large = cv2.resize(picture, (LARGE, LARGE), interpolation=cv2.INTER_CUBIC)
        apart = np.abs(large.astype(np.float32) - np.array(GROUND, np.float32)).max(axis=-1)
        alpha = ((apart[..., None] - 8) / 32).clip(0, 1)
        rest = large - (1 - alpha) * np.array(GROUND, np.float32)
        colour = np.divide(rest, alpha, out=np.zeros_like(rest), where=alpha > 0)
        found[at] = np.rint(np.dstack([colour.clip(0, 255), alpha * 255]))
    return found


def examples(drawings: Drawings, seed: int, spoiling: Spoiling | None = None) -> NDArray[np.uint8]:
    """[n, 64, 64, 3]: each drawing whole, spoilt as those that are learnt from."""
    chance = np.random.default_rng(seed)
    how = spoiling or Spoiling()
    return np.stack([spoilt(_premultiplied(each), chance, how) for each in drawings.pixels])


def _premultiplied(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    found = pixels.astype(np.float32) / np.float32(255)
    found[..., :3] *= found[..., 3:]
    return np.asarray(found, np.float32)


def _edges(large: NDArray[np.float32]) -> NDArray[np.bool_]:
    """[h, w], whether there is an edge within three pixels."""
    steps = np.zeros(large.shape[:2], np.uint8)
    steps[:, 1:] |= (np.abs(np.diff(large, axis=1)) > 0.1).any(axis=-1)
    steps[1:] |= (np.abs(np.diff(large, axis=0)) > 0.1).any(axis=-1)
    return cv2.dilate(steps, np.ones((7, 7), np.uint8)) > 0
