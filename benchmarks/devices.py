"""Write docs/reference/devices.md with a figure of every device: python benchmarks/devices.py."""

from pages import DOCS, record

from mottle.reservoir import devices

HEAD = """# The devices

Written by `benchmarks/devices.py`. The same from the command line: `mottle devices list`,
`mottle devices show NAME --plot FILE.png`; in Python:

```python
from mottle.reservoir import devices

devices.list()
run = devices.simulate("vo2_neuristor", 12.0, 1e-8, duration=2e-5)  # an xarray.Dataset over time
run.spike_time, run.attrs["energy_device"]
wave = devices.pulse_train([1.5, 0, 1.5, 1.5], width=1e-3, period=2e-3, dt=1e-3)
devices.simulate(devices.get("wox_du2017")._replace(tau=0.1), wave, 1e-3).state
```

Voltages are supplies held for a step; `r_series` and `i_limit` put a resistor and a current limit
before a memristor ([one device](../how-to/one-device.md)). Piecewise-linear circuits are solved
exactly between two switchings, for any step; the thermal neuristor by Heun's method (10 ns) or
`method="rk4"`; the NbO2 channel by steps of order 5 whose error is controlled.

Write statistics (kind "programming") are not circuits: `devices.program(name, targets, age)` writes
and ages conductances, `devices.levels(name, age)` gives the number of distinguishable levels,
`devices.endurance(cycles)` the switching window over write cycles. See also
[noise and random switching](../results/stochastic.md) for stochastic resonance and probabilistic
bits, and [the comparison of reservoirs](../results/reservoirs.md).

`spread` is the device-to-device variation (d2d) in a reservoir: a relative standard deviation for
all constants or for those named, lognormal, or `("normal", 0.05)` for a normal one. Cycle-to-cycle
variation (c2c) is counter-based noise: it does not depend on threads, batch or chunk. For WOx and
TiOx it is `write_noise`, of the rate at which each step writes.

## Results that contradict common claims

- **Energy per spike.** The micrometre VO2 neuristor dissipates 5.7 to 8.0 nJ in the device and
  takes 16 to 29 nJ from the supply per spike, not "below 1 pJ". For the piecewise-linear
  oscillator (100 pF, 5 V) it is 184 pJ and 620 pJ; the energy is proportional to the capacitance,
  so 1 pJ needs about 0.5 pF.
- **Frequency is not monotonic in the bias**: that of a piecewise-linear oscillator decreases again
  near the upper edge of its window.
- **4 bits in a WOx device.** Sixteen pulse patterns give sixteen states, but the closest two
  differ by 2.4e-4 (of 1): with a read noise of 1e-4 they cannot be distinguished.
- **32 to 128 conductance levels.** With levels distinguishable if means +- 2 deviations do not
  overlap, published write statistics give 14 levels ("milo2021"), 6 ("wan2022") or 49 ("cmo_hfox",
  written to 2 %), and 20 of these after a day; a ten times smaller write tolerance gives 517
  levels fresh and 23 after a day: `devices.levels(name, age)`.
- **The model of oscillating Ag devices** does not oscillate with the published constants; some of
  the constants of "ag_osc" are assumed.
- **The neuristor of two switches at 5 µA** has no constant interval: it alternates between
  intervals of 352 and 414 µs, 2609 Hz on average.
- **The thermal NbO2 channel** switches on as measured in the paper (0.7 ns at 2.6 V through 1 kΩ;
  published 0.7 ns) and stores 110 fJ in doing so (published: about 100 fJ), but takes 170 fJ until
  the current has risen, and switches off within 0.5 ns at 0 V; the published 2.3 ns need a held
  supply of 1.4 V, just above its hold voltage. With 20 kΩ and 1 pF one cycle takes 2.2 pJ in the
  channel and 5.2 pJ from the supply: the capacitor, not the channel, sets the energy. Full cycles
  begin abruptly at the lower edge of the window and shrink within 3 % of the upper one.
"""


def main() -> None:
    """Draw every preset and write the page."""
    folder = DOCS / "reference/devices"
    folder.mkdir(exist_ok=True)
    page = [HEAD]
    for name, row in devices.list().iterrows():
        devices.draw(str(name)).savefig(folder / f"{name}.png", dpi=70)
        provisional = f"Provisional: {row.provisional}.\n" if row.provisional else ""
        page.append(
            f"## {name}\n\n{row.kind}, time scale {row.time_scale:.2g} s. Source: {row.source}.\n"
            f"{provisional}\n![{name}](devices/{name}.png)\n"
        )
    (DOCS / "reference/devices.md").write_text("\n".join(page), encoding="utf-8")
    record("devices")


if __name__ == "__main__":
    main()
