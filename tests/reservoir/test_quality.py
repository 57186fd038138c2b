"""Quality measures against closed forms, naive twins and one another."""

import numpy as np
import pytest
import xarray as xr
from sklearn.linear_model import LinearRegression, Ridge

from mottle.reservoir import (
    EchoStateReservoir,
    MemristorReservoir,
    NVARReservoir,
    OscillatorReservoir,
    quality,
)

RNG = np.random.default_rng(3)
U = RNG.uniform(-1, 1, 6000)


def delays(u, n, first=1):
    return np.stack([np.roll(u, lag) for lag in range(first, first + n)], axis=1)


def mixed(states, seed=0):
    """States that are an invertible mixture of others."""
    n = states.shape[1]
    return states @ (np.eye(n) + 0.3 * np.random.default_rng(seed).normal(size=(n, n)))


@pytest.mark.parametrize("n", [2, 5, 20])
def test_a_delay_line_remembers_as_many_steps_as_it_has_taps(n):
    found = quality.memory_capacity(mixed(delays(U, n)), U)
    assert float(found.memory_capacity) == pytest.approx(n, abs=1e-9)
    assert found.capacity.values[n:].max() == 0
    present = quality.memory_capacity(mixed(delays(U, n, first=0)), U, min_lag=0)
    assert float(present.memory_capacity) == pytest.approx(n, abs=1e-9)


@pytest.mark.parametrize("chance", ["exact", "shuffled"])
def test_noise_remembers_nothing(chance):
    states = RNG.normal(size=(6000, 30))
    found = quality.memory_capacity(states, U, chance=chance)
    assert float(found.memory_capacity) == 0
    assert 0 < float(found.chance) < 0.02
    assert float(quality.information_capacity(states, U, max_degree=2).total) == 0


def test_memory_with_read_noise_has_its_closed_form():
    """A delayed input in noise of variance v is recovered with r2 = s / (s + v)."""
    noisy = delays(U, 4) + RNG.normal(0, np.sqrt(1 / 3), (6000, 4))
    found = quality.memory_capacity(noisy, U)
    np.testing.assert_allclose(found.capacity[:4], 0.5, atol=0.06)


@pytest.mark.parametrize("alpha", [0.0, 3.0])
def test_split_and_penalty_are_those_of_scikit_learn(alpha):
    """Without a gap, r2 is that of ridge regression on the first steps, scored on the last."""
    states = 0.2 * mixed(delays(U, 6)) + 1 + RNG.normal(size=(6000, 6))
    found = quality.memory_capacity(
        states, U, max_lag=8, washout=1000, test=0.2, gap=0, alpha=alpha
    )
    assert found.attrs["n_train"] == 4000
    model = Ridge(alpha) if alpha else LinearRegression()
    for lag in (1, 5, 8):
        target = np.roll(U, lag)
        predicted = model.fit(states[1000:5000], target[1000:5000]).predict(states[5000:])
        expected = np.corrcoef(predicted, target[5000:])[0, 1] ** 2
        assert float(found.r2.sel(lag=lag)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 3.0])
def test_information_on_held_out_steps_is_that_of_scikit_learn(alpha):
    states = np.stack([np.roll(U, 1) * np.roll(U, 2), np.roll(U, 3)], 1)
    states = states + RNG.normal(size=(6000, 2))
    found = quality.information_capacity(
        states, U, max_degree=2, max_delay=4, min_delay=1, washout=1000, test=0.2, alpha=alpha,
        chance="none",
    )  # fmt: skip
    assert found.n_terms.sum("delay").values.tolist() == [4, 10]
    model = Ridge(alpha) if alpha else LinearRegression()
    expected = np.zeros((2, 5))
    for row, orders in enumerate([np.eye(4), [*2 * np.eye(4)]]):
        for order in orders:
            lag = int(order.argmax()) + 1
            past = np.roll(U, lag)
            z = past if row == 0 else 1.5 * past**2 - 0.5
            predicted = model.fit(states[1000:5000], z[1000:5000]).predict(states[5000:])
            expected[row, lag] += np.corrcoef(predicted, z[5000:])[0, 1] ** 2
    for second in range(2, 5):
        for first in range(1, second):
            z = np.roll(U, first) * np.roll(U, second)
            predicted = model.fit(states[1000:5000], z[1000:5000]).predict(states[5000:])
            expected[1, second] += np.corrcoef(predicted, z[5000:])[0, 1] ** 2
    np.testing.assert_allclose(found.capacity, expected, atol=1e-12)


def test_without_a_threshold_chance_adds_up():
    """Each of many targets holds (nodes / steps) of chance on the steps of the fit."""
    states = RNG.normal(size=(6000, 30))
    found = quality.information_capacity(states, U, max_degree=2, max_delay=20, chance="none")
    assert int(found.n_terms.sum()) == 21 + 231
    assert float(found.total) == pytest.approx(252 * 30 / 5800, rel=0.1)
    held_out = quality.information_capacity(
        states, U, max_degree=2, max_delay=20, chance="none", test=0.5
    )
    assert float(held_out.total) == pytest.approx(252 / 2900, rel=0.3)
    assert float(quality.information_capacity(states, U, max_degree=2, test=0.5).total) == 0


def test_several_inputs_are_measured_one_by_one():
    u = RNG.uniform(-1, 1, (3000, 2))
    states = np.concatenate([delays(u[:, 0], 3), delays(u[:, 1], 5)], axis=1)
    found = quality.memory_capacity(states, u)
    np.testing.assert_allclose(found.memory_capacity, [3, 5], atol=1e-9)


def test_states_of_a_reservoir_are_taken_as_they_are_returned():
    reservoir = EchoStateReservoir(20, random_state=0).fit(U[:, None])
    dataset = reservoir.states(U[:, None])
    a = quality.memory_capacity(dataset, U)
    b = quality.memory_capacity(dataset.states[0].transpose("node", "step"), U)
    c = quality.memory_capacity(reservoir.transform(U[:, None]), U)
    xr.testing.assert_equal(a, b)
    xr.testing.assert_equal(a, c)


def test_correlated_input_is_warned_of():
    slow = np.convolve(U, np.ones(5) / 5, "same")
    with pytest.warns(UserWarning, match=r"u is correlated from step to step \(r = 0\.8"):
        quality.memory_capacity(delays(slow, 3), slow)


def linear_reservoir(n, radius, n_steps, seed=0):
    rng = np.random.default_rng(seed)
    u = rng.uniform(-1, 1, n_steps)
    weights = rng.normal(size=(n, n))
    weights *= radius / np.abs(np.linalg.eigvals(weights)).max()
    w_in, x = rng.normal(size=n), np.zeros((n_steps, n))
    for step in range(1, n_steps):
        x[step] = weights @ x[step - 1] + w_in * u[step]
    return x, u


def test_the_total_of_a_linear_reservoir_is_its_rank():
    states, u = linear_reservoir(8, 0.8, 20_000)
    found = quality.information_capacity(states, u, max_degree=3, patience=10)
    assert int(found["rank"]) == 8
    assert float(found.total) == pytest.approx(8, abs=0.05)
    assert float(found.by_degree[1:].sum()) == 0


def test_products_are_found_at_their_degree_and_delay():
    states = np.stack([np.roll(U, 2) * np.roll(U, 5), 1.5 * np.roll(U, 3) ** 2, np.roll(U, 1)], 1)
    found = quality.information_capacity(states, U, max_degree=3, patience=6)
    assert found.by_degree.round(2).values.tolist() == [1, 2, 0]
    assert found.capacity.sel(degree=2, delay=5) == pytest.approx(1, abs=0.01)
    assert found.capacity.sel(degree=2, delay=3) == pytest.approx(1, abs=0.01)
    assert found.complete.all()


def test_terms_are_counted_as_combinations():
    """Of degree d there are C(d + k, k) products of delays up to k, less those up to k - 1."""
    from math import comb

    found = quality.information_capacity(
        delays(U, 3), U, max_degree=4, max_delay=5, patience=99, max_terms=10**6
    )
    for degree in range(1, 5):
        expected = [
            comb(degree + k, k) - (comb(degree + k - 1, k - 1) if k else 0) for k in range(6)
        ]
        assert found.n_terms.sel(degree=degree).values.tolist() == expected


def test_information_of_degree_one_equals_the_memory():
    reservoir = EchoStateReservoir(30, random_state=1)
    states = reservoir.fit_transform(U[:, None])
    states = states + 1e-3 * states.std(axis=0) * RNG.normal(size=states.shape)
    linear = quality.information_capacity(states, U, max_degree=1, max_delay=40)
    memory = quality.memory_capacity(states, U, min_lag=0)
    assert float(linear.total) == pytest.approx(float(memory.memory_capacity), abs=0.15)


def test_a_budget_that_is_spent_is_said():
    states = delays(U, 12) * np.roll(U, 12)[:, None]
    found = quality.information_capacity(
        states, U, max_degree=2, max_delay=20, patience=20, max_terms=30
    )
    assert found.complete.values.tolist() == [True, False]
    assert found.n_terms.sum("delay").values.tolist() == [21, 28]


def test_ranks_count_directions_above_the_threshold():
    rng = np.random.default_rng(0)
    left, _ = np.linalg.qr(rng.normal(size=(60, 5)))
    right, _ = np.linalg.qr(rng.normal(size=(12, 5)))
    states = left @ np.diag([1, 0.5, 0.1, 0.009, 1e-5]) @ right.T
    found = quality.kernel_rank(states)
    np.testing.assert_allclose(found.singular_values[0, :5], [1, 0.5, 0.1, 0.009, 1e-5], rtol=1e-6)
    assert found["rank"].values.tolist() == [3]
    assert quality.kernel_rank(states, threshold=1e-6)["rank"].values.tolist() == [5]
    small = quality.kernel_rank(states, 1e-3 * states)
    assert small["rank"].values.tolist() == [3, 0], "both sets share one scale"


def test_classes_far_apart_have_a_high_ratio():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 20)
    near, far = (rng.normal(size=(40, 6)) + gap * labels[:, None] for gap in (0, 10))
    ratios = [float(quality.separation(x, x, labels=labels).class_ratio) for x in (near, far)]
    assert ratios[0] < 0.6 < 5 < ratios[1]


def test_distances_equal_a_loop_over_pairs():
    rng = np.random.default_rng(1)
    states, inputs = rng.normal(size=(6, 4)), rng.normal(size=(6, 3, 2))
    found = quality.separation(states, inputs)
    scaled = states / states.std(axis=0)
    for k, (a, b) in enumerate(zip(found.first.values, found.second.values, strict=True)):
        distance = np.sqrt(np.mean((scaled[a] - scaled[b]) ** 2))
        assert float(found.state_distance[k]) == pytest.approx(distance)


def test_a_linear_recurrence_forgets_at_its_rate():
    """x <- a x + u: the difference of two pasts shrinks by a at each step."""
    rng = np.random.default_rng(0)
    u, x = rng.uniform(-1, 1, 400), np.zeros((3, 400, 2))
    before = np.array([[0.0, 0.0], [1.0, 1.0], [-1.0, 2.0]])
    for step in range(400):
        before = 0.9 * before + u[step]
        x[:, step] = before
    found = quality.forgetting(x)
    ratio = found.worst.values[1:100] / found.worst.values[:99]
    np.testing.assert_allclose(ratio, 0.9, rtol=1e-9)
    first = float(found.worst[0])
    for level in (1e-3, 1e-6):
        steps = np.ceil(np.log(level / first) / np.log(0.9))
        assert abs(float(found.steps_to.sel(level=level)) - steps) <= 1
    assert int(found.echo_state_index) == 1


def test_what_is_never_forgotten_is_counted():
    """Two attractors, each kept by a pair of pasts."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=(200, 3))
    states = np.stack([common, common, common + 2, common + 2])
    found = quality.forgetting(states)
    assert np.isnan(found.steps_to).all()
    assert int(found.echo_state_index) == 2
    assert float(found.left) > 1


def test_a_level_reached_for_a_while_only_does_not_count():
    rng = np.random.default_rng(0)
    common = rng.normal(size=(100, 3))
    other = common.copy()
    other[:10] += 1
    other[50] += 1
    found = quality.forgetting(np.stack([common, other]))
    assert found.steps_to.values.tolist() == [51, 51]


def test_consistency_of_signal_in_noise_has_its_closed_form():
    """With noise of the signal's variance the consistency of each direction is 1/2."""
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(20_000, 3))
    states = signal + rng.normal(size=(2, 20_000, 3))
    found = quality.consistency(states, washout=0)
    np.testing.assert_allclose(found.consistency, 0.5, atol=0.03)
    np.testing.assert_allclose(found.theta, 0.25, atol=0.03)
    assert float(found.capacity) == pytest.approx(1.5, abs=0.05)


def test_consistency_does_not_depend_on_the_basis():
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(3000, 4)) * [5, 1, 0.1, 2]
    states = signal + rng.normal(size=(3, 3000, 4)) * [1, 1, 0.2, 0.1]
    a = quality.consistency(states)
    b = quality.consistency(mixed(states.reshape(-1, 4)).reshape(states.shape) + 7)
    np.testing.assert_allclose(a.consistency, b.consistency, atol=1e-6)


def test_the_exponent_of_a_linear_recurrence_is_the_logarithm_of_its_radius():
    u = 1e-9 * U[:3000]
    for radius in (0.5, 0.9, 1.0):
        p = EchoStateReservoir(40, leak=1.0, spectral_radius=radius, random_state=0, bias=0.0)
        p.fit(u[:, None])
        found = quality.conditional_lyapunov(p, u, method="tangent")
        assert float(found.exponent) == pytest.approx(np.log(radius), abs=0.003)


@pytest.mark.parametrize(("radius", "leak"), [(0.9, 0.3), (1.3, 1.0), (2.0, 1.0)])
def test_twins_and_tangents_agree(radius, leak):
    p = EchoStateReservoir(60, leak=leak, spectral_radius=radius, random_state=0).fit(U[:, None])
    twin, tangent = (
        quality.conditional_lyapunov(p, U, method=method) for method in ("twin", "tangent")
    )
    assert float(twin.exponent) == pytest.approx(float(tangent.exponent), abs=2e-3)


def test_a_free_oscillator_is_neutral_and_a_memristor_forgets():
    u = U[:2000]
    free = OscillatorReservoir(10, regime="oscillating", observable="voltage", random_state=0).fit(
        u[:, None]
    )
    assert abs(float(quality.conditional_lyapunov(free, u).exponent)) < 0.01
    relaxing = MemristorReservoir(10, tau=None, random_state=0).fit(u[:, None])
    assert float(quality.conditional_lyapunov(relaxing, u).exponent) < -0.01


def test_lags_and_products_equal_a_loop():
    x = RNG.normal(size=(30, 2))
    p = NVARReservoir(n_taps=5, stride=2, degree=2)
    states = p.fit_transform(x)
    padded = np.concatenate([np.zeros((4, 2)), x])
    for step in (0, 3, 29):
        lagged = np.concatenate([padded[step + 4 - lag] for lag in (0, 2, 4)])
        products = [lagged[i] * lagged[j] for i in range(6) for j in range(i, 6)]
        np.testing.assert_array_equal(states[step], [*lagged, *products])
    state = p.start()
    chunks = []
    for first in (0, 7, 19):
        state, out = p.advance(state, x[np.newaxis, first : {0: 7, 7: 19, 19: 30}[first]])
        chunks.append(out[0])
    np.testing.assert_array_equal(np.concatenate(chunks), states)


@pytest.mark.parametrize("what", sorted(
    ["memory_capacity", "information_capacity", "kernel_rank", "separation", "forgetting",
     "consistency", "conditional_lyapunov"]
))  # fmt: skip
def test_a_reservoir_is_measured_beside_baselines_over_seeds(what):
    options = {"max_degree": 1} if what == "information_capacity" else {}
    found = quality.measure(
        EchoStateReservoir(20), what, n_steps=1500, n_seeds=2, random_state=5, **options
    )
    assert found.sizes["seed"] == 2
    assert found.reservoir.values.tolist()[0] == "EchoStateReservoir"
    again = quality.measure(
        EchoStateReservoir(20), what, n_steps=1500, n_seeds=2, random_state=5, baselines=False,
        **options,
    )  # fmt: skip
    xr.testing.assert_equal(found.isel(reservoir=[0]), again)
    assert quality.over_seeds(found).bound.values.tolist() == ["mean", "low", "high"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: quality.memory_capacity(delays(U, 3), np.ones(6000)), "u is constant"),
        (lambda: quality.memory_capacity(delays(U, 3)[:120], U[:120]), "120 steps are too few"),
        (lambda: quality.memory_capacity(delays(U, 3)[:400], U[:400], gap=300), "400 steps are"),
        (lambda: quality.memory_capacity(delays(U, 3), U, alpha=-1), "alpha=-1"),
        (lambda: quality.information_capacity(delays(U, 3), U, alpha=1), "set test=0.2"),
        (lambda: quality.information_capacity(delays(U, 3), U, test=0.001), "5 test"),
        (lambda: quality.information_capacity(delays(U, 3), U, min_delay=101), "min_delay=101"),
        (lambda: quality.memory_capacity(delays(U, 1), U), "states has one column"),
        (lambda: quality.memory_capacity(U, U), r"states has shape \(6000,\)"),
        (lambda: quality.memory_capacity(delays(U, 3), U[:-1]), "states have 6000 steps"),
        (lambda: quality.memory_capacity(np.ones((6000, 3)), U), "all 3 nodes are constant"),
        (lambda: quality.memory_capacity(delays(U, 3), U, max_lag=0), "max_lag=0"),
        (
            lambda: quality.memory_capacity(np.where(delays(U, 3) > 0.9999, np.nan, 1), U),
            "states is nan at step",
        ),
        (
            lambda: quality.memory_capacity(delays(U, 3), np.where(U > 0.9999, np.nan, U)),
            "u is nan at step .* input 0",
        ),
        (lambda: quality.information_capacity(delays(U, 3), 2 * U), r"beyond bounds=\(-1, 1\)"),
        (lambda: quality.information_capacity(delays(U, 3), U**3), "u is not uniform"),
        (lambda: quality.forgetting(np.ones((2, 5, 3))), "all 3 nodes are constant"),
        (lambda: quality.forgetting([np.ones((5, 3)), np.ones((6, 3))]), "equal length"),
        (lambda: quality.consistency(np.ones((1, 50, 3))), "at least 2 runs"),
        (lambda: quality.consistency(RNG.normal(size=(2, 103, 3))), "103 steps are too few"),
        (lambda: quality.kernel_rank(np.zeros((5, 3))), "all states are 0"),
        (lambda: quality.separation(np.ones((5, 3)), np.eye(5)), "all rows of states are equal"),
        (lambda: quality.measure(MemristorReservoir(5, pool="mean")), "pool="),
        (lambda: quality.measure(EchoStateReservoir(5), "memory"), "memory_capacity"),
        (
            lambda: quality.conditional_lyapunov(
                MemristorReservoir(5).fit(U[:, None]), U, method="tangent"
            ),
            "take 'twin'",
        ),
        (
            lambda: quality.conditional_lyapunov(
                MemristorReservoir(5).fit(U[:, None]), U[:300]
            ),
            "300 steps are too few",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused_with_the_way_out(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_capacity_behind_a_dead_time_is_found():
    states = delays(U, 8)[:, 4:]  # of 5 to 8 steps ago
    found = quality.information_capacity(states, U, max_degree=2, max_delay=20)
    assert found.by_degree.round(2).values.tolist() == [4.0, 0.0]
    assert found.searched.values.tolist() == [11, 7]
    product = np.stack([states[:, 0], states[:, 0] * states[:, 1]], 1)
    found = quality.information_capacity(product, U, max_degree=2, max_delay=20)
    assert found.by_degree.round(2).values.tolist() == [1.0, 1.0]


def test_dims_of_arrays_decide_and_not_their_order():
    states = xr.DataArray(delays(U, 3), dims=("time", "node"))
    u = xr.DataArray(U, dims="time")
    assert float(quality.memory_capacity(states, u, max_lag=4).memory_capacity) == pytest.approx(3)
    rng = np.random.default_rng(0)
    inputs, last = rng.normal(size=(20, 20)), rng.normal(size=(20, 5))
    turned = (xr.DataArray(last.T, dims=("node", "recording")),
              xr.DataArray(inputs.T, dims=("step", "recording")))  # fmt: skip
    assert quality.separation(*turned).slope == quality.separation(last, inputs).slope
    assert quality.kernel_rank(turned[0])["rank"].values.tolist() == [5]
