"""State of live runs, and the keys of a recording's noise."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

METERED = ("device", "resistor", "supply", "spikes")  # energies in J, and a count


@dataclass
class ReservoirState:
    """State of live runs: node variables, noise keys and the number of steps done.

    Examples
    --------
    >>> from mottle.reservoir import MemristorReservoir
    >>> drive = np.random.default_rng(0).uniform(-1, 1, (1, 50, 3))
    >>> reservoir = MemristorReservoir(20, random_state=0).fit(drive)
    >>> state, states = reservoir.advance(reservoir.start(), drive[:, :30])
    >>> state.step, states.shape
    (30, (1, 30, 20))
    """

    values: NDArray  # (recording, variable, node)
    keys: NDArray  # (recording,), uint64
    step: int = 0
    past: NDArray | None = None  # (recording, tap, input), earlier drive for delay taps
    spent: NDArray | None = None  # (recording, 4): see METERED; None if not metered
    owner: str = ""  # class of the reservoir, and family of its device


def recall(block: NDArray, lengths: NDArray, state: Any, back: int) -> NDArray:
    """Return a block after the ``back`` steps before it, and keep those for the next block.

    Before the beginning they are 0.
    """
    past = state.past
    if past is None:
        past = np.zeros((len(block), back, block.shape[2]))
    whole = np.concatenate([past, block], axis=1)
    if len(block) == 1 and block.shape[1] <= back:  # live: without a copy
        state.past = whole[:, int(lengths[0]) : int(lengths[0]) + back]
    else:
        rows = lengths[:, np.newaxis] + np.arange(back)
        state.past = whole[np.arange(len(block))[:, np.newaxis], rows]
    return whole


def check_keys(keys: Any, n_recordings: Any) -> NDArray:
    """Return the keys of the noise, one per recording.

    Examples
    --------
    >>> check_keys([1.5], 1)
    Traceback (most recent call last):
    ValueError: keys=[1.5]: expected 1 whole number below 2**63, one per recording.
    """
    array = np.asarray(keys)
    whole = array.dtype.kind in "iu" and (array <= np.iinfo(np.int64).max).all()
    if array.shape != (n_recordings,) or not whole:
        raise ValueError(
            f"keys={keys!r}: expected {n_recordings} whole number{'s' * (n_recordings > 1)} below "
            "2**63, one per recording."
        )
    return array


def noise_keys(seed: int, ids: Iterable[Any]) -> NDArray:
    """Return keys of the noise from a seed and each recording's number, bytes, or parts of bytes.

    Examples
    --------
    >>> bool(noise_keys(0, [b"ab"]) == noise_keys(0, [[b"a", b"b"]]))
    True
    """
    keys = []
    for key in ids:
        if isinstance(key, int | np.integer):
            key = int(key).to_bytes(8, "little", signed=True)
        digest = blake2b(digest_size=8, key=seed.to_bytes(8, "little"))
        for part in (key,) if isinstance(key, bytes) else key:
            digest.update(part)
        keys.append(int.from_bytes(digest.digest(), "little"))
    return np.array(keys, dtype=np.uint64)
