"""STDP in plain loops: every pair and triplet of spikes, without traces."""

from itertools import pairwise

import numpy as np
from scipy.integrate import quad


def overlap(delta_t, v_th=1.0, v_0=1 / 7):
    """Change by two ideal pulses, by scipy."""

    def spike(t):
        if -5e-3 < t < 0:
            return (np.exp(t / 5e-3) - np.exp(-1)) / (1 - np.exp(-1))
        return -0.5 * (np.exp(-t / 20e-3) - np.exp(-5)) / (1 - np.exp(-5)) if 0 <= t < 0.1 else 0.0

    def rate(t):
        v = spike(t - delta_t) - spike(t)
        return np.sign(v) * max(np.exp(abs(v) / v_0) - np.exp(v_th / v_0), 0.0)

    corners = np.unique([s + d for s in (-5e-3, 0.0, 0.1) for d in (0.0, delta_t)])
    legs = pairwise(corners)
    return sum(quad(rate, a, b, limit=200, epsabs=1e-10)[0] for a, b in legs)


def triplets(pre, post, rule):
    """Return the change of an unbounded weight; of simultaneous spikes the input's comes first."""
    change = 0.0
    for t in post:
        pairs = sum(np.exp(-(t - s) / rule.tau_plus) for s in pre if s <= t)
        slow = sum(np.exp(-(t - s) / rule.tau_y) for s in post if s < t)
        change += pairs * (rule.a2_plus + rule.a3_plus * slow)
    for t in pre:
        pairs = sum(np.exp(-(t - s) / rule.tau_minus) for s in post if s < t)
        slow = sum(np.exp(-(t - s) / rule.tau_x) for s in pre if s < t)
        change -= pairs * (rule.a2_minus + rule.a3_minus * slow)
    return change


def learn(recordings, weights, thresholds, rule, rate, forget, tau, inhibition, homeostasis,
          target):  # fmt: skip
    """Train fully connected neurons with a pair rule and soft bounds on (time, input) spikes."""
    weights, thresholds = weights.copy(), thresholds.copy()

    def move(i, j, change):
        change *= 1 - weights[i, j] if change > 0 else weights[i, j]
        weights[i, j] = np.clip(weights[i, j] + change, 0, 1)

    def kernel(ages, tau):
        return sum(np.exp(-age / tau) for age in ages)

    for spikes in recordings:
        v, last = np.zeros(len(thresholds)), 0.0
        pre = [[] for _ in weights]
        post = [[] for _ in thresholds]
        for t in np.unique(spikes[:, 0]):
            volley = spikes[spikes[:, 0] == t, 1].astype(int)
            v = np.maximum(v * np.exp(-(t - last) / tau) + weights[volley].sum(axis=0), 0)
            last = t
            for i in volley:
                for j, fired in enumerate(post):
                    ages = [t - s for s in fired]
                    move(i, j, -rate * rule.a_minus / rule.a_plus * kernel(ages, rule.tau_minus))
                pre[i].append(t)
            while (v > thresholds).any():
                j = int(np.argmax(v - thresholds))
                for i, spiked in enumerate(pre):
                    ages = [t - s for s in spiked]
                    move(i, j, rate * (kernel(ages, rule.tau_plus) - forget))
                post[j].append(t)
                v *= 1 - inhibition
                v[j] = 0
                thresholds[j] *= 1 + homeostasis
        thresholds *= np.exp(-homeostasis * target)
    return weights, thresholds


def respond(spikes, weights, thresholds, tau, segments):
    """Return spikes of graded neurons (segment, neuron); ``segments`` are their end times."""
    counts, v, last = np.zeros((len(segments), len(thresholds))), np.zeros(len(thresholds)), 0.0
    for t in np.unique(spikes[:, 0]):
        volley = spikes[spikes[:, 0] == t, 1].astype(int)
        push = (weights[volley] - weights[volley].mean(axis=1, keepdims=True)).sum(axis=0)
        v = np.maximum(v * np.exp(-(t - last) / tau) + push, 0)
        last = t
        fires = v > thresholds
        counts[np.searchsorted(segments, t, side="right")] += fires
        v[fires] = 0
    return counts
