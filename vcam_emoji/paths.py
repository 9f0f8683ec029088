"""Per-user folders: the only place that knows them. Asking makes no folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_NAME = "vcam_emoji"

# platformdirs and tempfile are imported where they are needed: together they cost 20 ms, and
# `vcam-emoji status` asks for `runtime` alone.


def settings_file() -> Path:
    import platformdirs

    return platformdirs.user_config_path(_NAME, appauthor=False) / "settings.json"


def user_configuration() -> Path:
    """Where programs of a Linux desktop keep what the person chose, each in a folder of its own."""
    import platformdirs

    return platformdirs.user_config_path()


def emoji_sets() -> Path:
    """The person's own emoji sets, one folder or zip each."""
    import platformdirs

    return platformdirs.user_data_path(_NAME, appauthor=False) / "emoji"


def people() -> Path:
    """Traits of the people whose sets were made, `NAME.json`; no pictures of them."""
    import platformdirs

    return platformdirs.user_data_path(_NAME, appauthor=False) / "people"


def networks() -> Path:
    """Published networks that the person has fetched for the generator."""
    import platformdirs

    return platformdirs.user_data_path(_NAME, appauthor=False) / "networks"


def runtime() -> Path:
    """Where the control socket lives; only this user may enter it once `control` has made it."""
    if sys.platform == "linux":
        said = os.environ.get("XDG_RUNTIME_DIR")
        if said:
            return Path(said) / _NAME
        # A shell without a login session, such as cron's, finds a service started in one.
        session = Path(f"/run/user/{os.getuid()}")
        if os.access(session, os.W_OK):
            return session / _NAME
        # Without a login session there is no such folder; one of our own takes its place.
        import tempfile

        return Path(tempfile.gettempdir()) / f"{_NAME}-{os.getuid()}"
    import platformdirs

    return platformdirs.user_runtime_path(_NAME, appauthor=False)
