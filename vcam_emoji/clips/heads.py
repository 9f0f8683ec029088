"""A portrait's head turned to the side, though there is only one photograph of it.

Every row of the head is taken for a circle seen from the front, which turns about its middle; the
back of the head is hair. So the face slides to one side, narrows, and is gone at a quarter turn,
while the silhouette stays: what a camera sees of a head that turns away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.clips.portraits import Portrait
from vcam_emoji.types import FivePoints, Points

_NECK = 0.1
"""Below the chin the turned head passes into the neck over this share of the face's height."""

_JAW = 0.3
"""Above the chin by this share of the face's height, the head begins to narrow to the neck."""

_INSET = 3
"""Pixels by which the head is taken narrower than it is, so no background is drawn inwards."""


@dataclass(frozen=True, slots=True, eq=False)
class _Head:
    front: NDArray[np.uint8]
    """[h, w, 3], the rows from the crown to the neck."""
    back: NDArray[np.uint8]
    """The same with hair where the face is."""
    top: int
    middle: NDArray[np.float32]
    """[h], x of the middle of each row."""
    radius: NDArray[np.float32]
    """[h], half the width of the head in each row."""
    share: NDArray[np.float32]
    """[h], 1 for rows of the head, falling to 0 for the neck, which does not turn."""


def head_rows(portrait: Portrait) -> slice:
    """The rows of the picture that `turned` changes."""
    head = _head(portrait)
    return slice(head.top, head.top + len(head.middle))


def turned(portrait: Portrait, yaw: float) -> Portrait:
    """The person with the head turned by `yaw` degrees, positive to the right of the picture."""
    head = _head(portrait)
    angle = np.float32(np.radians(yaw))
    x0 = max(0, int((head.middle - head.radius).min()))
    x1 = int(np.ceil((head.middle + head.radius).max()))
    columns = np.arange(x0, x1, dtype=np.float32)[None, :] + np.float32(0.5)
    middle, radius = head.middle[:, None], head.radius[:, None]
    across = (columns - middle) / radius
    inside = np.abs(across) < 1
    texture = np.arcsin(np.clip(across, -1, 1)) - angle
    x = np.where(inside, middle + radius * np.sin(texture), columns) - np.float32(0.5)
    y = np.broadcast_to(np.arange(len(head.middle), dtype=np.float32)[:, None], x.shape)
    y = np.ascontiguousarray(y)
    front = cv2.remap(head.front, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    back = cv2.remap(head.back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # A soft seam between face and hair, just behind the widest part of the head.
    seam = np.where(inside, np.clip(1 + np.cos(texture) * 4, 0, 1), 1).astype(np.float32)
    mixed = cv2.blendLinear(front, back, seam, 1 - seam)
    share = np.ascontiguousarray(np.broadcast_to(head.share[:, None], seam.shape))
    still = np.ascontiguousarray(head.front[:, x0:x1])
    image = portrait.image.copy()
    image[head_rows(portrait), x0:x1] = cv2.blendLinear(mixed, still, share, 1 - share)
    places = _turn(head, np.concatenate([portrait.points.array(), portrait.outline]), yaw)
    five = [(float(px), float(py)) for px, py in places[:5]]
    return replace(portrait, image=image, points=FivePoints(*five), outline=places[5:])


def _turn(head: _Head, points: Points, yaw: float) -> Points:
    """Where points of the face come to be; those that turn out of sight stay on the edge."""
    row = np.clip(points[:, 1] - head.top, 0, len(head.middle) - 1).astype(np.int32)
    middle, radius = head.middle[row], head.radius[row]
    across = (points[:, 0] - middle) / radius
    inside = np.clip(across, -1, 1)
    at = np.arcsin(inside) + np.radians(yaw)
    # A cheek may lie a pixel or two outside the circles, which are taken a little narrow.
    outside = (across - inside) * max(0.0, np.cos(np.radians(yaw)))
    x = middle + radius * (np.sin(np.clip(at, -np.pi / 2, np.pi / 2)) + outside)
    return np.stack([x, points[:, 1]], axis=1).astype(np.float32)


@lru_cache(maxsize=16)
def _head(portrait: Portrait) -> _Head:
    box = portrait.box
    solid = portrait.alpha > 200
    top = int(np.argmax(solid.any(axis=1))) + 1
    chin, bottom = round(box.y1), round(box.y1 + _NECK * box.height)
    rows = np.arange(top, bottom)
    left, right = np.array([_run(solid[row], round(box.centre[0])) for row in rows], np.float32).T
    # From the cheeks down collar and shoulders may be wider than the head, which narrows.
    cheek = round(box.y1 - _JAW * box.height)
    down = np.clip((rows - cheek) / (chin - cheek), 0, 1).astype(np.float32)
    middle, at_cheek = box.centre[0], cheek - top
    neck = left[at_cheek] + (middle - 0.46 * box.width - left[at_cheek]) * down
    left = np.where(rows < cheek, left, np.maximum(left, neck))
    neck = right[at_cheek] + (middle + 0.46 * box.width - right[at_cheek]) * down
    right = np.where(rows < cheek, right, np.minimum(right, neck))
    left, right = _calm(left) + _INSET, _calm(right) - _INSET
    return _Head(
        front=portrait.image[top:bottom],
        back=_hair_instead_of_face(portrait)[top:bottom],
        top=top,
        middle=((left + right) / 2).astype(np.float32),
        radius=np.maximum((right - left) / 2, 1.0).astype(np.float32),
        share=np.clip((bottom - rows) / (bottom - chin), 0, 1).astype(np.float32),
    )


def _run(solid: NDArray[np.bool_], middle: int) -> tuple[int, int]:
    """Where the run of solid pixels begins and ends that holds the middle."""
    if not solid[middle]:
        return middle - 1, middle + 1
    before, after = solid[:middle][::-1], solid[middle:]
    left = middle - int(np.argmin(before)) if not before.all() else 0
    right = middle + int(np.argmin(after)) if not after.all() else len(solid)
    return left, right


def _calm(side: NDArray[np.float32]) -> NDArray[np.float32]:
    """The side of a head, smoothed over some rows, or strands of hair would zigzag."""
    return cv2.blur(side.astype(np.float32)[:, None], (1, 13))[:, 0].astype(np.float32)


def _hair_instead_of_face(portrait: Portrait) -> NDArray[np.uint8]:
    """The picture with hair over face and ears."""
    box = portrait.box
    height, width = portrait.alpha.shape
    face = np.zeros((height, width), np.uint8)
    centre = (round(box.centre[0]), round(box.y0 + 0.5 * box.height))
    cv2.ellipse(
        face, centre, (round(box.width * 0.8), round(box.height * 0.62)), 0, 0, 360, (255,), -1
    )
    soft = cv2.GaussianBlur(face, (0, 0), 0.04 * box.width)[..., None].astype(np.float32) / 255
    # Strands: noise drawn out downwards, so the back of a head is not a flat patch.
    noise = np.random.default_rng(3).normal(0, 60, (height, width)).astype(np.float32)
    strands = cv2.GaussianBlur(noise, (0, 0), sigmaX=1.2, sigmaY=0.12 * box.height)
    strands = strands * (14 / max(float(strands.std()), 1e-3))
    painted = np.clip(np.array(portrait.hair, np.float32) + strands[..., None], 0, 255)
    mixed = portrait.image * (1 - soft) + painted * soft
    result: NDArray[np.uint8] = np.round(mixed).astype(np.uint8)
    return result
