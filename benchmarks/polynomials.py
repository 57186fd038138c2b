"""Fit the polynomials of mottle.reservoir.compiled.functions and print them with their errors."""

import numpy as np


def fit(function, low, high, degree, weight, points=2000, rounds=60):
    """Coefficients of the polynomial of least weighted error, by Lawson's reweighted squares."""
    x = 0.5 * (low + high) + 0.5 * (high - low) * np.cos(np.pi * (np.arange(points) + 0.5) / points)
    matrix, wanted, scale = np.vander(x, degree + 1, increasing=True), function(x), weight(x)
    share, best = np.full(points, 1.0 / points), (np.inf, np.empty(0))
    for _ in range(rounds):
        root = np.sqrt(share) * scale
        found = np.linalg.lstsq(matrix * root[:, None], wanted * root, rcond=None)[0]
        error = np.abs(matrix @ found - wanted) * scale
        if error.max() < best[0]:
            best = (error.max(), found)
        share *= error + 1e-300
        share /= share.sum()
    return best


def one_minus_cos_over(s):
    """(1 - cos u) / u^2 at s = u^2."""
    return np.where(s < 1e-6, 0.5 - s / 24, 2 * np.sin(np.sqrt(s) / 2) ** 2 / np.maximum(s, 1e-30))


FITS = {
    "2**r, relative": (np.exp2, -0.5, 0.5, 6, lambda r: 2.0**-r),
    "(1 - cos u) / u**2 in u**2": (one_minus_cos_over, 0.0, 1.8**2, 4, lambda s: s),
    "log2(1 + f) / f": (
        lambda f: np.log2(1 + f) / f, 0.5**0.5 - 1, 2**0.5 - 1, 9, np.ones_like,
    ),
    "cos(2 pi c) in c**2": (lambda q: np.cos(2 * np.pi * np.sqrt(q)), 0.0, 0.25, 6, np.ones_like),
    "sin(2 pi c) / c in c**2": (
        lambda q: np.sin(2 * np.pi * np.sqrt(q)) / np.sqrt(q), 0.0, 0.25, 6, np.sqrt,
    ),
}  # fmt: skip

if __name__ == "__main__":
    for name, arguments in FITS.items():
        error, found = fit(*arguments)
        print(f"{name}: error {error:.1e}")
        for power, value in enumerate(found.tolist()):
            print(f"    {power}: {value!r}")
