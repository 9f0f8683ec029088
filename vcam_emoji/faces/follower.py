"""One face again, near where it last was."""

from __future__ import annotations

from dataclasses import dataclass

from vcam_emoji.faces.closer import Closer
from vcam_emoji.faces.pose import Pose
from vcam_emoji.types import Detection, Image

_MESH_SURE = 0.95
_MESH_UNSURE = 0.5
_LONGEST = 1.42
"""Height over width: a mesh that is longer is a face turned aside, or lies on something else, such
as a peaked cap above the face, with a presence of 1."""
_CLOSE_LEAST = 0.15
_CLOSE_UNSURE = 0.5
_CLOSE_SURE = 0.77
"""On composed clips the mesh found faces in walls with a presence up to 0.9, there the short-range
detector stayed below 0.45; real faces of which the mesh was unsure it scored above 0.55."""


@dataclass(frozen=True, slots=True)
class Follower:
    """`FaceFollower`: the face mesh where the face last was, turned upright.

    Where the mesh is not sure, or longer than most faces, the short-range detector is asked: it
    knows faces in profile.
    """

    closer: Closer

    def follow(self, image: Image, last: Detection) -> Detection | None:
        """The same face in a newer BGR picture, or None if it is not (surely) there."""
        seen = self.closer.meshed(image, last)
        if seen.score >= _MESH_SURE and Pose.of(seen).aspect <= _LONGEST:
            return seen
        look = self.closer.look(image, last)
        sure = (
            (look.presence >= _MESH_SURE and look.close >= _CLOSE_LEAST)
            or (look.presence >= _MESH_UNSURE and look.close >= _CLOSE_UNSURE)
            or look.close >= _CLOSE_SURE
        )
        return look.detection if sure else None
