"""The service: what can be asked of it, and what it survives."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tests.fakes import FakeReader, FakeTracker, RecordingSink, disc_set, face, noise
from vcam_emoji import cards, emoji_set, paths
from vcam_emoji.cards import Card
from vcam_emoji.commands import (
    Calibrate,
    GetSettings,
    GetStatus,
    Mode,
    Pause,
    Pin,
    Quit,
    React,
    ReloadSets,
    ResetCalibration,
    Resume,
    SetMode,
    SetSetting,
    StartAtLogin,
    State,
    Status,
    Toggle,
    Unpin,
    UseSet,
)
from vcam_emoji.emoji_set import EmojiSet
from vcam_emoji.errors import (
    CalibrationError,
    CameraError,
    EmojiSetError,
    ModelError,
    SettingsError,
    UsageError,
    VirtualCameraError,
)
from vcam_emoji.painting import Painter
from vcam_emoji.pipeline import Stages
from vcam_emoji.privacy import Guard
from vcam_emoji.service import Opener, Service
from vcam_emoji.settings import Devices, Settings, SettingsStore
from vcam_emoji.types import (
    Emotion,
    EmotionEstimate,
    EmotionReader,
    Face,
    Frame,
    FrameSink,
    FrameSource,
    Image,
)

SIZE = (640, 480)


class EndlessSource:
    """A camera that shows the same picture, or nothing, until it is closed."""

    description = "an endless camera"
    trouble = ""

    def __init__(self, image: Image | None) -> None:
        self._image = image
        self.closed = False

    def __iter__(self) -> Iterator[Frame | None]:
        while not self.closed:
            time.sleep(0.002)
            yield None if self._image is None else Frame(self._image, time.monotonic())

    def close(self) -> None:
        self.closed = True


class SadAtRest:
    """Reads everybody as rather sad, never twice exactly alike."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(0)

    def read(self, frame: Frame, faces: Sequence[Face]) -> Mapping[int, EmotionEstimate]:
        shares = np.array([0.02, 0.02, 0.02, 0.02, 0.6, 0.02, 0.3])
        shares *= self._rng.uniform(0.9, 1.1, 7)
        raw = tuple((shares / shares.sum()).tolist())
        return {face.id: EmotionEstimate(raw, Emotion.SAD, raw) for face in faces}

    def reset(self) -> None:
        pass


@dataclass
class FakeOpener(Opener):
    """Devices that are fakes; each may be told to fail."""

    image: Image | None = field(default_factory=lambda: noise(SIZE))
    source_error: CameraError | None = None
    sink_error: Exception | None = None
    model_error: ModelError | None = None
    reader: EmotionReader = field(default_factory=FakeReader)
    faces: Sequence[Face] = field(default_factory=lambda: [face()])
    watched: bool = True
    sources: list[EndlessSource] = field(default_factory=list)
    sinks: list[RecordingSink] = field(default_factory=list)

    def source(self, devices: Devices) -> FrameSource:
        if self.source_error is not None:
            raise self.source_error
        self.sources.append(EndlessSource(self.image))
        return self.sources[-1]

    def sink(self, devices: Devices) -> FrameSink:
        if self.sink_error is not None:
            raise self.sink_error
        self.sinks.append(RecordingSink(SIZE, watched=self.watched))
        return self.sinks[-1]

    def stages(
        self, settings: Callable[[], Settings], chosen: EmojiSet, size: tuple[int, int]
    ) -> tuple[Stages, str]:
        if self.model_error is not None:
            raise self.model_error
        guard = Guard(lambda wh: cards.picture(Card.HIDDEN, wh), lambda: settings().safety)
        return Stages(FakeTracker(self.faces), self.reader, Painter(chosen), guard, size), ""


@pytest.fixture(autouse=True)
def _own_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of sets of the person's own, with one called `discs`."""
    monkeypatch.setattr(paths, "emoji_sets", lambda: tmp_path / "emoji")
    emoji_set.save(disc_set(), tmp_path / "emoji" / "discs")


@pytest.fixture
def opener() -> FakeOpener:
    return FakeOpener()


@pytest.fixture
def store(tmp_path: Path) -> SettingsStore:
    return SettingsStore(tmp_path / "settings.json", {"look.emoji_set": "discs"})


@pytest.fixture
def service(store: SettingsStore, opener: FakeOpener) -> Iterator[Service]:
    running = Service(store, opener)
    running.start()
    yield running
    running.close()


def eventually(service: Service, holds: Callable[[Status], bool]) -> Status:
    """The first status for which it holds."""
    for _ in range(1000):
        status = service.status()
        if holds(status):
            return status
        time.sleep(0.01)
    raise AssertionError(f"It never came to that: {service.status()}")


def last(opener: FakeOpener) -> Image:
    return opener.sinks[-1].sent[-1]


def test_it_goes_live_and_tells_what_it_sees(service: Service) -> None:
    status = eventually(service, lambda s: s.state == State.LIVE and bool(s.faces))
    assert status.emoji_set == "discs"
    assert status.faces[0].emotion == "happy"
    assert status.camera_description == "an endless camera"
    assert abs(sum(status.faces[0].scores.values()) - 1) < 0.01


def test_the_first_picture_is_a_card(service: Service, opener: FakeOpener) -> None:
    eventually(service, lambda s: s.frames > 0)
    assert np.array_equal(opener.sinks[0].sent[0], cards.picture(Card.STARTING, SIZE))


def test_the_last_picture_is_a_card_and_everything_is_closed(
    service: Service, opener: FakeOpener
) -> None:
    eventually(service, lambda s: s.frames > 3)
    service.close()
    assert np.array_equal(last(opener), cards.picture(Card.PAUSED, SIZE))
    assert opener.sinks[0].closed
    assert opener.sources[0].closed


def sent_once_more(service: Service, opener: FakeOpener) -> None:
    sent = len(opener.sinks[0].sent)
    eventually(service, lambda _: len(opener.sinks[0].sent) > sent + 1)


@pytest.fixture
def unwatched(tmp_path: Path, opener: FakeOpener) -> Iterator[Service]:
    """One that is started while nobody watches, and lets go of the camera soon."""
    opener.watched = False
    own = {"look.emoji_set": "discs", "standby.after_s": 0.05}
    running = Service(SettingsStore(tmp_path / "settings.json", own), opener)
    running.start()
    yield running
    running.close()


def test_nobody_is_filmed_while_nobody_watches(unwatched: Service, opener: FakeOpener) -> None:
    status = eventually(unwatched, lambda s: s.state == State.STANDBY and bool(s.emoji_set))
    sent_once_more(unwatched, opener)
    assert status.emoji_set == "discs"
    assert not opener.sources
    assert not status.camera_on
    assert np.array_equal(last(opener), cards.picture(Card.STARTING, SIZE))


def test_the_camera_opens_for_who_watches_and_closes_behind_them(
    unwatched: Service, opener: FakeOpener
) -> None:
    eventually(unwatched, lambda s: s.state == State.STANDBY)
    for visit in range(2):
        opener.sinks[0].watched = True
        assert eventually(unwatched, lambda s: s.state == State.LIVE and bool(s.faces)).camera_on
        opener.sinks[0].watched = False
        status = eventually(unwatched, lambda s: s.state == State.STANDBY)
        assert opener.sources[visit].closed
        assert status.faces == ()
        assert status.camera_description == "an endless camera"
        left = len(opener.sinks[0].sent)
        sent_once_more(unwatched, opener)
        for picture in opener.sinks[0].sent[left:]:
            assert np.array_equal(picture, cards.picture(Card.STARTING, SIZE))
    assert len(opener.sinks) == 1, "browsers must not see the virtual camera come and go"


def test_who_comes_as_the_camera_is_let_go_of_finds_the_service_running(
    unwatched: Service, opener: FakeOpener
) -> None:
    """Then, too, the camera was left for a moment, but no film has ended."""
    eventually(unwatched, lambda s: s.state == State.STANDBY)
    sink = opener.sinks[0]
    sink.watched = True
    eventually(unwatched, lambda s: s.state == State.LIVE)
    goodbye = cards.picture(Card.PAUSED, SIZE)
    sink.on_send = lambda image: setattr(sink, "watched", np.array_equal(image, goodbye))
    eventually(unwatched, lambda _: len(opener.sources) > 1)
    assert not unwatched.stopping.is_set()


def test_who_looks_again_soon_finds_the_camera_open(
    opener: FakeOpener, store: SettingsStore
) -> None:
    service = Service(store, opener)
    service.start()
    eventually(service, lambda s: s.state == State.LIVE)
    for _ in range(3):
        opener.sinks[0].watched = not opener.sinks[0].watched
        sent_once_more(service, opener)
    service.close()
    assert len(opener.sources) == 1


def test_a_long_pause_lets_go_of_the_camera(unwatched: Service, opener: FakeOpener) -> None:
    opener.sinks[0].watched = True
    eventually(unwatched, lambda s: s.state == State.LIVE)
    unwatched.handle(Pause())
    status = eventually(unwatched, lambda s: not s.camera_on)
    assert status.state == State.PAUSED
    assert opener.sources[0].closed
    sent_once_more(unwatched, opener)
    assert np.array_equal(last(opener), cards.picture(Card.PAUSED, SIZE))
    unwatched.handle(Resume())
    eventually(unwatched, lambda s: s.state == State.LIVE)


def test_the_camera_may_be_kept_for_nobody(unwatched: Service, opener: FakeOpener) -> None:
    eventually(unwatched, lambda s: s.state == State.STANDBY)
    unwatched.handle(SetSetting("standby.after_s", 0))
    eventually(unwatched, lambda s: s.state == State.LIVE)
    assert not opener.sinks[0].watched


def test_a_face_can_be_recorded_while_nobody_watches(
    unwatched: Service, opener: FakeOpener
) -> None:
    opener.reader = SadAtRest()
    eventually(unwatched, lambda s: s.state == State.STANDBY)
    unwatched.handle(Calibrate(seconds=1.0))
    status = eventually(unwatched, lambda s: not s.calibration.recording)
    assert set(status.calibration.recorded) == {"neutral"}
    assert status.calibration.refused == ""
    eventually(unwatched, lambda s: s.state == State.STANDBY)


def test_what_is_wrong_with_a_camera_is_told_to_who_watches(
    unwatched: Service, opener: FakeOpener
) -> None:
    eventually(unwatched, lambda s: s.state == State.STANDBY)
    opener.source_error = CameraError("There is no camera 7.", "See: vcam-emoji devices")
    opener.sinks[0].watched = True
    eventually(unwatched, lambda s: s.state == State.NO_CAMERA and "camera 7" in s.trouble)
    opener.sinks[0].watched = False
    eventually(unwatched, lambda s: s.state == State.STANDBY)


def test_quit_asks_it_to_stop(service: Service) -> None:
    assert service.handle(Quit()).state == State.STOPPING
    assert service.stopping.is_set()


def test_pause_and_resume(service: Service, opener: FakeOpener) -> None:
    eventually(service, lambda s: s.state == State.LIVE)
    assert service.handle(Pause()).state == State.PAUSED
    shown = len(opener.sinks[0].sent)
    eventually(service, lambda _: len(opener.sinks[0].sent) > shown + 2)
    assert np.array_equal(last(opener), cards.picture(Card.PAUSED, SIZE))
    service.handle(Resume())
    eventually(service, lambda s: s.state == State.LIVE)


def test_resuming_from_the_card_mode_is_the_safest_mode(service: Service) -> None:
    service.handle(SetMode("card"))
    assert service.handle(Resume()).mode == Mode.REPLACE


def test_one_key_pauses_and_ends_the_pause(service: Service) -> None:
    assert service.handle(Toggle()).paused
    assert not service.handle(Toggle()).paused
    service.handle(SetMode("card"))
    assert service.handle(Toggle()).mode == Mode.REPLACE


def test_one_key_pins_an_emotion_and_lets_go_of_it(service: Service) -> None:
    pinned = [service.handle(Pin(each, toggle=True)).pinned for each in ("sad", "sad", "sad")]
    assert pinned == ["sad", "", "sad"]
    assert service.handle(Pin("happy", toggle=True)).pinned == "happy"
    assert service.handle(Pin("happy")).pinned == "happy"


def test_modes_are_kept_for_the_next_start(service: Service, tmp_path: Path) -> None:
    service.handle(SetMode("overlay"))
    assert SettingsStore(tmp_path / "settings.json").current.look.mode is Mode.OVERLAY


def test_pin_wins_over_a_reaction_and_unpin_lets_it_through(service: Service) -> None:
    eventually(service, lambda s: bool(s.faces))
    service.handle(Pin("sad"))
    service.handle(React("angry", 30.0))
    assert eventually(service, lambda s: s.faces[0].shown == "sad").reaction == "angry"
    service.handle(Unpin())
    eventually(service, lambda s: s.faces[0].shown == "angry")


def test_a_reaction_ends_by_itself(service: Service) -> None:
    eventually(service, lambda s: bool(s.faces))
    service.handle(React("fear", 0.05))
    status = eventually(service, lambda s: not s.reaction and s.faces[0].shown == "happy")
    assert status.pinned == ""


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (Pin("bored"), UsageError),
        (React("happy", -1.0), UsageError),
        (React("happy", 1e9), UsageError),
        (SetMode("invisible"), SettingsError),
        (SetSetting("look.opacity", 7), SettingsError),
        (SetSetting("look.colour", "red"), SettingsError),
        (UseSet("nobody"), EmojiSetError),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    service: Service, store: SettingsStore, command: Pin, refusal: type[Exception]
) -> None:
    before = store.current
    with pytest.raises(refusal):
        service.handle(command)
    assert store.current == before
    assert service.handle(GetStatus()).pinned == ""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it would be this person's own")
def test_it_starts_at_login_when_asked_to(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert not service.handle(GetStatus()).starts_at_login
    assert service.handle(StartAtLogin(True)).starts_at_login
    assert not service.handle(StartAtLogin(False)).starts_at_login


def test_settings_can_be_read_and_set(service: Service) -> None:
    assert service.handle(GetSettings()).settings["look"]["opacity"] == 1.0
    assert service.handle(SetSetting("look.opacity", 0.5)).settings["look"]["opacity"] == 0.5


def test_another_camera_is_opened_in_the_same_virtual_camera(
    service: Service, opener: FakeOpener
) -> None:
    eventually(service, lambda s: s.frames > 0)
    service.handle(SetSetting("devices.camera", "other"))
    eventually(service, lambda s: len(opener.sources) == 2 and s.state == State.LIVE)
    assert opener.sources[0].closed
    assert service.status().camera == "other"
    # Whoever watches must not lose it, nor a film what was filmed.
    assert len(opener.sinks) == 1
    assert not opener.sinks[0].closed


def test_another_output_is_opened_anew(service: Service, opener: FakeOpener) -> None:
    eventually(service, lambda s: s.frames > 0)
    service.handle(SetSetting("devices.fps", 25))
    eventually(service, lambda s: len(opener.sinks) == 2 and s.state == State.LIVE)
    assert opener.sinks[0].closed


def test_a_set_that_lacks_an_emotion_is_no_trouble(
    service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    eventually(service, lambda s: s.state == State.LIVE)
    file = tmp_path / "emoji" / "discs" / "set.json"
    about = json.loads(file.read_text())
    del about["emotions"]["disgust"]
    file.write_text(json.dumps(about))
    service.handle(ReloadSets())
    assert service.status().trouble == ""
    assert "no disgust image" in caplog.text


def test_the_shipped_set_takes_over_from_a_broken_one_of_the_same_name(
    tmp_path: Path, opener: FakeOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "emoji_sets", lambda: tmp_path)
    (tmp_path / "classic").mkdir()
    (tmp_path / "classic" / "set.json").write_text("{")
    service = Service(SettingsStore(tmp_path / "s.json"), opener)
    service.start()
    status = eventually(service, lambda s: s.state == State.LIVE)
    service.close()
    assert status.emoji_set == "classic"
    assert "set.json" in status.trouble


def test_what_nobody_foresaw_is_told_and_gone_when_it_is_over(
    store: SettingsStore, opener: FakeOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vcam_emoji.service.RETRY_S", 0.01)
    opener.sink_error = ZeroDivisionError("nobody foresaw this")
    service = Service(store, opener)
    service.start()
    eventually(service, lambda s: "The picture failed" in s.trouble)
    opener.sink_error = None
    eventually(service, lambda s: s.state == State.LIVE and s.trouble == "")
    service.close()


def test_a_changed_look_does_not_reopen_the_devices(service: Service, opener: FakeOpener) -> None:
    eventually(service, lambda s: s.frames > 0)
    service.handle(SetSetting("look.scale", 1.5))
    service.handle(UseSet("discs"))
    eventually(service, lambda s: s.frames > 10)
    assert len(opener.sources) == 1


def test_a_refused_set_is_replaced_by_the_shipped_one(tmp_path: Path, opener: FakeOpener) -> None:
    store = SettingsStore(tmp_path / "s.json", {"look.emoji_set": "gone"})
    service = Service(store, opener)
    service.start()
    status = eventually(service, lambda s: s.state == State.LIVE)
    service.close()
    assert status.emoji_set == "classic"
    assert "gone" in status.trouble


def test_a_set_that_breaks_while_running_keeps_the_old_pictures(
    service: Service, tmp_path: Path
) -> None:
    eventually(service, lambda s: s.state == State.LIVE)
    (tmp_path / "emoji" / "discs" / "set.json").write_text("{")
    with pytest.raises(EmojiSetError):
        service.handle(ReloadSets())
    assert service.status().emoji_set == "discs"
    assert service.status().state == State.LIVE


def test_settings_broken_by_hand_keep_the_last_good_ones(service: Service, tmp_path: Path) -> None:
    service.handle(SetMode("overlay"))
    (tmp_path / "settings.json").write_text('{"look": {"mode": 3}}')
    service.housekeeping()
    assert service.status().mode == Mode.OVERLAY
    assert "look.mode" in service.status().trouble
    (tmp_path / "settings.json").write_text('{"look": {"mode": "card"}}')
    service.housekeeping()
    assert service.status().mode == Mode.CARD
    assert service.status().trouble == ""


def test_a_set_named_in_the_file_by_hand_that_is_missing_is_told_once(
    service: Service, tmp_path: Path
) -> None:
    eventually(service, lambda s: s.state == State.LIVE)
    service.handle(UseSet("classic"))
    (tmp_path / "settings.json").write_text('{"look": {"emoji_set": "gone"}}')
    service.housekeeping()
    assert service.status().emoji_set == "classic"
    assert "gone" in service.status().trouble


def test_without_a_camera_there_is_a_card_and_a_reason(
    store: SettingsStore, opener: FakeOpener
) -> None:
    opener.source_error = CameraError("There is no camera 7.", "See: vcam-emoji devices")
    service = Service(store, opener)
    service.start()
    status = eventually(service, lambda s: s.state == State.NO_CAMERA)
    assert status.trouble == "There is no camera 7. See: vcam-emoji devices"
    service.close()
    assert {picture.tobytes() for picture in opener.sinks[0].sent} <= {
        cards.picture(card, SIZE).tobytes() for card in Card
    }


def test_without_models_nothing_of_the_picture_is_shown(
    store: SettingsStore, opener: FakeOpener
) -> None:
    opener.model_error = ModelError("The face model is damaged.")
    service = Service(store, opener)
    service.start()
    eventually(service, lambda s: "damaged" in s.trouble)
    service.close()
    cards_shown = {cards.picture(card, SIZE).tobytes() for card in Card}
    assert {picture.tobytes() for picture in opener.sinks[0].sent} <= cards_shown


def test_a_virtual_camera_that_is_missing_is_named_and_waited_for(
    store: SettingsStore, opener: FakeOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vcam_emoji.service.RETRY_S", 0.01)
    opener.sink_error = VirtualCameraError("No virtual camera was found.", "sudo modprobe it")
    service = Service(store, opener)
    service.start()
    eventually(service, lambda s: "modprobe" in s.trouble)
    opener.sink_error = None
    status = eventually(service, lambda s: s.state == State.LIVE)
    assert status.trouble == ""
    service.close()


def test_a_camera_that_delivers_nothing_is_a_card(store: SettingsStore, opener: FakeOpener) -> None:
    opener.image = None
    service = Service(store, opener)
    service.start()
    eventually(service, lambda s: s.state == State.NO_CAMERA)
    assert np.array_equal(last(opener), cards.picture(Card.NO_CAMERA, SIZE))
    service.close()


# Calibration.


def test_a_face_that_always_looks_sad_is_calibrated_while_it_is_live(
    store: SettingsStore, opener: FakeOpener
) -> None:
    opener.reader = SadAtRest()
    service = Service(store, opener)
    service.start()
    eventually(service, lambda s: s.state == State.LIVE)
    assert service.handle(Calibrate("neutral", 1)).calibration.recording == "neutral"
    said = eventually(service, lambda s: not s.calibration.recording).calibration
    assert (said.refused, said.mistaken) == ("", "sad")
    assert said.after["neutral"] > said.before["neutral"]
    assert store.current.calibration.sad < -0.5
    service.handle(ResetCalibration())
    assert store.current.calibration.sad == 0
    assert not service.status().calibration.recorded
    service.close()


def test_with_two_people_before_the_camera_the_old_calibration_stays(
    store: SettingsStore, opener: FakeOpener
) -> None:
    store.change("calibration.sad", -1)
    opener.reader, opener.faces = SadAtRest(), [face(), face((100, 100), identity=2)]
    service = Service(store, opener)
    service.start()
    eventually(service, lambda s: s.state == State.LIVE)
    service.handle(Calibrate("neutral", 1))
    said = eventually(service, lambda s: not s.calibration.recording).calibration
    assert "several faces" in said.refused
    assert said.hint
    assert store.current.calibration.sad == -1
    service.close()


@pytest.mark.parametrize(
    "command",
    [
        Calibrate("bored"),
        Calibrate("neutral", 0),
        Calibrate("neutral", 1e9),
        Calibrate("neutral", 4, -1),
        Calibrate("neutral", 4, 1e9),
        Calibrate("happy"),
    ],
)
def test_a_calibration_that_makes_no_sense_is_refused(service: Service, command: Calibrate) -> None:
    with pytest.raises((UsageError, CalibrationError)) as refused:
        service.handle(command)
    assert refused.value.hint
    assert not service.status().calibration.recording


@pytest.mark.parametrize("quiet", [Pause(), SetMode("off"), SetMode("card")])
def test_where_no_face_is_read_none_can_be_calibrated(
    service: Service, quiet: Pause | SetMode
) -> None:
    service.handle(quiet)
    with pytest.raises(CalibrationError, match="No face is read"):
        service.handle(Calibrate())
