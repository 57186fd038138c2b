"""Drives in, states or features out: simulated devices, an echo state baseline, linear readouts."""

if "." not in __name__:
    raise ImportError("import mottle.reservoir instead", name=__name__)

from typing import TYPE_CHECKING

from mottle import open_lazily

if TYPE_CHECKING:
    from mottle.reservoir.base import ReservoirState
    from mottle.reservoir.echo_state import EchoStateReservoir
    from mottle.reservoir.energy import chip_ratios, energy_report, energy_summary, spike_energy
    from mottle.reservoir.event_memristor import EventMemristorReservoir
    from mottle.reservoir.live import LiveRun
    from mottle.reservoir.memristor import MemristorReservoir
    from mottle.reservoir.no_reservoir import NoReservoir
    from mottle.reservoir.nonvolatile import Crossbar, CrossbarReadout
    from mottle.reservoir.oscillator import OscillatorReservoir, order_parameter
    from mottle.reservoir.oscillator_memory import OscillatorMemory
    from mottle.reservoir.plasticity import Consolidation, STDPLayer
    from mottle.reservoir.readout import RidgeReadout
    from mottle.reservoir.spiking import SpikingReservoir
    from mottle.reservoir.stream import fit_stream, predict_stream
    from mottle.reservoir.vo2 import VO2Reservoir

__all__ = [
    "Consolidation",
    "Crossbar",
    "CrossbarReadout",
    "EchoStateReservoir",
    "EventMemristorReservoir",
    "LiveRun",
    "MemristorReservoir",
    "NoReservoir",
    "OscillatorMemory",
    "OscillatorReservoir",
    "ReservoirState",
    "RidgeReadout",
    "STDPLayer",
    "SpikingReservoir",
    "VO2Reservoir",
    "chip_ratios",
    "energy_report",
    "energy_summary",
    "fit_stream",
    "order_parameter",
    "predict_stream",
    "spike_energy",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = open_lazily(__name__)
