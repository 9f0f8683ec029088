"""The shipped networks are exactly those that the manifest names."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from vcam_emoji.resources import asset

MODELS = asset("models")
ENTRIES: list[dict[str, Any]] = json.loads((MODELS / "manifest.json").read_text("utf-8"))["models"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry["file"]))
def test_a_shipped_network_is_the_file_that_the_manifest_names(entry: dict[str, Any]) -> None:
    content = (MODELS / entry["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry["file"]))
def test_every_network_has_a_licence_and_a_source(entry: dict[str, Any]) -> None:
    assert entry["licence"]
    assert entry["source"]


def test_every_network_is_in_the_manifest() -> None:
    kinds = (".tflite", ".npz", ".safetensors")
    shipped = {
        path.relative_to(MODELS).as_posix()
        for path in MODELS.rglob("*")
        # The emotion network has its hash in its own description.
        if path.suffix in kinds and "emotion" not in path.parts
    }
    assert shipped == {entry["file"] for entry in ENTRIES}


def test_what_was_trained_here_has_a_card() -> None:
    for entry in ENTRIES:
        folder = str(entry["file"]).rpartition("/")[0].split("/")[0]
        if folder:
            assert "**Limits**" in (MODELS / folder / "README.md").read_text("utf-8")


def test_face_networks_name_the_package_they_come_from() -> None:
    for entry in ENTRIES:
        if entry["file"].startswith("face_"):
            assert entry["package"]
            assert entry["version"]
            assert entry["member"].endswith(entry["file"])
