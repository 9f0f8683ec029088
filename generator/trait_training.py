"""Fits the readers of traits to the labels, and says how well they do on people put aside."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from generator import ages, constancy
from generator.ages import Ages, Onlooker
from generator.classifier import Classifier, fit
from generator.descriptors import Vector
from generator.labels import Label, labels
from generator.looks import Looker
from generator.measures import measured
from generator.people import held_out, person_of
from generator.pictures import Picture
from generator.reader import (
    CLASSES,
    COLOURS,
    DESCRIPTORS,
    SEEN,
    Panel,
    Reader,
    Readers,
    described,
    even,
)
from generator.traits import Lab, Traits
from vcam_emoji.errors import DataError

FOLDS = 5
PENALTY = 1.0
"""Of `classifier.fit`; 0.3 to 3 differ by less than the labels' own doubt."""
DOUBT = 0.03
"""What belief in judges is held back by; of 0.003 to 0.1 it told beards and lengths apart best."""


AGES = {
    "0-2": 1.5,
    "3-9": 6.5,
    "10-19": 15.0,
    "20-29": 25.0,
    "30-39": 35.0,
    "40-49": 45.0,
    "50-59": 55.0,
    "60-69": 65.0,
    "more than 70": 75.0,
}
"""FairFace's answers, in years."""
AGE_PENALTY = 3000.0
"""Of the ridge regression; a third of it and thrice as much did a little worse."""

MOST = 4
"""Photographs of one person, by which light is told from skin."""


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
    seen: dict[str, list[Vector]] = {name: [] for name in DESCRIPTORS}
    mirrored: dict[str, list[Vector]] = {name: [] for name in DESCRIPTORS}
    measures = []
    with pictures(data) as read:
        for at, label in enumerate(chosen):
            look = looker.look(read(label.file))
            measures.append(measured(look))
            for vectors, each in ((seen, look), (mirrored, looker.look(look.mirrored()))):
                for name, vector in described(each).items():
                    vectors[name].append(vector)
            if at % 100 == 0:
                report(f"{at} of {len(chosen)} photographs")
    table = np.array(measures)
    middle = np.median(table, axis=0)
    spread = 1.4826 * np.median(np.abs(table - middle), axis=0) + 1e-6
    plain = {name: np.stack(vectors) for name, vectors in seen.items()}
    turned = {name: np.stack(vectors) for name, vectors in mirrored.items()}
    panels = {what: _panel(what, chosen, plain, turned, report) for what in CLASSES}
    return steadied(Readers(panels, middle, spread), data, report)


def steadied(readers: Readers, data: Path, report: Callable[[str], None]) -> Readers:
    """The same readers with colours that are the same in every light, as far as can be told.

    Args:
        readers: Fitted.
        data: The archive; people with several photographs are learnt from, labelled or not.
        report: Told how it goes.

    Raises:
        DataError: the archive cannot be used, or nobody is in it twice.
    """
    reader, looker = Reader(replace(readers, constancy=None)), Looker()
    features, people, colours, spread = [], [], [], []
    with pictures(data) as read:
        chosen = _repeated(data)
        for at, file in enumerate(chosen):
            look = looker.look(read(file))
            seen, vectors = reader.read_look(look), described(look)
            features.append(reader.lit(look, seen, vectors))
            people.append(person_of(file))
            colours.append((even(look, look.skin), called(seen)))
            spread.append((seen.skin, COLOURS[seen.colour_name]))
            if at % 100 == 0:
                report(f"{at} of {len(chosen)} photographs of people in several")
    told, wide = np.array(colours), np.array(spread)
    skin_hair = range(len(constancy.COLOURS))
    fitted = constancy.fitted(
        np.array(features),
        people,
        {constancy.COLOURS[at]: told[:, at] for at in skin_hair},
        {constancy.COLOURS[at]: wide[:, at] for at in skin_hair},
    )
    return replace(readers, constancy=fitted)


def aged(readers: Readers, data: Path, report: Callable[[str], None]) -> Readers:
    """The same readers, who know how old people look.

    Args:
        readers: Fitted.
        data: FairFace: a zip of faces, and an index.csv with file and age.
        report: Told how it goes, and how well on faces put aside.

    Raises:
        DataError: the archive cannot be used.
    """
    onlooker, seen = Onlooker(), []
    told = _told_ages(data)
    with pictures(data) as read:
        for at, file in enumerate(told):
            grey = cv2.cvtColor(read(file), cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
            seen.append(onlooker.vector(grey))
            if at % 1000 == 0:
                report(f"{at} of {len(told)} faces whose age was guessed")
    return replace(readers, ages=fitted_ages(np.array(seen), np.array(list(told.values())), report))


def fitted_ages(
    vectors: NDArray[np.float32], years: NDArray[np.float64], report: Callable[[str], None]
) -> Ages:
    """A ridge regression, [n, k] to [n], and how well it does on a fifth that is put aside."""
    aside = np.random.default_rng(0).random(len(years)) < 0.2
    tried = _regressed(vectors[~aside], years[~aside])
    guessed, true = np.array([tried.years(each) for each in vectors[aside]]), years[aside]
    off = float(np.abs(guessed - true).mean())
    middle = float(np.abs(np.median(years) - true).mean())
    together = float(np.corrcoef(guessed, true)[0, 1])
    report(
        f"age: {aside.sum()} faces put aside are read {off:.1f} years off on average, where the "
        f"middle of all would be {middle:.1f} off; correlation {together:.2f}"
    )
    return _regressed(vectors, years)


def _regressed(vectors: NDArray[np.float32], years: NDArray[np.float64]) -> Ages:
    mean, deviation = vectors.mean(axis=0), vectors.std(axis=0) + 1e-3
    k, middle = vectors.shape[1], float(years.mean())
    plain = Ages(mean, deviation, np.zeros(k), middle, 1.0)
    x = ages.standard(vectors, plain)
    weights = np.asarray(
        np.linalg.solve(x.T @ x + AGE_PENALTY * np.eye(k), x.T @ (years - middle)), np.float64
    )
    # Half way, on a scale of factors, to a spread as wide as people's own.
    stretch = float(np.sqrt(years.std() / max(float((x @ weights).std()), 1e-9)))
    return replace(plain, weights=weights, stretch=stretch)


def _told_ages(data: Path) -> dict[str, float]:
    """Years by file: the middle of what was guessed."""
    try:
        with zipfile.ZipFile(data) as archive:
            rows = list(csv.DictReader(io.StringIO(archive.read("index.csv").decode("utf-8-sig"))))
        return {row["file"]: AGES[row["age"]] for row in rows}
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise DataError(
            f"{data} cannot be used: {error}", "Give the archive of FairFace, with an index.csv."
        ) from error


def called(seen: Traits) -> Lab:
    """Hair between what a photograph has and what such hair is called.

    Of light hair a photograph has the shadows mostly, for what is lit is as light as skin is.
    """
    hair = np.array(seen.hair)
    for name, odds in seen.colour.items():
        hair += odds * np.array(COLOURS[name])
    lightness, a, b = (float(each) / 2 for each in hair)
    return lightness, a, b


def _repeated(data: Path) -> list[str]:
    """Photographs of people who are in the archive more than once, `MOST` of each at most."""
    own: dict[str, list[str]] = {}
    with zipfile.ZipFile(data) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".jpg") and not held_out(name):
                own.setdefault(person_of(name), []).append(name)
    found = [name for names in own.values() if len(names) > 1 for name in names[:MOST]]
    if not found:
        raise DataError(
            f"Nobody is in {data} more than once.",
            "Give the archive faces128.zip of aligned faces.",
        )
    return found


def save(readers: Readers, file: Path) -> None:
    """Write what `generator.reader.load` reads; beside its place first, then renamed."""
    kept: dict[str, NDArray[np.generic]] = {}
    for what, panel in readers.panels.items():
        for name, judge in zip(SEEN[what], panel.judges, strict=True):
            kept[f"{what}/{name}/weights"] = judge.weights.astype(np.float16)
            kept[f"{what}/{name}/offset"] = judge.offset.astype(np.float32)
        kept[f"{what}/belief"] = panel.belief.astype(np.float32)
        kept[f"{what}/bias"] = panel.bias.astype(np.float32)
    if readers.constancy is not None:
        kept["constancy/mean"] = readers.constancy.mean.astype(np.float32)
        kept["constancy/deviation"] = readers.constancy.deviation.astype(np.float32)
        for name in constancy.COLOURS:
            kept[f"constancy/{name}/weights"] = readers.constancy.weights[name].astype(np.float32)
            kept[f"constancy/{name}/offset"] = readers.constancy.offset[name].astype(np.float32)
    if readers.ages is not None:
        kept["age/mean"] = readers.ages.mean.astype(np.float32)
        kept["age/deviation"] = readers.ages.deviation.astype(np.float32)
        kept["age/weights"] = readers.ages.weights.astype(np.float32)
        kept["age/offset"] = np.asarray(readers.ages.offset, np.float32)
        kept["age/stretch"] = np.asarray(readers.ages.stretch, np.float32)
    kept["measures/mean"], kept["measures/deviation"] = readers.mean, readers.deviation
    memory = io.BytesIO()
    np.savez_compressed(memory, **kept)  # type: ignore[arg-type]
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.{os.getpid()}.part")
    beside.write_bytes(memory.getvalue())
    beside.replace(file)


def _panel(
    what: str,
    chosen: Sequence[Label],
    plain: Mapping[str, NDArray[np.float32]],
    turned: Mapping[str, NDArray[np.float32]],
    report: Callable[[str], None],
) -> Panel:
    """Judges fitted to all photographs, believed as they did on photographs put aside."""
    classes = CLASSES[what]
    told = np.array([getattr(label, what) for label in chosen])
    usable = np.flatnonzero(np.isin(told, classes))
    told, truth = told[usable], told[usable][:, None] == np.array(classes)
    fold = np.random.default_rng(0).integers(0, FOLDS, len(usable))
    judges: list[Classifier] = []
    scores = np.zeros((len(usable), len(SEEN[what]), len(classes)))
    for at, name in enumerate(SEEN[what]):
        x = plain[name][usable]
        for k in range(FOLDS):
            aside = fold == k
            judge = fit(x[~aside], told[~aside], classes, PENALTY)
            scores[aside, at] = judge.scores(x[aside])
        both = np.concatenate([x, turned[name][usable]])
        judges.append(fit(both, np.tile(told, 2), classes, PENALTY))
    heard = scores.reshape(len(usable), -1)
    odds = np.zeros(truth.shape)
    again = np.random.default_rng(1).integers(0, FOLDS, len(usable))
    for k in range(FOLDS):
        belief, bias = believed(heard[again != k], truth[again != k])
        odds[again == k] = heard[again == k] @ belief + bias
    right = odds.argmax(axis=1) == truth.argmax(axis=1)
    ordinary = np.array([label.by_chance == "yes" for label in chosen])[usable]
    report(
        f"{what}: of those put aside {right.mean():.1%} of {len(right)} are read right, "
        f"{right[ordinary].mean():.1%} of the {ordinary.sum()} chosen by chance"
    )
    return Panel(tuple(judges), *believed(heard, truth))


def believed(
    heard: NDArray[np.float64], truth: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights and bias with which scores tell classes best: multinomial logistic regression.

    Args:
        heard: [n, scores].
        truth: [n, classes], true once in each row.

    Returns:
        [scores, classes] and [classes], for scores as they are.
    """
    mean, deviation = heard.mean(axis=0), heard.std(axis=0) + 1e-9
    x = np.column_stack([(heard - mean) / deviation, np.ones(len(heard))])
    held = np.full((x.shape[1], 1), DOUBT)
    held[-1] = 0
    weights = np.zeros((x.shape[1], truth.shape[1]))
    ahead, step = weights, 2 / (np.linalg.eigvalsh(x.T @ x / len(x))[-1] + 2 * DOUBT)
    # Nesterov's accelerated descent; the step is safe, for softmax curves by 1/2 at most.
    for turn in range(1, 1001):
        powers = x @ ahead
        powers = np.exp(powers - powers.max(axis=1, keepdims=True))
        wrong = powers / powers.sum(axis=1, keepdims=True) - truth
        reached = ahead - step * (x.T @ wrong / len(x) + held * ahead)
        ahead = reached + (turn - 1) / (turn + 2) * (reached - weights)
        weights = reached
    belief = weights[:-1] / deviation[:, None]
    return belief, weights[-1] - mean @ belief


def agreement(pairs: Iterable[tuple[str, str]]) -> float:
    """Share of pairs of (told, read) that are the same; those not told do not count."""
    known = [told == found for told, found in pairs if told]
    return sum(known) / max(len(known), 1)
