"""Readers: one file format each, bytes in, streams out."""

from mottle.sensors.files.events import EventFile, EventReader, read_events
from mottle.sensors.files.nmnist import read_nmnist

__all__ = ["EventFile", "EventReader", "read_events", "read_nmnist"]
