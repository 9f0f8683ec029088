"""The emotion networks, by name: [n, 48, 48, 1] in [-1, 1] to seven logits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from vcam_emoji.emotion_input import SIZE, scaled
from vcam_emoji.types import Emotion


def mini_xception(answers: int) -> keras.Model:
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
    x = layers.Conv2D(answers, 3, padding="same")(x)
    return keras.Model(pictures, layers.GlobalAveragePooling2D(dtype="float32")(x))


def residual(
    answers: int,
    *stages: tuple[int, int],
    standardised: bool = False,
    squeezed: bool = False,
    masked: bool = False,
) -> keras.Model:
    """Plain 3 x 3 residual blocks; the picture is halved between stages.

    Args:
        answers: How many logits come out.
        stages: Of each, how many channels and how many blocks.
        standardised: Each picture is brought to one brightness and contrast first, so that dim
            light needs no learning.
        squeezed: Each block weighs its channels by what is in the whole picture.
        masked: Each stage weighs its places by what lies around them.

    Source: He et al. 2016, "Identity mappings in deep residual networks"; weighing channels: Hu
    et al. 2018, "Squeeze-and-excitation networks"; places: Pham et al. 2020, "Facial expression
    recognition using residual masking network", with a shallower mask.
    """
    pictures = keras.Input((SIZE, SIZE, 1))
    x = _standardised(pictures) if standardised else pictures
    x = layers.Conv2D(stages[0][0], 3, padding="same", use_bias=False)(x)
    for stage, (filters, blocks) in enumerate(stages):
        for block in range(blocks):
            x = _residual_block(x, filters, 2 if stage and not block else 1, squeezed)
        if masked:
            x = layers.Multiply()([x, _mask(x)])
    x = layers.GlobalAveragePooling2D()(_normalised_relu(x))
    x = layers.Dropout(0.2)(x)
    return keras.Model(pictures, layers.Dense(answers, dtype="float32")(x))


def mobilenet(answers: int) -> keras.Model:
    """Separable convolutions without normalisation, on pictures enlarged to 112 x 112.

    Made to begin with what a published network knows of faces (`train --from faceres-deep.json`),
    whose normalisations are folded into its convolutions and whose pictures have the mean taken
    out: 3.2 million parameters, which from nothing would hardly learn.

    Source: Howard et al. 2017, "MobileNets: efficient convolutional neural networks for mobile
    vision applications".
    """
    pictures = keras.Input((SIZE, SIZE, 1))
    x = layers.Resizing(112, 112, interpolation="bicubic", dtype="float32")(pictures)
    x = layers.Concatenate(dtype="float32")(
        [layers.Rescaling(127.5, 127.5 - mean, dtype="float32")(x) for mean in _MEAN_BGR]
    )
    x = _clipped(x, layers.Conv2D(32, 3, strides=2))
    for filters, strides in _MOBILENET:
        x = _clipped(x, layers.DepthwiseConv2D(3, strides=strides))
        x = layers.ReLU(6)(layers.Conv2D(filters, 1)(x))
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(pictures, layers.Dense(answers, dtype="float32")(x))


def _clipped(x: keras.KerasTensor, convolve: layers.Layer) -> keras.KerasTensor:
    """3 x 3 with zeros around, where the picture is halved at the right and below alone."""
    around = ((0, 1), (0, 1)) if convolve.strides == (2, 2) else 1
    return layers.ReLU(6)(convolve(layers.ZeroPadding2D(around)(x)))


def _residual_block(
    x: keras.KerasTensor, filters: int, strides: int, squeezed: bool
) -> keras.KerasTensor:
    y = _normalised_relu(x)
    if x.shape[-1] == filters and strides == 1:
        shortcut = x
    else:
        shortcut = layers.Conv2D(filters, 1, strides=strides, use_bias=False)(y)
    y = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(y)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(_normalised_relu(y))
    if squeezed:
        weight = layers.GlobalAveragePooling2D(keepdims=True)(y)
        weight = layers.Conv2D(filters // 8, 1, activation="relu")(weight)
        y = layers.Multiply()([y, layers.Conv2D(filters, 1, activation="sigmoid")(weight)])
    return layers.Add()([y, shortcut])


def _mask(x: keras.KerasTensor) -> keras.KerasTensor:
    """From 1 to 2, [n, h, w, 1]: where to look, seen at half the size."""
    y = layers.Conv2D(x.shape[-1] // 4, 1, use_bias=False)(_normalised_relu(x))
    y = layers.MaxPooling2D(2)(_normalised_relu(y))
    y = layers.Conv2D(x.shape[-1] // 4, 3, padding="same", use_bias=False)(y)
    y = layers.UpSampling2D(2, interpolation="nearest")(_normalised_relu(y))
    y = layers.Conv2D(1, 3, padding="same", activation="sigmoid")(y)
    return layers.Rescaling(1.0, offset=1.0)(y)


def _standardised(pictures: keras.KerasTensor) -> keras.KerasTensor:
    """Each picture at mean 0 and deviation 0.5, about what FER-2013's have as they are."""
    axes, noise = [1, 2, 3], 1e-3  # a deviation of 4 grey levels is nearly flat
    x = layers.LayerNormalization(axes, noise, center=False, scale=False, dtype="float32")(pictures)
    return layers.Rescaling(0.5, dtype="float32")(x)


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


_MEAN_BGR = (103.939, 116.779, 123.68)
"""Of ImageNet, 0 to 255, as Simonyan and Zisserman 2014 took it out."""
_MOBILENET = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    *[(512, 1)] * 5,
    (1024, 2), (1024, 1),
)  # fmt: skip
"""Channels and steps of each block."""

NETWORKS: dict[str, Callable[[int], keras.Model]] = {
    "mini-xception": mini_xception,
    "residual": lambda n: residual(n, (32, 1), (48, 1), (96, 1), (160, 1)),
    "residual-light": lambda n: residual(n, (16, 1), (32, 1), (96, 1), (160, 1)),
    "residual-deep": lambda n: residual(n, (16, 1), (32, 1), (96, 1), (160, 2), standardised=True),
    "student": lambda n: residual(
        n, (24, 1), (64, 2), (96, 2), (160, 1), standardised=True, squeezed=True
    ),
    "teacher": lambda n: residual(
        n, (64, 2), (128, 2), (256, 2), (384, 2), standardised=True, squeezed=True
    ),
    "teacher-mobilenet": mobilenet,
    "teacher-masked": lambda n: residual(
        n, (64, 2), (128, 2), (256, 2), (384, 2), standardised=True, masked=True
    ),
}
"""What `train --network` knows, given how many logits are wanted."""


def build(name: str, precision: str = "float32", answers: int = len(Emotion)) -> keras.Model:
    """A fresh network.

    Args:
        name: One of `NETWORKS`.
        precision: A Keras dtype policy; with `mixed_bfloat16` weights and logits stay float32.
        answers: How many logits it gives.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        return NETWORKS[name](answers)
    finally:
        keras.config.set_dtype_policy(before)


def logits(model: keras.Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[n, 48, 48] grey pictures to what the network answers, [n, k]."""
    parts = [
        np.asarray(keras.ops.convert_to_numpy(model.predict_on_batch(scaled(part))))
        for part in np.array_split(images, math.ceil(len(images) / 256))
    ]
    return np.concatenate(parts).astype(np.float32)
