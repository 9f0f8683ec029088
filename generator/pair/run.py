"""A pair being taught, in a folder: it can be watched, stopped, and gone on with.

recipe.json    how, and on how many people
log.jsonl      a line for each look, of people put aside: how unlike photographs are, and drawings,
               from the photograph, from there by a blend (`blended`), and from the drawing at rest
               (`redrawn`)
sheet.png      people put aside: photograph, photograph drawn, and emoji
state.npz      all that the next step depends on
faces/ emoji/  both networks in our own form, and beside them
pair.npz       the encoder and the directions
"""

from __future__ import annotations

import json
import os
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from generator.blending import Switch
from generator.configuration import Configuration
from generator.pair import pair
from generator.pair.couples import EMOTIONS, Couples
from generator.pair.teaching import Recipe, Teacher, batch_of, fresh, switches, with_drawings
from generator.pictures import Picture, grid, png, write
from generator.training import stop_signals
from generator.weights import trained
from vcam_emoji.errors import DataError, UsageError
from vcam_emoji.types import Emotion

FORMAT = "vcam-emoji-pair-run/1"
ASIDE = 25
"""Every so many-th couple is put aside, to see how strangers come out."""
_SHOWN = 8
_STATE = "state.npz"


@dataclass(frozen=True, slots=True)
class Progress:
    seconds: float
    """Taught, all in all."""
    share: float
    """Of the time, 0 to 1."""
    images: int
    photos: float
    drawings: float
    """How unlike they are, lately; 0 before drawings are learnt."""


def begin(folder: Path, recipe: Recipe, couples: Couples, before: pair.Pair | None = None) -> None:
    """Make the folder.

    Args:
        folder: Of the run.
        recipe: How it is taught.
        couples: What it will learn from.
        before: A pair of the recipe's shape to go on with; None begins with random weights.

    Raises:
        UsageError: something is there already, or it cannot be made.
        DataError: the couples have another size than the networks.
    """
    side = recipe.configuration.resolution
    if couples.side != side:
        raise DataError(
            f"The photographs are {couples.side} px, the networks draw {side}.",
            "Make the couples anew with --resolution.",
        )
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(
            f"{folder} is not empty.",
            "Go on with the run in it by --resume, or name a new folder with --out.",
        )
    if before is not None:
        weights = {
            "E": before.encoder,
            "F": trained(before.faces.weights),
            "M": trained(before.emoji.weights),
            "D": {"directions": ops.convert_to_tensor(before.directions)},
        }
        folder.mkdir(parents=True, exist_ok=True)
        _keep_state(folder, fresh(recipe, weights), 0.0, 0)
    # Last: a run that was cut off here must not be gone on with from random weights.
    told = {"format": FORMAT, "people": len(couples), "recipe": asdict(recipe)}
    write(folder / "recipe.json", (json.dumps(told, indent=2) + "\n").encode())


def begun(folder: Path) -> Recipe:
    """How the run in a folder is taught.

    Raises:
        UsageError: there is none.
        DataError: its recipe is damaged.
    """
    try:
        told = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise ValueError(told["format"])
        fields = dict(told["recipe"])
        return Recipe(configuration=Configuration(**fields.pop("configuration")), **fields)
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no run in {folder}.", "Leave out --resume to begin one."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{folder / 'recipe.json'} is not the recipe of a pair.", "Begin a new run."
        ) from error


def teach(
    folder: Path,
    recipe: Recipe,
    couples: Couples,
    minutes: float = float("inf"),
    most: float = float("inf"),
    look_every: float = 300.0,
    tell: Callable[[Progress], None] = lambda _progress: None,
) -> None:
    """Teach for so long, or so much, all in all; go on where the folder's state is.

    Args:
        folder: Of the run; `begin` has made it.
        recipe: Its own.
        couples: What it learns from.
        minutes: In which the rate falls to 0, earlier sittings included.
        most: Photographs shown in which it does.
        look_every: Seconds from one look and kept state to the next.
        tell: Is called after each step.

    Raises:
        DataError: the state is damaged.
    """
    state, before, images = _restored(folder, recipe)
    kept = images if images else -1
    teacher = Teacher(recipe)
    aside = np.arange(len(couples)) % ASIDE == 0
    learnt, judged = np.flatnonzero(~aside), np.flatnonzero(aside)
    drawn = np.concatenate([learnt, np.arange(len(couples), len(couples.drawings))])
    started = looked = time.monotonic()
    photos = drawings = 0.0
    with stop_signals() as stopped:
        for rows in _orders(learnt, recipe, images):
            seconds = before + time.monotonic() - started
            share = max(seconds / (60 * minutes), images / most)
            if share >= 1 or stopped():
                break
            if share >= recipe.alone and "M" not in state["weights"]:
                state = with_drawings(state, recipe)
            chance = np.random.default_rng((recipe.seed, 1, images))
            batch = batch_of(couples, recipe, rows, drawn, chance)
            state, told = teacher.step(
                state, {name: ops.convert_to_tensor(each) for name, each in batch.items()}, share
            )
            images += len(rows)
            photos, drawings = (
                old + (float(told[name]) - old) * (0.05 if old else 1.0) if name in told else 0.0
                for name, old in (("photos", photos), ("drawings", drawings))
            )
            tell(Progress(seconds, share, images, photos, drawings))
            if time.monotonic() - looked > look_every:
                _keep(folder, recipe, state, couples, judged, seconds, images)
                looked, kept = time.monotonic(), images
    if kept != images:
        seconds = before + time.monotonic() - started
        _keep(folder, recipe, state, couples, judged, seconds, images)


def sheet(taught: pair.Pair, photos: NDArray[np.uint8]) -> Picture:
    """People in rows: the photograph, drawn again, and as an emoji in every emotion."""
    ws = taught.meet(photos)
    columns = [photos, taught.faces.draw(ws)]
    names = ["photo", "drawn again"]
    for emotion in sorted(Emotion, key=lambda each: each is not Emotion.NEUTRAL):
        columns.append(taught.emoji.draw(taught.felt(ws, emotion, 1.0)))
        names.append(str(emotion))
    return grid(list(zip(*columns, strict=True)), names)


def _keep(
    folder: Path,
    recipe: Recipe,
    state: Any,
    couples: Couples,
    judged: NDArray[np.int64],
    seconds: float,
    images: int,
) -> None:
    _keep_state(folder, state, seconds, images)
    taught = pair.Pair.of(state["average"], recipe.configuration)
    line = {"seconds": round(seconds), "images": images, **_judged(taught, couples, judged)}
    with (folder / "log.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")
    if taught.drawn:
        taught.save(folder)
        write(folder / "sheet.png", png(sheet(taught, couples.photos[judged[:_SHOWN]])))


def _keep_state(folder: Path, state: Any, seconds: float, images: int) -> None:
    flat = {f"state/{name}": np.asarray(ops.convert_to_numpy(x)) for name, x in _leaves(state)}
    beside = folder / f".{_STATE}.{os.getpid()}.npz"
    flat |= {"seconds": np.array(seconds), "images": np.array(images)}
    np.savez(beside, **flat)  # type: ignore[arg-type]
    beside.replace(folder / _STATE)


def _judged(taught: pair.Pair, couples: Couples, rows: NDArray[np.int64]) -> dict[str, float]:
    """Mean absolute difference in grey levels, of people it has not learnt from."""
    ws = taught.meet(couples.photos[rows])
    found = {"photos": _off(taught.faces.draw(ws), couples.photos[rows])}
    if taught.drawn:
        known = taught.meet(couples.drawings[rows, 0])
        blend = taught.blended(Switch(switches(taught.configuration)[-1]))
        for name, draws, begin in (
            ("drawings", taught, ws),
            ("blended", blend, ws),
            ("redrawn", taught, known),
        ):
            off = []
            for column in range(couples.drawings.shape[1]):
                emotions = [EMOTIONS[at] for at in couples.emotions[rows, column]]
                moved = draws.all_felt(begin, emotions, couples.intensities[rows, column])
                off.append(_off(draws.emoji.draw(moved), couples.drawings[rows, column]))
            found[name] = float(np.mean(off))
    return {name: round(value, 3) for name, value in found.items()}


def _off(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(np.float32) - other).mean())


def _orders(rows: NDArray[np.int64], recipe: Recipe, images: int) -> Iterator[NDArray[np.int64]]:
    """Batches of rows without end, each epoch in an order of its own, from `images` on."""
    steps = max(1, len(rows) // recipe.batch)
    step = images // recipe.batch
    while True:
        epoch, at = divmod(step, steps)
        order = np.random.default_rng((recipe.seed, 0, epoch)).permutation(rows)
        yield np.resize(order[at * recipe.batch : (at + 1) * recipe.batch], recipe.batch)
        step += 1


def _restored(folder: Path, recipe: Recipe) -> tuple[Any, float, int]:
    if not (folder / _STATE).exists():
        return fresh(recipe), 0.0, 0
    try:
        with np.load(folder / _STATE, allow_pickle=False) as kept:
            seconds, images = float(kept["seconds"]), int(kept["images"])
            flat = {name: kept[name] for name in kept.files}
        state = fresh(recipe)
        if any(name.startswith("state/weights/M/") for name in flat):
            state = with_drawings(state, recipe)
        return _filled(state, flat, "state"), seconds, images
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"The state of the run in {folder} cannot be read: {error}.", "Begin a new run."
        ) from error


def _leaves(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(tree, Mapping):
        yield name, tree
        return
    for key, value in tree.items():
        yield from _leaves(value, f"{name}/{key}" if name else key)


def _filled(tree: Any, flat: Mapping[str, NDArray[Any]], name: str) -> Any:
    if isinstance(tree, Mapping):
        return {key: _filled(value, flat, f"{name}/{key}") for key, value in tree.items()}
    array = flat[name]
    if array.shape != tuple(tree.shape):
        raise ValueError(f"{name} has shape {list(array.shape)}, not {list(tree.shape)}")
    return ops.convert_to_tensor(array)
