"""How well traits are read: on people who are held out of every training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np

from generator.cielab import ciede2000
from generator.labels import Label, labels
from generator.likeness import distance, rank
from generator.looks import Looker
from generator.people import held_out, person_of
from generator.portrayal import person_of as portrayed
from generator.portrayal import seen_in
from generator.reader import Reader
from generator.trait_training import agreement, pictures
from generator.traits import Lab, Traits

OTHERS = 19
"""Beside the right one, in retrieval: 20 in all."""
_TRIALS = 20
"""Draws of the others for each pair of photographs."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of photographs of held-out people, against what was seen in them by looking."""

    photographs: int
    glasses_f1: float
    """Of any glasses against none."""
    glasses: int
    """How many wear some."""
    beard_f1: float
    """Of any beard, stubble too, against none."""
    beards: int
    beard_kind: float
    """Share of beards whose kind is told."""
    length: float
    """Agreement on the hair's length in five classes: bald, very short, short, medium, long."""
    length_four: float
    """The same, very short and short being one."""
    colour_name: float
    """Agreement on the hair colour's name among eight."""
    headwear_f1: float
    headwear_kind: float
    """Share of what is worn and seen whose kind, among five, is told."""
    skin_difference: float
    """Median CIEDE2000 between two photographs of one person."""
    skin_of_others: float
    """The same between two people's photographs."""
    hair_difference: float
    hair_of_others: float
    pairs: int
    """Pairs of photographs of one person."""
    ratio: float
    """Median distance between two photographs of one person over that between two people's."""
    top_1: float
    """A photograph's traits, looked up among those of 20 other photographs, one of them of the same
    person: how often that is nearest."""
    top_3: float
    drawn_skin: float
    """Median CIEDE2000 between the drawn skin and the lit cheeks as the photograph has them."""
    drawn_hair: float
    """The same for hair, against what is least like skin above the eyes; without headwear."""
    drawn_top_1: float
    """A photograph among 20 drawings, one of them made from the same photograph."""
    drawn_top_3: float


def judged(data: Path, report: Callable[[str], None], reader: Reader | None = None) -> Figures:
    """Read the held-out people's photographs and compare.

    Args:
        data: The archive `faces128.zip`.
        report: Told how it goes.
        reader: None opens the shipped one.

    Raises:
        DataError: the archive cannot be used.
        ModelError: the readers are missing.
    """
    reader = reader or Reader()
    chosen = [label for label in labels() if held_out(label.file)]
    found: dict[str, Traits] = {}
    cheeks: dict[str, Lab] = {}
    looker = Looker()
    with pictures(data) as read:
        for at, label in enumerate(chosen):
            look = looker.look(read(label.file))
            found[label.file] = reader.read_look(look)
            lightness, a, b = (float(v) for v in look.skin)
            cheeks[label.file] = lightness, a, b
            if at % 50 == 0:
                report(f"{at} of {len(chosen)} photographs")
    return compared(chosen, found, cheeks)


def compared(
    told: Sequence[Label], found: Mapping[str, Traits], cheeks: Mapping[str, Lab]
) -> Figures:
    """The figures, from labels, readings and the cheeks' colours by file."""
    lengths = [
        (label.length, _length(found[label.file]))
        for label in told
        if label.length not in ("", "tied", "hidden")
    ]
    glasses = [(each.glasses, found[each.file].likeliest("glasses")) for each in told]
    beards = [(each.beard, found[each.file].likeliest("beard")) for each in told]
    headwear = [(each.length, found[each.file].likeliest("length")) for each in told if each.length]
    kinds = [
        (each.headwear, found[each.file].likeliest("headwear"))
        for each in told
        if found[each.file].likeliest("length") == "hidden"
    ]
    colours = [(each.colour, found[each.file].colour_name) for each in told]
    both = [(t, f) for t, f in beards if t not in ("", "none") and f != "none"]
    people: dict[str, list[str]] = {}
    for label in told:
        people.setdefault(person_of(label.file), []).append(label.file)
    pairs = [pair for own in people.values() for pair in combinations(own, 2)]
    chance = Random(0)
    strangers = [
        (own[0], chance.choice(people[other]))
        for person, own in people.items()
        for other in chance.sample(sorted(set(people) - {person}), min(10, len(people) - 1))
    ]

    def apart(name: str, couples: Sequence[tuple[str, str]]) -> float:
        one = np.array([getattr(found[a], name) for a, _ in couples])
        other = np.array([getattr(found[b], name) for _, b in couples])
        return float(np.median(ciede2000(one, other)))

    drawn = {file: seen_in(portrayed(traits), traits) for file, traits in found.items()}
    bare = [file for file, traits in found.items() if traits.likeliest("length") != "hidden"]
    first = {person: own[0] for person, own in people.items()}
    drawn_ranks = []
    for person, file in first.items():
        others = sorted(set(people) - {person})
        for _ in range(_TRIALS // 4):
            among = [drawn[first[each]] for each in chance.sample(others, min(OTHERS, len(others)))]
            drawn_ranks.append(rank(found[file], drawn[file], among))
    ranks = _ranks(people, pairs, found, chance)
    return Figures(
        photographs=len(told),
        glasses_f1=_f1(glasses, lambda kind: kind != "none"),
        glasses=sum(t not in ("", "none") for t, _ in glasses),
        beard_f1=_f1(beards, lambda kind: kind != "none"),
        beards=sum(t not in ("", "none") for t, _ in beards),
        beard_kind=agreement(both),
        length=agreement(lengths),
        length_four=agreement([(_merged(t), _merged(f)) for t, f in lengths]),
        colour_name=agreement(colours),
        headwear_f1=_f1(headwear, lambda kind: kind == "hidden"),
        headwear_kind=agreement(kinds),
        skin_difference=apart("skin", pairs),
        skin_of_others=apart("skin", strangers),
        hair_difference=apart("hair", pairs),
        hair_of_others=apart("hair", strangers),
        pairs=len(pairs),
        ratio=float(
            np.median([distance(found[a], found[b]) for a, b in pairs])
            / max(np.median([distance(found[a], found[b]) for a, b in strangers]), 1e-9)
        ),
        top_1=float(np.mean([each == 1 for each in ranks])),
        top_3=float(np.mean([each <= 3 for each in ranks])),
        drawn_skin=_median([(drawn[file].skin, cheeks[file]) for file in found]),
        drawn_hair=_median([(drawn[file].hair, found[file].worn) for file in bare]),
        drawn_top_1=float(np.mean([each == 1 for each in drawn_ranks])),
        drawn_top_3=float(np.mean([each <= 3 for each in drawn_ranks])),
    )


def _ranks(
    people: Mapping[str, Sequence[str]],
    pairs: Sequence[tuple[str, str]],
    found: Mapping[str, Traits],
    chance: Random,
) -> list[int]:
    ranks = []
    for pair in pairs:
        for wanted, right in (pair, pair[::-1]):
            others = sorted(set(people) - {person_of(wanted)})
            for _ in range(_TRIALS):
                drawn = chance.sample(others, min(OTHERS, len(others)))
                among = [found[chance.choice(people[other])] for other in drawn]
                ranks.append(rank(found[wanted], found[right], among))
    return ranks


def _median(couples: Sequence[tuple[Lab, Lab]]) -> float:
    one, other = (np.array(each) for each in zip(*couples, strict=True))
    return float(np.median(ciede2000(one, other)))


def _f1(pairs: Sequence[tuple[str, str]], counts: Callable[[str], bool]) -> float:
    known = [(counts(told), counts(found)) for told, found in pairs if told]
    hits = sum(t and f for t, f in known)
    return 2 * hits / max(sum(t + f for t, f in known), 1)


def _length(traits: Traits) -> str:
    odds = {k: p for k, p in traits.length.items() if k not in ("tied", "hidden")}
    return max(odds, key=lambda kind: odds[kind])


def _merged(length: str) -> str:
    return "short" if length == "very short" else length
