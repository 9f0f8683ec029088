"""From a picture to the latent that draws it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("keras")
from keras import ops

from generator.checkpoints import native
from generator.cli import main
from generator.cloud import Cloud
from generator.commands.projection import STATE
from generator.configuration import Checkpoint, Configuration
from generator.network import Network
from generator.perception import difference, features
from generator.pictures import Picture
from generator.projection import Judge, Projection, Recipe, correlation, project
from generator.search import kept
from generator.weights import fresh_discriminator, fresh_generator
from vcam_emoji.errors import DataError
from vcam_emoji.resources import asset

pytestmark = pytest.mark.generator

SMALL = Configuration(
    resolution=8, z_dim=16, w_dim=16, mapping_layers=2, channel_base=64, channel_max=8
)
SHORT = Recipe(steps=12, averaged=200)


def checkpoint(c: Configuration = SMALL, seed: int = 0, noise: float = 0.1) -> Checkpoint:
    rng = np.random.default_rng(seed)
    generator = dict(fresh_generator(c, rng))
    for name, array in generator.items():
        if name.endswith("noise_const"):
            generator[name] = rng.normal(size=array.shape).astype(np.float32)
        if name.endswith("noise_strength"):
            generator[name] = np.array(noise, np.float32)
    return Checkpoint(c, generator, fresh_discriminator(c, rng))


def network(c: Configuration = SMALL, noise: float = 0.1) -> Network:
    return Network.of(checkpoint(c, noise=noise))


def own(n: Network, seed: int = 3) -> Picture:
    face: Picture = n.draw(n.faces([seed], psi=0.7))[0]
    return face


def numpy(tensor: Any) -> NDArray[np.float32]:
    return np.asarray(ops.convert_to_numpy(tensor))


def tensor(array: NDArray[np.generic]) -> Any:
    return ops.convert_to_tensor(array.astype(np.float32))


def same(one: Projection, other: Projection) -> bool:
    return bool(
        np.array_equal(one.ws, other.ws)
        and one.pixels == other.pixels
        and all(np.array_equal(one.noise[layer], other.noise[layer]) for layer in one.noise)
    )


# --- the search ----------------------------------------------------------------------------------


@pytest.mark.parametrize("judge", ["pyramid", "discriminator"])
def test_a_networks_own_face_is_recovered(judge: Judge) -> None:
    n = network(noise=0.0)
    found = project(n, own(n), Recipe(steps=300, averaged=500, judge=judge))
    assert found.psnr > 30
    assert found.psnr > found.pixels[0] + 10
    assert len(found.perceptual) == len(found.pixels) == 300
    assert found.perceptual[-1] < found.perceptual[0] / 10


def test_a_network_without_a_discriminator_is_judged_by_the_pyramid_alone() -> None:
    n = replace(network(), discriminator={})
    assert same(project(n, own(n), SHORT), project(network(), own(n), SHORT))
    with pytest.raises(DataError, match="no discriminator"):
        project(n, own(n), replace(SHORT, judge="discriminator"))


def test_one_w_stays_one_and_w_plus_has_one_for_each_layer() -> None:
    n = network()
    one, each = (project(n, own(n), replace(SHORT, space=space)) for space in ("w", "w+"))
    assert one.ws.shape == each.ws.shape == (SMALL.num_ws, SMALL.w_dim)
    assert np.ptp(one.ws, axis=0).max() == 0
    assert np.ptp(each.ws, axis=0).max() > 0.01


def test_the_picture_is_what_w_and_noise_draw() -> None:
    from generator import networks
    from generator.network import as_bytes

    n = network()
    found = project(n, own(n), SHORT)
    noise = {layer: tensor(plane[None, :, :, None]) for layer, plane in found.noise.items()}
    again = networks.synthesize(n.weights, SMALL, tensor(found.ws[None]), noise)
    np.testing.assert_allclose(as_bytes(again)[0].astype(int), found.picture, atol=1)


def test_the_same_seed_finds_the_same_and_another_another() -> None:
    n = network()
    first, again, other = (project(n, own(n), replace(SHORT, seed=s)) for s in (0, 0, 1))
    assert same(first, again)
    assert not same(first, other)


class Cut(Exception):
    pass


def test_a_search_that_was_cut_off_goes_on_as_if_it_had_not(tmp_path: Path) -> None:
    n = network()

    def cut(step: int) -> None:
        if step == 9:
            raise Cut

    state = tmp_path / "state.npz"
    with pytest.raises(Cut):
        project(n, own(n), SHORT, state=state, save_every=4, progress=cut)
    assert [each.name for each in tmp_path.iterdir()] == ["state.npz"]
    steps: list[int] = []
    resumed = project(n, own(n), SHORT, state=state, save_every=4, progress=steps.append)
    assert steps == [8, 9, 10, 11, 12]
    assert same(resumed, project(n, own(n), SHORT))


def test_a_state_of_another_search_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    n = network()
    state = tmp_path / "state.npz"
    project(n, own(n), SHORT, state=state)
    for picture, recipe in ((own(n, 4), SHORT), (own(n), replace(SHORT, seed=9))):
        with pytest.raises(DataError, match="another projection"):
            project(n, picture, recipe, state=state)
    whole = state.read_bytes()
    pickled = io.BytesIO()
    np.savez(pickled, name=np.array([object()], dtype=object))
    for content in (whole[: len(whole) // 2], b"", b"PK\3\4", pickled.getvalue()):
        state.write_bytes(content)
        with pytest.raises(DataError, match="damaged"):
            kept(state, "x")


def test_the_noise_found_is_normal_and_uncorrelated() -> None:
    n = network()
    found = project(n, own(n), Recipe(steps=60, averaged=200))
    for plane in found.noise.values():
        assert abs(plane.mean()) < 1e-5
        assert abs(plane.std() - 1) < 1e-3
    last = found.noise[f"synthesis.b{SMALL.resolution}.conv1"]
    assert abs(np.mean(last * np.roll(last, 1, axis=0))) < 0.05


def test_a_start_that_is_given_is_where_the_search_begins() -> None:
    n = network(noise=0.0)
    begin = numpy(n.faces([3], psi=0.7))[0]
    still = Recipe(steps=1, averaged=500, rate=0.0, shake=0.0)
    found = project(n, own(n), still, begin=begin)
    np.testing.assert_allclose(found.ws, begin, atol=1e-4)
    assert found.psnr > 45


def test_a_picture_of_another_size_is_refused() -> None:
    with pytest.raises(DataError, match="16x16, the network draws 8x8"):
        project(network(), np.zeros((16, 16, 3), np.uint8), SHORT)


def test_a_network_of_classes_is_searched_too() -> None:
    c = replace(SMALL, c_dim=3)
    n = network(c)
    assert project(n, n.draw(n.faces([1], label=2))[0], SHORT).picture.shape == (8, 8, 3)


# --- its parts -----------------------------------------------------------------------------------


def test_noise_that_repeats_is_correlated_at_the_scale_at_which_it_does() -> None:
    rng = np.random.default_rng(0)
    fine = rng.normal(size=(1, 32, 32, 1))
    coarse = np.kron(rng.normal(size=(1, 8, 8, 1)), np.ones((1, 4, 4, 1)))
    low, high = (float(correlation({"x": tensor(each)})) for each in (fine, coarse))
    assert low < 0.1
    assert high > 0.5


def test_the_axes_make_random_latents_unit_normal() -> None:
    n = network()
    cloud = Cloud.of(n, 4000, seed=0)
    z = np.random.default_rng(7).normal(size=(4000, SMALL.z_dim)).astype(np.float32)
    v = cloud.v_of(numpy(n.map(z)))
    strong = np.linalg.norm(cloud.axes, axis=1) > 0.1 * np.linalg.norm(cloud.axes, axis=1).max()
    assert abs(v.mean()) < 0.05
    np.testing.assert_allclose(v.std(axis=0)[strong], 1, atol=0.1)
    np.testing.assert_allclose(cloud.average + v[:9] @ cloud.axes, numpy(n.map(z[:9])), atol=1e-4)


@pytest.mark.parametrize("judge", [True, False])
def test_what_looks_more_alike_differs_less(judge: bool) -> None:
    n = network() if judge else replace(network(), discriminator={})
    rng = np.random.default_rng(0)
    picture = cv2.GaussianBlur(rng.normal(0, 1, (8, 8, 3)), (0, 0), 1)[None]
    seen = features(n, tensor(picture))
    blurred = cv2.GaussianBlur(picture[0], (0, 0), 0.5)[None]
    found = [
        float(difference(features(n, tensor(each)), seen).total)
        for each in (picture, blurred, picture[:, ::-1])
    ]
    assert found[0] == 0
    assert found == sorted(found)


# --- the command ---------------------------------------------------------------------------------

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """`project` with a small network; `{here}` in its words stands for the test's folder."""
    native.save(checkpoint(), tmp_path / "net")

    def run(*words: str) -> tuple[int, str]:
        filled = [word.format(here=tmp_path, photos=asset("demo")) for word in words]
        status = main(["project", *filled, "--network", str(tmp_path / "net"), "--steps", "3"])
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def test_the_command_writes_latent_pictures_and_curve(run: Run, tmp_path: Path) -> None:
    status, out = run("{photos}/hopper.jpg", "--out", "{here}/new/out", "--json")
    assert status == 0
    assert sorted(each.name for each in (tmp_path / "new" / "out").iterdir()) == [
        "convergence.png",
        "projected.png",
        "projection.json",
        "side-by-side.png",
        "target.png",
        "w.npz",
    ]
    facts = json.loads((tmp_path / "new" / "out" / "projection.json").read_text())
    assert facts == json.loads(out)
    assert facts["recipe"]["steps"] == 3 == len(facts["convergence"]["psnr"])
    with np.load(tmp_path / "new" / "out" / "w.npz", allow_pickle=False) as arrays:
        assert arrays["w"].shape == (SMALL.num_ws, SMALL.w_dim)
        assert arrays["noise/synthesis.b8.conv1"].shape == (8, 8)
    assert run("{photos}/hopper.jpg", "--out", "{here}/new/out")[0] == 2


def test_an_aligned_crop_is_taken_as_it_is(run: Run, tmp_path: Path) -> None:
    crop = own(network())
    cv2.imwrite(str(tmp_path / "crop.png"), crop[:, :, ::-1])
    assert run("{here}/crop.png", "--no-align", "--out", "{here}/out")[0] == 0
    target = cv2.imread(str(tmp_path / "out" / "target.png"))
    assert target is not None
    np.testing.assert_array_equal(target[:, :, ::-1], crop)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("{here}/none.jpg",), "There is no photo"),
        (("{here}/plain.png",), "No face"),
        (("{here}/plain.png", "--no-align"), "64x32, not square"),
        (("{photos}/hopper.jpg", "--seed", "-1"), "-1 is no seed"),
    ],
)
def test_what_will_not_do_is_told_and_nothing_written(
    run: Run, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    cv2.imwrite(str(tmp_path / "plain.png"), np.full((32, 64, 3), 120, np.uint8))
    status, said = run(*words, "--out", "{here}/out")
    assert status == 2
    assert told in said
    assert not (tmp_path / "out").exists()


def test_a_command_that_was_cut_off_goes_on(run: Run, tmp_path: Path) -> None:
    assert run("{photos}/hopper.jpg", "--out", "{here}/first")[0] == 0
    assert not (tmp_path / "first" / STATE).exists()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / STATE).write_bytes(b"x")
    status, said = run("{photos}/hopper.jpg", "--out", "{here}/out")
    assert status == 2
    assert "damaged" in said
