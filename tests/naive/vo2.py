"""The neuristor's equations solved by scipy, from reversal to reversal, unlike the kernel.

Units of the paper, in which all factors are 1: ns, V, kOhm, mA, pF, mW, K. Published tanh form.
"""

from math import exp, pi, sin, tanh

import numpy as np
from scipy.integrate import solve_ivp

WIDTH, T_C, BETA, GAMMA = 7.19357064, 332.805839, 0.252796285, 0.956269682
R_0, E_A, R_M = 5.35882879e-3, 5220.47417, 262.5 * 4.90025335
C, C_TH, S_TH, R_LOAD, T_0 = 145.34619293, 49.62776831, 0.20558726, 12.0, 325.0


def proximity(t, t_r, t_pr):
    if t_pr == 0:
        return 0.0
    x = (t - t_r) / t_pr
    return t_pr * 0.5 * (1 - sin(GAMMA * x)) * (1 + tanh(pi**2 - 2 * pi * x))


def resistance(t, delta, t_r, t_pr):
    """Film resistance in kOhm."""
    g = 0.5 + 0.5 * tanh(BETA * (delta * WIDTH / 2 + T_C - t - proximity(t, t_r, t_pr)))
    return (R_0 * exp(E_A / t) * g + R_M) / 1000


def spike_times(v_in, duration, factor=1.0):
    """Times in ns at which the current of one device rises through 1.5 mA."""
    spikes, start, y = [], 0.0, [0.0, T_0]
    memory = (1, 0.0, 0.0)

    def slopes(_, y, delta, t_r, t_pr):
        r = resistance(y[1], delta, t_r, t_pr)
        heat = (y[0] ** 2 / r - S_TH * (y[1] - T_0)) / (C_TH * factor)
        return [((v_in - y[0]) / R_LOAD - y[0] / r) / C, heat]

    def reversal(t, y, *memory):
        return slopes(t, y, *memory)[1] * memory[0]

    def spike(_, y, *memory):
        return y[0] / resistance(y[1], *memory) - 1.5

    reversal.terminal, reversal.direction, spike.direction = True, -1, 1
    while start < duration:
        leg = solve_ivp(slopes, (start, duration), y, method="DOP853", args=memory,
                        events=(reversal, spike), rtol=1e-9, atol=1e-10)  # fmt: skip
        spikes += list(leg.t_events[1])
        start, y = leg.t[-1], leg.y[:, -1]
        delta, t_r, t_pr = memory
        memory = (-delta, y[1], -delta * WIDTH + proximity(y[1], t_r, t_pr))
    return np.array(spikes)
