"""Who is kept out of every training, so that likeness can be judged on strangers.

Photos are told apart by their file names, as LFW writes them: `lfw/First_Last_0002.jpg` is a photo
of `First_Last`. Any other name is a person of its own.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

SHARE_HELD_OUT = 1 / 40
"""Of all people, chosen by the hash of their key: 117 of the 5,197 in `faces128.zip`."""


def person_of(file: str) -> str:
    """The key of the person in a photo, from the photo's name inside its archive or folder."""
    path = PurePosixPath(file.replace("\\", "/"))
    named = re.fullmatch(r"(.+)_\d{4}", path.stem)
    return named[1] if named else path.stem


def held_out(file: str) -> bool:
    """Whether the person in that photo must not be trained on."""
    digest = hashlib.sha256(person_of(file).encode()).digest()
    return int.from_bytes(digest[:8], "big") < SHARE_HELD_OUT * 2**64
