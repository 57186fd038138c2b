"""Compiling the kernels of reservoirs before they are needed."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any

import numpy as np

from mottle.checks import choose
from mottle.pipelines.recipe import Recipe


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


def compile_ahead(recipes: Iterable[Recipe]) -> Thread:
    """Compile the kernels of recipes in a thread, which is started, while others read and encode.

    For recipes whose reservoirs are known: warnings of the thread would come twice. The compiler
    works half of the time without the interpreter's lock; a second process would have to share its
    cache, whose index is not safe.
    """
    made = [
        recipe.make_reservoir(name, next(iter(recipe.encoders)), 0)
        for recipe in recipes for name in recipe.reservoirs
    ]  # fmt: skip
    X = np.random.default_rng(0).uniform(-1, 1, (4, 12, 40))

    def work() -> None:
        for reservoir in made:
            with suppress(Exception):  # whatever is wrong, the run itself says so
                reservoir.fit_transform(X)

    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread
