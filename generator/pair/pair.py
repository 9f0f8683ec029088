"""A taught pair: whom a photograph shows, drawn again and drawn as an emoji, from one latent."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from generator.autodiff import compiled
from generator.blending import Switch
from generator.checkpoints import native
from generator.checkpoints.reading import load as load_checkpoint
from generator.checkpoints.shapes import generator_shapes
from generator.configuration import Checkpoint, Configuration
from generator.network import Network
from generator.ops import Tensor
from generator.pair.couples import EMOTIONS
from generator.pair.teaching import encode, encoder_shapes, felt
from generator.pictures import write
from generator.weights import Weights, prepared, stored
from vcam_emoji.errors import ModelError
from vcam_emoji.resources import asset
from vcam_emoji.types import Emotion

FORMAT = "vcam-emoji-pair/1"
FACES, EMOJI, REST = "faces", "emoji", "pair.npz"
SHIPPED = "models/pair-64"
_AT_ONCE = 64


@dataclass(frozen=True)
class Pair:
    """Networks of one shape and one latent space."""

    faces: Network
    """Draws photographs."""
    emoji: Network
    """Draws the same people as emoji, on `couples.GROUND`."""
    encoder: Weights
    directions: NDArray[np.float32]
    """[7, num_ws, w_dim], in the order of `Emotion`: what an emotion in full adds to ws."""
    alone: Network | None = None
    """Where `emoji` is a blend: what it was before, whose ground is clean."""

    @classmethod
    def of(cls, weights: Mapping[str, Weights], configuration: Configuration) -> Pair:
        """What was taught so far; where no emoji was, the second network is the first again."""
        faces = _whole(weights["F"], configuration)
        emoji = _whole(weights.get("M", weights["F"]), configuration)
        still = np.zeros((len(EMOTIONS), configuration.num_ws, configuration.w_dim), np.float32)
        directions = weights["D"]["directions"] if "D" in weights else still
        return cls(faces, emoji, weights["E"], np.asarray(ops.convert_to_numpy(directions)))

    @property
    def configuration(self) -> Configuration:
        return self.faces.configuration

    @property
    def drawn(self) -> bool:
        """Whether emoji were taught."""
        return bool(self.directions.any())

    def meet(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The ws of people.

        Args:
            photos: Photographs, or drawings at rest on `couples.GROUND`: [n, r, r, 3] RGB, aligned
                as FFHQ is.

        Returns:
            [n, num_ws, w_dim].
        """
        encoded = _encoding(self.configuration)
        found = []
        for at in range(0, len(photos), _AT_ONCE):
            scaled = photos[at : at + _AT_ONCE].astype(np.float32) * np.float32(2 / 255) - 1
            w = encoded(dict(self.encoder), ops.convert_to_tensor(scaled))
            found.append(np.asarray(ops.convert_to_numpy(w), np.float32))
        w = np.concatenate(found)
        return np.repeat(w[:, None], self.configuration.num_ws, axis=1)

    def felt(self, ws: Any, emotion: Emotion, intensity: float) -> Tensor:
        """Ws [n, num_ws, w_dim] of the same people in an emotion; intensity 0 to 1."""
        return self.all_felt(ws, [emotion] * len(ws), np.full(len(ws), intensity, np.float32))

    def all_felt(
        self, ws: Any, emotions: Sequence[Emotion], intensities: NDArray[np.float32]
    ) -> Tensor:
        """As `felt`, with an emotion and an intensity for each."""
        return felt(
            ops.convert_to_tensor(ws),
            ops.convert_to_tensor(self.directions),
            ops.convert_to_tensor(np.array([EMOTIONS.index(each) for each in emotions], np.int32)),
            ops.convert_to_tensor(intensities.astype(np.float32)),
        )

    def blended(self, switch: Switch) -> Pair:
        """The same, with layers of `faces` under those of `emoji` that draw.

        Raises:
            UsageError: there is no such switch.
        """
        low, high = (
            Checkpoint(self.configuration, stored(each.weights))
            for each in (self.faces, self.emoji)
        )
        return replace(self, emoji=Network.of(switch.blend(low, high)), alone=self.emoji)

    def with_mapping(self, mapping: Weights, w_avg: NDArray[np.float32]) -> Pair:
        """The same, both networks with that mapping from z."""
        known = {**mapping, "mapping.w_avg": ops.convert_to_tensor(w_avg)}
        return replace(
            self,
            faces=replace(self.faces, weights={**self.faces.weights, **known}),
            emoji=replace(self.emoji, weights={**self.emoji.weights, **known}),
        )

    def save(self, folder: Path, about: Mapping[str, Any] | None = None) -> None:
        """Write both networks and the rest, in float16, each beside its place and renamed.

        Raises:
            CheckpointError, UsageError: it cannot be written, or not in float16.
        """
        for name, network in ((FACES, self.faces), (EMOJI, self.emoji)):
            told = {"pair": name, **dict(about or {})}
            kept = Checkpoint(self.configuration, stored(network.weights), about=told)
            native.save(kept, folder / name, precision="float16")
        memory = io.BytesIO()
        told = {"format": FORMAT, "emotions": [str(each) for each in EMOTIONS]}
        arrays = {
            f"encoder.{name}": x.astype(np.float16) for name, x in stored(self.encoder).items()
        }
        np.savez_compressed(
            memory,
            allow_pickle=False,
            about=np.frombuffer(json.dumps(told).encode(), np.uint8),
            directions=self.directions.astype(np.float16),
            **arrays,
        )
        write(folder / REST, memory.getvalue())


def load(folder: Path | None = None) -> Pair:
    """The shipped pair, or another.

    Raises:
        CheckpointError: one of the networks is missing or damaged.
        ModelError: what belongs to both is missing or damaged, or they are no pair.
    """
    folder = folder or asset(SHIPPED)
    faces, emoji = (Network.of(load_checkpoint(folder / name)) for name in (FACES, EMOJI))
    hint = "Teach one: vcam-emoji-generator pair teach"
    c = faces.configuration
    try:
        if emoji.configuration != c:
            raise ValueError("the networks differ in shape")
        with np.load(folder / REST, allow_pickle=False) as kept:
            told = json.loads(kept["about"].tobytes())
            if told.get("format") != FORMAT or told.get("emotions") != [str(e) for e in EMOTIONS]:
                raise ValueError(f"{REST} is of another format")
            encoder = {
                name: _sound(kept[f"encoder.{name}"], name, shape)
                for name, shape in encoder_shapes(c).items()
            }
            directions = _sound(
                kept["directions"], "directions", (len(EMOTIONS), c.num_ws, c.w_dim)
            )
    except FileNotFoundError as error:
        raise ModelError(f"There is no {folder / REST}.", hint) from error
    except (OSError, ValueError, KeyError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{folder} holds no pair of networks: {error}.", hint) from error
    return Pair(faces, emoji, prepared(encoder), directions)


def _sound(array: NDArray[Any], name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    if array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
        raise ValueError(f"{name} is no array of finite numbers of shape {list(shape)}")
    return array.astype(np.float32)


def _whole(weights: Weights, c: Configuration) -> Network:
    """With what is not trained: no noise is drawn, and the average w is not known yet."""
    missing = {
        name: np.zeros(shape, np.float32)
        for name, shape in generator_shapes(c).items()
        if name not in weights
    }
    return Network(c, {**weights, **prepared(missing)}, {})


@cache
def _encoding(c: Configuration) -> Any:
    return compiled(lambda weights, photos: encode(weights, c, photos))
