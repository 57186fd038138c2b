"""Device constants with units and source, one file a family."""

from mottle.reservoir.devices.vo2 import VO2_NEURISTORS, VO2Neuristor, check_neuristor
from mottle.reservoir.devices.wox import WOX_MEMRISTORS, WOxMemristor, check_memristor

__all__ = [
    "VO2_NEURISTORS",
    "WOX_MEMRISTORS",
    "VO2Neuristor",
    "WOxMemristor",
    "check_memristor",
    "check_neuristor",
]
