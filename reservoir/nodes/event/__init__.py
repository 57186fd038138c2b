"""Volatile memristors that are updated only at events."""
