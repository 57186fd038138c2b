"""CrossbarReadout: any fitted linear model, its weights in conductances."""

from copy import copy
from hashlib import blake2b
from warnings import warn

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from mottle.checks import is_number
from mottle.reservoir.nonvolatile.ageing import check_later, warn_kept
from mottle.reservoir.nonvolatile.aware import fit_aware
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
    check_bits,
    faintest_output,
    lay_tiles,
    least_weight,
)
from mottle.reservoir.nonvolatile.writing import check_options

DEFAULT_TILE = (128, 128)
PARTS = {  # of an account of energies, and their level
    "device": ("cells", "device"),
    "transistor": ("transistors", "resistor"),
    "wire": ("wires and selectors", "resistor"),
    "selector": ("wires and selectors", "resistor"),
}
FEW = 4.0  # levels, or deviations of writing: the largest weight is off by a tenth or more
FAINT = 0.25  # of the largest weight: above, a range of its own would gain under two bits


def _offers(method):
    """Tell whether the readout has a method, fitted or not."""
    return available_if(lambda self: hasattr(getattr(self, "head_", self.readout), method))


class CrossbarReadout(MetaEstimatorMixin, BaseEstimator):
    r"""Carry out a linear readout in crossbars of nonvolatile cells.

    Features become voltages, weights conductances, and each column's current is what a row of
    weights makes of the features:

    .. math:: x_j \to V_j = v_{read} (x_j - c_j) / h_j, \quad
              I = V G, \quad y = (g I C + o) / v_{read} + c W + b

    with centre c and half range h of each feature in the training data; C adds up the columns
    that hold one output (see `map_weights`), gain g and offset o of each output undo what wires and
    cells do to all of its products alike (``compensate``). Converters have steps and ends, a matrix
    larger than the crossbar is cut into tiles, and partial sums are converted tile by tile.
    Centring, sums, gains and the intercept are digital, and so is what the model makes of its
    decision (labels, probabilities).

    The mapping takes currents to be proportional to voltages. Cells with a selector or a ``v_sinh``
    are not: they are solved as the circuit they are, with a warning, since gains make good only a
    part of that.

    Parameters
    ----------
    readout : estimator
        A linear model with ``coef_`` and ``intercept_`` (`RidgeReadout`, `Ridge`,
        `LogisticRegression`, `LinearSVC` ...), several of them in a `OneVsRestClassifier`,
        `MultiOutputClassifier` or `MultiOutputRegressor`, or a pipeline or search that ends in one;
        earlier steps stay digital. A model that is fitted already is programmed as it is, whatever
        ``y`` says: wrap it in `FrozenEstimator` to keep it so through `clone` and cross-validation.
    crossbar : Crossbar or (int, int), default=None
        The tile: shape, device, wires; or its shape alone. None is a 1T1R array of 128 by 128 with
        1 ohm a segment.
    n_levels : int or None, default=64
        Conductance levels to round to; None rounds nothing.
    mapping : {"differential", "sliced", "offset"}, default="differential"
        See `map_weights`; ``n_slices`` and ``scale`` likewise.
    n_slices : int, default=2
        Digits of a sliced weight.
    scale : {"tile", "column"}, default="tile"
        Whether the largest weight of a tile or that of each output fills the range. Outputs of
        unlike sizes, as in regressions of several targets, need "column".
    mend : bool, default=True
        Let the other cell of a pair make up for one that is stuck; what its range does not allow
        is left. Costs a second round of writing where there are such cells.
    compensate : bool, default=True
        Give each output of a tile a digital gain and offset, by least squares between its products
        as written and the exact ones on the calibration data (of 10 rows or more). They stay as
        they are while the cells age.
    dac_bits, adc_bits : int or None, default=8
        Bits of the converters; None is a converter without steps.
    percentile : float, default=100.0
        Share in % of the training data that the converters' ranges hold.
    read_noise : float, default=0.0
        Relative standard deviation of a cell in each read; the same features read the same.
    write_options : dict, default=None
        Further options of `write`: ``method``, ``max_pulses``, ``spread``, ``stuck`` ...
    aware : bool or float, default=False
        Fit against the errors of the cells (see `fit_aware`): True, as written; a number, as they
        are that many seconds later.
    random_state : int, RandomState instance or None, default=None
        Draws the cells and their noise; None: that of ``crossbar``, if it has one.

    Attributes
    ----------
    readout_ : estimator
        The model in floating point.
    head_ : estimator
        Its last step, given the decision in place of features.
    tiles_ : list of Tile
        The crossbars.
    centre_, half_range_ : ndarray of shape (n_coefficients,)
        What the converters' ranges are made of.
    calibration_ : ndarray of shape (at most 256, n_coefficients)
        Features on which the ranges were set.
    seconds_ : float
        Age of the cells in s.
    written_ : DataFrame
        What writing took, one row a tile: its first row and output, ``cells`` that hold weights,
        ``pulses`` and ``energy`` (J; NaN where the device does not tell), a second round of
        mending included; ``yield`` (share within the tolerance) and ``stuck`` cells at the end.
    classes_ : ndarray
        Labels, in classification.
    n_features_in_ : int
        Number of features.

    Warns
    -----
    UserWarning
        By ``fit`` and ``program``: for cells that are not linear; for an output whose largest
        weight is below a quarter of its tile's, and spans fewer than four levels or deviations of
        writing.

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
        self, readout, crossbar=None, *, n_levels=64, mapping="differential", n_slices=2,
        scale="tile", mend=True, compensate=True, dac_bits=8, adc_bits=8, percentile=100.0,
        read_noise=0.0, write_options=None, aware=False, random_state=None,
    ):  # fmt: skip
        self.readout, self.crossbar, self.n_levels = readout, crossbar, n_levels
        self.mapping, self.n_slices, self.scale, self.mend = mapping, n_slices, scale, mend
        self.compensate = compensate
        self.dac_bits, self.adc_bits, self.percentile = dac_bits, adc_bits, percentile
        self.read_noise, self.write_options = read_noise, write_options
        self.aware, self.random_state = aware, random_state

    def fit(self, X, y):
        """Fit the readout if it is not fitted, write its weights, set the converters' ranges.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data; the ranges are set on it too.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            What the readout learns.

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

    def program(self, X):
        """Write the weights of a readout that is fitted already; set the converters' ranges.

        That is ``readout_`` where ``fit`` has made one, and ``readout`` itself where there is none
        yet or another has been set since.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data, on which the ranges are set.

        Returns
        -------
        self : CrossbarReadout
            The programmed readout.
        """
        self._check_parameters()
        known = getattr(self, "_made_from", None) is self.readout
        model = self.readout_ if known else self.readout
        if not is_fitted(model):
            raise NotFittedError("program() writes a readout that is fitted; call fit(X, y).")
        if self._aware_seconds() is not None and not known:
            raise ValueError(f"aware={self.aware!r} fits the weights anew: call fit(X, y).")
        self._check_X(X, reset=True)
        return self._program(model, X)

    def _check_parameters(self):
        check_bits(self.dac_bits, "dac_bits")
        check_bits(self.adc_bits, "adc_bits")
        if not 50 < self.percentile <= 100:
            raise ValueError(f"percentile={self.percentile} % must lie above 50, at most at 100.")
        if not self.read_noise >= 0:
            raise ValueError(f"read_noise={self.read_noise} must not be negative.")
        self._aware_seconds()
        check_options(self.write_options or {})
        check_layout(**self._layout())
        if not self._tile().is_linear:
            warn(
                f"the cells of crossbar={self._tile()!r} are not linear (selector or v_sinh): "
                "their currents are not products of voltages and conductances, and only a part of "
                "the error is made good (compensate=True). Compare with score_float, or take "
                "topology='1T1R' or selector=None and v_sinh=None.",
                stacklevel=3,
            )

    def _check_X(self, X, reset=False):
        """Return features as numbers; what is missing is the affair of earlier steps, if any."""
        finite = not has_earlier_steps(self.readout)
        return validate_data(self, X, dtype=np.float64, reset=reset, ensure_all_finite=finite)

    def _aware_seconds(self):
        """Age in s of the cells whose errors the fit sees; None where it sees none."""
        if self.aware is None or isinstance(self.aware, bool | np.bool_):
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
        """Return what draws the cells: the readout's own, else that of its crossbar."""
        if self.random_state is not None:
            return self.random_state
        given = self._tile().random_state
        if isinstance(given, np.random.Generator):  # of which scikit-learn knows nothing
            return int(given.integers(2**31 - 1))
        return given

    def _layout(self):
        """Options of the mapping."""
        names = ("n_levels", "mapping", "n_slices", "scale")
        return {name: getattr(self, name) for name in names}

    def _fit_aware(self, model, X, y, later):
        """Fit the last step anew against the errors of the cells, ``later`` s after writing."""
        Z = features_of(model, X)
        last = fit_aware(
            last_step(model), Z, y, self._tile().device, seconds=later,
            half_range=self._ranges(Z)[1], options=self.write_options or {},
            random_state=self._own_random_state(), **self._layout(),
        )  # fmt: skip
        return with_last(model, last)

    def _ranges(self, Z):
        """Centre and half range of each feature; those that never move get a range of 1."""
        low, high = np.percentile(Z, [100 - self.percentile, self.percentile], axis=0)
        half = 0.5 * (high - low)
        return 0.5 * (high + low), np.where(half > 1e-12 * np.abs(Z).max(axis=0), half, 1.0)

    def _program(self, model, X):
        Z, last = features_of(model, X), last_step(model)
        self.readout_, self.head_ = model, make_head(last)
        self._made_from = self.readout
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
        self._tell_faint()
        return self

    def _tell_faint(self):
        """Warn of an output that is lost beside the others of its tile."""
        layout = self._layout()
        if layout.pop("scale") == "column":
            return
        least = least_weight(self._tile().device, **layout, options=self.write_options or {})
        output, share = faintest_output(self.tiles_, self._weights())
        if share < min(FAINT, FEW * least):
            warn(
                f"the largest weight of output {output} is {share:.2g} of the largest in its tile, "
                f"{share / least:.2g} times what cells here tell from none (a level, or the "
                f"deviation of writing; {FEW:g} is little): it will err widely. Take "
                "scale='column', which gives each output the whole range, or scale the targets "
                "alike.",
                stacklevel=4,
            )

    def _weights(self):
        """Weights (row, output) for features in shares of their half range."""
        return (weights_of(last_step(self.readout_))[0] * self.half_range_).T

    def _write(self):
        """Write the weights into cells drawn anew."""
        weights = self._weights()
        seed = check_random_state(self._own_random_state()).randint(2**31 - 1, size=2)
        self.noise_seed_ = int(seed[0])
        self.tiles_ = lay_tiles(
            weights, self._tile(), np.random.default_rng(seed[1]), **self._layout(),
            mend=self.mend, options=self.write_options or {},
        )  # fmt: skip
        volts = self._volts(self.calibration_)
        for tile in self.tiles_:
            tile.calibrate(volts, self.percentile)
            if self.compensate:
                tile.compensate(volts, weights)
        self.written_ = pd.DataFrame([tile.written for tile in self.tiles_])
        self.seconds_ = 0.0
        return self

    def redraw(self, random_state=None, **parameters):
        """Return a copy on other cells: the same weights, programmed anew.

        Parameters
        ----------
        random_state : int, RandomState instance or None, default=None
            Draws the cells.
        **parameters : dict
            What else differs: ``n_levels``, ``adc_bits``, ``crossbar`` ...

        Returns
        -------
        readout : CrossbarReadout
            A fresh one; this one stays as it is.
        """
        check_is_fitted(self, "tiles_")
        fresh = check_random_state(None) if random_state is None else random_state
        other = copy(self).set_params(random_state=fresh, **parameters)
        other._check_parameters()
        return other._write()

    def _volts(self, Z):
        """Voltages that the converters make of features."""
        most = self._tile().v_read
        volts = most * (Z - self.centre_) / self.half_range_
        if self.dac_bits is None:
            return volts
        return DAC(self.dac_bits, (-most, most)).convert(volts)

    def _decide(self, X):
        """Return the analog decision (sample, output)."""
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
        """Key of every row, by its content."""
        seed = self.noise_seed_.to_bytes(8, "little")
        digests = [blake2b(row.tobytes(), digest_size=8, key=seed).digest() for row in X]
        return np.array([int.from_bytes(d, "little") for d in digests], dtype=np.uint64)

    @_offers("decision_function")
    def decision_function(self, X):
        """Return what the crossbars decide.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes)
            As the readout's own, with the errors of the cells.
        """
        decision = self._decide(X)
        return self.head_.decision_function(decision)

    def predict(self, X):
        """Return labels or numbers, as the readout does with the crossbars' decision.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            What was learnt.
        """
        decision = self._decide(X)
        return self.head_.predict(decision)

    @_offers("predict_proba")
    def predict_proba(self, X):
        """Return what the readout makes of the crossbars' decision.

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

    def score(self, X, y, sample_weight=None):
        """Return accuracy for labels, the coefficient of determination for numbers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like
            Truth.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            At most 1.
        """
        return self._score(y, self.predict(X), sample_weight)

    def _score(self, y, predicted, sample_weight=None):
        """Several labels a row count as one answer, as `MultiOutputClassifier` has it."""
        if not is_classifier(self):
            return r2_score(y, predicted, sample_weight=sample_weight)
        if np.ndim(predicted) == 2:
            right = np.all(np.asarray(y) == predicted, axis=1)
            return float(np.average(right, weights=sample_weight))
        return accuracy_score(y, predicted, sample_weight=sample_weight)

    def score_float(self, X, y):
        """Return the same score of the readout in floating point.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like
            Truth.

        Returns
        -------
        score : float
            At most 1.
        """
        check_is_fitted(self, "tiles_")
        return self._score(y, self.readout_.predict(X))

    def compare(self, X, y):
        """Compare with the readout in floating point.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like
            Truth.

        Returns
        -------
        comparison : pandas.Series
            ``score``, ``score_float``, ``agreement`` (share of equal predictions; for numbers the
            correlation), ``decision_error`` (root mean square, of the decision's deviation) and
            ``clipped`` (share of voltages at an end of their range). These go over all outputs
            together; ``worst_output`` is the one that errs most for its own deviation,
            ``worst_error``, and ``worst_agreement`` the correlation of its decision.
        """
        check_is_fitted(self, "tiles_")
        Z, (coef, intercept) = features_of(self.readout_, X), weights_of(last_step(self.readout_))
        exact, analog = Z @ coef.T + intercept, self._decide(X)
        ours, theirs = self.head_.predict(analog), self.head_.predict(exact)
        same = np.mean(ours == theirs) if is_classifier(self) else _correlation(ours, theirs)
        spread = max(exact.std(), np.finfo(float).tiny)
        error = np.sqrt(np.mean((analog - exact) ** 2)) / spread
        own = exact.std(axis=0)
        own = np.where(own > 1e-12 * spread, own, spread)  # one that never moves
        errors = np.sqrt(np.mean((analog - exact) ** 2, axis=0)) / own
        worst = int(errors.argmax())
        clipped = np.mean(np.abs(Z - self.centre_) > self.half_range_ * (1 + 1e-9))
        return pd.Series({
            "score": self.score(X, y), "score_float": self.score_float(X, y),
            "agreement": float(same), "decision_error": float(error), "clipped": float(clipped),
            "worst_output": worst, "worst_error": float(errors[worst]),
            "worst_agreement": float(_correlation(analog[:, worst], exact[:, worst])),
        })  # fmt: skip

    def age(self, seconds):
        """Let the cells age; the gains of outputs stay as they were set after writing.

        Where no retention was published for the device the cells stay as written, with a warning.

        Parameters
        ----------
        seconds : float
            Time since they were written in s; not before an age reached already.

        Returns
        -------
        self : CrossbarReadout
            The same readout, older; ``program`` makes it new.
        """
        check_is_fitted(self, "tiles_")
        warn_kept(self._tile().device, check_later(seconds, self.seconds_))
        return self._age(seconds)

    def _age(self, seconds):
        """Let the cells age without a word."""
        seconds = check_later(seconds, self.seconds_)
        for tile in self.tiles_:
            tile.crossbar._age(seconds)
        self.seconds_ = seconds
        return self

    def count_operations(self, X):
        """Count what a prediction of ``X`` takes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features; only their number counts.

        Returns
        -------
        counts : pandas.Series
            ``inferences``; for all of them ``dac`` (a voltage goes to all tiles side by side) and
            ``adc`` conversions, ``drivers`` (word lines brought to a voltage, in every tile),
            ``products`` of a weight and a feature, ``reads`` of cells and digital ``mac`` (scaling
            of the features, sums of columns, gains of outputs); and ``tiles``, ``cells`` that hold
            weights, ``cells_unused``.
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

    def energy(self, X, duration=1e-7):
        """Return the energy of the arrays in each prediction.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        duration : float, default=1e-7
            Time in s for which the voltages are held.

        Returns
        -------
        energy : xarray.Dataset
            In J over ``sample``, all tiles together: ``device``, ``transistor``, ``selector``,
            ``wire`` and ``supply``, their sum. Converters and drivers come on top (see
            ``count_operations``).
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
    def energy_scales_(self) -> dict[str, float]:
        """Factors on the energy of single operations: drivers charge lines to the read voltage."""
        return {"drivers": self._tile().v_read ** 2}

    @property
    def costs_left_out_(self) -> list[str]:
        """What an account of energies leaves out."""
        return ["writing of its cells (see written_)"]

    @property
    def steps_before_(self) -> list:
        """Fitted steps that features pass before they reach the arrays."""
        return list(before_last(self.readout_))

    def __sklearn_tags__(self):
        """Tell scikit-learn what the readout tells, but for sparse features."""
        tags = super().__sklearn_tags__()
        inner = get_tags(getattr(self, "readout_", self.readout))
        tags.estimator_type, tags.target_tags = inner.estimator_type, inner.target_tags
        tags.classifier_tags, tags.regressor_tags = inner.classifier_tags, inner.regressor_tags
        return tags


def _correlation(a, b):
    a, b = np.ravel(a) - np.mean(a), np.ravel(b) - np.mean(b)
    scale = np.sqrt((a @ a) * (b @ b))
    return a @ b / scale if scale > 0 else 1.0
