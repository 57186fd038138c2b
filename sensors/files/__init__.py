"""Readers: one file format each, bytes in, streams out."""

from mottle.sensors.files.nmnist import read_nmnist

__all__ = ["read_nmnist"]
