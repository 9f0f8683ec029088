"""The cameras and virtual cameras of this machine, and the command that lists them."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from vcam_emoji.errors import CameraError

if sys.platform == "linux":
    from vcam_emoji import v4l2

LOAD_MODULE = (
    'sudo modprobe v4l2loopback devices=1 video_nr=10 exclusive_caps=1 card_label="Virtual Camera"'
)
"""Makes a virtual camera that browsers list, until the next start of the machine."""

_WINDOWS_PATH = "\\\\?\\"
"""How the path of a device begins there."""

_VIRTUAL_NAMES = ("obs virtual", "unity video capture", "virtual camera", "vcam_emoji")
"""On Windows and macOS only the name tells that a camera is another program's picture."""


READABLE = (
    *("YUYV", "UYVY", "NV12", "NV21", "YU12", "YV12", "RGB3", "BGR3", "GREY"),
    *("MJPG", "JPEG"),
)
"""The picture formats that `capture` can turn into frames, those cheaper to decode first."""


@dataclass(frozen=True, slots=True)
class Format:
    """A picture format that a camera offers."""

    fourcc: str
    """Four letters, such as `MJPG` or `YUYV`."""
    width: int
    height: int
    fps: float
    """The highest rate at this size; 0 where the camera does not say."""


@dataclass(frozen=True, slots=True)
class CameraDevice:
    """A camera as a person picks it, or a virtual camera."""

    path: str
    """Device path on Linux; elsewhere what the system calls it, or empty."""
    name: str
    index: int | None
    """Its place among the real cameras, from 0; None for a virtual camera."""
    virtual: bool = False
    """It shows what a program sends, ours perhaps: never read from."""
    fed: bool = False
    """A virtual camera that some program is sending to, so that no other can."""
    shared: bool = False
    """A virtual camera that gives and takes at once, which browsers do not list."""
    number: int = 0
    """What OpenCV calls it, except on Linux."""
    trouble: str = ""
    """Why nothing more is known about it: permissions, mostly."""


def cameras() -> list[CameraDevice]:
    """All cameras and virtual cameras, real ones first by their index."""
    return _listed()


def find(wanted: str, known: list[CameraDevice] | None = None) -> CameraDevice:
    """The real camera that a person means by an index, a device path or part of a name.

    Args:
        wanted: An index counts the real cameras; where there are not so many it is the number of
            a device path.
        known: The cameras there are; looked up if not given.

    Raises:
        CameraError: if there is none, or if it is a virtual camera: reading our own output back
            would be a mirror before a mirror, and anyone else's would be no camera either.
    """
    known = cameras() if known is None else known
    chosen = _match(wanted, known)
    if chosen is None:
        raise CameraError(_missing(wanted), _choices(known))
    if chosen.virtual:
        raise CameraError(
            f"{chosen.name} ({chosen.path}) is a virtual camera, not a webcam.", _choices(known)
        )
    return chosen


def is_device(camera: str) -> bool:
    """Whether a camera is named by its index or its path, and so is no file."""
    return camera.isdecimal() or camera.startswith(("/dev/", _WINDOWS_PATH))


def is_webcam(camera: str) -> bool:
    """Whether that means a webcam, there or not, instead of the demo's clip, a file or a folder."""
    if camera == "demo":
        return False
    try:
        return is_device(camera) or not Path(camera).expanduser().exists()
    except (OSError, RuntimeError):  # nobody's home folder, or no name that a file can have
        return True


def _match(wanted: str, known: list[CameraDevice]) -> CameraDevice | None:
    real = [each for each in known if not each.virtual]
    if wanted.isdecimal():
        number = int(wanted)
        named = (each for each in real if each.path == f"/dev/video{number}")
        return next((each for each in real if each.index == number), None) or next(named, None)
    if wanted.startswith("/dev/"):
        path = os.path.realpath(wanted)  # /dev/v4l/by-id/... are links
        return next((each for each in known if each.path == path), None)
    part = wanted.casefold()
    by_path = [each for each in known if each.path == wanted]
    by_name = [each for each in real if each.name.casefold() == part]
    by_part = [each for each in [*real, *known] if part in each.name.casefold()]
    return next(iter([*by_path, *by_name, *by_part]), None)


def _missing(wanted: str) -> str:
    if wanted.isdecimal():
        return f"There is no camera number {wanted}." if int(wanted) else "No camera was found."
    if wanted.startswith("/dev/"):
        return f"There is no camera at {wanted}."
    return f"No camera is called anything like {wanted!r}."


def _choices(known: list[CameraDevice]) -> str:
    names = [f"{each.index} ({each.name})" for each in known if not each.virtual]
    if not names:
        return "Plug one in; it is taken as soon as it is there."
    return f"There is: {', '.join(names)}."


def holders(path: str) -> list[str]:
    """The other programs that hold a device open, such as `firefox (1234)`.

    Other people's programs are only seen by an administrator.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        with contextlib.suppress(OSError):
            if any(_leads_to(each, path) for each in (process / "fd").iterdir()):
                found.append(f"{(process / 'comm').read_text().strip()} ({process.name})")
    return found


def _leads_to(link: Path, path: str) -> bool:
    with contextlib.suppress(OSError):
        return str(link.readlink()) == path
    return False


# How each system lists its cameras.


def _in_sys(path: str, trouble: str) -> CameraDevice | None:
    """What the system tells of a device that may not be opened; None if it is no camera."""
    about = Path("/sys/class/video4linux") / Path(path).name
    try:
        if int((about / "index").read_text()):
            # A webcam's second device: it gives no pictures, only data about them.
            return None
        name = (about / "name").read_text().strip()
    except (OSError, ValueError):
        return None
    virtual = (about / "max_openers").exists()  # only v4l2loopback has it
    return CameraDevice(path, name, None, virtual, trouble=trouble)


def _is_fed(path: str) -> bool:
    """Whether some program sends to a virtual camera; since v4l2loopback 0.13 the system tells."""
    with contextlib.suppress(OSError):
        state = Path("/sys/class/video4linux") / Path(path).name / "state"
        return state.read_text().strip() == "capture"
    return False


def numbered(backend: int) -> list[tuple[int, str, str]]:
    """The number that one of OpenCV's backends gives to each camera, its name and its path."""
    from cv2_enumerate_cameras import enumerate_cameras

    return [(each.index, each.name, each.path or "") for each in enumerate_cameras(backend)]


if sys.platform == "linux":

    def _listed() -> list[CameraDevice]:
        real: list[CameraDevice] = []
        virtual: list[CameraDevice] = []
        for path in v4l2.paths():
            try:
                with v4l2.Device(path) as device:
                    about = device.identity()
            except OSError as error:
                hidden = _in_sys(path, os.strerror(error.errno or 0))
                if hidden is not None:
                    (virtual if hidden.virtual else real).append(hidden)
                continue
            if about.virtual:
                shared = about.captures and about.takes
                fed = not about.takes or (shared and _is_fed(path))
                virtual.append(CameraDevice(path, about.name, None, True, fed, shared))
            elif about.captures:
                real.append(CameraDevice(path, about.name, None))
        numbered = [replace(each, index=index) for index, each in enumerate(real)]
        return numbered + virtual

else:

    def _listed() -> list[CameraDevice]:
        import cv2

        system = cv2.CAP_MSMF if sys.platform == "win32" else cv2.CAP_AVFOUNDATION
        real: list[CameraDevice] = []
        virtual: list[CameraDevice] = []
        for number, name, path in numbered(system):
            if any(part in name.casefold() for part in _VIRTUAL_NAMES):
                virtual.append(CameraDevice(path, name, None, True, number=number))
            else:
                real.append(CameraDevice(path, name, len(real), number=number))
        return real + virtual


# vcam-emoji devices


@dataclass(frozen=True, slots=True)
class Details:
    """What `devices` prints of one camera."""

    index: int | None
    path: str
    name: str
    virtual: bool
    busy: bool | None
    """None where it cannot be told without opening the camera."""
    held_by: tuple[str, ...]
    formats: tuple[Format, ...]
    trouble: str


def details(camera: CameraDevice) -> Details:
    busy: bool | None = None
    formats: tuple[Format, ...] = ()
    trouble = camera.trouble
    held_by = tuple(holders(camera.path)) if camera.path.startswith("/dev/") else ()
    if sys.platform == "linux" and not trouble:
        try:
            with v4l2.Device(camera.path) as device:
                if not camera.virtual:
                    busy = device.busy()
                    formats = tuple(
                        Format(each.fourcc, each.width, each.height, round(each.fps, 2))
                        for each in device.offers(READABLE)
                    )
        except OSError as error:
            trouble = os.strerror(error.errno or 0)
    return Details(
        camera.index, camera.path, camera.name, camera.virtual, busy, held_by, formats, trouble
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--json` is every command's; there is nothing else to say."""


def run(arguments: argparse.Namespace) -> int:
    found = [details(each) for each in cameras()]
    if arguments.json:
        print(json.dumps({"devices": [asdict(each) for each in found]}))
        return 0
    if not found:
        print("There are no cameras here, virtual ones neither. See: vcam-emoji doctor")
    for each in found:
        print(_line(each))
        for text in _format_lines(each.formats):
            print(f"     {text}")
    return 0


def _line(about: Details) -> str:
    mark = "  " if about.index is None else f"{about.index:>2}"
    notes = [
        "virtual, for --output" if about.virtual else "",
        "busy" if about.busy else "",
        f"held by {', '.join(about.held_by)}" if about.held_by else "",
        about.trouble,
    ]
    said = "; ".join(each for each in notes if each)
    where = f"  {about.path}" if about.path else ""
    return f"{mark}  {about.name}{where}" + (f"  [{said}]" if said else "")


def _format_lines(formats: tuple[Format, ...]) -> list[str]:
    """One line for each fourcc: `MJPG  640x480@30 1280x720@30`."""
    lines: dict[str, list[str]] = {}
    for each in formats:
        rate = f"@{each.fps:g}" if each.fps else ""
        lines.setdefault(each.fourcc, []).append(f"{each.width}x{each.height}{rate}")
    return [f"{fourcc}  {' '.join(sizes)}" for fourcc, sizes in lines.items()]
