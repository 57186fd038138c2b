"""Closed loops of VO2 films: all nodes, step by step; integration steps are those of ``kernel``."""

from numba import njit

from mottle.reservoir.compiled.blocks import LANES
from mottle.reservoir.compiled.feeding import begin_step, end_part, end_step, make_room
from mottle.reservoir.compiled.precision import packed
from mottle.reservoir.nodes.vo2.kernel import (
    hold,
    hold_coupled,
    load,
    make_own_keys,
    make_planes,
    store,
    write_states,
)


@njit(cache=True, nogil=True)
def run(
    begin, end, width, drive, lengths, state, keys, first_step, feed, nodes, columns, dt, common,
    kick, metered, out, spent,
):  # fmt: skip
    """Run films whose readout writes the drive (recording, step, input), coupled or not.

    ``feed`` is a ``feeding.Feed``; out (recording, 1, node) holds the last states. Other arguments
    as for ``kernel.run``.
    """
    n_nodes, n = out.shape[2], LANES * packed(state)
    n_parts = feed.n_on + feed.n_off
    for r in range(begin, end):
        room = make_room(feed, n_nodes)
        blocks = load(state[r], 0, n_nodes, nodes, columns, dt, common.zero)
        own = make_own_keys(keys[r], 0, blocks, kick)
        planes, margin = make_planes(blocks, columns)
        for step in range(lengths[r]):
            begin_step(feed, room, drive[r], step, state[r])
            for part in range(n_parts):
                volts = room.volts[0 if part < feed.n_on else 1]
                moment = (first_step + step) * n_parts + part
                if nodes.kappa > 0.0:
                    hold_coupled(
                        blocks, own, volts, planes, margin, columns, common, kick, metered, moment
                    )
                for b in range(blocks.shape[0]):
                    low, high = b * n, min((b + 1) * n, n_nodes)
                    if nodes.kappa == 0.0:
                        hold(blocks[b], own, b, volts[low:high], common, kick, metered, moment)
                    used = spent[r, low // LANES :]
                    write_states(blocks[b], low, n_nodes, common, room.part, metered, used)
                end_part(feed, room, part, out[r, 0])
            end_step(feed, drive[r], step, state[r], out[r, 0])
        store(blocks, state[r], 0, n_nodes)
