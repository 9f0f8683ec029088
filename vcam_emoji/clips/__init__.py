"""Clips composed from portraits, in which the place of every face is known.

The demo, the benchmarks and the tests play them where a person would sit before a camera.
"""

from __future__ import annotations

from vcam_emoji.clips.aligned import aligned_portraits
from vcam_emoji.clips.portraits import Portrait, portraits
from vcam_emoji.clips.scenes import benchmark_clip, hard_clips, tracking_clips
from vcam_emoji.clips.show import Show, demo_clip
from vcam_emoji.clips.source import ClipSource, demo_source
from vcam_emoji.clips.staging import Placement, StagedClip
from vcam_emoji.clips.things import Occluder, Thing
from vcam_emoji.clips.truth import Clip, StagedFrame, TrueFace

__all__ = [
    "Clip",
    "ClipSource",
    "Occluder",
    "Placement",
    "Portrait",
    "Show",
    "StagedClip",
    "StagedFrame",
    "Thing",
    "TrueFace",
    "aligned_portraits",
    "benchmark_clip",
    "demo_clip",
    "demo_source",
    "hard_clips",
    "portraits",
    "tracking_clips",
]
