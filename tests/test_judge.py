"""The judge of drawings: what it learns from, what it tells, and the figures made of that."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("keras")
pytest.importorskip("resvg_py")

from generator.artwork.people.person import Person
from generator.cli import main
from generator.judge import figures, gallery
from generator.judge.answers import KINDS, MEASURES, NUMBERS, ODDS, Readings, apart, distance
from generator.judge.answers import kinds as kinds_of
from generator.judge.answers import numbers as numbers_of
from generator.judge.gallery import CLOSED, EMOTIONS, Gallery
from generator.judge.learning import Batches, Spoiling, spoilt
from generator.judge.network import About, Network, build, kinds_loss, load, numbers_loss
from vcam_emoji.errors import DataError, ModelError
from vcam_emoji.types import Emotion

pytestmark = pytest.mark.generator


def truth(person: Person, emotion: Emotion = Emotion.NEUTRAL) -> Readings:
    """What a judge who is always right tells of one drawing."""
    felt = np.array([[each is emotion for each in EMOTIONS]], np.float32)
    return Readings(felt, numbers_of(person)[0][None], kinds_of(person)[0][None])


@dataclass
class AlwaysRight:
    """A judge who knows the galleries that it is shown."""

    known: list[Gallery]

    def read(self, flat: NDArray[np.uint8]) -> Readings:
        shown = next(each for each in self.known if len(each) == len(flat))
        rows = [
            truth(Person.random(int(number)), EMOTIONS[emotion])
            for number, emotion in zip(shown.people, shown.emotions, strict=True)
        ]
        return Readings(
            np.concatenate([each.emotions for each in rows]),
            np.concatenate([each.numbers for each in rows]),
            np.concatenate([each.odds for each in rows]),
        )


@pytest.fixture(scope="module")
def few() -> Gallery:
    return gallery.drawn(range(70, 73), gallery.every_pose)


@pytest.fixture(scope="module")
def shut() -> Gallery:
    return gallery.drawn(range(70, 73), gallery.closed)


def full(one: Gallery) -> Gallery:
    rows = np.flatnonzero(one.intensities == 1)
    return Gallery(
        one.pixels[rows], one.people[rows], one.emotions[rows], one.intensities[rows]
    )  # fmt: skip


def test_everyone_is_drawn_in_every_pose_of_a_set(few: Gallery) -> None:
    assert few.pixels.shape == (3 * 19, 64, 64, 4)
    assert sorted(set(few.people)) == [70, 71, 72]
    assert list(np.bincount(few.emotions)) == [9, 9, 9, 9, 9, 9, 3]
    assert set(few.intensities) == {0.33, 0.66, 1.0}


def test_learning_sees_each_emotion_once_in_an_intensity_of_its_own() -> None:
    poses = gallery.one_of_each(5)
    assert poses == gallery.one_of_each(5) != gallery.one_of_each(6)
    assert [each.emotion for each in poses] == list(Emotion)
    assert all(0.33 <= each.intensity <= 1 and 0 <= each.lips <= 1 for each in poses)
    assert len({each.intensity for each in poses}) > 4


def test_closed_lips_are_drawn_otherwise(shut: Gallery, few: Gallery) -> None:
    assert len(shut) == 3 * len(CLOSED)
    happy = EMOTIONS.index(Emotion.HAPPY)
    open_ = few.pixels[(few.emotions == happy) & (few.intensities == 1)]
    assert (shut.pixels[shut.emotions == happy] != open_).any()


def test_a_gallery_comes_back_from_its_file(few: Gallery, tmp_path: Path) -> None:
    few.save(tmp_path / "few.npz")
    again = gallery.opened(tmp_path / "few.npz")
    assert (again.pixels == few.pixels).all()
    assert (again.intensities == few.intensities).all()
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    with pytest.raises(DataError):
        gallery.opened(tmp_path / "bad.npz")


def test_a_person_is_as_far_from_itself_as_nothing_and_from_others_by_what_differs() -> None:
    one = Person.random(3)
    assert distance(truth(one), truth(one)) == pytest.approx([0])
    beard = replace(one, beard="full" if one.beard != "full" else "none")
    (parts,) = apart(truth(one), truth(beard))
    assert parts.tolist() == pytest.approx([0, 0, 0, 0, 1, 0, 0])
    (parts,) = apart(truth(replace(one, skin_tone=0.1)), truth(replace(one, skin_tone=0.9)))
    assert parts[0] > 1
    assert not parts[2:].any()


@pytest.mark.parametrize(
    ("change", "hidden"),
    [
        ({"headwear": "turban"}, ["forehead", "hair_colour"]),
        ({"glasses": "round", "sunglasses": True}, ["eye_size", "lashes"]),
    ],
)
def test_what_a_drawing_hides_is_not_asked_for(
    change: dict[str, object], hidden: list[str]
) -> None:
    bare = replace(Person(), hair="bob")
    shown = numbers_of(replace(bare, **change))[1]  # type: ignore[arg-type]
    assert numbers_of(bare)[1].all()
    for name in hidden:
        at = MEASURES.index(name) if name in MEASURES else NUMBERS - 1
        assert not shown[at]


def test_hair_under_headwear_does_not_count_in_learning() -> None:
    values, shown = kinds_of(replace(Person(), headwear="cap"))
    logits = np.zeros((1, ODDS), np.float32)
    true = np.concatenate([values, shown])[None]
    first = np.asarray(kinds_loss(true, logits))
    logits[0, : len(KINDS["hair"])] = np.arange(len(KINDS["hair"]))
    assert np.asarray(kinds_loss(true, logits)) == pytest.approx(first)
    logits[0, -1] = 5  # sunglasses, which show
    assert np.asarray(kinds_loss(true, logits)) > first


def test_a_hidden_number_does_not_count_in_learning() -> None:
    values, shown = numbers_of(replace(Person(), headwear="turban"))
    wrong = values + (1 - shown)
    assert np.asarray(numbers_loss(np.concatenate([values, shown])[None], wrong[None])) == [0]


def test_batches_hold_every_drawing_once_an_epoch_and_ask_no_colour_of_grey(few: Gallery) -> None:
    batches = Batches(few, 0, Spoiling(grey=1.0))
    assert len(batches) == 1
    pictures, true, weights = batches[0]
    assert pictures.shape == (57, 64, 64, 3)
    assert np.abs(pictures).max() <= 1
    assert np.bincount(true["emotions"]).tolist() == [9, 9, 9, 9, 9, 9, 3]
    assert np.ptp(pictures, axis=-1).max() < 0.3, "but for noise"
    assert not weights["numbers"].any()
    assert weights["emotions"].all()


def test_spoiling_moves_a_drawing_and_keeps_it_in_the_picture(few: Gallery) -> None:
    calm = Spoiling(shift=0, turn=0, scale=0, coarse=0, grey=0, noise=0)
    chance = np.random.default_rng(0)
    one, other = (spoilt(few.pixels[0], False, chance, calm) for _ in range(2))
    assert one.shape == (64, 64, 3)
    assert (one[0, 0] != other[0, 0]).any(), "grounds differ"
    assert np.abs(one[30:34, 30:34].astype(int) - other[30:34, 30:34]).mean() < 60


def test_a_network_comes_back_from_its_file(few: Gallery, tmp_path: Path) -> None:
    fresh = Network(build(), About(4, 0, 1))
    fresh.save(tmp_path / "judge.npz")
    again = load(tmp_path / "judge.npz")
    assert again.about == fresh.about
    flat = gallery.laid(few.pixels, gallery.grounds(len(few), 0))
    before, after = fresh.read(flat), again.read(flat)
    np.testing.assert_allclose(after.emotions, before.emotions, atol=0.01)
    assert before.emotions.sum(axis=1) == pytest.approx(np.ones(len(few)))
    assert before.odds.sum(axis=1) == pytest.approx(np.full(len(few), len(KINDS)), rel=1e-5)


def test_what_is_no_judge_is_refused(tmp_path: Path) -> None:
    Network(build(), About(4, 0, 1)).save(tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    for name in ("half.npz", "other.npz", "absent.npz"):
        with pytest.raises(ModelError) as refused:
            load(tmp_path / name)
        assert name in refused.value.message
        assert "judge train" in refused.value.hint


def test_a_judge_who_is_always_right_gives_perfect_figures(few: Gallery, shut: Gallery) -> None:
    felt, found = figures.emotions(AlwaysRight([few, shut]), few, shut)
    assert (found == few.emotions).all()
    assert (felt.right, felt.without_colour, felt.at_32_pixels) == (1, 1, 1)
    assert set(felt.by_emotion.values()) == set(felt.closed.values()) == {1}
    assert felt.confusion["sad"]["sad"] == 9
    assert sum(felt.confusion["sad"].values()) == 9


def test_a_judge_who_sees_no_emotion_in_anyone_is_right_once_in_seven(
    few: Gallery, shut: Gallery
) -> None:
    class Bored(AlwaysRight):
        def read(self, flat: NDArray[np.uint8]) -> Readings:
            told = super().read(flat)
            calm = np.zeros_like(told.emotions)
            calm[:, EMOTIONS.index(Emotion.NEUTRAL)] = 1
            return replace(told, emotions=calm)

    felt, _ = figures.emotions(Bored([few, shut]), few, shut)
    assert felt.by_emotion["neutral"] == 1
    assert felt.by_emotion["happy"] == 0
    assert felt.right == pytest.approx(3 / 57, abs=1e-3)


def test_a_set_whose_traits_stay_the_same_has_no_distance_within(few: Gallery) -> None:
    found = figures.constancy(AlwaysRight([full(few)]), few)
    assert found.within == found.ratio == 0
    assert found.between > 0.1


def test_the_written_edges_are_those_of_the_drawing() -> None:
    found = figures.edges([Person.random(70)], size=96)
    assert found.pictures == 7
    assert found.mean < 0.01
    assert found.at_edges < 0.04
    assert found.worst < 0.3


def test_a_judge_is_taught_and_judges_others_by_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judge, kept = tmp_path / "judge.npz", tmp_path / "drawings.npz"
    words = ["judge", "train", "--out", str(judge), "--people", "2", "--epochs", "1"]
    assert main([*words, "--drawings", str(kept), "--jobs", "1"]) == 0
    assert load(judge).about == About(2, 0, 1)
    assert len(gallery.opened(kept)) == 14
    again = ["judge", "train", "--out", str(judge), "--from", str(judge), "--epochs", "2"]
    assert main([*again, "--drawings", str(kept)]) == 0
    assert load(judge).about == About(2, 0, 3), "it went on learning"
    capsys.readouterr()
    words = ["evaluate", "drawings", "--judge", str(judge), "--people", "2", "--size", "64"]
    sheet = tmp_path / "sheet.png"
    assert main([*words, "--jobs", "1", "--mistakes", str(sheet), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"emotions", "constancy", "edges"}
    assert told["emotions"]["drawings"] == 38
    assert sheet.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "words",
    [
        ["judge", "train", "--out", "judge.npz", "--people", "1"],
        ["evaluate", "drawings", "--people", "1"],
        ["evaluate", "drawings", "--size", "9"],
        ["evaluate", "drawings", "--judge", "absent.npz"],
    ],
)
def test_what_cannot_be_judged_is_said(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) != 0
    assert capsys.readouterr().err.count("\n") <= 2


def test_the_judge_that_ships_reads_strangers_who_were_never_drawn_for_it() -> None:
    shipped = load()
    first = gallery.FIRST_JUDGED + 5000
    assert not shipped.about.knows(first)
    drawn = gallery.drawn(range(first, first + 4), gallery.every_pose)
    found = shipped.read(gallery.laid(drawn.pixels, gallery.grounds(len(drawn), 0)))
    right = found.emotions.argmax(axis=1) == drawn.emotions
    assert right.mean() >= 0.93
    assert figures.constancy(shipped, drawn).ratio < 0.4
