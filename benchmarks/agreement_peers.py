"""Measure states with another package: run by benchmarks/agreement.py with that package's Python.

    python agreement_peers.py PACKAGE FOLDER

Reads states.npz of the folder, writes PACKAGE.json, and PACKAGE.npz where there are arrays. Needs
numpy and the package alone, so that mottle need not be installed beside it.
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

MAX_LAG = 40  # memory capacity
MAX_DELAY = 10  # information capacity
TRAIN = 8000  # steps that readouts are fitted on; 2000 more to test


def rcbench(data: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what rcbench measures."""
    import logging

    from rcbench import (
        GeneralizationRankEvaluator,
        IPCEvaluator,
        KernelRankEvaluator,
        MemoryCapacityEvaluator,
        NarmaEvaluator,
    )
    from rcbench.tasks.narma import generate_narma_target

    logging.disable(logging.CRITICAL)
    out: dict[str, Any] = {}
    u = data["u"]
    for name in ("echo", "wox", "line"):
        x = data[name]
        evaluator = MemoryCapacityEvaluator(u, x, max_delay=MAX_LAG)
        for label, options in {
            "linear": {"modeltype": "Linear", "num_features": "all"},
            "ridge": {"num_features": "all"},
            "defaults": {},
        }.items():
            found = evaluator.calculate_total_memory_capacity(**options)
            out[f"{name} memory {label}"] = float(found["total_memory_capacity"])
            out[f"{name} lags {label}"] = [float(r) for r in found["delay_results"].values()]
            out[f"{name} columns {label}"] = [int(i) for i in evaluator.selected_features]
        ipc = IPCEvaluator(u, x, max_delay=MAX_DELAY, max_degree=2)
        found = ipc.calculate_total_capacity(modeltype="Linear")
        out[f"{name} degrees"] = [float(found["capacity_by_degree"][k]) for k in (1, 2)]
        rank, singular = KernelRankEvaluator(x).compute_kernel_rank()
        out[f"{name} rank"] = int(rank)
        out[f"{name} singular"] = np.sqrt(singular / singular[0]).tolist()
    ipc = IPCEvaluator(u, data["products"], max_delay=3, max_degree=3)
    out["products degree 3"] = float(
        ipc.calculate_total_capacity(modeltype="Linear")["capacity_by_degree"][3]
    )
    for name in ("unlike", "alike"):
        rank, _ = GeneralizationRankEvaluator(data[name]).compute_generalization_rank()
        out[f"{name} rank"] = int(rank)
    out["known rank, kernel"] = int(
        KernelRankEvaluator(data["known"], threshold=1e-3).compute_kernel_rank()[0]
    )
    out["known rank, generalisation"] = int(
        GeneralizationRankEvaluator(data["known"], threshold=1e-3).compute_generalization_rank()[0]
    )
    task = NarmaEvaluator(u, data["echo"])
    truth, forecast = data["truth"][:, 0], data["forecast"][:, 0]
    out["error"] = float(task.evaluate_metric(truth, forecast, "RNMSE"))
    terms = {"alpha": 0.3, "beta": 0.05, "gamma": 1.5, "delta": 0.1}
    target = generate_narma_target(data["narma_u"], 10, terms)
    out["narma"] = float(np.sqrt(np.mean(target[500:] ** 2)))
    return out, {"narma": target}


def openprc(data: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what openprc measures."""
    from openprc.analysis import correlation
    from openprc.analysis.tasks.imitation import NARMA_task, memory_task

    out: dict[str, Any] = {}
    u = data["u"]
    parts = {"washout": MAX_LAG, "train_stop": MAX_LAG + TRAIN, "test_duration": 2000}
    for name in ("echo", "wox", "line"):
        x = data[name]
        x = (x - x.mean(axis=0)) / x.std(axis=0)  # as its MemoryBenchmark does
        found = memory_task(x, u, tau_s=MAX_LAG, n_s=1, eps=0.0, **parts)
        out[f"{name} memory"] = float(found["linear_memory_capacity"])
        out[f"{name} lags"] = [float(c) for c in found["capacities"]]
        order = np.argmax(found["exponents"], axis=1)
        out[f"{name} order"] = order.tolist()
        found = memory_task(x, u, tau_s=MAX_DELAY, n_s=2, eps=0.0, **parts)
        out[f"{name} degrees"] = [
            float(found["capacities"][found["degrees"] == k].sum()) for k in (1, 2)
        ]
        redundancy = correlation.Redundancy(data[name])
        out[f"{name} effective rank"] = float(redundancy.rank)
        out[f"{name} condition"] = float(redundancy.condition)
    target = NARMA_task(data["narma_u"], 10).ravel()
    out["narma"] = float(np.sqrt(np.mean(target[500:] ** 2)))
    return out, {"narma": target}


def resdag(data: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what resdag measures of a network with given weights."""
    import pytorch_symbolic as symbolic
    import torch
    from resdag import metrics
    from resdag.core import ESNModel
    from resdag.layers import ESNLayer
    from resdag.layers.readouts import CGReadoutLayer
    from resdag.utils import esp_index

    n = len(data["weights"])
    leak = float(data["leak"])
    layer = ESNLayer(n, feedback_size=1, leak_rate=leak, bias=False, spectral_radius=0.9, seed=0)
    inputs = symbolic.Input((100, 1))
    model = ESNModel(inputs, CGReadoutLayer(n, 1)(layer(inputs))).double()
    torch.set_default_dtype(torch.float64)
    layer.cell.weight_hh.data = torch.tensor(data["weights"])
    layer.cell.weight_feedback.data = torch.tensor(data["input_weights"])
    out: dict[str, Any] = {}
    washout, n_train, n_test = 200, 5760, 2000
    for label, alpha in (("linear", 0.0), ("defaults", 1e-8)):
        total, curve = metrics.memory_capacity(
            layer, max_delay=MAX_LAG, n_samples=n_train, test_samples=n_test, washout=washout,
            alpha=alpha, seed=0, return_curve=True,
        )  # fmt: skip
        out[f"memory {label}"], out[f"lags {label}"] = float(total), curve.tolist()
    generator = torch.Generator().manual_seed(0)
    drives = [
        2 * torch.rand(1, washout + MAX_LAG + count, 1, generator=generator) - 1
        for count in (n_train, n_test)
    ]
    drive = torch.tensor(data["u"][:3000])[None, :, None]
    layer.reset_state(batch_size=1)
    states = layer(drive)
    out["exponent"] = float(metrics.reservoir_lyapunov(layer, drive, horizon=3000, transient=1000))
    out["radius"] = float(metrics.effective_spectral_radius(layer, states))
    torch.manual_seed(0)
    _, history = esp_index(model, drive[:, :400], history=True, iterations=4, verbose=False)
    torch.manual_seed(0)
    starts = []
    for _ in range(4):
        layer.set_random_state()
        starts.append(layer.state.detach().numpy()[0].copy())
    distances = next(iter(history.values()))[0].numpy()[:, :, 0]
    truth, forecast = (torch.tensor(data[name])[None] for name in ("truth", "forecast"))
    out["error"] = float(metrics.nrmse(forecast[..., :1], truth[..., :1]))
    out["error of all"] = float(metrics.nrmse(forecast, truth))
    for threshold in (0.2, 0.4):
        out[f"valid time {threshold}"] = float(
            metrics.valid_prediction_time(forecast, truth, threshold=threshold)
        )
    truth, forecast = (torch.tensor(data[name]) for name in ("truths", "forecasts"))
    out["valid time of runs"] = float(metrics.valid_prediction_time(forecast, truth, threshold=0.4))
    arrays = {"train_u": drives[0].numpy()[0, :, 0], "test_u": drives[1].numpy()[0, :, 0],
              "states": states.detach().numpy()[0], "starts": np.stack(starts),
              "distances": distances}  # fmt: skip
    return out, arrays


def reservoirpy(data: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what reservoirpy measures of a network with given weights."""
    from reservoirpy import observables
    from reservoirpy.nodes import Reservoir, Ridge
    from scipy import sparse

    out: dict[str, Any] = {}
    weights, inputs, leak = data["weights"], data["input_weights"], float(data["leak"])
    u = data["u"][:, np.newaxis]
    for label, ridge in (("linear", 0.0), ("ridge", 1e-4)):
        model = Reservoir(W=weights, Win=inputs, bias=0.0, lr=leak) >> Ridge(ridge=ridge)
        found = observables.memory_capacity(
            model, k_max=MAX_LAG, as_list=True, series=u, test_size=2000
        )
        out[f"memory {label}"], out[f"lags {label}"] = float(found.sum()), found.tolist()
    node = Reservoir(W=weights, Win=inputs, bias=0.0, lr=leak)
    states = node.run(u[:3000])
    out["spectral radius"] = float(observables.spectral_radius(weights))
    out["spectral radius, sparse"] = float(observables.spectral_radius(sparse.csr_array(weights)))
    out["effective radius"] = float(observables.effective_spectral_radius(weights, leak))
    truth, forecast = data["truth"][:, :1], data["forecast"][:, :1]
    for norm in ("minmax", "var"):
        out[f"error {norm}"] = float(observables.nrmse(truth, forecast, norm=norm))
    out["error of the mean, times 10"] = float(
        observables.nrmse(10 * truth, np.full_like(truth, 10 * truth.mean()), norm="var")
    )
    out["error sd"] = float(observables.nrmse(truth, forecast, norm_value=truth.std()))
    out["r2"] = float(observables.rsquare(truth, forecast))
    return out, {"states": states}


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    package, folder = sys.argv[1], Path(sys.argv[2])
    with np.load(folder / "states.npz") as file:
        numbers, arrays = globals()[package](dict(file))
    (folder / f"{package}.json").write_text(json.dumps(numbers), encoding="utf-8")
    np.savez(folder / f"{package}.npz", **arrays)
