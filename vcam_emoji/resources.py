"""Shipped assets: `vcam_emoji/assets` in a wheel, `assets` beside the package in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def assets() -> Path:
    """The folder of shipped assets."""
    inside = _PACKAGE / "assets"
    return inside if inside.is_dir() else _PACKAGE.parent / "assets"


def asset(name: str) -> Path:
    """A shipped file or folder by its path below `assets/`, such as `models/manifest.json`."""
    return assets() / name
