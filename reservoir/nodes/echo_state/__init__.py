"""Leaky tanh networks (echo state networks), the baseline."""
