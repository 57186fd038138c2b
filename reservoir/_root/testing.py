"""Tests for devices of other packages: properties (laws) that every node of mottle has."""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["check_node"]


def check_node(node: Any, *, n_nodes: int = 200, random_state: int = 0) -> list[str]:
    """Test a device built with ``device_node`` against the laws of a node.

    Parameters
    ----------
    node : str, preset or node
        Name of the device, its constants, or the value returned by ``device_node``.
    n_nodes : int, default=200
        Number of nodes.
    random_state : int, default=0
        Seed of the drives and of the reservoir.

    Returns
    -------
    laws : list of str
        Names of the laws, all of which hold.

    Raises
    ------
    AssertionError
        For the first law that does not hold: its name, its meaning, and where to look.

    Examples
    --------
    >>> check_node("wox_du2017", n_nodes=20)[:3]
    ['finite', 'causal', 'chunks']
    """
    from mottle.reservoir import DeviceReservoir

    rng = np.random.default_rng(random_state)
    drive = rng.uniform(-1, 1, (3, 400, 3))
    reservoir = DeviceReservoir(n_nodes, device=node, spread=0.02, random_state=random_state)
    reservoir.fit(drive)
    for name, law in LAWS.items():
        try:
            law(reservoir, drive)
        except AssertionError as error:
            raise AssertionError(f"law {name!r}: {law.__doc__} {error}".rstrip()) from None
    return list(LAWS)


def _states(reservoir: Any, drive: Any) -> Any:
    """Return states (recording, step, node), with noise keyed by the index of a recording."""
    return reservoir.states(drive, keys=range(len(drive)))["states"].to_numpy()


def _finite(reservoir: Any, drive: Any) -> None:
    """Check that states are finite, and differ from node to node and step to step."""
    states = reservoir.transform(drive)
    assert np.isfinite(states).all(), "Some are not: look at exponents and divisions."
    assert np.ptp(states, axis=2).max() > 0, "All nodes have the same state."
    assert np.ptp(states, axis=1).max() > 0, (
        "States are constant: look at v_bias, v_gain, dt_device."
    )


def _causal(reservoir: Any, drive: Any) -> None:
    """Check that states do not depend on later input."""
    whole, first = _states(reservoir, drive[:1]), _states(reservoir, drive[:1, :150])
    assert np.array_equal(whole[:, :150], first)


def _chunks(reservoir: Any, drive: Any) -> None:
    """Check that a run in chunks gives the bytes of the whole."""
    state, parts = reservoir.start(len(drive)), []
    for begin in range(0, drive.shape[1], 37):
        state, states = reservoir.advance(state, drive[:, begin : begin + 37])
        parts.append(states)
    whole = _states(reservoir, drive)
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()


def _batch(reservoir: Any, drive: Any) -> None:
    """Check that a recording's states do not depend on the other recordings."""
    whole = reservoir.transform(drive)
    assert np.array_equal(whole[1], reservoir.transform(drive[1]))
    assert np.array_equal(whole[::-1], reservoir.transform(drive[::-1]))


def _permutation(reservoir: Any, drive: Any) -> None:
    """Check that permuting nodes permutes states: a state does not depend on the node's index."""
    order = np.random.default_rng(0).permutation(reservoir.n_nodes)
    moved = pickle.loads(pickle.dumps(reservoir))
    moved.input_weights_ = reservoir.input_weights_[order]
    moved.devices_ = {name: values[order] for name, values in reservoir.devices_.items()}
    if not reservoir._node.noisy(reservoir):
        assert np.array_equal(reservoir.transform(drive)[..., order], moved.transform(drive))


def _threads(reservoir: Any, drive: Any) -> None:
    """Check that one thread and several give the same bytes."""
    import numba

    before, many = numba.get_num_threads(), int(vars(numba.config)["NUMBA_NUM_THREADS"])
    try:
        found = []
        for n_threads in (1, many):
            numba.set_num_threads(n_threads)
            found.append(reservoir.transform(drive).tobytes())
    finally:
        numba.set_num_threads(before)
    assert found[0] == found[1]


def _alone(reservoir: Any, drive: Any) -> None:
    """Check that a node's states equal those of the device simulated alone, same voltages."""
    from mottle.reservoir import DeviceReservoir, devices

    volts = 0.5 * drive[0, :50, :1]
    one = DeviceReservoir(
        1, device=reservoir.device, wiring="one_to_one", v_bias=0.0, v_gain=1.0, random_state=0
    ).fit(volts)
    device, family = find(reservoir.device)
    if one._node.noisy(one):
        return
    run = devices.simulate(device, volts[:, 0], family.node.dt_device)
    simulated = run["output"] if "output" in run else run[first_state(run)]
    gap = np.abs(one.transform(volts)[:, 0] - simulated.to_numpy()).max()
    scale = np.abs(simulated.to_numpy()).max() + 1e-300
    assert gap <= 1e-9 * scale, f"They differ by {gap / scale:.1e} of the largest state."


def _fine_steps(reservoir: Any, drive: Any) -> None:
    """Check that steps half as long change states by less than 2 % of the largest."""
    from mottle.reservoir import devices

    device, family = find(reservoir.device)
    step = family.node.dt_inner
    if step is None:
        return
    volts = family.node.v_bias + family.node.v_gain * drive[0, :100, 0]
    runs = [
        devices.simulate(device, volts, family.node.dt_device, dt_inner=h)
        for h in (step, 0.5 * step)
    ]
    for name in runs[0].data_vars:
        coarse, fine = (run[name].to_numpy() for run in runs)
        gap = np.abs(coarse - fine).max()
        assert gap <= 0.02 * np.abs(fine).max() + 1e-300, (
            f"{name} changes by {gap:.3g} of {np.abs(fine).max():.3g}: take a smaller dt_inner "
            f"than {step:g} s."
        )


def _energy(reservoir: Any, drive: Any) -> None:
    """Check that energies of devices and resistors add up to the supply's, none negative."""
    if not hasattr(reservoir, "energy"):
        return
    spent = reservoir.energy(drive)
    balance = spent["supply"] - spent["device"] - spent["resistor"]
    assert (np.abs(balance) <= 1e-5 * np.abs(spent["supply"])).all(), "They do not balance."
    assert (spent["device"] >= 0).all(), (
        "A passive device dissipates energy: its current has the sign of the voltage."
    )


def _passive(reservoir: Any, drive: Any) -> None:
    """Check that no current flows at 0 V, and that it has the sign of the voltage."""
    from mottle.reservoir import devices

    device, family = find(reservoir.device)
    node = family.node
    most = abs(node.v_bias) + abs(node.v_gain)
    volts = most * np.concatenate([np.sin(np.linspace(0.0, 12.0, 200)), np.zeros(5)])
    run = devices.simulate(device, volts, node.dt_device)
    if "current" not in run:
        return
    current = run["current"].to_numpy()
    assert np.abs(current[-5:]).max() <= 1e-9 * np.abs(current).max(), "A current flows at 0 V."
    wrong = current * volts < 0
    assert not wrong.any(), f"At {volts[wrong][0]:.3g} V the current is {current[wrong][0]:.3g} A."


def _missing(reservoir: Any, drive: Any) -> None:
    """Check that NaN in a drive is refused, and an absent recording gives NaN."""
    gaps, absent = drive.copy(), drive.copy()
    gaps[1, 5, 0], absent[1] = np.nan, np.nan
    try:
        reservoir.transform(gaps)
    except ValueError:
        pass
    else:
        raise AssertionError("NaN in part of a recording was accepted.")
    states = reservoir.transform(absent)
    assert np.isnan(states[1]).all()
    assert np.isfinite(states[0]).all()


def _estimator(reservoir: Any, drive: Any) -> None:
    """Check that the reservoir clones, pickles and pools its states."""
    from sklearn.base import clone

    again = clone(reservoir).set_params(pool=("mean", "last")).fit(drive)
    states, features = reservoir.transform(drive), again.transform(drive)
    n = reservoir.n_nodes
    assert np.allclose(features[:, :n], states.mean(axis=1))
    assert np.array_equal(features[:, n:], states[:, -1])
    assert len(again.get_feature_names_out()) == features.shape[1]
    copy = pickle.loads(pickle.dumps(reservoir))
    assert np.array_equal(copy.transform(drive), states)


def _live(reservoir: Any, drive: Any) -> None:
    """Check that a live run, step by step, gives the states of the whole recording."""
    from mottle.reservoir import LiveRun

    run = LiveRun(reservoir, keys=[3])
    ticks = np.array([run.advance(x) for x in drive[0, :30]])
    whole = reservoir.states(drive[:1, :30], keys=[3])["states"].to_numpy()[0]
    assert ticks.tobytes() == whole.tobytes()


def _figure(reservoir: Any, drive: Any) -> None:
    """Check that the device can be drawn."""
    from mottle.reservoir.catalogue import simulate

    device, family = find(reservoir.device)
    assert family.figure(device, simulate).axes


def find(device: Any) -> Any:
    """Return a device's constants and its family."""
    from mottle.reservoir.nodes.outside.node import find as find_device

    return find_device(device)


def first_state(run: Any) -> str:
    """Name the first state variable of a simulated device."""
    return next(str(name) for name in run.data_vars if name not in ("voltage", "current"))


LAWS: dict[str, Callable[[Any, Any], None]] = {
    "finite": _finite,
    "causal": _causal,
    "chunks": _chunks,
    "batch": _batch,
    "permutation": _permutation,
    "threads": _threads,
    "alone": _alone,
    "fine steps": _fine_steps,
    "energy": _energy,
    "passive": _passive,
    "missing input": _missing,
    "estimator": _estimator,
    "live": _live,
    "figure": _figure,
}
