"""Drives in, states or features out: simulated devices, an echo state baseline, linear readouts."""

if "." not in __name__:
    raise ImportError("import mottle.reservoir instead", name=__name__)

from mottle.reservoir.base import ReservoirState
from mottle.reservoir.echo_state import EchoStateReservoir
from mottle.reservoir.event_memristor import EventMemristorReservoir
from mottle.reservoir.memristor import MemristorReservoir
from mottle.reservoir.no_reservoir import NoReservoir
from mottle.reservoir.oscillator import OscillatorReservoir, order_parameter
from mottle.reservoir.oscillator_memory import OscillatorMemory
from mottle.reservoir.readout import RidgeReadout
from mottle.reservoir.spiking import SpikingReservoir
from mottle.reservoir.vo2 import VO2Reservoir

__all__ = [
    "EchoStateReservoir",
    "EventMemristorReservoir",
    "MemristorReservoir",
    "NoReservoir",
    "OscillatorMemory",
    "OscillatorReservoir",
    "ReservoirState",
    "RidgeReadout",
    "SpikingReservoir",
    "VO2Reservoir",
    "order_parameter",
]
