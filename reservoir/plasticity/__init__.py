"""Synaptic plasticity: a layer of spiking neurons, its learning rules, and consolidation."""

from typing import TYPE_CHECKING

from mottle import open_lazily

if TYPE_CHECKING:
    from mottle.reservoir.plasticity.consolidation import Consolidation
    from mottle.reservoir.plasticity.curve import stdp_curve
    from mottle.reservoir.plasticity.rules import OverlapRule, PairRule, TripletRule
    from mottle.reservoir.plasticity.stdp_layer import STDPLayer

__all__ = [
    "Consolidation",
    "OverlapRule",
    "PairRule",
    "STDPLayer",
    "TripletRule",
    "stdp_curve",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = open_lazily(__name__)
