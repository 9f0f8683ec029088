"""The sharpener: soft drawings of 64 pixels become crisp ones of 512, cut out."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("keras")
pytest.importorskip("resvg_py")

from keras import ops

from generator.commands import sharpening as commands
from generator.judge.gallery import FIRST_JUDGED
from generator.keras_archive import arrays, assign
from generator.pair import sharp_learning
from generator.pair.couples import GROUND
from generator.pair.sharp_learning import Batches, Drawings, Spoiling, bicubic, judged
from generator.pair.sharpening import (
    About,
    Sharpener,
    build,
    enlarged,
    load,
    rearranged,
)
from vcam_emoji.errors import DataError, ModelError, UsageError, VcamEmojiError

pytestmark = pytest.mark.generator

CALM = Spoiling(blur=(0.35, 0.36), colour=0, ground=0, noise=0, warped=0)


@pytest.fixture(scope="module")
def strangers() -> Drawings:
    first = FIRST_JUDGED + 7000
    return sharp_learning.drawn(range(first, first + 3), each=1)


@pytest.fixture(scope="module")
def soft(strangers: Drawings) -> NDArray[np.uint8]:
    return sharp_learning.examples(strangers, seed=1)


@pytest.fixture(scope="module")
def shipped() -> Sharpener:
    return load()


@pytest.fixture(scope="module")
def crisp(shipped: Sharpener, soft: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return shipped.sharpen(soft)


def run(words: list[str]) -> int:
    """As the command line does, but that errors come through."""
    parser = argparse.ArgumentParser()
    kinds = parser.add_subparsers(required=True)
    commands.register(kinds)
    commands.register_evaluation(kinds)
    options = parser.parse_args(words)
    return int(options.run(options))


def test_nothing_sharpened_is_nothing(shipped: Sharpener) -> None:
    assert shipped.sharpen(np.zeros((0, 64, 64, 3), np.uint8)).shape == (0, 512, 512, 4)


def test_bare_ground_leaves_nothing(shipped: Sharpener) -> None:
    bare = np.full((1, 64, 64, 3), GROUND, np.uint8)
    assert not shipped.sharpen(bare)[..., 3].any()


def test_far_outside_there_is_nothing_and_deep_inside_all(
    strangers: Drawings, crisp: NDArray[np.uint8]
) -> None:
    far = np.ones((25, 25), np.uint8)
    for true, found in zip(strangers.pixels[..., 3], crisp[..., 3], strict=True):
        outside = eroded(true == 0, far)
        inside = eroded(true == 255, far)
        assert (found[outside] == 0).mean() > 0.999
        assert (found[inside] == 255).mean() > 0.99


def test_strangers_come_out_better_than_enlarged(
    shipped: Sharpener, strangers: Drawings, soft: NDArray[np.uint8], crisp: NDArray[np.uint8]
) -> None:
    assert not shipped.about.knows(int(strangers.people.min()))
    plain, found = judged(strangers.pixels, bicubic(soft)), judged(strangers.pixels, crisp)
    assert found.colour_psnr > plain.colour_psnr + 3
    assert found.alpha_psnr > plain.alpha_psnr + 3
    assert found.colour_error < plain.colour_error / 2
    assert found.alpha_error < plain.alpha_error / 2
    assert found.edge_error < plain.edge_error


def test_a_picture_comes_out_the_same_in_any_company(
    shipped: Sharpener, soft: NDArray[np.uint8], crisp: NDArray[np.uint8]
) -> None:
    alone = np.concatenate([shipped.sharpen(soft[2:]), shipped.sharpen(soft[:2])])
    assert (alone[[1, 2, 0]] == crisp).all()


def test_channels_become_neighbouring_pixels() -> None:
    x = np.arange(2 * 3 * 8, dtype=np.float32).reshape(1, 2, 3, 8)
    found = ops.convert_to_numpy(rearranged(x, 2))
    assert found.shape == (1, 4, 6, 2)
    assert (found[0, :2, :2].reshape(-1) == x[0, 0, 0]).all()


def test_a_fresh_network_cuts_out_what_stands_out_from_the_ground() -> None:
    picture = np.full((1, 64, 64, 3), GROUND, np.uint8)
    picture[0, 16:48, 16:48] = 90
    found = Sharpener(build(), About(1, 0, 0, 0)).sharpen(picture)[0]
    assert found[:100, :100, 3].max() < 40
    assert found[200:300, 200:300, 3].min() > 215


def test_enlarging_keeps_an_even_picture_and_its_place() -> None:
    even = np.full((1, 6, 6, 1), 3, np.float32)
    np.testing.assert_allclose(ops.convert_to_numpy(enlarged(even)), 3, rtol=1e-5)
    slope = np.broadcast_to(np.arange(8, dtype=np.float32)[:, None, None], (1, 8, 8, 1))
    found = ops.convert_to_numpy(enlarged(slope))[0, :, 0, 0]
    np.testing.assert_allclose(found[16:48], (np.arange(16, 48) + 0.5) / 8 - 0.5, atol=1e-5)


def test_a_sharpener_comes_back_from_its_file(
    shipped: Sharpener, soft: NDArray[np.uint8], crisp: NDArray[np.uint8], tmp_path: Path
) -> None:
    shipped.save(tmp_path / "again.npz")
    again = load(tmp_path / "again.npz")
    assert again.about == shipped.about
    assert (again.sharpen(soft[:1]) == crisp[:1]).all()
    assert (tmp_path / "again.npz").stat().st_size < 1.5e6


def test_what_is_no_sharpener_is_refused_in_a_sentence(shipped: Sharpener, tmp_path: Path) -> None:
    shipped.save(tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])
    middle = len(whole) // 2
    (tmp_path / "damaged.npz").write_bytes(whole[:middle] + bytes(64) + whole[middle + 64 :])
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    np.savez(tmp_path / "later.npz", about=np.frombuffer(b'{"format": "later/9"}', np.uint8))
    with (tmp_path / "array.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    for name in ("half", "damaged", "text", "other", "later", "array", "absent"):
        with pytest.raises(ModelError) as refused:
            load(tmp_path / f"{name}.npz")
        assert f"{name}.npz" in refused.value.message
        assert "\n" not in str(refused.value)
        assert "sharpen-train" in refused.value.hint


def test_drawings_come_back_from_their_file(strangers: Drawings, tmp_path: Path) -> None:
    strangers.save(tmp_path / "few.npz")
    again = sharp_learning.opened(tmp_path / "few.npz")
    assert (again.pixels == strangers.pixels).all()
    assert (again.people == strangers.people).all()
    np.savez(tmp_path / "small.npz", pixels=strangers.pixels[:, ::2], people=strangers.people)
    for name in ("small.npz", "absent.npz"):
        with pytest.raises(DataError):
            sharp_learning.opened(tmp_path / name)


def test_spoiling_blurs_but_keeps_what_is_where(strangers: Drawings) -> None:
    clear = sharp_learning.examples(strangers, 0, CALM).astype(int)
    spoilt = sharp_learning.examples(strangers, 0).astype(int)
    assert np.abs(np.diff(spoilt, axis=1)).mean() < np.abs(np.diff(clear, axis=1)).mean()
    assert np.abs(spoilt - clear).mean() < 12
    assert np.abs(clear[:, 0, 0] - GROUND).max() <= 1


def test_pieces_and_what_they_should_become_show_the_same_place(strangers: Drawings) -> None:
    pictures, large = next(iter(Batches(strangers, 0, CALM)))
    assert pictures.shape[1:] == (32, 32, 3)
    assert large.shape[1:] == (256, 256, 4)
    assert (large[..., :3] <= large[..., 3:] + 1e-6).all()
    small = large.reshape(-1, 32, 8, 32, 8, 4).mean(axis=(2, 4))
    flat = small[..., :3] - small[..., 3:] * (np.array(GROUND, np.float32) / 255)
    assert np.abs(pictures - flat).mean() < 0.02


def test_what_is_as_it_should_be_is_without_error(strangers: Drawings) -> None:
    right = judged(strangers.pixels, strangers.pixels)
    assert (right.colour_error, right.alpha_error, right.edge_error) == (0, 0, 0)
    assert right.colour_psnr > 100
    gone = judged(strangers.pixels, np.zeros_like(strangers.pixels))
    assert gone.alpha_psnr < 10


def test_a_few_steps_of_learning_lower_the_loss(strangers: Drawings, tmp_path: Path) -> None:
    kept, out, fresh = (tmp_path / f"{name}.npz" for name in ("few", "first", "fresh"))
    strangers.save(kept)
    Sharpener(build(), About(1, 0, 0, 0)).save(fresh)
    words = ["sharpen-train", "--out", str(out), "--from", str(fresh), "--drawings", str(kept)]
    assert run([*words, "--minutes", "0.05"]) == 0
    before, after = load(fresh), load(out)
    assert after.about.steps > before.about.steps
    assert after.about.knows(int(strangers.people.max()))
    assert not before.about.knows(int(strangers.people.min()))
    pictures, true = next(iter(Batches(strangers, 0)))
    small, losses = build(32), []
    for each in (before, after):
        assign(small, arrays(each.model))
        losses.append(float(ops.mean(sharp_learning.loss(true, small(pictures)))))
    assert losses[1] < losses[0]


def test_figures_are_printed_and_a_sheet_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.png"
    assert run(["sharpening", "--people", "1", "--picture", str(sheet), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["people"] == 1
    assert set(told["sharpened"]) == set(told["bicubic"]) == set(
        sharp_learning.Figures.__dataclass_fields__
    )  # fmt: skip
    assert sheet.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "words",
    [
        ["sharpen-train", "--out", "s.npz", "--people", "0"],
        ["sharpen-train", "--out", "s.npz", "--minutes", "0"],
        ["sharpen-train", "--out", "s.npz", "--minutes", "nan"],
        ["sharpen-train", "--out", "s.npz", "--from", "absent.npz"],
        ["sharpening", "--people", "0"],
        ["sharpening", "--sharpener", "absent.npz"],
    ],
)
def test_what_cannot_be_sharpened_is_said(words: list[str]) -> None:
    with pytest.raises(VcamEmojiError) as refused:
        run(words)
    assert isinstance(refused.value, UsageError | ModelError)
    assert refused.value.hint


def eroded(mask: NDArray[np.bool_], shape: NDArray[np.uint8]) -> NDArray[np.bool_]:
    import cv2

    return cv2.erode(mask.astype(np.uint8), shape, borderValue=1) > 0
