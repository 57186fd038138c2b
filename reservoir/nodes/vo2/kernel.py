"""VO2 thermal neuristors: pure functions over arrays, SI units, input already checked.

C dV/dt = (V_in - V) / R_load - V / R(T),  C_th dT/dt = V^2 / R - S_e (T - T_0) + S_c sum (T_j - T)

with the hysteretic R(T) of de Almeida et al., Opt. Eng. 41 (2002) 2582, doi:10.1117/1.1501095, and
the circuit of Zhang et al. (2024), arXiv:2312.12899. A reversal of dT/dt starts a minor loop.

A Heun step is a few loops over the nodes of a block (see ``blocks``), each short enough for the
processor to work on several vectors at once.
"""

from math import log, sqrt
from typing import NamedTuple

import numpy as np
from numba import njit
from numba.extending import overload

from mottle.reservoir.compiled.blocks import LANES, make_keys
from mottle.reservoir.compiled.functions import INNER, VECTOR, clip, widen
from mottle.reservoir.compiled.noise import join, normal, normals
from mottle.reservoir.compiled.precision import (
    OPTIONS,
    exp2,
    halves,
    make_lines,
    normals_of,
    one_minus_cos,
    packed,
)

OBSERVABLES = ("voltage", "current", "temperature", "spikes")
N_STATE = 6  # voltage, temperature, direction, reversal temperature, offset there, last current

# fields of a block, in units of its lanes; constants are those of one integration step. Offsets,
# and the quantities they are added to, are multiplied by the loop's steepness in powers of 2.
V, T, BACK, T_REVERSAL, OFFSET_REVERSAL, LAST = range(6)
PER_OFFSET, CENTRE, T_C, V_GUESS, T_GUESS, OFFSET = range(6, 12)
LOG_R_0, R_METALLIC, CHARGE, LEAK, HOLD, FEED = range(12, 18)
WARM, COOL, COLD, HEAT, PER_T, T_FILM = range(18, 24)
CURRENT, CURRENT_GUESS, UP, DOWN, LEFT, RIGHT = range(24, 30)
V_IN, PER_R_LOAD, KICK, KICK_NEXT, STEEP = range(30, 35)  # STEEP in 1/K, for powers of 2
SUM, SPIKES, TO_FILM, TO_LOAD, FROM_SUPPLY = range(35, 40)
N_FIELDS = 40

STILL = {8: -1e-12, 4: -1e-5}  # a smaller reversal is rounding error of a film at rest
LOG2_E = 1.4426950408889634


class Neuristors(NamedTuple):
    """One value a node, except the last five."""

    r_0: np.ndarray  # ohm, prefactor of the insulating branch
    r_metallic: np.ndarray  # ohm
    t_c: np.ndarray  # K, centre of the loop
    capacitance: np.ndarray  # F
    c_th: np.ndarray  # J/K
    s_th: np.ndarray  # W/K
    r_load: np.ndarray  # ohm
    width: np.ndarray  # K, width of the loop
    beta: np.ndarray  # 1/K, steepness
    e_a: float  # K, activation energy over Boltzmann's constant
    gamma: float  # shape of minor loops
    t_0: float  # K, surroundings
    i_spike: float  # A, a spike is an upward crossing
    kappa: float  # fraction of s_th to each neighbour


@njit(**VECTOR)
def proximity(x, gamma, real):
    """Return numerator and denominator of an offset's decay at ``x``: 1 at 0, falling to 0.

    (1 - sin(gamma x)) / (1 + exp(4 pi x - 2 pi^2)), the published form; below 1e-10 from x = 3.5.
    """
    x = clip(x, real(0.0), real(3.5))
    # in powers of 2
    faded = real(1.0) + exp2(real(18.129440567308775) * x - real(28.477658735561967))
    return one_minus_cos(gamma * x - real(1.5707963267948966)), faded


@njit(**VECTOR)
def loop_offset(t, t_reversal, offset_reversal, gamma):
    """Return the proximity temperature in K: offset of a minor loop from the major one at ``t``."""
    x = (t - t_reversal) / (1.0 if offset_reversal == 0.0 else offset_reversal)
    left, faded = proximity(x, gamma, np.float64)
    return offset_reversal * left / faded


@njit(**VECTOR)
def resistance(t, direction, offset, r_0, r_metallic, t_c, e_a, width, beta):
    """Return the film resistance in ohm; ``direction`` is 1 on heating and -1 on cooling."""
    t = clip(t, 250.0, 1000.0)
    z = clip(t + offset - t_c - 0.5 * direction * width, -1000.0, 1000.0)
    return r_0 * exp2(LOG2_E * e_a / t) / (1.0 + exp2(2.0 * LOG2_E * beta * z)) + r_metallic


class Run(NamedTuple):
    """Constants of a run that all blocks share, in the precision of their numbers."""

    gamma: float
    activation: float  # K, for powers of 2
    i_spike: float  # A
    half: float  # s, half an integration step
    zero: float  # K, subtracted from all temperatures
    low: float  # K, bounds of the temperatures for which resistances are computed
    high: float
    still: float  # dT/dt below it has not changed sign
    n_micro: int
    observable: int


@njit(**VECTOR, **INNER)
def locate(w, temperature, run):
    """Compute the minor loops' offsets and 1 / T from the field ``temperature``."""
    widen()
    real, n = w.dtype.type, LANES * packed(w)
    gamma, zero, low, high, one = run.gamma, run.zero, run.low, run.high, real(1.0)
    for i in range(n):
        t = clip(w[temperature * n + i], low, high)
        x = (w[temperature * n + i] - w[T_REVERSAL * n + i]) * w[PER_OFFSET * n + i]
        left, faded = proximity(x, gamma, real)
        kelvin = t + zero
        both = one / (faded * kelvin)  # one division for two
        w[OFFSET * n + i] = w[OFFSET_REVERSAL * n + i] * left * (both * kelvin)
        w[PER_T * n + i] = both * faded
        w[T_FILM * n + i] = t


@njit(**VECTOR, **INNER)
def conduct(w, voltage, current, activation):
    """Compute the field ``current`` from voltages and the results of ``locate``.

    The resistance is that of ``resistance``, with one division instead of two.
    """
    widen()
    real, n = w.dtype.type, LANES * packed(w)
    one = real(1.0)
    for i in range(n):
        insulating = exp2(activation * w[PER_T * n + i] + w[LOG_R_0 * n + i])
        z = w[STEEP * n + i] * w[T_FILM * n + i] + w[OFFSET * n + i] - w[CENTRE * n + i]
        if packed(w) > 1:
            z = z if z > real(-126.0) else real(-126.0)
        metallic = one + exp2(z)
        under = insulating + w[R_METALLIC * n + i] * metallic
        w[current * n + i] = w[voltage * n + i] * metallic / under


@njit(**VECTOR, **INNER)
def predict(w, still):
    """Predict the end of a Heun step; return the number of films whose dT/dt changed sign."""
    widen()
    n = LANES * packed(w)
    n_turned = 0
    for i in range(n):
        v, t, back, current = w[V * n + i], w[T * n + i], w[BACK * n + i], w[CURRENT * n + i]
        warmer = v * current * w[WARM * n + i] + w[HEAT * n + i] - w[COOL * n + i] * t
        if packed(w) > 1:
            more = w[FEED * n + i] - v * w[LEAK * n + i] - current * w[CHARGE * n + i]
            w[V_GUESS * n + i] = v + more
        else:
            w[V_GUESS * n + i] = v * w[HOLD * n + i] + w[FEED * n + i] - current * w[CHARGE * n + i]
        t_guess = t + warmer
        w[T_GUESS * n + i] = t_guess
        n_turned += 1 if back * (t_guess - t) < still else 0
    return n_turned


@njit(**VECTOR, **INNER)
def turn(w, still):
    """Begin a minor loop where dT/dt changed sign.

    R is continuous at a reversal, so the slopes remain valid.
    """
    widen()
    real, n = w.dtype.type, LANES * packed(w)
    half, one = real(0.5), real(1.0)
    for i in range(n):
        t, back, offset = w[T * n + i], w[BACK * n + i], w[OFFSET_REVERSAL * n + i]
        turned = back * (w[T_GUESS * n + i] - t) < still
        offset = w[OFFSET * n + i] - back if turned else offset
        back = -back if turned else back
        w[T_REVERSAL * n + i] = t if turned else w[T_REVERSAL * n + i]
        w[OFFSET_REVERSAL * n + i] = offset
        w[BACK * n + i] = back
        w[CENTRE * n + i] = w[T_C * n + i] + half * back
        w[PER_OFFSET * n + i] = w[STEEP * n + i] / (one if offset == real(0.0) else offset)


@njit(**VECTOR, **INNER)
def correct(w):
    """Correct a Heun step: use the mean of the slopes at both ends."""
    widen()
    n, half = LANES * packed(w), w.dtype.type(0.5)
    for i in range(n):
        v, t, current = w[V_GUESS * n + i], w[T_GUESS * n + i], w[CURRENT_GUESS * n + i]
        warmer = v * current * w[WARM * n + i] + w[HEAT * n + i] - w[COOL * n + i] * t
        if packed(w) > 1:
            more = w[FEED * n + i] - v * w[LEAK * n + i] - current * w[CHARGE * n + i]
            w[V * n + i] += half * (v - w[V * n + i] + more)
            w[T * n + i] += half * (t - w[T * n + i] + warmer)
        else:
            later = v * w[HOLD * n + i] + w[FEED * n + i] - current * w[CHARGE * n + i]
            w[V * n + i] = half * (w[V * n + i] + later)
            w[T * n + i] = half * (w[T * n + i] + t + warmer)


@njit(**VECTOR, **INNER)
def add_field(w, field):
    """Add a field to the sums."""
    widen()
    n = LANES * packed(w)
    for i in range(n):
        w[SUM * n + i] += w[field * n + i]


@njit(**VECTOR, **INNER)
def count(w, i_spike):
    """Count the currents that rose through ``i_spike`` A."""
    widen()
    real, n = w.dtype.type, LANES * packed(w)
    for i in range(n):
        fired = (w[CURRENT * n + i] >= i_spike) & (w[LAST * n + i] < i_spike)
        w[SPIKES * n + i] += real(1.0) if fired else real(0.0)
        w[LAST * n + i] = w[CURRENT * n + i]


@njit(**VECTOR, **INNER)
def meter(w, voltage, current, span):
    """Add the energies of ``span`` s at one stage of a Heun step, two fields of a block."""
    widen()
    n = LANES * packed(w)
    for i in range(n):
        v, v_in = w[voltage * n + i], w[V_IN * n + i]
        over = v_in - v
        w[TO_FILM * n + i] += span * v * w[current * n + i]
        w[TO_LOAD * n + i] += span * over * over * w[PER_R_LOAD * n + i]
        w[FROM_SUPPLY * n + i] += span * v_in * over * w[PER_R_LOAD * n + i]


def draw(w, keys, pair):
    """Draw the noise of two integration steps from the keys of a block's nodes."""
    (_draw_double if packed(w) == 1 else _draw_single)(w, keys, pair)


@overload(draw, jit_options=OPTIONS)
def _overload_draw(w, keys, pair):
    return _draw_double if w.dtype.bitwidth == 64 else _draw_single


def _draw_double(w, keys, pair):
    widen()
    for i in range(LANES):
        w[KICK * LANES + i], w[KICK_NEXT * LANES + i] = normals(join(keys[i], pair))


def _draw_single(w, keys, pair):
    """Loop twice, each time over numbers of one size."""
    widen()
    n = 2 * LANES
    for i in range(n):
        w[KICK * n + i], w[KICK_NEXT * n + i] = halves(join(keys[i], pair))
    for i in range(n):
        w[KICK * n + i], w[KICK_NEXT * n + i] = normals_of(w[KICK * n + i], w[KICK_NEXT * n + i])


@njit(**VECTOR, **INNER)
def add_noise(w, kick, field):
    """Add thermal noise of ``kick`` K."""
    widen()
    n = LANES * packed(w)
    for i in range(n):
        w[T * n + i] += kick * w[field * n + i]


@njit(**VECTOR, **INNER)
def copy_field(w, field, plane, at):
    """Copy a field of temperatures to the plane of all nodes, at index ``at`` of the block."""
    widen()
    n = LANES * packed(w)
    here = np.uint64(at)  # unsigned: no test for negative indices
    for i in range(n):
        plane[here + np.uint64(i)] = w[field * n + i]


@njit(**VECTOR, **INNER)
def exchange(w, plane, at, columns):
    """Add heat from the neighbours of a block that begins in the plane at ``at``."""
    widen()
    n = LANES * packed(w)
    here, row, one = np.uint64(at), np.uint64(columns), np.uint64(1)
    for i in range(n):
        k = here + np.uint64(i)
        t = plane[k]
        flow = w[UP * n + i] * (plane[k - row] - t) + w[DOWN * n + i] * (plane[k + row] - t)
        flow += w[LEFT * n + i] * (plane[k - one] - t) + w[RIGHT * n + i] * (plane[k + one] - t)
        w[HEAT * n + i] = w[COLD * n + i] + flow


def settings(nodes, dt, n_micro, observable, state):
    """Return the constants of a run that all blocks share.

    In float32 temperatures are relative to those of the surroundings: near 325 K numbers are 3e-5 K
    apart. Far above their transition films are metallic, where powers of 2 would leave the range.
    """
    real, zero, high = state.dtype.type, 0.0, 1000.0
    if real is np.float32:
        zero = nodes.t_0
        high = min(high, (nodes.t_c + nodes.width + 60.0 / (2.0 * LOG2_E * nodes.beta)).min())
    return Run(
        real(nodes.gamma), real(LOG2_E * nodes.e_a), real(nodes.i_spike), real(0.5 * dt),
        real(zero), real(250.0 - zero), real(high - zero), real(STILL[state.itemsize]), n_micro,
        observable,
    )  # fmt: skip


@njit(cache=True)
def load(state, first, last, nodes, columns, dt, zero):
    """Copy constants and states of nodes to blocks; unused lanes stay at 0 V."""
    real, n = state.dtype.type, LANES * packed(state)
    n_blocks = (last - first + n - 1) // n
    blocks = make_lines(n_blocks * N_FIELDS * n, state).reshape(n_blocks, N_FIELDS * n)
    n_nodes = nodes.r_0.size
    for lane in range(n_blocks * n):
        node = first + lane if first + lane < last else last - 1
        w, i = blocks[lane // n], lane % n
        for field in range(N_STATE):
            w[field * n + i] = state[field, node]
        steepness = 2.0 * LOG2_E * nodes.beta[node]
        back = state[2, node] * (steepness * nodes.width[node])
        offset = w[OFFSET_REVERSAL * n + i]
        w[STEEP * n + i] = steepness
        w[BACK * n + i] = back
        w[T_C * n + i] = steepness * (nodes.t_c[node] - zero)
        w[CENTRE * n + i] = w[T_C * n + i] + real(0.5) * w[BACK * n + i]
        w[PER_OFFSET * n + i] = w[STEEP * n + i] / (real(1.0) if offset == real(0.0) else offset)
        w[LOG_R_0 * n + i] = LOG2_E * log(nodes.r_0[node])
        w[R_METALLIC * n + i] = nodes.r_metallic[node]
        charge, warm = dt / nodes.capacitance[node], dt / nodes.c_th[node]
        leak = charge / nodes.r_load[node]
        cool = warm * nodes.s_th[node] * (1.0 - 4.0 * nodes.kappa)
        w[CHARGE * n + i], w[LEAK * n + i], w[HOLD * n + i] = charge, leak, 1.0 - leak
        w[WARM * n + i], w[COOL * n + i] = warm, cool
        w[COLD * n + i] = w[HEAT * n + i] = cool * (nodes.t_0 - zero)
        w[PER_R_LOAD * n + i] = 1.0 / nodes.r_load[node]
        if first + lane < last:
            flow = warm * nodes.s_th[node] * nodes.kappa
            w[UP * n + i] = flow if node >= columns else 0.0
            w[DOWN * n + i] = flow if node + columns < n_nodes else 0.0
            w[LEFT * n + i] = flow if node % columns > 0 else 0.0
            w[RIGHT * n + i] = flow if (node + 1) % columns > 0 else 0.0
    return blocks


@njit(cache=True)
def store(blocks, state, first, last):
    """Copy the states of the nodes of all blocks back to ``state``."""
    n = LANES * packed(state)
    for node in range(first, last):
        w, i = blocks[(node - first) // n], (node - first) % n
        for field in range(N_STATE):
            state[field, node] = w[field * n + i]
        state[2, node] = 1.0 if w[BACK * n + i] > 0.0 else -1.0
        state[5, node] = w[CURRENT * n + i]


@njit(cache=True)
def make_own_keys(key, first, blocks, kick):
    """Return the noise keys (block, lane) of the nodes of blocks from ``first``; None without."""
    if kick is None:
        return None
    k = packed(blocks)
    return make_keys(key, first, blocks.shape[0] * k, True).reshape(blocks.shape[0], LANES * k)


@njit(cache=True, **INNER)
def begin_step(w, run, metered):
    """Run the first half of an integration step of a block, and its measurements."""
    # fields are passed as constants: the compiler then knows that none overlap
    locate(w, T, run)
    conduct(w, V, CURRENT, run.activation)
    if metered is not None:
        meter(w, V, CURRENT, run.half)
        count(w, run.i_spike)
    elif run.observable == 3:
        count(w, run.i_spike)
    if run.observable == 0:
        add_field(w, V)
    elif run.observable == 1:
        add_field(w, CURRENT)
    elif run.observable == 2:
        add_field(w, T)
    if predict(w, run.still) > 0:
        turn(w, run.still)


@njit(cache=True, **INNER)
def end_step(w, keys, b, run, kick, metered, micro_step, fresh):
    """Run the second half of an integration step of a block; ``fresh`` draws new noise."""
    locate(w, T_GUESS, run)
    conduct(w, V_GUESS, CURRENT_GUESS, run.activation)
    if metered is not None:
        meter(w, V_GUESS, CURRENT_GUESS, run.half)
    correct(w)
    if kick is not None:
        if fresh or micro_step % 2 == 0:
            draw(w, keys[b], micro_step // 2)
        if micro_step % 2 == 0:
            add_noise(w, w.dtype.type(kick), KICK)
        else:
            add_noise(w, w.dtype.type(kick), KICK_NEXT)


@njit(cache=True, **INNER)
def write_states(w, first, last, run, out, metered, spent):
    """Write a block's states for a step, add its energies to its groups, and clear the sums."""
    real, n = w.dtype.type, LANES * packed(w)
    for i in range(n if n < last - first else last - first):
        if metered is not None:
            group = spent[i // LANES]
            group[0] += w[TO_FILM * n + i]
            group[1] += w[TO_LOAD * n + i]
            group[2] += w[FROM_SUPPLY * n + i]
            group[3] += w[SPIKES * n + i]
        if run.observable == 3:
            out[first + i] = w[SPIKES * n + i]
        elif run.observable == 2:
            out[first + i] = real(w[SUM * n + i] / run.n_micro) + run.zero
        else:
            out[first + i] = real(w[SUM * n + i] / run.n_micro)
    for i in range(SUM * n, N_FIELDS * n):
        w[i] = 0.0


@njit(cache=True, **INNER)
def drive(w, v_in):
    """Set the inputs in V of a block's nodes."""
    n = LANES * packed(w)
    for i in range(v_in.size):
        w[V_IN * n + i] = v_in[i]
        w[FEED * n + i] = w[V_IN * n + i] * w[LEAK * n + i]


@njit(cache=True, **INNER)
def hold(w, keys, b, v_in, run, kick, metered, moment):
    """Advance block ``b`` by ``n_micro`` integration steps; ``moment`` counts such spans."""
    drive(w, v_in)
    for micro in range(run.n_micro):
        begin_step(w, run, metered)
        end_step(w, keys, b, run, kick, metered, moment * run.n_micro + micro, micro == 0)


@njit(cache=True, **INNER)
def step_coupled(
    blocks, keys, now, guessed, then, margin, columns, run, kick, metered, micro_step, fresh
):
    """Advance a grid by an integration step; planes of temperatures before, guessed and after.

    The second half of a block's step follows the first as soon as its neighbours have done
    theirs, while the block is in cache.
    """
    n = LANES * packed(blocks)
    n_blocks, lag = blocks.shape[0], columns // n + 1
    for b in range(n_blocks + lag):
        if b < n_blocks:
            w, at = blocks[b], margin + b * n
            exchange(w, now, at, columns)
            begin_step(w, run, metered)
            copy_field(w, T_GUESS, guessed, at)
        if b >= lag:
            w, at = blocks[b - lag], margin + (b - lag) * n
            exchange(w, guessed, at, columns)
            end_step(w, keys, b - lag, run, kick, metered, micro_step, fresh)
            copy_field(w, T, then, at)


@njit(cache=True, **INNER)
def make_planes(blocks, columns):
    """Return planes of temperatures, the first with those of the blocks, and their margin."""
    n = LANES * packed(blocks)
    margin = n * (columns // n + 1)
    planes = np.zeros((3, blocks.shape[0] * n + 2 * margin), blocks.dtype)
    for b in range(blocks.shape[0]):
        copy_field(blocks[b], T, planes[0], margin + b * n)
    return planes, margin


@njit(cache=True, **INNER)
def hold_coupled(blocks, keys, v_in, planes, margin, columns, run, kick, metered, moment):
    """Advance a grid as ``hold`` does a block; the first plane holds the temperatures."""
    n = LANES * packed(blocks)
    now, guessed, then = planes[0], planes[1], planes[2]
    for b in range(blocks.shape[0]):
        drive(blocks[b], v_in[b * n : b * n + n if b * n + n < v_in.size else v_in.size])
    for micro in range(run.n_micro):
        micro_step, fresh = moment * run.n_micro + micro, micro == 0
        step_coupled(
            blocks, keys, now, guessed, then, margin, columns, run, kick, metered, micro_step, fresh
        )
        now, then = then, now
    if run.n_micro % 2 == 1:
        for i in range(now.size):
            planes[0, i] = planes[2, i]


@njit(cache=True, nogil=True)
def run(
    begin, end, width, v_in, lengths, state, keys, first_step, nodes, columns, dt, common, kick,
    metered, out, spent,
):  # fmt: skip
    """Run the parts ``begin`` to ``end`` of many recordings; a part is ``width`` of its nodes.

    v_in and out (recording, step, node), state (recording, field, node); nodes are not coupled.
    ``kick`` is the noise of an integration step in K, None without. Unless ``metered`` is None, the
    energies of film, load and supply in J and the number of spikes are added to ``spent``
    (recording, group of ``LANES`` nodes, 4).
    """
    n_nodes, n = v_in.shape[2], LANES * packed(state)
    n_parts = (n_nodes + width - 1) // width
    for part in range(begin, end):
        r, first = part // n_parts, part % n_parts * width
        last = min(first + width, n_nodes)
        blocks = load(state[r], first, last, nodes, columns, dt, common.zero)
        own = make_own_keys(keys[r], first, blocks, kick)
        for b in range(blocks.shape[0]):
            w, at = blocks[b], first + b * n
            used = spent[r, at // LANES :]
            for step in range(lengths[r]):
                volts = v_in[r, step, at : at + n if at + n < last else last]
                hold(w, own, b, volts, common, kick, metered, first_step + step)
                write_states(w, at, last, common, out[r, step], metered, used)
        store(blocks, state[r], first, last)


@njit(cache=True, nogil=True)
def run_coupled(
    begin, end, width, v_in, lengths, state, keys, first_step, nodes, columns, dt, common, kick,
    metered, out, spent,
):  # fmt: skip
    """Run the recordings ``begin`` to ``end``, all nodes of a grid step by step; see ``run``."""
    n_nodes, n = v_in.shape[2], LANES * packed(state)
    for r in range(begin, end):
        blocks = load(state[r], 0, n_nodes, nodes, columns, dt, common.zero)
        own = make_own_keys(keys[r], 0, blocks, kick)
        planes, margin = make_planes(blocks, columns)
        for step in range(lengths[r]):
            hold_coupled(
                blocks, own, v_in[r, step], planes, margin, columns, common, kick, metered,
                first_step + step,
            )  # fmt: skip
            for b in range(blocks.shape[0]):
                used = spent[r, b * n // LANES :]
                write_states(blocks[b], b * n, n_nodes, common, out[r, step], metered, used)
        store(blocks, state[r], 0, n_nodes)


@njit(cache=True, error_model="numpy")
def slopes(v, t, v_in, memory, nodes):
    """Return dV/dt, dT/dt and film resistance of a single device, constants as numbers."""
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
    """Return the power in W in the device, in the load resistor and from the supply."""
    over = v_in - v
    return np.array((v * v / r, over * over / r_load, v_in * over / r_load))


@njit(cache=True, error_model="numpy")
def trace(v_in, nodes, noise, key, dt, n_micro, fourth_order):
    """Simulate one device from rest; v_in (step,) in V, held for ``n_micro`` steps of ``dt`` each.

    Returns voltage, temperature and resistance at the ends of the steps, the spike times in s and
    the energies (device, resistor, supply) in J, summed over the integrator's stages. Heun's
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
            before = abs(v) / r1  # the film heats whatever the sign
            after = abs(new_v) / slopes(new_v, new_t, u, memory, nodes)[2]
            if before < nodes.i_spike <= after:
                fraction = (nodes.i_spike - before) / (after - before)
                spikes.append((step * n_micro + micro + fraction) * dt)
            v, t = new_v, new_t
        out[0, step], out[1, step], out[2, step] = v, t, slopes(v, t, u, memory, nodes)[2]
    times = np.empty(len(spikes))
    for i in range(len(spikes)):
        times[i] = spikes[i]
    return out, times, energies


@njit(cache=True, error_model="numpy")
def sweep(temperature, r_0, r_metallic, t_c, e_a, width, beta, gamma):
    """Return the resistance in ohm along temperatures (step,) in K, with minor loops."""
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
