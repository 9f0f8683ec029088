"""One step on several devices of one kind: pictures are shared out, weights are everywhere.

On JAX the compiler does it (`jax.sharding`, by way of `keras.distribution`): a step is written for
the whole batch, and means are means over all of it. On TensorFlow (`tf.distribute`) each device
runs the step on its own pictures, so means over pictures are averaged over devices here.

Device r of k takes pictures r, r + k, r + 2k ... of a batch, on TensorFlow, and draws the random
numbers of those pictures. The groups of the minibatch standard deviation are strided too, so they
hold the same pictures as on one device, as long as each device has whole groups: losses agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
from keras import ops

_Step = Callable[[Any, Any], tuple[Any, Any]]

_strategy: Any = None
_mesh: Any = None


def available() -> int:
    """How many devices there are of the best kind."""
    if keras.backend.backend() == "jax":
        import jax

        return int(jax.local_device_count())
    import tensorflow as tf

    gpus = tf.config.list_logical_devices("GPU")
    return len(gpus or tf.config.list_logical_devices("CPU"))


@contextmanager
def using(count: int) -> Iterator[None]:
    """Share out what is computed inside; 1 leaves everything as it is."""
    global _strategy, _mesh
    if count == 1:
        yield
        return
    if keras.backend.backend() == "jax":
        names = keras.distribution.list_devices()[:count]
        _mesh = keras.distribution.DeviceMesh((count,), ["batch"], names)
    else:
        import tensorflow as tf

        kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
        _strategy = tf.distribute.MirroredStrategy([f"{kind}:{i}" for i in range(count)])
    try:
        yield
    finally:
        _strategy = _mesh = None


def several() -> bool:
    """Whether work is shared out."""
    return _strategy is not None or _mesh is not None


def spread(x: Any) -> Any:
    """Let the compiler share out this tensor along its first axis."""
    if _mesh is None:
        return x
    layout = keras.distribution.TensorLayout(["batch"] + [None] * (x.ndim - 1), _mesh)
    return keras.distribution.distribute_tensor(x, layout)


def replicated(state: Any) -> Any:
    """A state that each device holds whole."""
    if _mesh is None:
        return state
    import jax

    def whole(x: Any) -> Any:
        layout = keras.distribution.TensorLayout([None] * x.ndim, _mesh)
        return keras.distribution.distribute_tensor(x, layout)

    return jax.tree.map(whole, state)


def mean(x: Any) -> Any:
    """The mean over devices of what each has averaged over its own pictures."""
    if _strategy is None:
        return x
    import tensorflow as tf

    replica = tf.distribute.get_replica_context()
    return replica.all_reduce(tf.distribute.ReduceOp.MEAN, x)


def own(draw: Callable[[Sequence[int]], Any], shape: Sequence[int]) -> Any:
    """This device's share of random numbers that are drawn for the whole batch.

    Args:
        draw: Gives numbers of a shape.
        shape: Of the share: [pictures, ...].
    """
    if _strategy is None or not shape:
        return draw(shape)
    import tensorflow as tf

    replica = tf.distribute.get_replica_context()
    count = _strategy.num_replicas_in_sync
    whole = draw((shape[0] * count, *shape[1:]))
    mine = ops.reshape(whole, (shape[0], count, *shape[1:]))
    return tf.gather(mine, replica.replica_id_in_sync_group, axis=1)


def mapped(step: _Step) -> _Step:
    """The same step on every device: (state, batch) to (state, metrics)."""
    if _strategy is None:
        return step
    strategy = _strategy
    return lambda state, batch: strategy.run(step, (state, batch))


def shared_out(batch: Any) -> Any:
    """A batch of pictures, each device's share on it."""
    if _strategy is None:
        return spread(ops.convert_to_tensor(batch))
    count = _strategy.num_replicas_in_sync
    return _strategy.experimental_distribute_values_from_function(
        lambda replica: ops.convert_to_tensor(batch[replica.replica_id_in_sync_group :: count])
    )


def one(value: Any) -> Any:
    """What the first device holds of a value."""
    return value if _strategy is None else _strategy.experimental_local_results(value)[0]
