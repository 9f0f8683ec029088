from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from generator import making
from generator.artwork.people.person import Person, varied
from generator.blending import Switch
from generator.cli import main
from vcam_emoji import emoji_set, paths
from vcam_emoji.errors import UsageError
from vcam_emoji.resources import asset
from vcam_emoji.types import Emotion

COLLINS, HOPPER = asset("demo/collins.jpg"), asset("demo/hopper.jpg")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "emoji_sets", lambda: tmp_path / "emoji")
    monkeypatch.setattr(paths, "people", lambda: tmp_path / "people")


@pytest.fixture
def made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """What `make` says of the portrait that ships."""
    sheet = tmp_path / "sheet.png"
    words = ["make", str(COLLINS), "--name", "eileen", "--size", "96", "--sheet", str(sheet)]
    assert main([*words, "--json"]) == 0
    assert sheet.read_bytes().startswith(b"\x89PNG")
    said: dict[str, object] = json.loads(capsys.readouterr().out)
    return said


def test_a_photo_becomes_a_set_that_can_be_used(made: dict[str, object]) -> None:
    assert made["set"] == "eileen"
    loaded = emoji_set.load(emoji_set.find("eileen"))
    assert set(loaded.images) == set(Emotion)
    assert not loaded.warnings
    assert [intensity for intensity, _ in loaded.images[Emotion.SAD]] == [0.33, 0.66, 1.0]


BY_NETWORKS = ["make", str(COLLINS), "--name", "eileen", "--size", "96", "--by", "networks"]


def face() -> NDArray[np.uint8]:
    return emoji_set.load(emoji_set.find("eileen")).images[Emotion.NEUTRAL][-1][1].pixels


def test_networks_draw_a_whole_set_and_show_how(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.png"
    assert main([*BY_NETWORKS, "--sheet", str(sheet)]) == 0
    assert "adjust eileen --resolution" in capsys.readouterr().out
    assert set(emoji_set.load(emoji_set.find("eileen")).images) == set(Emotion)
    assert face().shape == (96, 96, 4)
    assert face()[0, 0, 3] == 0
    assert face()[48, 48, 3] == 255
    shown = cv2.imread(str(sheet))
    assert shown is not None
    # The photo, by the network of faces, by three blends, and seven emotions.
    assert shown.shape[1] > 12 * 256
    assert [each.name for each in (tmp_path / "people").iterdir()] == ["eileen.json"]


def test_what_networks_drew_by_traits_is_adjusted_by_traits_and_by_the_blend() -> None:
    assert main([*BY_NETWORKS, "--way", "traits", "--resolution", "8"]) == 0
    before = face()
    assert main(["adjust", "eileen", "--size", "96", "--trait", "hair_colour=#b01010"]) == 0
    redder = face()
    assert redder[8:30, 20:76, 2].mean() > before[8:30, 20:76, 2].mean() + 5
    assert making.remembered("eileen").networks == making.ByNetworks("traits", Switch(8))
    assert main(["adjust", "eileen", "--size", "96", "--strength", "0.5"]) == 0
    assert (face() != redder).any()
    assert making.remembered("eileen").networks == making.ByNetworks(
        "traits", Switch(8, strength=0.5)
    )


def test_what_networks_drew_from_a_photo_is_blended_anew_without_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*BY_NETWORKS, "--way", "encoder"]) == 0
    first = face()
    kept = sorted(each.name for each in (tmp_path / "people").iterdir())
    assert kept == ["eileen.json", "eileen.npz"]
    assert main(["adjust", "eileen", "--size", "96", "--resolution", "4"]) == 0
    assert (face() != first).any()
    assert main(["adjust", "eileen", "--trait", "hair=bob"]) != 0
    assert "led by traits" in capsys.readouterr().err
    assert main(["adjust", "eileen", "--resolution", "7"]) != 0
    assert "no switch at 7" in capsys.readouterr().err
    (tmp_path / "people" / "eileen.npz").unlink()
    assert main(["adjust", "eileen", "--resolution", "8"]) != 0
    assert "no latents" in capsys.readouterr().err


@pytest.mark.parametrize(
    "damaged",
    ['{"way": "by foot", "switch": null}', '{"way": "tuned", "switch": {"resolution": 8}}', "7"],
)
def test_how_networks_drew_may_be_damaged(
    damaged: str, made: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "people" / "eileen.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "networks": json.loads(damaged)}))
    assert main(["adjust", "eileen", "--trait", "hair=bob"]) != 0
    assert "are damaged" in capsys.readouterr().err


def test_nothing_of_the_photo_is_kept(made: dict[str, object], tmp_path: Path) -> None:
    kept = json.loads((tmp_path / "people" / "eileen.json").read_text())
    assert kept == made["person"]
    assert set(kept) == set(Person().traits())
    text = (tmp_path / "emoji" / "eileen" / "set.json").read_text()
    assert "collins" not in text


def test_a_set_is_adjusted_without_the_photo(
    made: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    before = emoji_set.load(emoji_set.find("eileen")).images[Emotion.HAPPY][-1][1].pixels
    words = ["adjust", "eileen", "--trait", "hair=afro", "--trait", "hair_colour=#a02020"]
    assert main([*words, "--size", "96", "--json"]) == 0
    person = json.loads(capsys.readouterr().out)["person"]
    assert isinstance(made["person"], dict)
    assert person == made["person"] | {"hair": "afro", "hair_colour": "#a02020"}
    after = emoji_set.load(emoji_set.find("eileen")).images[Emotion.HAPPY][-1][1].pixels
    assert (before != after).any()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["make", "absent.jpg"], "There is no photo"),
        (["make", str(COLLINS), "--name", "../me"], "cannot be called"),
        (["make", str(COLLINS), "--name", "classic"], "already"),
        (["make", str(COLLINS), "--size", "5000"], "--size"),
        (["make", str(COLLINS), "--open"], "--sheet"),
        (["make", str(asset("emoji/classic/happy.png"))], "happy.png"),
        (["make", str(COLLINS), "--trait", "hair=wig"], "hair"),
        (["adjust", "nobody", "--trait", "hair=bob"], "no traits"),
        (["adjust", "nobody"], "Nothing to adjust"),
    ],
)
def test_what_will_not_do_is_told_in_a_sentence_and_nothing_is_written(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "emoji").exists()
    assert not (tmp_path / "people").exists()


def test_a_folder_without_photos_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["make", str(tmp_path / "empty")]) == 2
    assert "no photos" in capsys.readouterr().err


def test_one_bad_photo_among_good_ones_is_left_out_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"no picture")
    (tmp_path / "photos" / "b.jpg").write_bytes(COLLINS.read_bytes())
    assert main(["make", str(tmp_path / "photos"), "--size", "64", "--json"]) == 0
    assert "Left out: a.jpg" in capsys.readouterr().err


def test_a_photo_named_after_an_emotion_steers_it_and_does_not_count_for_looks(
    made: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(COLLINS, tmp_path / "me.jpg")
    shutil.copy(HOPPER, tmp_path / "Surprise-2.jpg")
    shutil.copy(COLLINS, tmp_path / "happy.jpg")
    shutil.copy(COLLINS, tmp_path / "sad.jpg")
    words = ["make", str(tmp_path), "--name", "steered", "--size", "96", "--json"]
    assert main(words) == 0
    said, complaint = capsys.readouterr()
    assert json.loads(said)["person"] == made["person"]
    assert "Left out: sad.jpg: No photo can steer how you look sad" in complaint
    lips = making.remembered("steered").lips
    assert set(lips) == {Emotion.HAPPY, Emotion.SURPRISE}
    assert lips[Emotion.HAPPY] > 0.5 > lips[Emotion.SURPRISE]


def test_a_photo_named_after_an_emotion_is_enough_for_a_set(tmp_path: Path) -> None:
    shutil.copy(COLLINS, tmp_path / "happy.jpg")
    sitting = making.sit([tmp_path / "happy.jpg"])
    assert len(sitting.crops) == 1
    assert set(sitting.lips) == {Emotion.HAPPY}


def test_the_work_that_is_announced_is_all_there_is(tmp_path: Path) -> None:
    steps: list[tuple[str, float]] = []

    def say(step: str, cost: float) -> None:
        steps.append((step, cost))

    found = making.photos_in([COLLINS])
    sitting = making.sit(found, say)
    who = making.Remembered(making.portrait(sitting), sitting.lips)
    making.install(making.draw(who, "me", 64, say), who, False, say)
    assert sum(cost for _, cost in steps) == pytest.approx(making.cost(len(found), 64))
    assert [step for step, _ in steps][:3] == ["photo 1 of 1", "looks", "drawing: angry"]
    assert steps[-1][0] == "writing"


def test_traits_are_varied_by_name() -> None:
    person = varied(Person(), ["hair=bob", "skin_tone=0.7", "sunglasses=true", "glasses=round"])
    assert (person.hair, person.skin_tone, person.sunglasses) == ("bob", 0.7, True)
    for wrong in ("hair", "height=2", "skin_tone=dark", "skin_tone=2"):
        with pytest.raises(UsageError):
            varied(Person(), [wrong])
