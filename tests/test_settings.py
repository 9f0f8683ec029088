"""Settings: one actionable line when refused, never torn on disk, the last good ones stay."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from vcam_emoji.commands import Mode
from vcam_emoji.errors import SettingsError
from vcam_emoji.settings import (
    Look,
    Settings,
    SettingsStore,
    change,
    describe,
    load,
    save,
)

KEYS = [about.key for about in describe()]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="permission bits of POSIX systems")
ONE_FOLDER = examples(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vcam_emoji" / "settings.json"


def write(path: Path, text: str | bytes) -> None:
    """As an editor does: in place. The time of change moves on even on a coarse clock."""
    path.parent.mkdir(exist_ok=True)
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    os.utime(path, ns=(time.time_ns(), max(path.stat().st_mtime_ns, before + 1)))


# Reading and writing the file.


def test_a_missing_file_means_defaults(path: Path) -> None:
    assert load(path) == Settings()
    assert not path.parent.exists()


def test_what_was_saved_is_loaded(path: Path) -> None:
    wanted = change(change(Settings(), "look.mode", "overlay"), "devices.camera", "HD Webcam")
    save(wanted, path)
    assert load(path) == wanted


def test_settings_left_out_of_the_file_have_their_defaults(path: Path) -> None:
    write(path, '{"look": {"scale": 2}}')
    assert load(path) == Settings(look=Look(scale=2.0))


def test_a_byte_order_mark_is_no_harm(path: Path) -> None:
    write(path, b'\xef\xbb\xbf{"look": {"scale": 2}}')
    assert load(path).look.scale == 2


def test_a_camera_index_may_be_written_as_a_number(path: Path) -> None:
    write(path, '{"devices": {"camera": 2}}')
    assert load(path).devices.camera == "2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "line 1 column 1"),
        ("[]", "group in braces"),
        ("null", "group in braces, got null"),
        ("[" * 100_000, "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        ('{"look": 3}', "look must be a group in braces, got 3"),
        ('{"lok": {}}', "no setting 'lok'"),
        ('{"look": {"opasity": 1}}', "Did you mean look.opacity"),
        ('{"look": {"opacity": 7}}', "look.opacity cannot be 7. Allowed: 0.1 to 1.0. The default"),
        ('{"look": {"opacity": NaN}}', "look.opacity cannot be NaN"),
        ('{"look": {"opacity": "0.5"}}', 'look.opacity cannot be "0.5"'),
        ('{"look": {"mirror": 1}}', "Allowed: true or false"),
        ('{"look": {"mode": "blur"}}', "Allowed: replace, overlay, off, card"),
        ('{"look": {"faces": ["all"]}}', "Allowed: all, largest"),
        ('{"devices": {"width": 641}}', "must be even"),
        ('{"devices": {"camera": "a\\u0000b"}}', "must be readable text"),
        ('{"look": {"emoji_set": "' + "x" * 5000 + '"}}', "1 to 64 characters"),
        (b" " * 2_000_000, "too large"),
    ],
)
def test_a_refused_file_is_named_with_its_fault_in_one_line(
    path: Path, text: str | bytes, said: str
) -> None:
    write(path, text)
    with pytest.raises(SettingsError) as refused:
        load(path)
    line = str(refused.value)
    assert line.startswith(f"{path}: ")
    assert said in line
    assert "\n" not in line
    assert len(line) < len(str(path)) + 300
    assert refused.value.hint


def test_a_folder_in_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(SettingsError, match="not a file"):
        load(path)


def test_a_pipe_in_place_of_the_file_does_not_hang(path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("there are no such files on Windows")
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(SettingsError, match="not a file"):
        load(path)


def test_a_place_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        save(Settings(), tmp_path / "file" / "settings.json")


@POSIX
def test_the_folder_that_is_made_and_the_file_are_for_this_user_alone(path: Path) -> None:
    save(Settings(), path)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_but_the_file_is_left_in_its_folder(path: Path) -> None:
    save(Settings(), path)
    save(Settings(), path)
    assert list(path.parent.iterdir()) == [path]


@POSIX
def test_a_link_to_the_file_stays_a_link(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "dotfiles.json")
    save(change(Settings(), "look.scale", 2), path)
    assert path.is_symlink()
    assert load(tmp_path / "dotfiles.json").look.scale == 2


@ONE_FOLDER
@given(st.binary(max_size=200))
def test_any_bytes_in_the_file_are_settings_or_a_settings_error(path: Path, text: bytes) -> None:
    write(path, text)
    try:
        assert isinstance(load(path), Settings)
    except SettingsError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FILES = st.dictionaries(
    st.sampled_from(["devices", "look", "reading", "safety", "standby", "other"]),
    st.dictionaries(st.sampled_from([key.partition(".")[2] for key in KEYS]), JSON) | JSON,
)


@ONE_FOLDER
@given(FILES)
def test_any_json_in_the_file_is_settings_or_a_settings_error(
    path: Path, content: dict[str, Any]
) -> None:
    write(path, json.dumps(content))
    try:
        loaded = load(path)
    except SettingsError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right
    else:
        save(loaded, path)
        assert load(path) == loaded


# One setting at a time.


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("look.opacity", "0.5", 0.5),
        ("look.opacity", "1", 1.0),
        ("look.mirror", "true", True),
        ("look.mirror", "Off", False),
        ("devices.camera", "0", "0"),
        ("devices.camera", "true", "true"),
        ("devices.fps", "15", 15),
        ("look.mode", "card", Mode.CARD),
        ("look.scale", 2, 2.0),
        ("look.mirror", True, True),
        ("devices.camera", 3, "3"),
    ],
)
def test_text_from_a_command_line_becomes_what_the_setting_is(
    key: str, text: object, value: object
) -> None:
    section, _, name = key.partition(".")
    got = getattr(getattr(change(Settings(), key, text), section), name)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("", 1, "no setting ''"),
        ("look.opacty", 1, "Did you mean look.opacity?"),
        ("opacity", 1, "Did you mean look.opacity?"),
        ("look.camera", 1, "devices.camera"),
        ("look", 1, "Choose one: look.mode, "),
        ("weather", 1, "vcam-emoji settings"),
        ("look.opacity", "a lot", 'cannot be "a lot". Allowed: 0.1 to 1.0'),
        ("look.opacity", float("nan"), "cannot be NaN"),
        ("look.opacity", True, "cannot be true"),
        ("look.scale", [10**5000], "Allowed: 0.5 to 3.0"),
        ("look.mirror", "maybe", "Allowed: true or false"),
        ("look.emoji_set", "\ud800", "Allowed: text"),
        ("devices.fps", 29.97, "Allowed: 5 to 60"),
        ("look.mode", object(), "Allowed: replace"),
    ],
)
def test_a_refused_change_says_what_is_allowed(key: str, value: object, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        change(Settings(), key, value)
    assert said in str(refused.value)


def test_a_value_nested_beyond_all_measure_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(SettingsError):
        change(Settings(), "look.opacity", value)


@given(st.sampled_from(KEYS) | st.text(max_size=30), JSON)
def test_any_change_gives_settings_or_a_settings_error(key: str, value: object) -> None:
    try:
        changed = change(Settings(), key, value)
    except SettingsError as error:
        assert "\n" not in error.hint  # noqa: PT017 - either outcome is right
    else:
        assert Settings.model_validate_json(changed.model_dump_json()) == changed


def test_every_setting_is_described_with_its_range() -> None:
    told = describe(change(Settings(), "look.scale", 2))
    assert {about.key: about.value for about in told}["look.scale"] == 2
    for about in told:
        assert about.range
        assert about.description, about.key
        assert change(Settings(), about.key, about.default) == Settings()


# The settings of the running service.


def test_a_change_is_seen_at_once_and_saved(path: Path) -> None:
    store = SettingsStore(path)
    changed = store.change("look.opacity", "0.5")
    assert store.current == changed == load(path)
    assert store.current.look.opacity == 0.5


def test_a_refused_change_changes_nothing(path: Path) -> None:
    store = SettingsStore(path)
    with pytest.raises(SettingsError):
        store.change("look.opacity", 7)
    assert store.current == Settings()
    assert not path.exists()


def test_a_change_that_cannot_be_saved_changes_nothing(path: Path) -> None:
    store = SettingsStore(path)
    path.parent.write_text("in the way")
    with pytest.raises(SettingsError, match="cannot be written"):
        store.change("look.opacity", 0.5)
    assert store.current == Settings()


def test_an_override_holds_for_this_run_and_is_not_saved(path: Path) -> None:
    store = SettingsStore(path, {"devices.camera": "demo", "look.mode": "overlay"})
    store.change("look.scale", 2)
    assert store.current.devices.camera == "demo"
    assert load(path).devices.camera == Settings().devices.camera
    assert load(path).look.scale == 2


def test_an_override_ends_when_its_setting_is_changed(path: Path) -> None:
    store = SettingsStore(path, {"look.mode": "overlay"})
    store.change("look.mode", "card")
    assert store.current.look.mode is Mode.CARD
    assert load(path).look.mode is Mode.CARD


def test_a_group_is_changed_whole_or_not_at_all(path: Path) -> None:
    store = SettingsStore(path, {"calibration.sad": 1.0, "look.opacity": 0.5})
    store.change("calibration", {"sad": -1.0, "fear": 0.5})
    assert (store.current.calibration.sad, store.current.calibration.fear) == (-1.0, 0.5)
    assert store.current.look.opacity == 0.5, "another group's override holds on"
    for bad in ({"sad": 0.0, "fear": 9}, {"bored": 1}, {"sad": "x"}):
        with pytest.raises(SettingsError):
            store.change("calibration", bad)
    assert load(path).calibration == store.current.calibration
    assert store.current.calibration.sad == -1.0


def test_an_override_out_of_range_is_refused(path: Path) -> None:
    with pytest.raises(SettingsError, match=r"devices\.fps"):
        SettingsStore(path, {"devices.fps": 1000})


def test_replacing_all_settings_saves_them_and_ends_overrides(path: Path) -> None:
    store = SettingsStore(path, {"look.mode": "overlay"})
    store.replace(Settings(look=Look(scale=2.0)))
    assert store.current == load(path) == Settings(look=Look(scale=2.0))


def test_a_file_edited_by_hand_is_taken_over(path: Path) -> None:
    store = SettingsStore(path)
    write(path, '{"look": {"scale": 2}}')
    assert store.reload_if_changed() == ""
    assert store.current.look.scale == 2


def test_a_file_spoilt_by_hand_keeps_the_last_good_settings_until_it_is_mended(path: Path) -> None:
    store = SettingsStore(path)
    store.change("look.scale", 2)
    write(path, '{"look": {"scale": 99}}')
    trouble = store.reload_if_changed()
    assert "look.scale cannot be 99" in trouble
    assert store.reload_if_changed() == trouble
    assert store.current.look.scale == 2
    write(path, '{"look": {"scale": 3}}')
    assert store.reload_if_changed() == ""
    assert store.current.look.scale == 3


def test_a_file_refused_at_the_start_means_defaults_and_says_why(path: Path) -> None:
    write(path, '{"look": {"scale": 99}}')
    store = SettingsStore(path, {"look.mode": "overlay"})
    assert store.current == change(Settings(), "look.mode", "overlay")
    assert "look.scale cannot be 99" in store.reload_if_changed()
    write(path, '{"look": {"scale": 2}}')
    assert store.reload_if_changed() == ""
    assert store.current.look.scale == 2


def test_a_change_after_a_slip_by_hand_keeps_the_edited_file_beside(path: Path) -> None:
    store = SettingsStore(path)
    spoilt = '{"look": {"scale": 99}}'
    write(path, spoilt)
    store.change("look.opacity", 0.5)
    assert load(path).look.opacity == 0.5
    assert path.with_name("settings.json.refused").read_text() == spoilt
    assert store.reload_if_changed() == ""


def test_a_change_keeps_what_was_edited_by_hand_just_before(path: Path) -> None:
    store = SettingsStore(path)
    write(path, '{"look": {"scale": 2}}')
    store.change("look.opacity", 0.5)
    assert (load(path).look.scale, load(path).look.opacity) == (2, 0.5)


def test_settings_hold_although_their_file_is_deleted(path: Path) -> None:
    store = SettingsStore(path)
    store.change("look.scale", 2)
    path.unlink()
    assert store.reload_if_changed() == ""
    assert store.current.look.scale == 2


@ONE_FOLDER
@given(st.binary(max_size=200))
def test_no_bytes_in_the_file_cost_the_last_good_settings(path: Path, text: bytes) -> None:
    save(Settings(), path)
    store = SettingsStore(path)
    write(path, text)
    trouble = store.reload_if_changed()
    assert trouble
    assert store.current == Settings()


def test_two_writers_never_leave_a_torn_file(path: Path) -> None:
    save(Settings(), path)
    done = threading.Event()
    seen: list[Settings] = []

    def rewrite(scale: float) -> None:
        store = SettingsStore(path)
        for _ in range(60):
            store.change("look.scale", scale)

    def watch() -> None:
        while not done.is_set():
            seen.append(load(path))

    writers = [threading.Thread(target=rewrite, args=(scale,)) for scale in (0.5, 3.0)]
    watcher = threading.Thread(target=watch)
    watcher.start()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    done.set()
    watcher.join()
    assert {each.look.scale for each in seen} <= {1.0, 0.5, 3.0}
    assert len(seen) > 10
    assert list(path.parent.iterdir()) == [path]


def test_changes_from_several_threads_are_all_kept(path: Path) -> None:
    store = SettingsStore(path)
    wanted = {
        "look.scale": 2.0,
        "look.opacity": 0.5,
        "reading.hysteresis": 0.3,
        "look.mirror": True,
    }
    threads = [
        threading.Thread(target=store.change, args=(key, value)) for key, value in wanted.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = {about.key: about.value for about in describe(load(path))}
    assert {key: kept[key] for key in wanted} == wanted
