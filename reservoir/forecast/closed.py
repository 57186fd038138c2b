"""Runs of a reservoir whose drive is what a readout predicts."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from warnings import catch_warnings, filterwarnings

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from mottle.reservoir.compiled.closed import Loop
from mottle.reservoir.nodes.state import ReservoirState

Floats = NDArray[np.float64]
FARTHEST = 3.0  # prediction that has diverged, where the training signal is between -1 and 1
Predict = Callable[[NDArray, NDArray], NDArray]  # states and inputs (run, .): outputs (run, output)


def copy_state(state: ReservoirState) -> ReservoirState:
    """Return a copy that a run does not change."""
    past = None if state.past is None else state.past.copy()
    return replace(state, values=state.values.copy(), past=past)


def join_states(states: list[ReservoirState]) -> ReservoirState:
    """Return one state of runs side by side."""
    pasts = [state.past for state in states if state.past is not None]
    return ReservoirState(
        np.concatenate([state.values for state in states]),
        np.concatenate([state.keys for state in states]),
        max(state.step for state in states),
        np.concatenate(pasts) if pasts else None,
    )


def run_on(
    reservoir: Any, state: ReservoirState, first: Floats, exog: Floats, readout: Loop | Predict
) -> Floats:
    """Run the closed loop; return predictions (run, step, output), clipped to FARTHEST.

    ``first`` (run, output) is the last known output, and ``exog`` (run, step, input) follows the
    outputs in the drive. The state is changed.
    """
    with catch_warnings():
        filterwarnings("ignore", ".* clipped")  # of forecasts that diverge, which are named
        return _run_on(reservoir, state, first, exog, readout)


def _run_on(
    reservoir: Any, state: ReservoirState, first: Floats, exog: Floats, readout: Loop | Predict
) -> Floats:
    (n_runs, n_steps), n_outputs = exog.shape[:2], first.shape[1]
    drive = np.zeros((n_runs, n_steps + 1, reservoir.n_features_in_))
    drive[:, 0, :n_outputs] = first
    drive[:, :n_steps, n_outputs:] = exog
    node = reservoir._node
    if isinstance(readout, Loop) and node.closes(reservoir):
        lengths = np.full(n_runs, n_steps)
        whole = drive if reservoir.n_taps == 1 else reservoir._tapped(drive, lengths + 1, state)
        node.run(reservoir, np.ascontiguousarray(whole), lengths, state, readout)
        return whole[:, 1:, :n_outputs]
    predict = linear(readout) if isinstance(readout, Loop) else readout
    one = np.ones(n_runs, np.int64)
    for step in tqdm(range(n_steps), desc="forecast", delay=2, disable=None):
        block = drive[:, step : step + 1]
        states = reservoir._run_block(block, one, state)[:, 0]
        state.step += 1
        found = predict(states, block[:, 0])
        drive[:, step + 1, :n_outputs] = np.clip(
            np.where(np.isnan(found), FARTHEST, found), -FARTHEST, FARTHEST
        )
    return drive[:, 1:, :n_outputs]


def linear(loop: Loop) -> Predict:
    """Return the readout of a loop as a function."""

    def predict(states: NDArray, inputs: NDArray) -> NDArray:
        total = states @ loop.states.T + loop.intercept
        if loop.squares.any():
            total += (states * states) @ loop.squares.T
        if loop.inputs.size:
            total += inputs @ loop.inputs.T
        return np.asarray(total)

    return predict
