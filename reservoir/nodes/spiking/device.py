"""Leaky integrate-and-fire neurons, one of them a threshold switch; rest is at 0 V."""

from math import log
from typing import NamedTuple

from mottle.checks import choose
from mottle.reservoir.family import SECOND, VOLT, Bound, check_bounds
from mottle.reservoir.nodes.oscillator.device import PRESETS as SWITCHES
from mottle.reservoir.nodes.oscillator.device import ThresholdSwitch


class LIF(NamedTuple):
    """tau dv/dt = gain u - v; at the threshold a spike, then v_reset for t_refractory.

    Examples
    --------
    >>> import numpy as np
    >>> from mottle.reservoir import SpikingReservoir
    >>> fast = LIF(tau=10e-3)
    >>> round(fast.first_spike(0.02), 6)
    0.013863
    >>> SpikingReservoir(20, device=fast, random_state=0).fit_transform(np.ones((30, 2))).shape
    (30, 20)
    """

    tau: float = 30e-3  # s, membrane
    tau_synapse: float = 3e-3  # s
    v_threshold: float = 15e-3  # V
    v_reset: float = 0.0  # V
    t_refractory: float = 3e-3  # s
    gain: float = 1.0  # steady membrane voltage over input voltage
    source: str = "Maass et al., Neural Comput. 14 (2002) 2531, doi:10.1162/089976602760407955"
    provisional: str = (
        "all constants: from memory of the paper; its reset is 13.5 mV, here it is rest"
    )

    @property
    def v_rheobase(self) -> float:
        """Smallest constant input in V at which the neuron fires.

        Examples
        --------
        >>> LIF().v_rheobase
        0.015
        """
        return self.v_threshold / self.gain

    def first_spike(self, v_in: float) -> float:
        """Time in s from rest to the first spike under a constant input, in closed form.

        Examples
        --------
        >>> round(LIF().first_spike(0.02), 6)
        0.041589
        """
        v_end = self.gain * v_in
        if v_end <= self.v_threshold:
            raise ValueError(f"v_in={v_in} V never fires: it must be above {self.v_rheobase:g} V.")
        return self.tau * log(v_end / (v_end - self.v_threshold))


def of_switch(switch: ThresholdSwitch) -> LIF:
    """Reduce a threshold switch whose capacitor each spike discharges to a LIF neuron.

    The refractory time is that of the discharge through the metallic switch, without the supply.

    Examples
    --------
    >>> neuron = of_switch(SWITCHES["ts_lif"])
    >>> round(neuron.v_rheobase, 3), round(neuron.tau * 1e6, 2)
    (1.1, 90.91)
    """
    gain = switch.r_insulating / (switch.r_insulating + switch.r_series)
    fast = switch.capacitance * switch.r_metallic * switch.r_series
    fast /= switch.r_metallic + switch.r_series
    return LIF(
        tau=switch.time_scale,
        tau_synapse=switch.time_scale / 10,
        v_threshold=switch.v_high,
        v_reset=switch.v_low,
        t_refractory=fast * log(switch.v_high / switch.v_low),
        gain=gain,
        source=switch.source,
        provisional=f"{switch.provisional}; tau_synapse, a tenth of tau, is assumed",
    )


PRESETS = {"lif": LIF(), "ts_lif": of_switch(SWITCHES["ts_lif"])}  # type: ignore[arg-type]


BOUNDS = {
    "tau": SECOND,
    "tau_synapse": SECOND,
    "v_threshold": VOLT,
    "v_reset": Bound("V", -1e4, 1e4),
    "t_refractory": Bound("s", 0.0, 1e12),
    "gain": Bound("", 1e-9, 1e9),
}


def get_neuron(device: str | LIF) -> LIF:
    """Return the constants of a neuron, checked.

    Examples
    --------
    >>> get_neuron(LIF(v_reset=0.02))
    Traceback (most recent call last):
    ValueError: device.v_reset=0.02 V must lie below device.v_threshold=0.015 V.
    """
    neuron = device if isinstance(device, LIF) else choose(device, PRESETS, "device")
    check_bounds(neuron, BOUNDS)
    if not neuron.v_reset < neuron.v_threshold:
        raise ValueError(
            f"device.v_reset={neuron.v_reset} V must lie below device.v_threshold="
            f"{neuron.v_threshold} V."
        )
    return neuron
