"""The devices: constants with units and source, one file a family, and each followed alone."""

from mottle.reservoir.catalogue import get, list_devices, pulse_train, simulate
from mottle.reservoir.nodes.diffusive.device import AgMemristor, FastAgMemristor
from mottle.reservoir.nodes.diffusive.pbit import PBit, calibrate_pbit, sample_pbits
from mottle.reservoir.nodes.event.device import EventMemristor
from mottle.reservoir.nodes.memristor.device import (
    WOX_MEMRISTORS,
    TiOxMemristor,
    WOxMemristor,
    check_memristor,
)
from mottle.reservoir.nodes.oscillator.device import BurstNeuron, HHNeuristor, ThresholdSwitch
from mottle.reservoir.nodes.spiking.device import LIF
from mottle.reservoir.nodes.vo2.device import VO2_NEURISTORS, VO2Neuristor, check_neuristor
from mottle.reservoir.nonvolatile.devices.filament import (
    DriftMemristor,
    FerroelectricJunction,
    InterfaceMemristor,
    Memdiode,
    YakopcicMemristor,
)
from mottle.reservoir.nonvolatile.devices.programming import Programming, endurance, levels, program
from mottle.reservoir.nonvolatile.devices.pulsed import PulseMemristor, shape_of_nonlinearity

list = list_devices  # devices.list(), as one says it

__all__ = [
    "LIF",
    "VO2_NEURISTORS",
    "WOX_MEMRISTORS",
    "AgMemristor",
    "BurstNeuron",
    "DriftMemristor",
    "EventMemristor",
    "FastAgMemristor",
    "FerroelectricJunction",
    "HHNeuristor",
    "InterfaceMemristor",
    "Memdiode",
    "PBit",
    "Programming",
    "PulseMemristor",
    "ThresholdSwitch",
    "TiOxMemristor",
    "VO2Neuristor",
    "WOxMemristor",
    "YakopcicMemristor",
    "calibrate_pbit",
    "check_memristor",
    "check_neuristor",
    "endurance",
    "get",
    "levels",
    "list",
    "program",
    "pulse_train",
    "sample_pbits",
    "shape_of_nonlinearity",
    "simulate",
]
