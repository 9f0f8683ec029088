"""`evaluate`: figures of what the generator promises."""

from __future__ import annotations

from typing import Any

from generator.commands import judging, pairing, sharpening, traits


def register(commands: Any) -> None:
    """Add the command and what it can judge."""
    evaluate = commands.add_parser("evaluate", help="figures of what is promised")
    kinds = evaluate.add_subparsers(required=True, metavar="WHAT")
    traits.register_evaluation(kinds)
    judging.register_evaluation(kinds)
    pairing.register_evaluation(kinds)
    sharpening.register_evaluation(kinds)
