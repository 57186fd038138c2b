"""Diffusive Ag memristors, and p-bits made of them."""
