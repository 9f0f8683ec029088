from __future__ import annotations

import argparse
import json
import plistlib
import subprocess
import sys
from dataclasses import dataclass, field, replace

import pytest

from vcam_emoji import doctor
from vcam_emoji.devices import LOAD_MODULE, CameraDevice, Details
from vcam_emoji.doctor import Finding, diagnose
from vcam_emoji.errors import EmojiSetError, ModelError, SettingsError, VcamEmojiError
from vcam_emoji.machine import TRIALS, Choices, Machine, ThisMachine
from vcam_emoji.settings import Settings, change

WEBCAM = CameraDevice("/dev/video0", "HD Webcam", 0)
LOOPBACK = CameraDevice("/dev/video10", "Virtual Camera", None, virtual=True)
OBS_PLIST = "/Applications/OBS.app/Contents/Info.plist"
OBS_LISTED = "*  *  2MMRE5MTB8  com.obsproject.obs-studio.mac-camera-extension [activated enabled]"


@dataclass
class FakeMachine:
    """A computer on which all is well, but for what a test changes."""

    system: str = "linux"
    release: str = "6.1"
    texts: dict[str, bytes] = field(
        default_factory=lambda: {
            "/sys/module/v4l2loopback/version": b"0.15.0\n",
            "/etc/os-release": b'ID=debian\nVERSION_ID="12"\n',
            "/etc/modules-load.d/camera.conf": b"# ours\nv4l2loopback\n",
        }
    )
    outputs: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    devices: tuple[CameraDevice, ...] = (WEBCAM, LOOPBACK)
    busy: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Who holds a device, by its path."""
    classes: tuple[str, ...] = ()
    pid: int | None = None
    troubles: dict[str, VcamEmojiError] = field(default_factory=dict)
    chosen: Settings | SettingsError = field(default_factory=Settings)
    sets: tuple[str, ...] = ("classic", "me")

    def read(self, path: str) -> bytes | None:
        return self.texts.get(path)

    def files(self, folder: str) -> list[str]:
        return [each for each in self.texts if each.rpartition("/")[0] == folder]

    def output(self, *command: str) -> str | None:
        return self.outputs.get(command[0])

    def package(self, module: str, distribution: str) -> str | None:
        return None if module in self.missing else "1.0"

    def cameras(self) -> list[CameraDevice]:
        return list(self.devices)

    def details(self, camera: CameraDevice) -> Details:
        held_by = self.busy.get(camera.path, ())
        return Details(
            index=camera.index,
            path=camera.path,
            name=camera.name,
            virtual=camera.virtual,
            busy=bool(held_by),
            held_by=held_by,
            formats=(),
            trouble=camera.trouble,
        )

    def registered(self, class_id: str) -> bool:
        return class_id in self.classes

    def service_pid(self) -> int | None:
        return self.pid

    def trouble_with(self, what: str) -> VcamEmojiError | None:
        assert what in TRIALS
        return self.troubles.get(what)

    def choices(self) -> Choices:
        if isinstance(self.chosen, SettingsError):
            raise self.chosen
        return Choices.of(self.chosen)

    def trouble_with_set(self, name: str) -> VcamEmojiError | None:
        return None if name in self.sets else EmojiSetError(f"No set {name!r}.", "Make it.")


def found(machine: Machine, name: str) -> list[Finding]:
    return [each for each in diagnose(machine) if each.name == name]


def only(machine: Machine, name: str) -> Finding:
    (finding,) = found(machine, name)
    return finding


def works(machine: Machine) -> bool:
    return not any(each.fatal and each.ok is False for each in diagnose(machine))


def without_module() -> FakeMachine:
    machine = FakeMachine(devices=(WEBCAM,))
    del machine.texts["/sys/module/v4l2loopback/version"]
    return machine


def test_a_good_machine_has_nothing_to_mend() -> None:
    findings = diagnose(FakeMachine())
    assert [each for each in findings if each.ok is False] == []
    assert all(not each.hint for each in findings if each.ok)


def test_every_fault_comes_with_what_to_do() -> None:
    sick = without_module()
    sick.devices = ()
    sick.missing = ("cv2",)
    sick.troubles = {each: VcamEmojiError("It is broken.", "Mend it.") for each in TRIALS}
    faults = [each for each in diagnose(sick) if each.ok is False]
    assert len(faults) >= 5
    assert all(each.hint for each in faults)


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    finding = only(FakeMachine(missing=("cv2", "pyvirtualcam")), "packages")
    assert finding.fatal
    assert finding.hint.endswith("pip install opencv-python pyvirtualcam")


def test_without_faces_nothing_works_but_without_emotions_it_does() -> None:
    broken = ModelError("The network does not load.", "Install again.")
    assert not works(FakeMachine(troubles={"faces": broken}))
    assert works(FakeMachine(troubles={"emotions": broken}))
    assert only(FakeMachine(troubles={"emotions": broken}), "emotions").hint == "Install again."


def test_a_machine_without_a_webcam_cannot_do_the_job() -> None:
    finding = only(FakeMachine(devices=(LOOPBACK,)), "camera")
    assert finding.fatal
    assert "vcam-emoji demo" in finding.hint


def test_a_forbidden_camera_matters_only_if_there_is_no_other() -> None:
    forbidden = replace(WEBCAM, path="/dev/video2", trouble="Permission denied")
    alone = only(FakeMachine(devices=(forbidden, LOOPBACK)), "camera")
    assert alone.fatal
    assert "usermod -aG video" in alone.hint
    assert works(FakeMachine(devices=(forbidden, WEBCAM, LOOPBACK)))


def test_who_holds_the_camera_is_named_and_does_not_stop_the_job() -> None:
    machine = FakeMachine(busy={"/dev/video0": ("firefox (42)",)})
    finding = only(machine, "camera")
    assert finding.ok is False
    assert "firefox (42)" in finding.message
    assert works(machine)


def test_our_own_service_may_hold_the_camera() -> None:
    machine = FakeMachine(busy={"/dev/video0": ("python (7)",)}, pid=7)
    assert only(machine, "camera").ok


def test_a_module_that_is_not_loaded_is_loaded_by_the_hint() -> None:
    machine = without_module()
    machine.outputs["modinfo"] = "0.12.7\n"
    finding = only(machine, "v4l2loopback")
    assert finding.fatal
    assert finding.hint == f"Run: {LOAD_MODULE}"
    assert found(machine, "secure boot") == []


def test_secure_boot_is_told_where_the_module_is_not_loaded() -> None:
    machine = without_module()
    machine.outputs["modinfo"] = "0.12.7\n"
    machine.texts[doctor._SECURE_BOOT] = b"\x06\0\0\0\x01"
    machine.texts["/etc/os-release"] = b"ID=ubuntu\nID_LIKE=debian\n"
    finding = only(machine, "secure boot")
    assert finding.ok is None
    assert "mokutil --import /var/lib/shim-signed/mok/MOK.der " in finding.hint
    machine.texts[doctor._SECURE_BOOT] = b"\x06\0\0\0\0"
    assert found(machine, "secure boot") == []


@pytest.mark.parametrize(
    ("release", "command"),
    [
        (b"ID=debian\n", "apt install v4l2loopback-dkms"),
        (b'ID=linuxmint\nID_LIKE="ubuntu debian"\n', "apt install v4l2loopback-dkms"),
        (b"ID=fedora\n", "dnf install v4l2loopback"),
        (b'ID="manjaro"\nID_LIKE=arch\n', "pacman -S v4l2loopback-dkms"),
        (b'ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', "zypper install"),
        (b"", "apt install v4l2loopback-dkms"),
    ],
)
def test_a_missing_module_is_installed_the_distributions_way(release: bytes, command: str) -> None:
    machine = without_module()
    machine.texts["/etc/os-release"] = release
    assert command in only(machine, "v4l2loopback").hint


def test_a_version_that_is_known_to_be_broken_is_told() -> None:
    machine = FakeMachine()
    machine.texts["/sys/module/v4l2loopback/version"] = b"0.12.7\n"
    finding = only(machine, "v4l2loopback")
    assert finding.ok is False
    assert not finding.fatal
    assert "second time" in finding.message


def test_a_virtual_camera_without_exclusive_caps_is_told() -> None:
    finding = only(FakeMachine(devices=(WEBCAM, replace(LOOPBACK, shared=True))), "exclusive_caps")
    assert finding.ok is False
    assert "exclusive_caps=1" in finding.hint


def test_a_virtual_camera_that_another_program_feeds_stops_the_job_if_it_is_the_only_one() -> None:
    fed = replace(LOOPBACK, fed=True)
    machine = FakeMachine(devices=(WEBCAM, fed), busy={fed.path: ("obs (9)",)})
    finding = only(machine, "virtual camera")
    assert finding.fatal
    assert finding.hint == "Close obs (9)."
    other = replace(LOOPBACK, path="/dev/video11")
    assert works(FakeMachine(devices=(WEBCAM, fed, other)))


def test_our_own_service_may_feed_the_virtual_camera() -> None:
    assert works(FakeMachine(devices=(WEBCAM, replace(LOOPBACK, fed=True)), pid=7))


def test_a_camera_that_is_gone_after_a_restart_is_only_good_to_know() -> None:
    machine = FakeMachine()
    machine.texts["/etc/modules-load.d/camera.conf"] = b"#v4l2loopback\n"
    finding = only(machine, "after a restart")
    assert finding.ok is None
    assert "/etc/modules-load.d/v4l2loopback.conf" in finding.hint
    assert 'card_label="Virtual Camera"' in finding.hint


@pytest.mark.parametrize(
    ("version", "known"), [("0.15.0", True), ("0.13.1", True), ("0.12.5", None), ("1.0", True)]
)
def test_how_well_is_known_who_watches_is_told(version: str, known: bool | None) -> None:
    machine = FakeMachine()
    machine.texts["/sys/module/v4l2loopback/version"] = version.encode()
    finding = only(machine, "light off")
    assert finding.ok is known
    assert bool(finding.hint) is (known is None)
    assert found(without_module(), "light off") == []


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_where_nothing_tells_who_watches_a_pause_is_named(system: str) -> None:
    assert "vcam-emoji pause" in only(FakeMachine(system=system), "light off").hint


def test_a_webcam_that_the_settings_keep_on_is_told_of() -> None:
    finding = only(FakeMachine(chosen=choosing("standby.after_s", 0)), "light off")
    assert finding.ok is None
    assert "standby.after_s 10" in finding.hint


def choosing(key: str, value: object) -> Settings:
    return change(Settings(), key, value)


def test_settings_that_are_refused_are_told_of_and_nothing_else_falls_over() -> None:
    machine = FakeMachine(chosen=SettingsError("look.scale cannot be 9.", "Allowed: 0.5 to 3."))
    finding = only(machine, "settings")
    assert finding.ok is False
    assert finding.message == "look.scale cannot be 9."
    assert finding.hint == "Allowed: 0.5 to 3. Until then the defaults hold."
    assert works(machine)


def test_a_missing_pydantic_is_told_of_like_any_package() -> None:
    code = (
        "import sys; sys.modules['pydantic'] = None; from vcam_emoji import doctor;"
        "print(*(each.message for each in doctor.diagnose() if each.ok is False))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "The Python module pydantic is missing." in told.stdout


def test_an_emoji_set_of_ones_own_is_tried_and_the_shipped_one_stands_in() -> None:
    assert found(FakeMachine(), "your emoji set") == []
    assert only(FakeMachine(chosen=choosing("look.emoji_set", "me")), "your emoji set").ok
    machine = FakeMachine(chosen=choosing("look.emoji_set", "gone"))
    finding = only(machine, "your emoji set")
    assert finding.ok is False
    assert "the shipped one is shown" in finding.hint
    assert works(machine)


def test_a_camera_that_the_settings_name_and_nobody_has_keeps_the_picture_away() -> None:
    assert found(FakeMachine(), "your camera") == []
    assert found(FakeMachine(chosen=choosing("devices.camera", "hd web")), "your camera") == []
    machine = FakeMachine(chosen=choosing("devices.camera", "Brio"))
    finding = only(machine, "your camera")
    assert "Brio" in finding.message
    assert "HD Webcam" in finding.hint
    assert not works(machine)


def test_a_clip_instead_of_a_webcam_is_told_of() -> None:
    finding = only(FakeMachine(chosen=choosing("devices.camera", "demo")), "your camera")
    assert finding.ok is None
    assert "devices.camera 0" in finding.hint


def test_a_missing_tray_is_only_good_to_know() -> None:
    machine = FakeMachine(troubles={"tray": VcamEmojiError("There is no display.", "Go on.")})
    assert only(machine, "tray") == Finding("tray", None, "There is no display.", "Go on.")


@pytest.mark.parametrize("class_id", [doctor._OBS_CLASS, doctor._UNITY_CLASS])
def test_windows_needs_obs_or_unitycapture(class_id: str) -> None:
    assert works(FakeMachine("win32", devices=(WEBCAM,), classes=(class_id,)))
    bare = FakeMachine("win32", devices=(WEBCAM,))
    assert "obsproject.com" in only(bare, "virtual camera").hint
    assert not works(bare)


@pytest.mark.parametrize(
    ("obs", "macos", "listed", "well"),
    [
        (None, "14.1", "", False),
        ("30.1.2", "14.1", OBS_LISTED, True),
        ("30.1.2", "14.1", OBS_LISTED.replace("enabled", "waiting for user"), False),
        ("30.1.2", "14.1", "", False),
        ("29.0", "14.1", OBS_LISTED, False),
        ("30.1.2", "12.6", OBS_LISTED, False),
        ("", "14.1", OBS_LISTED, False),
    ],
)
def test_macos_needs_a_new_obs_that_was_allowed(
    obs: str | None, macos: str, listed: str, well: bool
) -> None:
    machine = FakeMachine("darwin", macos, devices=(WEBCAM,))
    machine.outputs["systemextensionsctl"] = listed
    if obs is not None:
        machine.texts[OBS_PLIST] = plistlib.dumps({"CFBundleShortVersionString": obs})
    assert only(machine, "virtual camera").ok is well
    assert works(machine) is well


@pytest.mark.parametrize("data", [b"", b"no list", b'<?xml version="1.0"?><plist><di'])
def test_a_broken_property_list_is_no_reason_to_crash(data: bytes) -> None:
    machine = FakeMachine("darwin", "14.1", devices=(WEBCAM,))
    machine.texts[OBS_PLIST] = data
    assert only(machine, "virtual camera").ok is False


def test_an_output_that_is_no_virtual_camera_is_told() -> None:
    assert found(FakeMachine(), "your output") == []
    there = FakeMachine(chosen=choosing("devices.output", LOOPBACK.path))
    assert found(there, "your output") == []
    film = only(FakeMachine(chosen=choosing("devices.output", "film.mp4")), "your output")
    assert film.ok is None
    gone = only(FakeMachine(chosen=choosing("devices.output", "/dev/video33")), "your output")
    assert gone.fatal
    assert "devices.output auto" in gone.hint


def test_the_exit_status_tells_whether_the_job_can_run(capsys: pytest.CaptureFixture[str]) -> None:
    status = doctor.run(argparse.Namespace(json=True))
    printed = json.loads(capsys.readouterr().out)
    assert status == (0 if printed["ok"] else 1)
    faults = [each for each in printed["findings"] if each["fatal"] and each["ok"] is False]
    assert printed["ok"] is not bool(faults)


def test_this_machine_answers_every_question() -> None:
    machine = ThisMachine()
    assert machine.read("/no/such/file") is None
    assert machine.files("/no/such/folder") == []
    assert machine.output("no-such-command") is None
    assert machine.package("no_such_module", "no-such-module") is None
    assert machine.package("numpy", "numpy")
    assert machine.package("numpy", "another-name-for-it") == ""
    assert not machine.registered("no such class")
