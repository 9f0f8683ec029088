"""Clips composed from portraits, in which the place of every face is known.

The demo, the benchmarks and the tests play them where a person would sit before a camera.
"""

from __future__ import annotations

from vcam_emoji.clips.portraits import Portrait, portraits
from vcam_emoji.clips.scenes import benchmark_clip, hard_clips, tracking_clips
from vcam_emoji.clips.staging import Placement, StagedClip
from vcam_emoji.clips.things import Occluder, Thing
from vcam_emoji.clips.truth import Clip, StagedFrame, TrueFace

__all__ = [
    "Clip",
    "Occluder",
    "Placement",
    "Portrait",
    "StagedClip",
    "StagedFrame",
    "Thing",
    "TrueFace",
    "benchmark_clip",
    "hard_clips",
    "portraits",
    "tracking_clips",
]
