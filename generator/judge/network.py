"""The judge: one small convolutional network, [n, 64, 64, 3] in [-1, 1] to emotion and traits.

It has no normalisation, so that it computes the same in training and in use, and does so fast on a
CPU. Its weights are an archive of plain arrays: nothing in it is executed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from generator import keras_archive
from generator.judge.answers import KINDS, NUMBERS, ODDS, Readings
from generator.judge.gallery import SIDE, Flat
from vcam_emoji.errors import ModelError
from vcam_emoji.resources import asset
from vcam_emoji.types import Emotion

STAGES = (24, 48, 96, 96)
"""Channels; each stage halves the picture."""
_FORMAT = "vcam-emoji-judge/1"
_HINT = "Train one: vcam-emoji-generator judge train"
_BATCH = 256
SHIPPED = "models/judge/judge.npz"


@dataclass(frozen=True, slots=True)
class About:
    """What a judge learnt from; of several trainings, all of it."""

    people: int
    """How many numbers there are from the first to the last."""
    seed: int
    """The number of the first person."""
    epochs: int

    def knows(self, number: int) -> bool:
        """Whether it learnt from drawings of the person of that number."""
        return self.seed <= number < self.seed + self.people


def build() -> keras.Model:
    """A fresh network: emotion logits, numbers, and logits of kinds."""
    pictures = x = keras.Input((SIDE, SIDE, 3))
    for filters in STAGES:
        x = layers.Conv2D(filters, 3, 2, "same", activation="gelu")(x)
        y = layers.Conv2D(filters, 3, padding="same", activation="gelu")(x)
        y = layers.Conv2D(filters, 1, kernel_initializer="zeros")(y)
        x = layers.Add()([x, y])
    # Flat, not averaged: all drawings are aligned, and where something is tells what it is.
    x = layers.Dense(96, activation="gelu")(layers.Dropout(0.1)(layers.Flatten()(x)))
    x = layers.Dropout(0.1)(x)
    heads = {
        "emotions": layers.Dense(len(Emotion), name="emotions")(x),
        "numbers": layers.Dense(NUMBERS, name="numbers")(x),
        "kinds": layers.Dense(ODDS, name="kinds")(x),
    }
    return keras.Model(pictures, heads)


def scaled(flat: Flat) -> NDArray[np.float32]:
    """What the network takes: -1 to 1."""
    return flat.astype(np.float32) / np.float32(127.5) - np.float32(1)


def kinds_loss(true: Any, logits: Any) -> Any:
    """[n], mean cross entropy over `KINDS`; the second half of `true` is 1 where a kind shows."""
    wanted, shown = true[:, :ODDS], true[:, ODDS:]
    total, start = 0.0, 0
    for options in KINDS.values():
        place = slice(start, start + len(options))
        start += len(options)
        likely = ops.log_softmax(logits[:, place], axis=-1)
        total = total - ops.sum(wanted[:, place] * shown[:, place] * likely, axis=-1)
    return total / len(KINDS)


def numbers_loss(true: Any, found: Any) -> Any:
    """[n], mean squared error; the second half of `true` is 1 where a number shows."""
    wanted, shown = true[:, :NUMBERS], true[:, NUMBERS:]
    return ops.mean(shown * ops.square(found - wanted), axis=-1)


class Network:
    """A trained network: a `Judge`."""

    def __init__(self, model: keras.Model, about: About) -> None:
        self.model = model
        self.about = about

    def read(self, flat: Flat) -> Readings:
        """As in `answers.Judge`."""
        found: dict[str, list[NDArray[np.float32]]] = {"emotions": [], "numbers": [], "kinds": []}
        for start in range(0, len(flat), _BATCH):
            answers = self.model(scaled(flat[start : start + _BATCH]), training=False)
            for name, rows in found.items():
                rows.append(np.asarray(ops.convert_to_numpy(answers[name]), np.float32))
        whole = {name: np.concatenate(rows) for name, rows in found.items()}
        return Readings(_softmax(whole["emotions"]), whole["numbers"], _odds(whole["kinds"]))

    def save(self, file: Path) -> None:
        """Write float16 weights and what they learnt from.

        Raises:
            UsageError: it cannot be written.
        """
        keras_archive.save(self.model, file, _FORMAT, asdict(self.about))


def load(file: Path | None = None) -> Network:
    """The shipped judge, or another.

    Raises:
        ModelError: it is missing, or no judge.
    """
    model = build()
    file = file or asset(SHIPPED)
    told = keras_archive.load(model, file, _FORMAT, "judge", _HINT)
    try:
        about = About(int(told["people"]), int(told["seed"]), int(told["epochs"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{file} holds no judge: {error}", _HINT) from error
    return Network(model, about)


def _odds(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    parts, start = [], 0
    for options in KINDS.values():
        parts.append(_softmax(logits[:, start : start + len(options)]))
        start += len(options)
    return np.concatenate(parts, axis=1)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
