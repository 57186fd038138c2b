"""Volatile memristors touched only by events."""
