"""One face again, near where it last was."""

from __future__ import annotations

from dataclasses import dataclass

from vcam_emoji.faces.anatomy import box_of, five_points, region_of, roll_of
from vcam_emoji.faces.mesh import FaceMesh
from vcam_emoji.types import Detection, Image


@dataclass(frozen=True, slots=True)
class Follower:
    """`FaceFollower`: the face mesh on the region where the face last was, turned upright."""

    mesh: FaceMesh
    threshold: float = 0.5

    def follow(self, image: Image, last: Detection) -> Detection | None:
        """The same face in a newer BGR picture, or None if it is not (surely) there."""
        seen = self.mesh.look(image, region_of(last.box, last.roll, 1.5))
        if seen.presence < self.threshold:
            return None
        points = five_points(seen.points)
        roll = roll_of(points)
        return Detection(box_of(seen.points, roll), seen.presence, points, roll)
