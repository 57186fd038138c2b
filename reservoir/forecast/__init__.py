"""Forecasts: a signal run on by a reservoir that takes its own predictions as the next input."""
