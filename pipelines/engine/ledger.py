"""What pieces of work took, in seconds of the clock and of the processor.

Results are reused within a run: what a piece took when it was computed remains known, so that a
model that reuses features costs what it would cost alone.
"""

from collections.abc import Callable, Hashable
from time import perf_counter, process_time
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Spent(NamedTuple):
    """Seconds of the clock and of the processor, all threads of the process together."""

    wall: float = 0.0
    cpu: float = 0.0

    def plus(self, other: "Spent", sign: float = 1.0) -> "Spent":
        """Return the sum, or with ``sign=-1.0`` the difference.

        Examples
        --------
        >>> Spent(2.0, 3.0).plus(Spent(1.0, 1.0), -1.0)
        Spent(wall=1.0, cpu=2.0)
        """
        return Spent(self.wall + sign * other.wall, self.cpu + sign * other.cpu)


def read_clocks() -> Spent:
    """Return the clock and the processor's time in s."""
    return Spent(perf_counter(), process_time())


class Ledger:
    """Remembers by key what pieces of work took.

    Parameters
    ----------
    clocks : callable
        Returns the present time as `Spent`.

    Examples
    --------
    >>> times = iter([Spent(0.0), Spent(1.0), Spent(4.0), Spent(9.0)])
    >>> ledger = Ledger(lambda: next(times))
    >>> ledger.measure("outer", lambda: ledger.measure("inner", lambda: "done"))
    'done'
    >>> ledger.of("inner").wall, ledger.of("outer").wall, ledger.of("inner", "outer").wall
    (3.0, 6.0, 9.0)
    """

    def __init__(self, clocks: Callable[[], Spent] = read_clocks):
        self._clocks = clocks
        self._pieces: dict[Hashable, Spent] = {}
        self._inner: list[Spent] = []

    def measure(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Compute something and remember what it took, less what was measured inside it."""
        begin = self._clocks()
        self._inner.append(Spent())
        try:
            value = compute()
        finally:
            inner = self._inner.pop()
        whole = self._clocks().plus(begin, -1.0)
        self._pieces[key] = whole.plus(inner, -1.0)
        if self._inner:
            self._inner[-1] = self._inner[-1].plus(whole)
        return value

    def of(self, *keys: Hashable) -> Spent:
        """Return what some pieces took together; one that was never measured took nothing."""
        total = Spent()
        for key in keys:
            total = total.plus(self._pieces.get(key, Spent()))
        return total
