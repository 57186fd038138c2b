"""Memristors described by their response to identical pulses."""
