# The developer commands; `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DISTS := . $(patsubst %/,%,$(dir $(wildcard plugins/*/pyproject.toml)))
EDITABLE := $(foreach dist,$(filter-out .,$(DISTS)),-e $(dist))
STAMP := $(VENV)/installed
CODE := hub plugins tests examples

.DEFAULT_GOAL := help
.PHONY: help install demo test check format lint types layers e2e e2e-rt soak bench bench-daemon quality docs golden clean

help:  ## list the commands
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

install: $(STAMP)  ## set everything up in .venv (the other commands do it themselves)

$(STAMP): pyproject.toml constraints.txt $(wildcard plugins/*/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip --disable-pip-version-check install -q -c constraints.txt hatchling editables
	$(BIN)/python -m pip --disable-pip-version-check install -q -c constraints.txt --no-build-isolation -e '.[dev]' $(EDITABLE)
	@touch $@

demo: $(STAMP)  ## the main job with no account at all: sandbox vendors, real tickets
	@$(BIN)/hub demo

test: $(STAMP)  ## every test but the soaks
	$(BIN)/python -m pytest -q -n 2 --dist worksteal

check: format lint types layers test  ## what CI runs

format: $(STAMP)  ## is every file formatted? (FIX=1 formats)
	$(BIN)/ruff format $(if $(FIX),,--check) $(CODE)

lint: $(STAMP)  ## ruff (FIX=1 mends what it can)
	$(BIN)/ruff check $(if $(FIX),--fix) $(CODE)

types: $(STAMP)  ## mypy, strict
	$(BIN)/mypy hub tests examples $(foreach dist,$(filter-out .,$(DISTS)),$(wildcard $(dist)/hub_*) )

layers: $(STAMP)  ## who may import whom
	$(BIN)/lint-imports

e2e: $(STAMP)  ## only the tests with real processes
	$(BIN)/python -m pytest -q tests/e2e

e2e-rt: $(STAMP)  ## the plugin rt against a real Request Tracker (installs Debian's packages, as root)
	$(BIN)/python -m tests.e2e_rt.install
	$(BIN)/python -m pytest -q tests/e2e_rt

soak: $(STAMP)  ## lists, searches and reports in a million tickets
	$(BIN)/python -m tests.benchmark.million
	$(BIN)/python -m tests.benchmark.figures

bench: $(STAMP)  ## speed, as a ratio to a floor in the same run
	$(BIN)/python -m tests.benchmark
	$(BIN)/python -m tests.benchmark.matching
	$(BIN)/python -m tests.benchmark.deciding
	$(BIN)/python -m tests.benchmark.moments

bench-daemon: $(STAMP)  ## hub run with 1,000 instances on one core, a fifth of which hang; takes some six minutes
	$(BIN)/python -m tests.benchmark.daemon

quality: $(STAMP)  ## how well the built-in rules read real texts, and surges are told from chance
	$(BIN)/python -m tests.quality
	$(BIN)/python -m tests.quality.surges

docs: $(STAMP)  ## write the generated parts of docs/ anew
	$(BIN)/python -m hub.cli.docs

golden: $(STAMP)  ## write the golden files of a plugin anew: make golden PLUGIN=youscan
	HUB_GOLDEN=write $(BIN)/python -m pytest -q plugins/$(PLUGIN)/tests

clean:  ## remove what was made
	rm -rf $(VENV) hub-demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
