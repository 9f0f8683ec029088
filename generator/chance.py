"""Random numbers without a hidden state: the same key gives the same numbers, step after step.

A key is a small tensor of the backend, so it may be computed inside a compiled step. The two
backends draw different numbers from the same key; each draws the same ones in every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import keras
from keras import ops

from generator import devices

Key: TypeAlias = Any
"""Two 32-bit integers."""


def key(seed: int) -> Key:
    """The first key of a run."""
    if _on_jax():
        import jax

        return jax.random.PRNGKey(seed)
    return ops.convert_to_tensor([seed % 2**31, seed // 2**31 % 2**31], "int32")


def fold(first: Key, number: Any) -> Key:
    """Another key for each number; an int or an integer tensor."""
    if _on_jax():
        import jax

        return jax.random.fold_in(first, number)
    import tensorflow as tf

    return tf.random.experimental.stateless_fold_in(first, ops.cast(number, "int32"))


def uniform(of: Key, shape: Sequence[int]) -> Any:
    """0 to 1 (never 1), float32; the first axis counts pictures."""
    if _on_jax():
        import jax

        return jax.random.uniform(of, tuple(shape))
    import tensorflow as tf

    return devices.own(lambda whole: tf.random.stateless_uniform(whole, of), shape)


def normal(of: Key, shape: Sequence[int]) -> Any:
    """Mean 0, variance 1, float32; the first axis counts pictures."""
    if _on_jax():
        import jax

        return jax.random.normal(of, tuple(shape))
    import tensorflow as tf

    return devices.own(lambda whole: tf.random.stateless_normal(whole, of), shape)


def _on_jax() -> bool:
    return bool(keras.backend.backend() == "jax")
