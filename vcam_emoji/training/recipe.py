"""How one network is trained: saved with every result, so that it can be trained again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, cast

from vcam_emoji.errors import DataError, UsageError
from vcam_emoji.training.augment import Variation

FORMS = ("float32", "float16", "dynamic", "int8")
"""How a shipped network stores its weights: whole, halved, or as int8; `int8` computes so too."""


@dataclass(frozen=True, slots=True)
class Recipe:
    network: str = "mini-xception"
    epochs: int = 60
    minutes: float = 0.0
    """Where above 0, how long to train instead: the rate then falls along time, not epochs."""
    start: str = ""
    """Which weights it began from; chance where empty."""
    batch: int = 128
    optimizer: str = "adamw"
    """Or `sgd`: with Nesterov's momentum of 0.9."""
    learning_rate: float = 2e-3
    """At its highest, after the warm-up; then it falls to 0 along a cosine."""
    warm_up_epochs: float = 2.0
    weight_decay: float = 0.02
    """Decoupled, times the learning rate; biases and normalisations are left alone."""
    label_smoothing: float = 0.05
    share_of_votes: float = 0.3
    """How much of the target comes from FER+ votes, where there are any."""
    teachers: tuple[str, ...] = ()
    """Trained networks whose averaged answers are mixed into the targets."""
    share_of_teachers: float = 0.7
    """How much of the target comes from them, where there are any."""
    teacher_temperature: float = 1.5
    """What their logits are divided by."""
    unlabelled: str = ""
    """Faces that nobody labelled: answered by the teachers, or by what the run began from."""
    share_of_unlabelled: float = 0.3
    """How much of what is shown are such faces, where there are any."""
    also: str = ""
    """More labelled faces, those for training of which are learnt from as well."""
    mixup: float = 0.0
    """Where above 0, alpha of mixup (Zhang et al. 2018): pictures are blended in pairs."""
    sharpness: float = 0.0
    """Where above 0, how far weights move before the slope is taken (see `sharpness`)."""
    balance: float = 0.0
    """How much oftener rare classes are shown: a class of n pictures, n to the minus this times."""
    average_decay: float = 0.999
    """Of the exponential moving average of the weights, for each step; the average is shipped."""
    precision: str = "float32"
    """A Keras dtype policy."""
    seed: int = 1
    variation: Variation = field(default_factory=Variation)

    def changed(self, settings: Mapping[str, str]) -> Recipe:
        """With some of it set otherwise.

        Args:
            settings: Values by name; what `variation` holds is named `variation.camera` and so on.

        Raises:
            UsageError: there is no such name, or the value does not fit.
        """
        recipe = self
        for name, text in settings.items():
            outer, _, inner = name.partition(".")
            try:
                if inner and outer == "variation":
                    changed = replace(recipe.variation, **{inner: float(text)})
                    recipe = replace(recipe, variation=changed)
                else:
                    kind = type(getattr(recipe, name))
                    value = tuple(filter(None, text.split(","))) if kind is tuple else kind(text)
                    recipe = replace(recipe, **cast(dict[str, Any], {name: value}))
            except (AttributeError, TypeError, ValueError) as error:
                known = [each.name for each in fields(recipe) if each.name != "variation"]
                known += [f"variation.{each.name}" for each in fields(recipe.variation)]
                raise UsageError(
                    f"A recipe cannot have {name}={text}.", f"It has: {', '.join(known)}."
                ) from error
        return recipe

    def options(self) -> str:
        """What `train` is to be given for it."""
        plain, options = Recipe(), [f"--network {self.network}"]
        named = {"epochs", "minutes", "batch", "learning_rate", "balance", "seed", "precision"}
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name in ("network", "variation") or value == getattr(plain, each.name):
                continue
            if each.name == "start":
                options.append(f"--from {value}")
            elif each.name in ("also", "unlabelled"):
                options.append(f"--{each.name} {value}")
            elif each.name == "teachers":
                options.append(f"--teachers {','.join(value)}")
            elif each.name in named:
                text = value if isinstance(value, str) else f"{value:g}"
                options.append(f"--{each.name.replace('_', '-')} {text}")
            else:
                options.append(f"--set {each.name}={value}")
        for each in fields(self.variation):
            value = getattr(self.variation, each.name)
            if value != getattr(plain.variation, each.name):
                options.append(f"--set variation.{each.name}={value:g}")
        return " ".join(options)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Recipe:
        """Read a saved recipe.

        Raises:
            DataError: it is not there or not a recipe.
        """
        try:
            return cls.parsed(path.read_text(encoding="utf-8"), path)
        except OSError as error:
            raise DataError(
                f"{path} is not the recipe of a training run: {error}.",
                "Give the folder that 'train' made.",
            ) from error

    @classmethod
    def parsed(cls, text: str, path: Path) -> Recipe:
        """A recipe from JSON.

        Raises:
            DataError: it is none; the sentence names `path`.
        """
        try:
            said = json.loads(text)
            variation = Variation(**said.pop("variation"))
            teachers = tuple(said.pop("teachers", ()))
            return cls(**said, teachers=teachers, variation=variation)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            known = ", ".join(each.name for each in fields(cls))
            raise DataError(
                f"{path} is not the recipe of a training run: {error}.",
                f"Give the folder that 'train' made. A recipe names: {known}.",
            ) from error
