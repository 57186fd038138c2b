"""Forecaster: fits a reservoir and a readout to a signal, and runs the signal on."""

from functools import partial
from itertools import pairwise
from typing import Any, Self
from warnings import warn

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from mottle.checks import NamesParameters, check_bool, check_number, check_option, check_whole
from mottle.reservoir.compiled.closed import Loop
from mottle.reservoir.forecast.closed import FARTHEST, Predict, copy_state, join_states, run_on
from mottle.reservoir.forecast.factor import Factor
from mottle.reservoir.forecast.signals import (
    as_array,
    check_clocks,
    clock_of,
    names_of,
    read_exog,
    read_runs,
    read_warmup,
    refuse_missing,
)
from mottle.reservoir.nodes.echo_state.node import EchoStateReservoir
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.nvar.node import NVARReservoir
from mottle.reservoir.nodes.state import ReservoirState
from mottle.reservoir.readout.linear import check_penalties
from mottle.restored import check_array, check_equal

ALPHAS = tuple(10.0**k for k in range(-18, -1, 2))
DEFAULT = EchoStateReservoir(
    500,
    input_scaling=0.2,
    bias_scaling=0.3,
    leak=0.8,
    spectral_radius=0.8,
    density=0.02,
    fan_in=None,
)
SQUARES = ("auto", None, "half", "all")
CHUNK = 2048  # steps whose states are held at once
FORECAST_KEY = 1 << 40  # of the first forecast's noise, apart from those of recordings
LEAST_ROWS = 10  # of a recording, to learn from
STILL = 1e-3  # range of a warmup, relative to that of the training signal
SMALLEST = 1e-15  # error, where the signal is between -1 and 1, that counts as 0
Floats = NDArray[np.float64]


class Forecaster(NamesParameters, BaseEstimator):
    """Forecast a signal by a reservoir that takes its own predictions as its next input.

    While fitting, the reservoir's input is the signal itself (teacher forcing), and the readout
    learns to predict the next step from states and input. The penalty of the readout is chosen in
    closed loop, on the last part of the signal, since one chosen one step ahead may be unstable: of
    those with the fewest forecasts that diverge, the one with the smallest error.

    Parameters
    ----------
    reservoir : Reservoir, default=None
        A reservoir without pooling; it is cloned. None: an echo state network of 500 nodes, with a
        bias for each node.
    readout : regressor, default=None
        A scikit-learn regressor that predicts scaled outputs from features; it is cloned, and its
        own penalty is used. None: ridge regression with one of ``alphas``.
    alphas : float or sequence of float, default=1e-18 to 1e-2
        Penalties to choose from, relative to the mean diagonal of the features' Gram matrix; by
        default two decades apart. A single number is used as it is.
    squares : {"auto", None, "half", "all"}, default="auto"
        States squared as features: none; every second state in its place; or all, beside the
        states. "auto": half of them, none of `NVARReservoir`, whose states are products already.
    inputs : bool, default=True
        Whether the input of the present step is among the features.
    washout : int, default=100
        Steps at the beginning of each recording that are not learnt from.
    noise : float, default=0.0
        Standard deviation of noise added to the input in ``fit``, where the signal is between -1
        and 1: a further regularisation.
    horizon : int or None, default=None
        Steps of the forecasts that choose the penalty. None: 200, or what a fifth of the held-out
        part allows.
    n_starts : int, default=50
        Number of these forecasts.
    validation_fraction : float, default=0.2
        Last part of each recording, after the washout, on which they start; after the choice it is
        learnt from too.
    n_members : int, default=1
        Number of reservoirs, drawn with different seeds; the forecast is their mean.
    random_state : int, RandomState instance or None, default=None
        Draws the members' seeds and the noise. None: the reservoir's ``random_state``, which one
        member keeps as it is.

    Attributes
    ----------
    members_ : list of Reservoir
        The fitted reservoirs.
    readouts_ : list
        Readouts as the loop runs them: weights, or calls of a regressor.
    models_ : list of regressor
        The fitted regressors; only with ``readout``.
    alphas_ : list of float
        The chosen penalties; only without ``readout``.
    losses_ : ndarray of shape (n_members, n_alphas)
        Mean decimal logarithm of the error of the forecasts that chose them, where the signal is
        between -1 and 1; only with several penalties.
    range_ : ndarray of shape (2, n_outputs)
        Smallest and largest value of the signal, which are -1 and 1 in the reservoir's input.
    n_outputs_, n_exog_ : int
        Number of outputs and of exogenous inputs.

    Notes
    -----
    The drive of step t is the output of step t - 1 and the exogenous inputs of step t, all scaled
    to the range from -1 to 1. With a linear readout the loop runs compiled, and a step takes about
    as long as one of ``transform``. `NVARReservoir`, event memristors, memristors with recurrence
    or read noise, and the observable "order" run step by step.

    References
    ----------
    H. Jaeger, H. Haas, Science 304 (2004) 78, doi:10.1126/science.1091277.
    J. Pathak et al., Phys. Rev. Lett. 120 (2018) 024102, doi:10.1103/PhysRevLett.120.024102
    (squares of half of the states).

    Examples
    --------
    >>> import numpy as np
    >>> from mottle.reservoir import EchoStateReservoir, Forecaster
    >>> y = np.sin(0.2 * np.arange(1000))
    >>> forecaster = Forecaster(EchoStateReservoir(50, random_state=0)).fit(y[:900])
    >>> bool(np.abs(forecaster.predict(100) - y[900:]).max() < 1e-3)
    True
    """

    def __init__(
        self,
        reservoir: Any = None,
        readout: Any = None,
        *,
        alphas: Any = ALPHAS,
        squares: Any = "auto",
        inputs: bool = True,
        washout: int = 100,
        noise: float = 0.0,
        horizon: Any = None,
        n_starts: int = 50,
        validation_fraction: float = 0.2,
        n_members: int = 1,
        random_state: Any = None,
    ) -> None:
        self.reservoir, self.readout, self.alphas = reservoir, readout, alphas
        self.squares, self.inputs, self.washout, self.noise = squares, inputs, washout, noise
        self.horizon, self.n_starts = horizon, n_starts
        self.validation_fraction = validation_fraction
        self.n_members, self.random_state = n_members, random_state

    def fit(self, y: Any, exog: Any = None) -> Self:
        """Fit to a signal, or to several recordings of one.

        Parameters
        ----------
        y : array-like of shape (n_steps,) or (n_steps, n_outputs), or list of such arrays
            The signal; a 3-D array (recording, step, output) holds several recordings too.
        exog : array-like of shape (n_steps, n_exog), or list of such arrays, default=None
            Exogenous inputs: those of a step help to predict the output of that step, and must be
            known when it is forecast.

        Returns
        -------
        self : Forecaster
            The fitted forecaster, which continues the last recording.
        """
        alphas = self._check()
        self._names = {"y": names_of(y, "y"), "exog": names_of(exog, "exog")}
        runs, self._flat = read_runs(y, "y")
        outside = read_exog(exog, [len(run) for run in runs])
        clock = check_clocks(y, exog, ("y", "exog"))
        self._ended = None if clock is None else [clock.kind, clock.times[-1].item(), clock.step]
        self.n_outputs_, self.n_exog_ = runs[0].shape[1], outside[0].shape[1]
        self.range_ = _find_range(np.concatenate(runs), "y")
        self._exog_range = _find_range(np.concatenate(outside), "exog")
        seed = self.random_state
        if seed is None:
            seed = getattr(self.reservoir, "random_state", None)
        rng = check_random_state(seed)
        drives, targets = zip(*map(self._drive, runs, outside), strict=True)
        self.members_, self.readouts_, self._ends, self.models_ = [], [], [], []
        self.alphas_: list[float] = []
        losses = []
        for member in self._draw(rng):
            noisy = [self._disturb(drive, rng) for drive in drives]
            found = _Fit(self, member.fit(drives[0]), drives, noisy, targets).find(alphas)
            self.members_.append(member)
            self.readouts_.append(found.readout)
            if found.model is not None:
                self.models_.append(found.model)
            self._ends.append(found.end)
            self.alphas_.append(found.alpha)
            losses.append(found.losses)
        self._last = targets[-1][-1]
        self.losses_ = np.array(losses)
        return self

    def _check_restored(self) -> None:
        if not hasattr(self, "members_"):
            return
        n_outputs = check_whole("n_outputs_", self.n_outputs_)
        check_array("_last", self._last, (n_outputs,))
        for member, readout, end in zip(self.members_, self.readouts_, self._ends, strict=True):
            check_equal("n_features_in_", member.n_features_in_, n_outputs + self.n_exog_)
            member._copy_state(end)
            if isinstance(readout, Loop):
                check_equal("n_inputs", readout.n_inputs, member.n_features_in_)
                for name in ("states", "squares"):
                    check_array(name, getattr(readout, name), (n_outputs, member.n_nodes))
                n_inputs = readout.n_inputs if self.inputs else 0
                check_array("inputs", readout.inputs, (n_outputs, n_inputs))
                check_array("intercept", readout.intercept, (n_outputs,))

    def predict(
        self, n_steps: int, exog: Any = None, warmup: Any = None, *, diverged: str = "raise"
    ) -> Floats:
        """Forecast the next steps.

        Parameters
        ----------
        n_steps : int
            Number of steps.
        exog : array-like of shape (n_steps, n_exog), default=None
            Exogenous inputs of the steps that are forecast; with ``warmup``, those of its steps
            come first: (n_warmup + n_steps, n_exog), or (n_runs, n_warmup + n_steps, n_exog).
        warmup : array-like, default=None
            Signal that the forecast continues, of shape (n_warmup,) or (n_warmup, n_outputs); or
            (n_runs, n_warmup, n_outputs) for forecasts side by side. The reservoir starts from
            rest: give it as many steps as it takes to forget. None: the recording of ``fit``.
        diverged : {"raise", "nan"}, default="raise"
            What to do with a forecast that leaves the range of the training signal by more than
            its width: raise, or return NaN from that step on.

        Returns
        -------
        forecast : ndarray of shape (n_steps,), (n_steps, n_outputs) or (n_runs, n_steps, n_outputs)
            The forecast, in the form of ``warmup``, or of ``y`` in ``fit``; the members' mean.

        Raises
        ------
        ValueError
            If a forecast diverges, with its step. For ``warmup`` or ``exog`` further from the
            training data than a forecast may be: they are in another unit. For warmups of unequal
            length.

        Warns
        -----
        UserWarning
            If ten steps of ``warmup`` or more move by less than a thousandth of the range in
            ``fit``.
        """
        found = self._forecast(n_steps, exog, warmup, diverged)
        mean = found.mean(axis=0)
        if warmup is None:
            return mean[0, :, 0] if self._flat else mean[0]
        n_dims = np.ndim(warmup)
        return mean if n_dims == 3 else mean[0] if n_dims == 2 else mean[0, :, 0]

    def predict_members(
        self, n_steps: int, exog: Any = None, warmup: Any = None, *, diverged: str = "raise"
    ) -> Any:
        """Return the forecast of each member; arguments as for ``predict``.

        Returns
        -------
        forecasts : xarray.DataArray
            Dims ``member``, ``run``, ``step`` and ``output``.
        """
        import xarray as xr

        found = self._forecast(n_steps, exog, warmup, diverged)
        dims = ("member", "run", "step", "output")
        return xr.DataArray(found, dims=dims, name="forecast")

    def _check(self) -> Floats:
        """Check the parameters; return the penalties."""
        if self.reservoir is not None and not isinstance(self.reservoir, Reservoir):
            raise TypeError(f"reservoir={self.reservoir!r} is no reservoir of mottle.")
        if self.reservoir is not None and self.reservoir.pools:
            raise ValueError("pool= and n_segments= leave no states: set pool=None, n_segments=1.")
        check_option("squares", self.squares, SQUARES)
        check_bool("inputs", self.inputs)
        check_whole("washout", self.washout, 0)
        check_number("noise", self.noise, least=0)
        for name in ("n_starts", "n_members"):
            check_whole(name, getattr(self, name))
        if self.horizon is not None:
            check_whole("horizon", self.horizon)
        check_number("validation_fraction", self.validation_fraction, above=0, below=1)
        return check_penalties(self.alphas)

    def _draw(self, rng: np.random.RandomState) -> Any:
        """Yield a reservoir for each member."""
        template = DEFAULT if self.reservoir is None else self.reservoir
        for _ in tqdm(range(self.n_members), desc="members", delay=2, disable=None):
            member = clone(template)
            own = self.reservoir is not None and self.random_state is None and self.n_members == 1
            if not own and "random_state" in member.get_params(deep=False):
                member.set_params(random_state=int(rng.randint(2**31 - 1)))
            yield member

    def _drive(self, run: Floats, outside: Floats) -> tuple[Floats, Floats]:
        """Return a recording's drive and targets, both of one step less than the recording."""
        scaled = _to_unit(run, self.range_)
        return np.hstack([scaled[:-1], _to_unit(outside[1:], self._exog_range)]), scaled[1:]

    def _disturb(self, drive: Floats, rng: np.random.RandomState) -> Floats:
        """Return a drive with noise on its outputs."""
        noisy = drive.copy()
        if self.noise:
            noisy[:, : self.n_outputs_] += self.noise * rng.normal(
                size=(len(drive), self.n_outputs_)
            )
        return noisy

    def score(self, y: Any, exog: Any = None) -> float:
        """Return how well stretches of a signal are forecast, for searches: larger is better.

        Forecasts of ``horizon`` steps start at ``n_starts`` places after the washout.

        Parameters
        ----------
        y : array-like of shape (n_steps,) or (n_steps, n_outputs)
            One recording.
        exog : array-like of shape (n_steps, n_exog), default=None
            Exogenous inputs.

        Returns
        -------
        score : float
            Minus the mean decimal logarithm of the error, where the training signal is between -1
            and 1: 2 is an error of 0.01.
        """
        check_is_fitted(self)
        self._compare_names(y, "y", "y")
        (run,), _ = read_runs(y, "y")
        if exog is not None:
            self._check_exog(exog)
            check_clocks(y, exog, ("y", "exog"))
        outside = read_exog(exog, [len(run)])[0]
        n_after = len(run) - self.washout - 1
        horizon = min(200, n_after // 5) if self.horizon is None else self.horizon
        if n_after <= horizon or horizon < 1:
            raise ValueError(
                f"y has {len(run)} steps: washout={self.washout} and a horizon of {horizon} need "
                "more."
            )
        first, last = self.washout + 1, len(run) - horizon
        losses = []
        for start in np.unique(np.linspace(first, last, self.n_starts).round().astype(int)):
            known = slice(start - self.washout - 1, start)
            future = outside[known.start : start + horizon] if self.n_exog_ else None
            found = self.predict(horizon, future, run[known], diverged="nan")
            error = _to_unit(found, self.range_) - _to_unit(
                run[start : start + horizon], self.range_
            )
            error = np.where(np.isnan(error), FARTHEST, error)
            losses.append(_log_error(error).mean())
        return -float(np.mean(losses))

    def _forecast(self, n_steps: Any, exog: Any, warmup: Any, diverged: str) -> Floats:
        """Return forecasts (member, run, step, output)."""
        check_is_fitted(self)
        n_steps = check_whole("n_steps", n_steps)
        check_option("diverged", diverged, ("raise", "nan"))
        if warmup is None:
            runs = None
            n_runs, n_known = 1, 0
        else:
            self._compare_names(warmup, "warmup", "y")
            runs = read_warmup(warmup, self.n_outputs_)
            self._compare_range(runs, self.range_, "warmup")
            self._warn_still(runs)
            n_runs, n_known = runs.shape[:2]
        outside = self._read_future(exog, n_runs, n_known, n_steps)
        self._check_times(warmup, exog, n_known)
        found = []
        for member, readout, end in zip(self.members_, self.readouts_, self._ends, strict=True):
            if runs is None:
                state, first = copy_state(end), self._last[np.newaxis]
            else:
                scaled = _to_unit(runs, self.range_)
                drive = np.concatenate([scaled[:, :-1], outside[:, 1:n_known]], axis=2)
                state, first = member.start(n_runs, FORECAST_KEY + np.arange(n_runs)), scaled[:, -1]
                _advance(member, state, drive)
            found.append(run_on(member, state, first, outside[:, n_known:], readout))
        return self._unscale(np.stack(found), diverged)

    def _read_future(self, exog: Any, n_runs: int, n_known: int, n_steps: int) -> Floats:
        """Return scaled exogenous inputs (run, known and future step, input)."""
        shape = n_runs, n_known + n_steps, self.n_exog_
        if exog is not None:
            self._check_exog(exog)
        if not self.n_exog_:
            return np.zeros(shape)
        if exog is None:
            raise ValueError(
                f"exog is missing: fit had {self.n_exog_} exogenous inputs; pass those of "
                f"{n_known + n_steps} steps."
            )
        array = as_array(exog, "exog")
        array = array[:, np.newaxis] if array.ndim == 1 else array
        array = np.repeat(array[np.newaxis], n_runs, axis=0) if array.ndim == 2 else array
        if array.shape != shape:
            raise ValueError(
                f"exog has shape {np.shape(exog)}, expected {shape[n_runs == 1 :]}: {n_known} "
                f"steps of warmup and {n_steps} that are forecast."
            )
        for run in array:
            refuse_missing(run, "exog")
        self._compare_range(array, self._exog_range, "exog")
        return _to_unit(array, self._exog_range)

    def _check_exog(self, exog: Any) -> None:
        """Raise if there were no exogenous inputs in ``fit``, or others."""
        if not self.n_exog_:
            raise ValueError("exog is given, but fit had none: pass it to fit too.")
        self._compare_names(exog, "exog", "exog")

    def _check_times(self, warmup: Any, exog: Any, n_known: int) -> None:
        """Raise if exogenous inputs have other times than the warmup, or do not follow ``fit``."""
        if warmup is not None:
            check_clocks(warmup, exog, ("warmup", "exog"), n_known)
            return
        clock = None if exog is None else clock_of(exog, "exog")
        ended = getattr(self, "_ended", None)
        if clock is None or ended is None or clock.kind != ended[0]:
            return
        late = float(clock.times[0] - ended[1]) - ended[2]
        if abs(late) > 0.5 * ended[2]:
            raise ValueError(
                f"exog begins {late / ended[2]:+.6g} steps from where the recording of fit goes "
                "on: pass the inputs of the steps that are forecast, or a warmup before them."
            )

    def _compare_names(self, given: Any, what: str, fitted: str) -> None:
        """Raise if columns have other names, or another order, than in ``fit``."""
        names, known = names_of(given, what), self._names[fitted]
        if names is not None and known is not None and names != known:
            raise ValueError(f"{what} has the columns {names}; in fit they were {known}.")

    def _compare_range(self, values: Floats, extremes: Floats, what: str) -> None:
        """Raise if values lie further from the training signal than a forecast may."""
        scaled = _to_unit(values, extremes)
        far = np.abs(scaled) >= FARTHEST
        if far.any():
            place = np.argwhere(far)[0]
            low, high = extremes[:, place[-1]]
            raise ValueError(
                f"{what} is {values[tuple(place)]:.6g} at step {place[-2]}, column {place[-1]}; "
                f"in fit it was {low:.6g} to {high:.6g}: is it in the same unit?"
            )

    def _warn_still(self, runs: Floats) -> None:
        """Warn of a warmup that hardly moves beside the training signal: another unit."""
        if runs.shape[1] < LEAST_ROWS:
            return
        moved = np.ptp(runs, axis=(0, 1)) / (self.range_[1] - self.range_[0])
        still = int(np.argmin(moved))
        if moved[still] < STILL:
            low, high = self.range_[:, still]
            warn(
                f"warmup moves by {np.ptp(runs[..., still]):.3g} in column {still}, and in fit the "
                f"signal went from {low:.6g} to {high:.6g}: is it in the same unit?",
                stacklevel=4,
            )

    def _unscale(self, scaled: Floats, diverged: str) -> Floats:
        """Return forecasts in the signal's unit; refuse diverged ones, or set them to NaN."""
        low, high = self.range_
        values = low + (scaled + 1) * (high - low) / 2
        far = np.abs(scaled) >= FARTHEST
        out = far.any(axis=3)
        if not out.any():
            return values
        if diverged == "nan":
            values[np.maximum.accumulate(out, axis=2)] = np.nan
            return values
        member, run, step = np.argwhere(out)[0]
        output = int(far[member, run, step].argmax())
        smallest, largest = self.range_[:, output]
        raise ValueError(
            f"the forecast diverges: member {member}, run {run}, step {step}, output {output} "
            f"leaves the range of the training signal, {smallest:.6g} to {largest:.6g}, by more "
            "than its width. Take larger alphas, noise=1e-3, a longer signal or more nodes, or "
            "diverged='nan' for NaN from that step on."
        )


class _Fit:
    """The fit of one member: reads states block by block, and chooses the penalty."""

    def __init__(
        self, settings: Forecaster, member: Any, drives: Any, noisy: Any, targets: Any
    ) -> None:
        self.settings, self.member, self.targets = settings, member, targets
        self.drives, self.noisy = drives, noisy
        self.squares = settings.squares
        if self.squares == "auto":
            self.squares = None if isinstance(member, NVARReservoir) else "half"
        n_states, n_inputs = member.n_nodes, member.n_features_in_
        n_states *= 2 if self.squares == "all" else 1
        self.n_features = n_states + (n_inputs if settings.inputs else 0)
        self.readout: Loop | Predict
        self.model: Any = None
        self.end: ReservoirState
        self.alpha, self.losses = np.nan, np.empty(0)

    def find(self, alphas: Floats) -> Self:
        """Fit the readout."""
        least = self.settings.washout + LEAST_ROWS + 1
        for i, target in enumerate(self.targets):
            if len(target) + 1 < least:
                raise ValueError(
                    f"recording {i} of y has {len(target) + 1} steps; washout="
                    f"{self.settings.washout} needs at least {least}: take a longer recording, "
                    "or a shorter washout."
                )
        if self.settings.readout is not None:
            self._fit_given()
        elif alphas.size == 1:
            factor = self._factor()
            for i, drive in enumerate(self.drives):
                for features, target in self._rows(i, self._rest(i), 0, len(drive)):
                    factor.add(features, target)
            self.alpha = float(alphas[0])
            self.readout = self._loop(*factor.solve(self.alpha))
        else:
            self._choose(alphas)
        last = len(self.drives) - 1
        (self.end,) = self._states_at(last, [len(self.drives[last])])
        return self

    def _factor(self) -> Factor:
        return Factor(self.n_features, self.settings.n_outputs_)

    def _fit_given(self) -> None:
        """Fit the given regressor to all rows, which are then in memory."""
        rows, targets = [], []
        for i, drive in enumerate(self.drives):
            for features, target in self._rows(i, self._rest(i), 0, len(drive)):
                rows.append(features)
                targets.append(target)
        X, y = np.concatenate(rows), np.concatenate(targets)
        self.model = clone(self.settings.readout).fit(X, y[:, 0] if y.shape[1] == 1 else y)
        self.readout = partial(_predict, self.model, self.squares, self.settings.inputs)
        coef = np.asarray(getattr(self.model, "coef_", 0.0))
        if coef.size == y.shape[1] * self.n_features and hasattr(self.model, "intercept_"):
            coef = coef.reshape(y.shape[1], -1)
            intercept = np.broadcast_to(self.model.intercept_, y.shape[1])
            some = X[:: max(1, len(X) // 100)]
            found = np.reshape(self.model.predict(some), (len(some), -1))
            if np.allclose(some @ coef.T + intercept, found):  # not so behind a link or a scaling
                self.readout = self._loop(coef, intercept)

    def _choose(self, alphas: Floats) -> None:
        """Choose the penalty by forecasts on the last part of each recording, then fit to all."""
        settings, factor = self.settings, self._factor()
        sizes = [len(d) - settings.washout for d in self.drives]
        held = [max(2, round(settings.validation_fraction * size)) for size in sizes]
        cuts = [len(d) - n for d, n in zip(self.drives, held, strict=True)]
        horizon = self._horizon(held)
        places = [
            (i, start)
            for i, cut in enumerate(cuts)
            for start in range(cut, len(self.drives[i]) - horizon + 1)
        ]
        chosen = np.unique(np.linspace(0, len(places) - 1, settings.n_starts).round().astype(int))
        starts = [places[k] for k in chosen]
        states, held_out = [], []
        for i, cut in enumerate(cuts):
            state = self._rest(i)
            for features, target in self._rows(i, state, 0, cut):
                factor.add(features, target)
            held_out += self._rows(i, state, cut, len(self.drives[i]))
            states += self._states_at(i, [start for j, start in starts if j == i])
        truth = np.stack([self.targets[i][s : s + horizon] for i, s in starts])
        first = np.stack([self.drives[i][s, : settings.n_outputs_] for i, s in starts])
        exog = np.stack([self.drives[i][s : s + horizon, settings.n_outputs_ :] for i, s in starts])
        losses, n_diverged = [], []
        for alpha in tqdm(alphas, desc="penalties", delay=2, disable=None):
            loop = self._loop(*factor.solve(alpha))
            found = run_on(self.member, join_states(states), first, exog, loop)
            losses.append(_log_error(found - truth).mean())
            n_diverged.append((np.abs(found) >= FARTHEST).any(axis=(1, 2)).sum())
        self.losses = np.array(losses)
        self.alpha = float(alphas[np.lexsort([losses, n_diverged])[0]])
        for features, target in held_out:
            factor.add(features, target)
        self.readout = self._loop(*factor.solve(self.alpha))

    def _horizon(self, sizes: list[int]) -> int:
        """Return the number of steps of the forecasts that choose the penalty."""
        longest = max(sizes)
        if self.settings.horizon is None:
            return max(1, min(200, longest // 5))
        if self.settings.horizon > longest:
            raise ValueError(
                f"horizon={self.settings.horizon} is longer than the {longest} held-out steps: "
                "take a shorter one, a longer recording or a larger validation_fraction."
            )
        return int(self.settings.horizon)

    def _rest(self, i: int) -> ReservoirState:
        """Return the state at the beginning of a recording, with a noise of its own."""
        state: ReservoirState = self.member.start(1, [i])
        return state

    def _states_at(self, i: int, steps: list[int]) -> list[ReservoirState]:
        """Return the states before some steps of a recording, ascending, without input noise."""
        state, states = self._rest(i), []
        for first, last in pairwise([0, *steps]):
            for at in range(first, last, CHUNK):
                _advance(self.member, state, self.drives[i][np.newaxis, at : min(at + CHUNK, last)])
            states.append(copy_state(state))
        return states

    def _rows(self, i: int, state: ReservoirState, begin: int, end: int) -> Any:
        """Yield features and targets of steps, without the washout; the state is advanced."""
        drive = self.noisy[i]
        for at in range(begin, end, CHUNK):
            last = min(at + CHUNK, end)
            states = _advance(self.member, state, drive[np.newaxis, at:last])[0]
            skip = max(0, self.settings.washout - at)
            if skip < last - at:
                kept = slice(at + skip, last)
                features = _features(states[skip:], drive[kept], self.squares, self.settings.inputs)
                yield features, self.targets[i][kept]

    def _loop(self, weights: NDArray, intercept: NDArray) -> Loop:
        """Return the weights (output, feature) in the form of the kernels."""
        n, n_inputs = self.member.n_nodes, self.member.n_features_in_
        states, squares = weights[:, :n].copy(), np.zeros((len(weights), n))
        if self.squares == "all":
            squares = weights[:, n : 2 * n].copy()
        elif self.squares == "half":
            squares = states.copy()
            squares[:, ::2], states[:, 1::2] = 0.0, 0.0
        inputs = weights[:, -n_inputs:] if self.settings.inputs else np.empty((len(weights), 0))
        states, squares, inputs = (
            np.ascontiguousarray(part, np.float64) for part in (states, squares, inputs)
        )
        return Loop(states, squares, inputs, np.array(intercept, np.float64), FARTHEST, n_inputs)


def _features(states: NDArray, inputs: NDArray, squares: Any, with_inputs: bool) -> Floats:
    """Return features (row, feature): states, squares and inputs."""
    parts = [np.asarray(states, np.float64)]
    if squares == "all":
        parts.append(parts[0] ** 2)
    elif squares == "half":
        parts[0] = parts[0].copy()
        parts[0][:, 1::2] **= 2
    if with_inputs:
        parts.append(inputs)
    return np.hstack(parts)


def _predict(
    model: Any, squares: Any, with_inputs: bool, states: NDArray, inputs: NDArray
) -> NDArray:
    """Return what a regressor predicts, (run, output)."""
    found = model.predict(_features(states, inputs, squares, with_inputs))
    return np.asarray(found).reshape(len(states), -1)


def _advance(member: Any, state: ReservoirState, drive: Floats) -> NDArray:
    """Advance a state by a drive (run, step, input); return states (run, step, node)."""
    lengths = np.full(len(drive), drive.shape[1])
    out: NDArray = member._run_block(np.ascontiguousarray(drive), lengths, state)
    state.step += drive.shape[1]
    return out


def _log_error(error: Floats) -> Floats:
    """Return the decimal logarithm of an error (..., output) at each step."""
    size = np.sqrt(np.mean(error**2, axis=-1))
    return np.asarray(np.log10(np.maximum(size, SMALLEST)))


def _find_range(values: Floats, what: str) -> Floats:
    """Return the smallest and the largest value of each column (2, column)."""
    extremes = np.stack([values.min(axis=0), values.max(axis=0)])
    still = np.flatnonzero(extremes[0] == extremes[1])
    if still.size:
        raise ValueError(
            f"{what} is constant ({extremes[0, still[0]]}) in column {still[0]}: leave it out."
        )
    return extremes


def _to_unit(values: Floats, extremes: Floats) -> Floats:
    """Scale columns so that their range becomes -1 to 1."""
    low, high = extremes
    return 2 * (values - low) / (high - low) - 1
