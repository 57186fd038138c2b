"""MemristorReservoir: volatile memristors with log-spaced time constants."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mottle.checks import choose, is_number
from mottle.reservoir.compiled import sparse as layouts
from mottle.reservoir.compiled.inputs import Supply, sum_sources
from mottle.reservoir.compiled.noise import disturb
from mottle.reservoir.compiled.threads import count_groups, run_nodes
from mottle.reservoir.nodes.diffusive import kernel as diffusive
from mottle.reservoir.nodes.diffusive.device import PRESETS as AG_PRESETS
from mottle.reservoir.nodes.diffusive.device import (
    AgMemristor,
    FastAgMemristor,
    check_ag,
    inner_step,
)
from mottle.reservoir.nodes.front import Reservoir, ReservoirState
from mottle.reservoir.nodes.memristor import kernel as memristor
from mottle.reservoir.nodes.memristor.device import PRESETS as OXIDE_PRESETS
from mottle.reservoir.nodes.memristor.device import (
    TiOxMemristor,
    WOxMemristor,
    check_memristor,
    check_pulsed,
)
from mottle.reservoir.nodes.supply import CUT_MANY, warn_of_cut
from mottle.reservoir.nodes.trace import micro_steps
from mottle.reservoir.nodes.wiring import draw_recurrent_weights, draw_spread

OBSERVABLES = {"state": "1", "conductance": "S", "current": "A"}
V_COMPLIANCE = 3.0  # V: a source gives no more, of either sign
LOG_SPACED = (0.2, 10.0)  # decay times by default, in units of the device's own
DEVICES = {
    name: preset
    for name, preset in {**OXIDE_PRESETS, **AG_PRESETS}.items()
    if getattr(preset, "kind", "volatile") == "volatile"
}


class Family(NamedTuple):
    """What a reservoir must know of a device family."""

    v_bias: float  # V
    v_gain: float  # V
    dt_device: float  # s, held for each mask
    rates: tuple[str, ...]  # constants that grow where the device gets faster
    times: tuple[str, ...]  # and those that shrink
    others: tuple[str, ...] = ()  # further constants that a spread may change


FAMILIES = {
    WOxMemristor: Family(0.9, 0.3, 1e-2, ("rate",), ("tau",)),
    TiOxMemristor: Family(0.85, 1.65, 4e-6, ("alpha",), ("tau",)),
    AgMemristor: Family(0.5, 0.5, 1e-3, ("mu", "gamma_1", "gamma_2", "beta"), ()),
    FastAgMemristor: Family(0.3, 0.3, 1e-3, (), ("delay", "t_off"), ("v_high", "v_low")),
}


class MemristorReservoir(Reservoir):
    r"""Map a drive to the states of volatile memristors.

    WOx devices follow

    .. math::
        \dot w = \lambda \sinh(\eta V) - (w - w_{min}) / \tau, \quad
        I = w \gamma \sinh(\delta V) + (1 - w) \alpha (1 - e^{-\beta V})

    exactly for a step of any length; to TiOx devices a step is a pulse; Ag devices grow a filament
    after a random delay (see ``devices``).

    Parameters
    ----------
    n_nodes : int, default=100
        Number of states: devices times ``n_masks``.
    v_bias, v_gain : float or None, default=None
        Device voltage: ``v_bias + v_gain * (input_weights_ @ x + weights_ @ s)``, within -3 to 3 V,
        with s the states of the step before where there is coupling. None: 0.9 and 0.3 for WOx,
        0.85 and 1.65 for TiOx, 0.5 and 0.5 for Ag, 0.3 and 0.3 for "ag_fast".
    device : str or preset, default="wox_du2017"
        Device constants: "wox_du2017", "tiox_zhong2021", "ag_pulse", "ag_dc", "ag_fast", or your
        own (``devices.get(name)._replace(...)``).
    dt_device : float or None, default=None
        Device time in second for which one step of the drive is held, shared by its masks. None:
        ``n_masks`` times 10 ms for WOx, one pulse of 4 us for TiOx, 1 ms for Ag.
    tau : "log", tuple of float or None, default="log"
        Shortest and longest decay time in second; the devices' are spaced logarithmically between
        them, in random order, and each device is slower as a whole: its rates keep their products
        with tau. "log": from a fifth of the device's own decay time to ten times it. None: the
        device's.
    n_masks : int, default=1
        Input masks of random sign a device sees one after another within a step, each leaving one
        state: few devices show many virtual nodes. Node k is device ``k % n_devices``.
    observable : {"state", "conductance", "current"}, default="state"
        What a state is: how far the device has switched (0 to 1), the conductance in S at
        ``v_read``, or the current in A at the driving voltage.
    v_read : float, default=0.2
        Read voltage in V.
    noise : float, default=0.0
        Relative noise of every state as read, drawn anew each step.
    spread : float, tuple or dict, default=0.0
        Relative device-to-device spread of all constants that say how fast a device is, or of those
        named (WOx: rate, tau; TiOx: alpha, tau; "ag_pulse": mu, gamma_1, gamma_2, beta; "ag_fast":
        delay, t_off, v_high, v_low). Lognormal; ("normal", number) for a normal one.
    coupling : float, default=0.0
        Recurrence: spectral radius of the weights by which the states (0 to 1) that devices have
        reached a step before are added to the inputs of each other.
    density : float, default=0.1
        Share of the devices that a device listens to, where there is coupling.
    wiring : {"random", "local", "one_to_one"}, default="random"
        Which inputs a node listens to: any, those in a receptive field, or one.
    fan_in : int or None, default=4
        Number of inputs of a node; None takes all it may have.
    n_taps : int, default=1
        Delay taps: nodes listen to the last ``n_taps`` steps of each input, so that memory reaches
        as far back as wanted. Needs ``wiring="random"``; before the beginning the drive is 0.
    input_shape : tuple of int or None, default=None
        (height, width, channels) of the drive, for ``wiring="local"``.
    field : int, default=5
        Side of a receptive field in cells, for ``wiring="local"``.
    pool : str, tuple of str or None, default=None
        Statistics over time: "mean", "last", "max", "std"; None gives states.
    n_segments : int, default=1
        Segments of equal length in which to pool.
    random_state : int, RandomState instance or None, default=None
        Draws wiring, masks, devices and the seed of the noise.

    Attributes
    ----------
    input_weights_ : scipy.sparse.csr_array of shape (n_nodes, n_taps * n_features_in_)
        Input weights, dimensionless; the inputs of lag 0 first.
    weights_ : scipy.sparse.csr_array of shape (n_nodes / n_masks, n_nodes / n_masks)
        Recurrent weights, dimensionless; only with coupling.
    devices_ : dict of str to ndarray of shape (n_nodes / n_masks,)
        Constants of each device, SI units.
    n_features_in_ : int
        Number of inputs.
    noise_seed_ : int
        Seed of the noise.

    References
    ----------
    C. Du et al., Nat. Commun. 8 (2017) 2204, doi:10.1038/s41467-017-02337-y.
    Y. Zhong et al., Nat. Commun. 12 (2021) 408, doi:10.1038/s41467-020-20692-1.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.sin(np.linspace(0, 6, 50)).reshape(-1, 1)
    >>> MemristorReservoir(n_nodes=5, pool=("mean", "last"), random_state=0).fit_transform(X).shape
    (1, 10)
    """

    def __init__(self, n_nodes=100, *, v_bias=None, v_gain=None, device="wox_du2017",
                 dt_device=None, tau="log", n_masks=1, observable="state", v_read=0.2, noise=0.0,
                 spread=0.0, coupling=0.0, density=0.1, wiring="random", fan_in=4, n_taps=1,
                 input_shape=None, field=5, pool=None, n_segments=1,
                 random_state=None):  # fmt: skip
        self.n_nodes, self.v_bias, self.v_gain = n_nodes, v_bias, v_gain
        self.device, self.dt_device, self.tau, self.n_masks = device, dt_device, tau, n_masks
        self.observable, self.v_read = observable, v_read
        self.noise, self.spread = noise, spread
        self.coupling, self.density = coupling, density
        self.wiring, self.fan_in, self.input_shape, self.field = wiring, fan_in, input_shape, field
        self.n_taps = n_taps
        self.pool, self.n_segments, self.random_state = pool, n_segments, random_state

    _metered = True

    @property
    def _inputs_stay_inside(self):
        return True

    @property
    def units(self):
        """Unit of a state."""
        return OBSERVABLES[self.observable]

    def describe(self):
        """Say what made the states; see ``Reservoir.describe``."""
        return super().describe() | {"dt_device": self._dt_mask() * self.n_masks}

    def _preset(self) -> Any:
        return (
            choose(self.device, DEVICES, "device") if isinstance(self.device, str) else self.device
        )

    def _family(self) -> Family:
        return FAMILIES[type(self._preset())]

    def _dt_mask(self) -> float:
        """Device time in s for which one mask is held."""
        held = self.dt_device
        return self._family().dt_device if held is None else float(held / self.n_masks)

    def _draw(self, rng):
        choose(self.observable, OBSERVABLES, "observable")
        device = self._preset()
        if type(device) not in FAMILIES:
            raise ValueError(
                f"device={device!r} is no volatile memristor; take one of "
                f"{', '.join(sorted(DEVICES))}, or constants of such a device."
            )
        if isinstance(device, WOxMemristor):
            check_memristor(device)
        elif isinstance(device, TiOxMemristor):
            check_pulsed(device)
        else:
            check_ag(device)
        if self.dt_device is not None and not self.dt_device > 0:
            raise ValueError(f"dt_device={self.dt_device} s must be positive.")
        if self.observable == "conductance" and self.v_read == 0:
            raise ValueError("v_read=0 V reads no conductance; take 0.2 V, for example.")
        if not 0 <= self.noise < 1:
            raise ValueError(f"noise={self.noise} is relative to a state and must lie in [0, 1).")
        family, n_devices = self._family(), self.n_nodes // self.n_masks
        names = family.rates + family.times + family.others
        drawn = draw_spread(rng, device, names, self.spread, n_devices)
        slower = self._slower(rng.permutation(n_devices))
        for name in family.rates:
            drawn[name] = drawn[name] / slower
        for name in family.times:
            drawn[name] = drawn[name] * slower
        if isinstance(device, AgMemristor):
            drawn["residue"] = rng.uniform(*device.residue, n_devices)
        self.devices_ = drawn
        if not (is_number(self.coupling) and 0 <= self.coupling < np.inf):
            raise ValueError(
                f"coupling={self.coupling!r} is a spectral radius and must be 0 or more."
            )
        if not (is_number(self.density) and 0 < self.density <= 1):
            raise ValueError(f"density={self.density!r} must lie above 0 and at most at 1.")
        self.__dict__.pop("weights_", None)
        if self.coupling > 0:
            self.weights_ = draw_recurrent_weights(rng, n_devices, self.density, self.coupling)
            self._laid_out = self._lay_out()

    def _slower(self, order: NDArray) -> NDArray:
        """How much slower each device is than its preset."""
        if self.tau is None:
            return np.ones(order.size)
        own = self._preset().time_scale
        span = np.multiply(LOG_SPACED, own) if self.tau == "log" else self.tau
        if not (np.size(span) == 2 and 0 < span[0] <= span[1]):
            raise ValueError(
                f"tau={self.tau!r} s must be 'log', None or (shortest, longest), both positive."
            )
        low, high = span
        slower: NDArray = np.geomspace(low, high, order.size)[order] / own
        return slower

    def _owner(self):
        return f"{super()._owner()} of {type(self._preset()).__name__}"

    def _rest(self):
        device, n_devices = self._preset(), self.n_nodes // self.n_masks
        if isinstance(device, WOxMemristor):
            return np.full((1, n_devices), device.w_min)
        if isinstance(device, TiOxMemristor):
            return np.full((1, n_devices), device.g_rest)
        if isinstance(device, FastAgMemristor):
            return np.zeros((3, n_devices))
        rest = np.zeros((diffusive.N_STATE, n_devices))
        rest[diffusive.RESIDUE], rest[diffusive.THICKNESS] = self.devices_["residue"], 1.0
        return rest

    def _gain_and_bias(self):
        family = self._family()
        gain = family.v_gain if self.v_gain is None else self.v_gain
        return gain, family.v_bias if self.v_bias is None else self.v_bias

    def _noisy(self):
        device = self._preset()
        inside = getattr(device, "noise_1", 0) or getattr(device, "noise_on", 0)
        return self.noise > 0 or inside > 0

    def _run(self, v_in, lengths, state):
        raise NotImplementedError("inputs are summed in the kernel, see _run_block")

    def _run_block(self, padded, lengths, state):
        if self._taps() > 1:
            padded = self._tapped(padded, lengths, state)
        beyond = np.zeros((len(padded), count_groups(state.values.shape[2])), dtype=np.int64)
        kernel, told, updates = self._kernel()
        wiring = self._wiring()

        def run(drive: NDArray, lengths: NDArray, state: ReservoirState, fed: NDArray) -> NDArray:
            supply = Supply(-V_COMPLIANCE, V_COMPLIANCE, fed)
            return run_nodes(
                kernel, np.ascontiguousarray(drive), lengths, state, wiring, supply, self.n_masks,
                *told, beyond, n_out=self.n_nodes, updates=updates * self.n_masks,
            )  # fmt: skip

        if self.coupling > 0:
            out, fed = self._feed_back(run, padded, lengths, state)
        else:
            out, fed = run(padded, lengths, state, np.empty((0, 0))), np.zeros(1)
        if beyond.sum() > CUT_MANY * out.size:
            warn_of_cut(self._project(padded, lengths) + fed, -V_COMPLIANCE, V_COMPLIANCE)
        if self.noise > 0:
            told = (out, lengths, state.keys, state.step, float(self.noise))
            disturb(0, len(out), *told)
        return out

    def _feed_back(
        self, run: Callable[..., NDArray], drive: NDArray, lengths: NDArray, state: ReservoirState
    ) -> tuple[NDArray, NDArray]:
        """Run step by step; return the states, and the voltages that were fed back to nodes."""
        fed, out = (np.empty((*drive.shape[:2], self.n_nodes)) for _ in range(2))
        device, told, gain = self._preset(), self._sources(), self._gain_and_bias()[0]
        for step in range(drive.shape[1]):
            reached = np.ascontiguousarray(switched(device, state.values))
            volts = gain * sum_sources(told, reached)
            fed[:, step] = np.tile(volts, self.n_masks)
            now = ReservoirState(state.values, state.keys, state.step + step, spent=state.spent)
            there = (step < lengths).astype(lengths.dtype)
            out[:, step] = run(drive[:, step : step + 1], there, now, volts)[:, 0]
        return out, fed

    def _sources(self) -> Any:
        """Return the recurrent weights as the kernel needs them."""
        if not hasattr(self, "weights_"):
            raise ValueError(f"coupling={self.coupling} was set after fit; call fit again.")
        laid: Any = self._laid_out
        return (laid if laid[0] is self.weights_ else self._lay_out())[1]

    def _lay_out(self) -> Any:
        n_devices = self.n_nodes // self.n_masks
        if self.weights_.shape != (n_devices, n_devices):
            raise ValueError(
                f"weights_ has shape {self.weights_.shape}; expected ({n_devices}, {n_devices})."
            )
        w = sparse.csr_array(self.weights_).sorted_indices()
        return self.weights_, layouts.slices(w.indptr, w.indices, w.data, w.shape[1], np.float64)

    def _kernel(self):
        """Return the kernel, what only it is told, and its integration steps."""
        device, drawn = self._preset(), self.devices_
        dt, v_read = self._dt_mask(), float(self.v_read)
        what = memristor.OBSERVABLES.index(self.observable)

        def nodes(kind: Any, **changed: Any) -> Any:
            values = {name: getattr(device, name, None) for name in kind._fields}
            values |= {name: drawn[name] for name in drawn if name in kind._fields}
            return kind(**values | changed)

        if isinstance(device, WOxMemristor):
            return memristor.run, (nodes(memristor.Memristors), dt, v_read, what), 1
        if isinstance(device, TiOxMemristor):
            tiox = nodes(memristor.PulsedMemristors, keep=np.exp(-dt / drawn["tau"]))
            return memristor.run_pulsed, (tiox, v_read, what, device.t_pulse), 1
        if isinstance(device, FastAgMemristor):
            return diffusive.run_fast, (nodes(diffusive.FastAgDevices), dt, v_read, what), 1
        n_micro = micro_steps(inner_step(device, None), dt)
        silver = nodes(diffusive.AgDevices)
        return diffusive.run, (silver, dt, n_micro, v_read, what), n_micro


def switched(device: Any, values: NDArray) -> NDArray[np.float64]:
    """How far devices have switched, 0 to 1, by their variables (recording, variable, device).

    Examples
    --------
    >>> switched(DEVICES["ag_fast"], np.array([[[1.0, 0.0], [0.0, 0.3], [0.0, 0.0]]])).tolist()
    [[1.0, 0.3]]
    """
    reached: NDArray[np.float64] = values[:, 0]
    if isinstance(device, FastAgMemristor):
        reached = np.where(values[:, 0] > 0, 1.0, values[:, 1])
    elif isinstance(device, AgMemristor):
        reached = np.minimum(values[:, diffusive.FILAMENT] + values[:, diffusive.RESIDUE], 1.0)
    return reached
