"""A portrait's head turned to the side, though there is only one photograph of it.

Every row of the head is taken for a circle seen from the front, which turns about its middle; the
back of the head is hair. So the face slides to one side, narrows, and is gone at a quarter turn,
while the silhouette stays: what a camera sees of a head that turns away.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.clips.portraits import Portrait
from vcam_emoji.types import FivePoints, Points

_NECK = 0.35
"""The turn fades out below the chin over this share of the face's height."""


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
    turning: NDArray[np.float32]
    """[h], how much of the turn each row follows, 1 for the head and 0 for the shoulders."""


def turned(portrait: Portrait, yaw: float) -> Portrait:
    """The person with the head turned by `yaw` degrees, positive to the right of the picture."""
    head = _head(portrait)
    angle = np.float32(np.radians(yaw)) * head.turning[:, None]
    columns = np.arange(head.front.shape[1], dtype=np.float32)[None, :] + 0.5
    across = (columns - head.middle[:, None]) / head.radius[:, None]
    inside = np.abs(across) < 1
    texture = np.arcsin(np.clip(across, -1, 1)) - angle
    x = np.where(inside, head.middle[:, None] + head.radius[:, None] * np.sin(texture), columns)
    y = np.broadcast_to(np.arange(len(head.middle), dtype=np.float32)[:, None], x.shape)
    x, y = (x - 0.5).astype(np.float32), np.ascontiguousarray(y)
    front = cv2.remap(head.front, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    back = cv2.remap(head.back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # A soft seam between face and hair, a few degrees wide, where the surface turns edge on.
    seam = np.clip(0.5 + np.cos(texture) * 4, 0, 1)
    seam[~inside] = 1
    image = portrait.image.copy()
    mixed = front * seam[..., None] + back * (1 - seam[..., None])
    image[head.top : head.top + len(mixed)] = np.round(mixed).astype(np.uint8)
    places = _turn(head, np.concatenate([portrait.points.array(), portrait.outline]), yaw)
    five = [(float(px), float(py)) for px, py in places[:5]]
    return Portrait(
        portrait.name, image, portrait.alpha, FivePoints(*five), places[5:], portrait.roll
    )


def _turn(head: _Head, points: Points, yaw: float) -> Points:
    """Where points of the face come to be; those that turn out of sight stay on the edge."""
    row = np.clip(points[:, 1] - head.top, 0, len(head.middle) - 1).astype(np.int32)
    middle, radius = head.middle[row], head.radius[row]
    at = np.arcsin(np.clip((points[:, 0] - middle) / radius, -1, 1))
    at = np.clip(at + np.radians(yaw) * head.turning[row], -np.pi / 2, np.pi / 2)
    return np.stack([middle + radius * np.sin(at), points[:, 1]], axis=1).astype(np.float32)


@lru_cache(maxsize=16)
def _head(portrait: Portrait) -> _Head:
    box = portrait.box
    solid = portrait.alpha > 127
    top = int(np.argmax(solid.any(axis=1)))
    chin, bottom = round(box.y1), round(box.y1 + _NECK * box.height)
    rows = np.arange(top, bottom)
    left = np.array([np.argmax(solid[row]) for row in rows], np.float32)
    right = np.array([solid.shape[1] - np.argmax(solid[row, ::-1]) for row in rows], np.float32)
    # Shoulders and collars below the mouth are no part of the head: the width stays what it was.
    jaw = round(box.y1 - 0.25 * box.height) - top
    left[jaw:], right[jaw:] = (
        np.linspace(left[jaw], box.x0, len(rows) - jaw, dtype=np.float32),
        np.linspace(right[jaw], box.x1, len(rows) - jaw, dtype=np.float32),
    )
    left, right = (cv2.blur(side[:, None], (1, 9))[:, 0] for side in (left, right))
    turning = np.clip((bottom - rows) / (bottom - chin), 0, 1).astype(np.float32)
    return _Head(
        front=portrait.image[top:bottom],
        back=_hair_instead_of_face(portrait)[top:bottom],
        top=top,
        middle=(left + right) / 2,
        radius=np.maximum((right - left) / 2, 1.0),
        turning=turning,
    )


def _hair_instead_of_face(portrait: Portrait) -> NDArray[np.uint8]:
    """The picture with the colour of the hair beside the temples over face, ears and neck."""
    box = portrait.box
    y0, y1 = round(box.y0 + 0.02 * box.height), round(box.y0 + 0.3 * box.height)
    reach = round(0.2 * box.width)
    sides = [
        portrait.image[y0:y1, max(0, round(box.x0) - reach) : round(box.x0) - 2],
        portrait.image[y0:y1, round(box.x1) + 2 : round(box.x1) + reach],
    ]
    hair = np.median(np.concatenate([side.reshape(-1, 3) for side in sides]), axis=0)
    height, width = portrait.alpha.shape
    face = np.zeros((height, width), np.uint8)
    centre = (round(box.centre[0]), round(box.y0 + 0.62 * box.height))
    cv2.ellipse(
        face, centre, (round(box.width * 0.75), round(box.height * 0.68)), 0, 0, 360, (255,), -1
    )
    soft = cv2.GaussianBlur(face, (0, 0), 0.04 * box.width)[..., None].astype(np.float32) / 255
    # Strands: noise drawn out downwards, so the back of a head is not a flat patch.
    noise = np.random.default_rng(3).normal(0, 60, (height, width)).astype(np.float32)
    strands = cv2.GaussianBlur(noise, (0, 0), sigmaX=1.2, sigmaY=0.12 * box.height)
    strands *= 14 / max(float(strands.std()), 1e-3)
    painted = np.clip(hair[None, None, :] + strands[..., None], 0, 255)
    mixed = portrait.image * (1 - soft) + painted * soft
    result: NDArray[np.uint8] = np.round(mixed).astype(np.uint8)
    return result
