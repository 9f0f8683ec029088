"""From photos to an emoji set through any two StyleGAN2 networks of one shape.

Each photograph is projected into the network of faces; what was found is drawn by a blend of both
networks, which has the coarse layers of the one and the fine layers of the other. Nothing says
where in such a network emotions lie, so there is an emoji for each emotion that a photo shows.

Source: Pinkney and Adler 2020, "Resolution dependent GAN interpolation for controllable image
synthesis between domains".
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.artwork.people.sets import ANCHORS
from generator.blending import Switch
from generator.checkpoints.errors import CheckpointError
from generator.checkpoints.reading import load
from generator.configuration import Checkpoint
from generator.looks import Looker
from generator.network import Network
from generator.pictures import Picture, write
from generator.projection import Recipe, project
from vcam_emoji.emoji_set import EmojiImage, EmojiSet
from vcam_emoji.errors import DataError, UsageError
from vcam_emoji.types import Emotion

Latents: TypeAlias = Mapping[Emotion, NDArray[np.float32]]
"""[num_ws, w_dim] by emotion; neutral is among them."""

FACES, EMOJI = "faces", "emoji"
"""Names of the two networks in their folder, whatever ending a file has."""
_STEP_S = 1.8e-9
"""On a quiet core, for a pixel of a layer and the square of its channels in a projection's step."""
_FADE = 0.06
"""Share of the side over which a picture fades out at its border."""
_FACE = (0.5, 0.57), (0.27, 0.34)
"""Middle and half axes of the face, shares of the side: never cut out, however odd it is drawn."""
_LEAST_PERSON = 0.2
"""Share of a picture below which what was found in it is not the person."""


@dataclass(frozen=True, slots=True)
class Networks:
    """Two networks in which one latent is one person."""

    faces: Checkpoint
    emoji: Checkpoint

    @property
    def resolution(self) -> int:
        return self.faces.configuration.resolution

    def blended(self, switch: Switch) -> Network:
        """One that draws; raises `UsageError` or `DataError` as `blending.blend` does."""
        return Network.of(switch.blend(self.faces, self.emoji))

    @classmethod
    def of(cls, folder: Path) -> Networks:
        """Read both.

        Args:
            folder: Holds `faces` and `emoji`: folders that `import` or `train` wrote, or files of
                any public form.

        Raises:
            CheckpointError: one is missing or cannot be read.
        """
        return cls(*(load(_place(folder, name)) for name in (FACES, EMOJI)))


def default_switch(networks: Networks) -> Switch:
    """Shape and place of what is in a face stay the person's, surfaces become the drawing's."""
    return Switch(min(32, networks.resolution // 2))


def cost(photos: int, networks: Networks, recipe: Recipe) -> float:
    """Seconds on a quiet core that their projection takes."""
    c = networks.faces.configuration
    return photos * recipe.steps * _STEP_S * sum((r * c.width(r)) ** 2 for r in c.resolutions)


def projected(
    networks: Networks,
    crops: Mapping[Emotion, Picture],
    recipe: Recipe,
    state: Callable[[Emotion], Path],
    step: Callable[[Emotion], None] = lambda _emotion: None,
) -> tuple[Latents, Picture]:
    """Find everyone's latents: the ws by emotion, and how the network of faces draws the first.

    Args:
        networks: Those of faces and emoji.
        crops: Aligned as FFHQ is, [r, r, 3] RGB, by the emotion that they show, the first one
            neutral or nearest to it.
        recipe: How each is searched.
        state: Where each search is kept, so that it can go on; whoever named it removes it.
        step: Is told before each step.
    """
    faces = Network.of(networks.faces)
    found: dict[Emotion, NDArray[np.float32]] = {}
    drawn: Picture | None = None
    for emotion, crop in crops.items():

        def told(_done: int, emotion: Emotion = emotion) -> None:
            step(emotion)

        file = state(emotion)
        try:
            result = project(faces, crop, recipe, state=file, progress=told)
        except DataError:
            # What was kept is of another photo or recipe, or damaged: then it begins anew.
            file.unlink(missing_ok=True)
            result = project(faces, crop, recipe, state=file, progress=told)
        found[emotion] = result.ws
        drawn = result.picture if drawn is None else drawn
    if drawn is None:
        raise UsageError("There is no photo.", "Name a photo or a folder of photos.")
    return found, drawn


def emoji_set(network: Network, latents: Latents, name: str, size: int) -> EmojiSet:
    """The set: one picture for each emotion there is a latent of, neutral for all others.

    Args:
        network: The blend.
        latents: By emotion. Where neutral is missing the first one stands for it.
        name: Of the set.
        size: Pixels.
    """
    looker = Looker()
    pictures = network.draw(np.stack(list(latents.values())))
    drawn = {
        emotion: ((1.0, EmojiImage(_cut_out(looker, picture, size), ANCHORS)),)
        for emotion, picture in zip(latents, pictures, strict=True)
    }
    rest = drawn.get(Emotion.NEUTRAL, next(iter(drawn.values())))
    return EmojiSet(
        name=name,
        title=name,
        author="Drawn by vcam-emoji-generator",
        licence="As the networks it was drawn by",
        provenance="Drawn by a blend of two StyleGAN2 networks, from a photograph's latent.",
        images={emotion: drawn.get(emotion, rest) for emotion in Emotion},
    )


def strengths(networks: Networks, latents: Latents, chosen: Switch) -> list[tuple[str, Picture]]:
    """The first latent by three blends, the chosen one in the middle, with labels."""
    first = next(iter(latents.values()))[None]
    return [
        (f"from {switch.resolution}", networks.blended(switch).draw(first)[0])
        for switch in chosen.neighbours(networks.faces.configuration.resolutions)
    ]


def keep(latents: Latents, file: Path) -> None:
    """Write latents where `kept` finds them.

    Raises:
        UsageError: they cannot be written.
    """
    arrays = io.BytesIO()
    np.savez(arrays, allow_pickle=False, **{str(e): ws for e, ws in latents.items()})
    write(file, arrays.getvalue())


def kept(file: Path) -> Latents:
    """Latents that were kept.

    Raises:
        UsageError: there are none, or they are damaged.
    """
    try:
        with np.load(file, allow_pickle=False) as stored:
            found = {Emotion(name): stored[name].astype(np.float32) for name in stored.files}
    except FileNotFoundError as error:
        raise UsageError(
            f"There are no latents of a set {file.stem!r}.",
            f"Make it first: vcam-emoji-generator make PHOTO --network DIR --name {file.stem}",
        ) from error
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UsageError(f"{file} is damaged.", "Make the set again.") from error
    if not found or len({each.shape for each in found.values()}) != 1:
        raise UsageError(f"{file} is damaged.", "Make the set again.")
    return found


def _place(folder: Path, name: str) -> Path:
    found = [folder / name] if (folder / name).exists() else sorted(folder.glob(f"{name}.*"))
    if len(found) != 1:
        raise CheckpointError(
            f"{folder} holds {'no' if not found else 'more than one'} network called {name}.",
            f"It needs two of one shape: {FACES} and {EMOJI}, as import or train write them.",
        )
    return found[0]


def _cut_out(looker: Looker, picture: Picture, size: int) -> NDArray[np.uint8]:
    """[size, size, 4] BGRA: the person that is seen in a picture, fading out at its border."""
    how = cv2.INTER_AREA if picture.shape[0] > size else cv2.INTER_CUBIC
    large = cv2.resize(picture, (size, size), interpolation=how)
    person = cv2.resize(looker.look(picture).person, (size, size), interpolation=cv2.INTER_LINEAR)
    seen = np.clip((person - 0.3) / 0.4, 0, 1)
    if seen.mean() < _LEAST_PERSON:
        seen[:] = 1
    at = (np.arange(size) + 0.5) / size
    inside = np.clip((0.5 - np.abs(at - 0.5)) / _FADE, 0, 1)
    (cx, cy), (wide, high) = _FACE
    radius = np.hypot((at[None] - cx) / wide, (at[:, None] - cy) / high)
    alpha = np.maximum(seen * inside * inside[:, None], np.clip((1 - radius) / _FADE, 0, 1))
    return np.dstack([large[..., ::-1], np.rint(255 * alpha)]).astype(np.uint8)
