"""One face again, near where it last was."""

from __future__ import annotations

from dataclasses import dataclass

from vcam_emoji.faces.closer import Closer
from vcam_emoji.types import Detection, Image

_SURE = 0.5
_SURE_CLOSE = 0.6


@dataclass(frozen=True, slots=True)
class Follower:
    """`FaceFollower`: the face mesh where the face last was, turned upright.

    Where the mesh sees none, the short-range detector is asked: it knows faces in profile.
    """

    closer: Closer

    def follow(self, image: Image, last: Detection) -> Detection | None:
        """The same face in a newer BGR picture, or None if it is not (surely) there."""
        seen = self.closer.meshed(image, last)
        if seen.score >= _SURE:
            return seen
        look = self.closer.look(image, last)
        sure = look.presence >= _SURE or look.close >= _SURE_CLOSE
        return look.detection if sure else None
