"""Pickles of stylegan2-ada-pytorch (and of stylegan3's StyleGAN2): a dictionary with `G_ema`.

Networks are pickled with their source code, which is left unread: only the state is of use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.checkpoints.arrays import Floats
from generator.checkpoints.errors import Refused
from generator.checkpoints.shapes import Hints
from generator.checkpoints.translation import (
    Take,
    Translation,
    number,
    other_than,
    table,
    whole,
)
from generator.checkpoints.unpickling import Global, Instance

_FILTER = {"resample_filter": [1, 3, 3, 1], "activation": "lrelu"}
_DEPTH_LIMIT, _TENSORS_LIMIT = 6, 5000


def persistent_globals() -> dict[str, Global]:
    name = "torch_utils.persistence._reconstruct_persistent_obj"
    return {name: Global(name, _persistent)}


def is_this(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("G_ema"), Instance)


def translate(value: Mapping[str, Any], take: Take) -> Translation:
    """Read `G_ema` and, where it is there, `D`.

    Raises:
        Refused: if the network is built as ours cannot be.
    """
    state = table(value["G_ema"].state)
    given = table(state.get("_init_kwargs"))
    # The later code takes these arguments without a table of their own.
    synthesis = {**given, **table(given.get("synthesis_kwargs"))}
    mapping = table(given.get("mapping_kwargs"))
    different = other_than(synthesis, {**_FILTER, "use_noise": True}) or other_than(
        mapping, {"activation": "lrelu", "lr_multiplier": 0.01}
    )
    if different:
        raise Refused(f"its generator is built as ours cannot be: {different}")
    clamp = _clamp(state, ("synthesis", "b4", "conv1"), synthesis)
    notes: tuple[str, ...] = ()
    discriminator: dict[str, Floats] = {}
    group_size: int | None = 4
    if isinstance(value.get("D"), Instance):
        d_state = table(value["D"].state)
        d_given = table(d_state.get("_init_kwargs"))
        different = _discriminator_differs(d_given)
        if not different and _clamp(d_state, ("b4", "conv"), d_given) != clamp:
            different = f"its `conv_clamp` is not {clamp}, the generator's"
        if different:
            notes = (f"Its discriminator is left out: {different}.",)
        else:
            discriminator = _tensors(value["D"], take)
            epilogue = table(d_given.get("epilogue_kwargs"))
            standard = _module(d_state, ("b4", "mbstd"))
            said = standard.get("group_size", epilogue.get("mbstd_group_size", 4))
            group_size = whole(said, "mbstd_group_size")
    return Translation(
        "pickle of stylegan2-ada-pytorch",
        _tensors(value["G_ema"], take),
        discriminator,
        Hints(
            channel_base=whole(synthesis.get("channel_base"), "channel_base"),
            channel_max=whole(synthesis.get("channel_max"), "channel_max"),
            conv_clamp=clamp,
            group_size=group_size,
        ),
        {
            "resolution": given.get("img_resolution"),
            "channels": given.get("img_channels"),
            "z_dim": given.get("z_dim"),
            "w_dim": given.get("w_dim"),
            "c_dim": given.get("c_dim"),
            "mapping_layers": mapping.get("num_layers"),
            "generator": synthesis.get("architecture"),
        },
        notes,
    )


def _persistent(meta: object) -> Instance:
    said = table(meta)
    name = said.get("class_name")
    return Instance(name if type(name) is str else "", said.get("state"))


def _discriminator_differs(given: Mapping[str, Any]) -> str | None:
    return (
        other_than(table(given.get("block_kwargs")), _FILTER)
        or other_than(table(given.get("epilogue_kwargs")), {"activation": "lrelu"})
        or other_than(
            table(given.get("mapping_kwargs")), {"activation": "lrelu", "lr_multiplier": 0.01}
        )
    )


def _clamp(
    state: Mapping[str, Any], layer: tuple[str, ...], given: Mapping[str, Any]
) -> float | None:
    """What a layer clamps at; the arguments say less, since what they leave out has changed."""
    said = _module(state, layer).get("conv_clamp", given.get("conv_clamp"))
    return number(said, "conv_clamp")


def _module(state: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    for name in path:
        part = table(state.get("_modules")).get(name)
        state = table(part.state) if isinstance(part, Instance) else {}
    return state


def _tensors(network: Instance, take: Take) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    visited = 0

    def collect(module: Instance, prefix: str, depth: int) -> None:
        nonlocal visited
        visited += 1
        if depth > _DEPTH_LIMIT or visited > _TENSORS_LIMIT:
            raise Refused("its modules are nested deeper than any network's")
        state = table(module.state)
        for kind in ("_parameters", "_buffers"):
            for name, value in table(state.get(kind)).items():
                # Recomputed by ours, never read: other forms scale them otherwise.
                if name != "resample_filter" and value is not None:
                    full = f"{prefix}{str(name)[:200]}"
                    found[full] = take(value, full)
                    visited += 1
        for name, part in table(state.get("_modules")).items():
            if isinstance(part, Instance):
                collect(part, f"{prefix}{str(name)[:200]}.", depth + 1)

    collect(network, "", 0)
    return found
