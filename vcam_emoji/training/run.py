"""A training run's folder: recipe, log, the state to resume from, and the best weights so far."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.errors import DataError
from vcam_emoji.training.recipe import Recipe

Arrays: TypeAlias = list[NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the training pictures brought."""

    number: int
    """From 1."""
    loss: float
    """Mean over the epoch, on varied pictures and soft targets."""
    accuracy: float
    """Of the averaged weights on the public split, 0 to 1."""
    macro_f1: float
    seconds: float
    best: bool
    """No earlier epoch was as accurate."""


@dataclass(frozen=True, slots=True)
class State:
    """All that a run needs to go on as if it had never stopped."""

    epoch: int
    """Epochs done."""
    seconds: float
    """How long they took."""
    variables: Arrays
    """Of the network in training, its dropout seeds included."""
    optimizer: Arrays
    average: Arrays
    """Exponential moving average of the network's weights."""


class Run:
    """The folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def recipe_file(self) -> Path:
        return self.folder / "recipe.json"

    @property
    def started(self) -> bool:
        return self._state_file.is_file()

    def begin(self, recipe: Recipe) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        recipe.save(self.recipe_file)

    def recipe(self) -> Recipe:
        return Recipe.load(self.recipe_file)

    def epochs(self) -> list[Epoch]:
        """The log so far."""
        if not self._log.is_file():
            return []
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return [Epoch(**json.loads(line)) for line in lines if line.strip()]

    def log(self, epoch: Epoch) -> None:
        with self._log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(asdict(epoch)) + "\n")

    def keep(self, state: State) -> None:
        """Store where the run stands; a power cut leaves this state or the one before."""
        groups = {
            "variables": state.variables,
            "optimizer": state.optimizer,
            "average": state.average,
            "progress": [np.array([state.epoch, state.seconds])],
        }
        _write(self._state_file, packed(groups))

    def state(self) -> State:
        """Where the run stopped; what its log says of later epochs is taken back.

        Raises:
            DataError: there is no state, or it is damaged.
        """
        groups = unpacked(self._state_file)
        try:
            epoch, seconds = groups["progress"][0].tolist()
            state = State(
                int(epoch), seconds, groups["variables"], groups["optimizer"], groups["average"]
            )
        except KeyError as error:
            raise DataError(f"{self._state_file} is not a training state.") from error
        known = [json.dumps(asdict(each)) for each in self.epochs() if each.number <= epoch]
        _write(self._log, "".join(f"{line}\n" for line in known).encode())
        return state

    def keep_best(self, weights: Arrays, epoch: Epoch) -> None:
        """Store the averaged weights of the most accurate epoch so far."""
        found = np.array([epoch.number, epoch.accuracy])
        _write(self._best_file, packed({"weights": weights, "found": [found]}))

    def best(self) -> tuple[Arrays, int, float]:
        """Weights of the most accurate epoch, averaged; its number and its accuracy.

        Raises:
            DataError: no epoch has ended yet, or the file is damaged.
        """
        groups = unpacked(self._best_file)
        try:
            epoch, accuracy = groups["found"][0].tolist()
            return groups["weights"], int(epoch), accuracy
        except KeyError as error:
            raise DataError(f"{self._best_file} holds no weights of a run.") from error

    def best_accuracy(self) -> float:
        """Below 0 where no epoch has ended."""
        return self.best()[2] if self._best_file.is_file() else -1.0

    def keep_guesses(self, scores: NDArray[np.float32]) -> None:
        """Store what unlabelled faces are taken for, [n, 7]."""
        _write(self._guesses_file, packed({"scores": [scores]}))

    def guesses(self, n: int) -> NDArray[np.float32]:
        """What `n` unlabelled faces were taken for when the run began, [n, 7].

        Raises:
            DataError: there are none, or of other faces.
        """
        scores: NDArray[np.float32]
        (scores,) = unpacked(self._guesses_file).get("scores", [np.empty(0, np.float32)])
        if len(scores) != n:
            raise DataError(
                f"{self._guesses_file} answers {len(scores)} faces, not {n}.",
                "The faces that the run began with have changed; begin a new run.",
            )
        return scores

    @property
    def _guesses_file(self) -> Path:
        return self.folder / "guesses.npz"

    @property
    def _state_file(self) -> Path:
        return self.folder / "state.npz"

    @property
    def _best_file(self) -> Path:
        return self.folder / "best.npz"

    @property
    def _log(self) -> Path:
        return self.folder / "epochs.jsonl"


def values(variables: Sequence[keras.Variable]) -> Arrays:
    """Copies of the variables' values."""
    return [np.array(keras.ops.convert_to_numpy(each)) for each in variables]


def assign(variables: Sequence[keras.Variable], arrays: Arrays) -> None:
    """Put stored values back.

    Raises:
        DataError: they belong to another network.
    """
    wanted = [tuple(each.shape) for each in variables]
    if wanted != [each.shape for each in arrays]:
        raise DataError(
            f"The stored weights do not fit: {len(arrays)} arrays for {len(wanted)} variables.",
            "They are of another network or another version; begin a new run.",
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def packed(groups: dict[str, Arrays]) -> bytes:
    """As a .npz file that is read without pickle."""
    buffer = io.BytesIO()
    named = {f"{name}/{i:04}": a for name, group in groups.items() for i, a in enumerate(group)}
    np.savez(buffer, **named)  # type: ignore[arg-type]
    return buffer.getvalue()


def unpacked(path: Path) -> dict[str, Arrays]:
    """What `packed` packed.

    Raises:
        DataError: it is not there or damaged.
    """
    groups: dict[str, Arrays] = {}
    try:
        with np.load(path, allow_pickle=False) as stored:
            for name in sorted(stored.files):
                groups.setdefault(name.rpartition("/")[0], []).append(stored[name])
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path} cannot be read: {error}.", "Give the folder of a run that ended an epoch."
        ) from error
    return groups


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    half = path.with_suffix(".half")
    with half.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
