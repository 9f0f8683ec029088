"""Starting at login, on three systems."""

from __future__ import annotations

import json
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vcam_emoji import autostart, cli
from vcam_emoji.errors import AutostartError

linux = pytest.mark.skipif(sys.platform != "linux", reason="an entry of Linux desktops")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@linux
def test_it_is_off_until_it_is_switched_on_and_off_again(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*words: str) -> Any:
        assert cli.main(["autostart", *words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)["starts_at_login"]

    assert told() is False
    assert told("on") is True
    assert [each.name for each in (home / "config" / "autostart").iterdir()] == [
        "vcam-emoji.desktop"
    ]
    assert told() is True
    assert told("on") is True
    assert told("off") is False
    assert told("off") is False


@linux
def test_the_entry_runs_this_installation() -> None:
    words = autostart.command()
    assert words[-1] == "run"
    help_of_it = subprocess.run([*words, "--help"], capture_output=True, text=True, check=True)
    assert "--no-tray" in help_of_it.stdout


@linux
def test_the_entry_is_one_by_the_specification(tmp_path: Path) -> None:
    validate = shutil.which("desktop-file-validate")
    if validate is None:
        pytest.skip("not installed: desktop-file-validate")
    path = tmp_path / "vcam-emoji.desktop"
    path.write_bytes(autostart.as_entry(["/opt/my apps/vcam-emoji", "run"]))
    subprocess.run([validate, path], check=True)


@linux
@pytest.mark.parametrize(
    "word", ["/home/me/x", "/a b/c", 'quo"te', "back\\slash", "do$llar", "gr`ave", "100%"]
)
def test_a_path_with_odd_letters_reaches_the_program_whole(word: str) -> None:
    (line,) = (
        each.removeprefix("Exec=")
        for each in autostart.as_entry([word, "run"]).decode().splitlines()
        if each.startswith("Exec=")
    )
    # First the file's own escapes go, then those of the command, which are a shell's.
    unescaped = line.replace("\\\\", "\\").replace("%%", "%")
    said = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {unescaped}"], capture_output=True, text=True
    )
    assert said.stdout.splitlines() == [word, "run"]


@linux
@pytest.mark.parametrize("line", ["Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_what_a_desktop_switched_off_is_off(line: str) -> None:
    autostart.enable()
    path = autostart.entry()
    path.write_text(path.read_text() + line + "\n")
    assert not autostart.is_enabled()
    autostart.enable()
    assert autostart.is_enabled()


@linux
@pytest.mark.parametrize("content", [b"", b"Exec=", b"\xff\xfe", b"[Other]\na=b\n"])
def test_an_entry_that_is_none_is_off(content: bytes) -> None:
    autostart.entry().parent.mkdir(parents=True)
    autostart.entry().write_bytes(content)
    assert not autostart.is_enabled()


@linux
def test_it_does_not_start_twice_where_systemd_starts_it(home: Path) -> None:
    wanted = home / "config/systemd/user/graphical-session.target.wants/vcam-emoji.service"
    wanted.parent.mkdir(parents=True)
    wanted.touch()
    assert autostart.is_enabled()
    autostart.enable()
    assert not autostart.entry().exists()
    with pytest.raises(AutostartError, match="systemd starts") as caught:
        autostart.disable()
    assert caught.value.hint == "Run: systemctl --user disable vcam-emoji"


@linux
def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(home: Path) -> None:
    (home / "config").touch()
    with pytest.raises(AutostartError, match="could not be changed") as caught:
        autostart.enable()
    assert str(home / "config") in caught.value.hint


def test_a_launch_agent_runs_it_at_login() -> None:
    said = plistlib.loads(autostart.as_agent(["/opt/vcam-emoji", "run"]))
    assert said["ProgramArguments"] == ["/opt/vcam-emoji", "run"]
    assert said["RunAtLoad"] is True


class FakeRegistry:
    """As much of `winreg` as is used."""

    HKEY_CURRENT_USER = "HKCU"
    REG_SZ = 1

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.opened: list[str] = []

    def _open(self, _root: str, name: str) -> FakeRegistry:
        self.opened.append(name)
        return self

    OpenKey = CreateKey = _open

    def __enter__(self) -> FakeRegistry:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def QueryValueEx(self, _key: object, name: str) -> tuple[str, int]:
        if name not in self.values:
            raise FileNotFoundError(name)
        return self.values[name], 1

    def SetValueEx(self, _key: object, name: str, *rest: Any) -> None:
        self.values[name] = rest[-1]

    def DeleteValue(self, _key: object, name: str) -> None:
        if name not in self.values:
            raise FileNotFoundError(name)
        del self.values[name]


def test_the_registry_holds_one_value_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = FakeRegistry()
    modules = SimpleNamespace(import_module=lambda _: registry)
    monkeypatch.setattr(autostart, "importlib", modules)
    assert not autostart._in_registry()
    autostart.write_registry('"C:\\my apps\\pythonw.exe" -m vcam_emoji.cli run')
    assert autostart._in_registry()
    assert registry.values == {"vcam_emoji": '"C:\\my apps\\pythonw.exe" -m vcam_emoji.cli run'}
    autostart.write_registry(None)
    autostart.write_registry(None)
    assert not autostart._in_registry()
    assert set(registry.opened) == {"Software\\Microsoft\\Windows\\CurrentVersion\\Run"}
