"""Converters of a crossbar's periphery: DACs for input voltages, ADCs for output currents."""

from abc import ABC, abstractmethod
from math import ceil, log2
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mottle.checks import check_number, check_whole


def lossless_bits(input_bits: int, weight_bits: int, n_rows: int) -> int:
    """Return the bits of an ADC that converts a column's sum without loss.

    A product has as many bits as its factors together, and a sum of n products log2(n) more.

    Parameters
    ----------
    input_bits, weight_bits : int
        Bits of the DAC and of the conductances.
    n_rows : int
        Cells in a column.

    Returns
    -------
    bits : int
        Rounded up.

    Raises
    ------
    ValueError
        If a value is not a whole number of at least 1.

    Examples
    --------
    >>> lossless_bits(4, 4, 128)
    15
    """
    for name, value in (("input_bits", input_bits), ("weight_bits", weight_bits),
                        ("n_rows", n_rows)):  # fmt: skip
        check_whole(name, value)
    return ceil(input_bits + weight_bits + log2(n_rows))


class Converter(ABC):
    """Uniform mid-rise quantiser: 2**bits levels over a range, each in the middle of its step."""

    def __init__(self, bits: int, range: tuple[float, float] | None) -> None:
        self.bits, self.n_converted, self.n_clipped = check_whole("bits", bits, most=32), 0, 0
        self.range = None if range is None else self._check_range(range)

    @property
    @abstractmethod
    def unit(self) -> str:
        """Unit of the converted values."""

    def _check_range(self, range: tuple[float, float]) -> tuple[float, float]:
        ends = np.asarray(range, dtype=np.float64)
        if ends.shape != (2,) or not np.isfinite(ends).all() or not ends[0] < ends[1]:
            raise ValueError(
                f"range={range} {self.unit} must be two finite values, the lower first."
            )
        return float(ends[0]), float(ends[1])

    def calibrate(self, samples: ArrayLike, percentile: float = 100.0) -> Self:
        """Set the range from samples.

        Parameters
        ----------
        samples : array-like
            Values to be converted, of any shape.
        percentile : float, default=100.0
            The range is from the percentile ``100 - percentile`` to this one: other values are
            clipped.

        Returns
        -------
        self : Converter
            The converter itself.

        Examples
        --------
        >>> from mottle.reservoir.nonvolatile import DAC
        >>> dac = DAC(bits=3).calibrate([-0.1, 0.0, 0.1])
        >>> dac.codes([-0.1, 0.1, 0.3]).tolist(), dac.n_clipped
        ([0, 7, 7], 1)
        """
        values = np.asarray(samples, dtype=np.float64)
        if values.size == 0 or not np.isfinite(values).all():
            raise ValueError(f"calibrate needs finite samples; got {values.size} values.")
        check_number("percentile", percentile, above=50, most=100)
        low, high = np.percentile(values, [100 - percentile, percentile])
        self.range = self._check_range((float(low), float(high)))
        return self

    @property
    def step(self) -> float:
        """Size of a step; values that are not clipped have errors of at most half a step."""
        if self.range is None:
            raise ValueError("this converter has no range yet: set one, or call calibrate.")
        return (self.range[1] - self.range[0]) / int(2**self.bits)

    def codes(self, x: ArrayLike) -> NDArray[np.int64]:
        """Return step numbers, 0 to 2**bits - 1, and count clipped values."""
        step, (low, high) = self.step, self.range or (0.0, 0.0)
        values = np.asarray(x, dtype=np.float64)
        if not np.isfinite(values).all():
            raise ValueError(f"{(~np.isfinite(values)).sum()} values to convert are not finite.")
        self.n_converted += values.size
        self.n_clipped += int(((values < low) | (values > high)).sum())
        steps = np.floor((np.clip(values, low, high) - low) / step)
        return np.asarray(np.minimum(steps, 2**self.bits - 1), dtype=np.int64)

    def convert(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return the nearest levels, and count clipped values."""
        codes, (low, _) = self.codes(x), self.range or (0.0, 0.0)
        return np.asarray(low + (codes + 0.5) * self.step)


class DAC(Converter):
    """Digital-to-analogue converter: voltages in uniform steps.

    Parameters
    ----------
    bits : int, default=8
        The range is divided into 2**bits steps.
    range : (float, float), default=(0.0, 0.2)
        Ends of the range in V.

    Attributes
    ----------
    n_converted, n_clipped : int
        Number of values converted so far, and how many of them were outside the range.

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
    """Analogue-to-digital converter: currents in uniform steps; see also ``lossless_bits``.

    Parameters
    ----------
    bits : int, default=8
        The range is divided into 2**bits steps.
    range : (float, float) or None, default=None
        Ends of the range in A; None: set by ``calibrate``.

    Attributes
    ----------
    n_converted, n_clipped : int
        Number of values converted so far, and how many of them were outside the range.

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
