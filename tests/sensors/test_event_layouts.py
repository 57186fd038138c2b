"""Layouts of HDF5 and npz files: events are events, samples are samples, nothing is guessed."""

import event_writers as files
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mottle.sensors.files import EventReader, read, read_events, read_samples

h5py = pytest.importorskip("h5py")
EVENTS = files.draw(3000, 346, 260)
T, X, Y, P = (EVENTS[name].astype(np.int64) for name in "txyp")


def v2e(file):
    file["events"] = np.stack([T, X, Y, P], 1).astype("u4")
    file["frame"] = np.zeros((2, 260, 346), "u1")


def mvsec(file):
    rows = np.stack([X, Y, T / 1e6, 2 * P - 1], 1).astype("f8")
    file.create_dataset("davis/left/events", data=rows, compression="gzip")
    file["davis/left/imu"] = np.ones((5, 6))


def e2vid(file):
    for name, values in (("ts", T / 1e6), ("xs", X), ("ys", Y), ("ps", P.astype(bool))):
        file[f"events/{name}"] = values


def dsec(file):
    for name, values, kind in (
        ("t", T - 1000, "i8"),
        ("x", X, "u2"),
        ("y", Y, "u2"),
        ("p", P, "u1"),
    ):
        file.create_dataset(f"events/{name}", data=values.astype(kind), chunks=(700,), shuffle=True)
    file["t_offset"], file["ms_to_idx"] = 1000, np.arange(5)


def prophesee(file):
    file["CD/events"] = EVENTS[["x", "y", "p", "t"]]
    file["EXT_TRIGGER/events"] = np.zeros(3, [("p", "i2"), ("t", "i8"), ("id", "i2")])
    file.attrs["geometry"] = "346x260"


def stated(file):
    file["anything"] = np.stack([P, T * 1000, Y, X], 1)
    file["anything"].attrs["columns"] = ["polarity", "t", "y", "x"]
    file["anything"].attrs["units"] = "ns"


def soft(file):
    dsec(file)
    file["left"] = h5py.SoftLink("/events")


LAYOUTS = {"v2e": v2e, "mvsec": mvsec, "e2vid": e2vid, "dsec": dsec, "prophesee": prophesee,
           "stated": stated, "soft": soft}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_of_hdf5_give_their_events(name, tmp_path):
    path = tmp_path / "e.h5"
    with h5py.File(path, "w") as file:
        LAYOUTS[name](file)
    for reader in (read, read_events):
        file = reader(path)
        assert_array_equal(file.events, EVENTS)
    assert file.sensor_size == ((346, 260) if name in ("mvsec", "prophesee") else None)
    parts = list(EventReader(path, chunk_bytes=16_000))
    assert [part.size for part in parts] == [1000, 1000, 1000]
    with pytest.raises(ValueError, match=r"holds events .*: read_events reads them"):
        read_samples(path)
    if name == "soft":
        assert_array_equal(read_events(path, key="left").events, EVENTS)


def test_four_columns_that_may_be_events_are_a_question_under_any_name_but_events(tmp_path):
    rows = np.stack([T, X, Y, P], 1)
    for name in ("gas", "drive/events_per_s", "event"):
        with h5py.File(tmp_path / "s.h5", "w") as file:
            file[name] = rows + 0.5
        assert read(tmp_path / "s.h5").dims == ("time", "channel")
        with h5py.File(tmp_path / "s.h5", "w") as file:
            file[name] = rows
        with pytest.raises(ValueError, match="may be t, x, y, p of events or channels"):
            read(tmp_path / "s.h5")
        assert read(tmp_path / "s.h5", kind="samples").sizes["channel"] == 4
        assert_array_equal(read(tmp_path / "s.h5", kind="events").events, EVENTS)
        assert_array_equal(read_events(tmp_path / "s.h5", key=name).events, EVENTS)


@pytest.mark.parametrize(
    "rows",
    [
        np.stack([X, Y, T, P], 1), np.stack([T / 1e6, X, Y, P], 1),
        np.random.default_rng(0).normal(size=(50, 4)),
    ],
    ids=["x first", "floats", "samples"],
)  # fmt: skip
def test_four_columns_named_events_whose_order_is_not_known_are_refused(rows, tmp_path):
    with h5py.File(tmp_path / "e.h5", "w") as file:
        file["events"] = rows
    for reader in (read, read_events):
        with pytest.raises(
            ValueError, match=r"four columns whose order is not known: integers are"
        ):
            reader(tmp_path / "e.h5")
    assert read_samples(tmp_path / "e.h5", key="events").shape == rows.shape


def test_several_streams_of_a_file_are_chosen_by_key(tmp_path):
    with h5py.File(tmp_path / "e.h5", "w") as file:
        mvsec(file)
        file["davis/right/events"] = file["davis/left/events"][:5]
    with pytest.raises(ValueError, match=r"events davis/left/events, davis/right/events: name one"):
        read_events(tmp_path / "e.h5")
    for key in ("davis/right/events", "davis/right"):
        assert_array_equal(read_events(tmp_path / "e.h5", key=key).events, EVENTS[:5])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_layouts_of_npz_give_their_events(save, tmp_path):
    path = tmp_path / "e.npz"
    matrix = np.stack([T, X, Y, P], 1)
    for arrays in (
        {"t": T, "x": X.astype("u2"), "y": Y, "p": P.astype(bool), "label": np.array("a")},
        {"timestamps": T, "x": X, "y": Y, "polarity": 2 * P - 1}, {"events": EVENTS},
        {"t_s": T / 1e6, "x": X.astype("f4"), "y": Y, "p": P}, {"events": matrix, "n": np.array(4)},
    ):  # fmt: skip
        if "timestamps" in arrays:
            arrays["timestamp"] = arrays.pop("timestamps")
        save(path, **arrays)
        for reader in (read, read_events):
            assert_array_equal(reader(path).events, EVENTS)
    save(path, t=T / 1e6, x=X, y=Y, p=P)
    assert_array_equal(read(path, time_unit="s").events, EVENTS)
    with pytest.raises(ValueError, match=r"have fractions, such as .* time_unit= names it"):
        read(path)
    save(path, drive=matrix, b=matrix)
    assert read(path, key="b").shape == matrix.shape
    with pytest.raises(ValueError, match=r"holds drive, b; expected arrays t, x, y and p, or an"):
        read_events(path)
    save(path, t=T, x=X, y=Y[:-1], p=P)
    with pytest.raises(ValueError, match=r"expected lists of one length"):
        read(path)


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_are_read_block_by_block_in_either_order(order, tmp_path):
    np.save(tmp_path / "e.npy", np.asarray(np.stack([T, X, Y, P], 1), order=order))
    for chunk_bytes in (64, 1000, 1 << 20):
        reader = EventReader(tmp_path / "e.npy", chunk_bytes=chunk_bytes)
        assert_array_equal(np.concatenate(list(reader)), EVENTS)


def test_rows_without_numbers_and_pixels_between_pixels_are_named(tmp_path):
    rows = np.stack([T, X, Y, P], 1)[:9] * 1.0
    rows[4, 0] = np.nan
    np.save(tmp_path / "e.npy", rows)
    with pytest.raises(ValueError, match=r"holds .*nan.* as t in row 4"):
        read_events(tmp_path / "e.npy")
    assert read_events(tmp_path / "e.npy", on_bad="drop").repairs == {"rows without numbers": 1}
    rows[4, 0], rows[5, 1] = T[4], 3.5
    np.save(tmp_path / "e.npy", rows)
    with pytest.raises(ValueError, match=r"holds .*3\.5.* as x in row 5, which is no whole number"):
        read_events(tmp_path / "e.npy")


@pytest.mark.parametrize("name", ["t", "x", "y", "p"])
def test_numbers_beyond_64_bits_are_refused(name, tmp_path):
    columns = {key: np.ones(2, "u8") for key in "txyp"}
    columns[name][1] = 2**64 - 1
    with h5py.File(tmp_path / "e.h5", "w") as file:
        for key, values in columns.items():
            file[f"events/{key}"] = values
    np.savez(tmp_path / "e.npz", **columns)
    table = np.zeros(2, [(key, "u8") for key in "txyp"])
    for key, values in columns.items():
        table[key] = values
    np.save(tmp_path / "e.npy", table)
    for suffix in ("npz", "npy", "h5"):
        path = tmp_path / f"e.{suffix}"
        with pytest.raises(ValueError, match=rf"18446744073709551615.* as {name} in row 1, a numb"):
            read_events(path)
        file = read_events(path, on_bad="drop")
        assert (file.events.tolist(), file.repairs) == ([(1, 1, 1, 1)], {"rows without numbers": 1})


@pytest.mark.parametrize(("write", "stated"), [
    (v2e, ("us", "layout: v2e")), (mvsec, ("s", "layout: MVSEC")), (dsec, ("us", "layout: DSEC")),
    (e2vid, ("s", "layout: ts, xs, ys, ps in HDF5, as e2vid writes them")),
])  # fmt: skip
def test_a_known_layout_states_the_unit_of_time_and_an_option_comes_first(write, stated, tmp_path):
    with h5py.File(tmp_path / "e.h5", "w") as file:
        write(file)
    attrs = read_events(tmp_path / "e.h5").attrs
    assert (attrs["time_unit"], attrs["time_unit_from"]) == stated
    other = read_events(tmp_path / "e.h5", time_unit="ms")
    assert other.attrs == {"time_unit": "ms", "time_unit_from": "time_unit="}
    if stated[0] == "us":
        assert_array_equal(other.events["t"], 1000 * EVENTS["t"])


def test_a_plain_group_of_events_with_fractions_needs_a_unit(tmp_path):
    path = tmp_path / "e.h5"
    with h5py.File(path, "w") as file:
        for name, values in (("t", T / 1e6), ("x", X), ("y", Y), ("p", P)):
            file[f"events/{name}"] = values
    with pytest.raises(ValueError, match=r"have fractions, such as .* time_unit= names it"):
        read_events(path)
    assert_array_equal(read_events(path, time_unit="s").events, EVENTS)
    with h5py.File(path, "a") as file:
        file["events/t"].attrs["units"] = "fortnights"
    with pytest.raises(ValueError, match=r"'fortnights', an attribute of 'events' .* time_unit="):
        read_events(path)
    assert_array_equal(read_events(path, time_unit="s").events, EVENTS)


def test_numbers_that_lie_in_other_files_are_never_read(tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(range(200)))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        dsec(file)
        file["gas"] = np.ones((5, 2))
    path, parts = tmp_path / "e.h5", "txyp"
    layout = h5py.VirtualLayout((50,), "u1")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "events/p", (3000,))[:50]
    for kind in ("external", "virtual", "link"):
        with h5py.File(path, "w") as file:
            for name in parts:
                if kind == "external":
                    where = [(str(secret), 0, 50)]
                    file.create_dataset(f"events/{name}", (50,), "u1", external=where)
                elif kind == "virtual":
                    file.create_virtual_dataset(f"events/{name}", layout)
                else:
                    link = h5py.ExternalLink(str(tmp_path / "other.h5"), f"events/{name}")
                    file.require_group("events")[name] = link
        for reader in (read, read_events):
            with pytest.raises(ValueError, match=r"takes its numbers from other|to another file"):
                reader(path)
        with h5py.File(path, "w") as file:
            if kind == "external":
                file.create_dataset("gas", (5, 2), "u1", external=[(str(secret), 0, 10)])
            elif kind == "virtual":
                file.create_virtual_dataset("gas", layout)
            else:
                file["gas"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "gas")
        for options in ({}, {"key": "gas"}):
            with pytest.raises(ValueError, match=r"takes its numbers|no array|name one with key"):
                read_samples(path, **options)


def test_a_filter_that_is_not_there_is_named(tmp_path):
    with h5py.File(tmp_path / "e.h5", "w") as file:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((700,))
        plan.set_filter(36559, h5py.h5z.FLAG_OPTIONAL)
        for name in "txyp":
            space = h5py.h5s.create_simple((3000,))
            h5py.h5d.create(
                file.require_group("CD").id, name.encode(), h5py.h5t.NATIVE_INT64, space, plan
            )
    with pytest.raises(ValueError, match=r"needs HDF5's filter 36559.*Prophesee's ECF codec"):
        read_events(tmp_path / "e.h5")
