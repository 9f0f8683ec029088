"""Training where everything stays on an accelerator, tried on a CPU."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from vcam_emoji.training.augment import Variation, varied

pytestmark = [
    pytest.mark.generator,
    pytest.mark.skipif(
        importlib.util.find_spec("keras") is None, reason="keras and tensorflow are not installed"
    ),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
STILL = Variation(rotation=0, shift=0, scale=0, contrast=0, brightness=0)


def portraits(n: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Soft blobs and edges, about as rough as faces."""
    noise = np.random.default_rng(5).normal(0, 1, (n, 12, 12)).astype(np.float32)
    large = np.stack([cv2.resize(each, (48, 48), interpolation=cv2.INTER_CUBIC) for each in noise])
    return np.asarray(np.clip(large * 45 + 125, 0, 255), np.uint8)


def on_device(
    images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], how: Variation
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Varied by `augment_ops`, in grey levels."""
    from keras import ops

    from vcam_emoji.training import augment_ops

    rng = np.random.default_rng(11)
    chance = rng.random((len(images), augment_ops.DRAWS), np.float32)
    grain = rng.standard_normal(images.shape, np.float32)
    made = ops.convert_to_numpy(augment_ops.varied(images, how, chance, grain))
    assert made.shape == (len(images), 48, 48, 1)
    return (np.asarray(made)[..., 0].astype(np.float64) + 1) * 127.5


@pytest.mark.parametrize(
    "how",
    [
        replace(STILL, rotation=20),
        replace(STILL, shift=6),
        replace(STILL, scale=0.3),
        replace(STILL, contrast=0.4),
        replace(STILL, brightness=40),
        replace(STILL, erase=1),
        replace(STILL, camera=1),
        replace(STILL, side_light=1),
        Variation(camera=0.5, erase=0.3, side_light=0.2),
    ],
    ids=[*Variation.__slots__, "everything"],
)
def test_an_accelerator_varies_pictures_as_often_and_as_strongly_as_the_host(
    how: Variation,
) -> None:
    images = portraits(600)
    theirs = varied(images, how, np.random.default_rng(3)).astype(np.float64)
    ours = on_device(images, how)
    before = images.astype(np.float64)
    summaries: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "change": lambda x: np.minimum(
            abs(x - before).mean(axis=(1, 2)), abs(x - before[..., ::-1]).mean(axis=(1, 2))
        ),
        "light": lambda x: x.mean(axis=(1, 2)) - before.mean(axis=(1, 2)),
        "roughness": lambda x: abs(np.diff(x, axis=2)).mean(axis=(1, 2)),
    }
    for name, summary in summaries.items():
        ours_is, theirs_is = summary(ours), summary(theirs)
        spread = max(1.0, float(theirs_is.std()))
        assert abs(ours_is.mean() - theirs_is.mean()) < 0.25 * spread, name
        assert abs(ours_is.std() - theirs_is.std()) < 0.25 * spread, name


def test_a_still_picture_only_ever_turns_into_its_mirror_image() -> None:
    images = portraits(32)
    made = on_device(images, STILL)
    same = abs(made - images).max(axis=(1, 2)) < 0.6
    mirrored = abs(made - images[..., ::-1]).max(axis=(1, 2)) < 0.6
    assert (same | mirrored).all()
    assert 6 < mirrored.sum() < 26


@pytest.mark.parametrize("quality", [25, 60])
def test_jpeg_on_an_accelerator_is_opencv_s(quality: int) -> None:
    from keras import ops

    from vcam_emoji.training.augment_ops import _jpeg

    images = portraits(8)
    ours = ops.convert_to_numpy(_jpeg(images.astype(np.float32), np.full(8, quality, np.float32)))
    for image, made in zip(images, ours, strict=True):
        _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        theirs = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.float32)
        assert abs(made - theirs).mean() < 0.6


_PROGRAM = """
import sys

class Bare:
    "A leased machine has JAX, and neither TensorFlow nor anything of the live path."
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"tensorflow", "pydantic", "ai_edge_litert"}:
            raise ImportError(name)

sys.meta_path.insert(0, Bare())
from dataclasses import replace
from pathlib import Path
import numpy as np
from vcam_emoji.training.data import Faces
from vcam_emoji.training.networks import NETWORKS, build, residual
from vcam_emoji.training.recipe import Recipe
from vcam_emoji.training.run import Run
from vcam_emoji.training.train import train

NETWORKS["tiny"] = lambda n: residual(n, (8, 1), standardised=True)
n = 64
labels = np.arange(n) % 2 * 3
images = np.random.default_rng(0).integers(0, 60, (n, 48, 48), dtype=np.uint8)
images[labels == 0, ::4] += 180
images[labels == 3, :, ::4] += 180
faces = Faces(images, labels, np.where(np.arange(n) < 48, "train", "public"))
recipe = replace(
    Recipe(), network="tiny", epochs=2, batch=16, warm_up_epochs=1, precision="float32", mixup=0.2
)
recipe = replace(recipe, sharpness=float(sys.argv[2]))
teachers = [build("tiny")]
out = Path(sys.argv[1])
whole, stopped = Run(out / "whole"), Run(out / "stopped")
for run in (whole, stopped):
    run.begin(recipe)
assert len(list(train(whole, recipe, faces, teachers=teachers))) == 2
next(train(stopped, recipe, faces, teachers=teachers))
resumed = [epoch.number for epoch in train(stopped, recipe, faces, teachers=teachers)]
assert resumed == [2], resumed
for ours, theirs in zip(stopped.state().average, whole.state().average, strict=True):
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)
losses = [epoch.loss for epoch in whole.epochs()]
assert losses[-1] < losses[0], losses
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="jax is not installed")
@pytest.mark.parametrize("sharpness", ["0", "0.05"])
def test_on_jax_a_resumed_run_ends_as_one_that_never_stopped(
    sharpness: str, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path), sharpness],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
