"""`vcam-emoji demo`: the live path over a shipped clip, for whoever has no camera at hand."""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from vcam_emoji import cards
from vcam_emoji import emoji_set as sets
from vcam_emoji.cards import Card
from vcam_emoji.clips.show import Show, demo_clip
from vcam_emoji.demo import sheet
from vcam_emoji.demo.caption import labels
from vcam_emoji.demo.performance import Stage, Tally, perform
from vcam_emoji.demo.shutter import Shutter
from vcam_emoji.demo.video import SideBySide
from vcam_emoji.emoji_set import EmojiSet
from vcam_emoji.errors import UsageError, VirtualCameraError
from vcam_emoji.pipeline import Processed
from vcam_emoji.service import Opener
from vcam_emoji.settings import Devices, Settings
from vcam_emoji.types import Emotion, Frame, FrameSink

_FPS = 30


class Opens(Protocol):
    """Where stages and virtual camera come from, as `service.Opener` is."""

    def sink(self, devices: Devices) -> FrameSink: ...

    def stages(
        self, settings: Callable[[], Settings], chosen: EmojiSet, size: tuple[int, int]
    ) -> tuple[Stage, str]: ...


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("demo-out"),
        help="where demo.mp4 and contact-sheet.png are written (%(default)s)",
    )
    parser.add_argument("--size", metavar="WxH", default="1280x720", help="frames (%(default)s)")
    parser.add_argument("--set", metavar="NAME", help="another emoji set than the shipped one")
    parser.add_argument(
        "--no-virtual-camera",
        action="store_true",
        help="do not publish to the virtual camera, even if there is one",
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    tally: Tally
    files: tuple[Path, ...]
    output: str
    """The virtual camera that was published to, for people; empty if none."""
    trouble: str
    """One sentence on what is missing, else empty."""


def run(arguments: argparse.Namespace) -> int:
    """Play the clip, write film and contact sheet, and tell what was seen.

    Raises:
        VcamEmojiError: when nothing can be written, or a model or emoji set does not load.
    """
    show = demo_clip(_size(arguments.size), _FPS)
    folder = _folder(arguments.out)
    chosen = sets.load(sets.find(arguments.set or Settings().look.emoji_set))
    console = Console(stderr=True, quiet=arguments.json)
    outcome = play(show, folder, chosen, Opener(), console, not arguments.no_virtual_camera)
    if arguments.json:
        print(json.dumps(summary(outcome)))
    else:
        Console().print(table(outcome))
    return 0


def play(
    show: Show,
    folder: Path,
    chosen: EmojiSet,
    opener: Opens,
    console: Console,
    publish: bool,
) -> Outcome:
    """Play a clip through the live path, with progress shown on `console`.

    Args:
        show: What to play.
        folder: Where film and contact sheet go; it exists.
        chosen: The emoji set.
        opener: Gives the stages, and the virtual camera if `publish`.
        console: For the progress bar.
        publish: Whether to publish to the virtual camera too, if there is one.

    Raises:
        VcamEmojiError: when nothing can be written, or a model does not load.
    """
    size, settings = show.clip.size, Settings()
    shutter = Shutter(show.moments, show.clip.fps)
    film, grid = folder / "demo.mp4", folder / "contact-sheet.png"
    with ExitStack() as open_things:
        sink = _virtual_camera(opener, size) if publish else None
        if sink is not None:
            open_things.enter_context(closing(sink))
        stages, trouble = opener.stages(lambda: settings, chosen, sink.size if sink else size)
        video = open_things.enter_context(SideBySide(film, size, show.clip.fps))
        progress = open_things.enter_context(_progress(console))
        task = progress.add_task("Playing the clip", total=len(show.clip))

        def watch(index: int, frame: Frame, done: Processed, asked: Emotion | None) -> None:
            said = labels(done, asked)
            video.write(frame.image, done.image, said)
            shutter.see(index, frame.image, done.image, said)
            progress.advance(task)

        tally = perform(show, stages, chosen, settings.look, watch, sink)
        if sink is not None:
            sink.send(cards.picture(Card.PAUSED, sink.size))
        output = sink.description if sink else ""
    subtitle = f"{chosen.title}  ·  {size[0]}x{size[1]}, {tally.fps:.0f} frames a second"
    sheet.save(sheet.contact_sheet(shutter.shots, "vcam_emoji: before and after", subtitle), grid)
    return Outcome(tally, (film, grid), output, trouble)


def summary(outcome: Outcome) -> dict[str, object]:
    """What `--json` prints; emotions are counted once for each emoji in each frame."""
    tally = outcome.tally
    return {
        "frames": tally.frames,
        "fps": round(tally.fps, 1),
        "faces": tally.most_faces,
        "emotions": _counts(tally.shown),
        "recognised": _counts(tally.recognised),
        "hidden_frames": tally.hidden,
        "stages_ms": {name: round(median(ms), 2) for name, ms in tally.stages_ms.items()},
        "output": outcome.output,
        "trouble": outcome.trouble,
        "files": [str(path) for path in outcome.files],
    }


def table(outcome: Outcome) -> Table:
    """What a person is told at the end."""
    tally = outcome.tally
    stages = ", ".join(f"{name} {median(ms):.1f}" for name, ms in tally.stages_ms.items())
    rows = {
        "frames": f"{tally.frames}, of which {tally.hidden} were hidden",
        "speed": f"{tally.fps:.0f} frames a second (the live path alone)",
        "ms per stage": stages,
        "faces": f"{tally.most_faces} at once",
        "recognised": _listed(tally.recognised),
        "shown": _listed(tally.shown),
        "virtual camera": outcome.output or "none was used",
        "trouble": outcome.trouble,
        "written": "\n".join(str(path) for path in outcome.files),
    }
    grid = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    grid.add_column(style="bold")
    grid.add_column(overflow="fold")
    for title, words in rows.items():
        if words:
            grid.add_row(title, words)
    return grid


def _counts(counter: Counter[Emotion]) -> dict[str, int]:
    return {each.value: counter[each] for each in Emotion if counter[each]}


def _listed(counter: Counter[Emotion]) -> str:
    return ", ".join(f"{name} {count}" for name, count in _counts(counter).items()) or "nothing"


def _virtual_camera(opener: Opens, size: tuple[int, int]) -> FrameSink | None:
    """The virtual camera, if this machine has one that is free."""
    try:
        devices = Devices(camera="demo", width=size[0], height=size[1], fps=_FPS, output="auto")
        return opener.sink(devices)
    except VirtualCameraError:
        return None


def _size(words: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{3,4})x(\d{3,4})", words)
    size = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (320 <= size[0] <= 3840 and 180 <= size[1] <= 2160) or size[0] % 2 or size[1] % 2:
        raise UsageError(
            f"{words!r} is not a size for the demo.",
            "Write two even numbers from 320x180 to 3840x2160, such as --size 1280x720.",
        )
    return size


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"The folder {path} cannot be made: {error.strerror}.",
            "Choose another one with --out.",
        ) from error
    return path


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
