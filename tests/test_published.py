from __future__ import annotations

import importlib.util
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vcam_emoji.emotion_input import scaled
from vcam_emoji.errors import DataError

pytestmark = [
    pytest.mark.generator,
    pytest.mark.skipif(
        importlib.util.find_spec("keras") is None, reason="keras and tensorflow are not installed"
    ),
    # Keras's own, on every array that it hands over.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
CHANNELS = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)


def arrays() -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
    """What a published network holds, by name, of chance."""
    chance = np.random.default_rng(0)

    def some(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        return chance.normal(0, 0.05, shape).astype(np.float16).astype(np.float32)

    found = {
        "conv1/convolution/merged_input": some(3, 3, 3, 32),
        "conv1_bn/batchnorm_1/sub": some(32),
        "age_pred/kernel": some(256, 100),
        "age_pred/bias": some(100),
    }
    for block, (before, after) in enumerate(itertools.pairwise(CHANNELS), start=1):
        found[f"conv_dw_{block}/depthwise_kernel"] = some(3, 3, before, 1)
        found[f"conv_dw_{block}_bn/batchnorm_1/mul"] = 1 + some(before)
        found[f"conv_dw_{block}_bn/batchnorm_1/sub"] = some(before)
        found[f"conv_pw_{block}/convolution/merged_input"] = some(1, 1, before, after)
        found[f"conv_pw_{block}_bn/batchnorm_1/sub"] = some(after)
    return found


def write(folder: Path, stored: dict[str, np.ndarray[Any, np.dtype[np.float32]]]) -> Path:
    """As TensorFlow.js does, halved to float16 but for the scales."""
    weights: list[dict[str, Any]] = []
    content = b""
    for name, values in stored.items():
        form: dict[str, Any] = {"name": name, "shape": list(values.shape), "dtype": "float32"}
        if not name.endswith("mul"):
            form["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
            values = values.astype(np.float16)
        weights.append(form)
        content += values.tobytes()
    (folder / "net.bin").write_bytes(content)
    said = {"weightsManifest": [{"paths": ["net.bin"], "weights": weights}]}
    (folder / "net.json").write_text(json.dumps(said))
    return folder / "net.json"


def test_a_teacher_begins_as_the_published_network_computes(tmp_path: Path) -> None:
    import keras
    import tensorflow as tf

    from vcam_emoji.training import networks, train, weights

    stored = arrays()
    model = networks.build("teacher-mobilenet")
    train.begin_with(model, weights.taken(write(tmp_path, stored))[1])
    picture = np.random.default_rng(1).integers(0, 256, (2, 48, 48), dtype=np.uint8)

    steps = [layer for layer in model.layers if isinstance(layer, keras.layers.ReLU)]
    enlarged = next(layer for layer in model.layers if isinstance(layer, keras.layers.Concatenate))
    seen = keras.Model(model.input, [enlarged.output, steps[2].output, steps[4].output])
    x, second, fourth = (np.asarray(each) for each in seen(scaled(picture)))
    assert x.shape == (2, 112, 112, 3)

    def clipped(y: Any) -> Any:
        return tf.clip_by_value(y, 0.0, 6.0)

    y = tf.nn.conv2d(x, stored["conv1/convolution/merged_input"], 2, "SAME")
    y = clipped(y + stored["conv1_bn/batchnorm_1/sub"])
    for block, step in ((1, 1), (2, 2)):
        kernel = stored[f"conv_dw_{block}/depthwise_kernel"]
        y = tf.nn.depthwise_conv2d(y, kernel, [1, step, step, 1], "SAME")
        y = y * stored[f"conv_dw_{block}_bn/batchnorm_1/mul"].astype(np.float32)
        y = clipped(y + stored[f"conv_dw_{block}_bn/batchnorm_1/sub"])
        y = tf.nn.conv2d(y, stored[f"conv_pw_{block}/convolution/merged_input"], 1, "SAME")
        y = clipped(y + stored[f"conv_pw_{block}_bn/batchnorm_1/sub"])
        np.testing.assert_allclose((second, fourth)[block - 1], y, atol=2e-4)


def test_it_sees_grey_levels_less_the_mean_of_each_colour(tmp_path: Path) -> None:
    import keras

    from vcam_emoji.training import networks

    model = networks.build("teacher-mobilenet")
    enlarged = next(layer for layer in model.layers if isinstance(layer, keras.layers.Concatenate))
    seen = keras.Model(model.input, enlarged.output)
    grey = np.asarray(seen(scaled(np.full((1, 48, 48), 200, np.uint8))))
    np.testing.assert_allclose(grey[0, 50, 50], [200 - 103.939, 200 - 116.779, 200 - 123.68], 1e-4)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("no file", "wrote"),
        ("no JSON", "wrote"),
        ("a list", "wrote"),
        ("no bytes", "wrote"),
        ("too few bytes", "wrote"),
        ("too many bytes", "tells of"),
        ("an unknown form", "wrote"),
        ("another network", "another network"),
    ],
)
def test_a_damaged_network_is_refused_in_one_sentence(tmp_path: Path, harm: str, said: str) -> None:
    from vcam_emoji.training import published

    stored = arrays()
    if harm == "another network":
        del stored["conv_dw_3/depthwise_kernel"]
    path = write(tmp_path, stored)
    content = tmp_path / "net.bin"
    if harm == "no file":
        path.unlink()
    elif harm == "no JSON":
        path.write_text("{")
    elif harm == "a list":
        path.write_text("[]")
    elif harm == "no bytes":
        content.unlink()
    elif harm == "too few bytes":
        content.write_bytes(content.read_bytes()[:-2])
    elif harm == "too many bytes":
        content.write_bytes(content.read_bytes() + b"..")
    elif harm == "an unknown form":
        path.write_text(path.read_text().replace('"float16"', '"uint8"'))
    with pytest.raises(DataError, match=said):
        published.trunk(path)
