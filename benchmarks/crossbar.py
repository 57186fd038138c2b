"""Measure the crossbar's solvers, IR drop and sneak limits, and write docs/how-to/crossbar.md.

python -m pip install --no-deps badcrossbar==1.1.0
python -m pip install pathvalidate sigfig
python benchmarks/crossbar.py
"""

import logging
import warnings
from time import perf_counter

import numpy as np
import pandas as pd
import xarray as xr
from pages import DOCS, record

from mottle.reservoir import drawing
from mottle.reservoir.nonvolatile import (
    Crossbar,
    largest_array,
    sneak_margin,
    write_power,
)

logging.disable(logging.INFO)
with warnings.catch_warnings(record=True):  # its plots want cairo
    import badcrossbar

REPEATS = 15
PAGE = """# Crossbars

Written by `benchmarks/crossbar.py`. `mottle.reservoir.nonvolatile.Crossbar` simulates the circuit
of a crossbar: matrix-vector products with wire resistance (IR drop), nonlinear cells and sneak
paths.

```python
import numpy as np

from mottle.reservoir.nonvolatile import Crossbar

rng = np.random.default_rng(0)
G, V = rng.uniform(1e-6, 1e-4, (128, 128)), rng.uniform(0.0, 0.2, (10, 128))  # S, V
crossbar = Crossbar((128, 128), wire_resistance=1.0).set_conductances(G)
currents = crossbar.multiply(V)  # (n, 128) V to (n, 128) A
crossbar.solve(V[0], method="exact")  # every voltage and current, as a Dataset
crossbar.ir_drop(), crossbar.plot_ir_drop()
crossbar.energy(V, duration=10e-9)  # J in devices, transistors, selectors, wires
Crossbar((64, 64), topology="passive", selector="sinh", scheme="V/3").sneak_margin()
```

Word lines (rows) are driven on the left, bit lines (columns) end at the bottom in a virtual ground;
`wire_resistance` is that of a segment, from cell to cell and from the driver to the first cell.

## Solvers

`method="exact"` eliminates all nodes at once (sparse, symmetric) and keeps the factorisation for
further vectors. `"fast"`, which `multiply` uses, treats each line as a ladder: given the voltages
of the bit lines, those of a word line are the solution of a tridiagonal system, and vice versa.
Conjugate gradients over the word lines, with these systems as preconditioner, stop when the
estimated error dissipates 1e-20 of the power of the ideal array. If they do not converge (wires of
megohms), the exact solution is used.

Conductances uniform in 1 to 100 uS, voltages in 0 to 0.2 V, one vector, wires of {ohm:g} ohm;
medians of {repeats} interleaved runs, for the ratio also its range. Errors are the largest
relative errors of the output currents, against badcrossbar 1.1.0.

{speed}

`exact` includes the factorisation, `exact, again` is a further vector.

The wire resistance may be arbitrarily large (64 x 64, voltages of both signs, a third of the cells
open; error relative to the largest current, against elimination):

{robust}

Many vectors (128 x 128, 1 ohm): for linear cells a transfer matrix is computed, one solution per
column, and then a product. Time for {many} vectors, including the matrix:

{batch}

Nonlinear cells (64 x 64, 1 ohm, one vector) need Newton's method, whose steps are shortened until
the circuit's co-content decreases; errors against Newton's method on the whole system.

{nonlinear}

## IR drop

Conductances uniform in 1 to 100 uS, all rows at 0.2 V. Relative error of the output currents in
percent, median over five draws of the array:

{drop}

![IR drop at 128 x 128, 1 ohm](crossbar/ir_drop.png)

Most of this is systematic. For random voltages at 128 x 128 and 1 ohm the rms error is
{before:.1%}; after multiplication by a factor per column, fitted on other voltages, it is
{after:.1%}; `transfer` gives the exact product. `CrossbarReadout` has such a gain, and an offset,
for each output (`compensate`).

The energy of a product of 10 ns at 128 x 128, 1 ohm, of 200 vectors with voltages uniform in 0 to
0.2 V, median and range: {energy}. They add up
to the supply's within 1e-9 (tested).

## Sneak paths

A read of one cell of a passive array in the worst case: the cell is the farthest from driver and
sense amplifier, and all others are on (10 kohm; off 1 Mohm). The selectivity K is the factor by
which a selector increases a cell's resistance at the voltage of a sneak path. A read is possible if
on and off differ by a tenth of the read voltage over a load of 10 kohm. Number of devices in the
largest square array with floating unselected lines, in closed form, and with wires (searched up to
{most} x {most}; "more" if that is still readable):

{limits}

The smallest array that fails without wires has 25, 1296, 1.14e5 and 1.13e9 devices: about a
thousand for weakly nonlinear cells (K = 10); gigabits need K > 1e4.

On/off ratio of a read at 128 x 128, with half-selected lines (V/2) or lines at a third (V/3):

{schemes}

Power of the array while a cell is written, relative to that of the cell: with V/2 the cells of two
lines are half-selected, with V/3 all cells have a third of the voltage.

{power}

The same circuit with selectors that have an I-V curve instead of a factor K; on/off ratio of device
"cmo_hfox" (9.8 alone), wires of 1 ohm:

{selectors}

![swing of floating passive arrays](crossbar/sneak.png)

A transistor in each cell (1T1R) leaves no sneak path: the gates of the other columns are off, the
other rows float, and a read measures its cell in series with its wires (tested).

## Converters

`DAC(bits, range)` and `ADC(bits, range)` are uniform and mid-rise: 2^bits levels, each in the
middle of its step; the variance of the error is a twelfth of the squared step. `calibrate(samples,
percentile=99.9)` sets the range; values outside are clipped and counted (`n_clipped`). The sum of a
column of n cells is converted without loss with b_in + b_w + log2(n) bits (`lossless_bits`): 15 for
4-bit inputs and weights at n = 128.

## Limits of the model

Capacitances are left out: the results are steady states. Threshold selectors turn on at a voltage
and off below it, without memory. The constants of both selectors are provisional. Closed forms and
limits assume that all other cells are on.
"""


def draw(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Conductances in S and voltages in V."""
    rng = np.random.default_rng(seed)
    return rng.uniform(1e-6, 100e-6, (n, n)), rng.uniform(0.0, 0.2, n)


def seconds(function, *arguments, **options) -> float:
    """Time of one call."""
    begin = perf_counter()
    function(*arguments, **options)
    return perf_counter() - begin


def reference(g: np.ndarray, V: np.ndarray, wire_resistance: float) -> np.ndarray:
    """Output currents by badcrossbar for vectors (n, row)."""
    return badcrossbar.compute(V.T, 1 / g, wire_resistance).currents.output


def error(got, want) -> float:
    """Largest error relative to each current."""
    return float(np.abs(np.asarray(got) / np.asarray(want) - 1).max())


def speed(wire_resistance: float = 1.0) -> pd.DataFrame:
    """Times of one vector and errors, by size."""
    rows = []
    for n in (16, 32, 64, 128):
        g, v = draw(n, 0)
        crossbar = Crossbar((n, n), wire_resistance=wire_resistance).set_conductances(g)
        crossbar.multiply(v)  # compiles
        times = np.empty((REPEATS, 4))
        for k in range(REPEATS):
            crossbar.set_conductances(g * (1 + 1e-3 * k))
            times[k] = [
                seconds(reference, crossbar.conductances, v[None], wire_resistance),
                seconds(crossbar.solve, v, "exact"),
                seconds(crossbar.solve, v, "exact"),
                seconds(crossbar.multiply, v),
            ]
        want = reference(crossbar.conductances, v[None], wire_resistance)[0]
        found = crossbar.solve(v, "exact").output_current, crossbar.multiply(v)
        errors = [error(x, want) for x in found]
        ratios = times[:, 0] / times[:, 3]
        faster = f"{np.median(ratios):.0f} ({ratios.min():.0f} to {ratios.max():.0f})"
        rows.append([f"{n} x {n}", *np.median(times, axis=0) * 1e3, faster, *errors])
    columns = ["size", "badcrossbar (ms)", "exact (ms)", "exact, again (ms)", "fast (ms)"]
    return pd.DataFrame(rows, columns=[*columns, "faster by", "error, exact", "error, fast"])


def robust() -> pd.DataFrame:
    """Errors and times under ever worse wires."""
    g, _ = draw(64, 1)
    rng, rows = np.random.default_rng(2), []
    g[rng.uniform(size=g.shape) < 1 / 3] = 0.0
    v = rng.uniform(-0.2, 0.2, 64)
    for ohm in (1.0, 1e2, 1e4, 1e6, 1e8):
        crossbar = Crossbar((64, 64), wire_resistance=ohm).set_conductances(g, open_cells=True)
        want = crossbar.solve(v, "exact").output_current.to_numpy()
        got = crossbar.multiply(v)
        time = np.median([seconds(crossbar.multiply, v) for _ in range(REPEATS)])
        left = float(np.abs(want).sum() / np.abs(v @ g).sum())
        rows.append([f"{ohm:g}", left, np.abs(got - want).max() / np.abs(want).max(), time * 1e3])
    columns = ["wires (ohm)", "current relative to ideal", "error", "fast (ms)"]
    return pd.DataFrame(rows, columns=columns)


def batch(n_vectors: int) -> pd.DataFrame:
    """Times of many vectors at 128 x 128."""
    g, _ = draw(128, 0)
    V = np.random.default_rng(1).uniform(0, 0.2, (n_vectors, 128))
    crossbar = Crossbar((128, 128))

    def anew(name: str, *options: str) -> float:
        times = []
        for _ in range(3):
            method = getattr(crossbar.set_conductances(g), name)
            times.append(seconds(method, V, *options))
        return float(np.median(times))

    times = {
        "badcrossbar": float(np.median([seconds(reference, g, V, 1.0) for _ in range(3)])),
        "exact, all voltages": anew("solve", "exact"),
        "fast, all voltages": anew("solve"),
        "multiply, with its transfer matrix": anew("multiply"),
        "multiply, again": float(np.median([seconds(crossbar.multiply, V) for _ in range(3)])),
    }
    return pd.DataFrame(times.items(), columns=["way", "s"])


def nonlinear() -> pd.DataFrame:
    """Times and errors of nonlinear cells."""
    g, v = draw(64, 0)
    kinds = {
        "sinh selector": {"topology": "passive", "selector": "sinh"},
        "threshold selector": {"topology": "passive", "selector": "threshold"},
        "own sinh, 0.1 V": {"topology": "passive", "v_sinh": 0.1},
        "own sinh, 0.1 V, transistor 1 kohm": {"v_sinh": 0.1, "r_transistor": 1e3},
    }
    rows = []
    for name, options in kinds.items():
        crossbar = Crossbar((64, 64), **options).set_conductances(g)
        exact = seconds(crossbar.solve, v, "exact")
        want = crossbar.solve(v, "exact").output_current
        times = [seconds(crossbar.multiply, v) for _ in range(REPEATS)]
        rows.append([name, exact * 1e3, np.median(times) * 1e3, error(crossbar.multiply(v), want)])
    return pd.DataFrame(rows, columns=["cells", "exact (ms)", "fast (ms)", "error, fast"])


def drop() -> pd.DataFrame:
    """Errors of the outputs in percent by size and wires."""
    rows = []
    for n in (16, 32, 64, 128, 256):
        row = [f"{n} x {n}"]
        for ohm in (0.1, 1.0, 10.0):
            crossbar, found = Crossbar((n, n), wire_resistance=ohm), []
            for seed in range(5):
                errors = crossbar.set_conductances(draw(n, seed)[0]).ir_drop()
                found.append([float(errors.mean_error), float(errors.max_error)])
            mean, worst = 100 * np.median(found, axis=0)
            row.append(f"{mean:.1f} / {worst:.1f}")
        rows.append(row)
    columns = ["size", *(f"{r} ohm: mean / worst" for r in ("0.1", "1", "10"))]
    return pd.DataFrame(rows, columns=columns)


def limits(most: int) -> pd.DataFrame:
    """Devices in the largest array by selectivity."""
    rows = []
    for K in (1.0, 10.0, 100.0, 1e3, 1e4):
        row = [f"{K:g}", f"{largest_array(K) ** 2:.4g}"]
        for ohm in (1.0, 10.0):
            n = largest_array(K, wire_resistance=ohm, most=most)
            row.append("more" if n == most else f"{n**2:.4g}")
        rows.append(row)
    return pd.DataFrame(rows, columns=["K", "ideal wires", "1 ohm", "10 ohm"])


def selectors() -> tuple[pd.DataFrame, xr.Dataset]:
    """On/off ratios of arrays with selectors at 64 x 64, and their swings by size."""
    names = {"none": None, "sinh": "sinh", "threshold": "threshold"}
    rows = []
    for name, selector in names.items():
        row = [name]
        for scheme in ("floating", "V/2", "V/3"):
            array = Crossbar((64, 64), topology="passive", selector=selector, scheme=scheme)
            row.append(float(array.sneak_margin().on_off))
        rows.append(row)
    sides, curves = [2, 4, 8, 16, 32, 64, 128, 256], {}
    for name, selector in names.items():
        for ohm in (0.0, 10.0):
            curves[f"{name}, {ohm:g} ohm"] = [
                float(Crossbar((n, n), topology="passive", selector=selector, scheme="floating",
                               wire_resistance=ohm).sneak_margin().swing) for n in sides
            ]  # fmt: skip
    data = {"swing": (("curve", "n"), list(curves.values()))}
    table = pd.DataFrame(rows, columns=["selector, 64 x 64", "floating", "V/2", "V/3"])
    return table, xr.Dataset(data, {"curve": list(curves), "n": sides})


def energy() -> str:
    """Energies of products of 200 vectors and their shares: medians, and the range of the whole."""
    g, _ = draw(128, 0)
    V = np.random.default_rng(1).uniform(0, 0.2, (200, 128))
    parts = Crossbar((128, 128)).set_conductances(g).energy(V, 10e-9)
    device, wire = (float((parts[name] / parts.supply).median()) for name in ("device", "wire"))
    whole = parts.supply.to_numpy() * 1e12
    return (
        f"{np.median(whole):.1f} pJ ({whole.min():.1f} to {whole.max():.1f}), {device:.0%} in the "
        f"devices and {wire:.0%} in the wires"
    )


def regained() -> tuple[float, float]:
    """Rms error of the outputs at 128 x 128, before and after a factor a column.

    The factors come from 100 random vectors, the errors from 100 others.
    """
    g, _ = draw(128, 0)
    fit, test = np.random.default_rng(1).uniform(0, 0.2, (2, 100, 128))
    crossbar = Crossbar((128, 128)).set_conductances(g)
    factor = (fit @ g).sum(axis=0) / crossbar.multiply(fit).sum(axis=0)
    got, want = crossbar.multiply(test), test @ g
    before, after = (np.sqrt(np.mean((x / want - 1) ** 2)) for x in (got, got * factor))
    return float(before), float(after)


def markdown(table: pd.DataFrame) -> str:
    """Return a table with numbers of three digits."""
    text = table.map(lambda v: f"{v:.3g}" if isinstance(v, float) else str(v))
    lines = [list(text.columns), ["---"] * text.shape[1], *text.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    """Measure, draw and write."""
    folder = DOCS / "how-to/crossbar"
    folder.mkdir(exist_ok=True)
    before, after = regained()
    (table, curves), selectivities = selectors(), (1.0, 1e2, 1e4)
    reads = [[s, *(float(sneak_margin(128, K, scheme=s).on_off) for K in selectivities)]
             for s in ("V/2", "V/3")]  # fmt: skip
    writes = [[s, *(write_power(128, K, s) for K in selectivities)] for s in ("V/2", "V/3")]
    columns = ["scheme", "K = 1", "K = 100", "K = 1e4"]
    Crossbar((128, 128)).set_conductances(draw(128, 0)[0]).plot_ir_drop().savefig(
        folder / "ir_drop.png", dpi=70
    )
    drawing.sneak(curves).savefig(folder / "sneak.png", dpi=70)
    page = PAGE.format(
        ohm=1.0, repeats=REPEATS, speed=markdown(speed()),
        robust=markdown(robust()), many=100, batch=markdown(batch(100)),
        nonlinear=markdown(nonlinear()), drop=markdown(drop()), energy=energy(), most=1024,
        limits=markdown(limits(1024)), before=before, after=after, selectors=markdown(table),
        schemes=markdown(pd.DataFrame(reads, columns=columns)),
        power=markdown(pd.DataFrame(writes, columns=columns)),
    )  # fmt: skip
    (DOCS / "how-to/crossbar.md").write_text(page, encoding="utf-8")
    record("crossbar")


if __name__ == "__main__":
    main()
