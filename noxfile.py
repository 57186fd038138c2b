#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox"]
# ///
"""Sessions that need an environment of their own; `make` covers the everyday ones.

nox -l                      # list them
nox -s tests-3.12           # the tests on another Python
nox -s oldest               # the tests with the oldest dependencies, on Python 3.11
nox -s sdist                # the tests out of the unpacked source archive
"""

import shutil
import tarfile
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = False
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
TESTS = ("pytest", "-n", "2", "-m", "not slow")


def archive(session: nox.Session) -> Path:
    """Build the source archive and the wheel, check both, and return the archive."""
    shutil.rmtree("build", ignore_errors=True)
    shutil.rmtree("dist", ignore_errors=True)
    session.install("build", "twine")
    session.run("python", "-m", "build")
    session.run("twine", "check", "--strict", *map(str, Path("dist").iterdir()))
    return next(Path("dist").glob("*.tar.gz")).resolve()


def install(session: nox.Session, *constraints: str) -> None:
    """Install mottle with the developers' tools."""
    session.install("-e", ".[dev]", *constraints)
    session.install("--no-deps", "badcrossbar==1.1.0")  # its plots would need cairo


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests with the newest dependencies."""
    install(session)
    session.run(*TESTS, *session.posargs)


@nox.session(python="3.11", default=False)
def oldest(session: nox.Session) -> None:
    """Run the tests with the oldest dependencies that pyproject allows."""
    install(session, "-c", "constraints-oldest.txt")
    session.run(*TESTS, *session.posargs)


@nox.session(python="3.13", default=False)
def nightly(session: nox.Session) -> None:
    """Run the tests of the kernels with the numba that comes next."""
    install(session)
    session.install(
        "--upgrade", "--pre", "--extra-index-url", "https://pypi.anaconda.org/numba/label/dev/simple",
        "numba", "llvmlite",
    )  # fmt: skip
    session.run("pytest", "-n", "2", "-m", "not slow", "tests/reservoir", "tests/sensors")
    session.run("pytest", "tests/reservoir/test_fallback.py")


@nox.session
def lint(session: nox.Session) -> None:
    """Run the hooks of pre-commit, and the review of the repository."""
    session.install("pre-commit", "sp-repo-review[cli]")
    session.run("pre-commit", "run", "--all-files", "--show-diff-on-failure")
    session.run("sp-repo-review", ".")


@nox.session(default=False)
def build(session: nox.Session) -> None:
    """Build and check the source archive and the wheel."""
    archive(session)


@nox.session(python="3.11", default=False)
def sdist(session: nox.Session) -> None:
    """Run the tests out of the unpacked source archive."""
    packed = archive(session)
    folder = Path(session.create_tmp())
    with tarfile.open(packed) as tar:
        tar.extractall(folder, filter="data")
    session.chdir(folder / packed.name.removesuffix(".tar.gz"))
    install(session)
    session.run(*TESTS, *session.posargs)


if __name__ == "__main__":
    nox.main()
