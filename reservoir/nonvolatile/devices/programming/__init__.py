"""Devices known by the statistics of what was written into them."""
