"""`make --camera`: a person is told what to do, and taken when they do it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from generator import making, manner, webcam
from generator.alignment import MeshedFace
from generator.artwork.people.muscles import CLOSEST, muscles
from generator.artwork.people.person import Person
from generator.cli import main
from generator.commands.making import _STEERED
from generator.gate import Aligned, Quality
from generator.posing import STRAIGHT, Eyes, Patience, pose
from vcam_emoji import control, devices, emoji_set, paths
from vcam_emoji.commands import Command, Status
from vcam_emoji.devices import CameraDevice
from vcam_emoji.errors import CameraBusyError, CameraError, PhotoError
from vcam_emoji.resources import asset
from vcam_emoji.types import Box, Detection, Emotion, FivePoints, Image

COLLINS = asset("demo/collins.jpg")
QUICK = Patience(straight_s=4, emotion_s=4, silent_s=2, among=4, kept=2, held=2)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "emoji_sets", lambda: tmp_path / "emoji")
    monkeypatch.setattr(paths, "people", lambda: tmp_path / "people")
    monkeypatch.setattr(paths, "runtime", lambda: tmp_path / "run")


def face(gap: float = 0.0) -> MeshedFace:
    """A face whose eyes are 100 pixels apart, with lips parted by a share of that."""
    mesh = np.zeros((468, 2), np.float32)
    mesh[[362, 385, 387, 263, 373, 380], 0] = 100
    mesh[13], mesh[14] = (50, 80), (50, 80 + 100 * gap)
    points = FivePoints((0, 0), (100, 0), (50, 40), (30, 80), (70, 80))
    return MeshedFace(Detection(Box(-50, -60, 150, 140), 1.0, points, 0.0), mesh, 1.0)


def aligned(sharpness: float, gap: float = 0.0) -> Aligned:
    quality = Quality(
        faces=1, rival=0, side=300, beyond=0, light=200, burnt=0, sharpness=sharpness,
        yaw=0, pitch=0.5, presence=12, eyes=1, mouth=1,
    )  # fmt: skip
    return Aligned(np.zeros((256, 256, 3), np.uint8), quality, face(gap), np.zeros((2, 3)))


class Fake:
    """`Sight` of pictures that say in their first pixel what they show: sharpness, emotion."""

    def look(self, picture: Image) -> Aligned:
        if not picture[0, 0, 0]:
            raise PhotoError("No face is seen.", "Sit nearer.")
        return aligned(float(picture[0, 0, 0]))

    def feeling(self, picture: Image, seen: Aligned) -> tuple[Emotion, float]:
        return list(Emotion)[picture[0, 0, 1]], picture[0, 0, 2] / 255


def shot(sharpness: int, emotion: Emotion = Emotion.NEUTRAL, likely: int = 200) -> Image:
    return np.full((4, 4, 3), (sharpness, list(Emotion).index(emotion), likely), np.uint8)


class Clock:
    """A tenth of a second passes each time it is looked at."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.1
        return self.now


def taken(
    pictures: Sequence[Image | None], *wanted: Emotion, said: list[str] | None = None
) -> tuple[list[float], list[Emotion], tuple[Emotion, ...]]:
    heard = said if said is not None else []
    found = pose(pictures, Fake(), wanted, heard.append, QUICK, Clock())
    sharp = [each.seen.quality.sharpness for each in found.straight]
    return sharp, list(found.felt), found.missed


def test_the_sharpest_of_the_good_pictures_are_kept() -> None:
    assert taken([shot(v) for v in (0, 3, 9, 0, 5, 7)])[0] == [9, 7]


def test_a_film_that_ends_early_is_enough_if_one_picture_was_good() -> None:
    assert taken([shot(0), shot(2)])[0] == [2]


def test_each_sentence_is_said_once_until_another_is() -> None:
    said: list[str] = []
    taken([shot(0), shot(0), shot(0), shot(5), shot(0), shot(6)], said=said)
    assert said == [STRAIGHT, "No face is seen. Sit nearer.", STRAIGHT]


def test_where_nothing_good_is_seen_in_time_the_reason_is_raised() -> None:
    with pytest.raises(PhotoError, match=r"No face is seen\. Sit nearer"):
        taken([shot(0)] * 100)


@pytest.mark.parametrize("pictures", [[], [None] * 100])
def test_a_camera_that_sends_nothing_is_said(pictures: list[Image | None]) -> None:
    with pytest.raises(CameraError, match=r"[Nn]o picture"):
        taken(pictures)


def test_an_emotion_is_taken_when_the_network_sees_it_most_clearly() -> None:
    before = [shot(v) for v in (1, 2, 3, 4)]
    after = [shot(5), shot(6, Emotion.HAPPY, 120), shot(7, Emotion.HAPPY, 250), shot(8)]
    found = pose([*before, *after], Fake(), [Emotion.HAPPY], lambda _: None, QUICK, Clock())
    assert found.felt[Emotion.HAPPY].seen.quality.sharpness == 7
    assert not found.missed


def test_an_emotion_that_is_not_seen_in_time_is_left_out_and_said() -> None:
    said: list[str] = []
    calm = [shot(1)] * 200
    _, felt, missed = taken(calm, Emotion.ANGRY, Emotion.HAPPY, said=said)
    assert felt == []
    assert missed == (Emotion.ANGRY, Emotion.HAPPY)
    assert "No angry face was seen in 4 seconds: it is left out." in said


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    return Eyes()


def photo() -> Image:
    image = cv2.imread(str(COLLINS))
    assert image is not None
    return image.astype(np.uint8)


def test_a_smile_is_seen_in_the_portrait_that_ships(eyes: Eyes) -> None:
    assert eyes.feeling(photo(), eyes.look(photo()))[0] is Emotion.HAPPY


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (np.full((480, 640, 3), 10, np.uint8), "too dark"),
        (np.full((480, 640, 3), 128, np.uint8), "No face is seen"),
        (np.hstack([photo(), photo()]), "2 faces are seen"),
    ],
)
def test_what_will_not_do_before_a_camera_is_one_sentence_and_a_hint(
    picture: Image, said: str, eyes: Eyes
) -> None:
    with pytest.raises(PhotoError, match=said) as caught:
        eyes.look(picture)
    assert caught.value.hint


@pytest.fixture
def camera(tmp_path: Path) -> Path:
    folder = tmp_path / "camera"
    folder.mkdir()
    shutil.copy(COLLINS, folder)
    return folder


def test_a_set_is_made_before_the_camera_and_no_picture_is_kept(
    camera: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["make", "--camera", str(camera), "--name", "eileen", "--size", "64"]
    assert main([*words, "--emotions", "happy"]) == 0
    said = capsys.readouterr()
    assert STRAIGHT in said.err
    assert "Now look happy" in said.err
    assert "4 photos were taken" in said.err
    assert set(emoji_set.load(emoji_set.find("eileen")).images) == set(Emotion)
    kept = {each.suffix for each in tmp_path.rglob("*") if each.is_file()}
    assert kept == {".jpg", ".json", ".png"}, "the camera's own, the traits, the set"
    assert not list((tmp_path / "people").glob("*.png"))
    assert making.remembered("eileen").lips[Emotion.HAPPY] > 0.5, "she smiles with her teeth"


def test_pictures_are_kept_where_it_is_asked_for(
    camera: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "kept"
    words = ["make", "--camera", str(camera), "--size", "64", "--json"]
    assert main([*words, "--keep", str(place)]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["set"] == "me"
    assert not said.err
    assert sorted(each.name for each in place.iterdir()) == [
        "straight-1.png", "straight-2.png", "straight-3.png",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["make"], "Name photos of you"),
        (["make", str(COLLINS), "--camera", "0"], "Photos, or the camera"),
        (["make", str(COLLINS), "--keep", "there"], "for the camera"),
        (["make", str(COLLINS), "--emotions", "happy"], "for the camera"),
        (["make", "--camera", "no such camera"], "No camera is called"),
    ],
)
def test_what_makes_no_sense_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) != 0
    assert said in capsys.readouterr().err


def test_an_emotion_that_no_photo_can_steer_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["make", "--camera", "--emotions", "happy,sad"])
    assert "'sad' cannot be steered" in capsys.readouterr().err


def test_without_any_camera_photos_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cameras", list)
    with pytest.raises(CameraError, match="No camera was found") as caught, webcam.opened("0"):
        pass
    assert "photos" in caught.value.hint


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise CameraBusyError("HD Webcam is used by another program.", "Close firefox (12).")

    monkeypatch.setattr(devices, "find", lambda _: CameraDevice("/dev/video0", "HD", 0))
    monkeypatch.setattr(webcam, "open_capture", refuse)


@pytest.mark.usefixtures("busy")
def test_a_camera_in_use_is_said_with_who_has_it() -> None:
    with pytest.raises(CameraBusyError, match="firefox"), webcam.opened("0"):
        pass


@pytest.fixture
def running() -> Iterator[None]:
    def answer(_command: Command) -> Status:
        return Status(state="live")

    with control.Server(answer):
        yield


@pytest.mark.usefixtures("busy", "running")
def test_a_camera_that_the_service_has_is_said_to_be_the_services() -> None:
    with pytest.raises(CameraBusyError, match="running service") as caught, webcam.opened("0"):
        pass
    assert "vcam-emoji quit" in caught.value.hint


# How a face steers its emotion.


def test_the_command_line_offers_what_a_photo_can_steer() -> None:
    assert set(_STEERED) == set(manner.STEERED)


def test_closed_lips_are_0_and_a_broad_smile_is_1() -> None:
    shares = [manner.lips(Emotion.HAPPY, face(gap)) for gap in (0.0, 0.03, 0.1, 0.16, 0.4)]
    assert shares[:2] == [0, 0]
    assert 0.3 < shares[2] < 0.7
    assert shares[3:] == pytest.approx([1, 1])


@pytest.mark.parametrize("emotion", CLOSEST)
def test_lips_that_part_less_are_drawn_so_down_to_what_is_unmistakable(emotion: Emotion) -> None:
    gaps = [
        each.upper_lip + each.lower_lip
        for each in (muscles(emotion, 1, lips) for lips in (0.0, CLOSEST[emotion], 0.8, 1.0))
    ]
    assert gaps[0] == gaps[1] < gaps[2] < gaps[3]
    assert muscles(emotion, 1, 1.0) == muscles(emotion, 1)


def test_how_a_person_smiles_is_remembered_and_survives_an_adjustment() -> None:
    smiling = making.Remembered(Person(), {Emotion.HAPPY: 0.1})
    drawn = making.draw(smiling, "me", 64)
    making.install(drawn, smiling, replaces=False)
    plain = making.draw(making.Remembered(Person(), {}), "me", 64)
    assert (
        drawn.images[Emotion.HAPPY][-1][1].pixels != plain.images[Emotion.HAPPY][-1][1].pixels
    ).any()
    assert main(["adjust", "me", "--trait", "hair=bob", "--size", "64"]) == 0
    assert making.remembered("me").lips == {Emotion.HAPPY: 0.1}
    assert making.remembered("me").person.hair == "bob"
