"""What may be published: in `replace` a frame leaves only if every face in it is surely hidden.

The tracker's word is not enough: it misses faces that are turned, covered, dim, fast or new. So a
part of the picture is shown sharply only for a reason, and without one it is not.

1.  Sharp parts exist only while at least one face has been tracked without a gap for
    `SURE_FRAMES` frames, or was so within the last `Safety.hold_s` seconds. Otherwise the whole
    frame is blurred, and after `Safety.blur_s` the card takes its place.
2.  Every face the tracker reports is covered at once, sure or not: head and hair, and more in
    doubt (low score, new face, fast motion). A cover shrinks only as fast as people move away.
3.  A face that is lost keeps its cover where it should be. The cover grows with time, speed and
    doubt until `Safety.hold_s`.
4.  After that, if others are still tracked, the place of the lost face stays frosted until it is
    empty: until it looks as it did when it was known to hold no face, or has been perfectly quiet
    for `GONE_S` (`LEFT_S` if the face went out over the frame's border), or a new face turns up
    in it and is taken for the lost one.
5.  Everything else is shown because it is known: it has been quiet for `QUIET_S`, and since before
    the whole picture, and this part of it more closely, was last looked at, while rule 1 held; no
    head was there, and nothing that the finder takes for a face however weakly; and it looks as it
    did then, up to noise and the camera's exposure. Where a face is found nothing is known any
    more. What is not known, or has changed, is frosted in the same frame. A face
    that appears, before anything has detected it, is such a change; so is one that runs out of
    its cover. The rule's limit: a face that holds perfectly still and that not even a weak look
    suspects is shown as well. What was shown so for `ROOM_S`, and is before nobody's body, is
    remembered as the room, and drawn behind heads that come there later.
6.  Change is nobody's face where it can be explained: close around a head that is tracked in this
    very frame, and over its body, which hangs straight down or leans as the head does, but for
    what is taken for a face however weakly. Change that reaches in from outside is not
    explained for the length of a head; and nothing is explained so while anyone is missing: for
    `AT_LARGE_S`, but of those who went out to a side or upwards only until their place is empty.
    That is the rule's limit: a face which the tracker does not even suspect and which never shows
    outside of another person's body, such as a child's that rises right before a parent's chest,
    is shown until the tracker looks there, which takes up to a second, and knows it for one.
7.  If most of what was known changes at once, or the light does, nothing is known any more, and
    no face is sure: rule 1 begins anew.
8.  If anything fails while judging or painting, the card is published, never the frame.

In `overlay` faces are covered as in rules 2 and 3 and nothing is blurred; in `off` the frame is
published as it is, because it was asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, hypot, radians, sin

import cv2
import numpy as np

from vcam_emoji.commands import Mode
from vcam_emoji.painting import Cover, Painter, cover
from vcam_emoji.plate import Plate
from vcam_emoji.settings import Look, Safety
from vcam_emoji.surroundings import Cells, Surroundings
from vcam_emoji.types import Box, Expression, Face, Frame, Image, Points, Watch

log = logging.getLogger(__name__)

SURE_FRAMES = 3
QUIET_S = 0.5
QUIET_FRAMES = 8
"""At a low frame rate `QUIET_S` is stretched to so many frames."""
GONE_S = 3.0
LEFT_S = 0.5
AT_LARGE_S = 3.0
ROOM_S = 1.0
"""What has been quiet for so long, and is nobody's, is the room."""
_LIGHT_EVERY, _ROOM_EVERY = 3, 15
"""Of how many frames one is looked at for the room's light, and for the room."""

_GROWTH_PER_S = 0.8
_SHRINK_PER_S = 0.4
"""Rule 2: a head gets smaller only as fast as a person can move away."""
_YOUNG_S = 1.0
"""A new face may be placed poorly at first: its cover is larger for so long."""
_CLOSE = 1.2
"""Rule 6: how far around a tracked head change is its own, as a multiple of its outline."""
_MOST_LEAN = 35.0
"""Rule 6: a body hangs straight down or leans as its head does, but no further than this."""
_MOST_PEOPLE = 32
_GHOST = 1.15
_PAUSE_S = 1.0
"""After a gap between two frames of more than this no face is sure."""


_HAIR = 0.35
"""By how much a head is larger than its face's box, on each side."""


@dataclass(frozen=True, slots=True)
class Publication:
    """The one picture that may leave for a frame."""

    image: Image
    """Of the frame's size. Not to be written to; it holds until the next frame but one."""
    hidden: bool = False
    """It is blurred as a whole, or a card."""
    reason: str = ""
    """Why it is hidden, in a few words."""
    blurred_share: float = 0.0
    """Share of the picture's area that is frosted, 0 to 1; covers do not count."""


@dataclass(slots=True)
class _Person:
    """What is remembered of one track."""

    cover: Cover
    """As it was last reported."""
    seen: float
    """Time of the frame that last showed the face."""
    velocity: tuple[float, float] = (0.0, 0.0)
    """Pixels a second."""
    streak: int = 0
    """Frames on end that showed it, up to the latest."""
    first: float | None = None
    """Time of the frame that first showed it."""
    score: float = 1.0
    width: float = 0.0
    """Of the face, in pixels, but never shrinking faster than `_SHRINK_PER_S`."""
    empty_since: float | None = None
    """Rule 4: since when its place has looked empty."""

    def sees(self, now_at: Cover, score: float, now: float) -> None:
        elapsed = now - self.seen
        if elapsed > 0:
            (ax, ay), (bx, by) = self.cover.head.centre, now_at.head.centre
            vx, vy = (bx - ax) / elapsed, (by - ay) / elapsed
            self.velocity = (self.velocity[0] + vx) / 2, (self.velocity[1] + vy) / 2
        shrunken = self.width * (1 - _SHRINK_PER_S * min(max(elapsed, 0.0), 1.0))
        self.width = max(now_at.face_width, shrunken)
        self.cover, self.seen, self.score = now_at, now, score
        self.streak += 1
        self.first = now if self.first is None else self.first
        self.empty_since = None

    def hiding(self, now: float, frame_s: float, hold_s: float) -> Cover:
        """The cover, grown by rules 2 and 3."""
        lost = min(now - self.seen, hold_s)
        speed = hypot(*self.velocity)
        run = speed * (min(frame_s, 0.1) * 0.5 + min(lost, 0.3) * 0.7)
        young = max(0.0, 1 - (now - (now if self.first is None else self.first)) / _YOUNG_S)
        doubt = max(0.0, 0.6 - self.score) * 0.4 + 0.15 * young
        wide = self.cover.head.half_width
        growth = min(run if run > 2 else 0.0, wide * 0.7) / wide + doubt + _GROWTH_PER_S * lost
        factor = (1 + growth) * max(1.0, self.width / self.cover.face_width)
        return self.cover.grown(factor) if factor > 1.004 else self.cover

    def walking_out(self, size: tuple[int, int]) -> bool:
        """Whether it was on its way out to a side, or upwards, when it was last seen."""
        box = self.cover.head.box()
        vx, vy = self.velocity
        aside = (box.x0 < 0 and vx < 0) or (box.x1 > size[0] and vx > 0)
        # Who sinks faster than that ducks, at the border too.
        return (aside and abs(vx) > vy) or (box.y0 < 0 and vy < 0)

    def leaving(self, size: tuple[int, int]) -> bool:
        """Whether it was on its way out over any border of the frame, when it was last seen."""
        box = self.cover.head.box()
        vx, vy = self.velocity
        return (
            (box.x0 < 0 and vx < 0)
            or (box.y0 < 0 and vy < 0)
            or (box.x1 > size[0] and vx > 0)
            or (box.y1 > size[1] and vy > 0)
        )


class Guard:
    """Decides, frame by frame, what of it may be seen."""

    def __init__(
        self, hidden_card: Callable[[tuple[int, int]], Image], safety: Callable[[], Safety]
    ) -> None:
        """With the card for a width and height, and the settings as they are now."""
        self._hidden_card = hidden_card
        self._safety = safety
        self._sheets = (np.empty((0, 0, 3), np.uint8), np.empty((0, 0, 3), np.uint8))
        self.reset()

    def reset(self) -> None:
        """Forget everything: the next frame is from another scene."""
        self._people: dict[int, _Person] = {}
        self._buried = float("-inf")
        """When the latest of those forgotten by rule 4 was last seen."""
        self._surroundings: Surroundings | None = None
        self._plate: Plate | None = None
        self._turn = 0
        """Frames in which the room could be looked at."""
        self._mode: Mode | None = None
        self._began = 0.0
        self._time: float | None = None
        self._frame_s = 1 / 30
        self._unsure()

    def publishable(
        self,
        frame: Frame,
        faces: Sequence[Face],
        expressions: Mapping[int, Expression],
        painter: Painter,
        look: Look,
        watch: Watch,
    ) -> Publication:
        """What of this frame may be seen, by the module's rules; it never raises.

        Args:
            frame: Its image is written to only if it is fresh.
            faces: All that the tracker reports for this very frame, held ones too.
            expressions: What each shows, by face id.
            painter: Paints on the guard's own copy.
            look: How it is to look.
            watch: What the tracker knows of the frame beside its faces.
        """
        if look.mode is Mode.OFF:
            return Publication(frame.image)
        try:
            if look.mode is not self._mode:
                self.reset()
                self._mode = look.mode
            if look.mode is Mode.OVERLAY:
                return self._overlaid(frame, faces, expressions, painter, look)
            return self._replaced(frame, faces, expressions, painter, look, watch)
        except Exception:  # rule 8: whatever it is, the frame stays in
            log.exception("A frame was hidden because judging it failed.")
            self.reset()
            return self._card(frame, "a face could not be covered")

    def _overlaid(
        self,
        frame: Frame,
        faces: Sequence[Face],
        expressions: Mapping[int, Expression],
        painter: Painter,
        look: Look,
    ) -> Publication:
        hold_s = self._safety().hold_s
        self._follow(faces, frame.time)
        shown = [each for each in self._people.values() if frame.time - each.seen <= hold_s]
        self._people = {each.cover.face_id: each for each in shown}
        image = self._canvas(frame)
        covers = _back_to_front([each.cover for each in _chosen(shown, look)])
        painter.paint(image, covers, expressions, look, frame.time)
        return Publication(image)

    def _replaced(
        self,
        frame: Frame,
        faces: Sequence[Face],
        expressions: Mapping[int, Expression],
        painter: Painter,
        look: Look,
        watch: Watch,
    ) -> Publication:
        safety, now = self._safety(), frame.time
        scene = self._at(frame)
        found = self._follow(faces, now)
        if found:
            # Where a face turns up, it may have been taken for the room before.
            under = _under(scene, found)
            scene.unlearn(under)
            if self._plate is not None:
                self._plate.forget(under)
        if scene.upheaval:
            scene.forget()
            if self._plate is not None:
                self._plate.doubt()
            self._unsure()
        sharp = self._sharp(safety, now)
        people = list(self._people.values())
        held = [each for each in people if now - each.seen <= safety.hold_s]
        ghosts = [each for each in people if now - each.seen > safety.hold_s]
        main = _chosen(held, look)
        covers = {id(each): each.hiding(now, self._frame_s, safety.hold_s) for each in people}
        others = [covers[id(each)] for each in held if each not in main]
        suspect = _under(scene, [*(covers[id(each)] for each in ghosts), *others])
        heads = _under(scene, [covers[id(each)] for each in held])
        weak = scene.inside(*(_head_of(box) for box in watch.suspects))
        present = [] if self._missing(now) else [each for each in held if each.seen == now]
        bodies = _bodies(scene, [covers[id(each)] for each in present])
        explained = self._explained(scene, held, covers, bodies, weak, now)
        doubt = scene.doubtful(explained, suspect, self._widest())
        if sharp:
            self._bury(scene, ghosts, covers, now)
        doubted = cv2.bitwise_or(cv2.bitwise_or(heads, suspect), weak)
        self._learn(scene, doubted.astype(np.uint8, copy=False), now, watch)
        if not sharp:
            return self._hidden(frame, scene, safety)
        if present:
            self._remember(frame, scene, (doubt, heads, suspect, weak, bodies))
        image = self._canvas(frame)
        scene.frost(image, doubt, self._widest())
        at = _back_to_front([covers[id(each)] for each in main])
        painter.paint(image, at, expressions, look, now, self._plate)
        share = cv2.countNonZero(cv2.bitwise_and(doubt, cv2.bitwise_not(heads))) / doubt.size
        return Publication(image, blurred_share=share)

    def _at(self, frame: Frame) -> Surroundings:
        """Take in the frame, or begin anew where it does not follow on the last one."""
        height, width = frame.image.shape[:2]
        scene, before = self._surroundings, self._time
        if scene is None or scene.size != (width, height) or (before or 0.0) > frame.time:
            mode = self._mode
            self.reset()
            self._mode = mode
            scene = self._surroundings = Surroundings((width, height))
            self._plate = Plate(scene.size, scene.grid)
            self._began = frame.time
        elif before is not None:
            elapsed = frame.time - before
            self._frame_s += (min(elapsed, 1.0) - self._frame_s) * 0.1
            if elapsed > _PAUSE_S:
                self._unsure()
        self._time = frame.time
        scene.look(frame.image, frame.time - self._began)
        return scene

    def _follow(self, faces: Sequence[Face], now: float) -> list[Cover]:
        """Keep what is remembered of each person up to date, and know lost ones again.

        Returns:
            Those that were found in this frame.
        """
        found = []
        for known in self._people.values():
            if known.seen < now and not any(
                face.id == known.cover.face_id and face.lost_s <= 0 for face in faces
            ):
                known.streak = 0
        for face in faces:
            at = cover(face)
            if face.id not in self._people:
                if face.lost_s <= 0:
                    self._known_again(at, now)
                    found.append(at)
                self._people[face.id] = _Person(at, now - face.lost_s)
            person = self._people[face.id]
            if face.lost_s <= 0:
                person.sees(at, face.score, now)
            else:
                person.cover = at
        # False alarms must not pile up over hours in which nobody is there.
        oldest = sorted(self._people, key=lambda each: self._people[each].seen)
        for each in oldest[:-_MOST_PEOPLE]:
            del self._people[each]
        return found

    def _known_again(self, at: Cover, now: float) -> None:
        """Rule 4: a new face in the place of a lost one is the lost one."""
        x = np.array([at.head.centre], np.float32)
        lost = [
            person
            for person in self._people.values()
            if person.seen < now
            and person.streak == 0
            and 0.5 < at.face_width / person.cover.face_width < 2
            and float(person.cover.head.radius(x)[0]) < 1.5
        ]
        if lost:
            nearest = min(lost, key=lambda person: float(person.cover.head.radius(x)[0]))
            del self._people[nearest.cover.face_id]

    def _unsure(self) -> None:
        for person in self._people.values():
            person.streak = 0
        self._sure_since: float | None = None
        self._last_sure: float | None = None
        self._doubt_since: float | None = None

    def _sharp(self, safety: Safety, now: float) -> bool:
        """Rule 1."""
        if any(person.streak >= SURE_FRAMES for person in self._people.values()):
            self._last_sure = now
            if self._sure_since is None:
                self._sure_since = now
        sharp = self._last_sure is not None and now - self._last_sure <= safety.hold_s
        if sharp:
            self._doubt_since = None
        else:
            self._sure_since = None
            if self._doubt_since is None:
                self._doubt_since = now
        return sharp

    def _explained(
        self,
        scene: Surroundings,
        held: Sequence[_Person],
        covers: Mapping[int, Cover],
        bodies: Cells,
        weak: Cells,
        now: float,
    ) -> Cells:
        """Rule 6; `weak` is where something may be a face, however weakly."""
        missing = self._missing(now)
        heads: list[Points] = []
        for person in held:
            close = _CLOSE if person.seen == now and not missing else 1.0
            heads.append(covers[id(person)].head.outline(close, 24))
        unsuspected = cv2.bitwise_and(bodies, cv2.bitwise_not(weak))
        explained = cv2.bitwise_or(scene.inside(*heads), unsuspected)
        return explained.astype(np.uint8, copy=False)

    def _missing(self, now: float) -> bool:
        """Rule 6: somebody was there a moment ago, and may be anywhere."""
        lost = [each.seen for each in self._people.values() if each.seen < now]
        return any(now - seen <= AT_LARGE_S for seen in [*lost, self._buried])

    def _remember(self, frame: Frame, scene: Surroundings, people: Sequence[Cells]) -> None:
        """Of what is shown sharply, keep what is the room: it may be behind a head later.

        Args:
            frame: Nothing may have been painted on it yet.
            scene: Has looked at it.
            people: Where people are or may be, and what is not shown sharply.
        """
        self._turn += 1
        if self._turn % _LIGHT_EVERY or self._plate is None:
            return
        room = cv2.bitwise_not(scene.changed)
        for each in people:
            room = cv2.bitwise_and(room, cv2.bitwise_not(each))
        quiet = scene.quiet(frame.time - self._began, ROOM_S)
        settled = cv2.bitwise_and(room, quiet).astype(np.uint8, copy=False)
        if self._turn % _ROOM_EVERY:
            self._plate.follow(scene.now, settled)
        else:
            self._plate.remember(frame.image, scene.now, settled)

    def _bury(
        self,
        scene: Surroundings,
        ghosts: Sequence[_Person],
        covers: Mapping[int, Cover],
        now: float,
    ) -> None:
        """Rule 4: forget those whose place is empty."""
        if self._sure_since is None:
            return
        clock = now - self._began
        for person in ghosts:
            patience = LEFT_S if person.leaving(scene.size) else GONE_S
            waited = now - max(self._sure_since, person.seen) >= patience
            place = _under(scene, [covers[id(person)]])
            whole = cv2.countNonZero(place)
            strange = cv2.bitwise_and(place, scene.changed)
            if waited:
                strange = cv2.bitwise_and(strange, cv2.bitwise_not(scene.quiet(clock, patience)))
            if cv2.countNonZero(strange) > 0.03 * whole:
                person.empty_since = None
            elif person.empty_since is None:
                person.empty_since = now
            elif now - person.empty_since > 0.25:
                # Its place is empty, but where it went is not known yet. Who walked out has to
                # come in again; who ducked may rise anywhere, before another's body too.
                if not person.walking_out(scene.size):
                    self._buried = max(self._buried, person.seen)
                del self._people[person.cover.face_id]

    def _learn(self, scene: Surroundings, heads: Cells, now: float, watch: Watch) -> None:
        """Rule 5: what holds no head may be known, once it was looked at."""
        clock = now - self._began
        live = [person for person in self._people.values() if person.seen == now]
        hidden = _under(scene, [person.cover for person in live])
        scene.disturb(hidden, clock)
        patience = max(QUIET_S, QUIET_FRAMES * self._frame_s)
        if self._sure_since is None or now - self._sure_since < patience:
            return
        strange = cv2.bitwise_and(scene.changed, cv2.bitwise_not(heads))
        if not cv2.countNonZero(strange):
            return
        began = self._began
        looked = scene.looked_at(watch.time - began, [(at, t - began) for at, t in watch.parts])
        # A look counts only for what was quiet by then, and while somebody was surely tracked.
        looked[looked < self._sure_since - began] = -np.inf
        still = scene.quiet_since(np.minimum(looked, np.float32(clock - patience)))
        calm = cv2.bitwise_and(still, strange).astype(np.uint8, copy=False)
        if cv2.countNonZero(calm):
            scene.learn(calm)

    def _hidden(self, frame: Frame, scene: Surroundings, safety: Safety) -> Publication:
        reason = "no face is tracked"
        if self._doubt_since is not None and frame.time - self._doubt_since > safety.blur_s:
            return self._card(frame, reason)
        pane = scene.pane(self._widest())
        image = cv2.resize(pane, scene.size, interpolation=cv2.INTER_LINEAR)
        return Publication(image.astype(np.uint8, copy=False), True, reason)

    def _widest(self) -> float:
        """Of the faces that may be in the picture, in pixels."""
        return max((person.width for person in self._people.values()), default=0.0)

    def _canvas(self, frame: Frame) -> Image:
        """What to paint on: a copy, in memory that is used again for the next frame but one."""
        image = frame.image
        if frame.fresh and image.flags.writeable:
            return image
        self._sheets = (self._sheets[1], self._sheets[0])
        if self._sheets[0].shape != image.shape:
            self._sheets = (np.empty_like(image), np.empty_like(image))
        np.copyto(self._sheets[0], image)
        return self._sheets[0]

    def _card(self, frame: Frame, reason: str) -> Publication:
        height, width = frame.image.shape[:2]
        return Publication(self._hidden_card((width, height)), True, reason)


def _chosen(people: Sequence[_Person], look: Look) -> list[_Person]:
    """Those who get an emoji."""
    if look.faces == "all" or not people:
        return list(people)
    return [max(people, key=lambda person: person.cover.face_width)]


def _back_to_front(covers: Sequence[Cover]) -> list[Cover]:
    return sorted(covers, key=lambda each: each.face_width)


def _under(scene: Surroundings, covers: Sequence[Cover]) -> Cells:
    return scene.inside(*(each.head.outline(_GHOST, 24) for each in covers))


def _bodies(scene: Surroundings, covers: Sequence[Cover]) -> Cells:
    """Rule 6: where the bodies of people who are seen right now may be."""
    bodies: list[Points] = []
    for at in covers:
        leans = {0.0, min(max(at.roll, -_MOST_LEAN), _MOST_LEAN)}
        bodies += [body(at, scene.size[1], lean) for lean in leans]
    return scene.inside(*bodies)


def _head_of(box: Box) -> Points:
    """The corners around a head, from the box of what may be its face, [4, 2]."""
    dx, dy = _HAIR * box.width, _HAIR * box.height
    x0, y0, x1, y1 = box.x0 - dx, box.y0 - dy, box.x1 + dx, box.y1 + dy
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)


def body(at: Cover, height: int, lean: float = 0.0) -> Points:
    """Neck, shoulders and arms below a head, [n, 2].

    Args:
        at: The head; it may be tilted without its body.
        height: Of the frame, in pixels.
        lean: Degrees clockwise by which the body is not upright.
    """
    u = at.face_width
    down = -sin(radians(at.roll)), cos(radians(at.roll))
    x, y = at.features[0] + 0.58 * u * down[0], at.features[1] + 0.58 * u * down[1]
    foot = max(float(height) - y, 3 * u)
    half = [(0.95 * u, -0.2 * u), (1.7 * u, 0.35 * u), (2.0 * u, 1.0 * u), (2.1 * u, foot)]
    outline = np.array(half + [(-wide, below) for wide, below in reversed(half)], np.float32)
    across, along = cos(radians(lean)), sin(radians(lean))
    turn = np.array([[across, along], [-along, across]], np.float32)
    turned: Points = outline @ turn + np.array([x, y], np.float32)
    return turned
