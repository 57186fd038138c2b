"""Online readouts in plain numpy: weighted ridge solved at once, and the textbook recursions."""

import numpy as np


def renewals(n_rows, n_features, forgetting):
    """Return the row after which each feature's penalty was renewed last."""
    age, done = np.zeros(n_features, int), 0
    for row in range(1, n_rows + 1):
        while done < int(row * (n_features * (1.0 - forgetting))):
            age[done % n_features] = row
            done += 1
    return age


def weighted_ridge(X, y, alpha, forgetting):
    """Return weights (feature, target) and intercepts of the problem, solved by least squares.

    Features are scaled first, so that the solution has all digits whatever their size.
    """
    n, p = X.shape
    root = np.sqrt(forgetting ** np.arange(n)[::-1])[:, None]
    weight = root[:, 0] ** 2
    mean, target = np.average(X, axis=0, weights=weight), np.average(y, axis=0, weights=weight)
    penalty = np.sqrt(alpha * forgetting ** (n - renewals(n, p, forgetting)))
    A = np.vstack([root * (X - mean), np.diag(penalty)])
    b = np.vstack([root * (y - target), np.zeros((p, y.shape[1]))])
    size = np.linalg.norm(A, axis=0)
    coef = np.linalg.lstsq(A / size, b, rcond=None)[0] / size[:, None]
    return coef, target - mean @ coef


def least_squares(X, y, alpha, forgetting):
    """Return weights and intercepts by the recursion for P itself, as in Haykin."""
    n, p = X.shape
    P, coef, total = np.eye(p) / alpha, np.zeros((p, y.shape[1])), 0.0
    mean, target = np.zeros(p), np.zeros(y.shape[1])
    age, done = np.zeros(p, int), 0

    def add(row, error, keep):
        nonlocal P, coef
        gain = P @ row / (keep + row @ P @ row)
        coef = coef + np.outer(gain, error)
        P = (P - np.outer(gain, row @ P)) / keep

    for k in range(n):
        row, error = X[k] - mean, y[k] - target - (X[k] - mean) @ coef
        scale = np.sqrt(forgetting * total / (forgetting * total + 1.0))
        total = forgetting * total + 1.0
        mean, target = mean + row / total, target + (y[k] - target) / total
        add(scale * row, scale * error, forgetting)
        while done < int((k + 1) * (p * (1.0 - forgetting))):
            j = done % p
            missing = np.sqrt(alpha * (1.0 - forgetting ** (k + 1 - age[j])))
            add(missing * np.eye(p)[j], -missing * coef[j], 1.0)
            age[j], done = k + 1, done + 1
    return coef, target - mean @ coef


def mean_squares(X, y, step):
    """Return weights and intercepts of normalised LMS on features and a constant."""
    rows = np.hstack([X, np.ones((len(X), 1))])
    coef = np.zeros((rows.shape[1], y.shape[1]))
    for row, target in zip(rows, y, strict=True):
        coef += step * np.outer(row, target - row @ coef) / (row @ row)
    return coef[:-1], coef[-1]
