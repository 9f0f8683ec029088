"""The labelled drawings: whole, the same each time, and resumed where they were cut off."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from generator import cli
from generator.artwork.people.dataset import LABELS, Plan, write
from generator.artwork.people.person import TRAITS, Person
from vcam_emoji.errors import UsageError
from vcam_emoji.types import Emotion

pytestmark = pytest.mark.generator
pytest.importorskip("resvg_py")

TINY = Plan(people=2, size=32, seed=7, intensities=(0.5, 1.0))


def files(folder: Path) -> dict[str, bytes]:
    return {
        each.relative_to(folder).as_posix(): each.read_bytes()
        for each in sorted(folder.rglob("*"))
        if each.is_file()
    }


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("data") / "tiny"
    write(TINY, out)
    return out


def test_every_person_shows_every_emotion_and_every_picture_has_a_label(tiny: Path) -> None:
    labels = [json.loads(line) for line in (tiny / LABELS).read_text().splitlines()]
    assert len(labels) == TINY.total == 2 * (1 + 6 * 2)
    for label in labels:
        pixels = cv2.imread(str(tiny / label["file"]), cv2.IMREAD_UNCHANGED)
        assert pixels is not None
        assert pixels.shape == (32, 32, 4)
        assert label["traits"] == Person.random(label["person"]).traits()
        assert set(label["traits"]) == set(TRAITS)
    shown = {(each["person"], each["emotion"], each["intensity"]) for each in labels}
    assert len(shown) == len(labels)
    assert {each[:2] for each in shown} == {(n, e) for n in (7, 8) for e in Emotion}


def test_alpha_comes_back_from_the_file(tiny: Path) -> None:
    pixels = cv2.imread(str(tiny / "000007/happy-1.png"), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    assert pixels[0, 0, 3] == 0
    assert pixels[16, 16, 3] == 255
    assert np.unique(pixels[..., 3]).size > 4


def test_what_was_cut_off_goes_on_and_ends_the_same(tiny: Path, tmp_path: Path) -> None:
    out, told = tmp_path / "again", []

    def cut_off(done: int, _: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(TINY, out, progress=cut_off)
    assert not out.exists()
    (tmp_path / "again.partial/.000008").mkdir()
    write(TINY, out, progress=lambda done, _: told.append(done))
    assert told == [13, 26]
    assert files(out) == files(tiny)
    assert not (tmp_path / "again.partial").exists()


def test_another_plan_does_not_mix_with_what_was_begun(tmp_path: Path) -> None:
    (tmp_path / "x.partial").mkdir()
    (tmp_path / "x.partial/dataset.json").write_text("{}")
    with pytest.raises(UsageError, match="begun with another"):
        write(TINY, tmp_path / "x")


def test_the_command_writes_a_zip(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "tiny.zip"
    said = "artwork dataset --people 2 --size 32 --seed 7 --intensities 0.5,1 --jobs 1 --out"
    assert cli.main([*said.split(), str(out)]) == 0
    with zipfile.ZipFile(out) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files(tiny)
    assert [each.name for each in tmp_path.iterdir()] == ["tiny.zip"]
    assert cli.main([*said.split(), str(out)]) == 2


@pytest.mark.parametrize(
    "said",
    [
        "dataset --people 0 --out x",
        "dataset --size 4 --out x",
        "dataset --intensities 0,2 --out x",
        "dataset --intensities much --out x",
        "dataset --format bmp --out x",
        "people draw --seed 1 --size 1 --out x.png",
        "people draw --seed 1 --intensity 2 --out x.png",
        "people draw --seed 1 --out x.txt",
        "people draw --seed 1 --trait hair=wig --out x.png",
        "people draw --trait wings=2 --out x.png",
        "people draw --person nobody.json --out x.png",
        "people set --seed 1",
    ],
)
def test_what_cannot_be_is_a_sentence_and_status_2(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["artwork", *said.split()]) == 2
    assert capsys.readouterr().err.count("\n") == 2
    assert list(tmp_path.iterdir()) == []


def test_one_picture_from_traits(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text('{"skin_tone": 0.8}')
    said = f"artwork people draw --person {file} --trait hair=afro --trait age=60 --emotion happy"
    assert cli.main([*said.split(), "--size", "32", "--out", str(tmp_path / "p.png")]) == 0
    pixels = cv2.imread(str(tmp_path / "p.png"), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    assert pixels.shape == (32, 32, 4)
