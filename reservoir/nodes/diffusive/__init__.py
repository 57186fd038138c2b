"""Diffusive Ag memristors, and p-bits built from them."""
