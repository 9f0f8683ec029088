"""Two networks for one latent: what they learn from, how they are taught, and what they draw."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("keras")
pytest.importorskip("resvg_py")

from keras import ops

from generator.artwork.people.person import Person
from generator.blending import Switch, blend, switch_at
from generator.cli import main
from generator.commands import options
from generator.configuration import Checkpoint, Configuration
from generator.judge.answers import Readings, kinds, numbers
from generator.labels import Label
from generator.network import Network
from generator.pair import couples, figures, leading, mapping, pair, portraying, run, teaching
from generator.pair.couples import EMOTIONS, GROUND, Couples
from generator.pair.leading import Lead
from generator.people import held_out
from generator.portrayal import in_thick_frames
from generator.projection import Recipe as Search
from generator.weights import fresh_generator, prepared, stored, trained
from vcam_emoji.errors import DataError, ModelError, UsageError
from vcam_emoji.resources import asset
from vcam_emoji.types import Emotion

pytestmark = pytest.mark.generator

SMALL = Configuration(8, z_dim=8, w_dim=8, mapping_layers=2, channel_base=128, channel_max=16)
RECIPE = teaching.Recipe(SMALL, batch=8, rate=0.01, alone=0.5)


@pytest.fixture(scope="module")
def people() -> Couples:
    """Twenty people of 8 pixels who are drawn in the colour that their photograph has."""
    rng = np.random.default_rng(0)
    colours = rng.integers(40, 216, (20, 1, 1, 3))
    photos = np.broadcast_to(colours, (20, 8, 8, 3)).astype(np.uint8).copy()
    photos[:, 5:, 3:5] = 0
    drawings = np.repeat(255 - photos[:, None] // 2, 2, axis=1)
    drawings[:, 1, 6:] = 200
    happy, neutral = EMOTIONS.index(Emotion.HAPPY), EMOTIONS.index(Emotion.NEUTRAL)
    emotions = np.tile(np.array([neutral, happy], np.int64), (20, 1))
    return Couples(photos, drawings, emotions, np.ones((20, 2), np.float32))


@pytest.fixture(scope="module")
def taught(people: Couples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few seconds, finished."""
    folder = tmp_path_factory.mktemp("pair") / "run"
    run.begin(folder, RECIPE, people)
    run.teach(folder, RECIPE, people, most=8000)
    return folder


def test_an_encoder_looks_at_each_photograph_by_itself(people: Couples) -> None:
    weights = teaching.fresh(RECIPE)["weights"]["E"]
    photos = ops.convert_to_tensor(people.photos.astype(np.float32) / 127.5 - 1)
    together = np.asarray(teaching.encode(weights, SMALL, photos))
    alone = np.asarray(teaching.encode(weights, SMALL, photos[3:4]))
    assert together.shape == (20, SMALL.w_dim)
    np.testing.assert_allclose(together[3:4], alone, atol=1e-4)


def test_a_face_at_rest_is_where_no_direction_leads() -> None:
    rng = np.random.default_rng(1)
    ws = rng.standard_normal((2, SMALL.num_ws, SMALL.w_dim)).astype(np.float32)
    directions = rng.standard_normal((7, SMALL.num_ws, SMALL.w_dim)).astype(np.float32)
    emotions = np.array([EMOTIONS.index(Emotion.NEUTRAL), EMOTIONS.index(Emotion.SAD)], np.int32)
    half = np.full(2, 0.5, np.float32)
    moved = np.asarray(teaching.felt(*map(ops.convert_to_tensor, (ws, directions, emotions, half))))
    np.testing.assert_array_equal(moved[0], ws[0])
    np.testing.assert_allclose(moved[1], ws[1] + 0.5 * directions[emotions[1]], atol=1e-6)


def test_the_network_of_emoji_begins_as_that_of_photographs() -> None:
    state = teaching.with_drawings(teaching.fresh(RECIPE), RECIPE)
    for part in ("weights", "average"):
        faces, emoji = state[part]["F"], state[part]["M"]
        assert faces.keys() == emoji.keys()
        assert all((np.asarray(faces[name]) == np.asarray(emoji[name])).all() for name in faces)
    assert not np.asarray(state["weights"]["D"]["directions"]).any()


def test_a_photograph_is_shown_half_of_the_time_in_the_mirror_and_a_drawing_never(
    people: Couples,
) -> None:
    lopsided = Couples(
        people.photos.copy(), people.drawings.copy(), people.emotions, people.intensities
    )
    lopsided.photos[:, :, :4], lopsided.photos[:, :, 4:] = 10, 240
    lopsided.drawings[..., :4, :], lopsided.drawings[..., 4:, :] = 10, 240
    rng = np.random.default_rng(0)
    batch = teaching.batch_of(lopsided, RECIPE, np.arange(20), np.arange(20), rng)
    turned = batch["photos"][:, 0, 0, 0] > 128
    assert 0 < turned.sum() < 20
    assert (batch["rest"][:, 0, 0, 0] == 10).all()
    assert (batch["drawings"][:, 0, 0, 0] == 10).all()


def test_a_step_has_a_mood_of_each_photograph_and_different_ones_of_others(
    people: Couples,
) -> None:
    drawings = np.zeros((30, 4, 8, 8, 3), np.uint8)
    drawings[..., 0] = np.arange(30)[:, None, None, None]
    drawings[..., 1] = np.arange(4)[:, None, None]
    emotions = np.tile(np.arange(4), (30, 1))
    marked = Couples(people.photos, drawings, emotions, np.float32(0.25) * emotions.astype("f"))
    recipe = replace(RECIPE, moods=3)
    drawn = np.arange(15, 30)
    batch = teaching.batch_of(marked, recipe, np.arange(10), drawn, np.random.default_rng(0))
    who, mood = batch["drawings"][:, 0, 0, 0], batch["drawings"][:, 0, 0, 1]
    own, one, other = np.split(mood, 3)
    np.testing.assert_array_equal(who[:10], np.arange(10))
    np.testing.assert_array_equal(who[10:20], who[20:])
    assert set(who[10:]) <= set(drawn)
    assert set(who[10:]) & set(range(20, 30))
    assert len(set(own)) > 1
    assert (one != other).all()
    np.testing.assert_array_equal(mood, batch["emotions"])
    np.testing.assert_array_equal(mood / 4, batch["intensities"])
    np.testing.assert_array_equal(batch["rest"][:, 0, 0, 0], who[10:20])
    assert (batch["rest"][..., 1] == 0).all()


def test_a_wrong_mouth_counts_more_than_as_much_wrong_hair() -> None:
    right = np.zeros((1, 64, 64, 3), np.float32)
    hair, mouth = right.copy(), right.copy()
    hair[:, 4:10, 26:38], mouth[:, 42:48, 26:38] = 1.0, 1.0

    def apart(wrong: NDArray[np.float32], features: float) -> float:
        one, other = ops.convert_to_tensor(wrong), ops.convert_to_tensor(right)
        return float(teaching.unlike(one, other, features))

    plain = [apart(wrong, 1.0) for wrong in (hair, mouth)]
    keen = [apart(wrong, 4.0) for wrong in (hair, mouth)]
    assert plain[0] == pytest.approx(plain[1], rel=0.1)
    assert keen[1] > 2 * keen[0]
    for side in (4, 8, 64):
        assert teaching.attention(side, 4.0).mean() == pytest.approx(1.0)


def test_it_learns_people_it_has_not_seen(taught: Path) -> None:
    lines = [json.loads(line) for line in (taught / "log.jsonl").read_text().splitlines()]
    blank = run._judged(
        pair.Pair.of(teaching.fresh(RECIPE)["average"], SMALL), _few(), np.arange(3)
    )
    assert lines[-1]["photos"] < 0.7 * blank["photos"]
    assert lines[-1]["drawings"] < 60
    assert lines[-1]["redrawn"] < 60
    assert (taught / "sheet.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_goes_on_from_its_state_and_is_as_it_was(taught: Path, people: Couples) -> None:
    state, seconds, images = run._restored(taught, RECIPE)
    assert seconds > 0
    assert images == 8000
    assert int(state["t"]) == images // RECIPE.batch
    before = (taught / "log.jsonl").read_text()
    run.teach(taught, RECIPE, people, most=8000)
    assert (taught / "log.jsonl").read_text() == before
    again, *_ = run._restored(taught, RECIPE)
    name = "synthesis.b8.conv1.weight"
    np.testing.assert_array_equal(
        np.asarray(again["weights"]["M"][name]), np.asarray(state["weights"]["M"][name])
    )


def test_a_run_may_begin_as_another_pair_is(taught: Path, people: Couples, tmp_path: Path) -> None:
    first = pair.load(taught)
    run.begin(tmp_path / "on", RECIPE, people, first)
    state, seconds, images = run._restored(tmp_path / "on", RECIPE)
    again = pair.Pair.of(state["average"], SMALL)
    assert (seconds, images, int(state["t"])) == (0, 0, 0)
    photos = _few().photos
    np.testing.assert_array_equal(again.meet(photos), first.meet(photos))
    felt = [each.felt(each.meet(photos), Emotion.HAPPY, 1.0) for each in (first, again)]
    np.testing.assert_array_equal(again.emoji.draw(felt[1]), first.emoji.draw(felt[0]))
    run.teach(tmp_path / "on", RECIPE, people, most=80)
    assert run._restored(tmp_path / "on", RECIPE)[2] == 80


def test_by_its_command_a_run_begins_as_another_pair_is_in_half_precision(
    taught: Path, people: Couples, tmp_path: Path
) -> None:
    people.save(tmp_path / "couples.npz")
    words = ["pair", "teach", str(tmp_path / "couples.npz"), "--out", str(tmp_path / "on")]
    words += ["--from", str(taught), "--precision", "mixed_bfloat16", "--minutes", "0.001"]
    assert main(words) == 0
    recipe = run.begun(tmp_path / "on")
    assert recipe.half_from == 8
    assert recipe.configuration == SMALL


def test_half_precision_teaches_the_same(people: Couples) -> None:
    batch = teaching.batch_of(people, RECIPE, np.arange(8), np.arange(20), np.random.default_rng(0))
    tensors = {name: ops.convert_to_tensor(each) for name, each in batch.items()}
    told = []
    for half_from in (None, 4):
        recipe = replace(RECIPE, half_from=half_from)
        state = teaching.with_drawings(teaching.fresh(recipe), recipe)
        told.append(teaching.Teacher(recipe).step(state, tensors, 0.5)[1])
    for name in ("photos", "drawings"):
        assert float(told[1][name]) == pytest.approx(float(told[0][name]), rel=0.02)
        assert float(told[1][name]) != float(told[0][name])


def test_drawings_come_of_the_photographs_first_and_then_of_drawings_at_rest(
    taught: Path, people: Couples
) -> None:
    recipe = replace(RECIPE, shake=0.0, moods=3)
    state = run._restored(taught, recipe)[0]
    rows = np.arange(8)
    batch = teaching.batch_of(people, recipe, rows, np.arange(12, 20), np.random.default_rng(0))
    known = pair.Pair.of(state["weights"], SMALL)
    ws = [known.meet(batch[name]) for name in ("photos", "rest")]
    emotions = [EMOTIONS[at] for at in batch["emotions"]]
    told = []
    for order in ((0, 1, 1), (1, 0, 0)):
        moved = known.all_felt(
            np.concatenate([ws[at] for at in order]), emotions, batch["intensities"]
        )
        batch["drawings"] = known.emoji.draw(moved)
        tensors = {name: ops.convert_to_tensor(each) for name, each in batch.items()}
        state = run._restored(taught, recipe)[0]
        told.append(float(teaching.Teacher(recipe).step(state, tensors, 0.5)[1]["drawings"]))
    assert told[0] < 0.2 * told[1]


def test_layers_of_faces_go_under_those_of_emoji_as_a_blend_has_them() -> None:
    shape = replace(SMALL, resolution=32)
    rng = np.random.default_rng(0)
    faces, emoji = (Checkpoint(shape, fresh_generator(shape, rng)) for _ in range(2))
    low, high = (trained(prepared(each.generator)) for each in (faces, emoji))
    for r in teaching.switches(shape):
        switch = ops.convert_to_tensor(np.float32(switch_at(r)))
        found = stored(teaching.under(low, high, switch))
        wanted = blend(faces, emoji, r).generator
        for name in found:
            source = emoji.generator if name.startswith("mapping") else wanted
            np.testing.assert_array_equal(found[name], source[name], err_msg=name)
    nowhere = stored(teaching.under(low, high, ops.convert_to_tensor(np.float32(-1.0))))
    for name in nowhere:
        np.testing.assert_array_equal(nowhere[name], emoji.generator[name])


def test_a_blend_draws_in_as_many_steps_as_the_recipe_says(people: Couples) -> None:
    recipe = replace(RECIPE, configuration=replace(SMALL, resolution=64), blended=0.25)
    rng = np.random.default_rng(0)
    drawn = [
        float(teaching.batch_of(people, recipe, np.arange(4), np.arange(20), rng)["switch"])
        for _ in range(400)
    ]
    blends = [each for each in drawn if each >= 0]
    assert 70 < len(blends) < 130
    assert set(blends) == {switch_at(4), switch_at(8), switch_at(16)}


def test_what_draws_by_a_blend_learns_to(people: Couples) -> None:
    recipe = replace(RECIPE, configuration=replace(SMALL, resolution=16), blended=1.0, shake=0.0)
    large = Couples(
        people.photos.repeat(2, axis=1).repeat(2, axis=2),
        people.drawings.repeat(2, axis=2).repeat(2, axis=3),
        people.emotions,
        people.intensities,
    )
    state = teaching.with_drawings(teaching.fresh(recipe), recipe)
    teacher, rng, told = teaching.Teacher(recipe), np.random.default_rng(0), []
    for _ in range(60):
        batch = teaching.batch_of(large, recipe, rng.permutation(20)[:8], np.arange(20), rng)
        tensors = {name: ops.convert_to_tensor(each) for name, each in batch.items()}
        state, found = teacher.step(state, tensors, 0.0)
        told.append(float(found["drawings"]))
    assert np.mean(told[-5:]) < 0.5 * np.mean(told[:5])


def test_who_is_put_aside_is_never_drawn(
    people: Couples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[int] = set()
    real = teaching.batch_of

    def batch_of(
        couples: Couples,
        recipe: teaching.Recipe,
        rows: NDArray[np.int64],
        drawn: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> dict[str, NDArray[Any]]:
        seen.update(map(int, rows), map(int, drawn))
        return real(couples, recipe, rows, drawn, rng)

    monkeypatch.setattr(run, "batch_of", batch_of)
    more = Couples(
        people.photos,
        np.concatenate([people.drawings, people.drawings[:3]]),
        np.concatenate([people.emotions, people.emotions[:3]]),
        np.concatenate([people.intensities, people.intensities[:3]]),
    )
    run.begin(tmp_path / "run", RECIPE, more)
    run.teach(tmp_path / "run", RECIPE, more, most=80)
    assert seen == set(range(23)) - {0}


def test_a_run_is_not_begun_over_another(taught: Path, people: Couples) -> None:
    with pytest.raises(UsageError, match="not empty"):
        run.begin(taught, RECIPE, people)


def test_a_damaged_state_or_recipe_is_one_sentence(taught: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_bytes((taught / "recipe.json").read_bytes()[:-30])
    with pytest.raises(DataError, match=r"recipe\.json"):
        run.begun(tmp_path)
    (tmp_path / "state.npz").write_bytes((taught / "state.npz").read_bytes()[:-3000])
    with pytest.raises(DataError, match="cannot be read"):
        run._restored(tmp_path, RECIPE)


def test_what_is_written_is_read_again_to_the_last_bit_of_float16(taught: Path) -> None:
    first = pair.load(taught)
    assert first.drawn
    again = taught.parent / "again"
    first.save(again)
    second = pair.load(again)
    np.testing.assert_array_equal(first.directions, second.directions)
    photos = _few().photos
    np.testing.assert_array_equal(first.meet(photos), second.meet(photos))


@pytest.mark.parametrize("damage", ["missing", "short", "other format", "not finite", "shape"])
def test_a_damaged_pair_is_refused_in_a_sentence(taught: Path, tmp_path: Path, damage: str) -> None:
    pair.load(taught).save(tmp_path)
    file = tmp_path / "pair.npz"
    with np.load(file) as kept:
        arrays = {name: kept[name] for name in kept.files}
    if damage == "missing":
        file.unlink()
    elif damage == "short":
        file.write_bytes(file.read_bytes()[:500])
    else:
        if damage == "other format":
            arrays["about"] = np.frombuffer(b'{"format": "x"}', np.uint8)
        elif damage == "not finite":
            arrays["directions"][0] = np.nan
        else:
            arrays["encoder.b4.out.bias"] = np.zeros(3, np.float16)
        np.savez(file, **arrays)
    with pytest.raises(ModelError) as refused:
        pair.load(tmp_path)
    assert refused.value.hint


def test_a_mapping_comes_to_lie_as_people_do() -> None:
    rng = np.random.default_rng(0)
    w = np.abs(rng.standard_normal((500, SMALL.w_dim))).astype(np.float32) * 2
    told: list[float] = []
    weights = mapping.fitted(w, SMALL, steps=300, tell=lambda _step, far: told.append(far))
    assert told[-1] < 0.3 * told[0]
    assert all(name.startswith("mapping.fc") for name in weights)


def test_couples_are_read_from_photographs_and_the_held_out_are_left_out(tmp_path: Path) -> None:
    stranger = next(f"{n}.jpg" for n in range(10_000) if held_out(f"{n}.jpg"))
    names = [f"{n}.jpg" for n in range(10_000) if not held_out(f"{n}.jpg")][:8]
    archive = _archive(tmp_path / "photos.zip", [*names, stranger])
    seen: list[tuple[int, int]] = []
    found = couples.gathered(archive, 16, 2, strangers=3, progress=lambda *each: seen.append(each))
    assert len(found) == 8
    assert seen[-1] == (11, 11)
    assert found.drawings.shape == (11, 2, 16, 16, 3)
    assert (found.drawings[8, 0] != found.drawings[9, 0]).any()
    assert (found.drawings[:, :, 0, 0] == GROUND).all()
    assert set(found.emotions[:, 0]) == {EMOTIONS.index(Emotion.NEUTRAL)}
    file = tmp_path / "couples.npz"
    found.save(file)
    np.testing.assert_array_equal(couples.opened(file).drawings, found.drawings)


def test_what_is_no_set_of_couples_is_refused(tmp_path: Path, people: Couples) -> None:
    few = _archive(tmp_path / "few.zip", ["one.jpg"])
    with pytest.raises(DataError, match="8 are the least"):
        couples.gathered(few, 16)
    with pytest.raises(DataError, match="cannot be read"):
        couples.gathered(tmp_path / "absent.zip", 16)
    with pytest.raises(DataError, match="holds no photographs"):
        couples.opened(tmp_path / "absent.npz")
    wrong = tmp_path / "wrong.npz"
    Couples(people.photos, people.drawings[:, :1], people.emotions, people.intensities).save(wrong)
    with pytest.raises(DataError, match="holds no photographs"):
        couples.opened(wrong)


class Plain:
    """A sharpener that only enlarges, and cuts nothing out."""

    def sharpen(self, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        large = [cv2.resize(each, (512, 512)) for each in pictures]
        return np.stack([np.dstack([each, np.full((512, 512), 255)]) for each in large]).astype(
            np.uint8
        )


def test_a_set_has_every_emotion_and_the_faces_differ(taught: Path) -> None:
    opened = pair.load(taught)
    ws = opened.meet(_few().photos)[0]
    drawn = portraying.emoji_set(opened, Plain(), ws, "me", size=128)
    assert set(drawn.images) == set(Emotion)
    assert [step for step, _ in drawn.images[Emotion.HAPPY]] == [0.33, 0.66, 1.0]
    rest, happy = (drawn.images[each][-1][1].pixels for each in (Emotion.NEUTRAL, Emotion.HAPPY))
    assert happy.shape == (128, 128, 4)
    assert (rest != happy).any()


def test_networks_do_not_draw_larger_than_they_can(taught: Path) -> None:
    opened = pair.load(taught)
    with pytest.raises(UsageError, match="513"):
        portraying.emoji_set(opened, Plain(), opened.meet(_few().photos)[0], "me", size=513)


def test_colours_of_a_smaller_picture_are_averaged_as_much_as_they_are_seen() -> None:
    pixels = np.zeros((512, 512, 4), np.uint8)
    pixels[:, ::2] = (200, 100, 50, 255)  # beside clear black
    small = portraying._bgra(pixels, 256)
    assert (np.abs(small[..., :3].astype(int) - (50, 100, 200)) <= 1).all()
    assert (np.abs(small[..., 3].astype(int) - 128) <= 1).all()


def test_a_blend_has_ground_where_the_drawing_has_it(taught: Path) -> None:
    outlines = np.empty((1, 64, 64, 3), np.uint8)
    outlines[:] = GROUND
    outlines[0, 20:44, 20:44] = 90
    stained = np.full((1, 64, 64, 3), 60, np.uint8)
    clean = portraying._on_ground(stained, outlines)
    assert (clean[0, 20:44, 20:44] == 60).all()
    assert (clean[0, 19, 30] == 60).all()
    assert (clean[0, :16] == GROUND).all()
    assert (stained == 60).all()
    opened = pair.load(taught)
    mixed = opened.blended(Switch(4))
    assert mixed.alone is opened.emoji
    lead, drawings = Lead(tuned=1), np.full((1, 8, 8, 3), 90, np.uint8)
    ws = opened.meet(_few().photos)[0]
    assert leading.tuned(mixed, drawings, [(Emotion.HAPPY, 1.0)], ws, lead).alone is None


def test_what_hangs_together_with_nothing_in_the_middle_is_left_out() -> None:
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[8:24, 8:24] = 255
    pixels[24:28, 15] = 255  # a lock of hair
    alone = pixels.copy()
    pixels[0:3, 20:30] = 255
    pixels[29, 0] = 9
    np.testing.assert_array_equal(portraying._head_alone(pixels), alone)
    hollow = alone.copy()
    hollow[12:20, 12:20] = 0
    np.testing.assert_array_equal(portraying._head_alone(hollow), hollow)


def test_the_ways_of_the_command_line_are_all_there_are() -> None:
    assert sorted(portraying.WAYS) == sorted(options.WAYS)


def test_attributes_lead_ever_nearer_to_the_drawings_of_a_person(taught: Path) -> None:
    opened = pair.load(taught)
    person = Person(skin_tone=0.9, hair="afro")
    photo = np.full((64, 64, 3), 128, np.uint8)
    moods = [(Emotion.NEUTRAL, 1.0), (Emotion.HAPPY, 0.66), (Emotion.HAPPY, 1.0)]
    wanted = couples.drawn(person, 8, moods).astype(int)
    lead = Lead(searched=60, rate=0.1, tuned=30, tuning_rate=0.01)
    off = []
    for way in ("encoder", "traits", "tuned"):
        own, ws = portraying.introduced(opened, photo, person, way, lead=lead)
        got = own.emoji.draw(own.all_felt(np.repeat(ws[None], 3, 0), *_felt(moods))).astype(int)
        off.append(np.abs(got - wanted).mean())
    assert off[1] < 0.8 * off[0]
    assert off[2] < 0.8 * off[1]


def test_a_network_tuned_to_one_person_leaves_the_pair_as_it_was(taught: Path) -> None:
    opened = pair.load(taught)
    ws = opened.meet(_few().photos[:1])
    before = opened.emoji.draw(opened.felt(ws, Emotion.HAPPY, 1.0)), opened.faces.draw(ws)
    drawings = np.full((1, 8, 8, 3), 90, np.uint8)
    lead = Lead(tuned=5, tuning_rate=0.01)
    own = leading.tuned(opened, drawings, [(Emotion.HAPPY, 1.0)], ws[0], lead)
    assert (own.emoji.draw(own.felt(ws, Emotion.HAPPY, 1.0)) != before[0]).any()
    np.testing.assert_array_equal(opened.emoji.draw(opened.felt(ws, Emotion.HAPPY, 1.0)), before[0])
    np.testing.assert_array_equal(own.faces.draw(ws), before[1])
    happy = EMOTIONS.index(Emotion.HAPPY)
    assert (own.directions[happy] != opened.directions[happy]).any()


def test_a_photograph_is_searched_with_the_network_of_faces(taught: Path) -> None:
    opened = pair.load(taught)
    photo = np.repeat(_few().photos[2].repeat(8, axis=0), 8, axis=1)
    search = Search(steps=30, space="w+", rate=0.1, shake=0.0)
    off = []
    for way in ("encoder", "photo"):
        _, ws = portraying.introduced(opened, photo, Person(), way, search)
        off.append(np.abs(opened.faces.draw(ws[None])[0].astype(int) - _few().photos[2]).mean())
    assert off[1] < 0.8 * off[0]


def test_a_blended_pair_draws_emoji_over_the_layers_of_faces(taught: Path) -> None:
    opened = pair.load(taught)
    mixed = opened.blended(Switch(4))
    ws = opened.meet(_few().photos)
    np.testing.assert_array_equal(mixed.faces.draw(ws), opened.faces.draw(ws))
    low, high = (Checkpoint(SMALL, stored(each.weights)) for each in (opened.faces, opened.emoji))
    wanted = Network.of(blend(low, high, 4)).draw(ws)
    np.testing.assert_array_equal(mixed.emoji.draw(ws), wanted)
    assert (wanted != opened.emoji.draw(ws)).any()
    whole = opened.blended(Switch(8))
    np.testing.assert_array_equal(whole.emoji.draw(ws), opened.faces.draw(ws))
    weak = opened.blended(Switch(4, strength=0.0))
    np.testing.assert_array_equal(weak.emoji.draw(ws), opened.faces.draw(ws))
    with pytest.raises(UsageError):
        opened.blended(Switch(16))


def test_the_chosen_blend_is_shown_between_its_neighbours() -> None:
    shape = replace(SMALL, resolution=64)
    recipe = replace(RECIPE, configuration=shape)
    state = teaching.with_drawings(teaching.fresh(recipe), recipe)
    opened = pair.Pair.of(state["weights"], shape)
    ws = np.zeros((shape.num_ws, shape.w_dim), np.float32)

    def shown(chosen: Switch | None) -> list[str]:
        return [label for label, _ in portraying.blends(opened, ws, chosen)]

    assert shown(Switch(8)) == ["by faces", "from 16", "from 8", "from 4"]
    assert shown(Switch(16)) == ["by faces", "from 32", "from 16", "from 8"]
    assert shown(Switch(4)) == shown(None) == ["by faces", "from 16", "from 8", "from 4"]
    assert shown(Switch(64)) == ["by faces", "from 64", "from 32", "from 16"]
    assert all(each.shape == (64, 64, 3) for _, each in portraying.blends(opened, ws, None))


@pytest.mark.parametrize("way", ["encoder", "photo"])
def test_a_way_that_begins_at_a_photograph_needs_one(way: portraying.Way, taught: Path) -> None:
    with pytest.raises(ValueError, match="photograph"):
        portraying.introduced(pair.load(taught), None, Person(), way)


def _felt(moods: Sequence[tuple[Emotion, float]]) -> tuple[list[Emotion], NDArray[np.float32]]:
    return [emotion for emotion, _ in moods], np.array([each for _, each in moods], np.float32)


def test_frames_of_wire_lead_as_thick_ones() -> None:
    wire = Person(glasses="oval", glasses_colour="#8b8e95")
    thick = in_thick_frames(wire)
    assert int(thick.glasses_colour[1:3], 16) < 64
    assert in_thick_frames(Person()) == Person()
    shaded = Person(glasses="aviator", sunglasses=True)
    assert in_thick_frames(shaded) == shaded


@pytest.mark.parametrize(("way", "frames"), [("traits", "rectangle"), ("tuned", "oval")])
def test_a_frame_of_wire_is_learnt_for_its_wearer_and_else_drawn_thick(
    way: portraying.Way, frames: str, taught: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    real = couples.drawn

    def drawn(
        person: Person, side: int, wanted: Sequence[tuple[Emotion, float]]
    ) -> NDArray[np.uint8]:
        seen.append(person.glasses)
        return real(person, side, wanted)

    monkeypatch.setattr(couples, "drawn", drawn)
    person, photo = Person(glasses="oval"), np.full((64, 64, 3), 128, np.uint8)
    portraying.introduced(pair.load(taught), photo, person, way, lead=Lead(searched=1, tuned=1))
    assert seen == [frames]


class Knowing:
    """A judge who is told who is in each drawing by the shade of its first pixel."""

    def __init__(self, people: Sequence[Person]) -> None:
        self._people = people

    def read(self, flat: NDArray[np.uint8]) -> Readings:
        who = [self._people[each[0, 0, 0]] for each in flat]
        felt = np.eye(7, dtype=np.float32)[[each[0, 0, 1] for each in flat]]
        return Readings(
            felt, np.stack([numbers(p)[0] for p in who]), np.stack([kinds(p)[0] for p in who])
        )


def test_who_draws_everybody_right_has_all_figures_right() -> None:
    crowd = [Person.random(n) for n in range(30)]
    told = [_label(f"p{n}_0001.jpg", person) for n, person in enumerate(crowd)]
    people = {label.file: person for label, person in zip(told, crowd, strict=True)}
    places = {label.file: n for n, label in enumerate(told)}

    def drawn(file: str) -> NDArray[np.uint8]:
        pixels = np.zeros((7, 64, 64, 3), np.uint8)
        pixels[..., 0], pixels[:, 0, 0, 1] = places[file], np.arange(7)
        return pixels

    right = figures.judged(Knowing(crowd), told, people, drawn)
    assert (right.emotion, right.glasses_f1, right.beard_f1, right.top_1) == (1, 1, 1, 1)
    assert right.skin < 0.01
    assert right.constancy < 1e-6
    wrong = figures.judged(Knowing(crowd[::-1]), told, people, drawn)
    assert wrong.top_1 < 0.3
    assert wrong.glasses_f1 < 0.8
    assert wrong.skin > right.skin + 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pair", "couples", "absent.zip", "--out", "x.npz"], "absent.zip"),
        (["pair", "couples", "absent.zip", "--out", "x.npz", "--drawings", "1"], "--drawings"),
        (["pair", "couples", "absent.zip", "--out", "x", "--strangers", "-1"], "--strangers"),
        (["pair", "teach", "absent.npz", "--out", "run"], "absent.npz"),
        (["pair", "teach", "absent.npz", "--out", "run", "--minutes", "0"], "--minutes"),
        (["pair", "teach", "x.npz", "--out", "run", "--from", "nowhere"], "nowhere"),
        (["pair", "teach", "x.npz", "--out", "run", "--batch", "0"], "--batch"),
        (["pair", "teach", "x.npz", "--out", "run", "--rate", "0"], "--rate"),
        (["pair", "finish", "absent", "absent.npz", "--out", "x"], "absent"),
        (["make", "me.jpg", "--way", "photo"], "--by networks"),
        (
            ["make", "me.jpg", "--by", "networks", "--way", "photo", "--trait", "hair=bob"],
            "--trait",
        ),
        (["make", "me.jpg", "--by", "networks", "--size", "1024"], "512"),
        (["make", "--camera", "--by", "networks", "--emotions", "happy"], "--emotions"),
        (["evaluate", "networks", "absent.zip", "--people", "1"], "--people"),
    ],
)
def test_what_will_not_do_is_told_in_a_sentence(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) != 0
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert not list(tmp_path.iterdir())


def _few() -> Couples:
    rng = np.random.default_rng(5)
    photos = np.broadcast_to(rng.integers(40, 216, (8, 1, 1, 3)), (8, 8, 8, 3)).astype(np.uint8)
    photos = photos.copy()
    photos[:, 5:, 3:5] = 0
    drawings = np.repeat(255 - photos[:, None] // 2, 2, axis=1)
    return Couples(
        photos, drawings, np.full((8, 2), EMOTIONS.index(Emotion.NEUTRAL)), np.ones((8, 2), "f")
    )


def _archive(file: Path, names: Sequence[str]) -> Path:
    photo = cv2.imread(str(asset("demo/collins.jpg")))
    assert photo is not None
    _, encoded = cv2.imencode(".jpg", cv2.resize(photo, (128, 128)))
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, encoded.tobytes())
    return file


def _label(file: str, person: Person) -> Label:
    glasses = "none" if person.glasses == "none" else "clear"
    return Label(file, glasses, person.beard, *[""] * 10)
