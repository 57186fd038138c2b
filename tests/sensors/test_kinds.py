"""Four columns without names: events or samples, in which order, and how to state it."""

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mottle.datasets import list_files
from mottle.sensors.files import read, read_events, read_samples

N = 300
RNG = np.random.default_rng(5)
T = np.sort(RNG.integers(0, 500_000, N))
ROWS = np.stack([T, RNG.integers(0, 64, N), RNG.integers(0, 48, N), RNG.integers(0, 2, N)], 1)
ORDERS = {"txyp": [0, 1, 2, 3], "xypt": [1, 2, 3, 0], "xytp": [1, 2, 0, 3], "tpxy": [0, 3, 1, 2]}
SUFFIXES = (".npy", ".npz", ".csv", ".txt", ".h5")
NAMED = (".npy", ".npz", ".csv", ".txt")  # take names=


def write(folder, suffix, rows):
    path = folder / f"a{suffix}"
    if suffix == ".npy":
        np.save(path, rows)
    elif suffix == ".npz":
        np.savez(path, rows)
    elif suffix == ".h5":
        with h5py.File(path, "w") as file:
            file["data"] = rows
    else:
        np.savetxt(path, rows, fmt="%d", delimiter="," if suffix == ".csv" else "\t")
    return path


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_columns_that_may_be_events_are_a_question_in_every_format(suffix, order, tmp_path):
    path = write(tmp_path, suffix, ROWS[:, ORDERS[order]])
    listing = list_files([tmp_path], sense="a")
    for work in (lambda: read(path), lambda: listing.read(0)):
        with pytest.raises(ValueError, match=f"may be {', '.join(order)} of events") as caught:
            work()
        assert "kind='events' or kind='samples'" in str(caught.value)
        assert path.name in str(caught.value)
    assert read(path, kind="samples").shape == (N, 4)
    assert list_files([tmp_path], sense="a", kind="samples").read(0)["a"].shape == (N, 4)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_kind_that_is_stated_counts(suffix, tmp_path):
    path = write(tmp_path, suffix, ROWS)
    known = {".h5": "hdf5", ".npy": "npy", ".npz": "npz"}.get(suffix, "table")
    for stated in ({"kind": "events"}, {"format": known}, {"sensor_size": (64, 48)}):
        assert_array_equal(read(path, **stated).events["x"], ROWS[:, 1])
        listed = list_files([tmp_path], sense="a", **stated).read(0)["a"]
        assert_array_equal(listed.events["t"], T)
    for stated in ({"kind": "samples"}, {"rate": 10.0}):
        assert_array_equal(read(path, **stated).values, ROWS)


@pytest.mark.parametrize("suffix", NAMED)
@pytest.mark.parametrize("order", [order for order in ORDERS if order != "txyp"])
def test_another_order_is_named_in_the_error_and_taken_from_names(order, suffix, tmp_path):
    path = write(tmp_path, suffix, ROWS[:, ORDERS[order]])
    for on_bad in ("raise", "drop", "repair"):
        with pytest.raises(ValueError, match="they fit " + ", ".join(order)) as caught:
            read_events(path, on_bad=on_bad)
        assert f"names={list(order)!r}" in str(caught.value)
        assert "on_bad" not in str(caught.value)
    for reader in (read, read_events):
        events = reader(path, names=list(order)).events
        for name, column in zip("txyp", ROWS.T, strict=True):
            assert_array_equal(events[name], column)


@pytest.mark.parametrize("suffix", NAMED)
def test_names_of_channels_make_columns_samples(suffix, tmp_path):
    path = write(tmp_path, suffix, ROWS)
    for reader in (read, read_samples):
        assert reader(path, names=["CO", "NO", "O3", "on"])["channel"].values.tolist() == [
            "CO", "NO", "O3", "on"
        ]  # fmt: skip
    with pytest.raises(ValueError, match=r"3 (columns|names)|names 3|has 4"):
        read_samples(path, names=["CO", "NO", "O3"])


def test_names_are_refused_for_arrays_that_have_some(tmp_path):
    fields = np.zeros(3, [("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "u1")])
    np.save(tmp_path / "a.npy", fields)
    np.savez(tmp_path / "a.npz", **{name: fields[name] for name in "txyp"})
    for path in (tmp_path / "a.npy", tmp_path / "a.npz"):
        with pytest.raises(ValueError, match="names= is of columns without names"):
            read_events(path, names=["x", "y", "p", "t"])


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".h5"])
def test_samples_of_four_channels_are_no_question(suffix, tmp_path):
    walk = np.cumsum(RNG.normal(size=(N, 4)), axis=0)
    switches = (RNG.random((N, 4)) < 0.5).astype(int)
    still = np.zeros((N, 4), int)
    for values in (walk, switches, still):
        path = write(tmp_path, suffix, values)
        assert_array_equal(read(path).values, values)


def test_a_file_of_the_other_kind_than_stated_is_refused(tmp_path):
    (tmp_path / "e.csv").write_text("t,x,y,p\n10,3,4,1\n25,3,5,0\n")
    (tmp_path / "s.csv").write_text("time,CO\n0,1.5\n1,1.6\n")
    with pytest.raises(ValueError, match=r"e\.csv holds events .* kind='samples'"):
        read(tmp_path / "e.csv", kind="samples")
    with pytest.raises(ValueError, match=r"s\.csv has the columns time, CO and lacks x, y, p"):
        read(tmp_path / "s.csv", kind="events")
    for kind, other in (("events", {"rate": 3.0}), ("samples", {"format": "npy"})):
        with pytest.raises(ValueError, match="leave one out"):
            read(tmp_path / "e.csv", kind=kind, **other)
    with pytest.raises(ValueError, match="kind='event'"):
        read(tmp_path / "e.csv", kind="event")


@pytest.mark.parametrize("suffix", [".npy", ".csv"])
def test_dropping_is_no_way_where_nearly_all_would_go(suffix, tmp_path):
    rows = ROWS.copy()
    rows[:, 3] = 7
    path = write(tmp_path, suffix, rows)
    with pytest.raises(ValueError, match="300 of 300 here are so") as caught:
        read_events(path)
    assert "on_bad" not in str(caught.value)
    with pytest.raises(ValueError, match=r"no event of .* is left: 300 outside the sensor"):
        read_events(path, on_bad="drop")
    rows[:, 3] = ROWS[:, 3]
    rows[7, 3] = 7
    with pytest.raises(ValueError, match=r"event 7 .*on_bad='drop' or 'repair' reads the rest"):
        read_events(write(tmp_path, suffix, rows))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_exchanged_sensor_size_is_called_so(suffix, tmp_path):
    path = write(tmp_path, suffix, ROWS)
    with pytest.raises(ValueError, match=r"fit 64 x 48: are width and height .* exchanged\?"):
        read_events(path, sensor_size=(48, 64))
    with pytest.raises(ValueError, match="on_bad='drop'"):
        read_events(path, sensor_size=(40, 48))
