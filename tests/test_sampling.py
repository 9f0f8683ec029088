"""Looking at a network: faces by seed, styles mixed, ways between faces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("keras")
from keras import ops

from generator import networks, sampling
from generator.configuration import Checkpoint, Configuration
from generator.description import described
from generator.network import Network, as_bytes, latents
from generator.pictures import curves, grid
from generator.weights import fresh_discriminator, fresh_generator
from vcam_emoji.errors import UsageError

pytestmark = pytest.mark.generator

SMALL = Configuration(
    resolution=8, z_dim=8, w_dim=8, mapping_layers=2, channel_base=64, channel_max=8
)


def network(c: Configuration = SMALL, seed: int = 0) -> Network:
    return Network.of(Checkpoint(c, fresh_generator(c, np.random.default_rng(seed))))


def numpy(tensor: Any) -> NDArray[np.float32]:
    return np.asarray(ops.convert_to_numpy(tensor))


def test_a_seed_is_the_z_that_the_public_tools_give_it() -> None:
    # np.random.RandomState(7).randn(512), the way of the official generate.py.
    expected = [1.690526, -0.465937, 0.032820]
    np.testing.assert_allclose(latents([7], 512)[0, :3], expected, atol=1e-6)


def test_each_seed_is_a_face_of_its_own_whatever_is_drawn_beside_it() -> None:
    n = network()
    together = n.draw(n.faces([3, 4, 5]))
    alone = n.draw(n.faces([4]))
    np.testing.assert_allclose(together[1].astype(int), alone[0], atol=1)
    assert np.abs(together[0].astype(int) - together[1]).max() > 8


def test_more_pictures_than_fit_in_one_call_come_whole() -> None:
    n = network()
    assert n.draw(n.faces(range(3))).shape == (3, 8, 8, 3)
    many = n.faces([0]) + ops.zeros((5000, 1, 1))
    assert n.draw(many).shape == (5000, 8, 8, 3)


def test_without_truncation_left_all_faces_are_the_average() -> None:
    n = network()
    ws = numpy(n.faces([1, 2], psi=0.0))
    np.testing.assert_allclose(ws, np.broadcast_to(numpy(n.w_avg), ws.shape), atol=1e-6)


def test_grey_levels_are_cut_off_not_wrapped() -> None:
    np.testing.assert_array_equal(
        as_bytes(ops.convert_to_tensor([-9.0, -1.0, 0.0, 1.0, 9.0])), [0, 0, 128, 255, 255]
    )


def test_a_network_of_classes_wants_a_label_and_another_none() -> None:
    labelled = network(replace(SMALL, c_dim=3))
    one, other = (numpy(labelled.faces([0], label=label)) for label in (0, 2))
    assert np.abs(one - other).max() > 1e-3
    for label in (None, -1, 3):
        with pytest.raises(UsageError, match="--label 0 to --label 2"):
            labelled.faces([0], label=label)
    with pytest.raises(UsageError, match="no classes"):
        network().faces([0], label=0)


def test_a_mixed_face_is_the_rows_below_the_layer_and_the_columns_from_it() -> None:
    n = network()
    rows, columns = ([1], n.faces([1])), ([2, 3], n.faces([2, 3]))
    sheet = sampling.mixing(n, rows, columns, 2)
    expected = n.draw(networks.mixed(rows[1], columns[1][1:], 2))[0]
    zoomed = np.kron(expected, np.ones((12, 12, 1), np.uint8))
    assert contains(sheet, zoomed)
    assert contains(sheet, np.kron(n.draw(rows[1])[0], np.ones((12, 12, 1), np.uint8)))


def contains(sheet: NDArray[np.uint8], part: NDArray[np.uint8]) -> bool:
    import cv2

    found = cv2.matchTemplate(sheet, part, cv2.TM_SQDIFF)
    return float(found.min()) < part.size * 2


def test_the_way_between_faces_begins_and_ends_at_them() -> None:
    n = network()
    ws = n.faces([1, 2])
    ends = n.draw(ws).astype(int)
    frames = [each.astype(int) for each in sampling.between(n, ws, 3)]
    assert len(frames) == 4
    np.testing.assert_allclose(frames[0], ends[0], atol=1)
    np.testing.assert_allclose(frames[-1], ends[1], atol=1)
    assert len(list(sampling.between(n, ws, 3, loop=True))) == 6


def test_a_way_of_one_face_is_that_face() -> None:
    n = network()
    assert len(list(sampling.between(n, n.faces([1]), 5))) == 1


def test_the_blends_sheet_goes_from_one_network_to_the_other() -> None:
    a, b = (Checkpoint(SMALL, fresh_generator(SMALL, np.random.default_rng(s))) for s in (1, 2))
    sheet = sampling.blends(a, b, [0, 1], (0, 0.0, "high", 1.0))
    # A, 8, 4, B; at the full resolution nothing is swapped yet.
    columns = np.split(sheet[-100:-4, -404:-4], 4, axis=1)
    np.testing.assert_array_equal(columns[0][:, :96], columns[1][:, :96])
    assert np.abs(columns[1][:, :96].astype(int) - columns[2][:, :96]).max() > 8


def test_a_grid_leaves_empty_places_and_takes_labels() -> None:
    picture = np.full((8, 8, 3), 7, np.uint8)
    plain = grid([[picture, picture], [picture]])
    labelled = grid([[picture, None]], ["one", "two"], ["row"])
    assert plain.shape[0] > 2 * 8
    assert (labelled == 7).all(axis=2).sum() == 96 * 96


def test_curves_take_flat_lines_and_single_values() -> None:
    assert curves([("flat", [1.0] * 5), ("one", [2.0])], "step").shape == (480, 640, 3)


def test_a_description_counts_what_is_trained() -> None:
    rng = np.random.default_rng(0)
    c = replace(SMALL, generator="resnet")
    whole = Checkpoint(c, fresh_generator(c, rng), fresh_discriminator(c, rng), {"run": "x"})
    facts = described(whole)
    assert facts["parameters"]["mapping"] == 2 * (8 * 8 + 8)
    assert facts["parameters"]["synthesis"] == sum(b["parameters"] for b in facts["blocks"])
    assert facts["blocks"][1]["layers"] == ["conv0", "conv1", "skip", "torgb"]
    assert facts["blocks"][0]["layers"] == ["conv1"]
    assert facts["about"] == {"run": "x"}
    assert described(replace(whole, discriminator={}))["discriminator"] is None
