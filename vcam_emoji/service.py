"""The running service: opens and reopens the pipeline, applies settings, answers commands."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from vcam_emoji import __version__, autostart, cards, emoji_set, memory, pipeline
from vcam_emoji.cards import Card
from vcam_emoji.commands import (
    Calibrate,
    Command,
    FaceStatus,
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
from vcam_emoji.cues import NOTHING_ASKED, Cues, Reaction
from vcam_emoji.emoji_set import EmojiSet
from vcam_emoji.errors import CalibrationError, UsageError, VcamEmojiError
from vcam_emoji.pipeline import Directions, Processed, Stages
from vcam_emoji.recording import Recorder
from vcam_emoji.resources import asset
from vcam_emoji.settings import Calibration, Devices, Settings, SettingsStore
from vcam_emoji.types import Emotion, Frame, FrameSink, FrameSource, Image

log = logging.getLogger(__name__)

RETRY_S = 2.0
"""How long to wait before a missing virtual camera is tried again."""
RESTING_S = 0.2
"""While the camera is let go of, how often a card is sent and a viewer is looked for."""

_LONGEST_TROUBLE = 2000
"""Characters of what is told of all that is wrong."""
_LONGEST_REACTION_S = 60.0
_SHORTEST_RECORDING_S = 1.0
_LONGEST_RECORDING_S = 30.0


class Opener:
    """How the service comes by its devices and stages; tests put fakes in its place."""

    def source(self, devices: Devices) -> FrameSource:
        if devices.camera == "demo":
            from vcam_emoji.clips import demo_source

            return demo_source((devices.width, devices.height), devices.fps)
        from vcam_emoji import camera

        return camera.open_source(devices.camera, devices.width, devices.height, devices.fps)

    def sink(self, devices: Devices) -> FrameSink:
        from vcam_emoji import virtual_camera

        return virtual_camera.open_sink(devices.output, devices.width, devices.height, devices.fps)

    def stages(
        self, settings: Callable[[], Settings], chosen: EmojiSet, size: tuple[int, int]
    ) -> tuple[Stages, str]:
        """The stages, and a sentence on what is missing of them.

        Raises:
            ModelError: if faces cannot be found; without emotions they are merely neutral.
        """
        from vcam_emoji.emotions import open_reader
        from vcam_emoji.errors import ModelError
        from vcam_emoji.painting import Painter
        from vcam_emoji.privacy import Guard
        from vcam_emoji.tracking import open_tracker

        # Pictures this small are drawn sooner than a second thread is woken, at half the cost.
        cv2.setNumThreads(1)
        trouble = ""
        reader = None
        try:
            reader = open_reader(lambda: settings().reading, lambda: settings().calibration)
        except ModelError as error:
            trouble = str(error)
        guard = Guard(lambda wh: cards.picture(Card.HIDDEN, wh), lambda: settings().safety)
        return Stages(open_tracker(), reader, Painter(chosen), guard, size), trouble


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What was asked for in this run; not kept on disk."""

    cues: Cues = NOTHING_ASKED
    paused: bool = False


_NO_IMAGE: Image = np.empty((0, 0, 3), np.uint8)


class Service:
    """One person's camera, from `start` to `close`."""

    def __init__(self, store: SettingsStore, opener: Opener | None = None) -> None:
        self._store = store
        self._opener = opener or Opener()
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._wishes = _Wishes()
        self._emoji_set: EmojiSet | None = None
        self._asked_set = ""
        """The set last asked for; the one in use is another if that was refused."""
        self._troubles: dict[str, str] = {}
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._open_devices: Devices | None = None
        self._sink: FrameSink | None = None
        self._source: FrameSource | None = None
        self._latest: Processed | None = None
        self._resting = False
        """The camera is let go of, since nobody watches or the person paused."""
        self._needed_at = float("-inf")
        self._camera = ""
        """What was last known of the camera, for people."""
        self._frames = 0
        self._times: deque[float] = deque(maxlen=60)
        self._recorder = Recorder(self._keep_calibration)
        self._live = threading.Thread(target=self._run, name="live", daemon=True)

    @property
    def stopping(self) -> threading.Event:
        """Set when the service is to end; whoever waits on it then calls `close`."""
        return self._stop

    def start(self) -> None:
        memory.one_arena()
        self._live.start()

    def close(self) -> None:
        """Stop, with a card as the last frame; returns when all devices are released."""
        self._stop.set()
        self._wake.set()
        if self._live.is_alive():
            self._live.join(timeout=5)

    # What can be asked. Called from the control socket's threads and from the tray.

    def handle(self, command: Command) -> Status:
        """Carry out a command and answer with the status after it.

        Raises:
            VcamEmojiError: if it cannot be carried out; nothing has changed then.
        """
        match command:
            case GetStatus():
                pass
            case GetSettings():
                return replace(self.status(), settings=self._store.current.model_dump(mode="json"))
            case SetSetting(key, value):
                self._set(key, value)
                return replace(self.status(), settings=self._store.current.model_dump(mode="json"))
            case SetMode(mode):
                self._set("look.mode", mode)
                if mode != Mode.CARD:
                    self._wish(paused=False)
            case Pause():
                self._wish(paused=True)
            case Resume():
                self._wish(paused=False)
                if self._store.current.look.mode is Mode.CARD:
                    self._set("look.mode", Mode.REPLACE)
            case Toggle():
                return self.handle(Resume() if self._paused() else Pause())
            case Pin(emotion, toggle):
                pinned = _emotion(emotion)
                self._wish(
                    cues=lambda cues: replace(
                        cues, pinned=None if toggle and cues.pinned is pinned else pinned
                    )
                )
            case Unpin():
                self._wish(cues=lambda cues: replace(cues, pinned=None))
            case React(emotion, seconds):
                if not 0 < seconds <= _LONGEST_REACTION_S:
                    raise UsageError(
                        f"A reaction cannot last {seconds:g} seconds.",
                        f"Give more than 0 and at most {_LONGEST_REACTION_S:g}.",
                    )
                reaction = Reaction(_emotion(emotion), time.monotonic() + seconds)
                self._wish(cues=lambda cues: replace(cues, reaction=reaction))
            case UseSet(name):
                self._set("look.emoji_set", name)
            case ReloadSets():
                self._load_set(self._store.current.look.emoji_set)
            case Calibrate(emotion, seconds, delay_s):
                self._record(_emotion(emotion), seconds, delay_s)
            case ResetCalibration():
                self._recorder.forget()
                self._keep_calibration(Calibration())
            case StartAtLogin(on):
                autostart.enable() if on else autostart.disable()
            case Quit():
                self._stop.set()
                self._wake.set()
        return self.status()

    def status(self) -> Status:
        settings, wishes, latest = self._store.current, self._wishes, self._latest
        sink, source = self._sink, self._source
        now = time.monotonic()
        cues = wishes.cues
        reaction = cues.reaction if cues.reaction and now < cues.reaction.until else None
        faces = latest.faces if latest is not None else ()
        return Status(
            version=__version__,
            pid=os.getpid(),
            state=self._state(),
            trouble=self._trouble(),
            hidden_because=latest.reason if latest is not None and latest.hidden else "",
            mode=settings.look.mode,
            paused=wishes.paused,
            pinned=cues.pinned or "",
            reaction=reaction.emotion if reaction else "",
            emoji_set=self._emoji_set.name if self._emoji_set else "",
            emoji_sets=tuple(emoji_set.available()),
            camera=settings.devices.camera,
            camera_description=source.description if source else self._camera,
            camera_on=source is not None,
            output=sink.description if sink else "",
            faces=tuple(_face_status(face.id, latest) for face in faces if latest is not None),
            fps=round(self._fps(now), 1),
            frames=self._frames,
            uptime_s=round(now - self._started, 1),
            calibration=self._recorder.status(now),
            starts_at_login=autostart.is_enabled(),
        )

    def _record(self, emotion: Emotion, seconds: float, delay_s: float) -> None:
        longest = _LONGEST_RECORDING_S
        if not _SHORTEST_RECORDING_S <= seconds <= longest or not 0 <= delay_s <= longest:
            raise UsageError(
                f"A face cannot be recorded for {seconds:g} seconds in {delay_s:g} seconds.",
                f"Give {_SHORTEST_RECORDING_S:g} to {longest:g}, and at most {longest:g}.",
            )
        if self._wishes.paused or self._store.current.look.mode in (Mode.OFF, Mode.CARD):
            raise CalibrationError(
                "No face is read while the plain camera or a still picture is shown.",
                "Choose: vcam-emoji mode replace",
            )
        self._recorder.begin(emotion, seconds, delay_s, time.monotonic())

    def _keep_calibration(self, calibration: Calibration) -> None:
        self._store.change("calibration", calibration.model_dump())

    def _state(self) -> State:
        if self._stop.is_set():
            return State.STOPPING
        if self._paused():
            return State.PAUSED
        if self._resting:
            return State.STANDBY
        latest = self._latest
        if latest is None:
            return State.STARTING
        if latest.card is Card.NO_CAMERA:
            return State.NO_CAMERA
        return State.HIDDEN if latest.hidden or latest.card else State.LIVE

    def _trouble(self) -> str:
        said = [text for text in self._troubles.values() if text]
        source, latest = self._source, self._latest
        if source is not None and source.trouble:
            said.append(source.trouble)
        if latest is not None and latest.card is Card.TROUBLE and latest.reason:
            said.append(f"The picture is hidden: {latest.reason}.")
        return " ".join(said)[:_LONGEST_TROUBLE]

    def _fps(self, now: float) -> float:
        times = [each for each in tuple(self._times) if now - each < 2]
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 2 else 0.0

    def _wish(
        self, *, paused: bool | None = None, cues: Callable[[Cues], Cues] | None = None
    ) -> None:
        with self._lock:
            wishes = self._wishes
            if paused is not None:
                wishes = replace(wishes, paused=paused)
            if cues is not None:
                wishes = replace(wishes, cues=cues(wishes.cues))
            self._wishes = wishes

    def _set(self, key: str, value: object) -> None:
        with self._lock:
            if key == "look.emoji_set" and isinstance(value, str):
                # Loaded first: a set that is refused must not become the person's setting.
                self._load_set(value)
            self._store.change(key, value)
        self._settings_changed()

    def _settings_changed(self) -> None:
        settings = self._store.current
        if settings.look.emoji_set != self._asked_set:
            try:
                self._load_set(settings.look.emoji_set)
            except VcamEmojiError as error:
                self._say("emoji set", str(error))
        if settings.devices != self._open_devices:
            self._wake.set()

    def _load_set(self, name: str) -> None:
        self._asked_set = name
        self._use(emoji_set.load(emoji_set.find(name)))

    def _use(self, loaded: EmojiSet) -> None:
        self._emoji_set = loaded
        self._say("emoji set", "")
        for each in loaded.warnings:
            # It works all the same, so it is no trouble.
            log.warning("%s: %s", loaded.name, each)

    def _say(self, about: str, trouble: str) -> None:
        """Remember what is wrong with one thing, or that it is well again; log it once."""
        if trouble and self._troubles.get(about) != trouble:
            log.warning("%s", trouble)
        self._troubles = {**self._troubles, about: trouble}

    # The live thread: virtual camera first, so that it is listed; then the camera.

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            devices = self._store.current.devices
            self._open_devices = devices
            try:
                with contextlib.closing(self._opener.sink(devices)) as sink:
                    self._sink = sink
                    self._say("virtual camera", "")
                    # What others saw before says nothing about who watches this one.
                    self._needed_at = float("-inf")
                    wanted: Devices | None = devices
                    while wanted is not None:
                        self._publish(wanted, sink)
                        wanted = self._other_camera(wanted)
            except VcamEmojiError as error:
                self._say("virtual camera", str(error))
            except Exception:
                # Last resort: the service outlives what nobody foresaw, and shows nothing.
                log.exception("The live path failed and is opened again.")
                self._say("live path", "The picture failed; the log says why. It is tried again.")
            finally:
                self._sink = None
                self._latest = None
            if not self._stop.is_set():
                self._wake.wait(RETRY_S)

    def _other_camera(self, devices: Devices) -> Devices | None:
        """What to go on with in the same virtual camera, if only another camera was chosen."""
        self._wake.clear()
        wanted = self._store.current.devices
        if wanted.model_copy(update={"camera": devices.camera}) != devices:
            # Seen by whoever closes and opens it.
            self._wake.set()
            return None
        if self._stop.is_set():
            return None
        self._open_devices = wanted
        return wanted

    def _publish(self, devices: Devices, sink: FrameSink) -> None:
        """Feed one virtual camera until it fails, the devices change or the service stops."""
        sink.send(cards.picture(Card.STARTING, sink.size))
        while self._going():
            if self._needed(sink):
                self._show(devices, sink)
            else:
                self._rest(sink)

    def _show(self, devices: Devices, sink: FrameSink) -> None:
        """Publish what the camera sees for as long as that is needed."""
        source = self._open_source(devices)

        def going() -> bool:
            return self._going() and self._needed(sink)

        try:
            stages = self._open_stages(sink.size)
            if source is None or stages is None:
                self._show_card(sink, Card.NO_CAMERA if source is None else Card.TROUBLE, going)
                return
            self._source = source
            ended = pipeline.run(source, sink, stages, self._directions, self._watch, going)
            if ended and self._going():
                # A file that was to be played once.
                self._stop.set()
        finally:
            self._source = None
            self._latest = None
            self._times.clear()
            if source is not None:
                self._camera = source.description
                source.close()

    def _rest(self, sink: FrameSink) -> None:
        """Hold a card, with the camera let go of, until it is needed."""
        self._resting = True
        try:
            if self._emoji_set is None:
                # Whoever asks or opens the menu is told which it is, and what is wrong with it.
                self._load_first_set()
            while self._going() and not self._needed(sink):
                card = Card.PAUSED if self._paused() else Card.STARTING
                sink.send(cards.picture(card, sink.size))
                self._wake.wait(RESTING_S)
        finally:
            self._resting = False

    def _needed(self, sink: FrameSink) -> bool:
        """Whether the camera is to be open: someone watches and is to see more than a card.

        It stays open for a while after, so that programs which look again and again, and a person
        who pauses for a moment, need not wait for it.
        """
        after_s = self._store.current.standby.after_s
        now = time.monotonic()
        if self._recorder.busy or (sink.watched and not self._paused()):
            self._needed_at = now
        return not after_s or now - self._needed_at < after_s

    def _paused(self) -> bool:
        return self._wishes.paused or self._store.current.look.mode is Mode.CARD

    def _open_source(self, devices: Devices) -> FrameSource | None:
        try:
            source = self._opener.source(devices)
        except VcamEmojiError as error:
            self._say("camera", str(error))
            return None
        self._say("camera", "")
        return source

    def _open_stages(self, size: tuple[int, int]) -> Stages | None:
        if self._emoji_set is None:
            self._load_first_set()
        chosen = self._emoji_set
        if chosen is None:
            return None
        try:
            stages, trouble = self._opener.stages(lambda: self._store.current, chosen, size)
        except VcamEmojiError as error:
            self._say("models", str(error))
            return None
        self._say("models", trouble)
        return stages

    def _load_first_set(self) -> None:
        """The set of the settings; if it is refused, the shipped one in its place."""
        name = self._store.current.look.emoji_set
        try:
            self._load_set(name)
        except VcamEmojiError as error:
            # By its place: a set of one's own may have the same name, and be the one refused.
            with contextlib.suppress(VcamEmojiError):
                self._use(emoji_set.load(asset("emoji") / Settings().look.emoji_set))
            self._say("emoji set", str(error))

    def _show_card(self, sink: FrameSink, card: Card, going: Callable[[], bool]) -> None:
        """Something is missing that only a person can mend: hold the picture until it is."""
        self._latest = Processed(cards.picture(card, sink.size), card)
        while going():
            sink.send(self._latest.image)
            self._wake.wait(0.25)

    def _going(self) -> bool:
        return not self._wake.is_set() and not self._stop.is_set()

    def _directions(self) -> Directions:
        wishes = self._wishes
        return Directions(self._store.current.look, wishes.cues, self._emoji_set, wishes.paused)

    def _watch(self, frame: Frame | None, processed: Processed) -> None:
        # Without the picture: the status tells of it, but shows none.
        self._latest = replace(processed, image=_NO_IMAGE)
        if self._troubles.get("live path"):
            self._say("live path", "")
        if frame is not None:
            self._frames += 1
            self._times.append(time.monotonic())
        self._recorder.watch(processed.faces, processed.estimates, time.monotonic())

    def housekeeping(self) -> None:
        """About once a second: notice that the settings file was changed by hand."""
        self._say("settings", self._store.reload_if_changed())
        self._settings_changed()


def _emotion(name: str) -> Emotion:
    try:
        return Emotion(name.lower())
    except ValueError:
        known = ", ".join(Emotion)
        raise UsageError(f"There is no emotion {name!r}.", f"Choose one of: {known}.") from None


def _face_status(face_id: int, processed: Processed) -> FaceStatus:
    estimate = processed.estimates.get(face_id)
    shown = processed.expressions.get(face_id)
    return FaceStatus(
        face_id,
        estimate.emotion if estimate else "",
        shown.emotion if shown else "",
        dict(zip(Emotion, (round(s, 3) for s in estimate.scores), strict=True)) if estimate else {},
    )
