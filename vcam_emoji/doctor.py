"""What is wrong with this machine, and the command that mends it."""

from __future__ import annotations

import argparse
import json
import os
import plistlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from xml.parsers.expat import ExpatError

from vcam_emoji import devices
from vcam_emoji.devices import LOAD_MODULE, CameraDevice
from vcam_emoji.errors import CameraError, SettingsError
from vcam_emoji.machine import Choices, Machine, ThisMachine


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    name: str
    ok: bool | None
    """None: only good to know."""
    message: str
    """One sentence."""
    hint: str = ""
    """What to do: a command, or a sentence; empty where all is well."""
    fatal: bool = False
    """While this is wrong, no picture can get from the webcam to the virtual camera."""


def diagnose(machine: Machine | None = None) -> list[Finding]:
    """Look at everything that the service needs."""
    machine = machine or ThisMachine()
    findings = [*_packages(machine), *_parts(machine)]
    choices = None
    try:
        choices = machine.choices()
        findings += [Finding("settings", True, "They can be read."), *_own_set(machine, choices)]
    except SettingsError as error:
        hint = f"{error.hint} Until then the defaults hold."
        findings.append(Finding("settings", False, error.message, hint.lstrip()))
    findings += _webcams(machine)
    if choices is not None:
        findings += _chosen_camera(machine, choices.camera)
        findings += _chosen_output(machine, choices.output)
    match machine.system:
        case "linux":
            findings += [*_module(machine), *_loopbacks(machine), *_after_restart(machine)]
        case "win32":
            findings += _virtual_camera_on_windows(machine)
        case "darwin":
            findings += _virtual_camera_on_macos(machine)
    return [*findings, *_at_rest(machine, choices), *_tray(machine), *_service(machine)]


# Our own parts.

_PACKAGES = (
    ("numpy", "numpy"),
    ("cv2", "opencv-python"),
    ("ai_edge_litert", "ai-edge-litert"),
    ("pyvirtualcam", "pyvirtualcam"),
    ("pydantic", "pydantic"),
    ("platformdirs", "platformdirs"),
    ("PIL", "pillow"),
    ("pystray", "pystray"),
    ("rich", "rich"),
)


def _packages(machine: Machine) -> Iterator[Finding]:
    found = {name: machine.package(module, name) for module, name in _PACKAGES}
    missing = [name for name, version in found.items() if version is None]
    if missing:
        yield Finding(
            "packages",
            False,
            f"Python packages are missing: {', '.join(missing)}.",
            f"Run: python -m pip install {' '.join(missing)}",
            fatal=True,
        )
        return
    versions = ", ".join(f"{name} {version}".strip() for name, version in found.items())
    yield Finding("packages", True, f"All are there: {versions}.")


def _parts(machine: Machine) -> Iterator[Finding]:
    # Without emotions every face is merely neutral; without the other two nothing is shown.
    for what, fatal in (("faces", True), ("emotions", False), ("emoji set", True)):
        error = machine.trouble_with(what)
        if error is None:
            yield Finding(what, True, "It loads.")
        else:
            yield Finding(what, False, error.message, error.hint, fatal)


# What the person chose.


def _own_set(machine: Machine, choices: Choices) -> Iterator[Finding]:
    if not choices.own_set:
        return
    error = machine.trouble_with_set(choices.own_set)
    if error is None:
        yield Finding("your emoji set", True, f"{choices.own_set} loads.")
    else:
        hint = f"{error.hint} Until then the shipped one is shown."
        yield Finding("your emoji set", False, error.message, hint.lstrip())


def _chosen_camera(machine: Machine, wanted: str) -> Iterator[Finding]:
    """What `devices.camera` says, where that is not simply a webcam that is there."""
    name, known = "your camera", machine.cameras()
    if not devices.is_webcam(wanted):
        yield Finding(
            name,
            None,
            f"The settings name {wanted} instead of a webcam.",
            "For the webcam: vcam-emoji settings set devices.camera 0",
        )
    elif any(not each.virtual for each in known):
        try:
            devices.find(wanted, known)
        except CameraError as error:
            hint = f"{error.hint} Choose with: vcam-emoji settings set devices.camera 0"
            yield Finding(name, False, error.message, hint, fatal=True)


def _chosen_output(machine: Machine, wanted: str) -> Iterator[Finding]:
    """What `devices.output` says, where it leads to no virtual camera."""
    name, cure = "your output", "vcam-emoji settings set devices.output auto"
    if wanted == "none" or wanted.lower().endswith(".mp4"):
        what = "nowhere" if wanted == "none" else f"into {wanted}"
        message = f"The settings send the picture {what}, and not to a virtual camera."
        yield Finding(name, None, message, f"For the virtual camera: {cure}")
    elif machine.system == "linux" and wanted.startswith("/dev/"):
        path = os.path.realpath(wanted)
        if not any(each.virtual and each.path == path for each in machine.cameras()):
            message = f"There is no virtual camera at {wanted}, which the settings name."
            yield Finding(name, False, message, f"Run: {cure}", fatal=True)


# Webcams.


def _webcams(machine: Machine) -> Iterator[Finding]:
    real = [each for each in machine.cameras() if not each.virtual]
    if not real:
        yield Finding(
            "camera",
            False,
            "No webcam was found.",
            "Plug one in. To see it work without one: vcam-emoji demo",
            fatal=True,
        )
    usable = any(not each.trouble for each in real)
    for each in real:
        yield _webcam(each, machine, alone=not usable)


def _webcam(camera: CameraDevice, machine: Machine, alone: bool) -> Finding:
    about = machine.details(camera)
    where = f"{camera.name} ({camera.path})" if camera.path else camera.name
    if about.trouble:
        return Finding(
            "camera", False, f"{where}: {about.trouble.lower()}.", _permission(machine), fatal=alone
        )
    if about.busy:
        by = [each for each in about.held_by if not each.endswith(f"({machine.service_pid()})")]
        if about.held_by and not by:
            return Finding("camera", True, f"{where} is used by the running service.")
        who = ", ".join(by) or "another program"
        return Finding(
            "camera",
            False,
            f"{where} is used by {who}.",
            f"Close {who}; the camera is then taken by itself.",
        )
    return Finding("camera", True, f"{where} can be used.")


def _permission(machine: Machine) -> str:
    if machine.system == "linux":
        return "Run: sudo usermod -aG video $USER, then log out and in again."
    return "Allow cameras in the privacy settings of the system."


# Virtual cameras on Linux: the kernel module v4l2loopback.

_MODULE = "/sys/module/v4l2loopback"
_SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
_BROKEN = {"0.12.7": "it fails when a program uses it for the second time"}
"""Versions of v4l2loopback that cannot be worked with, and why."""
_SOURCE = "https://github.com/v4l2loopback/v4l2loopback"


def _module(machine: Machine) -> Iterator[Finding]:
    version = _text(machine, f"{_MODULE}/version")
    loaded = bool(version) or any(each.virtual for each in machine.cameras())
    if not loaded:
        yield from _not_loaded(machine)
    elif version in _BROKEN:
        yield Finding(
            "v4l2loopback",
            False,
            f"Version {version} is loaded: {_BROKEN[version]}.",
            f"Install version 0.13 or newer: {_SOURCE}",
        )
    else:
        yield Finding("v4l2loopback", True, f"Version {version or '(unknown)'} is loaded.")


def _not_loaded(machine: Machine) -> Iterator[Finding]:
    version = (machine.output("modinfo", "-F", "version", "v4l2loopback") or "").strip()
    if version:
        yield Finding(
            "v4l2loopback",
            False,
            f"The kernel module is installed (version {version}) but not loaded.",
            f"Run: {LOAD_MODULE}",
            fatal=True,
        )
        if _secure_boot(machine):
            yield Finding(
                "secure boot",
                None,
                "Secure Boot is on: the kernel takes only modules signed with a key it knows.",
                f"If modprobe says 'Key was rejected', run: sudo mokutil --import {_key(machine)} "
                "(then restart and choose 'Enroll MOK').",
            )
    else:
        yield Finding(
            "v4l2loopback",
            False,
            "The kernel module that makes virtual cameras is not installed.",
            f"Run: {_install(machine)} && {LOAD_MODULE}",
            fatal=True,
        )


def _secure_boot(machine: Machine) -> bool:
    data = machine.read(_SECURE_BOOT)
    # Four bytes of attributes, then the value.
    return data is not None and data.endswith(b"\x01")


def _distribution(machine: Machine) -> set[str]:
    """The distribution's name and those that it derives from."""
    said = re.findall(r'^ID(?:_LIKE)?="?([^"\n]*)"?$', _text(machine, "/etc/os-release"), re.M)
    return set(" ".join(said).split())


def _install(machine: Machine) -> str:
    ids = _distribution(machine)
    if "fedora" in ids or "rhel" in ids:
        # In RPM Fusion, which its users know to enable.
        return "sudo dnf install v4l2loopback"
    if "arch" in ids:
        return "sudo pacman -S v4l2loopback-dkms"
    if "suse" in ids or "opensuse" in ids:
        return "sudo zypper install v4l2loopback-kmp-default"
    return "sudo apt install v4l2loopback-dkms"


def _key(machine: Machine) -> str:
    """Where the distribution keeps the key that it signs its own builds of modules with."""
    if "ubuntu" in _distribution(machine):
        return "/var/lib/shim-signed/mok/MOK.der"
    return "/var/lib/dkms/mok.pub"


def _loopbacks(machine: Machine) -> Iterator[Finding]:
    found = [each for each in machine.cameras() if each.virtual]
    usable = any(not _trouble(each, machine) for each in found)
    for each in found:
        where = f"{each.name} ({each.path})"
        trouble = _trouble(each, machine)
        if trouble:
            message, hint = trouble
            yield Finding("virtual camera", False, f"{where} {message}", hint, fatal=not usable)
        else:
            yield Finding("virtual camera", True, f"{where} can be used.")
        if each.shared:
            yield Finding(
                "exclusive_caps",
                False,
                f"{where} was made without exclusive_caps=1, so browsers do not list it.",
                f"Close what uses it and run: sudo modprobe -r v4l2loopback && {LOAD_MODULE}",
            )


def _trouble(camera: CameraDevice, machine: Machine) -> tuple[str, str] | None:
    """What is wrong with a virtual camera, and the cure."""
    if camera.trouble:
        return f"may not be used: {camera.trouble.lower()}.", _permission(machine)
    if camera.fed and machine.service_pid() is None:
        who = ", ".join(machine.details(camera).held_by) or "the program that sends to it"
        return "already gets its picture from another program.", f"Close {who}."
    return None


def _after_restart(machine: Machine) -> Iterator[Finding]:
    folders = ("/etc/modules-load.d", "/usr/lib/modules-load.d")
    files = ["/etc/modules", *(each for folder in folders for each in machine.files(folder))]
    wanted = re.compile(r"^\s*v4l2loopback\b", re.M)
    if any(wanted.search(_text(machine, each)) for each in files):
        yield Finding("after a restart", True, "The virtual camera is made again by itself.")
        return
    options = LOAD_MODULE.partition("v4l2loopback ")[2]
    yield Finding(
        "after a restart",
        None,
        "The virtual camera has to be made again after a restart.",
        "To have it made by itself, run: "
        "echo v4l2loopback | sudo tee /etc/modules-load.d/v4l2loopback.conf && "
        f"echo 'options v4l2loopback {options}' | sudo tee /etc/modprobe.d/v4l2loopback.conf",
    )


def _text(machine: Machine, path: str) -> str:
    return (machine.read(path) or b"").decode("utf-8", "replace").strip()


# Virtual cameras elsewhere: OBS and UnityCapture.

_OBS_CLASS = "A3FCE0F5-3493-419F-958A-ABA1250EC20B"
_UNITY_CLASS = "5C2CD55C-92AD-4999-8666-912BD3E70010"
_GET_OBS = "Install OBS Studio from https://obsproject.com, start its virtual camera once, stop it."


def _virtual_camera_on_windows(machine: Machine) -> Iterator[Finding]:
    names = {"OBS Virtual Camera": _OBS_CLASS, "Unity Video Capture": _UNITY_CLASS}
    found = [name for name, class_id in names.items() if machine.registered(class_id)]
    if found:
        yield Finding("virtual camera", True, f"{' and '.join(found)} can be used.")
    else:
        yield Finding("virtual camera", False, "No virtual camera was found.", _GET_OBS, fatal=True)


def _virtual_camera_on_macos(machine: Machine) -> Iterator[Finding]:
    about = machine.read("/Applications/OBS.app/Contents/Info.plist")
    if about is None:
        yield Finding("virtual camera", False, "OBS is not installed.", _GET_OBS, fatal=True)
        return
    try:
        version = str(plistlib.loads(about).get("CFBundleShortVersionString", ""))
    except (plistlib.InvalidFileException, ExpatError, ValueError):
        version = ""
    if _first(version) < 30 or _first(machine.release) < 13:
        yield Finding(
            "virtual camera",
            False,
            f"OBS {version} on macOS {machine.release} has no virtual camera for other programs.",
            "OBS 30 or newer on macOS 13 or newer has: https://obsproject.com",
            fatal=True,
        )
        return
    listed = machine.output("systemextensionsctl", "list") or ""
    lines = (each for each in listed.splitlines() if "obs-studio.mac-camera-extension" in each)
    if any("activated enabled" in each for each in lines):
        yield Finding("virtual camera", True, f"OBS Virtual Camera ({version}) can be used.")
    else:
        yield Finding(
            "virtual camera",
            False,
            "OBS is installed, but its virtual camera is not allowed yet.",
            "Start the virtual camera in OBS once and allow it in System Settings; then close OBS.",
            fatal=True,
        )


def _first(version: str) -> int:
    number = re.match(r"\d+", version)
    return int(number[0]) if number else 0


# What is good to have.


_TELLS_WHO_STREAMS = (0, 13)
"""Version of v4l2loopback."""


def _at_rest(machine: Machine, choices: Choices | None) -> Iterator[Finding]:
    """Whether the webcam's light can go out while nobody watches."""
    name = "light off"
    if choices is not None and choices.keeps_camera_on:
        yield Finding(
            name,
            None,
            "The settings keep the webcam on even while nobody watches.",
            "For its light to go out: vcam-emoji settings set standby.after_s 10",
        )
        return
    if machine.system != "linux":
        yield Finding(
            name,
            None,
            "This system does not tell who watches, so the webcam stays on while the service runs.",
            "A pause lets go of it: vcam-emoji pause",
        )
        return
    version = _text(machine, f"{_MODULE}/version")
    if not version:
        return
    if tuple(map(int, re.findall(r"\d+", version)[:2])) >= _TELLS_WHO_STREAMS:
        yield Finding(name, True, "The webcam is on only while a program shows the virtual camera.")
    else:
        yield Finding(
            name,
            None,
            f"v4l2loopback {version} does not tell who watches, so the webcam is on while any "
            "program has the virtual camera open.",
            f"Version 0.13 tells: {_SOURCE}",
        )


def _tray(machine: Machine) -> Iterator[Finding]:
    error = machine.trouble_with("tray")
    if error is None:
        yield Finding("tray", True, "An icon with a menu can be shown.")
    else:
        yield Finding("tray", None, error.message, error.hint)


def _service(machine: Machine) -> Iterator[Finding]:
    pid = machine.service_pid()
    if pid is None:
        yield Finding("service", None, "The service is not running.", "Run: vcam-emoji run")
    else:
        yield Finding("service", True, f"The service is running (process {pid}).")


# vcam-emoji doctor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--json` is every command's; there is nothing else to say."""


def run(arguments: argparse.Namespace) -> int:
    """Print what was found.

    Returns:
        1 if something keeps the main job from running, else 0.
    """
    findings = diagnose()
    works = not any(each.fatal and each.ok is False for each in findings)
    if arguments.json:
        print(json.dumps({"ok": works, "findings": [asdict(each) for each in findings]}))
    else:
        for each in findings:
            print(f"{_MARKS[each.ok]}  {each.name}: {each.message}")
            if each.hint:
                print(f"      {each.hint}")
        print(_closing(findings, works))
    return 0 if works else 1


_MARKS = {True: "ok  ", False: "BAD ", None: "note"}


def _closing(findings: list[Finding], works: bool) -> str:
    if not works:
        return "vcam-emoji cannot work here until this is mended, from the top."
    if any(each.ok is False for each in findings):
        return "vcam-emoji can work here, but not everything is well."
    return "All is well."
