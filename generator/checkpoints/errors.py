"""What a person is told about a checkpoint that is refused."""

from __future__ import annotations

from vcam_emoji.errors import DataError


class CheckpointError(DataError):
    """A file of network weights is not read, or a folder of them not written."""


class Refused(Exception):
    """The reason in half a sentence, for `load` to complete with the file's name."""
