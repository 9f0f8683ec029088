"""A network's folder, opened for a person: what is refused is told in a sentence."""

from __future__ import annotations

from pathlib import Path

from generator.checkpoints import native
from generator.checkpoints.errors import CheckpointError, Refused
from generator.configuration import Checkpoint


def read(path: Path) -> Checkpoint:
    """Read a network's folder.

    Raises:
        CheckpointError: there is none, or it is damaged.
    """
    if not native.is_ours(path):
        raise CheckpointError(
            f"{path} is no network." if path.exists() else f"There is no network {path}.",
            f"Give a folder that holds {native.DESCRIPTION}, as import, train and blend make it.",
        )
    try:
        return native.load(path)
    except Refused as reason:
        raise CheckpointError(f"{path} is refused: {reason}.", "Make or copy it again.") from reason
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read: {error.strerror}.", "Is it yours to read?"
        ) from error
