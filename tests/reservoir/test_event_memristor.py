"""EventMemristorReservoir against plain loops and the single device, and its properties."""

import pickle

import numba
import numpy as np
import pandas as pd
import pytest
from naive.reservoirs import event_memristor_states
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from mottle.reservoir import EventMemristorReservoir, devices
from mottle.reservoir.nodes.event.node import first_microsecond

DTYPE = [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1")]
ROWS_ARE_TIME = {
    "check_methods_sample_order_invariance": "rows are time: shuffling them is another recording",
    "check_methods_subset_invariance": "rows are time: a batch of rows starts from rest",
}
SIZE = {"sensor_size": (5, 4), "duration": 0.1}


@parametrize_with_checks(
    [EventMemristorReservoir()], expected_failed_checks=lambda _: ROWS_ARE_TIME
)
def test_house_rules_of_scikit_learn(estimator, check):
    check(estimator)


def draw(n=4, n_events=200, seed=0):
    rng = np.random.default_rng(seed)
    recordings = []
    for _ in range(n):
        events = np.zeros(n_events, dtype=DTYPE)
        events["t"] = 1000 + np.sort(rng.integers(0, 99_000, n_events))
        events["t"][0] = 1000
        events["x"], events["y"] = rng.integers(0, 5, n_events), rng.integers(0, 4, n_events)
        events["p"] = rng.integers(0, 2, n_events)
        recordings.append(events)
    return recordings


@pytest.mark.parametrize("cell", [1, 2])
@pytest.mark.parametrize("polarity", ["split", "sum"])
def test_states_equal_plain_loops_over_every_pixel(cell, polarity):
    events = draw(1)[0]
    node = EventMemristorReservoir(
        tau=(0.01, 0.05), n_steps=7, cell=cell, polarity=polarity, **SIZE
    ).fit([events])
    expected = event_memristor_states(events, (0.01, 0.05), 0.3, 7, 0.1, (5, 4), cell, polarity)
    assert_allclose(node.transform(events), expected, rtol=1e-9)
    assert node.n_nodes_ == 2 * np.prod(node.input_shape_)


@pytest.mark.kernel
def test_a_drive_gives_the_states_of_the_single_device():
    pulses = np.random.default_rng(0).integers(0, 2, 40).astype(float)
    got = EventMemristorReservoir(dt_device=2e-3).fit_transform(pulses.reshape(-1, 1))[:, 0]
    assert_allclose(got, devices.simulate("stm_event", pulses, 2e-3).state, rtol=1e-12)


@pytest.mark.kernel
def test_several_events_at_once_count_one_by_one():
    counts = np.array([[3.0], [0.0], [2.0]])
    got = EventMemristorReservoir(dt_device=1e-9).fit_transform(counts)[:, 0]
    assert_allclose(got, 1 - 0.7 ** np.array([3, 3, 5]), rtol=1e-6)


@pytest.fixture(params=[0.0, 0.2], ids=["quiet", "noisy"])
def node(request):
    return EventMemristorReservoir(write_noise=request.param, spread=0.1, random_state=0, **SIZE)


def test_recordings_do_not_mix_whatever_order_batch_or_thread(node, monkeypatch):
    X = draw()
    whole = node.fit(X).transform(X)
    assert_array_equal(node.transform(X[::-1])[::-1], whole)
    assert_array_equal(node.transform(X[2]), whole[2])
    numba.set_num_threads(1)
    try:
        assert node.transform(X).tobytes() == whole.tobytes()
    finally:
        numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
    monkeypatch.setattr("mottle.reservoir.nodes.front.BLOCK_BYTES", 1)
    assert_array_equal(node.transform(pd.Series(X)), whole)
    assert_array_equal(pickle.loads(pickle.dumps(node)).transform(X), whole)
    assert_array_equal(clone(node).fit_transform(pd.DataFrame({"sight": X})), whole)


@pytest.mark.parametrize(("n_steps", "chunks"), [(10, (3, 1, 6)), (7, (2, 1, 4))])
def test_chunks_of_events_give_the_same_bytes_as_the_whole(node, n_steps, chunks):
    X = draw(n_events=2000)  # with events in the microseconds around every step's end
    for k in range(1, n_steps):
        X[0]["t"][200 * k : 200 * k + 3] = 1000 + round(k * 1e5 / n_steps) + np.array([-1, 0, 1])
    X[0].sort(order="t")
    X[3] = X[3][(X[3]["t"] < 21_000) | (X[3]["t"] >= 55_000)]  # silent in the second chunk
    whole = node.set_params(n_steps=n_steps).fit(X).states(X, keys=range(4))["states"].to_numpy()
    state, parts, begin = node.start(4), [], 0
    for length in chunks:
        low, high = (first_microsecond(0.1 / n_steps * k) for k in (begin, begin + length))
        chunk = [e.copy() for e in X]
        for events in chunk:
            events["t"] -= 1000
        chunk = [e[(e["t"] >= low) & (e["t"] < high)] for e in chunk]
        begin += length
        state, states = node.advance(state, chunk, length)
        parts.append(states)
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()
    with pytest.raises(
        ValueError, match=r"run 0 has an event at 0 us; steps \d+ to \d+ hold 10000[01]"
    ):
        node.advance(state, [np.zeros(1, DTYPE)] * 4)


def test_states_never_depend_on_the_future():
    X = draw(1)[0]
    node = EventMemristorReservoir(**SIZE).fit([X])
    early = X[X["t"] < 51_000]
    assert_array_equal(node.transform(early)[:5], node.transform(X)[:5])


def test_features_absent_recordings_and_names_agree():
    X = draw()
    node = EventMemristorReservoir(pool=("mean", "last"), n_segments=2, **SIZE).fit(X)
    features = node.transform([*X[:2], None])
    assert np.isnan(features[2]).all()
    assert np.isnan(node.transform([None])).all()
    assert features.shape[1] == node.get_feature_names_out().size == 4 * 40
    node = EventMemristorReservoir(**SIZE).fit(X)
    states = node.transform(X)
    absent = node.transform([None, None])
    assert absent.shape == (2, 10, 40)
    assert np.isnan(absent).all()
    assert_allclose(features[0, :40], states[0, :5].mean(axis=0), rtol=1e-12)
    assert_allclose(features[1, 120:], states[1, 9], rtol=1e-12)


def test_a_fit_that_failed_changes_nothing():
    X = draw()
    node = EventMemristorReservoir(**SIZE).fit(X)
    before = node.transform(X)
    with pytest.raises(ValueError, match="time goes back"):
        node.fit([X[0][::-1]])
    assert_array_equal(node.transform(X), before)


def test_dropped_events_are_counted():
    X = draw()
    X[1]["x"][:3] = 7
    X[2]["t"][-2:] = 900_000
    node = EventMemristorReservoir(**SIZE).fit(X)
    with pytest.warns(UserWarning, match=r"5 of 800 events .* 3 outside .* 2 after the end"):
        node.transform(X)
    with pytest.raises(ValueError, match=r"most, 3 of .*, in recording 1"):
        node.set_params(on_drop="raise").transform(X)
    node.set_params(on_drop="ignore").transform(X)


def spoil(field, place, value):
    events = draw(1)
    events[0][field][place] = value
    return events


@pytest.mark.parametrize(
    ("X", "parameters", "message"),
    [
        (spoil("t", 5, -1), {}, "time goes back at event 5 of recording 0 .*-1 us"),
        (spoil("p", 3, 4), {}, "polarity 4 at event 3 of recording 0"),
        ([np.zeros(0, DTYPE)], {}, "recording 0 of the input is an empty"),
        ([np.zeros(2, [("t", "i8")])], {}, "has the fields t and lacks x, y, p"),
        ([None, *draw(1)], {}, "recording 0 .*is absent"),
        ([None, None], {}, "recording 0 .*is absent"),
        (
            [e.astype([("t", float), *DTYPE[1:]]) for e in draw(1)],
            {},
            "field 't' of recording 0 of the input is fl",
        ),
        (draw(), {"sensor_size": 5}, r"sensor_size=5: expected \(width, height\)"),
        (draw(), {"sensor_size": (-1, 3)}, r"sensor_size: width=-1"),
        (draw(), {"tau": -1.0}, "tau=-1.0 s must be .* above 0"),
        (draw(), {"cell": 0}, "cell=0 must be"),
        (draw(), {"polarity": "both"}, "polarity='both': expected one of"),
        (draw(), {"duration": 0.0}, "duration=0.0 s must be .* above 0"),
    ],
)
def test_bad_input_is_refused_with_its_place(X, parameters, message):
    with pytest.raises(ValueError, match=message):
        EventMemristorReservoir(**parameters).fit(X)


def test_events_and_drives_are_not_mixed_up():
    with pytest.raises(ValueError, match="fitted on event streams, X is a drive"):
        EventMemristorReservoir().fit(draw()).transform(np.zeros((3, 40)))
    with pytest.raises(ValueError, match="fitted on a drive, X holds event streams"):
        EventMemristorReservoir().fit(np.zeros((3, 40))).transform(draw())


@pytest.mark.parametrize("place", [1, 1024, 8191, 8999])
def test_a_fault_is_found_at_any_position(place):
    events = draw(1, n_events=9000)[0]
    node = EventMemristorReservoir(**SIZE).fit([events])
    bad = events.copy()
    bad["t"][place] = 0
    with pytest.raises(ValueError, match=f"back at event {place} of recording 1"):
        node.transform([events, bad])
    bad = events.copy()
    bad["p"][place] = 3
    with pytest.raises(ValueError, match=f"polarity 3 at event {place} of the input"):
        node.transform(bad)


@pytest.mark.kernel
@pytest.mark.parametrize("spread", [0.0, 0.2])
def test_each_device_of_a_pixel_has_its_own_constants(spread):
    events = draw(1)[0]
    node = EventMemristorReservoir(tau=(0.01, 0.05), spread=spread, random_state=0, **SIZE)
    states = node.fit([events]).transform(events)
    for number in (7, 47):
        row, column, p = np.unravel_index(number % 40, node.input_shape_)
        at = events[(events["x"] == column) & (events["y"] == row) & (events["p"] == p)]["t"]
        tau, p_c = (node.devices_[name][number] for name in ("tau", "p_c"))
        g, last, expected = 0.0, 0.0, []
        for end in (np.arange(10) + 1) * 0.01:
            for t in (at - 1000) * 1e-6:
                if end - 0.01 <= t < end:
                    g = g * np.exp((last - t) / tau)
                    g, last = g + p_c * (1 - g), t
            expected.append(g * np.exp((last - end) / tau))
        assert_allclose(states[:, number], expected, rtol=1e-11)


def test_a_pixel_of_a_large_sensor_is_that_of_a_small_one():
    small = draw(1)[0]
    large = small.copy()  # of 700,000 inputs, which are filled tile by tile
    large["x"], large["y"] = 150 * small["x"], 120 * small["y"]
    few, many = (
        EventMemristorReservoir(sensor_size=size, duration=0.1, n_steps=3).fit([events])
        for size, events in (((5, 4), small), ((700, 500), large))
    )
    states = many.transform(large).reshape(3, 500, 700, 2)
    assert_array_equal(states[:, ::120, ::150].reshape(3, -1)[:, :40], few.transform(small))
    assert np.count_nonzero(states) == np.count_nonzero(few.transform(small))


@pytest.mark.kernel
def test_single_precision_gives_the_same_states():
    events, node = draw(2), EventMemristorReservoir(spread=0.1, random_state=0, **SIZE)
    states = node.fit(events).transform(events)
    halved = clone(node).set_params(dtype="float32").fit(events)
    assert halved.transform(events).dtype == halved.start().values.dtype == np.float32
    assert_allclose(halved.transform(events), states, rtol=1e-5)
    drive = np.array([[3.0, 0.0], [0.0, 1.0]])
    assert_allclose(halved.fit_transform(drive), node.fit_transform(drive), rtol=1e-6)
