"""Drives in, states or features out: simulated devices, an echo state baseline, linear readouts."""

if "." not in __name__:
    raise ImportError("import mottle.reservoir instead", name=__name__)

from typing import TYPE_CHECKING

from mottle import open_lazily

if TYPE_CHECKING:
    from mottle.reservoir.connectome import Connectome, read_connectome
    from mottle.reservoir.energy import chip_ratios, energy_report, energy_summary, spike_energy
    from mottle.reservoir.forecast.forecaster import Forecaster
    from mottle.reservoir.forecast.horizon import valid_time
    from mottle.reservoir.nodes.echo_state.node import EchoStateReservoir
    from mottle.reservoir.nodes.event.node import EventMemristorReservoir
    from mottle.reservoir.nodes.measured import MeasuredReservoir
    from mottle.reservoir.nodes.memristor import MemristorReservoir
    from mottle.reservoir.nodes.no_reservoir import NoReservoir
    from mottle.reservoir.nodes.nvar.node import NVARReservoir
    from mottle.reservoir.nodes.oscillator.memory import OscillatorMemory
    from mottle.reservoir.nodes.oscillator.node import OscillatorReservoir, order_parameter
    from mottle.reservoir.nodes.outside.node import DeviceReservoir, device_node
    from mottle.reservoir.nodes.spectrum import spectral_radius
    from mottle.reservoir.nodes.spiking.node import SpikingReservoir
    from mottle.reservoir.nodes.state import ReservoirState
    from mottle.reservoir.nodes.static import StaticReservoir
    from mottle.reservoir.nodes.vo2.node import VO2Reservoir
    from mottle.reservoir.nonvolatile import Crossbar, CrossbarReadout
    from mottle.reservoir.plasticity import Consolidation, STDPLayer
    from mottle.reservoir.readout.live import LiveRun
    from mottle.reservoir.readout.online import LMSReadout, RLSReadout
    from mottle.reservoir.readout.ridge import RidgeReadout
    from mottle.reservoir.readout.sequence import SequenceReadout
    from mottle.reservoir.readout.splits import WarmSplit
    from mottle.reservoir.readout.stream import fit_stream, predict_stream

__all__ = [
    "Connectome",
    "Consolidation",
    "Crossbar",
    "CrossbarReadout",
    "DeviceReservoir",
    "EchoStateReservoir",
    "EventMemristorReservoir",
    "Forecaster",
    "LMSReadout",
    "LiveRun",
    "MeasuredReservoir",
    "MemristorReservoir",
    "NVARReservoir",
    "NoReservoir",
    "OscillatorMemory",
    "OscillatorReservoir",
    "RLSReadout",
    "ReservoirState",
    "RidgeReadout",
    "STDPLayer",
    "SequenceReadout",
    "SpikingReservoir",
    "StaticReservoir",
    "VO2Reservoir",
    "WarmSplit",
    "chip_ratios",
    "device_node",
    "energy_report",
    "energy_summary",
    "fit_stream",
    "order_parameter",
    "predict_stream",
    "read_connectome",
    "spectral_radius",
    "spike_energy",
    "valid_time",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = open_lazily(__name__)
