"""Closed loops of relaxation oscillators: all nodes, step by step, with steps of ``kernel``."""

from typing import Any

import numpy as np
from numba import njit

from mottle.reservoir.compiled.blocks import LANES, make_keys
from mottle.reservoir.compiled.feeding import begin_step, end_part, end_step, make_room
from mottle.reservoir.nodes.oscillator.kernel import hold, hold_coupled, load, store, write_states


@njit(cache=True, nogil=True)
def run(
    begin, end, width, drive, lengths, state, keys, first_step, feed, nodes, noise, dt, observable,
    areas, out, spent,
):  # fmt: skip
    """Run uncoupled oscillators whose readout writes the drive (recording, step, input).

    ``feed`` is a ``feeding.Feed``; out (recording, 1, node) holds the last states. Other arguments
    as for ``kernel.run``; ``dt`` is the duration of a part of a step.
    """
    n_nodes = out.shape[2]
    for r in range(begin, end):
        room = make_room(feed, n_nodes)
        blocks = load(state[r], 0, n_nodes, nodes)
        own: Any = None if noise is None else make_keys(keys[r], 0, blocks.shape[0], True)
        for step in range(lengths[r]):
            begin_step(feed, room, drive[r], step, state[r])
            for part in range(feed.n_on + feed.n_off):
                volts = room.volts[0 if part < feed.n_on else 1]
                for b in range(blocks.shape[0]):
                    low, high = b * LANES, min((b + 1) * LANES, n_nodes)
                    used = None if spent is None else spent[r, b]
                    key = None if noise is None else own[b]
                    hold(blocks[b], volts[low:high], key, noise, dt, areas)
                    write_states(
                        blocks[b], low, high, nodes, dt, observable, areas, room.part, used
                    )
                end_part(feed, room, part, out[r, 0])
            end_step(feed, drive[r], step, state[r], out[r, 0])
        store(blocks, state[r], 0, n_nodes)


@njit(cache=True, nogil=True)
def run_coupled(
    begin, end, width, drive, lengths, state, keys, first_step, feed, nodes, circuit, noise, dt,
    observable, out, spent,
):  # fmt: skip
    """Run coupled oscillators; see ``run``, and ``kernel.run_coupled``."""
    nothing = np.empty(0)
    for r in range(begin, end):
        room = make_room(feed, out.shape[2])
        used = spent[r, 0] if spent.shape[1] > 0 else nothing
        for step in range(lengths[r]):
            begin_step(feed, room, drive[r], step, state[r])
            for part in range(feed.n_on + feed.n_off):
                hold_coupled(
                    room.volts[0 if part < feed.n_on else 1], state[r], nodes, circuit, keys[r],
                    noise, dt, observable, room.part, used,
                )  # fmt: skip
                end_part(feed, room, part, out[r, 0])
            end_step(feed, drive[r], step, state[r], out[r, 0])
