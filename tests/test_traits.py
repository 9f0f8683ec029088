"""A person's looks, read from photographs and drawn again."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from generator import classifier, constancy, gate, likeness, trait_training
from generator.ages import CROP, Onlooker, framed
from generator.artwork.people.person import Person
from generator.labels import labels
from generator.looks import Looker
from generator.people import held_out
from generator.pictures import Picture
from generator.portrayal import person_of, seen_in
from generator.reader import CLASSES, Reader, load
from generator.trait_figures import compared
from generator.traits import BEARDS, GLASSES, HEADWEAR, LENGTHS, MEASURES, Lab, Traits, merged
from vcam_emoji.errors import DataError, ModelError
from vcam_emoji.resources import asset


def odds(classes: tuple[str, ...], likely: str, sure: float = 0.9) -> dict[str, float]:
    rest = (1 - sure) / (len(classes) - 1)
    return {each: sure if each == likely else rest for each in classes}


def somebody(
    skin: Lab = (66.0, 14.0, 18.0),
    hair: Lab = (25.0, 6.0, 9.0),
    glasses: str = "none",
    beard: str = "none",
    length: str = "short",
    headwear: str = "cap",
) -> Traits:
    return Traits(
        skin=skin,
        lips=(50.0, 24.0, 16.0),
        colour=odds(CLASSES["colour"], "dark brown"),
        hair=hair,
        brows=(30.0, 8.0, 12.0),
        eyes=(25.0, 6.0, 9.0),
        jaw=skin,
        worn=hair,
        glasses=odds(GLASSES, glasses),
        beard=odds(BEARDS, beard),
        length=odds(LENGTHS, length),
        headwear=odds(HEADWEAR, headwear),
        fringe=0.0,
        receding=0.0,
        coiled=0.0,
        thick=0.0,
        curly=0.0,
        age=35.0,
        measures=dict.fromkeys(MEASURES, 0.0),
        confidence={"skin": 1.0},
    )


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def portrait(name: str) -> Picture:
    from generator.gate import Gate, aligned

    photo = cv2.imread(str(asset("demo") / name))
    assert photo is not None
    lenient = Gate(sharpness=0.0, side=50, beyond=0.5)
    return aligned(photo.astype(np.uint8), 256, lenient).image


def test_glasses_beard_and_hair_of_the_demo_portraits_are_read(reader: Reader) -> None:
    hopper = reader.read([portrait("hopper.jpg")])
    assert hopper.likeliest("beard") == "none"
    collins = reader.read([portrait("collins.jpg")])
    assert collins.likeliest("beard") == "none"
    assert collins.likeliest("glasses") == "none"


def test_the_naval_cap_of_the_demo_is_read_and_drawn_as_a_cap(reader: Reader) -> None:
    hopper = reader.read([portrait("hopper.jpg")])
    assert hopper.likeliest("length") == "hidden"
    assert person_of(hopper).headwear == "cap"
    collins = reader.read([portrait("collins.jpg")])
    assert person_of(collins).headwear == "none"


def test_a_photograph_in_the_mirror_shows_the_same_person(reader: Reader) -> None:
    photo = portrait("collins.jpg")
    one, other = reader.read([photo]), reader.read([np.ascontiguousarray(photo[:, ::-1])])
    stranger = reader.read([portrait("hopper.jpg")])
    assert likeness.distance(one, other) < 0.35 * likeness.distance(one, stranger)


def test_the_persons_outline_holds_the_face() -> None:
    look = Looker().look(portrait("collins.jpg"))
    inside = np.rint(look.mesh).astype(int)
    assert look.presence > 0.9
    assert (look.person[inside[:, 1], inside[:, 0]] > 0.5).mean() > 0.98


def test_several_photographs_outvote_an_odd_one() -> None:
    yellow = somebody(skin=(60.0, 5.0, 45.0), glasses="clear")
    one = merged([somebody(), yellow, somebody()])
    assert one.skin == somebody().skin
    assert one.likeliest("glasses") == "none"
    assert one.photos == 3


def test_a_person_is_no_distance_from_themselves_and_the_same_both_ways() -> None:
    here, there = somebody(), somebody(beard="full", hair=(70.0, 5.0, 30.0))
    assert likeness.distance(here, here) == 0
    assert likeness.distance(here, there) == pytest.approx(likeness.distance(there, here))


@pytest.mark.parametrize(
    "other",
    [
        somebody(skin=(35.0, 12.0, 16.0)),
        somebody(hair=(75.0, 4.0, 28.0)),
        somebody(glasses="clear"),
        somebody(beard="full"),
        somebody(length="long"),
        replace(somebody(), measures=dict.fromkeys(MEASURES, 1.0)),
    ],
    ids=("skin", "hair colour", "glasses", "beard", "length", "proportions"),
)
def test_every_trait_that_differs_makes_people_less_alike(other: Traits) -> None:
    assert likeness.distance(somebody(), other) > 0.01
    assert likeness.rank(somebody(), somebody(), [other]) == 1
    assert likeness.rank(other, somebody(), [other]) == 2


def test_hidden_hair_says_nothing_about_its_length_but_that_it_is_hidden() -> None:
    capped, cropped, long = (somebody(length=each) for each in ("hidden", "very short", "long"))
    to_cropped, to_long = likeness.distance(capped, cropped), likeness.distance(capped, long)
    assert to_cropped == pytest.approx(to_long, rel=0.02)
    assert 0 < to_long < likeness.distance(cropped, long)


def test_the_skin_of_a_drawing_is_seen_as_it_was_read() -> None:
    read = somebody(glasses="clear", beard="full", length="long")
    seen = seen_in(person_of(read), read)
    assert likeness.distance(read, seen) < 0.15
    for what in ("glasses", "beard", "length"):
        assert seen.likeliest(what) == read.likeliest(what)


def test_what_is_drawn_is_what_was_read() -> None:
    drawn = person_of(somebody(glasses="clear", beard="goatee", length="long"))
    assert drawn.glasses != "none"
    assert not drawn.sunglasses
    assert drawn.beard == "goatee"
    assert drawn.hair.startswith("long")
    assert person_of(somebody(glasses="sun")).sunglasses
    assert person_of(somebody(length="hidden")).headwear != "none"


def test_hair_between_short_and_medium_is_drawn_as_neither_a_crop_nor_a_bob() -> None:
    between = {**somebody(length="short").length, "short": 0.5, "medium": 0.45}
    assert person_of(replace(somebody(), length=between, fringe=0.9)).hair == "pixie"
    surely = {**between, "short": 0.8, "medium": 0.1}
    assert person_of(replace(somebody(), length=surely, fringe=0.9)).hair == "crop"


def test_hair_to_the_chin_has_a_fringe_only_where_one_was_read() -> None:
    read = somebody(length="medium")
    assert person_of(replace(read, fringe=0.9)).hair == "bob"
    swept = person_of(replace(read, fringe=0.1))
    assert swept.hair == "layered"
    assert seen_in(swept, read).likeliest("length") == "medium"


@pytest.mark.parametrize("length", ["very short", "short"])
def test_coiled_hair_is_drawn_coiled_and_never_parted(length: str) -> None:
    read = replace(somebody(length=length), coiled=0.8)
    drawn = person_of(read)
    assert drawn.hair == "coiled"
    assert seen_in(drawn, read).likeliest("length") == length
    assert seen_in(drawn, read).coiled == 1.0
    assert person_of(replace(read, coiled=0.2)).hair != "coiled"
    assert person_of(replace(read, receding=0.9)).forehead > 0.5 > drawn.forehead


def test_thin_frames_are_drawn_as_wire_and_thick_ones_dark() -> None:
    wire, plastic = (person_of(replace(somebody(glasses="clear"), thick=p)) for p in (0.2, 0.8))
    assert wire.glasses != plastic.glasses
    assert int(wire.glasses_colour[1:3], 16) > int(plastic.glasses_colour[1:3], 16) + 40
    dark = person_of(replace(somebody(skin=(35.0, 12.0, 16.0), glasses="clear"), thick=0.2))
    assert int(dark.glasses_colour[1:3], 16) > int(wire.glasses_colour[1:3], 16), "it stands off"
    read = replace(somebody(glasses="clear"), thick=0.8)
    assert (seen_in(wire, read).thick, seen_in(plastic, read).thick) == (0.0, 1.0)


@pytest.mark.parametrize("kind", HEADWEAR)
def test_what_hides_the_hair_is_drawn_over_it(kind: str) -> None:
    read = somebody(length="hidden", headwear=kind)
    drawn = person_of(read)
    assert drawn.headwear == ("beanie" if kind == "hat" else kind)
    assert sum(seen_in(drawn, read).headwear.values()) == 1
    assert person_of(somebody(headwear=kind)).headwear == "none"


@pytest.mark.parametrize("lightness", [25.0, 40.0, 55.0, 70.0, 80.0])
def test_skin_is_drawn_in_the_tone_that_was_read(lightness: float) -> None:
    from generator.artwork.people.tones import skin_colour
    from generator.cielab import ciede2000, lab

    read = (lightness, 13.0, 18.0)
    person: Person = person_of(somebody(skin=read))
    colour = skin_colour(person.skin_tone, person.undertone)
    drawn = lab(np.array((colour.red, colour.green, colour.blue)))
    assert float(ciede2000(drawn, np.array(read))) < 12


def test_every_trait_can_be_drawn_at_its_utmost() -> None:
    for kind in LENGTHS:
        for far in (-3.0, 3.0):
            person_of(replace(somebody(length=kind), measures=dict.fromkeys(MEASURES, far)))


def test_grey_hair_makes_a_face_of_any_age_look_older() -> None:
    young = replace(somebody(), age=30.0)
    grey = replace(young, colour=odds(CLASSES["colour"], "grey"))
    old = replace(young, age=70.0)
    assert person_of(young).age < person_of(grey).age < person_of(old).age <= 80
    assert person_of(replace(young, age=5.0)).age >= 18, "children are not drawn"


def test_ages_are_learnt_and_drawn_out_half_way(capsys: pytest.CaptureFixture[str]) -> None:
    chance = np.random.default_rng(0)
    years = chance.uniform(15, 75, 600)
    vectors = np.column_stack([years / 20, np.zeros(600), chance.normal(size=600)])
    noisy = (vectors + chance.normal(0, 0.8, (600, 3)) * (1, 0, 1)).astype(np.float32)
    ages = trait_training.fitted_ages(noisy, years, print)
    assert "faces put aside" in capsys.readouterr().out
    read = np.array([ages.years(each) for each in noisy])
    assert np.corrcoef(read, years)[0, 1] > 0.7
    plain = read.std() / ages.stretch
    assert plain < read.std() < years.std()
    assert ages.stretch == pytest.approx((years.std() / plain) ** 0.5, rel=1e-6)
    assert np.isfinite(ages.years(np.full(3, 1e6))), "what never occurs cannot run away"


def test_the_admiral_of_the_demo_looks_older_than_the_astronaut(reader: Reader) -> None:
    hopper, collins = (reader.read([portrait(name)]) for name in ("hopper.jpg", "collins.jpg"))
    assert hopper.age > collins.age + 5
    assert person_of(hopper).age > person_of(collins).age + 5


def test_how_old_a_face_looks_does_not_hang_on_where_it_is_in_the_crop() -> None:
    look, onlooker = Looker().look(portrait("hopper.jpg")), Onlooker()
    grey = cv2.cvtColor(look.image, cv2.COLOR_RGB2GRAY).astype(np.uint8)
    crop, known = framed(grey, look.mesh), load().ages
    assert crop.shape == (CROP, CROP)
    assert known is not None
    moved = (np.roll(crop, at, axis=(0, 1)) for at in ((0, 0), (0, 2), (-2, 0)))
    years = [known.years(onlooker.vector(each)) for each in moved]
    assert max(years) - min(years) < 12


@pytest.mark.parametrize("index", ["file,age\n0.jpg,quite old\n", "file\n0.jpg\n", None])
def test_an_archive_that_tells_no_ages_is_refused(tmp_path: Path, index: str | None) -> None:
    archive = tmp_path / "faces.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("0.jpg", b"")
        if index is not None:
            made.writestr("index.csv", index)
    with pytest.raises(DataError, match="cannot be used"):
        trait_training.aged(load(), archive, print)


def test_nobody_is_both_fitted_to_and_judged_on() -> None:
    told = labels()
    assert len({each.file for each in told}) == len(told)
    aside = sum(held_out(each.file) for each in told)
    assert aside > 100
    assert len(told) - aside > 1600
    for each in told:
        for what, classes in CLASSES.items():
            assert getattr(each, what) in ("", *classes)
        assert (each.headwear != "") <= (each.length == "hidden")
        assert each.by_chance == "yes" or not held_out(each.file)


def test_figures_count_what_was_told_and_read() -> None:
    told = [each for each in labels() if held_out(each.file)]
    perfect = {
        each.file: somebody(
            glasses=each.glasses or "none", beard=each.beard or "none", length=each.length or "bald"
        )
        for each in told
    }
    cheeks = {each.file: somebody().skin for each in told}
    figures = compared(told, perfect, cheeks)
    assert (figures.glasses_f1, figures.beard_f1, figures.length) == (1, 1, 1)
    blind = compared(told, {each.file: somebody() for each in told}, cheeks)
    assert (blind.glasses_f1, blind.beard_f1) == (0, 0)
    assert blind.length < 0.8


def test_a_reader_learns_what_is_there_to_learn() -> None:
    chance = np.random.default_rng(0)
    truth = chance.integers(0, 3, 200)
    vectors = chance.normal(size=(200, 50)) + 3.5 * np.eye(50)[truth * 7]
    names = np.array(("a", "b", "c"))[truth]
    fitted = classifier.fit(vectors[:120], names[:120], ("a", "b", "c"), penalty=0.5)
    right = fitted.scores(vectors[120:]).argmax(axis=1) == truth[120:]
    assert right.mean() > 0.8


def test_a_judge_who_guesses_is_not_believed() -> None:
    chance = np.random.default_rng(0)
    truth = np.eye(3, dtype=bool)[chance.integers(0, 3, 400)]
    knows, guesses = truth + chance.normal(size=(400, 3)), chance.normal(size=(400, 3))
    belief, bias = trait_training.believed(np.hstack([knows, guesses]), truth)
    assert np.abs(belief[3:]).max() < 0.25 * np.abs(belief[:3]).max()
    powers = np.exp(knows @ belief[:3] + bias)
    odds = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(odds.mean(axis=0), truth.mean(axis=0), atol=0.03)


def test_readers_with_a_judge_too_few_are_refused(tmp_path: Path) -> None:
    with np.load(asset("models") / "traits" / "traits.npz") as shipped:
        kept = dict(shipped)
    kept["beard/belief"] = kept["beard/belief"][:-1]
    np.savez(tmp_path / "traits.npz", **kept)
    with pytest.raises(ModelError, match="beard believes"):
        load(tmp_path / "traits.npz")


def test_readers_that_are_none_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "traits.npz"
    broken.write_bytes(b"not an archive")
    with pytest.raises(ModelError, match="no readers"):
        load(broken)
    with pytest.raises(ModelError, match="missing"):
        load(tmp_path / "none.npz")


def test_constancy_keeps_what_goes_with_the_person_and_not_with_the_light() -> None:
    chance = np.random.default_rng(0)
    own = np.repeat(chance.normal((60, 10, 18), (8, 2, 3), (200, 3)), 2, axis=0)
    light = chance.normal(0, 12, (400, 3))
    seen = own + light
    features = np.hstack([seen, light + chance.normal(0, 2, light.shape)])
    people = [str(n // 2) for n in range(400)]
    found = constancy.fitted(
        features, people, dict.fromkeys(constancy.COLOURS, seen), {"skin": seen, "hair": own}
    )
    skin, hair = (found.colour(name, features) for name in constancy.COLOURS)
    same = np.linalg.norm(hair[::2] - hair[1::2], axis=1).mean()
    others = np.linalg.norm(hair[:-2:2] - hair[3::2], axis=1).mean()
    assert same < 0.4 * others
    # As wide as it was asked for, however much of it is foretold.
    assert hair.var(axis=0).sum() == pytest.approx(own.var(axis=0).sum(), rel=0.01)
    assert skin.var(axis=0).sum() > 1.5 * hair.var(axis=0).sum()


def test_colours_that_no_skin_has_are_not_foretold() -> None:
    weights = dict.fromkeys(constancy.COLOURS, np.eye(3) * 50)
    offset = dict.fromkeys(constancy.COLOURS, np.array((60.0, 10.0, 15.0)))
    found = constancy.Constancy(np.zeros(3), np.ones(3), weights, offset)
    assert found.colour("skin", np.array((-9.0, 0.0, 0.0)))[0] == 5
    with pytest.raises(ValueError, match="hair has the shape"):
        constancy.Constancy(np.zeros(3), np.ones(3), weights | {"hair": np.eye(2)}, offset)


def test_a_photograph_in_warm_light_shows_the_same_person() -> None:
    picture = cv2.imread(str(asset("demo/collins.jpg")))
    assert picture is not None
    straight = gate.aligned(picture.astype(np.uint8), 256).image
    warm = np.rint((straight * np.array((0.95, 0.8, 0.62))).clip(0, 255)).astype(np.uint8)
    steady, plain = Reader(), Reader(replace(load(), constancy=None))
    for what in ("skin", "hair"):
        apart = [
            float(
                np.linalg.norm(np.subtract(*(getattr(r.read([p]), what) for p in (straight, warm))))
            )
            for r in (steady, plain)
        ]
        assert apart[0] < apart[1]


def test_light_hair_seen_in_its_shadows_is_taught_lighter_and_dark_hair_hardly_changed() -> None:
    blond, dark = (
        trait_training.called(
            replace(somebody(hair=seen), colour=odds(CLASSES["colour"], name, sure=0.95))
        )
        for name, seen in (("blond", (45.0, 6.0, 20.0)), ("dark brown", (25.0, 6.0, 9.0)))
    )
    assert 50 < blond[0] < 65
    assert blond[2] > 20
    np.testing.assert_allclose(dark, (25.0, 6.0, 9.0), atol=2)
