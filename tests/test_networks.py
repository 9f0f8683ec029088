"""The networks against what the public StyleGAN2 computed, and what they promise besides."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("keras")
from keras import ops

from generator import networks, parity
from generator.checkpoints.shapes import Hints, configuration_of
from generator.cli import main
from generator.configuration import Configuration
from generator.weights import fresh_discriminator, fresh_generator, prepared, stored, trained
from vcam_emoji.errors import DataError

pytestmark = pytest.mark.generator

GOLDEN = Path(__file__).parents[2] / "shared" / "data" / "stylegan2-golden"
NAMES = ("ada32_cond7", "ada32_orig_orig", "ada32_skip_resnet")

SMALL = Configuration(
    resolution=16, z_dim=8, w_dim=8, mapping_layers=2, channel_base=128, channel_max=8
)
EVERY = [
    SMALL,
    replace(SMALL, generator="orig", discriminator="orig"),
    replace(SMALL, generator="resnet", discriminator="skip"),
    replace(SMALL, style="adain", discriminator="skip"),
]


def saved(path: Path, arrays: dict[str, Any]) -> Path:
    np.savez(path, allow_pickle=False, **arrays)
    return path


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def numpy(tensor: Any) -> NDArray[np.float32]:
    return np.asarray(ops.convert_to_numpy(tensor))


def latents(n: int = 4, dim: int = 8, seed: int = 1) -> Any:
    return ops.convert_to_tensor(rng(seed).normal(size=(n, dim)).astype(np.float32))


def lively(c: Configuration, seed: int = 0) -> dict[str, Any]:
    """Fresh weights, with noise and biases that are not zero."""
    tensors = dict(fresh_generator(c, rng(seed)))
    for name, array in tensors.items():
        if name.endswith(("noise_strength", "noise_const", "bias")):
            tensors[name] = array + rng(seed + 1).normal(0, 0.3, array.shape).astype(np.float32)
    return prepared(tensors)


@pytest.mark.shared
@pytest.mark.parametrize("name", NAMES)
def test_everything_recorded_agrees_to_a_ten_thousandth_of_its_range(name: str) -> None:
    path = GOLDEN / f"{name}.npz"
    if not path.is_file():
        pytest.skip("the golden arrays do not lie beside this checkout")
    golden = parity.load(path)
    found = parity.compare(golden, parity.checkpoint_of(golden))
    assert found.worst < 1e-5
    assert set(found.groups) >= {"mapping", "truncation", "images", "gradients", "logits"}
    assert not found.left_out


@pytest.mark.shared
def test_a_changed_weight_does_not_pass_for_parity() -> None:
    path = GOLDEN / "ada32_cond7.npz"
    if not path.is_file():
        pytest.skip("the golden arrays do not lie beside this checkout")
    golden = parity.load(path)
    name = "G/synthesis.b16.conv0.weight"
    golden[name] = golden[name][:, :, ::-1]
    assert parity.compare(golden, parity.checkpoint_of(golden)).worst > 1e-2


def test_parity_reads_residual_networks_and_a_clamp_off_the_arrays(tmp_path: Path) -> None:
    c = replace(SMALL, generator="resnet", conv_clamp=0.5)
    generator, judge = lively(c), prepared(fresh_discriminator(c, rng(3)))
    seen: dict[str, Any] = {}
    judged: dict[str, Any] = {}
    z = latents()
    ws = networks.broadcast(networks.map_latents(generator, c, z), c)
    image = networks.synthesize(generator, c, ws, record=seen.__setitem__)
    logits = networks.discriminate(judge, c, image, record=judged.__setitem__)

    def first(tensor: Any) -> NDArray[np.float32]:
        array = numpy(tensor)
        return array.transpose(0, 3, 1, 2) if array.ndim == 4 else array

    arrays: dict[str, Any] = {f"G/{name}": array for name, array in stored(generator).items()}
    arrays |= {f"D/{name}": array for name, array in stored(judge).items()}
    arrays |= {f"act/G/{name}": first(value) for name, value in seen.items()}
    arrays |= {f"act/D/{name}": first(value) for name, value in judged.items()}
    arrays |= {"z": numpy(z), "c": np.zeros((4, 0), np.float32), "w": numpy(ws)}
    arrays |= {"img_const": first(image), "D_logits": numpy(logits), "something": np.zeros(3)}
    saved(tmp_path / "own.npz", arrays)

    golden = parity.load(tmp_path / "own.npz")
    checkpoint = parity.checkpoint_of(golden)
    assert checkpoint.configuration == c
    found = parity.compare(golden, checkpoint)
    assert found.worst < 1e-6
    assert found.left_out == ("something",)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"z": np.zeros((2, 8), np.float32)}, "lacks the tensor"),
        ({"G/mapping.fc0.weight": np.zeros(3)}, "lacks the tensor"),
    ],
)
def test_a_file_of_other_arrays_is_refused_in_a_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arrays: dict[str, NDArray[np.float32]],
    reason: str,
) -> None:
    saved(tmp_path / "other.npz", arrays)
    assert main(["parity", str(tmp_path / "other.npz")]) == 2
    assert reason in capsys.readouterr().err


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"no zip")
    with pytest.raises(DataError, match="golden"):
        parity.load(tmp_path / "a.npz")
    with pytest.raises(DataError, match="cannot be read"):
        parity.load(tmp_path / "absent.npz")


@pytest.mark.parametrize("c", EVERY)
def test_weights_survive_the_change_of_layout(c: Configuration) -> None:
    for tensors in (fresh_generator(c, rng()), fresh_discriminator(c, rng())):
        back = stored(prepared(tensors))
        assert back.keys() == tensors.keys()
        for name, array in tensors.items():
            np.testing.assert_array_equal(back[name], array)


@pytest.mark.parametrize("c", EVERY)
def test_a_configuration_is_read_off_the_weights_alone(c: Configuration) -> None:
    read = configuration_of(fresh_generator(c, rng()), fresh_discriminator(c, rng()), Hints())
    assert read == c


@pytest.mark.parametrize("c", EVERY)
def test_fresh_networks_give_pictures_and_logits_of_sound_size(c: Configuration) -> None:
    seen: dict[str, Any] = {}
    ws = networks.broadcast(
        networks.map_latents(prepared(fresh_generator(c, rng())), c, latents()), c
    )
    image = networks.synthesize(prepared(fresh_generator(c, rng())), c, ws, record=seen.__setitem__)
    logits = networks.discriminate(prepared(fresh_discriminator(c, rng())), c, image)
    assert image.shape == (4, 16, 16, 3)
    assert logits.shape == (4, 1)
    for name, value in seen.items():
        if name.endswith(("conv0", "conv1")):
            assert 0.1 < numpy(value).std() < 5, name


def test_labels_change_the_picture_and_the_verdict() -> None:
    c = replace(SMALL, c_dim=3)
    generator, judge = lively(c), prepared(fresh_discriminator(c, rng(5)))
    z = latents()
    pictures, verdicts = [], []
    for label in (0, 1):
        labels = ops.one_hot(np.full(4, label), 3)
        ws = networks.broadcast(networks.map_latents(generator, c, z, labels), c)
        pictures.append(numpy(networks.synthesize(generator, c, ws)))
        verdicts.append(numpy(networks.discriminate(judge, c, pictures[0], labels)))
    assert np.abs(pictures[0] - pictures[1]).max() > 0.05
    assert np.abs(verdicts[0] - verdicts[1]).max() > 1e-3


def test_truncation_at_zero_is_the_average_and_at_one_nothing() -> None:
    ws = ops.convert_to_tensor(rng().normal(size=(2, 6, 8)).astype(np.float32))
    mean = ops.convert_to_tensor(rng(1).normal(size=8).astype(np.float32))
    np.testing.assert_allclose(numpy(networks.truncated(ws, mean, 1.0)), numpy(ws), atol=1e-6)
    all_mean = numpy(networks.truncated(ws, mean, 0.0))
    np.testing.assert_allclose(all_mean, np.broadcast_to(numpy(mean), (2, 6, 8)), atol=1e-6)
    half = numpy(networks.truncated(ws, mean, 0.5, cutoff=2))
    np.testing.assert_allclose(half[:, 2:], numpy(ws)[:, 2:])
    np.testing.assert_allclose(half[:, :2], (numpy(ws)[:, :2] + numpy(mean)) / 2, atol=1e-6)


def test_mixing_at_the_first_layer_is_the_other_and_past_the_last_nobody() -> None:
    generator = lively(SMALL)
    ws, other = (
        networks.broadcast(networks.map_latents(generator, SMALL, latents(seed=s)), SMALL)
        for s in (1, 2)
    )
    np.testing.assert_array_equal(numpy(networks.mixed(ws, other, 0)), numpy(other))
    np.testing.assert_array_equal(numpy(networks.mixed(ws, other, SMALL.num_ws)), numpy(ws))
    coarse = numpy(networks.synthesize(generator, SMALL, networks.mixed(ws, other, 2)))
    own, foreign = (numpy(networks.synthesize(generator, SMALL, x)) for x in (ws, other))
    assert np.abs(coarse - own).max() > 1e-3
    assert np.abs(coarse - foreign).max() > 1e-3


def test_noise_given_by_layer_is_added_where_the_constants_would_be() -> None:
    generator = lively(SMALL)
    ws = networks.broadcast(networks.map_latents(generator, SMALL, latents(2)), SMALL)
    shapes = networks.noise_shapes(SMALL, 2)
    assert set(shapes) == {
        name.removesuffix(".noise_const") for name in generator if name.endswith("noise_const")
    }
    same = {
        name: ops.broadcast_to(generator[f"{name}.noise_const"][None, :, :, None], shape)
        for name, shape in shapes.items()
    }
    by_layer = numpy(networks.synthesize(generator, SMALL, ws, same))
    const = numpy(networks.synthesize(generator, SMALL, ws, "const"))
    none = numpy(networks.synthesize(generator, SMALL, ws, "none"))
    np.testing.assert_allclose(by_layer, const, atol=1e-5)
    assert np.abs(const - none).max() > 1e-2


def test_half_precision_changes_pictures_a_little_and_types_not_at_all() -> None:
    generator, judge = lively(SMALL), prepared(fresh_discriminator(SMALL, rng(9)))
    ws = networks.broadcast(networks.map_latents(generator, SMALL, latents()), SMALL)
    whole = numpy(networks.synthesize(generator, SMALL, ws))
    half = networks.synthesize(generator, SMALL, ws, half_from=8)
    assert "float32" in str(half.dtype)
    assert 0 < np.abs(numpy(half) - whole).max() < 0.05 * np.ptp(whole)
    logits = networks.discriminate(judge, SMALL, half, half_from=8)
    assert "float32" in str(logits.dtype)


def test_a_clamp_bounds_every_activation() -> None:
    c = replace(SMALL, conv_clamp=0.25)
    seen: dict[str, Any] = {}
    generator = lively(c)
    ws = networks.broadcast(networks.map_latents(generator, c, latents()), c)
    networks.synthesize(generator, c, ws, record=seen.__setitem__)
    for name, value in seen.items():
        if name.endswith(("conv0", "conv1", "torgb")):
            assert np.abs(numpy(value)).max() <= 0.25 + 1e-6


def test_only_averages_and_noise_constants_are_not_trained() -> None:
    generator = lively(SMALL)
    left = generator.keys() - trained(generator).keys()
    assert {name.rsplit(".", 1)[1] for name in left} == {"w_avg", "noise_const"}


def test_parity_prints_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generator = stored(lively(SMALL))
    c = SMALL
    z = latents()
    ws = networks.broadcast(networks.map_latents(prepared(generator), c, z), c)
    arrays: dict[str, Any] = {f"G/{name}": array for name, array in generator.items()}
    arrays |= {"z": numpy(z), "c": np.zeros((4, 0), np.float32), "w": numpy(ws)}
    saved(tmp_path / "own.npz", arrays)
    assert main(["parity", str(tmp_path / "own.npz"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert set(said) == {"worst", "groups", "left_out"}
    assert said["worst"] < 1e-6
