"""Sets through two networks of one's own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from generator import blended, making
from generator.checkpoints import native
from generator.checkpoints.shapes import generator_shapes
from generator.cli import main
from generator.configuration import Checkpoint, Configuration
from generator.projection import Recipe
from tests.fakes import disc_set
from vcam_emoji import emoji_set, paths
from vcam_emoji.resources import asset
from vcam_emoji.types import Emotion

SHAPE = Configuration(
    resolution=32, z_dim=8, w_dim=8, mapping_layers=2, channel_base=256, channel_max=8
)


def chance(seed: int, shape: Configuration = SHAPE) -> Checkpoint:
    rng = np.random.default_rng(seed)
    shapes = generator_shapes(shape)
    return Checkpoint(shape, {n: rng.normal(size=s).astype(np.float32) for n, s in shapes.items()})


@pytest.fixture
def networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "emoji_sets", lambda: tmp_path / "emoji")
    monkeypatch.setattr(paths, "people", lambda: tmp_path / "people")
    folder = tmp_path / "networks"
    for seed, name in enumerate(("faces", "emoji")):
        native.save(chance(seed), folder / name)
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(asset("demo/collins.jpg"), folder / "happy.jpg")
    shutil.copy(asset("demo/hopper.jpg"), folder / "me.jpg")
    return folder


def make(photos: Path, networks: Path, *more: str) -> int:
    words = ["make", str(photos), "--network", str(networks), "--name", "mine", "--size", "128"]
    return main([*words, "--steps", "2", *more])


def picture(emotion: Emotion) -> np.ndarray:
    return emoji_set.load(emoji_set.find("mine")).images[emotion][-1][1].pixels


def test_each_emotion_that_a_photo_shows_gets_its_own_picture(
    networks: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.png"
    assert make(photos, networks, "--sheet", str(sheet), "--json") == 0
    assert json.loads(capsys.readouterr().out)["emotions"] == ["neutral", "happy"]
    assert (picture(Emotion.HAPPY) != picture(Emotion.NEUTRAL)).any()
    np.testing.assert_array_equal(picture(Emotion.SAD), picture(Emotion.NEUTRAL))
    shown = cv2.imread(str(sheet))
    assert shown is not None
    assert shown.shape[1] > 11 * 256
    kept = sorted(each.name for each in (tmp_path / "people").iterdir())
    assert kept == ["mine.json", "mine.npz"]


def test_the_face_is_hidden_whatever_networks_draw(networks: Path, photos: Path) -> None:
    assert make(photos, networks) == 0
    alpha = picture(Emotion.NEUTRAL)[..., 3]
    assert alpha.shape == (128, 128)
    assert (alpha[40:100, 40:88] == 255).all()
    assert alpha[0].max() < 40


def test_the_blend_is_changed_without_the_photos(
    networks: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make(photos, networks) == 0
    before = picture(Emotion.HAPPY)
    shutil.rmtree(photos)
    words = ["adjust", "mine", "--network", str(networks)]
    assert main([*words, "--resolution", "8"]) == 0
    changed = picture(Emotion.HAPPY)
    assert changed.shape == before.shape
    assert (before != changed).any()
    capsys.readouterr()
    assert main([*words, "--resolution", "16"]) == 0
    np.testing.assert_array_equal(picture(Emotion.HAPPY), before)
    said = capsys.readouterr().out
    assert "adjust mine --network DIR" in said
    assert "--resolution 8" in said, "another than it has"


def test_whoever_leaves_out_the_networks_is_told_to_name_them(
    networks: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make(photos, networks) == 0
    for before in ("as it is kept", "as it was before sizes were kept"):
        assert main(["adjust", "mine", "--resolution", "8"]) == 2
        assert "adjust mine --network DIR" in capsys.readouterr().err, before
        (tmp_path / "people" / "mine.json").unlink(missing_ok=True)


def test_networks_do_not_draw_over_a_set_that_was_laid_over_by_hand(
    networks: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make(photos, networks) == 0
    emoji_set.save(disc_set("mine", 32), tmp_path / "emoji" / "mine")
    words = ["adjust", "mine", "--network", str(networks), "--resolution", "8"]
    assert main(words) == 2
    assert "is not the one that was made here" in capsys.readouterr().err
    assert picture(Emotion.NEUTRAL).shape == (32, 32, 4)
    assert main([*words, "--replace"]) == 0


def test_the_same_seed_finds_the_same_latents_and_another_others(
    networks: Path, photos: Path, tmp_path: Path
) -> None:
    def found(*more: str) -> np.ndarray:
        assert make(photos / "me.jpg", networks, "--replace", *more) == 0
        latents: np.ndarray = blended.kept(tmp_path / "people" / "mine.npz")[Emotion.NEUTRAL]
        return latents

    usual = found()
    np.testing.assert_array_equal(found("--seed", "0"), usual)
    assert (found("--seed", "1") != usual).any()


@pytest.mark.parametrize("words", [["make", "me.jpg"], ["adjust", "me"]])
def test_keras_is_imported_only_once_its_backend_is_chosen(words: list[str]) -> None:
    code = (
        "import sys\nfrom generator import backend\nfrom generator.cli import main\n"
        "def use(name=None): sys.exit(3 if {'keras', 'tensorflow'} & set(sys.modules) else 0)\n"
        "backend.use = use\nmain(sys.argv[1:])\nsys.exit(4)"
    )
    ran = [sys.executable, "-c", code, *words, "--network", "nowhere"]
    assert subprocess.run(ran, cwd=Path(__file__).parents[1], check=False).returncode == 0


def test_a_stopped_projection_goes_on_and_one_of_another_photo_begins_anew(
    networks: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pair = blended.Networks.of(networks)
    crops, _ = making.crops_by_emotion(making.photos_in([photos]), 32)
    recipe = Recipe(steps=60, space="w+")
    steps: list[int] = []

    def stop(_emotion: Emotion) -> None:
        steps.append(1)
        if len(steps) == 55:
            raise KeyboardInterrupt

    def state(emotion: Emotion) -> Path:
        return tmp_path / f"{emotion}.search"

    with pytest.raises(KeyboardInterrupt):
        blended.projected(pair, crops, recipe, state, stop)
    rest: list[Emotion] = []
    found, _ = blended.projected(pair, crops, recipe, state, rest.append)
    assert rest.count(Emotion.NEUTRAL) == 11
    swapped = dict(zip(crops, reversed(crops.values()), strict=True))
    again: list[Emotion] = []
    other, _ = blended.projected(pair, swapped, recipe, state, again.append)
    assert again.count(Emotion.NEUTRAL) == 61
    assert (found[Emotion.NEUTRAL] != other[Emotion.NEUTRAL]).any()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--trait", "hair=bob"), "--network takes photos"),
        (("--steps", "0"), "lead nowhere"),
        (("--sheet", "/dev/null/sheet.png"), "cannot be written"),
        (("--resolution", "7"), "no switch at 7"),
        (("--width", "-1"), "wide"),
    ],
)
def test_what_will_not_do_is_told_before_anything_is_searched(
    networks: Path, photos: Path, more: tuple[str, ...], said: str,
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert make(photos, networks, *more) != 0
    assert said in capsys.readouterr().err
    assert not (tmp_path / "people").exists()


def test_a_missing_network_and_two_of_unlike_shape_are_named(
    networks: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(networks / "emoji")
    assert make(photos, networks) != 0
    assert "no network called emoji" in capsys.readouterr().err
    native.save(chance(3, replace(SHAPE, w_dim=6)), networks / "emoji")
    assert make(photos, networks) != 0
    assert "networks differ" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--width", "--strength"])
def test_a_blend_of_the_shipped_pair_needs_a_place(
    photos: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["make", str(photos), "--by", "networks", option, "0.5"]) == 2
    assert "--resolution 8" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--resolution", "--width", "--strength", "--steps"])
def test_what_is_for_networks_is_refused_without_them(
    photos: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["make", str(photos), option, "16"]) == 2
    assert "--network" in capsys.readouterr().err


def test_a_data_folder_that_cannot_be_made_is_told_in_a_sentence(
    networks: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "people").write_text("a file")
    assert make(photos, networks) != 0
    assert "cannot be made" in capsys.readouterr().err


def test_damaged_latents_are_told_in_a_sentence(
    networks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "mine.npz").write_bytes(b"no latents")
    assert main(["adjust", "mine", "--network", str(networks), "--resolution", "8"]) != 0
    assert "is damaged" in capsys.readouterr().err
    assert main(["adjust", "other", "--network", str(networks), "--resolution", "8"]) != 0
    assert "no latents of a set 'other'" in capsys.readouterr().err
