"""A matrix of weights cut into crossbars, driven by voltages and read by converters."""

from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.reservoir.kernels import writing as kernel
from mottle.reservoir.nonvolatile.cells import conductance_range
from mottle.reservoir.nonvolatile.crossbar import Crossbar
from mottle.reservoir.nonvolatile.mapping import check_weights, map_weights, outputs_in


def check_bits(bits: int | None, name: str) -> None:
    """Refuse bits of a converter below 1; None is a converter without steps."""
    if bits is not None and not (isinstance(bits, int | np.integer) and bits >= 1):
        raise ValueError(
            f"{name}={bits!r} must be a whole number, at least 1, or None for no steps."
        )


def quantise(values: NDArray, bits: int | None, full: float) -> NDArray[np.float64]:
    """Round to the 2^bits mid-rise steps of a converter from -``full`` to ``full``, and clip.

    Examples
    --------
    >>> quantise(np.array([-9.0, -0.1, 0.1, 0.6]), 2, 1.0).tolist()
    [-0.75, -0.25, 0.25, 0.75]
    """
    if bits is None:
        return values
    half = 2 ** (bits - 1)
    step = full / half
    return np.asarray(step * (np.clip(np.floor(values / step), -half, half - 1) + 0.5))


@dataclass
class Tile:
    """One crossbar: which weights it holds, and how its currents become their products."""

    rows: slice
    outputs: slice
    crossbar: Crossbar
    combine: NDArray[np.float64]  # (column, output), 1/S
    full: float = np.inf  # A, end of the converters' range

    def currents(self, volts: NDArray, read_noise: float, keys: NDArray | None) -> NDArray:
        """Return currents (vector, used column) in A of voltages (vector, row of the matrix)."""
        v = np.zeros((len(volts), self.crossbar.shape[0]))
        part = volts[:, self.rows]
        v[:, : part.shape[1]] = part
        if self.crossbar.is_linear:
            currents = v @ self.crossbar.transfer
        else:
            currents = self.crossbar.multiply(v)
        if read_noise > 0 and keys is not None:  # independent cells add up to a normal current
            deviation = read_noise * np.sqrt(v**2 @ self.crossbar.conductances**2)
            currents = currents + deviation * kernel.content_noise(keys, currents.shape[1])
        return np.asarray(currents[:, : len(self.combine)])


def lay_tiles(
    weights: NDArray,
    crossbar: Crossbar,
    rng: np.random.Generator,
    *,
    n_levels: int | None,
    mapping: str,
    n_slices: int,
    scale: str,
    options: dict[str, Any],
) -> list[Tile]:
    """Cut weights (row, output) into tiles of the crossbar's shape and write them.

    Cells that are left over rest at the device's lowest conductance.
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
            targets[: rows.stop - top, : mapped.targets.shape[1]] = mapped.targets
            own = copy(crossbar)
            own.program(targets, random_state=rng, **options)
            tiles.append(Tile(rows, outputs, own, mapped.combine))
    return tiles
