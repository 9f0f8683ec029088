"""`vcam-emoji calibrate`: have one's own face at rest read as neutral.

Through the running service if there is one, with its frames and its tracker; else the camera is
opened for as long as it takes. Photos are read without either.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

from vcam_emoji.commands import (
    Calibrate,
    CalibrationStatus,
    Command,
    GetSettings,
    GetStatus,
    ResetCalibration,
    SetSetting,
    State,
    Status,
)
from vcam_emoji.errors import CalibrationError, CameraError, NotRunningError, UsageError

if TYPE_CHECKING:
    from vcam_emoji.calibration import Scores

Handle: TypeAlias = Callable[[Command], Status]

_OTHERS = ("angry", "disgust", "fear", "happy", "sad", "surprise")
_POLL_S = 0.1
_OPENING_S = 15.0
_MISSING_S = 3.0
"""For so long the trouble may be another one, with the camera about to come."""
_PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
_BAR = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "emotions",
        nargs="*",
        metavar="EMOTION",
        help=f"to show after neutral, so that they are kept: {', '.join(_OTHERS)}",
    )
    parser.add_argument("--seconds", type=float, default=4.0, help="of each (%(default)s)")
    parser.add_argument(
        "--countdown", type=float, default=3.0, help="seconds before each (%(default)s)"
    )
    parser.add_argument("--camera", metavar="CAMERA", help="while no service runs: as for 'run'")
    parser.add_argument(
        "--neutral", nargs="+", type=Path, metavar="FILE", help="photos of your face at rest"
    )
    parser.add_argument(
        "--photos",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="photos named by their emotion (happy.jpg, sad-2.png), or folders with such names",
    )
    parser.add_argument("--reset", action="store_true", help="be read like everyone else again")


def run(arguments: argparse.Namespace) -> int:
    unknown = [each for each in arguments.emotions if each not in _OTHERS]
    if unknown:
        raise UsageError(
            f"There is no emotion {unknown[0]!r} to show.", f"Choose of: {', '.join(_OTHERS)}."
        )
    if (arguments.neutral or arguments.photos) and (arguments.emotions or arguments.camera):
        raise UsageError("Photos take no camera.", "Name photos by their emotion: happy.jpg.")
    if arguments.reset:
        _keep({}, ResetCalibration())
        print(json.dumps({"offsets": {}}) if arguments.json else "Calibration removed.")
        return 0
    if arguments.neutral or arguments.photos:
        found, own = _from_photos(_named(arguments.neutral or (), arguments.photos or ()))
        _keep(own, SetSetting("calibration", own))
    else:
        shown = None if arguments.json else sys.stderr
        with _service(arguments.camera) as handle:
            for emotion in ("neutral", *dict.fromkeys(arguments.emotions)):
                found = recorded(handle, emotion, arguments.seconds, arguments.countdown, shown)
            own = dict(handle(GetSettings()).settings["calibration"])
    if arguments.json:
        print(json.dumps({"offsets": own, **_plain(found)}))
    else:
        print("\n".join(sentences(found)))
    return 0


# From the camera.


@contextlib.contextmanager
def _service(camera: str | None) -> Iterator[Handle]:
    """The running service, or one of our own that publishes nowhere."""
    from vcam_emoji.control import ask

    try:
        ask(GetStatus())
    except NotRunningError:
        pass
    else:
        if camera is not None:
            raise UsageError("The running service has its camera already.", "Leave out --camera.")
        yield ask
        return
    from vcam_emoji import paths
    from vcam_emoji.service import Service
    from vcam_emoji.settings import SettingsStore

    overrides = {"devices.output": "none", "look.mode": "replace"}
    if camera is not None:
        overrides["devices.camera"] = camera
    service = Service(SettingsStore(paths.settings_file(), overrides))
    service.start()
    try:
        _wait_for_frames(service.handle)
        yield service.handle
    finally:
        service.close()


def _wait_for_frames(handle: Handle) -> None:
    began = time.monotonic()
    while (status := handle(GetStatus())).state not in (State.LIVE, State.HIDDEN):
        waited = time.monotonic() - began
        missing = status.state == State.NO_CAMERA and status.trouble
        if waited > (_MISSING_S if missing else _OPENING_S):
            raise CameraError(
                status.trouble or "No picture came from the camera.", "See: vcam-emoji doctor"
            )
        time.sleep(_POLL_S)


def recorded(
    handle: Handle, emotion: str, seconds: float, countdown: float, shown: TextIO | None
) -> CalibrationStatus:
    """Have an expression recorded, telling the person what to do meanwhile.

    Args:
        handle: Asks the service.
        emotion: Which expression.
        seconds: For how long.
        countdown: Seconds before.
        shown: Where to tell; None says nothing.

    Raises:
        CalibrationError: it was refused; nothing has changed then.
    """
    status = handle(Calibrate(emotion, seconds, countdown)).calibration
    if shown is not None:
        shown.write(f"{_ask_for(emotion)}\n")
    # Where the face is read seldom, the service takes twice the time.
    until = time.monotonic() + countdown + 2 * seconds + _OPENING_S
    while status.recording and time.monotonic() < until:
        if shown is not None:
            _show(shown, status)
        time.sleep(_POLL_S)
        status = handle(GetStatus()).calibration
    if shown is not None:
        shown.write("\n")
    if status.refused:
        raise CalibrationError(status.refused, status.hint)
    if emotion not in status.recorded:
        raise CalibrationError("The recording was ended from elsewhere.", "Try again.")
    return status


def _ask_for(emotion: str) -> str:
    if emotion == "neutral":
        return "Look into the camera as you do when nothing happens: no smile, no frown."
    return f"Now look as you do for the emoji '{emotion}', and hold it."


def _show(shown: TextIO, status: CalibrationStatus) -> None:
    if not shown.isatty():
        return
    if status.starts_in_s > 0:
        left = math.ceil(status.starts_in_s)
        shown.write(f"\r{status.recording} in {left} ...".ljust(_BAR + 20))
    else:
        full = round(_BAR * status.progress)
        shown.write(f"\r{status.recording}: [{'#' * full}{' ' * (_BAR - full)}]".ljust(_BAR + 20))
    shown.flush()


# From photos.


def _named(neutral: Sequence[Path], photos: Sequence[Path]) -> dict[str, list[Path]]:
    """Photos by the emotion that they show.

    Raises:
        UsageError: a photo's name says no emotion, or none shows the face at rest.
    """
    by_name: dict[str, list[Path]] = {"neutral": list(neutral)}
    for path in photos:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for each in inside:
            if each is not path and each.suffix.lower() not in _PICTURES:
                continue
            names = (each.stem.lower(), each.parent.name.lower())
            known = ("neutral", *_OTHERS)
            emotion = next((e for name in names for e in known if name.startswith(e)), None)
            if emotion is None:
                raise UsageError(
                    f"{each} is named after no emotion.",
                    f"Name it like one of: {', '.join(known)}.",
                )
            by_name.setdefault(emotion, []).append(each)
    if not by_name["neutral"]:
        raise UsageError("No photo shows your face at rest.", "Give one with --neutral FILE.")
    return by_name


def _from_photos(by_name: dict[str, list[Path]]) -> tuple[CalibrationStatus, dict[str, float]]:
    from vcam_emoji.recording import calibrated
    from vcam_emoji.types import Emotion

    own, found = calibrated({Emotion(name): _read(paths) for name, paths in by_name.items()})
    return found, own.model_dump()


def _read(paths: Sequence[Path]) -> Scores:
    """The network's scores of the one face in each photo.

    Raises:
        PhotoError: a photo cannot be read, or does not show exactly one face.
    """
    import numpy as np

    from vcam_emoji.emotion_input import crop
    from vcam_emoji.emotion_network import EmotionNetwork
    from vcam_emoji.errors import PhotoError
    from vcam_emoji.faces import open_finder
    from vcam_emoji.faces.__main__ import read
    from vcam_emoji.types import Face

    finder, network = open_finder(), EmotionNetwork()
    crops = []
    for path in paths:
        image = read(path)
        found = finder.find(image)
        if len(found) != 1:
            count = "no face" if not found else f"{len(found)} faces"
            raise PhotoError(f"{path} shows {count}.", "Give photos of yourself alone.")
        (seen,) = found
        crops.append(crop(image, Face(1, seen.box, seen.points, seen.roll, seen.score)))
    return network.scores(np.stack(crops))


# Either way.


def _keep(own: dict[str, float], command: Command) -> None:
    """Change the calibration in the running service, or in the file for the next one."""
    from vcam_emoji.control import ask

    try:
        ask(command)
    except NotRunningError:
        from vcam_emoji import paths
        from vcam_emoji.settings import Calibration, SettingsStore

        values = Calibration(**own).model_dump()
        SettingsStore(paths.settings_file()).change("calibration", values)


def sentences(found: CalibrationStatus) -> Iterator[str]:
    """What the calibration changed, for the person."""
    before, after = found.before["neutral"], found.after["neutral"]
    mostly = f", else mostly as {found.mistaken}" if found.mistaken else ""
    if before >= after and before > 0.9:
        yield f"Your face at rest was read as neutral {before:.0%} of the time already."
    else:
        yield (
            f"Your face at rest was read as neutral {before:.0%} of the time{mostly}; "
            f"with the calibration it is {after:.0%}."
        )
    for emotion, share in found.before.items():
        if emotion == "neutral":
            continue
        then = found.after[emotion]
        yield f"Your {emotion} was read as that {share:.0%} of the time; now it is {then:.0%}."


def _plain(found: CalibrationStatus) -> dict[str, Any]:
    return {
        "recorded": dict(found.recorded),
        "before": dict(found.before),
        "after": dict(found.after),
        "mistaken": found.mistaken,
    }
