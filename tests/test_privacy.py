from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests import fakes
from vcam_emoji.benchmarks.privacy import missed, uncovered_share
from vcam_emoji.clips import TrueFace
from vcam_emoji.commands import Mode
from vcam_emoji.painting import Cover, Painter, cover
from vcam_emoji.plate import Plate
from vcam_emoji.privacy import Guard, Publication, body
from vcam_emoji.settings import Look, Safety
from vcam_emoji.surroundings import Surroundings
from vcam_emoji.types import Box, Detection, Expression, Face, Frame, Image, Watch

SIZE = (640, 360)
FPS = 30
CARD_COLOUR = (1, 2, 3)
REPLACE = Look(mode=Mode.REPLACE)


def card(size: tuple[int, int]) -> Image:
    return np.full((size[1], size[0], 3), CARD_COLOUR, np.uint8)


def is_card(publication: Publication) -> bool:
    return publication.hidden and bool((publication.image == CARD_COLOUR).all())


@cache
def room() -> Image:
    """A wall with detail, so that whether it is shown sharply can be told."""
    grain = fakes.noise(SIZE, seed=5).astype(np.float32)
    soft = cv2.GaussianBlur(grain, (0, 0), 6)
    image: Image = np.clip(128 + 6 * (soft - 128) + 0.15 * (grain - 128), 0, 255).astype(np.uint8)
    return image


@cache
def texture(seed: int) -> Image:
    """What a face is made of here: no room and no other face looks like it."""
    grain = np.random.default_rng(100 + seed).uniform(0, 255, (400, 400, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(grain, (0, 0), 8)
    image: Image = np.clip((90, 130, 190) + 5 * (soft - 128) + 0.3 * (grain - 128), 0, 255).astype(
        np.uint8
    )
    return image


def put(image: Image, face: Face, seed: int) -> TrueFace:
    """Draw a face where a tracker would have to report it."""
    cx, cy = face.box.centre
    w, h = face.box.width / 2, face.box.height / 2
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    outline = np.stack([cx + w * np.cos(angles), cy + h * np.sin(angles)], 1).astype(np.float32)
    true = TrueFace(face.id, face.box, face.points, 0.0, outline)
    skin = true.skin((image.shape[1], image.shape[0])) > 0
    ys, xs = np.nonzero(skin)
    if len(ys):
        pattern = texture(seed)
        rows = np.clip((ys - cy + 200).astype(int), 0, 399)
        columns = np.clip((xs - cx + 200).astype(int), 0, 399)
        image[ys, xs] = pattern[rows, columns]
    return true


@cache
def grains() -> list[NDArray[np.int16]]:
    rng = np.random.default_rng(1)
    return [rng.integers(-3, 4, (SIZE[1], SIZE[0], 3), np.int16) for _ in range(5)]


SEEN = Watch()


@dataclass
class Stage:
    """Plays frames to a guard."""

    safety: Safety = field(default_factory=Safety)
    look: Look = REPLACE
    painter: Painter = field(default_factory=lambda: Painter(fakes.disc_set()))
    time: float = 0.0
    background: Image = field(default_factory=room)
    raw: Image = field(default_factory=room)

    def __post_init__(self) -> None:
        self.guard = Guard(card, lambda: self.safety)
        self.frames = 0

    def show(
        self,
        faces: Sequence[Face] = (),
        there: Sequence[Face] = (),
        paint: Callable[[Image], None] | None = None,
        watch: Watch = SEEN,
    ) -> Publication:
        """Publish the room with these faces in it, of which the tracker reports `faces`."""
        self.raw = self.background.copy()
        for face in there:
            put(self.raw, face, face.id)
        if paint is not None:
            paint(self.raw)
        self.frames += 1
        grain = grains()[self.frames * 7 % 5]
        self.raw = np.clip(self.raw + grain, 0, 255).astype(np.uint8)
        self.time += 1 / FPS
        expressions: Mapping[int, Expression] = {}
        return self.guard.publishable(
            Frame(self.raw, self.time), faces, expressions, self.painter, self.look, watch
        )

    def settle(self, faces: Sequence[Face], frames: int = 60) -> Publication:
        """Until all of the room is known."""
        for _ in range(frames):
            publication = self.show(faces, faces)
        return publication


ONE = fakes.face((300, 150), 90, 1)
TWO = fakes.face((520, 140), 80, 2)


def sharp_share(raw: Image, published: Image) -> float:
    return float((raw == published).all(axis=-1).mean())


def test_before_any_face_is_seen_the_frame_is_blurred_and_then_the_card() -> None:
    stage = Stage(safety=Safety(blur_s=0.5))
    first = stage.show()
    assert first.hidden
    assert not is_card(first)
    assert sharp_share(stage.raw, first.image) < 0.01
    for _ in range(20):
        last = stage.show()
    assert is_card(last)
    assert last.reason


def test_a_face_must_be_seen_several_times_before_anything_is_shown() -> None:
    stage = Stage()
    hidden = [stage.show([ONE], [ONE]).hidden for _ in range(4)]
    assert hidden == [True, True, False, False]


@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.OVERLAY])
def test_only_a_fresh_frame_is_painted_on(mode: Mode) -> None:
    stage = Stage()
    stage.look = Look(mode=mode)
    stage.settle([ONE], 5)
    frames = [Frame(stage.raw.copy(), stage.time + i / FPS, fresh=i == 2) for i in (1, 2)]
    first, second = (
        stage.guard.publishable(each, [ONE], {}, stage.painter, stage.look, SEEN) for each in frames
    )
    np.testing.assert_array_equal(frames[0].image, stage.raw)
    assert not np.shares_memory(first.image, frames[0].image)
    assert second.image is frames[1].image
    assert sharp_share(stage.raw, second.image) < 1


def test_a_fresh_frame_that_cannot_be_written_to_is_copied() -> None:
    stage = Stage()
    stage.settle([ONE], 5)
    frame = Frame(stage.raw.copy(), stage.time + 1 / FPS, fresh=True)
    frame.image.flags.writeable = False
    publication = stage.guard.publishable(frame, [ONE], {}, stage.painter, stage.look, SEEN)
    assert not publication.hidden
    assert publication.image is not frame.image


def test_a_person_who_sits_still_is_seen_sharply_with_an_emoji() -> None:
    stage = Stage()
    publication = stage.settle([ONE])
    assert not publication.hidden
    assert publication.blurred_share == 0
    assert sharp_share(stage.raw, publication.image) > 0.7
    assert publication.image[150, 300].tolist() == [128, 128, 128]


def test_a_face_that_holds_still_and_is_only_suspected_never_becomes_part_of_the_room() -> None:
    stage = Stage()
    suspected = [stage.show([ONE], [ONE, TWO], watch=Watch(suspects=[TWO.box])) for _ in range(90)]
    true = put(room().copy(), TWO, 2)
    assert uncovered_share(stage.raw, suspected[-1].image, true) <= 0.01
    assert 0 < suspected[-1].blurred_share < 0.2
    believed = [stage.show([ONE], [ONE, TWO]) for _ in range(30)]
    assert uncovered_share(stage.raw, believed[-1].image, true) > 0.5


def test_a_face_before_anothers_body_is_frosted_as_soon_as_it_is_suspected() -> None:
    stage, child = Stage(), fakes.face((300, 300), 50, 3)
    stage.settle([ONE])
    true = put(room().copy(), child, 3)
    stage.show([ONE], [ONE, child])
    unsuspected = stage.show([ONE], [ONE, child])
    assert uncovered_share(stage.raw, unsuspected.image, true) > 0.5
    suspected = stage.show([ONE], [ONE, child], watch=Watch(suspects=[child.box]))
    assert uncovered_share(stage.raw, suspected.image, true) <= 0.01
    assert suspected.blurred_share < 0.1


def test_what_is_known_stays_sharp_when_something_there_is_suspected_later() -> None:
    stage = Stage()
    stage.settle([ONE])
    later = [stage.show([ONE], [ONE], watch=Watch(suspects=[TWO.box])) for _ in range(30)]
    assert all(each.blurred_share == 0 for each in later)


def test_nothing_is_known_before_the_whole_picture_was_looked_at_for_faces() -> None:
    stage = Stage()
    before = [stage.show([ONE], [ONE], watch=Watch(float("-inf"))) for _ in range(40)]
    assert before[-1].blurred_share > 0.5
    looked = stage.time
    after = [stage.show([ONE], [ONE], watch=Watch(looked)) for _ in range(5)]
    assert after[-1].blurred_share == 0


def test_a_part_is_known_once_it_was_looked_at_closely() -> None:
    stage = Stage()
    left, right = Box(0, 0, 480, 480), Box(160, 0, 640, 480)
    never = float("-inf")
    for _ in range(60):
        watch = Watch(stage.time, parts=[(left, stage.time), (right, never)])
        seen = stage.show([ONE], [ONE], watch=watch)
    # Of what the part shows, its rim does not count: a face may be cut there.
    assert sharp_share(stage.raw[:, :200], seen.image[:, :200]) > 0.9
    assert sharp_share(stage.raw[:, 450:], seen.image[:, 450:]) < 0.05
    for _ in range(10):
        watch = Watch(stage.time, parts=[(left, stage.time), (right, stage.time)])
        seen = stage.show([ONE], [ONE], watch=watch)
    assert sharp_share(stage.raw[:, 450:], seen.image[:, 450:]) > 0.9


def test_where_a_face_is_found_that_was_shown_nothing_is_known_any_more() -> None:
    stage = Stage()
    stage.settle([ONE])
    for _ in range(60):
        # Nobody has told of the second one, who holds still: the rule's limit.
        shown = stage.show([ONE], [ONE, TWO])
    true = put(room().copy(), TWO, 2)
    assert uncovered_share(stage.raw, shown.image, true) > 0.5
    stage.show([ONE, TWO], [ONE, TWO])
    stage.look = Look(mode=Mode.REPLACE, scale=0.5)
    stage.time += 1e-3
    for _ in range(3):
        covered = stage.show([ONE, TWO], [ONE, TWO])
    assert uncovered_share(stage.raw, covered.image, true) <= 0.01


def test_who_is_partly_outside_of_anothers_body_is_frosted_inside_it_from_the_start() -> None:
    stage = Stage()
    low = fakes.face((430, 330), 90, 3)
    true = put(room().copy(), low, 3)
    for frame in range(30):
        # It nods a little all the time.
        nods = fakes.face((430, 330 + 4 * (frame % 3)), 90, 3)
        shown = stage.show([ONE], [ONE, nods])
        if not shown.hidden:
            true = put(room().copy(), nods, 3)
            assert uncovered_share(stage.raw, shown.image, true) <= 0.01


def test_a_face_differs_enough_from_a_wall_however_noisy_the_camera() -> None:
    rng = np.random.default_rng(0)
    scene = Surroundings((640, 480))
    for frame in range(200):
        wall = rng.normal(60, 30, (480, 640, 3)).clip(0, 255).astype(np.uint8)
        scene.look(wall, frame / FPS)
    scene.learn(np.full(scene.changed.shape, 255, np.uint8))
    wall[100:200, 300:380] = np.clip(wall[100:200, 300:380].astype(int) + 22, 0, 255)
    scene.look(wall, 200 / FPS)
    assert scene.changed[26:49, 76:94].mean() > 0.9 * 255


def test_while_nobody_is_known_the_blur_hides_a_face_that_fills_the_frame() -> None:
    scene = Surroundings((640, 480))
    scene.look(fakes.noise(SIZE), 0.0)
    np.testing.assert_array_equal(scene.pane(0.0), scene.pane(640.0))
    assert (scene.pane(0.0) != scene.pane(50.0)).any()


def test_the_camera_frame_itself_is_never_written_to() -> None:
    stage = Stage()
    for look in (REPLACE, Look(mode=Mode.OVERLAY), Look(mode=Mode.OFF)):
        stage.look = look
        for _ in range(5):
            image = fakes.noise(SIZE)
            image.flags.writeable = False
            stage.time += 1 / FPS
            stage.guard.publishable(Frame(image, stage.time), [ONE], {}, stage.painter, look, SEEN)


def test_off_publishes_the_plain_camera() -> None:
    stage = Stage(look=Look(mode=Mode.OFF))
    assert np.array_equal(stage.show((), [ONE]).image, stage.raw)


def test_a_lost_face_is_covered_then_blurred_then_the_card() -> None:
    stage = Stage(safety=Safety(hold_s=0.3, blur_s=0.5))
    stage.settle([ONE])
    kinds = []
    for frame in range(36):
        held = [replace(ONE, lost_s=(frame + 1) / FPS)] if frame < 4 else []
        publication = stage.show(held, [ONE])
        kinds.append(
            "card" if is_card(publication) else "blurred" if publication.hidden else "covered"
        )
        assert uncovered_share(stage.raw, publication.image, put(room().copy(), ONE, 1)) <= 0.01
    assert [kinds.index(each) for each in ("covered", "blurred", "card")] == [0, 9, 25]
    assert kinds == sorted(kinds, key=["covered", "blurred", "card"].index)


def test_once_found_again_it_is_shown_again() -> None:
    stage = Stage()
    stage.settle([ONE])
    for _ in range(90):
        stage.show((), [ONE])
    again = [stage.show([replace(ONE, id=5)], [ONE]) for _ in range(4)]
    assert [each.hidden for each in again] == [True, True, False, False]
    assert again[-1].blurred_share < 0.05


def test_a_face_that_no_tracker_sees_is_frosted_in_the_frame_in_which_it_appears() -> None:
    stage = Stage()
    stage.settle([ONE])
    for _ in range(10):
        publication = stage.show([ONE], [ONE, TWO])
        assert not publication.hidden
        assert uncovered_share(stage.raw, publication.image, put(room().copy(), TWO, 2)) <= 0.01
    assert publication.blurred_share < 0.25


def test_where_an_unseen_face_was_is_sharp_as_soon_as_it_has_gone() -> None:
    stage = Stage()
    stage.settle([ONE])
    for _ in range(5):
        stage.show([ONE], [ONE, TWO])
    assert stage.show([ONE], [ONE]).blurred_share == 0


def test_hands_before_the_body_blur_nothing() -> None:
    stage = Stage()
    stage.settle([ONE])
    for frame in range(30):

        def hand(image: Image, x: int = 250 + 3 * frame) -> None:
            cv2.circle(image, (x, 300), 25, (120, 150, 210), -1)

        assert stage.show([ONE], [ONE], hand).blurred_share == 0


def test_a_second_person_who_is_lost_stays_hidden_while_something_moves_there() -> None:
    stage = Stage()
    stage.settle([ONE, TWO])
    for frame in range(150):
        turned = fakes.face((520 + 2 * (frame % 5), 140), 80, 2)
        publication = stage.show([ONE], [ONE, turned])
        assert not publication.hidden
        assert uncovered_share(stage.raw, publication.image, put(room().copy(), turned, 2)) <= 0.01


def test_a_second_person_who_has_gone_is_forgotten_and_all_is_sharp() -> None:
    stage = Stage()
    stage.settle([ONE, TWO])
    for _ in range(150):
        publication = stage.show([ONE], [ONE])
    assert publication.blurred_share == 0
    assert not publication.hidden
    assert np.array_equal(publication.image[100:180, 500:540], stage.raw[100:180, 500:540])


@pytest.mark.parametrize("way", [(12, 0), (-12, 0), (0, -10)])
def test_when_one_walks_out_the_body_of_another_is_soon_sharp_again(way: tuple[int, int]) -> None:
    stage = Stage()
    stage.settle([ONE])
    _walk_out(stage, way)
    for frame in range(60):
        stage.show([ONE], [ONE], paint=_hand(frame))
    publication = stage.show([ONE], [ONE], paint=_hand(0))
    assert publication.blurred_share == 0


@pytest.mark.parametrize("way", [(0, 10), (5, 12)])
def test_while_one_who_ducked_may_rise_again_a_body_explains_nothing(way: tuple[int, int]) -> None:
    stage = Stage()
    stage.settle([ONE])
    _walk_out(stage, way)
    shares = [stage.show([ONE], [ONE], paint=_hand(frame)).blurred_share for frame in range(140)]
    assert shares[60] > 0
    assert shares[-1] == 0


def _walk_out(stage: Stage, way: tuple[int, int]) -> None:
    """Someone else, from where there is room, until they are out of the picture."""
    start = np.array((320 + 200 * np.sign(way[0] or 1), 140 if way[0] or way[1] < 0 else 200))
    for step in range(60):
        x, y = start + step * np.array(way)
        walker = fakes.face((float(x), float(y)), 80, 2)
        if not (-80 < x < SIZE[0] + 80 and -80 < y < SIZE[1] + 80):
            break
        stage.show([ONE, walker], [ONE, walker])


def _hand(frame: int) -> Callable[[Image], None]:
    """Something that moves before the chest of the first person, and never far from it."""

    def paint(image: Image) -> None:
        x, y = 290 + 10 * (frame % 3), 290
        image[y : y + 24, x : x + 24] = 30 if frame % 2 else 220

    return paint


def halo(stage: Stage, face: Face, publication: Publication) -> float:
    """Of the head's upper half, beside the emoji, the share in which the very room is seen."""
    at = cover(face).head
    ys, xs = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.float32)
    radius = at.radius(np.dstack([xs, ys]))
    beside = (radius < 1) & (ys < at.centre[1]) & (xs > at.centre[0])
    art = np.hypot(xs - at.centre[0], ys - at.centre[1]) < 1.1 * face.box.width
    off = cv2.absdiff(publication.image, stage.background).max(axis=-1)
    return float((off[beside & ~art] <= 8).mean())


def test_behind_a_head_that_was_elsewhere_the_room_is_seen_again() -> None:
    stage = Stage()
    first = stage.settle([ONE], 90)
    assert not first.hidden
    assert halo(stage, ONE, first) < 0.5
    # The same person, over there for a while.
    there = replace(fakes.face((120, 150), 90, 1), id=1)
    for _ in range(90):
        stage.show([there], [there])
    for step in range(30):
        now = replace(fakes.face((120 + 6 * (step + 1), 150), 90, 1), id=1)
        stage.show([now], [now])
    back = stage.settle([ONE], 40)
    assert not back.hidden
    assert halo(stage, ONE, back) > 0.9


def test_a_face_is_never_remembered_as_the_room() -> None:
    stage = Stage()
    stage.settle([ONE, TWO], 90)
    # One goes, and at once two is where one was: what is drawn behind two must not be one's face.
    for step in range(40):
        two = replace(fakes.face((520 - 5.5 * step, 145), 80, 2), id=2)
        publication = stage.show([two], [two])
        raw = stage.raw.copy()
        as_it_was = put(raw, ONE, ONE.id)
        assert uncovered_share(raw, publication.image, as_it_was) <= 0.01


def test_a_body_is_never_remembered_as_the_room() -> None:
    stage = Stage()
    badge = fakes.face((300, 290), 70, 7)
    for _ in range(90):
        stage.show([ONE, TWO], [ONE, TWO, badge])
    shares = []
    for step in range(60):
        part = min(1.0, step / 40)
        two = replace(fakes.face((520 - 175 * part, 140 + 175 * part), 80, 2), id=2)
        publication = stage.show([two], [two])
        raw = stage.raw.copy()
        as_it_was = put(raw, badge, badge.id)
        shares.append(uncovered_share(raw, publication.image, as_it_was))
    assert max(shares[30:]) <= 0.01


def test_the_light_going_out_hides_everything_at_once() -> None:
    stage = Stage()
    stage.settle([ONE])

    def dark(image: Image) -> None:
        image[:] = image // 12

    publication = stage.show([ONE], [ONE], dark)
    assert publication.hidden
    assert sharp_share(stage.raw, publication.image) < 0.2


def test_a_camera_that_adjusts_its_exposure_blurs_nothing() -> None:
    stage = Stage()
    stage.settle([ONE])
    for frame in range(40):

        def brighter(image: Image, by: float = 1 + 0.004 * frame) -> None:
            image[:] = np.clip(image * by, 0, 255).astype(np.uint8)

        publication = stage.show([ONE], [ONE], brighter)
        assert not publication.hidden
        assert publication.blurred_share < 0.02


def test_a_moved_camera_hides_the_frame() -> None:
    stage = Stage()
    stage.settle([ONE])
    stage.background = 255 - room()
    assert stage.show([ONE], [ONE]).hidden


class _Broken(Painter):
    def paint(
        self,
        image: Image,
        covers: Sequence[Cover],
        expressions: Mapping[int, Expression],
        look: Look,
        now: float,
        room: Plate | None = None,
    ) -> None:
        raise RuntimeError("no paint left")


@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.OVERLAY])
def test_when_painting_fails_the_card_is_shown(mode: Mode) -> None:
    stage = Stage(look=Look(mode=mode))
    stage.settle([ONE])
    stage.painter = _Broken(fakes.disc_set())
    assert is_card(stage.show([ONE], [ONE]))


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), 1e30])
def test_a_face_at_no_real_place_ends_in_the_card(broken: float) -> None:
    stage = Stage()
    stage.settle([ONE])
    nowhere = replace(ONE, id=9, box=Box(broken, 0, broken, 50))
    assert is_card(stage.show([ONE, nowhere], [ONE]))


def test_settings_that_cannot_be_read_end_in_the_card() -> None:
    def fails() -> Safety:
        raise OSError("gone")

    guard = Guard(card, fails)
    frame = Frame(fakes.noise(SIZE), 0.0)
    assert is_card(guard.publishable(frame, [ONE], {}, Painter(fakes.disc_set()), REPLACE, SEEN))


def test_with_only_the_largest_face_chosen_the_others_are_blurred_in_replace() -> None:
    stage = Stage(look=Look(mode=Mode.REPLACE, faces="largest"))
    publication = stage.settle([ONE, TWO])
    assert publication.image[150, 300].tolist() == [128, 128, 128]
    assert uncovered_share(stage.raw, publication.image, put(room().copy(), TWO, 2)) == 0
    assert publication.image[140, 520].tolist() != [128, 128, 128]


def test_with_only_the_largest_face_chosen_the_others_are_left_alone_in_overlay() -> None:
    stage = Stage(look=Look(mode=Mode.OVERLAY, faces="largest"))
    publication = stage.settle([ONE, TWO])
    assert np.array_equal(publication.image[100:180, 490:550], stage.raw[100:180, 490:550])
    assert publication.image[150, 300].tolist() == [128, 128, 128]


def test_in_overlay_a_lost_face_stays_covered_for_a_moment() -> None:
    stage = Stage(safety=Safety(hold_s=0.3), look=Look(mode=Mode.OVERLAY))
    stage.settle([ONE], 5)
    seen = [stage.show((), [ONE]).image[150, 300].tolist() == [128, 128, 128] for _ in range(12)]
    assert seen == [True] * 9 + [False] * 3


def test_coming_back_from_another_mode_nothing_is_taken_for_known() -> None:
    stage = Stage()
    stage.settle([ONE])
    stage.look = Look(mode=Mode.OVERLAY)
    stage.show([ONE], [ONE])
    stage.look = REPLACE
    assert stage.show([ONE], [ONE]).hidden


def test_frames_of_another_size_or_from_an_earlier_time_begin_anew() -> None:
    stage = Stage()
    stage.settle([ONE])
    stage.time -= 10
    assert stage.show([ONE], [ONE]).hidden
    stage.settle([ONE])
    small = Frame(fakes.noise((320, 180)), stage.time + 0.03)
    published = stage.guard.publishable(small, [ONE], {}, stage.painter, REPLACE, SEEN)
    assert published.hidden
    assert published.image.shape == (180, 320, 3)


def test_after_a_pause_of_the_camera_the_frame_is_hidden_first() -> None:
    stage = Stage()
    stage.settle([ONE])
    stage.time += 5
    assert stage.show([ONE], [ONE]).hidden


@given(
    path=st.lists(
        st.tuples(
            st.floats(-0.15, 1.15),
            st.floats(0.0, 0.9),
            st.floats(0.15, 0.6),
            st.integers(3, 14),
            st.sampled_from(["seen", "seen", "held", "gone", "new"]),
        ),
        min_size=2,
        max_size=7,
    ),
    second=st.booleans(),
)
@settings(max_examples=12, deadline=None)
def test_wherever_a_face_goes_and_whatever_the_tracker_misses_it_is_never_published(
    path: list[tuple[float, float, float, int, str]], second: bool
) -> None:
    stage = Stage(safety=Safety(hold_s=0.2, blur_s=0.5))
    stage.settle([TWO] if second else [], 45)
    for there, reported in _played(path):
        faces = [*([TWO] if second else []), *reported]
        publication = stage.show(faces, [*([TWO] if second else []), there])
        # The one behind may hide the other's skin; what is asked about is drawn last.
        if second and not any(face.lost_s == 0 for face in reported) and _before_two(there):
            # Rule 6's limit: what is missed before another's body is taken for that body.
            continue
        share = uncovered_share(stage.raw, publication.image, put(room().copy(), there, there.id))
        assert share <= 0.01


def _before_two(face: Face) -> bool:
    """Whether a face touches where change is explained by the second person."""
    at = cover(TWO)
    zone = np.concatenate([at.head.outline(1.2), body(at, SIZE[1])])
    (x0, y0), (x1, y1) = zone.min(axis=0), zone.max(axis=0)
    box = face.box
    return bool(box.x0 < x1 and box.x1 > x0 and box.y0 < y1 and box.y1 > y0)


def _played(path: list[tuple[float, float, float, int, str]]) -> Iterator[tuple[Face, list[Face]]]:
    """A face that walks from place to place, and what a tracker says of it in each frame."""
    identity, lost, at = 10, 0.0, None
    last: Face | None = None
    for x, y, size, frames, event in path:
        goal = np.array([x * SIZE[0], y * SIZE[1], size * SIZE[1]])
        at = goal if at is None else at
        step = (goal - at) / frames
        if event == "new":
            identity += 1
        for frame in range(frames):
            at = at + step
            # Nobody holds perfectly still: rule 5's limit is a face that does, and is not found.
            sway = 0.08 * at[2] * (frame % 4 - 1.5)
            there = fakes.face((float(at[0] + sway), float(at[1])), float(at[2]), identity)
            there = replace(there, id=identity)
            if event in ("seen", "new"):
                lost, last = 0.0, there
                yield there, [there]
            elif event == "held" and last is not None and lost < 0.5:
                lost += 1 / FPS
                yield there, [replace(last, lost_s=lost)]
            else:
                last = None
                yield there, []
        identity += event == "gone"


def test_a_body_hangs_down_from_its_head_or_leans_as_the_head_does() -> None:
    at = cover(fakes.face((320, 100), 60))
    upright, leaning = (body(at, SIZE[1], lean).astype(np.float32) for lean in (0.0, 30.0))
    throat = at.features[0], at.features[1] + 0.6 * at.face_width
    lifted = throat[0] - 1.8 * at.face_width, throat[1] - 0.4 * at.face_width
    assert cv2.pointPolygonTest(upright, throat, False) > 0
    assert cv2.pointPolygonTest(leaning, throat, False) > 0
    assert cv2.pointPolygonTest(upright, lifted, False) < 0
    assert cv2.pointPolygonTest(leaning, lifted, False) > 0


def test_a_shoulder_that_is_lifted_as_the_head_tilts_is_not_frosted() -> None:
    stage = Stage()
    stage.settle([ONE])
    tilted = replace(ONE, roll=30.0)
    at = cover(tilted)
    shoulder = fakes.face(
        (at.features[0] - 1.4 * at.face_width, at.features[1] + 0.55 * at.face_width),
        0.5 * at.face_width,
    )
    shares = [stage.show([face], [face, shoulder]).blurred_share for face in (tilted, ONE)]
    assert shares[0] < shares[1]


def test_the_measure_sees_what_is_uncovered_and_is_not_fooled() -> None:
    image = room().copy()
    true = put(image, ONE, 1)
    image = np.clip(image + np.random.default_rng(0).normal(0, 3, image.shape), 0, 255).astype(
        np.uint8
    )
    grey = np.full_like(image, 128)
    half = cv2.addWeighted(image, 0.5, grey, 0.5, 0).astype(np.uint8)
    soft = cv2.GaussianBlur(image, (0, 0), 3).astype(np.uint8)
    tiny = cv2.resize(image, (12, 7), interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(tiny, SIZE, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    assert uncovered_share(image, image, true) == 1
    assert uncovered_share(image, half, true) > 0.99
    assert uncovered_share(image, soft, true) == 1
    assert uncovered_share(image, grey, true) == 0
    assert uncovered_share(image, fakes.noise(SIZE), true) == 0
    flat = image.copy()
    flat[:] = image[140:160, 290:310].mean(axis=(0, 1))
    assert uncovered_share(image, flat, true) == 0
    assert uncovered_share(image, coarse, true) == 0


def test_a_detection_elsewhere_does_not_count_as_found() -> None:
    true = put(room().copy(), ONE, 1)
    found = Detection(ONE.box, 0.9, ONE.points, 0.0)
    assert not missed([true], [found], SIZE)
    assert missed([true], [replace(found, box=TWO.box)], SIZE)
    assert missed([true], [], SIZE)
