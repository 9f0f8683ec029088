"""The emotion network alone: crops to scores, nothing remembered."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vcam_emoji.emotion_input import SIZE, scaled
from vcam_emoji.errors import ModelError
from vcam_emoji.litert import Network
from vcam_emoji.resources import asset
from vcam_emoji.types import Emotion

EMOTIONS = tuple(Emotion)


class Scorer(Protocol):
    """What `SteadyReader` needs of a network."""

    def scores(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """[n, 48, 48] crops of `emotion_input.crop` to [n, 7], rows summing to 1."""
        ...


class EmotionNetwork:
    """The shipped network, or another of the same form."""

    def __init__(self, path: Path | None = None, threads: int = 1) -> None:
        """Load it.

        Raises:
            ModelError: the model is missing, damaged, or not an emotion network.
        """
        self._network = Network(path or asset("models/emotion/emotion.tflite"), threads)
        took = [each.shape for each in self._network.inputs]
        gave = [each.shape for each in self._network.outputs]
        wanted = [(1, SIZE, SIZE, 1)], [(1, len(EMOTIONS))]
        if (took, gave) != wanted:
            raise ModelError(
                f"{self._network.path.name} is no emotion network: "
                f"it turns {took} into {gave}, not {wanted[0]} into {wanted[1]}."
            )

    def scores(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Read crops, one after the other: batches were measured to gain nothing on one core.

        Args:
            crops: [n, 48, 48], as `emotion_input.crop` cuts them.

        Returns:
            [n, 7], in the order of `Emotion`, rows summing to 1.
        """
        pictures = scaled(crops)
        scores = np.empty((len(crops), len(EMOTIONS)), np.float32)
        for row, picture in zip(scores, pictures, strict=True):
            (row[:],) = self._network.run(picture[None])
        return scores
