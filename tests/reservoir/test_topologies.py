"""Topologies by name and own matrices, in every reservoir with linked nodes."""

import numpy as np
import pytest
from scipy import linalg, sparse
from sklearn.base import clone

from mottle.reservoir import (
    Connectome,
    DeviceReservoir,
    EchoStateReservoir,
    MemristorReservoir,
    OscillatorReservoir,
    SpikingReservoir,
    VO2Reservoir,
    spectral_radius,
)
from mottle.reservoir.nodes.spiking.node import INHIBITORY
from mottle.reservoir.nodes.topologies import adjacency, draw_random_weights, pair_nodes

LINKED = {
    "echo state": (EchoStateReservoir, {}),
    "memristor": (MemristorReservoir, {"spectral_radius": 0.8}),
    "own device": (DeviceReservoir, {"spectral_radius": 0.8}),
    "vo2": (VO2Reservoir, {"regime": "pulsed", "spectral_radius": 0.8}),
    "oscillator": (OscillatorReservoir, {"regime": "recurrent", "spectral_radius": 0.8}),
    "spiking": (SpikingReservoir, {}),
}
DRIVE = np.random.default_rng(0).uniform(-1, 1, (20, 2))


def fitted(name, n_nodes=12, **options):
    kind, usual = LINKED[name]
    return kind(n_nodes, random_state=0, **{**usual, **options}).fit(DRIVE)


def pattern(reservoir):
    return (reservoir.weights_.toarray() != 0).astype(int)


@pytest.mark.parametrize("name", LINKED)
@pytest.mark.parametrize("topology", ["random", "ring", "lattice", "small_world", "all"])
def test_states_are_finite_and_depend_on_the_topology_in_every_reservoir(name, topology):
    states = fitted(name, topology=topology).transform(DRIVE)
    assert np.isfinite(states).all()
    if topology != "random":
        assert not np.array_equal(states, fitted(name).transform(DRIVE))


@pytest.mark.parametrize("name", LINKED)
def test_links_of_a_ring_go_from_each_node_to_the_next(name):
    expected = np.roll(np.eye(12, dtype=int), 1, axis=0)
    assert (pattern(fitted(name, topology="ring")) == expected).all()


@pytest.mark.parametrize("name", LINKED)
def test_links_of_a_lattice_join_the_neighbours_of_a_grid(name):
    found = pattern(fitted(name, topology="lattice"))  # 3 rows of 4
    assert (found == found.T).all()
    assert np.flatnonzero(found[5]).tolist() == [1, 4, 6, 9]
    assert np.flatnonzero(found[0]).tolist() == [1, 4]


def test_a_ring_of_an_echo_state_network_has_equal_weights_of_the_spectral_radius():
    ring = fitted("echo state", topology="ring", spectral_radius=0.7)
    np.testing.assert_allclose(ring.weights_.data, 0.7, rtol=1e-12)


@pytest.mark.parametrize("name", ["echo state", "memristor", "own device", "vo2", "oscillator"])
@pytest.mark.parametrize("topology", ["random", "ring", "lattice", "small_world", "all"])
def test_every_topology_has_the_spectral_radius(name, topology):
    weights = fitted(name, spectral_radius=0.6, topology=topology).weights_
    assert np.abs(linalg.eigvals(weights.toarray())).max() == pytest.approx(0.6, rel=1e-10)


@pytest.mark.parametrize("topology", ["ring", "lattice", "small_world", "all"])
def test_neurons_excite_or_inhibit_all_their_targets_in_every_topology(topology):
    columns = fitted("spiking", 40, topology=topology).weights_.toarray().T
    signs = [set(np.sign(column[column != 0])) for column in columns]
    assert all(len(sign) == 1 for sign in signs)
    assert signs.count({-1.0}) == INHIBITORY * 40


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.coo_matrix, Connectome])
@pytest.mark.parametrize("name", LINKED)
def test_an_own_matrix_keeps_its_proportions(name, kind):
    own = np.triu(np.arange(144.0).reshape(12, 12), 1) + np.eye(12, k=-11)
    reservoir = fitted(name, topology=kind(sparse.csr_array(own) if kind is Connectome else own))
    weights = reservoir.weights_.toarray()
    scale = weights[0, 1] / own[0, 1]
    np.testing.assert_allclose(weights, scale * own, rtol=1e-14)
    assert np.isfinite(clone(reservoir).fit_transform(DRIVE)).all()


@pytest.mark.parametrize("name", ["echo state", "memristor", "own device"])
def test_spectral_radius_none_keeps_an_own_matrix(name):
    own = sparse.random_array((12, 12), density=0.3, rng=np.random.default_rng(1)) * 0.1
    weights = fitted(name, topology=own, spectral_radius=None).weights_
    assert (weights != sparse.csr_array(own)).nnz == 0


@pytest.mark.parametrize("name", ["vo2", "oscillator"])
def test_an_own_matrix_is_kept_with_its_own_spectral_radius(name):
    own = np.random.default_rng(1).uniform(-0.1, 0.1, (12, 12))
    weights = fitted(name, topology=own, spectral_radius=spectral_radius(own)).weights_
    np.testing.assert_array_equal(weights.toarray(), own)


def test_a_change_of_an_own_matrix_after_fit_does_not_reach_the_reservoir():
    own = np.eye(12, k=1) + np.eye(12, k=-1)
    reservoir = fitted("echo state", topology=own, spectral_radius=None)
    own[:] = 0
    assert reservoir.weights_.nnz == 22


def test_masks_divide_the_nodes_that_a_matrix_links():
    ring = np.roll(np.eye(6), 1, axis=0)
    reservoir = fitted("memristor", n_masks=2, topology=ring)
    assert reservoir.weights_.shape == (6, 6)
    with pytest.raises(ValueError, match=r"topology has shape \(12, 12\), expected \(6, 6\)"):
        fitted("memristor", n_masks=2, topology=np.eye(12))


def test_descriptions_distinguish_matrices():
    first, second = (
        fitted("echo state", topology=np.eye(12, k=k) + np.eye(12)).describe()["parameters"]
        for k in (1, 2)
    )
    assert first != second
    assert "matrix (12, 12), sha256" in first


def test_a_small_world_has_the_links_of_its_ring_and_moves_a_tenth_of_them():
    ring = set(zip(*pair_nodes(None, 200, "ring", 0.1, 0.0), strict=True))
    rng = np.random.RandomState(0)
    still = pair_nodes(rng, 200, "small_world", 0.02, 0.0)
    assert len(still[0]) == 400
    assert ring < set(zip(*still, strict=True))
    moved = pair_nodes(rng, 200, "small_world", 0.02, 0.1)
    assert len(set(zip(*moved, strict=True))) == 400
    assert (moved[0] < moved[1]).all()
    lost = len(set(zip(*still, strict=True)) - set(zip(*moved, strict=True)))
    assert 25 <= lost <= 55


@pytest.mark.parametrize("n_nodes", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("density", [0.1, 1.0])
@pytest.mark.parametrize("rewiring", [0.0, 1.0])
def test_small_worlds_of_few_or_fully_linked_nodes_are_drawn(n_nodes, density, rewiring):
    first, second = pair_nodes(np.random.RandomState(0), n_nodes, "small_world", density, rewiring)
    assert len(set(zip(first, second, strict=True))) == len(first)
    assert (first < second).all()


@pytest.mark.parametrize("topology", ["random", "ring", "lattice", "small_world", "all"])
def test_physical_coupling_is_symmetric_in_every_topology(topology):
    links = adjacency(np.random.RandomState(0), 16, topology, 0.25, 0.1)
    assert (links == links.T).all()
    assert links.any()
    assert not np.diag(links).any()


def test_coupled_oscillators_take_the_topologies_of_recurrence():
    def states(topology):
        coupled = OscillatorReservoir(
            9, regime="oscillating", observable="voltage", c_coupling=2e-11, topology=topology,
            random_state=0,
        )  # fmt: skip
        return coupled.fit(DRIVE[:5]).transform(DRIVE[:5])

    np.testing.assert_array_equal(states(None), states("lattice"))
    grid = adjacency(None, 9, None, 0.1, 0.1)
    np.testing.assert_array_equal(states(None), states(Connectome(sparse.csr_array(grid))))
    assert not np.array_equal(states("lattice"), states("small_world"))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("echo state", {"topology": "rings"}, r"topology='rings' is not known; did you mean"),
        ("echo state", {"topology": None}, r"topology=None is not known"),
        ("echo state", {"topology": "worm.csv"}, r"topology='worm.csv' is not known"),
        ("echo state", {"topology": np.eye(5)}, r"topology has shape \(5, 5\), expected \(12, 12"),
        ("echo state", {"topology": np.full((12, 12), np.nan)}, r"holds nan at row 0, column 0"),
        ("echo state", {"topology": np.ones(12)}, r"topology is float64 of shape \(12,\)"),
        ("echo state", {"topology": np.eye(12) * 1j}, r"topology is complex128"),
        ("echo state", {"spectral_radius": None}, r"spectral_radius=None keeps the weights of an"),
        ("memristor", {"topology": "ring", "spectral_radius": 0}, r"no effect without recurrence"),
        ("vo2", {"topology": "ring", "spectral_radius": 0}, r"no effect without recurrence"),
        ("spiking", {"rewiring": 0.5}, r"rewiring=0.5 has no effect with topology='random'"),
        ("echo state", {"topology": "ring", "density": 0.5}, r"density=0.5 has no effect with"),
        ("echo state", {"topology": "small_world", "rewiring": 2}, r"rewiring=2 must be a finite"),
    ],
)  # fmt: skip
def test_topologies_that_cannot_be_meant_are_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        fitted(name, **options)


def drawn_densely(rng, n_nodes, density, radius):
    """Draw random weights in a dense array."""
    weights = np.zeros((n_nodes, n_nodes))
    for row in weights:
        values = rng.normal(size=max(1, round(density * n_nodes)))
        row[rng.choice(n_nodes, values.size, replace=False)] = values
    found = np.abs(linalg.eigvals(weights)).max()
    return sparse.csr_array(weights * float(f"{radius / found:.12g}"))


@pytest.mark.parametrize("n_nodes", [1, 2, 7, 50, 120])
@pytest.mark.parametrize("density", [0.1, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_random_weights_are_the_bytes_of_a_dense_draw(n_nodes, density, seed):
    expected = drawn_densely(np.random.RandomState(seed), n_nodes, density, 0.9)
    found = draw_random_weights(np.random.RandomState(seed), n_nodes, density, 0.9)
    for part in ("data", "indices", "indptr"):
        assert getattr(found, part).tobytes() == getattr(expected, part).tobytes()
