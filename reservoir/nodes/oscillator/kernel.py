"""Relaxation oscillators in large numbers, each solved exactly from switching to switching.

Uncoupled ones run in blocks (see ``blocks``), whose nodes each advance to their next switching;
coupled ones are integrated together (see ``kernel_circuit``).
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.blocks import LANES, make_blocks, make_keys
from mottle.reservoir.compiled.functions import INNER, VECTOR, exp, log, widen
from mottle.reservoir.compiled.noise import join, normal
from mottle.reservoir.nodes.oscillator.kernel_circuit import (
    ORDER,
    expand,
    polynomial,
    until_any_switch,
)

OBSERVABLES = ("voltage", "current", "spikes", "frequency", "phase")
VOLTAGE, METALLIC, THRESHOLD, SINCE, INTERVAL, SPIKES = range(6)  # rows of a state
N_STATE = 6

# fields of a block, in units of LANES; the first are the rows of a state
V, PHASE, GOAL_UP, AGE, LAPSE, FIRED = (LANES * k for k in range(6))
V_IN, LEFT, V_HIGH, GOAL_DOWN, BEFORE = (LANES * k for k in range(6, 11))
RATIO_UP, RATIO_DOWN, TAU_UP, TAU_DOWN = (LANES * k for k in range(11, 15))  # up: insulating
AREA_UP, AREA_DOWN, SQUARE_UP, SQUARE_DOWN = (LANES * k for k in range(15, 19))
N_FIELDS = 19
NEVER = 1e300  # s
BELOW_BOUND = 1.999  # 2, and room for rounding

GAUSS = 0.5 * np.array(np.polynomial.legendre.leggauss(8)) + np.array([[0.5], [0.0]])


class Oscillators(NamedTuple):
    """Constants, one value per node."""

    r_insulating: np.ndarray  # ohm
    r_metallic: np.ndarray  # ohm
    v_high: np.ndarray  # V
    v_low: np.ndarray  # V
    r_series: np.ndarray  # ohm
    capacitance: np.ndarray  # F


@njit(**VECTOR, **INNER)
def pick(down, of_down, of_up):
    """Return one of two loaded values, so that no load is conditional."""
    return of_down if down else of_up


@njit(**VECTOR, **INNER)
def target(w, i, down):
    """Return the time constant of a node and the voltage that it approaches."""
    ratio = pick(down, w[RATIO_DOWN + i], w[RATIO_UP + i])
    return pick(down, w[TAU_DOWN + i], w[TAU_UP + i]), w[V_IN + i] * ratio


@njit(**VECTOR, **INNER)
def span_to(goal, v, v_end, tau, down):
    """Return the time in s from ``v`` to ``goal`` on the way to ``v_end``; NEVER if not reached."""
    passed = v <= goal if down else v >= goal
    reached = v_end < goal if down else v_end > goal
    ratio = (v_end - v) / (v_end - goal if reached else 1.0)
    span = tau * log(ratio if reached & (ratio > 1.0) else 1.0)
    return 0.0 if passed else span if reached else NEVER


@njit(**VECTOR, **INNER)
def square_over(area, span, v, v_after, v_end, tau):
    """Return the integral of v squared over a span in which ``v`` changes to ``v_after``.

    Exactly 0 for an empty span, so that it does not matter how often others of a block switch.
    """
    changed = 0.5 * tau * (v - v_after) * (v + v_after - v_end - v_end)
    return v_end * (area + area - v_end * span) + changed


@njit(**VECTOR, **INNER)
def add_areas(w, i, span, v, after, v_end, tau, down):
    """Add the integrals of v and v squared over a span in which ``v`` changes to ``after``."""
    area = v_end * span + tau * (v - after)
    square = square_over(area, span, v, after, v_end, tau)
    w[AREA_UP + i] += 0.0 if down else area
    w[AREA_DOWN + i] += area if down else 0.0
    w[SQUARE_UP + i] += 0.0 if down else square
    w[SQUARE_DOWN + i] += square if down else 0.0


@njit(**VECTOR, **INNER)
def is_shorter(left, change, beyond, tau):
    """Return whether a voltage surely needs more than ``left`` s for a change.

    It needs tau ln(1 + change / beyond), with ``beyond`` what is left of the way to its rest; the
    logarithm is at least 2 change / (change + 2 beyond).
    """
    return left * (change + 2.0 * beyond) < BELOW_BOUND * change * tau


@njit(**VECTOR, **INNER)
def may_switch(w):
    """Return for how many nodes a switching in the step cannot be excluded without a logarithm."""
    widen()
    n = 0
    for i in range(LANES):
        v, left, down = w[V + i], w[LEFT + i], w[PHASE + i] > 0.0
        tau, v_end = target(w, i, down)
        goal = pick(down, w[GOAL_DOWN + i], w[GOAL_UP + i])
        passed = v <= goal if down else v >= goal
        reached = v_end < goal if down else v_end > goal
        excluded = is_shorter(left, abs(goal - v), abs(v_end - goal), tau) | (not reached)
        n += 0 if excluded & (not passed) else 1
    return n


@njit(**VECTOR, **INNER)
def may_repeat(w):
    """Return for how many nodes a whole cycle in the step cannot be excluded."""
    widen()
    n = 0
    for i in range(LANES):
        goal, v_end = w[GOAL_UP + i], w[V_IN + i] * w[RATIO_UP + i]
        change = goal - w[GOAL_DOWN + i]
        excluded = is_shorter(w[LEFT + i], change, v_end - goal, w[TAU_UP + i]) | (v_end <= goal)
        n += 0 if excluded else 1
    return n


@njit(**VECTOR, **INNER)
def switch(w, areas):
    """Advance every node to its next switching in the step; return the number of switchings.

    Integrals of the voltage are summed unless ``areas`` is None.
    """
    widen()
    n_switched = 0
    for i in range(LANES):
        v, left, down = w[V + i], w[LEFT + i], w[PHASE + i] > 0.0
        tau, v_end = target(w, i, down)
        goal = pick(down, w[GOAL_DOWN + i], w[GOAL_UP + i])
        span = span_to(goal, v, v_end, tau, down)
        switched = span < left
        after = goal if switched & (span > 0.0) else v
        span = span if switched else 0.0
        if areas is not None:
            add_areas(w, i, span, v, after, v_end, tau, down)
        fired, age, n_fired = switched & (w[PHASE + i] == 0.0), w[AGE + i] + span, w[FIRED + i]
        w[LAPSE + i] = age if fired & (n_fired > 0.0) else w[LAPSE + i]
        w[AGE + i] = 0.0 if fired else age
        w[FIRED + i] = n_fired + 1.0 if fired else n_fired
        phase = w[PHASE + i]
        w[PHASE + i] = 1.0 - phase if switched else phase
        w[V + i] = after
        w[LEFT + i] = left - span
        n_switched += 1 if switched else 0
    return n_switched


@njit(**VECTOR, **INNER)
def redraw(w, keys, noise):
    """Draw the threshold of the present cycle for every insulating node."""
    widen()
    for i in range(LANES):
        n_fired = w[FIRED + i]
        drawn = w[V_HIGH + i] * (1.0 + noise * normal(join(keys[i], np.int64(n_fired))))
        w[GOAL_UP + i] = drawn if (w[PHASE + i] == 0.0) & (n_fired > 0.0) else w[GOAL_UP + i]


@njit(**VECTOR, **INNER)
def repeat(w, areas):
    """Skip whole cycles, which are equal while input and thresholds are constant."""
    widen()
    for i in range(LANES):
        low, high, down = w[GOAL_DOWN + i], w[GOAL_UP + i], w[PHASE + i] > 0.0
        end_up, end_down = w[V_IN + i] * w[RATIO_UP + i], w[V_IN + i] * w[RATIO_DOWN + i]
        tau_up, tau_down = w[TAU_UP + i], w[TAU_DOWN + i]
        up = span_to(high, low, end_up, tau_up, False)
        fall = span_to(low, high, end_down, tau_down, True)
        period, left, n_fired = up + fall, w[LEFT + i], w[FIRED + i]
        begins = w[V + i] == (high if down else low)
        n = np.floor(left / period) if begins & (period < NEVER) & (period > 0.0) else 0.0
        first = w[AGE + i] + (period if down else up)  # until the first of n spikes
        lapse = period if n > 1.0 else first
        w[LAPSE + i] = lapse if (n > 0.0) & (n + n_fired > 1.0) else w[LAPSE + i]
        w[AGE + i] = (0.0 if down else fall) if n > 0.0 else w[AGE + i]
        w[FIRED + i] = n_fired + n
        left -= n * period
        w[LEFT + i] = 0.0 if left < 0.0 else left
        if areas is not None:
            # no cycles if the period is NEVER
            up, fall = up if n > 0.0 else 0.0, fall if n > 0.0 else 0.0
            area_up = end_up * up + tau_up * (low - high)
            area_down = end_down * fall + tau_down * (high - low)
            w[AREA_UP + i] += n * area_up
            w[AREA_DOWN + i] += n * area_down
            w[SQUARE_UP + i] += n * square_over(area_up, up, low, high, end_up, tau_up)
            w[SQUARE_DOWN + i] += n * square_over(area_down, fall, high, low, end_down, tau_down)


@njit(**VECTOR, **INNER)
def finish(w, areas):
    """Advance every node to the end of the step, without switching."""
    widen()
    for i in range(LANES):
        v, span, down = w[V + i], w[LEFT + i], w[PHASE + i] > 0.0
        tau, v_end = target(w, i, down)
        age = span / tau
        after = v_end + (v - v_end) * exp(-age if age < 690.0 else -690.0)
        if areas is not None:
            add_areas(w, i, span, v, after, v_end, tau, down)
        w[AGE + i] += span
        w[V + i] = after


@njit(cache=True, **INNER)
def hold(w, v_in, keys, noise, dt, areas):
    """Advance a block's nodes by ``dt`` s at constant inputs in V; ``areas`` as in ``switch``."""
    for i in range(v_in.size):
        w[V_IN + i] = v_in[i]
    for i in range(LANES):
        w[LEFT + i], w[BEFORE + i] = dt, w[FIRED + i]
    if areas is not None:
        for i in range(AREA_UP, w.size):
            w[i] = 0.0
    n_switched = switch(w, areas)
    if noise is None and n_switched > 0 and may_repeat(w) > 0:
        repeat(w, areas)
    while n_switched > 0:
        if noise is not None:
            redraw(w, keys, noise)
        n_switched = switch(w, areas) if may_switch(w) > 0 else 0
    finish(w, areas)


@njit(cache=True)
def observe(observable, area, charge, fired, since, interval, dt):
    """Return a node's state for a step: see ``OBSERVABLES``."""
    if observable == 0:
        return area / dt
    if observable == 1:
        return charge / dt
    if observable == 2:
        return fired
    if interval == 0.0:
        return 0.0
    return 1.0 / interval if observable == 3 else min(since / interval, 1.0)


@njit(cache=True, **INNER)
def write_states(w, first, last, nodes, dt, observable, areas, out, spent):
    """Write a block's states for a step, and add its energies."""
    for i in range(last - first):
        node, fired = first + i, w[FIRED + i] - w[BEFORE + i]
        if areas is None:
            out[node] = observe(observable, 0.0, 0.0, fired, w[AGE + i], w[LAPSE + i], dt)
            continue
        area_up, area_down = w[AREA_UP + i], w[AREA_DOWN + i]
        area = area_up + area_down
        r_up, r_down, r_series = (
            nodes.r_insulating[node],
            nodes.r_metallic[node],
            nodes.r_series[node],
        )
        charge = area_up / r_up + area_down / r_down if observable == 1 else 0.0
        out[node] = observe(observable, area, charge, fired, w[AGE + i], w[LAPSE + i], dt)
        if spent is not None:
            v_in, square = w[V_IN + i], w[SQUARE_UP + i] + w[SQUARE_DOWN + i]
            spent[0] += w[SQUARE_UP + i] / r_up + w[SQUARE_DOWN + i] / r_down
            spent[1] += (v_in * (v_in * dt - 2.0 * area) + square) / r_series
            spent[2] += v_in * (v_in * dt - area) / r_series
            spent[3] += fired


@njit(cache=True)
def load(state, first, last, nodes):
    """Copy constants and states of nodes to blocks."""
    blocks = make_blocks(last - first, N_FIELDS)
    for lane in range(blocks.shape[0] * LANES):
        node = min(first + lane, last - 1)
        w, i = blocks[lane // LANES], lane % LANES
        for row in range(N_STATE):
            w[row * LANES + i] = state[row, node]
        r_series, c = nodes.r_series[node], nodes.capacitance[node]
        w[V_HIGH + i], w[GOAL_DOWN + i] = nodes.v_high[node], nodes.v_low[node]
        w[RATIO_UP + i] = nodes.r_insulating[node] / (nodes.r_insulating[node] + r_series)
        w[RATIO_DOWN + i] = nodes.r_metallic[node] / (nodes.r_metallic[node] + r_series)
        w[TAU_UP + i] = c * r_series * w[RATIO_UP + i]
        w[TAU_DOWN + i] = c * r_series * w[RATIO_DOWN + i]
    return blocks


@njit(cache=True, **INNER)
def store(blocks, state, first, last):
    """Copy the states of all blocks back to ``state``."""
    for node in range(first, last):
        w, i = blocks[(node - first) // LANES], (node - first) % LANES
        for row in range(N_STATE):
            state[row, node] = w[row * LANES + i]


@njit(cache=True, nogil=True)
def run(
    begin, end, width, v_in, lengths, state, keys, first_step, nodes, noise, dt, observable, areas,
    out, spent,
):  # fmt: skip
    """Run uncoupled oscillators; see ``threads.run_nodes``. v_in in V, each held for ``dt`` s.

    ``noise`` is that of ``v_high``, drawn once per cycle, or None. ``areas`` is None if neither
    energies nor voltages nor currents are needed. The energies of switches, resistors and supply in
    J and the number of spikes are added to ``spent``, unless it is None.
    """
    n_nodes = v_in.shape[2]
    n_parts = (n_nodes + width - 1) // width
    for part in range(begin, end):
        r, first = part // n_parts, part % n_parts * width
        last = min(first + width, n_nodes)
        blocks = load(state[r], first, last, nodes)
        own: Any = None if noise is None else make_keys(keys[r], first, blocks.shape[0], True)
        for b in range(blocks.shape[0]):
            w, low = blocks[b], first + b * LANES
            high = min(low + LANES, last)
            used = None if spent is None else spent[r, low // LANES]
            key = None if noise is None else own[b]
            for step in range(lengths[r]):
                hold(w, v_in[r, step, low:high], key, noise, dt, areas)
                write_states(w, low, high, nodes, dt, observable, areas, out[r, step], used)
        store(blocks, state[r], first, last)


@njit(cache=True)
def note_switch(state, node, v_high, key, noise):
    """Switch a coupled node: count a spike, or draw the threshold of the next cycle."""
    if state[METALLIC, node] > 0.0:
        state[METALLIC, node] = 0.0
        if noise > 0.0:
            draw = normal(join(join(key, node), int(state[SPIKES, node])))
            state[THRESHOLD, node] = v_high * (1.0 + noise * draw)
        return
    state[METALLIC, node] = 1.0
    state[SPIKES, node] += 1.0
    if state[SPIKES, node] > 1.0:
        state[INTERVAL, node] = state[SINCE, node]
    state[SINCE, node] = 0.0


@njit(cache=True)
def meter(c, span, v_in, s, r_series, circuit, spent):
    """Add the energies of a span of series ``c``: switches, resistors, supply, in J.

    By the eight-point Gauss-Legendre rule, exact to the order of the series.
    """
    v = np.empty(v_in.size)
    for point in range(8):
        t, weight = span * GAUSS[0, point], span * GAUSS[1, point]
        for k in range(v.size):
            v[k] = polynomial(c, k, t)
        for k in range(v.size):
            g = circuit.g_metallic[k] if s[METALLIC, k] > 0.0 else circuit.g_insulating[k]
            over, through = v_in[k] - v[k], 0.0
            for j in range(circuit.leak_rows[k], circuit.leak_rows[k + 1]):
                through += circuit.leak[j] * v[circuit.leak_columns[j]]
            spent[0] += weight * g * v[k] * v[k]
            # all linear conductances of the node; the series resistor ends at the supply, not 0 V
            spent[1] += weight * (v[k] * through + (over * over - v[k] * v[k]) / r_series[k])
            spent[2] += weight * v_in[k] * over / r_series[k]


@njit(cache=True)
def hold_coupled(v_in, s, nodes, circuit, key, noise, dt, observable, out, spent):
    """Advance all nodes of a recording by a held step; arrays (node,); changes ``s``, ``out``.

    ``spent`` as in ``run``.
    """
    n = v_in.size
    c, flow, inject = np.empty((ORDER + 1, n)), np.empty(n), v_in / nodes.r_series
    area, charge, before = np.zeros(n), np.zeros(n), s[SPIKES].copy()
    left = dt
    while left > 0.0:
        expand(c, flow, s[VOLTAGE], s[METALLIC], inject, circuit)
        span, switched = until_any_switch(c, s[VOLTAGE], s[METALLIC], s[THRESHOLD], circuit, left)
        left -= span
        if spent.size > 0:
            meter(c, span, v_in, s, nodes.r_series, circuit, spent)
        for k in range(n):
            whole = 0.0
            for order in range(ORDER, -1, -1):
                whole = (whole + c[order, k] / (order + 1)) * span
            g = circuit.g_metallic[k] if s[METALLIC, k] > 0.0 else circuit.g_insulating[k]
            area[k] += whole
            charge[k] += whole * g
            s[SINCE, k] += span
        if switched >= 0:
            note_switch(s, switched, nodes.v_high[switched], key, noise)
    for k in range(n):
        fired = s[SPIKES, k] - before[k]
        if spent.size > 0:
            spent[3] += fired
        out[k] = observe(observable, area[k], charge[k], fired, s[SINCE, k], s[INTERVAL, k], dt)


@njit(cache=True, nogil=True)
def run_coupled(
    begin, end, width, v_in, lengths, state, keys, first_step, nodes, circuit, noise, dt,
    observable, out, spent,
):  # fmt: skip
    """Run coupled oscillators, all nodes of a recording as one part; see ``run``."""
    nothing = np.empty(0)
    for r in range(begin, end):
        used = spent[r, 0] if spent.shape[1] > 0 else nothing
        for step in range(lengths[r]):
            hold_coupled(
                v_in[r, step], state[r], nodes, circuit, keys[r], noise, dt, observable,
                out[r, step], used,
            )  # fmt: skip
