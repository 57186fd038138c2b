"""Event streams as input of a reservoir: checked fields of recordings, block by block."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.events import (
    FIELDS,
    Streams,
    check_order,
    fields_of,
    input_shape,
    learn_sensor,
    longest_of,
    report_dropped,
    warn_if_far,
)


class Events:
    """The fields of one event stream as integer arrays, empty where it is absent.

    ``as_is``: views of the stream where possible, without a check of the events.
    """

    def __init__(self, stream: Any, place: str, may_be_empty: bool = False, as_is: bool = False):
        self.absent, self.place = stream is None, place
        self.t = self.x = self.y = self.p = np.zeros(0, dtype=np.int64)
        if self.absent:
            return
        for name, field in fields_of(stream, place, may_be_empty).items():
            setattr(self, name, field if as_is else np.ascontiguousarray(field, np.int64))
        if not as_is:
            self.check()

    def __getitem__(self, name: str) -> NDArray[np.integer]:
        field: NDArray[np.integer] = getattr(self, name)
        return field

    def check(self) -> None:
        """Check the order of events and their polarities."""
        check_order(self.t, self.p, self.place)

    def content(self) -> bytes:
        """Return the bytes of this recording, of which its noise key is a hash."""
        return b"".join(self[name].astype(np.int64).tobytes() for name in FIELDS)


def read_events(streams: Streams, as_is: bool = False, may_be_empty: bool = False) -> list[Events]:
    """Return the fields of all streams of a container."""
    return [
        Events(stream, streams.place(i), may_be_empty, as_is)
        for i, stream in enumerate(streams.cells)
    ]


def learn(p: Any, recordings: list[Events]) -> None:
    """Set an estimator's sensor size and duration: as given, else from the recordings."""
    p.sensor_size_ = learn_sensor(p, recordings)
    p.input_shape_ = input_shape(p, p.sensor_size_)
    p.n_features_in_ = int(np.prod(p.input_shape_))
    longest = 1 + max(int(e.t[-1] - e.t[0]) for e in recordings)  # the last event is inside
    p.duration_ = longest * 1e-6 if p.duration is None else float(p.duration)
    warn_if_far("duration", p.duration, longest_of(recordings), "most of it is empty", stacklevel=5)


class EventRecordings:
    """Recordings of events, with the interface of ``Drives``."""

    def __init__(self, streams: Streams, recordings: list[Events], n_steps: int):
        self.streams, self.recordings = streams, recordings
        self.kind = "one" if streams.one else "array"
        self.labels: dict[str, Any] = {}
        self.absent = np.array([events.absent for events in recordings])
        self.sizes = np.full(len(recordings), n_steps)
        self.origins = np.array([0 if e.absent else e.t[0] for e in recordings])
        self.account = np.zeros((len(recordings), 3), dtype=np.int64)
        self.account[:, 0] = [events.t.size for events in recordings]
        self.places = np.arange(len(recordings))  # in the streams

    def __len__(self) -> int:
        return len(self.recordings)

    def content(self, place: int) -> bytes:
        """Return the bytes of a recording, of which its noise key is a hash."""
        return self.recordings[place].content()

    def block(self, first: int, last: int) -> tuple["EventBlock", NDArray]:
        """Return some of the recordings, and their lengths in steps."""
        rows = slice(first, last)
        block = EventBlock(
            self.recordings[rows], self.origins[rows], int(self.sizes[0]), self.account[rows]
        )
        return block, np.where(self.absent, 0, self.sizes)[rows]

    def take(self, places: NDArray) -> "EventRecordings":
        """Return some of the recordings."""
        few = [self.recordings[place] for place in places]
        taken = EventRecordings(self.streams, few, int(self.sizes[0]))
        taken.places = self.places[places]
        return taken

    def finish(self, p: Any) -> None:
        """Report dropped events."""

        def place(recording: int) -> str:
            return str(self.streams.place(int(self.places[recording])))

        report_dropped(p, place, self.account, stacklevel=5)


class EventBlock:
    """Events that run together; ``account`` (recording, 3) counts dropped ones."""

    def __init__(self, recordings: list[Events], origins: NDArray, n_steps: int, account: NDArray):
        self.recordings, self.origins = recordings, origins
        self.n_steps, self.account = n_steps, account
