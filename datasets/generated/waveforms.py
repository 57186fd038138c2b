"""Waveforms to be classified: sines, squares, triangles, sawteeth."""

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from mottle.checks import check_number, check_whole

WAVES = ("sine", "square", "triangle", "sawtooth")


def waveform_classes(
    n_recordings: int = 100,
    n_steps: int = 100,
    *,
    noise: float = 0.1,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Draw sines, squares, triangles and sawteeth of random frequency and phase.

    Parameters
    ----------
    n_recordings : int, default=100
        Waves; classes take turns.
    n_steps : int, default=100
        Samples of each.
    noise : float, default=0.1
        Standard deviation of white noise; the amplitude is 1.
    random_state : int, RandomState instance or None, default=None
        Draws frequency (2 to 5 periods a recording), phase and noise.

    Returns
    -------
    X : ndarray of shape (n_recordings, n_steps, 1)
        Waves.
    y : ndarray of str, shape (n_recordings,)
        "sine", "square", "triangle" or "sawtooth".

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> X, y = waveform_classes(8, 50, random_state=0)
    >>> X.shape, y[:4].tolist()
    ((8, 50, 1), ['sine', 'square', 'triangle', 'sawtooth'])
    """
    check_whole("n_steps", n_steps)
    check_whole("n_recordings", n_recordings)
    check_number("noise", noise, least=0)
    rng = check_random_state(random_state)
    label = np.arange(n_recordings) % len(WAVES)
    turns = rng.uniform(2, 5, n_recordings)[:, None] * np.arange(n_steps) / n_steps
    phase = (turns + rng.uniform(0, 1, n_recordings)[:, None]) % 1.0
    shapes = np.stack([wave(name, phase) for name in WAVES])
    X = shapes[label, np.arange(n_recordings)] + rng.normal(0, noise, phase.shape)
    return X[:, :, np.newaxis], np.array(WAVES)[label]


def wave(name: str, phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a wave of amplitude 1 at phases of 0 to 1."""
    if name == "sine":
        return np.sin(2 * np.pi * phase)
    if name == "square":
        return np.where(phase < 0.5, 1.0, -1.0)
    if name == "triangle":
        return 1 - 4 * np.abs(((phase + 0.25) % 1.0) - 0.5)
    return 2 * phase - 1


def sine_square(
    n_periods: int = 100,
    n_per_period: int = 8,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Draw a random sequence of sine and square periods, each point to be classified.

    Parameters
    ----------
    n_periods : int, default=100
        Periods.
    n_per_period : int, default=8
        Points of each, at least 4.
    random_state : int, RandomState instance or None, default=None
        Draws which is which.

    Returns
    -------
    u : ndarray of shape (n_periods * n_per_period, 1)
        -1 to 1.
    y : ndarray of int, shape (n_periods * n_per_period,)
        0 in a sine, 1 in a square. Both have points at 1 and -1: to classify those takes memory.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    J. Torrejon et al., Nature 547 (2017) 428, doi:10.1038/nature23011; Y. Paquot et al., Sci. Rep.
    2 (2012) 287, doi:10.1038/srep00287.

    Examples
    --------
    >>> u, y = sine_square(5, random_state=0)
    >>> u.shape, y.shape
    ((40, 1), (40,))
    """
    check_whole("n_periods", n_periods)
    check_whole("n_per_period", n_per_period, 4)
    square = check_random_state(random_state).randint(0, 2, n_periods)
    phase = np.arange(n_per_period) / n_per_period
    shapes = np.stack([wave("sine", phase), wave("square", phase)])
    return shapes[square].reshape(-1, 1), np.repeat(square, n_per_period)
