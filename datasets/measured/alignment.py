"""The delay from an input to the states that were recorded beside it, by cross-correlation."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, stats

from mottle.blas import threads_for

ORDER = 10  # past steps from which the input is predicted
ALPHA = 1e-4  # probability that any delay before the true one passes by chance
MOST_DIRECTIONS = 32  # principal components of the states that are correlated
MOST_STEPS = 10_000  # of the input that are correlated
LEAST_STEPS = 100
RIDGE = 1e-9  # of the unit variance of a component
REPEATS = 0.5  # correlation of an input with itself from which it repeats
PREDICTABLE = 0.99  # fraction of the variance of an input that its past explains
CLEAR = 4.0  # times the threshold that one half of a run must pass where the other is below it
Floats = NDArray[np.float64]


class Delay(NamedTuple):
    """Delay of states in samples, and how clear it is.

    ``correlation`` is the largest multiple correlation over the delays searched, ``threshold`` what
    chance reaches.
    """

    samples: int
    correlation: float
    threshold: float


def find_delay(states: Floats, u: Floats, hold: int, most: int, place: str) -> Delay:
    """Return the delay in samples from the input to the states.

    Before the delay states cannot depend on what is new in the input. So what the input's own past
    predicts is taken out of it (and out of its square, for responses that are even), and the delay
    is the smallest at which the rest is correlated with the states.

    Parameters
    ----------
    states : ndarray of shape (n_samples, n_channels)
        Recorded states.
    u : ndarray of shape (n_steps, n_inputs)
        Input.
    hold : int
        Samples for which a step of the input is held.
    most : int
        Largest delay in samples, of either sign.
    place : str
        What error messages call the run.

    Raises
    ------
    ValueError
        If the input is not correlated with the states, repeats itself, or begins beyond ``most``;
        if the delay changes from the first to the second half of the run.

    Examples
    --------
    >>> u = np.random.default_rng(0).uniform(-1, 1, (500, 1))
    >>> find_delay(np.roll(np.tanh(u), 7, axis=0), u, 1, 20, "a run").samples
    7
    """
    new, predicted = innovations(u)
    period = find_period(new)
    if period is not None and period * hold <= 2 * most:
        raise ValueError(
            f"{place}: the delay is ambiguous: the input repeats itself after {period} steps, so "
            f"that delays {period * hold} samples apart fit alike. State it with delay=, or search "
            f"fewer delays, if it is short: max_delay= below {period * hold / 2:g}."
        )
    first = max(-(-most // hold), ORDER)
    last = min((len(states) - 1 - most) // hold, len(u) - 1, first + MOST_STEPS - 1)
    if period is not None:  # further ones are no further evidence
        last = min(last, first + period - 1)
    steps = np.arange(first, last + 1)
    if steps.size < LEAST_STEPS:
        raise ValueError(
            f"{place}: {len(states)} samples and {len(u)} steps of input leave "
            f"{max(steps.size, 0)} steps to find a delay of up to {most} samples, fewer than "
            f"{LEAST_STEPS}: give a smaller max_delay=, or delay=, in samples."
        )
    scores = principal(states, min(MOST_DIRECTIONS, steps.size // 20))
    delays = np.arange(-most, most + 1)
    explained = correlate(scores, new, steps, delays, hold)
    limit = threshold(steps.size, scores.shape[1], delays.size * new.shape[1])
    found = np.flatnonzero(explained > limit)
    best = int(np.argmax(explained))
    if not found.size:
        hint = "is it the input of this run, and max_delay= large enough? delay= states it"
        if predicted > PREDICTABLE:
            hint = (
                f"the past of the input predicts {100 * predicted:.4g} % of it: drive with random "
                "steps to find the delay, or state it with delay="
            )
        raise ValueError(
            f"{place}: the input is not correlated with the states at any delay from {-most} to "
            f"{most} samples (largest multiple correlation {np.sqrt(explained[best]):.3f}, at "
            f"{delays[best]}; chance reaches {np.sqrt(limit):.3f}): {hint}."
        )
    at = int(delays[found[0]])
    if found[0] == 0:
        raise ValueError(
            f"{place}: states respond to the input at a delay of {at} samples already, the first "
            f"that was tried: raise max_delay={most}, or state delay=."
        )
    refuse_drift(scores, new, steps, delays, hold, place)
    return Delay(at, float(np.sqrt(explained[best])), float(np.sqrt(limit)))


def innovations(u: Floats) -> tuple[Floats, float]:
    """Return what is new in an input and its square, and the fraction of it that is not.

    Examples
    --------
    >>> round(innovations(np.sin(np.arange(200.0))[:, np.newaxis])[1], 6)
    1.0
    """
    scaled = (u - u.mean(axis=0)) / u.std(axis=0)
    features = np.hstack([scaled, scaled**2 - 1])
    moves = features.std(axis=0) > 1e-9  # the square of a binary input is constant
    features = features[:, moves]
    lags = [features[ORDER - k : len(features) - k] for k in range(1, ORDER + 1)]
    past = np.hstack([np.ones((len(features) - ORDER, 1)), *lags])
    now = features[ORDER:]
    rest = now - past @ linalg.lstsq(past, now)[0]
    left = rest.var(axis=0) / features.var(axis=0)
    new = np.zeros_like(features)
    new[ORDER:] = np.where(left > 1e-12, rest, 0.0)  # below it is rounding
    return new, float(1 - left[: u.shape[1]].max())


def principal(states: Floats, n: int) -> Floats:
    """Return the first principal components of states, of unit variance."""
    scale = states.std(axis=0)
    moves = scale > 1e-12 * np.abs(states).max(axis=0)
    scaled = (states[:, moves] - states[:, moves].mean(axis=0)) / scale[moves]
    with threads_for(scaled.shape[1]):
        values, axes = linalg.eigh(scaled.T @ scaled / len(scaled))
    keep = np.argsort(values)[::-1][:n]
    keep = keep[values[keep] > 1e-10 * values[-1]]
    components: Floats = scaled @ (axes[:, keep] / np.sqrt(values[keep]))
    return components


def correlate(
    scores: Floats, new: Floats, steps: NDArray[np.intp], delays: NDArray[np.intp], hold: int
) -> Floats:
    """Return the largest squared multiple correlation of the input with states, by delay."""
    wanted = new[steps] - new[steps].mean(axis=0)
    power = (wanted**2).sum(axis=0)
    wanted, power = wanted[:, power > 0], power[power > 0]
    found = np.zeros(delays.size)
    for k, delay in enumerate(delays if power.size else ()):
        x = scores[steps * hold + delay]
        x = x - x.mean(axis=0)
        shared = x.T @ wanted
        gram = x.T @ x
        gram.flat[:: len(gram) + 1] += RIDGE * len(x)  # a channel may stand still in these steps
        weights = linalg.solve(gram, shared, assume_a="pos")
        found[k] = ((shared * weights).sum(axis=0) / power).max()
    return found


def threshold(n_steps: int, n_directions: int, n_trials: int) -> float:
    """Return the squared multiple correlation that independent samples do not reach."""
    level = 1 - ALPHA / n_trials
    return float(stats.beta.ppf(level, n_directions / 2, (n_steps - n_directions - 1) / 2))


def find_period(new: Floats) -> int | None:
    """Return the number of steps after which an input repeats itself, None if it does not.

    Examples
    --------
    >>> find_period(np.tile(np.random.default_rng(0).normal(size=(150, 1)), (4, 1)))
    150
    """
    x = new[ORDER:, 0]
    n = x.size
    furthest = n - LEAST_STEPS // 2
    if furthest < 1 or not x.any():
        return None
    spectrum = np.abs(np.fft.rfft(x, 2 * n)) ** 2
    products = np.fft.irfft(spectrum)[1 : furthest + 1]
    power = np.cumsum(x**2)
    lags = np.arange(1, furthest + 1)
    both = power[n - 1 - lags] * (power[-1] - power[lags - 1])
    like = np.divide(products, np.sqrt(both), out=np.zeros(lags.size), where=both > 0)
    found = np.flatnonzero(like > REPEATS)
    return int(lags[found[0]]) if found.size else None


def refuse_drift(
    scores: Floats, new: Floats, steps: NDArray[np.intp], delays: NDArray[np.intp], hold: int,
    place: str,
) -> None:  # fmt: skip
    """Raise if the halves of a run have different delays."""
    halves = np.array_split(steps, 2)
    if halves[1].size < LEAST_STEPS:
        return
    limit = threshold(halves[1].size, scores.shape[1], delays.size * new.shape[1])
    explained = [correlate(scores, new, half, delays, hold) for half in halves]
    onsets = [np.flatnonzero(one > limit) for one in explained]
    if not all(one.size for one in onsets):
        return
    early, late = (int(one[0]) for one in onsets)
    earlier = 0 if early <= late else 1
    at = min(early, late)
    clear = explained[earlier][at] > CLEAR * limit and explained[1 - earlier][at] < limit
    if early != late and clear:
        raise ValueError(
            f"{place}: the delay is {delays[early]} samples in the first half of the run and "
            f"{delays[late]} in the second: the clocks of input and states differ, or samples are "
            "lost. Record both with one clock, or resample the states."
        )
