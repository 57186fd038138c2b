"""Cells written one pulse after another, each pulse by the device's plain formulas or by scipy."""

import numpy as np
from naive.devices import pulse_weights
from scipy.integrate import solve_ivp
from scipy.optimize import brentq


def pulsed(device, targets, tolerance, most):
    """Return conductances and pulse counts of noiseless devices after write-verify."""
    per_weight = (device.g_max - device.g_min) / (device.w_max - device.w_min)
    found, counts, charge = [], [], []
    for target in targets:
        w, count, passed = device.w_min, 0, 0.0
        while True:
            g = device.g_min + (w - device.w_min) * per_weight
            if abs(g - target) <= tolerance or count == most:
                break
            pulse = 1.0 if g < target else -1.0
            w = pulse_weights(device._replace(w_0=w), [pulse])[0]
            after = device.g_min + (w - device.w_min) * per_weight
            passed += (g + after) / 2
            count += 1
        found.append(g)
        counts.append(count)
        charge.append(passed)
    return np.array(found), np.array(counts), np.array(charge)


def memdiode_current(v, x):
    """Current of the HfO2 memdiode in state x."""
    i_0 = np.exp(np.log(1.8e-6) * (1 - x) + np.log(1.23e-3) * x)
    alpha, r = 3 + 0.8 * x, 256 - 139 * x
    size = abs(v)
    i = brentq(lambda i: i_0 * np.sinh(alpha * (size - r * i)) - i, 0, size / r, xtol=1e-20)
    return np.sign(v) * i


def ramped(target, tolerance, start, step, most_volts, t_pulse, most):
    """Return conductance, pulses and energy of a memdiode; a polarity change restarts the ramp."""
    x, count, last, raised, energy = 0.0, 0, None, 0, 0.0
    while True:
        g = memdiode_current(0.2, x) / 0.2
        if abs(g - target) <= tolerance or count == most:
            return g, count, energy
        side = "set" if g < target else "reset"
        raised = raised + 1 if side == last else 0
        last = side
        height = min(start + step * raised, most_volts[0 if side == "set" else 1])
        v = height if side == "set" else -height
        up, down = np.exp(v / 0.0899) / 1.796e6, np.exp(-v / 0.1905) / 132
        before = memdiode_current(v, x)
        x = solve_ivp(lambda _, x, up=up, down=down: up * (1 - x) - down * x, (0, t_pulse), [x],
                      method="Radau", rtol=1e-11, atol=1e-14).y[0, -1]  # fmt: skip
        energy += v * (before + memdiode_current(v, x)) / 2 * t_pulse
        count += 1


def readout(X, centre, half, bits, weights, bias, g_min, g_max, n_levels, adc):
    """Return the decision of a differential crossbar, sample by sample and cell by cell.

    Weights (row, output) are of scaled features; ``adc`` is (bits, low, high) in A, volts are 0.2.
    """
    largest = max(abs(w) for row in weights for w in row)
    out = []
    for x in X:
        row = list(bias)
        for output in range(len(bias)):
            for sign in (1, -1):
                current = 0.0
                for j in range(len(x)):
                    v = 0.2 * (x[j] - centre[j]) / half[j]
                    step = 0.4 / 2**bits
                    code = min(max(int(np.floor((v + 0.2) / step)), 0), 2**bits - 1)
                    volts = -0.2 + (code + 0.5) * step
                    part = max(sign * weights[j][output], 0) / largest
                    level = round(part * (n_levels - 1)) / (n_levels - 1)
                    current += volts * (g_min + level * (g_max - g_min))
                step = (adc[2] - adc[1]) / 2 ** adc[0]
                code = min(max(int(np.floor((current - adc[1]) / step)), 0), 2 ** adc[0] - 1)
                converted = adc[1] + (code + 0.5) * step
                row[output] += sign * converted / 0.2 * largest / (g_max - g_min)
        out.append(row)
    return np.array(out)
