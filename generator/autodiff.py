"""Gradients and compilation, on whichever backend Keras runs on: all that it does not abstract.

Functions here take and give nested tuples, lists and dictionaries of tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras


def gradient(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """D function / d x, for a function from tensors to a scalar. It may be taken again."""
    if keras.backend.backend() == "jax":
        import jax

        derived: Callable[[Any], Any] = jax.grad(function)
        return derived

    def taken(x: Any) -> Any:
        return _value_and_gradient(lambda y: (function(y), ()), x)[1]

    return taken


def value_and_gradient(function: Callable[[Any], tuple[Any, Any]]) -> Callable[[Any], Any]:
    """For a function from tensors to (scalar, what else it found).

    Returns:
        A function to ((scalar, what else), gradient).
    """
    if keras.backend.backend() == "jax":
        import jax

        derived: Callable[[Any], Any] = jax.value_and_grad(function, has_aux=True)
        return derived
    return lambda x: _value_and_gradient(function, x)


def _value_and_gradient(function: Callable[[Any], tuple[Any, Any]], x: Any) -> Any:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        value, more = function(x)
    found = tape.gradient(value, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return (value, more), found


def gathered(rows: Any, index: Any) -> Any:
    """Rows by their index, for each picture its own: [n, r, c] and [n, k] int to [n, k, c]."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.vmap(lambda own, at: own.at[at].get(mode="clip"))(rows, index)
    import tensorflow as tf

    return tf.gather(rows, index, batch_dims=1)


def sliced(x: Any, axis: int, start: int, stop: int) -> Any:
    """Part of a tensor along one axis.

    As an index it would be the same; but TensorFlow's gradient of an index took more than half of
    a training step on a CPU, that of a slice is a padding.
    """
    if keras.backend.backend() == "jax":
        return x[(slice(None),) * axis + (slice(start, stop),)]
    import tensorflow as tf

    begin, size = [0] * len(x.shape), [-1] * len(x.shape)
    begin[axis], size[axis] = start, stop - start
    return tf.slice(x, begin, size)


def compiled(
    function: Callable[..., Any], donated: tuple[int, ...] = (), fused: bool = False
) -> Callable[..., Any]:
    """The same function, compiled once for each shape of its arguments.

    Args:
        function: Of tensors and nothing else.
        donated: Arguments whose memory may be reused; they must not be used again.
        fused: On TensorFlow, by XLA: slower to compile, quicker afterwards. JAX always does so.
    """
    if keras.backend.backend() == "jax":
        import jax

        quick: Callable[..., Any] = jax.jit(function, donate_argnums=donated)
        return quick
    import tensorflow as tf

    traced: Callable[..., Any] = tf.function(function, autograph=False, jit_compile=fused or None)
    return traced
