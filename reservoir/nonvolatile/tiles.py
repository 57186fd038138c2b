"""A weight matrix divided into crossbar tiles, driven by voltages and read by ADCs."""

from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mottle.checks import is_whole
from mottle.reservoir.compiled.noise import content_noise
from mottle.reservoir.nonvolatile.cells import cell_of, conductance_range, get_cell
from mottle.reservoir.nonvolatile.converters import ADC
from mottle.reservoir.nonvolatile.crossbar import Crossbar
from mottle.reservoir.nonvolatile.mapping import check_weights, map_weights, outputs_in

LEAST_ROWS = 10  # of calibration data, for gain and offset of each output
ROOM = 0.05  # margin at both ends of the range of calibration currents, relative to the range


def check_bits(bits: int | None, name: str) -> None:
    """Check the bits of a converter; None is an ideal converter."""
    if bits is not None and not (is_whole(bits) and 1 <= bits <= 32):
        raise ValueError(f"{name}={bits!r} must be a whole number from 1 to 32, or None.")


@dataclass(eq=False)
class Tile:
    """One crossbar: its part of the weights, and the conversion of its currents to products."""

    rows: slice
    outputs: slice
    crossbar: Crossbar
    written: dict[str, float]  # cost of writing
    combine: NDArray[np.float64]  # (column, output), 1/S
    range: tuple[float, float] = (-np.inf, np.inf)  # A, range of its converters
    gain: float | NDArray[np.float64] = 1.0  # (output,), digital
    offset: float | NDArray[np.float64] = 0.0  # (output,), V times weight

    def drive(self, volts: NDArray) -> NDArray[np.float64]:
        """Return the voltages of its word lines; the last ones are used, closest to the ground."""
        part = volts[:, self.rows]
        rest = np.zeros((len(volts), self.crossbar.shape[0] - part.shape[1]))
        return np.hstack([rest, part])

    def currents(self, volts: NDArray, read_noise: float, keys: NDArray | None) -> NDArray:
        """Return currents (vector, used column) in A for voltages (vector, row of the matrix)."""
        v = self.drive(volts)
        if self.crossbar.is_linear:
            currents = v @ self.crossbar.transfer
        else:
            currents = self.crossbar.multiply(v)
        if (
            read_noise > 0 and keys is not None
        ):  # the noise of independent cells adds up to a normal current
            deviation = read_noise * np.sqrt(v**2 @ self.crossbar.conductances**2)
            currents = currents + deviation * content_noise(keys, currents.shape[1])
        return np.asarray(currents[:, : len(self.combine)])

    def calibrate(self, volts: NDArray, percentile: float) -> None:
        """Set the common range of all converters of the tile."""
        low, high = np.percentile(self.currents(volts, 0.0, None), [100 - percentile, percentile])
        room = ROOM * (high - low) + 1e-6 * max(abs(low), abs(high), 1e-12)  # for constant currents
        self.range = (float(low - room), float(high + room))

    def compensate(self, volts: NDArray, weights: NDArray) -> None:
        """Fit gain and offset of each output to the products with the exact ``weights``."""
        if len(volts) < LEAST_ROWS:
            return
        measured = self.currents(volts, 0.0, None) @ self.combine
        exact = volts[:, self.rows] @ weights[self.rows, self.outputs]
        x, y = measured - measured.mean(axis=0), exact - exact.mean(axis=0)
        power = (x**2).sum(axis=0)
        constant = power <= 1e-18 * (measured**2).sum(axis=0)
        self.gain = np.where(constant, 1.0, (x * y).sum(axis=0) / np.where(constant, 1.0, power))
        self.offset = exact.mean(axis=0) - self.gain * measured.mean(axis=0)

    def products(
        self, volts: NDArray, bits: int | None, read_noise: float, keys: NDArray | None
    ) -> NDArray[np.float64]:
        """Return products (vector, output) in V times weight."""
        currents = self.currents(volts, read_noise, keys)
        converted = currents if bits is None else ADC(bits, self.range).convert(currents)
        return np.asarray(self.gain * (converted @ self.combine) + self.offset)


def lay_tiles(
    weights: NDArray,
    crossbar: Crossbar,
    rng: np.random.Generator,
    *,
    n_levels: int | None,
    mapping: str,
    n_slices: int,
    scale: str,
    repair: bool,
    options: dict[str, Any],
) -> list[Tile]:
    """Divide weights (row, output) into tiles of the crossbar's shape and write them.

    Weights are placed where wires are short: at the end of the bit lines and the beginning of the
    word lines. Unused cells have the device's lowest conductance. With ``repair``, tiles with stuck
    cells are written a second time (see `repair_pairs`).
    """
    check_weights(weights)
    n_rows, n_columns = crossbar.shape
    wide = outputs_in(n_columns, mapping, n_slices)
    low, high = conductance_range(crossbar.device)
    if n_levels is not None:
        options = {"tolerance": (high - low) / (max(n_levels, 2) - 1) / 4} | options
    tiles = []
    for top in range(0, weights.shape[0], n_rows):
        for left in range(0, weights.shape[1], wide):
            rows = slice(top, min(top + n_rows, weights.shape[0]))
            outputs = slice(left, min(left + wide, weights.shape[1]))
            mapped = map_weights(
                weights[rows, outputs], crossbar.device, n_levels=n_levels, mapping=mapping,
                n_slices=n_slices, scale=scale,
            )  # fmt: skip
            targets = np.full(crossbar.shape, low)
            targets[top - rows.stop :, : mapped.targets.shape[1]] = mapped.targets
            own = copy(crossbar)
            seed = int(rng.integers(2**63))
            written = own.program(targets, random_state=seed, **options)
            spent = [written]
            if repair and mapping != "offset" and written.stuck.any():
                used = mapped.targets.shape[1]
                g, stuck = own.conductances[:, :used], written.stuck.to_numpy()[:, :used]
                targets[:, :used] = repair_pairs(targets[:, :used], g, stuck, low, high)
                spent.append(own.program(targets, random_state=seed, **options))  # the same cells
            cost = sum_up(spent, mapped.targets.shape) | {"row": top, "output": left}
            tiles.append(Tile(rows, outputs, own, cost, mapped.combine))
    return tiles


def least_weight(
    device: Any, *, n_levels: int | None, mapping: str, n_slices: int, options: dict[str, Any]
) -> float:
    """Return the resolution of the cells, relative to a weight that uses the full range.

    It is a level or, if that is larger, the write deviation at the conductance of a weight of 0
    (for pulsed devices without levels, the tolerance of write-verify).

    Examples
    --------
    >>> rest = {"mapping": "differential", "n_slices": 2, "options": {}}
    >>> [round(1 / least_weight("wan2022", n_levels=n, **rest)) for n in (16, 64)]
    [15, 37]
    """
    cell, (low, high) = get_cell(device), conductance_range(device)
    used, zero = high - low, low
    steps = np.inf if n_levels is None else n_levels - 1
    if mapping == "offset":
        used, zero, steps = 0.5 * used, 0.5 * (low + high), 0.5 * steps
    elif mapping == "sliced" and n_levels is not None:
        steps = n_levels**n_slices - 1
    deviation = cell_of(device).deviation
    if deviation is not None:
        error = deviation(cell, zero)
    else:
        error = options.get("tolerance", 0.01 * (high - low)) if n_levels is None else 0.0
    return max(1.0 / steps, error / used)


def faintest_output(tiles: list[Tile], weights: NDArray) -> tuple[int, float]:
    """Return the output with the smallest weights in its tiles, and its largest weight.

    The weight is relative to the largest one in any tile with a part of the output, which sets
    levels and errors of all weights there. Outputs whose weights are all 0 are left out.
    """
    range_of = np.zeros(weights.shape[1])
    for tile in tiles:
        most = np.abs(weights[tile.rows, tile.outputs]).max()
        range_of[tile.outputs] = np.maximum(range_of[tile.outputs], most)
    own = np.abs(weights).max(axis=0)
    ratio = np.where(own > 0, own / np.where(range_of > 0, range_of, 1.0), 1.0)
    return int(ratio.argmin()), float(ratio.min())


def sum_up(spent: list[xr.Dataset], used: tuple[int, int]) -> dict[str, float]:
    """Sum up rounds of writing; used cells are in the last rows and the first columns."""
    here = {"row": slice(-used[0], None), "column": slice(used[1])}
    last = spent[-1].isel(here)
    return {
        "cells": used[0] * used[1],
        "pulses": sum(float(run["pulses"].sum(skipna=False)) for run in spent),
        "energy": sum(float(run["energy"].sum(skipna=False)) for run in spent),
        "yield": float(last["reached"].mean()),
        "stuck": int(last["stuck"].sum()),
    }


def repair_pairs(
    targets: NDArray, g: NDArray, stuck: NDArray, low: float, high: float
) -> NDArray[np.float64]:
    """Compensate stuck cells by the other cell of the pair, within the device's range.

    Columns are pairs (positive, negative), whose difference is the weight.

    Examples
    --------
    >>> targets, g = np.array([[5.0, 1.0]]), np.array([[7.0, 1.0]])
    >>> repair_pairs(targets, g, np.array([[True, False]]), 1.0, 9.0)
    array([[5., 3.]])
    """
    repaired = targets.copy()
    (up, down), (stuck_up, stuck_down) = ((a[:, ::2], a[:, 1::2]) for a in (targets, stuck))
    difference = up - down
    new_up = np.clip(g[:, 1::2] + difference, low, high)
    new_down = np.clip(g[:, ::2] - difference, low, high)
    repaired[:, ::2] = np.where(stuck_down & ~stuck_up, new_up, up)
    repaired[:, 1::2] = np.where(stuck_up & ~stuck_down, new_down, down)
    return repaired
