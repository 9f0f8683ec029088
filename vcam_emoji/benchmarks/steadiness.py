"""How steady the label is on a held expression, and how soon it follows a change.

A still of a face is held before a camera: the head sways and tilts a little, the tracker's box
wanders by a percent or two, the picture is noisy, the light flickers and drifts. The reader reads
that as it reads a person, so every change of its label is a flicker. For the delay one still is
swapped for another that the network reads differently, without a transition.

The stills are faces of FER-2013 where the data set is at hand, else the shipped portraits. Of
stills, not persons: real faces hold no expression for ten seconds, and change it by degrees.

Run it: `python -m vcam_emoji.benchmarks.steadiness [--data FER2013] [--curve] [--json]`.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.emotion_input import BOX_PER_SIDE, DROP, framing
from vcam_emoji.emotion_network import EMOTIONS, EmotionNetwork, Scorer
from vcam_emoji.emotions import SteadyReader
from vcam_emoji.errors import VcamEmojiError
from vcam_emoji.resources import assets
from vcam_emoji.settings import Reading
from vcam_emoji.types import Box, Emotion, Face, FivePoints, Frame, Image

FPS = 30
SIDE = 150
"""Of the still in the frame, in pixels: a face at desk distance in 720p."""

_FRAME = 256
_GRAINS = 6
_GLITCH_FRAMES = 4
_LONGEST_S = 3.0
"""A change that shows later than this counts as missed."""

_NOWHERE = FivePoints((0, 0), (0, 0), (0, 0), (0, 0), (0, 0))
"""The emotion's crop comes from the box; no one looks at these."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What shakes a held expression; sizes in shares of the still's side."""

    sway: float = 0.06
    """How far the head moves to either side, at 0.3 Hz."""
    tilt: float = 4.0
    """Degrees to either side, at 0.2 Hz."""
    wander: float = 0.012
    """How far the tracker's box is off, standard deviation, changing about twice a second."""
    noise: float = 6.0
    """Grey levels of each pixel, standard deviation."""
    flicker: float = 0.05
    """Share of the light, at 7 Hz: a lamp at mains frequency against the camera's shutter."""
    drift: float = 0.15
    """Share of the light, in ten seconds and back: clouds, or the camera's own exposure."""


@dataclass(frozen=True, slots=True)
class Steadiness:
    """What the reader made of all stills."""

    stills: int
    minutes: float
    """Of held expressions, all stills together."""
    switches_per_minute: float
    """Changes of the label while an expression was held."""
    switches_per_minute_unsteadied: float
    """The same, of the network's first choice in each frame."""
    switched_stills: float
    """Share of stills on which the label changed at all."""
    changes: int
    latency_ms_median: float | None
    """From the swap of a still to the new label; None where no two stills are read differently."""
    latency_ms_p90: float | None
    missed_changes: float | None
    """Share of changes that did not show in time."""
    glitches_shown: float | None
    """Share of interruptions of a seventh of a second (a blink, a blur) that change the label."""
    reads_per_second: float
    """How often a held face is given to the network."""


def held(still: NDArray[np.uint8], how: Disturbance, seconds: float, seed: int) -> list[Frame]:
    """Frames of a still held before a camera; the face is where `faces` says for that seed."""
    rng = np.random.default_rng([seed, 1])
    # Fresh grain for every frame would take longer than all the rest.
    grains = rng.normal(0, how.noise, (_GRAINS, _FRAME, _FRAME)).astype(np.float32)
    frames = []
    for i, (x, y, roll) in enumerate(_poses(how, seconds, seed)):
        time = i / FPS
        scale = SIDE / still.shape[0]
        cosine, sine = math.cos(math.radians(roll)) * scale, math.sin(math.radians(roll)) * scale
        middle = (still.shape[0] - 1) / 2
        place = np.array(
            [
                [cosine, -sine, x - 0.5 - middle * (cosine - sine)],
                [sine, cosine, y - 0.5 - middle * (sine + cosine)],
            ]
        )
        picture = cv2.warpAffine(
            still, place, (_FRAME, _FRAME), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        light = 1 + how.flicker * math.sin(2 * math.pi * 7 * time)
        light += how.drift * math.sin(2 * math.pi * 0.1 * time)
        grain = np.roll(grains[i % _GRAINS], rng.integers(_FRAME), axis=0)
        exposed = np.clip(np.rint(picture * np.float32(light) + grain), 0, 255).astype(np.uint8)
        frames.append(Frame(_bgr(exposed), time))
    return frames


def faces(how: Disturbance, seconds: float, seed: int) -> list[Face]:
    """The face in each of those frames, as a tracker that is a little off reports it."""
    n = round(seconds * FPS)
    off = np.random.default_rng([seed, 2]).normal(0, how.wander, (n // 15 + 2, 3))
    at = np.arange(n) / 15
    wander = np.stack([np.interp(at, np.arange(len(off)), column) for column in off.T], axis=1)
    reported = []
    for (x, y, roll), (dx, dy, dsize) in zip(_poses(how, seconds, seed), wander, strict=True):
        side = SIDE * (1 + dsize)
        height = side * BOX_PER_SIDE / math.sqrt(0.8)
        turn = math.radians(roll)
        cx = x + SIDE * (dx + DROP * math.sin(turn))
        cy = y + SIDE * (dy - DROP * math.cos(turn))
        box = Box(cx - 0.4 * height, cy - height / 2, cx + 0.4 * height, cy + height / 2)
        reported.append(Face(1, box, _NOWHERE, roll, 1.0))
    return reported


def _poses(how: Disturbance, seconds: float, seed: int) -> list[tuple[float, float, float]]:
    """Centre x and y in pixels and roll in degrees of the still, frame by frame."""
    phase = np.random.default_rng([seed, 3]).uniform(0, 2 * math.pi, 3)
    time = np.arange(round(seconds * FPS)) / FPS
    x = _FRAME / 2 + how.sway * SIDE * np.sin(2 * math.pi * 0.3 * time + phase[0])
    y = _FRAME / 2 + how.sway / 2 * SIDE * np.sin(2 * math.pi * 0.37 * time + phase[1])
    roll = how.tilt * np.sin(2 * math.pi * 0.2 * time + phase[2])
    return list(zip(x.tolist(), y.tolist(), roll.tolist(), strict=True))


def _bgr(grey: NDArray[np.uint8]) -> Image:
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)


class _Replay:
    """Scores that were recorded, so that many ways of steadying can be tried on the same ones."""

    def __init__(self) -> None:
        self.scores_now = np.zeros(len(EMOTIONS), np.float32)
        self.reads = 0

    def scores(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.reads += len(crops)
        return np.tile(self.scores_now, (len(crops), 1))


class _Recorder:
    """Keeps what a network answered."""

    def __init__(self, network: Scorer) -> None:
        self._network = network
        self.answers: list[NDArray[np.float32]] = []

    def scores(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        scores = self._network.scores(crops)
        self.answers.extend(scores)
        return scores


def record(
    network: Scorer, stills: Sequence[NDArray[np.uint8]], how: Disturbance, seconds: float
) -> NDArray[np.float32]:
    """What the network answers in each frame, crop and all.

    Returns:
        [stills, frames, 7].
    """
    recorder = _Recorder(network)
    for seed, still in enumerate(stills):
        for frame, face in zip(
            held(still, how, seconds, seed), faces(how, seconds, seed), strict=True
        ):
            # A new reader each time reads every frame, where a kept one leaves some out.
            SteadyReader(recorder, Reading).read(frame, [face])
    return np.stack(recorder.answers).reshape(len(stills), -1, len(EMOTIONS))


def labels(answers: NDArray[np.float32], how: Reading) -> list[Emotion]:
    """The reader's label in each frame.

    Args:
        answers: [frames, 7], the network's.
        how: How it is steadied.
    """
    return _steadied(answers, how)[0]


def _steadied(answers: NDArray[np.float32], how: Reading) -> tuple[list[Emotion], int]:
    """The label in each frame, and how many frames were read."""
    replay = _Replay()
    reader = SteadyReader(replay, lambda: how)
    face = Face(1, Box(2, 2, 12, 12), _NOWHERE, 0.0, 1.0)
    blank = np.zeros((16, 16, 3), np.uint8)
    shown = []
    for i, answer in enumerate(answers):
        replay.scores_now = answer
        shown.append(reader.read(Frame(blank, i / FPS), [face])[1].emotion)
    return shown, replay.reads


def steadiness(answers: NDArray[np.float32], how: Reading) -> Steadiness:
    """Count what a way of steadying makes of recorded answers.

    Args:
        answers: [stills, frames, 7].
        how: The way.
    """
    n, frames, _ = answers.shape
    minutes = n * frames / FPS / 60
    steadied = [_steadied(each, how) for each in answers]
    switches = [_switches(shown) for shown, _ in steadied]
    raw = sum(_switches(each) for each in answers.argmax(axis=2).tolist())
    delays = _delays(answers, how)
    shown = [delay for delay in delays if delay is not None]
    return Steadiness(
        n,
        round(minutes, 2),
        round(sum(switches) / minutes, 3),
        round(raw / minutes, 1),
        round(sum(each > 0 for each in switches) / n, 4),
        len(delays),
        round(float(np.median(shown)) * 1e3) if shown else None,
        round(float(np.percentile(shown, 90)) * 1e3) if shown else None,
        round(1 - len(shown) / len(delays), 4) if delays else None,
        _glitches(answers, how),
        round(sum(reads for _, reads in steadied) / (minutes * 60), 2),
    )


def _switches(shown: Sequence[object]) -> int:
    return sum(before != after for before, after in pairwise(shown))


def _delays(answers: NDArray[np.float32], how: Reading) -> list[float | None]:
    """Seconds from swap to label, for each still and the next one that is read differently."""
    delays: list[float | None] = []
    first_choice = answers.mean(axis=1).argmax(axis=1)
    ahead = min(round(_LONGEST_S * FPS), answers.shape[1])
    for a in range(len(answers)):
        others = [b for b in (a + 1, a + 2, a + 3) if b < len(answers)]
        b = next((b for b in others if first_choice[b] != first_choice[a]), None)
        if b is None:
            continue
        new = EMOTIONS[first_choice[b]]
        joined = np.concatenate([answers[a], answers[b][:ahead]])
        after = labels(joined, how)[len(answers[a]) - 1 :]
        if after[0] is new:
            continue
        seen = next((i for i, label in enumerate(after) if label is new), None)
        delays.append(None if seen is None else (seen - 1) / FPS)
    return delays


def _glitches(answers: NDArray[np.float32], how: Reading) -> float | None:
    """Share of interruptions by another still that show."""
    first_choice = answers.mean(axis=1).argmax(axis=1)
    shown = []
    for a, b in pairwise(range(len(answers))):
        if first_choice[a] == first_choice[b]:
            continue
        answered = answers[a].copy()
        for at in range(FPS, len(answered) - _GLITCH_FRAMES, FPS):
            answered[at : at + _GLITCH_FRAMES] = answers[b, at : at + _GLITCH_FRAMES]
        held_on, broken = labels(answers[a], how), labels(answered, how)
        for at in range(FPS, len(answered) - _GLITCH_FRAMES, FPS):
            seen = slice(at, at + FPS)
            if held_on[at - 1] is broken[at - 1]:
                shown.append(_switches(broken[seen]) > _switches(held_on[seen]))
    return round(float(np.mean(shown)), 4) if shown else None


def stills(data: Path | None, n: int) -> list[NDArray[np.uint8]]:
    """Grey squares framed as FER-2013 frames a face.

    Args:
        data: A data set in any form that training reads; None takes the shipped portraits.
        n: How many of the data set, spread evenly over what is not for training.
    """
    if data is None:
        return _portraits()
    from vcam_emoji.training.data import load

    everything = load(data)
    held_out = everything.only(everything.splits != "train")
    source = held_out if len(held_out) else everything
    rows = np.linspace(0, len(source) - 1, min(n, len(source))).astype(int)
    return list(source.images[rows])


def _portraits() -> list[NDArray[np.uint8]]:
    from vcam_emoji.clips import portraits

    squares = []
    for portrait in portraits():
        for each in (portrait, portrait.flipped()):
            face = Face(1, each.box, each.points, each.roll, 1.0)
            view = framing(face).view(each.image, SIDE)
            squares.append(cv2.cvtColor(view, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False))
    return squares


def _data_beside_the_checkout() -> Path | None:
    path = assets().parent.parent / "shared" / "data" / "fer2013.zip"
    return path if path.is_file() else None


def measure(data: Path | None = None, n: int = 60, seconds: float = 10.0) -> dict[str, Any]:
    """The figures with the default settings.

    Args:
        data: Stills to use; by default FER-2013 beside the checkout, else the shipped portraits.
        n: How many stills.
        seconds: How long each is held.

    Returns:
        The fields of `Steadiness`, and `source`: where the stills are from.

    Raises:
        ModelError: there is no emotion network.
        DataError: the data set cannot be read.
    """
    data = data or _data_beside_the_checkout()
    answers = record(EmotionNetwork(), stills(data, n), Disturbance(), seconds)
    found = steadiness(answers, Reading())
    source = data.name if data is not None else "shipped portraits"
    return {"source": source, **{name: getattr(found, name) for name in found.__slots__}}


def curve(data: Path | None, n: int, seconds: float) -> str:
    """A table of switches and latency over ways of steadying: the defaults were chosen from it."""
    source = stills(data or _data_beside_the_checkout(), n)
    answers = record(EmotionNetwork(), source, Disturbance(), seconds)
    lines = ["hysteresis  evidence  switches/min  median ms  p90 ms  missed  glitches  reads/s"]
    for hysteresis, evidence in product((0.05, 0.1, 0.15, 0.2), (0.15, 0.2, 0.25, 0.3)):
        found = steadiness(answers, Reading(hysteresis=hysteresis, evidence=evidence))
        lines.append(
            f"{hysteresis:10.2f}{evidence:10.2f}{found.switches_per_minute:14.2f}"
            f"{found.latency_ms_median or math.nan:11.0f}{found.latency_ms_p90 or math.nan:8.0f}"
            f"{found.missed_changes or 0:8.1%}{found.glitches_shown or 0:10.1%}"
            f"{found.reads_per_second:9.1f}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print figures, a table or one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m vcam_emoji.benchmarks.steadiness")
    parser.add_argument("--data", type=Path, help="a data set that training reads")
    parser.add_argument("--stills", type=int, default=60, help="%(default)s")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each still: %(default)s")
    parser.add_argument("--curve", action="store_true", help="try many ways of steadying")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    asked = parser.parse_args(arguments)
    try:
        if asked.curve:
            print(curve(asked.data, asked.stills, asked.seconds))
            return 0
        found = measure(asked.data, asked.stills, asked.seconds)
    except VcamEmojiError as error:
        print(f"steadiness: {error}", file=sys.stderr)
        return error.exit_status
    print(json.dumps(found) if asked.json else json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
