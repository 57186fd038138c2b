"""The devices: constants with units and source, one file a family, and each followed alone."""

from mottle.reservoir.devices.diffusive import AgMemristor, FastAgMemristor
from mottle.reservoir.devices.event import EventMemristor
from mottle.reservoir.devices.lif import LIF
from mottle.reservoir.devices.nonvolatile import (
    DriftMemristor,
    FerroelectricJunction,
    InterfaceMemristor,
    Memdiode,
    YakopcicMemristor,
)
from mottle.reservoir.devices.pbit import PBit, calibrate_pbit, sample_pbits
from mottle.reservoir.devices.programming import Programming, endurance, levels, program
from mottle.reservoir.devices.pulse_response import PulseMemristor, shape_of_nonlinearity
from mottle.reservoir.devices.simulate import get, list_devices, pulse_train, simulate
from mottle.reservoir.devices.threshold_switch import BurstNeuron, HHNeuristor, ThresholdSwitch
from mottle.reservoir.devices.vo2 import VO2_NEURISTORS, VO2Neuristor, check_neuristor
from mottle.reservoir.devices.wox import (
    WOX_MEMRISTORS,
    TiOxMemristor,
    WOxMemristor,
    check_memristor,
)

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
