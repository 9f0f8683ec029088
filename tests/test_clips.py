"""The composer: what it says about a frame is what the frame shows."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from itertools import pairwise
from math import hypot
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vcam_emoji.clips import (
    Occluder,
    Placement,
    Portrait,
    StagedClip,
    Thing,
    aligned_portraits,
    benchmark_clip,
    demo_clip,
    hard_clips,
    portraits,
    tracking_clips,
)
from vcam_emoji.clips.heads import turned
from vcam_emoji.clips.source import ClipSource
from vcam_emoji.errors import DataError, UsageError
from vcam_emoji.resources import asset
from vcam_emoji.types import Emotion

SIZE = (640, 360)
COLLINS, HOPPER = portraits()[:2]


def one(placement: Placement, size: tuple[int, int] = SIZE, **rest: float) -> StagedClip:
    return StagedClip("one", size, 30.0, 3, lambda _: [placement], **{"noise": 0.0, **rest})  # type: ignore[arg-type]


def painted(portrait: Portrait, colour: tuple[int, int, int]) -> Portrait:
    """The portrait with the face's outline filled, so that pixels can be asked whose they are."""
    image = portrait.image.copy()
    corners = np.round((portrait.outline - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(image, [corners], colour, cv2.LINE_8, 4)
    return Portrait(
        portrait.name,
        image,
        portrait.alpha,
        portrait.points,
        portrait.outline,
        portrait.roll,
        portrait.hair,
    )


# What is shipped.


def test_every_shipped_picture_is_the_one_in_the_manifest() -> None:
    entries = json.loads(asset("demo/portraits.json").read_text("utf-8"))["portraits"]
    assert entries
    for entry in entries:
        for part in ("image", "mask"):
            content = asset(f"demo/{entry[part]['file']}").read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry[part]["sha256"]
        assert "public domain" in entry["licence"]
        assert entry["source"]


def test_no_picture_is_shipped_that_the_manifest_does_not_name() -> None:
    entries = json.loads(asset("demo/portraits.json").read_text("utf-8"))["portraits"]
    named = {entry[part]["file"] for entry in entries for part in ("image", "mask")}
    assert {path.name for path in asset("demo").iterdir()} == named | {"portraits.json"}


@pytest.mark.parametrize("portrait", portraits(), ids=lambda each: each.name)
def test_a_portrait_is_measured_inside_its_own_cut_out(portrait: Portrait) -> None:
    assert all(portrait.alpha[int(y), int(x)] > 200 for x, y in portrait.points.array())
    # The cheek is the edge of the cut-out in places, where it is soft.
    assert all(portrait.alpha[int(y), int(x)] > 60 for x, y in portrait.outline)
    entries = json.loads(asset("demo/portraits.json").read_text("utf-8"))["portraits"]
    box = next(entry["box"] for entry in entries if entry["name"] == portrait.name)
    assert [portrait.box.x0, portrait.box.y0, portrait.box.x1, portrait.box.y1] == pytest.approx(
        box, abs=0.1
    )


def test_flipping_twice_gives_the_same_portrait() -> None:
    twice = COLLINS.flipped().flipped()
    assert np.array_equal(twice.image, COLLINS.image)
    assert np.allclose(twice.outline, COLLINS.outline)
    assert np.allclose(twice.points.array(), COLLINS.points.array())


# The truth is true.


@settings(max_examples=25, deadline=None)
@given(
    x=st.floats(-0.1, 1.1),
    y=st.floats(-0.1, 1.1),
    height=st.floats(0.12, 0.9),
    roll=st.floats(-180, 180),
    flip=st.booleans(),
)
@example(x=1.099609375, y=0.0, height=0.5, roll=0.0, flip=False)
def test_the_outline_is_where_the_face_is_drawn(
    x: float, y: float, height: float, roll: float, flip: bool
) -> None:
    green = painted(HOPPER, (0, 255, 0))
    clip = one(Placement(green, (x, y), height, roll=roll, flip=flip))
    staged = clip.stage(0)
    blue, green_, red = (staged.frame.image[..., i].astype(int) for i in range(3))
    drawn = ((green_ > 180) & (blue < 90) & (red < 90)).astype(np.uint8)
    if not staged.faces:
        # A corner of a cheek at the frame's border counts as no face.
        assert drawn.mean() < 1e-3
        return
    told = np.zeros_like(drawn)
    for face in staged.faces:
        told |= (face.skin(SIZE) > 0).astype(np.uint8)
    # Pixels on the edge are mixed, that of the picture too, so one or two may fall to either side.
    margin = np.ones((5, 5), np.uint8)
    inner = cv2.erode(told, margin, borderType=cv2.BORDER_CONSTANT, borderValue=(0,))
    # Along the frame's border an edge that is grazed is off by many pixels for one across it.
    whole = (slice(3, -3), slice(3, -3))
    assert not np.any(((drawn == 1) & (cv2.dilate(told, margin) == 0))[whole])
    assert not np.any(((inner == 1) & (drawn == 0))[whole])


@settings(max_examples=20, deadline=None)
@given(roll=st.floats(-170, 170), flip=st.booleans(), height=st.floats(0.1, 0.8))
def test_the_eyes_tell_the_roll_that_was_asked_for(roll: float, flip: bool, height: float) -> None:
    (face,) = one(Placement(COLLINS, (0.5, 0.5), height, roll=roll, flip=flip)).stage(0).faces
    (ax, ay), (bx, by) = face.points.left_eye, face.points.right_eye
    seen = np.degrees(np.arctan2(by - ay, bx - ax))
    assert abs((seen - roll + 180) % 360 - 180) < 4
    assert face.roll == roll


def test_the_size_of_the_face_is_the_one_asked_for() -> None:
    for size in ((640, 360), (1280, 720), (1920, 1080)):
        (face,) = one(Placement(HOPPER, (0.5, 0.5), 0.3, roll=HOPPER.roll), size).stage(0).faces
        assert face.box.height == pytest.approx(0.3 * size[1], abs=0.1)
        assert face.box.centre == pytest.approx((size[0] / 2, size[1] / 2), abs=0.1)


def test_a_face_outside_the_frame_is_not_in_it() -> None:
    for at in ((-0.3, 0.5), (1.3, 0.5), (0.5, -0.4), (0.5, 1.4)):
        assert one(Placement(COLLINS, at, 0.3)).stage(0).faces == ()


def test_half_a_face_in_the_frame_is_half_visible() -> None:
    (face,) = one(Placement(HOPPER, (0.0, 0.5), 0.5)).stage(0).faces
    assert face.visible == pytest.approx(0.5, abs=0.06)


def test_a_hand_before_the_face_hides_what_it_covers() -> None:
    bare = one(Placement(COLLINS, (0.5, 0.5), 0.5)).stage(0).faces[0]
    hand = Occluder(Thing.HAND, (0.1, 0.2))
    behind = one(Placement(COLLINS, (0.5, 0.5), 0.5, occluder=hand)).stage(0).faces[0]
    assert bare.visible == pytest.approx(1.0, abs=0.01)
    assert 0.2 < behind.visible < 0.8
    shows = cv2.countNonZero(behind.skin(SIZE)) / cv2.countNonZero(bare.skin(SIZE))
    assert shows == pytest.approx(behind.visible, abs=0.02)


def test_a_face_behind_a_sheet_of_paper_is_not_there() -> None:
    sheet = Occluder(Thing.CARD, (0, 0), height=2.5)
    assert one(Placement(COLLINS, (0.5, 0.5), 0.3, occluder=sheet)).stage(0).faces == ()


def test_who_is_in_front_hides_who_is_behind() -> None:
    def place(_: int) -> Sequence[Placement]:
        return [
            Placement(COLLINS, (0.5, 0.5), 0.3, id=1),
            Placement(HOPPER, (0.5, 0.5), 0.4, id=2),
        ]

    faces = StagedClip("two", SIZE, 30, 1, place).stage(0).faces
    assert [face.id for face in faces] == [2]


def test_a_turning_head_shows_ever_less_of_the_face_and_at_last_none() -> None:
    for portrait in (COLLINS, HOPPER):
        for side in (-1, 1):
            shares = []
            for yaw in (0, 30, 60, 90, 120, 180):
                clip = one(Placement(portrait, (0.5, 0.5), 0.5, yaw=side * yaw))
                shares.append(sum(face.visible for face in clip.stage(0).faces))
            assert all(after < before for before, after in pairwise(shares) if before > 0.05)
            assert shares[-1] < 0.01


def test_a_head_that_is_not_turned_is_the_portrait() -> None:
    same = turned(COLLINS, 0.0)
    assert np.abs(same.image.astype(int) - COLLINS.image).max() <= 1
    assert np.allclose(same.outline, COLLINS.outline, atol=0.01)


# How a frame comes about.


def test_a_clip_is_the_same_every_time() -> None:
    first, second = (benchmark_clip(2, SIZE, seconds=1) for _ in range(2))
    for a, b in zip(list(first)[::7], list(second)[::7], strict=True):
        assert np.array_equal(a.frame.image, b.frame.image)
        assert a.frame.time == b.frame.time


def test_time_goes_on_by_a_frame_each_frame() -> None:
    times = [staged.frame.time for staged in benchmark_clip(1, SIZE, seconds=0.5)]
    assert times == [index / 30 for index in range(15)]


def test_noise_differs_from_frame_to_frame_and_rises_in_the_dark() -> None:
    def spread(light: float) -> float:
        still = Placement(COLLINS, (0.5, 0.5), 0.3)
        clip = StagedClip("x", SIZE, 30, 2, lambda _: [still], lambda _: light, noise=2.0)
        one_, two = (clip.stage(index).frame.image.astype(int) for index in (0, 1))
        return float((one_ - two).std())

    assert 1.5 < spread(1.0) < 4.5
    assert spread(0.3) > 1.8 * spread(1.0)


def test_motion_blurs_along_the_way_only() -> None:
    def place(index: int) -> Sequence[Placement]:
        return [Placement(HOPPER, (0.5 + 0.06 * index, 0.5), 0.5)]

    def edges(shutter: float) -> tuple[float, float]:
        clip = StagedClip("x", SIZE, 30, 1, place, noise=0, shutter=shutter)
        face = clip.stage(0).frame.image[100:260, 260:380].astype(float)
        return float(np.abs(np.diff(face, axis=1)).mean()), float(
            np.abs(np.diff(face, axis=0)).mean()
        )

    (sharp_x, sharp_y), (soft_x, soft_y) = edges(0.0), edges(1.0)
    assert soft_x < 0.5 * sharp_x
    assert soft_x / sharp_x < 0.6 * soft_y / sharp_y


def test_a_blurred_person_stays_where_the_truth_says() -> None:
    green = painted(HOPPER, (0, 255, 0))
    for dx, dy in ((0.05, 0.0), (-0.05, 0.0), (0.03, -0.06), (-0.04, -0.05)):
        clip = StagedClip(
            "x",
            SIZE,
            30,
            1,
            lambda index, dx=dx, dy=dy: [  # type: ignore[misc]
                Placement(green, (0.5 + dx * index, 0.5 + dy * index), 0.5, brightness=1.0)
            ],
            noise=0,
            shutter=1.0,
        )
        staged = clip.stage(0)
        image = staged.frame.image.astype(float)
        greenness = np.clip(image[..., 1] - np.maximum(image[..., 0], image[..., 2]), 60, None) - 60
        ys, xs = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
        skin = staged.faces[0].skin(SIZE) > 0
        seen = (xs * greenness).sum() / greenness.sum(), (ys * greenness).sum() / greenness.sum()
        told = xs[skin].mean(), ys[skin].mean()
        assert hypot(seen[0] - told[0], seen[1] - told[1]) < 1.5


def test_a_cut_is_not_blurred() -> None:
    def place(index: int) -> Sequence[Placement]:
        return [Placement(HOPPER, (0.8 if index == 0 else 0.2, 0.5), 0.5)]

    blurred = StagedClip("x", SIZE, 30, 1, place, noise=0, shutter=1.0).stage(0)
    sharp = StagedClip("x", SIZE, 30, 1, place, noise=0, shutter=0.0).stage(0)
    assert np.array_equal(blurred.frame.image, sharp.frame.image)


@settings(max_examples=15, deadline=None)
@given(
    x=st.floats(-1.5, 2.5),
    y=st.floats(-2.5, 2.5),
    step=st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1)),
    height=st.floats(0.02, 1.5),
)
def test_a_person_anywhere_at_any_speed_composes(
    x: float, y: float, step: tuple[float, float], height: float
) -> None:
    def place(index: int) -> Sequence[Placement]:
        at = x + step[0] * index, y + step[1] * index
        return [Placement(COLLINS, at, height, yaw=20, blur=0.02)]

    staged = StagedClip("x", (320, 180), 30, 1, place, shutter=1.0).stage(0)
    assert staged.frame.image.shape == (180, 320, 3)


# The clips that are shipped.


def test_hard_clips_have_faces_and_frames_without_one() -> None:
    clips = hard_clips((320, 180))
    assert len({clip.name for clip in clips}) == len(clips) >= 15
    for clip in clips:
        assert 3 <= len(clip) / clip.fps <= 6
    leaving = next(clip for clip in clips if clip.name == "leaving and entering, left")
    counts = [len(staged.faces) for staged in leaving]
    assert counts[0] == 1
    assert min(counts) == 0
    assert counts[-1] == 1


def test_a_tracking_clip_that_stands_still_does_not_move_at_all() -> None:
    still = next(clip for clip in tracking_clips((320, 180)) if clip.name.startswith("still"))
    boxes = {staged.faces[0].box for staged in still}
    assert len(boxes) == 1


@pytest.mark.parametrize("faces", [1, 2, 3, 4])
def test_the_benchmark_clip_has_as_many_faces_as_asked_for(faces: int) -> None:
    clip = benchmark_clip(faces, SIZE, seconds=0.4)
    for staged in clip:
        assert len(staged.faces) == faces
        assert all(face.visible > 0.95 for face in staged.faces)


@pytest.mark.parametrize("faces", [0, 5])
def test_the_benchmark_clip_refuses_other_numbers(faces: int) -> None:
    with pytest.raises(UsageError):
        benchmark_clip(faces)


def test_the_demo_ends_as_it_begins() -> None:
    clip = demo_clip((320, 180)).clip
    last, first = clip.place(len(clip)), clip.place(0)
    for a, b in zip(last, first, strict=True):
        if a.visible:
            assert a.at == pytest.approx(b.at, abs=0.05)
            assert a.height == pytest.approx(b.height, abs=0.02)


def test_the_demo_shows_nobody_one_and_two_people() -> None:
    clip = demo_clip((320, 180)).clip
    counts = {len(clip.stage(index).faces) for index in range(0, len(clip), 10)}
    assert counts == {0, 1, 2}


def test_the_demo_fires_every_emotion_and_leaves_time_between() -> None:
    show = demo_clip((320, 180))
    assert {each.emotion for each in show.reactions} == set(Emotion)
    for before, after in pairwise(show.reactions):
        assert before.at + before.seconds < after.at
    length = len(show.clip) / show.clip.fps
    assert show.reactions[-1].at + show.reactions[-1].seconds < length
    assert all(0 < moment.at < length for moment in show.moments)


# Other people.


def photos(folder: Path, count: int) -> Path:
    for number in range(count):
        picture = np.full((128, 128, 3), 40 + 20 * number, np.uint8)
        (folder / "sub").mkdir(exist_ok=True)
        cv2.imwrite(str(folder / "sub" / f"{number}.png"), picture)
    (folder / "index.csv").write_text("file,label\n")
    return folder


def test_portraits_are_made_of_a_folder_or_a_zip_alike(tmp_path: Path) -> None:
    folder = photos(tmp_path, 5)
    archive = Path(shutil.make_archive(str(tmp_path.parent / "photos"), "zip", folder))
    first, second = (aligned_portraits(path, 3, seed=4) for path in (folder, archive))
    assert len(first) == 3
    for a, b in zip(first, second, strict=True):
        assert a.name == b.name
        assert np.array_equal(a.image, b.image)


def test_others_can_play_the_hard_clips(tmp_path: Path) -> None:
    for clip in hard_clips((160, 90), aligned_portraits(photos(tmp_path, 2), 2)):
        assert isinstance(clip, StagedClip)
        assert clip.stage(len(clip) // 2).frame.image.shape == (90, 160, 3)


def test_a_folder_without_photos_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no photos"):
        aligned_portraits(tmp_path, 2)
    with pytest.raises(DataError, match="neither"):
        aligned_portraits(tmp_path / "missing.zip", 2)


@pytest.mark.shared
def test_the_average_face_fits_the_photos_beside_the_checkout() -> None:
    archive = Path(__file__).parents[2] / "shared" / "data" / "faces128.zip"
    if not archive.is_file():
        pytest.skip("../shared/data/faces128.zip is not there")
    people = aligned_portraits(archive, 64)
    # Skin is redder than it is blue, and more alike inside the outline than the photo is.
    for rows in (0.62, 0.72):
        x, y = 64, round(rows * 128)
        patch = np.array([each.image[y, x - 12 : x + 12].mean(axis=0) for each in people])
        assert (patch[:, 2] > patch[:, 0]).mean() > 0.95


# A clip as a camera.


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def tiny_clip() -> StagedClip:
    return StagedClip("tiny", (160, 120), 30.0, 5, lambda _: [])


def test_a_clip_as_camera_keeps_time_and_loops() -> None:
    clock = Clock()
    source = ClipSource(tiny_clip(), clock, clock.sleep)
    times = [frame.time for frame, _ in zip(source, range(12), strict=False) if frame is not None]
    assert np.allclose(np.diff(times), 1 / 30)
    assert times[0] == 100.0


def test_who_is_slow_misses_frames_but_not_time() -> None:
    clock = Clock()
    source = ClipSource(tiny_clip(), clock, clock.sleep)
    times = []
    for frame in source:
        assert frame is not None
        times.append(frame.time)
        clock.now += 0.25
        if len(times) == 6:
            source.close()
    assert np.diff(times).min() > 0.2
    assert len(times) == 6
