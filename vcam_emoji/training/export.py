"""From a run's best weights to the LiteRT model that ships, and its model card."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from vcam_emoji.emotion_input import SIZE, scaled
from vcam_emoji.emotion_network import EmotionNetwork
from vcam_emoji.errors import UsageError
from vcam_emoji.training import networks
from vcam_emoji.training.card import card
from vcam_emoji.training.data import Faces, divided
from vcam_emoji.training.figures import (
    calibration_error,
    figures,
    near_duplicates,
    temperature,
    timed_scores,
)
from vcam_emoji.training.learner import rarer_oftener, smoothed
from vcam_emoji.training.recipe import Recipe
from vcam_emoji.training.robustness import robustness
from vcam_emoji.training.run import Run, assign
from vcam_emoji.training.weights import keep, taken
from vcam_emoji.types import Emotion


def export(
    path: Path,
    faces: Faces,
    form: str,
    out: Path,
    note: str = "",
    mirrored: bool = False,
    undo_votes: float = 0.0,
) -> dict[str, Any]:
    """Write `emotion.tflite`, `weights.npz`, `model.json` and `README.md`.

    The scores are calibrated on the public split: logits are divided by one number, which
    changes no answer.

    Args:
        path: A run's folder, of which the best epoch is taken, or a file that `keep` wrote.
        faces: What it was trained on, with what was held out.
        form: One of `recipe.FORMS`.
        out: A folder; made if it is missing.
        note: What else the card is to say of the training.
        mirrored: What ships looks at each face and at its mirror image.
        undo_votes: Strength of `offsets`.

    Returns:
        What `model.json` holds.

    Raises:
        DataError: there are no weights, or they do not fit.
        UsageError: Keras runs on another backend than TensorFlow, which the conversion needs.
    """
    recipe, weights = taken(path)
    training, held_out = divided(faces, recipe.seed)
    model = networks.build(recipe.network)
    assign(model.weights, weights)
    if mirrored:
        model = with_mirror_image(model)
    raw = networks.logits(model, held_out.images)
    warmth = temperature(held_out.labels, raw)
    rng = np.random.default_rng(recipe.seed)
    typical = training.images[rng.permutation(len(training))[:500]]
    added = offsets(training, recipe, undo_votes)
    packed = converted(calibrated(model, warmth, added), form, typical)

    out.mkdir(parents=True, exist_ok=True)
    half = out / "emotion.half"
    half.write_bytes(packed)
    half.replace(out / "emotion.tflite")
    network = EmotionNetwork(out / "emotion.tflite")
    scores, ms = timed_scores(network, held_out)
    fresh = ~near_duplicates(held_out.images, training.images)
    whole = figures(held_out.labels, scores)
    said: dict[str, Any] = {
        "file": "emotion.tflite",
        "sha256": hashlib.sha256(packed).hexdigest(),
        "bytes": len(packed),
        "form": form,
        "network": recipe.network,
        "parameters": model.count_params(),
        "mirrored": mirrored,
        "temperature": round(warmth, 4),
        "undo_votes": undo_votes,
        "offsets": [round(float(each), 4) for each in added],
        **_progress(path),
        "recipe": {**asdict(recipe), "teachers": list(recipe.teachers)},
        "note": note,
        "public": {
            **asdict(whole),
            "calibration_error": calibration_error(held_out.labels, scores),
            "without_near_duplicates": {
                "n": int(fresh.sum()),
                "accuracy": figures(held_out.labels[fresh], scores[fresh]).accuracy,
            },
            "keras_accuracy": figures(
                held_out.labels, (raw / warmth + added).astype(np.float32)
            ).accuracy,
            "ms_per_face": round(ms, 3),
            "robustness": robustness(network, held_out),
        },
    }
    text = json.dumps(said, indent=1) + "\n"
    (out / "model.json").write_text(text, encoding="utf-8")
    (out / "README.md").write_text(card(said, recipe), encoding="utf-8")
    if path.is_dir():
        keep(Run(path), out / "weights.npz")
    elif path.resolve() != (out / "weights.npz").resolve():
        shutil.copyfile(path, out / "weights.half")
        (out / "weights.half").replace(out / "weights.npz")
    return said


def _progress(path: Path) -> dict[str, int]:
    """Which epoch of how many; nothing where weights alone were kept."""
    if not path.is_dir():
        return {}
    run = Run(path)
    return {"epoch": run.best()[1], "epochs": len(run.epochs())}


def offsets(training: Faces, recipe: Recipe, strength: float) -> NDArray[np.float64]:
    """[7], added to calibrated logits: how common votes made each emotion is taken back.

    FER+ raters see fear, anger and disgust seldom where the labels name them, so a network taught
    by both is slow to. The priors it was taught with are known, and so is what labels alone would
    have taught. That of neutral stays, for in calls people are at rest most of the time.

    Args:
        training: What was learnt.
        recipe: By which it was.
        strength: 1 is what the priors say; 0 leaves answers alone.

    Source: Menon et al. 2021, "Long-tail learning via logit adjustment".
    """
    odds = rarer_oftener(training.labels, recipe.balance)
    labels, taught = (
        1e-6 + odds @ smoothed(training.targets(share), recipe.label_smoothing, [len(Emotion)])
        for share in (0.0, recipe.share_of_votes)
    )
    found: NDArray[np.float64] = strength * np.log(labels / taught)
    found[list(Emotion).index(Emotion.NEUTRAL)] = 0.0
    return found


def with_mirror_image(model: keras.Model) -> keras.Model:
    """The mean of the logits of a picture and of its mirror image: twice the work."""
    both = ops.concatenate([model.input, ops.flip(model.input, axis=2)], axis=0)
    answers = ops.reshape(model(both), (2, -1, model.output_shape[-1]))
    return keras.Model(model.input, ops.mean(answers, axis=0))


def calibrated(model: keras.Model, warmth: float, added: NDArray[np.float64]) -> keras.Model:
    """The network with softmax scores of its logits over a temperature, plus an offset for each."""
    cooled = layers.Rescaling(1 / warmth, added.tolist())(model.output)
    return keras.Model(model.input, layers.Softmax()(cooled))


def converted(model: keras.Model, form: str, typical: NDArray[np.uint8]) -> bytes:
    """A LiteRT model for one face at a time.

    Args:
        model: [n, 48, 48, 1] to [n, 7].
        form: One of `recipe.FORMS`.
        typical: [n, 48, 48] pictures, from which `int8` takes the range of its activations.
    """
    if keras.backend.backend() != "tensorflow":
        raise UsageError(
            f"Keras runs on {keras.backend.backend()}; the export needs TensorFlow.",
            "Say so with: KERAS_BACKEND=tensorflow",
        )
    import tensorflow as tf

    def pictures() -> Iterator[list[NDArray[np.float32]]]:
        for picture in scaled(typical):
            yield [picture[None]]

    quantised = {"optimizations": [tf.lite.Optimize.DEFAULT]}
    options: dict[str, dict[str, Any]] = {
        "float32": {},
        "float16": {**quantised, "target_spec": {"supported_types": [tf.float16]}},
        "dynamic": quantised,
        "int8": {**quantised, "representative_dataset": pictures},
    }
    signature = [keras.InputSpec(shape=(1, SIZE, SIZE, 1), dtype="float32")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "emotion.tflite"
        model.export(
            str(path), format="litert", input_signature=signature, verbose=False, **options[form]
        )
        return path.read_bytes()
