"""The emotion networks, by name: [n, 48, 48, 1] in [-1, 1] to seven logits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from vcam_emoji.emotion_input import SIZE
from vcam_emoji.types import Emotion


def mini_xception() -> keras.Model:
    """The named baseline: 58 thousand parameters, residual modules of separable convolutions.

    Source: Arriaga, Valdenegro-Toro, Ploeger 2017, "Real-time convolutional neural networks for
    emotion and gender classification", section 3 and figure 2.
    """
    pictures = keras.Input((SIZE, SIZE, 1))
    x = pictures
    for filters in (8, 8):
        x = _normalised_relu(layers.Conv2D(filters, 3, use_bias=False)(x))
    for filters in (16, 32, 64, 128):
        shortcut = layers.Conv2D(filters, 1, strides=2, padding="same", use_bias=False)(x)
        shortcut = Normalisation()(shortcut)
        x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
        x = _normalised_relu(x)
        x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
        x = Normalisation()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        x = layers.Add()([x, shortcut])
    x = layers.Conv2D(len(Emotion), 3, padding="same")(x)
    return keras.Model(pictures, layers.GlobalAveragePooling2D(dtype="float32")(x))


def residual(widths: tuple[int, ...]) -> keras.Model:
    """Plain 3 x 3 residual blocks, one for each width, halving the picture between them.

    Source: He et al. 2016, "Identity mappings in deep residual networks".
    """
    pictures = keras.Input((SIZE, SIZE, 1))
    x = layers.Conv2D(widths[0], 3, padding="same", use_bias=False)(pictures)
    for stage, filters in enumerate(widths):
        strides = 1 if stage == 0 else 2
        y = _normalised_relu(x)
        if x.shape[-1] == filters and strides == 1:
            shortcut = x
        else:
            shortcut = layers.Conv2D(filters, 1, strides=strides, use_bias=False)(y)
        y = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(y)
        y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(_normalised_relu(y))
        x = layers.Add()([y, shortcut])
    x = layers.GlobalAveragePooling2D()(_normalised_relu(x))
    x = layers.Dropout(0.2)(x)
    return keras.Model(pictures, layers.Dense(len(Emotion), dtype="float32")(x))


def _normalised_relu(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.ReLU()(Normalisation()(x))


class Normalisation(layers.BatchNormalization):  # type: ignore[misc]
    """Batch normalisation, in training by one fused kernel where TensorFlow is the backend.

    Keras composes it of a dozen operations there, which took two thirds of a training step on a
    CPU. Weights, and what the finished network computes, are Keras's own.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not training or keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        nothing = tf.zeros([0])
        fused = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(self.gamma.value),
            offset=tf.convert_to_tensor(self.beta.value),
            mean=nothing,
            variance=nothing,
            epsilon=self.epsilon,
        )
        for moving, now in (
            (self.moving_mean, fused.batch_mean),
            (self.moving_variance, fused.batch_variance),
        ):
            moving.assign(moving * self.momentum + now * (1 - self.momentum))
        return fused.y


NETWORKS: dict[str, Callable[[], keras.Model]] = {
    "mini-xception": mini_xception,
    "residual": lambda: residual((32, 48, 96, 160)),
    "residual-light": lambda: residual((16, 32, 96, 160)),
}
"""What `train --network` knows."""


def build(name: str, precision: str = "float32") -> keras.Model:
    """A fresh network.

    Args:
        name: One of `NETWORKS`.
        precision: A Keras dtype policy; with `mixed_bfloat16` weights and logits stay float32.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        return NETWORKS[name]()
    finally:
        keras.config.set_dtype_policy(before)
