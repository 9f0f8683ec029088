"""A closer look at what may be a face: is it one, and where exactly."""

from __future__ import annotations

from dataclasses import dataclass

from vcam_emoji.faces.anatomy import box_of, five_points, region_of, roll_of
from vcam_emoji.faces.blazeface import BlazeFace
from vcam_emoji.faces.mesh import FaceMesh
from vcam_emoji.faces.proposals import close_up, mean_of
from vcam_emoji.types import Detection, Image

MESH_ROOM = 1.3
CLOSE_ROOM = 1.67
"""Sides of the regions that the two networks look at, in heights of the face."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a closer look showed."""

    detection: Detection
    """Placed as well as it can be; its score is the presence."""
    close: float
    """Score of the short-range detector on the upright region, 0 to 1."""
    presence: float
    """The mesh's own word, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Closer:
    detector: BlazeFace
    """The short-range one."""
    mesh: FaceMesh

    def look(self, image: Image, at: Detection) -> Look:
        """First the short-range detector on the region turned upright, then the mesh."""
        near = close_up(self.detector, image, region_of(at.box, at.roll, CLOSE_ROOM))
        seen = self.meshed(image, at if near is None or near.score < 0.1 else near)
        if seen.score > 0.5:
            return Look(seen, near.score if near else 0.0, seen.score)
        if near is None:
            return Look(at, 0.0, seen.score)
        return Look(mean_of(at, near), near.score, seen.score)

    def meshed(self, image: Image, at: Detection) -> Detection:
        """What the mesh makes of the region; its score is the presence."""
        mesh = self.mesh.look(image, region_of(at.box, at.roll, MESH_ROOM))
        points = five_points(mesh.points)
        roll = roll_of(points)
        return Detection(box_of(mesh.points, roll), mesh.presence, points, roll)
