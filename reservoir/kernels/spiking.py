"""Networks of leaky integrate-and-fire neurons: SI units, input already checked.

tau dv/dt = gain u + s - v and tau_s ds/dt = -s, solved exactly for a step with u held; a neuron at
its threshold at the end of a step fires, is reset and waits; its targets' s jump by its weights.

Neurons live in blocks of LANES, each one flat array, field after field (see ``kernels/vo2.py``);
spikes are carried on one by one, in the order of their neurons.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.kernels.functions import flush
from mottle.reservoir.kernels.noise import join, normal
from mottle.reservoir.kernels.vectors import SLICE, gather_sums

LANES = 64
OBSERVABLES = ("spikes", "voltage", "rate")
N_STATE = 4  # voltage, synaptic voltage, steps to wait, spike rate

# fields of a block, in units of LANES
V, S, WAIT, RATE = 0, 64, 128, 192
SUM, COUNT, KEEP, PUSH, THRESHOLD = 256, 320, 384, 448, 512
BLOCK = 576


class Neurons(NamedTuple):
    """Weights of the inputs (``sparse.Slices``) and of each source's targets, and constants."""

    in_begin: np.ndarray
    in_columns: np.ndarray
    in_weights: np.ndarray
    begin: np.ndarray  # (source + 1,)
    targets: np.ndarray
    weights: np.ndarray  # V
    keep: np.ndarray  # (node,), share of v left after a step
    push: np.ndarray  # (node,), what s adds to v in a step
    threshold: np.ndarray  # (node,), V
    v_gain: float  # V
    v_bias: float  # V
    v_reset: float  # V
    keep_s: float  # share of s left after a step
    keep_rate: float
    per_spike: float  # Hz, what a spike adds to the rate
    n_wait: float  # steps
    noise: float  # V, spread of a voltage that is left alone


@njit(cache=True, error_model="numpy", nogil=True)
def integrate(w, fired, v_gain, v_bias, v_reset, keep_s, keep_rate, per_spike, n_wait):
    """Advance a block by one step, and say who fired: 1 or 0 in ``fired`` (LANES,)."""
    for i in range(LANES):
        u = v_bias + v_gain * w[SUM + i]
        v = u + (w[V + i] - u) * w[KEEP + i] + w[S + i] * w[PUSH + i]
        waits = w[WAIT + i] > 0.0
        v = v_reset if waits else v
        fires = v >= w[THRESHOLD + i]
        spike = 1.0 if fires else 0.0
        w[V + i] = v_reset if fires else flush(v)
        w[S + i] = flush(w[S + i] * keep_s)
        w[WAIT + i] = n_wait if fires else (w[WAIT + i] - 1.0 if waits else 0.0)
        w[RATE + i] = flush(w[RATE + i] * keep_rate + spike * per_spike)
        w[COUNT + i] += spike
        fired[i] = 1 if fires else 0


@njit(cache=True, nogil=True)
def shake(w, first, n_nodes, key, step, noise):
    """Add to the voltages what, faded, is the gain of an Ornstein-Uhlenbeck process in a step."""
    for i in range(min(LANES, n_nodes - first)):
        gain = np.sqrt(1.0 - w[KEEP + i] * w[KEEP + i]) / w[KEEP + i]
        if w[WAIT + i] == 0.0:
            w[V + i] += noise * gain * normal(join(join(key, first + i), step))


@njit(cache=True, nogil=True)
def deliver(flat, fired, begin, targets, weights):
    """Let every neuron that fired push its targets among all blocks; fired (node,)."""
    eights = fired.view(np.int64)  # eight neurons at a glance
    for eight in range(eights.size):
        if eights[eight] == 0:
            continue
        for node in range(8 * eight, 8 * eight + 8):
            if fired[node]:
                for k in range(np.uint64(begin[node]), np.uint64(begin[node + 1])):
                    flat[np.uint64(targets[k])] += weights[k]


@njit(cache=True, nogil=True)
def place_of(node):
    """Where the synaptic voltage of a neuron lies among all blocks."""
    return node // LANES * BLOCK + S + node % LANES


@njit(cache=True, nogil=True)
def load(blocks, state, neurons):
    """Lay state and constants out in blocks; spare lanes never fire."""
    blocks[:] = 0.0
    n_nodes = state.shape[1]
    for lane in range(blocks.shape[0] * LANES):
        w, i = blocks[lane // LANES], lane % LANES
        w[THRESHOLD + i] = np.inf
        if lane < n_nodes:
            for field in range(N_STATE):
                w[field * LANES + i] = state[field, lane]
            w[KEEP + i], w[PUSH + i] = neurons.keep[lane], neurons.push[lane]
            w[THRESHOLD + i] = neurons.threshold[lane]


@njit(cache=True, nogil=True)
def take(w, first, observable, out):
    """Write what the neurons of a block show, and clear their counts."""
    n = min(LANES, out.size - first)
    field = COUNT if observable == 0 else (V if observable == 1 else RATE)
    for i in range(n):
        out[first + i] = w[field + i]
    for i in range(LANES):
        w[COUNT + i] = 0.0


@njit(cache=True, error_model="numpy", nogil=True)
def run_one(drive, state, key, first_step, neurons, n_inner, observable, out):
    """Run one recording: drive (step, input), state (field, node) in and out, out (step, node)."""
    n_nodes, n_blocks = state.shape[1], (state.shape[1] + LANES - 1) // LANES
    blocks, fired = np.empty((n_blocks, BLOCK)), np.zeros(n_blocks * LANES, np.int8)
    flat = blocks.reshape(-1)
    load(blocks, state, neurons)
    for step in range(drive.shape[0]):
        for s in range(neurons.in_begin.size - 1):
            place = s * SLICE // LANES * BLOCK + SUM + s * SLICE % LANES
            for i in range(place, place + SLICE):
                flat[i] = 0.0
            gather_sums(
                flat, place, neurons.in_weights, neurons.in_columns, neurons.in_begin[s],
                neurons.in_begin[s + 1], drive[step],
            )  # fmt: skip
        for inner in range(n_inner):
            for b in range(n_blocks):
                if neurons.noise > 0.0:
                    moment = (first_step + step) * n_inner + inner
                    shake(blocks[b], b * LANES, n_nodes, key, moment, neurons.noise)
                integrate(
                    blocks[b], fired[b * LANES : (b + 1) * LANES], neurons.v_gain, neurons.v_bias,
                    neurons.v_reset, neurons.keep_s, neurons.keep_rate, neurons.per_spike,
                    neurons.n_wait,
                )  # fmt: skip
            deliver(flat, fired, neurons.begin, neurons.targets, neurons.weights)
        for b in range(n_blocks):
            take(blocks[b], b * LANES, observable, out[step])
    for node in range(n_nodes):
        for field in range(N_STATE):
            state[field, node] = blocks[node // LANES, field * LANES + node % LANES]


@njit(cache=True, nogil=True)
def run(first, last, drive, lengths, state, keys, first_step, neurons, n_inner, observable, out):
    """Run recordings ``first`` to ``last``; drive (recording, step, input), state and out alike."""
    for r in range(first, last):
        n = lengths[r]
        run_one(
            drive[r, :n], state[r], keys[r], first_step, neurons, n_inner, observable, out[r, :n]
        )
