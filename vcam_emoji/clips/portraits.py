"""People cut from photographs, whose faces were measured: what clips are composed of."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.errors import DataError
from vcam_emoji.resources import asset
from vcam_emoji.types import Box, FivePoints, Image, Points

_BODY_BELOW = 1.2
"""How far a body is continued below its picture, in heights of the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A person cut from a photograph."""

    name: str
    image: Image
    alpha: NDArray[np.uint8]
    """[h, w], 255 where the person is."""
    points: FivePoints
    outline: Points
    """The skin of the face, hairline to chin, without the ears."""
    roll: float
    """How the head is tilted in the picture, degrees, as in `Detection.roll`."""
    hair: tuple[float, float, float]
    """Its colour, BGR."""

    @property
    def box(self) -> Box:
        """Tight on the face, hairline to chin."""
        (x0, y0), (x1, y1) = self.outline.min(axis=0), self.outline.max(axis=0)
        return Box(float(x0), float(y0), float(x1), float(y1))

    def flipped(self) -> Portrait:
        """The mirror image."""
        width = self.image.shape[1]

        def mirrored(point: tuple[float, float]) -> tuple[float, float]:
            return width - point[0], point[1]

        points = self.points
        return Portrait(
            self.name,
            np.ascontiguousarray(self.image[:, ::-1]),
            np.ascontiguousarray(self.alpha[:, ::-1]),
            FivePoints(
                left_eye=mirrored(points.right_eye),
                right_eye=mirrored(points.left_eye),
                nose=mirrored(points.nose),
                left_mouth=mirrored(points.right_mouth),
                right_mouth=mirrored(points.left_mouth),
            ),
            np.array([mirrored((x, y)) for x, y in self.outline], np.float32),
            -self.roll,
            self.hair,
        )

    def with_body_below(self) -> Portrait:
        """The same person, the clothes continued downwards as a plain cloth.

        So a person placed high in a frame does not end in mid-air.
        """
        rows = round(self.image.shape[0] * _BODY_BELOW)
        image = cv2.copyMakeBorder(self.image, 0, rows, 0, 0, cv2.BORDER_REPLICATE)
        image[-rows:] = cv2.blur(self.image[-1:], (41, 1))
        cloth = np.median(self.image[-40:][self.alpha[-40:] > 200], axis=0)
        passing = np.clip(np.arange(rows) / 60, 0, 1)[:, None, None]
        image[-rows:] = np.round(image[-rows:] * (1 - passing) + cloth * passing)
        alpha = cv2.copyMakeBorder(self.alpha, 0, rows, 0, 0, cv2.BORDER_REPLICATE)
        return replace(self, image=image.astype(np.uint8), alpha=alpha.astype(np.uint8))


@cache
def portraits() -> tuple[Portrait, ...]:
    """The shipped portraits.

    Raises:
        DataError: when the shipped files are missing or broken.
    """
    folder = asset("demo")
    try:
        manifest = json.loads((folder / "portraits.json").read_text("utf-8"))
        return tuple(_load(folder, entry) for entry in manifest["portraits"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"The shipped portraits in {folder} cannot be read.", "Install vcam-emoji again."
        ) from error


def _load(folder: Path, entry: dict[str, Any]) -> Portrait:
    image = cv2.imread(str(folder / entry["image"]["file"]), cv2.IMREAD_COLOR)
    alpha = cv2.imread(str(folder / entry["mask"]["file"]), cv2.IMREAD_GRAYSCALE)
    if image is None or alpha is None or image.shape[:2] != alpha.shape:
        raise ValueError(f"{entry['name']}: picture and mask do not fit")
    return Portrait(
        name=entry["name"],
        image=_without_fringe(image.astype(np.uint8), alpha.astype(np.uint8)),
        alpha=alpha.astype(np.uint8, copy=False),
        points=FivePoints(**{key: (x, y) for key, (x, y) in entry["points"].items()}),
        outline=np.array(entry["outline"], np.float32),
        roll=float(entry["roll"]),
        hair=(float(entry["hair"][0]), float(entry["hair"][1]), float(entry["hair"][2])),
    ).with_body_below()


def _without_fringe(image: Image, alpha: NDArray[np.uint8]) -> Image:
    """The picture with the person's own colours on the soft edge, not those of the old wall."""
    core = (alpha > 225).astype(np.float32)
    near = cv2.GaussianBlur(core, (0, 0), 1.2)[..., None]
    spread = cv2.GaussianBlur(image * core[..., None], (0, 0), 1.2) / np.maximum(near, 1e-3)
    edge = (core[..., None] == 0) & (near > 1e-3) & (alpha[..., None] > 0)
    return np.where(edge, np.clip(spread, 0, 255), image).astype(np.uint8)
