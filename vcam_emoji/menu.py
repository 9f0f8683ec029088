"""What the tray's menu says and offers: a pure function of the service's status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vcam_emoji.commands import (
    Calibrate,
    Command,
    Mode,
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
from vcam_emoji.types import Emotion

_LONGEST_LINE = 60
"""Characters of a trouble in the menu; the rest is in `vcam-emoji status`."""

_RECORDED_S = 4.0
_DELAY_S = 3.0
"""Time to look up from the menu."""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the menu."""

    title: str
    command: Command | None = None
    """What choosing it asks of the service; None for a heading, a separator or a submenu."""
    checked: bool | None = None
    """Whether it is ticked; None if it cannot be."""
    radio: bool = False
    """One of several, of which exactly one is ticked."""
    children: tuple[Item, ...] = ()

    @property
    def enabled(self) -> bool:
        """Whether there is anything to choose; a heading is merely read."""
        return self.command is not None or bool(self.children)


SEPARATOR = Item("-")

_MODES = {
    Mode.REPLACE: "Hide the whole head",
    Mode.OVERLAY: "Emoji over the face",
    Mode.OFF: "Plain camera, no emoji",
    Mode.CARD: "Still picture",
}


def menu(status: Status, cameras: Sequence[tuple[str, str]] = ()) -> tuple[Item, ...]:
    """What the menu says and offers in that status.

    Args:
        status: An answer to `GetSettings`, so that it holds the settings.
        cameras: What `devices.camera` is to be set to, and the name for people, for each.
    """
    paused = status.state == State.PAUSED
    return (
        Item(_heading(status)),
        *map(Item, shortened(status.trouble)),
        *map(Item, shortened(status.calibration.refused)),
        SEPARATOR,
        Item("Resume", Resume()) if paused else Item("Pause", Pause()),
        Item("Faces", children=_modes(status)),
        Item("React", children=tuple(Item(each.title(), React(each)) for each in Emotion)),
        Item("Emotion shown", children=_pins(status)),
        Item("My face at rest", children=_calibration(status)),
        Item("Emoji set", children=_sets(status)),
        Item("Camera", children=_cameras(status, cameras)),
        *_mirror(status),
        Item(
            "Start at login",
            StartAtLogin(not status.starts_at_login),
            checked=status.starts_at_login,
        ),
        SEPARATOR,
        Item("Quit", Quit()),
    )


def headline(status: Status) -> str:
    """The state in a few words."""
    if status.calibration.recording:
        return f"Look {status.calibration.recording} into the camera"
    match status.state:
        case State.LIVE if status.mode == Mode.OFF:
            return "Live: your plain camera is shown"
        case State.LIVE:
            return "Live"
        case State.PAUSED:
            return "Paused: a still picture is shown"
        case State.STANDBY:
            return "Standing by: nobody watches, your camera is off"
        case State.HIDDEN:
            return "Hidden: no face is surely covered"
        case State.NO_CAMERA:
            return "No camera"
        case State.STOPPING:
            return "Stopping"
        case _:
            return "Starting"


_ON = {
    Mode.REPLACE: "On: your head is hidden",
    Mode.OVERLAY: "On: an emoji lies over your face",
    Mode.OFF: "On: your plain camera is shown",
    Mode.CARD: "On: a still picture is shown",
}


def _heading(status: Status) -> str:
    """The state for the menu, without what comes and goes with a face in the picture.

    A menu that is open closes when it changes, under the mouse of whoever is reading it.
    """
    if status.calibration.recording:
        return headline(status)
    if status.state in (State.STARTING, State.LIVE, State.HIDDEN) and status.mode in _ON:
        return _ON[Mode(status.mode)]
    return headline(status)


def icon_name(status: Status) -> str:
    """Which shipped icon shows that status."""
    if status.state == State.PAUSED:
        return "paused"
    if status.state == State.STANDBY and not status.trouble:
        return "paused"
    if status.state == State.NO_CAMERA or status.trouble:
        return "trouble"
    return "live" if status.state == State.LIVE else "hidden"


def shortened(text: str) -> Iterator[str]:
    """A line for a text, or none where there is no text."""
    if text:
        yield text if len(text) <= _LONGEST_LINE else text[: _LONGEST_LINE - 1].rstrip() + "…"


def _modes(status: Status) -> tuple[Item, ...]:
    return tuple(
        Item(title, SetMode(mode), checked=status.mode == mode, radio=True)
        for mode, title in _MODES.items()
    )


def _pins(status: Status) -> tuple[Item, ...]:
    own = Item("My own, as it changes", Unpin(), checked=not status.pinned, radio=True)
    pins = (
        Item(f"Always {each}", Pin(each), checked=status.pinned == each, radio=True)
        for each in Emotion
    )
    return own, SEPARATOR, *pins


def _sets(status: Status) -> tuple[Item, ...]:
    return tuple(
        Item(name, UseSet(name), checked=status.emoji_set == name, radio=True)
        for name in status.emoji_sets
    )


def _cameras(status: Status, cameras: Sequence[tuple[str, str]]) -> tuple[Item, ...]:
    """The cameras found, and the one that is set even if it is not there now."""
    ticked = _set_camera(status, cameras)
    offered = list(cameras)
    if ticked and all(value != ticked for value, _ in offered):
        offered.insert(0, (ticked, status.camera_description or ticked))
    return tuple(
        Item(title, SetSetting("devices.camera", value), checked=value == ticked, radio=True)
        for value, title in offered
    )


def _set_camera(status: Status, cameras: Sequence[tuple[str, str]]) -> str:
    """Which of the cameras is set; a person may have named it in another way, as by its index."""
    if all(value != status.camera for value, _ in cameras):
        for value, title in cameras:
            if status.camera_description.startswith(title):
                return value
        if not status.camera_description and status.camera.isdecimal():
            # It was not opened yet: cameras are offered in the order of their indices.
            return next((value for value, _ in cameras[int(status.camera) :]), status.camera)
    return status.camera


def _calibration(status: Status) -> tuple[Item, ...]:
    own = status.settings.get("calibration")
    is_calibrated = isinstance(own, Mapping) and any(own.values())
    return (
        Item(
            f"Look neutral for {_RECORDED_S:g} seconds, {_DELAY_S:g} from now",
            Calibrate("neutral", _RECORDED_S, _DELAY_S),
        ),
        Item("Read me like everyone else", ResetCalibration() if is_calibrated else None),
    )


def _mirror(status: Status) -> Iterator[Item]:
    look = status.settings.get("look")
    if isinstance(look, Mapping) and "mirror" in look:
        mirrored = bool(look["mirror"])
        yield Item(
            "Mirror what others see", SetSetting("look.mirror", not mirrored), checked=mirrored
        )
