"""Whether anyone watches the virtual camera, told by who opens a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("only Linux has such devices", allow_module_level=True)
assert sys.platform == "linux"

from vcam_emoji import devices  # noqa: E402
from vcam_emoji.viewers import LOOKED_AT_S, Openers, Viewers  # noqa: E402


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A file in the place of a device: the kernel tells of both alike."""
    (tmp_path / "video10").touch()
    return str(tmp_path / "video10")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def openers(path: str, clock: Clock) -> Iterator[Openers]:
    counting = Openers(path, clock)
    yield counting
    counting.close()


@contextmanager
def opened(path: str, flags: int = os.O_RDWR) -> Iterator[None]:
    handle = os.open(path, flags)
    try:
        yield
    finally:
        os.close(handle)


@pytest.mark.parametrize("flags", [os.O_RDWR, os.O_RDONLY])
def test_who_holds_it_open_watches_until_it_is_closed(
    openers: Openers, clock: Clock, path: str, flags: int
) -> None:
    assert not openers.any
    with opened(path, flags):
        assert not openers.any, "it may merely be listed"
        clock.now += LOOKED_AT_S * 1.1
        assert openers.any
        with opened(path):
            assert openers.any
        assert openers.any, "another one closed it"
    assert not openers.any


def test_who_only_looks_at_it_does_not_watch(openers: Openers, clock: Clock, path: str) -> None:
    for _ in range(5):
        with opened(path):
            assert not openers.any
            clock.now += LOOKED_AT_S / 2
        assert not openers.any
        clock.now += LOOKED_AT_S * 1.1


def test_who_had_it_open_before_watches_at_once(
    path: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the service was started again in the middle of a call."""
    monkeypatch.setattr(devices, "holders", lambda _: ["firefox (1234)"])
    handle = os.open(path, os.O_RDWR)
    counting = Openers(path, clock)
    assert counting.any
    os.close(handle)
    assert not counting.any
    counting.close()


def test_one_that_was_not_seen_to_open_it_hides_no_other(
    path: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "holders", lambda _: [])
    unseen = os.open(path, os.O_RDWR)
    counting = Openers(path, clock)
    os.close(unseen)
    assert not counting.any
    with opened(path):
        assert not counting.any
        clock.now += LOOKED_AT_S * 1.1
        assert counting.any
    counting.close()


def test_where_nothing_tells_someone_may_be_watching(tmp_path: Path) -> None:
    viewers = Viewers(str(tmp_path / "missing"))
    assert viewers.any
    viewers.close()
    viewers.close()


def test_what_is_no_virtual_camera_is_told_by_who_opens_it(path: str) -> None:
    viewers = Viewers(path)
    assert not viewers.any
    viewers.close()
