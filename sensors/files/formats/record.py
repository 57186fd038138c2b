"""An event format in one record: how it is recognised, and how its events are read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from time import monotonic, sleep
from typing import BinaryIO

from mottle.checks import NamesArguments, check_bool
from mottle.sensors.clock import EventClock
from mottle.sensors.files.faults import Faults, Fields
from mottle.sensors.files.limits import byte_limit
from mottle.sensors.files.tables import TableOptions

HEAD = 1 << 16  # bytes of a file by which it is recognised, and within which a header must end
POLL = 0.002  # s, between looks at a file that grows


@dataclass
class Source:
    """An event file that is being read; what a format's ``read`` is given.

    Attributes
    ----------
    path : Path
        The file, or a folder.
    faults : Faults
        ``faults.fault(what, reason, count)`` raises, or counts what is then left out;
        ``faults.note(reason, count)`` only counts.
    head : bytes
        The file's first 65536 bytes; empty for a folder.
    sensor_size : (int, int) or None
        Width and height in pixels as the caller gave them; a reader sets them where they are None
        and the file has them.
    key : str, int or None
        Which stream, of formats with several in a file.
    chunk_bytes : int
        About how many bytes of the file are to be held at once.
    max_bytes : int or None
        How many bytes the content may come to; ``limit`` is this, or its default for the file.
    time_unit : str or None
        Unit of the times as the caller gave it, of formats that take one.
    table : TableOptions
        What the caller states of a text table.
    follow : float
        Seconds to wait at the end of a file that grows.
    clock : EventClock
        ``clock.convert(values)`` gives whole microseconds of such formats; ``clock.state(unit,
        where)`` takes the unit that the file states.
    lows : set of int
        Polarities of events that are off which have come, of formats with columns: 0 or -1.

    Examples
    --------
    >>> import numpy as np
    >>> from tempfile import mkdtemp
    >>> def read_dots(source):
    ...     yield tuple(np.fromfile(source.path, "<u4", offset=4).reshape(-1, 4).T.astype(np.int64))
    >>> path = Path(mkdtemp()) / "two.dots"
    >>> _ = path.write_bytes(b"DOTS" + np.array([10, 3, 4, 1, 25, 3, 5, 0], "<u4").tobytes())
    >>> source = Source(path, Faults(str(path), "raise"))
    >>> [fields[0].tolist() for fields in read_dots(source)]  # times in us
    [[10, 25]]
    """

    path: Path
    faults: Faults
    head: bytes = b""
    sensor_size: tuple[int, int] | None = None
    key: str | int | None = None
    chunk_bytes: int = 1 << 20
    max_bytes: int | None = None
    time_unit: str | None = None
    table: TableOptions = field(default_factory=TableOptions)
    follow: float = 0.0
    clock: EventClock = field(init=False)
    lows: set[int] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.clock = EventClock(str(self.path), self.time_unit)

    def next_block(self, file: BinaryIO) -> bytes:
        """Return the next bytes of the open file, waiting where it grows; none at its end."""
        begin = monotonic()
        while not (block := file.read(self.chunk_bytes)) and self.follow:
            if monotonic() - begin > self.follow:
                break
            sleep(POLL)
        return bytes(block)

    @cached_property
    def limit(self) -> int:
        """How many bytes the content may come to."""
        return byte_limit(self.path, self.max_bytes)


@dataclass(frozen=True, kw_only=True)
class EventFormat(NamesArguments):
    """An event format; each file in ``sensors/files/formats/`` ends in one or more.

    Other packages add formats by naming such a record as an entry point of the group
    ``mottle.formats``, under the name of the format.

    Parameters
    ----------
    name : str
        What ``format=`` calls it.
    read : callable
        Given a `Source`, yields chunks of events: integer arrays t (microseconds), x, y, p of one
        length. Order, pixels and polarities are checked afterwards, for every format.
    begins : tuple of bytes, or callable, default=()
        How files begin; or a function of the file's first bytes that returns whether they are of
        this format.
    suffixes : tuple of str, default=()
        Ends of file names, such as ".bin", for files that no format recognises by content.
    accepts : callable, optional
        Given a `Source` of a file that only its name identifies: whether its first bytes can be of
        this format.
    folder_file : str, default=""
        File by which a folder is recognised, where a recording is a folder.
    start : callable, optional
        Given a `Source` when the file is opened: reads what the header states, such as
        ``sensor_size``.
    several : bool, default=False
        Whether a file holds several streams, which ``key=`` selects.
    holds_events : callable, optional
        Path to whether the file holds events, for formats that hold samples as well.
    takes_time_unit : bool, default=False
        Whether files come in several units of time; others are in whole microseconds.
    is_table : bool, default=False
        Whether files are text tables, which have options of their own.
    takes_names : bool, default=False
        Whether ``names=`` names the columns of an array, as it does those of tables.
    follows : bool, default=False
        Whether ``read`` goes on where a file grows, by ``source.next_block``.

    Raises
    ------
    TypeError
        For a misspelt field.
    ValueError
        If a file could never be recognised: neither by content, nor by name, nor by ``format=``.

    Examples
    --------
    >>> known = EventFormat(name="clicks", read=lambda source: [], begins=(b"CLICKS",))
    >>> known.matches(b"CLICKS 1.0"), known.matches(b"#!AER-DAT2.0")
    (True, False)
    """

    name: str
    read: Callable[[Source], Iterable[Fields]]
    begins: tuple[bytes, ...] | Callable[[bytes], bool] = ()
    suffixes: tuple[str, ...] = ()
    accepts: Callable[[Source], bool] | None = None
    folder_file: str = ""
    start: Callable[[Source], None] | None = None
    several: bool = False
    holds_events: Callable[[Path], bool] | None = None
    takes_time_unit: bool = False
    is_table: bool = False
    takes_names: bool = False
    follows: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"name={self.name!r}: a format needs a name, for format=.")
        if isinstance(self.begins, bytes) or isinstance(self.suffixes, str):
            raise TypeError(f"begins and suffixes of the format {self.name!r} are tuples.")
        for flag in ("several", "takes_time_unit", "is_table", "takes_names", "follows"):
            check_bool(flag, getattr(self, flag))

    def matches(self, head: bytes) -> bool:
        """Return whether a file that begins with these bytes is of this format."""
        if callable(self.begins):
            return bool(self.begins(head))
        return head.startswith(self.begins)
