"""A small package of somebody else, installed by pip into a folder of its own."""

import os
import subprocess
import sys

PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "1.0"

[project.entry-points."{group}"]
{points}

[tool.setuptools]
py-modules = ["{name}"]
"""


def install(folder, name, group, points, code):
    """Install a module that registers entry points; return the folder to be put on the path."""
    source, site = folder / "source", folder / "site"
    source.mkdir()
    lines = "\n".join(f'"{point}" = "{name}:{attribute}"' for point, attribute in points.items())
    (source / "pyproject.toml").write_text(PROJECT.format(name=name, group=group, points=lines))
    (source / f"{name}.py").write_text(code)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    options = ["--no-build-isolation", "--no-deps", "--no-index", "--target", site]
    run([*pip, *options, source])
    return site


def run(command, **environment):
    """Run a command and return what it wrote to standard output and to standard error."""
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **{name: str(value) for name, value in environment.items()}},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, done.stderr


def python(site, code, **environment):
    """Run code that can import the installed package."""
    return run([sys.executable, "-c", code], PYTHONPATH=site, **environment)
