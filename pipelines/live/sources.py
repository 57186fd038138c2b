"""Where streams come from: standard input, sockets, a serial port, replayed and growing files."""

import os
import selectors
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from mottle.checks import suggest
from mottle.events import EVENT_DTYPE
from mottle.pipelines.live.arrivals import LONGEST, Arrival
from mottle.sensors.streams import in_order, seconds_of

KINDS = {
    "-": "standard input",
    "udp:HOST:PORT": "packets of lines",
    "tcp:HOST:PORT": "lines of one connection at a time",
    "serial:DEVICE@BAUD": "lines of a serial port (extra serial)",
    "faery:HOST:PORT": "events in faery's UDP packets (extra faery)",
    "replay:PATH": "a recording at its own speed",
    "follow:PATH": "events of a raw file that grows",
}
TICK = 0.01  # s, of replayed events
WAIT = 0.1  # s, after which a source looks whether it is to stop
PACKET = 65535  # bytes
RECEIVED = 1 << 22  # bytes that wait in the system, at most; most systems allow less
DROPPED = 40  # SO_RXQ_OVFL of Linux: packets come with the number of those dropped before
FOR_EVER = 1e9  # s
Item = bytes | Arrival
Lose = Callable[..., Any]
Source = Callable[[Event, Lose], Iterator[Item]]
"""Given what asks it to stop, and what counts a loss by name, or several."""


def open_source(
    spec: str, sense: str, events: bool, speed: float = 1.0, size: tuple[int, int] = (1, 1),
    read: Callable[[Path], list[Any]] | None = None,
) -> Source:  # fmt: skip
    """Return a source that is ready: its socket bound, its file there.

    Parameters
    ----------
    spec : str
        As in `KINDS`.
    sense : str
        Of files.
    events : bool
        Whether the sense takes events.
    speed : float, default=1.0
        Of replayed recordings, relative to their own.
    size : (int, int), default=(1, 1)
        Width and height of the sensor, for events from faery.
    read : callable, default=None
        Returns the recordings in a file to be replayed; None reads it without options.

    Raises
    ------
    ValueError
        For an unknown source, an address without host, a port in use.
    """
    kind, _, rest = spec.partition(":")
    if spec == "-":
        return standard_input
    if kind in ("udp", "tcp"):
        address = address_of(spec)
        return udp(bind(address, socket.SOCK_DGRAM)) if kind == "udp" else tcp(
            bind(address, socket.SOCK_STREAM)
        )  # fmt: skip
    if kind == "serial":
        return serial_port(rest)
    if kind == "faery":
        if not events:
            raise ValueError(f"{spec}: {sense!r} takes samples, and faery sends events.")
        return faery_packets(address_of(spec), sense, size)
    if kind in ("replay", "follow"):
        if not Path(rest).exists():
            raise ValueError(f"{spec}: {rest} does not exist.")
        if kind == "follow":
            if not events:
                raise ValueError(f"{spec}: {sense!r} takes samples, and files that grow are raw.")
            return follow(Path(rest), sense)
        return replay(Path(rest), sense, events, speed, read)
    known = [name.partition(":")[0] for name in KINDS]
    raise ValueError(
        f"--source {spec!r} is unknown{suggest(kind, known)} There are: {', '.join(KINDS)}."
    )


def address_of(spec: str) -> tuple[str, int]:
    """Return host and port, both of which must be named.

    Examples
    --------
    >>> address_of("udp:127.0.0.1:5000")
    ('127.0.0.1', 5000)
    """
    kind, _, rest = spec.partition(":")
    host, _, port = rest.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ValueError(
            f"{spec!r}: expected {kind}:HOST:PORT; 127.0.0.1 is this machine alone, 0.0.0.0 all "
            "its networks."
        )
    return host.strip("[]"), int(port)


def bind(address: tuple[str, int], kind: int) -> socket.socket:
    """Return a socket at an address."""
    made = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, kind)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
        made.bind(address)
        if kind == socket.SOCK_STREAM:
            made.listen(1)
    except OSError as error:
        made.close()
        raise ValueError(
            f"port {address[1]} of {address[0]} cannot be taken: {error.strerror or error}"
        ) from None
    return made


def standard_input(stop: Event, lose: Lose) -> Iterator[Item]:
    """Yield the lines of standard input, read below Python's buffer, whose lock outlives Ctrl-C."""
    lines = Lines(lose)
    try:
        descriptor = sys.stdin.fileno()
    except (OSError, ValueError):  # a stand-in without a file
        yield from lines.add(sys.stdin.buffer.read())
        yield from lines.end()
        return
    while not stop.is_set() and (piece := os.read(descriptor, PACKET)):
        yield from lines.add(piece)
    yield from lines.end()


def udp(bound: socket.socket) -> Source:
    """Return a source of the lines in packets; those that the system dropped are counted."""
    counts = sys.platform == "linux"
    with suppress(OSError):
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED)
        if counts:
            bound.setsockopt(socket.SOL_SOCKET, DROPPED, 1)

    def source(stop: Event, lose: Lose) -> Iterator[Item]:
        bound.settimeout(WAIT)
        dropped = 0
        with bound:
            while not stop.is_set():
                try:
                    if counts:
                        packet, ancillary, *_ = bound.recvmsg(PACKET + 1, socket.CMSG_SPACE(4))
                    else:
                        packet, ancillary = bound.recv(PACKET + 1), []
                except TimeoutError:
                    continue
                except OSError:
                    lose("oversized")
                    continue
                for _, _, count in ancillary:
                    before, dropped = dropped, int.from_bytes(count[:4], sys.byteorder)
                    if dropped != before:
                        lose("packets dropped by the system", (dropped - before) % 2**32)
                for line in packet.splitlines():
                    if line.strip():
                        yield line

    return source


def tcp(listening: socket.socket) -> Source:
    """Return a source of the lines of one connection at a time."""

    def source(stop: Event, lose: Lose) -> Iterator[Item]:
        listening.settimeout(WAIT)
        with listening:
            while not stop.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                with connection:
                    yield from lines_of(connection, stop, lose)

    return source


class Lines:
    """Lines out of pieces of a stream; those that are too long are lost."""

    def __init__(self, lose: Lose) -> None:
        self._rest, self._skips, self._lose = b"", False, lose

    def add(self, piece: bytes) -> list[Item]:
        """Return the lines that a piece completes."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if self._skips and lines:
            lines, self._skips = lines[1:], False
        for _ in [line for line in lines if len(line) > LONGEST]:
            self._lose("oversized")
        if len(self._rest) > LONGEST:
            if not self._skips:
                self._lose("oversized")
            self._rest, self._skips = b"", True
        return [line for line in lines if line.strip() and len(line) <= LONGEST]

    def end(self) -> list[Item]:
        """Return the last line, which no newline ends."""
        return [self._rest] if self._rest.strip() and not self._skips else []


def lines_of(connection: socket.socket, stop: Event, lose: Lose) -> Iterator[Item]:
    """Yield the lines of a connection until it is closed."""
    connection.setblocking(False)
    lines = Lines(lose)
    with selectors.DefaultSelector() as ready:
        ready.register(connection, selectors.EVENT_READ)
        while not stop.is_set():
            if not ready.select(WAIT):
                continue
            try:
                piece = connection.recv(PACKET)
            except OSError:
                lose("broken connections")
                return
            yield from lines.add(piece)
            if not piece:
                yield from lines.end()
                return


def serial_port(rest: str) -> Source:
    """Return a source of the lines of a serial port."""
    device, _, baud = rest.rpartition("@")
    if not device or not baud.isdigit():
        raise ValueError(f"serial:{rest}: expected serial:DEVICE@BAUD, as /dev/ttyUSB0@115200.")
    try:
        from serial import Serial, SerialException
    except ModuleNotFoundError:
        raise ValueError("serial ports need: pip install 'mottle[serial]'") from None
    try:
        port = Serial(device, int(baud), timeout=WAIT)
    except (SerialException, OSError, ValueError) as error:
        raise ValueError(f"serial port {device}: {error}") from None

    def source(stop: Event, lose: Lose) -> Iterator[Item]:
        lines = Lines(lose)
        with port:
            while not stop.is_set():
                try:
                    piece = port.read(max(1, min(port.in_waiting, PACKET)))
                except (SerialException, OSError):
                    lose("broken connections")
                    return
                yield from lines.add(piece)

    return source


def replay(
    path: Path, sense: str, events: bool, speed: float, read: Callable[[Path], list[Any]] | None
) -> Source:
    """Return a source of the recordings in a file, whose samples come when their time has come."""
    if read is None:
        from mottle.sensors.files import read_events, read_samples

        found = [read_events(path).events if events else read_samples(path)]
    else:
        found = read(path)
    recordings = [
        chunks_of_events(one, sense) if events else chunks_of_rows(one, sense, str(path))
        for one in found
    ]

    def source(stop: Event, lose: Lose) -> Iterator[Item]:
        for number, chunks in enumerate(recordings):
            begin = time.monotonic()
            if number:
                yield Arrival({}, restart=True)
            for due, arrival in chunks:
                while (left := begin + due / speed - time.monotonic()) > 0 and not stop.is_set():
                    time.sleep(min(left, WAIT))
                if stop.is_set():
                    return
                yield arrival

    return source


def chunks_of_events(events: Any, sense: str) -> list[tuple[float, Arrival]]:
    """Return events in pieces of a tick, and when each is complete, in s from the first event.

    They keep the clock of the file.
    """
    start = int(events["t"][0]) if len(events) else 0
    times = (events["t"] - start) / 1e6
    edges = np.arange(TICK, (times[-1] if len(times) else 0.0) + 2 * TICK, TICK)
    cuts = [0, *np.searchsorted(times, edges).tolist()]
    return [
        (edge, Arrival({sense: events[a:b]}, edge, {sense: start / 1e6 + edge}))
        for edge, a, b in zip(edges.tolist(), cuts, cuts[1:], strict=False)
    ]


def chunks_of_rows(rows: Any, sense: str, place: str) -> list[tuple[float, Arrival]]:
    """Return the rows of a recording, and when each comes, in s from the first one."""
    if "time" not in getattr(rows, "coords", ()):
        raise ValueError(f"{place} states no times, by which it could be replayed.")
    seconds = seconds_of(rows, place)
    seconds = seconds - seconds[0]
    own = in_order(rows).assign_coords(time=seconds)
    own.attrs = {}
    return [(t, Arrival({sense: own[k : k + 1]}, t)) for k, t in enumerate(seconds.tolist())]


def faery_packets(address: tuple[str, int], sense: str, size: tuple[int, int]) -> Source:
    """Return a source of the events that faery sends by UDP."""
    try:
        from faery import events_stream_from_udp
    except ModuleNotFoundError:
        raise ValueError("events from faery need: pip install 'mottle[faery]'") from None
    bind(address, socket.SOCK_DGRAM).close()  # a port in use is named here
    return events_of(lambda: events_stream_from_udp(size, address), sense)


def follow(path: Path, sense: str) -> Source:
    """Return a source of the events of a file that another program writes."""
    from mottle.sensors.files import EventReader

    reader = EventReader(path, follow=FOR_EVER, on_bad="drop", chunk_bytes=1 << 16)
    return events_of(lambda: reader, sense)


def events_of(chunks: Callable[[], Any], sense: str) -> Source:
    """Return a source of events that come in chunks, times from the first one on."""

    def source(stop: Event, lose: Lose) -> Iterator[Item]:
        first: int | None = None
        for found in chunks():
            if stop.is_set():
                return
            if not len(found):
                continue
            events = np.zeros(len(found), EVENT_DTYPE)
            for ours, theirs in zip("txyp", found.dtype.names, strict=True):
                events[ours] = found[theirs]
            first = int(events["t"][0]) if first is None else first
            events["t"] -= first
            at = float(events["t"][-1]) / 1e6
            yield Arrival({sense: events}, at, {sense: at})

    return source
