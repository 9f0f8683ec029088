from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vcam_emoji import cli, emoji_set, stickers
from vcam_emoji.emoji_set import Anchors, EmojiImage, EmojiSet
from vcam_emoji.errors import EmojiSetError
from vcam_emoji.resources import asset
from vcam_emoji.types import Emotion

ANCHORS = Anchors((0.35, 0.4), (0.65, 0.4), (0.5, 0.7))


def disc(side: int = 96, colour: tuple[int, int, int] = (0, 0, 255)) -> NDArray[np.uint8]:
    """BGR on nothing, off centre; what is transparent holds green, which must never show."""
    y, x = np.mgrid[:side, :side]
    pixels = np.zeros((side, side, 4), np.uint8)
    pixels[..., 1] = 255
    inside = (x - side * 0.4) ** 2 + (y - side * 0.55) ** 2 < (side * 0.3) ** 2
    pixels[inside] = (*colour, 255)
    return pixels


def a_set(pixels: NDArray[np.uint8] | None = None) -> EmojiSet:
    image = EmojiImage(disc() if pixels is None else pixels, ANCHORS)
    half = ((0.5, image), (1.0, image))
    images = {emotion: half if emotion == "sad" else ((1.0, image),) for emotion in Emotion}
    return EmojiSet("dot", "Dot", "Tests", "CC0-1.0", "Drawn by a test.", images)


def test_the_command_line_knows_the_messengers_there_are() -> None:
    assert tuple(stickers.PLATFORMS) == cli.MESSENGERS


@pytest.mark.parametrize("platform", stickers.PLATFORMS)
def test_each_sticker_is_what_the_messenger_demands(platform: str, tmp_path: Path) -> None:
    wanted = stickers.PLATFORMS[platform]
    shipped = emoji_set.load(asset("emoji/classic"))
    written = {each.file: each for each in stickers.export(shipped, platform, tmp_path)}
    names = {f"{emotion}.{wanted.form}" for emotion in Emotion}
    assert names <= set(written)
    assert ("icon.png" in written) == (platform == "whatsapp")
    for name, each in written.items():
        with Image.open(tmp_path / name) as picture:
            assert picture.size == each.size
            alpha = np.asarray(picture.convert("RGBA"))[:, :, 3]
            assert picture.format == ("PNG" if name.endswith("png") else "WEBP")
        assert (tmp_path / name).stat().st_size == each.bytes
        if name == "icon.png":
            assert each.size == (96, 96)
            assert each.bytes <= 50_000
        elif wanted.side is not None:
            assert each.size == (wanted.side, wanted.side)
            assert wanted.most_bytes is not None
            assert each.bytes <= wanted.most_bytes
        if wanted.margin:
            frame = np.ones_like(alpha, bool)
            frame[wanted.margin : -wanted.margin, wanted.margin : -wanted.margin] = False
            if name != "icon.png":
                assert alpha[frame].max() == 0


def test_the_drawing_fills_the_sticker_and_keeps_its_colour(tmp_path: Path) -> None:
    stickers.export(a_set(), "discord", tmp_path)
    with Image.open(tmp_path / "happy.png") as picture:
        pixels = np.asarray(picture.convert("RGBA")).astype(int)
    assert tuple(pixels[160, 160]) == (255, 0, 0, 255)
    rows = np.flatnonzero(pixels[:, :, 3].any(axis=1))
    assert rows[0] <= 8
    assert rows[-1] >= 311
    seen = pixels[pixels[:, :, 3] > 8]
    assert seen[:, 1].max() < 40, "colour of transparent pixels bled into the edge"


def test_a_drawing_of_noise_is_made_to_fit(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (512, 512, 4), dtype=np.uint8)
    noise[..., 3] = disc(512)[..., 3]
    for each in stickers.export(a_set(noise), "whatsapp", tmp_path):
        assert each.bytes <= 100_000


def test_what_cannot_fit_is_refused_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = replace(stickers.PLATFORMS["slack"], most_bytes=200)
    monkeypatch.setitem(stickers.PLATFORMS, "slack", tiny)
    with pytest.raises(EmojiSetError, match="more than"):
        stickers.export(a_set(), "slack", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_files_in_the_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "happy.png").write_text("old")
    stickers.export(a_set(), "slack", tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with Image.open(tmp_path / "happy.png") as picture:
        assert picture.size == (128, 128)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_folder_that_is_a_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(EmojiSetError, match="cannot be written"):
        stickers.export(a_set(), "slack", tmp_path / "out")


def test_the_command_writes_and_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "stickers"
    words = ["sets", "export", "classic", "--for", "slack", "--out", str(out), "--json"]
    assert cli.main(words) == 0
    said = json.loads(capsys.readouterr().out)
    assert {each["file"] for each in said["files"]} == {path.name for path in out.iterdir()}
    assert cli.main(["sets", "export", "classic"]) == 2
    assert "--for" in capsys.readouterr().err
    assert cli.main(["sets", "export", "nobody", "--for", "slack", "--out", str(out)]) == 2
