"""Nonvolatile crossbars: writing and ageing of cells, circuits of arrays, crossbar readouts."""

from typing import TYPE_CHECKING

from mottle import open_lazily

if TYPE_CHECKING:
    from mottle.reservoir.nonvolatile.ageing import age
    from mottle.reservoir.nonvolatile.aware import fit_aware
    from mottle.reservoir.nonvolatile.converters import ADC, DAC, lossless_bits
    from mottle.reservoir.nonvolatile.crossbar import Crossbar
    from mottle.reservoir.nonvolatile.levels import measure_levels
    from mottle.reservoir.nonvolatile.mapping import Mapped, map_weights, unmap
    from mottle.reservoir.nonvolatile.perturbations import draw_robustness, robustness
    from mottle.reservoir.nonvolatile.readout import CrossbarReadout
    from mottle.reservoir.nonvolatile.schemes import sneak_conductance, write_power
    from mottle.reservoir.nonvolatile.selector import SELECTORS, SinhSelector, ThresholdSelector
    from mottle.reservoir.nonvolatile.sneak import largest_array, sneak_margin
    from mottle.reservoir.nonvolatile.writing import WriteCircuit, write

__all__ = [
    "ADC",
    "DAC",
    "SELECTORS",
    "Crossbar",
    "CrossbarReadout",
    "Mapped",
    "SinhSelector",
    "ThresholdSelector",
    "WriteCircuit",
    "age",
    "draw_robustness",
    "fit_aware",
    "largest_array",
    "lossless_bits",
    "map_weights",
    "measure_levels",
    "robustness",
    "sneak_conductance",
    "sneak_margin",
    "unmap",
    "write",
    "write_power",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = open_lazily(__name__)
