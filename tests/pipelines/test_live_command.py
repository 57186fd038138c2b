"""`mottle live`: lines, sockets, replayed and growing files in, predictions out."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from mottle.datasets import make_table
from mottle.pipelines import make_fusion_pipeline, save_model
from mottle.pipelines.cli import main
from mottle.pipelines.live.arrivals import parse_line
from mottle.pipelines.live.serve import Inbox, senses_taken, serve
from mottle.pipelines.live.sources import open_source
from mottle.reservoir import LiveRun, MemristorReservoir, RidgeReadout
from mottle.sensors import EVENT_DTYPE, EventRate, TaxelDrive
from mottle.sensors.files import EventReader

RNG = np.random.default_rng(0)
TOUCHES = RNG.normal(size=(12, 20, 3)).cumsum(axis=1)
POOLED = MemristorReservoir(10, pool="mean", random_state=0)


@pytest.fixture(scope="module")
def touch():
    labels = np.array(["slip", "hold"])[np.arange(12) % 2]
    return make_pipeline(TaxelDrive(None, baseline="training"), POOLED, RidgeReadout()).fit(
        TOUCHES, labels
    )


@pytest.fixture(scope="module")
def touch_file(touch, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "touch.mottle"
    save_model(touch, path)
    return path


@pytest.fixture(scope="module")
def fused():
    events = [draw_events(60) for _ in range(12)]
    vision = EventRate(10, sensor_size=(4, 4), duration=0.1, origin="zero")
    encoders = {"touch": TaxelDrive(None, baseline="training"), "vision": vision}
    table = make_table(touch=list(TOUCHES), vision=events)
    return make_fusion_pipeline(encoders, POOLED).fit(table, np.arange(12) % 2), table


def draw_events(n):
    events = np.zeros(n, EVENT_DTYPE)
    events["t"] = np.sort(RNG.integers(0, 100_000, n))
    events["x"], events["y"], events["p"] = RNG.integers(0, (4, 4, 2), (n, 3)).T
    return events


def run_on(model, lines, **options):
    """Serve lines in memory; return the account and the complaints."""
    said = []
    account = serve(model, [lambda stop, lose: iter(lines)], say=said.append, **options)
    return account, said


def test_lines_on_standard_input_give_a_prediction_each(touch, touch_file):
    text = "\n".join(",".join(map(str, row)) for row in TOUCHES[3])
    found = CliRunner().invoke(main, ["live", str(touch_file), "--proba"], input=text + "\n")
    answers = [json.loads(line) for line in found.stdout.splitlines()]
    assert found.exit_code == 0
    assert len(answers) == 20
    assert answers[-1]["prediction"] == touch.predict(TOUCHES[3:4])[0]
    expected = dict(zip(touch[-1].classes_, touch.predict_proba(TOUCHES[3:4])[0], strict=True))
    assert answers[-1]["probabilities"] == pytest.approx(expected, abs=1e-6)
    assert "answers 20; from arrival to answer: p50" in found.stderr


def test_senses_come_in_lines_of_json_and_fall_silent(fused, capsys):
    model, table = fused
    lines = [
        json.dumps({"touch": row.tolist(), "t": 0.01 * k}).encode()
        for k, row in enumerate(TOUCHES[5])
    ]
    events = [[int(e["t"]), int(e["x"]), int(e["y"]), int(e["p"])] for e in table["vision"].iloc[5]]
    lines += [json.dumps({"vision": events[k : k + 7]}).encode() for k in range(0, 60, 7)]
    lines.append(b'{"vision": [], "until": 0.1}')
    account, _ = run_on(model, [*lines, b'{"touch": null}', b'{"restart": true}', lines[0]])
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert answers[-3]["prediction"] == model.predict(table.iloc[[5]])[0]
    alone = LiveRun(model)
    alone.advance({"vision": table["vision"].iloc[5]})
    assert answers[-2]["prediction"] == alone.advance({"touch": None}, until=0.1)
    first = LiveRun(model).advance({"touch": TOUCHES[5, 0]})
    assert answers[-1]["prediction"] == first
    assert account["answers"] == len(answers)


@pytest.mark.parametrize(("line", "count", "text"), [
    (b"\xff\xfe", "malformed", "no JSON and no row of numbers"),
    (b"1,2,NaN", "malformed", "expected finite numbers"),
    (b"[1, 2, Infinity]", "malformed", "Infinity is no number"),
    (b'{"tuoch": [1]}', "malformed", "no sense 'tuoch'; the model has stream"),
    (b"[" * 100_000, "malformed", "no JSON"),
    (b"1" * (1 << 21), "malformed", "a line of 2097152 bytes"),
    (b"1,2", "refused", "has 2 channels"),
    (b'{"stream": [[1, 2, 3]], "t": [0, 1]}', "malformed", "t has 2 times for 1 rows"),
    (b'{"stream": {"a": 1}}', "malformed", "expected finite numbers"),
    (b'{"stream": [1, 2, 3], "restart": 1}', "malformed", "restart=1; expected true or false"),
])  # fmt: skip
def test_what_cannot_be_read_is_counted_and_said(touch, capsys, line, count, text):
    account, said = run_on(touch, [b"1,2,3", line, b"2,3,4"])
    assert account[count] == 1
    assert account["answers"] == 2
    assert said[0] == "ready"
    assert text in said[1]


@given(st.binary(max_size=80) | st.text(max_size=40).map(str.encode) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["touch", "vision", "t", "until", "restart", "x"]), inner, max_size=3)
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_hostile_lines_are_refused_by_value_errors(line):
    try:
        found = parse_line(line, {"touch": False, "vision": True})
    except ValueError:
        return
    assert set(found.cells) <= {"touch", "vision"}


def test_a_full_inbox_loses_the_oldest_and_counts_them():
    inbox = Inbox(3)
    for k in range(5):
        inbox.put(k)
    assert [inbox.take(0)[1] for _ in range(3)] == [2, 3, 4]
    assert inbox.lost["overrun"] == 2


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Serving:
    """A run in a thread, whose sources are stopped at the end."""

    def __init__(self, model, *specs, **options):
        self.stop, self.said = threading.Event(), []
        sources = [open_source(spec, sense, False) for sense, spec in specs]
        self.sources = [self.stoppable(source) for source in sources]
        self.options, self.model = options, model

    def stoppable(self, source):
        return lambda stop, lose: source(self.stop, lose)

    def __enter__(self):
        def work():
            self.account = serve(self.model, self.sources, say=self.said.append, **self.options)

        self.thread = threading.Thread(target=work, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.stop.set()
        self.thread.join(20)
        assert not self.thread.is_alive()


def test_packets_in_and_answers_out_by_udp(touch):
    port, back = free_port(socket.SOCK_DGRAM), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    back.bind(("127.0.0.1", 0))
    back.settimeout(10)
    to = f"udp:127.0.0.1:{back.getsockname()[1]}"
    with back, Serving(touch, ("stream", f"udp:127.0.0.1:{port}"), to=to) as serving:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            for payload in (b"1,2,3\n2,3,4", b"rubbish", b"\x00" * 60000, b"3,4,5"):
                out.sendto(payload, ("127.0.0.1", port))
        answers = [json.loads(back.recv(4096)) for _ in range(3)]
    run = LiveRun(touch)
    expected = [run.advance(np.array([k, k + 1.0, k + 2.0])) for k in (1, 2, 3)]
    assert [one["prediction"] for one in answers] == expected
    assert serving.account["malformed"] == 2


def test_lines_by_tcp_survive_broken_connections(touch, capsys):
    port = free_port()
    with Serving(touch, ("stream", f"tcp:127.0.0.1:{port}")) as serving:
        for payload in (b"1,2,3\n2,3", b",4\n3,4,5\n", b"x" * (1 << 20) + b"y" * 5 + b"\n1,2,3\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as out:
                out.sendall(payload)
                time.sleep(0.2)
    account = serving.account
    assert account["answers"] == 3  # "2,3" and ",4" were cut apart by the connection's end
    assert (account["refused"], account["malformed"], account["oversized"]) == (1, 1, 1)


def test_a_port_in_use_and_an_address_without_host_are_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=f"port {port} of 127.0.0.1 cannot be taken"):
            open_source(f"tcp:127.0.0.1:{port}", "stream", False)
    with pytest.raises(ValueError, match="expected udp:HOST:PORT"):
        open_source("udp:5000", "stream", False)
    with pytest.raises(ValueError, match="did you mean 'replay'"):
        open_source("repaly:x.csv", "stream", False)


def test_a_recording_is_replayed_at_its_own_speed(touch, tmp_path, capsys):
    rows = xr.DataArray(
        TOUCHES[2], dims=("time", "channel"), coords={"time": 5.0 + 0.01 * np.arange(20)}
    )
    rows.to_pandas().to_csv(tmp_path / "touch.csv")
    source = open_source(f"replay:{tmp_path / 'touch.csv'}", "stream", False)
    begin = time.monotonic()
    account = serve(touch, [source], say=lambda text: None)
    assert time.monotonic() - begin >= 0.19
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert account["answers"] == 20
    assert answers[-1]["prediction"] == touch.predict(TOUCHES[2:3])[0]
    assert answers[-1]["t"] == pytest.approx(0.19)


def test_events_of_a_file_that_grows_are_read_as_they_come(tmp_path):
    words = []
    for k in range(300):  # EVT 2: time high, then events of 64 us
        words += [(0x8 << 28) | k, (0x1 << 28) | ((k % 64) << 22) | (3 << 11) | 5]
    data, head = np.array(words, "<u4").tobytes(), b"% evt 2.0\n% geometry 640x480\n% end\n"
    path = tmp_path / "growing.raw"
    path.write_bytes(head + data[:402])

    def grow():
        with path.open("ab") as file:
            for begin in range(402, len(data), 333):
                file.write(data[begin : begin + 333])
                file.flush()
                time.sleep(0.01)

    writer = threading.Thread(target=grow)
    writer.start()
    found = np.concatenate(list(EventReader(path, follow=0.5)))
    writer.join()
    (tmp_path / "whole.raw").write_bytes(head + data)
    np.testing.assert_array_equal(found, np.concatenate(list(EventReader(tmp_path / "whole.raw"))))
    assert len(found) == 300
    (tmp_path / "a.csv").write_text("t,x,y,p\n1,2,3,1\n")
    with pytest.raises(ValueError, match="read as a whole"):
        EventReader(tmp_path / "a.csv", follow=1.0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # faery closes none
def test_events_come_in_packets_of_faery():
    faery = pytest.importorskip("faery")
    port, ours = free_port(socket.SOCK_DGRAM), draw_events(80)
    events = np.zeros(80, faery.EVENTS_DTYPE)
    for theirs, name in zip(events.dtype.names, "txyp", strict=True):
        events[theirs] = ours[name]
    source = open_source(f"faery:127.0.0.1:{port}", "camera", True, size=(4, 4))
    enough = threading.Event()

    def send():
        while not enough.wait(0.1):  # until the reader listens
            faery.events_stream_from_array(events, (4, 4)).to_udp(("127.0.0.1", port))

    sender = threading.Thread(target=send)
    sender.start()
    arrival = next(source(threading.Event(), lambda why: None))
    enough.set()
    sender.join()
    found = arrival.cells["camera"]
    expected = ours[: len(found)].copy()
    expected["t"] -= expected["t"][0]
    np.testing.assert_array_equal(found, expected)
    assert arrival.until == {"camera": found["t"][-1] / 1e6}


def test_a_serial_port_is_read_by_lines(touch, capsys):
    pytest.importorskip("serial")
    import pty

    ours, theirs = pty.openpty()
    with Serving(touch, ("stream", f"serial:{os.ttyname(theirs)}@115200")) as serving:
        os.write(ours, b"1,2,3\n2,3,4\n3,")
        os.write(ours, b"4,5\n")
        time.sleep(0.5)
    os.close(ours)
    os.close(theirs)
    assert serving.account["answers"] == 3


def test_ctrl_c_ends_with_130_and_the_state_is_kept(touch, touch_file, tmp_path):
    state = tmp_path / "run.state"
    command = [
        Path(sys.executable).with_name("mottle"),
        "live",
        str(touch_file),
        "--state",
        str(state),
    ]
    heard = partial(signal.signal, signal.SIGINT, signal.default_int_handler)  # also behind nohup
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=heard,
    ) as process:  # fmt: skip
        process.stdin.write(b"1,2,3\n2,3,4\n")
        process.stdin.flush()
        assert process.stdout.readline()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"answers 2; from arrival to answer" in said
    run = LiveRun(touch)
    run.resume(state)
    both = LiveRun(touch)
    both.advance(np.array([[1.0, 2, 3], [2, 3, 4]]))
    assert run.advance(np.ones(3)) == both.advance(np.ones(3))


def test_a_reader_that_goes_away_ends_the_run_cleanly(touch_file):
    mottle = Path(sys.executable).with_name("mottle")
    with subprocess.Popen(
        [mottle, "live", touch_file], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        process.stdin.write(b"1,2,3\n")
        process.stdin.flush()
        assert process.stdout.readline()
        process.stdout.close()
        process.stdin.write(b"2,3,4\n" * 3)
        process.stdin.close()
        said = process.stderr.read()
        assert process.wait(30) == 0
    assert b"nobody reads the predictions any more" in said
    assert b"Exception ignored" not in said


def test_senses_of_models(touch, fused):
    assert senses_taken(touch) == {"stream": False}
    assert senses_taken(fused[0]) == {"touch": False, "vision": True}


@pytest.mark.parametrize(("options", "text"), [
    (["--source", "smell=replay:x"], "the model has the senses stream"),
    (["--source", "replay:/nowhere"], "/nowhere does not exist"),
    (["--source", "tcp:80"], "expected tcp:HOST:PORT"),
    (["--to", "smoke:1"], "expected '-', udp:HOST:PORT or tcp:HOST:PORT"),
])  # fmt: skip
def test_wrong_options_are_named(touch_file, options, text):
    found = CliRunner().invoke(main, ["live", str(touch_file), *options], input="")
    assert found.exit_code == 1
    assert text in found.stderr.replace("\n", " ")


def save_trained(model, data):
    """Run a recipe on recordings of a touch in ms, and save its model."""
    recipe = model.with_suffix(".toml")
    recipe.write_text(f"""
title = "Own recordings"
seeds = [0]
[data]
sense = "touch"
time_unit = "ms"
{data}
[split]
kind = "stratified"
n_splits = 2
[encoders]
touch = {{ kind = "TaxelDrive", n_steps = "none", baseline = "training" }}
[reservoirs]
memristor = {{ kind = "MemristorReservoir", n_nodes = 10, pool = "mean" }}
""")
    out = ["--out", str(model.with_suffix("")), "--save", str(model)]
    found = CliRunner().invoke(main, ["run", str(recipe), *out])
    assert found.exit_code == 0, found.stderr


def test_recordings_are_replayed_as_the_recipe_reads_them(tmp_path):
    rows = np.round(1000 * RNG.normal(size=(12, 20, 2)).cumsum(axis=1)) / 1000
    files = tmp_path / "files"
    files.mkdir()
    for k, one in enumerate(rows):
        table = pd.DataFrame(one, columns=["a", "b"]).assign(c=7.0, time=10 * np.arange(20))
        table.to_csv(files / f"{k % 2}_{k}.csv", index=False)
    model, file = tmp_path / "own.mottle", str(files / "1_3.csv")
    save_trained(
        model,
        f"""
files = [{str(files)!r}]
pattern = '(?P<target>\\d)_'
options = {{ channels = ["b", "a"] }}
""",
    )
    begin = time.monotonic()
    live = CliRunner().invoke(main, ["live", str(model), "--source", f"replay:{file}", "--proba"])
    assert live.exit_code == 0
    assert time.monotonic() - begin >= 0.19
    answers = [json.loads(line) for line in live.stdout.splitlines()]
    assert len(answers) == 20
    predicted = CliRunner().invoke(main, ["predict", str(model), file, "--json"])
    (row,) = json.loads(predicted.stdout)
    assert answers[-1]["prediction"] == row["predicted"]
    assert answers[-1]["probabilities"]["1"] == pytest.approx(row["p(1)"], abs=1e-5)


def test_events_are_replayed_on_their_own_clock(tmp_path):
    events = [draw_events(60) for _ in range(8)]
    for one in events:
        one["t"] += 31_000
    vision = EventRate(10, sensor_size=(4, 4), duration=0.131, origin="zero")
    model = make_pipeline(vision, clone(POOLED), RidgeReadout()).fit(events, np.arange(8) % 2)
    np.save(tmp_path / "events.npy", events[5])
    source = open_source(f"replay:{tmp_path / 'events.npy'}", "stream", True, speed=100.0)
    *_, last = source(threading.Event(), lambda why: None)
    run = LiveRun(model, method="decision_function")
    for arrival in source(threading.Event(), lambda why: None):
        run.advance(arrival.cells["stream"], until=arrival.until["stream"])
    assert run.advance(until=0.131) == model.decision_function(events[5:6])[0]
    assert last.until["stream"] == pytest.approx(last.time + events[5]["t"][0] / 1e6)


def test_samples_that_came_before_get_no_answer(touch, tmp_path, capsys):
    lines = [
        json.dumps({"stream": row.tolist(), "t": 0.01 * k}).encode()
        for k, row in enumerate(TOUCHES[3])
    ]
    account, _ = run_on(touch, lines, state=tmp_path / "state")
    assert account["answers"] == 20
    again, said = run_on(touch, [*lines[:10], lines[-1]], state=tmp_path / "state")
    assert again["answers"] == 0
    assert (again["stream: late"], again["stream: repeated"]) == (10, 1)
    assert any("goes on from" in line for line in said)
    after = json.dumps({"stream": [0.0, 0.0, 0.0], "t": 1.0}).encode()
    assert run_on(touch, [lines[3], after], state=tmp_path / "state")[0]["answers"] == 1


def test_nothing_of_use_is_an_error(touch_file):
    bad = CliRunner().invoke(main, ["live", str(touch_file)], input="1,2\n1,2\n")
    assert bad.exit_code == 1
    assert "refused 2, answers 0" in bad.stderr.replace("\n", " ")
    assert CliRunner().invoke(main, ["live", str(touch_file)], input="1,2\n1,2,3\n").exit_code == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the count of dropped packets is of Linux")
def test_packets_that_the_system_drops_are_counted():
    port, stop = free_port(socket.SOCK_DGRAM), threading.Event()
    source, lost = open_source(f"udp:127.0.0.1:{port}", "stream", False), []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for _ in range(30):
            for _ in range(600):
                out.sendto(b"1" * 1000, ("127.0.0.1", port))
        lines = source(stop, lambda why, n=1: lost.append(n))
        n_came = len([next(lines) for _ in range(50)])
        out.sendto(b"last", ("127.0.0.1", port))
        while next(lines) != b"last":
            n_came += 1
    stop.set()
    assert sum(lost) > 0
    assert n_came + sum(lost) == 18_000


def test_lines_that_nobody_takes_are_lost(touch, capsys):
    port = free_port(socket.SOCK_DGRAM)
    lines = [b"1,2,3"] * 31
    account, _ = run_on(touch, lines, to=f"udp:127.0.0.1:{port}")
    assert account["answers lost"] == 31


def test_what_was_left_out_before_a_restart_is_told_and_a_mask_gets_its_answer(fused, capsys):
    model, _ = fused
    touch = [
        json.dumps({"touch": row.tolist(), "t": 0.01 * k}).encode()
        for k, row in enumerate(TOUCHES[5])
    ]
    masked = json.dumps({"touch": TOUCHES[5, 0].tolist(), "t": 0.0, "vision": None}).encode()
    account, _ = run_on(model, [*touch[:5], touch[2], masked, b'{"restart": true}', touch[0]])
    assert account["answers"] == 5 + 1 + 1
    assert account["touch: late"] == 2


@pytest.mark.parametrize(("lines", "code"), [
    ("t,x,y,p\n" + "10,3,3,1\n" * 9, 0),  # a header, and events of a step that is not complete
    ("10,9,9,1\n" * 9, 1),
    ("", 0),
])  # fmt: skip
def test_the_exit_code_tells_whether_anything_was_of_use(tmp_path, lines, code):
    events = [draw_events(60) for _ in range(8)]
    vision = EventRate(10, sensor_size=(4, 4), duration=0.1)
    model = make_pipeline(vision, clone(POOLED), RidgeReadout()).fit(events, np.arange(8) % 2)
    save_model(model, tmp_path / "m.mottle")
    found = CliRunner().invoke(main, ["live", str(tmp_path / "m.mottle")], input=lines)
    assert found.exit_code == code


def test_a_plain_recording_is_replayed_after_training_on_a_table(tmp_path):
    rows = RNG.normal(size=(12, 20, 2)).cumsum(axis=1)
    tables = [
        pd.DataFrame(one, columns=["a", "b"]).assign(
            rec=k, kind="ab"[k % 2], time=10 * np.arange(20)
        )
        for k, one in enumerate(rows)
    ]  # fmt: skip
    pd.concat(tables).to_csv(tmp_path / "all.csv", index=False)
    model = tmp_path / "own.mottle"
    save_trained(
        model,
        f"""
table = {str(tmp_path / "all.csv")!r}
recording = "rec"
channels = ["a", "b"]
target = "kind"
""",
    )
    tables[3][["a", "b", "time"]].to_csv(tmp_path / "one.csv", index=False)
    pd.concat(tables[:2]).to_csv(tmp_path / "two.csv", index=False)
    for name, n_answers in (("one.csv", 20), ("two.csv", 40)):
        live = ["live", str(model), "--source", f"replay:{tmp_path / name}", "--speed", "10"]
        ran = CliRunner().invoke(main, live)
        assert ran.exit_code == 0, ran.stderr
        answers = [json.loads(line) for line in ran.stdout.splitlines()]
        assert len(answers) == n_answers
        predicted = CliRunner().invoke(
            main, ["predict", str(model), str(tmp_path / "all.csv"), "--json"]
        )
        by_name = {row["recording"]: row["predicted"] for row in json.loads(predicted.stdout)}
        expected = {"one.csv": ["3"], "two.csv": ["0", "1"]}[name]
        assert [one["prediction"] for one in answers[19::20]] == [by_name[k] for k in expected]
