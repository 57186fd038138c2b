"""Run docs/how-to/tutorial.md from top to bottom: python benchmarks/tutorial.py [--check].

Commands go to the shell, tables into files, code to one Python. Writes what it printed back into
the page; with --check only runs it. Needs N-MNIST, Ev-Objects and SmellNet in MOTTLE_DATA.
"""

import os
import re
import subprocess
import sys
import tempfile
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path

from pages import DOCS, fill, record

PAGE = DOCS / "how-to/tutorial.md"
BLOCK = re.compile(r"^```(bash|python|toml) ?([\w.]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(page):
    """Run the blocks of a page in a fresh folder and return what they printed."""
    names: dict = {}
    printed = []
    commands = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with tempfile.TemporaryDirectory() as place, chdir(place):
        for kind, name, text in BLOCK.findall(page):
            if kind == "toml":
                Path(name).write_text(text, encoding="utf-8")
            elif kind == "bash":
                done = subprocess.run(
                    ["bash", "-e", "-c", text], check=True, capture_output=True, text=True,
                    env={**os.environ, "PATH": commands},
                )  # fmt: skip
                printed.append(re.sub(r", [\d.]+ s$", "", done.stdout, flags=re.MULTILINE))
            else:
                with redirect_stdout(StringIO()) as out:
                    exec(compile(text, "tutorial", "exec"), names)
                printed.append(out.getvalue())
    return "".join(printed)


def main() -> None:
    """Run the page; write its output into it."""
    page = PAGE.read_text(encoding="utf-8")
    printed = run(page)
    print(printed)
    if "--check" not in sys.argv:
        fill(PAGE, "output", f"```\n{printed}```")
        record("tutorial")


if __name__ == "__main__":
    main()
