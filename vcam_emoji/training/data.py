"""Labelled face crops: FER-2013 in its public forms, and folders of photos."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.emotion_input import SIZE
from vcam_emoji.errors import DataError, UsageError
from vcam_emoji.training.mosaic import mosaics, pictures
from vcam_emoji.types import Emotion

Split: TypeAlias = Literal["train", "public", "private"]

EMOTIONS = tuple(Emotion)

_SPLITS: dict[str, Split] = {
    "training": "train",
    "train": "train",
    "publictest": "public",
    "public": "public",
    "validation": "public",
    "privatetest": "private",
    "private": "private",
    "test": "public",
    "val": "public",
    "valid": "public",
}
_VOTES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""FER+'s names in the order of `Emotion`; its contempt, unknown and not-a-face have no class."""
_SAME_AS = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "scared": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}
PHOTOS = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}
_FORMS = (
    "Give fer2013.csv, a zip with images and an index.csv, a .npz with images and labels, "
    "or a folder with one folder of photos for each emotion."
)


@dataclass(frozen=True, slots=True)
class Faces:
    """Grey crops, framed as FER-2013 frames a face, with their labels."""

    images: NDArray[np.uint8]
    """[n, 48, 48], 0 to 255."""
    labels: NDArray[np.int64]
    """[n], places in `Emotion`."""
    splits: NDArray[np.str_]
    """[n], 'train', 'public' or 'private'."""
    votes: NDArray[np.float32] | None = None
    """[n, 7], how many FER+ annotators chose each class; rows may be all 0."""

    def __len__(self) -> int:
        return len(self.labels)

    def split(self, name: Split) -> Faces:
        return self.only(self.splits == name)

    def only(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Faces:
        votes = None if self.votes is None else self.votes[which]
        return replace(
            self,
            images=self.images[which],
            labels=self.labels[which],
            splits=self.splits[which],
            votes=votes,
        )

    def targets(self, share_of_votes: float) -> NDArray[np.float32]:
        """What a network is to answer.

        Args:
            share_of_votes: 0 takes the labels alone, 1 the FER+ votes alone, where there are any.

        Returns:
            [n, 7], rows summing to 1.
        """
        certain = np.eye(len(EMOTIONS), dtype=np.float32)[self.labels]
        if self.votes is None or share_of_votes == 0:
            return certain
        total = self.votes.sum(axis=1, keepdims=True)
        voted = np.where(total > 0, self.votes / np.maximum(total, 1), certain)
        return ((1 - share_of_votes) * certain + share_of_votes * voted).astype(np.float32)


def divided(faces: Faces, seed: int) -> tuple[Faces, Faces]:
    """What to train on, and what to hold out: the public split, or a tenth chosen by the seed.

    Raises:
        DataError: there is too little of either.
    """
    training, held_out = faces.split("train"), faces.split("public")
    if not len(held_out):
        order = np.random.default_rng(seed).permutation(len(training))
        cut = len(training) // 10
        training, held_out = training.only(order[cut:]), training.only(order[:cut])
    if not len(training) or not len(held_out):
        raise DataError(
            f"There are {len(training)} pictures to train on and {len(held_out)} to hold out.",
            "A data set needs a split for training with ten pictures or more.",
        )
    return training, held_out


def with_more(faces: Faces, more: Faces) -> Faces:
    """Faces, and those for training of another data set after them.

    Raises:
        DataError: the other has none for training.
    """
    more = more.split("train")
    if not len(more):
        raise DataError("The further data set has no faces for training.", _FORMS)
    votes = None
    if faces.votes is not None or more.votes is not None:
        votes = np.concatenate(
            [
                np.zeros((len(each), len(EMOTIONS)), np.float32)
                if each.votes is None
                else each.votes
                for each in (faces, more)
            ]
        )
    return Faces(
        np.concatenate([faces.images, more.images]),
        np.concatenate([faces.labels, more.labels]),
        np.concatenate([faces.splits, more.splits]),
        votes,
    )


def load(path: Path) -> Faces:
    """Read a data set in any of the known forms.

    Raises:
        DataError: it is not there, or not in one of the forms, or a row of it is damaged.
    """
    if path.is_dir():
        return _from_folder(path)
    if not path.is_file():
        raise DataError(f"There is no data set at {path}.", _FORMS)
    readers = {".csv": _from_csv, ".zip": _from_zip, ".npz": _from_npz}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path.name} is not a data set that can be read.", _FORMS)
    try:
        return reader(path)
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error}.", _FORMS) from error


def _from_csv(path: Path) -> Faces:
    """`emotion,pixels,Usage`, as FER-2013 was published; without `Usage` all is for training."""
    images, labels, splits = [], [], []
    csv.field_size_limit(1 << 20)
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file, skipinitialspace=True)
        if not {"emotion", "pixels"} <= set(rows.fieldnames or ()):
            raise DataError(f"{path.name} has no columns emotion and pixels.", _FORMS)
        try:
            for row in rows:
                pixels = np.array(row["pixels"].split(), np.uint8)
                images.append(pixels.reshape(SIZE, SIZE))
                labels.append(_label(row["emotion"]))
                splits.append(_split(row.get("Usage") or "Training"))
        except (ValueError, OverflowError, AttributeError, csv.Error) as error:
            raise DataError(f"{path.name} is damaged at line {rows.line_num}: {error}.") from error
    return _faces(path, images, labels, splits)


def _from_zip(path: Path) -> Faces:
    """Pictures, and an `index.csv` with file, label, split and perhaps the votes of FER+."""
    try:
        with zipfile.ZipFile(path) as archive:
            index = io.StringIO(archive.read("index.csv").decode("utf-8-sig"))
            rows = list(csv.DictReader(index))
            images = [photo(archive.read(row["file"]), row["file"]) for row in rows]
        labels = [_label(row["label"]) for row in rows]
        splits = [_split(row.get("split") or "train") for row in rows]
        names = [f"votes_{name}" for name in _VOTES]
        votes = None
        if rows and set(names) <= set(rows[0]):
            votes = np.array([[float(row[name]) for name in names] for row in rows], np.float32)
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path.name} is damaged or has another form: {error}.", _FORMS) from error
    return replace(_faces(path, images, labels, splits), votes=votes)


def packed(faces: Faces, error: int) -> dict[str, NDArray[np.generic]]:
    """Arrays for a small .npz file that `load` reads.

    Args:
        faces: What to pack.
        error: Grey levels by which a pixel may be wrong; 0 is lossless.
    """
    votes = {} if faces.votes is None else {"votes": faces.votes.astype(np.uint8)}
    small = mosaics(faces.images, error)
    return {**small, "labels": faces.labels.astype(np.uint8), "splits": faces.splits, **votes}


def may_be_written(out: Path) -> None:
    """Say early, before what takes minutes, that `store` could not write there.

    Raises:
        UsageError: it is no .npz file, or its folder is missing.
    """
    if out.suffix != ".npz":
        raise UsageError(f"{out.name} should end in .npz.")
    if not out.parent.is_dir():
        raise UsageError(f"There is no folder {out.parent}.", "Make it first.")


def store(arrays: Mapping[str, NDArray[np.generic]], out: Path) -> None:
    """Write what `packed` made; beside its place first, then renamed.

    Raises:
        UsageError: it cannot be written there.
    """
    may_be_written(out)
    half = out.with_suffix(".half.npz")
    try:
        np.savez(half, **arrays)  # type: ignore[arg-type]
        half.replace(out)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise UsageError(f"{out} cannot be written: {error}.") from error


def _from_npz(path: Path) -> Faces:
    """Arrays `images` uint8 [n, 48, 48] and `labels` [n], all for testing; or what `packed` made.

    `splits` and `votes` are taken where there are any.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        labels, votes = arrays["labels"], arrays.get("votes")
        splits = arrays.get("splits", np.full(labels.shape, "public"))
        images = arrays["images"] if "images" in arrays else pictures(arrays, len(labels))
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise DataError(f"{path.name} is damaged or has another form: {error}.", _FORMS) from error
    wanted = (len(labels), SIZE, SIZE) if labels.ndim == 1 else ("n", SIZE, SIZE)
    if images.dtype != np.uint8 or images.shape != wanted:
        raise DataError(
            f"{path.name} must hold images as uint8 [n, {SIZE}, {SIZE}], one for each label; "
            f"got {images.dtype} {list(images.shape)} and {list(labels.shape)} labels."
        )
    if not np.isin(labels, np.arange(len(EMOTIONS))).all():
        raise DataError(f"{path.name} has labels other than 0 to {len(EMOTIONS) - 1}.")
    if splits.shape != labels.shape or not set(splits.tolist()) <= set(get_args(Split)):
        raise DataError(f"{path.name} has splits other than {', '.join(get_args(Split))}.")
    if votes is not None and votes.shape != (len(labels), len(EMOTIONS)):
        raise DataError(f"{path.name} must hold votes as [n, 7], got {list(votes.shape)}.")
    faces = _faces(path, images, labels.astype(np.int64), splits.tolist())
    return replace(faces, votes=None if votes is None else votes.astype(np.float32))


def _from_folder(path: Path) -> Faces:
    """`happy/*.png`, or `train/happy/*.png` and `test/happy/*.png`."""
    images, labels, splits = [], [], []
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() not in PHOTOS:
            continue
        name = file.parent.name.lower()
        emotion = _SAME_AS.get(name, name)
        if emotion not in EMOTIONS:
            continue
        images.append(photo(file.read_bytes(), str(file.relative_to(path))))
        labels.append(EMOTIONS.index(Emotion(emotion)))
        splits.append(_SPLITS.get(file.parent.parent.name.lower(), "train"))
    if not images:
        raise DataError(
            f"No photos were found in {path}.",
            f"It needs folders named {', '.join(EMOTIONS)} with photos in them.",
        )
    return _faces(path, images, labels, splits)


def photo(encoded: bytes, name: str) -> NDArray[np.uint8]:
    """An encoded picture as a grey crop.

    Raises:
        DataError: it cannot be read; the sentence names it.
    """
    try:
        image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        image = None
    if image is None:
        raise DataError(f"The picture {name} cannot be read.", "Take it out of the data set.")
    if image.shape != (SIZE, SIZE):
        shrinks = min(image.shape) > SIZE
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        image = cv2.resize(image, (SIZE, SIZE), interpolation=how)
    return image.astype(np.uint8, copy=False)


def _label(text: str) -> int:
    label = int(text)
    if not 0 <= label < len(EMOTIONS):
        raise ValueError(f"there is no emotion {label}")
    return label


def _split(text: str) -> Split:
    split = _SPLITS.get(text.strip().lower())
    if split is None:
        raise ValueError(f"there is no split {text!r}")
    return split


def _faces(
    path: Path,
    images: Iterable[NDArray[np.uint8]],
    labels: Iterable[int] | NDArray[np.int64],
    splits: Iterable[str],
) -> Faces:
    stacked = np.asarray(list(images), np.uint8)
    if not len(stacked):
        raise DataError(f"{path.name} holds no pictures.", _FORMS)
    return Faces(stacked, np.fromiter(labels, np.int64), np.array(list(splits), dtype=np.str_))
