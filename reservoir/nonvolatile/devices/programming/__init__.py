"""Devices described by published write and retention statistics."""
