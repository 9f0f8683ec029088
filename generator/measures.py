"""Proportions of a face from its landmarks, and a few from its pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.looks import SIDE, Look, filled
from generator.traits import MEASURES

_BROWS = (
    (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
)
_FOLDS = (151, 9, 8, 108, 337, 69, 299, 111, 340, 205, 425, 206, 426, 35, 265)
"""Points where age draws lines: forehead, between the brows, under the eyes, beside the nose."""


def measured(look: Look) -> NDArray[np.float64]:
    """`MEASURES` in their order; lengths in distances of the eyes.

    - face_width: from ear to ear; face_length: from eyes to chin, as with a closed mouth
    - jaw: width at the corners of the jaw over that of the face; cheeks: the same a little higher
    - eye_size, eye_roundness, eye_tilt: width; height over width; outer corners up
    - brow_thickness, brow_arch, brow_height: of the dark pixels; middle over ends; over the eyes
    - nose_width, nose_length, mouth_width; lip_fullness: both lips over the mouth's width
    - forehead: from the brows up to the first pixel unlike skin
    - wrinkles: fine contrast where age draws lines
    """
    p = look.mesh.astype(np.float64)

    def wide(a: int, b: int) -> float:
        return float(np.hypot(*(p[a] - p[b])))

    left, right = (p[33] + p[133]) / 2, (p[263] + p[362]) / 2
    eyes = max(float(np.hypot(*(right - left))), 1.0)
    across = (right - left) / eyes
    down = np.array((-across[1], across[0]))
    middle = (left + right) / 2
    face = max(wide(234, 454), 1.0)
    gap = wide(13, 14)
    thickness, arch, height = _brows(look, p, down, eyes)
    found = {
        "face_width": face / eyes,
        "face_length": (float((p[152] - middle) @ down) - 0.8 * gap) / eyes,
        "jaw": wide(172, 397) / face,
        "cheeks": wide(58, 288) / face,
        "eye_size": (wide(33, 133) + wide(362, 263)) / 2 / eyes,
        "eye_roundness": (wide(159, 145) / wide(33, 133) + wide(386, 374) / wide(362, 263)) / 2,
        "eye_tilt": float((p[133] - p[33] + p[362] - p[263]) @ down) / 2 / eyes,
        "brow_thickness": thickness,
        "brow_arch": arch,
        "brow_height": height,
        "nose_width": wide(129, 358) / eyes,
        "nose_length": float((p[2] - middle) @ down) / eyes,
        "mouth_width": wide(61, 291) / eyes,
        "lip_fullness": (wide(0, 13) + wide(14, 17)) / max(wide(61, 291), 1.0),
        "forehead": _forehead(look, p, down, eyes),
        "wrinkles": _wrinkles(look, p),
    }
    return np.array([found[name] for name in MEASURES])


def brow_mask(look: Look) -> NDArray[np.bool_]:
    """[256, 256], the dark pixels about the brows."""
    around = filled(*(look.mesh[list(each)] for each in _BROWS))
    around = cv2.dilate(around.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    lightness = look.lab[..., 0]
    if not around.any():
        return around
    dark = float(np.percentile(lightness[around], 8))
    limit = dark + 0.5 * max(float(look.skin[0]) - dark, 1.0)
    found: NDArray[np.bool_] = around & (lightness < limit)
    return found


def _brows(
    look: Look, p: NDArray[Any], down: NDArray[Any], eyes: float
) -> tuple[float, float, float]:
    length = float(np.hypot(*(p[70] - p[107])) + np.hypot(*(p[300] - p[336])))
    thickness = float(brow_mask(look).sum()) / max(length, 1.0) / eyes
    ends = (p[70] + p[107] + p[300] + p[336]) / 4
    middle = (p[105] + p[334]) / 2
    lids = (p[159] + p[386]) / 2
    return (
        thickness,
        float((ends - middle) @ down) / eyes,
        float((lids - middle) @ down) / eyes,
    )


def _forehead(look: Look, p: NDArray[Any], down: NDArray[Any], eyes: float) -> float:
    """Up three columns over the brows; a bald head goes on to the person's outline."""
    heights = []
    for start in (p[9], (p[107] + p[66]) / 2, (p[336] + p[296]) / 2):
        steps = np.arange(0.15 * eyes, 2.2 * eyes)
        at = np.rint(start - steps[:, None] * down).astype(int).clip(0, SIDE - 1)
        colours = look.lab[at[:, 1], at[:, 0]]
        unlike = np.abs(colours - look.skin).dot((0.5, 1.0, 0.6)) > 17
        ended = unlike | (look.person[at[:, 1], at[:, 0]] < 0.5)
        # Two pixels in a row: one may be a line of the forehead.
        both = ended[:-1] & ended[1:]
        heights.append(float(steps[int(both.argmax()) if both.any() else -1]))
    return float(np.median(heights)) / eyes


def _wrinkles(look: Look, p: NDArray[Any]) -> float:
    lightness = np.ascontiguousarray(look.lab[..., 0])
    fine = np.abs(lightness - cv2.GaussianBlur(lightness, (0, 0), 3.0))
    fine = cv2.GaussianBlur(fine, (0, 0), 3.0)
    at = np.rint(p[list(_FOLDS)]).astype(int).clip(0, SIDE - 1)
    return float(np.mean(fine[at[:, 1], at[:, 0]]))
