"""Run reservoirs in another process and print digests of their states, or store the states.

Called as ``python same_bytes.py [lanes] [file]``: with another number of nodes in a block than the
kernels are written for, or with the states of small reservoirs stored in a file.
"""

import sys
import warnings
from hashlib import blake2b
from importlib import reload

import numpy as np


def reservoirs(n_nodes=150):
    from mottle.reservoir import MemristorReservoir, OscillatorReservoir, VO2Reservoir

    vo2 = {"dt_device": 2e-7, "spread": 0.05, "temperature_noise": 100.0, "random_state": 0}
    pwl = {"spread": 0.03, "threshold_noise": 0.02, "random_state": 0}
    return {
        "vo2": VO2Reservoir(n_nodes, regime=None, **vo2),
        "vo2_spikes": VO2Reservoir(n_nodes, regime=None, observable="spikes", **vo2),
        "vo2_coupled": VO2Reservoir(n_nodes, regime=None, thermal_coupling=0.02, **vo2),
        "vo2_single": VO2Reservoir(
            n_nodes, regime=None, thermal_coupling=0.02, dtype="float32", **vo2
        ),
        "oscillator": OscillatorReservoir(n_nodes, regime="oscillating", observable="phase", **pwl),
        "oscillator_quiet": OscillatorReservoir(
            n_nodes, regime="oscillating", observable="voltage", random_state=0
        ),
        "oscillator_coupled": OscillatorReservoir(6, regime="oscillating", r_coupling=1e5, **pwl),
        "wox": MemristorReservoir(n_nodes, read_noise=0.01, observable="current", random_state=0),
        "wox_dense": MemristorReservoir(n_nodes, fan_in=None, n_taps=3, random_state=0),
        "tiox": MemristorReservoir(
            n_nodes, device="tiox_zhong2021", n_masks=2, read_noise=0.01, random_state=0
        ),
        "ag_pulse": MemristorReservoir(n_nodes, device="ag_pulse", v_bias=1.0, random_state=0),
        "tiox_fed_back": MemristorReservoir(
            n_nodes,
            device="tiox_zhong2021",
            n_masks=2,
            spectral_radius=0.9,
            read_noise=0.01,
            random_state=0,
        ),
        "ag_fed_back": MemristorReservoir(
            n_nodes, device="ag_pulse", v_bias=1.0, spectral_radius=0.9, random_state=0
        ),
        "ag_fast": MemristorReservoir(n_nodes, device="ag_fast", v_bias=1.5, random_state=0),
    }


def drive(n_recordings=3, n_steps=40):
    return np.random.default_rng(0).uniform(-1, 1, (n_recordings, n_steps, 3))


def run(reservoir, X):
    return reservoir.fit(X).states(X, keys=range(len(X)))["states"].to_numpy()


def digest(name):
    """Return the digest that a worker of a pool computes."""
    return blake2b(run(reservoirs()[name], drive()).tobytes()).hexdigest()


def main(lanes=None, kept=None):
    warnings.simplefilter("ignore")  # 64-bit keys wrap round in plain Python
    if lanes:
        from mottle.reservoir.compiled import blocks, threads
        from mottle.reservoir.nodes.diffusive import kernel as diffusive
        from mottle.reservoir.nodes.oscillator import kernel as oscillator
        from mottle.reservoir.nodes.tiox import kernel as tiox
        from mottle.reservoir.nodes.vo2 import kernel as vo2
        from mottle.reservoir.nodes.wox import kernel as wox

        blocks.LANES = threads.GROUP = int(lanes)
        for kernel in (vo2, oscillator, wox, tiox, diffusive):
            reload(kernel)
    if kept:
        X = drive(2, 4)
        np.savez(kept, **{name: run(node, X) for name, node in reservoirs(6).items()})
    else:
        for name in reservoirs():
            print(name, digest(name))


if __name__ == "__main__":
    main(*sys.argv[1:])
