"""Event files of any format, whole or chunk by chunk, checked and with an account of repairs."""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.io import loadmat

from mottle.sensors.files.formats import DECODERS, find_decoder
from mottle.sensors.files.rosbag import bag_events
from mottle.sensors.files.tables import load_array, read_table
from mottle.sensors.kernels import event_files as kernel
from mottle.sensors.streams import EVENT_DTYPE

ON_BAD = ("raise", "drop", "repair")
TABLES = (".csv", ".tsv", ".txt")
COLUMNS = {"t": "t", "time": "t", "timestamp": "t", "ts": "t", "x": "x", "y": "y", "p": "p",
           "pol": "p", "polarity": "p", "on": "p"}  # fmt: skip
WHOLE = {  # formats that a library opens, and how they begin
    "aedat4": b"#!AER-DAT4",
    "npy": b"\x93NUMPY",
    "hdf5": b"\x89HDF\r\n\x1a\n",
    "stmnist": b"MATLAB 5.0",
    "rosbag": b"#ROSBAG V2.0",
}
SIDE = 10  # taxels of ST-MNIST's square sensor
TAXELS = SIDE * SIDE
LONGEST_PACKET = 1 << 26  # bytes
MOST_PIXEL = 2**15 - 1  # that an EVENT_DTYPE holds


class EventFile(NamedTuple):
    """What was read from a file.

    Attributes
    ----------
    events : structured ndarray of EVENT_DTYPE, shape (n_events,)
        Time in microseconds on the camera's own clock, unwrapped and never going back; y downward;
        p 0 or 1.
    sensor_size : (int, int) or None
        Width and height in pixels, where the file tells.
    format : str
        Name of the format.
    repairs : dict of str to int
        How many events or bytes were mended or left out, by reason.
    """

    events: NDArray[np.void]
    sensor_size: tuple[int, int] | None
    format: str
    repairs: dict[str, int]


def read_events(
    path: str | PathLike[str],
    *,
    format: str | None = None,
    sensor_size: tuple[int, int] | None = None,
    key: str | None = None,
    on_bad: str = "raise",
) -> EventFile:
    r"""Read an event file; its format is found by content first, then by name.

    Parameters
    ----------
    path : path
        The file: AEDAT 2.0, 3.1 or 4, Prophesee EVT 2, EVT 3 or DAT, Event Stream (DVS or ATIS),
        N-MNIST ``.bin``, ST-MNIST ``.mat``, HDF5 (DSEC, Prophesee), ROS bag (dvs_msgs,
        event_camera_msgs), ``.npy``, or a table
        (``.csv``, ``.tsv``, ``.txt``) with the columns t, x, y, p, named in a header or in this
        order; a fractional t is in seconds.
    format : str, default=None
        "evt2", "evt3", "dat", "es", "aedat2", "aedat3.1", "aedat4", "nmnist", "stmnist",
        "hdf5", "rosbag", "npy" or "table", where content and name do not tell.
    sensor_size : (int, int), default=None
        Width and height in pixels, if the file does not tell or tells otherwise.
    key : str, default=None
        Topic of a ROS bag that holds events of several cameras.
    on_bad : {"raise", "drop", "repair"}, default="raise"
        What becomes of events outside the sensor, times that go back, and a cut end. "drop" leaves
        such events out; "repair" holds a time that goes back at the latest one before it, and
        leaves out what cannot be mended. Both count what they did.

    Returns
    -------
    file : EventFile
        Events, sensor size, format and repairs.

    Raises
    ------
    ValueError
        For an unknown format, an empty or damaged file; names the byte or the event.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile(suffix=".csv") as file:
    ...     _ = file.write(b"t,x,y,p\n10,3,4,1\n25,3,5,0\n")
    ...     _ = file.flush()
    ...     read_events(file.name).events.tolist()
    [(10, 3, 4, 1), (25, 3, 5, 0)]
    """
    stream = EventReader(path, format=format, sensor_size=sensor_size, key=key, on_bad=on_bad)
    chunks = list(stream)
    if not sum(chunk.size for chunk in chunks):
        raise ValueError(f"{path} holds no event ({stream.format}): leave the recording out.")
    return EventFile(np.concatenate(chunks), stream.sensor_size, stream.format, stream.repairs)


class EventReader:
    """An event file chunk by chunk, in bounded memory; iterate to get structured arrays.

    Parameters
    ----------
    path, format, sensor_size, key, on_bad :
        As in ``read_events``.
    chunk_bytes : int, default=2**20
        Bytes of the file held at once.

    Attributes
    ----------
    sensor_size : (int, int) or None
        Width and height in pixels.
    format : str
        Name of the format.
    repairs : dict of str to int
        What was mended so far.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        format: str | None = None,
        sensor_size: tuple[int, int] | None = None,
        key: str | None = None,
        on_bad: str = "raise",
        chunk_bytes: int = 1 << 20,
    ):
        if on_bad not in ON_BAD:
            raise ValueError(f"on_bad={on_bad!r} must be one of {', '.join(ON_BAD)}.")
        known = (*DECODERS, *WHOLE, "table")
        if format is not None and format not in known:
            raise ValueError(f"format={format!r} is not known; choose from {', '.join(known)}.")
        if chunk_bytes < 64:
            raise ValueError(f"chunk_bytes={chunk_bytes} must be at least 64.")
        self.path, self.on_bad, self.chunk_bytes = Path(path), on_bad, chunk_bytes
        self.key = key
        self.repairs: dict[str, int] = {}
        self._now: int | None = None
        self._done = 0
        with self.path.open("rb") as file:
            self._decoder = None
            head = file.peek(16)[:16]
            if format in (None, *DECODERS):
                self._decoder = find_decoder(file, str(path), self.path.suffix.lower(), format)
        self.sensor_size = sensor_size
        if self._decoder is not None:
            self.format = self._decoder.name
            self.sensor_size = sensor_size or self._decoder.sensor_size
        elif format in WHOLE or any(head.startswith(magic) for magic in WHOLE.values()):
            told = next((name for name, magic in WHOLE.items() if head.startswith(magic)), "")
            self.format = format or told
        elif format == "table" or self.path.suffix.lower() in TABLES:
            self.format = "table"
        else:
            raise ValueError(
                f"{path} begins with {head!r}, which no event format does; give its format, one of "
                f"{', '.join(known)}."
            )

    def __iter__(self) -> Iterator[NDArray[np.void]]:
        """Yield the events in order, each chunk a structured array of EVENT_DTYPE."""
        self.repairs, self._now, self._done = {}, None, 0  # each pass from the beginning
        if self._decoder is None:
            if self.format == "hdf5":
                yield from (self._check(*fields) for fields in self._hdf5())
                return
            if self.format == "rosbag":
                for fields, size in bag_events(self.path, self.key):
                    self.sensor_size = self.sensor_size or size
                    if fields[0].size:
                        yield self._check(*fields)
                return
            whole = {"aedat4": self._aedat4, "npy": self._npy, "stmnist": self._stmnist}
            yield self._check(*whole.get(self.format, self._table)())
            return
        decoder = type(self._decoder)(self._decoder.head, str(self.path))
        rest = np.empty(0, dtype=np.uint8)
        at = decoder.start
        with self.path.open("rb") as file:
            file.seek(at)
            while block := file.read(self.chunk_bytes):
                data = np.frombuffer(rest.tobytes() + block, dtype=np.uint8)
                whole_words = data.size - data.size % decoder.word
                used = 0
                while used < whole_words:
                    (t, x, y, p), took = decoder.decode(data[used:whole_words])
                    used += took
                    if t.size:
                        if decoder.flips and self.sensor_size is not None:
                            y = self.sensor_size[1] - 1 - y
                        yield self._check(t, x, y, p)
                    if not took:
                        break
                rest, at = data[used:], at + used
                if rest.size > LONGEST_PACKET:
                    raise ValueError(
                        f"{self.path} claims a packet of over {LONGEST_PACKET} bytes at byte {at}: "
                        "the copy is damaged."
                    )
        for reason, count in decoder.repairs().items():
            self._note(reason, count)
        if rest.size:
            self._fault(
                f"{self.path} ends within an event: {rest.size} bytes from byte {at} are left over",
                "bytes at a cut end", rest.size,
            )  # fmt: skip

    def _note(self, reason: str, count: int) -> None:
        self.repairs[reason] = self.repairs.get(reason, 0) + int(count)

    def _fault(self, what: str, reason: str, count: int) -> None:
        if self.on_bad == "raise":
            raise ValueError(
                f"{what}. The copy is damaged, or this is another format; on_bad='drop' or "
                "'repair' reads the rest."
            )
        self._note(reason, count)

    def _check(self, t: NDArray, x: NDArray, y: NDArray, p: NDArray) -> NDArray[np.void]:
        """Return the events as a structured array, mended where they must and may be."""
        n = t.size
        width, height = self.sensor_size or (MOST_PIXEL + 1, MOST_PIXEL + 1)
        now = np.iinfo(np.int64).min if self._now is None else self._now
        outside, k, back, first_back, latest = kernel.faults(t, x, y, p, width, height, now)
        when = int(t[first_back]) if back else now
        if outside:
            self._fault(
                f"event {self._done + k} of {self.path} (t={t[k]} us) has x={x[k]}, y={y[k]}, "
                f"p={p[k]}, outside the sensor of {width} x {height} pixels or polarities 0 and 1",
                "outside the sensor", outside,
            )  # fmt: skip
            keep = (x >= 0) & (y >= 0) & (x < width) & (y < height) & ((p == 0) | (p == 1))
            t, x, y, p = t[keep], x[keep], y[keep], p[keep]
        if back:
            self._fault(
                f"time goes back at event {self._done + first_back} of {self.path}, to {when} us",
                "times that went back", back,
            )  # fmt: skip
            held = np.maximum(np.maximum.accumulate(t), now)
            if self.on_bad == "drop":
                keep = t == held
                t, x, y, p = t[keep], x[keep], y[keep], p[keep]
            else:
                t = held
        self._now = int(latest)
        self._done += n
        events = np.empty(t.size, dtype=EVENT_DTYPE)
        events["t"], events["x"], events["y"], events["p"] = t, x, y, p
        return events

    def _aedat4(self) -> NDArray[np.int64]:
        try:
            import aedat
        except ImportError as error:
            raise ImportError(
                f"{self.path} is AEDAT 4, which needs one more package: pip install mottle[aedat4]"
            ) from error
        try:
            decoder = aedat.Decoder(str(self.path))
            sizes = [s for s in decoder.id_to_stream().values() if s["type"] == "events"]
            if self.sensor_size is None and sizes:
                self.sensor_size = int(sizes[0]["width"]), int(sizes[0]["height"])
            packets = [packet["events"] for packet in decoder if "events" in packet]
        except (RuntimeError, ValueError, OSError) as error:
            raise ValueError(f"{self.path} cannot be read as AEDAT 4: {error}") from error
        names = ("t", "x", "y", "on")
        found = [np.stack([e[name].astype(np.int64) for name in names]) for e in packets]
        return np.concatenate([np.empty((4, 0), dtype=np.int64), *found], axis=1)

    def _hdf5(self) -> Iterator[tuple[NDArray, ...]]:
        try:
            import h5py
        except ImportError as error:
            raise ImportError(
                f"{self.path} is HDF5, which needs one more package: pip install mottle[hdf5]"
            ) from error
        try:
            with h5py.File(self.path, "r") as file:
                found = find_hdf5_events(file)
                if found is None:
                    if "spikes/units" in file:
                        raise ValueError(
                            f"{self.path} holds many recordings of spikes: read_spikes reads them."
                        )
                    raise ValueError(
                        f"{self.path} has no group with datasets t, x, y and p, and no dataset "
                        "with these fields."
                    )
                offset = int(file["t_offset"][()]) if "t_offset" in file else 0
                grouped = isinstance(found, h5py.Group)
                n = (found["t"] if grouped else found).shape[0]
                rows = max(self.chunk_bytes // 16, 1)
                for first in range(0, n, rows):
                    part = slice(first, first + rows)
                    block = {name: found[name][part] for name in "txyp"} if grouped else found[part]
                    t, x, y, p = (np.asarray(block[name], dtype=np.int64) for name in "txyp")
                    yield t + offset, x, y, np.where(p == -1, 0, p)
        except (OSError, RuntimeError, KeyError, TypeError) as error:
            raise ValueError(
                f"{self.path} cannot be read as HDF5: {error}. Files of DSEC need the filters of "
                "hdf5plugin: install it and import it first."
            ) from error

    def _stmnist(self) -> NDArray[np.int64]:
        try:
            train = loadmat(self.path, variable_names=["spiketrain"])["spiketrain"]
        except Exception as error:  # scipy raises many kinds for damaged files
            raise ValueError(f"{self.path} holds no readable 'spiketrain': {error}") from error
        if train.ndim != 2 or train.shape[0] != TAXELS + 1 or train.dtype.kind not in "iuf":
            raise ValueError(
                f"'spiketrain' of {self.path} has shape {train.shape}; expected {TAXELS} rows of "
                "taxels and one of times."
            )
        if not np.isfinite(train).all():
            raise ValueError(f"'spiketrain' of {self.path} holds NaN or infinity.")
        if self.sensor_size is None:
            self.sensor_size = SIDE, SIDE
        column, taxel = np.nonzero(train[:TAXELS].T)
        t = np.round(train[TAXELS, column] * 1e6).astype(np.int64)
        p = (train[taxel, column] > 0).astype(np.int64)
        return np.stack([t, taxel % SIDE, taxel // SIDE, p])

    def _npy(self) -> NDArray[np.int64]:
        array = load_array(self.path)
        if array.dtype.names is None:
            if array.ndim != 2 or array.shape[1] != 4:
                raise ValueError(
                    f"{self.path} has shape {array.shape}; expected fields t, x, y, p, or four "
                    "columns in this order."
                )
            return self._columns(pd.DataFrame(array, columns=["t", "x", "y", "p"]))
        return self._columns(pd.DataFrame({name: array[name] for name in array.dtype.names}))

    def _table(self) -> NDArray[np.int64]:
        table, named = read_table(self.path)
        if not named:
            if table.shape[1] != 4:
                raise ValueError(
                    f"{self.path} has {table.shape[1]} columns without names; expected t, x, y, p."
                )
            table.columns = ["t", "x", "y", "p"]
        return self._columns(table)

    def _columns(self, table: pd.DataFrame) -> NDArray[np.int64]:
        """Bring named columns into t, x, y, p; a fractional t is in seconds, p may be -1 and 1."""
        table = table.rename(columns=lambda name: COLUMNS.get(str(name).strip().lower(), name))
        missing = [name for name in "txyp" if name not in table]
        if missing:
            raise ValueError(
                f"{self.path} has the columns {', '.join(map(str, table.columns))} and lacks "
                f"{', '.join(missing)}."
            )
        numbers = table[list("txyp")].apply(pd.to_numeric, errors="coerce").astype(np.float64)
        bad = ~np.isfinite(numbers.to_numpy())
        if bad.any():
            row, column = np.argwhere(bad)[0]
            self._fault(
                f"{self.path} holds {table['txyp'[column]].iloc[row]!r} as {'txyp'[column]} in row "
                f"{row}",
                "rows without numbers", bad.any(axis=1).sum(),
            )  # fmt: skip
            table, numbers = table[~bad.any(axis=1)], numbers[~bad.any(axis=1)]
        t = numbers["t"].to_numpy()
        if pd.api.types.is_integer_dtype(table["t"]):
            t = table["t"].to_numpy(dtype=np.int64)
        else:
            t = np.round(t * 1e6).astype(np.int64)
        x, y, p = (numbers[name].to_numpy().astype(np.int64) for name in "xyp")
        return np.stack([t, x, y, np.where(p == -1, 0, p)])


def find_hdf5_events(group: Any) -> Any:
    """Return the first group with datasets t, x, y, p, or the first dataset with such fields."""
    if set("txyp") <= set(group):
        return group
    for name in group:
        item = group[name]
        if set("txyp") <= set(getattr(getattr(item, "dtype", None), "names", None) or ()):
            return item
        found = find_hdf5_events(item) if hasattr(item, "keys") else None
        if found is not None:
            return found
    return None
