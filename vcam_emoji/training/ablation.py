"""What each part of the recipe brings: the same short run with one thing changed at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from vcam_emoji.training import networks
from vcam_emoji.training.data import Faces, divided
from vcam_emoji.training.figures import figures
from vcam_emoji.training.networks import logits
from vcam_emoji.training.recipe import Recipe
from vcam_emoji.training.robustness import spoilt
from vcam_emoji.training.run import Arrays, Run, assign
from vcam_emoji.training.train import train

STILL = {
    "variation.rotation": "0",
    "variation.shift": "0",
    "variation.scale": "0",
    "variation.contrast": "0",
    "variation.brightness": "0",
}
TABLE: dict[str, dict[str, str]] = {
    "as it is": {},
    "without turning, shifting, scaling and relighting": STILL,
    "without a poor camera's pictures": {"variation.camera": "0"},
    "without cutting out": {"variation.erase": "0"},
    "without light from a side": {"variation.side_light": "0"},
    "without FER+ votes": {"share_of_votes": "0"},
    "votes as half of the target": {"share_of_votes": "0.5"},
    "without label smoothing": {"label_smoothing": "0"},
    "with mixup": {"mixup": "0.2"},
    "without balance": {"balance": "0"},
    "with full balance": {"balance": "1"},
    "without averaged weights": {"average_decay": "0"},
    "SGD instead of AdamW": {"optimizer": "sgd", "learning_rate": "0.1", "weight_decay": "0.0005"},
    "without what it began from": {"start": ""},
    "without teachers": {"teachers": ""},
    "mini-Xception": {"network": "mini-xception", "start": ""},
    "residual": {"network": "residual", "start": ""},
}
"""Changes by name, as `train --set` takes them. Those that change nothing are left out."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    changes: dict[str, str]
    accuracy: float
    """Of the best epoch on what is held out, 0 to 1."""
    macro_f1: float
    spoilt: float
    """Its mean accuracy on the same faces as worse cameras, lights and crops give them."""
    epochs: int
    minutes: float
    recipe: dict[str, object]
    """All of it, the seed too."""


def ablate(
    out: Path,
    recipe: Recipe,
    faces: Faces,
    changes: Mapping[str, Mapping[str, str]],
    helped: Callable[[Recipe], tuple[Arrays | None, list[object]]],
) -> Iterator[Row]:
    """Train each row of the table, or take it from where it was trained before.

    Args:
        out: A folder; `table.json`, `table.md` and a run's folder for each row.
        recipe: What is changed.
        faces: As `train.train` takes them.
        changes: From `TABLE`, or others.
        helped: A recipe to the weights to begin with and the teachers it names.

    Yields:
        Each row as it is done; the files hold all rows so far.
    """
    rows: list[Row] = []
    for name, change in changes.items():
        changed = recipe.changed(change)
        if change and changed == recipe:
            continue
        run = Run(out / re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"))
        if run.started:
            changed = run.recipe()
        else:
            run.begin(changed)
        start, teachers = helped(changed)
        for _ in train(run, changed, faces, start=start, teachers=teachers):
            pass
        epochs = run.epochs()
        best = max(epochs, key=lambda epoch: epoch.accuracy)
        minutes = sum(epoch.seconds for epoch in epochs) / 60
        row = Row(
            name,
            dict(change),
            best.accuracy,
            best.macro_f1,
            _spoilt(run, changed, faces),
            len(epochs),
            minutes,
            asdict(changed),
        )
        rows.append(row)
        text = json.dumps([asdict(each) for each in rows], indent=1) + "\n"
        (out / "table.json").write_text(text, encoding="utf-8")
        (out / "table.md").write_text(markdown(rows), encoding="utf-8")
        yield row


def _spoilt(run: Run, recipe: Recipe, faces: Faces) -> float:
    model = networks.build(recipe.network)
    assign(model.weights, run.best()[0])
    _, held_out = divided(faces, recipe.seed)
    return float(
        np.mean(
            [
                figures(each.labels, logits(model, each.images)).accuracy
                for _, each in spoilt(held_out)
            ]
        )
    )


def markdown(rows: list[Row]) -> str:
    """The table for the documents; the first row is what the others are measured against."""
    lines = [
        "| recipe | accuracy | change | macro-F1 | spoilt | change | epochs | minutes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        change, spoilt_change = row.accuracy - rows[0].accuracy, row.spoilt - rows[0].spoilt
        lines.append(
            f"| {row.name} | {row.accuracy:.2%} | {change * 100:+.2f} | {row.macro_f1:.2%} "
            f"| {row.spoilt:.2%} | {spoilt_change * 100:+.2f} | {row.epochs} | {row.minutes:.1f} |"
        )
    return "\n".join(lines) + "\n"
