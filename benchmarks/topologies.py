"""Measure processor time and memory of drawing large networks for docs/how-to/topologies.md.

Each network is drawn in a process of its own, on one core, with ten links a node where their number
is free. About two minutes.
"""

import json
import os
import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd
from pages import DOCS, fill, markdown, record

CASES = (
    ("random", 2000),
    ("random", 5000),
    ("random", 20_000),
    ("small_world", 20_000),
    ("lattice", 20_000),
    ("ring", 20_000),
)
LINKS = 10  # of a node


def measure(topology: str, n_nodes: int) -> dict[str, object]:
    """Return time and memory of drawing a network, after a small one in the same process."""
    from mottle.reservoir import EchoStateReservoir

    X, mib = np.zeros((2, 1)), 1 / 1024
    EchoStateReservoir(20, random_state=0).fit(X)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    density = {"density": LINKS / n_nodes} if topology in ("random", "small_world") else {}
    begin = time.process_time()
    drawn = EchoStateReservoir(n_nodes, topology=topology, random_state=0, **density).fit(X)
    seconds = time.process_time() - begin
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "topology": f'`"{topology}"`',
        "nodes": n_nodes,
        "links": drawn.weights_.nnz,
        "time (s)": f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}",
        "memory (MiB)": round(more * mib),
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
        sys.exit()
    one_core = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    rows = []
    for topology, n_nodes in CASES:
        command = [sys.executable, __file__, topology, str(n_nodes)]
        done = subprocess.run(command, env=one_core, check=True, capture_output=True, text=True)
        rows.append(json.loads(done.stdout))
    table = pd.DataFrame(rows)
    fill(DOCS / "how-to/topologies.md", "sizes", markdown(table))
    record("topologies")
