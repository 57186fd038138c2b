"""Nonvolatile crossbars: cells written and aged, arrays as circuits, readouts on them."""

from mottle.reservoir.nonvolatile.ageing import age
from mottle.reservoir.nonvolatile.crossbar import Crossbar
from mottle.reservoir.nonvolatile.levels import measure_levels
from mottle.reservoir.nonvolatile.mapping import Mapped, map_weights, unmap
from mottle.reservoir.nonvolatile.readout import CrossbarReadout
from mottle.reservoir.nonvolatile.selector import SELECTORS, SinhSelector, ThresholdSelector
from mottle.reservoir.nonvolatile.writing import WriteCircuit, write

__all__ = [
    "SELECTORS",
    "Crossbar",
    "CrossbarReadout",
    "Mapped",
    "SinhSelector",
    "ThresholdSelector",
    "WriteCircuit",
    "age",
    "map_weights",
    "measure_levels",
    "unmap",
    "write",
]
