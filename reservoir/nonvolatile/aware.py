"""Weights that are fitted against the errors of the cells that will hold them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.linear_model import Ridge, RidgeClassifier, RidgeClassifierCV, RidgeCV
from sklearn.utils import check_random_state
from sklearn.utils.validation import has_fit_parameter

from mottle.reservoir.nonvolatile.ageing import age_cells, warn_kept
from mottle.reservoir.nonvolatile.cells import conductance_range
from mottle.reservoir.nonvolatile.linear import weights_of
from mottle.reservoir.nonvolatile.mapping import map_weights
from mottle.reservoir.nonvolatile.writing import write
from mottle.reservoir.readout.ridge import RidgeReadout

RIDGES = (Ridge, RidgeClassifier, RidgeCV, RidgeClassifierCV, RidgeReadout)
ROUNDS = 3  # of weights and errors, each following from the other
COPIES = 4  # noisy ones of the data, for models without a closed form
CELLS = 100  # written to each of as many levels, to learn what goes wrong


def error_curve(
    device: Any, n_levels: int | None, seconds: float, options: dict[str, Any], random_state: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Root mean square error in S of cells against the conductance wanted, by writing some.

    A shift that all cells of a level share is left out: the other cell of a pair has it too.
    """
    low, high = conductance_range(device)
    goals = np.linspace(low, high, 33)
    if n_levels is not None:
        options = {"tolerance": (high - low) / (n_levels - 1) / 4} | options
    run = write(
        device, np.repeat(goals[:, np.newaxis], CELLS, axis=1), random_state=random_state, **options
    )
    g = age_cells(device, run, seconds).conductance.to_numpy()[0]
    step = 0.0 if n_levels is None else (high - low) / (n_levels - 1)
    return goals, np.sqrt(g.var(axis=1) + step**2 / 12)


def error_share(
    weights: NDArray, power: NDArray, device: Any, curve: tuple[NDArray, NDArray], **layout: Any
) -> float:
    """Power of the decision's error over that of the decision, both summed over the weights.

    ``weights`` (row, output) are those of features in units of their half range, whose mean
    squares are ``power`` (row,).
    """
    mapped = map_weights(weights, device, **layout)
    variance = np.interp(mapped.targets, *curve) ** 2 @ mapped.combine**2
    signal = power @ np.sum(weights**2, axis=1)
    return float(power @ variance.sum(axis=1) / signal) if signal > 0 else 0.0


def fit_aware(
    readout: Any,
    X: NDArray,
    y: Any,
    device: Any,
    *,
    seconds: float = 0.0,
    half_range: NDArray | None = None,
    options: dict[str, Any] | None = None,
    random_state: Any = None,
    **layout: Any,
) -> Any:
    r"""Fit a linear model anew, with the errors of the cells injected.

    Errors of weights that are independent and, all in all, a share :math:`\rho` of the decision do
    what noise of the features does whose deviation is that share of theirs. For ridge models this
    is one more penalty, in closed form,

    .. math:: \min_w |y - X w|^2 + \alpha |w|^2 + n \rho^2 \sum_j \mathrm{var}(x_j) w_j^2

    other models see noisy copies of the data. The share follows from the weights (their largest
    sets the scale), so both are found in turn.

    Parameters
    ----------
    readout : estimator
        A fitted linear model; the penalty it has, or has chosen, stays.
    X : ndarray of shape (n_samples, n_features)
        Training data.
    y : array-like
        What it learns.
    device : str or preset
        The cells.
    seconds : float, default=0.0
        Age in s of the cells whose errors are injected.
    half_range : ndarray of shape (n_features,), default=None
        Feature range that drives a row with the read voltage; by default that of ``X``.
    options : dict, default=None
        Those of `write`.
    random_state : int, RandomState instance or None, default=None
        Draws the cells that are written for trial, and the noise of the copies.
    **layout : dict
        ``n_levels``, ``mapping``, ``n_slices`` and ``scale`` of `map_weights`.

    Returns
    -------
    readout : estimator
        A fitted copy.
    """
    warn_kept(device, seconds)
    rng = check_random_state(random_state)
    seed = rng.randint(2**31 - 1)
    curve = error_curve(device, layout.get("n_levels"), seconds, options or {}, seed)
    mean, deviation = X.mean(axis=0), X.std(axis=0)
    half = 0.5 * np.ptp(X, axis=0) if half_range is None else half_range
    half = np.where(half > 0, half, 1.0)
    noise = rng.normal(size=(COPIES, *X.shape))
    fitted = readout
    for _ in range(ROUNDS):
        weights = (weights_of(fitted)[0] * half).T
        share = error_share(weights, (deviation / half) ** 2, device, curve, **layout)
        if isinstance(readout, RIDGES) and np.ndim(_alpha(readout)) == 0:
            fitted = _fit_ridge(readout, X, y, len(X) * share * deviation**2, mean, deviation)
        else:
            fitted = _fit_copies(readout, X + np.sqrt(share) * deviation * noise, y)
    return fitted


def _alpha(readout):
    """Return the penalty a ridge model has, or has chosen."""
    return getattr(readout, "alpha_", None) or getattr(readout, "alpha", 0.0)


def _fit_ridge(readout, X, y, extra, mean, deviation):
    """Fit a ridge model with one more penalty a feature: features over the root of theirs."""
    own = deviation**2 if getattr(readout, "standardize", False) else np.ones_like(deviation)
    root = np.sqrt(_alpha(readout) * own + extra)
    root[root == 0] = 1.0
    shift = mean if getattr(readout, "fit_intercept", True) else np.zeros_like(mean)
    known = readout.get_params()
    one: dict[str, Any] = {"alphas": [1.0]} if "alphas" in known else {"alpha": 1.0}
    one |= {"standardize": False} if "standardize" in known else {}
    fitted = clone(readout).set_params(**one).fit((X - shift) / root, y)
    fitted.set_params(**{name: known[name] for name in one})
    fitted.coef_ = fitted.coef_ / root
    fitted.intercept_ = fitted.intercept_ - fitted.coef_ @ shift
    return fitted


def _fit_copies(readout, copies, y):
    """Fit a model to noisy copies of the data, which together weigh as much as the data."""
    n_copies, n_samples = copies.shape[:2]
    many = np.concatenate([np.asarray(y)] * n_copies)
    weighted = has_fit_parameter(readout, "sample_weight")
    weight = {"sample_weight": np.full(n_copies * n_samples, 1 / n_copies)} if weighted else {}
    return clone(readout).fit(copies.reshape(n_copies * n_samples, -1), many, **weight)
