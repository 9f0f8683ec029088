from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests import fakes
from vcam_emoji.emotion_input import crop, scaled
from vcam_emoji.emotion_network import EmotionNetwork
from vcam_emoji.errors import DataError
from vcam_emoji.resources import asset
from vcam_emoji.training import processor
from vcam_emoji.training.__main__ import main
from vcam_emoji.training.card import card
from vcam_emoji.training.data import Faces
from vcam_emoji.training.recipe import FORMS, Recipe

needs_keras = [
    pytest.mark.generator,
    pytest.mark.skipif(
        importlib.util.find_spec("keras") is None, reason="keras and tensorflow are not installed"
    ),
    # Keras's own, on every array that it hands over.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

RECIPE = replace(Recipe(), network="tiny", epochs=3, batch=8, warm_up_epochs=1, precision="float32")


def stripes(n: int = 64) -> Faces:
    """Two classes that a network of any size can tell apart."""
    labels = np.arange(n) % 2 * 3
    images = np.random.default_rng(0).integers(0, 60, (n, 48, 48), dtype=np.uint8)
    images[labels == 0, ::4] += 180
    images[labels == 3, :, ::4] += 180
    return Faces(images, labels, np.where(np.arange(n) < 48, "train", "public"))


def write_npz(path: Path) -> Path:
    faces = stripes()
    np.savez(path, images=faces.images, labels=faces.labels)
    return path


@pytest.fixture(scope="module")
def tiny() -> Iterator[None]:
    """Makes a network known that trains in seconds; it has dropout, so chance must resume too.

    Not narrower: on wide vectors oneDNN's gradient of a convolution from 1 to 8 channels, padded,
    writes past its end (TensorFlow 2.21).
    """
    from vcam_emoji.training.networks import NETWORKS, residual

    NETWORKS["tiny"] = lambda n: residual(n, (16, 1), (16, 1))
    yield
    del NETWORKS["tiny"]


@pytest.fixture(scope="module")
def whole_run(tiny: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three epochs that was never stopped."""
    from vcam_emoji.training.run import Run
    from vcam_emoji.training.train import train

    run = Run(tmp_path_factory.mktemp("whole"))
    run.begin(RECIPE)
    assert [epoch.number for epoch in train(run, RECIPE, stripes())] == [1, 2, 3]
    return run.folder


class TestTraining:
    pytestmark = needs_keras

    def test_a_resumed_run_ends_as_one_that_never_stopped(
        self, whole_run: Path, tmp_path: Path
    ) -> None:
        from vcam_emoji.training.run import Run
        from vcam_emoji.training.train import train

        run = Run(tmp_path)
        run.begin(RECIPE)
        assert next(train(run, RECIPE, stripes())).number == 1
        resumed = [epoch.number for epoch in train(run, run.recipe(), stripes())]
        assert resumed == [2, 3]
        stopped, whole = run.state(), Run(whole_run).state()
        assert stopped.epoch == whole.epoch == 3
        for ours, theirs in zip(stopped.average, whole.average, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)
        losses = [each.loss for each in run.epochs()]
        assert losses == pytest.approx([each.loss for each in Run(whole_run).epochs()], rel=1e-3)

    def test_a_sharpness_aware_step_takes_the_slope_of_the_worst_place_near_by(self) -> None:
        import keras

        from vcam_emoji.training import sharpness

        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
        began = np.array([[0.5], [-1.0]], np.float32)
        model.set_weights([began])
        optimizer = keras.optimizers.SGD(0.1)
        optimizer.build(model.trainable_variables)

        def loss(wanted: object, got: object) -> object:
            return keras.ops.square(got - wanted)[:, 0]  # type: ignore[operator]

        pictures = np.array([[1, 2], [0, 1], [3, -1], [1, 1]], np.float32)
        wanted = np.array([[1], [0], [2], [-1]], np.float32)

        def slope(w: np.ndarray, n: int) -> np.ndarray:
            x, y = pictures[:n], wanted[:n]
            return np.asarray(2 * x.T @ (x @ w - y) / n)

        up = slope(began, 2)
        worst = began + 0.3 * up / np.linalg.norm(up)
        found = sharpness.step(model, optimizer, loss, 0.3)(pictures, wanted)
        after = began - 0.1 * slope(worst, 4)
        np.testing.assert_allclose(model.get_weights()[0], after, rtol=1e-5)
        assert float(found) == pytest.approx(float(np.mean((pictures @ worst - wanted) ** 2)))

    def test_a_sharpness_aware_run_learns(self, tiny: None, tmp_path: Path) -> None:
        from vcam_emoji.training.run import Run
        from vcam_emoji.training.train import train

        aware, run = replace(RECIPE, sharpness=0.05), Run(tmp_path)
        run.begin(aware)
        losses = [epoch.loss for epoch in train(run, aware, stripes())]
        assert losses[-1] < losses[0]

    def test_a_run_by_the_clock_ends_when_its_time_is_over(
        self, tiny: None, tmp_path: Path
    ) -> None:
        from vcam_emoji.training.run import Run
        from vcam_emoji.training.train import train

        hurried = replace(RECIPE, minutes=1e-6)
        run = Run(tmp_path)
        run.begin(hurried)
        (epoch,) = train(run, hurried, stripes())
        assert epoch.number == 1
        assert list(train(run, hurried, stripes())) == []

    def test_weights_are_averaged_with_those_they_began_from(
        self, whole_run: Path, tmp_path: Path
    ) -> None:
        from vcam_emoji.training.run import Run
        from vcam_emoji.training.weights import keep, taken

        began, mixed = tmp_path / "began.npz", tmp_path / "mixed"
        keep(Run(whole_run), began)
        words = ["mix", str(whole_run), str(began), str(mixed), "--share", "0.25"]
        assert main(words) == 0
        assert main(words) == 2, "what is there is not written over"
        mine, theirs = taken(whole_run)[1], taken(began)[1]
        recipe, found = taken(mixed)
        assert recipe == RECIPE
        for one, other, each in zip(mine, theirs, found, strict=True):
            np.testing.assert_allclose(each, 0.25 * one + 0.75 * other, rtol=1e-5, atol=1e-7)

    @pytest.mark.parametrize(("share", "larger"), [(0.1, "other"), (0.5, "run"), (0.9, "run")])
    def test_an_average_has_the_recipe_of_its_larger_part(
        self, whole_run: Path, tmp_path: Path, share: float, larger: str
    ) -> None:
        """`export --undo-votes` takes back what the targets of that one did."""
        from vcam_emoji.training.run import Run
        from vcam_emoji.training.weights import mix, taken

        best, epoch, _ = Run(whole_run).best()
        other = Run(tmp_path / "other")
        other.begin(replace(RECIPE, share_of_votes=0.9))
        other.log(next(each for each in Run(whole_run).epochs() if each.number == epoch))
        other.keep_best(best, other.epochs()[0])
        mix(Run(whole_run), other.folder, share, Run(tmp_path / "mixed"))
        recipe = taken(tmp_path / "mixed")[0]
        assert (
            recipe.share_of_votes == (RECIPE if larger == "run" else other.recipe()).share_of_votes
        )

    def test_a_run_begins_with_the_weights_of_another(
        self, whole_run: Path, tmp_path: Path
    ) -> None:
        from vcam_emoji.training import networks
        from vcam_emoji.training.run import Run
        from vcam_emoji.training.train import begin_with
        from vcam_emoji.training.weights import keep, taken

        file = tmp_path / "weights.npz"
        keep(Run(whole_run), file)
        recipe, halves = taken(file)
        assert recipe == RECIPE
        _, whole = taken(whole_run)
        for half, full in zip(halves, whole, strict=True):
            np.testing.assert_allclose(half, full, rtol=1e-3, atol=1e-6)
        model = networks.build("tiny", answers=18)
        before = np.array(model.weights[-1])
        begin_with(model, halves)
        np.testing.assert_array_equal(model.weights[0], halves[0])
        np.testing.assert_array_equal(model.weights[-1], before)
        with pytest.raises(DataError, match="do not fit"):
            begin_with(networks.build("mini-xception"), halves)

    def test_a_student_learns_what_its_teacher_answers(
        self, whole_run: Path, tmp_path: Path
    ) -> None:
        """The labels are swapped, and the teacher alone is asked."""
        from vcam_emoji.training.figures import figures
        from vcam_emoji.training.networks import logits
        from vcam_emoji.training.run import Run, assign
        from vcam_emoji.training.train import train
        from vcam_emoji.training.weights import teacher

        faces = stripes()
        wrong = replace(faces, labels=3 - faces.labels)
        still = replace(RECIPE.variation, rotation=0, shift=0, scale=0)
        recipe = replace(
            RECIPE, share_of_teachers=1.0, teacher_temperature=0.2, epochs=6, variation=still
        )
        model = teacher(whole_run, "float32")
        assert figures(faces.labels, logits(model, faces.images)).accuracy > 0.9
        run = Run(tmp_path)
        run.begin(recipe)
        for _ in train(run, recipe, wrong, teachers=[model]):
            pass
        assign(model.weights, run.state().average)
        assert figures(faces.labels, logits(model, faces.images)).accuracy > 0.9

    def test_a_table_of_changes_is_trained_once(self, tiny: None, tmp_path: Path) -> None:
        from vcam_emoji.training.ablation import Row, ablate
        from vcam_emoji.training.run import Arrays

        def alone(_: Recipe) -> tuple[Arrays | None, list[object]]:
            return None, []

        def rows() -> list[Row]:
            changes = {"as it is": {}, "no votes": {"share_of_votes": "0"}, "same": {"epochs": "1"}}
            recipe = replace(RECIPE, epochs=1)
            return list(ablate(tmp_path, recipe, stripes(), changes, alone))

        first = rows()
        assert [row.name for row in first] == ["as it is", "no votes"]
        assert first == rows()
        assert json.loads((tmp_path / "table.json").read_text())[1]["recipe"]["seed"] == RECIPE.seed
        assert "| no votes |" in (tmp_path / "table.md").read_text()
        assert 0 < first[0].spoilt <= 1

    def test_attributes_of_faces_are_learnt_beforehand(self, tiny: None, tmp_path: Path) -> None:
        from vcam_emoji.training.attributes import GROUPS, Attributes, pretrain
        from vcam_emoji.training.run import Run

        answers = np.array([[2, 0, 6], [8, 1, 0]])[np.arange(64) % 2]
        run = Run(tmp_path)
        run.begin(RECIPE)
        epochs = list(pretrain(run, RECIPE, Attributes(stripes().images, answers), lambda _: None))
        assert epochs[-1].loss < epochs[0].loss
        assert run.best()[0][-1].shape == (sum(GROUPS),)

    def test_balance_shows_rare_classes_oftener(self) -> None:
        from vcam_emoji.training.learner import Examples, order

        labels = np.array([3] * 6000 + [1] * 100)
        nothing = np.zeros((6100, 7), np.float32)
        examples = Examples(np.zeros((6100, 48, 48), np.uint8), nothing, labels, (7,))
        plain = order(examples, 0, np.random.default_rng(0))
        assert sorted(plain) == list(range(6100))
        shown = labels[order(examples, 0.5, np.random.default_rng(0))]
        ratio = (shown == 1).sum() / (shown == 3).sum()
        assert ratio == pytest.approx((100 / 6000) ** 0.5, rel=0.2)

    def test_unlabelled_faces_are_answered_alike_when_mirrored(self, whole_run: Path) -> None:
        from vcam_emoji.training.processor import PLAIN
        from vcam_emoji.training.unlabelled import guessed
        from vcam_emoji.training.weights import teacher

        faces, networks = stripes(), [teacher(whole_run, PLAIN)]
        guesses = guessed(faces.images, networks)
        mirrored = guessed(faces.images[:, :, ::-1], networks)
        np.testing.assert_allclose(guesses.scores, mirrored.scores, atol=1e-6)
        np.testing.assert_allclose(guesses.scores.sum(axis=1), 1, rtol=1e-5)
        assert (guesses.scores.argmax(axis=1) == faces.labels).mean() > 0.9

    def test_unlabelled_faces_are_shown_as_often_as_asked(self) -> None:
        from vcam_emoji.training.learner import Examples, order
        from vcam_emoji.training.unlabelled import Guesses, joined

        images, labels = np.zeros((1000, 48, 48), np.uint8), np.arange(1000) % 7
        scores = np.eye(7, dtype=np.float32)[np.where(np.arange(4000) < 100, 1, 3)]
        own = Examples(images, scores[:1000], labels, (7,))
        both = joined(own, Guesses(np.ones((4000, 48, 48), np.uint8), scores), 0.25, 0.5)
        rows = order(both, 0.5, np.random.default_rng(0))
        guessed = rows[both.images[rows, 0, 0] == 1]
        assert len(guessed) / len(rows) == pytest.approx(0.25, abs=0.02)
        rare = (both.classes[guessed] == 1).mean()
        assert rare == pytest.approx(100**0.5 / (100**0.5 + 3900**0.5), rel=0.2)

    def test_a_run_goes_on_with_the_guesses_that_it_began_with(
        self, whole_run: Path, tmp_path: Path
    ) -> None:
        import cv2

        from vcam_emoji.training.run import Run

        faces, run = tmp_path / "faces", Run(tmp_path / "run")
        faces.mkdir()
        for i, image in enumerate(stripes(16).images):
            cv2.imwrite(str(faces / f"{i:02}.png"), image)
        data = stripes()
        np.savez(tmp_path / "data.npz", images=data.images, labels=data.labels, splits=data.splits)
        words = ["train", str(tmp_path / "data.npz"), "--run", str(run.folder)]
        begun = ["--network", "tiny", "--epochs", "1", "--batch", "8", "--unlabelled", str(faces)]
        assert main([*words, *begun]) == 2, "somebody has to answer"
        assert main([*words, *begun, "--from", str(whole_run)]) == 0
        (epoch,) = run.epochs()
        assert epoch.accuracy > 0.9
        kept = run.guesses(16)
        assert kept.shape == (16, 7)
        with pytest.raises(DataError, match="answers 16 faces, not 15"):
            run.guesses(15)
        assert main([*words, "--resume"]) == 0
        np.testing.assert_array_equal(run.guesses(16), kept)

    def test_more_labelled_faces_are_learnt_from_too(self, tmp_path: Path) -> None:
        from vcam_emoji.training.run import Run

        data, run = stripes(), Run(tmp_path / "run")
        for name in ("data.npz", "more.npz"):
            np.savez(tmp_path / name, images=data.images, labels=data.labels, splits=data.splits)
        words = ["train", str(tmp_path / "data.npz"), "--run", str(run.folder)]
        begun = ["--network", "tiny", "--epochs", "1", "--batch", "8"]
        assert main([*words, *begun, "--also", str(tmp_path / "more.npz")]) == 0
        assert f"--also {tmp_path / 'more.npz'}" in run.recipe().options()
        assert main([*words, "--resume"]) == 0
        (tmp_path / "more.npz").unlink()
        assert main([*words, "--resume"]) == 2, "a run that goes on needs what it began with"

    @pytest.mark.parametrize("name", ["none.zip", "empty", "torn.zip"])
    def test_what_holds_no_faces_is_refused(self, tmp_path: Path, name: str) -> None:
        from vcam_emoji.training.unlabelled import load

        (tmp_path / "empty").mkdir()
        (tmp_path / "torn.zip").write_bytes(b"PK\x03\x04 torn")
        with pytest.raises(DataError, match=name) as caught:
            load(tmp_path / name)
        assert caught.value.message.count("\n") == 0

    def test_a_finished_run_has_nothing_left_to_do(self, whole_run: Path) -> None:
        from vcam_emoji.training.run import Run
        from vcam_emoji.training.train import train

        assert list(train(Run(whole_run), RECIPE, stripes())) == []

    def test_the_log_and_the_recipe_are_kept(self, whole_run: Path) -> None:
        from vcam_emoji.training.run import Run

        assert Run(whole_run).recipe() == RECIPE
        epochs = Run(whole_run).epochs()
        assert [each.number for each in epochs] == [1, 2, 3]
        assert epochs[-1].loss < epochs[0].loss

    def test_state_of_another_network_is_refused(self, whole_run: Path) -> None:
        from vcam_emoji.training import networks
        from vcam_emoji.training.run import Run, assign

        other = networks.build("mini-xception")
        with pytest.raises(DataError, match="do not fit"):
            assign(other.variables, Run(whole_run).state().variables)

    def test_a_damaged_state_is_refused(self, tmp_path: Path) -> None:
        from vcam_emoji.training.run import Run

        (tmp_path / "state.npz").write_bytes(b"half a file")
        with pytest.raises(DataError, match="cannot be read"):
            Run(tmp_path).state()

    def test_the_baseline_has_the_size_of_its_paper(self) -> None:
        from vcam_emoji.training import networks

        assert networks.build("mini-xception").count_params() == 58_423

    @pytest.mark.parametrize("name", ["mini-xception", "residual", "residual-deep", "student"])
    def test_every_network_is_small_and_answers_with_seven_logits(self, name: str) -> None:
        from vcam_emoji.training import networks

        model = networks.build(name)
        assert model.count_params() < 1_000_000
        assert model.output_shape == (None, 7)

    def test_a_teacher_s_weights_come_back_from_a_leased_machine_in_one_file(self) -> None:
        from vcam_emoji.training import networks

        for name in ("teacher", "teacher-masked"):
            assert networks.build(name).count_params() * 2 < 16 * 2**20

    def test_dim_light_is_nothing_to_a_network_that_standardises(self) -> None:
        from vcam_emoji.training import networks
        from vcam_emoji.training.networks import logits

        model = networks.build("student")
        bright = crop(fakes.noise(), fakes.face(size=200))[None]
        dim = (bright * 0.4 + 20).astype(np.uint8)
        np.testing.assert_allclose(logits(model, dim), logits(model, bright), atol=0.02)

    def test_fused_normalisation_is_keras_s_own(self) -> None:
        import keras

        from vcam_emoji.training.networks import Normalisation

        pictures = np.random.default_rng(0).normal(2, 3, (64, 9, 9, 5)).astype(np.float32)
        fused, plain = Normalisation(), keras.layers.BatchNormalization()
        ours, theirs = fused(pictures, training=True), plain(pictures, training=True)
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
        for a, b in zip(fused.weights, plain.weights, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3)

    @pytest.mark.parametrize("form", FORMS)
    def test_keras_and_the_live_path_agree_on_the_same_face(
        self, form: str, tmp_path: Path
    ) -> None:
        import keras

        from vcam_emoji.training import networks
        from vcam_emoji.training.export import calibrated, converted

        keras.utils.set_random_seed(3)
        model = calibrated(networks.residual(7, (16, 1), (16, 1)), 0.7, np.arange(7) / 5)
        for variable in model.variables:
            if "moving_variance" in variable.path:
                variable.assign(np.full(variable.shape, 0.5))
        seen = crop(fakes.noise(), fakes.face(size=200))[None]
        path = tmp_path / "emotion.tflite"
        path.write_bytes(converted(model, form, seen))
        live = EmotionNetwork(path).scores(seen)
        tolerance = {"float32": 1e-5, "float16": 2e-3, "dynamic": 0.03, "int8": 0.03}[form]
        np.testing.assert_allclose(live, model.predict_on_batch(scaled(seen)), atol=tolerance)

    def test_a_face_and_its_mirror_image_get_the_same_scores(self, tmp_path: Path) -> None:
        import keras

        from vcam_emoji.training import networks
        from vcam_emoji.training.export import calibrated, converted, with_mirror_image

        keras.utils.set_random_seed(3)
        model = with_mirror_image(networks.residual(7, (16, 1), (16, 1)))
        model = calibrated(model, 0.1, np.zeros(7))
        seen = crop(fakes.noise(), fakes.face(size=200))[None]
        path = tmp_path / "emotion.tflite"
        path.write_bytes(converted(model, "dynamic", seen))
        live = EmotionNetwork(path)
        np.testing.assert_allclose(
            live.scores(seen), live.scores(np.ascontiguousarray(seen[:, :, ::-1])), atol=1e-5
        )
        np.testing.assert_allclose(
            live.scores(seen), model.predict_on_batch(scaled(seen)), atol=0.03
        )

    def test_export_writes_a_network_with_a_card_of_its_own_figures(
        self, whole_run: Path, tmp_path: Path
    ) -> None:
        from vcam_emoji.training.export import export
        from vcam_emoji.training.weights import taken

        said = export(whole_run, stripes(), "float16", tmp_path)
        assert json.loads((tmp_path / "model.json").read_text()) == said
        assert said["recipe"]["seed"] == RECIPE.seed
        assert said["public"]["n"] == 16
        text = (tmp_path / "README.md").read_text()
        assert f"{said['public']['accuracy']:.2%}" in text
        assert all(name in text for name in said["public"]["robustness"])
        assert RECIPE.options() in text
        assert taken(tmp_path / "weights.npz")[0] == RECIPE
        assert not list(tmp_path.glob("*.half"))

    def test_weights_that_were_kept_are_exported_like_a_run(
        self, whole_run: Path, tmp_path: Path
    ) -> None:
        from vcam_emoji.training.export import export
        from vcam_emoji.training.run import Run
        from vcam_emoji.training.weights import keep, taken

        keep(Run(whole_run), tmp_path / "kept.npz")
        said = export(tmp_path / "kept.npz", stripes(), "float32", tmp_path / "out")
        assert "epoch" not in said
        assert "Shipped is epoch" not in (tmp_path / "out" / "README.md").read_text()
        assert said["public"]["accuracy"] == pytest.approx(Run(whole_run).best_accuracy(), abs=0.07)
        assert taken(tmp_path / "out" / "weights.npz")[0] == RECIPE
        again = export(tmp_path / "out" / "weights.npz", stripes(), "float32", tmp_path / "out")
        assert again["public"]["confusion"] == said["public"]["confusion"]

    def test_what_votes_made_rare_is_made_as_common_as_the_labels_have_it(
        self, whole_run: Path, tmp_path: Path
    ) -> None:
        from vcam_emoji.training.export import export, offsets

        faces = stripes()
        votes = np.zeros((len(faces), 7), np.float32)
        votes[:, [3, 6]] = 8, 2  # raters see no anger, which is the label of half
        voted = replace(faces, votes=votes)
        recipe = replace(RECIPE, share_of_votes=0.5, balance=0.0, label_smoothing=0.0)
        added = offsets(voted, recipe, 1.0)
        np.testing.assert_allclose(added[[0, 3]], np.log([0.5 / 0.25, 0.5 / 0.65]), rtol=1e-4)
        assert added[6] == 0.0, "at rest is as common as it was"
        smooth = replace(RECIPE, share_of_votes=0.5)
        np.testing.assert_array_equal(offsets(voted, smooth, 0.0), np.zeros(7))
        np.testing.assert_array_equal(offsets(faces, smooth, 2.0), np.zeros(7))

        plain = export(whole_run, voted, "float32", tmp_path / "plain")
        undone = export(whole_run, voted, "float32", tmp_path / "undone", undo_votes=2.0)
        crops = voted.images[48:]
        before, after = (
            np.log(EmotionNetwork(tmp_path / name / "emotion.tflite").scores(crops))
            for name in ("plain", "undone")
        )
        moved = after - before - (after - before)[:, 6:]
        np.testing.assert_allclose(moved, np.tile(undone["offsets"], (16, 1)), atol=2e-3)
        assert not any(plain["offsets"])
        assert "2 times" in (tmp_path / "undone" / "README.md").read_text()


def test_evaluate_prints_one_json_object(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(write_npz(tmp_path / "x.npz")), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert set(said) >= {"n", "accuracy", "macro_f1", "recall", "confusion", "ms_per_face"}
    assert 0 <= said["calibration_error"] <= 1
    assert "robustness" not in said
    assert said["n"] == 64
    assert sum(map(sum, said["confusion"])) == 64
    assert set(said["recall"]) == {"angry", "happy"}


def test_robustness_is_measured_in_every_way_that_is_promised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_npz(tmp_path / "x.npz")
    assert main(["evaluate", str(path), "--json", "--robustness"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert len(said["robustness"]) == 6
    assert all(0 <= share <= 1 for share in said["robustness"].values())


def test_each_way_changes_the_picture_as_it_says() -> None:
    from vcam_emoji.training.robustness import CHANGES

    image = np.zeros((48, 48), np.uint8)
    image[20:28, 20:28] = 200
    x = np.arange(48)

    def centre(picture: np.ndarray) -> float:
        return float((picture * x).sum() / picture.sum())

    moved = CHANGES["shifted 8 %"](image, 1), CHANGES["shifted 8 %"](image, -1)
    assert centre(moved[0]) - centre(image) == pytest.approx(0.08 * 48, abs=0.1)
    assert centre(moved[1]) - centre(image) == pytest.approx(-0.08 * 48, abs=0.1)
    larger = CHANGES["scaled 10 %"](image, 1).sum() / image.sum()
    smaller = CHANGES["scaled 10 %"](image, -1).sum() / image.sum()
    assert larger == pytest.approx(1.21, abs=0.05)
    assert smaller == pytest.approx(1 / 1.21, abs=0.05)
    assert CHANGES["darkened to a quarter"](image, 1).max() == 50


@pytest.mark.parametrize(
    "words",
    [
        ["evaluate", "nowhere.npz"],
        ["pack", "nowhere.zip", "out.npz"],
        ["keep", "nowhere", "out.npz"],
        ["pretrain", "nowhere.zip"],
        ["ablate", "nowhere.zip", "--only", "with magic"],
        ["train", "nowhere.zip", "--set", "colour=red"],
        ["train", "nowhere.zip", "--set", "variation.camera=often"],
        ["evaluate", "nowhere.npz", "--json"],
        ["train", "nowhere.zip", "--network", "alexnet"],
        ["train", "nowhere.zip", "--run", "nowhere"],
        ["train", "nowhere.zip", "--run", "nowhere", "--resume"],
        ["export", "nowhere", "nowhere.zip"],
    ],
)
def test_bad_input_is_one_sentence_with_a_hint(
    words: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    said = capsys.readouterr()
    assert not said.out
    assert len(said.err.splitlines()) == 2
    assert "Traceback" not in said.err


@pytest.mark.parametrize("words", [[], ["fly"], ["train"], ["train", "x.zip", "--epochs", "0"]])
def test_words_that_are_no_command_exit_with_two(words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2


def test_asking_for_a_split_that_is_not_there_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(write_npz(tmp_path / "x.npz")), "--split", "private"]
    assert main(words) == 2
    assert "no private split" in capsys.readouterr().err


def test_the_commands_import_keras_only_where_it_is_needed() -> None:
    code = "import sys, vcam_emoji.training.__main__; print('keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_any_part_of_a_recipe_can_be_set() -> None:
    changed = RECIPE.changed(
        {"epochs": "7", "variation.camera": "0.5", "teachers": "runs/a,runs/b", "mixup": "0.2"}
    )
    assert (changed.epochs, changed.variation.camera, changed.mixup) == (7, 0.5, 0.2)
    assert changed.teachers == ("runs/a", "runs/b")
    assert changed.changed({"teachers": ""}).teachers == ()
    assert RECIPE.changed({}) == RECIPE
    for option in ("--epochs 7", "--set mixup=0.2", "--set variation.camera=0.5"):
        assert option in changed.options()
    assert "--teachers runs/a,runs/b" in changed.options()


def test_a_plan_warms_up_and_falls_to_nothing() -> None:
    from vcam_emoji.training.plan import Plan

    plan = Plan(replace(RECIPE, epochs=10, warm_up_epochs=2, learning_rate=1.0), 100, 0)
    rates = [plan.rate(step) for step in range(1000)]
    assert rates[0] < 0.01
    assert max(rates) == max(rates[150:250])
    assert rates[200:] == sorted(rates[200:], reverse=True)
    assert rates[-1] < 1e-4
    assert (plan.share(500), plan.share(1000)) == (0.5, 1)


def test_a_plan_by_the_clock_goes_by_the_time_spent_before() -> None:
    from vcam_emoji.training.plan import Plan

    timed = replace(RECIPE, minutes=10, warm_up_epochs=0, learning_rate=1.0)
    assert Plan(timed, 100, 0).share(10**6) < 0.1
    assert Plan(timed, 100, 300).share(0) == pytest.approx(0.5, abs=0.1)
    assert Plan(timed, 100, 600).rate(0) == 0


def test_a_recipe_survives_being_saved(tmp_path: Path) -> None:
    RECIPE.save(tmp_path / "recipe.json")
    assert Recipe.load(tmp_path / "recipe.json") == RECIPE


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"variation": {"speed": 3}}'])
def test_what_is_no_recipe_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "recipe.json").write_text(content)
    with pytest.raises(DataError, match="not the recipe"):
        Recipe.load(tmp_path / "recipe.json")


@pytest.mark.generator
@pytest.mark.skipif(
    importlib.util.find_spec("keras") is None, reason="keras and tensorflow are not installed"
)
@pytest.mark.parametrize(
    ("flags", "chosen"),
    [
        ("", "float32"),
        ("flags : fpu sse2 avx2 fma", "float32"),
        ("flags : avx2 avx512f avx512_bf16", "mixed_bfloat16"),
        ("flags : avx512f amx_bf16 amx_tile", "mixed_bfloat16"),
    ],
)
def test_bfloat16_is_chosen_only_where_the_processor_has_it(
    flags: str, chosen: str, tmp_path: Path
) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text(flags)
    assert processor.precision(told) == chosen
    assert processor.precision(tmp_path / "no such file") == "float32"


def test_the_shipped_card_is_written_from_the_shipped_figures() -> None:
    folder = asset("models/emotion")
    said = json.loads((folder / "model.json").read_text("utf-8"))
    recipe = Recipe.parsed(json.dumps(said["recipe"]), folder)
    assert card(said, recipe) == (folder / "README.md").read_text("utf-8")
    assert "70% are answers of other networks" in card(said, recipe)
    assert "other networks" not in card(said, replace(recipe, teachers=()))
