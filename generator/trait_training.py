"""Fits the readers of traits to the labels, and says how well they do on people put aside."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.classifier import fit
from generator.labels import Label, labels
from generator.looks import Look, Looker
from generator.measures import measured
from generator.people import held_out
from generator.pictures import Picture
from generator.reader import CLASSES, SEEN, Readers, described
from vcam_emoji.errors import DataError

FOLDS = 5
PENALTY = 0.7
"""Of `classifier.fit`; 0.3 to 3 differ by less than the labels' own doubt."""


@contextmanager
def pictures(data: Path) -> Iterator[Callable[[str], Picture]]:
    """Reads pictures of a zip by name, as RGB.

    Raises:
        DataError: it is no such zip, or a picture is missing or damaged.
    """
    try:
        with zipfile.ZipFile(data) as archive:

            def read(name: str) -> Picture:
                encoded = np.frombuffer(archive.read(name), np.uint8)
                image = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
                if image is None:
                    raise DataError(f"{name} in {data} is no picture.", "Copy the archive again.")
                return cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)

            yield read
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise DataError(
            f"{data} cannot be used: {error}", "Give the archive faces128.zip of aligned faces."
        ) from error


def train(data: Path, report: Callable[[str], None]) -> Readers:
    """Fit to the labelled photographs of people who are not held out, and to their mirror images.

    Args:
        data: The archive.
        report: Told how it goes.

    Raises:
        DataError: the archive cannot be used.
    """
    chosen = [label for label in labels() if not held_out(label.file)]
    looker = Looker()
    vectors: list[dict[str, NDArray[np.float32]]] = []
    measures = []
    with pictures(data) as read:
        for at, label in enumerate(chosen):
            look: Look = looker.look(read(label.file))
            vectors.append(described(look))
            vectors.append(described(looker.look(look.mirrored())))
            measures.append(measured(look))
            if at % 100 == 0:
                report(f"{at} of {len(chosen)} photographs")
    table = np.array(measures)
    middle = np.median(table, axis=0)
    spread = 1.4826 * np.median(np.abs(table - middle), axis=0) + 1e-6
    found = Readers({}, {}, {}, middle, spread)
    for what in CLASSES:
        _fit(what, chosen, vectors, found, report)
    return found


def save(readers: Readers, file: Path) -> None:
    """Write what `generator.reader.load` reads; beside its place first, then renamed."""
    kept: dict[str, NDArray[np.generic]] = {}
    for what, reader in readers.classifiers.items():
        kept[f"{what}/weights"] = reader.weights.astype(np.float16)
        kept[f"{what}/offset"] = reader.offset.astype(np.float32)
        kept[f"{what}/bias"] = readers.bias[what].astype(np.float32)
        kept[f"{what}/sharpness"] = np.float32(readers.sharpness[what])  # type: ignore[assignment]
    kept["measures/mean"], kept["measures/deviation"] = readers.mean, readers.deviation
    memory = io.BytesIO()
    np.savez_compressed(memory, **kept)  # type: ignore[arg-type]
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.{os.getpid()}.part")
    beside.write_bytes(memory.getvalue())
    beside.replace(file)


def _fit(
    what: str,
    chosen: Sequence[Label],
    vectors: Sequence[dict[str, NDArray[np.float32]]],
    found: Readers,
    report: Callable[[str], None],
) -> None:
    classes = CLASSES[what]
    told = np.array([getattr(label, what) for label in chosen])
    usable = np.flatnonzero(np.isin(told, classes))
    x = np.stack([np.concatenate([each[d] for d in SEEN[what]]) for each in vectors])
    # A photograph and its mirror image stay in one fold.
    fold = np.random.default_rng(0).integers(0, FOLDS, len(chosen))

    def both(indices: NDArray[np.intp]) -> NDArray[np.intp]:
        return np.concatenate([2 * indices, 2 * indices + 1])

    def fitted(indices: NDArray[np.intp]):  # type: ignore[no-untyped-def]
        return fit(x[both(indices)], np.tile(told[indices], 2), classes, PENALTY)

    scores = np.zeros((len(chosen), len(classes)))
    for k in range(FOLDS):
        aside = usable[fold[usable] == k]
        scores[aside] = fitted(usable[fold[usable] != k]).scores(x[2 * aside])
    truth = (told[usable][:, None] == np.array(classes)[None]).astype(float)
    sharpness, bias = _calibrated(scores[usable], truth)
    found.classifiers[what] = fitted(usable)  # type: ignore[index]
    found.bias[what], found.sharpness[what] = bias, sharpness  # type: ignore[index]
    right = (sharpness * scores[usable] + bias).argmax(axis=1) == truth.argmax(axis=1)
    report(f"{what}: {right.mean():.1%} of {len(usable)} put aside are read right")


def _calibrated(
    scores: NDArray[np.float64], truth: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Sharpness and bias with which odds fit best (Platt scaling), by gradient descent."""
    sharpness, bias = 3.0, np.zeros(scores.shape[1])
    for _ in range(3000):
        powers = sharpness * scores + bias
        powers = np.exp(powers - powers.max(axis=1, keepdims=True))
        wrong = powers / powers.sum(axis=1, keepdims=True) - truth
        sharpness -= 0.5 * float((wrong * scores).sum() / len(scores))
        bias = bias - 0.5 * (wrong.mean(axis=0) + 1e-3 * bias)
    return sharpness, bias


def agreement(pairs: Iterable[tuple[str, str]]) -> float:
    """Share of pairs of (told, read) that are the same; those not told do not count."""
    known = [told == found for told, found in pairs if told]
    return sum(known) / max(len(known), 1)
