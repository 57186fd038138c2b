"""Piecewise-linear oscillators, exact between switching events, compared with C."""

from collections.abc import Iterator

import numpy as np
from references import bind, compile_c
from timing import Row, by_vectors

from mottle.reservoir import OscillatorReservoir, devices

N_NODES, N_STEPS = 1024, 200
NAMES = ("r_insulating", "r_metallic", "v_high", "v_low", "r_series", "capacitance")
NOTE = (
    "C for oscillators: node after node and linear piece after piece, one log per piece and one "
    "exp at the end of a step; the node inputs are computed before the timing. mottle skips whole "
    "cycles while an input is constant, C does not."
)


def rows() -> Iterator[Row]:
    """Yield rows with steps of a few cycles, of a fraction of one, and of many; threshold noise."""
    yield compared(2e-6, 0.0, "frequency")
    yield compared(2e-6, 0.0, "voltage")
    yield compared(2e-6, 0.02, "frequency")
    yield compared(2e-7, 0.0, "frequency")
    yield compared(2e-5, 0.0, "frequency")


def compared(dt: float, noise: float, observable: str) -> Row:
    """Return the row of one step length, with C as the reference."""
    X = np.random.default_rng(0).uniform(-1, 1, (N_STEPS, N_NODES))
    node = OscillatorReservoir(
        N_NODES, regime="oscillating",
            wiring="one_to_one", observable=observable, threshold_noise=noise, spread=0.02,
        dt_device=dt, random_state=0,
    ).fit(X)  # fmt: skip
    runs = {"mottle": lambda: node.transform(X)}
    gain, bias = node._node.scale(node)
    v_in = bias + gain * (X @ node.input_weights_.toarray().T)
    constants = np.stack([node.devices_[name] for name in NAMES])
    error = f"period off by {period_error(dt):.0e}"
    if library := compile_c("oscillator"):
        runs["C"] = bind(
            library.oscillator, v_in, N_STEPS, N_NODES, dt, constants, noise,
            int(observable == "voltage"), shape=v_in.shape,
        )  # fmt: skip
        if not noise:
            states, reference = node.transform(X), runs["C"]()
            largest = np.abs(states - reference).max() / np.abs(reference).max()
            error += f", {largest:.0e} from C"
    name = f"oscillators, {N_NODES} nodes, {dt * 1e6:g} us per step ({dt / 7.1e-7:.2g} cycles)"
    must, aim = (by_vectors(1.1, 1.3), by_vectors(1.3, 1.6)) if dt < 1e-6 else (1, 2)
    return Row(
        name + (", threshold noise" if noise else "") + f", {observable}", N_STEPS * N_NODES,
        "node steps", runs, (must, ("C",)), (aim, ("C",)), error, notes=[NOTE],
    )  # fmt: skip


def period_error(dt: float) -> float:
    """Return the relative error of one oscillator's period against the closed form."""
    node = OscillatorReservoir(
        1, regime="oscillating", v_gain=0.0, fan_in=1, observable="frequency", dt_device=dt
    )
    rate = node.fit_transform(np.zeros((100, 1)))[-1, 0]
    return abs(1 / (rate * devices.get("vo2_pwl").period(5.0)) - 1)
