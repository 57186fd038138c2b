"""Short- to long-term memory: a volatile device whose state is written to a nonvolatile one."""

from dataclasses import dataclass
from math import exp, expm1, log
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from mottle.checks import check_number, check_positive
from mottle.reservoir import drawing
from mottle.reservoir.catalogue import family_of, find_family, get
from mottle.reservoir.family import PulsedSynapse
from mottle.reservoir.plasticity import kernel
from mottle.reservoir.plasticity.synapse import pulsed

DELAYS = np.linspace(0, 0.5, 101)  # s


@dataclass(frozen=True)
class Consolidation:
    r"""A volatile device driven by pulses, and a nonvolatile one for the long-term weight.

    .. math::
        \dot w_s = -w_s / \tau, \quad \dot w_l = \kappa \, [w_s - \theta]^+ (1 - w_l), \quad
        w = w_s + w_l

    A pulse raises :math:`w_s` according to the volatile device. Only pulses faster than its decay
    raise it above the threshold, and only above the threshold does :math:`w_l` change.

    Parameters
    ----------
    volatile : str, EventMemristor or WOxMemristor, default="stm_event"
        Volatile device.
    nonvolatile : str, PulseMemristor or None, default=None
        Nonvolatile device, written by one graded pulse per interval between pulses. None: an ideal
        one, the equation above.
    threshold : float or None, default=None
        Short-term weight above which the long-term weight is written, in [0, 1). None: 1.15 times
        the weight after a single pulse.
    rate : float, default=100.0
        Rate of consolidation kappa in 1/s.
    amplitude, width : float, default=1.5 and 1e-3
        Amplitude in V and width in s of a pulse on a WOx device.
    random_state : int, default=0
        Seed of the nonvolatile device's noise.

    Notes
    -----
    Threshold and rate are provisional assumptions. Retention that grows with the number of pulses
    and depends on their rate was measured on WOx: T. Chang, S.-H. Jo, W. Lu, ACS Nano 5 (2011)
    7669, doi:10.1021/nn202983n.

    Examples
    --------
    >>> pair = Consolidation()
    >>> [round(float(pair.follow(np.arange(10) / hz, [10.0]).long[0]), 3) for hz in (20.0, 1.0)]
    [0.167, 0.0]
    """

    volatile: Any = "stm_event"
    nonvolatile: Any = None
    threshold: float | None = None
    rate: float = 100.0
    amplitude: float = 1.5
    width: float = 1e-3
    random_state: int = 0

    def follow(self, pulses: ArrayLike, times: ArrayLike) -> xr.Dataset:
        """Simulate the pair of devices under pulses, from rest.

        Parameters
        ----------
        pulses : array-like of shape (n_pulses,)
            Times of pulses in s, not negative, in order.
        times : array-like of shape (n_times,)
            Times of the samples in s, in order; a sample is taken after a pulse at the same time.

        Returns
        -------
        dataset : xarray.Dataset
            ``short``, ``long`` and their sum ``weight`` over ``time``.

        Raises
        ------
        ValueError
            For times that are negative or not in order, and impossible constants.
        """
        device = self._volatile()
        threshold = 1.15 * self._step(device, 0.0) if self.threshold is None else self.threshold
        at, samples = _in_order("pulses", pulses), _in_order("times", times)
        events = np.concatenate([at, samples])
        kinds = np.repeat([True, False], [at.size, samples.size])
        order = np.argsort(events, kind="stable")
        short, long, now, sampled = 0.0, 0.0, 0.0, []
        write = self._writer()
        for k, (moment, is_pulse) in enumerate(zip(events[order], kinds[order], strict=True)):
            excess = self.rate * area_above(threshold, short, moment - now, device.tau)
            short *= exp(-(moment - now) / device.tau)
            now = moment
            long = write(long, excess, k)
            if is_pulse:
                short = self._step(device, short)
            else:
                sampled.append((short, long))
        pair = np.array(sampled).reshape(-1, 2).T
        names = {"short": pair[0], "long": pair[1], "weight": pair[0] + pair[1]}
        return xr.Dataset(
            {name: ("time", values, {"units": "1"}) for name, values in names.items()},
            coords={"time": ("time", samples, {"units": "s"})},
        )

    def forgetting(
        self,
        n_pulses: ArrayLike = (1, 3, 10, 30),
        frequency: ArrayLike = (1.0, 20.0),
        delay: ArrayLike = DELAYS,
    ) -> xr.Dataset:
        """Return the weights after trains of pulses.

        Parameters
        ----------
        n_pulses : array-like of int of shape (n_counts,), default=(1, 3, 10, 30)
            Numbers of pulses in a train.
        frequency : array-like of shape (n_frequencies,), default=(1.0, 20.0)
            Pulses per second.
        delay : array-like of shape (n_delays,), default=0 to 0.5 s
            Times after the last pulse in s, in order.

        Returns
        -------
        dataset : xarray.Dataset
            ``short``, ``long`` and ``weight`` (frequency, n_pulses, delay).

        Examples
        --------
        >>> found = Consolidation().forgetting([10], [1.0, 20.0], [0.0, 0.5])
        >>> found.weight.values.round(2).tolist()
        [[[0.3, 0.0]], [[0.55, 0.17]]]
        """
        counts, rates = np.atleast_1d(n_pulses), np.atleast_1d(frequency).astype(float)
        counted = counts.dtype.kind in "iu" and bool((counts >= 1).all())
        if not counted or not ((rates > 0) & (rates < np.inf)).all():
            raise ValueError(
                f"n_pulses={n_pulses!r} must be whole numbers, at least 1; frequency="
                f"{frequency!r} Hz positive and finite."
            )
        delays = _in_order("delay", delay)
        rows = [
            [
                self.follow(np.arange(n) / hz, (n - 1) / hz + delays)
                .rename(time="delay")
                .assign_coords(delay=("delay", delays, {"units": "s"}))
                for n in counts
            ]
            for hz in rates
        ]
        whole = [xr.concat(row, "n_pulses") for row in rows]
        data = xr.concat(whole, "frequency").assign_coords(n_pulses=counts)
        return data.assign_coords(frequency=("frequency", rates, {"units": "Hz"}))

    def plot_forgetting(self, **trains: Any) -> Any:
        """Draw the forgetting curves; ``trains`` are the arguments of ``forgetting``."""
        return drawing.forgetting(self.forgetting(**trains))

    def _volatile(self) -> Any:
        """Return the checked volatile device."""
        device = get(self.volatile) if isinstance(self.volatile, str) else self.volatile
        family = find_family(device)
        if family is None or family.pulse is None:
            raise ValueError(
                f"volatile={self.volatile!r} must be an EventMemristor or a WOxMemristor: devices "
                "whose state decays with one time constant after a pulse."
            )
        family.check(device)
        if self.threshold is not None:
            check_number("threshold", self.threshold, least=0, below=1)
        check_positive("rate", self.rate, "1/s")
        check_positive("width", self.width, "s")
        check_number("amplitude", self.amplitude, "V")
        return device

    def _writer(self) -> Any:
        """Return the function that writes an excess, a fraction, to the long-term weight."""
        if self.nonvolatile is None:
            return lambda long, excess, k: long - (1 - long) * expm1(-excess)
        device = get(self.nonvolatile) if isinstance(self.nonvolatile, str) else self.nonvolatile
        family = find_family(device)
        if family is None or not isinstance(family.synapse, PulsedSynapse):
            raise ValueError(
                f"nonvolatile={self.nonvolatile!r} must be a PulseMemristor, which takes graded "
                "pulses; see devices.list()."
            )
        key = np.random.SeedSequence(self.random_state).generate_state(1, np.uint64)[0]
        synapse = pulsed(device, int(key))

        def write(long: float, excess: float, k: int) -> float:
            if excess == 0.0:
                return long
            return float(kernel.stroke(long, excess, 1.0, synapse, synapse.key + np.uint64(k)))

        return write

    def _step(self, device: Any, short: float) -> float:
        new: float = family_of(device).pulse(device, short, self.amplitude, self.width)  # type: ignore[misc]
        return new


def area_above(threshold: float, start: float, duration: float, tau: float) -> float:
    """Return the area in s between ``start e^(-t / tau)`` and a threshold, while above it.

    Examples
    --------
    >>> round(area_above(0.5, 1.0, 10.0, 1.0), 6)  # ends at tau ln 2
    0.153426
    """
    if start <= threshold:
        return 0.0
    last = min(tau * log(start / threshold) if threshold > 0 else duration, duration)
    return -start * tau * expm1(-last / tau) - threshold * last


def _in_order(name: str, values: ArrayLike) -> Any:
    """Return times as an array; raise if they are negative or not in order."""
    out = np.atleast_1d(np.asarray(values, dtype=np.float64))
    bad = np.flatnonzero(~(np.isfinite(out) & (out >= 0)))
    if bad.size:
        raise ValueError(
            f"{name} holds {out[bad[0]]} s at index {bad[0]}: times must be at least 0."
        )
    back = np.flatnonzero(np.diff(out) < 0)
    if back.size:
        k = back[0]
        raise ValueError(f"{name} goes back from {out[k]} s to {out[k + 1]} s at index {k + 1}.")
    return out
