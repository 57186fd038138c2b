"""Spectral radii of sparse matrices against those from all eigenvalues."""

import numpy as np
import pytest
from scipy import linalg, sparse

from mottle.reservoir import spectral_radius
from mottle.reservoir.nodes import spectrum


def dense(matrix):
    return float(np.abs(linalg.eigvals(sparse.csr_array(matrix).toarray())).max())


def random(seed, n, links, positive=False):
    rng = np.random.default_rng(seed)
    values = rng.exponential if positive else rng.normal
    size = (n, n)
    return sparse.random_array(
        size, density=links / n, rng=rng, data_sampler=lambda size: values(size=size)
    ).tocsr()


@pytest.fixture
def iterated(monkeypatch):
    """Make small matrices go where large ones go, with no way back to all eigenvalues."""
    monkeypatch.setattr(spectrum, "DENSE", 100)
    monkeypatch.setattr(spectrum, "DENSE_MOST", 100)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("links", [3, 10, 60])
def test_random_matrices_agree_with_all_eigenvalues(iterated, seed, links):
    matrix = random(seed, 300, links)
    assert spectral_radius(matrix) == pytest.approx(dense(matrix), rel=1e-10)


@pytest.mark.parametrize("seed", range(10))
def test_positive_matrices_agree_with_all_eigenvalues(iterated, seed):
    matrix = random(seed, 300, 5, positive=True)
    assert spectral_radius(matrix) == pytest.approx(dense(matrix), rel=1e-10)


@pytest.mark.parametrize("seed", range(10))
def test_matrices_with_few_links_have_many_components(seed):
    matrix = random(seed, 400, 1.3)
    assert spectral_radius(matrix) == pytest.approx(dense(matrix), rel=1e-10)


def test_complex_leading_pairs_are_found(iterated):
    turned = np.array([[0.0, -1.0], [1.0, 0.0]])
    parts = [turned * (1 + 0.001 * k) for k in range(100)]
    hidden = linalg.block_diag(*parts) + 1e-3 * random(0, 200, 20).toarray()
    assert spectral_radius(hidden) == pytest.approx(dense(hidden), rel=1e-10)


def test_a_leading_eigenvalue_that_occurs_twice_is_found(iterated):
    block = random(3, 150, 8).toarray()
    mixing = linalg.qr(np.random.default_rng(0).normal(size=(300, 300)))[0]
    double = mixing @ linalg.block_diag(block, block) @ mixing.T
    assert spectral_radius(double) == pytest.approx(dense(block), rel=1e-10)


def test_nearly_equal_radii_of_separate_parts_are_separated_exactly():
    one = random(1, 200, 8)
    parts = sparse.block_diag([one / spectral_radius(one) * (1 + 1e-9), one / spectral_radius(one)])
    assert spectral_radius(parts) - 1 == pytest.approx(1e-9, rel=1e-3)


def test_a_triangle_without_cycles_has_radius_0_whatever_its_order():
    order = np.random.default_rng(0).permutation(500)
    matrix = np.triu(np.random.default_rng(1).normal(size=(500, 500)), 1)[np.ix_(order, order)]
    assert spectral_radius(matrix) == 0.0


def test_a_defective_matrix_is_exact_by_its_components():
    jordan = np.eye(200) * 0.5 + np.eye(200, k=1)
    assert spectral_radius(jordan) == 0.5


def test_a_ring_of_20000_nodes_is_exact():
    n = 20_000
    weights = np.random.default_rng(0).uniform(0.5, 2, n)
    ring = sparse.csr_array((weights, (np.arange(n), np.roll(np.arange(n), 1))))
    assert spectral_radius(ring) == pytest.approx(np.exp(np.log(weights).mean()), rel=1e-12)


def test_a_cycle_of_positive_weights_with_chords_is_found(iterated):
    n = 300
    ring = np.roll(np.eye(n), 1, axis=0)
    ring[0, [100, 200]] = 0.5  # three cycles whose lengths have the divisor 100
    assert spectral_radius(ring) == pytest.approx(dense(ring), rel=1e-10)


def test_links_of_a_node_to_itself_count():
    assert spectral_radius(np.diag([0.5, -3.0, 1.0]) + np.eye(3, k=1)) == 3.0


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_tiny_and_huge_weights_neither_vanish_nor_overflow(scale):
    matrix = random(0, 50, 8)
    assert spectral_radius(matrix * scale) == pytest.approx(scale * dense(matrix), rel=1e-12)


def test_a_group_of_equal_eigenvalues_that_is_too_large_is_named(iterated, monkeypatch):
    n = 400
    monkeypatch.setattr(spectrum, "ATTEMPTS", spectrum.ATTEMPTS[:1])
    turning = linalg.qr(np.random.default_rng(0).normal(size=(n, n)))[0]  # all on the unit circle
    with pytest.raises(ValueError, match=r"of 400 nodes that are all linked .* cannot be found"):
        spectral_radius(turning)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones((2, 3)), r"weights is float64 of shape \(2, 3\): expected a matrix"),
        ([["a", "b"], ["c", "d"]], r"weights is <U1 of shape \(2, 2\)"),
        ([[0, np.inf], [1, 0]], r"weights holds inf at row 0, column 1"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        spectral_radius(weights)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_matrices_of_2000_nodes_agree_with_all_eigenvalues(seed):
    matrix = random(seed, 2000, [3, 10, 40, 200][seed])
    assert spectral_radius(matrix) == pytest.approx(dense(matrix), rel=1e-10)
