"""Networks of leaky integrate-and-fire neurons: SI units, input already checked.

tau dv/dt = gain u + s - v and tau_s ds/dt = -s, solved exactly for a step with u held; a neuron at
its threshold at the end of a step fires, is reset and refractory; s of its targets jumps by its
weights.

Neurons are stored in blocks of LANES (see ``compiled/blocks.py``), passed as one array: a view per
block and step takes longer than its neurons. Spikes are delivered one by one, in the order of their
neurons.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.blocks import LANES, make_blocks
from mottle.reservoir.compiled.closed import close
from mottle.reservoir.compiled.functions import INNER, VECTOR, flush, widen
from mottle.reservoir.compiled.noise import join, normal
from mottle.reservoir.compiled.vectors import SLICE, gather_sums

OBSERVABLES = ("spikes", "voltage", "rate")
N_STATE = 4  # voltage, synaptic voltage, steps to wait, spike rate

V, S, WAIT, RATE = range(0, N_STATE * LANES, LANES)  # fields of a block
KEEP, PUSH, THRESHOLD = range(0, 3 * LANES, LANES)  # fields of a block of constants


class Neurons(NamedTuple):
    """Weights of the inputs (``sparse.Slices``) and of each source's targets, and constants."""

    in_begin: np.ndarray
    in_columns: np.ndarray
    in_weights: np.ndarray
    begin: np.ndarray  # (source + 1,)
    targets: np.ndarray
    weights: np.ndarray  # V
    keep: np.ndarray  # (node,), fraction of v left after a step
    push: np.ndarray  # (node,), part of s added to v in a step
    threshold: np.ndarray  # (node,), V
    v_gain: float  # V
    v_bias: float  # V
    v_reset: float  # V
    keep_s: float  # fraction of s left after a step
    keep_rate: float
    per_spike: float  # Hz, added to the rate by a spike
    n_wait: float  # steps


@njit(**VECTOR, **INNER)
def integrate(blocks, own, sums, x, fired, v_gain, v_bias, v_reset, keep_s, n_wait):
    """Advance all blocks by one step; ``fired`` is 1 for neurons that fired, else 0.

    ``own`` holds the constants; the inputs of the neurons are ``sums`` times ``x``.
    """
    widen()
    for b in range(blocks.shape[0]):
        c = b if own.shape[0] > 1 else 0
        for i in range(LANES):
            u = v_bias + v_gain * (sums[b, i] * x)
            v = u + (blocks[b, V + i] - u) * own[c, KEEP + i] + blocks[b, S + i] * own[c, PUSH + i]
            waits = blocks[b, WAIT + i] > 0.0
            v = v_reset if waits else v
            fires = v >= own[c, THRESHOLD + i]
            blocks[b, V + i] = v_reset if fires else flush(v)
            blocks[b, S + i] = flush(blocks[b, S + i] * keep_s)
            waited = blocks[b, WAIT + i] - 1.0 if waits else 0.0
            blocks[b, WAIT + i] = n_wait if fires else waited
            fired[b, i] = 1 if fires else 0


@njit(**VECTOR, **INNER)
def fade_rates(blocks, fired, keep_rate, per_spike):
    """Let the rates decay, and raise those of neurons that fired."""
    widen()
    for b in range(blocks.shape[0]):
        for i in range(LANES):
            rate = blocks[b, RATE + i] * keep_rate + fired[b, i] * per_spike
            blocks[b, RATE + i] = flush(rate)


@njit(**VECTOR, **INNER)
def count(counts, fired, carry):
    """Add the spikes of a step to ``carry`` times the counts."""
    widen()
    for b in range(counts.shape[0]):
        for i in range(LANES):
            counts[b, i] = counts[b, i] * carry + fired[b, i]


@njit(cache=True, **INNER)
def add_noise(blocks, own, n_nodes, key, step, noise):
    """Add a step's noise of an Ornstein-Uhlenbeck process, scaled for the decay that follows."""
    for node in range(n_nodes):
        b, i = node // LANES, node % LANES
        keep = own[b if own.shape[0] > 1 else 0, KEEP + i]
        gain = np.sqrt(1.0 - keep * keep) / keep
        if blocks[b, WAIT + i] == 0.0:
            blocks[b, V + i] += noise * gain * normal(join(join(key, node), step))


@njit(cache=True, **INNER)
def deliver(flat, fired, eights, begin, targets, weights):
    """Deliver spikes to the targets; ``eights`` views eight flags of ``fired`` as one integer."""
    for eight in range(eights.size):
        if eights[eight] == 0:
            continue
        for node in range(8 * eight, 8 * eight + 8):
            if fired[node]:
                for k in range(np.uint64(begin[node]), np.uint64(begin[node + 1])):
                    flat[np.uint64(targets[k])] += weights[k]


def place_of(node):
    """Return the index of neurons' synaptic voltage in the flattened blocks; not compiled."""
    return node // LANES * (N_STATE * LANES) + S + node % LANES


@njit(cache=True, **INNER)
def load(state, neurons):
    """Copy state and constants to blocks, equal constants to one; unused lanes never fire."""
    n_nodes = state.shape[1]
    blocks, same = make_blocks(n_nodes, N_STATE), True
    for node in range(1, n_nodes):
        same &= neurons.keep[node] == neurons.keep[0] and neurons.push[node] == neurons.push[0]
        same &= neurons.threshold[node] == neurons.threshold[0]
    own = make_blocks(1 if same else n_nodes, 3)
    for lane in range(blocks.shape[0] * LANES):
        b, i, node = lane // LANES, lane % LANES, min(lane, n_nodes - 1)
        if lane < n_nodes:
            for field in range(N_STATE):
                blocks[b, field * LANES + i] = state[field, lane]
        else:
            blocks[b, WAIT + i] = np.inf
        if b < own.shape[0]:
            own[b, KEEP + i], own[b, PUSH + i] = neurons.keep[node], neurons.push[node]
            own[b, THRESHOLD + i] = neurons.threshold[node]
    return blocks, own


@njit(cache=True, **INNER)
def sum_inputs(sums, neurons, x):
    """Write the weighted sums of the inputs ``x`` of a step to ``sums`` (neuron,)."""
    for s in range(neurons.in_begin.size - 1):
        for i in range(s * SLICE, s * SLICE + SLICE):
            sums[i] = 0.0
        gather_sums(
            sums, s * SLICE, neurons.in_weights, neurons.in_columns, neurons.in_begin[s],
            neurons.in_begin[s + 1], x,
        )  # fmt: skip


@njit(**VECTOR, **INNER)
def write_field(blocks, field, out, row):
    """Write a field of all blocks to row ``row`` of ``out`` (row, node)."""
    widen()
    n_nodes = out.shape[1]
    for b in range(n_nodes // LANES):
        for i in range(LANES):
            out[row, b * LANES + i] = blocks[b, field + i]
    b = n_nodes // LANES
    for i in range(n_nodes - b * LANES):
        out[row, b * LANES + i] = blocks[b, field + i]


@njit(cache=True, error_model="numpy", nogil=True)
def run_one(
    drive, n_steps, state, key, first_step, neurons, noise, n_inner, observable, loop, out
):  # fmt: skip
    """Run one recording: drive (step, input), state (field, node) in and out, out (step, node).

    In a closed ``loop`` the readout's outputs become the drive of the next step, and out holds the
    last states only. ``noise`` is the standard deviation of the voltage without input in V. Where
    one of both is None, its branch is not compiled.
    """
    n_nodes, only = state.shape[1], drive.shape[1] == 1
    blocks, own = load(state, neurons)
    fired, counts = np.zeros((blocks.shape[0], LANES), np.int8), make_blocks(n_nodes, 1)
    each, eights = fired.reshape(-1), fired.reshape(-1).view(np.int64)
    sums, flat = make_blocks(n_nodes, 1), blocks.reshape(-1)
    if only:
        sum_inputs(sums.reshape(-1), neurons, np.ones(1))
    for step in range(n_steps):
        row = min(step, out.shape[0] - 1)
        if not only:
            sum_inputs(sums.reshape(-1), neurons, drive[step])
        for inner in range(n_inner):
            if noise is not None:
                moment = (first_step + step) * n_inner + inner
                add_noise(blocks, own, n_nodes, key, moment, noise)
            integrate(
                blocks, own, sums, drive[step, 0] if only else 1.0, fired, neurons.v_gain,
                neurons.v_bias, neurons.v_reset, neurons.keep_s, neurons.n_wait,
            )  # fmt: skip
            if observable == 0 and n_inner > 1:
                count(counts, fired, 0.0 if inner == 0 else 1.0)
            elif observable == 2:
                fade_rates(blocks, fired, neurons.keep_rate, neurons.per_spike)
            deliver(flat, each, eights, neurons.begin, neurons.targets, neurons.weights)
        if observable == 0 and n_inner == 1:
            write_field(fired, 0, out, row)
        elif observable == 0:
            write_field(counts, 0, out, row)
        else:
            write_field(blocks, V if observable == 1 else RATE, out, row)
        if loop is not None:
            close(loop, out[row], drive, step)
    for field in range(N_STATE):
        write_field(blocks, field * LANES, state, field)


@njit(cache=True, nogil=True)
def run(
    first, last, drive, lengths, state, keys, first_step, neurons, noise, n_inner, observable, out
):  # fmt: skip
    """Run recordings ``first`` to ``last``; drive (recording, step, input), state and out alike."""
    for r in range(first, last):
        run_one(
            drive[r], lengths[r], state[r], keys[r], first_step, neurons, noise, n_inner,
            observable, None, out[r],
        )  # fmt: skip
