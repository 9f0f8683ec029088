"""The tray: what its menu offers in each state, and that it really comes up and is clicked."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vcam_emoji import tray
from vcam_emoji.commands import (
    Calibrate,
    CalibrationStatus,
    Command,
    GetSettings,
    Pause,
    Pin,
    Quit,
    React,
    ResetCalibration,
    Resume,
    SetMode,
    SetSetting,
    StartAtLogin,
    State,
    Status,
    Unpin,
    UseSet,
)
from vcam_emoji.errors import SettingsError, TrayError
from vcam_emoji.menu import SEPARATOR, Item, headline, icon_name, menu
from vcam_emoji.resources import asset
from vcam_emoji.settings import Settings
from vcam_emoji.tray import run_tray
from vcam_emoji.types import Emotion

LIVE = Status(
    state=State.LIVE,
    emoji_set="classic",
    emoji_sets=("classic", "me"),
    camera="0",
    camera_description="HD Webcam, 1280x720 at 30, MJPG",
    settings=Settings().model_dump(mode="json"),
)
CAMERAS = [("HD Webcam", "HD Webcam"), ("USB Camera", "USB Camera")]


def under(title: str, items: Sequence[Item]) -> tuple[Item, ...]:
    return next(item.children for item in items if item.title == title)


def ticked(items: Sequence[Item]) -> list[str]:
    return [item.title for item in items if item.checked]


# The menu as a function of the status.


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_its_own_headline_and_an_icon_that_is_shipped(state: State) -> None:
    others = [headline(Status(state=other)) for other in State if other != state]
    assert headline(Status(state=state)) not in others
    assert asset(f"icons/tray-{icon_name(Status(state=state))}.png").is_file()


@pytest.mark.parametrize(
    ("status", "icon"),
    [
        (LIVE, "live"),
        (replace(LIVE, state=State.STARTING), "hidden"),
        (replace(LIVE, state=State.HIDDEN), "hidden"),
        (replace(LIVE, state=State.PAUSED), "paused"),
        (replace(LIVE, state=State.STANDBY), "paused"),
        (replace(LIVE, state=State.STANDBY, trouble="Something is wrong."), "trouble"),
        (replace(LIVE, state=State.NO_CAMERA), "trouble"),
        (replace(LIVE, trouble="Something is wrong."), "trouble"),
        (replace(LIVE, state=State.PAUSED, trouble="Something is wrong."), "paused"),
    ],
)
def test_the_icon_shows_the_state(status: Status, icon: str) -> None:
    assert icon_name(status) == icon


def test_the_menu_says_when_the_plain_camera_is_shown() -> None:
    plain = replace(LIVE, mode="off")
    assert menu(plain)[0] == Item("On: your plain camera is shown")
    assert headline(plain) == "Live: your plain camera is shown"


def test_a_face_that_comes_and_goes_does_not_change_the_menu() -> None:
    """Whoever has it open would lose it."""
    for state in (State.STARTING, State.HIDDEN):
        assert menu(replace(LIVE, state=state), CAMERAS) == menu(LIVE, CAMERAS)
    assert menu(replace(LIVE, fps=29.7, frames=100, uptime_s=3)) == menu(LIVE)


def test_a_camera_set_by_its_index_is_ticked_before_it_was_ever_open() -> None:
    waiting = replace(LIVE, state=State.STANDBY, camera_description="")
    assert ticked(under("Camera", menu(waiting, CAMERAS))) == ["HD Webcam"]
    assert ticked(under("Camera", menu(replace(waiting, camera="1"), CAMERAS))) == ["USB Camera"]
    assert ticked(under("Camera", menu(replace(waiting, camera="7"), CAMERAS))) == ["7"]


def test_starting_at_login_is_ticked_and_switched() -> None:
    for starts in (False, True):
        item = Item("Start at login", StartAtLogin(not starts), checked=starts)
        assert item in menu(replace(LIVE, starts_at_login=starts))


def test_a_trouble_is_told_in_one_short_line() -> None:
    told = menu(replace(LIVE, trouble="word " * 100))[1]
    assert told.title.startswith("word word")
    assert len(told.title) <= 60
    assert not told.enabled


def test_pause_is_offered_while_live_and_resume_while_paused() -> None:
    assert Item("Pause", Pause()) in menu(LIVE)
    paused = menu(replace(LIVE, state=State.PAUSED))
    assert Item("Resume", Resume()) in paused
    assert Item("Pause", Pause()) not in paused


@pytest.mark.parametrize("mode", ["replace", "overlay", "off", "card"])
def test_the_mode_is_ticked_and_each_can_be_chosen(mode: str) -> None:
    modes = under("Faces", menu(replace(LIVE, mode=mode)))
    assert [item.command for item in modes if item.checked] == [SetMode(mode)]
    assert {item.command for item in modes} == {
        SetMode(each) for each in ("replace", "overlay", "off", "card")
    }


def test_every_emotion_can_be_fired_and_pinned() -> None:
    items = menu(LIVE)
    assert [item.command for item in under("React", items)] == [React(each) for each in Emotion]
    pins = [item.command for item in under("Emotion shown", items) if item.command]
    assert pins == [Unpin(), *(Pin(each) for each in Emotion)]


def test_the_pinned_emotion_is_ticked_else_ones_own() -> None:
    assert ticked(under("Emotion shown", menu(LIVE))) == ["My own, as it changes"]
    assert ticked(under("Emotion shown", menu(replace(LIVE, pinned="sad")))) == ["Always sad"]


def test_the_face_at_rest_can_be_recorded_and_forgotten() -> None:
    record, forget = under("My face at rest", menu(LIVE))
    assert record.command == Calibrate("neutral", 4, 3)
    assert not forget.enabled, "there is nothing to forget"
    own = {**LIVE.settings, "calibration": {"sad": -1.0}}
    _, forget = under("My face at rest", menu(replace(LIVE, settings=own)))
    assert forget.command == ResetCalibration()


def test_the_menu_says_what_to_do_while_recording_and_why_it_was_refused() -> None:
    early, late = (CalibrationStatus(recording="neutral", progress=share) for share in (0.1, 0.9))
    recording = menu(replace(LIVE, calibration=early))
    assert recording[0] == Item("Look neutral into the camera")
    assert menu(replace(LIVE, calibration=late)) == recording, "it does not close while open"
    refused = replace(LIVE, calibration=CalibrationStatus(refused="There are several faces."))
    assert Item("There are several faces.") in menu(refused)


def test_emoji_sets_are_offered_and_the_one_in_use_is_ticked() -> None:
    sets = under("Emoji set", menu(LIVE))
    assert [item.command for item in sets] == [UseSet("classic"), UseSet("me")]
    assert ticked(sets) == ["classic"]


@pytest.mark.parametrize(
    ("camera", "description", "tick", "offered"),
    [
        ("USB Camera", "", ["USB Camera"], 2),
        ("0", "HD Webcam, 1280x720 at 30, MJPG", ["HD Webcam"], 2),
        ("demo", "the demo clip", ["the demo clip"], 3),
        ("Old Camera", "", ["Old Camera"], 3),
        ("", "", [], 2),
    ],
)
def test_cameras_are_offered_and_the_one_set_is_ticked(
    camera: str, description: str, tick: list[str], offered: int
) -> None:
    status = replace(LIVE, camera=camera, camera_description=description)
    items = under("Camera", menu(status, CAMERAS))
    assert ticked(items) == tick
    assert len(items) == offered
    assert SetSetting("devices.camera", "USB Camera") in [item.command for item in items]


def test_mirroring_is_turned_round() -> None:
    (mirror,) = [item for item in menu(LIVE) if item.title.startswith("Mirror")]
    assert not mirror.checked
    assert mirror.command == SetSetting("look.mirror", True)
    mirrored = replace(LIVE, settings={"look": {"mirror": True}})
    (mirror,) = [item for item in menu(mirrored) if item.title.startswith("Mirror")]
    assert mirror.checked
    assert mirror.command == SetSetting("look.mirror", False)


def test_quit_comes_last() -> None:
    assert menu(LIVE)[-1] == Item("Quit", Quit())


def test_a_bare_status_still_has_a_menu() -> None:
    assert menu(Status())[-1].command == Quit()


def test_what_has_nothing_to_choose_cannot_be_chosen() -> None:
    empty = menu(Status())
    assert not next(item for item in empty if item.title == "Emoji set").enabled
    assert not empty[0].enabled


# The adapter, on pystray's own menu classes and an icon that nobody sees.


@dataclass
class FakeService:
    status: Status = LIVE
    asked: list[Command] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    refuses: bool = False

    def handle(self, command: Command) -> Status:
        if isinstance(command, GetSettings):
            return self.status
        self.asked.append(command)
        if self.refuses:
            raise SettingsError("That cannot be.", "Choose another.")
        if isinstance(command, Pause):
            self.status = replace(self.status, state=State.PAUSED)
        if isinstance(command, Quit):
            self.stop.set()
        return self.status


@pytest.fixture
def pystray(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """pystray with an icon that is never drawn; it does what `script` tells while it runs."""
    monkeypatch.setenv("PYSTRAY_BACKEND", "dummy")
    for name in [each for each in sys.modules if each.partition(".")[0] == "pystray"]:
        monkeypatch.delitem(sys.modules, name)
    module = importlib.import_module("pystray")

    class UnseenIcon(module.Icon):  # type: ignore[misc, name-defined]
        script: Callable[[Any], None] = staticmethod(lambda icon: None)
        updates = 0

        def _run(self) -> None:
            self._mark_ready()
            self._over = threading.Event()
            type(self).script(self)
            self._over.wait(20)

        def _stop(self) -> None:
            self._over.set()

        def _show(self) -> None: ...

        def _hide(self) -> None: ...

        def _update_icon(self) -> None: ...

        def _update_title(self) -> None: ...

        def _update_menu(self) -> None:
            self.updates += 1

        def click(self, *titles: str) -> None:
            items = self.menu
            for title in titles[:-1]:
                items = next(item.submenu for item in items if item.text == title)
            next(item for item in items if item.text == titles[-1])(self)

    monkeypatch.setattr(module, "Icon", UnseenIcon)
    monkeypatch.setattr(tray, "check", lambda: None)
    yield module
    for name in [each for each in sys.modules if each.partition(".")[0] == "pystray"]:
        del sys.modules[name]


def test_choosing_an_item_asks_the_service_and_the_menu_follows(pystray: Any) -> None:
    service = FakeService()
    seen: list[str] = []

    def script(icon: Any) -> None:
        icon.click("Emotion shown", "Always happy")
        icon.click("Pause")
        seen.extend(item.text for item in icon.menu)
        icon.click("Quit")

    pystray.Icon.script = staticmethod(script)
    assert run_tray(service.handle, service.stop, list)
    assert service.asked == [Pin("happy"), Pause(), Quit()]
    assert "Resume" in seen
    assert seen[0] == "Paused: a still picture is shown"


def test_a_refusal_is_told_at_the_top_until_something_succeeds(pystray: Any) -> None:
    service = FakeService(refuses=True)
    seen: list[str] = []

    def script(icon: Any) -> None:
        for refuses in (True, False):
            service.refuses = refuses
            icon.click("Emoji set", "me")
            seen.append(next(iter(icon.menu)).text)
        icon.click("Quit")

    pystray.Icon.script = staticmethod(script)
    run_tray(service.handle, service.stop, list)
    assert seen == ["That cannot be. Choose another.", "On: your head is hidden"]


def test_the_icon_goes_when_the_service_stops(pystray: Any) -> None:
    service = FakeService()
    pystray.Icon.script = staticmethod(lambda icon: service.stop.set())
    assert run_tray(service.handle, service.stop, list)


def test_a_menu_that_says_the_same_is_not_built_again(
    pystray: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tray, "REFRESH_S", 0.01)
    service = FakeService()
    asked = threading.Event()
    updates: list[int] = []

    def script(icon: Any) -> None:
        time.sleep(0.2)
        before = icon.updates
        time.sleep(0.2)
        updates.append(icon.updates - before)
        service.status = replace(LIVE, trouble="Something is wrong.")
        while "Something is wrong." not in [item.text for item in icon.menu]:
            time.sleep(0.01)
        updates.append(icon.updates - before)
        asked.set()
        service.stop.set()

    pystray.Icon.script = staticmethod(script)
    run_tray(service.handle, service.stop, lambda: CAMERAS)
    assert asked.is_set()
    assert updates == [0, 1]


def test_marks_and_separators_reach_the_tray(pystray: Any) -> None:
    service = FakeService()
    marks: dict[str, tuple[object, object]] = {}
    separators: list[object] = []

    def script(icon: Any) -> None:
        for item in icon.menu:
            separators.extend([item] if item is pystray.Menu.SEPARATOR else [])
            if item.text == "Faces":
                marks.update({each.text: (each.checked, each.radio) for each in item.submenu})
        service.stop.set()

    pystray.Icon.script = staticmethod(script)
    run_tray(service.handle, service.stop, list)
    assert marks["Hide the whole head"] == (True, True)
    assert marks["Still picture"] == (False, True)
    assert len(separators) == len([item for item in menu(LIVE) if item is SEPARATOR])


def test_ctrl_c_belongs_to_the_service_again_afterwards(pystray: Any) -> None:
    service = FakeService()

    def script(icon: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # as pystray does on Linux
        service.stop.set()

    pystray.Icon.script = staticmethod(script)
    before = signal.getsignal(signal.SIGINT)
    run_tray(service.handle, service.stop, list)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux goes without a tray")
def test_without_a_display_the_reason_is_said_once_and_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not run_tray(FakeService().handle, threading.Event())
    (record,) = caplog.records
    assert "no display" in record.getMessage()
    with pytest.raises(TrayError) as raised:
        tray.check()
    assert raised.value.hint


def test_where_pystray_cannot_be_used_the_service_goes_on_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PYSTRAY_BACKEND", "no such backend")
    monkeypatch.setattr(tray, "check", lambda: None)
    assert not run_tray(FakeService().handle, threading.Event())
    assert "pystray cannot be used" in caplog.text


def test_importing_the_tray_imports_no_pystray() -> None:
    code = "import sys, vcam_emoji.tray; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
    assert not loaded & {"pystray", "gi", "PIL"}


# On a screen: a panel with room for icons under Xvfb, clicked with a mouse.

_PANEL = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="36"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
  </property>
</channel>
"""

_SERVICE = """
import os, signal, sys, threading, time
from dataclasses import replace
from vcam_emoji import tray
from vcam_emoji.commands import GetSettings, Pause, Quit, Status
from vcam_emoji.errors import TrayError

stop = threading.Event()
status = Status(state="live", emoji_set="classic", emoji_sets=("classic",))

def handle(command):
    global status
    if not isinstance(command, GetSettings):
        print(command, flush=True)
    if isinstance(command, Pause):
        status = replace(status, state="paused")
    if isinstance(command, Quit):
        stop.set()
    return status

def interrupted(*_):
    print("interrupted", flush=True)
    stop.set()

signal.signal(signal.SIGINT, interrupted)
for _ in range(200):
    try:
        tray.check()
        break
    except TrayError as error:
        reason = str(error)
        time.sleep(0.1)
else:
    sys.exit(reason)
print("ready", os.getpid(), flush=True)
print("shown", tray.run_tray(handle, stop, list), flush=True)
"""


_BELOW_THE_PANEL = "180x400+0+40"


def _missing_for_the_screen() -> str:
    if sys.platform != "linux":
        return "the screen test is for Linux"
    tools = ("Xvfb", "dbus-run-session", "xfce4-panel", "xdotool", "import")
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return f"not installed: {', '.join(missing)}" if missing else ""


@dataclass
class Screen:
    folder: Path
    service: subprocess.Popen[str]
    environment: dict[str, str]

    def line(self) -> str:
        assert self.service.stdout is not None
        return self.service.stdout.readline().strip()

    def wait_until_ready(self) -> int:
        """Until there is a place for the icon; the process that will show it."""
        word, _, process = self.line().partition(" ")
        said = (self.folder / "errors.txt").read_text()
        missing = [each for each in said.splitlines() if "packages are missing" in each]
        if word != "ready" and missing:
            pytest.skip(missing[0])
        assert word == "ready", said
        return int(process)

    def do(self, *words: str) -> None:
        subprocess.run(words, env=self.environment, check=True, timeout=30)

    def look(self, area: str) -> tuple[float, float]:
        """How strong a colour and how bright a spot there is in a part, 0 to 255 each."""
        path = self.folder / "screen.png"
        self.do("import", "-window", "root", "-crop", area, "+repage", str(path))
        with Image.open(path) as image:
            _, saturation, value = image.convert("HSV").split()
            return float(saturation.getextrema()[1]), float(value.getextrema()[1])  # type: ignore[arg-type]

    def wait_until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not true():
            assert time.monotonic() < deadline, (self.folder / "errors.txt").read_text()
            time.sleep(0.1)

    def wait_for_icon(self, coloured: bool) -> None:
        self.wait_until(lambda: (self.look("36x36+0+0")[0] > 100) == coloured)

    def choose(self, key: str) -> None:
        """Open the menu with the mouse, go to an item with the keyboard and choose it."""
        # A panel that has the icon but not yet its menu takes no notice of a click.
        self.wait_until(self._opens)
        self.do("xdotool", "key", key)
        # Only the item gone to has a colour.
        self.wait_until(lambda: self.look(_BELOW_THE_PANEL)[0] > 100)
        self.do("xdotool", "key", "Return")

    def _opens(self) -> bool:
        self.do("xdotool", "mousemove", "12", "18", "click", "1")
        time.sleep(2)
        return self.look(_BELOW_THE_PANEL)[1] > 0


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    settings = tmp_path / "config/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml"
    settings.parent.mkdir(parents=True)
    settings.write_text(_PANEL)
    reader, writer = os.pipe()
    with contextlib.ExitStack() as stack:
        display = stack.enter_context(
            subprocess.Popen(
                ["Xvfb", "-displayfd", str(writer), "-screen", "0", "800x600x24"],
                pass_fds=[writer],
                stderr=subprocess.DEVNULL,
            )
        )
        stack.callback(display.terminate)
        os.close(writer)
        with os.fdopen(reader) as number:
            name = f":{number.readline().strip()}"
        environment = {
            **os.environ,
            "DISPLAY": name,
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "HOME": str(tmp_path),
            "NO_AT_BRIDGE": "1",
        }
        code = tmp_path / "service.py"
        code.write_text(_SERVICE)
        service = stack.enter_context(
            subprocess.Popen(
                [
                    "dbus-run-session",
                    "--",
                    "sh",
                    "-c",
                    f"xfce4-panel --disable-wm-check & exec {sys.executable} {code}",
                ],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=(tmp_path / "errors.txt").open("w"),
                text=True,
            )
        )
        stack.callback(service.kill)
        yield Screen(tmp_path, service, environment)


@pytest.mark.lab
@pytest.mark.skipif(bool(_missing_for_the_screen()), reason=_missing_for_the_screen())
def test_the_icon_is_seen_clicked_and_gone(screen: Screen) -> None:
    screen.wait_until_ready()
    screen.wait_for_icon(coloured=True)
    screen.choose("Down")
    assert screen.line() == "Pause()"
    screen.wait_for_icon(coloured=False)
    screen.choose("Up")
    assert screen.line() == "Quit()"
    assert screen.line() == "shown True"


@pytest.mark.lab
@pytest.mark.skipif(bool(_missing_for_the_screen()), reason=_missing_for_the_screen())
def test_ctrl_c_reaches_the_service_while_the_icon_is_shown(screen: Screen) -> None:
    process = screen.wait_until_ready()
    screen.wait_for_icon(coloured=True)
    os.kill(process, signal.SIGINT)
    assert screen.line() == "interrupted"
    assert screen.line() == "shown True"
