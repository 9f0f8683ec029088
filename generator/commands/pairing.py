"""`pair`: teach two networks to draw one person, as a photograph and as an emoji."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from generator.backend import BACKENDS, use
from generator.commands import options as shared
from generator.commands import sharpening
from vcam_emoji.errors import UsageError

_SIZES = (16, 32, 64, 128)
_HALF_FROM = 8
"""Pixels: what is smaller stays float32."""


def register(commands: Any) -> None:
    """Add the command to a parser's subparsers."""
    pair = commands.add_parser("pair", help="two networks that draw one person: photo and emoji")
    kinds = pair.add_subparsers(required=True, metavar="WHAT")
    couples = kinds.add_parser("couples", help="read looks from photos, and draw everyone")
    couples.add_argument("photos", type=Path, metavar="PHOTOS.zip", help="aligned as FFHQ is")
    couples.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="to write")
    couples.add_argument("--resolution", type=int, choices=_SIZES, default=64, help="(64)")
    couples.add_argument("--drawings", type=int, default=5, help="of each person (5)")
    couples.add_argument(
        "--strangers", type=int, default=4000, help="people by chance to draw too (4000)"
    )
    couples.add_argument("--most", type=int, help="photographs at most; all, if not said")
    couples.set_defaults(run=_couples)

    teach = kinds.add_parser("teach", help="teach encoder and networks, or go on with a run")
    teach.add_argument("couples", type=Path, metavar="COUPLES.npz", help="of `pair couples`")
    teach.add_argument("--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    start = teach.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="go on with the run in that folder")
    start.add_argument(
        "--from", dest="before", type=Path, metavar="FOLDER", help="begin as this pair is"
    )
    teach.add_argument("--minutes", type=float, default=90.0, help="all in all (90)")
    teach.add_argument("--backend", choices=BACKENDS, help="what Keras runs on (tensorflow)")
    shape = teach.add_argument_group("networks, if they are new")
    shape.add_argument("--channel-base", type=int, default=1024, help="channels times pixels")
    shape.add_argument("--channel-max", type=int, default=128, help="channels at most (128)")
    shape.add_argument("--latent", type=int, default=128, help="length of z and w (128)")
    learning = teach.add_argument_group("learning, in a new run")
    learning.add_argument("--batch", type=int, default=16, help="people in a step (16)")
    learning.add_argument(
        "--precision",
        choices=("float32", "mixed_bfloat16"),
        default="float32",
        help="mixed_bfloat16 is quicker where the hardware has it (float32)",
    )
    learning.add_argument("--rate", type=float, default=0.0025, help="learning rate (0.0025)")
    learning.add_argument("--seed", type=int, default=0)
    teach.set_defaults(run=_teach)

    finish = kinds.add_parser("finish", help="find the mapping from z, and write what ships")
    finish.add_argument("run_folder", type=Path, metavar="RUN")
    finish.add_argument("couples", type=Path, metavar="COUPLES.npz")
    finish.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="to write")
    finish.add_argument("--steps", type=int, default=1500, help="of the mapping's search (1500)")
    finish.add_argument("--backend", choices=BACKENDS, help="what Keras runs on (tensorflow)")
    finish.set_defaults(run=_finish)
    sharpening.register(kinds)


def register_evaluation(kinds: Any) -> None:
    """Add `networks` to what `evaluate` judges."""
    judge = kinds.add_parser(
        "networks", help="how like held-out people are what the pair draws, beside vectors"
    )
    judge.add_argument("data", type=Path, metavar="DATA", help="the archive faces128.zip")
    judge.add_argument("--pair", type=Path, metavar="FOLDER", help="another than is shipped")
    judge.add_argument("--judge", type=Path, metavar="FILE.npz", help="another than is shipped")
    judge.add_argument("--people", type=int, help="at most so many photographs; all, if not said")
    judge.add_argument(
        "--way",
        action="append",
        choices=shared.WAYS,
        help="as `make --way` has it; may be given several times; all, if not said",
    )
    judge.add_argument("--resolution", type=int, help="by a blend, as `make --resolution` has it")
    judge.add_argument("--backend", choices=BACKENDS, help="what Keras runs on (tensorflow)")
    judge.add_argument("--json", action="store_true", help="print one JSON object")
    judge.set_defaults(run=_evaluate)


def _couples(options: argparse.Namespace) -> int:
    from generator.pair.couples import LEAST, gathered

    if not 2 <= options.drawings <= 19:
        raise UsageError(f"--drawings cannot be {options.drawings}.", "It is from 2 to 19.")
    if options.most is not None and options.most < LEAST:
        raise UsageError(f"--most cannot be {options.most}.", f"{LEAST} are the least.")
    if options.strangers < 0:
        raise UsageError(f"--strangers cannot be {options.strangers}.", "0 draws nobody else.")

    def tell(done: int, whole: int) -> None:
        if done % 100 == 0 or done == whole:
            _say(f"{done} of {whole} people")

    found = gathered(
        options.photos,
        options.resolution,
        options.drawings,
        options.most,
        options.strangers,
        tell,
    )
    found.save(options.out)
    return 0


def _teach(options: argparse.Namespace) -> int:
    if not 0 < options.minutes < float("inf"):
        raise UsageError(f"--minutes cannot be {options.minutes:g}.", "Say --minutes 90.")
    if options.batch < 1:
        raise UsageError(f"--batch cannot be {options.batch}.", "Say --batch 16.")
    if not 0 < options.rate < float("inf"):
        raise UsageError(f"--rate cannot be {options.rate:g}.", "Say --rate 0.0025.")
    use(options.backend)
    from generator.configuration import Configuration
    from generator.pair import pair, run
    from generator.pair.couples import opened
    from generator.pair.teaching import Recipe

    before = pair.load(options.before) if options.before else None
    couples = opened(options.couples)
    if not options.resume:
        shape = (
            before.configuration
            if before
            else Configuration(
                couples.side,
                z_dim=options.latent,
                w_dim=options.latent,
                mapping_layers=2,
                channel_base=options.channel_base,
                channel_max=options.channel_max,
            )
        )
        half_from = _HALF_FROM if options.precision == "mixed_bfloat16" else None
        recipe = Recipe(
            shape, options.batch, half_from=half_from, rate=options.rate, seed=options.seed
        )
        run.begin(options.out, recipe, couples, before)
    told = 0.0

    def tell(progress: run.Progress) -> None:
        nonlocal told
        if progress.seconds - told > 60:
            told = progress.seconds
            _say(
                f"{progress.share:4.0%}  {progress.images:9,} people shown"
                f"  photographs {progress.photos:.3f}  drawings {progress.drawings:.3f}"
            )

    run.teach(options.out, run.begun(options.out), couples, options.minutes, tell=tell)
    return 0


def _finish(options: argparse.Namespace) -> int:
    use(options.backend)
    from generator.pair import mapping, pair, run
    from generator.pair.couples import opened

    if options.steps < 1:
        raise UsageError(f"--steps cannot be {options.steps}.", "Say --steps 1500.")
    recipe = run.begun(options.run_folder)
    taught, couples = pair.load(options.run_folder), opened(options.couples)
    if couples.side != taught.configuration.resolution:
        raise UsageError("Those couples are of another size than the networks.", "Name their own.")
    w = taught.meet(couples.photos)[:, 0]

    def tell(step: int, distance: float) -> None:
        if step % 100 == 0:
            _say(f"step {step} of {options.steps}: {distance:.4f} apart")

    weights = mapping.fitted(w, taught.configuration, options.steps, tell=tell)
    done = taught.with_mapping(weights, w.mean(axis=0))
    told = {"people": len(couples), "recipe": asdict(recipe), "steps_of_mapping": options.steps}
    done.save(options.out, told)
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    if options.people is not None and options.people < 2:
        raise UsageError(f"--people cannot be {options.people}.", "It takes 2 or more.")
    use(options.backend)
    import numpy as np

    from generator.blending import Switch
    from generator.judge import network
    from generator.judge.gallery import EMOTIONS
    from generator.labels import labels
    from generator.pair import couples, figures, pair, portraying
    from generator.people import held_out
    from generator.portrayal import person_of
    from generator.reader import Reader
    from generator.trait_training import pictures

    judge, taught, reader = network.load(options.judge), pair.load(options.pair), Reader()
    if options.resolution is not None:
        taught = taught.blended(Switch(options.resolution))
    told = [label for label in labels() if held_out(label.file)][: options.people]
    full = [(emotion, 1.0) for emotion in EMOTIONS]
    side = taught.configuration.resolution
    photos, people = {}, {}
    with pictures(options.data) as read:
        for label in told:
            photos[label.file] = read(label.file)
            people[label.file] = person_of(reader.read([photos[label.file]]))

    def by_networks(way: portraying.Way, file: str) -> Any:
        own, ws = portraying.introduced(taught, photos[file], people[file], way)
        many = np.repeat(ws[None], len(EMOTIONS), axis=0)
        return own.emoji.draw(
            own.all_felt(many, list(EMOTIONS), np.ones(len(EMOTIONS), np.float32))
        )

    ways: dict[str, Any] = {"vectors": lambda file: couples.drawn(people[file], side, full)}
    ways |= {way: partial(by_networks, way) for way in options.way or portraying.WAYS}
    found = {}
    for name, drawn in ways.items():
        _say(f"{name} ...")
        found[name] = asdict(figures.judged(judge, told, people, drawn))
    if options.json:
        print(json.dumps(found))
        return 0
    print(f"{'':16}" + "".join(f"{name:>10}" for name in found))
    for name in found["vectors"]:
        row = "".join(f"{each[name]:10.4g}" for each in found.values())
        print(f"{name.replace('_', ' '):16}{row}")
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
