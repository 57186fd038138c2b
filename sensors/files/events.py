"""Event files of any format, whole or chunk by chunk, checked and with an account of repairs."""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_number, check_whole
from mottle.events import EVENT_DTYPE
from mottle.sensors.clock import EventClock
from mottle.sensors.files.faults import Faults, Fields
from mottle.sensors.files.formats.record import HEAD, EventFormat, Source
from mottle.sensors.files.formats.registry import by_content, by_name, event_formats, of_folder
from mottle.sensors.files.limits import check_bytes, check_path, only_value_errors
from mottle.sensors.files.options import check_size, take_event_options


class EventFile(NamedTuple):
    r"""What was read from a file.

    Attributes
    ----------
    events : structured ndarray of EVENT_DTYPE, shape (n_events,)
        Time in microseconds on the camera's own clock, unwrapped and never going back; y downward;
        p 0 or 1.
    sensor_size : (int, int) or None
        Width and height in pixels, where the file states them.
    format : str
        Name of the format.
    repairs : dict of str to int
        How many events or bytes were repaired or left out, by reason.
    attrs : dict of str to str
        ``time_unit``, that of the file's own times, and ``time_unit_from``, what states it: an
        option, a name or an attribute in the file, its format, or a rule.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "two.csv"
    >>> _ = path.write_text("t,x,y,p\n10,3,4,1\n5,3,5,0\n")
    >>> file = read_events(path, sensor_size=(8, 6), on_bad="repair")
    >>> file.events["t"].tolist(), file.repairs, file.sensor_size
    ([10, 10], {'times that went back': 1}, (8, 6))
    >>> file.format, file.attrs["time_unit"]
    ('table', 'us')
    """

    events: NDArray[np.void]
    sensor_size: tuple[int, int] | None
    format: str
    repairs: dict[str, int]
    attrs: dict[str, str] = {}  # noqa: RUF012 (a default that nothing writes to)


def read_events(
    path: str | PathLike[str],
    *,
    format: str | None = None,
    sensor_size: tuple[int, int] | None = None,
    key: str | int | None = None,
    on_bad: str = "raise",
    max_bytes: int | None = None,
    time_unit: str | None = None,
    **table: Any,
) -> EventFile:
    r"""Read an event file; its format is found by content first, then by name.

    Parameters
    ----------
    path : path
        The file: AEDAT 2.0, 3.1 or 4, Prophesee EVT 2, EVT 2.1, EVT 3 or DAT, Event Stream (DVS or
        ATIS), N-MNIST ``.bin``, ST-MNIST ``.mat``, HDF5 (DSEC, Prophesee, v2e, MVSEC, e2vid, or one
        recording of SHD and SSC), a ROS bag (``.bag``, ``.db3``, ``.mcap`` or the folder of a
        rosbag 2), ``.npy`` or ``.npz``, or a table (``.csv``, ``.tsv``, ``.txt``) with the columns
        t, x, y, p, named in a header or in this order.
    format : str, default=None
        "evt2", "evt2.1", "evt3", "dat", "es", "aedat2", "aedat3.1", "aedat4", "nmnist", "stmnist",
        "hdf5", "rosbag", "npy", "npz" or "table", or that of another package's format, where
        neither content nor name identify it.
    sensor_size : (int, int), default=None
        Width and height in pixels, if the file does not state them or states others.
    key : str or int, default=None
        Which stream, where a file holds several: the topic of a ROS bag, the group of an HDF5 file,
        or the number of a recording of spikes.
    on_bad : {"raise", "drop", "repair"}, default="raise"
        What becomes of events outside the sensor, times that go back, and a cut end. "drop" leaves
        such events out; "repair" holds a time that goes back at the latest one before it, and
        leaves out what cannot be repaired. Both count what they did.
    max_bytes : int, default=None
        The most bytes that the events, or anything packed in the file, may come to; by default 100
        times the size of the file, and 256 MiB at least.
    time_unit : {"s", "ms", "us", "ns", "min", "h", "d"}, default=None
        Unit of the times in a table, ``.npy``, ``.npz`` or HDF5 file. None takes the one that the
        file states (a column such as ``t_us`` or ``time (ms)``, an attribute ``unit``), else that
        of a known layout (MVSEC in seconds; text in the order t, x, y, p between blanks, as RPG and
        v2e write it, and ``ts``, ``xs``, ``ys``, ``ps`` of e2vid in seconds where times have
        fractions), else microseconds; times with fractions, or beyond 1e17 (the year 5138), are
        then an error. The type of the numbers decides nothing. ``attrs`` of the result names the
        unit and what states it.
    **table
        Of tables: ``separator``, ``decimal``, ``na_values``, ``names``, ``header``, ``skip_rows``,
        as in ``read_samples``. ``names`` also states the order of four columns in ``.npy`` and
        ``.npz``, such as ``("x", "y", "p", "t")``.

    Returns
    -------
    file : EventFile
        Events, sensor size, format, repairs and attrs.

    Raises
    ------
    ValueError
        For an unknown format, an empty or damaged file, and times whose unit is not known; names
        the byte or the event.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile(suffix=".csv") as file:
    ...     _ = file.write(b"t,x,y,p\n10,3,4,1\n25,3,5,0\n")
    ...     _ = file.flush()
    ...     read_events(file.name).events.tolist()
    [(10, 3, 4, 1), (25, 3, 5, 0)]
    """
    stream = EventReader(
        path, format=format, sensor_size=sensor_size, key=key, on_bad=on_bad, max_bytes=max_bytes,
        time_unit=time_unit, **table,
    )  # fmt: skip
    chunks, n = [], 0
    for chunk in stream:
        chunks.append(chunk)
        n += chunk.size
        check_bytes(f"the events of {path}", n * EVENT_DTYPE.itemsize, stream.limit)
    if not n:
        lost = ", ".join(f"{count} {reason}" for reason, count in stream.repairs.items())
        raise ValueError(
            f"{path} holds no event ({stream.format}): leave the recording out."
            if not lost else
            f"no event of {path} ({stream.format}) is left: {lost}; another format, sensor_size= "
            "or order of columns (names= of tables and arrays)?"
        )  # fmt: skip
    events = join(chunks, n)
    return EventFile(events, stream.sensor_size, stream.format, stream.repairs, stream.attrs)


def join(chunks: list[NDArray[np.void]], n: int) -> NDArray[np.void]:
    """Return chunks of ``n`` events as one array, giving each one's memory back when it is copied.

    Examples
    --------
    >>> join([np.zeros(2, EVENT_DTYPE), np.ones(1, EVENT_DTYPE)], 3)["t"].tolist()
    [0, 0, 1]
    """
    if len(chunks) == 1:
        return chunks[0]
    events = np.empty(n, EVENT_DTYPE)
    chunks.reverse()
    at = 0
    while chunks:
        chunk = chunks.pop()
        events[at : at + chunk.size] = chunk
        at += chunk.size
    return events


class EventReader:
    r"""An event file chunk by chunk, in bounded memory; iterate to get structured arrays.

    Parameters
    ----------
    path, format, sensor_size, key, on_bad :
        As in ``read_events``.
    chunk_bytes : int, default=2**20
        Bytes of the file held at once.
    max_bytes : int, default=None
        The most bytes that anything packed in the file may come to, as in ``read_events``.
    follow : float, default=0
        Seconds without new bytes after which a file that another program writes has ended; 0 does
        not wait. Of formats in words: raw (EVT 2, 2.1, 3), dat, AEDAT 2 and N-MNIST.
    time_unit, **table :
        As in ``read_events``.

    Attributes
    ----------
    sensor_size : (int, int) or None
        Width and height in pixels; of AEDAT 4 and ROS bags known from the first chunk on.
    format : str
        Name of the format.
    repairs : dict of str to int
        What was repaired or left out so far.
    limit : int
        How many bytes the content may come to.
    attrs : dict of str to str
        Unit of the file's times and what states it, known from the first chunk on.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "long.csv"
    >>> _ = path.write_text("t,x,y,p\n" + "10,3,4,1\n" * 50)
    >>> reader = EventReader(path, chunk_bytes=100)
    >>> sizes = [len(events) for events in reader]
    >>> sum(sizes), len(sizes) > 1, reader.format, reader.repairs
    (50, True, 'table', {})
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
        max_bytes: int | None = None,
        follow: float = 0.0,
        time_unit: str | None = None,
        **table: Any,
    ):
        options = take_event_options(
            format=format, sensor_size=sensor_size, key=key, on_bad=on_bad, max_bytes=max_bytes,
            time_unit=time_unit, **table,
        )  # fmt: skip
        check_whole("chunk_bytes", chunk_bytes, 64)
        check_path(path, folders=True)
        if sensor_size is not None:
            sensor_size = check_size(sensor_size)
        self.path = Path(path)
        self._source = Source(
            self.path, Faults(str(path), on_bad), b"", sensor_size, key, int(chunk_bytes),
            max_bytes, time_unit, options, check_number("follow", follow, "s", least=0),
        )  # fmt: skip
        with only_value_errors(self.path):
            self._format = self._find_format(format)
        if key is not None and not self._format.several:
            raise ValueError(f"key={key!r}: {path} ({self.format}) holds one stream; leave it out.")
        if follow and not self._format.follows:
            raise ValueError(
                f"follow={follow}: {path} ({self.format}) is read as a whole; files that grow are "
                "those in words, such as raw."
            )
        if time_unit not in (None, "us") and not self._format.takes_time_unit:
            raise ValueError(
                f"time_unit={time_unit!r}: times of {path} are in us by their format, "
                f"{self.format}; leave it out."
            )
        taken = ("names",) if self._format.takes_names else ()
        others = [name for name in table if name not in taken]
        if others and not self._format.is_table:
            raise ValueError(
                f"{others[0]}= is of tables, and {path} is none ({self.format}); leave it out."
            )
        if self._format.start is not None:
            with only_value_errors(self.path):
                self._format.start(self._source)
        self._check_size()

    @property
    def format(self) -> str:
        """Name of the format."""
        return self._format.name

    @property
    def limit(self) -> int:
        """How many bytes the content may come to."""
        return self._source.limit

    @property
    def sensor_size(self) -> tuple[int, int] | None:
        """Width and height in pixels, where they are known."""
        return self._source.sensor_size

    @property
    def repairs(self) -> dict[str, int]:
        """What was repaired or left out so far, by reason."""
        return self._source.faults.repairs

    @property
    def attrs(self) -> dict[str, str]:
        """Unit of the file's times and what states it; empty before a file has shown it."""
        clock = self._source.clock
        return {} if self._format.takes_time_unit and clock.unit is None else clock.attrs()

    def _find_format(self, format: str | None) -> EventFormat:
        """Return the format given, else that of the content, else that of the name."""
        if self.path.is_dir():
            return of_folder(self.path)
        with self.path.open("rb") as file:
            head = self._source.head = file.read(HEAD)
        if not head:
            raise ValueError(f"{self.path} is empty: 0 bytes; fetch it again.")
        if format is not None:
            return event_formats()[format]
        found = by_content(head)
        if found is not None:
            return found
        found = by_name(self.path)
        if found is not None and found.accepts is not None and not found.accepts(self._source):
            raise ValueError(
                f"{self.path} has no header, and its bytes are no events of {found.name} within "
                f"the sensor (sensor_size=): give its format, one of {', '.join(event_formats())}."
            )
        if found is None:
            raise ValueError(
                f"{self.path} begins with {head[:16]!r}, which no event format does; give its "
                f"format, one of {', '.join(event_formats())}. Samples and sets of recordings have "
                "readers of their own: read(path) finds them."
            )
        return found

    def __iter__(self) -> Iterator[NDArray[np.void]]:
        """Yield the events in order, each chunk a structured array of EVENT_DTYPE."""
        source = self._source  # each pass from the beginning
        source.faults = Faults(str(self.path), source.faults.on_bad)
        source.clock = EventClock(str(self.path), source.time_unit)
        with only_value_errors(self.path):
            parts = iter(self._format.read(source))
        while True:
            with only_value_errors(self.path):
                fields = next(parts, None)
            if fields is None:
                return
            self._check_size()
            yield source.faults.check(self._check_fields(fields), source.sensor_size)

    def _check_size(self) -> None:
        """Refuse a size that a damaged header states, which no event could have."""
        size = self._source.sensor_size
        if size is None:
            return
        try:
            self._source.sensor_size = check_size(size)
        except ValueError as error:
            raise ValueError(
                f"{self.path} states a sensor of {size[0]} x {size[1]} pixels: {error}"
            ) from error

    def _check_fields(self, fields: Fields) -> Fields:
        """Refuse arrays that the compiled check could not take."""
        arrays = tuple(np.asarray(field) for field in fields)
        shapes = [array.shape for array in arrays]
        whole = all(array.dtype.kind in "iub" for array in arrays)
        if len(arrays) != 4 or len(set(shapes)) > 1 or len(shapes[0]) != 1 or not whole:
            kinds = ", ".join(f"{array.dtype} {array.shape}" for array in arrays)
            raise TypeError(
                f"the reader of the format {self.format!r} gave {kinds}; expected four arrays of "
                "integers, t (us), x, y and p, of one length."
            )
        if arrays[0].dtype.kind == "u" and (arrays[0] >= 2**63).any():
            raise ValueError(
                f"event {int(np.argmax(arrays[0] >= 2**63))} of a chunk of {self.path} has "
                f"t={int(arrays[0].max())} us, beyond 64 bits with a sign: the copy is damaged."
            )
        return arrays
