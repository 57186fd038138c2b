"""Devices solved by scipy: switch circuits between switchings, memristors step by step."""

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq


def spikes(slope, across, v, v_high, v_low, duration):
    """Return switch-on times and indices; ``across(v)`` are the voltages over the switches.

    ``slope(v, metallic)`` is dv/dt; thresholds are one for all switches or one per switch.
    """
    metallic, start, found = [False] * len(across(v)), 0.0, []
    high, low = (np.broadcast_to(limit, len(metallic)) for limit in (v_high, v_low))
    while start < duration:

        def event(k, on=tuple(metallic)):
            def over(_, y):
                return low[k] - across(y)[k] if on[k] else across(y)[k] - high[k]

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


def burst(device, v_in, duration):
    """Output spikes of the bursting circuit, its constants spelt out."""
    slow, fast, link = 1 / device.r_slow, 1 / device.r_fast, 1 / device.r_link

    def slope(v, on):
        g = np.where(on, 1 / device.r_metallic, 1 / device.r_insulating)
        between = (v[1] - v[0]) * link
        return [
            (slow * (v_in - v[0]) + between - g[0] * v[0]) / device.c_slow,
            (fast * (v_in - v[1]) - between - g[1] * v[1]) / device.c_fast,
        ]

    high = (device.v_high_slow, device.v_high)
    low = (device.v_low_slow, device.v_low)
    found = spikes(slope, lambda v: v, np.zeros(2), high, low, duration)
    return np.array([time for time, k in found if k == 1])


def filament(device, v_in, duration):
    """Filament and residue of an open Ag device without noise, by scipy, with or without C."""

    def slope(_, y):
        f, r, v = y
        total = f + r
        gap = np.expm1((1 - total) / device.lam) / np.expm1(1 / device.lam)
        ohm = device.r_on * total + device.r_off * gap
        rate = 0.0
        if device.capacitance:
            rate = ((v_in - v) / device.r_series - v / ohm) / device.capacitance
        else:
            v = v_in * ohm / (ohm + device.r_series)
        growth = device.mu * v / (device.alpha + 1 - total) - (device.gamma_1 + device.beta) * f
        return [growth, device.beta * f - device.gamma_2 * r, rate]

    start = [0.0, device.residue[0], 0.0]
    end = solve_ivp(slope, (0, duration), start, method="LSODA", rtol=1e-10, atol=1e-12)
    return end.y[0, -1], end.y[1, -1]


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


def memdiode(v, dt):
    """State and current of the HfO2 memdiode under held voltages, by scipy."""
    x, states, currents = 0.0, [], []
    for held in v:
        up, down = np.exp(held / 0.0899) / 1.796e6, np.exp(-held / 0.1905) / 132
        x = solve_ivp(lambda _, x, up=up, down=down: up * (1 - x) - down * x, (0, dt), [x],
                      method="Radau", rtol=1e-9, atol=1e-13).y[0, -1]  # fmt: skip
        i_0 = np.exp(np.log(1.8e-6) * (1 - x) + np.log(1.23e-3) * x)
        alpha, r = 3 + 0.8 * x, 256 - 139 * x

        def excess(i, i_0=i_0, alpha=alpha, r=r, held=held):
            return i_0 * np.sinh(alpha * (held - r * i)) - i

        currents.append(brentq(excess, -abs(held) / r - 1e-12, abs(held) / r + 1e-12, xtol=1e-18))
        states.append(x)
    return np.array(states), np.array(currents)


def yakopcic(v, dt):
    """State of Yakopcic's model, constants of Miao's device, under held voltages, by scipy."""

    def slope(_, x, held):
        x = min(max(x[0], 0.0), 1.0)
        if held > 0.09:
            slow = np.exp(0.3 - x) * ((0.3 - x) / 0.7 + 1) if x >= 0.3 else 1.0
            return [7.5 * (np.exp(held) - np.exp(0.09)) * slow]
        if held < -0.75:
            slow = np.exp(5 * (x - 0.5)) * x / 0.5 if x <= 0.5 else 1.0
            return [-2.0 * (np.exp(-held) - np.exp(0.75)) * slow]
        return [0.0]

    x, out = 0.11, []
    for held in v:
        x = solve_ivp(slope, (0, dt), [x], args=(held,), rtol=1e-9, atol=1e-12).y[0, -1]
        out.append(x)
    return np.array(out)


def pulse_weights(device, pulses):
    """Return weights after each pulse by the published formulas, for each rule and direction."""
    w, out = device.w_0, []
    low, high = device.w_min, device.w_max
    for pulse in pulses:
        side, d = (0, 1) if pulse > 0 else (1, -1)
        step = device.step[side]
        if pulse == 0:
            change = 0.0
        elif device.rule == "linear":
            slope = -device.gamma[side] / (high if d > 0 else low) if device.gamma[side] else 0.0
            change = d * step * (1 + slope * w)
        elif device.rule == "exponential":
            z = 2 * device.scale * w / (high - low) + device.shift
            y = 1 - device.a[side] * np.exp(d * device.gamma[side] * z)
            change = d * step * max(y, 0)
        else:
            nl = device.gamma[side]
            a = brentq(lambda a, nl=nl: 10.102 * (_b(a) - a - a * np.log(_b(a) / a)) - nl, 0.01, 99)
            g = (w - low) if d > 0 else (high - w)
            p = brentq(lambda p, a=a, g=g: _b(a) * (1 - np.exp(-p / a)) - g, -1e-9, 1 + 1e-9)
            change = d * (_b(a) * (1 - np.exp(-min(p + step, 1) / a)) - g)
        w = min(max(w + change, low), high)
        out.append(w)
    return np.array(out)


def _b(a):
    return 1 / (1 - np.exp(-1 / a))


def interface_states(v, dt):
    """Return states of the default interface device, by its two equations."""
    written, age, out = 0.0, None, []
    for held in v:
        now = written if age is None else written * (1 + age / 1e-2) ** -0.1
        if abs(held) >= 0.5:
            rate = np.exp(abs(held) / 0.3) / 1.0
            goal = 1.0 if held > 0 else 0.0
            written, age = goal + (now - goal) * np.exp(-rate * dt), 0.0
        elif age is not None:
            age += dt
        out.append(written if age is None else written * (1 + age / 1e-2) ** -0.1)
    return np.array(out)


def channel(device, v_in, duration):
    """Voltage, core and times of switching of an NbO2 channel, by scipy with the heat as state.

    The radius that belongs to a heat is found as a root of the integral of the temperature: it is
    linear in ln(radius) through the shell, and that of the transition in the core.
    """
    volume = np.pi * device.radius**2 * device.length

    def heat(y):  # of 1 / ln(1/u)
        u = np.exp(-1 / y) if y > 0 else 0.0
        shell = 2 * y * (0.25 * (1 - u**2) - (0.5 * u**2 / y if y > 0 else 0.0))
        warm = device.heat_capacity * device.delta_t * (u**2 + shell)
        return volume * (warm + device.latent_heat * u**2)

    def slope(_, x):
        v, h = x
        y = brentq(lambda y: heat(y) - h, 0.0, 1e3, xtol=1e-15) if h > 0 else 0.0
        ohm = resistance(y)
        flow = 2 * np.pi * device.length * device.conductivity * y * device.delta_t
        return [((v_in - v) / device.r_series - v / ohm) / device.capacitance, v * v / ohm - flow]

    def resistance(y):
        u = np.exp(-1 / y) if y > 0 else 0.0
        shell = device.rho_insulating * device.length / (np.pi * device.radius**2)
        return shell / (1 + (device.rho_insulating / device.rho_metallic - 1) * u**2)

    end = solve_ivp(slope, (0, duration), [0.0, 0.0], method="LSODA", rtol=1e-9, atol=[1e-9, 1e-24])
    return end.y[0, -1], np.exp(
        -1 / brentq(lambda y: heat(y) - end.y[1, -1], 1e-9, 1e3, xtol=1e-15)
    )
