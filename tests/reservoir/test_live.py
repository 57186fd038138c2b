"""Long and live use: streams without all states in memory, and runs advanced step by step."""

import tracemalloc

import dask.array as da
import numba
import numpy as np
import pytest
import xarray as xr
import zarr
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

from mottle.reservoir import (
    EchoStateReservoir,
    EventMemristorReservoir,
    LiveRun,
    MemristorReservoir,
    OscillatorReservoir,
    RidgeReadout,
    VO2Reservoir,
    fit_stream,
    predict_stream,
)
from mottle.reservoir.nodes.front import at_most

RESERVOIRS = [
    EchoStateReservoir(12, random_state=0),
    MemristorReservoir(12, read_noise=0.01, n_taps=3, random_state=0),
    OscillatorReservoir(12, regime="oscillating", threshold_noise=0.02, random_state=0),
    VO2Reservoir(12, regime="oscillating", dt_device=4e-8, temperature_noise=100.0, random_state=0),
]
every = pytest.mark.parametrize("reservoir", RESERVOIRS, ids=["echo", "memristor", "pwl", "vo2"])


def recordings(lengths, n_inputs=2, seed=0):
    """Return drives, and targets that depend in part on their past."""
    rng = np.random.default_rng(seed)
    drives = [rng.uniform(-0.5, 0.5, (n, n_inputs)) for n in lengths]
    targets = [np.cumsum(x[:, 0]) + 0.1 * rng.normal(size=len(x)) for x in drives]
    return drives, targets


def rows_of(reservoir, drives, targets, washout=0):
    states = reservoir.transform(drives)
    return (
        np.concatenate([s[washout:] for s in states]),
        np.concatenate([y[washout:] for y in targets]),
        np.repeat(np.arange(len(drives)), [len(x) - washout for x in drives]),
    )


@every
@pytest.mark.parametrize("chunk", [1, 17, 300, None])
def test_one_long_recording_gives_the_weights_of_all_states_at_once(reservoir, chunk):
    (drive,), (target,) = recordings([120])
    reservoir.fit(drive)
    X, y, _ = rows_of(reservoir, [drive], [target], 10)
    expected = RidgeReadout().fit(X, y)
    readout = fit_stream(reservoir, RidgeReadout(), drive, target, washout=10, chunk=chunk)
    assert readout.alpha_ == expected.alpha_
    assert_allclose(readout.losses_, expected.losses_, rtol=1e-7)
    assert_allclose(readout.predict(X), expected.predict(X), rtol=1e-7, atol=1e-7)


@every
@pytest.mark.parametrize("chunk", [40, 1000])
def test_many_recordings_long_and_short_give_the_same_as_all_at_once(reservoir, chunk):
    drives, targets = recordings([30, 7, 90, 15, 12, 41])
    reservoir.fit(drives)
    X, y, groups = rows_of(reservoir, drives, targets, 5)
    expected = RidgeReadout().fit(X, y, groups=groups)
    readout = fit_stream(
        reservoir, RidgeReadout(), drives, targets, washout=5, groups=range(6), chunk=chunk
    )
    assert_allclose(readout.losses_, expected.losses_, rtol=1e-7)
    assert_allclose(readout.predict(X), expected.predict(X), rtol=1e-7, atol=1e-7)
    predictions = predict_stream(reservoir, readout, drives, chunk=chunk)
    for got, states in zip(predictions, reservoir.transform(drives), strict=True):
        assert_allclose(got, readout.predict(states), rtol=1e-12)


def test_iterators_arrays_and_pairs_are_the_same_recordings():
    drives, targets = recordings([20] * 8)
    reservoir = EchoStateReservoir(10, random_state=0).fit(drives)
    expected = fit_stream(reservoir, RidgeReadout(cv="gcv"), drives, targets, chunk=50)
    forms = {
        "array": (np.stack(drives), np.stack(targets)),
        "zarr": (zarr.array(np.stack(drives)), zarr.array(np.stack(targets))),
        "pairs": (list(zip(drives, targets, strict=True)), None),
        "iterators": (iter(drives), iter(targets)),
        "iterator of pairs": (zip(drives, targets, strict=True), None),
    }
    for drive, target in forms.values():
        readout = fit_stream(reservoir, RidgeReadout(cv="gcv"), drive, target, chunk=50)
        assert_array_equal(readout.coef_, expected.coef_)
    once = fit_stream(reservoir, RidgeReadout(), iter(drives), iter(targets), chunk=50)
    assert_array_equal(once.losses_, expected.losses_)  # rows cannot be read twice: "gcv"


@pytest.mark.parametrize("kind", ["dask", "zarr", "xarray"])
def test_a_drive_read_on_demand_is_the_drive_in_memory(kind):
    (drive,), (target,) = recordings([150])
    reservoir = MemristorReservoir(10, read_noise=0.01, random_state=0).fit(drive)
    late = {
        "dask": lambda a: da.from_array(a, chunks=(40,) + (-1,) * (a.ndim - 1)),
        "zarr": lambda a: zarr.array(a, chunks=(32, *a.shape[1:])),
        "xarray": lambda a: xr.DataArray(a, dims=("time", "channel")[: a.ndim]),
    }[kind]
    expected = fit_stream(reservoir, RidgeReadout(), drive, target, chunk=33)
    readout = fit_stream(reservoir, RidgeReadout(), late(drive), late(target), chunk=33)
    assert_array_equal(readout.coef_, expected.coef_)
    got = predict_stream(reservoir, readout, late(drive), chunk=20)
    assert_allclose(got, readout.predict(reservoir.transform(drive)), rtol=1e-12)


def test_labels_of_steps_are_learnt_with_their_probabilities():
    drives, targets = recordings([200, 150])
    labels = [np.where(y > 0.3, "up", np.where(y < -0.3, "down", "level")) for y in targets]
    reservoir = EchoStateReservoir(20, random_state=0).fit(drives)
    X, y, _ = rows_of(reservoir, drives, labels)
    expected = RidgeReadout().fit(X, y)
    readout = fit_stream(reservoir, RidgeReadout(), drives, labels, chunk=64)
    assert_allclose(readout.predict_proba(X), expected.predict_proba(X), rtol=1e-6)
    got = predict_stream(reservoir, readout, drives, method="predict_proba", chunk=64)
    assert_allclose(np.concatenate(got), expected.predict_proba(X), rtol=1e-6)
    pairs = iter([(drives[0], np.full(200, "up")), (drives[1], labels[1])])
    with pytest.raises(ValueError, match=r"label '\w+' is not one of"):
        fit_stream(reservoir, RidgeReadout(), pairs, classes=["up", "level"])


def test_event_streams_are_recordings_with_a_target_for_each_step():
    rng = np.random.default_rng(0)
    dtype = [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1")]
    streams = []
    for _ in range(4):
        events = np.zeros(300, dtype=dtype)
        events["t"] = np.sort(rng.integers(0, 100_000, 300))
        events["x"], events["y"] = rng.integers(0, 3, 300), rng.integers(0, 3, 300)
        streams.append(events)
    reservoir = EventMemristorReservoir(n_steps=10, duration=0.11, random_state=0).fit(streams)
    targets = [rng.normal(size=10) for _ in streams]
    states = np.concatenate(list(reservoir.transform(streams)))
    expected = RidgeReadout(1.0).fit(states, np.concatenate(targets)).predict(states)
    for chunk in (25, 7):  # shorter than a recording: events are not cut
        readout = fit_stream(reservoir, RidgeReadout(1.0), streams, targets, chunk=chunk)
        assert_allclose(readout.predict(states), expected, rtol=1e-8, atol=1e-8)
    with pytest.raises(ValueError, match="fitted on event streams: use its own advance"):
        LiveRun(reservoir)
    with pytest.raises(ValueError, match="cannot be fitted to blocks; take RidgeReadout"):
        fit_stream(reservoir, Ridge(), streams, targets)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": [np.zeros(20), np.zeros(19)]}, "recording 1 has 20 steps and 19 targets"),
        ({"target": [np.zeros(20)]}, "2 recordings, but 1 targets"),
        ({"drive": np.zeros((20, 2)), "target": None}, "target is missing"),
        ({"washout": 20}, "recording 0 has 20 steps, and washout=20 leaves none"),
        ({"washout": -1}, "washout=-1 must be a whole number"),
        ({"chunk": 0}, "chunk=0 must be a whole number"),
        ({"target": [np.zeros(20), np.full(20, np.nan)]}, "recording 1 is not finite at step 0"),
        ({"drive": [], "target": []}, "holds no recording"),
        ({"drive": iter([]), "target": None}, "yields no recording"),
        ({"drive": iter([np.zeros((20, 2))])}, "numbers of drives and targets differ.* item 1"),
        ({"groups": [1]}, "2 recordings, but 1 groups"),
        ({"chunk": 8, "drive": [np.zeros((20, 2)), np.full((20, 2), np.inf)]},
         "recording 1, steps 0 to 7: run 0 got inf at step 0 of the chunk, input 0"),
        ({"drive": np.zeros(20), "target": np.zeros(20)}, r"shape \(20,\);.*reshape\(-1, 1\)"),
        ({"drive": [np.zeros((20, 2))] * 3, "target": None}, "items must be pairs"),
        ({"drive": iter([np.zeros((20, 2))] * 3), "target": None}, "items must be pairs"),
        ({"drive": [np.zeros((20, 2)), np.full((20, 2), np.nan)]}, "recording 1 is absent"),
    ],
)  # fmt: skip
def test_impossible_streams_are_refused(change, message):
    drives, targets = recordings([20, 20])
    reservoir = EchoStateReservoir(5, random_state=0).fit(drives)
    arguments = {"drive": drives, "target": targets} | change
    with pytest.raises(ValueError, match=message):
        fit_stream(reservoir, RidgeReadout(1.0), **arguments)


def test_streams_need_a_fitted_reservoir_without_pooling():
    drives, targets = recordings([20, 20])
    with pytest.raises(NotFittedError):
        fit_stream(EchoStateReservoir(5), RidgeReadout(), drives, targets)
    pooled = EchoStateReservoir(5, pool="mean", random_state=0).fit(drives)
    with pytest.raises(ValueError, match="pools its states, and a stream needs every step"):
        predict_stream(pooled, RidgeReadout(), drives)


def test_memory_of_a_stream_does_not_grow_with_its_length():
    reservoir = EchoStateReservoir(50, random_state=0).fit(np.zeros((2, 1)))
    peaks = []
    for n_steps in (2_000, 20_000):
        drive = np.random.default_rng(0).uniform(-1, 1, (n_steps, 1))
        fit_stream(reservoir, RidgeReadout(), drive[:100], drive[:100, 0], chunk=64)  # compile
        tracemalloc.start()
        fit_stream(reservoir, RidgeReadout(), drive, drive[:, 0], chunk=500)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    states = 20_000 * 50 * 8
    assert peaks[1] - peaks[0] < 0.05 * states


@every
def test_steps_of_a_live_run_give_the_states_of_the_whole(reservoir):
    (drive,), (target,) = recordings([60])
    reservoir.fit(drive)
    run = LiveRun(reservoir, keys=[3])
    states = np.array([run.advance(x) for x in drive])
    whole = reservoir.states(drive, keys=[3]).states.to_numpy()[0]
    assert_array_equal(states, whole)
    readout = RidgeReadout(1.0).fit(states, np.c_[target, -target])
    live = LiveRun(reservoir, readout, keys=[3])
    mixed = [
        live.advance(drive[:20]),
        live.advance(drive[20])[np.newaxis],
        live.advance(drive[21:]),
    ]
    assert_allclose(np.concatenate(mixed), readout.predict(whole), rtol=1e-12)
    live.restart()
    assert_allclose(live.advance(drive[0]), readout.predict(whole[:1])[0], rtol=1e-12)


def test_parallel_live_runs_do_not_mix():
    drives, targets = recordings([30, 30, 30])
    reservoir = MemristorReservoir(10, random_state=0).fit(drives)
    labels = [np.where(y > 0, "up", "down") for y in targets]
    X, y, _ = rows_of(reservoir, drives, labels)
    readout = RidgeReadout().fit(X, y)
    run = LiveRun(reservoir, readout, n_recordings=3)
    got = run.advance(np.stack(drives))
    alone = [LiveRun(reservoir, readout).advance(x) for x in drives]
    assert_array_equal(got, np.stack(alone))
    kept = run.state
    first = run.advance(np.stack(drives)[:, :1])
    run.state = kept  # a state can be stored and set again
    assert_array_equal(run.advance(np.stack(drives)[:, :1]), first)


def test_an_incomplete_live_step_is_refused():
    reservoir = MemristorReservoir(10, random_state=0).fit(np.zeros((2, 3)))
    run = LiveRun(reservoir)
    with pytest.raises(ValueError, match="run 0 got nan at step 0 of the chunk, input 1"):
        run.advance([0.1, np.nan, 0.2])
    with pytest.raises(ValueError, match="expected \\(1 recordings, steps, 3 inputs\\)"):
        run.advance([0.1, 0.2])
    with pytest.raises(ValueError, match=r"X is complex128 of shape"):
        run.advance([0.1, 0.2j, 0.3])
    with pytest.raises(ValueError, match="has no steps"):
        run.advance(np.empty((0, 3)))
    with pytest.raises(ValueError, match=r"X is float64 of shape \(2, 3\); .* \(2, n_steps"):
        LiveRun(reservoir, n_recordings=2).advance(np.zeros((2, 3)))


@pytest.mark.parametrize(
    "other",
    [
        EchoStateReservoir(20, random_state=0),
        EchoStateReservoir(10, dtype="float32", random_state=0),
        MemristorReservoir(10, random_state=0),
        MemristorReservoir(10, device="tiox_zhong2021", random_state=0),
    ],
)
def test_the_state_of_another_reservoir_is_refused(other):
    X = np.zeros((1, 5, 3))
    state = other.fit(X).start()
    for reservoir in (
        EchoStateReservoir(10, random_state=0),
        MemristorReservoir(10, device="ag_pulse", random_state=0),
    ):
        with pytest.raises(
            ValueError, match=r"the state is float.* from .* take it from its start"
        ):
            reservoir.fit(X).advance(state, X)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"keys": [1, 2]}, r"keys=\[1, 2\]: expected 3 whole numbers"),
        ({"keys": ["a"] * 3}, r"expected 3 whole numbers below 2\*\*63"),
        ({"keys": [2**70] * 3}, r"expected 3 whole numbers below 2\*\*63"),
        ({"n_recordings": 1.5}, "n_recordings=1.5 must be a whole number"),
        ({"n_recordings": 0}, "n_recordings=0 must be a whole number, at least 1"),
    ],
)
def test_keys_are_one_whole_number_per_recording(arguments, message):
    X = np.zeros((3, 5, 2))
    reservoir = MemristorReservoir(10, read_noise=0.1, random_state=0).fit(X)
    with pytest.raises(ValueError, match=message):
        reservoir.start(**{"n_recordings": 3, **arguments})
    if "keys" in arguments:
        for ask in (reservoir.states, reservoir.energy):
            with pytest.raises(ValueError, match=message):
                ask(X, **arguments)


def test_a_live_run_limits_the_threads_and_restores_their_number():
    before = numba.get_num_threads()
    with at_most(1):
        assert numba.get_num_threads() == 1
    assert numba.get_num_threads() == before
    with pytest.raises(ZeroDivisionError), at_most(1):
        _ = 1 / 0
    assert numba.get_num_threads() == before


@pytest.mark.parametrize("cls", [MemristorReservoir, VO2Reservoir, OscillatorReservoir])
def test_a_live_run_warns_of_clipped_voltages_once(cls):
    reservoir = cls(8, random_state=0).fit(np.zeros((4, 2)))
    far = np.full((6, 2), 1e3)
    run = LiveRun(reservoir)

    def advance_step_by_step():
        for x in far * np.arange(1, 7)[:, np.newaxis]:
            run.advance(x)

    with pytest.warns(UserWarning, match="lie outside") as caught:
        advance_step_by_step()
    assert len(caught) == 1
    run.restart()
    with pytest.warns(UserWarning, match="lie outside"):
        run.advance(far)
    with pytest.warns(UserWarning, match="lie outside"):
        reservoir.transform(far)


def test_a_readout_of_numbers_has_no_probabilities():
    drives, targets = recordings([40])
    reservoir = MemristorReservoir(8, random_state=0).fit(drives)
    readout = RidgeReadout().fit(reservoir.transform(drives)[0], targets[0])
    with pytest.raises(ValueError, match="RidgeReadout cannot give method='predict_proba'"):
        LiveRun(reservoir, readout, method="predict_proba")
