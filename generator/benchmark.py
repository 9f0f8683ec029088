"""How fast a training step is here, and what share of the machine's own rate that uses."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from generator.autodiff import compiled
from generator.checkpoints.shapes import discriminator_shapes, generator_shapes
from generator.configuration import Checkpoint, Configuration
from generator.recipe import Recipe
from generator.step import Step, fresh
from generator.weights import fresh_discriminator, fresh_generator


@dataclass(frozen=True, slots=True)
class Speed:
    backend: str
    device: str
    resolution: int
    batch: int
    half: bool
    fused: bool
    """Compiled by XLA."""
    compile_s: float
    phases: Mapping[str, float]
    """Seconds of each phase, the fastest tenth."""
    images_per_s: float
    """Of whole steps, the lazy phases by their share."""
    images_per_cpu_s: float
    """By the processor's time: what a machine is good for that others use as well."""
    gflop_per_image: float
    """Estimated from the convolutions: see `flop`."""
    matrix_gflops: float
    """Of one large product of matrices, in the same type; 0 where it was not measured."""

    @property
    def share(self) -> float:
        """Of the matrix rate."""
        if not self.matrix_gflops:
            return 0.0
        return self.images_per_s * self.gflop_per_image / self.matrix_gflops


def measure(recipe: Recipe, *, fused: bool = True, seconds: float = 20.0) -> Speed:
    """Compile the phases and run each for about a third of that time, without new pictures."""
    c = recipe.configuration
    rng = np.random.default_rng(0)
    begun = Checkpoint(c, fresh_generator(c, rng), fresh_discriminator(c, rng))
    state = fresh(begun, recipe)
    shape = (recipe.batch, c.resolution, c.resolution, 3)
    reals = ops.convert_to_tensor(rng.integers(0, 255, shape).astype(np.uint8))
    step = Step(recipe, fused=fused)
    accelerated = device() != "cpu"
    together = 8 if accelerated else 1
    compiling, wall, cpu = 0.0, {}, {}
    for name, phase in step.phases.items():
        begun_at = time.perf_counter()
        for _ in range(2):  # the first run of what was compiled is slow as well
            state, seen = phase(state, reals)
            _finished(seen)
        compiling += time.perf_counter() - begun_at
        times: list[float] = []
        since, cpu_since = time.perf_counter(), time.process_time()
        while not times or (time.perf_counter() - since < seconds / 3 and len(times) < 30):
            start = time.perf_counter()
            for _ in range(together):
                state, seen = phase(state, reals)
            _finished(seen)
            times.append((time.perf_counter() - start) / together)
        cpu[name] = (time.process_time() - cpu_since) / (len(times) * together)
        wall[name] = float(np.quantile(times, 0.1))
    return Speed(
        backend=keras.backend.backend(),
        device=device(),
        resolution=c.resolution,
        batch=recipe.batch,
        half=recipe.half,
        fused=fused,
        compile_s=compiling,
        phases=wall,
        images_per_s=recipe.batch / _whole(wall, recipe),
        images_per_cpu_s=recipe.batch / _whole(cpu, recipe),
        gflop_per_image=flop(recipe) / 1e9,
        matrix_gflops=matrix_rate("bfloat16" if recipe.half else "float32") / 1e9,
    )


def _whole(phases: Mapping[str, float], recipe: Recipe) -> float:
    return (
        phases["main"] + phases["path"] / recipe.path_interval + phases["r1"] / recipe.r1_interval
    )


def flop(recipe: Recipe) -> float:
    """Of one picture's share of a step, estimated: twice the multiplications of convolutions.

    A gradient costs one forward pass for what goes in, and one for the weights. So with G and D
    for one pass: G learns by 3 G + 2 D, D by G + 2 * 3 D; path lengths and R1 take the gradient of
    a gradient, 6 passes, on a share of the pictures every few steps.
    """
    g, d = multiplications(recipe.configuration)
    path = 6 / (recipe.path_share * recipe.path_interval)
    return 2 * ((4 + path) * g + (8 + 6 / recipe.r1_interval) * d)


def multiplications(c: Configuration) -> tuple[int, int]:
    """Of one picture's way through G's synthesis, and through D."""
    total = []
    for shapes in (generator_shapes(c), discriminator_shapes(c)):
        count = 0
        for name, shape in shapes.items():
            if len(shape) != 4:
                continue
            block = next(part for part in name.split(".") if part[0] == "b" and part[1:].isdigit())
            side = int(block[1:])
            # What changes the resolution is computed at the smaller one.
            resized = "skip" in name or ("conv0" if "synthesis" in name else "conv1") in name
            count += int(np.prod(shape)) * (side // 2 if resized else side) ** 2
        total.append(count)
    return total[0], total[1]


def matrix_rate(dtype: str, size: int | None = None) -> float:
    """Floating point operations a second of one product of square matrices of random numbers."""
    size = size or (8192 if device() != "cpu" else 1024)
    rng = np.random.default_rng(0)
    a, b = (ops.cast(rng.standard_normal((size, size), np.float32), dtype) for _ in range(2))
    product = compiled(lambda a, b: {"sum": ops.sum(ops.cast(ops.matmul(a, b), "float32"))})
    _finished(product(a, b))
    times = []
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(4):
            found = product(a, b)
        _finished(found)
        times.append((time.perf_counter() - start) / 4)
    return 2 * size**3 / min(times)


def device() -> str:
    """`cpu`, or a name of the accelerator."""
    if keras.backend.backend() == "jax":
        import jax

        found = jax.devices()[0]
        return "cpu" if found.platform == "cpu" else str(found.device_kind)
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return "cpu"
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "gpu"))


def _finished(seen: Mapping[str, Any]) -> None:
    """Wait for it: reading one number does."""
    float(next(iter(seen.values())))
