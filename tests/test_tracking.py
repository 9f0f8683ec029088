"""Faces across frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest

from vcam_emoji.benchmarks import tracking as benchmark
from vcam_emoji.benchmarks.tracking import Path
from vcam_emoji.clips import Placement, StagedClip, hard_clips, portraits, tracking_clips
from vcam_emoji.faces.pose import Pose
from vcam_emoji.tracking import HOLD_S, Tracker, open_tracker
from vcam_emoji.types import Box, Detection, Face, Frame, Image

BLANK = np.full((480, 640, 3), 90, np.uint8)
FRAME_S = 1 / 30


def detection(x: float = 300, y: float = 200, height: float = 120) -> Detection:
    points = np.array([(-0.2, -0.1), (0.2, -0.1), (0, 0.1), (-0.15, 0.25), (0.15, 0.25)])
    return Pose(x, y, height, 1.25, 0, points.astype(np.float32)).detection(0.95)


WHOLE = Box(0, 0, 640, 640)
LEFT, RIGHT = Box(0, 0, 480, 480), Box(160, 0, 640, 480)


@dataclass
class ScriptedFinder:
    """Finds and suspects what it is told to."""

    faces: list[Detection] = field(default_factory=list)
    asked: int = 0
    suspects: Sequence[Box] = ()
    squares: Sequence[Box] = (WHOLE,)
    turns: Sequence[Sequence[Box]] = ((WHOLE,),)
    """Which of them are looked at, again and again."""
    looked: Sequence[Box] = ()

    def find(self, image: Image) -> Sequence[Detection]:
        self.looked = self.turns[self.asked % len(self.turns)]
        self.asked += 1
        return list(self.faces)


@dataclass
class ScriptedFollower:
    """Sees the one of the finder's faces that is near, and is asked where each should be."""

    finder: ScriptedFinder
    asked: list[Detection] = field(default_factory=list)

    def follow(self, image: Image, last: Detection) -> Detection | None:
        self.asked.append(last)
        near = [each for each in self.finder.faces if each.box.iou(last.box) > 0.3]
        return near[0] if near else None


def scene(*faces: Detection) -> tuple[Tracker, ScriptedFinder, ScriptedFollower]:
    finder = ScriptedFinder(list(faces))
    follower = ScriptedFollower(finder)
    return Tracker(finder, follower), finder, follower


def run(tracker: Tracker, frames: int, start: int = 0, image: Image = BLANK) -> Sequence[Face]:
    faces: Sequence[Face] = ()
    for index in range(start, start + frames):
        faces = tracker.update(Frame(image, index * FRAME_S))
    return faces


def test_no_face_is_tracked_where_none_is_found() -> None:
    tracker, finder, _ = scene()
    assert list(run(tracker, 5)) == []
    assert finder.asked == 5


def test_a_face_is_reported_in_the_first_frame_that_shows_it() -> None:
    tracker, _, _ = scene(detection())
    (face,) = run(tracker, 1)
    assert face.lost_s == 0
    assert face.box.iou(detection().box) > 0.98


def test_an_id_is_never_used_for_another_face() -> None:
    tracker, finder, _ = scene(detection())
    (first,) = run(tracker, 3)
    finder.faces = []
    run(tracker, 30, start=3)
    finder.faces = [detection(x=500)]
    (second,) = run(tracker, 1, start=33)
    tracker.reset()
    (third,) = run(tracker, 1, start=34)
    assert len({first.id, second.id, third.id}) == 3


def test_a_face_that_blinks_out_is_held_with_its_time_and_then_dropped() -> None:
    tracker, finder, _ = scene(detection())
    (before,) = run(tracker, 3)
    finder.faces = []
    # Another picture: neither the finder nor the patch sees the face any more.
    noise = np.random.default_rng(0).integers(0, 256, BLANK.shape, dtype=np.uint8)
    (held,) = run(tracker, 6, start=3, image=noise)
    assert held.id == before.id
    assert held.lost_s == pytest.approx(6 * FRAME_S)
    gone = int(HOLD_S / FRAME_S) + 2
    assert list(run(tracker, gone, start=9, image=noise)) == []


def test_a_face_that_comes_back_in_time_keeps_its_id() -> None:
    tracker, finder, _ = scene(detection())
    (before,) = run(tracker, 3)
    faces, finder.faces = finder.faces, []
    run(tracker, 6, start=3)
    finder.faces = faces
    (back,) = run(tracker, 1, start=9)
    assert back.id == before.id
    assert back.lost_s == 0


def test_a_missing_face_is_looked_for_in_every_frame() -> None:
    tracker, finder, _ = scene(detection())
    run(tracker, 3)
    finder.faces = []
    asked = finder.asked
    noise = np.random.default_rng(0).integers(0, 256, BLANK.shape, dtype=np.uint8)
    run(tracker, 6, start=3, image=noise)
    assert finder.asked >= asked + 6


def test_while_all_is_well_the_watcher_is_asked_now_and_then() -> None:
    tracker, finder, _ = scene(detection())
    tracker.watcher = watcher = ScriptedFinder([detection()])
    run(tracker, 61)
    assert finder.asked == 1
    assert 6 <= watcher.asked <= 12


def test_what_a_glance_suspects_beside_known_faces_is_told_until_it_is_glanced_at_again() -> None:
    tracker, _, _ = scene(detection())
    lamp = Box(500, 40, 560, 110)
    tracker.watcher = watcher = ScriptedFinder([detection()], suspects=[lamp, detection().box])
    watcher.squares = WHOLE, LEFT, RIGHT
    watcher.turns = (WHOLE,), (LEFT,), (RIGHT,)
    told = []
    for frame in range(91):
        run(tracker, 1, start=frame)
        told.append((watcher.asked, tuple(tracker.watch.suspects)))
        if watcher.asked == 1:
            watcher.suspects = []
    assert {asked for asked, suspects in told if suspects} == {1, 2, 3}
    assert all(set(suspects) <= {lamp} for _, suspects in told)


def test_what_the_search_for_a_missing_face_suspects_is_told_until_all_it_saw_is_glanced_at() -> (
    None
):
    tracker, seeker, _ = scene(detection())
    tracker.watcher = watcher = ScriptedFinder([detection()])
    seeker.squares = watcher.squares = WHOLE, LEFT, RIGHT
    seeker.turns = ((WHOLE, RIGHT),)
    watcher.turns = (WHOLE,), (LEFT,), (RIGHT,)
    run(tracker, 3)
    lamp = Box(500, 40, 560, 110)
    seeker.faces, seeker.suspects = [], [lamp]
    run(tracker, 2, start=3)
    assert set(tracker.watch.suspects) == {lamp}
    seeker.faces, seeker.suspects = [detection()], []
    asked = watcher.asked
    frame = 5
    while watcher.asked < asked + 3:
        assert set(tracker.watch.suspects) == {lamp}
        run(tracker, 1, start=frame)
        frame += 1
    assert watcher.looked == (RIGHT,) or not tracker.watch.suspects
    run(tracker, 20, start=frame)
    assert not tracker.watch.suspects


def test_only_a_look_at_the_whole_picture_counts_as_having_watched() -> None:
    tracker, _, _ = scene(detection())
    assert tracker.watch.time == float("-inf")
    run(tracker, 1)
    assert tracker.watch.time == 0
    tracker.watcher = watcher = ScriptedFinder([detection()])
    watcher.squares = WHOLE, LEFT, RIGHT
    watcher.turns = ((LEFT,),)
    run(tracker, 30, start=1)
    assert tracker.watch.time == 0
    times = dict(tracker.watch.parts)
    assert times[LEFT] > 20 * FRAME_S
    assert times[RIGHT] == float("-inf")
    watcher.turns = (WHOLE,), (RIGHT,)
    run(tracker, 30, start=31)
    assert tracker.watch.time > 31 * FRAME_S
    assert min(dict(tracker.watch.parts).values()) > 20 * FRAME_S
    tracker.reset()
    assert tracker.watch.time == float("-inf")
    assert not tracker.watch.parts


def test_largest_faces_come_first() -> None:
    tracker, _, _ = scene(detection(x=100, height=80), detection(x=400, height=200))
    small_last = run(tracker, 2)
    assert [round(face.box.height) for face in small_last] == [200, 80]


def test_what_was_found_once_only_is_no_face_for_long() -> None:
    tracker, finder, follower = scene(detection())
    run(tracker, 1)
    ghost = Detection(detection().box, 0.6, detection().points, 0)
    follower.follow = lambda image, last: ghost  # type: ignore[method-assign]
    finder.faces = []
    assert list(run(tracker, 60, start=1)) == []


def test_two_tracks_never_share_one_face() -> None:
    left, right = detection(x=250), detection(x=390)
    tracker, finder, _ = scene(left, right)
    run(tracker, 3)
    finder.faces = [detection(x=320)]
    seen = [face for face in run(tracker, 4, start=3) if face.lost_s == 0]
    assert len(seen) == 1


@pytest.mark.parametrize("pause", [0.0, 5.0, -3.0])
def test_frames_with_strange_times_are_borne(pause: float) -> None:
    tracker, _, _ = scene(detection())
    run(tracker, 2)
    faces = tracker.update(Frame(BLANK, FRAME_S + pause))
    assert all(np.isfinite(face.points.array()).all() for face in faces)


@cache
def real_tracker() -> Tracker:
    return open_tracker()


def followed(
    place: Callable[[int], Sequence[Placement]], frames: int, noise: float = 3.0
) -> benchmark.Path:
    clip = StagedClip("test", (1280, 720), 30, frames, place, noise=noise)
    return benchmark.follow(clip, real_tracker())


def test_a_still_face_does_not_tremble() -> None:
    path = followed(lambda _: [Placement(portraits()[1], (0.5, 0.45), 0.3)], 40)
    assert path.share == 1
    assert path.tremble() < 0.3


def test_a_moving_face_has_no_lag() -> None:
    path = followed(
        lambda index: [
            Placement(portraits()[0], (0.5 + 0.15 * np.sin(index / 8), 0.45), 0.3, roll=index - 20)
        ],
        60,
    )
    assert path.share == 1
    assert len(path.ids) == 1
    assert abs(path.lag()) < 0.15


def test_a_face_that_turns_to_60_degrees_stays_tracked() -> None:
    path = followed(
        lambda index: [Placement(portraits()[0], (0.5, 0.45), 0.3, roll=1.5 * index)], 41
    )
    assert path.share == 1


def test_an_empty_room_after_a_face_is_empty() -> None:
    tracker = real_tracker()
    tracker.reset()
    clip = StagedClip(
        "leaves", (1280, 720), 30, 40,
        lambda index: [Placement(portraits()[0], (0.5, 0.45), 0.3, visible=index < 10)],
    )  # fmt: skip
    faces = [tracker.update(staged.frame) for staged in clip]
    assert len(faces[9]) == 1
    assert all(face.lost_s > 0 for each in faces[11:] for face in each)
    assert faces[-1] == []


def test_the_measure_knows_tremble_and_lag_when_it_sees_them() -> None:
    rng = np.random.default_rng(0)
    still = Path([(100.0, 100.0)] * 90, [(100 + a, 100 + b) for a, b in rng.normal(0, 2, (90, 2))])
    assert still.tremble() == pytest.approx(2 * 2**0.5, rel=0.15)
    assert not still.moves
    way = [(200 + 100 * np.sin(n / 7), 50.0) for n in range(90)]
    late = Path(way, [way[max(0, n - 2)] for n in range(90)])
    assert late.moves
    assert late.lag() == pytest.approx(2, abs=0.06)


def test_the_clips_of_the_benchmark_can_be_asked_for() -> None:
    result = benchmark.measure([tracking_clips()[0]], real_tracker())
    assert set(result) >= {"tremble_px", "lag_frames", "tracked_share"}
    assert result["lag_frames"] is None
    assert result["tracked_share"] > 0.98


def test_crossing_faces_keep_their_ids() -> None:
    clip = next(each for each in hard_clips() if "crossing" in each.name)
    tracker = real_tracker()
    tracker.reset()
    who: dict[int, set[int]] = {0: set(), 1: set()}
    for staged in clip:
        faces = tracker.update(staged.frame)
        if len(staged.faces) < 2 or staged.faces[0].box.iou(staged.faces[1].box) > 0:
            continue
        for true in staged.faces:
            best = max(faces, key=lambda face: face.box.iou(true.box), default=None)
            if best is not None and best.box.iou(true.box) > 0.4:
                who[true.id].add(best.id)
    assert [len(ids) for ids in who.values()] == [1, 1]
