# The front door. Every target is one call of `python -m pipeline VERB` in .venv, so all of it works without make.
# Options: make backtest STRATEGY=v1_baseline WORKERS=2 ARGS="--set refill_interval_sec=30"

PYTHON   ?= python3
STRATEGY ?= v1_baseline
CONFIG   ?=
SWEEP    ?= $(if $(findstring --grid,$(ARGS)),,configs/sweeps/$(STRATEGY).json)
WORKERS  ?=
ARGS     ?=
RUN      ?=
A        ?=
B        ?=
SECURITY ?=
FILL     ?=
FILLS    ?=

VENV := .venv
BIN  := $(VENV)/bin
ifeq ($(OS),Windows_NT)
BIN  := $(VENV)/Scripts
endif
# On Linux .venv gets a python of its own instead of a link, so that tools can tell it from the one it was made with.
ifeq ($(shell uname -s 2>/dev/null),Linux)
OWN_PYTHON := --copies
endif
RUN_PIPELINE := $(BIN)/python -m pipeline
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
# pip compiles one module after the other, half of them tests and plotly's, which nothing here imports.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps
COMPILE := $(BIN)/python -m compileall -qq -j 0 -x '[/\\](tests|plotly)[/\\]' $(VENV) pipeline
# Tests of seconds and of memory, which measuring coverage takes itself.
COSTLY := tests/hostile/test_bombs.py tests/crash/test_interrupts.py
# Tests wait for processes to start, to end, to be killed: the long ones half of their time.
TEST_WORKERS = $(shell $(PYTHON) -c 'import os; print(3 * os.cpu_count() // 2)')
EXPORT := uv export --quiet --frozen --no-emit-project --no-annotate --no-header --format requirements-txt
COMMON = $(if $(WORKERS),--workers $(WORKERS)) $(ARGS)
CHOICE = --strategy $(STRATEGY) $(if $(CONFIG),--config $(CONFIG))

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo sample convert backtest sensitivity sweep inspect report runs compare reconcile show explain validate benchmark bench-check test test-long coverage docs audit check lint types lock clean-cache clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv with what running needs, from the lock file (uv when it is there, pip otherwise)

setup-dev: $(READY_DEV) ## add what tests and checks need

$(READY): uv.lock requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make setup PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv --clear $(OWN_PYTHON) $(VENV)
	@if command -v uv >/dev/null 2>&1; then \
	  uv sync --frozen --quiet --no-dev; \
	else \
	  $(PIP) --require-hashes -r requirements.lock && $(PIP) --no-build-isolation -e .; \
	fi
	-@$(COMPILE)
	@touch $(READY)

$(READY_DEV): $(READY) requirements-dev.lock
	@if command -v uv >/dev/null 2>&1; then \
	  uv sync --frozen --quiet --all-groups; \
	else \
	  $(PIP) --require-hashes -r requirements-dev.lock; \
	fi
	-@$(COMPILE)
	@touch $(READY_DEV)

demo: setup ## the whole pipeline on a synthetic workbook
	@$(RUN_PIPELINE) demo

sample: setup ## make the synthetic workbook only
	@$(RUN_PIPELINE) sample $(ARGS)

convert: setup ## stage 1: data/raw/*.xlsx -> data/parquet (only what changed); --header-row, --security, --date-order dmy|mdy in ARGS
	@$(RUN_PIPELINE) convert $(COMMON)

backtest: setup ## stage 2: replay STRATEGY over data/parquet -> output/STRATEGY
	@$(RUN_PIPELINE) backtest $(CHOICE) $(COMMON)

sensitivity: setup ## what the P&L owes to how orders are assumed to fill
	@$(RUN_PIPELINE) sensitivity $(CHOICE) $(COMMON)

sweep: setup ## many settings at once: SWEEP=configs/sweeps/v1_baseline.json, or ARGS="--grid NAME=VALUE,VALUE"
	@$(RUN_PIPELINE) sweep $(SWEEP) $(if $(filter command line,$(origin STRATEGY)),--strategy $(STRATEGY)) $(if $(CONFIG),--config $(CONFIG)) $(COMMON)

inspect: setup ## what is in data/parquet, or of SECURITY=FAB: rows, days, gaps, odd prices and books, and warnings
	@$(RUN_PIPELINE) inspect $(if $(SECURITY),"$(SECURITY)") $(ARGS)

compare: setup ## two runs side by side: A=output/one B=output/other (or their names)
	@$(if $(and $(A),$(B)),,$(error Say which two runs: make compare A=output/one B=output/other))$(RUN_PIPELINE) compare "$(A)" "$(B)" $(ARGS)

reconcile: setup ## the desk's own fills beside a run's: FILLS=fills.csv, RUN=output/one
	@$(if $(FILLS),,$(error Say which fills: make reconcile FILLS=fills.csv))$(RUN_PIPELINE) reconcile "$(FILLS)" $(if $(RUN),--run "$(RUN)") $(ARGS)

report: setup ## the page of the last run, or of RUN=output/one, made anew; ARGS=--png for images of its charts, --excel for results.xlsx
	@$(RUN_PIPELINE) report $(if $(RUN),"$(RUN)") $(ARGS)

runs: setup ## all runs below output/: what they came to, what changed; output/index.html made anew
	@$(RUN_PIPELINE) runs $(ARGS)

show: setup ## one security of the last run, or of RUN=output/one: SECURITY=FAB, ARGS="--fills --first 50" for its fills
	@$(if $(SECURITY),,$(error Say which security: make show SECURITY=FAB))$(RUN_PIPELINE) show "$(SECURITY)" $(if $(RUN),--run "$(RUN)") $(ARGS)

explain: setup ## why a fill of the last run, or of RUN=output/one, happened: SECURITY=FAB FILL=17; or what our order was: AT="2025-05-12 11:03:07" SIDE=sell
	@$(if $(and $(SECURITY),$(FILL)$(AT)),,$(error Say which fill or when: make explain SECURITY=FAB FILL=17))$(RUN_PIPELINE) explain "$(SECURITY)" $(if $(FILL),--fill "$(FILL)") $(if $(AT),--at "$(AT)") $(if $(SIDE),--side "$(SIDE)") $(if $(RUN),--run "$(RUN)") $(ARGS)

validate: setup ## prove it: sequential = parallel, compiled = plain, Parquet = workbook
	@$(RUN_PIPELINE) validate $(CHOICE) $(ARGS)

benchmark: setup ## measure sequential against parallel, stage by stage; ARGS=--scale by securities, length and workers
	@$(RUN_PIPELINE) benchmark $(COMMON)

bench-check: setup-dev ## is it as fast as it was: ratios to fixed yardsticks beside the kept ones (minutes, a quiet machine)
	@$(BIN)/python tests/benchmarks/check.py $(ARGS)

test: setup-dev ## the tests, all but the long ones
	@$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile -m "not slow" $(ARGS)

test-long: setup-dev ## the long tests: kills, floods, fuzzing, the browser
	@$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile -m slow $(ARGS)

coverage: setup-dev ## which lines and branches of pipeline/ the tests reach: at least 95 % (about twenty minutes)
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m pytest -n auto --dist loadfile --cov --cov-report=term $(addprefix --deselect=,$(COSTLY)) $(ARGS)

docs: setup-dev ## README.md and docs/ as a searchable site: build/docs/index.html
	@$(BIN)/python -m mkdocs build --quiet --strict

audit: setup-dev ## known faults of the pinned packages (needs the network)
	@$(BIN)/python -m pip_audit --require-hashes --disable-pip -r requirements-dev.lock

lint: setup-dev ## ruff
	@$(BIN)/python -m ruff check . && $(BIN)/python -m ruff format --check .

types: setup-dev ## mypy --strict
	@$(BIN)/python -m mypy

check: lint types test ## lint, types, tests, import direction

lock: ## make the lock files anew from pyproject.toml (needs uv)
	uv lock --upgrade
	$(EXPORT) --no-dev --group build -o requirements.lock
	$(EXPORT) --all-groups -o requirements-dev.lock

clean-cache: setup ## remove compiled code and the results kept on disk
	@$(RUN_PIPELINE) clean-cache

clean: ## remove .venv and what tools left; data and output stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
