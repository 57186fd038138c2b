"""Compiling the kernels of reservoirs before they are needed."""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from mottle.checks import choose


def kinds() -> dict[str, Callable[..., Any]]:
    """Return reservoirs by name, with which all kernels of common use are compiled."""
    from mottle import reservoir as room

    memristors: dict[str, Callable[..., Any]] = {
        device: partial(room.MemristorReservoir, device=device)
        for device in ("wox_du2017", "tiox_zhong2021", "ag_pulse", "ag_fast")
    }
    return {
        "echo_state": room.EchoStateReservoir,
        "vo2": room.VO2Reservoir,
        "oscillator": room.OscillatorReservoir,
        **memristors,
        "spiking": room.SpikingReservoir,
        "event": room.EventMemristorReservoir,
    }


def warm(names: Iterable[str] = ()) -> Iterator[tuple[str, float]]:
    """Run reservoirs once, all or those named: states, pooled features, energies.

    Yields each name with the seconds it took. Kernels that are in the cache are loaded from there.
    """
    known = kinds()
    chosen = [(name, choose(name, known, "reservoir")) for name in names or known]
    X = np.random.default_rng(0).uniform(0, 1, (40, 15, 3))  # enough for recordings side by side
    for name, make in chosen:
        begin = time.perf_counter()
        made = make(random_state=0).fit(X)
        made.transform(X[:1])
        made.transform(X)
        made.set_params(pool="mean").fit_transform(X)
        if made._node.metered(made):
            made.set_params(pool=None).fit(X).energy(X)
        yield name, time.perf_counter() - begin
