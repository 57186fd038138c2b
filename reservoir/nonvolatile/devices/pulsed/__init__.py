"""Memristors known by their response to identical pulses."""
