from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from vcam_emoji.camera import Chosen, Patience, Webcam
from vcam_emoji.capture import Raw
from vcam_emoji.devices import CameraDevice
from vcam_emoji.errors import CameraBusyError, CameraError
from vcam_emoji.types import Frame, Image

HURRY = Patience(
    frame_s=0.02, stall_s=0.05, first_s=0.05, same_s=0.03, shortest_retry_s=0.001,
    longest_retry_s=0.002,
)  # fmt: skip


def raw(value: int) -> Raw:
    return np.full(4, value, np.uint8)


DAMAGED = raw(255)


@dataclass
class FakeCapture:
    """Sends what it is told to; None is a wait in vain, an error is a camera that goes away."""

    script: Iterator[Raw | CameraError | None]
    description: str = "HD Webcam, 640x480 at 30, YUYV"
    closed: bool = False
    taken: threading.Event = field(default_factory=threading.Event)

    def grab(self, timeout_s: float) -> Raw | None:
        step = next(self.script, None)
        if step is None:
            threading.Event().wait(0.001)
            return None
        # One at a time, a fault too: what the test sees does not hang on how threads take turns.
        self.taken.wait(5)
        if isinstance(step, CameraError):
            raise step
        self.taken.clear()
        return step

    def decode(self, raw: Raw) -> Image | None:
        self.taken.set()
        if raw[0] == DAMAGED[0]:
            return None
        return np.full((2, 2, 3), raw[0], np.uint8)

    def close(self) -> None:
        self.closed = True


def capture(*script: Raw | CameraError | None) -> FakeCapture:
    made = FakeCapture(iter(script))
    made.taken.set()
    return made


@dataclass
class Opener:
    """Each opening gives the next outcome; the last one again and again."""

    outcomes: list[FakeCapture | CameraError]
    opened: int = 0

    def __call__(self) -> FakeCapture:
        outcome = self.outcomes[min(self.opened, len(self.outcomes) - 1)]
        self.opened += 1
        if isinstance(outcome, CameraError):
            raise outcome
        return outcome


@pytest.fixture
def webcam() -> Iterator[Callable[..., Webcam]]:
    opened: list[Webcam] = []

    def make(*outcomes: FakeCapture | CameraError) -> Webcam:
        opened.append(Webcam(Opener(list(outcomes)), "0", HURRY))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def values(webcam: Webcam, count: int) -> list[int]:
    """The first pixels of the next frames."""
    frames = (each for each in webcam if each is not None)
    return [int(next(frames).image[0, 0, 0]) for _ in range(count)]


def until(webcam: Webcam, holds: Callable[[], bool]) -> list[Frame | None]:
    """What comes until something holds."""
    seen = []
    for each in webcam:
        seen.append(each)
        if holds():
            return seen
    raise AssertionError("the camera ended")


def test_frames_come_in_order_with_rising_times(webcam: Callable[..., Webcam]) -> None:
    source = webcam(capture(raw(1), raw(2), raw(3)))
    frames = (each for each in source if each is not None)
    three = [next(frames) for _ in range(3)]
    assert [each.image[0, 0, 0] for each in three] == [1, 2, 3]
    assert three[0].time < three[1].time < three[2].time
    assert source.description == "HD Webcam, 640x480 at 30, YUYV"
    assert source.trouble == ""


def test_opening_a_camera_does_not_wait_for_it() -> None:
    gate = threading.Event()

    def slow() -> FakeCapture:
        gate.wait(5)
        return capture(raw(1))

    source = Webcam(slow, "0", HURRY)
    assert next(iter(source)) is None
    assert source.description == "0"
    gate.set()
    assert values(source, 1) == [1]
    source.close()


def test_none_comes_while_no_frame_does(webcam: Callable[..., Webcam]) -> None:
    source = webcam(capture(raw(1)))
    assert values(source, 1) == [1]
    assert next(iter(source)) is None


def test_only_the_newest_frame_is_kept() -> None:
    """A pipeline that is slower than the camera shows what is, not what was."""
    ended = threading.Event()

    class Flood(FakeCapture):
        def grab(self, timeout_s: float) -> Raw | None:
            step = next(self.script, None)
            if step is None:
                ended.set()
                threading.Event().wait(0.001)
            assert not isinstance(step, CameraError)
            return step

    source = Webcam(lambda: Flood(iter(raw(each) for each in range(1, 100))), "0", HURRY)
    assert ended.wait(5)
    assert values(source, 1) == [99]
    source.close()


def test_a_picture_that_is_the_cameras_own_memory_is_not_given_away(
    webcam: Callable[..., Webcam],
) -> None:
    """It is compared with the next one, to tell a camera that is stuck."""

    class Own(FakeCapture):
        def decode(self, raw: Raw) -> Image | None:
            self.taken.set()
            return raw[:12].reshape(2, 2, 3)

    class Decoded(Own):
        def decode(self, raw: Raw) -> Image | None:
            self.taken.set()
            return np.zeros((2, 2, 3), np.uint8)

    for kind, fresh in ((Own, False), (Decoded, True)):
        source = webcam(kind(iter([np.arange(1000).astype(np.uint8)])))
        frame = next(each for each in source if each is not None)
        assert frame.fresh is fresh


def test_damaged_frames_are_skipped(webcam: Callable[..., Webcam]) -> None:
    source = webcam(capture(raw(1), DAMAGED, raw(2)))
    assert values(source, 2) == [1, 2]
    assert source.trouble == ""


def test_a_busy_camera_is_named_and_taken_once_it_is_free() -> None:
    free = threading.Event()

    def opener() -> FakeCapture:
        if free.is_set():
            return capture(*(raw(7) for _ in range(1000)))
        raise CameraBusyError("HD Webcam is used by another program.", "Close firefox (42).")

    source = Webcam(opener, "0", HURRY)
    seen = until(source, lambda: bool(source.trouble))
    assert seen == [None] * len(seen)
    free.set()
    assert values(source, 1) == [7]
    assert source.trouble == ""
    source.close()


def test_the_trouble_is_a_sentence_with_its_hint(webcam: Callable[..., Webcam]) -> None:
    source = webcam(CameraBusyError("HD Webcam is used by another program.", "Close firefox (42)."))
    until(source, lambda: bool(source.trouble))
    assert source.trouble == "HD Webcam is used by another program. Close firefox (42)."


def test_an_unplugged_camera_comes_back_by_itself(webcam: Callable[..., Webcam]) -> None:
    gone = CameraError("HD Webcam was unplugged.", "Plug it in again.")
    first, second = capture(raw(1), gone), capture(raw(2))
    source = webcam(first, gone, gone, second)
    assert values(source, 2) == [1, 2]
    assert first.closed


def test_a_camera_that_stalls_is_opened_again(webcam: Callable[..., Webcam]) -> None:
    stalled, well = capture(raw(1)), capture(raw(2))
    source = webcam(stalled, well)
    assert values(source, 2) == [1, 2]
    assert stalled.closed


def test_a_camera_that_never_sends_anything_is_named(webcam: Callable[..., Webcam]) -> None:
    source = webcam(capture())
    until(source, lambda: bool(source.trouble))
    assert "HD Webcam, 640x480 at 30, YUYV sends no pictures." in source.trouble


def test_the_same_picture_over_and_over_is_named_and_then_forgotten() -> None:
    change = threading.Event()

    class Stuck(FakeCapture):
        def grab(self, timeout_s: float) -> Raw | None:
            threading.Event().wait(0.002)
            return raw(next(noise)) if change.is_set() else raw(5)

    noise = iter(i % 250 for i in range(10**9))
    source = Webcam(lambda: Stuck(iter(())), "0", HURRY)
    until(source, lambda: "same picture" in source.trouble)
    change.set()
    until(source, lambda: not source.trouble)
    source.close()


def test_an_error_that_nobody_foresaw_does_not_end_the_camera() -> None:
    class Odd:
        opened = 0

        def __call__(self) -> FakeCapture:
            self.opened += 1
            if self.opened < 3:
                raise RuntimeError("a driver's bad day")
            return capture(raw(3))

    source = Webcam(Odd(), "0", HURRY)
    assert values(source, 1) == [3]
    source.close()


def test_a_closed_camera_ends_and_lets_the_device_go(webcam: Callable[..., Webcam]) -> None:
    device = capture(raw(1), raw(2))
    source = webcam(device)
    assert values(source, 1) == [1]
    source.close()
    assert list(source) == []
    assert device.closed


INNER = CameraDevice("/dev/video0", "Inner", 0)
OUTER = CameraDevice("/dev/video2", "Outer", 1)


def test_a_camera_chosen_by_index_is_not_another_one_once_it_is_unplugged() -> None:
    there = [INNER, OUTER]
    chosen = Chosen("0", lambda: there)
    assert chosen.now() is INNER
    there = [CameraDevice("/dev/video2", "Outer", 0)]
    with pytest.raises(CameraError, match="Inner was unplugged"):
        chosen.now()


def test_a_camera_is_found_again_at_another_path() -> None:
    there = [INNER, OUTER]
    chosen = Chosen("/dev/video2", lambda: there)
    assert chosen.now() is OUTER
    moved = CameraDevice("/dev/video4", "Outer", 1)
    there = [INNER, moved]
    assert chosen.now() is moved


def test_of_two_cameras_that_are_alike_the_chosen_one_stays() -> None:
    twin = CameraDevice("/dev/video4", "Outer", 2)
    there = [INNER, OUTER, twin]
    chosen = Chosen("2", lambda: there)
    assert [chosen.now(), chosen.now()] == [twin, twin]


def test_a_camera_that_was_never_there_is_taken_once_it_is() -> None:
    there: list[CameraDevice] = []
    chosen = Chosen("outer", lambda: there)
    with pytest.raises(CameraError, match="No camera is called anything like 'outer'"):
        chosen.now()
    there = [INNER, OUTER]
    assert chosen.now() is OUTER
