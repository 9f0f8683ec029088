from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from generator import making, webcam
from generator.artwork.people.person import Person, varied
from generator.blending import Switch
from generator.cli import main
from generator.commands import finishing
from tests.fakes import disc_set
from vcam_emoji import emoji_set, paths
from vcam_emoji.errors import CameraError, PhotoError, UsageError
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
    shutil.copy(HOPPER, tmp_path / "happy.jpg")
    happy = str(tmp_path / "happy.jpg")
    assert main([*BY_NETWORKS[:2], happy, *BY_NETWORKS[2:], "--way", "encoder"]) == 0
    assert "Left out: how you look happy." in capsys.readouterr().err
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
    assert kept.pop("size") == 96
    assert len(kept.pop("set")) == 64
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
        (["make", str(COLLINS), "--sheet", f"{COLLINS}/sheet.png"], "cannot be written"),
        (["make", str(COLLINS), "--seed", "7"], "--way photo"),
        (["make", "a" * 300], "too long"),
        (["make", "--camera", "a" * 300], "No camera"),
        (["make", str(asset("emoji/classic/happy.png"))], "happy.png"),
        (["make", str(COLLINS), "--trait", "hair=wig"], "hair"),
        (["adjust", "nobody", "--trait", "hair=bob"], "no traits"),
        (["adjust", "nobody"], "no traits"),
    ],
)
def test_what_will_not_do_is_told_in_a_sentence_and_nothing_is_written(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) != 0
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
    complaint = capsys.readouterr().err
    assert "Left out: " in complaint
    assert complaint.count("a.jpg") == 1


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
    assert [step for step, _ in steps][:4] == [
        "photo 1 of 1", "looks", "getting ready to draw", "drawing: angry",
    ]  # fmt: skip
    assert steps[-1][0] == "writing"


def test_traits_are_varied_by_name() -> None:
    person = varied(Person(), ["hair=bob", "skin_tone=0.7", "sunglasses=true", "glasses=round"])
    assert (person.hair, person.skin_tone, person.sunglasses) == ("bob", 0.7, True)
    for wrong in ("hair", "height=2", "skin_tone=dark", "skin_tone=2"):
        with pytest.raises(UsageError):
            varied(Person(), [wrong])


# Whose set it is.


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A set `me` of 64 pixels, and where what was kept of it is."""
    making.install(disc_set("me", 64), making.Remembered(Person(), {}), replaces=False)
    return tmp_path / "people" / "me.json"


def shown(name: str = "me") -> NDArray[np.uint8]:
    return emoji_set.load(emoji_set.find(name)).images[Emotion.NEUTRAL][-1][1].pixels


BOB = ["adjust", "me", "--trait", "hair=bob"]


def test_a_set_that_was_removed_and_added_by_another_is_not_drawn_over(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    emoji_set.remove("me")
    assert not list(mine.parent.iterdir())
    emoji_set.save(disc_set("me", 32), tmp_path / "other")
    emoji_set.add(tmp_path / "other")
    assert main(BOB) == 2
    assert "There are no traits" in capsys.readouterr().err
    assert shown().shape == (32, 32, 4)


def test_a_set_that_was_laid_over_by_hand_is_drawn_over_only_if_that_is_said(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    emoji_set.save(disc_set("me", 32), tmp_path / "emoji" / "me")
    assert main(BOB) == 2
    assert "is not the one that was made here" in capsys.readouterr().err
    assert shown().shape == (32, 32, 4)
    assert main([*BOB, "--replace"]) == 0
    assert shown().shape == (64, 64, 4)
    making.check_whose("me")


def test_what_was_kept_before_digests_and_sizes_were_still_does(mine: Path) -> None:
    kept = json.loads(mine.read_text())
    mine.write_text(json.dumps({name: kept[name] for name in Person().traits()}))
    making.check_whose("me")
    assert making.size_of("me") == 512
    assert making.remembered("me").person == Person()


def test_an_adjusted_set_keeps_its_size_and_another_trait_is_suggested(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(BOB) == 0
    assert shown().shape == (64, 64, 4)
    assert "--trait hair=pixie" in capsys.readouterr().out
    assert main(["adjust", "me"]) == 2
    assert "Nothing to adjust" in capsys.readouterr().err
    assert main(["adjust", "me", "--size", "96"]) == 0
    assert shown().shape == (96, 96, 4)
    assert making.size_of("me") == 96


def test_a_size_that_is_none_is_damage(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine.write_text(mine.read_text().replace('"size": 64', '"size": "large"'))
    assert main(BOB) == 2
    assert "are damaged" in capsys.readouterr().err


# What is said, and when.


def test_a_sheet_that_fails_at_last_leaves_a_set_that_is_used(
    mine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    used = list[str]()
    monkeypatch.setattr(finishing, "check_place", lambda _: None)
    monkeypatch.setattr(finishing, "_use", used.append)
    assert main([*BOB, "--use", "--sheet", str(mine / "sheet.png")]) == 2
    assert "The set me is there all the same" in capsys.readouterr().err
    assert used == ["me"]


def test_a_sheet_that_is_only_to_be_opened_lies_here_and_over_nothing(
    mine: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    opened = list[str]()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("webbrowser.open", opened.append)
    (tmp_path / "me.png").write_bytes(b"another's")
    assert main([*BOB, "--open"]) == 0
    assert (tmp_path / "me.png").read_bytes() == b"another's"
    assert opened == [(tmp_path / "me-2.png").as_uri()]
    assert "Written: me-2.png" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["make", str(COLLINS)], "Stopped. Nothing was made."),
        (BOB, "Stopped. The set is as it was."),
    ],
)
def test_who_stops_is_told_what_became_of_it(
    words: list[str],
    said: str,
    mine: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(making, "draw", stop)
    assert main([*words, *(["--name", "new"] if words[0] == "make" else [])]) == 130
    assert said in capsys.readouterr().err
    assert emoji_set.available() == ["classic", "me"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--trait", "hair=wig"], "hair cannot be"),
        (["--keep", f"{COLLINS}/kept"], "cannot be written"),
    ],
)
def test_what_would_fail_after_sitting_is_said_before_the_camera_is_opened(
    words: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def opened(_camera: str) -> None:
        raise AssertionError("the camera was opened")

    monkeypatch.setattr(webcam, "opened", opened)
    assert main(["make", "--camera", *words]) == 2
    assert said in capsys.readouterr().err


def test_dark_lenses_may_be_asked_of_who_wears_a_frame(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["make", str(tmp_path / "none.jpg"), "--trait", "sunglasses=true"]) == 2
    assert "There is no photo" in capsys.readouterr().err


# What lies in folders.


def test_photos_of_phones_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for name, brand in (("a.HEIC", b"heic"), ("b.heif", b"mif1"), ("c.avif", b"avif")):
        (tmp_path / name).write_bytes(b"\0\0\0\x18ftyp" + brand + b"\0" * 12)
    with pytest.raises(PhotoError, match="is a HEIC photo") as caught:
        making.sit(making.photos_in([tmp_path]))
    assert "Export it as JPEG" in caught.value.hint
    shutil.copy(COLLINS, tmp_path / "d.jpg")
    sitting = making.sit(making.photos_in([tmp_path]))
    assert len(sitting.crops) == 1
    assert ["HEIC" in each for each in sitting.refused] == [True, True, False]
    assert "is an AVIF photo" in sitting.refused[2]


def test_a_folder_that_may_not_be_read_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(PhotoError, match="Permission denied"):
        making.photos_in([tmp_path])
    with pytest.raises(CameraError, match="Permission denied"), webcam.opened(str(tmp_path)):
        pass


def test_the_clearest_photo_comes_first(tmp_path: Path) -> None:
    sharp = cv2.imread(str(HOPPER))
    assert sharp is not None
    assert cv2.imwrite(str(tmp_path / "a.png"), cv2.GaussianBlur(sharp, (0, 0), 3))
    shutil.copy(HOPPER, tmp_path / "b.jpg")
    alone = making.sit([tmp_path / "b.jpg"]).crops[0]
    both = making.sit(making.photos_in([tmp_path])).crops
    np.testing.assert_array_equal(both[0], alone)
    assert len(both) == 2
