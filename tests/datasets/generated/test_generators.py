"""Generators follow their equations."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline

from mottle import datasets
from mottle.datasets import narma
from mottle.datasets.generated.waveforms import WAVES


@pytest.mark.parametrize("order", [1, 2, 10])
def test_narma_follows_its_equation_step_by_step(order):
    u, y = narma(300, order=order, random_state=1)
    assert u.shape == (300, 1)
    u = u[:, 0]
    for t in range(order, 300):
        past = [y[t - 1 - i] for i in range(order) if t - 1 - i >= 0]
        expected = (
            0.3 * y[t - 1] + 0.05 * y[t - 1] * sum(past) + 1.5 * u[t - order + 1] * u[t] + 0.1
        )
        assert y[t] == pytest.approx(expected, rel=1e-12)
    assert not y[: order - 1].any()


def test_narma_repeats_with_its_seed_and_stays_in_range():
    u, y = narma(2000, random_state=5)
    again = narma(2000, random_state=5)
    assert np.array_equal(u, again[0])
    assert np.array_equal(y, again[1])
    assert u.min() >= 0
    assert u.max() <= 0.5
    assert 0.1 < y[50:].mean() < 0.6
    assert y.max() <= 1


def test_narma_refuses_what_would_diverge():
    with pytest.raises(ValueError, match="order=31 must be a whole number, from 1 to 30"):
        narma(order=31)
    with pytest.raises(ValueError, match="n_steps=0 must be a whole number, at least 1"):
        narma(0)


def test_narma_20_goes_through_tanh():
    u, y = datasets.narma(300, 20, random_state=0)
    t = 250
    grown = 0.3 * y[t - 1] + 0.05 * y[t - 1] * y[t - 20 : t].sum() + 1.5 * u[t - 19, 0] * u[t, 0]
    assert y[t] == pytest.approx(np.tanh(grown + 0.01), rel=1e-12)


FLOWS = {
    "lorenz63": lambda t, x: [
        10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]
    ],
    "rossler": lambda t, x: [-x[1] - x[2], x[0] + 0.2 * x[1], 0.2 + x[2] * (x[0] - 5.7)],
    "lorenz96": lambda t, x: [
        (x[(i + 1) % 36] - x[i - 2]) * x[i - 1] - x[i] + 8 for i in range(36)
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", FLOWS)
def test_flows_follow_their_equations(name):
    x = getattr(datasets, name)(20, random_state=3)
    dt = {"lorenz63": 0.02, "rossler": 0.1, "lorenz96": 0.05}[name]
    exact = solve_ivp(FLOWS[name], (0, 10 * dt), x[0], rtol=1e-11, atol=1e-11).y[:, -1]
    assert_allclose(x[10], exact, atol=2e-5)


def test_lorenz_diverges_at_its_lyapunov_exponent():
    flow, h = FLOWS["lorenz63"], 0.01
    x, grown, n = datasets.lorenz63(1, random_state=0)[0], 0.0, 20_000
    d = np.array([1e-8, 0, 0])

    def step(x):
        a = np.array(flow(0, x))
        b = np.array(flow(0, x + h / 2 * a))
        c = np.array(flow(0, x + h / 2 * b))
        return x + h / 6 * (a + 2 * b + 2 * c + np.array(flow(0, x + h * c)))

    for _ in range(n):
        y = step(x + d)
        x = step(x)
        size = np.linalg.norm(y - x)
        grown += np.log(size / 1e-8)
        d = (y - x) * 1e-8 / size
    assert grown / (n * h) == pytest.approx(0.906, abs=0.05)


def test_henon_diverges_at_its_lyapunov_exponent():
    x = datasets.henon(20_000, random_state=0)[:, 0]
    assert np.abs(x).max() < 1.3
    d, grown = np.array([1.0, 0.0]), 0.0
    for value in x:
        d = np.array([-2.8 * value * d[0] + 0.3 * d[1], d[0]])
        grown += np.log(np.linalg.norm(d))
        d /= np.linalg.norm(d)
    assert grown / len(x) == pytest.approx(0.419, abs=0.01)
    with pytest.raises(ValueError, match="diverges with a=3"):
        datasets.henon(a=3.0, random_state=0)


@pytest.mark.parametrize("tau", [17.0, 30.0])
def test_mackey_glass_follows_its_equation(tau):
    x = datasets.mackey_glass(400, tau, dt=0.1, random_state=1)[:, 0]
    lag, h = round(tau / 0.1), 0.1
    past = CubicSpline(np.arange(lag + 1) * h, x[: lag + 1])  # as the past of what follows

    def flow(t, now):
        old = past(t)
        return 0.2 * old / (1 + old**10) - 0.1 * now

    span = (0, 5.0)
    exact = solve_ivp(flow, span, x[lag : lag + 1], rtol=1e-11, atol=1e-12, t_eval=[5.0]).y[0, -1]
    assert x[lag + 50] == pytest.approx(exact, abs=1e-8)
    assert_array_equal(
        datasets.mackey_glass(40, tau, random_state=1)[:, 0],
        datasets.mackey_glass(391, tau, dt=0.1, random_state=1)[::10, 0],
    )
    with pytest.raises(ValueError, match="must be multiples"):
        datasets.mackey_glass(10, 17.05)


def test_kuramoto_sivashinsky_follows_its_equation():
    n, length = 64, 22.0
    u = datasets.kuramoto_sivashinsky(30, n, length=length, dt=0.05, random_state=0)
    k = 2j * np.pi / length * np.fft.fftfreq(n, 1 / n)
    k[n // 2] = 0  # of odd derivatives

    def flow(t, u):
        v = np.fft.fft(u)
        kk = np.abs(2 * np.pi / length * np.fft.fftfreq(n, 1 / n))
        linear = np.fft.ifft((kk**2 - kk**4) * v).real
        return linear - u * np.fft.ifft(k * v).real

    exact = solve_ivp(flow, (0, 1.0), u[0], method="BDF", rtol=1e-9, atol=1e-9).y[:, -1]
    assert_allclose(u[20], exact, atol=2e-4)
    assert np.abs(u.mean(axis=1)).max() < 1e-12
    assert 1.5 < np.abs(u).max() < 4


def test_the_channel_mixes_neighbours_and_keeps_its_noise():
    u, d = datasets.nonlinear_channel(50_000, snr=20.0, random_state=0)
    quiet, same = datasets.nonlinear_channel(50_000, snr=300.0, random_state=0)
    assert_array_equal(d, same)
    assert np.bincount(((d + 3) / 2).astype(int)).min() > 12_000
    ratio = 10 * np.log10(quiet.var() / (u - quiet).var())
    assert ratio == pytest.approx(20, abs=1.0)
    t = 100  # of the target: d[t + 2] is the symbol sent at t
    weights = [0.08, -0.12, 1, 0.18, -0.1, 0.091, -0.05, 0.04, 0.03, 0.01]
    q = sum(w * d[t + 2 - k + 2] for k, w in enumerate(weights))
    assert quiet[t, 0] == pytest.approx(q + 0.036 * q**2 - 0.011 * q**3, abs=1e-9)


def test_waves_have_their_shapes():
    X, y = datasets.waveform_classes(400, 200, noise=0.0, random_state=0)
    assert np.abs(X).max() <= 1
    power = {name: (X[y == name] ** 2).mean() for name in WAVES}
    assert power["sine"] == pytest.approx(1 / 2, abs=0.02)
    assert power["square"] == 1
    assert power["triangle"] == pytest.approx(1 / 3, abs=0.02)
    assert power["sawtooth"] == pytest.approx(1 / 3, abs=0.02)
    u, label = datasets.sine_square(50, 8, random_state=0)
    for period, kind in zip(u.reshape(-1, 8), label[::8], strict=True):
        expected = [1] * 4 + [-1] * 4 if kind else np.sin(np.arange(8) * np.pi / 4)
        assert_allclose(period, expected, atol=1e-12)


@pytest.mark.parametrize(
    "name",
    [
        "mackey_glass", "lorenz63", "lorenz96", "rossler", "henon", "kuramoto_sivashinsky",
        "nonlinear_channel", "memory_task", "sine_square",
    ],
)  # fmt: skip
def test_a_seed_fixes_the_bytes_and_lengths_are_checked(name):
    make = getattr(datasets, name)
    one, two, other = (np.asarray(make(30, random_state=seed)[0]) for seed in (1, 1, 2))
    assert one.tobytes() == two.tobytes() != other.tobytes()
    with pytest.raises(ValueError, match="0 must be a whole number, at least 1"):
        make(0)
