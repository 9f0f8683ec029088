"""The demo: everything it claims to show is in its film, its sheet and its summary."""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from tests.fakes import FakeReader, FakeTracker, RecordingSink, disc_set, face
from vcam_emoji import cards, demo
from vcam_emoji.cards import Card
from vcam_emoji.clips import Placement, Show, StagedClip, portraits
from vcam_emoji.clips.show import Moment, ScriptedReaction
from vcam_emoji.demo import lettering, sheet
from vcam_emoji.demo.caption import Label, Tone, labels
from vcam_emoji.demo.performance import Stage, Tally, cues_at, perform
from vcam_emoji.demo.sheet import Shot
from vcam_emoji.demo.shutter import Shutter
from vcam_emoji.demo.video import SideBySide
from vcam_emoji.emoji_set import EmojiSet
from vcam_emoji.errors import UsageError, VirtualCameraError
from vcam_emoji.painting import Painter
from vcam_emoji.pipeline import Directions, Processed, Stages
from vcam_emoji.privacy import Guard
from vcam_emoji.settings import Devices, Look, Settings
from vcam_emoji.types import Emotion, EmotionEstimate, Expression, Frame, FrameSink, Image

SIZE = (320, 180)
QUIET = Console(quiet=True)


def short_show(frames: int = 30) -> Show:
    """A second with a surprise in its middle."""

    def place(index: int) -> Sequence[Placement]:
        return [Placement(portraits()[0], (0.5, 0.5), 0.4)]

    clip = StagedClip("short", SIZE, 30.0, frames, place)
    reactions = (ScriptedReaction(0.5, Emotion.SURPRISE, 0.2),)
    return Show(clip, reactions, (Moment(0.3, "before it"), Moment(0.6, "a surprise")))


class FakeStages:
    """Covers one face, recognised as happy; can be told to hide everything."""

    def __init__(self, hides: bool = False) -> None:
        self.hides = hides
        self.seen: list[Directions] = []

    def process(self, frame: Frame | None, directions: Directions) -> Processed:
        assert frame is not None
        self.seen.append(directions)
        read = FakeReader().read(frame, [face()])
        asked = directions.cues.at(frame.time)
        image = cv2.flip(frame.image, 0).astype(np.uint8, copy=False)
        return Processed(
            image,
            hidden=self.hides,
            reason="no face is tracked" if self.hides else "",
            faces=[face()],
            estimates=read,
            expressions={1: Expression(asked or Emotion.HAPPY)},
            laps_ms={"faces": 2.0, "painting": 1.0},
        )


class FakeOpener:
    def __init__(self, sink: RecordingSink | None = None, hides: bool = False) -> None:
        self.recording = sink
        self.hides = hides

    def sink(self, devices: Devices) -> FrameSink:
        if self.recording is None:
            raise VirtualCameraError("No virtual camera was found.")
        return self.recording

    def stages(
        self, settings: Callable[[], Settings], chosen: EmojiSet, size: tuple[int, int]
    ) -> tuple[Stage, str]:
        return FakeStages(self.hides), ""


def play(folder: Path, opener: demo.Opens | None = None, publish: bool = False) -> demo.Outcome:
    return demo.play(short_show(), folder, disc_set(), opener or FakeOpener(), QUIET, publish)


def film_frames(path: Path) -> list[Image]:
    film = cv2.VideoCapture(str(path))
    frames: list[Image] = []
    while True:
        there, image = film.read()
        if not there:
            return frames
        frames.append(image.astype(np.uint8))


# What it writes.


def test_film_and_sheet_are_written_and_nothing_else(tmp_path: Path) -> None:
    outcome = play(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"demo.mp4", "contact-sheet.png"}
    assert set(outcome.files) == set(tmp_path.iterdir())


def test_the_film_has_every_frame_before_and_after(tmp_path: Path) -> None:
    outcome = play(tmp_path)
    frames = film_frames(tmp_path / "demo.mp4")
    assert len(frames) == outcome.tally.frames == 30
    edge, wide = 16, 800
    high = wide * SIZE[1] // SIZE[0]
    before = frames[7][edge : edge + high, edge : edge + wide]
    after = frames[7][edge : edge + high, 2 * edge + wide : 2 * edge + 2 * wide]
    # The fake stages turn the picture upside down.
    assert np.abs(before.astype(int) - after[::-1]).mean() < 8
    assert np.abs(before.astype(int) - after).mean() > 20


def test_the_film_says_whether_it_was_recognised_or_asked_for(tmp_path: Path) -> None:
    play(tmp_path)
    frames = film_frames(tmp_path / "demo.mp4")

    def share(image: Image, tone: Tone) -> float:
        strip = image[-60:].astype(int)
        return float((np.abs(strip - np.array(tone.colour)).max(axis=2) < 24).mean())

    assert share(frames[3], Tone.RECOGNISED) > 0.02 > share(frames[3], Tone.REACTION)
    assert share(frames[17], Tone.REACTION) > 0.02 > share(frames[17], Tone.RECOGNISED)


def test_a_demo_that_breaks_off_leaves_no_film(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), SideBySide(tmp_path / "demo.mp4", SIZE, 30):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_is_not_whole_is_an_error_and_is_not_left(tmp_path: Path) -> None:
    with pytest.raises(UsageError), SideBySide(tmp_path / "demo.mp4", SIZE, 30):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_older_film_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    (tmp_path / "demo.mp4").write_bytes(b"older")
    with pytest.raises(KeyboardInterrupt), SideBySide(tmp_path / "demo.mp4", SIZE, 30):
        raise KeyboardInterrupt
    assert (tmp_path / "demo.mp4").read_bytes() == b"older"


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UsageError, match="cannot be made"):
        demo._folder(file / "below")
    with pytest.raises(UsageError, match="No film"):
        SideBySide(tmp_path / "missing" / "demo.mp4", SIZE, 30)
    with pytest.raises(UsageError, match="cannot be written"):
        sheet.save(np.zeros((8, 8, 3), np.uint8), tmp_path / "missing" / "sheet.png")


# What it tells.


def test_the_summary_has_what_scripts_rely_on(tmp_path: Path) -> None:
    told = json.loads(json.dumps(demo.summary(play(tmp_path))))
    assert told["frames"] == 30
    assert told["fps"] > 0
    assert told["faces"] == 1
    # The surprise lasts six frames.
    assert told["emotions"] == {"happy": 24, "surprise": 6}
    assert told["recognised"] == {"happy": 24}
    assert all(Path(path).is_file() for path in told["files"])


def test_the_table_names_every_file_and_emotion(tmp_path: Path) -> None:
    outcome = play(tmp_path)
    console = Console(record=True, width=400, file=io.StringIO())
    console.print(demo.table(outcome))
    text = console.export_text()
    for words in ("30", "happy 24", "surprise 6", "faces 2.0", *map(str, outcome.files)):
        assert words in text


def test_hidden_frames_are_counted_and_show_no_emotion(tmp_path: Path) -> None:
    outcome = play(tmp_path, FakeOpener(hides=True))
    assert outcome.tally.hidden == 30
    assert not outcome.tally.shown


def test_an_empty_tally_divides_by_nothing() -> None:
    assert Tally().fps == 0.0


# Where it publishes.


def test_without_a_virtual_camera_the_demo_still_plays(tmp_path: Path) -> None:
    outcome = play(tmp_path, FakeOpener(sink=None), publish=True)
    assert outcome.output == ""
    assert outcome.tally.frames == 30


def test_a_virtual_camera_gets_every_frame_and_a_card_at_the_end(tmp_path: Path) -> None:
    sink = RecordingSink(SIZE)
    outcome = play(tmp_path, FakeOpener(sink), publish=True)
    assert outcome.output == sink.description
    assert len(sink.sent) == 31
    assert not np.array_equal(sink.sent[-1], sink.sent[-2])
    assert sink.closed


def test_a_virtual_camera_is_left_alone_when_asked(tmp_path: Path) -> None:
    sink = RecordingSink(SIZE)
    play(tmp_path, FakeOpener(sink), publish=False)
    assert sink.sent == []


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now, self.slept = 5.0, 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


def play_on(clock: Clock, sink: FrameSink | None) -> Tally:
    return perform(
        short_show(), FakeStages(), disc_set(), Look(), lambda *_: None, sink, clock, clock.sleep
    )


def test_frames_are_published_at_the_pace_of_the_clip() -> None:
    clock = Clock()
    tally = play_on(clock, RecordingSink(SIZE))
    assert clock.slept == pytest.approx(29 / 30)
    # Waiting is not counted as work.
    assert sum(tally.live_s) == pytest.approx(0)


def test_nobody_watching_nobody_waits() -> None:
    clock = Clock()
    play_on(clock, None)
    assert clock.slept == 0


# Reactions and captions.


def test_a_reaction_lasts_from_its_time_to_its_end() -> None:
    script = (ScriptedReaction(1.0, Emotion.FEAR, 0.5), ScriptedReaction(2.0, Emotion.SAD, 0.5))
    asked = {now: cues_at(script, now).at(now) for now in (0.9, 1.0, 1.49, 1.5, 1.9, 2.0, 2.5)}
    assert asked == {
        0.9: None,
        1.0: Emotion.FEAR,
        1.49: Emotion.FEAR,
        1.5: None,
        1.9: None,
        2.0: Emotion.SAD,
        2.5: None,
    }


def two_faces() -> Processed:
    faces = [face((500, 200), identity=7), face((100, 200), identity=8)]
    scores = (0.0,) * 6 + (1.0,)
    return Processed(
        np.zeros((360, 640, 3), np.uint8),
        faces=faces,
        estimates={
            7: EmotionEstimate(scores, Emotion.SAD),
            8: EmotionEstimate(scores, Emotion.HAPPY),
        },
        expressions={7: Expression(Emotion.SAD), 8: Expression(Emotion.HAPPY)},
    )


def test_faces_are_captioned_from_left_to_right() -> None:
    said = labels(two_faces(), None)
    assert [each.words for each in said] == ["recognised: happy", "recognised: sad"]


def test_what_is_asked_for_is_never_called_recognised() -> None:
    assert labels(two_faces(), Emotion.FEAR) == (Label("reaction: fear", Tone.REACTION),)


def test_no_caption_claims_an_emotion_that_was_not_read() -> None:
    blank = Processed(np.zeros((9, 16, 3), np.uint8), faces=[face()], expressions={})
    assert labels(blank, None) == (Label("no emotion read", Tone.HIDDEN),)
    nobody = Processed(np.zeros((9, 16, 3), np.uint8))
    assert labels(nobody, None) == labels(nobody, Emotion.HAPPY) == ()


# Pictures.


@pytest.mark.parametrize("count", [0, 1, 3, 4, 12])
def test_a_contact_sheet_has_room_for_every_moment(count: int) -> None:
    grey = np.full((180, 320, 3), 200, np.uint8)
    shots = [Shot(grey, grey, f"moment {n}", (Label("x", Tone.REACTION),)) for n in range(count)]
    image = sheet.contact_sheet(shots, "title", "subtitle")
    area = 400 * (180 * 400 // 320)
    assert (image == 200).all(axis=2).sum() >= 0.97 * 2 * count * area


def shots_of(said: Sequence[str], *at: int) -> list[tuple[int, str]]:
    """The frames that are shown of a clip in which that is said, and what is said of them."""
    shutter = Shutter([Moment(each / 30, f"moment {each}") for each in at], 30)
    for index, word in enumerate(said):
        picture = np.full((9, 16, 3), index, np.uint8)
        shutter.see(index, picture, picture, (Label(word, Tone.RECOGNISED),))
    return [(int(each.after[0, 0, 0]), each.said[0].words) for each in shutter.shots]


def test_a_moment_is_shown_when_it_comes_if_nothing_changes() -> None:
    assert shots_of(["happy"] * 90, 20, 60) == [(20, "happy"), (60, "happy")]


def test_no_emoji_is_shown_while_it_turns_into_what_is_said_of_it() -> None:
    assert shots_of(["angry"] * 20 + ["neutral"] * 40, 21) == [(29, "neutral")]


def test_a_moment_that_never_settles_is_shown_all_the_same() -> None:
    assert shots_of(["angry", "neutral"] * 40, 30) == [(51, "neutral")]


def test_a_clip_that_ends_before_it_settles_loses_no_moment() -> None:
    assert shots_of(["angry"] * 20 + ["neutral"] * 3, 21) == [(22, "neutral")]


def test_words_wider_than_the_picture_are_cut_and_do_no_harm() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    lettering.text(image, (30, 20), "a long line of words", 20)
    lettering.pill(image, (-10, 2), "another", 20, (0, 200, 200))
    assert image.any()


def test_a_panel_keeps_its_picture_and_only_loses_its_corners() -> None:
    image = np.full((60, 80, 3), 9, np.uint8)
    picture = np.full((40, 50, 3), 200, np.uint8)
    lettering.panel(image, (10, 10), picture, 8)
    assert tuple(image[10, 10]) == (9, 9, 9)
    assert tuple(image[49, 59]) == (9, 9, 9)
    assert (image[18:42, 10:60] == 200).all()
    assert (image[10:50, 18:52] == 200).all()
    assert (image[:10] == 9).all()


# The command line.


@pytest.mark.parametrize("words", ["", "720", "1280x", "1281x720", "100x100", "9999x9999", "axb"])
def test_a_size_that_will_not_do_is_refused_with_an_example(words: str) -> None:
    with pytest.raises(UsageError) as error:
        demo._size(words)
    assert "1280x720" in error.value.hint


def test_the_arguments_have_defaults_that_work() -> None:
    parser = argparse.ArgumentParser()
    demo.add_arguments(parser)
    arguments = parser.parse_args([])
    assert arguments.out == Path("demo-out")
    assert demo._size(arguments.size) == (1280, 720)
    assert not arguments.no_virtual_camera


def test_faces_in_the_real_loop_are_covered_and_captioned(tmp_path: Path) -> None:
    """The pipeline itself, with only the networks faked."""

    class WithPipeline(FakeOpener):
        def stages(
            self, settings: Callable[[], Settings], chosen: EmojiSet, size: tuple[int, int]
        ) -> tuple[Stage, str]:
            guard = Guard(lambda wh: cards.picture(Card.HIDDEN, wh), lambda: settings().safety)
            tracker = FakeTracker([face((160, 90), size=72)])
            return Stages(tracker, FakeReader(), Painter(chosen), guard, size), "one is missing"

    outcome = play(tmp_path, WithPipeline())
    assert outcome.trouble == "one is missing"
    assert outcome.tally.shown[Emotion.SURPRISE] >= 5
    assert outcome.tally.recognised[Emotion.HAPPY] >= 10
