"""Recurrent networks: leaky integrate-and-fire neurons (spikes recorded) and Ag devices."""

from collections.abc import Iterator

import numpy as np
from references import bind, compile_c, peer
from scipy import sparse
from timing import Row

from mottle.reservoir import MemristorReservoir, SpikingReservoir, devices
from mottle.reservoir.family import micro_steps
from mottle.reservoir.nodes.diffusive.device import inner_step
from mottle.reservoir.nodes.spiking.node import neurons

N_STEPS, DT = 10_000, 1e-3
V_BIAS = 15e-3  # V, at which rates are similar to those of reservoirpy's neurons
SILVER = (
    "A step of an Ag device takes an exponential, three divisions and a normal random number, a "
    "step of a LIF neuron five multiplications; both count as one step."
)


def rows() -> Iterator[Row]:
    """Yield rows of 200 and 1000 neurons and of 1000 devices, a tenth of all pairs connected."""
    for n_nodes in (200, 1000):
        yield one_stream(n_nodes)
    yield silver(1000)


def lif(rpy, n_nodes):
    """Return a LIF network of reservoirpy."""
    return rpy.nodes.LIF(n_nodes, inhibitory=0.2, lr=DT / 30e-3, input_scaling=0.5, sr=1.0,
                         rc_connectivity=0.1, input_connectivity=1.0, seed=0)  # fmt: skip


def one_stream(n_nodes: int) -> Row:
    """Return the row of one network of neurons."""
    drive = np.random.default_rng(0).uniform(-1, 1, (N_STEPS, 1))
    node = SpikingReservoir(n_nodes, regime="firing", dt_device=DT, v_bias=V_BIAS, observable="spikes",
                            random_state=0).fit(drive)  # fmt: skip
    runs = {"mottle": lambda: node.transform(drive)}
    spikes, equal = runs["mottle"](), ""
    rates = [f"mottle {spikes.mean() / DT:.0f}"]
    if library := compile_c("spiking"):
        runs["C"] = c_run(library, node, drive)
        rates.append(f"C {runs['C']().mean() / DT:.0f}")
        equal = f"{(spikes[:300] == runs['C']()[:300]).mean():.2%} of 300 steps' spikes as in C"
    if rpy := peer("reservoirpy"):
        network = lif(rpy, n_nodes)
        runs["reservoirpy LIF"] = lambda: network.run(drive)
        rates.append(f"reservoirpy {network.run(drive).mean() / DT:.0f}")
    note = f"{n_nodes} neurons: mean rates in Hz at 1 ms per step: {', '.join(rates)}."
    return Row(
        f"one stream of {N_STEPS:,} steps, {n_nodes} neurons, density 0.1", N_STEPS, "steps", runs,
        (15.0, ("reservoirpy LIF",)), (1.0, ("C",)), equal, notes=[note],
    )  # fmt: skip


def silver(n_nodes: int) -> Row:
    """Return the row of diffusive Ag devices coupled by their states once per millisecond."""
    node = MemristorReservoir(n_nodes, device="ag_pulse", spectral_radius=0.9, random_state=0)
    node.fit(np.zeros((2, 1)))
    n_micro = micro_steps(
        inner_step(devices.get("ag_pulse"), None), 1e-3
    )  # steps of 10 us in which the noise is constant
    drive = np.random.default_rng(0).uniform(-1, 1, (N_STEPS // n_micro, 1))
    runs = {"mottle": lambda: node.transform(drive)}
    if rpy := peer("reservoirpy"):
        network, fine = lif(rpy, n_nodes), drive.repeat(n_micro, axis=0)
        runs["reservoirpy LIF"] = lambda: network.run(fine)
    return Row(
        f"{n_nodes} diffusive Ag devices coupled every 1 ms, density 0.1, 10 us per step", N_STEPS,
        "steps", runs, (15.0, ("reservoirpy LIF",)), notes=[SILVER],
    )  # fmt: skip


def c_run(library, node, drive):
    """Return a run in C with the constants and weights of ``node``."""
    constants = neurons(node)
    w = sparse.csc_array(node.weights_)
    w.sort_indices()
    return bind(
        library.spiking, len(drive), node.n_nodes, w.indptr.astype(np.int32),
        w.indices.astype(np.int32), w.data, node.input_weights_.toarray()[:, 0].copy(), drive,
        float(constants.v_gain), float(constants.v_bias), float(constants.keep[0]),
        float(constants.push[0]), constants.keep_s, float(constants.threshold[0]),
        constants.v_reset, constants.n_wait, shape=(len(drive), node.n_nodes),
    )  # fmt: skip
