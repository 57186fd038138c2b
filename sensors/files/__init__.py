"""Readers: one file format each, bytes in, streams out."""

from mottle.sensors.files.events import EventFile, EventReader, read_events
from mottle.sensors.files.read import read
from mottle.sensors.files.samples import read_samples

__all__ = ["EventFile", "EventReader", "read", "read_events", "read_samples"]
