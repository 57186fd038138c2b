"""Containers are read as they were meant, or refused, by every class that takes them."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mottle.reservoir import (
    EchoStateReservoir,
    MemristorReservoir,
    NoReservoir,
    OscillatorReservoir,
    RidgeReadout,
    SpikingReservoir,
    VO2Reservoir,
)
from mottle.sensors import GasDrive, LevelCrossing, TaxelDrive

RESERVOIRS = (
    EchoStateReservoir, MemristorReservoir, OscillatorReservoir, SpikingReservoir, VO2Reservoir,
)  # fmt: skip
SAMPLED = (GasDrive(), LevelCrossing(), TaxelDrive())
FRAME = pd.DataFrame(np.random.default_rng(0).random((9, 2)), columns=["CO", "NO2"])


def small(kind):
    return kind() if kind is NoReservoir else kind(8, random_state=0)


@pytest.mark.parametrize("kind", [*RESERVOIRS, NoReservoir])
@pytest.mark.parametrize("form", ["frame", "array"])
def test_recordings_with_channels_in_another_order_give_the_same_states(kind, form):
    turned = FRAME[["NO2", "CO"]]
    given = [FRAME, turned]
    if form == "array":
        given = [
            xr.DataArray(x, dims=("time", "channel"), coords={"channel": list(x.columns)})
            for x in given
        ]
    reservoir = small(kind)
    first, second = reservoir.fit_transform(given)
    assert np.array_equal(first, second)
    assert np.array_equal(reservoir.transform(given[1:])[0], first)


@pytest.mark.parametrize("kind", [*RESERVOIRS, NoReservoir])
def test_recordings_with_other_channels_are_refused(kind):
    other = FRAME.rename(columns={"CO": "ethanol"})
    with pytest.raises(
        ValueError, match=r"recording 1 are ethanol, NO2, those of the first are CO"
    ):
        small(kind).fit([FRAME, other])
    with pytest.raises(ValueError, match="recording 0 are ethanol, NO2, in fit they were CO, NO2"):
        small(kind).fit([FRAME]).transform([other])


@pytest.mark.parametrize("kind", [*RESERVOIRS, NoReservoir])
@pytest.mark.parametrize("name", ["time", "Time (s)", "timestamp", "time_ms"])
def test_a_column_of_times_is_no_input_of_a_reservoir(kind, name):
    timed = FRAME.assign(**{name: np.arange(9.0)})
    for X in (timed, [timed]):
        with pytest.raises(ValueError, match="the name of a time"):
            small(kind).fit(X)


def stamped(units, scale):
    time = ("time", scale * np.arange(20.0), {} if units is None else {"units": units})
    values = np.random.default_rng(0).random((20, 2)) + 1
    return xr.DataArray(values, dims=("time", "channel"), coords={"time": time})


@pytest.mark.parametrize(
    ("units", "scale"),
    [(None, 1), ("s", 1), ("ms", 1e3), ("minutes", 1 / 60), ("days since 2024-01-01", 1 / 86400)],
)
@pytest.mark.parametrize("encoder", [GasDrive(n_steps=None, dt=1.0), TaxelDrive(n_steps=20)])
def test_the_unit_of_a_time_coordinate_is_honoured(encoder, units, scale):
    expected = encoder.fit_transform([stamped(None, 1)])[0]
    assert np.allclose(encoder.fit_transform([stamped(units, scale)])[0], expected, atol=1e-9)


@pytest.mark.parametrize("encoder", SAMPLED)
def test_an_unknown_unit_of_a_time_coordinate_is_refused(encoder):
    with pytest.raises(ValueError, match="units='ticks', no unit of time"):
        encoder.fit([stamped("ticks", 1)])


@pytest.mark.parametrize("encoder", SAMPLED)
@pytest.mark.parametrize("make", [np.arange, lambda n: pd.Series(range(n))])
def test_a_list_of_single_channels_is_refused_by_encoders(encoder, make):
    with pytest.raises(ValueError, match=r"recording 0 is a 1-D series of 80 numbers"):
        encoder.fit([make(80), make(80)])


X = np.random.default_rng(0).normal(size=(60, 4))
CLASSES = np.arange(60) % 3


@pytest.mark.parametrize(
    "call",
    [
        lambda: RidgeReadout().fit(X, np.ma.masked_equal(CLASSES, 2)),
        lambda: RidgeReadout().fit(X, np.ma.masked_less(X[:, 0], 0)),
        lambda: RidgeReadout().fit(np.ma.masked_less(X, 0), CLASSES),
        lambda: RidgeReadout().partial_fit(X, np.ma.masked_equal(CLASSES, 2)),
        lambda: RidgeReadout().fit(X, CLASSES).predict(np.ma.masked_less(X, 0)),
        lambda: RidgeReadout().fit(X, CLASSES).score(X, np.ma.masked_equal(CLASSES, 2)),
        lambda: RidgeReadout().fit(X, CLASSES, np.ma.masked_less(X[:, 0] ** 2, 0.1)),
    ],
)
def test_masks_are_not_lost_by_a_readout(call):
    with pytest.raises(ValueError, match="masked values"):
        call()


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (pd.Series(CLASSES, dtype="Int64"), "i"),
        (pd.DataFrame({"a": pd.array(CLASSES, dtype="Int64")}), "i"),
        (pd.Series(CLASSES == 1, dtype="boolean"), "b"),
        (CLASSES.astype(object), "i"),
        ((CLASSES == 1).astype(object), "b"),
    ],
)
@pytest.mark.filterwarnings("ignore:A column-vector")
def test_labels_keep_their_type_whatever_holds_them(y, kind):
    plain = np.asarray(y).ravel().astype({"i": int, "b": bool}[kind])
    readout = RidgeReadout().fit(X, y)
    assert readout.classes_.dtype.kind == kind
    assert readout.predict(X).dtype.kind == kind
    assert readout.score(X, y) == RidgeReadout().fit(X, plain).score(X, plain)


def test_counts_in_a_nullable_column_are_refused_as_others_are():
    counts = pd.DataFrame({"a": pd.array(np.arange(60) % 25, dtype="Int64")})
    with pytest.raises(ValueError, match="25 distinct values"):
        RidgeReadout().fit(X, counts)


def test_labels_in_bytes_are_refused():
    with pytest.raises(ValueError, match="decode them to text"):
        RidgeReadout().fit(X, np.array([b"a", b"b", b"c"] * 20))


@pytest.mark.parametrize("encoder", SAMPLED)
@pytest.mark.parametrize(
    ("name", "why"), [("tick", "may be the time"), ("Time - Plot 0", "may be the time"),
                      ("Scan", "the name of an index")],
)  # fmt: skip
def test_tables_given_to_encoders_obey_the_rules_of_files(encoder, name, why):
    frame = FRAME.assign(**{name: np.arange(9.0)})
    with pytest.raises(ValueError, match=why):
        encoder.fit([frame])
