"""`import` and `fetch` of `vcam-emoji-generator`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vcam_emoji.errors import UsageError

if TYPE_CHECKING:
    from generator.configuration import Checkpoint


def register(commands: Any) -> None:
    """Add the commands to the parser's `add_subparsers`."""
    reader = commands.add_parser(
        "import", help="read a network of NVIDIA's or rosinality's code into a folder of our own"
    )
    reader.add_argument("file", type=Path, metavar="FILE", help="a .pkl or .pt file")
    reader.add_argument("--out", type=Path, required=True, help="folder to write")
    reader.add_argument("--half", action="store_true", help="write float16: half the size")
    reader.set_defaults(run=_import)
    fetcher = commands.add_parser("fetch", help="download a published network by its name")
    fetcher.add_argument("name", nargs="?", metavar="NAME", help="leave it out to see them all")
    fetcher.add_argument("--yes", action="store_true", help="do not ask about the licence")
    fetcher.set_defaults(run=_fetch)


def _import(options: argparse.Namespace) -> int:
    from generator.checkpoints import native
    from generator.checkpoints.reading import load

    if options.out.exists() and not (options.out.is_dir() and not any(options.out.iterdir())):
        raise UsageError(f"{options.out} is there already.", "Name a new folder with --out.")
    with _progress(f"Reading {options.file.name}") as report:
        checkpoint = load(options.file, report)
    with _progress(f"Writing {options.out.name}") as report:
        native.save(checkpoint, options.out, "float16" if options.half else "float32", report)
    for sentence in _described(checkpoint, options.file):
        print(sentence)
    print(f"Written to {options.out} in {'float16' if options.half else 'float32'}.")
    return 0


def _described(checkpoint: Checkpoint, file: Path) -> Iterator[str]:
    from generator.checkpoints.shapes import parameters

    c, about = checkpoint.configuration, checkpoint.about
    judge = parameters(checkpoint.discriminator) / 1e6
    yield (
        f"{file.name} is a StyleGAN2 of {c.resolution} px ({about.get('form', 'our own form')}): "
        f"a generator of {parameters(checkpoint.generator) / 1e6:.1f} million parameters, "
        + (f"a discriminator of {judge:.1f} million." if judge else "without its discriminator.")
    )
    labels = f"labels of {c.c_dim}" if c.c_dim else "no labels"
    clamp = f"clamped at {c.conv_clamp:g}" if c.conv_clamp else "not clamped"
    yield (
        f"Configuration: z {c.z_dim}, w {c.w_dim}, {labels}, {c.mapping_layers} mapping layers, "
        f"channels {c.channel_base} / resolution up to {c.channel_max}, {c.generator} generator, "
        f"{c.discriminator} discriminator, {clamp}."
    )
    yield from about.get("notes", ())
    if "licence" in about:
        yield f"Licence: this is {about['name']}. {about['licence']}"
    else:
        yield "Licence: it is no file that is known here; whoever gave it to you can tell."


def _fetch(options: argparse.Namespace) -> int:
    from generator.checkpoints.fetching import fetch
    from generator.checkpoints.official import OFFICIAL
    from vcam_emoji import paths

    if options.name is None:
        for known in OFFICIAL:
            print(f"{known.name:16} {known.size / 1e6:5.0f} MB  {known.what}")
        return 0
    network = next((known for known in OFFICIAL if known.name == options.name), None)
    if network is None:
        raise UsageError(
            f"There is no network called {options.name}.",
            "Known are: " + ", ".join(known.name for known in OFFICIAL) + ".",
        )
    print(f"{network.name}: {network.what}, {network.size / 1e6:.0f} MB, from {network.source}")
    print(f"Licence: {network.licence}")
    if not options.yes and not _agreed():
        print("Nothing was downloaded.")
        return 0
    try:
        with _progress(f"Fetching {network.name}") as report:
            file = fetch(network, paths.networks(), report)
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        return 130
    print(f"{file} is whole (SHA-256 {network.sha256}).")
    print(f"To use it: vcam-emoji-generator import '{file}' --out FOLDER")
    return 0


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise UsageError("Nobody is there to be asked about the licence.", "Agree with --yes.")
    return input("Download it under this licence? [y/N] ").strip().lower() in ("y", "yes")


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the error stream, where somebody is there to see it."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def report(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield report
