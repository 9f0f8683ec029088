"""Painting emojis over heads: one warp, one blend, and little of either while a head is still.

The art is kept premultiplied, so that warping and mixing never bleed the colour of transparent
pixels into edges, and so that a cross-fade is a plain weighted sum: where both pictures are
opaque, the fade is opaque too.

It is painted in BGR. Painting on the three planes of I420, which virtual cameras take, was built
and measured: with half the bytes but thrice the calls it took a quarter more time, not less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import atan2, ceil, cos, degrees, floor, hypot, log2, pi, radians, sin, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji import backdrop
from vcam_emoji.backdrop import Backdrop, Ellipse
from vcam_emoji.commands import Mode
from vcam_emoji.emoji_set import EmojiImage, EmojiSet
from vcam_emoji.plate import Plate
from vcam_emoji.settings import Look
from vcam_emoji.sheet import Sheet, cut
from vcam_emoji.types import Emotion, Expression, Face, Image

# A head in widths of its face (cheek to cheek), from head and face anthropometry: the pupils are
# 0.45 apart, the mouth 0.48 and the chin 0.82 below them, the crown 0.85 above. Ears and hair add
# to the sides and the top; below the chin lies a quarter of a width, for a mouth that opens wide.
# More would hide the collar, and what is drawn there instead looks like a balloon on the shoulders.
_EYES_APART = 0.45
_EYES_TO_MOUTH = 0.48
_FACE_HEIGHT = 1.3
_EYES_TO_CHIN = 0.82
_HEAD_HALF_WIDTH = 0.98
_HEAD_HALF_HEIGHT = 1.2
_HEAD_ABOVE_EYES = 0.11
"""How far the head's centre lies above the line of the eyes."""
_EMOJI_RADIUS = 0.98
_EMOJI_ABOVE_FEATURES = 0.1
"""In `replace` the art sits a little higher than its anchors say: hair adds to the top."""

_INVISIBLE = 1.25
"""Pixels by which the edge of an emoji may be off before it is warped anew."""
_MOST_ART = 3
"""Drawings kept ready beside those that show; each takes 1 to 2 MB, and 7 ms to make ready."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What is to be hidden of one person, and where the art goes."""

    face_id: int
    face_width: float
    """Cheek to cheek, in pixels."""
    features: tuple[float, float]
    """Halfway between the eyes and the mouth."""
    roll: float
    """Degrees clockwise."""
    head: Ellipse
    """Head and hair: nothing inside may be seen in `replace`."""

    def grown(self, factor: float) -> Cover:
        """The same art over a larger head."""
        head = self.head
        larger = Ellipse(
            head.centre, head.half_width * factor, head.half_height * factor, head.roll
        )
        return Cover(self.face_id, self.face_width, self.features, self.roll, larger)


def cover(face: Face) -> Cover:
    """The cover of a face as it is seen.

    The box and the points are asked both, and the larger answer counts: a face turned aside is
    narrow, one looking down is flat, and either may be off in a poor picture.

    Raises:
        ValueError: if the face is no finite, real area.
    """
    points = face.points
    (ex, ey), (mx, my) = points.eyes, points.mouth
    box = face.box
    apart = hypot(
        points.right_eye[0] - points.left_eye[0], points.right_eye[1] - points.left_eye[1]
    )
    width = max(
        sqrt(box.area / _FACE_HEIGHT),
        box.height / 1.5,
        apart / _EYES_APART,
        hypot(mx - ex, my - ey) / (_EYES_TO_MOUTH * 1.25),
    )
    if not (0 < width < float("inf") and box.area > 0 and abs(face.roll) < float("inf")):
        raise ValueError(f"Not a face: {box}, roll {face.roll}.")
    down = -sin(radians(face.roll)), cos(radians(face.roll))
    by_points = ex - down[0] * width * _HEAD_ABOVE_EYES, ey - down[1] * width * _HEAD_ABOVE_EYES
    (bx, by), rise = box.centre, _EYES_TO_CHIN - _FACE_HEIGHT / 2 + _HEAD_ABOVE_EYES
    by_box = bx - down[0] * width * rise, by - down[1] * width * rise
    centre = (by_points[0] + by_box[0]) / 2, (by_points[1] + by_box[1]) / 2
    apart_px = hypot(by_points[0] - by_box[0], by_points[1] - by_box[1])
    growth = 1 + max(0.0, apart_px / 2 / width - 0.1)
    head = Ellipse(
        centre, _HEAD_HALF_WIDTH * width * growth, _HEAD_HALF_HEIGHT * width * growth, face.roll
    )
    return Cover(face.id, width, ((ex + mx) / 2, (ey + my) / 2), face.roll, head)


@dataclass(frozen=True, slots=True)
class _Pose:
    """Where art goes: a similarity, `scale` pixels of the frame to one of the art."""

    x: float
    y: float
    scale: float
    roll: float

    def turns_like(self, other: _Pose, reach: float) -> bool:
        """Whether size and tilt move nothing visibly within `reach` art pixels of the anchor."""
        turn = abs((self.roll - other.roll + 180) % 360 - 180)
        moved = hypot(self.scale - other.scale, radians(turn) * self.scale) * reach
        return moved < _INVISIBLE


class _Art:
    """One image of a set, ready to be warped."""

    def __init__(self, image: EmojiImage) -> None:
        pixels = image.pixels
        alpha = np.ascontiguousarray(pixels[..., 3])
        opacity = cv2.merge([alpha, alpha, alpha, np.full_like(alpha, 255)])
        whole = cv2.multiply(pixels, opacity, scale=1 / 255)
        self._levels = {0: whole.astype(np.uint8, copy=False)}
        height, width = pixels.shape[:2]
        eyes = [(image.anchors.left_eye[i] + image.anchors.right_eye[i]) / 2 for i in (0, 1)]
        mouth = image.anchors.mouth
        size = (width, height)
        self.features = ((eyes[0] + mouth[0]) / 2 * width, (eyes[1] + mouth[1]) / 2 * height)
        self.eyes_apart = hypot(
            *((image.anchors.right_eye[i] - image.anchors.left_eye[i]) * size[i] for i in (0, 1))
        )
        self.eyes_to_mouth = hypot(*((mouth[i] - eyes[i]) * size[i] for i in (0, 1)))
        self.lean = degrees(
            atan2(
                (image.anchors.right_eye[1] - image.anchors.left_eye[1]) * height,
                (image.anchors.right_eye[0] - image.anchors.left_eye[0]) * width,
            )
        )
        """Degrees by which the drawing itself is tilted."""
        solid = alpha >= 128
        self.radius = max(1.0, sqrt(float(solid.sum()) / pi))
        """Of the disc with the silhouette's area."""
        x, y, w, h = cv2.boundingRect(alpha)
        left, top = x - self.features[0], y - self.features[1]
        self._corners = [(left, top), (left + w, top), (left, top + h), (left + w, top + h)]
        """Of what is not transparent, from the anchor, in pixels of the art."""
        hull = cv2.convexHull(cv2.findNonZero(alpha)) if w else np.zeros((1, 1, 2))
        self.reach = float(np.linalg.norm(hull - self.features, axis=-1).max()) + 1
        """No pixel is farther from the anchor."""

    def _level(self, scale: float) -> tuple[NDArray[np.uint8], float]:
        """A smaller copy at most 1.42 times as large as needed, and its size against the whole."""
        step = max(0, ceil(-2 * log2(scale) - 1)) if scale < 1 else 0
        if step not in self._levels:
            whole = self._levels[0]
            size = tuple(max(1, round(side * 2 ** (-step / 2))) for side in whole.shape[1::-1])
            small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
            self._levels[step] = small.astype(np.uint8, copy=False)
        level = self._levels[step]
        return level, level.shape[1] / self._levels[0].shape[1]

    def extent(self, pose: _Pose) -> tuple[int, int, int, int]:
        """x0, y0, x1, y1: whole pixels of the frame around the art in that pose."""
        a, b = cos(radians(pose.roll)) * pose.scale, sin(radians(pose.roll)) * pose.scale
        xs = [pose.x + a * x - b * y for x, y in self._corners]
        ys = [pose.y + b * x + a * y for x, y in self._corners]
        return floor(min(xs)) - 1, floor(min(ys)) - 1, ceil(max(xs)) + 1, ceil(max(ys)) + 1

    def warped(self, pose: _Pose, size: tuple[int, int]) -> NDArray[np.uint8]:
        """[h, w, 4], premultiplied, in a picture of that width and height."""
        level, share = self._level(pose.scale)
        a = cos(radians(pose.roll)) * pose.scale / share
        b = sin(radians(pose.roll)) * pose.scale / share
        # OpenCV puts the first pixel's centre at 0, we put it at 0.5.
        x, y = self.features[0] * share - 0.5, self.features[1] * share - 0.5
        place = np.array(
            [[a, -b, pose.x - 0.5 - a * x + b * y], [b, a, pose.y - 0.5 - b * x - a * y]]
        )
        warped = cv2.warpAffine(level, place, size, flags=cv2.INTER_LINEAR)
        return warped.astype(np.uint8, copy=False)


@dataclass(frozen=True, slots=True)
class _Front:
    """Art as it was last warped."""

    sheet: Sheet
    pose: _Pose
    whole: bool
    """None of it was cut off at the frame's border, so that it may be moved."""

    def serves(self, pose: _Pose, reach: float) -> bool:
        still = hypot(pose.x - self.pose.x, pose.y - self.pose.y) < _INVISIBLE
        return pose.turns_like(self.pose, reach) and (self.whole or still)

    def at(self, pose: _Pose) -> Sheet:
        """Moved by whole pixels to a pose that it serves."""
        if not self.whole:
            return self.sheet
        return self.sheet.moved(round(pose.x - self.pose.x), round(pose.y - self.pose.y))


@dataclass(slots=True)
class _Person:
    """What is remembered of one emoji from frame to frame."""

    weights: dict[int, float] = field(default_factory=dict)
    """How much of each picture shows, by its `id`, summing to 1."""
    painted: float = 0.0
    behind: Backdrop | None = None
    front: _Front | None = None
    front_key: object = None


class Painter:
    """Paints emojis over heads, in place."""

    def __init__(self, emoji_set: EmojiSet) -> None:
        self._people: dict[int, _Person] = {}
        self._art: dict[int, _Art] = {}
        self.use(emoji_set)

    @property
    def emoji_set(self) -> EmojiSet:
        return self._emoji_set

    def use(self, emoji_set: EmojiSet) -> None:
        """Paint with another set from the next frame on."""
        self._emoji_set = emoji_set
        self._art.clear()
        self._people.clear()

    def paint(
        self,
        image: Image,
        covers: Sequence[Cover],
        expressions: Mapping[int, Expression],
        look: Look,
        now: float,
        room: Plate | None = None,
    ) -> None:
        """Paint over every cover, in place; in `replace` the heads are filled in first.

        Args:
            image: The pipeline's own copy of a frame.
            covers: Back to front.
            expressions: By face id; who is not in it shows neutral.
            look: Its mode is `replace` or `overlay`.
            now: The frame's time, in seconds.
            room: What is remembered of the room, for what is behind the heads.
        """
        people = {each.face_id: self._people.get(each.face_id, _Person()) for each in covers}
        self._people = people
        if look.mode is Mode.REPLACE:
            heads = [each.head for each in covers]
            for number, each in enumerate(covers):
                others = heads[:number] + heads[number + 1 :]
                person = people[each.face_id]
                person.behind = backdrop.behind(image, each.head, others, person.behind)
        fronts = {
            each.face_id: self._front(
                each,
                expressions.get(each.face_id, Expression(Emotion.NEUTRAL)),
                people[each.face_id],
                look,
                now,
                image.shape[1::-1],
            )
            for each in covers
        }
        if look.mode is Mode.REPLACE:
            for each in covers:
                behind = people[each.face_id].behind
                if behind is not None:
                    behind.lay(image, fronts[each.face_id].opaque(), room)
        for each in covers:
            fronts[each.face_id].lay(image)

    def _front(
        self,
        cover: Cover,
        expression: Expression,
        person: _Person,
        look: Look,
        now: float,
        frame_size: tuple[int, int],
    ) -> Sheet:
        weights = self._fade(person, expression, look.fade_s, now)
        arts = [(self._art[key], weight) for key, weight in weights.items()]
        main = max(arts, key=lambda pair: pair[1])[0]
        wanted = _pose(cover, main, look)
        opacity = look.opacity if look.mode is Mode.OVERLAY else 1.0
        key = (tuple(weights.items()), opacity, frame_size)
        old = person.front
        if old is None or person.front_key != key or not old.serves(wanted, main.reach):
            old = person.front = _front(arts, main, wanted, opacity, frame_size)
            person.front_key = key
        return old.at(wanted)

    def _fade(
        self, person: _Person, expression: Expression, fade_s: float, now: float
    ) -> dict[int, float]:
        """Move the weights towards the picture wanted, so that none ever jumps."""
        image = self._emoji_set.image(expression)
        target = id(image)
        if target not in self._art:
            self._make_room()
            self._art[target] = _Art(image)
        # To the end of the line of those that may go.
        self._art[target] = self._art.pop(target)
        passed, person.painted = max(0.0, now - person.painted), now
        before = person.weights.get(target, 0.0)
        after = (
            1.0 if not person.weights or passed >= fade_s else min(1.0, before + passed / fade_s)
        )
        if after >= 1.0:
            person.weights = {target: 1.0}
        else:
            shrink = (1 - after) / (1 - before)
            person.weights = {key: weight * shrink for key, weight in person.weights.items()}
            person.weights[target] = after
        return person.weights

    def _make_room(self) -> None:
        """Let go of the art that has gone unused the longest, but of none that shows."""
        shown = {key for person in self._people.values() for key in person.weights}
        idle = [key for key in self._art if key not in shown]
        for key in idle[: max(0, len(self._art) - _MOST_ART + 1)]:
            del self._art[key]


def _pose(cover: Cover, art: _Art, look: Look) -> _Pose:
    roll = cover.roll - art.lean
    if look.mode is Mode.REPLACE:
        scale = look.scale * _EMOJI_RADIUS * cover.face_width / art.radius
        down = -sin(radians(cover.roll)), cos(radians(cover.roll))
        lift = _EMOJI_ABOVE_FEATURES * cover.face_width
        return _Pose(
            cover.features[0] - down[0] * lift, cover.features[1] - down[1] * lift, scale, roll
        )
    by_eyes = _EYES_APART * cover.face_width / max(art.eyes_apart, 1.0)
    by_mouth = _EYES_TO_MOUTH * cover.face_width / max(art.eyes_to_mouth, 1.0)
    x = cover.features[0] + look.offset_x * cover.face_width
    y = cover.features[1] + look.offset_y * cover.face_width
    return _Pose(x, y, look.scale * sqrt(by_eyes * by_mouth), roll)


def _front(
    arts: list[tuple[_Art, float]],
    main: _Art,
    pose: _Pose,
    opacity: float,
    frame_size: tuple[int, int],
) -> _Front:
    """The art warped to where it goes, several pictures mixed by weight."""
    x0, y0, x1, y1 = main.extent(pose)
    left, top = max(0, x0), max(0, y0)
    right, bottom = max(left + 1, min(frame_size[0], x1)), max(top + 1, min(frame_size[1], y1))
    whole = (left, top, right, bottom) == (x0, y0, x1, y1)
    size = (right - left, bottom - top)
    mixed = np.zeros((size[1], size[0], 4), np.uint8)
    for art, weight in arts:
        scale = pose.scale * main.radius / art.radius
        layer = art.warped(_Pose(pose.x - left, pose.y - top, scale, pose.roll), size)
        share = weight * opacity
        if share >= 1:
            mixed = layer
        else:
            mixed = cv2.addWeighted(mixed, 1.0, layer, share, 0).astype(np.uint8, copy=False)
    return _Front(cut(mixed, left, top), pose, whole)
