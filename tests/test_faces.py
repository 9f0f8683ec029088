"""Finding faces in single pictures."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import noise
from vcam_emoji.benchmarks import finding
from vcam_emoji.clips import Placement, StagedClip, StagedFrame, portraits
from vcam_emoji.faces import Finder, Follower, Seeker, Watcher, open_finder, open_follower
from vcam_emoji.faces.__main__ import main
from vcam_emoji.faces.anatomy import oval_box, region_of
from vcam_emoji.faces.blazeface import BlazeFace, Candidates
from vcam_emoji.faces.patch import Patch
from vcam_emoji.faces.pose import Pose, wrapped
from vcam_emoji.faces.proposals import around, distinct, propose, squares
from vcam_emoji.faces.region import Region
from vcam_emoji.types import Box, Detection, FivePoints, Image

angles = st.floats(-179, 179)


@cache
def finder() -> Finder:
    return open_finder()


@cache
def follower() -> Follower:
    return open_follower()


def staged(*placements: Placement, light: float = 1.0, noise: float = 2.0) -> StagedFrame:
    clip = StagedClip(
        "still", (1280, 720), 30, 1, lambda _: placements, light=lambda _: light, noise=noise
    )
    return clip.stage(0)


def detection(x: float = 300, y: float = 200, height: float = 120, roll: float = 0) -> Detection:
    upright = np.array([(-0.2, -0.1), (0.2, -0.1), (0, 0.1), (-0.15, 0.25), (0.15, 0.25)])
    pose = Pose(x, y, height, 1.25, roll, upright.astype(np.float32))
    return pose.detection(0.9)


def test_an_empty_room_and_noise_hold_no_face() -> None:
    assert list(finder().find(np.zeros((720, 1280, 3), np.uint8))) == []
    assert list(finder().find(staged().frame.image)) == []
    assert list(finder().find(noise())) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (17, 5), (2000, 40), (64, 64)])
def test_a_picture_of_any_size_is_searched(size: tuple[int, int]) -> None:
    assert list(finder().find(np.full((*size, 3), 90, np.uint8))) == []


@pytest.mark.parametrize("height", [60 / 720, 0.15, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("person", [0, 1])
def test_a_face_is_found_from_60_pixels_to_the_full_height(person: int, height: float) -> None:
    frame = staged(Placement(portraits()[person], (0.5, 0.5), height))
    faces = finder().find(frame.frame.image)
    assert len(faces) == 1
    assert faces[0].box.iou(frame.faces[0].box) > 0.5


@pytest.mark.parametrize("roll", [-60, -40, -20, 0, 20, 40, 60])
def test_the_roll_reported_is_the_heads(roll: float) -> None:
    frame = staged(Placement(portraits()[0], (0.5, 0.45), 0.3, roll=roll))
    (face,) = finder().find(frame.frame.image)
    assert abs(wrapped(face.roll - frame.faces[0].roll)) < 5


def test_the_five_points_lie_on_the_features() -> None:
    frame = staged(Placement(portraits()[0], (0.4, 0.5), 0.4, roll=15))
    (face,) = finder().find(frame.frame.image)
    true = frame.faces[0]
    errors = np.linalg.norm(face.points.array() - true.points.array(), axis=1)
    assert errors.max() < 0.12 * true.box.height


def cropped(person: int, share: float) -> tuple[Image, Box]:
    """A square out of a portrait, so many widths of its face wide, and where the face's box is."""
    frame = staged(Placement(portraits()[person], (0.5, 0.5), 0.9))
    box = frame.faces[0].box
    x, y, half = *(round(at) for at in box.centre), round(share * box.width / 2)
    face = Box(box.x0 - x + half, box.y0 - y + half, box.x1 - x + half, box.y1 - y + half)
    return np.ascontiguousarray(frame.frame.image[y - half : y + half, x - half : x + half]), face


@pytest.mark.parametrize("person", [0, 1])
def test_a_face_that_fills_the_picture_is_found_once(person: int) -> None:
    image, true = cropped(person, 1.0)
    (face,) = finder().find(image)
    assert face.box.iou(true) > 0.5


def test_a_seeker_soon_looks_for_a_face_that_fills_the_picture() -> None:
    image, true = cropped(1, 0.8)
    seeker = Seeker(finder())
    assert any(each.box.iou(true) > 0.5 for _ in range(3) for each in seeker.find(image))


def test_a_face_in_dim_noise_is_found() -> None:
    frame = staged(Placement(portraits()[0], (0.5, 0.45), 0.3), light=0.25, noise=3.5)
    assert len(finder().find(frame.frame.image)) == 1


def test_eight_faces_are_found_at_once() -> None:
    people = portraits()
    seats = [(0.12 + 0.25 * (n % 4), 0.28 + 0.45 * (n // 4)) for n in range(8)]
    frame = staged(*(Placement(people[n % 2], seats[n], 0.2, id=n) for n in range(8)))
    faces = finder().find(frame.frame.image)
    assert len(faces) == 8
    assert all(any(f.box.iou(t.box) > 0.5 for f in faces) for t in frame.faces)


def test_a_watcher_tells_what_may_be_a_face_where_it_looked() -> None:
    image = staged(Placement(portraits()[1], (0.5, 0.45), 0.3)).frame.image
    watcher = Watcher(finder())
    looked: list[Box] = []
    for _ in range(5):
        found = watcher.find(image)
        looked += watcher.looked
        assert all(any(each.box.iou(box) > 0.3 for box in watcher.suspects) for each in found)
    assert looked == [*watcher.squares, watcher.squares[0]]
    assert [each.width for each in looked] == [1280, 720, 720, 720, 1280]


def test_a_seeker_suspects_at_least_what_it_finds() -> None:
    image = staged(Placement(portraits()[1], (0.5, 0.45), 0.3)).frame.image
    seeker = Seeker(finder())
    for _ in range(4):
        found = seeker.find(image)
        assert found
        assert seeker.squares[0] in seeker.looked
        assert all(any(each.box.iou(box) > 0.3 for box in seeker.suspects) for each in found)


def test_suspects_include_every_face_found() -> None:
    image = staged(Placement(portraits()[1], (0.5, 0.45), 0.3)).frame.image
    suspects = [each.box for each in finder().suspects(image)]
    assert all(each.box in suspects for each in finder().find(image))


def test_a_follower_finds_the_face_that_moved_a_little() -> None:
    frame = staged(Placement(portraits()[0], (0.5, 0.45), 0.3, roll=20))
    (face,) = finder().find(frame.frame.image)
    strayed = Pose.of(face).shifted(20, -12).detection(0.9)
    again = follower().follow(frame.frame.image, strayed)
    assert again is not None
    assert again.box.iou(face.box) > 0.85


def test_a_follower_loses_a_face_that_left() -> None:
    image = staged().frame.image
    assert follower().follow(image, detection(600, 300, 220)) is None


@given(angles, st.floats(20, 400), st.floats(-50, 700), st.floats(-50, 500))
def test_points_of_a_view_come_back_to_where_they_were(
    roll: float, side: float, x: float, y: float
) -> None:
    region = Region(x, y, side, roll)
    middle = region.to_frame(np.array([(32, 32)], np.float32), 64)
    assert np.allclose(middle, [(x, y)], atol=0.01)
    edges = region.to_frame(np.array([(0, 0), (64, 0)], np.float32), 64)
    assert np.hypot(*(edges[1] - edges[0])) == pytest.approx(side, rel=1e-3)


@given(angles, st.floats(30, 500), st.floats(0.7, 1.0))
def test_a_region_does_not_change_as_the_face_turns(
    roll: float, height: float, share: float
) -> None:
    box = oval_box(10, 20, height * share, height, roll)
    upright = oval_box(10, 20, height * share, height, 0)
    assert region_of(box, roll, 1.3).side == pytest.approx(region_of(upright, 0, 1.3).side)


@given(angles, st.floats(40, 400))
def test_a_pose_gives_back_the_detection_it_came_from(roll: float, height: float) -> None:
    seen = detection(roll=roll, height=height)
    again = Pose.of(seen).detection(0.9)
    assert np.allclose(again.points.array(), seen.points.array(), atol=0.05)
    assert again.box.iou(seen.box) > 0.98


@given(st.floats(-12, 12), st.floats(-12, 12), st.floats(0.95, 1.05), st.floats(-5, 5))
def test_a_patch_tells_how_a_picture_moved(dx: float, dy: float, scale: float, turn: float) -> None:
    image = _clouds()
    region = Region(320, 240, 220, 0)
    matrix = cv2.getRotationMatrix2D((319.5, 239.5), -turn, scale)
    matrix[:, 2] += np.array((dx, dy))
    moved = cv2.warpAffine(image, matrix, (640, 480), borderMode=cv2.BORDER_REFLECT)
    match = Patch(image, region).find(moved.astype(np.uint8), region)
    assert match.likeness > 0.97
    assert match.region.x == pytest.approx(320 + dx, abs=1)
    assert match.region.y == pytest.approx(240 + dy, abs=1)
    assert match.region.side == pytest.approx(220 * scale, rel=0.02)
    assert match.region.roll == pytest.approx(turn, abs=1)


def test_a_patch_is_not_found_in_another_picture() -> None:
    region = Region(320, 240, 220, 0)
    match = Patch(_clouds(), region).find(noise((640, 480)), region)
    assert match.likeness < 0.5


def test_a_patch_without_a_pattern_stays_where_it_is() -> None:
    blank = np.full((480, 640, 3), 90, np.uint8)
    region = Region(320, 240, 220, 0)
    match = Patch(blank, region).find(blank, region)
    assert (match.region.x, match.region.y) == pytest.approx((320, 240), abs=0.5)


@cache
def _clouds() -> Image:
    rough = np.random.default_rng(3).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    return cv2.resize(rough, (640, 480), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_squares_cover_every_pixel(width: int, height: int) -> None:
    whole, *parts = squares(width, height)
    assert whole.side == max(width, height)
    if parts:
        ends = sorted((part.x + part.y, part.side) for part in parts)
        assert ends[0][0] == 0
        assert ends[-1][0] + ends[-1][1] == max(width, height)
        assert all(later[0] <= early[0] + early[1] for early, later in pairwise(ends))
        assert all(side >= min(width, height) for _, side in ends)
        assert len(parts) <= 8


@dataclass
class Onlooker:
    """A detector that sees a face of 8 pixels wherever its view is brightest."""

    size: int = 64

    def look(self, image: Image, threshold: float) -> Candidates:
        y, x = np.unravel_index(image.max(axis=2).argmax(), image.shape[:2])
        spot = np.array((x + 0.5, y + 0.5), np.float32)
        row = np.concatenate([spot, (8, 8), np.tile(spot, 6)])
        return Candidates(np.ones(1, np.float32), row[None].astype(np.float32))


@given(st.integers(20, 400), st.integers(20, 400), st.floats(0, 1), st.floats(0, 1))
def test_what_is_seen_with_room_around_lies_where_it_is(
    width: int, height: int, across: float, down: float
) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    x, y = round(across * (width - 1)), round(down * (height - 1))
    cv2.circle(image, (x, y), max(1, max(width, height) // 40), (255, 255, 255), -1)
    square = around(width, height)
    assert square.x <= 0 <= square.x + square.side - width
    assert square.y <= 0 <= square.y + square.side - height
    (seen,) = propose(cast(BlazeFace, Onlooker()), image, square, 0.5)
    assert math.dist(seen.points.left_eye, (x, y)) < 0.05 * square.side


def test_of_overlapping_faces_the_best_remains() -> None:
    near, far = detection(), detection(x=600)
    weaker = Detection(near.box, 0.5, near.points, 0)
    assert distinct([], 0.4) == []
    assert distinct([weaker, near, far], 0.4) == [near, far]


def test_the_command_prints_the_faces_of_a_photo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), staged(Placement(portraits()[0], (0.5, 0.5), 0.4)).frame.image)
    assert main([str(path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["photo"] == str(path)
    (face,) = report["faces"]
    assert set(face) == {"box", "score", "roll", "points"}
    assert set(face["points"]) == {"left_eye", "right_eye", "nose", "left_mouth", "right_mouth"}
    assert face["points"]["left_eye"][0] < face["points"]["right_eye"][0]
    assert main([str(path)]) == 0
    assert "1 face" in capsys.readouterr().out


def test_an_eye_within_a_face_is_no_face_of_its_own() -> None:
    face, beside = detection(height=300), detection(x=560, height=300)
    eye = replace(detection(x=250, y=150, height=100), score=0.8)
    assert distinct([face, eye, beside], 0.4, 0.8) == [face, beside]
    assert distinct([face, eye, beside], 0.4) == [face, beside, eye]


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
def test_what_is_no_picture_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    path = tmp_path / "photo.jpg"
    if content is not None:
        path.write_bytes(content)
    assert main([str(path)]) == 2
    assert str(path) in capsys.readouterr().err


WIDER = Path(__file__).parents[2] / "shared/data/wider100.zip"


@pytest.mark.shared
@pytest.mark.skipif(not WIDER.is_file(), reason="the photographs lie beside the checkout only")
def test_faces_at_desk_distance_are_found_in_photographs() -> None:
    scene = next(each for each in finding.SCENES if "desk" in each.name)
    row = finding.measure(WIDER, finder(), [scene])[scene.name]
    assert row["recall"] > 0.85
    assert row["precision"] > 0.93


def test_counting_finds_misses_and_false_alarms() -> None:
    truth, other = Box(0, 0, 100, 100), Box(300, 0, 330, 30)
    frame = finding.Composed(np.zeros((9, 9, 3), np.uint8), (truth,), (other,))
    five = FivePoints((0, 0), (0, 0), (0, 0), (0, 0), (0, 0))
    count = finding.Count()
    count.add(frame, [], 0)
    assert (count.faces, count.found, count.false) == (1, 0, 0)
    boxes = [truth, Box(10, 0, 100, 100), other, Box(500, 500, 600, 600)]
    count.add(frame, [Detection(box, 0.9, five, 3) for box in boxes], 0)
    assert (count.faces, count.found, count.false) == (2, 1, 2)
    assert count.roll_errors == [3]
