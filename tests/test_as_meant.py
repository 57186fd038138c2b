"""Containers are read as they were meant, or refused, by every class that takes them."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from event_writers import draw
from sklearn.base import clone

from mottle import pipelines, reservoir, sensors
from mottle.pipelines import LateReadout, MaskedReadout, SenseCheck
from mottle.reservoir import (
    CrossbarReadout,
    DeviceReservoir,
    EchoStateReservoir,
    EventMemristorReservoir,
    LMSReadout,
    MeasuredReservoir,
    MemristorReservoir,
    NoReservoir,
    NVARReservoir,
    OscillatorMemory,
    OscillatorReservoir,
    RidgeReadout,
    RLSReadout,
    SequenceReadout,
    SpikingReservoir,
    StaticReservoir,
    STDPLayer,
    VO2Reservoir,
)
from mottle.sensors import (
    DriveStack,
    EventLatency,
    EventRate,
    FillGaps,
    GasDrive,
    LevelCrossing,
    ReverseTime,
    SoundDrive,
    TaxelDrive,
    TimeMask,
    TimeSurface,
)
from mottle.sensors.files.events import EventFile

RESERVOIRS = (
    EchoStateReservoir, MemristorReservoir, OscillatorReservoir, SpikingReservoir, StaticReservoir,
    VO2Reservoir,
)  # fmt: skip
SAMPLED = (GasDrive(), LevelCrossing(), SoundDrive(f_min=0.1), TaxelDrive())
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


DRIVES = list(np.random.default_rng(0).integers(1, 9, (3, 12, 2)) / 8)
EVENTS = [draw(20, 2, 2, 40, seed) for seed in range(3)]
ROWS = list(np.random.default_rng(0).normal(size=(8, 4)))
OF_DRIVES = (
    *(kind(6, pool="mean", random_state=0) for kind in RESERVOIRS), NoReservoir(pool="mean"),
    MeasuredReservoir(pool="mean"),
    NVARReservoir(pool="mean"),
    DeviceReservoir(pool="mean", random_state=0), STDPLayer(4, random_state=0),
    TimeMask(3, random_state=0), FillGaps(), ReverseTime(), *SAMPLED,
)  # fmt: skip
OF_EVENTS = (
    EventMemristorReservoir(pool="mean"), STDPLayer(4, random_state=0), EventRate(4),
    TimeSurface(4), EventLatency(4),
)  # fmt: skip
CROSSBAR = CrossbarReadout(RidgeReadout(), random_state=0)
OF_ROWS = (
    RidgeReadout(), RLSReadout(), LMSReadout(), CROSSBAR, MaskedReadout(), OscillatorMemory()
)  # fmt: skip
OF_STATES = (SequenceReadout(RidgeReadout(1.0), pool="mean"),)
OF_TABLES = {
    "AugmentedModel",
    "DriveStack",
    "SenseCheck",
    "LateReadout",
    "SensorClassifier",
    "SensorRegressor",
}  # one column a sense
OF_SIGNALS = {"Forecaster"}  # see tests/reservoir/test_forecast.py
NEEDS_TONIC = {"TonicTransformer"}


def cells(items):
    """Return an object array with one item a cell."""
    held = np.empty(len(items), dtype=object)
    for place, item in enumerate(items):
        held[place] = item
    return held


def fit_and_apply(estimator, X):
    estimator = clone(estimator)
    if not hasattr(estimator, "transform"):
        return estimator.fit(X, np.arange(3) % 2).predict(X)
    return estimator.fit(X).transform(X)


def test_every_public_estimator_is_in_a_test_of_containers():
    rooms = [
        getattr(room, name) for room in (reservoir, sensors, pipelines) for name in room.__all__
    ]
    public = {one.__name__ for one in rooms if isinstance(one, type) and hasattr(one, "fit")}
    tried = {type(one).__name__ for one in (*OF_DRIVES, *OF_STATES, *OF_EVENTS, *OF_ROWS)}
    assert public == tried | OF_TABLES | OF_SIGNALS | NEEDS_TONIC


@pytest.mark.parametrize("contain", [
    tuple, cells, lambda items: pd.Series(cells(items)),
    lambda items: pd.DataFrame({"touch": cells(items)}),
])  # fmt: skip
@pytest.mark.parametrize(
    ("estimator", "items"),
    [*((one, DRIVES) for one in (*OF_DRIVES, *OF_STATES)), *((one, EVENTS) for one in OF_EVENTS)],
)
def test_recordings_are_taken_from_every_container(estimator, items, contain):
    expected = fit_and_apply(estimator, items)
    assert np.array_equal(fit_and_apply(estimator, contain(items)), expected)


@pytest.mark.parametrize("estimator", [*OF_DRIVES, *OF_STATES])
def test_nested_lists_and_dims_in_any_order_are_recordings(estimator):
    expected = fit_and_apply(estimator, DRIVES)
    nested = tuple(tuple(map(tuple, drive.tolist())) for drive in DRIVES)
    assert np.array_equal(fit_and_apply(estimator, nested), expected)
    labelled = xr.DataArray(np.stack(DRIVES), dims=("case", "time", "channel"))
    turned = labelled.transpose("channel", "time", "case")
    assert np.array_equal(fit_and_apply(estimator, turned), expected)


@pytest.mark.parametrize("estimator", [*OF_DRIVES, *OF_STATES])
def test_recordings_of_unknown_dims_and_ragged_rows_are_refused(estimator):
    with pytest.raises(ValueError, match=r"the dims \('a', 'time', 'channel'\): .*rename"):
        estimator.fit(xr.DataArray(np.stack(DRIVES), dims=("a", "time", "channel")), [])
    with pytest.raises(ValueError, match="row 1 of recording 0 has 1 values, row 0 has 2"):
        estimator.fit([[[1.0, 2.0], [3.0]]], [])
    with pytest.raises(ValueError, match="row 2 of X has 3 values, row 0 has 2"):
        estimator.fit([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0, 7.0]], [])


@pytest.mark.parametrize("kind", RESERVOIRS)
def test_an_absent_recording_in_a_list_of_drives_gives_nan(kind):
    fitted = kind(6, pool="mean", random_state=0).fit(DRIVES)
    first, absent, last = fitted.transform([DRIVES[0], None, DRIVES[2]])
    assert np.isnan(absent).all()
    assert np.array_equal(fitted.transform(DRIVES)[[0, 2]], [first, last])
    for given in ([DRIVES[0], None], [None]):
        with pytest.raises(ValueError, match=r"recording \d is absent \(None"):
            fitted.fit(given)


FILE = EventFile(EVENTS[0], (2, 2), "npy", {}, {})
DATASET = xr.Dataset({"CO": ("time", np.arange(5.0))})
REFUSED = {
    "generator": (lambda: (x for x in DRIVES), TypeError, r"X is a generator.*pass list\(X\)"),
    "map": (lambda: map(np.asarray, DRIVES), TypeError, r"X is a map.*pass list\(X\)"),
    "set": (lambda: {1, 2}, TypeError, r"X is a set.*pass list\(X\)"),
    "dict": (lambda: {"a": DRIVES[0]}, TypeError, r"pass one entry, X\['a'\], or list"),
    "views": (lambda: {"a": DRIVES[0]}.values(), TypeError, r"X is a dict_values.*pass list\(X\)"),
    "Dataset": (lambda: DATASET, TypeError, r"the variables CO: pass one, X\['CO'\]"),
    "list of Datasets": (lambda: [DATASET], TypeError, r"recording 0 .*one, X\[0\]\['CO'\]"),
    "list of generators": (lambda: [iter(())], TypeError, r"recording 0 .*list\(X\[0\]\)"),
    "file": (lambda: FILE, TypeError, r"an EventFile.*X\.events"),
    "text": (lambda: "a.csv", TypeError, r"a str \('a.csv'\): expected numbers"),
    "None": (lambda: None, TypeError, "X is a NoneType: expected an array"),
    "empty list": (list, ValueError, "X is a list that holds no recording"),
    "empty tuple": (tuple, ValueError, "X is a tuple that holds no recording"),
    "empty Series": (lambda: pd.Series([], dtype=object), ValueError, "Series that holds no"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("estimator", [*OF_DRIVES, *OF_STATES, *OF_EVENTS, *OF_ROWS])
def test_what_holds_no_recordings_is_refused_with_the_way_out(estimator, name):
    make, error, message = REFUSED[name]
    items = EVENTS if estimator in OF_EVENTS else ROWS if estimator in OF_ROWS else DRIVES
    fitted = clone(estimator).fit(
        np.stack(items) if estimator in OF_ROWS else items, np.arange(len(items)) % 2
    )
    with pytest.raises(error, match=message):
        clone(estimator).fit(make(), [])
    with pytest.raises(error, match=message):
        (fitted.transform if hasattr(fitted, "transform") else fitted.predict)(make())


@pytest.mark.parametrize("estimator", [*OF_DRIVES, *OF_STATES, *OF_EVENTS])
def test_a_table_of_two_senses_is_refused_where_one_is_read(estimator):
    table = pd.DataFrame({"touch": cells(DRIVES), "gas": cells(DRIVES)})
    with pytest.raises(ValueError, match=r"2 senses came in \(touch, gas\).*pass one column"):
        estimator.fit(table, [])


@pytest.mark.parametrize("estimator", OF_ROWS)
def test_features_in_cells_are_refused_with_the_way_out(estimator):
    y, column = np.arange(8) % 2, cells(ROWS)
    for given, way in (
        (column, r"np\.stack\(X\)"),
        (pd.Series(column), r"a Series .*np\.stack\(X\)"),
        (pd.DataFrame({"a": column}), r"a DataFrame .*np\.stack\(X\['a'\]\)"),
        (pd.DataFrame({"a": column, "b": column}), r"np\.hstack\(\[np\.stack\(X\['a'\]\), np"),
        ([*ROWS[:7], None], "row 7 of X is None"),
    ):
        with pytest.raises(ValueError, match=way):
            clone(estimator).fit(given, y)


@pytest.mark.parametrize("name", sorted(REFUSED))
@pytest.mark.parametrize(
    "estimator",
    [DriveStack([("touch", TaxelDrive(3))]), SenseCheck(("touch",)),
     pipelines.make_fusion_pipeline({"touch": TaxelDrive(3)}),
     pipelines.make_fusion_pipeline({"touch": TaxelDrive(3)}, fusion="late"),
     LateReadout([("touch", SenseCheck(("touch",)))])],
)  # fmt: skip
def test_fusion_takes_tables_only(estimator, name):
    with pytest.raises(TypeError, match=r"table \((pandas\.)?DataFrame\)"):
        estimator.fit(REFUSED[name][0](), np.arange(2))
