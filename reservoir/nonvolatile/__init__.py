"""Nonvolatile crossbars: arrays of conductances as circuits, their selectors and converters."""

from mottle.reservoir.nonvolatile.converters import ADC, DAC, lossless_bits
from mottle.reservoir.nonvolatile.crossbar import Crossbar
from mottle.reservoir.nonvolatile.schemes import sneak_conductance, write_power
from mottle.reservoir.nonvolatile.selector import SELECTORS, SinhSelector, ThresholdSelector
from mottle.reservoir.nonvolatile.sneak import largest_array, sneak_margin

__all__ = [
    "ADC",
    "DAC",
    "SELECTORS",
    "Crossbar",
    "SinhSelector",
    "ThresholdSelector",
    "largest_array",
    "lossless_bits",
    "sneak_conductance",
    "sneak_margin",
    "write_power",
]
