"""What ends every way to a set: a bar while it is made, a sheet of it, and its use."""

from __future__ import annotations

import argparse
import subprocess
import sys
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from vcam_emoji.errors import UsageError

if TYPE_CHECKING:
    from generator.making import Say
    from generator.pictures import Picture
    from vcam_emoji.emoji_set import EmojiSet


def check_free(name: str) -> None:
    """Raises `UsageError` if there is a set of that name."""
    from vcam_emoji import emoji_set

    if name in emoji_set.available():
        raise UsageError(
            f"There is an emoji set called {name!r} already.",
            "Choose another --name, or say --replace.",
        )


def check_place(file: Path) -> None:
    """Raises `UsageError` if that file could not be written; nothing stays of the trial."""
    folder = file.parent
    try:
        while not folder.exists():
            folder = folder.parent
        with TemporaryDirectory(prefix=f".{file.name}-", dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {error.strerror}.", "Is its folder yours?"
        ) from error


@contextmanager
def said_when_stopped(sentence: str) -> Iterator[None]:
    """Tells what became of the work if the person ends it with Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        print(sentence, file=sys.stderr)
        raise


def shown_and_used(
    options: argparse.Namespace, drawn: EmojiSet, before: Sequence[tuple[str, Picture]]
) -> bool:
    """Use the set, write the sheet and open it, as far as the options say.

    Args:
        options: Of `make` or `adjust`.
        drawn: Installed.
        before: Pictures that come before the emotions on the sheet, with labels.

    Returns:
        Whether the set is used now.

    Raises:
        UsageError: the sheet cannot be written; the set is there all the same.
    """
    used = bool(options.use) and _use(drawn.name)
    if options.sheet is not None:
        try:
            _sheet(options.sheet, drawn, before)
        except UsageError as error:
            raise UsageError(
                error.message, f"The set {drawn.name} is there all the same. {error.hint}"
            ) from error
        # Not among what is printed of the set, which may be JSON.
        print(f"Written: {options.sheet}", file=sys.stderr)
        if options.open:
            webbrowser.open(options.sheet.resolve().as_uri())
    return used


def _use(name: str) -> bool:
    """Through the command line, which knows whether a service runs."""
    command = [sys.executable, "-m", "vcam_emoji.cli", "sets", "use", name]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0


def _sheet(file: Path, drawn: EmojiSet, before: Sequence[tuple[str, Picture]]) -> None:
    """The pictures beside the seven emotions."""
    import cv2
    import numpy as np

    from generator.pictures import grid, png, write
    from vcam_emoji.types import Emotion

    def sized(picture: Picture) -> Picture:
        how = cv2.INTER_AREA if picture.shape[0] > 256 else cv2.INTER_CUBIC
        return cv2.resize(picture, (256, 256), interpolation=how).astype(np.uint8)

    shown: list[Picture | None] = [sized(picture) for _, picture in before]
    for emotion in Emotion:
        pixels = drawn.images[emotion][-1][1].pixels.astype(np.float32)
        alpha = pixels[..., 3:] / 255
        flat = pixels[..., 2::-1] * alpha + 244 * (1 - alpha)
        shown.append(sized(np.rint(flat).astype(np.uint8)))
    labels = [*(label for label, _ in before), *map(str, Emotion)]
    write(file, png(grid([shown], columns=labels)))


@contextmanager
def progress(silent: bool, whole: float) -> Iterator[Say]:
    """A bar with the step that is worked on and the time left.

    Steps count for what they cost on a quiet core; how fast this machine is with them right now is
    measured as they are done, so the time left holds on a slow or busy one too.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    unseen = silent or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=unseen) as bar:
        task, begun = bar.add_task("", total=whole), 0.0

        def say(step: str, cost: float) -> None:
            nonlocal begun
            bar.update(task, advance=begun, description=f"{step:20}")
            begun = cost

        yield say
        bar.update(task, completed=whole)
