"""A network's own form: a folder of JSON and safetensors."""

from __future__ import annotations

import hashlib
import json
import struct
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.checkpoints import native
from generator.checkpoints.errors import CheckpointError
from generator.checkpoints.reading import load
from generator.configuration import Checkpoint
from tests.checkpoint_forms import SMALL, random_checkpoint

CHECKPOINT = random_checkpoint(SMALL)


def same(one: Checkpoint, other: Checkpoint) -> bool:
    return (
        one.configuration == other.configuration
        and one.generator.keys() == other.generator.keys()
        and one.discriminator.keys() == other.discriminator.keys()
        and all(np.array_equal(v, other.generator[n]) for n, v in one.generator.items())
        and all(np.array_equal(v, other.discriminator[n]) for n, v in one.discriminator.items())
    )


@pytest.mark.parametrize("discriminator", [True, False])
def test_what_is_written_in_float32_is_read_back_bit_for_bit(
    tmp_path: Path, discriminator: bool
) -> None:
    kept = CHECKPOINT if discriminator else replace(CHECKPOINT, discriminator={})
    native.save(replace(kept, about={"file": "x.pkl"}), tmp_path / "n")
    found = load(tmp_path / "n")
    assert same(found, kept)
    assert found.about == {"file": "x.pkl"}
    assert load(tmp_path / "n" / native.WEIGHTS).configuration == kept.configuration


def test_a_network_of_the_first_stylegan_is_kept_too(tmp_path: Path) -> None:
    older = random_checkpoint(replace(SMALL, style="adain"))
    native.save(older, tmp_path / "n")
    assert same(load(tmp_path / "n"), older)


def test_float16_is_half_the_size_and_is_read_as_float32(tmp_path: Path) -> None:
    native.save(CHECKPOINT, tmp_path / "whole")
    native.save(CHECKPOINT, tmp_path / "half", "float16")
    whole, half = (tmp_path / name / native.WEIGHTS for name in ("whole", "half"))
    assert half.stat().st_size < 0.7 * whole.stat().st_size  # headers alike
    for name, value in load(tmp_path / "half").generator.items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, CHECKPOINT.generator[name].astype(np.float16))


def test_a_value_that_float16_cannot_hold_is_told_by_name(tmp_path: Path) -> None:
    large = {**CHECKPOINT.generator, "mapping.w_avg": np.full(5, 1e6, np.float32)}
    with pytest.raises(CheckpointError, match=r"generator\.mapping\.w_avg .* float16"):
        native.save(replace(CHECKPOINT, generator=large), tmp_path / "n", "float16")
    assert not (tmp_path / "n").exists()


def test_a_network_takes_the_place_of_an_older_one_and_of_nothing_else(tmp_path: Path) -> None:
    native.save(CHECKPOINT, tmp_path / "n")
    other = random_checkpoint(SMALL, seed=1)
    native.save(other, tmp_path / "n")
    assert same(load(tmp_path / "n"), other)
    assert [item.name for item in tmp_path.iterdir()] == ["n"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(CheckpointError, match="holds something else"):
        native.save(CHECKPOINT, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years"


def test_weights_that_do_not_fit_the_configuration_are_not_written(tmp_path: Path) -> None:
    wrong = replace(CHECKPOINT, configuration=replace(SMALL, mapping_layers=3))
    with pytest.raises(CheckpointError, match=r"lacks the tensor mapping\.fc2\.weight"):
        native.save(wrong, tmp_path / "n")


def described(folder: Path, **changes: Any) -> None:
    file = folder / native.DESCRIPTION
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def weights(folder: Path, content: bytes) -> None:
    """Put other weights, with a matching SHA-256."""
    (folder / native.WEIGHTS).write_bytes(content)
    described(folder, sha256=hashlib.sha256(content).hexdigest())


def with_header(content: bytes, change: Any) -> bytes:
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content[8 + length :]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    native.save(CHECKPOINT, tmp_path / "n")
    return tmp_path / "n"


def test_one_changed_bit_is_noticed(folder: Path) -> None:
    content = bytearray((folder / native.WEIGHTS).read_bytes())
    content[-1] ^= 1
    (folder / native.WEIGHTS).write_bytes(content)
    with pytest.raises(CheckpointError, match="SHA-256"):
        load(folder)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "other/1"}, "does not say"),
        ({"configuration": None}, "expected fields"),
        ({"configuration": {"resolution": 16, "colour": 1}}, "expected fields"),
        ({"configuration": {"resolution": 17}}, "cannot be that"),
        ({"configuration": {"resolution": 1 << 19}}, "cannot be that"),
        ({"configuration": {"resolution": True}}, "cannot be"),
        ({"configuration": {"resolution": 16, "generator": "big"}}, "cannot be"),
        ({"configuration": {"resolution": 16, "style": []}}, "cannot be"),
        ({"configuration": {"resolution": 16, "conv_clamp": -1}}, "cannot be"),
        ({"configuration": {"resolution": 16, "z_dim": 0}}, "cannot be"),
        ({"configuration": {"resolution": 16}}, "has shape|lacks the tensor"),
        ({"about": []}, "no table"),
    ],
)
def test_a_description_that_is_not_of_these_weights_is_refused(
    folder: Path, changes: dict[str, Any], said: str
) -> None:
    described(folder, **changes)
    with pytest.raises(CheckpointError, match=said):
        load(folder)


def overlap(header: dict[str, Any]) -> None:
    first = header["generator.mapping.fc1.bias"]
    header["generator.mapping.fc0.bias"]["data_offsets"] = first["data_offsets"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda h: h.update({"generator.extra": h.pop("generator.mapping.w_avg")}), "lacks"),
        (lambda h: h.pop("generator.mapping.w_avg"), "overlap|gaps|more than"),
        (overlap, "overlap"),
        (lambda h: h["generator.mapping.w_avg"].update(shape=[1 << 62, 4]), "claims a shape"),
        (lambda h: h["generator.mapping.w_avg"].update(shape=[1] * 90 + [5]), "claims a shape"),
        (lambda h: h["generator.mapping.w_avg"].update(dtype="F64"), "not described"),
        (lambda h: h["generator.mapping.w_avg"].update(data_offsets=[0, 1 << 70]), "claims"),
        (lambda h: h["generator.mapping.w_avg"].update(shape="5"), "claims"),
        (lambda h: h.update({"x": 1}), "not described"),
    ],
)
def test_a_header_that_claims_what_is_not_there_is_refused(
    folder: Path, change: Any, said: str
) -> None:
    weights(folder, with_header((folder / native.WEIGHTS).read_bytes(), change))
    with pytest.raises(CheckpointError, match=said):
        load(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01",
        struct.pack("<Q", 1 << 60),
        struct.pack("<Q", 4) + b"[[[[",
        struct.pack("<Q", 200_000) + b"[" * 200_000,
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 4) + b"\xff\xff\xff\xff",
    ],
)
def test_weights_without_a_sound_header_are_refused(folder: Path, content: bytes) -> None:
    weights(folder, content)
    with pytest.raises(CheckpointError):
        load(folder)


@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_folder_with_bytes_changed_is_refused_or_still_a_network(
    folder: Path, data: st.DataObject
) -> None:
    files = {name: (folder / name).read_bytes() for name in (native.DESCRIPTION, native.WEIGHTS)}
    name = data.draw(st.sampled_from(sorted(files)))
    changed = bytearray(files[name])
    # The header is at the beginning; a matching SHA-256 is no help to whoever changes it.
    at = data.draw(st.integers(0, min(len(changed), 8000) - 1))
    changed[at] = data.draw(st.integers(0, 255))
    if name == native.WEIGHTS:
        weights(folder, bytes(changed))
    else:
        (folder / name).write_bytes(changed)
    try:
        with suppress(CheckpointError):
            assert load(folder).generator.keys() == CHECKPOINT.generator.keys()
    finally:
        for name, content in files.items():
            (folder / name).write_bytes(content)


def test_what_is_missing_is_told(folder: Path, tmp_path: Path) -> None:
    (folder / native.WEIGHTS).unlink()
    with pytest.raises(CheckpointError, match="is missing beside"):
        load(folder)
    with pytest.raises(CheckpointError, match=r"folder without network\.json"):
        load(tmp_path)
    with pytest.raises(CheckpointError, match="cannot be read"):
        load(tmp_path / "nowhere.pkl")
