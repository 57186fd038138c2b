"""Plain loops over recordings, steps and nodes: what the kernels must equal."""

import numpy as np
from scipy import linalg


def echo_states(X, w_in, w, gain, bias, leak):
    x, out = np.zeros(w.shape[0]), []
    for row in X:
        x = (1 - leak) * x + leak * np.tanh(bias + gain * w_in @ row + w @ x)
        out.append(x)
    return np.array(out)


def memristor_states(v, rate, tau, eta, w_min, dt, n_fine=2000):
    """Integrate one device under held voltages by Euler's method in small steps."""
    w, out = w_min, []
    for held in v:
        for _ in range(n_fine):
            w += dt / n_fine * (rate * np.sinh(eta * held) - (w - w_min) / tau)
            w = min(max(w, 0.0), 1.0)
        out.append(w)
    return np.array(out)


def pooled(states, names, n_segments):
    n, features = len(states), []
    functions = {"mean": lambda s: s.mean(0), "last": lambda s: s[-1],
                 "max": lambda s: s.max(0), "std": lambda s: s.std(0)}  # fmt: skip
    for name in names:
        for k in range(n_segments):
            begin = k * n // n_segments
            end = max((k + 1) * n // n_segments, begin + 1)
            features.append(functions[name](states[begin:end]))
    return np.concatenate(features)


def event_memristor_states(events, taus, p_c, n_steps, duration, size, cell, polarity):
    """Advance every pixel through the times, in microseconds, of all events and step ends."""
    columns, rows = -(-size[0] // cell), -(-size[1] // cell)
    n_polarities = 2 if polarity == "split" else 1
    g = np.zeros((len(taus), rows, columns, n_polarities))
    ends = [(round((k + 1) * duration / n_steps * 1e6, 6), None) for k in range(n_steps)]
    start = events["t"][0]
    moments = sorted([((e["t"] - start), tuple(e)) for e in events] + ends, key=lambda m: m[0])
    now, out = 0.0, []
    for moment, event in moments:
        for device, tau in enumerate(taus):
            g[device] *= np.exp(-(moment - now) * 1e-6 / tau)
        now = moment
        if event is None:
            out.append(g.ravel().copy())
        else:
            _, x, y, p = event
            at = g[:, y // cell, x // cell, p if n_polarities == 2 else 0]
            at += p_c * (1 - at)
    return np.array(out)


def oscillator_states(volts, dt, r, r_series, capacitance, v_high, v_low, threshold_of):
    """Simulate one oscillator from switching to switching; ``threshold_of(n)`` is that of cycle n.

    Returns mean voltage, mean current, spikes, frequency and phase of every held step.
    """
    v, metallic, n, since, interval, threshold = 0.0, False, 0, 0.0, 0.0, v_high
    out = []
    for v_in in volts:
        left, area, charge, before = dt, 0.0, 0.0, n
        while left > 0:
            r_now, goal = (r[1], v_low) if metallic else (r[0], threshold)
            v_end = v_in * r_now / (r_now + r_series)
            tau = capacitance * r_now * r_series / (r_now + r_series)
            ratio = (v_end - v) / (v_end - goal)
            span = tau * np.log(ratio) if ratio >= 1 else np.inf
            ends, span = span < left, min(span, left)
            after = v_end + (v - v_end) * np.exp(-span / tau)
            piece = v_end * span + tau * (v - after)
            area, charge, left, since = (
                area + piece,
                charge + piece / r_now,
                left - span,
                since + span,
            )
            v = goal if ends else after
            if ends and metallic:
                metallic, threshold = False, threshold_of(n)
            elif ends:
                metallic, n = True, n + 1
                interval, since = since if n > 1 else 0.0, 0.0
        rate, phase = (1 / interval, min(since / interval, 1)) if interval else (0.0, 0.0)
        out.append((area / dt, charge / dt, n - before, rate, phase))
    return np.array(out)


def lif_states(X, w_in, w, v_gain, v_bias, neuron, dt, n_inner=1):
    """Return spikes and voltages of a network, by scipy neuron by neuron and step by step."""
    n = w.shape[0]
    v, s, free_at = np.zeros(n), np.zeros(n), np.zeros(n)
    keep, keep_s = np.exp(-dt / neuron.tau), np.exp(-dt / neuron.tau_synapse)
    spikes, voltages, now = [], [], 0
    for row in X:
        count = np.zeros(n)
        for _ in range(n_inner):
            fired = []
            for i in range(n):
                u = neuron.gain * (v_bias + v_gain * (w_in[i] @ row))
                system = [[-1 / neuron.tau, 1 / neuron.tau], [0, -1 / neuron.tau_synapse]]
                pushed = (linalg.expm(np.array(system) * dt) @ [0, s[i]])[0]
                v[i] = u + (v[i] - u) * keep + pushed
                if now < free_at[i]:
                    v[i] = neuron.v_reset
                elif v[i] >= neuron.v_threshold:
                    v[i] = neuron.v_reset
                    fired.append(i)
                    free_at[i] = now + 1 + np.ceil(neuron.t_refractory / dt - 1e-9)
            s = s * keep_s + w[:, fired].sum(axis=1)
            count[fired] += 1
            now += 1
        spikes.append(count)
        voltages.append(v.copy())
    return np.array(spikes), np.array(voltages)
