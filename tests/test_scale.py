"""Two devices compute what one does: virtual ones, so each backend needs a process of its own."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.generator

BACKENDS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            not all(importlib.util.find_spec(each) for each in ("keras", name)),
            reason=f"keras and {name} are not installed",
        ),
    )
    for name in ("tensorflow", "jax")
]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", BACKENDS)
def test_two_devices_find_the_same_losses_as_one(backend: str) -> None:
    """One step with all phases; groups of 4 in a batch of 8, so each device has a group."""
    here = Path(__file__).parent.parent
    found = subprocess.run(
        [sys.executable, "-c", "from tests.test_scale import report; report()"],
        cwd=here,
        env=os.environ
        | {
            "KERAS_BACKEND": backend,
            "PYTHONPATH": str(here),
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
            "JAX_PLATFORMS": "cpu",
        },
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr[-4000:]
    one, two = json.loads(found.stdout.splitlines()[-1])
    assert set(one) == set(two)
    for name, value in one.items():
        assert two[name] == pytest.approx(value, rel=2e-3, abs=2e-5), name


def report() -> None:
    """Print what one device and what two devices find, as JSON."""
    if os.environ["KERAS_BACKEND"] == "tensorflow":
        import tensorflow as tf

        cpu = tf.config.list_physical_devices("CPU")[0]
        virtual = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, virtual)
    print(json.dumps([_figures(count) for count in (1, 2)]))


def _figures(count: int) -> dict[str, float]:
    from generator import devices, weights
    from generator.configuration import Checkpoint, Configuration
    from generator.recipe import recipe
    from generator.step import Step, fresh
    from generator.training import flattened

    c = Configuration(8, z_dim=8, w_dim=8, mapping_layers=1, channel_base=32, channel_max=4)
    # Of the changes only colour: that graph is small, and chance is shared out all the same.
    how = recipe(c, 8, gamma=1.0, p=0.5, augmentation="fixed", changes="c")
    rng = np.random.default_rng(0)
    begun = Checkpoint(c, weights.fresh_generator(c, rng), weights.fresh_discriminator(c, rng))
    figures: dict[str, float] = {}
    with devices.using(count):
        state: Any = devices.replicated(fresh(begun, how))
        step = Step(how, fused=False)
        pixels = rng.integers(0, 255, (8, 8, 8, 3)).astype(np.uint8)
        state, seen = step(state, devices.shared_out(pixels), 0)
        figures |= {name: float(devices.one(value)) for name, value in seen.items()}
        for name, array in flattened(state).items():
            figures[name] = float(np.abs(array.astype(np.float64)).mean())
    return figures
