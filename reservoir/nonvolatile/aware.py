"""Device-aware training: weights fitted with the errors of their cells injected."""

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
ROUNDS = 3  # iterations between weights and errors
COPIES = 4  # noisy copies of the data, for models without a closed form
CELLS = 100  # cells written to each level to estimate the errors


def error_curve(
    device: Any, n_levels: int | None, seconds: float, options: dict[str, Any], random_state: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return target conductances and the root mean square error in S of cells written to them.

    A shift common to all cells of a level is left out, since it cancels in a pair of cells.
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


def error_ratio(
    weights: NDArray, power: NDArray, device: Any, curve: tuple[NDArray, NDArray], **layout: Any
) -> float:
    """Return the ratio of the power of the decision's error to that of the decision.

    ``weights`` (row, output) are for features in units of their half range, whose mean squares are
    ``power`` (row,).
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
    r"""Refit a linear model with the errors of the cells injected.

    Independent weight errors that add up to a fraction :math:`\rho` of the decision have the effect
    of feature noise with that fraction of the features' standard deviations. For ridge models this
    is an additional penalty, in closed form,

    .. math:: \min_w |y - X w|^2 + \alpha |w|^2 + n \rho^2 \sum_j \mathrm{var}(x_j) w_j^2

    other models are fitted to noisy copies of the data. The fraction depends on the weights (the
    largest one sets the scale), so both are computed in turn.

    Parameters
    ----------
    readout : estimator
        A fitted linear model; its penalty, given or chosen, is kept.
    X : ndarray of shape (n_samples, n_features)
        Training data.
    y : array-like
        Training targets.
    device : str or preset
        The cells.
    seconds : float, default=0.0
        Age in s of the cells whose errors are injected.
    half_range : ndarray of shape (n_features,), default=None
        Half of the feature range that maps to the read voltage; by default that of ``X``.
    options : dict, default=None
        Options of `write`.
    random_state : int, RandomState instance or None, default=None
        Draws the cells for the error estimate, and the noise of the copies.
    **layout : dict
        ``n_levels``, ``mapping``, ``n_slices`` and ``scale`` of `map_weights`.

    Returns
    -------
    readout : estimator
        A fitted copy.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import RidgeClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> plain = RidgeClassifier().fit(X, y)
    >>> aware = fit_aware(plain, X, y, "cmo_hfox", seconds=86400.0, random_state=0)
    >>> bool(np.abs(aware.coef_).max() < np.abs(plain.coef_).max())  # no weight stands out
    True
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
        ratio = error_ratio(weights, (deviation / half) ** 2, device, curve, **layout)
        if isinstance(readout, RIDGES) and np.ndim(_alpha(readout)) == 0:
            fitted = _fit_ridge(readout, X, y, len(X) * ratio * deviation**2, mean, deviation)
        else:
            fitted = _fit_copies(readout, X + np.sqrt(ratio) * deviation * noise, y)
    return fitted


def _alpha(readout):
    """Return the penalty of a ridge model, given or chosen."""
    return getattr(readout, "alpha_", None) or getattr(readout, "alpha", 0.0)


def _fit_ridge(readout, X, y, extra, mean, deviation):
    """Fit a ridge model with an additional penalty per feature, by scaling the features."""
    own = deviation**2 if getattr(readout, "standardize", False) else np.ones_like(deviation)
    root = np.sqrt(_alpha(readout) * own + extra)
    root[root == 0] = 1.0
    shift = mean if getattr(readout, "fit_intercept", True) else np.zeros_like(mean)
    params = readout.get_params()
    unit: dict[str, Any] = {"alphas": [1.0]} if "alphas" in params else {"alpha": 1.0}
    unit |= {"standardize": False} if "standardize" in params else {}
    fitted = clone(readout).set_params(**unit).fit((X - shift) / root, y)
    fitted.set_params(**{name: params[name] for name in unit})
    fitted.coef_ = fitted.coef_ / root
    fitted.intercept_ = fitted.intercept_ - fitted.coef_ @ shift
    return fitted


def _fit_copies(readout, copies, y):
    """Fit a model to noisy copies of the data, with the total weight of the data."""
    n_copies, n_samples = copies.shape[:2]
    targets = np.concatenate([np.asarray(y)] * n_copies)
    weighted = has_fit_parameter(readout, "sample_weight")
    weight = {"sample_weight": np.full(n_copies * n_samples, 1 / n_copies)} if weighted else {}
    return clone(readout).fit(copies.reshape(n_copies * n_samples, -1), targets, **weight)
