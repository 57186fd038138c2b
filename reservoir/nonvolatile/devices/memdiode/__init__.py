"""The dynamic memdiode."""
