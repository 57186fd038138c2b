"""Echo state networks: one long stream, and a batch of short recordings."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from references import bind, compile_c, peer
from rows._threads import two_threads
from timing import Row, by_vectors

from mottle.reservoir import EchoStateReservoir

SIZES = (100, 500, 1000, 2000)
LEAK = 0.3
DENSE = (
    "At density 1 the order of summation is fixed, so that a recording has the same states in "
    "every batch (docs/decisions/0007); BLAS fixes none. Recordings run in groups of 32 (float32: "
    "64), of the last of which only the vectors in use are summed."
)


def rows() -> Iterator[Row]:
    """One stream of 10,000 steps at several sizes, then 200 recordings of 100 steps."""
    for n_nodes in SIZES:
        yield one_stream(n_nodes, 0.1)
    yield one_stream(1000, 1.0)
    yield one_stream(1000, 0.1, "float32")
    for dtype in ("float64", "float32"):
        for n_nodes, density in ((100, 0.1), (500, 0.1), (1000, 0.1), (1000, 1.0)):
            yield batch(n_nodes, density, dtype)
    drive, node = np.random.default_rng(0).uniform(-1, 1, (200, 100, 1)), fitted(1000, 0.1, 1)
    name = "200 recordings of 100 steps, 1000 nodes, density 0.1"
    halves = []
    if library := compile_c("echo_state"):
        halves = [recordings_in_c(library, node, part) for part in (drive[:100], drive[100:])]
    yield two_threads(name, node, drive, 20_000, "steps", halves)


def recordings_in_c(library: Any, node: EchoStateReservoir, drive: np.ndarray) -> Callable[[], Any]:
    """Return a run of recordings of one input in C."""
    calls = [stream_in_c(library, node, one) for one in drive]
    return lambda: [call() for call in calls]


def stream_in_c(library: Any, node: EchoStateReservoir, drive: np.ndarray) -> Callable[[], Any]:
    """Return a run of one recording (step, 1) in C."""
    w, n_steps = node.weights_, len(drive)
    return bind(
        library.echo_state, n_steps, node.n_nodes, w.indptr.astype(np.int32),
        w.indices.astype(np.int32), w.data, node.input_weights_.toarray()[:, 0].copy(), drive,
        LEAK, shape=(n_steps, node.n_nodes),
    )  # fmt: skip


def fitted(n_nodes: int, density: float, n_inputs: int, **more) -> EchoStateReservoir:
    """Return a fitted echo state network."""
    node = EchoStateReservoir(
        n_nodes, density=density, leak=LEAK, input_scaling=1.0, fan_in=None, random_state=0, **more
    )
    return node.fit(np.zeros((2, n_inputs)))


def one_stream(n_nodes: int, density: float, dtype: str = "float64") -> Row:
    """Return the row of one long recording."""
    n_steps = 10_000 if density < 1 else 1_000
    drive = np.random.default_rng(0).uniform(-1, 1, (n_steps, 1))
    node = fitted(n_nodes, density, 1, dtype=dtype)
    runs = {"mottle": lambda: node.transform(drive)}
    if library := compile_c("echo_state"):
        runs["C CSR"] = stream_in_c(library, node, drive)
    if rpy := peer("reservoirpy"):
        runs["reservoirpy"] = reservoirpy_run(rpy, node, drive)
    if rclib := peer("rclib"):
        runs["rclib"] = rclib_run(rclib, n_nodes, density, drive)
    return Row(
        f"one stream of {n_steps:,} steps, {n_nodes} nodes, density {density:g}, {dtype}",
        n_steps, "steps", runs, (1.5 if density < 1 else 1.0, ("rclib", "reservoirpy")),
        (1.0, ("C CSR",)), error_of(node, drive),
    )  # fmt: skip


def error_of(node: EchoStateReservoir, drive: np.ndarray) -> str:
    """Return the largest difference from the same recurrence in numpy, over 200 steps."""
    w, w_in, x, worst = node.weights_, node.input_weights_, np.zeros(node.n_nodes), 0.0
    for row, state in zip(drive[:200], node.transform(drive[:200]), strict=True):
        x = (1 - LEAK) * x + LEAK * np.tanh(w_in @ row + w @ x)
        worst = max(worst, float(np.abs(x - state).max()))
    return f"{worst:.0e} from numpy"


def reservoirpy_run(rpy, node, drive):
    """Return a run of reservoirpy with the weights of ``node``."""
    rpy.verbosity(0) if hasattr(rpy, "verbosity") else None
    from reservoirpy.nodes import Reservoir
    from scipy import sparse

    reservoir = Reservoir(
        units=node.n_nodes, lr=LEAK, W=sparse.csr_matrix(node.weights_),
        Win=node.input_weights_.toarray(), bias=np.zeros(node.n_nodes),
    )  # fmt: skip
    return lambda: reservoir.run(drive)


def rclib_run(rclib, n_nodes, density, drive):
    """Return a run of rclib, with its own weights and a readout: it cannot return states alone."""
    from rclib import readouts, reservoirs
    from rclib.model import ESN

    model = ESN()
    model.add_reservoir(
        reservoirs.RandomSparse(
            n_neurons=n_nodes, spectral_radius=0.9, sparsity=density, leak_rate=LEAK
        )
    )
    model.set_readout(readouts.Ridge(1e-6, include_bias=True))
    model.fit(drive[:300], drive[:300])
    return lambda: model.predict(drive)


def batch(n_nodes: int, density: float, dtype: str) -> Row:
    """Return the row of 200 short recordings."""
    drive = np.random.default_rng(0).uniform(-1, 1, (200, 100, 3))
    node = fitted(n_nodes, density, 3, dtype=dtype)
    runs = {"mottle": lambda: node.transform(drive), "numpy GEMM": gemm(node, drive, dtype)}
    difference = np.abs(runs["mottle"]() - runs["numpy GEMM"]()).max()
    notes, must, aim = [], 1.0, None
    if density == 1:
        wide = 1.25 if dtype == "float64" else 1.1
        notes, must, aim = [DENSE], by_vectors(1.0, 0.8), (by_vectors(wide, 1.0), ("numpy GEMM",))
    if dtype == "float32" and density < 1 and peer("torch") and (resdag := peer("resdag")):
        runs["resdag"] = resdag_run(resdag, n_nodes, drive)
    return Row(
        f"200 recordings of 100 steps, {n_nodes} nodes, density {density:g}, {dtype}", 20_000,
        "steps", runs, (must, ("numpy GEMM", "resdag")), aim, f"{difference:.0e} from numpy",
        notes=notes,
    )  # fmt: skip


def resdag_run(resdag, n_nodes, drive):
    """Return a run of resdag with its own dense weights, all recordings as one batch."""
    import torch

    torch.set_num_threads(1)
    layer = resdag.ESNLayer(n_nodes, drive.shape[2], spectral_radius=0.9, leak_rate=LEAK, seed=0)
    batch = torch.as_tensor(drive, dtype=torch.float32)

    def run():
        layer.reset_state()
        with torch.no_grad():
            return layer(batch)

    return run


def gemm(node, drive, dtype):
    """Return a run in numpy: all recordings at once, one matrix product per step."""
    w = np.ascontiguousarray(node.weights_.toarray().T.astype(dtype))
    w_in = np.ascontiguousarray(node.input_weights_.toarray().T.astype(dtype))
    drive, leak = drive.astype(dtype), np.dtype(dtype).type(LEAK)

    def run():
        x = np.zeros((len(drive), node.n_nodes), dtype)
        out = np.empty((len(drive), drive.shape[1], node.n_nodes), dtype)
        for step in range(drive.shape[1]):
            x = (1 - leak) * x + leak * np.tanh(drive[:, step] @ w_in + x @ w)
            out[:, step] = x
        return out

    return run
