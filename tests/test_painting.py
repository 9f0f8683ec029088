from __future__ import annotations

from math import cos, hypot, radians, sin
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import fakes
from vcam_emoji.backdrop import FEATHER
from vcam_emoji.commands import Mode
from vcam_emoji.emoji_set import Anchors, EmojiImage, EmojiSet
from vcam_emoji.painting import Painter, cover
from vcam_emoji.settings import Look
from vcam_emoji.types import Box, Emotion, Expression, Face, FivePoints, Image

GOLDEN = Path(__file__).parent / "golden"
REPLACE = Look(mode=Mode.REPLACE)
OVERLAY = Look(mode=Mode.OVERLAY)
HAPPY = {1: Expression(Emotion.HAPPY)}


def tilted(face: Face, roll: float) -> Face:
    """The same face turned about its middle, clockwise; its box is that of the turned oval."""
    cx, cy = face.box.centre
    c, s = cos(radians(roll)), sin(radians(roll))

    def turn(p: tuple[float, float]) -> tuple[float, float]:
        x, y = p[0] - cx, p[1] - cy
        return cx + c * x - s * y, cy + s * x + c * y

    five = FivePoints(*(turn((float(x), float(y))) for x, y in face.points.array()))
    w, h = face.box.width / 2, face.box.height / 2
    half_w, half_h = hypot(w * c, h * s), hypot(w * s, h * c)
    box = Box(cx - half_w, cy - half_h, cx + half_w, cy + half_h)
    return Face(face.id, box, five, roll, face.score)


def dotted_set() -> EmojiSet:
    """White art with a red, a green and a blue dot at its left eye, right eye and mouth."""
    side, anchors = 256, Anchors((0.34, 0.4), (0.66, 0.4), (0.5, 0.74))
    pixels = np.full((side, side, 4), 255, np.uint8)
    for (x, y), colour in (
        (anchors.left_eye, (0, 0, 255)),
        (anchors.right_eye, (0, 255, 0)),
        (anchors.mouth, (255, 0, 0)),
    ):
        cv2.circle(pixels, (round(x * side), round(y * side)), 14, (*colour, 255), -1)
    images = {each: ((1.0, EmojiImage(pixels, anchors)),) for each in Emotion}
    return EmojiSet("dots", "Dots", "tests", "CC0-1.0", "Drawn by the tests.", images)


def painted(image: Image, face: Face, look: Look, emoji_set: EmojiSet | None = None) -> Image:
    result = image.copy()
    Painter(emoji_set or fakes.disc_set()).paint(result, [cover(face)], HAPPY, look, now=0.0)
    return result


def middle_of(image: Image, channel: int) -> tuple[float, float]:
    """Where a channel is bright and the others are dark."""
    others = [each for each in range(3) if each != channel]
    dots = (image[..., channel] > 160) & (image[..., others].max(axis=-1) < 90)
    ys, xs = np.nonzero(dots)
    return float(xs.mean()) + 0.5, float(ys.mean()) + 0.5


@pytest.mark.parametrize("emotion", list(Emotion))
@pytest.mark.parametrize("look", [REPLACE, OVERLAY], ids=["replace", "overlay"])
def test_a_colour_of_the_art_is_the_same_colour_in_the_picture(
    emotion: Emotion, look: Look
) -> None:
    image = fakes.noise()
    Painter(fakes.disc_set()).paint(
        image, [cover(fakes.face())], {1: Expression(emotion)}, look, now=0.0
    )
    assert image[240, 320].tolist() == list(fakes.DISC_COLOURS[emotion])


@given(
    x=st.floats(200, 440),
    y=st.floats(180, 300),
    size=st.floats(60, 160),
    roll=st.floats(-70, 70),
)
@settings(max_examples=40, deadline=None)
def test_eyes_and_mouth_of_the_art_sit_on_those_of_the_face(
    x: float, y: float, size: float, roll: float
) -> None:
    face = tilted(fakes.face((x, y), size), roll)
    image = painted(np.full((480, 640, 3), 255, np.uint8), face, OVERLAY, dotted_set())
    at = [middle_of(image, channel) for channel in (2, 1, 0)]
    wanted = [face.points.left_eye, face.points.right_eye, face.points.mouth]
    # The art's proportions are its own: its eyes and mouth lie in the face's directions, near.
    for (ax, ay), (bx, by) in zip(at, wanted, strict=True):
        assert hypot(ax - bx, ay - by) < 0.12 * size + 1
    centre = (at[0][0] + at[1][0] + 2 * at[2][0]) / 4, (at[0][1] + at[1][1] + 2 * at[2][1]) / 4
    mx = (face.points.eyes[0] + face.points.mouth[0]) / 2
    my = (face.points.eyes[1] + face.points.mouth[1]) / 2
    assert hypot(centre[0] - mx, centre[1] - my) < 1.5
    leaning = np.degrees(np.arctan2(at[1][1] - at[0][1], at[1][0] - at[0][0]))
    assert abs(leaning - roll) < 3


@given(
    x=st.floats(-40, 680),
    y=st.floats(-40, 520),
    size=st.floats(30, 400),
    roll=st.floats(-90, 90),
    seed=st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
def test_in_replace_nothing_of_the_head_has_a_part_in_the_picture(
    x: float, y: float, size: float, roll: float, seed: int
) -> None:
    face = tilted(fakes.face((x, y), size), roll)
    at = cover(face)
    one = fakes.noise(seed=seed)
    other = one.copy()
    ys, xs = np.mgrid[:480, :640].astype(np.float32) + np.float32(0.5)
    head = at.head.radius(np.stack([xs, ys], axis=-1)) <= 1
    other[head] = 255 - other[head]
    assert np.array_equal(painted(one, face, REPLACE), painted(other, face, REPLACE))


@given(x=st.floats(-300, 900), y=st.floats(-300, 800), size=st.floats(4, 900))
@settings(max_examples=40, deadline=None)
def test_far_from_the_head_nothing_changes(x: float, y: float, size: float) -> None:
    face = fakes.face((x, y), size)
    image = fakes.noise()
    far = cover(face).head.box(1.35)
    result = painted(image, face, REPLACE)
    ys, xs = np.mgrid[:480, :640]
    outside = (xs < far.x0 - 2) | (xs > far.x1 + 2) | (ys < far.y0 - 2) | (ys > far.y1 + 2)
    assert np.array_equal(result[outside], image[outside])


def test_the_head_cover_holds_ears_hair_and_chin() -> None:
    face = fakes.face((320, 240), 130)
    at, wide = cover(face), face.box.width
    (ex, ey) = face.points.eyes
    for dx, dy in ((-0.75, 0), (0.75, 0), (0, -1.05), (0, 0.95), (-0.55, -0.7), (0.55, 0.5)):
        place = np.array([[ex + dx * wide, ey + dy * wide]], np.float32)
        assert at.head.radius(place)[0] < 1, (dx, dy)


def test_a_collar_shows_below_the_head() -> None:
    face = fakes.face((320, 240), 130)
    (ex, ey), wide = face.points.eyes, face.box.width
    collar = np.array([[ex, ey + 1.25 * wide]], np.float32)
    assert cover(face).head.radius(collar)[0] > FEATHER


def test_a_plain_wall_is_continued_behind_the_head() -> None:
    wall = np.full((480, 640, 3), (90, 140, 180), np.uint8)
    face = fakes.face()
    seen = wall.copy()
    cv2.ellipse(seen, (320, 230), (60, 80), 0, 0, 360, (20, 30, 40), -1)
    invisible = fakes.disc_set()
    clear = {
        emotion: ((1.0, EmojiImage(np.zeros((64, 64, 4), np.uint8), images[0][1].anchors)),)
        for emotion, images in invisible.images.items()
    }
    nothing = EmojiSet("clear", "Clear", "tests", "CC0-1.0", "Empty.", clear)
    assert np.abs(painted(seen, face, REPLACE, nothing).astype(int) - wall).max() <= 2


def test_edges_of_white_art_on_white_stay_white() -> None:
    art = fakes.disc_set()
    white = {
        emotion: tuple(
            (
                level,
                EmojiImage(
                    np.dstack([np.full_like(i.pixels[..., :3], 255), i.pixels[..., 3]]), i.anchors
                ),
            )
            for level, i in images
        )
        for emotion, images in art.images.items()
    }
    whites = EmojiSet("white", "White", "tests", "CC0-1.0", "Drawn by the tests.", white)
    paper = np.full((480, 640, 3), 255, np.uint8)
    assert painted(paper, tilted(fakes.face(), 23), OVERLAY, whites).min() >= 253


def test_half_way_through_a_fade_the_emoji_is_as_opaque_as_ever() -> None:
    painter, at = Painter(fakes.disc_set()), [cover(fakes.face())]
    look = Look(mode=Mode.OVERLAY, fade_s=1.0)
    for emotion, now in ((Emotion.HAPPY, 0.0), (Emotion.SAD, 0.1), (Emotion.SAD, 0.5)):
        black = np.zeros((480, 640, 3), np.uint8)
        white = np.full((480, 640, 3), 255, np.uint8)
        painter.paint(black, at, {1: Expression(emotion)}, look, now)
        painter.paint(white, at, {1: Expression(emotion)}, look, now)
        assert np.abs(black[240, 320].astype(int) - white[240, 320]).max() <= 2
    blue, green, red = black[240, 320].tolist()
    assert 100 < blue < 160
    assert abs(green - (255 - blue)) < 6
    assert abs(red - green) < 2


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(list(Emotion)), st.floats(0, 0.3)), min_size=1, max_size=12
    )
)
@settings(max_examples=30, deadline=None)
def test_however_emotions_change_the_emoji_never_turns_transparent(
    steps: list[tuple[Emotion, float]],
) -> None:
    painter, at, now = Painter(fakes.disc_set()), [cover(fakes.face())], 0.0
    for emotion, passed in steps:
        now += passed
        image = np.full((480, 640, 3), 255, np.uint8)
        image[:, ::2] = 0
        painter.paint(image, at, {1: Expression(emotion)}, Look(mode=Mode.OVERLAY), now)
        patch = image[232:248, 312:328].astype(int)
        assert np.abs(patch - patch[0, 0]).max() <= 3


def test_a_fade_ends_with_the_new_picture() -> None:
    painter, at = Painter(fakes.disc_set()), [cover(fakes.face())]
    for frame in range(20):
        image = np.zeros((480, 640, 3), np.uint8)
        emotion = Emotion.HAPPY if frame < 3 else Emotion.ANGRY
        painter.paint(image, at, {1: Expression(emotion)}, OVERLAY, frame / 30)
    assert image[240, 320].tolist() == list(fakes.DISC_COLOURS[Emotion.ANGRY])


def test_an_emoji_does_not_tremble_with_a_face_that_trembles_by_a_third_of_a_pixel() -> None:
    painter = Painter(fakes.disc_set())
    rng = np.random.default_rng(3)
    pictures = []
    for frame in range(12):
        dx, dy = rng.uniform(-0.3, 0.3, 2)
        image = np.full((480, 640, 3), 77, np.uint8)
        painter.paint(image, [cover(fakes.face((320 + dx, 240 + dy)))], HAPPY, OVERLAY, frame / 30)
        pictures.append(image)
    assert all(np.array_equal(pictures[1], each) for each in pictures[2:])


def test_a_moving_emoji_is_where_its_face_is() -> None:
    painter, picture_set = Painter(dotted_set()), dotted_set()
    for frame in range(25):
        face = fakes.face((150 + 13.3 * frame, 240))
        image = np.full((480, 640, 3), 255, np.uint8)
        painter.paint(image, [cover(face)], HAPPY, OVERLAY, frame / 30)
        fresh = painted(np.full((480, 640, 3), 255, np.uint8), face, OVERLAY, picture_set)
        (ax, ay), (bx, by) = middle_of(image, 2), middle_of(fresh, 2)
        assert hypot(ax - bx, ay - by) < 0.9


def test_an_emoji_seen_through_is_mixed_by_its_opacity() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    result = painted(image, fakes.face(), Look(mode=Mode.OVERLAY, opacity=0.5))
    assert result[240, 320].tolist() == pytest.approx([0, 127, 127], abs=2)


def test_an_offset_moves_the_emoji_by_face_widths() -> None:
    face = fakes.face()
    plain = np.full((480, 640, 3), 255, np.uint8)
    here = middle_of(painted(plain, face, OVERLAY, dotted_set()), 2)
    moved = Look(mode=Mode.OVERLAY, offset_x=0.5, offset_y=-0.25)
    there = middle_of(painted(plain, face, moved, dotted_set()), 2)
    wide = cover(face).face_width
    assert there[0] - here[0] == pytest.approx(0.5 * wide, abs=1)
    assert there[1] - here[1] == pytest.approx(-0.25 * wide, abs=1)


def test_another_set_shows_in_the_next_frame() -> None:
    painter = Painter(fakes.disc_set())
    at = [cover(fakes.face())]
    image = np.zeros((480, 640, 3), np.uint8)
    painter.paint(image, at, HAPPY, OVERLAY, 0.0)
    painter.use(dotted_set())
    painter.paint(image, at, HAPPY, OVERLAY, 0.03)
    assert image[240, 320].tolist() == [255, 255, 255]


def test_two_heads_close_together_are_filled_with_the_wall_and_not_with_each_other() -> None:
    wall = np.full((480, 640, 3), (90, 140, 180), np.uint8)
    faces = [fakes.face((250, 240), 110, 1), fakes.face((390, 240), 110, 2)]
    for face in faces:
        cv2.ellipse(wall, (round(face.box.centre[0]), 225), (52, 70), 0, 0, 360, (0, 0, 255), -1)
    Painter(fakes.disc_set()).paint(wall, [cover(face) for face in faces], {}, REPLACE, 0.0)
    red = (wall[..., 2].astype(int) - wall[..., 1]) > 70
    assert not red.any()


def test_no_face_is_made_of_nonsense() -> None:
    good = fakes.face()
    nan = float("nan")
    for box in (Box(nan, 0, 10, 10), Box(5, 5, 5, 5), Box(10, 10, 0, 0)):
        with pytest.raises(ValueError, match="face"):
            cover(Face(1, box, good.points, 0.0, 0.9))


@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.OVERLAY])
def test_a_picture_looks_as_it_was_approved(mode: Mode, tmp_path: Path) -> None:
    ys, xs = np.mgrid[:120, :160]
    scene = np.dstack([80 + xs / 2, 60 + ys, 200 - ys / 2 + 20 * ((xs // 16) % 2)]).astype(np.uint8)
    actual = painted(scene, tilted(fakes.face((85, 64), 52), 20), Look(mode=mode))
    expected = cv2.imread(str(GOLDEN / f"painting-{mode}.png"))
    difference = cv2.absdiff(actual, expected) if expected is not None else actual
    cv2.imwrite(str(tmp_path / "actual.png"), actual)
    cv2.imwrite(str(tmp_path / "difference.png"), difference)
    assert expected is not None, f"no golden image; see {tmp_path}"
    assert np.percentile(difference, 99.5) <= 6, f"see {tmp_path}"
