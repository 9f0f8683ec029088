"""Drawn people: the same each time, every trait seen, every emotion told apart on any skin."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from generator.artwork.colour import Colour
from generator.artwork.people import alignment
from generator.artwork.people.build import SIDE, build
from generator.artwork.people.eyes import opening
from generator.artwork.people.mouth import borders
from generator.artwork.people.muscles import FEELINGS, REST, muscles
from generator.artwork.people.person import HAIR, TRAITS, Person
from generator.artwork.people.portrait import Sitter, draw
from generator.artwork.people.sets import ANCHORS, emoji_set
from generator.artwork.people.tones import skin_colour, skin_tones
from vcam_emoji import emoji_set as sets
from vcam_emoji.errors import UsageError
from vcam_emoji.faces import open_finder
from vcam_emoji.types import Emotion

drawn = pytest.mark.generator


@pytest.fixture(autouse=True)
def _renderer(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("generator"):
        pytest.importorskip("resvg_py")


def on_grey(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    alpha = pixels[..., 3:] / 255
    return np.asarray(pixels[..., :3] * alpha + 128 * (1 - alpha))


@cache
def picture(person: Person, emotion: Emotion, intensity: float = 1.0) -> NDArray[np.float64]:
    return on_grey(draw(person, emotion, intensity, 96))


# Persons.


@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_a_number_is_one_person(seed: int) -> None:
    assert Person.random(seed) == Person.random(seed)
    assert Person.random(seed) != Person.random(seed + 1)


@given(st.integers(0, 10_000))
@settings(max_examples=40)
def test_a_person_goes_through_json_unchanged(seed: int) -> None:
    person = Person.random(seed)
    assert Person.from_json(person.to_json()) == person


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '"bob"',
        '{"hair": "wig"}',
        '{"skin_tone": 1.01}',
        '{"skin_tone": NaN}',
        '{"skin_tone": true}',
        '{"skin_tone": "0.5"}',
        '{"age": 3}',
        '{"eye_colour": "brown"}',
        '{"sunglasses": 1}',
        '{"sunglasses": true}',
        '{"wings": 2}',
        '{"hair": ["bob"]}',
    ],
)
def test_what_is_no_person_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Person.from_json(text)
    assert caught.value.message.endswith(".")
    assert caught.value.hint


def test_every_trait_says_what_it_is() -> None:
    for name, rule in TRAITS.items():
        assert rule["about"], name
        assert "low" in rule or "options" in rule or "colour" in rule or rule["default"] is False


def test_a_crowd_has_every_style_on_pale_and_on_dark_skin() -> None:
    crowd = [Person.random(seed) for seed in range(1500)]
    for style in HAIR:
        tones = [each.skin_tone for each in crowd if each.hair == style]
        assert min(tones) < 0.45 < 0.55 < max(tones), style
    for trait, least in (("glasses", 0.2), ("beard", 0.15), ("headwear", 0.06), ("earrings", 0.15)):
        share = np.mean([getattr(each, trait) != "none" for each in crowd])
        assert least < share < 0.6, trait


def test_a_style_drawn_since_leaves_the_numbered_people_as_they_were() -> None:
    known = {3: "mohawk", 5: "spiky", 11: "dreadlocks", 18: "long_wavy", 179: "bald", 328: "bun"}
    assert {seed: Person.random(seed).hair for seed in known} == known


def test_no_two_traits_of_a_crowd_say_the_same() -> None:
    crowd = [Person.random(seed) for seed in range(1500)]
    numbers = [name for name, rule in TRAITS.items() if "low" in rule]
    values = np.array([[getattr(each, name) for name in numbers] for each in crowd])
    correlation = np.abs(np.corrcoef(values.T)) - np.eye(len(numbers))
    assert correlation.max() < 0.5


# Skin.


def test_skin_gets_darker_step_by_step() -> None:
    lightness = [skin_colour(tone / 40, 0).as_oklch()[0] for tone in range(41)]
    assert all(a > b for a, b in pairwise(lightness))


@given(st.floats(0, 1), st.floats(-1, 1))
def test_light_and_shade_keep_their_order_on_every_skin(tone: float, undertone: float) -> None:
    tones = skin_tones(Person(skin_tone=tone, undertone=undertone))
    listed = (tones.shine, tones.light, tones.base, tones.shade, tones.deep, tones.line)
    lightness = [each.as_oklch()[0] for each in listed]
    assert all(a > b + 0.01 for a, b in pairwise(lightness))


@given(st.floats(0.3, 0.9), st.floats(0, 0.04), st.floats(-180, 180))
def test_perceived_colours_come_back(lightness: float, chroma: float, hue: float) -> None:
    found = Colour.oklch(lightness, chroma, hue).as_oklch()
    assert found[:2] == pytest.approx((lightness, chroma), abs=1e-3)


# Where things are.


@pytest.mark.parametrize("seed", range(6))
def test_eyes_and_mouth_are_where_photographs_have_them(seed: int) -> None:
    person = Person.random(seed)
    for side in (-1, 1):
        eye = opening(person, REST, side)
        corners = [eye.upper[0], eye.upper[-1]]
        middle = np.mean(corners, axis=0) / SIDE
        assert middle == pytest.approx((0.5 + side * alignment.EYE_X, alignment.EYE_Y), abs=0.008)
    upper, _ = borders(person, REST)
    assert upper[0][0] + upper[-1][0] == pytest.approx(SIDE)
    assert upper[0][1] / SIDE == pytest.approx(alignment.MOUTH_Y, abs=0.015)
    assert (upper[-1][0] - upper[0][0]) / SIDE == pytest.approx(0.21, abs=0.05)


@pytest.mark.parametrize("seed", range(6))
def test_the_face_is_about_as_wide_and_long_as_on_photographs(seed: int) -> None:
    frame = build(Person.random(seed), REST)
    left, right = alignment.FACE
    assert 2 * frame.half / SIDE == pytest.approx(right - left, abs=0.1)
    assert frame.chin / SIDE == pytest.approx(alignment.CHIN_Y, abs=0.06)


@drawn
def test_the_face_finder_sees_drawn_faces_where_photographed_ones_are() -> None:
    finder = open_finder()
    places = []
    for seed in range(6):
        person = replace(Person.random(seed), sunglasses=False, beard="none")
        flat = on_grey(draw(person, Emotion.NEUTRAL, 1.0, 256))[..., ::-1]
        found = finder.find(np.ascontiguousarray(flat, np.uint8))
        assert len(found) == 1, seed
        places.append(found[0].points.array() / 256)
    left, right, nose, *corners = np.median(places, axis=0)
    assert left == pytest.approx((0.5 - alignment.EYE_X, alignment.EYE_Y), abs=0.012)
    assert right == pytest.approx((0.5 + alignment.EYE_X, alignment.EYE_Y), abs=0.012)
    assert nose == pytest.approx((0.5, alignment.NOSE_Y), abs=0.02)
    assert np.mean(corners, axis=0) == pytest.approx((0.5, alignment.MOUTH_Y), abs=0.02)


@drawn
def test_the_drawn_pupils_are_where_the_constants_say() -> None:
    pixels = draw(Person(eye_colour="#5a3a20"), Emotion.NEUTRAL, 1.0, 256)
    dark = cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2GRAY) < 40
    for side in (-1, 1):
        x, y = round(256 * (0.5 + side * alignment.EYE_X)), round(256 * alignment.EYE_Y)
        rows, columns = np.nonzero(dark[y - 12 : y + 12, x - 12 : x + 12])
        assert rows.mean() - 12 == pytest.approx(0, abs=4)
        assert columns.mean() - 12 == pytest.approx(0, abs=4)


@given(st.sampled_from(list(Emotion)), st.floats(0, 1), st.integers(0, 50))
@settings(max_examples=60)
def test_lids_and_lips_never_cross(emotion: Emotion, intensity: float, seed: int) -> None:
    person, felt = Person.random(seed), muscles(emotion, intensity)
    upper, lower = borders(person, felt)
    assert all(b[1] >= a[1] - 1e-6 for a, b in zip(upper, lower, strict=True))
    eye = opening(person, felt, -1)
    assert all(b[1] >= a[1] - 1e-6 for a, b in zip(eye.upper, eye.lower, strict=True))


def test_no_intensity_is_the_face_at_rest() -> None:
    for emotion in FEELINGS:
        assert muscles(emotion, 0) == REST


# Pictures.


@drawn
def test_a_drawing_is_the_same_every_time() -> None:
    person = Person.random(3)
    first = draw(person, Emotion.SAD, 0.66, 64)
    sitter = Sitter(person, 64)
    sitter.draw(Emotion.HAPPY)
    assert np.array_equal(first, sitter.draw(Emotion.SAD, 0.66))
    assert first.shape == (64, 64, 4)
    assert first.dtype == np.uint8


def _changed(name: str) -> tuple[Person, Person]:
    """Two persons who differ in one trait, where it shows."""
    rule: dict[str, Any] = dict(TRAITS[name])
    needs: dict[str, dict[str, Any]] = {
        "headwear_colour": {"headwear": "beanie"},
        "beard_colour": {"beard": "full"},
        "glasses_colour": {"glasses": "wayfarer"},
        "sunglasses": {"glasses": "wayfarer"},
        "earring_colour": {"earrings": "hoop", "hair": "bald"},
        "lip_colour": {"lipstick": 1.0},
        "forehead": {"hair": "side_part"},
        "ear_size": {"hair": "bald"},
    }
    if "low" in rule:
        values = rule["low"], rule["high"]
    elif "options" in rule:
        values = rule["options"][0], rule["options"][3]
    else:
        values = ("#b03030", "#3050c0") if "colour" in rule else (False, True)
    one, other = (Person(**{**needs.get(name, {}), name: value}) for value in values)
    return one, other


@drawn
@pytest.mark.parametrize("name", list(TRAITS))
def test_every_trait_changes_the_picture(name: str) -> None:
    one, other = (picture(each, Emotion.NEUTRAL) for each in _changed(name))
    assert np.abs(one - other).max() > 24
    assert np.abs(one - other).mean() > 0.04


@drawn
def test_every_style_looks_different() -> None:
    heads = {style: picture(Person(hair=style), Emotion.NEUTRAL) for style in HAIR}
    small = {style: cv2.resize(head, (32, 32)) for style, head in heads.items()}
    for one, other in combinations(HAIR, 2):
        assert np.abs(small[one] - small[other]).mean() > 0.6, f"{one} and {other}"


_BARE = Person(hair="crew")
_SKINS = (
    replace(_BARE, skin_tone=0.0),
    replace(_BARE, skin_tone=1.0),
    replace(_BARE, skin_tone=0.55, beard="full"),
    replace(_BARE, skin_tone=0.75, glasses="wayfarer"),
)


def _shape(person: Person, emotion: Emotion, intensity: float = 1.0) -> NDArray[np.float64]:
    """What is left of a small picture without colour and without slow changes."""
    grey = picture(person, emotion, intensity).mean(axis=2)
    grey = cv2.resize(grey, (48, 48), interpolation=cv2.INTER_AREA)
    inside = (grey - cv2.GaussianBlur(grey, (0, 0), 6))[12:46, 8:40]
    return np.asarray(inside / np.linalg.norm(inside))


@drawn
@pytest.mark.parametrize("person", _SKINS, ids=["palest", "darkest", "beard", "glasses"])
def test_the_shape_of_the_face_alone_tells_emotions_apart(person: Person) -> None:
    shapes = {each: _shape(person, each) for each in Emotion}
    for one, other in combinations(Emotion, 2):
        assert (shapes[one] * shapes[other]).sum() < 0.93, f"{one} and {other}"


@drawn
@pytest.mark.parametrize("emotion", [each for each in Emotion if each is not Emotion.NEUTRAL])
def test_an_emotion_grows_with_its_intensity(emotion: Emotion) -> None:
    rest = picture(_BARE, emotion, 0.0)
    steps = [np.abs(picture(_BARE, emotion, step) - rest).mean() for step in (0.33, 0.66, 1.0)]
    assert steps[0] > 0.5
    assert steps == sorted(steps)


@drawn
@pytest.mark.parametrize("emotion", list(Emotion))
def test_no_feeling_drowns_dark_skin(emotion: Emotion) -> None:
    person = replace(_BARE, skin_tone=0.95)
    cheek = np.s_[57:63, 22:32]
    plain = Colour(*picture(person, Emotion.NEUTRAL)[cheek].mean(axis=(0, 1)))
    felt = Colour(*picture(person, emotion)[cheek].mean(axis=(0, 1)))
    assert felt.as_oklch()[0] == pytest.approx(plain.as_oklch()[0], abs=0.07)


@drawn
@pytest.mark.parametrize("style", HAIR)
def test_nothing_reaches_the_border(style: str) -> None:
    widest = Person(
        hair=style, face_width=1, face_length=1, ear_size=1, earrings="hoop", beard="full"
    )
    alpha = draw(widest, Emotion.SURPRISE, 1.0, 64)[..., 3]
    border = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
    assert border.max() <= 8
    assert alpha[32, 32] == 255


@drawn
@pytest.mark.parametrize("headwear", ["cap", "beanie", "turban"])
def test_no_brow_is_raised_over_what_is_worn(headwear: str) -> None:
    person = Person(headwear=headwear, hair="shaved", brow_thickness=0.5)
    rest = draw(person, Emotion.NEUTRAL, size=128).astype(int)
    raised = draw(person, Emotion.SURPRISE, size=128).astype(int)
    cloth = (np.abs(rest[..., 2] - rest[..., 0]) > 20) & (rest[..., 2] > rest[..., 0])
    cloth[64:] = False
    assert cloth.sum() > 1000
    # All but the soft shadow under a brow.
    assert (np.abs(raised - rest).max(axis=-1)[cloth] > 60).mean() < 0.01


# Sets.


@drawn
def test_several_processes_draw_the_very_same_set() -> None:
    alone, shared = (emoji_set(Person.random(7), "seven", size=48, processes=n) for n in (1, 2))
    for emotion in Emotion:
        for (step, one), (other_step, other) in zip(
            alone.images[emotion], shared.images[emotion], strict=True
        ):
            assert step == other_step
            np.testing.assert_array_equal(one.pixels, other.pixels)


@drawn
def test_a_persons_set_is_one_that_the_service_takes(tmp_path: Any) -> None:
    made = emoji_set(Person.random(5), "five", size=48)
    sets.save(made, tmp_path / "five.zip")
    loaded = sets.load(tmp_path / "five.zip")
    assert loaded.warnings == ()
    for emotion in Emotion:
        steps = [step for step, _ in loaded.images[emotion]]
        assert steps == ([1.0] if emotion is Emotion.NEUTRAL else [0.33, 0.66, 1.0])
    assert loaded.images[Emotion.HAPPY][0][1].anchors.mouth[1] == pytest.approx(
        ANCHORS.mouth[1], abs=1e-3
    )
    assert json.loads(Person.random(5).to_json())["hair"] == Person.random(5).hair
