"""How one network is trained: saved with every result, so that it can be trained again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from vcam_emoji.errors import DataError
from vcam_emoji.training.augment import Variation

FORMS = ("float32", "float16", "dynamic", "int8")
"""How a shipped network stores its weights: whole, halved, or as int8; `int8` computes so too."""


@dataclass(frozen=True, slots=True)
class Recipe:
    network: str = "mini-xception"
    epochs: int = 60
    batch: int = 128
    learning_rate: float = 2e-3
    """At its highest, after the warm-up; then it falls to 0 along a cosine."""
    warm_up_epochs: float = 2.0
    weight_decay: float = 0.02
    """Decoupled (AdamW), times the learning rate; biases and normalisations are left alone."""
    label_smoothing: float = 0.05
    share_of_votes: float = 0.3
    """How much of the target comes from FER+ votes, where there are any."""
    balance: float = 0.0
    """How much oftener rare classes are shown: a class of n pictures, n to the minus this times."""
    average_decay: float = 0.999
    """Of the exponential moving average of the weights, for each step; the average is shipped."""
    precision: str = "mixed_bfloat16"
    """A Keras dtype policy."""
    seed: int = 1
    variation: Variation = field(default_factory=Variation)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Recipe:
        """Read a saved recipe.

        Raises:
            DataError: it is not there or not a recipe.
        """
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            variation = Variation(**said.pop("variation"))
            return cls(**said, variation=variation)
        except (OSError, ValueError, KeyError, TypeError) as error:
            known = ", ".join(each.name for each in fields(cls))
            raise DataError(
                f"{path} is not the recipe of a training run: {error}.",
                f"Give the folder that 'train' made. A recipe names: {known}.",
            ) from error
