"""What is installed on a Linux desktop fits what the program says and does."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vcam_emoji.devices import LOAD_MODULE

LINUX = Path(__file__).parent.parent / "installers" / "linux"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux desktops only")


def settings(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and line[0] not in "#["]


def install(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": str(home), "PATH": f"{home / 'bin'}:{os.environ['PATH']}"}
    script = str(home / "checkout" / "installers" / "linux" / "install.sh")
    return subprocess.run(
        [script, *words], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a checkout that holds a command, and a systemd that does nothing."""
    checkout = tmp_path / "checkout"
    shutil.copytree(LINUX, checkout / "installers" / "linux")
    (checkout / "assets" / "icons").mkdir(parents=True)
    (checkout / "assets" / "icons" / "vcam-emoji.png").write_bytes(b"")
    for command in (checkout / ".venv" / "bin" / "vcam-emoji", tmp_path / "bin" / "systemctl"):
        command.parent.mkdir(parents=True)
        command.write_text("#!/bin/sh\n")
        command.chmod(0o755)
    return tmp_path


def test_the_module_gets_the_options_that_the_program_advises() -> None:
    _, _, module, *options = shlex.split(LOAD_MODULE)
    (line,) = settings(LINUX / "modprobe.conf")
    assert shlex.split(line) == ["options", module, *options]
    assert settings(LINUX / "modules-load.conf") == [module]


def test_a_person_installs_and_removes_it_without_an_administrator(home: Path) -> None:
    before = {each for each in home.rglob("*") if each.is_file()}
    assert "systemctl --user enable" in install(home, "--user").stdout
    at_login = home / ".config/autostart/vcam-emoji.desktop"
    at_login.parent.mkdir()
    at_login.touch()
    assert "autostart off" in install(home, "--user").stdout
    command = home / "checkout" / ".venv" / "bin" / "vcam-emoji"
    unit = (home / ".config/systemd/user/vcam-emoji.service").read_text()
    entry = (home / ".local/share/applications/vcam-emoji.desktop").read_text()
    assert f'ExecStart="{command}" run\n' in unit
    assert f'Exec="{command}" run\n' in entry
    assert (home / ".local/bin/vcam-emoji").resolve() == command.resolve()
    other = home / ".local/bin/vcam-emoji-generator"
    other.symlink_to(home / "pipx")
    assert f'Exec="{command}" pause\n' in entry
    assert (home / ".local/share/icons/hicolor/256x256/apps/vcam-emoji.png").exists()
    if not Path("/etc/modprobe.d/vcam-emoji.conf").exists():
        assert install(home, "--uninstall").returncode == 0
        assert other.is_symlink()
        other.unlink()
        assert {each for each in home.rglob("*") if each.is_file()} == before


def test_without_the_program_it_says_what_to_do_first(home: Path) -> None:
    (home / "checkout" / ".venv" / "bin" / "vcam-emoji").unlink()
    environment_has_it = shutil.which("vcam-emoji") is not None
    outcome = install(home, "--user")
    assert environment_has_it or (outcome.returncode == 1 and "make run" in outcome.stderr)


def test_an_unknown_word_shows_what_there_is(home: Path) -> None:
    outcome = install(home, "--everything")
    assert outcome.returncode == 2
    assert "--uninstall" in outcome.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_understands_the_service(home: Path) -> None:
    install(home, "--user")
    unit = home / ".config/systemd/user/vcam-emoji.service"
    outcome = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_RUNTIME_DIR": str(home)},
    )
    said = outcome.stdout + outcome.stderr
    assert "vcam-emoji.service:" not in said, said
