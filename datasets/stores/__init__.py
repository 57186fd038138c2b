"""Stores on disk: prepared recordings, and the states of reservoirs."""
