"""A friendly room to sit in, drawn by our own code: wall, window light, shelf, plant, lamp."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.types import Image

_WIDTH, _HEIGHT = 1280, 720
"""Everything is drawn at this size and then scaled."""


@lru_cache(maxsize=4)
def room(size: tuple[int, int] = (_WIDTH, _HEIGHT)) -> Image:
    """The room as a camera on a desk sees it, a little out of focus. [h, w, 3] BGR, read only."""
    picture = _wall()
    _window(picture)
    _frames_on_the_wall(picture)
    _shelf(picture)
    _plant(picture)
    _lamp(picture)
    soft = cv2.GaussianBlur(picture, (0, 0), 4.0)
    soft = soft * _vignette()[..., None]
    width, height = size
    filled = cv2.resize(soft, _covering(width, height), interpolation=cv2.INTER_AREA)
    top, left = (filled.shape[0] - height) // 2, (filled.shape[1] - width) // 2
    image = filled[top : top + height, left : left + width]
    result: Image = np.clip(image + 0.5, 0, 255).astype(np.uint8)
    result.setflags(write=False)
    return result


def _covering(width: int, height: int) -> tuple[int, int]:
    scale = max(width / _WIDTH, height / _HEIGHT)
    return max(width, round(_WIDTH * scale)), max(height, round(_HEIGHT * scale))


def _wall() -> NDArray[np.float32]:
    y, x = np.mgrid[0:_HEIGHT, 0:_WIDTH].astype(np.float32)
    # Warm grey-green, lit from the window on the left.
    light = 0.72 + 0.34 * np.exp(-(((x - 150) / 620) ** 2) - ((y - 260) / 520) ** 2)
    wall = np.array([172, 190, 196], np.float32) * light[..., None]
    skirting = (y > 640)[..., None]
    floor = np.array([92, 120, 150], np.float32) * (0.75 * light[..., None])
    result: NDArray[np.float32] = np.where(skirting, floor, wall).astype(np.float32)
    return result


def _window(picture: NDArray[np.float32]) -> None:
    y = np.linspace(0, 1, 400, dtype=np.float32)[:, None, None]
    sky = (
        np.array([250, 236, 214], np.float32) * (1 - y) + np.array([226, 240, 240], np.float32) * y
    )
    picture[60:460, 50:330] = sky
    for x, r, tone in (
        (95, 70, (118, 165, 138)),
        (190, 95, (126, 176, 150)),
        (290, 75, (112, 158, 132)),
    ):
        cv2.ellipse(picture, (x, 465), (r, r + 25), 0, 180, 360, tone, -1, cv2.LINE_AA)
    frame = (236, 240, 242)
    cv2.rectangle(picture, (44, 54), (336, 466), frame, 14, cv2.LINE_AA)
    cv2.line(picture, (190, 60), (190, 460), frame, 9, cv2.LINE_AA)
    cv2.line(picture, (50, 250), (330, 250), frame, 9, cv2.LINE_AA)
    cv2.rectangle(picture, (26, 466), (354, 486), (222, 228, 232), -1, cv2.LINE_AA)
    pane = np.zeros(picture.shape[:2], np.float32)
    pane[60:460, 50:330] = 1
    glow = _spread(pane, 60)
    picture += glow[..., None] * np.array([34, 30, 24], np.float32)


def _frames_on_the_wall(picture: NDArray[np.float32]) -> None:
    for x, y, w, h, ground, shape in (
        (770, 92, 120, 150, (206, 222, 232), (96, 132, 214)),
        (912, 112, 92, 112, (214, 224, 226), (150, 160, 96)),
    ):
        cv2.rectangle(
            picture, (x + 5, y + 7), (x + w + 5, y + h + 7), (132, 146, 152), -1, cv2.LINE_AA
        )
        cv2.rectangle(picture, (x, y), (x + w, y + h), (70, 92, 118), -1, cv2.LINE_AA)
        cv2.rectangle(picture, (x + 8, y + 8), (x + w - 8, y + h - 8), ground, -1, cv2.LINE_AA)
        cv2.circle(picture, (x + w // 2, y + h // 2 - 8), w // 4, shape, -1, cv2.LINE_AA)
        cv2.ellipse(
            picture,
            (x + w // 2, y + h - 8),
            (w // 2 - 10, h // 4),
            0,
            180,
            360,
            (140, 166, 150),
            -1,
            cv2.LINE_AA,
        )


def _shelf(picture: NDArray[np.float32]) -> None:
    rng = np.random.default_rng(11)
    tones = [
        (82, 98, 170),
        (150, 126, 84),
        (104, 150, 190),
        (120, 140, 96),
        (186, 190, 196),
        (96, 84, 132),
    ]
    cv2.rectangle(picture, (1040, 90), (1280, 660), (84, 112, 142), -1)
    for top in (110, 290, 470):
        cv2.rectangle(picture, (1056, top), (1280, top + 160), (58, 78, 100), -1)
        x = 1064
        while x < 1270:
            width, height = int(rng.integers(16, 34)), int(rng.integers(88, 142))
            if rng.random() < 0.16:
                x += 34
                continue
            tone = np.array(tones[int(rng.integers(len(tones)))], np.float32) * rng.uniform(
                0.75, 1.1
            )
            foot = top + 160
            cv2.rectangle(picture, (x, foot - height), (x + width, foot), tone.tolist(), -1)
            cv2.line(picture, (x + 3, foot - height), (x + 3, foot), (tone * 1.2).tolist(), 2)
            x += width + 2


def _plant(picture: NDArray[np.float32]) -> None:
    rng = np.random.default_rng(5)
    cv2.ellipse(picture, (420, 655), (62, 14), 0, 0, 360, (70, 90, 112), -1, cv2.LINE_AA)
    pot = np.array([(372, 545), (468, 545), (454, 652), (386, 652)], np.int32)
    cv2.fillPoly(picture, [pot], (98, 130, 196), cv2.LINE_AA)
    for _ in range(26):
        angle = rng.uniform(-75, 75)
        length = rng.uniform(90, 190)
        tip = np.radians(angle - 90)
        centre = (420 + int(np.cos(tip) * length / 2), 548 + int(np.sin(tip) * length / 2))
        tone = (
            float(rng.uniform(58, 88)),
            float(rng.uniform(118, 160)),
            float(rng.uniform(70, 100)),
        )
        cv2.ellipse(
            picture,
            centre,
            (int(length / 2), int(rng.uniform(9, 16))),
            angle - 90,
            0,
            360,
            tone,
            -1,
            cv2.LINE_AA,
        )


def _lamp(picture: NDArray[np.float32]) -> None:
    cv2.line(picture, (660, 300), (660, 650), (88, 100, 112), 7, cv2.LINE_AA)
    cv2.ellipse(picture, (660, 652), (50, 10), 0, 0, 360, (80, 92, 104), -1, cv2.LINE_AA)
    shade = np.array([(622, 200), (698, 200), (726, 300), (594, 300)], np.int32)
    cv2.fillPoly(picture, [shade], (176, 222, 250), cv2.LINE_AA)
    bulb = np.zeros(picture.shape[:2], np.float32)
    cv2.circle(bulb, (660, 262), 110, (1,), -1, cv2.LINE_AA)
    glow = _spread(bulb, 70)
    picture += glow[..., None] * np.array([26, 52, 70], np.float32)


def _spread(light: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """A wide blur, done on an eighth of the size, which nobody can tell."""
    small = cv2.resize(light, (_WIDTH // 8, _HEIGHT // 8), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), sigma / 8)
    return cv2.resize(soft, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.float32)


def _vignette() -> NDArray[np.float32]:
    y, x = np.mgrid[0:_HEIGHT, 0:_WIDTH].astype(np.float32)
    away = ((x / _WIDTH - 0.5) / 0.9) ** 2 + ((y / _HEIGHT - 0.5) / 0.9) ** 2
    result: NDArray[np.float32] = (1 - 0.35 * away).astype(np.float32)
    return result
