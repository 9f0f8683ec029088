"""`vcam-emoji demo`: the live path over a shipped clip, for whoever has no camera at hand."""

from __future__ import annotations

import argparse
import json
import re
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from vcam_emoji import emoji_set as sets
from vcam_emoji.clips.show import demo_clip
from vcam_emoji.demo import sheet
from vcam_emoji.demo.caption import labels
from vcam_emoji.demo.performance import Tally, perform
from vcam_emoji.demo.sheet import Shot
from vcam_emoji.demo.video import SideBySide
from vcam_emoji.errors import UsageError, VirtualCameraError
from vcam_emoji.pipeline import Processed
from vcam_emoji.service import Opener
from vcam_emoji.settings import Devices, Settings
from vcam_emoji.types import Emotion, Frame, FrameSink

_FPS = 30


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


def run(arguments: argparse.Namespace) -> int:
    """Play the clip, write film and contact sheet, and tell what was seen.

    Raises:
        VcamEmojiError: when nothing can be written, or a model or emoji set does not load.
    """
    size = _size(arguments.size)
    folder = _folder(arguments.out)
    settings = Settings()
    chosen = sets.load(sets.find(arguments.set or settings.look.emoji_set))
    console = Console(stderr=True, quiet=arguments.json)
    opener = Opener()
    show = demo_clip(size, _FPS)
    moments = {round(each.at * _FPS): each for each in show.moments}
    shots: list[Shot] = []
    film, grid = folder / "demo.mp4", folder / "contact-sheet.png"
    with ExitStack() as open_things:
        sink = None
        if not arguments.no_virtual_camera:
            sink = _virtual_camera(opener, size)
        if sink is not None:
            open_things.enter_context(closing(sink))
        stages, trouble = opener.stages(lambda: settings, chosen, sink.size if sink else size)
        video = open_things.enter_context(SideBySide(film, size, _FPS))
        progress = open_things.enter_context(_progress(console))
        task = progress.add_task("Playing the clip", total=len(show.clip))

        def watch(index: int, frame: Frame, done: Processed, asked: Emotion | None) -> None:
            said = labels(done, asked)
            video.write(frame.image, done.image, said)
            if index in moments:
                shots.append(Shot(frame.image, done.image, moments[index].title, said))
            progress.advance(task)

        tally = perform(show, stages, chosen, settings.look, watch, sink)
        where = sink.description if sink else ""
    subtitle = f"{chosen.title}  ·  {size[0]}x{size[1]}, {tally.fps:.0f} frames a second"
    sheet.save(sheet.contact_sheet(shots, "vcam_emoji: before and after", subtitle), grid)
    files = [str(film), str(grid)]
    if arguments.json:
        print(json.dumps(summary(tally, files)))
    else:
        Console().print(_table(tally, where, trouble, files))
    return 0


def summary(tally: Tally, files: list[str]) -> dict[str, object]:
    """What `--json` prints."""
    return {
        "frames": tally.frames,
        "fps": round(tally.fps, 1),
        "faces": tally.most_faces,
        "emotions": {each.value: tally.shown[each] for each in Emotion if tally.shown[each]},
        "recognised": {
            each.value: tally.recognised[each] for each in Emotion if tally.recognised[each]
        },
        "hidden_frames": tally.hidden,
        "stages_ms": {name: round(median(ms), 2) for name, ms in tally.stages_ms.items()},
        "files": files,
    }


def _table(tally: Tally, where: str, trouble: str, files: list[str]) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column()
    table.add_row("frames", f"{tally.frames}, of which {tally.hidden} were hidden")
    table.add_row("speed", f"{tally.fps:.0f} frames a second, live path alone")
    stages = ", ".join(f"{name} {median(ms):.1f}" for name, ms in tally.stages_ms.items())
    table.add_row("ms per stage", stages or "none ran")
    table.add_row("faces", f"{tally.most_faces} at once")
    for title, counter in (("recognised", tally.recognised), ("shown", tally.shown)):
        seen = [f"{each} {counter[each]}" for each in Emotion if counter[each]]
        table.add_row(title, ", ".join(seen) or "nothing")
    table.add_row("virtual camera", where or "none")
    if trouble:
        table.add_row("trouble", trouble)
    for path in files:
        table.add_row("written", path)
    return table


def _virtual_camera(opener: Opener, size: tuple[int, int]) -> FrameSink | None:
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
