"""Spiking neurons with plastic synapses (STDP): pure functions over arrays, checked input.

Inputs that spike at the same time form a volley. A volley first changes the synapses of neurons
that fired before it (post before pre, depression), then drives the neurons. The neuron farthest
above its threshold fires, changes its synapses (pre before post, potentiation) and inhibits the
neurons with the same receptive field. Weights are fractions of a device's range, in [0, 1]; times
in s.
"""

from math import ceil, exp, sqrt
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from mottle.kernel_events import faulty
from mottle.reservoir.compiled.functions import widen
from mottle.reservoir.compiled.noise import join, normal
from mottle.reservoir.nonvolatile.devices.pulsed.kernel import Rule as PulseRule
from mottle.reservoir.nonvolatile.devices.pulsed.kernel import mean_step

RULES = ("overlap", "pair", "triplet")
BOUNDS = ("hard", "soft", "pulses", "none")
LONGEST_STROKE = 0.05  # of the range: pulses are divided into strokes no longer than this
NEVER = -1e18  # s
FAULT = -1
LOOPS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
INSIDE = LOOPS | {"inline": "always"}  # of what takes no longer than to pass arrays on


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


@njit(**LOOPS)
def lay_out(t, x, y, p, columns, rows, shift, duration, n_segments, times, places, segments):
    """Write time in s, input and segment of the events of a recording; t in us.

    The input is ``rows[y] + columns[x] + shift * p``. Returns the numbers of events written,
    outside the sensor, and after the end of ``duration`` s; FAULT for all if ``faulty``.
    """
    n, outside, late = 0, 0, 0
    if faulty(t, p, 0, t.size):
        return FAULT, FAULT, FAULT
    for k in range(t.size):
        if not (0 <= x[k] < columns.size and 0 <= y[k] < rows.size):
            outside += 1
            continue
        time = (t[k] - t[0]) * 1e-6
        if time >= duration:
            late += 1
            continue
        times[n], places[n] = time, rows[y[k]] + columns[x[k]] + shift * p[k]
        segments[n] = np.int64(time / duration * n_segments)
        n += 1
    return n, outside, late


@njit(cache=True)
def rest(n_inputs, fields):
    """Return the state at the beginning of a recording."""
    n_groups = fields.first.size - 1
    n = fields.first[n_groups]
    return State(
        np.zeros(n), np.zeros(n_groups), np.zeros((2, n_inputs)), np.full(n_inputs, NEVER),
        np.zeros((2, n)), np.full(n, NEVER), np.zeros(n, np.int64), np.zeros(n_groups, np.int64),
    )  # fmt: skip


@njit(**LOOPS)
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


@njit(**LOOPS)
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


@njit(**LOOPS)
def bump(kind, trace, at, k, now, amount, tau_first, tau_second):
    """Update the traces of spike train ``k`` that a rule uses: decay, then increment."""
    age = now - at[k]
    if kind > 0:
        trace[0, k] = trace[0, k] * exp(-age / tau_first) + amount
    if kind > 1:
        trace[1, k] = trace[1, k] * exp(-age / tau_second) + amount
    at[k] = now


@njit(**INSIDE)
def keep_recent(recent, begin, n, post_at, now, window):
    """Drop neurons from a group's list of ``n`` that fired before the window; return the rest."""
    first, kept = np.uint64(begin), np.uint64(0)
    for k in range(np.uint64(n)):
        j = recent[first + k]
        recent[first + kept] = j
        kept += np.uint64(1 if now - post_at[np.uint64(j)] < window else 0)
    return np.int64(kept)


@njit(**INSIDE)
def depress(real, i, n_neurons, recent, begin, n, post_at, now, down, window, rate, bounds):
    """Change ideal weights, flat, of input ``i`` to recent neurons: ``lookup`` in one loop."""
    row, first, top = np.uint64(i * n_neurons), np.uint64(begin), down.shape[0] - 1
    for k in range(np.uint64(n)):
        j = np.uint64(recent[first + k])
        x = (now - post_at[j]) / window * top
        before = int(x)
        inside = before < top
        before = before if inside else top - 1
        x -= before
        at = np.uint64(before)
        low = down[at, 0]
        change = low + x * (down[at + np.uint64(1), 0] - low)
        real[row + j] = bounded(real[row + j], rate * (change if inside else 0.0), bounds)


@njit(**LOOPS)
def arrive(
    i, now, amount, g, begin, rule, down, tau, a, real, read, gain, synapse, pre, pre_at, post,
    post_at, recent, n_recent, clock,
):  # fmt: skip
    """Apply a spike of input ``i`` to neurons of group ``g`` that fired before it.

    ``begin`` is the group's first neuron. Arrays come one by one, since each access to one in a
    tuple counts references, which takes longer than the sums. Returns the number of neurons.
    """
    n = keep_recent(recent, begin, n_recent[g], post_at, now, rule.window)
    n_recent[g] = n
    amplitude = a[1]
    if rule.kind == 2:
        amplitude += a[3] * pre[1, i] * exp(-(now - pre_at[i]) / tau[2])
    amplitude *= -rule.rate * amount
    for k in range(begin, begin + n):
        j = recent[k]
        age = now - post_at[j]
        if rule.kind == 0:
            change = rule.rate * lookup(down, age, real[i, j], rule.window)
        else:
            change = amplitude * post[0, j] * exp(-age / tau[1])
        if synapse.bounds == 2:
            write(real, read, gain, i, j, change, synapse, clock)
        else:
            real[i, j] = bounded(real[i, j], change, synapse.bounds)
    return n


@njit(**LOOPS)
def fire(
    j, now, inputs, begin, end, rule, up, tau, a, real, read, gain, synapse, pre, pre_at, post,
    post_at, clock,
):  # fmt: skip
    """Apply a spike of neuron ``j`` to the synapses of its ``inputs``, ``begin`` to ``end``."""
    amplitude = a[0]
    if rule.kind == 2:
        amplitude += a[2] * post[1, j] * exp(-(now - post_at[j]) / tau[3])
    for q in range(begin, end):
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
    bump(rule.kind, post, post_at, j, now, 1.0, tau[1], tau[3])


@njit(**LOOPS)
def potentiate(real, j, now, inputs, begin, end, pre_at, up, window, rate, forget, bounds):
    """Change ideal weights of neuron ``j``, which fires, by a table: ``fire`` in one loop."""
    column, top = np.uint64(j), up.shape[0] - 1
    for q in range(np.uint64(begin), np.uint64(end)):
        i = np.uint64(inputs[q])
        age, change = now - pre_at[i], 0.0
        if age < window:
            x = age / window * top
            before = int(x)
            if before < top:
                x -= before
                at = np.uint64(before)
                change = up[at, 0] + x * (up[at + np.uint64(1), 0] - up[at, 0])
        real[i, column] = bounded(real[i, column], rate * (change - forget), bounds)


@njit(**LOOPS)
def remember(recent, begin, n, j):
    """Add neuron ``j`` to a group's list of ``n`` recent ones; return their new number."""
    for k in range(np.uint64(begin), np.uint64(begin + n)):
        if recent[k] == j:
            return n
    recent[begin + n] = j
    return n + 1


@njit(**INSIDE)
def drive(read, row, mean, amount, fade, v, begin, end):
    """Let the voltages of a group decay, and add an input's weights minus their mean.

    ``row`` is where the weights of the input begin in ``read``, which is flat.
    """
    weights = np.uint64(row)
    for j in range(np.uint64(begin), np.uint64(end)):  # unsigned: vectors need no negative indices
        v[j] = v[j] * fade + amount * (read[weights + j] - mean)


@njit(**INSIDE)
def drive_and_count(read, row, amount, fade, v, threshold, begin, end):
    """``drive``, by the weights themselves, and ``count_above`` in one pass."""
    weights, n = np.uint64(row), 0
    for j in range(np.uint64(begin), np.uint64(end)):
        v[j] = max(v[j] * fade + amount * read[weights + j], 0.0)
        n += 1 if v[j] > threshold[j] else 0
    return n


@njit(**INSIDE)
def drive_and_fire(read, row, mean, amount, fade, v, threshold, begin, end, out, at):
    """``drive``, then let all neurons above their threshold fire, in one pass.

    Their spikes are added to ``out``, which is flat, from ``at`` on.
    """
    weights, counts = np.uint64(row), np.uint64(at)
    for j in range(np.uint64(begin), np.uint64(end)):
        new = max(v[j] * fade + amount * (read[weights + j] - mean), 0.0)
        fires = new > threshold[j]
        out[counts + j] += 1.0 if fires else 0.0
        v[j] = 0.0 if fires else new


@njit(**INSIDE)
def count_above(v, threshold, begin, end):
    """Clip the voltages of a group at 0, and count the neurons above their threshold."""
    n = 0
    for j in range(np.uint64(begin), np.uint64(end)):
        v[j] = max(v[j], 0.0)
        n += 1 if v[j] > threshold[j] else 0
    return n


@njit(**LOOPS, fastmath={"nnan", "nsz"})  # or the largest would be found one by one
def strongest(v, threshold, begin, end):
    """Return the neuron farthest above its threshold, the first of equals, or -1."""
    best = 0.0
    for j in range(np.uint64(begin), np.uint64(end)):
        above = v[j] - threshold[j]
        best = above if above > best else best
    if best > 0.0:
        for j in range(np.uint64(begin), np.uint64(end)):
            if v[j] - threshold[j] == best:
                return np.int64(j)
    return -1


@njit(**LOOPS)
def inhibit(v, winner, fraction, begin, end):
    """Reset a neuron that fires, and reduce the voltages of its group by a fraction."""
    for j in range(np.uint64(begin), np.uint64(end)):
        v[j] *= 1.0 - fraction
    v[winner] = 0.0


@njit(**INSIDE)
def integrate(k, end, t, place, amount, starts, groups, first, read, means, tau, v, since):
    """Drive the neurons with the volley that begins at spike ``k``; return the next one's index."""
    now = t[k]
    while k < end and t[k] == now:
        i = place[k]
        for q in range(starts[i], starts[i + 1]):
            g = groups[q]
            fade = exp(-(now - since[g]) / tau)
            since[g] = now
            drive(read, i * v.size, means[i, g], amount[k], fade, v, first[g], first[g + 1])
        k += 1
    return k


@njit(**LOOPS)
def learn(spikes, order, fields, layer, rule, synapse, weights, threshold, clock):
    """Train on the recordings with indices ``order``, one after another.

    Changes ``weights`` and ``threshold`` (neuron,) in place. ``clock`` counts volleys and output
    spikes, and keys the noise. Returns ``clock`` and the numbers of output spikes and of updates.
    """
    t, place, amount, ends = spikes.t, spikes.place, spikes.amount, spikes.ends
    first, inputs, last, groups, starts = fields
    real, read, gain = weights
    up, down, tau, a = rule.up, rule.down, rule.tau, rule.a
    kind, window, rate, forget, bounds = (
        rule.kind, rule.window, rule.rate, rule.forget, synapse.bounds
    )  # fmt: skip
    plain = kind == 0 and up.shape[1] == 1 and bounds != 2
    n_inputs, n_groups, n = real.shape[0], first.size - 1, real.shape[1]
    means, above = np.zeros((n_inputs, n_groups)), np.zeros(n_groups, np.int64)
    flat, flat_real = read.reshape(read.size), real.reshape(real.size)
    widen()
    n_spikes, n_updates = 0, 0
    for r in order:
        v, since, pre, pre_at, post, post_at, recent, n_recent = rest(n_inputs, fields)
        k, end = ends[r], ends[r + 1]
        while k < end:
            now, begin_k = t[k], k
            alone = k + 1 == end or t[k + 1] != now
            if alone:
                i = place[k]
                for q in range(starts[i], starts[i + 1]):
                    g = groups[q]
                    left = exp(-(now - since[g]) / layer.tau)
                    since[g] = now
                    above[g] = drive_and_count(
                        flat, i * n, amount[k], left, v, threshold, first[g], first[g + 1]
                    )
                k += 1
            else:
                k = integrate(
                    k, end, t, place, amount, starts, groups, first, flat, means, layer.tau, v,
                    since,
                )  # fmt: skip
            clock += 1
            for s in range(begin_k, k):
                i = place[s]
                for q in range(starts[i], starts[i + 1]):
                    g = groups[q]
                    begin = first[g]
                    if plain:
                        kept = keep_recent(recent, begin, n_recent[g], post_at, now, window)
                        n_recent[g] = kept
                        depress(
                            flat_real, i, n, recent, begin, kept, post_at, now, down, window,
                            rate, bounds,
                        )  # fmt: skip
                        n_updates += kept
                    else:
                        n_updates += arrive(
                            i, now, amount[s], g, begin, rule, down, tau, a, real, read, gain,
                            synapse, pre, pre_at, post, post_at, recent, n_recent, clock,
                        )  # fmt: skip
                bump(kind, pre, pre_at, i, now, amount[s], tau[0], tau[2])
            for g in range(n_groups):
                begin, stop = first[g], first[g + 1]
                if since[g] != now or (alone and not above[g]):
                    continue
                if not alone and not count_above(v, threshold, begin, stop):
                    continue
                winner = strongest(v, threshold, begin, stop)
                while winner >= 0:
                    clock += 1
                    n_spikes += 1
                    n_updates += last[g + 1] - last[g]
                    later = now + spikes.delay
                    if plain:
                        potentiate(
                            real, winner, later, inputs, last[g], last[g + 1], pre_at, up, window,
                            rate, forget, bounds,
                        )  # fmt: skip
                        post_at[winner] = later
                    else:
                        fire(
                            winner, later, inputs, last[g], last[g + 1], rule, up, tau, a, real,
                            read, gain, synapse, pre, pre_at, post, post_at, clock,
                        )  # fmt: skip
                    n_recent[g] = remember(recent, begin, n_recent[g], winner)
                    inhibit(v, winner, layer.inhibition, begin, stop)
                    threshold[winner] *= 1.0 + layer.homeostasis
                    winner = strongest(v, threshold, begin, stop)
        threshold *= exp(-layer.homeostasis * layer.target)
        if synapse.tau < np.inf:
            fade(real, exp(-spikes.lengths[r] / synapse.tau), synapse.rest, fields)
    return clock, n_spikes, n_updates


@njit(cache=True)
def fade(weights, keep, target, fields):
    """Let volatile weights decay towards ``target``."""
    for g in range(fields.first.size - 1):
        for q in range(fields.ends[g], fields.ends[g + 1]):
            i = fields.inputs[q]
            for j in range(fields.first[g], fields.first[g + 1]):
                weights[i, j] = target + (weights[i, j] - target) * keep


@njit(**LOOPS)
def fire_all(v, threshold, begin, end, out, r, segment):
    """Let all neurons above their threshold fire; add their spikes to ``out``."""
    widen()
    first, second = np.uint64(r), np.uint64(segment)
    for j in range(np.uint64(begin), np.uint64(end)):
        fires = v[j] > threshold[j]
        out[first, second, j] += 1.0 if fires else 0.0
        v[j] = 0.0 if fires else v[j]


@njit(**LOOPS)
def respond(begin_r, end_r, spikes, fields, read, means, tau, inhibition, threshold, out):
    """Count the spikes of neurons with fixed weights in ``out`` (recording, segment, neuron).

    ``means`` (input, group) is subtracted from the weights of each input. Without inhibition all
    neurons above their threshold fire; with inhibition one after another, as in training.
    """
    t, place, amount, segment, ends, _, _ = spikes
    first, _, _, groups, starts = fields
    n_groups, n = first.size - 1, read.shape[1]
    flat, counts = read.reshape(read.size), out.reshape(out.size)
    widen()
    for r in range(begin_r, end_r):
        v, since = np.zeros(n), np.zeros(n_groups)
        k, end = ends[r], ends[r + 1]
        while k < end:
            now, part = t[k], segment[k]
            if inhibition == 0.0 and (k + 1 == end or t[k + 1] != now):  # a volley of one spike
                i = place[k]
                for q in range(starts[i], starts[i + 1]):
                    g = groups[q]
                    fade = exp(-(now - since[g]) / tau)
                    since[g] = now
                    drive_and_fire(
                        flat, i * n, means[i, g], amount[k], fade, v, threshold, first[g],
                        first[g + 1], counts, (r * out.shape[1] + part) * n,
                    )  # fmt: skip
                k += 1
                continue
            k = integrate(
                k, end, t, place, amount, starts, groups, first, flat, means, tau, v, since
            )
            for g in range(n_groups):
                begin, stop = first[g], first[g + 1]
                if since[g] != now or not count_above(v, threshold, begin, stop):
                    continue
                if inhibition == 0.0:
                    fire_all(v, threshold, begin, stop, out, r, part)
                    continue
                winner = strongest(v, threshold, begin, stop)
                while winner >= 0:
                    out[r, part, winner] += 1.0
                    inhibit(v, winner, inhibition, begin, stop)
                    winner = strongest(v, threshold, begin, stop)


@njit(cache=True)
def follow(times, from_pre, weight, rule, synapse):
    """Return a synapse's weight after spikes of its input and its neuron, sorted in time."""
    fields = Fields(np.array([0, 1]), np.array([0]), np.array([0, 1]), np.array([0]),
                    np.array([0, 1]))  # fmt: skip
    up, down, tau, a = rule.up, rule.down, rule.tau, rule.a
    real, gain = np.full((1, 1), weight), np.ones((1, 1))
    _, _, pre, pre_at, post, post_at, recent, n_recent = rest(1, fields)
    for k in range(times.size):
        now = times[k]
        if from_pre[k]:
            arrive(
                0, now, 1.0, 0, 0, rule, down, tau, a, real, real, gain, synapse, pre, pre_at, post,
                post_at, recent, n_recent, k,
            )  # fmt: skip
            bump(rule.kind, pre, pre_at, 0, now, 1.0, tau[0], tau[2])
        else:
            fire(
                0, now, fields.inputs, 0, 1, rule, up, tau, a, real, real, gain, synapse, pre,
                pre_at, post, post_at, k,
            )  # fmt: skip
            n_recent[0] = remember(recent, 0, n_recent[0], 0)
    return real[0, 0]
