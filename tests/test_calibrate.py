"""`vcam-emoji calibrate`: guided, through a service or without one, from photos."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from vcam_emoji import cli, control, paths
from vcam_emoji.calibrate import recorded, sentences
from vcam_emoji.commands import (
    Calibrate,
    CalibrationStatus,
    Command,
    GetSettings,
    ResetCalibration,
    SetSetting,
    Status,
)
from vcam_emoji.errors import CalibrationError
from vcam_emoji.resources import asset
from vcam_emoji.settings import Calibration, SettingsStore

DONE = CalibrationStatus(
    recorded={"neutral": 27}, before={"neutral": 0.2}, after={"neutral": 0.9}, mistaken="sad"
)
OWN = {"sad": -1.2}


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "settings_file", lambda: tmp_path / "settings.json")
    monkeypatch.setattr(paths, "runtime", lambda: tmp_path / "run")


class Service:
    """Answers like one that records for a few questions, then is done or refuses."""

    def __init__(self, last: CalibrationStatus = DONE) -> None:
        self.asked: list[Command] = []
        self.last = last

    def __call__(self, command: Command) -> Status:
        self.asked.append(command)
        steps = sum(not isinstance(each, Calibrate) for each in self.asked)
        under_way = replace(CalibrationStatus(), recording="neutral", progress=0.5)
        status = Status(state="live", calibration=under_way if steps < 3 else self.last)
        return replace(status, settings={"calibration": OWN})


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    with control.Server(service):
        yield service


def stored() -> Calibration:
    return SettingsStore(paths.settings_file()).current.calibration


def test_the_service_records_and_the_person_is_told(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["calibrate", "--seconds", "2", "--countdown", "0"]) == 0
    assert Calibrate("neutral", 2, 0) in service.asked
    said = capsys.readouterr()
    assert "no smile" in said.err
    assert "20% of the time, else mostly as sad" in said.out
    assert "90%" in said.out


def test_json_is_one_object_and_nothing_else(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["calibrate", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["offsets"] == OWN
    assert not said.err
    assert service.asked[-1] == GetSettings()


def test_a_refusal_is_a_sentence_with_a_hint_and_status_two(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.last = CalibrationStatus(refused="There are several faces.", hint="Sit alone.")
    assert cli.main(["calibrate"]) == 2
    assert "several faces.\n  Sit alone." in capsys.readouterr().err


def test_reset_reaches_the_service(service: Service) -> None:
    assert cli.main(["calibrate", "--reset"]) == 0
    assert service.asked == [ResetCalibration()]


def test_reset_works_without_a_service() -> None:
    SettingsStore(paths.settings_file()).change("calibration.sad", -1)
    assert cli.main(["calibrate", "--reset"]) == 0
    assert stored() == Calibration()


@pytest.mark.parametrize(
    "words",
    [
        ["neutral"],
        ["bored"],
        ["--photos", "nobody.jpg"],
        ["--neutral", "missing.jpg"],
        ["--photos", "happy.jpg"],
        ["happy", "--neutral", "me.jpg"],
        ["--camera", "1", "--neutral", "me.jpg"],
    ],
)
def test_what_makes_no_sense_is_refused_and_keeps_the_old_offsets(words: list[str]) -> None:
    SettingsStore(paths.settings_file()).change("calibration.sad", -1)
    assert cli.main(["calibrate", *words]) == 2
    assert stored().sad == -1


def test_a_camera_cannot_be_chosen_while_a_service_has_one(service: Service) -> None:
    assert cli.main(["calibrate", "--camera", "1"]) == 2


def test_photos_named_by_their_emotion_calibrate(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    shutil.copy(asset("demo/hopper.jpg"), folder / "neutral-1.jpg")
    shutil.copy(asset("demo/collins.jpg"), folder / "happy.jpg")
    assert cli.main(["calibrate", "--photos", str(folder)]) == 0
    assert stored() != Calibration()


def test_photos_reach_a_running_service(service: Service) -> None:
    assert cli.main(["calibrate", "--neutral", str(asset("demo/hopper.jpg"))]) == 0
    (sent,) = service.asked
    assert isinstance(sent, SetSetting)
    assert sent.key == "calibration"


@pytest.mark.parametrize("faces", [0, 2])
def test_a_photo_of_no_one_or_of_two_is_refused(
    faces: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = cv2.imdecode(np.fromfile(asset("demo/hopper.jpg"), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    picture = np.full((400, 400, 3), 128, np.uint8) if faces == 0 else np.hstack([image, image])
    photo = tmp_path / "me.png"
    cv2.imwrite(str(photo), picture)
    assert cli.main(["calibrate", "--neutral", str(photo)]) == 2
    assert "shows" in capsys.readouterr().err
    assert not paths.settings_file().exists()


def test_without_a_service_the_camera_is_opened_for_as_long_as_it_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    camera = tmp_path / "camera"
    camera.mkdir()
    shutil.copy(asset("demo/hopper.jpg"), camera)
    words = ["calibrate", "--camera", str(camera), "--seconds", "6", "--countdown", "0", "--json"]
    status = cli.main(words)
    said = json.loads(capsys.readouterr().out)
    assert status == 0, said
    assert said["recorded"]["neutral"] >= 8
    assert stored().model_dump() == said["offsets"]
    assert SettingsStore(paths.settings_file()).current.devices.camera == "0", "only for this once"


def test_a_camera_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["calibrate", "--camera", "/nowhere"]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_what_somebody_else_ended_is_no_calibration() -> None:
    with pytest.raises(CalibrationError, match="elsewhere"):
        recorded(Service(CalibrationStatus()), "neutral", 1, 0, io.StringIO())


def test_who_needs_no_calibration_is_told_so() -> None:
    fine = replace(DONE, before={"neutral": 1.0}, after={"neutral": 1.0}, mistaken="")
    assert list(sentences(fine)) == [
        "Your face at rest was read as neutral 100% of the time already."
    ]
