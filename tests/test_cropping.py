"""The benchmark of the whole path, on the shipped portraits."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vcam_emoji.benchmarks.cropping import cut_of, main, measure, placed, places, seen
from vcam_emoji.clips import portraits
from vcam_emoji.emotion_input import SIZE, framing
from vcam_emoji.faces.region import Region
from vcam_emoji.tracking import Tracker, open_tracker
from vcam_emoji.training.data import load
from vcam_emoji.types import Face


@pytest.fixture(scope="module")
def tracker() -> Tracker:
    return open_tracker()


@pytest.fixture(scope="module")
def stills() -> NDArray[np.uint8]:
    """[4, 48, 48], the portraits and their mirror images as FER-2013 would cut them."""
    cut = []
    for portrait in portraits():
        for each in (portrait, portrait.flipped()):
            face = Face(1, each.box, each.points, each.roll, 1.0)
            view = framing(face).view(each.image, SIZE)
            cut.append(cv2.cvtColor(view, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False))
    return np.stack(cut)


@pytest.mark.parametrize(
    "at",
    [
        Region(320, 240, 240, 0),
        Region(250, 260, 150, 20),
        Region(400, 200, 110, -25),
    ],
)
def test_a_placed_portrait_is_found_and_cut_where_it_is(
    tracker: Tracker, stills: NDArray[np.uint8], at: Region
) -> None:
    cuts = []
    for still in stills:
        face = seen(tracker, placed(still, at), at)
        assert face is not None
        cuts.append(cut_of(face, at))
    right, down, scale, turned = np.mean(
        [(each.right, each.down, each.scale, each.turned) for each in cuts], axis=0
    )
    assert abs(right) < 0.06
    assert abs(down) < 0.1
    assert abs(math.log(scale)) < 0.15
    assert abs(turned) < 6


def test_what_is_placed_can_be_cut_out_again(stills: NDArray[np.uint8]) -> None:
    at = Region(300, 250, 200, 15)
    view = at.view(placed(stills[0], at), SIZE)[..., 0]
    inner = np.s_[3:-3, 3:-3]
    assert np.abs(view.astype(float) - stills[0])[inner].mean() < 6


def test_a_cut_that_is_off_is_told_along_the_face() -> None:
    portrait = portraits()[0]
    face = Face(1, portrait.box, portrait.points, 90.0, 1.0)
    live = framing(face)
    off = cut_of(face, Region(live.x, live.y - 0.1 * live.side, live.side, 90.0))
    assert (off.right, off.down, off.scale) == pytest.approx((0.1, 0, 1), abs=1e-6)


def test_faces_are_placed_inside_the_frame() -> None:
    for at in places(200):
        assert at.side / 2 < at.x < 640 - at.side / 2
        assert at.side / 2 < at.y < 480 - at.side / 2


def test_what_is_cut_is_kept_as_a_data_set_beside_other_surroundings(
    tmp_path: Path, stills: NDArray[np.uint8]
) -> None:
    grey, varied = (
        placed(stills[0], Region(320, 240, 200, 0), other=other) for other in (None, stills[2])
    )
    assert np.abs(grey[240, 320].astype(int) - varied[240, 320]).max() <= 1, "the face is the same"
    assert np.abs(grey.astype(int) - varied)[150:330, 60:200].mean() > 4, "what is beside it is not"
    splits = ["public", "train", "train", "train"]
    np.savez(tmp_path / "faces.npz", images=stills, labels=np.array([3, 3, 6, 5]), splits=splits)
    words = [str(tmp_path / "faces.npz"), "--split", "train", "--keep"]
    assert main([*words, str(tmp_path / "cuts.npz")]) == 0
    kept = load(tmp_path / "cuts.npz")
    assert kept.labels.tolist() == [3, 6, 5]
    assert kept.splits.tolist() == ["train"] * 3
    for cut, still in zip(kept.images, stills[1:], strict=True):
        eyes_and_mouth = still[14:40, 10:38]
        alike = cv2.matchTemplate(cut, eyes_and_mouth, cv2.TM_CCOEFF_NORMED)
        assert alike.max() > 0.7
    assert main([*words, str(tmp_path / "cuts.zip")]) == 2
    assert main([*words, str(tmp_path / "nowhere" / "cuts.npz")]) == 2
    (tmp_path / "taken.npz").mkdir()
    assert main([*words, str(tmp_path / "taken.npz")]) == 2
    assert not list(tmp_path.glob("*.half.npz")), "nothing half written stays"


def test_the_command_measures_any_data_set(
    tmp_path: Path, stills: NDArray[np.uint8], capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "faces.npz", images=stills, labels=np.array([3, 3, 6, 6]))
    found = measure(tmp_path / "faces.npz", 4)
    assert found["found"] == 1
    assert 0 <= found["accuracy_live"] <= 1
    np.savez(tmp_path / "walls.npz", images=np.full((2, 48, 48), 90, np.uint8), labels=[3, 3])
    assert measure(tmp_path / "walls.npz", 2) == {"faces": 2, "found": 0.0}
    assert main([str(tmp_path / "none.npz")]) == 2
    assert "none.npz" in capsys.readouterr().err
