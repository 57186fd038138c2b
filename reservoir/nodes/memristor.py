"""MemristorReservoir: volatile memristors with log-spaced time constants."""

from typing import Any

from mottle.checks import choose
from mottle.reservoir.nodes.diffusive import device as diffusive
from mottle.reservoir.nodes.driven import driven
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.tiox import device as tiox
from mottle.reservoir.nodes.wox import device as wox

FAMILIES = {
    family.device: family for family in (wox.FAMILY, tiox.FAMILY, diffusive.FAMILY, diffusive.FAST)
}
DEVICES = {
    name: preset
    for family in FAMILIES.values()
    for name, preset in family.presets.items()
    if getattr(preset, "kind", family.kind) == "volatile"
}


def find(device: Any) -> tuple[Any, Any]:
    """Return the constants of a volatile memristor, given these or its name, and its family."""
    preset = choose(device, DEVICES, "device") if isinstance(device, str) else device
    if type(preset) not in FAMILIES:
        raise ValueError(
            f"device={device!r} is not a volatile memristor; take one of "
            f"{', '.join(sorted(DEVICES))}, or constants of such a device."
        )
    return preset, FAMILIES[type(preset)]


MEMRISTOR = driven(find)


class MemristorReservoir(Reservoir):
    r"""Map a drive to the states of volatile memristors.

    WOx devices follow

    .. math::
        \dot w = \lambda \sinh(\eta V) - (w - w_{min}) / \tau, \quad
        I = w \gamma \sinh(\delta V) + (1 - w) \alpha (1 - e^{-\beta V})

    exactly for a step of any length. For TiOx devices a step is a pulse. Ag devices grow a filament
    after a random delay (see ``devices``).

    Parameters
    ----------
    n_nodes : int, default=100
        Number of states: devices times ``n_masks``.
    device : str or preset, default="wox_du2017"
        Device constants: "wox_du2017", "tiox_zhong2021", "ag_pulse", "ag_dc", "ag_fast", or your
        own constants (``devices.get(name)._replace(...)``).
    v_bias, v_gain : float or None, default=None
        Device voltage: ``v_bias + v_gain * (input_weights_ @ x + weights_ @ s)``, within -3 to 3 V,
        with s the states of the previous step if there is recurrence. None: 0.9 and 0.3 for WOx,
        0.85 and 1.65 for TiOx, 0.5 and 0.5 for Ag, 0.3 and 0.3 for "ag_fast".
    dt_device : float or None, default=None
        Device time in second for which one step of the drive is held, split between its masks.
        None: ``n_masks`` times 10 ms for WOx, one pulse of 4 us for TiOx, 1 ms for Ag.
    tau : "log", tuple of float or None, default="log"
        Shortest and longest decay time in second; the devices' decay times are spaced
        logarithmically between them, in random order. All rates of a device are scaled by the same
        factor, so that their products with tau do not change. "log": from a fifth of the preset's
        decay time, a twentieth for TiOx, to ten times it. None: the preset's.
    n_masks : int, default=1
        Number of input masks of random sign applied to a device one after another within a step
        (time multiplexing). Each gives one virtual node; node k is device ``k % n_devices``.
    observable : {"state", "conductance", "current"}, default="state"
        Quantity returned as state: switched fraction of the device (0 to 1), conductance in S at
        ``v_read``, or current in A at the driving voltage.
    v_read : float, default=0.2
        Read voltage in V.
    read_noise : float, default=0.0
        Relative noise of each reading of a state, drawn at each step.
    write_noise : float, default=0.0
        Relative cycle-to-cycle variation of the rate at which WOx and TiOx devices are written,
        drawn for each device, step and mask.
    spread : float, tuple or dict, default=0.0
        Relative device-to-device variation of all constants that set the rate of a device, or of
        those named (WOx: rate, tau; TiOx: alpha, tau; "ag_pulse": mu, gamma_1, gamma_2, beta;
        "ag_fast": delay, t_off, v_high, v_low). Lognormal; ("normal", number) for a normal one.
    spectral_radius : float or None, default=0.0
        Recurrence: spectral radius of the weights by which states (0 to 1) of the previous step
        are added to the inputs of other devices. 0 for none; None keeps that of an own matrix.
    density : float, default=0.1
        Fraction of the devices that are sources of a device, at random or in a small world, if
        there is recurrence.
    topology : str, matrix or connectome, default="random"
        Which nodes are linked: "random"; "ring", each node to the next with equal weights;
        "lattice", four neighbours on the squarest grid (a chain for a prime number of nodes);
        "small_world", a ring of nearest neighbours (``density``) with rewired links; "all".
        Or your own weights, an array or scipy.sparse array (device, device) whose rows are
        targets, or what `read_connectome` returns.
    rewiring : float, default=0.1
        Fraction of the links of a small world that lead to any other node.
    wiring : {"random", "local", "one_to_one", "dilated", "convolution"}, default="random"
        Inputs of a node: drawn from all; drawn from a receptive field; a single one; channels at
        evenly spaced earlier steps; or a receptive field shared by all positions, whose states are
        averaged over regions. The last two scale and shift them by training recordings.
    fan_in : int or None, default=4
        Number of inputs of a node, at most all there are; None for all.
    n_taps : int, default=1
        Delay taps: nodes take the last ``n_taps`` steps of each input. Needs ``wiring="random"``;
        before the beginning the drive is 0.
    input_shape : tuple of int or None, default=None
        (height, width, channels) of the drive, for ``wiring`` "local" and "convolution".
    field : int, default=5
        Side of a receptive field in cells, for ``wiring`` "local" and "convolution".
    regions : int, default=4
        Regions along a side of the frame over which ``wiring="convolution"`` averages; ``n_nodes``
        is the number of kernels times ``regions**2``, node ``region * kernels + kernel``.
    pool : str, tuple of str or None, default=None
        Statistics over time: "mean", "last", "max", "std"; "ppv", the fraction of steps above
        the training median of a node, "ppv25", above its lower quartile and so on, "ppv4", above
        its quintiles. None gives states.
    n_segments : int, default=1
        Segments of equal length in which to pool.
    random_state : int, RandomState instance or None, default=None
        Draws wiring, masks, devices and the seed of the noise.

    Attributes
    ----------
    input_weights_ : scipy.sparse.csr_array of shape (n_nodes, n_taps * n_features_in_)
        Input weights, dimensionless; the inputs of lag 0 first.
    weights_ : scipy.sparse.csr_array of shape (n_nodes / n_masks, n_nodes / n_masks)
        Recurrent weights, dimensionless; only with recurrence.
    devices_ : dict of str to ndarray of shape (n_nodes / n_masks,)
        Constants of each device, SI units.
    shifts_ : ndarray of shape (n_nodes,)
        Added to the input sums; only with ``wiring`` "dilated" (whose ``input_weights_`` have a
        column for each lag and input) and "convolution" (a row for each kernel).
    nodes_ : reservoir
        The nodes that get these sums, one each; only with the same.
    thresholds_ : ndarray of shape (n_thresholds, n_nodes)
        Quantiles of training states; only with "ppv" in ``pool``.
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

    _kind = MEMRISTOR

    def __init__(
        self,
        n_nodes: int = 100,
        *,
        device: Any = "wox_du2017",
        v_bias: Any = None,
        v_gain: Any = None,
        dt_device: Any = None,
        tau: Any = "log",
        n_masks: int = 1,
        observable: str = "state",
        v_read: float = 0.2,
        read_noise: float = 0.0,
        write_noise: float = 0.0,
        spread: Any = 0.0,
        spectral_radius: Any = 0.0,
        density: float = 0.1,
        topology: Any = "random",
        rewiring: float = 0.1,
        wiring: str = "random",
        fan_in: Any = 4,
        n_taps: int = 1,
        input_shape: Any = None,
        field: int = 5,
        regions: int = 4,
        pool: Any = None,
        n_segments: int = 1,
        random_state: Any = None,
    ) -> None:
        self.n_nodes, self.device, self.v_bias, self.v_gain = n_nodes, device, v_bias, v_gain
        self.dt_device, self.tau, self.n_masks = dt_device, tau, n_masks
        self.observable, self.v_read, self.read_noise = observable, v_read, read_noise
        self.write_noise = write_noise
        self.spread, self.spectral_radius, self.density = spread, spectral_radius, density
        self.topology, self.rewiring = topology, rewiring
        self.wiring, self.fan_in, self.n_taps = wiring, fan_in, n_taps
        self.input_shape, self.field = input_shape, field
        self.regions = regions
        self.pool, self.n_segments, self.random_state = pool, n_segments, random_state
