"""Faces in a picture: finding them, and finding one again."""

from __future__ import annotations

from vcam_emoji.faces.blazeface import BlazeFace
from vcam_emoji.faces.closer import Closer
from vcam_emoji.faces.finder import Finder
from vcam_emoji.faces.follower import Follower
from vcam_emoji.faces.glancing import Seeker, Watcher
from vcam_emoji.faces.mesh import FaceMesh
from vcam_emoji.resources import asset

__all__ = ["Finder", "Follower", "Seeker", "Watcher", "open_finder", "open_follower"]


def open_finder() -> Finder:
    """A finder with the shipped models.

    Raises:
        ModelError: if they are missing or damaged.
    """
    return Finder(
        _detector("face_detection_back"), _detector("face_detection_full_range_sparse"), _closer()
    )


def open_follower(finder: Finder | None = None) -> Follower:
    """A follower with the shipped models, those of a finder on the same thread if there is one.

    Raises:
        ModelError: if they are missing or damaged.
    """
    return Follower(_closer() if finder is None else finder.closer)


def _closer() -> Closer:
    mesh = FaceMesh(asset("models") / "face_landmark.tflite")
    return Closer(_detector("face_detection_short_range"), mesh)


def _detector(name: str) -> BlazeFace:
    return BlazeFace(asset("models") / f"{name}.tflite")
