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
    shipped = {path.name for path in MODELS.iterdir() if path.is_file()} - {"manifest.json"}
    named = {entry["file"] for entry in ENTRIES if "/" not in entry["file"]}
    # Our own emotion network lies in a folder of its own, with its model card.
    assert shipped == named


def test_the_judge_is_in_the_manifest_with_its_card() -> None:
    assert "judge/judge.npz" in {entry["file"] for entry in ENTRIES}
    assert (MODELS / "judge" / "README.md").read_text("utf-8")


def test_face_networks_name_the_package_they_come_from() -> None:
    for entry in ENTRIES:
        if entry["file"].startswith("face_"):
            assert entry["package"]
            assert entry["version"]
            assert entry["member"].endswith(entry["file"])
