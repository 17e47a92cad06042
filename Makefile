# make demo    set up, then show what videoxl is for, on a real video
# make test    set up, then run the tests: CPU, offline, random order, a process for each of up to four cores
# make check   format, lint, types, import directions
# make bench   the measurements behind benchmarks/results
# make eval    the table of the embedded model, by task, ratio, length and method: hours; QUICK=1: some 25 minutes
# make clean   remove what was built and cached (not .venv)

VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.videoxl-installed
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

.PHONY: demo test check bench eval clean

demo: $(STAMP)
	$(BIN)/videoxl demo

test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadscope

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m benchmarks.run

# Goes on where it was stopped. The page of docs/explanation is made of what it writes.
eval: $(STAMP)
	$(BIN)/python -m benchmarks.nano_grid $(if $(QUICK),--quick)
	$(BIN)/python docs/generate.py

# torch first and alone: it is by far the largest, and a failure there should be seen as such.
$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "videoxl needs Python 3.11 or newer; none was found. Install one, or: make PYTHON=/path/to/python"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	@touch $(STAMP)

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +
