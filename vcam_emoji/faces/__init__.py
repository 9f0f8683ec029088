"""Faces in a picture: finding them, and finding one again."""

from __future__ import annotations

from vcam_emoji.faces.blazeface import BlazeFace
from vcam_emoji.faces.finder import Finder
from vcam_emoji.faces.follower import Follower
from vcam_emoji.faces.mesh import FaceMesh
from vcam_emoji.resources import asset

__all__ = ["Finder", "Follower", "open_finder", "open_follower"]


def open_finder() -> Finder:
    """A finder with the shipped models.

    Raises:
        ModelError: if they are missing or damaged.
    """
    models = asset("models")
    return Finder(
        BlazeFace(models / "face_detection_back.tflite"),
        FaceMesh(models / "face_landmark.tflite"),
    )


def open_follower() -> Follower:
    """A follower with the shipped models.

    Raises:
        ModelError: if they are missing or damaged.
    """
    return Follower(FaceMesh(asset("models") / "face_landmark.tflite"))
