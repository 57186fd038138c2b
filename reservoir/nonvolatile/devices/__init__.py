"""Devices that keep their state: constants with units and source, one file a family."""
