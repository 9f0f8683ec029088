"""Teaches a judge on drawings of many people, spoilt as small pictures in calls are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from generator.artwork.people.person import Person
from generator.judge.answers import kinds, numbers
from generator.judge.gallery import SIDE, Gallery
from generator.judge.network import About, Network, build, kinds_loss, numbers_loss, scaled

_BATCH = 64
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)


@dataclass(frozen=True, slots=True)
class Spoiling:
    """How drawings are varied, so that nothing but the face tells."""

    shift: float = 3.0
    """Pixels, at most."""
    turn: float = 7.0
    """Degrees, at most."""
    scale: float = 0.08
    coarse: float = 0.4
    """Share of those shown at 24 to 56 pixels and enlarged again."""
    grey: float = 0.25
    """Share of those without colour: the wash of an emotion must not be needed."""
    noise: float = 6.0
    """Grey levels, at most."""


def taught(
    gallery: Gallery,
    epochs: int,
    seed: int,
    report: Callable[[str], None] = lambda _line: None,
    before: Network | None = None,
) -> Network:
    """A judge that learnt from drawings.

    Args:
        gallery: What it learns from, of people with consecutive numbers.
        epochs: How often it sees each.
        seed: Of weights and spoiling.
        report: Told how it goes.
        before: A judge that goes on learning; None begins with a fresh one.
    """
    keras.utils.set_random_seed(seed)
    model = build() if before is None else before.model
    steps = max(20, -(-len(gallery) // _BATCH) * epochs)
    warm = steps // 20
    rate = keras.optimizers.schedules.CosineDecay(
        1e-6, steps - warm, alpha=0.0, warmup_target=2e-3, warmup_steps=warm
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=1.0),
        loss={
            "emotions": keras.losses.SparseCategoricalCrossentropy(
                from_logits=True, reduction="sum_over_batch_size"
            ),
            "numbers": numbers_loss,
            "kinds": kinds_loss,
        },
        loss_weights={"emotions": 1.0, "numbers": 4.0, "kinds": 1.0},
    )
    batches = Batches(gallery, seed)

    def told(epoch: int, logs: dict[str, float] | None = None) -> None:
        losses = ", ".join(f"{n} {v:.3f}" for n, v in sorted((logs or {}).items()) if "_" in n)
        report(f"epoch {epoch + 1} of {epochs}: {losses}")

    model.fit(
        batches, epochs=epochs, verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=told)],
    )  # fmt: skip
    first, last = int(gallery.people.min()), int(gallery.people.max())
    if before is not None:
        about = before.about
        first, last = min(first, about.seed), max(last, about.seed + about.people - 1)
        epochs += about.epochs
    return Network(model, About(last - first + 1, first, epochs))


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Spoilt drawings with what they show; another order and other spoiling each epoch."""

    def __init__(self, gallery: Gallery, seed: int, spoiling: Spoiling | None = None) -> None:
        super().__init__(workers=1)
        self._gallery = gallery
        self._how = spoiling or Spoiling()
        self._chance = np.random.default_rng(seed)
        self._order = self._chance.permutation(len(gallery))
        people, self._row = np.unique(gallery.people, return_inverse=True)
        who = [Person.random(int(number)) for number in people]
        self._numbers = np.stack([np.concatenate(numbers(each)) for each in who])
        self._kinds = np.stack([np.concatenate(kinds(each)) for each in who])

    def __len__(self) -> int:
        return -(-len(self._gallery) // _BATCH)

    def __getitem__(self, at: int) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        rows = self._order[at * _BATCH : (at + 1) * _BATCH]
        colourless = self._chance.random(len(rows)) < self._how.grey
        pictures = np.stack([
            spoilt(self._gallery.pixels[row], bool(plain), self._chance, self._how)
            for row, plain in zip(rows, colourless, strict=True)
        ])  # fmt: skip
        who = self._row[rows]
        truth = {
            "emotions": self._gallery.emotions[rows].astype(np.int32),
            "numbers": self._numbers[who],
            "kinds": self._kinds[who],
        }
        # Colours are not asked of what has none.
        seen = np.where(colourless, 0.0, 1.0).astype(np.float32)
        return scaled(pictures), truth, {
            "emotions": np.ones(len(rows), np.float32), "numbers": seen, "kinds": seen,
        }  # fmt: skip

    def on_epoch_end(self) -> None:
        self._order = self._chance.permutation(len(self._gallery))


def spoilt(
    pixels: NDArray[np.uint8], colourless: bool, chance: np.random.Generator, how: Spoiling
) -> NDArray[np.uint8]:
    """One drawing as it might be met, on a ground by chance.

    Args:
        pixels: [64, 64, 4], straight alpha.
        colourless: Whether it is grey.
        chance: Draws all that is by chance.
        how: Within which bounds.

    Returns:
        [64, 64, 3], RGB.
    """
    picture = pixels.astype(np.float32)
    picture[..., :3] *= picture[..., 3:] / 255
    picture = np.asarray(cv2.warpAffine(picture, _moved(chance, how), (SIDE, SIDE)), np.float32)
    ground = chance.integers(0, 256, 3).astype(np.float32)
    flat = picture[..., :3] + ground * (1 - picture[..., 3:] / 255)
    if colourless:
        flat = np.repeat((flat @ _LUMA)[..., None], 3, axis=2)
    if chance.random() < how.coarse:
        side = int(chance.integers(24, 57))
        less = cv2.resize(flat, (side, side), interpolation=cv2.INTER_AREA)
        flat = np.asarray(cv2.resize(less, (SIDE, SIDE)), np.float32)
    noise = chance.normal(0, chance.uniform(0, how.noise), flat.shape)
    return np.asarray((flat * chance.uniform(0.95, 1.05) + noise).clip(0, 255).round(), np.uint8)


def _moved(chance: np.random.Generator, how: Spoiling) -> NDArray[np.float64]:
    """[2, 3], a turn, a size, a shift, and half of the time a mirror."""
    found = np.eye(3)
    found[:2] = cv2.getRotationMatrix2D(
        (SIDE / 2 - 0.5, SIDE / 2 - 0.5),
        chance.uniform(-how.turn, how.turn),
        1 + chance.uniform(-how.scale, how.scale),
    )
    found[:2, 2] += chance.uniform(-how.shift, how.shift, 2)
    if chance.random() < 0.5:
        found = found @ np.array([[-1, 0, SIDE - 1], [0, 1, 0], [0, 0, 1]])
    return np.asarray(found[:2], np.float64)
