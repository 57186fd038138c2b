"""Compiled loops over nonvolatile devices, cells and arrays."""
