"""What the networks promise holds on JAX as well: the same tests, in a process of its own."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

FILES = ("test_networks.py", "test_losses.py", "test_augment.py")


@pytest.mark.generator
@pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("keras", "jax")),
    reason="keras and jax are not installed",
)
@pytest.mark.timeout(900)
def test_the_networks_hold_their_promises_on_jax() -> None:
    here = Path(__file__).parent
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", *(str(here / name) for name in FILES)],
        cwd=here.parent,
        env=os.environ
        | {
            "KERAS_BACKEND": "jax",
            "PYTHONPATH": str(here.parent),
            # Compiling takes longer than computing here.
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        },
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout[-4000:]
