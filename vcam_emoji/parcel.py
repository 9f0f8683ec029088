"""A parcel: a few files that belong together, in a folder or a zip, read warily, written whole."""

from __future__ import annotations

import contextlib
import io
import re
import secrets
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from vcam_emoji.errors import reason

Read: TypeAlias = Callable[[str], bytes]
"""The content of one file of an open parcel, by its name."""

MOST_ENTRIES = 300
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ -]{0,99}")
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What every program writes. Others bring decoders along that nobody expects, and their errors."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


class ParcelError(Exception):
    """Why a parcel, or one of its files, cannot be read: a sentence."""


@contextlib.contextmanager
def opened(path: Path, landmark: str, largest: int) -> Iterator[Read]:
    """Open a folder or a zip.

    Names are plain: no folders, so there is no way out of the parcel. A zip may hold its files in
    one folder, as file managers make it.

    Args:
        path: The folder or zip.
        landmark: The file that every such parcel holds.
        largest: Bytes that one file may have, whatever it claims.

    Raises:
        ParcelError: for anything that is amiss, also from the reader it gives.
    """
    try:
        if path.is_dir():
            if not (path / landmark).exists():
                raise ParcelError(f"There is no {landmark} in {path.name}.")
            yield lambda name: _from_folder(path, name, largest)
            return
        if not stat.S_ISREG(path.stat().st_mode):
            raise ParcelError(f"{path.name} is neither a folder nor a zip.")
        with zipfile.ZipFile(path) as archive:
            inside = _where(archive, landmark, path.name)
            yield lambda name: _from_zip(archive, inside, name, largest)
    except FileNotFoundError as error:
        raise ParcelError(f"There is no file or folder {path}.") from error
    except zipfile.BadZipFile as error:
        raise ParcelError(f"{path.name} is neither a folder nor a sound zip.") from error
    except (OSError, ValueError, NotImplementedError) as error:
        # ValueError: a null character in the path, or fields of the zip that cannot be.
        raise ParcelError(f"{path.name} cannot be read: {reason(error)}.") from error


def _from_folder(folder: Path, name: str, largest: int) -> bytes:
    _check(name)
    file = folder / name
    try:
        found = file.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise ParcelError(f"{name} is not a plain file.")
        with file.open("rb") as stream:
            return _limited(stream.read(largest + 1), name, largest)
    except FileNotFoundError as error:
        raise ParcelError(f"{name} is missing.") from error
    except OSError as error:
        raise ParcelError(f"{name} cannot be read: {reason(error)}.") from error


def _where(archive: zipfile.ZipFile, landmark: str, called: str) -> str:
    """The folder in the zip that holds the landmark, as a prefix: empty or ending in `/`."""
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise ParcelError(f"{called} holds {len(entries)} files, at most {MOST_ENTRIES} may be.")
    for entry in entries:
        # Python rewrites `\` and cuts at a null character in `filename`; what was written counts.
        parts = entry.orig_filename.rstrip("/").split("/")
        if "" in parts or "." in parts or ".." in parts or set(entry.orig_filename) & set("\\:\0"):
            raise ParcelError(f"{called} holds a file outside of it: {entry.orig_filename!r}.")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise ParcelError(f"{called} holds a link: {entry.orig_filename!r}.")
    names = {entry.filename for entry in entries}
    if landmark in names:
        return ""
    nested = [name for name in names if name.count("/") == 1 and name.endswith(f"/{landmark}")]
    if len(nested) != 1:
        raise ParcelError(f"There is no {landmark} in {called}.")
    return nested[0].removesuffix(landmark)


def _from_zip(archive: zipfile.ZipFile, inside: str, name: str, largest: int) -> bytes:
    _check(name)
    try:
        entry = archive.getinfo(inside + name)
        if entry.flag_bits & 1:
            raise ParcelError(f"{name} is encrypted.")
        if entry.compress_type not in _PACKINGS:
            raise ParcelError(f"{name} is packed in an unknown way.")
        if entry.file_size > largest:
            raise ParcelError(f"{name} is larger than {largest >> 20} MB.")
        with archive.open(entry) as stream:
            return _limited(stream.read(largest + 1), name, largest)
    except KeyError as error:
        raise ParcelError(f"{name} is missing.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise ParcelError(f"{name} is damaged.") from error
    except (ValueError, NotImplementedError, RuntimeError, OverflowError) as error:
        # What zipfile says of compressions it does not know, and of fields that cannot be.
        raise ParcelError(f"{name} is packed in an unknown way.") from error


def _check(name: str) -> None:
    if not _PLAIN.fullmatch(name):
        raise ParcelError(f"{name!r} is not a plain file name.")


def _limited(content: bytes, name: str, largest: int) -> bytes:
    if len(content) > largest:
        raise ParcelError(f"{name} is larger than {largest >> 20} MB.")
    return content


def write(files: Mapping[str, bytes], path: Path) -> None:
    """Write a folder, or a zip if `path` ends in `.zip`: written beside, then renamed.

    What was there is replaced, and is still there if anything fails. The same files give the same
    bytes.

    Raises:
        OSError: if that is not possible.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = _beside(path)
    try:
        if path.suffix.lower() == ".zip":
            beside.write_bytes(_zipped(files))
            beside.replace(path)
            return
        beside.mkdir()
        for name, content in files.items():
            (beside / name).write_bytes(content)
        _swap(beside, path)
    finally:
        discard(beside)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, content)
    return stream.getvalue()


def _swap(new: Path, path: Path) -> None:
    """Folders cannot be replaced in one step; the old one is put back if the second fails."""
    if not path.exists():
        new.rename(path)
        return
    old = _beside(path)
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise
    discard(old)


def delete(path: Path) -> None:
    """Delete a folder or file: gone at once by its name, whatever becomes of the rest.

    Raises:
        OSError: if that is not possible.
    """
    aside = _beside(path)
    path.rename(aside)
    discard(aside)


def discard(path: Path) -> None:
    """Delete what no name leads to any more, as far as possible."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}")
