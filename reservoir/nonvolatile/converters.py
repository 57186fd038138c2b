"""Converters at a crossbar's edge: voltages in, currents out, in steps."""

from abc import ABC, abstractmethod
from math import ceil, log2
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mottle.checks import is_whole


def lossless_bits(input_bits: int, weight_bits: int, n_rows: int) -> int:
    """Count the bits of an ADC that loses nothing of a column's sum.

    A product takes as many bits as its factors together, a sum of n of them log2(n) more.

    Parameters
    ----------
    input_bits, weight_bits : int
        Bits of the DAC, and of the conductances.
    n_rows : int
        Cells in a column.

    Returns
    -------
    bits : int
        Rounded up.

    Raises
    ------
    ValueError
        For what is not a whole number, at least 1.

    Examples
    --------
    >>> lossless_bits(4, 4, 128)
    15
    """
    for name, value in (("input_bits", input_bits), ("weight_bits", weight_bits),
                        ("n_rows", n_rows)):  # fmt: skip
        if not is_whole(value) or value < 1:
            raise ValueError(f"{name}={value!r} must be a whole number, at least 1.")
    return ceil(input_bits + weight_bits + log2(n_rows))


class Converter(ABC):
    """Uniform steps over a range, mid-rise: 2**bits levels, each in the middle of its step."""

    def __init__(self, bits: int, range: tuple[float, float] | None) -> None:
        if not (is_whole(bits) and 1 <= bits <= 32):
            raise ValueError(f"bits={bits!r} must be a whole number from 1 to 32.")
        self.bits, self.n_converted, self.n_clipped = int(bits), 0, 0
        self.range = None if range is None else self._check_range(range)

    @property
    @abstractmethod
    def unit(self) -> str:
        """Unit of what is converted."""

    def _check_range(self, range: tuple[float, float]) -> tuple[float, float]:
        ends = np.asarray(range, dtype=np.float64)
        if ends.shape != (2,) or not np.isfinite(ends).all() or not ends[0] < ends[1]:
            raise ValueError(
                f"range={range} {self.unit} must be two finite values, the lower first."
            )
        return float(ends[0]), float(ends[1])

    def calibrate(self, samples: ArrayLike, percentile: float = 100.0) -> Self:
        """Fit the range to samples.

        Parameters
        ----------
        samples : array-like
            What is to be converted, of any shape.
        percentile : float, default=100.0
            The range ends at this percentile and, below, at 100 less it: the rest is clipped.

        Returns
        -------
        self : Converter
            The converter itself.
        """
        values = np.asarray(samples, dtype=np.float64)
        if values.size == 0 or not np.isfinite(values).all():
            raise ValueError(f"calibrate needs finite samples; got {values.size} values.")
        if not 50 < percentile <= 100:
            raise ValueError(f"percentile={percentile} must lie in (50, 100].")
        low, high = np.percentile(values, [100 - percentile, percentile])
        self.range = self._check_range((float(low), float(high)))
        return self

    @property
    def step(self) -> float:
        """Size of a step; the error of a value that is not clipped is at most half of it."""
        if self.range is None:
            raise ValueError("this converter has no range yet: give one, or call calibrate.")
        return (self.range[1] - self.range[0]) / int(2**self.bits)

    def codes(self, x: ArrayLike) -> NDArray[np.int64]:
        """Return the numbers of the steps, 0 to 2**bits - 1, and count what was clipped."""
        step, (low, high) = self.step, self.range or (0.0, 0.0)
        values = np.asarray(x, dtype=np.float64)
        if not np.isfinite(values).all():
            raise ValueError(f"{(~np.isfinite(values)).sum()} values to convert are not finite.")
        self.n_converted += values.size
        self.n_clipped += int(((values < low) | (values > high)).sum())
        steps = np.floor((np.clip(values, low, high) - low) / step)
        return np.asarray(np.minimum(steps, 2**self.bits - 1), dtype=np.int64)

    def convert(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return the levels nearest to values, and count what was clipped."""
        codes, (low, _) = self.codes(x), self.range or (0.0, 0.0)
        return np.asarray(low + (codes + 0.5) * self.step)


class DAC(Converter):
    """Give voltages in uniform steps.

    Parameters
    ----------
    bits : int, default=8
        The range is divided into 2**bits steps.
    range : (float, float), default=(0.0, 0.2)
        Ends of the range in V.

    Attributes
    ----------
    n_converted, n_clipped : int
        Values seen so far, and how many of them lay outside the range.

    Examples
    --------
    >>> DAC(bits=2, range=(-0.2, 0.2)).convert([-0.1, 0.01, 0.3]).round(3).tolist()
    [-0.05, 0.05, 0.15]
    """

    def __init__(self, bits: int = 8, range: tuple[float, float] = (0.0, 0.2)) -> None:
        super().__init__(bits, range)

    @property
    def unit(self) -> str:
        """Volt."""
        return "V"


class ADC(Converter):
    """Read currents in uniform steps; ``lossless_bits`` says how many bits a column is worth.

    Parameters
    ----------
    bits : int, default=8
        The range is divided into 2**bits steps.
    range : (float, float) or None, default=None
        Ends of the range in A; None: ``calibrate`` finds them.

    Attributes
    ----------
    n_converted, n_clipped : int
        Values seen so far, and how many of them lay outside the range.

    Examples
    --------
    >>> adc = ADC(bits=4).calibrate([0.0, 1.6e-5])
    >>> float(adc.convert(1.05e-5)), adc.n_clipped
    (1.05e-05, 0)
    """

    def __init__(self, bits: int = 8, range: tuple[float, float] | None = None) -> None:
        super().__init__(bits, range)

    @property
    def unit(self) -> str:
        """Ampere."""
        return "A"
