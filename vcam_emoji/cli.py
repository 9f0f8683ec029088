"""The command line: `vcam-emoji COMMAND`.

Nothing heavy is imported here: `status` and its like must answer at once, so each command
imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from vcam_emoji import __version__
from vcam_emoji.commands import (
    Command,
    GetSettings,
    GetStatus,
    Mode,
    Pause,
    Pin,
    Quit,
    React,
    ReloadSets,
    Resume,
    SetMode,
    SetSetting,
    State,
    Status,
    Toggle,
    Unpin,
    UseSet,
)
from vcam_emoji.errors import NotRunningError, UsageError, VcamEmojiError

if TYPE_CHECKING:
    from vcam_emoji.service import Service
    from vcam_emoji.settings import SettingsStore

Arguments: TypeAlias = argparse.Namespace

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""Spelled out because importing `types` costs numpy's start-up; a test compares the two."""

MESSENGERS = ("telegram", "whatsapp", "discord", "slack", "png")
"""Spelled out because importing `stickers` costs Pillow's start-up; a test compares the two."""

_MODES = [each.value for each in Mode]

_LATER = {
    "calibrate": ("vcam_emoji.calibrate", "Have your face at rest read as neutral."),
    "devices": ("vcam_emoji.devices", "List cameras and virtual cameras."),
    "doctor": ("vcam_emoji.doctor", "Find what is wrong with this machine, and the cure."),
    "demo": ("vcam_emoji.demo", "See it work over a shipped clip; needs no camera."),
    "benchmark": ("vcam_emoji.benchmarks.all", "Measure speed, steadiness and privacy."),
}
"""Commands whose module brings its own arguments; it is imported only when it is asked for."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0 done, 1 could not be done, 2 was asked wrongly, 3 runs already, 130
        interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    arguments = _parser(words).parse_args(words)
    try:
        status: int = arguments.run(arguments)
    except VcamEmojiError as error:
        return _fail(error, arguments.json)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; leave nothing for the interpreter to flush.
        sys.stderr.close()
        return 0
    return status


def _fail(error: VcamEmojiError, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"error": error.message, "hint": error.hint}))
    else:
        print(f"vcam-emoji: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
    return error.exit_status


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vcam-emoji",
        description="Be in the call as your own emoji: your webcam in, a virtual camera out.",
        epilog="Start with 'vcam-emoji demo', which needs no camera, or 'vcam-emoji doctor'.",
    )
    parser.add_argument("--version", action="version", version=f"vcam-emoji {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, run: Callable[[Arguments], int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--json", action="store_true", help="print one JSON object")
        command.set_defaults(run=run)
        return command

    run = add("run", _run, "Start the service, with its tray icon.")
    run.add_argument("--no-tray", action="store_true", help="no tray icon; Ctrl-C stops")
    _add_overrides(run)

    add("status", _ask(lambda _: GetStatus()), "How the running service is doing.")
    mode = add("mode", _ask(lambda a: SetMode(a.mode)), "Choose what becomes of faces.")
    mode.add_argument("mode", choices=_MODES)
    add("pause", _ask(lambda _: Pause()), "Show the 'paused' card instead of the camera.")
    add("resume", _ask(lambda _: Resume()), "End the pause.")
    add("toggle", _ask(lambda _: Toggle()), "Pause, or end the pause: for a hotkey.")
    pin = add(
        "pin",
        _ask(lambda a: Pin(a.emotion, a.toggle)),
        "Show one emotion, whatever your face does.",
    )
    pin.add_argument("emotion", choices=EMOTIONS)
    pin.add_argument("--toggle", action="store_true", help="unpin it where it is pinned already")
    add("unpin", _ask(lambda _: Unpin()), "Show your own emotions again.")
    react = add("react", _ask(lambda a: React(a.emotion, a.seconds)), "Show an emotion once.")
    react.add_argument("emotion", choices=EMOTIONS)
    react.add_argument("--seconds", type=float, default=2.5, help="how long (%(default)s)")

    sets = add("sets", _sets, "List, use, add, remove, show or export emoji sets.")
    actions = ["list", "use", "add", "remove", "show", "export"]
    sets.add_argument("action", nargs="?", default="list", choices=actions)
    sets.add_argument("name", nargs="?", help="name of a set; for 'add' a folder or a zip")
    sets.add_argument("--for", dest="platform", choices=MESSENGERS, help="'export': as stickers")
    sets.add_argument("--out", type=Path, metavar="DIR", help="'export': where to (NAME-PLATFORM)")

    settings = add("settings", _settings, "Show settings, change one, or tell where they are.")
    settings.add_argument("action", nargs="?", default="get", choices=["get", "set", "path"])
    settings.add_argument("key", nargs="?", help="such as look.opacity")
    settings.add_argument("value", nargs="?")

    autostart = add("autostart", _autostart, "Start at login, or no longer, or tell which.")
    autostart.add_argument("switch", nargs="?", choices=["on", "off"])

    add("quit", _ask(lambda _: Quit()), "Stop the running service.")

    asked = next((word for word in words if not word.startswith("-")), "")
    for name, (module, text) in _LATER.items():
        command = add(name, _run_later, text)
        if name == asked:
            importlib.import_module(module).add_arguments(command)
            command.set_defaults(module=module)
    return parser


def _run_later(arguments: Arguments) -> int:
    status: int = importlib.import_module(arguments.module).run(arguments)
    return status


# Commands to the running service.


def _ask(command: Callable[[Arguments], Command]) -> Callable[[Arguments], int]:
    def run(arguments: Arguments) -> int:
        from vcam_emoji.control import ask

        _print_status(ask(command(arguments)), arguments.json)
        return 0

    return run


def _print_status(status: Status, as_json: bool) -> None:
    if as_json:
        print(json.dumps(status.to_json()))
        return
    rows = [
        ("state", status.state + _aside(status)),
        ("mode", status.mode),
        ("camera", status.camera_description or status.camera),
        ("output", status.output or "not open"),
        ("emoji set", status.emoji_set),
        ("pinned", status.pinned),
        ("reaction", status.reaction),
        ("faces", "; ".join(_face(face.emotion, face.shown) for face in status.faces)),
        ("trouble", status.trouble),
    ]
    for title, text in rows:
        if text:
            print(f"{title + ':':<11}{text}")


def _aside(status: Status) -> str:
    if status.state == State.STANDBY:
        return " (nobody watches the virtual camera, so yours is off)"
    if status.state == State.HIDDEN and status.hidden_because:
        return f" ({status.hidden_because})"
    return f" ({status.fps:g} frames a second)" if status.fps else ""


def _face(emotion: str, shown: str) -> str:
    return emotion if emotion == shown or not emotion else f"{emotion}, shown as {shown}"


# The service itself.


def _add_overrides(run: argparse.ArgumentParser) -> None:
    cameras = "index, device path, part of a name, video file, folder of photos, or 'demo'"
    run.add_argument("--camera", metavar="CAMERA", help=cameras)
    outputs = "'auto', a device path, a new .mp4 file, or 'none'"
    run.add_argument("--output", metavar="OUTPUT", help=outputs)
    run.add_argument("--size", metavar="WxH", help="size of the published picture: 1280x720")
    run.add_argument("--fps", type=int, help="frames a second")
    run.add_argument("--mode", choices=_MODES, help="what becomes of faces")
    run.add_argument("--set", metavar="NAME", help="emoji set")
    run.add_argument("--settings", metavar="FILE", type=Path, help="another settings file")


def _overrides(arguments: Arguments) -> dict[str, Any]:
    """What the command line says over the settings file, for this run only."""
    _check_output(arguments.output)
    said = {
        "devices.camera": arguments.camera,
        "devices.output": arguments.output,
        "devices.fps": arguments.fps,
        "look.mode": arguments.mode,
        "look.emoji_set": arguments.set,
    }
    if arguments.size is not None:
        width, by, height = arguments.size.partition("x")
        if not (by and width.isdecimal() and height.isdecimal()):
            raise UsageError(f"{arguments.size!r} is not a size.", "Write it as --size 1280x720.")
        said |= {"devices.width": int(width), "devices.height": int(height)}
    return {key: value for key, value in said.items() if value is not None}


def _check_output(output: str | None) -> None:
    """Refuse what nothing can come of, instead of waiting for it.

    Raises:
        UsageError: with what there is.
    """
    if output is None or output in ("auto", "none", "v4l2loopback"):
        return
    if output.startswith("/dev/") or output.lower().endswith(".mp4"):
        return
    # Elsewhere virtual cameras go by any name.
    if sys.platform == "linux" or Path(output).suffix.lower() in (".avi", ".mkv", ".mov", ".webm"):
        raise UsageError(
            f"There is no output {output!r}.", "Say auto, none, a device path or a .mp4 file."
        )


def _run(arguments: Arguments) -> int:
    import logging

    from vcam_emoji import control
    from vcam_emoji.service import Service

    logging.basicConfig(format="vcam-emoji: %(message)s", level=logging.WARNING)
    store = _first_settings(arguments)
    service = Service(store)
    _stop_by_signals(service.stopping)
    with control.Server(service.handle):
        service.start()

        def tell(output: str) -> None:
            if arguments.json:
                print(json.dumps({"output": output, "pid": os.getpid()}), flush=True)
            else:
                print(_destination(output, store.current.devices.output), flush=True)

        keeper = threading.Thread(
            target=_keep_house, args=(service, tell), name="house", daemon=True
        )
        keeper.start()
        try:
            if arguments.no_tray or not _tray(service):
                _wait(service)
        finally:
            service.close()
    return 0


def _first_settings(arguments: Arguments) -> SettingsStore:
    """The settings of this run; the plain camera is only shown if it was asked for in it."""
    overrides = _overrides(arguments)
    store = _store(arguments.settings, overrides)
    if store.current.look.mode != Mode.OFF or "look.mode" in overrides:
        return store
    print(
        "vcam-emoji: The plain camera was chosen last time; this time it begins with your emoji.\n"
        "  To show yourself: vcam-emoji mode off",
        file=sys.stderr,
    )
    return _store(arguments.settings, {**overrides, "look.mode": Mode.REPLACE})


def _stop_by_signals(stopping: threading.Event) -> None:
    """End in an orderly way, with a card as the last frame, whatever asks for it."""
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is None:
            continue
        # Who starts a program with nohup wants it to outlive the terminal.
        if name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN:
            continue
        signal.signal(number, lambda *_: stopping.set())


def _tray(service: Service) -> bool:
    """Show the tray until the service stops; False at once where there is no place for one."""
    from vcam_emoji.tray import run_tray

    return run_tray(service.handle, service.stopping)


def _wait(service: Service) -> None:
    while not service.stopping.wait(0.5):
        # Woken now and then, so that Windows delivers Ctrl-C to this thread.
        pass


def _keep_house(service: Service, tell: Callable[[str], None]) -> None:
    import logging

    told = waits = False
    while not service.stopping.wait(1.0):
        try:
            service.housekeeping()
        except Exception:
            # Settings edited later must still be seen, so this goes on whatever it was.
            logging.getLogger(__name__).exception("The settings could not be looked after.")
        if told:
            continue
        status = service.status()
        if status.output:
            tell(status.output)
            told = True
        elif status.trouble and not waits:
            print("vcam-emoji: It begins as soon as that is mended. Ctrl-C stops.", file=sys.stderr)
            waits = True


def _destination(output: str, asked: str) -> str:
    """For the person who started the service; `asked` is what the settings say."""
    if asked == "none":
        return "The picture goes nowhere, as asked. Ctrl-C stops."
    if asked.endswith(".mp4"):
        return f"Writing {output}. Ctrl-C stops."
    return f"Publishing to {output}: choose that camera in your call. Ctrl-C stops."


# Emoji sets and settings: with the running service if there is one, else on disk alone.


def _sets(arguments: Arguments) -> int:
    from vcam_emoji import emoji_set

    action, name = arguments.action, arguments.name
    if action == "list":
        names, used = emoji_set.available(), _current()["look"].get("emoji_set", "")
        if arguments.json:
            print(json.dumps({"sets": names, "used": used}))
        else:
            print("\n".join(f"{each}  (in use)" if each == used else each for each in names))
        return 0
    if name is None:
        raise UsageError(f"'sets {action}' needs a name.", f"Try: vcam-emoji sets {action} NAME")
    if action == "use":
        emoji_set.load(emoji_set.find(name))
        return _tell_or_keep(UseSet(name), "look.emoji_set", name, arguments.json)
    if action == "show":
        shown = emoji_set.load(emoji_set.find(name))
        about = {
            "name": shown.name,
            "title": shown.title,
            "author": shown.author,
            "licence": shown.licence,
            "provenance": shown.provenance,
            "emotions": {str(emotion): len(each) for emotion, each in shown.images.items()},
            "warnings": list(shown.warnings),
        }
        if not arguments.json:
            counts = (f"{emotion} {len(images)}" for emotion, images in shown.images.items())
            about["emotions"] = ", ".join(counts)
        _print_pairs(about, arguments.json)
        return 0
    if action == "export":
        return _export(arguments)
    if action == "add":
        name = emoji_set.add(Path(name))
        _tell(ReloadSets())
        _print_pairs({"added": name}, arguments.json)
        return 0
    emoji_set.remove(name)
    instead = _instead_of(name)
    _print_pairs({"removed": name, **({"used": instead} if instead else {})}, arguments.json)
    return 0


def _instead_of(name: str) -> str:
    """Have the shipped set used, and name it, where the one that was removed is in use."""
    from vcam_emoji import emoji_set
    from vcam_emoji.settings import Settings

    look = _current()["look"]
    if look.get("emoji_set") != name or name in emoji_set.available():
        _tell(ReloadSets())
        return ""
    shipped = Settings().look.emoji_set
    if _tell(UseSet(shipped)) is None:
        _store(None, {}).change("look.emoji_set", shipped)
    return shipped


def _export(arguments: Arguments) -> int:
    from vcam_emoji import emoji_set, stickers

    if arguments.platform is None:
        raise UsageError("For which messenger?", f"Say --for {'|'.join(MESSENGERS)}")
    shown = emoji_set.load(emoji_set.find(arguments.name))
    folder = arguments.out or Path(f"{shown.name}-{arguments.platform}")
    written = stickers.export(shown, arguments.platform, folder)
    if arguments.json:
        made = [{"file": each.file, "bytes": each.bytes, "size": each.size} for each in written]
        print(json.dumps({"folder": str(folder), "files": made}))
        return 0
    for each in written:
        width, height = each.size
        print(f"{folder / each.file}  {width} x {height}, {each.bytes / 1000:.0f} KB")
    return 0


def _settings(arguments: Arguments) -> int:
    from vcam_emoji import paths

    action, key, value = arguments.action, arguments.key, arguments.value
    if action == "path":
        _print_pairs({"path": str(paths.settings_file())}, arguments.json)
        return 0
    if action == "set":
        if key is None or value is None:
            hint = "Try: vcam-emoji settings set look.opacity 0.8"
            raise UsageError("'settings set' needs a key and a value.", hint)
        return _tell_or_keep(SetSetting(key, value), key, value, arguments.json)
    current = _current()
    wanted = current if key is None else _one(current, key)
    if arguments.json:
        print(json.dumps(wanted))
    elif isinstance(wanted, dict) and key is not None:
        _print_settings({**current, key: wanted}, f"{key}.")
    elif key is not None:
        print(wanted)
    else:
        _print_settings(current)
    return 0


def _autostart(arguments: Arguments) -> int:
    from vcam_emoji import autostart

    if arguments.switch is not None:
        autostart.enable() if arguments.switch == "on" else autostart.disable()
    enabled = autostart.is_enabled()
    if arguments.json:
        print(json.dumps({"starts_at_login": enabled}))
    else:
        print(f"vcam-emoji {'starts' if enabled else 'does not start'} at login.")
    return 0


def _one(current: dict[str, Any], key: str) -> Any:
    section, _, name = key.partition(".")
    try:
        return current[section][name] if name else current[section]
    except KeyError:
        hint = "See them all with: vcam-emoji settings"
        raise UsageError(f"There is no setting {key!r}.", hint) from None


def _print_settings(current: dict[str, Any], only: str = "") -> None:
    from vcam_emoji.settings import Settings, describe

    for about in describe(Settings.model_validate_json(json.dumps(current))):
        if not about.key.startswith(only):
            continue
        print(f"{about.key:<24}{about.value!s:<12}{about.description} ({about.range})")


def _current() -> dict[str, Any]:
    """All settings: of the running service, or those on disk."""
    status = _tell(GetSettings())
    return dict(status.settings) if status else _store(None, {}).current.model_dump(mode="json")


def _tell(command: Command) -> Status | None:
    """Tell the running service; None if none runs."""
    from vcam_emoji.control import ask

    try:
        return ask(command)
    except NotRunningError:
        return None


def _tell_or_keep(command: Command, key: str, value: Any, as_json: bool) -> int:
    """Change a setting in the running service, or in the file for the next one."""
    if _tell(command) is None:
        _store(None, {}).change(key, value)
    # As it was understood: of the setting's own type.
    _print_pairs({key: _one(_current(), key)}, as_json)
    return 0


def _store(path: Path | None, overrides: dict[str, Any]) -> SettingsStore:
    """The settings on disk; a file that is refused is told of, and the defaults hold."""
    from vcam_emoji import paths
    from vcam_emoji.settings import SettingsStore

    store = SettingsStore(path or paths.settings_file(), overrides)
    refused = store.reload_if_changed()
    if refused:
        print(f"vcam-emoji: {refused}", file=sys.stderr)
    return store


def _print_pairs(pairs: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(pairs))
        return
    for title, value in pairs.items():
        if value not in ("", []):
            print(f"{title}: {value}")


if __name__ == "__main__":
    sys.exit(main())
