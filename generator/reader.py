"""Reads a person's traits from aligned photographs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from generator import ages, cielab, constancy, descriptors
from generator.ages import Ages, Onlooker
from generator.classifier import Classifier
from generator.constancy import Constancy
from generator.descriptors import Vector
from generator.looks import OVAL, SIDE, Look, Looker, filled
from generator.measures import brow_mask, measured
from generator.pictures import Picture
from generator.traits import (
    BEARDS,
    FRAMES,
    GLASSES,
    HEADWEAR,
    LENGTHS,
    MEASURES,
    Lab,
    Odds,
    Traits,
    merged,
)
from vcam_emoji.errors import ModelError
from vcam_emoji.resources import asset

COLOURS: Mapping[str, Lab] = {
    "black": (16.0, 2.0, 3.0),
    "dark brown": (25.0, 6.0, 9.0),
    "brown": (36.0, 9.0, 16.0),
    "light brown": (50.0, 9.0, 23.0),
    "blond": (68.0, 6.0, 30.0),
    "red": (41.0, 20.0, 27.0),
    "grey": (52.0, 0.5, 3.0),
    "white": (80.0, 0.0, 4.0),
}
"""What hair of that name is like in even light."""
SEEN: Mapping[str, tuple[str, ...]] = {
    "glasses": ("eyes", "places", "framed", "rims", "things", "things_far"),
    "frame": ("eyes", "framed", "rims"),
    "beard": ("jaw", "places", "bearded", "below", "things", "things_far"),
    "length": (
        "head",
        "places",
        "far",
        "meshed",
        "outlined",
        "outlined_far",
        "things",
        "things_far",
    ),
    "headwear": ("head", "things", "things_far"),
    "colour": ("head", "places", "outlined", "things", "things_far"),
    "fringe": ("head", "places", "near", "things", "things_far"),
    "receding": ("head", "places", "near", "meshed", "things", "things_far"),
    "curly": ("head", "near", "outlined", "things", "things_far"),
    "coiled": ("head", "near", "outlined", "tone", "places", "meshed", "things", "things_far"),
    "dark": ("tone", "places", "things", "things_far"),
}
"""Which of `DESCRIPTORS` each reader sees."""
DESCRIPTORS: Mapping[str, Callable[[Look], Vector]] = {
    each.__name__: each
    for each in (
        descriptors.head, descriptors.places, descriptors.tone, descriptors.eyes,
        descriptors.jaw, descriptors.framed, descriptors.rims, descriptors.bearded,
        descriptors.below, descriptors.near, descriptors.far, descriptors.meshed,
        descriptors.outlined, descriptors.outlined_far, descriptors.things, descriptors.things_far,
    )
}  # fmt: skip
CLASSES: Mapping[str, tuple[str, ...]] = {
    "glasses": GLASSES,
    "frame": FRAMES,
    "beard": BEARDS,
    "length": LENGTHS,
    "headwear": HEADWEAR,
    "colour": tuple(COLOURS),
    "fringe": ("no", "yes"),
    "receding": ("no", "yes"),
    "curly": ("no", "yes"),
    "coiled": ("no", "yes"),
    "dark": ("no", "yes"),
}
_TRUST = 0.35
"""How much of the light's estimated colour is taken out of a photograph. All of it does harm: a
room may well be brown."""
_PALE, _DARK = (67.0, 13.0, 18.0), (40.0, 13.0, 19.0)
"""Middle of the lit cheeks, in even light, of people whose skin is not, and is, labelled dark."""
_OWN = np.array((0.5, 0.4, 0.4))
_ORDINARY_AGE = 35.0
_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
_MOUTH = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
_JAW = (164, 393, 167, 18, 200, 199, 175, 171, 396, 201, 421)
"""On the upper lip and the chin, where beards grow."""
_EYES = ((33, 133, 159, 145), (362, 263, 386, 374))


@dataclass(frozen=True)
class Panel:
    """Reads one trait: a judge for each descriptor, and how far each is believed.

    Judges of one descriptor each, weighed, told traits of people put aside better than one judge of
    everything: none of them drowns the others by its size.
    """

    judges: tuple[Classifier, ...]
    """In the order of `SEEN`; all know the same classes."""
    belief: NDArray[np.float64]
    """[judges x classes, classes], on their scores, one judge after the other."""
    bias: NDArray[np.float64]
    """[classes]."""

    def odds(self, vectors: Sequence[Vector]) -> Odds:
        """How likely each class is, from one vector for each judge."""
        heard = [
            judge.scores(vector[None])[0]
            for judge, vector in zip(self.judges, vectors, strict=True)
        ]
        powers = np.concatenate(heard) @ self.belief + self.bias
        powers = np.exp(powers - powers.max())
        return dict(zip(self.judges[0].classes, (powers / powers.sum()).tolist(), strict=True))


@dataclass(frozen=True)
class Readers:
    """What was fitted."""

    panels: Mapping[str, Panel]
    mean: NDArray[np.float64]
    """Of `MEASURES` over many people."""
    deviation: NDArray[np.float64]
    constancy: Constancy | None = None
    """None while it is being fitted: then colours are as each photograph has them."""
    ages: Ages | None = None
    """None while they are being fitted: then everybody looks 35."""

    def odds(self, what: str, vectors: Mapping[str, Vector]) -> Odds:
        """How likely each class is, from descriptors by name."""
        return self.panels[what].odds([vectors[each] for each in SEEN[what]])


def load(file: Path | None = None) -> Readers:
    """The shipped readers, or those of a file that `traits train` wrote.

    Raises:
        ModelError: the file is missing or is none.
    """
    file = file or asset("models") / "traits" / "traits.npz"
    try:
        with np.load(file, allow_pickle=False) as kept:
            panels = {what: _panel(what, kept) for what in CLASSES}
            mean = np.asarray(kept["measures/mean"], np.float64)
            deviation = np.asarray(kept["measures/deviation"], np.float64)
            return Readers(panels, mean, deviation, _constancy(kept), _ages(kept))
    except FileNotFoundError as error:
        raise ModelError(
            f"The readers of traits are missing: there is no file {file}.",
            "Install vcam-emoji again, or check out its assets folder.",
        ) from error
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"{file} holds no readers of traits: {error}", "Train them: vcam-emoji-generator traits"
        ) from error


def _panel(what: str, kept: Mapping[str, NDArray[Any]]) -> Panel:
    classes = CLASSES[what]
    judges = []
    for each in SEEN[what]:
        weights = np.asarray(kept[f"{what}/{each}/weights"], np.float32)
        offset = np.asarray(kept[f"{what}/{each}/offset"], np.float32)
        if (
            weights.ndim != 2
            or weights.shape[1:] != (len(classes),)
            or offset.shape != (len(classes),)
        ):
            raise ValueError(f"{what} from {each} has the shape {weights.shape}")
        judges.append(Classifier(classes, weights, offset))
    belief = np.asarray(kept[f"{what}/belief"], np.float64)
    bias = np.asarray(kept[f"{what}/bias"], np.float64)
    if belief.shape != (len(judges) * len(classes), len(classes)) or bias.shape != belief.shape[1:]:
        raise ValueError(f"{what} believes its judges in the shape {belief.shape}")
    return Panel(tuple(judges), belief, bias)


def _constancy(kept: Mapping[str, NDArray[Any]]) -> Constancy:
    def array(name: str) -> NDArray[np.float64]:
        return np.asarray(kept[f"constancy/{name}"], np.float64)

    return Constancy(
        array("mean"),
        array("deviation"),
        {name: array(f"{name}/weights") for name in constancy.COLOURS},
        {name: array(f"{name}/offset") for name in constancy.COLOURS},
    )


def _ages(kept: Mapping[str, NDArray[Any]]) -> Ages:
    def array(name: str) -> NDArray[np.float64]:
        return np.asarray(kept[f"age/{name}"], np.float64)

    return Ages(
        array("mean"),
        array("deviation"),
        array("weights"),
        float(array("offset")),
        float(array("stretch")),
    )


def described(look: Look) -> dict[str, Vector]:
    """All descriptors of a look by name."""
    return {name: descriptor(look) for name, descriptor in DESCRIPTORS.items()}


class Reader:
    """Reads traits; keeps its networks loaded."""

    def __init__(self, readers: Readers | None = None) -> None:
        """Load what is shipped.

        Raises:
            ModelError: it is missing or damaged.
        """
        self._looker = Looker()
        self._onlooker = Onlooker()
        self._readers = readers or load()

    def read(self, photos: Sequence[Picture]) -> Traits:
        """A person's traits from at least one photograph.

        Args:
            photos: Each [n, n, 3], RGB, aligned as FFHQ is, all of one person.
        """
        return merged([self.read_look(self._looker.look(each)) for each in photos])

    def read_look(self, look: Look) -> Traits:
        """What one look tells."""
        vectors = described(look)
        seen = self._as_lit(look, vectors)
        if self._readers.constancy is None:
            return seen
        features = self.lit(look, seen, vectors)
        skin, hair = (self._readers.constancy.colour(what, features) for what in constancy.COLOURS)
        return replace(seen, skin=_lab(skin), hair=_lab(hair))

    def lit(self, look: Look, seen: Traits, vectors: Mapping[str, Vector]) -> NDArray[np.float64]:
        """[57], what tells the person's own colours from those of the light.

        Args:
            look: The photograph.
            seen: The traits as it has them, before any constancy.
            vectors: Its descriptors.
        """
        colours = (seen.skin, seen.hair, seen.jaw, seen.brows, seen.lips, seen.worn, seen.eyes)
        parts = (
            look.skin,
            look.light,
            *colours,
            vectors["tone"],
            list(seen.colour.values()),
            list(seen.length.values()),
            [self._readers.odds("dark", vectors)["yes"]],
            even(look, look.skin),
        )
        return np.concatenate([np.asarray(each, np.float64) for each in parts])

    def _as_lit(self, look: Look, vectors: Mapping[str, Vector]) -> Traits:
        """Traits with the colours that the photograph itself has, its light half taken out."""
        odds = {what: self._readers.odds(what, vectors) for what in CLASSES}
        measures = (measured(look) - self._readers.mean) / self._readers.deviation
        above = _above(look)
        # Light changes a colour, its name hardly: the truth is sought between both.
        named = np.sum([p * np.array(COLOURS[c]) for c, p in odds["colour"].items()], axis=0)
        brows = even(look, _mean(look, brow_mask(look), look.skin * 0.4))
        hidden = odds["length"]["hidden"]
        hair = np.array(even(look, above)) * (1 - hidden) + np.array(brows) * hidden
        sure = {what: float(max(odds[what].values())) for what in ("glasses", "beard", "length")}
        return Traits(
            skin=_skin(look, odds["dark"]["yes"]),
            lips=even(look, _lips(look)),
            hair=_lab(0.45 * hair + 0.55 * named),
            colour=odds["colour"],
            brows=brows,
            eyes=even(look, _irises(look)),
            jaw=even(look, _at(look, _JAW)),
            worn=even(look, above),
            glasses=odds["glasses"],
            beard=odds["beard"],
            length=odds["length"],
            headwear=odds["headwear"],
            fringe=odds["fringe"]["yes"],
            receding=odds["receding"]["yes"],
            curly=odds["curly"]["yes"],
            coiled=odds["coiled"]["yes"],
            thick=odds["frame"]["thick"],
            age=self._age(look),
            measures=dict(zip(MEASURES, np.clip(measures, -3, 3).tolist(), strict=True)),
            confidence={
                **sure,
                "skin": float(np.clip(look.skin[0] / 45, 0.2, 1)),
                "hair": float(max(odds["colour"].values())) * (1 - hidden),
                "eyes": 0.2 + 0.5 * max(0.0, look.sharpness - 0.5),
                "measures": look.presence,
            },
        )

    def _age(self, look: Look) -> float:
        if self._readers.ages is None:
            return _ORDINARY_AGE
        grey = cv2.cvtColor(look.image, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
        crop = ages.framed(grey, look.mesh)
        guesses = [
            self._readers.ages.years(self._onlooker.vector(each)) for each in (crop, crop[:, ::-1])
        ]
        return float(np.clip(np.mean(guesses), 5, 90))


def _skin(look: Look, dark: float) -> Lab:
    """The cheeks, half way back to what skin is like: lighting varies more than skin does.

    Between two photographs of one person the lightness of cheeks differs by 11 on average, between
    two people's by 14, and what is far from the mean is mostly the light's doing.
    """
    mean = (1 - dark) * np.array(_PALE) + dark * np.array(_DARK)
    return _lab(mean + _OWN * (np.array(even(look, look.skin)) - mean))


def _lab(values: NDArray[np.float64]) -> Lab:
    lightness, a, b = (float(v) for v in values)
    return lightness, a, b


def even(look: Look, colour: NDArray[np.float64]) -> Lab:
    """A colour of the photograph, CIE Lab, with part of its light's estimated colour taken out."""
    xyz_like = cielab.linear(cielab.srgb(colour))
    return _lab(np.asarray(cielab.from_linear(xyz_like / np.clip(look.light, 0.6, 1.6) ** _TRUST)))


def _mean(
    look: Look, mask: NDArray[np.bool_], otherwise: NDArray[np.float64]
) -> NDArray[np.float64]:
    if mask.sum() < 4:
        return otherwise
    return np.asarray(np.median(look.lab[mask], axis=0), np.float64)


def _at(look: Look, points: Sequence[int]) -> NDArray[np.float64]:
    at = np.rint(look.mesh[list(points)]).astype(int).clip(0, SIDE - 1)
    soft = cv2.GaussianBlur(look.lab, (0, 0), 2.0)
    return np.asarray(np.median(soft[at[:, 1], at[:, 0]], axis=0), np.float64)


def _lips(look: Look) -> NDArray[np.float64]:
    mask = filled(look.mesh[list(_LIPS)]) & ~filled(look.mesh[list(_MOUTH)])
    return _mean(look, mask, look.skin)


def _above(look: Look) -> NDArray[np.float64]:
    """What is least like skin of what surrounds the face above the eyes: hair, or headwear."""
    face = filled(look.mesh[list(OVAL)])
    rows = np.arange(SIDE)[:, None]
    eyes = float(look.mesh[[33, 263], 1].mean())
    around = (look.person > 0.8) & ~face & (rows < eyes)
    if around.sum() < 60:
        return np.array(look.skin)
    colours = look.lab[around]
    unlike = np.abs(colours - look.skin).dot((0.6, 1.0, 0.8))
    hair = colours[unlike >= np.percentile(unlike, 45)]
    return np.asarray(np.median(hair, axis=0), np.float64)


def _irises(look: Look) -> NDArray[np.float64]:
    """A ring about each eye's middle: around the pupil, inside the white."""
    rows, columns = np.indices((SIDE, SIDE))
    ring = np.zeros((SIDE, SIDE), bool)
    for outer, inner, top, low in _EYES:
        across = float(np.hypot(*(look.mesh[outer] - look.mesh[inner])))
        x, y = (look.mesh[[outer, inner, top, low]].mean(axis=0)).astype(float)
        away = np.hypot(columns - x, rows - y)
        open_ = filled(look.mesh[[outer, top, inner, low]])
        ring |= (away > 0.09 * across) & (away < 0.22 * across) & open_
    return _mean(look, ring, np.array((30.0, 4.0, 6.0)))
