"""Results kept in memory while they are likely to be needed again."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
from sklearn.base import BaseEstimator

from mottle.pipelines.engine.hashing import hash_arrays
from mottle.pipelines.engine.ledger import Ledger, Spent

T = TypeVar("T")
CACHE_BYTES = 1 << 26


class Cache:
    """Results by key; the one not used for longest goes first when they exceed ``n_bytes``.

    It saves time between parts of an experiment that need the same result; what one part needs
    more than once it keeps itself.

    Examples
    --------
    >>> cache = Cache(100)
    >>> cache.get("a", lambda: np.zeros(10)).size, cache.get("a", lambda: np.zeros(3)).size
    (10, 10)
    >>> _ = cache.get("b", lambda: np.zeros(10))  # 160 bytes with "a", which goes
    >>> cache.get("a", lambda: np.zeros(3)).size
    3
    """

    def __init__(self, n_bytes: int = CACHE_BYTES):
        self.n_bytes, self._used = n_bytes, 0
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return what is kept under a key, or compute and keep it."""
        if key in self._kept:
            self._kept.move_to_end(key)
            kept: T = self._kept[key][0]
            return kept
        value = compute()
        size = count_bytes(value)
        self._kept[key], self._used = (value, size), self._used + size
        while self._used > self.n_bytes and len(self._kept) > 1:
            _, (_, freed) = self._kept.popitem(last=False)
            self._used -= freed
        return value


class FitMemory:
    """Remembers fits by their data, as the ``memory`` of `MaskedReadout`, and what they took."""

    def __init__(self, cache: Cache):
        self._cache = cache
        self._ledger, self._taken = Ledger(), list[Hashable]()

    def measure(self, fit: Callable[[], Any]) -> Spent:
        """Run a fit; return what it took, with what fits that are remembered took at the time."""
        self._taken.clear()
        self._ledger.measure("around", fit)
        return self._ledger.of("around", *self._taken)

    def cache(self, function: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
        """Return a function of the same results, computed once for the same data."""

        def fit(estimator: Any, X: Any, y: Any) -> Any:
            key = "fit", key_of(estimator), hash_arrays([X, np.asarray(y)])
            self._taken.append(key)
            return self._cache.get(
                key, lambda: self._ledger.measure(key, lambda: function(estimator, X, y))
            )

        return fit

    def __sklearn_clone__(self) -> "FitMemory":
        """Stay the same when an estimator with this memory is cloned."""
        return self


class Keyed(NamedTuple):
    """An unfitted estimator, and text that is the same for those that fit alike."""

    estimator: BaseEstimator
    key: str


def keyed(estimator: BaseEstimator) -> Keyed:
    """Return an estimator with its key."""
    return Keyed(estimator, key_of(estimator))


def key_of(estimator: BaseEstimator) -> str:
    """Return class and parameters of an estimator as text; alike for those that fit alike.

    Examples
    --------
    >>> from mottle.reservoir import NoReservoir
    >>> key_of(NoReservoir(pool="mean"))
    "NoReservoir(n_segments=1, pool='mean')"
    """
    given = estimator.get_params(deep=True)
    parts = (
        f"{name}={_text(value)}" for name, value in sorted(given.items())
        if not isinstance(value, BaseEstimator) or "__" not in name
    )  # fmt: skip
    return f"{type(estimator).__name__}({', '.join(parts)})"


def _text(value: Any) -> str:
    """Return a parameter as text of which nothing is left out."""
    if isinstance(value, np.ndarray):
        return hash_arrays([value])
    return type(value).__name__ if isinstance(value, BaseEstimator) else repr(value)


def count_bytes(value: Any) -> int:
    """Return about how many bytes of arrays a value holds.

    Examples
    --------
    >>> count_bytes([np.zeros(10), {"a": np.zeros(5)}])
    120
    """
    return _count(value, set())


def _count(value: Any, known: set[int]) -> int:
    """Count arrays once each."""
    if id(value) in known:
        return 0
    if isinstance(value, np.ndarray):
        known.add(id(value))
        return int(value.nbytes)
    if isinstance(value, list | tuple):
        known.add(id(value))
        return sum(_count(item, known) for item in value)
    inner = value if isinstance(value, Mapping) else getattr(value, "__dict__", None)
    if inner is None or isinstance(value, type):
        return 0
    known.add(id(value))
    return sum(_count(item, known) for item in inner.values())
