"""Per-user folders: the only place that knows them. Asking makes no folder."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import platformdirs

_NAME = "vcam_emoji"


def settings_file() -> Path:
    return platformdirs.user_config_path(_NAME, appauthor=False) / "settings.json"


def emoji_sets() -> Path:
    """The person's own emoji sets, one folder or zip each."""
    return platformdirs.user_data_path(_NAME, appauthor=False) / "emoji"


def log_file() -> Path:
    return platformdirs.user_log_path(_NAME, appauthor=False) / "service.log"


def runtime() -> Path:
    """Where the control socket lives; only this user may enter it once `control` has made it."""
    if sys.platform == "linux" and not os.environ.get("XDG_RUNTIME_DIR"):
        # Without a login session there is no /run/user/UID; a folder of our own takes its place.
        return Path(tempfile.gettempdir()) / f"{_NAME}-{os.getuid()}"
    return platformdirs.user_runtime_path(_NAME, appauthor=False)
