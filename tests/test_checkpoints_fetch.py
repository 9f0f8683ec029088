"""Fetching by name, against a server on this machine that can misbehave."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from generator.checkpoints import official
from generator.checkpoints.errors import CheckpointError
from generator.checkpoints.fetching import fetch
from generator.checkpoints.official import Official
from generator.cli import main

CONTENT = bytes(range(256)) * 16_000  # 4 MB: more than the pieces it comes in
PART = "net.pkl.part"


@dataclass
class Server:
    """What it does, and what it was asked for."""

    content: bytes = CONTENT
    ignores_range: bool = False
    starts_at: int | None = None
    """Of a part: sends it from there, whatever was asked."""
    cuts_after: int | None = None
    """Bytes of an answer after which it hangs up."""
    status: int = 200
    kind: str = "application/octet-stream"
    redirect: str = ""
    chunked: bool = False
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def network(self) -> Official:
        return replace(
            official.OFFICIAL[0],
            name="net",
            file="net.pkl",
            url=self.url,
            size=len(CONTENT),
            sha256=hashlib.sha256(CONTENT).hexdigest(),
        )


@contextmanager
def running(server: Server) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            server.asked.append(wanted)
            if server.redirect:
                self.send_response(302)
                self.send_header("Location", server.redirect)
                self.end_headers()
                return
            start, status = 0, server.status
            if wanted and not server.ignores_range and status == 200:
                start, status = int(wanted.removeprefix("bytes=").removesuffix("-")), 206
            start = start if server.starts_at is None else server.starts_at
            body = server.content[start:]
            self.send_response(status)
            self.send_header("Content-Type", server.kind)
            if status == 206:
                self.send_header(
                    "Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
                )
            if not server.chunked:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # who has enough hangs up
                self.wfile.write(body[: server.cuts_after])
            self.close_connection = True

        def log_message(self, *_: object) -> None: ...

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    server.url = f"http://127.0.0.1:{listening.server_port}/net.pkl"
    try:
        yield server
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as ready:
        yield ready


def names(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


def test_a_network_comes_whole_and_is_fetched_once(server: Server, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    file = fetch(server.network(), tmp_path / "new", lambda done, total: told.append((done, total)))
    assert file.read_bytes() == CONTENT
    assert names(tmp_path / "new") == ["net.pkl"]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert len(told) > 2
    assert fetch(server.network(), tmp_path / "new") == file
    assert len(server.asked) == 1


def test_a_cut_connection_is_told_and_the_next_try_goes_on(server: Server, tmp_path: Path) -> None:
    server.cuts_after = 1_500_000
    with pytest.raises(CheckpointError, match=r"after 36 % of net") as caught:
        fetch(server.network(), tmp_path)
    assert "goes on where it stopped" in caught.value.hint
    assert names(tmp_path) == [PART]
    held = (tmp_path / PART).stat().st_size
    assert held == 1_500_000
    server.cuts_after = None
    told: list[int] = []
    assert fetch(server.network(), tmp_path, lambda d, _: told.append(d)).read_bytes() == CONTENT
    assert server.asked == ["", f"bytes={held}-"]
    assert told[0] > held
    assert names(tmp_path) == ["net.pkl"]


def test_a_server_that_ignores_where_to_begin_sends_all_of_it(
    server: Server, tmp_path: Path
) -> None:
    server.ignores_range = True
    (tmp_path / PART).write_bytes(CONTENT[:1_000_000])
    assert fetch(server.network(), tmp_path).read_bytes() == CONTENT


def test_a_part_that_begins_elsewhere_is_not_put_behind_what_is_there(
    server: Server, tmp_path: Path
) -> None:
    server.starts_at = 0
    (tmp_path / PART).write_bytes(CONTENT[:1_000_000])
    assert fetch(server.network(), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("held", [len(CONTENT), len(CONTENT) + 5, 0])
def test_what_an_earlier_try_left_is_of_any_length(
    server: Server, tmp_path: Path, held: int
) -> None:
    (tmp_path / PART).write_bytes((CONTENT + b"extra")[:held])
    assert fetch(server.network(), tmp_path).read_bytes() == CONTENT
    assert len(server.asked) == (held != len(CONTENT))


def test_another_file_is_refused_and_nothing_else_is_deleted(
    server: Server, tmp_path: Path
) -> None:
    server.content = CONTENT[:-1] + b"!"
    (tmp_path / "mine.pkl").write_bytes(b"mine")
    with pytest.raises(CheckpointError, match="is not net: its SHA-256"):
        fetch(server.network(), tmp_path)
    assert names(tmp_path) == ["mine.pkl"]
    server.content = CONTENT
    assert fetch(server.network(), tmp_path).read_bytes() == CONTENT


def test_a_file_of_that_name_which_is_another_is_left_alone(server: Server, tmp_path: Path) -> None:
    (tmp_path / "net.pkl").write_bytes(b"mine")
    with pytest.raises(CheckpointError, match="is another file than net"):
        fetch(server.network(), tmp_path)
    assert (tmp_path / "net.pkl").read_bytes() == b"mine"
    assert server.asked == []


def test_a_server_cannot_send_without_end(server: Server, tmp_path: Path) -> None:
    server.chunked = True
    server.content = CONTENT * 4
    assert fetch(server.network(), tmp_path).read_bytes() == CONTENT
    server.content = b"!" + CONTENT * 4
    with pytest.raises(CheckpointError, match="is not net"):
        fetch(replace(server.network(), file="other.pkl"), tmp_path)


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (404, "text/plain", "404"),
        (503, "text/plain", "503"),
        (200, "text/html; charset=utf-8", "sends a page in place of net"),
    ],
)
def test_a_server_that_gives_something_else_is_told(
    server: Server, tmp_path: Path, status: int, kind: str, said: str
) -> None:
    server.status, server.kind = status, kind
    (tmp_path / PART).write_bytes(CONTENT[:1000])
    with pytest.raises(CheckpointError, match=said):
        fetch(server.network(), tmp_path)
    assert (tmp_path / PART).read_bytes() == CONTENT[:1000]


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with running(Server()) as gone:
        pass
    with pytest.raises(CheckpointError, match=r"127\.0\.0\.1 cannot be reached: .*refused"):
        fetch(gone.network(), tmp_path)


def test_only_https_is_asked_and_followed(server: Server, tmp_path: Path) -> None:
    plain = replace(server.network(), url="http://example.org/net.pkl")
    with pytest.raises(CheckpointError, match=r"example\.org would be asked without encryption"):
        fetch(plain, tmp_path)
    for elsewhere in ("http://example.org/net.pkl", "file:///etc/passwd", "ftp://127.0.0.1/x"):
        server.redirect = elsewhere
        with pytest.raises(CheckpointError):
            fetch(server.network(), tmp_path)
    assert names(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot limit a file's size")
def test_a_disk_that_takes_no_more_is_told_and_what_came_is_kept(
    server: Server, tmp_path: Path
) -> None:
    if sys.platform != "win32":
        import resource

        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, before[1]))
        try:
            with pytest.raises(CheckpointError, match=r"net\.pkl\.part cannot be written"):
                fetch(server.network(), tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)
    held = (tmp_path / PART).stat().st_size
    assert 0 < held <= 2_000_000
    assert fetch(server.network(), tmp_path).read_bytes() == CONTENT
    assert server.asked[-1] == f"bytes={held}-"


def test_a_folder_that_cannot_be_made_is_told(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot be written"):
        fetch(server.network(), tmp_path / "file")


def test_too_little_room_is_told_before_anything_comes(server: Server, tmp_path: Path) -> None:
    huge = replace(server.network(), size=1 << 60)
    with pytest.raises(CheckpointError, match=r"needs .* MB more, and the disk has"):
        fetch(huge, tmp_path)
    assert server.asked == []


# --- the command


@pytest.fixture
def home(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The person's data folder is a new one, and the networks are the local server's."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(official, "OFFICIAL", (server.network(),))
    from vcam_emoji import paths

    monkeypatch.setattr(paths, "networks", lambda: tmp_path / "networks")
    return tmp_path / "networks"


def test_fetch_shows_licence_and_size_and_says_what_to_do_next(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", "net", "--yes"]) == 0
    said = capsys.readouterr().out
    assert "4 MB" in said
    assert "Licence: Copyright NVIDIA" in said
    assert f"import '{home / 'net.pkl'}'" in said
    assert (home / "net.pkl").read_bytes() == CONTENT


def test_fetch_without_a_yes_downloads_nothing(
    home: Path, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", "net"]) == 2  # nobody to ask
    assert "Agree with --yes" in capsys.readouterr().err
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    for said, status in (("n", "Nothing was downloaded."), ("", "Nothing was downloaded.")):
        monkeypatch.setattr("builtins.input", lambda _ask, said=said: said)
        assert main(["fetch", "net"]) == 0
        assert status in capsys.readouterr().out
    assert server.asked == []
    monkeypatch.setattr("builtins.input", lambda _ask: "y")
    assert main(["fetch", "net"]) == 0
    assert (home / "net.pkl").exists()


def test_fetch_of_a_name_that_is_not_known_names_those_that_are(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", "ffhq"]) == 2
    assert "Known are: net." in capsys.readouterr().err
    assert main(["fetch"]) == 0
    assert "net " in capsys.readouterr().out


def test_fetch_that_fails_ends_with_status_2_and_two_lines(
    home: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.cuts_after = 100
    assert main(["fetch", "net", "--yes"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 2


def test_networks_are_kept_in_the_persons_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    from vcam_emoji import paths

    assert paths.networks().parts[-1] == "networks"
    assert paths.networks().parent == paths.emoji_sets().parent
    assert os.fspath(paths.networks()) != ""
