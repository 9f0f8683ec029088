"""Which photographs will do: measured on the face, and told with what to do about it.

Thresholds were chosen on 220 pictures of an FFHQ-aligned set, as they are and spoilt on purpose
(`docs/networks.md` has the table): of those as they are about 2 % are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.alignment import MeshedFace, cut, find, transform
from generator.pictures import Picture
from vcam_emoji.errors import PhotoError
from vcam_emoji.faces import Finder
from vcam_emoji.types import Image, Points

_SIZE = 128
"""Sides of the crop on which all is measured."""
_NOSE = 1
_FOREHEAD = 0.15
"""How far the hairline lies above the mesh, in shares of its height."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured on the face that is used."""

    faces: int
    """In the photograph."""
    rival: float
    """Size of the next largest face over this one's; 0 where there is none."""
    side: float
    """Of the crop, in pixels of the photograph."""
    beyond: float
    """Share of the face, hairline to chin, that lies outside the photograph."""
    light: float
    """Grey level that 95 % of the face stay below, 0 to 255: dark skin has highlights too."""
    burnt: float
    """Share of the face at grey level 250 or more."""
    sharpness: float
    """Variance of the Laplacian over that of the grey levels."""
    yaw: float
    """How far the nose is off the middle of the eyes, in distances of the eyes; 0.35 is about 35
    degrees."""
    pitch: float
    """How far the nose is down the way from eyes to mouth, 0 to 1."""
    presence: float
    """How surely the mesh is on a face, in logits."""
    eyes: float
    mouth: float
    """Contrast around the weaker eye, and around the mouth, over that of the whole face."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What is asked of a photograph."""

    rival: float = 0.5
    """A face this large beside the largest one makes it unclear who is meant."""
    side: float = 100
    beyond: float = 0.05
    light: float = 50
    burnt: float = 0.2
    sharpness: float = 0.02
    yaw: float = 0.35
    pitch: tuple[float, float] = (0.2, 1.0)
    presence: float = 9
    eyes: float = 0.33
    mouth: float = 0.38

    def check(self, found: Quality) -> None:
        """Refuse what will not do, the plainest reason first.

        Raises:
            PhotoError: the reason, and what to do.
        """
        if found.rival > self.rival:
            raise PhotoError(
                f"The photo shows {found.faces} faces of about the same size.",
                "Cut out the one that is meant, or take a photo of one person.",
            )
        if found.beyond > self.beyond:
            raise PhotoError(
                "The face is cut off by the photo's edge.",
                "Take one that shows all of it, from hair to chin, with some room around.",
            )
        if found.side < self.side:
            raise PhotoError(
                f"The face is too small: its crop has {found.side:.0f} pixels a side.",
                f"It takes {self.side:.0f} or more; come nearer, or use a larger photo.",
            )
        if found.light < self.light:
            raise PhotoError("The face is too dark.", "Turn towards a window or a lamp.")
        if found.burnt > self.burnt:
            raise PhotoError(
                "The face is too bright: parts of it are plain white.",
                "Turn the flash off, or step out of the direct light.",
            )
        if found.sharpness < self.sharpness:
            raise PhotoError("The face is blurred.", "Hold still, wipe the lens, or take another.")
        if abs(found.yaw) > self.yaw or not self.pitch[0] <= found.pitch <= self.pitch[1]:
            raise PhotoError("The face is turned away.", "Look straight into the camera.")
        if found.mouth < self.mouth or found.eyes < self.eyes or found.presence < self.presence:
            raise PhotoError(
                "The face seems to be covered, or lies in a hard shadow.",
                "Show it without mask, dark glasses, hand or hair before it, in even light.",
            )


@dataclass(frozen=True, slots=True)
class Aligned:
    """A photograph's face as face networks know faces."""

    image: Picture
    """[n, n, 3], RGB."""
    quality: Quality
    face: MeshedFace
    transform: NDArray[np.float64]
    """[2, 3], from pixels of the photograph to those of the image, as OpenCV counts them."""


def aligned(
    photo: Image, size: int, gate: Gate | None = None, finder: Finder | None = None
) -> Aligned:
    """Find the face, judge it, cut it out.

    Args:
        photo: BGR, upright.
        size: Sides of the result in pixels.
        gate: What is asked of it.
        finder: Opened once for many photographs; None opens one.

    Raises:
        PhotoError: the photograph will not do, with the reason and what to do.
        ModelError: the shipped models are missing.
    """
    faces = find(photo, finder)
    if not faces:
        raise _faceless(photo)
    quality = judged(photo, faces)
    (gate or Gate()).check(quality)
    crop = faces[0].crop
    return Aligned(cut(photo, crop, size), quality, faces[0], transform(crop, size))


def judged(photo: Image, faces: list[MeshedFace]) -> Quality:
    """Measure the largest face, the first of at least one."""
    face, crop = faces[0], faces[0].crop
    view = cv2.cvtColor(cut(photo, crop, _SIZE), cv2.COLOR_RGB2GRAY).astype(np.float32)
    to_view = transform(crop, _SIZE)
    inside = _filled(_viewed(to_view, face.mesh), _SIZE)
    skin = view[inside]
    deviation = float(skin.std()) + 1
    eyes, across = (face.left_eye + face.right_eye) / 2, face.right_eye - face.left_eye
    down = face.mouth - eyes
    nose = face.mesh[_NOSE] - eyes
    seen = min(max(face.presence, 1e-12), 1 - 1e-12)
    laplacian = cv2.Laplacian(view, cv2.CV_32F)[inside]

    def contrast(point: Points, reach_x: int, reach_y: int) -> float:
        x, y = (int(each) for each in _viewed(to_view, point[None])[0])
        part = view[max(y - reach_y, 0) : y + reach_y, max(x - reach_x, 0) : x + reach_x]
        return float(part.std()) / deviation if part.size else 0.0

    return Quality(
        faces=len(faces),
        rival=faces[1].crop.side / crop.side if len(faces) > 1 else 0.0,
        side=crop.side,
        beyond=_beyond(face, photo.shape),
        light=float(np.percentile(skin, 95)),
        burnt=float(np.mean(skin >= 250)),
        sharpness=float(laplacian.var() / (skin.var() + 20)),
        yaw=float(nose @ across / (across @ across)),
        pitch=float(nose @ down / (down @ down)),
        presence=log(seen / (1 - seen)),
        eyes=min(contrast(face.left_eye, 11, 7), contrast(face.right_eye, 11, 7)),
        mouth=contrast(face.mouth, 14, 9),
    )


def _viewed(to_view: NDArray[np.float64], points: Points) -> NDArray[np.float64]:
    """[n, 2] points of a photograph, where they are in a view of it."""
    at: NDArray[np.float64] = (points - 0.5) @ to_view[:, :2].T + to_view[:, 2] + 0.5
    return at


def _beyond(face: MeshedFace, shape: tuple[int, ...]) -> float:
    """The share of a face's outline, with its forehead, outside a picture."""
    to_view = transform(face.crop, _SIZE)
    points = _viewed(to_view, face.mesh)
    top = points - (0, _FOREHEAD * np.ptp(points[:, 1]))
    inside = _filled(np.concatenate([points, top]), _SIZE)
    photo = np.full(shape[:2], 255, np.uint8)
    shown = cv2.warpAffine(photo, to_view, (_SIZE, _SIZE), flags=cv2.INTER_NEAREST) > 0
    return float(1 - (inside & shown).sum() / max(inside.sum(), 1))


def _filled(points: NDArray[np.float64], size: int) -> NDArray[np.bool_]:
    """[size, size], true within the convex hull of points."""
    mask = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(points).astype(np.int32)), 255)
    return mask > 0


def _faceless(photo: Image) -> PhotoError:
    grey = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    if np.percentile(grey, 95) < Gate().light:
        return PhotoError("The photo is too dark to find a face in.", "Take one in more light.")
    return PhotoError(
        "No face was found in the photo.",
        "It must be upright, sharp, and look into the camera from not too far away.",
    )
