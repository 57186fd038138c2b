"""Faults that measurements have, put into every format: what each reader makes of them.

Each writer takes columns of numbers and raises `CannotHold` where its format has no room for one,
such as NaN in a file of integers. ``docs/reference/formats-and-faults.md`` is written from this.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import event_writers as events
import numpy as np
from scipy.io import wavfile

from mottle.events import EVENT_DTYPE
from mottle.sensors.files import read_events, read_samples, read_spikes, read_ts

SIZE = (300, 200)  # of the sensor, in pixels
BAD = 2  # row with the fault
Columns = dict[str, list[Any]]


class CannotHold(Exception):
    """A format has no room for a value."""


def events_without_fault() -> Columns:
    """Return five events."""
    return {"t": [10, 20, 30, 40, 50], "x": [1, 2, 3, 4, 5], "y": [5, 6, 7, 8, 9],
            "p": [0, 1, 0, 1, 0]}  # fmt: skip


def changed(field: str, value: Any, row: int = BAD) -> Callable[[Columns], None]:
    """Return a fault: one value in place of another."""

    def change(columns: Columns) -> None:
        columns[field][row] = value

    return change


SPIKES = events_without_fault() | {"y": [0] * 5, "p": [1] * 5}
EVENT_FAULTS: dict[str, Callable[[Any], Any]] = {
    "time is text": changed("t", "OVER"),
    "time is NaN": changed("t", np.nan),
    "time is infinite": changed("t", np.inf),
    "time beyond 64 bits": changed("t", 2**63 + 5000),
    "time goes back": changed("t", 15, 2),
    "first time is negative": changed("t", -7, 0),
    "pixel is NaN": changed("x", np.nan),
    "pixel between pixels": changed("x", 3.5),
    "pixel is negative": changed("y", -1),
    "pixel outside the sensor": changed("x", 310),
    "polarity is 7": changed("p", 7),
    "polarity is NaN": changed("p", np.nan),
}


BYTE_FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "last byte is cut off": lambda data: data[:-1],
    "file is empty": lambda data: b"",
}


def holds(array: Any, values: list[Any]) -> bool:
    """Return whether an array has the very values, whole numbers to the last digit."""
    return all(
        int(a) == v if isinstance(v, int) else np.array_equal(a, v, equal_nan=True)
        for a, v in zip(array, values, strict=True)
    )


def arrays_of(columns: Columns, kinds: tuple[str, ...] = ("i8", "u8", "f8")) -> dict[str, Any]:
    """Return columns as arrays, each of the first type that holds all of its values."""
    found = {}
    for name, values in columns.items():
        for kind in kinds:
            try:
                array = np.array(values, dtype=kind)
            except (ValueError, OverflowError, TypeError):
                continue
            if holds(array, values):
                found[name] = array
                break
        else:
            raise CannotHold(name)
    return found


def write_table(path: Path, columns: Columns, mark: str, head: str) -> None:
    """Write text."""
    rows = zip(*columns.values(), strict=True)
    path.write_text(head + "".join(mark.join(map(str, row)) + "\n" for row in rows))


def write_fields(path: Path, columns: Columns) -> None:
    """Write a list of named fields."""
    arrays = arrays_of(columns)
    cells = np.zeros(len(columns["t"]), [(name, array.dtype) for name, array in arrays.items()])
    for name, array in arrays.items():
        cells[name] = array
    np.save(path, cells)


def matrix(columns: Columns) -> Any:
    """Return events as one array of four columns."""
    arrays = arrays_of(columns)
    kinds = {array.dtype for array in arrays.values()}
    if np.dtype("u8") in kinds and len(kinds) > 1:
        arrays = arrays_of(columns, ("u8",))
    return np.stack(list(arrays.values()), 1)


def write_hdf5(path: Path, columns: Columns, layout: str) -> None:
    """Write a group, a list of fields, or four columns."""
    import h5py

    arrays = arrays_of(columns)
    with h5py.File(path, "w") as file:
        if layout == "group":
            for name, array in arrays.items():
                file[f"events/{name}"] = array
        elif layout == "columns":
            file["events"] = matrix(columns)
            file["events"].attrs["columns"] = list("txyp")
        else:
            cells = np.zeros(
                len(arrays["t"]), [(name, array.dtype) for name, array in arrays.items()]
            )
            for name, array in arrays.items():
                cells[name] = array
            file["CD/events"] = cells


def structured(columns: Columns) -> Any:
    """Return events as a structured array, for the formats of cameras."""
    arrays = arrays_of(columns, ("i8",))
    bounds = {"t": (0, 2**40), "x": (0, 319), "y": (0, 199), "p": (0, 1)}
    for name, (least, most) in bounds.items():
        if arrays[name].min() < least or arrays[name].max() > most:
            raise CannotHold(name)
    cells = np.zeros(len(columns["t"]), EVENT_DTYPE)
    for name, array in arrays.items():
        cells[name] = array
    return cells


def write_camera(path: Path, columns: Columns, name: str) -> None:
    """Write the format of a camera."""
    cells = structured(columns)
    if name == "nmnist" and cells["x"].max() > 255:
        raise CannotHold("x")
    if name in ("es", "nmnist") and (np.diff(cells["t"]) < 0).any():
        raise CannotHold("t")  # differences of time, or a clock whose steps back are its wraps
    path.write_bytes(events.WRITERS[name][0](cells))


def write_aedat4(path: Path, columns: Columns) -> None:
    """Write AEDAT 4."""
    path.write_bytes(events.aedat4(structured(columns)))


def write_bag(path: Path, columns: Columns) -> None:
    """Write a rosbag 1 with one message."""
    events.write_bag(path, [structured(columns)])


def write_recordings(path: Path, columns: Columns) -> None:
    """Write one recording of spikes, whose units are x."""
    import h5py

    arrays = arrays_of({"t": columns["t"], "x": columns["x"]}, ("i8", "f8"))
    if columns["y"] != SPIKES["y"] or columns["p"] != SPIKES["p"]:
        raise CannotHold("y")  # spikes have neither
    if arrays["x"].dtype.kind == "f" or np.any(np.diff(arrays["t"]) < 0):
        raise CannotHold("x")  # times of spikes are in any order
    with h5py.File(path, "w") as file:
        for name, kind, values in (
            ("times", "f8", arrays["t"] / 1e6),
            ("units", "i8", arrays["x"]),
        ):
            data = file.create_dataset(f"spikes/{name}", (1,), dtype=h5py.vlen_dtype(kind))
            data[0] = values
        file["labels"] = [0]


def recording_of(path: Path, **options: Any) -> Any:
    """Return the only recording of a file of spikes."""
    options.pop("sensor_size", None)
    spikes = read_spikes(path, n_units=SIZE[0], **options)
    return spikes._replace(events=spikes.events[0])


HEAD = "t,x,y,p\n"
EVENT_FORMATS: dict[str, tuple[Callable[..., None], str, Callable[..., Any]]] = {
    "table with names": (partial(write_table, mark=",", head=HEAD), ".csv", read_events),
    "table between blanks": (partial(write_table, mark=" ", head=""), ".txt", read_events),
    "npy, fields": (write_fields, ".npy", read_events),
    "npy, columns": (lambda path, c: np.save(path, matrix(c)), ".npy", read_events),
    "npz": (lambda path, c: np.savez(path, **arrays_of(c)), ".npz", read_events),
    "HDF5, group": (partial(write_hdf5, layout="group"), ".h5", read_events),
    "HDF5, fields": (partial(write_hdf5, layout="fields"), ".h5", read_events),
    "HDF5, columns": (partial(write_hdf5, layout="columns"), ".h5", read_events),
    "spikes": (write_recordings, ".h5", recording_of),
    **{
        name: (partial(write_camera, name=name), suffix, read_events)
        for name, (_, suffix) in events.WRITERS.items() if name != "aedat4"
    },
    "aedat4": (write_aedat4, ".aedat4", read_events),
    "rosbag": (write_bag, ".bag", read_events),
}  # fmt: skip


def samples_without_fault() -> Columns:
    """Return five rows of a time in s and two channels."""
    return {"time": [0.0, 0.5, 1.0, 1.5, 2.0], "a": [1.0, 2.0, 3.0, 4.0, 5.0],
            "b": [5.0, 4.0, 3.0, 2.0, 1.0]}  # fmt: skip


SAMPLE_FAULTS: dict[str, Callable[[Any], Any]] = {
    "value is missing": changed("a", None),
    "value is NaN": changed("a", np.nan),
    "value is infinite": changed("a", np.inf),
    "value is text": changed("a", "OVER"),
    "value is 4294967295": changed("a", 2**32 - 1),
    "time is missing": changed("time", None),
    "time is NaN": changed("time", np.nan),
    "time is text": changed("time", "OVER"),
    "time stands still": changed("time", 0.5),
    "time goes back": changed("time", 0.2),
}


def floats(columns: Columns) -> dict[str, Any]:
    """Return columns as floats."""
    if any(not isinstance(value, int | float) for values in columns.values() for value in values):
        raise CannotHold("text")
    return {name: np.array(values, dtype=np.float64) for name, values in columns.items()}


def write_sample_table(path: Path, columns: Columns, mark: str, comma: bool = False) -> None:
    """Write a table with names, its decimal sign a point or a comma."""

    def cell(value: Any) -> str:
        text = "" if value is None else str(value)
        return text.replace(".", ",") if comma else text

    rows = [list(columns), *zip(*columns.values(), strict=True)]
    path.write_text("".join(mark.join(map(cell, row)) + "\n" for row in rows))


def write_sample_fields(path: Path, columns: Columns) -> None:
    """Write a list of named fields."""
    arrays = floats(columns)
    cells = np.zeros(len(arrays["a"]), [(name, "f8") for name in arrays])
    for name, array in arrays.items():
        cells[name] = array
    np.save(path, cells)


def write_sample_hdf5(path: Path, columns: Columns, together: bool) -> None:
    """Write values in one dataset with their names, or in one a channel."""
    import h5py

    arrays = floats(columns)
    with h5py.File(path, "w") as file:
        file["g/time"] = arrays["time"]
        if together:
            file["g/values"] = np.stack([arrays["a"], arrays["b"]], 1)
            file["g/values"].attrs["columns"] = ["a", "b"]
        else:
            file["g/a"], file["g/b"] = arrays["a"], arrays["b"]


def write_sound(path: Path, columns: Columns) -> None:
    """Write a sound of floats, two samples a second."""
    arrays = floats(columns)
    if columns["time"] != samples_without_fault()["time"]:
        raise CannotHold("time")
    wavfile.write(path, 2, np.stack([arrays["a"], arrays["b"]], 1))


def write_ts(path: Path, columns: Columns) -> None:
    """Write one recording with time stamps."""

    def cell(value: Any) -> str:
        return "?" if value is None else str(value)

    def channel(name: str) -> str:
        pairs = zip(columns["time"], columns[name], strict=True)
        return ",".join(f"({cell(t)},{cell(v)})" for t, v in pairs)

    head = "@problemName x\n@timeStamps true\n@classLabel true k\n@data\n"
    path.write_text(f"{head}{channel('a')}:{channel('b')}:k\n")


def series_of(path: Path, **options: Any) -> Any:
    """Return the only series of a file."""
    return read_ts(path, **options)[0][0]


SAMPLE_FORMATS: dict[str, tuple[Callable[..., None], str, Callable[..., Any]]] = {
    "table, `,`": (partial(write_sample_table, mark=","), ".csv", read_samples),
    "table, `;` and decimal comma": (
        partial(write_sample_table, mark=";", comma=True),
        ".csv",
        read_samples,
    ),
    "table, tab": (partial(write_sample_table, mark="\t"), ".tsv", read_samples),
    "npy, fields": (write_sample_fields, ".npy", read_samples),
    "npz": (lambda path, c: np.savez(path, **floats(c)), ".npz", read_samples),
    "HDF5, lists": (partial(write_sample_hdf5, together=False), ".h5", read_samples),
    "HDF5, one array": (partial(write_sample_hdf5, together=True), ".h5", read_samples),
    "wav": (write_sound, ".wav", read_samples),
    "ts": (write_ts, ".ts", series_of),
}


def event_rows(read: Any) -> list[tuple[Any, ...]]:
    """Return what was read as rows of t, x, y, p."""
    return [tuple(row) for row in read.events.tolist()]


def sample_rows(read: Any) -> list[tuple[Any, ...]]:
    """Return what was read as rows of time and values."""
    return [
        (t, *row) for t, row in zip(read.time.values.tolist(), read.values.tolist(), strict=True)
    ]


def outcome(
    kind: tuple[Callable[..., None], str, Callable[..., Any]], fault: Callable[[Columns], None],
    whole: Columns, rows_of: Callable[[Any], list[tuple[Any, ...]]], folder: Path, **options: Any,
) -> str:  # fmt: skip
    """Return what a reader makes of a fault, "-" where the format cannot hold it.

    Raises
    ------
    AssertionError
        If what is read is neither what was written, nor that without the bad row, nor repaired.
    """
    write, suffix, read = kind
    path = folder / f"a{suffix}"
    path.unlink(missing_ok=True)
    write(path, whole)
    clean = rows_of(read(path, **options))
    columns = {name: list(values) for name, values in whole.items()}
    if fault in BYTE_FAULTS.values():
        path.write_bytes(fault(path.read_bytes()))
    else:
        fault(columns)
        try:
            path.unlink()
            write(path, columns)
        except CannotHold:
            return "-"
    done = []
    for on_bad in ("raise", "drop", "repair"):
        try:
            result = read(path, on_bad=on_bad, **options)
        except ValueError as error:
            if path.name not in str(error):
                raise AssertionError(f"the message names no file: {error}") from error
            done.append("refused")
            continue
        done.append(name_rows(rows_of(result), clean, columns))
        counted = result.repairs if hasattr(result, "repairs") else result.attrs["repairs"]
        assert counted or done[-1] == "read", (on_bad, done)
    return done[0] if len(set(done)) == 1 else ", ".join(done)


def name_rows(rows: list[tuple[Any, ...]], clean: list[tuple[Any, ...]], columns: Columns) -> str:
    """Return what became of the bad row."""
    if rows == list(zip(*columns.values(), strict=True)):
        return "read"
    if len(rows) == len(clean) - 1 and rows == clean[:-1]:
        return "rest read"
    if rows == [*clean[:BAD], *clean[BAD + 1 :]]:
        return "left out"
    if len(rows) == len(clean) and rows[:BAD] + rows[BAD + 1 :] == clean[:BAD] + clean[BAD + 1 :]:
        if rows[BAD] == (clean[BAD - 1][0], *clean[BAD][1:]):
            return "held"
        if rows == clean:
            return "interpolated"  # the values lie on a line
    raise AssertionError(f"{rows} is neither what was written nor that without a row")


def table(formats: Any, faults: Any, cell: Callable[[str, str], str]) -> str:
    """Return a table in Markdown, a line for each format."""
    lines = ["| | " + " | ".join(faults) + " |", "| --- " * (len(faults) + 1) + "|"]
    for name in formats:
        cells = [cell(name, fault) for fault in faults]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def event_outcome(name: str, fault: str, folder: Path) -> str:
    """Return what the reader of an event format makes of a fault."""
    whole = SPIKES if name == "spikes" else events_without_fault()
    change = (EVENT_FAULTS | BYTE_FAULTS)[fault]
    return outcome(EVENT_FORMATS[name], change, whole, event_rows, folder, sensor_size=SIZE)


def sample_outcome(name: str, fault: str, folder: Path) -> str:
    """Return what the reader of samples makes of a fault."""
    change = (SAMPLE_FAULTS | BYTE_FAULTS)[fault]
    return outcome(SAMPLE_FORMATS[name], change, samples_without_fault(), sample_rows, folder)
