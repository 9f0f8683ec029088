"""Adaptive discriminator augmentation: what D sees of a picture, real or made.

Each change happens to each picture with probability p, so that D cannot learn the real pictures by
heart, and G cannot learn the changes while p is below 0.8 or so. All is differentiable in the
pictures, twice. Chances and sizes are those of the paper's appendix B, and so is the order:
pixel blitting, geometry, colour, filtering, noise, cutout.

Source: Karras et al. 2020, "Training generative adversarial networks with limited data" (ADA).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import pi, sqrt
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from generator import chance
from generator.autodiff import gathered
from generator.ops import Tensor

SYM6 = (
    0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633,
    0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252,
    -0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148,
)  # fmt: skip
"""The symlet of 12 taps, at norm 1: orthogonal to itself at every even shift."""

_DELAY = 5
"""Where such a filter lies, in taps: its centre of mass is at 5.1."""

_MARGIN = 6
"""Pixels by which a picture is grown before it is low-passed: 8 px is the least it may have."""

TARGET = 0.6
"""r_t is held at this."""
SPEED = 500_000
"""Pictures in which p can go from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Which kinds of change there are."""

    blit: bool = True
    """Mirror, quarter turns, shifts by whole pixels."""
    geometry: bool = True
    """Scale, rotation, stretch, shifts by fractions of a pixel."""
    colour: bool = True
    """Brightness, contrast, inverted brightness, hue, saturation."""
    filtering: bool = False
    """Four frequency bands, each made stronger or weaker."""
    noise: bool = False
    cutout: bool = False


BGC = Changes()
"""What the paper found best, and the default."""
NOTHING = Changes(blit=False, geometry=False, colour=False)


def augmented(pictures: Tensor, key: chance.Key, p: Tensor, changes: Changes = BGC) -> Tensor:
    """Change each picture by chance.

    Args:
        pictures: [n, h, h, 3], RGB, -1 to 1.
        key: For chance.
        p: Of each change, 0 to 1; at 0 the pictures stay as they are.
        changes: Which there are.

    Returns:
        Of the same shape.
    """
    if changes == NOTHING:
        return pictures
    x, n = pictures, pictures.shape[0]
    draws = _Draws(key, n, p)
    shift = _identity(n)
    if changes.blit:
        x, shift = _blitted(x, draws)
    if changes.geometry:
        shift = ops.matmul(shift, _geometry(draws, x.shape[1]))
    if changes.blit or changes.geometry:
        x = warped(x, shift)
    if changes.colour:
        x = recoloured(x, _colours(draws))
    if changes.filtering:
        x = _filtered(x, draws)
    if changes.noise:
        sigma = draws.where(ops.abs(draws.normal()) * 0.1, 0.0)
        x = x + _wide(sigma) * chance.normal(chance.fold(key, 2), x.shape)
    if changes.cutout:
        x = _cut_out(x, draws)
    return x


def adapted(p: Tensor, r: Tensor, pictures: int, target: float = TARGET) -> Tensor:
    """The next p: one step up if D seems to know the real pictures by heart, else down.

    Args:
        p: So far.
        r: r_t = E[sign D(x)] over real pictures since the last time, the overfitting heuristic.
        pictures: Real ones since the last time.
        target: Of r_t.
    """
    return ops.clip(p + ops.sign(r - target) * (pictures / SPEED), 0.0, 1.0)


# --- geometry --------------------------------------------------------------------------------


def warped(x: Tensor, inverse: Tensor) -> Tensor:
    """Move pictures by affine maps, mirrored at their borders, without aliasing.

    They are brought to twice the size by an orthogonal low-pass, sampled there linearly, and
    brought back by its adjoint: where the map is the identity, or a shift by whole pixels, nothing
    is lost.

    Args:
        x: [n, h, h, c].
        inverse: [n, 3, 3]: of the place (column, row, 1) of a result's pixel, from the centre,
            to where it comes from.

    Returns:
        Of the same shape.
    """
    n, side, _, c = x.shape
    grown = ops.pad(x, ((0, 0), (_MARGIN, _MARGIN), (_MARGIN, _MARGIN), (0, 0)), mode="reflect")
    fine = _along_both(grown, _upward(side + 2 * _MARGIN))
    # The samples that are needed to come back: 2 * side + 10, from index 0 of the picture on.
    count = 2 * side + len(SYM6) - 2
    centre = (side - 1) / 2
    place = (np.arange(count, dtype=np.float32) - _DELAY) / 2 - centre
    column, row = np.meshgrid(place, place)
    target = np.stack([column, row, np.ones_like(row)]).reshape(3, -1)
    source = ops.matmul(inverse[:, :2], ops.convert_to_tensor(target))
    at = 2.0 * (_folded(source + centre, side) + _MARGIN) + _DELAY
    # Where whole numbers are meant, rounding must not make it the pixel before.
    corner = ops.floor(at + 1e-3)
    share = ops.maximum(at - corner, 0.0)[..., None]
    u, v = share[:, 0], share[:, 1]
    width = fine.shape[2] - 1
    corner = ops.cast(ops.clip(corner, 0.0, width - 1.0), "int32")
    # Four neighbours side by side: one reading of 4 c numbers, and one writing in the gradient.
    four = ops.concatenate(
        [fine[:, :-1, :-1], fine[:, :-1, 1:], fine[:, 1:, :-1], fine[:, 1:, 1:]], axis=3
    )
    index = corner[:, 1] * width + corner[:, 0]
    four = gathered(ops.reshape(four, (n, width * width, 4 * c)), index)
    upper = four[..., :c] * (1 - u) + four[..., c : 2 * c] * u
    lower = four[..., 2 * c : 3 * c] * (1 - u) + four[..., 3 * c :] * u
    sampled = ops.reshape(upper * (1 - v) + lower * v, (n, count, count, c))
    return _along_both(sampled, _downward(side))


def _folded(place: Tensor, side: int) -> Tensor:
    """Places beyond what an unmoved picture reads are mirrored at its borders, over and over."""
    period = 2.0 * (side - 1)
    turned = ops.mod(place, period)
    turned = ops.minimum(turned, period - turned)
    reach = _DELAY / 2 + 0.25
    beyond = ops.logical_or(place < -reach, place > side - 0.5 + reach)
    return ops.where(beyond, turned, place)


@cache
def _upward(side: int) -> NDArray[np.float32]:
    """[2 * side + 10, side]: zeros in between, low-passed, at the same brightness."""
    matrix = np.zeros((2 * side + len(SYM6) - 2, side), np.float32)
    for i in range(side):
        matrix[2 * i : 2 * i + len(SYM6), i] = np.array(SYM6) * sqrt(2)
    return matrix


@cache
def _downward(side: int) -> NDArray[np.float32]:
    """[side, 2 * side + 10]: the transposed, at the same brightness."""
    return np.ascontiguousarray(_upward(side).T / 2)


def _along_both(x: Tensor, matrix: NDArray[np.float32]) -> Tensor:
    """Filter rows and columns alike: a small matrix is quicker than a filter of 12 taps."""
    m = ops.convert_to_tensor(matrix)
    x = ops.einsum("yh,nhwc->nywc", m, x)
    return ops.einsum("xw,nywc->nyxc", m, x)


def _blitted(x: Tensor, draws: _Draws) -> tuple[Tensor, Tensor]:
    """Mirrored and turned pictures, and the map of a shift by whole pixels."""
    side = x.shape[1]
    mirror = draws.where(ops.floor(draws.uniform() * 2), 0.0)
    x = ops.where(_wide(mirror) > 0, ops.flip(x, axis=2), x)
    turns = draws.where(ops.floor(draws.uniform() * 4), 0.0)
    x = ops.where(_wide(ops.mod(turns, 2.0)) > 0, _quarter_turn(x), x)
    x = ops.where(_wide(turns) > 1, ops.flip(x, axis=(1, 2)), x)
    across, down = (ops.round((draws.uniform() * 2 - 1) * 0.125 * side) for _ in range(2))
    across, down = draws.where(across, 0.0, down, 0.0)
    return x, _translation(across, down)


def _quarter_turn(x: Tensor) -> Tensor:
    return ops.flip(ops.transpose(x, (0, 2, 1, 3)), axis=1)


def _geometry(draws: _Draws, side: int) -> Tensor:
    scale = draws.where(ops.exp2(draws.normal() * 0.2), 1.0)
    m = _scaling(scale, scale)
    # Two rotations, either of which happens with this chance: together that is p.
    rotation = 1.0 - ops.sqrt(1.0 - draws.p)
    m = ops.matmul(m, _rotation(draws.where((draws.uniform() * 2 - 1) * pi, 0.0, p=rotation)))
    stretch = draws.where(ops.exp2(draws.normal() * 0.2), 1.0)
    m = ops.matmul(m, _scaling(stretch, 1.0 / stretch))
    m = ops.matmul(m, _rotation(draws.where((draws.uniform() * 2 - 1) * pi, 0.0, p=rotation)))
    across, down = (draws.normal() * 0.125 * side for _ in range(2))
    across, down = draws.where(across, 0.0, down, 0.0)
    return ops.matmul(m, _translation(across, down))


def _identity(n: int) -> Tensor:
    return ops.tile(ops.eye(3)[None], (n, 1, 1))


def _rows(*rows: tuple[Any, Any, Any]) -> Tensor:
    like = next(entry for row in rows for entry in row if not isinstance(entry, float))
    full = [[ops.zeros_like(like) + entry for entry in row] for row in rows]
    return ops.stack([ops.stack(row, axis=1) for row in full], axis=1)


def _translation(across: Tensor, down: Tensor) -> Tensor:
    return _rows((1.0, 0.0, -across), (0.0, 1.0, -down), (0.0, 0.0, 1.0))


def _scaling(across: Tensor, down: Tensor) -> Tensor:
    return _rows((1.0 / across, 0.0, 0.0), (0.0, 1.0 / down, 0.0), (0.0, 0.0, 1.0))


def _rotation(angle: Tensor) -> Tensor:
    c, s = ops.cos(angle), ops.sin(angle)
    return _rows((c, s, 0.0), (-s, c, 0.0), (0.0, 0.0, 1.0))


# --- colour ----------------------------------------------------------------------------------

_LUMA = np.full(3, 1 / sqrt(3), np.float32)
"""The axis of greys."""


def recoloured(x: Tensor, matrix: Tensor) -> Tensor:
    """[n, h, w, 3] by affine maps of colour, [n, 3, 4]."""
    y = ops.einsum("nij,nhwj->nhwi", matrix[:, :, :3], x)
    return y + matrix[:, None, None, :, 3]


def _colours(draws: _Draws) -> Tensor:
    brightness = draws.where(draws.normal() * 0.2, 0.0)
    contrast = draws.where(ops.exp2(draws.normal() * 0.5), 1.0)
    inverted = draws.where(ops.floor(draws.uniform() * 2), 0.0)
    hue = draws.where((draws.uniform() * 2 - 1) * pi, 0.0)
    saturation = draws.where(ops.exp2(draws.normal()), 1.0)
    linear = _wide(contrast, 3) * _along_luma(1.0 - 2.0 * inverted, ops.ones_like(inverted))
    linear = ops.matmul(_turned_hue(hue), linear)
    linear = ops.matmul(_along_luma(ops.ones_like(saturation), saturation), linear)
    # Brightness came first, as a shift along the greys: it goes through all that follows.
    offset = ops.matmul(linear, ops.ones((3, 1))) * _wide(brightness, 3)
    return ops.concatenate([linear, offset], axis=2)


def _along_luma(grey: Tensor, colourful: Tensor) -> Tensor:
    """Scale what is grey of a colour, and what is not: [n, 3, 3]."""
    along = np.outer(_LUMA, _LUMA)
    across = np.eye(3, dtype=np.float32) - along
    return _wide(grey, 3) * along[None] + _wide(colourful, 3) * across[None]


def _turned_hue(angle: Tensor) -> Tensor:
    """Turn about the axis of greys: [n, 3, 3] (Rodrigues' formula)."""
    x, y, z = _LUMA
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]], np.float32)
    along = np.outer(_LUMA, _LUMA)
    c, s = _wide(ops.cos(angle), 3), _wide(ops.sin(angle), 3)
    return c * np.eye(3, dtype=np.float32)[None] + s * cross[None] + (1.0 - c) * along[None]


# --- the rest --------------------------------------------------------------------------------

_POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)
"""Of the bands, low to high, in pictures as they are."""


def _filtered(x: Tensor, draws: _Draws) -> Tensor:
    gains: list[Tensor] = [1.0 for _ in _POWER]
    for band in range(len(_POWER)):
        own = draws.where(ops.exp2(draws.normal()), 1.0)
        others = [own if i == band else ops.ones_like(own) for i in range(len(_POWER))]
        power = sum(share * ops.square(g) for share, g in zip(_POWER, others, strict=True))
        gains = [g * o / ops.sqrt(power) for g, o in zip(gains, others, strict=True)]
    bands = ops.convert_to_tensor(_bands(x.shape[1]))
    matrix = ops.einsum("bn,bij->nij", ops.stack(gains), bands)
    x = ops.einsum("nyh,nhwc->nywc", matrix, x)
    return ops.einsum("nxw,nywc->nyxc", matrix, x)


@cache
def _bands(side: int) -> NDArray[np.float32]:
    """[4, side, side]: what each band keeps of a line, mirrored at its ends; they sum to 1."""
    lo = np.array(SYM6)
    hi = lo * (-1.0) ** np.arange(len(lo))
    low, high = (np.convolve(taps, taps[::-1]) / 2 for taps in (lo, hi))
    # Octave by octave, the lower half is split again, by the same filters with holes.
    passed, found = np.ones(1), []
    for octave in range(3):
        found.append(np.convolve(passed, _holed(high, 2**octave)))
        passed = np.convolve(passed, _holed(low, 2**octave))
    kernels = [passed, *reversed(found)]
    matrices = np.zeros((4, side, side), np.float32)
    for matrix, kernel in zip(matrices, kernels, strict=True):
        reach = len(kernel) // 2
        for row in range(side):
            for tap, weight in enumerate(kernel):
                column = (row + tap - reach) % (2 * (side - 1))
                matrix[row, min(column, 2 * (side - 1) - column)] += weight
    return matrices


def _holed(taps: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    holed = np.zeros((len(taps) - 1) * step + 1)
    holed[::step] = taps
    return holed


def _cut_out(x: Tensor, draws: _Draws) -> Tensor:
    """Half of the picture's width and height is made grey."""
    half = draws.where(ops.ones_like(draws.normal()) * 0.25, 0.0)
    side = x.shape[1]
    place = (np.arange(side, dtype=np.float32)[None] + 0.5) / side
    inside = [ops.abs(place - draws.uniform()[:, None]) < half[:, None] for _ in range(2)]
    hole = ops.logical_and(inside[0][:, :, None], inside[1][:, None, :])
    return ops.where(hole[..., None], 0.0, x)


class _Draws:
    """Chance for each picture, drawn at once and handed out in turn."""

    def __init__(self, key: chance.Key, n: int, p: Tensor) -> None:
        self.p = p
        self._uniform = _columns(chance.uniform(chance.fold(key, 0), (n, 40)))
        self._normal = _columns(chance.normal(chance.fold(key, 1), (n, 20)))

    def uniform(self) -> Tensor:
        """[n], 0 to 1."""
        return next(self._uniform)

    def normal(self) -> Tensor:
        """[n]."""
        return next(self._normal)

    def where(self, *pairs: Any, p: Tensor | None = None) -> Any:
        """Each picture's change with probability p, else what means none; pairs go together."""
        happens = self.uniform() < (self.p if p is None else p)
        chosen = [
            ops.where(happens, change, none)
            for change, none in zip(pairs[::2], pairs[1::2], strict=True)
        ]
        return chosen[0] if len(chosen) == 1 else chosen


def _columns(table: Tensor) -> Iterator[Tensor]:
    return (table[:, i] for i in range(table.shape[1]))


def _wide(values: Tensor, axes: int = 4) -> Tensor:
    """[n] to [n, 1, ...]."""
    return ops.reshape(values, (-1, *(1,) * (axes - 1)))
