"""What a person is told about a checkpoint that is refused."""

from __future__ import annotations

from vcam_emoji.errors import DataError

_LENGTH_LIMIT = 300


class CheckpointError(DataError):
    """A file of network weights is not read, or a folder of them not written."""


class Refused(Exception):
    """The reason in half a sentence, for `load` to complete with the file's name."""

    def __str__(self) -> str:
        """The reason, safe to print: names in it may come from the file."""
        said = super().__str__()
        cut = said if len(said) <= _LENGTH_LIMIT else said[:_LENGTH_LIMIT] + "…"
        return "".join(sign if sign.isprintable() else "?" for sign in cut)
