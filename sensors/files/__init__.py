"""Readers: bytes in, streams out; formats of events have a folder of their own."""

from mottle.sensors.files.drift import read_drift
from mottle.sensors.files.events import EventFile, EventReader, read_events
from mottle.sensors.files.formats.record import EventFormat, Source
from mottle.sensors.files.idx import read_idx
from mottle.sensors.files.read import read
from mottle.sensors.files.samples import read_samples
from mottle.sensors.files.spikes import Spikes, read_spikes
from mottle.sensors.files.ts import read_ts

__all__ = [
    "EventFile", "EventFormat", "EventReader", "Source", "Spikes",
    "read", "read_drift", "read_events", "read_idx", "read_samples", "read_spikes", "read_ts",
]  # fmt: skip
