"""Sequences made by a rule, for examples and tests."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state


def narma(
    n_steps: int = 1000,
    order: int = 10,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Draw a NARMA sequence: the usual test of memory and nonlinearity.

    .. math:: y_{t+1} = 0.3 y_t + 0.05 y_t \sum_{i=0}^{n-1} y_{t-i} + 1.5 u_{t-n+1} u_t + 0.1

    with u uniform in [0, 0.5] and y = 0 up to step n - 1. Above order 10 nearly all sequences
    diverge, so that the right side goes through tanh, with 0.01 instead of 0.1, as is usual for
    NARMA-20. Row t of the output is the value which follows from the inputs up to row t, so that a
    model sees u[: t + 1] and is asked for y[t]. A sequence that diverges, as some do, is drawn
    anew.

    Parameters
    ----------
    n_steps : int, default=1000
        Length.
    order : int, default=10
        n above, 1 to 30.
    random_state : int, RandomState instance or None, default=None
        Draws u.

    Returns
    -------
    u : ndarray of shape (n_steps, 1)
        Input, 0 to 0.5, dimensionless.
    y : ndarray of shape (n_steps,)
        Target, within 0 to 1.

    Raises
    ------
    ValueError
        If ``n_steps`` or ``order`` is out of range, or 100 drawings diverge.

    References
    ----------
    A. F. Atiya, A. G. Parlos, IEEE Trans. Neural Networks 11 (2000) 697, doi:10.1109/72.846741;
    order 20 with tanh: A. Rodan, P. Tino, IEEE Trans. Neural Networks 22 (2011) 131.

    Examples
    --------
    >>> u, y = narma(200, random_state=0)
    >>> u.shape, y.shape
    ((200, 1), (200,))
    """
    if n_steps < 1:
        raise ValueError(f"n_steps={n_steps} must be at least 1")
    if not 1 <= order <= 30:
        raise ValueError(f"order={order} must be 1 to 30")
    rng = check_random_state(random_state)
    for _ in range(100):
        u = rng.uniform(0.0, 0.5, n_steps)
        y = np.zeros(n_steps + 1)
        for t in range(order - 1, n_steps):
            recent = y[t - order + 1 : t + 1].sum()
            grown = 0.3 * y[t] + 0.05 * y[t] * recent + 1.5 * u[t - order + 1] * u[t]
            y[t + 1] = grown + 0.1 if order <= 10 else np.tanh(grown + 0.01)
            if not y[t + 1] <= 1.0:
                break
        else:
            return u[:, np.newaxis], y[1:]
    raise ValueError(
        f"100 sequences of n_steps={n_steps} and order={order} diverged; take a shorter one"
    )


Flow = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def _check(n_steps: int, **positive: float) -> None:
    if isinstance(n_steps, bool) or not isinstance(n_steps, int | np.integer) or n_steps < 1:
        raise ValueError(f"n_steps={n_steps!r} must be a whole number of at least 1")
    for name, value in positive.items():
        if not 0 < value < np.inf:
            raise ValueError(f"{name}={value} must be a finite number above 0")


def _follow(
    flow: Flow, x: NDArray[np.float64], n_steps: int, dt: float, n_sub: int, washout: float
) -> NDArray[np.float64]:
    """Follow a flow by fourth-order Runge-Kutta, ``n_sub`` inner steps a sample."""
    h = dt / n_sub
    out = np.empty((n_steps, x.size))
    for k in range(-round(washout / dt), n_steps):
        if k >= 0:
            out[k] = x
        for _ in range(n_sub):
            a = flow(x)
            b = flow(x + 0.5 * h * a)
            c = flow(x + 0.5 * h * b)
            d = flow(x + h * c)
            x = x + h / 6 * (a + 2 * b + 2 * c + d)
    return out


def mackey_glass(
    n_steps: int = 1000,
    tau: float = 17.0,
    *,
    dt: float = 1.0,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.float64]:
    r"""Follow the Mackey-Glass equation, the usual test of short forecasts.

    .. math:: \dot x = 0.2 x(t - \tau) / (1 + x(t - \tau)^{10}) - 0.1 x

    by fourth-order Runge-Kutta in steps of 0.1, the delayed value between steps by cubic
    interpolation. The past before time 0 is constant, drawn from 1.1 to 1.3; the first 1000 units
    of time are left out.

    Parameters
    ----------
    n_steps : int, default=1000
        Samples.
    tau : float, default=17.0
        Delay, a multiple of 0.1; chaotic above 16.8.
    dt : float, default=1.0
        Time between samples, a multiple of 0.1.
    random_state : int, RandomState instance or None, default=None
        Draws the past.

    Returns
    -------
    ndarray of shape (n_steps, 1)
        0.2 to 1.4; not scaled.

    Raises
    ------
    ValueError
        If an argument is out of range or no multiple of 0.1.

    References
    ----------
    M. C. Mackey, L. Glass, Science 197 (1977) 287, doi:10.1126/science.267326.

    Examples
    --------
    >>> x = mackey_glass(500, random_state=0)
    >>> x.shape, bool(0.2 < x.min() < x.max() < 1.4)
    ((500, 1), True)
    """
    _check(n_steps, tau=tau, dt=dt)
    h = 0.1
    lag, every = round(tau / h), round(dt / h)
    if abs(lag * h - tau) > 1e-9 or abs(every * h - dt) > 1e-9 or lag < 2:
        raise ValueError(f"tau={tau} and dt={dt} must be multiples of 0.1, tau at least 0.2")
    n_before = round(1000 / h)
    n = n_before + (n_steps - 1) * every
    x = np.empty(lag + n + 1)
    x[: lag + 1] = check_random_state(random_state).uniform(1.1, 1.3)
    for k in range(lag, lag + n):
        old, new = x[k - lag], x[k - lag + 1]
        before = x[k - lag - 1] if k > lag else old
        half = (-before + 9 * old + 9 * new - x[k - lag + 2]) / 16
        rise_0, rise_h, rise_1 = (0.2 * z / (1 + z**10) for z in (old, half, new))
        a = rise_0 - 0.1 * x[k]
        b = rise_h - 0.1 * (x[k] + 0.5 * h * a)
        c = rise_h - 0.1 * (x[k] + 0.5 * h * b)
        d = rise_1 - 0.1 * (x[k] + h * c)
        x[k + 1] = x[k] + h / 6 * (a + 2 * b + 2 * c + d)
    return x[lag + n_before :: every, np.newaxis][:n_steps]


def lorenz63(
    n_steps: int = 1000,
    *,
    dt: float = 0.02,
    sigma: float = 10.0,
    rho: float = 28.0,
    beta: float = 8 / 3,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.float64]:
    r"""Follow the Lorenz system of 1963.

    .. math:: \dot x = \sigma (y - x),\ \dot y = x (\rho - z) - y,\ \dot z = x y - \beta z

    by fourth-order Runge-Kutta, four steps a sample, from a point near (1, 1, 20); the first 40
    units of time are left out. Its largest Lyapunov exponent is 0.9056.

    Parameters
    ----------
    n_steps : int, default=1000
        Samples.
    dt : float, default=0.02
        Time between samples.
    sigma, rho, beta : float
        Constants.
    random_state : int, RandomState instance or None, default=None
        Draws the start.

    Returns
    -------
    ndarray of shape (n_steps, 3)
        x, y, z; not scaled.

    Raises
    ------
    ValueError
        If ``n_steps`` or ``dt`` is out of range.

    References
    ----------
    E. N. Lorenz, J. Atmos. Sci. 20 (1963) 130.

    Examples
    --------
    >>> lorenz63(100, random_state=0).shape
    (100, 3)
    """
    _check(n_steps, dt=dt)

    def flow(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([
            sigma * (x[1] - x[0]), x[0] * (rho - x[2]) - x[1], x[0] * x[1] - beta * x[2]
        ])  # fmt: skip

    start = np.array([1.0, 1.0, 20.0]) + check_random_state(random_state).normal(0, 0.1, 3)
    return _follow(flow, start, n_steps, dt, 4, 40.0)


def lorenz96(
    n_steps: int = 1000,
    n_sites: int = 36,
    *,
    dt: float = 0.05,
    forcing: float = 8.0,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.float64]:
    r"""Follow the Lorenz system of 1996: a ring of sites.

    .. math:: \dot x_i = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + F

    by fourth-order Runge-Kutta, four steps a sample; the first 40 units of time are left out.

    Parameters
    ----------
    n_steps : int, default=1000
        Samples.
    n_sites : int, default=36
        Sites, at least 4.
    dt : float, default=0.05
        Time between samples.
    forcing : float, default=8.0
        F; chaotic at 8.
    random_state : int, RandomState instance or None, default=None
        Draws the start.

    Returns
    -------
    ndarray of shape (n_steps, n_sites)
        Not scaled.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    E. N. Lorenz, Predictability: a problem partly solved, ECMWF (1996).

    Examples
    --------
    >>> lorenz96(10, random_state=0).shape
    (10, 36)
    """
    _check(n_steps, dt=dt)
    if n_sites < 4:
        raise ValueError(f"n_sites={n_sites} must be at least 4")

    def flow(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + forcing

    start = forcing + check_random_state(random_state).normal(0, 0.1, n_sites)
    return _follow(flow, start, n_steps, dt, 4, 40.0)


def rossler(
    n_steps: int = 1000,
    *,
    dt: float = 0.1,
    a: float = 0.2,
    b: float = 0.2,
    c: float = 5.7,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.float64]:
    r"""Follow the Roessler system.

    .. math:: \dot x = -y - z,\ \dot y = x + a y,\ \dot z = b + z (x - c)

    by fourth-order Runge-Kutta, eight steps a sample; the first 200 units of time are left out.

    Parameters
    ----------
    n_steps : int, default=1000
        Samples.
    dt : float, default=0.1
        Time between samples.
    a, b, c : float
        Constants.
    random_state : int, RandomState instance or None, default=None
        Draws the start.

    Returns
    -------
    ndarray of shape (n_steps, 3)
        x, y, z; not scaled.

    Raises
    ------
    ValueError
        If ``n_steps`` or ``dt`` is out of range.

    References
    ----------
    O. E. Roessler, Phys. Lett. A 57 (1976) 397, doi:10.1016/0375-9601(76)90101-8.

    Examples
    --------
    >>> rossler(10, random_state=0).shape
    (10, 3)
    """
    _check(n_steps, dt=dt)

    def flow(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([-x[1] - x[2], x[0] + a * x[1], b + x[2] * (x[0] - c)])

    start = np.array([1.0, 1.0, 0.0]) + check_random_state(random_state).normal(0, 0.1, 3)
    return _follow(flow, start, n_steps, dt, 8, 200.0)


def henon(
    n_steps: int = 1000,
    *,
    a: float = 1.4,
    b: float = 0.3,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.float64]:
    """Iterate the Henon map x[k + 1] = 1 - a x[k]^2 + b x[k - 1].

    The first 100 values are left out. Its largest Lyapunov exponent is 0.419 a step.

    Parameters
    ----------
    n_steps : int, default=1000
        Values.
    a, b : float
        Constants.
    random_state : int, RandomState instance or None, default=None
        Draws the start, within 0.1 of 0.

    Returns
    -------
    ndarray of shape (n_steps, 1)
        Within 1.3 of 0 for the usual constants; not scaled.

    Raises
    ------
    ValueError
        If ``n_steps`` is out of range, or the map diverges with these constants.

    References
    ----------
    M. Henon, Commun. Math. Phys. 50 (1976) 69, doi:10.1007/BF01608556.

    Examples
    --------
    >>> x = henon(100, random_state=0)
    >>> bool(abs(x[2, 0] - (1 - 1.4 * x[1, 0] ** 2 + 0.3 * x[0, 0])) < 1e-15)
    True
    """
    _check(n_steps)
    x = [*check_random_state(random_state).uniform(-0.1, 0.1, 2)]
    while len(x) < n_steps + 100:
        x.append(1 - a * x[-1] ** 2 + b * x[-2])
        if not abs(x[-1]) < 1e6:
            raise ValueError(f"the map diverges with a={a} and b={b}")
    return np.array(x[100:])[:, np.newaxis]


def kuramoto_sivashinsky(
    n_steps: int = 1000,
    n_sites: int = 64,
    *,
    length: float = 22.0,
    dt: float = 0.25,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.float64]:
    r"""Follow the Kuramoto-Sivashinsky equation on a ring.

    .. math:: u_t = -u u_x - u_{xx} - u_{xxxx}

    by exponential time differencing of fourth order, one step a sample, products free of aliases;
    the first 250 units of time are left out. The mean over the ring stays 0.

    Parameters
    ----------
    n_steps : int, default=1000
        Samples.
    n_sites : int, default=64
        Points of the ring, even, at least 8; about 3 a unit of length.
    length : float, default=22.0
        Circumference; chaotic at 22.
    dt : float, default=0.25
        Time between samples.
    random_state : int, RandomState instance or None, default=None
        Draws the start.

    Returns
    -------
    ndarray of shape (n_steps, n_sites)
        About -3 to 3; not scaled.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    A.-K. Kassam, L. N. Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214,
    doi:10.1137/S1064827502410633.

    Examples
    --------
    >>> kuramoto_sivashinsky(10, random_state=0).shape
    (10, 64)
    """
    _check(n_steps, length=length, dt=dt)
    if n_sites < 8 or n_sites % 2:
        raise ValueError(f"n_sites={n_sites} must be even and at least 8")
    k = 2 * np.pi / length * np.arange(n_sites // 2 + 1)
    linear = k**2 - k**4
    keep = np.arange(k.size) < n_sites / 3  # products of what is kept raise no alias
    whole, half = np.exp(dt * linear), np.exp(0.5 * dt * linear)
    ring = np.exp(1j * np.pi * (np.arange(1, 33) - 0.5) / 32)  # means over a circle: no 0 / 0
    z = dt * linear[:, None] + ring
    q = dt * ((np.exp(z / 2) - 1) / z).mean(axis=1).real
    f_1 = dt * ((-4 - z + np.exp(z) * (4 - 3 * z + z**2)) / z**3).mean(axis=1).real
    f_2 = dt * ((2 + z + np.exp(z) * (z - 2)) / z**3).mean(axis=1).real
    f_3 = dt * ((-4 - 3 * z - z**2 + np.exp(z) * (4 - z)) / z**3).mean(axis=1).real

    def bend(v: NDArray[np.complex128]) -> NDArray[np.complex128]:
        return -0.5j * k * keep * np.fft.rfft(np.fft.irfft(v * keep, n_sites) ** 2)

    x = np.arange(n_sites) * 2 * np.pi / n_sites
    phase = check_random_state(random_state).uniform(0, 2 * np.pi, 3)
    v = np.fft.rfft(sum(np.cos((m + 1) * x + phase[m]) for m in range(3)))
    out = np.empty((n_steps, n_sites))
    for step in range(-round(250 / dt), n_steps):
        if step >= 0:
            out[step] = np.fft.irfft(v, n_sites)
        n_v = bend(v)
        a = half * v + q * n_v
        n_a = bend(a)
        b = half * v + q * n_a
        n_b = bend(b)
        c = half * a + q * (2 * n_b - n_v)
        v = whole * v + f_1 * n_v + 2 * f_2 * (n_a + n_b) + f_3 * bend(c)
    return out


def nonlinear_channel(
    n_steps: int = 1000,
    snr: float = 28.0,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Draw symbols sent through a nonlinear channel, to be recovered.

    Symbols d of -3, -1, 1, 3 reach the receiver as u = q + 0.036 q^2 - 0.011 q^3 + noise, where
    q[n] = 0.08 d[n+2] - 0.12 d[n+1] + d[n] + 0.18 d[n-1] - 0.1 d[n-2] + 0.091 d[n-3] - 0.05 d[n-4]
    + 0.04 d[n-5] + 0.03 d[n-6] + 0.01 d[n-7]. Row n of the target is d[n - 2], so that all it is
    mixed with has been seen but for two symbols of weight 0.08 and 0.12.

    Parameters
    ----------
    n_steps : int, default=1000
        Symbols.
    snr : float, default=28.0
        Power of the noise-free output over that of the noise, in dB.
    random_state : int, RandomState instance or None, default=None
        Draws symbols and noise.

    Returns
    -------
    u : ndarray of shape (n_steps, 1)
        Received.
    d : ndarray of shape (n_steps,)
        Symbols sent two steps before.

    Raises
    ------
    ValueError
        If ``n_steps`` is out of range or ``snr`` not finite.

    References
    ----------
    H. Jaeger, H. Haas, Science 304 (2004) 78, doi:10.1126/science.1091277.

    Examples
    --------
    >>> u, d = nonlinear_channel(100, random_state=0)
    >>> sorted(set(d.tolist()))
    [-3.0, -1.0, 1.0, 3.0]
    """
    _check(n_steps)
    if not np.isfinite(snr):
        raise ValueError(f"snr={snr} dB must be finite")
    rng = check_random_state(random_state)
    weights = [0.08, -0.12, 1.0, 0.18, -0.1, 0.091, -0.05, 0.04, 0.03, 0.01]
    d = rng.choice([-3.0, -1.0, 1.0, 3.0], n_steps + 9)
    q = np.convolve(d, weights, mode="valid")
    clean = q + 0.036 * q**2 - 0.011 * q**3
    power = 5.0 * np.square(weights).sum()  # of q, known beforehand; that of the output near it
    u = clean + rng.normal(0, np.sqrt(power) * 10 ** (-snr / 20), n_steps)
    return u[:, np.newaxis], d[5 : 5 + n_steps]


def memory_task(
    n_steps: int = 1000,
    max_delay: int = 30,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw a random input and its delayed copies: what a linear readout recovers is the memory.

    Parameters
    ----------
    n_steps : int, default=1000
        Steps.
    max_delay : int, default=30
        Longest delay.
    random_state : int, RandomState instance or None, default=None
        Draws the input.

    Returns
    -------
    u : ndarray of shape (n_steps, 1)
        Uniform, -1 to 1.
    y : ndarray of shape (n_steps, max_delay)
        Column k is u delayed by k + 1 steps; the memory capacity is the sum of the squared
        correlations of each column with what was recovered.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    H. Jaeger, Short term memory in echo state networks, GMD Report 152 (2001).

    Examples
    --------
    >>> u, y = memory_task(50, 3, random_state=0)
    >>> bool((y[3:, 2] == u[:-3, 0]).all())
    True
    """
    _check(n_steps)
    if max_delay < 1:
        raise ValueError(f"max_delay={max_delay} steps must be at least 1")
    u = check_random_state(random_state).uniform(-1, 1, n_steps + max_delay)
    y = np.stack([u[max_delay - k : max_delay - k + n_steps] for k in range(1, max_delay + 1)], 1)
    return u[max_delay:, np.newaxis], y


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
    _check(n_steps)
    _check(n_recordings)
    if not 0 <= noise < np.inf:
        raise ValueError(f"noise={noise} must be a finite number, at least 0")
    rng = check_random_state(random_state)
    label = np.arange(n_recordings) % len(WAVES)
    turns = rng.uniform(2, 5, n_recordings)[:, None] * np.arange(n_steps) / n_steps
    phase = (turns + rng.uniform(0, 1, n_recordings)[:, None]) % 1.0
    shapes = np.stack([_wave(name, phase) for name in WAVES])
    X = shapes[label, np.arange(n_recordings)] + rng.normal(0, noise, phase.shape)
    return X[:, :, np.newaxis], np.array(WAVES)[label]


def _wave(name: str, phase: NDArray[np.float64]) -> NDArray[np.float64]:
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
    """Draw a random row of sine and square periods, each point to be told apart.

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
        0 in a sine, 1 in a square. Both have points at 1 and -1: it takes memory to tell them.

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
    _check(n_periods)
    if n_per_period < 4:
        raise ValueError(f"n_per_period={n_per_period} must be at least 4")
    square = check_random_state(random_state).randint(0, 2, n_periods)
    phase = np.arange(n_per_period) / n_per_period
    shapes = np.stack([_wave("sine", phase), _wave("square", phase)])
    return shapes[square].reshape(-1, 1), np.repeat(square, n_per_period)
