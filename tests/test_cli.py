"""The command line: light to start, clear when it refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.fakes import disc_set
from vcam_emoji import __version__, cli, control, emoji_set, paths
from vcam_emoji.commands import Command, Pin, SetMode, Status, Toggle
from vcam_emoji.settings import Settings
from vcam_emoji.types import Emotion


def run(*words: str) -> int:
    try:
        return cli.main(words)
    except SystemExit as stop:
        return int(stop.code or 0)


def started(words: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    """The command line in a process of its own, with all that it keeps in a folder."""

    def heeds_hangups() -> None:
        # Where the tests run under nohup, it would outlive a terminal too, as it should.
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, signal.SIG_DFL)

    places = {"XDG_RUNTIME_DIR": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-m", "vcam_emoji.cli", *words],
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=os.environ | places,
        preexec_fn=heeds_hangups if os.name == "posix" else None,
    )


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "settings_file", lambda: tmp_path / "settings.json")
    monkeypatch.setattr(paths, "emoji_sets", lambda: tmp_path / "emoji")
    monkeypatch.setattr(paths, "runtime", lambda: tmp_path / "run")


@pytest.fixture
def asked() -> Iterator[list[Command]]:
    """What a running service was asked; it answers with a plain status."""
    commands: list[Command] = []

    def handle(command: Command) -> Status:
        commands.append(command)
        settings = Settings().model_dump(mode="json")
        settings["look"]["opacity"] = 0.5
        return Status(state="live", mode="replace", settings=settings)

    with control.Server(handle):
        yield commands


def test_the_emotions_of_the_command_line_are_all_there_are() -> None:
    assert tuple(Emotion) == cli.EMOTIONS


@pytest.mark.parametrize("heavy", ["cv2", "numpy", "pydantic", "tensorflow", "ai_edge_litert"])
def test_asking_for_the_status_imports_nothing_heavy(heavy: str) -> None:
    code = (
        "import sys; from vcam_emoji import cli, control\n"
        "cli._parser(['status']); print([m for m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert f"'{heavy}'" not in answer.stdout


def test_without_a_running_service_status_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status") == 1
    said = capsys.readouterr().err
    assert "vcam-emoji run" in said
    assert "Traceback" not in said


def test_an_error_is_json_when_json_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status", "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["error"]
    assert answer["hint"]


def test_the_status_says_why_the_camera_is_off(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with control.Server(lambda _: Status(state="standby", camera="0")):
        assert run("status") == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first == "state:     standby (nobody watches the virtual camera, so yours is off)"


def test_commands_reach_the_service(asked: list[Command]) -> None:
    for words in (
        ["mode", "overlay"],
        ["pause"],
        ["resume"],
        ["toggle"],
        ["pin", "sad"],
        ["pin", "sad", "--toggle"],
        ["unpin"],
        ["react", "happy", "--seconds", "1"],
        ["quit"],
    ):
        assert run(*words) == 0
    assert asked[0] == SetMode("overlay")
    assert asked[3:6] == [Toggle(), Pin("sad"), Pin("sad", toggle=True)]
    assert len(asked) == 9


def test_the_status_is_readable(asked: list[Command], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status") == 0
    said = capsys.readouterr().out
    assert "state:" in said
    assert "live" in said
    assert run("status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["mode"] == "replace"


def test_settings_come_from_the_running_service(
    asked: list[Command], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("settings", "get", "look.opacity") == 0
    assert capsys.readouterr().out.strip() == "0.5"


def test_settings_can_be_changed_without_a_running_service(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("settings", "set", "look.opacity", "0.8") == 0
    assert run("settings", "get", "look.opacity", "--json") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0.8"
    assert run("settings") == 0
    assert "0.1 to 1.0" in capsys.readouterr().out


def test_a_spoilt_settings_file_is_told_of_and_the_defaults_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "settings.json").write_text('{"look": ')
    assert run("settings", "get", "look.mode") == 0
    said = capsys.readouterr()
    assert said.out.strip() == "replace"
    assert "not JSON" in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["settings", "set", "look.opacity", "7"],
        ["settings", "set", "look.opacty", "1"],
        ["settings", "set", "look.opacity"],
        ["settings", "get", "look.nothing"],
        ["sets", "use", "nobody"],
        ["sets", "show"],
        ["sets", "add", "/nowhere/at/all"],
        ["sets", "remove", "nobody"],
        ["run", "--size", "large", "--no-tray"],
        ["run", "--fps", "1000", "--no-tray"],
        ["mode", "invisible"],
        ["pin", "bored"],
        ["nothing"],
        [],
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_status_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2
    said = capsys.readouterr()
    assert said.err.strip()
    assert "Traceback" not in said.err


def test_sets_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sets", "--json") == 0
    assert "classic" in json.loads(capsys.readouterr().out)["sets"]
    assert run("sets", "show", "classic", "--json") == 0
    assert set(json.loads(capsys.readouterr().out)["emotions"]) == set(Emotion)


@pytest.mark.parametrize("command", ["devices", "doctor", "demo", "benchmark", "run", "sets"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "--help") == 0
    assert "--json" in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert __version__ in capsys.readouterr().out


def test_a_second_service_is_refused(
    asked: list[Command], capsys: pytest.CaptureFixture[str]
) -> None:
    # A status of its own, by which systemd knows not to try again.
    assert run("run", "--no-tray", "--output", "none", "--camera", "demo") == 3
    assert "already" in capsys.readouterr().err


def test_choices_and_answers_are_words_and_not_pythons_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("run", "--mode", "nope") == 2
    assert "overlay" in (said := capsys.readouterr().err)
    assert "<" not in said
    assert run("sets", "show", "classic") == 0
    assert "angry 2, disgust 2" in (said := capsys.readouterr().out)
    assert "<" not in said
    assert run("settings", "get", "look") == 0
    said = capsys.readouterr().out
    assert "look.mode" in said
    assert "{" not in said
    assert "devices." not in said


def test_a_setting_is_told_as_it_was_understood(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("settings", "set", "look.scale", "1.20", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"look.scale": 1.2}


@pytest.mark.parametrize("output", ["film.avi", "film.MKV"])
def test_an_output_that_can_never_be_is_refused_at_once(
    output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", "--no-tray", "--camera", "demo", "--output", output) == 2
    assert ".mp4" in capsys.readouterr().err


def test_the_status_says_why_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    cli._print_status(Status(state="hidden", hidden_because="no face is tracked"), as_json=False)
    assert "hidden (no face is tracked)" in capsys.readouterr().out


def test_the_plain_camera_is_not_shown_again_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "settings.json").write_text('{"look": {"mode": "off"}}')

    def mode(*words: str) -> str:
        arguments = cli._parser(["run", *words]).parse_args(["run", *words])
        return str(cli._first_settings(arguments).current.look.mode)

    assert mode() == "replace"
    assert "vcam-emoji mode off" in capsys.readouterr().err
    assert mode("--mode", "off") == "off"
    (tmp_path / "settings.json").write_text('{"look": {"mode": "overlay"}}')
    assert mode() == "overlay"
    assert not capsys.readouterr().err


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
@pytest.mark.skipif(sys.platform == "win32", reason="signals cannot be sent to one process there")
def test_whatever_ends_the_service_the_film_is_whole(name: str, tmp_path: Path) -> None:
    words = ["run", "--no-tray", "--camera", "demo", "--output", "film.mp4", "--size", "320x180"]
    with started(words, tmp_path) as service:
        assert service.stdout is not None
        service.stdout.readline()
        service.send_signal(getattr(signal, name))
    assert service.returncode == 0
    assert [each.name for each in tmp_path.glob("*.mp4")] == ["film.mp4"]


def test_a_set_that_is_in_use_is_removed_and_the_shipped_one_takes_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    emoji_set.save(disc_set("mine", 32), tmp_path / "emoji" / "mine")
    assert run("sets", "use", "mine") == 0
    capsys.readouterr()
    assert run("sets", "remove", "mine", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"removed": "mine", "used": "classic"}
    assert run("settings", "get", "look.emoji_set") == 0
    assert capsys.readouterr().out.strip() == "classic"


@pytest.mark.parametrize(("output", "said"), [("none", "goes nowhere"), ("film.mp4", "Writing ")])
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
def test_who_starts_the_service_is_told_where_the_picture_goes(
    output: str, said: str, tmp_path: Path
) -> None:
    words = ["run", "--no-tray", "--camera", "demo", "--output", output, "--size", "320x180"]
    with started(words, tmp_path) as service:
        assert service.stdout is not None
        line = service.stdout.readline()
        service.send_signal(signal.SIGINT)
    assert said in line
    assert service.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
def test_a_script_is_told_where_the_picture_goes_as_an_object(tmp_path: Path) -> None:
    words = ["run", "--no-tray", "--camera", "demo", "--output", "none", "--json"]
    with started(words, tmp_path) as service:
        assert service.stdout is not None
        assert json.loads(service.stdout.readline()) == {"output": "nowhere", "pid": service.pid}
        service.send_signal(signal.SIGINT)


def test_a_virtual_camera_is_to_be_chosen_in_the_call() -> None:
    said = cli._destination("Virtual Camera (/dev/video10), 1280x720 at 30", "auto")
    assert "Virtual Camera (/dev/video10)" in said
    assert "choose" in said
