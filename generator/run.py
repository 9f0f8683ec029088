"""What a training run leaves behind: a folder that can be read, resumed and shown.

    recipe.json       how it is trained, and on which pictures
    metrics.jsonl     one JSON object a line: losses, speed, p, quality
    snapshots/        grids of pictures from G_ema, one PNG for each, by thousands of pictures
    states/           the last two states, complete: the run goes on from either exactly
    network/          G_ema and D in our own form, as of the last state

Everything is written beside its place and renamed.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generator.configuration import Configuration
from generator.recipe import Recipe
from vcam_emoji.errors import DataError, UsageError

Arrays = Mapping[str, NDArray[Any]]
FORMAT = "vcam-emoji-run/1"
KEPT = 2


@dataclass(frozen=True, slots=True)
class Run:
    folder: Path

    @property
    def started(self) -> bool:
        return (self.folder / "recipe.json").exists()

    def begin(self, recipe: Recipe, about: Mapping[str, Any]) -> None:
        """Make the folder.

        Raises:
            UsageError: a run, or anything else, is there already, or it cannot be written.
        """
        if self.folder.exists() and any(self.folder.iterdir()):
            raise UsageError(
                f"{self.folder} is not empty.",
                "Go on with the run in it by --resume, or name a new folder with --out.",
            )
        told = {"format": FORMAT, "recipe": asdict(recipe), "about": dict(about)}
        self._write("recipe.json", (json.dumps(told, indent=2) + "\n").encode())

    def recipe(self) -> tuple[Recipe, dict[str, Any]]:
        """As it was begun, and what was noted about it.

        Raises:
            UsageError: there is no run.
        """
        try:
            told = json.loads((self.folder / "recipe.json").read_text(encoding="utf-8"))
            if told["format"] != FORMAT:
                raise ValueError(told["format"])
            fields = dict(told["recipe"])
            configuration = Configuration(**fields.pop("configuration"))
            return Recipe(configuration=configuration, **fields), dict(told["about"])
        except FileNotFoundError as error:
            raise UsageError(
                f"There is no run in {self.folder}.", "Leave out --resume to begin one."
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{self.folder / 'recipe.json'} is not the recipe of a run.", "Begin a new run."
            ) from error

    # --- states ------------------------------------------------------------------------------

    def save(self, state: Arrays, images: int) -> None:
        """Keep a state, and of the older ones only the last."""
        folder = self.folder / "states"
        file = folder / f"{images:011}.npz"

        def write(path: Path) -> None:
            with path.open("wb") as stream:
                np.savez(stream, **dict(state))  # type: ignore[arg-type]

        self._place(file, write)
        for old in self.states()[KEPT:]:
            old.unlink()

    def latest(self) -> dict[str, NDArray[Any]]:
        """The last state that can be read.

        Raises:
            DataError: there is none.
        """
        for file in self.states():
            try:
                with np.load(file, allow_pickle=False) as arrays:
                    return {name: arrays[name] for name in arrays.files}
            except (OSError, ValueError, EOFError, zipfile.BadZipFile):
                continue
        raise DataError(
            f"No state of the run in {self.folder} can be read.", "Begin a new run with --out."
        )

    def states(self) -> list[Path]:
        """Newest first."""
        return sorted((self.folder / "states").glob("*.npz"), reverse=True)

    # --- what is shown -----------------------------------------------------------------------

    def note(self, line: Mapping[str, Any]) -> None:
        """Add a line to the metrics."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")

    def forget_after(self, images: int) -> None:
        """Drop metrics from beyond a state: the run will write them again."""
        lines = [line for line in self.metrics() if line.get("images", 0) <= images]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        self._write("metrics.jsonl", text.encode())

    def metrics(self) -> Iterator[dict[str, Any]]:
        file = self.folder / "metrics.jsonl"
        if file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                try:
                    yield dict(json.loads(line))
                except ValueError:
                    continue  # the last line of a run that was killed

    def show(self, pictures: NDArray[np.uint8], kimg: float) -> Path:
        """Write a grid of pictures, [n, h, w, 3] RGB."""
        file = self.folder / "snapshots" / f"{kimg:09.2f}.png"
        picture = Image.fromarray(grid(pictures))
        self._place(file, lambda path: picture.save(path, "png"))
        return file

    def _write(self, name: str, content: bytes) -> None:
        self._place(self.folder / name, lambda path: path.write_bytes(content))

    def _place(self, file: Path, write: Any) -> None:
        beside = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                write(beside)
                beside.replace(file)
            finally:
                beside.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(
                f"{file} cannot be written: {error.strerror or error}.",
                "Is there room, and is the folder yours?",
            ) from error


def grid(pictures: NDArray[np.uint8], columns: int | None = None) -> NDArray[np.uint8]:
    """Pictures [n, h, w, 3] beside and below each other."""
    n, h, w, c = pictures.shape
    columns = columns or int(np.ceil(np.sqrt(n)))
    rows = -(-n // columns)
    full = np.full((rows * columns, h, w, c), 255, np.uint8)
    full[:n] = pictures
    return full.reshape(rows, columns, h, w, c).swapaxes(1, 2).reshape(rows * h, columns * w, c)
