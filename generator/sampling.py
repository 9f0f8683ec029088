"""Looking at a network: faces by seed, styles mixed, the way from one face to another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, sqrt

from keras import ops

from generator import networks
from generator.blending import What, blend
from generator.configuration import Checkpoint
from generator.network import Network
from generator.ops import Tensor
from generator.pictures import Picture, grid


def sheet(network: Network, seeds: Sequence[int], ws: Tensor) -> Picture:
    """Faces in rows, about as wide as high, each row labelled with its first seed."""
    pictures = network.draw(ws)
    across = min(ceil(sqrt(len(seeds)) * 1.2), len(seeds))
    starts = range(0, len(seeds), across)
    return grid(
        [list(pictures[at : at + across]) for at in starts],
        rows=[str(seeds[at]) for at in starts],
    )


def mixing(
    network: Network,
    rows: tuple[Sequence[int], Tensor],
    columns: tuple[Sequence[int], Tensor],
    layer: int,
) -> Picture:
    """Every row's face with every column's styles from a layer on.

    Args:
        network: That draws them.
        rows: Seeds and their ws; they give the layers below.
        columns: Seeds and their ws.
        layer: As in `networks.mixed`.

    Source: Karras et al. 2019, "StyleGAN", figure 3.
    """
    top, left = network.draw(columns[1]), network.draw(rows[1])
    lines: list[list[Picture | None]] = [[None, *top]]
    for at, picture in enumerate(left):
        below = ops.repeat(rows[1][at : at + 1], len(top), axis=0)
        lines.append([picture, *network.draw(networks.mixed(below, columns[1], layer))])
    return grid(lines, ["", *map(str, columns[0])], ["", *map(str, rows[0])])


def between(network: Network, ws: Tensor, frames: int, loop: bool = False) -> Iterator[Picture]:
    """Faces, and `frames` steps from each to the next, straight through W.

    Args:
        network: That draws them.
        ws: [n, num_ws, w_dim], n at least 1.
        frames: From one face to the next, at least 1.
        loop: From the last back to the first; else the last one ends it.
    """
    count = ws.shape[0] if loop else ws.shape[0] - 1
    steps = [(at, step / frames) for at in range(count) for step in range(frames)]
    if not loop:
        steps.append((ws.shape[0] - 1, 0.0))
    for first in range(0, len(steps), 4):
        part = [
            ws[at] + (ws[(at + 1) % ws.shape[0]] - ws[at]) * share
            for at, share in steps[first : first + 4]
        ]
        yield from network.draw(ops.stack(part))


def blends(
    first: Checkpoint,
    second: Checkpoint,
    seeds: Sequence[int],
    switch: tuple[int, float, What, float],
    truncation: tuple[float, int | None, int | None] = (0.7, None, None),
) -> Picture:
    """The same faces by both networks and by their blends at every resolution.

    Args:
        first: See `blending.blend`.
        second: As there.
        seeds: One for each row.
        switch: Level, width, what and strength, as there.
        truncation: Psi, cutoff and label, as in `Network.faces`.
    """
    what = switch[2]
    resolutions = first.configuration.resolutions
    columns = [
        ("A", first),
        *(
            (f"{'A' if what == 'high' else 'B'} to {r}", blend(first, second, r, *switch))
            for r in (reversed(resolutions) if what == "high" else resolutions)
        ),
        ("B", second),
    ]
    drawn = []
    for _, checkpoint in columns:
        network = Network.of(checkpoint)
        drawn.append(network.draw(network.faces(seeds, *truncation)))
    return grid(
        [[column[at] for column in drawn] for at in range(len(seeds))],
        [label for label, _ in columns],
        [str(seed) for seed in seeds],
    )
