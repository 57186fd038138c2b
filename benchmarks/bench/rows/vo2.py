"""VO2 thermal neuristors: Heun's method at 10 ns, compared with the same equations in C."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from references import bind, compile_c
from rows._threads import two_threads
from timing import Row

from mottle.reservoir import VO2Reservoir, devices

N_NODES, N_STEPS, N_MICRO = 1024, 20, 100
PERIOD = 3042.6470e-9  # s at 12 V, event-exact
NAMES = ("r_0", "r_metallic", "capacitance", "c_th", "s_th", "r_load")
NOTE = (
    "C for VO2: an outer loop over time, an inner one over arrays of all nodes, branches in select "
    "form, reciprocals computed in advance; gcc vectorises all of it, with exp, sin, log and cos "
    "of its vector libm. Node inputs are computed before the timing for C and within it for "
    'mottle. "C, 512 bit" is the same with -mprefer-vector-width=512.'
)


def rows() -> Iterator[Row]:
    """Yield rows without and with coupling and noise, in both precisions, and of two threads."""
    for kappa in (0.0, 0.02):
        for noise in (0.0, 133.0):
            yield compared(kappa, noise)
            yield single(kappa, noise)
    for n_recordings in (1, 8):
        parts = f"{n_recordings} recordings" if n_recordings > 1 else "nodes of one recording"
        node, X = fitted(0.0, 0.0), drive(n_recordings)
        yield two_threads(
            f"VO2, {N_NODES} nodes uncoupled, {parts}", node, X,
            n_recordings * N_STEPS * N_MICRO * N_NODES, "node steps", halves_in_c(node, X),
        )  # fmt: skip


def drive(n_recordings: int) -> np.ndarray:
    """Return a random drive."""
    return np.random.default_rng(0).uniform(-1, 1, (n_recordings, N_STEPS, N_NODES))


def fitted(kappa: float, noise: float, dtype: str = "float64") -> VO2Reservoir:
    """Return a fitted reservoir."""
    node = VO2Reservoir(
        N_NODES,
        regime="oscillating",
        wiring="one_to_one",
        thermal_coupling=kappa,
        temperature_noise=noise,
        spread=0.02,
        dtype=dtype,
        random_state=0,
    )
    return node.fit(drive(1)[0])


def compared(kappa: float, noise: float) -> Row:
    """Return the row of one coupling and noise, with C as the reference."""
    node, X = fitted(kappa, noise), drive(1)[0]
    runs = {"mottle": lambda: node.transform(X)}
    v_in = volts(node, X)
    constants = np.stack([node.devices_[name] for name in NAMES])
    columns = 32 if kappa else 0
    for name, more in (("C", ()), ("C, 512 bit", ("-mprefer-vector-width=512",))):
        if library := compile_c("vo2", *more):
            runs[name] = bind(
                library.vo2, v_in, N_STEPS, N_NODES, N_MICRO, 1e-8, constants, kappa, columns,
                noise, shape=v_in.shape,
            )  # fmt: skip
    kind = kind_of(kappa, noise)
    error = f"period off by {period_error():.2%} at 12 V"
    if not noise and "C" in runs:
        error += f", {np.abs(runs['C']() - node.transform(X)).max():.0e} V from C"
    return Row(
        f"VO2, {N_NODES} nodes {kind}, Heun 10 ns", N_STEPS * N_MICRO * N_NODES, "node steps",
        runs, (1 if noise else 2, ("C",)), (4, ("C",)), error, notes=[NOTE, larger_steps()],
    )  # fmt: skip


def volts(node: VO2Reservoir, X: np.ndarray) -> np.ndarray:
    """Return the supply of each node in V."""
    gain, bias = node._node.scale(node)
    return bias + gain * (X @ node.input_weights_.toarray().T)


def halves_in_c(node: VO2Reservoir, X: np.ndarray) -> list[Callable[[], Any]]:
    """Return runs in C of halves of the recordings, or of the uncoupled nodes of a single one."""
    library = compile_c("vo2")
    if library is None:
        return []
    v_in = volts(node, X)
    constants = np.stack([node.devices_[name] for name in NAMES])

    def half(v: np.ndarray, nodes: slice) -> Callable[[], Any]:
        own = np.ascontiguousarray(constants[:, nodes])
        calls = [
            bind(
                library.vo2, x, N_STEPS, x.shape[1], N_MICRO, 1e-8, own, 0.0, 0, 0.0, shape=x.shape
            )
            for x in map(np.ascontiguousarray, v[:, :, nodes])
        ]
        return lambda: [call() for call in calls]

    middle = len(X) // 2
    if middle:
        return [half(part, slice(None)) for part in (v_in[:middle], v_in[middle:])]
    return [half(v_in, nodes) for nodes in (slice(N_NODES // 2), slice(N_NODES // 2, None))]


def kind_of(kappa: float, noise: float) -> str:
    """Return what a row is called."""
    return ("coupled" if kappa else "uncoupled") + (", noise" if noise else "")


def single(kappa: float, noise: float) -> Row:
    """Return the row of float32, with float64 as the reference."""
    X = drive(1)[0]
    nodes = {name: fitted(kappa, noise, name) for name in ("float32", "float64")}
    runs = {
        "mottle": lambda: nodes["float32"].transform(X),
        "float64": lambda: nodes["float64"].transform(X),
    }
    accuracy = "" if noise else shift(kappa)
    return Row(
        f"VO2 float32, {N_NODES} nodes {kind_of(kappa, noise)}", N_STEPS * N_MICRO * N_NODES,
        "node steps", runs, (1.6, ("float64",)), (1.9, ("float64",)), accuracy,
    )  # fmt: skip


def shift(kappa: float) -> str:
    """Return the largest differences between the spikes of both precisions, over the window."""
    worst, change = 0.0, 0.0
    for v_bias in np.arange(10.25, 15.5, 0.25):
        trains = [spike_trains(v_bias, kappa, dtype) for dtype in ("float64", "float32")]
        for double, other in zip(*trains, strict=True):
            if double.size == other.size > 3:
                period = np.diff(double)[1:].mean()
                worst = max(worst, np.abs(other - double).max() / period)
                change = max(change, abs(np.diff(other)[1:].mean() / period - 1))
            elif double.size != other.size:
                worst = np.inf
    return f"within 30 us spikes off by {worst:.3%} of a period, periods by {change:.3%}"


def spike_trains(v_bias: float, kappa: float, dtype: str) -> list[np.ndarray]:
    """Return the spike times of 130 films within 30 us, in steps of 10 ns."""
    node = VO2Reservoir(
        130, regime=None, v_bias=v_bias, v_gain=0.0, observable="current", dt_device=1e-8,
        thermal_coupling=kappa, spread=0.02, dtype=dtype, random_state=0,
    )  # fmt: skip
    return [crossings(one) for one in node.fit_transform(np.zeros((3000, 1))).T.astype(float)]


def crossings(current: np.ndarray) -> np.ndarray:
    """Return the steps at which a current rises through 1.5 mA."""
    k = np.flatnonzero((current[1:] >= 1.5e-3) & (current[:-1] < 1.5e-3))
    return k + (1.5e-3 - current[k]) / (current[k + 1] - current[k])


def period_error() -> float:
    """Return the relative error of one node's period."""
    node = VO2Reservoir(1, regime="oscillating",
        v_bias=12.0, v_gain=0.0, fan_in=1, observable="current",
                        dt_device=1e-8, dt_inner=1e-8)  # fmt: skip
    current = node.fit_transform(np.zeros((6000, 1)))[:, 0]
    return abs(np.diff(crossings(current))[2:].mean() * 1e-8 / PERIOD - 1)


def larger_steps() -> str:
    """Return the errors of other methods and steps, by the device library."""
    parts = []
    for method, dt, stages in (("heun", 1e-8, 2), ("heun", 2e-8, 2), ("rk4", 2e-8, 4),
                               ("rk4", 2.8e-8, 4)):  # fmt: skip
        worst = 0.0
        for v_in, exact in ((12.0, PERIOD), (15.0, 2047.5787e-9)):
            run = devices.simulate(
                "vo2_neuristor", v_in, 1.4e-7, duration=6e-5, method=method, dt_inner=dt
            )
            worst = max(worst, abs(np.diff(run.spike_time)[2:].mean() / exact - 1))
        parts.append(f"{method} {dt * 1e9:.0f} ns {worst:.2%} with {stages / dt / 1e8:.1f}")
    return (
        "Other methods and steps for VO2, largest error of the period at 12 and 15 V and "
        "evaluations per 10 ns: "
        + "; ".join(parts) + "."
    )  # fmt: skip
