"""CrossbarReadout: a fitted linear model whose weights are conductances of a crossbar."""

from copy import copy
from hashlib import blake2b
from typing import Any, Self
from warnings import warn

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from mottle.checks import NamesParameters, check_bool, check_number, is_number
from mottle.containers import check_features, naming_rows
from mottle.reservoir.nonvolatile.ageing import check_later, warn_kept
from mottle.reservoir.nonvolatile.aware import fit_aware
from mottle.reservoir.nonvolatile.cells import cell_of, get_cell, name_of
from mottle.reservoir.nonvolatile.converters import DAC
from mottle.reservoir.nonvolatile.crossbar import Crossbar
from mottle.reservoir.nonvolatile.linear import (
    before_last,
    check_linear,
    features_of,
    has_earlier_steps,
    is_fitted,
    last_step,
    make_head,
    weights_of,
    with_last,
)
from mottle.reservoir.nonvolatile.mapping import check_layout, check_weights
from mottle.reservoir.nonvolatile.tiles import (
    LEAST_ROWS,
    check_bits,
    faintest_output,
    lay_tiles,
    least_weight,
)
from mottle.reservoir.nonvolatile.writing import check_options

DEFAULT_TILE = (128, 128)
PARTS = {  # name and level in an energy report
    "device": ("cells", "device"),
    "transistor": ("transistors", "resistor"),
    "wire": ("wires and selectors", "resistor"),
    "selector": ("wires and selectors", "resistor"),
}
FEW = (
    4.0  # levels or write deviations; with fewer the largest weight has an error of a tenth or more
)
MANY = 4.0  # times the levels of a device: so many levels are rounded to in vain
FAINT = 0.25  # of the largest weight; above it a separate range would gain less than two bits


def _offers(method):
    """Return whether the readout has a method, fitted or not."""
    return available_if(lambda self: hasattr(getattr(self, "head_", self.readout), method))


class CrossbarReadout(NamesParameters, MetaEstimatorMixin, BaseEstimator):
    r"""Compute a linear readout in crossbars of nonvolatile cells.

    Features are converted to voltages and weights to conductances; column currents are products of
    weights and features:

    .. math:: x_j \to V_j = v_{read} (x_j - c_j) / h_j, \quad
              I = V G, \quad y = (g I C + o) / v_{read} + c W + b

    with centre c and half range h of each feature in the training data. C combines the columns of
    an output (see `map_weights`); gain g and offset o of each output compensate systematic errors
    of wires and cells (``compensate``). Converters quantise and clip. A matrix larger than the
    crossbar is divided into tiles, whose partial sums are converted separately. Centring, sums,
    gains and the intercept are digital, and so is the step from the decision to labels and
    probabilities.

    The mapping assumes currents proportional to voltages. Cells with a selector or ``v_sinh`` are
    nonlinear: their circuit is solved as it is, with a warning, since gains correct only a part of
    the error.

    Parameters
    ----------
    readout : estimator
        A linear model with ``coef_`` and ``intercept_`` (`RidgeReadout`, `Ridge`,
        `LogisticRegression`, `LinearSVC` ...), several of them in a `OneVsRestClassifier`,
        `MultiOutputClassifier` or `MultiOutputRegressor`, or a pipeline or search that ends in one;
        earlier steps remain digital. A fitted model is programmed as it is, and ``y`` is ignored:
        wrap it in `FrozenEstimator` to keep it fitted in `clone` and cross-validation.
    crossbar : Crossbar or (int, int), default=None
        The tile, with its shape, device and wires, or only its shape. None: a 1T1R array of 128 by
        128 with 1 ohm per segment.
    n_levels : int or None, default=64
        Number of conductance levels to round to; None: no rounding.
    mapping : {"differential", "sliced", "offset"}, default="differential"
        See `map_weights`, also for ``n_slices`` and ``scale``.
    n_slices : int, default=2
        Digits of a sliced weight.
    scale : {"tile", "column"}, default="tile"
        Whether the largest weight of a tile or that of each output is mapped to the full range.
        Outputs of different magnitudes, as in regressions of several targets, need "column".
    repair : bool, default=True
        Compensate a stuck cell by the other cell of its pair, as far as its range allows. Tiles
        with stuck cells are then written a second time.
    compensate : bool, default=True
        Correct each output of a tile by a digital gain and offset, fitted by least squares to the
        exact products on the calibration data (of 10 rows or more). They do not change while the
        cells age, until `recalibrate`.
    dac_bits, adc_bits : int or None, default=8
        Bits of the converters; None for ideal converters.
    percentile : float, default=100.0
        Percentile in % of the training data at which the converters' ranges end.
    read_noise : float, default=0.0
        Relative standard deviation of a cell in each read; equal features give equal noise.
    write_options : dict, default=None
        Further options of `write`: ``method``, ``max_pulses``, ``spread``, ``stuck`` ...
    aware : bool or float, default=False
        Device-aware training with the errors of the cells (see `fit_aware`): True, just after
        writing; a number, that many seconds after writing.
    random_state : int, RandomState instance or None, default=None
        Draws the cells and their noise; None: that of ``crossbar``, if any.

    Attributes
    ----------
    readout_ : estimator
        The model in floating point.
    head_ : estimator
        Its last step, which takes decision values as features.
    tiles_ : list of Tile
        The crossbars.
    centre_, half_range_ : ndarray of shape (n_coefficients,)
        Centre and half range of each feature, for the converters' ranges.
    calibration_ : ndarray of shape (at most 256, n_coefficients)
        Features on which the ranges were set.
    seconds_ : float
        Age of the cells in s.
    written_ : DataFrame
        Cost of writing, a row per tile: its first row and output, number of ``cells`` with weights,
        ``pulses`` and ``energy`` (J; NaN if not known for the device), including a second round
        for ``repair``; final ``yield`` (fraction within the tolerance) and number of ``stuck``
        cells.
    classes_ : ndarray
        Labels, in classification.
    n_features_in_ : int
        Number of features.

    Warns
    -----
    UserWarning
        By ``fit`` and ``program``: for nonlinear cells; for ``n_levels`` of four times the levels
        that the device has (`devices.levels`) or more; for an output whose largest weight is below
        a quarter of its tile's, and spans fewer than four levels or write deviations.

    Raises
    ------
    ValueError
        By ``fit`` and ``program``: for a model that is not linear in its features, weights that
        cannot be mapped, bits below 1, levels below 2, a tile too narrow.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from mottle.reservoir.nonvolatile import Crossbar, CrossbarReadout
    >>> X, y = load_iris(return_X_y=True)
    >>> tile = Crossbar((4, 6), wire_resistance=0)
    >>> readout = CrossbarReadout(LogisticRegression(max_iter=500), tile, random_state=0).fit(X, y)
    >>> readout.score_float(X, y) - readout.age(86400).score(X, y) < 0.1
    True
    """

    def __init__(
        self,
        readout: Any,
        crossbar: Any = None,
        *,
        n_levels: Any = 64,
        mapping: str = "differential",
        n_slices: int = 2,
        scale: str = "tile",
        repair: bool = True,
        compensate: bool = True,
        dac_bits: Any = 8,
        adc_bits: Any = 8,
        percentile: float = 100.0,
        read_noise: float = 0.0,
        write_options: Any = None,
        aware: Any = False,
        random_state: Any = None,
    ) -> None:
        self.readout, self.crossbar, self.n_levels = readout, crossbar, n_levels
        self.mapping, self.n_slices, self.scale, self.repair = mapping, n_slices, scale, repair
        self.compensate = compensate
        self.dac_bits, self.adc_bits, self.percentile = dac_bits, adc_bits, percentile
        self.read_noise, self.write_options = read_noise, write_options
        self.aware, self.random_state = aware, random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the readout unless it is fitted, write its weights, and set the converters' ranges.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data, also for the converters' ranges.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Training targets.

        Returns
        -------
        self : CrossbarReadout
            The programmed readout.
        """
        self._check_parameters()
        self._check_X(X, reset=True)
        model = self.readout if is_fitted(self.readout) else clone(self.readout).fit(X, y)
        if (later := self._aware_seconds()) is not None:
            model = self._fit_aware(model, X, y, later)
        return self._program(model, X)

    def program(self, X: Any = None) -> Any:
        """Write the weights of a fitted readout to new cells, and set the converters' ranges.

        The readout is ``readout_`` after ``fit``; before ``fit``, or if ``readout`` has been
        replaced since, ``readout`` itself.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), default=None
            Training data for the converters' ranges. None: the ranges and ``calibration_`` remain,
            which needs a readout programmed before.

        Returns
        -------
        self : CrossbarReadout
            The programmed readout.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.linear_model import RidgeClassifier
        >>> from mottle.reservoir.nonvolatile import Crossbar, CrossbarReadout
        >>> X, y = load_iris(return_X_y=True)
        >>> readout = CrossbarReadout(RidgeClassifier(), Crossbar((4, 6)), random_state=0).fit(X, y)
        >>> readout.age(86_400.0).program().seconds_
        0.0
        """
        self._check_parameters()
        current = getattr(self, "_fitted_from", None) is self.readout
        model = self.readout_ if current else self.readout
        if not is_fitted(model):
            raise NotFittedError("program() needs a fitted readout; call fit(X, y).")
        if self._aware_seconds() is not None and not current:
            raise ValueError(f"aware={self.aware!r} refits the weights: call fit(X, y).")
        if X is None:
            if not current:
                raise ValueError(
                    "program() without X takes the calibration data of fit, and there are none for "
                    "this readout: pass training data, program(X)."
                )
            self._write()
            self._warn_levels()
            self._warn_faint()
            return self
        self._check_X(X, reset=True)
        return self._program(model, X)

    def _check_parameters(self):
        check_bits(self.dac_bits, "dac_bits")
        check_bits(self.adc_bits, "adc_bits")
        check_number("percentile", self.percentile, "%", above=50, most=100)
        check_number("read_noise", self.read_noise, least=0)
        check_bool("repair", self.repair)
        check_bool("compensate", self.compensate)
        self._aware_seconds()
        check_options(self.write_options or {})
        check_layout(**self._layout())
        if not self._tile().is_linear:
            warn(
                f"the cells of crossbar={self._tile()!r} are not linear (selector or v_sinh): "
                "their currents are not products of voltages and conductances, and compensate=True "
                "corrects only a part of the error. Compare with score_float, or take "
                "topology='1T1R' or selector=None and v_sinh=None.",
                stacklevel=3,
            )

    def _check_X(self, X, reset=False):
        """Return features as numbers; missing values are allowed if there are earlier steps."""
        check_features(X, states=False)
        finite = not has_earlier_steps(self.readout)
        with naming_rows(X):
            return validate_data(self, X, dtype=np.float64, reset=reset, ensure_all_finite=finite)

    def _aware_seconds(self):
        """Return the age in s of the cells whose errors are injected in fit; None for no errors."""
        if isinstance(self.aware, bool | np.bool_):
            return 0.0 if self.aware else None
        if not is_number(self.aware) or not 0 <= self.aware < np.inf:
            raise ValueError(
                f"aware={self.aware!r} s must be True, False, or an age in s that is not negative."
            )
        return float(self.aware)

    def _tile(self):
        if isinstance(self.crossbar, Crossbar):
            return self.crossbar
        if self.crossbar is None or isinstance(self.crossbar, tuple | list):
            return Crossbar(DEFAULT_TILE if self.crossbar is None else tuple(self.crossbar))
        raise ValueError(
            f"crossbar={self.crossbar!r} must be a Crossbar, its shape (rows, columns), or None."
        )

    def _own_random_state(self):
        """Return the random state for the cells: the readout's, else that of its crossbar."""
        if self.random_state is not None:
            return self.random_state
        of_tile = self._tile().random_state
        if isinstance(of_tile, np.random.Generator):  # not supported by scikit-learn
            return int(of_tile.integers(2**31 - 1))
        return of_tile

    def _layout(self):
        """Return the options of the mapping."""
        names = ("n_levels", "mapping", "n_slices", "scale")
        return {name: getattr(self, name) for name in names}

    def _fit_aware(self, model, X, y, later):
        """Refit the last step with the errors of the cells ``later`` s after writing."""
        Z = features_of(model, X)
        last = fit_aware(
            last_step(model), Z, y, self._tile().device, seconds=later,
            half_range=self._ranges(Z)[1], options=self.write_options or {},
            random_state=self._own_random_state(), **self._layout(),
        )  # fmt: skip
        return with_last(model, last)

    def _ranges(self, Z):
        """Return centre and half range of each feature; 1 for constant features."""
        low, high = np.percentile(Z, [100 - self.percentile, self.percentile], axis=0)
        half = 0.5 * (high - low)
        return 0.5 * (high + low), np.where(half > 1e-12 * np.abs(Z).max(axis=0), half, 1.0)

    def _program(self, model, X):
        Z, last = features_of(model, X), last_step(model)
        self.readout_, self.head_ = model, make_head(last)
        self._fitted_from = self.readout
        coef, intercept = weights_of(last)
        if Z.shape[1] != coef.shape[1]:
            raise ValueError(
                f"X has {Z.shape[1]} features; {type(last).__name__} was fitted on {coef.shape[1]}."
            )
        self.centre_, self.half_range_ = self._ranges(Z)
        check_weights((coef * self.half_range_).T)
        self.bias_ = intercept + coef @ self.centre_
        check_linear(model, self.head_, X, Z @ coef.T + intercept)
        every = -(-len(Z) // 256)
        self.calibration_ = np.array(Z[::every])
        if hasattr(self.head_, "classes_"):
            self.classes_ = self.head_.classes_
        else:
            self.__dict__.pop("classes_", None)
        self._write()
        self._warn_levels()
        self._warn_faint()
        return self

    def _warn_levels(self):
        """Warn if weights are rounded to far more levels than the cells can hold."""
        device = self._tile().device
        levels = cell_of(device).levels(get_cell(device), 0.0)
        if self.n_levels is not None and levels and self.n_levels >= MANY * levels:
            warn(
                f"n_levels={self.n_levels}, but cells of {name_of(device)!r} have about "
                f"{levels:.0f} levels that are distinct just after writing (devices.levels): "
                "writing errors, not steps between levels, limit the accuracy, and compare(X, y) "
                f"measures what is lost. n_levels={max(2, round(levels))} rounds to what the cells "
                "have, None not at all.",
                stacklevel=4,
            )

    def _warn_faint(self):
        """Warn of an output whose weights are small compared with the others of its tile."""
        layout = self._layout()
        if layout.pop("scale") == "column":
            return
        least = least_weight(self._tile().device, **layout, options=self.write_options or {})
        output, ratio = faintest_output(self.tiles_, self._weights())
        if ratio < min(FAINT, FEW * least):
            warn(
                f"the largest weight of output {output} is {ratio:.2g} of the largest in its tile, "
                f"which is {ratio / least:.2g} times the resolution of the cells (a level, or the "
                f"write deviation); below {FEW:g} errors are large. Take scale='column', which "
                "maps each output to the full range, or scale the targets to similar magnitudes.",
                stacklevel=4,
            )

    def _weights(self):
        """Return weights (row, output) for features in units of their half range."""
        return (weights_of(last_step(self.readout_))[0] * self.half_range_).T

    def _write(self):
        """Write the weights to newly drawn cells."""
        weights = self._weights()
        seed = check_random_state(self._own_random_state()).randint(2**31 - 1, size=2)
        self.noise_seed_ = int(seed[0])
        self.tiles_ = lay_tiles(
            weights, self._tile(), np.random.default_rng(seed[1]), **self._layout(),
            repair=self.repair, options=self.write_options or {},
        )  # fmt: skip
        volts = self._volts(self.calibration_)
        for tile in self.tiles_:
            tile.calibrate(volts, self.percentile)
            if self.compensate:
                tile.compensate(volts, weights)
        self.seconds_ = 0.0
        return self

    def redraw(self, random_state: Any = None, **parameters: Any) -> Any:
        """Return a copy with the same weights written to other cells.

        Parameters
        ----------
        random_state : int, RandomState instance or None, default=None
            Draws the cells.
        **parameters : dict
            Parameters that differ: ``n_levels``, ``adc_bits``, ``crossbar`` ...

        Returns
        -------
        readout : CrossbarReadout
            A new readout; this one is not changed.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.linear_model import RidgeClassifier
        >>> from mottle.reservoir.nonvolatile import Crossbar
        >>> X, y = load_iris(return_X_y=True)
        >>> readout = CrossbarReadout(RidgeClassifier(), Crossbar((4, 6)), random_state=0).fit(X, y)
        >>> readout.redraw(1, adc_bits=4).crossbar.shape
        (4, 6)
        >>> scores = [readout.redraw(seed).score(X, y) for seed in range(3)]
        >>> min(scores) > 0.7
        True
        """
        check_is_fitted(self, "tiles_")
        fresh = check_random_state(None) if random_state is None else random_state
        other = copy(self).set_params(random_state=fresh, **parameters)
        other._check_parameters()
        return other._write()

    def _volts(self, Z):
        """Return the voltages of features after the DACs."""
        most = self._tile().v_read
        volts = most * (Z - self.centre_) / self.half_range_
        if self.dac_bits is None:
            return volts
        return DAC(self.dac_bits, (-most, most)).convert(volts)

    def _decide(self, X):
        """Return the analogue decision (sample, output)."""
        check_is_fitted(self, "tiles_")
        checked = self._check_X(X)
        Z = features_of(self.readout_, X)
        volts, v_read = self._volts(Z), self._tile().v_read
        keys = self._keys(checked) if self.read_noise > 0 else None
        decision = np.tile(self.bias_, (len(Z), 1))
        for place, tile in enumerate(self.tiles_):
            own = None if keys is None else keys + np.uint64(place)
            products = tile.products(volts, self.adc_bits, self.read_noise, own)
            decision[:, tile.outputs] += products / v_read
        return decision

    def _keys(self, X):
        """Return the noise key of every row, a hash of its content."""
        seed = self.noise_seed_.to_bytes(8, "little")
        digests = [blake2b(row.tobytes(), digest_size=8, key=seed).digest() for row in X]
        return np.array([int.from_bytes(d, "little") for d in digests], dtype=np.uint64)

    @_offers("decision_function")
    def decision_function(self, X: Any) -> NDArray:
        """Return the decision values computed by the crossbars.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes)
            As of the readout, with the errors of the cells.
        """
        decision = self._decide(X)
        return self.head_.decision_function(decision)

    def predict(self, X: Any) -> NDArray:
        """Return labels or numbers, predicted from the crossbars' decision.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Predicted labels or numbers.
        """
        decision = self._decide(X)
        return self.head_.predict(decision)

    @_offers("predict_proba")
    def predict_proba(self, X: Any) -> NDArray:
        """Return class probabilities, computed from the crossbars' decision.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Rows sum to 1.
        """
        decision = self._decide(X)
        return self.head_.predict_proba(decision)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return accuracy for labels, the coefficient of determination for numbers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like
            True labels or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            At most 1.
        """
        return self._score(y, self.predict(X), sample_weight)

    def _score(self, y, predicted, sample_weight=None):
        """Return the score; several labels of a row must all agree (`MultiOutputClassifier`)."""
        if not is_classifier(self):
            return r2_score(y, predicted, sample_weight=sample_weight)
        if np.ndim(predicted) == 2:
            right = np.all(np.asarray(y) == predicted, axis=1)
            return float(np.average(right, weights=sample_weight))
        return accuracy_score(y, predicted, sample_weight=sample_weight)

    def score_float(self, X: Any, y: Any) -> float:
        """Return the score of the readout in floating point.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like
            True labels or numbers.

        Returns
        -------
        score : float
            At most 1.
        """
        check_is_fitted(self, "tiles_")
        return self._score(y, self.readout_.predict(X))

    def compare(self, X: Any, y: Any) -> Any:
        """Compare with the readout in floating point.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like
            True labels or numbers.

        Returns
        -------
        comparison : pandas.Series
            Over all outputs: ``score``, ``score_float``, ``agreement`` (fraction of equal
            predictions; for numbers the correlation), ``decision_error`` (root mean square,
            relative to the decision's standard deviation) and ``clipped`` (fraction of clipped
            voltages). ``worst_output`` is the output with the largest error relative to its own
            standard deviation, ``worst_error``; ``worst_agreement`` is its correlation.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.linear_model import RidgeClassifier
        >>> from mottle.reservoir.nonvolatile import Crossbar
        >>> X, y = load_iris(return_X_y=True)
        >>> readout = CrossbarReadout(RidgeClassifier(), Crossbar((4, 6)), random_state=0).fit(X, y)
        >>> bool(readout.compare(X, y)["agreement"] > 0.8)
        True
        """
        check_is_fitted(self, "tiles_")
        Z, (coef, intercept) = features_of(self.readout_, X), weights_of(last_step(self.readout_))
        exact, analog = Z @ coef.T + intercept, self._decide(X)
        predicted, expected = self.head_.predict(analog), self.head_.predict(exact)
        if is_classifier(self):
            same = np.mean(predicted == expected)
        else:
            same = _correlation(predicted, expected)
        deviation = max(exact.std(), np.finfo(float).tiny)
        error = np.sqrt(np.mean((analog - exact) ** 2)) / deviation
        own = exact.std(axis=0)
        own = np.where(own > 1e-12 * deviation, own, deviation)  # constant outputs
        errors = np.sqrt(np.mean((analog - exact) ** 2, axis=0)) / own
        worst = int(errors.argmax())
        clipped = np.mean(np.abs(Z - self.centre_) > self.half_range_ * (1 + 1e-9))
        return pd.Series({
            "score": self.score(X, y), "score_float": self.score_float(X, y),
            "agreement": float(same), "decision_error": float(error), "clipped": float(clipped),
            "worst_output": worst, "worst_error": float(errors[worst]),
            "worst_agreement": float(_correlation(analog[:, worst], exact[:, worst])),
        })  # fmt: skip

    def age(self, seconds: Any) -> Any:
        """Age the cells; gains and offsets of outputs are not changed (see `recalibrate`).

        If no retention was published for the device, cells keep their conductance, with a warning.

        Parameters
        ----------
        seconds : float
            Time since writing in s; not before the present age.

        Returns
        -------
        self : CrossbarReadout
            The same readout; ``program`` writes the cells again.
        """
        check_is_fitted(self, "tiles_")
        warn_kept(self._tile().device, check_later(seconds, self.seconds_))
        return self._age(seconds)

    def _age(self, seconds):
        """Age the cells without the warning."""
        seconds = check_later(seconds, self.seconds_)
        for tile in self.tiles_:
            tile.crossbar._age(seconds)
        self.seconds_ = seconds
        return self

    def recalibrate(self) -> Any:
        """Fit gains and offsets of the outputs again, to the cells at their present age.

        The calibration data of ``fit`` are applied again and their products compared with the exact
        ones; cells are not written, labels are not needed. This corrects what the cells of an
        output have in common, such as drift, and their mean error.

        Returns
        -------
        self : CrossbarReadout
            The same readout.

        Raises
        ------
        ValueError
            For fewer than 10 rows of calibration data.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from sklearn.linear_model import RidgeClassifier
        >>> from mottle.reservoir.nonvolatile import Crossbar, CrossbarReadout
        >>> X, y = load_digits(return_X_y=True)
        >>> tile = Crossbar((64, 20), device="pcm")
        >>> readout = CrossbarReadout(RidgeClassifier(), tile, n_levels=16, random_state=0)
        >>> readout = readout.fit(X[:900], y[:900])
        >>> aged = readout.age(86_400 * 365).score(X[900:], y[900:])
        >>> readout.recalibrate().score(X[900:], y[900:]) > aged
        True
        """
        check_is_fitted(self, "tiles_")
        if len(self.calibration_) < LEAST_ROWS:
            raise ValueError(
                f"calibration_ has {len(self.calibration_)} rows, of the data passed to fit or "
                f"program; gains and offsets need {LEAST_ROWS}: program more."
            )
        volts, weights = self._volts(self.calibration_), self._weights()
        for tile in self.tiles_:
            tile.compensate(volts, weights)
        return self

    def count_operations(self, X: Any) -> Any:
        """Count the operations of a prediction of ``X``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features; only their number is used.

        Returns
        -------
        counts : pandas.Series
            ``inferences``; in total ``dac`` (a voltage is used by all tiles in a row) and ``adc``
            conversions, ``drivers`` (word lines charged, in every tile), ``products`` of a weight
            and a feature, ``reads`` of cells and digital ``mac`` (scaling of features, sums of
            columns, gains of outputs); and ``tiles``, ``cells`` with weights, ``cells_unused``.
        """
        check_is_fitted(self, "tiles_")
        n, rows = len(X), len(self.centre_)
        columns = sum(len(tile.combine) for tile in self.tiles_)
        used = sum((tile.rows.stop - tile.rows.start) * len(tile.combine) for tile in self.tiles_)
        macs = sum(int(np.count_nonzero(tile.combine)) for tile in self.tiles_)
        macs += sum(np.size(tile.gain) for tile in self.tiles_ if np.ndim(tile.gain))
        lines = sum(tile.rows.stop - tile.rows.start for tile in self.tiles_)
        present = len(self.tiles_) * int(np.prod(self._tile().shape))
        return pd.Series({
            "inferences": n, "dac": n * rows, "adc": n * columns, "drivers": n * lines,
            "products": n * rows * len(self.bias_), "reads": n * used,
            "mac": n * (rows + macs), "tiles": len(self.tiles_), "cells": used,
            "cells_unused": present - used,
        })  # fmt: skip

    def energy(self, X: Any, duration: Any = 1e-7) -> Any:
        """Return the energy of the arrays for each prediction.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        duration : float, default=1e-7
            Time in s for which the voltages are applied.

        Returns
        -------
        energy : xarray.Dataset
            In J over ``sample``, for all tiles: ``device``, ``transistor``, ``selector``, ``wire``
            and ``supply``, their sum. Converters and drivers are not included (see
            ``count_operations``).

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.linear_model import RidgeClassifier
        >>> from mottle.reservoir.nonvolatile import Crossbar
        >>> X, y = load_iris(return_X_y=True)
        >>> readout = CrossbarReadout(RidgeClassifier(), Crossbar((4, 6)), random_state=0).fit(X, y)
        >>> energy = readout.energy(X, duration=1e-7)
        >>> energy.supply.shape, bool(energy.supply.max() < 1e-9)
        ((150,), True)
        """
        check_is_fitted(self, "tiles_")
        self._check_X(X)
        volts = self._volts(features_of(self.readout_, X))
        parts = [tile.crossbar.energy(tile.drive(volts), duration) for tile in self.tiles_]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        for name, (long_name, level) in PARTS.items():
            total[name].attrs |= {"long_name": long_name, "level": level}
        total.attrs |= {
            "method": "V I of the solved circuit",
            "source": f"voltages held for {duration * 1e6:.3g} us (provisional)",
        }
        return total.rename(vector="sample")

    @property
    def written_(self) -> pd.DataFrame:
        """Cost of writing, a row per tile."""
        return pd.DataFrame([tile.written for tile in self.tiles_])

    @property
    def energy_scales_(self) -> dict[str, float]:
        """Factors on the energy of operations: drivers charge lines to the read voltage."""
        return {"drivers": self._tile().v_read ** 2}

    @property
    def costs_left_out_(self) -> list[str]:
        """Parts whose energy is not counted."""
        return ["writing of its cells (see written_)"]

    @property
    def steps_before_(self) -> list:
        """Fitted steps before the arrays."""
        return list(before_last(self.readout_))

    def __sklearn_tags__(self):
        """Return the tags of the readout, except for sparse features."""
        tags = super().__sklearn_tags__()
        inner = get_tags(getattr(self, "readout_", self.readout))
        tags.estimator_type, tags.target_tags = inner.estimator_type, inner.target_tags
        tags.classifier_tags, tags.regressor_tags = inner.classifier_tags, inner.regressor_tags
        return tags


def _correlation(a, b):
    a, b = np.ravel(a) - np.mean(a), np.ravel(b) - np.mean(b)
    scale = np.sqrt((a @ a) * (b @ b))
    return a @ b / scale if scale > 0 else 1.0
