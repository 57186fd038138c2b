"""Threshold-switch circuits handed to scipy, from switching to switching."""

import numpy as np
from scipy.integrate import solve_ivp


def spikes(slope, seen, v, v_high, v_low, duration):
    """Switch-on times and places of any circuit; ``seen(v)`` are the voltages over the switches.

    ``slope(v, metallic)`` gives dv/dt.
    """
    metallic, start, found = [False] * len(seen(v)), 0.0, []
    while start < duration:

        def event(k, on=tuple(metallic)):
            def over(_, y):
                return v_low - seen(y)[k] if on[k] else seen(y)[k] - v_high

            over.terminal, over.direction = True, 1
            return over

        leg = solve_ivp(lambda _, v, on=tuple(metallic): slope(v, on), (start, duration), v,
                        method="DOP853", rtol=1e-11, atol=1e-13, max_step=duration / 50,
                        events=[event(k) for k in range(len(metallic))])  # fmt: skip
        start, v = leg.t[-1], leg.y[:, -1]
        for k, times in enumerate(leg.t_events):
            if times.size:
                metallic[k] = not metallic[k]
                if metallic[k]:
                    found.append((times[0], k))
    return found


def oscillators(v_in, r_series, capacitance, duration, r=(1e5, 1e3), c_link=0.0, g_link=0.0):
    """Spikes of two oscillators coupled by a capacitor and a resistor."""
    inverse = np.linalg.inv(np.diag([capacitance + c_link] * 2) - c_link * (1 - np.eye(2)))
    r_series = np.array(r_series)

    def slope(v, on):
        own = (v_in - v) / r_series - v / np.where(on, r[1], r[0])
        return inverse @ (own + g_link * (v[::-1] - v))

    return spikes(slope, lambda v: v, np.array([0.0, 0.5]), 1.99, 0.99, duration)


def neuristor(i_in, duration):
    """Output spikes of the two-switch neuristor."""

    def slope(v, on):
        g = np.where(on, 1 / 50e3, 1 / 10e6)
        link = (v[1] - v[0]) / 100e3
        one = (i_in + link - g[0] * (v[0] + 0.9)) / 3e-9
        return [one, (-link - g[1] * (v[1] - 0.9) - v[1] / 1e9) / 2e-9]

    found = spikes(slope, lambda v: (v[0] + 0.9, 0.9 - v[1]), np.zeros(2), 1.0, 0.5, duration)
    return np.array([time for time, k in found if k == 1])


def drift(v, dt, w, window, power):
    """Linear ion drift of the HP device under held voltages, by scipy."""

    def slope(_, w, held):
        i = held / (100 * w[0] + 16e3 * (1 - w[0]))
        if window == "joglekar":
            f = 1 - (2 * w[0] - 1) ** (2 * power)
        elif window == "biolek":
            f = 1 - (w[0] - (i <= 0)) ** (2 * power)
        else:
            f = 1
        return [1e4 * i * f]

    out = []
    for held in v:
        w = solve_ivp(slope, (0, dt), [w], args=(held,), rtol=1e-11, atol=1e-13).y[0, -1]
        out.append(w)
    return np.array(out)
