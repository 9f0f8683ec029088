"""What the readers of traits see: small vectors cut from a look.

Colours are told relative to the person's skin; what networks saw on the way is taken as it is, only
coarser.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.looks import SIDE, Look

_GRID = 16
_SCALE = np.array((25.0, 12.0, 15.0), np.float32)
"""About the spread of L, a and b within a portrait."""
_EYES = ((33, 133), (362, 263))
_BINS = 8

Vector = NDArray[np.float32]


def head(look: Look) -> Vector:
    """The whole head as a small map: where the person is, and how unlike skin each place looks."""
    person = look.person[..., None]
    unlike = np.clip((look.lab - look.skin.astype(np.float32)) / _SCALE, -3, 3)
    maps = np.concatenate([person, person * unlike], axis=2)
    small = cv2.resize(maps, (_GRID, _GRID), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).ravel()


def framed(look: Look) -> Vector:
    """What the finder sees around the eyes."""
    return pooled(look.inner.finder_near[6:16, 2:22], 2)


def rims(look: Look) -> Vector:
    """What the outline's network sees around the eyes, finely."""
    return look.inner.outline_near[10:20, 4:28].ravel()


def bearded(look: Look) -> Vector:
    """What the finder sees from the nose down."""
    return pooled(look.inner.finder_near[12:, 4:20], 2)


def below(look: Look) -> Vector:
    """What the outline's network sees from the nose down, coarsely."""
    return pooled(look.inner.outline_near[16:, 4:28], 4)


def near(look: Look) -> Vector:
    """What the finder sees of the whole picture, before it knows of whole faces."""
    return pooled(look.inner.finder_near, 4)


def far(look: Look) -> Vector:
    """What the finder sees of the whole picture, in large."""
    return pooled(look.inner.finder_far, 3)


def meshed(look: Look) -> Vector:
    """What the mesh's network sees of the face."""
    return pooled(look.inner.mesh, 3)


def outlined(look: Look) -> Vector:
    """What the outline's network sees of the whole picture: colours and edges, coarsely."""
    return pooled(look.inner.outline_near, 4)


def outlined_far(look: Look) -> Vector:
    """The same further on, where it tells a person from the rest."""
    return pooled(look.inner.outline_far, 4)


def things(look: Look) -> Vector:
    """What a network that names things sees of the whole picture: textures and parts."""
    return pooled(look.inner.things_near, 2)


def things_far(look: Look) -> Vector:
    """The same further on, where it tells kinds of things apart."""
    return look.inner.things_far.ravel()


def places(look: Look) -> Vector:
    """Colour, and contrast around, at each landmark: they follow the face through expressions."""
    at = look.mesh.astype(np.float32)
    soft = cv2.GaussianBlur(look.lab, (0, 0), 2.0)
    lightness = look.lab[..., 0]
    mean = cv2.GaussianBlur(lightness, (0, 0), 4.0)
    spread = np.sqrt(np.maximum(cv2.GaussianBlur(lightness**2, (0, 0), 4.0) - mean**2, 0))
    maps = np.dstack([(soft - look.skin.astype(np.float32)) / _SCALE, spread / 10])
    found = cv2.remap(
        maps.astype(np.float32),
        at[:, 0],
        at[:, 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.clip(np.asarray(found, np.float32).reshape(-1), -4, 4)


def tone(look: Look) -> Vector:
    """What tells the skin's colour from the light: cheeks, light, and how bright the whole is."""
    lightness = look.lab[..., 0]
    levels = np.percentile(lightness[::4, ::4], (5, 25, 50, 75, 95)) / 25
    return np.concatenate([look.skin / _SCALE, 3 * look.light, levels]).astype(np.float32) * 3


def eyes(look: Look) -> Vector:
    """Edges around the eyes, where frames of glasses are."""
    return edges(_levelled(look, (96, 48), width=2.3, centre=(0.5, 0.42)), 8)


def jaw(look: Look) -> Vector:
    """Edges from the nose to the chin."""
    return edges(_levelled(look, (64, 64), width=1.9, centre=(0.5, -0.24)), 8)


def pooled(grid: NDArray[np.float32], cell: int) -> Vector:
    """Means of cells of so many rows and columns."""
    rows, columns, channels = grid.shape
    cells = grid.reshape(rows // cell, cell, columns // cell, cell, channels)
    return np.asarray(cells.mean(axis=(1, 3)), np.float32).ravel()


def edges(patch: NDArray[np.float32], cell: int) -> Vector:
    """Histograms of gradients' directions in cells, as Dalal and Triggs 2005 without blocks."""
    dx, dy = cv2.Sobel(patch, cv2.CV_32F, 1, 0), cv2.Sobel(patch, cv2.CV_32F, 0, 1)
    strength, angle = cv2.cartToPolar(dx, dy)
    share = (angle % np.pi) / np.pi * _BINS
    low = np.floor(share).astype(int) % _BINS
    part = (share - np.floor(share)).astype(np.float32)
    maps = np.zeros((*patch.shape, _BINS), np.float32)
    rows, columns = np.indices(patch.shape)
    maps[rows, columns, low] = strength * (1 - part)
    maps[rows, columns, (low + 1) % _BINS] += strength * part
    height, width = patch.shape[0] // cell, patch.shape[1] // cell
    cells = maps[: height * cell, : width * cell].reshape(height, cell, width, cell, _BINS)
    summed = cells.mean(axis=(1, 3))
    # Against the whole patch's contrast, and softened: one hard edge must not drown the rest.
    return np.asarray(np.sqrt(summed / (strength.mean() + 1)), np.float32).ravel()


def _levelled(
    look: Look, size: tuple[int, int], width: float, centre: tuple[float, float]
) -> NDArray[np.float32]:
    """Lightness of a patch that turns and scales with the eyes.

    Args:
        look: Where from.
        size: Width and height of the patch in pixels.
        width: Of the patch, in distances of the eyes.
        centre: Where in the patch the middle of the eyes lies, in shares of its width and height.
    """
    left, right = (look.mesh[list(each)].mean(axis=0) for each in _EYES)
    across = right - left
    scale = size[0] / (width * max(float(np.hypot(*across)), 0.05 * SIDE))
    c, s = across / max(float(np.hypot(*across)), 1e-6) * scale
    matrix = np.array(((c, s, 0.0), (-s, c, 0.0)))
    middle = (left + right) / 2
    target = np.array((centre[0] * size[0], centre[1] * size[1]))
    matrix[:, 2] = target - matrix[:, :2] @ middle
    lightness = np.ascontiguousarray(look.lab[..., 0])
    patch = cv2.warpAffine(lightness, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(patch, np.float32)
