"""Encoders in plain loops: one event, one row at a time."""

import math


def event_counts(events, n_steps, duration_us, cell, size, polarity):
    """Return {(step, row, column, polarity index): count}, and dropped events by reason."""
    start = int(events["t"][0])
    counts, outside, late = {}, 0, 0
    for event in events:
        t, x, y, p = (int(event[name]) for name in "txyp")
        if not (0 <= x < size[0] and 0 <= y < size[1]):
            outside += 1
            continue
        step = None
        for candidate in range(n_steps):  # edges as fractions, never divided
            if candidate * duration_us <= (t - start) * n_steps < (candidate + 1) * duration_us:
                step = candidate
        if step is None:
            late += 1
            continue
        key = (step, y // cell, x // cell, p if polarity == "split" else 0)
        amount = (1 if p else -1) if polarity == "signed" else 1
        counts[key] = counts.get(key, 0) + amount
    return counts, outside, late


def time_surface(events, step, n_steps, duration_us, tau_us, row, column, polarity):
    """Value of one pixel at the end of one step: the latest event before it, decayed."""
    start = int(events["t"][0])
    end = (step + 1) * duration_us / n_steps
    last = None
    for event in events:
        t = int(event["t"]) - start
        if t < end and (event["x"], event["y"], event["p"]) == (column, row, polarity):
            last = t
    return 0.0 if last is None else math.exp(-(end - last) / tau_us)


def first_latency(events, step, n_steps, duration_us, row, column, polarity):
    """How early in a step the first event of a pixel came: 1 at its beginning, 0 at its end."""
    start = int(events["t"][0])
    begin, end = step * duration_us / n_steps, (step + 1) * duration_us / n_steps
    for event in events:
        t = int(event["t"]) - start
        if begin <= t < end and (event["x"], event["y"], event["p"]) == (column, row, polarity):
            return (end - t) / (end - begin)
    return 0.0


def bin_rows(rows, n_steps):
    """Rows of every step, row i in step floor(i * n_steps / n_rows)."""
    bins = [[] for _ in range(n_steps)]
    for i, row in enumerate(rows):
        bins[i * n_steps // len(rows)].append(row)
    return bins


def send_on_delta(channel, threshold):
    """(up, down) at every row; the reference walks one threshold at a time."""
    reference, out = channel[0], []
    for value in channel:
        up = down = 0
        while value - reference >= threshold:
            reference, up = reference + threshold, up + 1
        while reference - value >= threshold:
            reference, down = reference - threshold, down + 1
        out.append((up, down))
    return out


def leaky_rate(channel, time, tau):
    """Rate of the leaky mean, from one row to the next."""
    mean, out = channel[0], [0.0]
    for i in range(1, len(channel)):
        dt = time[i] - time[i - 1]
        mean_next = channel[i] + (mean - channel[i]) * math.exp(-dt / tau)
        out.append((mean_next - mean) / dt)
        mean = mean_next
    return out
