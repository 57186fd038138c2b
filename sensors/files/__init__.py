"""Readers: one file format each, bytes in, streams out."""

from mottle.sensors.files.drift import DriftFile, read_drift
from mottle.sensors.files.events import EventFile, EventReader, read_events
from mottle.sensors.files.read import read
from mottle.sensors.files.samples import read_samples
from mottle.sensors.files.spikes import SpikeFile, read_spikes
from mottle.sensors.files.ts import TsFile, read_ts

__all__ = [
    "DriftFile", "EventFile", "EventReader", "SpikeFile", "TsFile",
    "read", "read_drift", "read_events", "read_samples", "read_spikes", "read_ts",
]  # fmt: skip
