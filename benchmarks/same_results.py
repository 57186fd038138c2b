"""Hash the results of every part of mottle, so that two trees can be compared.

    python benchmarks/same_results.py before.json            # in one checkout
    python benchmarks/same_results.py after.json             # in another one
    python benchmarks/same_results.py --compare before.json after.json

A change that is to leave results as they are leaves every digest as it is. Digests hold for one
machine: another processor may round differently. With MOTTLE_DATA set, all shipped recipes are run,
otherwise the two of ``mottle demo``; ``--fast`` leaves recipes out.
"""

import inspect
import json
import sys
import warnings
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np

SLOW_RECIPES = ("biotac-slide", "digits-devices", "ev-objects", "nmnist", "smellnet")
DRAWN = ("input_weights_", "weights_", "devices_", "noise_seed_")


def digest(*values: Any) -> str:
    """Hash arrays, sparse matrices, dicts, datasets, numbers and texts."""
    state = blake2b(digest_size=8)
    for value in values:
        if hasattr(value, "tocoo"):
            value = value.toarray()
        if isinstance(value, Mapping):
            for name in sorted(map(str, value)):
                state.update(name.encode())
                state.update(digest(value[name]).encode())
        elif isinstance(value, list | tuple):
            for item in value:
                state.update(digest(item).encode())
        elif hasattr(value, "dtype"):
            array = np.ascontiguousarray(getattr(value, "values", value))
            state.update(f"{array.dtype.kind}{array.shape}".encode())
            state.update(str(array.tolist()).encode() if array.dtype == object else array.tobytes())
        else:
            state.update(str(value).encode())
    return state.hexdigest()


def drive(n_recordings: int = 3, n_steps: int = 40, n_inputs: int = 3) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (n_recordings, n_steps, n_inputs))


def reservoirs() -> dict[str, Any]:
    """Every reservoir class, preset, observable, and what else changes the code that runs."""
    return {
        name: node.set_params(random_state=0) if "random_state" in node.get_params() else node
        for name, node in (variants() | observables()).items()
    }


def variants() -> dict[str, Any]:
    """Reservoirs whose parameters choose other code."""
    from mottle.reservoir import (
        EchoStateReservoir,
        EventMemristorReservoir,
        MemristorReservoir,
        NoReservoir,
        OscillatorReservoir,
        SpikingReservoir,
        VO2Reservoir,
    )

    ring = np.roll(np.eye(6), 1, axis=1) + np.roll(np.eye(6), -1, axis=1)
    few = {"wiring": "local", "field": 1, "input_shape": (1, 3, 1), "fan_in": None}
    return {
        "none": NoReservoir(),
        "echo": EchoStateReservoir(70),
        "echo_local": EchoStateReservoir(20, **few),
        "echo_float32": EchoStateReservoir(150, dtype="float32", leak=1.0, fan_in=None),
        "vo2_fast": VO2Reservoir(20, regime="oscillating",
            device="vo2_neuristor_fast", dt_device=2e-7),
        "vo2_at_rest": VO2Reservoir(20, v_bias=8.5, v_gain=3.0, regime="excitable", dt_device=2e-7),
        "vo2_one_to_one": VO2Reservoir(6, regime="oscillating",
            wiring="one_to_one", dt_device=2e-7, dt_inner=2e-8),
        "oscillator_noisy": OscillatorReservoir(20, regime="oscillating",
            threshold_noise=0.02, spread={"r_series": 0.1}),
        "oscillator_haptic": OscillatorReservoir(20, regime="oscillating",
            device="vo2_haptic", v_bias=6.0,
                                                 dt_device=2e-5),
        "oscillator_c": OscillatorReservoir(6, regime="oscillating",
            c_coupling=2e-11, topology="ring"),
        "oscillator_r_own": OscillatorReservoir(6, regime="oscillating",
            r_coupling=1e5, topology=ring, spread=0.02),
        "oscillator_order": OscillatorReservoir(6, regime="oscillating",
            r_coupling=1e5, observable="order"),
        "spiking": SpikingReservoir(70, regime="firing"),
        "spiking_switch": SpikingReservoir(20, regime="firing", device="ts_lif", n_inner=3),
        "spiking_noisy": SpikingReservoir(20, regime="firing", voltage_noise=1e-3, spread=0.05,
                                          observable="voltage"),
        "spiking_counts": SpikingReservoir(20, regime="firing", observable="spikes", n_inner=2, v_gain=0.05),
        "event_memristor_on_drive": EventMemristorReservoir(tau=(0.01, 0.1), write_noise=0.1),
        "event_memristor_float32": EventMemristorReservoir(dtype="float32", spread=0.1),
        "wox_plain": MemristorReservoir(100),
        "wox_taps": MemristorReservoir(150, n_taps=4, fan_in=None),
        "wox_tau_own": MemristorReservoir(20, tau=None, v_bias=1.2, dt_device=5e-3),
        "wox_tau_range": MemristorReservoir(6, tau=(0.01, 0.2), wiring="one_to_one", n_masks=2),
        "wox_spread_normal": MemristorReservoir(20, spread={"rate": ("normal", 0.1)}, **few),
        "wox_coupled": MemristorReservoir(70, spectral_radius=0.8, density=0.2),
        "tiox_masks": MemristorReservoir(70, device="tiox_zhong2021", n_masks=7, read_noise=0.02),
        "ag_pulse_spread": MemristorReservoir(70, device="ag_pulse", spread=0.1),
        "ag_dc": MemristorReservoir(10, device="ag_dc"),
        "ag_fast_coupled": MemristorReservoir(70, device="ag_fast", spectral_radius=0.5,
                                              v_bias=1.2),
    }  # fmt: skip


def observables() -> dict[str, Any]:
    """Reservoirs of every observable of the devices that have several."""
    from mottle.reservoir import MemristorReservoir, OscillatorReservoir, VO2Reservoir

    found: dict[str, Any] = {}
    for observable in ("voltage", "current", "temperature", "spikes"):
        found[f"vo2_{observable}"] = VO2Reservoir(
            70,
            regime="oscillating",
            observable=observable,
            dt_device=2e-7,
            spread=0.05,
            temperature_noise=100.0,
        )
    found["vo2_coupled"] = VO2Reservoir(
        70, regime="oscillating", thermal_coupling=0.02, dt_device=2e-7, temperature_noise=133.0
    )
    for observable in ("voltage", "current", "spikes", "frequency", "phase"):
        found[f"oscillator_{observable}"] = OscillatorReservoir(
            70, regime="oscillating", observable=observable
        )
    for device in ("wox_du2017", "tiox_zhong2021", "ag_pulse", "ag_fast"):
        for observable in ("state", "conductance", "current"):
            found[f"{device}_{observable}"] = MemristorReservoir(
                70, device=device, observable=observable
            )
    return found


def of_reservoirs() -> dict[str, str]:
    """Digests of draws, states, features, energies and live runs."""
    from sklearn.base import clone

    found, X = {}, drive()
    X = np.concatenate([X, np.full((1, *X.shape[1:]), np.nan)])
    ragged = [x[: 20 + 5 * i] for i, x in enumerate(X[:3])]
    for name, node in reservoirs().items():
        node.fit(X[:3])
        drawn = [getattr(node, key) for key in DRAWN if hasattr(node, key)]
        found[f"{name}: draws"] = digest(*drawn)
        found[f"{name}: states"] = digest(node.transform(X))
        found[f"{name}: ragged states"] = digest(node.transform(ragged))
        found[f"{name}: keyed states"] = digest(node.states(X[:3], keys=[5, 6, 7])["states"])
        if hasattr(node, "energy"):
            found[f"{name}: energies"] = digest(node.energy(X[:3]))
        metered = hasattr(node, "energy")
        state, parts = node.start(3, **({"meter": True} if metered else {})), []
        for begin in range(0, 40, 7):
            state, part = node.advance(state, X[:3, begin : begin + 7])
            parts.append(part)
        spent = () if state.spent is None else (state.spent,)
        found[f"{name}: live"] = digest(np.concatenate(parts, 1), state.values, state.keys, *spent)
        pooled = (
            clone(node).set_params(pool=("mean", "last", "max", "std"), n_segments=3).fit(X[:3])
        )
        found[f"{name}: features"] = digest(pooled.transform(X))
        found[f"{name}: names"] = digest(pooled.get_feature_names_out())
    return found


def events(n_recordings: int = 3) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    dtype = [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1")]
    out = []
    for k in range(n_recordings):
        n = 2000 + 100 * k
        stream = np.zeros(n, dtype)
        stream["t"] = np.sort(rng.integers(0, 300_000, n))
        stream["x"], stream["y"] = rng.integers(0, 34, (2, n))
        stream["p"] = rng.integers(0, 2, n)
        out.append(stream)
    return out


def of_events() -> dict[str, str]:
    """Digests of reservoirs, layers and encoders of event streams."""
    from mottle.reservoir import EventMemristorReservoir, STDPLayer
    from mottle.sensors import EventRate, TimeSurface

    streams = events()
    found = {}
    stages = {
        "event_memristor": EventMemristorReservoir(random_state=0),
        "event_memristor_cells": EventMemristorReservoir(
            tau=(0.02, 0.1), cell=2, polarity="sum", write_noise=0.05, spread=0.1, random_state=0
        ),
        "event_memristor_pooled": EventMemristorReservoir(
            pool=("mean", "std"), n_segments=2, dtype="float32", random_state=0
        ),
        "stdp_events": STDPLayer(12, field=9, n_fields=4, n_segments=2, verbose=False,
                                 random_state=0),
        "event_rate": EventRate(n_steps=12),
        "time_surface": TimeSurface(n_steps=12),
    }  # fmt: skip
    for name, stage in stages.items():
        found[name] = digest(stage.fit(streams).transform(streams))
    node = stages["event_memristor"]
    state = node.start(3)
    shifted = []
    for stream in streams:
        stream = stream.copy()
        stream["t"] -= stream["t"][0]
        shifted.append(stream)
    step, parts = node.duration_ / node.n_steps * 1e6, []
    for k in range(node.n_steps):
        chosen = [s[(s["t"] >= k * step) & (s["t"] < (k + 1) * step)] for s in shifted]
        state, part = node.advance(state, chosen)
        parts.append(part)
    found["event_memristor: live"] = digest(np.concatenate(parts, 1), state.values, state.keys)
    return found


def of_layers() -> dict[str, str]:
    """Digests of learning layers, readouts, crossbars and the account of energies."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from mottle.reservoir import (
        Consolidation,
        Crossbar,
        CrossbarReadout,
        MemristorReservoir,
        OscillatorMemory,
        RidgeReadout,
        STDPLayer,
        energy_report,
        energy_summary,
        fit_stream,
        predict_stream,
    )

    rng = np.random.default_rng(2)
    counts, found = rng.poisson(0.5, (10, 50, 8)), {}
    for device in (None, "reram_sb", "ftj_hzo", "memdiode_hfo2", "wox_du2017"):
        layer = STDPLayer(4, n_segments=2, device=device, verbose=False, random_state=0)
        layer.set_params(learning_rate=0.02)
        try:
            found[f"stdp on {device}"] = digest(layer.fit_transform(counts), layer.weights_)
        except ValueError as error:
            found[f"stdp on {device}"] = digest(str(error)[:20])
    consolidation = Consolidation(nonvolatile="reram_sb", random_state=0)
    found["consolidation"] = digest(consolidation.forgetting(n_pulses=(1, 5)))
    X, y = rng.normal(size=(60, 12)), rng.integers(0, 3, 60)
    ridge = RidgeReadout().fit(X, y)
    found["ridge"] = digest(ridge.coef_, ridge.intercept_, ridge.predict_proba(X))
    for device in ("cmo_hfox", "memdiode_hfo2", "nbsto_interface", "reram_sb", "pcm"):
        try:
            crossbar = Crossbar((32, 32), device=device)
            readout = CrossbarReadout(LogisticRegression(), crossbar, random_state=0).fit(X, y)
            found[f"crossbar readout on {device}"] = digest(
                readout.decision_function(X), readout.age(3600.0).decision_function(X)
            )
        except ValueError as error:
            found[f"crossbar readout on {device}"] = digest(str(error)[:20])
    model = make_pipeline(
        MemristorReservoir(20, pool="mean", random_state=0), CrossbarReadout(RidgeReadout())
    ).set_params(crossbarreadout__random_state=0)
    D = rng.uniform(-1, 1, (20, 10, 2))
    report = energy_report(model.fit(D, np.arange(20) % 2), D)
    found["energy report"] = digest(report["energy"].to_numpy(), report["count"].to_numpy())
    found["energy summary"] = digest(energy_summary(report).to_numpy())
    long = rng.uniform(-1, 1, (2000, 1))
    node = MemristorReservoir(30, read_noise=0.01, random_state=0).fit(long)
    readout = fit_stream(node, RidgeReadout(), long, long[:, 0], washout=20, chunk=300)
    found["stream"] = digest(readout.coef_, predict_stream(node, readout, long, chunk=128))
    patterns = np.sign(rng.normal(size=(2, 12)))
    memory = OscillatorMemory().fit(patterns)
    found["oscillator memory"] = digest(memory.recall(patterns[:1]))
    return found


def of_devices() -> dict[str, str]:
    """Digests of all presets under a waveform."""
    from mottle.reservoir import devices, spike_energy

    found = {"list": digest(devices.list().reset_index().to_numpy().astype(str).tolist())}
    for name, row in devices.list().iterrows():
        preset, dt = devices.get(name), row.time_scale / 20
        if row.kind == "programming":
            run = devices.program(preset, np.linspace(preset.g_min, preset.g_max, 9), [1, 1e4],
                                  random_state=0)  # fmt: skip
        else:
            scale = getattr(preset, "window", (0.0, 2.0))[1] * 0.7
            scale = 1e-6 if name == "nbo2_hh" else scale
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                run = devices.simulate(preset, scale * np.sin(np.arange(300) / 20) ** 2, dt)
        found[name] = digest({key: run[key] for key in run.data_vars})
    for name in ("vo2_pwl", "vo2_neuristor"):
        found[f"spike energy of {name}"] = digest(spike_energy(name).to_numpy())
    return found


def of_senses() -> dict[str, str]:
    """Digests of encoders and generators, and of shipped recordings."""
    from mottle import datasets, sensors

    scene = datasets.make_scene(n_recordings=6, random_state=0)
    found = {"scene": digest([digest(np.asarray(c)) for c in scene.table.to_numpy().ravel()])}
    for name in ("henon", "lorenz63", "lorenz96", "mackey_glass", "memory_task", "narma",
                 "nonlinear_channel", "rossler", "sine_square", "waveform_classes"):  # fmt: skip
        make = getattr(datasets, name)
        seed = {"random_state": 0} if "random_state" in inspect.signature(make).parameters else {}
        found[name] = digest(make(200, **seed))
    table, target, groups = datasets.load_demo("senses")
    found["senses"] = digest(target, groups)
    for sense in table:
        kinds = {"sight": ("EventRate", "TimeSurface"), "touch": ("TaxelDrive", "LevelCrossing"),
                 "smell": ("GasDrive", "LevelCrossing")}[sense]  # fmt: skip
        for kind in kinds:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                encoder = getattr(sensors, kind)()
                found[f"{kind} of {sense}"] = digest(encoder.fit_transform(table[sense]))
    return found


def of_recipes() -> dict[str, str]:
    """Digests of the scores of shipped recipes, two seeds."""
    from mottle.datasets import data_home
    from mottle.pipelines import read_recipe, run_recipe
    from mottle.pipelines.recipe import shipped

    found = {}
    for name in shipped():
        if name in SLOW_RECIPES and not (data_home() / "nmnist").exists():
            continue
        recipe, _ = read_recipe(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = run_recipe(recipe.model_copy(update={"seeds": [0, 1]}))
        for (reservoir, inputs), rows in result.scores.groupby(["reservoir", "inputs"]):
            order = rows.sort_values(["missing", "seed"])
            found[f"{name}: {reservoir}, {inputs}"] = digest(order["score"].to_numpy())
        print(f"{name}: {result.seconds:.0f} s", flush=True)
    return found


def main(target: str, fast: bool) -> None:
    """Write all digests to a file."""
    parts = [of_reservoirs, of_events, of_layers, of_devices, of_senses]
    found = {}
    for part in parts if fast else [*parts, of_recipes]:
        found |= {f"{part.__name__[3:]}/{key}": value for key, value in part().items()}
    with open(target, "w", encoding="utf-8") as file:
        json.dump(found, file, indent=1, sort_keys=True)
    print(f"{len(found)} digests in {target}")


def compare(before: str, after: str) -> int:
    """Say which digests differ; return how many."""
    with open(before, encoding="utf-8") as one, open(after, encoding="utf-8") as two:
        old, new = json.load(one), json.load(two)
    changed = [key for key in old if key in new and old[key] != new[key]]
    lines = [f"differs: {key}" for key in changed]
    lines += [f"only before: {key}" for key in old if key not in new]
    lines += [f"only after: {key}" for key in new if key not in old]
    print("\n".join([*lines, f"{len(old.keys() & new.keys()) - len(changed)} agree"]))
    return len(lines)


if __name__ == "__main__":
    if sys.argv[1] == "--compare":
        sys.exit(bool(compare(*sys.argv[2:4])))
    main(sys.argv[1], "--fast" in sys.argv)
