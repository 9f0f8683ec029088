"""Which of TensorFlow and JAX Keras runs on: chosen once, before either is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from vcam_emoji.errors import UsageError, how_to_install_generator

BACKENDS = ("tensorflow", "jax")


def use(name: str | None = None) -> None:
    """Let Keras run on that backend, or on `KERAS_BACKEND`, or on TensorFlow.

    Raises:
        UsageError: it, or Keras, is not installed, or another one runs already.
    """
    name = name or os.environ.get("KERAS_BACKEND") or BACKENDS[0]
    if name not in BACKENDS:
        raise UsageError(f"There is no backend {name!r}.", f"Choose one of: {', '.join(BACKENDS)}.")
    for needed in ("keras", name):
        if find_spec(needed) is None:
            raise UsageError(
                f"The networks need {needed}, which is not installed.",
                how_to_install_generator() + (" jax" if needed == "jax" else ""),
            )
    os.environ["KERAS_BACKEND"] = name
    # TensorFlow leaves oneDNN off where there is no AVX-512; it is twice as fast there too.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with _quiet():
        import keras
    if keras.backend.backend() != name:
        raise UsageError(
            f"Keras runs on {keras.backend.backend()} already.", "Begin a new process."
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without TensorFlow's notes on oneDNN and absent GPUs: no setting silences the first ones."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def full_precision() -> Iterator[None]:
    """Multiply in float32 even where a device would rather take fewer bits."""
    if os.environ.get("KERAS_BACKEND") == "jax":
        import jax

        with jax.default_matmul_precision("highest"):
            yield
        return
    import tensorflow as tf

    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)
