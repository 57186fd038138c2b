"""The wheel has every file of the rooms, nothing else, and does not change other packages."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("reservoir", "sensors", "datasets", "pipelines")
OTHER = 'NAME = "the other distribution"\n'


def is_source(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")


def expected_files() -> set[str]:
    """Return the expected files of the wheel, from the tree and not from pyproject."""
    found = set()
    for room in ROOMS:
        for path in filter(is_source, (ROOT / room).rglob("*")):
            inside = path.relative_to(ROOT).as_posix()
            found.add(f"mottle/{inside}".replace("mottle/reservoir/_root/", "mottle/"))
    texts = (ROOT / "docs/notebooks").glob("*.md")
    return found | {"mottle/notebooks/__init__.py"} | {f"mottle/notebooks/{t.name}" for t in texts}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Build in a copy, since setuptools writes build/ and an egg-info to the sources."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for room in ROOMS:
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "docs/notebooks", copy / "docs/notebooks")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", cwd=copy)
    (built,) = (copy / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel, tmp_path_factory) -> Path:
    """Return a folder with the wheel installed beside another distribution named datasets."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "datasets").mkdir()
    (folder / "datasets/__init__.py").write_text(OTHER)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    run(*pip, "--no-deps", "--no-index", "--target", folder, wheel, cwd=folder)
    return folder


def run(*command, cwd, env=None) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def python(site: Path, code: str) -> str:
    """Run code with the installed wheel, outside the checkout."""
    command = (sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(site)!r}); {code}")
    return run(*command, cwd=site.parent).strip()


def test_the_wheel_contains_every_file_of_the_rooms_and_no_other(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    inside = {name for name in names if ".dist-info/" not in name}
    assert sorted(expected_files() - inside) == []
    assert sorted(inside - expected_files()) == []


def test_recordings_come_with_their_notices(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    folder = "mottle/datasets/recordings/"
    assert [name for name in names if name.startswith(folder) and name.endswith(".npz")]
    assert [name for name in names if name.startswith(f"{folder}NOTICE")]
    assert "mottle/py.typed" in names


def test_the_wheel_has_no_bare_top_level_package(wheel):
    tops = {PurePosixPath(name).parts[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"mottle"}


def test_the_wheel_carries_licence_version_and_command(wheel):
    archive = zipfile.ZipFile(wheel)
    names = archive.namelist()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (metadata,) = (archive.read(n).decode() for n in names if n.endswith(".dist-info/METADATA"))
    (commands,) = (archive.read(n).decode() for n in names if n.endswith("entry_points.txt"))
    assert f"\nVersion: {project['version']}\n" in metadata
    assert "License-Expression: BSD-3-Clause" in metadata
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "mottle = mottle.pipelines.cli:main" in commands


def test_the_installed_wheel_loads_recordings_from_its_own_place(site):
    code = "import mottle.datasets as d; t, y, g = d.load_icub_grasp(); print(d.__file__, len(t))"
    file, rows = python(site, code).rsplit(" ", 1)
    assert Path(file) == site / "mottle/datasets/__init__.py"
    assert int(rows) == 200


def test_another_distribution_named_datasets_is_not_changed(site):
    assert (site / "datasets/__init__.py").read_text() == OTHER
    assert sorted(p.name for p in (site / "datasets").iterdir() if p.suffix) == ["__init__.py"]
    code = "import mottle.datasets, datasets; print(datasets.NAME)"
    assert python(site, code) == "the other distribution"


def test_the_command_starts(site):
    assert "demo" in python(site, "from mottle.pipelines.cli import main; main(['--help'])")


def test_kernels_work_without_a_writable_directory(tmp_path):
    code = (
        "from pathlib import Path\n"
        "from numba.core import caching\n"
        # of the cache directories, a read-only system has at most the one that is set
        "base = getattr(caching, 'CacheImpl', None) or caching._CacheImpl\n"
        "base._locator_classes = base._locator_classes[:1]\n"
        "from mottle.reservoir import devices\n"
        "print(devices.simulate('wox_du2017', [0.5, 0.1], 1e-3).current.shape)\n"
        "from numba import config\n"
        "print(config.CACHE_DIR)\n"
        "print(any(Path(config.CACHE_DIR).rglob('*.nbi')))\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path), "NUMBA_CACHE_DIR": ""}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    shape, directory, kept = run.stdout.splitlines()
    assert shape == "(2,)"
    assert Path(directory).parent == tmp_path
    assert kept == "True"
    assert "Set NUMBA_CACHE_DIR to a directory that can be written to" in run.stderr
    assert not list(tmp_path.iterdir())


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_version_and_the_floors_of_dependencies_are_the_same_everywhere():
    version = project()["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    recipe = (ROOT / "recipe/meta.yaml").read_text(encoding="utf-8")
    assert f'set version = "{version}"' in recipe
    constraints = (ROOT / "constraints-oldest.txt").read_text(encoding="utf-8").splitlines()
    oldest = dict(line.split("==") for line in constraints if not line.startswith("#"))
    for wanted in project()["dependencies"]:
        name, floor = wanted.split(">=")
        assert f"{oldest[name]}.".startswith(f"{floor}."), wanted
        recipe_name = {"matplotlib": "matplotlib-base"}.get(name, name)
        assert f"- {recipe_name} >={floor}\n" in recipe, wanted


def test_the_source_archive_has_every_file_of_the_repository(tmp_path):
    if not (ROOT / ".git").exists():
        pytest.skip("no repository: these are the files of an unpacked archive")
    tracked = run("git", "ls-files", "-z", cwd=ROOT).split("\0")[:-1]
    for name in filter(lambda name: (ROOT / name).is_file(), tracked):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", cwd=tmp_path)
    (archive,) = (tmp_path / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        packed = {name.partition("/")[2] for name in tar.getnames()}
    assert sorted({name for name in tracked if (ROOT / name).is_file()} - packed) == []
