"""Encoders step by step: chunks give the bytes of the whole, and nothing is remembered."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mottle.reservoir.readout.chain import Advances
from mottle.sensors import (
    EVENT_DTYPE,
    DriveStack,
    EventLatency,
    EventRate,
    GasDrive,
    LevelCrossing,
    SoundDrive,
    TaxelDrive,
    TimeMask,
    TimeSurface,
)

SIZE, N_STEPS = (7, 5), 9


def draw_events(seed, n=200, span=1000):
    rng = np.random.default_rng(seed)
    events = np.empty(n, dtype=EVENT_DTYPE)
    events["t"] = np.sort(rng.integers(0, span, n))
    events["t"][0] = 0
    events["x"], events["y"] = rng.integers(0, SIZE[0], n), rng.integers(0, SIZE[1], n)
    events["p"] = rng.integers(0, 2, n)
    return events


def draw_samples(seed, n_rows=24, n_channels=3):
    walk = np.random.default_rng(seed).normal(size=(n_rows, n_channels)).cumsum(axis=0)
    return np.abs(walk) + 1.0


def edges(encoder):
    """First microsecond of every step, and the end."""
    us = round(encoder.duration_ * 1e6)
    return [-(-k * us // encoder.n_steps) for k in range(encoder.n_steps + 1)]


def between(events, begin, end):
    return events[(events["t"] >= begin) & (events["t"] < end)]


def chunks_of(n, cuts):
    bounds = sorted({0, n, *(cut for cut in cuts if cut < n)})
    return list(pairwise(bounds))


OF_EVENTS = [
    EventRate(N_STEPS), EventRate(N_STEPS, polarity="signed", compress="log", origin="zero"),
    EventRate(N_STEPS, scale=None, compress=None, cell=3),
    EventRate(N_STEPS, compress="anscombe"), EventLatency(N_STEPS, polarity="signed"),
    TimeSurface(N_STEPS, tau=2e-4), TimeSurface(N_STEPS, tau=1e-6, polarity="signed", cell=1),
    TimeSurface(N_STEPS, tau=2e-4, dtype="float32"),
]  # fmt: skip
OF_ROWS = [
    LevelCrossing(threshold=0.3), LevelCrossing(scale=None, channels=[2, 0]),
    TaxelDrive(statistics=("mean", "diff", "last")), TaxelDrive(baseline="training"),
    TaxelDrive(baseline=None, scale="global"), TaxelDrive(baseline=1),
    GasDrive(n_steps=None, baseline=0), GasDrive(n_steps=None, baseline=None, scale=None),
    GasDrive(n_steps=None, baseline=0, response="difference", smooth=0.3),
]  # fmt: skip
cut_anywhere = given(seed=st.integers(0, 2**32 - 1), cuts=st.lists(st.integers(1, 23), max_size=6))


@pytest.mark.kernel
@pytest.mark.parametrize("encoder", OF_EVENTS, ids=str)
@cut_anywhere
@settings(max_examples=15, deadline=None)
def test_chunks_of_events_give_the_bytes_of_the_whole(encoder, seed, cuts):
    many = [draw_events(seed), draw_events(seed + 1, n=50)]
    encoder = clone(encoder).set_params(duration=1e-3, sensor_size=SIZE).fit(many)
    whole, at = encoder.transform(many), edges(encoder)
    state, parts = encoder.start(2), []
    for first, last in chunks_of(N_STEPS, cuts):
        chunk = [between(events, at[first], at[last]) for events in many]
        state, part = encoder.advance(state, chunk, n_steps=last - first)
        parts.append(part)
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()
    assert state.step == N_STEPS


@pytest.mark.kernel
@pytest.mark.parametrize("encoder", OF_ROWS, ids=str)
@cut_anywhere
@settings(max_examples=15, deadline=None)
def test_chunks_of_rows_give_the_bytes_of_the_whole(encoder, seed, cuts):
    many = np.stack([draw_samples(seed), draw_samples(seed + 1)])
    encoder = clone(encoder).fit(many)
    whole = encoder.transform(many)
    state, parts = encoder.start(2), []
    for first, last in chunks_of(24, cuts):
        state, part = encoder.advance(state, many[:, first:last])
        parts.append(part)
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()
    assert state.step == 24


@cut_anywhere
@settings(max_examples=10, deadline=None)
def test_chunks_with_times_of_their_own_give_the_bytes_of_the_whole(seed, cuts):
    time = np.cumsum(np.random.default_rng(seed).uniform(0, 2, 24))
    stream = xr.DataArray(
        draw_samples(seed), dims=("time", "channel"), coords={"time": time, "channel": list("abc")}
    )
    encoder = GasDrive(n_steps=None, baseline=0).fit(stream)
    state, parts = encoder.start(), []
    for first, last in chunks_of(24, cuts):
        state, part = encoder.advance(state, [stream[first:last]])
        parts.append(part[0])
    assert np.concatenate(parts).tobytes() == encoder.transform(stream).tobytes()


@pytest.mark.parametrize("kind", ["binary", "uniform"])
def test_chunks_of_drive_give_the_mask_of_the_whole(kind):
    drive = np.random.default_rng(0).normal(size=(2, 8, 3))
    mask = TimeMask(4, kind=kind, n_masks=2, random_state=0).fit(drive)
    state, parts = mask.start(2), []
    for first, last in ((0, 1), (1, 5), (5, 8)):
        state, part = mask.advance(state, drive[:, first:last])
        parts.append(part)
    assert np.concatenate(parts, axis=1).tobytes() == mask.transform(drive).tobytes()
    assert parts[0].shape == (2, 4, 6)


def table(n=2):
    return pd.DataFrame({
        "sight": pd.Series([draw_events(k) for k in range(n)], dtype=object),
        "touch": pd.Series([draw_samples(k, N_STEPS) for k in range(n)], dtype=object),
    })  # fmt: skip


def test_chunks_of_all_senses_give_the_stack_of_the_whole():
    sight = EventRate(N_STEPS, duration=1e-3, sensor_size=SIZE)
    touch = make_pipeline(TaxelDrive(), TimeMask(1, n_masks=2, random_state=0))
    stack = DriveStack([("sight", sight), ("touch", touch)]).fit(table())
    whole, at = stack.transform(table()), edges(stack.encoders_[0][1])
    state, parts = stack.start(2), []
    for first, last in ((0, 4), (4, 5), (5, N_STEPS)):
        chunk = {
            "sight": [between(events, at[first], at[last]) for events in table()["sight"]],
            "touch": [rows[first:last] for rows in table()["touch"]],
        }
        state, part = stack.advance(state, chunk, n_steps=last - first)
        parts.append(part)
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()
    with pytest.raises(ValueError, match="there is no stream of 'touch'; there are sight"):
        stack.advance(state, {"sight": chunk["sight"]})
    with pytest.raises(ValueError, match="different numbers of steps: 'sight' 1, 'touch' 4"):
        stack.advance(stack.start(2), chunk | {"sight": [draw_events(0)[:0]] * 2})
    scaled = DriveStack([("touch", make_pipeline(TaxelDrive(), "passthrough"))]).fit(table())
    assert scaled.start()["touch"][0].owner == "TaxelDrive"


def test_a_stage_without_steps_is_refused_by_name():
    class Rows(StandardScaler):
        def fit(self, X, y=None):
            return super().fit(np.concatenate(X))

        def transform(self, X):
            return [super(Rows, self).transform(rows) for rows in X]

    rows = DriveStack([("touch", make_pipeline(TaxelDrive(), Rows()))]).fit(table())
    with pytest.raises(TypeError, match=r"Rows\(\) has no start and advance"):
        rows.start()


@pytest.mark.parametrize("encoder", [OF_EVENTS[5], OF_ROWS[0], OF_ROWS[2], OF_ROWS[6]], ids=str)
def test_a_state_is_never_changed_and_may_be_used_again(encoder):
    of_events = isinstance(encoder, TimeSurface)
    many = [draw_events(0)] if of_events else draw_samples(0)[np.newaxis]
    encoder = clone(encoder).fit(many)
    chunk = [many[0][:20]] if of_events else many[:, :3]
    options = {"n_steps": N_STEPS} if of_events else {}
    first = encoder.start()
    kept = {name: value.copy() for name, value in first.values.items()}
    second, drive = encoder.advance(first, chunk, **options)
    assert isinstance(encoder, Advances)
    assert {name: value.tolist() for name, value in first.values.items()} == {
        name: value.tolist() for name, value in kept.items()
    }
    assert first.step == 0
    again = encoder.advance(first, chunk, **options)
    assert again[1].tobytes() == drive.tobytes()
    for name, value in second.values.items():
        assert_array_equal(value, again[0].values[name])
        assert not np.shares_memory(value, drive)


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (LevelCrossing(5), "n_steps=5 refers to whole recordings"),
        (LevelCrossing(max_rows=5), "max_rows=5 refers to"),
        (TaxelDrive(5), "n_steps=5 refers to whole recordings, .* set n_steps=None"),
        (TaxelDrive(baseline="mean"), "baseline='mean' needs rows that come later"),
        (TaxelDrive(baseline=3), "baseline=3 needs rows that come later"),
        (GasDrive(), "n_steps=60 refers to whole"),
        (GasDrive(n_steps=None, dt=2.0), "dt=2.0 refers to"),
        (GasDrive(n_steps=None), "baseline=10.0 s is the mean of rows that come later"),
    ],
    ids=str,
)
def test_what_depends_on_later_rows_has_no_start(encoder, message):
    with pytest.raises(ValueError, match=message):
        encoder.fit(draw_samples(0)[np.newaxis]).start()


def test_events_outside_the_steps_of_a_chunk_are_refused():
    encoder = EventRate(4, duration=1e-3, sensor_size=SIZE).fit(draw_events(0))
    state, _ = encoder.advance(encoder.start(), [draw_events(0)[:0]])
    for t in (249, 500):
        late = np.array([(t, 0, 0, 1)], dtype=EVENT_DTYPE)
        message = f"run 0 has an event at {t} us; steps 1 to 2 hold 250 us to before 500 us"
        with pytest.raises(ValueError, match=message):
            encoder.advance(state, [late])
    state, drive = encoder.advance(state, [draw_events(0)[:0]], n_steps=30)  # longer than fitted
    assert drive.shape == (1, 30, encoder.n_features_out_)


def test_events_outside_the_sensor_are_reported_as_in_transform():
    encoder = EventRate(4, duration=1e-3, sensor_size=(2, 2)).fit(draw_events(0)[:1])
    outside = np.array([(3, 5, 0, 1), (4, 0, 0, 1)], dtype=EVENT_DTYPE)
    with pytest.warns(UserWarning, match="1 of 2 events were dropped: 1 outside the sensor"):
        encoder.advance(encoder.start(), [outside])
    back = outside[::-1]
    with pytest.raises(ValueError, match="time goes back at event 1"):
        encoder.set_params(on_drop="ignore").advance(encoder.start(), [back])


def test_a_live_run_needs_a_stream_of_every_run_at_every_step():
    encoder = TaxelDrive().fit(draw_samples(0)[np.newaxis])
    state = encoder.start(2)
    for chunk, message in (
        ([draw_samples(0), None], "run 1 has no stream"),
        ([draw_samples(0), draw_samples(0)[:3]], r"their rows differ: \[24, 3\]"),
        ([draw_samples(0)], "1 streams came in for 2 runs"),
    ):
        with pytest.raises(ValueError, match=message):
            encoder.advance(state, chunk)
    with pytest.raises(ValueError, match="the state is from 'TaxelDrive'"):
        LevelCrossing().fit(draw_samples(0)).advance(encoder.start(), draw_samples(0))
    with pytest.raises(ValueError, match="n_recordings=True must be a whole number"):
        encoder.start(True)
    gas = GasDrive(n_steps=None, baseline=0).fit(draw_samples(0))
    timed = xr.DataArray(draw_samples(0)[:2], dims=("time", "channel"), coords={"time": [5, 6]})
    state, _ = gas.advance(gas.start(), [timed])
    with pytest.raises(ValueError, match=r"time goes back in .*: 5 s comes after 6 s"):
        gas.advance(state, [timed])


@pytest.mark.parametrize(
    ("value", "held"), [(np.nan, "NaN"), (-np.inf, "-inf"), (2.0**32 - 1, "4294967295")]
)
def test_a_block_of_rows_is_refused_as_its_tables_are(value, held):
    block = np.stack([draw_samples(0), draw_samples(1)])
    encoder = TaxelDrive(channels=[0, 2]).fit(block)
    block[1, 5, 1] = value  # of a channel that is not kept
    _, whole = encoder.advance(encoder.start(2), block)
    _, tables = encoder.advance(encoder.start(2), list(block))
    assert_array_equal(whole, tables)
    block[1, 5, 2] = value
    for chunk in (block, list(block)):
        with pytest.raises(ValueError, match=f"channel 2 of recording 1 .* holds {held}"):
            encoder.advance(encoder.start(2), chunk)
    for chunk in (block[:, :, :2], list(block[:, :, :2])):
        with pytest.raises(ValueError, match="2 channels where the first training recording has 3"):
            encoder.advance(encoder.start(2), chunk)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: EventRate(n_step=3), "no parameter 'n_step'; did you mean 'n_steps'"),
        (lambda: TimeSurface(ta=0.1), "no parameter 'ta'; did you mean 'tau'"),
        (lambda: TaxelDrive(base_line=1), "no parameter 'base_line'; did you mean 'baseline'"),
        (lambda: GasDrive(dt_=1), "no parameter 'dt_'; did you mean 'dt'"),
        (lambda: LevelCrossing(treshold=1), "did you mean 'threshold'"),
        (lambda: TimeMask(seed=0), "no parameter 'seed'; did you mean 'random_state'"),
        (lambda: DriveStack(encoder=[]), "no parameter 'encoder'; did you mean 'encoders'"),
    ],
)
def test_a_misspelt_parameter_is_refused_with_the_one_that_was_meant(build, message):
    with pytest.raises(TypeError, match=message):
        build()


@pytest.mark.parametrize("encoder", [
    GasDrive(n_steps=None, baseline=0, smooth=0.3), GasDrive(n_steps=None, dt=0.3, baseline=None),
    SoundDrive(4, dt=0.4, f_min=1.0),
], ids=str)  # fmt: skip
def test_rows_without_times_come_at_the_rate_of_training(encoder):
    rows = np.exp(np.random.default_rng(0).normal(size=(60, 2)).cumsum(axis=0) / 10)
    timed = xr.DataArray(rows, dims=("time", "channel"), coords={"time": np.arange(60) * 0.1})
    encoder.fit([timed, timed[:50]])
    expected = encoder.transform([timed])[0]
    numbered = timed.assign_coords(time=np.arange(60.0))
    numbered.attrs["time_unit_from"] = "rule: no time, row numbers"
    for bare in (rows, numbered):
        assert_allclose(encoder.transform([bare])[0], expected, rtol=1e-9, atol=1e-9)
    once = clone(encoder)
    if isinstance(encoder, GasDrive):  # nothing of a fit before is left
        assert_array_equal(encoder.fit(rows).transform(rows), once.fit(rows).transform(rows))
        encoder.fit([timed, timed[:50]])
    if getattr(encoder, "dt", None) is None:
        state, first = encoder.advance(encoder.start(), rows[np.newaxis, :7])
        _, rest = encoder.advance(state, [numbered[7:]])
        live = np.concatenate([first[0], rest[0]])
        assert_allclose(live, expected, rtol=1e-9, atol=1e-9)
