"""OscillatorMemory: patterns stored in couplings of oscillators and recalled as phases."""

from typing import Any, Self

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from mottle.checks import NamesParameters, check_positive, check_whole
from mottle.containers import check_features
from mottle.output import FrameOutput
from mottle.reservoir.compiled.threads import run_nodes
from mottle.reservoir.nodes.oscillator import kernel
from mottle.reservoir.nodes.oscillator.device import (
    check_oscillators,
    check_stiffness,
    couple,
    draw_oscillators,
    get_oscillator,
)
from mottle.reservoir.nodes.state import ReservoirState
from mottle.reservoir.nodes.supply import check_bias


class OscillatorMemory(
    NamesParameters, FrameOutput, OneToOneFeatureMixin, TransformerMixin, BaseEstimator
):
    r"""Associative memory of coupled relaxation oscillators.

    Each element of a pattern is a pair of oscillators that a capacitor keeps in anti-phase. Hebbian
    weights :math:`W_{ij} = \sum_p \xi_{pi} \xi_{pj} / n` are resistors: a positive weight connects
    corresponding oscillators of two pairs, a negative one connects them crosswise. Started with the
    phases of a corrupted pattern, the network settles into those of a stored one.

    Parameters
    ----------
    r_coupling : float, default=1.2e4
        Resistance in ohm of all couplings of an average element in parallel; the conductance is
        divided in proportion to the weights.
    c_pair : float, default=1e-11
        Capacitance in F within a pair.
    n_cycles : int, default=30
        Settling time in cycles of an uncoupled oscillator.
    v_bias : float, default=5.0
        Supply in V.
    device : str or ThresholdSwitch, default="vo2_pwl"
        Device constants: "vo2_pwl", "vo2_haptic", or your own.
    threshold_noise : float, default=0.0
        Relative noise of ``v_high``, drawn once per cycle.
    spread : float, tuple or dict, default=0.0
        Relative device-to-device variation of all constants, or of those named.
    random_state : int, RandomState instance or None, default=None
        Draws devices and the seed of the noise.

    Attributes
    ----------
    weights_ : ndarray of shape (n_features, n_features)
        Hebbian weights, 0 on the diagonal.
    patterns_ : ndarray of shape (n_patterns, n_features)
        Stored patterns, -1 or 1.
    n_features_in_ : int
        Elements of a pattern.

    Notes
    -----
    A pattern and its negative are the same state of the network; the one closer to the input is
    returned. As in Hopfield's network, about 0.14 n random patterns can be stored. Recall needs
    nearly equal oscillators: with the default couplings, ``spread=0.01`` loses three letters of 30
    elements.

    References
    ----------
    Oscillators as a Hebbian memory: Front. Neurosci. 15 (2021) 694549; 15 (2021) 655823.

    Examples
    --------
    >>> stored = np.array([[1, 1, 1, -1, -1, -1], [1, -1, 1, -1, 1, -1]])
    >>> OscillatorMemory().fit(stored).transform([[-1, 1, 1, -1, -1, -1]]).astype(int).tolist()
    [[1, 1, 1, -1, -1, -1]]
    """

    def __init__(
        self,
        *,
        r_coupling: float = 1.2e4,
        c_pair: float = 1e-11,
        n_cycles: int = 30,
        v_bias: float = 5.0,
        device: Any = "vo2_pwl",
        threshold_noise: float = 0.0,
        spread: Any = 0.0,
        random_state: Any = None,
    ) -> None:
        self.r_coupling, self.c_pair, self.n_cycles = r_coupling, c_pair, n_cycles
        self.v_bias, self.device = v_bias, device
        self.threshold_noise, self.spread, self.random_state = threshold_noise, spread, random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Store patterns.

        Parameters
        ----------
        X : array-like of shape (n_patterns, n_features)
            Patterns: values above 0 count as 1, others as -1.
        y : ignored
            Present for compatibility with pipelines.

        Returns
        -------
        self : OscillatorMemory
            The memory.
        """
        for name, unit in (("r_coupling", "ohm"), ("c_pair", "F")):
            check_positive(name, getattr(self, name), unit)
        check_whole("n_cycles", self.n_cycles)
        device = get_oscillator(self.device)
        check_bias(self.v_bias, device, "oscillating")
        check_features(X)
        self.patterns_ = to_signs(validate_data(self, X, dtype=np.float64))
        self.weights_ = self.patterns_.T @ self.patterns_ / self.n_features_in_
        np.fill_diagonal(self.weights_, 0.0)
        rng = check_random_state(self.random_state)
        n = 2 * self.n_features_in_
        self.devices_ = draw_oscillators(rng, device, self.spread, self.threshold_noise, n)
        self.noise_seed_ = int(rng.randint(2**31))
        same, crossed = np.maximum(self.weights_, 0), np.maximum(-self.weights_, 0)
        total = max(np.abs(self.weights_).sum(axis=1).mean(), np.finfo(float).tiny)
        g_link = np.block([[same, crossed], [crossed, same]]) / (self.r_coupling * total)
        c_link = self.c_pair * np.kron([[0, 1], [1, 0]], np.eye(self.n_features_in_))
        self._circuit = couple(self.devices_, c_link, g_link)
        check_stiffness(self._circuit, self.n_cycles * device.period(self.v_bias))
        return self

    def _check_restored(self) -> None:
        if hasattr(self, "devices_"):
            n = check_whole("n_features_in_", self.n_features_in_)
            check_oscillators(self.devices_, self._circuit, 2 * n)

    def transform(self, X: Any) -> Any:
        """Recall patterns.

        Parameters
        ----------
        X : array-like of shape (n_recordings, n_features)
            Corrupted patterns; values above 0 count as 1, others as -1.

        Returns
        -------
        patterns : ndarray of shape (n_recordings, n_features)
            Recalled patterns, -1 or 1.
        """
        return self.recall(X)["pattern"].to_numpy()

    def recall(self, X: Any) -> Any:
        """Recall patterns, with the phases from which they are read.

        Parameters
        ----------
        X : array-like of shape (n_recordings, n_features)
            Corrupted patterns; values above 0 count as 1, others as -1.

        Returns
        -------
        dataset : xarray.Dataset
            ``pattern`` (recording, element), -1 or 1; ``phase`` (recording, element) in cycles
            relative to the pattern's axis, near 0 for a 1 and 0.5 for a -1; ``order`` (recording,):
            1 if all phases lie on that axis.

        Examples
        --------
        >>> memory = OscillatorMemory().fit([[1, 1, 1, -1, -1, -1], [1, -1, 1, -1, 1, -1]])
        >>> found = memory.recall([[-1, 1, 1, -1, -1, -1]])
        >>> found.pattern.values.astype(int).tolist(), bool(found.order[0] > 0.9)
        ([[1, 1, 1, -1, -1, -1]], True)
        """
        check_is_fitted(self)
        check_features(X)
        starts = to_signs(validate_data(self, X, dtype=np.float64, reset=False))
        phases = np.mod(self._settle(starts), 1.0)
        axis = np.exp(4j * np.pi * phases).mean(axis=1)
        turned = np.exp(2j * np.pi * phases - 0.5j * np.angle(axis)[:, np.newaxis])
        agree = np.einsum("ij,ij->i", to_signs(turned.real), starts)
        turned *= np.where(agree < 0, -1.0, 1.0)[:, np.newaxis]
        return xr.Dataset(
            {
                "pattern": (("recording", "element"), to_signs(turned.real)),
                "phase": (("recording", "element"), np.angle(turned) / (2 * np.pi) % 1.0,
                          {"units": "1"}),
                "order": ("recording", np.abs(axis), {"units": "1"}),
            }
        )  # fmt: skip

    def _settle(self, starts: NDArray) -> NDArray:
        """Return the final phase of the first of each pair, up to a common phase per recording."""
        device = get_oscillator(self.device)
        period, n = device.period(self.v_bias), 2 * self.n_features_in_
        ratio = device.r_insulating / (device.r_insulating + device.r_series)
        v_end, tau = self.v_bias * ratio, device.capacitance * device.r_series * ratio
        later = v_end + (device.v_low - v_end) * np.exp(-0.5 * period / tau)  # half a cycle later
        state = np.zeros((len(starts), kernel.N_STATE, n))
        ones = np.hstack([starts, -starts]) > 0
        state[:, kernel.VOLTAGE] = np.where(ones, self.devices_["v_low"], min(later, device.v_high))
        state[:, kernel.THRESHOLD] = self.devices_["v_high"]
        drawn: dict[str, Any] = self.devices_
        lengths = np.ones(len(starts), dtype=np.int64)
        supply = np.full((len(starts), 1, n), float(self.v_bias))
        keys = np.full(len(starts), self.noise_seed_, dtype=np.uint64)
        phase = run_nodes(
            kernel.run_coupled, supply, lengths, ReservoirState(state, keys),
            kernel.Oscillators(**drawn), self._circuit, float(self.threshold_noise),
            self.n_cycles * period,
            kernel.OBSERVABLES.index("phase"), updates=1000 * self.n_cycles, apart=False,
        )  # fmt: skip
        firsts: NDArray = phase[:, 0, : self.n_features_in_]
        return firsts


def to_signs(X: NDArray) -> NDArray[np.float64]:
    """Return 1 where values are above 0, else -1."""
    return np.where(X > 0, 1.0, -1.0)
