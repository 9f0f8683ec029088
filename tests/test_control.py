"""The control socket: one owner, only for this user, and no client can harm it."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from vcam_emoji import control, paths
from vcam_emoji.commands import Command, GetStatus, Pin, Quit, SetSetting, Status
from vcam_emoji.control import CLIENTS_AT_ONCE, LONGEST_REQUEST, Server, ask
from vcam_emoji.errors import (
    AlreadyRunningError,
    ControlError,
    NotRunningError,
    SettingsError,
    UsageError,
    VcamEmojiError,
)

if sys.platform == "win32":
    pytest.skip("these clients speak Unix sockets", allow_module_level=True)


@dataclass
class FakeService:
    """Answers with its process id, or as it is told to."""

    asked: list[Command] = field(default_factory=list)
    fails: BaseException | None = None
    until: threading.Event | None = None
    """Pins are carried out only when this is set."""

    def handle(self, command: Command) -> Status:
        self.asked.append(command)
        if self.fails is not None:
            raise self.fails
        if self.until is not None and isinstance(command, Pin):
            self.until.wait(20)
        return Status(pid=os.getpid(), emoji_set="😀")


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime folder of our own; short, because a socket's path may have 107 bytes at most."""
    folder = tempfile.mkdtemp(prefix="vcam-")
    monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
    yield paths.runtime()
    shutil.rmtree(folder)


@pytest.fixture
def service(runtime: Path) -> Iterator[FakeService]:
    service = FakeService()
    with Server(service.handle):
        yield service


def dial() -> socket.socket:
    """A client that may say anything."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.settimeout(10)
    stream.connect(str(paths.runtime() / "control.sock"))
    return stream


def framed(message: bytes) -> bytes:
    return struct.pack("!I", len(message)) + message


def answer(stream: socket.socket) -> dict[str, Any]:
    with stream, stream.makefile("rb") as file:
        (length,) = struct.unpack("!I", file.read(4))
        decoded: dict[str, Any] = json.loads(file.read(length))
        return decoded


# Asking and answering.


def test_a_command_arrives_and_the_status_comes_back(service: FakeService) -> None:
    assert ask(Pin("happy")) == Status(pid=os.getpid(), emoji_set="😀")
    assert service.asked == [Pin("happy")]


@pytest.mark.parametrize("kind", [UsageError, SettingsError, ControlError, VcamEmojiError])
def test_an_error_comes_back_as_it_was_raised(
    service: FakeService, kind: type[VcamEmojiError]
) -> None:
    service.fails = kind("It cannot be.", "Try something else.")
    with pytest.raises(VcamEmojiError) as raised:
        ask(GetStatus())
    assert type(raised.value) is kind
    assert (raised.value.message, raised.value.hint) == ("It cannot be.", "Try something else.")


def test_an_unforeseen_error_is_told_and_does_not_end_the_server(service: FakeService) -> None:
    for error in (ZeroDivisionError(), OSError(5, "Input/output error")):
        service.fails = error
        with pytest.raises(ControlError, match="could not do that"):
            ask(GetStatus())
    service.fails = None
    assert ask(GetStatus()).pid == os.getpid()


def test_without_a_service_the_error_says_how_to_start_one(runtime: Path) -> None:
    with pytest.raises(NotRunningError) as raised:
        ask(GetStatus())
    assert raised.value.hint == "Start it with: vcam-emoji run"
    assert not runtime.exists()


def test_a_service_that_does_not_answer_is_not_waited_for_longer_than_asked(
    service: FakeService,
) -> None:
    service.until = threading.Event()
    with pytest.raises(ControlError, match=r"within 0\.2 seconds"):
        ask(Pin("happy"), timeout_s=0.2)
    service.until.set()


def test_a_command_too_long_to_send_is_refused_before_it_is_sent(service: FakeService) -> None:
    with pytest.raises(UsageError, match="too long"):
        ask(SetSetting("devices.camera", "x" * LONGEST_REQUEST))
    assert service.asked == []


def test_ten_thousand_requests_are_answered(service: FakeService) -> None:
    before = open_files()
    for _ in range(10_000):
        ask(GetStatus())
    assert len(service.asked) == 10_000
    wait_until(lambda: not being_served())
    wait_until(lambda: open_files() <= before)


def test_many_clients_at_once_are_all_answered(service: FakeService) -> None:
    answers: list[Status] = []

    def client() -> None:
        for _ in range(50):
            answers.append(ask(GetStatus(), timeout_s=20))

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 400


def open_files() -> int:
    """How many files this process has open, where that can be counted."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir()) if sys.platform == "linux" else 0


def being_served() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "control client"]


def wait_until(true: Callable[[], bool], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# Clients that do harm.


def test_garbage_is_answered_with_an_error(service: FakeService) -> None:
    for message in (b"", b"\x80\x04\x95", b"{", b"[" * 60_000, b'"status"', b'{"command": 1}'):
        stream = dial()
        stream.sendall(framed(message))
        assert answer(stream)["kind"] == "UsageError"
    assert ask(GetStatus())


def test_a_pickle_is_never_loaded(service: FakeService, tmp_path: Path) -> None:
    import pickle

    class Harm:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "harm"),)

    stream = dial()
    stream.sendall(framed(pickle.dumps(Harm())))
    assert answer(stream)["kind"] == "UsageError"
    assert not (tmp_path / "harm").exists()


def test_an_oversize_message_is_refused_unread(service: FakeService) -> None:
    stream = dial()
    stream.sendall(struct.pack("!I", LONGEST_REQUEST + 1))
    assert answer(stream)["kind"] == "ControlError"


def test_the_longest_message_allowed_is_read(service: FakeService) -> None:
    request = json.dumps({"command": "set_setting", "key": "k", "value": ""}).encode()
    padded = request.replace(b'""', b'"' + b"x" * (LONGEST_REQUEST - len(request)) + b'"')
    stream = dial()
    stream.sendall(framed(padded))
    assert "status" in answer(stream)


def test_a_client_that_leaves_in_the_middle_is_forgotten(service: FakeService) -> None:
    for part in (b"", b"\0", struct.pack("!I", 100), framed(b'{"command": "status"}')):
        with dial() as stream:
            stream.sendall(part)
    assert ask(GetStatus())
    wait_until(lambda: not being_served())


def test_a_half_open_client_still_gets_its_answer(service: FakeService) -> None:
    stream = dial()
    stream.sendall(framed(b'{"command": "status"}'))
    stream.shutdown(socket.SHUT_WR)
    assert answer(stream)["status"]["pid"] == os.getpid()


def test_clients_that_dawdle_block_nobody(service: FakeService) -> None:
    dawdlers = [dial() for _ in range(CLIENTS_AT_ONCE * 4)]
    for stream in dawdlers:
        with suppress(BrokenPipeError):
            stream.sendall(b"\0\0")
    for _ in range(20):
        assert ask(GetStatus()).pid == os.getpid()
    assert len(being_served()) <= CLIENTS_AT_ONCE
    for stream in dawdlers:
        stream.close()


def test_a_byte_now_and_then_does_not_hold_the_line(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "REQUEST_TIMEOUT_S", 0.3)
    ask(GetStatus())  # The client waited for when the limit changed still had the old one.
    with dial() as stream:
        stream.sendall(struct.pack("!I", 1000))
        bytes_said = 0
        with suppress(BrokenPipeError, ConnectionResetError):
            for bytes_said in range(1000):  # noqa: B007 - how far it came is the outcome
                stream.sendall(b" ")
                time.sleep(0.02)
        assert bytes_said < 999


def test_commands_that_hang_in_the_service_do_not_pile_up(service: FakeService) -> None:
    service.until = threading.Event()
    waiting = [dial() for _ in range(CLIENTS_AT_ONCE)]
    for stream in waiting:
        stream.sendall(framed(b'{"command": "pin", "emotion": "sad"}'))
    wait_until(lambda: len(service.asked) == CLIENTS_AT_ONCE)
    with pytest.raises(ControlError):
        ask(GetStatus())
    service.until.set()
    assert all("status" in answer(stream) for stream in waiting)
    assert ask(GetStatus())


@pytest.fixture(scope="module")
def tough() -> Iterator[FakeService]:
    """One server for all examples of the fuzzing."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setenv("XDG_RUNTIME_DIR", folder)
        service = FakeService()
        with Server(service.handle):
            yield service


@examples(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.booleans())
def test_the_server_survives_any_bytes(tough: FakeService, said: bytes, whole: bool) -> None:
    with dial() as stream:
        stream.sendall(framed(said) if whole else said)
    assert ask(GetStatus()).pid == os.getpid()


@examples(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["command", "emotion", "seconds", "key", "value", "mode"]),
        st.sampled_from(["status", "pin", "react", "set_setting", "mode", "quit"])
        | st.none()
        | st.floats()
        | st.text(max_size=5)
        | st.lists(st.integers(), max_size=3),
    )
)
def test_any_object_is_answered(tough: FakeService, message: dict[str, Any]) -> None:
    stream = dial()
    stream.sendall(framed(json.dumps(message).encode()))
    assert answer(stream).keys() in ({"status"}, {"error", "hint", "kind"})


@examples(max_examples=100, deadline=None)
@given(st.binary(max_size=100) | st.from_regex(r'\{"(status|error)": .{0,20}\}').map(str.encode))
def test_an_answer_that_is_none_is_a_control_error(said: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)
        paths.runtime().mkdir(mode=0o700)
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as listener:
            listener.bind(str(paths.runtime() / "control.sock"))
            listener.listen()

            def impostor() -> None:
                stream, _ = listener.accept()
                with stream:
                    stream.recv(1000)
                    stream.sendall(framed(said))

            thread = threading.Thread(target=impostor)
            thread.start()
            with suppress(ControlError):
                assert isinstance(ask(GetStatus()), Status)
            thread.join()


# Who owns the address.


def test_a_second_server_is_refused_and_told_who_has_it(service: FakeService) -> None:
    with pytest.raises(AlreadyRunningError, match=f"process {os.getpid()}"):
        Server(service.handle).start()
    assert ask(GetStatus())


def test_after_close_the_address_is_free(runtime: Path) -> None:
    for _ in range(3):
        with Server(FakeService().handle):
            assert ask(GetStatus())
        with pytest.raises(NotRunningError):
            ask(GetStatus())


def test_closing_twice_or_unstarted_is_no_error(runtime: Path) -> None:
    server = Server(FakeService().handle)
    server.close()
    server.start()
    server.close()
    server.close()


def test_close_lets_the_answer_to_quit_out(runtime: Path) -> None:
    stop = threading.Event()

    def handle(command: Command) -> Status:
        stop.set()
        time.sleep(0.1)
        return Status(pid=1)

    def run() -> None:
        with Server(handle):
            started.set()
            stop.wait(10)

    started = threading.Event()
    thread = threading.Thread(target=run)
    thread.start()
    started.wait(10)
    assert ask(Quit()).pid == 1
    thread.join()


_CHILD = """
import sys, time
from vcam_emoji.commands import Status
from vcam_emoji.control import Server
from vcam_emoji.errors import AlreadyRunningError
try:
    with Server(lambda command: Status(pid=1)):
        print("mine", flush=True)
        time.sleep(float(sys.argv[1]))
except AlreadyRunningError:
    print("taken", flush=True)
"""


def run_server(seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(seconds)], stdout=subprocess.PIPE, text=True
    )


def test_a_socket_left_by_a_crash_is_taken_over(runtime: Path) -> None:
    with run_server(60) as crashing:
        assert crashing.stdout is not None
        assert crashing.stdout.readline() == "mine\n"
        crashing.send_signal(signal.SIGKILL)
    assert (runtime / "control.sock").exists()
    with pytest.raises(NotRunningError):
        ask(GetStatus())
    with Server(FakeService().handle):
        assert ask(GetStatus()).pid == os.getpid()


def test_of_several_that_start_at_once_one_wins(runtime: Path) -> None:
    with run_server(60) as crashing:
        assert crashing.stdout is not None
        crashing.stdout.readline()
        crashing.kill()
    starting = [run_server(3) for _ in range(4)]
    outcomes = [child.communicate(timeout=60)[0] for child in starting]
    assert sorted(outcomes) == ["mine\n"] + ["taken\n"] * 3


def test_the_lock_does_not_pass_to_a_program_that_was_started(runtime: Path) -> None:
    with Server(FakeService().handle):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    with Server(FakeService().handle):
        pass
    child.kill()
    child.wait()


# Only for this user.


def test_only_this_user_may_enter(service: FakeService, runtime: Path) -> None:
    assert stat.S_IMODE(runtime.stat().st_mode) == 0o700
    assert stat.S_IMODE((runtime / "control.sock").stat().st_mode) == 0o600
    assert stat.S_IMODE((runtime / "control.lock").stat().st_mode) == 0o600


def test_a_folder_that_others_may_enter_is_closed_to_them(runtime: Path) -> None:
    runtime.mkdir()
    runtime.chmod(0o777)
    with Server(FakeService().handle):
        assert stat.S_IMODE(runtime.stat().st_mode) == 0o700


def test_a_link_in_place_of_the_folder_is_refused(runtime: Path, tmp_path: Path) -> None:
    runtime.symlink_to(tmp_path)
    with pytest.raises(ControlError, match="not a folder of yours"):
        Server(FakeService().handle).start()
    with pytest.raises(ControlError, match="not a folder of yours"):
        ask(GetStatus())
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_folder_is_refused(runtime: Path) -> None:
    runtime.write_text("")
    with pytest.raises(ControlError):
        Server(FakeService().handle).start()


@pytest.mark.skipif(os.getuid() != 0, reason="needs to be root")
def test_a_folder_of_another_user_is_refused(runtime: Path) -> None:
    runtime.mkdir()
    os.chown(runtime, 65534, 65534)
    with pytest.raises(ControlError, match="not a folder of yours"):
        Server(FakeService().handle).start()


def _ask_as_nobody(address: str, outcome: Any) -> None:
    os.setuid(65534)
    try:
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as stream:
            stream.connect(address)
            stream.sendall(framed(b'{"command": "status"}'))
            outcome.put(len(stream.recv(100)))
    except OSError as error:
        outcome.put(type(error).__name__)


@pytest.mark.skipif(
    sys.platform != "linux" or os.getuid() != 0, reason="needs Linux, and root to be someone else"
)
def test_another_user_gets_no_answer_even_where_the_folder_lets_them_in(
    service: FakeService, runtime: Path
) -> None:
    runtime.parent.chmod(0o755)
    runtime.chmod(0o755)
    (runtime / "control.sock").chmod(0o666)
    fork = multiprocessing.get_context("fork")
    outcome = fork.Queue()
    child = fork.Process(target=_ask_as_nobody, args=(str(runtime / "control.sock"), outcome))
    child.start()
    assert outcome.get(timeout=20) in (0, "ConnectionResetError", "BrokenPipeError")
    child.join()
    assert service.asked == []


def test_a_path_too_long_for_a_socket_is_an_error_that_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    with pytest.raises(ControlError, match="XDG_RUNTIME_DIR"):
        Server(FakeService().handle).start()


# What the quick commands may cost.


def test_asking_imports_nothing_heavy() -> None:
    code = "import sys, vcam_emoji.control; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
    heavy = {"numpy", "cv2", "pydantic", "multiprocessing", "platformdirs", "vcam_emoji.types"}
    assert not loaded & heavy
