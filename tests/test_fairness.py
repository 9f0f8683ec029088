"""The reading of whom the network serves less well."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vcam_emoji.benchmarks.fairness import People, load, main, markdown, measure
from vcam_emoji.emotion_network import EMOTIONS
from vcam_emoji.errors import DataError
from vcam_emoji.types import Emotion

HAPPY, NEUTRAL = EMOTIONS.index(Emotion.HAPPY), EMOTIONS.index(Emotion.NEUTRAL)


class LightSeer:
    """Sees happiness in light pictures and nothing in dark ones."""

    def scores(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        light = crops.mean(axis=(1, 2)) > 60
        answers = np.where(light, HAPPY, NEUTRAL)
        return np.eye(7, dtype=np.float32)[answers] * 0.7 + np.float32(0.3 / 7)


def people(light_of_a: int, light_of_b: int) -> People:
    crops = np.repeat(np.array([light_of_a, light_of_b], np.uint8), 50)[:, None, None]
    groups = {name: np.repeat(["a", "b"], 50) for name in ("race", "gender")}
    groups["age"] = np.repeat(["60-69", "3-9"], 50)
    return People(np.ascontiguousarray(np.broadcast_to(crops, (100, 48, 48))), groups)


def test_groups_read_alike_show_no_gap() -> None:
    found = measure(people(200, 200), LightSeer())
    assert found["race"]["gap"] == dict.fromkeys(found["race"]["gap"], 0)
    assert found["all"]["happy"][0] == 1


def test_a_group_that_is_read_worse_shows() -> None:
    found = measure(people(200, 100), LightSeer())
    a, b = (found["race"]["groups"][name] for name in "ab")
    assert a["agreement"][0] == 1
    assert b["agreement"][0] == pytest.approx(2 / 3, abs=1e-3), "darkened, it is another answer"
    assert found["race"]["gap"]["agreement"] == pytest.approx(1 / 3, abs=1e-3)


def test_the_section_for_the_card_has_every_group_youngest_first() -> None:
    said = markdown(measure(people(200, 100), LightSeer()))
    assert said.index("| 3-9 | 50 |") < said.index("| 60-69 | 50 |")
    assert said.count("*gap*") == 4


def test_a_zip_is_read_and_what_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = io.StringIO()
    rows = csv.writer(index)
    rows.writerow(["file", "age", "gender", "race"])
    _, picture = cv2.imencode(".png", np.full((64, 64), 120, np.uint8))
    with zipfile.ZipFile(tmp_path / "people.zip", "w") as archive:
        for i in range(4):
            archive.writestr(f"{i}.png", picture.tobytes())
            rows.writerow([f"{i}.png", "20-29", "Female", "Indian"])
        archive.writestr("index.csv", index.getvalue())
    loaded = load(tmp_path / "people.zip", 3)
    assert loaded.crops.shape == (3, 48, 48)
    assert main([str(tmp_path / "people.zip")]) == 0
    assert "Indian" in capsys.readouterr().out
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    with pytest.raises(DataError):
        load(tmp_path / "bad.zip")
    assert main([str(tmp_path / "nothing.zip")]) == 2
