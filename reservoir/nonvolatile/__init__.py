"""Weights in conductances: cells written, read and aged, and readouts that stand on them."""
