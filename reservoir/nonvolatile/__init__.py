"""Nonvolatile crossbars: arrays of conductances as circuits, their selectors and converters."""

from mottle.reservoir.nonvolatile.crossbar import Crossbar
from mottle.reservoir.nonvolatile.selector import SELECTORS, SinhSelector, ThresholdSelector

__all__ = ["SELECTORS", "Crossbar", "SinhSelector", "ThresholdSelector"]
