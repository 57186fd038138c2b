"""What goes into reservoirs: labelled axes in any order, and nothing that loses its meaning."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sklearn.pipeline import make_pipeline

from mottle.reservoir import (
    EchoStateReservoir,
    LiveRun,
    MemristorReservoir,
    RidgeReadout,
    energy_report,
    fit_stream,
    predict_stream,
)
from mottle.sensors import EVENT_DTYPE, TimeMask

X = np.random.default_rng(0).uniform(0.1, 0.9, (5, 5, 5))  # square: a wrong order has no error
DIMS = ("recording", "time", "channel")
LABELLED = xr.DataArray(X, dims=DIMS, coords={"channel": list("abcde")})
EVENTS = np.array([(0, 0, 0, 1), (9, 1, 1, 0)], EVENT_DTYPE)
RESERVOIRS = [EchoStateReservoir(4, random_state=0), MemristorReservoir(4, random_state=0)]
every_reservoir = pytest.mark.parametrize("model", RESERVOIRS, ids=lambda one: type(one).__name__)


@every_reservoir
@pytest.mark.parametrize("dims", [DIMS, DIMS[::-1], ("channel", "recording", "time")])
def test_every_entry_reads_dims_by_name(model, dims):
    given, plain = LABELLED.transpose(*dims), model.fit(X).transform(X)
    model.fit(given)
    np.testing.assert_array_equal(model.transform(given), plain)
    one_by_one = [LABELLED[i].transpose("channel", "time") for i in range(5)]
    np.testing.assert_array_equal(model.transform(one_by_one), plain)
    _, states = model.advance(model.start(5), given)
    np.testing.assert_array_equal(states, plain)
    np.testing.assert_array_equal(LiveRun(model, n_recordings=5).advance(given), plain)
    np.testing.assert_array_equal(LiveRun(model).advance(one_by_one[2]), plain[2])
    target = X[..., 0]
    readout = fit_stream(model, RidgeReadout(1e-3), given, target)
    expected = fit_stream(model, RidgeReadout(1e-3), X, target)
    np.testing.assert_array_equal(readout.coef_, expected.coef_)
    for one, other in zip(
        predict_stream(model, readout, one_by_one), predict_stream(model, readout, X), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    mask = TimeMask(3, random_state=0)
    np.testing.assert_array_equal(mask.fit_transform(given), mask.fit_transform(X))


def test_energy_reports_read_dims_by_name():
    X = np.random.default_rng(1).uniform(0.1, 0.9, (3, 12, 4))
    X[1] = np.nan
    model = MemristorReservoir(4, pool="mean", random_state=0).fit(X[[0, 2]])
    given = xr.DataArray(X, dims=DIMS).transpose("channel", "time", "recording")
    found, expected = energy_report(model, given), energy_report(model, X)
    assert found.attrs["n_recordings"] == expected.attrs["n_recordings"] == 2
    pd.testing.assert_frame_equal(found, expected)


@every_reservoir
def test_channels_in_another_order_than_in_fit_are_refused(model):
    model.fit(LABELLED)
    with pytest.raises(ValueError, match="inputs are e, d, c, b, a, in fit they were a, b"):
        model.transform(LABELLED[..., ::-1])
    model.fit(X).transform(LABELLED[..., ::-1])


@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names")
@pytest.mark.parametrize("learnt", ["frame", "array", "list"])
def test_names_count_in_whatever_container_they_come(learnt):
    values = np.random.default_rng(0).normal(size=(20, 2))
    dims = {"dims": ("time", "channel")}
    frame = pd.DataFrame(values, columns=["a", "b"])
    array = xr.DataArray(values, coords={"channel": ["a", "b"]}, **dims)
    forms = {"frame": frame, "array": array, "list": [frame]}
    model = EchoStateReservoir(9, random_state=0).fit(forms[learnt])
    expected = np.asarray(model.transform(values))
    for same in (frame, array, [frame], [array], [frame[["b", "a"]]], [array[:, ::-1]]):
        np.testing.assert_array_equal(np.squeeze(np.asarray(model.transform(same))), expected)
    numbered = frame.set_axis([0, 1], axis=1)  # names that are no text are none
    if learnt != "frame":
        np.testing.assert_array_equal(model.transform(numbered), expected)
    for other in (frame[["b", "a"]], array[:, ::-1], frame.rename(columns={"a": "c"})):
        with pytest.raises(ValueError, match=r"in fit they were a, b|should match"):
            model.transform(other)


@every_reservoir
@pytest.mark.parametrize(
    ("drive", "message"),
    [
        (np.ma.masked_greater(X, 0.5), "the drive has .* masked values"),
        ([X[0], np.ma.masked_greater(X[1], 0.5)], "recording 1 has .* masked values"),
        (X + 1j, "complex numbers"),
        (np.arange(10).astype("datetime64[s]").reshape(5, 2), "holds times"),
        (pd.DataFrame({"a": pd.to_timedelta([1, 2], "s")}), "holds times in column 'a'"),
        (np.array([["1", "2"], ["3", "4"]]), "holds text"),
        (np.array([[1, "a"], [2, "b"]], object), "holds text"),
        (EVENTS, "fields t, x, y, p: encode events with EventRate"),
        ([X[0, :, 0], X[1, :, 0]], r"list of 2 arrays, the first with 1 axes"),
        (np.full((5, 2), np.nan), "The first is at step 0, input 0"),
    ],
)
def test_drives_that_would_lose_their_meaning_are_refused(model, drive, message):
    with pytest.raises(ValueError, match=message):
        model.fit(drive)


@every_reservoir
def test_a_forgotten_transpose_is_asked_about(model):
    drive = np.random.default_rng(0).uniform(0.1, 0.9, (4, 20, 2))
    with pytest.raises(ValueError, match=r"Is it transposed\? .*X\.T"):
        model.fit(drive[0]).transform(drive[0].T)
    with pytest.raises(ValueError, match=r"Is it transposed\? .*transpose\(0, 2, 1\)"):
        model.fit(drive).transform(drive.transpose(0, 2, 1))


@every_reservoir
@pytest.mark.parametrize("drive", [X, [X[0], X[1, :3]]])
def test_states_given_to_a_readout_get_a_sentence(model, drive):
    with pytest.raises(ValueError, match=r"these are states.*Set pool="):
        make_pipeline(model, RidgeReadout()).fit(drive, ["a", "b", "a", "b", "a"][: len(drive)])


@every_reservoir
def test_absurd_sizes_are_refused_before_memory_is_taken(model):
    with pytest.raises(MemoryError, match="input weights of 1000000000000 nodes would take"):
        type(model)(10**12).fit(X)
    endless = np.broadcast_to(X[0, :1], (10**8, 5))
    with pytest.raises(MemoryError, match="states of 100000000 steps would take 800 GB"):
        type(model)(1000, random_state=0).fit(X).transform(endless)
