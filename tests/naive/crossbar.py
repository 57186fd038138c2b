"""Crossbars node by node: a dense matrix for linear cells, scipy's root finder for others."""

import logging
import warnings

import numpy as np
import pytest
from scipy.optimize import brentq, root

MISSING = "badcrossbar is missing: python -m pip install --no-deps badcrossbar==1.1.0"


def by_badcrossbar(g, v, r):
    """Return currents and node voltages under ``v`` (row,), wires of ``r`` ohm, by badcrossbar."""
    quiet = logging.NullHandler()
    logging.getLogger().addHandler(quiet)  # the import would configure the root logger, and warns
    try:
        with warnings.catch_warnings(record=True):
            badcrossbar = pytest.importorskip("badcrossbar", reason=MISSING)
    finally:
        logging.getLogger().removeHandler(quiet)
    found = badcrossbar.compute(v[:, np.newaxis], 1 / g, r)
    return found.currents, found.voltages


def balance(word, bit, current, v_word, v_bit, r_word, r_bit, word_driven, bit_driven):
    """Net currents into the word and bit nodes, one wire after the other."""
    rows, columns = current.shape
    into_word, into_bit = -current, current.copy()
    for i in range(rows):
        for j in range(columns):
            if j > 0:
                into_word[i, j] += (word[i, j - 1] - word[i, j]) / r_word
            elif word_driven[i]:
                into_word[i, j] += (v_word[i] - word[i, j]) / r_word
            if j < columns - 1:
                into_word[i, j] += (word[i, j + 1] - word[i, j]) / r_word
            if i > 0:
                into_bit[i, j] += (bit[i - 1, j] - bit[i, j]) / r_bit
            if i < rows - 1:
                into_bit[i, j] += (bit[i + 1, j] - bit[i, j]) / r_bit
            elif bit_driven[j]:
                into_bit[i, j] += (v_bit[j] - bit[i, j]) / r_bit
    return into_word, into_bit


def linear_voltages(g, *circuit):
    """Return voltages of word and bit nodes; unit voltages give the matrix of the balance."""

    def into(x):
        word, bit = x.reshape(2, *g.shape)
        return np.ravel(balance(word, bit, g * (word - bit), *circuit))

    nothing = into(np.zeros(2 * g.size))
    matrix = np.array([into(x) - nothing for x in np.eye(2 * g.size)]).T
    return np.linalg.solve(matrix, -nothing).reshape(2, *g.shape)


def cell_current(u, voltage):
    """Current under ``u`` V of a cell whose voltage grows with its current."""
    if u == 0:
        return 0.0
    reach = 1e-15
    while voltage(reach) < abs(u):
        reach *= 2
    return np.sign(u) * brentq(lambda i: voltage(i) - abs(u), 0, reach, xtol=1e-300, rtol=1e-14)


def voltages(current, guess, *circuit):
    """Voltages of word and bit nodes for any ``current(u)`` (row, column)."""

    def into(x):
        word, bit = x.reshape(guess.shape)
        return 1e6 * np.ravel(balance(word, bit, current(word - bit), *circuit))

    found = root(into, guess.ravel(), method="hybr", options={"xtol": 1e-13})
    assert np.abs(found.fun).max() < 1e-8, found.message
    return found.x.reshape(guess.shape)
