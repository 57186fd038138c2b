"""A channel with a metallic core behind a resistor, with a capacitor: pure functions, SI units.

C dV/dt = (V_in - V) / R_series - V / R(u),  dH/dt = V^2 / R(u) - Gamma(u) dT

u is the radius of the core relative to that of the channel, H the heat stored in core, shell and
transition. The state is y = 1 / ln(1/u), proportional to the thermal conductance: the equations
are regular in it at u = 0, where they are stiff in u and ln u runs to minus infinity. Steps are
those of Dormand and Prince, of order 5 with an error estimate of order 4 (J. Comput. Appl. Math. 6
(1980) 19).
"""

from math import exp
from typing import NamedTuple

import numpy as np
from numba import njit

from mottle.reservoir.compiled.blocks import copy

N_STATE = 6  # V, y; heat in device, loss and resistor in J; charge from the supply in C
SMALLEST_Y = 1.0 / 350.0  # below it u^2 is 0 in double precision
SAFETY, SHRINK, GROW = 0.9, 0.2, 5.0  # of a step after an error estimate


class Channel(NamedTuple):
    """Constants of one channel and its circuit."""

    r_cold: float  # ohm, without a core
    ratio: float  # resistivities, insulating over metallic, less 1
    loss: float  # W, heat flow at y = 1: thermal conductance times temperature difference
    heat: float  # J, that warms the whole channel to the transition
    latent: float  # J, that transforms the whole channel
    r_series: float  # ohm
    capacitance: float  # F


@njit(cache=True)
def core(y):
    """Return the relative radius of the core."""
    return exp(-1.0 / y) if y > SMALLEST_Y else 0.0


@njit(cache=True)
def resistance(u, device):
    """Return the resistance in ohm of core and shell in parallel."""
    return device.r_cold / (1.0 + device.ratio * u * u)


@njit(cache=True)
def enthalpy(y, device):
    """Return the heat in J stored above that of the cold channel."""
    u = core(y)
    return 0.5 * device.heat * (1.0 - u * u) * y + device.latent * u * u


@njit(cache=True)
def capacity(y, device):
    """Return dH/dy in J."""
    u = core(y)
    if u == 0.0:
        return 0.5 * device.heat
    shell = 0.5 * device.heat * (1.0 - u * u - 2.0 * u * u / y)
    return shell + 2.0 * device.latent * (u / y) ** 2


@njit(cache=True)
def slopes(x, v_in, device, out):
    """Compute the time derivatives ``out`` of the state ``x``."""
    v, y = x[0], max(x[1], 0.0)
    current = v / resistance(core(y), device)
    supplied = (v_in - v) / device.r_series
    power, lost = v * current, device.loss * y
    out[0] = (supplied - current) / device.capacitance
    out[1] = (power - lost) / capacity(y, device)
    out[2], out[3] = power, lost
    out[4], out[5] = (v_in - v) * supplied, supplied


@njit(cache=True)
def attempt(x, v_in, device, h, k, new, at):
    """Make one step of ``h`` s into ``new``; return errors of voltage in V and of y.

    ``k`` (stage, variable) holds slopes: the first row on entry, the last those at the end.
    """
    for i in range(N_STATE):
        at[i] = x[i] + h * k[0, i] / 5
    slopes(at, v_in, device, k[1])
    for i in range(N_STATE):
        at[i] = x[i] + h * (3 * k[0, i] + 9 * k[1, i]) / 40
    slopes(at, v_in, device, k[2])
    for i in range(N_STATE):
        at[i] = x[i] + h * (44 / 45 * k[0, i] - 56 / 15 * k[1, i] + 32 / 9 * k[2, i])
    slopes(at, v_in, device, k[3])
    for i in range(N_STATE):
        at[i] = x[i] + h * (
            19372 / 6561 * k[0, i] - 25360 / 2187 * k[1, i] + 64448 / 6561 * k[2, i]
            - 212 / 729 * k[3, i]
        )  # fmt: skip
    slopes(at, v_in, device, k[4])
    for i in range(N_STATE):
        at[i] = x[i] + h * (
            9017 / 3168 * k[0, i] - 355 / 33 * k[1, i] + 46732 / 5247 * k[2, i]
            + 49 / 176 * k[3, i] - 5103 / 18656 * k[4, i]
        )  # fmt: skip
    slopes(at, v_in, device, k[5])
    for i in range(N_STATE):
        new[i] = x[i] + h * (
            35 / 384 * k[0, i] + 500 / 1113 * k[2, i] + 125 / 192 * k[3, i]
            - 2187 / 6784 * k[4, i] + 11 / 84 * k[5, i]
        )  # fmt: skip
    slopes(new, v_in, device, k[6])
    for i in range(2):
        at[i] = h * (
            71 / 57600 * k[0, i] - 71 / 16695 * k[2, i] + 71 / 1920 * k[3, i]
            - 17253 / 339200 * k[4, i] + 22 / 525 * k[5, i] - k[6, i] / 40
        )  # fmt: skip
    return abs(at[0]), abs(at[1])


@njit(cache=True)
def crossing(before, after, slope_before, slope_after, h, level):
    """Return when y crosses ``level`` within a step of ``h`` s, by a cubic between its ends."""
    low, high = 0.0, 1.0
    for _ in range(50):
        s = 0.5 * (low + high)
        y = (
            (1 + 2 * s) * (1 - s) ** 2 * before + s * (1 - s) ** 2 * h * slope_before
            + s * s * (3 - 2 * s) * after + s * s * (s - 1) * h * slope_after
        )  # fmt: skip
        if y < level:
            low = s
        else:
            high = s
    return low * h


@njit(cache=True)
def trace(drive, device, dt, y_spike, rtol, most_spikes, most_steps):
    """Run a cold channel under supplies in V, each held for ``dt``.

    Returns V, y (step,), spike times in s, their number, energies in J (device, loss, resistor,
    supply), and the steps taken, more than ``most_steps`` if the run was ended.
    """
    v, y = np.empty(drive.size), np.empty(drive.size)
    spikes, n_spikes, n_steps = np.empty(most_spikes), 0, 0
    x, new, at, k = np.zeros(N_STATE), np.empty(N_STATE), np.empty(N_STATE), np.empty((7, N_STATE))
    supplied, h = 0.0, 1e-3 * min(dt, device.r_series * device.capacitance)
    for step in range(drive.size):
        v_in, left, charge = drive[step], dt, x[5]
        slopes(x, v_in, device, k[0])
        while left > 0.0:
            part = min(h, left)
            error_v, error_y = attempt(x, v_in, device, part, k, new, at)
            error = max(error_v / (abs(new[0]) + 1e-3), error_y / (abs(new[1]) + 1e-3)) / rtol
            n_steps += 1
            if n_steps > most_steps:
                return v, y, spikes, n_spikes, x[2], x[3], x[4], supplied, n_steps
            change = GROW if error == 0.0 else SAFETY * error**-0.2
            if not error <= 1.0:  # as well if it is no number
                h = part * (max(SHRINK, change) if error > 1.0 else SHRINK)
                continue
            if x[1] < y_spike <= new[1]:
                if n_spikes < most_spikes:
                    begin = step * dt + (dt - left)
                    spikes[n_spikes] = begin + crossing(
                        x[1], new[1], k[0, 1], k[6, 1], part, y_spike
                    )
                n_spikes += 1
            copy(new, x)
            copy(k[6], k[0])
            left = left - part if part < left else 0.0
            h = max(h, part * min(GROW, change)) if part < h else part * min(GROW, change)
        supplied += v_in * (x[5] - charge)
        v[step], y[step] = x[0], x[1]
    return v, y, spikes, n_spikes, x[2], x[3], x[4], supplied, n_steps
