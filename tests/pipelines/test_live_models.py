"""Whole fitted models tick by tick: streams in, the predictions of whole recordings out."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from mottle.datasets import make_table
from mottle.pipelines import SensorClassifier, make_fusion_pipeline
from mottle.reservoir import (
    EchoStateReservoir,
    LiveRun,
    MemristorReservoir,
    RidgeReadout,
    fit_stream,
)
from mottle.sensors import EVENT_DTYPE, EventRate, TaxelDrive

SIZE, US, N_STEPS = (6, 5), 3000, 12
POOLED = MemristorReservoir(10, pool=("mean", "last", "std"), random_state=0)


def draw_events(rng, n, right):
    events = np.zeros(n, EVENT_DTYPE)
    events["t"] = np.sort(rng.integers(0, US, n))
    events["x"] = rng.integers(3 * right, 3 + 3 * right, n)
    events["y"], events["p"] = rng.integers(0, SIZE[1], n), rng.integers(0, 2, n)
    return events


@pytest.fixture(scope="module")
def recordings():
    """Events and rows of a touch, each telling a half of the class."""
    rng = np.random.default_rng(0)
    label = np.arange(24) % 4
    rows = [rng.normal(size=(20, 3)).cumsum(axis=0) + 2.0 * (one // 2) for one in label]
    events = [draw_events(rng, 60, one % 2) for one in label]
    return make_table(touch=rows, vision=events), label


def encoders():
    vision = EventRate(N_STEPS, sensor_size=SIZE, duration=US / 1e6, origin="zero")
    return {"touch": TaxelDrive(None, baseline="training"), "vision": vision}


@pytest.fixture(scope="module", params=["middle", "late"])
def fused(request, recordings):
    table, label = recordings
    return make_fusion_pipeline(encoders(), POOLED, fusion=request.param).fit(table, label)


def feed(run, rows, events, rng, until=US / 1e6):
    """Give a run both senses in chunks of any length, each on its own clock."""
    left, cut, last = 0, 0, None
    while left < len(rows) or cut < len(events):
        n, m = rng.integers(1, 6, 2)
        last = run.advance({"touch": rows[left : left + n]}) if left < len(rows) else last
        if cut < len(events):
            run.advance({"vision": events[cut : cut + m]})
        left, cut = left + n, cut + m
    return run.advance({"vision": events[:0]}, until=until)


def test_chunks_of_several_senses_end_at_the_prediction_of_the_whole(fused, recordings):
    table, _ = recordings
    rng = np.random.default_rng(1)
    run = LiveRun(fused, method="predict_proba")
    for row in range(3):
        run.restart()
        cells = table.iloc[row]
        got = feed(run, cells["touch"], cells["vision"], rng)
        assert_array_equal(got, fused.predict_proba(table.iloc[[row]])[0])


def test_a_silent_sense_is_masked_as_in_training(fused, recordings):
    table, _ = recordings
    run = LiveRun(fused, method="predict_proba")
    alone = table.iloc[[5]].copy()
    alone["vision"] = [None]
    with pytest.warns(UserWarning, match="'vision' is missing in 1 of 1"):
        expected = fused.predict_proba(alone)[0]
    assert run.advance({"vision": table["vision"].iloc[5][:1]}) is None  # no step has ended
    got = run.advance({"touch": table["touch"].iloc[5], "vision": None})
    assert_array_equal(got, expected)
    assert run.advance({}) is not None


def test_early_fusion_waits_for_the_steps_of_all_senses(recordings):
    table, label = recordings
    own = encoders() | {"touch": TaxelDrive(N_STEPS, baseline="training")}
    with pytest.raises(ValueError, match="n_steps=12 refers to whole recordings"):
        LiveRun(make_fusion_pipeline(own, POOLED, fusion="early").fit(table, label))
    table = make_table(touch=[rows[:N_STEPS] for rows in table["touch"]], vision=table["vision"])
    model = make_fusion_pipeline(encoders(), POOLED, fusion="early").fit(table, label)
    run = LiveRun(model, method="decision_function" if hasattr(model, "decision_function")
                  else "predict_proba")  # fmt: skip
    got = feed(run, *table.iloc[3], np.random.default_rng(2))
    assert_array_equal(got, run._predict(model[:-1].transform(table.iloc[[3]]))[0])


def test_early_fusion_goes_on_without_a_silent_sense(recordings):
    table, label = recordings
    table = make_table(touch=[rows[:N_STEPS] for rows in table["touch"]], vision=table["vision"])
    model = make_fusion_pipeline(encoders(), POOLED, fusion="early").fit(table, label)
    run = LiveRun(model, method="predict_proba")
    assert run.advance({"vision": None}) is None
    answers = [run.advance({"touch": row}) for row in table["touch"].iloc[3]]
    assert all(one is not None for one in answers)
    alone = table.iloc[[3]].copy()
    alone["vision"] = [None]
    with pytest.warns(UserWarning, match="'vision' is missing"):
        assert_array_equal(answers[-1], model.predict_proba(alone)[0])


def test_a_sense_that_runs_ahead_is_refused_before_memory_grows(recordings):
    table, label = recordings
    table = make_table(touch=[rows[:N_STEPS] for rows in table["touch"]], vision=table["vision"])
    run = LiveRun(make_fusion_pipeline(encoders(), POOLED, fusion="early").fit(table, label))
    with pytest.raises(ValueError, match="'touch' is 10001 steps ahead of 'vision'"):
        run.advance({"touch": np.zeros((10_001, 3))})
    assert run.advance({"touch": np.zeros((10_000, 3))}) is None


def test_the_clock_of_samples_may_not_jump(recordings):
    table, label = recordings
    run = LiveRun(make_fusion_pipeline(encoders(), POOLED).fit(table, label))

    def row(t):
        return xr.DataArray(np.zeros((1, 3)), dims=("time", "channel"), coords={"time": [t]})

    for t in (0.0, 0.01, 0.02):
        run.advance({"touch": row(t)})
    for t, text in ((1e9, "its clock jumped"), (np.nan, "has the time nan")):
        with pytest.raises(ValueError, match=text):
            run.advance({"touch": row(t)})
    run.advance({"touch": row(0.03)})
    uneven = LiveRun(run.reservoir, run.readout)
    for t in (0.0, 1e-6, 5.0, 300.0):  # a first gap that is short by chance is no sign
        uneven.advance({"touch": row(t)})
    assert uneven.counts["touch"]["late"] == 0
    assert run.counts["touch"] == {"late": 0, "repeated": 0, "outside": 0, "gaps": 0}


def test_weights_of_a_union_count():
    X = np.random.default_rng(4).normal(size=(40, 25, 3))
    union = FeatureUnion(
        [("a", MemristorReservoir(8, pool="mean", random_state=0)),
         ("b", EchoStateReservoir(8, pool="mean", random_state=1))],
        transformer_weights={"b": 10.0},
    )  # fmt: skip
    model = make_pipeline(union, RidgeReadout()).fit(X, X[:, :, 0].mean(axis=1))
    run = LiveRun(model)
    assert run.advance(X[7]) == model.predict(X[7:8])[0]
    flat = X.reshape(-1, 3)
    states = clone(union).set_params(a__pool=None, b__pool=None)
    whole = make_pipeline(states, RidgeReadout()).fit(flat, flat[:, 0])
    assert_array_equal(LiveRun(whole).advance(flat[:50]), whole.predict(flat[:50]))
    readout = fit_stream(states, RidgeReadout(), [flat], [flat[:, 0]])
    np.testing.assert_allclose(readout.coef_, whole[-1].coef_, rtol=1e-6)


def test_late_and_repeated_samples_are_counted_and_left_out(recordings):
    table, label = recordings
    rows = [
        xr.DataArray(one, dims=("time", "channel"), coords={"time": 0.01 * np.arange(20)})
        for one in table["touch"]
    ]
    table = make_table(touch=rows, vision=table["vision"])
    model = make_fusion_pipeline(encoders(), POOLED).fit(table, label)
    run = LiveRun(model, method="predict_proba")
    touch, events = rows[7], table["vision"].iloc[7]
    run.advance({"touch": touch[:9]})
    run.advance({"touch": touch[[8, 2, 9]]})
    run.advance({"touch": touch[[9, 10, 11, 11]]})
    run.advance({"vision": events[:40]})
    beyond = np.array([(2900, 6, 0, 1), (2901, -1, 0, 1)], EVENT_DTYPE)
    run.advance({"vision": np.concatenate([events[:2], events[40:], beyond])})
    got = run.advance({"touch": touch[12:]}, until=US / 1e6)
    assert run.counts == {
        "touch": {"late": 1, "repeated": 3, "outside": 0, "gaps": 0},
        "vision": {"late": 2, "repeated": 0, "outside": 2, "gaps": 0},
    }  # fmt: skip
    assert_array_equal(got, model.predict_proba(table.iloc[[7]])[0])


@pytest.mark.parametrize("pool", ["mean", ("last", "max", "std"), "ppv4"])
@pytest.mark.parametrize("n_segments", [1, 3])
def test_pooled_features_are_those_of_the_recording_so_far(pool, n_segments):
    rng = np.random.default_rng(3)
    touches = rng.normal(size=(12, 15, 3)).cumsum(axis=1)
    model = make_pipeline(
        TaxelDrive(None, baseline=1),
        EchoStateReservoir(8, pool=pool, n_segments=n_segments, random_state=0),
        StandardScaler(), RidgeReadout(),
    ).fit(touches, np.arange(12.0))  # fmt: skip
    run = LiveRun(model, method="predict")
    for t, row in enumerate(touches[2], start=1):
        got = run.advance(row)
        if t >= n_segments:
            assert got == model.predict(touches[2:3, :t])[0]
    late = LiveRun(model, window=4)
    assert late.advance(touches[2, :4]) == model.predict(touches[2:3, :4])[0]
    assert late.advance(touches[2, 4:]).shape == ()


@pytest.mark.parametrize("pool", [("mean", "std", "max", "last", "ppv20"), "mean"])
def test_stored_states_go_on_as_often_as_wanted(pool, tmp_path):
    rng = np.random.default_rng(4)
    touches = rng.normal(size=(12, 40, 3)).cumsum(axis=1)
    model = make_pipeline(
        TaxelDrive(None, baseline=1), EchoStateReservoir(8, pool=pool, random_state=0),
        RidgeReadout(),
    ).fit(touches, np.arange(12.0))  # fmt: skip
    run, other = LiveRun(model), np.concatenate([touches[2, :21], touches[3, 21:]])
    run.advance(touches[2, :20])
    run.advance(touches[2, 20])
    stored = run.state
    for rows in (touches[2], other, touches[2]):  # each overwrites nothing of the others
        run.state = stored
        for t in range(21, 40):
            assert run.advance(rows[t]) == model.predict(rows[np.newaxis, : t + 1])[0]
    run.state = stored
    run.save(tmp_path / "state")
    resumed = LiveRun(model)
    resumed.resume(tmp_path / "state")
    _, pooled, *_ = resumed.state
    assert pooled.sums is not None
    assert pooled.room is None
    before = replace(pooled, sums=None)  # as in files of before
    for state in (pooled, before):
        resumed.state = [resumed.state[0], state, *resumed.state[2:]]
        assert resumed.advance(touches[2, 21]) == model.predict(touches[2:3, :22])[0]


def test_a_window_slides_once_it_is_full():
    rng = np.random.default_rng(5)
    drive = rng.normal(size=(6, 30, 3))
    reservoir = MemristorReservoir(8, pool=("mean", "std"), random_state=0).fit(drive)
    _, states = reservoir.advance(reservoir.start(2), drive[:2])
    run = LiveRun(reservoir, n_recordings=2, window=10)
    for t in range(1, 31):
        stored = run.state
        run.advance(drive[2:4, t - 1 : t])  # overwrites nothing of the others
        run.state = stored
        got = run.advance(drive[:2, t - 1 : t])
        assert_array_equal(got, reservoir.pool_states(states[:, max(0, t - 10) : t]))


def test_models_that_choose_their_pipeline_run_live(recordings):
    table, label = recordings
    model = SensorClassifier(size=100, random_state=0).fit(list(table["touch"]), label)
    run = LiveRun(model)
    answers = [run.advance(row) for row in table["touch"].iloc[9]]
    assert answers[-1] == model.predict([table["touch"].iloc[9]])[0]


def test_a_run_goes_on_from_its_file(fused, recordings, tmp_path):
    table, label = recordings
    touch, events = table.iloc[4]
    whole, broken = LiveRun(fused, method="predict_proba"), LiveRun(fused, method="predict_proba")
    for run in (whole, broken):
        run.advance({"touch": touch[:7], "vision": events[:33]})
    broken.save(tmp_path / "state")
    resumed = LiveRun(fused, method="predict_proba")
    resumed.resume(tmp_path / "state")
    for run in (whole, resumed):
        run.advance({"touch": touch[7:], "vision": events[33:]})
    assert_array_equal(resumed.advance(until=1.0), whole.advance(until=1.0))
    assert resumed.counts == whole.counts

    other = make_fusion_pipeline(encoders(), MemristorReservoir(10, pool="mean", random_state=1))
    with pytest.raises(ValueError, match="state of another model"):
        LiveRun(other.fit(table, label)).resume(tmp_path / "state")
    body = bytearray((tmp_path / "state").read_bytes())
    for place in range(0, len(body), 97):
        damaged = body.copy()
        damaged[place] ^= 4
        (tmp_path / "damaged").write_bytes(damaged)
        with pytest.raises(ValueError, match="its checksum differs"):
            resumed.resume(tmp_path / "damaged")


@pytest.mark.parametrize(("chunk", "text"), [
    ({"tuoch": np.zeros(3)}, "no sense 'tuoch'; it has touch, vision"),
    ({"touch": np.array(["a"])}, "a sense came as"),
    ({"vision": np.zeros(3)}, "expected a structured array with t"),
    ({"vision": np.array([(2**60, 0, 0, 0)], EVENT_DTYPE)}, "its clock jumped"),
    (np.zeros(3), "a dict of the senses touch, vision"),
])  # fmt: skip
def test_what_a_model_does_not_take_is_named(fused, chunk, text):
    with pytest.raises(ValueError, match=text):
        LiveRun(fused).advance(chunk)


@pytest.mark.parametrize("origin", ["first", "zero"])
def test_until_is_on_the_clock_of_the_events(origin):
    rng = np.random.default_rng(6)
    events = [draw_events(rng, 200, k % 2) for k in range(8)]
    for one in events:
        one["t"] += 1700  # a stream that begins long before its first event
    duration = (US + 1700) / 1e6
    model = make_pipeline(
        EventRate(N_STEPS, sensor_size=SIZE, duration=duration, origin=origin), clone(POOLED),
        RidgeReadout(),
    ).fit(events, np.arange(8) % 2)  # fmt: skip
    run, tick, begin = LiveRun(model, method="decision_function"), 250, 0
    assert run.advance(until=0.0001) is None
    end = int(events[3]["t"][0]) * (origin == "first") + US + 1700
    while begin < end:
        inside = (events[3]["t"] >= begin) & (events[3]["t"] < begin + tick)
        begin = min(begin + tick, end)
        last = run.advance(events[3][inside], until=begin / 1e6)
    assert run.counts["stream"]["late"] == 0
    assert last == model.decision_function(events[3:4])[0]


def test_another_rate_and_gaps_are_told():
    rng = np.random.default_rng(7)
    time = 0.01 * np.arange(30)
    touches = [
        xr.DataArray(rng.normal(size=(30, 2)), dims=("time", "channel"), coords={"time": time})
        for _ in range(8)
    ]
    model = make_pipeline(
        TaxelDrive(None, baseline="training"), clone(POOLED), RidgeReadout()
    ).fit(touches, np.arange(8) % 2)  # fmt: skip
    whole, holes = touches[0], touches[0][[*range(12), *range(14, 20), 25, 26]]
    for rows, factor, n_gaps, text in (
        (whole, 1, 0, None), (holes, 1, 2, None), (whole, 1000, 29, "every 10 s, and in training"),
        (whole, 2, 29, "every 0.02 s, and in training every 0.01 s"),
    ):  # fmt: skip
        run = LiveRun(model)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for k in range(rows.sizes["time"]):
                run.advance(rows[k : k + 1].assign_coords(time=factor * rows["time"][k : k + 1]))
        assert run.counts["stream"]["gaps"] == n_gaps
        assert len(caught) == (text is not None)
        assert text is None or text in str(caught[0].message)


def test_rates_that_training_held_are_not_told_and_units_of_times_count():
    rng = np.random.default_rng(8)

    def recording(step):
        time = step * np.arange(30) + 0.4 * step * rng.uniform(-1, 1, 30)
        return xr.DataArray(
            rng.normal(size=(30, 2)), dims=("time", "channel"), coords={"time": time}
        )

    touches = [recording(step) for step in (0.01, 0.02, 0.04) * 3]
    model = make_pipeline(TaxelDrive(None, baseline="training"), clone(POOLED), RidgeReadout())
    with pytest.warns(UserWarning, match="a step of recording 0"):
        model.fit(touches, np.arange(9) % 2)
    for rows in touches:
        in_ms = rows.assign_coords(time=("time", 1e3 * rows["time"].values, {"units": "ms"}))
        for one in (rows, in_ms):
            run = LiveRun(model, method="decision_function")
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                for k in range(30):
                    last = run.advance(one[k : k + 1])
            assert run.counts["stream"]["gaps"] == 0
            assert last == model.decision_function([one])[0]


def test_senses_with_clocks_of_their_own_and_before_0():
    rng = np.random.default_rng(9)
    table = make_table(
        left=[draw_events(rng, 60, k % 2) for k in range(8)],
        right=[draw_events(rng, 60, k % 2) for k in range(8)],
    )
    begins = {"left": -2_000, "right": 700_000}
    for sense, begin in begins.items():
        for one in table[sense]:
            one["t"] += begin
    drives = {sense: EventRate(N_STEPS, sensor_size=SIZE, duration=US / 1e6) for sense in begins}
    model = make_fusion_pipeline(drives, clone(POOLED)).fit(table, np.arange(8) % 2)
    run, (left, right) = LiveRun(model, method="predict_proba"), table.iloc[3]
    for k in range(0, US, 300):
        chunks, until = {}, {}
        for sense, one in (("left", left), ("right", right)):
            time = one["t"] - one["t"][0]
            chunks[sense] = one[(time >= k) & (time < k + 300)]
            until[sense] = (one["t"][0] + k + 300) / 1e6
        last = run.advance(chunks, until=until)
    assert all(counts["late"] == 0 for counts in run.counts.values())
    assert_array_equal(last, model.predict_proba(table.iloc[[3]])[0])


def test_a_restart_takes_the_model_as_it_is_fitted_now(recordings):
    table, label = recordings
    model = make_fusion_pipeline(encoders(), POOLED).fit(table, label)
    run = LiveRun(model, method="predict_proba")
    model.fit(table[::-1][:20], label[::-1][:20])
    run.restart()
    last = feed(run, *table.iloc[5], np.random.default_rng(1))
    assert_array_equal(last, model.predict_proba(table.iloc[[5]])[0])


def test_a_run_goes_on_from_its_file_while_a_sense_is_absent(recordings, tmp_path):
    table, label = recordings
    table = table.assign(touch=[one[:N_STEPS] for one in table["touch"]])
    model = make_fusion_pipeline(encoders(), POOLED, fusion="early").fit(table, label)
    run, again = LiveRun(model), LiveRun(model)
    run.advance({"touch": table["touch"].iloc[0][:3], "vision": None})
    run.save(tmp_path / "state")
    again.resume(tmp_path / "state")
    rest = {"touch": table["touch"].iloc[0][3:]}
    assert_array_equal(again.advance(rest), run.advance(rest))
