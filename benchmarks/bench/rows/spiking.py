"""Networks that feed back: leaky integrate-and-fire neurons, spikes recorded, and Ag devices."""

from collections.abc import Iterator

import numpy as np
from references import bind, compile_c, peer
from scipy import sparse
from timing import Row

from mottle.reservoir import MemristorReservoir, SpikingReservoir, devices
from mottle.reservoir.family import micro_steps
from mottle.reservoir.nodes.diffusive.device import inner_step

N_STEPS, DT = 10_000, 1e-3
V_BIAS = 15e-3  # V, where rates are like those of reservoirpy's neurons
SILVER = (
    "A step of an Ag device has an exponential, three divisions and a normal number, one of a LIF "
    "neuron five multiplications; both are counted as one."
)


def rows() -> Iterator[Row]:
    """200 and 1000 neurons, and 1000 devices, a tenth of all pairs joined."""
    for n_nodes in (200, 1000):
        yield one_stream(n_nodes)
    yield silver(1000)


def lif(rpy, n_nodes):
    return rpy.nodes.LIF(n_nodes, inhibitory=0.2, lr=DT / 30e-3, input_scaling=0.5, sr=1.0,
                         rc_connectivity=0.1, input_connectivity=1.0, seed=0)  # fmt: skip


def one_stream(n_nodes: int) -> Row:
    drive = np.random.default_rng(0).uniform(-1, 1, (N_STEPS, 1))
    node = SpikingReservoir(n_nodes, dt_device=DT, v_bias=V_BIAS, observable="spikes",
                            random_state=0).fit(drive)  # fmt: skip
    runs = {"mottle": lambda: node.transform(drive)}
    spikes, told = runs["mottle"](), ""
    rates = [f"mottle {spikes.mean() / DT:.0f}"]
    if library := compile_c("spiking"):
        runs["C"] = c_run(library, node, drive)
        rates.append(f"C {runs['C']().mean() / DT:.0f}")
        told = f"{(spikes[:300] == runs['C']()[:300]).mean():.2%} of 300 steps' spikes as in C"
    if rpy := peer("reservoirpy"):
        theirs = lif(rpy, n_nodes)
        runs["reservoirpy LIF"] = lambda: theirs.run(drive)
        rates.append(f"reservoirpy {theirs.run(drive).mean() / DT:.0f}")
    note = f"{n_nodes} neurons: mean rates in Hz at 1 ms a step: {', '.join(rates)}."
    return Row(
        f"one stream of {N_STEPS:,} steps, {n_nodes} neurons, density 0.1", N_STEPS, "steps", runs,
        (15.0, ("reservoirpy LIF",)), (1.0, ("C",)), told, notes=[note],
    )  # fmt: skip


def silver(n_nodes: int) -> Row:
    """Diffusive Ag devices that hear each other's states once a millisecond."""
    node = MemristorReservoir(n_nodes, device="ag_pulse", spectral_radius=0.9, random_state=0)
    node.fit(np.zeros((2, 1)))
    n_micro = micro_steps(
        inner_step(devices.get("ag_pulse"), None), 1e-3
    )  # steps of 10 us in which the noise is constant
    drive = np.random.default_rng(0).uniform(-1, 1, (N_STEPS // n_micro, 1))
    runs = {"mottle": lambda: node.transform(drive)}
    if rpy := peer("reservoirpy"):
        theirs, fine = lif(rpy, n_nodes), drive.repeat(n_micro, axis=0)
        runs["reservoirpy LIF"] = lambda: theirs.run(fine)
    return Row(
        f"{n_nodes} diffusive Ag devices coupled every 1 ms, density 0.1, 10 us a step", N_STEPS,
        "steps", runs, (15.0, ("reservoirpy LIF",)), notes=[SILVER],
    )  # fmt: skip


def c_run(library, node, drive):
    neurons = node._neurons()
    w = sparse.csc_array(node.weights_)
    w.sort_indices()
    return bind(
        library.spiking, len(drive), node.n_nodes, w.indptr.astype(np.int32),
        w.indices.astype(np.int32), w.data, node.input_weights_.toarray()[:, 0].copy(), drive,
        float(neurons.v_gain), float(neurons.v_bias), float(neurons.keep[0]),
        float(neurons.push[0]), neurons.keep_s, float(neurons.threshold[0]), neurons.v_reset,
        neurons.n_wait, shape=(len(drive), node.n_nodes),
    )  # fmt: skip
