"""The same faces as a worse camera, a worse light or a worse crop would give them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from vcam_emoji.emotion_input import SIZE
from vcam_emoji.training.data import Faces
from vcam_emoji.training.figures import figures, timed_scores

if TYPE_CHECKING:
    # The machine that trains needs nothing of the live path.
    from vcam_emoji.emotion_network import Scorer

_Change: TypeAlias = Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]


def _warped(shift: float = 0.0, scale: float = 1.0, degrees: float = 0.0) -> _Change:
    """Half of the pictures one way, half the other."""

    def change(image: NDArray[np.uint8], way: int) -> NDArray[np.uint8]:
        middle = (SIZE - 1) / 2
        warp = cv2.getRotationMatrix2D((middle, middle), way * degrees, scale**way)
        warp[:, 2] = warp[:, 2] + way * shift * SIZE
        warped = cv2.warpAffine(image, warp, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
        return warped.astype(np.uint8, copy=False)

    return change


def _darkened(image: NDArray[np.uint8], _: int) -> NDArray[np.uint8]:
    return (image // 4).astype(np.uint8)


def _blurred(image: NDArray[np.uint8], _: int) -> NDArray[np.uint8]:
    return cv2.GaussianBlur(image, (0, 0), 1.0).astype(np.uint8, copy=False)


def _jpeg(image: NDArray[np.uint8], _: int) -> NDArray[np.uint8]:
    _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 30])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)


CHANGES: dict[str, _Change] = {
    "shifted 8 %": _warped(shift=0.08),
    "scaled 10 %": _warped(scale=1.1),
    "tilted 12 degrees": _warped(degrees=12),
    "darkened to a quarter": _darkened,
    "blurred, sigma 1 px": _blurred,
    "JPEG 30": _jpeg,
}
"""Each takes a [48, 48] picture, and 1 or -1 for the way to go where there are two."""


def spoilt(faces: Faces) -> Iterator[tuple[str, Faces]]:
    """The faces under each of `CHANGES`, by its name."""
    for name, change in CHANGES.items():
        changed = [change(image, 1 - 2 * (i % 2)) for i, image in enumerate(faces.images)]
        yield name, replace(faces, images=np.stack(changed))


def robustness(network: Scorer, faces: Faces) -> dict[str, float]:
    """Accuracy under each of `CHANGES`, 0 to 1."""
    return {
        name: figures(faces.labels, timed_scores(network, changed)[0]).accuracy
        for name, changed in spoilt(faces)
    }
