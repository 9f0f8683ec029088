"""The person's settings: what they are, their ranges, and keeping them on disk.

`Devices` reopens the pipeline when it changes; everything else shows on the next frame.
On disk they are JSON: tray and command line write what a person may also edit by hand.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import reprlib
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args

from annotated_types import Ge, Le, MaxLen
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from vcam_emoji.commands import Mode
from vcam_emoji.errors import SettingsError

_LONGEST_FILE = 1 << 20


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, strict=True, allow_inf_nan=False
    )


class Devices(_Model):
    """Which devices are open."""

    camera: str = Field(
        "0", min_length=1, description="index, device path, part of a name, file, folder or 'demo'"
    )
    width: int = Field(1280, ge=160, le=3840, description="pixels, even")
    height: int = Field(720, ge=120, le=2160, description="pixels, even")
    fps: int = Field(30, ge=5, le=60, description="frames a second")
    output: str = Field(
        "auto", min_length=1, description="'auto', a device path, a .mp4 file or 'none'"
    )

    @field_validator("camera", mode="before")
    @classmethod
    def _index(cls, value: object) -> object:
        """An index written as a number, as a person would in the file."""
        return str(value) if type(value) is int and abs(value) < 1000 else value

    @field_validator("camera", "output")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("must be readable text")
        return value

    @field_validator("width", "height")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("must be even: browsers refuse odd sizes")
        return value


class Look(_Model):
    """How the picture looks, from the next frame on."""

    mode: Mode = Field(Mode.REPLACE, description="replace, overlay, off or card")
    faces: Literal["all", "largest"] = Field("all", description="which faces get an emoji")
    emoji_set: str = Field(
        "classic", min_length=1, max_length=64, description="name of an emoji set"
    )
    scale: float = Field(
        1.0, ge=0.5, le=3.0, description="size of the emoji against its usual size"
    )
    offset_x: float = Field(
        0.0, ge=-1, le=1, description="overlay only: to the right, in face widths"
    )
    offset_y: float = Field(0.0, ge=-1, le=1, description="overlay only: downwards, in face widths")
    opacity: float = Field(
        1.0, ge=0.1, le=1.0, description="overlay only: 1 hides, less shines through"
    )
    fade_s: float = Field(0.15, ge=0.0, le=1.0, description="cross-fade between emotions, seconds")
    mirror: bool = Field(False, description="mirror what others see")


class Reading(_Model):
    """How steadily emotions are read; the defaults are from `benchmarks.steadiness --curve`."""

    hysteresis: float = Field(
        0.15, ge=0.0, le=1.0, description="lead in log score that counts for a new emotion"
    )
    evidence: float = Field(
        0.2, ge=0.0, le=2.0, description="such a lead, times seconds, with which it takes over"
    )
    minimum_hold_s: float = Field(
        0.5, ge=0.0, le=5.0, description="shortest time an emotion stays, seconds"
    )
    smoothing_s: float = Field(
        0.2, ge=0.0, le=3.0, description="time constant of how strong it looks, seconds"
    )
    every_s: float = Field(
        0.15, ge=0.0, le=1.0, description="how often a calm face is read, seconds"
    )


_OFFSET = "added to its log score, against neutral's; vcam-emoji calibrate sets it"
LARGEST_OFFSET = 3.0


def _offset() -> Any:
    return Field(0.0, ge=-LARGEST_OFFSET, le=LARGEST_OFFSET, description=_OFFSET)


class Calibration(_Model):
    """How this person's face at rest differs from others', as `vcam-emoji calibrate` found it."""

    angry: float = _offset()
    disgust: float = _offset()
    fear: float = _offset()
    happy: float = _offset()
    sad: float = _offset()
    surprise: float = _offset()


class Safety(_Model):
    """How long a doubt is bridged in `replace` before nothing of the picture is shown."""

    hold_s: float = Field(
        0.5, ge=0.0, le=2.0, description="a lost face's cover stays and grows, seconds"
    )
    blur_s: float = Field(
        1.5, ge=0.0, le=10.0, description="then the frame is blurred, then the card, seconds"
    )


class Standby(_Model):
    """When the camera is let go of."""

    after_s: float = Field(
        10.0,
        ge=0.0,
        le=3600.0,
        description="unwatched or paused so long, the camera is let go of, seconds; 0: never",
    )


class Settings(_Model):
    devices: Devices = Devices()
    look: Look = Look()
    reading: Reading = Reading()
    calibration: Calibration = Calibration()
    safety: Safety = Safety()
    standby: Standby = Standby()


# On disk.


def load(path: Path) -> Settings:
    """The settings in a file; the defaults if there is none.

    Raises:
        SettingsError: if the file cannot be read or is refused, with the first reason.
    """
    return _read(path)[0]


def save(settings: Settings, path: Path) -> None:
    """Write the file whole or not at all; a folder that is missing is made for this user alone.

    Raises:
        SettingsError: if it cannot be written.
    """
    _write(settings, path)


_Stamp = tuple[int, int, int] | None
"""Tells one state of a file from another: time of change, size and inode; None if missing."""


def _stamp(stat: os.stat_result) -> _Stamp:
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _stamp_of(path: Path) -> _Stamp:
    try:
        return _stamp(path.stat())
    except OSError:
        return None


def _read(path: Path) -> tuple[Settings, _Stamp]:
    try:
        # Asked before opening, because opening a pipe would wait for its other end.
        if path.exists() and not path.is_file():
            raise SettingsError(f"{path}: this is not a file.", "Give the path of a JSON file.")
        with path.open("rb") as file:
            stamp = _stamp(os.fstat(file.fileno()))
            text = file.read(_LONGEST_FILE + 1)
    except FileNotFoundError:
        return Settings(), None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(
            f"{path}: the settings cannot be read ({reason}).", "Check its permissions."
        ) from error
    if len(text) > _LONGEST_FILE:
        raise SettingsError(f"{path}: too large for settings.", f"Delete it. {_START_OVER}")
    # Notepad writes a byte order mark in front, which is no JSON.
    return _parse(text.removeprefix(b"\xef\xbb\xbf"), f"{path}: "), stamp


def _write(settings: Settings, path: Path) -> _Stamp:
    text = json.dumps(settings.model_dump(mode="json"), indent=2) + "\n"
    try:
        # A link into a folder of dotfiles stays a link: what it points to is written.
        target = path.resolve()
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
                stamp = _stamp(os.fstat(file.fileno()))
            Path(beside).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(beside).unlink()
            raise
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(
            f"{path}: the settings cannot be written ({reason}).",
            "Check the permissions of its folder and the space on the disk.",
        ) from error
    return stamp


# One setting at a time.


@dataclass(frozen=True, slots=True)
class About:
    """One setting, for people."""

    key: str
    """Dotted, such as `look.opacity`."""
    value: Any
    default: Any
    range: str
    """What is allowed, such as `0.1 to 1.0`."""
    description: str


def describe(settings: Settings | None = None) -> list[About]:
    """Every setting, in the order of the file."""
    current = (settings or Settings()).model_dump(mode="json")
    defaults = Settings().model_dump(mode="json")
    return [
        About(
            f"{section}.{name}",
            current[section][name],
            defaults[section][name],
            _range(field),
            field.description or "",
        )
        for section, name, field in _all_fields()
    ]


def change(settings: Settings, key: str, value: object) -> Settings:
    """The settings with one of them changed.

    Args:
        settings: They stay as they are.
        key: Dotted, such as `look.opacity`; or a group, such as `look`, for several at once.
        value: A JSON value, or text as typed on a command line; of a group, values by name.

    Raises:
        SettingsError: if there is no such setting or the value is out of range.
    """
    changed = settings.model_dump(mode="json")
    if key in changed and isinstance(value, Mapping):
        changed[key] |= value
    else:
        section, name, field = _find(key)
        changed[section][name] = _typed(value, field) if isinstance(value, str) else value
    try:
        text = json.dumps(changed, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise SettingsError(
            f"{key} cannot be such a {type(value).__name__}.", f"Allowed: {_range(field)}."
        ) from error
    return _parse(text, "")


def _all_fields() -> Iterator[tuple[str, str, FieldInfo]]:
    for section, holder in Settings.model_fields.items():
        model = holder.annotation
        assert isinstance(model, type)
        assert issubclass(model, _Model)
        for name, field in model.model_fields.items():
            yield section, name, field


def _find(key: str) -> tuple[str, str, FieldInfo]:
    known = {f"{section}.{name}": (section, name, field) for section, name, field in _all_fields()}
    if key in known:
        return known[key]
    if key in Settings.model_fields:
        inside = ", ".join(each for each in known if each.startswith(f"{key}."))
        raise SettingsError(f"{key} is a group of settings.", f"Choose one: {inside}.")
    raise SettingsError(f"There is no setting {reprlib.repr(key)}.", _nearest(key, list(known)))


def _nearest(key: str, known: list[str]) -> str:
    """A hint with the names most like the one that was given."""
    bare = {each.rpartition(".")[2]: each for each in known}
    near = difflib.get_close_matches(key.lower(), known, n=2, cutoff=0.8)
    near += [bare[each] for each in difflib.get_close_matches(key.rpartition(".")[2].lower(), bare)]
    if near:
        return f"Did you mean {' or '.join(dict.fromkeys(near))}?"
    return "See them all with: vcam-emoji settings"


_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _typed(text: str, field: FieldInfo) -> object:
    """Text from a command line as the setting's own type; left as it is where that fails."""
    kind = field.annotation
    if kind is bool:
        return _WORDS.get(text.strip().lower(), text)
    if kind is int or kind is float:
        with contextlib.suppress(ValueError):
            return int(text)
        with contextlib.suppress(ValueError):
            return float(text)
    return text


def _range(field: FieldInfo) -> str:
    """What a setting may be, in words."""
    kind = field.annotation
    if kind is bool:
        return "true or false"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(each.value for each in kind)
    if get_args(kind):
        return ", ".join(get_args(kind))
    rules = field.metadata
    low = next((rule.ge for rule in rules if isinstance(rule, Ge)), None)
    high = next((rule.le for rule in rules if isinstance(rule, Le)), None)
    if low is not None:
        return f"{low} to {high}"
    longest = next((rule.max_length for rule in rules if isinstance(rule, MaxLen)), None)
    return f"text of 1 to {longest} characters" if longest else "text"


# What pydantic refuses, in a sentence.

_START_OVER = "Without a file the defaults hold."


def _parse(text: bytes, where: str) -> Settings:
    try:
        return Settings.model_validate_json(text)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False)[0], where) from error


def _refusal(detail: ErrorDetails, where: str) -> SettingsError:
    key = ".".join(str(part) for part in detail["loc"])
    got = detail["input"]
    if detail["type"] == "json_invalid":
        reason = detail["msg"].removeprefix("Invalid JSON: ")
        return SettingsError(
            f"{where}this is not JSON: {reason}.",
            f"Mend it there, or delete the file. {_START_OVER}",
        )
    if detail["type"] == "extra_forbidden":
        known = [f"{section}.{name}" for section, name, _ in _all_fields()]
        return SettingsError(
            f"{where}there is no setting {reprlib.repr(key)}.", _nearest(key, known)
        )
    shown = (
        json.dumps(got) if isinstance(got, str | int | float | bool | None) else "a list or group"
    )
    if len(shown) > 80:
        shown = shown[:77] + "..."
    fields = {f"{section}.{name}": field for section, name, field in _all_fields()}
    if key not in fields:
        what = f"{key} must be" if key else "settings are"
        return SettingsError(f"{where}{what} a group in braces, got {shown}.", _START_OVER)
    field = fields[key]
    allowed = _range(field)
    if detail["type"] == "value_error":
        allowed += f"; it {detail['msg'].removeprefix('Value error, ')}"
    default = json.dumps(field.get_default())
    return SettingsError(
        f"{where}{key} cannot be {shown}.", f"Allowed: {allowed}. The default is {default}."
    )


# The settings of the running service.


class SettingsStore:
    """Holds the newest good settings, on disk and in memory; safe to use from several threads."""

    def __init__(self, path: Path, overrides: Mapping[str, Any] | None = None) -> None:
        """Read the file; if it is refused, the defaults hold and `reload_if_changed` says why.

        Args:
            path: The settings file; it need not exist.
            overrides: Values by dotted key that hold for this run only and are never saved,
                until one of them is changed.

        Raises:
            SettingsError: if an override is refused.
        """
        self._path = path
        self._overrides = dict(overrides or {})
        self._lock = threading.Lock()
        self._trouble = ""
        self._saved, self._stamp = Settings(), _stamp_of(path)
        try:
            self._saved, self._stamp = _read(path)
        except SettingsError as error:
            self._trouble = str(error)
        self._current = _overridden(self._saved, self._overrides)

    @property
    def current(self) -> Settings:
        """The newest good settings. One attribute read: cheap enough for every frame."""
        return self._current

    def change(self, key: str, value: object) -> Settings:
        """Change one setting and save it; it then holds although an override said otherwise.

        Raises:
            SettingsError: if it is refused or cannot be saved; nothing has changed then.
        """
        with self._lock:
            self._reload()
            changed = change(self._saved, key, value)
            overrides = {
                each: said
                for each, said in self._overrides.items()
                if each != key and not each.startswith(f"{key}.")
            }
            self._keep(changed, overrides)
            return self._current

    def replace(self, settings: Settings) -> None:
        """Make all settings these and save them; overrides end.

        Raises:
            SettingsError: if they cannot be saved; nothing has changed then.
        """
        with self._lock:
            self._keep(settings, {})

    def reload_if_changed(self) -> str:
        """Take over what a person or another program wrote to the file.

        Returns:
            A sentence with a hint as long as the file is refused, and the last good settings
            hold; empty when all is well. A missing file leaves the settings as they are.
        """
        with self._lock:
            self._reload()
            return self._trouble

    def _reload(self) -> None:
        stamp = _stamp_of(self._path)
        if stamp == self._stamp:
            return
        self._trouble = ""
        self._stamp = stamp
        if stamp is None:
            return
        try:
            saved, self._stamp = _read(self._path)
        except SettingsError as error:
            self._trouble = str(error)
            return
        if self._stamp is not None:
            self._saved, self._current = saved, _overridden(saved, self._overrides)

    def _keep(self, saved: Settings, overrides: Mapping[str, Any]) -> None:
        current = _overridden(saved, overrides)
        if self._trouble:
            # A slip in a file edited by hand must cost neither that work nor this change.
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_name(f"{self._path.name}.refused"))
        self._stamp = _write(saved, self._path)
        self._saved, self._overrides, self._current = saved, dict(overrides), current
        self._trouble = ""


def _overridden(settings: Settings, overrides: Mapping[str, Any]) -> Settings:
    for key, value in overrides.items():
        settings = change(settings, key, value)
    return settings
