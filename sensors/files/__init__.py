"""Readers: one file format each, bytes in, streams out."""

from mottle.sensors.files.drift import read_drift
from mottle.sensors.files.events import EventFile, EventReader, read_events
from mottle.sensors.files.idx import read_idx
from mottle.sensors.files.read import read
from mottle.sensors.files.samples import read_samples
from mottle.sensors.files.spikes import Spikes, read_spikes
from mottle.sensors.files.ts import read_ts

__all__ = [
    "EventFile", "EventReader", "Spikes",
    "read", "read_drift", "read_events", "read_idx", "read_samples", "read_spikes", "read_ts",
]  # fmt: skip
