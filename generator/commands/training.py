"""`vcam-emoji-generator train`: what is asked for, and what the person sees of it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.backend import BACKENDS, use
from vcam_emoji.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from generator.configuration import Checkpoint
    from generator.data import Pictures
    from generator.recipe import Augmentation, Recipe
    from generator.run import Run
    from generator.step import State
    from generator.training import Progress

    _Prepared = tuple[Recipe, State, NDArray[np.uint8], dict[str, Any]]

_SIZES = tuple(2**n for n in range(3, 11))


def register(commands: Any) -> None:
    """Add the command to the parser of the command line."""
    train = commands.add_parser("train", help="train a network on pictures, or go on with a run")
    train.add_argument("--data", type=Path, required=True, metavar="DIR|ZIP", help="pictures")
    train.add_argument("--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    train.add_argument("--resume", action="store_true", help="go on with the run in that folder")
    train.add_argument("--from", type=Path, dest="start", metavar="NETWORK",
                       help="begin with that network instead of noise")  # fmt: skip
    train.add_argument("--kimg", type=_positive, help="thousands of pictures to show (25000)")
    train.add_argument("--minutes", type=_positive, help="stop before, with everything kept")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--backend", choices=BACKENDS, help="what Keras runs on (tensorflow)")
    train.add_argument("--devices", type=int, default=1, help="how many share the work (1)")
    shape = train.add_argument_group("network, if it is new")
    shape.add_argument("--resolution", type=int, choices=_SIZES, default=64, metavar="PX",
                       help="8, 16 ... 1024 (64)")  # fmt: skip
    shape.add_argument("--channel-base", type=int, default=8192, help="channels times pixels")
    shape.add_argument("--channel-max", type=int, default=256, help="channels at most (256)")
    shape.add_argument("--latent", type=int, default=512, help="length of z and w (512)")
    shape.add_argument("--mapping-layers", type=int, default=2, help="(2)")
    how = train.add_argument_group("how")
    how.add_argument("--batch", type=int, help="pictures in a step (by resolution)")
    how.add_argument("--rate", type=_positive, help="learning rate (by resolution)")
    how.add_argument("--gamma", type=_positive, help="weight of R1 (by resolution and batch)")
    how.add_argument("--path-weight", type=float, help="of path length regularisation; 0 is none")
    how.add_argument("--average-kimg", type=_positive, help="half-life of averaged weights")
    how.add_argument("--augment", nargs="+", default=["ada"], metavar="ada [P]|fixed P|none",
                     help="how the discriminator's pictures are changed (ada)")  # fmt: skip
    how.add_argument("--changes", default="bgc", metavar="LETTERS",
                     help="blit, geometry, colour, filter, noise, cUtout (bgc)")  # fmt: skip
    how.add_argument("--target", type=float, help="what ADA holds r_t at (0.6)")
    how.add_argument("--mirror", action="store_true", help="turn half of the pictures")
    how.add_argument("--freeze-d", type=int, metavar="N", help="keep D's N largest resolutions")
    how.add_argument("--bf16", action="store_true", help="bfloat16 in the largest resolutions")
    how.add_argument("--background", default="ffffff", metavar="RRGGBB",
                     help="under transparent pictures (ffffff)")  # fmt: skip
    how.add_argument("--hold-out", action="store_true",
                     help="leave out the people by whom likeness is judged")  # fmt: skip
    kept = train.add_argument_group("what is kept")
    kept.add_argument("--tick", type=_positive, default=1.0, metavar="KIMG", help="metrics (1)")
    kept.add_argument("--snapshot-every", type=_positive, default=20.0, metavar="KIMG",
                      help="grid, quality and state (20)")  # fmt: skip
    kept.add_argument("--measure", type=int, default=1024, metavar="N",
                      help="pictures for the quality measure; 0 leaves it out (1024)")  # fmt: skip
    train.set_defaults(run=_train)
    speed = commands.add_parser("benchmark", help="measure how fast training is on this machine")
    speed.add_argument("--resolution", type=int, choices=_SIZES, nargs="+", default=[64, 128],
                       metavar="PX", help="(64 128)")  # fmt: skip
    speed.add_argument("--batch", type=int, help="pictures in a step (by resolution)")
    speed.add_argument("--channel-base", type=int, default=8192, help="(8192)")
    speed.add_argument("--channel-max", type=int, default=256, help="(256)")
    speed.add_argument("--bf16", action="store_true", help="bfloat16 in the largest resolutions")
    speed.add_argument("--no-xla", action="store_true", help="TensorFlow without XLA")
    speed.add_argument("--augment", nargs="+", default=["ada"], metavar="ada|none", help="(ada)")
    speed.add_argument("--seconds", type=_positive, default=20.0, help="to measure for, each (20)")
    speed.add_argument("--backend", choices=BACKENDS, help="what Keras runs on (tensorflow)")
    speed.add_argument("--json", action="store_true", help="print one JSON object a line")
    speed.set_defaults(run=_benchmark)


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError
    return number


def _train(options: argparse.Namespace) -> int:
    begun = time.monotonic()
    _cache_compilations(options.backend)
    use(options.backend)
    from generator import devices
    from generator.run import Run
    from generator.training import Pace, train

    run = Run(options.out)
    prepare = _resumed if options.resume else _begun
    recipe, state, pixels, about = prepare(options, run)
    pace = Pace(options.tick, options.snapshot_every, options.minutes, options.measure)
    with devices.using(options.devices), _Shown(recipe.kimg) as shown:
        state, stopped = train(
            run, recipe, devices.replicated(state), pixels, pace,
            tell=shown, about=about, begun=begun,
        )  # fmt: skip
        done = int(devices.one(state["images"])) / 1000
    print(f"{done:.1f} kimg; the network is in {run.folder / 'network'}")
    if done < recipe.kimg:
        print("Go on with the same command and --resume.")
    return 130 if stopped else 0


def _begun(options: argparse.Namespace, run: Run) -> _Prepared:
    """A new run."""
    from generator.recipe import recipe
    from generator.step import fresh

    if run.folder.exists() and any(run.folder.iterdir()):
        raise UsageError(
            f"{run.folder} is not empty.",
            "Go on with the run in it by --resume, or name a new folder with --out.",
        )
    checkpoint = _network(options)
    kind, p = _augmentation(options.augment)
    chosen = recipe(
        checkpoint.configuration,
        options.batch,
        kimg=options.kimg,
        rate=options.rate,
        gamma=options.gamma,
        average=options.average_kimg and options.average_kimg * 1000,
        path_weight=options.path_weight,
        augmentation=kind,
        p=p,
        changes=options.changes,
        target=options.target,
        mirror=options.mirror,
        half=options.bf16,
        freeze=options.freeze_d,
        seed=options.seed,
    )
    _check(chosen, options.devices)
    pictures = _pictures(options, chosen)
    about = {
        "command": "train " + " ".join(sys.argv[2:]),
        "data": options.data.name,
        "pictures": len(pictures.pixels),
        "fingerprint": pictures.fingerprint,
    }
    run.begin(chosen, about)
    return chosen, fresh(checkpoint, chosen), pictures.pixels, about


def _resumed(options: argparse.Namespace, run: Run) -> _Prepared:
    """A run as it was left; of the options only those that say how far it goes count."""
    from generator.training import restored

    chosen, about = run.recipe()
    if options.kimg:
        chosen = replace(chosen, kimg=options.kimg)
    _check(chosen, options.devices)
    pictures = _pictures(options, chosen)
    if pictures.fingerprint != about.get("fingerprint"):
        raise UsageError(
            f"{options.data} holds other pictures than the run began with.",
            "Name the same ones, or begin a new run with --from RUN/network.",
        )
    arrays = run.latest()
    run.forget_after(int(arrays["images"]))
    return chosen, restored(arrays), pictures.pixels, about


def _pictures(options: argparse.Namespace, recipe: Recipe) -> Pictures:
    from generator import data, people

    background = _colour(options.background)
    wanted = (lambda name: not people.held_out(name)) if options.hold_out else (lambda _name: True)
    return data.load(options.data, recipe.configuration.resolution, background, _warn, wanted)


def _benchmark(options: argparse.Namespace) -> int:
    _cache_compilations(options.backend)
    use(options.backend)
    from generator.benchmark import measure
    from generator.configuration import Configuration
    from generator.recipe import recipe

    kind, p = _augmentation(options.augment)
    for resolution in options.resolution:
        configuration = Configuration(
            resolution,
            mapping_layers=2,
            channel_base=options.channel_base,
            channel_max=options.channel_max,
        )
        chosen = recipe(configuration, options.batch, half=options.bf16, augmentation=kind, p=p)
        speed = measure(chosen, fused=not options.no_xla, seconds=options.seconds)
        if options.json:
            print(json.dumps({**asdict(speed), "share": speed.share}), flush=True)
            continue
        phases = ", ".join(f"{name} {s * 1000:.0f} ms" for name, s in speed.phases.items())
        print(
            f"{speed.backend} on {speed.device}, {resolution} px, batch {speed.batch}"
            f"{', bf16' if speed.half else ''}{'' if speed.fused else ', without XLA'}: "
            f"{speed.images_per_s:.1f} images/s ({speed.images_per_cpu_s:.1f} a second of CPU), "
            f"{speed.gflop_per_image:.1f} GFLOP an image, "
            f"{speed.share:.0%} of the matrix rate of {speed.matrix_gflops:,.0f} GFLOP/s; "
            f"{phases}; compiled in {speed.compile_s:.0f} s",
            flush=True,
        )
    return 0


def _network(options: argparse.Namespace) -> Checkpoint:
    """New networks, or those that are begun with."""
    import numpy as np

    from generator.checkpoints.reading import load
    from generator.configuration import Checkpoint, Configuration
    from generator.weights import fresh_discriminator, fresh_generator

    rng = np.random.default_rng(options.seed)
    if options.start is None:
        configuration = Configuration(
            options.resolution,
            z_dim=options.latent,
            w_dim=options.latent,
            mapping_layers=options.mapping_layers,
            channel_base=options.channel_base,
            channel_max=options.channel_max,
        )
        return Checkpoint(
            configuration,
            fresh_generator(configuration, rng),
            fresh_discriminator(configuration, rng),
        )
    begun = load(options.start)
    configuration = begun.configuration
    if configuration.c_dim:
        raise UsageError(
            f"{options.start} is a network that takes labels.", "Training here is without labels."
        )
    if not begun.discriminator:
        _warn(f"{options.start} holds no discriminator: a new one is trained.")
        begun = replace(begun, discriminator=fresh_discriminator(configuration, rng))
    return begun


def _check(recipe: Recipe, count: int) -> None:
    """Refuse what cannot be computed.

    Raises:
        UsageError: batch, group and devices do not fit.
    """
    from generator import devices

    if count > devices.available():
        raise UsageError(
            f"There are {devices.available()} devices, not {count}.", "Choose fewer: --devices 1."
        )
    group = recipe.configuration.group_size or recipe.batch
    if recipe.batch % (count * group):
        raise UsageError(
            f"A batch of {recipe.batch} makes no whole groups of {group} on {count} devices.",
            f"Choose a multiple of {count * group} with --batch.",
        )
    if recipe.freeze >= len(recipe.configuration.resolutions):
        raise UsageError(
            f"D has {len(recipe.configuration.resolutions)} resolutions; "
            f"{recipe.freeze} of them frozen leave nothing to train.",
            "Choose a smaller --freeze-d.",
        )
    if not recipe.changes or set(recipe.changes) - set("bgcfnu"):
        raise UsageError(
            f"There are no changes {recipe.changes!r}.", "Choose among the letters b g c f n u."
        )


def _augmentation(words: list[str]) -> tuple[Augmentation, float]:
    match words:
        case ["ada"]:
            return "ada", 0.0
        case ["none"]:
            return "none", 0.0
        case ["ada" | "fixed" as kind, text]:
            with suppress(ValueError):
                if 0 <= (p := float(text)) <= 1:
                    return ("ada" if kind == "ada" else "fixed"), p
    raise UsageError(
        f"There is no augmentation {' '.join(words)!r}.", "Say `ada`, `none`, or `fixed 0.2`."
    )


def _colour(text: str) -> tuple[int, int, int]:
    try:
        red, green, blue = bytes.fromhex(text.removeprefix("#"))
    except ValueError as error:
        raise UsageError(f"{text!r} is no colour.", "Write it as RRGGBB, like ffffff.") from error
    return red, green, blue


def _warn(line: str) -> None:
    print(f"Skipped: {line}", file=sys.stderr)


def _cache_compilations(backend: str | None) -> None:
    """What was compiled once is found again when a run goes on: minutes, on a GPU."""
    on_jax = (backend or os.environ.get("KERAS_BACKEND")) == "jax"
    if on_jax and "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        import platformdirs

        folder = platformdirs.user_cache_path("vcam_emoji", appauthor=False) / "compiled"
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)


class _Shown:
    """A bar where there is a terminal, lines elsewhere."""

    def __init__(self, kimg: float) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"),
            console=self._console, disable=not self._console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("training", total=kimg, told="compiling")

    def __enter__(self) -> _Shown:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        kimg, total = progress.images / 1000, progress.total / 1000
        left = progress.seconds_per_kimg * (total - kimg)
        speed = f"{progress.seconds_per_kimg:.2f} s/kimg"
        told = f"{kimg:.1f} of {total:g} kimg, {speed}, {_time(left)} left"
        self._bar.update(self._task, completed=kimg, told=told)
        if progress.line and not self._console.is_terminal:
            rest = " ".join(f"{k} {v:g}" for k, v in progress.line.items() if k != "images")
            self._console.print(f"{told}; {rest}", soft_wrap=True, highlight=False)


def _time(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
