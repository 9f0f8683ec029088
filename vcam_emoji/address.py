"""Where the service is reached: a Unix socket, or a named pipe on Windows.

The socket lies in a folder that only this user may enter. Owning the address is the
single-instance lock.

On Unix plain sockets take the place of `multiprocessing.connection`: that module costs 20 ms more
to import, a quarter of what `vcam-emoji status` takes, and its reads cannot be given a deadline.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Protocol

from vcam_emoji import paths
from vcam_emoji.errors import AlreadyRunningError, ControlError, NotRunningError

_START_IT = "Start it with: vcam-emoji run"


class Connection(Protocol):
    """One conversation; each message has a time limit."""

    def send(self, message: bytes) -> None:
        """Raise OSError (TimeoutError when late) if it cannot be sent."""

    def receive(self, longest: int) -> bytes:
        """Raise OSError (TimeoutError when late), EOFError, or ControlError if it is too long."""

    def hang_up(self) -> None:
        """End the conversation from another thread: a call that waits raises."""

    def close(self) -> None: ...


def _refuse_second(pid: str = "") -> AlreadyRunningError:
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

    class Listener:
        """The pipe of this user; Windows lets only one process make its first instance."""

        def __init__(self) -> None:
            try:
                self._pipe = pipes.Listener(_address(), "AF_PIPE")
            except PermissionError:
                raise _refuse_second() from None
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

    def connect(timeout_s: float) -> _PipeConnection:
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
                raise ControlError(
                    f"A message of {length} bytes is too long.", f"At most {longest} are read."
                )
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

    class Listener:
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

    def connect(timeout_s: float) -> _SocketConnection:
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
