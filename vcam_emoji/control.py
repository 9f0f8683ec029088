"""Asking the running service, from another process of the same person.

One request to a connection, one answer: a JSON object each way, never anything that runs.
`address` knows how the bytes travel.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from vcam_emoji import errors
from vcam_emoji.address import Connection, Listener, connect
from vcam_emoji.commands import Command, Status, decode, encode
from vcam_emoji.errors import ControlError, UsageError, VcamEmojiError

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
        with contextlib.closing(connect(timeout_s)) as connection:
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


@dataclass(eq=False, slots=True)
class _Client:
    connection: Connection
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
        self._listener: Listener | None = None
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
        self._listener = Listener()
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
        deadline = time.monotonic() + REQUEST_TIMEOUT_S
        for client, thread in clients.items():
            if client.asking:
                client.connection.hang_up()
            thread.join(timeout=max(0.0, deadline - time.monotonic()))
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
            request = client.connection.receive(LONGEST_REQUEST)
            client.asking = False
            return _pack({"status": self._carry_out(request).to_json()})
        except VcamEmojiError as error:
            return _refusal(error)

    def _carry_out(self, request: bytes) -> Status:
        try:
            message = _unpack(request)
        except ValueError as error:
            raise UsageError(f"This is no command: {error}.", "Send a JSON object.") from None
        try:
            return self._handle(decode(message))
        except VcamEmojiError:
            raise
        except Exception as error:
            # Whatever goes wrong inside, the client is told and the service goes on.
            log.exception("A command failed.")
            raise ControlError("The service could not do that.", "Its log says why.") from error


def _refusal(error: VcamEmojiError) -> bytes:
    kind = type(error).__name__
    return _pack({"error": error.message, "hint": error.hint, "kind": kind})
