"""The generator's command line: what it writes, and what it refuses before writing anything."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from generator.checkpoints import native
from generator.checkpoints.shapes import discriminator_shapes, generator_shapes
from generator.cli import main
from generator.configuration import Checkpoint, Configuration

SMALL = Configuration(
    resolution=8, z_dim=8, w_dim=8, mapping_layers=2, channel_base=64, channel_max=8
)


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders `a` and `b`, networks of 8 pixels; `c` of 16; `cut`, a damaged one."""
    folder = tmp_path_factory.mktemp("nets")
    wide = Configuration(16, z_dim=8, w_dim=8, mapping_layers=2, channel_base=64, channel_max=8)
    for seed, (name, c) in enumerate((("a", SMALL), ("b", SMALL), ("c", wide), ("cut", SMALL))):
        rng = np.random.default_rng(seed)
        parts = (generator_shapes(c), discriminator_shapes(c))
        first, second = (
            {n: rng.normal(size=s).astype(np.float32) for n, s in part.items()} for part in parts
        )
        native.save(Checkpoint(c, first, second, {"seed": seed}), folder / name)
    weights = folder / "cut" / native.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-9])
    return folder


@pytest.fixture
def run(
    nets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run a command; `{nets}` and `{out}` in its words stand for folders."""

    def run(*words: str) -> tuple[int, str, str]:
        filled = [word.format(nets=nets, out=tmp_path) for word in words]
        try:
            status = main(filled)
        except SystemExit as ended:
            status = int(ended.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


Run = Callable[..., tuple[int, str, str]]


def picture(path: Path) -> NDArray[np.generic]:
    found = cv2.imread(str(path))
    assert found is not None
    return found


def test_the_command_line_starts_without_any_network_runtime() -> None:
    code = (
        "import sys\nfrom generator.cli import _parser\n_parser().format_help()\n"
        "heavy = {'keras', 'tensorflow', 'jax', 'cv2', 'PIL'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr


def test_info_tells_a_networks_shape(run: Run) -> None:
    status, out, _ = run("info", "{nets}/a")
    assert status == 0
    assert out.startswith("8x8 pixels, skip generator")
    facts = json.loads(run("info", "{nets}/a", "--json")[1])
    assert facts["about"] == {"seed": 0}
    assert [block["resolution"] for block in facts["blocks"]] == [4, 8]


def test_a_blend_is_a_network_again(run: Run, nets: Path, tmp_path: Path) -> None:
    assert run("blend", "{nets}/a", "{nets}/b", "--resolution", "4", "--out", "{out}/ab")[0] == 0
    blended, a, b = (native.load(path) for path in (tmp_path / "ab", nets / "a", nets / "b"))
    for name, origin in (
        ("synthesis.b4.const", a),
        ("synthesis.b8.conv0.weight", b),
        ("synthesis.b8.conv0.noise_const", a),
        ("mapping.w_avg", a),
    ):
        np.testing.assert_array_equal(blended.generator[name], origin.generator[name])


@pytest.mark.generator
def test_sample_mix_and_interpolate_write_pictures(run: Run, tmp_path: Path) -> None:
    out = ("--out", "{out}/new/picture.png")
    for words in (
        ("sample", "{nets}/a", "--seeds", "0-4,9"),
        ("mix", "{nets}/a", "--rows", "0,1", "--columns", "2", "--layer", "1"),
        ("interpolate", "{nets}/a", "--seeds", "0,1", "--frames", "3"),
        ("blend", "{nets}/a", "{nets}/b"),
    ):
        how = ("--grid", out[1]) if words[0] == "blend" else out
        written = f"Written: {tmp_path / 'new' / 'picture.png'}\n"
        assert run(*words, *how) == (0, written, ""), words
        assert picture(tmp_path / "new" / "picture.png").std() > 10
        (tmp_path / "new" / "picture.png").unlink()
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.generator
def test_a_film_has_every_frame(run: Run, tmp_path: Path) -> None:
    words = ("interpolate", "{nets}/a", "--seeds", "0,1", "--frames", "4", "--loop")
    assert run(*words, "--out", "{out}/way.mp4")[0] == 0
    film = cv2.VideoCapture(str(tmp_path / "way.mp4"))
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) == 8


REFUSED = [
    (("info", "{nets}/none"), "No such file"),
    (("info", "{nets}"), "a folder without network.json"),
    (("info", "{nets}/cut"), "SHA-256"),
    (("sample", "{nets}/none", "--out", "{out}/x.png"), "No such file"),
    (("sample", "{nets}/a", "--out", "{out}/x.jpg"), "no file name ending in .png"),
    (("sample", "{nets}/a", "--out", "a" * 300 + ".png"), "too long"),
    (("sample", "{nets}/a", "--seeds", "9-3", "--out", "{out}/x.png"), "seeds"),
    (("sample", "{nets}/a", "--seeds", "one", "--out", "{out}/x.png"), "seeds"),
    (("sample", "{nets}/a", "--psi", "nan", "--out", "{out}/x.png"), "truncation"),
    (("sample", "{nets}/a", "--cutoff", "0", "--out", "{out}/x.png"), "truncated"),
    (("sample", "{nets}/a", "--label", "1", "--out", "{out}/x.png"), "knows no classes"),
    (("mix", "{nets}/a", "--layer", "9", "--out", "{out}/x.png"), "layer 9"),
    (("interpolate", "{nets}/a", "--frames", "0", "--out", "{out}/x.mp4"), "0 pictures"),
    (("interpolate", "{nets}/a", "--fps", "0", "--out", "{out}/x.mp4"), "0 pictures a second"),
    (("blend", "{nets}/a", "{nets}/b", "--resolution", "8"), "Nothing to write"),
    (("blend", "{nets}/a", "{nets}/b", "--out", "{out}/x"), "--resolution"),
    (("blend", "{nets}/a", "{nets}/b", "--resolution", "7", "--out", "{out}/x"), "at 7 pixels"),
    (
        ("blend", "{nets}/a", "{nets}/c", "--resolution", "4", "--out", "{out}/x"),
        "synthesis.b16.conv0.weight is missing in the first",
    ),
    (("blend", "{nets}/a", "{nets}/c", "--grid", "{out}/x.png"), "The networks differ"),
    (
        ("blend", "{nets}/a", "{nets}/b", "--resolution", "4", "--width", "-1", "--out", "{out}/x"),
        "-1.0 layers wide",
    ),
]


@pytest.mark.generator
@pytest.mark.parametrize(("words", "told"), REFUSED, ids=[" ".join(w[:1]) for w, _ in REFUSED])
def test_what_is_wrong_is_told_and_nothing_written(
    run: Run, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    status, out, err = run(*words)
    assert status == 2
    assert told in err
    assert "Traceback" not in err
    assert not out
    assert list(tmp_path.iterdir()) == []
