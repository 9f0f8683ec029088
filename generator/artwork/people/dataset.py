"""The labelled drawings that networks learn from: people, each in every emotion and intensity."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2

from generator.artwork.people.person import Person
from generator.artwork.people.portrait import Sitter
from generator.artwork.people.sets import INTENSITIES, steps
from vcam_emoji.errors import UsageError
from vcam_emoji.types import Emotion

LABELS = "labels.jsonl"
PLAN = "dataset.json"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is drawn. The same plan gives the same files."""

    people: int
    size: int = 128
    """Pixels."""
    seed: int = 0
    """The number of the first person; the others follow."""
    intensities: tuple[float, ...] = INTENSITIES
    format: str = "png"
    """Or `webp`, without loss: smaller, and slower to write."""

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("people", self.people, 1, 1_000_000), ("size", self.size, 16, 1024),
            ("seed", self.seed, 0, 1 << 40),
        ):  # fmt: skip
            if not low <= value <= high:
                raise UsageError(f"--{name} cannot be {value}.", f"It is from {low} to {high}.")
        fits = all(0 < each <= 1 for each in self.intensities)
        if not fits or not self.intensities or len(set(self.intensities)) < len(self.intensities):
            raise UsageError("--intensities cannot be that.", "Write shares such as 0.33,0.66,1.")
        if self.format not in ("png", "webp"):
            raise UsageError(f"--format cannot be {self.format!r}.", "It is png or webp.")

    def pictures(self, person: int) -> Iterator[tuple[str, Emotion, float]]:
        """File, emotion and intensity of each drawing of a person."""
        for emotion in Emotion:
            for step in steps(emotion, self.intensities):
                yield f"{person:06d}/{emotion}-{step:g}.{self.format}", emotion, step

    @property
    def numbers(self) -> range:
        """Of the people."""
        return range(self.seed, self.seed + self.people)

    @property
    def total(self) -> int:
        """Drawings."""
        return self.people * sum(1 for _ in self.pictures(0))


def write(
    plan: Plan, out: Path, jobs: int = 1, progress: Callable[[int, int], None] = lambda *_: None
) -> None:
    """Draw a plan into a folder, or a zip if `out` ends in `.zip`.

    What is drawn so far lies beside it in a folder that ends in `.partial`; the same call goes on
    from there. `out` itself appears when it is whole.

    Args:
        plan: What to draw.
        out: Where to.
        jobs: Processes that draw.
        progress: Is told after each person how many drawings there are, and how many will be.

    Raises:
        UsageError: if `out` is there, something else was begun there, or it cannot be written.
    """
    partial = out.with_name(out.name + ".partial")
    try:
        if out.exists():
            raise UsageError(f"{out} is there already.", "Name another place, or move it away.")
        _begin(plan, partial)
        missing = [n for n in plan.numbers if not (partial / f"{n:06d}").is_dir()]
        done = plan.people - len(missing)
        each = plan.total // plan.people
        progress(done * each, plan.total)
        for _ in _mapped(plan, partial, missing, jobs):
            done += 1
            progress(done * each, plan.total)
        _label(plan, partial)
        if out.suffix == ".zip":
            _zip(partial, out)
            shutil.rmtree(partial)
        else:
            partial.rename(out)
    except OSError as error:
        raise UsageError(
            f"{out} cannot be written: {error.strerror or error}.",
            "Is there room, and is it yours?",
        ) from error


def _begin(plan: Plan, partial: Path) -> None:
    said = json.dumps({"format": 1, **asdict(plan)}, indent=1) + "\n"
    file = partial / PLAN
    if file.exists():
        if file.read_text() != said:
            raise UsageError(
                f"{partial} was begun with another size, seed or number of people.",
                "Say the same again to go on, or remove that folder.",
            )
        return
    partial.mkdir(parents=True, exist_ok=True)
    file.write_text(said)


def _mapped(plan: Plan, partial: Path, missing: Sequence[int], jobs: int) -> Iterator[None]:
    if jobs <= 1 or len(missing) < 2:
        for number in missing:
            _draw(plan, partial, number)
            yield
        return
    # Spawned, not forked: the caller may have threads.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        count = len(missing)
        try:
            yield from pool.map(_draw, [plan] * count, [partial] * count, missing)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _draw(plan: Plan, partial: Path, number: int) -> None:
    """All drawings of a person: a folder that is whole once it has its name."""
    sitter = Sitter(Person.random(number), plan.size)
    unfinished = partial / f".{number:06d}"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for name, emotion, step in plan.pictures(number):
        pixels = sitter.draw(emotion, step)[..., [2, 1, 0, 3]]
        quality = [cv2.IMWRITE_WEBP_QUALITY, 101] if plan.format == "webp" else []
        _, encoded = cv2.imencode(f".{plan.format}", pixels, quality)
        (unfinished / Path(name).name).write_bytes(encoded.tobytes())
    unfinished.rename(partial / f"{number:06d}")


def _label(plan: Plan, partial: Path) -> None:
    unfinished = partial / f".{LABELS}"
    with unfinished.open("w") as file:
        for number in plan.numbers:
            traits = Person.random(number).traits()
            for name, emotion, step in plan.pictures(number):
                label = {"file": name, "person": number, "emotion": emotion, "intensity": step}
                file.write(json.dumps({**label, "traits": traits}) + "\n")
    unfinished.rename(partial / LABELS)


def _zip(folder: Path, out: Path) -> None:
    unfinished = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as archive:
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _LONG_AGO)
                    archive.writestr(entry, file.read_bytes())
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
