"""Spiking neurons with plastic synapses (STDP): pure functions over arrays, checked input.

Inputs that spike at the same time form a volley. A volley first changes the synapses of neurons
that fired before it (post before pre, depression), then drives the neurons. The neuron farthest
above its threshold fires, changes its synapses (pre before post, potentiation) and inhibits the
neurons with the same receptive field. Weights are fractions of a device's range, in [0, 1]; times
in s.
"""

from math import ceil, exp, sqrt
from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.noise import join, normal
from mottle.reservoir.nonvolatile.devices.pulsed.kernel import Rule as PulseRule
from mottle.reservoir.nonvolatile.devices.pulsed.kernel import mean_step

RULES = ("overlap", "pair", "triplet")
BOUNDS = ("hard", "soft", "pulses", "none")
LONGEST_STROKE = 0.05  # of the range: pulses are divided into strokes no longer than this
NEVER = -1e18  # s


class Fields(NamedTuple):
    """Receptive fields: neurons are in groups, each with one field."""

    first: np.ndarray  # (group + 1,) first neuron of each group
    inputs: np.ndarray  # inputs of the fields, one after another
    ends: np.ndarray  # (group + 1,) index of each field's first input in ``inputs``
    groups: np.ndarray  # groups that receive an input, one input after another
    starts: np.ndarray  # (input + 1,) index of each input's first group in ``groups``


class Spikes(NamedTuple):
    """Spikes of recordings one after another, in the order of time within each."""

    t: np.ndarray  # (spike,) s
    place: np.ndarray  # (spike,) input
    amount: np.ndarray  # (spike,) number of spikes at once
    segment: np.ndarray  # (spike,) segment of the recording
    ends: np.ndarray  # (recording + 1,) index of each recording's first spike
    lengths: np.ndarray  # (recording,) s
    delay: float  # s from a volley to the output spike


class Rule(NamedTuple):
    """Constants of a learning rule; ``a`` and ``tau`` in the symbols of the triplet rule."""

    kind: int  # index of RULES
    window: float  # s beyond which there is no change
    up: np.ndarray  # (time, weight) change by pre before post, times 0 to ``window``; overlap only
    down: np.ndarray  # the same for post before pre
    tau: np.ndarray  # (4,) s: +, -, x, y
    a: np.ndarray  # (4,): A2+, A2-, A3+, A3-
    rate: float  # factor on every change
    forget: float  # depression of every synapse of a neuron that fires


class Synapse(NamedTuple):
    """Constants of a device as a synapse; those from ``pulse`` on are for pulsed devices."""

    bounds: int  # index of BOUNDS
    tau: float  # s: decay of a volatile weight to ``rest``; inf if nonvolatile
    rest: float
    pulse: PulseRule
    noise: float  # of a pulse, relative to it
    write_noise: float  # of the weight as read, in pulses
    key: np.uint64


class Weights(NamedTuple):
    """Arrays (input, neuron); 0 outside the receptive fields."""

    real: np.ndarray
    read: np.ndarray  # weights as read; the same array without write noise
    gain: np.ndarray  # factor on the step of a pulse, 0 where a device is stuck


class Layer(NamedTuple):
    """Constants of the neurons."""

    tau: float  # s
    inhibition: float  # fraction of its voltage that a neuron loses when another fires
    homeostasis: float  # relative growth of a threshold with a spike
    target: float  # spikes of a neuron per recording at which its threshold is constant


class State(NamedTuple):
    """Voltages and spike traces during a recording."""

    v: np.ndarray  # (neuron,)
    since: np.ndarray  # (group,) s: time of the last update of its voltages
    pre: np.ndarray  # (2, input) traces at the time of the last spike
    pre_at: np.ndarray  # (input,) s
    post: np.ndarray  # (2, neuron)
    post_at: np.ndarray  # (neuron,) s
    recent: np.ndarray  # (neuron,) neurons of each group that fired within the window
    n_recent: np.ndarray  # (group,)


@njit(cache=True)
def rest(n_inputs, fields):
    """Return the state at the beginning of a recording."""
    n_groups = fields.first.size - 1
    n = fields.first[n_groups]
    return State(
        np.zeros(n), np.zeros(n_groups), np.zeros((2, n_inputs)), np.full(n_inputs, NEVER),
        np.zeros((2, n)), np.full(n, NEVER), np.zeros(n, np.int64), np.zeros(n_groups, np.int64),
    )  # fmt: skip


@njit(cache=True)
def lookup(table, age, weight, window):
    """Interpolate a table (time, weight); its last time is ``window``."""
    x = age / window * (table.shape[0] - 1)
    k = int(x)
    if k >= table.shape[0] - 1:
        return 0.0
    x -= k
    if table.shape[1] == 1:
        return table[k, 0] + x * (table[k + 1, 0] - table[k, 0])
    y = weight * (table.shape[1] - 1)
    m = min(int(y), table.shape[1] - 2)
    y -= m
    low = table[k, m] + x * (table[k + 1, m] - table[k, m])
    high = table[k, m + 1] + x * (table[k + 1, m + 1] - table[k, m + 1])
    return low + y * (high - low)


@njit(cache=True)
def stroke(weight, change, gain, synapse, key):
    """Change a pulsed weight by a graded pulse of strength ``change`` over the nominal step.

    The mean follows the device's step along the way; the noise is that of as many single pulses.
    """
    pulse = synapse.pulse
    up = change > 0.0
    span = pulse.w_max - pulse.w_min
    nominal = pulse.step[0 if up else 1]
    if pulse.rule != 2:  # in the A-form steps are fractions of the number of pulses
        nominal /= span
    n = ceil(abs(change) / LONGEST_STROKE)
    strength = abs(change) / nominal / n
    w = pulse.w_min + weight * span
    for k in range(n):
        amount = strength
        if synapse.noise > 0.0:
            amount += sqrt(strength) * synapse.noise * normal(join(key, k))
        w += gain * amount * mean_step(w, up, pulse)
        w = min(max(w, pulse.w_min), pulse.w_max)
    return (w - pulse.w_min) / span


@njit(cache=True)
def bounded(weight, change, bounds):
    """Change an ideal weight within its bounds, if any; soft bounds reduce changes towards them."""
    if bounds == 3:
        return weight + change
    if bounds == 1:
        change *= 1.0 - weight if change > 0.0 else weight
    return min(max(weight + change, 0.0), 1.0)


@njit(cache=True)
def write(real, read, gain, i, j, change, synapse, clock):
    """Change a pulsed weight, and its value as read."""
    if change == 0.0 or gain[i, j] == 0.0:
        return
    key = join(join(synapse.key, clock), i * real.shape[1] + j)
    w = stroke(real[i, j], change, gain[i, j], synapse, key)
    real[i, j] = w
    if synapse.write_noise > 0.0:
        pulse = synapse.pulse
        error = synapse.write_noise * pulse.step[0] / (pulse.w_max - pulse.w_min)
        w += error * normal(join(~key, 0))  # independent of the noise of the pulses
    read[i, j] = w


@njit(cache=True)
def bump(trace, at, k, now, amount, tau_first, tau_second):
    """Update the two traces of spike train ``k``: decay until ``now``, increment by ``amount``."""
    age = now - at[k]
    trace[0, k] = trace[0, k] * exp(-age / tau_first) + amount
    trace[1, k] = trace[1, k] * exp(-age / tau_second) + amount
    at[k] = now


@njit(cache=True)
def arrive(i, now, amount, fields, rule, weights, synapse, state, clock):
    """Apply a spike of input ``i`` to neurons that fired before it; return their number."""
    # arrays are taken out of tuples before the loops, since each access counts references
    real, read, gain, down = weights.real, weights.read, weights.gain, rule.down
    post, post_at, recent, tau = state.post, state.post_at, state.recent, rule.tau
    amplitude = rule.a[1]
    if rule.kind == 2:
        amplitude += rule.a[3] * state.pre[1, i] * exp(-(now - state.pre_at[i]) / tau[2])
    amplitude *= -rule.rate * amount
    n_updates = 0
    for q in range(fields.starts[i], fields.starts[i + 1]):
        g, kept = fields.groups[q], 0
        begin = fields.first[g]
        for k in range(begin, begin + state.n_recent[g]):
            j = recent[k]
            age = now - post_at[j]
            if age >= rule.window:
                continue
            recent[begin + kept] = j
            kept += 1
            if rule.kind == 0:
                change = rule.rate * lookup(down, age, real[i, j], rule.window)
            else:
                change = amplitude * post[0, j] * exp(-age / tau[1])
            if synapse.bounds == 2:
                write(real, read, gain, i, j, change, synapse, clock)
            else:
                real[i, j] = bounded(real[i, j], change, synapse.bounds)
        state.n_recent[g] = kept
        n_updates += kept
    bump(state.pre, state.pre_at, i, now, amount, tau[0], tau[2])
    return n_updates


@njit(cache=True)
def fire(j, g, now, fields, rule, weights, synapse, state, clock):
    """Apply a spike of neuron ``j`` of group ``g`` to its synapses; return their number."""
    real, read, gain, up = weights.real, weights.read, weights.gain, rule.up
    pre, pre_at, recent, inputs, tau = (
        state.pre, state.pre_at, state.recent, fields.inputs, rule.tau
    )  # fmt: skip
    amplitude = rule.a[0]
    if rule.kind == 2:
        amplitude += rule.a[2] * state.post[1, j] * exp(-(now - state.post_at[j]) / tau[3])
    for q in range(fields.ends[g], fields.ends[g + 1]):
        i = inputs[q]
        age, change = now - pre_at[i], 0.0
        if age < rule.window:
            if rule.kind == 0:
                change = lookup(up, age, real[i, j], rule.window)
            else:
                change = amplitude * pre[0, i] * exp(-age / tau[0])
        change = rule.rate * (change - rule.forget)
        if synapse.bounds == 2:
            write(real, read, gain, i, j, change, synapse, clock)
        else:
            real[i, j] = bounded(real[i, j], change, synapse.bounds)
    end, recorded = fields.first[g] + state.n_recent[g], False
    for k in range(fields.first[g], end):
        recorded = recorded or recent[k] == j
    if not recorded:
        recent[end] = j
        state.n_recent[g] += 1
    bump(state.post, state.post_at, j, now, 1.0, tau[1], tau[3])
    return fields.ends[g + 1] - fields.ends[g]


@njit(cache=True)
def drive(row, mean, amount, fade, v, begin, end):
    """Let the voltages of a group decay, and add an input's weights minus their mean."""
    for j in range(begin, end):
        v[j] = v[j] * fade + amount * (row[j] - mean)


@njit(cache=True)
def count_above(v, threshold, begin, end):
    """Clip the voltages of a group at 0, and count the neurons above their threshold."""
    n = 0
    for j in range(begin, end):
        v[j] = max(v[j], 0.0)
        n += v[j] > threshold[j]
    return n


@njit(cache=True)
def strongest(v, threshold, begin, end):
    """Return the neuron farthest above its threshold, the first of equals, or -1."""
    best, winner = 0.0, -1
    for j in range(begin, end):
        if v[j] - threshold[j] > best:
            best, winner = v[j] - threshold[j], j
    return winner


@njit(cache=True)
def inhibit(v, winner, fraction, begin, end):
    """Reset a neuron that fires, and reduce the voltages of its group by a fraction."""
    for j in range(begin, end):
        v[j] *= 1.0 - fraction
    v[winner] = 0.0


@njit(cache=True)
def integrate(k, end, spikes, fields, read, means, tau, v, since):
    """Drive the neurons with the volley that begins at spike ``k``; return the next one's index."""
    now = spikes.t[k]
    while k < end and spikes.t[k] == now:
        i = spikes.place[k]
        for q in range(fields.starts[i], fields.starts[i + 1]):
            g = fields.groups[q]
            fade = exp(-(now - since[g]) / tau)
            since[g] = now
            begin, stop = fields.first[g], fields.first[g + 1]
            drive(read[i], means[i, g], spikes.amount[k], fade, v, begin, stop)
        k += 1
    return k


@njit(cache=True)
def learn(spikes, order, fields, layer, rule, synapse, weights, threshold, clock):
    """Train on the recordings with indices ``order``, one after another.

    Changes ``weights`` and ``threshold`` (neuron,) in place. ``clock`` counts volleys and output
    spikes, and keys the noise. Returns ``clock`` and the numbers of output spikes and of updates.
    """
    n_inputs, n_groups = weights.real.shape[0], fields.first.size - 1
    means = np.zeros((n_inputs, n_groups))
    n_spikes, n_updates = 0, 0
    for r in order:
        state = rest(n_inputs, fields)
        k, end = spikes.ends[r], spikes.ends[r + 1]
        while k < end:
            now, first = spikes.t[k], k
            k = integrate(
                k, end, spikes, fields, weights.read, means, layer.tau, state.v, state.since
            )
            clock += 1
            for s in range(first, k):
                n_updates += arrive(
                    spikes.place[s], now, spikes.amount[s], fields, rule, weights, synapse, state,
                    clock,
                )  # fmt: skip
            for g in range(n_groups):
                begin, stop = fields.first[g], fields.first[g + 1]
                if state.since[g] != now or not count_above(state.v, threshold, begin, stop):
                    continue
                winner = strongest(state.v, threshold, begin, stop)
                while winner >= 0:
                    clock += 1
                    n_spikes += 1
                    n_updates += fire(
                        winner, g, now + spikes.delay, fields, rule, weights, synapse, state, clock
                    )
                    inhibit(state.v, winner, layer.inhibition, begin, stop)
                    threshold[winner] *= 1.0 + layer.homeostasis
                    winner = strongest(state.v, threshold, begin, stop)
        threshold *= exp(-layer.homeostasis * layer.target)
        if synapse.tau < np.inf:
            fade(weights.real, exp(-spikes.lengths[r] / synapse.tau), synapse.rest, fields)
    return clock, n_spikes, n_updates


@njit(cache=True)
def fade(weights, keep, target, fields):
    """Let volatile weights decay towards ``target``."""
    for g in range(fields.first.size - 1):
        for q in range(fields.ends[g], fields.ends[g + 1]):
            i = fields.inputs[q]
            for j in range(fields.first[g], fields.first[g + 1]):
                weights[i, j] = target + (weights[i, j] - target) * keep


@njit(cache=True, nogil=True)
def respond(begin_r, end_r, spikes, fields, read, means, tau, inhibition, threshold, out):
    """Count the spikes of neurons with fixed weights in ``out`` (recording, segment, neuron).

    ``means`` (input, group) is subtracted from the weights of each input. Without inhibition all
    neurons above their threshold fire; with inhibition one after another, as in training.
    """
    n_groups = fields.first.size - 1
    for r in range(begin_r, end_r):
        v, since = np.zeros(read.shape[1]), np.zeros(n_groups)
        k, end = spikes.ends[r], spikes.ends[r + 1]
        while k < end:
            now, segment = spikes.t[k], spikes.segment[k]
            k = integrate(k, end, spikes, fields, read, means, tau, v, since)
            for g in range(n_groups):
                begin, stop = fields.first[g], fields.first[g + 1]
                if since[g] != now or not count_above(v, threshold, begin, stop):
                    continue
                if inhibition == 0.0:
                    for j in range(begin, stop):
                        if v[j] > threshold[j]:
                            out[r, segment, j] += 1.0
                            v[j] = 0.0
                    continue
                winner = strongest(v, threshold, begin, stop)
                while winner >= 0:
                    out[r, segment, winner] += 1.0
                    inhibit(v, winner, inhibition, begin, stop)
                    winner = strongest(v, threshold, begin, stop)


@njit(cache=True)
def follow(times, from_pre, weight, rule, synapse):
    """Return a synapse's weight after spikes of its input and its neuron, sorted in time."""
    fields = Fields(np.array([0, 1]), np.array([0]), np.array([0, 1]), np.array([0]),
                    np.array([0, 1]))  # fmt: skip
    real = np.full((1, 1), weight)
    weights = Weights(real, real, np.ones((1, 1)))
    state = rest(1, fields)
    for k in range(times.size):
        if from_pre[k]:
            arrive(0, times[k], 1.0, fields, rule, weights, synapse, state, k)
        else:
            fire(0, 0, times[k], fields, rule, weights, synapse, state, k)
    return real[0, 0]
