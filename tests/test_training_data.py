from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from vcam_emoji.errors import DataError
from vcam_emoji.training import data
from vcam_emoji.training.__main__ import main
from vcam_emoji.training.data import Faces, divided, load, with_more

FER = Path(__file__).parents[2] / "shared" / "data" / "fer2013.zip"


def pictures(n: int = 3) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, (n, 48, 48), dtype=np.uint8)


def write_csv(path: Path, rows: Sequence[tuple[object, ...]], header: str) -> Path:
    with path.open("w", newline="") as file:
        file.write(header + "\n")
        csv.writer(file).writerows(rows)
    return path


def row(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> str:
    return " ".join(map(str, picture.ravel()))


def test_the_public_csv_is_read(tmp_path: Path) -> None:
    a, b, c = pictures()
    rows = [(3, row(a), "Training"), (6, row(b), "PublicTest"), (0, row(c), "PrivateTest")]
    faces = load(write_csv(tmp_path / "fer2013.csv", rows, "emotion,pixels,Usage"))
    np.testing.assert_array_equal(faces.images, pictures())
    assert faces.labels.tolist() == [3, 6, 0]
    assert faces.splits.tolist() == ["train", "public", "private"]


def test_a_csv_without_usage_is_for_training(tmp_path: Path) -> None:
    faces = load(write_csv(tmp_path / "a.csv", [(1, row(pictures()[0]))], "emotion,pixels"))
    assert faces.splits.tolist() == ["train"]


@pytest.mark.parametrize(
    ("header", "line", "said"),
    [
        ("a,b", "1,2", "no columns"),
        ("emotion,pixels", "3,1 2 3", "damaged at line 2"),
        ("emotion,pixels", "9," + "0 " * 2304, "no emotion 9"),
        ("emotion,pixels", "3," + "300 " * 2304, "damaged at line 2"),
        ("emotion,pixels,Usage", "3," + "0 " * 2304 + ",Never", "no split 'Never'"),
        ("emotion,pixels", "", "holds no pictures"),
    ],
)
def test_a_damaged_csv_is_refused_in_one_sentence(
    tmp_path: Path, header: str, line: str, said: str
) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(f"{header}\n{line}\n" if line else f"{header}\n")
    with pytest.raises(DataError, match=said) as caught:
        load(path)
    assert "\n" not in caught.value.message


def write_zip(path: Path, index: str, images: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("index.csv", index)
        for name, content in images.items():
            archive.writestr(name, content)
    return path


def png(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


def test_votes_of_a_zip_come_in_our_order(tmp_path: Path) -> None:
    names = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,not_face"
    votes = ",".join(f"votes_{name}" for name in names.split(","))
    index = f"file,label,split,{votes}\na.png,0,train,1,2,3,4,5,6,7,8,9,0\n"
    faces = load(write_zip(tmp_path / "fer.zip", index, {"a.png": png(pictures()[0])}))
    assert faces.votes is not None
    assert faces.votes.tolist() == [[5, 6, 7, 2, 4, 3, 1]]
    np.testing.assert_array_equal(faces.images[0], pictures()[0])


@pytest.mark.parametrize(
    "index", ["file,label,split\nb.png,0,train\n", "file\na.png\n", "file,label\na.png,x\n"]
)
def test_a_damaged_zip_is_refused(tmp_path: Path, index: str) -> None:
    path = write_zip(tmp_path / "fer.zip", index, {"a.png": png(pictures()[0])})
    with pytest.raises(DataError, match="damaged or has another form"):
        load(path)


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fer.zip"
    path.write_bytes(b"not a zip")
    with pytest.raises(DataError, match="damaged"):
        load(path)


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "fer.zip", "file,label\na.png,0\n", {"a.png": b"no picture"})
    with pytest.raises(DataError, match=r"a\.png cannot be read"):
        load(path)


def test_folders_named_by_emotion_are_read(tmp_path: Path) -> None:
    big = cv2.resize(pictures()[1], (96, 96), interpolation=cv2.INTER_NEAREST)
    for name, content in {
        "train/happy/1.png": png(pictures()[0]),
        "train/Angry/1.png": png(big),
        "test/surprised/1.png": png(pictures()[2]),
        "train/happy/notes.txt": b"no photo",
        "train/selfies/1.png": png(pictures()[2]),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    faces = load(tmp_path)
    assert dict(zip(faces.labels.tolist(), faces.splits.tolist(), strict=True)) == {
        3: "train",
        0: "train",
        5: "public",
    }
    np.testing.assert_array_equal(faces.images[faces.labels == 0][0], pictures()[1])


def test_a_folder_without_photos_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="folders named angry"):
        load(tmp_path)


def write_npz(path: Path, **arrays: object) -> Path:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    path.write_bytes(buffer.getvalue())
    return path


def test_an_npz_is_read(tmp_path: Path) -> None:
    faces = load(write_npz(tmp_path / "x.npz", images=pictures(), labels=np.array([0, 3, 6])))
    np.testing.assert_array_equal(faces.images, pictures())
    assert faces.labels.tolist() == [0, 3, 6]


@pytest.mark.parametrize(
    "arrays",
    [
        {"images": pictures()},
        {"images": pictures(), "labels": np.array([0, 3])},
        {"images": pictures(), "labels": np.array([0, 3, 7])},
        {"images": pictures(), "labels": np.array([0, 3, -1])},
        {"images": pictures(), "labels": np.eye(3)},
        {"images": pictures().astype(np.float32), "labels": np.array([0, 3, 6])},
        {"images": pictures()[:, :40], "labels": np.array([0, 3, 6])},
        {"images": pictures()[:0], "labels": np.array([], int)},
        {"images": np.array([{}], object), "labels": np.array([0])},
    ],
)
def test_an_npz_of_another_form_is_refused(tmp_path: Path, arrays: dict[str, object]) -> None:
    with pytest.raises(DataError):
        load(write_npz(tmp_path / "x.npz", **arrays))


@pytest.mark.parametrize("name", ["nowhere.csv", "nowhere", "README.md"])
def test_what_is_no_data_set_is_refused_with_the_known_forms(tmp_path: Path, name: str) -> None:
    (tmp_path / "README.md").write_text("words")
    with pytest.raises(DataError) as caught:
        load(tmp_path / name)
    assert "fer2013.csv" in caught.value.hint


def labelled(n: int, votes: bool = False) -> Faces:
    return Faces(
        pictures(n),
        np.arange(n) % 7,
        np.array(["train"] * n),
        np.eye(7, dtype=np.float32)[(np.arange(n) + 1) % 7] * 10 if votes else None,
    )


def test_targets_mix_labels_and_votes() -> None:
    faces = labelled(7, votes=True)
    assert faces.votes is not None
    faces.votes[0] = 0
    targets = faces.targets(0.3)
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    assert targets[0, 0] == 1, "nobody voted: the label alone"
    np.testing.assert_allclose(targets[1, [1, 2]], [0.7, 0.3], atol=1e-6)
    np.testing.assert_array_equal(faces.targets(0), np.eye(7))


def test_without_a_public_split_a_tenth_is_held_out_by_the_seed() -> None:
    faces = labelled(70)
    training, held_out = divided(faces, seed=1)
    assert (len(training), len(held_out)) == (63, 7)
    again = divided(faces, seed=1)[1]
    np.testing.assert_array_equal(held_out.images, again.images)
    together = np.concatenate([training.images, held_out.images]).reshape(70, -1)
    assert len(np.unique(together, axis=0)) == 70


def test_too_few_pictures_cannot_be_divided() -> None:
    with pytest.raises(DataError, match="3 pictures to train on and 0"):
        divided(labelled(3), seed=1)


def test_of_more_faces_only_those_for_training_are_learnt_from() -> None:
    faces, more = labelled(70), labelled(14, votes=True)
    more = replace(more, splits=np.array(["public"] * 4 + ["train"] * 10))
    both = with_more(faces, more)
    assert len(both) == 80
    np.testing.assert_array_equal(both.images[70:], more.images[4:])
    assert both.votes is not None
    assert more.votes is not None
    assert not both.votes[:70].any()
    np.testing.assert_array_equal(both.votes[70:], more.votes[4:])
    faces = replace(faces, splits=np.array(["public"] * 10 + ["train"] * 60))
    _, held_out = divided(with_more(faces, more), seed=1)
    np.testing.assert_array_equal(held_out.images, faces.images[:10])
    with pytest.raises(DataError, match="no faces for training"):
        with_more(faces, more.split("public"))


@pytest.mark.shared
@pytest.mark.skipif(not FER.is_file(), reason="the training data does not lie beside the checkout")
def test_the_real_data_set_is_whole() -> None:
    faces = data.load(FER)
    assert len(faces.split("train")) == 28_558
    assert len(faces.split("public")) == 3_589
    assert faces.votes is not None
    assert faces.votes.sum(axis=1).mean() > 8


def test_a_packed_data_set_comes_back_whole(tmp_path: Path) -> None:
    few = labelled(40, votes=True)
    faces = few.only(np.arange(4200) % 40)
    path = write_npz(tmp_path / "small.npz", **data.packed(faces, error=0))
    again = load(path)
    np.testing.assert_array_equal(again.images, faces.images)
    np.testing.assert_array_equal(again.labels, faces.labels)
    np.testing.assert_array_equal(again.splits, faces.splits)
    assert faces.votes is not None
    assert again.votes is not None
    np.testing.assert_array_equal(again.votes, faces.votes)


@pytest.mark.parametrize("error", [1, 2])
def test_packing_loses_no_more_grey_levels_than_it_may(tmp_path: Path, error: int) -> None:
    faces = replace(labelled(2), images=np.arange(2 * 48 * 48).reshape(2, 48, 48).astype(np.uint8))
    again = load(write_npz(tmp_path / "small.npz", **data.packed(faces, error)))
    lost = abs(again.images.astype(int) - faces.images.astype(int))
    assert lost.max() == error


def test_a_damaged_mosaic_is_refused(tmp_path: Path) -> None:
    arrays = data.packed(labelled(9), error=1)
    arrays["mosaic/000"] = arrays["mosaic/000"][:50]
    with pytest.raises(DataError, match="damaged"):
        load(write_npz(tmp_path / "small.npz", **arrays))


FAIRFACE = "file,age,gender,race,yaw\na.png,20-29,Female,Black,0.1\n"


def test_attributes_of_faces_are_read_and_packed(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    from vcam_emoji.training import attributes

    big = cv2.resize(pictures()[0], (64, 64))
    path = write_zip(tmp_path / "fairface.zip", FAIRFACE, {"a.png": png(big)})
    assert main(["pack", str(path), str(tmp_path / "small.npz"), "--error", "0"]) == 0
    for each in (path, tmp_path / "small.npz"):
        found = attributes.load(each)
        assert found.answers.tolist() == [[3, 1, 2]]
        assert found.images.shape == (1, 48, 48)


@pytest.mark.parametrize(
    "index", ["file,age\na.png,20-29\n", FAIRFACE.replace("20-29", "old"), "file\n"]
)
def test_attributes_that_nobody_asked_for_are_refused(tmp_path: Path, index: str) -> None:
    pytest.importorskip("keras")
    from vcam_emoji.training import attributes

    path = write_zip(tmp_path / "fairface.zip", index, {"a.png": png(pictures()[0])})
    with pytest.raises(DataError):
        attributes.load(path)
