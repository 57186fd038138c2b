"""Volatile memristors with their input product, compared with C and BLAS."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from references import bind, compile_c
from rows._threads import two_threads
from timing import Row, by_vectors

from mottle.reservoir import MemristorReservoir
from mottle.reservoir.nodes.driven import held
from mottle.reservoir.nodes.memristor import find

N_NODES, N_INPUTS = 1000, 64
GOALS = {  # of dense inputs: required, aim
    "wox_du2017": (by_vectors(1.0, 1.1), by_vectors(1.25, 1.3)),
    "tiox_zhong2021": (by_vectors(0.95, 1.0), by_vectors(1.1, 1.15)),
}
NOTE = (
    "C for memristors: numpy's BLAS computes the node inputs (for sparse weights also a loop over "
    "compressed rows in C; the faster one counts), then a loop over steps and devices that gcc "
    "vectorises. Both return a new array per call."
)


def rows() -> Iterator[Row]:
    """WOx and TiOx with sparse and dense inputs, Ag, and two threads."""
    for device in ("wox_du2017", "tiox_zhong2021"):
        for fan_in in (4, None):
            yield compared(device, fan_in, 2000)
    yield compared("ag_pulse", 4, 100)
    X = np.random.default_rng(0).uniform(-1, 1, (50, 400, N_INPUTS))
    node, halves = fitted("wox_du2017", 4), []
    if library := compile_c("memristor"):
        halves = [recordings_in_c(library, node, part) for part in (X[:25], X[25:])]
    yield two_threads(
        f"wox_du2017, {N_NODES} nodes, 50 recordings of 400 steps", node, X, 50 * 400 * N_NODES,
        "node steps", halves,
    )  # fmt: skip


def recordings_in_c(library: Any, node: MemristorReservoir, X: np.ndarray) -> Callable[[], Any]:
    """Return a run of recordings in C, with sparse input weights."""
    v, weights = np.empty((X.shape[1], N_NODES)), node.input_weights_
    columns = (weights.indptr.astype(np.int64), weights.indices.astype(np.int64))
    gain, bias = (float(value) for value in node._node.scale(node))
    products = [
        bind(library.project, x, len(x), N_NODES, N_INPUTS, *columns, weights.data, gain, bias, v)
        for x in X
    ]
    loop = device_in_c(library, node, v)
    return lambda: [(product(), loop())[-1] for product in products]


def fitted(device: str, fan_in: int | None) -> MemristorReservoir:
    """Return a fitted reservoir."""
    node = MemristorReservoir(N_NODES, device=device, fan_in=fan_in, random_state=0)
    return node.fit(np.zeros((2, N_INPUTS)))


def updates(node: MemristorReservoir) -> int:
    """Return the number of integration steps of a device per step of the drive."""
    device, family = find(node.device)
    return family.node.compiled(device, node.devices_, held(node, family.node), 0.2, 0)[2]


def device_in_c(library: Any, node: MemristorReservoir, v: np.ndarray) -> Callable[[], Any]:
    """Return a run of the device's loop in C with node inputs ``v``."""
    device, family = find(node.device)
    drawn, dt, n_steps = node.devices_, held(node, family.node), len(v)
    size = (v, n_steps, N_NODES)
    if node.device == "wox_du2017":
        arguments = (library.wox, *size, dt, drawn["rate"], drawn["tau"], device.eta, device.w_min)
    elif node.device == "tiox_zhong2021":
        keep = np.exp(-dt / drawn["tau"])
        arguments = (library.tiox, *size, drawn["alpha"], keep, device.g_rest)
    else:
        n_micro = updates(node)
        own = np.stack([drawn[n] for n in ("mu", "gamma_1", "gamma_2", "beta", "residue")])
        h = dt / n_micro
        names = ("r_on", "r_off", "alpha", "lam", "theta", "gamma_3", "r_series", "i_limit",
                 "noise_1")  # fmt: skip
        constants = np.array([*(getattr(device, name) for name in names), h])
        arguments = (library.silver, *size, n_micro, own, constants, round(device.t_noise / h))
    return bind(*arguments, shape=v.shape)


def compared(device: str, fan_in: int | None, n_steps: int) -> Row:
    """Return the row of one device, with C and BLAS as references."""
    X = np.random.default_rng(0).uniform(-1, 1, (n_steps, N_INPUTS))
    node = fitted(device, fan_in)
    runs: dict[str, Callable[[], Any]] = {"mottle": lambda: node.transform(X)}
    error, work = "", n_steps * N_NODES
    if library := compile_c("memristor"):
        v, weights = np.empty((n_steps, N_NODES)), node.input_weights_
        gain, bias = (float(value) for value in node._node.scale(node))
        dense = np.ascontiguousarray(weights.toarray().T)
        scale, loop = bind(library.scale, v, v.size, gain, bias, v), device_in_c(library, node, v)
        runs["C and BLAS"] = lambda: (np.dot(X, dense, out=v), scale(), loop())[-1]
        if fan_in:
            columns = (weights.indptr.astype(np.int64), weights.indices.astype(np.int64))
            product = bind(library.project, X, n_steps, N_NODES, N_INPUTS, *columns,
                           weights.data, gain, bias, v)  # fmt: skip
            runs["C"] = lambda: (product(), loop())[-1]
        if device != "ag_pulse":  # whose noise differs
            error = f"{np.abs(runs['C and BLAS']() - node.transform(X)).max():.0e} from C"
    name = f"{device}, {N_NODES} nodes, {N_INPUTS} inputs, {fan_in or N_INPUTS} per node"
    if device == "ag_pulse":
        work *= updates(node)
        name += ", 10 us per integration step"
    names, (must, aim) = ("C and BLAS", "C"), (1.0, 1.5)
    if fan_in is None:
        must, aim = GOALS[device]
    return Row(name, work, "node steps", runs, (must, names), (aim, names), error, notes=[NOTE])
