"""From short- to long-term memory: a volatile device writes into a nonvolatile one."""

from dataclasses import dataclass
from math import exp, expm1, log
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from mottle.reservoir import drawing
from mottle.reservoir.catalogue import family_of, find_family, get
from mottle.reservoir.family import PulsedSynapse
from mottle.reservoir.plasticity import kernel
from mottle.reservoir.plasticity.synapse import pulsed

DELAYS = np.linspace(0, 0.5, 101)  # s


@dataclass(frozen=True)
class Consolidation:
    r"""A volatile device that pulses excite, and a nonvolatile one that keeps what lasts.

    .. math::
        \dot w_s = -w_s / \tau, \quad \dot w_l = \kappa \, [w_s - \theta]^+ (1 - w_l), \quad
        w = w_s + w_l

    A pulse steps :math:`w_s` up as the volatile device has it. Only pulses that come faster than it
    fades lift it above the threshold, and only then does anything stay.

    Parameters
    ----------
    volatile : str, EventMemristor or WOxMemristor, default="stm_event"
        The device that fades.
    nonvolatile : str, PulseMemristor or None, default=None
        The device that keeps, written once an interval between pulses by a graded pulse. None: an
        ideal one, the equation above.
    threshold : float or None, default=None
        Short-term weight above which it is written, in [0, 1). None: 1.15 times what a lone pulse
        reaches.
    rate : float, default=100.0
        How fast, in 1/s.
    amplitude, width : float, default=1.5 and 1e-3
        Of a pulse on a WOx device, in V and s.
    random_state : int, default=0
        Seed of the nonvolatile device's noise.

    Notes
    -----
    Threshold and rate are provisional, of our own. That retention grows with repetition and depends
    on the rate of pulses was measured on WOx: T. Chang, S.-H. Jo, W. Lu, ACS Nano 5 (2011) 7669,
    doi:10.1021/nn202983n.

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
        """Follow the pair from rest through pulses.

        Parameters
        ----------
        pulses : array-like of shape (n_pulses,)
            Times of pulses in s, not negative, in order.
        times : array-like of shape (n_times,)
            Times in s at which to look, in order; a pulse at the same time has been.

        Returns
        -------
        dataset : xarray.Dataset
            ``short``, ``long`` and their sum ``weight`` over ``time``.

        Raises
        ------
        ValueError
            For times that are negative or go back, and impossible constants.
        """
        device = self._volatile()
        threshold = 1.15 * self._step(device, 0.0) if self.threshold is None else self.threshold
        at, looks = _in_order("pulses", pulses), _in_order("times", times)
        events = np.concatenate([at, looks])
        kinds = np.repeat([True, False], [at.size, looks.size])
        order = np.argsort(events, kind="stable")
        short, long, now, seen = 0.0, 0.0, 0.0, []
        write = self._writer()
        for k, (moment, is_pulse) in enumerate(zip(events[order], kinds[order], strict=True)):
            excess = self.rate * area_above(threshold, short, moment - now, device.tau)
            short *= exp(-(moment - now) / device.tau)
            now = moment
            long = write(long, excess, k)
            if is_pulse:
                short = self._step(device, short)
            else:
                seen.append((short, long))
        pair = np.array(seen).reshape(-1, 2).T
        names = {"short": pair[0], "long": pair[1], "weight": pair[0] + pair[1]}
        return xr.Dataset(
            {name: ("time", values, {"units": "1"}) for name, values in names.items()},
            coords={"time": ("time", looks, {"units": "s"})},
        )

    def forgetting(
        self,
        n_pulses: ArrayLike = (1, 3, 10, 30),
        frequency: ArrayLike = (1.0, 20.0),
        delay: ArrayLike = DELAYS,
    ) -> xr.Dataset:
        """Return what is left after trains of pulses.

        Parameters
        ----------
        n_pulses : array-like of int of shape (n_counts,), default=(1, 3, 10, 30)
            Pulses in a train.
        frequency : array-like of shape (n_frequencies,), default=(1.0, 20.0)
            Pulses per second.
        delay : array-like of shape (n_delays,), default=0 to 0.5 s
            Times after the last pulse in s, in order.

        Returns
        -------
        dataset : xarray.Dataset
            ``short``, ``long`` and ``weight`` (frequency, n_pulses, delay).
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
                "that fade with one time constant after a pulse."
            )
        family.check(device)
        positive = 0 < self.rate < np.inf and 0 < self.width < np.inf
        if not (0 <= (self.threshold or 0.0) < 1 and positive and np.isfinite(self.amplitude)):
            raise ValueError(
                f"threshold={self.threshold} must lie in [0, 1); rate={self.rate} 1/s and "
                f"width={self.width} s must be positive and finite, amplitude={self.amplitude} V "
                "finite."
            )
        return device

    def _writer(self) -> Any:
        """Return what writes an excess, in shares, into the long-term weight."""
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
        ready = pulsed(device, int(key))

        def write(long: float, excess: float, k: int) -> float:
            if excess == 0.0:
                return long
            return float(kernel.stroke(long, excess, 1.0, ready, ready.key + np.uint64(k)))

        return write

    def _step(self, device: Any, short: float) -> float:
        risen: float = family_of(device).pulse(device, short, self.amplitude, self.width)  # type: ignore[misc]
        return risen


def area_above(threshold: float, start: float, duration: float, tau: float) -> float:
    """Return the area in s between ``start e^(-t / tau)`` and a threshold, while it is above.

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
    """Return times as an array, or refuse them."""
    out = np.atleast_1d(np.asarray(values, dtype=np.float64))
    bad = np.flatnonzero(~(np.isfinite(out) & (out >= 0)))
    if bad.size:
        raise ValueError(f"{name} holds {out[bad[0]]} s at place {bad[0]}: a time is at least 0.")
    back = np.flatnonzero(np.diff(out) < 0)
    if back.size:
        k = back[0]
        raise ValueError(f"{name} goes back from {out[k]} s to {out[k + 1]} s at place {k + 1}.")
    return out
