"""The kernels' elementary functions against numpy, their noise against the normal law."""

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from mottle.reservoir.compiled import functions as own
from mottle.reservoir.compiled import noise, precision

N = 3000


def uniform(low, high):
    return np.random.default_rng(0).uniform(low, high, N)


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("function", "reference", "x", "error"),
    [
        (own.exp2, np.exp2, uniform(-1000, 1000), 2e-9),
        (own.exp, np.exp, uniform(-20, 20), 4e-15),
        (own.exp, np.exp, uniform(-690, 690), 1e-13),
        (own.sinh, np.sinh, uniform(0.1, 20), 5e-15),
        (own.log, np.log, 1 + uniform(-1e-3, 1e-3), 1e-15),
        (own.log, np.log, np.exp(uniform(-690, 690)), 1e-15),
        (own.log2, np.log2, np.exp(uniform(-40, 0)), 1e-8),
        (own.log2, np.log2, 1 - np.exp(uniform(-22, -1)), 1e-8),
    ],
)
def test_functions_have_the_documented_error(function, reference, x, error):
    assert_allclose([function(value) for value in x], reference(x), rtol=error)


@pytest.mark.kernel
def test_cosines_have_the_documented_error():
    u, c = uniform(-1.8, 1.8), uniform(-0.5, 0.5)
    assert_allclose([own.one_minus_cos(value) for value in u], 1 - np.cos(u), atol=2e-9)
    got = np.array([own.cos_sin_turn(value) for value in c])
    assert_allclose(got, np.stack([np.cos(2 * np.pi * c), np.sin(2 * np.pi * c)], 1), atol=2e-8)


@numba.njit
def in_float32(z, u, keys):
    powers, cosines = np.empty(z.size, np.float32), np.empty(u.size, np.float32)
    draws = np.empty((keys.size, 2, 2))
    for i in range(z.size):
        powers[i], cosines[i] = precision.exp2(z[i]), precision.one_minus_cos(u[i])
        draws[i, 0] = precision.normals_of(*precision.halves(keys[i]))
        draws[i, 1] = noise.normals(keys[i])
    return powers, cosines, draws


@pytest.mark.kernel
def test_functions_of_float32_have_the_documented_error():
    z, u = uniform(-126, 126).astype(np.float32), uniform(-1.8, 1.8).astype(np.float32)
    keys = np.random.default_rng(1).integers(0, 2**64, N, np.uint64)
    keys[:2] = 0, 2**64 - 1
    powers, cosines, draws = in_float32(z, u, keys)
    assert_allclose(powers, np.exp2(z.astype(float)), rtol=3e-7)
    assert_allclose(cosines, 1 - np.cos(u.astype(float)), rtol=0, atol=4e-7)
    near = np.abs(draws).min(axis=(1, 2)) < 0.01
    assert_allclose(draws[~near, 0], draws[~near, 1], atol=1e-5)
    assert_allclose(draws[near, 0], draws[near, 1], atol=1e-3)
    assert near.sum() < 0.05 * N


@pytest.mark.kernel
def test_hyperbolic_sine_is_odd_and_right_to_the_last_bit_of_one():
    x = uniform(-0.1, 0.1)
    got = np.array([own.sinh(value) for value in x])
    assert_allclose(got, np.sinh(x), rtol=0, atol=2e-16)
    assert_allclose([own.sinh(-value) for value in x], -got, rtol=0, atol=0)


@pytest.mark.kernel
def test_functions_are_exact_where_devices_rest():
    assert own.exp(0.0) == 1.0
    assert own.sinh(0.0) == 0.0
    assert own.log(1.0) == 0.0


@numba.njit
def draw(n_nodes, n_pairs, seed):
    out = np.empty((n_nodes, n_pairs, 2))
    for node in range(n_nodes):
        key = noise.join(seed, node)
        for pair in range(n_pairs):
            out[node, pair] = noise.normals(noise.join(key, pair))
    return out


def test_noise_is_normal_far_into_the_tails():
    z = draw(200, 2500, np.uint64(1)).ravel()  # a million
    n = z.size
    assert abs(z.mean()) < 4 / np.sqrt(n)
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs(stats.skew(z)) < 4 * np.sqrt(6 / n)
    assert abs(stats.kurtosis(z)) < 4 * np.sqrt(24 / n)
    assert stats.kstest(z, "norm").pvalue > 0.01
    for edge in (3.0, 4.0):
        expected = n * 2 * stats.norm.sf(edge)
        assert abs((np.abs(z) > edge).sum() - expected) < 4 * np.sqrt(expected)


def test_noise_is_independent_of_node_step_pair_and_seed():
    z, other = (draw(200, 2500, np.uint64(seed)) for seed in (1, 2))
    pairs = {
        "pair": (z[..., 0], z[..., 1]),
        "step": (z[:, :-1], z[:, 1:]),
        "node": (z[:-1], z[1:]),
        "seed": (z, other),
    }
    for name, (a, b) in pairs.items():
        for f in (lambda x: x, np.square, np.abs):  # common radii would correlate the squares
            correlation = np.corrcoef(f(a).ravel(), f(b).ravel())[0, 1]
            assert abs(correlation) < 4 / np.sqrt(a.size), name
