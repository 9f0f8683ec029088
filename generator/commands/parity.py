"""`parity`: does our StyleGAN2 compute what the public one does?"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from generator.backend import full_precision, use
from generator.commands import options as shared


def register(commands: Any) -> None:
    """Add the command to a parser's subparsers."""
    parity = commands.add_parser("parity", help="compare with what the public StyleGAN2 computed")
    parity.add_argument("file", type=Path, metavar="FILE.npz", help="weights and recorded outputs")
    shared.backend(parity)
    parity.add_argument("--conv-clamp", type=float, help="as the networks were built with")
    parity.add_argument("--group-size", type=int, default=4, help="of the minibatch deviation (4)")
    parity.add_argument("--json", action="store_true", help="print one JSON object")
    parity.set_defaults(run=_parity)


def _parity(options: argparse.Namespace) -> int:
    use(options.backend)
    from generator import parity

    golden = parity.load(options.file)
    checkpoint = parity.checkpoint_of(golden, options.conv_clamp, options.group_size)
    with full_precision():
        found = parity.compare(golden, checkpoint)
    if options.json:
        print(json.dumps(asdict(found)))
        return 0
    for group, difference in sorted(found.groups.items()):
        print(f"{group:26} {difference:.1e}")
    print(f"{'worst':26} {found.worst:.1e}")
    if found.left_out:
        print(f"Not compared: {', '.join(found.left_out)}")
    return 0
