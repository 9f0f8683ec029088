"""Asking the running service, from another process of the same person; transport only.

One request to a connection, one answer: a JSON object each way, never anything that runs. The
address is a Unix socket in a folder that only this user may enter, or a named pipe on Windows.
Owning the address is the single-instance lock.

On Unix plain sockets take the place of `multiprocessing.connection`: that module costs 30 ms to
import, a quarter of what `vcam-emoji status` takes, and its reads cannot be given a deadline.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from vcam_emoji import errors, paths
from vcam_emoji.commands import Command, Status, decode, encode
from vcam_emoji.errors import (
    AlreadyRunningError,
    ControlError,
    NotRunningError,
    UsageError,
    VcamEmojiError,
)

log = logging.getLogger(__name__)

LONGEST_REQUEST = 64 * 1024
"""Bytes; a longer one is refused unread."""
REQUEST_TIMEOUT_S = 2.0
"""How long a client may take to say what it wants."""
CLIENTS_AT_ONCE = 16
"""Further ones wait at the door."""
PATIENCE_S = 0.2
"""While others wait at the door, a client gets no longer than this to say what it wants."""

_LONGEST_ANSWER = 1 << 20
_START_IT = "Start it with: vcam-emoji run"


def ask(command: Command, timeout_s: float = 2.0) -> Status:
    """Have the running service carry out a command.

    Raises:
        NotRunningError: if there is no service.
        ControlError: if it does not answer in time or in a way this version understands.
        VcamEmojiError: what the service itself raised, as if it had been called directly.
    """
    request = _pack(encode(command))
    if len(request) > LONGEST_REQUEST:
        raise UsageError("That is too long for a command.", f"At most {LONGEST_REQUEST} bytes.")
    try:
        with contextlib.closing(_connect(timeout_s)) as connection:
            connection.send(request)
            answer = connection.receive(_LONGEST_ANSWER)
    except TimeoutError:
        raise ControlError(
            f"The service did not answer within {timeout_s:g} seconds.",
            "If it stays like this, end it and start it again with: vcam-emoji run",
        ) from None
    except (OSError, EOFError) as error:
        raise ControlError(
            "The service hung up without an answer.", "Ask again; it may be stopping."
        ) from error
    return _status(answer)


def _status(answer: bytes) -> Status:
    """The status in an answer, or the error in it raised."""
    try:
        message = _unpack(answer)
        if "status" in message:
            return Status.from_json(message["status"])
        kind, text, hint = message["kind"], str(message["error"]), str(message["hint"])
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise ControlError(
            "The service answered in a way this version does not understand.",
            "Stop it and start it again, so that both are of one version.",
        ) from error
    raised = getattr(errors, str(kind), None)
    if not (isinstance(raised, type) and issubclass(raised, VcamEmojiError)):
        raised = ControlError
    raise raised(text, hint)


def _pack(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def _unpack(text: bytes) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


class _Connection(Protocol):
    """One conversation; each message has a time limit."""

    def send(self, message: bytes) -> None:
        """Raise OSError if it cannot be sent in time."""

    def receive(self, longest: int) -> bytes:
        """Raise OSError (TimeoutError when late), EOFError, or ValueError if it is too long."""

    def hang_up(self) -> None:
        """End the conversation from another thread: a call that waits raises."""

    def close(self) -> None: ...


@dataclass(eq=False, slots=True)
class _Client:
    connection: _Connection
    since: float
    """When it came, in seconds on `time.monotonic()`'s clock."""
    asking: bool = True
    """Still to say what it wants: it may be hung up on."""


class Server:
    """Answers commands at this user's address, while it is open.

    A context manager; `start` and `close` do the same by hand.
    """

    def __init__(self, handle: Callable[[Command], Status]) -> None:
        """`handle` is called from several threads, one for each client."""
        self._handle = handle
        self._listener: _Listener | None = None
        self._clients: dict[_Client, threading.Thread] = {}
        self._room = threading.Condition()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="control", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Take the address and answer from now on.

        Raises:
            AlreadyRunningError: if another service has it.
            ControlError: if the address cannot be used.
        """
        self._listener = _Listener()
        self._thread.start()

    def close(self) -> None:
        """Give up the address; answers under way are still sent."""
        if self._listener is None or self._closing.is_set():
            return
        self._closing.set()
        self._listener.wake()
        self._thread.join(timeout=2)
        with self._room:
            clients = dict(self._clients)
        for client, thread in clients.items():
            if client.asking:
                client.connection.hang_up()
            thread.join(timeout=1)
        self._listener.close()

    def _listen(self) -> None:
        listener = self._listener
        assert listener is not None
        while not self._closing.is_set():
            try:
                connection = listener.accept(REQUEST_TIMEOUT_S)
            except OSError as error:
                # Out of file descriptors, or a client that left at once: neither may end us.
                log.debug("A client could not be let in: %s", error)
                time.sleep(0.05)
                continue
            if connection is None:
                continue
            if self._closing.is_set():
                connection.close()
                return
            self._let_in(_Client(connection, time.monotonic()))

    def _let_in(self, client: _Client) -> None:
        thread = threading.Thread(
            target=self._serve, args=(client,), name="control client", daemon=True
        )
        with self._room:
            while len(self._clients) >= CLIENTS_AT_ONCE and not self._closing.is_set():
                self._hang_up_on_the_slowest()
                self._room.wait(0.1)
            self._clients[client] = thread
            try:
                thread.start()
            except RuntimeError as error:
                log.warning("A client could not be answered: %s.", error)
                del self._clients[client]
                client.connection.close()

    def _hang_up_on_the_slowest(self) -> None:
        """Make room at the cost of clients that dawdle; those being answered are waited for."""
        for client in self._clients:
            if client.asking and time.monotonic() - client.since > PATIENCE_S:
                client.connection.hang_up()

    def _serve(self, client: _Client) -> None:
        try:
            # A client that left, dawdled or was hung up on gets no answer.
            with contextlib.closing(client.connection), contextlib.suppress(OSError, EOFError):
                client.connection.send(self._answer(client))
        finally:
            with self._room:
                self._clients.pop(client, None)
                self._room.notify()

    def _answer(self, client: _Client) -> bytes:
        try:
            try:
                request = _unpack(client.connection.receive(LONGEST_REQUEST))
            except ValueError as error:
                raise UsageError(f"This is no command: {error}.", "Send a JSON object.") from None
            client.asking = False
            return _pack({"status": self._handle(decode(request)).to_json()})
        except VcamEmojiError as error:
            return _refusal(error)
        except (OSError, EOFError):
            raise
        except Exception:
            # Whatever goes wrong inside, the client is told and the service goes on.
            log.exception("A command failed.")
            return _refusal(ControlError("The service could not do that.", "Its log says why."))


def _refusal(error: VcamEmojiError) -> bytes:
    kind = type(error).__name__
    return _pack({"error": error.message, "hint": error.hint, "kind": kind})


def _refuse_second(pid: str) -> AlreadyRunningError:
    who = f" (process {pid})" if pid else ""
    return AlreadyRunningError(
        f"vcam-emoji is already running{who}.", "Stop that one with: vcam-emoji quit"
    )


if sys.platform == "win32":
    from multiprocessing import connection as pipes

    def _address() -> str:
        import getpass

        return rf"\\.\pipe\vcam_emoji-{getpass.getuser()}"

    class _PipeConnection:
        """Messages of a pipe arrive whole, so waiting for the first byte is enough."""

        def __init__(self, pipe: pipes.PipeConnection[bytes, bytes], timeout_s: float) -> None:
            self._pipe = pipe
            self._timeout_s = timeout_s

        def send(self, message: bytes) -> None:
            self._pipe.send_bytes(message)

        def receive(self, longest: int) -> bytes:
            if not self._pipe.poll(self._timeout_s):
                raise TimeoutError
            return self._pipe.recv_bytes(longest)

        def hang_up(self) -> None:
            """Nothing to do: the deadline ends the wait."""

        def close(self) -> None:
            self._pipe.close()

    class _Listener:
        """The pipe of this user; Windows lets only one process make its first instance."""

        def __init__(self) -> None:
            try:
                self._pipe = pipes.Listener(_address(), "AF_PIPE")
            except PermissionError:
                raise _refuse_second(_pid_of_other()) from None
            except OSError as error:
                raise ControlError(
                    f"The pipe {_address()} cannot be made ({error.strerror}).",
                    "Is another program using that name?",
                ) from error

        def accept(self, timeout_s: float) -> _PipeConnection | None:
            pipe = self._pipe.accept()
            assert isinstance(pipe, pipes.PipeConnection)
            return _PipeConnection(pipe, timeout_s)

        def wake(self) -> None:
            """End a wait in `accept`."""
            with contextlib.suppress(OSError):
                pipes.Client(_address(), "AF_PIPE").close()

        def close(self) -> None:
            self._pipe.close()

    def _pid_of_other() -> str:
        from vcam_emoji.commands import GetStatus

        try:
            return str(ask(GetStatus()).pid)
        except VcamEmojiError:
            return ""

    def _connect(timeout_s: float) -> _PipeConnection:
        try:
            pipe = pipes.Client(_address(), "AF_PIPE")
        except FileNotFoundError:
            raise NotRunningError("vcam-emoji is not running.", _START_IT) from None
        assert isinstance(pipe, pipes.PipeConnection)
        return _PipeConnection(pipe, timeout_s)

else:
    import fcntl
    import socket
    import stat
    import struct

    _SOCKET = "control.sock"
    _LOCK = "control.lock"

    class _SocketConnection:
        """Messages over a stream: four bytes of length, big-endian, then the message."""

        def __init__(self, stream: socket.socket, timeout_s: float) -> None:
            self._stream = stream
            self._timeout_s = timeout_s

        def send(self, message: bytes) -> None:
            self._stream.settimeout(self._timeout_s)
            self._stream.sendall(struct.pack("!I", len(message)) + message)

        def receive(self, longest: int) -> bytes:
            # One deadline for all reads, or a byte a second would hold the line for ever.
            deadline = time.monotonic() + self._timeout_s
            (length,) = struct.unpack("!I", self._exactly(4, deadline))
            if length > longest:
                raise ValueError(f"{length} bytes are more than {longest}")
            return self._exactly(length, deadline)

        def _exactly(self, length: int, deadline: float) -> bytes:
            received = bytearray()
            while len(received) < length:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                self._stream.settimeout(left)
                part = self._stream.recv(length - len(received))
                if not part:
                    raise EOFError
                received += part
            return bytes(received)

        def hang_up(self) -> None:
            with contextlib.suppress(OSError):
                self._stream.shutdown(socket.SHUT_RDWR)

        def close(self) -> None:
            self._stream.close()

    class _Listener:
        """The socket of this user, owned by whoever holds the lock file beside it.

        The lock goes with the process that held it, however that ended, so a socket left by a
        crash is known to be dead and is replaced; two who find it at once cannot both win.
        """

        def __init__(self) -> None:
            folder = paths.runtime()
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                _check_private(folder)
                folder.chmod(0o700)
                self._lock = _lock(folder / _LOCK)
                try:
                    self._path = folder / _SOCKET
                    self._stream = _listen_at(self._path)
                except BaseException:
                    os.close(self._lock)
                    raise
            except OSError as error:
                raise ControlError(
                    f"The control socket in {folder} cannot be made ({error.strerror or error}).",
                    "Check the permissions of that folder; XDG_RUNTIME_DIR chooses another.",
                ) from error

        def accept(self, timeout_s: float) -> _SocketConnection | None:
            stream, _ = self._stream.accept()
            if not _is_own(stream):
                stream.close()
                return None
            return _SocketConnection(stream, timeout_s)

        def wake(self) -> None:
            """End a wait in `accept`."""
            with contextlib.suppress(OSError), _socket() as stream:
                stream.setblocking(False)
                stream.connect(str(self._path))

        def close(self) -> None:
            self._stream.close()
            # Before the lock goes: after it the socket may be somebody else's.
            self._path.unlink(missing_ok=True)
            os.close(self._lock)

    def _socket() -> socket.socket:
        return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def _check_private(folder: Path) -> None:
        """Refuse a folder that another user could have laid out for us."""
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise ControlError(
                f"{folder} is not a folder of yours, so it cannot be trusted.",
                "Remove it, or set XDG_RUNTIME_DIR to a folder that only you may enter.",
            )

    def _lock(path: Path) -> int:
        """A descriptor that holds the lock until it is closed; it does not outlive an exec."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(descriptor, 20).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise _refuse_second(pid) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        return descriptor

    def _listen_at(path: Path) -> socket.socket:
        stream = _socket()
        try:
            # Made under another name and moved, so that nobody sees it before it is ready.
            fresh = path.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            stream.bind(str(fresh))
            fresh.chmod(0o600)
            stream.listen(64)
            fresh.replace(path)
        except BaseException:
            stream.close()
            raise
        return stream

    def _is_own(stream: socket.socket) -> bool:
        """Whether a peer is this user or root; where that cannot be asked the folder decides."""
        if sys.platform != "linux":
            return True
        credentials = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        _, uid, _ = struct.unpack("iII", credentials)
        return uid in (os.getuid(), 0)

    def _connect(timeout_s: float) -> _SocketConnection:
        folder = paths.runtime()
        stream = _socket()
        try:
            _check_private(folder)
            stream.settimeout(timeout_s)
            stream.connect(str(folder / _SOCKET))
            if not _is_own(stream):
                raise ControlError("The control socket belongs to another user.")
        except (FileNotFoundError, ConnectionRefusedError):
            stream.close()
            raise NotRunningError("vcam-emoji is not running.", _START_IT) from None
        except BaseException:
            stream.close()
            raise
        return _SocketConnection(stream, timeout_s)
