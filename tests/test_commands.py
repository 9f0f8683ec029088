"""What crosses the control socket survives the way, and nothing else gets in."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcam_emoji.commands import (
    Calibrate,
    CalibrationStatus,
    Command,
    FaceStatus,
    GetStatus,
    Pin,
    Quit,
    React,
    SetMode,
    SetSetting,
    StartAtLogin,
    Status,
    UseSet,
    decode,
    encode,
)
from vcam_emoji.errors import UsageError

TEXT = st.text(st.characters(exclude_categories=("C", "Z")), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(GetStatus),
    st.builds(Quit),
    st.builds(SetMode, TEXT),
    st.builds(Pin, TEXT),
    st.builds(UseSet, TEXT),
    st.builds(React, TEXT, st.floats(allow_nan=False, allow_infinity=False)),
    st.builds(SetSetting, TEXT, JSON),
    st.builds(StartAtLogin, st.booleans()),
    st.builds(
        Calibrate,
        TEXT,
        st.floats(allow_nan=False, allow_infinity=False),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
)


@given(COMMANDS)
def test_a_command_survives_the_way_through_json(command: Command) -> None:
    assert decode(json.loads(json.dumps(encode(command)))) == command


@pytest.mark.parametrize("kind", get_args(Command))
def test_every_command_has_a_name(kind: type[Command]) -> None:
    texts: dict[str, Any] = {
        "mode": "off",
        "emotion": "sad",
        "name": "me",
        "key": "look.scale",
        "value": 1.5,
        "on": True,
    }
    command = kind(**{name: texts[name] for name in kind.__slots__ if name in texts})
    assert decode(encode(command)) == command


@pytest.mark.parametrize("on", [1, "yes", None, []])
def test_a_switch_is_true_or_false(on: object) -> None:
    with pytest.raises(UsageError, match="true or false"):
        decode({"command": "start_at_login", "on": on})


@given(JSON | st.dictionaries(st.sampled_from(["command", "emotion", "seconds"]), JSON))
def test_decoding_anything_gives_a_command_or_a_usage_error(message: object) -> None:
    try:
        command = decode(message)
    except UsageError:
        return
    assert isinstance(command, get_args(Command))


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"command": "dance"},
        {"command": ["status"]},
        {"command": "status", "extra": 1},
        {"command": "pin"},
        {"command": "pin", "emotion": None},
        {"command": "pin", "emotion": "sad\ud800"},
        {"command": "use_set", "name": "a\0b"},
        {"command": "react", "emotion": "sad", "seconds": "2"},
        {"command": "react", "emotion": "sad", "seconds": True},
        {"command": "react", "emotion": "sad", "seconds": float("nan")},
        {"command": "react", "emotion": "sad", "seconds": 10**400},
        {"command": "react", "emotion": "sad", 1: 2},
        {"command": "calibrate", "emotion": 3},
        {"command": "calibrate", "seconds": "4"},
        {"command": "calibrate", "delay_s": None},
        {"command": "calibrate", "offsets": {"sad": -1}},
        {"command": "reset_calibration", "emotion": "sad"},
    ],
)
def test_what_encode_would_not_have_written_is_refused(message: object) -> None:
    with pytest.raises(UsageError):
        decode(message)


STATUS = Status(
    version="1",
    pid=7,
    state="live",
    emoji_sets=("classic", "me"),
    faces=(FaceStatus(3, "happy", "sad", {"happy": 0.9}),),
    calibration=CalibrationStatus("sad", 0, 0.5, {"neutral": 20}, {"neutral": 0.5}),
    settings={"look": {"mirror": False}},
)


def test_a_status_survives_the_way_through_json() -> None:
    assert Status.from_json(json.loads(json.dumps(STATUS.to_json()))) == STATUS


def test_a_status_of_a_later_version_is_understood() -> None:
    message: dict[str, Any] = STATUS.to_json()
    message["weather"] = "fine"
    message["faces"][0]["age"] = 30
    message["calibration"]["mood"] = "good"
    assert Status.from_json(message) == STATUS


def test_a_status_of_an_earlier_version_gets_defaults() -> None:
    assert Status.from_json({"pid": 7}) == replace(Status(), pid=7)
