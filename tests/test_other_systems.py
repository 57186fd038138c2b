"""Commands run where fcntl, links and signals are missing, as simulated on Linux."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mottle.datasets import disk
from mottle.events import EVENT_DTYPE

ROOT = Path(__file__).parents[1]
ROOMS = ("reservoir", "sensors", "datasets", "pipelines")
TEXT = ("read_text", "write_text")
ALONE = """
import multiprocessing, sys, warnings
warnings.filterwarnings("error", category=EncodingWarning, module="mottle")
import os
assert not hasattr(os, "fork") and sys.modules["fcntl"] is None
if __name__ == "__main__":
    multiprocessing.set_start_method("spawn", force=True)
"""


def elsewhere(folder: Path, code: str) -> str:
    """Run code, and every process that it starts, without what other systems lack."""
    (folder / "program.py").write_text(ALONE + code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "program.py"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests/absent")},
        cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


RECIPE = """
title = "kleine Größe µ"
seeds = [0]
[data]
name = "demo"
options = { task = "grasp" }
[split]
kind = "blocked"
n_splits = 2
[encoders]
touch = { kind = "TaxelDrive", n_steps = 4 }
joints = { kind = "TaxelDrive", n_steps = 4 }
[reservoirs]
none = { kind = "NoReservoir", pool = "mean" }
echo = { kind = "EchoStateReservoir", n_nodes = 5, pool = "mean" }
"""


def touches(row: int) -> np.ndarray:
    """Return a few events, others for every row."""
    events = np.zeros(5, dtype=EVENT_DTYPE)
    events["t"] = np.arange(5) + row
    return events


@pytest.mark.slow
def test_recordings_are_prepared_added_and_verified_by_two_processes(tmp_path):
    (tmp_path / "größe µ").mkdir()
    for row in range(5):
        np.save(tmp_path / f"größe µ/{row}.npy", touches(row))
    os.rename(tmp_path / "größe µ/4.npy", tmp_path / "4.npy")
    prepare = ["prepare", "größe µ", "--out", "s.zarr"]
    code = f"""
    from click.testing import CliRunner
    from mottle.pipelines.cli import main
    for words in ([*{prepare}, "--jobs", "2"], {prepare}, ["store", "verify", "s.zarr"]):
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
        print(done.output)
        if os.path.exists("4.npy"):
            os.rename("4.npy", "größe µ/4.npy")
"""
    output = elsewhere(tmp_path, code)
    assert "4 of them done now" in output
    assert "1 of them done now" in output
    assert not (tmp_path / "s.zarr.lock").exists()


def test_a_recipe_runs_and_writes_states(tmp_path):
    (tmp_path / "small.toml").write_text(RECIPE, encoding="utf-8")
    code = """
    from mottle.pipelines.cli import main
    main(["run", "small.toml", "--out", "out", "--states", "states.zarr"], standalone_mode=False)
"""
    elsewhere(tmp_path, code)
    assert (tmp_path / "out/report.html").exists()


def test_a_file_is_fetched_once(tmp_path):
    code = """
    import threading
    from http.server import HTTPServer, SimpleHTTPRequestHandler
    os.mkdir("served"); open("served/a.bin", "wb").write(b"abc")
    os.chdir("served")
    server = HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    os.environ["MOTTLE_DATA"] = os.path.abspath("../home")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    from mottle.datasets.downloads.fetch import Remote, fetch_files
    remote = Remote("set/a.bin", f"http://127.0.0.1:{server.server_port}/a.bin", None)
    for _ in range(2):
        print(fetch_files([remote], licence="CC0", progress=False))
    server.shutdown()
"""
    assert elsewhere(tmp_path, code).count("a.bin") == 2
    assert (tmp_path / "home/set/a.bin").read_bytes() == b"abc"


def test_without_locks_of_the_system_one_writer_holds_a_store_and_a_dead_one_does_not(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(disk, "SYSTEM_LOCKS", False)
    code = (
        "import os, sys; from pathlib import Path; from mottle.datasets import disk; "
        "disk.SYSTEM_LOCKS = False; lock = disk.Lock(Path('s.lock')); print('held', flush=True); "
        "sys.stdin.readline(); os._exit(1)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout.readline() == b"held\n"
        with pytest.raises(RuntimeError, match=r"'.*s' is being written by another writer"):
            disk.Lock(tmp_path / "s.lock")
        writer.stdin.write(b"\n")
        writer.stdin.flush()
        writer.wait()
    lock = disk.Lock(tmp_path / "s.lock", wait=True)
    lock.release()
    assert not (tmp_path / "s.lock").exists()


@pytest.mark.parametrize("room", ROOMS)
def test_text_is_read_and_written_with_a_named_encoding(room):
    unnamed = []
    for file in sorted((ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                named = {keyword.arg for keyword in node.keywords}
                if node.func.attr in TEXT and "encoding" not in named:
                    unnamed.append(f"{file}:{node.lineno}")
    assert not unnamed
