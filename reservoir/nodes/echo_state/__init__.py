"""Leaky tanh networks, the baseline."""
