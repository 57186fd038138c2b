"""Times of events in files brought to whole microseconds: the one place that knows their units."""

import numpy as np
from numpy.typing import NDArray

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
SPELLINGS = {"s": "s", "sec": "s", "second": "s", "seconds": "s", "ms": "ms", "millisecond": "ms",
             "milliseconds": "ms", "us": "us", "\u00b5s": "us", "\u03bcs": "us", "usec": "us",
             "microsecond": "us", "microseconds": "us", "ns": "ns", "nanosecond": "ns",
             "nanoseconds": "ns"}  # fmt: skip


def unit_of(text: object) -> str:
    """Return the unit that an attribute names.

    Examples
    --------
    >>> unit_of(b"Microseconds"), unit_of("s")
    ('us', 's')
    """
    word = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    found = SPELLINGS.get(word.strip().lower())
    if found is None:
        raise ValueError(
            f"the unit of time {word!r} is not known; known are {', '.join(PER_SECOND)}."
        )
    return found


def whole_numbers(what: str, values: NDArray, *, rounds: bool = False) -> NDArray[np.int64]:
    """Return numbers as int64, or raise if one is no whole number of 64 bits, unless it ``rounds``.

    Examples
    --------
    >>> whole_numbers("x", np.array([2.0**70]))
    Traceback (most recent call last):
    ValueError: x holds NaN, infinity, or a number beyond 64 bits.
    """
    if values.dtype.kind == "f":
        wide = values.astype(np.float64)
        values = np.round(wide)
        if not (np.abs(values) < 2.0**63).all():  # NaN is not
            raise ValueError(f"{what} holds NaN, infinity, or a number beyond 64 bits.")
        if not rounds and (broken := values != wide).any():
            raise ValueError(f"{what} holds {wide[np.argmax(broken)]}, which is no whole number.")
    elif values.dtype == np.uint64 and values.size and values.max() >= 1 << 63:
        raise ValueError(f"{what} holds {values.max()}, a number beyond 64 bits.")
    return values.astype(np.int64)


def microseconds(what: str, values: NDArray, unit: str | None = None) -> NDArray[np.int64]:
    """Return times as whole microseconds; without a unit, floats are in seconds, integers in us.

    Examples
    --------
    >>> microseconds("t", np.array([0.5])).tolist(), microseconds("t", np.array([7, 1999]), "ns").tolist()
    ([500000], [0, 1])
    """  # noqa: E501
    if unit is None:
        unit = "s" if values.dtype.kind == "f" else "us"
    if values.dtype.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):  # refused as infinite
            scaled = values.astype(np.float64) * (1e6 / PER_SECOND[unit])
        return whole_numbers(what, scaled, rounds=True)
    values = whole_numbers(what, values)
    if unit == "ns":
        return values // 1000
    factor = 10**6 // PER_SECOND[unit]
    if factor > 1 and values.size and np.abs(values).max() >= (1 << 63) // factor:
        raise ValueError(f"{what} holds times in {unit} beyond 64 bits of microseconds.")
    return values * factor
