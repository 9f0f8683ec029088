"""The training loop: steps, and what is told and kept between them."""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from generator import chance, data, devices, networks, quality
from generator.autodiff import compiled
from generator.checkpoints import native
from generator.configuration import Checkpoint
from generator.recipe import Recipe
from generator.run import Run
from generator.step import State, Step
from generator.weights import stored

_AHEAD = 4
"""Steps that may be under way while the next is asked for: the device never waits for us."""
_AT_ONCE = 32
"""Pictures made in one go for grids and measures."""


@dataclass(frozen=True, slots=True)
class Progress:
    images: int
    total: int
    seconds_per_kimg: float
    line: Mapping[str, float] = field(default_factory=dict)
    """What was measured since the last line; empty between two ticks."""


@dataclass(frozen=True, slots=True)
class Pace:
    """When something is told or kept; all but the time in thousands of pictures."""

    tick: float = 1.0
    snapshot: float = 20.0
    minutes: float | None = None
    """The run stops, its state kept, before so much time has gone by since it was started."""
    measured: int = 1024
    """Pictures whose features are compared; 0 leaves quality out."""
    shown: int = 64
    """Pictures in a grid."""


def train(
    run: Run,
    recipe: Recipe,
    state: State,
    pixels: NDArray[np.uint8],
    pace: Pace,
    *,
    tell: Callable[[Progress], None] = lambda _progress: None,
    about: Mapping[str, Any] | None = None,
    begun: float | None = None,
    step: Step | None = None,
) -> tuple[State, bool]:
    """Train until the recipe's pictures are shown, time is up, or a signal asks to stop.

    Args:
        run: Where everything goes.
        recipe: How.
        state: From `step.fresh`, or `restored`. It is used up.
        pixels: [n, resolution, resolution, 3] uint8, RGB: the real pictures.
        pace: When.
        tell: Is called after each step.
        about: Goes into the network's description.
        begun: When the time began to run, on `time.monotonic()`'s clock.
        step: Of that recipe, if there is one: it is compiled only once.

    Returns:
        The last state, and whether a signal cut the run short.
    """
    begun = time.monotonic() if begun is None else begun
    watch = _Watch(run, recipe, pixels, pace, dict(about or {}))
    images, total = int(devices.one(state["images"])), round(recipe.kimg * 1000)
    with (
        stop_signals() as stopped,
        data.Ahead(
            data.batches(pixels, recipe.batch, recipe.seed, recipe.mirror, images // recipe.batch)
        ) as batches,
    ):
        step = step or Step(recipe)
        under_way: deque[Any] = deque()
        seen: list[Mapping[str, Any]] = []
        since, since_images = time.monotonic(), images
        compiling = 0.0
        last_tick = last_kept = images
        rate = 0.0
        while images < total and not stopped():
            asked = time.monotonic()
            state, found = step(state, devices.shared_out(batches.take()), images // recipe.batch)
            images += recipe.batch
            seen.append(found)
            under_way.append(found)
            if len(under_way) > _AHEAD:
                _wait(under_way.popleft())
            if not compiling:
                # The first step has every phase in it; nothing else is compiled but the grids.
                _wait(found)
                compiling = time.monotonic() - asked
                run.note({"images": images, "compile_s": round(compiling, 1)})
                since, since_images = time.monotonic(), images
            now = time.monotonic()
            out_of_time = pace.minutes is not None and now - begun > pace.minutes * 60 - watch.cost
            line: dict[str, float] = {}
            if images - last_tick >= pace.tick * 1000 or images >= total or out_of_time:
                line = _means(seen)
                now = time.monotonic()
                if images > since_images:
                    rate = (now - since) / (images - since_images) * 1000
                line |= {"s_per_kimg": rate, "time": now - begun}
                line = {"images": images, **{k: _short(v) for k, v in line.items()}}
                last_tick, seen = images, []
                if images - last_kept >= pace.snapshot * 1000 or images >= total:
                    last_kept = images
                    line |= watch.look(state, images)
                    watch.keep(state, images)
                run.note(line)
                since, since_images = time.monotonic(), images
            tell(Progress(images, total, rate, line))
            if out_of_time:
                break
        if last_kept != images or not run.states():
            line = {"images": images, **watch.look(state, images)}
            watch.keep(state, images)
            run.note(line)
            tell(Progress(images, total, rate, line))
    return state, stopped()


class _Watch:
    """Looks at the networks of a state and keeps them."""

    def __init__(
        self,
        run: Run,
        recipe: Recipe,
        pixels: NDArray[np.uint8],
        pace: Pace,
        about: dict[str, Any],
    ) -> None:
        self.run, self.recipe, self.pace, self.about = run, recipe, pace, about
        self.cost = 5.0
        """Seconds that looking and keeping took the last time, with some room."""
        self._pixels = pixels
        self._real: quality.Gaussian | None = None
        self._make = compiled(self._pictures)
        self._features = compiled(quality.features)
        c = recipe.configuration
        rng = np.random.default_rng(recipe.seed)
        self._z = rng.standard_normal((max(pace.measured, pace.shown), c.z_dim), np.float32)

    def _pictures(self, state: Mapping[str, Any], z: Any, key: Any) -> Any:
        c = self.recipe.configuration
        w = networks.map_latents(state["G_ema"], c, z)
        shapes = networks.noise_shapes(c, _AT_ONCE)
        noise = {
            name: chance.normal(chance.fold(key, i), shape)
            for i, (name, shape) in enumerate(shapes.items())
        }
        ws = networks.broadcast(w, c)
        return networks.synthesize(state["G_ema"], c, ws, noise, half_from=self.recipe.half_from)

    def look(self, state: State, images: int) -> dict[str, float]:
        """Draw a grid and measure quality, with the same latents and noise each time."""
        begun = time.monotonic()
        averaged = {"G_ema": {name: devices.one(v) for name, v in state["G_ema"].items()}}
        wanted = max(self.pace.shown, self.pace.measured)
        made: list[NDArray[np.uint8]] = []
        found: list[Any] = []
        for i, start in enumerate(range(0, wanted, _AT_ONCE)):
            z = np.zeros((_AT_ONCE, self._z.shape[1]), np.float32)
            part = self._z[start : start + _AT_ONCE]
            z[: len(part)] = part
            key = chance.fold(chance.key(self.recipe.seed), i)
            pictures = self._make(averaged, ops.convert_to_tensor(z), key)
            if start < self.pace.shown:
                made.append(_bytes(pictures)[: len(part)])
            if start < self.pace.measured:
                found.append(self._features(pictures)[: len(part)])
        self.run.show(np.concatenate(made)[: self.pace.shown], images / 1000)
        measured: dict[str, float] = {}
        if found:
            distance = quality.distance(self._real_gaussian(), quality.gaussian(found))
            measured["FRD"] = _short(distance)
        self.cost = 1.5 * (time.monotonic() - begun) + 5.0
        return measured

    def keep(self, state: State, images: int) -> None:
        """Write the state, and the networks in our own form."""
        begun = time.monotonic()
        self.run.save(flattened(state), images)
        about = {**self.about, "images": images}
        native.save(checkpoint(self.recipe, state, about), self.run.folder / "network", "float16")
        self.cost += 1.5 * (time.monotonic() - begun)

    def _real_gaussian(self) -> quality.Gaussian:
        if self._real is None:
            rng = np.random.default_rng(self.recipe.seed)
            count = min(len(self._pixels), max(4096, self.pace.measured))
            chosen = self._pixels[rng.permutation(len(self._pixels))[:count]]
            if self.recipe.mirror:
                chosen = np.concatenate([chosen, chosen[:, :, ::-1]])
            self._real = quality.gaussian(self._real_features(chosen))
        return self._real

    def _real_features(self, pixels: NDArray[np.uint8]) -> Iterator[Any]:
        for start in range(0, len(pixels), _AT_ONCE):
            part = pixels[start : start + _AT_ONCE]
            # Always the same shape, or it would be compiled anew.
            full = np.resize(part, (_AT_ONCE, *part.shape[1:]))
            pictures = ops.convert_to_tensor(full.astype(np.float32) * (2 / 255) - 1)
            yield self._features(pictures)[: len(part)]


# --- states as arrays ----------------------------------------------------------------------


def flattened(state: State, prefix: str = "") -> dict[str, NDArray[Any]]:
    """A nested state as arrays by name, `adam/...`: what a file holds."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, value in state.items():
        if isinstance(value, Mapping):
            arrays |= flattened(value, f"{prefix}{name}/")
        else:
            arrays[prefix + name] = np.asarray(ops.convert_to_numpy(devices.one(value)))
    return arrays


def restored(arrays: Mapping[str, NDArray[Any]]) -> State:
    """The state again."""
    state: dict[str, Any] = {}
    for path, array in arrays.items():
        *outer, name = path.split("/")
        place = state
        for part in outer:
            place = place.setdefault(part, {})
        place[name] = ops.convert_to_tensor(array, array.dtype.name)
    return state


def checkpoint(recipe: Recipe, state: State, about: Mapping[str, Any]) -> Checkpoint:
    """The networks that a state holds: G_ema and D, in the stored layout."""
    one = {
        name: {key: devices.one(value) for key, value in state[name].items()}
        for name in ("G_ema", "D")
    }
    generator = stored({**one["G_ema"], "mapping.w_avg": devices.one(state["w_avg"])})
    # Noise constants are drawn once, as a new network's would be: training uses fresh noise.
    rng = np.random.default_rng(recipe.seed)
    for r in recipe.configuration.resolutions:
        for layer in ("conv1",) if r == 4 else ("conv0", "conv1"):
            noise = rng.standard_normal((r, r), np.float32)
            generator[f"synthesis.b{r}.{layer}.noise_const"] = noise
    return Checkpoint(recipe.configuration, generator, stored(one["D"]), dict(about))


# --- small parts ---------------------------------------------------------------------------


def _wait(found: Mapping[str, Any]) -> None:
    for value in found.values():
        float(devices.one(value))
        return


def _means(seen: list[Mapping[str, Any]]) -> dict[str, float]:
    """Of each figure, over the steps that found it; of p the last."""
    gathered: dict[str, list[float]] = {}
    for found in seen:
        for name, value in found.items():
            gathered.setdefault(name, []).append(float(devices.one(value)))
    means = {name: float(np.mean(values)) for name, values in gathered.items()}
    if "p" in gathered:
        means["p"] = gathered["p"][-1]
    return means


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def _bytes(pictures: Any) -> NDArray[np.uint8]:
    values = np.asarray(ops.convert_to_numpy(pictures), np.float32)
    return np.clip(np.round((values + 1) * 127.5), 0, 255).astype(np.uint8)


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """While this lasts, an interrupt or a polite kill asks instead of ending the program."""
    asked: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    kept = {}
    if current_thread() is main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            kept[number] = signal.signal(number, note)
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
