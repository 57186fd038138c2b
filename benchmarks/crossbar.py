"""Measure the crossbar's solvers, IR drop and sneak limits, and write docs/crossbar.md.

python -m pip install --no-deps badcrossbar==1.1.0
python -m pip install pathvalidate sigfig
python benchmarks/crossbar.py
"""

import logging
import warnings
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import xarray as xr

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

DOCS = Path(__file__).parents[1] / "docs"
REPEATS = 15
PAGE = """# Crossbars

Written by `benchmarks/crossbar.py`. `mottle.reservoir.nonvolatile.Crossbar` is a grid of wires with
a memristor at each crossing, as a circuit: what comes out of a product when wires have resistance,
cells are not linear, and current takes other ways.

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

`method="exact"` eliminates all nodes at once (sparse, symmetric) and keeps the factors for further
vectors. `"fast"`, which `multiply` uses, takes each line as a ladder: given the bit lines, a word
line is a tridiagonal system, and the other way round. Conjugate gradients over the word lines, with
these systems as preconditioner, end where the estimated error dissipates 1e-20 of the power of the
ideal array. Where they do not end (wires of megohms), the exact solution takes their place.

Conductances uniform in 1 to 100 uS, voltages in 0 to 0.2 V, one vector, wires of {ohm:g} ohm;
medians of {repeats} runs taken in turn, of the ratio its range as well. Errors are the largest of
the output currents, relative to each current, against badcrossbar 1.1.0.

{speed}

`exact` includes the factorisation, `exact, again` is a further vector.

The wires may be as bad as they like (64 x 64, voltages of both signs, a third of the cells open;
error relative to the largest current, against elimination):

{robust}

Many vectors (128 x 128, 1 ohm): linear cells have a transfer matrix, one solution a column, then a
product. Seconds for {many} vectors, the matrix included:

{batch}

Cells that are not linear (64 x 64, 1 ohm, one vector) take Newton's method, each step of which is
shortened until the circuit's co-content falls along it; errors against Newton's method on the whole
system.

{nonlinear}

## IR drop

Conductances uniform in 1 to 100 uS, all rows at 0.2 V. Relative error of the output currents in
percent, median over five draws of the array:

{drop}

![IR drop at 128 x 128, 1 ohm](crossbar/ir_drop.png)

Much of this is systematic. For random voltages at 128 x 128 and 1 ohm the rms error is
{before:.1%}; a factor a column, found on other voltages, leaves {after:.1%}; `transfer` knows the
rest. `CrossbarReadout` has such a gain, and an offset, for each of its outputs (`compensate`).

The energy of a product of 10 ns at 128 x 128, 1 ohm, of 200 vectors with voltages uniform in 0 to
0.2 V, median and range: {energy}. They add up
to the supply's within 1e-9 (tested).

## Sneak paths

A read of one cell of a passive array, worst case: it is the farthest from driver and sense, and
all others are on (10 kohm; off 1 Mohm). K is the selectivity, by how much a selector multiplies a
cell's resistance under the voltage of a sneak path; the read is good while on and off differ by a
tenth of the read voltage over a load of 10 kohm. Devices in the largest square array whose
unselected lines float, in the closed form, and with wires (searched up to {most} x {most}; "more"
where that is still good):

{limits}

The first array that fails without wires has 25, 1296, 1.14e5 and 1.13e9 devices: about a thousand
for weakly nonlinear cells (K = 10), and K > 1e4 for gigabits.

On/off ratio that a read sees at 128 x 128, unselected lines held at a part of the voltage:

{schemes}

Power of the array while a cell is written, over that of the cell: V/2 burdens the cells of two
lines, V/3 all of them.

{power}

The same circuit with selectors that have an I-V curve in place of a factor K, so that the circuit
decides their voltages; on/off ratio of device "cmo_hfox" (9.8 alone), wires of 1 ohm:

{selectors}

![swing of floating passive arrays](crossbar/sneak.png)

A transistor in each cell (1T1R) leaves no sneak path: the gates of the other columns are off, the
other rows float, and a read sees its cell in series with its own wires (tested).

## Converters

`DAC(bits, range)` and `ADC(bits, range)` are uniform and mid-rise: 2^bits levels, each in the
middle of its step; the error's variance is a twelfth of the step's square. `calibrate(samples,
percentile=99.9)` sets the range; what lies outside is clipped and counted (`n_clipped`). A column
of n cells loses nothing with b_in + b_w + log2(n) bits (`lossless_bits`): 15 for 4-bit inputs and
weights at n = 128.

## What is left out

Capacitances: these are steady states. Threshold selectors open at a voltage and close below it,
without memory. The constants of both selectors are provisional. Closed forms and limits take all
other cells to be on.
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
    columns = ["wires (ohm)", "current left, of the ideal", "error", "fast (ms)"]
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
    folder = DOCS / "crossbar"
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
    (DOCS / "crossbar.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
