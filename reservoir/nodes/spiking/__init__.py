"""Leaky integrate-and-fire neurons."""
