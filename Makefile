# make demo      install into .venv and run the demo
# make test      install with the developers' tools, then everything in `check`
# make test-all  the same, slow tests included
# make check     lint, types, import rules, tests, in the .venv that is there
# make docs      build the site into docs/_build/html, warnings are errors; no network needed
# make notebooks run every notebook twice, renew their pictures and times
# make bench     time mottle beside its peers and C; ROWS=echo for one subject
# make pages     measure anew what pages show, for hours; PAGES=energy for one script of benchmarks/
# make clean     remove .venv and whatever tools left behind

PYTHON ?= python3
BIN := .venv/bin
ROOMS := reservoir sensors datasets pipelines
SOURCES := $(shell find $(ROOMS) -type f -not -path '*/__pycache__/*')
NOT_SLOW := -m "not slow"
WORKERS ?= 2  # processes that share the tests

# a developer's install follows the sources by itself; only a plain one must be renewed
INSTALLED := $(if $(wildcard .venv/.dev),.venv/.dev,.venv/.plain)

.PHONY: demo test test-all check lint types types-package types-program imports tests kernels docs notebooks bench pages clean

demo: $(INSTALLED)
	$(BIN)/mottle demo

test: .venv/.dev
	$(MAKE) --no-print-directory check

test-all: .venv/.dev
	$(MAKE) --no-print-directory check NOT_SLOW=

# what runs on one core first, side by side; the last line is pytest's on the tests
check:
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory -j $(WORKERS) types imports kernels
	$(MAKE) --no-print-directory tests

lint:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell

types: types-package types-program

types-package: .typing/linked
	$(BIN)/mypy -p mottle

# a cache of its own, since its options differ
types-program: .typing/linked
	MYPYPATH=.typing $(BIN)/mypy --config-file= --strict --follow-imports=silent \
	  --cache-dir=.mypy_cache/program tests/typing/program.py
	$(BIN)/pyright --pythonpath $(BIN)/python tests/typing/program.py

imports: .typing/linked
	PYTHONPATH=.typing $(BIN)/lint-imports

kernels:  # the compiled loops once more as plain Python, where indices are checked
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q -m kernel $$(grep -rl --include='*.py' 'mark.kernel' tests)

tests:  # with doctests and docstring checks, see tests/test_house.py
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(NOT_SLOW)

# An editable install is an import hook, which type checkers and import linters do not follow:
# they see the package through these links.
.typing/linked: $(wildcard reservoir/_root/*.py)
	mkdir -p .typing/mottle
	for file in reservoir/_root/*.py reservoir/_root/py.typed; do \
	  ln -sfn ../../$$file .typing/mottle/$${file##*/}; done
	for room in $(ROOMS); do ln -sfn ../../$$room .typing/mottle/$$room; done
	touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mottle needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	    "Name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv

# build/ goes before and after: setuptools would ship a deleted module from an old one
.venv/.plain: pyproject.toml README.md $(SOURCES) | .venv/bin/python
	rm -rf build
	$(BIN)/python -m pip install --quiet --disable-pip-version-check .
	rm -rf build
	touch $@

# a plain install leaves the kernels' compile caches behind when it goes; as a folder without sources
# they would hide the developer's install
.venv/.dev: pyproject.toml | .venv/bin/python
	rm -rf build .venv/.plain
	$(BIN)/python -m pip uninstall --quiet --disable-pip-version-check --yes mottle
	rm -rf .venv/lib/*/site-packages/mottle
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps 'badcrossbar==1.1.0'
	touch $@

docs: .venv/.docs
	rm -rf docs/_build docs/reference/generated
	$(BIN)/sphinx-build -W --keep-going -n -q docs docs/_build/html

.venv/.docs: .venv/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	touch $@

notebooks: .venv/.dev
	$(BIN)/python benchmarks/pages.py notebooks

bench: .venv/.dev  # on a machine that does nothing else: times, not assertions
	$(BIN)/python benchmarks/bench $(ROWS)

pages: .venv/.dev
	$(BIN)/python benchmarks/pages.py $(PAGES)

clean:
	rm -rf .venv .typing build dist docs/_build docs/reference/generated *.egg-info \
	  .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find $(ROOMS) tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
