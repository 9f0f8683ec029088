"""The model card that lies beside the shipped network, written from its figures."""

from __future__ import annotations

from typing import Any

from vcam_emoji.training.recipe import Recipe
from vcam_emoji.types import Emotion

_ARCHITECTURES = {
    "mini-xception": (
        "the mini-Xception of Arriaga, Valdenegro-Toro and Ploeger (2017), "
        "residual modules of separable convolutions"
    ),
    "residual": "plain residual blocks of 3 x 3 convolutions (He et al. 2016)",
    "residual-light": "plain residual blocks of 3 x 3 convolutions, narrow first (He et al. 2016)",
    "residual-deep": (
        "plain residual blocks of 3 x 3 convolutions (He et al. 2016), narrow first, "
        "on pictures brought to one brightness and contrast"
    ),
    "student": (
        "residual blocks of 3 x 3 convolutions that weigh their channels (He et al. 2016, "
        "Hu et al. 2018), on pictures brought to one brightness and contrast"
    ),
}
_FORMS = {
    "float32": "float32 weights",
    "float16": "float16 weights, computed in float32",
    "dynamic": "int8 weights, activations quantised on the fly",
    "int8": "int8 weights and activations, float32 in and out",
}


_MIRRORED = (
    "The network looks at each face and at its mirror image and averages\nthe logits: "
    "that is part of what ships, and of every figure below."
)


def _undone(said: dict[str, Any]) -> str:
    if not said["undo_votes"]:
        return ""
    added = ", ".join(
        f"{name} {each:+.2f}"
        for name, each in zip(map(str, Emotion), said["offsets"], strict=True)
        if each
    )
    return (
        f"\nTo the logits is added, {said['undo_votes']:g} times, what FER+ votes in the targets\n"
        "took from them, as votes make anger, disgust and fear rarer than the labels have them:\n"
        f"{added}; neutral stays.\n"
    )


def _answered(recipe: Recipe) -> str:
    """What was learnt from other networks' answers."""
    if not recipe.teachers:
        return ""
    text = f"\nOf what it was taught, {recipe.share_of_teachers:.0%} are answers of other networks"
    if recipe.unlabelled:
        text += (
            f";\nof the faces shown to it {recipe.share_of_unlabelled:.0%} are from "
            f"`{recipe.unlabelled}`, labelled by those answers alone"
        )
    return text + "."


def _shipped(said: dict[str, Any]) -> str:
    if "epoch" not in said:
        return ""
    return (
        f" Shipped is epoch {said['epoch']} of {said['epochs']}, "
        "the most accurate on the public split, with averaged weights."
    )


def card(said: dict[str, Any], recipe: Recipe) -> str:
    """Markdown, from what `export` writes to `model.json`."""
    public = said["public"]
    fresh = public["without_near_duplicates"]
    recalls = "\n".join(f"| {name} | {share:.1%} |" for name, share in public["recall"].items())
    robustness = "\n".join(
        f"| {name} | {share:.2%} | {100 * (share - public['accuracy']):+.1f} |"
        for name, share in public["robustness"].items()
    )
    run = f"runs/{said['network']}"
    form = f"--form {said['form']}{' --mirrored' if said['mirrored'] else ''}"
    form += f" --undo-votes {said['undo_votes']:g}" if said["undo_votes"] else ""
    names = [str(emotion) for emotion in Emotion]
    confusion = "\n".join(
        f"| **{name}** | " + " | ".join(map(str, row)) + " |"
        for name, row in zip(names, public["confusion"], strict=True)
    )
    return f"""# The emotion network

Reads one of seven expressions from a face: {", ".join(names)}.
It is {_ARCHITECTURES.get(said["network"], said["network"])}: {said["parameters"]:,} parameters, \
{said["bytes"] / 1000:.0f} kB, {_FORMS[said["form"]]}.

**In**: one grey face, 48 x 48 pixels, upright, framed as FER-2013 frames it, from -1 to 1
(`vcam_emoji/emotion_input.py`, which training uses too). **Out**: seven scores summing to 1,
calibrated by a temperature of {said["temperature"]}.{_undone(said)}
{_MIRRORED if said["mirrored"] else ""}

## Not for

It sees expressions, as strangers labelled them in photographs; it does not know feelings. It must
not be used to judge people: not in hiring, teaching, policing, medicine or advertising. It was
made to choose an emoji. It errs more often on fear, sadness and anger than on happiness, on
people and in light that its data shows rarely, and on faces turned away.

## Data

FER-2013 (Goodfellow et al. 2013, "Challenges in representation learning"): 28,558 faces for
training, from web searches, published for research; labels are known to be noisy (people agree
with them about two times in three). FER+ votes (Barsoum et al. 2016, MIT licence) make up
{recipe.share_of_votes:.0%} of the training targets.{_answered(recipe)}
No picture of the data is shipped. The weights are published under the licence of this project;
whoever needs terms for the data itself must turn to its authors.

## Training

```
python -m vcam_emoji.training train FER2013 --run {run} {recipe.options()}
python -m vcam_emoji.training export {run} FER2013 {form}
```

The seed is {recipe.seed}; the rest of the recipe is in `model.json`.{_shipped(said)} {said["note"]}

`weights.npz` holds the same weights as float16, before quantisation: `train --from` and \
`train --teachers` take them.

## Figures

Measured on this very file, `python -m vcam_emoji.training evaluate FER2013`, public test split,
{public["n"]:,} faces. The epoch, the temperature and what is added were
chosen on the same split, so expect a little less elsewhere; across data sets such networks lose
much more.

| what | figure |
|---|---|
| accuracy | {public["accuracy"]:.2%} |
| macro-F1 | {public["macro_f1"]:.2%} |
| accuracy on the {fresh["n"]:,} without a near-duplicate in training | {fresh["accuracy"]:.2%} |
| expected calibration error | {public["calibration_error"]:.3f} |
| time for a face, one thread, as measured at the export | {public["ms_per_face"]:.2f} ms |

The same faces made worse, `evaluate FER2013 --robustness`:

| faces | accuracy | change |
|---|---|---|
{robustness}

| recall of | |
|---|---|
{recalls}

Truth in rows, answers in columns:

| | {" | ".join(names)} |
|---|{"---|" * len(names)}
{confusion}

## Whom it serves less well

On faces of FairFace, whose expressions nobody labelled, people above forty, and those whom
onlookers call Middle Eastern, are read as angry, disgusted, afraid or sad more often than others,
and men as happy less often than women; scores of people above sixty are the least sure. How much
so, by race, gender and age: `docs/emotions.md`,
`python -m vcam_emoji.benchmarks.fairness FAIRFACE`.
"""
