"""Painting emojis over heads: one warp, one blend, and little of either while a head is still.

The art is kept premultiplied, so that warping and mixing never bleed the colour of transparent
pixels into edges, and so that a cross-fade is a plain weighted sum: where both pictures are
opaque, the fade is opaque too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import atan2, ceil, cos, degrees, hypot, log2, pi, radians, sin, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji import backdrop
from vcam_emoji.backdrop import Ellipse
from vcam_emoji.commands import Mode
from vcam_emoji.emoji_set import EmojiImage, EmojiSet
from vcam_emoji.settings import Look
from vcam_emoji.types import Emotion, Expression, Face, Image

# A head in widths of its face (cheek to cheek), from head and face anthropometry: the pupils are
# 0.45 apart, the mouth 0.48 and the chin 0.82 below them, the crown 0.85 above; ears and hair add
# to the sides and the top.
_EYES_APART = 0.45
_EYES_TO_MOUTH = 0.48
_FACE_HEIGHT = 1.3
_HEAD_HALF_WIDTH = 0.98
_HEAD_HALF_HEIGHT = 1.16
_HEAD_ABOVE_EYES = 0.12
"""How far the head's centre lies above the line of the eyes."""
_EMOJI_RADIUS = 1.08
_EMOJI_ABOVE_FEATURES = 0.20
"""In `replace` the art sits a little higher than its anchors say: hair adds to the top."""


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

    def grown(self, factor: float, shift: tuple[float, float] = (0.0, 0.0)) -> Cover:
        """A larger one, moved by `shift` pixels."""
        (fx, fy), (hx, hy), (dx, dy) = self.features, self.head.centre, shift
        return Cover(
            self.face_id,
            self.face_width * factor,
            (fx + dx, fy + dy),
            self.roll,
            Ellipse(
                (hx + dx, hy + dy),
                self.head.half_width * factor,
                self.head.half_height * factor,
                self.head.roll,
            ),
        )


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
    above = _FACE_HEIGHT / 2 - 0.82 + _HEAD_ABOVE_EYES
    (bx, by) = box.centre
    by_box = bx - down[0] * width * (above + 0.25), by - down[1] * width * (above + 0.25)
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

    def near(self, other: _Pose, reach: float) -> bool:
        """Whether nothing within `reach` art pixels of the anchor lies visibly elsewhere."""
        turn = abs((self.roll - other.roll + 180) % 360 - 180)
        return (
            abs(self.x - other.x) < 0.5
            and abs(self.y - other.y) < 0.5
            and abs(self.scale - other.scale) * reach < 0.7
            and radians(turn) * self.scale * reach < 0.7
        )


class _Art:
    """One image of a set, ready to be warped."""

    def __init__(self, image: EmojiImage) -> None:
        pixels = image.pixels
        alpha = pixels[..., 3:].astype(np.uint16)
        whole = pixels.astype(np.uint16)
        whole[..., :3] = (whole[..., :3] * alpha + 127) // 255
        self._levels = {0: whole.astype(np.uint8)}
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
        solid = pixels[..., 3] >= 128
        self.radius = max(1.0, sqrt(float(solid.sum()) / pi))
        """Of the disc with the silhouette's area."""
        ys, xs = np.nonzero(solid)
        self.middle = (float(xs.mean()) + 0.5, float(ys.mean()) + 0.5) if xs.size else self.features
        self.reach = hypot(width, height) / 2

    def level(self, scale: float) -> tuple[NDArray[np.uint8], float]:
        """A smaller copy at most 1.42 times as large as needed, and its size against the whole."""
        step = max(0, ceil(-2 * log2(scale) - 1)) if scale < 1 else 0
        if step not in self._levels:
            whole = self._levels[0]
            size = tuple(max(1, round(side * 2 ** (-step / 2))) for side in whole.shape[1::-1])
            small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
            self._levels[step] = small.astype(np.uint8, copy=False)
        level = self._levels[step]
        return level, level.shape[1] / self._levels[0].shape[1]


@dataclass(slots=True)
class _Sheet:
    """Something to lay over a rectangle of the frame: `frame * keep / 255 + colour`."""

    x: int
    y: int
    colour: Image
    keep: Image

    def lay(self, image: Image) -> None:
        height, width = self.colour.shape[:2]
        x0, y0 = max(0, self.x), max(0, self.y)
        x1, y1 = min(image.shape[1], self.x + width), min(image.shape[0], self.y + height)
        if x0 >= x1 or y0 >= y1:
            return
        part = np.s_[y0 - self.y : y1 - self.y, x0 - self.x : x1 - self.x]
        below = image[y0:y1, x0:x1]
        cv2.multiply(below, self.keep[part], dst=below, scale=1 / 255)
        cv2.add(below, self.colour[part], dst=below)


@dataclass(slots=True)
class _Person:
    """What is remembered of one emoji from frame to frame."""

    weights: dict[int, float] = field(default_factory=dict)
    """How much of each picture shows, by its `id`, summing to 1."""
    level: tuple[Emotion, float] | None = None
    painted: float = 0.0
    pose: _Pose | None = None
    head: Ellipse | None = None
    rim: NDArray[np.float32] | None = None
    shade: NDArray[np.uint8] | None = None
    behind: _Sheet | None = None
    front: _Sheet | None = None
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
    ) -> None:
        """Paint over every cover, in place; in `replace` the heads are filled in first.

        Args:
            image: The pipeline's own copy of a frame.
            covers: Back to front.
            expressions: By face id; who is not in it shows neutral.
            look: Its mode is `replace` or `overlay`.
            now: The frame's time, in seconds.
        """
        people = {each.face_id: self._people.get(each.face_id, _Person()) for each in covers}
        self._people = people
        if look.mode is Mode.REPLACE:
            heads = [each.head for each in covers]
            for number, each in enumerate(covers):
                others = heads[:number] + heads[number + 1 :]
                _fill(image, each.head, others, people[each.face_id])
            for each in covers:
                behind = people[each.face_id].behind
                if behind is not None:
                    behind.lay(image)
        for each in covers:
            expression = expressions.get(each.face_id, Expression(Emotion.NEUTRAL))
            self._front(each, expression, people[each.face_id], look, now).lay(image)

    def _front(
        self, cover: Cover, expression: Expression, person: _Person, look: Look, now: float
    ) -> _Sheet:
        weights = self._fade(person, expression, look.fade_s, now)
        arts = [(self._art[key], weight) for key, weight in weights.items()]
        main = max(arts, key=lambda pair: pair[1])[0]
        wanted = _pose(cover, main, look)
        if person.pose is None or not wanted.near(person.pose, main.reach):
            person.pose = wanted
        opacity = look.opacity if look.mode is Mode.OVERLAY else 1.0
        key = (person.pose, tuple(weights.items()), opacity, look.mode, cover.face_width > 0)
        if person.front is None or person.front_key != key:
            person.front = _sheet(arts, main, person.pose, opacity)
            person.front_key = key
        return person.front

    def _fade(
        self, person: _Person, expression: Expression, fade_s: float, now: float
    ) -> dict[int, float]:
        """Move the weights towards the picture wanted, so that none ever jumps."""
        image = self._emoji_set.image(expression)
        target = id(image)
        if target not in self._art:
            self._art[target] = _Art(image)
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


def _sheet(arts: list[tuple[_Art, float]], main: _Art, pose: _Pose, opacity: float) -> _Sheet:
    """The art warped into the frame, several pictures mixed by weight."""
    right = cos(radians(pose.roll)) * pose.scale, sin(radians(pose.roll)) * pose.scale
    whole = main.level(1.0)[0]
    fx, fy = main.features
    corners = [
        (right[0] * (x - fx) - right[1] * (y - fy), right[1] * (x - fx) + right[0] * (y - fy))
        for x in (0, whole.shape[1])
        for y in (0, whole.shape[0])
    ]
    x0 = int(np.floor(pose.x + min(x for x, _ in corners))) - 1
    y0 = int(np.floor(pose.y + min(y for _, y in corners))) - 1
    x1 = int(np.ceil(pose.x + max(x for x, _ in corners))) + 1
    y1 = int(np.ceil(pose.y + max(y for _, y in corners))) + 1
    mixed: NDArray[np.float32] | NDArray[np.uint8] | None = None
    for art, weight in arts:
        like = pose.scale * main.radius / art.radius
        level, share = art.level(like)
        k = like / share
        a, b = cos(radians(pose.roll)) * k, sin(radians(pose.roll)) * k
        ax, ay = art.features[0] * share - 0.5, art.features[1] * share - 0.5
        place = np.array(
            [
                [a, -b, pose.x - 0.5 - x0 - a * ax + b * ay],
                [b, a, pose.y - 0.5 - y0 - b * ax - a * ay],
            ]
        )
        warped = cv2.warpAffine(level, place, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
        if len(arts) > 1 or opacity < 1:
            part = warped.astype(np.float32) * np.float32(weight * opacity)
            mixed = part if mixed is None else mixed + part
        else:
            mixed = warped.astype(np.uint8, copy=False)
    assert mixed is not None
    if mixed.dtype != np.uint8:
        mixed = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
    colour = cv2.cvtColor(mixed, cv2.COLOR_BGRA2BGR).astype(np.uint8, copy=False)
    clear = cv2.bitwise_not(mixed[..., 3])
    keep = cv2.merge([clear, clear, clear]).astype(np.uint8, copy=False)
    return _Sheet(x0, y0, colour, keep)


def _fill(image: Image, head: Ellipse, others: Sequence[Ellipse], person: _Person) -> None:
    """Bring the sheet behind one emoji up to date with the surroundings."""
    rim = backdrop.ring(image, head, others)
    box = backdrop.pixels(head)
    old = person.head
    same = old is not None and (old.half_width, old.half_height, old.roll, old.centre) == (
        head.half_width,
        head.half_height,
        head.roll,
        head.centre,
    )
    if not same or person.shade is None:
        person.shade = backdrop.mask(head)
        person.head = head
    shade = cv2.merge([person.shade] * 3)
    grid = backdrop.surface(rim, head.roll, head.half_height / head.half_width)
    fill = cv2.resize(grid, (box[2] - box[0], box[3] - box[1]), interpolation=cv2.INTER_CUBIC)
    colour = cv2.multiply(fill, shade, scale=1 / 255).astype(np.uint8, copy=False)
    keep = cv2.bitwise_not(shade).astype(np.uint8, copy=False)
    person.behind = _Sheet(box[0], box[1], colour, keep)
