"""Exported C against Python, in numbers: python benchmarks/export.py [--ticks N] [MODEL ...].

Every node with a template, with a scaler and a ridge readout behind it, over a million ticks on
this machine, with two compilers, and over a thousand on emulated processors of boards; and the
packaged recipes, from the drive on, over all their recordings. The results go into
docs/results/export.csv, and with all models into docs/how-to/export.md, between the marks "nodes",
"boards" and "recipes".
"""

import re
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from pages import DOCS, fill, markdown, record, stamp
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import in_c

from mottle import reservoir as rooms
from mottle import sensors
from mottle.embedded import NotInC
from mottle.pipelines import export_c, read_recipe
from mottle.pipelines.engine.sources import load_data
from mottle.pipelines.parts import ENCODERS, READOUTS, RESERVOIRS, make, seeded
from mottle.reservoir import (
    EchoStateReservoir,
    EventMemristorReservoir,
    MemristorReservoir,
    OscillatorReservoir,
    RidgeReadout,
    SpikingReservoir,
    VO2Reservoir,
)

PAGE, TABLE = DOCS / "how-to/export.md", DOCS / "results/export.csv"
TICKS, FEW, CHUNK = 10**6, 1000, 20_000
NATIVE = ("-O2", "-march=native")
N = {"n_nodes": 16, "random_state": 0}
NODES = {
    "WOx memristors": MemristorReservoir(**N),
    "WOx, recurrent": MemristorReservoir(spectral_radius=0.8, **N),
    "WOx, dilated taps": MemristorReservoir(wiring="dilated", **N),
    "TiOx memristors": MemristorReservoir(device="tiox_zhong2021", **N),
    "Ag memristors, with noise": MemristorReservoir(device="ag_pulse", **N),
    "echo state": EchoStateReservoir(**N),
    "VO2, relaxing": VO2Reservoir(dt_inner=2e-8, **N),
    "VO2, oscillating": VO2Reservoir(
        dt_inner=2e-8, regime="oscillating", observable="current", **N
    ),
    "oscillators, relaxing": OscillatorReservoir(**N),
    "oscillators, frequency": OscillatorReservoir(regime="oscillating", **N),
    "oscillators, recurrent": OscillatorReservoir(regime="recurrent", **N),
    "spiking": SpikingReservoir(**N),
    "event memristors": EventMemristorReservoir(tau=(1e-3, 1e-2, 1e-1, 1.0), random_state=0),
}
RECIPES = ("demo-grasp", "demo-senses", "biotac-slide", "ev-objects", "nmnist", "smellnet")


def drive_of(name, n):
    """Return a drive of three inputs; for event memristors, numbers of events."""
    drive = np.random.default_rng(0).uniform(-1, 1, (n, 3))
    return np.round(2 * np.abs(drive)) if name == "event memristors" else drive


def compare(model, drive, states, decisions):
    """Return how a live run in Python differs: same bytes, largest difference, other decisions."""
    state, same, most, size = model[0].start(), True, 0.0, 0.0
    wrong = [0] * len(decisions)
    for begin in range(0, len(drive), CHUNK):
        part = slice(begin, begin + CHUNK)
        state, out = model[0].advance(state, drive[np.newaxis, part])
        same &= bool(np.array_equal(states[part], out[0]))
        most = max(most, float(np.abs(states[part] - out[0]).max()))
        size = max(size, float(np.abs(out[0]).max()))
        expected = model[1:].decision_function(out[0]).argmax(axis=1)
        for k, found in enumerate(decisions):
            wrong[k] += int((found[part] != expected).sum())
    return same, most / size, wrong


def decided(exported, printed):
    """Return whether the test of a model found every class and output in its tolerance."""
    return f"{FEW} predictions" in printed and " 0 wrong" in printed


def node_row(name, n_ticks, folder):
    """Return what is known of a node: agreement on this machine and on boards, memory, work."""
    drive = drive_of(name, n_ticks)
    few = drive[:FEW]
    labels = np.array(["low", "mid", "high"])[np.digitize(few[:, 0], [-0.3, 0.3])]
    if name == "event memristors":
        labels = few[:, 0].astype(int)
    model = make_pipeline(NODES[name], StandardScaler(), RidgeReadout()).fit(few, labels)
    nodes = export_c(model[0], folder / "nodes", sample=few)
    row = {"model": name, "ticks": n_ticks}
    states = in_c.Library(nodes, options=NATIVE).run(drive)
    if in_c.missing("clang") == "":
        other = in_c.Library(nodes, compiler="clang", options=NATIVE).run(drive[: 10 * FEW])
        row["clang"] = bool(np.array_equal(other, states[: 10 * FEW]))
    whole = export_c(model, folder / "whole", sample=few, n_ticks=FEW)
    single = export_c(model, folder / "single", sample=few, n_ticks=FEW, float32=True)
    found = in_c.Library(whole, options=NATIVE).run(drive).argmax(axis=1)
    loose = in_c.Library(single, float32=True, options=NATIVE).run(drive).argmax(axis=1)
    row["same bytes"], row["difference"], wrong = compare(model, drive, states, [found, loose])
    row["other decisions"], row["other decisions, float32"] = wrong
    row["sanitised"] = decided(whole, in_c.sanitised(whole))
    row["RAM"], row["RAM, float32"] = whole.state, single.state
    for core in in_c.CORES:
        for kind, one in (("", whole), (", float32", single)):
            printed, sizes = in_c.on_cortex(one, core, bool(kind))
            row[f"{core}{kind}"] = decided(one, printed)
            row[f"flash {core}{kind}"] = sizes["text"] + sizes["data"]
            row[f"instructions {core}{kind}"] = int(re.search(r"a step (\d+)", printed)[1])
    row["aarch64"] = decided(whole, in_c.on_aarch64(whole))
    return row


def recipe_rows(name, folder):
    """Yield what is known of the models of a recipe, from their drives on."""
    recipe = read_recipe(name)[0]
    recordings = load_data(recipe.data)
    target = np.asarray(recordings.target)
    drives = []
    for sense, part in recipe.encoders.items():
        encoder = make(part, sensors, ENCODERS, sense)
        drives.append(np.asarray(encoder.fit_transform(recordings.table[sense])))
    X = np.concatenate(drives, axis=2)
    edges = np.cumsum([0, *(drive.shape[2] for drive in drives)])
    n_steps = X.shape[1]
    for key, part in recipe.reservoirs.items():
        row = {"model": f"{name}, {key}", "recordings": len(X), "ticks": X.shape[0] * n_steps}
        fronts = [
            (sense, seeded(make(part, rooms, RESERVOIRS, key), 0), slice(edges[k], edges[k + 1]))
            for k, sense in enumerate(recipe.encoders)
        ]
        readout = make(recipe.readout, rooms, READOUTS, "readout")
        if recipe.task != "auto":
            readout.set_params(task=recipe.task)
        parts = [(sense, front.fit(X[:, :, columns]), columns) for sense, front, columns in fronts]
        features = [front.transform(X[:, :, columns]) for _, front, columns in parts]
        readout.fit(np.hstack(features), target)
        model = fused(parts, readout, edges[-1])
        own = folder / re.sub(r"\W", "_", f"{name}_{key}")
        try:
            exported = export_c(model, own, sample=X[0], n_steps=n_steps)
        except NotInC as error:
            print(name, key, error)
            continue
        rows = X.reshape(-1, X.shape[2])
        found = in_c.Library(exported, options=NATIVE).run(rows, every=n_steps, last=True)
        expected = readout.decision_function(np.hstack(features)).reshape(len(X), -1)
        row["difference"] = float(np.abs(found - expected).max())
        row["other decisions"] = int((found.argmax(axis=1) != expected.argmax(axis=1)).sum())
        row["RAM"], row["constants"] = exported.state, exported.constants
        yield row


def fused(parts, readout, n_inputs):
    """Return fitted reservoirs side by side, with a fitted readout."""
    if len(parts) == 1:
        return make_pipeline(parts[0][1], readout)
    union = ColumnTransformer(parts)
    union.transformers_, union.n_features_in_, union.sparse_output_ = parts, n_inputs, False
    union._columns, union._transformer_to_input_indices = [c for *_, c in parts], {}
    return make_pipeline(union, readout)


def main():
    """Measure, keep the results, and write the tables of the page."""
    arguments = sys.argv[1:]
    n_ticks = TICKS
    if "--ticks" in arguments:
        place = arguments.index("--ticks")
        n_ticks = int(arguments[place + 1])
        del arguments[place : place + 2]
    warnings.simplefilter("ignore")
    kept = pd.read_csv(TABLE) if TABLE.exists() else pd.DataFrame(columns=["model"])
    for name in arguments or (*NODES, *RECIPES):
        with TemporaryDirectory() as folder:
            where = Path(folder)
            rows = [node_row(name, n_ticks, where)] if name in NODES else recipe_rows(name, where)
            for row in rows:
                print(row, flush=True)
                kept = pd.concat([kept[kept["model"] != row["model"]], pd.DataFrame([row])])
                kept.to_csv(TABLE, index=False)
    write(kept)
    if not arguments and n_ticks == TICKS:
        record("export")


def tables(kept):
    """Return the tables of the page by their marks."""
    kept = kept.set_index("model")
    nodes = kept.loc[[name for name in NODES if name in kept.index]]
    ports = [f"{core}{kind}" for core in in_c.CORES for kind in ("", ", float32")]
    equal = nodes[["clang", "sanitised", "aarch64", *in_c.CORES]].astype(bool).all(axis=1)
    yes = {True: "yes", False: "no"}
    table = pd.DataFrame({
        "16 nodes": nodes.index, "ticks": nodes["ticks"].astype(int).to_numpy(),
        "same bytes": nodes["same bytes"].astype(bool).map(yes).to_numpy(),
        "other decisions": nodes["other decisions"].astype(int).to_numpy(),
        "in single precision": nodes["other decisions, float32"].astype(int).to_numpy(),
        "boards, clang, sanitisers": equal.map(yes).to_numpy(),
    })  # fmt: skip
    parts = []
    for port, kind in ((ports[2], ""), (ports[1], ", float32"), (ports[0], "")):
        own = pd.DataFrame({"16 nodes": nodes.index, "processor": port})
        own["flash, bytes"] = nodes[f"flash {port}"].astype(int).to_numpy()
        own["RAM, bytes"] = nodes[f"RAM{kind}"].astype(int).to_numpy()
        work = nodes[f"instructions {port}"].astype(int).map("{:,}".format)
        own["instructions a tick"] = work.to_numpy()
        parts.append(own)
    board = pd.concat(parts).sort_index(kind="stable")
    recipes = kept.loc[[name for name in kept.index if name not in NODES]]
    shown = pd.DataFrame({
        "recipe, reservoir": recipes.index,
        "recordings": recipes["recordings"].astype(int).to_numpy(),
        "ticks": recipes["ticks"].astype(int).to_numpy(),
        "other decisions": recipes["other decisions"].astype(int).to_numpy(),
        "largest difference": recipes["difference"].to_numpy(),
        "RAM, KiB": (recipes["RAM"] / 1024).to_numpy(),
        "constants, KiB": (recipes["constants"] / 1024).to_numpy(),
    })  # fmt: skip
    return {"nodes": markdown(table), "boards": markdown(board), "recipes": markdown(shown)}


def write(kept):
    """Write the tables of the page from the results."""
    below = stamp("mottle", "numpy", "numba")
    for mark, text in tables(kept).items():
        fill(PAGE, mark, f"{text}\n\n{below}")


if __name__ == "__main__":
    main()
