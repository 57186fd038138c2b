"""Whether residuals are noise: runs of sign, neighbours, and misfit against repeats."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as fisher
from scipy.stats import norm

DOUBT = 1e-3  # probability of residuals as extreme if they were noise, below which it is reported
LEAST_SAMPLES = 20  # for a test of one trace


class Runs(NamedTuple):
    """Runs of equal sign among residuals, against the number expected of noise."""

    n_runs: int
    expected: float
    p: float  # of as few runs, or fewer
    correlation: float  # of neighbours


def count_runs(parts: list[NDArray]) -> Runs:
    """Return the runs test of Wald and Wolfowitz over all traces.

    Examples
    --------
    >>> count_runs([np.sin(np.arange(100) / 10)]).p < 1e-6
    True
    >>> count_runs([np.random.default_rng(0).normal(size=100)]).p > 0.01
    True
    """
    parts = [part[part != 0] for part in parts]  # at 0 V model and reading may both be 0
    n_runs, expected, variance, above, below = 0, 0.0, 0.0, 0.0, 0.0
    for part in parts:
        sign = part > 0
        up, down = float(sign.sum()), float((~sign).sum())
        n = up + down
        n_runs += 1 + int((sign[1:] != sign[:-1]).sum()) if n else 0
        if n > 1:
            mean = 2 * up * down / n + 1
            expected += mean
            variance += (mean - 1) * (mean - 2) / (n - 1)
            above += float((part[1:] * part[:-1]).sum())
            below += float((part * part).sum())
        else:
            expected += n
    if variance <= 0:
        alone = all(part.size > LEAST_SAMPLES for part in parts)  # one sign throughout
        return Runs(n_runs, expected, 0.0 if alone else 1.0, above / below if below else 0.0)
    p = float(norm.cdf((n_runs - expected) / np.sqrt(variance)))
    return Runs(n_runs, expected, p, above / below if below else 0.0)


def lack_of_fit(groups: list[list[NDArray]], n_constants: int) -> tuple[float, float, float] | None:
    """Return F, its probability and the noise of repeats; None without repeats.

    ``groups`` holds the residuals of repeats of the same drive. The scatter of repeats about their
    mean is noise alone; the rest of the sum of squares is the misfit of the model.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> fine = [[rng.normal(size=50) for _ in range(4)]]
    >>> wrong = [[part + 1.0 for part in fine[0]]]
    >>> lack_of_fit(fine, 3)[1] > 0.01, lack_of_fit(wrong, 3)[1] < 1e-6
    (True, True)
    """
    pure = left = whole = 0.0
    n = n_means = 0
    for parts in groups:
        block = np.array(parts)
        whole += float((block**2).sum())
        n, n_means = n + block.size, n_means + block.shape[1]
        pure += float(((block - block.mean(axis=0)) ** 2).sum())
        left += (block.shape[0] - 1) * block.shape[1]
    if left < LEAST_SAMPLES or n_means <= n_constants or pure == 0.0:
        return None
    ratio = (whole - pure) / (n_means - n_constants) / (pure / left)
    return ratio, float(fisher.sf(ratio, n_means - n_constants, left)), float(np.sqrt(pure / left))
