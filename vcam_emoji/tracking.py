"""Faces across frames: who is who, where they are now, and who has just blinked out.

Each face is carried from frame to frame by its patch, which says to a fraction of a pixel how it
has moved (`faces.patch`). A follower looks at it every few frames, and at once where the patch is
not found: it says whether this is still a face and pulls the pose back, gently while the two agree
within the follower's own tremble. So a still face does not tremble, and a moving one has no lag.
All faces are looked for again now and then, and in every frame while one is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from math import exp, hypot, log
from typing import TypeAlias

from vcam_emoji.faces.patch import Patch
from vcam_emoji.faces.pose import Pose
from vcam_emoji.faces.region import Region
from vcam_emoji.types import (
    Box,
    Detection,
    Face,
    FaceFollower,
    FaceWatcher,
    Frame,
    Image,
    Watch,
)

HOLD_S = 0.5
"""A face that is not seen is held this long."""
FIND_EVERY_S = 0.25
"""Other faces are looked for this often, each time in another part of the picture, while all that
are known are seen."""
FOLLOW_EVERY = 4
"""Frames from one look of the follower to the next, while the patch is found."""
TRUST_EVERY = 10
"""And while it is found as good as unchanged, where the follower agreed with it of late."""

_PATCH_ROOM = 1.1
_ALIKE = 0.9
"""A patch is found where its likeness is this or more."""
_FRESH = 0.97
"""It is taken anew below this, while the follower confirms the face."""
_TRUSTED_LOOKS = 4
"""So many looks on end agreed before the patch is trusted for longer."""
_LEAST_GAIN = 0.08
"""What a look of the follower counts at least."""
_SAME_FACE = 0.45
"""Two tracks whose boxes overlap more have run onto one face."""
_MISPLACED = 0.4
"""A track whose box overlaps the finder's less than this is put right."""
_SHRINKING = 0.985
"""A frame: no head goes away from the camera faster."""
_PASSING = 0.15
"""Close to another face, a look that differs more from what was expected is of that other one."""
_SAME_SUSPECT = 0.2
"""What overlaps a known face by more is that face, seen less well."""
_SUSPECTED_S = 3.0
"""A suspicion holds until the same part has been glanced at again, or at most for so long."""
_LONGEST_STEP_S = 0.1
_COASTING_S = 0.3
"""Time constant with which the velocity of an unseen face decays."""
_PROBATION_S = 1.5


_NOTHING_SEEN = Watch(float("-inf"))

_Memory: TypeAlias = tuple[Pose, tuple[float, float], float, Pose]
"""Pose, velocity and time of sight before a move, and the pose that was expected after it."""


@dataclass(slots=True)
class _Track:
    id: int
    pose: Pose
    patch: Patch
    place: Region
    """Where the patch was last found."""
    score: float
    born: float
    seen: float
    """Time of the frame that last showed it."""
    seen_at: tuple[float, float]
    """And its centre there."""
    time: float
    """Time of the frame that `pose` belongs to."""
    velocity: tuple[float, float] = (0.0, 0.0)
    """Pixels a second."""
    looks: int = 1
    """Looks of the follower that agreed since the last surprise."""
    unlooked: int = 0
    """Frames since the follower last looked."""
    found: int = 1
    """Times that the finder saw it."""
    likeness: float = 1.0
    ample: float = 0.0
    """Its height of late, slow to shrink."""
    before: _Memory = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.pose, self.velocity, self.seen, self.pose

    def expected(self, now: float) -> Pose:
        """Where it should be, from its velocity."""
        step = min(now - self.time, _LONGEST_STEP_S) * exp(-(self.time - self.seen) / _COASTING_S)
        return self.pose.shifted(self.velocity[0] * step, self.velocity[1] * step)

    @property
    def patience(self) -> int:
        """Frames from one look of the follower to the next."""
        trusted = self.looks >= _TRUSTED_LOOKS and self.likeness >= _FRESH
        return TRUST_EVERY if trusted else FOLLOW_EVERY

    def move(self, pose: Pose, now: float) -> None:
        self.before = self.pose, self.velocity, self.seen, self.expected(now)
        elapsed = max(now - self.time, 1e-3)
        vx, vy = (pose.x - self.pose.x) / elapsed, (pose.y - self.pose.y) / elapsed
        self.velocity = 0.4 * self.velocity[0] + 0.6 * vx, 0.4 * self.velocity[1] + 0.6 * vy
        self.pose, self.time = pose, now

    def see(self, now: float) -> None:
        self.ample = max(self.pose.height, self.ample * _SHRINKING)
        self.seen, self.seen_at = now, (self.pose.x, self.pose.y)

    @property
    def strayed(self) -> float:
        """How far its last move led away from where it was expected, in heights."""
        return _apart(self.before[3], self.pose)

    def unsee(self, now: float) -> None:
        """Take the last move back: what was seen there was another face."""
        self.pose, self.velocity, self.seen, expected = self.before
        self.seen_at = self.pose.x, self.pose.y
        self.coast(expected, now)

    def coast(self, pose: Pose, now: float) -> None:
        """It is not seen: its velocity stays what it was, to decay in `expected`.

        A face that turns away looks smaller and smaller before it is lost; the head is not.
        """
        self.pose, self.time = replace(pose, height=max(pose.height, self.ample)), now

    def renew(self, image: Image) -> None:
        """Take the patch anew from where the face is."""
        self.place = self.pose.region(_PATCH_ROOM)
        self.patch = Patch(image, self.place)
        self.likeness = 1.0

    def refind(self, found: Detection, image: Image, now: float) -> None:
        """It was found where it was not looked for."""
        pose, elapsed = Pose.of(found, self.pose.aspect), now - self.seen
        if 0 < elapsed < _LONGEST_STEP_S:
            x, y = self.seen_at
            self.velocity = (pose.x - x) / elapsed, (pose.y - y) / elapsed
        else:
            self.velocity = 0.0, 0.0
        self.pose, self.time, self.score = pose, now, found.score
        self.looks, self.unlooked = 1, FOLLOW_EVERY
        self.see(now)
        self.renew(image)

    def face(self, now: float) -> Face:
        at = self.pose.detection(self.score)
        return Face(self.id, at.box, at.points, at.roll, self.score, now - self.seen)


@dataclass(frozen=True, slots=True)
class _Suspect:
    """What may be a face, but was not found to be one."""

    box: Box
    time: float
    doubtful: frozenset[Box]
    """Parts of the picture that were not glanced at since."""


@dataclass(slots=True)
class Tracker:
    """`FaceTracker`: finds now and then, follows in between."""

    seeker: FaceWatcher
    """Asked in every frame in which a face is missing, or all are."""
    follower: FaceFollower
    watcher: FaceWatcher | None = None
    """Asked instead, now and then, while all known faces are seen; it may be cheaper."""
    _tracks: list[_Track] = field(default_factory=list)
    _next_id: int = 1
    _found_at: float = float("-inf")
    _suspects: list[_Suspect] = field(default_factory=list)
    """Of late."""
    _looked: dict[Box, float] = field(default_factory=dict)
    """When each part of the picture was last looked at."""
    _watch: Watch = field(default_factory=lambda: _NOTHING_SEEN)

    def update(self, frame: Frame) -> Sequence[Face]:
        """The faces of this frame, largest first, those held for a moment (`lost_s` > 0) too."""
        now, image = frame.time, frame.image
        crowded = self._crowded(now)
        for track in self._tracks:
            self._follow(track, image, now, track.id in crowded)
        self._part(now)
        missing = not self._tracks or any(track.seen < now for track in self._tracks)
        if missing or not 0 <= now - self._found_at < FIND_EVERY_S:
            self._found_at = now
            self._match(self._look(image, now, missing), image, now)
        self._tracks = [track for track in self._tracks if self._keeps(track, now)]
        faces = (track.face(now) for track in self._tracks)
        return sorted(faces, key=lambda face: -face.box.area)

    @property
    def watch(self) -> Watch:
        """What is known beside the faces, as of the last frame."""
        return self._watch

    def reset(self) -> None:
        """Forget everything: the next frame is from another scene."""
        self._tracks.clear()
        self._suspects.clear()
        self._looked.clear()
        self._watch = _NOTHING_SEEN
        self._found_at = float("-inf")

    def _look(self, image: Image, now: float, missing: bool) -> Sequence[Detection]:
        """All faces, or those that a glance shows while nobody is missing."""
        looking = self.seeker if missing or self.watcher is None else self.watcher
        found = looking.find(image)
        faces = [*(each.box for each in found), *(t.pose.detection(1).box for t in self._tracks)]
        looked = frozenset(looking.looked)
        old = [each for each in self._suspects if 0 <= now - each.time < _SUSPECTED_S]
        if looking is self.watcher:
            # It sees weaker ones than the other does, so that only its silence clears them.
            again = (replace(each, doubtful=each.doubtful - looked) for each in old)
            old = [each for each in again if each.doubtful]
        new = [
            _Suspect(each, now, looked)
            for each in looking.suspects
            if not any(each.iou(face) > _SAME_SUSPECT for face in faces)
        ]
        self._suspects = old + new
        never = float("-inf")
        times = {**self._looked, **dict.fromkeys(looked, now)}
        self._looked = {each: times.get(each, never) for each in looking.squares}
        (_, whole), *parts = self._looked.items()
        self._watch = Watch(whole, [each.box for each in self._suspects], parts)
        return found

    def _crowded(self, now: float) -> set[int]:
        """Those whose place another one is about to share."""
        boxes = {track.id: track.expected(now).detection(1).box for track in self._tracks}
        near = [pair for pair in combinations(boxes, 2) if boxes[pair[0]].iou(boxes[pair[1]]) > 0]
        return {each for pair in near for each in pair}

    def _follow(self, track: _Track, image: Image, now: float, crowded: bool) -> None:
        expected = track.expected(now)
        carried = self._carried(track, expected, image)
        if carried is None and hypot(*track.velocity) > 0:
            # It may have stopped or turned round.
            carried = self._carried(track, track.pose, image)
        track.unlooked += 1
        steady = carried is not None and track.seen == track.time
        if carried is not None and steady and track.unlooked < track.patience:
            track.move(carried, now)
            track.see(now)
            return
        guess = carried or expected
        again = self.follower.follow(image, guess.detection(track.score))
        if again is None and carried is None and guess is not track.pose:
            guess = track.pose
            again = self.follower.follow(image, guess.detection(track.score))
        if again is None:
            # A head that turns away is carried on by its patch for as long as it is held.
            track.coast(carried or expected, now)
            return
        looked = Pose.of(again, track.pose.aspect)
        if crowded and _apart(expected, looked) > _PASSING:
            # The face of somebody in front: this one goes on unseen behind.
            track.coast(expected, now)
            return
        self._correct(track, carried, looked, image, now)
        track.score += 0.3 * (again.score - track.score)

    def _carried(self, track: _Track, guess: Pose, image: Image) -> Pose | None:
        """The pose that the patch tells, searched from a guess; None if it is not found there."""
        place = track.place
        start = replace(
            place, x=place.x + guess.x - track.pose.x, y=place.y + guess.y - track.pose.y
        )
        match = track.patch.find(image, start)
        if match.likeness < _ALIKE or not 0.7 < match.region.side / place.side < 1.4:
            return None
        track.place, track.likeness = match.region, match.likeness
        return track.pose.carried(place, match.region)

    def _correct(
        self, track: _Track, carried: Pose | None, looked: Pose, image: Image, now: float
    ) -> None:
        """Take what the follower saw, the less the better it agrees with the patch."""
        track.unlooked = 0
        if carried is None:
            track.looks = 1
            pose = looked if track.seen < track.time else track.pose.blended(looked, 0.9, 0.6)
        else:
            strangeness = carried.strangeness(looked) / 2.5
            surprise = strangeness**2 / (1 + strangeness**2)
            track.looks = 1 if surprise > 0.5 else track.looks + 1
            gain = max(surprise, 1 / (track.looks + 1), _LEAST_GAIN)
            pose = carried.blended(looked, gain, max(gain, 0.4))
        track.move(pose, now)
        track.see(now)
        if carried is None or track.likeness < _FRESH:
            track.renew(image)

    def _part(self, now: float) -> None:
        """Of two tracks on one face, the one that strayed more from its way was not there."""
        for a, b in combinations(self._tracks, 2):
            if a.seen < now or b.seen < now:
                continue
            if a.pose.detection(1).box.iou(b.pose.detection(1).box) > _SAME_FACE:
                max(a, b, key=lambda track: (track.strayed, track.id)).unsee(now)

    def _match(self, found: Sequence[Detection], image: Image, now: float) -> None:
        """Give each detection to the track it is nearest to, or to a new one."""
        pairs = sorted(
            (
                (distance, number, track)
                for number, each in enumerate(found)
                for track in self._tracks
                if (distance := _distance(track, Pose.of(each), now)) < 1
            ),
            key=lambda pair: pair[0],
        )
        given: set[int] = set()
        taken: set[int] = set()
        for _, number, track in pairs:
            if number in given or track.id in taken:
                continue
            given.add(number)
            taken.add(track.id)
            track.found += 1
            box = track.pose.detection(1).box
            if track.seen < now or box.iou(found[number].box) < _MISPLACED:
                track.refind(found[number], image, now)
        for number, each in enumerate(found):
            if number not in given and not any(
                track.pose.detection(1).box.iou(each.box) > 0.3 for track in self._tracks
            ):
                self._tracks.append(_born(self._next_id, each, image, now))
                self._next_id += 1

    def _keeps(self, track: _Track, now: float) -> bool:
        # What the finder never saw again, though it looked everywhere since, was no face.
        unfounded = track.found == 1 and now - track.born > _PROBATION_S and track.score < 0.9
        return now - track.seen <= HOLD_S and not unfounded


def open_tracker() -> Tracker:
    """A tracker with the shipped models.

    Raises:
        ModelError: if they are missing or damaged.
    """
    from vcam_emoji.faces import Seeker, Watcher, open_finder, open_follower

    finder = open_finder()
    return Tracker(Seeker(finder), open_follower(finder), Watcher(finder))


def _born(number: int, seen: Detection, image: Image, now: float) -> _Track:
    pose = Pose.of(seen)
    place = pose.region(_PATCH_ROOM)
    patch = Patch(image, place)
    return _Track(number, pose, patch, place, seen.score, now, now, (pose.x, pose.y), now)


def _apart(a: Pose, b: Pose) -> float:
    """How far two poses differ in place and size, in heights."""
    return hypot(b.x - a.x, b.y - a.y) / a.height + abs(log(b.height / a.height))


def _distance(track: _Track, pose: Pose, now: float) -> float:
    """Below 1 if that may be the track's face: the longer unseen, the farther it may have gone."""
    at = track.pose
    ratio = pose.height / at.height
    reach = 0.5 + 2 * (now - track.seen)
    # Who is seen right there comes before who may have gone there.
    unseen = 0.3 if track.seen < now else 0.0
    return hypot(pose.x - at.x, pose.y - at.y) / (reach * at.height) + abs(log(ratio)) + unseen
