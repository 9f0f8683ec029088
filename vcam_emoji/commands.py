"""What can be asked of the running service, and what it answers: plain data, JSON both ways.

This module and `control` are all that a short command such as `vcam-emoji status` needs, so
neither imports numpy, cv2 or pydantic.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeAlias

from vcam_emoji.errors import UsageError


class Mode(StrEnum):
    """What becomes of faces."""

    REPLACE = "replace"
    """The whole head is hidden behind the emoji; in any doubt nothing of the picture is shown."""
    OVERLAY = "overlay"
    """The emoji lies over the face; what it does not cover is shown."""
    OFF = "off"
    """The plain camera: an explicit choice."""
    CARD = "card"
    """A friendly still picture instead of the camera."""


class State(StrEnum):
    """How the service is doing."""

    STARTING = "starting"
    LIVE = "live"
    """Frames of the camera are published."""
    PAUSED = "paused"
    """The person asked for the card."""
    STANDBY = "standby"
    """No program watches, so the camera is let go of."""
    HIDDEN = "hidden"
    """Frames come, but none may be shown: no face is surely covered."""
    NO_CAMERA = "no camera"
    """No frames come; `Status.trouble` says why."""
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class GetStatus: ...


@dataclass(frozen=True, slots=True)
class SetMode:
    mode: str


@dataclass(frozen=True, slots=True)
class Pause: ...


@dataclass(frozen=True, slots=True)
class Resume: ...


@dataclass(frozen=True, slots=True)
class Toggle:
    """Pause, or end the pause: what one hotkey can do."""


@dataclass(frozen=True, slots=True)
class Pin:
    """Show this emotion until unpinned, whatever the face does."""

    emotion: str
    toggle: bool = False
    """Unpin it where it is pinned already."""


@dataclass(frozen=True, slots=True)
class Unpin: ...


@dataclass(frozen=True, slots=True)
class React:
    """Show this emotion once, for a moment."""

    emotion: str
    seconds: float = 2.5


@dataclass(frozen=True, slots=True)
class UseSet:
    name: str


@dataclass(frozen=True, slots=True)
class ReloadSets:
    """Sets were added, removed or changed on disk."""


@dataclass(frozen=True, slots=True)
class GetSettings: ...


@dataclass(frozen=True, slots=True)
class SetSetting:
    key: str
    """Dotted, such as `look.opacity`."""
    value: Any
    """A JSON value."""


@dataclass(frozen=True, slots=True)
class Calibrate:
    """Record this person showing an emotion, and correct by it what is read from then on.

    The answer comes at once; `Status.calibration` tells how it goes and what came of it. Neutral
    comes first and begins anew, others add to it.
    """

    emotion: str = "neutral"
    seconds: float = 4.0
    delay_s: float = 0.0
    """Time to put on the face."""


@dataclass(frozen=True, slots=True)
class ResetCalibration:
    """Read this person like everyone else again."""


@dataclass(frozen=True, slots=True)
class StartAtLogin:
    """Whether the service is to start at every login."""

    on: bool


@dataclass(frozen=True, slots=True)
class Quit: ...


Command: TypeAlias = (
    GetStatus
    | SetMode
    | Pause
    | Resume
    | Toggle
    | Pin
    | Unpin
    | React
    | UseSet
    | ReloadSets
    | GetSettings
    | SetSetting
    | Calibrate
    | ResetCalibration
    | StartAtLogin
    | Quit
)

_COMMANDS: dict[str, type[Command]] = {
    "status": GetStatus,
    "mode": SetMode,
    "pause": Pause,
    "resume": Resume,
    "toggle": Toggle,
    "pin": Pin,
    "unpin": Unpin,
    "react": React,
    "use_set": UseSet,
    "reload_sets": ReloadSets,
    "get_settings": GetSettings,
    "set_setting": SetSetting,
    "calibrate": Calibrate,
    "reset_calibration": ResetCalibration,
    "start_at_login": StartAtLogin,
    "quit": Quit,
}
_NAMES = {kind: name for name, kind in _COMMANDS.items()}


def encode(command: Command) -> dict[str, Any]:
    """The command as a JSON object: `{"command": name, ...fields}`."""
    return {"command": _NAMES[type(command)], **asdict(command)}


def decode(message: object) -> Command:
    """The command in a JSON object.

    Raises:
        UsageError: for anything that `encode` would not have written.
    """
    if not isinstance(message, dict):
        raise UsageError("A command is a JSON object.")
    arguments = dict(message)
    name = arguments.pop("command", None)
    kind = _COMMANDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise UsageError(
            f"There is no command {reprlib.repr(name)}.", f"Known: {', '.join(_COMMANDS)}."
        )
    for each in fields(kind):
        if each.name in arguments:
            about = f"The {each.name} of {name!r}"
            arguments[each.name] = _checked(about, str(each.type), arguments[each.name])
    try:
        return kind(**arguments)
    except TypeError:
        expected = ", ".join(each.name for each in fields(kind)) or "none"
        raise UsageError(
            f"The command {name!r} has other fields.", f"They are: {expected}."
        ) from None


def _checked(about: str, kind: str, value: Any) -> Any:
    """The value as its field declares it; text is printable and numbers are finite."""
    if kind == "str" and not (isinstance(value, str) and value.isprintable()):
        raise UsageError(f"{about} must be text, got {reprlib.repr(value)}.")
    if kind == "bool" and not isinstance(value, bool):
        raise UsageError(f"{about} must be true or false, got {reprlib.repr(value)}.")
    if kind == "float":
        try:
            if isinstance(value, bool | str) or not math.isfinite(value):
                raise TypeError
            return float(value)
        except (TypeError, OverflowError):
            raise UsageError(f"{about} must be a number, got {reprlib.repr(value)}.") from None
    return value


@dataclass(frozen=True, slots=True)
class FaceStatus:
    id: int
    emotion: str
    """What is recognised, steadied."""
    shown: str
    """What the emoji shows: pinned, else a reaction, else what is recognised."""
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CalibrationStatus:
    """A recording under way, and what came of the last one."""

    recording: str = ""
    """The emotion that is being recorded, or will be in a moment."""
    starts_in_s: float = 0.0
    progress: float = 0.0
    """0 to 1."""
    recorded: Mapping[str, int] = field(default_factory=dict)
    """Samples of each emotion in the calibration."""
    before: Mapping[str, float] = field(default_factory=dict)
    """Share of each emotion's samples that were read as this emotion without calibration."""
    after: Mapping[str, float] = field(default_factory=dict)
    """The same with it."""
    mistaken: str = ""
    """What the face at rest was mostly taken for instead."""
    refused: str = ""
    """Why the last recording could not be used; nothing has changed then."""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """The running service at a glance; the tray's menu is a function of it."""

    version: str = ""
    pid: int = 0
    state: str = State.STARTING
    trouble: str = ""
    """One sentence with a hint while something is wrong, else empty."""
    hidden_because: str = ""
    """In a few words, while frames come and none is shown."""
    mode: str = Mode.REPLACE
    paused: bool = False
    pinned: str = ""
    reaction: str = ""
    emoji_set: str = ""
    emoji_sets: tuple[str, ...] = ()
    camera: str = ""
    """Which camera is set, as the person named it."""
    camera_description: str = ""
    """For people: name, size and rate of the camera that is open, or was last."""
    camera_on: bool = False
    """Whether it is open, or tried again and again; else it is let go of, and its light is off."""
    output: str = ""
    """Where frames go, for people."""
    faces: tuple[FaceStatus, ...] = ()
    fps: float = 0.0
    frames: int = 0
    uptime_s: float = 0.0
    calibration: CalibrationStatus = CalibrationStatus()
    starts_at_login: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Only in the answer to `GetSettings` and `SetSetting`."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, message: Mapping[str, Any]) -> Status:
        """A status from the service, maybe of another version: unknown fields are dropped."""
        values = _known(cls, message)
        faces = values.get("faces", ())
        values["faces"] = tuple(FaceStatus(**_known(FaceStatus, face)) for face in faces)
        values["emoji_sets"] = tuple(values.get("emoji_sets", ()))
        calibration = values.get("calibration", {})
        values["calibration"] = CalibrationStatus(**_known(CalibrationStatus, calibration))
        return cls(**values)


def _known(
    kind: type[Status] | type[FaceStatus] | type[CalibrationStatus], message: Mapping[str, Any]
) -> dict[str, Any]:
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in message.items() if name in names}
