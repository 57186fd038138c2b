"""Forecasts: the closed loop, the ridge solution behind it, and what users may get wrong."""

import warnings
from pickle import dumps, loads
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.neighbors import KNeighborsRegressor

from mottle.datasets.generated.lorenz import lorenz63
from mottle.datasets.generated.mackey_glass import mackey_glass
from mottle.reservoir import (
    DeviceReservoir,
    EchoStateReservoir,
    Forecaster,
    MemristorReservoir,
    NVARReservoir,
    OscillatorReservoir,
    SpikingReservoir,
    device_node,
    valid_time,
)
from mottle.reservoir.forecast import closed
from mottle.reservoir.forecast.factor import Factor
from mottle.reservoir.forecast.forecaster import FORECAST_KEY

SIGNAL = mackey_glass(1600, random_state=0)[:, 0]
WAVE = np.sin(0.3 * np.arange(700)) + 0.5 * np.sin(0.11 * np.arange(700))


class Leaky(NamedTuple):
    """A device of one's own: a capacitor that leaks."""

    tau: float = 0.02
    source: str = "one line of algebra"
    time_scale: float = 0.02


LEAKY = device_node(
    "test_leaky", Leaky(), state={"w": 0.0}, step=lambda w, v, dt, c: w + dt / c.tau * (v - w),
    dt_device=1e-2, v_bias=0.0, v_gain=1.0, times=("tau",),
)  # fmt: skip
COMPILED = [
    EchoStateReservoir(37, bias_scaling=0.3, random_state=0),
    EchoStateReservoir(30, bias_scaling=0.3, dtype="float32", random_state=0),
    MemristorReservoir(70, random_state=0),
    MemristorReservoir(40, n_taps=5, random_state=0),
    MemristorReservoir(40, n_masks=2, observable="current", random_state=0),
    MemristorReservoir(70, device="tiox_zhong2021", observable="conductance", random_state=0),
    MemristorReservoir(70, write_noise=0.05, random_state=0),
    DeviceReservoir(70, device="test_leaky", n_masks=2, spread=0.1, random_state=0),
    MemristorReservoir(20, device="ag_fast", v_bias=0.5, v_gain=0.2, random_state=0),
]
STEPPED = [
    NVARReservoir(n_taps=4),
    MemristorReservoir(20, spectral_radius=0.5, random_state=0),
    MemristorReservoir(20, read_noise=0.01, random_state=0),
]
EVERY = [*STEPPED, OscillatorReservoir(20, random_state=0), SpikingReservoir(20, random_state=0)]


def label(reservoir) -> str:
    """Name a case."""
    return "-".join(str(value) for value in (type(reservoir).__name__, reservoir.n_nodes))


def to_unit(signal, forecaster) -> np.ndarray:
    """Scale a signal as the forecaster does: (step, 1)."""
    low, high = forecaster.range_[:, 0]
    return 2 * (np.asarray(signal)[:, np.newaxis] - low) / (high - low) - 1


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    """Return a forecaster of the Mackey-Glass equation."""
    reservoir = EchoStateReservoir(
        200, input_scaling=0.3, bias_scaling=0.3, leak=1.0, density=0.05, random_state=1
    )
    return Forecaster(reservoir).fit(SIGNAL[:1200])


@pytest.mark.parametrize("reservoir", COMPILED, ids=label)
@pytest.mark.parametrize("squares", [None, "half", "all"])
def test_states_of_a_compiled_loop_are_those_of_the_predicted_drive(reservoir, squares):
    """What the loop predicts, fed to ``transform``, gives the same predictions."""
    forecaster = Forecaster(reservoir, alphas=1e-3, squares=squares).fit(WAVE[:300])
    member, loop = forecaster.members_[0], forecaster.readouts_[0]
    assert member._node.closes(member)
    warmup = WAVE[300:360]
    found = forecaster.predict(50, warmup=warmup, diverged="nan")
    found = found[np.isfinite(found)]
    assert found.size > 10
    drive = to_unit(np.concatenate([warmup, found[:-1]]), forecaster)
    states = member.advance(member.start(1, [FORECAST_KEY]), drive[np.newaxis])[1][0, 59:]
    again = closed.linear(loop)(states.astype(float), drive[59:])[:, 0]
    single = getattr(reservoir, "dtype", "") == "float32"
    np.testing.assert_allclose(
        again, to_unit(found, forecaster)[:, 0], atol=1e-5 if single else 1e-10
    )


@pytest.mark.parametrize("reservoir", COMPILED[2:8], ids=label)
def test_the_compiled_loop_equals_the_loop_step_by_step(reservoir, monkeypatch):
    """The compiled kernels and single steps in Python agree to rounding."""
    forecaster = Forecaster(reservoir, alphas=1e-2).fit(WAVE[:300])
    warmup = np.stack([WAVE[300 + k : 350 + k, None] for k in range(3)])
    compiled = forecaster.predict(20, warmup=warmup, diverged="nan")
    node = forecaster.members_[0]._node
    monkeypatch.setattr(
        type(forecaster.members_[0]), "_node", node._replace(closes=lambda p: False)
    )
    stepped = forecaster.predict(20, warmup=warmup, diverged="nan")
    np.testing.assert_allclose(compiled, stepped, rtol=1e-8)


@pytest.mark.parametrize("reservoir", EVERY, ids=label)
def test_every_reservoir_forecasts_a_periodic_signal(reservoir):
    """A sine is run on for half a period, better than by its mean."""
    wave = np.sin(0.3 * np.arange(600))
    forecaster = Forecaster(reservoir, alphas=[1e-6, 1e-3, 1e-1], n_starts=5).fit(wave[:500])
    error = forecaster.predict(10, diverged="nan") - wave[500:510]
    assert np.sqrt(np.mean(error**2)) < 0.4


def test_a_stochastic_device_forecasts_the_same_twice():
    """Noise of a forecast is keyed by its run."""
    reservoir = MemristorReservoir(20, device="ag_pulse", random_state=0)
    forecaster = Forecaster(reservoir, alphas=1e-2).fit(WAVE[:400])
    one, two = (forecaster.predict(5, diverged="nan") for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert np.isfinite(one[0])


def test_a_forecast_continues_the_training_signal(fitted):
    """Without warmup, and with the whole signal as warmup, forecasts are equal."""
    whole = fitted.predict(100)
    np.testing.assert_allclose(whole, fitted.predict(100, warmup=SIGNAL[:1200]), rtol=1e-9)
    assert np.sqrt(np.mean((whole - SIGNAL[1200:1300]) ** 2)) < 0.02 * SIGNAL.std()


def test_forecasts_side_by_side_equal_those_alone(fitted):
    """Runs do not mix, and a forecast changes nothing of the forecaster."""
    warmup = np.stack([SIGNAL[k : k + 200, None] for k in (100, 300, 700)])
    together = fitted.predict(30, warmup=warmup)
    assert together.shape == (3, 30, 1)
    for one, forecast in zip(warmup, together, strict=True):
        np.testing.assert_array_equal(fitted.predict(30, warmup=one), forecast)
    np.testing.assert_array_equal(fitted.predict(30, warmup=warmup), together)


def test_fit_is_repeatable_and_clones(fitted):
    """Two fits give the same bytes."""
    again = clone(fitted).fit(SIGNAL[:1200])
    np.testing.assert_array_equal(again.predict(20), fitted.predict(20))
    assert again.alphas_ == fitted.alphas_


def test_mackey_glass_is_forecast_84_steps_ahead():
    """Error after 84 steps, relative to the standard deviation, below 3e-2 with 300 nodes."""
    reservoir = EchoStateReservoir(
        300, input_scaling=0.3, bias_scaling=0.3, leak=1.0, density=0.03, random_state=1
    )
    signal = mackey_glass(5000, random_state=3)[:, 0]
    forecaster = Forecaster(reservoir, squares=None, washout=300).fit(signal[:3000])
    starts = range(3400, 4900, 100)
    warmup = np.stack([signal[k - 400 : k, None] for k in starts])
    error = forecaster.predict(84, warmup=warmup)[:, -1, 0] - [signal[k + 83] for k in starts]
    assert np.sqrt(np.mean(error**2)) / signal.std() < 3e-2


def test_lorenz_is_valid_for_five_lyapunov_times_with_devices():
    """Several outputs: WOx memristors follow the Lorenz system."""
    signal = lorenz63(5500, random_state=0)
    reservoir = MemristorReservoir(
        200, v_gain=0.15, v_bias=1.1, tau=(1e-3, 0.1), fan_in=None, random_state=0
    )
    forecaster = Forecaster(reservoir, squares="all", horizon=300).fit(signal[:4000])
    warmup = np.stack([signal[k - 300 : k] for k in range(4300, 4900, 100)])
    truth = np.stack([signal[k : k + 500] for k in range(4300, 4900, 100)])
    time = valid_time(
        truth, forecaster.predict(500, warmup=warmup, diverged="nan"), dt=0.02,
        lyapunov_exponent=0.9056, scale=signal.std(axis=0),
    )  # fmt: skip
    assert np.median(time) > 5


def test_the_shortest_recordings_are_fitted():
    """With as many steps as the message asks for, and without a reservoir of one's own."""
    forecaster = Forecaster(EchoStateReservoir(10, bias_scaling=0.3, random_state=0))
    assert np.isfinite(forecaster.fit(WAVE[:111]).predict(2, diverged="nan")[0])
    whole = Forecaster(random_state=0).fit(WAVE[:500]).predict(20)
    np.testing.assert_allclose(whole, WAVE[500:520], atol=1e-4)


def test_exogenous_inputs_reach_the_forecast_of_their_own_step():
    """An output that is its own past and the input of the same step is forecast exactly."""
    rng = np.random.default_rng(0)
    u = rng.uniform(-1, 1, 1300)
    y = np.zeros(1300)
    for k in range(1, 1300):
        y[k] = 0.8 * y[k - 1] + u[k]
    forecaster = Forecaster(NVARReservoir(n_taps=2, degree=1), alphas=1e-14, washout=10)
    forecaster.fit(y[:1000], u[:1000])
    np.testing.assert_allclose(forecaster.predict(300, u[1000:]), y[1000:], atol=1e-6)
    warm = forecaster.predict(200, u[1050:1300], warmup=y[1050:1100])
    np.testing.assert_allclose(warm, y[1100:], atol=1e-6)


def test_exogenous_inputs_in_a_compiled_loop_with_taps():
    """Compiled, delay taps hold past exogenous inputs of the warmup and of the forecast."""
    rng = np.random.default_rng(1)
    u = np.convolve(rng.uniform(-1, 1, 900), np.ones(5) / 5, "same")
    y = np.zeros(900)
    for k in range(1, 900):
        y[k] = 0.6 * y[k - 1] + np.tanh(u[k])
    reservoir = MemristorReservoir(60, n_taps=3, random_state=0)
    forecaster = Forecaster(reservoir, alphas=1e-6).fit(y[:700], u[:700])
    compiled = forecaster.predict(200, u[700:])
    assert np.sqrt(np.mean((compiled - y[700:]) ** 2)) < 0.1 * y.std()


def test_several_recordings_do_not_mix():
    """The second recording starts from rest: its own order does not matter."""
    parts = [SIGNAL[:500], SIGNAL[600:1200]]
    reservoir = EchoStateReservoir(60, bias_scaling=0.3, random_state=0)
    one = Forecaster(reservoir, alphas=1e-8).fit(parts)
    other = Forecaster(reservoir, alphas=1e-8).fit(parts[::-1])
    np.testing.assert_allclose(
        one.readouts_[0].intercept, other.readouts_[0].intercept, rtol=1e-3, atol=1e-6
    )
    warmup = SIGNAL[1200:1400]
    np.testing.assert_allclose(
        one.predict(10, warmup=warmup), other.predict(10, warmup=warmup), rtol=1e-5
    )


def test_members_are_drawn_with_different_seeds_and_averaged():
    """The forecast is the mean of its members'."""
    forecaster = Forecaster(
        EchoStateReservoir(50, bias_scaling=0.3), alphas=1e-8, n_members=3, random_state=0
    ).fit(SIGNAL[:800])
    members = forecaster.predict_members(20)
    assert dict(members.sizes) == {"member": 3, "run": 1, "step": 20, "output": 1}
    assert np.ptp(members.values[:, 0, -1, 0]) > 0
    np.testing.assert_allclose(forecaster.predict(20), members.values.mean(axis=0)[0, :, 0])


def test_a_linear_regressor_runs_in_the_loop_and_others_step_by_step():
    """Readouts of scikit-learn; the own ridge equals scikit-learn's with the same penalty."""
    reservoir = EchoStateReservoir(20, bias_scaling=0.3, random_state=0)
    own = Forecaster(reservoir, alphas=1e-3, washout=50).fit(WAVE[:500])
    drive = to_unit(WAVE[:499], own)
    states = clone(reservoir).fit(drive).transform(drive)[50:]
    states[:, 1::2] **= 2
    features = np.hstack([states, drive[50:]])
    penalty = 1e-3 * np.sum((features - features.mean(axis=0)) ** 2) / features.shape[1]
    given = Forecaster(reservoir, Ridge(penalty, solver="svd"), washout=50).fit(WAVE[:500])
    np.testing.assert_allclose(given.predict(20), own.predict(20), rtol=1e-8)
    near = Forecaster(reservoir, KNeighborsRegressor(3), washout=50).fit(WAVE[:500])
    assert np.abs(near.predict(5) - WAVE[500:505]).max() < 0.5
    np.testing.assert_array_equal(loads(dumps(near)).predict(5), near.predict(5))


def test_noise_in_the_input_is_drawn_by_random_state():
    """The same number gives the same forecast, another number another one."""
    reservoir = EchoStateReservoir(50, bias_scaling=0.3, random_state=0)
    forecasts = [
        Forecaster(reservoir, alphas=1e-9, noise=1e-3, random_state=seed)
        .fit(WAVE[:500])
        .predict(10)
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(forecasts[0], forecasts[1])
    assert np.abs(forecasts[0] - forecasts[2]).max() > 1e-6


def test_rows_in_blocks_give_the_ridge_solution():
    """The factor equals the normal equations, whatever the blocks."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(300, 7)) + 3.0, rng.normal(size=(300, 2))
    factor = Factor(7, 2)
    for rows in np.split(np.arange(300), [50, 53, 200]):
        factor.add(X[rows], Y[rows])
    weights, intercept = factor.solve(0.1)
    centred = X - X.mean(axis=0)
    gram = centred.T @ centred
    right = centred.T @ (Y - Y.mean(axis=0))
    expected = np.linalg.solve(gram + 0.1 * np.trace(gram) / 7 * np.eye(7), right).T
    np.testing.assert_allclose(weights, expected, rtol=1e-10)
    np.testing.assert_allclose(intercept, Y.mean(axis=0) - expected @ X.mean(axis=0), rtol=1e-10)


def test_a_factor_keeps_digits_that_a_gram_matrix_loses():
    """Columns that differ by 1e-9 are still distinguished."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 1))
    other = rng.normal(size=(500, 1))
    X = np.hstack([x, x + 1e-9 * other])
    factor = Factor(2, 1)
    factor.add(X, other)
    weights, _ = factor.solve(1e-24)
    np.testing.assert_allclose(weights, [[-1e9, 1e9]], rtol=1e-4)


def test_a_forecast_that_diverges_is_refused_with_its_place():
    """An unstable loop raises, or gives NaN from the step on."""
    y = np.cos(0.2 * np.arange(300)) * np.exp(0.02 * np.arange(300))
    forecaster = Forecaster(NVARReservoir(n_taps=3, degree=1), alphas=1e-14, washout=10).fit(y)
    with pytest.raises(ValueError, match=r"diverges: member 0, run 0, step \d+, output 0"):
        forecaster.predict(400)
    found = forecaster.predict(400, diverged="nan")
    first = int(np.argmax(np.isnan(found)))
    assert 10 < first < 200
    assert np.isnan(found[first:]).all()
    assert np.isfinite(found[:first]).all()


def test_valid_time_counts_steps_until_the_error_exceeds_the_threshold():
    """Lyapunov times, the error over outputs, and forecasts that never fail."""
    truth = np.tile(np.array([[0.0, 0.0], [1.0, 2.0]]), (50, 1))  # deviations 0.5 and 1
    forecast = truth.copy()
    forecast[40:, 0] += 0.25  # error 0.5 in one of two outputs: 0.354
    forecast[60:, 1] += 0.5  # 0.5 in both
    assert valid_time(truth, forecast, dt=0.1, lyapunov_exponent=2.0) == pytest.approx(12.0)
    assert valid_time(truth, forecast, threshold=0.3) == 40
    assert valid_time(truth, truth) == 100
    forecast[10] = np.nan
    runs = valid_time(np.stack([truth, truth]), np.stack([forecast, truth]))
    assert runs.tolist() == [10, 100]


def test_a_regressor_that_scales_inside_is_not_taken_for_its_coefficients():
    """A Poisson-like link and partial least squares predict by themselves."""
    wave = 2.0 + WAVE
    reservoir = EchoStateReservoir(30, bias_scaling=0.3, random_state=0)
    for model in (
        PLSRegression(10),
        TransformedTargetRegressor(Ridge(1e-6), func=np.sinh, inverse_func=np.arcsinh),
    ):
        forecaster = Forecaster(reservoir, model, washout=50).fit(wave[:600])
        assert np.abs(forecaster.predict(5) - wave[600:605]).max() < 0.1
        assert len(forecaster.models_) == 1


def test_columns_are_known_by_their_names():
    """Columns in another order are refused, in warmups, exogenous inputs and recordings."""
    frame = pd.DataFrame({"a": WAVE, "b": np.roll(WAVE, 9)})
    swapped = frame[["b", "a"]]
    reservoir = EchoStateReservoir(20, bias_scaling=0.3, random_state=0)
    forecaster = Forecaster(reservoir, alphas=1e-6).fit(frame[:500], exog=frame[:500])
    expected = r"\['b', 'a'\]; in fit they were \['a', 'b'\]"
    with pytest.raises(ValueError, match="warmup has the columns " + expected):
        forecaster.predict(5, warmup=swapped[500:600], exog=frame[500:605])
    with pytest.raises(ValueError, match="exog has the columns " + expected):
        forecaster.predict(5, exog=swapped[500:505])
    with pytest.raises(ValueError, match="differ in their columns"):
        Forecaster(reservoir).fit([frame[:300], swapped[300:]])


def test_recordings_are_taken_from_every_container():
    """Lists, tuples, arrays of objects, Series and columns of a table give the same fit."""
    parts = [WAVE[:200], WAVE[300:550]]
    cells = np.empty(2, object)
    cells[:] = parts
    reservoir = EchoStateReservoir(10, bias_scaling=0.3, random_state=0)
    results = [
        Forecaster(reservoir, alphas=1e-6).fit(y).predict(3)
        for y in (parts, tuple(parts), cells, pd.Series(cells), pd.DataFrame({"touch": cells}))
    ]
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])
    named = Forecaster(reservoir, alphas=1e-6).fit(pd.DataFrame({"touch": cells}))
    frame = pd.DataFrame({"pressure": WAVE[:100]})  # cells have no names of columns
    assert named.predict(2, warmup=frame).shape == (2, 1)


def test_another_unit_of_the_warmup_is_named(fitted):
    """Values far beyond those of fit, with their place."""
    with pytest.raises(ValueError, match=r"warmup is .* at step 0, column 0; in fit it was"):
        fitted.predict(5, warmup=1000 * SIGNAL[:200])


def test_a_much_smaller_unit_of_the_warmup_is_warned_of(fitted):
    """A thousandth of the range of fit over the warmup, not fewer steps than ten."""
    with pytest.warns(UserWarning, match=r"warmup moves by .* in column 0, and in fit the signal"):
        fitted.predict(5, warmup=1e-4 * SIGNAL[:200], diverged="nan")
    offset = SIGNAL[150] + 1e-5 * SIGNAL[:200]
    with pytest.warns(UserWarning, match="is it in the same unit"):
        fitted.predict(5, warmup=offset, diverged="nan")
    fitted.predict(5, warmup=np.full(9, SIGNAL[150]), diverged="nan")
    fitted.predict(5, warmup=0.01 * SIGNAL[:200], diverged="nan")


def test_warmups_of_unequal_length_and_without_an_axis_are_named(fitted):
    """The way out is in the message: cut them, or add the axis of outputs."""
    ragged = [SIGNAL[:50], SIGNAL[:30]]
    cells = np.empty(2, dtype=object)
    cells[:] = ragged
    for warmup in (ragged, [part[:, np.newaxis] for part in ragged], cells, pd.Series(ragged)):
        with pytest.raises(ValueError, match=r"runs of 50, 30 steps.*Cut each to its last 30"):
            fitted.predict(5, warmup=warmup)
    together = np.stack([SIGNAL[:50], SIGNAL[1:51]])
    for warmup in (together, list(together)):
        with pytest.raises(ValueError, match=r"shape \(2, 50\).*warmup\[..., np.newaxis\]"):
            fitted.predict(5, warmup=warmup)
    assert fitted.predict(5, warmup=together[..., np.newaxis]).shape == (2, 5, 1)


def test_arrays_with_dims_are_put_in_order():
    """(channel, time) as warmup, and a one-dimensional DataArray."""
    signal = np.stack([WAVE, np.roll(WAVE, 9)], axis=1)
    reservoir = EchoStateReservoir(20, bias_scaling=0.3, random_state=0)
    forecaster = Forecaster(reservoir, alphas=1e-6).fit(signal[:500])
    turned = xr.DataArray(signal[500:600].T, dims=("channel", "time"))
    np.testing.assert_array_equal(
        forecaster.predict(5, warmup=turned), forecaster.predict(5, warmup=signal[500:600])
    )
    flat = Forecaster(reservoir, alphas=1e-6).fit(xr.DataArray(WAVE[:500], dims="time"))
    assert flat.predict(3).shape == (3,)


def test_read_noise_of_a_forecast_is_not_that_of_training():
    """Otherwise the readout would know the noise that it meets."""
    reservoir = MemristorReservoir(50, read_noise=0.02, random_state=0)
    forecaster = Forecaster(reservoir, alphas=1e-6).fit(WAVE[:500])
    member = forecaster.members_[0]
    keys = [member.start(1, [key]).keys[0] for key in (0, FORECAST_KEY)]
    assert keys[0] != keys[1]


def test_input_noise_does_not_reach_the_forecast():
    """Continuing the training signal equals a warmup with it, whatever the noise of fit."""
    reservoir = EchoStateReservoir(50, bias_scaling=0.3, random_state=0)
    forecaster = Forecaster(reservoir, alphas=1e-6, noise=1e-2).fit(WAVE[:500])
    np.testing.assert_allclose(
        forecaster.predict(10), forecaster.predict(10, warmup=WAVE[:500]), rtol=1e-9
    )


def test_parameters_of_the_reservoir_are_searched():
    """``score`` is larger for a better forecaster, and searches of scikit-learn use it."""
    reservoir = EchoStateReservoir(60, bias_scaling=0.3, random_state=0)
    forecaster = Forecaster(reservoir, washout=50, horizon=20, n_starts=5)
    search = GridSearchCV(
        forecaster, {"reservoir__input_scaling": [1e-6, 0.3]}, cv=TimeSeriesSplit(2)
    ).fit(SIGNAL)
    assert search.best_params_ == {"reservoir__input_scaling": 0.3}
    assert search.best_score_ > 1.5
    with pytest.raises(ValueError, match="need more"):
        search.best_estimator_.score(SIGNAL[:60])


def test_several_members_follow_the_seed_of_the_reservoir():
    """Two fits of an ensemble are equal."""
    reservoir = EchoStateReservoir(20, bias_scaling=0.3, random_state=3)
    one, two = (
        Forecaster(reservoir, alphas=1e-6, n_members=2).fit(WAVE[:400]).predict(5) for _ in range(2)
    )
    np.testing.assert_array_equal(one, two)


def test_products_of_inputs_are_not_squared_again():
    """The default takes the states of NVAR as they are."""
    forecaster = Forecaster(NVARReservoir(n_taps=4, degree=1)).fit(WAVE[:600])
    np.testing.assert_allclose(forecaster.predict(50), WAVE[600:650], atol=1e-6)


BAD = [
    ({}, {"y": np.ones(500)}, r"y is constant \(1.0\) in column 0"),
    ({}, {"y": np.where(np.arange(500) == 7, np.nan, WAVE[:500])}, "y is nan at step 7, column 0"),
    ({}, {"y": WAVE[:90]}, "recording 0 of y has 90 steps; washout=100 needs at least 111"),
    ({"horizon": 400}, {"y": WAVE[:500]}, "horizon=400 is longer than the 80 held-out steps"),
    ({"horizon": 0}, {"y": WAVE}, "horizon=0"),
    ({"alphas": -1.0}, {"y": WAVE}, "alphas=-1.0 must be positive"),
    ({"alphas": "auto"}, {"y": WAVE}, "alphas='auto' must be positive"),
    ({"squares": "some"}, {"y": WAVE}, "squares='some'"),
    ({}, {"y": WAVE, "exog": WAVE[:5]}, r"exog has \[5\] steps and y \[700\]"),
    ({"reservoir": EchoStateReservoir(5, pool="mean")}, {"y": WAVE}, "set pool=None"),
]


@pytest.mark.parametrize(("settings", "data", "message"), BAD)
def test_bad_input_is_named(settings, data, message):
    """Errors of fit name value, place and way out."""
    defaults = {"reservoir": EchoStateReservoir(10, random_state=0)}
    with pytest.raises(ValueError, match=message):
        Forecaster(**defaults | settings).fit(**data)


def test_bad_input_of_predict_is_named(fitted):
    """A horizon of 0, exogenous inputs that fit had not, warmups of another width."""
    for n_steps, more, message in [
        (0, {}, "n_steps=0"),
        (5, {"exog": np.ones(5)}, "fit had none"),
        (5, {"warmup": np.ones((30, 2))}, r"expected \(n_warmup, 1\)"),
        (5, {"warmup": np.full(30, np.nan)}, "warmup is nan at step 0"),
        (5, {"diverged": "ignore"}, "diverged='ignore'"),
    ]:
        with pytest.raises(ValueError, match=message):
            fitted.predict(n_steps, **more)
    with pytest.raises(TypeError, match="is no reservoir of mottle"):
        Forecaster(Ridge()).fit(WAVE)


def two(n=600):
    """Return a signal of two columns with dates, and what drives it."""
    times = pd.date_range("2024-01-01", periods=n, freq="h")
    drive = pd.Series(np.random.default_rng(0).uniform(-1, 1, n), times)
    wave = np.sin(0.3 * np.arange(n)) + np.convolve(drive, [0, 0.5], "full")[:n]
    return pd.DataFrame({"a": wave, "b": np.cos(0.21 * np.arange(n))}, times), drive


@pytest.fixture(scope="module")
def hourly():
    y, exog = two()
    network = EchoStateReservoir(40, bias_scaling=0.3, random_state=0)
    return Forecaster(network, horizon=10).fit(y[:400], exog[:400])


def test_a_score_compares_columns_as_a_forecast_does(hourly):
    y, exog = two()
    assert hourly.score(y[400:], exog[400:]) > 0.5
    with pytest.raises(ValueError, match=r"y has the columns \['b', 'a'\]; in fit they were"):
        hourly.score(y[400:][["b", "a"]], exog[400:])
    with pytest.raises(ValueError, match="exog is given, but fit had none"):
        Forecaster(EchoStateReservoir(9), horizon=9).fit(y[:300]).score(y[300:], exog[300:])


def test_exogenous_inputs_of_other_times_are_refused(hourly):
    y, exog = two()
    with pytest.raises(ValueError, match="the times of exog are not those of y"):
        clone(hourly).fit(y[:300], exog[10:310])
    with pytest.raises(ValueError, match=r"exog begins \+50 steps from where"):
        hourly.predict(5, exog[450:455])
    with pytest.raises(ValueError, match="the times of exog are not those of warmup"):
        hourly.predict(5, exog[401:506], y[400:500])
    assert len(hourly.predict(5, exog[400:405])) == len(hourly.predict(5, exog[400:405].values))
    assert len(hourly.predict(5, exog[400:505], y[400:500])) == 5
    as_arrays = xr.DataArray(y[:300], dims=("time", "channel")), exog[10:310].to_xarray()
    with pytest.raises(ValueError, match="the times of exog are not those of y"):
        clone(hourly).fit(as_arrays[0], as_arrays[1].rename(index="time"))


def test_times_that_go_back_or_leave_out_steps_are_named():
    y, _ = two()
    model = Forecaster(EchoStateReservoir(20, random_state=0), horizon=10)
    with pytest.raises(ValueError, match="the time of y does not rise at step 1"):
        model.fit(y[300::-1])
    with pytest.warns(UserWarning, match="the time of y has a hole after step 99: 51 usual steps"):
        model.fit(y.drop(y.index[100:150]))
    weekdays = pd.date_range("2024-01-01", periods=300, freq="B")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(y[:300].set_axis(weekdays))
    with pytest.raises(ValueError, match="recording 0 of y has one step"):
        model.fit(y.values[:300, np.newaxis])


def test_valid_times_go_by_the_names_of_dims_and_outputs():
    truth = xr.DataArray(np.random.default_rng(0).normal(size=(50, 2)), dims=("step", "output"))
    forecast = truth + xr.DataArray(np.where(np.arange(50) < 12, 0.0, 9.0), dims="step")
    assert valid_time(truth, forecast) == valid_time(truth.T, forecast) == 12
    frame = pd.DataFrame(truth.values, columns=["a", "b"])
    with pytest.raises(ValueError, match=r"outputs \['a', 'b'\] and forecast \['b', 'a'\]"):
        valid_time(frame, frame[["b", "a"]])
    with pytest.raises(ValueError, match=r"scale has shape \(5,\), expected \(2,\)"):
        valid_time(frame, frame, scale=np.ones(5))
