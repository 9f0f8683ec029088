"""`vcam-emoji benchmark`: everything the product claims about itself, measured on this machine."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from typing import Any

import cv2

from vcam_emoji import __version__


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="of each speed clip (%(default)s)"
    )
    parser.add_argument(
        "--only",
        choices=["speed", "startup", "tracking", "privacy", "steadiness"],
        action="append",
        help="measure just this; may be given several times",
    )


def run(arguments: argparse.Namespace) -> int:
    wanted = arguments.only
    result: dict[str, Any] = {}

    def measuring(name: str) -> bool:
        if wanted is not None and name not in wanted:
            return False
        print(f"measuring {name} ...", file=sys.stderr)
        return True

    if measuring("speed"):
        from vcam_emoji.benchmarks import speed

        result["scenarios"] = speed.measure(arguments.seconds)
    if measuring("startup"):
        from vcam_emoji.benchmarks import startup

        result |= startup.measure()
    if measuring("tracking"):
        from vcam_emoji.benchmarks import tracking

        result["tracking"] = tracking.measure()
    if measuring("privacy"):
        from vcam_emoji.benchmarks import privacy

        result["privacy"] = privacy.measure()
    if measuring("steadiness"):
        from vcam_emoji.benchmarks import steadiness

        result["steadiness"] = steadiness.measure()
    result["machine"] = _machine()
    print(json.dumps(result) if arguments.json else json.dumps(result, indent=2))
    return 0


def _machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "opencv": cv2.__version__,
        "vcam_emoji": __version__,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123
            return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor()
