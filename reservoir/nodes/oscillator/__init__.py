"""Threshold switches: relaxation oscillators, neuristors, circuits of them."""
