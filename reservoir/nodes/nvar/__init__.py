"""Delayed inputs and their products: the baseline without nodes."""
