"""What was seen in photographs, for fitting and judging the readers of traits."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files
from io import StringIO


@dataclass(frozen=True, slots=True)
class Label:
    """One photograph; an empty text is what cannot be told."""

    file: str
    """Its name in `faces128.zip`."""
    glasses: str
    beard: str
    length: str
    colour: str
    fringe: str
    receding: str
    curly: str
    dark: str
    headwear: str
    """What hides the hair; empty where nothing does."""
    frame: str
    """Of clear glasses, thin or thick; empty where none are worn too."""
    coiled: str
    """Whether short hair is, or curls to the chin are; empty where no such hair is seen."""
    by_chance: str
    """"yes" for people taken as they came, "no" for those looked for; empty where that was not
    noted."""


def labels() -> list[Label]:
    """All that were made by looking."""
    text = files(__name__).joinpath("faces128.csv").read_text("utf-8")
    return [Label(**row) for row in csv.DictReader(StringIO(text))]
