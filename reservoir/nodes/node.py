"""Record of a kind of node, from which the base class of reservoirs builds a reservoir."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mottle.embedded import CStage
from mottle.reservoir.compiled import inputs
from mottle.reservoir.compiled.threads import LEAST_UPDATES, compiled_for, empty_states, split
from mottle.reservoir.nodes.drives import Drives, read_chunk, read_drives
from mottle.reservoir.nodes.fading import UNKNOWN, Fading
from mottle.reservoir.nodes.wiring import draw_input_weights, draw_masks

KEPT = "_device"  # attribute of a fitted reservoir: its parameter and the family then found
P = Any  # a reservoir, of which parameters and fitted attributes are read


def draw_wiring(p: P, rng: np.random.RandomState) -> dict[str, Any]:
    """Draw input weights and the seed of the noise."""
    weights = draw_input_weights(
        rng,
        p.n_nodes // p.n_masks,
        p.n_features_in_ * p.n_taps,
        p.wiring,
        p.fan_in,
        p.input_shape,
        p.field,
    )
    weights = draw_masks(rng, weights, p.n_masks)
    return {"input_weights_": weights, "noise_seed_": int(rng.randint(2**31))}


class Node(NamedTuple):
    """A kind of node: functions of a reservoir ``p``, its parameters and fitted attributes.

    Attributes
    ----------
    check : callable
        ``check(p)`` raises for impossible parameters, before anything is drawn.
    draw : callable
        ``draw(p, rng)`` returns fitted attributes by name, after the wiring is drawn.
    settle : callable
        ``settle(p, rng)`` returns further fitted attributes, after those of ``draw`` are set.
    observed : callable
        ``observed(p)`` names the quantity that is the state, if it depends on the regime.
    operate : callable or None
        ``operate(p)`` describes the regime: see `Reservoir.regime_of_nodes`; ``operate(p, volts)``
        at another bias.
    fading : callable
        ``fading(p)`` states whether the nodes forget their past, and why.
    rest : callable
        ``rest(p)`` is the state (variable, node) of nodes at rest.
    run : callable
        ``run(p, block, lengths, state)`` runs a block of a drive (recording, step, input), changes
        ``state`` in place and returns states (recording, step, node).
    scale : callable
        ``scale(p)`` is (gain, bias): the input of a node is bias + gain * its weighted sum.
    observables : callable
        ``observables(p)`` are the quantities that a state may be, with their units.
    wire : callable
        ``wire(p, rng)`` returns the first fitted attributes to be drawn.
    noisy : callable
        ``noisy(p)`` is whether states depend on the noise key of a recording.
    metered : callable
        ``metered(p)`` is whether the kernels sum energies.
    left_out : callable
        ``left_out(p)`` names costs that an energy report does not count.
    spikes : bool
        Whether the kernels count spikes.
    sums_inputs : callable
        ``sums_inputs(p)`` is whether the kernels sum the inputs of nodes, which then need no array.
    closes : callable
        ``closes(p)`` is whether ``run`` takes a further argument, a `Loop` of
        ``compiled.closed``, and then runs a readout whose outputs are the drive of later steps.
    n_parallel : callable
        ``n_parallel(p)`` is the number of recordings that a kernel runs in the lanes of a vector.
    times : callable
        ``times(p)`` are the device times that describe states, by name, in s.
    family : callable
        ``family(p)`` names the kind of device, if a class takes several.
    carried : callable
        ``carried(p)`` are attributes that a pickle needs beside those of ``p``, by name.
    read, read_chunk : callable
        Readers of input: ``read(p, X, reset)`` returns recordings like ``Drives``,
        ``read_chunk(p, state, X, n_steps)`` the next steps of live runs and their numbers.
    operations : callable
        ``operations(p, drives, steps)`` counts the operations of a run, by the names of
        `mottle.reservoir.energy.OPERATIONS`; ``energy_scales(p)`` are factors on their energies.
    learn : callable
        ``learn(p, drives, rng)`` returns fitted attributes that depend on training recordings.
    probe : callable
        ``probe(p, drives)`` warns, at the end of ``fit``, of what such a drive needs.
    reach : callable
        ``reach(p)`` is the number of earlier steps of the drive that a live run keeps.
    placed : callable
        ``placed(p)`` are values of parameters left at None where the wiring places the inputs.
    embed : callable or None
        ``embed(p)`` is the step of the nodes in C, `mottle.embedded.CStage`; None: not exported.
    restore : callable
        ``restore(p)`` raises where fitted attributes that only these nodes have do not fit, and
        returns those that follow from others, for a model that comes from a file.
    converters : bool
        Whether states are currents or voltages, which need an analogue-to-digital converter.
    """

    draw: Callable[[P, np.random.RandomState], dict[str, Any]]
    rest: Callable[[P], NDArray]
    run: Callable[..., NDArray]
    scale: Callable[[P], tuple[float, float]]
    observables: Callable[[P], Mapping[str, str]] = lambda p: {"state": "1"}
    check: Callable[[P], None] = lambda p: None
    wire: Callable[[P, np.random.RandomState], dict[str, Any]] = draw_wiring
    settle: Callable[[P, np.random.RandomState], dict[str, Any]] = lambda p, rng: {}
    observed: Callable[[P], str] = lambda p: p.observable
    operate: Callable[..., Any] | None = None
    fading: Callable[[P], Fading] = lambda p: UNKNOWN
    noisy: Callable[[P], bool] = lambda p: False
    metered: Callable[[P], bool] = lambda p: False
    left_out: Callable[[P], Sequence[str]] = lambda p: ()
    spikes: bool = False
    sums_inputs: Callable[[P], bool] = lambda p: False
    closes: Callable[[P], bool] = lambda p: False
    n_parallel: Callable[[P], int] = lambda p: 1
    times: Callable[[P], dict[str, float]] = lambda p: {}
    family: Callable[[P], str] = lambda p: ""
    carried: Callable[[P], dict[str, Any]] = lambda p: {}
    read: Callable[[P, Any, bool], Any] = read_drives
    read_chunk: Callable[..., Any] = read_chunk
    operations: Callable[[P, Any, float], dict[str, float]] = lambda p, drives, steps: {}
    converters: bool = True
    energy_scales: Callable[[P], dict[str, float]] = lambda p: {}
    learn: Callable[[P, Any, np.random.RandomState], dict[str, Any]] = lambda p, drives, rng: {}
    probe: Callable[[P, Any], None] = lambda p, drives: None
    reach: Callable[[P], int] = lambda p: int(p.n_taps) - 1
    placed: Callable[[P], dict[str, Any]] = lambda p: {}
    embed: Callable[[P], CStage] | None = None
    restore: Callable[[P], dict[str, Any]] = lambda p: {}


def wiring(p: P, sparse_only: bool = False) -> inputs.Wiring:
    """Return input weights, gain and bias as kernels take them; dense ones without indices."""
    gain, bias = p._node.scale(p)
    weights = p.input_weights_  # of any format and type, if put in place after fit
    if not isinstance(weights, sparse.csr_array):
        weights = sparse.csr_array(weights)
    if not weights.has_sorted_indices:
        weights = weights.sorted_indices()
    values = np.ascontiguousarray(weights.data, np.float64)
    if values.size == weights.shape[0] * weights.shape[1] > 0 and not sparse_only:
        return inputs.Wiring(None, None, values, float(gain), float(bias))
    begin, columns = weights.indptr.astype(np.int64), weights.indices.astype(np.int64)
    return inputs.Wiring(begin, columns, values, float(gain), float(bias))


def project(p: P, block: NDArray, lengths: NDArray) -> NDArray[np.float64]:
    """Return node inputs (recording, step, node); 0 after the end of a recording."""
    v_in = empty_states(lengths, block.shape[1], p.input_weights_.shape[0])
    args = (np.ascontiguousarray(block), lengths, compiled_for(wiring(p)), v_in)
    if v_in.size < LEAST_UPDATES:
        inputs.project(0, len(block), *args)
    else:
        split(lambda begin, end: inputs.project(begin, end, *args), lengths)
    return v_in


def device_operations(p: P, drives: Drives, steps: float) -> dict[str, float]:
    """Count the operations around simulated devices: drivers, converters, input weights."""
    weights = sparse.csr_array(p.input_weights_)
    held = steps * weights.shape[0]
    counts = {"input_lines": held, "inputs": held}
    if not np.allclose(
        weights.data, 1.0, rtol=0, atol=1e-12
    ):  # weights of 1 need no multiplication
        counts["input_weights"] = steps * weights.nnz
    if hasattr(p, "weights_"):
        counts["recurrent_weights"] = steps * sparse.csr_array(p.weights_).nnz
    return counts
