"""Threshold switches: relaxation oscillators, neuristors and their circuits."""
