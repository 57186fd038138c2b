"""Device presets by name, with units and sources, and functions that simulate a single device."""

from mottle.reservoir.catalogue import draw, get, list_devices, pulse_train, simulate
from mottle.reservoir.fitting.fitted import DeviceFit, fit
from mottle.reservoir.fitting.own import load
from mottle.reservoir.nodes.channel.device import MottChannel
from mottle.reservoir.nodes.diffusive.device import AgMemristor, FastAgMemristor
from mottle.reservoir.nodes.diffusive.pbit import PBit, calibrate_pbit, sample_pbits
from mottle.reservoir.nodes.event.device import EventMemristor
from mottle.reservoir.nodes.oscillator.device import BurstNeuron, HHNeuristor, ThresholdSwitch
from mottle.reservoir.nodes.spiking.device import LIF
from mottle.reservoir.nodes.tiox.device import TiOxMemristor
from mottle.reservoir.nodes.vo2.device import (
    VO2_NEURISTORS,
    VO2Neuristor,
    check_neuristor,
    film_resistance,
)
from mottle.reservoir.nodes.wox.device import WOX_MEMRISTORS, WOxMemristor, check_memristor
from mottle.reservoir.nonvolatile.devices.drift.device import DriftMemristor
from mottle.reservoir.nonvolatile.devices.ferroelectric.device import FerroelectricJunction
from mottle.reservoir.nonvolatile.devices.interface.device import InterfaceMemristor
from mottle.reservoir.nonvolatile.devices.memdiode.device import Memdiode
from mottle.reservoir.nonvolatile.devices.programming.device import (
    Programming,
    endurance,
    levels,
    program,
)
from mottle.reservoir.nonvolatile.devices.pulsed.device import PulseMemristor, shape_of_nonlinearity
from mottle.reservoir.nonvolatile.devices.yakopcic.device import YakopcicMemristor

list = list_devices  # public name: devices.list()

__all__ = [
    "LIF",
    "VO2_NEURISTORS",
    "WOX_MEMRISTORS",
    "AgMemristor",
    "BurstNeuron",
    "DeviceFit",
    "DriftMemristor",
    "EventMemristor",
    "FastAgMemristor",
    "FerroelectricJunction",
    "HHNeuristor",
    "InterfaceMemristor",
    "Memdiode",
    "MottChannel",
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
    "draw",
    "endurance",
    "film_resistance",
    "fit",
    "get",
    "levels",
    "list",
    "load",
    "program",
    "pulse_train",
    "sample_pbits",
    "shape_of_nonlinearity",
    "simulate",
]
