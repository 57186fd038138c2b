"""VO2 thermal neuristors: pure functions over arrays, SI units, input already checked.

C dV/dt = (V_in - V) / R_load - V / R(T),  C_th dT/dt = V^2 / R - S_e (T - T_0) + S_c sum (T_j - T)

with the hysteretic R(T) of de Almeida et al., Opt. Eng. 41 (2002) 2582, doi:10.1117/1.1501095, and
the circuit of Zhang et al. (2024), arXiv:2312.12899. A reversal of dT/dt starts a minor loop.

Nodes live in blocks of ``LANES`` neighbours. A block is one flat array, field after field, so that
the compiler sees constant distances, needs no alias checks and turns the loop over the nodes of a
block into vector instructions.
"""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numba import njit, prange

from mottle.reservoir.kernels.functions import clip, exp, logistic, sin_upper
from mottle.reservoir.kernels.noise import join, normal

LANES = 64
OBSERVABLES = ("voltage", "current", "temperature", "spikes")
N_STATE = 6  # voltage, temperature, direction, reversal temperature, offset there, last current

# fields of a block, in units of LANES
V, T, DIRECTION, T_REVERSAL, OFFSET_REVERSAL, CURRENT = 0, 64, 128, 192, 256, 320
V_IN, HEAT, V_GUESS, T_GUESS, DV, DT = 384, 448, 512, 576, 640, 704
R_0, R_METALLIC, T_C, PER_C, PER_C_TH, S_E, PER_R_LOAD = 768, 832, 896, 960, 1024, 1088, 1152
SUM_V, SUM_I, SUM_T, SPIKES = 1216, 1280, 1344, 1408
CURRENT_GUESS, TO_FILM, TO_LOAD, FROM_SUPPLY = 1472, 1536, 1600, 1664
BLOCK = 1728


class Neuristors(NamedTuple):
    """One value a node, except the last seven."""

    r_0: np.ndarray  # ohm, prefactor of the insulating branch
    r_metallic: np.ndarray  # ohm
    t_c: np.ndarray  # K, centre of the loop
    capacitance: np.ndarray  # F
    c_th: np.ndarray  # J/K
    s_th: np.ndarray  # W/K
    r_load: np.ndarray  # ohm
    e_a: float  # K, activation energy over Boltzmann's constant
    width: float  # K, width of the loop
    beta: float  # 1/K, steepness
    gamma: float  # shape of minor loops
    t_0: float  # K, surroundings
    i_spike: float  # A, a spike is an upward crossing
    kappa: float  # share of s_th that goes to each neighbour


@njit(cache=True, error_model="numpy")
def loop_offset(t, t_reversal, offset_reversal, gamma):
    """Proximity temperature in K: how far a minor loop is from the major one at ``t``."""
    x = (t - t_reversal) / (1.0 if offset_reversal == 0.0 else offset_reversal)
    x = clip(x, 0.0, 4.5)  # beyond 4.5 the offset is below 1e-15 of its value at the reversal
    fade = logistic(19.739208802178716 - 12.566370614359172 * x)  # 2 pi^2 - 4 pi x
    return offset_reversal * (1.0 - sin_upper(gamma * x)) * fade


@njit(cache=True, error_model="numpy")
def resistance(t, direction, offset, r_0, r_metallic, t_c, e_a, width, beta):
    """Film resistance in ohm; ``direction`` is 1 on heating and -1 on cooling."""
    insulating = logistic(2.0 * beta * (0.5 * direction * width + t_c - t - offset))
    return r_0 * exp(e_a / clip(t, 250.0, 1000.0)) * insulating + r_metallic


@njit(cache=True, error_model="numpy")
def predict(w, e_a, width, beta, gamma, t_0, i_spike, dt):
    """First half of a Heun step: slopes at the start, reversals, spikes, a guess of the end."""
    for i in range(LANES):
        v, t, direction = w[V + i], w[T + i], w[DIRECTION + i]
        offset = loop_offset(t, w[T_REVERSAL + i], w[OFFSET_REVERSAL + i], gamma)
        r = resistance(
            t, direction, offset, w[R_0 + i], w[R_METALLIC + i], w[T_C + i], e_a, width, beta
        )
        current = v / r
        dv = ((w[V_IN + i] - v) * w[PER_R_LOAD + i] - current) * w[PER_C + i]
        slope = (v * current - w[S_E + i] * (t - t_0) + w[HEAT + i]) * w[PER_C_TH + i]
        turned = direction * slope < 0.0
        # R is continuous at a reversal, so the slopes need no second look
        direction = -direction if turned else direction
        w[DIRECTION + i] = direction
        w[T_REVERSAL + i] = t if turned else w[T_REVERSAL + i]
        kept = w[OFFSET_REVERSAL + i]
        w[OFFSET_REVERSAL + i] = direction * width + offset if turned else kept
        fired = (current >= i_spike) & (w[CURRENT + i] < i_spike)
        w[SPIKES + i] += 1.0 if fired else 0.0
        w[CURRENT + i] = current
        w[SUM_V + i] += v
        w[SUM_I + i] += current
        w[SUM_T + i] += t
        w[V_GUESS + i] = v + dt * dv
        w[T_GUESS + i] = t + dt * slope
        w[DV + i] = dv
        w[DT + i] = slope


@njit(cache=True, error_model="numpy")
def correct(w, e_a, width, beta, gamma, t_0, dt):
    """Second half of a Heun step: the mean of the slopes at both ends."""
    for i in range(LANES):
        v, t = w[V_GUESS + i], w[T_GUESS + i]
        offset = loop_offset(t, w[T_REVERSAL + i], w[OFFSET_REVERSAL + i], gamma)
        r = resistance(
            t,
            w[DIRECTION + i],
            offset,
            w[R_0 + i],
            w[R_METALLIC + i],
            w[T_C + i],
            e_a,
            width,
            beta,
        )
        current = v / r
        w[CURRENT_GUESS + i] = current
        dv = ((w[V_IN + i] - v) * w[PER_R_LOAD + i] - current) * w[PER_C + i]
        slope = (v * current - w[S_E + i] * (t - t_0) + w[HEAT + i]) * w[PER_C_TH + i]
        w[V + i] += 0.5 * dt * (w[DV + i] + dv)
        w[T + i] += 0.5 * dt * (w[DT + i] + slope)


@njit(cache=True, error_model="numpy")
def meter(w, voltage, current, span):
    """Add the energies of ``span`` s at one stage of a Heun step, two fields of a block."""
    for i in range(LANES):
        v, v_in = w[voltage + i], w[V_IN + i]
        over = v_in - v
        w[TO_FILM + i] += span * v * w[current + i]
        w[TO_LOAD + i] += span * over * over * w[PER_R_LOAD + i]
        w[FROM_SUPPLY + i] += span * v_in * over * w[PER_R_LOAD + i]


@njit(cache=True)
def shake(w, first, n_nodes, key, micro_step, kick):
    """Add thermal noise of ``kick`` K to the nodes of the block that starts at ``first``."""
    for i in range(min(LANES, n_nodes - first)):
        w[T + i] += kick[first + i] * normal(join(join(key, first + i), micro_step))


@njit(cache=True)
def exchange(blocks, field, neighbours, s_c):
    """Heat that flows in from the neighbours, in W; an edge has itself for a neighbour."""
    for node in range(neighbours.shape[0]):
        t = blocks[node // LANES, field + node % LANES]
        flow = 0.0
        for k in range(neighbours.shape[1]):
            j = neighbours[node, k]
            flow += blocks[j // LANES, field + j % LANES] - t
        blocks[node // LANES, HEAT + node % LANES] = s_c[node] * flow


@njit(cache=True)
def load(blocks, state, nodes):
    """Lay the nodes' constants and state out in blocks; spare lanes rest at 0 V."""
    n_nodes = state.shape[1]
    blocks[:] = 0.0
    for lane in range(blocks.shape[0] * LANES):
        node = min(lane, n_nodes - 1)
        w, i = blocks[lane // LANES], lane % LANES
        for field in range(N_STATE):
            w[field * LANES + i] = state[field, node]
        w[R_0 + i] = nodes.r_0[node]
        w[R_METALLIC + i] = nodes.r_metallic[node]
        w[T_C + i] = nodes.t_c[node]
        w[PER_C + i] = 1.0 / nodes.capacitance[node]
        w[PER_C_TH + i] = 1.0 / nodes.c_th[node]
        w[S_E + i] = nodes.s_th[node] * (1.0 - 4.0 * nodes.kappa)
        w[PER_R_LOAD + i] = 1.0 / nodes.r_load[node]


@njit(cache=True)
def take(w, first, n_nodes, observable, n_micro, out, spent):
    """Write what the nodes of a block showed during a step, and clear the sums."""
    for i in range(min(LANES, n_nodes - first)):
        if spent.size > 0:
            spent[0] += w[TO_FILM + i]
            spent[1] += w[TO_LOAD + i]
            spent[2] += w[FROM_SUPPLY + i]
            spent[3] += w[SPIKES + i]
        if observable == 0:
            out[first + i] = w[SUM_V + i] / n_micro
        elif observable == 1:
            out[first + i] = w[SUM_I + i] / n_micro
        elif observable == 2:
            out[first + i] = w[SUM_T + i] / n_micro
        else:
            out[first + i] = w[SPIKES + i]
    w[SUM_V:BLOCK] = 0.0


@njit(cache=True)
def run_one(
    v_in, state, key, first_step, nodes, neighbours, noise, dt, n_micro, observable, out, spent
):
    """Run one recording: v_in (step, node) in V, state (field, node) in and out, out as v_in.

    Uncoupled blocks run one after the other, coupled ones side by side, step by step. ``spent``
    grows by the energies of film, load and supply in J and the number of spikes; empty, nothing is
    summed.
    """
    metered = spent.size > 0
    n_steps, n_nodes = v_in.shape
    n_blocks = (n_nodes + LANES - 1) // LANES
    blocks = np.empty((n_blocks, BLOCK))
    load(blocks, state, nodes)
    coupled = nodes.kappa > 0.0
    s_c = nodes.kappa * nodes.s_th
    kick = noise * sqrt(dt) * np.ones(n_nodes)
    const = (nodes.e_a, nodes.width, nodes.beta, nodes.gamma, nodes.t_0)
    for begin in range(0, n_blocks, n_blocks if coupled else 1):
        end = n_blocks if coupled else begin + 1
        for step in range(n_steps):
            for b in range(begin, end):
                for i in range(min(LANES, n_nodes - b * LANES)):
                    blocks[b, V_IN + i] = v_in[step, b * LANES + i]
            for micro in range(n_micro):
                if coupled:
                    exchange(blocks, T, neighbours, s_c)
                for b in range(begin, end):
                    predict(blocks[b], *const, nodes.i_spike, dt)
                    if metered:
                        meter(blocks[b], V, CURRENT, 0.5 * dt)
                if coupled:
                    exchange(blocks, T_GUESS, neighbours, s_c)
                for b in range(begin, end):
                    correct(blocks[b], *const, dt)
                    if metered:
                        meter(blocks[b], V_GUESS, CURRENT_GUESS, 0.5 * dt)
                    if noise > 0.0:
                        micro_step = (first_step + step) * n_micro + micro
                        shake(blocks[b], b * LANES, n_nodes, key, micro_step, kick)
            for b in range(begin, end):
                take(blocks[b], b * LANES, n_nodes, observable, n_micro, out[step], spent)
    for node in range(n_nodes):
        for field in range(N_STATE):
            state[field, node] = blocks[node // LANES, field * LANES + node % LANES]


@njit(parallel=True)  # recordings are independent; parallel kernels stay uncached (numba #4807)
def run(
    v_in, lengths, state, keys, first_step, nodes, neighbours, noise, dt, n_micro, observable, spent
):
    """Run many recordings; v_in (recording, step, node), state (recording, field, node).

    ``spent`` (recording, 4) is that of ``run_one``, or (recording, 0).
    """
    out = np.zeros(v_in.shape)
    for r in prange(v_in.shape[0]):
        n = lengths[r]
        run_one(
            v_in[r, :n], state[r], keys[r], first_step, nodes, neighbours, noise, dt, n_micro,
            observable, out[r, :n], spent[r],
        )  # fmt: skip
    return out


@njit(cache=True, error_model="numpy")
def slopes(v, t, v_in, memory, nodes):
    """Return dV/dt, dT/dt and the film's resistance of a lone device, constants as numbers."""
    direction, t_reversal, offset_reversal = memory
    offset = loop_offset(t, t_reversal, offset_reversal, nodes.gamma)
    r = resistance(
        t, direction, offset, nodes.r_0, nodes.r_metallic, nodes.t_c, nodes.e_a, nodes.width,
        nodes.beta,
    )  # fmt: skip
    dv = ((v_in - v) / nodes.r_load - v / r) / nodes.capacitance
    return dv, (v * v / r - nodes.s_th * (t - nodes.t_0)) / nodes.c_th, r


@njit(cache=True, error_model="numpy")
def powers(v, v_in, r, r_load):
    """Power in W in the device, in the load resistor and from the supply."""
    over = v_in - v
    return np.array((v * v / r, over * over / r_load, v_in * over / r_load))


@njit(cache=True, error_model="numpy")
def trace(v_in, nodes, noise, key, dt, n_micro, fourth_order):
    """Follow a lone device from rest; v_in (step,) in V, each held for ``n_micro`` steps of ``dt``.

    Returns voltage, temperature and resistance at the ends of the steps, the spike times in s and
    the energies (device, resistor, supply) in J, summed over the integrator's own stages. Heun's
    method, or classical Runge-Kutta.
    """
    out = np.empty((3, v_in.size))
    spikes = []
    v, t, memory = 0.0, nodes.t_0, (1.0, 0.0, 0.0)
    energies, load = np.zeros(3), nodes.r_load
    half = 0.5 * dt
    for step in range(v_in.size):
        u = v_in[step]
        for micro in range(n_micro):
            dv1, dt1, r1 = slopes(v, t, u, memory, nodes)
            if memory[0] * dt1 < 0.0:
                offset = loop_offset(t, memory[1], memory[2], nodes.gamma)
                memory = (-memory[0], t, memory[0] * -nodes.width + offset)
            spent = powers(v, u, r1, load)
            if fourth_order:
                v2, t2 = v + half * dv1, t + half * dt1
                dv2, dt2, r2 = slopes(v2, t2, u, memory, nodes)
                v3, t3 = v + half * dv2, t + half * dt2
                dv3, dt3, r3 = slopes(v3, t3, u, memory, nodes)
                v4, t4 = v + dt * dv3, t + dt * dt3
                dv4, dt4, r4 = slopes(v4, t4, u, memory, nodes)
                new_v = v + dt / 6.0 * (dv1 + 2.0 * (dv2 + dv3) + dv4)
                new_t = t + dt / 6.0 * (dt1 + 2.0 * (dt2 + dt3) + dt4)
                spent += 2.0 * (powers(v2, u, r2, load) + powers(v3, u, r3, load))
                spent = (spent + powers(v4, u, r4, load)) / 6.0
            else:
                v2, t2 = v + dt * dv1, t + dt * dt1
                dv2, dt2, r2 = slopes(v2, t2, u, memory, nodes)
                new_v, new_t = v + half * (dv1 + dv2), t + half * (dt1 + dt2)
                spent = 0.5 * (spent + powers(v2, u, r2, load))
            energies += dt * spent
            if noise > 0.0:
                new_t += noise * sqrt(dt) * normal(join(key, step * n_micro + micro))
            before, after = v / r1, new_v / slopes(new_v, new_t, u, memory, nodes)[2]
            if before < nodes.i_spike <= after:
                share = (nodes.i_spike - before) / (after - before)
                spikes.append((step * n_micro + micro + share) * dt)
            v, t = new_v, new_t
        out[0, step], out[1, step], out[2, step] = v, t, slopes(v, t, u, memory, nodes)[2]
    times = np.empty(len(spikes))
    for i in range(len(spikes)):
        times[i] = spikes[i]
    return out, times, energies


@njit(cache=True, error_model="numpy")
def sweep(temperature, r_0, r_metallic, t_c, e_a, width, beta, gamma):
    """Resistance in ohm along a path of temperatures (step,) in K, reversals included."""
    out = np.empty(temperature.size)
    direction, t_reversal, offset_reversal = 1.0, 0.0, 0.0
    for i in range(temperature.size):
        t = temperature[i]
        if i > 0 and direction * (t - temperature[i - 1]) < 0.0:
            turn = temperature[i - 1]
            offset = loop_offset(turn, t_reversal, offset_reversal, gamma)
            offset_reversal, t_reversal = direction * -width + offset, turn
            direction = -direction
        offset = loop_offset(t, t_reversal, offset_reversal, gamma)
        out[i] = resistance(t, direction, offset, r_0, r_metallic, t_c, e_a, width, beta)
    return out
