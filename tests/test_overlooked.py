"""Counting whom the finder overlooks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from vcam_emoji.benchmarks.fairness import People
from vcam_emoji.benchmarks.overlooked import main, measure
from vcam_emoji.types import Box, Detection, FivePoints, Image

_NOWHERE = FivePoints((0, 0), (0, 0), (0, 0), (0, 0), (0, 0))


class Daylit:
    """Finds a face in the middle of pictures that a bright one fills, and nothing in rooms."""

    def find(self, image: Image) -> Sequence[Detection]:
        height, width = image.shape[:2]
        if width != height or image.mean() < 60:
            return []
        return [Detection(Box(0, 0, width, height), 0.9, _NOWHERE, 0.0)]


class Astray(Daylit):
    """Finds something, never a face."""

    def find(self, image: Image) -> Sequence[Detection]:
        return [Detection(Box(0, 0, 20, 20), 0.9, _NOWHERE, 0.0)]


def people(*light: int) -> People:
    crops = np.broadcast_to(np.array(light, np.uint8)[:, None, None], (len(light), 48, 48))
    groups = {"race": np.array(["dim" if each < 60 else "bright" for each in light])}
    return People(np.ascontiguousarray(crops), groups)


def test_a_group_that_is_overlooked_shows() -> None:
    found = measure(people(30, 40, 100, 200), Daylit())
    groups = found["race"]["groups"]
    assert groups["dim"]["filling the picture"][0] == 1
    assert groups["bright"]["filling the picture"][0] == 0
    assert found["race"]["gap"]["filling the picture"] == 1
    assert found["all"]["in a room"][0] == 1
    assert {name: row["n"] for name, row in found["light"]["groups"].items()} == {
        "0 to 80 grey levels": 2,
        "80 to 130": 1,
        "130 and more": 1,
    }


def test_what_is_found_beside_the_face_does_not_count() -> None:
    found = measure(people(100, 200), Astray())
    assert found["all"]["in a room"][0] == 1
    assert found["all"]["filling the picture"][0] == 1


def test_an_archive_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "nothing.zip")]) == 2
    assert "nothing.zip" in capsys.readouterr().err
