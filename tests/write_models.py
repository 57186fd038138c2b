"""Write a small model of every kind into tests/models/VERSION: python tests/write_models.py.

Once for each release: `test_saved.py` loads them with every later version, and compares the output
for the sample in each with the one that was saved.
"""

import warnings
from pathlib import Path

from small_models import models

import mottle
from mottle.pipelines import save_model


def main() -> None:
    """Write them all."""
    folder = Path(__file__).parent / "models" / mottle.__version__
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.mottle"):
        old.unlink()
    warnings.simplefilter("ignore")
    for name, model, X in models():
        save_model(model, folder / f"{name}.mottle", X)
    n_bytes = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder}: {len(list(folder.iterdir()))} files, {n_bytes / 1000:.0f} kB")


if __name__ == "__main__":
    main()
