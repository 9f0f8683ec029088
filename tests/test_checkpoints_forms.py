"""The three public forms are read bit for bit, and told apart by what is in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from generator.checkpoints import native, official
from generator.checkpoints.errors import CheckpointError
from generator.checkpoints.reading import load
from generator.cli import main
from generator.configuration import Checkpoint, Configuration
from tests import checkpoint_forms as forms
from tests.checkpoint_forms import GOLDEN, SMALL, random_checkpoint

WRITERS = {
    "tensorflow": forms.tensorflow,
    "ada": forms.ada,
    "rosinality": forms.rosinality,
    "rosinality_legacy": forms.rosinality_legacy,
}
CONFIGURATIONS = {
    "skip": SMALL,
    "labels": replace(SMALL, c_dim=3),
    "orig": replace(SMALL, generator="orig", discriminator="orig"),
    "resnet": replace(SMALL, generator="resnet"),
    "clamp": replace(SMALL, conv_clamp=256.0, group_size=8),
    "skips": replace(SMALL, discriminator="skip"),
    "grey": replace(SMALL, channels=1, resolution=8),
    "odd": replace(SMALL, resolution=32, channel_base=100, channel_max=7, mapping_layers=11),
}
ALL = [("rosinality", "skip"), ("rosinality_legacy", "skip")]
"""Rosinality's code has no other kind."""
ALL += [(form, kind) for form in ("tensorflow", "ada") for kind in CONFIGURATIONS]
GOLDENS = [(form, "ada32_skip_resnet") for form in WRITERS]
GOLDENS += [(f, n) for f in ("tensorflow", "ada") for n in ("ada32_cond7", "ada32_orig_orig")]


def agree(found: Checkpoint, expected: Checkpoint) -> None:
    assert found.configuration == expected.configuration
    for ours, theirs in (
        (found.generator, expected.generator),
        (found.discriminator, expected.discriminator),
    ):
        assert ours.keys() == theirs.keys()
        for name, value in theirs.items():
            assert ours[name].dtype == np.float32
            np.testing.assert_array_equal(ours[name], value, err_msg=name)


@pytest.mark.parametrize(("form", "kind"), ALL)
def test_every_form_comes_back_bit_for_bit(form: str, kind: str, tmp_path: Path) -> None:
    expected = random_checkpoint(CONFIGURATIONS[kind])
    (tmp_path / "n").write_bytes(WRITERS[form](expected))
    agree(load(tmp_path / "n"), expected)


@pytest.mark.shared
@pytest.mark.parametrize(("form", "name"), GOLDENS)
def test_golden_weights_come_back_bit_for_bit(form: str, name: str, tmp_path: Path) -> None:
    if not GOLDEN.exists():
        pytest.skip("no golden arrays beside the checkout")
    expected = forms.golden(GOLDEN / f"{name}.npz")
    (tmp_path / "n").write_bytes(WRITERS[form](expected))
    agree(load(tmp_path / "n"), expected)


def test_arrays_of_numpy_1_are_those_of_numpy_2(tmp_path: Path) -> None:
    expected = random_checkpoint(SMALL)
    newer = b"\x8c\x16numpy._core.multiarray"
    content = forms.tensorflow(expected)
    assert newer in content
    (tmp_path / "n").write_bytes(content.replace(newer, b"\x8c\x15numpy.core.multiarray"))
    agree(load(tmp_path / "n"), expected)


def test_a_file_without_a_discriminator_is_read(tmp_path: Path) -> None:
    expected = replace(random_checkpoint(SMALL), discriminator={})
    for write in (forms.ada, forms.rosinality):
        (tmp_path / "n").write_bytes(write(expected))
        agree(load(tmp_path / "n"), expected)


def test_a_missing_average_w_is_taken_over_latents(tmp_path: Path) -> None:
    (tmp_path / "n").write_bytes(forms.rosinality(random_checkpoint(SMALL), latent_avg=False))
    found = load(tmp_path / "n")
    assert "4096 latents" in found.about["notes"][0]
    # The average over other latents, layer by layer as the paper has it, is nearly the same.
    w = np.random.default_rng(5).standard_normal((20_000, SMALL.z_dim))
    w /= np.sqrt((w**2).mean(axis=1, keepdims=True))
    for n in range(SMALL.mapping_layers):
        layer = (found.generator[f"mapping.fc{n}.{leaf}"] for leaf in ("weight", "bias"))
        weight, bias = (value.astype(np.float64) for value in layer)
        w = w @ weight.T * 0.01 / np.sqrt(weight.shape[1]) + bias * 0.01
        w = np.maximum(w, 0.2 * w) * np.sqrt(2)
    spread = w.std(axis=0)
    assert np.all(np.abs(found.generator["mapping.w_avg"] - w.mean(axis=0)) < 0.1 * spread)


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda c: forms.tensorflow(c, resolution=32), "`resolution` 32, but its tensors say 16"),
        (lambda c: forms.tensorflow(c, mapping_lrmul=0.1), "`mapping_lrmul` is not 0.01"),
        (lambda c: forms.tensorflow(c, resample_kernel=[1, 2, 1]), "`resample_kernel` is not"),
        (lambda c: forms.tensorflow(c, conv_clamp=-1), "`conv_clamp` is no positive number"),
        (lambda c: forms.ada(c, activation="relu"), "`activation` is not 'lrelu'"),
        (lambda c: forms.ada(c, architecture="resnet"), "say `generator` resnet"),
    ],
)
def test_a_network_built_as_ours_cannot_be_is_refused_with_its_argument(
    write: Callable[[Checkpoint], bytes], said: str, tmp_path: Path
) -> None:
    (tmp_path / "n").write_bytes(write(random_checkpoint(SMALL)))
    with pytest.raises(CheckpointError, match=said):
        load(tmp_path / "n")


def test_a_tensor_of_another_shape_is_refused_by_name(tmp_path: Path) -> None:
    whole = random_checkpoint(SMALL)
    wrong = {**whole.generator, "synthesis.b8.conv0.bias": np.zeros(7, np.float32)}
    for write in WRITERS.values():
        (tmp_path / "n").write_bytes(write(replace(whole, generator=wrong)))
        with pytest.raises(CheckpointError, match=r"synthesis\.b8\.conv0\.bias has shape \[7\]"):
            load(tmp_path / "n")


def test_a_base_that_no_resolution_divides_is_kept_from_the_arguments(tmp_path: Path) -> None:
    expected = random_checkpoint(replace(SMALL, channel_base=100, channel_max=20))
    (tmp_path / "n").write_bytes(forms.ada(expected))
    assert load(tmp_path / "n").configuration.channel_base == 100


# --- the command


def imported(tmp_path: Path, content: bytes, *more: str) -> int:
    (tmp_path / "file.pkl").write_bytes(content)
    return main(["import", str(tmp_path / "file.pkl"), "--out", str(tmp_path / "out"), *more])


@pytest.mark.parametrize("form", WRITERS)
def test_import_writes_our_own_form_and_says_what_it_was(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = random_checkpoint(SMALL)
    assert imported(tmp_path, WRITERS[form](expected)) == 0
    agree(load(tmp_path / "out"), expected)
    said = capsys.readouterr().out
    assert "StyleGAN2 of 16 px" in said
    assert "z 6, w 5, no labels, 2 mapping layers" in said
    assert "Licence: it is no file that is known here" in said
    assert load(tmp_path / "out").about["file"] == "file.pkl"


def test_import_in_half_is_float16(tmp_path: Path) -> None:
    assert imported(tmp_path, forms.ada(random_checkpoint(SMALL)), "--half") == 0
    assert '"precision": "float16"' in (tmp_path / "out" / native.DESCRIPTION).read_text()


def test_import_of_a_known_file_tells_its_licence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import hashlib

    content = forms.tensorflow(random_checkpoint(SMALL))
    digest = hashlib.sha256(content).hexdigest()
    known = (replace(official.OFFICIAL[0], sha256=digest),)
    monkeypatch.setattr(official, "OFFICIAL", known)
    assert imported(tmp_path, content) == 0
    assert "Licence: this is ffhq-config-f" in capsys.readouterr().out
    assert "research and evaluation only" in load(tmp_path / "out").about["licence"]


def test_import_refuses_with_a_sentence_a_hint_and_nothing_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(tmp_path, b"not a network") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 2
    assert said.err.startswith("file.pkl is not read: it is neither a pickle nor a file of torch.")
    assert [item.name for item in tmp_path.iterdir()] == ["file.pkl"]


def test_import_does_not_write_over_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    native.save(random_checkpoint(SMALL, seed=9), tmp_path / "out")
    assert imported(tmp_path, forms.ada(random_checkpoint(SMALL))) == 2
    assert "is there already" in capsys.readouterr().err
    agree(load(tmp_path / "out"), random_checkpoint(SMALL, seed=9))


def test_the_official_networks_are_1024_px_files_with_a_hash_and_https() -> None:
    for known in official.OFFICIAL:
        assert len(known.sha256) == 64
        assert set(known.sha256) <= set("0123456789abcdef")
        assert known.url.startswith("https://")
        assert known.size > 380_000_000
    assert len({known.name for known in official.OFFICIAL}) == 3


def test_the_configuration_of_ffhq_has_its_published_number_of_parameters() -> None:
    from math import prod

    from generator.checkpoints.shapes import generator_shapes

    shapes = generator_shapes(Configuration(1024, channel_base=32768))
    trained = [s for name, s in shapes.items() if not name.endswith(("w_avg", "noise_const"))]
    # Karras et al. 2020, as the official code prints it: 30,370,060.
    assert sum(prod(shape) for shape in trained) == 30_370_060
