"""A run of the generator's training: kept whole, resumed exactly, stopped politely."""

import json
import os
import signal
import threading
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

pytest.importorskip("keras")

from generator import cli, quality, weights
from generator.checkpoints import native
from generator.configuration import Checkpoint, Configuration
from generator.recipe import Recipe, recipe
from generator.run import Run, grid
from generator.step import Step, fresh
from generator.training import Pace, Progress, flattened, restored, train
from vcam_emoji.errors import DataError, UsageError

pytestmark = pytest.mark.generator

SMALL = Configuration(
    8, z_dim=8, w_dim=8, mapping_layers=1, channel_base=32, channel_max=4
)  # fmt: skip
RECIPE = replace(recipe(SMALL, 4, seed=5, kimg=0.048, gamma=1.0, mirror=True), freeze=0)
PACE = Pace(tick=0.016, snapshot=0.024, measured=0, shown=4)


def beginning(how: Recipe = RECIPE) -> Any:
    rng = np.random.default_rng(how.seed)
    c = how.configuration
    begun = Checkpoint(c, weights.fresh_generator(c, rng), weights.fresh_discriminator(c, rng))
    return fresh(begun, how)


@cache
def step() -> Step:
    return Step(RECIPE, fused=False)


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 255, (11, 8, 8, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, pixels: NDArray[np.uint8]) -> Run:
    """A run of 12 steps that nothing interrupted."""
    run = Run(tmp_path_factory.mktemp("runs") / "whole")
    run.begin(RECIPE, {"data": "noise"})
    _, stopped = train(run, RECIPE, beginning(), pixels, PACE, step=step())
    assert not stopped
    return run


def states(run: Run) -> list[int]:
    return sorted(int(file.stem) for file in run.states())


def test_a_run_leaves_metrics_grids_two_states_and_a_network(whole: Run) -> None:
    lines = list(whole.metrics())
    assert "compile_s" in lines[0]
    assert [line["images"] for line in lines[1:]] == [16, 32, 48]
    assert {"loss_G", "loss_D", "r_t", "p", "s_per_kimg"} <= set(lines[-1])
    assert states(whole) == [32, 48]
    shown = sorted((whole.folder / "snapshots").iterdir())
    assert [file.name for file in shown] == ["000000.03.png", "000000.05.png"]
    assert Image.open(shown[0]).size == (16, 16)
    kept = native.load(whole.folder / "network")
    assert kept.configuration == SMALL
    assert kept.about["images"] == 48
    told, about = whole.recipe()
    assert (told, about) == (RECIPE, {"data": "noise"})
    assert not list(whole.folder.rglob(".*"))


def test_an_interrupted_run_ends_as_one_that_never_stopped(
    whole: Run, pixels: NDArray[np.uint8], tmp_path: Path
) -> None:
    run = Run(tmp_path / "run")
    run.begin(RECIPE, {})
    short = replace(RECIPE, kimg=0.02)
    train(run, short, beginning(), pixels, PACE, step=step())
    again = restored(run.latest())
    run.forget_after(int(again["images"]))
    train(run, RECIPE, again, pixels, PACE, step=step())
    ours, theirs = run.latest(), whole.latest()
    assert set(ours) == set(theirs)
    for name, value in theirs.items():
        np.testing.assert_array_equal(ours[name], value, err_msg=name)


def test_a_signal_stops_after_the_step_with_everything_kept(
    pixels: NDArray[np.uint8], tmp_path: Path
) -> None:
    run = Run(tmp_path / "run")
    seen: list[int] = []

    def tell(progress: Progress) -> None:
        seen.append(progress.images)
        if progress.images == 8:
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    state, stopped = train(run, RECIPE, beginning(), pixels, PACE, tell=tell, step=step())
    assert stopped
    assert max(seen) == 8
    assert int(run.latest()["images"]) == int(state["images"]) == 8
    assert (run.folder / "network" / "network.json").exists()
    assert signal.getsignal(signal.SIGTERM) is before
    assert not [thread for thread in threading.enumerate() if thread.name == "batches"]


def test_a_run_stops_before_its_minutes_are_over(pixels: NDArray[np.uint8], tmp_path: Path) -> None:
    """As if it had begun so long ago that there is time for one step only."""
    run = Run(tmp_path / "run")
    pace = replace(PACE, minutes=10.0)
    state, stopped = train(
        run, RECIPE, beginning(), pixels, pace, begun=time.monotonic() - 597, step=step()
    )
    assert not stopped
    assert int(state["images"]) == 4
    assert states(run) == [4]


def test_what_was_measured_after_a_state_is_forgotten_with_it(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for images in (10, 20, 30):
        run.note({"images": images})
    with (tmp_path / "metrics.jsonl").open("a") as stream:
        stream.write('{"images": 40, "lo')  # killed while it wrote
    run.forget_after(20)
    assert [line["images"] for line in run.metrics()] == [10, 20]


def test_a_torn_state_is_passed_over_for_the_one_before(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.save({"a": np.arange(3)}, 10)
    run.save({"a": np.arange(4)}, 20)
    newest = run.states()[0]
    newest.write_bytes(newest.read_bytes()[:40])
    assert len(run.latest()["a"]) == 3
    run.states()[1].unlink()
    with pytest.raises(DataError, match="No state"):
        run.latest()


def test_a_run_is_not_begun_over_another(whole: Run) -> None:
    with pytest.raises(UsageError, match="not empty"):
        whole.begin(RECIPE, {})


def test_states_hold_no_pickles(whole: Run) -> None:
    arrays = flattened(beginning())
    with np.load(whole.states()[0], allow_pickle=False) as kept:
        assert set(kept.files) == set(arrays)


def test_a_grid_is_filled_row_by_row() -> None:
    pixels = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    found = grid(pixels)
    assert found.shape == (4, 6, 3)
    assert found[0, ::2, 0].tolist() == [0, 1, 2]
    assert found[2, ::2, 0].tolist() == [3, 4, 255]


def test_the_distance_is_nought_to_itself_and_grows_with_what_is_done_to_pictures() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:16, :16] / 16
    waves = np.sin(
        6 * rng.random((150, 1, 1, 3)) + 9 * rng.random((150, 1, 1, 3)) * (x + y)[None, :, :, None]
    )
    noise = rng.normal(size=waves.shape)

    def fitted(pictures: NDArray[np.float64]) -> quality.Gaussian:
        return quality.gaussian([quality.features(pictures.astype(np.float32))])

    real = fitted(waves)
    assert quality.distance(real, real) == pytest.approx(0.0, abs=1e-2)
    little, much = (quality.distance(real, fitted(waves + s * noise)) for s in (0.1, 0.5))
    assert 1e-3 < little < much / 2


# --- the command -----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "pictures"
    place.mkdir()
    rng = np.random.default_rng(1)
    for i in range(9):
        pixels = rng.integers(0, 255, (8, 8, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(place / f"{i}.png")
    return place


@cache
def _step(how: Recipe) -> Step:
    """Compiled once for a run and what goes on with it."""
    return Step(how, fused=False)


SHAPE = [
    "--resolution=8",
    "--channel-base=32",
    "--channel-max=4",
    "--latent=8",
    "--mapping-layers=1",
]
QUICK = ["--batch", "4", "--measure", "0", "--backend", "tensorflow"]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--data", "nowhere"],
        ["--augment", "much"],
        ["--augment", "fixed", "3"],
        ["--changes", "xyz"],
        ["--batch", "6"],
        ["--freeze-d", "9"],
        ["--devices", "77"],
        ["--from", "nowhere"],
        ["--background", "pink"],
        ["--resume"],
    ],
)
def test_what_cannot_be_trained_is_refused_and_nothing_written(
    wrong: list[str], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    arguments = ["train", "--data", str(folder), "--out", str(out), *SHAPE, *QUICK, *wrong]
    assert cli.main(arguments) == 2
    assert not out.exists()
    assert capsys.readouterr().err.count("\n") <= 2


def test_a_network_is_trained_shown_and_trained_further(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From noise, then from what came out, with D's largest resolution frozen."""
    monkeypatch.setattr("generator.training.Step", lambda how: _step(replace(how, kimg=0.0)))
    run, further = tmp_path / "run", tmp_path / "further"
    given = ["train", "--data", str(folder), *QUICK, "--kimg", "0.008", "--path-weight", "0"]
    assert cli.main([*given, "--out", str(run), *SHAPE]) == 0
    assert "network is in" in capsys.readouterr().out
    assert json.loads((run / "recipe.json").read_text())["about"]["pictures"] == 9
    assert cli.main([*given, "--out", str(run), "--resume", "--kimg", "0.012"]) == 0
    assert [line["images"] for line in Run(run).metrics()][-1] == 12
    (folder / "new.png").write_bytes((folder / "0.png").read_bytes())
    assert cli.main([*given, "--out", str(run), "--resume"]) == 2
    assert "other pictures" in capsys.readouterr().err
    start = ["--from", str(run / "network"), "--freeze-d", "1", "--augment", "fixed", "0.3"]
    assert cli.main([*given, "--out", str(further), *start]) == 0
    before, now = (native.load(place / "network").discriminator for place in (run, further))
    assert np.array_equal(before["b8.conv1.weight"], now["b8.conv1.weight"])
    assert not np.array_equal(before["b4.conv.weight"], now["b4.conv.weight"])
