"""Run the notebooks and keep how long each takes, and its picture for the gallery.

    python benchmarks/notebooks.py [NAME ...] [--once]

Each notebook is run twice, in new kernels, and has to print the same. A cell that fails, among them
those which compare the numbers of the text, ends the run. Seconds, machine and date go to
docs/results/notebooks.csv; the figure of the cell tagged "picture" goes to docs/notebooks/pictures.
"""

import argparse
import sys
from base64 import b64decode
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import jupytext
import pandas as pd
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from pages import DOCS, processor, record

NOTEBOOKS, KEPT = DOCS / "notebooks", DOCS / "results/notebooks.csv"


def run(path: Path):
    """Return a notebook after all its cells were run in a new kernel, and the seconds taken."""
    notebook = jupytext.read(path, fmt="md:myst")
    start = perf_counter()
    with TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources)
        try:
            client.execute()
        except CellExecutionError as error:
            at = next(cell.source for cell in notebook.cells if failed(cell))
            raise RuntimeError(
                f"{path.name}: {error.ename}: {error.evalue}, in the cell\n{at}"
            ) from None
    return notebook, perf_counter() - start


def failed(cell) -> bool:
    """Whether a cell ended in an error."""
    return any(output.output_type == "error" for output in cell.get("outputs", []))


def printed(notebook) -> str:
    """Return what the cells print and show as text."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return "".join(output.text for output in outputs if output.get("name") == "stdout")


def picture(notebook) -> bytes | None:
    """Return the first figure of the cell tagged "picture", as PNG."""
    for cell in notebook.cells:
        if "picture" in cell.metadata.get("tags", []):
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    return b64decode(output["data"]["image/png"])
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--once", action="store_true", help="without the second run")
    given = parser.parse_args()
    paths = [NOTEBOOKS / f"{name}.md" for name in given.names]
    for path in paths or sorted(NOTEBOOKS.glob("[0-9]*.md")):
        print(path.stem, end=" ", flush=True)
        notebook, seconds = run(path)
        if not given.once and printed(run(path)[0]) != printed(notebook):
            sys.exit("prints other numbers on a second run")
        drawn = picture(notebook)
        if drawn is not None:
            (NOTEBOOKS / "pictures").mkdir(exist_ok=True)
            (NOTEBOOKS / "pictures" / f"{path.stem}.png").write_bytes(drawn)
        print(f"{seconds:.0f} s")
        about = {"seconds": round(seconds), "machine": processor(), "date": date.today()}
        # read anew, since other runs may have written meanwhile
        kept = pd.read_csv(KEPT, index_col=0) if KEPT.exists() else pd.DataFrame()
        kept = pd.concat([kept.drop(path.stem, errors="ignore"), pd.DataFrame(about, [path.stem])])
        kept.sort_index().to_csv(KEPT, index_label="notebook")
    record("notebooks")


if __name__ == "__main__":
    main()
