"""Runs inside the camera lab: acts out one scene with real devices and writes down what it saw.

Nothing is judged here: the scene's report is JSON, and the tests outside look at it.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from vcam_emoji import control, devices, paths, settings
from vcam_emoji.commands import Command, GetStatus, Quit, SetSetting, State, Status
from vcam_emoji.errors import ControlError
from vcam_emoji.settings import Settings, Standby
from vcam_emoji.types import Emotion

Report: TypeAlias = dict[str, Any]

assert sys.platform == "linux"  # for mypy: there is no such lab elsewhere

HOME = Path("/tmp/vcam-emoji-guest")
PATIENCE_S = 60.0
"""Generous, because the guest is slow and its machine may be busy."""
BROWSER = os.environ.get("VCAM_LAB_BROWSER", "browser-client")


@dataclass
class Service:
    """The service, as a person runs it."""

    process: subprocess.Popen[bytes]

    def status(self) -> Status | None:
        try:
            return control.ask(GetStatus())
        except ControlError:
            return None

    def until(self, holds: Callable[[Status], bool]) -> Report:
        """The first status for which something holds, or the last one before patience ended."""
        end = time.monotonic() + PATIENCE_S
        status = None
        while time.monotonic() < end and self.process.poll() is None:
            status = self.status()
            if status is not None and holds(status):
                break
            time.sleep(0.1)
        return status.to_json() if status is not None else {}

    def live(self) -> Report:
        return self.until(lambda status: status.state == State.LIVE and not status.trouble)

    def troubled(self) -> Report:
        return self.until(lambda status: bool(status.trouble))

    def without_camera(self) -> Report:
        return self.until(lambda status: bool(status.trouble) and status.state == State.NO_CAMERA)

    def do(self, command: Command) -> None:
        control.ask(command, timeout_s=PATIENCE_S)


def command_line(*words: str) -> list[str]:
    return [sys.executable, "-m", "vcam_emoji.cli", *words]


@contextmanager
def service(*words: str) -> Iterator[Service]:
    process = subprocess.Popen(command_line("run", "--no-tray", *words))
    try:
        yield Service(process)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()


def browser(*words: str) -> Report:
    """What headless Chromium sees of the virtual camera."""
    done = subprocess.run(
        [BROWSER, "--label", "virtual cam", "--wait", "30", *words], capture_output=True, text=True
    )
    try:
        seen: Report = json.loads(done.stdout)
    except ValueError:
        seen = {"error": done.stdout + done.stderr}
    return seen


def shell(line: str) -> int:
    return subprocess.run(line, shell=True).returncode


def meeting(x: str, y: str, png: str, frames: str) -> Report:
    """The service reads the webcam and a browser watches; the face is at (x, y)."""
    from tests.fakes import disc_set
    from vcam_emoji import emoji_set
    from vcam_emoji.commands import Pin

    emoji_set.save(disc_set(), paths.emoji_sets() / "discs")
    started = ("--camera", "/dev/video0", "--output", "/dev/video10", "--set", "discs")
    report: Report = {}
    with service(*started) as first:
        report["live"] = first.live()
        first.do(Pin("angry"))
        report["seen"] = browser("--frames", frames, "--png", png, "--pixel", f"{x},{y}")
        report["after"] = first.until(lambda _: True)
        again = subprocess.run(command_line("run", "--no-tray"), capture_output=True, text=True)
        report["second_start"] = {"status": again.returncode, "said": again.stderr}
        first.do(Quit())
        report["ended"] = first.process.wait(PATIENCE_S)
    with service(*started, "--mode", "card") as second:
        report["second_run"] = second.until(lambda status: bool(status.output))
        report["second_seen"] = browser("--frames", "5", "--skip", "0")
        second.process.send_signal(signal.SIGTERM)
        report["terminated"] = second.process.wait(PATIENCE_S)
    return report


def on_demand() -> Report:
    """Nobody watches, then a browser lists cameras, then it shows one and goes again."""
    report: Report = {}
    words = ("--camera", "0", "--output", "auto", "--mode", "off", "--size", "640x360")
    feeders = devices.holders("/dev/video0")
    with service(*words) as resting:

        def now(state: State) -> Report:
            status = resting.until(lambda status: status.state == state)
            filmed = [each for each in devices.holders("/dev/video0") if each not in feeders]
            return {"status": status, "filmed_by": filmed}

        report["before"] = now(State.STANDBY)
        report["listed"] = browser("--list")
        report["after_listing"] = now(State.STANDBY)
        asked = ("--frames", "60", "--pixel", "80,60")
        watching = threading.Thread(target=lambda: report.update(seen=browser(*asked)))
        watching.start()
        report["watched"] = now(State.LIVE)
        watching.join()
        resting.do(SetSetting("standby.after_s", 1))
        report["after"] = now(State.STANDBY)
    return report


def openers() -> Report:
    """The same without the driver's help: counted by who opens the virtual camera."""
    from vcam_emoji.viewers import LOOKED_AT_S, Openers
    from vcam_emoji.virtual_camera import open_sink

    picture = np.full((360, 640, 3), 90, np.uint8)
    report: Report = {}
    with closing(open_sink("auto", 640, 360, 30)) as sink:
        counting = Openers("/dev/video10")

        def any_within(seconds: float) -> bool:
            """Whether it came to be watched while pictures were sent for so long."""
            end, seen = time.monotonic() + seconds, False
            while time.monotonic() < end:
                sink.send(picture)
                time.sleep(0.03)
                seen = seen or counting.any
            return seen

        report["before"] = any_within(0.2)
        for _ in range(3):
            os.close(os.open("/dev/video10", os.O_RDWR))
        report["listed"] = any_within(2 * LOOKED_AT_S)
        watching = subprocess.Popen(
            shlex.split("v4l2-ctl -d /dev/video10 --stream-mmap --stream-count=0"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        report["watched"] = any_within(5.0)
        watching.terminate()
        watching.wait()
        report["after"] = any_within(0.2)
        counting.close()
    return report


def plain() -> Report:
    """The webcam's own colours, unchanged, in a browser."""
    with service("--camera", "0", "--output", "auto", "--mode", "off", "--size", "640x360") as live:
        status = live.live()
        corners = ("80,60", "560,60", "80,300", "560,300")
        words = [word for corner in corners for word in ("--pixel", corner)]
        return {"status": status, "seen": browser("--frames", "20", *words)}


def troubles() -> Report:
    """A camera that is busy, unplugged and plugged in again."""
    report: Report = {}
    holder = subprocess.Popen(
        shlex.split("v4l2-ctl -d /dev/video20 --stream-mmap --stream-count=0"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    words = ("--camera", "vivid", "--output", "auto", "--mode", "off", "--size", "640x360")
    with service(*words) as live:
        report["busy"] = live.without_camera()
        done = subprocess.run(command_line("doctor", "--json"), capture_output=True, text=True)
        report["doctor"] = json.loads(done.stdout)
        report["devices"] = json.loads(
            subprocess.run(command_line("devices", "--json"), capture_output=True).stdout
        )
        holder.terminate()
        report["free"] = live.live()
        shell("echo vivid.0 > /sys/bus/platform/drivers/vivid/unbind")
        report["unplugged"] = live.without_camera()
        shell("echo vivid.0 > /sys/bus/platform/drivers/vivid/bind")
        report["plugged"] = live.live()
        shell("v4l2-ctl -d /dev/video20 -c disconnect=1")
        frames = report["plugged"].get("frames", 0)
        report["reset"] = live.until(lambda status: status.frames > frames + 30)
    return report


def stall() -> Report:
    """The webcam falls silent without a word, and speaks again."""
    (fed_by,) = devices.holders("/dev/video0")
    feeder = int(fed_by.rpartition("(")[2].rstrip(")"))
    report: Report = {}
    with service("--camera", "0", "--output", "auto", "--mode", "off", "--size", "640x360") as live:
        report["live"] = live.live()
        os.kill(feeder, signal.SIGSTOP)
        report["silent"] = live.without_camera()
        os.kill(feeder, signal.SIGCONT)
        report["again"] = live.live()
    return report


def no_module() -> Report:
    """No virtual camera at first; then the doctor's own command makes one."""
    report: Report = {}
    words = ("--camera", "0", "--output", "auto", "--mode", "off", "--size", "640x360")
    with service(*words) as live:
        report["missing"] = live.troubled()
        done = subprocess.run(command_line("doctor", "--json"), capture_output=True, text=True)
        report["doctor"] = {"status": done.returncode, **json.loads(done.stdout)}
        (finding,) = (each for each in report["doctor"]["findings"] if each["name"] == MODULE)
        command = finding["hint"].removeprefix("Run: ")
        report["loaded"] = shell(command.replace("sudo ", ""))
        report["live"] = live.live()
    return report


def own_output() -> Report:
    """The virtual camera asked for as the webcam, while another program feeds it."""
    feed = subprocess.Popen(
        shlex.split(
            "ffmpeg -v error -re -f lavfi -i testsrc=size=640x360:rate=15 "
            "-pix_fmt yuv420p -f v4l2 /dev/video10"
        )
    )
    try:
        with service("--camera", "/dev/video10", "--output", "none", "--mode", "off") as live:
            refused = live.troubled()
        with service("--camera", "0", "--output", "auto", "--mode", "off") as live:
            return {"refused": refused, "taken": live.troubled()}
    finally:
        feed.terminate()
        feed.wait()


def watcher() -> Report:
    """A program watches the virtual camera while the one that feeds it starts with another size."""
    from vcam_emoji.virtual_camera import open_sink

    report: Report = {}

    def size(width: int, height: int) -> Iterator[tuple[int, int]]:
        with closing(open_sink("auto", width, height, 30)) as sink:
            for _ in range(10):
                sink.send(np.full((sink.size[1], sink.size[0], 3), 90, np.uint8))
                time.sleep(0.03)
                yield sink.size

    sizes = size(640, 360)
    next(sizes)
    watching = subprocess.Popen(
        shlex.split("v4l2-ctl -d /dev/video10 --stream-mmap --stream-count=0"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    report["first"] = list(sizes)[-1]
    report["while_watched"] = list(size(320, 240))[-1]
    watching.terminate()
    watching.wait()
    report["then"] = list(size(320, 240))[-1]
    return report


def selfie() -> Report:
    """A person makes their own set before the webcam."""
    words = ("make", "--camera", "/dev/video0", "--name", "own", "--size", "64")
    done = subprocess.run(
        [sys.executable, "-m", "generator.cli", *words], capture_output=True, text=True
    )
    sets = HOME / "data_home" / "vcam_emoji" / "emoji"
    kept = {each.name for each in HOME.rglob("*") if each.is_file()}
    return {
        "status": done.returncode,
        "told": done.stderr,
        "said": done.stdout,
        "set": sorted(each.name for each in (sets / "own").glob("*.png")),
        "pictures_elsewhere": sorted(
            each for each in kept if each.endswith((".png", ".jpg")) and not _of_set(each)
        ),
    }


def _of_set(name: str) -> bool:
    return name.split("-")[0].removesuffix(".png") in set(Emotion)


MODULE = "v4l2loopback"
SCENES: dict[str, Callable[..., Report]] = {
    "meeting": meeting,
    "on_demand": on_demand,
    "openers": openers,
    "plain": plain,
    "troubles": troubles,
    "no_module": no_module,
    "own_output": own_output,
    "watcher": watcher,
    "stall": stall,
    "selfie": selfie,
}


def main(name: str, report: str, *words: str) -> None:
    for each in ("RUNTIME_DIR", "CONFIG_HOME", "DATA_HOME", "STATE_HOME"):
        folder = HOME / each.lower()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.environ[f"XDG_{each}"] = str(folder)
    if name != "on_demand":
        # Most scenes are about the camera, and nobody watches in them.
        kept = Settings(standby=Standby(after_s=0))
        settings.save(kept, paths.settings_file())
    Path(report).write_text(json.dumps(SCENES[name](*words)))


if __name__ == "__main__":
    main(*sys.argv[1:])
