"""Nonvolatile devices: constants with units and source, one folder per family."""
