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

from mottle.reservoir.compiled.blocks import LANES, make_blocks, make_keys
from mottle.reservoir.compiled.functions import VECTOR, clip, exp2, one_minus_cos, widen
from mottle.reservoir.compiled.noise import join, normal, normals

OBSERVABLES = ("voltage", "current", "temperature", "spikes")
N_STATE = 6  # voltage, temperature, direction, reversal temperature, offset there, last current

# fields of a block, in units of LANES; constants are those of one integration step. Offsets, and
# the quantities they are added to, are multiplied by the loop's steepness in powers of 2.
V, T, BACK, T_REVERSAL, OFFSET_REVERSAL, LAST = (LANES * k for k in range(6))
PER_OFFSET, CENTRE, T_C, V_GUESS, T_GUESS, OFFSET = (LANES * k for k in range(6, 12))
LOG_R_0, R_METALLIC, CHARGE, LEAK, HOLD, FEED = (LANES * k for k in range(12, 18))
WARM, COOL, COLD, HEAT, PER_T, T_FILM = (LANES * k for k in range(18, 24))
CURRENT, CURRENT_GUESS, UP, DOWN, LEFT, RIGHT = (LANES * k for k in range(24, 30))
V_IN, PER_R_LOAD, KICK, KICK_NEXT = (LANES * k for k in range(30, 34))
STEEP = LANES * 34  # 1/K, for powers of 2
SUM_V, SUM, SPIKES, TO_FILM, TO_LOAD, FROM_SUPPLY = (LANES * k for k in range(35, 41))
N_FIELDS = 41

STILL = -1e-12  # a smaller reversal is rounding error of a film at rest
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
def proximity(x, gamma):
    """Return numerator and denominator of an offset's decay at ``x``: 1 at 0, falling to 0.

    (1 - sin(gamma x)) / (1 + exp(4 pi x - 2 pi^2)), the published form; below 1e-10 from x = 3.5.
    """
    x = clip(x, 0.0, 3.5)
    faded = 1.0 + exp2(18.129440567308775 * x - 28.477658735561967)  # in powers of 2
    return one_minus_cos(gamma * x - 1.5707963267948966), faded


@njit(**VECTOR)
def loop_offset(t, t_reversal, offset_reversal, gamma):
    """Return the proximity temperature in K: offset of a minor loop from the major one at ``t``."""
    x = (t - t_reversal) / (1.0 if offset_reversal == 0.0 else offset_reversal)
    left, faded = proximity(x, gamma)
    return offset_reversal * left / faded


@njit(**VECTOR)
def resistance(t, direction, offset, r_0, r_metallic, t_c, e_a, width, beta):
    """Return the film resistance in ohm; ``direction`` is 1 on heating and -1 on cooling."""
    t = clip(t, 250.0, 1000.0)
    z = clip(t + offset - t_c - 0.5 * direction * width, -1000.0, 1000.0)
    return r_0 * exp2(LOG2_E * e_a / t) / (1.0 + exp2(2.0 * LOG2_E * beta * z)) + r_metallic


@njit(**VECTOR)
def locate(w, temperature, gamma):
    """Compute the minor loops' offsets and 1 / T from the field ``temperature``."""
    widen()
    for i in range(LANES):
        t = clip(w[temperature + i], 250.0, 1000.0)
        x = (w[temperature + i] - w[T_REVERSAL + i]) * w[PER_OFFSET + i]
        left, faded = proximity(x, gamma)
        both = 1.0 / (faded * t)  # one division for two
        w[OFFSET + i] = w[OFFSET_REVERSAL + i] * left * (both * t)
        w[PER_T + i] = both * faded
        w[T_FILM + i] = t


@njit(**VECTOR)
def conduct(w, voltage, current, activation):
    """Compute the field ``current`` from voltages and the results of ``locate``.

    The resistance is that of ``resistance``, with one division instead of two.
    """
    widen()
    for i in range(LANES):
        insulating = exp2(activation * w[PER_T + i] + w[LOG_R_0 + i])
        z = w[STEEP + i] * w[T_FILM + i] + w[OFFSET + i] - w[CENTRE + i]
        metallic = 1.0 + exp2(z)
        under = insulating + w[R_METALLIC + i] * metallic
        w[current + i] = w[voltage + i] * metallic / under


@njit(**VECTOR)
def predict(w):
    """Predict the end of a Heun step; return the number of films whose dT/dt changed sign."""
    widen()
    n_turned = 0
    for i in range(LANES):
        v, t, back, current = w[V + i], w[T + i], w[BACK + i], w[CURRENT + i]
        warmer = v * current * w[WARM + i] + w[HEAT + i] - w[COOL + i] * t
        w[V_GUESS + i] = v * w[HOLD + i] + w[FEED + i] - current * w[CHARGE + i]
        t_guess = t + warmer
        w[T_GUESS + i] = t_guess
        w[SUM_V + i] += v
        n_turned += 1 if back * (t_guess - t) < STILL else 0
    return n_turned


@njit(**VECTOR)
def turn(w):
    """Begin a minor loop where dT/dt changed sign.

    R is continuous at a reversal, so the slopes remain valid.
    """
    widen()
    for i in range(LANES):
        t, back, offset = w[T + i], w[BACK + i], w[OFFSET_REVERSAL + i]
        turned = back * (w[T_GUESS + i] - t) < STILL
        offset = w[OFFSET + i] - back if turned else offset
        back = -back if turned else back
        w[T_REVERSAL + i] = t if turned else w[T_REVERSAL + i]
        w[OFFSET_REVERSAL + i] = offset
        w[BACK + i] = back
        w[CENTRE + i] = w[T_C + i] + 0.5 * back
        w[PER_OFFSET + i] = w[STEEP + i] / (1.0 if offset == 0.0 else offset)


@njit(**VECTOR)
def correct(w):
    """Correct a Heun step: use the mean of the slopes at both ends."""
    widen()
    for i in range(LANES):
        v, t, current = w[V_GUESS + i], w[T_GUESS + i], w[CURRENT_GUESS + i]
        warmer = v * current * w[WARM + i] + w[HEAT + i] - w[COOL + i] * t
        w[V + i] = 0.5 * (w[V + i] + (v * w[HOLD + i] + w[FEED + i] - current * w[CHARGE + i]))
        w[T + i] = 0.5 * (w[T + i] + t + warmer)


@njit(**VECTOR)
def add_field(w, field):
    """Add a field to the sums."""
    widen()
    for i in range(LANES):
        w[SUM + i] += w[field + i]


@njit(**VECTOR)
def count(w, i_spike):
    """Count the currents that rose through ``i_spike`` A."""
    widen()
    for i in range(LANES):
        fired = (w[CURRENT + i] >= i_spike) & (w[LAST + i] < i_spike)
        w[SPIKES + i] += 1.0 if fired else 0.0
        w[LAST + i] = w[CURRENT + i]


@njit(**VECTOR)
def meter(w, voltage, current, span):
    """Add the energies of ``span`` s at one stage of a Heun step, two fields of a block."""
    widen()
    for i in range(LANES):
        v, v_in = w[voltage + i], w[V_IN + i]
        over = v_in - v
        w[TO_FILM + i] += span * v * w[current + i]
        w[TO_LOAD + i] += span * over * over * w[PER_R_LOAD + i]
        w[FROM_SUPPLY + i] += span * v_in * over * w[PER_R_LOAD + i]


@njit(**VECTOR)
def draw(w, keys, pair):
    """Draw the noise of two integration steps from the keys of a block's nodes."""
    widen()
    for i in range(LANES):
        w[KICK + i], w[KICK_NEXT + i] = normals(join(keys[i], pair))


@njit(**VECTOR)
def add_noise(w, kick, field):
    """Add thermal noise of ``kick`` K."""
    widen()
    for i in range(LANES):
        w[T + i] += kick * w[field + i]


@njit(**VECTOR)
def copy_field(w, field, plane, at):
    """Copy a field of temperatures to the plane of all nodes, at index ``at`` of the block."""
    widen()
    here = np.uint64(at)  # unsigned: no test for negative indices
    for i in range(LANES):
        plane[here + np.uint64(i)] = w[field + i]


@njit(**VECTOR)
def exchange(w, plane, at, columns):
    """Add heat from the neighbours of a block that begins in the plane at ``at``."""
    widen()
    here, row, one = np.uint64(at), np.uint64(columns), np.uint64(1)
    for i in range(LANES):
        k = here + np.uint64(i)
        t = plane[k]
        flow = w[UP + i] * (plane[k - row] - t) + w[DOWN + i] * (plane[k + row] - t)
        flow += w[LEFT + i] * (plane[k - one] - t) + w[RIGHT + i] * (plane[k + one] - t)
        w[HEAT + i] = w[COLD + i] + flow


@njit(cache=True)
def load(state, first, last, nodes, columns, dt):
    """Copy constants and states of nodes to blocks; unused lanes stay at 0 V."""
    blocks = make_blocks(last - first, N_FIELDS)
    n_nodes = nodes.r_0.size
    for lane in range(blocks.shape[0] * LANES):
        node = min(first + lane, last - 1)
        w, i = blocks[lane // LANES], lane % LANES
        for field in range(N_STATE):
            w[field * LANES + i] = state[field, node]
        steepness = 2.0 * LOG2_E * nodes.beta[node]
        w[STEEP + i] = steepness
        w[BACK + i] *= steepness * nodes.width[node]
        w[T_C + i] = steepness * nodes.t_c[node]
        w[CENTRE + i] = w[T_C + i] + 0.5 * w[BACK + i]
        offset = w[OFFSET_REVERSAL + i]
        w[PER_OFFSET + i] = steepness / (1.0 if offset == 0.0 else offset)
        w[LOG_R_0 + i] = LOG2_E * log(nodes.r_0[node])
        w[R_METALLIC + i] = nodes.r_metallic[node]
        w[CHARGE + i] = dt / nodes.capacitance[node]
        w[LEAK + i] = w[CHARGE + i] / nodes.r_load[node]
        w[HOLD + i] = 1.0 - w[LEAK + i]
        w[WARM + i] = dt / nodes.c_th[node]
        w[COOL + i] = w[WARM + i] * nodes.s_th[node] * (1.0 - 4.0 * nodes.kappa)
        w[COLD + i] = w[HEAT + i] = w[COOL + i] * nodes.t_0
        w[PER_R_LOAD + i] = 1.0 / nodes.r_load[node]
        if first + lane < last:
            flow = w[WARM + i] * nodes.s_th[node] * nodes.kappa
            w[UP + i] = flow if node >= columns else 0.0
            w[DOWN + i] = flow if node + columns < n_nodes else 0.0
            w[LEFT + i] = flow if node % columns > 0 else 0.0
            w[RIGHT + i] = flow if (node + 1) % columns > 0 else 0.0
    return blocks


@njit(cache=True)
def store(blocks, state, first, last):
    """Copy the states of the nodes of all blocks back to ``state``."""
    for node in range(first, last):
        w, i = blocks[(node - first) // LANES], (node - first) % LANES
        for field in range(N_STATE):
            state[field, node] = w[field * LANES + i]
        state[2, node] = 1.0 if w[BACK + i] > 0.0 else -1.0
        state[5, node] = w[CURRENT + i]


class Run(NamedTuple):
    """Constants of a run that all blocks share."""

    gamma: float
    activation: float  # K, for powers of 2
    i_spike: float  # A
    dt: float  # s
    n_micro: int
    kick: float  # K
    observable: int
    metered: bool


@njit(cache=True)
def begin_step(w, run):
    """Run the first half of an integration step of a block, and its measurements."""
    widen()
    locate(w, T, run.gamma)
    conduct(w, V, CURRENT, run.activation)
    if run.metered:
        meter(w, V, CURRENT, 0.5 * run.dt)
    if run.metered or run.observable == 3:
        count(w, run.i_spike)
    if (
        run.observable == 1
    ):  # fields are passed as constants: the compiler then knows that none overlap
        add_field(w, CURRENT)
    elif run.observable == 2:
        add_field(w, T)
    if predict(w) > 0:
        turn(w)


@njit(cache=True)
def end_step(w, keys, run, micro_step, fresh):
    """Run the second half of an integration step of a block; ``fresh`` draws new noise."""
    widen()
    locate(w, T_GUESS, run.gamma)
    conduct(w, V_GUESS, CURRENT_GUESS, run.activation)
    if run.metered:
        meter(w, V_GUESS, CURRENT_GUESS, 0.5 * run.dt)
    correct(w)
    if run.kick > 0.0:
        if fresh or micro_step % 2 == 0:
            draw(w, keys, micro_step // 2)
        if micro_step % 2 == 0:
            add_noise(w, run.kick, KICK)
        else:
            add_noise(w, run.kick, KICK_NEXT)


@njit(cache=True)
def write_states(w, first, last, run, out, spent):
    """Write a block's states for a step, add its energies, and clear the sums."""
    for i in range(min(LANES, last - first)):
        if run.metered:
            spent[0] += w[TO_FILM + i]
            spent[1] += w[TO_LOAD + i]
            spent[2] += w[FROM_SUPPLY + i]
            spent[3] += w[SPIKES + i]
        if run.observable == 3:
            out[first + i] = w[SPIKES + i]
        else:
            out[first + i] = w[(SUM if run.observable > 0 else SUM_V) + i] / run.n_micro
    w[SUM_V:] = 0.0


@njit(cache=True)
def drive(w, v_in):
    """Set the inputs in V of a block's nodes."""
    for i in range(v_in.size):
        w[V_IN + i] = v_in[i]
        w[FEED + i] = v_in[i] * w[LEAK + i]


@njit(cache=True)
def hold(w, keys, v_in, run, moment):
    """Advance a block by ``n_micro`` integration steps; ``moment`` counts such spans."""
    drive(w, v_in)
    for micro in range(run.n_micro):
        begin_step(w, run)
        end_step(w, keys, run, moment * run.n_micro + micro, micro == 0)


@njit(cache=True)
def run_alone(v_in, blocks, keys, first, last, first_step, run, out, spent):
    """Run the uncoupled nodes ``first`` to ``last``, block after block; see ``run``."""
    for b in range(blocks.shape[0]):
        w, at = blocks[b], first + b * LANES
        for step in range(v_in.shape[0]):
            hold(w, keys[b], v_in[step, at : min(at + LANES, last)], run, first_step + step)
            write_states(w, at, last, run, out[step], spent[b])


@njit(cache=True)
def step_coupled(blocks, keys, now, guessed, then, margin, columns, run, micro_step, fresh):
    """Advance a grid by an integration step; planes of temperatures before, guessed and after.

    The second half of a block's step follows the first as soon as its neighbours have done
    theirs, while the block is in cache.
    """
    n_blocks, lag = blocks.shape[0], columns // LANES + 1
    for b in range(n_blocks + lag):
        if b < n_blocks:
            w, at = blocks[b], margin + b * LANES
            exchange(w, now, at, columns)
            begin_step(w, run)
            copy_field(w, T_GUESS, guessed, at)
        if b >= lag:
            w, at = blocks[b - lag], margin + (b - lag) * LANES
            exchange(w, guessed, at, columns)
            end_step(w, keys[b - lag], run, micro_step, fresh)
            copy_field(w, T, then, at)


@njit(cache=True)
def make_planes(blocks, columns):
    """Return planes of temperatures, the first with those of the blocks, and their margin."""
    margin = LANES * (columns // LANES + 1)
    planes = np.zeros((3, blocks.shape[0] * LANES + 2 * margin))
    for b in range(blocks.shape[0]):
        copy_field(blocks[b], T, planes[0], margin + b * LANES)
    return planes, margin


@njit(cache=True)
def hold_coupled(blocks, keys, v_in, planes, margin, columns, run, moment):
    """Advance a grid as ``hold`` does a block; the first plane holds the temperatures."""
    now, guessed, then = planes[0], planes[1], planes[2]
    for b in range(blocks.shape[0]):
        drive(blocks[b], v_in[b * LANES : min((b + 1) * LANES, v_in.size)])
    for micro in range(run.n_micro):
        micro_step, fresh = moment * run.n_micro + micro, micro == 0
        step_coupled(blocks, keys, now, guessed, then, margin, columns, run, micro_step, fresh)
        now, then = then, now
    if run.n_micro % 2 == 1:
        planes[0] = planes[2]


@njit(cache=True)
def run_coupled(v_in, blocks, keys, columns, first_step, run, out, spent):
    """Run all nodes of a grid together, step by step; see ``run``."""
    planes, margin = make_planes(blocks, columns)
    for step in range(v_in.shape[0]):
        hold_coupled(blocks, keys, v_in[step], planes, margin, columns, run, first_step + step)
        for b in range(blocks.shape[0]):
            write_states(blocks[b], b * LANES, v_in.shape[1], run, out[step], spent[b])


@njit(cache=True)
def settings(nodes, noise, dt, n_micro, observable, metered):
    """Return the constants of a run that all blocks share."""
    return Run(
        nodes.gamma, LOG2_E * nodes.e_a, nodes.i_spike, dt, n_micro,
        noise * sqrt(dt), observable, metered,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def run(
    begin, end, width, v_in, lengths, state, keys, first_step, nodes, columns, noise, dt, n_micro,
    observable, out, spent,
):  # fmt: skip
    """Run the parts ``begin`` to ``end`` of many recordings; a part is ``width`` of its nodes.

    v_in and out (recording, step, node), state (recording, field, node); coupled nodes are one
    part. The energies of film, load and supply in J and the number of spikes are added to
    ``spent`` (recording, group of ``LANES`` nodes, 4), unless it has no groups.
    """
    n_nodes, metered = v_in.shape[2], spent.shape[1] > 0
    n_parts = (n_nodes + width - 1) // width
    common = settings(nodes, noise, dt, n_micro, observable, metered)
    nothing = np.empty(((width + LANES - 1) // LANES, 0))
    for part in range(begin, end):
        r, first = part // n_parts, part % n_parts * width
        last, group = min(first + width, n_nodes), first // LANES
        blocks = load(state[r], first, last, nodes, columns, dt)
        own = make_keys(keys[r], first, blocks.shape[0], noise > 0.0)
        n, used = lengths[r], spent[r, group:] if metered else nothing
        if nodes.kappa > 0.0:
            run_coupled(v_in[r, :n], blocks, own, columns, first_step, common, out[r, :n], used)
        else:
            run_alone(v_in[r, :n], blocks, own, first, last, first_step, common, out[r, :n], used)
        store(blocks, state[r], first, last)


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
