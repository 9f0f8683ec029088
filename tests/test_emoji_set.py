"""Emoji sets: what is well-formed loads as it was saved, all else is refused in one sentence."""

from __future__ import annotations

import contextlib
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.fakes import disc_set
from vcam_emoji import emoji_set, parcel, paths, png
from vcam_emoji.emoji_set import Anchors, EmojiImage, EmojiSet
from vcam_emoji.errors import EmojiSetError
from vcam_emoji.resources import asset
from vcam_emoji.types import Emotion, Expression

Mend = Callable[[dict[str, Any]], object]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The person's folder of sets, empty."""
    monkeypatch.setattr(paths, "emoji_sets", lambda: tmp_path / "own")
    return tmp_path / "own"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound set in a folder."""
    emoji_set.save(disc_set(side=64), tmp_path / "discs")
    return tmp_path / "discs"


def refused(path: Path) -> str:
    """Why a set is refused; it must be a sentence with a hint."""
    with pytest.raises(EmojiSetError) as caught:
        emoji_set.load(path)
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value.message


def edit(folder: Path, mend: Mend) -> Path:
    manifest = json.loads((folder / "set.json").read_text("utf-8"))
    mend(manifest)
    (folder / "set.json").write_text(json.dumps(manifest), "utf-8")
    return folder


def same(one: EmojiSet, other: EmojiSet) -> bool:
    return all(
        a[0] == b[0] and a[1].anchors == b[1].anchors and np.array_equal(a[1].pixels, b[1].pixels)
        for emotion in Emotion
        for a, b in zip(one.images[emotion], other.images[emotion], strict=True)
    )


# What is sound.


@pytest.mark.parametrize("name", ["discs", "discs.zip"])
def test_a_set_loads_as_it_was_saved(tmp_path: Path, name: str) -> None:
    saved = disc_set(side=64)
    emoji_set.save(saved, tmp_path / name)
    loaded = emoji_set.load(tmp_path / name)
    assert same(loaded, saved)
    assert replace(loaded, images=saved.images) == saved


def test_every_emotion_is_in_every_shipped_set() -> None:
    shipped = [each for each in asset("emoji").iterdir() if each.is_dir()]
    assert shipped
    for path in shipped:
        loaded = emoji_set.load(path)
        assert loaded.name == path.name
        assert not loaded.warnings
        for images in loaded.images.values():
            assert [intensity for intensity, _ in images] == sorted({i for i, _ in images})
            assert images[-1][0] == 1.0


def test_shipped_heads_have_no_holes() -> None:
    for images in emoji_set.load(asset("emoji/classic")).images.values():
        for _, image in images:
            alpha = image.pixels[..., 3]
            ys, xs = np.mgrid[: alpha.shape[0], : alpha.shape[1]] / alpha.shape[0]
            assert alpha[np.hypot(xs - 0.5, ys - 0.49) < 0.45].min() == 255


def test_the_nearest_intensity_is_shown() -> None:
    image = disc_set(side=16).images[Emotion.HAPPY][0][1]
    weak, strong = replace(image), replace(image)
    happy = replace(disc_set(side=16), images={Emotion.HAPPY: ((0.5, weak), (1.0, strong))})
    assert happy.image(Expression(Emotion.HAPPY, 0.6)) is weak
    assert happy.image(Expression(Emotion.HAPPY, 0.8)) is strong


def test_several_intensities_survive(tmp_path: Path) -> None:
    plain = disc_set(side=32)
    weak = EmojiImage(
        plain.images[Emotion.SAD][0][1].pixels, Anchors((0.3, 0.4), (0.7, 0.4), (0.5, 0.8))
    )
    steps = ((0.25, weak), (1 / 3, replace(weak)), *plain.images[Emotion.SAD])
    richer = replace(plain, images={**plain.images, Emotion.SAD: steps})
    emoji_set.save(richer, tmp_path / "richer.zip")
    assert same(emoji_set.load(tmp_path / "richer.zip"), richer)


def test_a_missing_emotion_shows_neutral_and_says_so(folder: Path) -> None:
    loaded = emoji_set.load(edit(folder, lambda manifest: manifest["emotions"].pop("fear")))
    assert loaded.images[Emotion.FEAR] is loaded.images[Emotion.NEUTRAL]
    assert any("fear" in each for each in loaded.warnings)


def test_a_set_with_fallbacks_can_be_saved_again(folder: Path, tmp_path: Path) -> None:
    loaded = emoji_set.load(edit(folder, lambda manifest: manifest["emotions"].pop("fear")))
    emoji_set.save(loaded, tmp_path / "again")
    assert not (tmp_path / "again" / "fear.png").exists()
    assert same(emoji_set.load(tmp_path / "again"), loaded)


def test_an_emotion_of_which_we_know_nothing_is_left_out(folder: Path) -> None:
    def mend(manifest: dict[str, Any]) -> None:
        manifest["emotions"]["smug"] = manifest["emotions"]["happy"]

    assert any("smug" in each for each in emoji_set.load(edit(folder, mend)).warnings)


def test_a_zip_may_hold_its_files_in_one_folder(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "nested.zip", "w") as archive:
        archive.writestr("__MACOSX/._set.json", b"rubbish")
        for file in folder.iterdir():
            archive.write(file, f"my set/{file.name}")
    assert same(emoji_set.load(tmp_path / "nested.zip"), emoji_set.load(folder))


@pytest.mark.parametrize(
    ("pixels", "opaque"),
    [
        (np.full((64, 64), 90, np.uint8), True),
        (np.full((64, 64, 3), 90, np.uint8), True),
        (np.full((64, 64, 4), (90 * 257,) * 3 + (65535,), np.uint16), False),
    ],
    ids=["grey", "without alpha", "16 bits"],
)
def test_other_pngs_are_made_to_fit(folder: Path, pixels: NDArray[Any], opaque: bool) -> None:
    (folder / "happy.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    loaded = emoji_set.load(folder)
    assert tuple(loaded.images[Emotion.HAPPY][0][1].pixels[0, 0, :3]) == (90, 90, 90)
    assert any("rectangle" in each for each in loaded.warnings) is opaque


# What is not.


def test_what_is_no_set_is_refused(tmp_path: Path) -> None:
    assert "no file or folder" in refused(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    assert "no set.json" in refused(tmp_path / "empty")
    (tmp_path / "text.zip").write_text("not a zip")
    assert "zip" in refused(tmp_path / "text.zip")
    refused(tmp_path / "null\0character")


@pytest.mark.parametrize(
    ("mend", "says"),
    [
        (lambda m: m.update(format=2), "format 2"),
        (lambda m: m.pop("format"), "format"),
        (lambda m: m.update(format="1"), "format"),
        (lambda m: m.update(name="../classic"), "name"),
        (lambda m: m.update(name="Upper"), "name"),
        (lambda m: m.pop("licence"), "licence"),
        (lambda m: m.update(size=[4096, 4096]), "size"),
        (lambda m: m.update(size=[64]), "size"),
        (lambda m: m.update(size=[65, 64]), "65 x 64"),
        (lambda m: m.update(emotions=[]), "emotions"),
        (lambda m: m["emotions"].pop("neutral"), "neutral"),
        (lambda m: m["emotions"].update(sad=[]), "sad"),
        (lambda m: m["emotions"]["sad"][0].update(intensity=0.5), "intensity 1"),
        (lambda m: m["emotions"]["sad"][0].update(intensity=float("nan")), "intensity"),
        (lambda m: m["emotions"]["sad"].append(m["emotions"]["sad"][0]), "same intensity"),
        (lambda m: m["emotions"]["sad"][0].update(strength=1), "strength"),
        (lambda m: m["emotions"]["sad"][0].pop("anchors"), "anchors"),
        (lambda m: m["emotions"]["sad"][0]["anchors"].update(mouth=[0.5, 1.2]), "mouth"),
        (lambda m: m["emotions"]["sad"][0]["anchors"].update(mouth=[0.5, 0.3]), "below the eyes"),
        (lambda m: m["emotions"]["sad"][0]["anchors"].update(left_eye=[0.65, 0.42]), "left eye"),
        (lambda m: m["emotions"]["sad"][0].update(file="gone.png"), "missing"),
        (lambda m: m["emotions"]["sad"][0].update(file="set.json"), "not a PNG"),
    ],
)  # fmt: skip
def test_a_wrong_manifest_is_refused_with_its_reason(folder: Path, mend: Mend, says: str) -> None:
    assert says in refused(edit(folder, mend))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"a"', "[" * 100_000, "\udcff", "1e999"])
def test_a_manifest_that_is_no_json_object_is_refused(folder: Path, text: str) -> None:
    (folder / "set.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    refused(folder)


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png",
        "/etc/hostname",
        "a/b.png",
        "a\\b.png",
        "C:secret.png",
        "..",
        ".png",
        "a\0.png",
    ],
)
def test_no_name_leads_out_of_the_set(folder: Path, name: str) -> None:
    (folder.parent / "secret.png").write_bytes((folder / "sad.png").read_bytes())

    def mend(manifest: dict[str, Any]) -> None:
        manifest["emotions"]["sad"][0]["file"] = name

    assert "plain file name" in refused(edit(folder, mend))


def test_links_are_not_followed(folder: Path) -> None:
    (folder / "sad.png").rename(folder.parent / "secret.png")
    try:
        (folder / "sad.png").symlink_to(folder.parent / "secret.png")
    except OSError:
        pytest.skip("this system does not let us make links")
    assert "not a plain file" in refused(folder)


@pytest.mark.parametrize(
    "name", ["../out.png", "/out.png", "a\\out.png", "C:out.png", "a/../b.png"]
)
def test_a_zip_that_reaches_out_of_itself_is_refused(folder: Path, name: str) -> None:
    path = zipped(folder)
    with zipfile.ZipFile(path, "a") as archive:
        entry = zipfile.ZipInfo("placeholder")
        entry.filename = entry.orig_filename = name
        archive.writestr(entry, b"")
    assert "outside" in refused(path)


def test_a_zip_with_a_link_is_refused(folder: Path) -> None:
    path = zipped(folder)
    with zipfile.ZipFile(path, "a") as archive:
        entry = zipfile.ZipInfo("link.png")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, b"/etc/hostname")
    assert "link" in refused(path)


def test_a_zip_of_too_many_files_is_refused(folder: Path) -> None:
    path = zipped(folder)
    with zipfile.ZipFile(path, "a") as archive:
        for i in range(parcel.MOST_ENTRIES):
            archive.writestr(f"{i}.txt", b"")
    assert "files" in refused(path)


def test_a_zip_bomb_is_refused_before_it_is_blown_up(folder: Path) -> None:
    (folder / "sad.png").write_bytes(bytes(64 << 20))
    assert "larger than" in refused(zipped(folder, zipfile.ZIP_DEFLATED))


def test_a_zip_bomb_that_lies_about_its_size_is_refused(folder: Path) -> None:
    (folder / "sad.png").write_bytes(bytes(64 << 20))
    path = zipped(folder, zipfile.ZIP_DEFLATED)
    packed = path.read_bytes()
    path.write_bytes(packed.replace(struct.pack("<I", 64 << 20), struct.pack("<I", 1000)))
    refused(path)


def zipped(folder: Path, method: int = zipfile.ZIP_STORED) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", method) as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    return path


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def claiming(width: int, height: int, depth: int = 8, colour: int = 6) -> bytes:
    """A PNG of that size, if one believes its header."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(4096)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + data + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("encoded", "says"),
    [
        (b"", "not a PNG"),
        (b"GIF89a" + bytes(100), "not a PNG"),
        (claiming(64, 64)[:20], "cut short"),
        (claiming(64, 64)[:-12], "cut short"),
        (claiming(2**31 - 1, 2**31 - 1), "set.json says"),
        (claiming(0, 64), "damaged"),
        (claiming(64, 64, depth=3), "damaged"),
        (claiming(64, 64, colour=5), "damaged"),
        (claiming(64, 64).replace(b"IEND", b"IENE"), "damaged"),
        (claiming(64, 64), "is"),
        (png.encode(np.zeros((64, 64, 4), np.uint8)), "empty"),
    ],
)
def test_an_unsound_image_is_refused(folder: Path, encoded: bytes, says: str) -> None:
    (folder / "sad.png").write_bytes(encoded)
    assert says in refused(folder)


@pytest.mark.parametrize("title", ["nice\x1b]0;owned\x07", "two\nlines", "a\u2028b"])
def test_words_that_a_terminal_would_obey_are_refused(folder: Path, title: str) -> None:
    edit(folder, lambda manifest: manifest.update(title=title))
    assert "control characters" in refused(folder)


def test_emoji_may_be_in_a_title(folder: Path) -> None:
    edit(folder, lambda manifest: manifest.update(title="\U0001f469\u200d\U0001f52c Ада"))
    assert emoji_set.load(folder).title.endswith("Ада")


def test_what_is_no_emotion_is_named_in_few_words(folder: Path) -> None:
    edit(folder, lambda manifest: manifest["emotions"].update({"\x1b" * 100: []}))
    said = refused(folder)
    assert len(said) < 400
    assert said.isprintable()


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_packing_that_few_programs_write_is_refused(tmp_path: Path, packing: int) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w", packing) as archive:
        for name, content in emoji_set._packed(disc_set(side=16)).items():
            archive.writestr(name, content)
    assert "packed in an unknown way" in refused(tmp_path / "set.zip")


@given(st.data())
@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_a_broken_zip_raises_nothing_else(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "whole.zip"
    if not path.exists():
        emoji_set.save(disc_set(side=16), path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    tail = data.draw(st.sampled_from([len(content), cut]))
    loads_or_is_refused(tmp_path / "broken.zip", bytes(content[:tail]))


@given(st.data())
@settings(
    max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_a_broken_image_raises_nothing_else(tmp_path: Path, data: st.DataObject) -> None:
    files = emoji_set._packed(disc_set(side=16))
    content = bytearray(files["sad.png"])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        content = bytearray(with_right_sums(bytes(content)))
    parcel.write({**files, "sad.png": bytes(content)}, tmp_path / "set.zip")
    loads_or_is_refused(tmp_path / "set.zip")


def with_right_sums(encoded: bytes) -> bytes:
    """Broken chunks whose checksums agree all the same, so that the decoder sees them."""
    at, out = 8, encoded[:8]
    while at + 12 <= len(encoded):
        length = struct.unpack_from(">I", encoded, at)[0]
        if at + 12 + length > len(encoded):
            break
        out += chunk(encoded[at + 4 : at + 8], encoded[at + 8 : at + 8 + length])
        at += 12 + length
    return out + encoded[at:]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.data(), _JSON)
@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_any_value_anywhere_in_the_manifest_raises_nothing_else(
    tmp_path: Path, data: st.DataObject, value: object
) -> None:
    files = emoji_set._packed(disc_set(side=16))
    manifest = json.loads(files["set.json"])
    at: Any = manifest
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = data.draw(st.sampled_from(keys))
        if isinstance(at[key], dict | list) and at[key] and data.draw(st.booleans()):
            at = at[key]
            continue
        at[key] = value
        break
    content = json.dumps(manifest).encode()
    parcel.write({**files, "set.json": content}, tmp_path / "set.zip")
    loads_or_is_refused(tmp_path / "set.zip")


def loads_or_is_refused(path: Path, content: bytes | None = None) -> None:
    if content is not None:
        path.write_bytes(content)
    with contextlib.suppress(EmojiSetError):
        assert set(emoji_set.load(path).images) == set(Emotion)


# The shelf.


def test_a_set_is_added_found_used_and_removed(own: Path, folder: Path) -> None:
    assert emoji_set.add(folder) == "discs"
    assert emoji_set.available() == ["classic", "discs"]
    assert same(emoji_set.load(emoji_set.find("discs")), emoji_set.load(folder))
    emoji_set.remove("discs")
    assert emoji_set.available() == ["classic"]
    assert list(own.iterdir()) == []


def test_a_zip_laid_into_the_folder_by_hand_is_found_and_removed(own: Path, folder: Path) -> None:
    own.mkdir()
    zipped(folder).rename(own / "discs.zip")
    assert emoji_set.find("discs") == own / "discs.zip"
    emoji_set.remove("discs")
    assert emoji_set.available() == ["classic"]


def test_ones_own_set_goes_before_a_shipped_one(own: Path, folder: Path) -> None:
    emoji_set.add(edit(folder, lambda manifest: manifest.update(name="classic")))
    assert emoji_set.find("classic") == own / "classic"
    emoji_set.remove("classic")
    assert emoji_set.find("classic") == asset("emoji") / "classic"


def test_a_set_is_not_replaced_by_accident(own: Path, folder: Path) -> None:
    emoji_set.add(folder)
    edit(folder, lambda manifest: manifest.update(title="Second"))
    with pytest.raises(EmojiSetError, match="already"):
        emoji_set.add(folder)
    emoji_set.add(folder, replaces=True)
    assert emoji_set.load(emoji_set.find("discs")).title == "Second"
    assert [each.name for each in own.iterdir()] == ["discs"]


def test_a_broken_set_is_not_added(own: Path, folder: Path) -> None:
    (folder / "sad.png").write_bytes(b"")
    with pytest.raises(EmojiSetError):
        emoji_set.add(folder)
    assert emoji_set.available() == ["classic"]


def test_only_files_of_the_set_are_taken_in(own: Path, folder: Path) -> None:
    (folder / "selfie.jpg").write_bytes(b"private")
    emoji_set.add(folder)
    assert not (own / "discs" / "selfie.jpg").exists()


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is kept of two people, of whom one is called as the set."""
    monkeypatch.setattr(paths, "people", lambda: tmp_path / "people")
    (tmp_path / "people").mkdir()
    for name in ("discs.json", "discs.npz", "discs.happy.search", "discs-2.json"):
        (tmp_path / "people" / name).write_bytes(b"theirs")
    return tmp_path / "people"


def test_what_is_kept_of_a_person_goes_with_their_set(
    own: Path, folder: Path, people: Path
) -> None:
    emoji_set.save(disc_set(side=64), own / "discs")
    emoji_set.remove("discs")
    assert [each.name for each in people.iterdir()] == ["discs-2.json"]


def test_what_is_kept_of_a_person_goes_when_another_set_takes_the_name(
    own: Path, folder: Path, people: Path
) -> None:
    emoji_set.add(folder)
    assert [each.name for each in people.iterdir()] == ["discs-2.json"]


def test_what_is_kept_of_a_person_can_be_removed_though_the_set_is_gone(
    own: Path, people: Path
) -> None:
    emoji_set.remove("discs")
    assert [each.name for each in people.iterdir()] == ["discs-2.json"]
    with pytest.raises(EmojiSetError, match="no emoji set"):
        emoji_set.remove("discs")


def test_what_is_kept_of_a_person_and_cannot_be_removed_is_named(
    own: Path, folder: Path, people: Path
) -> None:
    (people / "discs.npz").unlink()
    (people / "discs.npz").mkdir()
    with pytest.raises(EmojiSetError, match=r"discs\.npz cannot be removed"):
        emoji_set.add(folder)


@pytest.mark.parametrize("name", ["nobody", "../classic", "", ".", "classic/angry.png", "a\0b"])
def test_an_unknown_name_is_said_to_be_unknown(own: Path, name: str) -> None:
    for ask in (emoji_set.find, emoji_set.remove):
        with pytest.raises(EmojiSetError, match="no emoji set"):
            ask(name)


def test_a_shipped_set_is_not_removed(own: Path) -> None:
    with pytest.raises(EmojiSetError, match="part of the program"):
        emoji_set.remove("classic")


def test_a_set_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emoji_set.save(disc_set(side=16), tmp_path / "set")

    def full(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(EmojiSetError, match="No space left"):
        emoji_set.save(disc_set(side=32), tmp_path / "set")
    assert emoji_set.load(tmp_path / "set").images[Emotion.SAD][0][1].pixels.shape[0] == 16
    assert [each.name for each in tmp_path.iterdir()] == ["set"]


def test_the_same_set_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.zip", "other.zip"):
        emoji_set.save(disc_set(side=16), tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()


def test_a_set_that_would_not_load_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(EmojiSetError, match="name"):
        emoji_set.save(replace(disc_set(side=16), name="Not a name"), tmp_path / "set")
    assert not (tmp_path / "set").exists()
