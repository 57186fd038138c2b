"""Where a live run stands, and what the noise of a recording depends on."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

METERED = ("device", "resistor", "supply", "spikes")  # energies in J, and a count


@dataclass
class ReservoirState:
    """Where a live run stands: node variables, noise keys and the number of steps done."""

    values: NDArray  # (recording, variable, node)
    keys: NDArray  # (recording,), uint64
    step: int = 0
    past: NDArray | None = None  # (recording, tap, input), drive that delay taps still need
    spent: NDArray | None = None  # (recording, 4): see METERED; None where nothing is metered
    owner: str = ""  # class of the reservoir, and family of its device


def check_keys(keys: Any, n_recordings: Any) -> NDArray:
    """Return the keys of the noise, one a recording.

    Examples
    --------
    >>> check_keys([1.5], 1)
    Traceback (most recent call last):
    ValueError: keys=[1.5]: expected 1 whole number below 2**63, one a recording.
    """
    given = np.asarray(keys)
    whole = given.dtype.kind in "iu" and (given <= np.iinfo(np.int64).max).all()
    if given.shape != (n_recordings,) or not whole:
        raise ValueError(
            f"keys={keys!r}: expected {n_recordings} whole number{'s' * (n_recordings > 1)} below "
            "2**63, one a recording."
        )
    return given


def noise_keys(seed: int, ids: Iterable[Any]) -> NDArray:
    """Return keys of the noise from a seed and each recording's number, bytes, or parts of bytes.

    Examples
    --------
    >>> bool(noise_keys(0, [b"ab"]) == noise_keys(0, [[b"a", b"b"]]))
    True
    """
    keys = []
    for one in ids:
        if isinstance(one, int | np.integer):
            one = int(one).to_bytes(8, "little", signed=True)
        digest = blake2b(digest_size=8, key=seed.to_bytes(8, "little"))
        for part in (one,) if isinstance(one, bytes) else one:
            digest.update(part)
        keys.append(int.from_bytes(digest.digest(), "little"))
    return np.array(keys, dtype=np.uint64)
