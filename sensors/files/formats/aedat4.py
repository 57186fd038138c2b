"""AEDAT 4 of DV, through the package aedat."""

from collections.abc import Iterator

import numpy as np

from mottle.sensors.files.faults import Fields
from mottle.sensors.files.formats.record import EventFormat, Source


def read_aedat4(source: Source) -> Iterator[Fields]:
    """Yield t, x, y, p of all packets of events at once."""
    try:
        import aedat
    except ImportError as error:
        raise ImportError(
            f"{source.path} is AEDAT 4, which needs one more package: pip install mottle[aedat4]"
        ) from error
    try:
        decoder = aedat.Decoder(str(source.path))
        sizes = [s for s in decoder.id_to_stream().values() if s["type"] == "events"]
        if source.sensor_size is None and sizes:
            source.sensor_size = int(sizes[0]["width"]), int(sizes[0]["height"])
        packets = [packet["events"] for packet in decoder if "events" in packet]
    except (RuntimeError, ValueError, OSError) as error:
        raise ValueError(f"{source.path} cannot be read as AEDAT 4: {error}") from error
    names = ("t", "x", "y", "on")
    found = [np.stack([e[name].astype(np.int64) for name in names]) for e in packets]
    yield tuple(np.concatenate([np.empty((4, 0), dtype=np.int64), *found], axis=1))


AEDAT4 = EventFormat(name="aedat4", read=read_aedat4, begins=(b"#!AER-DAT4",))
