"""Download a published network: only what the person named, over https, checked by its SHA-256.

What has come so far is kept beside its place as `NAME.part`, so that the next try goes on there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any, Protocol, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from generator.checkpoints.errors import CheckpointError
from generator.checkpoints.official import Official

_PIECE = 1 << 20
_TIMEOUT_S = 30.0
_AGAIN = "Run the same command again: it goes on where it stopped."


class _Answer(Protocol):
    status: int
    headers: HTTPMessage

    def read(self, amount: int) -> bytes: ...
    def close(self) -> None: ...


def fetch(
    network: Official,
    folder: Path,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Path:
    """Download a file, or go on with what an earlier try left.

    Args:
        network: what to fetch, of which size and SHA-256.
        folder: where it is kept; nothing else in it is touched.
        progress: told how many bytes have come, and how many there are.

    Returns:
        The file. If it was there already and whole, nothing was downloaded.

    Raises:
        CheckpointError: if the network, the server or the disk fails, or another file comes.
    """
    file = folder / network.file
    part = folder / f"{network.file}.part"
    try:
        if file.exists():
            if _digest(file).hexdigest() == network.sha256:
                return file
            raise CheckpointError(
                f"{file} is there already, and is another file than {network.name}.",
                "Move it away first: it is not overwritten.",
            )
        folder.mkdir(parents=True, exist_ok=True)
        _download(network, part, progress)
        digest = _digest(part).hexdigest()
        if digest != network.sha256:
            part.unlink()
            raise CheckpointError(
                f"What came is not {network.name}: its SHA-256 is {digest[:16]}…, "
                f"not {network.sha256[:16]}….",
                "It was not kept. Try again later, or get the file as its maker tells: "
                + network.source,
            )
        part.replace(file)
        return file
    except OSError as error:
        raise CheckpointError(
            f"{part} cannot be written: {error.strerror or error}.",
            "Make room, or make it yours. " + _AGAIN,
        ) from error


def _download(network: Official, part: Path, progress: Callable[[int, int], None]) -> None:
    held = part.stat().st_size if part.exists() else 0
    if held > network.size:
        held = 0
    if held == network.size:
        return
    room = shutil.disk_usage(part.parent).free
    if room < network.size - held:
        raise CheckpointError(
            f"{network.name} needs {(network.size - held) / 1e6:.0f} MB more, and the disk has "
            f"{room / 1e6:.0f} MB.",
            "Make room first.",
        )
    answer, start = _ask(network, held)
    try:
        # A server that ignores where to begin sends all of it anew.
        with part.open("r+b" if start else "wb") as stream:
            stream.seek(start)
            stream.truncate()
            done = start
            while done < network.size and (piece := _receive(answer, network, done)):
                stream.write(piece)
                done += len(piece)
                progress(done, network.size)
            stream.flush()
            os.fsync(stream.fileno())
    finally:
        answer.close()
    if done < network.size:
        raise CheckpointError(
            f"The connection ended after {100 * done // network.size} % of {network.name}.", _AGAIN
        )


def _ask(network: Official, start: int) -> tuple[_Answer, int]:
    """The server's answer, and at which byte it begins."""
    _only_https(network.url)
    request = Request(network.url, headers={"User-Agent": "vcam-emoji-generator"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        answer = cast(_Answer, build_opener(_HttpsOnly).open(request, timeout=_TIMEOUT_S))
    except HTTPError as error:
        with error:
            raise CheckpointError(
                f"The server does not give {network.name}: {error.code} {error.reason}.",
                f"Try again later, or get the file as its maker tells: {network.source}",
            ) from error
    except (URLError, HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise CheckpointError(
            f"{urlsplit(network.url).hostname} cannot be reached: {reason}.",
            "Is there a way to the internet from here? " + _AGAIN,
        ) from error
    if answer.headers.get_content_type() == "text/html":
        answer.close()
        raise CheckpointError(
            f"The server sends a page in place of {network.name}.",
            f"Get the file as its maker tells: {network.source}",
        )
    continues = answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
    return answer, start if answer.status == 206 and continues else 0


def _receive(answer: _Answer, network: Official, done: int) -> bytes:
    try:
        # What a server sends beyond the size is left with it.
        return answer.read(min(_PIECE, network.size - done))
    except (HTTPException, OSError) as error:
        raise CheckpointError(
            f"The connection broke after {100 * done // network.size} % of {network.name}.", _AGAIN
        ) from error


def _only_https(url: str) -> None:
    place = urlsplit(url)
    # This machine itself needs no secrecy on the way.
    if place.scheme == "https" or (place.scheme == "http" and place.hostname == "127.0.0.1"):
        return
    raise CheckpointError(
        f"{place.hostname} would be asked without encryption.", "Networks come over https only."
    )


class _HttpsOnly(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        _only_https(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _digest(file: Path) -> Any:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256")
