"""The loop: whatever happens to a frame, what leaves is covered, blurred or a card."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes import (
    FakeReader,
    FakeSource,
    FakeTracker,
    RecordingSink,
    disc_set,
    face,
    noise,
)
from vcam_emoji import cards, pipeline
from vcam_emoji.cards import Card
from vcam_emoji.commands import Mode
from vcam_emoji.cues import Cues, Reaction
from vcam_emoji.painting import Painter
from vcam_emoji.pipeline import Directions, Processed, Stages
from vcam_emoji.privacy import Guard
from vcam_emoji.settings import Look, Safety
from vcam_emoji.types import Emotion, Face, Frame, Image

SIZE = (640, 480)
FPS = 30
EMOJI = disc_set()


@dataclass
class Stage:
    """The loop's stages with fakes at the seams."""

    tracker: FakeTracker
    stages: Stages

    @classmethod
    def with_faces(cls, *faces: Face) -> Stage:
        tracker = FakeTracker(faces)
        guard = Guard(lambda wh: cards.picture(Card.HIDDEN, wh), lambda: Safety())
        return cls(tracker, Stages(tracker, FakeReader(), Painter(EMOJI), guard, SIZE))


def directions(mode: Mode = Mode.REPLACE, **changes: object) -> Directions:
    return replace(Directions(Look(mode=mode), emoji_set=EMOJI), **changes)  # type: ignore[arg-type]


def frames(count: int, image: Image | None = None) -> Iterator[Frame]:
    picture = noise(SIZE) if image is None else image
    return (Frame(picture, index / FPS) for index in range(count))


def raw_share(published: Image, raw: Image, seen: Face) -> float:
    """How much of the face's box leaves as the camera saw it, 0 to 1."""
    box = seen.box
    area = np.s_[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)]
    difference = np.abs(published[area].astype(int) - raw[area]).max(axis=2)
    return float((difference < 8).mean())


def test_without_frames_the_card_says_there_is_no_camera() -> None:
    processed = Stage.with_faces().stages.process(None, directions())
    assert processed.card is Card.NO_CAMERA
    assert np.array_equal(processed.image, cards.picture(Card.NO_CAMERA, SIZE))


def test_a_tracked_face_is_covered_by_the_emoji_of_its_emotion() -> None:
    seen = face()
    stage = Stage.with_faces(seen)
    for frame in frames(30):
        processed = stage.stages.process(frame, directions())
        assert raw_share(processed.image, frame.image, seen) < 0.01
    assert processed.expressions[1].emotion is Emotion.HAPPY
    assert not processed.hidden
    assert set(processed.laps_ms) == {"faces", "emotions", "painting"}


@pytest.mark.parametrize("mode", [Mode.REPLACE, Mode.OVERLAY])
def test_a_stage_that_fails_ends_in_a_card(mode: Mode) -> None:
    stage = Stage.with_faces(face())
    stage.tracker.fails = RuntimeError("out of order")
    for frame in frames(2):
        processed = stage.stages.process(frame, directions(mode))
    assert processed.card is Card.TROUBLE
    assert "out of order" in processed.reason


def test_without_any_emoji_set_no_frame_is_shown() -> None:
    frame = next(frames(1))
    processed = Stage.with_faces(face()).stages.process(frame, directions(emoji_set=None))
    assert processed.card is Card.TROUBLE


def test_off_is_the_plain_camera() -> None:
    frame = next(frames(1))
    processed = Stage.with_faces(face()).stages.process(frame, directions(Mode.OFF))
    assert np.array_equal(processed.image, frame.image)


def test_others_see_the_picture_unmirrored_unless_asked() -> None:
    frame = next(frames(1))
    mirrored = directions(Mode.OFF, look=Look(mode=Mode.OFF, mirror=True))
    processed = Stage.with_faces().stages.process(frame, mirrored)
    assert np.array_equal(processed.image, frame.image[:, ::-1])


def test_the_words_on_a_card_are_never_mirrored() -> None:
    look = Look(mode=Mode.REPLACE, mirror=True)
    stage = Stage.with_faces()
    for frame in frames(90):
        processed = stage.stages.process(frame, directions(look=look))
    assert processed.hidden
    assert np.array_equal(processed.image, cards.picture(Card.HIDDEN, SIZE))


def test_a_pause_hides_everything_and_forgets_the_faces() -> None:
    stage = Stage.with_faces(face())
    for frame in frames(5):
        stage.stages.process(frame, directions())
    processed = stage.stages.process(frame, directions(paused=True))
    assert processed.card is Card.PAUSED
    assert stage.tracker.resets == 1


def test_a_reaction_shows_on_the_face() -> None:
    stage = Stage.with_faces(face())
    cues = Cues(reaction=Reaction(Emotion.ANGRY, until=99.0))
    for frame in frames(3):
        processed = stage.stages.process(frame, directions(cues=cues))
    assert processed.expressions[1].emotion is Emotion.ANGRY


def test_the_last_frame_is_a_card_even_if_the_camera_breaks() -> None:
    def breaking() -> Iterator[Frame]:
        yield from frames(3)
        raise OSError("unplugged")

    sink, stage = RecordingSink(), Stage.with_faces(face())
    with pytest.raises(OSError, match="unplugged"):
        pipeline.run(
            FakeSource(breaking()), sink, stage.stages, directions, lambda *_: None, lambda: True
        )
    assert np.array_equal(sink.sent[-1], cards.picture(Card.PAUSED, SIZE))


def test_settings_are_read_once_a_frame() -> None:
    asked = []

    def ask() -> Directions:
        asked.append(1)
        return directions()

    seen: list[Processed] = []
    pipeline.run(
        FakeSource(frames(7)),
        RecordingSink(),
        Stage.with_faces(face()).stages,
        ask,
        lambda _, processed: seen.append(processed),
        lambda: True,
    )
    assert len(asked) == len(seen) == 7


EVENTS = st.lists(
    st.sampled_from(["seen", "seen", "seen", "missed", "failed", "stalled", "paused", "overlay"]),
    max_size=40,
)


@given(EVENTS, st.integers(1, 12))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_no_order_of_events_lets_the_face_out(events: list[str], stretch: int) -> None:
    """A person sits there all the time; the tracker misses them, fails, and is interrupted."""
    stage, raw, person = Stage.with_faces(), noise(SIZE), face()
    now = 0.0
    for event in ["seen", *events]:
        for _ in range(stretch):
            now += 1 / FPS
            stage.tracker.faces = [] if event == "missed" else [person]
            stage.tracker.fails = RuntimeError() if event == "failed" else None
            look = directions(Mode.OVERLAY if event == "overlay" else Mode.REPLACE)
            frame = None if event == "stalled" else Frame(raw, now)
            processed = stage.stages.process(frame, replace(look, paused=event == "paused"))
            assert raw_share(processed.image, raw, person) < 0.01, (event, processed.reason)
