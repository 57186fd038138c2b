"""Event files of any format, whole or chunk by chunk, checked and with an account of repairs."""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mottle.sensors.files.checks import Faults
from mottle.sensors.files.formats import DECODERS, find_decoder
from mottle.sensors.files.hdf5 import MAGIC as HDF5
from mottle.sensors.files.hdf5 import event_chunks, open_hdf5
from mottle.sensors.files.mat import read_matrix
from mottle.sensors.files.rosbag import MAGIC, MAGIC_2, bag_chunks
from mottle.sensors.files.spikes import LATEST, N_UNITS, count_recordings, holds_spikes, take_spikes
from mottle.sensors.files.tables import load_array, read_table

TABLES = (".csv", ".tsv", ".txt")
COLUMNS = {"t": "t", "time": "t", "timestamp": "t", "ts": "t", "x": "x", "y": "y", "p": "p",
           "pol": "p", "polarity": "p", "on": "p"}  # fmt: skip
LIBRARIES: dict[str, tuple[bytes, ...]] = {  # formats that a library opens, and how they begin
    "aedat4": (b"#!AER-DAT4",),
    "npy": (b"\x93NUMPY",),
    "hdf5": (HDF5,),
    "stmnist": (b"MATLAB 5.0",),
    "rosbag": (MAGIC, *MAGIC_2),
}
MANY = ("hdf5", "rosbag")  # formats of files with several streams, which a key tells apart
SIDE = 10  # taxels of ST-MNIST's square sensor
TAXELS = SIDE * SIDE
LONGEST_PACKET = 1 << 26  # bytes


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
    key: str | int | None = None,
    on_bad: str = "raise",
) -> EventFile:
    r"""Read an event file; its format is found by content first, then by name.

    Parameters
    ----------
    path : path
        The file: AEDAT 2.0, 3.1 or 4, Prophesee EVT 2, EVT 3 or DAT, Event Stream (DVS or ATIS),
        N-MNIST ``.bin``, ST-MNIST ``.mat``, HDF5 (DSEC, Prophesee, or one recording of SHD and
        SSC), a ROS bag (``.bag``, ``.db3``, ``.mcap`` or the folder of a rosbag 2), ``.npy``, or a
        table (``.csv``, ``.tsv``, ``.txt``) with the columns t, x, y, p, named in a header or in
        this order; a fractional t is in seconds.
    format : str, default=None
        "evt2", "evt3", "dat", "es", "aedat2", "aedat3.1", "aedat4", "nmnist", "stmnist",
        "hdf5", "rosbag", "npy" or "table", where content and name do not tell.
    sensor_size : (int, int), default=None
        Width and height in pixels, if the file does not tell or tells otherwise.
    key : str or int, default=None
        Which stream, where a file holds several: the topic of a ROS bag, the group of an HDF5 file,
        or the number of a recording of spikes.
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
        Width and height in pixels; of AEDAT 4 and ROS bags known from the first chunk on.
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
        key: str | int | None = None,
        on_bad: str = "raise",
        chunk_bytes: int = 1 << 20,
    ):
        known = (*DECODERS, *LIBRARIES, "table")
        if format is not None and format not in known:
            raise ValueError(f"format={format!r} is not known; choose from {', '.join(known)}.")
        if chunk_bytes < 64:
            raise ValueError(f"chunk_bytes={chunk_bytes} must be at least 64.")
        self.path, self.key, self.chunk_bytes = Path(path), key, chunk_bytes
        self._start(on_bad)
        self._decoder = None
        head = b""
        if self.path.is_dir():
            if not (self.path / "metadata.yaml").is_file():
                raise ValueError(
                    f"{path} is a folder without metadata.yaml; of folders, only those of rosbag 2 "
                    "are read."
                )
            format = "rosbag"
        else:
            with self.path.open("rb") as file:
                head = file.peek(16)[:16]
                if format in (None, *DECODERS):
                    self._decoder = find_decoder(file, str(path), self.path.suffix.lower(), format)
        self.sensor_size = sensor_size
        if self._decoder is not None:
            self.format = self._decoder.name
            self.sensor_size = sensor_size or self._decoder.sensor_size
        elif told := format if format in LIBRARIES else known_by(head):
            self.format = told
        elif format == "table" or self.path.suffix.lower() in TABLES:
            self.format = "table"
        else:
            raise ValueError(
                f"{path} begins with {head!r}, which no event format does; give its format, one of "
                f"{', '.join(known)}. Samples and sets of recordings have readers of their own: "
                "read(path) finds them."
            )
        if key is not None and self.format not in MANY:
            raise ValueError(f"key={key!r}: {path} ({self.format}) holds one stream; leave it out.")

    def _start(self, on_bad: str) -> None:
        self._faults = Faults(str(self.path), on_bad)
        self.repairs = self._faults.repairs

    def _check(self, fields: tuple[NDArray, ...] | NDArray) -> NDArray[np.void]:
        return self._faults.check(tuple(fields), self.sensor_size)

    def __iter__(self) -> Iterator[NDArray[np.void]]:
        """Yield the events in order, each chunk a structured array of EVENT_DTYPE."""
        self._start(self._faults.on_bad)  # each pass from the beginning
        if self._decoder is None:
            if self.format in MANY:
                parts = self._hdf5() if self.format == "hdf5" else self._rosbag()
                yield from (self._check(fields) for fields in parts)
                return
            whole = {"aedat4": self._aedat4, "npy": self._npy, "stmnist": self._stmnist}
            yield self._check(whole.get(self.format, self._table)())
            return
        decoder = type(self._decoder)(self._decoder.head, str(self.path))
        rest = np.empty(0, dtype=np.uint8)
        at = decoder.start
        with self.path.open("rb") as file:
            file.seek(at)
            while block := file.read(self.chunk_bytes):
                data = np.frombuffer(rest.tobytes() + block, dtype=np.uint8)
                for t, x, y, p in decoder.decode_all(data):
                    if decoder.flips and self.sensor_size is not None:
                        y = self.sensor_size[1] - 1 - y
                    yield self._check((t, x, y, p))
                rest, at = data[decoder.used :], at + decoder.used
                if rest.size > LONGEST_PACKET:
                    raise ValueError(
                        f"{self.path} claims a packet of over {LONGEST_PACKET} bytes at byte {at}: "
                        "the copy is damaged."
                    )
        for reason, count in decoder.repairs().items():
            self._faults.note(reason, count)
        if rest.size:
            self._faults.fault(
                f"{self.path} ends within an event: {rest.size} bytes from byte {at} are left over",
                "bytes at a cut end", rest.size,
            )  # fmt: skip

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
        with open_hdf5(self.path) as file:
            if not holds_spikes(file):
                yield from event_chunks(self.path, file, self.key, max(self.chunk_bytes // 16, 1))
                return
            n = count_recordings(self.path, file)
            if self.key is None:
                raise ValueError(
                    f"{self.path} holds {n} recordings of spikes: read_spikes reads them, and "
                    "key=0 picks the first."
                )
            self.sensor_size = self.sensor_size or (N_UNITS, 1)
            yield take_spikes(self.path, file, self.key, n, self._faults)

    def _rosbag(self) -> Iterator[tuple[NDArray, ...]]:
        for size, fields in bag_chunks(self.path, self.key, self._faults):
            self.sensor_size = self.sensor_size or size
            yield fields

    def _stmnist(self) -> NDArray[np.int64]:
        train = read_matrix(self.path, "spiketrain")
        if train.shape[0] != TAXELS + 1:
            raise ValueError(
                f"'spiketrain' of {self.path} has shape {train.shape}; expected {TAXELS} rows of "
                "taxels and one of times."
            )
        if not (np.abs(train[TAXELS]) < LATEST).all() or np.isnan(train).any():
            raise ValueError(f"'spiketrain' of {self.path} holds NaN, infinity, or no times.")
        if self.sensor_size is None:
            self.sensor_size = SIDE, SIDE
        column, taxel = np.nonzero(train[:TAXELS].T)
        t = np.round(train[TAXELS, column] * 1e6).astype(np.int64)
        p = (train[taxel, column] > 0).astype(np.int64)
        return np.stack([t, taxel % SIDE, taxel // SIDE, p])

    def _npy(self) -> NDArray[np.int64]:
        array = load_array(self.path)
        kinds = [array.dtype[name].kind for name in array.dtype.names or ()] or [array.dtype.kind]
        if not set(kinds) <= set("iufb"):
            raise ValueError(f"{self.path} holds {array.dtype}; expected numbers.")
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
            self._faults.fault(
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


def known_by(head: bytes) -> str:
    """Return the name of the format of a library whose files begin so, "" for none."""
    return next((name for name, magic in LIBRARIES.items() if head.startswith(magic)), "")
