"""Differences between reservoirs on the same folds, with a test that knows that folds overlap."""

from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

FEWEST = 3  # folds; with two the interval is 12.7 standard errors wide
COLUMNS = ("reservoir", "inputs", "difference", "low", "high", "p", "n_folds", "n_better")


def paired_differences(
    scores: pd.DataFrame, against: str, ratio: float, *, higher_is_better: bool = True
) -> pd.DataFrame:
    """Return how every reservoir differs from one of them, for the same inputs.

    Scores are averaged over the seeds of each fold, the differences of the folds then tested by the
    corrected resampled t-test [1]_: training parts of different folds overlap, so that the usual
    test finds differences that are none.

    Parameters
    ----------
    scores : DataFrame
        Columns reservoir, inputs, seed, fold and score, of one metric.
    against : str
        Reservoir that is subtracted.
    ratio : float
        Samples of the test part over those of the training part, mean of the folds.
    higher_is_better : bool, default=True
        Of the metric.

    Returns
    -------
    differences : DataFrame
        For each other reservoir and inputs the mean difference, its 95 % interval low to high, the
        two-sided p, the number of folds, and of those in which the reservoir was better. Interval
        and p are NaN for fewer than three folds, and where all folds differ by the same.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio, Inference for the Generalization Error, Machine Learning 52 (2003)
       239, doi:10.1023/A:1024068626366.

    Examples
    --------
    >>> scores = pd.DataFrame(
    ...     [(r, "touch", 0, fold, score) for r, several in {
    ...         "vo2": [0.8, 0.9, 0.7, 0.8], "none": [0.7, 0.7, 0.6, 0.8]
    ...     }.items() for fold, score in enumerate(several)],
    ...     columns=["reservoir", "inputs", "seed", "fold", "score"],
    ... )
    >>> found = paired_differences(scores, "none", ratio=1 / 3).iloc[0]
    >>> f"{found.difference:.3f} {found.p:.3f} {found.n_better}"
    '0.100 0.207 3'
    """
    means = scores.groupby(["reservoir", "inputs", "fold"], sort=False)["score"].mean()
    folds: dict[Any, Any] = {
        run: part.droplevel([0, 1]) for run, part in means.groupby(level=[0, 1], sort=False)
    }
    sign = 1.0 if higher_is_better else -1.0
    rows = []
    for name, inputs in folds:
        if name == against or (against, inputs) not in folds:
            continue
        found = (folds[name, inputs] - folds[against, inputs]).dropna().to_numpy()
        better = int((sign * found > 0).sum())
        rows.append((name, inputs, found.mean(), *corrected_t(found, ratio), found.size, better))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def corrected_t(differences: NDArray, ratio: float) -> tuple[float, float, float]:
    """Return the 95 % interval of a mean over folds, and the p of its being zero.

    Examples
    --------
    >>> corrected_t(np.array([0.1, 0.2]), 1.0)  # too few
    (nan, nan, nan)
    >>> corrected_t(np.zeros(5), 0.25)[2]  # the same in all folds
    nan
    """
    n = differences.size
    if n < FEWEST or np.ptp(differences) <= 1e-12 * np.abs(differences).max():
        return float("nan"), float("nan"), float("nan")
    error = sqrt((1 / n + ratio) * differences.var(ddof=1))
    middle, reach = float(differences.mean()), error * float(student.ppf(0.975, n - 1))
    p = 2 * float(student.sf(abs(middle) / error, n - 1))
    return middle - reach, middle + reach, p


def adjust(p: NDArray) -> NDArray:
    """Return p-values by Holm's method for as many comparisons; NaN stays and counts for none.

    Examples
    --------
    >>> [round(value, 6) for value in adjust(np.array([0.01, 0.04, np.nan, 0.03])).tolist()]
    [0.03, 0.06, nan, 0.06]
    """
    adjusted = np.full(p.shape, np.nan)
    order = np.argsort(p)[: np.count_nonzero(~np.isnan(p))]
    factors = np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * factors))
    return adjusted
