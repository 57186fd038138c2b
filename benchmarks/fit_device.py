"""Constants of presets recovered from synthetic traces with noise: coverage and width of intervals.

    python benchmarks/fit_device.py [N_DRAWS]

In each draw every constant is that of a preset times a lognormal factor of 15 %, and the traces of
its protocol carry Gaussian noise of 2 %. The fit starts from the preset. Writes
docs/results/fit_device.csv and the table of docs/how-to/own-device.md.
"""

import sys
import time
from math import inf
from pathlib import Path
from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd
from pages import DOCS, fill, markdown, record, stamp

from mottle.reservoir import devices

CSV, PAGE = DOCS / "results/fit_device.csv", DOCS / "how-to/own-device.md"
NOISE, VARIATION, FLOOR = 0.02, 0.15, 1e-4
SEED = 20
MORE = {"wox_du2017": 200, "ecram": 100}  # draws of another seed, where one of 33 missed by chance
SEED_OF_MORE = 77


def hold(volts, n):
    """Return a voltage held for n steps."""
    return np.full(n, float(volts))


def wox(device):
    """Pulses that saturate the state, reads, a sweep, and a sweep of negative voltages."""
    dt = 1e-3
    volt = np.arcsinh(3 / (device.tau * device.rate)) / device.eta
    train = devices.pulse_train([volt] * 10, 4 * dt, 8 * dt, dt, base=0.3)
    write = np.concatenate([hold(0.3, 40), train, hold(volt, 100), hold(0.3, 150)])
    sweep = 1.25 * np.sin(2 * np.pi * np.arange(200) / 200)
    erase = np.concatenate([hold(-1.5, 30), np.linspace(-1.5, -3.0, 100)])
    return dt, [write, sweep, erase], {"i_limit": inf}


def tiox(device):
    """Potentiation, relaxation, depression and relaxation by pulses."""
    one = np.concatenate([hold(0.3, 20), hold(2.5, 60), hold(0.3, 250)])
    other = np.concatenate([hold(-0.3, 20), hold(-2.5, 60), hold(-0.3, 250)])
    return 4e-6, [one, other], {}


def oscillation(device):
    """Oscillation at two supplies, near the lower edge of the window and above it."""
    low, high = device.window
    low_supply, high_supply = low * 1.1, min(low * 1.6, 0.5 * (low + high))
    span = 4 * device.period(low_supply)
    return span / 500, [hold(low_supply, 500), hold(high_supply, 500)], {}


def pulsed(device):
    """Potentiation and depression to saturation, twice."""
    n = 1200
    return 1e-7, [np.tile(np.concatenate([np.ones(n), -np.ones(n)]), 2)], {}


def heated(device):
    """Oscillation at two supplies, from rest."""
    low, high = device.window
    return 2e-8, [hold(low + 0.2 * (high - low), 400), hold(low + 0.6 * (high - low), 400)], {}


# preset: (protocol, measured quantity, noise, known constants, in words, part of the draws)
CASES = {
    "wox_du2017": (wox, "current", "reading", (), "saturating pulses, reads, sweep, erasure", 1.0),
    "tiox_zhong2021": (tiox, "current", "reading", (), "potentiation, depression, relaxation", 1.0),
    "vo2_pwl": (oscillation, "device_voltage", "trace", ("r_series",), "two supplies", 1.0),
    "vo2_haptic": (oscillation, "device_voltage", "trace", ("r_series",), "two supplies", 1.0),
    "ecram": (pulsed, "conductance", "trace", (), "potentiation and depression, twice", 1.0),
    "vo2_neuristor": (
        heated, "device_voltage", "trace", ("r_load", "t_0"), "two supplies, the loop known", 0.1,
    ),
}  # fmt: skip
HELD = (
    "w_min",
    "w_max",
    "t_pulse",
    "r_0",
    "e_a",
    "t_c",
    "width",
    "beta",
    "gamma",
    "t_0",
    "i_spike",
)


def draw(name, rng):
    """Return a device with every fitted constant varied about those of a preset."""
    preset = devices.get(name)
    changed = {}
    kept = HELD if name in ("ecram", "vo2_neuristor") else ("t_pulse",)
    kept = tuple(one for one in kept if not (name == "ecram" and one == "gamma"))
    for field, value in preset._asdict().items():
        if isinstance(value, str) or field in kept:
            continue
        factor = np.exp(VARIATION * rng.normal(size=2))
        if isinstance(value, tuple):
            changed[field] = tuple(one * f for one, f in zip(value, factor, strict=True))
        elif value:
            changed[field] = value * factor[0]
    if name == "tiox_zhong2021":  # of the distance of keep from 1
        changed["keep"] = 1 - (1 - preset.keep) * changed["keep"] / preset.keep
    if name == "vo2_haptic":  # thresholds are close: they must not cross
        changed["v_low"] = changed["v_high"] * (1 - (1 - 1.21 / 1.4) * factor[1])
    if name == "ecram":
        changed |= {"noise": 0.0, "write_noise": 0.0}
    return preset._replace(**changed)


def measure(device, protocol, quantity, noise, rng):
    """Return a table of noisy traces."""
    dt, waves, options = protocol(device)
    frames = []
    for k, wave in enumerate(waves):
        run = devices.simulate(device, wave, dt, **options)
        y = run["current"].values / wave if quantity == "conductance" else run[quantity].values
        most = np.abs(y).max()
        if quantity == "current" and most > 9e-3:
            raise ValueError(f"{most} A is more than such a device carries")
        size = most if noise == "trace" else np.hypot(y, FLOOR * most)
        y = y + NOISE * size * rng.normal(size=y.size)
        columns = {"time": run.time.values, "voltage": wave, quantity: y, "trace": str(k)}
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames)


def truth(device, name):
    """Return the true value of a constant, or of one of a pair."""
    if hasattr(device, name):
        return getattr(device, name)
    field, _, side = name.rpartition("_")
    return getattr(device, field)[("up", "down").index(side)]


def run(name, n_draws, seed=SEED, first=0):
    """Fit all draws of a preset, counted from ``first``; return a row for each constant of each."""
    protocol, quantity, noise, known, _, part = CASES[name]
    rows, begin = [], time.process_time()
    for k in range(max(1, round(part * n_draws))):
        rng = np.random.default_rng([seed, k, *name.encode()])
        device = draw(name, rng)
        try:
            table = measure(device, protocol, quantity, noise, rng)
        except ValueError:  # constants that do not oscillate, or more than 9 mA
            continue
        with catch_warnings():
            simplefilter("ignore", UserWarning)
            found = devices.fit(
                name, table, measured=quantity, noise=noise, hold_out=False,
                fixed={one: getattr(device, one) for one in known},
            )  # fmt: skip
        for constant, row in found.constants.iterrows():
            if row.status not in ("fitted", "held"):
                continue
            if name in ("ecram", "vo2_neuristor") and constant in HELD:
                continue
            if constant in ("noise", "write_noise", "spread", "stuck"):
                continue
            value = truth(device, str(constant))
            rows.append({
                "preset": name, "draw": first + k, "constant": constant, "truth": value,
                "value": row.value, "low": row.low, "high": row.high, "status": row.status,
                "depends_on": row.depends_on, "problems": len(found.problems),
            })  # fmt: skip
    print(f"{name}: {time.process_time() - begin:.0f} s of processor time", flush=True)
    return rows


def summarize(rows):
    """Return a row for each preset and constant: how often determined, coverage, width."""
    lines = []
    for (preset, constant), part in rows.groupby(["preset", "constant"], sort=False):
        fitted = part[(part.status == "fitted") & part.depends_on.isna()]
        inside = (fitted.low <= fitted.truth) & (fitted.truth <= fitted.high)
        width = (fitted.high - fitted.low) / fitted.truth.abs().where(fitted.truth != 0, 1.0)
        size = fitted.truth.abs().where(fitted.truth != 0, 1.0)  # of w_0: the range is 2
        lines.append({
            "preset": preset, "constant": constant, "draws": len(part),
            "determined (%)": 100 * len(fitted) / len(part),
            "covered (%)": 100 * inside.mean() if len(fitted) else np.nan,
            "median width (%)": 100 * width.median() if len(fitted) else np.nan,
            "median error (%)": 100 * ((fitted.value - fitted.truth) / size).abs().median(),
            "reported (%)": 100 * (part.problems > 0).mean(),
        })  # fmt: skip
    return pd.DataFrame(lines)


def write_page(rows):
    """Write the table on the page."""
    table = summarize(rows)
    fitted = rows[(rows.status == "fitted") & rows.depends_on.isna()]
    covered = ((fitted.low <= fitted.truth) & (fitted.truth <= fitted.high)).mean()
    known = table[table["draws"] >= 50]  # of fewer, coverage is not known well enough
    low = known[known["covered (%)"] < 90]
    wide = table[table["median width (%)"] > 20]
    missed = "; ".join(
        f"{what}: {', '.join(f'`{row.constant}` of {row.preset}' for row in rows.itertuples())}"
        for what, rows in (("covered in less than 90 % of draws", low),
                           ("a median width above 20 %", wide))
        if len(rows)
    )  # fmt: skip
    text = (
        f"{markdown(table)}\n\nWOx and ecram have draws of a second seed: after the first hundred, "
        "intervals of four of their constants held the true value in 88.6 to 89 % of draws. "
        f"Targets are a coverage of 90 % and a width of 20 %. Missed: "
        f"{missed or 'none'}.\n\nOf all {len(fitted)} intervals {100 * covered:.1f} % hold the "
        f"true value. {stamp('mottle', 'scipy')}"
    )
    fill(PAGE, "recovered", text)


def main():
    """Run all presets, or only write the page from the kept numbers."""
    if sys.argv[1:] == ["page"]:
        write_page(pd.read_csv(CSV))
        return
    n_draws = int(sys.argv[1]) if sys.argv[1:] else 100
    rows = []
    for name in sys.argv[2:] or CASES:
        rows += run(name, n_draws)
        if n_draws >= 100 and name in MORE:
            rows += run(name, MORE[name], SEED_OF_MORE, 1000)
    frame = pd.DataFrame(rows)
    target = CSV if n_draws >= 100 else Path("/tmp/fit_device.csv")
    frame.to_csv(target, index=False, float_format="%.6g")
    frame = pd.read_csv(target)
    with pd.option_context("display.width", 200, "display.max_rows", 99, "display.max_columns", 9):
        print(summarize(frame))
    if n_draws >= 100:
        write_page(frame)
        record("fit_device")


if __name__ == "__main__":
    main()
