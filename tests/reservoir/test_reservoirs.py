"""Properties and house rules of all reservoirs."""

import pickle
import re

import joblib
import numba
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from naive.reservoirs import echo_states, memristor_states, pooled
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from mottle.datasets import narma
from mottle.reservoir import (
    EchoStateReservoir,
    EventMemristorReservoir,
    MemristorReservoir,
    OscillatorReservoir,
    SpikingReservoir,
    VO2Reservoir,
)
from mottle.reservoir.compiled import inputs, pooling
from mottle.reservoir.compiled.vectors import TILE_NODES, TILE_STEPS
from mottle.reservoir.nodes.echo_state import kernel as echo_kernel
from mottle.reservoir.nodes.wox import kernel as wox_kernel

SMALL = [
    VO2Reservoir(6, regime="oscillating", dt_device=4e-8, random_state=0),
    VO2Reservoir(
        6,
        regime="oscillating",
        dt_device=4e-8,
        thermal_coupling=0.02,
        temperature_noise=100.0,
        spread=0.1,
        random_state=0,
    ),
    MemristorReservoir(6, random_state=0),
    EchoStateReservoir(6, random_state=0),
    MemristorReservoir(6, n_taps=4, random_state=0),
    OscillatorReservoir(6, regime="oscillating", random_state=0),
    OscillatorReservoir(
        6,
        regime="oscillating",
        threshold_noise=0.02,
        spread=0.05,
        observable="phase",
        random_state=0,
    ),
    MemristorReservoir(6, device="tiox_zhong2021", n_masks=2, read_noise=0.01, random_state=0),
    MemristorReservoir(6, device="ag_pulse", random_state=0),
    MemristorReservoir(6, device="ag_fast", v_bias=1.5, dt_device=5e-3, random_state=0),
    OscillatorReservoir(
        6,
        regime="oscillating",
        c_coupling=1e-11,
        r_coupling=1e5,
        threshold_noise=0.01,
        random_state=0,
    ),
    SpikingReservoir(
        6, regime="firing", v_bias=0.03, density=0.5, recurrent_scaling=3.0, random_state=0
    ),
    SpikingReservoir(
        6, regime="firing", v_bias=0.03, voltage_noise=1e-3, observable="voltage", random_state=0
    ),
    EchoStateReservoir(6, dtype="float32", random_state=0),
    MemristorReservoir(6, n_taps=2, spectral_radius=0.9, density=0.5, random_state=0),
]
NAMES = ["vo2", "vo2_noisy", "memristor", "echo", "taps", "oscillator", "oscillator_noisy", "tiox",
         "ag_pulse", "ag_fast", "oscillator_coupled", "spiking", "spiking_noisy",
         "echo_single", "fed_back"]  # fmt: skip
OPTIONAL_NUMBERS = ("v_bias", "v_gain", "dt_device", "tau_rate", "fan_in", "r_coupling", "duration")
QUIET = dict.fromkeys(
    ("temperature_noise", "threshold_noise", "voltage_noise", "read_noise", "write_noise"), 0.0
)
every = pytest.mark.parametrize("reservoir", SMALL, ids=NAMES)
ROWS_ARE_TIME = {
    "check_methods_sample_order_invariance": "rows are time: shuffling them is another recording",
    "check_methods_subset_invariance": "rows are time: a batch of rows starts from rest",
}


@parametrize_with_checks(
    [
        VO2Reservoir(4, regime="oscillating", dt_device=2e-8),
        MemristorReservoir(4),
        EchoStateReservoir(4),
        OscillatorReservoir(4, regime="oscillating"),
    ],
    expected_failed_checks=lambda _: ROWS_ARE_TIME,
)
@pytest.mark.filterwarnings("ignore:.*node voltages lie outside")
def test_house_rules_of_scikit_learn(estimator, check):
    check(estimator)


def drive(n_recordings=5, n_steps=12, n_inputs=3, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n_recordings, n_steps, n_inputs))


@every
@settings(max_examples=10, deadline=None)
@given(keep=st.integers(1, 11), seed=st.integers(0, 2**32 - 1))
def test_states_never_depend_on_the_future(reservoir, keep, seed):
    X = drive(2, seed=seed)
    reservoir = clone(reservoir).fit(X)
    whole = reservoir.states(X, keys=[1, 2])["states"].to_numpy()
    part = reservoir.states(X[:, :keep], keys=[1, 2])["states"].to_numpy()
    assert_array_equal(whole[:, :keep], part)


@every
def test_recordings_do_not_mix_whatever_their_order_or_batch(reservoir, monkeypatch):
    X = drive()
    reservoir = clone(reservoir).fit(X)
    whole = reservoir.transform(X)
    assert_array_equal(reservoir.transform(X[::-1])[::-1], whole)
    assert_array_equal(reservoir.transform(X[2:3])[0], whole[2])
    assert_array_equal(reservoir.transform(X[2]), whole[2])
    monkeypatch.setattr("mottle.reservoir.nodes.front.BLOCK_BYTES", 1)  # one recording per block
    assert_array_equal(reservoir.transform(X), whole)


@every
def test_one_thread_and_two_give_the_same_bytes(reservoir):
    X = drive()
    reservoir = clone(reservoir).fit(X)
    both = reservoir.transform(X)
    numba.set_num_threads(1)
    try:
        one = reservoir.transform(X)
    finally:
        numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
    assert one.tobytes() == both.tobytes()


@every
@pytest.mark.parametrize("chunk", [1, 5])
def test_chunks_give_the_same_bytes_as_the_whole(reservoir, chunk):
    X = drive()
    reservoir = clone(reservoir).fit(X)
    whole = reservoir.states(X, keys=range(5))["states"].to_numpy()
    state, parts = reservoir.start(5), []
    for begin in range(0, X.shape[1], chunk):
        state, states = reservoir.advance(state, X[:, begin : begin + chunk])
        parts.append(states)
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()


@every
def test_permuted_nodes_permute_states(reservoir):
    X = drive()
    alone = {"thermal_coupling": 0.0, "c_coupling": 0.0, "r_coupling": None} | QUIET
    quiet = {name: value for name, value in alone.items() if hasattr(reservoir, name)}
    fitted = clone(reservoir).set_params(**quiet).fit(X)
    if fitted._node.noisy(fitted) or getattr(fitted, "n_masks", 1) > 1:
        pytest.skip("its noise depends on the node's index, or nodes share devices")
    before = fitted.transform(X)
    order = np.random.default_rng(1).permutation(6)
    fitted.input_weights_ = fitted.input_weights_[order]
    if hasattr(fitted, "devices_"):
        fitted.devices_ = {name: values[order] for name, values in fitted.devices_.items()}
    if hasattr(fitted, "weights_"):
        fitted.weights_ = fitted.weights_[order][:, order]
    assert_allclose(fitted.transform(X), before[:, :, order], rtol=1e-12)


@every
def test_a_drive_may_be_read_only_and_is_not_changed(reservoir):
    X = drive()
    reservoir = clone(reservoir).fit(X)
    whole, kept = reservoir.transform(X), X.copy()
    assert_array_equal(X, kept)
    X.flags.writeable = False
    for other in (X, X[:, ::-1].copy()[:, ::-1], np.asfortranarray(X), X.astype(">f8")):
        assert_array_equal(reservoir.transform(other), whole)


@every
def test_ragged_lists_arrays_and_single_recordings_agree(reservoir):
    X = drive()
    reservoir = clone(reservoir).fit(X)
    ragged = [x[: 4 + i] for i, x in enumerate(X)]
    for states, x in zip(reservoir.transform(ragged), ragged, strict=True):
        assert_array_equal(states, reservoir.transform(x))


@every
def test_absent_recording_gives_nan_and_does_not_change_others(reservoir):
    X = drive()
    reservoir = clone(reservoir).set_params(pool="mean").fit(X)
    whole = reservoir.transform(X)
    X[1] = np.nan
    masked = reservoir.transform(X)
    assert np.isnan(masked[1]).all()
    assert_array_equal(np.delete(masked, 1, axis=0), np.delete(whole, 1, axis=0))
    with pytest.raises(ValueError, match="recording 1 is absent"):
        clone(reservoir).fit(X)


@every
@pytest.mark.filterwarnings("ignore:n_segments=20 is more than")
@pytest.mark.parametrize("n_segments", [1, 3, 20])
def test_features_are_the_pooled_states(reservoir, n_segments):
    X = [x[: 4 + i] for i, x in enumerate(drive())]
    names = ("mean", "last", "max", "std")
    reservoir = clone(reservoir)
    reservoir.set_params(**{name: 0 for name in QUIET if hasattr(reservoir, name)})
    states = reservoir.fit(X).transform(X)
    features = clone(reservoir).set_params(pool=names, n_segments=n_segments).fit(X)
    got = features.transform(X)
    expected = [pooled(s.astype(np.float64), names, n_segments) for s in states]
    assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
    assert features.get_feature_names_out().size == got.shape[1]


@pytest.mark.kernel
def test_pooling_kernel_equals_plain_loops():
    states = np.random.default_rng(0).normal(size=(2, 7, 3))
    out = np.empty((2, 4, 2, 3))
    pooling.pool(0, 2, states, np.array([7, 5]), np.arange(4), np.empty((0, 3)), out)
    got = out.reshape(2, -1)
    names = pooling.STATISTICS
    assert_allclose(got[0], pooled(states[0], names, 2), rtol=1e-12)
    assert_allclose(got[1], pooled(states[1, :5], names, 2), rtol=1e-12)


@pytest.mark.kernel
def test_projection_equals_the_matrix_product():
    X, w = drive(2, 4, 3), np.array([[0.5, 0.0, -1.0], [0.0, 2.0, 0.0]])
    rows = np.array([0, 2, 3]), np.array([0, 2, 1]), np.array([0.5, -1.0, 2.0])
    got = np.empty((2, 4, 2))
    inputs.project(0, 2, X, np.array([4, 4]), inputs.Wiring(*rows, 3.0, 1.0), got)
    assert_allclose(got, 1.0 + 3.0 * X @ w.T, rtol=1e-13)


@pytest.mark.kernel
def test_dense_weights_give_the_bytes_of_sparse_ones():
    n_nodes, n_steps = TILE_NODES + 3, TILE_STEPS + 2  # whole tiles, and what is left over
    X = drive(2, n_steps, 3)
    w = np.random.default_rng(1).normal(size=(n_nodes, 3))
    got, rows = [], (np.arange(n_nodes + 1) * 3, np.tile(np.arange(3), n_nodes))
    for places in (rows, (None, None)):
        out = np.empty((2, n_steps, n_nodes))
        own = inputs.Wiring(*places, w.ravel(), 0.7, 0.1)
        inputs.project(0, 2, X, np.full(2, n_steps), own, out)
        got.append(out)
    assert_array_equal(got[0], got[1])
    assert_allclose(got[0], 0.1 + 0.7 * X @ w.T, rtol=1e-12)


@pytest.mark.kernel
@pytest.mark.parametrize("v_bias", [2.5, 3.5])
def test_clipped_voltages_are_counted_in_tiles(v_bias):
    n_nodes, n_steps = TILE_NODES + 3, TILE_STEPS + 2
    X, w = drive(1, n_steps, 3), np.random.default_rng(1).normal(size=(n_nodes, 3))
    nodes = wox_kernel.Memristors(np.full(n_nodes, 1e-3), np.full(n_nodes, 0.05), *WOX[2:])
    n_clipped, out = np.zeros((1, 1), np.int64), np.empty((1, n_steps, n_nodes))
    own, supply = inputs.Wiring(None, None, w.ravel(), 1.0, v_bias), (-3.0, 3.0, np.empty((0, 0)))
    wox_kernel.run(
        0, 1, 64, X, np.array([n_steps]), np.full((1, 1, n_nodes), 0.1), np.zeros(1, np.uint64), 0,
        own, inputs.Supply(*supply), 1, nodes,
        1e-3, 0.2, 0, 0.0, n_clipped, out, None,
    )  # fmt: skip
    assert n_clipped[0, 0] == (np.abs(v_bias + X @ w.T) > 3.0).sum() > 0


def test_states_are_labelled_and_carry_metadata():
    X = [x[: 4 + i] for i, x in enumerate(drive())]
    states = VO2Reservoir(6, regime="oscillating", random_state=3).fit(X).states(X)
    assert states["states"].dims == ("recording", "step", "node")
    assert states["states"].attrs["units"] == "V"
    assert states["row_size"].to_numpy().tolist() == [4, 5, 6, 7, 8]
    assert np.isnan(states["states"].to_numpy()[0, 4:]).all()
    assert '"random_state": "3"' in states.attrs["parameters"]
    assert states.attrs["dt_device"] == 1e-6


@every
def test_clone_pickle_and_seed_give_the_same_states(reservoir):
    X = drive()
    fitted = clone(reservoir).fit(X)
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.transform(X), clone(reservoir).fit_transform(X))
    other = clone(reservoir).set_params(random_state=1).fit_transform(X)
    assert not np.array_equal(other, fitted.transform(X))


def test_pandas_output_carries_the_feature_names():
    X = drive()
    frame = EchoStateReservoir(3, pool="last").set_output(transform="pandas").fit_transform(X)
    assert isinstance(frame, pd.DataFrame)
    assert frame.columns.tolist() == [f"echostatereservoir_last0_{k}" for k in range(3)]


@pytest.mark.parametrize(
    ("reservoir", "least"),
    [(VO2Reservoir(200, regime="oscillating",
        random_state=0), 0.05), (MemristorReservoir(200, random_state=0), 0.2),
     (EchoStateReservoir(200, random_state=0), 0.5)],
    ids=["vo2", "memristor", "echo"],
)  # fmt: skip
def test_two_dimensional_input_does_a_narma_task(reservoir, least):
    u, y = narma(1200, random_state=0)
    model = make_pipeline(reservoir, Ridge(alpha=1e-4)).fit(4 * u - 1, y)
    predicted = model.predict(4 * u - 1)
    r2 = 1 - np.mean((predicted - y)[100:] ** 2) / np.var(y[100:])
    assert r2 > least


def test_grid_search_reaches_the_parameters():
    X, y = drive(20), np.arange(20) % 2
    X[y == 1] += 0.3
    pipe = make_pipeline(EchoStateReservoir(10, pool="mean", random_state=0), Ridge())
    search = GridSearchCV(pipe, {"echostatereservoir__leak": [0.1, 0.9]}, cv=2).fit(X, y)
    assert search.best_params_["echostatereservoir__leak"] in (0.1, 0.9)
    with pytest.raises(ValueError, match="Invalid parameter"):
        pipe.set_params(echostatereservoir__leek=0.1)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.full((2, 3, 1), np.inf), "recording 0 holds inf at step 0, input 0"),
        ([np.zeros((3, 1)), np.zeros((3, 2))], "recording 1 has 2 inputs, expected 1"),
        ([np.zeros((0, 1))], "recording 0 has no steps"),
    ],
)
def test_bad_drives_are_refused_with_their_place(X, message):
    with pytest.raises(ValueError, match=message):
        EchoStateReservoir(3).fit(X)


def test_partly_missing_recording_is_refused_with_its_place():
    X = drive()
    X[2, 3, 1] = np.nan
    with pytest.raises(ValueError, match="recording 2 holds nan at step 3, input 1"):
        EchoStateReservoir(3).fit(X)


def test_echo_states_equal_the_plain_recurrence():
    X = drive(1)[0]
    esn = EchoStateReservoir(20, input_scaling=0.7, bias=0.1, leak=0.4, random_state=0).fit(X)
    w_in, w = esn.input_weights_.toarray(), esn.weights_.toarray()
    assert_allclose(esn.transform(X), echo_states(X, w_in, w, 0.7, 0.1, 0.4), rtol=1e-12)


@pytest.mark.parametrize(("n_nodes", "density"), [(30, 0.1), (100, 0.1), (50, 1.0)])
def test_recurrent_weights_have_the_requested_spectral_radius(n_nodes, density):
    esn = EchoStateReservoir(n_nodes, spectral_radius=0.8, density=density, random_state=1)
    w = esn.fit(np.zeros((3, 1))).weights_.toarray()
    assert_allclose(np.abs(np.linalg.eigvals(w)).max(), 0.8, rtol=1e-9)
    assert np.count_nonzero(w) == n_nodes * round(density * n_nodes)


def test_echo_state_forgets_its_start():
    X = drive(1, 400)
    esn = EchoStateReservoir(50, random_state=0).fit(X)
    other = esn.start(1)
    other.values[:] = 1.0
    _, from_rest = esn.advance(esn.start(1), X)
    _, from_ones = esn.advance(other, X)
    assert np.abs(from_rest - from_ones)[0, -1].max() < 1e-6


def test_local_fields_cover_the_frame_and_stay_small():
    X = drive(2, 3, 8 * 8 * 2)
    r = EchoStateReservoir(16, wiring="local", input_shape=(8, 8, 2), field=3, fan_in=None)
    w = r.fit(X).input_weights_.toarray().reshape(16, 8, 8, 2)
    assert (np.count_nonzero(w, axis=(1, 2, 3)) == 18).all()
    assert (np.abs(w).sum(axis=(0, 3)) > 0).all()
    with pytest.raises(
        ValueError, match=r"input_shape=\(height, width, channels\) with product 128"
    ):
        r.set_params(input_shape=None).fit(X)


def test_models_mapped_from_a_file_are_not_compiled_for_anew(tmp_path):
    X = drive()
    for kernel, reservoir in (
        (echo_kernel, EchoStateReservoir(6, random_state=0)),
        (wox_kernel, MemristorReservoir(6, spread=0.1, random_state=0)),
    ):
        expected = reservoir.fit_transform(X)
        joblib.dump(reservoir, tmp_path / "model")
        before = len(getattr(kernel.run, "signatures", ()))
        mapped = joblib.load(tmp_path / "model", mmap_mode="r")
        assert not mapped.input_weights_.data.flags.writeable
        assert_array_equal(mapped.transform(X), expected)
        assert len(getattr(kernel.run, "signatures", ())) == before


def test_one_to_one_wiring_suggests_a_size():
    with pytest.raises(ValueError, match="multiple of the 3 inputs, got n_nodes=10; take 9"):
        EchoStateReservoir(10, wiring="one_to_one").fit(drive())


# ------------------------------------------------------------------- WOx memristor, reference
WOX = wox_kernel.Memristors(np.array([1e-3]), np.array([50e-3]), 8.0, 0.1, 1e-8, 0.5, 1e-5, 4.0)


def wox(v, dt=1e-3, observable=0):
    v = np.asarray(v, dtype=float).reshape(1, -1, 1)
    one = np.array([0, 1]), np.array([0]), np.array([1.0])
    out = np.empty(v.shape)
    wox_kernel.run(
        0, 1, 64, v, np.array([v.shape[1]]), np.full((1, 1, 1), 0.1), np.zeros(1, np.uint64), 0,
        inputs.Wiring(*one, 1.0, 0.0), inputs.Supply(-3.0, 3.0, np.empty((0, 0))), 1, WOX, dt, 0.2,
        observable, 0.0, np.zeros((1, 1), np.int64), out, np.empty((1, 0, 4)),
    )  # fmt: skip
    return out[0, :, 0]


@pytest.mark.kernel
def test_pulse_trains_leave_the_reference_states():
    def after(bits):
        return wox([x for bit in bits for x in (1.5 * bit, 0.0)])[-1]

    assert_allclose(after((1, 1, 1, 1)), 0.397796, rtol=1e-5)
    assert_allclose(after((0, 0, 0, 1)), 0.178974, rtol=1e-5)
    assert_allclose(after((1, 0, 0, 0)), 0.170043, rtol=1e-5)
    states = np.sort([after(((i >> 3) & 1, (i >> 2) & 1, (i >> 1) & 1, i & 1)) for i in range(16)])
    assert_allclose(np.diff(states).min(), 2.4e-4, rtol=0.05)


@pytest.mark.kernel
def test_rest_state_and_decay_have_the_reference_values():
    assert_allclose(wox([1.0], dt=10.0)[0], 0.174524, rtol=1e-5)
    assert wox([1.5], dt=10.0)[0] == 1.0  # 4.168870 is clipped
    states = wox([1.5, 0.0])
    assert_allclose(states[0] - 0.1, 0.0806, rtol=1e-2)
    assert_allclose((states[1] - 0.1) / (states[0] - 0.1), np.exp(-1 / 50), rtol=1e-9)


@pytest.mark.kernel
def test_no_voltage_gives_no_current():
    assert abs(wox([1.2, 0.0], observable=2)[1]) < 1e-19


@pytest.mark.kernel
def test_exact_step_equals_many_small_ones():
    v = np.array([1.2, 0.3, -0.8, 1.4, 0.0])
    naive = memristor_states(v, 1e-3, 50e-3, 8.0, 0.1, 5e-3)
    assert_allclose(wox(v, dt=5e-3), naive, rtol=2e-4)


def test_time_constants_are_spaced_logarithmically():
    r = MemristorReservoir(11, tau=(0.01, 1.0), random_state=0).fit(np.zeros((3, 1)))
    assert_allclose(np.sort(r.devices_["tau"]), np.geomspace(0.01, 1.0, 11), rtol=1e-9)
    assert_allclose(r.devices_["tau"] * r.devices_["rate"], 5e-5, rtol=1e-9)


def lags(u, n):
    return np.column_stack([np.r_[np.zeros(k), u[: len(u) - k, 0]] for k in range(n)])


def test_delay_taps_are_inputs_of_earlier_steps():
    u = np.random.default_rng(0).uniform(-1, 1, (40, 1))
    tapped = MemristorReservoir(8, n_taps=5, random_state=0).fit_transform(u)
    assert_array_equal(tapped, MemristorReservoir(8, random_state=0).fit_transform(lags(u, 5)))


def test_delay_taps_beat_the_linear_readout_of_as_many_lags_on_narma():
    u, y = narma(3000, random_state=0)
    u, y = 4 * np.reshape(u, (-1, 1)) - 1, np.ravel(y)
    node = MemristorReservoir(250, tau=(0.003, 0.03), n_taps=20, random_state=0)
    errors = []
    for X in (node.fit_transform(u), lags(u, 20)):
        readout = make_pipeline(StandardScaler(), Ridge(1e-2)).fit(X[100:2000], y[100:2000])
        errors.append(
            np.sqrt(np.mean((readout.predict(X[2000:]) - y[2000:]) ** 2) / y[2000:].var())
        )
    assert errors[0] < 0.32 < 0.40 < errors[1]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_taps": 0}, "n_taps=0 must be"),
        ({"n_taps": 2, "wiring": "one_to_one"}, "needs wiring='random'"),
    ],
)
def test_impossible_taps_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        MemristorReservoir(4, **parameters).fit(np.zeros((5, 1)))


def labelled(*dims):
    X = xr.DataArray(
        np.random.default_rng(0).uniform(-1, 1, (2, 5, 3)),
        dims=("recording", "time", "channel"),
        coords={"recording": ["a", "b"], "time": np.arange(5) * 0.1, "channel": ["u", "v", "w"]},
    )
    return X.transpose(*dims)


@pytest.mark.parametrize(
    "dims", [("recording", "time", "channel"), ("channel", "recording", "time")]
)
def test_states_keep_names_of_recordings_times_and_inputs_whatever_the_order_of_dims(dims):
    reservoir = MemristorReservoir(4, random_state=0).fit(labelled(*dims))
    states = reservoir.states(labelled(*dims))
    plain = labelled("recording", "time", "channel").to_numpy()
    assert_array_equal(states["states"], reservoir.transform(plain))
    assert states["recording"].to_numpy().tolist() == ["a", "b"]
    assert_allclose(states["time"], np.arange(5) * 0.1)
    assert states["time"].attrs["units"] == "s"
    assert states["input"].to_numpy().tolist() == ["u", "v", "w"]
    one = labelled(*dims).sel(recording="a", drop=True)
    assert_array_equal(reservoir.transform(one), reservoir.transform(plain[0]))


def test_names_and_times_can_be_set_and_must_fit():
    frame = pd.DataFrame(np.zeros((4, 2)), columns=["hot", "cold"])
    reservoir = MemristorReservoir(3, random_state=0).fit(frame)
    states = reservoir.states(frame, names=["run 7"], times=[0.0, 1.0, 2.0, 3.0])
    assert states["recording"].item() == "run 7"
    assert states["input"].to_numpy().tolist() == ["hot", "cold"]
    assert states["time"].to_numpy().tolist() == [0.0, 1.0, 2.0, 3.0]
    with pytest.raises(
        ValueError, match=r"time labels have shape \(2,\), expected \(4,\): one per step"
    ):
        reservoir.states(frame, times=[0.0, 1.0])


def test_dims_that_are_not_known_are_refused():
    X = xr.DataArray(np.zeros((5, 2)), dims=("row", "column"))
    with pytest.raises(ValueError, match=r"dims \('row', 'column'\): expected \(step, input\)"):
        MemristorReservoir(3).fit(X)


@pytest.mark.parametrize("cls", [EchoStateReservoir, MemristorReservoir, SpikingReservoir])
@pytest.mark.parametrize(
    ("peer", "name_here"),
    [("units", "n_nodes"), ("seed", "random_state"), ("n_node", "n_nodes"), ("poool", "pool")],
)
def test_an_error_suggests_the_name_for_a_misspelt_or_foreign_parameter(cls, peer, name_here):
    with pytest.raises(TypeError, match=f"no parameter '{peer}'; did you mean '{name_here}'"):
        cls(**{peer: 5})
    with pytest.raises(
        ValueError, match=f"Invalid parameter '{peer}' .*; did you mean '{name_here}'"
    ):
        cls().set_params(**{peer: 5})


@pytest.mark.parametrize(
    ("cls", "peer", "name_here"),
    [
        (EchoStateReservoir, "leak_rate", "leak"),
        (EchoStateReservoir, "sr", "spectral_radius"),
        (EchoStateReservoir, "rho", "spectral_radius"),
        (EchoStateReservoir, "gain", "input_scaling"),
        (MemristorReservoir, "input_scaling", "v_gain"),
        (MemristorReservoir, "noise", "read_noise"),
        (VO2Reservoir, "noise", "temperature_noise"),
        (VO2Reservoir, "kappa", "thermal_coupling"),
        (OscillatorReservoir, "coupling", "c_coupling"),
        (SpikingReservoir, "coupling", "recurrent_scaling"),
    ],
)
def test_names_of_other_libraries_are_translated(cls, peer, name_here):
    with pytest.raises(TypeError, match=f"did you mean '{name_here}'"):
        cls(**{peer: 0.5})


NUMBERS = [
    (cls, name)
    for cls in (
        EchoStateReservoir, EventMemristorReservoir, MemristorReservoir, OscillatorReservoir,
        SpikingReservoir, VO2Reservoir,
    )
    for name, value in cls().get_params().items()
    if (isinstance(value, int | float) and not isinstance(value, bool)) or name in OPTIONAL_NUMBERS
]  # fmt: skip


@pytest.mark.parametrize("wrong", [True, np.nan, "1"], ids=["bool", "nan", "text"])
@pytest.mark.parametrize(("cls", "name"), NUMBERS, ids=lambda part: getattr(part, "__name__", part))
def test_booleans_nan_and_text_are_not_numbers(cls, name, wrong):
    X = np.zeros((4, 2))
    with pytest.raises(ValueError, match=rf"{name}\b"):
        cls(**{name: wrong}).fit(X)


@pytest.mark.parametrize(
    "kind",
    [EchoStateReservoir, MemristorReservoir, OscillatorReservoir, SpikingReservoir, VO2Reservoir],
)
@pytest.mark.parametrize(
    ("parameters", "way"),
    [
        ({"input_shape": (2, 2, 1)}, "take wiring='local'"),
        ({"field": 3}, "leave it at 5"),
        ({"wiring": "one_to_one", "fan_in": 3}, "take wiring='random'"),
        ({"wiring": "one_to_one", "input_shape": (2, 2, 1)}, "take wiring='local'"),
    ],
)
def test_parameters_without_effect_on_the_wiring_are_refused(kind, parameters, way):
    name, value = list(parameters.items())[-1]
    with pytest.raises(ValueError, match=rf"{name}={re.escape(repr(value))} has no .*{way}"):
        kind(4, **parameters).fit(np.zeros((5, 4)))
    kind(4, wiring="one_to_one").fit(np.zeros((5, 4)))


def test_more_segments_than_steps_are_warned_of_by_fit_alone():
    X = [np.zeros((12, 2)), np.zeros((30, 2))]
    reservoir = MemristorReservoir(4, pool="mean", n_segments=20, random_state=0)
    with pytest.warns(
        UserWarning, match=r"n_segments=20 is more than the 12 steps of recording 0 \(1 of 2 rec"
    ):
        reservoir.fit(X)
    assert reservoir.transform(X).shape == (2, 80)  # without a warning
    reservoir.set_params(n_segments=12).fit(X)


def test_a_fan_in_above_the_number_of_inputs_takes_all_inputs():
    X = np.zeros((5, 3))
    wide, every = (
        MemristorReservoir(6, fan_in=fan_in, random_state=0).fit(X) for fan_in in (100, None)
    )
    assert_array_equal(wide.input_weights_.toarray(), every.input_weights_.toarray())
    assert wide.input_weights_.nnz == 18
