"""Event encoders: counts, surfaces, causality and the account of dropped events."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive.encoders import event_counts, first_latency, time_surface
from numpy.testing import assert_allclose, assert_array_equal

from mottle.memory import zeros_by_page
from mottle.sensors import EVENT_DTYPE, EventLatency, EventRate, TimeSurface
from mottle.sensors.events import COMPRESS

pytestmark = pytest.mark.kernel


def draw_events(seed, n=60, size=(7, 5), span=1000):
    rng = np.random.default_rng(seed)
    events = np.empty(n, dtype=EVENT_DTYPE)
    events["t"] = np.sort(rng.integers(0, span, n)) + 12345
    events["x"], events["y"] = rng.integers(0, size[0], n), rng.integers(0, size[1], n)
    events["p"] = rng.integers(0, 2, n)
    return events


@pytest.mark.parametrize("polarity", ["split", "sum", "signed"])
@pytest.mark.parametrize("cell", [1, 2, 3])
def test_counts_follow_the_naive_count(polarity, cell):
    events = draw_events(0)
    encoder = EventRate(
        7, cell=cell, duration=8e-4, sensor_size=(6, 5), polarity=polarity, compress=None,
        scale=None, on_drop="ignore",
    )  # fmt: skip
    drive = encoder.fit_transform(events).reshape(7, *encoder.fit(events).input_shape_)
    if polarity != "signed":
        assert (drive >= 0).all()
    expected = np.zeros_like(drive)
    counts, outside, late = event_counts(events, 7, 800, cell, (6, 5), polarity)
    for place, amount in counts.items():
        expected[place] = amount
    assert outside > 0
    assert late > 0
    assert_array_equal(drive, expected)
    assert encoder.count(events).iloc[0].tolist() == [60, 60 - outside - late, outside, late]


def test_the_surface_follows_the_naive_surface():
    events = draw_events(1, size=(3, 2))
    encoder = TimeSurface(5, tau=3e-4, cell=1, duration=1e-3, sensor_size=(3, 2))
    drive = encoder.fit_transform(events).reshape(5, 2, 3, 2)
    for step, row, column, p in np.ndindex(drive.shape):
        expected = time_surface(events, step, 5, 1000, 300, row, column, p)
        assert_allclose(drive[step, row, column, p], expected, rtol=1e-12)


def test_the_latency_follows_the_naive_latency():
    events = draw_events(1, size=(3, 2))
    encoder = EventLatency(5, cell=1, duration=1e-3, sensor_size=(3, 2))
    drive = encoder.fit_transform(events).reshape(5, 2, 3, 2)
    for step, row, column, p in np.ndindex(drive.shape):
        expected = first_latency(events, step, 5, 1000, row, column, p)
        assert_allclose(drive[step, row, column, p], expected, rtol=1e-12)
    signed = EventLatency(5, duration=1e-3, sensor_size=(3, 2), polarity="signed", cell=1)
    assert set(np.sign(signed.fit_transform(events)).ravel()) == {-1.0, 1.0}


@pytest.mark.parametrize("encoder", [
    EventRate(7, duration=1e-3), TimeSurface(7, duration=1e-3, tau=1e-4),
    EventLatency(7, duration=1e-3), EventLatency(2, duration=3e-6),
], ids=str)  # fmt: skip
def test_epochs_change_nothing(encoder):
    t = np.array([0, 1, 333, 700]) if encoder.duration > 1e-5 else np.array([0, 0, 1, 1])
    near, far = (np.zeros(4, EVENT_DTYPE) for _ in range(2))
    near["t"], far["t"] = t, t + 1_600_000_000_000_000
    near["p"] = far["p"] = 1
    encoder = encoder.set_params(sensor_size=(1, 1), on_drop="ignore").fit([near])
    assert_array_equal(encoder.transform([near])[0], encoder.transform([far])[0])


@pytest.mark.parametrize("encoder", [EventRate, TimeSurface, EventLatency])
def test_blocks_of_a_large_sensor_without_events_change_nothing(encoder):
    near = draw_events(3, n=300)
    far = near.copy()
    far["x"] += 50
    far["y"] += 20
    common = {"cell": 1, "duration": 1e-3, "on_drop": "ignore"}
    small = encoder(9, sensor_size=(7, 5), **common).fit_transform(near)
    large = encoder(9, sensor_size=(90, 40), **common).fit_transform(far).reshape(9, 40, 90, 2)
    assert_array_equal(large[:, 20:25, 50:57].reshape(9, -1), small)
    large[:, 20:25, 50:57] = 0
    assert not large.any()


@pytest.mark.parametrize("dtype", ["int32", "int16"])
@pytest.mark.parametrize("polarity", ["split", "sum", "signed"])
def test_drives_of_whole_numbers_hold_the_same_counts(dtype, polarity):
    streams = [draw_events(seed) for seed in range(3)]
    plain = EventRate(7, cell=1, polarity=polarity, compress=None, scale=None)
    whole = EventRate(
        7, cell=1, polarity=polarity, compress=None, scale=None, dtype=dtype
    ).fit(streams)  # fmt: skip
    counts = whole.transform(streams)
    assert counts.dtype == dtype
    assert_array_equal(counts, plain.fit_transform(streams))
    with pytest.raises(ValueError, match=rf"recording 1 .* absent .*'{dtype}' has no NaN"):
        whole.transform([streams[0], None])
    assert whole.count([streams[0], None])["events"].tolist() == [len(streams[0]), 0]


@pytest.mark.parametrize("p", [0, 1])
def test_counts_that_two_bytes_do_not_hold_are_refused(p):
    events = np.zeros(32768, EVENT_DTYPE)
    events["p"] = p
    encoder = EventRate(
        2, duration=1e-3, sensor_size=(2, 2), polarity="signed", compress=None, scale=None,
        dtype="int16",
    )  # fmt: skip
    counts = encoder.fit_transform([events[:1], events[1:]])
    assert counts.sum(axis=(1, 2)).tolist() == [2 * p - 1, 32767 * (2 * p - 1)]
    message = "recording 1.*beyond 32767.*dtype='int32', or more steps"
    with pytest.raises(ValueError, match=message):
        encoder.transform([events[:1], events])
    with pytest.raises(ValueError, match="beyond 32767"):
        encoder.advance(encoder.start(), events)
    assert encoder.count(events)["encoded"].tolist() == [32768]
    assert encoder.set_params(dtype="int32").transform(events).sum() == 32768 * (2 * p - 1)


def test_sensors_of_more_inputs_than_kernels_number_are_refused():
    events = np.array([(0, 32_767, 32_767, 1)], dtype=EVENT_DTYPE)
    for encoder in (EventRate(cell=1), TimeSurface(cell=1), EventLatency(cell=1)):
        with pytest.raises(ValueError, match="32768 x 32768 pixels has more than 2147483647"):
            encoder.fit([events])


def test_drives_of_four_bytes_hold_rounded_values():
    streams = [draw_events(seed) for seed in range(3)]
    for encoder in (EventRate(7), TimeSurface(7, tau=3e-4)):
        double = encoder.fit_transform(streams)
        single = encoder.set_params(dtype="float32").fit_transform(streams)
        assert single.dtype == np.float32
        assert_allclose(single, double, rtol=1e-6)
        assert (single != double).any()


def test_a_signed_surface_has_the_sign_of_the_last_event():
    events = np.array([(0, 0, 0, 1), (10, 0, 0, 0)], dtype=EVENT_DTYPE)
    encoder = TimeSurface(2, tau=1e-5, duration=2e-5, polarity="signed")
    assert_allclose(encoder.fit_transform(events)[:, 0], [np.exp(-1), -np.exp(-1)])


@given(seed=st.integers(0, 2**32 - 1), n_steps=st.integers(1, 9), cell=st.integers(1, 8))
@settings(max_examples=25, deadline=None)
def test_every_event_is_encoded_or_reported(seed, n_steps, cell):
    events = draw_events(seed)
    encoder = EventRate(
        n_steps, cell=cell, duration=7e-4, sensor_size=(5, 4), compress=None, scale=None,
        on_drop="ignore",
    )  # fmt: skip
    total = encoder.fit_transform(events).sum()
    account = encoder.count(events)
    assert total == account["encoded"].sum()
    assert (account["events"] == account[["encoded", "outside", "late"]].sum(axis=1)).all()
    assert account["events"].sum() == len(events)


@pytest.mark.parametrize("encoder", [EventRate, TimeSurface])
@pytest.mark.parametrize("origin", ["first", "zero"])
@given(seed=st.integers(0, 2**32 - 1), keep=st.integers(1, 5))
@settings(max_examples=15, deadline=None)
def test_a_step_never_depends_on_later_events(encoder, origin, seed, keep):
    events = draw_events(seed)
    events["t"] -= 12345 * (origin == "zero")
    fitted = encoder(6, duration=1e-3, sensor_size=(7, 5), origin=origin).fit(events)
    start = events["t"][0] if origin == "first" else 0
    past = events[(events["t"] - start) * 6 < keep * 1000]
    if len(past):
        assert_array_equal(fitted.transform(past)[:keep], fitted.transform(events)[:keep])


@pytest.mark.parametrize("encoder", [EventRate, TimeSurface])
def test_recordings_do_not_mix(encoder):
    many = [draw_events(seed) for seed in range(4)]
    fitted = encoder(6, sensor_size=(7, 5), on_drop="ignore").fit(many)
    together = fitted.transform(many)
    for i in (3, 0):
        assert_array_equal(together[i], fitted.transform(many[i]))


def test_a_lone_event_falls_into_the_first_step():
    one = np.array([(77, 3, 2, 1)], dtype=EVENT_DTYPE)
    encoder = EventRate(4, cell=1, duration=1e-3)
    drive = encoder.fit_transform(one)
    assert encoder.sensor_size_ == (4, 3)
    assert drive.sum() == drive[0, (2 * 4 + 3) * 2 + 1] == 1.0


def test_the_learnt_duration_holds_the_last_event():
    events = draw_events(2)
    encoder = EventRate(9).fit(events)
    assert encoder.duration_ == pytest.approx((events["t"][-1] - events["t"][0] + 1) * 1e-6)
    assert encoder.count(events)[["outside", "late"]].to_numpy().sum() == 0


def test_names_and_places_agree():
    encoder = EventRate(1, cell=2, sensor_size=(5, 3), scale=None)
    events = np.array([(0, 4, 2, 1)], dtype=EVENT_DTYPE)
    drive = encoder.fit_transform(events)
    assert encoder.input_shape_ == (2, 3, 2)
    assert encoder.get_feature_names_out()[drive[0] > 0].tolist() == ["y1_x2_on"]


@pytest.mark.parametrize("compress", [None, "sqrt", "log"])
def test_the_scale_is_the_99th_percentile_of_training_counts(compress):
    many = [draw_events(seed, n=300) for seed in range(3)]
    raw = EventRate(5, compress=None, scale=None).fit_transform(many)
    encoder = EventRate(5, compress=compress).fit(many)
    percentile = np.quantile(raw[raw > 0], 0.99, method="inverted_cdf")
    assert encoder.scale_ == pytest.approx(COMPRESS[compress](percentile))
    assert_allclose(encoder.transform(many), COMPRESS[compress](raw) / encoder.scale_)


def test_signed_counts_keep_their_sign_when_compressed():
    events = np.array([(0, 0, 0, 0)] * 4 + [(9, 0, 0, 1)] * 4, dtype=EVENT_DTYPE)
    encoder = EventRate(2, polarity="signed", scale=None)
    assert_array_equal(encoder.fit_transform(events), [[-2.0], [2.0]])


def test_dropped_events_raise_one_warning_with_the_worst_recording():
    many = pd.Series([draw_events(0, n=50), draw_events(1, n=90)], name="sight")
    encoder = EventRate(5, duration=5e-4, sensor_size=(6, 5)).fit(many)
    account = encoder.count(many)
    assert account.index.equals(many.index)
    dropped = int((account["events"] - account["encoded"]).sum())
    with pytest.warns(UserWarning, match=f"{dropped} of 140 events were dropped") as caught:
        encoder.transform(many)
    assert len(caught) == 1
    assert "in recording 1 of 'sight'" in str(caught[0].message)
    with pytest.raises(ValueError, match="dropped"):
        encoder.set_params(on_drop="raise").transform(many)


def test_an_absent_recording_is_nan_and_the_rest_is_not():
    events = draw_events(0)
    encoder = TimeSurface(3).fit([events])
    drive = encoder.transform([None, events])
    assert np.isnan(drive[0]).all()
    assert_array_equal(drive[1], encoder.transform(events))
    assert encoder.count([None, events])["events"].tolist() == [0, 60]
    with pytest.raises(TypeError, match="X is a NoneType: expected an array"):
        encoder.transform(None)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"n_steps": 0}, "n_steps=0"),
        ({"cell": 1.5}, "cell=1.5 must be a whole number"),
        ({"duration": -1.0}, "duration=-1.0 s must be"),
        ({"duration": 1e-6}, "steps of less than 1 us"),
        ({"polarity": "both"}, "polarity='both': expected one of 'split'"),
        ({"compress": "cube"}, "compress='cube'"),
        (
            {"dtype": "float16"},
            "dtype='float16': expected one of 'float64', 'float32', 'int32', 'int16'",
        ),
        ({"dtype": "int32"}, "holds plain counts, and compress='sqrt', scale='global'"),
        ({"sensor_size": 34}, "expected \\(width, height\\)"),
    ],
)
def test_bad_parameters_are_named(parameters, text):
    with pytest.raises(ValueError, match=text):
        EventRate(**parameters).fit(draw_events(0))


def test_a_start_before_the_origin_is_refused():
    events = draw_events(0)
    events["t"] -= 20_000
    with pytest.raises(ValueError, match="before the origin"):
        EventRate(origin="zero").fit(events)


@pytest.mark.parametrize("encoder", [EventRate(6), TimeSurface(6), EventLatency(6)], ids=str)
@pytest.mark.parametrize("dtype", ["<i4", "<i8", "u2", "bool"])
def test_fields_of_any_layout_give_the_same_drive(encoder, dtype):
    events = draw_events(3)
    kind = dict.fromkeys("p" if dtype == "bool" else "xy", dtype)
    fields = [(name, kind.get(name, "<i8")) for name in "ptyx"]
    other = np.empty(events.size, dtype=fields)
    for name in "txyp":
        other[name] = events[name]
    before = events.copy()
    drive = encoder.fit_transform(events)
    assert_array_equal(encoder.transform(other), drive)
    assert_array_equal(encoder.transform(np.repeat(other, 2)[::2]), drive)
    assert_array_equal(events, before)


@pytest.mark.parametrize("encoder", [EventRate(2), TimeSurface(2), EventLatency(2)], ids=str)
@pytest.mark.parametrize("place", [1, 1024, 8191, 8999])
@pytest.mark.parametrize("duration", [0.05, 0.5e-2], ids=["encoded", "late"])
def test_a_fault_is_found_wherever_it_hides(encoder, place, duration):
    events = draw_events(4, 9000, span=10_000)
    encoder = encoder.set_params(duration=duration, on_drop="ignore").fit(events)
    late = events.copy()
    late["t"][place] = late["t"][0] - 1
    with pytest.raises(ValueError, match=f"time goes back at event {place} of the input"):
        encoder.transform(late)
    odd = events.copy()
    odd["p"][place] = 2
    with pytest.raises(ValueError, match=f"polarity 2 at event {place} of recording 1"):
        encoder.transform([events, odd])


def test_what_faded_away_is_zero_and_not_a_denormal_number():
    events = np.array([(0, 0, 0, 1)], dtype=EVENT_DTYPE)
    drive = TimeSurface(50, tau=1e-3, duration=1.0, sensor_size=(1, 1)).fit_transform(events)
    assert drive[-1, 1] == 0
    assert (drive[drive > 0] > 1e-31).all()


FORK = """
import os
from mottle.memory import zeros_by_page
zeros = zeros_by_page((1 << 20,), "float64")
zeros[:] = 1
child = os.fork()
if child == 0:
    zeros[:] = 2
    os._exit(0)
os.waitpid(child, 0)
print(zeros.max())
"""


def test_large_drives_are_not_shared_with_forked_processes():
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, check=True)
    assert done.stdout == "1.0\n"


def test_drives_beyond_the_memory_of_the_system_are_a_memory_error():
    with pytest.raises(MemoryError, match="no memory for an array of 1125899906842624 bytes"):
        zeros_by_page((1 << 47,), "float64")


@pytest.mark.parametrize("n", [50, 20_000])  # fewer and more than there are small pages
def test_large_drives_hold_the_counts_whatever_their_pages(n):
    rng, size = np.random.default_rng(0), (1280, 720)
    events = np.zeros(n, EVENT_DTYPE)
    events["t"] = np.sort(rng.integers(0, 1000, n))
    events["x"], events["y"] = rng.integers(0, size, (n, 2)).T
    events["p"] = rng.integers(0, 2, n)
    encoder = EventRate(2, cell=1, compress=None, scale=None, sensor_size=size, duration=1e-3,
                        origin="zero").fit(events)  # fmt: skip
    expected = np.zeros((2, 720, 1280, 2))
    np.add.at(expected, (events["t"] // 500, *(events[name] for name in "yxp")), 1)
    assert np.array_equal(encoder.transform(events).reshape(expected.shape), expected)
