"""Variations of the training pictures: what a webcam and a moving head do to a face.

OpenCV on the host, about 15 microseconds a picture: a hundredth of the training step, so it
needs no process of its own and is the same under every Keras backend.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.emotion_input import SIZE


@dataclass(frozen=True, slots=True)
class Variation:
    """How far pictures are varied; 0 leaves that alone."""

    rotation: float = 10.0
    """Degrees to either side."""
    shift: float = 4.0
    """Pixels in either direction."""
    scale: float = 0.12
    """Share by which a face is made larger or smaller."""
    contrast: float = 0.2
    brightness: float = 20.0
    """Grey levels."""
    erase: float = 0.0
    """Share of pictures from which a rectangle is cut out."""
    camera: float = 0.0
    """Share of pictures that are blurred, or noisy, or dark, as a poor webcam gives them."""
    side_light: float = 0.0
    """Share of pictures that are lit from one side, as beside a window."""


def varied(
    images: NDArray[np.uint8], how: Variation, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """New pictures, each varied by chance: mirrored, turned, shifted, scaled, relit.

    Args:
        images: [n, 48, 48].
        how: The limits.
        rng: Where chance comes from; the same state gives the same pictures.

    Returns:
        [n, 48, 48].
    """
    n = len(images)
    angle = np.radians(rng.uniform(-how.rotation, how.rotation, n))
    factor = np.exp(rng.uniform(-how.scale, how.scale, n))
    mirror = rng.choice([-1.0, 1.0], n)
    cosine, sine = np.cos(angle) / factor, np.sin(angle) / factor
    shift = rng.uniform(-how.shift, how.shift, (n, 2))
    middle = (SIZE - 1) / 2
    warps = np.empty((n, 2, 3))
    warps[:, 0, 0], warps[:, 0, 1] = mirror * cosine, -mirror * sine
    warps[:, 1, 0], warps[:, 1, 1] = sine, cosine
    warps[:, :, 2] = middle + shift - middle * (warps[:, :, 0] + warps[:, :, 1])
    gain = np.exp(rng.uniform(-how.contrast, how.contrast, n))
    offset = rng.uniform(-how.brightness, how.brightness, n)

    out = np.empty_like(images)
    for i in range(n):
        cv2.warpAffine(
            images[i],
            warps[i],
            (SIZE, SIZE),
            dst=out[i],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    relit = (out - 127.5) * gain[:, None, None].astype(np.float32)
    relit += (127.5 + offset)[:, None, None].astype(np.float32)
    np.clip(np.rint(relit, out=relit), 0, 255, out=relit)
    out = relit.astype(np.uint8)
    lit = rng.random(n) < how.side_light
    poor, cut = rng.random(n) < how.camera, rng.random(n) < how.erase
    for i in range(n):
        if lit[i]:
            out[i] = _lit_from_a_side(out[i], rng)
        if poor[i]:
            out[i] = _as_a_poor_camera(out[i], rng)
        if cut[i]:
            _erase(out[i], rng)
    return out


def _lit_from_a_side(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Darker along a line through the picture, by 0.3 to 0.8 at its end."""
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.8)
    along = np.linspace(-1, 1, SIZE)
    ramp = np.cos(angle) * along[None, :] + np.sin(angle) * along[:, None]
    lit: NDArray[np.float64] = image * (1 - depth * np.clip(0.5 + 0.5 * ramp, 0, 1))
    return np.rint(lit).astype(np.uint8)


def _as_a_poor_camera(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Soft, dim or noisy, by chance all of it."""
    picture = image.astype(np.float32)
    if rng.random() < 0.5:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.2)).astype(np.float32)
    if rng.random() < 0.5:
        picture *= rng.uniform(0.2, 0.8)
    if rng.random() < 0.5:
        noise = rng.standard_normal(image.shape, np.float32)
        picture += noise * np.float32(rng.uniform(2, 8))
    kept = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = int(rng.uniform(25, 80))
        _, packed = cv2.imencode(".jpg", kept, [cv2.IMWRITE_JPEG_QUALITY, quality])
        kept = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    return kept


def _erase(image: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Cut out a rectangle (Zhong et al. 2020): a hand, a mug, a strand of hair."""
    height, width = rng.integers(6, 20, 2)
    top, left = rng.integers(0, SIZE - height), rng.integers(0, SIZE - width)
    image[top : top + height, left : left + width] = rng.integers(0, 256)
