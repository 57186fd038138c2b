"""In fit: warnings of parameters in another unit, exchanged sides, labels among the channels."""

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mottle.reservoir import EventMemristorReservoir, STDPLayer
from mottle.sensors import (
    EVENT_DTYPE,
    EventRate,
    GasDrive,
    LevelCrossing,
    TaxelDrive,
    TimeSurface,
    make_events,
)

RNG = np.random.default_rng(3)
N = 2000
T = np.sort(RNG.integers(0, 500_000, N))
ROWS = np.stack([T, RNG.integers(0, 64, N), RNG.integers(0, 48, N), RNG.integers(0, 2, N)], 1)
EVENTS = make_events(*ROWS.T)
OF_EVENTS = [
    EventRate(5), TimeSurface(5), EventMemristorReservoir(cell=16, n_steps=5),
    STDPLayer(3, cell=16, n_epochs=1),
]  # fmt: skip
NAMES = [type(encoder).__name__ for encoder in OF_EVENTS]


@pytest.mark.parametrize("encoder", OF_EVENTS, ids=NAMES)
def test_a_duration_far_beyond_the_recordings_warns_with_both(encoder):
    encoder = encoder.set_params(sensor_size=None, duration=500)
    with pytest.warns(UserWarning, match=r"duration=500 s, .* lasts 0.4\d* s: .* in seconds\?"):
        encoder.fit([EVENTS, EVENTS], [0, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder.set_params(duration=0.6).fit([EVENTS, EVENTS], [0, 1])


@pytest.mark.parametrize("encoder", OF_EVENTS, ids=NAMES)
@pytest.mark.filterwarnings("ignore:.*events were dropped")
def test_exchanged_sides_of_the_sensor_warn(encoder):
    encoder = encoder.set_params(duration=None, sensor_size=(48, 64))
    with pytest.warns(UserWarning, match=r"all fit \(64, 48\): are width and height exchanged"):
        encoder.fit([EVENTS, EVENTS], [0, 1])


def test_a_time_constant_far_beyond_the_recordings_warns():
    with pytest.warns(UserWarning, match=r"tau=30 s, .* lasts 0.4\d* s"):
        TimeSurface(5, tau=30).fit([EVENTS])


def test_a_baseline_of_rows_that_covers_every_recording_warns():
    frames = [RNG.normal(size=(20, 3)) for _ in range(2)]
    with pytest.warns(UserWarning, match="baseline=500 rows cover .* has 20: each"):
        TaxelDrive(4, baseline=500).fit(frames)


def test_a_threshold_that_nothing_crosses_warns():
    frames = [RNG.normal(size=(20, 3)) for _ in range(2)]
    with pytest.warns(UserWarning, match="threshold=500 .* is crossed by no channel"):
        LevelCrossing(threshold=500).fit(frames)


@pytest.mark.parametrize("encoder", [GasDrive(4), TaxelDrive(4), LevelCrossing()], ids=repr)
def test_channels_that_only_differ_between_recordings_warn(encoder):
    def recording(k):
        values = np.column_stack([RNG.random((30, 2)) + 1, np.full(30, k), np.full(30, 7.0)])
        names = ["CO", "NO2", "trial", "gain"]
        coords = {"time": np.arange(30.0), "channel": names}
        return xr.DataArray(values, dims=("time", "channel"), coords=coords)

    recordings = [recording(k) for k in range(1, 4)]
    with pytest.warns(UserWarning, match="different between them: 'trial'\\. A label"):
        encoder.fit(recordings)
    encoder.set_params(channels=["CO", "NO2"]).fit(recordings)


@pytest.mark.parametrize("encoder", OF_EVENTS, ids=NAMES)
def test_what_is_no_event_stream_is_refused_with_the_way_to_one(encoder):
    frame = pd.DataFrame(ROWS, columns=list("txyp"))
    if isinstance(encoder, EventRate | TimeSurface):
        for given in ([ROWS, ROWS], ROWS):  # drives for the others
            with pytest.raises(TypeError, match=r"make_events\(\*array\.T\)"):
                encoder.fit(given)
        with pytest.raises(TypeError, match=r"make_events\(frame\)"):
            encoder.fit([frame, frame])
        with pytest.raises((TypeError, ValueError), match="read_events"):
            encoder.fit(pd.Series(["a.npy", "b.npy"]))
    for given in (["a.npy", "b.npy"], "a.npy"):
        with pytest.raises((TypeError, ValueError), match="read_events"):
            encoder.fit(given, [0, 1])


def test_events_are_made_of_columns_of_any_kind():
    t, x, y, p = ROWS.T
    frame = pd.DataFrame({"x": x, "pol": p.astype(bool), "y": y, "time_ms": t / 1000, "n": x})
    for events in (
        make_events(t, x, y, p),
        make_events(list(t), x.astype(float), pd.Series(y), 2 * p - 1),
        make_events(t / 1e6, x, y, p, time_unit="s"),
        make_events(frame),
        make_events(pd.DataFrame(ROWS[:, [1, 2, 3, 0]], columns=list("xypt"))),
    ):
        assert events.dtype == EVENT_DTYPE
        assert events.tolist() == EVENTS.tolist()
        assert events["t"].tolist() == t.tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"t": [5, 3]}, r"time goes back at event 1 \(3 us after 5 us\): sort"),
        ({"t": [0.5, 0.7]}, "have fractions, such as 0.5, .* time_unit="),
        ({"x": [0, 3.5]}, "event 1 has x=3.5; expected a whole number"),
        ({"y": [-1, 0]}, "event 0 has y=-1; expected a whole number, 0 to 32767"),
        ({"x": [0, 40_000]}, "event 1 has x=40000"),
        ({"p": [0, 2]}, "event 1 has p=2; expected 0 or 1, or -1 or 1"),
        ({"p": [0, -1]}, "polarities are -1 and 0"),
        ({"p": [0]}, "differ in length"),
        ({"x": ["a", "b"]}, "x has type <U1"),
    ],
    ids=str,
)
def test_columns_that_are_no_events_are_refused_with_the_event(change, message):
    columns = {"t": [0, 1], "x": [0, 1], "y": [0, 1], "p": [0, 1]} | change
    with pytest.raises(ValueError, match=message):
        make_events(**columns)


def test_missing_columns_are_named():
    with pytest.raises(TypeError, match=r"lacks x, y, p: .*\*array\.T"):
        make_events(ROWS)
    with pytest.raises(ValueError, match="the table has the columns t, x and lacks y, p"):
        make_events(pd.DataFrame({"t": [1], "x": [2]}))


@pytest.mark.parametrize("stamp", ["2024-03-01 10:00:0{}", "01.03.2024 10:00:0{}"])
def test_dates_under_another_name_are_told_from_channels(stamp):
    frame = pd.DataFrame({"stamp": [stamp.format(k) for k in range(5)], "CO": np.arange(5.0)})
    for one in (frame, frame.assign(stamp=pd.to_datetime(frame["stamp"], dayfirst=True))):
        with pytest.raises(ValueError, match="rename it to 'time', or make it a DatetimeIndex"):
            GasDrive(2).fit([one])
    with pytest.raises(ValueError, match=r"convert it with pandas\.to_numeric"):
        GasDrive(2).fit([frame.assign(stamp="high")])


def at_rate(rate, n=40):
    """Return a recording of two channels with times."""
    values = np.random.default_rng(n).normal(size=(n, 2))
    coords = {"time": 5 + np.arange(n) / rate}
    return xr.DataArray(values, dims=("time", "channel"), coords=coords)


@pytest.mark.parametrize("encoder", [
    GasDrive(None), TaxelDrive(), LevelCrossing(), GasDrive(10), TaxelDrive(10),
], ids=repr)  # fmt: skip
def test_recordings_at_another_rate_than_those_of_training_warn(encoder):
    encoder.fit([at_rate(10), at_rate(10, 50), at_rate(11)])
    with pytest.warns(UserWarning, match=r"a step of recording 1 .*lasts .* s, and in training 0"):
        encoder.transform([at_rate(10), at_rate(100)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder.transform([at_rate(9), at_rate(100).drop_vars("time"), at_rate(100)[:1]])
        encoder.transform(at_rate(100).values)


def test_training_recordings_of_several_rates_warn_where_rows_are_steps():
    recordings = [at_rate(10), at_rate(10), at_rate(20)]
    with pytest.warns(UserWarning, match=r"of recording 2 .* lasts 0.05 s, and in training 0.1 s"):
        TaxelDrive().fit(recordings)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drive = GasDrive(None, dt=0.5, baseline=1.0).fit(recordings)
        drive.transform([at_rate(100, 400)])
