"""States recorded on a simulated bench: noise, trigger delay, offset clocks, converters, files."""

import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat
from sklearn.model_selection import GroupKFold, cross_val_score

from mottle.datasets import read_states, step_target, tabulate_states
from mottle.datasets.measured.alignment import find_delay
from mottle.pipelines import compare_states, run_recipe
from mottle.pipelines.report import write_report
from mottle.reservoir import MemristorReservoir, NVARReservoir, SequenceReadout, quality

h5py = pytest.importorskip("h5py")
N_RUNS, N_STEPS, N_NODES, DT, DELAY, BITS = 3, 1200, 12, 2e-3, 23, 12
NOISE = 1e-3  # of the standard deviation of a channel
CHANNELS = [f"I{k}" for k in range(N_NODES)]


def digitise(states, rng, *, noise=NOISE, delay=DELAY, scale=None):
    """Return what a digitiser stores, started ``delay`` samples early, and its step."""
    rest = np.repeat(states[:1], max(delay, 0), axis=0)
    x = np.concatenate([rest, states[max(-delay, 0) :]])
    x = x + noise * states.std(axis=0) * rng.normal(size=x.shape)
    low, high = scale or (x.min() - 0.1 * np.ptp(x), x.max() + 0.1 * np.ptp(x))
    code = np.clip(np.round((x - low) / (high - low) * (2**BITS - 1)), 0, 2**BITS - 1)
    lsb = (high - low) / (2**BITS - 1)
    return low + lsb * code, lsb


class Bench:
    """Runs of a memristor reservoir, as simulated and as recorded."""

    def __init__(self, folder):
        rng = np.random.default_rng(5)
        self.u = rng.uniform(-1, 1, (N_RUNS, N_STEPS))
        reservoir = MemristorReservoir(N_NODES, random_state=0)
        self.states = reservoir.fit_transform(self.u[..., np.newaxis])
        room = 0.1 * np.ptp(self.states)
        scale = self.states.min() - room, self.states.max() + room
        recorded = [digitise(one, rng, scale=scale) for one in self.states]
        self.recorded, self.lsb = [x for x, _ in recorded], recorded[0][1]
        self.csv, self.drives = [], []
        for k, x in enumerate(self.recorded):
            clock = 1000.0 * (417.25 + 60 * k) + 1000 * DT * np.arange(len(x))  # ms, runs on
            frame = pd.DataFrame(x, columns=CHANNELS)
            frame.insert(0, "time (ms)", clock)
            self.csv.append(folder / f"run{k}.csv")
            frame.to_csv(self.csv[-1], index=False)
            own = pd.DataFrame({"time (s)": DT * np.arange(N_STEPS), "u": self.u[k]})
            self.drives.append(folder / f"drive{k}.csv")
            own.to_csv(self.drives[-1], index=False)
        self.hdf5 = folder / "bench.h5"
        with h5py.File(self.hdf5, "w") as file:
            for k, x in enumerate(self.recorded):
                file[f"run{k}/current"] = x
                file[f"run{k}/current"].attrs["sampling_rate"] = 1 / DT
        self.keys = [f"run{k}/current" for k in range(N_RUNS)]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def measured(bench):
    return read_states(bench.csv, u_path=bench.drives, units="A", u_units="V")


def test_states_written_to_csv_come_back_within_noise_and_quantisation(bench, measured):
    assert dict(measured.states.sizes) == {"recording": 3, "step": N_STEPS, "node": N_NODES}
    assert measured.delay.values.tolist() == [DELAY] * 3
    assert measured.attrs["delay"] == "23, 23, 23"
    assert measured.attrs["delay_from"] == "correlation"
    assert (measured.correlation > 0.9).all()
    noise = NOISE * bench.states.std(axis=1, keepdims=True)
    assert (np.abs(measured.states - bench.states) <= bench.lsb / 2 + 5.5 * noise).all()
    assert measured.attrs["dt"] == pytest.approx(DT)
    assert measured.time_start.values == pytest.approx(
        [417.25 + 60 * k + 23 * DT for k in range(3)]
    )
    assert measured.channel.values.tolist() == CHANNELS
    assert measured.attrs["units"] == measured.states.attrs["units"] == "A"
    np.testing.assert_array_equal(measured.u[..., 0], bench.u)
    assert "23 samples before the input" in measured.attrs["notes"][0]


def test_hdf5_gives_the_same_states_as_csv(bench, measured):
    found = read_states(bench.hdf5, key=bench.keys, u=list(bench.u), channels=None)
    np.testing.assert_allclose(found.states, measured.states, rtol=1e-12)
    assert found.delay.values.tolist() == [DELAY] * 3
    assert found.recording.values.tolist() == bench.keys
    assert found.attrs["dt"] == pytest.approx(DT)


def test_a_dataset_of_states_has_the_form_that_a_reservoir_gives(bench, measured):
    own = MemristorReservoir(N_NODES, random_state=0).fit(bench.u[..., np.newaxis])
    simulated = own.states(bench.u[..., np.newaxis], times=DT * np.arange(N_STEPS))
    assert measured.states.dims == simulated.states.dims
    assert set(simulated.coords) - {"input"} <= set(measured.coords)
    assert set(simulated.data_vars) <= set(measured.data_vars)
    assert set(simulated.attrs) - {"noise_seed"} <= set(measured.attrs)


def test_memory_of_measured_states_is_that_of_the_simulated_ones_with_the_same_noise(
    bench, measured
):
    """Noise and quantisation cost memory; what is left agrees with the same noise simulated."""
    found = quality.memory_capacity(measured, max_lag=10)
    assert found.memory_capacity.dims == ("recording",)
    rng = np.random.default_rng(1)
    noise = np.hypot(NOISE * bench.states.std(axis=1, keepdims=True), bench.lsb / np.sqrt(12))
    noisy = bench.states + noise * rng.normal(size=bench.states.shape)
    for k in range(N_RUNS):
        expected = quality.memory_capacity(noisy[k], bench.u[k], max_lag=10)
        bare = quality.memory_capacity(bench.states[k], bench.u[k], max_lag=10)
        # a few standard errors of correlations on 327 held-out steps
        assert float(found.memory_capacity[k]) == pytest.approx(
            float(expected.memory_capacity), abs=0.2
        )
        assert float(found.memory_capacity[k]) < float(bare.memory_capacity)


def test_runs_are_measured_apart(bench, measured):
    together = quality.memory_capacity(measured, max_lag=5)
    for k in range(N_RUNS):
        alone = quality.memory_capacity(measured.states.values[k], bench.u[k], max_lag=5)
        np.testing.assert_allclose(together.r2[k], alone.r2)
    given = quality.memory_capacity(measured, list(bench.u), max_lag=5)
    np.testing.assert_array_equal(given.r2, together.r2)
    assert quality.kernel_rank(measured).attrs["n_inputs"] == N_RUNS


def test_repeated_runs_are_consistent_and_others_are_refused(bench, measured):
    with pytest.raises(ValueError, match=r"run 'run1' has another input than run 'run0'"):
        quality.consistency(measured)
    same = measured.isel(recording=[0, 0])
    assert float(quality.consistency(same).consistency.min()) == pytest.approx(1)


@pytest.mark.parametrize("delay", [-31, 0, 40])
@pytest.mark.parametrize("hold", [1, 4])
def test_the_delay_is_found_to_the_sample(bench, delay, hold):
    rng = np.random.default_rng(abs(delay) + hold)
    samples = np.repeat(bench.states[0], hold, axis=0)
    x, _ = digitise(samples, rng, noise=0.01, delay=delay)
    u = bench.u[0][:, np.newaxis]
    assert find_delay(x, u, hold, 60, "a run").samples == delay


@pytest.mark.parametrize("response", [np.square, np.tanh], ids=["even", "odd"])
def test_the_delay_is_found_for_correlated_input_and_even_responses(response):
    rng = np.random.default_rng(2)
    u = np.zeros(2000)
    for t in range(1, u.size):
        u[t] = 0.9 * u[t - 1] + rng.normal()
    x = np.stack([np.roll(response(u), 8), np.roll(response(u), 9)], axis=1)
    x = x + 0.01 * rng.normal(size=x.shape)
    assert find_delay(x, u[:, np.newaxis], 1, 50, "a run").samples == 8


def test_samples_of_a_held_step_become_its_state(tmp_path):
    u = np.random.default_rng(0).uniform(-1, 1, 300)
    x = (
        np.repeat(np.stack([u, u**3], axis=1), 4, axis=0)
        + 1e-3 * np.tile(np.arange(4), 300)[:, None]
    )
    np.save(tmp_path / "x.npy", np.concatenate([np.zeros((6, 2)), x]))
    options = {"u": u, "hold": 4, "dt": 0.25, "full_scale": (-9, 9)}
    last = read_states(tmp_path / "x.npy", **options)
    assert int(last.delay[0]) == 6
    assert last.attrs["dt"] == 1.0
    np.testing.assert_allclose(last.states[0, :, 0], u + 3e-3)
    mean = read_states(tmp_path / "x.npy", of_hold="mean", **options)
    np.testing.assert_allclose(mean.states[0, :, 0], u + 1.5e-3)
    nodes = read_states(tmp_path / "x.npy", of_hold="nodes", **options)
    assert nodes.channel.values.tolist()[:3] == ["0@0", "1@0", "0@1"]
    np.testing.assert_allclose(nodes.states[0, :, 4], u + 2e-3)


@pytest.fixture(scope="module")
def small():
    rng = np.random.default_rng(8)
    u = rng.uniform(-1, 1, (2, 400))
    return u, np.stack([np.stack([v, np.roll(v, 1) + v**2], axis=1) for v in u])


def forms(folder, u, x):
    """Write the same two runs in every form; yield the arguments that read it."""
    np.save(folder / "x.npy", x)
    yield folder / "x.npy", {"u": list(u)}
    np.savez(folder / "x.npz", x=x, u=u[..., np.newaxis])
    yield folder / "x.npz", {"key": "x", "u_key": "u"}
    savemat(folder / "x.mat", {"a": x[0], "b": x[1]})
    yield folder / "x.mat", {"key": ["a", "b"], "u": list(u)}
    with h5py.File(folder / "x73.mat", "w", userblock_size=512) as file:
        file["a"], file["b"] = x[0].T, x[1].T  # MATLAB stores columns one after another
    with (folder / "x73.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file")
    yield folder / "x73.mat", {"key": ["a", "b"], "u": list(u)}
    frames = [pd.DataFrame({"u": u[k], "A": x[k, :, 0], "B": x[k, :, 1]}) for k in range(2)]
    frames[0].to_csv(folder / "a.csv", index=False)
    frames[1].to_csv(folder / "b.tsv", index=False, sep="\t")
    yield [folder / "a.csv", folder / "b.tsv"], {"u_column": "u"}
    pd.concat([one.assign(run=f"r{k}") for k, one in enumerate(frames)]).to_csv(
        folder / "long.csv", index=False
    )
    yield folder / "long.csv", {"u_column": "u", "run_column": "run"}


def test_every_form_of_file_gives_the_same_states(tmp_path, small):
    u, x = small
    for paths, options in forms(tmp_path, u, x):
        found = read_states(paths, full_scale=(-9, 9), **options)
        np.testing.assert_allclose(found.states, x, rtol=1e-12, err_msg=str(paths))
        np.testing.assert_allclose(found.u[..., 0], u, rtol=1e-12, err_msg=str(paths))
        assert found.delay.values.tolist() == [0, 0]


def test_runs_of_unequal_length_are_noted_and_measured_without_their_padding(tmp_path, small):
    u, x = small
    for k, n in enumerate((400, 330)):
        np.save(tmp_path / f"{k}.npy", x[k, :n])
    paths = [tmp_path / "0.npy", tmp_path / "1.npy"]
    found = read_states(paths, u=[u[0], u[1][:330]])
    assert found.row_size.values.tolist() == [400, 330]
    assert np.isnan(found.states[1, 330:]).all()
    assert "runs have 330 to 400 steps" in found.attrs["notes"][-1]
    memory = quality.memory_capacity(found, max_lag=3, washout=10)
    assert memory.r2.shape == (2, 3)
    assert np.isfinite(memory.r2).all()
    with pytest.raises(ValueError, match="runs have 330 to 400 steps, and are compared step"):
        quality.consistency(found)


def frame(x, dt=1e-3):
    return pd.DataFrame({"time": dt * np.arange(len(x)), "A": x[:, 0], "B": x[:, 1]})


def faulty(kind, u, x, path):
    """Write a file with one fault; return the options that read it."""
    table = frame(x)
    if kind == "missing value":
        table.loc[17, "B"] = np.nan
    if kind == "lost samples":
        table = table.drop(index=range(200, 203))
    if kind == "dead":
        table[["A", "B"]] = 0.25
    table.to_csv(path, index=False)
    if kind == "other clock":
        own = path.with_name("u.csv")
        pd.DataFrame({"time": 1.01e-3 * np.arange(len(u)), "u": u}).to_csv(own, index=False)
        return {"u_path": own}
    return {
        "wrong input": {"u": np.random.default_rng(99).uniform(-1, 1, len(u))},
        "repeats": {"u": np.tile(u[:40], 10)},
        "sine": {"u": np.sin(np.arange(len(u)) / 5)},
        "constant": {"u": np.ones(len(u))},
        "short": {"u": u[:50]},
        "far": {"u": u, "delay": 400},
    }.get(kind, {"u": u})


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("missing value", r"x\.csv holds nan in row 17, channel 'B' \(1 such values\)"),
        ("lost samples", r"x\.csv: samples are 0.001 s apart, but 0.004 s at step 200"),
        ("dead", r"x\.csv: all 2 channels are constant \('A' is 0.25\)"),
        ("other clock", r"u\.csv: a step of the input lasts 0.00101 s, .* 4 steps apart"),
        ("wrong input", r"x\.csv: the input is not correlated with the states at any delay"),
        ("sine", r"the past of the input predicts 100 % of it.*state it with delay="),
        ("constant", r"input 'u' is constant \(1\): nothing drives the states"),
        ("short", r"leave 0 steps to find a delay of up to 100 samples"),
        ("far", r"with a delay of 400 samples, 400 samples and 400 steps .* no step in common"),
    ],
)
def test_a_fault_is_refused_by_file_channel_and_step(tmp_path, small, kind, text):
    u, x = small[0][0], small[1][0]
    options = faulty(kind, u, x, tmp_path / "x.csv")
    with pytest.raises(ValueError, match=text):
        read_states(tmp_path / "x.csv", **options)


def test_an_input_that_repeats_itself_is_ambiguous():
    u = np.tile(np.random.default_rng(0).uniform(-1, 1, 150), 5)
    x = np.stack([u, u**2], axis=1)
    with pytest.raises(ValueError, match=r"ambiguous: .* repeats itself after 150 .* below 75"):
        find_delay(x, u[:, np.newaxis], 1, 80, "a run")
    assert find_delay(x, u[:, np.newaxis], 1, 30, "a run").samples == 0


def test_a_delay_at_the_edge_of_the_search_is_not_taken(small):
    u, x = small[0][0], small[1][0]
    with pytest.raises(ValueError, match=r"at a delay of -20 samples already.*raise max_delay=20"):
        find_delay(x[20:], u[:, np.newaxis], 1, 20, "a run")


@pytest.mark.parametrize("lost", [1, -1, 3])
def test_samples_lost_within_a_run_are_found(lost):
    u = np.random.default_rng(3).uniform(-1, 1, 2000)
    x = np.stack([u, np.roll(u, 1) + u**2], axis=1)
    half = 1000
    x = np.concatenate([x[:half], x[half + lost :]] if lost > 0 else [x[:half], x[half - 1 :]])
    with pytest.raises(ValueError, match=rf"0 samples in the first half .* {-lost} in the second"):
        find_delay(x, u[:, np.newaxis], 1, 20, "a run")


def test_saturated_codes_and_dead_channels_are_counted_and_named(tmp_path, small):
    u, x = small[0][0], small[1][0]
    cut = np.column_stack([np.minimum(x[:, 0], 0.8), np.zeros(len(x)), x[:, 1]])
    n_cut = int((x[:, 0] >= 0.8).sum())
    first = int(np.argmax(x[:, 0] >= 0.8))
    table = pd.DataFrame(cut, columns=["A", "B", "C"])
    table.to_csv(tmp_path / "x.csv", index=False)
    text = rf"'A': {n_cut} of 400 samples are saturated, the first at step {first} \(0.8, "
    with pytest.warns(UserWarning, match=text):
        found = read_states(tmp_path / "x.csv", u=u, full_scale=(-9, 0.8), channels=["A", "B"])
    assert found.saturated.values.tolist() == [[n_cut, 0]]
    assert "channel 'B' is constant (0)" in found.attrs["notes"][0]
    with pytest.warns(UserWarning, match=rf"'A': {n_cut} of 400 samples look saturated"):
        read_states(tmp_path / "x.csv", u=u, channels=["A", "C"])


def test_missing_values_are_repaired_and_counted_if_that_is_stated(tmp_path, small):
    u, x = small[0][0], small[1][0]
    options = faulty("missing value", u, x, tmp_path / "x.csv")
    found = read_states(tmp_path / "x.csv", on_bad="repair", **options)
    assert float(found.states[0, 17, 1]) == pytest.approx((x[16, 1] + x[18, 1]) / 2)
    assert any("1 values interpolated" in note for note in found.attrs["notes"])
    with pytest.raises(ValueError, match="on_bad='drop' would leave out steps"):
        read_states(tmp_path / "x.csv", on_bad="drop", **options)


def test_runs_with_other_channels_or_clocks_are_refused(tmp_path, small):
    u, x = small
    frame(x[0]).to_csv(tmp_path / "a.csv", index=False)
    frame(x[1]).rename(columns={"B": "C"}).to_csv(tmp_path / "b.csv", index=False)
    frame(x[1], 2e-3).to_csv(tmp_path / "c.csv", index=False)
    a = tmp_path / "a.csv"
    with pytest.raises(ValueError, match=r"channels of .*b\.csv are not those .*only one has B, C"):
        read_states([a, tmp_path / "b.csv"], u=list(u))
    with pytest.raises(ValueError, match=r"c\.csv has samples 0.002 s apart, .*a\.csv 0.001 s"):
        read_states([a, tmp_path / "c.csv"], u=list(u))
    with pytest.raises(
        TypeError, match=r"no option 'maxdelay' *Did you mean 'max_delay'|max_delay"
    ):
        read_states(a, u=u[0], maxdelay=3)
    with pytest.raises(ValueError, match=r"given by u and u_column: give one"):
        read_states(a, u=u[0], u_column="A")


def test_targets_follow_from_the_recorded_input(measured):
    y = step_target(measured, "memory", max_delay=3)[1]
    u = measured.u.values[1, :, 0]
    np.testing.assert_array_equal(y[3:, 2], u[:-3])
    y = step_target(measured, "narma", bounds=(-1, 1))[0]
    v = (measured.u.values[0, :, 0] + 1) / 4
    t = 500
    grown = 0.3 * y[t - 1] + 0.05 * y[t - 1] * y[t - 10 : t].sum() + 1.5 * v[t - 9] * v[t] + 0.1
    assert y[t] == pytest.approx(grown)
    with pytest.raises(ValueError, match=r"run 'run0': the input is .* outside bounds=\(-0.5, 0.5"):
        step_target(measured, "narma", bounds=(-0.5, 0.5))
    with pytest.raises(ValueError, match=r"run 'run0' has 9 steps, and the task 'narma' needs"):
        step_target(measured.assign(row_size=("recording", [9, 9, 9])))


def test_a_wave_has_the_phase_of_the_recorded_sine(measured):
    turns = np.arange(N_STEPS) / 40
    sine = np.broadcast_to(np.sin(2 * np.pi * turns)[:, np.newaxis], (N_RUNS, N_STEPS, 1))
    square = step_target(measured.assign(u=(measured.u.dims, sine)), "square")[0]
    clear = np.abs(np.sin(2 * np.pi * turns)) > 1e-6
    np.testing.assert_array_equal(square[clear], np.sign(np.sin(2 * np.pi * turns))[clear])


def test_readouts_learn_from_measured_runs_in_cross_validation(bench, measured):
    target = [y[:, :2] for y in step_target(measured, "memory", max_delay=2)]
    table, target, groups = tabulate_states(measured, target)
    model, cv = SequenceReadout(washout=50), GroupKFold(3)
    scores = cross_val_score(model, table["states"].tolist(), list(target), groups=groups, cv=cv)
    simulated = cross_val_score(model, list(bench.states), list(target), groups=groups, cv=cv)
    assert ((scores < simulated) & (scores > simulated - 0.1) & (scores > 0.3)).all()


AS_IT_IS = {"kind": "TaxelDrive", "baseline": None, "scale": None}


def test_measured_states_stand_beside_simulated_ones_in_a_report(measured, tmp_path):
    """The simulated reservoir of seed 0 is the one on the bench, without noise."""
    target = [y[:, -1] for y in step_target(measured, "memory", max_delay=1)]
    result = compare_states(measured, target, washout=50, seeds=[0, 1], encoder=AS_IT_IS)
    score = result.scores.set_index(["reservoir", "seed"]).score
    assert set(score.index.levels[0]) == {"measured", "wox", "echo", "none"}
    assert score["wox", 0] < score["measured", 0] < score["wox", 0] + 0.05 < score["none", 0]
    assert score["measured", 0] == score["measured", 1]
    assert result.recipe["reservoirs"]["wox"]["n_nodes"] == N_NODES
    assert "each tested on one group" in result.split
    text = write_report(tmp_path / "report.html", [result]).read_text("utf-8")
    assert all(name in text for name in ("measured", "wox", "echo", "none", "run0.csv"))
    assert len(result.fold_scores) == 3 * 4 * 2
    other = measured.assign(states=measured.states * 2 + measured.states**2)
    changed = run_recipe(
        {**result.recipe, "reservoirs": {"measured": {"kind": "MeasuredReservoir"}}},
        recordings=tabulate_states(other, target),
    )
    assert changed.hashes["recordings"] != result.hashes["recordings"]


FROM_BENCH = """
title = "bench"
washout = 100
seeds = [0]
[data]
states = "run*.csv"
target = "memory"
task_options = { max_delay = 1 }
options = { u_path = ["drive0.csv", "drive1.csv", "drive2.csv"] }
[split]
kind = "one_group_out"
[encoders.input]
kind = "TaxelDrive"
baseline = "training"
[reservoirs.bench]
kind = "MeasuredReservoir"
"""


def test_a_recipe_names_the_files_of_a_bench(bench, measured):
    path = bench.csv[0].parent / "bench.toml"
    path.write_text(FROM_BENCH)
    found = run_recipe(path)
    before = [u[:, -1] for u in step_target(measured, "memory", max_delay=1)]
    own = {name: part for name, part in found.recipe.items() if name != "data"}
    same = run_recipe(own, recordings=tabulate_states(measured, before))
    np.testing.assert_array_equal(found.scores.score, same.scores.score)
    assert 0.1 < found.scores.score.iloc[0] < 0.9


@pytest.mark.parametrize(("old", "new", "text"), [
    ("u_path", "u_paht", "read_states has no option 'u_paht'; did you mean 'u_path'"),
    ('"memory"', '"memory2"', "data.target='memory2': of measured states it is one of narma"),
    ("max_delay = 1", "max_delay = 0", "data.task_options.max_delay=0"),
    ("encoders.input", "encoders.touch", "data.states has the one sense 'input'"),
    ('target = "memory"', "", "have no target: data.target is one of narma"),
    ('target = "memory"', 'pattern = "(?P<target>[a-z]+)"', "leave washout out"),
])  # fmt: skip
def test_a_wrong_key_of_a_bench_is_named(bench, tmp_path, old, new, text):
    recipe = FROM_BENCH.replace(old, new).replace('"run*', f'"{bench.csv[0].parent}/run*')
    recipe = recipe.replace('"drive', f'"{bench.csv[0].parent}/drive')
    (tmp_path / "bench.toml").write_text(recipe)
    with pytest.raises((ValueError, TypeError)) as caught:
        run_recipe(tmp_path / "bench.toml")
    assert text in str(caught.value)


def test_runs_with_a_label_each_are_classified_in_pieces(bench, tmp_path):
    recipe = FROM_BENCH.replace("washout = 100", "")
    recipe = recipe.replace('"one_group_out"', '"stratified"\nn_splits = 4')
    recipe = recipe.replace('target = "memory"', 'pattern = "(?P<target>run.)"\npieces = 4')
    recipe = recipe.replace('MeasuredReservoir"', 'MeasuredReservoir"\npool = "mean"')
    path = bench.csv[0].parent / "labels.toml"
    path.write_text(recipe)
    found = run_recipe(path)
    assert sorted(found.truth.target) == ["run0"] * 4 + ["run1"] * 4 + ["run2"] * 4


def test_a_delay_line_on_the_bench_scores_as_the_same_line_simulated(tmp_path):
    """States replayed from a file give the readout what the reservoir that wrote them gives."""
    u = np.random.default_rng(0).uniform(-1, 1, (3, 300))
    line = NVARReservoir(n_taps=5, degree=2)
    np.save(tmp_path / "x.npy", line.fit_transform(u[..., np.newaxis]))
    states = read_states(tmp_path / "x.npy", u=list(u), delay=0)
    target = step_target(states, "narma", order=5, bounds=(-1, 1))
    same = {"kind": "NVARReservoir", "n_taps": 5, "degree": 2}
    result = compare_states(
        states, target, washout=20, seeds=[0], reservoirs={"same": same},
        encoder=AS_IT_IS,
    )  # fmt: skip
    score = result.scores.set_index("reservoir").score
    assert score["measured"] == pytest.approx(score["same"], rel=1e-6)


def test_a_single_run_is_cut_into_pieces(measured):
    one = measured.isel(recording=[0])
    target = [y[:, -1] for y in step_target(one, "memory", max_delay=1)]
    with pytest.raises(ValueError, match="cut the run with n_pieces=5"):
        compare_states(one, target)
    result = compare_states(
        one, target, washout=20, n_pieces=4, seeds=[0], reservoirs={"none": {"kind": "NoReservoir"}}
    )
    assert result.n_recordings == 4
    assert len(result.fold_scores) == 8


def test_what_measured_states_do_not_allow_is_refused(measured):
    target = step_target(measured, "narma", bounds=(-1, 1))
    with pytest.raises(ValueError, match=r"steps, no more than washout=2000"):
        compare_states(measured, target, washout=2000, seeds=[0])
    with pytest.raises(ValueError, match=r"the states have no input: read_states takes it"):
        tabulate_states(measured.drop_vars("u"), target)
    with pytest.raises(ValueError, match=r"column='state' of MeasuredReservoir is no column"):
        compare_states(
            measured, target, seeds=[0],
            reservoirs={"two": {"kind": "MeasuredReservoir", "column": "state"}},
        )  # fmt: skip
    with pytest.raises(ValueError, match=r"too few for 12 nodes, 1100 lags"):
        quality.memory_capacity(measured, max_lag=1100)
