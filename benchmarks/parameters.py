"""Write docs/reference/parameters.md: constructor parameters of the reservoirs, in one table."""

import inspect
from typing import Any

from pages import DOCS, record

from mottle import reservoir

CLASSES = ("MemristorReservoir", "DeviceReservoir", "VO2Reservoir", "OscillatorReservoir",
           "EventMemristorReservoir", "SpikingReservoir", "EchoStateReservoir",
           "NVARReservoir", "StaticReservoir", "NoReservoir", "MeasuredReservoir")  # fmt: skip
HEAD = """# Parameters of the reservoirs

What is the same has the same name, and stands in the same place, in every class. All but `n_nodes`
are given by name. A misspelt name, or that of another library (`units`, `sr`, `rho`, `leak_rate`,
`seed`), is answered with the one that is meant here.

- **Gain of the input**: `v_gain` in volt where nodes are devices, `input_scaling` without a unit in
  echo state networks; likewise `v_bias` and `bias`.
- **Recurrence by random weights**: `spectral_radius` (echo state networks, memristors, oscillators)
  or `recurrent_scaling` in thresholds (spiking networks), with `density`.
- **Coupling of neighbours by physics**: `thermal_coupling`, a fraction; `c_coupling` in farad and
  `r_coupling` in ohm, between nodes linked in `topology`; heat flows to the neighbours on a grid.
- **Who is linked to whom**: `topology`, for recurrence and coupling alike
  ([links between nodes](../how-to/topologies.md)).
- **Noise** is named after what is noisy: `temperature_noise` in K per square root of second,
  `threshold_noise`, `write_noise` and `read_noise` relative, `voltage_noise` in V. `spread` is
  device-to-device variation.
- **Times**: `dt_device` is how long a device is held at one step of the drive, `dt_inner` the
  longest integration step in it; `tau` spaces decay times over the nodes.

Defaults; "–" where a class does not have the parameter.
"""
MEANING = {  # of each parameter: unit, and what it is
    "n_nodes": ("", "number of nodes, which are the states"),
    "device": ("", "constants of the device: a name, or your own"),
    "activation": ("", "function of nodes without memory"),
    "input_scaling": ("1", "gain of the input"),
    "bias": ("1", "what is added to the input"),
    "bias_scaling": ("1", "half the width of the nodes' own biases"),
    "v_bias": ("V", "node voltage without input"),
    "v_gain": ("V", "gain of the input"),
    "dt_device": ("s", "device time for which a step of the drive is held"),
    "dt_inner": ("s", "longest integration step"),
    "n_inner": ("", "network steps in a step of the drive"),
    "tau": ("s", "decay times, spaced over the nodes"),
    "n_masks": ("", "input masks that a device gets one after another"),
    "leak": ("1", "leak rate: fraction of the new state in a step"),
    "observable": ("", "what a state is"),
    "v_read": ("V", "read voltage"),
    "tau_rate": ("s", "time over which a rate is averaged"),
    "read_noise": ("relative", "noise of states as read"),
    "write_noise": ("relative", "cycle-to-cycle variation of a write"),
    "temperature_noise": ("K/√s", "noise of the film's temperature"),
    "threshold_noise": ("relative", "cycle-to-cycle variation of the upper threshold"),
    "voltage_noise": ("V", "standard deviation of the voltage without input"),
    "spread": ("relative", "device-to-device variation of constants"),
    "spectral_radius": ("1", "largest eigenvalue magnitude of the recurrent weights"),
    "recurrent_scaling": ("thresholds", "how far all sources of a neuron would lift it"),
    "thermal_coupling": ("1", "fraction of a film's heat that goes to each neighbour"),
    "c_coupling": ("F", "capacitance between neighbours"),
    "r_coupling": ("Ω", "resistance between neighbours; None for none"),
    "topology": ("", "which nodes are linked: a name, a matrix or a connectome"),
    "rewiring": ("1", "fraction of the links of a small world that are moved"),
    "density": ("1", "fraction of recurrent weights that are not 0"),
    "n_steps": ("", "steps into which a recording of events is cut"),
    "duration": ("s", "time of a recording of events"),
    "sensor_size": ("pixel", "width and height of the sensor"),
    "cell": ("pixel", "side of the square of pixels that a device takes"),
    "polarity": ("", "devices for off and on events, or one for both"),
    "on_drop": ("", "what to do about events outside sensor or duration"),
    "wiring": ("", "which inputs a node takes"),
    "fan_in": ("", "number of inputs of a node; None for all"),
    "n_taps": ("", "steps of the drive that a node takes in: delay taps"),
    "input_shape": ("", "height, width, channels of the drive"),
    "field": ("cell", "side of a receptive field"),
    "regions": ("", "regions along a side over which shared fields are averaged"),
    "column": ("", "column of the table of recordings that holds measured states"),
    "pool": ("", "statistics over time; None for states"),
    "n_segments": ("", "segments in which to pool"),
    "regime": ("", "what nodes do at the bias; sets the defaults that are None"),
    "ambient": ("K", "temperature of the surroundings"),
    "capacitance": ("F", "smallest and largest capacitance, spaced over the nodes"),
    "t_off": ("s", "pause at 0 V after each step"),
    "degree": ("", "largest degree of products of delayed inputs"),
    "stride": ("step", "distance of the delayed inputs"),
    "dtype": ("", "precision of states"),
    "random_state": ("", "seed of wiring, devices and noise"),
}
TAIL = """
## Defaults that differ for no physical reason

Left as they are until memory and regimes of all classes have been measured:

- `v_bias`, `v_gain` and `dt_device` are None everywhere: those of the regime in oscillator classes,
  those of the device in the others.
- `tau` is spaced by default in `MemristorReservoir`, and not in `DeviceReservoir` and
  `EventMemristorReservoir`.
- `regime` stands in the classes whose devices spike; no other class looks at its regime.
- `density` is 0.1 whatever the number of nodes, `fan_in` 4 whatever the number of inputs.
"""


def order(signatures: dict[str, dict[str, Any]]) -> list[str]:
    """Return all names in an order that every constructor keeps."""
    names = list(dict.fromkeys(name for known in signatures.values() for name in known))
    ordered: list[str] = []
    while names:
        for name in names:
            before = {
                other
                for known in signatures.values()
                if name in known
                for other in list(known)[: list(known).index(name)]
            }
            if before <= set(ordered):
                break
        else:
            raise ValueError(f"constructors disagree about the order of {', '.join(names)}")
        ordered.append(name)
        names.remove(name)
    return ordered


def page() -> str:
    """Return the page."""
    classes = {name: getattr(reservoir, name) for name in CLASSES}
    signatures = {
        name: {key: part.default for key, part in inspect.signature(cls).parameters.items()}
        for name, cls in classes.items()
    }
    short = [name.removesuffix("Reservoir") for name in CLASSES]
    lines = ["| parameter | unit | what it is | " + " | ".join(short) + " |"]
    lines.append("|---" * (len(CLASSES) + 3) + "|")
    for key in order(signatures):
        cells = [
            f"`{known[key]!r}`".replace("'", '"') if key in known else "–"
            for known in signatures.values()
        ]
        lines.append(f"| `{key}` | {' | '.join(MEANING[key])} | {' | '.join(cells)} |")
    return HEAD + "\n" + "\n".join(lines) + "\n" + TAIL


if __name__ == "__main__":
    (DOCS / "reference/parameters.md").write_text(page(), encoding="utf-8")
    record("parameters")
