"""One look at an aligned photograph: landmarks, the person's outline, and colours of the skin.

All is measured on a square of 256 pixels, whatever the photograph's size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from generator import cielab
from generator.pictures import Picture
from vcam_emoji.faces import open_finder
from vcam_emoji.faces.mesh import FaceMesh
from vcam_emoji.faces.region import Region
from vcam_emoji.litert import Network
from vcam_emoji.resources import asset
from vcam_emoji.types import Points

SIDE = 256
_REGION = Region(SIDE / 2, 0.55 * SIDE, 0.84 * SIDE, 0.0)
"""Where faces are in aligned photographs, with the room around them that the mesh wants."""
_FINDER, _FINDER_TAPS = "face_detection_full_range_sparse.tflite", (211, 291)
_MESH, _MESH_TAPS = "face_landmark.tflite", (113,)
_OUTLINE, _OUTLINE_TAPS = "selfie_segmentation.tflite", (48, 156)
"""Networks that are shipped anyway, and inner tensors of theirs: those before each halving of the
picture told glasses, beards, hair and hats apart best, alone and together."""
_THINGS, _THINGS_TAPS = "image_classifier.tflite", (140, 155)
"""EfficientNet-Lite0, which names a thousand kinds of things in photographs: what it sees on the
way tells hair and hats apart better than all of the others do. Its last layers tell less."""
_THINGS_SIDE = 224
_LEFT_CHEEK = (116, 117, 118, 50, 205, 187, 147, 123)
_RIGHT_CHEEK = (345, 346, 347, 280, 425, 411, 376, 352)
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""The mesh's border, from the top of the forehead clockwise in the picture."""

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Inner:
    """What networks that were trained on many more faces than ours see on the way to their answer.

    Grids over the picture, [rows, columns, channels]; those of the mesh over the face alone.
    """

    finder_near: NDArray[np.float32]
    """[24, 24, 128]."""
    finder_far: NDArray[np.float32]
    """[12, 12, 192]."""
    mesh: NDArray[np.float32]
    """[12, 12, 128]."""
    outline_near: NDArray[np.float32]
    """[32, 32, 24]."""
    outline_far: NDArray[np.float32]
    """[16, 16, 32]."""
    things_near: NDArray[np.float32]
    """[14, 14, 112]."""
    things_far: NDArray[np.float32]
    """[7, 7, 192]."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is seen in one photograph. Pixels are those of its square of 256."""

    image: Picture
    """[256, 256, 3], RGB."""
    lab: NDArray[np.float32]
    """[256, 256, 3], CIE Lab under the light as it is."""
    mesh: Points
    """[468, 2]."""
    presence: float
    """How surely the mesh is on a face, 0 to 1."""
    person: NDArray[np.float32]
    """[256, 256], how surely a pixel is the person's, 0 to 1."""
    skin: NDArray[np.float64]
    """[3], CIE Lab of the lit cheeks, under the light as it is."""
    light: NDArray[np.float64]
    """[3], linear: the light's estimated colour, of luminance 1. White is (1, 1, 1)."""
    sharpness: float
    """Size of the photograph before it was brought to 256 pixels, over 256; at most 1."""
    inner: Inner

    def mirrored(self) -> Picture:
        """The photograph as a mirror shows it."""
        return np.ascontiguousarray(self.image[:, ::-1])


class Looker:
    """Looks at photographs with the shipped networks."""

    def __init__(self) -> None:
        """Load the networks.

        Raises:
            ModelError: they are missing or damaged.
        """
        self._mesh: FaceMesh = open_finder().closer.mesh
        models = asset("models")
        self._outline = Network(models / _OUTLINE, taps=_OUTLINE_TAPS)
        self._inner_mesh = Network(models / _MESH, taps=_MESH_TAPS)
        self._inner_finder = Network(models / _FINDER, taps=_FINDER_TAPS)
        self._things = Network(models / _THINGS, taps=_THINGS_TAPS)

    def look(self, photo: Picture) -> Look:
        """See what there is.

        Args:
            photo: [n, n, 3], RGB, aligned as FFHQ is.
        """
        side = photo.shape[0]
        how = cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC
        image = photo if side == SIDE else cv2.resize(photo, (SIDE, SIDE), interpolation=how)
        image = np.ascontiguousarray(image, np.uint8)
        seen = self._mesh.look(cv2.cvtColor(image, cv2.COLOR_RGB2BGR).astype(np.uint8), _REGION)
        outline, *outline_inner = self._outline.run(image[None].astype(np.float32) / 255)
        person = outline.reshape(SIDE, SIDE).clip(0, 1)
        lab = cielab.lab(image).astype(np.float32)
        return Look(
            image=image,
            lab=lab,
            mesh=seen.points,
            presence=seen.presence,
            person=person,
            skin=_skin(image, lab, seen.points),
            light=_light(image, person),
            sharpness=min(1.0, side / SIDE),
            inner=self._inner(image, *(each[0] for each in outline_inner)),
        )

    def _inner(
        self, image: Picture, outline_near: NDArray[np.float32], outline_far: NDArray[np.float32]
    ) -> Inner:
        side = self._inner_mesh.inputs[0].shape[1]
        view = _REGION.view(image, side)[None].astype(np.float32) / 255
        side = self._inner_finder.inputs[0].shape[1]
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        *_, near, far = self._inner_finder.run(small[None].astype(np.float32) / 127.5 - 1)
        size = (_THINGS_SIDE, _THINGS_SIDE)
        _, things_near, things_far = self._things.run(
            cv2.resize(image, size, interpolation=cv2.INTER_AREA)[None]
        )
        return Inner(
            finder_near=near[0],
            finder_far=far[0],
            mesh=self._inner_mesh.run(view)[-1][0],
            outline_near=outline_near,
            outline_far=outline_far,
            things_near=things_near[0],
            things_far=things_far[0],
        )


def filled(*polygons: Floats) -> NDArray[np.bool_]:
    """[256, 256], true within the polygons."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for each in polygons:
        cv2.fillPoly(mask, [np.round(each).astype(np.int32)], 1)
    return mask > 0


def _skin(image: Picture, lab: NDArray[np.float32], mesh: Points) -> NDArray[np.float64]:
    """The cheeks' colour: the mean light of their pixels between the 40th and 85th percentile.

    Below lie shadows, of nose, glasses and beard, and of the side that is turned away; above lie
    highlights, which have the colour of the light.
    """
    inside = filled(mesh[list(_LEFT_CHEEK)], mesh[list(_RIGHT_CHEEK)])
    if inside.sum() < 20:
        inside = filled(mesh[list(OVAL)])
    if not inside.any():
        inside[SIDE // 2, SIDE // 2] = True
    lightness = lab[inside, 0]
    low, high = np.percentile(lightness, (40, 85))
    chosen = image[inside][(lightness >= low) & (lightness <= high)]
    return np.asarray(cielab.from_linear(cielab.linear(chosen).mean(axis=0)), np.float64)


def _light(image: Picture, person: NDArray[np.float32]) -> NDArray[np.float64]:
    """Shades of grey over all that is not the face, which is the least grey thing there is.

    Source: Finlayson and Trezzi 2004, "Shades of gray and colour constancy" (p = 6).
    """
    light = cielab.linear(image[::4, ::4])
    usable = (image[::4, ::4].max(axis=2) < 250) & (image[::4, ::4].max(axis=2) > 8)
    usable[16:56, 16:48] &= person[::4, ::4][16:56, 16:48] < 0.5
    if usable.sum() < 50:
        return np.ones(3)
    norm = np.power(np.power(light[usable], 6).mean(axis=0), 1 / 6)
    luminance = float(norm @ (0.2126, 0.7152, 0.0722))
    return np.asarray(norm / max(luminance, 1e-6), np.float64)
